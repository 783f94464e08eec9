/** Sorted sets: what their commands share. */

import { removeFound } from "../keyspace/database";
import { replyError } from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { parseDouble } from "../text/doubles";
import { KeyEntry } from "../values/key-entry";
import { sortedSetCount } from "../values/sorted-set";

/** A number at argument `index` as f64 in `call.double`; false: the error is answered. */
export function doubleOrReply(call: Call, index: i32, error: string): bool {
  const out = changetype<usize>(call) + offsetof<Call>("double");
  const bytes = call.bytesOf(index);
  if (<i32>bytes >= 0 && parseDouble(call.at(index), bytes, out)) return true;
  replyError(error);
  return false;
}

/** Notes that members of the found key are gone, and with the last one the key. */
export function touchRemoved(call: Call, entry: KeyEntry): void {
  if (!sortedSetCount(entry)) removeFound(call.database);
  touchKey(call, call.at(1), call.bytesOf(1));
}

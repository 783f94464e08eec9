/** Sorted sets: what their commands share. */

import { addKey, lookupWrite, removeFound } from "../keyspace/database";
import { replyError, replyInteger } from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { settings } from "../server/settings";
import { parseDouble } from "../text/doubles";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import {
  addMember, findMember, releaseSortedSet, sortedSetCount, temporarySortedSet,
} from "../values/sorted-set";

/** What a member may take in a result besides its own bytes. */
// @ts-ignore: decorator
@inline
export const RESULT_MEMBER_BYTES: f64 = 160;
/** What a result takes however few members it has. */
// @ts-ignore: decorator
@inline
export const RESULT_BYTES: f64 = 49152;

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

/** An empty result for `members` members; 16 bytes at `address` are its entry. */
export function startResult(address: usize, members: u32): KeyEntry {
  const isSmall = members <= settings().sortedSetPackedEntries;
  return temporarySortedSet(address, isSmall ? Encoding.LISTPACK : Encoding.SKIPLIST);
}

/** Adds a member that the result does not have yet. */
export function addResult(result: KeyEntry, score: f64, address: usize, bytes: u32): void {
  const limits = settings();
  findMember(result, address, bytes);
  addMember(
    result, score, address, bytes, limits.sortedSetPackedEntries, limits.sortedSetPackedBytes,
  );
}

/** Puts a result in the place of the key in argument 1, and answers how many members it has. */
export function storeResult(call: Call, result: KeyEntry): void {
  storeResultAt(call, 1, result);
}

/** As `storeResult`, for the key in argument `index`. */
export function storeResultAt(call: Call, index: i32, result: KeyEntry): void {
  const key = call.at(index);
  const keyBytes = call.bytesOf(index);
  const count = sortedSetCount(result);
  const old = lookupWrite(call.database, key, keyBytes);
  if (old) removeFound(call.database);
  if (old || count) touchKey(call, key, keyBytes);
  if (count) {
    const entry = addKey(
      call.database, key, keyBytes, Type.SORTED_SET, result.encoding, 4,
    );
    entry.reference = result.reference;
  } else {
    releaseSortedSet(result);
  }
  replyInteger(count);
}

/** Sorted sets: what their commands share. */

import { addKey, lookupWrite, putKey, removeFound } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { replyError, replyInteger } from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted, notifyReplacing } from "../server/notifications";
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

/** Notes that members of the found key, argument `index`, are gone, with the last one the key. */
export function touchRemoved(call: Call, index: i32, entry: KeyEntry, event: string): void {
  const isEmpty = !sortedSetCount(entry);
  if (isEmpty) removeFound(call.database);
  touchKey(call, call.at(index), call.bytesOf(index));
  notifyArgument(call, EventClass.SORTED_SET, event, index);
  if (isEmpty) notifyDeleted(call, index);
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
export function storeResult(call: Call, result: KeyEntry, event: string): void {
  storeResultAt(call, 1, result, event);
}

/** As `storeResult`, for the key in argument `index`. */
export function storeResultAt(
  call: Call, index: i32, result: KeyEntry, event: string,
): void {
  const key = call.at(index);
  const keyBytes = call.bytesOf(index);
  const count = sortedSetCount(result);
  const existed = lookupWrite(call.database, key, keyBytes) != null;
  if (count) notifyReplacing(call, Type.SORTED_SET, index);
  if (existed) removeFound(call.database);
  if (existed || count) touchKey(call, key, keyBytes);
  if (count) {
    const entry = existed
      ? putKey(call.database, key, keyBytes, Type.SORTED_SET, result.encoding, 4)
      : addKey(call.database, key, keyBytes, Type.SORTED_SET, result.encoding, 4);
    entry.reference = result.reference;
    notifyArgument(call, EventClass.SORTED_SET, event, index);
  } else {
    releaseSortedSet(result);
    if (existed) notifyDeleted(call, index);
  }
  replyInteger(count);
}

/** What the set commands share: limits, memory for members, new keys, emptied keys. */

import { addKey, lookupQuiet, removeFound } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { Call, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { settings } from "../server/settings";
import { KeyEntry, Type } from "../values/key-entry";
import {
  additionBytes, creationBytes, encodingFor, isInteger, setCount, setLimits, startSet,
} from "../values/set";

/** Below this much nothing is reserved: it comes out of the memory that is always kept free. */
const SMALL_BYTES: f64 = 4096;

/** Takes the limits of the encodings over from the configuration; before members are added. */
export function takeSetLimits(): void {
  const limits = setLimits();
  limits.integers = settings().integerSetEntries;
  limits.packed = settings().setPackedEntries;
  limits.packedBytes = settings().setPackedBytes;
}

/**
 * Memory for the members in arguments `first` to `end`, which go into `entry` or into a new set;
 * false: the error is answered.
 */
export function reserveMembers(
  call: Call,
  entry: KeyEntry | null,
  first: i32,
  end: i32,
): bool {
  let bytes: f64 = call.bytesOf(1);
  let numbers = true;
  for (let index = first; index < end; index++) {
    bytes += <f64>call.bytesOf(index);
    if (numbers && !isInteger(call.at(index), call.bytesOf(index))) numbers = false;
  }
  const members = end - first;
  const needed = entry
    ? additionBytes(entry, members, bytes, numbers)
    : creationBytes(members, bytes);
  return needed <= SMALL_BYTES || reserveOrReply(needed);
}

/** Adds the key that the last lookup did not find as an empty set for such members. */
export function addSetKey(
  call: Call,
  key: i32,
  member: i32,
  members: u32,
): KeyEntry {
  const encoding = encodingFor(call.at(member), call.bytesOf(member), members);
  const entry = addKey(
    call.database, call.at(key), call.bytesOf(key), Type.SET, encoding, 4,
  );
  startSet(entry, encoding);
  return entry;
}

/** After a removal: touches the key in argument `key`, and removes it when it is empty. */
export function settleRemoval(call: Call, key: i32, entry: KeyEntry, event: string): void {
  const isEmpty = !setCount(entry);
  if (isEmpty && lookupQuiet(call.database, call.at(key), call.bytesOf(key))) {
    removeFound(call.database);
  }
  touchKey(call, call.at(key), call.bytesOf(key));
  notifyArgument(call, EventClass.SET, event, key);
  if (isEmpty) notifyDeleted(call, key);
}

/**
 * Expiry of hash fields in the key space: which hashes hold fields that expire, the removal of
 * fields whose time has come, on access and in the tick.
 *
 * Each database has a heap of the records (values/hash-times.ts) of its hashes in which a field
 * expires, by their earliest time. A hash joins with its first such field, moves when its earliest
 * time changes and leaves with the last one: `settleFieldTimes` after every change. So the tick
 * looks only at hashes in which something is due, and a lookup (database.ts) at one number.
 *
 * A lookup removes all fields of the hash that are due, before the command sees it: commands, HLEN
 * and random draws among them, know only fields that live. A field leaves as HDEL in the effects,
 * as in Redis; a hash without fields leaves with its last one. A replay removes nothing by itself.
 *
 * Costs: O(log n) a field for a table, one pass for a packed list.
 */

import { SERVER_ROOT } from "../abi";
import { isReplaying, nowMs } from "../memory/root";
import { enterDue, firstDue, leaveDue, moveDue, validateDueHeap } from "../structures/due-heap";
import {
  packedFirst, packedInteger, packedNext, packedPosition, packedRemove, packedText,
  packedTextBytes,
} from "../structures/packed-list";
import { ReferenceVector, vectorAt } from "../structures/reference-vector";
import { hashCount, isPackedHash, removeField } from "../values/hash";
import { HashField } from "../values/hash-field";
import { FieldTimes, NEVER, NO_PLACE, earliestTime, fieldTimes } from "../values/hash-times";
import { KeyEntry } from "../values/key-entry";
import { removeEntry } from "./database";
import { keyChanged } from "./changes";
import { effectBytes, effectLiteral, effectStart } from "./effects";
import { EventClass, notifyIn } from "./events";
import { Database, databaseAt, databaseCount } from "./keyspace";
import { statistics } from "./statistics";

/** Text of a field that is stored as an integer. */
const NAME_TEXT: usize = SERVER_ROOT + 0x3c20;
const ALL: i32 = i32.MAX_VALUE;

/**
 * Brings a hash's earliest time and the database's heap up to date, and the record's reference to
 * the entry: after times or fields changed, and for a hash that is new in its database. The caller
 * has reserved PUSH_BYTES_MAXIMUM where a time was set. Costs one compare for a hash without times.
 */
export function settleFieldTimes(database: Database, entry: KeyEntry): void {
  if (!entry.hasFieldTimes) return;
  const times = fieldTimes(entry);
  const dueMs = earliestTime(entry);
  times.entry = <u32>changetype<usize>(entry);
  if (times.duePlace == NO_PLACE) {
    times.dueMs = dueMs;
    if (dueMs != NEVER) enterDue<FieldTimes>(database.fieldsDue, changetype<usize>(times));
  } else if (dueMs == NEVER) {
    leaveFieldIndex(database, entry);
  } else if (dueMs != times.dueMs) {
    times.dueMs = dueMs;
    moveDue<FieldTimes>(database.fieldsDue, times.duePlace);
  }
}

/** Takes a hash with times out of the database's heap: it leaves, or nothing of it expires. */
export function leaveFieldIndex(database: Database, entry: KeyEntry): void {
  const times = fieldTimes(entry);
  if (times.duePlace != NO_PLACE) leaveDue<FieldTimes>(database.fieldsDue, times.duePlace);
  times.duePlace = NO_PLACE;
  times.dueMs = NEVER;
}

/** Whether a field of a hash with times is due (and this is not a replay). */
// @ts-ignore: decorator
@inline
export function hasDueFields(entry: KeyEntry): bool {
  return fieldTimes(entry).dueMs <= nowMs() && !isReplaying();
}

/** Removes the fields that are due; true when none is left and the hash has to go. */
export function expireFields(database: Database, entry: KeyEntry): bool {
  removeDue(database, entry, ALL);
  return !hashCount(entry);
}

/** Removes up to `most` fields that are due; returns how many. */
function removeDue(database: Database, entry: KeyEntry, most: i32): i32 {
  const removed = isPackedHash(entry)
    ? removeDuePacked(database, entry, most)
    : removeDueInTable(database, entry, most);
  statistics().expiredSubkeys += <f64>removed;
  if (removed) {
    keyChanged(database.number, entry.keyAddress, entry.keyBytes);
    notifyIn(database.number, EventClass.HASH, "hexpired", entry.keyAddress, entry.keyBytes);
  }
  settleFieldTimes(database, entry);
  return removed;
}

function removeDuePacked(database: Database, entry: KeyEntry, most: i32): i32 {
  const times = fieldTimes(entry);
  const now = nowMs();
  let removed = 0;
  for (let field = packedFirst(times.body); field && removed < most;) {
    const time = packedNext(times.body, packedNext(times.body, field));
    const whenMs = packedInteger(time);
    if (!whenMs || whenMs > now) {
      field = packedNext(times.body, time);
      continue;
    }
    effectFieldDelete(database, entry, packedText(field, NAME_TEXT), packedTextBytes(field));
    times.body = <u32>packedRemove(times.body, field, 3);
    field = packedPosition();
    removed += 1;
  }
  return removed;
}

function removeDueInTable(database: Database, entry: KeyEntry, most: i32): i32 {
  const heap = fieldTimes(entry).fields;
  const now = nowMs();
  let removed = 0;
  for (; heap.count && removed < most; removed++) {
    const field = changetype<HashField>(firstDue(heap));
    if (field.dueMs > now) break;
    effectFieldDelete(database, entry, field.keyAddress, field.keyBytes);
    removeField(entry, field.keyAddress, field.keyBytes);
  }
  return removed;
}

/** HDEL of one field. */
function effectFieldDelete(database: Database, entry: KeyEntry, field: usize, bytes: u32): void {
  if (!effectStart(database.number, 3)) return;
  effectLiteral("HDEL");
  effectBytes(entry.keyAddress, entry.keyBytes);
  effectBytes(field, bytes);
}

/** Active expiry: removes up to `steps` fields that are due; returns the steps that are left. */
export function expireFieldsCycle(steps: i32): i32 {
  if (isReplaying()) return steps;
  let left = steps;
  for (let index: u32 = 0; index < databaseCount(); index++) {
    const database = databaseAt(index);
    while (left > 0 && database.fieldsDue.count) {
      const times = changetype<FieldTimes>(firstDue(database.fieldsDue));
      if (times.dueMs > nowMs()) break;
      const entry = changetype<KeyEntry>(<usize>times.entry);
      left -= removeDue(database, entry, left);
      if (hashCount(entry)) continue;
      notifyIn(database.number, EventClass.GENERIC, "del", entry.keyAddress, entry.keyBytes);
      removeEntry(database, entry);
    }
  }
  return left;
}

/** 0, or 310 + the broken invariant of the heap, 320: a record that names another entry. */
export function validateFieldIndex(heap: ReferenceVector): i32 {
  const broken = validateDueHeap<FieldTimes>(heap);
  if (broken) return 310 + broken;
  for (let place: u32 = 0; place < heap.count; place++) {
    const times = changetype<FieldTimes>(vectorAt(heap, place));
    const entry = changetype<KeyEntry>(<usize>times.entry);
    if (!entry.hasFieldTimes || fieldTimes(entry) != times) return 320;
  }
  return 0;
}

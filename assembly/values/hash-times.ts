/**
 * Times of a hash's fields: when each of them ends.
 *
 * A hash gets a record of times with the first field that expires, and keeps it (OBJECT ENCODING
 * shows `listpackex`, as in Redis); a hash that never had one pays nothing. The entry then refers
 * to the record, and the record to the fields:
 *
 *   +0   i64  earliest time of a field, NEVER when none expires
 *   +8   u32  place in the database's heap of such hashes, NO_PLACE while it is in none
 *   +12  u32  address of the key's entry
 *   +16  u32  the fields: a packed list, or a HashTable
 *   +20  ReferenceVector: heap (due-heap.ts) of the HashFields that expire, for a table
 *
 *   LISTPACK_TIMES    packed list: field, value, time, field, value, time ...; 0 = does not expire
 *   HASHTABLE_TIMES   each HashField that expires holds its time and its place in the heap
 *
 * Why a heap in a table and none in a packed list: a packed list is small enough to be looked
 * through, in one run of memory, and 8 bytes a field are all it pays.
 *
 * The functions here change fields only. The earliest time, and the database's heap with it, follow
 * by `settleFieldTimes` of keyspace/field-expiry.ts, which a command calls once when it is done.
 *
 * What a codec of values needs: `walk.expiryMs` of `nextField` (hash.ts) to read the times, and
 * `setFieldExpiry` after a field is set, then `settleFieldTimes` once a key, to make them.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, usableBytes } from "../memory/allocator";
import { hashBytes } from "../memory/root";
import { scratchMark, scratchRelease } from "../memory/scratch";
import {
  enterDue, firstDue, leaveDue, moveDue, replaceDue, validateDueHeap,
} from "../structures/due-heap";
import { HashTable, find } from "../structures/hash-table";
import {
  createPackedList, freePackedList, packedBytes, packedCount, packedFind, packedFirst,
  packedInsert, packedInteger, packedIsInteger, packedNext, packedReplace,
} from "../structures/packed-list";
import {
  PUSH_BYTES_MAXIMUM, REFERENCE_VECTOR_BYTES, ReferenceVector, freeVector, initializeVector,
  vectorBytes,
} from "../structures/reference-vector";
import { writeInteger } from "../text/integers";
import { hashCount, isPackedHash, nextField, openWalk } from "./hash";
import { HashField, createExpiringField, createHashField, dropTime } from "./hash-field";
import { Encoding, KeyEntry, Type } from "./key-entry";

/** The earliest time of a hash in which no field expires. */
// @ts-ignore: decorator
@inline
export const NEVER: i64 = i64.MAX_VALUE;
// @ts-ignore: decorator
@inline
export const NO_PLACE: u32 = 0xffffffff;
/** Latest time that a field can have, as in Redis. */
// @ts-ignore: decorator
@inline
export const FIELD_TIME_MAXIMUM: i64 = 0x3fffffffffff;
/** Text of a time on its way into a packed list. */
const TIME_TEXT: usize = SERVER_ROOT + 0x3c00;
const RECORD_BYTES: u32 = 20 + REFERENCE_VECTOR_BYTES;
/** A time in a packed list: number, head and tail. */
const PACKED_TIME_BYTES: f64 = 10;

@unmanaged
export class FieldTimes {
  dueMs: i64;
  duePlace: u32;
  entry: u32;
  body: u32;

  // @ts-ignore: decorator
  @inline
  get fields(): ReferenceVector {
    return changetype<ReferenceVector>(changetype<usize>(this) + 20);
  }
}

/** The record of a hash that has one. */
// @ts-ignore: decorator
@inline
export function fieldTimes(entry: KeyEntry): FieldTimes {
  return changetype<FieldTimes>(entry.reference);
}

/** Entries of a packed hash that belong to one field. */
// @ts-ignore: decorator
@inline
export function fieldStride(entry: KeyEntry): u32 {
  return entry.hasFieldTimes ? 3 : 2;
}

/** A new record around fields; it is in no database's heap yet. */
export function createFieldTimes(body: usize): FieldTimes {
  const times = changetype<FieldTimes>(allocate(Arena.DATA, RECORD_BYTES));
  times.dueMs = NEVER;
  times.duePlace = NO_PLACE;
  times.entry = 0;
  times.body = <u32>body;
  initializeVector(times.fields);
  return times;
}

/** Frees the record and its heap, not the fields. */
export function freeFieldTimes(times: FieldTimes): void {
  freeVector(times.fields);
  release(changetype<usize>(times));
}

/** Bytes of the record and its heap. */
export function fieldTimesBytes(entry: KeyEntry): f64 {
  if (!entry.hasFieldTimes) return 0;
  const times = fieldTimes(entry);
  return <f64>usableBytes(changetype<usize>(times)) + vectorBytes(times.fields);
}

/** When the first field of a hash with times ends, NEVER when none expires. */
export function earliestTime(entry: KeyEntry): i64 {
  const times = fieldTimes(entry);
  if (!isPackedHash(entry)) {
    return times.fields.count ? changetype<HashField>(firstDue(times.fields)).dueMs : NEVER;
  }
  const list: usize = times.body;
  let earliest = NEVER;
  for (let field = packedFirst(list); field;) {
    const time = packedNext(list, packedNext(list, field));
    const whenMs = packedInteger(time);
    if (whenMs) earliest = min(earliest, whenMs);
    field = packedNext(list, time);
  }
  return earliest;
}

/** When the field whose value lies at a place (`findField`) ends; 0: it does not expire. */
export function fieldExpiryMs(entry: KeyEntry, place: usize): i64 {
  if (!entry.hasFieldTimes) return 0;
  if (isPackedHash(entry)) return packedInteger(packedNext(fieldTimes(entry).body, place));
  const field = changetype<HashField>(place);
  return field.expires ? field.dueMs : 0;
}

// ---- Changing times -----------------------------------------------------------------------------

/** Bytes to reserve before `count` fields of packed hash, or fields of `fieldBytes`, get times. */
export function expiryBytes(entry: KeyEntry, count: u32, fieldBytes: f64): f64 {
  const indexes = <f64>(2 * PUSH_BYTES_MAXIMUM + RECORD_BYTES) + <f64>count * 8;
  if (!isPackedHash(entry)) return indexes + fieldBytes * 1.25 + <f64>count * 64;
  const list = entry.hasFieldTimes ? <usize>fieldTimes(entry).body : entry.reference;
  const bytes = <f64>packedBytes(list) + <f64>packedCount(list);
  return indexes + 4 * (bytes + PACKED_TIME_BYTES * <f64>count);
}

/** Makes room for times in a hash that has none. */
export function openFieldTimes(entry: KeyEntry): void {
  if (entry.hasFieldTimes) return;
  if (!isPackedHash(entry)) {
    const times = createFieldTimes(entry.reference);
    entry.reference = changetype<usize>(times);
    return entry.setKind(Type.HASH, Encoding.HASHTABLE_TIMES);
  }
  const before = entry.reference;
  let list = createPackedList(packedBytes(before) + hashCount(entry));
  const mark = scratchMark();
  const walk = openWalk(entry);
  while (nextField(walk)) {
    list = packedInsert(list, 0, walk.field, walk.fieldBytes);
    list = packedInsert(list, 0, walk.value, walk.valueBytes);
    list = insertNoTime(list);
  }
  scratchRelease(mark);
  freePackedList(before);
  entry.reference = changetype<usize>(createFieldTimes(list));
  entry.setKind(Type.HASH, Encoding.LISTPACK_TIMES);
}

/** Ends a field of a packed list with times: it does not expire. */
export function insertNoTime(list: usize): usize {
  store<u8>(TIME_TEXT, 0x30);
  return packedInsert(list, 0, TIME_TEXT, 1);
}

/** Lets a field end at a time, above 0 and at most FIELD_TIME_MAXIMUM; false: no such field. */
export function setFieldExpiry(entry: KeyEntry, field: usize, bytes: u32, whenMs: i64): bool {
  openFieldTimes(entry);
  if (!isPackedHash(entry)) return setTableTime(entry, field, bytes, whenMs);
  const times = fieldTimes(entry);
  const list: usize = times.body;
  const found = packedFind(list, packedFirst(list), field, bytes, 2);
  if (found) replaceTime(times, packedNext(list, packedNext(list, found)), whenMs);
  return found != 0;
}

function replaceTime(times: FieldTimes, place: usize, whenMs: i64): void {
  times.body = <u32>packedReplace(times.body, place, TIME_TEXT, writeInteger(TIME_TEXT, whenMs));
}

function setTableTime(entry: KeyEntry, field: usize, bytes: u32, whenMs: i64): bool {
  const times = fieldTimes(entry);
  const table = changetype<HashTable>(<usize>times.body);
  const slot = find<HashField>(table, field, bytes, hashBytes(field, bytes));
  if (!slot) return false;
  const before = changetype<HashField>(<usize>load<u32>(slot));
  if (before.expires) {
    before.dueMs = whenMs;
    moveDue<HashField>(times.fields, before.duePlace);
    return true;
  }
  const fresh = createExpiringField(
    before.keyAddress, before.keyBytes, before.valueAddress, before.valueBytes, whenMs,
  );
  store<u32>(slot, <u32>changetype<usize>(fresh));
  release(changetype<usize>(before));
  enterDue<HashField>(times.fields, changetype<usize>(fresh));
  return true;
}

/** Takes the time off a field; false when there is no such field or it does not expire. */
export function clearFieldExpiry(entry: KeyEntry, field: usize, bytes: u32): bool {
  if (!entry.hasFieldTimes) return false;
  const times = fieldTimes(entry);
  if (isPackedHash(entry)) {
    const list: usize = times.body;
    const found = packedFind(list, packedFirst(list), field, bytes, 2);
    if (!found) return false;
    const time = packedNext(list, packedNext(list, found));
    if (!packedInteger(time)) return false;
    replaceTime(times, time, 0);
    return true;
  }
  const table = changetype<HashTable>(<usize>times.body);
  const slot = find<HashField>(table, field, bytes, hashBytes(field, bytes));
  if (!slot) return false;
  const found = changetype<HashField>(<usize>load<u32>(slot));
  if (!found.expires) return false;
  leaveDue<HashField>(times.fields, found.duePlace);
  dropTime(found);
  return true;
}

/** A field with another value for a field of a table, time and place in the heap as before. */
export function remakeField(
  entry: KeyEntry,
  before: HashField,
  value: usize,
  valueBytes: u32,
): HashField {
  const name = before.keyAddress;
  const bytes = before.keyBytes;
  if (!before.expires) return createHashField(name, bytes, value, valueBytes);
  const fresh = createExpiringField(name, bytes, value, valueBytes, before.dueMs);
  fresh.duePlace = before.duePlace;
  replaceDue(fieldTimes(entry).fields, before.duePlace, changetype<usize>(fresh));
  return fresh;
}

/** 0, or 40 + the broken invariant of the heap, 35: a wrong time, 36: a wrong number of times. */
export function validateFieldTimes(entry: KeyEntry): i32 {
  if (!entry.hasFieldTimes) return 0;
  const times = fieldTimes(entry);
  const heap = validateDueHeap<HashField>(times.fields);
  if (heap) return 40 + heap;
  let expiring: u32 = 0;
  let wrong = 0;
  const mark = scratchMark();
  const walk = openWalk(entry);
  while (nextField(walk)) {
    if (walk.expiryMs < 0 || walk.expiryMs > FIELD_TIME_MAXIMUM) wrong = 35;
    if (walk.expiryMs) expiring += 1;
  }
  scratchRelease(mark);
  if (isPackedHash(entry)) return times.fields.count ? 36 : wrong;
  return expiring == times.fields.count ? wrong : 36;
}

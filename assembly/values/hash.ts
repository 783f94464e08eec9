/**
 * Hashes: fields with values, in one of two encodings behind the entry's reference.
 *
 *   LISTPACK    packed list: field, value, field, value ... in the order they came
 *   HASHTABLE   HashTable (a block of HASH_TABLE_BYTES) over blocks of HashField
 *
 * and both once more with times of the fields (hash-times.ts), where a record stands between the
 * entry and the fields and a packed list has a third entry for each.
 *
 * Why both: below some hundred short fields a packed list takes a third of the memory and is found
 * as fast; beyond, a search has to be O(1). A hash never goes back to a packed list; which texts
 * fit one is the command's to decide (limits are settings).
 *
 * A place is where a value lies: its entry in the packed list, or the address of its HashField. It
 * holds until the next change of the hash.
 *
 * Costs: packed find 1 to 2 ns a field, table find one or two lines. The command reserves memory
 * before a change (`convertBytes` for a conversion).
 */

import { Arena, allocate, release, usableBytes } from "../memory/allocator";
import { hashBytes } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { enterDue, leaveDue } from "../structures/due-heap";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, find, freeLastBucket, initializeTable, insert,
  nextInChain, occupiedSlots, referenceAt, remove, tableBytes, validateTable,
} from "../structures/hash-table";
import {
  copyPackedList, createPackedList, freePackedList, packedBytes, packedCount, packedFind,
  packedFirst, packedInsert, packedInteger, packedIsInteger, packedNext, packedRemove,
  packedReplace, packedText, packedTextBytes, validatePackedList,
} from "../structures/packed-list";
import { PUSH_BYTES_MAXIMUM } from "../structures/reference-vector";
import { writeInteger } from "../text/integers";
import {
  HashField, createExpiringField, createHashField, replaceInPlace, usedFieldBytes,
} from "./hash-field";
import {
  FieldTimes, createFieldTimes, fieldStride, fieldTimes, fieldTimesBytes, freeFieldTimes,
  insertNoTime, remakeField, validateFieldTimes,
} from "./hash-times";
import { Encoding, KeyEntry, Type } from "./key-entry";

/** Room for the first fields of a new hash. */
const FIRST_BYTES: u32 = 36;
const INTEGER_TEXT_BYTES: u32 = 24;

/** An empty packed hash: what the reference of a new entry is set to. */
export function createHash(): usize {
  return createPackedList(FIRST_BYTES);
}

/** Whether the fields are in a packed list, with times or without. */
// @ts-ignore: decorator
@inline
export function isPackedHash(entry: KeyEntry): bool {
  return !(entry.encoding & (Encoding.LISTPACK ^ Encoding.HASHTABLE));
}

/** Address of the packed list or the table. */
// @ts-ignore: decorator
@inline
export function hashBody(entry: KeyEntry): usize {
  return entry.hasFieldTimes ? <usize>fieldTimes(entry).body : entry.reference;
}

// @ts-ignore: decorator
@inline
function setHashBody(entry: KeyEntry, address: usize): void {
  if (entry.hasFieldTimes) fieldTimes(entry).body = <u32>address;
  else entry.reference = address;
}

// @ts-ignore: decorator
@inline
export function hashTableOf(entry: KeyEntry): HashTable {
  return changetype<HashTable>(hashBody(entry));
}

/** How many fields a hash has. */
export function hashCount(entry: KeyEntry): u32 {
  if (!isPackedHash(entry)) return hashTableOf(entry).count;
  return entry.hasFieldTimes
    ? packedCount(fieldTimes(entry).body) / 3
    : packedCount(entry.reference) >> 1;
}

/** Place of a field's value, 0 when there is no such field. */
export function findField(entry: KeyEntry, field: usize, bytes: u32): usize {
  const at = hashBody(entry);
  if (isPackedHash(entry)) {
    const found = packedFind(at, packedFirst(at), field, bytes, fieldStride(entry) - 1);
    return found ? packedNext(at, found) : 0;
  }
  const slot = find<HashField>(changetype<HashTable>(at), field, bytes, hashBytes(field, bytes));
  return slot ? <usize>load<u32>(slot) : 0;
}

/** Length of the value at a place. */
export function fieldValueBytes(entry: KeyEntry, place: usize): u32 {
  return isPackedHash(entry)
    ? packedTextBytes(place)
    : changetype<HashField>(place).valueBytes;
}

/** Address of the value at a place; an integer is written to `buffer` (24 bytes). */
export function fieldValueText(entry: KeyEntry, place: usize, buffer: usize): usize {
  return isPackedHash(entry)
    ? packedText(place, buffer)
    : changetype<HashField>(place).valueAddress;
}

/** Sets a field of a packed hash; true when it is new. An old one keeps its time. */
export function setPackedField(
  entry: KeyEntry,
  field: usize,
  fieldBytes: u32,
  value: usize,
  valueBytes: u32,
): bool {
  const list = hashBody(entry);
  const found = packedFind(list, packedFirst(list), field, fieldBytes, fieldStride(entry) - 1);
  if (found) {
    setHashBody(entry, packedReplace(list, packedNext(list, found), value, valueBytes));
    return false;
  }
  const named = packedInsert(list, 0, field, fieldBytes);
  const grown = packedInsert(named, 0, value, valueBytes);
  setHashBody(entry, entry.hasFieldTimes ? insertNoTime(grown) : grown);
  return true;
}

/** Sets a field of a hash in a table; true when it is new. An old one keeps its time. */
export function setTableField(
  entry: KeyEntry,
  field: usize,
  fieldBytes: u32,
  value: usize,
  valueBytes: u32,
): bool {
  const table = hashTableOf(entry);
  const hash = hashBytes(field, fieldBytes);
  const slot = find<HashField>(table, field, fieldBytes, hash);
  if (!slot) {
    const fresh = createHashField(field, fieldBytes, value, valueBytes);
    insert<HashField>(table, changetype<usize>(fresh), hash);
    return true;
  }
  const before = changetype<HashField>(<usize>load<u32>(slot));
  if (replaceInPlace(before, value, valueBytes)) return false;
  const fresh = remakeField(entry, before, value, valueBytes);
  store<u32>(slot, <u32>changetype<usize>(fresh));
  release(changetype<usize>(before));
  return false;
}

/** Removes a field; false when there is none. The hash may be empty afterwards. */
export function removeField(entry: KeyEntry, field: usize, bytes: u32): bool {
  const at = hashBody(entry);
  if (isPackedHash(entry)) {
    const stride = fieldStride(entry);
    const found = packedFind(at, packedFirst(at), field, bytes, stride - 1);
    if (found) setHashBody(entry, packedRemove(at, found, stride));
    return found != 0;
  }
  const table = changetype<HashTable>(at);
  const hash = hashBytes(field, bytes);
  const slot = find<HashField>(table, field, bytes, hash);
  if (!slot) return false;
  const element: usize = load<u32>(slot);
  if (entry.hasFieldTimes) leaveHeap(entry, changetype<HashField>(element));
  remove(table, slot, hash);
  release(element);
  return true;
}

function leaveHeap(entry: KeyEntry, field: HashField): void {
  if (field.expires) leaveDue<HashField>(fieldTimes(entry).fields, field.duePlace);
}

/** Bytes that turning a packed hash into a table may need: elements and buckets. */
export function convertBytes(entry: KeyEntry): f64 {
  if (!isPackedHash(entry)) return 0;
  const heap: u32 = entry.hasFieldTimes ? PUSH_BYTES_MAXIMUM : 0;
  return <f64>packedBytes(hashBody(entry)) * 6 + <f64>(512 + heap);
}

/** Turns a packed hash into a table; the entry stays where it is. */
export function convertToTable(entry: KeyEntry): void {
  const list = hashBody(entry);
  const hasTimes = entry.hasFieldTimes;
  const table = tableOfFields(entry, hasTimes ? fieldTimes(entry) : null);
  freePackedList(list);
  setHashBody(entry, table);
  entry.setKind(Type.HASH, hasTimes ? Encoding.HASHTABLE_TIMES : Encoding.HASHTABLE);
}

/** A new table with a copy of all fields; those that expire enter the heap of `times`. */
function tableOfFields(entry: KeyEntry, times: FieldTimes | null): usize {
  const table = changetype<HashTable>(allocate(Arena.DATA, HASH_TABLE_BYTES));
  initializeTable(table);
  const mark = scratchMark();
  const walk = openWalk(entry);
  while (nextField(walk)) {
    const fresh = copyOfField(walk);
    insert<HashField>(table, changetype<usize>(fresh), hashBytes(walk.field, walk.fieldBytes));
    if (walk.expiryMs) enterDue<HashField>(times!.fields, changetype<usize>(fresh));
  }
  scratchRelease(mark);
  return changetype<usize>(table);
}

function copyOfField(walk: HashWalk): HashField {
  return walk.expiryMs
    ? createExpiringField(
      walk.field, walk.fieldBytes, walk.value, walk.valueBytes, walk.expiryMs,
    )
    : createHashField(walk.field, walk.fieldBytes, walk.value, walk.valueBytes);
}

// ---- All fields ---------------------------------------------------------------------------------

/** A walk over all fields of a hash that does not change meanwhile. */
@unmanaged
export class HashWalk {
  /** When the field that `nextField` came to ends, milliseconds since 1970; 0: never. */
  expiryMs: i64;
  /** The packed list, or the table. */
  source: u32;
  isPacked: u32;
  hasTimes: u32;
  /** Next entry of the list; bucket, its number and the next slot of the table. */
  at: u32;
  index: u32;
  slot: i32;
  /** The field that `nextField` came to. */
  field: u32;
  fieldBytes: u32;
  value: u32;
  valueBytes: u32;
  /** Room for the text of two integers follows. */
}

/** Begins a walk; it lies in scratch memory, the caller releases it. */
export function openWalk(entry: KeyEntry): HashWalk {
  const walk = changetype<HashWalk>(scratchTake(offsetof<HashWalk>() + 2 * INTEGER_TEXT_BYTES));
  const source = hashBody(entry);
  walk.source = <u32>source;
  walk.hasTimes = u32(entry.hasFieldTimes);
  walk.expiryMs = 0;
  walk.isPacked = u32(isPackedHash(entry));
  walk.index = 0;
  walk.slot = 0;
  if (walk.isPacked) walk.at = <u32>packedFirst(source);
  else walk.at = hashTableOf(entry).buckets ? <u32>bucketAt(hashTableOf(entry), 0) : 0;
  return walk;
}

/** Comes to the next field; false when there is none. */
export function nextField(walk: HashWalk): bool {
  return walk.isPacked ? nextPackedField(walk) : nextTableField(walk);
}

function nextPackedField(walk: HashWalk): bool {
  const field: usize = walk.at;
  if (!field) return false;
  const value = packedNext(walk.source, field);
  const buffer = changetype<usize>(walk) + offsetof<HashWalk>();
  if (packedIsInteger(field)) {
    walk.field = <u32>buffer;
    walk.fieldBytes = writeInteger(buffer, packedInteger(field));
  } else {
    walk.field = <u32>packedText(field, 0);
    walk.fieldBytes = packedTextBytes(field);
  }
  if (packedIsInteger(value)) {
    walk.value = <u32>(buffer + INTEGER_TEXT_BYTES);
    walk.valueBytes = writeInteger(buffer + INTEGER_TEXT_BYTES, packedInteger(value));
  } else {
    walk.value = <u32>packedText(value, 0);
    walk.valueBytes = packedTextBytes(value);
  }
  let next = packedNext(walk.source, value);
  if (walk.hasTimes) {
    walk.expiryMs = packedInteger(next);
    next = packedNext(walk.source, next);
  }
  walk.at = <u32>next;
  return true;
}

function nextTableField(walk: HashWalk): bool {
  const table = changetype<HashTable>(<usize>walk.source);
  let bucket: usize = walk.at;
  if (!bucket) return false;
  while (walk.slot == occupiedSlots(bucket)) {
    walk.slot = 0;
    bucket = nextInChain(bucket);
    if (!bucket) {
      walk.index += 1;
      bucket = walk.index < table.buckets ? bucketAt(table, walk.index) : 0;
    }
    walk.at = <u32>bucket;
    if (!bucket) return false;
  }
  const element = changetype<HashField>(referenceAt(bucket, walk.slot));
  walk.slot += 1;
  walk.field = <u32>element.keyAddress;
  walk.fieldBytes = element.keyBytes;
  walk.value = <u32>element.valueAddress;
  walk.valueBytes = element.valueBytes;
  if (walk.hasTimes) walk.expiryMs = element.expires ? element.dueMs : 0;
  return true;
}

// ---- Whole hashes -------------------------------------------------------------------------------

/** Frees what the entry refers to. */
export function freeHash(entry: KeyEntry): void {
  if (isPackedHash(entry)) freePackedList(hashBody(entry));
  else freeTable(hashTableOf(entry));
  if (entry.hasFieldTimes) freeFieldTimes(fieldTimes(entry));
}

function freeTable(table: HashTable): void {
  while (table.buckets) {
    for (let b = bucketAt(table, table.buckets - 1); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) release(referenceAt(b, slot));
    }
    freeLastBucket(table);
  }
  release(changetype<usize>(table));
}

/** Bytes of what the entry refers to; `samples` fields of a table are measured (0 = all). */
export function hashMemory(entry: KeyEntry, samples: i64): f64 {
  const times = fieldTimesBytes(entry);
  if (isPackedHash(entry)) return <f64>usableBytes(hashBody(entry)) + times;
  const table = hashTableOf(entry);
  const own = <f64>usableBytes(changetype<usize>(table)) + tableBytes(table) + times;
  let measured: i64 = 0;
  let bytes: f64 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) {
        bytes += <f64>usableBytes(referenceAt(b, slot));
        measured += 1;
        if (measured == samples) return own + (bytes / <f64>measured) * <f64>table.count;
      }
    }
  }
  return own + bytes;
}

/** Bytes to reserve before the entry's hash is duplicated. */
export function duplicateHashBytes(entry: KeyEntry): f64 {
  const times: f64 = entry.hasFieldTimes ? 2 * PUSH_BYTES_MAXIMUM + 64 : 0;
  if (isPackedHash(entry)) return <f64>packedBytes(hashBody(entry)) + times;
  return hashMemory(entry, 0) + <f64>hashTableOf(entry).count * 16 + 512 + times;
}

/** A hash of its own with the same fields and times, for the reference of a copied entry. */
export function duplicateHash(entry: KeyEntry): usize {
  const times = entry.hasFieldTimes ? createFieldTimes(0) : null;
  const body = isPackedHash(entry)
    ? copyPackedList(hashBody(entry))
    : tableOfFields(entry, times);
  if (!times) return body;
  times.body = <u32>body;
  return changetype<usize>(times);
}

/**
 * 0, or 10 + the broken invariant of the packed list, 20 + of the table, 30: a field without a
 * value, 31: an empty hash, 32: an element that its block cannot hold, from 35 on: of the times.
 */
export function validateHash(entry: KeyEntry): i32 {
  if (!hashCount(entry)) return 31;
  const broken = isPackedHash(entry) ? validatePacked(entry) : validateFields(entry);
  return broken ? broken : validateFieldTimes(entry);
}

function validatePacked(entry: KeyEntry): i32 {
  const list = validatePackedList(hashBody(entry));
  return list ? 10 + list : packedCount(hashBody(entry)) % fieldStride(entry) ? 30 : 0;
}

function validateFields(entry: KeyEntry): i32 {
  const broken = validateTable<HashField>(hashTableOf(entry));
  if (broken) return 20 + broken;
  const mark = scratchMark();
  const walk = openWalk(entry);
  let wrong = 0;
  while (nextField(walk)) {
    const element: usize = walk.field - (walk.fieldBytes < 128 ? 1 : 4);
    const used = usedFieldBytes(changetype<HashField>(element));
    if (used > usableBytes(element)) wrong = 32;
  }
  scratchRelease(mark);
  return wrong;
}

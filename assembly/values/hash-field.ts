/**
 * A field of a hash that is too large for a packed list: one allocation with name and value.
 *
 *   +0   field length: one byte below 128, else four bytes big-endian with the top bit set
 *        field bytes
 *   +t   [ 0xff | u48 time it ends, ms since 1970 | u32 place in the hash's heap ]  if it expires
 *   +v   value length, in the same form
 *        value bytes
 *
 * Why so: a field of 10 bytes with a value of 10 takes 22 bytes (class 24) plus 9 in the table,
 * where two strings and a table node take 72. The name comes first so that a lookup compares at a
 * known place. A value that fits the block is replaced in place; the rest gives the field a new
 * address, which only its slot in the table knows.
 *
 * No length begins with the byte 0xff (it would be a text of 2 GiB beside its own copy): it marks a
 * field that expires. One that does not pays nothing for it, one that does pays 11 bytes and 4 in
 * the heap. Times are below 2^46, as in Redis.
 */

import { Arena, allocate, usableBytes } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";

const SHORT_TEXT: u32 = 128;
const LONG_MASK: u32 = 0x7fffffff;
const LONG_BIT: u32 = 0x80000000;
/** Begins the time of a field that expires. */
const TIME_MARK: u32 = 0xff;
const TIME_BYTES: u32 = 11;
const TIME_MASK: i64 = 0xffffffffffff;
/** Offsets of time and place from the mark. */
const TIME: usize = 1;
const PLACE: usize = 7;

@unmanaged
export class HashField {
  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    return textAt(changetype<usize>(this));
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    return lengthAt(changetype<usize>(this));
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    const at = changetype<usize>(this);
    const first: u32 = load<u8>(at);
    if (first < SHORT_TEXT) return first == bytes && equalBytes(at + 1, key, bytes);
    return (bswap(load<u32>(at)) & LONG_MASK) == bytes && equalBytes(at + 4, key, bytes);
  }

  /** Address of what follows the name: the time or the value's length. */
  // @ts-ignore: decorator
  @inline
  get nameEnd(): usize {
    return this.keyAddress + this.keyBytes;
  }

  // @ts-ignore: decorator
  @inline
  get expires(): bool {
    return load<u8>(this.nameEnd) == TIME_MARK;
  }

  /** When it ends, milliseconds since 1970; only for a field that expires. */
  // @ts-ignore: decorator
  @inline
  get dueMs(): i64 {
    return load<i64>(this.nameEnd, TIME) & TIME_MASK;
  }

  set dueMs(whenMs: i64) {
    const at = this.nameEnd;
    store<u32>(at, <u32>whenMs, TIME);
    store<u16>(at, <u16>(whenMs >> 32), TIME + 4);
  }

  /** Place in the hash's heap; only for a field that expires. */
  // @ts-ignore: decorator
  @inline
  get duePlace(): u32 {
    return load<u32>(this.nameEnd, PLACE);
  }

  set duePlace(place: u32) {
    store<u32>(this.nameEnd, place, PLACE);
  }

  /** Address of the value's length. */
  // @ts-ignore: decorator
  @inline
  get value(): usize {
    const at = this.nameEnd;
    return load<u8>(at) == TIME_MARK ? at + TIME_BYTES : at;
  }

  // @ts-ignore: decorator
  @inline
  get valueAddress(): usize {
    return textAt(this.value);
  }

  // @ts-ignore: decorator
  @inline
  get valueBytes(): u32 {
    return lengthAt(this.value);
  }
}

// @ts-ignore: decorator
@inline
function lengthAt(at: usize): u32 {
  const first: u32 = load<u8>(at);
  return first < SHORT_TEXT ? first : bswap(load<u32>(at)) & LONG_MASK;
}

// @ts-ignore: decorator
@inline
function textAt(at: usize): usize {
  return load<u8>(at) < SHORT_TEXT ? at + 1 : at + 4;
}

/** Bytes that a text takes with its length. */
// @ts-ignore: decorator
@inline
function storedBytes(bytes: u32): u32 {
  return bytes + (bytes < SHORT_TEXT ? 1 : 4);
}

/** Bytes of a field with a value. */
// @ts-ignore: decorator
@inline
function hashFieldBytes(fieldBytes: u32, valueBytes: u32): u32 {
  return storedBytes(fieldBytes) + storedBytes(valueBytes);
}

/** Writes a length; returns where its text goes. */
// @ts-ignore: decorator
@inline
function writeLength(at: usize, bytes: u32): usize {
  if (bytes < SHORT_TEXT) {
    store<u8>(at, <u8>bytes);
    return at + 1;
  }
  store<u32>(at, bswap(bytes | LONG_BIT));
  return at + 4;
}

/** A new block with name and value. */
export function createHashField(
  field: usize,
  fieldBytes: u32,
  value: usize,
  valueBytes: u32,
): HashField {
  const block = allocate(Arena.DATA, hashFieldBytes(fieldBytes, valueBytes));
  const text = writeLength(block, fieldBytes);
  copyBytes(text, field, fieldBytes);
  copyBytes(writeLength(text + fieldBytes, valueBytes), value, valueBytes);
  return changetype<HashField>(block);
}

/** As `createHashField`, of a field that expires; its place is the caller's to set. */
export function createExpiringField(
  field: usize,
  fieldBytes: u32,
  value: usize,
  valueBytes: u32,
  dueMs: i64,
): HashField {
  const bytes = hashFieldBytes(fieldBytes, valueBytes) + TIME_BYTES;
  const block = allocate(Arena.DATA, bytes);
  const text = writeLength(block, fieldBytes);
  copyBytes(text, field, fieldBytes);
  store<u8>(text + fieldBytes, <u8>TIME_MARK);
  const fresh = changetype<HashField>(block);
  fresh.dueMs = dueMs;
  copyBytes(writeLength(text + fieldBytes + TIME_BYTES, valueBytes), value, valueBytes);
  return fresh;
}

/** Bytes of a field with all that belongs to it. */
export function usedFieldBytes(field: HashField): u32 {
  return <u32>(field.valueAddress - changetype<usize>(field)) + field.valueBytes;
}

/** Takes the time off a field that expires, where it lies. */
export function dropTime(field: HashField): void {
  const at = field.nameEnd;
  memory.copy(at, at + TIME_BYTES, storedBytes(field.valueBytes));
}

/** Gives a field another value where it lies; false when its block does not suit it. */
export function replaceInPlace(field: HashField, value: usize, valueBytes: u32): bool {
  const at = field.value;
  const used = <u32>(at - changetype<usize>(field)) + storedBytes(valueBytes);
  const usable = usableBytes(changetype<usize>(field));
  if (used > usable || usable - used > (used >> 1) + 8) return false;
  copyBytes(writeLength(at, valueBytes), value, valueBytes);
  return true;
}

/**
 * A field of a hash that is too large for a packed list: one allocation with name and value.
 *
 *   +0   field length: one byte below 128, else four bytes big-endian with the top bit set
 *        field bytes
 *   +v   value length, in the same form
 *        value bytes
 *
 * Why so: a field of 10 bytes with a value of 10 takes 22 bytes (class 24) plus 9 in the table,
 * where two strings and a table node take 72. The name comes first so that a lookup compares at a
 * known place. A value that fits the block is replaced in place; the rest gives the field a new
 * address, which only its slot in the table knows.
 *
 * No length begins with the byte 0xff (it would be a text of 2 GiB beside its own copy): it is kept
 * for a field that expires, whose time would follow before the value's length.
 */

import { Arena, allocate, usableBytes } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";

const SHORT_TEXT: u32 = 128;
const LONG_MASK: u32 = 0x7fffffff;
const LONG_BIT: u32 = 0x80000000;

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

  /** Address of the value's length. */
  // @ts-ignore: decorator
  @inline
  get value(): usize {
    return this.keyAddress + this.keyBytes;
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
export function hashFieldBytes(fieldBytes: u32, valueBytes: u32): u32 {
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

/** A new block with room for a value of `valueBytes`, its name written. */
export function openHashField(field: usize, fieldBytes: u32, valueBytes: u32): HashField {
  const block = allocate(Arena.DATA, hashFieldBytes(fieldBytes, valueBytes));
  const text = writeLength(block, fieldBytes);
  copyBytes(text, field, fieldBytes);
  writeLength(text + fieldBytes, valueBytes);
  return changetype<HashField>(block);
}

/** A new block with name and value. */
export function createHashField(
  field: usize,
  fieldBytes: u32,
  value: usize,
  valueBytes: u32,
): HashField {
  const fresh = openHashField(field, fieldBytes, valueBytes);
  copyBytes(fresh.valueAddress, value, valueBytes);
  return fresh;
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

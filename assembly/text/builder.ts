/**
 * A growable ASCII text in the SERVER arena, for replies that are put together from many pieces
 * and whose length comes first: INFO, CLIENT LIST, MEMORY DOCTOR and the like.
 *
 * The builder is a record of 16 bytes that the caller provides (scratch, or a field), the text one
 * block that doubles. Whoever starts a builder frees it.
 *
 * Growing asks `reserve` once the text is larger than SMALL_BYTES; below that the part of memory
 * that is always kept free serves. When memory is refused, the text keeps what it has, everything
 * further is dropped and `isIncomplete` is true: nothing traps, and the caller answers with an
 * error.
 *
 * Costs: the copy of what is added; each byte is moved about once more by doubling.
 */

import {
  Arena,
  allocate,
  reallocate,
  release,
  reserveBlock,
  usableBytes,
} from "../memory/allocator";
import { DEBUG } from "../memory/debug";
import { writeLiteral } from "./case";
import { DOUBLE_BYTES_MAX, writeDouble, writeFixed } from "./doubles";
import { INTEGER_BYTES_MAX, writeHex, writeInteger, writeUnsigned } from "./integers";

const START_BYTES: u32 = 1024;
/** Texts up to this size are served from the memory kept free. */
const SMALL_BYTES: u32 = 0x10000;
const TEXT_BYTES_MAX: u32 = 0x20000000;
/** Longest "%.17f" of a double: sign, 309 digits, dot, decimals. */
const FIXED_BYTES_MAX: i32 = 328;

@unmanaged
export class TextBuilder {
  /** The text so far. */
  address: usize;
  bytes: i32;
  capacityBytes: i32;
  /** Memory was refused: the text ends too early. */
  isIncomplete: bool;
}

export const TEXT_BUILDER_BYTES: u32 = 16;

/** Makes `builder` an empty text. */
export function builderStart(builder: TextBuilder): void {
  builder.address = allocate(Arena.SERVER, START_BYTES);
  builder.bytes = 0;
  builder.capacityBytes = <i32>usableBytes(builder.address);
  builder.isIncomplete = false;
}

/** Gives the text back; the builder may be started again. */
export function builderFree(builder: TextBuilder): void {
  release(builder.address);
  builder.address = 0;
  builder.bytes = 0;
  builder.capacityBytes = 0;
}

function grow(builder: TextBuilder, needed: u32): bool {
  const capacityBytes = max(needed, min(<u32>builder.capacityBytes << 1, TEXT_BYTES_MAX));
  if (capacityBytes > TEXT_BYTES_MAX) return false;
  if (capacityBytes > SMALL_BYTES && !reserveBlock(capacityBytes)) return false;
  builder.address = reallocate(builder.address, capacityBytes);
  builder.capacityBytes = <i32>min(usableBytes(builder.address), TEXT_BYTES_MAX);
  return true;
}

/**
 * Where the next `bytes` bytes of the text go, or 0 when there is no memory for them. The caller
 * writes them and adds to `builder.bytes` what it has written.
 */
// @ts-ignore: decorator
@inline
export function builderRoom(builder: TextBuilder, bytes: i32): usize {
  if (<u32>bytes <= <u32>(builder.capacityBytes - builder.bytes)) {
    return builder.address + builder.bytes;
  }
  return roomAfterGrowing(builder, bytes);
}

function roomAfterGrowing(builder: TextBuilder, bytes: i32): usize {
  const isPossible = <u32>bytes <= TEXT_BYTES_MAX && !builder.isIncomplete;
  if (isPossible && grow(builder, <u32>builder.bytes + <u32>bytes)) {
    return builder.address + builder.bytes;
  }
  builder.isIncomplete = true;
  return 0;
}

export function builderText(builder: TextBuilder, literal: string): void {
  const room = builderRoom(builder, literal.length);
  if (room == 0) return;
  builder.bytes += writeLiteral(room, literal);
}

export function builderBytes(builder: TextBuilder, address: usize, bytes: i32): void {
  const room = builderRoom(builder, bytes);
  if (room == 0) return;
  memory.copy(room, address, <usize>bytes);
  builder.bytes += bytes;
}

export function builderByte(builder: TextBuilder, byte: u32): void {
  const room = builderRoom(builder, 1);
  if (room == 0) return;
  store<u8>(room, byte);
  builder.bytes += 1;
}

export function builderInteger(builder: TextBuilder, value: i64): void {
  const room = builderRoom(builder, INTEGER_BYTES_MAX);
  if (room != 0) builder.bytes += writeInteger(room, value);
}

export function builderUnsigned(builder: TextBuilder, value: u64): void {
  const room = builderRoom(builder, INTEGER_BYTES_MAX);
  if (room != 0) builder.bytes += writeUnsigned(room, value);
}

/** The lowest `digits` hexadecimal digits of `value`. */
export function builderHex(builder: TextBuilder, value: u64, digits: i32): void {
  const room = builderRoom(builder, digits);
  if (room == 0) return;
  writeHex(room, value, digits);
  builder.bytes += digits;
}

/** `value` with exactly `decimals` (0 to 17) decimals. */
export function builderDouble(builder: TextBuilder, value: f64, decimals: i32): void {
  const room = builderRoom(builder, FIXED_BYTES_MAX);
  if (room != 0) builder.bytes += writeFixed(room, value, decimals);
}

/** `value` in its shortest form. */
export function builderShortest(builder: TextBuilder, value: f64): void {
  const room = builderRoom(builder, DOUBLE_BYTES_MAX);
  if (room != 0) builder.bytes += writeDouble(room, value);
}

/** The letter after the backslash for bytes that have one, else 0. */
function escapeOf(byte: u32): u32 {
  switch (byte) {
    case 0x07: return 0x61;
    case 0x08: return 0x62;
    case 0x09: return 0x74;
    case 0x0a: return 0x6e;
    case 0x0d: return 0x72;
    case 0x22: return 0x22;
    case 0x5c: return 0x5c;
  }
  return 0;
}

/** The bytes in double quotes, everything that is not printable ASCII escaped as Redis does. */
export function builderQuoted(builder: TextBuilder, address: usize, bytes: i32): void {
  builderByte(builder, 0x22);
  const end = address + <usize>bytes;
  for (let at = address; at != end; at++) {
    const byte = <u32>load<u8>(at);
    const room = builderRoom(builder, 4);
    if (room == 0) return;
    const letter = escapeOf(byte);
    if (letter != 0) {
      store<u16>(room, (letter << 8) | 0x5c);
      builder.bytes += 2;
    } else if (byte - 0x20 < 0x5f) {
      store<u8>(room, byte);
      builder.bytes += 1;
    } else {
      store<u16>(room, 0x785c);
      writeHex(room + 2, <u64>byte, 2);
      builder.bytes += 4;
    }
  }
  builderByte(builder, 0x22);
}

/** Invariants of a started builder; 0, or the number of the broken one. */
export function validateBuilder(builder: TextBuilder): i32 {
  if (builder.bytes < 0 || builder.bytes > builder.capacityBytes) return 1;
  if (<u32>builder.capacityBytes > usableBytes(builder.address)) return 2;
  if (DEBUG) assert(offsetof<TextBuilder>() <= TEXT_BUILDER_BYTES);
  return 0;
}

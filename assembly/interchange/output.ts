/**
 * Writing the grammar of RDB: lengths and texts into a block of SERVER that grows.
 *
 *   start            cursor             end
 *   [ written ...... | room ............ ]
 *
 * There are two such blocks: the payload, and the packed value or part of a list that is being made
 * and then becomes one text of the payload. When memory is short an output has failed and takes
 * nothing more; whoever began it looks once, at the end.
 *
 *   SERVER root + 0x4188  payload | +0x4198  packed | +0x41a8  1: compress texts
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, reallocate, release, reserve, usableBytes } from "../memory/allocator";
import { copyBytes } from "../memory/copy";
import { parseInteger } from "../text/integers";
import { compress } from "./lzf";

@unmanaged
export class Output {
  start: usize;
  cursor: usize;
  end: usize;
  failed: u32;
}

const PAYLOAD: usize = SERVER_ROOT + 0x4188;
const PACKED: usize = SERVER_ROOT + 0x4198;
const COMPRESSES: usize = SERVER_ROOT + 0x41a8;
const NUMBER: usize = SERVER_ROOT + 0x41b0;

/** A first block that does for most values. */
const FIRST_BYTES: u32 = 1024;
/** Texts up to this length are not compressed. */
const SHORT_TEXT: u32 = 20;
/** Longest text of an integer that is written as one. */
const INTEGER_TEXT: u32 = 11;
/** The length before a compressed text: its mark and two lengths. */
const COMPRESSED_HEAD_BYTES: u32 = 11;
const BYTES_MAXIMUM: u64 = 0xf0000000;

// @ts-ignore: decorator
@inline
export function payloadOutput(): Output {
  return changetype<Output>(PAYLOAD);
}

// @ts-ignore: decorator
@inline
export function packedOutput(): Output {
  return changetype<Output>(PACKED);
}

/** Whether texts of both outputs are compressed where that makes them shorter. */
export function setCompression(on: bool): void {
  store<u32>(COMPRESSES, u32(on));
}

/** Begins with nothing written and no memory taken. */
export function openOutput(out: Output): void {
  out.start = 0;
  out.cursor = 0;
  out.end = 0;
  out.failed = 0;
}

export function closeOutput(out: Output): void {
  if (out.start) release(out.start);
  out.start = 0;
}

// @ts-ignore: decorator
@inline
export function outputBytes(out: Output): u32 {
  return <u32>(out.cursor - out.start);
}

/** Makes room for `bytes` more; false when the output has failed. */
// @ts-ignore: decorator
@inline
export function outputRoom(out: Output, bytes: u32): bool {
  return bytes <= <u32>(out.end - out.cursor) || grow(out, bytes);
}

function grow(out: Output, bytes: u32): bool {
  const used = outputBytes(out);
  const wished = <u64>used + <u64>bytes + <u64>max(used >> 1, FIRST_BYTES);
  if (out.failed || wished > BYTES_MAXIMUM || !reserve(<u32>wished)) {
    out.failed = 1;
    // No room at all from here on, so that everything comes this way.
    out.end = out.cursor;
    return false;
  }
  const block = out.start
    ? reallocate(out.start, <u32>wished)
    : allocate(Arena.SERVER, <u32>wished);
  out.start = block;
  out.cursor = block + used;
  out.end = block + usableBytes(block);
  return true;
}

export function writeByte(out: Output, byte: u32): void {
  if (!outputRoom(out, 1)) return;
  store<u8>(out.cursor, byte);
  out.cursor += 1;
}

/** Eight bytes as they lie. */
export function writeWord(out: Output, word: u64): void {
  if (!outputRoom(out, 8)) return;
  store<u64>(out.cursor, word);
  out.cursor += 8;
}

export function writeBytes(out: Output, address: usize, bytes: u32): void {
  if (!outputRoom(out, bytes)) return;
  copyBytes(out.cursor, address, bytes);
  out.cursor += bytes;
}

/** Writes a length at an address; returns where it ended, at most five bytes on. */
function putLength(at: usize, length: u32): usize {
  if (length < 0x40) {
    store<u8>(at, length);
    return at + 1;
  }
  if (length < 0x4000) {
    store<u16>(at, bswap<u16>(<u16>(length | 0x4000)));
    return at + 2;
  }
  store<u8>(at, 0x80);
  store<u32>(at, bswap(length), 1);
  return at + 5;
}

export function writeLength(out: Output, length: u32): void {
  if (outputRoom(out, 5)) out.cursor = putLength(out.cursor, length);
}

/** A length that may need eight bytes. */
export function writeLongLength(out: Output, length: u64): void {
  if (length <= <u64>u32.MAX_VALUE) return writeLength(out, <u32>length);
  writeByte(out, 0x81);
  writeWord(out, bswap(length));
}

/** Five bytes for a length that is known later; returns its offset for `fillLength`. */
export function holdLength(out: Output): u32 {
  const offset = outputBytes(out);
  if (!outputRoom(out, 5)) return offset;
  store<u8>(out.cursor, 0x80);
  out.cursor += 5;
  return offset;
}

export function fillLength(out: Output, offset: u32, length: u32): void {
  if (!out.failed) store<u32>(out.start + offset, bswap(length), 1);
}

/** Writes a text in its shortest form. */
export function writeText(out: Output, address: usize, bytes: u32): void {
  if (bytes <= INTEGER_TEXT) {
    if (bytes && parseInteger(address, bytes, NUMBER) && writeInteger(out, load<i64>(NUMBER))) {
      return;
    }
  } else if (bytes > SHORT_TEXT && load<u32>(COMPRESSES) && writeCompressed(out, address, bytes)) {
    return;
  }
  writeLength(out, bytes);
  writeBytes(out, address, bytes);
}

/** Writes an integer that fits four bytes as one; else false. */
export function writeInteger(out: Output, value: i64): bool {
  if (value != <i64>(<i32>value) || !outputRoom(out, 5)) return false;
  const size: u32 = value == <i64>(<i8>value) ? 0 : value == <i64>(<i16>value) ? 1 : 2;
  store<u8>(out.cursor, 0xc0 | size);
  store<u32>(out.cursor, <u32>value, 1);
  out.cursor += 1 + (1 << size);
  return true;
}

/** Writes a compressed text; false, and nothing is written, when it does not get shorter. */
function writeCompressed(out: Output, address: usize, bytes: u32): bool {
  if (!outputRoom(out, bytes + COMPRESSED_HEAD_BYTES)) return false;
  const at = out.cursor;
  const compressed = compress(address, bytes, at + COMPRESSED_HEAD_BYTES, bytes - 4);
  if (!compressed) return false;
  store<u8>(at, 0xc3);
  const behind = putLength(putLength(at + 1, compressed), bytes);
  memory.copy(behind, at + COMPRESSED_HEAD_BYTES, compressed);
  out.cursor = behind + compressed;
  return true;
}

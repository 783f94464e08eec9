/**
 * LZF, the compression of texts in RDB.
 *
 *   000lllll                      l + 1 bytes follow as they are
 *   lllooooo [more] oooooooo      l + 2 bytes (with l = 7: l + more + 2) that are already there,
 *                                 o + 1 bytes back; o has 13 bits
 *
 * The compressor remembers where three bytes were last seen in a table in scratch memory, sized by
 * the input, and takes the first match it meets. In data without matches it goes ahead in growing
 * steps. What comes from outside is only ever decompressed with both ends checked.
 */

import { copyBytes } from "../memory/copy";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";

const LITERALS_MAXIMUM: u32 = 32;
const MATCH_MAXIMUM: u32 = 264;
const DISTANCE_MAXIMUM: u32 = 8192;
const TABLE_BITS_MINIMUM: u32 = 8;
const TABLE_BITS_MAXIMUM: u32 = 14;
/** Most bytes that one byte of compressed data can stand for. */
const EXPANSION_MAXIMUM: u64 = 88;

/** Whether so much can have been compressed to so little. */
export function isPlausible(compressedBytes: u64, bytes: u64): bool {
  return compressedBytes > 0 && bytes > 0 && bytes <= compressedBytes * EXPANSION_MAXIMUM;
}

/** Decompresses to exactly `targetBytes`; false when the data is not that. */
export function decompress(
  source: usize, bytes: u32, target: usize, targetBytes: u32,
): bool {
  const sourceEnd = source + bytes;
  const targetEnd = target + targetBytes;
  let from = source;
  let to = target;
  while (from != sourceEnd) {
    const control: u32 = load<u8>(from);
    from += 1;
    if (control < LITERALS_MAXIMUM) {
      const run = control + 1;
      if (run > <u32>(sourceEnd - from) || run > <u32>(targetEnd - to)) return false;
      copyBytes(to, from, run);
      from += run;
      to += run;
      continue;
    }
    let run = (control >> 5) + 2;
    if (run == 9) {
      if (from == sourceEnd) return false;
      run += load<u8>(from);
      from += 1;
    }
    if (from == sourceEnd) return false;
    const distance = ((control & 31) << 8 | <u32>load<u8>(from)) + 1;
    from += 1;
    if (distance > <u32>(to - target) || run > <u32>(targetEnd - to)) return false;
    repeat(to, distance, run);
    to += run;
  }
  return to == targetEnd;
}

/** Copies `bytes` bytes from `distance` back, which may reach into what is being written. */
// @ts-ignore: decorator
@inline
function repeat(to: usize, distance: u32, bytes: u32): void {
  if (distance >= bytes) return copyBytes(to, to - distance, bytes);
  if (distance == 1) {
    memory.fill(to, load<u8>(to - 1), bytes);
    return;
  }
  for (let index: u32 = 0; index < bytes; index++) {
    store<u8>(to + index, load<u8>(to + index - distance));
  }
}

/** The three bytes at an address. */
// @ts-ignore: decorator
@inline
function three(at: usize): u32 {
  return <u32>load<u16>(at) | (<u32>load<u8>(at, 2) << 16);
}

/** Half as many places as there are bytes, within limits: clearing them is not for nothing. */
function tableBits(bytes: u32): u32 {
  const bits = 31 - clz(bytes);
  return min(max(bits, TABLE_BITS_MINIMUM), TABLE_BITS_MAXIMUM);
}

/** Compresses into at most `capacity` bytes; returns how many, 0 when that is not possible. */
export function compress(source: usize, bytes: u32, target: usize, capacity: u32): u32 {
  const bits = tableBits(bytes);
  const mark = scratchMark();
  const table = scratchTake(4 << bits);
  memory.fill(table, 0, 4 << bits);
  const shift = 32 - bits;
  const targetEnd = target + capacity;
  let to = target;
  let at: u32 = 0;
  let pending: u32 = 0;
  while (at + 2 < bytes) {
    const word = three(source + at);
    const place = table + ((word * 0x9e3779b1 >> shift) << 2);
    const seen = load<u32>(place);
    store<u32>(place, at + 1);
    const distance = at + 1 - seen;
    if (!seen || distance > DISTANCE_MAXIMUM || three(source + seen - 1) != word) {
      at += 1 + ((at - pending) >> 7);
      continue;
    }
    const run = matchBytes(source + seen - 1, source + at, min(MATCH_MAXIMUM, bytes - at));
    to = writeLiterals(source + pending, at - pending, to, targetEnd);
    if (!to || targetEnd - to < 3) {
      scratchRelease(mark);
      return 0;
    }
    to = writeMatch(to, distance - 1, run - 2);
    at += run;
    pending = at;
  }
  scratchRelease(mark);
  to = writeLiterals(source + pending, bytes - pending, to, targetEnd);
  return to ? <u32>(to - target) : 0;
}

/** How many bytes are equal, `most` at most; the first three are. */
// @ts-ignore: decorator
@inline
function matchBytes(earlier: usize, at: usize, most: u32): u32 {
  let bytes: u32 = 3;
  for (; bytes + 8 <= most; bytes += 8) {
    const differs = load<u64>(earlier + bytes) ^ load<u64>(at + bytes);
    if (differs) return bytes + <u32>(ctz(differs) >> 3);
  }
  while (bytes < most && load<u8>(earlier + bytes) == load<u8>(at + bytes)) bytes += 1;
  return bytes;
}

// @ts-ignore: decorator
@inline
function writeMatch(to: usize, distance: u32, bytes: u32): usize {
  if (bytes < 7) {
    store<u8>(to, (bytes << 5) | (distance >> 8));
    store<u8>(to, distance, 1);
    return to + 2;
  }
  store<u8>(to, 0xe0 | (distance >> 8));
  store<u8>(to, bytes - 7, 1);
  store<u8>(to, distance, 2);
  return to + 3;
}

/** Writes bytes as they are; returns where it ended, 0 when there is no room. */
function writeLiterals(from: usize, bytes: u32, to: usize, end: usize): usize {
  let left = bytes;
  while (left) {
    const run = min(left, LITERALS_MAXIMUM);
    if (<u32>(end - to) <= run) return 0;
    store<u8>(to, run - 1);
    copyBytes(to + 1, from, run);
    to += run + 1;
    from += run;
    left -= run;
  }
  return to;
}

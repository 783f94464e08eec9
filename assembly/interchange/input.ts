/**
 * Reading the grammar of RDB from a range of memory: lengths, texts, doubles.
 *
 *   length   00llllll | 01llllll llllllll | 80 u32 | 81 u64 (big-endian)
 *   text     length, bytes | C0 i8 | C1 i16 | C2 i32 | C3 length of LZF, length, LZF
 *
 * Nothing is trusted: a read past the end, or of what cannot be, sets `failed` and answers zero or
 * an empty text, so that callers look once at the end of a step. A text lies in the range itself,
 * or is decompressed into one of two blocks in turn (an integer: one of four places): the text
 * before the last one still holds, which is what a field and its value need. `skipText` looks at a
 * text without that and sums up what the texts will take.
 *
 *   SERVER root + 0x4010   the record, with room for four integers
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release } from "../memory/allocator";
import { writeInteger } from "../text/integers";
import { decompress, isPlausible } from "./lzf";

/** Longest text that a value may hold. */
const TEXT_BYTES_MAXIMUM: u64 = 0x7fffffff;
const INTEGER_TEXT_BYTES: u32 = 24;

const enum Special {
  NONE = 0,
  INTEGER_8 = 0xc0,
  INTEGER_16 = 0xc1,
  INTEGER_32 = 0xc2,
  LZF = 0xc3,
}

@unmanaged
export class Input {
  cursor: usize;
  end: usize;
  failed: u32;
  /** What stood in a length's place (Special). */
  special: u32;
  /** The text that was read last. */
  address: usize;
  bytes: u32;
  /** Blocks for decompressed texts, used in turn, and their size. */
  first: usize;
  second: usize;
  blockBytes: u32;
  /** How often a block, and a place for an integer, was used. */
  turn: u32;
  integerTurn: u32;
  /** Sums of `skipText`: texts, their bytes, the longest, the longest that is compressed. */
  texts: u32;
  longest: u32;
  longestCompressed: u32;
  totalBytes: f64;
}

const INPUT: usize = SERVER_ROOT + 0x4010;
const INTEGERS: usize = SERVER_ROOT + 0x4060;

if (offsetof<Input>() > 0x50) ERROR("Input runs into its integers");

// @ts-ignore: decorator
@inline
export function input(): Input {
  return changetype<Input>(INPUT);
}

/** Begins to read a range. */
export function openInput(address: usize, bytes: u32): void {
  memory.fill(INPUT, 0, offsetof<Input>());
  input().cursor = address;
  input().end = address + bytes;
}

/**
 * Memory for decompressed texts of up to `bytes` bytes: one block, or two of the same size. The
 * caller has reserved them.
 */
export function openBlocks(bytes: u32, secondBytes: u32): void {
  input().first = allocate(Arena.SERVER, bytes);
  if (secondBytes) input().second = allocate(Arena.SERVER, secondBytes);
  input().blockBytes = bytes;
}

export function closeInput(): void {
  if (input().first) release(input().first);
  if (input().second) release(input().second);
  input().first = 0;
  input().second = 0;
}

export function failInput(): void {
  input().failed = 1;
  input().bytes = 0;
}

/** Where `bytes` bytes lie; 0, and the input has failed, when there are fewer. */
// @ts-ignore: decorator
@inline
export function takeBytes(bytes: u32): usize {
  const cursor = input().cursor;
  if (bytes > <u32>(input().end - cursor) || input().failed) {
    failInput();
    return 0;
  }
  input().cursor = cursor + bytes;
  return cursor;
}

export function readByte(): u32 {
  const at = takeBytes(1);
  return at ? <u32>load<u8>(at) : 0;
}

/** Eight bytes as they lie. */
export function readWord(): u64 {
  const at = takeBytes(8);
  return at ? load<u64>(at) : 0;
}

/** A length; what else may stand there is in `special`, the length is 0 then. */
function readLengthOrSpecial(): u64 {
  input().special = Special.NONE;
  const first = readByte();
  if (first < 0x40) return first;
  if (first < 0x80) return (first & 63) << 8 | readByte();
  if (first == 0x80) {
    const at = takeBytes(4);
    return at ? <u64>bswap(load<u32>(at)) : 0;
  }
  if (first == 0x81) return bswap(readWord());
  if (first < <u32>Special.INTEGER_8 || first > <u32>Special.LZF) failInput();
  input().special = first;
  return 0;
}

/** A length, and nothing else. */
export function readLength(): u64 {
  const length = readLengthOrSpecial();
  if (input().special) failInput();
  return input().failed ? 0 : length;
}

/** The integer that stands for a text, by the kind just read. */
function readInteger(): i64 {
  const bytes: u32 = 1 << (input().special & 3);
  const at = takeBytes(bytes);
  if (!at) return 0;
  if (bytes == 1) return load<i8>(at);
  return bytes == 2 ? <i64>load<i16>(at) : <i64>load<i32>(at);
}

/** Reads the lengths of a compressed text; returns its own, 0 when it has failed. */
function readCompressedLengths(): u32 {
  const compressed = readLength();
  const bytes = readLength();
  const left: u64 = input().end - input().cursor;
  if (compressed > left || bytes > TEXT_BYTES_MAXIMUM || !isPlausible(compressed, bytes)) {
    failInput();
  }
  input().bytes = <u32>compressed;
  return input().failed ? 0 : <u32>bytes;
}

/** Renders an integer as the text that was read. */
export function giveInteger(value: i64): void {
  input().integerTurn += 1;
  const at = INTEGERS + (input().integerTurn & 3) * INTEGER_TEXT_BYTES;
  input().address = at;
  input().bytes = writeInteger(at, value);
}

/** Reads a text to `address`, `bytes`. */
export function readText(): void {
  const length = readLengthOrSpecial();
  if (!input().special) return giveRange(length);
  if (input().failed) return;
  if (input().special != Special.LZF) {
    const value = readInteger();
    if (!input().failed) giveInteger(value);
    return;
  }
  const bytes = readCompressedLengths();
  const from = takeBytes(input().bytes);
  input().turn ^= 1;
  const block = input().turn ? input().first : input().second;
  if (input().failed) return;
  const compressed = <u32>(input().cursor - from);
  if (bytes > input().blockBytes || !decompress(from, compressed, block, bytes)) {
    return failInput();
  }
  input().address = block;
  input().bytes = bytes;
}

function giveRange(length: u64): void {
  const left: u64 = input().end - input().cursor;
  if (length > left || length > TEXT_BYTES_MAXIMUM || input().failed) return failInput();
  input().address = takeBytes(<u32>length);
  input().bytes = <u32>length;
}

/** Goes past a text and counts it; returns its bytes. */
export function skipText(): u32 {
  const length = readLengthOrSpecial();
  if (!input().special) {
    giveRange(length);
  } else if (input().special != Special.LZF) {
    const value = readInteger();
    if (!input().failed) giveInteger(value);
  } else {
    const bytes = readCompressedLengths();
    takeBytes(input().bytes);
    input().bytes = bytes;
    input().longestCompressed = max(input().longestCompressed, bytes);
  }
  return countText(input().failed ? 0 : input().bytes);
}

/** Counts a text in the sums. */
// @ts-ignore: decorator
@inline
export function countText(bytes: u32): u32 {
  input().texts += 1;
  input().longest = max(input().longest, bytes);
  input().totalBytes += bytes;
  return bytes;
}

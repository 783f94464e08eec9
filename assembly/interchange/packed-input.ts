/**
 * Walking Redis's packed values: listpack, ziplist, zipmap and intset, each one range of memory.
 *
 *   listpack  u32 bytes, u16 entries, entries, FF        entry: head, text or integer, own length
 *   ziplist   u32 bytes, u32 last entry, u16 entries, entries, FF
 *                                                        entry: length of the one before, head, ...
 *   zipmap    u8 pairs, pairs, FF                        u8 or FE u32 length, key, the same for the
 *                                                        value with a count of unused bytes
 *   intset    u32 width, u32 count, integers ascending
 *
 * Integers are little-endian; counts of 65535 (zipmap: 254) mean "count them". Everything that the
 * form says twice is compared, so that a damaged value is refused even where it could be read.
 * Entries are given as texts in the Input record, which also keeps the failure.
 *
 *   SERVER root + 0x40c0   the record
 */

import { SERVER_ROOT } from "../abi";
import { failInput, giveInteger, input } from "./input";

export const enum Packing {
  LISTPACK = 0,
  ZIPLIST = 1,
  ZIPMAP = 2,
  INTSET = 3,
}

@unmanaged
export class PackedInput {
  kind: Packing;
  cursor: usize;
  /** The byte FF, or the end of an intset. */
  end: usize;
  start: usize;
  /** Entries that the header tells, or UNTOLD; and entries so far. */
  told: u32;
  seen: u32;
  /** Ziplist: length of the entry before, and where the last one should be. */
  previousBytes: u32;
  tail: u32;
  /** Intset: width, and the integer before. */
  width: u32;
  previous: i64;
}

const PACKED: usize = SERVER_ROOT + 0x40c0;
const UNTOLD: u32 = 0xffffffff;
const END: u32 = 0xff;

if (offsetof<PackedInput>() > 0x40) ERROR("PackedInput is at most 64 bytes");

// @ts-ignore: decorator
@inline
function packed(): PackedInput {
  return changetype<PackedInput>(PACKED);
}

/** Begins to walk a range; the input has failed when its head is wrong. */
export function openPacked(kind: Packing, address: usize, bytes: u32): void {
  const walk = packed();
  walk.kind = kind;
  walk.start = address;
  walk.end = address + bytes - 1;
  walk.seen = 0;
  walk.told = UNTOLD;
  walk.previousBytes = 0;
  let headBytes: u32 = 1;
  switch (kind) {
    case Packing.LISTPACK:
      headBytes = 6;
      break;
    case Packing.ZIPLIST:
      headBytes = 10;
      break;
    case Packing.INTSET:
      return openIntset(address, bytes);
  }
  walk.cursor = address + headBytes;
  if (bytes < headBytes + 1 || load<u8>(walk.end) != END) return failInput();
  if (kind == Packing.ZIPMAP) {
    const pairs: u32 = load<u8>(address);
    if (pairs < 254) walk.told = pairs << 1;
    return;
  }
  if (load<u32>(address) != bytes) return failInput();
  const told: u32 = load<u16>(address + headBytes - 2);
  if (told != 0xffff) walk.told = told;
  if (kind == Packing.ZIPLIST) walk.tail = load<u32>(address, 4);
}

function openIntset(address: usize, bytes: u32): void {
  const walk = packed();
  if (bytes < 8) return failInput();
  const width = load<u32>(address);
  const count = load<u32>(address, 4);
  const isWidth = width == 2 || width == 4 || width == 8;
  if (!isWidth || <u64>count * <u64>width != <u64>(bytes - 8)) return failInput();
  walk.width = width;
  walk.told = count;
  walk.cursor = address + 8;
  walk.end = address + bytes;
}

/** Comes to the next entry; false at the end, and when the input has failed. */
export function nextPacked(): bool {
  const walk = packed();
  if (input().failed) return false;
  if (walk.cursor == walk.end) {
    if (walk.told != UNTOLD && walk.told != walk.seen) failInput();
    if (walk.kind == Packing.ZIPMAP && walk.seen & 1) failInput();
    if (walk.kind == Packing.ZIPLIST) checkTail();
    return false;
  }
  switch (walk.kind) {
    case Packing.LISTPACK:
      nextOfListpack();
      break;
    case Packing.ZIPLIST:
      nextOfZiplist();
      break;
    case Packing.ZIPMAP:
      nextOfZipmap();
      break;
    default:
      nextOfIntset();
  }
  walk.seen += 1;
  return !input().failed;
}

/** Bytes of a packed value that can still be read. */
// @ts-ignore: decorator
@inline
function left(): u32 {
  return <u32>(packed().end - packed().cursor);
}

/** Gives `bytes` bytes after a head of `headBytes` as text, and goes behind them. */
// @ts-ignore: decorator
@inline
function giveText(headBytes: u32, bytes: u32): void {
  if (headBytes > left() || bytes > left() - headBytes) return failInput();
  input().address = packed().cursor + headBytes;
  input().bytes = bytes;
  packed().cursor += headBytes + bytes;
}

/** Gives an integer of `bytes` bytes after a head of `headBytes`. */
function giveNumber(headBytes: u32, bytes: u32): void {
  if (headBytes + bytes > left()) return failInput();
  const at = packed().cursor + headBytes;
  packed().cursor = at + bytes;
  switch (bytes) {
    case 1:
      return giveInteger(load<i8>(at));
    case 2:
      return giveInteger(load<i16>(at));
    case 3:
      return giveInteger(<i32>load<u16>(at) | (<i32>load<i8>(at, 2) << 16));
    case 4:
      return giveInteger(load<i32>(at));
    default:
      return giveInteger(load<i64>(at));
  }
}

// ---- Listpack ----------------------------------------------------------------------------------

function nextOfListpack(): void {
  const walk = packed();
  const start = walk.cursor;
  const head: u32 = load<u8>(start);
  if (head < 0x80) {
    walk.cursor += 1;
    giveInteger(head);
  } else if (head < 0xc0) {
    giveText(1, head & 63);
  } else if (left() < 2) {
    return failInput();
  } else if (head < 0xe0) {
    const value = (head & 31) << 8 | <u32>load<u8>(start, 1);
    walk.cursor += 2;
    giveInteger((<i32>value << 19) >> 19);
  } else if (head < 0xf0) {
    giveText(2, (head & 15) << 8 | <u32>load<u8>(start, 1));
  } else {
    largeOfListpack(start, head);
  }
  if (!input().failed) passOwnLength(<u32>(walk.cursor - start));
}

function largeOfListpack(start: usize, head: u32): void {
  if (head == 0xf0) return left() < 5 ? failInput() : giveText(5, load<u32>(start, 1));
  if (head > 0xf4) return failInput();
  giveNumber(1, head == 0xf4 ? 8 : head - 0xf1 + 2);
}

/** Behind each entry of a listpack stands its length, readable from its end. */
function passOwnLength(bytes: u32): void {
  const walk = packed();
  const places = ownLengthBytes(bytes);
  if (places > left()) return failInput();
  let rest = bytes;
  let at = walk.cursor + places - 1;
  for (let place: u32 = places; place; place--) {
    const mark: u32 = place == 1 ? 0 : 0x80;
    if (load<u8>(at) != <u8>((rest & 0x7f) | mark)) return failInput();
    rest >>= 7;
    at -= 1;
  }
  walk.cursor += places;
}

/** Bytes that the length of an entry takes. The limits are Redis's, off by one or not. */
// @ts-ignore: decorator
@inline
export function ownLengthBytes(bytes: u32): u32 {
  if (bytes <= 127) return 1;
  if (bytes < 16383) return 2;
  if (bytes < 2097151) return 3;
  return bytes < 268435455 ? 4 : 5;
}

// ---- Ziplist -----------------------------------------------------------------------------------

function nextOfZiplist(): void {
  const walk = packed();
  const start = walk.cursor;
  let before: u32 = load<u8>(start);
  if (before < 254) {
    walk.cursor += 1;
  } else {
    if (before == END || left() < 5) return failInput();
    before = load<u32>(start, 1);
    walk.cursor += 5;
  }
  if (before != walk.previousBytes || !left()) return failInput();
  entryOfZiplist(walk.cursor);
  walk.previousBytes = <u32>(walk.cursor - start);
}

function entryOfZiplist(at: usize): void {
  const head: u32 = load<u8>(at);
  if (head < 0x40) return giveText(1, head);
  if (head < 0x80) {
    return left() < 2 ? failInput() : giveText(2, (head & 63) << 8 | <u32>load<u8>(at, 1));
  }
  if (head == 0x80) return left() < 5 ? failInput() : giveText(5, bswap(load<u32>(at, 1)));
  switch (head) {
    case 0xc0:
      return giveNumber(1, 2);
    case 0xd0:
      return giveNumber(1, 4);
    case 0xe0:
      return giveNumber(1, 8);
    case 0xf0:
      return giveNumber(1, 3);
    case 0xfe:
      return giveNumber(1, 1);
  }
  if (head < 0xf1 || head > 0xfd) return failInput();
  packed().cursor = at + 1;
  giveInteger(head - 0xf1);
}

/** The head of a ziplist says where its last entry is. */
function checkTail(): void {
  const walk = packed();
  if (walk.cursor - walk.previousBytes - walk.start != walk.tail) failInput();
}

// ---- Zipmap and intset -------------------------------------------------------------------------

function nextOfZipmap(): void {
  const walk = packed();
  const isValue = walk.seen & 1;
  const first: u32 = load<u8>(walk.cursor);
  const isLong = first == 254;
  const headBytes: u32 = (isLong ? 5 : 1) + isValue;
  if (first == END || left() < headBytes) return failInput();
  const bytes = isLong ? load<u32>(walk.cursor, 1) : first;
  const unused: u32 = isValue ? <u32>load<u8>(walk.cursor + headBytes - 1) : 0;
  giveText(headBytes, bytes);
  if (input().failed) return;
  if (unused > left()) return failInput();
  walk.cursor += unused;
}

function nextOfIntset(): void {
  const walk = packed();
  const at = walk.cursor;
  const value = walk.width == 2
    ? <i64>load<i16>(at)
    : walk.width == 4 ? <i64>load<i32>(at) : load<i64>(at);
  if (walk.seen && value <= walk.previous) return failInput();
  walk.previous = value;
  walk.cursor = at + walk.width;
  giveInteger(value);
}

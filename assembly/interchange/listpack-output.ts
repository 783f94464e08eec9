/**
 * Making a listpack of Redis in the output for packed values; its form is told in packed-input.ts.
 *
 * A text that is a 64-bit integer in canonical form becomes one, as Redis would store it.
 */

import { SERVER_ROOT } from "../abi";
import { copyBytes } from "../memory/copy";
import { parseInteger } from "../text/integers";
import { Output, outputBytes, outputRoom, packedOutput, writeByte } from "./output";
import { ownLengthBytes } from "./packed-input";

const NUMBER: usize = SERVER_ROOT + 0x41b0;
const COUNT: usize = SERVER_ROOT + 0x41ac;

const HEAD_BYTES: u32 = 6;
/** The head of an entry and its own length behind it. */
const ENTRY_BYTES: u32 = 10;
const INTEGER_TEXT: u32 = 20;

/** Begins a listpack in the output, whatever was there. */
export function openListpack(): void {
  const out = packedOutput();
  out.cursor = out.start;
  store<u32>(COUNT, 0);
  if (outputRoom(out, HEAD_BYTES)) out.cursor += HEAD_BYTES;
}

/** Entries so far. */
export function listpackCount(): u32 {
  return load<u32>(COUNT);
}

/** Bytes that the listpack has so far. */
export function listpackBytes(): u32 {
  return outputBytes(packedOutput());
}

/** Writes head and end. */
export function finishListpack(): void {
  const out = packedOutput();
  writeByte(out, 0xff);
  if (out.failed) return;
  store<u32>(out.start, outputBytes(out));
  store<u16>(out.start, <u16>min<u32>(load<u32>(COUNT), 0xffff), 4);
}

export function appendText(address: usize, bytes: u32): void {
  if (bytes - 1 < INTEGER_TEXT && parseInteger(address, bytes, NUMBER)) {
    return appendInteger(load<i64>(NUMBER));
  }
  const out = packedOutput();
  if (bytes > 0xf0000000 || !outputRoom(out, bytes + ENTRY_BYTES)) return;
  let at = out.cursor;
  if (bytes < 64) {
    store<u8>(at, 0x80 | bytes);
    at += 1;
  } else if (bytes < 4096) {
    store<u16>(at, bswap<u16>(<u16>(0xe000 | bytes)));
    at += 2;
  } else {
    store<u8>(at, 0xf0);
    store<u32>(at, bytes, 1);
    at += 5;
  }
  copyBytes(at, address, bytes);
  finishEntry(out, at + bytes);
}

export function appendInteger(value: i64): void {
  const out = packedOutput();
  if (!outputRoom(out, ENTRY_BYTES + 8)) return;
  const at = out.cursor;
  if (<u64>value < 128) {
    store<u8>(at, <u8>value);
    return finishEntry(out, at + 1);
  }
  if (value >= -4096 && value < 4096) {
    store<u16>(at, bswap<u16>(<u16>(0xc000 | (value & 0x1fff))));
    return finishEntry(out, at + 2);
  }
  const bits = 65 - <u32>clz<i64>(value ^ (value >> 63));
  const bytes: u32 = bits <= 16 ? 2 : bits <= 24 ? 3 : bits <= 32 ? 4 : 8;
  store<u8>(at, bytes == 8 ? 0xf4 : 0xf1 + bytes - 2);
  store<i64>(at, value, 1);
  finishEntry(out, at + 1 + bytes);
}

/** Writes the entry's own length behind it, so that it can be read from its end. */
function finishEntry(out: Output, end: usize): void {
  const bytes = <u32>(end - out.cursor);
  const places = ownLengthBytes(bytes);
  let rest = bytes;
  for (let place = places; place; place--) {
    store<u8>(end + place - 1, (rest & 0x7f) | (place == 1 ? 0 : 0x80));
    rest >>= 7;
  }
  out.cursor = end + places;
  store<u32>(COUNT, load<u32>(COUNT) + 1);
}


/**
 * CRC-64 as RDB files and DUMP payloads carry it: polynomial of Jones, reflected, starting at 0.
 *
 * Eight bytes are folded at a time by eight tables (16 KiB), which are computed once into a block
 * of SERVER: as static data they would make every module larger by that much.
 *
 *   SERVER root + 0x4000   u32 address of the tables: eight times 256 u64
 *
 *   table 0  what one byte does to the remainder;   table n  the same with n zero bytes behind it
 *
 * Cost: about a byte per cycle.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate } from "../memory/allocator";

const TABLES: usize = SERVER_ROOT + 0x4000;
const TABLE_BYTES: u32 = 2048;
const POLYNOMIAL: u64 = 0x95ac9329ac4bc9b5;

/** Computes the tables; once for each SERVER, before anything else here. */
export function initializeCrc64(): void {
  const tables = allocate(Arena.SERVER, 8 * TABLE_BYTES);
  store<u32>(TABLES, <u32>tables);
  for (let byte: usize = 0; byte < 256; byte++) {
    let crc: u64 = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    store<u64>(tables + (byte << 3), crc);
  }
  for (let at: usize = tables; at < tables + 7 * TABLE_BYTES; at += 8) {
    const crc = load<u64>(at);
    store<u64>(at + TABLE_BYTES, (crc >> 8) ^ load<u64>(tables + (<usize>(crc & 0xff) << 3)));
  }
}

// @ts-ignore: decorator
@inline
function lookup(tables: usize, table: u32, word: u64, place: u64): u64 {
  return load<u64>(tables + table * TABLE_BYTES + (<usize>((word >> (place << 3)) & 0xff) << 3));
}

/** The checksum of `bytes` more bytes after `crc`, which is 0 at the start. */
export function crc64(crc: u64, address: usize, bytes: u32): u64 {
  const tables: usize = load<u32>(TABLES);
  let at = address;
  let left = bytes;
  let sum = crc;
  for (; left >= 8; left -= 8) {
    const word = sum ^ load<u64>(at);
    sum = lookup(tables, 7, word, 0) ^ lookup(tables, 6, word, 1)
      ^ lookup(tables, 5, word, 2) ^ lookup(tables, 4, word, 3)
      ^ lookup(tables, 3, word, 4) ^ lookup(tables, 2, word, 5)
      ^ lookup(tables, 1, word, 6) ^ lookup(tables, 0, word, 7);
    at += 8;
  }
  for (; left; left--) {
    sum = (sum >> 8) ^ load<u64>(tables + (<usize>((sum ^ load<u8>(at)) & 0xff) << 3));
    at += 1;
  }
  return sum;
}

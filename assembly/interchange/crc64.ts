/**
 * CRC-64 as RDB files and DUMP payloads carry it: polynomial of Jones, reflected, starting at 0.
 *
 * Eight bytes are folded at a time by eight tables (16 KiB) at a constant address, so that a
 * look-up is a shift, a mask and a load. They are computed once: as static data they would make
 * every module larger by that much.
 *
 *   table 0  what one byte does to the remainder;   table n  the same with n zero bytes behind it
 *
 * Cost: a cycle and a half per byte.
 */

import { CRC64_TABLES } from "../abi";

// @ts-ignore: decorator
@inline const TABLES: usize = CRC64_TABLES;
// @ts-ignore: decorator
@inline const TABLE_BYTES: usize = 2048;
/** Where the entry of a byte is within its table: the byte times eight. */
// @ts-ignore: decorator
@inline const PLACE: u32 = 0xff << 3;
const POLYNOMIAL: u64 = 0x95ac9329ac4bc9b5;

/** Computes the tables; once for each SERVER, before anything else here. */
export function initializeCrc64(): void {
  for (let byte: usize = 0; byte < 256; byte++) {
    let crc: u64 = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    store<u64>(TABLES + (byte << 3), crc);
  }
  for (let at: usize = TABLES; at < TABLES + 7 * TABLE_BYTES; at += 8) {
    const crc = load<u64>(at);
    store<u64>(at + TABLE_BYTES, (crc >> 8) ^ load<u64>(TABLES + (<usize>(crc & 0xff) << 3)));
  }
}

/** The checksum of `bytes` more bytes after `crc`, which is 0 at the start. */
export function crc64(crc: u64, address: usize, bytes: u32): u64 {
  let at = address;
  let left = bytes;
  let sum = crc;
  for (; left >= 8; left -= 8) {
    const word = sum ^ load<u64>(at);
    const low = <u32>word;
    const high = <u32>(word >> 32);
    sum = load<u64>((low << 3) & PLACE, TABLES + 7 * TABLE_BYTES)
      ^ load<u64>((low >>> 5) & PLACE, TABLES + 6 * TABLE_BYTES)
      ^ (load<u64>((low >>> 13) & PLACE, TABLES + 5 * TABLE_BYTES)
        ^ load<u64>((low >>> 21) & PLACE, TABLES + 4 * TABLE_BYTES))
      ^ (load<u64>((high << 3) & PLACE, TABLES + 3 * TABLE_BYTES)
        ^ load<u64>((high >>> 5) & PLACE, TABLES + 2 * TABLE_BYTES)
        ^ (load<u64>((high >>> 13) & PLACE, TABLES + TABLE_BYTES)
          ^ load<u64>((high >>> 21) & PLACE, TABLES)));
    at += 8;
  }
  for (; left; left--) {
    sum = (sum >> 8) ^ load<u64>(((<u32>sum ^ load<u8>(at)) << 3) & PLACE, TABLES);
    at += 1;
  }
  return sum;
}

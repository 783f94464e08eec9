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
// @ts-ignore: decorator
@inline const TABLE_BYTES: usize = 2048;
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

/** Entry `index` of the first table; the others follow at offsets that the instruction holds. */
// @ts-ignore: decorator
@inline
function entry(tables: usize, index: u32): usize {
  return tables + (<usize>(index & 0xff) << 3);
}

/** The checksum of `bytes` more bytes after `crc`, which is 0 at the start. */
export function crc64(crc: u64, address: usize, bytes: u32): u64 {
  const tables: usize = load<u32>(TABLES);
  let at = address;
  let left = bytes;
  let sum = crc;
  for (; left >= 8; left -= 8) {
    const word = sum ^ load<u64>(at);
    const low = <u32>word;
    const high = <u32>(word >> 32);
    // The two halves do not wait for each other.
    sum = load<u64>(entry(tables, low), 7 * TABLE_BYTES)
      ^ load<u64>(entry(tables, low >>> 8), 6 * TABLE_BYTES)
      ^ (load<u64>(entry(tables, low >>> 16), 5 * TABLE_BYTES)
        ^ load<u64>(entry(tables, low >>> 24), 4 * TABLE_BYTES))
      ^ (load<u64>(entry(tables, high), 3 * TABLE_BYTES)
        ^ load<u64>(entry(tables, high >>> 8), 2 * TABLE_BYTES)
        ^ (load<u64>(entry(tables, high >>> 16), TABLE_BYTES)
          ^ load<u64>(entry(tables, high >>> 24))));
    at += 8;
  }
  for (; left; left--) {
    sum = (sum >> 8) ^ load<u64>(entry(tables, <u32>sum ^ load<u8>(at)));
    at += 1;
  }
  return sum;
}

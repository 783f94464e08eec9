/**
 * Fetching ahead: the buckets and entries of the keys that the next commands of a chunk will look
 * for.
 *
 * With a data set beyond the caches each lookup waits twice for memory, for the bucket and for the
 * entry. WebAssembly has no prefetch instruction, but loads that do not depend on each other
 * overlap: first all hashes and buckets, then all entries, then the commands find them in the
 * cache. The hashes are kept and used by the lookups, so that looking ahead costs little more than
 * the scan. Small tables are left alone. What is fetched is a hint: a table that changes meanwhile
 * does no harm.
 *
 *   Lookahead +0 u32 count, +4 u32 next, +8 u32 commands left until the next look
 *   slots     64 of { u32 key, u32 bytes, u64 hash, u32 bucket, u32 unused }
 */

import { SERVER_ROOT } from "../abi";
import { hashBytes } from "../memory/root";
import { collectKeys } from "../protocol/lookahead";
import { candidateIn, chainOf } from "../structures/hash-table";
import { Database } from "./keyspace";

/** Keys in a table that fits the caches. */
const KEYS_MINIMUM: u32 = 50000;
const SLOTS_MAXIMUM: u32 = 32;
const SLOT_BYTES: usize = 24;
/** Collected pairs, then the slots. */
const PAIRS: usize = SERVER_ROOT + 0x2c00;
const SLOTS: usize = PAIRS + 0x100;
/** Where the sum of what was fetched goes, so that no compiler drops the loads. */
const SINK: usize = SERVER_ROOT + 0x2bf8;

@unmanaged
class Lookahead {
  count: u32;
  next: u32;
  commandsLeft: i32;
}

// @ts-ignore: decorator
@inline
function lookahead(): Lookahead {
  return changetype<Lookahead>(SERVER_ROOT + 0x2be0);
}

/** Forgets the keys of the chunk before. */
// @ts-ignore: decorator
@inline
export function forgetLookahead(): void {
  lookahead().count = 0;
  lookahead().next = 0;
  lookahead().commandsLeft = 0;
}

/** Before a command is parsed: looks ahead when the last look is used up. */
// @ts-ignore: decorator
@inline
export function lookAhead(database: Database, cursor: usize, end: usize): void {
  if (database.table.count < KEYS_MINIMUM) {
    if (lookahead().count) forgetLookahead();
    return;
  }
  const left = lookahead().commandsLeft - 1;
  lookahead().commandsLeft = left;
  if (left < 0) fetch(database, cursor, end);
}

function fetch(database: Database, cursor: usize, end: usize): void {
  const table = database.table;
  const count = collectKeys(cursor, end, PAIRS, SLOTS_MAXIMUM);
  lookahead().count = count > 1 ? count : 0;
  lookahead().next = 0;
  lookahead().commandsLeft = count ? count - 1 : <i32>SLOTS_MAXIMUM;
  if (count < 2) return;
  let slot: usize = SLOTS;
  for (let index: u32 = 0; index < count; index++, slot += SLOT_BYTES) {
    const key: usize = load<u32>(PAIRS + (index << 3));
    const bytes = load<u32>(PAIRS + (index << 3), 4);
    const hash = hashBytes(key, bytes);
    store<u32>(slot, <u32>key);
    store<u32>(slot, bytes, 4);
    store<u64>(slot, hash, 8);
    store<u32>(slot, <u32>chainOf(table, hash), 16);
  }
  const slotsEnd = slot;
  let sum: u64 = 0;
  for (slot = SLOTS; slot < slotsEnd; slot += SLOT_BYTES) sum += load<u64>(load<u32>(slot, 16));
  for (slot = SLOTS; slot < slotsEnd; slot += SLOT_BYTES) {
    sum += load<u64>(candidateIn(load<u32>(slot, 16), load<u64>(slot, 8)));
  }
  store<u64>(SINK, sum);
}

/** The hash of a key, from the look ahead when it was the next one seen there. */
// @ts-ignore: decorator
@inline
export function keyHash(key: usize, bytes: u32): u64 {
  return lookahead().count ? keptHash(key, bytes) : hashBytes(key, bytes);
}

function keptHash(key: usize, bytes: u32): u64 {
  const count = lookahead().count;
  for (let next = lookahead().next; next < count; next++) {
    const slot: usize = SLOTS + <usize>next * SLOT_BYTES;
    if (load<u32>(slot) != <u32>key) continue;
    if (load<u32>(slot, 4) != bytes) break;
    lookahead().next = next + 1;
    return load<u64>(slot, 8);
  }
  return hashBytes(key, bytes);
}

/**
 * Gathering keys for KEYS, SCAN and whatever else answers a list whose length comes first.
 *
 * A reply begins with its count, but how many keys match is known only at the end. So one pass
 * notes the address of each matching entry in scratch memory, four bytes a match, and the reply is
 * written from there. Nothing is copied and no pattern is matched twice.
 *
 *   block (BLOCK_BYTES of scratch)
 *   +0   u32                  next block, 0 = none
 *   +4   u32 x BLOCK_ENTRIES  addresses of entries, 0 = struck out
 *
 * The addresses hold until an entry is reshaped or freed: the caller replies, or strikes out,
 * before anything changes. It takes a scratch mark before `openGathering` and releases it
 * afterwards.
 *
 * Costs: one bucket line per seven keys, and the pattern once per key. Where memory for a further
 * block is missing the functions answer false, and nothing has changed.
 */

import { reserve } from "../memory/allocator";
import { scratchLeft, scratchTake } from "../memory/scratch";
import { replyArray, replyBulk } from "../protocol/reply";
import {
  HashTable, bucketAt, nextInChain, occupiedSlots, referenceAt, scanChain, scanNext, scanSibling,
} from "../structures/hash-table";
import { matchGlob } from "../text/glob";
import { KeyEntry } from "../values/key-entry";
import { expireEntry, isExpired } from "./database";
import { Database } from "./keyspace";

const BLOCK_ENTRIES: u32 = 1023;
const BLOCK_BYTES: u32 = 4096;
/** What a block may cost when scratch memory has to be extended for it. */
const CHUNK_BYTES: u32 = 0x11000;

/** `Gathering.type` that every key has, and one that none has. */
// @ts-ignore: decorator
@inline
export const ANY_TYPE: i32 = -1;
// @ts-ignore: decorator
@inline
export const NO_TYPE: i32 = -2;

@unmanaged
export class Gathering {
  /** Entries gathered and not struck out. */
  count: u32;
  /** First and last block, and entries in the last one. */
  first: u32;
  last: u32;
  used: u32;
  /** Glob pattern; 0 bytes with `pattern` 0 = every key. */
  pattern: u32;
  patternBytes: u32;
  /** Type that is asked for, ANY_TYPE or NO_TYPE. */
  type: i32;
}

/** A gathering of every key; the caller may set pattern and type. In scratch memory. */
export function openGathering(): Gathering {
  const gathering = changetype<Gathering>(scratchTake(offsetof<Gathering>()));
  gathering.count = 0;
  gathering.first = 0;
  gathering.last = 0;
  gathering.used = BLOCK_ENTRIES;
  gathering.pattern = 0;
  gathering.patternBytes = 0;
  gathering.type = ANY_TYPE;
  return gathering;
}

/** Asks for a pattern; one that matches everything costs nothing. */
export function gatherPattern(gathering: Gathering, pattern: usize, bytes: u32): void {
  const isAll = bytes == 1 && load<u8>(pattern) == 0x2a;
  gathering.pattern = isAll ? 0 : <u32>pattern;
  gathering.patternBytes = bytes;
}

function matches(gathering: Gathering, entry: KeyEntry): bool {
  if (gathering.type != ANY_TYPE && <i32>entry.type != gathering.type) return false;
  if (!gathering.pattern) return true;
  return matchGlob(
    gathering.pattern, gathering.patternBytes, entry.keyAddress, entry.keyBytes, false,
  );
}

function addBlock(gathering: Gathering): bool {
  if (scratchLeft() < BLOCK_BYTES && !reserve(CHUNK_BYTES)) return false;
  const block = scratchTake(BLOCK_BYTES);
  store<u32>(block, 0);
  if (gathering.last) store<u32>(gathering.last, <u32>block);
  else gathering.first = <u32>block;
  gathering.last = <u32>block;
  gathering.used = 0;
  return true;
}

/** Notes every matching entry of a chain (0 = none); false when memory is short. */
function gatherChain(gathering: Gathering, first: usize): bool {
  for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    for (let slot = 0; slot < elements; slot++) {
      const entry = changetype<KeyEntry>(referenceAt(bucket, slot));
      if (!matches(gathering, entry)) continue;
      if (gathering.used == BLOCK_ENTRIES && !addBlock(gathering)) return false;
      const place = gathering.last + 4 + (gathering.used << 2);
      store<u32>(place, <u32>changetype<usize>(entry));
      gathering.used += 1;
      gathering.count += 1;
    }
  }
  return true;
}

/** Gathers from the whole table; false when memory is short. */
export function gatherAll(gathering: Gathering, table: HashTable): bool {
  for (let index: u32 = 0; index < table.buckets; index++) {
    if (!gatherChain(gathering, bucketAt(table, index))) return false;
  }
  return true;
}

/**
 * Gathers from `cursor` on until `wanted` keys are there, ten times as many steps are done, or the
 * table ends. Writes the cursor to go on with (0 = the end) to `out`; false when memory is short.
 */
export function gatherFrom(
  gathering: Gathering,
  table: HashTable,
  cursor: u64,
  wanted: i64,
  out: usize,
): bool {
  let at = cursor;
  const steps: i64 = wanted > i64.MAX_VALUE / 10 ? i64.MAX_VALUE : wanted * 10;
  for (let step: i64 = 0; step < steps; step++) {
    if (!gatherChain(gathering, scanChain(table, at))) return false;
    if (!gatherChain(gathering, scanSibling(table, at))) return false;
    at = scanNext(table, at);
    if (!at || <i64>gathering.count >= wanted) break;
  }
  store<u64>(out, at);
  return true;
}

/** Strikes out the keys whose time has come; removes them from the database if `remove`. */
export function strikeExpired(gathering: Gathering, database: Database, remove: bool): void {
  for (let block: usize = gathering.first; block; block = load<u32>(block)) {
    const used = block == gathering.last ? gathering.used : BLOCK_ENTRIES;
    for (let index: u32 = 0; index < used; index++) {
      const place = block + 4 + (index << 2);
      const entry = changetype<KeyEntry>(<usize>load<u32>(place));
      if (!isExpired(entry)) continue;
      store<u32>(place, 0);
      gathering.count -= 1;
      if (remove) expireEntry(database, entry);
    }
  }
}

/** Answers the array of names. */
export function replyGathered(gathering: Gathering): void {
  replyArray(gathering.count);
  for (let block: usize = gathering.first; block; block = load<u32>(block)) {
    const used = block == gathering.last ? gathering.used : BLOCK_ENTRIES;
    for (let index: u32 = 0; index < used; index++) {
      const address: usize = load<u32>(block + 4 + (index << 2));
      if (!address) continue;
      const entry = changetype<KeyEntry>(address);
      replyBulk(entry.keyAddress, entry.keyBytes);
    }
  }
}

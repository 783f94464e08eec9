/**
 * Garbage: values and keys that are gone and whose memory is freed in steps of the tick.
 *
 * Whatever loses a value comes through here: DEL, UNLINK, a SET or a STORE over it, RENAME, expiry,
 * FLUSHALL. A value of more than 64 blocks is not freed but noted; so no command waits for the size
 * of what it removes, and whether it is called lazy (UNLINK, ASYNC, `lazyfree-lazy-*`) or not makes
 * no difference. A long string is one block and freed at once.
 *
 *   record (12 bytes)   u32 kind | u32 next record | u32 address of what is left
 *   flushed database    HashTable of the keys | ReferenceVector x 2: its indexes    (44 bytes)
 *
 * The record of a key that goes with its value is its old entry, which is never smaller: removing
 * keys needs no memory. The first record may be at work when a key of it leaves a large value
 * behind: new records come second.
 *
 * Cost: `discardEntry` O(1); a step of `collectGarbage` some 8 to 16 blocks.
 */

import { Arena, allocate, release } from "../memory/allocator";
import { KEYSPACE_ROOT } from "../memory/root";
import { countSteps } from "../memory/steps";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, freeLastBucket, nextInChain, occupiedSlots, referenceAt,
} from "../structures/hash-table";
import {
  REFERENCE_VECTOR_BYTES, ReferenceVector, freeLastSegment,
} from "../structures/reference-vector";
import { Remains, freePiece, releaseValue, remainsAddress, remainsOf } from "../values/free";
import { KeyEntry } from "../values/key-entry";
import { statistics } from "./statistics";

/** A value of more blocks is freed later; the limit is Redis's. */
const AT_ONCE_BLOCKS: u32 = 64;
/** Kind of a record: a flushed database. The other kinds are `Remains`. */
const KEYS: u32 = 0x100;
/** Blocks freed by one step, besides the first few. */
const BLOCKS_SHIFT: u32 = 4;

@unmanaged
class GarbageRoot {
  /** First record. */
  first: u32;
  /** Keys and values that wait. */
  pending: u32;
}

@unmanaged
class GarbageRecord {
  kind: u32;
  next: u32;
  address: u32;
}

const RECORD_BYTES: u32 = 12;
const FLUSHED_BYTES: u32 = HASH_TABLE_BYTES + 2 * REFERENCE_VECTOR_BYTES;

// @ts-ignore: decorator
@inline
function root(): GarbageRoot {
  return changetype<GarbageRoot>(KEYSPACE_ROOT + 16);
}

export function initializeGarbage(): void {
  root().first = 0;
  root().pending = 0;
}

// ---- What is lost ------------------------------------------------------------------------------

function addRecord(block: usize, kind: u32, address: usize): void {
  const record = changetype<GarbageRecord>(block);
  record.kind = kind;
  record.address = <u32>address;
  const first: usize = root().first;
  if (first) {
    record.next = changetype<GarbageRecord>(first).next;
    changetype<GarbageRecord>(first).next = <u32>block;
  } else {
    record.next = 0;
    root().first = <u32>block;
  }
}

/** Frees what the value field refers to, a large value later; the entry itself stays. */
export function discardValue(entry: KeyEntry): void {
  const remains = remainsOf(entry, AT_ONCE_BLOCKS);
  if (remains == Remains.NONE) return releaseValue(entry);
  addRecord(allocate(Arena.DATA, RECORD_BYTES), remains, remainsAddress(entry));
  root().pending += 1;
}

/** Frees a key that is in no table any more. */
export function discardEntry(entry: KeyEntry): void {
  if (!freeEntry(entry)) root().pending += 1;
}

/** Frees a key; false when its value is left for later. */
function freeEntry(entry: KeyEntry): bool {
  const remains = remainsOf(entry, AT_ONCE_BLOCKS);
  if (remains == Remains.NONE) {
    releaseValue(entry);
    release(changetype<usize>(entry));
    return true;
  }
  addRecord(changetype<usize>(entry), remains, remainsAddress(entry));
  return false;
}

/** Leaves all keys of a database, and its indexes, for later; their records are made anew then. */
export function discardKeys(
  table: HashTable, expiring: ReferenceVector, fieldsDue: ReferenceVector,
): void {
  const record = allocate(Arena.DATA, RECORD_BYTES);
  const flushed = allocate(Arena.DATA, FLUSHED_BYTES);
  memory.copy(flushed, changetype<usize>(table), HASH_TABLE_BYTES);
  const vectors = flushed + HASH_TABLE_BYTES;
  memory.copy(vectors, changetype<usize>(expiring), REFERENCE_VECTOR_BYTES);
  memory.copy(
    vectors + REFERENCE_VECTOR_BYTES, changetype<usize>(fieldsDue), REFERENCE_VECTOR_BYTES,
  );
  addRecord(record, KEYS, flushed);
  root().pending += table.count;
}

// ---- Freeing -----------------------------------------------------------------------------------

/** Whether something still waits to be freed. */
export function hasGarbage(): bool {
  return root().first != 0;
}

/** Keys that were flushed, and large values that are gone, and wait to be freed. */
export function garbageCount(): u32 {
  return root().pending;
}

function noteFreed(objects: u32): void {
  root().pending -= objects;
  statistics().lazyFreedObjects += <f64>objects;
}

/** Frees the keys of the last bucket, or a piece of an index; 0 when now nothing is left. */
function freeFlushedPiece(flushed: usize): u32 {
  const table = changetype<HashTable>(flushed);
  if (table.buckets) return freeLastKeys(table);
  const first = changetype<ReferenceVector>(flushed + HASH_TABLE_BYTES);
  const second = changetype<ReferenceVector>(changetype<usize>(first) + REFERENCE_VECTOR_BYTES);
  if (first.capacity) freeLastSegment(first);
  else if (second.capacity) freeLastSegment(second);
  else {
    release(flushed);
    return 0;
  }
  return 1;
}

/** Frees the last chain of keys; returns what that may have been in blocks. */
function freeLastKeys(table: HashTable): u32 {
  let blocks: u32 = 1;
  let freed: u32 = 0;
  for (let b = bucketAt(table, table.buckets - 1); b; b = nextInChain(b)) {
    const elements = occupiedSlots(b);
    for (let slot = 0; slot < elements; slot++) {
      const entry = changetype<KeyEntry>(referenceAt(b, slot));
      blocks += remainsOf(entry, 1) ? AT_ONCE_BLOCKS : 1;
      freed += u32(freeEntry(entry));
    }
    table.count -= elements;
  }
  freeLastBucket(table);
  noteFreed(freed);
  countSteps(blocks);
  return blocks;
}

/** Frees what waits for it in steps of some blocks; returns the steps that are left. */
export function collectGarbage(steps: i32): i32 {
  let left = steps;
  while (left > 0 && root().first) {
    const record = changetype<GarbageRecord>(<usize>root().first);
    const kind = record.kind;
    const address: usize = record.address;
    const blocks = kind == KEYS ? freeFlushedPiece(address) : freePiece(kind, address);
    left -= 1 + (blocks >> BLOCKS_SHIFT);
    if (blocks) continue;
    if (kind != KEYS) noteFreed(1);
    root().first = record.next;
    release(changetype<usize>(record));
  }
  return max(left, 0);
}

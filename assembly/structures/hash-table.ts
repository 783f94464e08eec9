/**
 * Hash table of 4-byte references: linear hashing over buckets of one cache line.
 *
 * Why not two tables and a rehash: a doubling table holds between half and all of its slots and
 * has to move everything once per doubling. Linear hashing (Litwin 1980) splits one bucket per
 * insertion, so bytes per key are the same at every size, no second table exists, and no call ever
 * pays for a resize. Why not open addressing: a bucket that is one cache line with one-byte
 * fingerprints answers a miss with one line and one SIMD compare.
 *
 *   bucket (64 bytes, 64-aligned)
 *   +0   u8  x 12   fingerprints, 0 = slot empty
 *   +12  u32        overflow bucket of the same layout, 0 = none
 *   +16  u32 x 12   references
 *
 *   buckets <= 1024: `segments` is one block of 64 * 2^k bytes
 *   buckets  > 1024: `segments` -> 64 u32 -> directory pages of 1024 u32 -> segments of 64 KiB
 *
 * A bucket index is the hash modulo 2^(L+1), or modulo 2^L where that bucket does not exist yet.
 * Buckets are initialised one by one as they are split off: a new segment is never cleared.
 *
 * Invariants (numbers as `validateTable` answers them):
 *   1 the occupied slots are `count`, the overflow buckets `overflows`
 *   2 every element lies in the bucket that its hash names, with its fingerprint
 *   3 holes occur only at the end of a chain; an overflow bucket is never empty
 *   4 2^L <= buckets < 2^(L+1), mask = 2^L - 1
 *
 * Cost: find touches one or two lines, an insertion splits at most one bucket; 64 / 7.5 = 8.5 bytes
 * per element plus about a seventh for overflow buckets. T is the element's view class with
 * `keyAddress`, `keyBytes` and `matches(key, bytes)`.
 */

import { Arena, allocate, arenaOf, reallocate, release, reserve } from "../memory/allocator";
import { hashBytes, isMarking, noteTableBehind } from "../memory/root";
import { countSteps } from "../memory/steps";

/** A table grows above LOAD_NUMERATOR / LOAD_DENOMINATOR elements a bucket. */
const LOAD_NUMERATOR: u32 = 15;
const LOAD_DENOMINATOR: u32 = 2;
/** A table gives its last bucket back below this many elements a bucket. */
const LOAD_MINIMUM: u32 = 3;

const BUCKET_BYTES: u32 = 64;
const SLOTS: u32 = 12;
const OVERFLOW: usize = 12;
const REFERENCES: usize = 16;
const SLOT_MASK: i32 = 0xfff;
const SEGMENT_BITS: u32 = 10;
const SEGMENT_BUCKETS: u32 = 1024;
const DIRECTORY_BITS: u32 = 20;
const DIRECTORY_BYTES: u32 = 4096;
const ROOT_BYTES: u32 = 256;
const BUCKETS_MAXIMUM: u32 = 1 << 26;
/** Places that a random draw chooses among in a chain with overflow; see `randomReference`. */
const PROBE_PLACES: u64 = 36;

@unmanaged
export class HashTable {
  /** Elements. */
  count: u32;
  /** Buckets in use; 0 before the first insertion. */
  buckets: u32;
  /** 2^L - 1. */
  mask: u32;
  /** Address of the only segment, or of the directory root. */
  segments: u32;
  /** Overflow buckets. */
  overflows: u32;
}

/** Bytes of the record, for records that embed one. */
// @ts-ignore: decorator
@inline
export const HASH_TABLE_BYTES: u32 = 20;

if (offsetof<HashTable>() != HASH_TABLE_BYTES) ERROR("HashTable does not match its diagram");

/** Makes `table` an empty table that owns no memory. */
export function initializeTable(table: HashTable): void {
  table.count = 0;
  table.buckets = 0;
  table.mask = 0;
  table.segments = 0;
  table.overflows = 0;
}

// @ts-ignore: decorator
@inline
function fingerprintOf(hash: u64): u32 {
  const high = <u32>(hash >> 56);
  return high ? high : 1;
}

// @ts-ignore: decorator
@inline
function indexOf(table: HashTable, hash: u64): u32 {
  const wide = <u32>hash & ((table.mask << 1) | 1);
  return wide < table.buckets ? wide : <u32>hash & table.mask;
}

function farBucketAt(table: HashTable, index: u32): usize {
  const directory = load<u32>(table.segments + ((index >> DIRECTORY_BITS) << 2));
  const segment = load<u32>(directory + (((index >> SEGMENT_BITS) & (SEGMENT_BUCKETS - 1)) << 2));
  return segment + ((index & (SEGMENT_BUCKETS - 1)) << 6);
}

/** Address of the first bucket of chain `index`, which exists. */
// @ts-ignore: decorator
@inline
export function bucketAt(table: HashTable, index: u32): usize {
  return table.buckets <= SEGMENT_BUCKETS
    ? <usize>table.segments + (index << 6)
    : farBucketAt(table, index);
}

/** The next bucket of a chain, 0 at its end. */
// @ts-ignore: decorator
@inline
export function nextInChain(bucket: usize): usize {
  return load<u32>(bucket, OVERFLOW);
}

/** How many slots of one bucket (not of its chain) are occupied; they come first. */
// @ts-ignore: decorator
@inline
export function occupiedSlots(bucket: usize): i32 {
  const empty = i8x16.bitmask(i8x16.eq(v128.load(bucket), i8x16.splat(0))) | (1 << SLOTS);
  return ctz(empty);
}

/** The reference in slot `slot` of `bucket`. */
// @ts-ignore: decorator
@inline
export function referenceAt(bucket: usize, slot: i32): usize {
  return load<u32>(bucket + (slot << 2), REFERENCES);
}

/** Address of the slot that refers to `key`, 0 when there is none. Valid until the next change. */
export function find<T>(table: HashTable, key: usize, bytes: u32, hash: u64): usize {
  if (!table.count) return 0;
  let bucket = bucketAt(table, indexOf(table, hash));
  const wanted = i8x16.splat(<i8>fingerprintOf(hash));
  do {
    let mask = i8x16.bitmask(i8x16.eq(v128.load(bucket), wanted)) & SLOT_MASK;
    while (mask) {
      const slot = bucket + REFERENCES + (ctz(mask) << 2);
      if (changetype<T>(<usize>load<u32>(slot)).matches(key, bytes)) return slot;
      mask &= mask - 1;
    }
    bucket = nextInChain(bucket);
  } while (bucket);
  return 0;
}

/** Address of the chain that a key with this hash belongs to; 0 when the table has none yet. */
export function chainOf(table: HashTable, hash: u64): usize {
  return table.buckets ? bucketAt(table, indexOf(table, hash)) : 0;
}

/** The first element of a bucket that may have this hash, the bucket itself when there is none. */
export function candidateIn(bucket: usize, hash: u64): usize {
  const wanted = i8x16.splat(<i8>fingerprintOf(hash));
  const mask = i8x16.bitmask(i8x16.eq(v128.load(bucket), wanted)) & SLOT_MASK;
  return mask ? referenceAt(bucket, ctz(mask)) : bucket;
}

/** Adds an element that is not in the table yet; `hash` is its key's. */
export function insert<T>(table: HashTable, reference: usize, hash: u64): void {
  if (!table.buckets) createFirstBucket(table, Arena.DATA);
  append(table, bucketAt(table, indexOf(table, hash)), reference, fingerprintOf(hash));
  table.count += 1;
  if (isFull(table)) grow<T>(table);
}

/** Takes out the element of `slot` (from `find`), whose key has this hash. */
export function remove(table: HashTable, slot: usize, hash: u64): void {
  fillHole(table, bucketAt(table, indexOf(table, hash)), slot);
  table.count -= 1;
  if (!isSparse(table)) return;
  if (isMarking()) noteTableBehind();
  else shrink(table);
}

// @ts-ignore: decorator
@inline
function isFull(table: HashTable): bool {
  return table.count * LOAD_DENOMINATOR > table.buckets * LOAD_NUMERATOR;
}

// @ts-ignore: decorator
@inline
function isSparse(table: HashTable): bool {
  return table.buckets > 1 && table.count < table.buckets * LOAD_MINIMUM;
}

/**
 * Catches up with resizing that a snapshot or short memory has put off, one bucket a step; returns
 * the steps that are left. Insertions and removals catch up too, but only one bucket each.
 */
export function settleTable<T>(table: HashTable, steps: i32): i32 {
  if (isMarking() || !table.buckets) return steps;
  let left = steps;
  while (left > 0 && isFull(table) && grow<T>(table)) left -= 1;
  while (left > 0 && isSparse(table)) {
    shrink(table);
    left -= 1;
  }
  return left;
}

// @ts-ignore: decorator
@inline
function clearBucket(bucket: usize): void {
  v128.store(bucket, i8x16.splat(0));
}

/**
 * Makes `table` an empty table of the SERVER arena, which owns one bucket from now on. Tables of
 * DATA need no such call: they take their first bucket with their first element.
 */
export function initializeServerTable(table: HashTable): void {
  initializeTable(table);
  createFirstBucket(table, Arena.SERVER);
}

/** A table grows in the arena of its first bucket. */
// @ts-ignore: decorator
@inline
function allocateFor(table: HashTable, bytes: u32): usize {
  return allocate(arenaOf(table.segments), bytes);
}

function createFirstBucket(table: HashTable, arena: Arena): void {
  table.segments = <u32>allocate(arena, BUCKET_BYTES);
  clearBucket(table.segments);
  table.buckets = 1;
  table.mask = 0;
}

/** Puts a reference into the first empty slot of a chain. */
function append(table: HashTable, first: usize, reference: usize, fingerprint: u32): void {
  let bucket = first;
  let slot = occupiedSlots(bucket);
  while (slot == SLOTS) {
    let next = nextInChain(bucket);
    if (!next) {
      next = allocateFor(table, BUCKET_BYTES);
      clearBucket(next);
      store<u32>(bucket, <u32>next, OVERFLOW);
      table.overflows += 1;
    }
    bucket = next;
    slot = occupiedSlots(bucket);
  }
  store<u8>(bucket + slot, <u8>fingerprint);
  store<u32>(bucket + (slot << 2), <u32>reference, REFERENCES);
}

/** Empties `slot` by moving the last element of its chain into it; frees an emptied last bucket. */
function fillHole(table: HashTable, first: usize, slot: usize): void {
  let previous: usize = 0;
  let last = first;
  for (let next = nextInChain(last); next; next = nextInChain(last)) {
    previous = last;
    last = next;
  }
  const bucket = slot & ~<usize>(BUCKET_BYTES - 1);
  const hole = <i32>((slot - bucket - REFERENCES) >> 2);
  const lastSlot = occupiedSlots(last) - 1;
  if (bucket != last || hole != lastSlot) {
    store<u8>(bucket + hole, load<u8>(last + lastSlot));
    store<u32>(slot, <u32>referenceAt(last, lastSlot));
  }
  store<u8>(last + lastSlot, 0);
  if (previous && !lastSlot) {
    store<u32>(previous, 0, OVERFLOW);
    release(last);
    table.overflows -= 1;
  }
}

/** Adds one bucket by splitting the one it comes from; false when snapshots or memory forbid. */
function grow<T>(table: HashTable): bool {
  const index = table.buckets;
  if (isMarking() && table.count < index * SLOTS) {
    noteTableBehind();
    return false;
  }
  if (index >= BUCKETS_MAXIMUM || !makeRoom(table, index)) return false;
  table.buckets = index + 1;
  const added = bucketAt(table, index);
  clearBucket(added);
  split<T>(table, bucketAt(table, index & table.mask), added, <u64>table.mask + 1);
  if (index == ((table.mask << 1) | 1)) table.mask = index;
  return true;
}

/** Makes sure that bucket `index` has an address; false when memory is short. */
function makeRoom(table: HashTable, index: u32): bool {
  if (index < SEGMENT_BUCKETS) {
    if (index & (index - 1)) return true;
    if (!reserve(index * BUCKET_BYTES * 2)) return false;
    table.segments = <u32>reallocate(table.segments, index * BUCKET_BYTES * 2);
    return true;
  }
  if (index & (SEGMENT_BUCKETS - 1)) return true;
  if (!reserve(SEGMENT_BUCKETS * BUCKET_BYTES + DIRECTORY_BYTES + ROOT_BYTES)) return false;
  if (index == SEGMENT_BUCKETS) {
    const root = allocateFor(table, ROOT_BYTES);
    const directory = allocateFor(table, DIRECTORY_BYTES);
    store<u32>(root, <u32>directory);
    store<u32>(directory, table.segments);
    table.segments = <u32>root;
  }
  const entry: usize = table.segments + ((index >> DIRECTORY_BITS) << 2);
  if (!(index & ((1 << DIRECTORY_BITS) - 1))) {
    store<u32>(entry, <u32>allocateFor(table, DIRECTORY_BYTES));
  }
  const place: usize = load<u32>(entry) + (((index >> SEGMENT_BITS) & (SEGMENT_BUCKETS - 1)) << 2);
  store<u32>(place, <u32>allocateFor(table, SEGMENT_BUCKETS * BUCKET_BYTES));
  return true;
}

/** Moves the elements of chain `from` whose hash has `bit` into chain `to`, closing the gaps. */
function split<T>(table: HashTable, from: usize, to: usize, bit: u64): void {
  let write = from;
  let writeSlot: u32 = 0;
  for (let read = from; read; read = nextInChain(read)) {
    const elements: u32 = occupiedSlots(read);
    countSteps(1 + elements);
    for (let slot: u32 = 0; slot < elements; slot++) {
      const reference = referenceAt(read, slot);
      const fingerprint = load<u8>(read + slot);
      const element = changetype<T>(reference);
      if (hashBytes(element.keyAddress, element.keyBytes) & bit) {
        append(table, to, reference, fingerprint);
        continue;
      }
      if (writeSlot == SLOTS) {
        write = nextInChain(write);
        writeSlot = 0;
      }
      if (write != read || writeSlot != slot) {
        store<u8>(write + writeSlot, fingerprint);
        store<u32>(write + (writeSlot << 2), <u32>reference, REFERENCES);
      }
      writeSlot += 1;
    }
  }
  truncate(table, write, writeSlot);
}

/** Ends a chain after `used` slots of `bucket` and frees the buckets behind it. */
function truncate(table: HashTable, bucket: usize, used: u32): void {
  for (let slot = used; slot < SLOTS; slot++) store<u8>(bucket + slot, 0);
  let next = nextInChain(bucket);
  if (next) store<u32>(bucket, 0, OVERFLOW);
  while (next) {
    const after = nextInChain(next);
    release(next);
    table.overflows -= 1;
    next = after;
  }
}

/** Gives the last bucket back: its elements return to the bucket that it was split from. */
function shrink(table: HashTable): void {
  const index = table.buckets - 1;
  if (index == table.mask) table.mask >>= 1;
  const last = bucketAt(table, index);
  const target = bucketAt(table, index & table.mask);
  for (let bucket = last; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    countSteps(1 + elements);
    for (let slot = 0; slot < elements; slot++) {
      append(table, target, referenceAt(bucket, slot), load<u8>(bucket + slot));
    }
  }
  truncate(table, last, 0);
  giveBack(table, index);
  table.buckets = index;
}

/** Frees the memory that only bucket `index`, the last one, needed. */
function giveBack(table: HashTable, index: u32): void {
  if (index < SEGMENT_BUCKETS) {
    if (index & (index - 1)) return;
    table.segments = <u32>reallocate(table.segments, index * BUCKET_BYTES);
    return;
  }
  if (index & (SEGMENT_BUCKETS - 1)) return;
  const root = <usize>table.segments;
  const directory = <usize>load<u32>(root + ((index >> DIRECTORY_BITS) << 2));
  release(load<u32>(directory + (((index >> SEGMENT_BITS) & (SEGMENT_BUCKETS - 1)) << 2)));
  if (index == SEGMENT_BUCKETS) {
    table.segments = load<u32>(directory);
    release(directory);
    release(root);
  } else if (!(index & ((1 << DIRECTORY_BITS) - 1))) {
    release(directory);
  }
}

/**
 * Drops the last bucket of a table that is being dismantled, its elements being gone already. After
 * the last one the table is empty and owns nothing: freeing a table is a loop that may pause.
 */
export function freeLastBucket(table: HashTable): void {
  const index = table.buckets - 1;
  truncate(table, bucketAt(table, index), 0);
  if (!index) {
    release(table.segments);
    initializeTable(table);
    return;
  }
  if (index == table.mask) table.mask >>= 1;
  giveBack(table, index);
  table.buckets = index;
}

/** Frees all buckets of a table whose elements are gone already. */
export function freeTable(table: HashTable): void {
  while (table.buckets) freeLastBucket(table);
}

/**
 * A reference chosen with the same chance for every element (chains beyond 36 elements, which a
 * keyed hash does not make, aside); 0 for an empty table. A chain is drawn, then a place in it;
 * places beyond its end are drawn again, so a fuller chain counts for more. Some 5 draws on
 * average; a table that a snapshot keeps from shrinking takes more.
 */
export function randomReference(table: HashTable, seed: u64): usize {
  if (!table.count) return 0;
  const places: u64 = table.overflows ? PROBE_PLACES : SLOTS;
  let state = seed;
  while (true) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const index = <u32>(((state >> 32) * <u64>table.buckets) >> 32);
    state = state * 6364136223846793005 + 1442695040888963407;
    let place = <u32>(((state >> 32) * places) >> 32);
    let bucket = bucketAt(table, index);
    while (bucket && place >= SLOTS) {
      bucket = nextInChain(bucket);
      place -= SLOTS;
    }
    if (bucket && place < <u32>occupiedSlots(bucket)) return referenceAt(bucket, place);
  }
}

function reverseBits(value: u32): u32 {
  let v = value;
  v = ((v >> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  return bswap(v);
}

/**
 * SCAN. A cursor names chain `cursor & mask`; where that one was split already, its sibling
 * belongs to the same step: `scanChain` and `scanSibling` are what to emit, `scanNext` the cursor
 * after, 0 at the end. Counting with reversed bits (Noordhuis, as in Redis) means that a table that
 * grows or shrinks between steps never hides an element that stayed in it.
 */
export function scanChain(table: HashTable, cursor: u64): usize {
  return table.buckets ? bucketAt(table, <u32>cursor & table.mask) : 0;
}

/** The second chain of a step, 0 when the first one is not split. */
export function scanSibling(table: HashTable, cursor: u64): usize {
  const sibling = (<u32>cursor & table.mask) + table.mask + 1;
  return sibling < table.buckets ? bucketAt(table, sibling) : 0;
}

/** The cursor after `cursor`, 0 when everything was seen. */
export function scanNext(table: HashTable, cursor: u64): u64 {
  return <u64>reverseBits(reverseBits(<u32>cursor | ~table.mask) + 1);
}

/** Bytes that the table takes beside its elements. */
export function tableBytes(table: HashTable): f64 {
  const buckets = table.buckets;
  if (!buckets) return 0;
  const overflow = <f64>table.overflows * BUCKET_BYTES;
  if (buckets <= SEGMENT_BUCKETS) {
    const places: u32 = 1 << (32 - clz(buckets - 1));
    return <f64>places * BUCKET_BYTES + overflow;
  }
  const segments = (buckets + SEGMENT_BUCKETS - 1) >> SEGMENT_BITS;
  const directories = ((buckets - 1) >> DIRECTORY_BITS) + 1;
  return <f64>segments * (SEGMENT_BUCKETS * BUCKET_BYTES) + overflow
    + <f64>(directories * DIRECTORY_BYTES + ROOT_BYTES);
}

/** Longest chain in buckets, for DEBUG HTSTATS and tests. */
export function longestChain(table: HashTable): u32 {
  let longest: u32 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    let length: u32 = 0;
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) length += 1;
    if (length > longest) longest = length;
  }
  return longest;
}

/** 0, or the number of the broken invariant. */
export function validateTable<T>(table: HashTable): i32 {
  let count: u32 = 0;
  let overflows: u32 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    const first = bucketAt(table, index);
    for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
      const elements = occupiedSlots(bucket);
      for (let slot = elements; slot < <i32>SLOTS; slot++) if (load<u8>(bucket + slot)) return 3;
      if (nextInChain(bucket) && elements != SLOTS) return 3;
      if (bucket != first) {
        if (!elements) return 3;
        overflows += 1;
      }
      for (let slot = 0; slot < elements; slot++) {
        const element = changetype<T>(referenceAt(bucket, slot));
        const hash = hashBytes(element.keyAddress, element.keyBytes);
        if (indexOf(table, hash) != index) return 2;
        if (load<u8>(bucket + slot) != <u8>fingerprintOf(hash)) return 2;
        count += 1;
      }
    }
  }
  if (count != table.count || overflows != table.overflows) return 1;
  if (table.buckets) {
    if (table.mask & (table.mask + 1)) return 4;
    if (table.buckets <= table.mask || table.buckets > (table.mask << 1) + 1) return 4;
  }
  return 0;
}

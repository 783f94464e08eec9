/**
 * Growing vector of 4-byte references: the index of keys that expire, and of anything else that is
 * found by drawing from all of its members.
 *
 * Why a vector and not a heap or a second hash table: expiry works by sampling and by walking on a
 * cursor, both need only "the i-th", and a member that remembers its place is removed in O(1) by
 * moving the last one into it. 4 bytes a key here and 4 in the key, where a heap touches
 * log4(n) other keys for each change and a hash table costs 9.
 *
 *   count <= 1024: `segments` is one block of 4 * 2^k bytes (k >= 2)
 *   count  > 1024: `segments` -> root page of 1024 u32 -> directory pages of 1024 u32 -> segments
 *
 * Invariants (numbers as `validateVector` answers them; the owner checks each member's place):
 *   1 segments is 0 exactly when capacity is 0    2 count <= capacity, capacity a whole block
 */

import { Arena, allocate, reallocate, release } from "../memory/allocator";

const SEGMENT_BITS: u32 = 10;
const SEGMENT_ENTRIES: u32 = 1024;
const SEGMENT_MASK: u32 = SEGMENT_ENTRIES - 1;
const SEGMENT_BYTES: u32 = SEGMENT_ENTRIES * 4;
const DIRECTORY_BITS: u32 = 20;
const FIRST_CAPACITY: u32 = 4;

@unmanaged
export class ReferenceVector {
  /** Members. */
  count: u32;
  /** Members that fit without a new block. */
  capacity: u32;
  /** Address of the only segment, or of the root page. */
  segments: u32;
}

// @ts-ignore: decorator
@inline
export const REFERENCE_VECTOR_BYTES: u32 = 12;

/** Bytes that `push` may allocate at most. */
// @ts-ignore: decorator
@inline
export const PUSH_BYTES_MAXIMUM: u32 = 3 * SEGMENT_BYTES;

if (offsetof<ReferenceVector>() != REFERENCE_VECTOR_BYTES) ERROR("ReferenceVector is 12 bytes");

export function initializeVector(vector: ReferenceVector): void {
  vector.count = 0;
  vector.capacity = 0;
  vector.segments = 0;
}

function placeOf(vector: ReferenceVector, index: u32): usize {
  if (vector.capacity <= SEGMENT_ENTRIES) return <usize>vector.segments + (index << 2);
  const directory = load<u32>(vector.segments + ((index >> DIRECTORY_BITS) << 2));
  const segment = load<u32>(directory + (((index >> SEGMENT_BITS) & SEGMENT_MASK) << 2));
  return segment + ((index & SEGMENT_MASK) << 2);
}

/** The member at `index`, which is below `count`. */
export function vectorAt(vector: ReferenceVector, index: u32): usize {
  return load<u32>(placeOf(vector, index));
}

/** Replaces the member at `index`. */
export function setVectorAt(vector: ReferenceVector, index: u32, reference: usize): void {
  store<u32>(placeOf(vector, index), <u32>reference);
}

/** Appends a member; returns its index. The caller has reserved PUSH_BYTES_MAXIMUM. */
export function push(vector: ReferenceVector, reference: usize): u32 {
  const index = vector.count;
  if (index == vector.capacity) addCapacity(vector);
  vector.count = index + 1;
  store<u32>(placeOf(vector, index), <u32>reference);
  return index;
}

function addCapacity(vector: ReferenceVector): void {
  const capacity = vector.capacity;
  if (!capacity) {
    vector.segments = <u32>allocate(Arena.DATA, FIRST_CAPACITY * 4);
    vector.capacity = FIRST_CAPACITY;
    return;
  }
  if (capacity < SEGMENT_ENTRIES) {
    vector.segments = <u32>reallocate(vector.segments, capacity * 8);
    vector.capacity = capacity * 2;
    return;
  }
  if (capacity == SEGMENT_ENTRIES) {
    const root = allocate(Arena.DATA, SEGMENT_BYTES);
    const directory = allocate(Arena.DATA, SEGMENT_BYTES);
    store<u32>(root, <u32>directory);
    store<u32>(directory, vector.segments);
    vector.segments = <u32>root;
  }
  const entry: usize = vector.segments + ((capacity >> DIRECTORY_BITS) << 2);
  if (!(capacity & ((1 << DIRECTORY_BITS) - 1))) {
    store<u32>(entry, <u32>allocate(Arena.DATA, SEGMENT_BYTES));
  }
  const place: usize = load<u32>(entry) + (((capacity >> SEGMENT_BITS) & SEGMENT_MASK) << 2);
  store<u32>(place, <u32>allocate(Arena.DATA, SEGMENT_BYTES));
  vector.capacity = capacity + SEGMENT_ENTRIES;
}

/**
 * Removes the member at `index` by moving the last one there. Returns the member that moved, whose
 * place is now `index`; 0 when the last one itself was removed.
 */
export function removeAt(vector: ReferenceVector, index: u32): usize {
  const last = vector.count - 1;
  let moved: usize = 0;
  if (index != last) {
    moved = vectorAt(vector, last);
    setVectorAt(vector, index, moved);
  }
  vector.count = last;
  // One empty segment stays, so that a member that comes and goes at an edge costs nothing.
  if (vector.capacity - last > SEGMENT_ENTRIES * 2) dropSegment(vector);
  else if (!last) freeVector(vector);
  return moved;
}

function dropSegment(vector: ReferenceVector): void {
  const capacity = vector.capacity - SEGMENT_ENTRIES;
  const root: usize = vector.segments;
  const directory: usize = load<u32>(root + ((capacity >> DIRECTORY_BITS) << 2));
  release(load<u32>(directory + (((capacity >> SEGMENT_BITS) & SEGMENT_MASK) << 2)));
  vector.capacity = capacity;
  if (capacity == SEGMENT_ENTRIES) {
    vector.segments = load<u32>(directory);
    release(directory);
    release(root);
  } else if (!(capacity & ((1 << DIRECTORY_BITS) - 1))) {
    release(directory);
  }
}

/** Frees the vector's own memory; it is empty afterwards. */
export function freeVector(vector: ReferenceVector): void {
  while (vector.capacity) freeLastSegment(vector);
}

/** Frees one segment of a vector that is being dismantled; after the last one it is empty. */
export function freeLastSegment(vector: ReferenceVector): void {
  if (vector.capacity > SEGMENT_ENTRIES) return dropSegment(vector);
  release(vector.segments);
  initializeVector(vector);
}

/** Bytes that the vector takes. */
export function vectorBytes(vector: ReferenceVector): f64 {
  if (vector.capacity <= SEGMENT_ENTRIES) return <f64>vector.capacity * 4;
  const directories = ((vector.capacity - 1) >> DIRECTORY_BITS) + 1;
  return <f64>vector.capacity * 4 + <f64>((directories + 1) * SEGMENT_BYTES);
}

/** 0, or the number of the broken invariant. */
export function validateVector(vector: ReferenceVector): i32 {
  if ((vector.segments == 0) != (vector.capacity == 0)) return 1;
  if (vector.count > vector.capacity) return 2;
  if (vector.capacity > SEGMENT_ENTRIES && vector.capacity & SEGMENT_MASK) return 2;
  return 0;
}

/**
 * Sorted set of integers in one block, each in as many bytes as the widest of them needs.
 *
 *   +0  u32  count
 *   +4  u32  width: 2, 4 or 8 bytes
 *   +8  i16, i32 or i64 x count, ascending
 *
 * Why: a small set of ids takes 2 to 8 bytes a member and no pointers, is searched in a few steps
 * and is drawn from by index. The width only grows: a set that has once held a wide member stays
 * wide, so that adding and removing it does not rewrite the rest each time.
 *
 * Functions that change a set answer its address, which may be a new one. They allocate at most
 * `integerSetBytes` of what they make; the caller has reserved that.
 *
 * Invariants (numbers as `validateIntegerSet` answers them):
 *   1 width is 2, 4 or 8    2 the members fit the block    3 they ascend without repetition
 *
 * Cost: a binary search; insertion and removal move the members behind.
 */

import {
  Arena, LARGE_BYTES, allocate, reallocate, reserve, usableBytes,
} from "../memory/allocator";

const HEADER_BYTES: u32 = 8;
const FIRST_CAPACITY: u32 = 4;

@unmanaged
class IntegerSet {
  count: u32;
  width: u32;
}

if (offsetof<IntegerSet>() != HEADER_BYTES) ERROR("IntegerSet does not match its diagram");

// @ts-ignore: decorator
@inline
function view(set: usize): IntegerSet {
  return changetype<IntegerSet>(set);
}

// @ts-ignore: decorator
@inline
function widthOf(value: i64): u32 {
  if (value == <i64>(<i16>value)) return 2;
  return value == <i64>(<i32>value) ? 4 : 8;
}

/** An empty set of the smallest width. */
export function createIntegerSet(): usize {
  const set = allocate(Arena.DATA, HEADER_BYTES + FIRST_CAPACITY * 2);
  view(set).count = 0;
  view(set).width = 2;
  return set;
}

// @ts-ignore: decorator
@inline
export function integerSetCount(set: usize): u32 {
  return view(set).count;
}

/** Bytes in use, header included. */
export function integerSetBytes(set: usize): u32 {
  return HEADER_BYTES + view(set).count * view(set).width;
}

/** Bytes of a set with `more` members of any width added. */
export function grownIntegerSetBytes(set: usize, more: u32): f64 {
  return <f64>HEADER_BYTES + (<f64>view(set).count + <f64>more) * 8;
}

/** The member at `index`, which is below the count. */
export function integerSetAt(set: usize, index: u32): i64 {
  const members = set + HEADER_BYTES;
  switch (view(set).width) {
    case 2:
      return load<i16>(members + (index << 1));
    case 4:
      return load<i32>(members + (index << 2));
    default:
      return load<i64>(members + (index << 3));
  }
}

function storeAt(set: usize, width: u32, index: u32, value: i64): void {
  const members = set + HEADER_BYTES;
  if (width == 2) store<i16>(members + (index << 1), <i16>value);
  else if (width == 4) store<i32>(members + (index << 2), <i32>value);
  else store<i64>(members + (index << 3), value);
}

/** The place of the first member that is not below `value`. */
// @ts-ignore: decorator
@inline
function lowerBound<T>(members: usize, count: u32, value: T): u32 {
  let low: u32 = 0;
  let length = count;
  while (length > 1) {
    const half = length >> 1;
    const middle: T = load<T>(members + <usize>(low + half - 1) * sizeof<T>());
    if (middle < value) low += half;
    length -= half;
  }
  if (!length) return 0;
  const last: T = load<T>(members + <usize>low * sizeof<T>());
  return last < value ? low + 1 : low;
}

/** The place of `value`, or the complement of the place where it would be inserted. */
export function integerSetFind(set: usize, value: i64): i32 {
  const count = view(set).count;
  const width = view(set).width;
  if (widthOf(value) > width) return value < 0 ? -1 : ~(<i32>count);
  const members = set + HEADER_BYTES;
  const place = width == 2
    ? lowerBound<i16>(members, count, <i16>value)
    : width == 4
      ? lowerBound<i32>(members, count, <i32>value)
      : lowerBound<i64>(members, count, value);
  if (place < count && integerSetAt(set, place) == value) return <i32>place;
  return ~(<i32>place);
}

/** Inserts `value` at the place that `integerSetFind` gave as a complement. */
export function integerSetInsert(set: usize, place: u32, value: i64): usize {
  const count = view(set).count;
  if (widthOf(value) > view(set).width) return widen(set, value);
  const width = view(set).width;
  const grown = withRoom(set, HEADER_BYTES + (count + 1) * width);
  const at = grown + HEADER_BYTES + place * width;
  if (place < count) memory.copy(at + width, at, (count - place) * width);
  storeAt(grown, width, place, value);
  view(grown).count = count + 1;
  return grown;
}

/** The set with room for `bytes`; large blocks get an eighth more, so that few of them move. */
function withRoom(set: usize, bytes: u32): usize {
  if (bytes <= usableBytes(set)) return set;
  return reallocate(set, bytes >= LARGE_BYTES ? bytes + (bytes >> 3) : bytes);
}

/** Rewrites the members wider and adds `value`, which lies before or behind all of them. */
function widen(set: usize, value: i64): usize {
  const width = widthOf(value);
  const count = view(set).count;
  const grown = withRoom(set, HEADER_BYTES + (count + 1) * width);
  const shift = u32(value < 0);
  for (let index = count; index > 0; index--) {
    storeAt(grown, width, index - 1 + shift, integerSetAt(grown, index - 1));
  }
  storeAt(grown, width, shift ? 0 : count, value);
  view(grown).width = width;
  view(grown).count = count + 1;
  return grown;
}

/** Removes the member at `index`. Memory is given back when half of it is unused. */
export function integerSetRemove(set: usize, index: u32): usize {
  const count = view(set).count - 1;
  const width = view(set).width;
  const at = set + HEADER_BYTES + index * width;
  if (index < count) memory.copy(at, at + width, (count - index) * width);
  view(set).count = count;
  const bytes = HEADER_BYTES + count * width;
  if (bytes > usableBytes(set) >> 1 || bytes < 32 || !reserve(bytes)) return set;
  return reallocate(set, bytes);
}

/** 0, or the number of the broken invariant. */
export function validateIntegerSet(set: usize): i32 {
  const width = view(set).width;
  if (width != 2 && width != 4 && width != 8) return 1;
  if (integerSetBytes(set) > usableBytes(set)) return 2;
  for (let index: u32 = 1; index < view(set).count; index++) {
    if (integerSetAt(set, index - 1) >= integerSetAt(set, index)) return 3;
  }
  return 0;
}

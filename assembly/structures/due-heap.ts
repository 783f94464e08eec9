/**
 * Heap of references ordered by time: what comes due next is at place 0.
 *
 * It answers "which is due" without looking at what is not: hashes whose fields expire stand in one
 * per database, the expiring fields of a large hash in one of its own. The places are those of a
 * ReferenceVector, so that nothing moves when the heap grows. Four children a node: half the levels
 * of a binary heap, and the four references lie side by side.
 *
 *   children of place p: 4 p + 1 .. 4 p + 4
 *
 * T is the element's view class with `dueMs` and `duePlace`: an element knows its place, so that it
 * leaves or moves in O(log n). Invariants (numbers as `validateDueHeap` answers them):
 *   1 each element's duePlace is its place    2 no element is due before its parent
 *   10 + those of the vector
 *
 * Costs: first O(1); enter, leave, move O(log4 n), enter with the latest time O(1).
 */

import {
  ReferenceVector, push, removeAt, setVectorAt, validateVector, vectorAt,
} from "./reference-vector";

/** The element that is due first; the heap is not empty. */
// @ts-ignore: decorator
@inline
export function firstDue(heap: ReferenceVector): usize {
  return vectorAt(heap, 0);
}

/** Adds an element whose time is set. The caller has reserved PUSH_BYTES_MAXIMUM. */
export function enterDue<T>(heap: ReferenceVector, reference: usize): void {
  raise<T>(heap, push(heap, reference), reference);
}

/** Takes out the element at `place`. */
export function leaveDue<T>(heap: ReferenceVector, place: u32): void {
  const moved = removeAt(heap, place);
  if (moved) settle<T>(heap, place, moved);
}

/** The element at `place` has another time now: it goes where that belongs. */
export function moveDue<T>(heap: ReferenceVector, place: u32): void {
  settle<T>(heap, place, vectorAt(heap, place));
}

/** The element at `place` lies at another address now; its time and place are the same. */
// @ts-ignore: decorator
@inline
export function replaceDue(heap: ReferenceVector, place: u32, reference: usize): void {
  setVectorAt(heap, place, reference);
}

/** Finds the place for an element that may be due before its parent or after a child. */
function settle<T>(heap: ReferenceVector, place: u32, reference: usize): void {
  if (raise<T>(heap, place, reference) == place) sink<T>(heap, place, reference);
}

/** Moves an element up from `place` until its parent is due first; returns its place. */
function raise<T>(heap: ReferenceVector, place: u32, reference: usize): u32 {
  const dueMs = changetype<T>(reference).dueMs;
  let at = place;
  while (at) {
    const parent = (at - 1) >> 2;
    const above = vectorAt(heap, parent);
    if (changetype<T>(above).dueMs <= dueMs) break;
    put<T>(heap, at, above);
    at = parent;
  }
  put<T>(heap, at, reference);
  return at;
}

/** Moves an element down from `place` until no child is due before it. */
function sink<T>(heap: ReferenceVector, place: u32, reference: usize): void {
  const dueMs = changetype<T>(reference).dueMs;
  let at = place;
  for (;;) {
    const first = (at << 2) + 1;
    if (first >= heap.count) break;
    const end = min(first + 4, heap.count);
    let least = first;
    let below = vectorAt(heap, first);
    for (let child = first + 1; child < end; child++) {
      const other = vectorAt(heap, child);
      if (changetype<T>(other).dueMs < changetype<T>(below).dueMs) {
        least = child;
        below = other;
      }
    }
    if (changetype<T>(below).dueMs >= dueMs) break;
    put<T>(heap, at, below);
    at = least;
  }
  put<T>(heap, at, reference);
}

// @ts-ignore: decorator
@inline
function put<T>(heap: ReferenceVector, place: u32, reference: usize): void {
  setVectorAt(heap, place, reference);
  changetype<T>(reference).duePlace = place;
}

/** 0, or the number of the broken invariant. */
export function validateDueHeap<T>(heap: ReferenceVector): i32 {
  const vector = validateVector(heap);
  if (vector) return 10 + vector;
  for (let place: u32 = 0; place < heap.count; place++) {
    const element = changetype<T>(vectorAt(heap, place));
    if (element.duePlace != place) return 1;
    if (!place) continue;
    if (changetype<T>(vectorAt(heap, (place - 1) >> 2)).dueMs > element.dueMs) return 2;
  }
  return 0;
}

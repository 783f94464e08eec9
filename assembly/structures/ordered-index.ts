/**
 * Ordered index: a counted B+tree over scored elements, by score and then by the member's bytes.
 *
 * Why not a skip list: a step of a skip list is a wait for memory, some 25 of them in a million
 * members; here a lookup loads four nodes whose scores lie side by side. Scores are kept in the
 * nodes, so an element itself is read only where scores are equal. Subtree counts give the rank of
 * an element and the element of a rank on the same way down.
 *
 *   node                  leaf (512 bytes)             inner node (1024 bytes)
 *   +0  u16 entries       +16   f64 x 41 scores        +16   f64 x 50 score of the first element
 *   +2  u16 level         +344  u32 x 41 elements      +416  u32 x 50 the first element itself
 *   +4  u32 leaf before                                +616  u32 x 50 child
 *   +8  u32 leaf behind                                +816  u32 x 50 elements below the child
 *
 * An insertion behind the last element leaves the full leaf as it is, so that ascending scores fill
 * their leaves. Nodes with less than a third of their entries merge with, or take from, the next.
 *
 * Invariants (numbers as `validateIndex` answers them):
 *   1 elements ascend strictly    2 a leaf's score is its element's     3 counts are exact
 *   4 an inner node names the first element of each child      5 levels and fill   6 leaf links
 *
 * Cost: about 12 / 0.7 = 17 bytes a member, depth 4 for a million; `INSERT_BYTES_MAXIMUM` is to be
 * reserved before an insertion or a move.
 */

import { Arena, allocate, release } from "../memory/allocator";
import { compareBytes } from "../memory/bytes";
import { ScoredElement } from "./scored-element";

const LEAF_ENTRIES: u32 = 41;
const INNER_ENTRIES: u32 = 50;
const LEAF_MINIMUM: u32 = 13;
const INNER_MINIMUM: u32 = 16;
const LEAF_BYTES: u32 = 512;
const INNER_BYTES: u32 = 1024;

const SCORES: usize = 16;
export const LEAF_ELEMENTS: usize = 344;
const INNER_ELEMENTS: usize = 416;
const CHILDREN: usize = 616;
const COUNTS: usize = 816;

/** Bytes that an insertion allocates at most: a node on each of at most eight levels and a root. */
// @ts-ignore: decorator
@inline
export const INSERT_BYTES_MAXIMUM: u32 = 9 * INNER_BYTES;

@unmanaged
export class OrderedIndex {
  /** The root node, 0 when there is no element. */
  root: u32;
  /** Elements. */
  count: u32;
}

/** Which side of the elements a boundary lies on; see `Boundary`. */
export const enum Side {
  /** Before every element with this score. */
  SCORE_BEFORE = 0,
  /** Behind every element with this score. */
  SCORE_BEHIND = 1,
  /** Behind the element with this score and these bytes. */
  ELEMENT_BEHIND = 2,
  /** Before, or behind, the element with these bytes whatever its score (all scores are equal). */
  BYTES_BEFORE = 3,
  BYTES_BEHIND = 4,
}

/** A place between two elements. */
@unmanaged
export class Boundary {
  score: f64;
  side: Side;
  address: u32;
  bytes: u32;
}

/** An element's place: a leaf and an entry in it. Valid until the next change. */
@unmanaged
export class IndexCursor {
  leaf: u32;
  entry: u32;
}

if (SCORES + LEAF_ENTRIES * 8 != LEAF_ELEMENTS) ERROR("leaf: scores end where elements begin");
if (SCORES + INNER_ENTRIES * 8 != INNER_ELEMENTS) ERROR("inner: scores end where elements begin");

// @ts-ignore: decorator
@inline
export function entriesOf(node: usize): u32 {
  return load<u16>(node);
}

// @ts-ignore: decorator
@inline
function setEntries(node: usize, entries: u32): void {
  store<u16>(node, <u16>entries);
}

// @ts-ignore: decorator
@inline
function levelOf(node: usize): u32 {
  return load<u16>(node, 2);
}

// @ts-ignore: decorator
@inline
export function scoreAt(node: usize, entry: u32): f64 {
  return load<f64>(node + (entry << 3), SCORES);
}

// @ts-ignore: decorator
@inline
function elementsOf(node: usize): usize {
  return levelOf(node) ? node + INNER_ELEMENTS : node + LEAF_ELEMENTS;
}

// @ts-ignore: decorator
@inline
function childAt(node: usize, entry: u32): usize {
  return load<u32>(node + (entry << 2), CHILDREN);
}

// @ts-ignore: decorator
@inline
function countAt(node: usize, entry: u32): u32 {
  return load<u32>(node + (entry << 2), COUNTS);
}

function newNode(level: u32): usize {
  const node = allocate(Arena.DATA, level ? INNER_BYTES : LEAF_BYTES);
  store<u32>(node, level << 16);
  store<u32>(node, 0, 4);
  store<u64>(node, 0, 8);
  return node;
}

export function initializeIndex(index: OrderedIndex): void {
  index.root = 0;
  index.count = 0;
}

// ---- Searching ---------------------------------------------------------------------------------

/** Whether the element of an entry lies before the boundary, its score being no answer. */
function isBeforeByBytes(boundary: Boundary, reference: usize): bool {
  const side = boundary.side;
  if (side <= Side.SCORE_BEHIND) return side == Side.SCORE_BEHIND;
  const element = changetype<ScoredElement>(reference);
  const text: usize = boundary.address;
  const order = compareBytes(element.keyAddress, element.keyBytes, text, boundary.bytes);
  return side == Side.BYTES_BEFORE ? order < 0 : order <= 0;
}

/** How many of the entries from `from` on lie before the boundary, plus `from`. */
function entriesBefore(node: usize, boundary: Boundary, from: u32): u32 {
  const elements = elementsOf(node);
  const isByScore = boundary.side <= Side.ELEMENT_BEHIND;
  const score = boundary.score;
  let low = from;
  let high = entriesOf(node);
  while (low < high) {
    const middle = (low + high) >> 1;
    const own = scoreAt(node, middle);
    let isBefore: bool;
    if (isByScore && own != score) isBefore = own < score;
    else isBefore = isBeforeByBytes(boundary, load<u32>(elements + (middle << 2)));
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The child that the boundary falls into. */
// @ts-ignore: decorator
@inline
function childFor(node: usize, boundary: Boundary): u32 {
  return entriesBefore(node, boundary, 1) - 1;
}

/** How many elements lie before the boundary. */
export function countBefore(index: OrderedIndex, boundary: Boundary): u32 {
  let node: usize = index.root;
  if (!node) return 0;
  let before: u32 = 0;
  while (levelOf(node)) {
    const child = childFor(node, boundary);
    for (let entry: u32 = 0; entry < child; entry++) before += countAt(node, entry);
    node = childAt(node, child);
  }
  return before + entriesBefore(node, boundary, 0);
}

/** Places the cursor on the element with this rank, which is below the count. */
export function seekRank(index: OrderedIndex, rank: u32, cursor: IndexCursor): void {
  let node: usize = index.root;
  let left = rank;
  while (levelOf(node)) {
    let entry: u32 = 0;
    for (let count = countAt(node, 0); left >= count; count = countAt(node, entry)) {
      left -= count;
      entry += 1;
    }
    node = childAt(node, entry);
  }
  cursor.leaf = <u32>node;
  cursor.entry = left;
}

/** The element under the cursor. */
// @ts-ignore: decorator
@inline
export function cursorElement(cursor: IndexCursor): ScoredElement {
  return changetype<ScoredElement>(
    <usize>load<u32>(<usize>cursor.leaf + (cursor.entry << 2), LEAF_ELEMENTS),
  );
}

/** Moves to the next element; false at the end, and the cursor is of no use then. */
export function cursorForward(cursor: IndexCursor): bool {
  cursor.entry += 1;
  if (cursor.entry < entriesOf(cursor.leaf)) return true;
  cursor.leaf = load<u32>(cursor.leaf, 8);
  cursor.entry = 0;
  return cursor.leaf != 0;
}

/** Moves to the element before; false at the beginning. */
export function cursorBackward(cursor: IndexCursor): bool {
  if (cursor.entry) {
    cursor.entry -= 1;
    return true;
  }
  cursor.leaf = load<u32>(cursor.leaf, 4);
  if (!cursor.leaf) return false;
  cursor.entry = entriesOf(cursor.leaf) - 1;
  return true;
}

// ---- Entries -----------------------------------------------------------------------------------

function moveWords(node: usize, field: usize, to: u32, from: u32, count: u32): void {
  const base = node + field;
  memory.copy(base + (to << 2), base + (from << 2), count << 2);
}

/** Moves `count` entries within a node. */
function moveEntries(node: usize, to: u32, from: u32, count: u32): void {
  if (!count) return;
  memory.copy(node + SCORES + (to << 3), node + SCORES + (from << 3), count << 3);
  if (!levelOf(node)) return moveWords(node, LEAF_ELEMENTS, to, from, count);
  moveWords(node, INNER_ELEMENTS, to, from, count);
  moveWords(node, CHILDREN, to, from, count);
  moveWords(node, COUNTS, to, from, count);
}

function copyWords(
  target: usize, to: u32, source: usize, from: u32, field: usize, count: u32,
): void {
  memory.copy(target + field + (to << 2), source + field + (from << 2), count << 2);
}

/** Copies `count` entries from one node to another of the same level. */
function copyEntries(target: usize, to: u32, source: usize, from: u32, count: u32): void {
  memory.copy(target + SCORES + (to << 3), source + SCORES + (from << 3), count << 3);
  if (!levelOf(target)) return copyWords(target, to, source, from, LEAF_ELEMENTS, count);
  copyWords(target, to, source, from, INNER_ELEMENTS, count);
  copyWords(target, to, source, from, CHILDREN, count);
  copyWords(target, to, source, from, COUNTS, count);
}

/** Elements below a node. */
function countBelow(node: usize): u32 {
  const entries = entriesOf(node);
  if (!levelOf(node)) return entries;
  let count: u32 = 0;
  for (let entry: u32 = 0; entry < entries; entry++) count += countAt(node, entry);
  return count;
}

/** Writes what an inner node says about a child. */
function describeChild(node: usize, entry: u32, child: usize, count: u32): void {
  store<f64>(node + (entry << 3), scoreAt(child, 0), SCORES);
  const place = node + (entry << 2);
  store<u32>(place, load<u32>(elementsOf(child)), INNER_ELEMENTS);
  store<u32>(place, <u32>child, CHILDREN);
  store<u32>(place, count, COUNTS);
}

/** Moves the entries from `keep` on into a new node behind `node`. */
function splitNode(node: usize, keep: u32): usize {
  const level = levelOf(node);
  const right = newNode(level);
  const moved = entriesOf(node) - keep;
  copyEntries(right, 0, node, keep, moved);
  setEntries(node, keep);
  setEntries(right, moved);
  if (level) return right;
  const behind: usize = load<u32>(node, 8);
  store<u32>(right, <u32>node, 4);
  store<u32>(right, <u32>behind, 8);
  store<u32>(node, <u32>right, 8);
  if (behind) store<u32>(behind, <u32>right, 4);
  return right;
}

// ---- Insertion ---------------------------------------------------------------------------------

function boundaryBehind(boundary: Boundary, element: ScoredElement, score: f64): void {
  boundary.score = score;
  boundary.side = Side.ELEMENT_BEHIND;
  boundary.address = <u32>element.keyAddress;
  boundary.bytes = element.keyBytes;
}

/**
 * Adds an element that is not in the index. `boundary` is a record of the caller's, overwritten.
 */
export function insertElement(
  index: OrderedIndex, element: ScoredElement, boundary: Boundary,
): void {
  boundaryBehind(boundary, element, element.score);
  if (!index.root) index.root = <u32>newNode(0);
  const root: usize = index.root;
  const right = insertBelow(root, element, boundary);
  index.count += 1;
  if (!right) return;
  const top = newNode(levelOf(root) + 1);
  setEntries(top, 2);
  describeChild(top, 0, root, countBelow(root));
  describeChild(top, 1, right, countBelow(right));
  index.root = <u32>top;
}

/** Adds the element below `node`; returns the node that was split off, 0 when none was. */
function insertBelow(node: usize, element: ScoredElement, boundary: Boundary): usize {
  if (!levelOf(node)) return insertIntoLeaf(node, element, boundary);
  const entry = childFor(node, boundary);
  const child = childAt(node, entry);
  const right = insertBelow(child, element, boundary);
  if (!right) {
    describeChild(node, entry, child, countAt(node, entry) + 1);
    return 0;
  }
  const rightCount = countBelow(right);
  describeChild(node, entry, child, countAt(node, entry) + 1 - rightCount);
  return insertChild(node, entry + 1, right, rightCount);
}

function insertIntoLeaf(leaf: usize, element: ScoredElement, boundary: Boundary): usize {
  const entries = entriesOf(leaf);
  let entry = entriesBefore(leaf, boundary, 0);
  let target = leaf;
  let right: usize = 0;
  if (entries == LEAF_ENTRIES) {
    const isLast = entry == entries && !load<u32>(leaf, 8);
    const keep = isLast ? entries : entries >> 1;
    right = splitNode(leaf, keep);
    if (entry > keep || isLast) {
      target = right;
      entry -= keep;
    }
  }
  const there = entriesOf(target);
  moveEntries(target, entry + 1, entry, there - entry);
  store<f64>(target + (entry << 3), boundary.score, SCORES);
  store<u32>(target + (entry << 2), <u32>changetype<usize>(element), LEAF_ELEMENTS);
  setEntries(target, there + 1);
  return right;
}

/** Adds a child to an inner node; returns the node that was split off, 0 when none was. */
function insertChild(node: usize, at: u32, child: usize, count: u32): usize {
  const entries = entriesOf(node);
  let entry = at;
  let target = node;
  let right: usize = 0;
  if (entries == INNER_ENTRIES) {
    // At the end most stay: ascending scores fill their nodes, too.
    const keep = entry == entries ? entries - INNER_MINIMUM : entries >> 1;
    right = splitNode(node, keep);
    if (entry > keep) {
      target = right;
      entry -= keep;
    }
  }
  const there = entriesOf(target);
  moveEntries(target, entry + 1, entry, there - entry);
  describeChild(target, entry, child, count);
  setEntries(target, there + 1);
  return right;
}

// ---- Removal -----------------------------------------------------------------------------------

/** Takes out an element that the index has under `score`. `boundary` is overwritten. */
export function removeElement(
  index: OrderedIndex, element: ScoredElement, score: f64, boundary: Boundary,
): void {
  boundaryBehind(boundary, element, score);
  const root: usize = index.root;
  removeBelow(root, boundary);
  index.count -= 1;
  if (!levelOf(root)) {
    if (entriesOf(root)) return;
    index.root = 0;
  } else {
    if (entriesOf(root) > 1) return;
    index.root = <u32>childAt(root, 0);
  }
  release(root);
}

function removeBelow(node: usize, boundary: Boundary): void {
  if (!levelOf(node)) {
    const entry = entriesBefore(node, boundary, 0) - 1;
    return dropEntry(node, entry);
  }
  const entry = childFor(node, boundary);
  const child = childAt(node, entry);
  removeBelow(child, boundary);
  const count = countAt(node, entry) - 1;
  if (entriesOf(child)) describeChild(node, entry, child, count);
  else store<u32>(node + (entry << 2), 0, COUNTS);
  const least = levelOf(child) ? INNER_MINIMUM : LEAF_MINIMUM;
  if (entriesOf(child) < least && entriesOf(node) > 1) rebalance(node, entry);
}

function dropEntry(node: usize, entry: u32): void {
  const entries = entriesOf(node) - 1;
  moveEntries(node, entry, entry + 1, entries - entry);
  setEntries(node, entries);
}

/** Gives a child with few entries some of a neighbour's, or makes one of the two. */
function rebalance(node: usize, entry: u32): void {
  const first = entry ? entry - 1 : entry;
  const left = childAt(node, first);
  const right = childAt(node, first + 1);
  const ofLeft = entriesOf(left);
  const ofRight = entriesOf(right);
  const both = ofLeft + ofRight;
  if (both <= (levelOf(left) ? INNER_ENTRIES : LEAF_ENTRIES)) {
    copyEntries(left, ofLeft, right, 0, ofRight);
    setEntries(left, both);
    describeChild(node, first, left, countAt(node, first) + countAt(node, first + 1));
    unlinkNode(right);
    return dropEntry(node, first + 1);
  }
  const keep = both >> 1;
  if (ofLeft < keep) {
    const moved = keep - ofLeft;
    copyEntries(left, ofLeft, right, 0, moved);
    moveEntries(right, 0, moved, ofRight - moved);
  } else {
    const moved = ofLeft - keep;
    moveEntries(right, moved, 0, ofRight);
    copyEntries(right, 0, left, keep, moved);
  }
  setEntries(left, keep);
  setEntries(right, both - keep);
  describeChild(node, first, left, countBelow(left));
  describeChild(node, first + 1, right, countBelow(right));
}

/** Frees a node, and takes a leaf out of the chain of leaves. */
function unlinkNode(node: usize): void {
  if (!levelOf(node)) {
    const before: usize = load<u32>(node, 4);
    const behind: usize = load<u32>(node, 8);
    if (before) store<u32>(before, <u32>behind, 8);
    if (behind) store<u32>(behind, <u32>before, 4);
  }
  release(node);
}

// ---- Moving ------------------------------------------------------------------------------------

function isLess(score: f64, element: ScoredElement, otherScore: f64, other: usize): bool {
  if (score != otherScore) return score < otherScore;
  const second = changetype<ScoredElement>(other);
  return compareBytes(element.keyAddress, element.keyBytes, second.keyAddress, second.keyBytes) < 0;
}

/** Gives an element that is in the index another score, and the place that belongs to it. */
export function moveElement(
  index: OrderedIndex, element: ScoredElement, score: f64, boundary: Boundary,
): void {
  boundaryBehind(boundary, element, element.score);
  let node: usize = index.root;
  while (levelOf(node)) node = childAt(node, childFor(node, boundary));
  const entry = entriesBefore(node, boundary, 0) - 1;
  if (keepsPlace(node, entry, element, score)) {
    store<f64>(node + (entry << 3), score, SCORES);
    element.score = score;
    return;
  }
  removeElement(index, element, element.score, boundary);
  element.score = score;
  insertElement(index, element, boundary);
}

/** Whether an entry inside its leaf stays between its neighbours with another score. */
function keepsPlace(leaf: usize, entry: u32, element: ScoredElement, score: f64): bool {
  if (!entry || entry + 1 >= entriesOf(leaf)) return false;
  const before: usize = load<u32>(leaf + ((entry - 1) << 2), LEAF_ELEMENTS);
  if (isLess(score, element, scoreAt(leaf, entry - 1), before)) return false;
  const behind: usize = load<u32>(leaf + ((entry + 1) << 2), LEAF_ELEMENTS);
  return isLess(score, element, scoreAt(leaf, entry + 1), behind);
}

// ---- The whole ---------------------------------------------------------------------------------

/** Frees the nodes; the elements are their owner's. */
export function freeIndex(index: OrderedIndex): void {
  while (index.root) freeLastNode(index);
}

/** Frees one node of an index that is being dismantled; after the last one `root` is 0. */
export function freeLastNode(index: OrderedIndex): void {
  let node: usize = index.root;
  let parent: usize = 0;
  while (levelOf(node) && entriesOf(node)) {
    parent = node;
    node = childAt(node, entriesOf(node) - 1);
  }
  release(node);
  if (parent) setEntries(parent, entriesOf(parent) - 1);
  else initializeIndex(index);
}

/** Bytes of the nodes. */
export function indexBytes(index: OrderedIndex): f64 {
  return index.root ? nodeBytes(index.root) : 0;
}

function nodeBytes(node: usize): f64 {
  const level = levelOf(node);
  if (!level) return LEAF_BYTES;
  const entries = entriesOf(node);
  if (level == 1) return <f64>(INNER_BYTES + entries * LEAF_BYTES);
  let bytes: f64 = INNER_BYTES;
  for (let entry: u32 = 0; entry < entries; entry++) bytes += nodeBytes(childAt(node, entry));
  return bytes;
}

/** 0, or the number of the broken invariant. */
export function validateIndex(index: OrderedIndex): i32 {
  const root: usize = index.root;
  if (!root) return index.count ? 3 : 0;
  if (entriesOf(root) < (levelOf(root) ? 2 : 1)) return 5;
  if (countBelow(root) != index.count) return 3;
  const broken = validateNode(root, true);
  return broken ? broken : validateLeaves(index);
}

function validateNode(node: usize, isRoot: bool): i32 {
  const entries = entriesOf(node);
  const level = levelOf(node);
  if (entries > (level ? INNER_ENTRIES : LEAF_ENTRIES)) return 5;
  // A leaf that was begun at the end may be small until it fills.
  if (!isRoot && !entries) return 5;
  if (!level) return 0;
  for (let entry: u32 = 0; entry < entries; entry++) {
    const child = childAt(node, entry);
    if (levelOf(child) + 1 != level) return 5;
    const broken = validateNode(child, false);
    if (broken) return broken;
    if (countBelow(child) != countAt(node, entry)) return 3;
    if (scoreAt(child, 0) != scoreAt(node, entry)) return 4;
    if (load<u32>(elementsOf(child)) != load<u32>(node + (entry << 2), INNER_ELEMENTS)) return 4;
  }
  return 0;
}

function validateLeaves(index: OrderedIndex): i32 {
  let leaf: usize = index.root;
  while (levelOf(leaf)) leaf = childAt(leaf, 0);
  let before: usize = 0;
  let last: usize = 0;
  let count: u32 = 0;
  while (leaf) {
    if (load<u32>(leaf, 4) != <u32>before) return 6;
    const entries = entriesOf(leaf);
    for (let entry: u32 = 0; entry < entries; entry++) {
      const reference: usize = load<u32>(leaf + (entry << 2), LEAF_ELEMENTS);
      const element = changetype<ScoredElement>(reference);
      if (element.score != scoreAt(leaf, entry)) return 2;
      if (last) {
        const previous = changetype<ScoredElement>(last);
        if (!isLess(previous.score, previous, element.score, reference)) return 1;
      }
      last = reference;
    }
    count += entries;
    before = leaf;
    leaf = load<u32>(leaf, 8);
  }
  return count == index.count ? 0 : 6;
}

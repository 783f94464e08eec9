/**
 * Sorted sets: members with a score each, by score and then by their bytes.
 *
 *   LISTPACK   a packed list of member, score, member, score ... in order; whole scores are
 *              integers (so -0 becomes 0), others their shortest text
 *   SKIPLIST   a block of 28 bytes: HashTable of the elements by member (20), OrderedIndex (8)
 *
 * A set begins packed and changes over for good when it gets more than zset-max-listpack-entries
 * members or one of more than zset-max-listpack-value bytes. The name is Redis's; the order is kept
 * in a B+tree (structures/ordered-index.ts).
 *
 * Both encodings answer in ranks: a range by score or bytes is two ranks, and a walk starts at one.
 * An operation on a member is `findMember` first, which leaves its place in `foundMember()` until
 * the next change. Callers reserve `memberBytesNeeded` before anything is added or moved.
 *
 *   SERVER root + 0x3a00  FoundMember | +0x20 Boundary | +0x40 a double that was parsed
 *   +0x50 text of an integer member (24) | +0x80 text of a score (48) | +0xb0 of another member
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, usableBytes } from "../memory/allocator";
import { compareBytes } from "../memory/bytes";
import { hashBytes } from "../memory/root";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, find, freeLastBucket, initializeTable, insert,
  nextInChain, occupiedSlots, referenceAt, remove, tableBytes, validateTable,
} from "../structures/hash-table";
import {
  Boundary, INSERT_BYTES_MAXIMUM, IndexCursor, OrderedIndex, Side, countBefore, cursorBackward,
  cursorElement, cursorForward, freeIndex, indexBytes, initializeIndex, insertElement, moveElement,
  removeElement, scoreAt, seekRank, validateIndex,
} from "../structures/ordered-index";
import {
  copyPackedList, createPackedList, freePackedList, packedAt, packedBytes, packedCount, packedFind,
  packedFirst, packedInsert, packedInteger, packedIsInteger, packedLast, packedNext,
  packedPosition, packedPrevious, packedRemove, packedText, packedTextBytes, validatePackedList,
} from "../structures/packed-list";
import { ScoredElement, newScoredElement } from "../structures/scored-element";
import { parseDouble, writeDouble } from "../text/doubles";
import { writeInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "./key-entry";

const SKIPLIST_BYTES: u32 = HASH_TABLE_BYTES + 8;
/** Room of a new packed list. */
const PACKED_START_BYTES: u32 = 24;
/** However long the limits allow a packed list to be. */
const PACKED_BYTES_MAXIMUM: u32 = 1 << 29;
/** Beside an element: nodes, a bucket, an overflow bucket. */
const ADDITION_BYTES: u32 = INSERT_BYTES_MAXIMUM + 1024;

const WORDS: usize = SERVER_ROOT + 0x3a00;
const PARSED: usize = WORDS + 0x40;
const MEMBER_TEXT: usize = WORDS + 0x50;
const SCORE_TEXT: usize = WORDS + 0x80;
const COMPARED_TEXT: usize = WORDS + 0xb0;

/** Where `findMember` found its member. */
@unmanaged
export class FoundMember {
  score: f64;
  hash: u64;
  /** Slot of the hash table, or entry of the packed list. */
  place: u32;
}

// @ts-ignore: decorator
@inline
export function foundMember(): FoundMember {
  return changetype<FoundMember>(WORDS);
}

// @ts-ignore: decorator
@inline
function boundary(): Boundary {
  return changetype<Boundary>(WORDS + 0x20);
}

/** A walk over a sorted set; valid until the next change. */
@unmanaged
export class SetCursor {
  /** The packed list, 0 for a skiplist. */
  list: u32;
  /** Entry of the member in the packed list. */
  packed: u32;
  /** The words of an IndexCursor. */
  leaf: u32;
  leafEntry: u32;

  // @ts-ignore: decorator
  @inline
  get indexCursor(): IndexCursor {
    return changetype<IndexCursor>(changetype<usize>(this) + offsetof<SetCursor>("leaf"));
  }
}

// @ts-ignore: decorator
@inline
export function isPacked(entry: KeyEntry): bool {
  return entry.encoding == Encoding.LISTPACK;
}

// @ts-ignore: decorator
@inline
export function tableOf(entry: KeyEntry): HashTable {
  return changetype<HashTable>(entry.reference);
}

// @ts-ignore: decorator
@inline
function indexOf(entry: KeyEntry): OrderedIndex {
  return changetype<OrderedIndex>(entry.reference + HASH_TABLE_BYTES);
}

/** Members. */
export function sortedSetCount(entry: KeyEntry): u32 {
  return isPacked(entry) ? packedCount(entry.reference) >> 1 : indexOf(entry).count;
}

// ---- Making and freeing ------------------------------------------------------------------------

/** An empty sorted set for a value field. */
export function createSortedSet(encoding: Encoding): usize {
  return encoding == Encoding.LISTPACK ? createPackedList(PACKED_START_BYTES) : createSkiplist();
}

function createSkiplist(): usize {
  const block = allocate(Arena.DATA, SKIPLIST_BYTES);
  initializeTable(changetype<HashTable>(block));
  initializeIndex(changetype<OrderedIndex>(block + HASH_TABLE_BYTES));
  return block;
}

/**
 * An empty sorted set without a name, for results: 16 bytes at `address` are a key entry. What it
 * refers to is handed to a key, or freed by `releaseSortedSet`.
 */
export function temporarySortedSet(address: usize, encoding: Encoding): KeyEntry {
  const entry = changetype<KeyEntry>(address);
  store<u32>(address, 0);
  store<u32>(address, 0, 4);
  entry.setKind(Type.SORTED_SET, encoding);
  entry.reference = createSortedSet(encoding);
  return entry;
}

/** Frees what the value field refers to. */
export function releaseSortedSet(entry: KeyEntry): void {
  const reference = entry.reference;
  if (isPacked(entry)) return freePackedList(reference);
  freeIndex(indexOf(entry));
  const table = tableOf(entry);
  while (table.buckets) {
    for (let b = bucketAt(table, table.buckets - 1); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) release(referenceAt(b, slot));
    }
    freeLastBucket(table);
  }
  release(reference);
}

/** Most bytes that adding or moving a member of `bytes` bytes may allocate. */
export function memberBytesNeeded(entry: KeyEntry, bytes: u32): f64 {
  const own = <f64>bytes + ADDITION_BYTES;
  if (!isPacked(entry)) return own;
  const list = entry.reference;
  // A list that moves exists twice; one that changes over becomes elements, nodes and a table.
  return own * 2 + <f64>packedBytes(list) * 3 + <f64>packedCount(list) * 64;
}

// ---- Packed lists ------------------------------------------------------------------------------

/** The score in an entry of a packed list. */
export function packedScore(entry: usize): f64 {
  if (packedIsInteger(entry)) return <f64>packedInteger(entry);
  parseDouble(packedText(entry, SCORE_TEXT), packedTextBytes(entry), PARSED);
  return load<f64>(PARSED);
}

function writePackedScore(score: f64): u32 {
  if (abs(score) <= 4611686018427387904.0) {
    const whole = <i64>score;
    if (<f64>whole == score) return writeInteger(SCORE_TEXT, whole);
  }
  return writeDouble(SCORE_TEXT, score);
}

function comparePacked(entry: usize, address: usize, bytes: u32): i32 {
  const text = packedText(entry, COMPARED_TEXT);
  return compareBytes(text, packedTextBytes(entry), address, bytes);
}

/** The member before which (score, bytes) belongs, 0 at the end. */
function packedPlace(list: usize, score: f64, address: usize, bytes: u32): usize {
  let member = packedFirst(list);
  while (member) {
    const scoreEntry = packedNext(list, member);
    const own = packedScore(scoreEntry);
    if (own > score) return member;
    if (own == score && comparePacked(member, address, bytes) > 0) return member;
    member = packedNext(list, scoreEntry);
  }
  return 0;
}

function addPacked(entry: KeyEntry, score: f64, address: usize, bytes: u32): void {
  let list = entry.reference;
  list = packedInsert(list, packedPlace(list, score, address, bytes), address, bytes);
  const behind = packedNext(list, packedPosition());
  const scoreBytes = writePackedScore(score);
  entry.reference = packedInsert(list, behind, SCORE_TEXT, scoreBytes);
}

/**
 * Adds a member to a packed set that ends with `lastScore` and is to stay packed; false, and
 * nothing is done, when it does not belong behind all others. Nobody looks for an equal member.
 */
export function appendMember(
  entry: KeyEntry, score: f64, address: usize, bytes: u32, lastScore: f64,
): bool {
  const list = entry.reference;
  const last = packedLast(list);
  if (last && score <= lastScore) {
    const order = comparePacked(packedPrevious(list, last), address, bytes);
    if (score < lastScore || order >= 0) return false;
  }
  const longer = packedInsert(list, 0, address, bytes);
  entry.reference = packedInsert(longer, 0, SCORE_TEXT, writePackedScore(score));
  return true;
}

// ---- Skiplist ----------------------------------------------------------------------------------

function addElement(entry: KeyEntry, score: f64, address: usize, bytes: u32, hash: u64): void {
  const element = newScoredElement(score, address, bytes);
  insert<ScoredElement>(tableOf(entry), changetype<usize>(element), hash);
  insertElement(indexOf(entry), element, boundary());
}

/** Changes a packed set over; the memory is reserved. */
export function convertToSkiplist(entry: KeyEntry): void {
  if (!isPacked(entry)) return;
  const list = entry.reference;
  entry.reference = createSkiplist();
  entry.setKind(Type.SORTED_SET, Encoding.SKIPLIST);
  let member = packedFirst(list);
  while (member) {
    const scoreEntry = packedNext(list, member);
    // The member that is being added may lie in MEMBER_TEXT.
    const text = packedText(member, COMPARED_TEXT);
    const bytes = packedTextBytes(member);
    addElement(entry, packedScore(scoreEntry), text, bytes, hashBytes(text, bytes));
    member = packedNext(list, scoreEntry);
  }
  freePackedList(list);
}

/** Packs a skiplist: for results that are small enough. The memory is reserved. */
export function convertToPacked(entry: KeyEntry): void {
  let list = createPackedList(PACKED_START_BYTES);
  const cursor = changetype<IndexCursor>(PARSED);
  const index = indexOf(entry);
  if (index.count) {
    seekRank(index, 0, cursor);
    do {
      const element = cursorElement(cursor);
      list = packedInsert(list, 0, element.keyAddress, element.keyBytes);
      const bytes = writePackedScore(element.score);
      list = packedInsert(list, 0, SCORE_TEXT, bytes);
    } while (cursorForward(cursor));
  }
  releaseSortedSet(entry);
  entry.setKind(Type.SORTED_SET, Encoding.LISTPACK);
  entry.reference = list;
}

// ---- Members -----------------------------------------------------------------------------------

/** Looks for a member; its score and place are in `foundMember()` when the answer is true. */
export function findMember(entry: KeyEntry, address: usize, bytes: u32): bool {
  const found = foundMember();
  if (!isPacked(entry)) {
    found.hash = hashBytes(address, bytes);
    const slot = find<ScoredElement>(tableOf(entry), address, bytes, found.hash);
    found.place = <u32>slot;
    if (slot) found.score = load<f64>(<usize>load<u32>(slot));
    return slot != 0;
  }
  const list = entry.reference;
  const first = packedFirst(list);
  const member = first ? packedFind(list, first, address, bytes, 1) : 0;
  found.place = <u32>member;
  if (member) found.score = packedScore(packedNext(list, member));
  return member != 0;
}

/**
 * Adds a member that the last `findMember` did not find. A packed set changes over when there would
 * be more than `entriesMaximum` members or the member is longer than `bytesMaximum`.
 */
export function addMember(
  entry: KeyEntry, score: f64, address: usize, bytes: u32, entriesMaximum: u32, bytesMaximum: u32,
): void {
  if (isPacked(entry)) {
    const list = entry.reference;
    const fits = bytes <= bytesMaximum && (packedCount(list) >> 1) < entriesMaximum;
    if (fits && packedBytes(list) + bytes < PACKED_BYTES_MAXIMUM) {
      return addPacked(entry, score, address, bytes);
    }
    convertToSkiplist(entry);
    foundMember().hash = hashBytes(address, bytes);
  }
  addElement(entry, score, address, bytes, foundMember().hash);
}

/** Gives the member that was just found, named again, another score. */
export function setMemberScore(entry: KeyEntry, score: f64, address: usize, bytes: u32): void {
  const place: usize = foundMember().place;
  if (isPacked(entry)) {
    entry.reference = packedRemove(entry.reference, place, 2);
    return addPacked(entry, score, address, bytes);
  }
  const element = changetype<ScoredElement>(<usize>load<u32>(place));
  moveElement(indexOf(entry), element, score, boundary());
}

/** Removes the member that was just found. */
export function removeMember(entry: KeyEntry): void {
  const place: usize = foundMember().place;
  if (isPacked(entry)) {
    entry.reference = packedRemove(entry.reference, place, 2);
    return;
  }
  const element = changetype<ScoredElement>(<usize>load<u32>(place));
  remove(tableOf(entry), place, foundMember().hash);
  removeElement(indexOf(entry), element, element.score, boundary());
  release(changetype<usize>(element));
}

/** Removes the `count` members from rank `start` on. */
export function removeRanks(entry: KeyEntry, start: u32, count: u32): void {
  if (isPacked(entry)) {
    const list = entry.reference;
    entry.reference = packedRemove(list, packedAt(list, <i32>(start << 1)), count << 1);
    return;
  }
  const index = indexOf(entry);
  const cursor = changetype<IndexCursor>(PARSED);
  for (let left = count; left; left--) {
    seekRank(index, start, cursor);
    const element = cursorElement(cursor);
    const hash = hashBytes(element.keyAddress, element.keyBytes);
    const table = tableOf(entry);
    const slot = find<ScoredElement>(table, element.keyAddress, element.keyBytes, hash);
    remove(table, slot, hash);
    removeElement(index, element, element.score, boundary());
    release(changetype<usize>(element));
  }
}

// ---- Ranks -------------------------------------------------------------------------------------

/** Rank of the member that was just found. */
export function rankOfFound(entry: KeyEntry): u32 {
  const place: usize = foundMember().place;
  if (isPacked(entry)) {
    const list = entry.reference;
    let rank: u32 = 0;
    for (let member = packedFirst(list); member != place; rank++) {
      member = packedNext(list, packedNext(list, member));
    }
    return rank;
  }
  const element = changetype<ScoredElement>(<usize>load<u32>(place));
  const behind = boundary();
  behind.side = Side.ELEMENT_BEHIND;
  behind.score = element.score;
  behind.address = <u32>element.keyAddress;
  behind.bytes = element.keyBytes;
  return countBefore(indexOf(entry), behind) - 1;
}

/** How many members have a lower score; with `isBehind` a score that is not higher. */
export function rankOfScore(entry: KeyEntry, score: f64, isBehind: bool): u32 {
  if (!isPacked(entry)) {
    const place = boundary();
    place.side = isBehind ? Side.SCORE_BEHIND : Side.SCORE_BEFORE;
    place.score = score;
    return countBefore(indexOf(entry), place);
  }
  const list = entry.reference;
  let rank: u32 = 0;
  for (let member = packedFirst(list); member; rank++) {
    const scoreEntry = packedNext(list, member);
    const own = packedScore(scoreEntry);
    if (isBehind ? own > score : own >= score) break;
    member = packedNext(list, scoreEntry);
  }
  return rank;
}

/** How many members come before these bytes, or with `isBehind` are them; scores are equal. */
export function rankOfBytes(entry: KeyEntry, address: usize, bytes: u32, isBehind: bool): u32 {
  if (!isPacked(entry)) {
    const place = boundary();
    place.side = isBehind ? Side.BYTES_BEHIND : Side.BYTES_BEFORE;
    place.address = <u32>address;
    place.bytes = bytes;
    return countBefore(indexOf(entry), place);
  }
  const list = entry.reference;
  let rank: u32 = 0;
  for (let member = packedFirst(list); member; rank++) {
    const order = comparePacked(member, address, bytes);
    if (isBehind ? order > 0 : order >= 0) break;
    member = packedNext(list, packedNext(list, member));
  }
  return rank;
}

// ---- Walks -------------------------------------------------------------------------------------

/** Places a cursor on the member with this rank, which is below the count. */
export function seekMember(entry: KeyEntry, rank: u32, cursor: SetCursor): void {
  if (isPacked(entry)) {
    const list = entry.reference;
    cursor.list = <u32>list;
    cursor.packed = <u32>packedAt(list, <i32>(rank << 1));
    return;
  }
  cursor.list = 0;
  seekRank(indexOf(entry), rank, cursor.indexCursor);
}

/** Moves on by one; false at the end, and the cursor is of no use then. */
export function nextMember(cursor: SetCursor): bool {
  if (!cursor.list) return cursorForward(cursor.indexCursor);
  const scoreEntry = packedNext(cursor.list, cursor.packed);
  cursor.packed = <u32>packedNext(cursor.list, scoreEntry);
  return cursor.packed != 0;
}

/** Moves back by one; false at the beginning. */
export function previousMember(cursor: SetCursor): bool {
  if (!cursor.list) return cursorBackward(cursor.indexCursor);
  const scoreEntry = packedPrevious(cursor.list, cursor.packed);
  if (!scoreEntry) return false;
  cursor.packed = <u32>packedPrevious(cursor.list, scoreEntry);
  return true;
}

/** Bytes of the member under the cursor. */
export function memberAddress(cursor: SetCursor): usize {
  if (!cursor.list) return cursorElement(cursor.indexCursor).keyAddress;
  return packedText(cursor.packed, MEMBER_TEXT);
}

export function memberBytes(cursor: SetCursor): u32 {
  if (!cursor.list) return cursorElement(cursor.indexCursor).keyBytes;
  return packedTextBytes(cursor.packed);
}

export function memberScore(cursor: SetCursor): f64 {
  if (!cursor.list) return scoreAt(cursor.leaf, cursor.leafEntry);
  return packedScore(packedNext(cursor.list, cursor.packed));
}

/** The member under the cursor for `referredAddress` and `referredBytes`, until a change. */
export function memberReference(cursor: SetCursor): u32 {
  if (cursor.list) return cursor.packed;
  return <u32>changetype<usize>(cursorElement(cursor.indexCursor));
}

/** Bytes of a member that a reference of this set names. */
export function referredAddress(entry: KeyEntry, reference: usize): usize {
  if (isPacked(entry)) return packedText(reference, MEMBER_TEXT);
  return changetype<ScoredElement>(reference).keyAddress;
}

export function referredBytes(entry: KeyEntry, reference: usize): u32 {
  if (isPacked(entry)) return packedTextBytes(reference);
  return changetype<ScoredElement>(reference).keyBytes;
}

// ---- The whole ---------------------------------------------------------------------------------

/** Bytes of the value; of a skiplist `samples` elements are measured (0 = all of them). */
export function sortedSetMemory(entry: KeyEntry, samples: i64): f64 {
  const own: f64 = usableBytes(entry.reference);
  if (isPacked(entry)) return own;
  const index = indexOf(entry);
  const count = index.count;
  const cursor = changetype<IndexCursor>(PARSED);
  let bytes: f64 = 0;
  let seen: u32 = 0;
  if (count) seekRank(index, 0, cursor);
  do {
    bytes += <f64>usableBytes(changetype<usize>(cursorElement(cursor)));
    seen += 1;
  } while ((!samples || <i64>seen < samples) && cursorForward(cursor));
  return own + bytes / <f64>seen * <f64>count + tableBytes(tableOf(entry)) + indexBytes(index);
}

/** Bytes that a duplicate takes at most. */
export function sortedSetCopyBytes(entry: KeyEntry): f64 {
  if (isPacked(entry)) return packedBytes(entry.reference);
  return sortedSetMemory(entry, 0) * 1.5 + ADDITION_BYTES;
}

/** Gives an entry whose value field was copied a sorted set of its own. The memory is reserved. */
export function duplicateSortedSet(copy: KeyEntry): void {
  if (isPacked(copy)) {
    copy.reference = copyPackedList(copy.reference);
    return;
  }
  const index = indexOf(copy);
  copy.reference = createSkiplist();
  if (!index.count) return;
  const cursor = changetype<IndexCursor>(PARSED);
  seekRank(index, 0, cursor);
  do {
    const element = cursorElement(cursor);
    const address = element.keyAddress;
    const bytes = element.keyBytes;
    addElement(copy, element.score, address, bytes, hashBytes(address, bytes));
  } while (cursorForward(cursor));
}

/** 0, or the number of the broken invariant: 10 + of the table, 20 + of the index, 30 + packed. */
export function validateSortedSet(entry: KeyEntry): i32 {
  if (!sortedSetCount(entry)) return 1;
  if (isPacked(entry)) {
    const broken = validatePackedList(entry.reference);
    return broken ? 30 + broken : validatePackedOrder(entry.reference);
  }
  const table = validateTable<ScoredElement>(tableOf(entry));
  if (table) return 10 + table;
  const index = validateIndex(indexOf(entry));
  if (index) return 20 + index;
  return tableOf(entry).count == indexOf(entry).count ? 0 : 2;
}

function validatePackedOrder(list: usize): i32 {
  if (packedCount(list) & 1) return 3;
  let member = packedFirst(list);
  while (member) {
    const scoreEntry = packedNext(list, member);
    const next = packedNext(list, scoreEntry);
    if (!next) return 0;
    const own = packedScore(scoreEntry);
    const other = packedScore(packedNext(list, next));
    if (own > other) return 4;
    const text = packedText(next, MEMBER_TEXT);
    if (own == other && comparePacked(member, text, packedTextBytes(next)) >= 0) return 4;
    member = next;
  }
  return 0;
}

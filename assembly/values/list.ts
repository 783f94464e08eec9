/**
 * Lists: one packed list while they are small (`listpack`), a chunked list beyond (`quicklist`).
 *
 * A list becomes chunked before it grows past what one chunk may hold (list-max-listpack-size), and
 * packed again when its one chunk has shrunk to half of that, so that a list at the border does not
 * change with every command. Sizes are those of our own packed form.
 *
 * `entry.reference` is the packed list or the ChunkedList. An empty list exists only within a
 * command. Functions that change a list keep the key's entry where it is.
 */

import {
  ChunkedList, ListCursor, adoptPackedList, chunkBytesMaximum, chunkCountMaximum, chunkedListBytes,
  copyChunkedList, createChunkedList, cursorNext, cursorPrevious, dropChain, enterChunk,
  enterPacked, freeChunkedList, insertChunked, onlyPackedList, pushFirst, pushLast, removeAtCursor,
  removeAtPacked, removeChunked, removeFirst, removeLast, replaceChunked, seekChunked,
  validateChunkedList,
} from "../structures/chunked-list";
import {
  copyPackedList, freePackedList, packedAt, packedBytes, packedCount, packedInsert, packedNext,
  packedPushFirst, packedRemove, packedRemoveFirst, packedRemoveLast, packedReplace,
  validatePackedList,
} from "../structures/packed-list";
import { usableBytes } from "../memory/allocator";
import { Encoding, KeyEntry, Type } from "./key-entry";

// @ts-ignore: decorator
@inline
function isPacked(entry: KeyEntry): bool {
  return entry.encoding == Encoding.LISTPACK;
}

// @ts-ignore: decorator
@inline
function chunkedOf(entry: KeyEntry): ChunkedList {
  return changetype<ChunkedList>(entry.reference);
}

/** Elements. */
export function listCount(entry: KeyEntry): u32 {
  return isPacked(entry) ? packedCount(entry.reference) : chunkedOf(entry).count;
}

// ---- Encodings ---------------------------------------------------------------------------------

/** Chooses the encoding for `count` more elements of `bytes` bytes together, before they come. */
export function growList(entry: KeyEntry, bytes: f64, count: u32, fill: i32): void {
  if (!isPacked(entry)) return;
  const packed = entry.reference;
  if (<f64>packedBytes(packed) + bytes <= <f64>chunkBytesMaximum(fill)
    && packedCount(packed) + count <= chunkCountMaximum(fill)) return;
  const list = createChunkedList(fill);
  if (packedCount(packed)) adoptPackedList(list, packed);
  else freePackedList(packed);
  entry.reference = changetype<usize>(list);
  entry.setKind(Type.LIST, Encoding.QUICKLIST);
}

/** After elements went: a list that is small again becomes packed. */
// @ts-ignore: decorator
@inline
export function shrinkList(entry: KeyEntry, fill: i32): void {
  if (!isPacked(entry) && chunkedOf(entry).chunks == 1) packAgain(entry, fill);
}

function packAgain(entry: KeyEntry, fill: i32): void {
  const list = chunkedOf(entry);
  const packed = onlyPackedList(list);
  if (!packed || packedCount(packed) > chunkCountMaximum(fill) >> 1) return;
  if (fill < 0 && packedBytes(packed) > chunkBytesMaximum(fill) >> 1) return;
  dropChain(list);
  entry.reference = packed;
  entry.setKind(Type.LIST, Encoding.LISTPACK);
}

// ---- Ends --------------------------------------------------------------------------------------

/** Adds an element at the head or the tail; `growList` came before. */
export function pushElement(entry: KeyEntry, atHead: bool, address: usize, bytes: u32): void {
  if (!isPacked(entry)) {
    if (atHead) pushFirst(chunkedOf(entry), address, bytes);
    else pushLast(chunkedOf(entry), address, bytes);
    return;
  }
  entry.reference = atHead
    ? packedPushFirst(entry.reference, address, bytes)
    : packedInsert(entry.reference, 0, address, bytes);
}

/** Puts a cursor on the first or the last element. */
export function enterList(entry: KeyEntry, atTail: bool, cursor: ListCursor): void {
  if (isPacked(entry)) return enterPacked(cursor, entry.value, atTail);
  enterChunk(cursor, atTail ? chunkedOf(entry).last : chunkedOf(entry).first, atTail);
}

/** Removes the first or the last element. */
export function removeEnd(entry: KeyEntry, atTail: bool): void {
  if (!isPacked(entry)) {
    if (atTail) removeLast(chunkedOf(entry));
    else removeFirst(chunkedOf(entry));
    return;
  }
  entry.reference = atTail
    ? packedRemoveLast(entry.reference)
    : packedRemoveFirst(entry.reference);
}

// ---- Anywhere ----------------------------------------------------------------------------------

/** Puts a cursor on the element at `index`, which is below the count. */
export function seekList(entry: KeyEntry, index: u32, cursor: ListCursor): void {
  if (!isPacked(entry)) return seekChunked(chunkedOf(entry), index, cursor);
  enterPacked(cursor, entry.value, false);
  cursor.entry = packedAt(cursor.list, <i32>index);
}

/** Adds an element before or behind the cursor, which is of no use afterwards. */
export function insertElement(
  entry: KeyEntry, cursor: ListCursor, isAfter: bool, address: usize, bytes: u32,
): void {
  if (!isPacked(entry)) {
    return insertChunked(chunkedOf(entry), cursor, isAfter, address, bytes);
  }
  const next = isAfter ? packedNext(cursor.list, cursor.entry) : cursor.entry;
  entry.reference = packedInsert(cursor.list, next, address, bytes);
}

/** Replaces the element at `index`, which is below the count. */
export function replaceElement(
  entry: KeyEntry, index: u32, cursor: ListCursor, address: usize, bytes: u32,
): void {
  seekList(entry, index, cursor);
  if (!isPacked(entry)) {
    return replaceChunked(chunkedOf(entry), cursor, index, address, bytes);
  }
  entry.reference = packedReplace(cursor.list, cursor.entry, address, bytes);
}

/** Removes `count` elements from `index` on; there are as many. */
export function removeElements(entry: KeyEntry, index: u32, count: u32): void {
  if (!count) return;
  if (!isPacked(entry)) return removeChunked(chunkedOf(entry), index, count);
  const packed = entry.reference;
  entry.reference = packedRemove(packed, packedAt(packed, <i32>index), count);
}

/** Moves a cursor on, or back. */
// @ts-ignore: decorator
@inline
export function moveCursor(cursor: ListCursor, isBackward: bool): void {
  if (isBackward) cursorPrevious(cursor);
  else cursorNext(cursor);
}

/** Removes the cursor's element; the cursor moves on, or back. */
export function removeElement(entry: KeyEntry, cursor: ListCursor, isBackward: bool): void {
  if (isPacked(entry)) removeAtPacked(cursor, isBackward);
  else removeAtCursor(chunkedOf(entry), cursor, isBackward);
}

// ---- Whole -------------------------------------------------------------------------------------

export function freeList(entry: KeyEntry): void {
  if (isPacked(entry)) freePackedList(entry.reference);
  else freeChunkedList(chunkedOf(entry));
}

/** Gives the entry, whose reference was copied from another, a list of its own. */
export function duplicateList(entry: KeyEntry): void {
  entry.reference = isPacked(entry)
    ? copyPackedList(entry.reference)
    : changetype<usize>(copyChunkedList(chunkedOf(entry)));
}

/** Bytes of what the value field refers to; of long lists `samples` chunks are measured. */
export function listBytes(entry: KeyEntry, samples: i64): f64 {
  if (isPacked(entry)) return <f64>usableBytes(entry.reference);
  const chunks = samples > <i64>u32.MAX_VALUE || samples < 0 ? 0 : <u32>samples;
  return chunkedListBytes(chunkedOf(entry), chunks);
}

/** 0, or the number of the broken invariant of the structure. */
export function validateList(entry: KeyEntry): i32 {
  if (!listCount(entry)) return 30;
  if (isPacked(entry)) return validatePackedList(entry.reference);
  const broken = validateChunkedList(chunkedOf(entry));
  return broken ? 10 + broken : 0;
}

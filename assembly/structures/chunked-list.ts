/**
 * Chunked list: the elements of a large list in a chain of packed lists of bounded size.
 *
 * Why: one block for all would be moved whole by each insertion; a node for each element costs more
 * than most elements. A chunk of some kilobytes is moved fast and costs 16 bytes in the chain. The
 * number of its elements stands in the chain, so finding an index touches a chunk of 8 KiB only by
 * its record. An element beyond the size of a chunk lies alone in a block of its own.
 *
 *   ChunkedList (20 bytes)   u32 first | u32 last | u32 elements | u32 chunks | i32 fill
 *   Chunk (16 bytes)         u32 previous | u32 next | u32 block | u32 count
 *                              count with PLAIN: the block is one text, and this its bytes
 *
 *   fill n > 0: at most n elements and 8 KiB a chunk; -1 to -5: 4, 8, 16, 32, 64 KiB
 *
 * A cursor stands on one element of a chunked list, or of a single packed list (chunk = 0), so that
 * both encodings are walked by the same code. `holder` is where the packed list's address is kept.
 *
 * Invariants (numbers as `validateChunkedList` answers them):
 *   1 the links agree in both directions     2 no chunk is empty, counts are those of the blocks
 *   3 elements and chunks are the sums       10 + n: broken invariant n of a packed list
 *
 * Costs: both ends O(1); index and middle O(chunks) plus one chunk.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, usableBytes } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { countSteps } from "../memory/steps";
import {
  copyPackedList, createPackedList, packedAt, packedBytes, packedCount,
  packedEquals, packedFirst, packedGrowthBytes, packedInsert, packedLast, packedNext,
  packedPosition, packedPrevious, packedPushFirst, packedRemove, packedRemoveFirst,
  packedRemoveLast, packedReplace, packedSplit, packedText, packedTextBytes, packedTrim,
  validatePackedList,
} from "./packed-list";

/** Place of an index in the chunk that `chunkAt` found. */
const PLACE: usize = SERVER_ROOT + 0x8d0;

const PLAIN: u32 = 0x80000000;
/** Most bytes of a chunk that is bounded by a number of elements. */
const SAFE_BYTES: u32 = 8192;
/** A packed list with room in front has a longer header. */
const ROOM_BYTES: u32 = 4;

@unmanaged
export class ChunkedList {
  first: u32;
  last: u32;
  /** Elements. */
  count: u32;
  chunks: u32;
  fill: i32;
}

@unmanaged
class Chunk {
  previous: u32;
  next: u32;
  block: u32;
  count: u32;

  // @ts-ignore: decorator
  @inline
  get isPlain(): bool {
    return (this.count & PLAIN) != 0;
  }

  // @ts-ignore: decorator
  @inline
  get elements(): u32 {
    return this.count & PLAIN ? 1 : this.count;
  }

  /** Where the block's address is kept. */
  // @ts-ignore: decorator
  @inline
  get holder(): usize {
    return changetype<usize>(this) + offsetof<Chunk>("block");
  }
}

const LIST_BYTES: u32 = 20;
const CHUNK_BYTES: u32 = 16;
if (offsetof<ChunkedList>() != LIST_BYTES) ERROR("ChunkedList is 20 bytes");
if (offsetof<Chunk>() != CHUNK_BYTES) ERROR("Chunk is 16 bytes");

@unmanaged
export class ListCursor {
  /** The element: an entry of a packed list, or the block of a plain chunk; 0 past either end. */
  entry: usize;
  /** The packed list, 0 in a plain chunk. */
  list: usize;
  /** The chunk, 0 when the list is one packed list. */
  chunk: u32;
  holder: u32;
}

// @ts-ignore: decorator
@inline
export const LIST_CURSOR_BYTES: u32 = 16;

// ---- Limits ------------------------------------------------------------------------------------

/** Most bytes of a chunk. */
export function chunkBytesMaximum(fill: i32): u32 {
  return fill >= 0 ? SAFE_BYTES : 4096 << min<u32>(-1 - fill, 4);
}

/** Most elements of a chunk. */
export function chunkCountMaximum(fill: i32): u32 {
  return fill < 0 ? ~PLAIN : max<u32>(fill, 1);
}

/** Whether a packed list takes one more element of `bytes` as a chunk. */
// @ts-ignore: decorator
@inline
function fits(chunk: Chunk, fill: i32, bytes: u32): bool {
  // A plain chunk has more elements than any limit.
  if (chunk.count >= chunkCountMaximum(fill)) return false;
  const most = chunkBytesMaximum(fill) - ROOM_BYTES;
  const used = packedBytes(chunk.block);
  return used <= most && packedGrowthBytes(bytes) <= most - used;
}

/** Bytes to reserve before an element of `bytes` is added anywhere. */
export function chunkedGrowthBytes(fill: i32, bytes: u32): f64 {
  return <f64>bytes + <f64>(bytes >> 2) + <f64>(bytes > 1024 ? 4096 : 64);
}

// ---- Chain -------------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function chunkOf(address: usize): Chunk {
  return changetype<Chunk>(address);
}

export function createChunkedList(fill: i32): ChunkedList {
  const list = changetype<ChunkedList>(allocate(Arena.DATA, LIST_BYTES));
  list.first = 0;
  list.last = 0;
  list.count = 0;
  list.chunks = 0;
  list.fill = fill;
  return list;
}

export function freeChunkedList(list: ChunkedList): void {
  while (list.first) dropFirstChunk(list);
  release(changetype<usize>(list));
}

/** Removes the first chunk with its elements: freeing a list is a loop that may pause. */
export function dropFirstChunk(list: ChunkedList): void {
  unlink(list, chunkOf(list.first));
}

/** Links a new chunk with this block after `previous` (0 = first). */
function link(list: ChunkedList, previous: usize, block: usize, count: u32): Chunk {
  const chunk = chunkOf(allocate(Arena.DATA, CHUNK_BYTES));
  const address = <u32>changetype<usize>(chunk);
  const next = previous ? chunkOf(previous).next : list.first;
  chunk.previous = <u32>previous;
  chunk.next = next;
  chunk.block = <u32>block;
  chunk.count = count;
  if (previous) chunkOf(previous).next = address;
  else list.first = address;
  if (next) chunkOf(next).previous = address;
  else list.last = address;
  list.chunks += 1;
  return chunk;
}

/** Takes a chunk out of the chain and frees it; its elements are counted off. */
function unlink(list: ChunkedList, chunk: Chunk): void {
  if (chunk.previous) chunkOf(chunk.previous).next = chunk.next;
  else list.first = chunk.next;
  if (chunk.next) chunkOf(chunk.next).previous = chunk.previous;
  else list.last = chunk.previous;
  list.chunks -= 1;
  list.count -= chunk.elements;
  release(chunk.block);
  release(changetype<usize>(chunk));
}

/** Makes a packed list, which is not empty, the chunked list's only chunk. */
export function adoptPackedList(list: ChunkedList, packed: usize): void {
  link(list, 0, packed, packedCount(packed));
  list.count = packedCount(packed);
}

/** The packed list of the only chunk, 0 when there are more or it is plain. */
export function onlyPackedList(list: ChunkedList): usize {
  if (list.chunks != 1 || chunkOf(list.first).isPlain) return 0;
  return chunkOf(list.first).block;
}

/** Frees chain and record but not the packed list of the only chunk. */
export function dropChain(list: ChunkedList): void {
  release(list.first);
  release(changetype<usize>(list));
}

export function copyChunkedList(list: ChunkedList): ChunkedList {
  const copy = createChunkedList(list.fill);
  for (let address: usize = list.first; address; address = chunkOf(address).next) {
    const chunk = chunkOf(address);
    const block = chunk.isPlain
      ? plainBlock(chunk.block, chunk.count & ~PLAIN)
      : copyPackedList(chunk.block);
    link(copy, copy.last, block, chunk.count);
  }
  copy.count = list.count;
  return copy;
}

function plainBlock(address: usize, bytes: u32): usize {
  const block = allocate(Arena.DATA, bytes);
  memory.copy(block, address, bytes);
  countSteps(bytes >> 6);
  return block;
}

/** A new chunk after `previous` with one element. */
function addChunk(list: ChunkedList, previous: usize, address: usize, bytes: u32): void {
  list.count += 1;
  if (bytes > chunkBytesMaximum(list.fill)) {
    link(list, previous, plainBlock(address, bytes), bytes | PLAIN);
    return;
  }
  // At an end of the list the chunk will fill up; in the middle it will not.
  const isEnd = !previous || !chunkOf(previous).next;
  const packed = createPackedList(isEnd ? chunkCapacity(list.fill, bytes) : bytes + 16);
  link(list, previous, packedInsert(packed, 0, address, bytes), 1);
}

/** Bytes that a chunk will take in the end, going by its first element. */
function chunkCapacity(fill: i32, bytes: u32): u32 {
  const most = min<u32>(chunkBytesMaximum(fill), SAFE_BYTES);
  const count = min<u32>(chunkCountMaximum(fill), most);
  return min(most, (bytes + 2) * count + 16);
}

/** A chunk that is an end no longer keeps no spare bytes. */
function trimChunk(address: usize): void {
  if (!address) return;
  const chunk = chunkOf(address);
  if (!chunk.isPlain) chunk.block = <u32>packedTrim(chunk.block);
}

// ---- Ends --------------------------------------------------------------------------------------

/** Adds an element before the first. */
export function pushFirst(list: ChunkedList, address: usize, bytes: u32): void {
  const chunk = chunkOf(list.first);
  if (list.first && fits(chunk, list.fill, bytes)) {
    chunk.block = <u32>packedPushFirst(chunk.block, address, bytes);
    chunk.count += 1;
    list.count += 1;
    return;
  }
  trimChunk(list.first);
  addChunk(list, 0, address, bytes);
}

/** Adds an element behind the last. */
export function pushLast(list: ChunkedList, address: usize, bytes: u32): void {
  const chunk = chunkOf(list.last);
  if (list.last && fits(chunk, list.fill, bytes)) {
    chunk.block = <u32>packedInsert(chunk.block, 0, address, bytes);
    chunk.count += 1;
    list.count += 1;
    return;
  }
  trimChunk(list.last);
  addChunk(list, list.last, address, bytes);
}

/** Removes the first element. */
export function removeFirst(list: ChunkedList): void {
  const chunk = chunkOf(list.first);
  if (chunk.elements == 1) return unlink(list, chunk);
  chunk.block = <u32>packedRemoveFirst(chunk.block);
  chunk.count -= 1;
  list.count -= 1;
}

/** Removes the last element. */
export function removeLast(list: ChunkedList): void {
  const chunk = chunkOf(list.last);
  if (chunk.elements == 1) return unlink(list, chunk);
  chunk.block = <u32>packedRemoveLast(chunk.block);
  chunk.count -= 1;
  list.count -= 1;
}

// ---- Cursor ------------------------------------------------------------------------------------

/** Puts a cursor on the first or last element of a packed list kept at `holder`. */
export function enterPacked(cursor: ListCursor, holder: usize, atEnd: bool): void {
  cursor.holder = <u32>holder;
  cursor.chunk = 0;
  cursor.list = load<u32>(holder);
  cursor.entry = atEnd ? packedLast(cursor.list) : packedFirst(cursor.list);
}

/** Puts a cursor on the first or last element of a chunk; 0 = past the end. */
export function enterChunk(cursor: ListCursor, address: usize, atEnd: bool): void {
  if (!address) {
    cursor.entry = 0;
    return;
  }
  const chunk = chunkOf(address);
  if (chunk.isPlain) {
    cursor.list = 0;
    cursor.entry = chunk.block;
  } else {
    enterPacked(cursor, chunk.holder, atEnd);
  }
  cursor.chunk = <u32>address;
}

/** Moves to the next element. */
// @ts-ignore: decorator
@inline
export function cursorNext(cursor: ListCursor): void {
  const next = cursor.list ? packedNext(cursor.list, cursor.entry) : 0;
  if (next) cursor.entry = next;
  else enterNextChunk(cursor);
}

/** Moves to the first element of the next chunk. */
export function enterNextChunk(cursor: ListCursor): void {
  const chunk: usize = cursor.chunk;
  enterChunk(cursor, chunk ? <usize>chunkOf(chunk).next : 0, false);
}

/** Moves to the previous element. */
// @ts-ignore: decorator
@inline
export function cursorPrevious(cursor: ListCursor): void {
  const previous = cursor.list ? packedPrevious(cursor.list, cursor.entry) : 0;
  if (previous) cursor.entry = previous;
  else enterPreviousChunk(cursor);
}

function enterPreviousChunk(cursor: ListCursor): void {
  const chunk: usize = cursor.chunk;
  enterChunk(cursor, chunk ? <usize>chunkOf(chunk).previous : 0, true);
}

/** Length of the cursor's element as text. */
export function cursorBytes(cursor: ListCursor): u32 {
  return cursor.list ? packedTextBytes(cursor.entry) : chunkOf(cursor.chunk).count & ~PLAIN;
}

/** Address of the element's text: where it lies, or `buffer` (24 bytes), where an integer goes. */
export function cursorText(cursor: ListCursor, buffer: usize): usize {
  return cursor.list ? packedText(cursor.entry, buffer) : cursor.entry;
}

/** Whether the element is the text made ready by `packedPrepare`, which answered `head`. */
export function cursorEquals(cursor: ListCursor, head: u32, address: usize, bytes: u32): bool {
  if (cursor.list) return packedEquals(cursor.entry, head, address, bytes);
  return cursorBytes(cursor) == bytes && equalBytes(cursor.entry, address, bytes);
}

/** The chunk of an index below the count, its place there in PLACE. */
function chunkAt(list: ChunkedList, index: u32): usize {
  if (index < list.count >> 1) {
    let address: usize = list.first;
    let left = index;
    for (let elements = chunkOf(address).elements; left >= elements;) {
      left -= elements;
      address = chunkOf(address).next;
      elements = chunkOf(address).elements;
    }
    store<u32>(PLACE, left);
    return address;
  }
  let address: usize = list.last;
  let start = list.count - chunkOf(address).elements;
  while (start > index) {
    address = chunkOf(address).previous;
    start -= chunkOf(address).elements;
  }
  store<u32>(PLACE, index - start);
  return address;
}

/** Puts a cursor on the element at `index`, which is below the count. */
export function seekChunked(list: ChunkedList, index: u32, cursor: ListCursor): void {
  const address = chunkAt(list, index);
  enterChunk(cursor, address, false);
  if (cursor.list) cursor.entry = packedAt(cursor.list, load<u32>(PLACE));
}

// ---- Changes in the middle ---------------------------------------------------------------------

/** Adds an element before or behind the cursor, which is of no use afterwards. */
export function insertChunked(
  list: ChunkedList, cursor: ListCursor, isAfter: bool, address: usize, bytes: u32,
): void {
  const chunk = chunkOf(cursor.chunk);
  if (fits(chunk, list.fill, bytes)) {
    const next = isAfter ? packedNext(cursor.list, cursor.entry) : cursor.entry;
    chunk.block = <u32>packedInsert(cursor.list, next, address, bytes);
    chunk.count += 1;
    list.count += 1;
    return;
  }
  if (!isAfter && (chunk.isPlain || cursor.entry == packedFirst(cursor.list))) {
    return insertBetween(list, chunk.previous, address, bytes);
  }
  const next = isAfter && !chunk.isPlain
    ? packedNext(cursor.list, cursor.entry)
    : isAfter ? 0 : cursor.entry;
  if (next) splitChunk(list, chunk, next);
  insertBetween(list, cursor.chunk, address, bytes);
}

/** Adds an element behind chunk `previous` (0 = first of all): there, in the next, or alone. */
function insertBetween(list: ChunkedList, previous: usize, address: usize, bytes: u32): void {
  const next = chunkOf(previous ? chunkOf(previous).next : list.first);
  if (previous && fits(chunkOf(previous), list.fill, bytes)) {
    const chunk = chunkOf(previous);
    chunk.block = <u32>packedInsert(chunk.block, 0, address, bytes);
    chunk.count += 1;
    list.count += 1;
  } else if (changetype<usize>(next) && fits(next, list.fill, bytes)) {
    next.block = <u32>packedPushFirst(next.block, address, bytes);
    next.count += 1;
    list.count += 1;
  } else {
    addChunk(list, previous, address, bytes);
  }
}

/** Moves the elements of a chunk from `entry` on to a new chunk behind it. */
function splitChunk(list: ChunkedList, chunk: Chunk, entry: usize): void {
  const rest = packedSplit(chunk.block, entry);
  const count = packedCount(rest);
  chunk.count -= count;
  chunk.block = <u32>packedTrim(chunk.block);
  link(list, changetype<usize>(chunk), rest, count);
}

/** Replaces the element at `index`, where the cursor stands. */
export function replaceChunked(
  list: ChunkedList, cursor: ListCursor, index: u32, address: usize, bytes: u32,
): void {
  const chunk = chunkOf(cursor.chunk);
  const most = chunkBytesMaximum(list.fill);
  if (chunk.isPlain && bytes > most) {
    const block = plainBlock(address, bytes);
    release(chunk.block);
    chunk.block = <u32>block;
    chunk.count = bytes | PLAIN;
    return;
  }
  if (!chunk.isPlain && bytes <= most && replacesWithin(cursor, bytes, most)) {
    chunk.block = <u32>packedReplace(cursor.list, cursor.entry, address, bytes);
    return;
  }
  insertChunked(list, cursor, false, address, bytes);
  removeChunked(list, index + 1, 1);
}

/** Whether the cursor's chunk keeps its bound with a text of `bytes` in the element's place. */
function replacesWithin(cursor: ListCursor, bytes: u32, most: u32): bool {
  const rest = packedBytes(cursor.list) - packedTextBytes(cursor.entry);
  return packedTextBytes(cursor.entry) >= bytes || rest + bytes + ROOM_BYTES <= most;
}

/** Removes `count` elements from `index` on; there are as many. */
export function removeChunked(list: ChunkedList, index: u32, count: u32): void {
  if (!count) return;
  let address = chunkAt(list, index);
  let place = load<u32>(PLACE);
  let left = count;
  while (left) {
    const chunk = chunkOf(address);
    const next: usize = chunk.next;
    const removed = min(left, chunk.elements - place);
    if (removed == chunk.elements) {
      unlink(list, chunk);
    } else {
      chunk.block = <u32>packedRemove(chunk.block, packedAt(chunk.block, place), removed);
      chunk.count -= removed;
      list.count -= removed;
    }
    left -= removed;
    place = 0;
    address = next;
  }
}

/** Removes the cursor's element; the cursor moves on, or back when `isBackward`. */
export function removeAtCursor(
  list: ChunkedList, cursor: ListCursor, isBackward: bool,
): void {
  const chunk = chunkOf(cursor.chunk);
  if (chunk.elements == 1) {
    const beside = isBackward ? chunk.previous : chunk.next;
    unlink(list, chunk);
    enterChunk(cursor, beside, isBackward);
    return;
  }
  chunk.count -= 1;
  list.count -= 1;
  removeAtPacked(cursor, isBackward);
  if (cursor.entry) return;
  if (isBackward) enterPreviousChunk(cursor);
  else enterNextChunk(cursor);
}

/** As `removeAtCursor` within one packed list, which may be empty afterwards. */
export function removeAtPacked(cursor: ListCursor, isBackward: bool): void {
  const packed = packedRemove(cursor.list, cursor.entry, 1);
  store<u32>(cursor.holder, <u32>packed);
  cursor.list = packed;
  const next = packedPosition();
  if (!isBackward) cursor.entry = next;
  else cursor.entry = next ? packedPrevious(packed, next) : packedLast(packed);
}

// ---- Sizes and checks --------------------------------------------------------------------------

/** Bytes of blocks and chain; of long lists the first `samples` chunks are measured (0 = all). */
export function chunkedListBytes(list: ChunkedList, samples: u32): f64 {
  let bytes: f64 = 0;
  let measured: u32 = 0;
  for (let address: usize = list.first; address; address = chunkOf(address).next) {
    if (samples && measured == samples) break;
    bytes += <f64>usableBytes(chunkOf(address).block) + CHUNK_BYTES;
    measured += 1;
  }
  if (measured) bytes = bytes / <f64>measured * <f64>list.chunks;
  return bytes + LIST_BYTES;
}

/** 0, or the number of the broken invariant. */
export function validateChunkedList(list: ChunkedList): i32 {
  let elements: u32 = 0;
  let chunks: u32 = 0;
  let previous: u32 = 0;
  for (let address = list.first; address; address = chunkOf(address).next) {
    const chunk = chunkOf(address);
    if (chunk.previous != previous) return 1;
    if (!chunk.count) return 2;
    if (!chunk.isPlain) {
      const packed = validatePackedList(chunk.block);
      if (packed) return 10 + packed;
      if (packedCount(chunk.block) != chunk.count) return 2;
    } else if (usableBytes(chunk.block) < (chunk.count & ~PLAIN)) {
      return 2;
    }
    elements += chunk.elements;
    chunks += 1;
    previous = address;
  }
  if (list.last != previous) return 1;
  return elements == list.count && chunks == list.chunks ? 0 : 3;
}

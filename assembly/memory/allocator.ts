/**
 * Memory of the engine: blocks of any size in two arenas, with exact accounting.
 *
 *   allocate ── below LARGE_BYTES: slabs.ts, objects of 48 size classes
 *            └─ else: large-blocks.ts, whole pages
 *   both take pages from page-runs.ts; page-table.ts holds all that is known about a page
 *
 * Why size classes over a page table and not a general heap: no header before a block (a key entry
 * of 40 bytes takes 40), arena and size of any block found from its address, and pages that are
 * DATA or not as a whole, so that a snapshot is a choice of pages.
 *
 * The heap never grows by itself: the limit is an input, and whoever needs memory asks `reserve`
 * before it changes anything. KEEP_FREE_BYTES stay free beside every promise; they cover slabs
 * begun for sizes not in use before. `allocate` traps only when really no pages are left.
 *
 * Invariants: numbered in validate-heap.ts. Addresses depend only on the sequence of calls.
 *
 * Cost: allocate + release of a small block 7 ns (measured); large blocks one store per page.
 */

import { DATA_ROOT, EXCHANGE, Exchange, PAGE_BITS, PAGE_BYTES, SERVER_ROOT } from "../abi";
import { DEBUG } from "./debug";
import { allocateLarge, pagesFor, releaseLarge, resizeLarge, retagLarge } from "./large-blocks";
import { clearRuns, hasPages, insertRun, unusedPages } from "./page-runs";
import {
  Arena, ENTRY_BITS, ENTRY_BYTES, FIRST, FREE_PAGES, LIMIT, PEAK_BYTES, Page, PageKind,
  ROOT_PAGES, ROOT_USED_BYTES, TOP, baseOf, countUnused, countUsed, entryOf, heapStart, label,
  rootOf,
} from "./page-table";
import { CLASSES, LARGE_BYTES, classOf, sizeOf } from "./size-classes";
import { giveObject, slabStart, takeFromNext, takeObject } from "./slabs";
import { countSteps } from "./steps";

export { Arena, LARGE_BYTES };

/** What `reserve` leaves free: also reached by commands that may never be refused. */
export const KEEP_FREE_BYTES: u32 = 1 << 20;

/** Pages in one piece that a reservation adds, for slabs that small blocks may begin. */
const SLAB_ROOM_PAGES: u32 = 18;

/** Largest request that `reserveServing` favours. */
const SERVING_BYTES_MAXIMUM: u32 = 0x10000;

/** Tests only, before `initializeAllocator`: the heap starts at `address` instead of HEAP_BASE. */
export function setHeapStart(address: usize): void {
  store<usize>(FIRST, entryOf(address));
}

/** An empty heap from its start to `limitBytes`. */
export function initializeAllocator(limitBytes: u32): void {
  const first = entryOf(heapStart());
  store<usize>(FIRST, first);
  store<usize>(TOP, first);
  clearArena(DATA_ROOT);
  startServer(limitBytes);
}

/**
 * Takes over DATA root and page table as an image gave them: pages of SERVER become free, its words
 * are made anew. False when the pages do not fit into the limit; then nothing may be used.
 */
export function rebuildAfterAttach(limitBytes: u32): bool {
  startServer(limitBytes);
  const top = load<usize>(TOP);
  let entry = load<usize>(FIRST);
  let run = entry;
  for (; entry != top; entry += ENTRY_BYTES) {
    if (changetype<Page>(entry).owner != 1) continue;
    if (run != entry) keepRun(run, entry);
    run = entry + ENTRY_BYTES;
  }
  if (run != top) store<usize>(TOP, run);
  store<u32>(PEAK_BYTES, load<u32>(DATA_ROOT, ROOT_USED_BYTES));
  return load<usize>(TOP) <= load<usize>(LIMIT);
}

function keepRun(start: usize, end: usize): void {
  const pages = ((end - start) >> ENTRY_BITS) as u32;
  label(start, pages, PageKind.FREE);
  insertRun(start, pages);
}

function clearArena(root: usize): void {
  memory.fill(root, 0, CLASSES << 2);
  store<u32>(root, 0, ROOT_USED_BYTES);
  store<u32>(root, 0, ROOT_PAGES);
}

function startServer(limitBytes: u32): void {
  clearArena(SERVER_ROOT);
  clearRuns();
  store<u32>(PEAK_BYTES, 0);
  store<usize>(LIMIT, max<usize>(entryOf(limitBytes), load<usize>(FIRST)));
}

/** A block of at least `bytes` bytes, full of garbage, aligned to 4 (a large one to a page). */
export function allocate(arena: Arena, bytes: u32): usize {
  const root = rootOf(arena);
  if (bytes >= LARGE_BYTES) {
    const block = allocateLarge(root, bytes);
    if (!block) unreachable();
    return block;
  }
  const sizeClass = classOf(bytes);
  const entry = load<usize>(root + (sizeClass << 2));
  let object: usize = entry ? takeObject(entry, sizeClass) : 0;
  if (!object) {
    object = takeFromNext(root, sizeClass);
    if (!object) unreachable();
  }
  countUsed(root, sizeOf(sizeClass));
  return object;
}

/** Gives a block back. */
export function release(address: usize): void {
  const entry = entryOf(address);
  const root = (changetype<Page>(entry).owner as usize) << PAGE_BITS;
  if (DEBUG) assert(isBlock(address), "release of what is no block");
  if (changetype<Page>(entry).kind != PageKind.SLAB) {
    releaseLarge(entry, root);
    return;
  }
  const sizeClass: u32 = changetype<Page>(entry).sizeClass;
  countUnused(root, sizeOf(sizeClass));
  giveObject(slabStart(entry), address, root, sizeClass);
}

/**
 * The block with room for `bytes`, its bytes kept (as many as fit), perhaps elsewhere. In place
 * when the size class stays, or when a large block shrinks or is followed by free pages.
 */
export function reallocate(address: usize, bytes: u32): usize {
  const entry = entryOf(address);
  if (DEBUG) assert(isBlock(address), "reallocate of what is no block");
  const arena = arenaOf(address);
  const usable = usableBytes(address);
  if (changetype<Page>(entry).kind == PageKind.SLAB) {
    if (bytes < LARGE_BYTES && sizeOf(classOf(bytes)) == usable) return address;
  } else if (bytes >= LARGE_BYTES && resizeLarge(entry, rootOf(arena), bytes)) {
    return address;
  }
  const moved = allocate(arena, bytes);
  memory.copy(moved, address, min(usable, bytes));
  countSteps(min(usable, bytes) >> 6);
  release(address);
  return moved;
}

/** How many bytes the block at `address` really has. */
export function usableBytes(address: usize): u32 {
  const page = changetype<Page>(entryOf(address));
  return page.kind == PageKind.SLAB ? sizeOf(page.sizeClass) : page.state << PAGE_BITS;
}

/** The usable bytes that a block of `bytes` would have. */
export function usableBytesFor(bytes: u32): u32 {
  return bytes >= LARGE_BYTES ? pagesFor(bytes) << PAGE_BITS : sizeOf(classOf(bytes));
}

export function arenaOf(address: usize): Arena {
  return (changetype<Page>(entryOf(address)).owner as i32) - 1;
}

/** Moves a block of LARGE_BYTES or more to `arena`; its address and bytes stay. */
export function retag(address: usize, arena: Arena): void {
  const entry = entryOf(address);
  if (DEBUG) assert(changetype<Page>(entry).kind == PageKind.LARGE, "retag of a small block");
  retagLarge(entry, rootOf(arenaOf(address)), rootOf(arena));
}

/**
 * Whether `bytes` more can be allocated, in one block or in several (each counted with at least 8).
 * A block may lose a third of its size to its class or its last page, so 11/32 are asked for in
 * addition.
 */
export function reserve(bytes: u32): bool {
  if (failsOnDemand()) return false;
  const pages = bytes >> PAGE_BITS;
  return hasPages(pages + ((pages * 11) >> 5) + SLAB_ROOM_PAGES, KEEP_FREE_BYTES >> PAGE_BITS);
}

/**
 * As `reserve`, for what a connection must have to be served at all: it may use up to half of what
 * is kept free, so that whoever comes to delete is let in when memory is full.
 */
export function reserveServing(bytes: u32): bool {
  if (bytes > SERVING_BYTES_MAXIMUM) return reserve(bytes);
  if (failsOnDemand()) return false;
  const pages = (bytes >> PAGE_BITS) + SLAB_ROOM_PAGES;
  return hasPages(pages, KEEP_FREE_BYTES >> (PAGE_BITS + 1));
}

/** Whether one block of `bytes` can be allocated: exact, for values near the limit. */
export function reserveBlock(bytes: u32): bool {
  if (bytes < LARGE_BYTES) return reserve(bytes);
  if (failsOnDemand()) return false;
  return hasPages(pagesFor(bytes), KEEP_FREE_BYTES >> PAGE_BITS);
}

/** Counts the test hook down; true when this is the reservation that shall fail. */
// @ts-ignore: decorator
@inline
function failsOnDemand(): bool {
  const left = load<u32>(EXCHANGE, Exchange.FAIL_RESERVE);
  if (!left) return false;
  store<u32>(EXCHANGE, left - 1, Exchange.FAIL_RESERVE);
  return left == 1;
}

/** Sum of the usable bytes of all blocks. */
export function usedBytes(): f64 {
  return usedBytesOf(Arena.DATA) + usedBytesOf(Arena.SERVER);
}

export function usedBytesOf(arena: Arena): f64 {
  return load<u32>(rootOf(arena), ROOT_USED_BYTES) as f64;
}

/** The most that `usedBytes` has been since the start or `resetPeakBytes`. */
export function peakBytes(): f64 {
  return load<u32>(PEAK_BYTES) as f64;
}

export function resetPeakBytes(): void {
  store<u32>(PEAK_BYTES, load<u32>(DATA_ROOT, ROOT_USED_BYTES)
    + load<u32>(SERVER_ROOT, ROOT_USED_BYTES));
}

/** Pages that hold blocks of an arena, full or not. */
export function pagesInUse(arena: Arena): u32 {
  return load<u32>(rootOf(arena), ROOT_PAGES);
}

/** Pages given back, below the top. */
export function freeRunPages(): u32 {
  return load<u32>(FREE_PAGES);
}

/** Bytes of the page table that describe the heap so far. */
export function overheadBytes(): f64 {
  return (load<usize>(TOP) - load<usize>(FIRST)) as f64;
}

/** The limit given to `initializeAllocator`, in whole pages. */
export function limitBytes(): u32 {
  return baseOf(load<usize>(LIMIT)) as u32;
}

/** Bytes that no block and no slab uses. */
export function freeBytes(): f64 {
  return ((unusedPages() + load<u32>(FREE_PAGES)) as f64) * PAGE_BYTES;
}

/** Whether `address` is the start of a block: as much as can be seen without walking lists. */
function isBlock(address: usize): bool {
  const entry = entryOf(address);
  if (entry < load<usize>(FIRST) || entry >= load<usize>(TOP)) return false;
  const page = changetype<Page>(entry);
  if (page.kind == PageKind.LARGE) return address == baseOf(entry);
  if (page.kind != PageKind.SLAB) return false;
  const start = slabStart(entry);
  return changetype<Page>(start).state >> 16 != 0
    && ((address - baseOf(start)) as u32) % sizeOf(page.sizeClass) == 0;
}

/**
 * The page table: 16 bytes for each 4 KiB page of the heap, and the allocator's words in the roots.
 *
 * Everything the allocator knows about a page is here and not in the page, so free pages are never
 * touched, and whoever holds an address finds arena and size with one load.
 *
 *   entry of     byte 0   byte 1  byte 2   byte 3   4-7                      8-11   12-15
 *   SLAB         2        owner   class    0        free (u16), used (u16)   next   previous
 *   SLAB, page n 2        owner   class    n        -                        -      -
 *   LARGE        3        owner   0        0        pages                    -      -
 *   LARGE_REST   4        owner   0        0        -                        -      -
 *   FREE         1        0       0        0        pages (first, last)      next   previous
 *
 *   owner     number of the root page that accounts for it: 0 nobody, 1 DATA, 2 SERVER
 *   free      first free object: its offset in the slab / 4 + 1; 0 = none. Each free object keeps
 *             the next one in its first two bytes
 *   next, previous   entries of the same list (slabs with room; free runs of a bin); 0 = none
 *
 * Entries are known by their address; entry <-> page <-> address are shifts. Header bytes are right
 * for every page from FIRST to TOP, also inside of runs; above TOP there is garbage.
 *
 *   root page of an arena (DATA 0x1000, SERVER 0x2000), the allocator's block:
 *   0x000  u32 x 48   first slab of each size class that may have room
 *   0x0C0  u32        bytes in use (usable sizes of live blocks)
 *   0x0C4  u32        pages in use
 *   0x0C8  u32        DATA: FIRST, entry of the first heap page; 0 in fresh memory = HEAP_BASE
 *   0x0CC  u32        DATA: TOP, entry of the first page above all pages handed out
 *   0x0D0  u32        SERVER: LIMIT, entry of the first page that may not be used
 *   0x0D4  u32        SERVER: peak of the bytes in use of both arenas
 *   0x0D8  u32        SERVER: pages in free runs
 *   0x0E0  u64        SERVER: which bins of free runs are not empty
 *   0x100  u32 x 62   SERVER: first free run of each bin
 */

import { DATA_ROOT, HEAP_BASE, PAGE_BITS, PAGE_TABLE, SERVER_ROOT } from "../abi";
import { countSteps } from "./steps";

/** Whose memory a block is: DATA goes into images, SERVER dies with the process. */
export const enum Arena {
  DATA = 0,
  SERVER = 1,
}

export const enum PageKind {
  FREE = 1,
  SLAB = 2,
  LARGE = 3,
  LARGE_REST = 4,
}

/** One entry; `state` is "pages" or "free | used << 16". */
@unmanaged
export class Page {
  kind: u8;
  owner: u8;
  sizeClass: u8;
  /** How many entries before this one the slab begins. */
  back: u8;
  state: u32;
  next: usize;
  previous: usize;
}

/** The table's address as an address: with a signed number comparisons would go wrong. */
export const TABLE: usize = PAGE_TABLE;

/** `previous` of a slab that is in no list, because it is full. */
export const UNLISTED: usize = 1;

export const ENTRY_BITS = 4;
export const ENTRY_BYTES = 16;

export const ROOT_USED_BYTES = 0xc0;
export const ROOT_PAGES = 0xc4;
export const FIRST: usize = DATA_ROOT + 0xc8;
export const TOP: usize = DATA_ROOT + 0xcc;
export const LIMIT: usize = SERVER_ROOT + 0xd0;
export const PEAK_BYTES: usize = SERVER_ROOT + 0xd4;
export const FREE_PAGES: usize = SERVER_ROOT + 0xd8;
export const BIN_BITS: usize = SERVER_ROOT + 0xe0;
export const BINS: usize = SERVER_ROOT + 0x100;

if (offsetof<Page>() != ENTRY_BYTES) ERROR("a page table entry has 16 bytes");
if (SERVER_ROOT != 2 * DATA_ROOT) ERROR("a root is found by shifting its owner number");

/** Address of the root page of an arena. */
// @ts-ignore: decorator
@inline
export function rootOf(arena: Arena): usize {
  return ((arena as usize) + 1) << PAGE_BITS;
}

// @ts-ignore: decorator
@inline
export function entryOf(address: usize): usize {
  return TABLE + ((address >> PAGE_BITS) << ENTRY_BITS);
}

/** Address of the page that an entry describes. */
// @ts-ignore: decorator
@inline
export function baseOf(entry: usize): usize {
  return (entry - TABLE) << (PAGE_BITS - ENTRY_BITS);
}

/** The first four bytes of an entry as one word, so that a page is labelled by one store. */
// @ts-ignore: decorator
@inline
export function headerOf(kind: PageKind, root: usize, sizeClass: u32, back: u32): u32 {
  return kind | ((root as u32) >> (PAGE_BITS - 8)) | (sizeClass << 16) | (back << 24);
}

/** Whether `bytes` can be counted from the first heap page on: where the heap starts. */
export function heapStart(): usize {
  const first = load<usize>(FIRST);
  return first ? baseOf(first) : HEAP_BASE;
}

/** Labels `pages` entries from `entry` on with the same header. */
export function label(entry: usize, pages: u32, header: u32): void {
  const end = entry + ((pages as usize) << ENTRY_BITS);
  countSteps(pages);
  for (; entry != end; entry += ENTRY_BYTES) store<u32>(entry, header);
}

/** Adds to the bytes in use of an arena and keeps the peak. */
// @ts-ignore: decorator
@inline
export function countUsed(root: usize, bytes: u32): void {
  store<u32>(root, load<u32>(root, ROOT_USED_BYTES) + bytes, ROOT_USED_BYTES);
  const total = load<u32>(DATA_ROOT, ROOT_USED_BYTES) + load<u32>(SERVER_ROOT, ROOT_USED_BYTES);
  if (total > load<u32>(PEAK_BYTES)) store<u32>(PEAK_BYTES, total);
}

// @ts-ignore: decorator
@inline
export function countUnused(root: usize, bytes: u32): void {
  store<u32>(root, load<u32>(root, ROOT_USED_BYTES) - bytes, ROOT_USED_BYTES);
}

/** Adds to the pages in use of an arena; `pages` may be negative. */
// @ts-ignore: decorator
@inline
export function countPages(root: usize, pages: i32): void {
  store<u32>(root, load<u32>(root, ROOT_PAGES) + pages, ROOT_PAGES);
}

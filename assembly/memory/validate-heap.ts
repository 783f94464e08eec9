/**
 * The invariants of the heap as code: every function returns 0 or the number of a broken one.
 *
 *    1  FIRST <= TOP, and TOP <= LIMIT
 *    2  every page from FIRST to TOP belongs to a slab, a large block or a free run
 *    3  a free run: same length at both ends, all pages labelled FREE, nothing else in the header
 *    4  no free run is followed by another, and none ends at TOP
 *    5  a slab: owner and class exist, its pages carry the same owner and class and count up
 *    6  a slab: used <= capacity; free list inside the slab, at object starts, without repetition,
 *       within the carved part, used + free <= capacity
 *    7  a slab outside of its list is full
 *    8  a large block: at least LARGE_BYTES, its pages carry its owner
 *    9  a list of slabs: links agree in both directions, each of its arena and class, none full and
 *       none empty behind the first
 *   10  the lists hold exactly the listed slabs of the table
 *   11  a bin: links agree in both directions, lengths belong to it; its bit agrees
 *   12  the bins hold exactly the free runs of the table, and FREE_PAGES is their sum
 *   13  bytes in use and pages in use of both arenas are the sums over the table
 *   14  the peak is not below the bytes in use
 *
 * Cost: every entry and every free object once; repeated links are found by counting.
 * The sums of one walk live in SERVER root words that nobody else uses:
 *
 *   0x2700 used DATA | used SERVER | pages DATA | pages SERVER | listed slabs | runs | run pages
 */

import { DATA_ROOT, PAGE_BITS, SERVER_ROOT } from "../abi";
import { BIN_COUNT, binOf } from "./page-runs";
import {
  BINS, BIN_BITS, ENTRY_BITS, ENTRY_BYTES, FIRST, FREE_PAGES, LIMIT, PEAK_BYTES, Page, PageKind,
  ROOT_PAGES, ROOT_USED_BYTES, TOP, UNLISTED, baseOf,
} from "./page-table";
import { CLASSES, LARGE_BYTES, capacityOf, sizeOf, slabPagesOf } from "./size-classes";

@unmanaged
class Sums {
  usedData: u32;
  usedServer: u32;
  pagesData: u32;
  pagesServer: u32;
  listedSlabs: u32;
  runs: u32;
  runPages: u32;
}

const SUMS: usize = SERVER_ROOT + 0x700;

/** 0, or the number of the broken invariant. */
export function validateHeap(): i32 {
  memory.fill(SUMS, 0, offsetof<Sums>());
  const top = load<usize>(TOP);
  if (load<usize>(FIRST) > top || top > load<usize>(LIMIT)) return 1;
  let entry = load<usize>(FIRST);
  while (entry < top) {
    const broken = validateAt(entry, top);
    if (broken) return broken;
    entry += (pagesAt(entry) as usize) << ENTRY_BITS;
  }
  if (entry != top) return 2;
  let broken = validateLists(DATA_ROOT);
  if (!broken) broken = validateLists(SERVER_ROOT);
  if (broken) return broken;
  if (changetype<Sums>(SUMS).listedSlabs) return 10;
  broken = validateBins();
  return broken ? broken : validateCounters();
}

function pagesAt(entry: usize): u32 {
  const page = changetype<Page>(entry);
  return page.kind == PageKind.SLAB ? slabPagesOf(page.sizeClass) : page.state;
}

function pagesBelow(entry: usize, top: usize): u32 {
  return ((top - entry) >> ENTRY_BITS) as u32;
}

/** What begins at `entry`, and its share of the sums. */
function validateAt(entry: usize, top: usize): i32 {
  const page = changetype<Page>(entry);
  const kind = page.kind;
  if (kind == PageKind.FREE) return validateRun(entry, top);
  if (page.owner != 1 && page.owner != 2) return 5;
  if (kind == PageKind.SLAB) return validateSlab(entry, top);
  return kind == PageKind.LARGE ? validateLarge(entry, top) : 2;
}

function validateRun(entry: usize, top: usize): i32 {
  const pages = changetype<Page>(entry).state;
  if (!pages || pages > pagesBelow(entry, top)) return 3;
  const end = entry + ((pages as usize) << ENTRY_BITS);
  if (end == top || changetype<Page>(end).kind == PageKind.FREE) return 4;
  if (changetype<Page>(end - ENTRY_BYTES).state != pages) return 3;
  for (let page = entry; page != end; page += ENTRY_BYTES) {
    if (load<u32>(page) != PageKind.FREE) return 3;
  }
  const sums = changetype<Sums>(SUMS);
  sums.runs++;
  sums.runPages += pages;
  return 0;
}

function validateSlab(entry: usize, top: usize): i32 {
  const slab = changetype<Page>(entry);
  if (slab.sizeClass as u32 >= CLASSES) return 5;
  const pages = slabPagesOf(slab.sizeClass);
  if (pages > pagesBelow(entry, top)) return 5;
  for (let back: u32 = 0; back < pages; back++) {
    if (load<u32>(entry + (back << ENTRY_BITS)) != load<u32>(entry) + (back << 24)) return 5;
  }
  const used = slab.state >> 16;
  const capacity = capacityOf(slab.sizeClass);
  if (used > capacity || !validateFreeList(entry, capacity)) return 6;
  if (slab.previous == UNLISTED) {
    if (used != capacity) return 7;
  } else {
    changetype<Sums>(SUMS).listedSlabs++;
  }
  addSums(slab.owner, used * sizeOf(slab.sizeClass), pages);
  return 0;
}

/** Invariant 6. Every free object is told apart from the others by the length of the list. */
function validateFreeList(entry: usize, capacity: u32): bool {
  const slab = changetype<Page>(entry);
  const base = baseOf(entry);
  const size = sizeOf(slab.sizeClass);
  const used = slab.state >> 16;
  let count: u32 = 0;
  let furthest: u32 = 0;
  let free = slab.state & 0xffff;
  while (free) {
    const offset = (free - 1) << 2;
    if (offset % size || offset >= size * capacity) return false;
    furthest = max(furthest, offset / size + 1);
    if (++count + used > capacity) return false;
    free = load<u16>(base + offset);
  }
  // Carved objects are `used + count`: a free one beyond them was never handed out.
  return furthest <= used + count;
}

function validateLarge(entry: usize, top: usize): i32 {
  const block = changetype<Page>(entry);
  const pages = block.state;
  if (pages < (LARGE_BYTES >> PAGE_BITS) + 1 || pages > pagesBelow(entry, top)) return 8;
  const rest = load<u32>(entry) - PageKind.LARGE + PageKind.LARGE_REST;
  for (let index: u32 = 1; index < pages; index++) {
    if (load<u32>(entry + (index << ENTRY_BITS)) != rest) return 8;
  }
  addSums(block.owner, pages << PAGE_BITS, pages);
  return 0;
}

function addSums(owner: u32, bytes: u32, pages: u32): void {
  const sums = changetype<Sums>(SUMS);
  if (owner == 1) {
    sums.usedData += bytes;
    sums.pagesData += pages;
  } else {
    sums.usedServer += bytes;
    sums.pagesServer += pages;
  }
}

/** Invariants 9 and 10 for one arena; takes the slabs it meets off the sum of listed ones. */
function validateLists(root: usize): i32 {
  const sums = changetype<Sums>(SUMS);
  for (let sizeClass: u32 = 0; sizeClass < CLASSES; sizeClass++) {
    let previous: usize = 0;
    let entry = load<usize>(root + (sizeClass << 2));
    while (entry) {
      if (entry < load<usize>(FIRST) || entry >= load<usize>(TOP)) return 9;
      const slab = changetype<Page>(entry);
      if (slab.kind != PageKind.SLAB || slab.back || slab.sizeClass != sizeClass) return 9;
      if ((slab.owner as usize) << PAGE_BITS != root || slab.previous != previous) return 9;
      const used = slab.state >> 16;
      if (previous && (!used || used == capacityOf(sizeClass))) return 9;
      if (!sums.listedSlabs) return 10;
      sums.listedSlabs--;
      previous = entry;
      entry = slab.next;
    }
  }
  return 0;
}

function validateBins(): i32 {
  const sums = changetype<Sums>(SUMS);
  if (sums.runPages != load<u32>(FREE_PAGES)) return 12;
  for (let bin: u32 = 0; bin < BIN_COUNT; bin++) {
    let previous: usize = 0;
    let entry = load<usize>(BINS + (bin << 2));
    const bit = (load<u64>(BIN_BITS) >> (bin as u64)) & 1;
    if ((entry != 0) != (bit != 0)) return 11;
    while (entry) {
      if (entry < load<usize>(FIRST) || entry >= load<usize>(TOP)) return 11;
      const run = changetype<Page>(entry);
      if (run.kind != PageKind.FREE || run.previous != previous) return 11;
      if (binOf(run.state) != bin) return 11;
      if (!sums.runs) return 12;
      sums.runs--;
      sums.runPages -= run.state;
      previous = entry;
      entry = run.next;
    }
  }
  return sums.runs || sums.runPages ? 12 : 0;
}

function validateCounters(): i32 {
  const sums = changetype<Sums>(SUMS);
  const usedData = load<u32>(DATA_ROOT, ROOT_USED_BYTES);
  const usedServer = load<u32>(SERVER_ROOT, ROOT_USED_BYTES);
  if (sums.usedData != usedData || sums.usedServer != usedServer) return 13;
  if (sums.pagesData != load<u32>(DATA_ROOT, ROOT_PAGES)) return 13;
  if (sums.pagesServer != load<u32>(SERVER_ROOT, ROOT_PAGES)) return 13;
  return load<u32>(PEAK_BYTES) < usedData + usedServer ? 14 : 0;
}

/**
 * Free pages: runs of neighbouring free pages in bins by length, and the never-used top.
 *
 * Why bins with best fit and not a buddy system: runs of any length, no rounding up of large
 * values, and coalescing at once by boundary tags (the length stands in the first and in the last
 * entry of a run). A bin up to 32 pages holds one length; above, each doubling has two bins.
 *
 *   FIRST ... [ in use ] [ free run ] [ in use ] [ free run ] [ in use ] TOP ... unused ... LIMIT
 *
 * Invariants:
 *   1. Two free runs are never neighbours, and no free run ends at TOP: TOP moves down instead.
 *   2. Every free run is in the bin of its length; BIN_BITS has a bit for each bin that has one.
 *   3. FREE_PAGES is the sum of their lengths.
 *
 * Cost: at most two bins are searched, SEARCH_STEPS runs in each; then the unused top is taken.
 * Only when that is gone too is one whole bin searched, before the answer is "out of memory".
 * Labelling costs one store per page.
 */

import {
  BINS, BIN_BITS, ENTRY_BITS, ENTRY_BYTES, FIRST, FREE_PAGES, LIMIT, Page, PageKind, TOP, label,
} from "./page-table";
import { countSteps } from "./steps";

const EXACT_BINS: u32 = 32;
export const BIN_COUNT: u32 = 62;
const SEARCH_STEPS: u32 = 16;

/** Bin of the runs of `pages` pages (1 to 2^20). */
export function binOf(pages: u32): u32 {
  if (pages <= EXACT_BINS) return pages - 1;
  const top = 31 - clz<u32>(pages - 1);
  return EXACT_BINS + ((top - 5) << 1) + (((pages - 1) >> (top - 1)) & 1);
}

/** Forgets all free runs; TOP, FIRST and LIMIT are the caller's. */
export function clearRuns(): void {
  store<u64>(BIN_BITS, 0);
  store<u32>(FREE_PAGES, 0);
  memory.fill(BINS, 0, BIN_COUNT << 2);
}

/** Takes `pages` neighbouring pages: the first entry, unlabelled, or 0 when memory is out. */
export function takePages(pages: u32): usize {
  let run = findRun(pages, SEARCH_STEPS);
  if (!run) {
    const top = load<usize>(TOP);
    if (unusedPages() >= pages) {
      store<usize>(TOP, top + ((pages as usize) << ENTRY_BITS));
      return top;
    }
    run = findRun(pages, u32.MAX_VALUE);
    if (!run) return 0;
  }
  cutRun(run, pages);
  return run;
}

/** Takes the `pages` pages from `entry` on, which follow a block, if all of them are free. */
export function takePagesAt(entry: usize, pages: u32): bool {
  const top = load<usize>(TOP);
  if (entry == top) {
    if (unusedPages() < pages) return false;
    store<usize>(TOP, top + ((pages as usize) << ENTRY_BITS));
    return true;
  }
  const run = changetype<Page>(entry);
  if (run.kind != PageKind.FREE || run.state < pages) return false;
  cutRun(entry, pages);
  return true;
}

/** Gives `pages` pages back and joins them with free neighbours. */
export function givePages(entry: usize, pages: u32): void {
  label(entry, pages, PageKind.FREE);
  let start = entry;
  let end = entry + ((pages as usize) << ENTRY_BITS);
  if (start != load<usize>(FIRST)) {
    const before = changetype<Page>(start - ENTRY_BYTES);
    if (before.kind == PageKind.FREE) {
      start -= (before.state as usize) << ENTRY_BITS;
      removeRun(start);
    }
  }
  const top = load<usize>(TOP);
  if (end != top) {
    const after = changetype<Page>(end);
    if (after.kind == PageKind.FREE) {
      removeRun(end);
      end += (after.state as usize) << ENTRY_BITS;
    }
  }
  if (end == top) store<usize>(TOP, start);
  else insertRun(start, ((end - start) >> ENTRY_BITS) as u32);
}

/** Pages above TOP. */
// @ts-ignore: decorator
@inline
export function unusedPages(): u32 {
  return ((load<usize>(LIMIT) - load<usize>(TOP)) >> ENTRY_BITS) as u32;
}

/** Whether a run of `pages` pages is free, and `spare` pages besides. */
export function hasPages(pages: u32, spare: u32): bool {
  const unused = unusedPages();
  if (unused >= pages && unused - pages >= spare) return true;
  const free = unused + load<u32>(FREE_PAGES);
  if (free < pages || free - pages < spare) return false;
  return unused >= pages || findRun(pages, SEARCH_STEPS) != 0;
}

/** A free run of at least `pages` pages, the shortest one seen in `steps` steps; 0 when none. */
function findRun(pages: u32, steps: u32): usize {
  const bin = binOf(pages);
  let bits = (load<u64>(BIN_BITS) >> (bin as u64)) << (bin as u64);
  while (bits) {
    const run = bestOfBin(ctz<u64>(bits) as u32, pages, steps);
    if (run) return run;
    bits &= bits - 1;
  }
  return 0;
}

function bestOfBin(bin: u32, pages: u32, most: u32): usize {
  let best: usize = 0;
  let steps = most;
  let bestPages = u32.MAX_VALUE;
  let run = load<usize>(BINS + (bin << 2));
  while (run && steps) {
    const length = changetype<Page>(run).state;
    if (length >= pages && length < bestPages) {
      best = run;
      bestPages = length;
      if (length == pages) break;
    }
    run = changetype<Page>(run).next;
    steps--;
  }
  countSteps(most - steps);
  return best;
}

/** Takes the first `pages` pages out of a free run; the rest becomes a run again. */
function cutRun(run: usize, pages: u32): void {
  const length = changetype<Page>(run).state;
  removeRun(run);
  if (length > pages) insertRun(run + ((pages as usize) << ENTRY_BITS), length - pages);
}

/** Makes a run of labelled pages known: both boundary tags, then the bin. */
export function insertRun(run: usize, pages: u32): void {
  const bin = binOf(pages);
  const slot = BINS + (bin << 2);
  const first = load<usize>(slot);
  const page = changetype<Page>(run);
  changetype<Page>(run + (((pages - 1) as usize) << ENTRY_BITS)).state = pages;
  page.state = pages;
  page.next = first;
  page.previous = 0;
  if (first) changetype<Page>(first).previous = run;
  else store<u64>(BIN_BITS, load<u64>(BIN_BITS) | ((1 as u64) << (bin as u64)));
  store<usize>(slot, run);
  store<u32>(FREE_PAGES, load<u32>(FREE_PAGES) + pages);
}

function removeRun(run: usize): void {
  const page = changetype<Page>(run);
  const next = page.next;
  const previous = page.previous;
  if (next) changetype<Page>(next).previous = previous;
  if (previous) {
    changetype<Page>(previous).next = next;
  } else {
    const bin = binOf(page.state);
    store<usize>(BINS + (bin << 2), next);
    if (!next) store<u64>(BIN_BITS, load<u64>(BIN_BITS) & ~((1 as u64) << (bin as u64)));
  }
  store<u32>(FREE_PAGES, load<u32>(FREE_PAGES) - page.state);
}

/**
 * Blocks of LARGE_BYTES and more: whole pages of their own.
 *
 * They grow and shrink in place where the following pages allow it, which makes appending to a huge
 * value cheap, and they change arena by new labels, so a received argument becomes a value without
 * a copy.
 *
 *   page table entries:  [ LARGE, pages ][ LARGE_REST ][ LARGE_REST ] ...
 *
 * Cost: one store per page to label it.
 */

import {
  ENTRY_BITS, Page, PageKind, baseOf, countPages, countUnused, countUsed, headerOf, label,
} from "./page-table";
import { givePages, takePages, takePagesAt } from "./page-runs";
import { PAGE_BITS } from "../abi";

/** Pages that hold `bytes` bytes (at least 1). */
// @ts-ignore: decorator
@inline
export function pagesFor(bytes: u32): u32 {
  return ((bytes - 1) >> PAGE_BITS) + 1;
}

/** A new block; 0 when memory is out. */
export function allocateLarge(root: usize, bytes: u32): usize {
  const pages = pagesFor(bytes);
  const entry = takePages(pages);
  if (!entry) return 0;
  labelLarge(entry, pages, root);
  countPages(root, pages);
  countUsed(root, pages << PAGE_BITS);
  return baseOf(entry);
}

export function releaseLarge(entry: usize, root: usize): void {
  const pages = changetype<Page>(entry).state;
  countPages(root, -(pages as i32));
  countUnused(root, pages << PAGE_BITS);
  givePages(entry, pages);
}

/** Makes a block hold exactly the pages for `bytes` where it is; false when there is no room. */
export function resizeLarge(entry: usize, root: usize, bytes: u32): bool {
  const block = changetype<Page>(entry);
  const pages = block.state;
  const wanted = pagesFor(bytes);
  if (wanted == pages) return true;
  if (wanted < pages) {
    block.state = wanted;
    countPages(root, (wanted - pages) as i32);
    countUnused(root, (pages - wanted) << PAGE_BITS);
    givePages(entry + ((wanted as usize) << ENTRY_BITS), pages - wanted);
    return true;
  }
  const end = entry + ((pages as usize) << ENTRY_BITS);
  if (!takePagesAt(end, wanted - pages)) return false;
  label(end, wanted - pages, headerOf(PageKind.LARGE_REST, root, 0, 0));
  block.state = wanted;
  countPages(root, (wanted - pages) as i32);
  countUsed(root, (wanted - pages) << PAGE_BITS);
  return true;
}

/** Moves a block from one arena to another: the bytes stay. */
export function retagLarge(entry: usize, fromRoot: usize, toRoot: usize): void {
  const pages = changetype<Page>(entry).state;
  countPages(fromRoot, -(pages as i32));
  countUnused(fromRoot, pages << PAGE_BITS);
  labelLarge(entry, pages, toRoot);
  countPages(toRoot, pages);
  countUsed(toRoot, pages << PAGE_BITS);
}

function labelLarge(entry: usize, pages: u32, root: usize): void {
  label(entry, pages, headerOf(PageKind.LARGE_REST, root, 0, 0));
  store<u32>(entry, headerOf(PageKind.LARGE, root, 0, 0));
  changetype<Page>(entry).state = pages;
}

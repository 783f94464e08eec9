/**
 * Which pages make up the data set: what an image holds and what a digest covers.
 *
 *   DATA root page | the page table's pages from FIRST to TOP | heap pages with owner DATA
 *
 * Nothing else belongs to it: the windows, the SERVER root, the module region and SERVER pages are
 * made anew at attach. The table's pages carry the labels of SERVER pages too; attach frees those.
 *
 * Cost: one look at each page table entry below TOP.
 */

import { DATA_ROOT, PAGE_BITS, PAGE_MAP } from "../abi";
import { ENTRY_BITS, ENTRY_BYTES, FIRST, LIMIT, Page, TABLE, TOP } from "./page-table";

const DATA_ROOT_PAGE: u32 = DATA_ROOT >> PAGE_BITS;
const DATA_OWNER: u8 = 1;

/** Writes 1 for each page of the data set into the page map, 0 for all others; returns how many. */
export function markDataPages(): u32 {
  memory.fill(PAGE_MAP, 0, pageOf(load<usize>(LIMIT)));
  store<u8>(PAGE_MAP + DATA_ROOT_PAGE, 1);
  const firstTable = firstTablePage();
  const tablePages = endTablePage() - firstTable;
  memory.fill(PAGE_MAP + firstTable, 1, tablePages);
  let count = 1 + tablePages;
  const top = load<usize>(TOP);
  let mark: usize = PAGE_MAP + pageOf(load<usize>(FIRST));
  for (let entry = load<usize>(FIRST); entry != top; entry += ENTRY_BYTES) {
    // Owners are 0, 1 (DATA) and 2: the lowest bit is the answer.
    const isData: u32 = changetype<Page>(entry).owner & DATA_OWNER;
    store<u8>(mark++, isData as u8);
    count += isData;
  }
  return count;
}

/** Whether a page belongs to the data set. */
export function isDataPage(page: u32): bool {
  if (page == DATA_ROOT_PAGE) return true;
  if (page >= firstTablePage() && page < endTablePage()) return true;
  const entry = TABLE + ((page as usize) << ENTRY_BITS);
  return entry >= load<usize>(FIRST) && entry < load<usize>(TOP)
    && changetype<Page>(entry).owner == DATA_OWNER;
}

/** The first page of the data set that is not below `from`; 0 when there is none. */
export function nextDataPage(from: u32): u32 {
  if (from <= DATA_ROOT_PAGE) return DATA_ROOT_PAGE;
  if (from < endTablePage() && endTablePage() != firstTablePage()) {
    return max(from, firstTablePage());
  }
  let entry = TABLE + ((from as usize) << ENTRY_BITS);
  if (entry < load<usize>(FIRST)) entry = load<usize>(FIRST);
  const top = load<usize>(TOP);
  for (; entry < top; entry += ENTRY_BYTES) {
    if (changetype<Page>(entry).owner == DATA_OWNER) return pageOf(entry);
  }
  return 0;
}

/** Page that an entry describes. */
// @ts-ignore: decorator
@inline
function pageOf(entry: usize): u32 {
  return ((entry - TABLE) >> ENTRY_BITS) as u32;
}

/** First page of the page table that holds an entry of the heap, and the end of those. */
function firstTablePage(): u32 {
  return (load<usize>(FIRST) >> PAGE_BITS) as u32;
}

function endTablePage(): u32 {
  const top = load<usize>(TOP);
  if (top == load<usize>(FIRST)) return firstTablePage();
  return ((top - 1) >> PAGE_BITS) as u32 + 1;
}

import { MAXIMUM_WASM_PAGES } from "../../../assembly/abi";
import {
  Arena, allocate, initializeAllocator, limitBytes, pagesInUse, reallocate, rebuildAfterAttach,
  release, reserve, setHeapStart, usedBytes,
} from "../../../assembly/memory/allocator";
import { markDataPages, nextDataPage } from "../../../assembly/memory/data-pages";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import { HeapModel } from "./heap-model";

// Untouched pages cost nothing, so the whole 4 GiB can be there.
const GROWN = memory.grow(MAXIMUM_WASM_PAGES - memory.size());
const TOP: u32 = 0xffff0000;

function exercise(start: usize, limit: u32): void {
  setHeapStart(start);
  initializeAllocator(limit);
  expect(limitBytes()).toBe(limit);
  const model = new HeapModel(41);
  // A wall moves the random blocks to where the addresses are of interest.
  model.add(Arena.DATA, 12 << 20);
  model.run(1500, 80);
  expect(markDataPages()).toBeGreaterThan(pagesInUse(Arena.DATA));
  let pages: u32 = 0;
  for (let page = nextDataPage(0x300); page; page = nextDataPage(page + 1)) pages++;
  expect(pages).toBeGreaterThan(pagesInUse(Arena.DATA) - 1);
  expect(rebuildAfterAttach(limit)).toBe(true);
  expect(validateHeap()).toBe(0);
}

describe("high addresses", () => {
  it("has the memory", () => {
    expect(GROWN).toBeGreaterThan(0);
    expect(memory.size()).toBe(MAXIMUM_WASM_PAGES);
  });

  it("works across 2 GiB", () => {
    exercise(0x80000000 - (16 << 20), 0x80000000 + (48 << 20));
  });

  it("works below the top of memory", () => {
    exercise(TOP - (64 << 20), TOP);
  });

  it("uses every page up to the very top", () => {
    const start = TOP - (2 << 20);
    setHeapStart(start);
    initializeAllocator(TOP);
    const last = allocate(Arena.DATA, 2 << 20);
    expect(last).toBe(start);
    store<u64>(TOP - 8, 1);
    expect(validateHeap()).toBe(0);
    expect(reserve(1)).toBe(false);
    expect(usedBytes()).toBe((2 << 20) as f64);
  });

  it("reads nothing beyond the top when a block grows", () => {
    const start = TOP - (1 << 20);
    setHeapStart(start);
    initializeAllocator(TOP);
    const room = allocate(Arena.DATA, 512 << 10);
    allocate(Arena.DATA, 508 << 10);
    let block: usize = 0;
    for (let count = 0; count < 8; count++) block = allocate(Arena.DATA, 512);
    expect(block).toBe(TOP - 512);
    store<u64>(TOP - 8, 7);
    release(room);
    const moved = reallocate(block, 20_000);
    expect(load<u64>(moved + 504)).toBe(7);
    expect(validateHeap()).toBe(0);
  });

  it("takes one block of more than 2 GiB", () => {
    setHeapStart(0x1000000 * 40);
    initializeAllocator(TOP);
    const block = allocate(Arena.DATA, 0x90000000);
    expect(block).toBe(0x1000000 * 40);
    expect(usedBytes()).toBe(0x90000000 as f64);
    expect(reserve(0x90000000)).toBe(false);
    expect(validateHeap()).toBe(0);
  });
});

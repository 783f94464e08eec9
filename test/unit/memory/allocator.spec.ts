import { EXCHANGE, Exchange, PAGE_MAP } from "../../../assembly/abi";
import {
  Arena, KEEP_FREE_BYTES, LARGE_BYTES, allocate, arenaOf, freeBytes, initializeAllocator,
  limitBytes, overheadBytes, pagesInUse, peakBytes, reallocate, rebuildAfterAttach, release,
  reserve, reserveBlock, resetPeakBytes, retag, setHeapStart, usableBytes, usableBytesFor,
  usedBytes, usedBytesOf,
} from "../../../assembly/memory/allocator";
import { isDataPage, markDataPages, nextDataPage } from "../../../assembly/memory/data-pages";
import {
  CLASSES, capacityOf, classOf, sizeOf, slabPagesOf,
} from "../../../assembly/memory/size-classes";
import { entryOf } from "../../../assembly/memory/page-table";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import { HeapModel, Random } from "./heap-model";

const HEAP_PAGES = 1024;
const HEAP: usize = (memory.grow(HEAP_PAGES) as usize) << 16;
const HEAP_END: usize = HEAP + (HEAP_PAGES << 16);
const SEED: u32 = 20_230_717;

function start(): void {
  // The table of a fresh heap may hold anything.
  memory.fill(entryOf(HEAP), 0x33, entryOf(HEAP_END) - entryOf(HEAP));
  setHeapStart(HEAP);
  initializeAllocator(HEAP_END as u32);
  store<u32>(EXCHANGE, 0, Exchange.FAIL_RESERVE);
}

describe("size classes", () => {
  it("give the smallest class that fits, for every size", () => {
    let sizeClass: u32 = 0;
    for (let bytes: u32 = 0; bytes < LARGE_BYTES; bytes++) {
      if (bytes > sizeOf(sizeClass)) sizeClass++;
      assert(classOf(bytes) == sizeClass, bytes.toString());
    }
    expect(sizeClass).toBe(CLASSES - 1);
  });

  it("fill their slabs", () => {
    for (let sizeClass: u32 = 0; sizeClass < CLASSES; sizeClass++) {
      expect(sizeOf(sizeClass) % 4).toBe(0);
      expect(capacityOf(sizeClass)).toBe(slabPagesOf(sizeClass) * 4096 / sizeOf(sizeClass));
      expect(capacityOf(sizeClass)).toBeGreaterThan(1);
    }
  });
});

describe("allocator", () => {
  beforeEach(start);

  it("starts empty", () => {
    expect(validateHeap()).toBe(0);
    expect(usedBytes()).toBe(0);
    expect(pagesInUse(Arena.DATA) + pagesInUse(Arena.SERVER)).toBe(0);
    expect(limitBytes()).toBe(HEAP_END as u32);
    expect(freeBytes()).toBe((HEAP_PAGES << 16) as f64);
  });

  it("keeps content, arena and accounts under random operations", () => {
    trace("seed", 1, SEED as f64);
    const model = new HeapModel(SEED);
    model.run(4000, 300);
    model.run(500, 20);
    model.dropAll();
    expect(validateHeap()).toBe(0);
    expect(usedBytes()).toBe(0);
  });

  it("gives the same addresses for the same calls", () => {
    const model = new HeapModel(SEED + 1);
    model.run(500, 100);
    start();
    const again = new HeapModel(SEED + 1);
    again.run(500, 100);
    expect(again.addresses.length).toBe(model.addresses.length);
    for (let index = 0; index < model.addresses.length; index++) {
      expect(again.addresses[index]).toBe(model.addresses[index]);
    }
  });

  it("keeps at most one empty slab a class and returns the rest", () => {
    const model = new HeapModel(SEED);
    for (let count = 0; count < 20_000; count++) model.add(Arena.DATA, 24);
    const pages = pagesInUse(Arena.DATA);
    expect(pages).toBe(118);
    model.dropAll();
    expect(pagesInUse(Arena.DATA)).toBe(1);
    expect(validateHeap()).toBe(0);
  });

  it("keeps long lists of slabs in order", () => {
    const model = new HeapModel(SEED + 3);
    model.random.narrow = true;
    model.run(3000, 600);
    model.dropAll();
    expect(pagesInUse(Arena.DATA)).toBeLessThan(5);
    expect(validateHeap()).toBe(0);
  });

  it("gives an emptied heap back as one piece", () => {
    const random = new Random(SEED);
    const blocks: usize[] = [];
    for (let count = 0; count < 300; count++) {
      blocks.push(allocate(Arena.DATA, LARGE_BYTES + random.below(60_000)));
    }
    while (blocks.length) {
      const index = random.below(blocks.length);
      release(blocks[index]);
      blocks[index] = blocks[blocks.length - 1];
      blocks.pop();
      assert(validateHeap() == 0);
    }
    expect(overheadBytes()).toBe(0);
    expect(freeBytes()).toBe((HEAP_PAGES << 16) as f64);
  });

  it("counts used and peak to the byte", () => {
    const small = allocate(Arena.DATA, 65);
    const large = allocate(Arena.SERVER, 11_000);
    expect(usedBytesOf(Arena.DATA)).toBe(72);
    expect(usedBytesOf(Arena.SERVER)).toBe(12_288);
    expect(usableBytesFor(65)).toBe(72);
    expect(usableBytesFor(11_000)).toBe(12_288);
    expect(pagesInUse(Arena.DATA)).toBe(1);
    expect(pagesInUse(Arena.SERVER)).toBe(3);
    release(large);
    expect(usedBytes()).toBe(72);
    expect(peakBytes()).toBe(12_360);
    resetPeakBytes();
    expect(peakBytes()).toBe(72);
    release(small);
    expect(usedBytes()).toBe(0);
  });

  it("grows and shrinks a large block in place", () => {
    const block = allocate(Arena.DATA, 1 << 20);
    expect(reallocate(block, 2 << 20)).toBe(block);
    expect(validateHeap()).toBe(0);
    const wall = allocate(Arena.SERVER, 20_000);
    expect(reallocate(block, 1 << 20)).toBe(block);
    expect(validateHeap()).toBe(0);
    expect(reallocate(block, (1 << 20) + (512 << 10))).toBe(block);
    expect(reallocate(block, 2 << 20)).toBe(block);
    const moved = reallocate(block, 3 << 20);
    expect(moved).not.toBe(block);
    expect(usableBytes(moved)).toBe(3 << 20);
    expect(validateHeap()).toBe(0);
    release(moved);
    release(wall);
    expect(usedBytes()).toBe(0);
    expect(overheadBytes()).toBe(0);
  });

  it("keeps a small block where it is while its class stays", () => {
    const block = allocate(Arena.DATA, 161);
    expect(reallocate(block, 192)).toBe(block);
    store<u64>(block, 0x1234567890);
    const moved = reallocate(block, 193);
    expect(moved).not.toBe(block);
    expect(load<u64>(moved)).toBe(0x1234567890);
  });

  it("moves a large block to the other arena without a copy", () => {
    const block = allocate(Arena.SERVER, 50_000);
    store<u32>(block + 49_000, 77);
    retag(block, Arena.DATA);
    expect(arenaOf(block)).toBe(Arena.DATA);
    expect(load<u32>(block + 49_000)).toBe(77);
    expect(usedBytesOf(Arena.SERVER)).toBe(0);
    expect(usedBytesOf(Arena.DATA)).toBe(53_248);
    expect(pagesInUse(Arena.DATA)).toBe(13);
    expect(validateHeap()).toBe(0);
    release(block);
    expect(usedBytes()).toBe(0);
  });

  it("takes the shortest free run that fits before new pages", () => {
    const runs: usize[] = [];
    for (let pages: u32 = 40; pages > 2; pages--) {
      runs.push(allocate(Arena.DATA, pages << 12));
      allocate(Arena.SERVER, 3 << 12);
    }
    const overhead = overheadBytes();
    for (let index = 0; index < runs.length; index++) release(runs[index]);
    for (let index = 0; index < runs.length; index++) {
      expect(allocate(Arena.DATA, (40 - index) << 12)).toBe(runs[index]);
    }
    expect(overheadBytes()).toBe(overhead);
    expect(validateHeap()).toBe(0);
  });
});

describe("free runs", () => {
  beforeEach(start);

  it("of one bin: the shortest that fits is taken", () => {
    const runs: usize[] = [];
    for (let pages: u32 = 47; pages > 32; pages--) {
      runs.push(allocate(Arena.DATA, pages << 12));
      allocate(Arena.SERVER, 3 << 12);
    }
    // Released so that the wanted one is neither first nor last in the list.
    for (let index = 0; index < runs.length; index += 2) release(runs[index]);
    expect(allocate(Arena.DATA, 36 << 12)).toBe(runs[10]);
    expect(allocate(Arena.DATA, 38 << 12)).toBe(runs[8]);
    expect(validateHeap()).toBe(0);
  });

  it("are searched to the end before memory is out", () => {
    const blocks: usize[] = [];
    const fitting = allocate(Arena.DATA, 47 << 12);
    allocate(Arena.SERVER, 3 << 12);
    for (let count = 0; count < 100; count++) {
      blocks.push(allocate(Arena.DATA, 34 << 12));
      allocate(Arena.SERVER, 3 << 12);
    }
    const rest = (freeBytes() as u32) >> 12;
    allocate(Arena.DATA, rest << 12);
    release(fitting);
    for (let index = 0; index < blocks.length; index++) release(blocks[index]);
    expect(allocate(Arena.DATA, 40 << 12)).toBe(fitting);
    expect(validateHeap()).toBe(0);
  });
});

describe("validate", () => {
  beforeEach(() => {
    start();
    const model = new HeapModel(SEED + 5);
    model.run(50, 40);
  });

  it("sees a wrong counter, label, length, list and bin", () => {
    expect(validateHeap()).toBe(0);
    const small = allocate(Arena.DATA, 40);
    const large = allocate(Arena.DATA, 40_000);
    const last = allocate(Arena.SERVER, 40_000);
    expect(broken(0x10c0, 8)).toBe(13);
    expect(broken(0x20d4, load<u32>(0x20d4))).toBe(14);
    expect(broken(entryOf(small) + 4, 0x02000000)).toBe(6);
    expect(broken(entryOf(small) + 8, 16)).toBe(9);
    expect(broken(entryOf(large) + 16, 1)).toBe(8);
    expect(broken(entryOf(last), 7)).not.toBe(0);
    release(large);
    expect(broken(entryOf(large) + 32, 0x100)).toBe(3);
    expect(broken(0x20d8, 1)).toBe(12);
    expect(broken(0x20e0, 0x2000)).toBe(11);
    expect(validateHeap()).toBe(0);
  });
});

/** What validate answers while the word at `address` is changed by `bits`. */
function broken(address: usize, bits: u32): i32 {
  const word = load<u32>(address);
  store<u32>(address, word ^ bits);
  const found = validateHeap();
  store<u32>(address, word);
  return found;
}

describe("reserve", () => {
  beforeEach(start);

  it("promises what can be kept, in one block or in many small ones", () => {
    for (let size: u32 = 1000; size < 40_000_000; size *= 3) {
      start();
      let promised = 0;
      while (reserve(size) && promised < 300) {
        // The worst piece just above a class.
        const piece: u32 = promised & 1 ? 129 : 2049;
        for (let bytes = piece; bytes <= size; bytes += piece) allocate(Arena.DATA, piece);
        promised++;
      }
      expect(promised).toBeGreaterThan(0);
      expect(validateHeap()).toBe(0);
    }
  });

  it("keeps its promise when it is just kept", () => {
    const sizes: u32[] = [30_000, 300_000, 3_000_000, 30_000_000];
    const pieces: u32[] = [1, 9, 129, 257, 2049, 4097, 6145, 8193, 10_241, 12_289];
    for (let index = 0; index < sizes.length * pieces.length; index++) {
      start();
      const size = sizes[index / pieces.length];
      const piece = pieces[index % pieces.length];
      // One byte takes eight: callers ask for at least that.
      const asked = max<u32>(piece, 8);
      let last: usize = 0;
      while (reserve(size)) last = allocate(Arena.SERVER, 3 << 12);
      release(last);
      expect(reserve(size)).toBe(true);
      for (let bytes = asked; bytes <= size; bytes += asked) allocate(Arena.DATA, piece);
      expect(validateHeap()).toBe(0);
    }
  });

  it("leaves the spare megabyte when it says no", () => {
    while (reserve(100_000)) allocate(Arena.DATA, 100_000);
    expect(freeBytes()).toBeGreaterThan(KEEP_FREE_BYTES as f64);
    expect(reserve(1000)).toBe(true);
    while (reserve(1)) allocate(Arena.DATA, 1);
    expect(freeBytes()).toBeGreaterThan((KEEP_FREE_BYTES - 1) as f64);
    expect(reserve(0xffffffff)).toBe(false);
    expect(reserveBlock(0xffffffff)).toBe(false);
  });

  it("is exact for one block", () => {
    const most = (HEAP_PAGES << 16) - KEEP_FREE_BYTES;
    expect(reserveBlock(most)).toBe(true);
    expect(reserveBlock(most + 1)).toBe(false);
    allocate(Arena.DATA, most);
    expect(reserveBlock(LARGE_BYTES)).toBe(false);
    expect(validateHeap()).toBe(0);
  });

  it("fails on demand, the n-th time", () => {
    store<u32>(EXCHANGE, 3, Exchange.FAIL_RESERVE);
    expect(reserve(10)).toBe(true);
    expect(reserve(10)).toBe(true);
    expect(reserve(10)).toBe(false);
    expect(reserve(10)).toBe(true);
    expect(load<u32>(EXCHANGE, Exchange.FAIL_RESERVE)).toBe(0);
  });
});

describe("attach", () => {
  beforeEach(start);

  it("keeps DATA and frees SERVER, again and again", () => {
    const model = new HeapModel(SEED + 7);
    for (let round = 0; round < 10; round++) {
      model.run(200, 150);
      memory.fill(0x2000, (0xa5 + round) as u8, 0x700);
      expect(rebuildAfterAttach(HEAP_END as u32)).toBe(true);
      for (let index = model.addresses.length - 1; index >= 0; index--) {
        if (model.arenas[index] == Arena.SERVER) model.forget(index);
      }
      expect(validateHeap()).toBe(0);
      expect(pagesInUse(Arena.SERVER)).toBe(0);
      expect(peakBytes()).toBe(usedBytes());
      model.checkAll();
      model.checkAccounts();
    }
    model.dropAll();
    expect(usedBytes()).toBe(0);
  });

  it("says when the data does not fit", () => {
    const block = allocate(Arena.DATA, 100_000);
    expect(rebuildAfterAttach((block + 50_000) as u32)).toBe(false);
    expect(rebuildAfterAttach((block + 200_000) as u32)).toBe(true);
    expect(validateHeap()).toBe(0);
  });
});

describe("data pages", () => {
  beforeEach(start);

  it("marks exactly the pages of the data set", () => {
    const model = new HeapModel(SEED + 9);
    const limitPage = (HEAP_END >> 12) as u32;
    for (let round = 0; round < 5; round++) {
      model.run(100, 150);
      memory.fill(PAGE_MAP, 7, limitPage);
      const count = markDataPages();
      let seen: u32 = 0;
      for (let page: u32 = 0; page < limitPage; page++) {
        const mark = load<u8>(PAGE_MAP + page);
        assert(mark == (isDataPage(page) ? 1 : 0), "mark " + page.toString());
        seen += mark;
      }
      expect(count).toBe(seen);
      expect(count).toBeGreaterThan(pagesInUse(Arena.DATA));
      expect(isDataPage(1)).toBe(true);
      for (let index = 0; index < model.addresses.length; index++) {
        const isData = isDataPage((model.addresses[index] >> 12) as u32);
        expect(isData).toBe(model.arenas[index] == Arena.DATA);
      }
      let walked: u32 = 0;
      for (let page = nextDataPage(0); page; page = nextDataPage(page + 1)) {
        assert(load<u8>(PAGE_MAP + page) == 1, "walk " + page.toString());
        walked++;
      }
      expect(walked).toBe(count);
    }
  });

  it("are one page in an empty heap", () => {
    expect(markDataPages()).toBe(1);
    expect(nextDataPage(0)).toBe(1);
    expect(nextDataPage(2)).toBe(0);
  });
});

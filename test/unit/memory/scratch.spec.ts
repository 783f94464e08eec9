import { SCRATCH, SCRATCH_END } from "../../../assembly/abi";
import {
  Arena, allocate, initializeAllocator, release, setHeapStart, usedBytesOf,
} from "../../../assembly/memory/allocator";
import {
  initializeScratch, scratchLeft, scratchMark, scratchRelease, scratchTake,
} from "../../../assembly/memory/scratch";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import { Random } from "./heap-model";

const HEAP_PAGES = 512;
const HEAP: usize = (memory.grow(HEAP_PAGES) as usize) << 16;

function start(): void {
  setHeapStart(HEAP);
  initializeAllocator((HEAP + (HEAP_PAGES << 16)) as u32);
  initializeScratch();
}

describe("scratch", () => {
  beforeEach(start);

  it("takes aligned bytes one after another and gives them back", () => {
    const mark = scratchMark();
    expect(mark).toBe(SCRATCH);
    expect(scratchTake(5)).toBe(SCRATCH);
    expect(scratchTake(0)).toBe(SCRATCH + 8);
    expect(scratchTake(9)).toBe(SCRATCH + 8);
    expect(scratchTake(1)).toBe(SCRATCH + 24);
    scratchRelease(mark);
    expect(scratchMark()).toBe(SCRATCH);
  });

  it("fills the region to its end, then overflows", () => {
    const mark = scratchMark();
    expect(scratchTake(SCRATCH_END - SCRATCH)).toBe(SCRATCH);
    expect(scratchLeft()).toBe(0);
    const full = scratchMark();
    const more = scratchTake(1);
    expect(more).toBeGreaterThan(SCRATCH_END);
    expect(usedBytesOf(Arena.SERVER)).toBe(65_536);
    expect(scratchTake(16)).toBe(more + 8);
    const large = scratchTake(1_000_000);
    memory.fill(large, 1, 1_000_000);
    expect(usedBytesOf(Arena.SERVER)).toBe(65_536 + 1_003_520);
    scratchRelease(full);
    expect(usedBytesOf(Arena.SERVER)).toBe(0);
    expect(scratchMark()).toBe(full);
    scratchRelease(mark);
    expect(scratchMark()).toBe(SCRATCH);
  });

  it("goes back to a chunk that lies above the next one", () => {
    const hole = allocate(Arena.SERVER, 1 << 20);
    scratchTake(SCRATCH_END - SCRATCH);
    const upper = scratchTake(60_000);
    const mark = scratchMark();
    release(hole);
    const lower = scratchTake(60_000);
    expect(lower).toBeLessThan(upper);
    scratchRelease(mark);
    expect(scratchMark()).toBe(mark);
    expect(usedBytesOf(Arena.SERVER)).toBe(65_536);
  });

  it("nests marks over random takes", () => {
    const random = new Random(99);
    const marks: usize[] = [];
    const addresses: usize[] = [];
    const sizes: u32[] = [];
    const depths: i32[] = [];
    for (let step = 0; step < 4000; step++) {
      const choice = random.below(10);
      if (choice == 0) {
        marks.push(scratchMark());
      } else if (choice == 1 && marks.length) {
        while (depths.length && depths[depths.length - 1] >= marks.length) {
          const address = addresses.pop();
          const size = sizes.pop();
          depths.pop();
          const tag = (address % 251) as u8;
          assert(!size || (load<u8>(address) == tag && load<u8>(address + size - 1) == tag));
        }
        scratchRelease(marks.pop());
      } else {
        const size = random.below(100) ? random.below(3000) : random.below(300_000);
        const address = scratchTake(size);
        assert(address % 8 == 0);
        memory.fill(address, (address % 251) as u8, size);
        addresses.push(address);
        sizes.push(size);
        depths.push(marks.length);
      }
      if (marks.length > 60) {
        scratchRelease(marks[0]);
        marks.splice(0);
        addresses.splice(0);
        sizes.splice(0);
        depths.splice(0);
      }
      if (step % 50 == 0) assert(validateHeap() == 0);
    }
    scratchRelease(SCRATCH);
    expect(usedBytesOf(Arena.SERVER)).toBe(0);
    expect(validateHeap()).toBe(0);
  });
});

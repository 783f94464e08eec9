/** A heap for the specs of this floor, in pages of its own behind the spec's managed heap. */
import { EXCHANGE, Exchange } from "../../../assembly/abi";
import { Arena, initializeAllocator, setHeapStart, usedBytesOf } from "../../../assembly/memory/allocator";
import { validateHeap } from "../../../assembly/memory/validate-heap";

const HEAP_PAGES = 128;
const HEAP: usize = (memory.grow(HEAP_PAGES) as usize) << 16;
const HEAP_END: usize = HEAP + (HEAP_PAGES << 16);

/** An empty heap; no reserve fails. */
export function prepareHeap(): void {
  setHeapStart(HEAP);
  initializeAllocator(HEAP_END as u32);
  failReserve(0);
}

/** Lets the n-th reserve from now on fail; 0: none. */
export function failReserve(count: u32): void {
  store<u32>(EXCHANGE, count, Exchange.FAIL_RESERVE);
}

/** Whether the n-th reserve is still to come. */
export function failIsPending(): bool {
  return load<u32>(EXCHANGE, Exchange.FAIL_RESERVE) != 0;
}

/** Bytes that the parser holds; the heap must be sound. */
export function heldBytes(): f64 {
  const broken = validateHeap();
  if (broken) return -broken;
  return usedBytesOf(Arena.SERVER);
}

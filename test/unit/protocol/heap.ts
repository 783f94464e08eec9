/** A heap for the specs of this floor, far behind the specs' managed heap. */
import { EXCHANGE, Exchange, MAXIMUM_WASM_PAGES } from "../../../assembly/abi";
import {
  Arena, initializeAllocator, setHeapStart, usedBytesOf,
} from "../../../assembly/memory/allocator";
import { validateHeap } from "../../../assembly/memory/validate-heap";

// The managed heap takes all memory there is when it starts, and more as it needs it: it gets its
// share first. Ours is at the very top, where a careless bound would wrap.
const MANAGED = heap.alloc(192 << 20);
const GROWN = memory.grow(MAXIMUM_WASM_PAGES - memory.size());
const HEAP_END: usize = 0xffff0000;
const HEAP: usize = HEAP_END - (8 << 20);

heap.free(MANAGED);

/** An empty heap; no reserve fails. */
export function prepareHeap(): void {
  assert(MANAGED < 0x20000000 && GROWN > 0);
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

/** Bytes that the parser holds. */
export function heldBytes(): f64 {
  return usedBytesOf(Arena.SERVER);
}

export { validateHeap };

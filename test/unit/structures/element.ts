import { EXCHANGE, Exchange } from "../../../assembly/abi";
import {
  Arena, allocate, initializeAllocator, setHeapStart,
} from "../../../assembly/memory/allocator";
import { initializeRoot, seedObservations } from "../../../assembly/memory/root";

/** The heap of managed objects takes all memory there is when it starts: it shall not take ours. */
export const FIRST_MANAGED: i32[] = new Array<i32>(1);
const HEAP_PAGES = 640;
const HEAP: usize = (memory.grow(HEAP_PAGES) as usize) << 16;
const HEAP_END: usize = HEAP + ((HEAP_PAGES as usize) << 16);

/** An element of a table: its own address holds the key, a number of eight bytes. */
@unmanaged
export class Element {
  key: u64;

  get keyAddress(): usize {
    return changetype<usize>(this);
  }

  get keyBytes(): u32 {
    return 8;
  }

  matches(key: usize, bytes: u32): bool {
    return bytes == 8 && load<u64>(key) == this.key;
  }
}

/** A new element; its memory is not the table's. */
export function newElement(key: u64): usize {
  const address = allocate(Arena.SERVER, 8);
  store<u64>(address, key);
  return address;
}

/** An empty heap and a hash seed. */
export function startHeap(seed: u64): void {
  setHeapStart(HEAP);
  initializeAllocator(HEAP_END as u32);
  initializeRoot(seed, seed * 31);
  seedObservations(seed);
  store<u32>(EXCHANGE, 0, Exchange.FAIL_RESERVE);
  store<u32>(EXCHANGE, 0, Exchange.MARKING);
}

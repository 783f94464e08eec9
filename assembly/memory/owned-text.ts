/**
 * A text that a record owns: a field of u32 address and u32 bytes, the text in a block of its own
 * in the SERVER arena. 0 bytes: no block.
 */

import { Arena, allocate, release } from "./allocator";

/** Replaces the text of the field at `at` by a copy of this one; its memory is reserved. */
export function replaceText(at: usize, text: usize, bytes: u32): void {
  if (load<u32>(at)) release(load<u32>(at));
  store<u32>(at, 0);
  store<u32>(at, bytes, 4);
  if (!bytes) return;
  const owned = allocate(Arena.SERVER, bytes);
  memory.copy(owned, text, bytes);
  store<u32>(at, <u32>owned);
}

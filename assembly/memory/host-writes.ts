/**
 * Writes of the host, which the write barrier cannot see.
 *
 * A host writes into windows, and into the block of a large value that is being received. That
 * block belongs to SERVER, but its pages may have been DATA when a snapshot began: freed since,
 * taken again, and still to be saved. So before the host is told an address, the engine stores a
 * byte of each page onto itself; in the second build that store has the page saved first.
 *
 * Cost: nothing while no snapshot runs; then a load and a store for each page.
 */

import { PAGE_BITS, PAGE_BYTES } from "../abi";

/** The host is about to write `bytes` bytes at `address`. */
export function announceHostWrite(address: usize, bytes: u32): void {
  if (!bytes) return;
  const last = address + bytes - 1;
  let pages = (last >> PAGE_BITS) - (address >> PAGE_BITS);
  for (let at = address; pages; pages--, at += PAGE_BYTES) store<u8>(at, load<u8>(at));
  store<u8>(last, load<u8>(last));
}

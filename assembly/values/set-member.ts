/**
 * A member of a set in a block of its own: what a set's hash table refers to.
 *
 *   +0  length: one byte below 128, else four bytes big-endian with the top bit set
 *       bytes of the member
 *
 * Lists of members (values/member-list.ts) use the same form for members that come out of an
 * integer set or a packed list, so that whoever reads them need not know where they are from.
 */

import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";

const SHORT: u32 = 128;

@unmanaged
export class SetMember {
  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    const at = changetype<usize>(this);
    return load<u8>(at) < SHORT ? at + 1 : at + 4;
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    const at = changetype<usize>(this);
    const first: u32 = load<u8>(at);
    return first < SHORT ? first : bswap(load<u32>(at)) & 0x7fffffff;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    const at = changetype<usize>(this);
    const first: u32 = load<u8>(at);
    if (first < SHORT) return first == bytes && equalBytes(at + 1, key, bytes);
    return (bswap(load<u32>(at)) & 0x7fffffff) == bytes && equalBytes(at + 4, key, bytes);
  }
}

/** Bytes of the block of a member. */
// @ts-ignore: decorator
@inline
export function memberBlockBytes(bytes: u32): u32 {
  return bytes + (bytes < SHORT ? 1 : 4);
}

/** Writes a member into a block of `memberBlockBytes`. */
export function writeMember(block: usize, address: usize, bytes: u32): void {
  if (bytes < SHORT) {
    store<u8>(block, <u8>bytes);
    copyBytes(block + 1, address, bytes);
  } else {
    store<u32>(block, bswap(bytes | 0x80000000));
    copyBytes(block + 4, address, bytes);
  }
}

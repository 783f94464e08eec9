/**
 * A member of a sorted set with its score, in one block that never moves while it is a member: the
 * hash table finds it by its bytes, the ordered index by its score.
 *
 *   +0  f64  score
 *   +8       length: one byte below 128, else four bytes big-endian with the top bit set
 *            bytes of the member
 *
 * A member of 19 bytes takes 28. The score is here and in the index: a look by member needs no
 * walk, a walk by score no look at the member.
 */

import { Arena, allocate } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";

const SHORT: u32 = 128;
const LENGTH: usize = 8;

@unmanaged
export class ScoredElement {
  score: f64;

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    const at = changetype<usize>(this) + LENGTH;
    return load<u8>(at) < SHORT ? at + 1 : at + 4;
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    const at = changetype<usize>(this) + LENGTH;
    const first: u32 = load<u8>(at);
    return first < SHORT ? first : bswap(load<u32>(at)) & 0x7fffffff;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    return this.keyBytes == bytes && equalBytes(this.keyAddress, key, bytes);
  }
}

/** Bytes of an element whose member has `bytes`. */
// @ts-ignore: decorator
@inline
export function scoredElementBytes(bytes: u32): u32 {
  return <u32>LENGTH + (bytes < SHORT ? 1 : 4) + bytes;
}

/** A new element. The caller has reserved its bytes. */
export function newScoredElement(score: f64, member: usize, bytes: u32): ScoredElement {
  const address = allocate(Arena.DATA, scoredElementBytes(bytes));
  store<f64>(address, score);
  if (bytes < SHORT) {
    store<u8>(address, <u8>bytes, LENGTH);
    copyBytes(address + LENGTH + 1, member, bytes);
  } else {
    store<u32>(address, bswap(bytes | 0x80000000), LENGTH);
    copyBytes(address + LENGTH + 4, member, bytes);
  }
  return changetype<ScoredElement>(address);
}

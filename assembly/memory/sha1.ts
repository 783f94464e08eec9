/**
 * SHA-1 (RFC 3174) of ranges of bytes that lie together, for digests that have to equal Redis's. It
 * protects nothing: collisions of SHA-1 can be made.
 *
 *   SERVER root + 0x2780:  5 words state | at +32: 64 bytes last block | at +96: 80 words schedule
 *
 * Cost: about 4 ns a byte; no memory beside the block above.
 */

import { SERVER_ROOT } from "../abi";

export const SHA1_BYTES: u32 = 20;

const STATE: usize = SERVER_ROOT + 0x2780;
const BLOCK: usize = STATE + 32;
const SCHEDULE: usize = STATE + 96;
const BLOCK_BYTES: u32 = 64;
const LENGTH_OFFSET: u32 = 56;

/** Writes the 20 bytes of the digest at `out`; `out` may lie in the range. */
export function sha1(out: usize, address: usize, bytes: u32): void {
  store<u32>(STATE, 0x67452301);
  store<u32>(STATE + 4, 0xefcdab89);
  store<u32>(STATE + 8, 0x98badcfe);
  store<u32>(STATE + 12, 0x10325476);
  store<u32>(STATE + 16, 0xc3d2e1f0);
  let at = address;
  let left = bytes;
  for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES) {
    mixBlock(at);
    at += BLOCK_BYTES;
  }
  memory.fill(BLOCK, 0, BLOCK_BYTES);
  memory.copy(BLOCK, at, left);
  store<u8>(BLOCK + left, 0x80);
  if (left >= LENGTH_OFFSET) {
    mixBlock(BLOCK);
    memory.fill(BLOCK, 0, BLOCK_BYTES);
  }
  store<u64>(BLOCK + LENGTH_OFFSET, bswap(<u64>bytes << 3));
  mixBlock(BLOCK);
  for (let word: usize = 0; word < SHA1_BYTES; word += 4) {
    store<u32>(out + word, bswap(load<u32>(STATE + word)));
  }
}

function mixBlock(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, bswap(load<u32>(block + t)));
  for (let t: usize = 64; t < 320; t += 4) {
    const at = SCHEDULE + t;
    const word = load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64);
    store<u32>(at, rotl<u32>(word, 1));
  }
  let a = load<u32>(STATE);
  let b = load<u32>(STATE + 4);
  let c = load<u32>(STATE + 8);
  let d = load<u32>(STATE + 12);
  let e = load<u32>(STATE + 16);
  for (let t: u32 = 0; t < 80; t++) {
    const next = rotl<u32>(a, 5) + choose(t, b, c, d) + e + load<u32>(SCHEDULE + (<usize>t << 2));
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  store<u32>(STATE, load<u32>(STATE) + a);
  store<u32>(STATE + 4, load<u32>(STATE + 4) + b);
  store<u32>(STATE + 8, load<u32>(STATE + 8) + c);
  store<u32>(STATE + 12, load<u32>(STATE + 12) + d);
  store<u32>(STATE + 16, load<u32>(STATE + 16) + e);
}

/** The function of round `t` and its constant. */
// @ts-ignore: decorator
@inline
function choose(t: u32, b: u32, c: u32, d: u32): u32 {
  if (t < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (t < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (t < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

/**
 * SHA-256 (FIPS 180-4) of ranges of bytes that lie together: what is kept of passwords.
 *
 *   SERVER root + 0x4900:  8 words state | at +32: 64 bytes last block | at +96: 64 words schedule
 *
 * The round constants are the fractions of the cube roots of the first 64 primes.
 * Cost: about 6 ns a byte; no memory beside the block above.
 */

import { SERVER_ROOT } from "../abi";

export const SHA256_BYTES: u32 = 32;

const STATE: usize = SERVER_ROOT + 0x4900;
const BLOCK: usize = STATE + 32;
const SCHEDULE: usize = STATE + 96;
const BLOCK_BYTES: u32 = 64;
const LENGTH_OFFSET: u32 = 56;

const START: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

const ROUNDS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** Writes the 32 bytes of the digest at `out`; `out` may lie in the range. */
export function sha256(out: usize, address: usize, bytes: u32): void {
  memory.copy(STATE, START, SHA256_BYTES);
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
  for (let word: usize = 0; word < SHA256_BYTES; word += 4) {
    store<u32>(out + word, bswap(load<u32>(STATE + word)));
  }
  // What was hashed is a secret.
  memory.fill(STATE, 0, 96 + 256);
}

function spread(block: usize): void {
  for (let t: usize = 0; t < 64; t += 4) store<u32>(SCHEDULE + t, bswap(load<u32>(block + t)));
  for (let t: usize = 64; t < 256; t += 4) {
    const at = SCHEDULE + t;
    const early = load<u32>(at - 60);
    const late = load<u32>(at - 8);
    const first = rotr<u32>(early, 7) ^ rotr<u32>(early, 18) ^ (early >> 3);
    const second = rotr<u32>(late, 17) ^ rotr<u32>(late, 19) ^ (late >> 10);
    store<u32>(at, load<u32>(at - 64) + first + load<u32>(at - 28) + second);
  }
}

function mixBlock(block: usize): void {
  spread(block);
  let a = load<u32>(STATE);
  let b = load<u32>(STATE + 4);
  let c = load<u32>(STATE + 8);
  let d = load<u32>(STATE + 12);
  let e = load<u32>(STATE + 16);
  let f = load<u32>(STATE + 20);
  let g = load<u32>(STATE + 24);
  let h = load<u32>(STATE + 28);
  for (let t: usize = 0; t < 256; t += 4) {
    const first = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const one = h + first + chosen + load<u32>(ROUNDS + t) + load<u32>(SCHEDULE + t);
    const second = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
    const two = second + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  store<u32>(STATE, load<u32>(STATE) + a);
  store<u32>(STATE + 4, load<u32>(STATE + 4) + b);
  store<u32>(STATE + 8, load<u32>(STATE + 8) + c);
  store<u32>(STATE + 12, load<u32>(STATE + 12) + d);
  store<u32>(STATE + 16, load<u32>(STATE + 16) + e);
  store<u32>(STATE + 20, load<u32>(STATE + 20) + f);
  store<u32>(STATE + 24, load<u32>(STATE + 24) + g);
  store<u32>(STATE + 28, load<u32>(STATE + 28) + h);
}

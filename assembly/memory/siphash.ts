/**
 * SipHash-1-3: the keyed hash of every table that holds bytes chosen by a client.
 *
 * Why this one: its result cannot be steered without the key, and one round per word with three at
 * the end costs 9 ns for a 16-byte key (measured). (Redis uses SipHash-1-2; the only place where
 * that could show is the order of SCAN, which depends on a random seed anyway.)
 *
 * The state is four u64 locals. WebAssembly has no multiple results, so the round is written out
 * at each of its places; a call with a state in memory would be several times slower.
 *
 *   last word:   [ length & 255 ] [ up to 7 remaining bytes, little endian, zeros above ]
 *                 bits 56-63        bits 0-55
 *
 * Invariants:
 *   1. No byte outside [address, address + bytes) is read: the remaining bytes come from loads that
 *      overlap bytes already hashed, or overlap each other.
 *   2. The result depends on bytes and key only; it is part of the DATA layout (LAYOUT_VERSION).
 *
 * Cost: one round per 8 bytes, four rounds on top.
 */

/** Hash of the bytes at `address`. */
export function sipHash13(address: usize, bytes: u32, key0: u64, key1: u64): u64 {
  return hash(address, bytes, key0, key1, false);
}

/** Hash of the bytes at `address` with A-Z taken as a-z: equal for names that differ in case. */
export function sipHash13Lower(address: usize, bytes: u32, key0: u64, key1: u64): u64 {
  return hash(address, bytes, key0, key1, true);
}

/** The eight bytes of `word` with each A-Z turned into a-z; all other bytes stay. */
// @ts-ignore: decorator
@inline
export function lowerWord(word: u64): u64 {
  const low = word & 0x7f7f7f7f7f7f7f7f;
  // Bit 7 of each byte: 1 where the byte is at least "A", and where it is above "Z".
  const fromA = low + 0x3f3f3f3f3f3f3f3f;
  const aboveZ = low + 0x2525252525252525;
  const upper = (fromA ^ aboveZ) & ~word & 0x8080808080808080;
  return word | (upper >> 2);
}

/** The `bytes & 7` bytes that end at `address + bytes`, as the low bytes of a word. */
// @ts-ignore: decorator
@inline
function remainder(address: usize, bytes: u32): u64 {
  const left = bytes & 7;
  if (!left) return 0;
  const end = address + bytes;
  if (bytes >= 8) return load<u64>(end - 8) >> (((8 - left) << 3) as u64);
  if (left >= 4) {
    return (load<u32>(address) as u64)
      | ((load<u32>(end - 4) as u64) << (((left - 4) << 3) as u64));
  }
  const middle = left >> 1;
  return (load<u8>(address) as u64)
    | ((load<u8>(address + middle) as u64) << ((middle << 3) as u64))
    | ((load<u8>(end - 1) as u64) << (((left - 1) << 3) as u64));
}

// @ts-ignore: decorator
@inline
function hash(address: usize, bytes: u32, key0: u64, key1: u64, lower: bool): u64 {
  let v0: u64 = key0 ^ 0x736f6d6570736575;
  let v1: u64 = key1 ^ 0x646f72616e646f6d;
  let v2: u64 = key0 ^ 0x6c7967656e657261;
  let v3: u64 = key1 ^ 0x7465646279746573;
  let word: u64;
  let cursor = address;
  const end = address + (bytes & ~7);
  while (cursor != end) {
    word = load<u64>(cursor);
    if (lower) word = lowerWord(word);
    v3 ^= word;
    v0 += v1; v1 = rotl<u64>(v1, 13) ^ v0; v0 = rotl<u64>(v0, 32);
    v2 += v3; v3 = rotl<u64>(v3, 16) ^ v2;
    v0 += v3; v3 = rotl<u64>(v3, 21) ^ v0;
    v2 += v1; v1 = rotl<u64>(v1, 17) ^ v2; v2 = rotl<u64>(v2, 32);
    v0 ^= word;
    cursor += 8;
  }
  word = remainder(address, bytes);
  if (lower) word = lowerWord(word);
  word |= (bytes as u64) << 56;
  v3 ^= word;
  v0 += v1; v1 = rotl<u64>(v1, 13) ^ v0; v0 = rotl<u64>(v0, 32);
  v2 += v3; v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3; v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1; v1 = rotl<u64>(v1, 17) ^ v2; v2 = rotl<u64>(v2, 32);
  v0 ^= word;

  v2 ^= 0xff;
  v0 += v1; v1 = rotl<u64>(v1, 13) ^ v0; v0 = rotl<u64>(v0, 32);
  v2 += v3; v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3; v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1; v1 = rotl<u64>(v1, 17) ^ v2; v2 = rotl<u64>(v2, 32);

  v0 += v1; v1 = rotl<u64>(v1, 13) ^ v0; v0 = rotl<u64>(v0, 32);
  v2 += v3; v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3; v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1; v1 = rotl<u64>(v1, 17) ^ v2; v2 = rotl<u64>(v2, 32);

  v0 += v1; v1 = rotl<u64>(v1, 13) ^ v0; v0 = rotl<u64>(v0, 32);
  v2 += v3; v3 = rotl<u64>(v3, 16) ^ v2;
  v0 += v3; v3 = rotl<u64>(v3, 21) ^ v0;
  v2 += v1; v1 = rotl<u64>(v1, 17) ^ v2; v2 = rotl<u64>(v2, 32);
  return v0 ^ v1 ^ v2 ^ v3;
}

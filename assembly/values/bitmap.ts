/**
 * Strings as rows of bits: counting, searching, combining, and integers of any width in them.
 *
 * Bit 0 is the highest bit of the first byte. Everything works on plain ranges of memory that the
 * caller has looked up; positions are 64 bits wide, as a value may have more than 2^32 bits.
 *
 * Counting and combining go 64 and 16 bytes at a time. Lanes of eight bits hold the counts of seven
 * such steps (7 x 32 <= 255) before they are widened, which makes widening cheap.
 *
 * A combination is made piece by piece: each piece of the result stays in the first cache while all
 * sources pass over it, so the cost is one reading of each source and one writing of the result.
 */

/** Bytes of a result that are made at a time. */
// @ts-ignore: decorator
@inline
export const PIECE_BYTES: u32 = 8192;
/** So many bytes are counted in 32-bit lanes. */
const COUNTED_BYTES: u32 = 1 << 26;

/** Bits that are 1 in a range of bytes. */
export function countBits(address: usize, bytes: u32): u64 {
  let total: u64 = 0;
  while (bytes > COUNTED_BYTES) {
    total += countShort(address, COUNTED_BYTES);
    address += COUNTED_BYTES;
    bytes -= COUNTED_BYTES;
  }
  return total + countShort(address, bytes);
}

function countShort(address: usize, bytes: u32): u32 {
  let total: u32 = 0;
  if (bytes >= 64) {
    const wide = bytes & ~63;
    total = countWide(address, wide);
    address += wide;
    bytes &= 63;
  }
  for (; bytes >= 8; bytes -= 8) {
    total += <u32>popcnt<u64>(load<u64>(address));
    address += 8;
  }
  for (; bytes; bytes--) total += popcnt<u32>(load<u8>(address++));
  return total;
}

/** `bytes` is a multiple of 64. */
function countWide(address: usize, bytes: u32): u32 {
  let sums = i32x4.splat(0);
  const end = address + bytes;
  while (address != end) {
    const stop = address + min<usize>(end - address, 7 * 64);
    let lanes = i8x16.splat(0);
    for (; address != stop; address += 64) {
      const first = i8x16.add(
        i8x16.popcnt(v128.load(address)), i8x16.popcnt(v128.load(address, 16)),
      );
      const second = i8x16.add(
        i8x16.popcnt(v128.load(address, 32)), i8x16.popcnt(v128.load(address, 48)),
      );
      lanes = i8x16.add(lanes, i8x16.add(first, second));
    }
    sums = i32x4.add(
      sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(lanes)),
    );
  }
  return i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)
    + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
}

/** Bits that are 1 from bit `first` to bit `last`, both included and in the value. */
export function countBitRange(address: usize, first: u64, last: u64): u64 {
  const start = address + <usize>(first >> 3);
  const end = address + <usize>(last >> 3);
  const before: u32 = load<u8>(start) >> (8 - (<u32>first & 7));
  const after: u32 = load<u8>(end) & ((1 << (7 - (<u32>last & 7))) - 1);
  return countBits(start, <u32>(end - start) + 1) - popcnt<u32>(before) - popcnt<u32>(after);
}

/** The first bit that is `bit` from bit `first` to bit `last`; -1 when there is none. */
export function findBit(address: usize, first: u64, last: u64, bit: u32): i64 {
  const dull: u32 = bit ? 0 : 0xff;
  const end = address + <usize>(last >> 3);
  let cursor = address + <usize>(first >> 3);
  let byte = (<u32>load<u8>(cursor) ^ dull) & (0xff >> (<u32>first & 7));
  if (!byte && cursor != end) {
    cursor = firstOther(cursor + 1, end, dull);
    byte = <u32>load<u8>(cursor) ^ dull;
  }
  if (cursor == end) byte &= 0xff << (7 - (<u32>last & 7));
  byte &= 0xff;
  return byte ? (<i64>(cursor - address) << 3) + <i64>(clz<u32>(byte) - 24) : -1;
}

/** The first byte in [cursor, end) that is not `dull`, or `end`. */
function firstOther(cursor: usize, end: usize, dull: u32): usize {
  const wanted = i8x16.splat(<i8>dull);
  for (; end - cursor >= 16; cursor += 16) {
    const mask = i8x16.bitmask(i8x16.ne(v128.load(cursor), wanted));
    if (mask) return cursor + ctz(mask);
  }
  while (cursor != end && load<u8>(cursor) == dull) cursor++;
  return cursor;
}

// ---- Combining ---------------------------------------------------------------------------------

export const enum Combination {
  NONE,
  AND,
  OR,
  XOR,
  NOT,
  /** In the first and in no other. */
  DIFF,
  /** In one of the others and not in the first. */
  DIFF1,
  /** In the first and in one of the others. */
  ANDOR,
  /** In exactly one. */
  ONE,
}

/** target = target (what) source. */
// @ts-ignore: decorator
@inline
function fold(what: Combination, target: usize, source: usize, bytes: u32): void {
  const end = target + bytes;
  for (; end - target >= 16; target += 16) {
    const left = v128.load(target);
    const right = v128.load(source);
    let result = v128.or(left, right);
    if (what == Combination.AND) result = v128.and(left, right);
    else if (what == Combination.XOR) result = v128.xor(left, right);
    else if (what == Combination.DIFF) result = v128.andnot(left, right);
    else if (what == Combination.DIFF1) result = v128.andnot(right, left);
    v128.store(target, result);
    source += 16;
  }
  for (; target != end; target++) {
    const left: u32 = load<u8>(target);
    const right: u32 = load<u8>(source++);
    let result = left | right;
    if (what == Combination.AND) result = left & right;
    else if (what == Combination.XOR) result = left ^ right;
    else if (what == Combination.DIFF) result = left & ~right;
    else if (what == Combination.DIFF1) result = right & ~left;
    store<u8>(target, <u8>result);
  }
}

function invert(target: usize, source: usize, bytes: u32): void {
  const end = target + bytes;
  for (; end - target >= 16; target += 16) {
    v128.store(target, v128.not(v128.load(source)));
    source += 16;
  }
  for (; target != end; target++) store<u8>(target, ~load<u8>(source++));
}

/** Bits seen before and seen again are noted in `twice`; `once` keeps all that were seen. */
function noteRepeated(once: usize, twice: usize, source: usize, bytes: u32): void {
  const end = once + bytes;
  for (; end - once >= 16; once += 16) {
    const seen = v128.load(once);
    const bits = v128.load(source);
    v128.store(twice, v128.or(v128.load(twice), v128.and(seen, bits)));
    v128.store(once, v128.or(seen, bits));
    source += 16;
    twice += 16;
  }
  for (; once != end; once++) {
    const seen: u32 = load<u8>(once);
    const bits: u32 = load<u8>(source++);
    store<u8>(twice, <u8>(load<u8>(twice) | (seen & bits)));
    store<u8>(once, <u8>(seen | bits));
    twice++;
  }
}

/** Bytes of source `index` that fall into the piece at `from`. */
// @ts-ignore: decorator
@inline
function partBytes(sources: usize, index: u32, from: u32, bytes: u32): u32 {
  const own = load<u32>(sources + (<usize>index << 3), 4);
  return own > from ? min(own - from, bytes) : 0;
}

// @ts-ignore: decorator
@inline
function partAddress(sources: usize, index: u32, from: u32): usize {
  return load<u32>(sources + (<usize>index << 3)) + from;
}

/** Copies one source's part of a piece, zeros behind it. */
function copyPart(target: usize, sources: usize, index: u32, from: u32, bytes: u32): void {
  const part = partBytes(sources, index, from, bytes);
  memory.copy(target, partAddress(sources, index, from), part);
  memory.fill(target + part, 0, bytes - part);
}

/** Sources from `first` on, joined by OR into a piece. */
function uniteParts(
  target: usize, sources: usize, first: u32, count: u32, from: u32, bytes: u32,
): void {
  copyPart(target, sources, first, from, bytes);
  for (let index = first + 1; index < count; index++) {
    const part = partBytes(sources, index, from, bytes);
    fold(Combination.OR, target, partAddress(sources, index, from), part);
  }
}

function combinePiece(
  what: Combination, target: usize, sources: usize, count: u32, from: u32, bytes: u32,
  spare: usize,
): void {
  switch (what) {
    case Combination.AND:
    case Combination.XOR:
      copyPart(target, sources, 0, from, bytes);
      for (let index: u32 = 1; index < count; index++) {
        const part = partBytes(sources, index, from, bytes);
        const source = partAddress(sources, index, from);
        if (what == Combination.XOR) fold(Combination.XOR, target, source, part);
        else fold(Combination.AND, target, source, part);
        if (what == Combination.AND) memory.fill(target + part, 0, bytes - part);
      }
      return;
    case Combination.OR:
      return uniteParts(target, sources, 0, count, from, bytes);
    case Combination.NOT:
      return invert(target, partAddress(sources, 0, from), bytes);
    case Combination.ONE:
      copyPart(target, sources, 0, from, bytes);
      memory.fill(spare, 0, bytes);
      for (let index: u32 = 1; index < count; index++) {
        const part = partBytes(sources, index, from, bytes);
        noteRepeated(target, spare, partAddress(sources, index, from), part);
      }
      return fold(Combination.DIFF, target, spare, bytes);
    default:
      uniteParts(target, sources, 1, count, from, bytes);
      copyPart(spare, sources, 0, from, bytes);
      if (what == Combination.DIFF) fold(Combination.DIFF1, target, spare, bytes);
      else if (what == Combination.DIFF1) fold(Combination.DIFF, target, spare, bytes);
      else fold(Combination.AND, target, spare, bytes);
  }
}

/**
 * Writes the combination of `count` sources, {u32 address, u32 bytes} each, to `bytes` bytes at
 * `target`; sources end in zeros. `spare` has room for PIECE_BYTES. NOT takes one source of that
 * length; DIFF, DIFF1 and ANDOR take two or more.
 */
export function combine(
  what: Combination, target: usize, bytes: u32, sources: usize, count: u32, spare: usize,
): void {
  for (let from: u32 = 0; from < bytes; ) {
    const piece = min(bytes - from, PIECE_BYTES);
    combinePiece(what, target + from, sources, count, from, piece, spare);
    from += piece;
  }
}

// ---- Integers in the bits ----------------------------------------------------------------------

/** The integer of 1 to 64 bits at bit `offset`; what lies behind the value is zero. */
export function readField(address: usize, bytes: u32, offset: u64, bits: u32): u64 {
  const first = offset >> 3;
  let word: u64 = 0;
  let ninth: u32 = 0;
  if (first + 9 <= <u64>bytes) {
    word = bswap<u64>(load<u64>(address + <usize>first));
    ninth = load<u8>(address + <usize>first, 8);
  } else {
    for (let index: u64 = 0; index < 8; index++) {
      const at = first + index;
      word = (word << 8) | (at < <u64>bytes ? <u64>load<u8>(address + <usize>at) : 0);
    }
  }
  const shift = <u32>offset & 7;
  return ((word << shift) | <u64>(ninth >> (8 - shift))) >> (64 - bits);
}

/** Writes the lowest `bits` bits of an integer at bit `offset`, which lies in the value. */
export function writeField(address: usize, offset: u64, bits: u32, value: u64): void {
  let cursor = address + <usize>(offset >> 3);
  let place = <u32>offset & 7;
  while (bits) {
    const part = min(8 - place, bits);
    const shift = 8 - place - part;
    const mask: u32 = ((1 << part) - 1) << shift;
    bits -= part;
    const piece = (<u32>(value >> bits) << shift) & mask;
    store<u8>(cursor, <u8>((load<u8>(cursor) & ~mask) | piece));
    cursor++;
    place = 0;
  }
}

/** An integer of `bits` bits with its sign carried to 64. */
// @ts-ignore: decorator
@inline
export function extendSign(value: u64, bits: u32): i64 {
  return <i64>(value << (64 - bits)) >> (64 - bits);
}

export const enum Overflow {
  WRAP,
  SATURATE,
  FAIL,
}

/**
 * value + increment as a field of `bits` bits with a sign holds it, into `out`; true when it does
 * not fit and was wrapped or saturated. The difference to the top wraps for a value near the least
 * of 64 bits, which therefore saturates upwards in a narrower field: so it does in Redis.
 */
export function addSigned(
  value: i64, increment: i64, bits: u32, how: Overflow, out: usize,
): bool {
  const most: i64 = i64.MAX_VALUE >> (64 - bits);
  const least: i64 = -most - 1;
  const sum = value + increment;
  const isNarrow = bits < 64;
  const above = value > most
    || ((isNarrow || (value >= 0 && increment > 0)) && increment > most - value);
  const below = !above && (value < least
    || ((isNarrow || (value < 0 && increment < 0)) && increment < least - value));
  let result = sum;
  if (above || below) {
    if (how == Overflow.SATURATE) result = above ? most : least;
    else result = extendSign(<u64>sum, bits);
  }
  store<i64>(out, result);
  return above || below;
}

/** As `addSigned` for a field without a sign, of at most 63 bits. */
export function addUnsigned(
  value: u64, increment: i64, bits: u32, how: Overflow, out: usize,
): bool {
  const most: u64 = (<u64>1 << bits) - 1;
  const above = value > most || (increment > 0 && <u64>increment > most - value);
  const below = !above && increment < 0 && <i64>value + increment < 0;
  let result = value + <u64>increment;
  if (above || below) {
    if (how == Overflow.SATURATE) result = above ? most : 0;
    else result &= most;
  }
  store<u64>(out, result);
  return above || below;
}

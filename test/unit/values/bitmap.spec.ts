import {
  Combination, Overflow, PIECE_BYTES, addSigned, addUnsigned, combine, countBitRange, countBits,
  extendSign, findBit, readField, writeField,
} from "../../../assembly/values/bitmap";
import { SCRATCH } from "../../../assembly/abi";
import { Random } from "../memory/heap-model";

const SEED: u32 = 60_601;
const VALUE: usize = SCRATCH;
const VALUE_BYTES: u32 = 600;
const SOURCES: usize = SCRATCH + 0x10000;
const TARGET: usize = SCRATCH + 0x20000;
const SPARE: usize = SCRATCH + 0x30000;
const FIRST: usize = SCRATCH + 0x40000;
const ROOM: u32 = 0x8000;
const OUT: usize = SCRATCH + 0x80000;

function bitAt(address: usize, at: u64): u32 {
  return (<u32>load<u8>(address + <usize>(at >> 3)) >> (7 - (<u32>at & 7))) & 1;
}

/** Random bytes with long stretches of zeros or ones. */
function fillRandom(random: Random, address: usize, bytes: u32): void {
  const kind = random.below(4);
  for (let at: u32 = 0; at < bytes; at++) {
    let byte = random.below(256);
    if (kind == 1 && random.below(60)) byte = 0;
    if (kind == 2 && random.below(60)) byte = 0xff;
    store<u8>(address + at, <u8>byte);
  }
}

function countRounds(rounds: i32): void {
  const random = new Random(SEED);
  for (let round = 0; round < rounds; round++) {
    const bytes = 1 + random.below(VALUE_BYTES);
    fillRandom(random, VALUE, bytes);
    const first: u64 = random.below(bytes * 8);
    const last = first + <u64>random.below(bytes * 8 - <u32>first);
    let all: u64 = 0;
    let inside: u64 = 0;
    const found: StaticArray<i64> = [-1, -1];
    for (let at: u64 = 0; at < <u64>bytes * 8; at++) {
      const bit = bitAt(VALUE, at);
      all += bit;
      if (at < first || at > last) continue;
      inside += bit;
      if (found[bit] < 0) found[bit] = <i64>at;
    }
    assert(countBits(VALUE, bytes) == all, "count, seed " + SEED.toString());
    assert(countBitRange(VALUE, first, last) == inside, "count of a range");
    assert(findBit(VALUE, first, last, 0) == found[0], "first clear bit");
    assert(findBit(VALUE, first, last, 1) == found[1], "first set bit");
  }
}

/** What a combination makes of one bit position. */
function plainBit(what: Combination, count: u32, at: u64): u32 {
  let set: u32 = 0;
  let first: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    const source = SOURCES + (<usize>index << 3);
    const bit = at >> 3 < <u64>load<u32>(source, 4) ? bitAt(load<u32>(source), at) : 0;
    set += bit;
    if (!index) first = bit;
  }
  const others = set - first;
  switch (what) {
    case Combination.AND:
      return u32(set == count);
    case Combination.OR:
      return u32(set > 0);
    case Combination.XOR:
      return set & 1;
    case Combination.NOT:
      return 1 - first;
    case Combination.DIFF:
      return u32(first != 0 && others == 0);
    case Combination.DIFF1:
      return u32(first == 0 && others != 0);
    case Combination.ANDOR:
      return u32(first != 0 && others != 0);
    default:
      return u32(set == 1);
  }
}

function combineRounds(rounds: i32, bytesMost: u32): void {
  const random = new Random(SEED + 1);
  for (let round = 0; round < rounds; round++) {
    const what: Combination = Combination.AND + random.below(8);
    const count: u32 = what == Combination.NOT ? 1 : 2 + random.below(4);
    let longest: u32 = 0;
    for (let index: u32 = 0; index < count; index++) {
      const bytes = random.below(5) ? random.below(bytesMost) : 0;
      const address = FIRST + <usize>(index * ROOM);
      fillRandom(random, address, bytes);
      store<u32>(SOURCES + (<usize>index << 3), <u32>address);
      store<u32>(SOURCES + (<usize>index << 3), bytes, 4);
      longest = max(longest, bytes);
    }
    store<u32>(TARGET + longest, 0x12345678);
    combine(what, TARGET, longest, SOURCES, count, SPARE);
    assert(load<u32>(TARGET + longest) == 0x12345678, "nothing is written behind the result");
    for (let at: u64 = 0; at < <u64>longest * 8; at++) {
      const message = "combination " + what.toString() + " bit " + at.toString();
      assert(bitAt(TARGET, at) == plainBit(what, count, at), message);
    }
  }
}

function fieldRounds(rounds: i32): void {
  const random = new Random(SEED + 2);
  for (let round = 0; round < rounds; round++) {
    const bytes = 1 + random.below(30);
    fillRandom(random, VALUE, VALUE_BYTES);
    const bits = 1 + random.below(64);
    const offset: u64 = random.below(bytes * 8 + 40);
    let expected: u64 = 0;
    for (let at = offset; at < offset + bits; at++) {
      expected = (expected << 1) | (at >> 3 < <u64>bytes ? bitAt(VALUE, at) : 0);
    }
    assert(readField(VALUE, bytes, offset, bits) == expected, "field as read");
    const value = (<u64>random.next() << 32) | random.next();
    memory.copy(TARGET, VALUE, VALUE_BYTES);
    writeField(VALUE, offset, bits, value);
    const kept = value << (64 - bits) >> (64 - bits);
    assert(readField(VALUE, VALUE_BYTES, offset, bits) == kept, "field as written");
    for (let at: u64 = 0; at < 400; at++) {
      if (at < offset || at >= offset + bits) {
        assert(bitAt(VALUE, at) == bitAt(TARGET, at), "bits beside a field stay");
      }
    }
  }
}

/** Fields small enough that plain arithmetic cannot overflow. */
function additionRounds(rounds: i32): void {
  const random = new Random(SEED + 3);
  for (let round = 0; round < rounds; round++) {
    const bits = 1 + random.below(30);
    const size = <i64>1 << bits;
    const raw = <u64>random.next() & (<u64>size - 1);
    const increment = <i64>random.below(0x7fffffff) - 0x3fffffff;
    const signed = extendSign(raw, bits);
    check(true, signed, increment, bits, -(size >> 1), (size >> 1) - 1);
    check(false, <i64>raw, increment, bits, 0, size - 1);
  }
}

function check(isSigned: bool, old: i64, increment: i64, bits: u32, least: i64, most: i64): void {
  const sum = old + increment;
  const fits = sum >= least && sum <= most;
  for (let how: Overflow = Overflow.WRAP; how <= Overflow.SATURATE; how++) {
    const overflowed = isSigned
      ? addSigned(old, increment, bits, how, OUT)
      : addUnsigned(<u64>old, increment, bits, how, OUT);
    assert(overflowed == !fits, "overflow is told");
    let expected = sum;
    if (!fits && how == Overflow.SATURATE) expected = sum > most ? most : least;
    if (!fits && how == Overflow.WRAP) {
      expected = isSigned ? extendSign(<u64>sum, bits) : sum & ((<i64>1 << bits) - 1);
    }
    assert(load<i64>(OUT) == expected, "sum in a field");
  }
}

describe("a string as bits", () => {
  it("is counted and searched as bit by bit", () => {
    countRounds(300);
  });

  it("is combined as bit by bit", () => {
    combineRounds(150, 300);
    combineRounds(4, PIECE_BYTES * 2 + 50);
  });

  it("holds integers of any width at any place", () => {
    fieldRounds(1500);
  });

  it("adds in a field", () => {
    additionRounds(2000);
  });

  it("adds at the ends of 64 bits", () => {
    expect(addSigned(i64.MAX_VALUE, 1, 64, Overflow.WRAP, OUT)).toBe(true);
    expect(load<i64>(OUT)).toBe(i64.MIN_VALUE);
    expect(addSigned(i64.MIN_VALUE, -1, 64, Overflow.SATURATE, OUT)).toBe(true);
    expect(load<i64>(OUT)).toBe(i64.MIN_VALUE);
    expect(addSigned(-1, i64.MIN_VALUE, 64, Overflow.SATURATE, OUT)).toBe(true);
    expect(load<i64>(OUT)).toBe(i64.MIN_VALUE);
    expect(addSigned(i64.MIN_VALUE, i64.MAX_VALUE, 64, Overflow.FAIL, OUT)).toBe(false);
    expect(load<i64>(OUT)).toBe(-1);
    expect(addUnsigned(<u64>i64.MAX_VALUE, 1, 63, Overflow.WRAP, OUT)).toBe(true);
    expect(load<i64>(OUT)).toBe(0);
    expect(addUnsigned(5, i64.MIN_VALUE, 63, Overflow.SATURATE, OUT)).toBe(true);
    expect(load<i64>(OUT)).toBe(0);
  });
});

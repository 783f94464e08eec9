import { Arena, release, usedBytesOf } from "../../../assembly/memory/allocator";
import {
  createIntegerSet, integerSetAt, integerSetBytes, integerSetCount, integerSetFind,
  integerSetInsert, integerSetRemove, validateIntegerSet,
} from "../../../assembly/structures/integer-set";
import { Random } from "../memory/heap-model";
import { startHeap } from "./element";

const SEED: u32 = 20261123;

/** A number whose width is chosen first, so that sets stay narrow for a while. */
function draw(random: Random, widest: u32): i64 {
  const bits = random.below(widest) + 1;
  const wide = (<u64>random.next() << 32) | <u64>random.next();
  return <i64>wide >> (64 - bits);
}

function check(set: usize, members: i64[]): void {
  const broken = validateIntegerSet(set);
  assert(broken == 0, "integer set: " + broken.toString());
  assert(integerSetCount(set) == <u32>members.length, "count");
}

/** Adds to or takes from the set and a plain sorted array; returns the set. */
function change(set: usize, members: i64[], value: i64, adds: bool): usize {
  const place = integerSetFind(set, value);
  const known = members.indexOf(value);
  assert(place >= 0 ? place == known : known < 0, "found");
  if (place < 0 && adds) {
    const before = ~place;
    assert(before == 0 || members[before - 1] < value, "place below");
    assert(before == members.length || members[before] > value, "place above");
    members.push(value);
    members.sort((a: i64, b: i64): i32 => (a < b ? -1 : i32(a > b)));
    return integerSetInsert(set, before, value);
  }
  if (place >= 0 && !adds) {
    members.splice(place, 1);
    return integerSetRemove(set, place);
  }
  return set;
}

function run(seed: u32, widest: u32, steps: i32): void {
  startHeap(seed);
  const before = usedBytesOf(Arena.DATA);
  const random = new Random(seed);
  const members: i64[] = [];
  let set = createIntegerSet();
  for (let step = 0; step < steps; step++) {
    const isKnown = members.length > 0 && random.below(3) == 0;
    const value = isKnown ? members[random.below(members.length)] : draw(random, widest);
    const adds = random.below(100) < (step < steps / 2 ? 80 : 20);
    set = change(set, members, value, adds);
    check(set, members);
  }
  for (let index = 0; index < members.length; index++) {
    assert(integerSetAt(set, index) == members[index], "member");
  }
  while (members.length) {
    members.pop();
    set = integerSetRemove(set, members.length);
    check(set, members);
  }
  release(set);
  assert(usedBytesOf(Arena.DATA) == before, "memory");
}

describe("integer set", () => {
  it("does as a sorted array, with numbers of every width", () => {
    for (let widest: u32 = 8; widest <= 64; widest += 8) run(SEED + widest, widest, 400);
  });

  it("takes 2, 4 or 8 bytes a member", () => {
    startHeap(SEED);
    let set = createIntegerSet();
    set = integerSetInsert(set, 0, 32767);
    set = integerSetInsert(set, 0, -32768);
    expect(integerSetBytes(set)).toBe(8 + 4);
    set = integerSetInsert(set, <u32>~integerSetFind(set, -32769), -32769);
    expect(integerSetBytes(set)).toBe(8 + 12);
    set = integerSetInsert(set, <u32>~integerSetFind(set, i64.MAX_VALUE), i64.MAX_VALUE);
    expect(integerSetBytes(set)).toBe(8 + 32);
    set = integerSetInsert(set, <u32>~integerSetFind(set, i64.MIN_VALUE), i64.MIN_VALUE);
    expect(integerSetAt(set, 0)).toBe(i64.MIN_VALUE);
    expect(integerSetAt(set, 4)).toBe(i64.MAX_VALUE);
    expect(integerSetFind(set, -1)).toBe(~3);
    expect(validateIntegerSet(set)).toBe(0);
  });
});

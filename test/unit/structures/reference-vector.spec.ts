import { SCRATCH } from "../../../assembly/abi";
import { Arena, usedBytesOf } from "../../../assembly/memory/allocator";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  ReferenceVector, freeVector, initializeVector, push, removeAt, setVectorAt, validateVector,
  vectorAt,
} from "../../../assembly/structures/reference-vector";
import { Random } from "../memory/heap-model";
import { startHeap } from "./element";

const SEED: u32 = 4711;
const VECTOR = changetype<ReferenceVector>(SCRATCH);

function start(): void {
  startHeap(SEED);
  initializeVector(VECTOR);
}

function check(): void {
  const broken = validateVector(VECTOR);
  assert(broken == 0, "vector: " + broken.toString());
}

/** Removes a member from the vector and from the array, which must agree about what moved. */
function removeBoth(members: u32[], index: u32): void {
  const last = members.length - 1;
  const moved = removeAt(VECTOR, index);
  assert(moved == (index == <u32>last ? 0 : members[last]), "what moved");
  members[index] = members[last];
  members.pop();
}

function expectSame(members: u32[]): void {
  assert(VECTOR.count == <u32>members.length, "count");
  for (let index = 0; index < members.length; index++) {
    assert(vectorAt(VECTOR, index) == <usize>members[index], "member");
  }
}

function run(random: Random, members: u32[], count: i32, additions: u32): void {
  for (let step = 0; step < count; step++) {
    const choice = random.below(100);
    if (!members.length || choice < additions) {
      const reference = random.next() | 1;
      assert(push(VECTOR, reference) == <u32>members.length, "index");
      members.push(reference);
    } else if (choice < 90 || additions >= 90) {
      removeBoth(members, random.below(members.length));
    } else {
      const index = random.below(members.length);
      const reference = random.next() | 1;
      setVectorAt(VECTOR, index, reference);
      members[index] = reference;
    }
    check();
    if (step % 16 == 0) expectSame(members);
  }
}

describe("reference vector", () => {
  beforeEach(start);

  it("does as an array under random operations", () => {
    trace("seed", 1, SEED as f64);
    const random = new Random(SEED);
    const members: u32[] = [];
    run(random, members, 1000, 60);
    run(random, members, 1000, 30);
    run(random, members, 1000, 50);
    expectSame(members);
    while (members.length) removeBoth(members, random.below(members.length));
    expect(usedBytesOf(Arena.DATA)).toBe(0);
    expect(VECTOR.capacity).toBe(0);
    expect(validateHeap()).toBe(0);
  });

  it("goes through the segment borders in both directions", () => {
    const random = new Random(SEED);
    const members: u32[] = [];
    for (let round = 0; round < 6; round++) {
      const top = 1000 + round * 1500;
      while (members.length < top) {
        const reference = random.next() | 1;
        push(VECTOR, reference);
        members.push(reference);
        if (members.length % 1024 < 3) expectSame(members);
      }
      expectSame(members);
      while (members.length > 900) {
        removeBoth(members, random.below(members.length));
        if (members.length % 1024 < 3) expectSame(members);
      }
      check();
      expect(validateHeap()).toBe(0);
    }
  });

  it("takes 200,000 members, 4 bytes each and little more", () => {
    for (let index: u32 = 0; index < 200_000; index++) push(VECTOR, index + 1);
    for (let index: u32 = 0; index < 200_000; index++) {
      assert(vectorAt(VECTOR, index) == index + 1, "member");
    }
    expect(usedBytesOf(Arena.DATA)).toBeLessThan(200_000 * 4 + 16_384);
    for (let index: u32 = 200_000; index > 0; index--) {
      assert(removeAt(VECTOR, index - 1) == 0, "the last one moves nothing");
      assert(VECTOR.capacity - VECTOR.count <= 2048, "at most two segments are kept");
    }
    expect(usedBytesOf(Arena.DATA)).toBe(0);
  });

  it("does not give and take a segment at an edge", () => {
    for (let index: u32 = 0; index < 2048; index++) push(VECTOR, index + 1);
    push(VECTOR, 1);
    const used = usedBytesOf(Arena.DATA);
    for (let round = 0; round < 100; round++) {
      removeAt(VECTOR, 2048);
      expect(usedBytesOf(Arena.DATA)).toBe(used);
      push(VECTOR, 1);
    }
  });

  it("is freed as a whole", () => {
    for (let count: u32 = 0; count < 12_000; count = count * 2 + 1) {
      for (let index: u32 = 0; index < count; index++) push(VECTOR, index + 1);
      freeVector(VECTOR);
      check();
      expect(VECTOR.count).toBe(0);
      expect(usedBytesOf(Arena.DATA)).toBe(0);
    }
  });
});

import { SCRATCH } from "../../../assembly/abi";
import { Arena, allocate, release, usedBytesOf } from "../../../assembly/memory/allocator";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  enterDue, firstDue, leaveDue, moveDue, replaceDue, validateDueHeap,
} from "../../../assembly/structures/due-heap";
import { ReferenceVector, initializeVector } from "../../../assembly/structures/reference-vector";
import { Random } from "../memory/heap-model";
import { startHeap } from "./element";

const SEED: u32 = 20_261_123;
const HEAP = changetype<ReferenceVector>(SCRATCH);

@unmanaged
class Timed {
  dueMs: i64;
  duePlace: u32;
}

function start(): void {
  startHeap(SEED);
  initializeVector(HEAP);
}

function check(): void {
  const broken = validateDueHeap<Timed>(HEAP);
  assert(broken == 0, "heap: " + broken.toString());
}

function add(dueMs: i64): Timed {
  const element = changetype<Timed>(allocate(Arena.SERVER, offsetof<Timed>()));
  element.dueMs = dueMs;
  enterDue<Timed>(HEAP, changetype<usize>(element));
  return element;
}

/** The earliest time of all, by looking at each. */
function earliest(members: Timed[]): i64 {
  let least = i64.MAX_VALUE;
  for (let n = 0; n < members.length; n++) least = min(least, members[n].dueMs);
  return least;
}

/** Random steps; `additions` of 100 add, the rest removes, moves or replaces. */
function run(random: Random, members: Timed[], count: i32, additions: u32): void {
  for (let step = 0; step < count; step++) {
    const choice = random.below(100);
    if (!members.length || choice < additions) {
      members.push(add(random.below(500)));
    } else {
      const index = random.below(members.length);
      const element = members[index];
      if (choice % 3 == 0) {
        element.dueMs = random.below(500);
        moveDue<Timed>(HEAP, element.duePlace);
      } else if (choice % 3 == 1) {
        const other = changetype<Timed>(allocate(Arena.SERVER, offsetof<Timed>()));
        memory.copy(changetype<usize>(other), changetype<usize>(element), offsetof<Timed>());
        replaceDue(HEAP, element.duePlace, changetype<usize>(other));
        members[index] = other;
        release(changetype<usize>(element));
      } else {
        leaveDue<Timed>(HEAP, element.duePlace);
        release(changetype<usize>(element));
        members[index] = members[members.length - 1];
        members.pop();
      }
    }
    assert(HEAP.count == <u32>members.length, "count");
    if (!members.length) continue;
    assert(changetype<Timed>(firstDue(HEAP)).dueMs == earliest(members), "first");
    if (step % 8 == 0) check();
  }
  check();
}

describe("heap by time", () => {
  beforeEach(start);
  afterEach(() => {
    expect(validateHeap()).toBe(0);
  });

  it("has the earliest first, as a plain array would find it", () => {
    trace("seed", 1, SEED as f64);
    const random = new Random(SEED);
    const members: Timed[] = [];
    run(random, members, 1500, 80);
    run(random, members, 2000, 30);
    run(random, members, 1500, 10);
  });

  it("gives its elements in order, beyond one segment of the vector", () => {
    const random = new Random(SEED + 1);
    for (let n = 0; n < 3000; n++) add(random.next());
    check();
    let last: i64 = -1;
    while (HEAP.count) {
      const element = changetype<Timed>(firstDue(HEAP));
      assert(element.dueMs >= last, "order");
      last = element.dueMs;
      leaveDue<Timed>(HEAP, 0);
    }
    expect(usedBytesOf(Arena.DATA)).toBe(0);
  });
});

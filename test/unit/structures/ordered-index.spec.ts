import { SCRATCH } from "../../../assembly/abi";
import { Arena, release, usedBytesOf } from "../../../assembly/memory/allocator";
import { compareBytes } from "../../../assembly/memory/bytes";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  Boundary, IndexCursor, OrderedIndex, Side, countBefore, cursorBackward, cursorElement,
  cursorForward, freeIndex, indexBytes, initializeIndex, insertElement, moveElement, removeElement,
  seekRank, validateIndex,
} from "../../../assembly/structures/ordered-index";
import { ScoredElement, newScoredElement } from "../../../assembly/structures/scored-element";
import { Random } from "../memory/heap-model";
import { startHeap } from "./element";

const SEED: u32 = 99_017;
/** Fixed windows: index, boundary, cursor, and the bytes of a member. */
const INDEX = changetype<OrderedIndex>(SCRATCH);
const BOUNDARY = changetype<Boundary>(SCRATCH + 16);
const CURSOR = changetype<IndexCursor>(SCRATCH + 64);
const MEMBER: usize = SCRATCH + 128;

function start(): void {
  startHeap(SEED);
  initializeIndex(INDEX);
}

function check(): void {
  const broken = validateIndex(INDEX);
  assert(broken == 0, "index: " + broken.toString());
}

/** Writes the member with this number; every seventh is long. Returns its bytes. */
function writeMember(number: u32): u32 {
  store<u32>(MEMBER, bswap(number));
  if (number % 7) return 4;
  memory.fill(MEMBER + 4, 0x61, 150);
  return 154;
}

function makeElement(score: f64, number: u32): ScoredElement {
  return newScoredElement(score, MEMBER, writeMember(number));
}

function order(left: usize, right: usize): i32 {
  const a = changetype<ScoredElement>(left);
  const b = changetype<ScoredElement>(right);
  if (a.score != b.score) return a.score < b.score ? -1 : 1;
  return compareBytes(a.keyAddress, a.keyBytes, b.keyAddress, b.keyBytes);
}

/** A plain sorted array of the same elements. */
class Model {
  elements: usize[] = [];
  next: u32 = 0;
  random: Random = new Random(SEED);
  /** How many different scores; 0: ascending. */
  scores: u32 = 0;

  score(): f64 {
    if (!this.scores) return <f64>this.next;
    if (this.random.below(50) == 0) return this.random.below(2) ? Infinity : -Infinity;
    return <f64>this.random.below(this.scores) / 4 - 3;
  }

  place(element: usize): i32 {
    let low = 0;
    let high = this.elements.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order(this.elements[middle], element) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  put(element: usize): void {
    const place = this.place(element);
    this.elements.push(0);
    for (let at = this.elements.length - 1; at > place; at--) {
      this.elements[at] = this.elements[at - 1];
    }
    this.elements[place] = element;
  }

  add(): void {
    this.next += 1;
    const element = makeElement(this.score(), this.next * 2_654_435_761);
    insertElement(INDEX, element, BOUNDARY);
    this.put(changetype<usize>(element));
  }

  drop(): void {
    const at = this.random.below(this.elements.length);
    const element = changetype<ScoredElement>(this.elements.splice(at, 1)[0]);
    removeElement(INDEX, element, element.score, BOUNDARY);
    release(changetype<usize>(element));
  }

  move(): void {
    const at = this.random.below(this.elements.length);
    const element = changetype<ScoredElement>(this.elements.splice(at, 1)[0]);
    const score = this.random.below(2) ? element.score + 0.125 : this.score();
    moveElement(INDEX, element, score, BOUNDARY);
    assert(element.score == score, "score");
    this.put(changetype<usize>(element));
  }

  /** `count` steps; of a hundred `additions` add, the others remove or move; validates each. */
  run(count: u32, additions: u32, every: u32): void {
    for (let step: u32 = 0; step < count; step++) {
      if (!this.elements.length || this.random.below(100) < additions) this.add();
      else if (this.random.below(2)) this.drop();
      else this.move();
      if (step % every) continue;
      check();
      this.compareOne();
    }
  }

  /** Rank, boundary and place of one element. */
  compareOne(): void {
    assert(INDEX.count == <u32>this.elements.length, "count");
    if (!INDEX.count) return;
    const rank = this.random.below(INDEX.count);
    const element = changetype<ScoredElement>(this.elements[rank]);
    seekRank(INDEX, rank, CURSOR);
    assert(cursorElement(CURSOR) == element, "element at rank");
    BOUNDARY.score = element.score;
    BOUNDARY.address = <u32>element.keyAddress;
    BOUNDARY.bytes = element.keyBytes;
    BOUNDARY.side = Side.ELEMENT_BEHIND;
    assert(countBefore(INDEX, BOUNDARY) == rank + 1, "rank of element");
    let first = rank;
    while (first && this.scoreOf(first - 1) == element.score) first -= 1;
    BOUNDARY.side = Side.SCORE_BEFORE;
    assert(countBefore(INDEX, BOUNDARY) == first, "before the score");
    let behind = rank + 1;
    while (behind < INDEX.count && this.scoreOf(behind) == element.score) behind += 1;
    BOUNDARY.side = Side.SCORE_BEHIND;
    assert(countBefore(INDEX, BOUNDARY) == behind, "behind the score");
  }

  scoreOf(rank: u32): f64 {
    return changetype<ScoredElement>(this.elements[rank]).score;
  }

  isSame(): bool {
    if (INDEX.count != <u32>this.elements.length) return false;
    if (!INDEX.count) return true;
    seekRank(INDEX, 0, CURSOR);
    for (let rank = 0; rank < this.elements.length; rank++) {
      if (changetype<usize>(cursorElement(CURSOR)) != this.elements[rank]) return false;
      if (cursorForward(CURSOR) != rank + 1 < this.elements.length) return false;
    }
    seekRank(INDEX, INDEX.count - 1, CURSOR);
    for (let rank = this.elements.length - 1; rank >= 0; rank--) {
      if (changetype<usize>(cursorElement(CURSOR)) != this.elements[rank]) return false;
      if (cursorBackward(CURSOR) != rank > 0) return false;
    }
    return true;
  }

  end(): void {
    freeIndex(INDEX);
    for (let at = 0; at < this.elements.length; at++) release(this.elements[at]);
    assert(usedBytesOf(Arena.DATA) == 0, "memory is left");
    assert(validateHeap() == 0, "heap");
  }
}

describe("ordered index", () => {
  beforeEach(start);

  it("is empty and owns nothing at first", () => {
    check();
    BOUNDARY.side = Side.SCORE_BEHIND;
    BOUNDARY.score = Infinity;
    expect(countBefore(INDEX, BOUNDARY)).toBe(0);
    expect(indexBytes(INDEX)).toBe(0);
  });

  it("does as a plain model under random steps", () => {
    trace("seed", 1, SEED as f64);
    const model = new Model();
    model.scores = 40;
    model.run(1500, 60, 1);
    expect(model.isSame()).toBe(true);
    model.run(2500, 25, 1);
    expect(model.isSame()).toBe(true);
    while (model.elements.length) {
      model.drop();
      check();
    }
    expect(INDEX.root).toBe(0);
    model.end();
  });

  it("fills its leaves when scores ascend, and stays right when it is deep", () => {
    const model = new Model();
    for (let count = 0; count < 20_000; count++) model.add();
    check();
    expect(indexBytes(INDEX) / 20_000).toBeLessThan(14);
    expect(model.isSame()).toBe(true);
    model.scores = 100_000;
    model.run(8000, 30, 50);
    expect(model.isSame()).toBe(true);
    model.run(16_000, 5, 100);
    expect(model.isSame()).toBe(true);
    model.end();
  });

  it("knows places by bytes where all scores are equal", () => {
    const model = new Model();
    model.scores = 1;
    for (let number: u32 = 1; number <= 3000; number++) {
      const element = makeElement(0, number * 2);
      insertElement(INDEX, element, BOUNDARY);
      model.put(changetype<usize>(element));
    }
    check();
    BOUNDARY.address = <u32>MEMBER;
    for (let number: u32 = 1; number <= 6001; number += 7) {
      BOUNDARY.bytes = writeMember(number);
      BOUNDARY.side = Side.BYTES_BEFORE;
      assert(countBefore(INDEX, BOUNDARY) == (number - 1) >> 1, "before the bytes");
      BOUNDARY.side = Side.BYTES_BEHIND;
      assert(countBefore(INDEX, BOUNDARY) == min(number, 6001) >> 1, "behind the bytes");
    }
    expect(model.isSame()).toBe(true);
    model.end();
  });
});

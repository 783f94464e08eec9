import { EXCHANGE, Exchange, SCRATCH } from "../../../assembly/abi";
import { Arena, pagesInUse, usedBytesOf } from "../../../assembly/memory/allocator";
import { hashBytes, nextObservation } from "../../../assembly/memory/root";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, find, freeLastBucket, freeTable, initializeTable, insert,
  longestChain, nextInChain, occupiedSlots, randomReference, referenceAt, remove, scanChain,
  scanNext, scanSibling, settleTable, validateTable,
} from "../../../assembly/structures/hash-table";
import { Random } from "../memory/heap-model";
import { Element, newElement, startHeap } from "./element";

const SEED: u32 = 20_261_123;
/** Fixed windows: the table's record and the key that is looked for. */
const TABLE = changetype<HashTable>(SCRATCH);
const KEY: usize = SCRATCH + ((HASH_TABLE_BYTES + 15) & ~7);

function start(): void {
  startHeap(SEED);
  initializeTable(TABLE);
}

function hashOf(key: u64): u64 {
  store<u64>(KEY, key);
  return hashBytes(KEY, 8);
}

function has(key: u64): bool {
  const hash = hashOf(key);
  const slot = find<Element>(TABLE, KEY, 8, hash);
  return slot != 0 && changetype<Element>(<usize>load<u32>(slot)).key == key;
}

function add(key: u64): void {
  insert<Element>(TABLE, newElement(key), hashOf(key));
}

function drop(key: u64): void {
  const hash = hashOf(key);
  const slot = find<Element>(TABLE, KEY, 8, hash);
  assert(slot != 0, "a key is lost");
  remove(TABLE, slot, hash);
}

function check(): void {
  const broken = validateTable<Element>(TABLE);
  assert(broken == 0, "table: " + broken.toString());
}

/** Marks what one chain holds in `seen`. */
function mark(first: usize, seen: Set<u64>): void {
  for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
    for (let slot = 0; slot < occupiedSlots(bucket); slot++) {
      seen.add(changetype<Element>(referenceAt(bucket, slot)).key);
    }
  }
}

/** Keys in any order, removed by moving the last one into the gap. */
class Model {
  keys: u64[] = [];
  next: u64 = 0;
  random: Random;

  constructor(seed: u32) {
    this.random = new Random(seed);
  }

  add(): void {
    this.next += 1;
    add(this.next);
    this.keys.push(this.next);
  }

  drop(): void {
    const index = this.random.below(this.keys.length);
    drop(this.keys[index]);
    this.keys[index] = this.keys[this.keys.length - 1];
    this.keys.pop();
  }

  /** `count` operations, of a hundred `additions` add; the table is validated after each. */
  run(count: u32, additions: u32): void {
    for (let step: u32 = 0; step < count; step++) {
      if (!this.keys.length || this.random.below(100) < additions) this.add();
      else this.drop();
      check();
      assert(TABLE.count == <u32>this.keys.length, "count");
      assert(!has(this.next + 1), "a key from nowhere");
      if (!this.keys.length) continue;
      assert(has(this.keys[this.random.below(this.keys.length)]), "a key is lost");
    }
  }

  holdsAll(): bool {
    for (let index = 0; index < this.keys.length; index++) {
      if (!has(this.keys[index])) return false;
    }
    return TABLE.count == <u32>this.keys.length;
  }
}

describe("hash table", () => {
  beforeEach(start);

  it("is empty and owns nothing at first", () => {
    expect(has(1)).toBe(false);
    check();
    expect(usedBytesOf(Arena.DATA)).toBe(0);
    expect(randomReference(TABLE, 1)).toBe(0);
    expect(scanChain(TABLE, 0)).toBe(0);
    expect(scanSibling(TABLE, 0)).toBe(0);
    expect(scanNext(TABLE, 77)).toBe(0);
    freeTable(TABLE);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
  });

  it("does as a plain model under random operations", () => {
    trace("seed", 1, SEED as f64);
    const model = new Model(SEED);
    model.run(400, 80);
    model.run(400, 20);
    model.run(300, 55);
    model.run(300, 45);
    while (model.keys.length) model.drop();
    check();
    expect(TABLE.buckets).toBe(1);
    expect(TABLE.overflows).toBe(0);
    expect(usedBytesOf(Arena.DATA)).toBe(64);
    freeTable(TABLE);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
    expect(validateHeap()).toBe(0);
  });

  it("is the same table for the same operations", () => {
    const one = new Model(SEED);
    one.run(200, 70);
    const count = TABLE.count;
    const buckets = TABLE.buckets;
    const segments = TABLE.segments;
    start();
    const two = new Model(SEED);
    two.run(200, 70);
    expect(TABLE.count).toBe(count);
    expect(TABLE.buckets).toBe(buckets);
    expect(TABLE.segments).toBe(segments);
  });

  it("grows and shrinks through segments without a step that costs more than a bucket", () => {
    const model = new Model(SEED);
    let buckets: u32 = 0;
    while (model.keys.length < 200_000) {
      model.add();
      assert(TABLE.buckets - buckets <= 1, "one bucket at a time");
      buckets = TABLE.buckets;
      const isBorder = (buckets & (buckets - 1)) == 0 || (buckets & 1023) < 2;
      if (isBorder && TABLE.count % 8 == 0 && TABLE.count < 30_000) check();
    }
    check();
    expect(TABLE.buckets).toBe(26_667);
    expect(longestChain(TABLE)).toBeLessThan(4);
    expect(usedBytesOf(Arena.DATA) / 200_000).toBeLessThan(9.9);
    assert(model.holdsAll(), "all are there");
    while (model.keys.length > 1) {
      model.drop();
      assert(buckets - TABLE.buckets <= 1, "one bucket at a time");
      buckets = TABLE.buckets;
      const isBorder = (buckets & (buckets - 1)) == 0 || (buckets & 1023) < 2;
      if (isBorder && TABLE.count % 8 == 0 && TABLE.count < 10_000) check();
      if (TABLE.count == 20_000) assert(model.holdsAll(), "all are there");
    }
    check();
    model.drop();
    freeTable(TABLE);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
    expect(pagesInUse(Arena.DATA)).toBeLessThan(30);
    expect(validateHeap()).toBe(0);
  });

  it("is dismantled bucket by bucket", () => {
    const model = new Model(SEED);
    while (model.keys.length < 20_000) model.add();
    let steps = 0;
    while (TABLE.buckets) {
      freeLastBucket(TABLE);
      steps += 1;
    }
    expect(steps).toBe(2667);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
    expect(validateHeap()).toBe(0);
  });
});

describe("a scan", () => {
  beforeEach(start);

  it("meets every element once while the table stays", () => {
    const model = new Model(SEED);
    for (let size = 1; size < 3000; size = size * 3 + 1) {
      while (model.keys.length < size) model.add();
      const seen = new Set<u64>();
      let emitted = 0;
      let cursor: u64 = 0;
      do {
        const before = seen.size;
        const first = scanChain(TABLE, cursor);
        const second = scanSibling(TABLE, cursor);
        mark(first, seen);
        mark(second, seen);
        emitted += seen.size - before;
        cursor = scanNext(TABLE, cursor);
      } while (cursor);
      expect(seen.size).toBe(size);
      expect(emitted).toBe(size);
    }
  });

  it("meets every element that stays while the table grows and shrinks", () => {
    const random = new Random(SEED);
    for (let round: u32 = 0; round < 30; round++) {
      start();
      const stays = random.below(400) + 1;
      const model = new Model(SEED + round);
      while (<u32>model.keys.length < stays) model.add();
      let top: u64 = model.next;
      const bottom = top;
      const seen = new Set<u64>();
      let cursor: u64 = 0;
      let steps = 0;
      do {
        mark(scanChain(TABLE, cursor), seen);
        mark(scanSibling(TABLE, cursor), seen);
        cursor = scanNext(TABLE, cursor);
        steps += 1;
        let changes = random.below(round < 15 ? 300 : 40);
        const grows = steps < 60 && (round % 3 == 0 || random.below(2) == 0);
        while (changes-- > 0) {
          if (grows) add(++top);
          else if (top > bottom) drop(top--);
        }
      } while (cursor);
      check();
      for (let key: u64 = 1; key <= bottom; key++) assert(seen.has(key), "a key was hidden");
    }
  });

  it("ends from any cursor", () => {
    const model = new Model(SEED);
    while (model.keys.length < 100) model.add();
    const random = new Random(SEED);
    for (let round = 0; round < 200; round++) {
      let cursor: u64 = (<u64>random.next() << 32) | random.next();
      let steps: u32 = 0;
      do {
        cursor = scanNext(TABLE, cursor);
        steps += 1;
      } while (cursor);
      assert(steps <= TABLE.mask + 1, "at most one step a bucket");
    }
  });
});

describe("a random draw", () => {
  beforeEach(start);

  it("is fair to every element", () => {
    const elements: u32 = 100;
    const draws: u32 = 40_000;
    const model = new Model(SEED);
    while (<u32>model.keys.length < elements) model.add();
    const times = new StaticArray<u32>(elements + 1);
    for (let draw: u32 = 0; draw < draws; draw++) {
      const element = changetype<Element>(randomReference(TABLE, nextObservation()));
      times[<i32>element.key] += 1;
    }
    const wanted = <f64>draws / <f64>elements;
    let chiSquare: f64 = 0;
    for (let key: u32 = 1; key <= elements; key++) {
      const off = <f64>times[key] - wanted;
      chiSquare += off * off / wanted;
    }
    trace("chi-square", 1, chiSquare);
    // 99 degrees of freedom: above 148.2 in one of a thousand, below 61.1 likewise.
    assert(chiSquare < 148.2, "not fair");
    assert(chiSquare > 55, "not random");
  });

  it("is fair where chains overflow", () => {
    store<u32>(EXCHANGE, 1, Exchange.MARKING);
    const model = new Model(SEED);
    while (model.keys.length < 70) model.add();
    expect(TABLE.overflows).toBeGreaterThan(0);
    const times = new StaticArray<u32>(71);
    const draws = 70 * 400;
    for (let draw = 0; draw < draws; draw++) {
      const element = changetype<Element>(randomReference(TABLE, nextObservation()));
      times[<i32>element.key] += 1;
    }
    let chiSquare: f64 = 0;
    for (let key = 1; key <= 70; key++) {
      const off = <f64>times[key] - 400;
      chiSquare += off * off / 400;
    }
    // 69 degrees of freedom.
    assert(chiSquare < 111.1, "not fair");
  });

  it("finds the last element", () => {
    add(7);
    for (let draw: u64 = 0; draw < 50; draw++) {
      expect(changetype<Element>(randomReference(TABLE, draw)).key).toBe(7);
    }
  });
});

describe("a table that may not be resized", () => {
  beforeEach(start);

  it("goes on with overflow buckets when memory is refused, and catches up", () => {
    const model = new Model(SEED);
    while (model.keys.length < 7600) model.add();
    const buckets = TABLE.buckets;
    for (let step = 0; step < 3000; step++) {
      store<u32>(EXCHANGE, 1, Exchange.FAIL_RESERVE);
      model.add();
      if (step % 100 == 0) check();
    }
    // Buckets inside the block at hand need no memory.
    expect(TABLE.buckets).toBe(1024);
    assert(buckets < 1024);
    expect(TABLE.overflows).toBeGreaterThan(0);
    store<u32>(EXCHANGE, 0, Exchange.FAIL_RESERVE);
    for (let step = 0; step < 1000; step++) model.add();
    check();
    expect(TABLE.buckets).toBe(1547);
    assert(model.holdsAll(), "all are there");
  });

  it("validates when every second reservation fails", () => {
    const model = new Model(SEED);
    for (let step: u32 = 0; step < 1500; step++) {
      store<u32>(EXCHANGE, step & 1, Exchange.FAIL_RESERVE);
      model.add();
      if (step % 10 == 0) check();
    }
    for (let step: u32 = 0; step < 1400; step++) {
      store<u32>(EXCHANGE, step & 1, Exchange.FAIL_RESERVE);
      model.drop();
      if (step % 10 == 0) check();
    }
    assert(model.holdsAll(), "all are there");
  });

  it("stays while pages are marked, up to full buckets, and settles in steps afterwards", () => {
    const model = new Model(SEED);
    while (model.keys.length < 1000) model.add();
    const buckets = TABLE.buckets;
    store<u32>(EXCHANGE, 1, Exchange.MARKING);
    while (model.keys.length < 1500) model.add();
    expect(TABLE.buckets).toBe(buckets);
    while (model.keys.length < 5000) model.add();
    check();
    expect(TABLE.buckets).toBe((5000 + 11) / 12);
    expect(settleTable<Element>(TABLE, 100)).toBe(100);
    store<u32>(EXCHANGE, 0, Exchange.MARKING);
    const grown = TABLE.buckets;
    expect(settleTable<Element>(TABLE, 100)).toBe(0);
    expect(TABLE.buckets).toBe(grown + 100);
    check();
    expect(settleTable<Element>(TABLE, 1000)).toBeGreaterThan(0);
    expect(TABLE.buckets).toBe(667);
    check();
    store<u32>(EXCHANGE, 1, Exchange.MARKING);
    while (model.keys.length > 10) model.drop();
    expect(TABLE.buckets).toBe(667);
    check();
    store<u32>(EXCHANGE, 0, Exchange.MARKING);
    expect(settleTable<Element>(TABLE, 600)).toBe(0);
    check();
    expect(settleTable<Element>(TABLE, 600)).toBeGreaterThan(0);
    expect(TABLE.buckets).toBe(3);
    assert(model.holdsAll(), "all are there");
  });
});

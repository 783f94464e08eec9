import { SCRATCH } from "../../../assembly/abi";
import { Arena, usableBytes, usedBytesOf } from "../../../assembly/memory/allocator";
import { equalBytes } from "../../../assembly/memory/bytes";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  copyPackedList, createPackedList, freePackedList, packedAt, packedBytes, packedCount, packedFind,
  packedFirst, packedGrowthBytes, packedInsert, packedInteger, packedIsInteger, packedLast,
  packedNext, packedPosition, packedPrevious, packedPushFirst, packedRemove, packedRemoveFirst,
  packedRemoveLast, packedReplace, packedText, packedTextBytes, validatePackedList,
} from "../../../assembly/structures/packed-list";
import { Random } from "../memory/heap-model";
import { startHeap } from "./element";

const SEED: u32 = 20_261_124;
/** Fixed windows: rendered integers, and the text of the step (70,000 bytes at most). */
const BUFFER: usize = SCRATCH;
const TEXT: usize = SCRATCH + 32;
const INTEGERS: string[] = [
  "0", "1", "9", "10", "99", "100", "127", "128", "-1", "-128", "-129", "255", "32767", "32768",
  "-32768", "-32769", "8388607", "8388608", "-8388608", "-8388609", "2147483647", "2147483648",
  "549755813887", "549755813888", "140737488355327", "140737488355328", "36028797018963967",
  "36028797018963968", "9223372036854775807", "-9223372036854775808",
];
const NO_INTEGERS: string[] = [
  "", "00", "01", "-0", "+1", " 1", "1 ", "-", "9223372036854775808", "-9223372036854775809", "a",
];

function place(text: string): u32 {
  for (let index = 0; index < text.length; index++) {
    store<u8>(TEXT + index, <u8>text.charCodeAt(index));
  }
  return text.length;
}

function same(entry: usize, text: string): bool {
  const bytes = place(text);
  if (packedTextBytes(entry) != bytes) return false;
  return equalBytes(packedText(entry, BUFFER), TEXT, bytes);
}

/** Texts of all forms: numbers, short, medium, and now and then beyond 64 KiB. */
function randomText(random: Random): string {
  const kind = random.below(200);
  if (kind < 50) return INTEGERS[random.below(INTEGERS.length)];
  if (kind < 60) return NO_INTEGERS[random.below(NO_INTEGERS.length)];
  if (kind < 120) return "abcdefgh".slice(0, random.below(9)) + random.below(50).toString();
  if (kind < 170) return "x".repeat(random.below(120) + 1);
  if (kind < 199) return "y".repeat(random.below(400) + 100);
  return "z".repeat(65_500 + random.below(60));
}

/** The same list twice: packed, and as an array of texts. */
class Model {
  list: usize = createPackedList(32);
  texts: string[] = [];
  random: Random;

  constructor(seed: u32) {
    this.random = new Random(seed);
  }

  check(): void {
    const broken = validatePackedList(this.list);
    assert(broken == 0, "list: " + broken.toString());
    assert(packedCount(this.list) == <u32>this.texts.length, "count");
    let entry = packedFirst(this.list);
    for (let index = 0; index < this.texts.length; index++) {
      assert(same(entry, this.texts[index]), "entry " + index.toString());
      entry = packedNext(this.list, entry);
    }
    assert(!entry, "an entry too many");
  }

  checkBackward(): void {
    let entry = packedLast(this.list);
    for (let index = this.texts.length - 1; index >= 0; index--) {
      assert(same(entry, this.texts[index]), "backward " + index.toString());
      assert(entry == packedAt(this.list, index), "at");
      assert(entry == packedAt(this.list, index - this.texts.length), "at, negative");
      entry = packedPrevious(this.list, entry);
    }
    assert(!entry, "an entry too many");
  }

  insert(index: i32, text: string): void {
    const next = packedAt(this.list, index);
    const before = packedBytes(this.list);
    const bytes = place(text);
    this.list = packedInsert(this.list, next, TEXT, bytes);
    assert(packedBytes(this.list) - before <= packedGrowthBytes(bytes), "growth");
    assert(packedPosition() == packedAt(this.list, index), "position of an insertion");
    const rest = this.texts.splice(index);
    this.texts.push(text);
    this.texts = this.texts.concat(rest);
  }

  replace(index: i32, text: string): void {
    const bytes = place(text);
    this.list = packedReplace(this.list, packedAt(this.list, index), TEXT, bytes);
    assert(packedPosition() == packedAt(this.list, index), "position of a replacement");
    this.texts[index] = text;
  }

  remove(index: i32, count: i32): void {
    this.list = packedRemove(this.list, packedAt(this.list, index), count);
    this.texts.splice(index, count);
    assert(packedPosition() == packedAt(this.list, index), "position of a removal");
  }

  pushFirst(text: string): void {
    this.list = packedPushFirst(this.list, TEXT, place(text));
    this.texts.unshift(text);
  }

  find(from: i32, text: string, skip: i32): void {
    let expected: usize = 0;
    for (let index = from; index < this.texts.length && !expected; index += skip + 1) {
      if (this.texts[index] == text) expected = packedAt(this.list, index);
    }
    const start = packedAt(this.list, from);
    assert(packedFind(this.list, start, TEXT, place(text), skip) == expected, "find");
  }

  step(additions: u32): void {
    const count = this.texts.length;
    const text = randomText(this.random);
    const index = this.random.below(count + 1);
    if (!count || this.random.below(100) < additions) {
      if (this.random.below(3)) this.insert(index, text);
      else this.pushFirst(text);
      return;
    }
    const kind = this.random.below(5);
    if (kind == 0) {
      this.replace(index % count, text);
    } else if (kind == 1) {
      this.remove(index % count, min<i32>(this.random.below(4), count - index % count));
    } else if (kind == 2) {
      this.list = packedRemoveFirst(this.list);
      this.texts.shift();
    } else if (kind == 3) {
      this.list = packedRemoveLast(this.list);
      this.texts.pop();
    } else {
      this.remove(index % count, 1);
    }
  }

  run(steps: u32, additions: u32): void {
    for (let step: u32 = 0; step < steps; step++) {
      this.step(additions);
      this.check();
      if (!this.texts.length) continue;
      const from = this.random.below(this.texts.length);
      this.find(from, this.texts[this.random.below(this.texts.length)], this.random.below(3));
    }
    this.checkBackward();
  }
}

describe("packed list", () => {
  beforeEach(() => {
    startHeap(SEED);
  });

  it("is empty at first", () => {
    const list = createPackedList(0);
    expect(packedCount(list)).toBe(0);
    expect(packedBytes(list)).toBe(8);
    expect(packedFirst(list)).toBe(0);
    expect(packedLast(list)).toBe(0);
    expect(packedAt(list, 0)).toBe(0);
    expect(packedAt(list, -1)).toBe(0);
    expect(packedFind(list, 0, TEXT, place("a"), 0)).toBe(0);
    expect(validatePackedList(list)).toBe(0);
    freePackedList(list);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
  });

  it("keeps integers as integers, and nothing else", () => {
    let list = createPackedList(64);
    for (let index = 0; index < INTEGERS.length; index++) {
      list = packedInsert(list, 0, TEXT, place(INTEGERS[index]));
      const entry = packedPosition();
      expect(packedIsInteger(entry)).toBe(true, INTEGERS[index]);
      expect(packedInteger(entry)).toBe(I64.parseInt(INTEGERS[index]), INTEGERS[index]);
      expect(same(entry, INTEGERS[index])).toBe(true, INTEGERS[index]);
    }
    for (let index = 0; index < NO_INTEGERS.length; index++) {
      list = packedInsert(list, 0, TEXT, place(NO_INTEGERS[index]));
      expect(packedIsInteger(packedPosition())).toBe(false, NO_INTEGERS[index]);
      expect(same(packedPosition(), NO_INTEGERS[index])).toBe(true, NO_INTEGERS[index]);
    }
    expect(validatePackedList(list)).toBe(0);
  });

  it("takes one byte for a small number and two more than a short text has", () => {
    let list = createPackedList(64);
    list = packedInsert(list, 0, TEXT, place("127"));
    expect(packedBytes(list)).toBe(9);
    list = packedInsert(list, 0, TEXT, place("-2"));
    expect(packedBytes(list)).toBe(12);
    list = packedInsert(list, 0, TEXT, place("abc"));
    expect(packedBytes(list)).toBe(17);
  });

  it("does as an array under random operations", () => {
    trace("seed", 1, SEED as f64);
    const model = new Model(SEED);
    model.run(150, 75);
    model.run(150, 25);
    model.run(150, 50);
    const copy = copyPackedList(model.list);
    const original = model.list;
    model.list = copy;
    model.check();
    freePackedList(original);
    while (model.texts.length) model.remove(0, 3);
    model.check();
    expect(packedPosition()).toBe(0);
    freePackedList(model.list);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
    expect(validateHeap()).toBe(0);
  });

  it("works as a queue in either direction without growing", () => {
    let list = createPackedList(64);
    for (let index = 0; index < 20; index++) list = packedInsert(list, 0, TEXT, place("element"));
    for (let index = 0; index < 2000; index++) {
      list = packedInsert(list, 0, TEXT, place("element"));
      list = packedRemoveFirst(list);
    }
    expect(usableBytes(list)).toBeLessThan(800);
    for (let index = 0; index < 2000; index++) {
      list = packedPushFirst(list, TEXT, place("element"));
      list = packedRemoveLast(list);
    }
    expect(usableBytes(list)).toBeLessThan(800);
    expect(packedCount(list)).toBe(20);
    expect(validatePackedList(list)).toBe(0);
  });
});

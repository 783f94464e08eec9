import { SCRATCH } from "../../../assembly/abi";
import { Arena, usedBytesOf } from "../../../assembly/memory/allocator";
import { equalBytes } from "../../../assembly/memory/bytes";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  ChunkedList, ListCursor, adoptPackedList, chunkBytesMaximum, chunkCountMaximum, chunkedListBytes,
  copyChunkedList, createChunkedList, cursorBytes, cursorEquals, cursorNext, cursorPrevious,
  cursorText, enterChunk, freeChunkedList, insertChunked, onlyPackedList, pushFirst, pushLast,
  removeAtCursor, removeChunked, removeFirst, removeLast, replaceChunked, seekChunked,
  validateChunkedList,
} from "../../../assembly/structures/chunked-list";
import {
  createPackedList, packedInsert, packedPrepare,
} from "../../../assembly/structures/packed-list";
import { Random } from "../memory/heap-model";
import { startHeap } from "./element";

const SEED: u32 = 20_261_125;
/** Fixed windows: rendered integers, the cursor, and the text of the step. */
const BUFFER: usize = SCRATCH;
const CURSOR = changetype<ListCursor>(SCRATCH + 32);
const TEXT: usize = SCRATCH + 64;

function place(text: string): u32 {
  for (let index = 0; index < text.length; index++) {
    store<u8>(TEXT + index, <u8>text.charCodeAt(index));
  }
  return text.length;
}

function same(text: string): bool {
  const bytes = place(text);
  if (cursorBytes(CURSOR) != bytes) return false;
  if (!equalBytes(cursorText(CURSOR, BUFFER), TEXT, bytes)) return false;
  return cursorEquals(CURSOR, packedPrepare(TEXT, bytes), TEXT, bytes);
}

function randomText(random: Random): string {
  const kind = random.below(100);
  if (kind < 40) return random.below(300).toString();
  if (kind < 70) return "element " + random.below(30).toString();
  if (kind < 95) return "m".repeat(random.below(600));
  return "l".repeat(random.below(12_000));
}

/** The same list twice: chunked, and as an array of texts. */
class Model {
  list: ChunkedList;
  texts: string[] = [];
  random: Random;

  constructor(seed: u32, fill: i32) {
    this.list = createChunkedList(fill);
    this.random = new Random(seed);
  }

  check(): void {
    const broken = validateChunkedList(this.list);
    assert(broken == 0, "list: " + broken.toString());
    assert(this.list.count == <u32>this.texts.length, "count");
    enterChunk(CURSOR, this.list.first, false);
    for (let index = 0; index < this.texts.length; index++) {
      assert(same(this.texts[index]), "element " + index.toString());
      cursorNext(CURSOR);
    }
    assert(!CURSOR.entry, "an element too many");
  }

  checkBackward(): void {
    enterChunk(CURSOR, this.list.last, true);
    for (let index = this.texts.length - 1; index >= 0; index--) {
      assert(same(this.texts[index]), "backward " + index.toString());
      cursorPrevious(CURSOR);
    }
    assert(!CURSOR.entry, "an element too many");
  }

  push(text: string): void {
    if (this.random.below(2)) {
      pushFirst(this.list, TEXT, place(text));
      this.texts.unshift(text);
    } else {
      pushLast(this.list, TEXT, place(text));
      this.texts.push(text);
    }
  }

  insert(index: i32, text: string): void {
    const isAfter = this.random.below(2);
    seekChunked(this.list, index, CURSOR);
    insertChunked(this.list, CURSOR, isAfter != 0, TEXT, place(text));
    const rest = this.texts.splice(index + isAfter);
    this.texts.push(text);
    this.texts = this.texts.concat(rest);
  }

  replace(index: i32, text: string): void {
    seekChunked(this.list, index, CURSOR);
    replaceChunked(this.list, CURSOR, index, TEXT, place(text));
    this.texts[index] = text;
  }

  remove(index: i32): void {
    const count = this.texts.length;
    const kind = this.random.below(6);
    if (kind == 0) {
      removeFirst(this.list);
      this.texts.shift();
    } else if (kind == 1) {
      removeLast(this.list);
      this.texts.pop();
    } else if (kind < 4) {
      const removed = min<i32>(this.random.below(4), count - index);
      removeChunked(this.list, index, removed);
      this.texts.splice(index, removed);
    } else {
      this.removeAt(index, kind == 4);
    }
  }

  removeAt(index: i32, isBackward: bool): void {
    seekChunked(this.list, index, CURSOR);
    removeAtCursor(this.list, CURSOR, isBackward);
    this.texts.splice(index, 1);
    const next = isBackward ? index - 1 : index;
    if (<u32>next < <u32>this.texts.length) assert(same(this.texts[next]), "after a removal");
    else assert(!CURSOR.entry, "past the end");
  }

  step(additions: u32): void {
    const count = this.texts.length;
    const text = randomText(this.random);
    if (!count) return this.push(text);
    const index = this.random.below(count);
    if (this.random.below(100) >= additions) return this.remove(index);
    const kind = this.random.below(3);
    if (kind == 0) this.push(text);
    else if (kind == 1) this.insert(index, text);
    else this.replace(index, text);
  }

  run(steps: u32, additions: u32): void {
    for (let step: u32 = 0; step < steps; step++) {
      this.step(additions);
      this.check();
    }
    this.checkBackward();
  }
}

function randomRun(fill: i32): void {
  trace("seed", 1, SEED as f64);
  const model = new Model(SEED + fill, fill);
  model.run(200, 85);
  model.run(150, 50);
  const copy = copyChunkedList(model.list);
  freeChunkedList(model.list);
  model.list = copy;
  model.run(250, 25);
  freeChunkedList(model.list);
  expect(usedBytesOf(Arena.DATA)).toBe(0);
  expect(validateHeap()).toBe(0);
}

describe("chunked list", () => {
  beforeEach(() => {
    startHeap(SEED);
  });

  it("bounds chunks by their fill", () => {
    expect(chunkBytesMaximum(-1)).toBe(4096);
    expect(chunkBytesMaximum(-2)).toBe(8192);
    expect(chunkBytesMaximum(-5)).toBe(65_536);
    expect(chunkBytesMaximum(i32.MIN_VALUE)).toBe(65_536);
    expect(chunkBytesMaximum(7)).toBe(8192);
    expect(chunkCountMaximum(7)).toBe(7);
    expect(chunkCountMaximum(0)).toBe(1);
    expect(chunkCountMaximum(-2)).toBe(0x7fffffff);
  });

  it("fills its chunks and keeps a large element alone", () => {
    const list = createChunkedList(4);
    for (let n = 0; n < 10; n++) pushLast(list, TEXT, place("abc"));
    expect(list.chunks).toBe(3);
    expect(onlyPackedList(list)).toBe(0);
    pushFirst(list, TEXT, place("x".repeat(9000)));
    expect(list.chunks).toBe(4);
    seekChunked(list, 0, CURSOR);
    expect(CURSOR.list).toBe(0);
    expect(cursorBytes(CURSOR)).toBe(9000);
    expect(chunkedListBytes(list, 0)).toBeGreaterThan(9000);
    expect(validateChunkedList(list)).toBe(0);
  });

  it("takes a packed list as its first chunk", () => {
    const list = createChunkedList(-2);
    const packed = packedInsert(createPackedList(16), 0, TEXT, place("abc"));
    adoptPackedList(list, packed);
    expect(onlyPackedList(list)).toBe(packed);
    expect(list.count).toBe(1);
    expect(validateChunkedList(list)).toBe(0);
  });

  it("does as an array under random operations, chunks of 1", () => {
    randomRun(1);
  });

  it("does as an array under random operations, chunks of 4", () => {
    randomRun(4);
  });

  it("does as an array under random operations, chunks of 4 KiB", () => {
    randomRun(-1);
  });

  it("does as an array under random operations, chunks of 8 KiB", () => {
    randomRun(-2);
  });
});

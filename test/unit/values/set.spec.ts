import { INPUT_WINDOW } from "../../../assembly/abi";
import { Arena, usedBytesOf } from "../../../assembly/memory/allocator";
import {
  initializeScratch, scratchMark, scratchRelease,
} from "../../../assembly/memory/scratch";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import { Encoding, KeyEntry } from "../../../assembly/values/key-entry";
import {
  announceMembers, duplicateSet, encodingFor, releaseSet, setAdd, setCount, setHas, setLimits,
  setMemory, setRemove, temporarySet, validateSet,
} from "../../../assembly/values/set";
import {
  drawMember, isMemberOf, openSetCursor, setNext,
} from "../../../assembly/values/set-cursor";
import { Random } from "../memory/heap-model";
import { startHeap } from "../structures/element";

const SEED: u32 = 20_261_125;
const MEMBER: usize = INPUT_WINDOW;

function put(text: string): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, MEMBER);
}

function start(integers: u32, packed: u32): void {
  startHeap(SEED);
  initializeScratch();
  setLimits().integers = integers;
  setLimits().packed = packed;
  setLimits().packedBytes = 20;
}

/** Numbers of every width and texts on both sides of the lengths that matter. */
function memberOf(id: u32, textFrom: u32): string {
  if (id < textFrom) {
    const number: i64 = (<i64>id - 20) << ((id % 5) * 11);
    return number.toString();
  }
  const text = "m" + id.toString();
  if (id % 31 == 7) return text + "-".repeat(127 - text.length);
  if (id % 31 == 8) return text + "-".repeat(128 - text.length);
  return id % 31 == 9 ? text + "-".repeat(15_000) : text;
}

function check(entry: KeyEntry, model: Set<string>): void {
  const broken = validateSet(entry);
  assert(broken == 0, "set: " + broken.toString());
  assert(setCount(entry) == <u32>model.size, "count");
}

/** Walks through the set and finds just the members of the model. */
function checkWalk(entry: KeyEntry, model: Set<string>): void {
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  const seen = new Set<string>();
  while (setNext(cursor)) {
    assert(isMemberOf(cursor, entry), "the member is one");
    seen.add(String.UTF8.decodeUnsafe(cursor.text, cursor.bytes));
  }
  assert(seen.size == model.size, "walk");
  const values = seen.values();
  for (let index = 0; index < values.length; index++) {
    assert(model.has(values[index]), "walk meets members");
  }
  if (model.size) {
    drawMember(cursor, <u64>seen.size * 0x9e3779b97f4a7c15);
    assert(model.has(String.UTF8.decodeUnsafe(cursor.text, cursor.bytes)), "draw");
  }
  scratchRelease(mark);
}

function run(integers: u32, packed: u32, ids: u32, textFrom: u32, last: Encoding): void {
  start(integers, packed);
  const before = usedBytesOf(Arena.DATA);
  const mark = scratchMark();
  const random = new Random(SEED + integers + packed);
  const model = new Set<string>();
  const entry = temporarySet(encodingFor(MEMBER, put(memberOf(0, textFrom)), 1));
  for (let step = 0; step < 1200; step++) {
    const member = memberOf(random.below(ids), textFrom);
    const bytes = put(member);
    assert(setHas(entry, MEMBER, bytes) == model.has(member), "has");
    if (random.below(100) < (step < 700 ? 75 : 25)) {
      assert(setAdd(entry, MEMBER, bytes) != model.has(member), "added");
      model.add(member);
    } else {
      assert(setRemove(entry, MEMBER, bytes) == model.delete(member), "removed");
    }
    check(entry, model);
    if (step % 100 == 0) checkWalk(entry, model);
    if (step == 699) assert(entry.encoding == last, "encoding");
  }
  checkCopy(entry, model);
  releaseSet(entry);
  scratchRelease(mark);
  assert(usedBytesOf(Arena.DATA) == before, "memory");
  assert(validateHeap() == 0, "heap");
}

function checkCopy(entry: KeyEntry, model: Set<string>): void {
  const copy = temporarySet(Encoding.HASHTABLE);
  releaseSet(copy);
  copy.setKind(entry.type, entry.encoding);
  copy.reference = entry.reference;
  duplicateSet(copy);
  assert(copy.reference != entry.reference, "of its own");
  check(copy, model);
  checkWalk(copy, model);
  assert(setMemory(copy, 0) > 0 && setMemory(copy, 5) > 0, "memory of the copy");
  releaseSet(copy);
}

describe("set", () => {
  it("does as a plain set while its members are integers", () => {
    run(512, 128, 60, 60, Encoding.INTSET);
  });

  it("does as a plain set in a packed list", () => {
    run(0, 500, 37, 20, Encoding.LISTPACK);
  });

  it("does as a plain set in a table", () => {
    run(0, 0, 400, 100, Encoding.HASHTABLE);
  });

  it("does as a plain set from one encoding to the next", () => {
    run(10, 20, 200, 200, Encoding.HASHTABLE);
    run(200, 100, 90, 60, Encoding.HASHTABLE);
  });

  it("moves to a table when more members are announced than fit", () => {
    start(10, 5);
    const numbers = temporarySet(Encoding.INTSET);
    announceMembers(numbers, 10);
    expect(numbers.encoding).toBe(Encoding.INTSET);
    announceMembers(numbers, 11);
    expect(numbers.encoding).toBe(Encoding.HASHTABLE);
    const texts = temporarySet(Encoding.LISTPACK);
    announceMembers(texts, 6);
    expect(texts.encoding).toBe(Encoding.HASHTABLE);
    releaseSet(numbers);
    releaseSet(texts);
  });
});

import { INPUT_WINDOW } from "../../../assembly/abi";
import {
  Arena, allocate, usableBytes, usedBytesOf,
} from "../../../assembly/memory/allocator";
import { initializeScratch, scratchMark, scratchRelease } from "../../../assembly/memory/scratch";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  convertToTable, createHash, duplicateHash, duplicateHashBytes, fieldValueBytes, fieldValueText,
  findField, freeHash, hashCount, hashMemory, isPackedHash, nextField, openWalk, removeField,
  setPackedField, setTableField, validateHash,
} from "../../../assembly/values/hash";
import {
  Encoding, KeyEntry, Type, entryBytes, writeEntryHead,
} from "../../../assembly/values/key-entry";
import { Random } from "../memory/heap-model";
import { startHeap } from "../structures/element";

const SEED: u32 = 20_261_124;
const FIELD: usize = INPUT_WINDOW;
const VALUE: usize = INPUT_WINDOW + 0x4000;
const NUMBER: usize = INPUT_WINDOW + 0xff00;
const FIELDS: u32 = 200;

function put(address: usize, text: string): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address);
}

/** An entry with an empty packed hash. */
function newEntry(): KeyEntry {
  const entry = changetype<KeyEntry>(allocate(Arena.SERVER, entryBytes(3, false, 4)));
  writeEntryHead(entry, FIELD, put(FIELD, "key"), 0, false);
  entry.setKind(Type.HASH, Encoding.LISTPACK);
  entry.reference = createHash();
  return entry;
}

/** Names on both sides of the lengths that change their form. */
function nameOf(id: u32): string {
  if (id % 4 == 0) return id.toString();
  const text = "field " + id.toString();
  if (id % 10 == 1) return text + "-".repeat(127 - text.length);
  if (id % 10 == 3) return text + "-".repeat(128 - text.length);
  return id % 50 == 2 ? text + "-".repeat(5000) : text;
}

class Model {
  values: Map<string, string> = new Map<string, string>();
  random: Random = new Random(SEED);
  entry: KeyEntry = newEntry();

  value(): string {
    const random = this.random;
    switch (random.below(6)) {
      case 0:
        return (<i32>random.next() >> random.below(32)).toString();
      case 1:
        return "v".repeat(random.below(140));
      case 2:
        return "w".repeat(random.below(2) ? 127 : 128);
      case 3:
        return random.below(20) ? "" : "x".repeat(random.below(9000));
      default:
        return "value " + random.below(1000).toString();
    }
  }

  set(): void {
    const name = nameOf(this.random.below(FIELDS));
    const value = this.value();
    const bytes = put(FIELD, name);
    const valueBytes = put(VALUE, value);
    const isNew = isPackedHash(this.entry)
      ? setPackedField(this.entry, FIELD, bytes, VALUE, valueBytes)
      : setTableField(this.entry, FIELD, bytes, VALUE, valueBytes);
    assert(isNew == !this.values.has(name), "new");
    this.values.set(name, value);
  }

  drop(): void {
    const name = nameOf(this.random.below(FIELDS));
    const removed = removeField(this.entry, FIELD, put(FIELD, name));
    assert(removed == this.values.has(name), "removed");
    this.values.delete(name);
  }

  step(): void {
    if (this.random.below(3)) this.set();
    else this.drop();
    assert(hashCount(this.entry) == <u32>this.values.size, "count");
    const broken = this.values.size ? validateHash(this.entry) : 0;
    assert(broken == 0, "hash: " + broken.toString());
  }

  /** Looks for every field, then walks over all. */
  compare(entry: KeyEntry): void {
    for (let id: u32 = 0; id < FIELDS; id++) {
      const name = nameOf(id);
      const place = findField(entry, FIELD, put(FIELD, name));
      assert((place != 0) == this.values.has(name), "found");
      if (!place) continue;
      const bytes = fieldValueBytes(entry, place);
      const text = String.UTF8.decodeUnsafe(fieldValueText(entry, place, NUMBER), bytes);
      assert(text == this.values.get(name), "value");
    }
    const mark = scratchMark();
    const walk = openWalk(entry);
    let fields = 0;
    while (nextField(walk)) {
      const name = String.UTF8.decodeUnsafe(walk.field, walk.fieldBytes);
      const value = String.UTF8.decodeUnsafe(walk.value, walk.valueBytes);
      assert(this.values.get(name) == value, "walk");
      fields += 1;
    }
    scratchRelease(mark);
    assert(fields == this.values.size, "walks over each once");
  }

  run(steps: i32): void {
    for (let step = 0; step < steps; step++) this.step();
    this.compare(this.entry);
  }
}

function start(): void {
  startHeap(SEED);
  initializeScratch();
}

describe("a hash", () => {
  beforeEach(start);
  afterEach(() => {
    expect(validateHeap()).toBe(0);
  });

  it("is as a plain map, packed and in a table", () => {
    const model = new Model();
    model.run(1500);
    convertToTable(model.entry);
    expect(isPackedHash(model.entry)).toBe(false);
    expect(validateHash(model.entry)).toBe(0);
    model.compare(model.entry);
    model.run(3000);
  });

  it("is copied in either encoding", () => {
    const model = new Model();
    for (let encoding = 0; encoding < 2; encoding++) {
      model.run(500);
      const copy = newEntry();
      freeHash(copy);
      copy.setKind(Type.HASH, model.entry.encoding);
      const needed = duplicateHashBytes(model.entry);
      const before = usedBytesOf(Arena.DATA);
      copy.reference = duplicateHash(model.entry);
      expect(usedBytesOf(Arena.DATA) - before).toBeLessThan(needed * 1.35 + 4096);
      expect(validateHash(copy)).toBe(0);
      model.compare(copy);
      freeHash(copy);
      if (!encoding) convertToTable(model.entry);
    }
  });

  it("knows its memory and gives all of it back", () => {
    const model = new Model();
    for (let encoding = 0; encoding < 2; encoding++) {
      model.run(500);
      expect(hashMemory(model.entry, 0)).toBe(usedBytesOf(Arena.DATA));
      expect(hashMemory(model.entry, 5)).toBeGreaterThan(0);
      if (!encoding) convertToTable(model.entry);
    }
    freeHash(model.entry);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
  });

  it("replaces a value where it lies when it fits", () => {
    const entry = newEntry();
    convertToTable(entry);
    const bytes = put(FIELD, "field");
    setTableField(entry, FIELD, bytes, VALUE, put(VALUE, "0123456789"));
    const place = findField(entry, FIELD, bytes);
    const usable = usableBytes(place);
    setTableField(entry, FIELD, bytes, VALUE, put(VALUE, "9876543210"));
    expect(findField(entry, FIELD, bytes)).toBe(place);
    setTableField(entry, FIELD, bytes, VALUE, put(VALUE, "a".repeat(usable)));
    expect(findField(entry, FIELD, bytes)).not.toBe(place);
    setTableField(entry, FIELD, bytes, VALUE, 0);
    expect(fieldValueBytes(entry, findField(entry, FIELD, bytes))).toBe(0);
    expect(validateHash(entry)).toBe(0);
  });
});

import { INPUT_WINDOW } from "../../../assembly/abi";
import { Arena, allocate, usedBytesOf } from "../../../assembly/memory/allocator";
import { initializeScratch, scratchMark, scratchRelease } from "../../../assembly/memory/scratch";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import {
  convertToTable, createHash, duplicateHash, findField, freeHash, hashCount, hashMemory,
  isPackedHash, nextField, openWalk, removeField, setPackedField, setTableField, validateHash,
} from "../../../assembly/values/hash";
import {
  FIELD_TIME_MAXIMUM, NEVER, clearFieldExpiry, earliestTime, fieldExpiryMs, setFieldExpiry,
} from "../../../assembly/values/hash-times";
import {
  Encoding, KeyEntry, Type, entryBytes, writeEntryHead,
} from "../../../assembly/values/key-entry";
import { Random } from "../memory/heap-model";
import { startHeap } from "../structures/element";

const SEED: u32 = 20_261_125;
const FIELD: usize = INPUT_WINDOW;
const VALUE: usize = INPUT_WINDOW + 0x4000;
const FIELDS: u32 = 120;

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

function nameOf(id: u32): string {
  if (id % 4 == 0) return id.toString();
  const text = "field " + id.toString();
  return id % 10 == 1 ? text + "-".repeat(128 - text.length) : text;
}

/** Fields with values and times (0: none) beside an entry. */
class Model {
  values: Map<string, string> = new Map<string, string>();
  times: Map<string, i64> = new Map<string, i64>();
  random: Random = new Random(SEED);
  entry: KeyEntry = newEntry();

  time(): i64 {
    const random = this.random;
    if (!random.below(20)) return FIELD_TIME_MAXIMUM - random.below(3);
    return random.below(9) ? 1_700_000_000_000 + <i64>random.below(5000) : 1 + random.below(300);
  }

  set(name: string): void {
    const value = "v".repeat(this.random.below(60));
    const bytes = put(FIELD, name);
    const valueBytes = put(VALUE, value);
    const isNew = isPackedHash(this.entry)
      ? setPackedField(this.entry, FIELD, bytes, VALUE, valueBytes)
      : setTableField(this.entry, FIELD, bytes, VALUE, valueBytes);
    assert(isNew == !this.values.has(name), "new");
    this.values.set(name, value);
    if (isNew) this.times.set(name, 0);
  }

  step(): void {
    const name = nameOf(this.random.below(FIELDS));
    const has = this.values.has(name);
    const bytes = put(FIELD, name);
    switch (this.random.below(7)) {
      case 0:
      case 1:
        this.set(name);
        break;
      case 2:
        assert(removeField(this.entry, FIELD, bytes) == has, "removed");
        this.values.delete(name);
        this.times.delete(name);
        break;
      case 3:
        const had = has && this.times.get(name) != 0;
        assert(clearFieldExpiry(this.entry, FIELD, bytes) == had, "cleared");
        if (has) this.times.set(name, 0);
        break;
      default:
        if (!this.values.size) return;
        const time = this.time();
        assert(setFieldExpiry(this.entry, FIELD, bytes, time) == has, "set");
        if (has) this.times.set(name, time);
    }
    this.check();
  }

  check(): void {
    assert(hashCount(this.entry) == <u32>this.values.size, "count");
    const broken = this.values.size ? validateHash(this.entry) : 0;
    assert(broken == 0, "hash: " + broken.toString());
    if (!this.entry.hasFieldTimes) return;
    let least = NEVER;
    const times = this.times.values();
    for (let n = 0; n < times.length; n++) if (times[n]) least = min(least, times[n]);
    assert(earliestTime(this.entry) == least, "earliest");
  }

  /** Looks for every field, then walks over all. */
  compare(entry: KeyEntry): void {
    for (let id: u32 = 0; id < FIELDS; id++) {
      const name = nameOf(id);
      const place = findField(entry, FIELD, put(FIELD, name));
      assert((place != 0) == this.values.has(name), "found");
      if (place) assert(fieldExpiryMs(entry, place) == this.times.get(name), "time");
    }
    const mark = scratchMark();
    const walk = openWalk(entry);
    let fields = 0;
    while (nextField(walk)) {
      const name = String.UTF8.decodeUnsafe(walk.field, walk.fieldBytes);
      const value = String.UTF8.decodeUnsafe(walk.value, walk.valueBytes);
      assert(this.values.get(name) == value, "value in a walk");
      assert(this.times.get(name) == walk.expiryMs, "time in a walk");
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

/** A copy of the model's hash, for another entry. */
function copyOf(model: Model): KeyEntry {
  const copy = newEntry();
  freeHash(copy);
  copy.setKind(Type.HASH, model.entry.encoding);
  copy.reference = duplicateHash(model.entry);
  return copy;
}

describe("a hash with times of its fields", () => {
  beforeEach(start);
  afterEach(() => {
    expect(validateHeap()).toBe(0);
  });

  it("is as a plain map, packed and in a table", () => {
    trace("seed", 1, SEED as f64);
    const model = new Model();
    model.run(1500);
    expect(model.entry.encoding == Encoding.LISTPACK_TIMES).toBe(true);
    convertToTable(model.entry);
    expect(model.entry.encoding == Encoding.HASHTABLE_TIMES).toBe(true);
    model.compare(model.entry);
    model.run(2500);
  });

  it("is copied with them, and gives all memory back", () => {
    const model = new Model();
    for (let encoding = 0; encoding < 2; encoding++) {
      model.run(400);
      expect(hashMemory(model.entry, 0)).toBe(usedBytesOf(Arena.DATA));
      const copy = copyOf(model);
      expect(validateHash(copy)).toBe(0);
      model.compare(copy);
      freeHash(copy);
      if (!encoding) convertToTable(model.entry);
    }
    freeHash(model.entry);
    expect(usedBytesOf(Arena.DATA)).toBe(0);
  });

  it("comes to a table that had none", () => {
    const entry = newEntry();
    convertToTable(entry);
    const bytes = put(FIELD, "field");
    setTableField(entry, FIELD, bytes, VALUE, put(VALUE, "value"));
    expect(clearFieldExpiry(entry, FIELD, bytes)).toBe(false);
    expect(setFieldExpiry(entry, FIELD, bytes, 5)).toBe(true);
    expect(entry.encoding == Encoding.HASHTABLE_TIMES).toBe(true);
    expect(fieldExpiryMs(entry, findField(entry, FIELD, bytes)) == 5).toBe(true);
    expect(setFieldExpiry(entry, FIELD, put(FIELD, "other"), 5)).toBe(false);
    expect(validateHash(entry)).toBe(0);
  });
});

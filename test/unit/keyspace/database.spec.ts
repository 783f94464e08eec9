import { EXCHANGE, Exchange, INPUT_WINDOW } from "../../../assembly/abi";
import { initializeAccess } from "../../../assembly/keyspace/access";
import { duplicateKey, transferKey } from "../../../assembly/keyspace/copy";
import {
  deleteKey, lookupQuiet, lookupRead, lookupUntouched, lookupWrite, peek, randomKey, removeExpiry,
  removeFound, setExpiry,
} from "../../../assembly/keyspace/database";
import { setEffectsOn } from "../../../assembly/keyspace/effects";
import { expireCycle } from "../../../assembly/keyspace/expiry";
import { collectGarbage, hasGarbage } from "../../../assembly/keyspace/garbage";
import {
  Database, databaseAt, databaseCount, flushDatabase, initializeKeyspace, settleTables,
  swapDatabases, validateKeyspace,
} from "../../../assembly/keyspace/keyspace";
import { initializeStatistics, statistics } from "../../../assembly/keyspace/statistics";
import { openString, setString } from "../../../assembly/keyspace/strings";
import { Arena, usedBytesOf } from "../../../assembly/memory/allocator";
import { nowMs, setNowMs, setReplaying } from "../../../assembly/memory/root";
import { initializeScratch } from "../../../assembly/memory/scratch";
import { validateHeap } from "../../../assembly/memory/validate-heap";
import { initializeSinks } from "../../../assembly/protocol/sink";
import { Encoding, KeyEntry, Type } from "../../../assembly/values/key-entry";
import { stringAddress, stringBytes } from "../../../assembly/values/string";
import { Random } from "../memory/heap-model";
import { startHeap } from "../structures/element";

const SEED: u32 = 90_210;
const NAMES: u32 = 60;
const DATABASES: u32 = 2;
const NAME: usize = INPUT_WINDOW;
const OTHER: usize = INPUT_WINDOW + 0x4000;
const VALUE: usize = INPUT_WINDOW + 0x8000;
const NUMBER: usize = INPUT_WINDOW + 0xff00;
const START_MS: i64 = 1_700_000_000_000;

function start(): void {
  startHeap(SEED);
  initializeScratch();
  initializeSinks();
  initializeStatistics();
  initializeAccess();
  setEffectsOn(false);
  setReplaying(false);
  setNowMs(START_MS);
  initializeKeyspace(DATABASES);
}

/** Writes text as bytes; returns how many. */
function put(address: usize, text: string): u32 {
  return <u32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address);
}

/** Names of all lengths that a length field must hold. */
function nameOf(id: u32): string {
  const text = "key:" + id.toString();
  if (id % 10 == 0) return text + "-".repeat(127 - text.length);
  if (id % 10 == 1) return text + "-".repeat(128 - text.length);
  if (id % 20 == 2) return text + "-".repeat(1000);
  return text;
}

function textOf(entry: KeyEntry): string {
  const bytes = stringBytes(entry, NUMBER);
  return String.UTF8.decodeUnsafe(stringAddress(entry, NUMBER), bytes);
}

function check(): void {
  const broken = validateKeyspace();
  assert(broken == 0, "key space: " + broken.toString());
}

/** What each name of each database should hold; "?" = no key, 0 = no expiry. */
class Model {
  values: string[] = [];
  expiries: i64[] = [];
  random: Random;

  constructor(seed: u32) {
    this.random = new Random(seed);
    for (let place: u32 = 0; place < NAMES * DATABASES; place++) {
      this.values.push("?");
      this.expiries.push(0);
    }
  }

  has(place: u32): bool {
    return this.values[place] != "?";
  }

  forget(place: u32): void {
    this.values[place] = "?";
    this.expiries[place] = 0;
  }

  value(): string {
    const random = this.random;
    const kind = random.below(5);
    if (kind == 0) return random.below(100_000).toString();
    if (kind == 1) return "-" + (random.below(9) + 1).toString();
    if (kind == 2) return "x".repeat(random.below(300));
    if (kind == 3) return "y".repeat(random.below(10_000));
    return "v" + random.below(1000).toString();
  }

  set(place: u32, keep: bool): void {
    const database = databaseAt(place / NAMES);
    const value = this.value();
    const bytes = put(NAME, nameOf(place % NAMES));
    const valueBytes = put(VALUE, value);
    lookupWrite(database, NAME, bytes);
    setString(database, NAME, bytes, VALUE, valueBytes, keep);
    if (!keep) this.expiries[place] = 0;
    this.values[place] = value;
  }

  grow(place: u32): void {
    const bytes = put(NAME, nameOf(place % NAMES));
    const database = databaseAt(place / NAMES);
    const entry = lookupWrite(database, NAME, bytes);
    if (!entry) return;
    const before = this.values[place].length;
    const added = this.random.below(40);
    const at = openString(database, entry, before + added);
    memory.fill(at + before, 0x7a, added);
    this.values[place] += "z".repeat(added);
  }

  expire(place: u32): void {
    const bytes = put(NAME, nameOf(place % NAMES));
    const database = databaseAt(place / NAMES);
    const entry = lookupWrite(database, NAME, bytes);
    if (!entry) return;
    const whenMs = nowMs() + 1 + this.random.below(3000);
    setExpiry(database, entry, whenMs);
    this.expiries[place] = whenMs;
  }

  persist(place: u32): void {
    const bytes = put(NAME, nameOf(place % NAMES));
    const database = databaseAt(place / NAMES);
    const entry = lookupWrite(database, NAME, bytes);
    if (entry) removeExpiry(database, entry);
    this.expiries[place] = 0;
  }

  drop(place: u32): void {
    const bytes = put(NAME, nameOf(place % NAMES));
    assert(deleteKey(databaseAt(place / NAMES), NAME, bytes) == this.has(place), "delete");
    this.forget(place);
  }

  /** RENAME or MOVE, COPY REPLACE. */
  transfer(from: u32, to: u32, isCopy: bool): void {
    if (from == to || !this.has(from)) return;
    const source = databaseAt(from / NAMES);
    const target = databaseAt(to / NAMES);
    const bytes = put(NAME, nameOf(from % NAMES));
    const otherBytes = put(OTHER, nameOf(to % NAMES));
    if (isCopy) {
      const entry = lookupRead(source, NAME, bytes)!;
      if (lookupWrite(target, OTHER, otherBytes)) removeFound(target);
      duplicateKey(entry, target, OTHER, otherBytes);
    } else {
      transferKey(source, NAME, bytes, target, OTHER, otherBytes);
    }
    this.values[to] = this.values[from];
    this.expiries[to] = this.expiries[from];
    if (!isCopy) this.forget(from);
  }

  step(): void {
    const random = this.random;
    const place = random.below(NAMES * DATABASES);
    const choice = random.below(100);
    if (choice < 30) this.set(place, false);
    else if (choice < 40) this.set(place, true);
    else if (choice < 50) this.grow(place);
    else if (choice < 62) this.expire(place);
    else if (choice < 68) this.persist(place);
    else if (choice < 80) this.drop(place);
    else if (choice < 90) this.transfer(place, random.below(NAMES * DATABASES), false);
    else this.transfer(place, random.below(NAMES * DATABASES), true);
  }

  /** Time goes on; what has ended is no longer expected. */
  pass(ms: i64): void {
    setNowMs(nowMs() + ms);
    for (let place: u32 = 0; place < NAMES * DATABASES; place++) {
      if (this.expiries[place] && this.expiries[place] <= nowMs()) this.forget(place);
    }
  }

  compare(): void {
    for (let place: u32 = 0; place < NAMES * DATABASES; place++) {
      const bytes = put(NAME, nameOf(place % NAMES));
      const entry = lookupQuiet(databaseAt(place / NAMES), NAME, bytes);
      assert((entry != null) == this.has(place), "exists");
      if (!entry) continue;
      assert(textOf(entry) == this.values[place], "value");
      const expiryMs = this.expiries[place];
      assert(entry.expiryMs == (expiryMs ? expiryMs : -1), "expiry");
    }
  }
}

describe("database", () => {
  beforeEach(start);

  it("does as a plain model under random operations", () => {
    trace("seed", 1, SEED as f64);
    const used = usedBytesOf(Arena.DATA);
    const model = new Model(SEED);
    for (let step = 0; step < 3000; step++) {
      model.step();
      check();
      if (model.random.below(20) == 0) model.pass(model.random.below(400));
      if (step % 50 == 0) {
        model.compare();
        assert(validateHeap() == 0, "heap");
      }
    }
    model.compare();
    model.pass(10_000);
    while (expireCycle(1000, 10)) continue;
    model.compare();
    for (let index: u32 = 0; index < DATABASES; index++) flushDatabase(databaseAt(index));
    while (hasGarbage()) collectGarbage(3);
    expect(usedBytesOf(Arena.DATA)).toBe(used);
    expect(validateHeap()).toBe(0);
    check();
  });

  it("keeps type, encoding and name of an entry", () => {
    const database = databaseAt(0);
    for (let id: u32 = 0; id < NAMES; id++) {
      const bytes = put(NAME, nameOf(id));
      lookupWrite(database, NAME, bytes);
      const entry = setString(database, NAME, bytes, VALUE, put(VALUE, "12"), false);
      expect(entry.type).toBe(Type.STRING);
      expect(entry.encoding).toBe(Encoding.INTEGER);
      expect(entry.keyBytes).toBe(bytes);
      assert(memory.compare(entry.keyAddress, NAME, bytes) == 0, "name");
      assert(peek(database, NAME, bytes) == entry, "peek");
    }
    expect(database.table.count).toBe(NAMES);
  });

  it("counts hits and misses only for readers, and expired keys once", () => {
    const database = databaseAt(0);
    const bytes = put(NAME, "a");
    expect(lookupRead(database, NAME, bytes) == null).toBe(true);
    lookupWrite(database, NAME, bytes);
    const entry = setString(database, NAME, bytes, VALUE, put(VALUE, "1"), false);
    lookupRead(database, NAME, bytes);
    lookupUntouched(database, NAME, bytes);
    lookupQuiet(database, NAME, bytes);
    expect(statistics().keyspaceHits).toBe(2);
    expect(statistics().keyspaceMisses).toBe(1);
    setExpiry(database, entry, nowMs() + 5);
    setNowMs(nowMs() + 4);
    expect(lookupRead(database, NAME, bytes) != null).toBe(true);
    setNowMs(nowMs() + 1);
    expect(lookupRead(database, NAME, bytes) == null).toBe(true);
    expect(lookupRead(database, NAME, bytes) == null).toBe(true);
    expect(statistics().expiredKeys).toBe(1);
    check();
  });

  it("never expires in a replay", () => {
    const database = databaseAt(0);
    const bytes = put(NAME, "a");
    lookupWrite(database, NAME, bytes);
    const entry = setString(database, NAME, bytes, VALUE, put(VALUE, "1"), false);
    setReplaying(true);
    setExpiry(database, entry, 5);
    expect(lookupRead(database, NAME, bytes) != null).toBe(true);
    expect(expireCycle(1000, 1)).toBe(false);
    expect(database.table.count).toBe(1);
    setReplaying(false);
    expect(randomKey(database) == null).toBe(true);
    expect(database.table.count).toBe(0);
  });

  it("swaps databases and knows their numbers", () => {
    const bytes = put(NAME, "a");
    const first = databaseAt(0);
    lookupWrite(first, NAME, bytes);
    setExpiry(
      first, setString(first, NAME, bytes, VALUE, put(VALUE, "1"), false), nowMs() + 1000,
    );
    swapDatabases(0, 1);
    expect(lookupQuiet(databaseAt(0), NAME, bytes) == null).toBe(true);
    expect(lookupQuiet(databaseAt(1), NAME, bytes) != null).toBe(true);
    check();
    expect(databaseCount()).toBe(DATABASES);
  });

  it("frees a flushed database in steps and is usable meanwhile", () => {
    const database = databaseAt(0);
    for (let id: u32 = 0; id < 2000; id++) {
      const bytes = put(NAME, "k" + id.toString());
      lookupWrite(database, NAME, bytes);
      setString(database, NAME, bytes, VALUE, put(VALUE, "value"), false);
    }
    expect(flushDatabase(database)).toBe(2000);
    expect(database.table.count).toBe(0);
    const used = usedBytesOf(Arena.DATA);
    expect(collectGarbage(10)).toBe(0);
    expect(usedBytesOf(Arena.DATA)).toBeLessThan(used);
    expect(hasGarbage()).toBe(true);
    const model = new Model(SEED);
    for (let step = 0; step < 50; step++) model.step();
    model.compare();
    flushDatabase(database);
    let rounds = 0;
    while (hasGarbage()) {
      collectGarbage(10);
      rounds += 1;
    }
    expect(rounds).toBeGreaterThan(20);
    expect(collectGarbage(10)).toBe(10);
    check();
  });

  it("settles its tables after a snapshot", () => {
    const database = databaseAt(0);
    store<u32>(EXCHANGE, 1, Exchange.MARKING);
    for (let id: u32 = 0; id < 1000; id++) {
      const bytes = put(NAME, "k" + id.toString());
      lookupWrite(database, NAME, bytes);
      setString(database, NAME, bytes, VALUE, put(VALUE, "value"), false);
    }
    const buckets = database.table.buckets;
    store<u32>(EXCHANGE, 0, Exchange.MARKING);
    expect(settleTables(20)).toBe(0);
    expect(database.table.buckets).toBe(buckets + 20);
    expect(settleTables(1000)).toBeGreaterThan(0);
    expect(database.table.buckets).toBe(134);
    check();
  });
});

/**
 * The key space: the databases, their records in DATA, and what concerns all of them.
 *
 *   keyspace root (DATA)                       database record (64 bytes)
 *   +0   u32  databases                        +0   HashTable        keys
 *   +4   u32  address of their records         +20  ReferenceVector  keys that expire
 *   +8   f64  position in the effects stream   +32  u32  cursor of the active expiry
 *   +16  u32  keys waiting to be freed: first  +36  u32  number of the database
 *   +20  u32  database that effects selected   +40  f64  mean time to live seen by expiry, ms
 *
 * A flushed database gives its table to a chain of records that the tick frees in steps: FLUSHALL
 * frees at once only the expiry index, one block for every 1,024 keys that expire.
 */

import { Arena, allocate, release } from "../memory/allocator";
import { KEYSPACE_ROOT } from "../memory/root";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, freeLastBucket, initializeTable, nextInChain,
  occupiedSlots, referenceAt, settleTable, validateTable,
} from "../structures/hash-table";
import {
  ReferenceVector, freeVector, initializeVector, validateVector, vectorAt,
} from "../structures/reference-vector";
import { releaseEntry } from "../values/free";
import { statistics } from "./statistics";
import { KeyEntry } from "../values/key-entry";
import { validateValue } from "../values/validate";

const DATABASE_BYTES: u32 = 64;
const NONE: u32 = 0xffffffff;

@unmanaged
class KeyspaceRoot {
  databases: u32;
  records: u32;
  position: f64;
  garbage: u32;
  effectsDatabase: u32;
}

@unmanaged
export class Database {
  // @ts-ignore: decorator
  @inline
  get table(): HashTable {
    return changetype<HashTable>(changetype<usize>(this));
  }

  // @ts-ignore: decorator
  @inline
  get expiring(): ReferenceVector {
    return changetype<ReferenceVector>(changetype<usize>(this) + HASH_TABLE_BYTES);
  }

  /** Where the active expiry goes on in `expiring`. */
  get expiryCursor(): u32 {
    return load<u32>(changetype<usize>(this) + 32);
  }

  set expiryCursor(cursor: u32) {
    store<u32>(changetype<usize>(this) + 32, cursor);
  }

  get number(): u32 {
    return load<u32>(changetype<usize>(this) + 36);
  }

  set number(value: u32) {
    store<u32>(changetype<usize>(this) + 36, value);
  }

  /** Running mean of the times to live that the active expiry saw, milliseconds. */
  get meanTtlMs(): f64 {
    return load<f64>(changetype<usize>(this) + 40);
  }

  set meanTtlMs(value: f64) {
    store<f64>(changetype<usize>(this) + 40, value);
  }
}

/** Head of a dismantled database: its table, then the next record at +24. */
const GARBAGE_NEXT: usize = 24;
const GARBAGE_BYTES: u32 = 28;

// @ts-ignore: decorator
@inline
function root(): KeyspaceRoot {
  return changetype<KeyspaceRoot>(KEYSPACE_ROOT);
}

/** Makes `databases` empty databases. */
export function initializeKeyspace(databases: u32): void {
  root().databases = databases;
  root().records = <u32>allocate(Arena.DATA, databases * DATABASE_BYTES);
  root().position = 0;
  root().garbage = 0;
  root().effectsDatabase = NONE;
  for (let index: u32 = 0; index < databases; index++) {
    const database = databaseAt(index);
    initializeDatabase(database);
    database.number = index;
  }
}

function initializeDatabase(database: Database): void {
  initializeTable(database.table);
  initializeVector(database.expiring);
  database.expiryCursor = 0;
  database.meanTtlMs = 0;
}

export function databaseCount(): u32 {
  return root().databases;
}

// @ts-ignore: decorator
@inline
export function databaseAt(index: u32): Database {
  return changetype<Database>(<usize>root().records + index * DATABASE_BYTES);
}

/** Bytes of the effects stream so far. */
export function position(): f64 {
  return root().position;
}

export function setPosition(value: f64): void {
  root().position = value;
}

/** The database that the stream of effects has selected; 0xFFFFFFFF when none yet. */
export function effectsDatabase(): u32 {
  return root().effectsDatabase;
}

export function setEffectsDatabase(index: u32): void {
  root().effectsDatabase = index;
}

/** The next effect names its database again: a new log segment starts. */
export function forgetEffectsDatabase(): void {
  root().effectsDatabase = NONE;
}

/** Empties a database; returns how many keys it had. The memory follows in the ticks. */
export function flushDatabase(database: Database): u32 {
  const keys = database.table.count;
  freeVector(database.expiring);
  if (keys) {
    const record = allocate(Arena.DATA, GARBAGE_BYTES);
    memory.copy(record, changetype<usize>(database.table), HASH_TABLE_BYTES);
    store<u32>(record, root().garbage, GARBAGE_NEXT);
    root().garbage = <u32>record;
  }
  initializeDatabase(database);
  return keys;
}

/** Exchanges the contents of two databases. */
export function swapDatabases(first: u32, second: u32): void {
  const a = databaseAt(first);
  const b = databaseAt(second);
  for (let offset: usize = 0; offset < DATABASE_BYTES; offset += 8) {
    const word = load<u64>(changetype<usize>(a) + offset);
    store<u64>(changetype<usize>(a) + offset, load<u64>(changetype<usize>(b) + offset));
    store<u64>(changetype<usize>(b) + offset, word);
  }
  a.number = first;
  b.number = second;
}

/** Whether something flushed still waits to be freed. */
export function hasGarbage(): bool {
  return root().garbage != 0;
}

/** Keys that were flushed and wait to be freed. */
export function garbageKeys(): u32 {
  let keys: u32 = 0;
  for (let record: usize = root().garbage; record; record = load<u32>(record, GARBAGE_NEXT)) {
    keys += changetype<HashTable>(record).count;
  }
  return keys;
}

/** Frees flushed keys, one chain of buckets a step; returns the steps that are left. */
export function collectGarbage(steps: i32): i32 {
  let left = steps;
  while (left > 0 && root().garbage) {
    const record: usize = root().garbage;
    const table = changetype<HashTable>(record);
    while (left > 0 && table.buckets) {
      for (let b = bucketAt(table, table.buckets - 1); b; b = nextInChain(b)) {
        const elements = occupiedSlots(b);
        for (let slot = 0; slot < elements; slot++) {
          releaseEntry(changetype<KeyEntry>(referenceAt(b, slot)));
        }
        table.count -= elements;
        statistics().lazyFreedObjects += <f64>elements;
      }
      freeLastBucket(table);
      left -= 1;
    }
    if (table.buckets) break;
    root().garbage = load<u32>(record, GARBAGE_NEXT);
    release(record);
  }
  return left;
}

/** Catches up with the resizing of every table; returns the steps that are left. */
export function settleTables(steps: i32): i32 {
  let left = steps;
  for (let index: u32 = 0; index < root().databases && left > 0; index++) {
    left = settleTable<KeyEntry>(databaseAt(index).table, left);
  }
  return left;
}

/** How many keys of a database expire, by looking at each. */
function countExpiring(database: Database): u32 {
  const table = database.table;
  let count: u32 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) {
        count += u32(changetype<KeyEntry>(referenceAt(b, slot)).expires);
      }
    }
  }
  return count;
}

/** 0, or the broken invariant of a value. */
function validateValues(table: HashTable): i32 {
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) {
        const broken = validateValue(changetype<KeyEntry>(referenceAt(b, slot)));
        if (broken) return broken;
      }
    }
  }
  return 0;
}

/**
 * 0, or 100 + the broken invariant of a table, 200 + of an expiry index, 300: a wrong place in it,
 * 301: a wrong number, 302: a key that expires and is not in the index; from 1000 on: a value.
 */
export function validateKeyspace(): i32 {
  for (let index: u32 = 0; index < root().databases; index++) {
    const database = databaseAt(index);
    const table = validateTable<KeyEntry>(database.table);
    if (table) return 100 + table;
    const vector = validateVector(database.expiring);
    if (vector) return 200 + vector;
    for (let place: u32 = 0; place < database.expiring.count; place++) {
      const entry = changetype<KeyEntry>(vectorAt(database.expiring, place));
      if (!entry.expires || entry.expiryPlace != place) return 300;
    }
    if (database.number != index) return 301;
    if (countExpiring(database) != database.expiring.count) return 302;
    const value = validateValues(database.table);
    if (value) return value;
  }
  return 0;
}

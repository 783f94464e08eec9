/**
 * The key space: the databases, their records in DATA, and what concerns all of them.
 *
 *   keyspace root (DATA)                       database record (64 bytes)
 *   +0   u32  databases                        +0   HashTable        keys
 *   +4   u32  address of their records         +20  ReferenceVector  keys that expire
 *   +8   f64  position in the effects stream   +32  u32  cursor of the active expiry
 *   +16  u32 x 2  garbage (garbage.ts)         +36  u32  number of the database
 *   +24  u32  database that effects selected   +40  f64  mean time to live seen by expiry, ms
 *   +32  TablesBehind (memory/root.ts)         +48  ReferenceVector  hashes with expiring fields
 */

import { Arena, allocate } from "../memory/allocator";
import { KEYSPACE_ROOT, tablesBehind } from "../memory/root";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, initializeTable, nextInChain, occupiedSlots, referenceAt,
  settleTable, validateTable,
} from "../structures/hash-table";
import {
  ReferenceVector, initializeVector, validateVector, vectorAt,
} from "../structures/reference-vector";
import { NO_PLACE, fieldTimes } from "../values/hash-times";
import { KeyEntry } from "../values/key-entry";
import { validateValue } from "../values/validate";
import { validateFieldIndex } from "./field-expiry";
import { discardKeys, initializeGarbage } from "./garbage";

const DATABASE_BYTES: u32 = 64;
const NONE: u32 = 0xffffffff;

@unmanaged
class KeyspaceRoot {
  databases: u32;
  records: u32;
  position: f64;
  /** Two words of garbage.ts. */
  garbage: u32;
  pending: u32;
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

  /** Heap of the hashes in which a field expires: field-expiry.ts. */
  // @ts-ignore: decorator
  @inline
  get fieldsDue(): ReferenceVector {
    return changetype<ReferenceVector>(changetype<usize>(this) + 48);
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
  initializeGarbage();
  tablesBehind().isBehind = 0;
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
  initializeVector(database.fieldsDue);
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
  if (database.table.buckets) discardKeys(database.table, database.expiring, database.fieldsDue);
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

/** Catches up with the resizing of every table; returns the steps that are left. */
export function settleTables(steps: i32): i32 {
  let left = steps;
  for (let index: u32 = 0; index < root().databases && left > 0; index++) {
    left = settleTable<KeyEntry>(databaseAt(index).table, left);
  }
  return left;
}

/**
 * How many keys of a database are in an index, by looking at each: those that expire, or the hashes
 * with `fields` that do.
 */
function countExpiring(database: Database, fields: bool): u32 {
  const table = database.table;
  let count: u32 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) {
        const entry = changetype<KeyEntry>(referenceAt(b, slot));
        const isIn = fields
          ? entry.hasFieldTimes && fieldTimes(entry).duePlace != NO_PLACE
          : entry.expires;
        count += u32(isIn);
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
 * 301: a wrong number, 302: a key that expires and is not in the index, 303: a hash whose fields
 * do, from 310 on: the index of those hashes; from 1000 on: a value.
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
    if (countExpiring(database, false) != database.expiring.count) return 302;
    const fields = validateFieldIndex(database.fieldsDue);
    if (fields) return fields;
    if (countExpiring(database, true) != database.fieldsDue.count) return 303;
    const value = validateValues(database.table);
    if (value) return value;
  }
  return 0;
}

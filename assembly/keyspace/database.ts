/**
 * Finding, adding, changing and removing keys of one database; expiry on access.
 *
 * Everything that gives an entry a new address or removes one happens here, because an entry is
 * referred to from three places: its slot in the hash table, its place in the expiry index, and the
 * record of a hash whose fields expire.
 *
 * A write command looks up once: `lookupWrite` leaves hash and slot in the Lookup record, and the
 * functions that follow (`addKey`, `reshape`, `removeFound`) use them. The record holds until the
 * next lookup or change in any database.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, usableBytes } from "../memory/allocator";
import { copyBytes } from "../memory/copy";
import {
  hashBytes, isExpiryHeld, isReplaying, nextObservation, nowMs,
} from "../memory/root";
import { find, insert, randomReference, remove } from "../structures/hash-table";
import { push, removeAt, setVectorAt } from "../structures/reference-vector";
import {
  Encoding, KeyEntry, Type, entryBytes, valueFieldBytes, writeEntryHead,
} from "../values/key-entry";
import { freshAccess, touchAccess } from "./access";
import { fieldTimes } from "../values/hash-times";
import { keyChanged } from "./changes";
import { effectDelete } from "./effects";
import { EventClass, notifyIn } from "./events";
import { expireFields, hasDueFields, leaveFieldIndex, settleFieldTimes } from "./field-expiry";
import { discardEntry } from "./garbage";
import { Database } from "./keyspace";
import { keyHash } from "./lookahead";
import { statistics } from "./statistics";
import { markKey, waitedKeys } from "./waiting-keys";

@unmanaged
export class Lookup {
  /** Hash of the key that was looked for. */
  hash: u64;
  /** Slot that refers to its entry, 0 when it was not found. */
  slot: u32;
}

// @ts-ignore: decorator
@inline
export function lookup(): Lookup {
  return changetype<Lookup>(SERVER_ROOT + 0xc40);
}

/** True when the key's time has come (and this is not a replay, where only DEL removes). */
// @ts-ignore: decorator
@inline
export function isExpired(entry: KeyEntry): bool {
  return entry.expires && entry.expiryMs <= nowMs() && !isReplaying();
}

function seek(database: Database, key: usize, bytes: u32): KeyEntry | null {
  const hash = keyHash(key, bytes);
  const slot = find<KeyEntry>(database.table, key, bytes, hash);
  lookup().hash = hash;
  lookup().slot = <u32>slot;
  if (!slot) return null;
  const entry = changetype<KeyEntry>(<usize>load<u32>(slot));
  return entry.mayExpire && isGone(database, entry) ? null : entry;
}

/** Removes what is due of the found entry: its fields, or all of it; true when it is gone. */
function isGone(database: Database, entry: KeyEntry): bool {
  if (isExpired(entry)) {
    if (!isExpiryHeld()) expireFound(database, entry);
    return true;
  }
  if (!entry.hasFieldTimes || !hasDueFields(entry) || !expireFields(database, entry)) return false;
  removeEmptied(database, entry);
  return true;
}

/** Removes the found hash, of which the last field has expired. */
function removeEmptied(database: Database, entry: KeyEntry): void {
  notifyIn(database.number, EventClass.GENERIC, "del", entry.keyAddress, entry.keyBytes);
  removeFound(database);
}

/** The key for reading: counts a hit or a miss and moves its access clock; null when missing. */
export function lookupRead(database: Database, key: usize, bytes: u32): KeyEntry | null {
  const entry = seek(database, key, bytes);
  if (!entry) return missed(database, key, bytes);
  statistics().keyspaceHits += 1;
  touchAccess(entry);
  return entry;
}

function missed(database: Database, key: usize, bytes: u32): KeyEntry | null {
  statistics().keyspaceMisses += 1;
  notifyIn(database.number, EventClass.KEY_MISS, "keymiss", key, bytes);
  return null;
}

/** The key for writing: fills the Lookup record; null when missing. */
export function lookupWrite(database: Database, key: usize, bytes: u32): KeyEntry | null {
  const entry = seek(database, key, bytes);
  if (entry) touchAccess(entry);
  return entry;
}

/** The key for reading about it, not its value: counts a hit or a miss, leaves the access clock. */
export function lookupUntouched(database: Database, key: usize, bytes: u32): KeyEntry | null {
  const entry = seek(database, key, bytes);
  if (!entry) return missed(database, key, bytes);
  statistics().keyspaceHits += 1;
  return entry;
}

/** As `lookupUntouched`, but a miss is no event (OBJECT). */
export function lookupUnheard(database: Database, key: usize, bytes: u32): KeyEntry | null {
  const entry = seek(database, key, bytes);
  if (entry) statistics().keyspaceHits += 1;
  else statistics().keyspaceMisses += 1;
  return entry;
}

/** The key for a look that leaves no trace in clocks and counters (DEBUG). */
export function lookupQuiet(database: Database, key: usize, bytes: u32): KeyEntry | null {
  return seek(database, key, bytes);
}

/** Whether an entry with this name exists, expired or not; changes nothing. */
export function peek(database: Database, key: usize, bytes: u32): KeyEntry | null {
  const slot = find<KeyEntry>(database.table, key, bytes, hashBytes(key, bytes));
  return slot ? changetype<KeyEntry>(<usize>load<u32>(slot)) : null;
}

/**
 * Adds the key that `lookupWrite` did not find, with a value field of `valueBytes` that the caller
 * writes at `entry.value`.
 */
export function addKey(
  database: Database,
  key: usize,
  keyBytes: u32,
  type: Type,
  encoding: Encoding,
  valueBytes: u32,
): KeyEntry {
  const entry = putKey(database, key, keyBytes, type, encoding, valueBytes);
  notifyIn(database.number, EventClass.NEW, "new", key, keyBytes);
  return entry;
}

/** As `addKey`, for a key that takes the place of one just removed: it is no new one. */
export function putKey(
  database: Database,
  key: usize,
  keyBytes: u32,
  type: Type,
  encoding: Encoding,
  valueBytes: u32,
): KeyEntry {
  const address = allocate(Arena.DATA, entryBytes(keyBytes, false, valueBytes));
  const entry = changetype<KeyEntry>(address);
  writeEntryHead(entry, key, keyBytes, freshAccess(), false);
  entry.setKind(type, encoding);
  insert<KeyEntry>(database.table, address, lookup().hash);
  if (waitedKeys()) markKey(database.number, type, key, keyBytes, lookup().hash);
  return entry;
}

/** Removes an entry that was met outside a lookup. */
export function removeEntry(database: Database, entry: KeyEntry): void {
  seekEntry(database, entry);
  removeFound(database);
}

/** Makes an entry the one that the last lookup found. */
function seekEntry(database: Database, entry: KeyEntry): void {
  const hash = hashBytes(entry.keyAddress, entry.keyBytes);
  lookup().hash = hash;
  lookup().slot = <u32>find<KeyEntry>(database.table, entry.keyAddress, entry.keyBytes, hash);
}

/** Removes and frees the key that the last lookup found. */
export function removeFound(database: Database): void {
  const slot: usize = lookup().slot;
  const entry = changetype<KeyEntry>(<usize>load<u32>(slot));
  detachFound(database);
  discardEntry(entry);
}

/** Takes the key that the last lookup found out of the tables without freeing it. */
export function detachFound(database: Database): KeyEntry {
  const slot: usize = lookup().slot;
  const entry = changetype<KeyEntry>(<usize>load<u32>(slot));
  if (entry.expires) leaveExpiryIndex(database, entry);
  if (entry.hasFieldTimes) leaveFieldIndex(database, entry);
  remove(database.table, slot, lookup().hash);
  lookup().slot = 0;
  return entry;
}

function leaveExpiryIndex(database: Database, entry: KeyEntry): void {
  const place = entry.expiryPlace;
  const moved = removeAt(database.expiring, place);
  if (moved) changetype<KeyEntry>(moved).expiryPlace = place;
}

/** Removes a key by name; false when it did not exist (or had expired). */
export function deleteKey(database: Database, key: usize, bytes: u32): bool {
  if (!seek(database, key, bytes)) return false;
  removeFound(database);
  return true;
}

function expireFound(database: Database, entry: KeyEntry): void {
  statistics().expiredKeys += 1;
  effectDelete(database.number, entry.keyAddress, entry.keyBytes);
  keyChanged(database.number, entry.keyAddress, entry.keyBytes);
  notifyIn(database.number, EventClass.EXPIRED, "expired", entry.keyAddress, entry.keyBytes);
  removeFound(database);
  lookup().slot = 0;
}

/** Removes an entry whose time has come and that was met outside a lookup (active expiry). */
export function expireEntry(database: Database, entry: KeyEntry): void {
  if (isExpiryHeld()) return;
  seekEntry(database, entry);
  expireFound(database, entry);
}

/**
 * Gives the found entry a value field of `valueBytes` and the wish `expires`; returns the entry,
 * maybe at a new address. Name and access clock stay. The value field keeps its bytes only when
 * `keepValue` says so. What the old value refers to is the caller's to free. An expiry that stays
 * keeps its place; joining and leaving the expiry index is done by `setExpiry` and `removeExpiry`.
 */
export function reshape(
  entry: KeyEntry,
  expires: bool,
  valueBytes: u32,
  keepValue: bool,
): KeyEntry {
  const address = changetype<usize>(entry);
  const keyBytes = entry.keyBytes;
  const bytes = entryBytes(keyBytes, expires, valueBytes);
  const usable = usableBytes(address);
  if (entry.expires == expires && bytes <= usable && usable - bytes <= (bytes >> 1) + 8) {
    return entry;
  }
  const fresh = changetype<KeyEntry>(allocate(Arena.DATA, bytes));
  writeEntryHead(fresh, entry.keyAddress, keyBytes, entry.access, expires);
  fresh.setKind(entry.type, entry.encoding);
  if (keepValue) copyBytes(fresh.value, entry.value, min(valueBytes, valueFieldBytes(entry)));
  if (expires && entry.expires) {
    fresh.expiryMs = entry.expiryMs;
    fresh.expiryPlace = entry.expiryPlace;
  }
  return fresh;
}

/** `reshape` of the entry that the last lookup found, references and old block included. */
export function reshapeFound(
  database: Database,
  expires: bool,
  valueBytes: u32,
  keepValue: bool,
): KeyEntry {
  const slot: usize = lookup().slot;
  const entry = changetype<KeyEntry>(<usize>load<u32>(slot));
  const fresh = reshape(entry, expires, valueBytes, keepValue);
  if (fresh != entry) {
    store<u32>(slot, <u32>changetype<usize>(fresh));
    if (expires && entry.expires) {
      setVectorAt(database.expiring, fresh.expiryPlace, changetype<usize>(fresh));
    }
    release(changetype<usize>(entry));
  }
  return fresh;
}

/** Sets the expiry of the key that the last lookup found (or that `addKey` just made). */
export function setExpiry(database: Database, entry: KeyEntry, whenMs: i64): KeyEntry {
  if (entry.expires) {
    entry.expiryMs = whenMs;
    return entry;
  }
  const fresh = reshape(entry, true, valueFieldBytes(entry), true);
  replaceReference(database, entry, fresh);
  fresh.expiryMs = whenMs;
  fresh.expiryPlace = push(database.expiring, changetype<usize>(fresh));
  release(changetype<usize>(entry));
  return fresh;
}

/** Takes the expiry off an entry; returns the entry, maybe at a new address. */
export function removeExpiry(database: Database, entry: KeyEntry): KeyEntry {
  if (!entry.expires) return entry;
  leaveExpiryIndex(database, entry);
  const fresh = reshape(entry, false, valueFieldBytes(entry), true);
  replaceReference(database, entry, fresh);
  release(changetype<usize>(entry));
  return fresh;
}

/** Makes the hash table refer to `fresh` where it referred to `entry`, and the record of times. */
function replaceReference(database: Database, entry: KeyEntry, fresh: KeyEntry): void {
  if (fresh.hasFieldTimes) fieldTimes(fresh).entry = <u32>changetype<usize>(fresh);
  const slot: usize = lookup().slot;
  if (slot && load<u32>(slot) == <u32>changetype<usize>(entry)) {
    store<u32>(slot, <u32>changetype<usize>(fresh));
    return;
  }
  const key = entry.keyAddress;
  const bytes = entry.keyBytes;
  const found = find<KeyEntry>(database.table, key, bytes, hashBytes(key, bytes));
  store<u32>(found, <u32>changetype<usize>(fresh));
  lookup().slot = <u32>found;
}

/**
 * Moves the value of a detached entry under another name: a new entry with the same type, encoding,
 * value field and access clock, without expiry. The old entry is freed, what it refers to lives on.
 * The last lookup was for the new name and found nothing.
 */
export function addRenamed(
  database: Database,
  entry: KeyEntry,
  key: usize,
  keyBytes: u32,
): KeyEntry {
  const bytes = valueFieldBytes(entry);
  const fresh = addKey(database, key, keyBytes, entry.type, entry.encoding, bytes);
  copyBytes(fresh.value, entry.value, bytes);
  fresh.access = entry.access;
  release(changetype<usize>(entry));
  settleFieldTimes(database, fresh);
  return fresh;
}

/** Keys that RANDOMKEY draws while those whose time has come stay; then it answers one of them. */
const HELD_TRIES: i32 = 100;

/** A random key that has not expired, null for an empty database. Expired ones met are removed. */
export function randomKey(database: Database): KeyEntry | null {
  let tries = 0;
  while (database.table.count) {
    const address = randomReference(database.table, nextObservation());
    const entry = changetype<KeyEntry>(address);
    if (!isExpired(entry)) return entry;
    if (isExpiryHeld() && ++tries > HELD_TRIES) return entry;
    expireEntry(database, entry);
  }
  return null;
}

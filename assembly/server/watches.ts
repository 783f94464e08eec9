/**
 * WATCH: which sessions want to know, before they run their transaction, whether a key has changed.
 *
 *   watched key (SERVER block)          watch (SERVER block)
 *   +0   u32  first watch               +0   u32  watched key
 *   +4   u32  bytes of the name         +4   u32  previous, next of the key
 *   +8   u32  database                  +12  u32  next of the session
 *   +12  name                           +16  u32  1: changed since
 *                                       +20  u32  1: had expired already when it was watched
 *
 * A key is found by its name; the database that is meant stands in a word, since the same name may
 * be watched in several. A change marks the watches of that key; EXEC looks at those of its
 * session. A key that was expired but still stored when it was watched counts as missing: its
 * removal is no change (as Redis decides it).
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { hashBytes, nowMs } from "../memory/root";
import { Interest, setInterest } from "../keyspace/changes";
import { peek } from "../keyspace/database";
import { databaseAt } from "../keyspace/keyspace";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, find, initializeServerTable, insert, nextInChain,
  occupiedSlots, referenceAt, remove,
} from "../structures/hash-table";
import { KeyEntry } from "../values/key-entry";
import { Session } from "./session";

@unmanaged
class WatchedKey {
  first: u32;
  nameBytes: u32;
  database: u32;

  // @ts-ignore: decorator
  @inline
  get name(): usize {
    return changetype<usize>(this) + offsetof<WatchedKey>();
  }

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    return this.name;
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    return this.nameBytes;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    return this.nameBytes == bytes && this.database == load<u32>(LOOKED_FOR)
      && equalBytes(this.name, key, bytes);
  }
}

@unmanaged
class Watch {
  keyBlock: u32;
  previous: u32;
  next: u32;
  sessionNext: u32;
  isChanged: u32;
  wasExpired: u32;

  get key(): WatchedKey {
    return changetype<WatchedKey>(<usize>this.keyBlock);
  }
}

const TABLE: usize = SERVER_ROOT + 0x4300;
/** Sessions that watch something. */
const WATCHERS: usize = SERVER_ROOT + 0x4300 + HASH_TABLE_BYTES;
/** Database of the key that is looked for. */
const LOOKED_FOR: usize = WATCHERS + 4;
/** Memory that one watch may take besides the name, its share of the table included. */
export const WATCH_BYTES_MAXIMUM: u32 = 256;

// @ts-ignore: decorator
@inline
function table(): HashTable {
  return changetype<HashTable>(TABLE);
}

export function initializeWatches(): void {
  initializeServerTable(table());
  store<u32>(WATCHERS, 0);
}

/** Keys that are watched, and sessions that watch any. */
export function watchedKeyCount(): u32 {
  return table().count;
}

export function watcherCount(): u32 {
  return load<u32>(WATCHERS);
}

/** The slot of a key's record, 0 when nobody watches it. */
function findWatched(database: u32, key: usize, bytes: u32): usize {
  store<u32>(LOOKED_FOR, database);
  return find<WatchedKey>(table(), key, bytes, hashBytes(key, bytes));
}

// @ts-ignore: decorator
@inline
function watchedIn(slot: usize): WatchedKey {
  return changetype<WatchedKey>(<usize>load<u32>(slot));
}

// @ts-ignore: decorator
@inline
function isDue(entry: KeyEntry | null): bool {
  return entry != null && entry.expires && entry.expiryMs <= nowMs();
}

/** Begins to watch a key; its memory is reserved. Nothing happens when the session does already. */
export function watchKey(session: Session, database: u32, key: usize, bytes: u32): void {
  let at = <usize>session.watches;
  while (at) {
    const watched = changetype<Watch>(at).key;
    if (watched.database == database && watched.nameBytes == bytes
      && equalBytes(watched.name, key, bytes)) return;
    at = changetype<Watch>(at).sessionNext;
  }
  const slot = findWatched(database, key, bytes);
  const watched = slot ? watchedIn(slot) : createWatched(database, key, bytes);
  const address = allocate(Arena.SERVER, offsetof<Watch>());
  const watch = changetype<Watch>(address);
  watch.keyBlock = <u32>changetype<usize>(watched);
  watch.previous = 0;
  watch.next = watched.first;
  if (watched.first) changetype<Watch>(<usize>watched.first).previous = <u32>address;
  watched.first = <u32>address;
  watch.isChanged = 0;
  watch.wasExpired = u32(isDue(peek(databaseAt(database), key, bytes)));
  if (!session.watches) countWatchers(1);
  watch.sessionNext = session.watches;
  session.watches = <u32>address;
}

function createWatched(database: u32, key: usize, bytes: u32): WatchedKey {
  const watched = changetype<WatchedKey>(
    allocate(Arena.SERVER, <u32>offsetof<WatchedKey>() + bytes),
  );
  watched.first = 0;
  watched.nameBytes = bytes;
  watched.database = database;
  memory.copy(watched.name, key, bytes);
  insert<WatchedKey>(table(), changetype<usize>(watched), hashBytes(key, bytes));
  return watched;
}

function countWatchers(change: i32): void {
  store<u32>(WATCHERS, load<u32>(WATCHERS) + change);
  setInterest(Interest.WATCHES, load<u32>(WATCHERS) != 0);
}

/** How many keys a session watches. */
export function watchCount(session: Session): u32 {
  let count: u32 = 0;
  for (let at = <usize>session.watches; at; at = changetype<Watch>(at).sessionNext) count += 1;
  return count;
}

/** The session watches nothing any more. */
export function forgetWatches(session: Session): void {
  let at = <usize>session.watches;
  if (!at) return;
  while (at) {
    const watch = changetype<Watch>(at);
    const following = <usize>watch.sessionNext;
    leaveKey(watch);
    release(at);
    at = following;
  }
  session.watches = 0;
  countWatchers(-1);
}

function leaveKey(watch: Watch): void {
  const watched = watch.key;
  if (watch.previous) changetype<Watch>(<usize>watch.previous).next = watch.next;
  else watched.first = watch.next;
  if (watch.next) changetype<Watch>(<usize>watch.next).previous = watch.previous;
  if (watched.first) return;
  const slot = findWatched(watched.database, watched.name, watched.nameBytes);
  remove(table(), slot, hashBytes(watched.name, watched.nameBytes));
  release(changetype<usize>(watched));
}

// ---- Changes ------------------------------------------------------------------------------------

/** A key has changed. */
export function markWatches(database: u32, key: usize, bytes: u32): void {
  const slot = findWatched(database, key, bytes);
  if (!slot) return;
  const entry = peek(databaseAt(database), key, bytes);
  const isMissing = !entry || isDue(entry);
  for (let at = <usize>watchedIn(slot).first; at; at = changetype<Watch>(at).next) {
    const watch = changetype<Watch>(at);
    // An expired key that is removed was missing before.
    if (watch.wasExpired && isMissing) watch.wasExpired = 0;
    else watch.isChanged = 1;
  }
}

/**
 * The keys of database `number` are about to be replaced by those of database `by`, or to be
 * removed when that is negative.
 */
export function markDatabaseWatches(number: u32, by: i32): void {
  if (!table().count) return;
  for (let index: u32 = 0; index < table().buckets; index++) {
    for (let bucket = bucketAt(table(), index); bucket; bucket = nextInChain(bucket)) {
      const slots = occupiedSlots(bucket);
      for (let slot = 0; slot < slots; slot++) {
        const watched = changetype<WatchedKey>(referenceAt(bucket, slot));
        if (watched.database == number) markReplaced(watched, by);
      }
    }
  }
}

function markReplaced(watched: WatchedKey, by: i32): void {
  const bytes = watched.nameBytes;
  const before = peek(databaseAt(watched.database), watched.name, bytes);
  let after: KeyEntry | null = null;
  if (by >= 0) after = peek(databaseAt(by), watched.name, bytes);
  if (!before && !after) return;
  for (let at = <usize>watched.first; at; at = changetype<Watch>(at).next) {
    const watch = changetype<Watch>(at);
    if (watch.wasExpired) {
      if (!after) watch.wasExpired = 0;
      else if (!isDue(after)) watch.isChanged = 1;
    } else if (!before && isDue(after)) {
      watch.wasExpired = 1;
    } else {
      watch.isChanged = 1;
    }
  }
}

/** Whether a key that the session watches has changed or expired. */
export function hasWatchedChange(session: Session): bool {
  for (let at = <usize>session.watches; at; at = changetype<Watch>(at).sessionNext) {
    const watch = changetype<Watch>(at);
    if (watch.isChanged) return true;
    const key = watch.key;
    if (watch.wasExpired) continue;
    if (isDue(peek(databaseAt(key.database), key.name, key.nameBytes))) return true;
  }
  return false;
}

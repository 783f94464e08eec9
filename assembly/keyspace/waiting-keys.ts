/**
 * The keys that somebody waits for, and those of them that have become ready.
 *
 * It lies in the key space because a key becomes ready wherever one is added: `addKey` tells of
 * each new list and sorted set, so that a push, a rename, a copy or a restore all wake alike. While
 * nobody waits that costs one comparison; however many wait, a new key costs one look into the
 * table. Who waits is not known here: a queue holds the ends of a chain of links that
 * server/waiting.ts owns.
 *
 *   table (SERVER arena): chained buckets, as many as there are queues or more
 *   queue: one per database, type and key; its name follows the record
 *   ready queues are chained in the order in which their keys became ready
 *
 * Nothing in DATA refers to any of it.
 *
 * Invariants (numbers as `validateWaitingKeys` answers them):
 *   1 every queue is in the bucket of its hash    2 `queues` counts them
 *   3 a queue without links is held or ready      4 the ready chain holds exactly the ready ones
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";
import { isReplaying } from "../memory/root";
import { countSteps } from "../memory/steps";
import { Type } from "../values/key-entry";

@unmanaged
export class Queue {
  /** Next queue of the bucket. */
  next: u32;
  hash: u32;
  database: u32;
  type: Type;
  /** First and last link of those who wait, 0 = none. */
  first: u32;
  last: u32;
  /** 1: in the chain of ready queues. */
  isReady: u32;
  nextReady: u32;
  /** 1: being served, so it stays though nobody waits any more. */
  isHeld: u32;
  keyBytes: u32;

  // @ts-ignore: decorator
  @inline
  get key(): usize {
    return changetype<usize>(this) + offsetof<Queue>();
  }
}

@unmanaged
class WaitingKeysRoot {
  /** Queues: keys that somebody waits for. */
  queues: u32;
  /** How many wait for any change of a key, not only for its coming. */
  watchful: u32;
  table: u32;
  buckets: u32;
  firstReady: u32;
  lastReady: u32;
}

const FIRST_BUCKETS: u32 = 64;

// @ts-ignore: decorator
@inline
function root(): WaitingKeysRoot {
  return changetype<WaitingKeysRoot>(SERVER_ROOT + 0x1000);
}

export function initializeWaitingKeys(): void {
  memory.fill(changetype<usize>(root()), 0, offsetof<WaitingKeysRoot>());
}

/** How many keys somebody waits for. */
// @ts-ignore: decorator
@inline
export function waitedKeys(): u32 {
  return root().queues;
}

/** Whether somebody waits for changes of keys that may exist. */
// @ts-ignore: decorator
@inline
export function hasWatchful(): bool {
  return root().watchful != 0;
}

/** `by` more wait for changes. */
export function countWatchful(by: i32): void {
  root().watchful += by;
}

/** Whether a key has become ready and was not served yet. */
// @ts-ignore: decorator
@inline
export function hasReady(): bool {
  return root().firstReady != 0;
}

function hashOf(database: u32, type: Type, keyHash: u64): u32 {
  return (<u32>keyHash ^ <u32>(keyHash >> 32)) + database * 0x9e3779b9 + type * 0x85ebca6b;
}

// @ts-ignore: decorator
@inline
function bucketOf(hash: u32): usize {
  return <usize>root().table + ((hash & (root().buckets - 1)) << 2);
}

/** The queue of a key with this hash, null when nobody waits for it. */
export function findQueue(
  database: u32, type: Type, key: usize, bytes: u32, keyHash: u64,
): Queue | null {
  if (!root().queues) return null;
  const hash = hashOf(database, type, keyHash);
  let address: usize = load<u32>(bucketOf(hash));
  while (address) {
    const queue = changetype<Queue>(address);
    if (queue.hash == hash && queue.keyBytes == bytes && queue.database == database
      && queue.type == type && equalBytes(queue.key, key, bytes)) return queue;
    countSteps(1);
    address = queue.next;
  }
  return null;
}

/** Bytes that a queue for a name of `bytes` may take, the growth of the table included. */
export function queueBytes(bytes: u32): f64 {
  return <f64>offsetof<Queue>() + <f64>bytes + 8;
}

/** Bytes that the table may take when `more` queues come. */
export function queueTableBytes(more: u32): f64 {
  return <f64>max<u32>(FIRST_BUCKETS, (root().queues + more) << 1) * 4;
}

/** The queue of a key, made when nobody waits for it yet; its memory is reserved. */
export function openQueue(
  database: u32, type: Type, key: usize, bytes: u32, keyHash: u64,
): Queue {
  const found = findQueue(database, type, key, bytes, keyHash);
  if (found) return found;
  if (root().queues == root().buckets) widen();
  const address = allocate(Arena.SERVER, <u32>offsetof<Queue>() + bytes);
  memory.fill(address, 0, offsetof<Queue>());
  const queue = changetype<Queue>(address);
  queue.hash = hashOf(database, type, keyHash);
  queue.database = database;
  queue.type = type;
  queue.keyBytes = bytes;
  copyBytes(queue.key, key, bytes);
  place(queue);
  root().queues += 1;
  return queue;
}

function place(queue: Queue): void {
  const bucket = bucketOf(queue.hash);
  queue.next = load<u32>(bucket);
  store<u32>(bucket, <u32>changetype<usize>(queue));
}

function widen(): void {
  const old: usize = root().table;
  const oldBuckets = root().buckets;
  const buckets = oldBuckets ? oldBuckets << 1 : FIRST_BUCKETS;
  root().table = <u32>allocate(Arena.SERVER, buckets << 2);
  root().buckets = buckets;
  memory.fill(root().table, 0, buckets << 2);
  if (!old) return;
  countSteps(oldBuckets);
  for (let index: u32 = 0; index < oldBuckets; index++) {
    let address: usize = load<u32>(old + (index << 2));
    while (address) {
      const queue = changetype<Queue>(address);
      address = queue.next;
      place(queue);
    }
  }
  release(old);
}

/** Frees a queue in which nobody waits, unless it is being served or about to be. */
export function settleQueue(queue: Queue): void {
  if (queue.first || queue.isHeld || queue.isReady) return;
  let link = bucketOf(queue.hash);
  const address = <u32>changetype<usize>(queue);
  while (load<u32>(link) != address) link = <usize>load<u32>(link) + offsetof<Queue>("next");
  store<u32>(link, queue.next);
  release(address);
  root().queues -= 1;
  if (root().queues || root().buckets == FIRST_BUCKETS) return;
  release(root().table);
  root().table = 0;
  root().buckets = 0;
}

/** Puts a queue at the end of the ready ones. */
export function markReady(queue: Queue): void {
  if (queue.isReady) return;
  const address = <u32>changetype<usize>(queue);
  queue.isReady = 1;
  queue.nextReady = 0;
  if (root().lastReady) changetype<Queue>(<usize>root().lastReady).nextReady = address;
  else root().firstReady = address;
  root().lastReady = address;
}

/** A key was added, or one that exists was changed: whoever waits for it is to be served. */
export function markKey(database: u32, type: Type, key: usize, bytes: u32, keyHash: u64): void {
  if (isReplaying()) return;
  const queue = findQueue(database, type, key, bytes, keyHash);
  if (queue) markReady(queue);
}

/** Takes the oldest ready queue, null when there is none. */
export function takeReady(): Queue | null {
  const queue = changetype<Queue | null>(<usize>root().firstReady);
  if (!queue) return null;
  root().firstReady = queue.nextReady;
  if (!queue.nextReady) root().lastReady = 0;
  queue.isReady = 0;
  return queue;
}

/** The first queue, or the one after `queue`, in the order of the table; null at the end. */
export function nextQueue(queue: Queue | null): Queue | null {
  if (!root().queues) return null;
  if (queue && queue.next) return changetype<Queue>(<usize>queue.next);
  let index: u32 = queue ? (queue.hash & (root().buckets - 1)) + 1 : 0;
  for (; index < root().buckets; index++) {
    const address = load<u32>(root().table + (index << 2));
    if (address) return changetype<Queue>(<usize>address);
  }
  return null;
}

/** 0, or the number of the broken invariant. */
export function validateWaitingKeys(): i32 {
  let queues: u32 = 0;
  let ready: u32 = 0;
  for (let queue = nextQueue(null); queue; queue = nextQueue(queue)) {
    if (!isInBucket(queue)) return 1;
    if (!queue.first && !queue.isHeld && !queue.isReady) return 3;
    queues += 1;
    ready += queue.isReady;
  }
  if (queues != root().queues) return 2;
  for (let at: usize = root().firstReady; at; at = changetype<Queue>(at).nextReady) {
    if (!changetype<Queue>(at).isReady) return 4;
    ready -= 1;
  }
  return ready ? 4 : 0;
}

function isInBucket(queue: Queue): bool {
  let address: usize = load<u32>(bucketOf(queue.hash));
  while (address && address != changetype<usize>(queue)) address = changetype<Queue>(address).next;
  return address != 0;
}

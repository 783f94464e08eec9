/**
 * Who waits: sessions whose command found none of its keys, in one queue per key, first come first
 * served, with a deadline each or none.
 *
 *   waiter, one block of the SERVER arena: its words | links | argument vector | argument bytes
 *   link: one per key, chained in the key's queue (keyspace/waiting-keys.ts), 16 bytes
 *   deadlines: binary heap of waiters; each knows its place, so leaving is O(log n)
 *
 * A waiter keeps its command's arguments: once a key is ready the command simply runs again
 * (server/wake.ts) and either succeeds or goes on waiting in its place. So what waking does is what
 * the command does, and its effect is that of the twin that does not wait.
 *
 * A command that a pause of clients postpones (server/pause.ts) waits in the same way, with no keys
 * and in one queue of all; it runs when its session is resumed.
 *
 * The earliest deadline stands in the exchange record for the host's timer; `tick` expires.
 *
 * Invariants (numbers as `validateWaiting` answers them, after those of the keys):
 *   11 a link's neighbours and ends agree   12 a waiter's session refers to it
 *   13 heap order and places   14 the number of waiters
 */

import { EXCHANGE, Exchange, SERVER_ROOT, SessionFlag, Status } from "../abi";
import { Arena, allocate, reallocate, release } from "../memory/allocator";
import { hashBytes, nowMs } from "../memory/root";
import { countSteps } from "../memory/steps";
import { peek } from "../keyspace/database";
import { databaseAt } from "../keyspace/keyspace";
import {
  Queue, countWatchful, initializeWaitingKeys, markReady, nextQueue, openQueue, queueBytes,
  queueTableBytes, settleQueue, validateWaitingKeys,
} from "../keyspace/waiting-keys";
import { NOT_A_TIMEOUT, TIMEOUT_NEGATIVE, TIMEOUT_OUT_OF_RANGE } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { parseDouble } from "../text/doubles";
import { Type } from "../values/key-entry";
import { Call, reserveOrReply, reserveServingOrReply } from "./call";
import { keepArguments, keptArgumentBytes } from "./kept-arguments";
import { Session } from "./session";
import { Row } from "./table";

@unmanaged
export class Waiter {
  /** Milliseconds since 1970, 0 = waits for ever. */
  deadlineMs: i64;
  session: Session;
  row: Row;
  /** Place in the heap of deadlines. */
  place: u32;
  links: u32;
  argumentCount: i32;
  /** Address of the argument vector. */
  arguments: u32;
  /** 1: also woken by changes of a key that exists. */
  isWatchful: u32;
  /** 1: waits for the end of a pause (server/pause.ts), not for keys. */
  isPostponed: u32;
  /** Those postponed before and after it. */
  previous: u32;
  next: u32;
}

@unmanaged
export class Link {
  waiter: Waiter;
  queue: Queue;
  previous: u32;
  next: u32;
}

@unmanaged
class WaitingRoot {
  waiters: u32;
  /** Heap of waiters with a deadline. */
  heap: u32;
  heapCount: u32;
  heapCapacity: u32;
  /** Those postponed by a pause, first come first. */
  firstPostponed: u32;
  lastPostponed: u32;
  /** When the pause ends, 0 = there is none. */
  pauseEndMs: i64;
}

const FIRST_CAPACITY: u32 = 64;
const LINK_BYTES: u32 = 16;
/** What a wait may take out of the memory that is kept free for serving connections. */
const SERVING_BYTES: f64 = 65536;

// @ts-ignore: decorator
@inline
function root(): WaitingRoot {
  return changetype<WaitingRoot>(SERVER_ROOT + 0x1020);
}

export function initializeWaiting(): void {
  initializeWaitingKeys();
  memory.fill(changetype<usize>(root()), 0, offsetof<WaitingRoot>());
}

/** Sessions that wait for keys, and those of them that have a deadline. */
export function waiterCount(): u32 {
  return root().waiters;
}

export function deadlineCount(): u32 {
  return root().heapCount;
}

/** What `session` waits with, null when it does not. */
// @ts-ignore: decorator
@inline
export function waiterOf(session: Session): Waiter | null {
  return changetype<Waiter | null>(<usize>session.waiter);
}

/** Whether the command may wait; inside a transaction, a script or a replay none does. */
export function mayWait(call: Call): bool {
  return call.canWait != 0 && !call.session.has(SessionFlag.REPLAY);
}

/**
 * Argument `index`, seconds with fractions, as a deadline in `call.integer` (0 = none); false: the
 * error is answered.
 */
export function deadlineOrReply(call: Call, index: i32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("double");
  if (<i32>call.bytesOf(index) < 0 || !parseDouble(call.at(index), call.bytesOf(index), out)) {
    replyError(NOT_A_TIMEOUT);
    return false;
  }
  const timeoutMs = Math.ceil(call.double * 1000);
  if (timeoutMs >= 9223372036854775807.0 - <f64>nowMs()) {
    replyError(TIMEOUT_OUT_OF_RANGE);
    return false;
  }
  if (timeoutMs < 0) {
    replyError(TIMEOUT_NEGATIVE);
    return false;
  }
  call.integer = timeoutMs == 0 ? 0 : nowMs() + <i64>timeoutMs;
  return true;
}

// ---- Coming and going ---------------------------------------------------------------------------

/**
 * Makes the session wait for `keys` keys from argument `first` on to come as values of `type`; with
 * `isWatchful` also for changes of such keys. A command that is run again goes on waiting.
 */
export function waitForKeys(
  call: Call, type: Type, first: i32, keys: i32, deadlineMs: i64, isWatchful: bool,
): void {
  if (!call.session.waiter && !startWaiting(call, type, first, keys, deadlineMs, isWatchful)) {
    return;
  }
  call.status = Status.WAITING;
}

function startWaiting(
  call: Call, type: Type, first: i32, keys: i32, deadlineMs: i64, isWatchful: bool,
): bool {
  const fixed = <u32>offsetof<Waiter>() + <u32>keys * LINK_BYTES;
  const bytes = <f64>fixed + keptArgumentBytes(call);
  if (!reserveWaiting(call, first, keys, bytes)) return false;
  const waiter = changetype<Waiter>(allocate(Arena.SERVER, <u32>bytes));
  waiter.deadlineMs = deadlineMs;
  waiter.session = call.session;
  waiter.row = call.row;
  waiter.links = 0;
  waiter.isWatchful = u32(isWatchful);
  waiter.isPostponed = 0;
  waiter.argumentCount = call.argumentCount;
  waiter.arguments = <u32>(changetype<usize>(waiter) + fixed);
  keepArguments(call, waiter.arguments);
  for (let index = first; index < first + keys; index++) {
    const key = call.at(index);
    const bytes = call.bytesOf(index);
    joinQueue(waiter, openQueue(call.database.number, type, key, bytes, hashBytes(key, bytes)));
  }
  call.session.waiter = <u32>changetype<usize>(waiter);
  root().waiters += 1;
  if (isWatchful) countWatchful(1);
  if (deadlineMs) addDeadline(waiter);
  return true;
}

/** Memory for a waiter of `bytes`, its queues, the table and the heap. */
function reserveWaiting(call: Call, first: i32, keys: i32, bytes: f64): bool {
  let needed = bytes + queueTableBytes(keys) + <f64>max(FIRST_CAPACITY, root().heapCapacity) * 8;
  for (let index = first; index < first + keys; index++) needed += queueBytes(call.bytesOf(index));
  return needed <= SERVING_BYTES ? reserveServingOrReply(<u32>needed) : reserveOrReply(needed);
}

function linkAt(waiter: Waiter, index: u32): Link {
  return changetype<Link>(changetype<usize>(waiter) + offsetof<Waiter>() + index * LINK_BYTES);
}

/** Puts a waiter at the end of a queue; a key that is named twice is waited for once. */
function joinQueue(waiter: Waiter, queue: Queue): void {
  const last: usize = queue.last;
  if (last && changetype<Link>(last).waiter == waiter) return;
  const link = linkAt(waiter, waiter.links++);
  const address = <u32>changetype<usize>(link);
  link.waiter = waiter;
  link.queue = queue;
  link.previous = <u32>last;
  link.next = 0;
  if (last) changetype<Link>(last).next = address;
  else queue.first = address;
  queue.last = address;
}

function leaveQueue(link: Link): void {
  const queue = link.queue;
  if (link.previous) changetype<Link>(<usize>link.previous).next = link.next;
  else queue.first = link.next;
  if (link.next) changetype<Link>(<usize>link.next).previous = link.previous;
  else queue.last = link.previous;
  settleQueue(queue);
}

/** The session waits no longer; nothing is answered. */
export function stopWaiting(session: Session): void {
  const waiter = waiterOf(session);
  if (!waiter) return;
  if (waiter.isPostponed) return forgetPostponed(waiter);
  for (let index: u32 = 0; index < waiter.links; index++) leaveQueue(linkAt(waiter, index));
  if (waiter.deadlineMs) removeDeadline(waiter);
  if (waiter.isWatchful) countWatchful(-1);
  session.waiter = 0;
  root().waiters -= 1;
  release(changetype<usize>(waiter));
}

// ---- Postponed by a pause -----------------------------------------------------------------------

/** Keeps a command until the pause is over; false: memory is short, the error is answered. */
export function postpone(call: Call, row: Row): bool {
  const bytes = <f64>offsetof<Waiter>() + keptArgumentBytes(call);
  const isSmall = bytes <= SERVING_BYTES;
  if (!(isSmall ? reserveServingOrReply(<u32>bytes) : reserveOrReply(bytes))) return false;
  const address = allocate(Arena.SERVER, <u32>bytes);
  memory.fill(address, 0, offsetof<Waiter>());
  const waiter = changetype<Waiter>(address);
  waiter.session = call.session;
  waiter.row = row;
  waiter.isPostponed = 1;
  waiter.argumentCount = call.argumentCount;
  waiter.arguments = <u32>(address + offsetof<Waiter>());
  keepArguments(call, waiter.arguments);
  waiter.previous = root().lastPostponed;
  if (waiter.previous) changetype<Waiter>(<usize>waiter.previous).next = <u32>address;
  else root().firstPostponed = <u32>address;
  root().lastPostponed = <u32>address;
  call.session.waiter = <u32>address;
  call.status = Status.WAITING;
  return true;
}

/** The first of those that a pause has postponed, null when there is none. */
export function firstPostponed(): Waiter | null {
  return changetype<Waiter | null>(<usize>root().firstPostponed);
}

export function nextPostponed(waiter: Waiter): Waiter | null {
  return changetype<Waiter | null>(<usize>waiter.next);
}

/** Its session waits no longer, or has gone. */
function forgetPostponed(waiter: Waiter): void {
  takePostponed(waiter);
  dropPostponed(waiter);
}

/** A postponed command is run now: it leaves the queue, its arguments stay. */
export function takePostponed(waiter: Waiter): void {
  waiter.session.waiter = 0;
  if (waiter.previous) changetype<Waiter>(<usize>waiter.previous).next = waiter.next;
  else root().firstPostponed = waiter.next;
  if (waiter.next) changetype<Waiter>(<usize>waiter.next).previous = waiter.previous;
  else root().lastPostponed = waiter.previous;
}

export function dropPostponed(waiter: Waiter): void {
  release(changetype<usize>(waiter));
}

/** When the pause ends, 0 = there is none. */
export function pauseEndMs(): i64 {
  return root().pauseEndMs;
}

export function setPauseEnd(timeMs: i64): void {
  root().pauseEndMs = timeMs;
  tellDeadline();
}

/** The contents of a database were exchanged: keys that are there now are ready. */
export function markDatabase(number: u32): void {
  for (let queue = nextQueue(null); queue; queue = nextQueue(queue)) {
    countSteps(1);
    if (queue.database != number) continue;
    const entry = peek(databaseAt(number), queue.key, queue.keyBytes);
    if (entry && entry.type == queue.type) markReady(queue);
  }
}

// ---- Deadlines ----------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function heapAt(place: u32): Waiter {
  return changetype<Waiter>(<usize>load<u32>(<usize>root().heap + (place << 2)));
}

function setHeap(place: u32, waiter: Waiter): void {
  store<u32>(<usize>root().heap + (place << 2), <u32>changetype<usize>(waiter));
  waiter.place = place;
}

/** The waiter whose deadline is the earliest, null when none has one. */
export function firstDeadline(): Waiter | null {
  return root().heapCount ? heapAt(0) : null;
}

function tellDeadline(): void {
  let next = root().heapCount ? <f64>heapAt(0).deadlineMs : 0;
  const pauseEnd = <f64>root().pauseEndMs;
  if (pauseEnd && (!next || pauseEnd < next)) next = pauseEnd;
  store<f64>(EXCHANGE + Exchange.NEXT_DEADLINE_MS, next);
}

function addDeadline(waiter: Waiter): void {
  const count = root().heapCount;
  if (count == root().heapCapacity) {
    const capacity = count ? count << 1 : FIRST_CAPACITY;
    root().heap = count
      ? <u32>reallocate(root().heap, capacity << 2)
      : <u32>allocate(Arena.SERVER, capacity << 2);
    root().heapCapacity = capacity;
  }
  root().heapCount = count + 1;
  rise(count, waiter);
  tellDeadline();
}

/** Puts a waiter at `place` or above it. */
function rise(place: u32, waiter: Waiter): void {
  let at = place;
  while (at) {
    const parent = heapAt((at - 1) >> 1);
    if (parent.deadlineMs <= waiter.deadlineMs) break;
    setHeap(at, parent);
    at = (at - 1) >> 1;
  }
  setHeap(at, waiter);
}

/** Puts a waiter at `place` or below it. */
function sink(place: u32, waiter: Waiter): void {
  const count = root().heapCount;
  let at = place;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= count) break;
    if (child + 1 < count && heapAt(child + 1).deadlineMs < heapAt(child).deadlineMs) child += 1;
    if (heapAt(child).deadlineMs >= waiter.deadlineMs) break;
    setHeap(at, heapAt(child));
    at = child;
  }
  setHeap(at, waiter);
}

function removeDeadline(waiter: Waiter): void {
  const count = root().heapCount - 1;
  const place = waiter.place;
  const last = heapAt(count);
  root().heapCount = count;
  if (last != waiter) {
    if (place && heapAt((place - 1) >> 1).deadlineMs > last.deadlineMs) rise(place, last);
    else sink(place, last);
  }
  if (!count && root().heapCapacity > FIRST_CAPACITY) {
    release(root().heap);
    root().heapCapacity = 0;
  }
  tellDeadline();
}

// ---- Checks -------------------------------------------------------------------------------------

/** 0, or the number of the broken invariant. */
export function validateWaiting(): i32 {
  const keys = validateWaitingKeys();
  if (keys) return keys;
  for (let queue = nextQueue(null); queue; queue = nextQueue(queue)) {
    let previous: u32 = 0;
    for (let at: usize = queue.first; at; at = changetype<Link>(at).next) {
      const link = changetype<Link>(at);
      if (link.previous != previous || link.queue != queue) return 11;
      if (waiterOf(link.waiter.session) != link.waiter) return 12;
      previous = <u32>at;
    }
    if (queue.last != previous) return 11;
  }
  if (root().heapCount > root().waiters) return 14;
  for (let place: u32 = 0; place < root().heapCount; place++) {
    const waiter = heapAt(place);
    if (waiter.place != place || waiterOf(waiter.session) != waiter) return 13;
    if (place && heapAt((place - 1) >> 1).deadlineMs > waiter.deadlineMs) return 13;
  }
  return 0;
}

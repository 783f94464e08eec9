/**
 * Tracking: which keys clients have in their own caches, and telling them when those change.
 *
 * By default a client is told of keys that it has read (and then of each once); the names are
 * remembered without their database. A broadcasting client is told of every key that begins with
 * one of its prefixes; those are gathered and sent when the engine's call ends.
 *
 *   tracked key (SERVER block)           prefix (SERVER block)
 *   +0   u32  bytes of the name          +0   u32  bytes of the prefix
 *   +4   u32  sessions                   +4   u32  next prefix
 *   +8   u32  room for sessions          +8   u32  first member (session, next), sessions
 *   +12  u32  their ids, ascending       +16  u32  first, last key to be told; keys, their bytes
 *   +16  name                            +32  table of those keys, then the prefix
 *
 * Ids of sessions that are gone stay in the table until their key changes: a client that leaves
 * costs nothing however much it has read.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, reallocate, release, reserve } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { hashBytes, nextObservation } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { Interest, setInterest } from "../keyspace/changes";
import {
  HASH_TABLE_BYTES, HashTable, find, freeTable, initializeServerTable, insert, randomReference,
  remove,
} from "../structures/hash-table";
import { Call } from "./call";
import { KEY_CURSOR_BYTES, KeyCursor, nextKey, startKeys } from "./key-specs";
import {
  endMessage, executingSession, messageArray, messageBytes, messageInteger, messageLiteral,
  messageNull, sendMessage, startMessage,
} from "./messages";
import { Session, findSession, firstSession, nextSession } from "./session";
import { settings } from "./settings";

/** Bits of Session.tracking. */
export const enum Tracking {
  ON = 1,
  BROADCAST = 2,
  OPT_IN = 4,
  OPT_OUT = 8,
  /** CLIENT CACHING was just called: the next command's keys are (OPT_IN) or are not tracked. */
  CACHING = 16,
  NO_LOOP = 32,
  BROKEN_REDIRECT = 64,
}

@unmanaged
class TrackedKey {
  nameBytes: u32;
  count: u32;
  capacity: u32;
  ids: u32;

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    return changetype<usize>(this) + offsetof<TrackedKey>();
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    return this.nameBytes;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    return this.nameBytes == bytes && equalBytes(this.keyAddress, key, bytes);
  }
}

/** A key that changed and of which the members of a prefix are still to be told. */
@unmanaged
class ChangedKey {
  nameBytes: u32;
  next: u32;
  /** Id of the session that changed it, 0 = none. */
  changer: u32;

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    return changetype<usize>(this) + offsetof<ChangedKey>();
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    return this.nameBytes;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    return this.nameBytes == bytes && equalBytes(this.keyAddress, key, bytes);
  }
}

@unmanaged
export class Prefix {
  bytes: u32;
  next: u32;
  firstMember: u32;
  members: u32;
  firstChanged: u32;
  lastChanged: u32;
  changedBytes: u32;
  /** 1: memory was short, so everything is declared invalid. */
  isOverflown: u32;
  tableWords: u64;
  moreTableWords: u64;
  lastTableWord: u32;

  get text(): usize {
    return changetype<usize>(this) + offsetof<Prefix>();
  }

  get table(): HashTable {
    return changetype<HashTable>(changetype<usize>(this) + offsetof<Prefix>("tableWords"));
  }
}

@unmanaged
export class Member {
  session: u32;
  next: u32;
  prefixAddress: u32;
  /** Next prefix of the same session. */
  sessionNext: u32;

  get prefix(): Prefix {
    return changetype<Prefix>(<usize>this.prefixAddress);
  }
}

@unmanaged
class TrackingRoot {
  tableWords: u64;
  moreTableWords: u64;
  lastTableWord: u32;
  firstPrefix: u32;
  prefixes: u32;
  /** Sessions that track. */
  clients: u32;
  /** Ids in all tracked keys. */
  items: f64;
  /** 1: some prefix has keys to be told. */
  isDue: u32;
}

const CHANNEL: string = "__redis__:invalidate";
/** Bytes of a message besides the keys in it. */
const ENVELOPE_BYTES: u32 = 64;
/** What one tracked key may take besides its name. */
const TRACKED_BYTES_MAXIMUM: u32 = 256;

// @ts-ignore: decorator
@inline
function root(): TrackingRoot {
  return changetype<TrackingRoot>(SERVER_ROOT + 0x4600);
}

// @ts-ignore: decorator
@inline
function table(): HashTable {
  return changetype<HashTable>(SERVER_ROOT + 0x4600);
}

export function initializeTracking(): void {
  if (offsetof<TrackingRoot>("firstPrefix") != HASH_TABLE_BYTES) ERROR("the table comes first");
  memory.fill(changetype<usize>(root()), 0, offsetof<TrackingRoot>());
  initializeServerTable(table());
}

/** Clients that track, keys they are told of, sums of both, and prefixes: for INFO. */
export function trackingClients(): u32 {
  return root().clients;
}

export function trackedKeys(): u32 {
  return table().count;
}

export function trackedItems(): f64 {
  return root().items;
}

export function trackingPrefixes(): u32 {
  return root().prefixes;
}

// ---- Switching on and off -----------------------------------------------------------------------

/** Switches tracking on with these bits; prefixes are added by `joinPrefix`. */
export function enableTracking(session: Session, bits: u32, redirect: u32): void {
  if (!session.tracking) {
    root().clients += 1;
    setInterest(Interest.TRACKING, true);
  }
  session.tracking = Tracking.ON | bits;
  session.redirect = redirect;
}

/** Switches tracking off: prefixes are left, keys read are forgotten when they change. */
export function disableTracking(session: Session): void {
  if (!session.tracking) return;
  session.tracking = 0;
  session.redirect = 0;
  while (session.prefixes) leavePrefix(session);
  root().clients -= 1;
  setInterest(Interest.TRACKING, root().clients != 0);
}

/** Memory that joining a prefix may take. */
export function prefixBytes(bytes: u32): f64 {
  return <f64>bytes + 512;
}

/** Makes a broadcasting session a member of a prefix; its memory is reserved. */
export function joinPrefix(session: Session, text: usize, bytes: u32): void {
  let prefix = findPrefix(text, bytes);
  for (let at = <usize>session.prefixes; at; at = changetype<Member>(at).sessionNext) {
    if (prefix && changetype<Member>(at).prefix == prefix) return;
  }
  if (!prefix) prefix = createPrefix(text, bytes);
  const address = allocate(Arena.SERVER, offsetof<Member>());
  const member = changetype<Member>(address);
  member.session = <u32>changetype<usize>(session);
  member.prefixAddress = <u32>changetype<usize>(prefix);
  member.next = prefix.firstMember;
  prefix.firstMember = <u32>address;
  prefix.members += 1;
  member.sessionNext = session.prefixes;
  session.prefixes = <u32>address;
}

function findPrefix(text: usize, bytes: u32): Prefix | null {
  for (let at = <usize>root().firstPrefix; at; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (prefix.bytes == bytes && equalBytes(prefix.text, text, bytes)) return prefix;
  }
  return null;
}

function createPrefix(text: usize, bytes: u32): Prefix {
  const address = allocate(Arena.SERVER, offsetof<Prefix>() + bytes);
  memory.fill(address, 0, offsetof<Prefix>());
  const prefix = changetype<Prefix>(address);
  prefix.bytes = bytes;
  memory.copy(prefix.text, text, bytes);
  initializeServerTable(prefix.table);
  prefix.next = root().firstPrefix;
  root().firstPrefix = <u32>address;
  root().prefixes += 1;
  return prefix;
}

/** Leaves the session's first prefix, which goes with its last member. */
function leavePrefix(session: Session): void {
  const address = <usize>session.prefixes;
  const member = changetype<Member>(address);
  const prefix = member.prefix;
  session.prefixes = member.sessionNext;
  let place = changetype<usize>(prefix) + offsetof<Prefix>("firstMember");
  while (load<u32>(place) != <u32>address) {
    place = <usize>load<u32>(place) + offsetof<Member>("next");
  }
  store<u32>(place, member.next);
  release(address);
  prefix.members -= 1;
  if (!prefix.members) dropPrefix(prefix);
}

function dropPrefix(prefix: Prefix): void {
  dropChanged(prefix);
  freeTable(prefix.table);
  let place = changetype<usize>(root()) + offsetof<TrackingRoot>("firstPrefix");
  while (load<u32>(place) != <u32>changetype<usize>(prefix)) {
    place = <usize>load<u32>(place) + offsetof<Prefix>("next");
  }
  store<u32>(place, prefix.next);
  root().prefixes -= 1;
  release(changetype<usize>(prefix));
}

// ---- Remembering --------------------------------------------------------------------------------

/** A tracking session has run a command that reads: its keys are remembered. */
export function rememberKeys(call: Call): void {
  const session = call.session;
  const bits = session.tracking;
  if (bits & Tracking.BROADCAST) return;
  const isCaching = (bits & Tracking.CACHING) != 0;
  if (bits & Tracking.OPT_IN && !isCaching) return;
  if (bits & Tracking.OPT_OUT && isCaching) return;
  const mark = scratchMark();
  const cursor = changetype<KeyCursor>(scratchTake(KEY_CURSOR_BYTES));
  startKeys(cursor, call.row, call.arguments, call.argumentCount);
  while (nextKey(cursor)) remember(call.at(cursor.index), call.bytesOf(cursor.index), session);
  scratchRelease(mark);
}

function remember(key: usize, bytes: u32, session: Session): void {
  const hash = hashBytes(key, bytes);
  const slot = find<TrackedKey>(table(), key, bytes, hash);
  const found = slot ? changetype<TrackedKey>(<usize>load<u32>(slot)) : null;
  const wanted = bytes + TRACKED_BYTES_MAXIMUM + (found ? found.capacity << 3 : 0);
  if (!reserve(wanted)) {
    // A key that cannot be remembered must not be kept by the client.
    sendKey(session, key, bytes);
    return;
  }
  if (found) return addId(found, session.id);
  const address = allocate(Arena.SERVER, <u32>offsetof<TrackedKey>() + bytes);
  const tracked = changetype<TrackedKey>(address);
  tracked.nameBytes = bytes;
  tracked.count = 0;
  tracked.capacity = 2;
  tracked.ids = <u32>allocate(Arena.SERVER, 8);
  memory.copy(tracked.keyAddress, key, bytes);
  insert<TrackedKey>(table(), address, hash);
  addId(tracked, session.id);
  const most = settings().trackingKeysMaximum;
  while (most && <f64>table().count > most) forgetAny();
}

/** Adds an id to the ascending ids of a key; new sessions have the highest. */
function addId(tracked: TrackedKey, id: u32): void {
  const ids = <usize>tracked.ids;
  let low: u32 = 0;
  let high = tracked.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (load<u32>(ids + (middle << 2)) < id) low = middle + 1;
    else high = middle;
  }
  if (low < tracked.count && load<u32>(ids + (low << 2)) == id) return;
  if (tracked.count == tracked.capacity) {
    tracked.capacity <<= 1;
    tracked.ids = <u32>reallocate(tracked.ids, tracked.capacity << 2);
  }
  const place = <usize>tracked.ids + (low << 2);
  memory.copy(place + 4, place, (tracked.count - low) << 2);
  store<u32>(place, id);
  tracked.count += 1;
  root().items += 1;
}

/** The table is full: one key, any of them, is declared invalid. */
function forgetAny(): void {
  const any = changetype<TrackedKey>(randomReference(table(), nextObservation()));
  invalidate(any, null);
}

// ---- Telling ------------------------------------------------------------------------------------

/** A key has changed: whoever has read it is told, and members of its prefixes will be. */
export function trackChange(key: usize, bytes: u32): void {
  const changer = executingSession();
  if (root().prefixes) noteChange(key, bytes, changer);
  if (!table().count) return;
  const slot = find<TrackedKey>(table(), key, bytes, hashBytes(key, bytes));
  if (slot) invalidate(changetype<TrackedKey>(<usize>load<u32>(slot)), changer);
}

/** Tells the sessions of a tracked key and forgets it. */
function invalidate(tracked: TrackedKey, changer: Session | null): void {
  const key = tracked.keyAddress;
  const bytes = tracked.nameBytes;
  const hash = hashBytes(key, bytes);
  remove(table(), find<TrackedKey>(table(), key, bytes, hash), hash);
  for (let index: u32 = 0; index < tracked.count; index++) {
    const session = findSession(load<u32>(<usize>tracked.ids + (index << 2)));
    if (!session || !isToldOfReads(session)) continue;
    if (session.tracking & Tracking.NO_LOOP && session == changer) continue;
    sendKey(session, key, bytes);
  }
  root().items -= <f64>tracked.count;
  release(tracked.ids);
  release(changetype<usize>(tracked));
}

function isToldOfReads(session: Session): bool {
  return session.tracking != 0 && !(session.tracking & Tracking.BROADCAST);
}

function sendKey(session: Session, key: usize, bytes: u32): void {
  const target = targetOf(session);
  if (!target || !openInvalidation(target, 1, bytes)) return;
  messageArray(1);
  messageBytes(key, bytes);
  sendMessage(target);
  endMessage();
}

/** All databases or one were flushed: everything is invalid. */
export function trackFlush(): void {
  if (!root().clients) return;
  let session = firstSession();
  while (session) {
    if (session.tracking) sendEverything(session);
    session = nextSession(session);
  }
  while (table().count) {
    const any = changetype<TrackedKey>(randomReference(table(), nextObservation()));
    const hash = hashBytes(any.keyAddress, any.nameBytes);
    remove(table(), find<TrackedKey>(table(), any.keyAddress, any.nameBytes, hash), hash);
    release(any.ids);
    release(changetype<usize>(any));
  }
  root().items = 0;
}

function sendEverything(session: Session): void {
  const target = targetOf(session);
  if (!target || !openInvalidation(target, 0, 0)) return;
  messageNull(target.protocol == 3);
  sendMessage(target);
  endMessage();
}

/** Who gets the session's invalidations; null: nobody can, and a session with RESP3 is told so. */
function targetOf(session: Session): Session | null {
  if (isBroken(session)) tellBroken(session);
  return possibleTarget(session);
}

function possibleTarget(session: Session): Session | null {
  if (!session.redirect) return session.protocol == 3 ? session : null;
  const target = findSession(session.redirect);
  if (!target) return null;
  return target.protocol == 3 || target.subscriptions ? target : null;
}

/** The session that invalidations should go to is gone. */
function isBroken(session: Session): bool {
  return session.redirect != 0 && !findSession(session.redirect);
}

function tellBroken(session: Session): void {
  session.tracking |= Tracking.BROKEN_REDIRECT;
  if (session.protocol != 3 || !startMessage(2, 2, ENVELOPE_BYTES)) return;
  messageLiteral("tracking-redir-broken");
  messageInteger(session.redirect);
  sendMessage(session);
  endMessage();
}

/** Begins a message for `keys` keys of `bytes` bytes together; the array of keys is to follow. */
function openInvalidation(target: Session, keys: u32, bytes: u32): bool {
  const isPush = target.protocol == 3;
  if (!startMessage(isPush ? 2 : 3, keys + 4, bytes + ENVELOPE_BYTES)) return false;
  messageLiteral(isPush ? "invalidate" : "message");
  if (!isPush) messageLiteral(CHANNEL);
  return true;
}

// ---- Broadcasting -------------------------------------------------------------------------------

function noteChange(key: usize, bytes: u32, changer: Session | null): void {
  for (let at = <usize>root().firstPrefix; at; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (prefix.bytes > bytes || !equalBytes(prefix.text, key, prefix.bytes)) continue;
    root().isDue = 1;
    const hash = hashBytes(key, bytes);
    if (find<ChangedKey>(prefix.table, key, bytes, hash)) continue;
    if (!reserve(bytes + TRACKED_BYTES_MAXIMUM)) {
      prefix.isOverflown = 1;
      continue;
    }
    const address = allocate(Arena.SERVER, <u32>offsetof<ChangedKey>() + bytes);
    const changed = changetype<ChangedKey>(address);
    changed.nameBytes = bytes;
    changed.next = 0;
    changed.changer = changer ? changer.id : 0;
    memory.copy(changed.keyAddress, key, bytes);
    insert<ChangedKey>(prefix.table, address, hash);
    if (prefix.lastChanged) changetype<ChangedKey>(<usize>prefix.lastChanged).next = <u32>address;
    else prefix.firstChanged = <u32>address;
    prefix.lastChanged = <u32>address;
    prefix.changedBytes += bytes;
  }
}

/** The engine's call ends: members of prefixes are told what changed in it. */
// @ts-ignore: decorator
@inline
export function settleTracking(): void {
  if (root().isDue) broadcast();
}

function broadcast(): void {
  root().isDue = 0;
  for (let at = <usize>root().firstPrefix; at; at = changetype<Prefix>(at).next) {
    const prefix = changetype<Prefix>(at);
    if (!prefix.firstChanged && !prefix.isOverflown) continue;
    broadcastTo(prefix, 3);
    broadcastTo(prefix, 2);
    for (let member = <usize>prefix.firstMember; member; member = changetype<Member>(member).next) {
      const session = changetype<Session>(<usize>changetype<Member>(member).session);
      if (prefix.isOverflown) sendEverything(session);
      else if (session.tracking & Tracking.NO_LOOP) sendOthersChanges(prefix, session);
      else if (isBroken(session)) tellBroken(session);
    }
    dropChanged(prefix);
  }
}

/** One message for all members whose invalidations go to a session of this protocol. */
function broadcastTo(prefix: Prefix, protocol: u32): void {
  if (prefix.isOverflown) return;
  let isOpen = false;
  for (let at = <usize>prefix.firstMember; at; at = changetype<Member>(at).next) {
    const session = changetype<Session>(<usize>changetype<Member>(at).session);
    if (session.tracking & Tracking.NO_LOOP) continue;
    const target = possibleTarget(session);
    if (!target || target.protocol != protocol) continue;
    if (!isOpen) {
      isOpen = openInvalidation(target, prefix.table.count, prefix.changedBytes);
      if (!isOpen) return;
      messageArray(prefix.table.count);
      addChanged(prefix, 0);
    }
    sendMessage(target);
  }
  if (isOpen) endMessage();
}

/** Adds the keys that others than `session` have changed. */
function addChanged(prefix: Prefix, session: u32): void {
  for (let at = <usize>prefix.firstChanged; at; at = changetype<ChangedKey>(at).next) {
    const changed = changetype<ChangedKey>(at);
    if (session && changed.changer == session) continue;
    messageBytes(changed.keyAddress, changed.nameBytes);
  }
}

function sendOthersChanges(prefix: Prefix, session: Session): void {
  let count: u32 = 0;
  for (let at = <usize>prefix.firstChanged; at; at = changetype<ChangedKey>(at).next) {
    if (changetype<ChangedKey>(at).changer != session.id) count += 1;
  }
  if (!count) return;
  const target = targetOf(session);
  if (!target || !openInvalidation(target, count, prefix.changedBytes)) return;
  messageArray(count);
  addChanged(prefix, session.id);
  sendMessage(target);
  endMessage();
}

function dropChanged(prefix: Prefix): void {
  let at = <usize>prefix.firstChanged;
  while (at) {
    const changed = changetype<ChangedKey>(at);
    const hash = hashBytes(changed.keyAddress, changed.nameBytes);
    const slot = find<ChangedKey>(prefix.table, changed.keyAddress, changed.nameBytes, hash);
    remove(prefix.table, slot, hash);
    const next = <usize>changed.next;
    release(at);
    at = next;
  }
  prefix.firstChanged = 0;
  prefix.lastChanged = 0;
  prefix.changedBytes = 0;
  prefix.isOverflown = 0;
}

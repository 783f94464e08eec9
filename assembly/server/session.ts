/**
 * Sessions: one record per connection, in the SERVER arena, found by id and kept in order of
 * opening.
 *
 *   id -> record: open addressing over a power-of-two array of u32; ids are counted up and never
 *   used again, so their low bits spread perfectly and a lookup is one load in practice.
 *
 * The request parser of a session is embedded at the end of its record.
 */

import { EXCHANGE, Exchange, SERVER_ROOT, SessionFlag } from "../abi";
import { Arena, allocate, release, reserveServing } from "../memory/allocator";
import { replaceText } from "../memory/owned-text";
import { nowMs } from "../memory/root";
import {
  PARSER_BYTES, Parser, ParserFlag, initializeParser, parserFree,
} from "../protocol/parser";
import { requestClose } from "../protocol/sink";
import { Row } from "./table";
import { defaultUser, isPasswordNeeded, setUser } from "./users";

export const enum ReplyMode {
  ON = 0,
  OFF = 1,
  /** CLIENT REPLY SKIP was just executed: the next command's reply is skipped. */
  SKIP_NEXT = 2,
  /** This command's reply is skipped. */
  SKIP = 3,
}

@unmanaged
export class Session {
  id: u32;
  /** SessionFlag. */
  flags: u32;
  database: u32;
  /** 2 or 3. */
  protocol: u32;
  authenticated: u32;
  replyMode: ReplyMode;
  /** 1: close after the replies so far. */
  closing: u32;
  /** Id of the request that the session waits for, 0 = none. */
  request: u32;
  /** Request: what the session waits for. */
  requestKind: u32;
  /** Its Waiter while it waits for keys (server/waiting.ts), 0 = it does not. */
  waiter: u32;
  openedMs: i64;
  /** Time of the last command. */
  activeMs: i64;
  /** Commands executed. */
  commands: f64;
  /** Memory that it held when that was noted last (server/client-eviction.ts). */
  notedBytes: f64;
  /** Output that the host still holds. */
  unsentBytes: u32;
  /** CLIENT NO-TOUCH, CLIENT NO-EVICT. */
  noTouch: u32;
  noEvict: u32;
  /** Row of the last command, 0 = none yet. */
  lastRow: u32;
  /** Owned texts: address and bytes. */
  name: u32;
  nameBytes: u32;
  libraryName: u32;
  libraryNameBytes: u32;
  libraryVersion: u32;
  libraryVersionBytes: u32;
  /** "127.0.0.1:50000" of the peer, then of this side. */
  peer: u32;
  peerBytes: u32;
  local: u32;
  localBytes: u32;
  /** Bits of server/tracking.ts, the session told in its stead (id), its first prefix. */
  tracking: u32;
  redirect: u32;
  prefixes: u32;
  /** Its Transaction since MULTI (server/transaction.ts), 0 = none. */
  transaction: u32;
  /** Its User (server/users.ts), and 0 while that may do everything. */
  user: u32;
  isLimited: u32;
  /** Its first watch (server/watches.ts). */
  watches: u32;
  /** First subscription and their number: channels, patterns, shard channels (server/pubsub.ts). */
  channels: u32;
  channelCount: u32;
  patterns: u32;
  patternCount: u32;
  shardChannels: u32;
  shardChannelCount: u32;
  /** 1: shown every command (server/monitors.ts), and its neighbours among those. */
  isMonitor: u32;
  monitorPrevious: u32;
  monitorNext: u32;
  previous: u32;
  next: u32;

  // @ts-ignore: decorator
  @inline
  get parser(): Parser {
    return changetype<Parser>(changetype<usize>(this) + PARSER_OFFSET);
  }

  // @ts-ignore: decorator
  @inline
  has(flag: SessionFlag): bool {
    return (this.flags & flag) != 0;
  }

  /** Subscriptions of all kinds. */
  // @ts-ignore: decorator
  @inline
  get subscriptions(): u32 {
    return this.channelCount + this.patternCount + this.shardChannelCount;
  }

  get lastCommand(): Row | null {
    return changetype<Row | null>(<usize>this.lastRow);
  }
}

const PARSER_OFFSET: usize = (offsetof<Session>() + 7) & ~7;
export const SESSION_BYTES: u32 = <u32>PARSER_OFFSET + PARSER_BYTES;
const FIRST_SLOTS: u32 = 64;

@unmanaged
class SessionsRoot {
  /** Address and length (in u32) of the id table. */
  table: u32;
  slots: u32;
  count: u32;
  /** Sessions that are not INTERNAL. */
  clients: u32;
  lastId: u32;
  first: u32;
  last: u32;
}

// @ts-ignore: decorator
@inline
function root(): SessionsRoot {
  return changetype<SessionsRoot>(SERVER_ROOT + 0xe40);
}

export function initializeSessions(): void {
  memory.fill(changetype<usize>(root()), 0, offsetof<SessionsRoot>());
  root().table = <u32>allocate(Arena.SERVER, FIRST_SLOTS * 4);
  root().slots = FIRST_SLOTS;
  memory.fill(root().table, 0, FIRST_SLOTS * 4);
}

/** Sessions that belong to clients. */
export function clientCount(): u32 {
  return root().clients;
}

export function firstSession(): Session | null {
  return changetype<Session | null>(<usize>root().first);
}

export function nextSession(session: Session): Session | null {
  return changetype<Session | null>(<usize>session.next);
}

// @ts-ignore: decorator
@inline
function slotAddress(index: u32): usize {
  return <usize>root().table + ((index & (root().slots - 1)) << 2);
}

/** The session with this id, null when it is gone. */
export function findSession(id: u32): Session | null {
  let index = id;
  let address = <usize>load<u32>(slotAddress(index));
  while (address) {
    const session = changetype<Session>(address);
    if (session.id == id) return session;
    index += 1;
    address = <usize>load<u32>(slotAddress(index));
  }
  return null;
}

/** The session that waits for this request, null when it is gone. */
export function findWaiting(request: u32): Session | null {
  let address = <usize>root().first;
  while (address) {
    const session = changetype<Session>(address);
    if (session.request == request) return session;
    address = session.next;
  }
  return null;
}

/** Opens a session; null when memory is short. */
export function createSession(flags: u32): Session | null {
  if (!reserveServing(SESSION_BYTES + slotsWanted() * 4)) return null;
  if (slotsWanted() > root().slots) widen();
  const address = allocate(Arena.SERVER, SESSION_BYTES);
  memory.fill(address, 0, SESSION_BYTES);
  const session = changetype<Session>(address);
  session.id = ++root().lastId;
  session.flags = flags;
  session.protocol = 2;
  session.openedMs = nowMs();
  session.activeMs = nowMs();
  session.authenticated = u32(!isPasswordNeeded() || isTrusted(flags));
  setUser(session, defaultUser());
  initializeParser(session.parser, parserFlags(flags));
  session.previous = root().last;
  if (root().last) changetype<Session>(<usize>root().last).next = <u32>address;
  else root().first = <u32>address;
  root().last = <u32>address;
  place(session);
  root().count += 1;
  if (!session.has(SessionFlag.INTERNAL)) root().clients += 1;
  store<u32>(EXCHANGE + Exchange.SESSIONS, root().clients);
  return session;
}

/** The host's own sessions and replays show no password. */
function isTrusted(flags: u32): bool {
  return (flags & (SessionFlag.INTERNAL | SessionFlag.REPLAY)) != 0;
}

/** Slots of the id table that one session more needs. */
function slotsWanted(): u32 {
  return (root().count + 1) * 2 > root().slots ? root().slots * 2 : root().slots;
}

function parserFlags(flags: u32): u32 {
  if (isTrusted(flags)) return ParserFlag.TRUSTED;
  return isPasswordNeeded() ? ParserFlag.NONE : ParserFlag.AUTHENTICATED;
}

function place(session: Session): void {
  let index = session.id;
  while (load<u32>(slotAddress(index))) index += 1;
  store<u32>(slotAddress(index), <u32>changetype<usize>(session));
}

function widen(): void {
  const slots = slotsWanted();
  release(root().table);
  root().table = <u32>allocate(Arena.SERVER, slots * 4);
  root().slots = slots;
  memory.fill(root().table, 0, slots * 4);
  let address = <usize>root().first;
  while (address) {
    const session = changetype<Session>(address);
    place(session);
    address = session.next;
  }
}

/** Forgets a session and frees what it owns. */
export function destroySession(session: Session): void {
  if (session.previous) changetype<Session>(<usize>session.previous).next = session.next;
  else root().first = session.next;
  if (session.next) changetype<Session>(<usize>session.next).previous = session.previous;
  else root().last = session.previous;
  root().count -= 1;
  if (!session.has(SessionFlag.INTERNAL)) root().clients -= 1;
  store<u32>(EXCHANGE + Exchange.SESSIONS, root().clients);
  unplace(session);
  parserFree(session.parser);
  if (session.name) release(session.name);
  if (session.libraryName) release(session.libraryName);
  if (session.libraryVersion) release(session.libraryVersion);
  if (session.peer) release(session.peer);
  if (session.local) release(session.local);
  release(changetype<usize>(session));
}

/** Empties the session's slot and puts the ones behind it where a search finds them. */
function unplace(session: Session): void {
  let index = session.id;
  while (load<u32>(slotAddress(index)) != <u32>changetype<usize>(session)) index += 1;
  store<u32>(slotAddress(index), 0);
  for (index += 1; load<u32>(slotAddress(index)); index++) {
    const moved = changetype<Session>(<usize>load<u32>(slotAddress(index)));
    store<u32>(slotAddress(index), 0);
    place(moved);
  }
}

/**
 * Replaces an owned text of a session: `field` is the offset of its address, its bytes follow it.
 * Empty text frees it.
 */
export function setSessionText(session: Session, field: usize, text: usize, bytes: u32): void {
  replaceText(changetype<usize>(session) + field, text, bytes);
}

/** Whether a text may name a client or its library: printable ASCII without blanks. */
export function isPrintable(text: usize, bytes: u32): bool {
  for (let index: u32 = 0; index < bytes; index++) {
    if (<u32>load<u8>(text + index) - 0x21 > 0x7e - 0x21) return false;
  }
  return true;
}

/** Asks the host to close another session; what it sends from now on is not executed. */
export function closeOther(session: Session): void {
  session.closing = 1;
  requestClose(session.id);
}

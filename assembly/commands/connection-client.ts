/**
 * CLIENT: facts and switches of a connection, the list of connections, closing them.
 *
 * The list is put together in server/session-text.ts, since MONITOR and logs name clients as well.
 */

import {
  CLIENT_ID_POSITIVE, INVALID_CLIENT_ID, INVALID_CLIENT_NAME, MAX_AGE_NOT_INTEGER,
  MAX_AGE_POSITIVE, NO_SUCH_CLIENT, PAUSE_MODE, SYNTAX, TIMEOUT_NEGATIVE, TIMEOUT_NOT_INTEGER,
  TIMEOUT_OUT_OF_RANGE, UNBLOCK_REASON, replyErrorAround, replySubcommandSyntax,
} from "../protocol/errors";
import {
  replyBulk, replyError, replyInteger, replyNull, replyOk,
} from "../protocol/reply";
import { replySink, sinkMute, sinkUnmute } from "../protocol/sink";
import { SessionFlag } from "../abi";
import { equalBytes } from "../memory/bytes";
import { nowMs } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { Call, integerOrReply, reserveServingOrReply } from "../server/call";
import { Pause, endPause, pauseClients } from "../server/pause";
import {
  ReplyMode, Session, closeOther, findSession, firstSession, isPrintable, nextSession,
  setSessionText,
} from "../server/session";
import { writeSession } from "../server/session-text";
import { command } from "../server/table";
import { findUser } from "../server/users";
import { stopWaiting, waiterOf } from "../server/waiting";
import { giveUp } from "../server/wake";
import { TextBuilder, builderByte } from "../text/builder";
import { equalsIgnoreCase } from "../text/case";
import { parseInteger } from "../text/integers";
import { setClientName } from "./connection";
import { containerHelp } from "./help";
import { newText, replyText } from "./text-reply";

function container(call: Call): void {}

// ---- Facts and switches -------------------------------------------------------------------------

function getName(call: Call): void {
  const session = call.session;
  if (session.nameBytes) replyBulk(session.name, session.nameBytes);
  else replyNull();
}

function setName(call: Call): void {
  const bytes = call.bytesOf(2);
  if (!isPrintable(call.at(2), bytes)) return replyError(INVALID_CLIENT_NAME);
  if (!reserveServingOrReply(bytes)) return;
  setClientName(call.session, call.at(2), bytes);
  replyOk();
}

function setInfo(call: Call): void {
  const attribute = call.at(2);
  const attributeBytes = call.bytesOf(2);
  let field = offsetof<Session>("libraryName");
  if (equalsIgnoreCase(attribute, attributeBytes, "lib-ver")) {
    field = offsetof<Session>("libraryVersion");
  } else if (!equalsIgnoreCase(attribute, attributeBytes, "lib-name")) {
    return replyErrorAround("ERR Unrecognized option '", attribute, attributeBytes, "'");
  }
  const bytes = call.bytesOf(3);
  if (!isPrintable(call.at(3), bytes)) {
    return replyErrorAround("ERR ", attribute, attributeBytes,
      " cannot contain spaces, newlines or special characters.");
  }
  if (!reserveServingOrReply(bytes)) return;
  setSessionText(call.session, field, call.at(3), bytes);
  replyOk();
}

function id(call: Call): void {
  replyInteger(call.session.id);
}

/** ON or OFF in argument 2 as 1 or 0; -1: the error is answered. */
function switchOrReply(call: Call): i32 {
  if (call.is(2, "on")) return 1;
  if (call.is(2, "off")) return 0;
  replyError(SYNTAX);
  return -1;
}

function noTouch(call: Call): void {
  const on = switchOrReply(call);
  if (on < 0) return;
  call.session.noTouch = on;
  replyOk();
}

function noEvict(call: Call): void {
  const on = switchOrReply(call);
  if (on < 0) return;
  call.session.noEvict = on;
  replyOk();
}

/**
 * OFF and SKIP answer nothing themselves; ON answers even where this reply was to be skipped. In a
 * transaction OFF and ON hold from where they stand.
 */
function reply(call: Call): void {
  const session = call.session;
  if (call.is(2, "on")) {
    session.replyMode = ReplyMode.ON;
    sinkUnmute(replySink());
    replyOk();
  } else if (call.is(2, "off")) {
    session.replyMode = ReplyMode.OFF;
    sinkMute(replySink());
  } else if (call.is(2, "skip")) {
    if (session.replyMode != ReplyMode.OFF) session.replyMode = ReplyMode.SKIP_NEXT;
  } else {
    replyError(SYNTAX);
  }
}

/** No commands run, or none that write, for so many milliseconds. */
function pause(call: Call): void {
  if (call.argumentCount > 4) return syntaxOrArity(call);
  let kind = Pause.ALL;
  if (call.argumentCount == 4) {
    if (call.is(3, "write")) kind = Pause.WRITE;
    else if (!call.is(3, "all")) return replyError(PAUSE_MODE);
  }
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (!parseInteger(call.at(2), call.bytesOf(2), out)) return replyError(TIMEOUT_NOT_INTEGER);
  if (call.integer < 0) return replyError(TIMEOUT_NEGATIVE);
  if (call.integer > i64.MAX_VALUE - nowMs()) return replyError(TIMEOUT_OUT_OF_RANGE);
  pauseClients(kind, nowMs() + call.integer);
  replyOk();
}

function unpause(call: Call): void {
  endPause();
  replyOk();
}

/** Ends the wait of another client for a key, as if its time were up or with an error. */
function unblock(call: Call): void {
  if (call.argumentCount > 4) return syntaxOrArity(call);
  if (call.argumentCount == 4 && !call.is(3, "timeout") && !call.is(3, "error")) {
    return replyError(UNBLOCK_REASON);
  }
  if (!integerOrReply(call, 2)) return;
  const id = <u64>call.integer;
  const session = id <= u32.MAX_VALUE ? findSession(<u32>id) : null;
  const waiter = session && isListed(session, call.session) ? waiterOf(session) : null;
  const waits = waiter != null && !waiter.isPostponed;
  if (waits) giveUp(waiter!, call.argumentCount == 4 && call.is(3, "error"));
  replyInteger(i32(waits));
}

function syntaxOrArity(call: Call): void {
  replySubcommandSyntax(call.at(1), call.bytesOf(1), "CLIENT");
}

// ---- Lists --------------------------------------------------------------------------------------

const enum ClientType {
  NONE = -1,
  NORMAL = 0,
  REPLICA = 1,
  PUBSUB = 2,
  MASTER = 3,
}

/** The client type named by argument `index`; NONE: the error is answered. */
function typeOrReply(call: Call, index: i32): ClientType {
  if (call.is(index, "normal")) return ClientType.NORMAL;
  if (call.is(index, "replica") || call.is(index, "slave")) return ClientType.REPLICA;
  if (call.is(index, "pubsub")) return ClientType.PUBSUB;
  if (call.is(index, "master")) return ClientType.MASTER;
  replyErrorAround("ERR Unknown client type '", call.at(index), call.bytesOf(index), "'");
  return ClientType.NONE;
}

function typeOf(session: Session): ClientType {
  return session.subscriptions ? ClientType.PUBSUB : ClientType.NORMAL;
}

/** Whether clients may see a session: not the host's own, nor one that is being closed. */
function isListed(session: Session, asking: Session): bool {
  if (session.has(SessionFlag.INTERNAL)) return false;
  return !session.closing || session == asking;
}

function addSession(builder: TextBuilder, session: Session): void {
  writeSession(builder, session);
  builderByte(builder, 0x0a);
}

function info(call: Call): void {
  const mark = scratchMark();
  const builder = newText();
  addSession(builder, call.session);
  replyText(builder);
  scratchRelease(mark);
}

function list(call: Call): void {
  let type = ClientType.NONE;
  const count = call.argumentCount;
  const byId = count > 3 && call.is(2, "id");
  if (count == 4 && call.is(2, "type")) {
    type = typeOrReply(call, 3);
    if (type == ClientType.NONE) return;
  } else if (byId) {
    if (!areIdsOrReply(call)) return;
  } else if (count != 2) {
    return replyError(SYNTAX);
  }
  const mark = scratchMark();
  const builder = newText();
  if (byId) addById(call, builder);
  else addByType(call, builder, type);
  replyText(builder);
  scratchRelease(mark);
}

function areIdsOrReply(call: Call): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  for (let index = 3; index < call.argumentCount; index++) {
    if (parseInteger(call.at(index), call.bytesOf(index), out)) continue;
    replyError(INVALID_CLIENT_ID);
    return false;
  }
  return true;
}

function addById(call: Call, builder: TextBuilder): void {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  for (let index = 3; index < call.argumentCount; index++) {
    parseInteger(call.at(index), call.bytesOf(index), out);
    if (<u64>call.integer > u32.MAX_VALUE) continue;
    const session = findSession(<u32>call.integer);
    if (session && isListed(session, call.session)) addSession(builder, session);
  }
}

function addByType(call: Call, builder: TextBuilder, type: ClientType): void {
  let session = firstSession();
  while (session) {
    if (isListed(session, call.session) && (type == ClientType.NONE || type == typeOf(session))) {
      addSession(builder, session);
    }
    session = nextSession(session);
  }
}

// ---- Closing ------------------------------------------------------------------------------------

/** What CLIENT KILL asks for; 0 in a field: any. */
@unmanaged
class KillFilter {
  id: i64;
  maximumAgeSeconds: i64;
  /** Arguments that hold them. */
  address: i32;
  localAddress: i32;
  /** Its User. */
  user: u32;
  type: ClientType;
  skipsMe: u32;
}

function kill(call: Call): void {
  const mark = scratchMark();
  const filter = changetype<KillFilter>(scratchTake(offsetof<KillFilter>()));
  memory.fill(changetype<usize>(filter), 0, offsetof<KillFilter>());
  filter.type = ClientType.NONE;
  if (call.argumentCount == 3) filter.address = 2;
  else filter.skipsMe = 1;
  if (call.argumentCount == 3 || readKillFilter(call, filter)) killMatching(call, filter);
  scratchRelease(mark);
}

function readKillFilter(call: Call, filter: KillFilter): bool {
  const count = call.argumentCount;
  for (let index = 2; index < count; index += 2) {
    if (index + 1 == count || !readKillOption(call, filter, index)) {
      if (index + 1 == count) replyError(SYNTAX);
      return false;
    }
  }
  return true;
}

/** Reads the option at `index` with its value; false: the error is answered. */
function readKillOption(call: Call, filter: KillFilter, index: i32): bool {
  const value = index + 1;
  if (call.is(index, "id")) return readKillId(call, filter, value);
  if (call.is(index, "maxage")) return readMaximumAge(call, filter, value);
  if (call.is(index, "user")) return readKillUser(call, filter, value);
  if (call.is(index, "type")) {
    filter.type = typeOrReply(call, value);
    return filter.type != ClientType.NONE;
  }
  if (call.is(index, "addr")) {
    filter.address = value;
    return true;
  }
  if (call.is(index, "laddr")) {
    filter.localAddress = value;
    return true;
  }
  if (call.is(index, "skipme") && (call.is(value, "yes") || call.is(value, "no"))) {
    filter.skipsMe = u32(call.is(value, "yes"));
    return true;
  }
  replyError(SYNTAX);
  return false;
}

function readKillId(call: Call, filter: KillFilter, index: i32): bool {
  const out = changetype<usize>(filter) + offsetof<KillFilter>("id");
  if (parseInteger(call.at(index), call.bytesOf(index), out) && filter.id > 0) return true;
  replyError(CLIENT_ID_POSITIVE);
  return false;
}

function readMaximumAge(call: Call, filter: KillFilter, index: i32): bool {
  const out = changetype<usize>(filter) + offsetof<KillFilter>("maximumAgeSeconds");
  if (!parseInteger(call.at(index), call.bytesOf(index), out)) {
    replyError(MAX_AGE_NOT_INTEGER);
    return false;
  }
  if (filter.maximumAgeSeconds > 0) return true;
  replyError(MAX_AGE_POSITIVE);
  return false;
}

function readKillUser(call: Call, filter: KillFilter, index: i32): bool {
  const user = findUser(call.at(index), call.bytesOf(index));
  if (user) {
    filter.user = <u32>changetype<usize>(user);
    return true;
  }
  replyErrorAround("ERR No such user '", call.at(index), call.bytesOf(index), "'");
  return false;
}

function killMatching(call: Call, filter: KillFilter): void {
  let killed = 0;
  let closesMe = false;
  let session = firstSession();
  while (session) {
    const following = nextSession(session);
    if (matchesKill(call, filter, session)) {
      killed += 1;
      if (session == call.session) closesMe = true;
      else closeWaiting(session);
    }
    session = following;
  }
  if (call.argumentCount > 3) replyInteger(killed);
  else if (killed) replyOk();
  else replyError(NO_SUCH_CLIENT);
  if (closesMe) call.session.closing = 1;
}

function closeWaiting(session: Session): void {
  stopWaiting(session);
  closeOther(session);
}

function matchesKill(call: Call, filter: KillFilter, session: Session): bool {
  if (!isListed(session, call.session)) return false;
  if (filter.skipsMe && session == call.session) return false;
  if (filter.id && filter.id != session.id) return false;
  if (filter.user && filter.user != session.user) return false;
  if (filter.type != ClientType.NONE && filter.type != typeOf(session)) return false;
  if (filter.address && !isArgument(call, filter.address, session.peer, session.peerBytes)) {
    return false;
  }
  const local = filter.localAddress;
  if (local && !isArgument(call, local, session.local, session.localBytes)) return false;
  const age = nowMs() / 1000 - session.openedMs / 1000;
  return !filter.maximumAgeSeconds || age >= filter.maximumAgeSeconds;
}

function isArgument(call: Call, index: i32, text: usize, bytes: u32): bool {
  return call.bytesOf(index) == bytes && equalBytes(call.at(index), text, bytes);
}

// ---- Rows ---------------------------------------------------------------------------------------

function sub(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  flags: string,
  args: string,
  tips: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "connection", since, arity, flags, "connection", "", args, tips,
    complexity, summary);
}

function registerFacts(): void {
  sub(getName.index, "client|getname", "2.6.9", 2, "noscript loading stale", "", "", "O(1)",
    "Answers the name of this connection.");
  sub(containerHelp.index, "client|help", "5.0.0", 2, "loading stale", "", "", "O(1)",
    "Lists the subcommands.");
  sub(id.index, "client|id", "5.0.0", 2, "noscript loading stale", "", "", "O(1)",
    "Answers the number of this connection.");
  sub(info.index, "client|info", "6.2.0", 2, "noscript loading stale", "",
    "nondeterministic_output", "O(1)", "Answers the line of CLIENT LIST for this connection.");
  sub(noEvict.index, "client|no-evict", "7.0.0", 3, "admin noscript loading stale",
    "enabled:oneof(on:pure-token=ON off:pure-token=OFF)", "", "O(1)",
    "Keeps this connection when clients are evicted.");
  sub(noTouch.index, "client|no-touch", "7.2.0", 3, "noscript loading stale",
    "enabled:oneof(on:pure-token=ON off:pure-token=OFF)", "", "O(1)",
    "Leaves the access time of the keys that this connection uses.");
  sub(pause.index, "client|pause", "2.9.50", -3, "admin noscript loading stale",
    "timeout:integer mode:oneof?^6.2.0(write:pure-token=WRITE all:pure-token=ALL)", "", "O(1)",
    "Lets no command run for some time, or none that writes.");
  sub(unpause.index, "client|unpause", "6.2.0", 2, "admin noscript loading stale", "", "",
    "O(N) in the number of connections that wait", "Ends a pause.");
  sub(reply.index, "client|reply", "3.2.0", 3, "noscript loading stale",
    "action:oneof(on:pure-token=ON off:pure-token=OFF skip:pure-token=SKIP)", "", "O(1)",
    "Switches the replies of this connection on or off, or skips the next one.");
  sub(setInfo.index, "client|setinfo", "7.2.0", 4, "noscript loading stale",
    "attr:oneof(libname:string=LIB-NAME libver:string=LIB-VER)",
    "request_policy:all_nodes response_policy:all_succeeded", "O(1)",
    "Tells the name or version of the client library.");
  sub(setName.index, "client|setname", "2.6.9", 3, "noscript loading stale",
    "connection-name:string", "request_policy:all_nodes response_policy:all_succeeded", "O(1)",
    "Names this connection.");
}

export function registerClient(): void {
  command(container.index, "client", "connection", "2.4.0", -2, "", "", "", "", "",
    "Depends on subcommand.", "Facts and switches of connections.");
  registerFacts();
  sub(kill.index, "client|kill", "2.4.0", -3, "admin noscript loading stale",
    "filter:oneof(old-format:string~ip:port!2.8.12 \
new-format:oneof*(client-id:integer=ID?^2.8.12 \
client-type:oneof=TYPE?^2.8.12(normal:pure-token=NORMAL master:pure-token=MASTER^3.2.0 \
slave:pure-token=SLAVE replica:pure-token=REPLICA^5.0.0 pubsub:pure-token=PUBSUB) \
username:string=USER? addr:string=ADDR?~ip:port laddr:string=LADDR?^6.2.0~ip:port \
skipme:oneof=SKIPME?(yes:pure-token=YES no:pure-token=NO) maxage:integer=MAXAGE?^7.4.0))",
    "", "O(N) in the number of connections", "Closes connections.");
  sub(list.index, "client|list", "2.4.0", -2, "admin noscript loading stale",
    "client-type:oneof=TYPE?^5.0.0(normal:pure-token=NORMAL master:pure-token=MASTER \
replica:pure-token=REPLICA pubsub:pure-token=PUBSUB) client-id:integer=ID?*^6.2.0",
    "nondeterministic_output", "O(N) in the number of connections", "Lists the connections.");
  sub(unblock.index, "client|unblock", "5.0.0", -3, "admin noscript loading stale",
    "client-id:integer unblock-type:oneof?(timeout:pure-token=TIMEOUT error:pure-token=ERROR)",
    "", "O(log N) in the number of connections", "Wakes a connection that waits.");
}

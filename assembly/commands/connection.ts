/**
 * Connection commands: who the client is, which protocol it speaks, and its end.
 *
 * CLIENT and its subcommands are in connection-client.ts.
 */

import {
  HELLO_NOAUTH, INVALID_CLIENT_NAME, NO_PASSWORD_SET, NO_PROTOCOL, PROTOCOL_NOT_INTEGER, SYNTAX,
  WRONG_PASSWORD, replyErrorAround, replyWrongArity,
} from "../protocol/errors";
import { parserAuthenticated } from "../protocol/parser";
import {
  replyArray, replyBulk, replyBulkText, replyEmptyArray, replyEmptyBulk, replyError, replyInteger,
  replyMap, replyOk, replyStatus, setProtocol,
} from "../protocol/reply";
import { replySink, sinkUnmute } from "../protocol/sink";
import { Call, reserveServingOrReply } from "../server/call";
import { leaveMonitors } from "../server/monitors";
import { forgetAudience, unsubscribeAll } from "../server/pubsub";
import { ReplyMode, Session, isPrintable, setSessionText } from "../server/session";
import { disableTracking } from "../server/tracking";
import { dropTransaction } from "../server/transaction";
import {
  UserFlag, defaultUser, findUser, isPassword, isPasswordNeeded, setUser,
} from "../server/users";
import { noteFailedLogin } from "../server/users-log";
import { forgetWatches } from "../server/watches";
import { command, deprecated } from "../server/table";
import { REDIS_VERSION } from "../server/version";
import { parseInteger } from "../text/integers";

/** Whether user and password (index, 0 = the default user) may enter; marks the session when so. */
function authenticate(call: Call, user: i32, password: i32): bool {
  const session = call.session;
  const found = user ? findUser(call.at(user), call.bytesOf(user)) : defaultUser();
  if (!isPassword(found, call.at(password), call.bytesOf(password))) {
    if (user) noteFailedLogin(call, call.at(user), call.bytesOf(user));
    else noteFailedLogin(call, defaultUser().name, defaultUser().nameBytes);
    return false;
  }
  session.authenticated = 1;
  setUser(session, found!);
  parserAuthenticated(session.parser, true);
  return true;
}

function auth(call: Call): void {
  const count = call.argumentCount;
  if (count > 3) return replyError(SYNTAX);
  if (count == 2 && defaultUser().flags & UserFlag.NO_PASSWORD) return replyError(NO_PASSWORD_SET);
  const isAllowed = count == 2 ? authenticate(call, 0, 1) : authenticate(call, 1, 2);
  if (isAllowed) replyOk();
  else replyError(WRONG_PASSWORD);
}

function echo(call: Call): void {
  replyBulk(call.at(1), call.bytesOf(1));
}

function ping(call: Call): void {
  if (call.argumentCount > 2) {
    return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  }
  if (call.session.subscriptions && call.session.protocol == 2) return pingAsMessage(call);
  if (call.argumentCount == 2) replyBulk(call.at(1), call.bytesOf(1));
  else replyStatus("PONG");
}

/** A RESP2 session that listens expects nothing but messages. */
function pingAsMessage(call: Call): void {
  replyArray(2);
  replyBulkText("pong");
  if (call.argumentCount == 2) replyBulk(call.at(1), call.bytesOf(1));
  else replyEmptyBulk();
}

function quit(call: Call): void {
  replyOk();
  call.session.closing = 1;
}

/** The session as it was when it was opened; its id and library stay. */
function reset(call: Call): void {
  const session = call.session;
  unsubscribeAll(session);
  dropTransaction(session);
  forgetWatches(session);
  disableTracking(session);
  leaveMonitors(session);
  session.database = 0;
  session.protocol = 2;
  setProtocol(2);
  session.noTouch = 0;
  session.noEvict = 0;
  setUser(session, defaultUser());
  session.authenticated = u32(!isPasswordNeeded());
  parserAuthenticated(session.parser, session.authenticated != 0);
  setSessionText(session, offsetof<Session>("name"), 0, 0);
  if (session.replyMode == ReplyMode.OFF) {
    session.replyMode = ReplyMode.ON;
    sinkUnmute(replySink());
  }
  replyStatus("RESET");
}

/** The version in argument 1; 0: none is named, -1: the error is answered. */
function protocolVersion(call: Call): i32 {
  if (call.argumentCount == 1) return 0;
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (!parseInteger(call.at(1), call.bytesOf(1), out)) {
    replyError(PROTOCOL_NOT_INTEGER);
    return -1;
  }
  if (call.integer == 2 || call.integer == 3) return <i32>call.integer;
  replyError(NO_PROTOCOL);
  return -1;
}

function hello(call: Call): void {
  const version = protocolVersion(call);
  if (version < 0) return;
  let user = 0;
  let name = 0;
  const count = call.argumentCount;
  for (let index = 2; index < count; index++) {
    const more = count - 1 - index;
    if (more >= 2 && call.is(index, "auth")) {
      user = index + 1;
      index += 2;
    } else if (more >= 1 && call.is(index, "setname")) {
      name = index + 1;
      if (!isPrintable(call.at(name), call.bytesOf(name))) return replyError(INVALID_CLIENT_NAME);
      index += 1;
    } else {
      const option = call.at(index);
      const bytes = call.bytesOf(index);
      return replyErrorAround("ERR Syntax error in HELLO option '", option, bytes, "'");
    }
  }
  if (name && !reserveServingOrReply(call.bytesOf(name))) return;
  if (user && !authenticate(call, user, user + 1)) return replyError(WRONG_PASSWORD);
  if (isPasswordNeeded() && !call.session.authenticated) return replyError(HELLO_NOAUTH);
  if (name) setClientName(call.session, call.at(name), call.bytesOf(name));
  if (version) {
    call.session.protocol = version;
    setProtocol(version);
    if (call.session.subscriptions) forgetAudience();
  }
  replyHello(call.session);
}

/** Gives a session its name; nothing takes it away. */
export function setClientName(session: Session, name: usize, bytes: u32): void {
  setSessionText(session, offsetof<Session>("name"), name, bytes);
}

function replyHello(session: Session): void {
  replyMap(7);
  replyBulkText("server");
  replyBulkText("redis");
  replyBulkText("version");
  replyBulkText(REDIS_VERSION);
  replyBulkText("proto");
  replyInteger(session.protocol);
  replyBulkText("id");
  replyInteger(session.id);
  replyBulkText("mode");
  replyBulkText("standalone");
  replyBulkText("role");
  replyBulkText("master");
  replyBulkText("modules");
  replyEmptyArray();
}

export function registerConnection(): void {
  command(auth.index, "auth", "connection", "1.0.0", -2,
    "noscript loading stale fast no_auth allow_busy", "connection", "",
    "username:string?^6.0.0 password:string", "", "O(1)",
    "Shows a password, so that the other commands answer.");
  command(echo.index, "echo", "connection", "1.0.0", 2, "loading stale fast", "connection", "",
    "message:string", "", "O(1)", "Answers its argument.");
  command(hello.index, "hello", "connection", "6.0.0", -1,
    "noscript loading stale fast no_auth allow_busy", "connection", "",
    "arguments:block?(protover:integer auth:block=AUTH?(username:string password:string) \
clientname:string=SETNAME?)",
    "", "O(1)", "Chooses the protocol version and may log in and name the connection.");
  command(ping.index, "ping", "connection", "1.0.0", -1, "fast", "connection", "",
    "message:string?", "request_policy:all_shards response_policy:all_succeeded", "O(1)",
    "Answers PONG, or its argument.");
  command(quit.index, "quit", "connection", "1.0.0", -1,
    "noscript loading stale fast no_auth allow_busy", "connection", "", "", "", "O(1)",
    "Closes the connection.");
  deprecated("quit", "7.2.0", "just closing the connection");
  command(reset.index, "reset", "connection", "6.2.0", 1,
    "noscript loading stale fast no_auth allow_busy", "connection", "", "", "", "O(1)",
    "Puts the connection back to how it was when it was opened.");
}

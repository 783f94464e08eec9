/**
 * Execution: one call per received chunk runs every complete command in it, in place.
 *
 *   execute -> feed -> [ parserNext -> runCommand -> parserRelease ]* -> parserSuspend -> flush
 *
 * A command is refused before its handler when it is unknown, has the wrong number of arguments,
 * the session has no right to it, or memory is out; then its row's handler is called through the
 * function table. This file imports no command: `dispatch` is the only indirect call.
 */

import {
  EFFECTS_WINDOW_BYTES, EXCHANGE, Exchange, Request, SessionFlag, Status,
} from "../abi";
import { reserve, usedBytes } from "../memory/allocator";
import { isReplaying, nowMs, setNowMs, setReplaying } from "../memory/root";
import { settleSteps } from "../memory/steps";
import { accessRules } from "../keyspace/access";
import { collectGarbage, hasGarbage } from "../keyspace/garbage";
import { databaseAt, position, setPosition } from "../keyspace/keyspace";
import { evictOne } from "../keyspace/eviction";
import { crc64 } from "../interchange/crc64";
import { forgetLookahead, lookAhead } from "../keyspace/lookahead";
import { statistics } from "../keyspace/statistics";
import { hasReady } from "../keyspace/waiting-keys";
import {
  COMMAND_NOT_ALLOWED_IN_MULTI, EXEC_ARITY, EXEC_WHILE_SUBSCRIBED, MONITOR_KEYSPACE, NOAUTH,
  OUT_OF_MEMORY, SAVE_MISCONF, replyErrorAround, replyNotWhileSubscribed, replyUnknownCommand,
  replyUnknownSubcommand, replyWrongArity,
} from "../protocol/errors";
import {
  ParseResult, parserAuthenticated, parserFeed, parserNext, parserRelease, parserSuspend,
} from "../protocol/parser";
import { errorsThisCall, replyError, replyStatus, setProtocol } from "../protocol/reply";
import {
  Sink, announceEffects, effectsSink, replySink, sinkFlush, sinkMute, sinkPendingBytes,
  sinkPosition, sinkSession, sinkTake, sinkUnmute,
} from "../protocol/sink";
import { Call, settleEffectsOf, topCall } from "./call";
import { noteClientMemory } from "./client-eviction";
import { countErrorCode } from "./error-statistics";
import { setExecuting, settleMessages } from "./messages";
import { hasRefusals, isRefusedByHost } from "./refusals";
import { flagsOf, holdsBack, isPauseOn, isPostponedOver } from "./pause";
import { ReplyMode, Session, findSession } from "./session";
import { settings } from "./settings";
import {
  Row, RowFlag, findRow, findSpoken, findSubcommand, hasRenames,
} from "./table";
import { afterCall, beforeCall, settleTiming, settleWith, startTiming } from "./timing";
import { Tracking, rememberKeys, settleTracking } from "./tracking";
import {
  abortTransaction, continueTransaction, dropTransaction, isRunSuspended, needsMemory,
  queueCommand,
} from "./transaction";
import { isPasswordNeeded } from "./users";
import { isDenied } from "./users-check";
import { Waiter, dropPostponed, postpone, takePostponed } from "./waiting";
import { forgetWatches } from "./watches";
import { serveReady } from "./wake";

/** Buckets of flushed keys that a write frees at a time when memory is short. */
const GARBAGE_STEPS: i32 = 256;
/** Keys that one command evicts before it runs all the same. */
const EVICTIONS_EACH: i32 = 64;
/** What looking for a key to evict counts as. */
const EVICTION_STEPS: i32 = 16;
/** Buckets of flushed keys that every call frees, so that they go however seldom ticks come. */
const GARBAGE_STEPS_EACH: i32 = 16;

/** Runs the bytes just received for a session. */
export function executeChunk(id: u32, bytes: u32, timeMs: f64): i32 {
  const session = findSession(id);
  if (!session) return Status.CLOSE;
  enter(session, timeMs);
  parserFeed(session.parser, bytes);
  return run(session);
}

/** Runs what a session that waited has left to run. */
export function resumeSession(id: u32, timeMs: f64): i32 {
  const session = findSession(id);
  if (!session) return Status.CLOSE;
  enter(session, timeMs);
  parserFeed(session.parser, 0);
  return run(session);
}

/** Sets clock, protocol and reply sink for a session. */
export function enter(session: Session, timeMs: f64): void {
  setNowMs(<i64>timeMs);
  if (!session.openedMs) session.openedMs = nowMs();
  setProtocol(session.protocol);
  sinkSession(replySink(), session.id);
  setReplaying(session.has(SessionFlag.REPLAY));
  store<u32>(EXCHANGE + Exchange.REQUEST_KIND, Request.NONE);
  forgetLookahead();
  if (hasGarbage()) collectGarbage(GARBAGE_STEPS_EACH);
}

function run(session: Session): i32 {
  const parser = session.parser;
  let status: i32 = Status.CONTINUE;
  startTiming(session.has(SessionFlag.INTERNAL));
  if (session.closing) return leave(session, Status.CLOSE);
  if (session.waiter && isPostponedOver(session)) status = runPostponed(session);
  if (session.request || session.waiter) return leave(session, Status.WAITING);
  while (status == Status.CONTINUE) {
    lookAhead(databaseAt(session.database), parser.cursor, parser.end);
    if (session.replyMode) sinkMute(replySink());
    const result = parserNext(parser);
    if (result == ParseResult.COMPLETE) {
      status = runCommand(session, parser.argumentCount, parser.arguments);
      // While its arguments are there, for the slow log.
      if (parser.cursor == parser.end) settleWith(topCall());
      parserRelease(parser);
      continue;
    }
    if (errorsThisCall()) countErrorCode();
    if (result == ParseResult.MORE) break;
    if (result == ParseResult.FAILED || result == ParseResult.CLOSE) status = Status.CLOSE;
  }
  settleTiming();
  sinkUnmute(replySink());
  return leave(session, status);
}

/** Hands over what was written and tells the host where the call ended. */
export function leave(session: Session, status: i32): i32 {
  // What cannot be kept, because memory or the query buffer limit is passed, ends the connection.
  const kept = status == Status.CLOSE || parserSuspend(session.parser);
  sinkFlush(replySink());
  noteClientMemory(session);
  settleEffects();
  setReplaying(false);
  return kept ? status : Status.CLOSE;
}

/** Before `complete` writes the reply that a session waits for. */
export function enterAnswer(session: Session, timeMs: f64): void {
  enter(session, timeMs);
  if (session.replyMode) sinkMute(replySink());
}

/** Hands over what `complete` wrote; the session may go on, or waits again inside its EXEC. */
export function finish(session: Session): i32 {
  if (errorsThisCall()) {
    if (session.lastRow) changetype<Row>(<usize>session.lastRow).failedCalls += 1;
    countErrorCode();
  }
  let status = Status.CONTINUE;
  if (isRunSuspended(session)) {
    status = continueTransaction(session);
    settleTiming();
    if (status == Status.CONTINUE && hasReady()) serveReady(session);
  }
  if (session.replyMode) endSilence(session);
  settleMessages(session);
  sinkFlush(replySink());
  settleEffects();
  setReplaying(false);
  return status;
}

/**
 * Hands the effects over, or gathers them, and moves the position past them: between calls the sink
 * has handed over what is in its window less, so that its position is 0.
 */
export function settleEffects(): void {
  settleTracking();
  const sink = effectsSink();
  if (load<u32>(EXCHANGE + Exchange.EFFECTS_GATHERING)) gatherEffects(sink);
  else sinkFlush(sink);
  const bytes = sinkPosition(sink);
  if (bytes) {
    setPosition(position() + bytes);
    sink.handed -= bytes;
  }
  store<f64>(EXCHANGE + Exchange.POSITION, position());
  settleSteps();
}

/**
 * Leaves effects in their window, so that a turn of the host's loop costs one checksum (whose
 * tables take half of the first cache) and one copy however many calls it makes.
 */
function gatherEffects(sink: Sink): void {
  const bytes = sinkPendingBytes(sink);
  if (bytes > <usize>(EFFECTS_WINDOW_BYTES / 2)) {
    sumEffects(sink);
    sinkFlush(sink);
  } else if (bytes && sink.handed >= 0) {
    announceEffects();
  }
}

/** Adds what is about to be handed over to the checksum of the log's batch. */
function sumEffects(sink: Sink): void {
  const bytes = <u32>sinkPendingBytes(sink);
  const sum = EXCHANGE + Exchange.EFFECTS_SUM;
  store<u64>(sum, crc64(load<u64>(sum), sink.start, bytes));
  store<u32>(EXCHANGE + Exchange.EFFECTS_SUMMED, bytes);
}

/** Between calls: the host takes what was gathered from the window. Answers how many bytes. */
export function takeGatheredEffects(): u32 {
  const sink = effectsSink();
  if (!sinkPendingBytes(sink)) return 0;
  sumEffects(sink);
  return <u32>sinkTake(sink);
}

/** What was gathered is flushed: the window is needed, or a consumer goes. */
export function flushEffects(): void {
  settleEffects();
  sinkFlush(effectsSink());
}

/** Executes one parsed command of a session at the top level. */
function runCommand(session: Session, argumentCount: u32, vector: usize): i32 {
  const call = topCall();
  call.session = session;
  call.argumentCount = argumentCount;
  call.arguments = <u32>vector;
  call.status = Status.CONTINUE;
  call.canWait = 1;
  call.row = changetype<Row>(0);
  session.activeMs = nowMs();
  session.commands += 1;
  if (session.replyMode) startSilence(session);
  const leavesAccess = session.noTouch;
  if (leavesAccess) accessRules().paused = 1;
  setExecuting(session);
  const row = admit(call);
  if (!row) abortTransaction(session);
  else if (isPauseOn() | session.isMonitor && isSetAside(call, row)) abortIfRefused(call);
  else if (session.transaction && !controlsTransaction(row)) queue(call, row);
  else dispatch(call, row);
  setExecuting(null);
  if (session.tracking & Tracking.CACHING) endCaching(session);
  if (errorsThisCall()) countErrorCode();
  if (leavesAccess) accessRules().paused = 0;
  if (session.replyMode) endSilence(session);
  settleMessages(session);
  if (hasReady() && !isRunSuspended(session)) serveReady(session);
  if (session.closing) return Status.CLOSE;
  return call.status;
}

/** Runs the command that a pause held back. */
function runPostponed(session: Session): i32 {
  const waiter = changetype<Waiter>(<usize>session.waiter);
  takePostponed(waiter);
  session.commands -= 1;
  if (session.replyMode) sinkMute(replySink());
  const status = runCommand(session, waiter.argumentCount, waiter.arguments);
  settleWith(topCall());
  dropPostponed(waiter);
  return status;
}

/** During a pause, or of a monitor: true when the command does not run now. */
function isSetAside(call: Call, row: Row): bool {
  const touches: u32 = RowFlag.READONLY | RowFlag.WRITE | RowFlag.MAY_REPLICATE;
  if (call.session.isMonitor) {
    if (!(flagsOf(call, row) & touches)) return false;
    refuse(call.session, row, MONITOR_KEYSPACE);
    return true;
  }
  if (!holdsBack(call, row)) return false;
  postpone(call, row);
  return true;
}

/** A command that was set aside and does not wait was refused. */
function abortIfRefused(call: Call): void {
  if (!call.session.waiter) abortTransaction(call.session);
}

/** CLIENT CACHING speaks of one command, or one transaction. */
function endCaching(session: Session): void {
  const row = session.lastCommand;
  const goesOn = session.transaction != 0 || (row != null && row.is("client|caching"));
  if (!goesOn) session.tracking &= ~Tracking.CACHING;
}

/** Keeps a command for EXEC. */
function queue(call: Call, row: Row): void {
  if (queueCommand(call, row)) replyStatus("QUEUED");
  else abortTransaction(call.session);
}

/** What runs at once after MULTI. */
function controlsTransaction(row: Row): bool {
  if (row.nameBytes == 4) return row.is("exec") || row.is("quit");
  if (row.nameBytes == 5) return row.is("watch") || row.is("multi") || row.is("reset");
  return row.is("discard");
}

/** Calls the handler of an admitted command and renders its effect. */
export function dispatch(call: Call, row: Row): void {
  const session = call.session;
  call.row = row;
  call.database = databaseAt(session.database);
  call.dirty = 0;
  call.rendered = 0;
  beforeCall(row);
  call_indirect<void>(row.handler, call);
  afterCall(call, row);
  if (errorsThisCall()) row.failedCalls += 1;
  if (session.tracking && row.flags & RowFlag.READONLY) rememberKeys(call);
  settleEffectsOf(call);
}

/** The row to execute; null: the refusal is answered. */
export function admit(call: Call): Row | null {
  const name = call.at(0);
  const bytes = call.bytesOf(0);
  let row = hasRenames() ? findNamed(call.session, name, bytes) : findRow(name, bytes);
  if (row && row.firstChild && call.argumentCount > 1) {
    row = findSubcommand(row, call.at(1), call.bytesOf(1));
    if (!row) replyUnknownSubcommand(call.at(1), call.bytesOf(1), name, bytes);
  } else if (!row) {
    replyUnknownCommand(call.arguments, call.argumentCount);
  }
  const session = call.session;
  session.lastRow = <u32>changetype<usize>(row);
  if (!row) return null;
  const count = call.argumentCount;
  if (row.arity > 0 ? row.arity != count : count < -row.arity) {
    row.rejectedCalls += 1;
    if (row.is("exec")) abortExec(session, EXEC_ARITY);
    else replyWrongArity(row.nameAddress, row.nameBytes);
    return null;
  }
  if (!session.authenticated && needsPassword(session, row)) return refuse(session, row, NOAUTH);
  if (session.isLimited && isDenied(call, row)) {
    if (row.is("exec")) discard(session);
    return null;
  }
  if (session.transaction && !isFitForTransaction(session, row)) return null;
  if (row.flags & RowFlag.DENYOOM && isOutOfMemory()) return refuse(session, row, OUT_OF_MEMORY);
  if (load<u32>(EXCHANGE + Exchange.SAVE_FAILED) && isUnsafe(call, row)) {
    return refuse(session, row, SAVE_MISCONF);
  }
  if (hasRefusals() && isRefusedByHost(call, row)) return null;
  if (session.subscriptions && session.protocol == 2 && !runsWhileSubscribed(row)) {
    if (row.is("exec")) return refuse(session, row, EXEC_WHILE_SUBSCRIBED);
    row.rejectedCalls += 1;
    replyNotWhileSubscribed(row.nameAddress, row.nameBytes);
    return null;
  }
  return row;
}

/** The host and what is replayed use the names of the table. */
function findNamed(session: Session, name: usize, bytes: u32): Row | null {
  const isTrusted = session.has(SessionFlag.INTERNAL) || session.has(SessionFlag.REPLAY);
  return isTrusted ? findRow(name, bytes) : findSpoken(name, bytes);
}

/** Of a session after MULTI: false when the refusal is answered. */
function isFitForTransaction(session: Session, row: Row): bool {
  if (row.flags & RowFlag.NO_MULTI) {
    refuse(session, row, COMMAND_NOT_ALLOWED_IN_MULTI);
    return false;
  }
  if (!row.is("exec") || !needsMemory(session) || !isOutOfMemory()) return true;
  refuse(session, row, OUT_OF_MEMORY);
  return false;
}

/** EXEC is refused: the transaction is over without having run. */
function abortExec(session: Session, reason: string): void {
  replyErrorAround("EXECABORT Transaction discarded because of: ", 0, 0, reason);
  discard(session);
}

function discard(session: Session): void {
  dropTransaction(session);
  forgetWatches(session);
}

function refuse(session: Session, row: Row, error: string): Row | null {
  row.rejectedCalls += 1;
  if (row.is("exec")) abortExec(session, error);
  else replyError(error);
  return null;
}

/** What a RESP2 session may run while it listens: its stream of replies carries messages. */
function runsWhileSubscribed(row: Row): bool {
  if (row.nameBytes <= 5) return row.is("ping") || row.is("quit") || row.is("reset");
  return row.is("subscribe") || row.is("psubscribe") || row.is("ssubscribe")
    || row.is("unsubscribe") || row.is("punsubscribe") || row.is("sunsubscribe");
}

/** A session that has not shown a password is free only while there is none. */
function needsPassword(session: Session, row: Row): bool {
  if (isPasswordNeeded()) return !(row.flags & RowFlag.NO_AUTH);
  parserAuthenticated(session.parser, true);
  return false;
}

/**
 * True when `maxmemory` is passed or the memory kept free is touched, and nothing can be done about
 * it. What a flush has left is freed first, as much of it as helps: after FLUSHALL there is room at
 * once. Then keys are evicted as the policy says, a bounded number for each command; the ticks go
 * on where more has to go.
 */
export function isOutOfMemory(): bool {
  if (isPauseOn()) return !reserve(0);
  for (let round = 0; isMemoryShort(); round++) {
    if (round >= EVICTIONS_EACH && reserve(0)) return false;
    if (hasGarbage()) collectGarbage(GARBAGE_STEPS);
    else if (isReplaying() || !evictOne()) return true;
  }
  return false;
}

/** Evicts keys while memory is short, one for `EVICTION_STEPS` steps; returns what is left. */
export function relieveMemory(steps: i32): i32 {
  let left = steps;
  while (left > 0 && isMemoryShort() && !isReplaying()) {
    if (hasGarbage()) {
      left = collectGarbage(left);
    } else {
      if (!evictOne()) break;
      left -= EVICTION_STEPS;
    }
  }
  return left;
}

/** Counts how long `maxmemory` is passed, as the ticks see it. */
export function noteMemoryLimit(): void {
  const limit = settings().maxmemory;
  const counted = statistics();
  const isPassed = limit > 0 && usedBytes() > limit;
  if (isPassed && !counted.memoryExceededSinceMs) counted.memoryExceededSinceMs = <f64>nowMs();
  if (isPassed || !counted.memoryExceededSinceMs) return;
  counted.memoryExceededMs += max(0, <f64>nowMs() - counted.memoryExceededSinceMs);
  counted.memoryExceededSinceMs = 0;
}

function isMemoryShort(): bool {
  const limit = settings().maxmemory;
  // What is replayed was accepted once: only memory itself refuses it.
  return (limit > 0 && usedBytes() > limit && !isReplaying()) || !reserve(0);
}

/** Whether a command would change what may never be saved; PING says so too, as Redis has it. */
function isUnsafe(call: Call, row: Row): bool {
  if (!settings().guardsSaves || isReplaying()) return false;
  return (row.flags & RowFlag.WRITE) != 0 || call.is(0, "ping");
}

export function startSilence(session: Session): void {
  if (session.replyMode == ReplyMode.SKIP_NEXT) session.replyMode = ReplyMode.SKIP;
  sinkMute(replySink());
}

/** A skipped reply that is still to come is skipped when it comes. */
export function endSilence(session: Session): void {
  sinkUnmute(replySink());
  if (session.request || session.waiter) return;
  if (session.replyMode == ReplyMode.SKIP) session.replyMode = ReplyMode.ON;
}

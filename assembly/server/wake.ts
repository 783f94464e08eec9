/**
 * Serving those who wait: their keys have become ready, their time is up, or somebody unblocks
 * them.
 *
 *   command of A adds key k -> its reply and effect -> serveReady: k's queue in order
 *     B runs its command again: reply to B, effect -> RESUME B -> C -> ... until k is gone
 *     a key that these commands add is served after it, and so on
 *
 * Ready keys are served once the whole command of the top level is over, a transaction or script
 * included, so nobody sees half of it. The time that a woken command takes counts for the one that
 * woke it, and the call was counted when it began to wait.
 */

import { SERVER_ROOT, Status } from "../abi";
import { accessRules } from "../keyspace/access";
import { lookupQuiet } from "../keyspace/database";
import { databaseAt } from "../keyspace/keyspace";
import { isReplaying, nowMs } from "../memory/root";
import { countSteps } from "../memory/steps";
import { Queue, settleQueue, takeReady } from "../keyspace/waiting-keys";
import { OUT_OF_MEMORY, UNBLOCKED } from "../protocol/errors";
import {
  errorsThisCall, protocol, replyError, replyNullArray, setProtocol,
} from "../protocol/reply";
import {
  replySink, requestResume, sinkFlush, sinkMute, sinkSession, sinkUnmute,
} from "../protocol/sink";
import { Call, settleEffectsOf } from "./call";
import { countErrorCode } from "./error-statistics";
import { endSilence, isOutOfMemory, startSilence } from "./execute";
import { setExecuting, settleMessages } from "./messages";
import { Session } from "./session";
import { RowFlag } from "./table";
import { isDenied } from "./users-check";
import { Link, Waiter, firstDeadline, stopWaiting } from "./waiting";

/** The call of whoever is woken; that of the waker is over. */
// @ts-ignore: decorator
@inline
function wakeCall(): Call {
  return changetype<Call>(SERVER_ROOT + 0x1040);
}

/** Serves the keys that have become ready; replies then belong to `waker` again. */
export function serveReady(waker: Session): void {
  // A replay wakes nobody: what waiting commands did is in the stream itself.
  if (isReplaying()) return;
  sinkUnmute(replySink());
  let queue = takeReady();
  while (queue) {
    queue.isHeld = 1;
    serveQueue(queue);
    queue.isHeld = 0;
    settleQueue(queue);
    queue = takeReady();
  }
  sinkSession(replySink(), waker.id);
  setProtocol(waker.protocol);
}

/** Serves a queue in order while its key is there. */
function serveQueue(queue: Queue): void {
  const database = databaseAt(queue.database);
  let address: usize = queue.first;
  while (address) {
    const link = changetype<Link>(address);
    address = link.next;
    const entry = lookupQuiet(database, queue.key, queue.keyBytes);
    if (!entry || entry.type != queue.type) return;
    runAgain(link.waiter);
  }
}

/** Runs a waiter's command again: it succeeds, fails, or goes on waiting in its place. */
function runAgain(waiter: Waiter): void {
  countSteps(1);
  const session = waiter.session;
  const row = waiter.row;
  if (session.closing) return stopWaiting(session);
  speakTo(session);
  const call = wakeCall();
  call.session = session;
  call.row = row;
  call.argumentCount = waiter.argumentCount;
  call.arguments = waiter.arguments;
  call.database = databaseAt(session.database);
  call.dirty = 0;
  call.rendered = 0;
  call.canWait = 1;
  call.status = Status.CONTINUE;
  accessRules().paused = session.noTouch;
  setExecuting(session);
  if (row.flags & RowFlag.DENYOOM && isOutOfMemory()) replyError(OUT_OF_MEMORY);
  else if (!session.isLimited || !isDenied(call, row)) call_indirect<void>(row.handler, call);
  accessRules().paused = 0;
  settleEffectsOf(call);
  setExecuting(null);
  settleMessages(session);
  if (call.status == Status.WAITING) sinkUnmute(replySink());
  else release(waiter);
}

/** Replies go to `session` from here on. */
function speakTo(session: Session): void {
  sinkSession(replySink(), session.id);
  setProtocol(session.protocol);
  if (session.replyMode) startSilence(session);
}

/** The reply is written: the session goes on. */
function release(waiter: Waiter): void {
  const session = waiter.session;
  if (errorsThisCall()) {
    waiter.row.failedCalls += 1;
    countErrorCode();
  }
  stopWaiting(session);
  session.activeMs = nowMs();
  if (session.replyMode) endSilence(session);
  sinkFlush(replySink());
  requestResume(session.id);
}

/** Ends a wait without a value: null, or an error when somebody forced it. */
export function giveUp(waiter: Waiter, isForced: bool): void {
  const sink = replySink();
  const caller = sink.session;
  const callerProtocol = protocol();
  const isMuted = sink.mutedFrom != 0;
  sinkUnmute(sink);
  speakTo(waiter.session);
  if (isForced) replyError(UNBLOCKED);
  else replyNullArray();
  release(waiter);
  sinkSession(sink, caller);
  setProtocol(callerProtocol);
  if (isMuted) sinkMute(sink);
}

/** Ends the waits whose time is up, one a step; true when more of them are left. */
export function expireWaiters(steps: i32): bool {
  let left = max(steps, 1);
  let waiter = firstDeadline();
  while (waiter && waiter.deadlineMs <= nowMs()) {
    if (!left) return true;
    giveUp(waiter, false);
    left -= 1;
    waiter = firstDeadline();
  }
  return false;
}

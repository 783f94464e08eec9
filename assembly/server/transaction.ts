/**
 * Transactions: commands that a session queues after MULTI and EXEC runs one after another, with
 * nothing in between.
 *
 *   Transaction (SERVER block) -> first queued command -> next ...
 *   queued command (SERVER block): next, row, argument count, then its arguments
 *                                  (server/kept-arguments.ts)
 *
 * A command in the queue was admitted already: name, number of arguments and memory are right. One
 * that needs the host (CONFIG SET port, say) stops the run where it stands; the host lets nothing
 * else happen until it has answered, then the run goes on. The effects of a run are one block of
 * MULTI .. EXEC, and those who wait for keys are served after it.
 */

import { Alone, EXCHANGE, Exchange, SERVER_ROOT, Status } from "../abi";
import { Arena, allocate, release } from "../memory/allocator";
import { beginEffectBlock, endEffectBlock } from "../keyspace/effects";
import { errorsThisCall } from "../protocol/reply";
import { Call, reserveOrReply } from "./call";
import { countErrorCode } from "./error-statistics";
import { dispatch } from "./execute";
import { keepArguments, keptArgumentBytes } from "./kept-arguments";
import { Session } from "./session";
import { Row, RowFlag } from "./table";
import { isDeniedInExec } from "./users-check";

@unmanaged
export class Transaction {
  /** Memory of the queue. */
  bytes: f64;
  first: u32;
  last: u32;
  count: u32;
  /** Flags of all its rows together. */
  rowFlags: u32;
  /** 1: a command was refused while it was to be queued. */
  isAborted: u32;
  /** 1: EXEC runs it, or waits for the host in the middle. */
  isRunning: u32;
}

@unmanaged
class Queued {
  next: u32;
  row: Row;
  argumentCount: i32;
}

// @ts-ignore: decorator
@inline
export function transactionOf(session: Session): Transaction | null {
  return changetype<Transaction | null>(<usize>session.transaction);
}

/** Begins a transaction; false: memory is short, the error is answered. */
export function beginTransaction(session: Session): bool {
  if (!reserveOrReply(offsetof<Transaction>())) return false;
  const address = allocate(Arena.SERVER, offsetof<Transaction>());
  memory.fill(address, 0, offsetof<Transaction>());
  session.transaction = <u32>address;
  return true;
}

/** Adds an admitted command; false: memory is short, the error is answered. */
export function queueCommand(call: Call, row: Row): bool {
  const transaction = changetype<Transaction>(<usize>call.session.transaction);
  const bytes = <f64>offsetof<Queued>() + keptArgumentBytes(call);
  if (!reserveOrReply(bytes)) return false;
  const address = allocate(Arena.SERVER, <u32>bytes);
  const queued = changetype<Queued>(address);
  queued.next = 0;
  queued.row = row;
  queued.argumentCount = call.argumentCount;
  keepArguments(call, address + offsetof<Queued>());
  if (transaction.last) changetype<Queued>(<usize>transaction.last).next = <u32>address;
  else transaction.first = <u32>address;
  transaction.last = <u32>address;
  transaction.count += 1;
  transaction.bytes += bytes;
  transaction.rowFlags |= row.flags;
  return true;
}

/** Whether a command of the queue may be refused for want of memory. */
export function needsMemory(session: Session): bool {
  const transaction = transactionOf(session);
  return transaction != null && (transaction.rowFlags & RowFlag.DENYOOM) != 0;
}

/** EXEC will refuse the session's transaction, when it has one. */
export function abortTransaction(session: Session): void {
  const transaction = transactionOf(session);
  if (transaction) transaction.isAborted = 1;
}

/** Frees the session's transaction, when it has one. */
export function dropTransaction(session: Session): void {
  const transaction = transactionOf(session);
  if (!transaction) return;
  while (transaction.first) dropFirst(transaction);
  release(changetype<usize>(transaction));
  session.transaction = 0;
}

function dropFirst(transaction: Transaction): void {
  const address = <usize>transaction.first;
  transaction.first = changetype<Queued>(address).next;
  release(address);
}

/** The call of a queued command; that of EXEC lies above it. */
// @ts-ignore: decorator
@inline
function queuedCall(): Call {
  return changetype<Call>(SERVER_ROOT + 0x4340);
}

/** Runs the transaction; WAITING when one of its commands waits for the host. */
export function runTransaction(session: Session): Status {
  const transaction = changetype<Transaction>(<usize>session.transaction);
  transaction.isRunning = 1;
  beginEffectBlock();
  return runQueue(session, transaction);
}

/** Whether the session's EXEC has stopped for an answer of the host. */
export function isRunSuspended(session: Session): bool {
  const transaction = transactionOf(session);
  return transaction != null && transaction.isRunning != 0;
}

/** The host has answered: the rest of the queue runs. */
export function continueTransaction(session: Session): Status {
  store<u32>(EXCHANGE + Exchange.REQUEST_ALONE, Alone.NOBODY);
  const transaction = changetype<Transaction>(<usize>session.transaction);
  // The command that waited: the request may have pointed at its arguments.
  dropFirst(transaction);
  return runQueue(session, transaction);
}

function runQueue(session: Session, transaction: Transaction): Status {
  const call = queuedCall();
  while (transaction.first) {
    const address = <usize>transaction.first;
    const queued = changetype<Queued>(address);
    call.session = session;
    call.argumentCount = queued.argumentCount;
    call.arguments = <u32>(address + offsetof<Queued>());
    call.canWait = 0;
    call.status = Status.CONTINUE;
    if (!session.isLimited || !isDeniedInExec(call, queued.row)) dispatch(call, queued.row);
    if (errorsThisCall()) countErrorCode();
    if (call.status == Status.WAITING) {
      store<u32>(EXCHANGE + Exchange.REQUEST_ALONE, Alone.IN_BLOCK);
      return Status.WAITING;
    }
    dropFirst(transaction);
  }
  endEffectBlock();
  dropTransaction(session);
  return Status.CONTINUE;
}

/**
 * CLIENT PAUSE: for some time no command runs, or none that writes, and no data changes by itself.
 *
 * A command that has to wait is put aside with its arguments (server/waiting.ts) as if its session
 * waited for a key. When the pause is over the host is told to resume those sessions in order; each
 * then runs the command that was put aside and what came in after it. The end of the pause stands
 * among the deadlines, so the host's timer ends it.
 *
 * While it lasts nothing is evicted and keys whose time has come stay where they are, though nobody
 * sees them; a command that writes all the same (of the host's own session, or later in the same
 * transaction) removes the ones it meets.
 */

import { SERVER_ROOT, SessionFlag } from "../abi";
import { holdExpiry, nowMs } from "../memory/root";
import { requestResume } from "../protocol/sink";
import { Call } from "./call";
import { Session } from "./session";
import { Row, RowFlag } from "./table";
import { transactionOf } from "./transaction";
import { firstPostponed, nextPostponed, pauseEndMs, setPauseEnd, waiterOf } from "./waiting";

export const enum Pause {
  NONE = 0,
  WRITE = 1,
  ALL = 2,
}

/** Pause: what is paused now. */
const KIND: usize = SERVER_ROOT + 0x4c00;

export function initializePause(): void {
  store<u32>(KIND, Pause.NONE);
  holdExpiry(false);
}

/** Whether there is a pause that nobody has ended yet; its time may be up. */
// @ts-ignore: decorator
@inline
export function isPauseOn(): bool {
  return load<u32>(KIND) != 0;
}

/** Begins a pause, or makes the one there is longer and stricter; never the other way. */
export function pauseClients(kind: Pause, endMs: i64): void {
  store<u32>(KIND, max(load<u32>(KIND), kind));
  setPauseEnd(max(pauseEndMs(), endMs));
}

/** Ends the pause: those who waited go on in order. */
export function endPause(): void {
  store<u32>(KIND, Pause.NONE);
  setPauseEnd(0);
  holdExpiry(false);
  let waiter = firstPostponed();
  while (waiter) {
    requestResume(waiter.session.id);
    waiter = nextPostponed(waiter);
  }
}

/** Whether the data is to stay as it is; ends a pause whose time is up. */
export function isPaused(): bool {
  if (isPauseOn() && nowMs() >= pauseEndMs()) endPause();
  return isPauseOn();
}

/** During a pause: whether this command of the top level has to wait. */
export function holdsBack(call: Call, row: Row): bool {
  if (!isPaused()) return false;
  const writes = (flagsOf(call, row) & (RowFlag.WRITE | RowFlag.MAY_REPLICATE)) != 0;
  // CLIENT PAUSE itself may be in a transaction, before a command that writes.
  holdExpiry(!writes && !row.is("exec"));
  const free: u32 = SessionFlag.INTERNAL | SessionFlag.REPLAY;
  if (call.session.has(free)) return false;
  return load<u32>(KIND) == Pause.ALL || writes;
}

/** Flags of a command; of EXEC also those of all commands that it would run. */
export function flagsOf(call: Call, row: Row): u32 {
  const transaction = row.is("exec") ? transactionOf(call.session) : null;
  return transaction ? row.flags | transaction.rowFlags : row.flags;
}

/** Whether a session was put aside by a pause that is over. */
export function isPostponedOver(session: Session): bool {
  const waiter = waiterOf(session);
  return waiter != null && waiter.isPostponed != 0 && !isPaused();
}

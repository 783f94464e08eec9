/**
 * What the host's disk has to do with commands: while the data set is loaded few are served, and
 * after the log has failed none that write.
 */

import { EXCHANGE, Exchange, SessionFlag } from "../abi";
import { isReplaying } from "../memory/root";
import { LOADING } from "../protocol/errors";
import {
  replyError, replyErrorBytes, replyErrorEnd, replyErrorStart,
} from "../protocol/reply";
import { Call } from "./call";
import { Fact, factAddress, factBytes } from "./facts";
import { Row, RowFlag } from "./table";

/** Whether any command is refused now; the common case is one look. */
// @ts-ignore: decorator
@inline
export function hasRefusals(): bool {
  return load<u64>(EXCHANGE + Exchange.LOADING) != 0;
}

/** True: the command may not run now, and that is answered. */
export function isRefusedByHost(call: Call, row: Row): bool {
  if (load<u32>(EXCHANGE + Exchange.LOADING) && isRefusedWhileLoading(call, row)) {
    row.rejectedCalls += 1;
    replyError(LOADING);
    return true;
  }
  if (!load<u32>(EXCHANGE + Exchange.LOG_FAILED) || isReplaying()) return false;
  // PING says so too, as Redis has it.
  if (!(row.flags & RowFlag.WRITE) && !row.is("ping")) return false;
  row.rejectedCalls += 1;
  replyErrorStart("MISCONF Errors writing to the AOF file: ");
  replyErrorBytes(factAddress(Fact.LOG_FAILURE), factBytes(Fact.LOG_FAILURE));
  replyErrorEnd();
  return true;
}

function isRefusedWhileLoading(call: Call, row: Row): bool {
  if (row.flags & RowFlag.LOADING) return false;
  return !call.session.has(SessionFlag.INTERNAL) && !isReplaying();
}

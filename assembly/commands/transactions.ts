/** MULTI, EXEC, DISCARD, WATCH, UNWATCH. What they do to a session is in server/transaction.ts. */

import {
  DISCARD_WITHOUT_MULTI, EXEC_ABORTED, EXEC_WITHOUT_MULTI, NESTED_MULTI, WATCH_IN_MULTI,
} from "../protocol/errors";
import { replyArray, replyError, replyNullArray, replyOk } from "../protocol/reply";
import { Call, reserveOrReply } from "../server/call";
import { command } from "../server/table";
import {
  beginTransaction, dropTransaction, runTransaction, transactionOf,
} from "../server/transaction";
import { WATCH_BYTES_MAXIMUM, forgetWatches, hasWatchedChange, watchKey } from "../server/watches";

function multi(call: Call): void {
  if (call.session.transaction) return replyError(NESTED_MULTI);
  if (beginTransaction(call.session)) replyOk();
}

function discard(call: Call): void {
  if (!call.session.transaction) return replyError(DISCARD_WITHOUT_MULTI);
  dropTransaction(call.session);
  forgetWatches(call.session);
  replyOk();
}

function exec(call: Call): void {
  const session = call.session;
  const transaction = transactionOf(session);
  if (!transaction) return replyError(EXEC_WITHOUT_MULTI);
  const isChanged = hasWatchedChange(session);
  forgetWatches(session);
  if (transaction.isAborted || isChanged) {
    if (transaction.isAborted) replyError(EXEC_ABORTED);
    else replyNullArray();
    dropTransaction(session);
    return;
  }
  replyArray(transaction.count);
  call.status = runTransaction(session);
}

function watch(call: Call): void {
  if (call.session.transaction) return replyError(WATCH_IN_MULTI);
  let bytes: f64 = 0;
  for (let index = 1; index < call.argumentCount; index++) {
    bytes += <f64>call.bytesOf(index) + <f64>WATCH_BYTES_MAXIMUM;
  }
  if (!reserveOrReply(bytes)) return;
  for (let index = 1; index < call.argumentCount; index++) {
    watchKey(call.session, call.database.number, call.at(index), call.bytesOf(index));
  }
  replyOk();
}

function unwatch(call: Call): void {
  forgetWatches(call.session);
  replyOk();
}

function row(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  flags: string,
  keys: string,
  args: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "transactions", since, arity, flags, "transaction", keys, args, "",
    complexity, summary);
}

export function registerTransactions(): void {
  const flags = "noscript loading stale fast allow_busy";
  row(discard.index, "discard", "2.0.0", 1, flags, "", "", "O(N) in the number of commands queued",
    "Forgets the commands queued since MULTI.");
  row(exec.index, "exec", "1.2.0", 1, "noscript loading stale skip_slowlog", "", "",
    "Depends on the commands queued", "Runs the commands queued since MULTI.");
  row(multi.index, "multi", "1.2.0", 1, flags, "", "", "O(1)",
    "Queues the commands that follow, until EXEC.");
  row(unwatch.index, "unwatch", "2.2.0", 1, flags, "", "", "O(N) in the number of keys watched",
    "Watches no key any more.");
  row(watch.index, "watch", "2.2.0", -2, flags, "index 1 range -1 1 0 : ro", "key:key*",
    "O(N) in the number of keys", "Makes EXEC do nothing when one of these keys changes before.");
}

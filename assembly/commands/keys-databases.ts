/** Commands about whole databases: DBSIZE, FLUSHALL, FLUSHDB, SELECT, SWAPDB. */

import {
  databaseAt, databaseCount, flushDatabase, swapDatabases,
} from "../keyspace/keyspace";
import {
  DATABASE_OUT_OF_RANGE, INVALID_FIRST_DATABASE, INVALID_SECOND_DATABASE, SYNTAX,
  replyOutsideRange,
} from "../protocol/errors";
import { replyError, replyInteger, replyOk } from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import { command } from "../server/table";
import { markDatabase } from "../server/waiting";
import { trackFlush } from "../server/tracking";
import { markDatabaseWatches } from "../server/watches";
import { parseInteger } from "../text/integers";

/** Argument `index` as the number of a database; -1: the error is answered. */
export function databaseOrReply(call: Call, index: i32): i32 {
  if (!integerOrReply(call, index)) return -1;
  const number = call.integer;
  if (number < i32.MIN_VALUE || number > i32.MAX_VALUE) {
    replyOutsideRange(i32.MIN_VALUE, i32.MAX_VALUE);
    return -1;
  }
  if (number < 0 || number >= <i64>databaseCount()) {
    replyError(DATABASE_OUT_OF_RANGE);
    return -1;
  }
  return <i32>number;
}

function databaseSize(call: Call): void {
  replyInteger(call.database.table.count);
}

function select(call: Call): void {
  const number = databaseOrReply(call, 1);
  if (number < 0) return;
  call.session.database = number;
  replyOk();
}

/** ASYNC and SYNC are the same here: the memory always follows in the background. */
function isFlushOrReply(call: Call): bool {
  const count = call.argumentCount;
  if (count == 1 || (count == 2 && (call.is(1, "async") || call.is(1, "sync")))) return true;
  replyError(SYNTAX);
  return false;
}

function flushOne(call: Call): void {
  if (!isFlushOrReply(call)) return;
  markDatabaseWatches(call.database.number, -1);
  flushDatabase(call.database);
  trackFlush();
  call.dirty += 1;
  replyOk();
}

function flushAll(call: Call): void {
  if (!isFlushOrReply(call)) return;
  for (let index: u32 = 0; index < databaseCount(); index++) {
    markDatabaseWatches(index, -1);
    flushDatabase(databaseAt(index));
  }
  trackFlush();
  call.dirty += 1;
  replyOk();
}

/** Argument `index` as an i32 in `call.integer`; false: `text` is answered. */
function numberOrReply(call: Call, index: i32, text: string): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(call.at(index), call.bytesOf(index), out)) {
    if (call.integer >= i32.MIN_VALUE && call.integer <= i32.MAX_VALUE) return true;
  }
  replyError(text);
  return false;
}

function swap(call: Call): void {
  if (!numberOrReply(call, 1, INVALID_FIRST_DATABASE)) return;
  const first = call.integer;
  if (!numberOrReply(call, 2, INVALID_SECOND_DATABASE)) return;
  const second = call.integer;
  const count: i64 = databaseCount();
  if (first < 0 || first >= count || second < 0 || second >= count) {
    return replyError(DATABASE_OUT_OF_RANGE);
  }
  if (first != second) {
    markDatabaseWatches(<u32>first, <i32>second);
    markDatabaseWatches(<u32>second, <i32>first);
    swapDatabases(<u32>first, <u32>second);
    markDatabase(<u32>first);
    markDatabase(<u32>second);
  }
  call.dirty += 1;
  replyOk();
}

// @ts-ignore: decorator
@lazy @inline const FLUSH_MODES: string = "\
async:oneof?(async:pure-token=ASYNC^4.0.0 sync:pure-token=SYNC^6.2.0)";

export function registerDatabases(): void {
  command(databaseSize.index, "dbsize", "server", "1.0.0", 1, "readonly fast", "keyspace", "", "",
    "request_policy:all_shards response_policy:agg_sum", "O(1)",
    "Counts the keys of the selected database.");
  command(flushAll.index, "flushall", "server", "1.0.0", -1, "write", "keyspace dangerous", "",
    FLUSH_MODES, "request_policy:all_shards response_policy:all_succeeded",
    "O(1), the memory follows in the background", "Empties every database.");
  command(flushOne.index, "flushdb", "server", "1.0.0", -1, "write", "keyspace dangerous", "",
    FLUSH_MODES, "request_policy:all_shards response_policy:all_succeeded",
    "O(1), the memory follows in the background", "Empties the selected database.");
  command(select.index, "select", "connection", "1.0.0", 2, "loading stale fast", "connection",
    "", "index:integer", "", "O(1)", "Selects the database of the connection.");
  command(swap.index, "swapdb", "server", "4.0.0", 3, "write fast", "keyspace dangerous", "",
    "index1:integer index2:integer", "", "O(1)", "Exchanges the contents of two databases.");
}

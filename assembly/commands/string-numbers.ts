/** String commands that count: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. */

import { lookupWrite } from "../keyspace/database";
import { setInteger } from "../keyspace/strings";
import { DECREMENT_OVERFLOW, NOT_INTEGER, OVERFLOW, WRONG_TYPE } from "../protocol/errors";
import { replyError, replyInteger } from "../protocol/reply";
import { Call, integerOrReply, touchKey } from "../server/call";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { NUMBER } from "./string-compare";
import { reserveString } from "./string-values";

/** The value of a string as an integer, into `call.integer`; false: the error is answered. */
function valueOrReply(call: Call, entry: KeyEntry): bool {
  if (entry.type != Type.STRING) {
    replyError(WRONG_TYPE);
    return false;
  }
  if (entry.encoding == Encoding.INTEGER) {
    call.integer = load<i64>(entry.value);
    return true;
  }
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  const bytes = stringBytes(entry, NUMBER);
  if (parseInteger(stringAddress(entry, NUMBER), bytes, out)) return true;
  replyError(NOT_INTEGER);
  return false;
}

function addInteger(call: Call, delta: i64): void {
  if (!reserveString(call, 8)) return;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) call.integer = 0;
  else if (!valueOrReply(call, entry)) return;
  const before = call.integer;
  const sum = before + delta;
  // The sum overflowed if its sign is neither the sign of the one nor of the other.
  if (((sum ^ before) & (sum ^ delta)) < 0) return replyError(OVERFLOW);
  if (entry && entry.encoding == Encoding.INTEGER) store<i64>(entry.value, sum);
  else setInteger(call.database, call.at(1), call.bytesOf(1), sum, true);
  touchKey(call, call.at(1), call.bytesOf(1));
  replyInteger(sum);
}

function incr(call: Call): void {
  addInteger(call, 1);
}

function decr(call: Call): void {
  addInteger(call, -1);
}

function incrby(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  addInteger(call, call.integer);
}

function decrby(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  if (call.integer == i64.MIN_VALUE) return replyError(DECREMENT_OVERFLOW);
  addInteger(call, -call.integer);
}

export function registerStringNumbers(): void {
  command(incr.index, "incr", "string", "1.0.0", 2,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update", "key:key",
    "", "O(1)", "Adds one to the integer of a key; a missing key counts as 0.");
  command(decr.index, "decr", "string", "1.0.0", 2,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update", "key:key",
    "", "O(1)", "Takes one from the integer of a key; a missing key counts as 0.");
  command(incrby.index, "incrby", "string", "1.0.0", 3,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update",
    "key:key increment:integer",
    "", "O(1)", "Adds to the integer of a key; a missing key counts as 0.");
  command(decrby.index, "decrby", "string", "1.0.0", 3,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update",
    "key:key decrement:integer",
    "", "O(1)", "Takes from the integer of a key; a missing key counts as 0.");
}

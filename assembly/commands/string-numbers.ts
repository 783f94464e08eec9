/** String commands that count: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT. */

import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { setInteger, setText } from "../keyspace/strings";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  DECREMENT_OVERFLOW, NOT_A_NUMBER_RESULT, NOT_FLOAT, NOT_INTEGER, OVERFLOW, WRONG_TYPE,
} from "../protocol/errors";
import { replyBulk, replyError, replyInteger } from "../protocol/reply";
import { Call, integerOrReply, renderInstead, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import {
  LONG_DOUBLE_BYTES, LONG_DOUBLE_TEXT_BYTES_MAX, LongDouble, longDoubleAdd, longDoubleFromInteger,
  longDoubleIsFinite, longDoubleParse, longDoubleWrite,
} from "../text/long-doubles";
import { parseInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { NUMBER } from "./string-compare";
import { reserveString } from "./string-values";

/** The value of a string as an integer, into `call.integer`; false: the error is answered. */
export function integerValueOrReply(call: Call, entry: KeyEntry): bool {
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
  else if (!integerValueOrReply(call, entry)) return;
  const before = call.integer;
  const sum = before + delta;
  // The sum overflowed if its sign is neither the sign of the one nor of the other.
  if (((sum ^ before) & (sum ^ delta)) < 0) return replyError(OVERFLOW);
  if (entry && entry.encoding == Encoding.INTEGER) store<i64>(entry.value, sum);
  else setInteger(call.database, call.at(1), call.bytesOf(1), sum, true);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "incrby", 1);
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

/** The value of a string as a long double, 0 for none; false: the error is answered. */
export function floatValueOrReply(entry: KeyEntry | null, out: LongDouble): bool {
  if (!entry) {
    longDoubleFromInteger(0, out);
    return true;
  }
  if (entry.type != Type.STRING) {
    replyError(WRONG_TYPE);
    return false;
  }
  const bytes = stringBytes(entry, NUMBER);
  if (<i32>bytes >= 0 && longDoubleParse(stringAddress(entry, NUMBER), bytes, out)) return true;
  replyError(NOT_FLOAT);
  return false;
}

function incrbyfloat(call: Call): void {
  if (!reserveString(call, LONG_DOUBLE_TEXT_BYTES_MAX)) return;
  const mark = scratchMark();
  const value = changetype<LongDouble>(scratchTake(LONG_DOUBLE_BYTES));
  const delta = changetype<LongDouble>(scratchTake(LONG_DOUBLE_BYTES));
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (floatValueOrReply(entry, value)) {
    if (call.bytesOf(2) > 0x7fffffff || !longDoubleParse(call.at(2), call.bytesOf(2), delta)) {
      replyError(NOT_FLOAT);
    } else {
      longDoubleAdd(value, delta, value);
      if (longDoubleIsFinite(value)) setFloat(call, value);
      else replyError(NOT_A_NUMBER_RESULT);
    }
  }
  scratchRelease(mark);
}

/**
 * Stores and answers a sum; its effect carries the text, for no other engine need add the same way.
 */
function setFloat(call: Call, value: LongDouble): void {
  const text = scratchTake(LONG_DOUBLE_TEXT_BYTES_MAX);
  const bytes = longDoubleWrite(text, value);
  setText(call.database, call.at(1), call.bytesOf(1), text, bytes, true);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "incrbyfloat", 1);
  replyBulk(text, bytes);
  if (!renderInstead(call, 4)) return;
  effectLiteral("SET");
  effectBytes(call.at(1), call.bytesOf(1));
  effectBytes(text, bytes);
  effectLiteral("KEEPTTL");
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
  command(incrbyfloat.index, "incrbyfloat", "string", "2.6.0", 3,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update",
    "key:key increment:double",
    "", "O(1)", "Adds to the number of a key; a missing key counts as 0.");
}

/** Hash commands that count: HINCRBY, HINCRBYFLOAT. */

import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  HASH_NOT_FLOAT, HASH_NOT_INTEGER, NOT_A_NUMBER_RESULT, NOT_FINITE, NOT_FLOAT, OVERFLOW,
  WRONG_TYPE,
} from "../protocol/errors";
import { replyBulk, replyError, replyInteger } from "../protocol/reply";
import { Call, integerOrReply, renderAsBlock, renderInstead, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import {
  LONG_DOUBLE_BYTES, LONG_DOUBLE_TEXT_BYTES_MAX, LongDouble, longDoubleAdd, longDoubleFromInteger,
  longDoubleIsFinite, longDoubleParse, longDoubleWrite,
} from "../text/long-doubles";
import { INTEGER_BYTES_MAX, parseInteger, writeInteger } from "../text/integers";
import { fieldValueBytes, fieldValueText, findField } from "../values/hash";
import { KeyEntry, Type } from "../values/key-entry";
import { HASH_NUMBER, addHash, renderKeptTime, reserveFields, setField } from "./hash-values";

/** The field of argument 2 as an integer in `call.integer`, 0 for none; false: answered. */
function fieldIntegerOrReply(call: Call, entry: KeyEntry | null): bool {
  call.integer = 0;
  const place = entry ? findField(entry, call.at(2), call.bytesOf(2)) : 0;
  if (!place) return true;
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  const bytes = fieldValueBytes(entry!, place);
  if (parseInteger(fieldValueText(entry!, place, HASH_NUMBER), bytes, out)) return true;
  replyError(HASH_NOT_INTEGER);
  return false;
}

function hincrby(call: Call): void {
  if (!integerOrReply(call, 3)) return;
  const delta = call.integer;
  const found = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (found && found.type != Type.HASH) return replyError(WRONG_TYPE);
  if (!fieldIntegerOrReply(call, found)) return;
  const before = call.integer;
  const sum = before + delta;
  // The sum overflowed if its sign is neither the sign of the one nor of the other.
  if (((sum ^ before) & (sum ^ delta)) < 0) return replyError(OVERFLOW);
  const textBytes = <f64>call.bytesOf(2) + <f64>INTEGER_BYTES_MAX;
  if (!reserveFields(call, found, textBytes, 1, false)) return;
  const entry = found ? found : addHash(call);
  const bytes = writeInteger(HASH_NUMBER, sum);
  setField(entry, call.at(2), call.bytesOf(2), HASH_NUMBER, bytes);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hincrby", 1);
  replyInteger(sum);
}

/** Argument 3 as a finite long double; false: the error is answered. */
function incrementOrReply(call: Call, out: LongDouble): bool {
  if (call.bytesOf(3) > 0x7fffffff || !longDoubleParse(call.at(3), call.bytesOf(3), out)) {
    replyError(NOT_FLOAT);
    return false;
  }
  if (longDoubleIsFinite(out)) return true;
  replyError(NOT_FINITE);
  return false;
}

/** The field of argument 2 as a long double, 0 for none; false: the error is answered. */
function fieldFloatOrReply(call: Call, entry: KeyEntry | null, out: LongDouble): bool {
  const place = entry ? findField(entry, call.at(2), call.bytesOf(2)) : 0;
  if (!place) {
    longDoubleFromInteger(0, out);
    return true;
  }
  const bytes = fieldValueBytes(entry!, place);
  const text = fieldValueText(entry!, place, HASH_NUMBER);
  if (bytes <= 0x7fffffff && longDoubleParse(text, bytes, out)) return true;
  replyError(HASH_NOT_FLOAT);
  return false;
}

function hincrbyfloat(call: Call): void {
  const mark = scratchMark();
  const delta = changetype<LongDouble>(scratchTake(LONG_DOUBLE_BYTES));
  if (incrementOrReply(call, delta)) addFloat(call, delta);
  scratchRelease(mark);
}

function addFloat(call: Call, delta: LongDouble): void {
  const found = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (found && found.type != Type.HASH) return replyError(WRONG_TYPE);
  const value = changetype<LongDouble>(scratchTake(LONG_DOUBLE_BYTES));
  if (!fieldFloatOrReply(call, found, value)) return;
  longDoubleAdd(value, delta, value);
  if (!longDoubleIsFinite(value)) return replyError(NOT_A_NUMBER_RESULT);
  const text = scratchTake(LONG_DOUBLE_TEXT_BYTES_MAX);
  const bytes = longDoubleWrite(text, value);
  if (!reserveFields(call, found, <f64>call.bytesOf(2) + <f64>bytes, 1, false)) return;
  const entry = found ? found : addHash(call);
  setField(entry, call.at(2), call.bytesOf(2), text, bytes);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hincrbyfloat", 1);
  replyBulk(text, bytes);
  // The effect carries the text, for no other engine need add the same way.
  if (entry.hasFieldTimes) renderAsBlock(call);
  if (!renderInstead(call, 4)) return;
  effectLiteral("HSET");
  effectBytes(call.at(1), call.bytesOf(1));
  effectBytes(call.at(2), call.bytesOf(2));
  effectBytes(text, bytes);
  renderKeptTime(call, entry, 2);
}

export function registerHashNumbers(): void {
  command(hincrby.index, "hincrby", "hash", "2.0.0", 4, "write denyoom fast", "hash",
    "index 1 range 0 1 0 : rw access update", "key:key field:string increment:integer", "", "O(1)",
    "Adds to the integer of a field; a missing field counts as 0.");
  command(hincrbyfloat.index, "hincrbyfloat", "hash", "2.6.0", 4, "write denyoom fast", "hash",
    "index 1 range 0 1 0 : rw access update", "key:key field:string increment:double", "", "O(1)",
    "Adds to the number of a field; a missing field counts as 0.");
}

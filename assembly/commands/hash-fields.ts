/**
 * What the commands about times of hash fields share: reading "FIELDS numfields field ..." and a
 * time, and the memory that times take.
 */

import { effectBytes } from "../keyspace/effects";
import { isReplaying, nowMs } from "../memory/root";
import {
  EXPIRE_NEGATIVE, FIELDS_MISSING, FIELD_COUNT_WRONG, replyInvalidExpire,
} from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { Call, integerOrReply, renderInstead, reserveOrReply } from "../server/call";
import { parseInteger } from "../text/integers";
import { findField, isPackedHash } from "../values/hash";
import { HashField, usedFieldBytes } from "../values/hash-field";
import { FIELD_TIME_MAXIMUM, expiryBytes } from "../values/hash-times";
import { KeyEntry } from "../values/key-entry";
import { renderTimeHead } from "./hash-values";

/** Argument `index` as a number of fields in `call.integer`; false: it is none. */
export function readFieldCount(call: Call, index: i32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  return parseInteger(call.at(index), call.bytesOf(index), out) && call.integer > 0;
}

/**
 * Index of the first field after "FIELDS numfields" at argument `at`, with which the command ends;
 * 0: the error is answered. `countError` is for a number that is none.
 */
export function fieldsOrReply(call: Call, at: i32, countError: string): i32 {
  if (!call.is(at, "fields")) replyError(FIELDS_MISSING);
  else if (!readFieldCount(call, at + 1)) replyError(countError);
  else if (call.integer != <i64>(call.argumentCount - at - 2)) replyError(FIELD_COUNT_WRONG);
  else return at + 2;
  return 0;
}

/**
 * Argument `index` as a time in `call.integer`, milliseconds since 1970: so many seconds or
 * milliseconds after `baseMs`. False: the error is answered.
 */
export function fieldTimeOrReply(call: Call, index: i32, baseMs: i64, unitMs: i64): bool {
  if (!integerOrReply(call, index)) return false;
  const value = call.integer;
  if (value < 0) {
    replyError(EXPIRE_NEGATIVE);
    return false;
  }
  if (value > FIELD_TIME_MAXIMUM / unitMs || value * unitMs > FIELD_TIME_MAXIMUM - baseMs) {
    replyInvalidExpire(call.row.nameAddress, call.row.nameBytes);
    return false;
  }
  call.integer = value * unitMs + baseMs;
  return true;
}

/** Whether a time has passed, so that the field goes at once. A replay keeps it. */
export function isOver(whenMs: i64): bool {
  return whenMs <= nowMs() && !isReplaying();
}

/** Memory for times of the fields from argument `first` on; false: the error is answered. */
export function reserveTimes(call: Call, entry: KeyEntry, first: i32): bool {
  const isPacked = isPackedHash(entry);
  let bytes: f64 = 0;
  let found: u32 = 0;
  for (let index = first; index < call.argumentCount; index++) {
    const place = findField(entry, call.at(index), call.bytesOf(index));
    if (!place) continue;
    found += 1;
    if (!isPacked) bytes += usedFieldBytes(changetype<HashField>(place));
  }
  return !found || reserveOrReply(expiryBytes(entry, found, bytes));
}

/** HPEXPIREAT of every `step`-th argument from `first` on. */
export function renderTimes(call: Call, whenMs: i64, first: i32, step: i32): void {
  const fields = (call.argumentCount - first) / step;
  if (!renderInstead(call, 5 + fields)) return;
  renderTimeHead(call, whenMs, fields);
  for (let index = first; index < call.argumentCount; index += step) {
    effectBytes(call.at(index), call.bytesOf(index));
  }
}

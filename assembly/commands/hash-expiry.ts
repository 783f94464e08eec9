/**
 * Times of hash fields: the HEXPIRE family, the HTTL family, HPERSIST.
 *
 * All answer one number a field: -2 no such field (or key), -1 it does not expire, 0 the condition
 * does not hold, 1 done, 2 the time has passed and the field is deleted, or the time asked for. The
 * effects are absolute: HPEXPIREAT for the fields that got the time, HDEL for those that went.
 */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { effectBytes, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { settleFieldTimes } from "../keyspace/field-expiry";
import { reserve } from "../memory/allocator";
import { nowMs } from "../memory/root";
import { scratchLeft, scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  FIELD_COUNT_NOT_POSITIVE, FIELD_COUNT_ZERO, OUT_OF_MEMORY, WRONG_TYPE,
} from "../protocol/errors";
import { replyArray, replyError, replyInteger } from "../protocol/reply";
import { Call, renderInstead, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { command } from "../server/table";
import { findField, hashCount, removeField } from "../values/hash";
import { clearFieldExpiry, fieldExpiryMs, setFieldExpiry } from "../values/hash-times";
import { KeyEntry, Type } from "../values/key-entry";
import { fieldTimeOrReply, fieldsOrReply, isOver, reserveTimes } from "./hash-fields";
import { removeEmptyHash, renderTimeHead } from "./hash-values";

const SECONDS: i64 = 1000;
const MILLISECONDS: i64 = 1;

const enum Condition {
  NONE,
  NX,
  XX,
  GT,
  LT,
}

const enum Code {
  NO_FIELD = -2,
  NO_TIME = -1,
  NOT_ALLOWED = 0,
  DONE = 1,
  DELETED = 2,
}

// ---- Setting times ------------------------------------------------------------------------------

function hexpire(call: Call): void {
  setTimes(call, nowMs(), SECONDS);
}

function hexpireAt(call: Call): void {
  setTimes(call, 0, SECONDS);
}

function hexpireMs(call: Call): void {
  setTimes(call, nowMs(), MILLISECONDS);
}

function hexpireAtMs(call: Call): void {
  setTimes(call, 0, MILLISECONDS);
}

function conditionAt(call: Call, index: i32): Condition {
  if (call.bytesOf(index) != 2) return Condition.NONE;
  if (call.is(index, "nx")) return Condition.NX;
  if (call.is(index, "xx")) return Condition.XX;
  if (call.is(index, "gt")) return Condition.GT;
  if (call.is(index, "lt")) return Condition.LT;
  return Condition.NONE;
}

function setTimes(call: Call, baseMs: i64, unitMs: i64): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.HASH) return replyError(WRONG_TYPE);
  if (!fieldTimeOrReply(call, 2, baseMs, unitMs)) return;
  const whenMs = call.integer;
  const condition = conditionAt(call, 3);
  const first = fieldsOrReply(call, condition ? 4 : 3, FIELD_COUNT_ZERO);
  if (!first) return;
  if (!entry) return replyMissing(call.argumentCount - first);
  const over = isOver(whenMs);
  if (!over && !reserveTimes(call, entry, first)) return;
  const bytes = call.argumentCount - first;
  if (scratchLeft() < <u32>bytes && !reserve(bytes)) return replyError(OUT_OF_MEMORY);
  const mark = scratchMark();
  const codes = scratchTake(bytes);
  applyTimes(call, entry, first, condition, whenMs, over, codes);
  scratchRelease(mark);
}

/** The answer about fields of a key that does not exist. */
function replyMissing(fields: i32): void {
  replyArray(fields);
  for (let left = fields; left; left--) replyInteger(Code.NO_FIELD);
}

function applyTimes(
  call: Call,
  entry: KeyEntry,
  first: i32,
  condition: Condition,
  whenMs: i64,
  over: bool,
  codes: usize,
): void {
  const fields = call.argumentCount - first;
  let changed = 0;
  replyArray(fields);
  for (let n = 0; n < fields; n++) {
    const code = setTime(call, entry, first + n, condition, whenMs, over);
    changed += i32(code > 0);
    store<i8>(codes + n, <i8>code);
    replyInteger(code);
  }
  if (!changed) return;
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, over ? "hdel" : "hexpire", 1);
  if (!hashCount(entry)) notifyDeleted(call, 1);
  renderChanged(call, first, whenMs, over, changed, codes);
  settleFieldTimes(call.database, entry);
  removeEmptyHash(call, entry);
}

/** Sets the time of the field in argument `index`, or deletes the field; answers a code. */
function setTime(
  call: Call,
  entry: KeyEntry,
  index: i32,
  condition: Condition,
  whenMs: i64,
  over: bool,
): i32 {
  const field = call.at(index);
  const bytes = call.bytesOf(index);
  const place = findField(entry, field, bytes);
  if (!place) return Code.NO_FIELD;
  if (!isAllowed(condition, fieldExpiryMs(entry, place), whenMs)) return Code.NOT_ALLOWED;
  if (over) {
    removeField(entry, field, bytes);
    return Code.DELETED;
  }
  setFieldExpiry(entry, field, bytes, max<i64>(whenMs, 1));
  return Code.DONE;
}

/** A field without a time counts as one that never ends: GT never holds for it, LT always. */
function isAllowed(condition: Condition, beforeMs: i64, whenMs: i64): bool {
  switch (condition) {
    case Condition.NX:
      return !beforeMs;
    case Condition.XX:
      return beforeMs != 0;
    case Condition.GT:
      return beforeMs != 0 && whenMs > beforeMs;
    case Condition.LT:
      return !beforeMs || whenMs < beforeMs;
    default:
      return true;
  }
}

/** Renders the fields whose code says that they changed. */
function renderChanged(
  call: Call,
  first: i32,
  whenMs: i64,
  over: bool,
  changed: i32,
  codes: usize,
): void {
  if (!renderInstead(call, (over ? 2 : 5) + changed)) return;
  if (over) {
    effectLiteral("HDEL");
    effectBytes(call.at(1), call.bytesOf(1));
  } else {
    renderTimeHead(call, whenMs, changed);
  }
  for (let index = first; index < call.argumentCount; index++) {
    if (load<i8>(codes + (index - first)) > 0) effectBytes(call.at(index), call.bytesOf(index));
  }
}

function hpersist(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const first = fieldsOrReply(call, 2, FIELD_COUNT_NOT_POSITIVE);
  if (!first) return;
  if (!entry) return replyMissing(call.argumentCount - first);
  let changed = 0;
  replyArray(call.argumentCount - first);
  for (let index = first; index < call.argumentCount; index++) {
    const field = call.at(index);
    const bytes = call.bytesOf(index);
    const cleared = clearFieldExpiry(entry, field, bytes);
    changed += i32(cleared);
    if (cleared) replyInteger(Code.DONE);
    else replyInteger(findField(entry, field, bytes) ? Code.NO_TIME : Code.NO_FIELD);
  }
  if (!changed) return;
  settleFieldTimes(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hpersist", 1);
}

// ---- Reading times ------------------------------------------------------------------------------

function httl(call: Call): void {
  replyTimes(call, nowMs(), SECONDS);
}

function httlMs(call: Call): void {
  replyTimes(call, nowMs(), MILLISECONDS);
}

function hexpireTime(call: Call): void {
  replyTimes(call, 0, SECONDS);
}

function hexpireTimeMs(call: Call): void {
  replyTimes(call, 0, MILLISECONDS);
}

/** Answers how long after `baseMs` the fields end, rounded up. */
function replyTimes(call: Call, baseMs: i64, unitMs: i64): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const first = fieldsOrReply(call, 2, FIELD_COUNT_NOT_POSITIVE);
  if (!first) return;
  if (!entry) return replyMissing(call.argumentCount - first);
  replyArray(call.argumentCount - first);
  for (let index = first; index < call.argumentCount; index++) {
    const place = findField(entry, call.at(index), call.bytesOf(index));
    const whenMs = place ? fieldExpiryMs(entry, place) : 0;
    if (!place) replyInteger(Code.NO_FIELD);
    else if (!whenMs) replyInteger(Code.NO_TIME);
    else replyInteger((max<i64>(whenMs - baseMs, 0) + unitMs - 1) / unitMs);
  }
}

// ---- Rows ---------------------------------------------------------------------------------------

// @ts-ignore: decorator
@lazy @inline const UPDATED: string = "index 1 range 0 1 0 : rw update";
// @ts-ignore: decorator
@lazy @inline const READ: string = "index 1 range 0 1 0 : ro access";
// @ts-ignore: decorator
@lazy @inline const LINEAR: string = "O(N) in the number of fields given";
// @ts-ignore: decorator
@lazy @inline const FIELDS: string = "key:key fields:block=FIELDS(numfields:integer field:string*)";

function registerSetters(): void {
  command(hexpire.index, "hexpire", "hash", "7.4.0", -6, "write denyoom fast", "hash", UPDATED,
    "key:key seconds:integer \
condition:oneof?(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT) \
fields:block=FIELDS(numfields:integer field:string*)",
    "", LINEAR, "Lets fields of a hash end in a number of seconds.");
  command(hexpireAt.index, "hexpireat", "hash", "7.4.0", -6, "write denyoom fast", "hash", UPDATED,
    "key:key unix-time-seconds:unix-time \
condition:oneof?(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT) \
fields:block=FIELDS(numfields:integer field:string*)",
    "", LINEAR, "Lets fields of a hash end at a Unix time.");
  command(hexpireMs.index, "hpexpire", "hash", "7.4.0", -6, "write denyoom fast", "hash", UPDATED,
    "key:key milliseconds:integer \
condition:oneof?(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT) \
fields:block=FIELDS(numfields:integer field:string*)",
    "", LINEAR, "Lets fields of a hash end in a number of milliseconds.");
  command(hexpireAtMs.index, "hpexpireat", "hash", "7.4.0", -6, "write denyoom fast", "hash",
    UPDATED, "key:key unix-time-milliseconds:unix-time \
condition:oneof?(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT) \
fields:block=FIELDS(numfields:integer field:string*)",
    "", LINEAR, "Lets fields of a hash end at a Unix time in milliseconds.");
  command(hpersist.index, "hpersist", "hash", "7.4.0", -5, "write fast", "hash", UPDATED, FIELDS,
    "", LINEAR, "Takes the end off fields of a hash.");
}

export function registerHashExpiry(): void {
  registerSetters();
  command(hexpireTime.index, "hexpiretime", "hash", "7.4.0", -5, "readonly fast", "hash", READ,
    FIELDS, "", LINEAR, "Tells the Unix times at which fields of a hash end.");
  command(hexpireTimeMs.index, "hpexpiretime", "hash", "7.4.0", -5, "readonly fast", "hash", READ,
    FIELDS, "", LINEAR, "Tells the Unix times in milliseconds at which fields of a hash end.");
  command(httl.index, "httl", "hash", "7.4.0", -5, "readonly fast", "hash", READ, FIELDS,
    "nondeterministic_output", LINEAR, "Tells how many seconds fields of a hash have left.");
  command(httlMs.index, "hpttl", "hash", "7.4.0", -5, "readonly fast", "hash", READ, FIELDS,
    "nondeterministic_output", LINEAR, "Tells how many milliseconds fields of a hash have left.");
}

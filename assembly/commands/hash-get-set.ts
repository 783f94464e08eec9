/**
 * Hash commands that read or set fields and do one thing more with them: HGETDEL, HGETEX, HSETEX.
 *
 * HGETEX and HSETEX take their options in any order before FIELDS, which ends the command. Their
 * effects are in words of Redis 7.4: HSET, HPEXPIREAT, HPERSIST, HDEL.
 */

import { SERVER_ROOT } from "../abi";
import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { settleFieldTimes } from "../keyspace/field-expiry";
import { nowMs } from "../memory/root";
import {
  EXPIRE_MISSING, FIELD_COUNT_INVALID, FIELD_COUNT_NOT_POSITIVE, HGETEX_ONE_TIME,
  HSETEX_ONE_CONDITION, HSETEX_ONE_TIME, WRONG_TYPE, replyUnknownArgument, replyWrongArity,
} from "../protocol/errors";
import { replyArray, replyError, replyInteger, replyNull } from "../protocol/reply";
import { Call, renderAsBlock, renderInstead, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { command } from "../server/table";
import { PUSH_BYTES_MAXIMUM } from "../structures/reference-vector";
import {
  convertToTable, findField, hashCount, isPackedHash, removeField,
} from "../values/hash";
import { clearFieldExpiry, expiryBytes, setFieldExpiry } from "../values/hash-times";
import { KeyEntry, Type } from "../values/key-entry";
import {
  fieldTimeOrReply, fieldsOrReply, isOver, readFieldCount, renderTimes, reserveTimes,
} from "./hash-fields";
import {
  addHash, clearTimes, fieldsNeed, needsTable, removeEmptyHash, renderKeptTime, replyValue,
  setField,
} from "./hash-values";

const enum Option {
  TIME = 1,
  PERSIST = 2,
  KEEPTTL = 4,
  FNX = 8,
  FXX = 16,
}

const TIMES: u32 = Option.TIME | Option.PERSIST | Option.KEEPTTL;
const CONDITIONS: u32 = Option.FNX | Option.FXX;

/** What was parsed; valid until the next command. */
@unmanaged
class FieldOptions {
  /** The time, milliseconds since 1970: only with TIME. */
  whenMs: i64;
  flags: u32;
}

// @ts-ignore: decorator
@inline
function fieldOptions(): FieldOptions {
  return changetype<FieldOptions>(SERVER_ROOT + 0x3c40);
}

/** Reads the options; index of the first field, 0: the error is answered. */
function optionsOrReply(call: Call, sets: bool): i32 {
  fieldOptions().flags = 0;
  for (let index = 2; index < call.argumentCount;) {
    if (call.is(index, "fields")) return listOrReply(call, index, sets ? 2 : 1);
    const option = optionAt(call, index, sets);
    if (!option) {
      replyUnknownArgument(call.at(index), call.bytesOf(index));
      return 0;
    }
    if (!addOption(call, index, option, sets)) return 0;
    index += option == Option.TIME ? 2 : 1;
  }
  replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  return 0;
}

function listOrReply(call: Call, at: i32, step: i32): i32 {
  if (at + 1 < call.argumentCount && !readFieldCount(call, at + 1)) {
    replyError(FIELD_COUNT_INVALID);
    return 0;
  }
  const arguments = <i64>(call.argumentCount - at - 2);
  if (arguments > 0 && arguments % step == 0 && arguments / step == call.integer) return at + 2;
  replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  return 0;
}

function optionAt(call: Call, index: i32, sets: bool): u32 {
  if (unitAt(call, index)) return Option.TIME;
  if (!sets) return call.is(index, "persist") ? Option.PERSIST : 0;
  if (call.is(index, "keepttl")) return Option.KEEPTTL;
  if (call.is(index, "fnx")) return Option.FNX;
  return call.is(index, "fxx") ? Option.FXX : 0;
}

/** Milliseconds of the unit that an option names, 0 for another option. */
function unitAt(call: Call, index: i32): i64 {
  if (call.is(index, "ex") || call.is(index, "exat")) return 1000;
  return call.is(index, "px") || call.is(index, "pxat") ? 1 : 0;
}

function addOption(call: Call, index: i32, option: u32, sets: bool): bool {
  const flags = fieldOptions().flags;
  fieldOptions().flags = flags | option;
  if (option & CONDITIONS) {
    if (flags & CONDITIONS) replyError(HSETEX_ONE_CONDITION);
    return !(flags & CONDITIONS);
  }
  if (flags & TIMES) {
    if (sets) replyError(HSETEX_ONE_TIME);
    else replyError(HGETEX_ONE_TIME);
    return false;
  }
  if (option != Option.TIME) return true;
  if (index + 1 == call.argumentCount) {
    replyError(EXPIRE_MISSING);
    return false;
  }
  // Two letters: after so much time, four: at a time.
  const baseMs = call.bytesOf(index) == 2 ? nowMs() : 0;
  if (!fieldTimeOrReply(call, index + 1, baseMs, unitAt(call, index))) return false;
  fieldOptions().whenMs = call.integer;
  return true;
}

// ---- Reading ------------------------------------------------------------------------------------

function hgetdel(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const first = fieldsOrReply(call, 2, FIELD_COUNT_NOT_POSITIVE);
  if (!first) return;
  replyArray(call.argumentCount - first);
  let removed = 0;
  for (let index = first; index < call.argumentCount; index++) {
    if (!replyField(call, entry, index)) continue;
    removeField(entry!, call.at(index), call.bytesOf(index));
    removed += 1;
  }
  if (removed) finishRemoval(call, entry!, first, 1);
}

/** Answers the value of the field in argument `index`, or null; whether it is there. */
function replyField(call: Call, entry: KeyEntry | null, index: i32): bool {
  const place = entry ? findField(entry, call.at(index), call.bytesOf(index)) : 0;
  if (place) replyValue(entry!, place);
  else replyNull();
  return place != 0;
}

/** After fields were removed: the effect, the indexes and the key. */
function finishRemoval(call: Call, entry: KeyEntry, first: i32, step: i32): void {
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hdel", 1);
  if (!hashCount(entry)) notifyDeleted(call, 1);
  if (renderInstead(call, 2 + (call.argumentCount - first) / step)) {
    effectLiteral("HDEL");
    effectBytes(call.at(1), call.bytesOf(1));
    for (let index = first; index < call.argumentCount; index += step) {
      effectBytes(call.at(index), call.bytesOf(index));
    }
  }
  settleFieldTimes(call.database, entry);
  removeEmptyHash(call, entry);
}

function hgetex(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const first = optionsOrReply(call, false);
  if (!first) return;
  const options = fieldOptions();
  const over = (options.flags & Option.TIME) != 0 && isOver(options.whenMs);
  const setsTime = (options.flags & Option.TIME) != 0 && !over;
  if (entry && setsTime && !reserveTimes(call, entry, first)) return;
  let changed = 0;
  replyArray(call.argumentCount - first);
  for (let index = first; index < call.argumentCount; index++) {
    if (!replyField(call, entry, index)) continue;
    changed += i32(changeField(call, entry!, index, options, over));
  }
  if (!changed) return;
  if (over) return finishRemoval(call, entry!, first, 1);
  settleFieldTimes(call.database, entry!);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, setsTime ? "hexpire" : "hpersist", 1);
  if (setsTime) renderTimes(call, options.whenMs, first, 1);
  else renderPersist(call, first);
}

/** What HGETEX does to a field that is there; whether it changes. */
function changeField(
  call: Call,
  entry: KeyEntry,
  index: i32,
  options: FieldOptions,
  over: bool,
): bool {
  const field = call.at(index);
  const bytes = call.bytesOf(index);
  if (options.flags & Option.PERSIST) return clearFieldExpiry(entry, field, bytes);
  if (over) return removeField(entry, field, bytes);
  if (!(options.flags & Option.TIME)) return false;
  return setFieldExpiry(entry, field, bytes, max<i64>(options.whenMs, 1));
}

function renderPersist(call: Call, first: i32): void {
  if (!renderInstead(call, 2 + call.argumentCount - (first - 2))) return;
  effectLiteral("HPERSIST");
  effectBytes(call.at(1), call.bytesOf(1));
  for (let index = first - 2; index < call.argumentCount; index++) {
    effectBytes(call.at(index), call.bytesOf(index));
  }
}

// ---- Setting ------------------------------------------------------------------------------------

function hsetex(call: Call): void {
  const found = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (found && found.type != Type.HASH) return replyError(WRONG_TYPE);
  const first = optionsOrReply(call, true);
  if (!first) return;
  const options = fieldOptions();
  if (!conditionHolds(call, found, first)) return replyInteger(0);
  if (options.flags & Option.TIME && isOver(options.whenMs)) {
    if (found) removePairs(call, found, first);
    return replyInteger(1);
  }
  const toTable = needsTable(call, found, first, call.argumentCount);
  if (!reservePairs(call, found, first, toTable)) return;
  const entry = found ? found : addHash(call);
  if (toTable && isPackedHash(entry)) convertToTable(entry);
  setPairs(call, entry, first);
  if (options.flags & Option.TIME) settleFieldTimes(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hset", 1);
  if (options.flags & Option.TIME) notifyArgument(call, EventClass.HASH, "hexpire", 1);
  renderPairs(call, entry, first);
  replyInteger(1);
}

/** FNX: none of the fields is there, FXX: all of them are. */
function conditionHolds(call: Call, entry: KeyEntry | null, first: i32): bool {
  const flags = fieldOptions().flags;
  if (!(flags & CONDITIONS)) return true;
  const wanted = (flags & Option.FXX) != 0;
  for (let index = first; index < call.argumentCount; index += 2) {
    const isThere = entry != null && findField(entry, call.at(index), call.bytesOf(index)) != 0;
    if (isThere != wanted) return false;
  }
  return true;
}

/** The time given has passed: the fields would be set and end at once. */
function removePairs(call: Call, entry: KeyEntry, first: i32): void {
  let removed = 0;
  for (let index = first; index < call.argumentCount; index += 2) {
    removed += i32(removeField(entry, call.at(index), call.bytesOf(index)));
  }
  if (removed) finishRemoval(call, entry, first, 2);
}

function reservePairs(call: Call, entry: KeyEntry | null, first: i32, toTable: bool): bool {
  const pairs = <u32>(call.argumentCount - first) >> 1;
  let textBytes: f64 = 0;
  for (let index = first; index < call.argumentCount; index++) textBytes += call.bytesOf(index);
  let needed = fieldsNeed(call, entry, textBytes, pairs, toTable);
  if (fieldOptions().flags & Option.TIME) {
    // A packed list is made anew for times, a field of a table too.
    needed += 2 * PUSH_BYTES_MAXIMUM + 4 * textBytes + <f64>pairs * 200;
    if (entry) needed += expiryBytes(entry, pairs, textBytes);
  }
  return needed <= 1024 || reserveOrReply(needed);
}

function setPairs(call: Call, entry: KeyEntry, first: i32): void {
  const options = fieldOptions();
  const end = call.argumentCount;
  if (!(options.flags & Option.KEEPTTL) && entry.hasFieldTimes) clearTimes(call, entry, first, end);
  for (let index = first; index < end; index += 2) {
    const value = index + 1;
    setField(entry, call.at(index), call.bytesOf(index), call.at(value), call.bytesOf(value));
  }
  if (!(options.flags & Option.TIME)) return;
  for (let index = first; index < end; index += 2) {
    setFieldExpiry(entry, call.at(index), call.bytesOf(index), max<i64>(options.whenMs, 1));
  }
}

function renderPairs(call: Call, entry: KeyEntry, first: i32): void {
  const options = fieldOptions();
  const setsTimes = (options.flags & Option.TIME) != 0;
  if (setsTimes || (options.flags & Option.KEEPTTL && entry.hasFieldTimes)) renderAsBlock(call);
  if (renderInstead(call, 2 + call.argumentCount - first)) {
    effectLiteral("HSET");
    effectBytes(call.at(1), call.bytesOf(1));
    for (let index = first; index < call.argumentCount; index++) {
      effectBytes(call.at(index), call.bytesOf(index));
    }
  }
  if (setsTimes) renderTimes(call, options.whenMs, first, 2);
  if (!(options.flags & Option.KEEPTTL)) return;
  for (let index = first; index < call.argumentCount; index += 2) {
    renderKeptTime(call, entry, index);
  }
}

// ---- Rows ---------------------------------------------------------------------------------------

export function registerHashGetSet(): void {
  const linear = "O(N) in the number of fields given";
  command(hgetdel.index, "hgetdel", "hash", "8.0.0", -5, "write fast", "hash",
    "index 1 range 0 1 0 : rw access delete",
    "key:key fields:block=FIELDS(numfields:integer field:string*)", "", linear,
    "Reads fields of a hash and deletes them.");
  command(hgetex.index, "hgetex", "hash", "8.0.0", -5, "write fast", "hash",
    "index 1 range 0 1 0 : rw access update",
    "key:key expiration:oneof?(seconds:integer=EX milliseconds:integer=PX \
unix-time-seconds:unix-time=EXAT unix-time-milliseconds:unix-time=PXAT \
persist:pure-token=PERSIST) fields:block=FIELDS(numfields:integer field:string*)", "", linear,
    "Reads fields of a hash and sets or removes their end.");
  command(hsetex.index, "hsetex", "hash", "8.0.0", -6, "write denyoom fast", "hash",
    "index 1 range 0 1 0 : rw update",
    "key:key condition:oneof?(fnx:pure-token=FNX fxx:pure-token=FXX) \
expiration:oneof?(seconds:integer=EX milliseconds:integer=PX unix-time-seconds:unix-time=EXAT \
unix-time-milliseconds:unix-time=PXAT keepttl:pure-token=KEEPTTL) \
fields:block=FIELDS(numfields:integer data:block*(field:string value:string))", "", linear,
    "Sets fields of a hash and their end.");
}

/**
 * Expiry of keys: the EXPIRE family, the TTL family, PERSIST.
 *
 * A relative time becomes the absolute one in milliseconds before anything else is looked at, and
 * that is what the effect says: PEXPIREAT, or DEL where the time has passed already.
 */

import { touchAccess } from "../keyspace/access";
import {
  lookupQuiet, lookupUntouched, removeExpiry, removeFound, setExpiry,
} from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { isReplaying, nowMs } from "../memory/root";
import {
  EXPIRE_GT_WITH_LT, EXPIRE_NX_WITH_OTHERS, replyInvalidExpire, replyUnsupportedOption,
} from "../protocol/errors";
import { replyError, replyInteger } from "../protocol/reply";
import { Call, integerOrReply, renderInstead, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import { PUSH_BYTES_MAXIMUM } from "../structures/reference-vector";
import { KeyEntry, entryBytes, valueFieldBytes } from "../values/key-entry";

const enum Condition {
  NONE = 0,
  NX = 1,
  XX = 2,
  GT = 4,
  LT = 8,
}

const enum Unit {
  SECONDS = 1000,
  MILLISECONDS = 1,
}

function expire(call: Call): void {
  changeExpiry(call, nowMs(), Unit.SECONDS);
}

function expireAt(call: Call): void {
  changeExpiry(call, 0, Unit.SECONDS);
}

function expireMs(call: Call): void {
  changeExpiry(call, nowMs(), Unit.MILLISECONDS);
}

function expireAtMs(call: Call): void {
  changeExpiry(call, 0, Unit.MILLISECONDS);
}

function changeExpiry(call: Call, baseMs: i64, unit: Unit): void {
  const condition = conditionOrReply(call);
  if (condition < 0 || !expiryOrReply(call, baseMs, unit)) return;
  const whenMs = call.integer;
  const entry = lookupQuiet(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  const allowed = isAllowed(condition, entry, whenMs);
  const over = whenMs <= nowMs() && !isReplaying();
  if (allowed && !over && !reserveExpiry(entry, true)) return;
  touchAccess(entry);
  if (!allowed) return replyInteger(0);
  if (over) return expireNow(call);
  setExpiry(call.database, entry, whenMs);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.GENERIC, "expire", 1);
  if (renderInstead(call, 3)) {
    effectLiteral("PEXPIREAT");
    effectBytes(call.at(1), call.bytesOf(1));
    effectInteger(whenMs);
  }
  replyInteger(1);
}

/** Memory for a key to have an expiry or none; false: the error is answered. */
export function reserveExpiry(entry: KeyEntry, expires: bool): bool {
  if (entry.expires == expires) return true;
  const bytes: f64 = entryBytes(entry.keyBytes, expires, valueFieldBytes(entry));
  return reserveOrReply(expires ? bytes + PUSH_BYTES_MAXIMUM : bytes);
}

/** The options from argument 3 on as Condition bits; -1: the error is answered. */
function conditionOrReply(call: Call): i32 {
  let condition: i32 = Condition.NONE;
  for (let index = 3; index < call.argumentCount; index++) {
    if (call.is(index, "nx")) condition |= Condition.NX;
    else if (call.is(index, "xx")) condition |= Condition.XX;
    else if (call.is(index, "gt")) condition |= Condition.GT;
    else if (call.is(index, "lt")) condition |= Condition.LT;
    else {
      replyUnsupportedOption(call.at(index), call.bytesOf(index));
      return -1;
    }
  }
  if (condition & Condition.NX && condition & ~Condition.NX) {
    replyError(EXPIRE_NX_WITH_OTHERS);
    return -1;
  }
  if (condition & Condition.GT && condition & Condition.LT) {
    replyError(EXPIRE_GT_WITH_LT);
    return -1;
  }
  return condition;
}

/** Leaves the absolute time in milliseconds in `call.integer`; false: the error is answered. */
function expiryOrReply(call: Call, baseMs: i64, unit: Unit): bool {
  if (!integerOrReply(call, 2)) return false;
  const value = call.integer;
  const factor: i64 = unit;
  const isTooLarge = value > i64.MAX_VALUE / factor || value < i64.MIN_VALUE / factor;
  if (isTooLarge || value * factor > i64.MAX_VALUE - baseMs) {
    replyInvalidExpire(call.row.nameAddress, call.row.nameBytes);
    return false;
  }
  call.integer = value * factor + baseMs;
  return true;
}

/** A key without expiry counts as one that never ends: GT never holds for it, LT always. */
function isAllowed(condition: i32, entry: KeyEntry, whenMs: i64): bool {
  if (!condition) return true;
  if (!entry.expires) return !(condition & (Condition.XX | Condition.GT));
  if (condition & Condition.NX) return false;
  if (condition & Condition.GT) return whenMs > entry.expiryMs;
  if (condition & Condition.LT) return whenMs < entry.expiryMs;
  return true;
}

/** The time given has passed: the key goes at once. */
function expireNow(call: Call): void {
  removeFound(call.database);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.GENERIC, "del", 1);
  if (renderInstead(call, 2)) {
    effectLiteral("DEL");
    effectBytes(call.at(1), call.bytesOf(1));
  }
  replyInteger(1);
}

function persist(call: Call): void {
  const entry = lookupQuiet(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (!reserveExpiry(entry, false)) return;
  touchAccess(entry);
  if (!entry.expires) return replyInteger(0);
  removeExpiry(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.GENERIC, "persist", 1);
  replyInteger(1);
}

/** -2: no such key, -1: no expiry, -3: the answer is in `call.integer`. */
function readExpiry(call: Call): i32 {
  const entry = lookupUntouched(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return -2;
  if (!entry.expires) return -1;
  call.integer = entry.expiryMs;
  return -3;
}

// @ts-ignore: decorator
@inline
function roundedSeconds(ms: i64): i64 {
  return <i64>((<u64>ms + 500) / 1000);
}

function timeToLive(call: Call): void {
  const kind = readExpiry(call);
  if (kind > -3) return replyInteger(kind);
  replyInteger(roundedSeconds(max<i64>(call.integer - nowMs(), 0)));
}

function timeToLiveMs(call: Call): void {
  const kind = readExpiry(call);
  if (kind > -3) return replyInteger(kind);
  replyInteger(max<i64>(call.integer - nowMs(), 0));
}

function expiryTime(call: Call): void {
  const kind = readExpiry(call);
  if (kind > -3) return replyInteger(kind);
  replyInteger(roundedSeconds(call.integer));
}

function expiryTimeMs(call: Call): void {
  const kind = readExpiry(call);
  replyInteger(kind > -3 ? kind : call.integer);
}

// @ts-ignore: decorator
@lazy @inline const UPDATED: string = "index 1 range 0 1 0 : rw update";
// @ts-ignore: decorator
@lazy @inline const READ: string = "index 1 range 0 1 0 : ro access";

export function registerKeyExpiry(): void {
  command(expire.index, "expire", "generic", "1.0.0", -3, "write fast", "keyspace", UPDATED,
    "key:key seconds:integer \
condition:oneof?^7.0.0(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT)",
    "", "O(1)", "Lets a key end in a number of seconds.");
  command(expireAt.index, "expireat", "generic", "1.2.0", -3, "write fast", "keyspace", UPDATED,
    "key:key unix-time-seconds:unix-time \
condition:oneof?^7.0.0(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT)",
    "", "O(1)", "Lets a key end at a Unix time.");
  command(expiryTime.index, "expiretime", "generic", "7.0.0", 2, "readonly fast", "keyspace",
    READ, "key:key", "", "O(1)", "Tells the Unix time at which a key ends.");
  command(persist.index, "persist", "generic", "2.2.0", 2, "write fast", "keyspace", UPDATED,
    "key:key", "", "O(1)", "Takes the end off a key.");
  command(expireMs.index, "pexpire", "generic", "2.6.0", -3, "write fast", "keyspace", UPDATED,
    "key:key milliseconds:integer \
condition:oneof?^7.0.0(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT)",
    "", "O(1)", "Lets a key end in a number of milliseconds.");
  command(expireAtMs.index, "pexpireat", "generic", "2.6.0", -3, "write fast", "keyspace",
    UPDATED, "key:key unix-time-milliseconds:unix-time \
condition:oneof?^7.0.0(nx:pure-token=NX xx:pure-token=XX gt:pure-token=GT lt:pure-token=LT)",
    "", "O(1)", "Lets a key end at a Unix time in milliseconds.");
  command(expiryTimeMs.index, "pexpiretime", "generic", "7.0.0", 2, "readonly fast", "keyspace",
    READ, "key:key", "", "O(1)", "Tells the Unix time in milliseconds at which a key ends.");
  command(timeToLiveMs.index, "pttl", "generic", "2.6.0", 2, "readonly fast", "keyspace", READ,
    "key:key", "nondeterministic_output", "O(1)", "Tells how many milliseconds a key has left.");
  command(timeToLive.index, "ttl", "generic", "1.0.0", 2, "readonly fast", "keyspace", READ,
    "key:key", "nondeterministic_output", "O(1)", "Tells how many seconds a key has left.");
}

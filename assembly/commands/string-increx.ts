/**
 * INCREX: a counter with bounds and a lifetime, in integers or in long doubles.
 *
 * A sum outside the bounds leaves everything as it is and answers 0 as the increment applied, or
 * with SATURATE becomes the bound. Whatever happened, its effect is a SET of the result.
 */

import { lookupWrite, setExpiry } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { setInteger, setText } from "../keyspace/strings";
import { isReplaying, nowMs } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  APPLIED_INFINITE, APPLIED_OVERFLOW, BOUNDS_CROSSED, INCREMENT_INFINITE, NEEDS_EXPIRY, SYNTAX,
  VALUE_INFINITE, replyWrongNumber,
} from "../protocol/errors";
import { protocol, replyArray, replyBulk, replyError, replyInteger } from "../protocol/reply";
import { replySink, sinkByte, sinkBytes, sinkLiteral } from "../protocol/sink";
import { Call, renderInstead, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import { parseInteger, writeInteger } from "../text/integers";
import {
  LONG_DOUBLE_BYTES, LONG_DOUBLE_TEXT_BYTES_MAX, LongDouble, longDoubleAdd, longDoubleFromInteger,
  longDoubleIsFinite, longDoubleParse, longDoubleWrite,
} from "../text/long-doubles";
import { KeyEntry } from "../values/key-entry";
import { NUMBER, removeRendered } from "./string-compare";
import { floatValueOrReply, integerValueOrReply } from "./string-numbers";
import {
  EXPIRIES, LIFETIMES, Option, clearOptions, expiryOrReply, stringOptions, takeOption,
} from "./string-options";
import { reserveString } from "./string-values";

/** What the arguments say, in scratch memory. */
@unmanaged
class Increment {
  /** Arguments with the increment and the bounds; 0 = not given. */
  stepAt: i32;
  lowerAt: i32;
  upperAt: i32;
  isFloat: bool;
  saturates: bool;
  /** ENX: an expiry that is there stays. */
  keepsExpiry: bool;
  step: i64;
  lower: i64;
  upper: i64;
}

const INCREMENT_BYTES: u32 = (<u32>offsetof<Increment>() + 7) & ~7;
/** Long doubles after the record: increment, bounds, value, and a scratch one. */
const LONG_DOUBLES: u32 = 5;
const LARGEST_EXPONENT: i32 = 16320;

// @ts-ignore: decorator
@inline
function floatAt(self: Increment, index: u32): LongDouble {
  return changetype<LongDouble>(
    changetype<usize>(self) + INCREMENT_BYTES + index * LONG_DOUBLE_BYTES,
  );
}

function increx(call: Call): void {
  const mark = scratchMark();
  const self = changetype<Increment>(
    scratchTake(INCREMENT_BYTES + LONG_DOUBLES * LONG_DOUBLE_BYTES),
  );
  if (readOptions(call, self)) {
    if (self.isFloat) incrementFloat(call, self);
    else incrementInteger(call, self);
  }
  scratchRelease(mark);
}

function readOptions(call: Call, self: Increment): bool {
  memory.fill(changetype<usize>(self), 0, INCREMENT_BYTES);
  clearOptions();
  for (let index = 2; index < call.argumentCount; index++) {
    const used = readOption(call, self, index);
    if (!used) {
      replyError(SYNTAX);
      return false;
    }
    index += used - 1;
  }
  if (self.keepsExpiry && !stringOptions().has(EXPIRIES)) {
    replyError(NEEDS_EXPIRY);
    return false;
  }
  if (!(self.isFloat ? readFloats(call, self) : readIntegers(call, self))) return false;
  return expiryOrReply(call);
}

/** Reads the option at argument `index`, each at most once; returns its arguments, 0 for none. */
function readOption(call: Call, self: Increment, index: i32): i32 {
  const options = stringOptions();
  if (call.is(index, "SATURATE")) {
    if (self.saturates) return 0;
    self.saturates = true;
    return 1;
  }
  if (call.is(index, "ENX")) {
    if (self.keepsExpiry || options.has(Option.PERSIST)) return 0;
    self.keepsExpiry = true;
    return 1;
  }
  const isFloat = call.is(index, "BYFLOAT");
  if (isFloat || call.is(index, "BYINT")) {
    if (self.stepAt || index + 1 == call.argumentCount) return 0;
    self.isFloat = isFloat;
    self.stepAt = index + 1;
    return 2;
  }
  if (call.is(index, "LBOUND")) {
    if (self.lowerAt || index + 1 == call.argumentCount) return 0;
    self.lowerAt = index + 1;
    return 2;
  }
  if (call.is(index, "UBOUND")) {
    if (self.upperAt || index + 1 == call.argumentCount) return 0;
    self.upperAt = index + 1;
    return 2;
  }
  if (options.has(LIFETIMES)) return 0;
  const used = takeOption(call, index, EXPIRIES | Option.PERSIST);
  return self.keepsExpiry && options.has(Option.PERSIST) ? 0 : used;
}

// ---- Integers ----------------------------------------------------------------------------------

function readIntegers(call: Call, self: Increment): bool {
  self.step = 1;
  self.lower = i64.MIN_VALUE;
  self.upper = i64.MAX_VALUE;
  const start = changetype<usize>(self);
  if (!readInteger(call, self.stepAt, start + offsetof<Increment>("step"), "Increment")) {
    return false;
  }
  const lower = start + offsetof<Increment>("lower");
  const upper = start + offsetof<Increment>("upper");
  if (!readInteger(call, self.lowerAt, lower, "LBOUND")) return false;
  if (!readInteger(call, self.upperAt, upper, "UBOUND")) return false;
  if (self.lower <= self.upper) return true;
  replyError(BOUNDS_CROSSED);
  return false;
}

function readInteger(call: Call, index: i32, out: usize, name: string): bool {
  if (!index || parseInteger(call.at(index), call.bytesOf(index), out)) return true;
  replyWrongNumber(name, true);
  return false;
}

function incrementInteger(call: Call, self: Increment): void {
  if (!reserveString(call, 8)) return;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) call.integer = 0;
  else if (!integerValueOrReply(call, entry)) return;
  const before = call.integer;
  const step = self.step;
  let sum = before + step;
  let applied = step;
  const overflows = ((sum ^ before) & (sum ^ step)) < 0;
  if (overflows || sum < self.lower || sum > self.upper) {
    if (!self.saturates) return replyIntegers(before, 0);
    const isAbove = overflows ? step >= 0 : sum > self.upper;
    sum = isAbove ? self.upper : self.lower;
    applied = sum - before;
    if (((sum ^ before) & (applied ^ sum)) < 0) return replyError(APPLIED_OVERFLOW);
  }
  replyIntegers(sum, applied);
  storeResult(call, self, entry, NUMBER, writeInteger(NUMBER, sum), sum);
}

function replyIntegers(value: i64, applied: i64): void {
  replyArray(2);
  replyInteger(value);
  replyInteger(applied);
}

// ---- Long doubles ------------------------------------------------------------------------------

function readFloats(call: Call, self: Increment): bool {
  const step = floatAt(self, 0);
  const lower = floatAt(self, 1);
  const upper = floatAt(self, 2);
  setLargest(lower, true);
  setLargest(upper, false);
  if (!readFloat(call, self.stepAt, step, "Increment")) return false;
  if (!longDoubleIsFinite(step)) {
    replyError(INCREMENT_INFINITE);
    return false;
  }
  if (!readFloat(call, self.lowerAt, lower, "LBOUND")) return false;
  if (!readFloat(call, self.upperAt, upper, "UBOUND")) return false;
  if (compareFloats(lower, upper) <= 0) return true;
  replyError(BOUNDS_CROSSED);
  return false;
}

function readFloat(call: Call, index: i32, out: LongDouble, name: string): bool {
  if (!index) return true;
  const bytes = <i32>call.bytesOf(index);
  if (bytes >= 0 && longDoubleParse(call.at(index), bytes, out)) return true;
  replyWrongNumber(name, false);
  return false;
}

/** The largest finite number. */
function setLargest(out: LongDouble, isNegative: bool): void {
  out.mantissa = u64.MAX_VALUE;
  out.exponent = LARGEST_EXPONENT;
  out.isNegative = isNegative;
}

/** -1, 0 or 1 as `left` is less than, equal to or greater than `right`. */
function compareFloats(left: LongDouble, right: LongDouble): i32 {
  const isLeftNegative = left.isNegative && left.mantissa != 0;
  const isRightNegative = right.isNegative && right.mantissa != 0;
  if (isLeftNegative != isRightNegative) return isLeftNegative ? -1 : 1;
  let order = i32(left.exponent > right.exponent) - i32(left.exponent < right.exponent);
  if (!order) order = i32(left.mantissa > right.mantissa) - i32(left.mantissa < right.mantissa);
  return isLeftNegative ? -order : order;
}

function incrementFloat(call: Call, self: Increment): void {
  if (!reserveString(call, LONG_DOUBLE_TEXT_BYTES_MAX)) return;
  const step = floatAt(self, 0);
  const value = floatAt(self, 3);
  const sum = floatAt(self, 4);
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!floatValueOrReply(entry, value)) return;
  if (!longDoubleIsFinite(value)) return replyError(VALUE_INFINITE);
  longDoubleAdd(value, step, sum);
  const overflows = !longDoubleIsFinite(sum);
  const isBelow = !overflows && compareFloats(sum, floatAt(self, 1)) < 0;
  if (overflows || isBelow || compareFloats(sum, floatAt(self, 2)) > 0) {
    if (!self.saturates) {
      longDoubleFromInteger(0, step);
      return replyFloats(value, step);
    }
    const isAbove = overflows ? !step.isNegative : compareFloats(sum, floatAt(self, 2)) > 0;
    memory.copy(changetype<usize>(sum), changetype<usize>(floatAt(self, isAbove ? 2 : 1)),
      LONG_DOUBLE_BYTES);
    value.isNegative = !value.isNegative;
    longDoubleAdd(sum, value, step);
    if (!longDoubleIsFinite(step)) return replyError(APPLIED_INFINITE);
  }
  replyFloats(sum, step);
  const text = scratchTake(LONG_DOUBLE_TEXT_BYTES_MAX);
  storeResult(call, self, entry, text, longDoubleWrite(text, sum), 0);
}

function replyFloats(value: LongDouble, applied: LongDouble): void {
  replyArray(2);
  replyFloat(value);
  replyFloat(applied);
}

/** A long double: RESP3's double, in RESP2 a bulk. */
function replyFloat(value: LongDouble): void {
  const mark = scratchMark();
  const text = scratchTake(LONG_DOUBLE_TEXT_BYTES_MAX);
  const bytes = longDoubleWrite(text, value);
  if (protocol() == 2) {
    replyBulk(text, bytes);
  } else {
    sinkByte(replySink(), 0x2c);
    sinkBytes(replySink(), text, bytes);
    sinkLiteral(replySink(), "\r\n");
  }
  scratchRelease(mark);
}

// ---- Result ------------------------------------------------------------------------------------

/** Stores the result under argument 1 with its lifetime, and renders that. */
function storeResult(
  call: Call,
  self: Increment,
  entry: KeyEntry | null,
  text: usize,
  bytes: u32,
  integer: i64,
): void {
  const options = stringOptions();
  const hadExpiry = entry != null && entry.expires;
  const expires = options.has(EXPIRIES) && !(self.keepsExpiry && hadExpiry);
  if (expires && options.whenMs <= nowMs() && !isReplaying()) {
    if (entry) removeRendered(call);
    return;
  }
  const keeps = !options.has(Option.PERSIST);
  const stored = self.isFloat
    ? setText(call.database, call.at(1), call.bytesOf(1), text, bytes, keeps)
    : setInteger(call.database, call.at(1), call.bytesOf(1), integer, keeps);
  if (expires) setExpiry(call.database, stored, options.whenMs);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, self.isFloat ? "incrbyfloat" : "incrby", 1);
  if (expires) notifyArgument(call, EventClass.GENERIC, "expire", 1);
  if (!renderInstead(call, expires ? 5 : keeps ? 4 : 3)) return;
  effectLiteral("SET");
  effectBytes(call.at(1), call.bytesOf(1));
  effectBytes(text, bytes);
  if (expires) {
    effectLiteral("PXAT");
    effectInteger(options.whenMs);
  } else if (keeps) {
    effectLiteral("KEEPTTL");
  }
}

export function registerStringIncrex(): void {
  command(increx.index, "increx", "string", "8.8.0", -2,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update",
    "key:key increment:oneof?(float:double=BYFLOAT integer:integer=BYINT) \
saturate:pure-token=SATURATE? lowerbound:string=LBOUND? upperbound:string=UBOUND? \
expiration:oneof?(seconds:integer=EX milliseconds:integer=PX unix-time-seconds:unix-time=EXAT \
unix-time-milliseconds:unix-time=PXAT persist:pure-token=PERSIST) enx:pure-token=ENX?",
    "", "O(1)", "Adds to the number of a key within bounds and sets how long it lives.");
}

/**
 * The options that SET, GETEX, MSETEX and INCREX share: when to act, and until when the key lives.
 *
 * Options of one kind exclude each other; the same one may be repeated, and then its last argument
 * counts, as in Redis. Nothing here looks at the data set.
 */

import { SERVER_ROOT } from "../abi";
import { nowMs } from "../memory/root";
import { NOT_INTEGER, SYNTAX, replyInvalidExpire } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { Call } from "../server/call";
import { parseInteger } from "../text/integers";

export const enum Option {
  NX = 1,
  XX = 2,
  IFEQ = 4,
  IFNE = 8,
  IFDEQ = 16,
  IFDNE = 32,
  GET = 64,
  EX = 128,
  PX = 256,
  EXAT = 512,
  PXAT = 1024,
  KEEPTTL = 2048,
  PERSIST = 4096,
}

// @ts-ignore: decorator
@inline export const COMPARISONS: u32 = Option.IFEQ | Option.IFNE | Option.IFDEQ | Option.IFDNE;
// @ts-ignore: decorator
@inline export const CONDITIONS: u32 = Option.NX | Option.XX | COMPARISONS;
/** Options that set an expiry. */
// @ts-ignore: decorator
@inline export const EXPIRIES: u32 = Option.EX | Option.PX | Option.EXAT | Option.PXAT;
// @ts-ignore: decorator
@inline export const LIFETIMES: u32 = EXPIRIES | Option.KEEPTTL | Option.PERSIST;

/** What was parsed; valid until the next command. */
@unmanaged
export class StringOptions {
  /** Expiry, milliseconds since 1970: only when `flags` has one of EXPIRIES. */
  whenMs: i64;
  flags: u32;
  /** The argument that IFEQ and the like compare with. */
  match: i32;
  /** The argument of EX and the like. */
  expiry: i32;

  // @ts-ignore: decorator
  @inline
  has(flags: u32): bool {
    return (this.flags & flags) != 0;
  }
}

// @ts-ignore: decorator
@inline
export function stringOptions(): StringOptions {
  return changetype<StringOptions>(SERVER_ROOT + 0x3f40);
}

/** No options yet. */
export function clearOptions(): void {
  stringOptions().flags = 0;
  stringOptions().match = 0;
  stringOptions().expiry = 0;
}

/** The arguments from `first` on as options out of `allowed`; false: the error is answered. */
export function optionsOrReply(call: Call, first: i32, allowed: u32): bool {
  clearOptions();
  for (let index = first; index < call.argumentCount; index++) {
    const used = takeOption(call, index, allowed);
    if (!used) {
      replyError(SYNTAX);
      return false;
    }
    index += used - 1;
  }
  return true;
}

/**
 * Reads the option at argument `index`; returns how many arguments it is, 0 for none allowed here.
 */
export function takeOption(call: Call, index: i32, allowed: u32): i32 {
  const option = optionAt(call, index) & allowed;
  const options = stringOptions();
  if (!option) return 0;
  if (option & CONDITIONS && options.has(CONDITIONS & ~option)) return 0;
  if (option & LIFETIMES && options.has(LIFETIMES & ~option)) return 0;
  if (!(option & (COMPARISONS | EXPIRIES))) {
    options.flags |= option;
    return 1;
  }
  if (index + 1 == call.argumentCount) return 0;
  options.flags |= option;
  if (option & COMPARISONS) options.match = index + 1;
  else options.expiry = index + 1;
  return 2;
}

function optionAt(call: Call, index: i32): u32 {
  switch (call.bytesOf(index)) {
    case 2:
      if (call.is(index, "EX")) return Option.EX;
      if (call.is(index, "PX")) return Option.PX;
      if (call.is(index, "NX")) return Option.NX;
      if (call.is(index, "XX")) return Option.XX;
      return 0;
    case 3:
      return call.is(index, "GET") ? Option.GET : 0;
    case 4:
      if (call.is(index, "EXAT")) return Option.EXAT;
      if (call.is(index, "PXAT")) return Option.PXAT;
      if (call.is(index, "IFEQ")) return Option.IFEQ;
      if (call.is(index, "IFNE")) return Option.IFNE;
      return 0;
    case 5:
      if (call.is(index, "IFDEQ")) return Option.IFDEQ;
      if (call.is(index, "IFDNE")) return Option.IFDNE;
      return 0;
    case 7:
      if (call.is(index, "KEEPTTL")) return Option.KEEPTTL;
      if (call.is(index, "PERSIST")) return Option.PERSIST;
      return 0;
    default:
      return 0;
  }
}

/** Makes a point in time of the expiry that was parsed, if any; false: the error is answered. */
export function expiryOrReply(call: Call): bool {
  const options = stringOptions();
  if (!options.expiry) return true;
  const isSeconds = options.has(Option.EX | Option.EXAT);
  return whenOrReply(call, options.expiry, isSeconds, options.has(Option.EX | Option.PX));
}

/**
 * Argument `index` as a point in time, into `whenMs`; false: the error is answered. It must be
 * positive, and must not overflow on its way to milliseconds since 1970.
 */
export function whenOrReply(call: Call, index: i32, isSeconds: bool, isRelative: bool): bool {
  const options = stringOptions();
  if (!parseInteger(call.at(index), call.bytesOf(index), changetype<usize>(options))) {
    replyError(NOT_INTEGER);
    return false;
  }
  let when = options.whenMs;
  if (when <= 0 || (isSeconds && when > i64.MAX_VALUE / 1000)) return refuseExpiry(call);
  if (isSeconds) when *= 1000;
  if (isRelative) {
    if (when > i64.MAX_VALUE - nowMs()) return refuseExpiry(call);
    when += nowMs();
  }
  options.whenMs = when;
  return true;
}

function refuseExpiry(call: Call): bool {
  replyInvalidExpire(call.row.nameAddress, call.row.nameBytes);
  return false;
}

/**
 * The 80-bit extended format of the x87, as far as INCRBYFLOAT needs it: read, add, write.
 *
 * Redis computes INCRBYFLOAT and HINCRBYFLOAT in C's long double, and what clients see depends on
 * its 64-bit mantissa: 0.1 + 0.2 is 0.3 there, and 2^63 + 1 is exact. WebAssembly has no such type,
 * so this is it, in integers. Each operation rounds once, half to even.
 *
 *   LongDouble, 16 bytes:  0 mantissa u64   8 exponent i32   12 isNegative
 *
 *   value = mantissa * 2^exponent,  -16445 <= exponent <= 16320
 *
 * Invariants: the highest bit of the mantissa is set, except with the least exponent (subnormal
 * numbers; 0 is one of them). An exponent above 16320 means "not finite": infinity, or what the sum
 * of two infinities would be.
 *
 * Writing is printf's "%.17Lf" without trailing zeros, so a text can have 4,933 digits. Parsing
 * takes at most 5,119 bytes, as Redis does.
 *
 * Costs: see exact.ts; two texts of ten digits read, added and written: 0.2 us.
 */

import { DEBUG } from "../memory/debug";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { writeLiteral } from "./case";
import {
  decimalToExtended,
  Extended,
  EXTENDED_BYTES,
  hexadecimalToExtended,
  normalize,
  roundTo,
  wholeToExtended,
  writeFixedBinary,
} from "./exact";
import {
  MANTISSA_DIGITS,
  Scanned,
  SCANNED_NUMBER_BYTES,
  ScannedNumber,
  scanNumber,
} from "./scan";

@unmanaged
export class LongDouble {
  mantissa: u64;
  exponent: i32;
  isNegative: bool;
}

export const LONG_DOUBLE_BYTES: u32 = 16;
/** Most bytes that `longDoubleWrite` produces. */
export const LONG_DOUBLE_TEXT_BYTES_MAX: i32 = 4960;

const TEXT_BYTES_MAX: i32 = 5119;
const EXPONENT_MIN: i32 = -16445;
const EXPONENT_MAX: i32 = 16320;
const NOT_FINITE: i32 = EXPONENT_MAX + 1;
const HIGHEST_BIT: u64 = 0x8000000000000000;
const DECIMALS: i32 = 17;

if (offsetof<LongDouble>() > LONG_DOUBLE_BYTES) ERROR("a long double takes 16 bytes");

function setNotFinite(out: LongDouble, isNegative: bool): void {
  out.mantissa = HIGHEST_BIT;
  out.exponent = NOT_FINITE;
  out.isNegative = isNegative;
}

function setZero(out: LongDouble, isNegative: bool): void {
  out.mantissa = 0;
  out.exponent = EXPONENT_MIN;
  out.isNegative = isNegative;
}

/** Rounds a normalized number other than 0 into `out`. */
function setRounded(out: LongDouble, number: Extended, isNegative: bool): void {
  roundTo(number, 64, EXPONENT_MIN);
  if (number.exponent > EXPONENT_MAX) {
    setNotFinite(out, isNegative);
  } else if (number.mantissa == 0) {
    setZero(out, isNegative);
  } else {
    out.mantissa = number.mantissa;
    out.exponent = number.exponent;
    out.isNegative = isNegative;
    if (DEBUG) assert(validateLongDouble(out) == 0);
  }
}

export function longDoubleFromInteger(value: i64, out: LongDouble): void {
  if (value == 0) {
    setZero(out, false);
    return;
  }
  const mark = scratchMark();
  const number = changetype<Extended>(scratchTake(EXTENDED_BYTES));
  wholeToExtended(value < 0 ? 0 - <u64>value : <u64>value, number);
  setRounded(out, number, value < 0);
  scratchRelease(mark);
}

/** A finite text other than 0: false when it is too large or too small for the format. */
function parseFinite(scanned: ScannedNumber, out: LongDouble): bool {
  const isDecimal = scanned.kind == Scanned.DECIMAL;
  if (isDecimal) {
    // The value lies in [10^(power - 1), 10^power).
    const power = scanned.exponent + min(scanned.digits, MANTISSA_DIGITS);
    if (power > 4933 || power < -4950) return false;
  }
  const number = changetype<Extended>(scratchTake(EXTENDED_BYTES));
  if (isDecimal) decimalToExtended(scanned, TEXT_BYTES_MAX, number);
  else hexadecimalToExtended(scanned, number);
  setRounded(out, number, scanned.isNegative);
  return out.mantissa != 0 && longDoubleIsFinite(out);
}

/**
 * Strict: the whole text is a number as strtold reads it, not NaN, without space. Too large and,
 * other than 0 itself, too small is refused; "inf" is not: see `longDoubleIsFinite`.
 */
export function longDoubleParse(address: usize, bytes: i32, out: LongDouble): bool {
  if (bytes > TEXT_BYTES_MAX) return false;
  const mark = scratchMark();
  const scanned = changetype<ScannedNumber>(scratchTake(SCANNED_NUMBER_BYTES));
  scanNumber(address, bytes, scanned);
  let isNumber = scanned.kind != Scanned.REFUSED;
  if (scanned.kind == Scanned.INFINITY) setNotFinite(out, scanned.isNegative);
  else if (isNumber && scanned.mantissa == 0) setZero(out, scanned.isNegative);
  else if (isNumber) isNumber = parseFinite(scanned, out);
  scratchRelease(mark);
  return isNumber;
}

// @ts-ignore: decorator
@inline
export function longDoubleIsFinite(number: LongDouble): bool {
  return number.exponent <= EXPONENT_MAX;
}

/** `out` = mantissa * 2^-distance, the bits below the mantissa in the guard, the rest sticky. */
function shiftDown(mantissa: u64, distance: i32, out: Extended): void {
  if (distance == 0) {
    out.mantissa = mantissa;
    out.guard = 0;
  } else if (distance < 64) {
    out.mantissa = mantissa >> distance;
    out.guard = mantissa << (64 - distance);
  } else {
    out.mantissa = 0;
    const left = distance - 64;
    if (left == 0) out.guard = mantissa;
    else if (left < 64) out.guard = (mantissa >> left) | <u64>(mantissa << (64 - left) != 0);
    else out.guard = <u64>(mantissa != 0);
  }
}

/** number = mantissa + number, which has been shifted down to the mantissa's exponent. */
function addShifted(number: Extended, mantissa: u64): void {
  const sum = number.mantissa + mantissa;
  if (sum < mantissa) {
    number.guard = (number.guard >> 1) | (number.guard & 1) | (sum << 63);
    number.mantissa = (sum >> 1) | HIGHEST_BIT;
    number.exponent += 1;
  } else {
    number.mantissa = sum;
  }
}

/** number = mantissa - number, which has been shifted down to the mantissa's exponent. */
function subtractShifted(number: Extended, mantissa: u64): void {
  number.mantissa = mantissa - number.mantissa - <u64>(number.guard != 0);
  number.guard = 0 - number.guard;
}

/** out = left + right, rounded once; `out` may be one of them. */
export function longDoubleAdd(left: LongDouble, right: LongDouble, out: LongDouble): void {
  const isLeftLarger = left.exponent > right.exponent
    || (left.exponent == right.exponent && left.mantissa >= right.mantissa);
  const large = isLeftLarger ? left : right;
  const small = isLeftLarger ? right : left;
  const isNegative = large.isNegative;
  const isSum = isNegative == small.isNegative;
  if (!longDoubleIsFinite(large)) {
    setNotFinite(out, isNegative);
    return;
  }
  const mark = scratchMark();
  const number = changetype<Extended>(scratchTake(EXTENDED_BYTES));
  number.exponent = large.exponent;
  shiftDown(small.mantissa, large.exponent - small.exponent, number);
  if (isSum) addShifted(number, large.mantissa);
  else subtractShifted(number, large.mantissa);
  if ((number.mantissa | number.guard) == 0) {
    setZero(out, isSum && isNegative);
  } else {
    normalize(number);
    setRounded(out, number, isNegative);
  }
  scratchRelease(mark);
}

/**
 * Writes a number with up to 17 decimals and no zeros behind them, "0" for both zeros; returns the
 * bytes written, at most LONG_DOUBLE_TEXT_BYTES_MAX.
 */
export function longDoubleWrite(address: usize, number: LongDouble): i32 {
  if (!longDoubleIsFinite(number)) return writeLiteral(address, number.isNegative ? "-inf" : "inf");
  let at = address;
  if (number.isNegative) store<u8>(at++, 0x2d);
  let bytes = writeFixedBinary(at, number.mantissa, number.exponent, DECIMALS);
  while (<u32>load<u8>(at + <usize>bytes - 1) == 0x30) bytes -= 1;
  if (<u32>load<u8>(at + <usize>bytes - 1) == 0x2e) bytes -= 1;
  if (number.isNegative && bytes == 1 && <u32>load<u8>(at) == 0x30) {
    store<u8>(address, 0x30);
    return 1;
  }
  return <i32>(at - address) + bytes;
}

/** Invariants of a finite number; 0, or the number of the broken one. */
export function validateLongDouble(number: LongDouble): i32 {
  if (number.exponent < EXPONENT_MIN || number.exponent > EXPONENT_MAX) return 1;
  if (number.exponent > EXPONENT_MIN && number.mantissa < HIGHEST_BIT) return 2;
  return 0;
}

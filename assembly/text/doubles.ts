/**
 * Doubles as ASCII text, both ways, always correctly rounded.
 *
 * Reading takes the first of three ways that decides:
 *
 *   1. at most 2^53 times or by a power of ten up to 10^22: both are exact doubles, so the one
 *      operation rounds once (Clinger);
 *   2. the first 19 digits times a 128-bit power of ten, unless the product comes too close to a
 *      midpoint to tell (Eisel and Lemire); with more digits, when the next number up rounds alike;
 *   3. exact integers (exact.ts), which a text needs about once in 10^19.
 *
 * Writing: `writeDouble` is the shortest form that reads back (shortest.ts) laid out as Redis 7.2
 * does: whole numbers up to 2^62 without exponent, others plain where the power of the last digit
 * is -6 to 7 or the number is short enough, else as d.ddde+x. `writeDouble17` is printf's "%.17g",
 * `writeFixed` its "%.Nf".
 *
 * Costs: reading 13-35 ns, writing 4 ns (whole numbers) to 50 ns; writeDouble17 60 ns to 5 us.
 */

import { DEBUG } from "../memory/debug";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { writeLiteral } from "./case";
import {
  decimalToExtended,
  Extended,
  EXTENDED_BYTES,
  hexadecimalToExtended,
  leadingDigits,
  roundTo,
  writeFixedBinary,
} from "./exact";
import { decimalDigits, powerOfTen, writeDigits, writeInteger, writeUnsigned } from "./integers";
import { floorLog2OfPower, multiplyHigh, POWER_MIN, powerEntry } from "./powers-of-ten";
import {
  MANTISSA_DIGITS,
  Scanned,
  SCANNED_NUMBER_BYTES,
  ScannedNumber,
  scanNumber,
} from "./scan";
import { Decimal, DECIMAL_BYTES, shortestDecimal } from "./shortest";

/** Most bytes that `writeDouble` and `writeDouble17` produce. */
export const DOUBLE_BYTES_MAX: i32 = 40;

/** No midpoint between two doubles has more significant digits. */
const DIGITS_MAX: i32 = 800;
const EXPONENT_MIN: i32 = -1074;
const FRACTION: u64 = 0x000fffffffffffff;
const HIDDEN: u64 = 0x0010000000000000;
const INFINITY_BITS: u64 = 0x7ff0000000000000;
const SIGN: u64 = 0x8000000000000000;
/** Not the bits of any finite number: "cannot tell" of the second way. */
const UNDECIDED: u64 = u64.MAX_VALUE;

/** Powers of ten that are exact doubles; 5^22 < 2^53. */
// @ts-ignore: decorator
@lazy @inline const EXACT_POWERS = memory.data<f64>([
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
  1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]);

// @ts-ignore: decorator
@inline
function exactPower(exponent: i32): f64 {
  return load<f64>(EXACT_POWERS + ((<usize>exponent) << 3));
}

/**
 * The bits of the double nearest to mantissa * 10^exponent, or UNDECIDED; subnormal and infinite
 * results are left undecided, too.
 */
function nearestBits(mantissa: u64, exponent: i32): u64 {
  if (exponent < POWER_MIN || exponent > 308) return UNDECIDED;
  const shift = <i32>clz(mantissa);
  const factor = mantissa << shift;
  const entry = powerEntry(exponent);
  const power = load<u64>(entry);
  let high = multiplyHigh(factor, power);
  let low = factor * power;
  if ((high & 0x1ff) == 0x1ff && low + factor < low) {
    // The lower half of the power may carry through all the bits that rounding drops.
    const carry = multiplyHigh(factor, load<u64>(entry, 8));
    const rest = factor * load<u64>(entry, 8);
    low += carry;
    if (low < carry) high += 1;
    if ((high & 0x1ff) == 0x1ff && low + 1 == 0 && rest + factor < rest) return UNDECIDED;
  }
  const top = high >> 63;
  let kept = high >> (9 + top);
  // Right between two doubles as far as one can see.
  if (low == 0 && (high & 0x1ff) == 0 && (kept & 3) == 1) return UNDECIDED;
  let biased = floorLog2OfPower(exponent) + 64 + 1023 - shift - <i32>(top ^ 1);
  kept = (kept + (kept & 1)) >> 1;
  if (kept >> 53 != 0) {
    kept >>= 1;
    biased += 1;
  }
  if (biased < 1 || biased > 2046) return UNDECIDED;
  return (<u64>biased << 52) | (kept & FRACTION);
}

/** Rounds to a double without sign; INFINITY_BITS when it is too large, 0 when too small. */
function roundToBits(number: Extended): u64 {
  roundTo(number, 53, EXPONENT_MIN);
  const mantissa = number.mantissa;
  if (mantissa < HIDDEN) return mantissa;
  const biased = number.exponent + 1075;
  if (biased > 2046) return INFINITY_BITS;
  return (<u64>biased << 52) | (mantissa & FRACTION);
}

function exactBits(number: ScannedNumber): u64 {
  const mark = scratchMark();
  const out = changetype<Extended>(scratchTake(EXTENDED_BYTES));
  if (number.kind == Scanned.HEXADECIMAL) hexadecimalToExtended(number, out);
  else decimalToExtended(number, DIGITS_MAX, out);
  const bits = roundToBits(out);
  scratchRelease(mark);
  return bits;
}

function decimalBits(number: ScannedNumber): u64 {
  const exponent = number.exponent;
  const digits = number.digits;
  const mantissa = number.mantissa;
  if (digits <= MANTISSA_DIGITS) {
    if (mantissa <= HIDDEN << 1 && exponent >= -22 && exponent <= 22) {
      const whole = <f64>mantissa;
      return reinterpret<u64>(
        exponent < 0 ? whole / exactPower(-exponent) : whole * exactPower(exponent),
      );
    }
  }
  // The value lies in [10^(power - 1), 10^power).
  const power = exponent + min(digits, MANTISSA_DIGITS);
  if (power > 309) return INFINITY_BITS;
  if (power < -323) return 0;
  const bits = nearestBits(mantissa, exponent);
  if (bits != UNDECIDED) {
    if (digits <= MANTISSA_DIGITS || nearestBits(mantissa + 1, exponent) == bits) return bits;
  }
  return exactBits(number);
}

/**
 * Strict: the whole text is a number as strtod reads it, not NaN, without space. Too large and,
 * other than 0 itself, too small for a double is refused, "inf" is not. Writes an f64 at `out` when
 * it returns true.
 */
export function parseDouble(address: usize, bytes: i32, out: usize): bool {
  const mark = scratchMark();
  const number = changetype<ScannedNumber>(scratchTake(SCANNED_NUMBER_BYTES));
  scanNumber(address, bytes, number);
  const isNumber = scannedDouble(number, out);
  scratchRelease(mark);
  return isNumber;
}

function scannedDouble(number: ScannedNumber, out: usize): bool {
  const kind = number.kind;
  if (kind == Scanned.REFUSED) return false;
  let bits: u64 = 0;
  if (kind == Scanned.INFINITY) {
    bits = INFINITY_BITS;
  } else if (number.mantissa != 0) {
    bits = kind == Scanned.DECIMAL ? decimalBits(number) : exactBits(number);
    if (bits == 0 || bits == INFINITY_BITS) return false;
  }
  store<u64>(out, number.isNegative ? bits | SIGN : bits);
  return true;
}

/** Writes "inf", "nan" and their like; 0 bytes for a finite number. */
function writeSpecial(address: usize, value: f64): i32 {
  if (value != value) return writeLiteral(address, "nan");
  if (value == Infinity) return writeLiteral(address, "inf");
  if (value == -Infinity) return writeLiteral(address, "-inf");
  return 0;
}

/** "e", sign, and at least `digitsMin` digits; returns the bytes written. */
function writeExponent(address: usize, exponent: i32, digitsMin: i32): i32 {
  store<u8>(address, 0x65);
  store<u8>(address, exponent < 0 ? 0x2d : 0x2b, 1);
  const digits = max(digitsMin, decimalDigits(<u64>abs(exponent)));
  writeDigits(address + 2, <u64>abs(exponent), digits);
  return 2 + digits;
}

/** d.ddd of `count` digits; returns the bytes written. */
function writePointed(address: usize, digits: u64, count: i32): i32 {
  if (count == 1) {
    store<u8>(address, 0x30 + <u32>digits);
    return 1;
  }
  const scale = powerOfTen(count - 1);
  const first = digits / scale;
  store<u8>(address, 0x30 + <u32>first);
  store<u8>(address, 0x2e, 1);
  writeDigits(address + 2, digits - first * scale, count - 1);
  return count + 1;
}

/** digits * 10^-decimals in full; returns the bytes written. */
function writePlain(address: usize, digits: u64, count: i32, decimals: i32): i32 {
  if (decimals >= count) {
    store<u16>(address, 0x2e30);
    writeDigits(address + 2, digits, decimals);
    return 2 + decimals;
  }
  const scale = powerOfTen(decimals);
  const whole = digits / scale;
  writeDigits(address, whole, count - decimals);
  store<u8>(address + <usize>(count - decimals), 0x2e);
  writeDigits(address + <usize>(count - decimals) + 1, digits - whole * scale, decimals);
  return count + 1;
}

/** Lays out shortest digits as Redis does; returns the bytes written. */
function writeDecimal(address: usize, digits: u64, exponent: i32): i32 {
  const count = decimalDigits(digits);
  const power = exponent + count - 1;
  if (exponent >= 0 && exponent <= 7) {
    writeDigits(address, digits, count);
    memory.fill(address + <usize>count, 0x30, <usize>exponent);
    return count + exponent;
  }
  if (exponent < 0 && (exponent > -7 || abs(power) < 4)) {
    return writePlain(address, digits, count, -exponent);
  }
  const bytes = writePointed(address, digits, count);
  return bytes + writeExponent(address + <usize>bytes, power, 1);
}

/** The shortest text that reads back as `value`; returns the bytes written, at most 40. */
export function writeDouble(address: usize, value: f64): i32 {
  // 2^62: as far as Redis prints a whole number as an integer.
  if (abs(value) <= 4611686018427387904.0) {
    const whole = <i64>value;
    if (<f64>whole == value) {
      if (whole == 0 && <i64>reinterpret<u64>(value) < 0) return writeLiteral(address, "-0");
      return writeInteger(address, whole);
    }
  }
  const special = writeSpecial(address, value);
  if (special != 0) return special;
  const mark = scratchMark();
  const out = changetype<Decimal>(scratchTake(DECIMAL_BYTES));
  shortestDecimal(value, out);
  let at = address;
  if (value < 0) store<u8>(at++, 0x2d);
  at += <usize>writeDecimal(at, out.digits, out.exponent);
  scratchRelease(mark);
  if (DEBUG) assert(<i32>(at - address) <= DOUBLE_BYTES_MAX);
  return <i32>(at - address);
}

// @ts-ignore: decorator
@inline
function mantissaOf(bits: u64): u64 {
  return (bits & INFINITY_BITS) == 0 ? bits & FRACTION : (bits & FRACTION) | HIDDEN;
}

// @ts-ignore: decorator
@inline
function exponentOf(bits: u64): i32 {
  return max(<i32>((bits & INFINITY_BITS) >> 52), 1) - 1075;
}

/** printf's "%.17g"; returns the bytes written, at most 24. */
export function writeDouble17(address: usize, value: f64): i32 {
  const special = writeSpecial(address, value);
  if (special != 0) return special;
  const bits = reinterpret<u64>(value);
  let at = address;
  if (<i64>bits < 0) store<u8>(at++, 0x2d);
  const mantissa = mantissaOf(bits);
  if (mantissa == 0) {
    store<u8>(at, 0x30);
    return <i32>(at - address) + 1;
  }
  const mark = scratchMark();
  const place = scratchTake(4);
  let digits = leadingDigits(mantissa, exponentOf(bits), 17, place);
  const power = load<i32>(place);
  scratchRelease(mark);
  let count = 17;
  while (digits % 10 == 0) {
    digits /= 10;
    count -= 1;
  }
  if (power < -4 || power >= 17) {
    at += <usize>writePointed(at, digits, count);
    at += <usize>writeExponent(at, power, 2);
  } else if (power >= count - 1) {
    at += <usize>writeUnsigned(at, digits * powerOfTen(power - count + 1));
  } else {
    at += <usize>writePlain(at, digits, count, count - 1 - power);
  }
  return <i32>(at - address);
}

/** printf's "%.Nf" for up to 17 decimals; returns the bytes written: at most 311 + decimals. */
export function writeFixed(address: usize, value: f64, decimals: i32): i32 {
  const special = writeSpecial(address, value);
  if (special != 0) return special;
  const bits = reinterpret<u64>(value);
  let at = address;
  if (<i64>bits < 0) store<u8>(at++, 0x2d);
  at += <usize>writeFixedBinary(at, mantissaOf(bits), exponentOf(bits), decimals);
  return <i32>(at - address);
}

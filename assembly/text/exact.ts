/**
 * Exact conversion between decimal text and binary mantissas, for any precision up to 64 bits.
 *
 * An Extended number is mantissa * 2^exponent, the mantissa with its highest bit set, plus `guard`:
 * the next 64 bits below the mantissa, whose lowest bit is also set when anything at all follows
 * them. That is all one needs to round correctly, once, to any narrower format:
 *
 *   bit 63 ........ 0 | 63 ........ 1 | 0
 *       mantissa      |     guard     | sticky
 *
 * Reading: the value is a ratio of two integers (digits * 5^e over 1, or digits over 5^e; the twos
 * only move the exponent), whose quotient is taken bit by bit. When both fit 64 bits, as most
 * numbers people write do, that happens in registers. Writing with a fixed number of decimals: the
 * fraction times 10^decimals fits 128 bits; a large integer part is divided down by 10^9.
 *
 * Big integers live in scratch memory for the length of a call. Costs: reading 0.1 us in registers,
 * some microseconds at 20 digits, 0.3 ms at the far ends of a long double; writing 30 ns, up to 2
 * ms for the 4,933 digits of the largest long double.
 */

import { DEBUG } from "../memory/debug";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  BigInteger,
  bigIntegerBytes,
  bitLength,
  bitsBelow,
  compareBig,
  divideSmall,
  hasBitsBelow,
  multiplyAdd,
  multiplyPowerOfFive,
  setBigInteger,
  shiftLeft,
  subtractBig,
} from "./big-integers";
import { decimalDigits, powerOfTen, writeDigits, writeUnsigned } from "./integers";
import { multiplyHigh } from "./powers-of-ten";
import { MANTISSA_DIGITS, ScannedNumber } from "./scan";

@unmanaged
export class Extended {
  mantissa: u64;
  guard: u64;
  exponent: i32;
}

export const EXTENDED_BYTES: u32 = 24;

const HALF: u64 = 0x8000000000000000;

/** 5^27 is the highest power of five below 2^64. */
const REGISTER_FIVES_MAX: i32 = 27;

/** Moves the highest bit of mantissa and guard to bit 63 of the mantissa; zero stays as it is. */
export function normalize(number: Extended): void {
  if (number.mantissa == 0) {
    if (number.guard == 0) return;
    number.mantissa = number.guard;
    number.guard = 0;
    number.exponent -= 64;
  }
  const shift = <i32>clz(number.mantissa);
  if (shift == 0) return;
  number.mantissa = (number.mantissa << shift) | (number.guard >> (64 - shift));
  number.guard <<= shift;
  number.exponent -= shift;
}

/**
 * Rounds to `bits` bits (at most 64), half to even; the exponent of the result is at least
 * `exponentMin`, which costs bits where it must. The mantissa ends up in the lowest bits; 0 when
 * nothing is left.
 */
export function roundTo(number: Extended, bits: i32, exponentMin: i32): void {
  const mantissa = number.mantissa;
  const drop = max(64 - bits, exponentMin - number.exponent);
  let kept = mantissa;
  let rest = number.guard;
  if (drop > 0) {
    const sticky = <u64>(rest != 0);
    kept = drop < 64 ? mantissa >> drop : 0;
    rest = drop < 64 ? mantissa << (64 - drop) : drop == 64 ? mantissa : 1;
    rest |= sticky;
  }
  number.guard = 0;
  number.exponent += drop;
  if (rest > HALF || (rest == HALF && (kept & 1) != 0)) {
    kept += 1;
    if (bits == 64 ? kept == 0 : (kept >> bits) != 0) {
      kept = (<u64>1) << (bits - 1);
      number.exponent += 1;
    }
  }
  number.mantissa = kept;
}

/** top / bottom * 2^exponent for two words other than 0. */
function divideWords(top: u64, bottom: u64, exponent: i32, out: Extended): void {
  const topShift = <i32>clz(top);
  const bottomShift = <i32>clz(bottom);
  const divisor = bottom << bottomShift;
  let rest = top << topShift;
  let scale = exponent + bottomShift - topShift;
  if (rest >= divisor) {
    rest -= divisor;
  } else {
    scale -= 1;
    rest = rest + rest - divisor;
  }
  let quotient: u64 = 1;
  for (let bit = 0; bit < 63; bit++) {
    const isCarried = <i64>rest < 0;
    rest <<= 1;
    quotient <<= 1;
    if (isCarried || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  out.mantissa = quotient;
  out.exponent = scale - 63;
  out.guard = guardOf(rest == 0, rest > divisor - rest ? 1 : rest == divisor - rest ? 0 : -1);
}

/** The guard word when what is left compares with one half as `order` says. */
function guardOf(isZero: bool, order: i32): u64 {
  if (isZero) return 0;
  return order < 0 ? 1 : order == 0 ? HALF : HALF | 1;
}

/** top / bottom * 2^exponent for two numbers other than 0, which are used up. */
function divideBig(top: BigInteger, bottom: BigInteger, exponent: i32, out: Extended): void {
  let scale = bitLength(top) - bitLength(bottom);
  if (scale > 0) shiftLeft(bottom, scale);
  else shiftLeft(top, -scale);
  if (compareBig(top, bottom) < 0) {
    shiftLeft(top, 1);
    scale -= 1;
  }
  let quotient: u64 = 0;
  for (let bit = 0; bit < 64; bit++) {
    quotient <<= 1;
    if (compareBig(top, bottom) >= 0) {
      subtractBig(top, bottom);
      quotient |= 1;
    }
    shiftLeft(top, 1);
  }
  out.mantissa = quotient;
  out.exponent = exponent + scale - 63;
  out.guard = guardOf(top.count == 0, compareBig(top, bottom));
}

/** big * 2^exponent, big not 0. */
function extendedOf(big: BigInteger, exponent: i32, out: Extended): void {
  out.mantissa = bitsBelow(big, 0);
  out.guard = bitsBelow(big, 64) | <u64>hasBitsBelow(big, 128);
  out.exponent = exponent + bitLength(big) - 64;
}

/**
 * The first `count` significant digits of the text as an integer, and one digit 1 more when others
 * that are not zero follow: for rounding that is as good as all of them.
 */
function collectDigits(number: ScannedNumber, count: i32, big: BigInteger): bool {
  setBigInteger(big, 0);
  let at = number.first;
  let taken = 0;
  let part: u32 = 0;
  let factor: u32 = 1;
  while (taken < count) {
    const digit = <u32>load<u8>(at++) - 0x30;
    if (digit > 9) continue;
    part = part * 10 + digit;
    factor *= 10;
    taken += 1;
    if (factor == 1000000000) {
      multiplyAdd(big, factor, part);
      part = 0;
      factor = 1;
    }
  }
  multiplyAdd(big, factor, part);
  while (at < number.end) {
    if (<u32>load<u8>(at++) - 0x31 > 8) continue;
    multiplyAdd(big, 10, 1);
    return true;
  }
  return false;
}

/** A word other than 0. */
export function wholeToExtended(value: u64, out: Extended): void {
  out.mantissa = value;
  out.guard = 0;
  out.exponent = 0;
  normalize(out);
}

/**
 * The value of a scanned decimal number that is not 0, from at most `digitsMax` of its digits
 * (enough for any rounding that the format can ask for). The caller has refused exponents that
 * its format does not know.
 */
export function decimalToExtended(number: ScannedNumber, digitsMax: i32, out: Extended): void {
  const exponent = number.exponent;
  if (number.digits <= MANTISSA_DIGITS && exponent <= 0 && exponent >= -REGISTER_FIVES_MAX) {
    if (exponent == 0) {
      wholeToExtended(number.mantissa, out);
      return;
    }
    let fives: u64 = 1;
    for (let step = exponent; step < 0; step++) fives *= 5;
    divideWords(number.mantissa, fives, exponent, out);
    return;
  }
  const count = min(number.digits, digitsMax);
  let scale = exponent - (count - min(number.digits, MANTISSA_DIGITS));
  // log2(10) < 10 / 3, log2(5) < 7 / 3; the quotient takes up to 66 bits more.
  const bits = ((count + 1) * 10) / 3 + ((abs(scale) + 1) * 7) / 3 + 200;
  const mark = scratchMark();
  const top = changetype<BigInteger>(scratchTake(bigIntegerBytes(bits)));
  if (collectDigits(number, count, top)) scale -= 1;
  if (scale >= 0) {
    multiplyPowerOfFive(top, scale);
    extendedOf(top, scale, out);
  } else {
    const bottom = changetype<BigInteger>(scratchTake(bigIntegerBytes(bits)));
    setBigInteger(bottom, 1);
    multiplyPowerOfFive(bottom, -scale);
    divideBig(top, bottom, scale, out);
  }
  scratchRelease(mark);
}

/** The value of a scanned hexadecimal number that is not 0. */
export function hexadecimalToExtended(number: ScannedNumber, out: Extended): void {
  out.mantissa = number.mantissa;
  out.guard = number.guard;
  out.exponent = number.exponent;
  normalize(out);
}

/** Writes mantissa * 2^exponent, exponent > 0; returns the bytes written. */
function writeBigInteger(address: usize, mantissa: u64, exponent: i32): i32 {
  const mark = scratchMark();
  const big = changetype<BigInteger>(scratchTake(bigIntegerBytes(exponent + 64)));
  setBigInteger(big, mantissa);
  shiftLeft(big, exponent);
  // Groups of nine digits, lowest first, at most one for each 29 bits.
  const groups = scratchTake((<u32>(exponent + 64) / 29 + 1) << 2);
  let count: usize = 0;
  while (big.count > 0) {
    store<u32>(groups + (count << 2), divideSmall(big, 1000000000));
    count += 1;
  }
  let at = address + <usize>writeUnsigned(address, <u64>load<u32>(groups + ((count - 1) << 2)));
  for (let group = count - 1; group > 0; group--) {
    writeDigits(at, <u64>load<u32>(groups + ((group - 1) << 2)), 9);
    at += 9;
  }
  scratchRelease(mark);
  return <i32>(at - address);
}

/** (high, low) / 2^shift rounded half to even, for a result that fits 64 bits; shift 1 to 127. */
function shiftRounded(high: u64, low: u64, shift: i32): u64 {
  let kept: u64;
  let rest: u64;
  if (shift < 64) {
    kept = (high << (64 - shift)) | (low >> shift);
    rest = low << (64 - shift);
  } else if (shift == 64) {
    kept = high;
    rest = low;
  } else {
    kept = high >> (shift - 64);
    rest = (high << (128 - shift)) | <u64>(low != 0);
  }
  return kept + <u64>(rest > HALF || (rest == HALF && (kept & 1) != 0));
}

/**
 * Writes mantissa * 2^exponent with exactly `decimals` (0 to 17) decimals, half to even, as
 * printf's "%.Nf" does; returns the bytes written: at most 20 + 1 + decimals, or with an exponent
 * above 0 one for each 3 bits of the value.
 */
export function writeFixedBinary(
  address: usize,
  mantissa: u64,
  exponent: i32,
  decimals: i32,
): i32 {
  let whole: u64 = 0;
  let part: u64 = 0;
  let at = address;
  if (exponent > 0 && mantissa != 0) {
    at += <usize>writeBigInteger(address, mantissa, exponent);
  } else {
    const scale = powerOfTen(decimals);
    if (exponent >= 0) {
      whole = mantissa;
    } else if (decimals == 0) {
      // Here the whole number itself is rounded, and half goes to the even one.
      if (exponent > -128) whole = shiftRounded(0, mantissa, -exponent);
    } else if (exponent > -64) {
      whole = mantissa >> -exponent;
      const fraction = mantissa & (((<u64>1) << -exponent) - 1);
      part = shiftRounded(multiplyHigh(fraction, scale), fraction * scale, -exponent);
    } else if (exponent > -128) {
      part = shiftRounded(multiplyHigh(mantissa, scale), mantissa * scale, -exponent);
    }
    if (part == scale) {
      whole += 1;
      part = 0;
    }
    at += <usize>writeUnsigned(at, whole);
  }
  if (decimals == 0) return <i32>(at - address);
  store<u8>(at, 0x2e);
  writeDigits(at + 1, part, decimals);
  return <i32>(at - address) + 1 + decimals;
}

/**
 * The `digits` (1 to 18) leading decimal digits of mantissa * 2^exponent, half to even; mantissa
 * not 0. Writes the power of ten of the first digit as an i32 at `power`.
 */
export function leadingDigits(mantissa: u64, exponent: i32, digits: i32, power: usize): u64 {
  const bits = 64 - <i32>clz(mantissa) + exponent;
  // The estimate is right or one too small.
  let first = <i32>((<i64>(bits - 1) * 1292913986) >> 32);
  const mark = scratchMark();
  const out = changetype<Extended>(scratchTake(EXTENDED_BYTES));
  scaledBinary(mantissa, exponent, digits - 1 - first, out);
  let value = integerOf(out);
  if (value >= powerOfTen(digits)) {
    first += 1;
    scaledBinary(mantissa, exponent, digits - 1 - first, out);
    value = integerOf(out);
  }
  scratchRelease(mark);
  store<i32>(power, first);
  if (DEBUG) assert(decimalDigits(value) == digits);
  return value;
}

/** mantissa * 2^exponent * 10^scale */
function scaledBinary(mantissa: u64, exponent: i32, scale: i32, out: Extended): void {
  const bytes = bigIntegerBytes((abs(scale) * 7) / 3 + 300);
  const mark = scratchMark();
  const top = changetype<BigInteger>(scratchTake(bytes));
  setBigInteger(top, mantissa);
  if (scale >= 0) {
    multiplyPowerOfFive(top, scale);
    extendedOf(top, exponent + scale, out);
  } else {
    const bottom = changetype<BigInteger>(scratchTake(bytes));
    setBigInteger(bottom, 1);
    multiplyPowerOfFive(bottom, -scale);
    divideBig(top, bottom, exponent + scale, out);
  }
  scratchRelease(mark);
}

/** The nearest integer, half to even; the value is less than 2^64. */
function integerOf(number: Extended): u64 {
  if (number.exponent == 0) {
    const guard = number.guard;
    const isUp = guard > HALF || (guard == HALF && (number.mantissa & 1) != 0);
    return number.mantissa + <u64>isUp;
  }
  const low = number.mantissa << (64 + number.exponent);
  const kept = number.exponent > -64 ? number.mantissa >> -number.exponent : 0;
  const rest = (number.exponent > -64 ? low : number.mantissa) | <u64>(number.guard != 0);
  return kept + <u64>(rest > HALF || (rest == HALF && (kept & 1) != 0));
}

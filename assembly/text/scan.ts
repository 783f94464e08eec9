/**
 * The grammar of floating-point text, as C's strtod and strtold take it, for a whole string.
 *
 *   [+-] digits [. digits] [e [+-] digits]        at least one digit before or behind the dot
 *   [+-] 0x hex [. hex] [p [+-] digits]           likewise
 *   [+-] inf | infinity                           any case
 *
 * Leading space, which strtod skips, "nan", which Redis refuses, and anything behind the number are
 * refused here already. Scanning says what the text is; what number that makes at which precision
 * is decided in exact.ts, doubles.ts and long-doubles.ts.
 *
 * A decimal number has `mantissa`, its first 19 significant digits, times 10^exponent. When it has
 * more (`digits`), they are found again between `first` and `end`. A hexadecimal number has
 * `mantissa`, its first 16 significant digits, and `guard`, the next one in the highest four bits
 * with the lowest bit set if anything follows, times 2^exponent.
 *
 * Exponents are added up in 64 bits and then held within a billion, where every format has long
 * ended. Costs: one pass.
 */

import { equalsIgnoreCase, lowerByte } from "./case";

/** Exponents beyond this are as good as infinite. */
const EXPONENT_LIMIT: i64 = 1000000000;

/** Digits that fit `mantissa`. */
export const MANTISSA_DIGITS: i32 = 19;

export const enum Scanned {
  /** Not a number in this grammar. */
  REFUSED = 0,
  DECIMAL = 1,
  HEXADECIMAL = 2,
  INFINITY = 3,
}

@unmanaged
export class ScannedNumber {
  mantissa: u64;
  guard: u64;
  /** Address of the first significant digit, and the end of the digits. */
  first: usize;
  end: usize;
  exponent: i32;
  /** Significant digits, trailing zeros included; at most 19 of them are in `mantissa`. */
  digits: i32;
  kind: Scanned;
  isNegative: bool;
}

export const SCANNED_NUMBER_BYTES: u32 = 40;

// @ts-ignore: decorator
@inline
function hexDigit(byte: u32): u32 {
  const digit = byte - 0x30;
  if (digit <= 9) return digit;
  const letter = (byte | 0x20) - 0x61;
  return letter <= 5 ? letter + 10 : 16;
}

/**
 * Reads "[letter][+-]digits" from `at` to `end` into number.exponent, on top of `exponent`; the
 * letter is the one in lower case. Nothing at all is fine. False when something else is there.
 */
function scanExponent(
  number: ScannedNumber,
  start: usize,
  end: usize,
  letter: u32,
  exponent: i64,
): bool {
  let at = start;
  let value: i64 = 0;
  if (at < end) {
    if (lowerByte(<u32>load<u8>(at)) != letter) return false;
    at += 1;
    let isNegative = false;
    if (at < end && (<u32>load<u8>(at) == 0x2d || <u32>load<u8>(at) == 0x2b)) {
      isNegative = <u32>load<u8>(at) == 0x2d;
      at += 1;
    }
    if (at == end) return false;
    while (at < end) {
      const digit = <u32>load<u8>(at) - 0x30;
      if (digit > 9) return false;
      if (value < EXPONENT_LIMIT * 1000) value = value * 10 + digit;
      at += 1;
    }
    if (isNegative) value = -value;
  }
  number.exponent = <i32>max(-EXPONENT_LIMIT, min(EXPONENT_LIMIT, exponent + value));
  return true;
}

function scanDecimal(number: ScannedNumber, start: usize, end: usize): void {
  let at = start;
  let mantissa: u64 = 0;
  let digits = 0;
  let exponent: i64 = 0;
  let dots = 0;
  let hasDigit = false;
  number.first = end;
  while (at < end) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) {
      if (digit != <u32>(0x2e - 0x30) || dots != 0) break;
      dots = 1;
    } else {
      hasDigit = true;
      if (digits < MANTISSA_DIGITS) {
        mantissa = mantissa * 10 + digit;
        exponent -= dots;
        if (mantissa != 0) {
          if (digits == 0) number.first = at;
          digits += 1;
        }
      } else {
        digits += 1;
        exponent += 1 - dots;
      }
    }
    at += 1;
  }
  number.mantissa = mantissa;
  number.digits = digits;
  number.end = at;
  if (hasDigit && scanExponent(number, at, end, 0x65, exponent)) number.kind = Scanned.DECIMAL;
}

function scanHexadecimal(number: ScannedNumber, start: usize, end: usize): void {
  let at = start;
  let mantissa: u64 = 0;
  let guard: u64 = 0;
  let digits = 0;
  let exponent: i64 = 0;
  let dots = 0;
  let hasDigit = false;
  while (at < end) {
    const byte = <u32>load<u8>(at);
    const digit = hexDigit(byte);
    if (digit > 15) {
      if (byte != 0x2e || dots != 0) break;
      dots = 1;
    } else {
      hasDigit = true;
      if (digits < 16) {
        mantissa = (mantissa << 4) | digit;
        exponent -= dots << 2;
      } else {
        if (digits == 16) guard = <u64>digit << 60;
        else if (digit != 0) guard |= 1;
        exponent += (1 - dots) << 2;
      }
      if (mantissa != 0) digits += 1;
    }
    at += 1;
  }
  number.mantissa = mantissa;
  number.guard = guard;
  number.digits = digits;
  if (hasDigit && scanExponent(number, at, end, 0x70, exponent)) {
    number.kind = Scanned.HEXADECIMAL;
  }
}

/** Fills `number`; its kind is REFUSED when the text is none. */
export function scanNumber(address: usize, bytes: i32, number: ScannedNumber): void {
  number.kind = Scanned.REFUSED;
  number.isNegative = false;
  if (bytes <= 0) return;
  let at = address;
  const end = address + <usize>bytes;
  const sign = <u32>load<u8>(at);
  if (sign == 0x2d || sign == 0x2b) {
    number.isNegative = sign == 0x2d;
    at += 1;
    if (at == end) return;
  }
  const left = <i32>(end - at);
  if (left > 2 && <u32>load<u8>(at) == 0x30 && (<u32>load<u8>(at, 1) | 0x20) == 0x78) {
    scanHexadecimal(number, at + 2, end);
  } else if (lowerByte(<u32>load<u8>(at)) == 0x69) {
    if (equalsIgnoreCase(at, left, "inf") || equalsIgnoreCase(at, left, "infinity")) {
      number.kind = Scanned.INFINITY;
    }
  } else {
    scanDecimal(number, at, end);
  }
}

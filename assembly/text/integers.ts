/**
 * Integers as ASCII digits, both ways.
 *
 * Parsing is strict, because the result decides whether a value may be stored as an integer: the
 * text must be the one and only way that `writeInteger` would print the number. So no "+", no
 * leading zeros, no "-0", no spaces, and nothing outside the range.
 *
 * Up to 19 digits cannot overflow a u64, so parsing adds up without a check and compares once at
 * the end. Runs of eight digits are checked and converted as one 64-bit word (three multiplications
 * instead of eight). Writing takes two digits a step from a table of pairs and knows its length
 * beforehand, so nothing is moved afterwards.
 *
 * All functions touch exactly the bytes of the text; results go to `out` unaligned.
 * Costs: parse 4 ns (one digit) to 8 ns (19 digits), write 4 to 13 ns.
 */

import { equalsIgnoreCase } from "./case";

/** Longest text that `writeInteger` and `writeUnsigned` produce. */
export const INTEGER_BYTES_MAX: i32 = 20;

/** Longest unit prefix that a memory size may have: as many digits as Redis keeps. */
const MEMORY_SIZE_DIGITS_MAX: i32 = 127;

// "00" to "99" as little-endian pairs.
// @ts-ignore: decorator
@lazy @inline const DIGIT_PAIRS = memory.data<u16>([
  0x3030, 0x3130, 0x3230, 0x3330, 0x3430, 0x3530, 0x3630, 0x3730, 0x3830, 0x3930,
  0x3031, 0x3131, 0x3231, 0x3331, 0x3431, 0x3531, 0x3631, 0x3731, 0x3831, 0x3931,
  0x3032, 0x3132, 0x3232, 0x3332, 0x3432, 0x3532, 0x3632, 0x3732, 0x3832, 0x3932,
  0x3033, 0x3133, 0x3233, 0x3333, 0x3433, 0x3533, 0x3633, 0x3733, 0x3833, 0x3933,
  0x3034, 0x3134, 0x3234, 0x3334, 0x3434, 0x3534, 0x3634, 0x3734, 0x3834, 0x3934,
  0x3035, 0x3135, 0x3235, 0x3335, 0x3435, 0x3535, 0x3635, 0x3735, 0x3835, 0x3935,
  0x3036, 0x3136, 0x3236, 0x3336, 0x3436, 0x3536, 0x3636, 0x3736, 0x3836, 0x3936,
  0x3037, 0x3137, 0x3237, 0x3337, 0x3437, 0x3537, 0x3637, 0x3737, 0x3837, 0x3937,
  0x3038, 0x3138, 0x3238, 0x3338, 0x3438, 0x3538, 0x3638, 0x3738, 0x3838, 0x3938,
  0x3039, 0x3139, 0x3239, 0x3339, 0x3439, 0x3539, 0x3639, 0x3739, 0x3839, 0x3939,
]);

// @ts-ignore: decorator
@lazy @inline const POWERS_OF_TEN = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
  100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
  10000000000000000, 100000000000000000, 1000000000000000000, 10000000000000000000,
]);

/** 10 to the power `exponent`, 0 to 19. */
// @ts-ignore: decorator
@inline
export function powerOfTen(exponent: i32): u64 {
  return load<u64>(POWERS_OF_TEN + ((<usize>exponent) << 3));
}

/** Eight ASCII bytes that are all digits? */
// @ts-ignore: decorator
@inline
export function isEightDigits(word: u64): bool {
  const high = word & 0xf0f0f0f0f0f0f0f0;
  const carried = (word + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0;
  return (high | (carried >> 4)) == 0x3333333333333333;
}

/** The number that eight ASCII digits spell; the first one is in the lowest byte. */
// @ts-ignore: decorator
@inline
export function eightDigits(word: u64): u64 {
  const pairs = ((word & 0x0f0f0f0f0f0f0f0f) * 2561) >> 8;
  const quads = ((pairs & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((quads & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

/**
 * Adds up `bytes` digits, at most 19, without leading zeros. Returns u64.MAX_VALUE, which 19 digits
 * cannot reach, when a byte is not a digit.
 */
function addDigits(address: usize, bytes: i32): u64 {
  let value: u64 = 0;
  let at = address;
  let left = bytes;
  while (left >= 8) {
    const word = load<u64>(at);
    if (!isEightDigits(word)) return u64.MAX_VALUE;
    value = value * 100000000 + eightDigits(word);
    at += 8;
    left -= 8;
  }
  while (left > 0) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit > 9) return u64.MAX_VALUE;
    value = value * 10 + digit;
    at += 1;
    left -= 1;
  }
  return value;
}

/** Strict signed 64-bit integer; writes an i64 at `out` when it returns true. */
export function parseInteger(address: usize, bytes: i32, out: usize): bool {
  if (<u32>(bytes - 1) >= 20) return false;
  const first = <u32>load<u8>(address);
  if (first == 0x2d) {
    if (bytes == 1 || <u32>load<u8>(address, 1) - 0x31 > 8) return false;
    const magnitude = addDigits(address + 1, bytes - 1);
    if (magnitude > 0x8000000000000000) return false;
    store<u64>(out, 0 - magnitude);
    return true;
  }
  if (first - 0x31 > 8) {
    if (first != 0x30 || bytes != 1) return false;
    store<u64>(out, 0);
    return true;
  }
  if (bytes == 20) return false;
  const value = addDigits(address, bytes);
  if (value > 0x7fffffffffffffff) return false;
  store<u64>(out, value);
  return true;
}

/** Strict unsigned 64-bit integer; writes a u64 at `out` when it returns true. */
export function parseUnsigned(address: usize, bytes: i32, out: usize): bool {
  if (<u32>(bytes - 1) >= 20) return false;
  const first = <u32>load<u8>(address) - 0x30;
  if (first > 9 || (first == 0 && bytes != 1)) return false;
  if (bytes < 20) {
    const value = addDigits(address, bytes);
    if (value == u64.MAX_VALUE) return false;
    store<u64>(out, value);
    return true;
  }
  const head = addDigits(address, 19);
  const digit = <u32>load<u8>(address, 19) - 0x30;
  if (head == u64.MAX_VALUE || digit > 9 || head > 1844674407370955161) return false;
  if (head == 1844674407370955161 && digit > 5) return false;
  store<u64>(out, head * 10 + digit);
  return true;
}

/** How many digits `value` has; 1 for 0. */
export function decimalDigits(value: u64): i32 {
  // 1233 / 4096 is log10(2) closely enough for 64 bits.
  const guess = ((64 - <i32>clz(value | 1)) * 1233) >> 12;
  return guess + i32(value >= powerOfTen(guess)) + i32(value == 0);
}

/** Writes exactly `digits` digits of `value` with leading zeros; digits above are dropped. */
export function writeDigits(address: usize, value: u64, digits: i32): void {
  let at = address + <usize>digits;
  let rest = value;
  while (rest > u32.MAX_VALUE && digits >= 2) {
    const next = rest / 100;
    at -= 2;
    store<u16>(at, load<u16>(DIGIT_PAIRS + ((<usize>(rest - next * 100)) << 1)));
    rest = next;
    digits -= 2;
  }
  let small = <u32>rest;
  while (digits >= 2) {
    const next = small / 100;
    at -= 2;
    store<u16>(at, load<u16>(DIGIT_PAIRS + ((<usize>(small - next * 100)) << 1)));
    small = next;
    digits -= 2;
  }
  if (digits > 0) store<u8>(at - 1, 0x30 + (small % 10));
}

/** Writes `value`; returns the bytes written, at most 20. */
export function writeUnsigned(address: usize, value: u64): i32 {
  if (value < 10) {
    store<u8>(address, 0x30 + <u32>value);
    return 1;
  }
  const digits = decimalDigits(value);
  writeDigits(address, value, digits);
  return digits;
}

/** Writes `value`; returns the bytes written, at most 20. */
export function writeInteger(address: usize, value: i64): i32 {
  if (value >= 0) return writeUnsigned(address, <u64>value);
  store<u8>(address, 0x2d);
  return 1 + writeUnsigned(address + 1, 0 - <u64>value);
}

/** How many bytes `writeInteger` would write. */
export function integerBytes(value: i64): i32 {
  return value >= 0 ? decimalDigits(<u64>value) : 1 + decimalDigits(0 - <u64>value);
}

/** Writes the lowest `digits` hexadecimal digits of `value`, lower case. */
export function writeHex(address: usize, value: u64, digits: i32): void {
  let rest = value;
  for (let at = digits - 1; at >= 0; at--) {
    const digit = <u32>(rest & 15);
    store<u8>(address + <usize>at, digit + (digit < 10 ? 0x30 : 0x57));
    rest >>= 4;
  }
}

/** Multiplier of a memory unit: "", b, k, kb, m, mb, g, gb in any case; 0 = no such unit. */
function memoryUnit(address: usize, bytes: i32): u64 {
  if (bytes == 0 || equalsIgnoreCase(address, bytes, "b")) return 1;
  if (equalsIgnoreCase(address, bytes, "k")) return 1000;
  if (equalsIgnoreCase(address, bytes, "kb")) return 1024;
  if (equalsIgnoreCase(address, bytes, "m")) return 1000 * 1000;
  if (equalsIgnoreCase(address, bytes, "mb")) return 1024 * 1024;
  if (equalsIgnoreCase(address, bytes, "g")) return 1000 * 1000 * 1000;
  if (equalsIgnoreCase(address, bytes, "gb")) return 1024 * 1024 * 1024;
  return 0;
}

/**
 * A size in bytes such as "100mb"; writes an i64 at `out` when it returns true. As in Redis no
 * digits count as 0, digits beyond 64 bits as the largest u64, and the product wraps.
 */
export function parseMemorySize(address: usize, bytes: i32, out: usize): bool {
  let value: u64 = 0;
  let digits = 0;
  let overflow = false;
  while (digits < bytes) {
    const digit = <u32>load<u8>(address + <usize>digits) - 0x30;
    if (digit > 9) break;
    if (value > (u64.MAX_VALUE - digit) / 10) overflow = true;
    value = value * 10 + digit;
    digits += 1;
  }
  const unit = memoryUnit(address + <usize>digits, bytes - digits);
  if (unit == 0 || digits > MEMORY_SIZE_DIGITS_MAX) return false;
  store<u64>(out, (overflow ? u64.MAX_VALUE : value) * unit);
  return true;
}

/**
 * Unsigned integers of any length: the exact arithmetic behind numbers that 128 bits cannot decide.
 *
 * Layout of one at `address`, in memory that the caller provides:
 *
 *   0   u32  count   limbs in use; the last of them is not 0 (so 0 has count 0)
 *   4   u32  limb 0  lowest
 *   8   u32  limb 1 ...
 *
 * Limbs are 32 bits wide because WebAssembly's widest product is 64 bits. The operations are the
 * schoolbook ones, in place: the longest number here, a long double's 5^10090, has 733 limbs.
 *
 * Costs: every operation visits each limb once, `multiplyPowerOfFive` once per 13 powers.
 */

import { DEBUG } from "../memory/debug";

@unmanaged
export class BigInteger {
  count: u32;

  @inline
  limb(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + (<usize>index << 2), 4);
  }

  @inline
  setLimb(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + (<usize>index << 2), value, 4);
  }
}

/** Bytes that a number of `bits` bits takes, with one limb to spare. */
export function bigIntegerBytes(bits: u32): u32 {
  return (((bits + 31) >> 5) << 2) + 8;
}

export function setBigInteger(big: BigInteger, value: u64): void {
  big.setLimb(0, <u32>value);
  big.setLimb(1, <u32>(value >> 32));
  big.count = <u32>(value != 0) + <u32>(value > u32.MAX_VALUE);
}

/** big = big * factor + addend */
export function multiplyAdd(big: BigInteger, factor: u32, addend: u32): void {
  const count = big.count;
  let carry: u64 = addend;
  for (let index: u32 = 0; index < count; index++) {
    carry += <u64>big.limb(index) * factor;
    big.setLimb(index, <u32>carry);
    carry >>= 32;
  }
  if (carry != 0) {
    big.setLimb(count, <u32>carry);
    big.count = count + 1;
  }
}

/** 5 to the power `exponent`, 0 to 13: as much as a limb holds. */
function smallPowerOfFive(exponent: i32): u32 {
  let power: u32 = 1;
  for (let step = 0; step < exponent; step++) power *= 5;
  return power;
}

/** big = big * 5^exponent */
export function multiplyPowerOfFive(big: BigInteger, exponent: i32): void {
  let left = exponent;
  while (left >= 13) {
    multiplyAdd(big, 1220703125, 0);
    left -= 13;
  }
  if (left > 0) multiplyAdd(big, smallPowerOfFive(left), 0);
}

/** big = big * 2^bits */
export function shiftLeft(big: BigInteger, bits: u32): void {
  const count = big.count;
  if (count == 0 || bits == 0) return;
  const limbs = bits >> 5;
  const small = bits & 31;
  let above: u32 = 0;
  for (let index = count; index > 0; index--) {
    const limb = big.limb(index - 1);
    // Shifting a u64 keeps small = 0 from becoming a shift by 32.
    big.setLimb(index + limbs, above | <u32>((<u64>limb << small) >> 32));
    above = limb << small;
  }
  big.setLimb(limbs, above);
  for (let index: u32 = 0; index < limbs; index++) big.setLimb(index, 0);
  big.count = count + limbs + <u32>(big.limb(count + limbs) != 0);
}

export function bitLength(big: BigInteger): i32 {
  const count = big.count;
  return count == 0 ? 0 : <i32>(count << 5) - <i32>clz(big.limb(count - 1));
}

/** -1, 0 or 1 as left is less than, equal to or greater than right. */
export function compareBig(left: BigInteger, right: BigInteger): i32 {
  if (left.count != right.count) return left.count < right.count ? -1 : 1;
  for (let index = left.count; index > 0; index--) {
    const one = left.limb(index - 1);
    const two = right.limb(index - 1);
    if (one != two) return one < two ? -1 : 1;
  }
  return 0;
}

/** left = left - right; left is not the smaller one. */
export function subtractBig(left: BigInteger, right: BigInteger): void {
  if (DEBUG) assert(compareBig(left, right) >= 0);
  const shorter = right.count;
  let borrow: u64 = 0;
  for (let index: u32 = 0; index < shorter; index++) {
    const difference = <u64>left.limb(index) - right.limb(index) - borrow;
    left.setLimb(index, <u32>difference);
    borrow = difference >> 63;
  }
  let index = shorter;
  while (borrow != 0) {
    const difference = <u64>left.limb(index) - borrow;
    left.setLimb(index, <u32>difference);
    borrow = difference >> 63;
    index += 1;
  }
  let count = left.count;
  while (count > 0 && left.limb(count - 1) == 0) count -= 1;
  left.count = count;
}

/** big = big / divisor; returns the remainder. */
export function divideSmall(big: BigInteger, divisor: u32): u32 {
  let rest: u64 = 0;
  for (let index = big.count; index > 0; index--) {
    const part = (rest << 32) | big.limb(index - 1);
    const quotient = part / divisor;
    big.setLimb(index - 1, <u32>quotient);
    rest = part - quotient * divisor;
  }
  const count = big.count;
  if (count > 0 && big.limb(count - 1) == 0) big.count = count - 1;
  return <u32>rest;
}

/** The 64 bits of `big` that start `skip` bits below its highest one; 0 where it has ended. */
export function bitsBelow(big: BigInteger, skip: i32): u64 {
  let word: u64 = 0;
  const low = bitLength(big) - skip - 64;
  for (let at = 0; at < 3; at++) {
    const index = (low >> 5) + at;
    if (index < 0 || <u32>index >= big.count) continue;
    const distance = (index << 5) - low;
    const limb = <u64>big.limb(index);
    word |= distance < 0 ? limb >> -distance : distance < 64 ? limb << distance : 0;
  }
  return word;
}

/** True when a bit lower than the `kept` highest ones is set. */
export function hasBitsBelow(big: BigInteger, kept: i32): bool {
  const bits = bitLength(big) - kept;
  if (bits <= 0) return false;
  const limbs = <u32>bits >> 5;
  for (let index: u32 = 0; index < limbs; index++) {
    if (big.limb(index) != 0) return true;
  }
  return (bits & 31) != 0 && (big.limb(limbs) << (32 - (bits & 31))) != 0;
}

/** Invariant: no leading zero limbs. 0, or 1 when it is broken. */
export function validateBigInteger(big: BigInteger): i32 {
  return big.count > 0 && big.limb(big.count - 1) == 0 ? 1 : 0;
}

/**
 * The shortest decimal digits that read back as the same double, and among those the ones closest
 * to it: Raffaello Giulietti's Schubfach.
 *
 * Every decimal between the midpoints to the two neighbouring doubles reads back as v (the
 * midpoints themselves do when v's mantissa is even). With k chosen so that the interval holds at
 * least one and at most ten or so multiples of 10^k, the shortest is a multiple of 10^(k+1) if one
 * lies inside, else the multiple of 10^k nearest to v. Interval and value are compared as integers
 * scaled by 4 * 10^-k; the products with the 128-bit power from the table are "rounded to odd": cut
 * off, but with the lowest bit set when anything was cut off, so that no comparison can be wrong.
 *
 * Why not Grisu: it misses the shortest form for one double in a thousand. Why not Ryu: the
 * same cost with a larger table.
 *
 * Costs: six 64-bit products, about 25 ns.
 */

import {
  floorLog2OfPower,
  isPowerExact,
  multiplyHigh,
  powerEntry,
} from "./powers-of-ten";

const FRACTION: u64 = 0x000fffffffffffff;
const HIDDEN: u64 = 0x0010000000000000;

/** digits * 10^exponent, no trailing zeros in the digits; at most 17 of them. */
@unmanaged
export class Decimal {
  digits: u64;
  exponent: i32;
}

export const DECIMAL_BYTES: u32 = 16;

/** The product of a 128-bit number and `factor`, its upper 64 bits of 192, rounded to odd. */
// @ts-ignore: decorator
@inline
function productToOdd(high: u64, low: u64, factor: u64): u64 {
  const carry = multiplyHigh(low, factor);
  const middle = high * factor + carry;
  const top = multiplyHigh(high, factor) + <u64>(middle < carry);
  return top | <u64>(middle > 1);
}

/** Chooses between the two multiples next to the value; 0 when both or none are inside. */
// @ts-ignore: decorator
@inline
function onlyInside(below: u64, step: u64, lower: u64, upper: u64): u64 {
  const isBelowInside = lower <= below * step;
  const isAboveInside = (below + 1) * step <= upper;
  if (isBelowInside == isAboveInside) return 0;
  return below + <u64>isAboveInside;
}

function put(out: Decimal, digits: u64, exponent: i32): void {
  let rest = digits;
  let power = exponent;
  while (true) {
    const next = rest / 10;
    if (next * 10 != rest) break;
    rest = next;
    power += 1;
  }
  out.digits = rest;
  out.exponent = power;
}

/** Shortest digits of a finite double other than 0; the sign is ignored. */
export function shortestDecimal(value: f64, out: Decimal): void {
  const bits = reinterpret<u64>(value);
  const fraction = bits & FRACTION;
  const biased = <i32>(bits >> 52) & 0x7ff;
  const mantissa = biased != 0 ? fraction | HIDDEN : fraction;
  const exponent = (biased != 0 ? biased : 1) - 1075;
  // At a power of two the neighbour below is only half as far away.
  const isUneven = fraction == 0 && biased > 1;
  const k = (exponent * 1262611 - (isUneven ? 524031 : 0)) >> 22;
  const shift = exponent + floorLog2OfPower(-k) + 1;
  const entry = powerEntry(-k);
  const high = load<u64>(entry);
  const low = load<u64>(entry, 8) + <u64>!isPowerExact(-k);
  const isOdd = mantissa & 1;
  const middle = mantissa << 2;
  const lower = productToOdd(high, low, (middle - 2 + <u64>isUneven) << shift) + isOdd;
  const scaled = productToOdd(high, low, middle << shift);
  const upper = productToOdd(high, low, (middle + 2) << shift) - isOdd;
  const below = scaled >> 2;
  if (below >= 10) {
    const tens = onlyInside(below / 10, 40, lower, upper);
    if (tens != 0) return put(out, tens, k + 1);
  }
  const ones = onlyInside(below, 4, lower, upper);
  if (ones != 0) return put(out, ones, k);
  const half = (below << 2) + 2;
  const isUp = scaled > half || (scaled == half && (below & 1) != 0);
  put(out, below + <u64>isUp, k);
}

/**
 * ASCII case, and bytes compared with or copied from literals.
 *
 * A string literal is the only string in the engine: a constant in static data, UTF-16, two bytes a
 * character, its byte length in the word before it. Text is one byte a character. Here the two
 * meet: eight characters a step, the text widened to 16-bit lanes for a comparison, the literal
 * narrowed to bytes for a copy. A length that is no multiple of eight ends with a step that
 * overlaps the one before it, so that no function reads or writes a byte outside its ranges.
 *
 * Only A-Z and a-z have case; bytes of 128 and more are compared as they are.
 *
 * Costs: a comparison 4 ns up to eight characters; a text of another length one load.
 */

/** `byte` with A-Z made a-z. */
// @ts-ignore: decorator
@inline
export function lowerByte(byte: u32): u32 {
  return byte - 0x41 < 26 ? byte | 0x20 : byte;
}

/** Number of characters of a literal, which is its number of bytes once written. */
// @ts-ignore: decorator
@inline
export function literalBytes(literal: string): i32 {
  return literal.length;
}

// @ts-ignore: decorator
@inline
function lowerWide(text: v128): v128 {
  const offset = i16x8.sub(text, i16x8.splat(0x41));
  const isUpper = i16x8.lt_u(offset, i16x8.splat(26));
  return v128.or(text, v128.and(isUpper, i16x8.splat(0x20)));
}

// @ts-ignore: decorator
@inline
function lowerNarrow(text: v128): v128 {
  const offset = i8x16.sub(text, i8x16.splat(0x41));
  const isUpper = i8x16.lt_u(offset, i8x16.splat(26));
  return v128.or(text, v128.and(isUpper, i8x16.splat(0x20)));
}

/** Eight bytes at `address` against the eight characters at `literal`, case ignored. */
// @ts-ignore: decorator
@inline
function differEight(address: usize, literal: usize): bool {
  const text = lowerWide(v128.load_ext<u8>(address));
  return v128.any_true(v128.xor(text, lowerWide(v128.load(literal))));
}

// @ts-ignore: decorator
@inline
function differFour(address: usize, literal: usize): bool {
  const text = lowerWide(i16x8.extend_low_i8x16_u(v128.load_zero<u32>(address)));
  return v128.any_true(v128.xor(text, lowerWide(v128.load_zero<u64>(literal))));
}

/** The first `bytes` bytes against as many characters at `literal`, case ignored. */
function equalsWide(address: usize, bytes: i32, literal: usize): bool {
  if (bytes >= 8) {
    const last = <usize>(bytes - 8);
    for (let at: usize = 0; at < last; at += 8) {
      if (differEight(address + at, literal + (at << 1))) return false;
    }
    return !differEight(address + last, literal + (last << 1));
  }
  if (bytes >= 4) {
    const last = <usize>(bytes - 4);
    if (differFour(address, literal)) return false;
    return !differFour(address + last, literal + (last << 1));
  }
  for (let at: usize = 0; at < <usize>bytes; at++) {
    const wanted = lowerByte(<u32>load<u16>(literal + (at << 1)));
    if (lowerByte(<u32>load<u8>(address + at)) != wanted) return false;
  }
  return true;
}

/** Are the bytes the literal, case ignored? */
// @ts-ignore: decorator
@inline
export function equalsIgnoreCase(address: usize, bytes: i32, literal: string): bool {
  return bytes == literal.length && equalsWide(address, bytes, changetype<usize>(literal));
}

/** Do the bytes begin with the literal, case ignored? */
// @ts-ignore: decorator
@inline
export function startsWithIgnoreCase(address: usize, bytes: i32, literal: string): bool {
  const wanted = literal.length;
  return bytes >= wanted && equalsWide(address, wanted, changetype<usize>(literal));
}

function equalsExactly(address: usize, bytes: i32, literal: usize): bool {
  let at: usize = 0;
  const end = <usize>bytes;
  while (end - at >= 8) {
    const text = v128.load_ext<u8>(address + at);
    if (v128.any_true(v128.xor(text, v128.load(literal + (at << 1))))) return false;
    at += 8;
  }
  while (at < end) {
    if (<u32>load<u8>(address + at) != <u32>load<u16>(literal + (at << 1))) return false;
    at += 1;
  }
  return true;
}

/** Are the bytes the literal, case included? */
// @ts-ignore: decorator
@inline
export function equalsLiteral(address: usize, bytes: i32, literal: string): bool {
  return bytes == literal.length && equalsExactly(address, bytes, changetype<usize>(literal));
}

/** Do the bytes begin with the literal, case included? */
// @ts-ignore: decorator
@inline
export function startsWith(address: usize, bytes: i32, literal: string): bool {
  const wanted = literal.length;
  return bytes >= wanted && equalsExactly(address, wanted, changetype<usize>(literal));
}

/** Two byte ranges of the same length, case ignored. */
export function equalsBytesIgnoreCase(left: usize, right: usize, bytes: i32): bool {
  let at: usize = 0;
  const end = <usize>bytes;
  while (end - at >= 16) {
    const one = lowerNarrow(v128.load(left + at));
    if (v128.any_true(v128.xor(one, lowerNarrow(v128.load(right + at))))) return false;
    at += 16;
  }
  while (at < end) {
    if (lowerByte(<u32>load<u8>(left + at)) != lowerByte(<u32>load<u8>(right + at))) return false;
    at += 1;
  }
  return true;
}

/** Copies `bytes` bytes with A-Z made a-z; `target` may be `address`, else they do not overlap. */
export function lowerInto(target: usize, address: usize, bytes: i32): void {
  let at: usize = 0;
  const end = <usize>bytes;
  while (end - at >= 16) {
    v128.store(target + at, lowerNarrow(v128.load(address + at)));
    at += 16;
  }
  while (at < end) {
    store<u8>(target + at, lowerByte(<u32>load<u8>(address + at)));
    at += 1;
  }
}

// @ts-ignore: decorator
@inline
function narrowEight(target: usize, literal: usize): void {
  const wide = v128.load(literal);
  store<u64>(target, v128.extract_lane<u64>(i8x16.narrow_i16x8_u(wide, wide), 0));
}

/** Writes the literal as bytes; returns how many. */
export function writeLiteral(target: usize, literal: string): i32 {
  const bytes = literal.length;
  const source = changetype<usize>(literal);
  if (bytes >= 8) {
    const last = <usize>(bytes - 8);
    for (let at: usize = 0; at < last; at += 8) {
      narrowEight(target + at, source + (at << 1));
    }
    narrowEight(target + last, source + (last << 1));
    return bytes;
  }
  for (let at: usize = 0; at < <usize>bytes; at++) {
    store<u8>(target + at, <u32>load<u16>(source + (at << 1)));
  }
  return bytes;
}

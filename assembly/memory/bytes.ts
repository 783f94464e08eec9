/**
 * Ranges of bytes: equality, order, search. Wide loads, and never a byte outside the range.
 *
 * The last piece of a range is read by a load that ends exactly at its end and overlaps bytes
 * already seen; that needs no loop over single bytes. Copying is `memory.copy`.
 *
 * Bounds are written `end - cursor >= n`: they cannot wrap near the top of 4 GiB.
 */

/** Whether the `bytes` bytes at `left` and at `right` are the same. */
export function equalBytes(left: usize, right: usize, bytes: u32): bool {
  if (bytes >= 16) return equalWide(left, right, bytes);
  if (bytes >= 8) {
    const last = bytes - 8;
    return !((load<u64>(left) ^ load<u64>(right))
      | (load<u64>(left + last) ^ load<u64>(right + last)));
  }
  if (bytes >= 4) {
    const last = bytes - 4;
    return !((load<u32>(left) ^ load<u32>(right))
      | (load<u32>(left + last) ^ load<u32>(right + last)));
  }
  if (!bytes) return true;
  const middle = bytes >> 1;
  const last = bytes - 1;
  return load<u8>(left) == load<u8>(right)
    && load<u8>(left + middle) == load<u8>(right + middle)
    && load<u8>(left + last) == load<u8>(right + last);
}

function equalWide(left: usize, right: usize, bytes: u32): bool {
  const last = left + (bytes - 16);
  const distance = right - left;
  for (let cursor = left; cursor < last; cursor += 16) {
    if (v128.any_true(v128.xor(v128.load(cursor), v128.load(cursor + distance)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(last), v128.load(last + distance)));
}

/** Order of two byte strings as memcmp, then by length: -1, 0 or 1. */
export function compareBytes(left: usize, leftBytes: u32, right: usize, rightBytes: u32): i32 {
  const common = min(leftBytes, rightBytes);
  const difference = firstDifference(left, right, common);
  if (difference != common) {
    return load<u8>(left + difference) < load<u8>(right + difference) ? -1 : 1;
  }
  return i32(leftBytes > rightBytes) - i32(leftBytes < rightBytes);
}

/** Length of the longest common start of two ranges of `bytes` bytes. */
export function firstDifference(left: usize, right: usize, bytes: u32): u32 {
  let index: u32 = 0;
  for (; bytes - index >= 8; index += 8) {
    const difference = load<u64>(left + index) ^ load<u64>(right + index);
    if (difference) return index + (ctz<u64>(difference) >> 3) as u32;
  }
  for (; index < bytes; index++) {
    if (load<u8>(left + index) != load<u8>(right + index)) return index;
  }
  return bytes;
}

/** Address of the first `byte` in [address, end); 0 when there is none. */
export function findByte(address: usize, end: usize, byte: u8): usize {
  let cursor = address;
  if (end - cursor >= 16) {
    const wanted = i8x16.splat(byte as i8);
    do {
      const mask = i8x16.bitmask(i8x16.eq(v128.load(cursor), wanted));
      if (mask) return cursor + ctz(mask);
      cursor += 16;
    } while (end - cursor >= 16);
  }
  for (; cursor != end; cursor++) {
    if (load<u8>(cursor) == byte) return cursor;
  }
  return 0;
}

/** Equality in a time that depends on the lengths only, for passwords. */
export function equalSecrets(
  left: usize, leftBytes: u32, right: usize, rightBytes: u32,
): bool {
  let difference = leftBytes ^ rightBytes;
  for (let index: u32 = 0; index < rightBytes; index++) {
    const other = leftBytes ? load<u8>(left + index % leftBytes) : 0;
    difference |= load<u8>(right + index) ^ other;
  }
  return difference == 0;
}

/**
 * A quick look at the requests of a chunk that come next: where their first keys are.
 *
 * A pipelined chunk over a large data set spends most of its time waiting for memory, one key after
 * another. Knowing the next keys lets the key space fetch all their buckets at once. The look
 * accepts only the plain form, two to nine arguments of up to 999 bytes; it stops at anything else,
 * and nothing depends on what it finds.
 *
 *   target: pairs of { u32 address, u32 bytes }
 */

const CRLF: u32 = 0x0a0d;
const ZERO: u32 = 0x30;
const RETURN: u32 = 0x0d;

/** Collects argument 1 of up to `most` requests in [cursor, end); returns how many. */
export function collectKeys(cursor: usize, end: usize, target: usize, most: u32): u32 {
  let at = cursor;
  let count: u32 = 0;
  while (count < most && end - at >= 16) {
    if (load<u8>(at) != 0x2a || load<u16>(at, 2) != CRLF) break;
    const argumentCount: u32 = <u32>load<u8>(at, 1) - ZERO;
    if (argumentCount - 2 > 7) break;
    at += 4;
    for (let index: u32 = 0; index < argumentCount; index++) {
      if (end - at < 8 || load<u8>(at) != 0x24) return count;
      let bytes: u32 = <u32>load<u8>(at, 1) - ZERO;
      at += 2;
      for (let digits = 0; load<u8>(at) != RETURN; digits++, at++) {
        const digit: u32 = <u32>load<u8>(at) - ZERO;
        if (digit > 9 || digits == 2) return count;
        bytes = bytes * 10 + digit;
      }
      at += 2;
      if (bytes > 999 || end - at < bytes + 2) return count;
      if (index == 1) {
        store<u32>(target + (count << 3), <u32>at);
        store<u32>(target + (count << 3), bytes, 4);
      }
      at += bytes + 2;
    }
    count += 1;
  }
  return count;
}

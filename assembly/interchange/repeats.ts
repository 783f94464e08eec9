/**
 * Whether a packed list names something twice: each entry, or every second or third one.
 *
 * Asked of lists that were just made from foreign data, where a set, a hash or a sorted set must
 * not name a member twice. Short lists are compared each with each; for others a table of hashes
 * with open addressing lies in scratch memory, so that the work stays linear.
 *
 *   slot: u32 hash, u32 entry (0 = free); at most half of the slots are used
 */

import { equalBytes } from "../memory/bytes";
import { hashBytes } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  packedCount, packedFind, packedFirst, packedNext, packedText, packedTextBytes,
} from "../structures/packed-list";
import { SERVER_ROOT } from "../abi";

/** Texts of two integers. */
const TEXT: usize = SERVER_ROOT + 0x41b8;
const OTHER_TEXT: usize = SERVER_ROOT + 0x4100;

const SHORT: u32 = 16;
const SLOT_BYTES: u32 = 8;

/** Bytes of scratch memory that a list of `count` entries may need. */
export function repeatsBytes(count: u32): f64 {
  return <f64>count * 4 * SLOT_BYTES;
}

/** Whether two of the entries are equal, the first and then every `step`-th being looked at. */
export function hasRepeats(list: usize, step: u32): bool {
  const count = packedCount(list) / step;
  if (count <= SHORT) return hasRepeatsShort(list, step);
  const bits: u32 = 33 - clz(count);
  const mask: u32 = (1 << bits) - 1;
  const mark = scratchMark();
  const table = scratchTake(SLOT_BYTES << bits);
  memory.fill(table, 0, SLOT_BYTES << bits);
  let found = false;
  for (let entry = packedFirst(list); entry && !found; entry = skip(list, entry, step)) {
    found = !insert(table, mask, entry);
  }
  scratchRelease(mark);
  return found;
}

// @ts-ignore: decorator
@inline
function skip(list: usize, entry: usize, step: u32): usize {
  let next = entry;
  for (let left = step; left && next; left--) next = packedNext(list, next);
  return next;
}

function hasRepeatsShort(list: usize, step: u32): bool {
  for (let entry = packedFirst(list); entry;) {
    const text = packedText(entry, TEXT);
    const next = skip(list, entry, step);
    if (packedFind(list, next, text, packedTextBytes(entry), step - 1)) return true;
    entry = next;
  }
  return false;
}

/** Puts an entry into the table; false when an equal one is there. */
function insert(table: usize, mask: u32, entry: usize): bool {
  const bytes = packedTextBytes(entry);
  const text = packedText(entry, TEXT);
  const hash = <u32>hashBytes(text, bytes);
  let place = hash & mask;
  let slot = table + place * SLOT_BYTES;
  for (let other: usize = load<u32>(slot, 4); other; other = load<u32>(slot, 4)) {
    if (load<u32>(slot) == hash && packedTextBytes(other) == bytes
      && equalBytes(packedText(other, OTHER_TEXT), text, bytes)) return false;
    place = (place + 1) & mask;
    slot = table + place * SLOT_BYTES;
  }
  store<u32>(slot, hash);
  store<u32>(slot, <u32>entry, 4);
  return true;
}

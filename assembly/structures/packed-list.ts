/**
 * Packed list: byte strings and integers one after the other in a single block of DATA. Small
 * lists, hashes, sets and sorted sets are kept so, and each chunk of a large list.
 *
 * Why packed: an element costs one or two bytes besides its own, a scan runs through memory in
 * order, and freeing or copying a value is one block. Changing the middle moves what follows, so
 * the owners bound the size. Why not offsets in front: they cost two to four bytes an entry and
 * insertion rewrites them all; a mark behind each entry reads backward as cheaply.
 *
 *   block      | u32 end | u32 count | entries ................ | unused |     first entry at 8
 *   with room  | u32 end | u32 count + ROOM | u32 start | room | entries ... | unused |
 *
 *   head byte       body                        | then, going backward from the next entry
 *   00 .. 7F        the integer 0 .. 127        | nothing: the entry is this byte
 *   80 .. EF        text of 0 .. 111 bytes      | tail
 *   F0 u16 length   text                        | tail
 *   F1 u32 length   text                        | tail
 *   F8 .. FF        integer of 1 .. 8 bytes     | tail
 *
 *   tail: the body's size with its head. 81 .. FD: 1 .. 125 bytes; u16 FE; u32 FF (size first)
 *
 *   "7"      07                          "-2"     F8 FE 82
 *   "abc"    83 61 62 63 84              "1000"   F9 E8 03 83
 *
 * The byte before an entry is thus below 80 exactly when the previous entry is one byte. A text has
 * one form only, so equal texts are equal bytes, and one compare of the head rejects most entries.
 * Room in front (lists only) makes adding and removing at the head as cheap as at the tail.
 *
 * Invariants (numbers as `validatePackedList` answers them):
 *   1 start <= end <= the block's size       2 each tail names its own body, entries fill exactly
 *   3 count is their number                  4 integers and text lengths have their shortest form
 *
 * Costs: next, previous 1 to 2 ns; find about 2 ns an entry; ends O(1) amortized.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, reallocate, release, usableBytes } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";
import { countSteps } from "../memory/steps";
import { integerBytes, parseInteger, writeInteger } from "../text/integers";

/** Position left by a change, the number that was parsed, and the form that was chosen. */
const POSITION: usize = SERVER_ROOT + 0x8c0;
const FORM: usize = SERVER_ROOT + 0x8c4;
const NUMBER: usize = SERVER_ROOT + 0x8c8;

const HEADER_BYTES: u32 = 8;
const ROOM_HEADER_BYTES: u32 = 12;
const ROOM: u32 = 0x80000000;
/** Texts up to this length have one head byte. */
const SHORT_BYTES_MAXIMUM: u32 = 111;
const HEAD_SHORT: u32 = 0x80;
const HEAD_MEDIUM: u32 = 0xf0;
const HEAD_LONG: u32 = 0xf1;
/** Plus the bytes of an integer: 1 to 8. */
const HEAD_INTEGER: u32 = 0xf7;
const BODY_SHORT_MAXIMUM: u32 = 125;
const TAIL_MEDIUM: u32 = 0xfe;
const TAIL_LONG: u32 = 0xff;
/** FORM: 0 = integer in the head, 1 to 8 = bytes of an integer, or this. */
const FORM_TEXT: u32 = 16;
/** Most bytes that an entry takes besides its text: five at each end. */
const ENTRY_OVERHEAD_MAXIMUM: u32 = 10;
/** A block with at most this many unused bytes is left as it is. */
const SLACK_BYTES: u32 = 64;

/** Offset of the first entry. */
// @ts-ignore: decorator
@inline
function startOf(list: usize): u32 {
  return load<u32>(list, 4) & ROOM ? load<u32>(list, 8) : HEADER_BYTES;
}

/** Offset behind the last entry. */
// @ts-ignore: decorator
@inline
function endOf(list: usize): u32 {
  return load<u32>(list);
}

/** An empty list in a block with room for `capacityBytes`. */
export function createPackedList(capacityBytes: u32): usize {
  const list = allocate(Arena.DATA, max(capacityBytes, HEADER_BYTES));
  store<u32>(list, HEADER_BYTES);
  store<u32>(list, 0, 4);
  return list;
}

export function freePackedList(list: usize): void {
  release(list);
}

/** A list of its own with the same entries, in a block that just holds them. */
export function copyPackedList(list: usize): usize {
  const start = startOf(list);
  const bytes = endOf(list) - start;
  const copy = allocate(Arena.DATA, bytes + HEADER_BYTES);
  store<u32>(copy, bytes + HEADER_BYTES);
  store<u32>(copy, packedCount(list), 4);
  memory.copy(copy + HEADER_BYTES, list + start, bytes);
  countSteps(bytes >> 6);
  return copy;
}

/** Entries. */
// @ts-ignore: decorator
@inline
export function packedCount(list: usize): u32 {
  return load<u32>(list, 4) & ~ROOM;
}

/** Bytes of the entries and the header. */
// @ts-ignore: decorator
@inline
export function packedBytes(list: usize): u32 {
  return endOf(list) - startOf(list) + HEADER_BYTES;
}

/** The most that one more entry of `bytes` adds to a list. */
// @ts-ignore: decorator
@inline
export function packedGrowthBytes(bytes: u32): u32 {
  return bytes + ENTRY_OVERHEAD_MAXIMUM;
}

/** The first entry, 0 when there is none. */
// @ts-ignore: decorator
@inline
export function packedFirst(list: usize): usize {
  const start = startOf(list);
  return start == endOf(list) ? 0 : list + start;
}

/** The last entry, 0 when there is none. */
// @ts-ignore: decorator
@inline
export function packedLast(list: usize): usize {
  const end = endOf(list);
  return startOf(list) == end ? 0 : before(list + end);
}

/** The entry after `entry`, 0 at the end. */
// @ts-ignore: decorator
@inline
export function packedNext(list: usize, entry: usize): usize {
  const next = after(entry);
  return next == list + endOf(list) ? 0 : next;
}

/** The entry before `entry`, 0 at the start. */
// @ts-ignore: decorator
@inline
export function packedPrevious(list: usize, entry: usize): usize {
  return entry == list + startOf(list) ? 0 : before(entry);
}

/** Bytes of the tail behind a body. */
// @ts-ignore: decorator
@inline
function tailBytes(bodyBytes: u32): u32 {
  return bodyBytes <= BODY_SHORT_MAXIMUM ? 1 : bodyBytes <= 0xffff ? 3 : 5;
}

/** Where the entry behind `entry` starts. */
// @ts-ignore: decorator
@inline
function after(entry: usize): usize {
  const head: u32 = load<u8>(entry);
  if (head < HEAD_SHORT) return entry + 1;
  if (head < HEAD_MEDIUM) return entry + (head - HEAD_SHORT + 2);
  return afterOther(entry, head);
}

function afterOther(entry: usize, head: u32): usize {
  if (head > HEAD_INTEGER) return entry + (head - HEAD_INTEGER + 2);
  const bodyBytes = head == HEAD_MEDIUM ? <u32>load<u16>(entry, 1) + 3 : load<u32>(entry, 1) + 5;
  return entry + bodyBytes + tailBytes(bodyBytes);
}

/** Where the entry that ends at `end` starts. */
// @ts-ignore: decorator
@inline
function before(end: usize): usize {
  const last: u32 = load<u8>(end - 1);
  if (last < HEAD_SHORT) return end - 1;
  if (last < TAIL_MEDIUM) return end - 1 - (last & 0x7f);
  if (last == TAIL_MEDIUM) return end - 3 - <usize>load<u16>(end - 3);
  return end - 5 - <usize>load<u32>(end - 5);
}

/** The entry at `index`, counted from the end when negative; 0 when there is none. */
export function packedAt(list: usize, index: i32): usize {
  const count = <i32>packedCount(list);
  const forward = index < 0 ? index + count : index;
  if (<u32>forward >= <u32>count) return 0;
  if (forward <= count >> 1) {
    let entry = list + startOf(list);
    for (let left = forward; left; left--) entry = after(entry);
    return entry;
  }
  let entry = list + endOf(list);
  for (let left = count - forward; left; left--) entry = before(entry);
  return entry;
}

// @ts-ignore: decorator
@inline
export function packedIsInteger(entry: usize): bool {
  const head: u32 = load<u8>(entry);
  return head < HEAD_SHORT || head > HEAD_INTEGER;
}

/** The number of an integer entry. */
export function packedInteger(entry: usize): i64 {
  const head: u32 = load<u8>(entry);
  if (head < HEAD_SHORT) return head;
  const bytes = head - HEAD_INTEGER;
  // The load ends with the number; what it reads before it lies in the block and is shifted out.
  return load<i64>(entry + bytes - 7) >> (64 - (bytes << 3));
}

/** Length of the entry as text. */
export function packedTextBytes(entry: usize): u32 {
  const head: u32 = load<u8>(entry);
  if (head < HEAD_SHORT) return head < 10 ? 1 : head < 100 ? 2 : 3;
  if (head < HEAD_MEDIUM) return head - HEAD_SHORT;
  if (head == HEAD_MEDIUM) return load<u16>(entry, 1);
  if (head == HEAD_LONG) return load<u32>(entry, 1);
  return integerBytes(packedInteger(entry));
}

/** Address of the entry's text: where it lies, or `buffer` (24 bytes), where an integer goes. */
export function packedText(entry: usize, buffer: usize): usize {
  const head: u32 = load<u8>(entry);
  if (head - HEAD_SHORT <= SHORT_BYTES_MAXIMUM) return entry + 1;
  if (head == HEAD_MEDIUM) return entry + 3;
  if (head == HEAD_LONG) return entry + 5;
  writeInteger(buffer, packedInteger(entry));
  return buffer;
}

/** Bytes of the whole entry that `text` makes; FORM and NUMBER then say how. */
function measure(address: usize, bytes: u32): u32 {
  if (bytes - 1 < 20) {
    const first: u32 = load<u8>(address);
    if ((first - 0x30 < 10 || first == 0x2d) && parseInteger(address, bytes, NUMBER)) {
      return measureInteger(load<i64>(NUMBER));
    }
  }
  store<u32>(FORM, FORM_TEXT);
  if (bytes <= SHORT_BYTES_MAXIMUM) return bytes + 2;
  const bodyBytes = bytes + (bytes <= 0xffff ? 3 : 5);
  return bodyBytes + tailBytes(bodyBytes);
}

function measureInteger(value: i64): u32 {
  if (<u64>value < <u64>HEAD_SHORT) {
    store<u32>(FORM, 0);
    return 1;
  }
  const bits = 65 - <u32>clz<i64>(value ^ (value >> 63));
  const bytes = (bits + 7) >> 3;
  store<u32>(FORM, bytes);
  return bytes + 2;
}

/** Writes the entry that was just measured. */
function writeEntry(at: usize, address: usize, bytes: u32): void {
  const form = load<u32>(FORM);
  if (form == FORM_TEXT) {
    writeText(at, address, bytes);
  } else if (!form) {
    store<u8>(at, load<u8>(NUMBER));
  } else {
    store<u8>(at, HEAD_INTEGER + form);
    copyBytes(at + 1, NUMBER, form);
    store<u8>(at + 1 + form, 0x81 + form);
  }
}

function writeText(at: usize, address: usize, bytes: u32): void {
  if (bytes <= SHORT_BYTES_MAXIMUM) {
    store<u8>(at, HEAD_SHORT + bytes);
    copyBytes(at + 1, address, bytes);
    store<u8>(at + 1 + bytes, 0x81 + bytes);
    return;
  }
  const headBytes: u32 = bytes <= 0xffff ? 3 : 5;
  if (headBytes == 3) {
    store<u8>(at, HEAD_MEDIUM);
    store<u16>(at, <u16>bytes, 1);
  } else {
    store<u8>(at, HEAD_LONG);
    store<u32>(at, bytes, 1);
  }
  memory.copy(at + headBytes, address, bytes);
  countSteps(bytes >> 6);
  writeTail(at + headBytes + bytes, headBytes + bytes);
}

function writeTail(at: usize, bodyBytes: u32): void {
  if (bodyBytes <= BODY_SHORT_MAXIMUM) {
    store<u8>(at, 0x80 + bodyBytes);
  } else if (bodyBytes <= 0xffff) {
    store<u16>(at, <u16>bodyBytes);
    store<u8>(at, TAIL_MEDIUM, 2);
  } else {
    store<u32>(at, bodyBytes);
    store<u8>(at, TAIL_LONG, 4);
  }
}

/** Whether `entry` is the text that was just measured. */
// @ts-ignore: decorator
@inline
function holdsMeasured(entry: usize, address: usize, bytes: u32, form: u32): bool {
  if (form != FORM_TEXT) return packedInteger(entry) == load<i64>(NUMBER);
  if (bytes <= SHORT_BYTES_MAXIMUM) return equalBytes(entry + 1, address, bytes);
  if (packedTextBytes(entry) != bytes) return false;
  return equalBytes(entry + (bytes <= 0xffff ? 3 : 5), address, bytes);
}

/** The head byte of the text that was just measured. */
function measuredHead(bytes: u32): u32 {
  const form = load<u32>(FORM);
  if (!form) return load<u8>(NUMBER);
  if (form != FORM_TEXT) return HEAD_INTEGER + form;
  if (bytes <= SHORT_BYTES_MAXIMUM) return HEAD_SHORT + bytes;
  return bytes <= 0xffff ? HEAD_MEDIUM : HEAD_LONG;
}

/**
 * The first entry equal to the text, from entry `from` on and comparing every (skip + 1)-th; 0 when
 * there is none.
 */
export function packedFind(
  list: usize, from: usize, address: usize, bytes: u32, skip: u32,
): usize {
  if (!from) return 0;
  measure(address, bytes);
  const form = load<u32>(FORM);
  const head = measuredHead(bytes);
  const end = list + endOf(list);
  let entry = from;
  while (entry != end) {
    if (load<u8>(entry) == head && holdsMeasured(entry, address, bytes, form)) return entry;
    entry = after(entry);
    for (let left = skip; left && entry != end; left--) entry = after(entry);
  }
  return 0;
}

/**
 * Makes ready to compare entries with a text by `packedEquals`; returns what that wants as `head`.
 * Holds until anything else is looked for or put in any packed list.
 */
export function packedPrepare(address: usize, bytes: u32): u32 {
  measure(address, bytes);
  return measuredHead(bytes);
}

/** Whether `entry` is the text that was made ready. */
// @ts-ignore: decorator
@inline
export function packedEquals(entry: usize, head: u32, address: usize, bytes: u32): bool {
  return load<u8>(entry) == head && holdsMeasured(entry, address, bytes, load<u32>(FORM));
}

/** The entry that the last change inserted or replaced, or the one behind those removed, or 0. */
// @ts-ignore: decorator
@inline
export function packedPosition(): usize {
  return load<usize>(POSITION);
}

/** Moves the entries to the start of the block. */
function closeRoom(list: usize): void {
  const start = startOf(list);
  const bytes = endOf(list) - start;
  store<u32>(list, bytes + HEADER_BYTES);
  store<u32>(list, packedCount(list), 4);
  memory.copy(list + HEADER_BYTES, list + start, bytes);
  countSteps(bytes >> 6);
}

/** The list with at least `bytes` unused bytes at its end. */
function makeRoom(list: usize, bytes: u32): usize {
  const usable = usableBytes(list);
  if (bytes <= usable - endOf(list)) return list;
  const used = packedBytes(list);
  if (load<u32>(list, 4) & ROOM) {
    closeRoom(list);
    // Worth it only when the next closing is a good part of the list away.
    if (usable - used >= bytes + (used >> 2)) return list;
  }
  const needed = used + bytes;
  return reallocate(list, needed >= 4096 ? needed + (needed >> 3) : needed);
}

/** Removes unused bytes when they are more than half of the block. */
function giveUnused(list: usize): usize {
  const used = packedBytes(list);
  const usable = usableBytes(list);
  if (usable - used <= max(used, SLACK_BYTES)) return list;
  if (load<u32>(list, 4) & ROOM) closeRoom(list);
  return reallocate(list, used);
}

/** Opens a gap of `bytes` bytes before `offset`, or closes one of -bytes there. */
function moveRest(list: usize, offset: u32, bytes: i32): void {
  const end = endOf(list);
  const from = bytes < 0 ? offset - bytes : offset;
  if (from != end) {
    memory.copy(list + from + bytes, list + from, end - from);
    countSteps((end - from) >> 6);
  }
  store<u32>(list, end + bytes);
}

/**
 * Adds the text before an entry, or at the end when `next` is 0. The text is not in the list
 * itself. Returns the list's address.
 */
export function packedInsert(list: usize, next: usize, address: usize, bytes: u32): usize {
  const offset = next ? <u32>(next - list) : endOf(list);
  const oldStart = startOf(list);
  const added = measure(address, bytes);
  const moved = makeRoom(list, added);
  // Closing the room in front has moved the entries.
  const at = offset - oldStart + startOf(moved);
  moveRest(moved, at, added);
  writeEntry(moved + at, address, bytes);
  store<u32>(moved, load<u32>(moved, 4) + 1, 4);
  store<usize>(POSITION, moved + at);
  return moved;
}

/** Puts the text, which is not in the list itself, in an entry's place; returns the list. */
export function packedReplace(list: usize, entry: usize, address: usize, bytes: u32): usize {
  const offset = <u32>(entry - list);
  const oldStart = startOf(list);
  const removed = <u32>(after(entry) - entry);
  const added = measure(address, bytes);
  const moved = added > removed ? makeRoom(list, added - removed) : list;
  const at = offset - oldStart + startOf(moved);
  if (added > removed) moveRest(moved, at + removed, added - removed);
  else if (added < removed) moveRest(moved, at + added, -<i32>(removed - added));
  writeEntry(moved + at, address, bytes);
  if (removed <= added + SLACK_BYTES) {
    store<usize>(POSITION, moved + at);
    return moved;
  }
  const first = startOf(moved);
  const kept = giveUnused(moved);
  store<usize>(POSITION, kept + (at - first + startOf(kept)));
  return kept;
}

/** Removes `count` entries from `entry` on (as many as there are); returns the list. */
export function packedRemove(list: usize, entry: usize, count: u32): usize {
  const end = list + endOf(list);
  let next = entry;
  let removed: u32 = 0;
  for (; removed < count && next != end; removed++) next = after(next);
  const offset = <u32>(entry - list) - startOf(list);
  moveRest(list, <u32>(entry - list), -<i32>(next - entry));
  store<u32>(list, load<u32>(list, 4) - removed, 4);
  const kept = giveUnused(list);
  const at = kept + startOf(kept) + offset;
  store<usize>(POSITION, at == kept + endOf(kept) ? 0 : at);
  return kept;
}

/**
 * Adds the text before the first entry, in the room kept there. For lists only: other owners have
 * no use for the room. The text is not in the list itself. Returns the list's address.
 */
export function packedPushFirst(list: usize, address: usize, bytes: u32): usize {
  const added = measure(address, bytes);
  let start = startOf(list);
  let target = list;
  if (start < ROOM_HEADER_BYTES + added) {
    target = openFront(list, added);
    start = load<u32>(target, 8);
  }
  store<u32>(target, start - added, 8);
  writeEntry(target + (start - added), address, bytes);
  store<u32>(target, load<u32>(target, 4) + 1, 4);
  return target;
}

/** The list with at least `bytes` of room in front: half of its size where it has to move. */
function openFront(list: usize, bytes: u32): usize {
  const start = startOf(list);
  const used = endOf(list) - start;
  const needed = ROOM_HEADER_BYTES + used + bytes;
  let usable = usableBytes(list);
  let target = list;
  if (usable < needed + (used >> 3)) {
    target = allocate(Arena.DATA, needed + (used >> 1));
    usable = usableBytes(target);
  }
  const count = load<u32>(list, 4);
  memory.copy(target + (usable - used), list + start, used);
  countSteps(used >> 6);
  store<u32>(target, usable);
  store<u32>(target, count | ROOM, 4);
  store<u32>(target, usable - used, 8);
  if (target != list) release(list);
  return target;
}

/** Removes the first entry; what it took becomes room. Returns the list's address. */
export function packedRemoveFirst(list: usize): usize {
  const start = startOf(list);
  const next = <u32>(after(list + start) - list);
  if (next < ROOM_HEADER_BYTES) return packedRemove(list, list + start, 1);
  store<u32>(list, (load<u32>(list, 4) - 1) | ROOM, 4);
  store<u32>(list, next, 8);
  return giveUnused(list);
}

/** Removes the last entry; returns the list's address. */
export function packedRemoveLast(list: usize): usize {
  store<u32>(list, <u32>(before(list + endOf(list)) - list));
  store<u32>(list, load<u32>(list, 4) - 1, 4);
  return giveUnused(list);
}

/** Takes the entries from `entry` on away; returns them as a list of their own. */
export function packedSplit(list: usize, entry: usize): usize {
  const end = list + endOf(list);
  const bytes = <u32>(end - entry);
  const rest = allocate(Arena.DATA, bytes + HEADER_BYTES);
  let count: u32 = 0;
  for (let next = entry; next != end; next = after(next)) count += 1;
  memory.copy(rest + HEADER_BYTES, entry, bytes);
  countSteps(bytes >> 6);
  store<u32>(rest, bytes + HEADER_BYTES);
  store<u32>(rest, count, 4);
  store<u32>(list, <u32>(entry - list));
  store<u32>(list, load<u32>(list, 4) - count, 4);
  return rest;
}

/** A list that shall not grow soon: gives back unused bytes that are a good part of it. */
export function packedTrim(list: usize): usize {
  const used = packedBytes(list);
  if (usableBytes(list) - used <= (used >> 3) + 8) return list;
  if (load<u32>(list, 4) & ROOM) closeRoom(list);
  return reallocate(list, used);
}

/** 0, or the number of the broken invariant. */
export function validatePackedList(list: usize): i32 {
  const start = startOf(list);
  const end = endOf(list);
  if (start > end || end > usableBytes(list)) return 1;
  if (load<u32>(list, 4) & ROOM && start < ROOM_HEADER_BYTES) return 1;
  let count: u32 = 0;
  let entry = list + start;
  while (entry != list + end) {
    const next = after(entry);
    if (next > list + end || before(next) != entry) return 2;
    const form = validateForm(entry, <u32>(next - entry));
    if (form) return form;
    entry = next;
    count += 1;
  }
  return count == packedCount(list) ? 0 : 3;
}

function validateForm(entry: usize, bytes: u32): i32 {
  if (packedIsInteger(entry)) return measureInteger(packedInteger(entry)) == bytes ? 0 : 4;
  const textBytes = packedTextBytes(entry);
  if (measure(packedText(entry, 0), textBytes) != bytes) return 4;
  return load<u32>(FORM) == FORM_TEXT && measuredHead(textBytes) == load<u8>(entry) ? 0 : 4;
}

/**
 * A value as RDB: what DUMP answers and an export writes, in the form of the version asked for.
 *
 *   version      10                       11 and 12
 *   string       one text                 the same
 *   list         quicklist of listpacks   the same
 *   set          intset | texts           intset | listpack | texts
 *   sorted set   listpack | texts         the same
 *   hash         listpack | texts         the same; times from 12 on
 *
 * The compact form is chosen where the value is packed here too; the reader changes it by its own
 * limits. A sorted set is written from its end, which is the order that Redis reads fastest.
 *
 * What a version cannot tell at all, times of fields below 12, is refused (`isExpressible`).
 *
 * Cost: linear; the block it is written to doubles as it grows.
 */

import { SERVER_ROOT } from "../abi";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  LIST_CURSOR_BYTES, ListCursor, cursorBytes, cursorText,
} from "../structures/chunked-list";
import { integerSetAt, integerSetCount } from "../structures/integer-set";
import {
  packedFirst, packedInteger, packedIsInteger, packedNext, packedText, packedTextBytes,
} from "../structures/packed-list";
import { hashCount, isPackedHash, nextField, openWalk } from "../values/hash";
import { NEVER, earliestTime } from "../values/hash-times";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { enterList, listCount, moveCursor } from "../values/list";
import { setCount } from "../values/set";
import { openSetCursor, setNext } from "../values/set-cursor";
import {
  SetCursor, isPacked, memberAddress, memberBytes, memberScore, previousMember, seekMember,
  sortedSetCount,
} from "../values/sorted-set";
import { INTEGER_TEXT_BYTES, stringAddress, stringBytes } from "../values/string";
import {
  appendInteger, appendText, finishListpack, listpackBytes, listpackCount, openListpack,
} from "./listpack-output";
import {
  closeOutput, fillLength, holdLength, openOutput, outputBytes, outputRoom, packedOutput,
  payloadOutput, setCompression, writeByte, writeLength, writeLongLength,
  writeText, writeWord,
} from "./output";
import { RdbType } from "./types";

const TEXT: usize = SERVER_ROOT + 0x41b8;
/** A part of a list ends when one more element would make it larger than this. */
const NODE_BYTES: u32 = 8192;
const NODE_PACKED: u32 = 2;
/** The first version with small sets as listpacks. */
const SET_LISTPACK_VERSION: u32 = 11;
/** The first version with times of fields. */
const FIELD_TIMES_VERSION: u32 = 12;

/** Whether a version of RDB can tell what the entry holds. */
export function isExpressible(entry: KeyEntry, version: u32): bool {
  if (version >= FIELD_TIMES_VERSION || !entry.hasFieldTimes) return true;
  return earliestTime(entry) == NEVER;
}

/**
 * Writes type and value of an entry to the payload output; false when memory was short. Whatever
 * the answer, `closeWriter` comes after.
 */
export function writeValue(entry: KeyEntry, version: u32, compresses: bool): bool {
  openOutput(payloadOutput());
  openOutput(packedOutput());
  setCompression(compresses);
  switch (entry.type) {
    case Type.STRING:
      writeString(entry);
      break;
    case Type.LIST:
      writeList(entry);
      break;
    case Type.SET:
      writeSet(entry, version);
      break;
    case Type.SORTED_SET:
      writeSortedSet(entry);
      break;
    case Type.HASH:
      writeHash(entry);
      break;
    default:
      unreachable();
  }
  return !payloadOutput().failed && !packedOutput().failed;
}

export function closeWriter(): void {
  closeOutput(payloadOutput());
  closeOutput(packedOutput());
}

function writeType(type: RdbType): void {
  writeByte(payloadOutput(), type);
}

/** The packed value as one text. */
function writePacked(): void {
  const out = packedOutput();
  writeText(payloadOutput(), out.start, outputBytes(out));
}

function writeString(entry: KeyEntry): void {
  writeType(RdbType.STRING);
  const bytes = stringBytes(entry, TEXT);
  writeText(payloadOutput(), stringAddress(entry, TEXT), bytes);
}

// ---- Lists -------------------------------------------------------------------------------------

function writeList(entry: KeyEntry): void {
  const mark = scratchMark();
  const cursor = changetype<ListCursor>(scratchTake(LIST_CURSOR_BYTES));
  const text = scratchTake(INTEGER_TEXT_BYTES);
  writeType(RdbType.LIST_QUICKLIST_2);
  const place = holdLength(payloadOutput());
  let nodes: u32 = 1;
  openListpack();
  enterList(entry, false, cursor);
  for (let left = listCount(entry); left && !packedOutput().failed; left--) {
    const bytes = cursorBytes(cursor);
    if (listpackCount() && <u64>listpackBytes() + <u64>bytes > <u64>NODE_BYTES) {
      writeNode();
      openListpack();
      nodes += 1;
    }
    appendText(cursorText(cursor, text), bytes);
    moveCursor(cursor, false);
  }
  writeNode();
  fillLength(payloadOutput(), place, nodes);
  scratchRelease(mark);
}

function writeNode(): void {
  finishListpack();
  writeLength(payloadOutput(), NODE_PACKED);
  writePacked();
}

/** All entries of one of our packed lists as a listpack. */
function writeEntries(type: RdbType, list: usize): void {
  openListpack();
  for (let entry = packedFirst(list); entry; entry = packedNext(list, entry)) {
    if (packedIsInteger(entry)) appendInteger(packedInteger(entry));
    else appendText(packedText(entry, 0), packedTextBytes(entry));
  }
  finishListpack();
  writeType(type);
  writePacked();
}

// ---- Sets --------------------------------------------------------------------------------------

function writeSet(entry: KeyEntry, version: u32): void {
  if (entry.encoding == Encoding.INTSET) return writeIntset(entry.reference);
  if (entry.encoding == Encoding.LISTPACK && version >= SET_LISTPACK_VERSION) {
    return writeEntries(RdbType.SET_LISTPACK, entry.reference);
  }
  writeType(RdbType.SET);
  writeLength(payloadOutput(), setCount(entry));
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  while (setNext(cursor)) writeText(payloadOutput(), cursor.text, cursor.bytes);
  scratchRelease(mark);
}

function writeIntset(set: usize): void {
  const out = packedOutput();
  const count = integerSetCount(set);
  const width = widthOf(integerSetAt(set, 0), integerSetAt(set, count - 1));
  if (!outputRoom(out, 8 + count * width)) return;
  store<u32>(out.cursor, width);
  store<u32>(out.cursor, count, 4);
  let at = out.cursor + 8;
  for (let index: u32 = 0; index < count; index++) {
    const value = integerSetAt(set, index);
    if (width == 2) store<i16>(at, <i16>value);
    else if (width == 4) store<i32>(at, <i32>value);
    else store<i64>(at, value);
    at += width;
  }
  out.cursor = at;
  writeType(RdbType.SET_INTSET);
  writePacked();
}

/** Bytes of an integer that suffice for the least and the largest. */
function widthOf(least: i64, most: i64): u32 {
  if (least >= i16.MIN_VALUE && most <= i16.MAX_VALUE) return 2;
  return least >= i32.MIN_VALUE && most <= i32.MAX_VALUE ? 4 : 8;
}

// ---- Sorted sets and hashes --------------------------------------------------------------------

function writeSortedSet(entry: KeyEntry): void {
  if (isPacked(entry)) return writeEntries(RdbType.SORTED_SET_LISTPACK, entry.reference);
  const out = payloadOutput();
  const count = sortedSetCount(entry);
  writeType(RdbType.SORTED_SET_2);
  writeLength(out, count);
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  seekMember(entry, count - 1, cursor);
  do {
    writeText(out, memberAddress(cursor), memberBytes(cursor));
    writeWord(out, reinterpret<u64>(memberScore(cursor)));
  } while (previousMember(cursor));
  scratchRelease(mark);
}

function writeHash(entry: KeyEntry): void {
  if (entry.hasFieldTimes) {
    const earliest = earliestTime(entry);
    if (earliest != NEVER) return writeTimedHash(entry, earliest);
  } else if (isPackedHash(entry)) {
    return writeEntries(RdbType.HASH_LISTPACK, entry.reference);
  }
  const out = payloadOutput();
  writeType(RdbType.HASH);
  writeLength(out, hashCount(entry));
  const mark = scratchMark();
  const walk = openWalk(entry);
  while (nextField(walk)) {
    writeText(out, walk.field, walk.fieldBytes);
    writeText(out, walk.value, walk.valueBytes);
  }
  scratchRelease(mark);
}

/** Each field with its time, told from the earliest one on, plus 1; 0 = none. */
function writeTimedHash(entry: KeyEntry, earliest: i64): void {
  const out = payloadOutput();
  writeType(RdbType.HASH_TIMES);
  writeWord(out, earliest);
  writeLength(out, hashCount(entry));
  const mark = scratchMark();
  const walk = openWalk(entry);
  while (nextField(walk)) {
    writeLongLength(out, walk.expiryMs ? walk.expiryMs - earliest + 1 : 0);
    writeText(out, walk.field, walk.fieldBytes);
    writeText(out, walk.value, walk.valueBytes);
  }
  scratchRelease(mark);
}

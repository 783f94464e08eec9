/**
 * Building hashes, and the times of their fields in every form that they have had.
 *
 *   22 Redis     count, then time, field, value
 *   23           field, value, time ... in a listpack
 *   24           earliest time, count, then time, field, value; a time is told from the earliest
 *                one on, plus 1
 *   25           earliest time, then as 23
 *   22 Valkey    count, then field, value, time in eight bytes, -1 = none
 *
 * Elsewhere 0 stands for a field that does not end.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate } from "../memory/allocator";
import {
  HASH_TABLE_BYTES, HashTable, initializeTable,
} from "../structures/hash-table";
import { createPackedList, packedInsert, packedTrim } from "../structures/packed-list";
import { PUSH_BYTES_MAXIMUM } from "../structures/reference-vector";
import { parseInteger, writeInteger } from "../text/integers";
import { setTableField } from "../values/hash";
import { FIELD_TIME_MAXIMUM, createFieldTimes, setFieldExpiry } from "../values/hash-times";
import { Encoding, Type } from "../values/key-entry";
import { mayPack, packedCapacity } from "./build";
import { failInput, input, readLength, readText, readWord } from "./input";
import { Shape, nextElement, openElements, reader, startEntry } from "./reader-state";
import { hasRepeats } from "./repeats";
import { RdbType, VALKEY_VERSION } from "./types";

const NUMBER: usize = SERVER_ROOT + 0x41b0;
const TEXT: usize = SERVER_ROOT + 0x41b8;
/** What a field with a time takes in addition. */
const TIME_BYTES: f64 = 96;

/** Whether the value that is read has times of its fields. */
export function isTimed(): bool {
  return reader().type >= RdbType.HASH_TIMES_22;
}

/** Whether all times are told from the earliest one, which comes first. */
export function hasEarliest(): bool {
  return reader().type == RdbType.HASH_TIMES || reader().type == RdbType.HASH_LISTPACK_TIMES;
}

function isValkey(): bool {
  return reader().type == RdbType.HASH_TIMES_22 && reader().version >= VALKEY_VERSION;
}

/** Memory for the times of `count` fields. */
export function timesBytes(count: u32): f64 {
  if (!reader().hasTimes) return 0;
  return <f64>count * TIME_BYTES + input().totalBytes * 1.25 + 2 * <f64>PUSH_BYTES_MAXIMUM + 1024;
}

/** Reads the time before a field that is told by texts, or after it, to `timeMs`. */
export function readTime(isBefore: bool): void {
  if (!isTimed() || isBefore == isValkey()) return;
  if (isValkey()) {
    const time = <i64>readWord();
    return takeTime(time == -1 ? 0 : time);
  }
  const told = readLength();
  if (reader().type == RdbType.HASH_TIMES_22) return takeTime(<i64>told);
  if (!told) return takeTime(0);
  const sum = reader().earliestMs + <i64>told - 1;
  if (told > <u64>FIELD_TIME_MAXIMUM || reader().earliestMs < 0 || !sum) failInput();
  takeTime(sum);
}

/** Takes the text of the input as a time. */
export function takeTimeText(): void {
  if (!parseInteger(input().address, input().bytes, NUMBER)) return failInput();
  takeTime(load<i64>(NUMBER));
}

function takeTime(timeMs: i64): void {
  if (timeMs < 0 || timeMs > FIELD_TIME_MAXIMUM) return failInput();
  reader().timeMs = timeMs;
  if (timeMs) reader().hasTimes = 1;
}

/** Comes to the next field; false at the end, and when the input has failed. */
function nextField(): bool {
  reader().timeMs = 0;
  if (reader().shape == Shape.TEXTS) return nextFieldOfTexts();
  if (!nextElement()) return false;
  reader().field = input().address;
  reader().fieldBytes = input().bytes;
  if (!nextElement()) return false;
  if (!isTimed()) return true;
  const value = input().address;
  const valueBytes = input().bytes;
  if (!nextElement()) return false;
  takeTimeText();
  input().address = value;
  input().bytes = valueBytes;
  return !input().failed;
}

function nextFieldOfTexts(): bool {
  if (!reader().left) return false;
  reader().left -= 1;
  readTime(true);
  readText();
  reader().field = input().address;
  reader().fieldBytes = input().bytes;
  readText();
  readTime(false);
  return !input().failed;
}

/** Makes the hash of `valueEntry()`; `reader().count` is the number of its fields. */
export function buildHash(): void {
  openElements();
  const isPacked = reader().count <= reader().hashEntries && mayPack(reader().hashBytes);
  if (isPacked) buildPackedHash();
  else buildHashTable();
}

function buildPackedHash(): void {
  const hasTimes = reader().hasTimes != 0;
  let list = createPackedList(packedCapacity());
  while (nextField()) {
    list = packedInsert(list, 0, reader().field, reader().fieldBytes);
    list = packedInsert(list, 0, input().address, input().bytes);
    if (hasTimes) list = packedInsert(list, 0, TEXT, writeInteger(TEXT, reader().timeMs));
  }
  if (!input().failed && hasRepeats(list, hasTimes ? 3 : 2)) failInput();
  list = packedTrim(list);
  if (!hasTimes) {
    startEntry(Type.HASH, Encoding.LISTPACK, list);
    return;
  }
  const times = changetype<usize>(createFieldTimes(list));
  startEntry(Type.HASH, Encoding.LISTPACK_TIMES, times);
}

function buildHashTable(): void {
  const table = allocate(Arena.DATA, HASH_TABLE_BYTES);
  initializeTable(changetype<HashTable>(table));
  const entry = startEntry(Type.HASH, Encoding.HASHTABLE, table);
  while (nextField()) {
    const field = reader().field;
    const bytes = reader().fieldBytes;
    if (!setTableField(entry, field, bytes, input().address, input().bytes)) return failInput();
    if (reader().timeMs) setFieldExpiry(entry, field, bytes, reader().timeMs);
  }
}

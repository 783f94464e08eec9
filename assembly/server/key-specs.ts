/**
 * Which arguments of a command are keys, found from the key specs of its row.
 *
 * A cursor walks the specs one after another and the keys of each, so that a command with a million
 * keys needs no list of them:
 *
 *   startKeys(cursor, row, arguments, count)
 *   while (nextKey(cursor)) ... cursor.index, cursor.flags
 *
 * An invalid number of keys, or keys past the last argument, end the walk with `isInvalid`.
 * Specs that stand for no key (not_key: channels) are passed over; specs that cannot be told from
 * the words alone (unknown) are, too. Where options of a command name keys, they are read as the
 * command reads them: SORT's and GEORADIUS' last STORE, MIGRATE's KEYS, which is there instead of
 * its one key. What a command touches and what is found here must be the same, or rights of users
 * could be got around.
 *
 * Cost: reading the notation, then a few instructions a key. COMMAND GETKEYS uses it, and whatever
 * has to know the keys before the command runs.
 */

import { equalsIgnoreCase } from "../text/case";
import { parseInteger } from "../text/integers";
import { Find, KeySpec, Search, readKeySpec, wordEnd, isPart } from "./notation";
import { Row, RowFlag } from "./table";

export const enum KeyFlag {
  READ_ONLY = 1,
  READ_WRITE = 2,
  OVERWRITE = 4,
  REMOVE = 8,
  ACCESS = 16,
  UPDATE = 32,
  INSERT = 64,
  DELETE = 128,
  NOT_KEY = 256,
  INCOMPLETE = 512,
  VARIABLE = 1024,
}

@unmanaged
export class KeyCursor {
  number: i64;
  row: Row;
  arguments: u32;
  count: i32;
  /** The key that was found: index of the argument and KeyFlag bits. */
  index: i32;
  flags: u32;
  /** Last key of the spec, step, and the spec after it (-1: none). */
  last: i32;
  step: i32;
  next: i32;
  /** 1: the words fit no keys. */
  isInvalid: u32;
  spec: KeySpec;
}

/** Room for a cursor with its spec. */
export const KEY_CURSOR_BYTES: u32 = <u32>(offsetof<KeyCursor>() + offsetof<KeySpec>() + 8);

/** Whether a row has a key spec that stands for keys. */
export function hasKeys(row: Row): bool {
  const keys = row.keys;
  let at = keys.length ? 0 : -1;
  while (at >= 0) {
    const next = keys.indexOf(" ; ", at);
    const fake = keys.indexOf("not_key", at);
    if (fake < 0 || (next >= 0 && fake > next)) return true;
    at = next < 0 ? -1 : next + 3;
  }
  return false;
}

/** Starts a walk; the cursor has KEY_CURSOR_BYTES. */
export function startKeys(cursor: KeyCursor, row: Row, vector: usize, count: i32): void {
  cursor.row = row;
  cursor.arguments = <u32>vector;
  cursor.count = count;
  cursor.index = 0;
  cursor.last = -1;
  cursor.step = 1;
  cursor.flags = 0;
  cursor.isInvalid = 0;
  cursor.next = row.keys.length ? 0 : -1;
  const spec = (changetype<usize>(cursor) + offsetof<KeyCursor>() + 7) & ~7;
  cursor.spec = changetype<KeySpec>(spec);
}

/** Steps to the next key; false at the end. */
export function nextKey(cursor: KeyCursor): bool {
  if (cursor.index + cursor.step <= cursor.last) {
    cursor.index += cursor.step;
    return true;
  }
  while (cursor.next >= 0) {
    const spec = cursor.spec;
    const keys = cursor.row.keys;
    readKeySpec(keys, cursor.next, spec);
    cursor.next = spec.next;
    if (spec.has(keys, "not_key")) continue;
    const first = firstOf(cursor, spec);
    if (!first) continue;
    if (first < 0 || !findRange(cursor, spec, first)) return invalid(cursor);
    cursor.flags = keyFlags(keys, spec) & ~KeyFlag.INCOMPLETE;
    if (cursor.flags & KeyFlag.VARIABLE) cursor.flags = variableFlags(cursor);
    return true;
  }
  return false;
}

/** How many keys the words have; -1: they fit no keys. */
export function countKeys(cursor: KeyCursor): i32 {
  let count = 0;
  while (nextKey(cursor)) count += 1;
  return cursor.isInvalid ? -1 : count;
}

function invalid(cursor: KeyCursor): bool {
  cursor.isInvalid = 1;
  cursor.next = -1;
  cursor.last = -1;
  return false;
}

// @ts-ignore: decorator
@inline
function addressOf(cursor: KeyCursor, index: i32): usize {
  return load<u32>(cursor.arguments + (index << 3));
}

// @ts-ignore: decorator
@inline
function bytesOf(cursor: KeyCursor, index: i32): u32 {
  return load<u32>(cursor.arguments + (index << 3), 4);
}

/** First argument that a spec speaks of; 0: there is none, -1: the words fit no keys. */
function firstOf(cursor: KeyCursor, spec: KeySpec): i32 {
  const keys = cursor.row.keys;
  if (spec.search == Search.UNKNOWN) return unknownKey(cursor);
  if (spec.search == Search.KEYWORD) {
    if (spec.has(keys, "incomplete")) return max(listedKeys(cursor), 0);
    return spec.has(keys, "ow") ? optionKey(cursor, spec) : beginOf(cursor, spec);
  }
  if (cursor.row.flags & RowFlag.MOVABLE_KEYS && keys.indexOf("incomplete") >= 0) {
    const listed = listedKeys(cursor);
    if (listed) return listed < 0 ? -1 : 0;
  }
  return spec.index;
}

/** The argument after the keyword of a spec; 0: it is not there. */
function beginOf(cursor: KeyCursor, spec: KeySpec): i32 {
  const count = cursor.count;
  const isForward = spec.index > 0;
  let at = isForward ? spec.index : count + spec.index;
  while (at > 0 && at < count) {
    if (isKeyword(cursor, spec, at)) return at + 1;
    at += isForward ? 1 : -1;
  }
  return 0;
}

function isKeyword(cursor: KeyCursor, spec: KeySpec, index: i32): bool {
  const bytes = spec.keywordEnd - spec.keywordStart;
  if (bytesOf(cursor, index) != bytes) return false;
  const keys = cursor.row.keys;
  for (let at = 0; at < bytes; at++) {
    const wanted = keys.charCodeAt(spec.keywordStart + at) | 0x20;
    if ((<i32>load<u8>(addressOf(cursor, index) + at) | 0x20) != wanted) return false;
  }
  return true;
}

/** Sets first key, last key and step; false: they are not within the words. */
function findRange(cursor: KeyCursor, spec: KeySpec, begin: i32): bool {
  const count = cursor.count;
  let first = begin;
  let last = begin;
  if (spec.search == Search.UNKNOWN) {
    cursor.step = 1;
  } else if (spec.find == Find.RANGE) {
    cursor.step = spec.second;
    if (spec.first >= 0) last = first + spec.first;
    else if (!spec.third) last = count + spec.first;
    else last = first + (count - first) / spec.third + spec.first;
  } else if (spec.find == Find.KEYNUM) {
    const place = first + spec.first;
    if (place >= count) return false;
    const out = changetype<usize>(cursor) + offsetof<KeyCursor>("number");
    if (!parseInteger(addressOf(cursor, place), bytesOf(cursor, place), out)) return false;
    if (cursor.number < 1 || cursor.number > count) return false;
    cursor.step = spec.third;
    first += spec.second;
    last = first + (<i32>cursor.number - 1) * cursor.step;
  } else {
    return false;
  }
  cursor.index = first;
  cursor.last = last;
  return last < count && last >= first;
}

/** KeyFlag bits of a spec. */
export function keyFlags(keys: string, spec: KeySpec): u32 {
  let bits: u32 = 0;
  let at = spec.flagsStart;
  while (at < spec.flagsEnd) {
    const end = wordEnd(keys, at, spec.flagsEnd);
    bits |= keyFlag(keys, at, end);
    at = end + 1;
  }
  return bits;
}

function keyFlag(keys: string, start: i32, end: i32): u32 {
  if (isPart(keys, start, end, "ro")) return KeyFlag.READ_ONLY;
  if (isPart(keys, start, end, "rw")) return KeyFlag.READ_WRITE;
  if (isPart(keys, start, end, "ow")) return KeyFlag.OVERWRITE;
  if (isPart(keys, start, end, "rm")) return KeyFlag.REMOVE;
  if (isPart(keys, start, end, "access")) return KeyFlag.ACCESS;
  if (isPart(keys, start, end, "update")) return KeyFlag.UPDATE;
  if (isPart(keys, start, end, "insert")) return KeyFlag.INSERT;
  if (isPart(keys, start, end, "delete")) return KeyFlag.DELETE;
  if (isPart(keys, start, end, "not_key")) return KeyFlag.NOT_KEY;
  if (isPart(keys, start, end, "incomplete")) return KeyFlag.INCOMPLETE;
  return isPart(keys, start, end, "variable_flags") ? KeyFlag.VARIABLE : 0;
}

// ---- What the words decide ----------------------------------------------------------------------

function isWord(cursor: KeyCursor, index: i32, word: string): bool {
  return equalsIgnoreCase(addressOf(cursor, index), bytesOf(cursor, index), word);
}

/** Flags of the first key of a command whose options decide what it does to it. */
function variableFlags(cursor: KeyCursor): u32 {
  const readWrite = KeyFlag.READ_WRITE | KeyFlag.ACCESS | KeyFlag.UPDATE;
  const row = cursor.row;
  if (equalsIgnoreCase(row.nameAddress, row.nameBytes, "set")) {
    for (let index = 3; index < cursor.count; index++) {
      if (isWord(cursor, index, "get")) return readWrite;
    }
    return KeyFlag.OVERWRITE | KeyFlag.UPDATE;
  }
  for (let index = 2; index < cursor.count; index++) {
    if (isWord(cursor, index, "set") || isWord(cursor, index, "incrby")) return readWrite;
  }
  return KeyFlag.READ_ONLY | KeyFlag.ACCESS;
}

/** The key of an unknown spec that updates (SORT: the last STORE); 0: none. */
function unknownKey(cursor: KeyCursor): i32 {
  if (!cursor.spec.has(cursor.row.keys, "update")) return 0;
  let found = 0;
  let index = 2;
  while (index < cursor.count) {
    if (isWord(cursor, index, "limit")) index += 2;
    else if (isWord(cursor, index, "get") || isWord(cursor, index, "by")) index += 1;
    else if (isWord(cursor, index, "store") && index + 1 < cursor.count) found = ++index;
    index += 1;
  }
  return found;
}

/** GEORADIUS: the key after the last time its option stands there; 0: it does not. */
function optionKey(cursor: KeyCursor, spec: KeySpec): i32 {
  let found = 0;
  for (let index = spec.index; index + 1 < cursor.count; index++) {
    if (!isWord(cursor, index, "store") && !isWord(cursor, index, "storedist")) continue;
    if (isKeyword(cursor, spec, index)) found = index + 1;
    index += 1;
  }
  return found;
}

/** MIGRATE: the first key after KEYS; 0: its one key counts, -1: it has both. */
function listedKeys(cursor: KeyCursor): i32 {
  for (let index = 6; index < cursor.count; index++) {
    if (isWord(cursor, index, "auth")) index += 1;
    else if (isWord(cursor, index, "auth2")) index += 2;
    else if (isWord(cursor, index, "keys")) return bytesOf(cursor, 3) ? -1 : index + 1;
  }
  return 0;
}

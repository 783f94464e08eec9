/** Where a value ends, for every type: what it means is RESTORE's business. */
import type { FileCursor } from "./cursor.js";
import { ValueType } from "./format.js";
import { readLength, skipLengths, skipString, skipStrings, tooMany } from "./strings.js";

/** Bytes of a time or of an ID that are not encoded as a length. */
const TIME_BYTES = 8;
const STREAM_ID_BYTES = 16;

/** Values of a module: a list of numbers and strings, each with its kind before it. */
const enum ModulePart {
  END = 0,
  SIGNED = 1,
  UNSIGNED = 2,
  FLOAT = 3,
  DOUBLE = 4,
  STRING = 5,
}

/** Passes a value of a known type. */
export function skipValue(file: FileCursor, type: number, isValkey: boolean): void {
  switch (type) {
    case ValueType.STRING:
    case ValueType.HASH_ZIPMAP:
    case ValueType.LIST_ZIPLIST:
    case ValueType.SET_INTSET:
    case ValueType.SORTED_SET_ZIPLIST:
    case ValueType.HASH_ZIPLIST:
    case ValueType.HASH_LISTPACK:
    case ValueType.SORTED_SET_LISTPACK:
    case ValueType.SET_LISTPACK:
    case ValueType.HASH_LISTPACK_FIELDS_EARLY:
      skipString(file);
      break;
    case ValueType.LIST:
    case ValueType.SET:
    case ValueType.LIST_QUICKLIST:
      skipStrings(file, readLength(file));
      break;
    case ValueType.HASH:
      skipStrings(file, readLength(file) * 2);
      break;
    case ValueType.SORTED_SET_TEXT:
      skipEach(file, skipMemberWithText);
      break;
    case ValueType.SORTED_SET:
      skipEach(file, skipStringAndTime);
      break;
    case ValueType.LIST_QUICKLIST_2:
      skipEach(file, skipLengthAndString);
      break;
    case ValueType.HASH_FIELDS_EARLY:
      skipEach(file, isValkey ? skipFieldOfValkey : skipFieldWithExpiry);
      break;
    case ValueType.HASH_FIELDS:
      file.skip(TIME_BYTES);
      skipEach(file, skipFieldWithExpiry);
      break;
    case ValueType.HASH_LISTPACK_FIELDS:
      file.skip(TIME_BYTES);
      skipString(file);
      break;
    case ValueType.STREAM:
    case ValueType.STREAM_2:
    case ValueType.STREAM_3:
      skipStream(file, type);
      break;
    case ValueType.MODULE:
      readLength(file);
      skipModuleParts(file);
      break;
    default:
      file.fail(`where a value of type ${type} ends is not known`);
      break;
  }
}

/** Passes a counted list of elements, each of at least one byte. */
function skipEach(file: FileCursor, skip: (file: FileCursor) => void): void {
  const count = readLength(file);
  if (count > file.left) tooMany(file, count);
  for (let i = 0; i < count; i++) skip(file);
}

function skipLengthAndString(file: FileCursor): void {
  readLength(file);
  skipString(file);
}

function skipStringAndTime(file: FileCursor): void {
  skipString(file);
  file.skip(TIME_BYTES);
}

/** A score as text: its length, or one of three bytes that mean nan, inf and -inf. */
function skipMemberWithText(file: FileCursor): void {
  skipString(file);
  const length = file.byte();
  if (length < 253) file.skip(length);
}

function skipFieldWithExpiry(file: FileCursor): void {
  readLength(file);
  skipStrings(file, 2);
}

function skipFieldOfValkey(file: FileCursor): void {
  skipStrings(file, 2);
  file.skip(TIME_BYTES);
}

function skipStream(file: FileCursor, type: number): void {
  skipStrings(file, readLength(file) * 2);
  skipLengths(file, 3);
  if (type >= ValueType.STREAM_2) skipLengths(file, 5);
  const groups = readLength(file);
  if (groups > file.left) tooMany(file, groups);
  for (let i = 0; i < groups; i++) skipGroup(file, type);
}

function skipGroup(file: FileCursor, type: number): void {
  skipString(file);
  skipLengths(file, type >= ValueType.STREAM_2 ? 3 : 2);
  skipEach(file, skipPending);
  const consumers = readLength(file);
  if (consumers > file.left) tooMany(file, consumers);
  for (let i = 0; i < consumers; i++) {
    skipString(file);
    file.skip(type >= ValueType.STREAM_3 ? TIME_BYTES * 2 : TIME_BYTES);
    file.skip(readLength(file) * STREAM_ID_BYTES);
  }
}

/** A message that was delivered and not acknowledged. */
function skipPending(file: FileCursor): void {
  file.skip(STREAM_ID_BYTES + TIME_BYTES);
  readLength(file);
}

/** Passes what a module wrote, its end included. */
export function skipModuleParts(file: FileCursor): void {
  for (;;) {
    const offset = file.offset;
    const part = readLength(file);
    if (part === ModulePart.END) return;
    else if (part === ModulePart.SIGNED || part === ModulePart.UNSIGNED) readLength(file);
    else if (part === ModulePart.FLOAT) file.skip(4);
    else if (part === ModulePart.DOUBLE) file.skip(8);
    else if (part === ModulePart.STRING) skipString(file);
    else file.fail(`a module's data cannot hold a part of kind ${part}`, offset);
  }
}

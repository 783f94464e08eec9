/**
 * Storing string values: choosing the encoding, reusing the entry where it fits, and changing a
 * value in place (APPEND, SETRANGE, SETBIT work through `openString`).
 *
 * Every function works on the key that the last `lookupWrite` was for. Memory for a block of its
 * own is reserved by the command before (`stringBytesNeeded`).
 */

import { Arena, allocate, arenaOf, reallocate, retag, usableBytes } from "../memory/allocator";
import { copyBytes } from "../memory/copy";
import { INTEGER_BYTES_MAX, parseInteger, writeInteger } from "../text/integers";
import { EMBEDDED_BYTES_MAXIMUM, Encoding, KeyEntry, Type } from "../values/key-entry";
import { embeddedEncoding } from "../values/string";
import { SERVER_ROOT } from "../abi";
import { addKey, lookup, removeExpiry, reshapeFound } from "./database";
import { leaveFieldIndex } from "./field-expiry";
import { discardValue } from "./garbage";
import { Database } from "./keyspace";

const INTEGER_OUT: usize = SERVER_ROOT + 0xda0;
/** From this size on a growing value gets an eighth more than it needs. */
const SLACK_FROM_BYTES: u32 = 1 << 20;

/** Bytes to reserve before a string of this size is stored. */
// @ts-ignore: decorator
@inline
export function stringBytesNeeded(bytes: u32): f64 {
  return bytes <= EMBEDDED_BYTES_MAXIMUM ? 1024 : <f64>bytes + <f64>(bytes >> 3) + 8192;
}

/**
 * Sets the key of the last lookup to a string, whatever it was before, and takes its expiry off
 * unless `keepExpiry`. Text that is a 64-bit integer in canonical form is stored as one. Returns
 * the entry.
 */
export function setString(
  database: Database,
  key: usize,
  keyBytes: u32,
  value: usize,
  bytes: u32,
  keepExpiry: bool,
): KeyEntry {
  if (bytes <= <u32>INTEGER_BYTES_MAX && isNumeral(value, bytes)
    && parseInteger(value, bytes, INTEGER_OUT)) {
    return setInteger(database, key, keyBytes, load<i64>(INTEGER_OUT), keepExpiry);
  }
  return setText(database, key, keyBytes, value, bytes, keepExpiry);
}

/** As `setString`, but text stays text even if it is an integer. */
export function setText(
  database: Database,
  key: usize,
  keyBytes: u32,
  value: usize,
  bytes: u32,
  keepExpiry: bool,
): KeyEntry {
  if (bytes > EMBEDDED_BYTES_MAXIMUM) {
    const block = allocate(Arena.DATA, bytes);
    memory.copy(block, value, bytes);
    return storeBlock(database, key, keyBytes, block, bytes, keepExpiry);
  }
  let entry = sameEmbedded(bytes, keepExpiry);
  if (entry) {
    entry.setKind(Type.STRING, embeddedEncoding(bytes));
    copyBytes(entry.value + 1, value, bytes);
    return entry;
  }
  entry = openEntry(database, key, keyBytes, embeddedEncoding(bytes), bytes + 1, keepExpiry);
  const field = entry.value;
  store<u8>(field, <u8>bytes);
  copyBytes(field + 1, value, bytes);
  return entry;
}

/** The found entry if it holds a short string of just this length and its expiry may stay. */
// @ts-ignore: decorator
@inline
function sameEmbedded(bytes: u32, keepExpiry: bool): KeyEntry | null {
  const slot: usize = lookup().slot;
  if (!slot) return null;
  const entry = changetype<KeyEntry>(<usize>load<u32>(slot));
  if (entry.encoding != Encoding.EMBEDDED && entry.encoding != Encoding.EMBEDDED_RAW) return null;
  if ((entry.expires && !keepExpiry) || load<u8>(entry.value) != bytes) return null;
  return entry;
}

/** A first look that spares most values the parse: a digit, or a sign before one. */
// @ts-ignore: decorator
@inline
function isNumeral(value: usize, bytes: u32): bool {
  const first: u32 = bytes ? load<u8>(value) : 0;
  return first - 0x30 < 10 || first == 0x2d;
}

/** Sets the key of the last lookup to an integer. */
export function setInteger(
  database: Database,
  key: usize,
  keyBytes: u32,
  value: i64,
  keepExpiry: bool,
): KeyEntry {
  const entry = openEntry(database, key, keyBytes, Encoding.INTEGER, 8, keepExpiry);
  store<i64>(entry.value, value);
  return entry;
}

/**
 * Sets the key of the last lookup to a string whose bytes are in a block of their own, which now
 * belongs to the key. A block of the SERVER arena (a received argument, LARGE_BYTES or more)
 * changes arena.
 */
export function setBlock(
  database: Database,
  key: usize,
  keyBytes: u32,
  block: usize,
  bytes: u32,
  keepExpiry: bool,
): KeyEntry {
  if (arenaOf(block) != Arena.DATA) retag(block, Arena.DATA);
  return storeBlock(database, key, keyBytes, block, bytes, keepExpiry);
}

function storeBlock(
  database: Database,
  key: usize,
  keyBytes: u32,
  block: usize,
  bytes: u32,
  keepExpiry: bool,
): KeyEntry {
  const entry = openEntry(database, key, keyBytes, Encoding.RAW, 8, keepExpiry);
  store<u32>(entry.value, <u32>block);
  store<u32>(entry.value, bytes, 4);
  return entry;
}

/**
 * An entry for the key of the last lookup with a value field to be written; the old value is freed.
 */
function openEntry(
  database: Database,
  key: usize,
  keyBytes: u32,
  encoding: Encoding,
  fieldBytes: u32,
  keepExpiry: bool,
): KeyEntry {
  const slot: usize = lookup().slot;
  if (!slot) return addKey(database, key, keyBytes, Type.STRING, encoding, fieldBytes);
  let entry = changetype<KeyEntry>(<usize>load<u32>(slot));
  if (entry.hasFieldTimes) leaveFieldIndex(database, entry);
  discardValue(entry);
  // The value is gone: nothing of it is kept when the entry moves.
  entry.setKind(Type.STRING, Encoding.INTEGER);
  if (entry.expires && !keepExpiry) entry = removeExpiry(database, entry);
  entry = reshapeFound(database, entry.expires, fieldBytes, false);
  entry.setKind(Type.STRING, encoding);
  return entry;
}

/**
 * Adds the key that the last lookup did not find as a string of `bytes` zeros, shown as raw;
 * returns the address of its bytes.
 */
export function addZeros(database: Database, key: usize, keyBytes: u32, bytes: u32): usize {
  if (bytes <= EMBEDDED_BYTES_MAXIMUM) {
    const entry = addKey(
      database, key, keyBytes, Type.STRING, Encoding.EMBEDDED_RAW, bytes + 1,
    );
    store<u8>(entry.value, <u8>bytes);
    memory.fill(entry.value + 1, 0, bytes);
    return entry.value + 1;
  }
  const block = allocate(Arena.DATA, bytes);
  memory.fill(block, 0, bytes);
  storeBlock(database, key, keyBytes, block, bytes, false);
  return block;
}

/**
 * Makes the found string `bytes` long (never shorter than it is) and writable in place; returns the
 * address of its bytes. What was there stays, what is new is zero. It is no integer and not shown
 * as embstr afterwards. The command has reserved `stringBytesNeeded(bytes)`.
 */
export function openString(database: Database, entry: KeyEntry, bytes: u32): usize {
  if (entry.encoding == Encoding.RAW) return openBlock(entry, bytes);
  return bytes <= EMBEDDED_BYTES_MAXIMUM
    ? openEmbedded(database, entry, bytes)
    : moveToBlock(database, entry, bytes);
}

function openBlock(entry: KeyEntry, bytes: u32): usize {
  const field = entry.value;
  const before = load<u32>(field, 4);
  let block: usize = load<u32>(field);
  if (bytes > usableBytes(block)) {
    block = reallocate(block, bytes + (bytes >= SLACK_FROM_BYTES ? bytes >> 3 : bytes >> 1));
    store<u32>(field, <u32>block);
  }
  if (bytes > before) memory.fill(block + before, 0, bytes - before);
  store<u32>(field, bytes, 4);
  return block;
}

function openEmbedded(database: Database, entry: KeyEntry, bytes: u32): usize {
  const isNumber = entry.encoding == Encoding.INTEGER;
  const number = isNumber ? load<i64>(entry.value) : 0;
  let before: u32 = isNumber ? 0 : load<u8>(entry.value);
  const fresh = reshapeFound(database, entry.expires, bytes + 1, !isNumber);
  fresh.setKind(Type.STRING, Encoding.EMBEDDED_RAW);
  const field = fresh.value;
  if (isNumber) before = writeInteger(field + 1, number);
  if (bytes > before) memory.fill(field + 1 + before, 0, bytes - before);
  store<u8>(field, <u8>bytes);
  return field + 1;
}

function moveToBlock(database: Database, entry: KeyEntry, bytes: u32): usize {
  const block = allocate(Arena.DATA, bytes + (bytes >= SLACK_FROM_BYTES ? bytes >> 3 : 0));
  const field = entry.value;
  let before: u32;
  if (entry.encoding == Encoding.INTEGER) {
    before = writeInteger(block, load<i64>(field));
  } else {
    before = load<u8>(field);
    copyBytes(block, field + 1, before);
  }
  memory.fill(block + before, 0, bytes - before);
  const fresh = reshapeFound(database, entry.expires, 8, false);
  fresh.setKind(Type.STRING, Encoding.RAW);
  store<u32>(fresh.value, <u32>block);
  store<u32>(fresh.value, bytes, 4);
  return block;
}

/** Makes a string that is no integer shorter in place; returns the address of its bytes. */
export function shortenString(entry: KeyEntry, bytes: u32): usize {
  const field = entry.value;
  if (entry.encoding == Encoding.RAW) {
    store<u32>(field, bytes, 4);
    return load<u32>(field);
  }
  entry.setKind(Type.STRING, Encoding.EMBEDDED_RAW);
  store<u8>(field, <u8>bytes);
  return field + 1;
}

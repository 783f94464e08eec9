/**
 * Lists as arguments and as replies: memory for new elements, keys that come and go, and elements
 * written from where they lie.
 *
 *   SERVER root + 0x2b00: the cursor | +0x20: text of an integer
 */

import { SERVER_ROOT } from "../abi";
import { addKey, lookupQuiet, removeFound } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { Database } from "../keyspace/keyspace";
import { WRONG_TYPE, replyOutsideRange } from "../protocol/errors";
import { replyArray, replyBulk, replyBulkInteger, replyError } from "../protocol/reply";
import { Call, integerOrReply, reserveOrReply } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { settings } from "../server/settings";
import {
  ListCursor, chunkedGrowthBytes, cursorBytes, enterNextChunk,
} from "../structures/chunked-list";
import {
  createPackedList, packedInteger, packedIsInteger, packedNext, packedText, packedTextBytes,
} from "../structures/packed-list";
import { parseInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { growList, listCount, moveCursor, pushElement, seekList, shrinkList } from "../values/list";

/** Room for the text of an integer element. */
export const ELEMENT_TEXT: usize = SERVER_ROOT + 0x2b20;

/** New elements up to this size together come out of the memory that is always kept free. */
const SMALL_BYTES: f64 = 512;
const SMALL_COUNT: i32 = 16;
/** What a chunk and the growth of a packed list may take besides the elements. */
export const CHUNK_ROOM_BYTES: f64 = 196608;

// @ts-ignore: decorator
@inline
export function listCursor(): ListCursor {
  return changetype<ListCursor>(SERVER_ROOT + 0x2b00);
}

/** Bytes of the arguments from `first` on. */
export function elementBytes(call: Call, first: i32): f64 {
  let bytes: f64 = 0;
  for (let index = first; index < call.argumentCount; index++) bytes += <f64>call.bytesOf(index);
  return bytes;
}

/** Memory for the arguments from `first` on as elements; false: the error is answered. */
export function reserveElements(call: Call, first: i32, bytes: f64): bool {
  if (bytes <= SMALL_BYTES && call.argumentCount - first <= SMALL_COUNT) return true;
  let needed: f64 = CHUNK_ROOM_BYTES + <f64>call.bytesOf(1) * 2;
  for (let index = first; index < call.argumentCount; index++) {
    needed += chunkedGrowthBytes(settings().listChunk, call.bytesOf(index));
  }
  return reserveOrReply(needed);
}

/** Memory for one element that is copied to scratch memory in between. */
export function reserveMoved(bytes: u32): bool {
  if (<f64>bytes <= SMALL_BYTES) return true;
  return reserveOrReply(
    CHUNK_ROOM_BYTES + chunkedGrowthBytes(settings().listChunk, bytes) + <f64>bytes,
  );
}

/** Adds the key that the last lookup did not find as an empty list. */
export function addList(database: Database, key: usize, keyBytes: u32, bytes: f64): KeyEntry {
  const list = createPackedList(<u32>min<f64>(bytes + 10, 512));
  const entry = addKey(database, key, keyBytes, Type.LIST, Encoding.LISTPACK, 4);
  entry.reference = list;
  return entry;
}

/** Adds one element to a list, which changes its encoding before when it must. */
export function pushGrowing(entry: KeyEntry, atHead: bool, address: usize, bytes: u32): void {
  growList(entry, bytes, 1, settings().listChunk);
  pushElement(entry, atHead, address, bytes);
}

/**
 * After elements went: removes the key of the last lookup when none is left (true), or packs the
 * list.
 */
export function settleList(database: Database, entry: KeyEntry): bool {
  const isEmpty = !listCount(entry);
  if (isEmpty) removeFound(database);
  else shrinkList(entry, settings().listChunk);
  return isEmpty;
}

/** Elements of the list in argument `index` were taken from an end; with the last one the key. */
export function notifyPopped(call: Call, index: i32, atTail: bool, isEmpty: bool): void {
  notifyArgument(call, EventClass.LIST, atTail ? "rpop" : "lpop", index);
  if (isEmpty) notifyDeleted(call, index);
}

/** As `settleList` for a key that other lookups came after. */
export function settleListNamed(
  database: Database, entry: KeyEntry, key: usize, keyBytes: u32,
): bool {
  if (!listCount(entry)) lookupQuiet(database, key, keyBytes);
  return settleList(database, entry);
}

/** Whether a found key is a list; false: the error is answered. */
// @ts-ignore: decorator
@inline
export function isListOrReply(entry: KeyEntry): bool {
  if (entry.type == Type.LIST) return true;
  replyError(WRONG_TYPE);
  return false;
}

/** Argument `index` as a number of at least `least`, in `call.integer`; else answers `error`. */
export function numberOrReply(call: Call, index: i32, least: i64, error: string): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(call.at(index), call.bytesOf(index), out) && call.integer >= least) return true;
  replyError(error);
  return false;
}

/** Argument `index` as an integer that has a negative; false: the error is answered. */
export function signedOrReply(call: Call, index: i32): bool {
  if (!integerOrReply(call, index)) return false;
  if (call.integer != i64.MIN_VALUE) return true;
  replyOutsideRange(-i64.MAX_VALUE, i64.MAX_VALUE);
  return false;
}

/** LEFT or RIGHT in argument `index`: 0 or 1, -1 for anything else. */
export function sideOf(call: Call, index: i32): i32 {
  return call.is(index, "LEFT") ? 0 : call.is(index, "RIGHT") ? 1 : -1;
}

/** Answers an entry of a packed list. */
// @ts-ignore: decorator
@inline
export function replyPacked(entry: usize): void {
  if (packedIsInteger(entry)) replyBulkInteger(packedInteger(entry));
  else replyBulk(packedText(entry, 0), packedTextBytes(entry));
}

/** Answers the element under a cursor. */
export function replyElement(cursor: ListCursor): void {
  if (cursor.list) replyPacked(cursor.entry);
  else replyBulk(cursor.entry, cursorBytes(cursor));
}

/** Answers `count` elements from `index` on as an array; there are as many. */
export function replyElements(entry: KeyEntry, index: u32, count: u32): void {
  replyArray(count);
  if (!count) return;
  const cursor = listCursor();
  seekList(entry, index, cursor);
  let left = count;
  while (left) {
    const list = cursor.list;
    if (list) {
      for (let at = cursor.entry; at && left; left--) {
        replyPacked(at);
        at = packedNext(list, at);
      }
    } else {
      replyElement(cursor);
      left -= 1;
    }
    if (left) enterNextChunk(cursor);
  }
}

/** Answers the last `count` elements as an array, the last one first; there are as many. */
export function replyLastElements(entry: KeyEntry, count: u32): void {
  replyArray(count);
  if (!count) return;
  const cursor = listCursor();
  seekList(entry, listCount(entry) - 1, cursor);
  for (let left = count; left; left--) {
    replyElement(cursor);
    moveCursor(cursor, true);
  }
}

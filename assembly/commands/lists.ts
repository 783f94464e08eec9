/** List commands: both ends, ranges and single elements. The others are in list-*.ts. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { NOT_POSITIVE, NO_SUCH_KEY, OUT_OF_RANGE, replyWrongArity } from "../protocol/errors";
import {
  replyEmptyArray, replyError, replyInteger, replyNull, replyNullArray, replyOk,
} from "../protocol/reply";
import { Call, integerOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { KeyEntry } from "../values/key-entry";
import {
  enterList, growList, listCount, pushElement, removeElements, removeEnd, replaceElement, seekList,
  shrinkList,
} from "../values/list";
import { registerListMoves } from "./list-moves";
import { registerListSearch } from "./list-search";
import {
  addList, elementBytes, isListOrReply, listCursor, numberOrReply, replyElement, replyElements,
  notifyPopped, replyLastElements, reserveElements, settleList,
} from "./list-values";

// ---- Ends --------------------------------------------------------------------------------------

function push(call: Call, atHead: bool, mayAdd: bool): void {
  let entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && !isListOrReply(entry)) return;
  if (!entry && !mayAdd) return replyInteger(0);
  const bytes = elementBytes(call, 2);
  if (!reserveElements(call, 2, bytes)) return;
  if (!entry) entry = addList(call.database, call.at(1), call.bytesOf(1), bytes);
  growList(entry, bytes, call.argumentCount - 2, settings().listChunk);
  for (let index = 2; index < call.argumentCount; index++) {
    pushElement(entry, atHead, call.at(index), call.bytesOf(index));
  }
  replyInteger(listCount(entry));
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.LIST, atHead ? "lpush" : "rpush", 1);
}

function lpush(call: Call): void {
  push(call, true, true);
}

function rpush(call: Call): void {
  push(call, false, true);
}

function lpushx(call: Call): void {
  push(call, true, false);
}

function rpushx(call: Call): void {
  push(call, false, false);
}

function pop(call: Call, atTail: bool): void {
  if (call.argumentCount > 2) return popSeveral(call, atTail);
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (!isListOrReply(entry)) return;
  const cursor = listCursor();
  enterList(entry, atTail, cursor);
  replyElement(cursor);
  removeEnd(entry, atTail);
  const isEmpty = settleList(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyPopped(call, 1, atTail, isEmpty);
}

function popSeveral(call: Call, atTail: bool): void {
  if (call.argumentCount > 3) return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  if (!numberOrReply(call, 2, 0, NOT_POSITIVE)) return;
  const wanted = call.integer;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNullArray();
  if (!isListOrReply(entry)) return;
  if (!wanted) return replyEmptyArray();
  const count = <u32>min<i64>(wanted, listCount(entry));
  const isEmpty = popElements(call, entry, count, atTail);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyPopped(call, 1, atTail, isEmpty);
}

/** Answers and removes `count` elements of the key of the last lookup; true when it is gone. */
export function popElements(call: Call, entry: KeyEntry, count: u32, atTail: bool): bool {
  if (atTail) replyLastElements(entry, count);
  else replyElements(entry, 0, count);
  removeElements(entry, atTail ? listCount(entry) - count : 0, count);
  return settleList(call.database, entry);
}

function lpop(call: Call): void {
  pop(call, false);
}

function rpop(call: Call): void {
  pop(call, true);
}

function llen(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (!isListOrReply(entry)) return;
  replyInteger(listCount(entry));
}

// ---- Ranges ------------------------------------------------------------------------------------

/** Start of a range in arguments 2 and 3 of a list of `count`: 0 .. count. */
// @ts-ignore: decorator
@inline
function rangeStart(start: i64, count: i64): i64 {
  return min<i64>(max<i64>(start < 0 ? start + count : start, 0), count);
}

/** Elements of a range from `start` to `stop`, which may be from the end. */
// @ts-ignore: decorator
@inline
function rangeCount(start: i64, stop: i64, count: i64): i64 {
  const last = min<i64>(stop < 0 ? stop + count : stop, count - 1);
  return max<i64>(last - start + 1, 0);
}

function lrange(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  const first = call.integer;
  if (!integerOrReply(call, 3)) return;
  const stop = call.integer;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyArray();
  if (!isListOrReply(entry)) return;
  const count: i64 = listCount(entry);
  const start = rangeStart(first, count);
  replyElements(entry, <u32>start, <u32>rangeCount(start, stop, count));
}

function ltrim(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  const first = call.integer;
  if (!integerOrReply(call, 3)) return;
  const stop = call.integer;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyOk();
  if (!isListOrReply(entry)) return;
  const count: i64 = listCount(entry);
  const start = rangeStart(first, count);
  const kept = rangeCount(start, stop, count);
  replyOk();
  if (kept == count) return notifyArgument(call, EventClass.LIST, "ltrim", 1);
  const end = kept ? start + kept : 0;
  removeElements(entry, <u32>end, <u32>(count - end));
  if (kept) removeElements(entry, 0, <u32>start);
  const isEmpty = settleList(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.LIST, "ltrim", 1);
  if (isEmpty) notifyDeleted(call, 1);
}

// ---- Elements by index -------------------------------------------------------------------------

/** `call.integer` as an index of a list of `count`; -1 when there is none. */
function indexWithin(call: Call, count: i64): i64 {
  const index = call.integer < 0 ? call.integer + count : call.integer;
  return <u64>index < <u64>count ? index : -1;
}

function lindex(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (!isListOrReply(entry) || !integerOrReply(call, 2)) return;
  const index = indexWithin(call, listCount(entry));
  if (index < 0) return replyNull();
  const cursor = listCursor();
  seekList(entry, <u32>index, cursor);
  replyElement(cursor);
}

function lset(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyError(NO_SUCH_KEY);
  if (!isListOrReply(entry) || !integerOrReply(call, 2)) return;
  const index = indexWithin(call, listCount(entry));
  if (index < 0) return replyError(OUT_OF_RANGE);
  const bytes = call.bytesOf(3);
  if (!reserveElements(call, 3, bytes)) return;
  const fill = settings().listChunk;
  growList(entry, bytes, 1, fill);
  replaceElement(entry, <u32>index, listCursor(), call.at(3), bytes);
  shrinkList(entry, fill);
  replyOk();
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.LIST, "lset", 1);
}

function registerEnds(): void {
  command(lpush.index, "lpush", "list", "1.0.0", -3,
    "write denyoom fast", "list", "index 1 range 0 1 0 : rw insert", "key:key element:string*",
    "", "O(1) for each element", "Adds elements at the head of a list, or makes it.");
  command(rpush.index, "rpush", "list", "1.0.0", -3,
    "write denyoom fast", "list", "index 1 range 0 1 0 : rw insert", "key:key element:string*",
    "", "O(1) for each element", "Adds elements at the tail of a list, or makes it.");
  command(lpushx.index, "lpushx", "list", "2.2.0", -3,
    "write denyoom fast", "list", "index 1 range 0 1 0 : rw insert", "key:key element:string*",
    "", "O(1) for each element", "Adds elements at the head of a list that exists.");
  command(rpushx.index, "rpushx", "list", "2.2.0", -3,
    "write denyoom fast", "list", "index 1 range 0 1 0 : rw insert", "key:key element:string*",
    "", "O(1) for each element", "Adds elements at the tail of a list that exists.");
  command(lpop.index, "lpop", "list", "1.0.0", -2,
    "write fast", "list", "index 1 range 0 1 0 : rw access delete",
    "key:key count:integer?^6.2.0",
    "", "O(N) in the number of elements taken", "Takes elements from the head of a list.");
  command(rpop.index, "rpop", "list", "1.0.0", -2,
    "write fast", "list", "index 1 range 0 1 0 : rw access delete",
    "key:key count:integer?^6.2.0",
    "", "O(N) in the number of elements taken", "Takes elements from the tail of a list.");
}

export function registerLists(): void {
  registerEnds();
  command(llen.index, "llen", "list", "1.0.0", 2,
    "readonly fast", "list", "index 1 range 0 1 0 : ro", "key:key",
    "", "O(1)", "Tells how many elements a list has.");
  command(lrange.index, "lrange", "list", "1.0.0", 4,
    "readonly", "list", "index 1 range 0 1 0 : ro access", "key:key start:integer stop:integer",
    "", "O(N) in the number of elements read, after skipping chunks from the nearer end",
    "Reads a part of a list.");
  command(ltrim.index, "ltrim", "list", "1.0.0", 4,
    "write", "list", "index 1 range 0 1 0 : rw delete", "key:key start:integer stop:integer",
    "", "O(N) in the number of elements removed", "Removes all of a list but a part.");
  command(lindex.index, "lindex", "list", "1.0.0", 3,
    "readonly", "list", "index 1 range 0 1 0 : ro access", "key:key index:integer",
    "", "O(1) at the ends, else O(N) in the chunks to the nearer one",
    "Reads the element at an index.");
  command(lset.index, "lset", "list", "1.0.0", 4,
    "write denyoom", "list", "index 1 range 0 1 0 : rw update",
    "key:key index:integer element:string",
    "", "O(1) at the ends, else O(N) in the chunks to the nearer one",
    "Replaces the element at an index.");
  registerListSearch();
  registerListMoves();
}

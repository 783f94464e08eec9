/**
 * LMOVEM and BLMOVEM: several elements from an end of one list to an end of another.
 *
 * All of them are taken before the first is added, also when both lists are the same. OBO leaves
 * them as if they had been added one by one in the order in which they were taken, BULK in the
 * order in which they stood.
 *
 * While the move runs the elements are copied to scratch memory, behind a table in the order of
 * the target: { u32 address, u32 bytes } for each.
 */

import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral, effectStart } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { copyBytes } from "../memory/copy";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { COUNT_NOT_POSITIVE, SYNTAX } from "../protocol/errors";
import { replyArray, replyBulk, replyError, replyNullArray } from "../protocol/reply";
import { Call, renderAsBlock, renderNothing, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { deadlineOrReply, mayWait, waitForKeys } from "../server/waiting";
import { chunkedGrowthBytes, cursorBytes, cursorText } from "../structures/chunked-list";
import { KeyEntry, Type } from "../values/key-entry";
import {
  enterList, growList, listCount, moveCursor, pushElement, removeElements,
} from "../values/list";
import { isSameKey } from "./list-moves";
import {
  CHUNK_ROOM_BYTES, ELEMENT_TEXT, addList, isListOrReply, listCursor, notifyPopped,
  numberOrReply, settleListNamed, sideOf,
} from "./list-values";

/** A chunk of scratch memory, and what each element may take there besides its bytes. */
const SCRATCH_BYTES: f64 = 131072;
const SCRATCH_ELEMENT_BYTES: f64 = 16;

function lmovem(call: Call): void {
  move(call, 5);
}

function blmovem(call: Call): void {
  move(call, 6);
}

/** The options begin at argument `at`; the one before is the timeout of the command that waits. */
function move(call: Call, at: i32): void {
  const from = sideOf(call, 3);
  const to = sideOf(call, 4);
  const given = call.argumentCount - at;
  if (from < 0 || to < 0 || (given != 0 && given != 3)) return replyError(SYNTAX);
  const isExact = given != 0 && call.is(at, "EXACTLY");
  const isBulk = given != 0 && call.is(at + 2, "BULK");
  call.integer = 1;
  if (given) {
    if (!isExact && !call.is(at, "COUNT")) return replyError(SYNTAX);
    if (!isBulk && !call.is(at + 2, "OBO")) return replyError(SYNTAX);
    if (!numberOrReply(call, at + 1, 1, COUNT_NOT_POSITIVE)) return;
  }
  const wanted = call.integer;
  if (at > 5 && !deadlineOrReply(call, 5)) return;
  const source = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (source && !isListOrReply(source)) return;
  if (!source || (isExact && <i64>listCount(source) < wanted)) {
    if (at == 5 || !mayWait(call)) return replyNullArray();
    return waitForKeys(call, Type.LIST, 1, 1, call.integer, isExact && wanted > 1);
  }
  const count = <u32>min<i64>(wanted, listCount(source));
  moveSeveral(call, source, from == 1, to == 0, count, isBulk);
}

function moveSeveral(
  call: Call, source: KeyEntry, fromTail: bool, toHead: bool, count: u32, isBulk: bool,
): void {
  const target = isSameKey(call)
    ? source
    : lookupWrite(call.database, call.at(2), call.bytesOf(2));
  if (target && !isListOrReply(target)) return;
  const bytes = movedBytesOrReply(call, source, fromTail, count);
  if (bytes < 0) return;
  const mark = scratchMark();
  const table = copyElements(source, fromTail, count, isBulk ? fromTail : toHead);
  replyArray(count);
  for (let index: u32 = 0; index < count; index++) {
    replyBulk(load<u32>(table + (index << 3)), load<u32>(table + (index << 3), 4));
  }
  removeElements(source, fromTail ? listCount(source) - count : 0, count);
  pushSeveral(call, target, toHead, table, count, bytes);
  const isEmpty = target != source
    && settleListNamed(call.database, source, call.at(1), call.bytesOf(1));
  touchKey(call, call.at(2), call.bytesOf(2));
  notifyArgument(call, EventClass.LIST, toHead ? "lpush" : "rpush", 2);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyPopped(call, 1, fromTail, isEmpty);
  renderSeveral(call, fromTail, toHead, table, count);
  scratchRelease(mark);
}

/** Bytes of the elements, for which memory is reserved; -1: the error is answered. */
function movedBytesOrReply(call: Call, source: KeyEntry, fromTail: bool, count: u32): f64 {
  const fill = settings().listChunk;
  const cursor = listCursor();
  let bytes: f64 = 0;
  let needed: f64 = CHUNK_ROOM_BYTES + SCRATCH_BYTES + <f64>call.bytesOf(2) * 2;
  enterList(source, fromTail, cursor);
  for (let left = count; left; left--) {
    const elementBytes = cursorBytes(cursor);
    bytes += <f64>elementBytes;
    needed += chunkedGrowthBytes(fill, elementBytes) + <f64>elementBytes + SCRATCH_ELEMENT_BYTES;
    moveCursor(cursor, fromTail);
  }
  return reserveOrReply(needed) ? bytes : -1;
}

/** The table of copies of `count` elements from an end on, turned round when `isReversed`. */
function copyElements(source: KeyEntry, fromTail: bool, count: u32, isReversed: bool): usize {
  const table = scratchTake(count << 3);
  const cursor = listCursor();
  enterList(source, fromTail, cursor);
  for (let index: u32 = 0; index < count; index++) {
    const bytes = cursorBytes(cursor);
    const text = scratchTake(bytes);
    copyBytes(text, cursorText(cursor, ELEMENT_TEXT), bytes);
    const place = table + ((isReversed ? count - 1 - index : index) << 3);
    store<u32>(place, <u32>text);
    store<u32>(place, bytes, 4);
    moveCursor(cursor, fromTail);
  }
  return table;
}

/** Adds the elements to the list in argument 2, for which the last lookup was. */
function pushSeveral(
  call: Call, target: KeyEntry | null, toHead: bool, table: usize, count: u32, bytes: f64,
): void {
  const entry = target ? target : addList(call.database, call.at(2), call.bytesOf(2), bytes);
  growList(entry, bytes, count, settings().listChunk);
  for (let index: u32 = 0; index < count; index++) {
    const place = table + ((toHead ? count - 1 - index : index) << 3);
    pushElement(entry, toHead, load<u32>(place), load<u32>(place, 4));
  }
}

/** The move as what every version knows: a pop with a count, then a push. */
function renderSeveral(
  call: Call, fromTail: bool, toHead: bool, table: usize, count: u32,
): void {
  renderNothing(call);
  renderAsBlock(call);
  if (!effectStart(call.database.number, 3)) return;
  effectLiteral(fromTail ? "RPOP" : "LPOP");
  effectBytes(call.at(1), call.bytesOf(1));
  effectInteger(count);
  if (!effectStart(call.database.number, count + 2)) return;
  effectLiteral(toHead ? "LPUSH" : "RPUSH");
  effectBytes(call.at(2), call.bytesOf(2));
  for (let index: u32 = 0; index < count; index++) {
    const place = table + ((toHead ? count - 1 - index : index) << 3);
    effectBytes(load<u32>(place), load<u32>(place, 4));
  }
}

export function registerListMoveSeveral(): void {
  command(lmovem.index, "lmovem", "list", "8.10.0", -5,
    "write denyoom", "list",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1 wherefrom:oneof(left:pure-token=LEFT right:pure-token=RIGHT) \
whereto:oneof(left:pure-token=LEFT right:pure-token=RIGHT) how-many:block?(selector:oneof(\
count:integer=COUNT exactly:integer=EXACTLY) ordering:oneof(obo:pure-token=OBO \
bulk:pure-token=BULK))",
    "", "O(N) in the number of elements moved",
    "Takes several elements from an end of one list and adds them at an end of another.");
  command(blmovem.index, "blmovem", "list", "8.10.0", -6,
    "write denyoom blocking", "list",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1 wherefrom:oneof(left:pure-token=LEFT right:pure-token=RIGHT) \
whereto:oneof(left:pure-token=LEFT right:pure-token=RIGHT) timeout:double how-many:block?(\
selector:oneof(count:integer=COUNT exactly:integer=EXACTLY) ordering:oneof(obo:pure-token=OBO \
bulk:pure-token=BULK))",
    "", "O(N) in the number of elements moved",
    "LMOVEM that waits until the elements are there.");
}

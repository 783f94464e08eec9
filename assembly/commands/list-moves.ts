/** List commands over several lists: LMOVE, RPOPLPUSH, LMPOP. */

import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { COUNT_NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, SYNTAX } from "../protocol/errors";
import {
  replyArray, replyBulk, replyError, replyNull, replyNullArray,
} from "../protocol/reply";
import { Call, renderInstead, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command, deprecated } from "../server/table";
import { deadlineOrReply } from "../server/waiting";
import { cursorBytes, cursorText } from "../structures/chunked-list";
import { KeyEntry } from "../values/key-entry";
import { enterList, listCount, removeEnd } from "../values/list";
import {
  ELEMENT_TEXT, addList, isListOrReply, listCursor, numberOrReply, pushGrowing, replyElement,
  notifyPopped, reserveMoved, settleListNamed, sideOf,
} from "./list-values";
import { registerListMoveSeveral } from "./list-move-several";
import { popElements } from "./lists";

function lmove(call: Call): void {
  const from = sideOf(call, 3);
  const to = sideOf(call, 4);
  if (from < 0 || to < 0) return replyError(SYNTAX);
  move(call, from == 1, to == 0);
}

function rpoplpush(call: Call): void {
  move(call, true, true);
}

/** Whether arguments 1 and 2 are the same key. */
export function isSameKey(call: Call): bool {
  return call.bytesOf(1) == call.bytesOf(2) && equalBytes(call.at(1), call.at(2), call.bytesOf(1));
}

/** Moves one element from the list in argument 1 to that in argument 2. */
export function move(call: Call, fromTail: bool, toHead: bool): void {
  const source = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!source) return replyNull();
  if (!isListOrReply(source)) return;
  const target = isSameKey(call)
    ? source
    : lookupWrite(call.database, call.at(2), call.bytesOf(2));
  if (target && !isListOrReply(target)) return;
  const cursor = listCursor();
  enterList(source, fromTail, cursor);
  const bytes = cursorBytes(cursor);
  if (!reserveMoved(bytes)) return;
  replyElement(cursor);
  const mark = scratchMark();
  const text = scratchTake(bytes);
  copyBytes(text, cursorText(cursor, ELEMENT_TEXT), bytes);
  removeEnd(source, fromTail);
  pushMoved(call, target, toHead, text, bytes);
  scratchRelease(mark);
  const isEmpty = target != source
    && settleListNamed(call.database, source, call.at(1), call.bytesOf(1));
  touchKey(call, call.at(2), call.bytesOf(2));
  notifyArgument(call, EventClass.LIST, toHead ? "lpush" : "rpush", 2);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyPopped(call, 1, fromTail, isEmpty);
}

/** Adds an element to the list in argument 2, for which the last lookup was. */
function pushMoved(
  call: Call, target: KeyEntry | null, toHead: bool, text: usize, bytes: u32,
): void {
  const entry = target ? target : addList(call.database, call.at(2), call.bytesOf(2), bytes);
  pushGrowing(entry, toHead, text, bytes);
}

function lmpop(call: Call): void {
  if (popSome(call, 1) > 0) replyNullArray();
}

/**
 * Answers and takes elements of the first list there is among the keys from argument `at` on, their
 * number; when there is none that number is returned, else 0: it is answered.
 */
export function popSome(call: Call, at: i32): i32 {
  if (!numberOrReply(call, at, 1, NUMKEYS_NOT_POSITIVE)) return 0;
  const keys = call.integer;
  if (keys >= call.argumentCount - at - 1) return replySyntax();
  const first = at + 1;
  const where = first + <i32>keys;
  const side = sideOf(call, where);
  if (side < 0) return replySyntax();
  const options = call.argumentCount - where - 1;
  if (options && (options < 2 || !call.is(where + 1, "COUNT"))) return replySyntax();
  call.integer = 1;
  if (options && !numberOrReply(call, where + 2, 1, COUNT_NOT_POSITIVE)) return 0;
  if (options > 2) return replySyntax();
  const most = call.integer;
  if (at > 1 && !deadlineOrReply(call, 1)) return 0;
  for (let index = first; index < where; index++) {
    const entry = lookupWrite(call.database, call.at(index), call.bytesOf(index));
    if (!entry) continue;
    if (!isListOrReply(entry)) return 0;
    popFrom(call, index, entry, <u32>min<i64>(most, listCount(entry)), side == 1);
    return 0;
  }
  return <i32>keys;
}

function replySyntax(): i32 {
  replyError(SYNTAX);
  return 0;
}

/** Answers and takes `count` elements of the key in argument `index`. */
function popFrom(call: Call, index: i32, entry: KeyEntry, count: u32, atTail: bool): void {
  replyArray(2);
  replyBulk(call.at(index), call.bytesOf(index));
  const isEmpty = popElements(call, entry, count, atTail);
  touchKey(call, call.at(index), call.bytesOf(index));
  notifyPopped(call, index, atTail, isEmpty);
  if (!renderInstead(call, 3)) return;
  effectLiteral(atTail ? "RPOP" : "LPOP");
  effectBytes(call.at(index), call.bytesOf(index));
  effectInteger(count);
}

export function registerListMoves(): void {
  command(lmove.index, "lmove", "list", "6.2.0", 5,
    "write denyoom", "list",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1 wherefrom:oneof(left:pure-token=LEFT right:pure-token=RIGHT) \
whereto:oneof(left:pure-token=LEFT right:pure-token=RIGHT)",
    "", "O(1)", "Takes an element from an end of one list and adds it at an end of another.");
  command(rpoplpush.index, "rpoplpush", "list", "1.2.0", 3,
    "write denyoom", "list",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1",
    "", "O(1)", "Takes the last element of a list and adds it at the head of another.");
  deprecated("rpoplpush", "6.2.0", "`LMOVE` with the `RIGHT` and `LEFT` arguments");
  command(lmpop.index, "lmpop", "list", "7.0.0", -4,
    "write movablekeys", "list", "index 1 keynum 0 1 1 : rw access delete",
    "numkeys:integer key:key* where:oneof(left:pure-token=LEFT right:pure-token=RIGHT) \
count:integer=COUNT?",
    "", "O(N) in the number of keys and of elements taken",
    "Takes elements from the first of several lists that has some.");
  registerListMoveSeveral();
}

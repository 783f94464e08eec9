/**
 * List commands that wait: BLPOP, BRPOP, BLMOVE, BRPOPLPUSH, BLMPOP. (BLMOVEM is beside LMOVEM.)
 *
 * Each does what its twin without waiting does, which is also its effect. When there is nothing to
 * take the session waits, and once a key is there the command runs again from its beginning.
 */

import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectLiteral } from "../keyspace/effects";
import { SYNTAX } from "../protocol/errors";
import {
  replyArray, replyBulk, replyError, replyNull, replyNullArray,
} from "../protocol/reply";
import { Call, renderInstead, touchKey } from "../server/call";
import { command, deprecated } from "../server/table";
import { deadlineOrReply, mayWait, waitForKeys } from "../server/waiting";
import { KeyEntry, Type } from "../values/key-entry";
import { enterList, removeEnd } from "../values/list";
import {
  isListOrReply, listCursor, notifyPopped, replyElement, settleList, sideOf,
} from "./list-values";
import { move, popSome } from "./list-moves";

function popWaiting(call: Call, atTail: bool): void {
  const last = call.argumentCount - 1;
  if (!deadlineOrReply(call, last)) return;
  for (let index = 1; index < last; index++) {
    const entry = lookupWrite(call.database, call.at(index), call.bytesOf(index));
    if (!entry) continue;
    if (isListOrReply(entry)) popOne(call, index, entry, atTail);
    return;
  }
  if (!mayWait(call)) return replyNullArray();
  waitForKeys(call, Type.LIST, 1, last - 1, call.integer, false);
}

/** Answers the key in argument `index` and an element of it, which it takes. */
function popOne(call: Call, index: i32, entry: KeyEntry, atTail: bool): void {
  replyArray(2);
  replyBulk(call.at(index), call.bytesOf(index));
  const cursor = listCursor();
  enterList(entry, atTail, cursor);
  replyElement(cursor);
  removeEnd(entry, atTail);
  const isEmpty = settleList(call.database, entry);
  touchKey(call, call.at(index), call.bytesOf(index));
  notifyPopped(call, index, atTail, isEmpty);
  if (!renderInstead(call, 2)) return;
  effectLiteral(atTail ? "RPOP" : "LPOP");
  effectBytes(call.at(index), call.bytesOf(index));
}

function blpop(call: Call): void {
  popWaiting(call, false);
}

function brpop(call: Call): void {
  popWaiting(call, true);
}

function blmove(call: Call): void {
  const from = sideOf(call, 3);
  const to = sideOf(call, 4);
  if (from < 0 || to < 0) return replyError(SYNTAX);
  if (!deadlineOrReply(call, 5) || !isSourceReady(call)) return;
  move(call, from == 1, to == 0);
  if (!call.dirty || !renderInstead(call, 5)) return;
  effectLiteral("LMOVE");
  for (let index = 1; index < 5; index++) effectBytes(call.at(index), call.bytesOf(index));
}

function brpoplpush(call: Call): void {
  if (!deadlineOrReply(call, 3) || !isSourceReady(call)) return;
  move(call, true, true);
  if (!call.dirty || !renderInstead(call, 3)) return;
  effectLiteral("RPOPLPUSH");
  for (let index = 1; index < 3; index++) effectBytes(call.at(index), call.bytesOf(index));
}

/** Whether the key in argument 1 exists; else the session waits for it, or null is answered. */
function isSourceReady(call: Call): bool {
  if (lookupWrite(call.database, call.at(1), call.bytesOf(1))) return true;
  if (mayWait(call)) waitForKeys(call, Type.LIST, 1, 1, call.integer, false);
  else replyNull();
  return false;
}

function blmpop(call: Call): void {
  const keys = popSome(call, 2);
  if (!keys) return;
  if (!mayWait(call)) return replyNullArray();
  waitForKeys(call, Type.LIST, 3, keys, call.integer, false);
}

export function registerListWaiting(): void {
  command(blpop.index, "blpop", "list", "2.0.0", -3,
    "write blocking", "list", "index 1 range -2 1 0 : rw access delete",
    "key:key* timeout:double",
    "", "O(N) in the number of keys",
    "Takes an element from the head of the first list there is, or waits for one.");
  command(brpop.index, "brpop", "list", "2.0.0", -3,
    "write blocking", "list", "index 1 range -2 1 0 : rw access delete",
    "key:key* timeout:double",
    "", "O(N) in the number of keys",
    "Takes an element from the tail of the first list there is, or waits for one.");
  command(blmove.index, "blmove", "list", "6.2.0", 6,
    "write denyoom blocking", "list",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1 wherefrom:oneof(left:pure-token=LEFT right:pure-token=RIGHT) \
whereto:oneof(left:pure-token=LEFT right:pure-token=RIGHT) timeout:double",
    "", "O(1)", "LMOVE that waits for the list it takes from.");
  command(brpoplpush.index, "brpoplpush", "list", "2.2.0", 4,
    "write denyoom blocking", "list",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1 timeout:double",
    "", "O(1)", "RPOPLPUSH that waits for the list it takes from.");
  deprecated("brpoplpush", "6.2.0", "`BLMOVE` with the `RIGHT` and `LEFT` arguments");
  command(blmpop.index, "blmpop", "list", "7.0.0", -5,
    "write blocking movablekeys", "list", "index 2 keynum 0 1 1 : rw access delete",
    "timeout:double numkeys:integer key:key* where:oneof(left:pure-token=LEFT \
right:pure-token=RIGHT) count:integer=COUNT?",
    "", "O(N) in the number of keys and of elements taken",
    "LMPOP that waits until one of the lists is there.");
}

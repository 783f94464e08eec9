/**
 * List commands that look for an element: LPOS, LREM, LINSERT. The element is measured once; most
 * entries are then told apart by their first byte.
 *
 *   SERVER root + 0x2b40: options of LPOS
 */

import { SERVER_ROOT } from "../abi";
import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { COUNT_NEGATIVE, MAXLEN_NEGATIVE, RANK_ZERO, SYNTAX } from "../protocol/errors";
import {
  replyArray, replyEmptyArray, replyError, replyInteger, replyNull,
} from "../protocol/reply";
import { Call, integerOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { cursorEquals } from "../structures/chunked-list";
import { packedPrepare } from "../structures/packed-list";
import { KeyEntry } from "../values/key-entry";
import {
  enterList, growList, insertElement, listCount, moveCursor, removeElement,
} from "../values/list";
import {
  isListOrReply, listCursor, numberOrReply, reserveElements, settleList, signedOrReply,
} from "./list-values";

@unmanaged
class PositionOptions {
  /** RANK: the first match that counts, from the tail when negative. */
  rank: i64;
  /** COUNT: most matches, 0 = all; -1 when it is not given. */
  count: i64;
  /** MAXLEN: most elements to compare, 0 = all. */
  compared: i64;
}

// @ts-ignore: decorator
@inline
function positionOptions(): PositionOptions {
  return changetype<PositionOptions>(SERVER_ROOT + 0x2b40);
}

function positionOptionsOrReply(call: Call): bool {
  const options = positionOptions();
  options.rank = 1;
  options.count = -1;
  options.compared = 0;
  for (let index = 3; index < call.argumentCount; index += 2) {
    const hasValue = index + 1 < call.argumentCount;
    if (hasValue && call.is(index, "RANK")) {
      if (!signedOrReply(call, index + 1)) return false;
      options.rank = call.integer;
      if (!options.rank) {
        replyError(RANK_ZERO);
        return false;
      }
    } else if (hasValue && call.is(index, "COUNT")) {
      if (!numberOrReply(call, index + 1, 0, COUNT_NEGATIVE)) return false;
      options.count = call.integer;
    } else if (hasValue && call.is(index, "MAXLEN")) {
      if (!numberOrReply(call, index + 1, 0, MAXLEN_NEGATIVE)) return false;
      options.compared = call.integer;
    } else {
      replyError(SYNTAX);
      return false;
    }
  }
  return true;
}

function lpos(call: Call): void {
  if (!positionOptionsOrReply(call)) return;
  const options = positionOptions();
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) {
    if (options.count < 0) replyNull();
    else replyEmptyArray();
    return;
  }
  if (!isListOrReply(entry)) return;
  if (options.count < 0) {
    if (!positions(call, entry, 1, true)) replyNull();
    return;
  }
  // The number of matches comes before them, so they are counted first and then answered.
  const most: i64 = options.count ? options.count : i64.MAX_VALUE;
  const matches = positions(call, entry, most, false);
  replyArray(<u32>matches);
  if (matches) positions(call, entry, matches, true);
}

/** Counts the matches that the options ask for, at most `most`; answers each when `answers`. */
function positions(call: Call, entry: KeyEntry, most: i64, answers: bool): i64 {
  const options = positionOptions();
  const isBackward = options.rank < 0;
  const element = call.at(2);
  const bytes = call.bytesOf(2);
  const head = packedPrepare(element, bytes);
  const count: i64 = listCount(entry);
  const compared = options.compared ? min(options.compared, count) : count;
  let passed = (isBackward ? -options.rank : options.rank) - 1;
  let matches: i64 = 0;
  const cursor = listCursor();
  enterList(entry, isBackward, cursor);
  for (let index: i64 = 0; index < compared; index++) {
    if (cursorEquals(cursor, head, element, bytes)) {
      if (passed > 0) {
        passed -= 1;
      } else {
        if (answers) replyInteger(isBackward ? count - 1 - index : index);
        matches += 1;
        if (matches == most) return matches;
      }
    }
    moveCursor(cursor, isBackward);
  }
  return matches;
}

function lrem(call: Call): void {
  if (!signedOrReply(call, 2)) return;
  const wanted = call.integer;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (!isListOrReply(entry)) return;
  const isBackward = wanted < 0;
  const most: i64 = wanted ? (isBackward ? -wanted : wanted) : i64.MAX_VALUE;
  const removed = removeMatches(call, entry, isBackward, most);
  replyInteger(removed);
  if (!removed) return;
  const isEmpty = settleList(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.LIST, "lrem", 1);
  if (isEmpty) notifyDeleted(call, 1);
}

function removeMatches(call: Call, entry: KeyEntry, isBackward: bool, most: i64): i64 {
  const element = call.at(3);
  const bytes = call.bytesOf(3);
  const head = packedPrepare(element, bytes);
  const cursor = listCursor();
  let removed: i64 = 0;
  enterList(entry, isBackward, cursor);
  while (cursor.entry && removed < most) {
    if (cursorEquals(cursor, head, element, bytes)) {
      removeElement(entry, cursor, isBackward);
      removed += 1;
    } else {
      moveCursor(cursor, isBackward);
    }
  }
  return removed;
}

function linsert(call: Call): void {
  const isAfter = call.is(2, "AFTER");
  if (!isAfter && !call.is(2, "BEFORE")) return replyError(SYNTAX);
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (!isListOrReply(entry)) return;
  const bytes = call.bytesOf(4);
  if (!reserveElements(call, 4, bytes)) return;
  if (!enterMatch(call, entry, 3)) return replyInteger(-1);
  growList(entry, bytes, 1, settings().listChunk);
  // The list may have changed its encoding.
  enterMatch(call, entry, 3);
  insertElement(entry, listCursor(), isAfter, call.at(4), bytes);
  replyInteger(listCount(entry));
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.LIST, "linsert", 1);
}

/** Puts the cursor on the first element that is argument `index`; false when there is none. */
function enterMatch(call: Call, entry: KeyEntry, index: i32): bool {
  const element = call.at(index);
  const bytes = call.bytesOf(index);
  const head = packedPrepare(element, bytes);
  const cursor = listCursor();
  enterList(entry, false, cursor);
  while (cursor.entry) {
    if (cursorEquals(cursor, head, element, bytes)) return true;
    moveCursor(cursor, false);
  }
  return false;
}

export function registerListSearch(): void {
  command(lpos.index, "lpos", "list", "6.0.6", -3,
    "readonly", "list", "index 1 range 0 1 0 : ro access",
    "key:key element:string rank:integer=RANK? num-matches:integer=COUNT? len:integer=MAXLEN?",
    "", "O(N) in the number of elements compared", "Finds the indexes of an element.");
  command(lrem.index, "lrem", "list", "1.0.0", 4,
    "write", "list", "index 1 range 0 1 0 : rw delete", "key:key count:integer element:string",
    "", "O(N) in the number of elements compared",
    "Removes elements that equal the given one from a list.");
  command(linsert.index, "linsert", "list", "2.2.0", 5,
    "write denyoom", "list", "index 1 range 0 1 0 : rw insert",
    "key:key where:oneof(before:pure-token=BEFORE after:pure-token=AFTER) pivot:string \
element:string",
    "", "O(N) in the number of elements before the pivot",
    "Adds an element before or after another one.");
}

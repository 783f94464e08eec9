/**
 * Set commands that combine sets: intersection, union, difference, their sizes and their STOREs.
 *
 * An operation notes the members of its result in a list (values/member-list.ts), or only counts
 * them; the list is answered or built into a new set. Nothing changes before the result is known,
 * so the destination may be one of the sources.
 *
 * A union of a few sets takes from each set what the sets before do not have; one of many sets
 * keeps a table of what it has taken.
 */

import { addKey, lookupRead, lookupWrite, putKey, removeFound } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { scratchLeft, scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  NUMKEYS_NOT_POSITIVE, KEY_COUNT_TOO_LARGE, LIMIT_NEGATIVE, OUT_OF_MEMORY, SYNTAX, WRONG_TYPE,
} from "../protocol/errors";
import { replyBulk, replyError, replyInteger, replySet } from "../protocol/reply";
import { Call, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted, notifyReplacing } from "../server/notifications";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import {
  MemberList, listMember, listNext, openListCursor, openMemberList,
} from "../values/member-list";
import {
  Addition, MemberTable, addToMemberTable, openMemberTable,
} from "../values/member-table";
import {
  creationBytes, isInteger, setAdd, setCount, setLimits, temporarySet,
} from "../values/set";
import {
  SetCursor, isMemberOf, openSetCursor, restartSetCursor, setNext,
} from "../values/set-cursor";
import { takeSetLimits } from "./set-access";

const enum Operation {
  INTERSECTION,
  UNION,
  DIFFERENCE,
}

/** Up to so many sets a union asks the sets before each one. */
const UNION_BY_LOOKUP: i32 = 8;
const CHUNK_BYTES: u32 = 0x11000;

/** What an operation works on, in scratch memory. */
@unmanaged
class Combination {
  operation: Operation;
  /** Addresses of the sets' entries, 0 = missing key. */
  sets: u32;
  setCount: i32;
  /** Members counted, and how many are wanted at most (0 = all). */
  found: u32;
  limit: u32;
  /** 1: members are only counted. */
  countsOnly: u32;
  list: MemberList;
  cursor: SetCursor;

  // @ts-ignore: decorator
  @inline
  at(index: i32): KeyEntry {
    return changetype<KeyEntry>(<usize>load<u32>(this.sets + (index << 2)));
  }

  // @ts-ignore: decorator
  @inline
  isMissing(index: i32): bool {
    return !load<u32>(this.sets + (index << 2));
  }
}

/** Looks up the sets in arguments `first` to `end`; null: the error is answered. */
function openOrReply(call: Call, operation: Operation, first: i32, end: i32): Combination | null {
  const bytes: u32 = (end - first) << 2;
  if (scratchLeft() < bytes + 1024 && !reserveOrReply(<f64>bytes + CHUNK_BYTES)) return null;
  const work = changetype<Combination>(scratchTake(offsetof<Combination>()));
  work.operation = operation;
  work.sets = <u32>scratchTake(bytes);
  work.setCount = end - first;
  work.found = 0;
  work.limit = 0;
  work.countsOnly = 0;
  work.list = openMemberList();
  for (let index = first; index < end; index++) {
    const entry = lookupRead(call.database, call.at(index), call.bytesOf(index));
    if (entry && entry.type != Type.SET) {
      replyError(WRONG_TYPE);
      return null;
    }
    store<u32>(work.sets + ((index - first) << 2), <u32>changetype<usize>(entry));
  }
  return work;
}

/** Finds the members; false when memory is short, and nothing has changed. */
function combine(work: Combination): bool {
  switch (work.operation) {
    case Operation.INTERSECTION:
      return intersect(work);
    case Operation.UNION:
      return work.setCount > UNION_BY_LOOKUP ? gatherUnion(work) : unite(work);
    default:
      return work.isMissing(0) || subtract(work);
  }
}

/** Takes the member that the cursor stands on; false when memory is short. */
// @ts-ignore: decorator
@inline
function take(work: Combination): bool {
  const cursor = work.cursor;
  work.found += 1;
  return work.countsOnly != 0
    || listMember(work.list, cursor.member, cursor.text, cursor.bytes);
}

// @ts-ignore: decorator
@inline
function isEnough(work: Combination): bool {
  return work.limit != 0 && work.found == work.limit;
}

/** The index of the smallest set, -1 when a set is missing and so the intersection is empty. */
function smallest(work: Combination): i32 {
  let index = 0;
  for (let other = 0; other < work.setCount; other++) {
    if (work.isMissing(other)) return -1;
    if (setCount(work.at(other)) < setCount(work.at(index))) index = other;
  }
  return index;
}

function isInAll(work: Combination, except: KeyEntry): bool {
  for (let index = 0; index < work.setCount; index++) {
    const other = work.at(index);
    if (other != except && !isMemberOf(work.cursor, other)) return false;
  }
  return true;
}

function intersect(work: Combination): bool {
  const index = smallest(work);
  if (index < 0) return true;
  const first = work.at(index);
  work.cursor = openSetCursor(first);
  while (!isEnough(work) && setNext(work.cursor)) {
    if (isInAll(work, first) && !take(work)) return false;
  }
  return true;
}

/** Whether one of the sets `from` to `end` has the cursor's member. */
function isInOne(work: Combination, from: i32, end: i32): bool {
  for (let index = from; index < end; index++) {
    if (!work.isMissing(index) && isMemberOf(work.cursor, work.at(index))) return true;
  }
  return false;
}

function subtract(work: Combination): bool {
  work.cursor = openSetCursor(work.at(0));
  while (!isEnough(work) && setNext(work.cursor)) {
    if (!isInOne(work, 1, work.setCount) && !take(work)) return false;
  }
  return true;
}

function unite(work: Combination): bool {
  work.cursor = openSetCursor(work.at(0));
  for (let index = 0; index < work.setCount && !isEnough(work); index++) {
    if (work.isMissing(index)) continue;
    restartSetCursor(work.cursor, work.at(index));
    while (!isEnough(work) && setNext(work.cursor)) {
      if (!isInOne(work, 0, index) && !take(work)) return false;
    }
  }
  return true;
}

/** A union by way of a table of the members taken. */
function gatherUnion(work: Combination): bool {
  let most: f64 = 0;
  for (let index = 0; index < work.setCount; index++) {
    if (!work.isMissing(index)) most += <f64>setCount(work.at(index));
  }
  const table = openMemberTable(work.limit ? min(most, <f64>work.limit) : most);
  if (!table) return false;
  work.cursor = openSetCursor(work.at(0));
  for (let index = 0; index < work.setCount; index++) {
    if (work.isMissing(index)) continue;
    restartSetCursor(work.cursor, work.at(index));
    while (!isEnough(work) && setNext(work.cursor)) {
      if (!gatherMember(work, table)) return false;
    }
  }
  return true;
}

function gatherMember(work: Combination, table: MemberTable): bool {
  const cursor = work.cursor;
  const added = addToMemberTable(table, cursor.member, cursor.text, cursor.bytes);
  if (added == Addition.KNOWN) return true;
  if (added == Addition.OUT_OF_MEMORY) return false;
  cursor.member = table.added;
  return take(work);
}

function replyCombined(call: Call, operation: Operation): void {
  const mark = scratchMark();
  const work = openOrReply(call, operation, 1, call.argumentCount);
  if (work) {
    if (combine(work)) replyListed(work.list);
    else replyError(OUT_OF_MEMORY);
  }
  scratchRelease(mark);
}

/** Answers the members of a list as a set. */
export function replyListed(list: MemberList): void {
  replySet(list.count);
  const cursor = openListCursor(list);
  for (let member = listNext(cursor); member; member = listNext(cursor)) {
    replyBulk(member.keyAddress, member.keyBytes);
  }
}

function storeCombined(call: Call, operation: Operation): void {
  const mark = scratchMark();
  const work = openOrReply(call, operation, 2, call.argumentCount);
  if (work) {
    takeSetLimits();
    if (combine(work)) storeListed(call, work);
    else replyError(OUT_OF_MEMORY);
  }
  scratchRelease(mark);
}

/** The encoding that a stored result starts in; what does not fit moves on while it is built. */
function firstEncoding(work: Combination): Encoding {
  if (work.operation != Operation.INTERSECTION) return Encoding.INTSET;
  if (work.at(smallest(work)).encoding == Encoding.INTSET) return Encoding.INTSET;
  if (work.list.count > setLimits().integers) return Encoding.LISTPACK;
  const cursor = openListCursor(work.list);
  for (let member = listNext(cursor); member; member = listNext(cursor)) {
    if (!isInteger(member.keyAddress, member.keyBytes)) return Encoding.LISTPACK;
  }
  return Encoding.INTSET;
}

/** Sets the key in argument 1 to the members of the list, and answers how many they are. */
function storeListed(call: Call, work: Combination): void {
  const list = work.list;
  if (!list.count) return storeNothing(call);
  const bytes = creationBytes(list.count, list.bytes) + <f64>call.bytesOf(1);
  if (!reserveOrReply(bytes)) return;
  const result = temporarySet(firstEncoding(work));
  const cursor = openListCursor(list);
  for (let member = listNext(cursor); member; member = listNext(cursor)) {
    setAdd(result, member.keyAddress, member.keyBytes);
  }
  const key = call.at(1);
  const keyBytes = call.bytesOf(1);
  const existed = lookupWrite(call.database, key, keyBytes) != null;
  notifyReplacing(call, Type.SET, 1);
  if (existed) removeFound(call.database);
  const entry = existed
    ? putKey(call.database, key, keyBytes, Type.SET, result.encoding, 4)
    : addKey(call.database, key, keyBytes, Type.SET, result.encoding, 4);
  entry.reference = result.reference;
  touchKey(call, key, keyBytes);
  notifyArgument(call, EventClass.SET, storeEvent(work.operation), 1);
  replyInteger(setCount(entry));
}

function storeEvent(operation: Operation): string {
  if (operation == Operation.UNION) return "sunionstore";
  return operation == Operation.INTERSECTION ? "sinterstore" : "sdiffstore";
}

/** An empty result removes the destination. */
function storeNothing(call: Call): void {
  if (lookupWrite(call.database, call.at(1), call.bytesOf(1))) {
    removeFound(call.database);
    touchKey(call, call.at(1), call.bytesOf(1));
    notifyDeleted(call, 1);
  }
  replyInteger(0);
}

/** Argument `index` as an integer from `least` on in `call.integer`; false: `text` is answered. */
function atLeastOrReply(call: Call, index: i32, least: i64, text: string): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(call.at(index), call.bytesOf(index), out) && call.integer >= least) return true;
  replyError(text);
  return false;
}

/** numkeys key ... [LIMIT limit] and, where `approximates`, [APPROX]; answers the size. */
function replyCardinality(call: Call, operation: Operation, approximates: bool): void {
  if (!atLeastOrReply(call, 1, 1, NUMKEYS_NOT_POSITIVE)) return;
  if (call.integer > call.argumentCount - 2) return replyError(KEY_COUNT_TOO_LARGE);
  const end = 2 + <i32>call.integer;
  let limit: i64 = 0;
  for (let index = end; index < call.argumentCount; index++) {
    if (approximates && call.is(index, "approx")) continue;
    if (!call.is(index, "limit") || index + 1 == call.argumentCount) return replyError(SYNTAX);
    index += 1;
    if (!atLeastOrReply(call, index, 0, LIMIT_NEGATIVE)) return;
    limit = call.integer;
  }
  const mark = scratchMark();
  const work = openOrReply(call, operation, 2, end);
  if (work) {
    work.countsOnly = 1;
    work.limit = limit > <i64>u32.MAX_VALUE ? 0 : <u32>limit;
    if (combine(work)) replyInteger(work.found);
    else replyError(OUT_OF_MEMORY);
  }
  scratchRelease(mark);
}

function sinter(call: Call): void {
  replyCombined(call, Operation.INTERSECTION);
}

function sunion(call: Call): void {
  replyCombined(call, Operation.UNION);
}

function sdiff(call: Call): void {
  replyCombined(call, Operation.DIFFERENCE);
}

function sinterstore(call: Call): void {
  storeCombined(call, Operation.INTERSECTION);
}

function sunionstore(call: Call): void {
  storeCombined(call, Operation.UNION);
}

function sdiffstore(call: Call): void {
  storeCombined(call, Operation.DIFFERENCE);
}

function sintercard(call: Call): void {
  replyCardinality(call, Operation.INTERSECTION, false);
}

function sunioncard(call: Call): void {
  replyCardinality(call, Operation.UNION, true);
}

function sdiffcard(call: Call): void {
  replyCardinality(call, Operation.DIFFERENCE, false);
}

export function registerSetAlgebra(): void {
  command(sinter.index, "sinter", "set", "1.0.0", -2,
    "readonly", "set", "index 1 range -1 1 0 : ro access", "key:key*",
    "nondeterministic_output_order",
    "O(N*M) for N members of the smallest of M sets", "Lists what several sets have in common.");
  command(sinterstore.index, "sinterstore", "set", "1.0.0", -3,
    "write denyoom", "set",
    "index 1 range 0 1 0 : rw update ; index 2 range -1 1 0 : ro access",
    "destination:key key:key*@1",
    "", "O(N*M) for N members of the smallest of M sets",
    "Stores what several sets have in common as a set.");
  command(sintercard.index, "sintercard", "set", "7.0.0", -3,
    "readonly movablekeys", "set", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* limit:integer=LIMIT?",
    "", "O(N*M) for N members of the smallest of M sets",
    "Counts what several sets have in common.");
  command(sunion.index, "sunion", "set", "1.0.0", -2,
    "readonly", "set", "index 1 range -1 1 0 : ro access", "key:key*",
    "nondeterministic_output_order", "O(N) in the members of all sets",
    "Lists the members of several sets together.");
  command(sunionstore.index, "sunionstore", "set", "1.0.0", -3,
    "write denyoom", "set",
    "index 1 range 0 1 0 : ow update ; index 2 range -1 1 0 : ro access",
    "destination:key key:key*@1",
    "", "O(N) in the members of all sets", "Stores the members of several sets together.");
  command(sunioncard.index, "sunioncard", "set", "8.10.0", -3,
    "readonly movablekeys", "set", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* approx:pure-token=APPROX? limit:integer=LIMIT?",
    "", "O(N) in the members of all sets", "Counts the members of several sets together.");
  command(sdiff.index, "sdiff", "set", "1.0.0", -2,
    "readonly", "set", "index 1 range -1 1 0 : ro access", "key:key*",
    "nondeterministic_output_order", "O(N*M) for N members of the first of M sets",
    "Lists what the first of several sets has alone.");
  command(sdiffstore.index, "sdiffstore", "set", "1.0.0", -3,
    "write denyoom", "set",
    "index 1 range 0 1 0 : ow update ; index 2 range -1 1 0 : ro access",
    "destination:key key:key*@1",
    "", "O(N*M) for N members of the first of M sets",
    "Stores what the first of several sets has alone.");
  command(sdiffcard.index, "sdiffcard", "set", "8.10.0", -3,
    "readonly movablekeys", "set", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* limit:integer=LIMIT?",
    "", "O(N*M) for N members of the first of M sets",
    "Counts what the first of several sets has alone.");
}

/**
 * Set commands that draw: SPOP and SRANDMEMBER.
 *
 * Every member has the same chance. SPOP decides what becomes of the data and draws from the data
 * set's own sequence; its effect names the members. SRANDMEMBER draws from the other one.
 *
 * Several different members: a few of many are drawn until they differ, with a table of those seen
 * in scratch memory; otherwise one walk takes each member with the chance (members still wanted) /
 * (members still to come), which gives every selection the same chance (Knuth 3.4.2, algorithm S).
 */

import { lookupRead, lookupWrite, removeFound } from "../keyspace/database";
import { effectBytes, effectDelete, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { nextObservation, nextRandom } from "../memory/root";
import { scratchLeft, scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { NOT_POSITIVE, SYNTAX, VALUE_OUT_OF_RANGE, WRONG_TYPE } from "../protocol/errors";
import { replyArray, replyBulk, replyError, replyNull, replySet } from "../protocol/reply";
import {
  Call, integerOrReply, renderAsBlock, renderInstead, renderNothing, reserveOrReply, touchKey,
} from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { setCount, setRemove } from "../values/set";
import { SetCursor, below, drawMember, openSetCursor, setNext } from "../values/set-cursor";
import { settleRemoval } from "./set-access";
import { replyMembers } from "./sets";

/** Members that one SREM of the effects names. */
const EFFECT_MEMBERS: i32 = 1024;
/** A draw is repeated while at least this many times as many members are there as wanted. */
const DRAW_RATIO: i64 = 3;
const CHUNK_BYTES: u32 = 0x11000;

function spop(call: Call): void {
  if (call.argumentCount > 3) return replyError(SYNTAX);
  const hasCount = call.argumentCount == 3;
  if (hasCount && !popCountOrReply(call)) return;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) {
    if (hasCount) replySet(0);
    else replyNull();
    return;
  }
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  if (!hasCount) return popMembers(call, entry, 1);
  const count = call.integer;
  if (count >= <i64>setCount(entry)) return popAll(call, entry);
  replySet(<u32>count);
  if (count) popMembers(call, entry, <i32>count);
}

function popCountOrReply(call: Call): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(call.at(2), call.bytesOf(2), out) && call.integer >= 0) return true;
  replyError(NOT_POSITIVE);
  return false;
}

/** Answers and removes the whole set. */
function popAll(call: Call, entry: KeyEntry): void {
  replyMembers(entry);
  removeFound(call.database);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.SET, "spop", 1);
  notifyDeleted(call, 1);
  renderNothing(call);
  effectDelete(call.database.number, call.at(1), call.bytesOf(1));
}

/** Answers and removes `count` members, of which the set has as many. */
function popMembers(call: Call, entry: KeyEntry, count: i32): void {
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  let left = count;
  if (count > EFFECT_MEMBERS) renderAsBlock(call);
  while (left) {
    const batch = min(left, EFFECT_MEMBERS);
    const renders = renderInstead(call, batch + 2);
    if (renders) {
      effectLiteral("SREM");
      effectBytes(call.at(1), call.bytesOf(1));
    }
    for (let index = 0; index < batch; index++) {
      drawMember(cursor, nextRandom());
      replyBulk(cursor.text, cursor.bytes);
      if (renders) effectBytes(cursor.text, cursor.bytes);
      setRemove(entry, cursor.text, cursor.bytes);
    }
    left -= batch;
  }
  scratchRelease(mark);
  settleRemoval(call, 1, entry, "spop");
}

function srandmember(call: Call): void {
  if (call.argumentCount > 3) return replyError(SYNTAX);
  const hasCount = call.argumentCount == 3;
  if (hasCount && !drawCountOrReply(call)) return;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) {
    if (hasCount) replyArray(0);
    else replyNull();
    return;
  }
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  if (!hasCount) replyDrawn(cursor, 1);
  else if (call.integer < 0) replyRepeated(cursor, 0 - call.integer);
  else replyDifferent(cursor, min<i64>(call.integer, setCount(entry)));
  scratchRelease(mark);
}

/** A count of either sign; more than an array may hold is refused. */
function drawCountOrReply(call: Call): bool {
  if (!integerOrReply(call, 2)) return false;
  if (call.integer >= -<i64>i32.MAX_VALUE) return true;
  replyError(VALUE_OUT_OF_RANGE);
  return false;
}

function replyDrawn(cursor: SetCursor, count: i64): void {
  for (let left = count; left; left--) {
    drawMember(cursor, nextObservation());
    replyBulk(cursor.text, cursor.bytes);
  }
}

/** `count` members, each drawn from all of them. */
function replyRepeated(cursor: SetCursor, count: i64): void {
  replyArray(<u32>count);
  replyDrawn(cursor, count);
}

/** `count` different members. */
function replyDifferent(cursor: SetCursor, count: i64): void {
  const members = <i64>setCount(cursor.entry);
  const isFew = cursor.entry.encoding != Encoding.LISTPACK && count * DRAW_RATIO <= members;
  if (isFew) replyFew(cursor, <u32>count);
  else replySelected(cursor, <u32>count, <u32>members);
}

/** One walk through the set that takes `count` of its members. */
function replySelected(cursor: SetCursor, count: u32, members: u32): void {
  replyArray(count);
  let wanted = count;
  for (let left = members; wanted; left--) {
    setNext(cursor);
    if (below(nextObservation(), left) >= wanted) continue;
    replyBulk(cursor.text, cursor.bytes);
    wanted -= 1;
  }
}

/** Draws until `count` different members were answered. */
function replyFew(cursor: SetCursor, count: u32): void {
  const places: u32 = count ? 1 << (33 - clz(count)) : 1;
  const bytes = places << 2;
  if (scratchLeft() < bytes && !reserveOrReply(<f64>bytes + CHUNK_BYTES)) return;
  const seen = scratchTake(bytes);
  memory.fill(seen, 0, bytes);
  replyArray(count);
  for (let wanted = count; wanted;) {
    if (!markSeen(seen, places - 1, drawMember(cursor, nextObservation()))) continue;
    replyBulk(cursor.text, cursor.bytes);
    wanted -= 1;
  }
}

/** Notes a member by what tells it apart; false when it was noted before. */
function markSeen(seen: usize, mask: u32, identity: u32): bool {
  // An index may be 0, and addresses are multiples of 4.
  const word = identity + 1;
  for (let place = (word * 0x9e3779b1) >> 7; ; place++) {
    const at = seen + ((place & mask) << 2);
    const noted = load<u32>(at);
    if (noted == word) return false;
    if (noted) continue;
    store<u32>(at, word);
    return true;
  }
}

export function registerSetRandom(): void {
  command(spop.index, "spop", "set", "1.0.0", -2,
    "write fast", "set", "index 1 range 0 1 0 : rw access delete",
    "key:key count:integer?^3.2.0",
    "nondeterministic_output", "O(1) for each member",
    "Removes members drawn at random and answers them.");
  command(srandmember.index, "srandmember", "set", "1.0.0", -2,
    "readonly", "set", "index 1 range 0 1 0 : ro access", "key:key count:integer?^2.6.0",
    "nondeterministic_output", "O(1) for each member, O(N) for a large part of the set",
    "Answers members drawn at random.");
}

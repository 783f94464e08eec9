/** Sorted sets: ZPOPMIN, ZPOPMAX, ZMPOP and ZRANGESTORE. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral } from "../keyspace/effects";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  COUNT_NOT_POSITIVE, NUMKEYS_NOT_POSITIVE, NOT_POSITIVE, SYNTAX, WRONG_TYPE,
} from "../protocol/errors";
import {
  protocol, replyArray, replyBulk, replyDouble, replyEmptyArray, replyError, replyNullArray,
} from "../protocol/reply";
import { Call, renderInstead, reserveOrReply } from "../server/call";
import { command } from "../server/table";
import { deadlineOrReply } from "../server/waiting";
import { parseInteger } from "../text/integers";
import { KeyEntry, Type } from "../values/key-entry";
import {
  SetCursor, memberAddress, memberBytes, memberScore, nextMember, previousMember, removeRanks,
  seekMember, sortedSetCount,
} from "../values/sorted-set";
import {
  RESULT_BYTES, RESULT_MEMBER_BYTES, addResult, startResult, storeResult, touchRemoved,
} from "./sorted-set-keys";
import { RangeBy, RangeQuery, clearRange, resolveRange } from "./sorted-set-query";
import { Open, rangeOrReply } from "./sorted-set-ranges";

/** Argument `index` as a number of at least `least` in `call.integer`, else answers `error`. */
function numberOrReply(call: Call, index: i32, least: i64, error: string): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(call.at(index), call.bytesOf(index), out) && call.integer >= least) return true;
  replyError(error);
  return false;
}

/** Answers `count` members from one end and removes them. */
export function popMembers(entry: KeyEntry, count: u32, isMaximum: bool, isNested: bool): void {
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  const members = sortedSetCount(entry);
  seekMember(entry, isMaximum ? members - 1 : 0, cursor);
  for (let left = count; left; left--) {
    if (isNested) replyArray(2);
    replyBulk(memberAddress(cursor), memberBytes(cursor));
    replyDouble(memberScore(cursor));
    if (isMaximum) previousMember(cursor);
    else nextMember(cursor);
  }
  scratchRelease(mark);
  removeRanks(entry, isMaximum ? members - count : 0, count);
}

function pop(call: Call, isMaximum: bool): void {
  if (call.argumentCount > 3) return replyError(SYNTAX);
  const hasCount = call.argumentCount == 3;
  call.integer = 1;
  if (hasCount && !numberOrReply(call, 2, 0, NOT_POSITIVE)) return;
  const wanted = call.integer;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyArray();
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  if (!wanted) return replyEmptyArray();
  const count = <u32>min<i64>(wanted, sortedSetCount(entry));
  const isNested = hasCount && protocol() == 3;
  replyArray(isNested ? count : count << 1);
  popMembers(entry, count, isMaximum, isNested);
  touchRemoved(call, 1, entry, isMaximum ? "zpopmax" : "zpopmin");
}

function zpopmin(call: Call): void {
  pop(call, false);
}

function zpopmax(call: Call): void {
  pop(call, true);
}

function zmpop(call: Call): void {
  if (popSome(call, 1) > 0) replyNullArray();
}

/**
 * Answers and takes members of the first sorted set there is among the keys from argument `at` on,
 * their number; when there is none that number is returned, else 0: it is answered.
 */
export function popSome(call: Call, at: i32): i32 {
  if (!numberOrReply(call, at, 1, NUMKEYS_NOT_POSITIVE)) return 0;
  const keys = call.integer;
  if (keys >= <i64>call.argumentCount - at - 1) return refuse(SYNTAX);
  const where = at + 1 + <i32>keys;
  const isMaximum = call.is(where, "max");
  if (!isMaximum && !call.is(where, "min")) return refuse(SYNTAX);
  const options = call.argumentCount - where - 1;
  if (options && (options < 2 || !call.is(where + 1, "count"))) return refuse(SYNTAX);
  call.integer = 1;
  if (options && !numberOrReply(call, where + 2, 1, COUNT_NOT_POSITIVE)) return 0;
  if (options > 2) return refuse(SYNTAX);
  const wanted = call.integer;
  if (at > 1 && !deadlineOrReply(call, 1)) return 0;
  for (let index = at + 1; index < where; index++) {
    const entry = lookupWrite(call.database, call.at(index), call.bytesOf(index));
    if (!entry) continue;
    if (entry.type != Type.SORTED_SET) return refuse(WRONG_TYPE);
    popFrom(call, index, entry, <u32>min<i64>(wanted, sortedSetCount(entry)), isMaximum);
    return 0;
  }
  return <i32>keys;
}

function refuse(error: string): i32 {
  replyError(error);
  return 0;
}

/** Answers and takes `count` members of the key in argument `index`. */
function popFrom(call: Call, index: i32, entry: KeyEntry, count: u32, isMaximum: bool): void {
  replyArray(2);
  replyBulk(call.at(index), call.bytesOf(index));
  replyArray(count);
  popMembers(entry, count, isMaximum, true);
  touchRemoved(call, index, entry, isMaximum ? "zpopmax" : "zpopmin");
  if (!renderInstead(call, 3)) return;
  effectLiteral(isMaximum ? "ZPOPMAX" : "ZPOPMIN");
  effectBytes(call.at(index), call.bytesOf(index));
  effectInteger(count);
}

function zrangestore(call: Call): void {
  const query = clearRange(RangeBy.RANK);
  if (!rangeOrReply(call, query, 3, Open.KIND)) return;
  const entry = lookupRead(call.database, call.at(2), call.bytesOf(2));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  query.count = 0;
  if (entry) resolveRange(entry, query);
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  if (entry ? reserveRange(call, entry, query, cursor) : reserveOrReply(RESULT_BYTES)) {
    const result = startResult(scratchTake(16), query.count);
    if (entry && query.count) {
      seekMember(entry, query.first, cursor);
      for (let left = query.count; left; left--) {
        addResult(result, memberScore(cursor), memberAddress(cursor), memberBytes(cursor));
        nextMember(cursor);
      }
    }
    storeResult(call, result, "zrangestore");
  }
  scratchRelease(mark);
}

/** Memory for a result of the members of a range; false: the error is answered. */
function reserveRange(call: Call, entry: KeyEntry, query: RangeQuery, cursor: SetCursor): bool {
  let bytes: f64 = RESULT_BYTES + <f64>call.bytesOf(1);
  if (query.count) seekMember(entry, query.first, cursor);
  for (let left = query.count; left; left--) {
    bytes += RESULT_MEMBER_BYTES + <f64>memberBytes(cursor) * 2;
    nextMember(cursor);
  }
  return reserveOrReply(bytes);
}

export function registerSortedSetPops(): void {
  command(zpopmin.index, "zpopmin", "sorted-set", "5.0.0", -2,
    "write fast", "sortedset", "index 1 range 0 1 0 : rw access delete",
    "key:key count:integer?",
    "", "O(M log N) for M members", "Takes the members with the lowest scores.");
  command(zpopmax.index, "zpopmax", "sorted-set", "5.0.0", -2,
    "write fast", "sortedset", "index 1 range 0 1 0 : rw access delete",
    "key:key count:integer?",
    "", "O(M log N) for M members", "Takes the members with the highest scores.");
  command(zmpop.index, "zmpop", "sorted-set", "7.0.0", -4,
    "write movablekeys", "sortedset", "index 1 keynum 0 1 1 : rw access delete",
    "numkeys:integer key:key* where:oneof(min:pure-token=MIN max:pure-token=MAX) \
count:integer=COUNT?",
    "", "O(K + M log N) for K keys and M members",
    "Takes members from an end of the first sorted set that exists.");
  command(zrangestore.index, "zrangestore", "sorted-set", "6.2.0", -5,
    "write denyoom", "sortedset",
    "index 1 range 0 1 0 : ow update ; index 2 range 0 1 0 : ro access",
    "dst:key src:key@1 min:string max:string sortby:oneof?(byscore:pure-token=BYSCORE \
bylex:pure-token=BYLEX) rev:pure-token=REV? \
offset_count:block=LIMIT?(offset:integer count:integer)",
    "", "O(log N + M log M) for M members", "Stores a range of members under another key.");
}

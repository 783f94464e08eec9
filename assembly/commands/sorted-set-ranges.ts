/** Sorted sets: ranges that are answered, counted or removed. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  LIMIT_OF_RANKS, SYNTAX, WITHSCORES_BY_BYTES, WRONG_TYPE,
} from "../protocol/errors";
import {
  protocol, replyArray, replyBulk, replyDouble, replyEmptyArray, replyError, replyInteger,
} from "../protocol/reply";
import { Call } from "../server/call";
import { command, deprecated } from "../server/table";
import { LEAF_ELEMENTS, entriesOf, scoreAt } from "../structures/ordered-index";
import { ScoredElement } from "../structures/scored-element";
import { KeyEntry, Type } from "../values/key-entry";
import {
  SetCursor, memberAddress, memberBytes, memberScore, nextMember, previousMember, removeRanks,
  seekMember,
} from "../values/sorted-set";
import {
  RangeBy, RangeQuery, clearRange, endsOrReply, limitOrReply, rangeQuery, resolveRange,
} from "./sorted-set-query";
import { touchRemoved } from "./sorted-set-keys";

/** What a command leaves open for its arguments to say. */
export const enum Open {
  NOTHING = 0,
  /** BYSCORE, BYLEX and REV. */
  KIND = 1,
  SCORES = 2,
}

/**
 * Reads the ends at arguments `first` and `first + 1` and the options behind them; false: the error
 * is answered. `query` holds what is fixed.
 */
export function rangeOrReply(call: Call, query: RangeQuery, first: i32, open: u32): bool {
  let mayReverse = (open & Open.KIND) != 0;
  let mayChoose = mayReverse;
  let hasLimit = false;
  for (let index = first + 2; index < call.argumentCount; index++) {
    if (open & Open.SCORES && call.is(index, "withscores")) {
      query.withScores = 1;
    } else if (call.is(index, "limit") && index + 2 < call.argumentCount) {
      if (!limitOrReply(call, query, index)) return false;
      hasLimit = query.limit != -1;
      index += 2;
    } else if (mayReverse && call.is(index, "rev")) {
      query.reverse = 1;
      mayReverse = false;
    } else if (mayChoose && call.is(index, "bylex")) {
      query.by = RangeBy.BYTES;
      mayChoose = false;
    } else if (mayChoose && call.is(index, "byscore")) {
      query.by = RangeBy.SCORE;
      mayChoose = false;
    } else {
      replyError(SYNTAX);
      return false;
    }
  }
  if (hasLimit && query.by == RangeBy.RANK) {
    replyError(LIMIT_OF_RANKS);
    return false;
  }
  if (query.withScores && query.by == RangeBy.BYTES) {
    replyError(WITHSCORES_BY_BYTES);
    return false;
  }
  const isSwapped = query.reverse && query.by != RangeBy.RANK;
  return endsOrReply(call, query, isSwapped ? first + 1 : first, isSwapped ? first : first + 1);
}

/** Answers the range of a command whose key is argument 1. */
function answerRange(call: Call, query: RangeQuery, open: u32): void {
  if (!rangeOrReply(call, query, 2, open)) return;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyArray();
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  resolveRange(entry, query);
  replyRange(entry, query.first, query.count, query.reverse != 0, query.withScores != 0);
}

/** The head of an array of `count` members with or without scores. */
export function replyMembersHeader(count: u32, withScores: bool): void {
  replyArray(withScores && protocol() == 2 ? count << 1 : count);
}

/** One member of such an array. */
export function replyMember(cursor: SetCursor, withScores: bool): void {
  if (withScores && protocol() == 3) replyArray(2);
  replyBulk(memberAddress(cursor), memberBytes(cursor));
  if (withScores) replyDouble(memberScore(cursor));
}

/** Answers `count` members from rank `first` on, the last of them first when reverse. */
export function replyRange(
  entry: KeyEntry, first: u32, count: u32, isReverse: bool, withScores: bool,
): void {
  replyMembersHeader(count, withScores);
  if (!count) return;
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  seekMember(entry, isReverse ? first + count - 1 : first, cursor);
  if (!cursor.list) {
    replyRuns(cursor, count, isReverse, withScores);
    return scratchRelease(mark);
  }
  for (let left = count; left; left--) {
    replyMember(cursor, withScores);
    if (isReverse) previousMember(cursor);
    else nextMember(cursor);
  }
  scratchRelease(mark);
}

// @ts-ignore: decorator
@inline
function leafElement(leaf: usize, entry: u32): usize {
  return load<u32>(leaf + (entry << 2), LEAF_ELEMENTS);
}

/**
 * Answers members of an index from the cursor on, one leaf after another. Those of a leaf are
 * touched first: they lie anywhere, and the waits for memory then overlap.
 */
function replyRuns(cursor: SetCursor, count: u32, isReverse: bool, withScores: bool): void {
  const step: u32 = isReverse ? -1 : 1;
  let leaf: usize = cursor.leaf;
  let entry = cursor.leafEntry;
  for (let left = count; left;) {
    const run = min(left, isReverse ? entry + 1 : entriesOf(leaf) - entry);
    const end = entry + run * step;
    let touched: u64 = 0;
    for (let at = entry; at != end; at += step) touched += load<u64>(leafElement(leaf, at));
    rangeQuery().touched = touched;
    for (let at = entry; at != end; at += step) {
      if (withScores && protocol() == 3) replyArray(2);
      const element = changetype<ScoredElement>(leafElement(leaf, at));
      replyBulk(element.keyAddress, element.keyBytes);
      if (withScores) replyDouble(scoreAt(leaf, at));
    }
    left -= run;
    if (!left) return;
    cursor.leafEntry = end - step;
    if (isReverse) previousMember(cursor);
    else nextMember(cursor);
    leaf = cursor.leaf;
    entry = cursor.leafEntry;
  }
}

function zrange(call: Call): void {
  answerRange(call, clearRange(RangeBy.RANK), Open.KIND | Open.SCORES);
}

function zrevrange(call: Call): void {
  const query = clearRange(RangeBy.RANK);
  query.reverse = 1;
  answerRange(call, query, Open.SCORES);
}

function zrangebyscore(call: Call): void {
  answerRange(call, clearRange(RangeBy.SCORE), Open.SCORES);
}

function zrevrangebyscore(call: Call): void {
  const query = clearRange(RangeBy.SCORE);
  query.reverse = 1;
  answerRange(call, query, Open.SCORES);
}

function zrangebylex(call: Call): void {
  answerRange(call, clearRange(RangeBy.BYTES), Open.SCORES);
}

function zrevrangebylex(call: Call): void {
  const query = clearRange(RangeBy.BYTES);
  query.reverse = 1;
  answerRange(call, query, Open.SCORES);
}

function countRange(call: Call, by: RangeBy): void {
  const query = clearRange(by);
  if (!endsOrReply(call, query, 2, 3)) return;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  resolveRange(entry, query);
  replyInteger(query.count);
}

function zcount(call: Call): void {
  countRange(call, RangeBy.SCORE);
}

function zlexcount(call: Call): void {
  countRange(call, RangeBy.BYTES);
}

function removalEvent(by: RangeBy): string {
  if (by == RangeBy.RANK) return "zremrangebyrank";
  return by == RangeBy.SCORE ? "zremrangebyscore" : "zremrangebylex";
}

function removeRange(call: Call, by: RangeBy): void {
  const query = clearRange(by);
  if (!endsOrReply(call, query, 2, 3)) return;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  resolveRange(entry, query);
  const count = query.count;
  if (count) {
    removeRanks(entry, query.first, count);
    touchRemoved(call, 1, entry, removalEvent(by));
  }
  replyInteger(count);
}

function zremrangebyrank(call: Call): void {
  removeRange(call, RangeBy.RANK);
}

function zremrangebyscore(call: Call): void {
  removeRange(call, RangeBy.SCORE);
}

function zremrangebylex(call: Call): void {
  removeRange(call, RangeBy.BYTES);
}

export function registerSortedSetRanges(): void {
  command(zcount.index, "zcount", "sorted-set", "2.0.0", 4,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key min:double max:double",
    "", "O(log N)", "Counts the members with a score in a range.");
  command(zlexcount.index, "zlexcount", "sorted-set", "2.8.9", 4,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key min:string max:string",
    "", "O(log N)", "Counts the members between two texts, all scores being equal.");
  command(zremrangebyrank.index, "zremrangebyrank", "sorted-set", "2.0.0", 4,
    "write", "sortedset", "index 1 range 0 1 0 : rw delete", "key:key start:integer stop:integer",
    "", "O(M log N) for M members", "Removes the members of a range of ranks.");
  command(zremrangebyscore.index, "zremrangebyscore", "sorted-set", "1.2.0", 4,
    "write", "sortedset", "index 1 range 0 1 0 : rw delete", "key:key min:double max:double",
    "", "O(M log N) for M members", "Removes the members with a score in a range.");
  command(zremrangebylex.index, "zremrangebylex", "sorted-set", "2.8.9", 4,
    "write", "sortedset", "index 1 range 0 1 0 : rw delete", "key:key min:string max:string",
    "", "O(M log N) for M members",
    "Removes the members between two texts, all scores being equal.");
  registerAnsweredRanges();
}

function registerAnsweredRanges(): void {
  command(zrange.index, "zrange", "sorted-set", "1.2.0", -4,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key start:string stop:string sortby:oneof?^6.2.0(byscore:pure-token=BYSCORE \
bylex:pure-token=BYLEX) rev:pure-token=REV?^6.2.0 \
offset_count:block=LIMIT?^6.2.0(offset:integer count:integer) withscores:pure-token=WITHSCORES?",
    "", "O(log N + M) for M members", "Reads a range of members by rank, score or text.");
  command(zrevrange.index, "zrevrange", "sorted-set", "1.2.0", -4,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key start:integer stop:integer withscores:pure-token=WITHSCORES?",
    "", "O(log N + M) for M members", "Reads a range of ranks counted from the highest score.");
  deprecated("zrevrange", "6.2.0", "`ZRANGE` with the `REV` argument");
  command(zrangebyscore.index, "zrangebyscore", "sorted-set", "1.0.5", -4,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key min:double max:double withscores:pure-token=WITHSCORES?^2.0.0 \
offset_count:block=LIMIT?(offset:integer count:integer)",
    "", "O(log N + M) for M members", "Reads the members with a score in a range.");
  deprecated("zrangebyscore", "6.2.0", "`ZRANGE` with the `BYSCORE` argument");
  command(zrevrangebyscore.index, "zrevrangebyscore", "sorted-set", "2.2.0", -4,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key max:double min:double withscores:pure-token=WITHSCORES? \
offset_count:block=LIMIT?(offset:integer count:integer)",
    "", "O(log N + M) for M members", "Reads the members with a score in a range, highest first.");
  deprecated("zrevrangebyscore", "6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments");
  command(zrangebylex.index, "zrangebylex", "sorted-set", "2.8.9", -4,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key min:string max:string offset_count:block=LIMIT?(offset:integer count:integer)",
    "", "O(log N + M) for M members", "Reads the members between two texts.");
  deprecated("zrangebylex", "6.2.0", "`ZRANGE` with the `BYLEX` argument");
  command(zrevrangebylex.index, "zrevrangebylex", "sorted-set", "2.8.9", -4,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key max:string min:string offset_count:block=LIMIT?(offset:integer count:integer)",
    "", "O(log N + M) for M members", "Reads the members between two texts, last first.");
  deprecated("zrevrangebylex", "6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments");
}

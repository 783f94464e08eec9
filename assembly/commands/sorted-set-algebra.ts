/**
 * Sorted sets: unions, intersections and differences, answered, stored or counted.
 *
 * A source is a sorted set, a set (each member with score 1) or a missing key. The result is built
 * beside the keys, as an index, so that the destination may be a source; a stored one that is small
 * enough is packed at the end.
 */

import { lookupRead } from "../keyspace/database";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { LIMIT_NEGATIVE, SYNTAX, WEIGHT_NOT_FLOAT, WRONG_TYPE } from "../protocol/errors";
import {
  replyError, replyErrorBytes, replyErrorEnd, replyErrorStart, replyErrorText, replyInteger,
} from "../protocol/reply";
import { Call, integerOrReply, reserveOrReply } from "../server/call";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { setCount, setHas } from "../values/set";
import { SetCursor as PlainCursor, openSetCursor, setNext } from "../values/set-cursor";
import {
  SetCursor, addMember, convertToPacked, findMember, foundMember, memberAddress, memberBytes,
  memberScore, nextMember, releaseSortedSet, seekMember, setMemberScore, sortedSetCount,
  temporarySortedSet,
} from "../values/sorted-set";
import { RESULT_BYTES, RESULT_MEMBER_BYTES, doubleOrReply, storeResult } from "./sorted-set-keys";
import { replyRange } from "./sorted-set-ranges";

const enum Operation {
  UNION = 0,
  INTERSECTION = 1,
  DIFFERENCE = 2,
  /** The size of the intersection. */
  COUNT = 3,
}

const enum Aggregate {
  SUM = 0,
  MINIMUM = 1,
  MAXIMUM = 2,
  /** Weights are added up, scores do not count. */
  COUNT = 3,
}

/** One source; a missing key has no entry and no members. */
@unmanaged
class Source {
  weight: f64;
  entry: u32;
  count: u32;
}

const SOURCE_BYTES: u32 = 16;

@unmanaged
class Algebra {
  limit: i64;
  sources: u32;
  count: i32;
  operation: Operation;
  aggregate: Aggregate;
  withScores: u32;
  isStored: u32;
  longest: u32;
}

/** A walk over a source. */
@unmanaged
class Walk {
  score: f64;
  address: usize;
  bytes: u32;
  plain: usize;
  cursor: usize;
  started: u32;
}

// @ts-ignore: decorator
@inline
function sourceAt(algebra: Algebra, index: i32): Source {
  return changetype<Source>(<usize>algebra.sources + <u32>index * SOURCE_BYTES);
}

function openSource(source: Source): Walk {
  const walk = changetype<Walk>(scratchTake(offsetof<Walk>()));
  const entry = changetype<KeyEntry>(<usize>source.entry);
  walk.started = 0;
  walk.plain = 0;
  if (entry.type == Type.SET) {
    walk.plain = changetype<usize>(openSetCursor(entry));
    walk.score = 1;
  } else {
    walk.cursor = scratchTake(offsetof<SetCursor>());
    seekMember(entry, 0, changetype<SetCursor>(walk.cursor));
  }
  return walk;
}

function walkNext(walk: Walk): bool {
  if (walk.plain) {
    const plain = changetype<PlainCursor>(walk.plain);
    if (!setNext(plain)) return false;
    walk.address = plain.text;
    walk.bytes = plain.bytes;
    return true;
  }
  const cursor = changetype<SetCursor>(walk.cursor);
  if (walk.started && !nextMember(cursor)) return false;
  walk.started = 1;
  walk.score = memberScore(cursor);
  walk.address = memberAddress(cursor);
  walk.bytes = memberBytes(cursor);
  return true;
}

/** Whether a source has a member; its score is in `foundMember()`. */
function sourceHas(source: Source, address: usize, bytes: u32): bool {
  if (!source.count) return false;
  const entry = changetype<KeyEntry>(<usize>source.entry);
  if (entry.type != Type.SET) return findMember(entry, address, bytes);
  foundMember().score = 1;
  return setHas(entry, address, bytes);
}

// ---- Parsing -----------------------------------------------------------------------------------

/** Looks up the sources from argument `first` on; false: the error is answered. */
function sourcesOrReply(call: Call, algebra: Algebra, first: i32): bool {
  for (let index = 0; index < algebra.count; index++) {
    const source = sourceAt(algebra, index);
    const entry = lookupRead(call.database, call.at(first + index), call.bytesOf(first + index));
    source.weight = 1;
    source.count = 0;
    source.entry = <u32>changetype<usize>(entry);
    if (!entry) continue;
    if (entry.type != Type.SORTED_SET && entry.type != Type.SET) {
      replyError(WRONG_TYPE);
      return false;
    }
    source.count = entry.type == Type.SET ? setCount(entry) : sortedSetCount(entry);
  }
  return true;
}

/** The options from argument `first` on; false: the error is answered. */
function optionsOrReply(call: Call, algebra: Algebra, first: i32): bool {
  const isCount = algebra.operation == Operation.COUNT;
  const isWeighed = algebra.operation < Operation.DIFFERENCE;
  for (let index = first; index < call.argumentCount; index++) {
    const left = call.argumentCount - index - 1;
    if (isWeighed && left >= algebra.count && call.is(index, "weights")) {
      for (let source = 0; source < algebra.count; source++) {
        index += 1;
        if (!doubleOrReply(call, index, WEIGHT_NOT_FLOAT)) return false;
        sourceAt(algebra, source).weight = call.double;
      }
      continue;
    }
    if (isWeighed && left >= 1 && call.is(index, "aggregate")) {
      index += 1;
      if (setAggregate(call, algebra, index)) continue;
    } else if (!isCount && !algebra.isStored && call.is(index, "withscores")) {
      algebra.withScores = 1;
      continue;
    } else if (isCount && left >= 1 && call.is(index, "limit")) {
      index += 1;
      const out = changetype<usize>(call) + offsetof<Call>("integer");
      const isNumber = parseInteger(call.at(index), call.bytesOf(index), out);
      algebra.limit = call.integer;
      if (isNumber && call.integer >= 0) continue;
      replyError(LIMIT_NEGATIVE);
      return false;
    }
    replyError(SYNTAX);
    return false;
  }
  return true;
}

function setAggregate(call: Call, algebra: Algebra, index: i32): bool {
  if (call.is(index, "sum")) algebra.aggregate = Aggregate.SUM;
  else if (call.is(index, "min")) algebra.aggregate = Aggregate.MINIMUM;
  else if (call.is(index, "max")) algebra.aggregate = Aggregate.MAXIMUM;
  else if (call.is(index, "count")) algebra.aggregate = Aggregate.COUNT;
  else return false;
  return true;
}

function run(call: Call, operation: Operation, numberAt: i32): void {
  if (!integerOrReply(call, numberAt)) return;
  if (call.integer < 1) {
    replyErrorStart("ERR at least 1 input key is needed for '");
    replyErrorBytes(call.row.nameAddress, call.row.nameBytes);
    replyErrorText("' command");
    return replyErrorEnd();
  }
  if (call.integer > <i64>(call.argumentCount - numberAt - 1)) return replyError(SYNTAX);
  const count = <i32>call.integer;
  if (!reserveOrReply(<f64>count * SOURCE_BYTES + 65536)) return;
  const mark = scratchMark();
  const algebra = changetype<Algebra>(scratchTake(offsetof<Algebra>()));
  algebra.count = count;
  algebra.sources = <u32>scratchTake(<u32>count * SOURCE_BYTES);
  algebra.operation = operation;
  algebra.aggregate = Aggregate.SUM;
  algebra.withScores = 0;
  algebra.isStored = u32(numberAt == 2);
  algebra.limit = 0;
  algebra.longest = 0;
  if (sourcesOrReply(call, algebra, numberAt + 1)) {
    if (optionsOrReply(call, algebra, numberAt + 1 + count)) answer(call, algebra);
  }
  scratchRelease(mark);
}

// ---- Building ----------------------------------------------------------------------------------

function answer(call: Call, algebra: Algebra): void {
  if (algebra.operation != Operation.DIFFERENCE) sortSources(algebra);
  if (algebra.operation == Operation.COUNT) return replyInteger(countCommon(algebra));
  if (!reserveResult(call, algebra)) return;
  const result = temporarySortedSet(scratchTake(16), Encoding.SKIPLIST);
  if (algebra.operation == Operation.UNION) unite(algebra, result);
  else intersect(algebra, result);
  const count = sortedSetCount(result);
  if (!algebra.isStored) {
    replyRange(result, 0, count, false, algebra.withScores != 0);
    return releaseSortedSet(result);
  }
  const limits = settings();
  const isSmall = count <= limits.sortedSetPackedEntries;
  if (isSmall && algebra.longest <= limits.sortedSetPackedBytes) convertToPacked(result);
  storeResult(call, result, storeEvent(<Operation>algebra.operation));
}

function storeEvent(operation: Operation): string {
  if (operation == Operation.UNION) return "zunionstore";
  return operation == Operation.DIFFERENCE ? "zdiffstore" : "zinterstore";
}

/** The smallest first, so that it is the one that is walked. */
function sortSources(algebra: Algebra): void {
  for (let index = 1; index < algebra.count; index++) {
    for (let at = index; at; at--) {
      const before = sourceAt(algebra, at - 1);
      const source = sourceAt(algebra, at);
      if (before.count <= source.count) break;
      const high = load<u64>(changetype<usize>(source), 8);
      const weight = source.weight;
      store<u64>(changetype<usize>(source), load<u64>(changetype<usize>(before), 8), 8);
      source.weight = before.weight;
      store<u64>(changetype<usize>(before), high, 8);
      before.weight = weight;
    }
  }
}

/** Memory for the members of every source that may add some; false: the error is answered. */
function reserveResult(call: Call, algebra: Algebra): bool {
  let bytes: f64 = RESULT_BYTES + <f64>call.bytesOf(1);
  const walked = algebra.operation == Operation.UNION ? algebra.count : 1;
  for (let index = 0; index < walked; index++) {
    const source = sourceAt(algebra, index);
    if (!source.count) continue;
    const mark = scratchMark();
    const walk = openSource(source);
    while (walkNext(walk)) bytes += RESULT_MEMBER_BYTES + <f64>walk.bytes * 2;
    scratchRelease(mark);
  }
  return reserveOrReply(bytes);
}

function weigh(algebra: Algebra, source: Source, score: f64): f64 {
  if (algebra.aggregate == Aggregate.COUNT) return source.weight;
  const weighed = source.weight * score;
  return isNaN(weighed) ? 0 : weighed;
}

function combine(algebra: Algebra, first: f64, second: f64): f64 {
  if (algebra.aggregate == Aggregate.MINIMUM) return second < first ? second : first;
  if (algebra.aggregate == Aggregate.MAXIMUM) return second > first ? second : first;
  const sum = first + second;
  return isNaN(sum) ? 0 : sum;
}

function addNew(algebra: Algebra, result: KeyEntry, score: f64, walk: Walk): void {
  algebra.longest = max(algebra.longest, walk.bytes);
  addMember(result, score, walk.address, walk.bytes, 0, 0);
}

function unite(algebra: Algebra, result: KeyEntry): void {
  for (let index = 0; index < algebra.count; index++) {
    const source = sourceAt(algebra, index);
    if (!source.count) continue;
    const mark = scratchMark();
    const walk = openSource(source);
    while (walkNext(walk)) {
      const score = weigh(algebra, source, walk.score);
      if (findMember(result, walk.address, walk.bytes)) {
        const both = combine(algebra, foundMember().score, score);
        setMemberScore(result, both, walk.address, walk.bytes);
      } else {
        addNew(algebra, result, score, walk);
      }
    }
    scratchRelease(mark);
  }
}

/** Members of the first source that every other one has, or for a difference that none has. */
function intersect(algebra: Algebra, result: KeyEntry): void {
  const first = sourceAt(algebra, 0);
  if (!first.count) return;
  const isDifference = algebra.operation == Operation.DIFFERENCE;
  const walk = openSource(first);
  while (walkNext(walk)) {
    let score = isDifference ? walk.score : weigh(algebra, first, walk.score);
    let isWanted = true;
    for (let index = 1; index < algebra.count && isWanted; index++) {
      const source = sourceAt(algebra, index);
      const has = sourceHas(source, walk.address, walk.bytes);
      isWanted = has != isDifference;
      if (has) score = combine(algebra, score, weigh(algebra, source, foundMember().score));
    }
    if (!isWanted) continue;
    findMember(result, walk.address, walk.bytes);
    addNew(algebra, result, score, walk);
  }
}

function countCommon(algebra: Algebra): i64 {
  const first = sourceAt(algebra, 0);
  if (!first.count) return 0;
  const walk = openSource(first);
  let count: i64 = 0;
  while (walkNext(walk)) {
    let index = 1;
    while (index < algebra.count
      && sourceHas(sourceAt(algebra, index), walk.address, walk.bytes)) index += 1;
    if (index < algebra.count) continue;
    count += 1;
    if (count == algebra.limit) break;
  }
  return count;
}

function zunion(call: Call): void {
  run(call, Operation.UNION, 1);
}

function zinter(call: Call): void {
  run(call, Operation.INTERSECTION, 1);
}

function zdiff(call: Call): void {
  run(call, Operation.DIFFERENCE, 1);
}

function zunionstore(call: Call): void {
  run(call, Operation.UNION, 2);
}

function zinterstore(call: Call): void {
  run(call, Operation.INTERSECTION, 2);
}

function zdiffstore(call: Call): void {
  run(call, Operation.DIFFERENCE, 2);
}

function zintercard(call: Call): void {
  run(call, Operation.COUNT, 1);
}

export function registerSortedSetAlgebra(): void {
  command(zunion.index, "zunion", "sorted-set", "6.2.0", -3,
    "readonly movablekeys", "sortedset", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* weight:integer=WEIGHTS?* aggregate:oneof=AGGREGATE?\
(sum:pure-token=SUM min:pure-token=MIN max:pure-token=MAX \
count:pure-token=COUNT^8.8.0) withscores:pure-token=WITHSCORES?",
    "", "O(N log N) in the number of members", "Answers the members of any of some sets.");
  command(zinter.index, "zinter", "sorted-set", "6.2.0", -3,
    "readonly movablekeys", "sortedset", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* weight:integer=WEIGHTS?* aggregate:oneof=AGGREGATE?\
(sum:pure-token=SUM min:pure-token=MIN max:pure-token=MAX \
count:pure-token=COUNT^8.8.0) withscores:pure-token=WITHSCORES?",
    "", "O(N K) for N members of the smallest of K sets",
    "Answers the members of all of some sets.");
  command(zdiff.index, "zdiff", "sorted-set", "6.2.0", -3,
    "readonly movablekeys", "sortedset", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* withscores:pure-token=WITHSCORES?",
    "", "O(N K) for N members of the first of K sets",
    "Answers the members of a set that others have not.");
  command(zunionstore.index, "zunionstore", "sorted-set", "2.0.0", -4,
    "write denyoom movablekeys", "sortedset",
    "index 1 range 0 1 0 : ow update ; index 2 keynum 0 1 1 : ro access",
    "destination:key numkeys:integer key:key*@1 weight:integer=WEIGHTS?* \
aggregate:oneof=AGGREGATE?(sum:pure-token=SUM min:pure-token=MIN max:pure-token=MAX \
count:pure-token=COUNT^8.8.0)",
    "", "O(N log N) in the number of members", "Stores the members of any of some sets.");
  command(zinterstore.index, "zinterstore", "sorted-set", "2.0.0", -4,
    "write denyoom movablekeys", "sortedset",
    "index 1 range 0 1 0 : ow update ; index 2 keynum 0 1 1 : ro access",
    "destination:key numkeys:integer key:key*@1 weight:integer=WEIGHTS?* \
aggregate:oneof=AGGREGATE?(sum:pure-token=SUM min:pure-token=MIN max:pure-token=MAX \
count:pure-token=COUNT^8.8.0)",
    "", "O(N K) for N members of the smallest of K sets",
    "Stores the members of all of some sets.");
  command(zdiffstore.index, "zdiffstore", "sorted-set", "6.2.0", -4,
    "write denyoom movablekeys", "sortedset",
    "index 1 range 0 1 0 : ow update ; index 2 keynum 0 1 1 : ro access",
    "destination:key numkeys:integer key:key*@1",
    "", "O(N K) for N members of the first of K sets",
    "Stores the members of a set that others have not.");
  command(zintercard.index, "zintercard", "sorted-set", "7.0.0", -3,
    "readonly movablekeys", "sortedset", "index 1 keynum 0 1 1 : ro access",
    "numkeys:integer key:key* limit:integer=LIMIT?",
    "", "O(N K) for N members of the smallest of K sets",
    "Counts the members of all of some sets.");
}

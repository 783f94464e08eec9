/**
 * Sorted sets: ZSCAN and ZRANDMEMBER.
 *
 * A step of ZSCAN is gone through twice, to count and to answer: no memory is needed for what was
 * found. A draw is a rank. Different ones are drawn in one pass, a member with the chance (wanted
 * left) / (members left), or, few of many, by drawing again what came before (a table of ranks in
 * scratch memory, open addressing).
 */

import { lookupRead } from "../keyspace/database";
import { nextObservation } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  SYNTAX, VALUE_OUT_OF_RANGE, WRONG_TYPE, replyOutsideRange,
} from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkInteger, replyEmptyArray, replyError, replyNull,
} from "../protocol/reply";
import { sinkBulk, replySink } from "../protocol/sink";
import { Call, integerOrReply, reserveOrReply } from "../server/call";
import { command } from "../server/table";
import {
  nextInChain, occupiedSlots, referenceAt, scanChain, scanNext, scanSibling,
} from "../structures/hash-table";
import { ScoredElement } from "../structures/scored-element";
import { writeDouble } from "../text/doubles";
import { KeyEntry, Type } from "../values/key-entry";
import {
  SetCursor, isPacked, memberAddress, memberBytes, memberScore, nextMember, seekMember,
  sortedSetCount, tableOf,
} from "../values/sorted-set";
import { cursorOrReply } from "./keys-scan";
import { ScanOptions, scanOptionsOrReply } from "./scan-options";
import { replyMember, replyMembersHeader } from "./sorted-set-ranges";

const SCORE_TEXT_BYTES: u32 = 48;
/** Larger numbers of answers could not be counted, let alone sent. */
const ANSWERS_MAXIMUM: i64 = 0x3fffffff;
/** One pass instead of draws when more than a third is wanted. */
const PASS_FACTOR: u32 = 3;

// ---- ZSCAN -------------------------------------------------------------------------------------

/** A step of ZSCAN, in scratch memory. */
@unmanaged
class Scan {
  options: ScanOptions;
  found: u32;
  /** 1: what is found is answered. */
  answers: u32;
  text: usize;
}

function zscan(call: Call): void {
  if (!cursorOrReply(call, 2)) return;
  const cursor = <u64>call.integer;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) {
    replyArray(2);
    replyBulkInteger(0);
    return replyEmptyArray();
  }
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  const scan = changetype<Scan>(scratchTake(offsetof<Scan>()));
  scan.text = scratchTake(SCORE_TEXT_BYTES);
  scan.options = changetype<ScanOptions>(scratchTake(offsetof<ScanOptions>()));
  if (scanOptionsOrReply(call, scan.options, Type.SORTED_SET)) {
    scan.answers = 0;
    const next = scanStep(entry, scan, cursor);
    replyArray(2);
    replyBulkInteger(next);
    replyArray(scan.options.namesOnly ? scan.found : scan.found << 1);
    scan.answers = 1;
    scanStep(entry, scan, cursor);
  }
  scratchRelease(mark);
}

/** Goes through a step from `from` on; returns the cursor after it. A packed set is one step. */
function scanStep(entry: KeyEntry, scan: Scan, from: u64): u64 {
  scan.found = 0;
  if (isPacked(entry)) {
    const mark = scratchMark();
    const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
    seekMember(entry, 0, cursor);
    do {
      meet(scan, memberAddress(cursor), memberBytes(cursor), memberScore(cursor));
    } while (nextMember(cursor));
    scratchRelease(mark);
    return 0;
  }
  const table = tableOf(entry);
  const steps = scan.options.steps;
  let at = from;
  for (let step: i64 = 0; step < steps; step++) {
    meetChain(scan, scanChain(table, at));
    meetChain(scan, scanSibling(table, at));
    at = scanNext(table, at);
    if (!at || <i64>scan.found >= scan.options.count) break;
  }
  return at;
}

function meetChain(scan: Scan, first: usize): void {
  for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    for (let slot = 0; slot < elements; slot++) {
      const element = changetype<ScoredElement>(referenceAt(bucket, slot));
      meet(scan, element.keyAddress, element.keyBytes, element.score);
    }
  }
}

/** Counts a member, or answers it, if the pattern wants it. */
function meet(scan: Scan, address: usize, bytes: u32, score: f64): void {
  if (!scan.options.matches(address, bytes)) return;
  scan.found += 1;
  if (!scan.answers) return;
  replyBulk(address, bytes);
  if (!scan.options.namesOnly) {
    sinkBulk(replySink(), scan.text, writeDouble(scan.text, score));
  }
}

// ---- ZRANDMEMBER -------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function randomBelow(limit: u32): u32 {
  return <u32>(((nextObservation() >> 32) * <u64>limit) >> 32);
}

function zrandmember(call: Call): void {
  if (call.argumentCount == 2) return replyOne(call);
  if (!integerOrReply(call, 2)) return;
  const count = call.integer;
  if (count == i64.MIN_VALUE) return replyOutsideRange(-i64.MAX_VALUE, i64.MAX_VALUE);
  const withScores = call.argumentCount == 4 && call.is(3, "withscores");
  if (call.argumentCount > 3 && !withScores) return replyError(SYNTAX);
  const half = i64.MAX_VALUE / 2;
  if (withScores && (count < -half || count > half)) return replyError(VALUE_OUT_OF_RANGE);
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyArray();
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  if (count < -ANSWERS_MAXIMUM) return replyError(VALUE_OUT_OF_RANGE);
  const mark = scratchMark();
  const members = sortedSetCount(entry);
  if (count < 0) {
    replyMembersHeader(<u32>-count, withScores);
    for (let left = <u32>-count; left; left--) replyRank(entry, randomBelow(members), withScores);
  } else {
    const wanted = <u32>min<i64>(count, members);
    if (wanted * PASS_FACTOR >= members) replySample(entry, wanted, withScores);
    else replyDrawn(entry, wanted, withScores);
  }
  scratchRelease(mark);
}

function replyOne(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  replyRank(entry, randomBelow(sortedSetCount(entry)), false);
  scratchRelease(mark);
}

function replyRank(entry: KeyEntry, rank: u32, withScores: bool): void {
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  seekMember(entry, rank, cursor);
  replyMember(cursor, withScores);
  scratchRelease(mark);
}

/** Answers `count` different members in one pass. */
function replySample(entry: KeyEntry, count: u32, withScores: bool): void {
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  replyMembersHeader(count, withScores);
  if (!count) return;
  let members = sortedSetCount(entry);
  let wanted = count;
  seekMember(entry, 0, cursor);
  while (wanted) {
    if (wanted == members || randomBelow(members) < wanted) {
      replyMember(cursor, withScores);
      wanted -= 1;
    }
    members -= 1;
    nextMember(cursor);
  }
}

/** Answers `count` different members of many more. */
function replyDrawn(entry: KeyEntry, count: u32, withScores: bool): void {
  if (!count) return replyEmptyArray();
  const places: u32 = 2 << (32 - clz(count));
  if (!reserveOrReply(<f64>places * 4)) return;
  const table = scratchTake(places << 2);
  memory.fill(table, 0, places << 2);
  replyMembersHeader(count, withScores);
  const members = sortedSetCount(entry);
  for (let left = count; left;) {
    const rank = randomBelow(members);
    if (!enter(table, places, rank + 1)) continue;
    replyRank(entry, rank, withScores);
    left -= 1;
  }
}

/** Adds a number to the table; false when it is there already. */
function enter(table: usize, places: u32, number: u32): bool {
  let place = (number * 2654435761) & (places - 1);
  for (;;) {
    const there = load<u32>(table + (place << 2));
    if (there == number) return false;
    if (!there) break;
    place = (place + 1) & (places - 1);
  }
  store<u32>(table + (place << 2), number);
  return true;
}

export function registerSortedSetWalks(): void {
  command(zscan.index, "zscan", "sorted-set", "2.8.0", -3,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key cursor:integer pattern:pattern=MATCH? count:integer=COUNT? \
noscores:pure-token=NOSCORES?^8.0.0", "nondeterministic_output",
    "O(1) a call, O(N) for the whole sorted set",
    "Lists members with their scores in steps, going on at a cursor.");
  command(zrandmember.index, "zrandmember", "sorted-set", "6.2.0", -2,
    "readonly", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key options:block?(count:integer withscores:pure-token=WITHSCORES?)",
    "nondeterministic_output", "O(M log N) for M answers", "Answers members drawn at random.");
}

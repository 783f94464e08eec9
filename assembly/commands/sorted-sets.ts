/** Sorted sets: single members. The others are in sorted-set-*.ts. */

import { addKey, lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import {
  NOT_FLOAT, SCORE_NOT_A_NUMBER, SYNTAX, WRONG_TYPE, ZADD_GT_LT_NX, ZADD_INCR_PAIRS,
  ZADD_NX_WITH_XX, replyWrongArity,
} from "../protocol/errors";
import {
  replyArray, replyDouble, replyError, replyInteger, replyNull, replyNullArray,
} from "../protocol/reply";
import { Call, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { scoreOf } from "../values/geohash";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import {
  addMember, convertToSkiplist, createSortedSet, findMember, foundMember, memberBytesNeeded,
  rankOfFound, removeMember, setMemberScore, sortedSetCount,
} from "../values/sorted-set";
import { doubleOrReply, touchRemoved } from "./sorted-set-keys";
import { registerSortedSetAlgebra } from "./sorted-set-algebra";
import { registerSortedSetPops } from "./sorted-set-pops";
import { registerSortedSetRanges } from "./sorted-set-ranges";
import { registerSortedSetWalks } from "./sorted-set-walks";

export const enum AddFlag {
  NX = 1,
  XX = 2,
  GT = 4,
  LT = 8,
  CH = 16,
  INCR = 32,
}

/** What became of one pair. */
const enum Outcome {
  NOTHING = 0,
  /** Left alone because a condition did not hold. */
  REFUSED = 1,
  ADDED = 2,
  UPDATED = 3,
  NOT_A_NUMBER = 4,
}

/** Members so short come out of the memory that is always kept free. */
const OVERHEAD_BYTES: f64 = 128;

/** The flag that argument `index` is, 0 for none. */
function addFlag(call: Call, index: i32): u32 {
  if (call.is(index, "nx")) return AddFlag.NX;
  if (call.is(index, "xx")) return AddFlag.XX;
  if (call.is(index, "gt")) return AddFlag.GT;
  if (call.is(index, "lt")) return AddFlag.LT;
  if (call.is(index, "ch")) return AddFlag.CH;
  return call.is(index, "incr") ? AddFlag.INCR : 0;
}

function zadd(call: Call): void {
  add(call, 0);
}

function zincrby(call: Call): void {
  add(call, AddFlag.INCR);
}

function add(call: Call, preset: u32): void {
  let flags = preset;
  let first = 2;
  while (first < call.argumentCount) {
    const flag = addFlag(call, first);
    if (!flag) break;
    flags |= flag;
    first += 1;
  }
  const words = call.argumentCount - first;
  if (!words || words & 1) return replyError(SYNTAX);
  if (!mayCombine(flags, words)) return;
  for (let index = first; index < call.argumentCount; index += 2) {
    if (!doubleOrReply(call, index, NOT_FLOAT)) return;
  }
  addScored(call, flags, first, 2);
}

/** Whether these flags go together; false: the error is answered. */
function mayCombine(flags: u32, words: i32): bool {
  const isNew = (flags & AddFlag.NX) != 0;
  const isGreater = (flags & AddFlag.GT) != 0;
  const isLess = (flags & AddFlag.LT) != 0;
  if (isNew && flags & AddFlag.XX) {
    replyError(ZADD_NX_WITH_XX);
  } else if ((isNew && (isGreater || isLess)) || (isGreater && isLess)) {
    replyError(ZADD_GT_LT_NX);
  } else if (flags & AddFlag.INCR && words > 2) {
    replyError(ZADD_INCR_PAIRS);
  } else {
    return true;
  }
  return false;
}

/** Memory for the members from argument `member` on; false: the error is answered. */
function reservePairs(call: Call, entry: KeyEntry | null, member: i32, words: i32): bool {
  let bytes: f64 = 0;
  let longest: u32 = 0;
  for (let index = member; index < call.argumentCount; index += words) {
    const own = call.bytesOf(index);
    bytes += <f64>own + OVERHEAD_BYTES;
    longest = max(longest, own);
  }
  bytes *= 2;
  bytes += entry ? memberBytesNeeded(entry, longest) : <f64>call.bytesOf(1) + 8192 + longest * 2;
  return reserveOrReply(bytes);
}

/** The score of a member in `call.double`: one number that was checked, or two, a point. */
function readScore(call: Call, index: i32, words: i32): void {
  doubleOrReply(call, index, NOT_FLOAT);
  if (words == 2) return;
  const longitude = call.double;
  doubleOrReply(call, index + 1, NOT_FLOAT);
  call.double = scoreOf(longitude, call.double);
}

/** Adds members, each `words` arguments of which the last is its name, from `first` on. */
export function addScored(call: Call, flags: u32, first: i32, words: i32): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  if (!entry && flags & AddFlag.XX) {
    if (flags & AddFlag.INCR) return replyNull();
    return replyInteger(0);
  }
  const member = first + words - 1;
  if (!reservePairs(call, entry, member, words)) return;
  const pairs = <u32>((call.argumentCount - first) / words);
  const set = entry ? entry : addSortedSet(call, pairs, call.bytesOf(member));
  if (pairs > settings().sortedSetPackedEntries) convertToSkiplist(set);
  let added: u32 = 0;
  let updated: u32 = 0;
  let outcome: Outcome = Outcome.NOTHING;
  for (let index = first; index < call.argumentCount; index += words) {
    if (pairs > 1 || words > 2) readScore(call, index, words);
    outcome = addPair(call, set, flags, index + words - 1);
    if (outcome == Outcome.NOT_A_NUMBER) return replyError(SCORE_NOT_A_NUMBER);
    if (outcome == Outcome.ADDED) added += 1;
    else if (outcome == Outcome.UPDATED) updated += 1;
  }
  if (added + updated) {
    touchKey(call, call.at(1), call.bytesOf(1));
    notifyArgument(call, EventClass.SORTED_SET, flags & AddFlag.INCR ? "zincr" : "zadd", 1);
  }
  if (!(flags & AddFlag.INCR)) {
    return replyInteger(flags & AddFlag.CH ? added + updated : added);
  }
  if (outcome == Outcome.REFUSED) replyNull();
  else replyDouble(call.double);
}

/** A new key with an empty sorted set for `pairs` members, the first of `bytes` bytes. */
function addSortedSet(call: Call, pairs: u32, bytes: u32): KeyEntry {
  const limits = settings();
  const isSmall = pairs <= limits.sortedSetPackedEntries && bytes <= limits.sortedSetPackedBytes;
  const encoding = isSmall ? Encoding.LISTPACK : Encoding.SKIPLIST;
  const entry = addKey(
    call.database, call.at(1), call.bytesOf(1), Type.SORTED_SET, encoding, 4,
  );
  entry.reference = createSortedSet(encoding);
  return entry;
}

/** Adds or updates one member; its score is `call.double`, and the new one afterwards. */
function addPair(call: Call, set: KeyEntry, flags: u32, index: i32): Outcome {
  const address = call.at(index);
  const bytes = call.bytesOf(index);
  let score = call.double;
  if (!findMember(set, address, bytes)) {
    if (flags & AddFlag.XX) return Outcome.REFUSED;
    const limits = settings();
    addMember(
      set, score, address, bytes, limits.sortedSetPackedEntries, limits.sortedSetPackedBytes,
    );
    return Outcome.ADDED;
  }
  if (flags & AddFlag.NX) return Outcome.REFUSED;
  const current = foundMember().score;
  if (flags & AddFlag.INCR) {
    score += current;
    if (isNaN(score)) return Outcome.NOT_A_NUMBER;
    call.double = score;
  }
  if (flags & AddFlag.LT && score >= current) return Outcome.REFUSED;
  if (flags & AddFlag.GT && score <= current) return Outcome.REFUSED;
  if (score == current) return Outcome.NOTHING;
  setMemberScore(set, score, address, bytes);
  return Outcome.UPDATED;
}

function zscore(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  if (findMember(entry, call.at(2), call.bytesOf(2))) replyDouble(foundMember().score);
  else replyNull();
}

function zmscore(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  replyArray(call.argumentCount - 2);
  for (let index = 2; index < call.argumentCount; index++) {
    if (entry && findMember(entry, call.at(index), call.bytesOf(index))) {
      replyDouble(foundMember().score);
    } else {
      replyNull();
    }
  }
}

function zcard(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  replyInteger(sortedSetCount(entry));
}

function zrem(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  let removed: u32 = 0;
  for (let index = 2; index < call.argumentCount; index++) {
    if (!findMember(entry, call.at(index), call.bytesOf(index))) continue;
    removeMember(entry);
    removed += 1;
    if (!sortedSetCount(entry)) break;
  }
  if (removed) touchRemoved(call, 1, entry, "zrem");
  replyInteger(removed);
}

function rank(call: Call, isReverse: bool): void {
  if (call.argumentCount > 4) {
    return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  }
  const withScore = call.argumentCount == 4;
  if (withScore && !call.is(3, "withscore")) return replyError(SYNTAX);
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
  if (!entry || !findMember(entry, call.at(2), call.bytesOf(2))) {
    if (withScore) return replyNullArray();
    return replyNull();
  }
  if (withScore) replyArray(2);
  const place = rankOfFound(entry);
  replyInteger(isReverse ? sortedSetCount(entry) - 1 - place : place);
  if (withScore) replyDouble(foundMember().score);
}

function zrank(call: Call): void {
  rank(call, false);
}

function zrevrank(call: Call): void {
  rank(call, true);
}

export function registerSortedSets(): void {
  command(zadd.index, "zadd", "sorted-set", "1.2.0", -4,
    "write denyoom fast", "sortedset", "index 1 range 0 1 0 : rw update",
    "key:key condition:oneof?^3.0.2(nx:pure-token=NX xx:pure-token=XX) \
comparison:oneof?^6.2.0(gt:pure-token=GT lt:pure-token=LT) change:pure-token=CH?^3.0.2 \
increment:pure-token=INCR?^3.0.2 score_member:block*(score:double member:string)",
    "", "O(log N) for each member", "Adds members to a sorted set or gives them other scores.");
  command(zincrby.index, "zincrby", "sorted-set", "1.2.0", 4,
    "write denyoom fast", "sortedset", "index 1 range 0 1 0 : rw access update",
    "key:key increment:integer member:string",
    "", "O(log N)", "Adds to the score of a member; a missing one counts as 0.");
  command(zscore.index, "zscore", "sorted-set", "1.2.0", 3,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro access", "key:key member:string",
    "", "O(1)", "Tells the score of a member.");
  command(zmscore.index, "zmscore", "sorted-set", "6.2.0", -3,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro access", "key:key member:string*",
    "", "O(N) in the number of members asked for", "Tells the scores of several members.");
  command(zcard.index, "zcard", "sorted-set", "1.2.0", 2,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro", "key:key",
    "", "O(1)", "Counts the members of a sorted set.");
  command(zrem.index, "zrem", "sorted-set", "1.2.0", -3,
    "write fast", "sortedset", "index 1 range 0 1 0 : rw delete", "key:key member:string*",
    "", "O(log N) for each member", "Removes members from a sorted set.");
  command(zrank.index, "zrank", "sorted-set", "2.0.0", -3,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key member:string withscore:pure-token=WITHSCORE?^7.2.0",
    "", "O(log N)", "Tells how many members come before one.");
  command(zrevrank.index, "zrevrank", "sorted-set", "2.0.0", -3,
    "readonly fast", "sortedset", "index 1 range 0 1 0 : ro access",
    "key:key member:string withscore:pure-token=WITHSCORE?^7.2.0",
    "", "O(log N)", "Tells how many members come behind one.");
  registerSortedSetRanges();
  registerSortedSetAlgebra();
  registerSortedSetPops();
  registerSortedSetWalks();
}

/**
 * HRANDFIELD: fields drawn at random.
 *
 *   one, or a negative count   each draw is fair and forgets the others
 *   as many as there are       all of them, in order
 *   a few of a large table     draws, those that came before are drawn again (`Drawn`)
 *   else                       one pass: a field is taken with the chance (wanted left) / (fields
 *                              left), which makes every choice of fields equally likely
 *
 * A draw from a table is O(1); from a packed hash it walks there.
 */

import { lookupRead } from "../keyspace/database";
import { reserve } from "../memory/allocator";
import { nextObservation } from "../memory/root";
import { scratchLeft, scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  OUT_OF_MEMORY, SYNTAX, VALUE_OUT_OF_RANGE, WRONG_TYPE, replyOutsideRange,
} from "../protocol/errors";
import {
  protocol, replyArray, replyBulk, replyEmptyArray, replyError, replyNull,
} from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import { command } from "../server/table";
import { randomReference } from "../structures/hash-table";
import { packedAt, packedNext } from "../structures/packed-list";
import {
  HashWalk, hashBody, hashCount, hashTableOf, isPackedHash, nextField, openWalk,
} from "../values/hash";
import { HashField } from "../values/hash-field";
import { fieldStride } from "../values/hash-times";
import { KeyEntry, Type } from "../values/key-entry";
import { replyPacked } from "./hash-values";

/** One pass instead of draws when more than a third is wanted. */
const PASS_FACTOR: u32 = 3;
/** Largest number of answers: more could not be counted, let alone sent. */
const ANSWERS_MAXIMUM: i64 = 0x3fffffff;

/** A number below `limit`, all of them equally likely but for 2^-32. */
// @ts-ignore: decorator
@inline
function randomBelow(limit: u32): u32 {
  return <u32>(((nextObservation() >> 32) * <u64>limit) >> 32);
}

function hrandfield(call: Call): void {
  if (call.argumentCount == 2) return replyOne(call);
  if (!integerOrReply(call, 2)) return;
  const count = call.integer;
  if (count == i64.MIN_VALUE) return replyOutsideRange(-i64.MAX_VALUE, i64.MAX_VALUE);
  const withValues = call.argumentCount == 4 && call.is(3, "withvalues");
  if (call.argumentCount > 3 && !withValues) return replyError(SYNTAX);
  const half = i64.MAX_VALUE / 2;
  if (withValues && (count < -half || count > half)) return replyError(VALUE_OUT_OF_RANGE);
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyArray();
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  if (count < -ANSWERS_MAXIMUM) return replyError(VALUE_OUT_OF_RANGE);
  if (count < 0) replyDraws(entry, <u32>-count, withValues);
  else if (count >= <i64>hashCount(entry)) replySample(entry, hashCount(entry), withValues);
  else replySome(entry, <u32>count, withValues);
}

function replyOne(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  replyDraw(entry, false);
}

/** The array that `count` answers go into. */
function replyAnswers(count: u32, withValues: bool): void {
  replyArray(withValues && protocol() != 3 ? count << 1 : count);
}

/** RESP3 has each field and its value in an array of their own. */
// @ts-ignore: decorator
@inline
function replyPair(withValues: bool): void {
  if (withValues && protocol() == 3) replyArray(2);
}

/** Answers a field that is drawn. */
function replyDraw(entry: KeyEntry, withValue: bool): void {
  if (!isPackedHash(entry)) {
    return replyElement(randomReference(hashTableOf(entry), nextObservation()), withValue);
  }
  const list = hashBody(entry);
  const field = packedAt(list, <i32>(randomBelow(hashCount(entry)) * fieldStride(entry)));
  replyPair(withValue);
  replyPacked(field);
  if (withValue) replyPacked(packedNext(list, field));
}

function replyElement(address: usize, withValue: bool): void {
  const field = changetype<HashField>(address);
  replyPair(withValue);
  replyBulk(field.keyAddress, field.keyBytes);
  if (withValue) replyBulk(field.valueAddress, field.valueBytes);
}

function replyDraws(entry: KeyEntry, count: u32, withValues: bool): void {
  replyAnswers(count, withValues);
  for (let left = count; left; left--) replyDraw(entry, withValues);
}

/** Answers `count` different fields in one pass. */
function replySample(entry: KeyEntry, count: u32, withValues: bool): void {
  const mark = scratchMark();
  const walk = openWalk(entry);
  let fields = hashCount(entry);
  let wanted = count;
  replyAnswers(count, withValues);
  while (wanted && nextField(walk)) {
    if (wanted == fields || randomBelow(fields) < wanted) {
      replyField(walk, withValues);
      wanted -= 1;
    }
    fields -= 1;
  }
  scratchRelease(mark);
}

function replyField(walk: HashWalk, withValue: bool): void {
  replyPair(withValue);
  replyBulk(walk.field, walk.fieldBytes);
  if (withValue) replyBulk(walk.value, walk.valueBytes);
}

/** Answers `count` different fields, fewer than there are. */
function replySome(entry: KeyEntry, count: u32, withValues: bool): void {
  if (isPackedHash(entry) || count * PASS_FACTOR > hashCount(entry)) {
    return replySample(entry, count, withValues);
  }
  const slots: u32 = count ? 2 << (32 - clz(count)) : 2;
  if (scratchLeft() < slots << 2 && !reserve(slots << 2)) return replyError(OUT_OF_MEMORY);
  const mark = scratchMark();
  const drawn = scratchTake(slots << 2);
  memory.fill(drawn, 0, slots << 2);
  replyAnswers(count, withValues);
  for (let left = count; left;) {
    const address = randomReference(hashTableOf(entry), nextObservation());
    if (!addDrawn(drawn, slots - 1, <u32>address)) continue;
    replyElement(address, withValues);
    left -= 1;
  }
  scratchRelease(mark);
}

/** Notes a drawn element in a table with room for twice as many; false when it is there. */
function addDrawn(drawn: usize, mask: u32, address: u32): bool {
  let slot = ((address * 0x9e3779b1) >> 8) & mask;
  while (true) {
    const place: usize = drawn + (slot << 2);
    const there = load<u32>(place);
    if (there == address) return false;
    if (!there) {
      store<u32>(place, address);
      return true;
    }
    slot = (slot + 1) & mask;
  }
}

export function registerHashRandom(): void {
  command(hrandfield.index, "hrandfield", "hash", "6.2.0", -2, "readonly", "hash",
    "index 1 range 0 1 0 : ro access",
    "key:key options:block?(count:integer withvalues:pure-token=WITHVALUES?)",
    "nondeterministic_output", "O(N) in the number of fields answered",
    "Draws fields of a hash at random.");
}

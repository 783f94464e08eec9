/**
 * BITOP: strings combined bit by bit into another key.
 *
 * The result is made apart and then set, so that the destination may be one of the sources. The
 * combinations that Redis 7.0 does not know leave an effect that says what came out.
 */

import { deleteKey, lookupRead, lookupWrite } from "../keyspace/database";
import {
  effectBytes, effectDelete, effectInteger, effectLiteral, effectStart,
} from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { setBlock, setText, stringBytesNeeded } from "../keyspace/strings";
import { Arena, allocate } from "../memory/allocator";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { BITOP_NOT_SOURCES, SYNTAX, WRONG_TYPE, replyBitopSources } from "../protocol/errors";
import { replyError, replyInteger } from "../protocol/reply";
import { Call, renderNothing, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted, notifyReplacing } from "../server/notifications";
import { command } from "../server/table";
import { Combination, PIECE_BYTES, combine } from "../values/bitmap";
import {
  EMBEDDED_BYTES_MAXIMUM, EMBSTR_BYTES_MAXIMUM, Encoding, Type,
} from "../values/key-entry";
import { INTEGER_TEXT_BYTES, stringAddress, stringBytes } from "../values/string";

/** First argument that names a source. */
const FIRST: i32 = 3;
/** A source's address and length, and room for an integer's text. */
const SOURCE_BYTES: u32 = 8 + INTEGER_TEXT_BYTES;

function combinationOf(call: Call): Combination {
  if (call.is(1, "AND")) return Combination.AND;
  if (call.is(1, "OR")) return Combination.OR;
  if (call.is(1, "XOR")) return Combination.XOR;
  if (call.is(1, "NOT")) return Combination.NOT;
  if (call.is(1, "DIFF")) return Combination.DIFF;
  if (call.is(1, "DIFF1")) return Combination.DIFF1;
  if (call.is(1, "ANDOR")) return Combination.ANDOR;
  return call.is(1, "ONE") ? Combination.ONE : Combination.NONE;
}

/** What the first argument asks for; NONE: the error is answered. */
function combinationOrReply(call: Call): Combination {
  const what = combinationOf(call);
  if (what == Combination.NONE) {
    replyError(SYNTAX);
  } else if (what == Combination.NOT && call.argumentCount != 4) {
    replyError(BITOP_NOT_SOURCES);
  } else if (what >= Combination.DIFF && what <= Combination.ANDOR && call.argumentCount < 5) {
    const name = what == Combination.DIFF ? "DIFF" : what == Combination.DIFF1 ? "DIFF1" : "ANDOR";
    replyBitopSources(name);
  } else {
    return what;
  }
  return Combination.NONE;
}

function bitop(call: Call): void {
  const what = combinationOrReply(call);
  if (what == Combination.NONE) return;
  const count = <u32>(call.argumentCount - FIRST);
  // Sources, the spare piece, and what a scratch chunk takes besides.
  if (!reserveOrReply(<f64>count * <f64>SOURCE_BYTES + <f64>PIECE_BYTES + 131072.0)) return;
  const mark = scratchMark();
  const sources = scratchTake(count * SOURCE_BYTES);
  if (findSources(call, sources, count)) {
    const bytes = longest(sources, count);
    if (bytes) combineInto(call, what, bytes, sources, count);
    else combineNothing(call);
  }
  scratchRelease(mark);
}

/** Looks the sources up; false: the error is answered. */
function findSources(call: Call, sources: usize, count: u32): bool {
  const numbers = sources + (<usize>count << 3);
  for (let index: u32 = 0; index < count; index++) {
    const name = FIRST + <i32>index;
    const source = sources + (<usize>index << 3);
    const entry = lookupRead(call.database, call.at(name), call.bytesOf(name));
    store<u32>(source, 0);
    store<u32>(source, 0, 4);
    if (!entry) continue;
    if (entry.type != Type.STRING) {
      replyError(WRONG_TYPE);
      return false;
    }
    const number = numbers + <usize>index * INTEGER_TEXT_BYTES;
    store<u32>(source, stringBytes(entry, number), 4);
    store<u32>(source, <u32>stringAddress(entry, number));
  }
  return true;
}

function longest(sources: usize, count: u32): u32 {
  let bytes: u32 = 0;
  for (let index: u32 = 0; index < count; index++) {
    bytes = max(bytes, load<u32>(sources + (<usize>index << 3), 4));
  }
  return bytes;
}

/** All sources are empty: so is the result, and no key holds that. */
function combineNothing(call: Call): void {
  if (deleteKey(call.database, call.at(2), call.bytesOf(2))) {
    touchKey(call, call.at(2), call.bytesOf(2));
    notifyDeleted(call, 2);
    renderNothing(call);
    effectDelete(call.database.number, call.at(2), call.bytesOf(2));
  }
  replyInteger(0);
}

function combineInto(
  call: Call, what: Combination, bytes: u32, sources: usize, count: u32,
): void {
  const keyBytes = call.bytesOf(2);
  if (!reserveOrReply(stringBytesNeeded(bytes) + <f64>keyBytes * 2 + 16384.0)) return;
  const spare = scratchTake(PIECE_BYTES);
  const isShort = bytes <= EMBEDDED_BYTES_MAXIMUM;
  const result = isShort ? scratchTake(bytes) : allocate(Arena.DATA, bytes);
  combine(what, result, bytes, sources, count, spare);
  const existed = lookupWrite(call.database, call.at(2), keyBytes) != null;
  notifyReplacing(call, Type.STRING, 2);
  if (isShort) {
    const entry = setText(call.database, call.at(2), keyBytes, result, bytes, false);
    entry.setKind(Type.STRING, Encoding.EMBEDDED_RAW);
  } else {
    setBlock(call.database, call.at(2), keyBytes, result, bytes, false);
  }
  touchKey(call, call.at(2), keyBytes);
  notifyArgument(call, EventClass.STRING, "set", 2);
  if (what >= Combination.DIFF) renderResult(call, existed, result, bytes);
  replyInteger(bytes);
}

/** What came out, as commands that leave it encoded as BITOP does: SET would shorten short ones. */
function renderResult(call: Call, existed: bool, result: usize, bytes: u32): void {
  const database = call.database.number;
  renderNothing(call);
  const isShort = bytes <= EMBSTR_BYTES_MAXIMUM;
  if (isShort && existed) effectDelete(database, call.at(2), call.bytesOf(2));
  if (!effectStart(database, isShort ? 4 : 3)) return;
  if (isShort) effectLiteral("SETRANGE");
  else effectLiteral("SET");
  effectBytes(call.at(2), call.bytesOf(2));
  if (isShort) effectInteger(0);
  effectBytes(result, bytes);
}

export function registerBitmapCombinations(): void {
  command(bitop.index, "bitop", "bitmap", "2.6.0", -4,
    "write denyoom", "bitmap",
    "index 2 range 0 1 0 : ow update ; index 3 range -1 1 0 : ro access",
    "operation:oneof(and:pure-token=AND or:pure-token=OR xor:pure-token=XOR not:pure-token=NOT \
diff:pure-token=DIFF^8.2.0 diff1:pure-token=DIFF1^8.2.0 andor:pure-token=ANDOR^8.2.0 \
one:pure-token=ONE^8.2.0) destkey:key key:key*@1",
    "", "O(N) in the bytes of all strings",
    "Combines strings bit by bit and sets a key to the result.");
}

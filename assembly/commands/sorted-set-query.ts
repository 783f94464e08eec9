/**
 * Ranges of sorted sets: how they are asked for, and the ranks that they are.
 *
 * Every range, by rank, score or bytes, forward or reverse, with a limit or not, becomes the ranks
 * `first` to `first + count - 1`, so that what is done with it (answer, count, remove, store) is
 * written once.
 *
 *   SERVER root + 0x3b00  the RangeQuery of the command in service
 */

import { SERVER_ROOT } from "../abi";
import { BYTES_RANGE, NOT_INTEGER, SCORE_RANGE } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import { parseDouble } from "../text/doubles";
import { parseInteger } from "../text/integers";
import { SCANNED_NUMBER_BYTES, Scanned, ScannedNumber, scanNumber } from "../text/scan";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { KeyEntry } from "../values/key-entry";
import { rankOfBytes, rankOfScore, sortedSetCount } from "../values/sorted-set";

export const enum RangeBy {
  RANK = 0,
  SCORE = 1,
  BYTES = 2,
}

const enum End {
  /** A score, or bytes, that belong to the range. */
  INCLUSIVE = 0,
  EXCLUSIVE = 1,
  /** "-" and "+" of ranges by bytes. */
  LOWEST = 2,
  HIGHEST = 3,
}

@unmanaged
export class RangeQuery {
  lowScore: f64;
  highScore: f64;
  /** Ranks as they were given. */
  lowRank: i64;
  highRank: i64;
  offset: i64;
  limit: i64;
  by: RangeBy;
  reverse: u32;
  withScores: u32;
  lowEnd: End;
  highEnd: End;
  lowAddress: u32;
  lowBytes: u32;
  highAddress: u32;
  highBytes: u32;
  /** The answer of `resolveRange`: the first member's rank, and how many from there upward. */
  first: u32;
  count: u32;
  /** Sum of what was fetched before it was needed, so that no compiler drops the loads. */
  touched: u64;
}

// @ts-ignore: decorator
@inline
export function rangeQuery(): RangeQuery {
  return changetype<RangeQuery>(SERVER_ROOT + 0x3b00);
}

/** A query of this kind without a limit. */
export function clearRange(by: RangeBy): RangeQuery {
  const query = rangeQuery();
  query.by = by;
  query.reverse = 0;
  query.withScores = 0;
  query.offset = 0;
  query.limit = -1;
  return query;
}

// ---- Parsing -----------------------------------------------------------------------------------

/** Reads the two ends from arguments `low` and `high`; false: the error is answered. */
export function endsOrReply(call: Call, query: RangeQuery, low: i32, high: i32): bool {
  if (query.by == RangeBy.RANK) {
    if (!integerOrReply(call, low)) return false;
    query.lowRank = call.integer;
    if (!integerOrReply(call, high)) return false;
    query.highRank = call.integer;
    return true;
  }
  if (query.by == RangeBy.SCORE) {
    if (parseScoreEnd(call, low, query, false)) {
      if (parseScoreEnd(call, high, query, true)) return true;
    }
    replyError(SCORE_RANGE);
    return false;
  }
  if (parseBytesEnd(call, low, query, false)) {
    if (parseBytesEnd(call, high, query, true)) return true;
  }
  replyError(BYTES_RANGE);
  return false;
}

function parseScoreEnd(call: Call, index: i32, query: RangeQuery, isHigh: bool): bool {
  let address = call.at(index);
  let bytes = call.bytesOf(index);
  const isExclusive = bytes != 0 && load<u8>(address) == 0x28;
  if (isExclusive) {
    address += 1;
    bytes -= 1;
  }
  if (!parseLoosely(call, address, bytes)) return false;
  const end = isExclusive ? End.EXCLUSIVE : End.INCLUSIVE;
  if (isHigh) {
    query.highScore = call.double;
    query.highEnd = end;
  } else {
    query.lowScore = call.double;
    query.lowEnd = end;
  }
  return true;
}

/** As C's strtod reads a whole text: blanks may lead, nothing is 0, too large is infinite. */
function parseLoosely(call: Call, start: usize, startBytes: u32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("double");
  let address = start;
  let bytes: u32 = 0;
  if (startBytes > 0x7fffffff) return false;
  while (bytes < startBytes && load<u8>(start + bytes)) bytes += 1;
  if (parseDouble(address, bytes, out)) return true;
  call.double = 0;
  if (!bytes) return true;
  while (bytes && (load<u8>(address) == 0x20 || <u32>load<u8>(address) - 9 < 5)) {
    address += 1;
    bytes -= 1;
  }
  return parseDouble(address, bytes, out) || parseBeyond(call, address, bytes);
}

/** A number that no double holds: infinite, or 0 when it is that small. */
function parseBeyond(call: Call, address: usize, bytes: u32): bool {
  const mark = scratchMark();
  const number = changetype<ScannedNumber>(scratchTake(SCANNED_NUMBER_BYTES));
  scanNumber(address, bytes, number);
  const isNumber = number.kind != Scanned.REFUSED;
  const size: f64 = number.exponent + number.digits > 0 ? Infinity : 0;
  if (isNumber) call.double = number.isNegative ? -size : size;
  scratchRelease(mark);
  return isNumber;
}

function parseBytesEnd(call: Call, index: i32, query: RangeQuery, isHigh: bool): bool {
  const address = call.at(index);
  const bytes = call.bytesOf(index);
  if (!bytes) return false;
  let end: End;
  switch (<u32>load<u8>(address)) {
    case 0x5b: // [
      end = End.INCLUSIVE;
      break;
    case 0x28: // (
      end = End.EXCLUSIVE;
      break;
    case 0x2d: // -
      end = End.LOWEST;
      break;
    case 0x2b: // +
      end = End.HIGHEST;
      break;
    default:
      return false;
  }
  if (end >= End.LOWEST && bytes > 1 && load<u8>(address + 1)) return false;
  if (isHigh) {
    query.highEnd = end;
    query.highAddress = <u32>(address + 1);
    query.highBytes = bytes - 1;
  } else {
    query.lowEnd = end;
    query.lowAddress = <u32>(address + 1);
    query.lowBytes = bytes - 1;
  }
  return true;
}

/** OFFSET and COUNT after LIMIT at argument `index`; false: the error is answered. */
export function limitOrReply(call: Call, query: RangeQuery, index: i32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  for (let at = index + 1; at <= index + 2; at++) {
    if (!parseInteger(call.at(at), call.bytesOf(at), out)) {
      replyError(NOT_INTEGER);
      return false;
    }
    if (at == index + 1) query.offset = call.integer;
    else query.limit = call.integer;
  }
  return true;
}

// ---- Resolving ---------------------------------------------------------------------------------

/** Finds the ranks of a query in a sorted set: `first` and `count`. */
export function resolveRange(entry: KeyEntry, query: RangeQuery): void {
  query.first = 0;
  query.count = 0;
  if (query.by == RangeBy.RANK) return resolveRanks(entry, query);
  let low = query.by == RangeBy.SCORE
    ? rankOfScore(entry, query.lowScore, query.lowEnd == End.EXCLUSIVE)
    : rankOfBytesEnd(entry, query.lowEnd, query.lowAddress, query.lowBytes, false);
  let high = query.by == RangeBy.SCORE
    ? rankOfScore(entry, query.highScore, query.highEnd == End.INCLUSIVE)
    : rankOfBytesEnd(entry, query.highEnd, query.highAddress, query.highBytes, true);
  if (low >= high || query.offset < 0 || query.offset >= <i64>(high - low)) return;
  if (query.reverse) high -= <u32>query.offset;
  else low += <u32>query.offset;
  let count = high - low;
  if (query.limit >= 0 && query.limit < <i64>count) count = <u32>query.limit;
  query.first = query.reverse ? high - count : low;
  query.count = count;
}

function rankOfBytesEnd(
  entry: KeyEntry, end: End, address: usize, bytes: u32, isHigh: bool,
): u32 {
  if (end == End.LOWEST) return 0;
  if (end == End.HIGHEST) return sortedSetCount(entry);
  return rankOfBytes(entry, address, bytes, (end == End.INCLUSIVE) == isHigh);
}

function resolveRanks(entry: KeyEntry, query: RangeQuery): void {
  const members = <i64>sortedSetCount(entry);
  let low = query.lowRank;
  let high = query.highRank;
  if (low < 0) low = max<i64>(low + members, 0);
  if (high < 0) high += members;
  if (high >= members) high = members - 1;
  if (low > high) return;
  query.count = <u32>(high - low + 1);
  query.first = query.reverse ? <u32>(members - 1 - high) : <u32>low;
}

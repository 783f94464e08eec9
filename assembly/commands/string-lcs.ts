/**
 * LCS: the longest common subsequence of two strings.
 *
 * The usual table of lengths is needed twice: row by row to fill it, and backwards to find one of
 * the longest subsequences. Backwards only one question is asked of a cell, whether the length
 * above it is greater than the one to its left, so the table keeps a bit per cell and one row of
 * lengths.
 *
 *   scratch   [ lengths of a row: u32 per byte of b | bits: a row per byte of a ]
 *   a row of bits takes ceil((b + 1) / 8) bytes
 *
 * What Redis would need, four bytes a cell, decides when it refuses: clients must see the same
 * limit.
 */

import { lookupRead } from "../keyspace/database";
import { scratchLeft, scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  LCS_LENGTH_AND_INDEXES, LCS_NOT_STRINGS, LCS_OUT_OF_MEMORY, LCS_TOO_LONG, SYNTAX,
} from "../protocol/errors";
import { SERVER_ROOT } from "../abi";
import {
  replyArray, replyBulk, replyBulkText, replyError, replyInteger, replyMap,
} from "../protocol/reply";
import { Call, integerOrReply, reserveOrReply } from "../server/call";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { NUMBER, SECOND_NUMBER } from "./string-compare";

@unmanaged
class Lcs {
  /** The two strings. */
  a: usize;
  aBytes: u32;
  b: usize;
  bBytes: u32;
  /** Row of lengths, then the bits; 0 = no bits are kept. */
  lengths: usize;
  bits: usize;
  rowBytes: u32;
  /** Length of the subsequence. */
  length: u32;
  /** Options. */
  wantsLength: bool;
  wantsIndexes: bool;
  wantsMatchLengths: bool;
  leastMatch: i64;
}

// @ts-ignore: decorator
@inline
function state(): Lcs {
  return changetype<Lcs>(SERVER_ROOT + 0x3f80);
}

function lcs(call: Call): void {
  const self = state();
  if (!readStrings(call, self) || !readOptions(call, self)) return;
  if (self.aBytes >= 0xfffffffe || self.bBytes >= 0xfffffffe) return replyError(LCS_TOO_LONG);
  const cells = <f64>(<u64>self.aBytes + 1) * <f64>(<u64>self.bBytes + 1);
  if (cells * 4 > settings().bulkBytesMaximum) return replyError(LCS_OUT_OF_MEMORY);
  const mark = scratchMark();
  if (takeTable(self)) {
    fillTable(self);
    replyResult(self);
  }
  scratchRelease(mark);
}

function readStrings(call: Call, self: Lcs): bool {
  const first = lookupRead(call.database, call.at(1), call.bytesOf(1));
  const isText = !first || first.type == Type.STRING;
  self.aBytes = first && isText ? stringBytes(first, NUMBER) : 0;
  self.a = first && isText ? stringAddress(first, NUMBER) : NUMBER;
  // The second lookup may remove what has expired, never what the first one found, except itself.
  const second = lookupRead(call.database, call.at(2), call.bytesOf(2));
  if (!isText || (second && second.type != Type.STRING)) {
    replyError(LCS_NOT_STRINGS);
    return false;
  }
  self.bBytes = second ? stringBytes(second, SECOND_NUMBER) : 0;
  self.b = second ? stringAddress(second, SECOND_NUMBER) : SECOND_NUMBER;
  return true;
}

function readOptions(call: Call, self: Lcs): bool {
  self.wantsLength = false;
  self.wantsIndexes = false;
  self.wantsMatchLengths = false;
  self.leastMatch = 0;
  for (let index = 3; index < call.argumentCount; index++) {
    if (call.is(index, "IDX")) {
      self.wantsIndexes = true;
    } else if (call.is(index, "LEN")) {
      self.wantsLength = true;
    } else if (call.is(index, "WITHMATCHLEN")) {
      self.wantsMatchLengths = true;
    } else if (call.is(index, "MINMATCHLEN") && index + 1 < call.argumentCount) {
      index += 1;
      if (!integerOrReply(call, index)) return false;
      self.leastMatch = call.integer;
    } else {
      replyError(SYNTAX);
      return false;
    }
  }
  if (!self.wantsIndexes || !self.wantsLength) return true;
  replyError(LCS_LENGTH_AND_INDEXES);
  return false;
}

/** Memory for the row and, unless only the length is wanted, the bits. */
function takeTable(self: Lcs): bool {
  self.lengths = 0;
  self.bits = 0;
  self.rowBytes = (self.bBytes >> 3) + 1;
  if (!self.aBytes || !self.bBytes) return true;
  const row: f64 = (<f64>self.bBytes + 1) * 4;
  const bits: f64 = self.wantsLength ? 0 : <f64>self.rowBytes * <f64>self.aBytes;
  if (row + bits + 64 > <f64>scratchLeft() && !reserveOrReply(row + bits + 131072)) return false;
  self.lengths = scratchTake(<u32>row);
  if (!self.wantsLength) self.bits = scratchTake(<u32>bits);
  return true;
}

// @ts-ignore: decorator
@inline
function markUp(bits: usize, j: u32): void {
  const at = bits + (j >> 3);
  store<u8>(at, <u32>load<u8>(at) | (1 << (j & 7)));
}

/**
 * Fills the row once per byte of `a`; a bit is set where the length above beats the one to the
 * left.
 */
function fillTable(self: Lcs): void {
  self.length = 0;
  if (!self.lengths) return;
  const b = self.b;
  const bBytes = self.bBytes;
  const lengths = self.lengths;
  memory.fill(lengths, 0, (bBytes + 1) << 2);
  let bits = self.bits;
  if (bits) memory.fill(bits, 0, self.rowBytes * self.aBytes);
  for (let i: u32 = 0; i < self.aBytes; i++) {
    const byte: u32 = load<u8>(self.a + i);
    let diagonal: u32 = 0;
    let left: u32 = 0;
    for (let j: u32 = 0; j < bBytes; j++) {
      const cell = lengths + ((j + 1) << 2);
      const above = load<u32>(cell);
      if (load<u8>(b + j) == byte) {
        left = diagonal + 1;
      } else if (above > left) {
        left = above;
        if (bits) markUp(bits, j);
      }
      store<u32>(cell, left);
      diagonal = above;
    }
    if (bits) bits += self.rowBytes;
  }
  self.length = load<u32>(lengths + (bBytes << 2));
}

function replyResult(self: Lcs): void {
  if (self.wantsIndexes) {
    replyMap(2);
    replyBulkText("matches");
    replyArray(walkMatches(self, false));
    walkMatches(self, true);
    replyBulkText("len");
    replyInteger(self.length);
  } else if (self.wantsLength) {
    replyInteger(self.length);
  } else {
    replyText(self);
  }
}

/** The step back from (i, j) where the bytes differ: true = to the row above. */
// @ts-ignore: decorator
@inline
function goesUp(self: Lcs, i: u32, j: u32): bool {
  const row = self.bits + (i - 1) * self.rowBytes;
  return (load<u8>(row + ((j - 1) >> 3)) & (1 << ((j - 1) & 7))) != 0;
}

/** Writes the subsequence from its end, into the row of lengths, which is no longer needed. */
function replyText(self: Lcs): void {
  let i = self.aBytes;
  let j = self.bBytes;
  let left = self.length;
  while (left) {
    const byte: u32 = load<u8>(self.a + i - 1);
    if (byte == <u32>load<u8>(self.b + j - 1)) {
      left -= 1;
      store<u8>(self.lengths + left, byte);
      i -= 1;
      j -= 1;
    } else if (goesUp(self, i, j)) {
      i -= 1;
    } else {
      j -= 1;
    }
  }
  replyBulk(self.lengths, self.length);
}

/** Counts, or answers, the stretches that match in both strings, last one first. */
function walkMatches(self: Lcs, answers: bool): u32 {
  let i = self.aBytes;
  let j = self.bBytes;
  let matches: u32 = 0;
  while (i && j) {
    let stretch: u32 = 0;
    while (i && j && load<u8>(self.a + i - 1) == load<u8>(self.b + j - 1)) {
      stretch += 1;
      i -= 1;
      j -= 1;
    }
    if (stretch && (self.leastMatch <= 0 || <i64>stretch >= self.leastMatch)) {
      matches += 1;
      if (answers) replyMatch(self, i, j, stretch);
    }
    if (!i || !j) break;
    if (goesUp(self, i, j)) i -= 1;
    else j -= 1;
  }
  return matches;
}

function replyMatch(self: Lcs, i: u32, j: u32, stretch: u32): void {
  replyArray(self.wantsMatchLengths ? 3 : 2);
  replyArray(2);
  replyInteger(i);
  replyInteger(<i64>i + stretch - 1);
  replyArray(2);
  replyInteger(j);
  replyInteger(<i64>j + stretch - 1);
  if (self.wantsMatchLengths) replyInteger(stretch);
}

export function registerStringLcs(): void {
  command(lcs.index, "lcs", "string", "7.0.0", -3,
    "readonly", "string", "index 1 range 1 1 0 : ro access",
    "key1:key key2:key len:pure-token=LEN? idx:pure-token=IDX? min-match-len:integer=MINMATCHLEN? \
withmatchlen:pure-token=WITHMATCHLEN?",
    "", "O(N*M) in the lengths of the two strings",
    "Finds the longest sequence of bytes that two strings have in common.");
}

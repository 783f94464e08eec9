/**
 * DEBUG POPULATE count [prefix [size]]: many keys at once, for tests of what is large.
 *
 * Keys that exist are left alone. All memory is promised before the first key is added, so that a
 * refusal changes nothing. Unlike Redis the keys are rendered as effects: a log that has not seen
 * them would not restore what was served.
 */

import { effectBytes, effectLiteral } from "../keyspace/effects";
import { lookupWrite } from "../keyspace/database";
import { setString, stringBytesNeeded } from "../keyspace/strings";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { NOT_POSITIVE } from "../protocol/errors";
import { replyError, replyOk } from "../protocol/reply";
import { Call, renderInstead, reserveOrReply, touchKey } from "../server/call";
import { parseInteger, writeInteger } from "../text/integers";
import { writeLiteral } from "../text/case";

/** Digits and punctuation of "prefix:number" and "value:number". */
const TEXT_BYTES: u32 = 32;
/** Entry head, table slot, growth of the table. */
const KEY_OVERHEAD_BYTES: f64 = 48;
const COUNT_MAXIMUM: i64 = i64.MAX_VALUE;

/** Argument `index` as a number from 0 on in `call.integer`; false: the error is answered. */
function countOrReply(call: Call, index: i32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  const isNumber = parseInteger(call.at(index), call.bytesOf(index), out);
  if (isNumber && call.integer >= 0 && call.integer <= COUNT_MAXIMUM) return true;
  replyError(NOT_POSITIVE);
  return false;
}

/** Bytes to promise for one key with its value. */
function bytesPerKey(keyBytes: u32, valueBytes: f64): f64 {
  const key = <f64>keyBytes + KEY_OVERHEAD_BYTES;
  return valueBytes < 256 ? key + valueBytes : key + stringBytesNeeded(<u32>valueBytes);
}

export function debugPopulate(call: Call): void {
  if (!countOrReply(call, 2)) return;
  const count = call.integer;
  let size: i64 = -1;
  if (call.argumentCount == 5) {
    if (!countOrReply(call, 4)) return;
    size = call.integer;
  }
  const prefixBytes: u32 = call.argumentCount > 3 ? call.bytesOf(3) : 3;
  const valueBytes = size >= 0 ? <f64>size : <f64>TEXT_BYTES;
  const room = <f64>prefixBytes + max(valueBytes, <f64>TEXT_BYTES) + 256;
  if (valueBytes > 4294967295.0 || <f64>count > 4294967295.0) {
    reserveOrReply(4294967295.0);
    return;
  }
  const needed = <f64>count * bytesPerKey(prefixBytes + TEXT_BYTES, valueBytes) + room;
  if (!reserveOrReply(needed)) return;
  populate(call, count, size, prefixBytes);
  replyOk();
}

function populate(call: Call, count: i64, size: i64, prefixBytes: u32): void {
  const mark = scratchMark();
  const key = scratchTake(prefixBytes + TEXT_BYTES);
  const value = scratchTake(<u32>max(size, <i64>TEXT_BYTES));
  if (call.argumentCount > 3) memory.copy(key, call.at(3), prefixBytes);
  else writeLiteral(key, "key");
  store<u8>(key + prefixBytes, 0x3a);
  writeLiteral(value, "value:");
  if (size > <i64>TEXT_BYTES) memory.fill(value + TEXT_BYTES, 0, <u32>size - TEXT_BYTES);
  for (let number: i64 = 0; number < count; number++) {
    const keyBytes = prefixBytes + 1 + writeInteger(key + prefixBytes + 1, number);
    if (lookupWrite(call.database, key, keyBytes)) continue;
    memory.fill(value + 6, 0, TEXT_BYTES - 6);
    const written: u32 = 6 + writeInteger(value + 6, number);
    const valueBytes = size >= 0 ? <u32>size : written;
    addOne(call, key, keyBytes, value, valueBytes);
  }
  scratchRelease(mark);
}

function addOne(call: Call, key: usize, keyBytes: u32, value: usize, valueBytes: u32): void {
  setString(call.database, key, keyBytes, value, valueBytes, false);
  touchKey(call, key, keyBytes);
  if (!renderInstead(call, 3)) return;
  effectLiteral("SET");
  effectBytes(key, keyBytes);
  effectBytes(value, valueBytes);
}

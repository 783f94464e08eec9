/**
 * Values as arguments and as replies: the memory they need, and the two ways into the key space.
 *
 * A large argument was received into a block of its own (see protocol/parser.ts). Such a block is
 * adopted: it becomes the value where it lies. Everything else is copied.
 */

import { setBlock, setString, stringBytesNeeded } from "../keyspace/strings";
import { parserAdopt } from "../protocol/parser";
import { replyBulk, replyBulkInteger } from "../protocol/reply";
import { Call, reserveOrReply } from "../server/call";
import { Encoding, KeyEntry } from "../values/key-entry";

/** Key and value up to this size together come out of the memory that is always kept free. */
const SMALL_BYTES: u32 = 512;

/**
 * Memory for setting the key in argument `key` to the value in argument `value`; false: the error
 * is answered. Twice the key: an entry that changes its shape exists twice for a moment.
 */
// @ts-ignore: decorator
@inline
export function reserveValue(call: Call, key: i32, value: i32): bool {
  if (call.bytesOf(key) + call.bytesOf(value) <= SMALL_BYTES) return true;
  return reserveOrReply(valueBytesNeeded(call, key, value));
}

/** What `reserveValue` asks for. */
export function valueBytesNeeded(call: Call, key: i32, value: i32): f64 {
  const keyBytes: f64 = <f64>call.bytesOf(key) * 2;
  if (hasBlock(call, value)) return keyBytes + 1024;
  return keyBytes + stringBytesNeeded(call.bytesOf(value));
}

/** Memory for a value of `bytes` under the key in argument 1. */
export function reserveString(call: Call, bytes: u32): bool {
  if (bytes <= SMALL_BYTES && call.bytesOf(1) + bytes <= SMALL_BYTES) return true;
  return reserveOrReply(<f64>call.bytesOf(1) * 2 + stringBytesNeeded(bytes));
}

/** Sets the key of the last lookup, which is argument `key`, to argument `value`. */
// @ts-ignore: decorator
@inline
export function setFromArgument(call: Call, key: i32, value: i32, keepExpiry: bool): KeyEntry {
  const large = hasLargeArguments(call) ? adopt(call, value) : 0;
  const bytes = call.bytesOf(value);
  return large
    ? setBlock(call.database, call.at(key), call.bytesOf(key), large, bytes, keepExpiry)
    : setString(
      call.database, call.at(key), call.bytesOf(key), call.at(value), bytes, keepExpiry,
    );
}

/** Whether some argument of the call lies in a block of its own. */
// @ts-ignore: decorator
@inline
export function hasLargeArguments(call: Call): bool {
  return call.session.parser.largeCount != 0;
}

/** The block of argument `index`, now the caller's; 0 when it has none. */
function adopt(call: Call, index: i32): usize {
  return hasBlock(call, index) ? parserAdopt(call.session.parser, index) : 0;
}

/** Whether argument `index` lies in a block of its own that nobody has adopted yet. */
function hasBlock(call: Call, index: i32): bool {
  const parser = call.session.parser;
  // A call inside a transaction has arguments of its own.
  if (!parser.largeCount || parser.arguments != call.arguments) return false;
  let low: u32 = 0;
  let high = parser.largeCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u32>(parser.large + (<usize>middle << 3)) < <u32>index) low = middle + 1;
    else high = middle;
  }
  if (low == parser.largeCount) return false;
  const entry = parser.large + (<usize>low << 3);
  return load<u32>(entry) == <u32>index && load<u32>(entry, 4) == <u32>call.at(index);
}

/** Answers the value of a string. */
// @ts-ignore: decorator
@inline
export function replyString(entry: KeyEntry): void {
  const field = entry.value;
  const encoding = entry.encoding;
  if (encoding == Encoding.INTEGER) replyBulkInteger(load<i64>(field));
  else if (encoding == Encoding.RAW) replyBulk(load<u32>(field), load<u32>(field, 4));
  else replyBulk(field + 1, load<u8>(field));
}

/** String commands on a part of a value: APPEND, SETRANGE, GETRANGE, SUBSTR. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { addZeros, openString } from "../keyspace/strings";
import { usableBytes } from "../memory/allocator";
import { isReplaying } from "../memory/root";
import {
  OFFSET_OUT_OF_RANGE, OUT_OF_MEMORY, STRING_TOO_LONG, WRONG_TYPE,
} from "../protocol/errors";
import { replyBulk, replyEmptyBulk, replyError, replyInteger } from "../protocol/reply";
import { Call, integerOrReply, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { settings } from "../server/settings";
import { command, deprecated } from "../server/table";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { NUMBER } from "./string-compare";
import { reserveString, reserveValue, setFromArgument } from "./string-values";

/**
 * Whether a value may become this long; false: the error is answered. A replay obeys memory only.
 */
function lengthOrReply(bytes: f64): bool {
  if (bytes > settings().bulkBytesMaximum && !isReplaying()) {
    replyError(STRING_TOO_LONG);
    return false;
  }
  if (bytes <= <f64>u32.MAX_VALUE) return true;
  replyError(OUT_OF_MEMORY);
  return false;
}

function append(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return appendToNothing(call);
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const before = stringBytes(entry, NUMBER);
  const added = call.bytesOf(2);
  if (!lengthOrReply(<f64>before + <f64>added)) return;
  if (!reserveGrowth(call, entry, before + added)) return;
  const address = openString(call.database, entry, before + added);
  memory.copy(address + before, call.at(2), added);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "append", 1);
  replyInteger(<i64>before + <i64>added);
}

function appendToNothing(call: Call): void {
  if (!reserveValue(call, 1, 2)) return;
  setFromArgument(call, 1, 2, false);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "append", 1);
  replyInteger(call.bytesOf(2));
}

/** Memory for a found string to become `bytes` long; false: the error is answered. */
function reserveGrowth(call: Call, entry: KeyEntry, bytes: u32): bool {
  if (entry.encoding == Encoding.RAW && bytes <= usableBytes(entry.reference)) return true;
  return reserveString(call, bytes);
}

function setrange(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  const offset = call.integer;
  if (offset < 0) return replyError(OFFSET_OUT_OF_RANGE);
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const before = entry ? stringBytes(entry, NUMBER) : 0;
  const added = call.bytesOf(3);
  if (!added) return replyInteger(before);
  if (!lengthOrReply(<f64>offset + <f64>added)) return;
  const bytes = max(before, <u32>offset + added);
  const address = openFound(call, entry, bytes);
  if (!address) return;
  memory.copy(address + <u32>offset, call.at(3), added);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "setrange", 1);
  replyInteger(bytes);
}

/**
 * The key of the last lookup as a string of `bytes` bytes, not fewer than it has; 0: the error is
 * answered.
 */
export function openFound(call: Call, entry: KeyEntry | null, bytes: i64): usize {
  if (bytes > <i64>u32.MAX_VALUE) {
    replyError(OUT_OF_MEMORY);
    return 0;
  }
  return openWithin(call, entry, <u32>bytes);
}

function openWithin(call: Call, entry: KeyEntry | null, bytes: u32): usize {
  if (entry) return reserveGrowth(call, entry, bytes) ? openString(call.database, entry, bytes) : 0;
  if (!reserveString(call, bytes)) return 0;
  return addZeros(call.database, call.at(1), call.bytesOf(1), bytes);
}

function getrange(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  let start = call.integer;
  if (!integerOrReply(call, 3)) return;
  let end = call.integer;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyBulk();
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const bytes: i64 = stringBytes(entry, NUMBER);
  if (start < 0 && end < 0 && start > end) return replyEmptyBulk();
  if (start < 0) start = max<i64>(bytes + start, 0);
  if (end < 0) end = max<i64>(bytes + end, 0);
  if (end >= bytes) end = bytes - 1;
  if (start > end) return replyEmptyBulk();
  replyBulk(stringAddress(entry, NUMBER) + <usize>start, <usize>(end - start + 1));
}

export function registerStringRanges(): void {
  command(append.index, "append", "string", "2.0.0", 3,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw insert", "key:key value:string",
    "", "O(1) on average, as a value grows with room to spare",
    "Adds bytes at the end of a string, or makes it.");
  command(setrange.index, "setrange", "string", "2.2.0", 4,
    "write denyoom", "string", "index 1 range 0 1 0 : rw update",
    "key:key offset:integer value:string",
    "", "O(N) in the length of the given bytes", "Writes bytes over a part of a string.");
  command(getrange.index, "getrange", "string", "2.4.0", 4,
    "readonly", "string", "index 1 range 0 1 0 : ro access", "key:key start:integer end:integer",
    "", "O(N) in the length of the reply", "Reads a part of a string.");
  command(getrange.index, "substr", "string", "1.0.0", 4,
    "readonly", "string", "index 1 range 0 1 0 : ro access", "key:key start:integer end:integer",
    "", "O(N) in the length of the reply", "Reads a part of a string: GETRANGE by its old name.");
  deprecated("substr", "2.0.0", "`GETRANGE`");
}

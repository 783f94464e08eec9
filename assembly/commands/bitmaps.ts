/** Bitmap commands: SETBIT, GETBIT, BITCOUNT, BITPOS. The others are in bitmaps-*.ts. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { BIT_NOT_INTEGER, BIT_ONE_OR_ZERO, SYNTAX, WRONG_TYPE } from "../protocol/errors";
import { replyError, replyInteger } from "../protocol/reply";
import { Call, integerOrReply, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { countBitRange, countBits, findBit, readField } from "../values/bitmap";
import { Type } from "../values/key-entry";
import { isRaw, stringAddress, stringBytes } from "../values/string";
import { registerBitmapCombinations } from "./bitmaps-combine";
import { registerBitmapFields } from "./bitmaps-fields";
import { bitOffsetOrReply } from "./bitmaps-offsets";
import { NUMBER } from "./string-compare";
import { openFound } from "./string-ranges";

function setbit(call: Call): void {
  if (!bitOffsetOrReply(call, 2, 0)) return;
  const offset = call.integer;
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (!parseInteger(call.at(3), call.bytesOf(3), out) || call.integer & ~1) {
    return replyError(BIT_NOT_INTEGER);
  }
  const bit = <u32>call.integer;
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const before: i64 = entry ? stringBytes(entry, NUMBER) : 0;
  const needed = (offset >> 3) + 1;
  const isNew = !entry || !isRaw(entry);
  const address = openFound(call, entry, max(before, needed));
  if (!address) return;
  const byte = address + <usize>(offset >> 3);
  const shift = 7 - (<u32>offset & 7);
  const old = (<u32>load<u8>(byte) >> shift) & 1;
  if (old != bit) store<u8>(byte, load<u8>(byte) ^ <u8>(<u32>1 << shift));
  if (old != bit || isNew || needed > before) {
    touchKey(call, call.at(1), call.bytesOf(1));
    // A new encoding alone is none to Redis, which has it too.
    if (old != bit || !entry || needed > before) {
      notifyArgument(call, EventClass.STRING, "setbit", 1);
    }
  }
  replyInteger(old);
}

function getbit(call: Call): void {
  if (!bitOffsetOrReply(call, 2, 0)) return;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const bytes = stringBytes(entry, NUMBER);
  replyInteger(<i64>readField(stringAddress(entry, NUMBER), bytes, <u64>call.integer, 1));
}

/** Whether argument `index` says BIT (1) or BYTE (0); -1: the error is answered. */
function unitOrReply(call: Call, index: i32): i32 {
  if (call.is(index, "BIT")) return 1;
  if (call.is(index, "BYTE")) return 0;
  replyError(SYNTAX);
  return -1;
}

/** A position that counts from the end when it is negative; never below zero. */
// @ts-ignore: decorator
@inline
function fromStart(position: i64, length: i64): i64 {
  return position < 0 ? max<i64>(position + length, 0) : position;
}

function bitcount(call: Call): void {
  const count = call.argumentCount;
  if (count != 2 && count != 4 && count != 5) return replyError(SYNTAX);
  let start: i64 = 0;
  let end: i64 = -1;
  let unit = 0;
  if (count > 2) {
    if (!integerOrReply(call, 2)) return;
    start = call.integer;
    if (!integerOrReply(call, 3)) return;
    end = call.integer;
    if (count == 5) unit = unitOrReply(call, 4);
    if (unit < 0) return;
  }
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const bytes = stringBytes(entry, NUMBER);
  const address = stringAddress(entry, NUMBER);
  if (start < 0 && end < 0 && start > end) return replyInteger(0);
  const length: i64 = unit ? <i64>bytes << 3 : bytes;
  start = fromStart(start, length);
  end = min(fromStart(end, length), length - 1);
  if (start > end) return replyInteger(0);
  replyInteger(unit
    ? <i64>countBitRange(address, <u64>start, <u64>end)
    : <i64>countBits(address + <usize>start, <u32>(end - start + 1)));
}

function bitpos(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  const bit = call.integer;
  if (bit & ~1) return replyError(BIT_ONE_OR_ZERO);
  const count = call.argumentCount;
  let start: i64 = 0;
  let end: i64 = -1;
  let unit = 0;
  if (count > 6) return replyError(SYNTAX);
  if (count > 3) {
    if (!integerOrReply(call, 3)) return;
    start = call.integer;
    if (count == 6) unit = unitOrReply(call, 5);
    if (unit < 0) return;
    if (count > 4 && !integerOrReply(call, 4)) return;
    if (count > 4) end = call.integer;
  }
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(bit ? -1 : 0);
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const bytes = stringBytes(entry, NUMBER);
  const length: i64 = unit ? <i64>bytes << 3 : bytes;
  start = fromStart(start, length);
  end = min(fromStart(end, length), length - 1);
  if (start > end) return replyInteger(-1);
  if (!unit) {
    start <<= 3;
    end = (end << 3) | 7;
  }
  const found = findBit(stringAddress(entry, NUMBER), <u64>start, <u64>end, <u32>bit);
  // Without an end the value counts as followed by zeros.
  replyInteger(found < 0 && !bit && count < 5 ? <i64>bytes << 3 : found);
}

export function registerBitmaps(): void {
  command(setbit.index, "setbit", "bitmap", "2.2.0", 4,
    "write denyoom", "bitmap", "index 1 range 0 1 0 : rw access update",
    "key:key offset:integer value:integer",
    "", "O(1)", "Sets one bit of a string and answers what it was.");
  command(getbit.index, "getbit", "bitmap", "2.2.0", 3,
    "readonly fast", "bitmap", "index 1 range 0 1 0 : ro access", "key:key offset:integer",
    "", "O(1)", "Reads one bit of a string.");
  command(bitcount.index, "bitcount", "bitmap", "2.6.0", -2,
    "readonly", "bitmap", "index 1 range 0 1 0 : ro access",
    "key:key index:block?(start:integer end:integer \
index_unit:oneof?^7.0.0(byte:pure-token=BYTE bit:pure-token=BIT))",
    "", "O(N) in the bytes looked at", "Counts the bits that are set in a string or a part of it.");
  command(bitpos.index, "bitpos", "bitmap", "2.8.7", -3,
    "readonly", "bitmap", "index 1 range 0 1 0 : ro access",
    "key:key bit:integer index:block?(start:integer end_index:block?(end:integer \
index_unit:oneof?^7.0.0(byte:pure-token=BYTE bit:pure-token=BIT)))",
    "", "O(N) in the bytes looked at", "Finds the first bit of a string that is set or clear.");
  registerBitmapCombinations();
  registerBitmapFields();
}

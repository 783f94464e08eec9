/**
 * BITFIELD: integers of any width in the bits of a string, several reads and changes in a call.
 *
 * The words are gone through twice: first all of them are read and refused if need be, then they
 * are done. So nothing needs to be kept in between, and nothing is done halfway.
 *
 *   SERVER root + 0x3fa0: the operation at hand
 */

import { SERVER_ROOT } from "../abi";
import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import {
  BITFIELD_OVERFLOW, BITFIELD_READ_ONLY, BITFIELD_TYPE, SYNTAX, WRONG_TYPE,
} from "../protocol/errors";
import { replyArray, replyError, replyInteger, replyNull } from "../protocol/reply";
import { Call, integerOrReply, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import {
  Overflow, addSigned, addUnsigned, extendSign, readField, writeField,
} from "../values/bitmap";
import { Type } from "../values/key-entry";
import { isRaw, stringAddress, stringBytes } from "../values/string";
import { bitOffsetOrReply } from "./bitmaps-offsets";
import { NUMBER } from "./string-compare";
import { openFound } from "./string-ranges";

const enum Step {
  /** No more words, or none that are understood: the error is answered. */
  END,
  FAILED,
  GET,
  SET,
  INCREMENT,
}

@unmanaged
class Field {
  offset: i64;
  operand: i64;
  result: i64;
  /** Where the next word is. */
  cursor: i32;
  bits: u32;
  isSigned: u32;
  overflow: u32;
}

// @ts-ignore: decorator
@inline
function field(): Field {
  return changetype<Field>(SERVER_ROOT + 0x3fa0);
}

function startFields(): void {
  field().cursor = 2;
  field().overflow = Overflow.WRAP;
}

/** Reads a type as u8 or i64; false: the error is answered. */
function typeOrReply(call: Call, index: i32): bool {
  const at = field();
  const address = call.at(index);
  const bytes = call.bytesOf(index);
  const sign: u32 = bytes ? load<u8>(address) : 0;
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if ((sign == 0x69 || sign == 0x75) && parseInteger(address + 1, bytes - 1, out)) {
    at.isSigned = u32(sign == 0x69);
    at.bits = <u32>call.integer;
    if (call.integer >= 1 && call.integer <= <i64>(63 + at.isSigned)) return true;
  }
  replyError(BITFIELD_TYPE);
  return false;
}

/** OVERFLOW and its word; false: the error is answered. */
function overflowOrReply(call: Call, index: i32): bool {
  if (call.is(index, "WRAP")) field().overflow = Overflow.WRAP;
  else if (call.is(index, "SAT")) field().overflow = Overflow.SATURATE;
  else if (call.is(index, "FAIL")) field().overflow = Overflow.FAIL;
  else {
    replyError(BITFIELD_OVERFLOW);
    return false;
  }
  return true;
}

/** Reads the next operation into the field record. */
function nextStep(call: Call): Step {
  const at = field();
  let cursor = at.cursor;
  let left = call.argumentCount - cursor - 1;
  while (left >= 1 && call.is(cursor, "OVERFLOW")) {
    if (!overflowOrReply(call, cursor + 1)) return Step.FAILED;
    cursor += 2;
    left -= 2;
  }
  if (left < 0) return Step.END;
  let step = Step.FAILED;
  if (left >= 2 && call.is(cursor, "GET")) step = Step.GET;
  else if (left >= 3 && call.is(cursor, "SET")) step = Step.SET;
  else if (left >= 3 && call.is(cursor, "INCRBY")) step = Step.INCREMENT;
  else replyError(SYNTAX);
  if (step == Step.FAILED || !typeOrReply(call, cursor + 1)) return Step.FAILED;
  if (!bitOffsetOrReply(call, cursor + 2, at.bits)) return Step.FAILED;
  at.offset = call.integer;
  at.cursor = cursor + 3;
  if (step == Step.GET) return step;
  if (!integerOrReply(call, cursor + 3)) return Step.FAILED;
  at.operand = call.integer;
  at.cursor = cursor + 4;
  return step;
}

/** What all operations together came to. */
const enum Outcome {
  /** None of them wrote: they read or failed. */
  FAILED,
  SAME,
  CHANGED,
}

function fields(call: Call, mayWrite: bool): void {
  let count: u32 = 0;
  let writes = false;
  let needed: i64 = 0;
  startFields();
  for (let step = nextStep(call); step != Step.END; step = nextStep(call)) {
    if (step == Step.FAILED) return;
    count += 1;
    if (step == Step.GET) continue;
    writes = true;
    needed = max(needed, ((field().offset + <i64>field().bits - 1) >> 3) + 1);
  }
  if (!writes) return readFields(call, count);
  if (!mayWrite) return replyError(BITFIELD_READ_ONLY);
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const before: i64 = entry ? stringBytes(entry, NUMBER) : 0;
  const bytes = max(before, needed);
  const isNew = !entry || !isRaw(entry);
  const address = openFound(call, entry, bytes);
  if (!address) return;
  const outcome = doFields(call, address, <u32>bytes, count);
  const changed = outcome == Outcome.CHANGED;
  // Growth and a new encoding count, too, even if every operation failed: the effect does the same.
  if (!changed && !isNew && needed <= before) return;
  touchKey(call, call.at(1), call.bytesOf(1));
  // A new encoding alone is no event, nor is growth when every operation failed.
  if (!changed && (outcome == Outcome.FAILED || (entry && needed <= before))) return;
  notifyArgument(call, EventClass.STRING, "setbit", 1);
}

function readFields(call: Call, count: u32): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const bytes = entry ? stringBytes(entry, NUMBER) : 0;
  const address = entry ? stringAddress(entry, NUMBER) : 0;
  doFields(call, address, bytes, count);
}

/** Does all operations and answers them. */
function doFields(call: Call, address: usize, bytes: u32, count: u32): Outcome {
  let outcome = Outcome.FAILED;
  replyArray(count);
  startFields();
  for (let step = nextStep(call); step != Step.END; step = nextStep(call)) {
    const at = field();
    const raw = readField(address, bytes, <u64>at.offset, at.bits);
    const old = at.isSigned ? extendSign(raw, at.bits) : <i64>raw;
    if (step == Step.GET) {
      replyInteger(old);
    } else if (overflows(step, old) && at.overflow == Overflow.FAIL) {
      replyNull();
    } else {
      replyInteger(step == Step.SET ? old : at.result);
      if (outcome == Outcome.FAILED) outcome = Outcome.SAME;
      if (at.result == old) continue;
      writeField(address, <u64>at.offset, at.bits, <u64>at.result);
      outcome = Outcome.CHANGED;
    }
  }
  return outcome;
}

/** Computes the new value of the field at hand; true when it had to be wrapped or saturated. */
function overflows(step: Step, old: i64): bool {
  const at = field();
  const value = step == Step.SET ? at.operand : old;
  const increment = step == Step.SET ? 0 : at.operand;
  const out = changetype<usize>(at) + offsetof<Field>("result");
  return at.isSigned
    ? addSigned(value, increment, at.bits, at.overflow, out)
    : addUnsigned(<u64>value, increment, at.bits, at.overflow, out);
}

function bitfield(call: Call): void {
  fields(call, true);
}

function bitfieldRo(call: Call): void {
  fields(call, false);
}

export function registerBitmapFields(): void {
  command(bitfield.index, "bitfield", "bitmap", "3.2.0", -2,
    "write denyoom", "bitmap",
    "index 1 range 0 1 0 : rw access update variable_flags # This command allows both access and \
modification of the key",
    "key:key operation:oneof?*(encoding_offset:block=GET(encoding:string offset:integer) \
write:block(wrap_sat_fail:oneof=OVERFLOW?(wrap:pure-token=WRAP sat:pure-token=SAT \
fail:pure-token=FAIL) write_operation:oneof(encoding_offset_value:block=SET(encoding:string \
offset:integer value:integer) encoding_offset_increment:block=INCRBY(encoding:string \
offset:integer increment:integer))))",
    "", "O(1) for each operation", "Reads and changes integers of any width in a string.");
  command(bitfieldRo.index, "bitfield_ro", "bitmap", "6.0.0", -2,
    "readonly fast", "bitmap", "index 1 range 0 1 0 : ro access",
    "key:key encoding_offset:block=GET?*+(encoding:string offset:integer)",
    "", "O(1) for each operation", "Reads integers of any width in a string.");
}

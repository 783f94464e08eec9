/** PFDEBUG and PFSELFTEST, and what all HyperLogLog commands share. */

import { lookupWrite } from "../keyspace/database";
import { shortenString } from "../keyspace/strings";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  CORRUPT_HYPERLOGLOG, HYPERLOGLOG_NOT_SPARSE, HYPERLOGLOG_NO_KEY, HYPERLOGLOG_SELF_TEST,
  NOT_HYPERLOGLOG, WRONG_TYPE, replyUnknownPfdebug,
} from "../protocol/errors";
import {
  replyArray, replyBulk, replyError, replyInteger, replyOk, replyStatus,
} from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { command, systemCommand } from "../server/table";
import {
  Added, DENSE_BYTES, REGISTERS, SPARSE_BYTES_MAXIMUM, addDense, addToWork,
  denseRegister, describeSparse, estimate, isHyperLogLog, isSparse, makeDense, murmur, rankOf,
  registerOf, setDenseRegister, unite, work, writeEmpty,
} from "../values/hyperloglog";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { NUMBER } from "./string-compare";
import { openFound } from "./string-ranges";

/** Whether a found key is a HyperLogLog; false: the error is answered. */
export function hyperLogLogOrReply(entry: KeyEntry): bool {
  if (entry.type != Type.STRING) {
    replyError(WRONG_TYPE);
    return false;
  }
  const bytes = stringBytes(entry, NUMBER);
  if (entry.encoding == Encoding.INTEGER || !isHyperLogLog(stringAddress(entry, NUMBER), bytes)) {
    replyError(NOT_HYPERLOGLOG);
    return false;
  }
  return true;
}

/** Gives the key of the last lookup the value at hand; false: the error is answered. */
export function storeWork(call: Call, entry: KeyEntry | null): bool {
  const at = work();
  const before = entry ? stringBytes(entry, NUMBER) : 0;
  const address = entry && at.bytes < before
    ? shortenString(entry, at.bytes)
    : openFound(call, entry, at.bytes);
  if (!address) return false;
  memory.copy(address, at.address, at.bytes);
  return true;
}

/** Makes the found value dense; -1: the error is answered, 0: it was, 1: it is now. */
function toDense(call: Call, entry: KeyEntry): i32 {
  const bytes = stringBytes(entry, NUMBER);
  const address = stringAddress(entry, NUMBER);
  if (!isSparse(address)) return 0;
  const at = work();
  at.address = scratchTake(DENSE_BYTES);
  at.bytes = DENSE_BYTES;
  if (bytes > SPARSE_BYTES_MAXIMUM || !makeDense(address, bytes, at.address)) {
    replyError(CORRUPT_HYPERLOGLOG);
    return -1;
  }
  if (!storeWork(call, entry)) return -1;
  touchKey(call, call.at(2), call.bytesOf(2));
  return 1;
}

function replyRegisters(call: Call, entry: KeyEntry): void {
  if (toDense(call, entry) < 0) return;
  const found = lookupWrite(call.database, call.at(2), call.bytesOf(2));
  if (!found) return;
  const address = stringAddress(found, NUMBER);
  replyArray(REGISTERS);
  for (let index: u32 = 0; index < REGISTERS; index++) {
    replyInteger(denseRegister(address, index));
  }
}

function replyDecoded(entry: KeyEntry): void {
  const bytes = stringBytes(entry, NUMBER);
  const address = stringAddress(entry, NUMBER);
  if (!isSparse(address)) return replyError(HYPERLOGLOG_NOT_SPARSE);
  if (bytes > SPARSE_BYTES_MAXIMUM) return replyError(CORRUPT_HYPERLOGLOG);
  // An opcode of a byte is shown with at most seven: "v:32,4 ".
  const text = scratchTake(bytes * 8);
  replyBulk(text, describeSparse(address, bytes, text));
}

/** PFDEBUG SIMD: the estimate uses SIMD whatever is said; the answer is what was asked for. */
function answerSimd(call: Call): void {
  if (call.is(2, "ON")) replyStatus("enabled");
  else if (call.is(2, "OFF")) replyStatus("disabled");
  else replyError("ERR Argument must be ON or OFF");
}

function pfdebug(call: Call): void {
  if (call.is(1, "SIMD") && call.argumentCount == 3) return answerSimd(call);
  const entry = lookupWrite(call.database, call.at(2), call.bytesOf(2));
  if (!entry) return replyError(HYPERLOGLOG_NO_KEY);
  if (!hyperLogLogOrReply(entry)) return;
  const mark = scratchMark();
  if (call.is(1, "GETREG")) {
    replyRegisters(call, entry);
  } else if (call.is(1, "DECODE")) {
    replyDecoded(entry);
  } else if (call.is(1, "ENCODING")) {
    if (isSparse(stringAddress(entry, NUMBER))) replyStatus("sparse");
    else replyStatus("dense");
  } else if (call.is(1, "TODENSE")) {
    const result = toDense(call, entry);
    if (result >= 0) replyInteger(result);
  } else {
    replyUnknownPfdebug(call.at(1), call.bytesOf(1));
  }
  scratchRelease(mark);
}

/** Registers of 6 bits against bytes. */
function testRegisters(dense: usize, bytes: usize): bool {
  memory.fill(dense, 0, DENSE_BYTES);
  memory.fill(bytes, 0, REGISTERS);
  for (let round: u32 = 0; round < 4 * REGISTERS; round++) {
    const random = <u32>nextRandomOf(round);
    const index = random & (REGISTERS - 1);
    const rank = (random >> 20) & 63;
    setDenseRegister(dense, index, rank);
    store<u8>(bytes + index, <u8>rank);
  }
  for (let index: u32 = 0; index < REGISTERS; index++) {
    if (denseRegister(dense, index) != load<u8>(bytes + index)) return false;
  }
  return true;
}

/** A hash of a number: the test draws nothing from the data set's own random state. */
function nextRandomOf(number: u64): u64 {
  store<u64>(NUMBER, number);
  return murmur(NUMBER, 8);
}

/** Both forms side by side: the same estimate, and one that is near the truth. */
function testEstimates(dense: usize, registers: usize, counts: usize): bool {
  const at = work();
  at.address = scratchTake(SPARSE_BYTES_MAXIMUM);
  at.dense = scratchTake(DENSE_BYTES);
  at.limit = SPARSE_BYTES_MAXIMUM;
  at.bytes = writeEmpty(at.address);
  if (!makeDense(at.address, at.bytes, dense)) return false;
  let next: u64 = 1;
  for (let count: u64 = 1; count <= 100000; count++) {
    const hash = nextRandomOf(count ^ 0x5eed000000000000);
    addDense(dense, registerOf(hash), rankOf(hash));
    if (addToWork(at, registerOf(hash), rankOf(hash)) == Added.CORRUPT) return false;
    if (count != next) continue;
    next *= 10;
    const first = estimateOf(dense, DENSE_BYTES, registers, counts);
    if (first != estimateOf(at.address, at.bytes, registers, counts)) return false;
    // Six standard errors, and a few for small numbers.
    if (abs(<f64>first - <f64>count) > 0.049 * <f64>count + 2) return false;
  }
  return true;
}

function estimateOf(address: usize, bytes: u32, registers: usize, counts: usize): u64 {
  memory.fill(registers, 0, REGISTERS);
  return unite(address, bytes, registers) ? estimate(registers, counts) : 0;
}

function pfselftest(call: Call): void {
  const mark = scratchMark();
  const dense = scratchTake(DENSE_BYTES);
  const registers = scratchTake(REGISTERS);
  const counts = scratchTake(256);
  const passed = testRegisters(dense, registers) && testEstimates(dense, registers, counts);
  if (passed) replyOk();
  else replyError(HYPERLOGLOG_SELF_TEST);
  scratchRelease(mark);
}

export function registerHyperLogLogDebug(): void {
  command(pfdebug.index, "pfdebug", "hyperloglog", "2.8.9", 3,
    "write denyoom admin", "hyperloglog", "index 2 range 0 1 0 : rw access",
    "subcommand:string key:key",
    "", "O(N) in the registers", "Shows what a HyperLogLog holds, or makes it dense.");
  systemCommand("pfdebug");
  command(pfselftest.index, "pfselftest", "hyperloglog", "2.8.9", 1,
    "admin", "hyperloglog", "", "",
    "", "O(1)", "Tests the HyperLogLog code.");
  systemCommand("pfselftest");
}

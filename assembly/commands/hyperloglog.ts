/** HyperLogLog commands. The bytes are made in values/hyperloglog.ts. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { CORRUPT_HYPERLOGLOG } from "../protocol/errors";
import { replyError, replyInteger, replyOk } from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { settings } from "../server/settings";
import { command } from "../server/table";
import {
  Added, DENSE_BYTES, HEADER_BYTES, REGISTERS, SPARSE_BYTES_MAXIMUM, addDense, addToWork,
  cacheEstimate, cachedEstimate, estimate, forgetEstimate, isSparse, murmur,
  packRegisters, rankOf, registerOf, unite, work, writeEmpty,
} from "../values/hyperloglog";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { isRaw, stringAddress, stringBytes } from "../values/string";
import { hyperLogLogOrReply, registerHyperLogLogDebug, storeWork } from "./hyperloglog-debug";
import { NUMBER } from "./string-compare";

/** Counts of the registers by their rank. */
const COUNTS_BYTES: u32 = 256;

/** The found value, or an empty one, as the value at hand; false when it is far too long. */
function openWork(entry: KeyEntry | null): bool {
  const at = work();
  at.address = scratchTake(SPARSE_BYTES_MAXIMUM);
  at.dense = scratchTake(DENSE_BYTES);
  at.limit = settings().hyperLogLogSparseBytes;
  if (!entry) {
    at.bytes = writeEmpty(at.address);
    return true;
  }
  at.bytes = stringBytes(entry, NUMBER);
  if (at.bytes > SPARSE_BYTES_MAXIMUM) return false;
  memory.copy(at.address, stringAddress(entry, NUMBER), at.bytes);
  return true;
}

function pfadd(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && !hyperLogLogOrReply(entry)) return;
  if (entry && call.argumentCount == 2) return replyInteger(0);
  if (entry && !isSparse(stringAddress(entry, NUMBER))) return addToDense(call, entry);
  const mark = scratchMark();
  const added = openWork(entry) ? addElements(call) : Added.CORRUPT;
  if (added == Added.CORRUPT) {
    replyError(CORRUPT_HYPERLOGLOG);
  } else if (entry && added == Added.SAME) {
    replyInteger(0);
  } else {
    forgetEstimate(work().address);
    if (storeWork(call, entry)) {
      touchKey(call, call.at(1), call.bytesOf(1));
      notifyArgument(call, EventClass.STRING, "pfadd", 1);
      replyInteger(1);
    }
  }
  scratchRelease(mark);
}

/** Adds all elements to the value at hand. */
function addElements(call: Call): Added {
  let result = Added.SAME;
  for (let index = 2; index < call.argumentCount; index++) {
    const hash = murmur(call.at(index), call.bytesOf(index));
    const added = addToWork(work(), registerOf(hash), rankOf(hash));
    if (added == Added.CORRUPT) return added;
    if (added == Added.CHANGED) result = added;
  }
  return result;
}

function addToDense(call: Call, entry: KeyEntry): void {
  const address = stringAddress(entry, NUMBER);
  let changed = false;
  for (let index = 2; index < call.argumentCount; index++) {
    const hash = murmur(call.at(index), call.bytesOf(index));
    if (addDense(address, registerOf(hash), rankOf(hash))) changed = true;
  }
  if (changed) {
    forgetEstimate(address);
    touchKey(call, call.at(1), call.bytesOf(1));
    notifyArgument(call, EventClass.STRING, "pfadd", 1);
  }
  replyInteger(i64(changed));
}

/** Joins the keys from argument 1 on into registers; -1: the error is answered, 1: one is dense. */
function uniteKeys(call: Call, registers: usize): i32 {
  let isDense = 0;
  memory.fill(registers, 0, REGISTERS);
  for (let index = 1; index < call.argumentCount; index++) {
    const entry = lookupRead(call.database, call.at(index), call.bytesOf(index));
    if (!entry) continue;
    if (!hyperLogLogOrReply(entry)) return -1;
    const bytes = stringBytes(entry, NUMBER);
    const address = stringAddress(entry, NUMBER);
    if (!isSparse(address)) isDense = 1;
    if (unite(address, bytes, registers)) continue;
    replyError(CORRUPT_HYPERLOGLOG);
    return -1;
  }
  return isDense;
}

function pfcount(call: Call): void {
  const mark = scratchMark();
  const registers = scratchTake(REGISTERS);
  const counts = scratchTake(COUNTS_BYTES);
  if (call.argumentCount == 2) countOne(call, registers, counts);
  else if (uniteKeys(call, registers) >= 0) replyInteger(<i64>estimate(registers, counts));
  scratchRelease(mark);
}

/** Counts one key and keeps the estimate in it, which is a change like any other. */
function countOne(call: Call, registers: usize, counts: usize): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (!hyperLogLogOrReply(entry)) return;
  const bytes = stringBytes(entry, NUMBER);
  const address = stringAddress(entry, NUMBER);
  const cached = cachedEstimate(address);
  if (cached >= 0) return replyInteger(cached);
  memory.fill(registers, 0, REGISTERS);
  if (!unite(address, bytes, registers)) return replyError(CORRUPT_HYPERLOGLOG);
  const fresh = estimate(registers, counts);
  if (!isRaw(entry)) entry.setKind(Type.STRING, Encoding.EMBEDDED_RAW);
  cacheEstimate(address, fresh);
  touchKey(call, call.at(1), call.bytesOf(1));
  replyInteger(<i64>fresh);
}

function pfmerge(call: Call): void {
  const mark = scratchMark();
  const registers = scratchTake(REGISTERS);
  const isDense = uniteKeys(call, registers);
  if (isDense >= 0) mergeInto(call, registers, isDense != 0);
  scratchRelease(mark);
}

function mergeInto(call: Call, registers: usize, isDense: bool): void {
  const at = work();
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  // What is too long for a sparse value was refused as corrupt.
  if (!openWork(entry)) return replyError(CORRUPT_HYPERLOGLOG);
  if (isDense) {
    memory.copy(at.dense, at.address, HEADER_BYTES);
    store<u8>(at.dense, 0, 4);
    packRegisters(at.dense, registers);
    at.address = at.dense;
    at.bytes = DENSE_BYTES;
  } else {
    for (let index: u32 = 0; index < REGISTERS; index++) {
      const rank: u32 = load<u8>(registers + index);
      if (rank) addToWork(at, index, rank);
    }
  }
  forgetEstimate(at.address);
  if (!storeWork(call, entry)) return;
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "pfadd", 1);
  replyOk();
}

export function registerHyperLogLog(): void {
  command(pfadd.index, "pfadd", "hyperloglog", "2.8.9", -2,
    "write denyoom fast", "hyperloglog", "index 1 range 0 1 0 : rw insert",
    "key:key element:string?*",
    "", "O(1) for each element", "Adds elements to a HyperLogLog.");
  command(pfcount.index, "pfcount", "hyperloglog", "2.8.9", -2,
    "readonly may_replicate", "hyperloglog",
    "index 1 range -1 1 0 : rw access # RW because it may change the internal representation of \
the key, and propagate to replicas",
    "key:key*",
    "", "O(1) for one key whose count is known, O(N) in the number of keys else",
    "Estimates how many different elements one or several HyperLogLogs have seen.");
  command(pfmerge.index, "pfmerge", "hyperloglog", "2.8.9", -2,
    "write denyoom", "hyperloglog",
    "index 1 range 0 1 0 : rw access insert ; index 2 range -1 1 0 : ro access",
    "destkey:key sourcekey:key*@1",
    "", "O(N) in the number of keys", "Joins HyperLogLogs into one.");
  registerHyperLogLogDebug();
}

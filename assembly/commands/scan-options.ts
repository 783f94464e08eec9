/** The options that HSCAN, SSCAN and ZSCAN share: MATCH, COUNT, NOVALUES and NOSCORES. */

import { NOSCORES_ONLY_ZSCAN, NOVALUES_ONLY_HSCAN, SYNTAX } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import { matchGlob } from "../text/glob";
import { Type } from "../values/key-entry";

const COUNT_DEFAULT: i64 = 10;
/** Chains of a table that are looked at for each element asked for. */
const STEPS_FACTOR: i64 = 10;

@unmanaged
export class ScanOptions {
  /** COUNT. */
  count: i64;
  /** Glob pattern; 0 = everything. */
  pattern: u32;
  patternBytes: u32;
  /** 1: names alone, without values or scores. */
  namesOnly: u32;

  /** Chains to look at before a scan stops although it has found less than COUNT. */
  get steps(): i64 {
    return this.count > i64.MAX_VALUE / STEPS_FACTOR ? i64.MAX_VALUE : this.count * STEPS_FACTOR;
  }

  /** Whether the pattern wants a name. */
  // @ts-ignore: decorator
  @inline
  matches(name: usize, bytes: u32): bool {
    return !this.pattern || matchGlob(this.pattern, this.patternBytes, name, bytes, false);
  }
}

/** Reads the arguments from 3 on, for a key of this type; false: the error is answered. */
export function scanOptionsOrReply(call: Call, options: ScanOptions, type: Type): bool {
  options.count = COUNT_DEFAULT;
  options.pattern = 0;
  options.patternBytes = 0;
  options.namesOnly = 0;
  for (let index = 3; index < call.argumentCount; index++) {
    const hasValue = index + 1 < call.argumentCount;
    if (hasValue && call.is(index, "count")) {
      if (!countOrReply(call, ++index, options)) return false;
    } else if (hasValue && call.is(index, "match")) {
      setPattern(options, call.at(++index), call.bytesOf(index));
    } else if (!namesOnlyOrReply(call, index, type)) {
      return false;
    } else {
      options.namesOnly = 1;
    }
  }
  return true;
}

function countOrReply(call: Call, index: i32, options: ScanOptions): bool {
  if (!integerOrReply(call, index)) return false;
  options.count = call.integer;
  if (options.count > 0) return true;
  replyError(SYNTAX);
  return false;
}

/** A pattern that matches everything costs nothing. */
function setPattern(options: ScanOptions, pattern: usize, bytes: u32): void {
  const isAll = bytes == 1 && load<u8>(pattern) == 0x2a;
  options.pattern = isAll ? 0 : <u32>pattern;
  options.patternBytes = bytes;
}

/** Whether argument `index` is the word for names alone; false: the error is answered. */
function namesOnlyOrReply(call: Call, index: i32, type: Type): bool {
  if (call.is(index, "novalues")) {
    if (type == Type.HASH) return true;
    replyError(NOVALUES_ONLY_HSCAN);
  } else if (call.is(index, "noscores")) {
    if (type == Type.SORTED_SET) return true;
    replyError(NOSCORES_ONLY_ZSCAN);
  } else {
    replyError(SYNTAX);
  }
  return false;
}

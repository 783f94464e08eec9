/**
 * Errors by code (the first word of an error), for INFO errorstats.
 *
 * One array in order of the codes, allocated once. Whoever makes up error codes cannot make it
 * grow: with the first code that finds it full all are dropped, one line says so in the log, and
 * nothing is counted until CONFIG RESETSTAT, as Redis 7.4 does.
 *
 *   entry (48 bytes):  u32 bytes | 32 bytes code | +40 f64 errors
 *   SERVER root + 0x2420:  u32 entries' address | u32 count | u32 1 = full, nothing is counted
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate } from "../memory/allocator";
import { compareBytes } from "../memory/bytes";
import { clearErrorsThisCall, lastErrorCodeAddress, lastErrorCodeBytes } from "../protocol/reply";
import { sendLog } from "../protocol/sink";
import { TextBuilder, builderBytes, builderFree, builderStart, builderText } from "../text/builder";
import { writeLiteral } from "../text/case";

/** Codes that are told apart. */
const CODES_MAXIMUM: u32 = 128;
const CODE_BYTES_MAXIMUM: u32 = 32;
const ENTRY_BYTES: u32 = 48;
const LEVEL_WARNING = 3;
const BUILDER: usize = SERVER_ROOT + 0x2430;

@unmanaged
export class ErrorEntry {
  bytes: u32;
  /** First four bytes of the code. */
  code: u32;

  get codeAddress(): usize {
    return changetype<usize>(this) + 4;
  }

  get errors(): f64 {
    return load<f64>(changetype<usize>(this) + 40);
  }

  set errors(value: f64) {
    store<f64>(changetype<usize>(this) + 40, value);
  }
}

@unmanaged
class ErrorsRoot {
  entries: u32;
  count: u32;
  full: u32;
}

// @ts-ignore: decorator
@inline
function root(): ErrorsRoot {
  return changetype<ErrorsRoot>(SERVER_ROOT + 0x2420);
}

export function initializeErrorStatistics(): void {
  root().entries = <u32>allocate(Arena.SERVER, CODES_MAXIMUM * ENTRY_BYTES);
  resetErrorStatistics();
}

export function resetErrorStatistics(): void {
  root().count = 0;
  root().full = 0;
}

/** How many codes there are, and the one at `index` in their order. */
export function errorCodeCount(): u32 {
  return root().count;
}

export function errorCodeAt(index: u32): ErrorEntry {
  return changetype<ErrorEntry>(<usize>root().entries + index * ENTRY_BYTES);
}

/** Counts the last error answered. */
export function countErrorCode(): void {
  clearErrorsThisCall();
  if (root().full) return;
  count(lastErrorCodeAddress(), min(lastErrorCodeBytes(), CODE_BYTES_MAXIMUM));
}

function count(code: usize, bytes: u32): void {
  let index: u32 = 0;
  for (; index < root().count; index++) {
    const entry = errorCodeAt(index);
    const order = compareBytes(entry.codeAddress, entry.bytes, code, bytes);
    if (order > 0) break;
    if (order) continue;
    entry.errors += 1;
    return;
  }
  if (root().count == CODES_MAXIMUM) return stop();
  const entry = errorCodeAt(index);
  const behind = (root().count - index) * ENTRY_BYTES;
  memory.copy(changetype<usize>(entry) + ENTRY_BYTES, changetype<usize>(entry), behind);
  entry.bytes = bytes;
  memory.copy(entry.codeAddress, code, bytes);
  entry.errors = 1;
  root().count += 1;
}

function stop(): void {
  const line = changetype<TextBuilder>(BUILDER);
  builderStart(line);
  builderText(line, "Errorstats stopped adding new errors because there are too many codes. \
CONFIG RESETSTAT starts it again. Codes so far:");
  for (let index: u32 = 0; index < root().count; index++) {
    builderText(line, index ? ", " : " ");
    builderBytes(line, errorCodeAt(index).codeAddress, errorCodeAt(index).bytes);
  }
  sendLog(LEVEL_WARNING, line.address, line.bytes);
  const bytes = writeLiteral(line.address, "ERRORSTATS_DISABLED");
  root().count = 0;
  count(line.address, bytes);
  root().full = 1;
  builderFree(line);
}

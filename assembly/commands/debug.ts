/**
 * DEBUG: looks inside and switches for test suites. Nothing of it answers unless
 * `enable-debug-command` says so.
 *
 * Subcommands are no rows of their own, as in Redis: clients see one command. What Redis knows and
 * is missing here answers as any unknown subcommand.
 */

import { ReloadFlag, Request, SERVER_ROOT, SessionFlag } from "../abi";
import { idleSeconds } from "../keyspace/access";
import { SHA1_BYTES } from "../memory/sha1";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { addValueDigest, writeDatasetDigest } from "../keyspace/dataset-digest";
import { lookupQuiet, peek } from "../keyspace/database";
import {
  DEBUG_NOT_ALLOWED, NOT_INTEGER, COMMAND_NOT_ALLOWED_IN_MULTI, NO_SUCH_KEY, RELOAD_OPTIONS,
  replySubcommandSyntax,
} from "../protocol/errors";
import {
  replyArray, replyError, replyErrorLine, replyInteger, replyOk, replyStatus, replyStatusBytes,
} from "../protocol/reply";
import { sendLog } from "../protocol/sink";
import { Call, requestHost } from "../server/call";
import { settings } from "../server/settings";
import { addTime } from "../server/timing";
import { command, systemCommand } from "../server/table";
import {
  TEXT_BUILDER_BYTES, TextBuilder, builderBytes, builderFree, builderHex, builderInteger,
  builderStart, builderText,
} from "../text/builder";
import { parseDouble } from "../text/doubles";
import { matchGlob } from "../text/glob";
import { parseInteger, writeHex } from "../text/integers";
import { Encoding, KeyEntry } from "../values/key-entry";
import { encodingName } from "../values/names";
import { stringBytes } from "../values/string";
import { debugListpack, debugPackedThreshold, debugQuicklist } from "./debug-packed";
import { debugPopulate } from "./debug-populate";
import { debugProtocol } from "./debug-protocol";
import { debugTable, debugTableOfKey } from "./debug-tables";
import { replyDebugHelp } from "./debug-help";

const OUT: usize = SERVER_ROOT + 0x29f0;
const DIGEST: usize = SERVER_ROOT + 0x2a00;
const HEX: usize = SERVER_ROOT + 0x2a20;
const LEVEL_WARNING = 3;

/** enable-debug-command. */
const enum Allowed {
  NO = 0,
  YES = 1,
  LOCAL = 2,
}

function isAllowed(call: Call): bool {
  const allowed = settings().debugCommands;
  if (call.session.has(SessionFlag.INTERNAL)) return true;
  return allowed == Allowed.YES
    || (allowed == Allowed.LOCAL && !call.session.has(SessionFlag.REMOTE));
}

/** A number as C's atoi reads it: leading digits, else 0. */
function looseInteger(call: Call, index: i32): i32 {
  const bytes = call.bytesOf(index);
  let value = 0;
  let at: u32 = 0;
  const negative = bytes && load<u8>(call.at(index)) == 0x2d;
  if (negative) at = 1;
  for (; at < bytes; at++) {
    const digit = <i32>load<u8>(call.at(index) + at) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

// ---- Time ---------------------------------------------------------------------------------------

function sleep(call: Call): void {
  const seconds = parseDouble(call.at(2), call.bytesOf(2), OUT) ? load<f64>(OUT) : 0;
  if (!(seconds > 0)) return replyOk();
  addTime(min(seconds * 1e6, 1e15));
  requestHost(call, Request.SLEEP, min(seconds * 1000, 1e15), 0, 0);
}

function setActiveExpire(call: Call): void {
  settings().activeExpire = u32(looseInteger(call, 2) != 0);
  replyOk();
}

function pauseCron(call: Call): void {
  settings().tickPaused = u32(looseInteger(call, 2) != 0);
  replyOk();
}

function replyBuffer(call: Call): void {
  if (call.is(2, "peak-reset-time")) {
    const isWord = call.is(3, "never") || call.is(3, "reset");
    if (!isWord && !parseInteger(call.at(3), call.bytesOf(3), OUT)) return replyError(NOT_INTEGER);
  } else if (!call.is(2, "resizing")) {
    return replySyntax(call);
  }
  replyOk();
}

/**
 * The host loads image and log again. Not within a transaction, whose first effects are in memory
 * and not in the log.
 */
function loadLog(call: Call): void {
  if (!call.canWait) return replyError(COMMAND_NOT_ALLOWED_IN_MULTI);
  requestHost(call, Request.RELOAD, ReloadFlag.LOG, 0, 0);
}

/** The host writes the data set as RDB, empties it and loads what it wrote. */
function reload(call: Call): void {
  let flags: u32 = 0;
  for (let index = 2; index < call.argumentCount; index++) {
    if (call.is(index, "nosave")) flags |= ReloadFlag.NOSAVE;
    else if (call.is(index, "noflush")) flags |= ReloadFlag.NOFLUSH;
    else if (call.is(index, "merge")) flags |= ReloadFlag.MERGE;
    else return replyError(RELOAD_OPTIONS);
  }
  requestHost(call, Request.RELOAD, flags, 0, 0);
}

// ---- Keys ---------------------------------------------------------------------------------------

/** Bytes of the value in an RDB file, strings not compressed. */
function serializedBytes(entry: KeyEntry): i64 {
  if (entry.encoding == Encoding.INTEGER) {
    const value = load<i64>(entry.value);
    if (value >= -128 && value < 128) return 2;
    if (value >= -32768 && value < 32768) return 3;
    if (value >= i32.MIN_VALUE && value <= i32.MAX_VALUE) return 5;
  }
  const bytes = stringBytes(entry, HEX);
  return <i64>bytes + (bytes < 64 ? 1 : bytes < 16384 ? 2 : 5);
}

function object(call: Call): void {
  const entry = lookupQuiet(call.database, call.at(2), call.bytesOf(2));
  if (!entry) return replyError(NO_SUCH_KEY);
  const mark = scratchMark();
  const line = changetype<TextBuilder>(scratchTake(TEXT_BUILDER_BYTES));
  builderStart(line);
  builderText(line, "Value at:0x");
  builderHex(line, changetype<usize>(entry), 8);
  builderText(line, " refcount:1 encoding:");
  builderText(line, encodingName(entry.encoding));
  builderText(line, " serializedlength:");
  builderInteger(line, serializedBytes(entry));
  builderText(line, " lru:");
  builderInteger(line, entry.access);
  builderText(line, " lru_seconds_idle:");
  builderInteger(line, idleSeconds(entry));
  replyStatusBytes(line.address, line.bytes);
  builderFree(line);
  scratchRelease(mark);
}

function replyDigest(): void {
  for (let byte: usize = 0; byte < SHA1_BYTES; byte++) {
    writeHex(HEX + (byte << 1), load<u8>(DIGEST + byte), 2);
  }
  replyStatusBytes(HEX, SHA1_BYTES * 2);
}

function digest(call: Call): void {
  writeDatasetDigest(DIGEST);
  replyDigest();
}

function digestValue(call: Call): void {
  replyArray(call.argumentCount - 2);
  for (let index = 2; index < call.argumentCount; index++) {
    memory.fill(DIGEST, 0, SHA1_BYTES);
    const entry = peek(call.database, call.at(index), call.bytesOf(index));
    if (entry) addValueDigest(DIGEST, entry);
    replyDigest();
  }
}

// ---- Texts --------------------------------------------------------------------------------------

function log(call: Call): void {
  const mark = scratchMark();
  const line = changetype<TextBuilder>(scratchTake(TEXT_BUILDER_BYTES));
  builderStart(line);
  builderText(line, "DEBUG LOG: ");
  builderBytes(line, call.at(2), call.bytesOf(2));
  sendLog(LEVEL_WARNING, line.address, line.bytes);
  builderFree(line);
  scratchRelease(mark);
  replyOk();
}

/** Matches many short patterns of special characters against many short texts. */
function stringMatchTest(): void {
  const mark = scratchMark();
  const text = scratchTake(16);
  let state: u32 = 1;
  for (let round = 0; round < 20000; round++) {
    for (let at: usize = 0; at < 16; at++) {
      state = state * 1664525 + 1013904223;
      const kind = state >> 29;
      const byte: u32 = kind == 0 ? 0x2a : kind == 1 ? 0x5b : kind == 2 ? 0x5d : kind == 3 ? 0x5c
        : kind == 4 ? 0x3f : 0x61 + ((state >> 20) & 3);
      store<u8>(text + at, byte);
    }
    const split = (state >> 10) & 15;
    matchGlob(text, split, text + split, 16 - split, (round & 1) != 0);
  }
  scratchRelease(mark);
  replyStatus("Apparently Redis did not crash: test passed");
}

function replySyntax(call: Call): void {
  replySubcommandSyntax(call.at(1), call.bytesOf(1), "DEBUG");
}

// ---- Choice -------------------------------------------------------------------------------------

/** Subcommands that take nothing; false: it is none of them. */
function runPlain(call: Call): bool {
  if (call.argumentCount != 2) return false;
  if (call.is(1, "help")) replyDebugHelp();
  else if (call.is(1, "digest")) digest(call);
  else if (call.is(1, "stringmatch-test")) stringMatchTest();
  else if (call.is(1, "loadaof")) loadLog(call);
  else if (call.is(1, "panic")) unreachable();
  else return false;
  return true;
}

/** Subcommands that take one argument. */
function runWithOne(call: Call): bool {
  if (call.argumentCount != 3) return false;
  if (call.is(1, "sleep")) sleep(call);
  else if (call.is(1, "object")) object(call);
  else if (call.is(1, "protocol")) debugProtocol(call);
  else if (call.is(1, "set-active-expire")) setActiveExpire(call);
  else if (call.is(1, "pause-cron")) pauseCron(call);
  else if (call.is(1, "error")) replyErrorLine(call.at(2), call.bytesOf(2));
  else if (call.is(1, "log")) log(call);
  else if (call.is(1, "htstats-key")) debugTableOfKey(call);
  else if (call.is(1, "listpack")) debugListpack(call);
  else if (call.is(1, "quicklist-packed-threshold")) debugPackedThreshold(call);
  else return false;
  return true;
}

function runWithMore(call: Call): bool {
  const count = call.argumentCount;
  if (call.is(1, "digest-value")) digestValue(call);
  else if (call.is(1, "reload")) reload(call);
  else if (call.is(1, "populate") && count >= 3 && count <= 5) debugPopulate(call);
  else if (call.is(1, "htstats") && count >= 3) debugTable(call);
  else if (call.is(1, "quicklist") && (count == 3 || count == 4)) debugQuicklist(call);
  else if (call.is(1, "replybuffer") && count == 4) replyBuffer(call);
  else if (call.is(1, "stringmatch-len") && count == 4) {
    const matches = matchGlob(call.at(2), call.bytesOf(2), call.at(3), call.bytesOf(3), false);
    replyInteger(i64(matches));
  } else return false;
  return true;
}

function debug(call: Call): void {
  if (!isAllowed(call)) {
    call.row.rejectedCalls += 1;
    return replyError(DEBUG_NOT_ALLOWED);
  }
  if (!runPlain(call) && !runWithOne(call) && !runWithMore(call)) replySyntax(call);
}

export function registerDebug(): void {
  command(debug.index, "debug", "server", "1.0.0", -2, "admin noscript loading stale", "", "", "",
    "", "Depends on subcommand.", "Looks inside the server, for its developers and test suites.");
  systemCommand("debug");
}

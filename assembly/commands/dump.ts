/**
 * DUMP and RESTORE: a value as bytes that another server understands, and back.
 *
 * RESTORE changes nothing before the whole value is built, so a payload that turns out to be wrong
 * leaves the key that was there. It is always looked through wholly: `sanitize-dump-payload` has
 * nothing to add. The effect is a RESTORE that Redis 7.0 takes, its time to live made absolute.
 */

import { SERVER_ROOT } from "../abi";
import { initializeCrc64 } from "../interchange/crc64";
import { outputBytes, payloadOutput } from "../interchange/output";
import {
  FOOTER_BYTES, finishPayload, isPayload, payloadVersion,
} from "../interchange/payload";
import {
  attachValue, buildReader, closeReader, discardValue, measureReader, openReader,
} from "../interchange/reader";
import { reader } from "../interchange/reader-state";
import { closeWriter, isExpressible, writeValue } from "../interchange/writer";
import { accessRules, setFrequency, setIdleSeconds, touchAccess } from "../keyspace/access";
import { lookup, lookupQuiet, lookupRead, removeFound, setExpiry } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral, effectsOn } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { statistics } from "../keyspace/statistics";
import { isReplaying, nowMs } from "../memory/root";
import {
  BAD_DATA_FORMAT, BAD_DUMP, BUSY_KEY, INVALID_FREQUENCY, INVALID_IDLE_TIME, INVALID_TTL,
  OUT_OF_MEMORY, SYNTAX,
} from "../protocol/errors";
import { replyNeedsVersion } from "../protocol/composed-errors";
import { replyBulk, replyError, replyNull, replyOk } from "../protocol/reply";
import { Call, integerOrReply, renderInstead, reserveOrReply, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted, notifyReplaced } from "../server/notifications";
import { settings } from "../server/settings";
import { command, systemCommand } from "../server/table";
import { KeyEntry } from "../values/key-entry";
import { takeSetLimits } from "./set-access";

/** What the key itself takes: its entry, a bucket, a place in the expiry index. */
const KEY_BYTES: f64 = 16384;
const PAYLOAD: i32 = 3;
/** The version of RDB that Redis 7.0 reads, and effects are written in where they can. */
const EFFECTS_VERSION: u32 = 10;

function dump(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  const version = settings().rdbVersion;
  if (!isExpressible(entry, version)) return replyNeedsVersion(call.at(1), call.bytesOf(1));
  const isWritten = writeValue(entry, version, settings().rdbCompression != 0)
    && finishPayload(version);
  if (isWritten) replyBulk(payloadOutput().start, outputBytes(payloadOutput()));
  else replyError(OUT_OF_MEMORY);
  closeWriter();
}

// ---- RESTORE -----------------------------------------------------------------------------------

/** The arguments of a RESTORE; numbers are -1 when they are not given. */
@unmanaged
class RestoreOptions {
  idleSeconds: i64;
  frequency: i64;
  /** Time to live as it came; milliseconds since 1970 then, 0 = the key does not expire. */
  whenMs: i64;
  replaces: bool;
  isAbsolute: bool;
}

// @ts-ignore: decorator
@inline
function options(): RestoreOptions {
  return changetype<RestoreOptions>(SERVER_ROOT + 0x41d0);
}

function restore(call: Call): void {
  if (!parseOptions(call)) return;
  const found = lookupQuiet(call.database, call.at(1), call.bytesOf(1));
  if (found && !options().replaces) {
    touchAccess(found);
    return replyError(BUSY_KEY);
  }
  if (!parseTimeToLive(call)) return;
  const payload = call.at(PAYLOAD);
  const bytes = call.bytesOf(PAYLOAD);
  if (!isPayload(payload, bytes)) return replyError(BAD_DUMP);
  fillLimits();
  const version = payloadVersion(payload, bytes);
  const isBuilt = openReader(payload, bytes - FOOTER_BYTES, version)
    ? buildOrReply(call)
    : replyBadData();
  if (isBuilt) finishRestore(call);
  closeReader();
}

/** The options behind the payload; false: the error is answered. */
function parseOptions(call: Call): bool {
  const parsed = options();
  parsed.replaces = false;
  parsed.isAbsolute = false;
  parsed.idleSeconds = -1;
  parsed.frequency = -1;
  for (let index = PAYLOAD + 1; index < call.argumentCount; index++) {
    const hasMore = index + 1 < call.argumentCount;
    if (call.is(index, "replace")) {
      parsed.replaces = true;
    } else if (call.is(index, "absttl")) {
      parsed.isAbsolute = true;
    } else if (call.is(index, "idletime") && hasMore && parsed.frequency == -1) {
      index += 1;
      if (!numberOrReply(call, index, i64.MAX_VALUE, INVALID_IDLE_TIME)) return false;
      parsed.idleSeconds = call.integer;
    } else if (call.is(index, "freq") && hasMore && parsed.idleSeconds == -1) {
      index += 1;
      if (!numberOrReply(call, index, 255, INVALID_FREQUENCY)) return false;
      parsed.frequency = call.integer;
    } else {
      replyError(SYNTAX);
      return false;
    }
  }
  return true;
}

/** Argument `index` as a number from 0 to `most` in `call.integer`; false: an error is answered. */
function numberOrReply(call: Call, index: i32, most: i64, error: string): bool {
  if (!integerOrReply(call, index)) return false;
  if (call.integer >= 0 && call.integer <= most) return true;
  replyError(error);
  return false;
}

function parseTimeToLive(call: Call): bool {
  if (!numberOrReply(call, 2, i64.MAX_VALUE, INVALID_TTL)) return false;
  const given = call.integer;
  options().whenMs = given && !options().isAbsolute ? given + nowMs() : given;
  return true;
}

/** The limits of the encodings, as they are set. */
function fillLimits(): void {
  takeSetLimits();
  const limits = reader();
  limits.hashEntries = settings().hashPackedEntries;
  limits.hashBytes = settings().hashPackedBytes;
  limits.sortedSetEntries = settings().sortedSetPackedEntries;
  limits.sortedSetBytes = settings().sortedSetPackedBytes;
  limits.listChunk = settings().listChunk;
}

function replyBadData(): bool {
  replyError(BAD_DATA_FORMAT);
  return false;
}

/** Builds the value of the payload that was opened; false: the error is answered. */
function buildOrReply(call: Call): bool {
  const blobBytes = reader().compressedBlobBytes;
  if (blobBytes && !reserveOrReply(blobBytes)) return false;
  const needed = measureReader();
  statistics().payloadChecks += 1;
  if (needed < 0) return replyBadData();
  if (!reserveOrReply(needed + <f64>call.bytesOf(1) * 2 + KEY_BYTES)) return false;
  return buildReader() || replyBadData();
}

/** Puts the built value in the key's place. */
function finishRestore(call: Call): void {
  const database = call.database;
  const key = call.at(1);
  const keyBytes = call.bytesOf(1);
  const parsed = options();
  const existed = lookup().slot != 0;
  const before = existed ? changetype<KeyEntry>(<usize>load<u32>(lookup().slot)).type : 0;
  if (existed) removeFound(database);
  replyOk();
  if (parsed.whenMs && parsed.whenMs <= nowMs() && !isReplaying()) {
    discardValue();
    if (existed) deletedInstead(call);
    return;
  }
  let entry = attachValue(database, key, keyBytes);
  if (parsed.whenMs) entry = setExpiry(database, entry, parsed.whenMs);
  setAccess(entry);
  render(call, entry);
  touchKey(call, key, keyBytes);
  notifyArgument(call, EventClass.GENERIC, "restore", 1);
  if (existed) notifyReplaced(database.number, before, entry.type, key, keyBytes);
}

/** The value's time has come before it could begin: all that happened is that a key is gone. */
function deletedInstead(call: Call): void {
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyDeleted(call, 1);
  if (!renderInstead(call, 2)) return;
  effectLiteral("DEL");
  effectBytes(call.at(1), call.bytesOf(1));
}

function setAccess(entry: KeyEntry): void {
  const isFrequency = accessRules().frequency != 0;
  const idle = options().idleSeconds;
  const frequency = options().frequency;
  if (isFrequency && frequency >= 0) setFrequency(entry, <u32>frequency);
  if (!isFrequency && idle >= 0) setIdleSeconds(entry, <u32>min<i64>(idle, 0xffffff));
}

/**
 * The command's own words, but the time to live absolute, and a payload that Redis 7.0 would not
 * take as one that it does, where there is memory for it.
 */
function render(call: Call, entry: KeyEntry): void {
  const isRelative = options().whenMs && !options().isAbsolute;
  const isNewer = payloadVersion(call.at(PAYLOAD), call.bytesOf(PAYLOAD)) > EFFECTS_VERSION
    && effectsOn() && !isReplaying() && isExpressible(entry, EFFECTS_VERSION);
  if (!isRelative && !isNewer) return;
  const isWritten = isNewer && writeValue(entry, EFFECTS_VERSION, true)
    && finishPayload(EFFECTS_VERSION);
  if (renderInstead(call, call.argumentCount + i32(isRelative))) {
    for (let index = 0; index < call.argumentCount; index++) {
      if (index == 2) effectInteger(options().whenMs);
      else if (index == PAYLOAD && isWritten) effectPayload();
      else effectBytes(call.at(index), call.bytesOf(index));
    }
    if (isRelative) effectLiteral("ABSTTL");
  }
  if (isNewer) closeWriter();
}

function effectPayload(): void {
  effectBytes(payloadOutput().start, outputBytes(payloadOutput()));
}

// @ts-ignore: decorator
@lazy @inline const RESTORE_ARGUMENTS: string = "key:key ttl:integer serialized-value:string \
replace:pure-token=REPLACE?^3.0.0 absttl:pure-token=ABSTTL?^5.0.0 seconds:integer=IDLETIME?^5.0.0 \
frequency:integer=FREQ?^5.0.0";

export function registerDump(): void {
  initializeCrc64();
  command(dump.index, "dump", "generic", "2.6.0", 2, "readonly", "keyspace",
    "index 1 range 0 1 0 : ro access", "key:key", "nondeterministic_output",
    "O(N) in the size of the value", "Gives the value of a key in a form that RESTORE takes.");
  command(restore.index, "restore", "generic", "2.6.0", -4, "write denyoom",
    "keyspace dangerous", "index 1 range 0 1 0 : ow update", RESTORE_ARGUMENTS, "",
    "O(N) in the size of the value, for sorted sets O(N log N)",
    "Makes a key of a value in the form that DUMP gives.");
  command(restore.index, "restore-asking", "server", "3.0.0", -4, "write denyoom asking",
    "keyspace dangerous", "index 1 range 0 1 0 : ow update", RESTORE_ARGUMENTS, "",
    "O(N) in the size of the value, for sorted sets O(N log N)",
    "RESTORE as one node of a cluster sends it to another.");
  systemCommand("restore-asking");
}

/**
 * The slow log: the calls that took longest, newest first (SLOWLOG). What it is told comes from
 * server/timing.ts, so a call may stand for a group of a pipeline.
 *
 *   entry (SERVER block): its words | address of the client | its name | arguments
 *   argument: u32 bytes, text; at most 32 of at most 128 bytes, the rest is counted in words
 *
 * An entry for which memory is short is left out.
 */

import { SERVER_ROOT, SessionFlag } from "../abi";
import { Arena, allocate, release, reserve } from "../memory/allocator";
import { nowMs } from "../memory/root";
import {
  TextBuilder, builderBytes, builderFree, builderInteger, builderStart, builderText,
} from "../text/builder";
import { Call, topCall } from "./call";
import { noteLatencyOf } from "./latency";
import { isSecret } from "./redaction";
import { Row, RowFlag } from "./table";

@unmanaged
export class SlowEntry {
  id: i64;
  timeSeconds: i64;
  microseconds: i64;
  older: u32;
  newer: u32;
  argumentCount: i32;
  peerBytes: u32;
  nameBytes: u32;
  reserved: u32;

  /** The client's address, its name behind it, then the arguments. */
  get peer(): usize {
    return changetype<usize>(this) + offsetof<SlowEntry>();
  }
}

@unmanaged
class SlowLogRoot {
  nextId: i64;
  /** slowlog-log-slower-than and slowlog-max-len. */
  thresholdMicroseconds: f64;
  entriesMaximum: f64;
  newest: u32;
  oldest: u32;
  count: u32;
}

const ARGUMENTS_MAXIMUM: i32 = 32;
const ARGUMENT_BYTES_MAXIMUM: u32 = 128;
/** Most bytes of an argument with its length and "... (4294967295 more bytes)". */
const ARGUMENT_ROOM: u32 = ARGUMENT_BYTES_MAXIMUM + 40;
const BUILDER: usize = SERVER_ROOT + 0x4c50;

// @ts-ignore: decorator
@inline
function root(): SlowLogRoot {
  return changetype<SlowLogRoot>(SERVER_ROOT + 0x4c20);
}

export function initializeSlowLog(): void {
  root().nextId = 0;
  root().newest = 0;
  root().oldest = 0;
  root().count = 0;
}

export function setSlowLog(thresholdMicroseconds: f64, entriesMaximum: f64): void {
  root().thresholdMicroseconds = thresholdMicroseconds;
  root().entriesMaximum = entriesMaximum;
}

export function slowEntryCount(): u32 {
  return root().count;
}

export function newestSlowEntry(): SlowEntry | null {
  return changetype<SlowEntry | null>(<usize>root().newest);
}

export function olderSlowEntry(entry: SlowEntry): SlowEntry | null {
  return changetype<SlowEntry | null>(<usize>entry.older);
}

/** Forgets all entries; their numbers go on. */
export function resetSlowLog(): void {
  while (root().oldest) dropOldest();
}

function dropOldest(): void {
  const entry = changetype<SlowEntry>(<usize>root().oldest);
  root().oldest = entry.newer;
  if (entry.newer) changetype<SlowEntry>(<usize>entry.newer).older = 0;
  else root().newest = 0;
  root().count -= 1;
  release(changetype<usize>(entry));
}

/**
 * A group of calls took long: `call` when it is a single one whose arguments are there, else null
 * and `row` is one of the rows in it.
 */
export function noteSlow(call: Call | null, row: Row, microseconds: f64, calls: u32): void {
  const hidden: u32 = SessionFlag.INTERNAL | SessionFlag.REPLAY;
  if (topCall().session.has(hidden)) return;
  noteLatencyOf(row, microseconds);
  const threshold = root().thresholdMicroseconds;
  if (threshold < 0 || microseconds < threshold || row.flags & RowFlag.SKIP_SLOWLOG) return;
  if (!reserve(1 + ARGUMENTS_MAXIMUM * ARGUMENT_ROOM + entryBytes())) return;
  const text = changetype<TextBuilder>(BUILDER);
  builderStart(text);
  const count = call ? addArguments(text, call, row) : addGroup(text, row, calls);
  addEntry(text, count, microseconds);
  builderFree(text);
  while (<f64>root().count > root().entriesMaximum) dropOldest();
}

function entryBytes(): u32 {
  const session = topCall().session;
  return <u32>offsetof<SlowEntry>() + session.peerBytes + session.nameBytes;
}

/** Leaves room for the length of an argument; returns where it stands in the text. */
function startArgument(text: TextBuilder): i32 {
  const at = text.bytes;
  builderText(text, "    ");
  return at;
}

function endArgument(text: TextBuilder, at: i32): void {
  store<u32>(text.address + at, text.bytes - at - 4);
}

function addArguments(text: TextBuilder, call: Call, row: Row): i32 {
  const total = call.argumentCount;
  const count = min(total, ARGUMENTS_MAXIMUM);
  for (let index = 0; index < count; index++) {
    const at = startArgument(text);
    if (total > count && index == count - 1) {
      addCount(text, total - count + 1, " more arguments)");
    } else if (isSecret(call, row, index)) {
      builderText(text, "(redacted)");
    } else {
      const bytes = call.bytesOf(index);
      builderBytes(text, call.at(index), min(bytes, ARGUMENT_BYTES_MAXIMUM));
      if (bytes > ARGUMENT_BYTES_MAXIMUM) {
        addCount(text, bytes - ARGUMENT_BYTES_MAXIMUM, " more bytes)");
      }
    }
    endArgument(text, at);
  }
  return count;
}

function addCount(text: TextBuilder, count: i64, words: string): void {
  builderText(text, "... (");
  builderInteger(text, count);
  builderText(text, words);
}

/** Of a group nobody can say which call it was. */
function addGroup(text: TextBuilder, row: Row, calls: u32): i32 {
  let at = startArgument(text);
  builderBytes(text, row.nameAddress, row.nameBytes);
  endArgument(text, at);
  at = startArgument(text);
  addCount(text, calls, calls == 1 ? " call)" : " calls of a pipeline)");
  endArgument(text, at);
  return 2;
}

function addEntry(text: TextBuilder, count: i32, microseconds: f64): void {
  const session = topCall().session;
  const address = allocate(Arena.SERVER, entryBytes() + text.bytes);
  const entry = changetype<SlowEntry>(address);
  entry.id = root().nextId++;
  entry.timeSeconds = nowMs() / 1000;
  entry.microseconds = <i64>microseconds;
  entry.argumentCount = count;
  entry.peerBytes = session.peerBytes;
  entry.nameBytes = session.nameBytes;
  memory.copy(entry.peer, session.peer, session.peerBytes);
  memory.copy(entry.peer + session.peerBytes, session.name, session.nameBytes);
  memory.copy(entry.peer + session.peerBytes + session.nameBytes, text.address, text.bytes);
  entry.newer = 0;
  entry.older = root().newest;
  if (entry.older) changetype<SlowEntry>(<usize>entry.older).newer = <u32>address;
  else root().oldest = <u32>address;
  root().newest = <u32>address;
  root().count += 1;
}

/**
 * ACL LOG: refusals, the latest first; one like another of the last minute is counted with it.
 *
 *   SERVER root + 0x4840  first entry, number of entries | next id (f64) | longest allowed (f64)
 *   entry (SERVER block): facts, then texts: object, user name, line of the client
 */

import { SERVER_ROOT } from "../abi";
import { statistics } from "../keyspace/statistics";
import { Arena, allocate, release, reserve } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { nowMs } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { TEXT_BUILDER_BYTES, TextBuilder, builderFree, builderStart } from "../text/builder";
import { Call } from "./call";
import { numberOf } from "./configuration";
import { Session } from "./session";
import { writeSession } from "./session-text";
import { Row } from "./table";
import { userOf } from "./users";

/** Refusals in the order of how far the check came. */
export const enum Denied {
  NOTHING = 0,
  COMMAND = 1,
  KEY = 2,
  AUTH = 3,
  CHANNEL = 4,
}

@unmanaged
export class Entry {
  id: f64;
  count: f64;
  createdMs: i64;
  updatedMs: i64;
  next: u32;
  reason: Denied;
  isMulti: u32;
  objectBytes: u32;
  userBytes: u32;
  clientBytes: u32;

  // @ts-ignore: decorator
  @inline
  get object(): usize {
    return changetype<usize>(this) + offsetof<Entry>();
  }

  get user(): usize {
    return this.object + this.objectBytes;
  }

  get client(): usize {
    return this.user + this.userBytes;
  }
}

/** What is one refusal with an earlier one is this near in time, among this many. */
const SAME_MS: i64 = 60000;
const SAME_ENTRIES: i32 = 10;
const OBJECT_BYTES_MAXIMUM: u32 = 65536;

@unmanaged
class LogRoot {
  nextId: f64;
  first: u32;
  count: u32;
}

// @ts-ignore: decorator
@inline
function root(): LogRoot {
  return changetype<LogRoot>(SERVER_ROOT + 0x4840);
}

export function firstEntry(): Entry | null {
  return changetype<Entry | null>(<usize>root().first);
}

export function entryCount(): u32 {
  return root().count;
}

/** Keeps `most` entries. */
export function trimDenied(most: u32): void {
  let link = changetype<usize>(root()) + offsetof<LogRoot>("first");
  for (let kept: u32 = 0; kept < most && load<u32>(link); kept++) {
    link = <usize>load<u32>(link) + offsetof<Entry>("next");
  }
  while (load<u32>(link)) {
    const address = <usize>load<u32>(link);
    store<u32>(link, changetype<Entry>(address).next);
    root().count -= 1;
    release(address);
  }
}

/** Notes that a command was refused; `argument` is the one it was about. */
export function noteDenied(
  session: Session, row: Row, reason: Denied, call: Call, argument: i32, isMulti: bool,
): void {
  const counted = statistics();
  if (reason == Denied.COMMAND) counted.aclDeniedCommand += 1;
  else if (reason == Denied.KEY) counted.aclDeniedKey += 1;
  else counted.aclDeniedChannel += 1;
  const user = userOf(session);
  const isCommand = reason == Denied.COMMAND;
  const object = isCommand ? <usize>row.nameAddress : call.at(argument);
  const bytes = isCommand ? row.nameBytes : call.bytesOf(argument);
  note(session, reason, isMulti, object, bytes, user.name, user.nameBytes);
}

/** Notes a login that failed; `user` is the argument that names who it was to be, 0: default. */
export function noteFailedLogin(call: Call, user: usize, userBytes: u32): void {
  statistics().aclDeniedAuth += 1;
  const isMulti = call.session.transaction != 0;
  note(call.session, Denied.AUTH, isMulti, call.at(0), call.bytesOf(0), user, userBytes);
}

function note(
  session: Session, reason: Denied, isMulti: bool,
  object: usize, bytes: u32, user: usize, userBytes: u32,
): void {
  const mark = scratchMark();
  const line = changetype<TextBuilder>(scratchTake(TEXT_BUILDER_BYTES));
  builderStart(line);
  writeSession(line, session);
  const objectBytes = min(bytes, OBJECT_BYTES_MAXIMUM);
  const nameBytes = min(userBytes, OBJECT_BYTES_MAXIMUM);
  const size = <u32>offsetof<Entry>() + objectBytes + nameBytes + <u32>line.bytes;
  if (reserve(size)) {
    const entry = changetype<Entry>(allocate(Arena.SERVER, size));
    entry.count = 1;
    entry.createdMs = nowMs();
    entry.updatedMs = nowMs();
    entry.reason = reason;
    entry.isMulti = u32(isMulti);
    entry.objectBytes = objectBytes;
    entry.userBytes = nameBytes;
    entry.clientBytes = line.bytes;
    memory.copy(entry.object, object, objectBytes);
    memory.copy(entry.user, user, nameBytes);
    memory.copy(entry.client, line.address, line.bytes);
    insert(entry);
  }
  builderFree(line);
  scratchRelease(mark);
}

/** Puts an entry first; a like one of the last minute gives it its count and goes. */
function insert(entry: Entry): void {
  let link = changetype<usize>(root()) + offsetof<LogRoot>("first");
  let isNew = true;
  for (let index = 0; index < SAME_ENTRIES && load<u32>(link); index++) {
    const other = changetype<Entry>(<usize>load<u32>(link));
    if (isSame(entry, other)) {
      entry.count = other.count + 1;
      entry.createdMs = other.createdMs;
      entry.id = other.id;
      store<u32>(link, other.next);
      release(changetype<usize>(other));
      root().count -= 1;
      isNew = false;
      break;
    }
    link = changetype<usize>(other) + offsetof<Entry>("next");
  }
  if (isNew) entry.id = root().nextId++;
  entry.next = root().first;
  root().first = <u32>changetype<usize>(entry);
  root().count += 1;
  const most = numberOf("acllog-max-len");
  trimDenied(<u32>min(most, <i64>u32.MAX_VALUE));
}

function isSame(entry: Entry, other: Entry): bool {
  return entry.reason == other.reason && entry.isMulti == other.isMulti
    && entry.updatedMs - other.updatedMs <= SAME_MS
    && entry.objectBytes == other.objectBytes && entry.userBytes == other.userBytes
    && equalBytes(entry.object, other.object, entry.objectBytes)
    && equalBytes(entry.user, other.user, entry.userBytes);
}

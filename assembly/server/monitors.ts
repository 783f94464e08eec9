/**
 * MONITOR: sessions that are shown every command that runs.
 *
 * The line is formatted once, after the command has run and before the next one, and handed to each
 * monitor as a message; the one that runs the command itself gets it after its reply. Commands of
 * administrators are not shown, secrets are redacted, and what a transaction runs comes before its
 * EXEC. While nobody watches, a command costs nothing: server/timing.ts looks at one word for both.
 *
 *   monitors: a chain through Session.monitorNext
 */

import { SERVER_ROOT, SessionFlag } from "../abi";
import { reserve } from "../memory/allocator";
import { nowMs } from "../memory/root";
import {
  TextBuilder, builderByte, builderBytes, builderFree, builderInteger, builderStart, builderText,
} from "../text/builder";
import { Call } from "./call";
import { sendLine } from "./messages";
import { isSecret } from "./redaction";
import { ReplyMode, Session } from "./session";
import { Row, RowFlag } from "./table";
import { Observe, setObserve } from "./timing";

@unmanaged
class MonitorsRoot {
  first: u32;
  last: u32;
}

const BUILDER: usize = SERVER_ROOT + 0x4c60;

// @ts-ignore: decorator
@inline
function root(): MonitorsRoot {
  return changetype<MonitorsRoot>(SERVER_ROOT + 0x4c10);
}

export function initializeMonitors(): void {
  root().first = 0;
  root().last = 0;
}

export function becomeMonitor(session: Session): void {
  const address = <u32>changetype<usize>(session);
  session.isMonitor = 1;
  session.monitorPrevious = root().last;
  session.monitorNext = 0;
  if (root().last) changetype<Session>(<usize>root().last).monitorNext = address;
  else root().first = address;
  root().last = address;
  setObserve(Observe.MONITORS, true);
}

/** The session watches no longer, if it did. */
export function leaveMonitors(session: Session): void {
  if (!session.isMonitor) return;
  session.isMonitor = 0;
  const before = <usize>session.monitorPrevious;
  const after = <usize>session.monitorNext;
  if (before) changetype<Session>(before).monitorNext = <u32>after;
  else root().first = <u32>after;
  if (after) changetype<Session>(after).monitorPrevious = <u32>before;
  else root().last = <u32>before;
  if (!root().first) setObserve(Observe.MONITORS, false);
}

/** Shows a command that has run to all monitors. */
export function showCall(call: Call, row: Row): void {
  if (row.flags & (RowFlag.ADMIN | RowFlag.SKIP_MONITOR)) return;
  const hidden: u32 = SessionFlag.INTERNAL | SessionFlag.REPLAY;
  if (call.session.has(hidden)) return;
  const line = changetype<TextBuilder>(BUILDER);
  builderStart(line);
  writeLine(line, call, row);
  // One copy is kept when a monitor runs the command itself.
  if (!line.isIncomplete && reserve(line.bytes + 64)) handOut(line);
  builderFree(line);
}

function handOut(line: TextBuilder): void {
  let isFirst = true;
  for (let at = <usize>root().first; at; at = changetype<Session>(at).monitorNext) {
    const session = changetype<Session>(at);
    if (session.closing || session.replyMode != ReplyMode.ON) continue;
    if (sendLine(session, line.address, line.bytes, isFirst)) isFirst = false;
  }
}

/** `+1700000000.123000 [0 127.0.0.1:50000] "SET" "key" "value"` */
function writeLine(line: TextBuilder, call: Call, row: Row): void {
  const session = call.session;
  builderByte(line, 0x2b);
  builderInteger(line, nowMs() / 1000);
  builderByte(line, 0x2e);
  const milliseconds = <u32>(nowMs() % 1000);
  builderByte(line, 0x30 + milliseconds / 100);
  builderByte(line, 0x30 + milliseconds / 10 % 10);
  builderByte(line, 0x30 + milliseconds % 10);
  builderText(line, "000 [");
  builderInteger(line, session.database);
  builderByte(line, 0x20);
  if (session.has(SessionFlag.UNIX_SOCKET)) builderText(line, "unix:");
  if (session.peerBytes) builderBytes(line, session.peer, shownBytes(session));
  builderByte(line, 0x5d);
  for (let index = 0; index < call.argumentCount; index++) {
    if (isSecret(call, row, index)) builderText(line, " \"(redacted)\"");
    else writeQuoted(line, call.at(index), call.bytesOf(index));
  }
  builderText(line, "\r\n");
}

/** The address of a Unix socket ends in ":0", which is not shown. */
function shownBytes(session: Session): u32 {
  const bytes = session.peerBytes;
  return session.has(SessionFlag.UNIX_SOCKET) && bytes > 2 ? bytes - 2 : bytes;
}

function writeQuoted(line: TextBuilder, text: usize, bytes: u32): void {
  builderText(line, " \"");
  let start: u32 = 0;
  for (let index: u32 = 0; index < bytes; index++) {
    const byte: u32 = load<u8>(text + index);
    if (byte - 0x20 < 0x5f && byte != 0x22 && byte != 0x5c) continue;
    builderBytes(line, text + start, index - start);
    writeEscaped(line, byte);
    start = index + 1;
  }
  builderBytes(line, text + start, bytes - start);
  builderByte(line, 0x22);
}

function writeEscaped(line: TextBuilder, byte: u32): void {
  builderByte(line, 0x5c);
  if (byte == 0x0a) return builderByte(line, 0x6e);
  if (byte == 0x0d) return builderByte(line, 0x72);
  if (byte == 0x09) return builderByte(line, 0x74);
  if (byte == 0x07) return builderByte(line, 0x61);
  if (byte == 0x08) return builderByte(line, 0x62);
  if (byte == 0x22 || byte == 0x5c) return builderByte(line, byte);
  builderByte(line, 0x78);
  builderByte(line, hexDigit(byte >> 4));
  builderByte(line, hexDigit(byte & 15));
}

function hexDigit(value: u32): u32 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

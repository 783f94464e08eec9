/**
 * A session as one line of text, as CLIENT LIST and CLIENT INFO print it.
 *
 * What has come of a request that is not whole counts as input (qbuf), its arguments included. The
 * engine keeps no reply buffer and no file descriptor of a session: those fields are constants.
 * What the host still has to send is one item to it (oll), and then it waits for the socket to
 * become writable (events).
 */

import { SessionFlag } from "../abi";
import { usableBytes } from "../memory/allocator";
import { nowMs } from "../memory/root";
import { parserHeldBytes, parserInputBytes } from "../protocol/parser";
import {
  TextBuilder, builderByte, builderBytes, builderInteger, builderText,
} from "../text/builder";
import { SESSION_BYTES, Session } from "./session";
import { Tracking } from "./tracking";
import { transactionOf } from "./transaction";
import { userOf } from "./users";
import { hasWatchedChange, watchCount } from "./watches";

function addNumber(builder: TextBuilder, label: string, value: i64): void {
  builderText(builder, label);
  builderInteger(builder, value);
}

function addText(builder: TextBuilder, label: string, text: usize, bytes: u32): void {
  builderText(builder, label);
  if (bytes) builderBytes(builder, text, bytes);
}

function addFlags(builder: TextBuilder, session: Session): void {
  const before = builder.bytes;
  builderText(builder, " flags=");
  const start = builder.bytes;
  if (session.isMonitor) builderByte(builder, 0x4f);
  if (session.subscriptions) builderByte(builder, 0x50);
  if (session.transaction) builderByte(builder, 0x78);
  if (session.request || session.waiter) builderByte(builder, 0x62);
  if (session.tracking) builderByte(builder, 0x74);
  if (session.tracking & Tracking.BROKEN_REDIRECT) builderByte(builder, 0x52);
  if (session.tracking & Tracking.BROADCAST) builderByte(builder, 0x42);
  if (session.watches && hasWatchedChange(session)) builderByte(builder, 0x64);
  if (session.closing) builderByte(builder, 0x63);
  if (session.has(SessionFlag.UNIX_SOCKET)) builderByte(builder, 0x55);
  if (session.noEvict) builderByte(builder, 0x65);
  if (session.noTouch) builderByte(builder, 0x54);
  if (builder.bytes == start && start != before) builderByte(builder, 0x4e);
}

function queuedBytes(session: Session): i64 {
  const transaction = transactionOf(session);
  return transaction ? <i64>transaction.bytes : 0;
}

/** Memory that a session holds. */
export function sessionMemory(session: Session): i64 {
  return <i64>SESSION_BYTES + session.nameBytes + session.libraryNameBytes
    + session.libraryVersionBytes + session.peerBytes + session.localBytes
    + parserHeldBytes(session.parser) + session.unsentBytes + queuedBytes(session)
    + (session.waiter ? usableBytes(session.waiter) : 0);
}

/** "id=3 addr=... lib-ver=" without a line end. */
export function writeSession(builder: TextBuilder, session: Session): void {
  const held = parserHeldBytes(session.parser);
  addNumber(builder, "id=", session.id);
  addText(builder, " addr=", session.peer, session.peerBytes);
  addText(builder, " laddr=", session.local, session.localBytes);
  builderText(builder, " fd=-1");
  addText(builder, " name=", session.name, session.nameBytes);
  addNumber(builder, " age=", nowMs() / 1000 - session.openedMs / 1000);
  addNumber(builder, " idle=", nowMs() / 1000 - session.activeMs / 1000);
  addFlags(builder, session);
  addNumber(builder, " db=", session.database);
  addNumber(builder, " sub=", session.channelCount);
  addNumber(builder, " psub=", session.patternCount);
  addNumber(builder, " ssub=", session.shardChannelCount);
  const transaction = transactionOf(session);
  addNumber(builder, " multi=", transaction ? transaction.count : -1);
  addNumber(builder, " watch=", watchCount(session));
  const input = parserInputBytes(session.parser);
  addNumber(builder, " qbuf=", input);
  addNumber(builder, " qbuf-free=", held - input);
  builderText(builder, " argv-mem=0");
  addNumber(builder, " multi-mem=", transaction ? <i64>transaction.bytes : 0);
  builderText(builder, " rbs=0 rbp=0 obl=0");
  addNumber(builder, " oll=", i64(session.unsentBytes != 0));
  addNumber(builder, " omem=", session.unsentBytes);
  addNumber(builder, " tot-mem=", sessionMemory(session));
  builderText(builder, session.unsentBytes ? " events=rw cmd=" : " events=r cmd=");
  const row = session.lastCommand;
  if (row) builderBytes(builder, row.nameAddress, row.nameBytes);
  else builderText(builder, "NULL");
  addText(builder, " user=", userOf(session).name, userOf(session).nameBytes);
  addNumber(builder, " redir=", session.tracking ? <i64>session.redirect : -1);
  addNumber(builder, " resp=", session.protocol);
  addText(builder, " lib-name=", session.libraryName, session.libraryNameBytes);
  addText(builder, " lib-ver=", session.libraryVersion, session.libraryVersionBytes);
}

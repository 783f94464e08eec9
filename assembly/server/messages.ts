/**
 * Messages: what a session is told without having asked, such as pub/sub messages and
 * invalidations.
 *
 * A message is formatted once, however many sessions get it: RESP2 and RESP3 differ in the first
 * byte only. The host is given the bytes once per form and then only who gets them too. For the
 * session whose command runs, a message waits until the reply of that command is complete, so that
 * it never stands inside another reply (as Redis since 7.2 does). CLIENT REPLY silences no message.
 *
 *   message, a SERVER block
 *   +0   u32  next of those that wait
 *   +4   u32  bytes of its text
 *   +8   text: "*3\r\n..."
 *
 *   words in the SERVER root: see MessageWords
 *
 * Life: startMessage, its parts, sendMessage for each session, endMessage. One at a time.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, reserve } from "../memory/allocator";
import { DEBUG } from "../memory/debug";
import {
  broadcastBytes, replySink, sendMessageBytes, sinkBytes, sinkMute, sinkUnmute, storeHeader,
  storeLiteral,
} from "../protocol/sink";
import { writeInteger } from "../text/integers";
import { ReplyMode, Session } from "./session";

@unmanaged
class MessageWords {
  /** The session whose command runs, 0 = none. */
  executing: u32;
  /** Messages that wait for the end of its reply. */
  firstKept: u32;
  lastKept: u32;
  /** The message that is being made, and where its next part goes. */
  current: u32;
  cursor: u32;
  /** First byte of the form that the host was given last, 0 = none yet. */
  form: u32;
}

const HEADER_BYTES: u32 = 8;
/** Most bytes of "$" or "*", a count and line ends around one part. */
const PART_BYTES: u32 = 28;
const RESP2_MARK: u32 = 0x2a;
const RESP3_MARK: u32 = 0x3e;
const CRLF: u32 = 0x0a0d;

// @ts-ignore: decorator
@inline
function words(): MessageWords {
  return changetype<MessageWords>(SERVER_ROOT + 0x4400);
}

export function initializeMessages(): void {
  memory.fill(changetype<usize>(words()), 0, offsetof<MessageWords>());
}

/** A command of this session begins, or (null) is over. */
// @ts-ignore: decorator
@inline
export function setExecuting(session: Session | null): void {
  words().executing = <u32>changetype<usize>(session);
}

/** The session whose command runs, null when none does. */
export function executingSession(): Session | null {
  return changetype<Session | null>(<usize>words().executing);
}

/**
 * Begins a message of `count` parts, or `parts` with nested ones, that hold `bytes` bytes together;
 * false when memory is short.
 */
export function startMessage(count: u32, parts: u32, bytes: u32): bool {
  const most = HEADER_BYTES + bytes + (parts + 1) * PART_BYTES;
  // One for all sessions and one that is kept for the executing one.
  if (most > 0x7fffffff || !reserve(most << 1)) return false;
  const block = allocate(Arena.SERVER, most);
  words().current = <u32>block;
  words().cursor = <u32>(block + HEADER_BYTES);
  words().form = 0;
  messageArray(count);
  return true;
}

/** A nested array of `count` parts. */
export function messageArray(count: u32): void {
  words().cursor = <u32>storeHeader(words().cursor, RESP2_MARK, count);
}

export function messageBytes(address: usize, bytes: u32): void {
  const at = storeHeader(words().cursor, 0x24, bytes);
  memory.copy(at, address, bytes);
  store<u16>(at + bytes, CRLF);
  words().cursor = <u32>at + bytes + 2;
}

export function messageLiteral(text: string): void {
  const bytes = text.length;
  const at = storeHeader(words().cursor, 0x24, bytes);
  storeLiteral(at, text);
  store<u16>(at + bytes, CRLF);
  words().cursor = <u32>at + bytes + 2;
}

export function messageInteger(value: i64): void {
  store<u8>(words().cursor, 0x3a);
  const at = <usize>words().cursor + 1 + writeInteger(words().cursor + 1, value);
  store<u16>(at, CRLF);
  words().cursor = <u32>at + 2;
}

/** Null as a bulk. */
export function messageNull(isThree: bool): void {
  if (isThree) {
    store<u32>(words().cursor, 0x0a0d5f);
    words().cursor += 3;
  } else {
    store<u64>(words().cursor, 0x0a0d312d24);
    words().cursor += 5;
  }
}

/** Sends the message to a session. */
export function sendMessage(session: Session): void {
  if (session.closing) return;
  const text = <usize>words().current + HEADER_BYTES;
  const bytes = words().cursor - <u32>text;
  const mark = session.protocol == 3 ? RESP3_MARK : RESP2_MARK;
  if (changetype<usize>(session) == words().executing) {
    keep(text, bytes, mark);
    return;
  }
  if (mark == words().form) {
    sendMessageBytes(session.id, 0, 0);
    return;
  }
  store<u8>(text, mark);
  words().form = mark;
  sendMessageBytes(session.id, text, bytes);
}

/** Sends the message to all of the audience, whose protocol is `protocol`. */
export function broadcastMessage(protocol: u32): void {
  const text = <usize>words().current + HEADER_BYTES;
  store<u8>(text, protocol == 3 ? RESP3_MARK : RESP2_MARK);
  broadcastBytes(text, words().cursor - <u32>text);
}

/**
 * Hands a session a whole line; the executing session gets it after its reply. `isFirst`: the host
 * has not been given these bytes yet. True when it has now.
 */
export function sendLine(session: Session, line: usize, bytes: usize, isFirst: bool): bool {
  if (changetype<usize>(session) == words().executing) {
    keep(line, <u32>bytes, load<u8>(line));
    return false;
  }
  sendMessageBytes(session.id, isFirst ? line : 0, isFirst ? bytes : 0);
  return true;
}

function keep(text: usize, bytes: u32, mark: u32): void {
  const block = allocate(Arena.SERVER, HEADER_BYTES + bytes);
  store<u32>(block, 0);
  store<u32>(block, bytes, 4);
  memory.copy(block + HEADER_BYTES, text, bytes);
  store<u8>(block + HEADER_BYTES, mark);
  if (words().lastKept) store<u32>(words().lastKept, <u32>block);
  else words().firstKept = <u32>block;
  words().lastKept = <u32>block;
}

/** The message is done with. */
export function endMessage(): void {
  release(words().current);
  words().current = 0;
}

/** The reply of the executing command is complete: what waited for it follows. */
// @ts-ignore: decorator
@inline
export function settleMessages(session: Session): void {
  if (words().firstKept) writeKept(session);
}

function writeKept(session: Session): void {
  if (DEBUG) assert(!words().executing || changetype<usize>(session) == words().executing);
  const sink = replySink();
  const isSilent = session.replyMode != ReplyMode.ON;
  if (isSilent) sinkUnmute(sink);
  while (words().firstKept) {
    const block = <usize>words().firstKept;
    words().firstKept = load<u32>(block);
    sinkBytes(sink, block + HEADER_BYTES, load<u32>(block, 4));
    release(block);
  }
  words().lastKept = 0;
  if (isSilent) sinkMute(sink);
}

/**
 * Sink: writes bytes into a fixed window and hands the window to the host when it is full.
 *
 * One record per stream at a fixed address: replies, effects, export, log. A writer asks for room
 * once and then stores; only a full window costs a call of the `flush` import. Payloads of
 * DIRECT_BYTES or more that do not fit are handed over from where they lie, without a copy.
 *
 * A muted sink (CLIENT REPLY OFF and SKIP) goes on writing into the window, so that the hot path
 * knows nothing of it; what was written after the mute is dropped at the next flush or unmute.
 *
 *   0x2900  REPLY sink    over the output window
 *   0x2940  EFFECTS sink  over the effects window
 *   0x2980  EXPORT sink   over the effects window too: flush the effects before opening it
 *
 * Invariants: 1. start <= cursor <= end. 2. mutedFrom is 0 or within [start, cursor].
 * 3. handed + (cursor - start) is the number of bytes ever written, muted ones not counted.
 */
import {
  EFFECTS_TRAILER_BYTES, EFFECTS_WINDOW, EFFECTS_WINDOW_BYTES, OUTPUT_WINDOW,
  OUTPUT_WINDOW_BYTES, Stream,
} from "../abi";
import { copyBytes } from "../memory/copy";
import { DEBUG } from "../memory/debug";
import { decimalDigits, writeInteger } from "../text/integers";

@external("host", "flush")
declare function flush(stream: i32, session: i32, address: i32, bytes: i32): void;

/** Payloads of at least this size are handed to the host where they lie. */
// @ts-ignore: decorator
@inline const DIRECT_BYTES: usize = 16384;

// @ts-ignore: decorator
@inline const REPLY_SINK: usize = 0x2900;
// @ts-ignore: decorator
@inline const EFFECTS_SINK: usize = 0x2940;
// @ts-ignore: decorator
@inline const EXPORT_SINK: usize = 0x2980;

@unmanaged
export class Sink {
  /** First byte of the window. */
  start: usize;
  /** Next byte to write. */
  cursor: usize;
  /** One past the window. */
  end: usize;
  /** First argument of `flush`. */
  stream: i32;
  /** Second argument of `flush`. */
  session: i32;
  /** Where the muted bytes begin; 0 when the sink is not muted. */
  mutedFrom: usize;
  /** Bytes handed to the host so far. */
  handed: f64;
}

// @ts-ignore: decorator
@inline
export function replySink(): Sink {
  return changetype<Sink>(REPLY_SINK);
}

// @ts-ignore: decorator
@inline
export function effectsSink(): Sink {
  return changetype<Sink>(EFFECTS_SINK);
}

// @ts-ignore: decorator
@inline
export function exportSink(): Sink {
  return changetype<Sink>(EXPORT_SINK);
}

/** Points `sink` at a window; nothing written, nothing handed. */
export function sinkOpen(sink: Sink, start: usize, bytes: usize, stream: i32): void {
  sink.start = start;
  sink.cursor = start;
  sink.end = start + bytes;
  sink.stream = stream;
  sink.session = 0;
  sink.mutedFrom = 0;
  sink.handed = 0;
}

/** Sets up the three sinks; called by `format` and `attach`. */
export function initializeSinks(): void {
  sinkOpen(replySink(), OUTPUT_WINDOW, OUTPUT_WINDOW_BYTES, Stream.REPLY);
  const effectsBytes = EFFECTS_WINDOW_BYTES - EFFECTS_TRAILER_BYTES;
  sinkOpen(effectsSink(), EFFECTS_WINDOW, effectsBytes, Stream.EFFECTS);
  sinkOpen(exportSink(), EFFECTS_WINDOW, EFFECTS_WINDOW_BYTES, Stream.EXPORT);
}

/** From here on the bytes belong to `session`; earlier ones are handed over first. */
export function sinkSession(sink: Sink, session: i32): void {
  if (sink.session == session) return;
  sinkFlush(sink);
  sink.session = session;
}

/** Bytes written so far, handed or not (f64: exact to 2^53). */
export function sinkPosition(sink: Sink): f64 {
  return sink.handed + <f64>(sinkKeptEnd(sink) - sink.start);
}

/** Bytes in the window that a flush would hand over. */
export function sinkPendingBytes(sink: Sink): usize {
  return sinkKeptEnd(sink) - sink.start;
}

function sinkKeptEnd(sink: Sink): usize {
  const mutedFrom = sink.mutedFrom;
  return mutedFrom ? mutedFrom : sink.cursor;
}

/** From here on everything written is dropped. */
export function sinkMute(sink: Sink): void {
  if (!sink.mutedFrom) sink.mutedFrom = sink.cursor;
}

/** Drops what was written since the mute and keeps what follows. */
export function sinkUnmute(sink: Sink): void {
  if (!sink.mutedFrom) return;
  sink.cursor = sink.mutedFrom;
  sink.mutedFrom = 0;
}

/** Hands the window's bytes to the host and starts at its beginning again. */
export function sinkFlush(sink: Sink): void {
  const start = sink.start;
  const bytes = sinkKeptEnd(sink) - start;
  if (bytes) handOver(sink, start, bytes);
  sink.cursor = start;
  if (sink.mutedFrom) sink.mutedFrom = start;
}

function handOver(sink: Sink, address: usize, bytes: usize): void {
  sink.handed += <f64>bytes;
  flush(sink.stream, sink.session, <i32>address, <i32>bytes);
}

/** Empties the window without a flush, after the host has read it; returns how much was in it. */
export function sinkTake(sink: Sink): usize {
  const bytes = sinkPendingBytes(sink);
  sink.handed += <f64>bytes;
  sink.cursor = sink.start;
  return bytes;
}

/** Tells the host that effects are in their window. */
export function announceEffects(): void {
  flush(Stream.EFFECTS, 0, 0, 0);
}

/** Asks the host to close a session once its replies are sent. */
export function requestClose(session: i32): void {
  flush(Stream.CLOSE, session, 0, 0);
}

/**
 * Hands a session a message that it has not asked for. No bytes: the same ones as the last time.
 */
export function sendMessageBytes(session: i32, address: usize, bytes: usize): void {
  flush(Stream.MESSAGE, session, <i32>address, <i32>bytes);
}

/** Tells the host who gets what is broadcast: `count` numbers of sessions, u32 each. */
export function nameAudience(sessions: usize, count: u32): void {
  flush(Stream.AUDIENCE, 0, <i32>sessions, count << 2);
}

/** Hands over a message for everybody in the audience. */
export function broadcastBytes(address: usize, bytes: usize): void {
  flush(Stream.BROADCAST, 0, <i32>address, <i32>bytes);
}

/** Tells the host that a session has become a subscriber, or is none any more. */
export function tellSubscriber(session: i32, isSubscriber: bool): void {
  flush(Stream.SUBSCRIBER, session, i32(isSubscriber), 0);
}

/** Tells the host that a session waits no longer. */
export function requestResume(session: i32): void {
  flush(Stream.RESUME, session, 0, 0);
}

/** Hands one log line to the host; levels as Stream.LOG says. */
export function sendLog(level: i32, address: usize, bytes: usize): void {
  flush(Stream.LOG, level, <i32>address, <i32>bytes);
}

/** Makes room for `bytes` more, which must be no more than the window, and returns the cursor. */
// @ts-ignore: decorator
@inline
export function sinkRoom(sink: Sink, bytes: usize): usize {
  if (sink.end - sink.cursor < bytes) sinkFlush(sink);
  if (DEBUG) assert(sink.end - sink.cursor >= bytes);
  return sink.cursor;
}

// @ts-ignore: decorator
@inline
export function sinkByte(sink: Sink, byte: u32): void {
  const cursor = sinkRoom(sink, 1);
  store<u8>(cursor, byte);
  sink.cursor = cursor + 1;
}

/** Writes `bytes` bytes from `address`, of any size. */
export function sinkBytes(sink: Sink, address: usize, bytes: usize): void {
  const cursor = sink.cursor;
  if (bytes <= sink.end - cursor) {
    copyBytes(cursor, address, bytes as u32);
    sink.cursor = cursor + bytes;
  } else {
    sinkBytesPastEnd(sink, address, bytes);
  }
}

function sinkBytesPastEnd(sink: Sink, address: usize, bytes: usize): void {
  if (bytes >= DIRECT_BYTES) {
    sinkFlush(sink);
    if (!sink.mutedFrom) handOver(sink, address, bytes);
    return;
  }
  while (bytes) {
    const cursor = sinkRoom(sink, 1);
    const part = min(bytes, sink.end - cursor);
    memory.copy(cursor, address, part);
    sink.cursor = cursor + part;
    address += part;
    bytes -= part;
  }
}

/**
 * Stores an ASCII literal at `address`, one byte per character, and returns its length. Writes in
 * steps of eight, so up to seven bytes past the text are overwritten.
 */
export function storeLiteral(address: usize, literal: string): usize {
  const length = <usize>literal.length;
  const source = changetype<usize>(literal);
  for (let index: usize = 0; index < length; index += 8) {
    const wide = v128.load(source + (index << 1));
    const narrow = i8x16.narrow_i16x8_u(wide, wide);
    store<u64>(address + index, i64x2.extract_lane(narrow, 0));
  }
  return length;
}

/** Writes an ASCII literal shorter than the window. */
export function sinkLiteral(sink: Sink, literal: string): void {
  const cursor = sinkRoom(sink, <usize>literal.length + 8);
  sink.cursor = cursor + storeLiteral(cursor, literal);
}

/** Writes an integer in decimal. */
export function sinkInteger(sink: Sink, value: i64): void {
  const cursor = sinkRoom(sink, 24);
  sink.cursor = cursor + writeInteger(cursor, value);
}

/** Stores `mark`, a count and CRLF at `cursor` (at most 24 bytes) and returns the next address. */
// @ts-ignore: decorator
@inline
export function storeHeader(cursor: usize, mark: u32, count: usize): usize {
  if (count < 10) {
    store<u32>(cursor, mark | ((<u32>count + 0x30) << 8) | 0x0a0d0000);
    return cursor + 4;
  }
  if (count < 100) {
    // For numbers this small 205 / 2048 is a tenth.
    const tens = (<u32>count * 205) >> 11;
    const digits = (tens + 0x30) | ((<u32>count - tens * 10 + 0x30) << 8);
    store<u64>(cursor, (<u64>digits << 8) | 0x0a0d000000 | <u64>mark);
    return cursor + 5;
  }
  return storeLongHeader(cursor, mark, count);
}

function storeLongHeader(cursor: usize, mark: u32, count: usize): usize {
  store<u8>(cursor, mark);
  const next = cursor + 1 + writeInteger(cursor + 1, <i64>count);
  store<u16>(next, 0x0a0d);
  return next + 2;
}

/** Begins a request of `count` arguments: "*N". */
export function sinkRequestHeader(sink: Sink, count: u32): void {
  sink.cursor = storeHeader(sinkRoom(sink, 24), 0x2a, count);
}

/** One argument: "$bytes", payload, CRLF. */
export function sinkBulk(sink: Sink, address: usize, bytes: usize): void {
  if (bytes <= SMALL_BULK_BYTES) {
    const payload = storeHeader(sinkRoom(sink, SMALL_BULK_BYTES + 32), 0x24, bytes);
    copyBytes(payload, address, bytes as u32);
    store<u16>(payload + bytes, 0x0a0d);
    sink.cursor = payload + bytes + 2;
    return;
  }
  sink.cursor = storeHeader(sinkRoom(sink, 24), 0x24, bytes);
  sinkBytes(sink, address, bytes);
  const cursor = sinkRoom(sink, 2);
  store<u16>(cursor, 0x0a0d);
  sink.cursor = cursor + 2;
}

/** Bulks up to this size are written after a single check for room. */
// @ts-ignore: decorator
@inline const SMALL_BULK_BYTES: usize = 512;

/** One argument given as an ASCII literal shorter than the window. */
export function sinkBulkLiteral(sink: Sink, literal: string): void {
  const length = <usize>literal.length;
  const payload = storeHeader(sinkRoom(sink, length + 40), 0x24, length);
  storeLiteral(payload, literal);
  store<u16>(payload + length, 0x0a0d);
  sink.cursor = payload + length + 2;
}

/** One argument that is an integer in decimal. */
export function sinkBulkInteger(sink: Sink, value: i64): void {
  const cursor = sinkRoom(sink, 32);
  if (<u64>value < 10) {
    store<u64>(cursor, 0x0a0d300a0d3124 + (<u64>value << 32));
    sink.cursor = cursor + 7;
    return;
  }
  const magnitude = value < 0 ? 0 - <u64>value : <u64>value;
  const bytes = decimalDigits(magnitude) + i32(value < 0);
  const payload = storeHeader(cursor, 0x24, bytes);
  writeInteger(payload, value);
  store<u16>(payload + bytes, 0x0a0d);
  sink.cursor = payload + bytes + 2;
}

/** Checks the invariants; 0 or the number of the broken one. */
export function validateSink(sink: Sink): i32 {
  if (sink.start > sink.cursor || sink.cursor > sink.end) return 1;
  const mutedFrom = sink.mutedFrom;
  if (mutedFrom && (mutedFrom < sink.start || mutedFrom > sink.cursor)) return 2;
  return 0;
}

/**
 * Replies: RESP2 and RESP3 text written into the reply sink.
 *
 * Callers say what they answer; the protocol version of the session in service is a word that the
 * server sets (setProtocol), and only the kinds whose text differs look at it. Each small reply is
 * one check for room followed by stores, most of them constants; nothing is formatted twice.
 *
 * Errors may be composed of pieces (replyErrorStart .. replyErrorEnd). CR and LF in foreign bytes
 * become blanks, as an error is one line. Each error is counted, and its code (the first word) is
 * kept, so that the floors above can count errors by code and see whether a call failed.
 *
 *   0x2A00  u32       protocol version, 2 or 3
 *   0x2A04  u32       errors since it was last cleared (errorsThisCall)
 *   0x2A08  f64       errors since the start
 *   0x2A10  u32       bytes of the last error's code
 *   0x2A18  32 bytes  the last error's code
 *   0x2A40  64 bytes  digits of a number that is being rendered
 */
import { writeDouble, writeFixed } from "../text/doubles";
import { writeInteger } from "../text/integers";
import {
  replySink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkByte, sinkBytes, sinkInteger,
  sinkLiteral, sinkRoom, storeHeader, storeLiteral,
} from "./sink";

// @ts-ignore: decorator
@inline const PROTOCOL: usize = 0x2a00;
// @ts-ignore: decorator
@inline const ERRORS_THIS_CALL: usize = 0x2a04;
// @ts-ignore: decorator
@inline const ERRORS_TOTAL: usize = 0x2a08;
// @ts-ignore: decorator
@inline const CODE_BYTES: usize = 0x2a10;
// @ts-ignore: decorator
@inline const CODE: usize = 0x2a18;
// @ts-ignore: decorator
@inline const DIGITS: usize = 0x2a40;

/** CR LF as a little-endian word. */
// @ts-ignore: decorator
@inline const CRLF: u32 = 0x0a0d;

export function initializeReplies(): void {
  setProtocol(2);
  clearErrorsThisCall();
  store<f64>(ERRORS_TOTAL, 0);
  store<u32>(CODE_BYTES, 0);
}

// @ts-ignore: decorator
@inline
export function setProtocol(version: u32): void {
  store<u32>(PROTOCOL, version);
}

// @ts-ignore: decorator
@inline
export function protocol(): u32 {
  return load<u32>(PROTOCOL);
}

// @ts-ignore: decorator
@inline
function isThree(): bool {
  return load<u32>(PROTOCOL) == 3;
}

/** Errors answered since `clearErrorsThisCall`. */
// @ts-ignore: decorator
@inline
export function errorsThisCall(): u32 {
  return load<u32>(ERRORS_THIS_CALL);
}

// @ts-ignore: decorator
@inline
export function clearErrorsThisCall(): void {
  store<u32>(ERRORS_THIS_CALL, 0);
}

export function errorsTotal(): f64 {
  return load<f64>(ERRORS_TOTAL);
}

export function clearErrorsTotal(): void {
  store<f64>(ERRORS_TOTAL, 0);
}

export function lastErrorCodeAddress(): usize {
  return CODE;
}

export function lastErrorCodeBytes(): u32 {
  return load<u32>(CODE_BYTES);
}

// ---- Status ------------------------------------------------------------------------------------

export function replyOk(): void {
  const sink = replySink();
  const cursor = sinkRoom(sink, 8);
  store<u64>(cursor, 0x0a0d4b4f2b);
  sink.cursor = cursor + 5;
}

/** A status such as "QUEUED"; at most some hundred characters. */
export function replyStatus(literal: string): void {
  const sink = replySink();
  const cursor = sinkRoom(sink, <usize>literal.length + 16);
  store<u8>(cursor, 0x2b);
  const next = cursor + 1 + storeLiteral(cursor + 1, literal);
  store<u16>(next, CRLF);
  sink.cursor = next + 2;
}

/** A status of bytes that hold neither CR nor LF. */
export function replyStatusBytes(address: usize, bytes: usize): void {
  const sink = replySink();
  sinkByte(sink, 0x2b);
  sinkBytes(sink, address, bytes);
  replyLineEnd();
}

function replyLineEnd(): void {
  const sink = replySink();
  const cursor = sinkRoom(sink, 2);
  store<u16>(cursor, CRLF);
  sink.cursor = cursor + 2;
}

// ---- Errors ------------------------------------------------------------------------------------

/** A whole error text with its code, such as "ERR syntax error". */
export function replyError(literal: string): void {
  replyErrorStart(literal);
  replyLineEnd();
}

/** Begins an error of several pieces; the literal begins with the code. */
export function replyErrorStart(literal: string): void {
  countError();
  let length: u32 = 0;
  const most = min<u32>(32, literal.length);
  while (length < most) {
    const unit = load<u16>(changetype<usize>(literal) + (<usize>length << 1));
    if (unit == 0x20) break;
    store<u8>(CODE + length, unit);
    length++;
  }
  store<u32>(CODE_BYTES, length);
  const sink = replySink();
  sinkByte(sink, 0x2d);
  sinkLiteral(sink, literal);
}

function countError(): void {
  store<u32>(ERRORS_THIS_CALL, load<u32>(ERRORS_THIS_CALL) + 1);
  store<f64>(ERRORS_TOTAL, load<f64>(ERRORS_TOTAL) + 1);
}

/** A whole error of bytes, its code first ("ERR ..."). */
export function replyErrorLine(address: usize, bytes: usize): void {
  countError();
  let length: usize = 0;
  const most = min<usize>(32, bytes);
  while (length < most && load<u8>(address + length) != 0x20) length++;
  memory.copy(CODE, address, length);
  store<u32>(CODE_BYTES, <u32>length);
  sinkByte(replySink(), 0x2d);
  writeErrorBytes(address, bytes);
  replyLineEnd();
}

export function replyErrorText(literal: string): void {
  sinkLiteral(replySink(), literal);
}

/** Foreign bytes inside an error: up to the first NUL, CR and LF become blanks. */
export function replyErrorBytes(address: usize, bytes: usize): void {
  replyErrorCut(address, bytes, bytes);
}

/** As replyErrorBytes with at most `most` bytes; returns how many were written. */
export function replyErrorCut(address: usize, bytes: usize, most: usize): usize {
  const end = min(bytes, most);
  let length: usize = 0;
  while (length < end && load<u8>(address + length)) length++;
  writeErrorBytes(address, length);
  return length;
}

/** Foreign bytes that end an error: CR and LF at their end are dropped. */
export function replyErrorLast(address: usize, bytes: usize): void {
  let length: usize = 0;
  while (length < bytes && load<u8>(address + length)) length++;
  while (length && isLineByte(load<u8>(address + length - 1))) length--;
  writeErrorBytes(address, length);
  replyLineEnd();
}

// @ts-ignore: decorator
@inline
function isLineByte(byte: u32): bool {
  return byte == 0x0d || byte == 0x0a;
}

export function replyErrorByte(byte: u32): void {
  sinkByte(replySink(), isLineByte(byte) ? 0x20 : byte);
}

function writeErrorBytes(address: usize, bytes: usize): void {
  for (let index: usize = 0; index < bytes; index++) replyErrorByte(load<u8>(address + index));
}

export function replyErrorInteger(value: i64): void {
  sinkInteger(replySink(), value);
}

export function replyErrorEnd(): void {
  replyLineEnd();
}

// ---- Integers and bulks ------------------------------------------------------------------------

export function replyInteger(value: i64): void {
  const sink = replySink();
  const cursor = sinkRoom(sink, 32);
  if (<u64>value < 10) {
    store<u32>(cursor, 0x0a0d303a + (<u32>value << 8));
    sink.cursor = cursor + 4;
    return;
  }
  store<u8>(cursor, 0x3a);
  const next = cursor + 1 + writeInteger(cursor + 1, value);
  store<u16>(next, CRLF);
  sink.cursor = next + 2;
}

/** A bulk of any bytes; large ones go to the host from where they lie. */
// @ts-ignore: decorator
@inline
export function replyBulk(address: usize, bytes: usize): void {
  sinkBulk(replySink(), address, bytes);
}

export function replyBulkText(literal: string): void {
  sinkBulkLiteral(replySink(), literal);
}

/** An integer as a bulk. */
export function replyBulkInteger(value: i64): void {
  sinkBulkInteger(replySink(), value);
}

/** Nothing there: "$-1" in RESP2, "_" in RESP3. */
export function replyNull(): void {
  const sink = replySink();
  const cursor = sinkRoom(sink, 8);
  if (isThree()) {
    store<u32>(cursor, 0x0a0d5f);
    sink.cursor = cursor + 3;
  } else {
    store<u64>(cursor, 0x0a0d312d24);
    sink.cursor = cursor + 5;
  }
}

/** As replyNull, where RESP2 knows the null array: "*-1". */
export function replyNullArray(): void {
  const sink = replySink();
  const cursor = sinkRoom(sink, 8);
  if (isThree()) {
    store<u32>(cursor, 0x0a0d5f);
    sink.cursor = cursor + 3;
  } else {
    store<u64>(cursor, 0x0a0d312d2a);
    sink.cursor = cursor + 5;
  }
}

export function replyEmptyBulk(): void {
  sinkBulk(replySink(), 0, 0);
}

// ---- Aggregates --------------------------------------------------------------------------------

// @ts-ignore: decorator
@inline
function replyHeader(mark: u32, count: usize): void {
  const sink = replySink();
  sink.cursor = storeHeader(sinkRoom(sink, 24), mark, count);
}

export function replyArray(count: u32): void {
  replyHeader(0x2a, count);
}

export function replyEmptyArray(): void {
  replyHeader(0x2a, 0);
}

/** A map of `pairs` keys and values; RESP2 sees an array of twice as many. */
export function replyMap(pairs: u32): void {
  if (isThree()) replyHeader(0x25, pairs);
  else replyHeader(0x2a, <usize>pairs << 1);
}

export function replySet(count: u32): void {
  replyHeader(isThree() ? 0x7e : 0x2a, count);
}

export function replyPush(count: u32): void {
  replyHeader(isThree() ? 0x3e : 0x2a, count);
}

// ---- Kinds of RESP3 ----------------------------------------------------------------------------

/** The shortest text that reads back, as Redis since 7.2 prints doubles. */
export function replyDouble(value: f64): void {
  const bytes = writeDouble(DIGITS, value);
  const sink = replySink();
  if (!isThree()) {
    sinkBulk(sink, DIGITS, bytes);
    return;
  }
  sinkByte(sink, 0x2c);
  sinkBytes(sink, DIGITS, bytes);
  replyLineEnd();
}

/** A coordinate: 17 decimals without the zeros at their end; below 10^40. */
export function replyHumanDouble(value: f64): void {
  let bytes = writeFixed(DIGITS, value, 17);
  while (load<u8>(DIGITS + <usize>bytes - 1) == 0x30) bytes--;
  if (load<u8>(DIGITS + <usize>bytes - 1) == 0x2e) bytes--;
  const sink = replySink();
  if (!isThree()) {
    sinkBulk(sink, DIGITS, bytes);
    return;
  }
  sinkByte(sink, 0x2c);
  sinkBytes(sink, DIGITS, bytes);
  replyLineEnd();
}

/** "#t" or "#f"; 1 or 0 in RESP2. */
export function replyBoolean(value: bool): void {
  if (!isThree()) {
    replyInteger(value ? 1 : 0);
    return;
  }
  const sink = replySink();
  const cursor = sinkRoom(sink, 4);
  store<u32>(cursor, value ? 0x0a0d7423 : 0x0a0d6623);
  sink.cursor = cursor + 4;
}

/** Text with a format of three letters ("txt", "mkd"); a bulk in RESP2. */
export function replyVerbatim(format: string, address: usize, bytes: usize): void {
  if (!isThree()) {
    replyBulk(address, bytes);
    return;
  }
  replyHeader(0x3d, bytes + 4);
  const sink = replySink();
  sinkLiteral(sink, format);
  sinkByte(sink, 0x3a);
  sinkBytes(sink, address, bytes);
  replyLineEnd();
}

/** Digits of an integer of any size; a bulk in RESP2. */
export function replyBigNumber(address: usize, bytes: usize): void {
  if (!isThree()) {
    replyBulk(address, bytes);
    return;
  }
  const sink = replySink();
  sinkByte(sink, 0x28);
  sinkBytes(sink, address, bytes);
  replyLineEnd();
}

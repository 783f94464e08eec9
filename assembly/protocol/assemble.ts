/**
 * Assembly of a request that does not lie whole and plain in the source: byte by byte as it comes.
 *
 * The in-place path of parser.ts takes the ordinary requests; this one takes all the others (cut
 * off at the end of a chunk, from the unauthenticated, with odd line ends, inline, malformed) and
 * decides every error. A state and the kept start of the current line say where it stands, so no
 * byte is looked at twice, whatever the chunks.
 *
 * Payloads are gathered in one growing block, and the vector holds offsets into it until the
 * request is complete. Bulks of LARGE_BULK_BYTES or more get a block of their own, at their full
 * size at once, which the host may fill directly. Nothing is allocated for arguments that have not
 * arrived. When memory is refused, what was gathered is given back, the rest of the request is read
 * and dropped, and its reply is the OOM error.
 *
 * A line ends at CR plus any byte, as long as no NUL precedes it; the two bytes after a payload are
 * passed over unseen. Both are what Redis does.
 */
import {
  allocate, Arena, reallocate, release, reserve, reserveBlock, reserveServing,
} from "../memory/allocator";
import { copyBytes } from "../memory/copy";
import { DEBUG } from "../memory/debug";
import {
  OUT_OF_MEMORY, PROTOCOL_ARRAY_LENGTH, PROTOCOL_ARRAY_LENGTH_UNAUTHENTICATED,
  PROTOCOL_ARRAY_LINE_TOO_LONG, PROTOCOL_BULK_LENGTH, PROTOCOL_BULK_LENGTH_UNAUTHENTICATED,
  PROTOCOL_BULK_LINE_TOO_LONG, PROTOCOL_INLINE_TOO_LONG, replyExpectedDollar,
} from "./errors";
import { splitInline } from "./inline";
import {
  clearFlag, hasFlag, LARGE_BULK_BYTES, LINE_BYTES_MAX, LINE_KEPT_BYTES, LINE_OFFSET,
  maximumBulkBytes, numberRead, Parser, ParserFlag, ParserState, ParseResult, queryBufferLimit,
  readNumber, setFlag, storeArgument, UNAUTHENTICATED_ARGUMENTS, UNAUTHENTICATED_BULK_BYTES,
} from "./parser-state";
import { replyError } from "./reply";

/** What reading a line came to. */
const enum Line {
  MORE = 0,
  DONE = 1,
  TOO_LONG = 2,
}

/** Takes a step with the unread bytes, of which there is at least one. MORE: step again. */
export function assembleStep(parser: Parser): ParseResult {
  switch (parser.state) {
    case ParserState.READY: return startRequest(parser);
    case ParserState.ARRAY_LINE: return readArrayLine(parser);
    case ParserState.BULK_LINE: return readBulkLine(parser);
    case ParserState.PAYLOAD: return readPayload(parser);
    case ParserState.TRAILER: return readTrailer(parser);
    case ParserState.INLINE: return readInline(parser);
    default:
      parser.cursor = parser.end;
      return ParseResult.MORE;
  }
}

function startRequest(parser: Parser): ParseResult {
  if (DEBUG) assert(!hasFlag(parser, ParserFlag.HOLDS));
  parser.argumentCount = 0;
  startLine(parser);
  if (load<u8>(parser.cursor) == 0x2a) {
    parser.state = ParserState.ARRAY_LINE;
    return ParseResult.MORE;
  }
  return startInline(parser);
}

function fail(parser: Parser, text: string): ParseResult {
  parser.state = ParserState.DEAD;
  replyError(text);
  return ParseResult.FAILED;
}

// ---- Lines -------------------------------------------------------------------------------------

function startLine(parser: Parser): void {
  parser.lineBytes = 0;
  clearFlag(parser, ParserFlag.LINE_RETURN | ParserFlag.LINE_NUL);
}

/** Reads on to the byte after CR, keeping the start of the line. */
function readLine(parser: Parser): Line {
  const end = parser.end;
  let cursor = parser.cursor;
  if (hasFlag(parser, ParserFlag.LINE_RETURN)) {
    parser.cursor = cursor + 1;
    return Line.DONE;
  }
  let length = parser.lineBytes;
  const kept = changetype<usize>(parser) + LINE_OFFSET;
  while (cursor != end) {
    const byte = load<u8>(cursor++);
    if (byte == 0x0d && !hasFlag(parser, ParserFlag.LINE_NUL)) {
      setFlag(parser, ParserFlag.LINE_RETURN);
      break;
    }
    if (!byte) setFlag(parser, ParserFlag.LINE_NUL);
    if (length < LINE_KEPT_BYTES) store<u8>(kept + length, byte);
    if (++length > LINE_BYTES_MAX) return Line.TOO_LONG;
  }
  parser.lineBytes = length;
  const isDone = hasFlag(parser, ParserFlag.LINE_RETURN) && cursor != end;
  parser.cursor = cursor + usize(isDone);
  return isDone ? Line.DONE : Line.MORE;
}

/** Reads the number after the first byte of a finished line. */
function readLineNumber(parser: Parser): bool {
  const length = parser.lineBytes;
  if (length < 2 || length > LINE_KEPT_BYTES) return false;
  return readNumber(changetype<usize>(parser) + LINE_OFFSET + 1, length - 1);
}

function isUnauthenticated(parser: Parser): bool {
  return !(parser.flags & (ParserFlag.AUTHENTICATED | ParserFlag.TRUSTED));
}

function readArrayLine(parser: Parser): ParseResult {
  const line = readLine(parser);
  if (line == Line.MORE) return ParseResult.MORE;
  if (line == Line.TOO_LONG) return fail(parser, PROTOCOL_ARRAY_LINE_TOO_LONG);
  if (!readLineNumber(parser) || numberRead() > i32.MAX_VALUE) {
    return fail(parser, PROTOCOL_ARRAY_LENGTH);
  }
  const count = numberRead();
  if (count > UNAUTHENTICATED_ARGUMENTS && isUnauthenticated(parser)) {
    return fail(parser, PROTOCOL_ARRAY_LENGTH_UNAUTHENTICATED);
  }
  if (count <= 0) {
    parser.state = ParserState.READY;
    return ParseResult.EMPTY;
  }
  parser.expected = <u32>count;
  startBulkLine(parser);
  return ParseResult.MORE;
}

function startBulkLine(parser: Parser): void {
  startLine(parser);
  parser.state = ParserState.BULK_LINE;
}

function readBulkLine(parser: Parser): ParseResult {
  const line = readLine(parser);
  if (line == Line.MORE) return ParseResult.MORE;
  if (line == Line.TOO_LONG) return fail(parser, PROTOCOL_BULK_LINE_TOO_LONG);
  const first: u32 = parser.lineBytes ? load<u8>(changetype<usize>(parser), LINE_OFFSET) : 0x0d;
  if (first != 0x24) {
    parser.state = ParserState.DEAD;
    replyExpectedDollar(first);
    return ParseResult.FAILED;
  }
  const isNumber = readLineNumber(parser);
  const bytes = numberRead();
  if (!isNumber || bytes < 0
    || (<u64>bytes > maximumBulkBytes() && !hasFlag(parser, ParserFlag.TRUSTED))) {
    return fail(parser, PROTOCOL_BULK_LENGTH);
  }
  if (bytes > UNAUTHENTICATED_BULK_BYTES && isUnauthenticated(parser)) {
    return fail(parser, PROTOCOL_BULK_LENGTH_UNAUTHENTICATED);
  }
  startArgument(parser, <u64>bytes);
  return ParseResult.MORE;
}

// ---- Arguments ---------------------------------------------------------------------------------

/** Enters an argument of `bytes` bytes into the vector and makes ready for its payload. */
function startArgument(parser: Parser, bytes: u64): void {
  parser.remaining = bytes;
  parser.state = ParserState.PAYLOAD;
  parser.target = 0;
  parser.targetBytes = 0;
  const index = parser.argumentCount++;
  if (!hasFlag(parser, ParserFlag.DISCARD)) {
    if (!growVector(parser, index) || (bytes >= LARGE_BULK_BYTES && !startLarge(parser, index))) {
      discardRequest(parser);
    } else {
      storeArgument(parser.arguments + (<usize>index << 3), parser.gatherBytes, <u32>bytes);
    }
  }
  if (!bytes) finishPayload(parser);
}

/** Makes room for one more entry; false when memory is refused. */
function growVector(parser: Parser, count: u32): bool {
  const capacity = parser.argumentsCapacity;
  if (count < capacity) return true;
  if (capacity >= 0x10000000) return false;
  const next = capacity ? capacity << 1 : 8;
  if (!reserveServing(next << 3)) return false;
  parser.arguments = capacity
    ? reallocate(parser.arguments, next << 3)
    : allocate(Arena.SERVER, next << 3);
  parser.argumentsCapacity = next;
  setFlag(parser, ParserFlag.HOLDS);
  return true;
}

/** A block of its own for argument `index`; false when memory is refused. */
function startLarge(parser: Parser, index: u32): bool {
  if (parser.remaining > u32.MAX_VALUE) return false;
  const bytes = <u32>parser.remaining;
  if (!growLarge(parser) || !reserveBlock(bytes)) return false;
  const block = allocate(Arena.SERVER, bytes);
  const entry = parser.large + (<usize>parser.largeCount << 3);
  store<u32>(entry, index);
  store<u32>(entry, <u32>block, 4);
  parser.largeCount++;
  parser.target = block;
  return true;
}

function growLarge(parser: Parser): bool {
  const capacity = parser.largeCapacity;
  if (parser.largeCount < capacity) return true;
  const next = capacity ? capacity << 1 : 4;
  if (!reserve(next << 3)) return false;
  parser.large = capacity
    ? reallocate(parser.large, next << 3)
    : allocate(Arena.SERVER, next << 3);
  parser.largeCapacity = next;
  return true;
}

/** Room for `bytes` more gathered bytes; false when memory is refused. */
function growGather(parser: Parser, bytes: u32): bool {
  const capacity = parser.gatherCapacity;
  const used = parser.gatherBytes;
  if (bytes <= capacity - used) return true;
  let next = max<u32>(used + bytes, 64);
  if (capacity < 0x40000000) next = max<u32>(next, capacity << 1);
  if (!reserveServing(next)) return false;
  parser.gather = capacity ? reallocate(parser.gather, next) : allocate(Arena.SERVER, next);
  parser.gatherCapacity = next;
  return true;
}

function readPayload(parser: Parser): ParseResult {
  const cursor = parser.cursor;
  const part = <u32>min<u64>(parser.remaining, <u64>(parser.end - cursor));
  parser.cursor = cursor + part;
  if (parser.target) {
    memory.copy(parser.target + parser.targetBytes, cursor, part);
    parser.targetBytes += part;
  } else if (!hasFlag(parser, ParserFlag.DISCARD)) {
    gatherBytes(parser, cursor, part);
  }
  parser.remaining -= part;
  if (!parser.remaining) finishPayload(parser);
  return ParseResult.MORE;
}

/** Appends to the gathered bytes, or turns to discarding when memory is refused. */
function gatherBytes(parser: Parser, address: usize, bytes: u32): void {
  if (!growGather(parser, bytes)) {
    discardRequest(parser);
    return;
  }
  copyBytes(parser.gather + parser.gatherBytes, address, bytes);
  parser.gatherBytes += bytes;
}

/** Called when the last byte of a payload is in place. */
export function finishPayload(parser: Parser): void {
  parser.remaining = 2;
  parser.state = ParserState.TRAILER;
}

function readTrailer(parser: Parser): ParseResult {
  const part = <u32>min<u64>(parser.remaining, <u64>(parser.end - parser.cursor));
  parser.cursor += part;
  parser.remaining -= part;
  if (parser.remaining) return ParseResult.MORE;
  if (passesLimit(parser, parser.targetBytes)) {
    parser.state = ParserState.DEAD;
    return ParseResult.CLOSE;
  }
  parser.target = 0;
  parser.targetBytes = 0;
  if (parser.argumentCount < parser.expected) {
    startBulkLine(parser);
    return ParseResult.MORE;
  }
  return finishRequest(parser);
}

/** Whether `bytes` unread ones are more than the query buffer may hold. */
export function passesLimit(parser: Parser, bytes: u64): bool {
  if (hasFlag(parser, ParserFlag.TRUSTED)) return false;
  return bytes + parser.queuedBytes > queryBufferLimit();
}

/** Turns the offsets of the vector into addresses. */
function finishRequest(parser: Parser): ParseResult {
  parser.state = ParserState.READY;
  if (hasFlag(parser, ParserFlag.DISCARD)) return refuse(parser);
  const gather = <u32>parser.gather;
  const vector = parser.arguments;
  const vectorEnd = vector + (<usize>parser.argumentCount << 3);
  for (let entry = vector; entry != vectorEnd; entry += 8) {
    store<u32>(entry, load<u32>(entry) + gather);
  }
  const large = parser.large;
  for (let index: u32 = 0; index < parser.largeCount; index++) {
    const entry = large + (<usize>index << 3);
    store<u32>(vector + (<usize>load<u32>(entry) << 3), load<u32>(entry, 4));
  }
  return ParseResult.COMPLETE;
}

function refuse(parser: Parser): ParseResult {
  clearFlag(parser, ParserFlag.DISCARD);
  replyError(OUT_OF_MEMORY);
  return ParseResult.REFUSED;
}

/** Gives back what was kept of the request; the rest of it is read and dropped. */
function discardRequest(parser: Parser): void {
  releaseRequest(parser);
  setFlag(parser, ParserFlag.DISCARD);
}

/** Frees vector, gathered bytes and the large blocks that nobody adopted. */
export function releaseRequest(parser: Parser): void {
  if (parser.argumentsCapacity) release(parser.arguments);
  if (parser.gatherCapacity) release(parser.gather);
  for (let index: u32 = 0; index < parser.largeCount; index++) {
    const block = <usize>load<u32>(parser.large + (<usize>index << 3), 4);
    if (block) release(block);
  }
  if (parser.largeCapacity) release(parser.large);
  parser.argumentsCapacity = 0;
  parser.gather = 0;
  parser.gatherBytes = 0;
  parser.gatherCapacity = 0;
  parser.large = 0;
  parser.largeCount = 0;
  parser.largeCapacity = 0;
  parser.target = 0;
  parser.targetBytes = 0;
  clearFlag(parser, ParserFlag.HOLDS);
}

// ---- Inline requests ---------------------------------------------------------------------------

/** Splits a line that lies whole in the source where it is; gathers it otherwise. */
function startInline(parser: Parser): ParseResult {
  const start = parser.cursor;
  const lineEnd = findLineEnd(start, parser.end);
  if (!lineEnd) {
    parser.state = ParserState.INLINE;
    return ParseResult.MORE;
  }
  if (lineEnd - start > LINE_BYTES_MAX) return fail(parser, PROTOCOL_INLINE_TOO_LONG);
  parser.cursor = lineEnd + 1;
  return splitLine(parser, start, lineEnd);
}

/** Address of the "\n" in [cursor, end) that no NUL precedes, or 0. */
function findLineEnd(cursor: usize, end: usize): usize {
  for (; cursor != end; cursor++) {
    const byte = load<u8>(cursor);
    if (byte == 0x0a) return cursor;
    if (!byte) return 0;
  }
  return 0;
}

function splitLine(parser: Parser, start: usize, lineEnd: usize): ParseResult {
  parser.state = ParserState.READY;
  if (lineEnd != start && load<u8>(lineEnd - 1) == 0x0d) lineEnd--;
  const result = splitInline(parser, start, <u32>(lineEnd - start));
  if (result != ParseResult.COMPLETE) releaseRequest(parser);
  return result;
}

function readInline(parser: Parser): ParseResult {
  const start = parser.cursor;
  const end = parser.end;
  let cursor = start;
  let isDone = false;
  while (cursor != end) {
    const byte = load<u8>(cursor);
    if (!byte) setFlag(parser, ParserFlag.LINE_NUL);
    if (byte == 0x0a && !hasFlag(parser, ParserFlag.LINE_NUL)) {
      isDone = true;
      break;
    }
    cursor++;
  }
  const part = <u32>(cursor - start);
  if (part > LINE_BYTES_MAX - parser.lineBytes) return fail(parser, PROTOCOL_INLINE_TOO_LONG);
  parser.lineBytes += part;
  if (!(parser.flags & (ParserFlag.DISCARD | ParserFlag.LINE_NUL))) {
    gatherBytes(parser, start, part);
  }
  parser.cursor = cursor + usize(isDone);
  return isDone ? finishInline(parser) : ParseResult.MORE;
}

function finishInline(parser: Parser): ParseResult {
  if (hasFlag(parser, ParserFlag.DISCARD)) {
    parser.state = ParserState.READY;
    return refuse(parser);
  }
  setFlag(parser, ParserFlag.HOLDS);
  const start = parser.gather;
  return splitLine(parser, start, start + parser.gatherBytes);
}

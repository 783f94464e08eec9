/**
 * Request parser: finds one request after another in the bytes of a session, however they are cut.
 *
 * Ordinary requests lie whole in the input window. They are parsed where they lie, by a loop that
 * knows only the canonical form and gives up on anything else; no byte is copied. What it gives up
 * on goes to the state machine of assemble.ts, which reads byte by byte, keeps its place between
 * chunks and is the reference for every rule.
 *
 *   parserReceiveAddress   where the next bytes go: the input window, or straight into the block
 *                          of a large bulk that is being received
 *   parserFeed             that many bytes are there now
 *   parserNext             the next request, until it answers MORE (or the connection must close)
 *   parserRelease          after each request that was executed: its arguments are gone
 *   parserSuspend          at the end of every call: keeps what is unread (only a session that has
 *                          to wait leaves any) in a block of its own, the residue
 *
 * The source of bytes is the residue first, then the window:
 *
 *      residue block                    input window
 *     +---------------------------+    +--------------------------+
 *     | read | cursor ...     end |    | pending ...   pendingEnd |
 *     +---------------------------+    +--------------------------+
 *
 * Arguments are {address: u32, bytes: u32} pairs, in the arguments window or, for a request that
 * was assembled, in a block. They are valid until parserRelease and until the call ends.
 *
 * Invariants: 1. cursor <= end and pending <= pendingEnd. 2. pending bytes only beside a residue.
 * 3. Between calls, nothing is unread outside the residue. 4. gatherBytes <= gatherCapacity.
 * 5. The large list is sorted by index.
 * Costs: about 5 ns an argument in place; assembled, a copy of the payload and three allocations.
 */
import { ARGUMENTS_WINDOW, INPUT_WINDOW, INPUT_WINDOW_BYTES } from "../abi";
import { allocate, Arena, release, reserveBlock } from "../memory/allocator";
import { DEBUG } from "../memory/debug";
import { assembleStep, finishPayload, passesLimit, releaseRequest } from "./assemble";
import {
  checkParserLayout, clearFlag, hasFlag, maximumBulkBytes, Parser, PARSER_BYTES, ParserFlag,
  ParserState, ParseResult, setFlag, storeArgument, WINDOW_ARGUMENTS,
} from "./parser-state";

export { Parser, PARSER_BYTES, ParserFlag, ParseResult, setParserLimits } from "./parser-state";

/** Less than this is left of a large bulk: it comes through the window. */
// @ts-ignore: decorator
@inline const DIRECT_RECEIVE_BYTES: u64 = 4096;

export function initializeParser(parser: Parser, flags: u32): void {
  checkParserLayout();
  memory.fill(changetype<usize>(parser), 0, PARSER_BYTES);
  parser.flags = flags;
}

/** Lifts the limits of the unauthenticated, or sets them again. */
export function parserAuthenticated(parser: Parser, isAuthenticated: bool): void {
  if (isAuthenticated) setFlag(parser, ParserFlag.AUTHENTICATED);
  else clearFlag(parser, ParserFlag.AUTHENTICATED);
}

// ---- Receiving ---------------------------------------------------------------------------------

function receivesDirectly(parser: Parser): bool {
  return parser.state == ParserState.PAYLOAD && parser.target != 0
    && parser.remaining >= DIRECT_RECEIVE_BYTES && !parser.residue;
}

/** Where the next received bytes go. */
export function parserReceiveAddress(parser: Parser): usize {
  return receivesDirectly(parser) ? parser.target + parser.targetBytes : INPUT_WINDOW;
}

/** How many bytes may be put there. */
export function parserReceiveCapacity(parser: Parser): u32 {
  return receivesDirectly(parser) ? <u32>parser.remaining : INPUT_WINDOW_BYTES;
}

/** `bytes` bytes are at the receive address. */
export function parserFeed(parser: Parser, bytes: u32): void {
  if (DEBUG) assert(bytes <= parserReceiveCapacity(parser));
  if (receivesDirectly(parser)) {
    parser.targetBytes += bytes;
    parser.remaining -= bytes;
    if (!parser.remaining) finishPayload(parser);
  } else if (parser.residue) {
    parser.pending = INPUT_WINDOW;
    parser.pendingEnd = INPUT_WINDOW + bytes;
  } else {
    parser.cursor = INPUT_WINDOW;
    parser.end = INPUT_WINDOW + bytes;
  }
}

/** Whether bytes are waiting to be parsed. */
export function parserHasUnread(parser: Parser): bool {
  return parser.cursor != parser.end || parser.pending != parser.pendingEnd;
}

// ---- Requests ----------------------------------------------------------------------------------

/** Finds the next request. */
// @ts-ignore: decorator
@inline
export function parserNext(parser: Parser): ParseResult {
  return parseInPlace(parser) ? ParseResult.COMPLETE : parseOn(parser);
}

/** The general way: until there is a result or nothing is unread. */
function parseOn(parser: Parser): ParseResult {
  while (true) {
    if (parser.cursor == parser.end) {
      if (!nextSource(parser)) return ParseResult.MORE;
      if (parseInPlace(parser)) return ParseResult.COMPLETE;
    }
    const result = assembleStep(parser);
    if (result != ParseResult.MORE) return result;
  }
}

/** Turns from the residue to the window; false when there is nothing there either. */
function nextSource(parser: Parser): bool {
  if (!parser.residue) return false;
  release(parser.residue);
  parser.residue = 0;
  parser.cursor = parser.pending;
  parser.end = parser.pendingEnd;
  parser.pending = 0;
  parser.pendingEnd = 0;
  return parser.cursor != parser.end;
}

/**
 * Parses a request of canonical form that lies whole in the source. False: not that, and nothing
 * has changed.
 */
function parseInPlace(parser: Parser): bool {
  if (parser.state != ParserState.READY || !hasFlag(parser, UNLIMITED)) return false;
  const end = parser.end;
  let cursor = parser.cursor;
  if (end - cursor < 4) return false;
  const head = load<u32>(cursor);
  let count: u32;
  if ((head & 0xffff00ff) == 0x0a0d002a) {
    count = ((head >>> 8) & 0xff) - 0x30;
    if (count - 1 > 8) return false;
    cursor += 4;
  } else {
    if ((head & 0xff) != 0x2a) return false;
    const line = longNumber(cursor + 1, end);
    count = <u32>(line >>> 8);
    if (count - 1 >= WINDOW_ARGUMENTS) return false;
    cursor += 3 + (<usize>line & 0xff);
  }
  let entry: usize = ARGUMENTS_WINDOW;
  const entryEnd = entry + (<usize>count << 3);
  while (entry != entryEnd) {
    if (end - cursor < 6) return false;
    const word = load<u32>(cursor);
    let bytes = ((word >>> 8) & 0xff) - 0x30;
    if ((word & 0xffff00ff) == 0x0a0d0024 && bytes <= 9) {
      cursor += 4;
    } else if (isTwoDigits(word) && load<u8>(cursor, 4) == 0x0a) {
      bytes = bytes * 10 + ((word >>> 16) & 0xff) - 0x30;
      cursor += 5;
    } else {
      if ((word & 0xff) != 0x24) return false;
      const line = longNumber(cursor + 1, end);
      if (!line || line >>> 8 > maximumBulkBytes()) return false;
      bytes = <u32>(line >>> 8);
      cursor += 3 + (<usize>line & 0xff);
    }
    if (end - cursor < <usize>bytes + 2) return false;
    storeArgument(entry, cursor, bytes);
    cursor += <usize>bytes + 2;
    entry += 8;
  }
  parser.cursor = cursor;
  parser.argumentCount = count;
  parser.arguments = ARGUMENTS_WINDOW;
  return true;
}

/** Who has one of these flags is spared the limits of the unauthenticated. */
// @ts-ignore: decorator
@inline const UNLIMITED: u32 = ParserFlag.AUTHENTICATED | ParserFlag.TRUSTED;

/** "$dd\r" with a first digit of 1 to 9? */
// @ts-ignore: decorator
@inline
function isTwoDigits(word: u32): bool {
  return (word & 0xff0000ff) == 0x0d000024 && ((word >>> 8) & 0xff) - 0x31 <= 8
    && ((word >>> 16) & 0xff) - 0x30 <= 9;
}

/**
 * A number of one to nine digits without leading zeros, and its CRLF: (value << 8) | digits.
 * 0: something else, or not all there.
 */
function longNumber(start: usize, end: usize): u64 {
  let value: u32 = 0;
  let cursor = start;
  while (cursor != end) {
    const digit = <u32>load<u8>(cursor) - 0x30;
    if (digit > 9) break;
    value = value * 10 + digit;
    if (++cursor - start > 9) return 0;
  }
  const digits = cursor - start;
  if (!digits || (digits > 1 && load<u8>(start) == 0x30)) return 0;
  if (end - cursor < 2 || load<u16>(cursor) != 0x0a0d) return 0;
  return (<u64>value << 8) | <u64>digits;
}

/** The request is executed: its arguments are no longer needed. */
// @ts-ignore: decorator
@inline
export function parserRelease(parser: Parser): void {
  if (hasFlag(parser, ParserFlag.HOLDS)) releaseRequest(parser);
}

/**
 * Gives away the block of a large argument: its address, or 0 when argument `index` has none. The
 * block holds exactly the argument, in the SERVER arena.
 */
export function parserAdopt(parser: Parser, index: u32): usize {
  if (!parser.largeCount) return 0;
  let low: u32 = 0;
  let high = parser.largeCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = parser.large + (<usize>middle << 3);
    const found = load<u32>(entry);
    if (found == index) {
      const block = <usize>load<u32>(entry, 4);
      store<u32>(entry, 0, 4);
      return block;
    }
    if (found < index) low = middle + 1;
    else high = middle;
  }
  return 0;
}

// ---- Between calls -----------------------------------------------------------------------------

/**
 * Ends a call: unread bytes move to a block of the session. False: they pass the query buffer
 * limit, or memory for them is refused; the connection is to be closed.
 */
export function parserSuspend(parser: Parser): bool {
  const first = <u32>(parser.end - parser.cursor);
  const second = <u32>(parser.pendingEnd - parser.pending);
  if (!(first | second)) {
    if (parser.residue) nextSource(parser);
    return !passesLimit(parser, parser.targetBytes);
  }
  const isDead = parser.state == ParserState.DEAD;
  if (!isDead && !passesLimit(parser, <u64>first + <u64>second)) {
    if (parser.residue && !second) return true;
    if (keepUnread(parser, first, second)) return true;
  }
  parser.state = ParserState.DEAD;
  parser.cursor = parser.end;
  parser.pending = parser.pendingEnd;
  return isDead;
}

function keepUnread(parser: Parser, first: u32, second: u32): bool {
  if (<u64>first + <u64>second > u32.MAX_VALUE || !reserveBlock(first + second)) return false;
  const block = allocate(Arena.SERVER, first + second);
  memory.copy(block, parser.cursor, first);
  memory.copy(block + first, parser.pending, second);
  if (parser.residue) release(parser.residue);
  parser.residue = block;
  parser.cursor = block;
  parser.end = block + first + second;
  parser.pending = 0;
  parser.pendingEnd = 0;
  return true;
}

/** Bytes of memory that the parser holds, for MEMORY USAGE of a client and its limits. */
export function parserHeldBytes(parser: Parser): u32 {
  let bytes = parser.gatherCapacity + (parser.argumentsCapacity << 3);
  if (parser.target) bytes += parser.targetBytes + <u32>parser.remaining;
  if (parser.residue) bytes += <u32>(parser.end - parser.cursor);
  return bytes;
}

/** Bytes of a request that has not come wholly yet; they are among the held ones. */
export function parserInputBytes(parser: Parser): u32 {
  let bytes = parser.gatherBytes;
  if (parser.target) bytes += parser.targetBytes;
  if (parser.residue) bytes += <u32>(parser.end - parser.cursor);
  return bytes;
}

/** The session is over: everything goes back. */
export function parserFree(parser: Parser): void {
  releaseRequest(parser);
  if (parser.residue) release(parser.residue);
  initializeParser(parser, ParserFlag.NONE);
}

/** Checks the invariants between calls; 0 or the number of the broken one. */
export function validateParser(parser: Parser): i32 {
  if (parser.cursor > parser.end || parser.pending > parser.pendingEnd) return 1;
  if (!parser.residue && parser.pending != parser.pendingEnd) return 2;
  if (!parser.residue && parser.cursor != parser.end) return 3;
  if (parser.gatherBytes > parser.gatherCapacity) return 4;
  for (let index: u32 = 1; index < parser.largeCount; index++) {
    const entry = parser.large + (<usize>index << 3);
    if (load<u32>(entry - 8) >= load<u32>(entry)) return 5;
  }
  return 0;
}

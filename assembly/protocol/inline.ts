/**
 * Inline requests: a line of words, as typed into a terminal.
 *
 * The line is split where it lies: a quoted word is never longer than its source, so each word is
 * written over the line at or before the place it is read from. Rules of the words:
 *
 *   blanks   space, \t \n \v \f \r before a word; \v and \f do not end one
 *   "..."    \n \r \t \b \a \xHH, any other \c is c; must be followed by a blank or the end
 *   '...'    only \' is special
 *
 * A quote may open inside a word. The line holds no NUL and no "\n".
 */
import { ARGUMENTS_WINDOW } from "../abi";
import { allocate, Arena, reserveServing } from "../memory/allocator";
import { OUT_OF_MEMORY, PROTOCOL_QUOTES } from "./errors";
import {
  Parser, ParserFlag, ParserState, ParseResult, setFlag, storeArgument, WINDOW_ARGUMENTS,
} from "./parser-state";
import { replyError } from "./reply";

/** Splits [start, start + bytes) into the parser's argument vector. */
export function splitInline(parser: Parser, start: usize, bytes: u32): ParseResult {
  if (!prepareVector(parser, (bytes >>> 1) + 1)) {
    replyError(OUT_OF_MEMORY);
    return ParseResult.REFUSED;
  }
  parser.argumentCount = 0;
  const end = start + bytes;
  let cursor = skipBlanks(start, end);
  while (cursor != end) {
    cursor = splitWord(parser, cursor, end);
    if (!cursor) {
      replyError(PROTOCOL_QUOTES);
      parser.state = ParserState.DEAD;
      return ParseResult.FAILED;
    }
    cursor = skipBlanks(cursor, end);
  }
  return parser.argumentCount ? ParseResult.COMPLETE : ParseResult.EMPTY;
}

/**
 * The window, or a block of the parser's own where the line might hold more words. A vector at the
 * very beginning of the window is that of a request in canonical form.
 */
function prepareVector(parser: Parser, most: u32): bool {
  parser.arguments = ARGUMENTS_WINDOW + 8;
  if (most < WINDOW_ARGUMENTS) return true;
  if (!reserveServing(most << 3)) return false;
  parser.arguments = allocate(Arena.SERVER, most << 3);
  parser.argumentsCapacity = most;
  setFlag(parser, ParserFlag.HOLDS);
  return true;
}

function isBlank(byte: u32): bool {
  return byte == 0x20 || byte - 9 <= 4;
}

function skipBlanks(cursor: usize, end: usize): usize {
  while (cursor != end && isBlank(load<u8>(cursor))) cursor++;
  return cursor;
}

/** Takes one word from `cursor`; returns where it ends, or 0 when a quote is not closed. */
function splitWord(parser: Parser, cursor: usize, end: usize): usize {
  const word = cursor;
  let target = cursor;
  while (cursor != end) {
    const byte = load<u8>(cursor);
    if (byte == 0x22 || byte == 0x27) {
      const written = byte == 0x22 ? unquoteDouble(cursor + 1, end, target)
        : unquoteSingle(cursor + 1, end, target);
      if (!written) return 0;
      target = <usize>(<u32>written);
      cursor = <usize>(written >>> 32);
      if (cursor != end && !isBlank(load<u8>(cursor))) return 0;
      break;
    }
    if (byte == 0x20 || byte == 0x09 || byte == 0x0d) break;
    store<u8>(target++, byte);
    cursor++;
  }
  const entry = parser.arguments + (<usize>parser.argumentCount << 3);
  storeArgument(entry, word, <u32>(target - word));
  parser.argumentCount++;
  return cursor;
}

/** Copies up to the closing quote; returns (source after it) << 32 | (target after it), or 0. */
function unquoteSingle(cursor: usize, end: usize, target: usize): u64 {
  while (cursor != end) {
    let byte = load<u8>(cursor++);
    if (byte == 0x27) return ((<u64>cursor) << 32) | <u64>target;
    if (byte == 0x5c && cursor != end && load<u8>(cursor) == 0x27) {
      byte = 0x27;
      cursor++;
    }
    store<u8>(target++, byte);
  }
  return 0;
}

function unquoteDouble(cursor: usize, end: usize, target: usize): u64 {
  while (cursor != end) {
    let byte: u32 = load<u8>(cursor++);
    if (byte == 0x22) return ((<u64>cursor) << 32) | <u64>target;
    if (byte == 0x5c && cursor != end) {
      if (isHexEscape(cursor, end)) {
        byte = (hexDigit(load<u8>(cursor, 1)) << 4) | hexDigit(load<u8>(cursor, 2));
        cursor += 3;
      } else {
        byte = escapedByte(load<u8>(cursor++));
      }
    }
    store<u8>(target++, byte);
  }
  return 0;
}

function isHexEscape(cursor: usize, end: usize): bool {
  return end - cursor >= 3 && load<u8>(cursor) == 0x78
    && hexDigit(load<u8>(cursor, 1)) < 16 && hexDigit(load<u8>(cursor, 2)) < 16;
}

/** Value of a hexadecimal digit; 16 or more for any other byte. */
function hexDigit(byte: u32): u32 {
  if (byte - 0x30 <= 9) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter <= 5 ? letter + 10 : 16;
}

function escapedByte(byte: u32): u32 {
  switch (byte) {
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    case 0x62: return 0x08;
    case 0x61: return 0x07;
    default: return byte;
  }
}

/**
 * The record of a request parser and the words all of them share.
 *
 * One record is embedded in each session. Its fields fall into three groups: what `parserNext` has
 * found (argument vector), the unread bytes (source), and the request that a chunk's end cut off
 * (assembly). The header of parser.ts tells how they work together.
 *
 *   0x2A80  u64  longest bulk that is accepted (proto-max-bulk-len)
 *   0x2A88  u64  most unread bytes of a session (client-query-buffer-limit)
 *   0x2A90  i64  the number that was read last
 */
import { ARGUMENTS_WINDOW, ARGUMENTS_WINDOW_BYTES } from "../abi";
import { parseInteger } from "../text/integers";

/** What `parserNext` found. */
export const enum ParseResult {
  /** A request: parser.argumentCount and parser.arguments. */
  COMPLETE = 0,
  /** Nothing more in the bytes so far. */
  MORE = 1,
  /** An empty request, to be passed over. */
  EMPTY = 2,
  /** A protocol error; its reply is written. Send it and close. */
  FAILED = 3,
  /** The query buffer limit was passed: close without a reply. */
  CLOSE = 4,
  /** A request that memory refused; its OOM reply is written. Go on with the next one. */
  REFUSED = 5,
}

export const enum ParserState {
  /** Between requests. */
  READY = 0,
  /** In the line "*count". */
  ARRAY_LINE = 1,
  /** In the line "$bytes". */
  BULK_LINE = 2,
  /** In the bytes of a bulk. */
  PAYLOAD = 3,
  /** In the two bytes after a bulk, which nobody looks at. */
  TRAILER = 4,
  /** In a line without "*". */
  INLINE = 5,
  /** After a protocol error: everything further is dropped. */
  DEAD = 6,
}

export const enum ParserFlag {
  NONE = 0,
  /** Set by the owner: no limits of the unauthenticated. */
  AUTHENTICATED = 1,
  /** Set by the owner: no limits at all (the host's own sessions, replay). */
  TRUSTED = 2,
  /** The request in assembly is read but not kept, because memory was refused. */
  DISCARD = 4,
  /** The request found last holds memory of its own. */
  HOLDS = 8,
  /** The line read so far ended with CR; one byte is still to come. */
  LINE_RETURN = 16,
  /** The line holds a NUL: its end is never found, as C's strchr does not. */
  LINE_NUL = 32,
}

/** Bulks of at least this size that a chunk's end cuts off get a block of their own. */
export const LARGE_BULK_BYTES: u32 = 32768;
/** Longest line: inline requests, array and bulk headers. */
export const LINE_BYTES_MAX: u32 = 65536;
/** How much of a header line is kept: more than any valid integer has. */
export const LINE_KEPT_BYTES: u32 = 32;
/** Arguments that fit the arguments window. */
export const WINDOW_ARGUMENTS: u32 = ARGUMENTS_WINDOW_BYTES >>> 3;
/** Limits before authentication. */
export const UNAUTHENTICATED_ARGUMENTS: i64 = 10;
export const UNAUTHENTICATED_BULK_BYTES: i64 = 16384;

/** Size of a Parser record. */
export const PARSER_BYTES: u32 = 128;

@unmanaged
export class Parser {
  /** Unread bytes: [cursor, end) of the input window, or of the residue while there is one. */
  cursor: usize;
  end: usize;
  /** Found request: {address: u32, bytes: u32} per argument. */
  arguments: usize;
  argumentCount: u32;
  state: u32;
  flags: u32;
  /** Arguments that the request in assembly is to have. */
  expected: u32;
  /** Entries of an argument vector of the parser's own; 0 while the window is used. */
  argumentsCapacity: u32;
  /** Bytes of the payload, then of its trailer, that are still to come. */
  remaining: u64;
  /** Payloads of the request in assembly, one after another. */
  gather: usize;
  gatherBytes: u32;
  gatherCapacity: u32;
  /** {index: u32, address: u32} per argument that has a block of its own, by index. */
  large: usize;
  largeCount: u32;
  largeCapacity: u32;
  /** The large block being received, or 0, and how much of it is there. */
  target: usize;
  targetBytes: u32;
  /** Unread bytes that an earlier call left, in a block of the parser's own; or 0. */
  residue: usize;
  /** Bytes in the input window that follow the residue. */
  pending: usize;
  pendingEnd: usize;
  /** Bytes of requests that the owner keeps queued; they count for the query buffer limit. */
  queuedBytes: u32;
  /** Length of the line so far; its first bytes follow at LINE_OFFSET. */
  lineBytes: u32;
}

/** Offset of the kept start of the line inside the record. */
// @ts-ignore: decorator
@inline
export const LINE_OFFSET: usize = PARSER_BYTES - LINE_KEPT_BYTES;

/** Compile-time check: fields and the kept line do not meet. */
export function checkParserLayout(): void {
  if (offsetof<Parser>() > LINE_OFFSET) ERROR("Parser fields overlap the kept line");
}

// @ts-ignore: decorator
@inline const MAXIMUM_BULK_BYTES: usize = 0x2a80;
// @ts-ignore: decorator
@inline const QUERY_BUFFER_LIMIT: usize = 0x2a88;
/** Where parseInteger leaves its result. */
// @ts-ignore: decorator
@inline const NUMBER: usize = 0x2a90;

/** Sets the limits of all parsers. */
export function setParserLimits(maximumBulkBytes: f64, queryBufferLimitBytes: f64): void {
  store<u64>(MAXIMUM_BULK_BYTES, <u64>maximumBulkBytes);
  store<u64>(QUERY_BUFFER_LIMIT, <u64>queryBufferLimitBytes);
}

// @ts-ignore: decorator
@inline
export function maximumBulkBytes(): u64 {
  return load<u64>(MAXIMUM_BULK_BYTES);
}

// @ts-ignore: decorator
@inline
export function queryBufferLimit(): u64 {
  return load<u64>(QUERY_BUFFER_LIMIT);
}

/** Reads a strict integer; its value is in `numberRead`. */
export function readNumber(address: usize, bytes: u32): bool {
  return parseInteger(address, bytes, NUMBER);
}

// @ts-ignore: decorator
@inline
export function numberRead(): i64 {
  return load<i64>(NUMBER);
}

// @ts-ignore: decorator
@inline
export function hasFlag(parser: Parser, flag: u32): bool {
  return (parser.flags & flag) != 0;
}

// @ts-ignore: decorator
@inline
export function setFlag(parser: Parser, flag: u32): void {
  parser.flags |= flag;
}

// @ts-ignore: decorator
@inline
export function clearFlag(parser: Parser, flag: u32): void {
  parser.flags &= ~flag;
}

/** Stores one {address, bytes} entry of an argument vector. */
// @ts-ignore: decorator
@inline
export function storeArgument(entry: usize, address: usize, bytes: u32): void {
  store<u64>(entry, (<u64>address) | ((<u64>bytes) << 32));
}

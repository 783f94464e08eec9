/**
 * Reads the notation that the command rows are written in (see table.ts), and writes parts of it.
 *
 * Positions are indexes of characters in the literal; a part is [start, end). Nothing is copied or
 * kept: each reader fills a record that the caller provides.
 *
 *   words      split at blanks
 *   arguments  name:type=TOKEN?*+@key^since!deprecated~display(children)
 *   key specs  index N | keyword WORD N | unknown, then range L S M | keynum I F S | unknown,
 *              " : ", flags, and " # note"; " ; " before the next
 *
 * Costs: linear in the text; only COMMAND, HELP, ACL and generators read it.
 */

import { replySink, sinkByte, sinkBytes, storeHeader, sinkRoom } from "../protocol/sink";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { numberAt } from "./table";

/** End of the word that starts at `start`: the next blank, or `end`. */
export function wordEnd(text: string, start: i32, end: i32): i32 {
  let at = start;
  while (at < end && text.charCodeAt(at) != 0x20) at += 1;
  return at;
}

/** How many words a text has. */
export function wordCount(text: string, start: i32, end: i32): i32 {
  let count = 0;
  for (let at = start; at < end; at = wordEnd(text, at, end) + 1) count += 1;
  return count;
}

/** Writes the characters [start, end) of a literal as bytes. */
export function storePart(target: usize, text: string, start: i32, end: i32): void {
  const source = changetype<usize>(text);
  for (let at = start; at < end; at++) {
    store<u8>(target + (at - start), load<u16>(source + (<usize>at << 1)));
  }
}

/** A part of a literal as a bulk. */
export function replyBulkPart(text: string, start: i32, end: i32): void {
  const sink = replySink();
  sink.cursor = storeHeader(sinkRoom(sink, 24), 0x24, end - start);
  writePart(text, start, end);
}

/** A part of a literal as a status, after a mark of its own (0: none). */
export function replyStatusPart(mark: u32, text: string, start: i32, end: i32): void {
  sinkByte(replySink(), 0x2b);
  if (mark) sinkByte(replySink(), mark);
  writePart(text, start, end);
}

function writePart(text: string, start: i32, end: i32): void {
  const sink = replySink();
  const scratch = scratchMark();
  const bytes = scratchTake(end - start + 2);
  storePart(bytes, text, start, end);
  store<u16>(bytes + (end - start), 0x0a0d);
  sinkBytes(sink, bytes, end - start + 2);
  scratchRelease(scratch);
}

// ---- Arguments ----------------------------------------------------------------------------------

export const enum ArgumentFlag {
  OPTIONAL = 1,
  MULTIPLE = 2,
  MULTIPLE_TOKEN = 4,
}

/** One argument; a part whose start is -1 is not there. */
@unmanaged
export class Argument {
  nameStart: i32;
  nameEnd: i32;
  typeStart: i32;
  typeEnd: i32;
  tokenStart: i32;
  tokenEnd: i32;
  sinceStart: i32;
  sinceEnd: i32;
  deprecatedStart: i32;
  deprecatedEnd: i32;
  displayStart: i32;
  displayEnd: i32;
  childrenStart: i32;
  childrenEnd: i32;
  keySpec: i32;
  flags: u32;
  /** Where the next sibling starts; past the end when there is none. */
  next: i32;

  /** Whether the type is this word. */
  isType(text: string, word: string): bool {
    return isPart(text, this.typeStart, this.typeEnd, word);
  }
}

/** Whether the part [start, end) of a text is `word`. */
export function isPart(text: string, start: i32, end: i32, word: string): bool {
  if (end - start != word.length) return false;
  for (let index = 0; index < word.length; index++) {
    if (text.charCodeAt(start + index) != word.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether a character ends a name, a version or a display text. */
function isMark(code: i32): bool {
  switch (code) {
    case 0x20: case 0x21: case 0x28: case 0x2a: case 0x2b: case 0x3d: case 0x3f: case 0x40:
    case 0x5e: case 0x7e: return true;
  }
  return false;
}

function partEnd(text: string, start: i32, end: i32): i32 {
  let at = start;
  while (at < end && !isMark(text.charCodeAt(at))) at += 1;
  return at;
}

function closingOf(text: string, open: i32, end: i32): i32 {
  let depth = 0;
  for (let at = open; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code == 0x28) depth += 1;
    if (code == 0x29 && --depth == 0) return at;
  }
  return end;
}

/** Reads the argument that starts at `start`; `end` is the end of its list. */
export function readArgument(text: string, start: i32, end: i32, out: Argument): void {
  const head = partEnd(text, start, end);
  let colon = head - 1;
  while (colon > start && text.charCodeAt(colon) != 0x3a) colon -= 1;
  memory.fill(changetype<usize>(out), 0xff, offsetof<Argument>());
  out.nameStart = start;
  out.nameEnd = colon;
  out.typeStart = colon + 1;
  out.typeEnd = head;
  out.keySpec = 0;
  out.flags = 0;
  let at = head;
  while (at < end && text.charCodeAt(at) != 0x20) at = readMark(text, at, end, out);
  out.next = at + 1;
}

/** Reads what the mark at `at` introduces; returns where the next one is. */
function readMark(text: string, at: i32, end: i32, out: Argument): i32 {
  const from = at + 1;
  switch (text.charCodeAt(at)) {
    case 0x3f: out.flags |= ArgumentFlag.OPTIONAL; return from;
    case 0x2a: out.flags |= ArgumentFlag.MULTIPLE; return from;
    case 0x2b: out.flags |= ArgumentFlag.MULTIPLE_TOKEN; return from;
    case 0x3d: return readToken(text, from, end, out);
  }
  const stop = partEnd(text, from, end);
  switch (text.charCodeAt(at)) {
    case 0x40: out.keySpec = numberAt(text, from); break;
    case 0x5e: out.sinceStart = from; out.sinceEnd = stop; break;
    case 0x21: out.deprecatedStart = from; out.deprecatedEnd = stop; break;
    case 0x7e: out.displayStart = from; out.displayEnd = stop; break;
    case 0x28: {
      out.childrenStart = from;
      out.childrenEnd = closingOf(text, at, end);
      return out.childrenEnd + 1;
    }
  }
  return stop;
}

/** A token may be one of the marks itself; two double quotes stand for the empty token. */
function readToken(text: string, from: i32, end: i32, out: Argument): i32 {
  if (from + 1 < end && text.charCodeAt(from) == 0x22 && text.charCodeAt(from + 1) == 0x22) {
    out.tokenStart = from;
    out.tokenEnd = from;
    return from + 2;
  }
  out.tokenStart = from;
  out.tokenEnd = partEnd(text, from + 1, end);
  return out.tokenEnd;
}

/** How many arguments the list [start, end) has, children not counted. */
export function argumentTotal(text: string, start: i32, end: i32): i32 {
  const mark = scratchMark();
  const argument = changetype<Argument>(scratchTake(offsetof<Argument>()));
  let count = 0;
  for (let at = start; at < end; at = argument.next) {
    readArgument(text, at, end, argument);
    count += 1;
  }
  scratchRelease(mark);
  return count;
}

// ---- Key specs ----------------------------------------------------------------------------------

export const enum Search {
  INDEX = 0,
  KEYWORD = 1,
  UNKNOWN = 2,
}

export const enum Find {
  RANGE = 0,
  KEYNUM = 1,
  UNKNOWN = 2,
}

/** One key spec. */
@unmanaged
export class KeySpec {
  search: Search;
  /** Index of the first argument, or where the search for the keyword starts. */
  index: i32;
  keywordStart: i32;
  keywordEnd: i32;
  find: Find;
  /** RANGE: last key, step, limit. KEYNUM: place of the number, first key, step. */
  first: i32;
  second: i32;
  third: i32;
  flagsStart: i32;
  flagsEnd: i32;
  /** -1: no note. */
  noteStart: i32;
  noteEnd: i32;
  /** Where the next one starts; -1: none. */
  next: i32;

  /** Whether one of its flags is this word. */
  has(text: string, word: string): bool {
    let at = this.flagsStart;
    while (at < this.flagsEnd) {
      const end = wordEnd(text, at, this.flagsEnd);
      if (isPart(text, at, end, word)) return true;
      at = end + 1;
    }
    return false;
  }
}

/** How many key specs a row has. */
export function keySpecCount(keys: string): i32 {
  if (!keys.length) return 0;
  let count = 1;
  for (let at = keys.indexOf(" ; "); at >= 0; at = keys.indexOf(" ; ", at + 3)) count += 1;
  return count;
}

/** Reads the key spec that starts at `start`. */
export function readKeySpec(keys: string, start: i32, out: KeySpec): void {
  const separator = keys.indexOf(" ; ", start);
  const end = separator < 0 ? keys.length : separator;
  out.next = separator < 0 ? -1 : separator + 3;
  let at = readSearch(keys, start, end, out);
  at = readFind(keys, at, end, out);
  const note = keys.indexOf(" # ", at);
  const noted = note >= 0 && note < end;
  out.noteStart = noted ? note + 3 : -1;
  out.noteEnd = end;
  out.flagsStart = min(at + 2, end);
  out.flagsEnd = noted ? note : end;
}

function readSearch(keys: string, start: i32, end: i32, out: KeySpec): i32 {
  const from = wordEnd(keys, start, end) + 1;
  out.index = 0;
  if (isPart(keys, start, from - 1, "index")) {
    out.search = Search.INDEX;
    out.index = numberAt(keys, from);
    return wordEnd(keys, from, end) + 1;
  }
  if (!isPart(keys, start, from - 1, "keyword")) {
    out.search = Search.UNKNOWN;
    return from;
  }
  out.search = Search.KEYWORD;
  out.keywordStart = from;
  out.keywordEnd = wordEnd(keys, from, end);
  out.index = numberAt(keys, out.keywordEnd + 1);
  return wordEnd(keys, out.keywordEnd + 1, end) + 1;
}

function readFind(keys: string, start: i32, end: i32, out: KeySpec): i32 {
  let at = wordEnd(keys, start, end) + 1;
  if (isPart(keys, start, at - 1, "range")) out.find = Find.RANGE;
  else if (isPart(keys, start, at - 1, "keynum")) out.find = Find.KEYNUM;
  else {
    out.find = Find.UNKNOWN;
    return at;
  }
  out.first = numberAt(keys, at);
  at = wordEnd(keys, at, end) + 1;
  out.second = numberAt(keys, at);
  at = wordEnd(keys, at, end) + 1;
  out.third = numberAt(keys, at);
  return wordEnd(keys, at, end) + 1;
}

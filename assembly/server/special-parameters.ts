/**
 * The parameters whose value is a small language of its own: save points, output buffer limits,
 * event classes, lists of numbers. Each is checked and brought into the one form that CONFIG GET
 * shows.
 */

import {
  TextBuilder, builderByte, builderBytes, builderInteger, builderShortest, builderText,
} from "../text/builder";
import { equalsIgnoreCase } from "../text/case";
import { parseDouble } from "../text/doubles";
import { parseInteger, parseMemorySize } from "../text/integers";
import { SERVER_ROOT } from "../abi";
import { Parameter, ParameterKind } from "./parameter";

const OUT: usize = SERVER_ROOT + 0x2160;
/** Nine limits: three classes of hard bytes, soft bytes, soft seconds. */
const LIMITS: usize = SERVER_ROOT + 0x2180;

/**
 * The words of a text: what lies between its single blanks, so that two blanks in a row or one at
 * an end make an empty word. A text without bytes has no words.
 */
@unmanaged
class Words {
  cursor: usize;
  end: usize;
  word: usize;
  bytes: u32;
  /** 1: there is a further word. */
  more: u32;
}

const WORDS: usize = SERVER_ROOT + 0x21d0;

// @ts-ignore: decorator
@inline
function words(): Words {
  return changetype<Words>(WORDS);
}

function startWords(address: usize, bytes: u32): void {
  words().cursor = address;
  words().end = address + bytes;
  words().more = u32(bytes > 0);
}

function nextWord(): bool {
  if (!words().more) return false;
  let cursor = words().cursor;
  const end = words().end;
  words().word = cursor;
  while (cursor != end && load<u8>(cursor) != 0x20) cursor += 1;
  words().bytes = <u32>(cursor - words().word);
  words().more = u32(cursor != end);
  words().cursor = cursor == end ? end : cursor + 1;
  return true;
}

function nextInteger(minimum: i64, maximum: i64): bool {
  if (!nextWord() || !parseInteger(words().word, words().bytes, OUT)) return false;
  return load<i64>(OUT) >= minimum && load<i64>(OUT) <= maximum;
}

function countWords(address: usize, bytes: u32): i32 {
  startWords(address, bytes);
  let count = 0;
  while (nextWord()) count += 1;
  startWords(address, bytes);
  return count;
}

/** Writes the accepted form into `out`; returns null, or why the text is refused. */
export function checkSpecial(
  parameter: Parameter,
  address: usize,
  bytes: u32,
  out: TextBuilder,
): string | null {
  switch (parameter.kind) {
    case ParameterKind.SAVE_POINTS:
      return checkSavePoints(address, bytes, out);
    case ParameterKind.BUFFER_LIMITS:
      return checkBufferLimits(parameter, address, bytes, out);
    case ParameterKind.OOM_SCORES:
      return checkOomScores(address, bytes, out);
    case ParameterKind.PERCENTILES:
      return checkPercentiles(address, bytes, out);
    case ParameterKind.FILE_NAME:
      builderBytes(out, address, bytes);
      return fileNameProblem(parameter, address, bytes);
    case ParameterKind.WORDS:
      copyWords(address, bytes, out);
      return null;
    default:
      builderBytes(out, address, bytes);
      return null;
  }
}

/** Why a text names no file; null when it does. `dbfilename` may be empty, as Redis has it. */
function fileNameProblem(parameter: Parameter, address: usize, bytes: u32): string | null {
  const isDirectory = parameter.name == "appenddirname";
  const isLog = parameter.name == "appendfilename";
  if (!bytes && isDirectory) return "appenddirname can't be empty";
  if (!bytes && isLog) return "appendfilename can't be empty";
  for (let i: u32 = 0; i < bytes; i++) {
    const byte = load<u8>(address + i);
    if (byte != 0x2f && byte != 0x5c) continue;
    if (isDirectory) return "appenddirname can't be a path, just a dirname";
    return isLog
      ? "appendfilename can't be a path, just a filename"
      : "dbfilename can't be a path, just a filename";
  }
  return null;
}

function copyWords(address: usize, bytes: u32, out: TextBuilder): void {
  startWords(address, bytes);
  while (nextWord()) {
    if (!words().bytes) continue;
    if (out.bytes) builderByte(out, 0x20);
    builderBytes(out, words().word, words().bytes);
  }
}

function checkSavePoints(address: usize, bytes: u32, out: TextBuilder): string | null {
  const count = countWords(address, bytes);
  if (count & 1) return "Invalid save parameters";
  for (let i = 0; i < count; i += 2) {
    if (!nextInteger(1, i32.MAX_VALUE)) return "Invalid save parameters";
    if (out.bytes) builderByte(out, 0x20);
    builderInteger(out, load<i64>(OUT));
    if (!nextInteger(0, i32.MAX_VALUE)) return "Invalid save parameters";
    builderByte(out, 0x20);
    builderInteger(out, load<i64>(OUT));
  }
  return null;
}

function classOf(address: usize, bytes: u32): i32 {
  if (equalsIgnoreCase(address, bytes, "normal")) return 0;
  if (equalsIgnoreCase(address, bytes, "slave")) return 1;
  if (equalsIgnoreCase(address, bytes, "replica")) return 1;
  return equalsIgnoreCase(address, bytes, "pubsub") ? 2 : -1;
}

function readLimits(address: usize, bytes: u32): string | null {
  const count = countWords(address, bytes);
  if (count & 3) return "Wrong number of arguments in buffer limit configuration.";
  for (let i = 0; i < count; i += 4) {
    nextWord();
    const group = classOf(words().word, words().bytes);
    if (group < 0) return "Invalid client class specified in buffer limit configuration.";
    const limits: usize = LIMITS + group * 24;
    for (let part = 0; part < 3; part++) {
      nextWord();
      const sized = part < 2
        ? parseMemorySize(words().word, words().bytes, limits + (part << 3))
        : parseInteger(words().word, words().bytes, limits + 16);
      if (!sized || load<i64>(limits + (part << 3)) < 0) {
        return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
      }
    }
  }
  return null;
}

function checkBufferLimits(
  parameter: Parameter,
  address: usize,
  bytes: u32,
  out: TextBuilder,
): string | null {
  if (parameter.textBytes) readLimits(parameter.textAddress, parameter.textBytes);
  const reason = readLimits(address, bytes);
  if (reason) return reason;
  for (let group = 0; group < 3; group++) {
    if (group) builderByte(out, 0x20);
    builderText(out, group == 0 ? "normal" : group == 1 ? "slave" : "pubsub");
    for (let part = 0; part < 3; part++) {
      builderByte(out, 0x20);
      builderInteger(out, load<i64>(LIMITS + group * 24 + (part << 3)));
    }
  }
  return null;
}

function checkOomScores(address: usize, bytes: u32, out: TextBuilder): string | null {
  if (countWords(address, bytes) != 3) return "wrong number of arguments";
  for (let i = 0; i < 3; i++) {
    if (!nextInteger(-2000, 2000)) {
      return "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
    }
    if (i) builderByte(out, 0x20);
    builderInteger(out, load<i64>(OUT));
  }
  return null;
}

function checkPercentiles(address: usize, bytes: u32, out: TextBuilder): string | null {
  startWords(address, bytes);
  while (nextWord()) {
    if (!parseDouble(words().word, words().bytes, OUT)) {
      return "Invalid latency-tracking-info-percentiles parameters";
    }
    const value = load<f64>(OUT);
    if (value < 0 || value > 100) {
      return "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
    }
    if (out.bytes) builderByte(out, 0x20);
    builderShortest(out, value);
  }
  return null;
}

/** The event classes in the order of their bits (keyspace/events.ts). */
const CLASSES: string = "KEg$lshzxetmdnoc";
/** A stands for g $ l s h z x e t d. */
const ALL: u32 = 0x17fc;
const MODULE_AND_ALL_ORDER: string = "g$lshzxetd";

/** Bits of the classes in a text, -1 when a character is none. */
export function parseEventClasses(address: usize, bytes: u32): i64 {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < bytes; i++) {
    const byte: i32 = load<u8>(address + i);
    if (byte == 0x41) {
      bits |= ALL;
      continue;
    }
    const bit = classBit(byte);
    if (bit < 0) return -1;
    bits |= 1 << bit;
  }
  return bits;
}

function classBit(byte: i32): i32 {
  for (let i = 0; i < CLASSES.length; i++) if (CLASSES.charCodeAt(i) == byte) return i;
  return -1;
}

/** Appends the classes in Redis's order. */
export function eventClassesText(bits: u32, out: TextBuilder): void {
  const all = (bits & ALL) == ALL;
  if (all) builderByte(out, 0x41);
  for (let i = 0; i < MODULE_AND_ALL_ORDER.length && !all; i++) {
    appendClass(bits, MODULE_AND_ALL_ORDER.charCodeAt(i), out);
  }
  // Redis shows n only beside single classes: "A" is printed without it.
  if (!all) appendClass(bits, 0x6e, out);
  appendClass(bits, 0x4b, out);
  appendClass(bits, 0x45, out);
  appendClass(bits, 0x6d, out);
  appendClass(bits, 0x6f, out);
  appendClass(bits, 0x63, out);
}

function appendClass(bits: u32, byte: i32, out: TextBuilder): void {
  if ((bits >> classBit(byte)) & 1) builderByte(out, byte);
}

/** An octal number of file permissions, -1 when it is none. */
export function parseOctal(address: usize, bytes: u32): i64 {
  let value: i64 = 0;
  if (!bytes || bytes > 4) return -1;
  for (let i: u32 = 0; i < bytes; i++) {
    const digit = <i64>load<u8>(address + i) - 0x30;
    if (digit < 0 || digit > 7) return -1;
    value = (value << 3) | digit;
  }
  return value <= 0o777 ? value : -1;
}

/** Appends an octal number. */
export function octalText(value: u32, out: TextBuilder): void {
  if (value >> 3) octalText(value >> 3, out);
  builderByte(out, 0x30 + (value & 7));
}

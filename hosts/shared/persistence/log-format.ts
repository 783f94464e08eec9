/**
 * The bytes of a log segment: effects as plain RESP, so that a pipe replays the file into any
 * server, and between them marks, which are ECHO commands with one argument:
 *
 *   ECHO "quire-log 1 <history> <salt> <crc64>"        once, at the beginning of the file
 *   ECHO "<position> <crc64> <durable>"                after each batch that was appended
 *
 * A mark says which position in the stream of effects the batch before it reaches, and how far the
 * log was durable when it was written. Its checksum covers the segment's salt, the batch and the
 * numbers. No client sees the salt, so no value that a client stores can pass for a mark. The first
 * mark of a segment has an empty batch: the position where the segment begins.
 */
import { Crc64, crc64Hex } from "./crc64.js";

const MARK_START = "*2\r\n$4\r\nECHO\r\n$";
export const MARK_START_BYTES = new TextEncoder().encode(MARK_START);
/** No mark is longer: two positions, a checksum, the words around them. */
export const LONGEST_MARK_BYTES = 96;
const LONGEST_HEADER_BYTES = 256;

const encoder = new TextEncoder();

function echo(text: string): string {
  return `${MARK_START}${text.length}\r\n${text}\r\n`;
}

/** So many random bytes, two hexadecimal digits each. */
export function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The salt of a new segment: 16 hexadecimal digits. */
export function createSalt(): string {
  return randomHex(8);
}

export function renderHeader(history: string, salt: string): Uint8Array {
  const text = `quire-log 1 ${history} ${salt}`;
  return encoder.encode(echo(`${text} ${crc64Hex(encoder.encode(text))}`));
}

export interface SegmentHeader {
  readonly history: string;
  readonly salt: string;
  /** Bytes of the header in the file. */
  readonly bytes: number;
}

/** Reads the header that a segment's first bytes are; throws an Error that says what is wrong. */
export function parseHeader(start: Uint8Array): SegmentHeader {
  const text = latin1(start.subarray(0, LONGEST_HEADER_BYTES));
  const match = /^\*2\r\n\$4\r\nECHO\r\n\$\d+\r\n((quire-log \S+)[^\r\n]*)\r\n/.exec(text);
  if (match === null) throw new Error("it does not begin as a log segment does");
  if (match[2] !== "quire-log 1") throw new Error(`its format is "${match[2]}", not known here`);
  const parts = /^(quire-log 1 ([0-9a-f]{32}) ([0-9a-f]{16})) ([0-9a-f]{16})$/.exec(match[1] ?? "");
  const [, signed = "", history = "", salt = "", crc] = parts ?? [];
  if (crc64Hex(encoder.encode(signed)) !== crc || echo(match[1] as string) !== match[0]) {
    throw new Error("the checksum of its header does not fit: the file is damaged");
  }
  return { history, salt, bytes: match[0].length };
}

/** The checksum of a batch as it begins: the salt is in it. */
export function startChecksum(salt: string): Crc64 {
  return new Crc64().update(encoder.encode(salt));
}

/**
 * Writes the mark after a batch whose bytes `crc` has, at most LONGEST_MARK_BYTES; answers where it
 * ends. `crc` is used up. Once for each turn of a busy loop: no encoder, no arrays.
 */
export function writeMark(
  into: Uint8Array,
  at: number,
  crc: Crc64,
  position: number,
  durable: number,
): number {
  // The numbers are put there as they are summed up, and then written over.
  crc.update(into, at, writeText(into, at, `${position} ${durable}`));
  return writeText(into, at, echo(`${position} ${crc.hex()} ${durable}`));
}

/** The same by itself. */
export function renderMark(crc: Crc64, position: number, durable: number): Uint8Array {
  const mark = new Uint8Array(LONGEST_MARK_BYTES);
  return mark.subarray(0, writeMark(mark, 0, crc, position, durable));
}

function writeText(into: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
  return at + text.length;
}

export interface Mark {
  readonly position: number;
  readonly crc: string;
  readonly durable: number;
  readonly bytes: number;
}

const MARK = /^\*2\r\n\$4\r\nECHO\r\n\$\d+\r\n((\d{1,16}) ([0-9a-f]{16}) (\d{1,16}))\r\n/;

/** What looks like a mark at `start`; undefined when it is none, or its end is missing. */
export function parseMark(bytes: Uint8Array, start: number): Mark | undefined {
  const match = MARK.exec(latin1(bytes.subarray(start, start + LONGEST_MARK_BYTES)));
  if (match === null) return undefined;
  const [whole, text = "", position = "", crc = "", durable = ""] = match;
  if (echo(text) !== whole) return undefined;
  const mark = { position: Number(position), crc, durable: Number(durable), bytes: whole.length };
  return String(mark.position) === position && String(mark.durable) === durable ? mark : undefined;
}

/** Whether the mark belongs to the batch whose bytes `crc` has; `crc` is used up. */
export function isMarkOf(mark: Mark, crc: Crc64): boolean {
  return crc.update(encoder.encode(`${mark.position} ${mark.durable}`)).hex() === mark.crc;
}

const FRAME = /\*2\r\n\$4\r\nECHO\r\n\$(\d{1,3})\r\n/g;
const END_OF_MARK = /\d{1,16} [0-9a-f]{16} \d{1,16}\r\n$/;

/**
 * Whether bytes end where a mark ends, though a byte of it may be wrong: either its frame says so,
 * or its text is whole. A write that was cut short ends elsewhere.
 */
export function endsLikeMark(bytes: Uint8Array): boolean {
  const text = latin1(bytes.subarray(-LONGEST_MARK_BYTES));
  if (END_OF_MARK.test(text)) return true;
  for (const { 0: frame, 1: length, index } of text.matchAll(FRAME)) {
    if (index + frame.length + Number(length) + 2 === text.length) return true;
  }
  return false;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

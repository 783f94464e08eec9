/**
 * Reads the segments of a log and finds out how far they can be trusted.
 *
 * A batch counts when its mark fits. Where no fitting mark follows, the rest is either a torn end,
 * which was never promised to anybody and is cut off, or damage, at which a start must stop. What
 * tells them apart, under every policy:
 *
 * 1. A whole mark in what follows, or the beginning of a later history, says that the log had been
 *    durable up to a position behind the whole batches: damage.
 * 2. Else nothing behind the last whole batch has surely been synced, and a loss of power may have
 *    left it in any state that unsynced writes can be left in: short, or whole writes in any order
 *    with zeros for those that are missing. A zero byte in the bad batch is taken for such a hole:
 *    torn. Under *always* nothing of it was answered; under *everysec* and *no* it lies within what
 *    those lose with the power.
 * 3. Without a zero, and with a whole batch behind it or an end that looks like the end of a batch,
 *    nothing is missing and bytes are wrong, which neither a kill nor a loss of power leaves:
 *    damage. A kill loses nothing that was answered, so neither may a start after one.
 * 4. Else the file ends within a write: torn.
 *
 * So a wrong byte goes unnoticed as damage only where it became a zero. (A file system that shows
 * old blocks instead of zeros after a loss of power makes a start stop where 2 would cut.)
 */

import { unusable } from "../reason.js";
import type { Crc64 } from "./crc64.js";
import {
  endsLikeMark,
  isMarkOf,
  LONGEST_MARK_BYTES,
  MARK_START_BYTES,
  type Mark,
  parseHeader,
  parseMark,
  startChecksum,
} from "./log-format.js";
import { endOfHistory, type Manifest, type ManifestFile } from "./manifest.js";
import type { ReadFile, Storage } from "./storage.js";

const WINDOW_BYTES = 1024 * 1024;
/** Small batches are given out together up to about this size. */
const RUN_BYTES = 256 * 1024;
const STAR = 0x2a;
const WHAT_TO_DO =
  "bring back a copy of it, or give up what was written from there on: `quiredb check --fix` of " +
  "the directory cuts it off";

/** Whole batches that lie behind one another in a segment's file: bytes [from, to). */
export interface Run {
  readonly file: ReadFile;
  readonly from: number;
  readonly to: number;
  /** The position that they reach. */
  readonly position: number;
}

/** What lies behind the whole batches of a segment. */
export interface Tail {
  /** The farthest position that anything in it calls durable. */
  readonly durable: number;
  /** File offset of the first whole batch in it; the file's end when there is none. */
  readonly whole: number;
}

/** One segment's file. */
export class SegmentReader {
  readonly file: ReadFile;
  readonly salt: string;
  /** Up to this position it counts: its history went on under another id there. */
  readonly limit: number;
  /** Where the segment begins; undefined while nothing has been written to it. */
  readonly start: number | undefined;
  /** The position that the batches read so far reach. */
  position = 0;
  /** File offset behind them. */
  end: number;
  /** The farthest position that a mark has called durable. */
  durable = 0;
  readonly #window: Uint8Array;
  #windowStart = 0;
  #windowEnd = 0;

  /** Throws when the header is not that of a segment; `limitOf` a history, unless it is foreign. */
  constructor(file: ReadFile, limitOf: (history: string) => number | undefined) {
    this.file = file;
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, file.bytes + LONGEST_MARK_BYTES));
    this.#slideTo(0);
    const header = parseHeader(this.#window.subarray(0, this.#windowEnd));
    const limit = limitOf(header.history);
    if (limit === undefined) throw new Error(`it belongs to another history, ${header.history}`);
    this.limit = limit;
    this.salt = header.salt;
    this.end = header.bytes;
    const mark = this.#markAt(this.end);
    if (mark === undefined || !isMarkOf(mark, startChecksum(this.salt))) return;
    this.start = mark.position;
    this.#pass(mark, this.end);
  }

  /** The next batches; the run ends at the position `stop` if a batch does. */
  next(stop: number): Run | undefined {
    const from = this.end;
    while (this.start !== undefined && this.end - from < RUN_BYTES) {
      const found = this.#findMark();
      if (found === undefined) break;
      this.#pass(found.mark, found.at);
      if (this.position === stop) break;
    }
    if (this.end === from) return undefined;
    return { file: this.file, from, to: this.end, position: this.position };
  }

  /** Looks at all that lies behind the batches read so far. */
  tail(): Tail {
    let durable = 0;
    let whole = this.file.bytes;
    let before: { mark: Mark; end: number } | undefined;
    let crc = startChecksum(this.salt);
    for (let at = this.end; ; ) {
      const start = this.#findStart(at);
      if (start === undefined) return { durable, whole };
      const mark = this.#markAt(start);
      at = start + 1;
      if (mark === undefined) continue;
      if (before !== undefined && mark.position - before.mark.position === start - before.end) {
        crc = startChecksum(this.salt);
        this.#addTo(crc, before.end, start);
        if (isMarkOf(mark, crc)) {
          durable = Math.max(durable, mark.durable);
          whole = Math.min(whole, before.end);
        }
      }
      before = { mark, end: start + mark.bytes };
    }
  }

  /** The farthest position that anything from here on calls durable; reads it all. */
  claim(): number {
    while (this.next(-1) !== undefined);
    return Math.max(this.durable, this.tail().durable);
  }

  /** Whether neither a kill nor a loss of power can have left what lies behind (see above). */
  isWrong({ whole }: Tail): boolean {
    if (this.#hasZero(this.end, whole)) return false;
    if (whole < this.file.bytes) return true;
    const from = Math.max(this.end, this.file.bytes - LONGEST_MARK_BYTES);
    const last = new Uint8Array(this.file.bytes - from);
    this.file.read(from, last);
    return endsLikeMark(last);
  }

  #hasZero(from: number, to: number): boolean {
    const piece = new Uint8Array(Math.min(WINDOW_BYTES, to - from));
    for (let at = from; at < to; at += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, to - at));
      this.file.read(at, part);
      if (part.includes(0)) return true;
    }
    return false;
  }

  #pass(mark: Mark, at: number): void {
    this.position = mark.position;
    this.durable = Math.max(this.durable, mark.durable);
    this.end = at + mark.bytes;
  }

  /** The mark that ends the batch at `end`. */
  #findMark(): { mark: Mark; at: number } | undefined {
    const from = this.end;
    const crc = startChecksum(this.salt);
    let summed = from;
    for (let at = from; ; ) {
      const start = this.#findStart(at);
      if (start === undefined) return undefined;
      const mark = this.#markAt(start);
      at = start + 1;
      if (mark === undefined || mark.position - this.position !== start - from) continue;
      this.#addTo(crc, summed, start);
      summed = start;
      const { low, high } = crc;
      if (isMarkOf(mark, crc)) return { mark, at: start };
      crc.low = low;
      crc.high = high;
    }
  }

  /** File offset of the next bytes that begin as a mark does. */
  #findStart(from: number): number | undefined {
    for (let at = from; ; ) {
      this.#cover(at);
      const isLast = this.#windowEnd >= this.file.bytes;
      const limit = isLast ? this.#windowEnd : this.#windowEnd - LONGEST_MARK_BYTES + 1;
      for (let next = at; next < limit; next++) {
        const index = this.#window.indexOf(STAR, next - this.#windowStart);
        next = index + this.#windowStart;
        if (index < 0 || next >= limit) break;
        if (this.#isStart(index)) return next;
      }
      if (isLast || limit <= at) return undefined;
      at = limit;
    }
  }

  #isStart(index: number): boolean {
    for (let i = 1; i < MARK_START_BYTES.length; i++) {
      if (this.#window[index + i] !== MARK_START_BYTES[i]) return false;
    }
    return true;
  }

  #markAt(offset: number): Mark | undefined {
    this.#cover(offset);
    const mark = parseMark(this.#window, offset - this.#windowStart);
    const isWhole = mark !== undefined && offset + mark.bytes <= this.#windowEnd;
    return isWhole ? mark : undefined;
  }

  /** Has the window hold the bytes from `offset` on that a mark can have. */
  #cover(offset: number): void {
    const isPast = offset + LONGEST_MARK_BYTES > this.#windowEnd;
    if (offset < this.#windowStart || (isPast && this.#windowEnd < this.file.bytes)) {
      this.#slideTo(offset);
    }
  }

  /** Adds bytes of the file to a checksum, from the window or past it. */
  #addTo(crc: Crc64, from: number, to: number): void {
    if (from >= to) return;
    if (from >= this.#windowStart && to <= this.#windowEnd) {
      crc.update(this.#window, from - this.#windowStart, to - this.#windowStart);
      return;
    }
    const piece = new Uint8Array(Math.min(WINDOW_BYTES, to - from));
    for (let at = from; at < to; at += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, to - at));
      this.file.read(at, part);
      crc.update(part);
    }
  }

  #slideTo(offset: number): void {
    this.#windowStart = offset;
    this.#windowEnd = offset + this.file.read(offset, this.#window);
  }
}

/** What a start needs to know about a log once all of it has been read. */
export interface LogEnd {
  /** The position that the log reaches. */
  position: number;
  /** The segment to go on in; undefined when there is none. */
  last: { name: string; bytes: number; salt: string; isNew: boolean; isTorn: boolean } | undefined;
  /** Torn bytes behind that, of it and of segments that are no longer part of the log. */
  tornBytes: number;
  /** Where they begin. */
  tornName: string;
  tornOffset: number;
  /** Up to which position they had been durable; 0 unless damage is cut too. */
  tornDurable: number;
  segments: ManifestFile[];
}

type LogFiles = Pick<Manifest, "history" | "earlier" | "segments">;

/** The segments of a data set one after another, from a position on. */
export class LogReader {
  readonly #storage: Storage;
  readonly #manifest: LogFiles;
  readonly #segments: readonly ManifestFile[];
  readonly #from: number;
  readonly #cutsDamage: boolean;
  /** What came before the present history was durable when that began. */
  readonly #promised: number;
  readonly #open: ReadFile[] = [];
  totalBytes = 0;
  readBytes = 0;
  end: LogEnd;

  /**
   * `from`: what reaches this position is in the image already. `cutsDamage`: damage counts as a
   * torn end, so that what is before it can be saved.
   */
  constructor(storage: Storage, manifest: LogFiles, from: number, cutsDamage = false) {
    this.#storage = storage;
    this.#manifest = manifest;
    this.#segments = manifest.segments;
    this.#from = from;
    this.#cutsDamage = cutsDamage;
    this.#promised = manifest.earlier.at(-1)?.end ?? 0;
    this.end = {
      position: from,
      last: undefined,
      tornBytes: 0,
      tornName: "",
      tornOffset: 0,
      tornDurable: 0,
      segments: [],
    };
  }

  /** Gives out the runs that are to be replayed; after the last one `end` is known. */
  async *runs(): AsyncGenerator<Run> {
    try {
      const readers: SegmentReader[] = [];
      for (const { name } of this.#segments) readers.push(await this.#openSegment(name));
      let position: number | undefined;
      for (const [index, reader] of readers.entries()) {
        if (reader.start !== undefined && !this.#follows(readers, index, position)) return;
        yield* this.#runsOf(reader);
        const isTorn = this.#isTorn(readers, index, position ?? this.#from);
        const isPast = reader.start !== undefined && reader.position < this.#from;
        if (!isPast) this.#endAt(readers, index);
        if (isTorn) return;
        if (reader.start !== undefined && !isPast) position = reader.position;
      }
      this.#expectPromised();
    } finally {
      for (const file of this.#open.splice(0)) file.close();
    }
  }

  *#runsOf(reader: SegmentReader): Generator<Run> {
    for (;;) {
      const before = reader.position;
      if (before === reader.limit) return;
      const run = reader.next(before < this.#from ? this.#from : reader.limit);
      if (run === undefined) return;
      if (run.position > reader.limit) {
        throw this.#damage(run.file, run.from, `no batch ends at the cut at ${reader.limit}`);
      }
      this.readBytes += run.to - run.from;
      if (run.position <= this.#from) continue;
      if (before < this.#from) {
        throw this.#damage(run.file, run.from, `no batch ends at the image's ${this.#from}`);
      }
      yield run;
    }
  }

  async #openSegment(name: string): Promise<SegmentReader> {
    try {
      const file = await this.#storage.openRead(name);
      this.#open.push(file);
      this.totalBytes += file.bytes;
      return new SegmentReader(file, (history) => endOfHistory(this.#manifest, history));
    } catch (cause) {
      throw unusable(this.#storage.place, name, cause);
    }
  }

  /** Whether a segment goes on where the one before it ends; the rest is torn when it does not. */
  #follows(readers: SegmentReader[], index: number, before: number | undefined): boolean {
    const reader = readers[index] as SegmentReader;
    const { start = 0, file } = reader;
    const expected = before ?? this.#from;
    if (before === undefined ? start <= expected : start === expected) return true;
    const reason = `it begins at position ${start}, not at ${expected}`;
    if (before === undefined || start < before) throw this.#damage(file, 0, reason);
    this.#claim(Math.max(reader.claim(), this.#promised), before, file, 0, reason);
    this.#tear(readers, index);
    return false;
  }

  /** What had been durable must be there, unless damage is cut too. */
  #claim(durable: number, reached: number, file: ReadFile, offset: number, reason: string): void {
    if (durable <= reached) return;
    if (!this.#cutsDamage) throw this.#damage(file, offset, reason);
    this.end.tornDurable = Math.max(this.end.tornDurable, durable);
  }

  #expectPromised(): void {
    const { position } = this.end;
    if (position >= this.#promised || this.#cutsDamage) return;
    throw new Error(
      `The log in ${this.#storage.place} ends at position ${position}, but had been durable up ` +
        `to ${this.#promised}; ${WHAT_TO_DO}`,
    );
  }

  #endAt(readers: SegmentReader[], index: number): void {
    const reader = readers[index] as SegmentReader;
    const { end, salt, file } = reader;
    this.end.position = Math.max(this.end.position, reader.position);
    const isNew = reader.start === undefined;
    // One that was made ready and never used: the one before it goes on.
    if (isNew && this.end.last !== undefined) return;
    this.end.segments = this.#segments.slice(0, index + 1);
    if (reader.limit !== Number.POSITIVE_INFINITY) return;
    this.end.last = { name: file.name, bytes: end, salt, isNew, isTorn: end < file.bytes };
  }

  /** What lies behind the last whole batch of a segment: torn, or else it throws. */
  #isTorn(readers: SegmentReader[], index: number, before: number): boolean {
    const reader = readers[index] as SegmentReader;
    const { file, end } = reader;
    if (file.bytes === end || reader.position === reader.limit) return false;
    const tail = reader.tail();
    const later = readers.slice(index + 1);
    const claims = [tail.durable, this.#promised, ...later.map((each) => each.claim())];
    const reason = "what was written there does not fit its checksum";
    this.#claim(Math.max(...claims), Math.max(reader.position, before), file, end, reason);
    if (!this.#cutsDamage && reader.isWrong(tail)) {
      throw this.#damage(file, end, `${reason}, and nothing of it is missing`);
    }
    this.end.tornBytes += file.bytes - end;
    this.end.tornName = file.name;
    this.end.tornOffset = end;
    if (later.length > 0) this.#tear(readers, index + 1);
    return true;
  }

  /** The segments from `index` on are no longer part of the log. */
  #tear(readers: SegmentReader[], index: number): void {
    const torn = readers.slice(index);
    this.end.tornName ||= torn[0]?.file.name ?? "";
    // One that was made ready and never used has nothing to lose.
    for (const { file, start } of torn) if (start !== undefined) this.end.tornBytes += file.bytes;
  }

  #damage(file: ReadFile, offset: number, reason: string): Error {
    const where = `The log segment ${file.name} in ${this.#storage.place}`;
    return new Error(`${where} is damaged at offset ${offset}: ${reason}; ${WHAT_TO_DO}`);
  }
}

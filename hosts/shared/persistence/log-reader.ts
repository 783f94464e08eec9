/**
 * Reads the segments of a log and finds out how far they can be trusted.
 *
 * A batch counts when its mark fits. Where no fitting mark follows, the rest is the torn end of the
 * last thing written, or damage. It is damage when something behind it claims that it had been
 * durable: a mark of a later batch that is whole says how far the log was synced. Then the start
 * must stop. A torn end was never promised to anybody and is cut off.
 */
import type { Crc64 } from "./crc64.js";
import {
  isMarkOf,
  LONGEST_MARK_BYTES,
  MARK_START_BYTES,
  type Mark,
  parseHeader,
  parseMark,
  startChecksum,
} from "./log-format.js";
import type { ManifestFile } from "./manifest.js";
import type { ReadFile, Storage } from "./storage.js";

const WINDOW_BYTES = 1024 * 1024;
/** Small batches are given out together up to about this size. */
const RUN_BYTES = 256 * 1024;
const STAR = 0x2a;

/** Whole batches that lie behind one another in a segment's file: bytes [from, to). */
export interface Run {
  readonly file: ReadFile;
  readonly from: number;
  readonly to: number;
  /** The position that they reach. */
  readonly position: number;
}

/** One segment's file. */
export class SegmentReader {
  readonly file: ReadFile;
  readonly salt: string;
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

  /** Throws when the header is not that of a segment of this history. */
  constructor(file: ReadFile, history: string) {
    this.file = file;
    this.#window = new Uint8Array(Math.min(WINDOW_BYTES, file.bytes + LONGEST_MARK_BYTES));
    this.#slideTo(0);
    const header = parseHeader(this.#window.subarray(0, this.#windowEnd));
    if (header.history !== history) {
      throw new Error(`it belongs to another history, ${header.history}`);
    }
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

  /** The farthest position that anything behind the batches read so far calls durable. */
  claimBehind(): number {
    let claim = 0;
    let before: { mark: Mark; end: number } | undefined;
    let crc = startChecksum(this.salt);
    for (let at = this.end; ; ) {
      const start = this.#findStart(at);
      if (start === undefined) return claim;
      const mark = this.#markAt(start);
      at = start + 1;
      if (mark === undefined) continue;
      if (before !== undefined && mark.position - before.mark.position === start - before.end) {
        crc = startChecksum(this.salt);
        this.#addTo(crc, before.end, start);
        if (isMarkOf(mark, crc)) claim = Math.max(claim, mark.durable);
      }
      before = { mark, end: start + mark.bytes };
    }
  }

  /** The farthest position that anything from here on calls durable; reads it all. */
  claim(): number {
    while (this.next(-1) !== undefined);
    return Math.max(this.durable, this.claimBehind());
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
  /** File offset and name where they begin. */
  tornAt: string;
  segments: ManifestFile[];
}

/** The segments of a data set one after another, from a position on. */
export class LogReader {
  readonly #storage: Storage;
  readonly #history: string;
  readonly #segments: readonly ManifestFile[];
  readonly #from: number;
  readonly #open: ReadFile[] = [];
  totalBytes = 0;
  readBytes = 0;
  end: LogEnd;

  /** `from`: what reaches this position is in the image already. */
  constructor(
    storage: Storage,
    manifest: { history: string; segments: readonly ManifestFile[] },
    from: number,
  ) {
    this.#storage = storage;
    this.#history = manifest.history;
    this.#segments = manifest.segments;
    this.#from = from;
    this.end = { position: from, last: undefined, tornBytes: 0, tornAt: "", segments: [] };
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
    } finally {
      for (const file of this.#open.splice(0)) file.close();
    }
  }

  *#runsOf(reader: SegmentReader): Generator<Run> {
    for (;;) {
      const before = reader.position;
      const run = reader.next(this.#from);
      if (run === undefined) return;
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
      return new SegmentReader(file, this.#history);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `The log segment ${name} in ${this.#storage.place} cannot be read: ${reason}`,
      );
    }
  }

  /** Whether a segment goes on where the one before it ends; the rest is torn when it does not. */
  #follows(readers: SegmentReader[], index: number, before: number | undefined): boolean {
    const reader = readers[index] as SegmentReader;
    const { start = 0, file } = reader;
    const expected = before ?? this.#from;
    if (before === undefined ? start <= expected : start === expected) return true;
    if (before === undefined || start < before || reader.claim() > before) {
      throw this.#damage(file, 0, `it begins at position ${start}, not at ${expected}`);
    }
    this.#tear(readers, index);
    return false;
  }

  #endAt(readers: SegmentReader[], index: number): void {
    const reader = readers[index] as SegmentReader;
    const { end, salt, file } = reader;
    this.end.position = Math.max(this.end.position, reader.position);
    const isNew = reader.start === undefined;
    // One that was made ready and never used: the one before it goes on.
    if (isNew && this.end.last !== undefined) return;
    this.end.last = { name: file.name, bytes: end, salt, isNew, isTorn: end < file.bytes };
    this.end.segments = this.#segments.slice(0, index + 1);
  }

  /** What lies behind the last whole batch of a segment: torn, or else it throws. */
  #isTorn(readers: SegmentReader[], index: number, before: number): boolean {
    const reader = readers[index] as SegmentReader;
    const { file, end } = reader;
    if (file.bytes === end) return false;
    const later = readers.slice(index + 1);
    const claims = [reader.claimBehind(), ...later.map((each) => each.claim())];
    if (Math.max(...claims) > Math.max(reader.position, before)) {
      throw this.#damage(file, end, "what was written there does not fit its checksum");
    }
    this.end.tornBytes += file.bytes - end;
    this.end.tornAt = `offset ${end} of ${file.name}`;
    if (later.length > 0) this.#tear(readers, index + 1);
    return true;
  }

  /** The segments from `index` on are no longer part of the log. */
  #tear(readers: SegmentReader[], index: number): void {
    const torn = readers.slice(index);
    this.end.tornAt ||= `the beginning of ${torn[0]?.file.name}`;
    for (const { file } of torn) this.end.tornBytes += file.bytes;
  }

  #damage(file: ReadFile, offset: number, reason: string): Error {
    const where = `The log segment ${file.name} in ${this.#storage.place}`;
    return new Error(`${where} is damaged at offset ${offset}: ${reason}`);
  }
}

/**
 * Reads a file from its start to its end through one window of 1 MiB, whatever the file's size,
 * and sums up all that was read. Whoever reads says what a damaged file is: FileError names the
 * file and the byte.
 */
import { Crc64 } from "../persistence/crc64.js";

const WINDOW_BYTES = 1024 * 1024;

/** What files are read through; a ReadFile of a Storage is one. */
export interface FileSource {
  /** What messages call the file. */
  readonly name: string;
  readonly bytes: number;
  /** Fills `into` from `offset` on; answers how many bytes there were. */
  read(offset: number, into: Uint8Array): number;
}

/** A file that cannot be used, and where that shows. */
export class FileError extends Error {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`${file}, byte ${offset}: ${reason}`);
    this.name = "FileError";
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

/** Bytes in memory as a file: one piece, or several behind one another. */
export class MemorySource implements FileSource {
  readonly name: string;
  readonly bytes: number;
  readonly #pieces: readonly Uint8Array[];
  #piece = 0;
  #pieceStart = 0;

  constructor(name: string, pieces: readonly Uint8Array[]) {
    this.name = name;
    this.#pieces = pieces;
    this.bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  }

  read(offset: number, into: Uint8Array): number {
    if (offset < this.#pieceStart) {
      this.#piece = 0;
      this.#pieceStart = 0;
    }
    let filled = 0;
    while (filled < into.length && this.#piece < this.#pieces.length) {
      const piece = this.#pieces[this.#piece] as Uint8Array;
      const at = offset + filled - this.#pieceStart;
      if (at >= piece.length) {
        this.#piece++;
        this.#pieceStart += piece.length;
        continue;
      }
      const part = piece.subarray(at, at + into.length - filled);
      into.set(part, filled);
      filled += part.length;
    }
    return filled;
  }
}

export class FileCursor {
  readonly source: FileSource;
  readonly #window: Uint8Array;
  readonly #view: DataView;
  readonly #sum = new Crc64();
  /** Offset in the file of the window's first byte. */
  #start: number;
  #at = 0;
  #end = 0;
  /** Bytes of the window that are part of the sum. */
  #summed = 0;
  /** Where the marked bytes begin in the window; -1 when they are not all there. */
  #mark = -1;

  constructor(source: FileSource, offset = 0) {
    this.source = source;
    this.#start = offset;
    this.#window = new Uint8Array(Math.max(16, Math.min(WINDOW_BYTES, source.bytes)));
    this.#view = new DataView(this.#window.buffer);
  }

  get offset(): number {
    return this.#start + this.#at;
  }

  /** Bytes from here to the end of the file. */
  get left(): number {
    return this.source.bytes - this.offset;
  }

  fail(reason: string, offset = this.offset): never {
    throw new FileError(this.source.name, offset, reason);
  }

  byte(): number {
    if (this.#at === this.#end) this.#fill(1);
    return this.#window[this.#at++] as number;
  }

  /** A number of 4 bytes, the lowest first. */
  uint32(): number {
    return this.#view.getUint32(this.#step(4), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#step(4), true);
  }

  int16(): number {
    return this.#view.getInt16(this.#step(2), true);
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.#step(8), true);
  }

  /** A number of 4 bytes, the highest first. */
  uint32BigEndian(): number {
    return this.#view.getUint32(this.#step(4));
  }

  skip(bytes: number): void {
    this.#requireLeft(bytes);
    let rest = bytes;
    while (rest > this.#end - this.#at) {
      rest -= this.#end - this.#at;
      this.#at = this.#end;
      this.#fill(Math.min(rest, this.#window.length >>> 1));
    }
    this.#at += rest;
  }

  /** A copy of the next bytes. */
  take(bytes: number): Uint8Array {
    this.#requireLeft(bytes);
    const taken = new Uint8Array(bytes);
    let filled = 0;
    while (filled < bytes) {
      if (this.#at === this.#end) this.#fill(1);
      const part = Math.min(bytes - filled, this.#end - this.#at);
      taken.set(this.#window.subarray(this.#at, this.#at + part), filled);
      this.#at += part;
      filled += part;
    }
    return taken;
  }

  /** The next byte's index in the text `what` if it is there, without passing it. */
  startsWith(text: string): boolean {
    if (this.left < text.length) return false;
    this.#fill(text.length);
    for (let i = 0; i < text.length; i++) {
      if (this.#window[this.#at + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** From here on bytes are kept in the window as long as they fit. */
  mark(): void {
    this.#mark = this.#at;
  }

  /** The bytes since the mark, valid until the next read; undefined when they did not fit. */
  marked(): Uint8Array | undefined {
    const mark = this.#mark;
    this.#mark = -1;
    return mark < 0 ? undefined : this.#window.subarray(mark, this.#at);
  }

  /** The sum of all bytes up to here; it goes on with the next ones. */
  sum(): Crc64 {
    this.#sum.update(this.#window, this.#summed, this.#at);
    this.#summed = this.#at;
    return this.#sum;
  }

  #requireLeft(bytes: number): void {
    if (bytes <= this.left) return;
    this.fail(`the file ends here too early: ${bytes} bytes should follow, ${this.left} do`);
  }

  #step(bytes: number): number {
    if (this.#end - this.#at < bytes) this.#fill(bytes);
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  /** Sees to it that the next `bytes` bytes (at most half a window) are in the window. */
  #fill(bytes: number): void {
    if (this.#end - this.#at >= bytes) return;
    this.#requireLeft(bytes);
    this.sum();
    if (this.#mark >= 0 && this.#at - this.#mark + bytes > this.#window.length) this.#mark = -1;
    const keep = this.#mark >= 0 ? this.#mark : this.#at;
    this.#window.copyWithin(0, keep, this.#end);
    this.#start += keep;
    this.#at -= keep;
    this.#end -= keep;
    this.#summed = this.#at;
    if (this.#mark >= 0) this.#mark = 0;
    while (this.#end - this.#at < bytes) {
      const free = this.#window.subarray(this.#end);
      const read = this.source.read(this.#start + this.#end, free);
      if (read <= 0) this.fail("the file became shorter while it was read");
      this.#end += read;
    }
  }
}

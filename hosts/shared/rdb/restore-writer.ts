/**
 * Renders keys of an RDB file as RESTORE commands. Small values are gathered into one buffer; a
 * long one is read again from the file, piece by piece, and never held as a whole.
 */
import { Crc64 } from "../persistence/crc64.js";
import type { FileSource } from "./cursor.js";
import { NEWEST_VERSION } from "./format.js";
import type { RdbKey } from "./walker.js";

const BATCH_BYTES = 256 * 1024;
const PIECE_BYTES = 256 * 1024;
/** Room for everything of a command but its key and value. */
const REST_BYTES = 256;
/** Version and checksum behind the value. */
const FOOTER_BYTES = 10;

export interface RestoreOptions {
  /** Keys that are there already are replaced; without it they are an error. */
  replace: boolean;
  /** Version of the format that the payloads say; the file's own where it is known. */
  version: number;
  /** Takes the bytes before it returns; they may be used again. */
  send: (bytes: Uint8Array) => void;
}

/** The version that RESTORE is told: versions that are newer hold only what the known ones do. */
export function payloadVersion(isValkey: boolean, version: number): number {
  return isValkey ? version : Math.min(version, NEWEST_VERSION);
}

export class RestoreWriter {
  readonly #options: RestoreOptions;
  readonly #encoder = new TextEncoder();
  readonly #batch = new Uint8Array(BATCH_BYTES);
  #piece: Uint8Array | undefined;
  #used = 0;

  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  select(database: number): void {
    this.#text(`*2\r\n$6\r\nSELECT\r\n${bulk(`${database}`)}`);
  }

  restore(key: RdbKey, source: FileSource): void {
    const { replace, version } = this.#options;
    const options = (replace ? "$7\r\nREPLACE\r\n" : "") + optionsOf(key);
    const words = 4 + (options.match(/\$/g)?.length ?? 0);
    const valueBytes = key.end - key.start;
    const ttl = `${key.expiryMs ?? 0}`;
    this.#text(`*${words}\r\n$7\r\nRESTORE\r\n$${key.key.length}\r\n`);
    this.#bytes(key.key);
    this.#text(`\r\n${bulk(ttl)}$${valueBytes + 1 + FOOTER_BYTES}\r\n`);
    const sum = new Crc64();
    this.#summed(sum, Uint8Array.of(key.type));
    if (key.value !== undefined) this.#summed(sum, key.value);
    else this.#copy(sum, source, key.start, key.end);
    this.#summed(sum, Uint8Array.of(version & 255, version >>> 8));
    this.#bytes(sum.bytes());
    this.#text(`\r\n${options}`);
  }

  /** Sends what is gathered. */
  flush(): void {
    if (this.#used === 0) return;
    const bytes = this.#batch.subarray(0, this.#used);
    this.#used = 0;
    this.#options.send(bytes);
  }

  #copy(sum: Crc64, source: FileSource, start: number, end: number): void {
    this.#piece ??= new Uint8Array(PIECE_BYTES);
    for (let at = start; at < end; ) {
      const wanted = this.#piece.subarray(0, Math.min(PIECE_BYTES, end - at));
      const read = source.read(at, wanted);
      if (read <= 0) throw new Error(`${source.name} became shorter while it was read`);
      this.#summed(sum, wanted.subarray(0, read));
      at += read;
    }
  }

  #summed(sum: Crc64, bytes: Uint8Array): void {
    sum.update(bytes);
    this.#bytes(bytes);
  }

  #text(text: string): void {
    if (this.#used + text.length + REST_BYTES > BATCH_BYTES) this.flush();
    this.#used += this.#encoder.encodeInto(text, this.#batch.subarray(this.#used)).written;
  }

  #bytes(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BATCH_BYTES) this.flush();
    if (bytes.length > BATCH_BYTES) {
      this.#options.send(bytes);
      return;
    }
    this.#batch.set(bytes, this.#used);
    this.#used += bytes.length;
  }
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function optionsOf({ expiryMs, idleSeconds, frequency }: RdbKey): string {
  const absolute = expiryMs === undefined ? "" : "$6\r\nABSTTL\r\n";
  if (idleSeconds !== undefined) return `${absolute}$8\r\nIDLETIME\r\n${bulk(`${idleSeconds}`)}`;
  if (frequency !== undefined) return `${absolute}$4\r\nFREQ\r\n${bulk(`${frequency}`)}`;
  return absolute;
}

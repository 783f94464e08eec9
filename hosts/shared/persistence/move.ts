/** Copies a log segment to another storage while it still grows. */
import type { AppendFile, Storage } from "./storage.js";

const PIECE_BYTES = 256 * 1024;
/** With less than this left the rest may be copied while nothing else runs. */
const SMALL_REST_BYTES = 1024 * 1024;
/** A segment that grows as fast as it is copied is not waited for any longer. */
const MOST_PASSES = 16;

export class SegmentCopy {
  readonly name: string;
  readonly #from: Storage;
  readonly #to: AppendFile;

  private constructor(from: Storage, to: AppendFile) {
    this.name = to.name;
    this.#from = from;
    this.#to = to;
  }

  /** Begins a copy, and copies until little is left. */
  static async begin(name: string, from: Storage, to: Storage): Promise<SegmentCopy> {
    const copy = new SegmentCopy(from, await to.create(name));
    try {
      for (let pass = 0; pass < MOST_PASSES; pass++) {
        if ((await copy.#catchUp()) < SMALL_REST_BYTES) break;
      }
      return copy;
    } catch (cause) {
      await copy.abandon();
      throw cause;
    }
  }

  /** The segment grows no more: copies the rest and makes the whole durable. */
  async finish(): Promise<AppendFile> {
    while ((await this.#catchUp()) > 0);
    await this.#to.sync();
    return this.#to;
  }

  abandon(): Promise<void> {
    return this.#to.close().catch(() => {});
  }

  /** Copies what the segment has by now; answers how much that was. */
  async #catchUp(): Promise<number> {
    const began = this.#to.bytes;
    const source = await this.#from.openRead(this.name);
    try {
      const buffer = new Uint8Array(PIECE_BYTES);
      while (this.#to.bytes < source.bytes) {
        const piece = buffer.subarray(0, Math.min(PIECE_BYTES, source.bytes - this.#to.bytes));
        const bytes = source.read(this.#to.bytes, piece);
        if (bytes === 0) throw new Error(`${this.name} in ${this.#from.place} has become shorter`);
        await this.#to.appendLater(piece.subarray(0, bytes));
      }
    } finally {
      source.close();
    }
    return this.#to.bytes - began;
  }
}

/** A file of any path, read at any place. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { FileSource } from "../shared/rdb/cursor.js";
import { reasonOf } from "./directives.js";

export class PathSource implements FileSource {
  readonly name: string;
  readonly bytes: number;
  readonly #descriptor: number;

  /** Throws an Error of one line when the file cannot be read. */
  constructor(path: string) {
    this.name = path;
    try {
      this.#descriptor = openSync(path, "r");
      const status = fstatSync(this.#descriptor);
      if (!status.isFile()) throw new Error("it is no file");
      this.bytes = status.size;
    } catch (cause) {
      throw new Error(`Can't read '${path}': ${reasonOf(cause)}`);
    }
  }

  read(offset: number, into: Uint8Array): number {
    return readSync(this.#descriptor, into, 0, into.length, offset);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/**
 * Makes snapshots of a throw-away memory, which are kept nowhere: so a runtime that compiles what
 * runs often has compiled the second build of the engine, and what saves pages, before the first
 * snapshot that counts. Else the first commands after it would wait for the compiler.
 */
import { SessionFlag } from "../../assembly/abi.js";
import { Engine, type Link, SMALLEST_MEMORY_BYTES } from "./engine.js";
import type { ImagePlace } from "./persistence/image-writer.js";
import { Snapshot } from "./persistence/snapshot.js";
import type { AppendFile } from "./persistence/storage.js";
import { encodeRequest } from "./protocol/resp.js";

/** Slices that are run altogether, and how many commands one has. */
const SLICES = 48;
const COMMANDS = 400;
const NO_ENGINE = "0".repeat(32);

export class Warmup {
  readonly #engine: Engine;
  readonly #session: number;
  /** All blocks share it: nobody reads what is kept nowhere. */
  #blocks = new Uint8Array(0);
  #slices = 0;

  constructor(plain: WebAssembly.Module | Link, guarded: WebAssembly.Module | Link) {
    const options = { memoryBytes: SMALLEST_MEMORY_BYTES, seed: [1, 2, 3, 4] } as const;
    this.#engine = Engine.create(plain, { ...options, clock: () => 0 });
    this.#engine.useGuarded(guarded);
    this.#session = this.#engine.openSession(SessionFlag.INTERNAL, "", "");
  }

  /** Runs for about a millisecond; false when it is done. */
  slice(): boolean {
    const snapshot = new Snapshot({
      storage: NOWHERE,
      engine: this.#engine,
      engineHash: NO_ENGINE,
      now: () => 0,
      clock: () => 0,
      defer: () => {},
      inputBytes: () => 0,
      hold: () => {},
      allocate: (bytes) => {
        if (this.#blocks.length < bytes) this.#blocks = new Uint8Array(bytes);
        return this.#blocks;
      },
    });
    for (let index = 0; index < COMMANDS; index += 8) this.#run(index);
    snapshot.saveRest();
    return ++this.#slices < SLICES;
  }

  #run(index: number): void {
    const key = `key:${index}`;
    const requests = [
      ["SET", key, "value"],
      ["GET", key],
      ["INCR", "number"],
      ["HSET", "hash", key, "value"],
      ["ZADD", "sorted", `${index}`, key],
      ["SADD", "set", key],
      ["RPUSH", "list", key],
      ["DEL", key],
    ].map((words) => encodeRequest(words));
    for (const request of requests) this.#engine.receive(this.#session, request, 0, 0);
  }
}

/** Takes an image and keeps nothing. */
const NOWHERE: ImagePlace = {
  create: async (name) => new NoFile(name),
  rename: async () => {},
  remove: async () => {},
};

class NoFile implements AppendFile {
  readonly name: string;
  readonly bytes = 0;

  constructor(name: string) {
    this.name = name;
  }

  append(): void {}

  async appendLater(): Promise<void> {}

  async appendAllLater(): Promise<void> {}

  async sync(): Promise<void> {}

  syncNow(): void {}

  async close(): Promise<void> {}
}

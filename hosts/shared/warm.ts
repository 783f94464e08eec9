/**
 * Runs the second build of the engine over a throw-away memory, so that a runtime that compiles
 * what runs often has compiled it before the first snapshot: else the first commands after it would
 * wait for the compiler.
 */
import { PAGE_BYTES, PAGE_MAP, SessionFlag } from "../../assembly/abi.js";
import { Engine, type Link, SMALLEST_MEMORY_BYTES } from "./engine.js";
import { encodeRequest } from "./protocol/resp.js";

/** Slices that are run altogether, and how many commands one has. */
const SLICES = 48;
const COMMANDS = 400;

export class Warmup {
  readonly #engine: Engine;
  readonly #session: number;
  #slices = 0;

  constructor(plain: WebAssembly.Module | Link, guarded: WebAssembly.Module | Link) {
    const options = { memoryBytes: SMALLEST_MEMORY_BYTES, seed: [1, 2, 3, 4] } as const;
    this.#engine = Engine.create(plain, { ...options, clock: () => 0 });
    this.#engine.useGuarded(guarded);
    this.#session = this.#engine.openSession(SessionFlag.INTERNAL, "", "");
  }

  /** Runs for about a millisecond; false when it is done. */
  slice(): boolean {
    const engine = this.#engine;
    const page = new Uint8Array(PAGE_BYTES);
    engine.fork((number) => {
      page.set(engine.bytes.subarray(number * PAGE_BYTES, (number + 1) * PAGE_BYTES));
      engine.bytes[PAGE_MAP + number] = 0;
    });
    for (let index = 0; index < COMMANDS; index += 8) this.#run(index);
    engine.join();
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

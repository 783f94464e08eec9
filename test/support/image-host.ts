/**
 * An engine with both builds, a storage in memory and a loop that a test turns by hand: what a host
 * does around snapshots, without a clock of its own.
 */
import { SessionFlag } from "../../assembly/abi";
import { Engine, type EngineOptions } from "../../hosts/shared/engine";
import {
  type Image,
  Snapshot,
  type SnapshotOptions,
} from "../../hosts/shared/persistence/snapshot";
import { moduleOf, START_MS } from "./engine";
import { MemoryStorage } from "./memory-storage";

export const ENGINE_HASH = "000102030405060708090a0b0c0d0e0f";
const HEAP_MB = 64;
export const MEMORY_BYTES = (19 + HEAP_MB) * 1024 * 1024;

export class ImageHost {
  readonly engine: Engine;
  readonly storage: MemoryStorage;
  now = START_MS;
  /** Milliseconds; a look at it takes one, so a slice of the sweep saves a step of pages. */
  clock = 0;
  inputBytes = 0;
  holds: boolean[] = [];
  /** What the next turn of the loop will run. */
  readonly turn: (() => void)[] = [];
  output = "";
  effects = "";
  readonly #session: number;

  constructor(storage = new MemoryStorage(), engine?: Engine, options: EngineOptions = {}) {
    this.storage = storage;
    this.engine =
      engine ??
      Engine.create(moduleOf("engine.wasm"), {
        memoryBytes: MEMORY_BYTES,
        seed: [1, 2, 3, 4],
        clock: () => 0,
        ...options,
      });
    this.engine.useGuarded(moduleOf("engine.cow.wasm"));
    this.engine.sink = (stream, _, address, bytes) => {
      const text = Buffer.from(this.engine.bytes.subarray(address, address + bytes));
      if (stream === 0) this.output += text.toString("latin1");
      if (stream === 1) this.effects += text.toString("latin1");
    };
    this.#session = this.engine.openSession(SessionFlag.INTERNAL, "internal:0", "internal:0");
  }

  /** Runs requests and answers the raw replies. */
  run(requests: Uint8Array): string {
    this.output = "";
    this.inputBytes += requests.length;
    for (let at = 0; at < requests.length; at += this.engine.taken) {
      this.engine.receive(this.#session, requests, at, this.now);
    }
    return this.output;
  }

  options(): SnapshotOptions {
    return {
      storage: this.storage,
      engine: this.engine,
      engineHash: ENGINE_HASH,
      now: () => this.now,
      clock: () => this.clock++,
      defer: (run) => void this.turn.push(run),
      inputBytes: () => this.inputBytes,
      hold: (held) => void this.holds.push(held),
    };
  }

  fork(options: Partial<SnapshotOptions> = {}): Snapshot {
    return new Snapshot({ ...this.options(), ...options });
  }

  /** Runs what the loop has to do, and lets the storage go on. */
  async turnOnce(): Promise<void> {
    const runs = this.turn.splice(0);
    for (const run of runs) run();
    // A real storage, or a thread that compresses, needs the real loop.
    if (runs.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 8; i++) await Promise.resolve();
  }

  /** Turns the loop until the snapshot has ended. */
  async finish(snapshot: Snapshot): Promise<Image> {
    let ended = false;
    const done = snapshot.done.finally(() => {
      ended = true;
    });
    done.catch(() => {});
    for (let turns = 0; !ended; turns++) {
      if (turns > 1e6) throw new Error("the snapshot does not end");
      await this.turnOnce();
    }
    return done;
  }
}

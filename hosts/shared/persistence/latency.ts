/**
 * Tells the engine what the host's own work has delayed, for LATENCY: forks, appends and syncs of
 * the log. While `latency-monitor-threshold` is 0 it costs a look at one word per append.
 *
 *   fork                       what a snapshot's marking of pages took
 *   aof-write                  every append, and one of these with it:
 *   aof-write-pending-fsync    while a sync ran
 *   aof-write-active-child     while an image was written
 *   aof-write-alone            else
 *   aof-fsync-always           a sync under `appendfsync always`, which replies wait for
 *
 * Redis's other events of files (renames, removals, fstat) are done off the loop here and delay
 * nobody. An append may happen within an engine call: what was seen is told after it.
 */
import { Exchange } from "../../../assembly/abi.js";
import { runInternally } from "../internal.js";
import type { Sessions } from "../sessions.js";
import type { AppendFile } from "./storage.js";

export type LatencyEvent =
  | "fork"
  | "aof-write"
  | "aof-write-pending-fsync"
  | "aof-write-active-child"
  | "aof-write-alone"
  | "aof-fsync-always";

export interface LatencyOptions {
  sessions: Sessions;
  /** Milliseconds that only move forward. */
  clock: () => number;
  defer: (run: () => void) => void;
  /** Whether replies wait for syncs. */
  isAlways: () => boolean;
}

/** More than that between two turns would all be of one second. */
const MOST_PENDING = 64;

export class Latency {
  readonly #options: LatencyOptions;
  #pending: [LatencyEvent, number][] = [];

  constructor(options: LatencyOptions) {
    this.#options = options;
  }

  /** Milliseconds, by which what takes less is left out; 0: nothing is looked at. */
  get #thresholdMs(): number {
    return this.#options.sessions.engine.word(Exchange.LATENCY_THRESHOLD_MS);
  }

  get isOn(): boolean {
    return this.#thresholdMs !== 0;
  }

  get isAlways(): boolean {
    return this.#options.isAlways();
  }

  get isForked(): boolean {
    return this.#options.sessions.engine.isForked;
  }

  now(): number {
    return this.#options.clock();
  }

  note(event: LatencyEvent, durationMs: number): void {
    if (!this.isOn || durationMs < this.#thresholdMs) return;
    if (this.#pending.length >= MOST_PENDING) return;
    if (this.#pending.push([event, durationMs]) === 1) this.#options.defer(() => this.tell());
  }

  /** Tells what was noted, unless something holds the engine; then the next beat does. */
  tell(): void {
    const { sessions } = this.#options;
    const { engine, frozen } = sessions;
    if (this.#pending.length === 0 || frozen || engine.trap !== undefined) return;
    if (engine.word(Exchange.REQUEST_ALONE) !== 0) return;
    const pending = this.#pending;
    this.#pending = [];
    runInternally(sessions, (run) => {
      for (const [event, ms] of pending) run(["QUIRE", "LATENCY", event, `${Math.floor(ms)}`]);
    });
  }
}

/** A file of the log whose appends and syncs are timed. */
export class TimedFile implements AppendFile {
  readonly #file: AppendFile;
  readonly #latency: Latency;
  #syncs = 0;

  constructor(file: AppendFile, latency: Latency) {
    this.#file = file;
    this.#latency = latency;
  }

  get name(): string {
    return this.#file.name;
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  append(bytes: Uint8Array): void {
    const latency = this.#latency;
    if (!latency.isOn) {
      this.#file.append(bytes);
      return;
    }
    const startMs = latency.now();
    this.#file.append(bytes);
    const durationMs = latency.now() - startMs;
    latency.note("aof-write", durationMs);
    if (this.#syncs > 0) latency.note("aof-write-pending-fsync", durationMs);
    else latency.note(latency.isForked ? "aof-write-active-child" : "aof-write-alone", durationMs);
  }

  async sync(): Promise<void> {
    const startMs = this.#latency.isOn ? this.#latency.now() : undefined;
    this.#syncs++;
    try {
      await this.#file.sync();
    } finally {
      this.#syncs--;
    }
    this.#noteSync(startMs);
  }

  syncNow(): void {
    const startMs = this.#latency.isOn ? this.#latency.now() : undefined;
    this.#file.syncNow();
    this.#noteSync(startMs);
  }

  #noteSync(startMs: number | undefined): void {
    if (startMs === undefined || !this.#latency.isAlways) return;
    this.#latency.note("aof-fsync-always", this.#latency.now() - startMs);
  }

  appendLater(bytes: Uint8Array): Promise<void> {
    return this.#file.appendLater(bytes);
  }

  appendAllLater(pieces: readonly Uint8Array[]): Promise<void> {
    return this.#file.appendAllLater(pieces);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/**
 * Rewrites of the log: BGREWRITEAOF, and by itself when the log has grown. A rewrite is an image
 * with a fresh segment behind it; what is its own is when it happens and what INFO says of it.
 */
import { Exchange } from "../../../assembly/abi.js";
import { explain } from "../reason.js";
import type { Answer } from "../sessions.js";
import type { Persistence } from "./persistence.js";
import type { Saves } from "./saves.js";

/** After a failure the next rewrite that is not asked for waits for so long. */
const RETRY_MS = 60_000;

export interface RewriteSettings {
  /** auto-aof-rewrite-percentage and -min-size; 0 percent: never by itself. */
  percentage: number;
  smallestBytes: number;
}

export interface RewritesOptions {
  persistence: () => Persistence | undefined;
  saves: Saves;
  now: () => number;
  notice: (text: string) => void;
  warning: (text: string) => void;
}

export class Rewrites {
  settings: RewriteSettings = { percentage: 100, smallestBytes: 64 * 1024 * 1024 };
  readonly #options: RewritesOptions;
  #startedMs = 0;
  #durationMs = -1;
  #rewrites = 0;
  #failures = 0;
  #failedMs = 0;
  #baseBytes = 0;
  #isScheduled = false;

  constructor(options: RewritesOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#startedMs !== 0;
  }

  /** BGREWRITEAOF. */
  ask(): Answer {
    if (this.isRunning) {
      return {
        ok: false,
        text: "ERR Background append only file rewriting already in progress",
      };
    }
    const isInBlock = this.#options.persistence()?.engine.word(Exchange.REQUEST_ALONE);
    if (this.#options.saves.isRunning || isInBlock) {
      this.#isScheduled = true;
      return { ok: true, text: "Background append only file rewriting scheduled" };
    }
    try {
      this.#begin();
      return { ok: true, text: "Background append only file rewriting started" };
    } catch {
      return {
        ok: false,
        text: "ERR Can't execute an AOF background rewriting. Please check the server logs.",
      };
    }
  }

  /** What was loaded is what growth is measured by. */
  noteLoaded(): void {
    this.#baseBytes = this.#options.persistence()?.logBytes ?? 0;
  }

  beat(nowMs: number): void {
    const persistence = this.#options.persistence();
    if (persistence === undefined) return;
    const isFree = !this.isRunning && !this.#options.saves.isRunning && !persistence.isFailing;
    if (isFree && (this.#isScheduled || this.#isDue(persistence, nowMs))) {
      this.#isScheduled = false;
      try {
        this.#begin();
      } catch {
        // told already, tried again later
      }
    }
    this.publish(persistence);
  }

  #isDue(persistence: Persistence, nowMs: number): boolean {
    const { percentage, smallestBytes } = this.settings;
    if (percentage === 0 || !persistence.settings.appendonly) return false;
    if (this.#failures > 0 && nowMs - this.#failedMs < RETRY_MS) return false;
    const bytes = persistence.logBytes;
    if (bytes <= smallestBytes) return false;
    const growth = Math.floor((bytes * 100) / Math.max(1, this.#baseBytes)) - 100;
    if (growth < percentage) return false;
    this.#options.notice(`Starting automatic rewriting of AOF on ${growth}% growth`);
    return true;
  }

  #begin(): void {
    const { persistence, now, notice } = this.#options;
    const log = persistence();
    if (log === undefined) throw new Error("this server keeps nothing");
    this.#startedMs = now();
    try {
      const { durable } = log.beginImage();
      this.publish(log);
      notice("Background append only file rewriting started");
      void this.#finish(log, durable);
    } catch (cause) {
      this.#end(log, cause);
      throw cause;
    }
  }

  async #finish(log: Persistence, durable: Promise<unknown>): Promise<void> {
    try {
      await durable;
      this.#rewrites++;
      this.#failures = 0;
      this.#baseBytes = log.logBytes;
      this.#options.notice("Background AOF rewrite finished successfully");
      this.#end(log, undefined);
    } catch (cause) {
      this.#end(log, cause);
    }
  }

  #end(log: Persistence, failure: unknown): void {
    const { now, warning } = this.#options;
    this.#durationMs = now() - this.#startedMs;
    this.#startedMs = 0;
    if (failure !== undefined) {
      this.#failures++;
      this.#failedMs = now();
      warning(`Background AOF rewrite has failed: ${explain(failure)}`);
    }
    this.publish(log);
  }

  /** Writes what INFO shows into the exchange record. */
  publish(log: Persistence): void {
    const engine = log.engine;
    engine.setWord(Exchange.REWRITE_IN_PROGRESS, this.isRunning ? 1 : 0);
    engine.setWord(Exchange.REWRITE_SCHEDULED, this.#isScheduled ? 1 : 0);
    engine.setFact(Exchange.REWRITE_STARTED_MS, this.#startedMs);
    engine.setFact(Exchange.REWRITE_DURATION_MS, this.#durationMs);
    engine.setFact(Exchange.REWRITES, this.#rewrites);
    engine.setFact(Exchange.REWRITE_FAILURES, this.#failures);
    engine.setFact(Exchange.LOG_BASE_BYTES, this.#baseBytes);
  }
}

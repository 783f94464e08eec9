/**
 * The timer of the sessions that wait: set to the earliest deadline that the engine has, so that a
 * wait ends on time and not with the next beat.
 */
import { Exchange } from "../../assembly/abi.js";
import type { Engine } from "./engine.js";

/** Timers of the runtimes hold 31 bits; what is later is looked at again. */
const LONGEST_MS = 2 ** 31 - 1;

export interface DeadlinesOptions {
  now: () => number;
  /** Runs a function after so many milliseconds; answers how to prevent it. */
  later: (run: () => void, delayMs: number) => () => void;
  /** A deadline has been reached. */
  expire: () => void;
}

export class Deadlines {
  #engine: Engine;
  readonly #options: DeadlinesOptions;
  /** The deadline that the timer is set to, 0 = there is no timer. */
  #setMs = 0;
  #cancel: () => void = () => {};

  constructor(engine: Engine, options: DeadlinesOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  useEngine(engine: Engine): void {
    this.#engine = engine;
  }

  /** After each engine call: follows the engine's earliest deadline. */
  follow(): void {
    const nextMs = this.#engine.facts[Exchange.NEXT_DEADLINE_MS >> 3] as number;
    if (nextMs === this.#setMs) return;
    this.stop();
    if (nextMs === 0) return;
    this.#setMs = nextMs;
    const delayMs = Math.min(Math.max(nextMs - this.#options.now(), 0), LONGEST_MS);
    this.#cancel = this.#options.later(() => {
      this.#setMs = 0;
      this.#options.expire();
    }, delayMs);
  }

  stop(): void {
    if (this.#setMs !== 0) this.#cancel();
    this.#setMs = 0;
  }
}

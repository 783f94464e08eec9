/**
 * The pulse of an engine: refreshes the facts that INFO shows and gives the engine time for its
 * background work, in calls of a fixed number of steps. While commands come in, a beat gives it a
 * millisecond, and twice as long each time that work is left over (at most 8 of 100 ms); on an idle
 * host the work goes on turn by turn until it is done.
 */
import { Exchange } from "../../assembly/abi.js";
import type { Engine } from "./engine.js";
import type { Sessions } from "./sessions.js";

const BEAT_MS = 100;
const STEPS_PER_CALL = 256;
const SLICE_MS = 1;
const LONGEST_SLICE_MS = 8;

export interface TickerOptions {
  now: () => number;
  /** Milliseconds that only move forward, for the time budget. */
  clock: () => number;
  defer: (run: () => void) => void;
  /** Calls back every so many milliseconds; answers how to stop it. */
  every: (run: () => void, periodMs: number) => () => void;
  /** Writes facts into the exchange record. */
  refresh?: (engine: Engine) => void;
  /** The host's own work on each beat, such as idle connections. */
  onBeat?: (nowMs: number) => void;
}

export class Ticker {
  readonly #sessions: Sessions;
  readonly #options: TickerOptions;
  #stop: (() => void) | undefined;
  #sliceScheduled = false;
  #inputAtSlice = 0;
  #sliceMs = SLICE_MS;

  constructor(sessions: Sessions, options: TickerOptions) {
    this.#sessions = sessions;
    this.#options = options;
  }

  start(): void {
    this.#stop ??= this.#options.every(() => this.beat(), BEAT_MS);
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  beat(): void {
    if (this.#sessions.frozen || this.#sessions.engine.trap !== undefined) return;
    this.#options.refresh?.(this.#sessions.engine);
    this.#options.onBeat?.(this.#options.now());
    // What is loaded must not expire before all of it is there.
    if (this.#sessions.engine.word(Exchange.LOADING) === 0) this.#slice();
  }

  /** One slice; when there is more work and no input came since the last one, another next turn. */
  #slice(): void {
    const input = this.#sessions.inputBytes;
    const idle = input === this.#inputAtSlice;
    this.#inputAtSlice = input;
    const more = this.#work();
    if (!more || !idle || this.#sliceScheduled) return;
    this.#sliceScheduled = true;
    this.#options.defer(() => {
      this.#sliceScheduled = false;
      if (this.#stop !== undefined && !this.#sessions.frozen) this.#slice();
    });
  }

  #work(): boolean {
    const nowMs = this.#options.now();
    const end = this.#options.clock() + this.#sliceMs;
    let more = true;
    while (more && this.#options.clock() < end) {
      more = this.#sessions.run((engine) => engine.tick(nowMs, STEPS_PER_CALL)) ?? false;
    }
    this.#sliceMs = more ? Math.min(this.#sliceMs * 2, LONGEST_SLICE_MS) : SLICE_MS;
    return more;
  }
}

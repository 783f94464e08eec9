/**
 * When images are made: SAVE, BGSAVE, save points, the last one before the host stops; and what
 * INFO says of them. One at a time. How an image becomes the data set's is the caller's: `begin`.
 */
import { Exchange, PAGE_BYTES } from "../../../assembly/abi.js";
import type { Engine } from "../engine.js";
import { explain } from "../reason.js";
import type { Answer } from "../sessions.js";
import type { Image, Snapshot } from "./snapshot.js";

/** After a failure save points wait for so long before they try again. */
const RETRY_MS = 5000;

/** At least `changes` changes and more than `seconds` seconds since the last image. */
export interface SavePoint {
  readonly seconds: number;
  readonly changes: number;
}

/** An image that has been cut. */
export interface BegunImage {
  readonly snapshot: Snapshot;
  /** The image is durable and belongs to the data set; rejected when there is none. */
  readonly durable: Promise<Image>;
}

export interface SavesOptions {
  engine: () => Engine;
  now: () => number;
  /** Whether there is a place to save to. */
  canSave: () => boolean;
  /** Settles when the image that somebody makes is done; undefined: one may begin. */
  busy: () => Promise<unknown> | undefined;
  /** Cuts an image at once; throws when it cannot. */
  begin: () => BegunImage;
  /** Holds commands back, and lets them go on. */
  hold: (held: boolean) => void;
  notice: (text: string) => void;
  warning: (text: string) => void;
}

/** Reads "3600 1 300 100"; what is no pair of numbers is left out. */
export function parseSavePoints(text: string): SavePoint[] {
  const numbers = text.split(" ").filter((word) => word !== "");
  const points: SavePoint[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    points.push({ seconds: Number(numbers[i]), changes: Number(numbers[i + 1]) });
  }
  return points;
}

export class Saves {
  points: readonly SavePoint[] = [];
  readonly #options: SavesOptions;
  #running: BegunImage | undefined;
  #failed = false;
  #lastSaveMs: number;
  #lastTryMs = 0;
  #durationMs = -1;
  #saves = 0;
  #forks = 0;
  #forkMs = 0;
  #lastCopiedBytes = 0;

  constructor(options: SavesOptions) {
    this.#options = options;
    this.#lastSaveMs = options.now();
  }

  get isRunning(): boolean {
    return this.#running !== undefined || this.#options.busy() !== undefined;
  }

  /** SAVE: answers when the image is durable. */
  async save(): Promise<Answer> {
    if (this.#options.busy() !== undefined) await this.#waitForOthers();
    try {
      await this.#begin();
      return { ok: true };
    } catch {
      // Redis says no more than this; the reason is in the log.
      return { ok: false, text: "ERR" };
    }
  }

  /** BGSAVE: answers when the image is cut. */
  background(): Answer {
    if (this.isRunning) {
      return { ok: false, text: "ERR Background save already in progress" };
    }
    const engine = this.#options.engine();
    if (engine.word(Exchange.REQUEST_ALONE) !== 0) {
      // Within a transaction nothing is cut.
      engine.setWord(Exchange.SAVE_SCHEDULED, 1);
      return { ok: true };
    }
    const done = this.#begin();
    done.catch(() => {});
    return this.#running === undefined ? { ok: false, text: "ERR" } : { ok: true };
  }

  /** Begins what save points or BGSAVE SCHEDULE ask for, and keeps INFO up to date. */
  beat(nowMs: number): void {
    const engine = this.#options.engine();
    if (!this.isRunning && engine.canFork && !engine.isForked && this.#isDue(engine, nowMs)) {
      this.#begin().catch(() => {});
    }
    this.publish();
  }

  /**
   * The last image before the host stops, when it is wanted; an error line when there is none.
   * Nothing runs any more when it answers without one.
   */
  async beforeStop(options: readonly string[]): Promise<string | undefined> {
    const { hold, warning, canSave } = this.#options;
    const isWanted = options.includes("save") || (this.points.length > 0 && canSave());
    hold(true);
    await this.#abortRunning("the server stops");
    await this.#waitForOthers();
    if (!isWanted || options.includes("nosave")) return undefined;
    try {
      const done = this.#begin();
      this.#running?.snapshot.saveRest();
      await done;
      return undefined;
    } catch {
      if (options.includes("force")) return undefined;
      warning("Error trying to save the DB, can't exit.");
      hold(false);
      return "ERR Errors trying to SHUTDOWN. Check logs.";
    }
  }

  /** What the data set was loaded from is as good as saved. */
  noteLoaded(): void {
    this.#options.engine().setFact(Exchange.CHANGES_SINCE_SAVE, 0);
  }

  async #waitForOthers(): Promise<void> {
    for (;;) {
      const busy = this.#options.busy();
      if (busy === undefined) return;
      await busy.catch(() => {});
    }
  }

  async #abortRunning(reason: string): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    await running.snapshot.abort(reason);
    await running.durable.catch(() => {});
  }

  #isDue(engine: Engine, nowMs: number): boolean {
    if (engine.word(Exchange.SAVE_SCHEDULED) !== 0) {
      engine.setWord(Exchange.SAVE_SCHEDULED, 0);
      return true;
    }
    if (this.#failed && nowMs - this.#lastTryMs < RETRY_MS) return false;
    const changes = engine.fact(Exchange.CHANGES_SINCE_SAVE);
    const elapsedMs = nowMs - this.#lastSaveMs;
    const due = this.points.find(
      (point) => changes > 0 && changes >= point.changes && elapsedMs > point.seconds * 1000,
    );
    if (due === undefined) return false;
    this.#options.notice(`${due.changes} changes in ${due.seconds} seconds. Saving...`);
    return true;
  }

  /** Cuts an image; rejects when it does not become durable. */
  async #begin(): Promise<void> {
    const { engine, begin, now } = this.#options;
    this.#lastTryMs = now();
    let changes: number;
    let begun: BegunImage;
    try {
      changes = engine().fact(Exchange.CHANGES_SINCE_SAVE);
      begun = begin();
    } catch (cause) {
      this.#noteFailure(cause);
      throw cause;
    }
    this.#running = begun;
    this.#forks++;
    this.#forkMs = begun.snapshot.forkMs;
    this.publish();
    try {
      const image = await begun.durable;
      this.#noteSuccess(image, changes);
    } catch (cause) {
      this.#noteFailure(cause);
      throw cause;
    } finally {
      this.#running = undefined;
      this.#lastCopiedBytes = begun.snapshot.savedByBarrier * PAGE_BYTES;
      this.#durationMs = now() - begun.snapshot.startedMs;
      this.publish();
    }
  }

  #noteSuccess(image: Image, changes: number): void {
    const { engine, now, notice } = this.#options;
    this.#failed = false;
    this.#saves++;
    this.#lastSaveMs = now();
    engine().addFact(Exchange.CHANGES_SINCE_SAVE, -changes);
    const megabytes = (image.fileBytes / 1024 ** 2).toFixed(1);
    notice(
      `DB saved on disk: ${image.name}, ${megabytes} MiB in ${Math.ceil(image.durationMs)} ms`,
    );
  }

  #noteFailure(cause: unknown): void {
    this.#failed = true;
    this.#options.warning(`Saving has failed, the image before stays: ${explain(cause)}`);
  }

  /** Writes what INFO shows into the exchange record. */
  publish(): void {
    const engine = this.#options.engine();
    const snapshot = this.#running?.snapshot;
    engine.setWord(Exchange.SAVE_IN_PROGRESS, snapshot === undefined ? 0 : 1);
    engine.setWord(Exchange.SAVE_FAILED, this.#failed ? 1 : 0);
    engine.setFact(Exchange.LAST_SAVE_MS, this.#lastSaveMs);
    engine.setFact(Exchange.SAVE_STARTED_MS, snapshot?.startedMs ?? 0);
    engine.setFact(Exchange.SAVE_DURATION_MS, this.#durationMs);
    engine.setFact(Exchange.SAVES, this.#saves);
    engine.setFact(Exchange.LAST_COPIED_BYTES, this.#lastCopiedBytes);
    engine.setFact(Exchange.COPIED_BYTES, (snapshot?.savedByBarrier ?? 0) * PAGE_BYTES);
    engine.setFact(Exchange.FORK_MICROSECONDS, Math.round(this.#forkMs * 1000));
    engine.setFact(Exchange.FORKS, this.#forks);
    engine.setFact(Exchange.SAVE_PAGES, snapshot?.pages ?? 0);
    engine.setFact(Exchange.SAVED_PAGES, snapshot?.savedPages ?? 0);
  }
}

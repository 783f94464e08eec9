/**
 * Snapshots without a fork of the operating system: all pages of the data set are marked at one
 * position between two engine calls; from then on the second build of the engine runs, which hands
 * over each page before it changes, while a sweep saves the others in the background.
 *
 * Pace of the sweep: while commands come in it takes a fifth of the loop's time, else all of it, in
 * slices that end soon. It waits when SWEEP_BLOCKS blocks wait for the storage, so that only pages
 * that commands change pile up; when HOLD_BLOCKS wait, commands are held back too.
 */
import { LAYOUT_VERSION, PAGE_BYTES } from "../../../assembly/abi.js";
import type { Engine } from "../engine.js";
import { BLOCK_BYTES } from "./image-format.js";
import { type ImagePlace, ImageWriter } from "./image-writer.js";
import { imageName } from "./manifest.js";

/** Pages that are saved between two looks at the clock. */
const STEP_PAGES = 8;
/** However fast the clock says that it goes: no slice saves more. */
export const SLICE_PAGES = 1024;
const IDLE_SLICE_MS = 1;
const BUSY_SLICE_MS = 0.5;
/** Below this a slice costs more than it saves. */
const SMALLEST_SLICE_MS = 0.05;
/** A fifth of all time is a quarter of the time of others. */
const BUSY_SHARE = 0.25;
const SWEEP_BLOCKS = 24;
const HOLD_BLOCKS = Math.ceil((64 * 1024 * 1024) / BLOCK_BYTES);

export interface SnapshotOptions {
  storage: ImagePlace;
  engine: Engine;
  /** What the image names as the engine that wrote it: 32 hexadecimal digits. */
  engineHash: string;
  now: () => number;
  /** Milliseconds that only move forward. */
  clock: () => number;
  /** Runs a function in the next turn of the loop. */
  defer: (run: () => void) => void;
  /** Bytes that clients have sent so far: when they grow, commands come in. */
  inputBytes: () => number;
  /** Holds commands back, and lets them go on. */
  hold: (held: boolean) => void;
  allocate?: (bytes: number) => Uint8Array;
  /** Raw deflate; the image is not compressed when left out. */
  deflate?: ((bytes: Uint8Array) => Promise<Uint8Array>) | undefined;
}

/** A whole and durable image. */
export interface Image {
  readonly name: string;
  readonly history: string;
  readonly offset: number;
  readonly pages: number;
  readonly fileBytes: number;
  /** Pages that the write barrier handed over. */
  readonly savedByBarrier: number;
  readonly forkMs: number;
  readonly durationMs: number;
}

export class Snapshot {
  readonly name: string;
  readonly history: string;
  readonly offset: number;
  /** Pages at the fork. */
  readonly pages: number;
  readonly forkMs: number;
  readonly startedMs: number;
  savedByBarrier = 0;
  /** The most that a slice of the sweep has taken. */
  longestSliceMs = 0;
  /** Resolves when the image is durable under its name; rejects when there will be none. */
  readonly done: Promise<Image>;
  readonly #options: SnapshotOptions;
  readonly #writer: ImageWriter;
  readonly #startedAt: number;
  readonly #marks: Uint8Array;
  #next = 0;
  #inputBytes: number;
  #sliceEnd: number;
  #scheduled = false;
  #holding = false;
  #swept = false;
  #finishing = false;
  #ended = false;
  #resolve: (image: Image) => void = () => {};
  #reject: (cause: unknown) => void = () => {};

  /** Forks now. Only between two calls of the engine. */
  constructor(options: SnapshotOptions) {
    const { engine, clock } = options;
    this.#options = options;
    this.startedMs = options.now();
    this.#startedAt = clock();
    this.history = engine.history();
    this.offset = engine.position();
    this.name = imageName(this.history, this.offset);
    this.#inputBytes = options.inputBytes();
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who only asks for `abort` need not look at it.
    this.done.catch(() => {});
    this.#marks = engine.pageMap();
    const forkedAt = clock();
    this.pages = engine.fork((page) => this.#saveFromBarrier(page));
    this.forkMs = clock() - forkedAt;
    this.#writer = this.#createWriter();
    this.#sliceEnd = clock();
    this.#schedule();
  }

  get savedPages(): number {
    return this.#writer.pages;
  }

  /** Bytes of memory that blocks have taken at most. */
  get peakBytes(): number {
    return this.#writer.peakBytes;
  }

  /** The most bytes of pages that commands changed and that waited for the storage at once. */
  get peakDirtiedBytes(): number {
    return this.#writer.peakDirtied * PAGE_BYTES;
  }

  /** Gives up: marks are cleared, the plain build goes on, no file stays. */
  async abort(reason: string): Promise<void> {
    await this.#fail(new Error(reason));
  }

  /** Saves all that is left in one go, for a host that is about to stop. */
  saveRest(): void {
    if (!this.#ended && !this.#finishing) this.#work(Number.POSITIVE_INFINITY);
    this.#continue();
  }

  #createWriter(): ImageWriter {
    const { storage, engineHash, allocate, deflate } = this.#options;
    const header = {
      layoutVersion: LAYOUT_VERSION,
      engineHash,
      history: this.history,
      offset: this.offset,
      timeMs: this.startedMs,
      pages: this.pages,
      endPage: this.#marks.lastIndexOf(1) + 1,
    };
    return new ImageWriter({
      storage,
      name: this.name,
      header,
      allocate: allocate ?? ((bytes) => new Uint8Array(bytes)),
      deflate,
      onProgress: () => this.#continue(),
    });
  }

  #saveFromBarrier(page: number): void {
    this.savedByBarrier++;
    this.#writer.addDirtied(this.#options.engine.bytes, page);
    this.#marks[page] = 0;
    if (!this.#holding && this.#writer.waitingBlocks > HOLD_BLOCKS) {
      this.#holding = true;
      this.#options.hold(true);
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#ended || this.#finishing) return;
    this.#scheduled = true;
    this.#options.defer(() => {
      this.#scheduled = false;
      if (!this.#ended && !this.#finishing) this.#slice();
    });
  }

  /** One slice of the sweep, as long as its turn allows. */
  #slice(): void {
    const { clock, inputBytes } = this.#options;
    const start = clock();
    const input = inputBytes();
    const isBusy = input !== this.#inputBytes;
    const share = (start - this.#sliceEnd) * BUSY_SHARE;
    const sliceMs = isBusy ? Math.min(share, BUSY_SLICE_MS) : IDLE_SLICE_MS;
    if (sliceMs >= SMALLEST_SLICE_MS) {
      this.#inputBytes = input;
      this.#work(start + sliceMs);
      this.#sliceEnd = clock();
      this.longestSliceMs = Math.max(this.longestSliceMs, this.#sliceEnd - start);
    }
    this.#continue();
  }

  /** Saves pages in small steps until the time is up or all is done. */
  #work(end: number): void {
    const { clock } = this.#options;
    const isLast = end === Number.POSITIVE_INFINITY;
    const most = isLast ? end : this.savedPages + SLICE_PAGES;
    do {
      if (this.#swept) {
        this.#finish();
        return;
      }
      if (this.#writer.waitingBlocks >= SWEEP_BLOCKS && !isLast) return;
      this.#sweep();
    } while (clock() < end && this.savedPages < most);
  }

  /** Saves a few pages; after the last one the plain build goes on. */
  #sweep(): void {
    for (let step = 0; step < STEP_PAGES; step++) {
      const page = this.#marks.indexOf(1, this.#next);
      if (page < 0) {
        this.#swept = true;
        this.#options.engine.join();
        return;
      }
      this.#next = page + 1;
      this.#writer.add(this.#options.engine.bytes, page);
      this.#marks[page] = 0;
    }
  }

  /** A slice is over or a block has left. */
  #continue(): void {
    if (this.#ended) return;
    if (this.#writer.failure !== undefined) {
      void this.#fail(this.#writer.failure);
      return;
    }
    this.#writer.pump();
    const { waitingBlocks } = this.#writer;
    if (this.#holding && waitingBlocks <= HOLD_BLOCKS / 2) this.#letGo();
    if (waitingBlocks < SWEEP_BLOCKS) this.#schedule();
  }

  /** All is saved and sealed: the rest is up to the storage. */
  #finish(): void {
    const { clock } = this.#options;
    this.#finishing = true;
    this.#writer.finish().then(
      () => {
        if (this.#ended) return;
        this.#end();
        this.#resolve({
          name: this.name,
          history: this.history,
          offset: this.offset,
          pages: this.pages,
          fileBytes: this.#writer.writtenBytes,
          savedByBarrier: this.savedByBarrier,
          forkMs: this.forkMs,
          durationMs: clock() - this.#startedAt,
        });
      },
      (cause: unknown) => this.#fail(cause),
    );
  }

  async #fail(cause: unknown): Promise<void> {
    if (this.#ended) return;
    this.#end();
    this.#options.engine.join();
    await this.#writer.abandon();
    this.#reject(cause);
  }

  #end(): void {
    this.#ended = true;
    this.#letGo();
  }

  #letGo(): void {
    if (!this.#holding) return;
    this.#holding = false;
    this.#options.hold(false);
  }
}

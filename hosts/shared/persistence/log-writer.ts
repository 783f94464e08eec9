/**
 * Writes the stream of effects to a segment of the log.
 *
 * The engine gathers what it renders in its window; at the end of the loop's turn that goes out
 * from there as one batch with its mark, in one append for all clients. What the window does not
 * hold is copied into a buffer, and a larger amount goes out during the call, without a mark: as
 * long as that is missing the batch does not count.
 *
 *   accepted  the position that append() has taken: it survives the process
 *   durable   the position that a sync covers: it survives the machine
 *
 * Under *always* a sync follows each append. While the storage is quick it is made in place, since
 * giving it to another thread costs more than waiting; else beside the loop: the next batches are
 * appended meanwhile, and the next sync covers them all. Under *everysec* a sync starts each
 * second, and appends wait for one that takes longer than two. After a failed append or sync
 * nothing is written any more: what the file holds behind the last sync is unknown, and a retry
 * may lie.
 */
import { Alone, EFFECTS_WINDOW, Exchange } from "../../../assembly/abi.js";
import { copyBytes } from "../copy.js";
import type { Engine } from "../engine.js";
import { Crc64 } from "./crc64.js";
import { LONGEST_MARK_BYTES, startChecksum, writeMark } from "./log-format.js";
import type { AppendFile } from "./storage.js";

export type SyncPolicy = "always" | "everysec" | "no";

/** A segment that is appended to. */
export interface Segment {
  readonly file: AppendFile;
  readonly salt: string;
}

export interface LogWriterOptions {
  segment: Segment;
  /** The segment has nothing but its header. */
  isNew: boolean;
  /** Where the stream goes on; everything before it is durable. */
  position: number;
  policy: SyncPolicy;
  /** The engine that renders the effects adds up their checksum; left out: it does not. */
  engine?: Engine;
  /** Milliseconds that only move forward. */
  clock: () => number;
  /** Runs a function at the end of the loop's turn. */
  defer: (run: () => void) => void;
  /** `accepted` or `durable` has moved. */
  onProgress: () => void;
  /** An append or a sync has failed: the writer has stopped. Never within `take`. */
  onFailure: (cause: Error) => void;
  /** What QUICK_SYNC_MS is; tests that play a slow storage say less. */
  quickSyncMs?: number;
}

/** The buffer grows to this size; what is larger goes out during the call. */
const BUFFER_BYTES = 1024 * 1024;
const FIRST_BUFFER_BYTES = 16 * 1024;
/** A sync that is expected to take no longer is made in place under *always*. */
const QUICK_SYNC_MS = 0.5;
/** A sync that takes longer holds back the next append under *everysec*. */
const LONGEST_SYNC_MS = 2000;

export class LogWriter {
  policy: SyncPolicy;
  accepted: number;
  durable: number;
  failure: Error | undefined;
  /** Appends that waited for a slow sync, since the start. */
  delayedSyncs = 0;
  readonly #options: LogWriterOptions;
  #segment: Segment;
  /** Earlier segments whose end is not synced yet. */
  readonly #retired: AppendFile[] = [];
  #buffer = new Uint8Array(FIRST_BUFFER_BYTES);
  #used = 0;
  /** Bytes of the present batch that are in the file already. */
  #written = 0;
  readonly #crc = new Crc64();
  /** The checksum that every batch of the segment begins with. */
  #saltSum: Crc64;
  /** Bytes of the buffer that are in the engine's checksum; NaN: not all of them are. */
  #summed = 0;
  #isTurnScheduled = false;
  #syncingSinceMs: number | undefined;
  /** How long a sync of the storage takes, of late. */
  #syncMs = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#segment = options.segment;
    this.policy = options.policy;
    this.accepted = options.position;
    this.durable = options.position;
    this.#saltSum = startChecksum(options.segment.salt);
    this.#startBatch();
    if (options.isNew) this.#finishBatch(0);
  }

  /** Bytes of the segment that is appended to. */
  get segmentBytes(): number {
    return this.#segment.file.bytes;
  }

  get segmentName(): string {
    return this.#segment.file.name;
  }

  get isSyncing(): boolean {
    return this.#syncingSinceMs !== undefined;
  }

  /** Bytes that wait for the end of the turn. */
  get bufferedBytes(): number {
    const { engine } = this.#options;
    return engine === undefined ? this.#used : engine.position() - this.accepted - this.#written;
  }

  /** The position at which replies leave. */
  get reached(): number {
    return this.policy === "always" ? this.durable : this.accepted;
  }

  /** Lets the engine begin with the checksum that a batch begins with. */
  #beginSum(): void {
    const { engine } = this.#options;
    this.#summed = 0;
    if (engine === undefined) return;
    engine.setWord(Exchange.EFFECTS_SUM, this.#crc.low);
    engine.setWord(Exchange.EFFECTS_SUM + 4, this.#crc.high);
    engine.setWord(Exchange.EFFECTS_SUMMED, 0);
    engine.setWord(Exchange.EFFECTS_GATHERING, 1);
  }

  /** Notes what the engine has added of the bytes that it hands over. */
  #noteSummed(bytes: number): void {
    const { engine } = this.#options;
    if (engine === undefined) return;
    const summed = engine.word(Exchange.EFFECTS_SUMMED);
    // A flush in the middle of a call is not added, and what follows is worthless.
    this.#summed += summed === bytes ? bytes : Number.NaN;
    if (summed !== 0) engine.setWord(Exchange.EFFECTS_SUMMED, 0);
  }

  /** Adds the first bytes of the buffer to the checksum, unless the engine has done it. */
  #addToSum(bytes: number): void {
    const { engine } = this.#options;
    if (engine !== undefined && bytes === this.#summed) this.#adoptSum(engine);
    else this.#crc.update(this.#buffer, 0, bytes);
  }

  #adoptSum(engine: Engine): void {
    this.#crc.low = engine.word(Exchange.EFFECTS_SUM) | 0;
    this.#crc.high = engine.word(Exchange.EFFECTS_SUM + 4) | 0;
  }

  /**
   * Effects, valid during the call; none: the engine has begun to gather some. `settled` is the
   * position that the last whole call reached.
   */
  take(source: Uint8Array, address: number, bytes: number, settled: number): void {
    if (this.failure !== undefined) return;
    this.#scheduleTurn();
    if (bytes === 0) return;
    this.#noteSummed(bytes);
    if (bytes > this.#buffer.length - this.#used && !this.#makeRoom(bytes, settled)) {
      this.#write(source.subarray(address, address + bytes));
      return;
    }
    copyBytes(source, address, this.#buffer, this.#used, bytes);
    this.#used += bytes;
  }

  /** Appends what was rendered; between calls of the engine. */
  flush(): void {
    if (this.failure !== undefined || this.#isInBlock) return;
    const before = this.accepted;
    this.#collect();
    if (this.#used + this.#written > 0) {
      this.#finishBatch(this.#used);
      this.#used = 0;
    }
    if (this.failure !== undefined || this.accepted === before) return;
    if (this.policy === "always" && this.#isSyncQuick) this.#syncInPlace();
    if (this.failure !== undefined) return;
    this.#options.onProgress();
    if (this.policy === "always") this.#startSync();
  }

  /** What the engine has gathered is a batch as it lies, unless others of it went before. */
  #collect(): void {
    const { engine } = this.#options;
    if (engine === undefined || engine.trap !== undefined) return;
    const bytes = engine.takeEffects();
    if (bytes === 0) return;
    if (this.#used + this.#written > 0) {
      this.take(engine.bytes, EFFECTS_WINDOW, bytes, engine.position());
      return;
    }
    engine.setWord(Exchange.EFFECTS_SUMMED, 0);
    this.#adoptSum(engine);
    const position = this.accepted + bytes;
    const from = EFFECTS_WINDOW + bytes;
    const end = writeMark(engine.bytes, from, this.#crc, position, this.durable);
    this.#commit(engine.bytes.subarray(EFFECTS_WINDOW, end), position);
  }

  /** A transaction waits for an answer: its block has not ended, and no batch ends within one. */
  get #isInBlock(): boolean {
    const { engine } = this.#options;
    return engine !== undefined && engine.word(Exchange.REQUEST_ALONE) === Alone.IN_BLOCK;
  }

  /** Called each second. */
  beat(): void {
    if (this.policy === "everysec") this.#startSync();
  }

  /**
   * Goes on in another segment, between calls; that is empty but for its header. The next effect
   * must begin with SELECT.
   */
  switchTo(segment: Segment): void {
    this.flush();
    if (this.failure !== undefined) return;
    this.#retired.push(this.#segment.file);
    this.#segment = segment;
    this.#saltSum = startChecksum(segment.salt);
    this.#startBatch();
    this.#finishBatch(0);
  }

  /** Goes on in a copy of the segment. Everything is durable, and nothing else runs. */
  async continueIn(file: AppendFile): Promise<void> {
    const before = this.#segment;
    this.#segment = { file, salt: before.salt };
    await before.file.close().catch(() => {});
  }

  /** Appends and syncs everything taken so far; resolves when it is durable, or has failed. */
  async settle(): Promise<void> {
    this.flush();
    while (this.failure === undefined && this.durable < this.accepted) {
      this.#startSync();
      await this.#running;
    }
    await this.#running;
  }

  /** Ends the segment: all of it durable, and a last mark that says so. */
  async close(): Promise<void> {
    await this.settle();
    if (this.failure === undefined && this.#written === 0) {
      // Two, because one confirms the other (see log-reader.ts).
      this.#finishBatch(0);
      this.#finishBatch(0);
      await this.#sync([...this.#retired.splice(0), this.#segment.file]);
    }
    await this.abandon();
  }

  /** After a trap: keeps what whole calls have rendered, forgets the rest, and writes no more. */
  async endAt(settled: number): Promise<void> {
    const whole = this.#isInBlock ? 0 : settled - this.accepted - this.#written;
    if (this.failure === undefined && whole > 0) {
      this.#copyGathered(whole - this.#used);
      this.#finishBatch(whole);
    }
    this.#used = 0;
    this.#written = 0;
    await this.settle();
    await this.abandon();
  }

  /** Adds what an engine that has stopped holds in its window. */
  #copyGathered(bytes: number): void {
    const { engine } = this.#options;
    if (engine === undefined || bytes <= 0) return;
    const whole = new Uint8Array(this.#used + bytes + LONGEST_MARK_BYTES);
    whole.set(this.#buffer.subarray(0, this.#used));
    copyBytes(engine.bytes, EFFECTS_WINDOW, whole, this.#used, bytes);
    this.#buffer = whole;
    this.#used += bytes;
    this.#summed = Number.NaN;
  }

  /** Closes the file as it is. */
  async abandon(): Promise<void> {
    this.failure ??= new Error("the log is closed");
    this.#options.engine?.setWord(Exchange.EFFECTS_GATHERING, 0);
    await this.#running;
    const files = [...this.#retired.splice(0), this.#segment.file];
    await Promise.all(files.map((file) => file.close().catch(() => {})));
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    this.#options.defer(() => {
      this.#isTurnScheduled = false;
      if (this.failure === undefined && !this.#mustWait()) this.flush();
    });
  }

  /** Whether the append has to wait for a sync that takes long. */
  #mustWait(): boolean {
    if (this.policy !== "everysec" || this.#syncingSinceMs === undefined) return false;
    if (this.#options.clock() - this.#syncingSinceMs <= LONGEST_SYNC_MS) return false;
    this.delayedSyncs++;
    return true;
  }

  /** Makes room in the buffer in the middle of a call; false: it never holds that much. */
  #makeRoom(bytes: number, settled: number): boolean {
    const wanted = this.#used + bytes;
    if (wanted > BUFFER_BYTES) this.#spill(settled);
    if (bytes > BUFFER_BYTES) return false;
    if (wanted > this.#buffer.length) {
      const larger = new Uint8Array(Math.min(BUFFER_BYTES, 2 * wanted));
      larger.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = larger;
    }
    return true;
  }

  /** Writes out all of the buffer in the middle of a call. */
  #spill(settled: number): void {
    const whole = settled - this.accepted - this.#written;
    if (whole > 0) {
      this.#finishBatch(whole);
      this.#buffer.copyWithin(0, whole, this.#used);
      this.#used -= whole;
    }
    if (this.#used > 0) this.#write(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }

  /** Appends the first `bytes` of the buffer and the mark that ends the batch there. */
  #finishBatch(bytes: number): void {
    const position = this.accepted + this.#written + bytes;
    this.#addToSum(bytes);
    this.#commit(this.#markedAt(bytes, position), position);
  }

  /** Appends the end of a batch, its mark included. */
  #commit(whole: Uint8Array, position: number): void {
    this.#startBatch();
    this.#append(whole);
    if (this.failure !== undefined) return;
    this.accepted = position;
    this.#written = 0;
  }

  /** The beginning of the buffer and the mark that ends the batch, in one piece. */
  #markedAt(bytes: number, position: number): Uint8Array {
    let target = this.#buffer;
    if (bytes < this.#used || this.#buffer.length - bytes < LONGEST_MARK_BYTES) {
      target = new Uint8Array(bytes + LONGEST_MARK_BYTES);
      target.set(this.#buffer.subarray(0, bytes));
    }
    return target.subarray(0, writeMark(target, bytes, this.#crc, position, this.durable));
  }

  /** A batch begins with the checksum of the salt. */
  #startBatch(): void {
    this.#crc.low = this.#saltSum.low;
    this.#crc.high = this.#saltSum.high;
    this.#beginSum();
  }

  /** Appends a part of a batch that goes on. */
  #write(bytes: Uint8Array): void {
    this.#crc.update(bytes);
    // The rest of this batch is added up here.
    this.#summed = Number.NaN;
    this.#append(bytes);
    this.#written += bytes.length;
  }

  #append(bytes: Uint8Array): void {
    if (this.failure !== undefined) return;
    try {
      this.#segment.file.append(bytes);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #startSync(): void {
    if (this.failure !== undefined || this.isSyncing || this.durable === this.accepted) return;
    const beganMs = this.#options.clock();
    this.#syncingSinceMs = beganMs;
    const target = this.accepted;
    const files = [...this.#retired, this.#segment.file];
    this.#running = this.#sync(files).then(() => {
      this.#syncingSinceMs = undefined;
      if (this.failure !== undefined) return;
      this.#noteSync(beganMs, target, files.length - 1);
      this.#options.onProgress();
      if (!this.#isTurnScheduled) this.flush();
      if (this.policy === "always") this.#startSync();
    });
  }

  get #isSyncQuick(): boolean {
    return !this.isSyncing && this.#syncMs <= (this.#options.quickSyncMs ?? QUICK_SYNC_MS);
  }

  #syncInPlace(): void {
    const beganMs = this.#options.clock();
    try {
      for (const file of this.#retired) file.syncNow();
      this.#segment.file.syncNow();
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#noteSync(beganMs, this.accepted, this.#retired.length);
  }

  /** The log is durable up to `target`, where the first `retired` earlier files have ended. */
  #noteSync(beganMs: number, target: number, retired: number): void {
    this.durable = target;
    // A single slow one changes little, several do.
    this.#syncMs += (this.#options.clock() - beganMs - this.#syncMs) / 4;
    for (const file of this.#retired.splice(0, retired)) file.close().catch(() => {});
  }

  /** Syncs files in the order of their places in the stream. */
  async #sync(files: readonly AppendFile[]): Promise<void> {
    try {
      for (const file of files) await file.sync();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** May happen in the middle of an engine call: others learn it later. */
  #fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    const failure = cause instanceof Error ? cause : new Error(String(cause));
    this.failure = failure;
    this.#options.defer(() => this.#options.onFailure(failure));
  }
}

/** Writes what INFO shows of a writer into the exchange record. */
export function publishWriter(engine: Engine, writer: LogWriter | undefined): void {
  engine.setFact(Exchange.LOG_BUFFER_BYTES, writer?.bufferedBytes ?? 0);
  engine.setFact(Exchange.LOG_PENDING_SYNCS, writer?.isSyncing ? 1 : 0);
  engine.setFact(Exchange.LOG_DELAYED_SYNCS, writer?.delayedSyncs ?? 0);
}

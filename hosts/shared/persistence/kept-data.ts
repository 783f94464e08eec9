/**
 * The data of one host that outlives it: a locked place, images and log in it, when images are made
 * and the log is rewritten. The runtime supplies the place and what it has for it.
 */
import { Exchange } from "../../../assembly/abi.js";
import { codeOf, explain, reasonOf } from "../reason.js";
import type { Answer, Sessions } from "../sessions.js";
import { dropArrival, endArrival, prepareArrival } from "./arrival.js";
import { type EngineFile, ImageStore, removeRubbish } from "./image-store.js";
import { LogGate } from "./log-gate.js";
import type { SyncPolicy } from "./log-writer.js";
import { type Engines, type ForeignData, Persistence } from "./persistence.js";
import { Rewrites } from "./rewrites.js";
import { type BegunImage, parseSavePoints, Saves } from "./saves.js";
import type { Storage, StorageLock } from "./storage.js";

/** The parameters that say how data is kept. */
export interface KeptSettings {
  appendonly: boolean;
  appendfsync: SyncPolicy;
  /** aof-load-truncated */
  cutsTornEnd: boolean;
  imageCompression: boolean;
  save: string;
  rewritePercentage: number;
  rewriteBytes: number;
}

/** What a runtime has for keeping data. */
export interface KeepingTools {
  /** Who holds the place, for others that want it. */
  holder: string;
  engineFile: EngineFile;
  /** Runs a function in the next turn of the loop. */
  defer: (run: () => void) => void;
  /** Raw inflate and deflate, off the loop. */
  inflate: (bytes: Uint8Array, capacityBytes: number) => Promise<Uint8Array>;
  deflate?: (bytes: Uint8Array) => Promise<Uint8Array>;
  allocate?: (bytes: number) => Uint8Array;
}

/** Where the data is kept, and with what. */
export interface Medium extends KeepingTools {
  storage: Storage;
  /** What a place without data begins with. */
  foreign?: (sessions: Sessions) => Promise<ForeignData>;
}

export interface KeptDataOptions {
  tools: KeepingTools;
  sessions: () => Sessions;
  engines: Engines;
  now: () => number;
  notice: (text: string) => void;
  warning: (text: string) => void;
  /** The engine shows why writes are refused; empty: they are not. */
  tellFailure: (reason: string) => void;
}

/** A WAITAOF that is not answered yet. */
interface Wait {
  readonly position: number;
  readonly resolve: () => void;
}

export class KeptData {
  readonly gate = new LogGate();
  readonly saves: Saves;
  readonly rewrites: Rewrites;
  readonly #options: KeptDataOptions;
  readonly #images: ImageStore;
  readonly #waits: Wait[] = [];
  #persistence: Persistence | undefined;
  #lock: StorageLock | undefined;

  constructor(options: KeptDataOptions) {
    const { sessions, now, notice, warning, tools } = options;
    this.#options = options;
    const hold = (held: boolean) => {
      if (held) return sessions().freeze();
      sessions().unfreeze();
      sessions().thaw();
    };
    const { engineFile, defer, allocate, deflate } = tools;
    this.#images = new ImageStore({
      engineFile,
      now,
      clock: () => performance.now(),
      defer,
      inputBytes: () => sessions().inputBytes,
      hold,
      ...(allocate && { allocate }),
      ...(deflate && { deflate }),
    });
    this.saves = new Saves({
      now,
      notice,
      warning,
      engine: () => sessions().engine,
      canSave: () => this.#persistence !== undefined,
      busy: () => this.#persistence?.busy,
      begin: () => this.#begin(),
      hold,
    });
    const persistence = () => this.#persistence;
    this.rewrites = new Rewrites({ now, notice, warning, persistence, saves: this.saves });
  }

  /** Effects of the engine, as they come. */
  readonly take = (source: Uint8Array, address: number, bytes: number): void => {
    this.#persistence?.take(source, address, bytes);
  };

  /** Whether there is something to load again after a trap. */
  get canRecover(): boolean {
    return this.#persistence !== undefined;
  }

  /** Whether effects are read. */
  get hasLog(): boolean {
    return this.#persistence?.writer !== undefined;
  }

  /** Whether output waits for a sync. */
  get waitsForSyncs(): boolean {
    return this.#persistence?.writer?.policy === "always";
  }

  /** Locks the place and loads what is in it, or what one without data begins with. */
  async open(
    settings: KeptSettings,
    storage: Storage,
    foreign?: (sessions: Sessions) => Promise<ForeignData>,
  ): Promise<void> {
    try {
      await this.#open(settings, storage, foreign);
    } catch (cause) {
      throw codeOf(cause) === undefined ? cause : new Error(explain(cause), { cause });
    }
  }

  async #open(
    settings: KeptSettings,
    storage: Storage,
    foreign?: (sessions: Sessions) => Promise<ForeignData>,
  ): Promise<void> {
    const { tools, sessions, engines, now, notice, warning, tellFailure } = this.#options;
    const { inflate, defer } = tools;
    this.#lock = await lockPlace(storage, tools.holder);
    await removeRubbish(storage);
    this.#persistence = new Persistence(storage, logSettingsOf(settings), {
      sessions: sessions(),
      gate: this.gate,
      images: this.#images,
      engines,
      inflate,
      now,
      clock: () => performance.now(),
      defer,
      notice,
      warning,
      tellFailure,
      onProgress: () => this.#answerWaits(),
    });
    this.use(settings);
    await this.#load(await foreign?.(sessions()));
  }

  async #load(foreign?: ForeignData): Promise<void> {
    await this.#persistence?.start(foreign);
    this.saves.noteLoaded();
    this.rewrites.noteLoaded();
  }

  /** Settings that apply without more ado. */
  use(settings: KeptSettings): void {
    this.#images.compresses = settings.imageCompression;
    this.saves.points = parseSavePoints(settings.save);
    const { rewritePercentage: percentage, rewriteBytes: smallestBytes } = settings;
    this.rewrites.settings = { percentage, smallestBytes };
  }

  /** Applies what may fail; throws with the reason. */
  async apply(settings: KeptSettings): Promise<void> {
    await this.#persistence?.apply(logSettingsOf(settings));
    this.use(settings);
  }

  /** Where the data is; undefined: it is kept nowhere. */
  get place(): string | undefined {
    return this.#persistence?.storage.place;
  }

  /** The data goes on in another place that holds none; throws when everything is as it was. */
  async moveTo(storage: Storage): Promise<void> {
    const persistence = this.#persistence;
    if (persistence === undefined) throw new Error("nothing is kept");
    const lock = await lockPlace(storage, this.#options.tools.holder);
    try {
      await moveInto(persistence, storage);
    } catch (cause) {
      await lock.release();
      throw cause;
    }
    await this.#lock?.release();
    this.#lock = lock;
  }

  /** The last image before the host stops, when it is wanted; an error line when there is none. */
  async beforeStop(options: readonly string[]): Promise<string | undefined> {
    await this.#persistence?.abortMove("the server stops");
    return this.saves.beforeStop(options);
  }

  /** DEBUG LOADAOF; there are so many databases. */
  async reload(databases: number): Promise<void> {
    if (this.#persistence === undefined) throw new Error("nothing is kept");
    await this.#persistence.reload(databases);
  }

  beat(nowMs: number): void {
    if (this.#persistence === undefined) return;
    this.#persistence.beat(nowMs);
    this.saves.beat(nowMs);
    this.rewrites.beat(nowMs);
  }

  /**
   * WAITAOF: answers when everything so far is durable, or after so many milliseconds (0: never).
   * Below 0 replicas are asked for, of which there are none: -1 - n waits for n milliseconds.
   */
  async wait(position: number, number: number): Promise<Answer> {
    const timeoutMs = number < 0 ? -1 - number : number;
    await new Promise<void>((resolve) => {
      if (number >= 0) this.#waits.push({ position, resolve });
      if (timeoutMs > 0) setTimeout(resolve, timeoutMs);
      this.#answerWaits();
    });
    return { ok: true, text: this.#durable >= position ? "1" : "0" };
  }

  get #durable(): number {
    return this.#persistence?.writer?.durable ?? -1;
  }

  #answerWaits(): void {
    const durable = this.#durable;
    for (let at = this.#waits.length - 1; at >= 0; at--) {
      const { position, resolve } = this.#waits[at] as Wait;
      if (position > durable) continue;
      this.#waits.splice(at, 1);
      resolve();
    }
    this.#options.sessions().engine.setFact(Exchange.LOG_DURABLE, durable);
  }

  /** Hands what calls have rendered to the system, before the turn ends. */
  flush(): void {
    this.#persistence?.writer?.flush();
  }

  /** Everything so far is in the log, and what was held has been sent. */
  async settle(): Promise<void> {
    await this.#persistence?.settle();
  }

  /** Ends the log durably and lets others have the place. */
  async close(): Promise<void> {
    await this.#persistence?.close();
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** After a trap: loads everything again from image and log. */
  async recover(position: number): Promise<void> {
    await this.#persistence?.closeAfterTrap(position);
    this.#options.sessions().engine.setWord(Exchange.LOADING, 1);
    this.#options.engines.useFresh();
    await this.#load();
  }

  #begin(): BegunImage {
    if (this.#persistence === undefined) throw new Error("nothing is kept");
    return this.#persistence.beginImage();
  }
}

/** What a move that failed has left is removed: there was none of it before. */
async function moveInto(persistence: Persistence, storage: Storage): Promise<void> {
  await prepareArrival(storage, persistence.engine.history());
  try {
    await persistence.moveTo(storage);
  } catch (cause) {
    await dropArrival(storage).catch(() => {});
    throw cause;
  }
  await endArrival(storage);
}

async function lockPlace(storage: Storage, holder: string): Promise<StorageLock> {
  try {
    return await storage.lock(holder);
  } catch (cause) {
    if ((cause as { code?: string }).code === undefined) throw cause;
    const help = "give another one (--dir), or see to its rights";
    throw new Error(`Can't use the data directory '${storage.place}': ${reasonOf(cause)}; ${help}`);
  }
}

function logSettingsOf({ appendonly, appendfsync, cutsTornEnd }: KeptSettings) {
  return { appendonly, policy: appendfsync, cutsTornEnd };
}

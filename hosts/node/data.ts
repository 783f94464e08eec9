/**
 * What a server keeps on disk: its data directory, locked; images and log in it; when images are
 * made and the log is rewritten. With `--memory` there is no directory, and nothing is kept.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { setImmediate as defer } from "node:timers";
import { Exchange } from "../../assembly/abi.js";
import { type EngineFile, ImageStore, removeRubbish } from "../shared/persistence/image-store.js";
import { LogGate } from "../shared/persistence/log-gate.js";
import type { SyncPolicy } from "../shared/persistence/log-writer.js";
import { isDataFile } from "../shared/persistence/move.js";
import {
  type Engines,
  type ForeignData,
  type LogSettings,
  Persistence,
} from "../shared/persistence/persistence.js";
import { Rewrites } from "../shared/persistence/rewrites.js";
import { type BegunImage, parseSavePoints, Saves } from "../shared/persistence/saves.js";
import type { Storage, StorageLock } from "../shared/persistence/storage.js";
import type { Answer, Sessions } from "../shared/sessions.js";
import { deflate, inflate } from "./compression.js";
import { reasonOf } from "./directives.js";
import type { Log } from "./log.js";
import { RefusedSetting, type Settings } from "./settings.js";
import { NodeStorage } from "./storage.js";

const NO_ENGINE = { hash: "0".repeat(32), bytes: async () => new Uint8Array(0) };

/** A WAITAOF that is not answered yet. */
interface Wait {
  readonly position: number;
  readonly resolve: () => void;
}

export interface NodeDataOptions {
  /** Undefined: nothing is kept. */
  engineFile: EngineFile | undefined;
  sessions: () => Sessions;
  engines: Engines;
  log: Log;
  /** The engine shows why writes are refused; empty: they are not. */
  tellFailure: (reason: string) => void;
}

export class NodeData {
  readonly gate = new LogGate();
  readonly saves: Saves;
  readonly rewrites: Rewrites;
  readonly #options: NodeDataOptions;
  readonly #images: ImageStore;
  readonly #waits: Wait[] = [];
  #persistence: Persistence | undefined;
  #lock: StorageLock | undefined;
  #place = "";

  constructor(options: NodeDataOptions) {
    const { sessions, log } = options;
    this.#options = options;
    const hold = (held: boolean) => {
      if (held) return sessions().freeze();
      sessions().unfreeze();
      sessions().thaw();
    };
    const tell = {
      now: Date.now,
      notice: (text: string) => log.notice(text),
      warning: (text: string) => log.warning(text),
    };
    this.#images = new ImageStore({
      engineFile: options.engineFile ?? NO_ENGINE,
      now: Date.now,
      clock: () => performance.now(),
      defer,
      inputBytes: () => sessions().inputBytes,
      hold,
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      deflate,
    });
    this.saves = new Saves({
      ...tell,
      engine: () => sessions().engine,
      canSave: () => this.#persistence !== undefined,
      begin: () => this.#begin(),
      hold,
    });
    this.rewrites = new Rewrites({
      ...tell,
      persistence: () => this.#persistence,
      saves: this.saves,
    });
  }

  /** Effects of the engine, as they come. */
  readonly take = (source: Uint8Array, address: number, bytes: number): void => {
    this.#persistence?.take(source, address, bytes);
  };

  /** Whether there is a directory. */
  get isKept(): boolean {
    return this.#options.engineFile !== undefined;
  }

  /** Whether there is something to load again after a trap. */
  get canRecover(): boolean {
    return this.#persistence !== undefined;
  }

  /** Whether effects are read. */
  get hasLog(): boolean {
    return this.#persistence?.writer !== undefined;
  }

  /** Locks the directory and loads what is in it, or what it is to begin with. */
  async open(
    settings: Settings,
    foreign?: (storage: Storage) => Promise<ForeignData>,
  ): Promise<void> {
    if (!this.isKept) {
      this.#options.log.notice("Nothing is kept: the data is gone when this server stops");
      return;
    }
    const storage = new NodeStorage(settings.dir);
    this.#options.log.notice(`The data directory is ${storage.place}`);
    this.#lock = await lockPlace(storage);
    this.#place = storage.place;
    await removeRubbish(storage);
    this.#persistence = new Persistence(storage, logSettingsOf(settings), {
      sessions: this.#options.sessions(),
      gate: this.gate,
      images: this.#images,
      engines: this.#options.engines,
      inflate,
      now: Date.now,
      clock: () => performance.now(),
      defer,
      notice: (text) => this.#options.log.notice(text),
      warning: (text) => this.#options.log.warning(text),
      tellFailure: this.#options.tellFailure,
      onProgress: () => this.#answerWaits(),
    });
    await this.#load(await foreign?.(storage));
  }

  async #load(foreign?: ForeignData): Promise<void> {
    await this.#persistence?.start(foreign);
    this.saves.noteLoaded();
    this.rewrites.noteLoaded();
  }

  use(settings: Settings): void {
    this.#images.compresses = settings.imageCompression;
    this.saves.points = parseSavePoints(settings.save);
    const { rewritePercentage: percentage, rewriteBytes: smallestBytes } = settings;
    this.rewrites.settings = { percentage, smallestBytes };
  }

  /** Applies what may fail; throws with the reason. */
  async apply(settings: Settings): Promise<void> {
    if (this.#persistence === undefined) {
      if (settings.appendonly) throw new Error("this server keeps nothing (--memory)");
    } else {
      await this.#persistence.apply(logSettingsOf(settings));
    }
  }

  /**
   * The data goes on in another directory, which must be there and hold none; throws a
   * RefusedSetting when it cannot, and everything is as it was.
   */
  async move(directory: string): Promise<void> {
    await refuseMissing(directory);
    const persistence = this.#persistence;
    const place = resolve(directory);
    if (persistence === undefined || place === persistence.storage.place) return;
    const { log } = this.#options;
    const storage = new NodeStorage(place);
    try {
      const lock = await lockPlace(storage);
      try {
        await refuseData(storage);
        await moveOrClean(persistence, storage);
      } catch (cause) {
        await lock.release();
        throw cause;
      }
      log.notice(`The data directory is now ${place}, not ${this.#place}`);
      await this.#lock?.release();
      this.#lock = lock;
      this.#place = place;
    } catch (cause) {
      throw new RefusedSetting("dir", (cause as Error).message);
    }
  }

  /** DEBUG LOADAOF. */
  async reload(databases: number): Promise<void> {
    if (this.#persistence === undefined) throw new Error("this server keeps nothing (--memory)");
    await this.#persistence.reload(databases);
  }

  beat(nowMs: number): void {
    this.#persistence?.beat(nowMs);
    if (this.isKept) this.saves.beat(nowMs);
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

  /** Everything so far is in the log, and what was held has been sent. */
  async settle(): Promise<void> {
    await this.#persistence?.settle();
  }

  /** Ends the log durably and lets others have the directory. */
  async close(): Promise<void> {
    await this.#persistence?.close();
    await this.#lock?.release();
  }

  /** After a trap: loads everything again from image and log. */
  async recover(position: number): Promise<void> {
    const persistence = this.#persistence;
    await persistence?.closeAfterTrap(position);
    this.#options.sessions().engine.setWord(Exchange.LOADING, 1);
    this.#options.engines.useFresh();
    await this.#load();
  }

  #begin(): BegunImage {
    if (this.#persistence === undefined) throw new Error("this server keeps nothing (--memory)");
    return this.#persistence.beginImage();
  }
}

async function refuseMissing(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK);
  } catch (cause) {
    const text = reasonOf(cause);
    throw new RefusedSetting("dir", `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`);
  }
  if (!(await stat(directory)).isDirectory()) throw new RefusedSetting("dir", "Not a directory");
}

async function refuseData(storage: Storage): Promise<void> {
  const found = (await storage.list()).find(isDataFile);
  if (found !== undefined) throw new Error(`${storage.place} holds data already: ${found}`);
}

/** What a move that failed has left is removed: there was none of it before. */
async function moveOrClean(persistence: Persistence, storage: Storage): Promise<void> {
  try {
    await persistence.moveTo(storage);
  } catch (cause) {
    for (const name of await storage.list()) {
      if (isDataFile(name)) await storage.remove(name).catch(() => {});
    }
    await removeRubbish(storage);
    throw cause;
  }
}

async function lockPlace(storage: Storage): Promise<StorageLock> {
  try {
    return await storage.lock(`Quire, process ${process.pid}`);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === undefined) throw cause;
    const help = "give another one with --dir, or see to its rights";
    throw new Error(`Can't use the data directory '${storage.place}': ${reasonOf(cause)}; ${help}`);
  }
}

function logSettingsOf(settings: Settings): LogSettings {
  return {
    appendonly: settings.appendonly,
    policy: settings.appendfsync as SyncPolicy,
    cutsTornEnd: settings.cutsTornEnd,
  };
}

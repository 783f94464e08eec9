/**
 * What a server keeps on disk: its data directory, which CONFIG SET may move. With `--memory` there
 * is none, and nothing is kept.
 */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { setImmediate as defer } from "node:timers";
import type { EngineFile } from "../shared/persistence/image-store.js";
import { KeptData, type KeptSettings } from "../shared/persistence/kept-data.js";
import type { SyncPolicy } from "../shared/persistence/log-writer.js";
import type { Engines, ForeignData } from "../shared/persistence/persistence.js";
import type { Storage } from "../shared/persistence/storage.js";
import type { Sessions } from "../shared/sessions.js";
import { deflate, inflate } from "./compression.js";
import { reasonOf } from "./directives.js";
import type { Log } from "./log.js";
import { RefusedSetting, type Settings } from "./settings.js";
import { NodeStorage } from "./storage.js";

const NO_ENGINE = { hash: "0".repeat(32), bytes: async () => new Uint8Array(0) };

export interface NodeDataOptions {
  /** Undefined: nothing is kept. */
  engineFile: EngineFile | undefined;
  sessions: () => Sessions;
  engines: Engines;
  log: Log;
  /** The engine shows why writes are refused; empty: they are not. */
  tellFailure: (reason: string) => void;
}

export class NodeData extends KeptData {
  /** Whether there is a directory. */
  readonly isKept: boolean;
  readonly #log: Log;

  constructor({ engineFile, sessions, engines, log, tellFailure }: NodeDataOptions) {
    super({
      tools: {
        holder: `Quire, process ${process.pid}`,
        engineFile: engineFile ?? NO_ENGINE,
        defer,
        inflate,
        deflate,
        allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      },
      sessions,
      engines,
      now: Date.now,
      notice: (text) => log.notice(text),
      warning: (text) => log.warning(text),
      tellFailure,
    });
    this.isKept = engineFile !== undefined;
    this.#log = log;
  }

  /** Locks the directory and loads what is in it, or what it is to begin with. */
  async openDirectory(
    settings: Settings,
    foreign: (storage: Storage) => Promise<ForeignData>,
  ): Promise<void> {
    if (!this.isKept) {
      this.#log.notice("Nothing is kept: the data is gone when this server stops");
      return;
    }
    const storage = new NodeStorage(settings.dir);
    this.#log.notice(`The data directory is ${storage.place}`);
    await this.open(keptSettings(settings), storage, () => foreign(storage));
  }

  useSettings(settings: Settings): void {
    this.use(keptSettings(settings));
  }

  /** Applies what may fail; throws with the reason. */
  async applySettings(settings: Settings): Promise<void> {
    if (!this.isKept && settings.appendonly) {
      throw new Error("this server keeps nothing (--memory)");
    }
    await this.apply(keptSettings(settings));
  }

  /**
   * The data goes on in another directory, which must be there and hold none; throws a
   * RefusedSetting when it cannot, and everything is as it was.
   */
  async move(directory: string): Promise<void> {
    await refuseMissing(directory);
    const before = this.place;
    const place = resolve(directory);
    if (before === undefined || place === before) return;
    try {
      await this.moveTo(new NodeStorage(place));
    } catch (cause) {
      throw new RefusedSetting("dir", (cause as Error).message);
    }
    this.#log.notice(`The data directory is now ${place}, not ${before}`);
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

function keptSettings(settings: Settings): KeptSettings {
  return { ...settings, appendfsync: settings.appendfsync as SyncPolicy };
}

/**
 * What a server keeps on disk: its data directory, which CONFIG SET may move. With `--memory` there
 * is none, and nothing is kept.
 */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { setImmediate as defer } from "node:timers";
import type { EngineFile } from "../shared/persistence/image-store.js";
import { KeptData, type KeptSettings } from "../shared/persistence/kept-data.js";
import type { SyncPolicy } from "../shared/persistence/log-writer.js";
import type { Engines, ForeignData } from "../shared/persistence/persistence.js";
import type { Storage } from "../shared/persistence/storage.js";
import { systemTextOf } from "../shared/reason.js";
import type { Sessions } from "../shared/sessions.js";
import { deflate, inflate } from "./compression.js";
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
   * The data goes on in another directory, which must be there and hold no other; throws a
   * RefusedSetting when it cannot, and everything is as it was. Answers the directory's full path.
   */
  async move(directory: string): Promise<string> {
    const place = await findDirectory(directory);
    const before = this.place;
    if (before === undefined) return place;
    try {
      if (place === (await realpath(before))) return place;
      await this.moveTo(new NodeStorage(place));
    } catch (cause) {
      throw new RefusedSetting("dir", systemTextOf(cause));
    }
    this.#log.notice(`The data directory is now ${place}, not ${before}`);
    return place;
  }
}

/** The full path of a directory that files can be made in; throws a RefusedSetting. */
export async function findDirectory(directory: string): Promise<string> {
  try {
    const found = await stat(directory);
    if (!found.isDirectory()) throw new RefusedSetting("dir", "Not a directory");
    await access(directory, constants.W_OK | constants.X_OK);
    return await realpath(directory);
  } catch (cause) {
    if (cause instanceof RefusedSetting) throw cause;
    throw new RefusedSetting("dir", systemTextOf(cause));
  }
}

function keptSettings(settings: Settings): KeptSettings {
  return { ...settings, appendfsync: settings.appendfsync as SyncPolicy };
}

/** The package's main entry on Node: a store inside the program. */
import { setImmediate as defer } from "node:timers";
import { runInternally } from "../shared/internal.js";
import type { Medium } from "../shared/persistence/kept-data.js";
import { openStore as openStoreWith, type Store, type StoreOptions } from "../shared/store.js";
import { deflate, inflate } from "./compression.js";
import { readParameters } from "./configuration.js";
import { foreignData, type Tell } from "./foreign-data.js";
import { loadModule, loadModules } from "./module.js";
import { NodeStorage } from "./storage.js";

export { ReplyError } from "../shared/protocol/resp.js";
export type { Argument, Reply, Store, StoreOptions } from "../shared/store.js";
export { EngineTrap } from "../shared/trap.js";

export interface NodeStoreOptions extends Partial<StoreOptions> {
  /** The directory that keeps the data; nothing is kept when left out. */
  dir?: string;
}

/** Opens a store inside this program; the engine that comes with the package is used. */
export async function openStore(options: NodeStoreOptions = {}): Promise<Store> {
  const { dir, ...rest } = options;
  if (dir === undefined)
    return openStoreWith({ ...rest, module: rest.module ?? (await loadModule()) });
  const { plain, guarded, file } = await loadModules();
  const medium: Medium = {
    storage: new NodeStorage(dir),
    holder: `a program that embeds Quire, process ${process.pid}`,
    engineFile: file,
    defer,
    inflate,
    deflate,
    allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
    foreign: (sessions) =>
      foreignData(new NodeStorage(dir), undefined, {
        sessions,
        skipUnknown: false,
        log: tellBy(rest.onLog),
        currentValue: (name) =>
          runInternally(sessions, (run) => readParameters([name], run)[0]?.[1]) ?? "",
      }),
  };
  const configuration = { dir, ...rest.configuration };
  return openStoreWith({ ...rest, module: plain, guardedModule: guarded, medium, configuration });
}

function tellBy(onLog: StoreOptions["onLog"]): Tell {
  return { notice: (text) => onLog?.(2, text), warning: (text) => onLog?.(3, text) };
}

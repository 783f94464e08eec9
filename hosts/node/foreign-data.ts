/** What a data directory begins with: a file that is imported, or what redis-server has left. */
import { resolve } from "node:path";
import { Exchange } from "../../assembly/abi.js";
import { MANIFEST_NAME } from "../shared/persistence/manifest.js";
import type { ForeignData } from "../shared/persistence/persistence.js";
import type { Storage } from "../shared/persistence/storage.js";
import type { Sessions } from "../shared/sessions.js";
import { saveRdb } from "./rdb-file.js";
import { findRedisData, importPath, type Tell } from "./redis-data.js";
import type { Transfer } from "./transfer.js";

export type { Tell };

export interface ForeignDataOptions {
  sessions: Sessions;
  skipUnknown: boolean;
  log: Tell;
  currentValue: (name: string) => string;
}

/** Throws when the directory does not fit what is to be done with it. */
export async function foreignData(
  storage: Storage,
  transfer: Transfer | undefined,
  options: ForeignDataOptions,
): Promise<ForeignData> {
  const { log } = options;
  if (transfer === undefined) return { replaces: false, load: () => loadFound(storage, options) };
  const { importFrom, exportTo, force } = transfer;
  const hasData = (await storage.list()).includes(MANIFEST_NAME);
  if (importFrom === undefined) {
    if (!hasData) throw new Error(`${storage.place} holds no data that ${exportTo} could get`);
    return { replaces: false, load: async () => false };
  }
  if (hasData && !force) {
    throw new Error(`${storage.place} holds data already; --force replaces it by ${importFrom}`);
  }
  const load = async () => {
    await loadFile(importFrom, options);
    log.notice(`${storage.place} now holds the data of ${importFrom}`);
    return true;
  };
  return { replaces: force, load };
}

/** Imports the files of redis-server that lie in the directory. */
async function loadFound(storage: Storage, options: ForeignDataOptions): Promise<boolean> {
  const { currentValue, log } = options;
  const found = findRedisData(storage.place, {
    dbfilename: currentValue("dbfilename"),
    appendfilename: currentValue("appendfilename"),
    appenddirname: currentValue("appenddirname"),
    appendonly: currentValue("appendonly") === "yes",
  });
  if (found === undefined) return false;
  log.notice(`There is no data of Quire yet: ${found.path} is imported and stays as it is`);
  for (const other of found.others) log.warning(`${other} is there too and is not used`);
  try {
    await loadFile(found.path, options);
  } catch (cause) {
    if (options.sessions.engine.trap !== undefined) throw cause;
    throw new Error(`${(cause as Error).message}; to start without it, move it away`);
  }
  return true;
}

async function loadFile(file: string, options: ForeignDataOptions): Promise<void> {
  const { sessions, skipUnknown, log } = options;
  const { engine } = sessions;
  const tell = (bytes: number, total: number) => {
    engine.setFact(Exchange.LOADING_TOTAL, total);
    engine.setFact(Exchange.LOADING_DONE, bytes);
  };
  engine.setFact(Exchange.LOADING_START_MS, Date.now());
  tell(0, 0);
  await importPath(resolve(file), { sessions, skipUnknown, log, onProgress: tell });
}

/** Writes what is loaded to a file. */
export async function exportTo(transfer: Transfer, sessions: Sessions, log: Tell): Promise<void> {
  const path = resolve(transfer.exportTo ?? "");
  const { keys, bytes, version } = await saveRdb(sessions, path);
  log.notice(`Exported: ${keys} keys, ${bytes} bytes, RDB version ${version}, to ${path}`);
}

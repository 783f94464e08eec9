/** The files of redis-server in a directory: which of them are its data. */
import { existsSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { importFile } from "../shared/rdb/import.js";
import type { Sessions } from "../shared/sessions.js";
import { PathSource } from "./files.js";
import type { Log } from "./log.js";

export interface RedisNames {
  dbfilename: string;
  appendfilename: string;
  appenddirname: string;
  appendonly: boolean;
}

export interface RedisData {
  /** What is to be imported. */
  path: string;
  /** What is there too and may be older. */
  others: string[];
}

/** With `appendonly yes` the append-only files count before the RDB file, as in redis-server. */
export function findRedisData(directory: string, names: RedisNames): RedisData | undefined {
  const { dbfilename, appendfilename, appenddirname, appendonly } = names;
  const manifest = join(directory, appenddirname, `${appendfilename}.manifest`);
  const single = join(directory, appendfilename);
  const logs = [manifest, single];
  const rdb = join(directory, dbfilename);
  const candidates = appendonly ? [...logs, rdb] : [rdb, ...logs];
  const isThere = (path: string) => existsSync(path) && !(path === single && isEmpty(path));
  const [path, ...others] = candidates.filter(isThere);
  return path === undefined ? undefined : { path, others };
}

/** As an older redis-server leaves it that has written nothing. */
function isEmpty(path: string): boolean {
  return statSync(path).size === 0;
}

/** Where lines for the user go. */
export type Tell = Pick<Log, "notice" | "warning">;

export interface ImportPathOptions {
  sessions: Sessions;
  skipUnknown: boolean;
  log: Tell;
  onProgress?: (bytes: number, total: number) => void;
}

/** Imports a file; the files that it names are beside it. */
export function importPath(path: string, options: ImportPathOptions): Promise<void> {
  const { sessions, skipUnknown, log, onProgress } = options;
  return importFile(basename(path), {
    sessions,
    skipUnknown,
    open: (name) => new PathSource(join(dirname(path), name)),
    now: Date.now,
    clock: () => performance.now(),
    turn: () => turn(),
    notice: (text) => log.notice(text),
    warning: (text) => log.warning(text),
    ...(onProgress && { onProgress }),
  });
}

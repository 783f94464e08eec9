/** Answers MIGRATE and DEBUG RELOAD, which need files and sockets. */
import { join } from "node:path";
import { ReloadFlag, Request } from "../../assembly/abi.js";
import type { EngineRequest } from "../shared/engine.js";
import { Pipeline, parameterOf } from "../shared/rdb/pipeline.js";
import { reload } from "../shared/rdb/reload.js";
import type { Answer, Sessions } from "../shared/sessions.js";
import { PathSource } from "./files.js";
import type { Log } from "./log.js";
import { migrate } from "./migrate.js";

const LOADAOF_FAILED = "ERR Error trying to load the AOF files, check server logs.";
const RELOAD_FAILED = "ERR Error trying to load the RDB dump, check server logs.";

export interface RdbRequestOptions {
  log: Log;
  /** Switches the stream of effects, where somebody reads it. */
  setEffects: (on: boolean) => void;
  /** Loads image and log again; there are so many databases. */
  loadLog: (databases: number) => Promise<void>;
}

/** Answers a request of RDB's; undefined: it is none. */
export function answerRdbRequest(
  request: EngineRequest,
  sessions: Sessions,
  options: RdbRequestOptions,
): Answer | Promise<Answer> | undefined {
  if (request.kind === Request.MIGRATE) {
    const words = sessions.engine.requestArguments();
    return migrate(sessions, words, request.number, Date.now());
  }
  if (request.kind !== Request.RELOAD) return undefined;
  if ((request.number & ReloadFlag.LOG) !== 0) return loadLog(sessions, options);
  return answerReload(request.number, sessions, options);
}

async function loadLog(sessions: Sessions, options: RdbRequestOptions): Promise<Answer> {
  const pipeline = new Pipeline(sessions);
  const databases = Number(parameterOf(pipeline, "databases"));
  pipeline.close();
  try {
    await options.loadLog(databases);
    options.log.warning("Append Only File loaded by DEBUG LOADAOF");
    return { ok: true };
  } catch (cause) {
    options.log.warning(`DEBUG LOADAOF failed: ${(cause as Error).message}`);
    return { ok: false, text: LOADAOF_FAILED };
  }
}

function answerReload(flags: number, sessions: Sessions, options: RdbRequestOptions): Answer {
  let saved: PathSource | undefined;
  try {
    if ((flags & ReloadFlag.NOSAVE) !== 0) saved = new PathSource(configuredRdb(sessions));
    reload(sessions, { flags, nowMs: Date.now(), saved, setEffects: options.setEffects });
    options.log.warning("DB reloaded by DEBUG RELOAD");
    return { ok: true };
  } catch (cause) {
    if (sessions.engine.trap !== undefined) throw cause;
    options.log.warning(`DEBUG RELOAD failed: ${(cause as Error).message}`);
    return { ok: false, text: RELOAD_FAILED };
  } finally {
    saved?.close();
  }
}

/** Where an RDB file belongs by the configuration. */
export function configuredRdb(sessions: Sessions): string {
  const pipeline = new Pipeline(sessions);
  try {
    return join(parameterOf(pipeline, "dir"), parameterOf(pipeline, "dbfilename"));
  } finally {
    pipeline.close();
  }
}

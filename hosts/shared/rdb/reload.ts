/**
 * DEBUG RELOAD: the data set goes out as RDB and comes in again, in one turn of the loop, so that
 * no client sees what is between.
 */
import { ReloadFlag } from "../../../assembly/abi.js";
import type { Sessions } from "../sessions.js";
import { type FileSource, MemorySource } from "./cursor.js";
import { loadRdb } from "./loader.js";
import { Pipeline, parameterOf } from "./pipeline.js";
import { writeRdb } from "./writer.js";

const NEWEST_WRITTEN_VERSION = "12";

export interface ReloadOptions {
  /** Of ReloadFlag. */
  flags: number;
  nowMs: number;
  /** The file that was saved before, for NOSAVE. */
  saved: FileSource | undefined;
  /** Switches the stream of effects off and on: what comes back is what was there. */
  setEffects: (on: boolean) => void;
}

export function reload(sessions: Sessions, options: ReloadOptions): void {
  const { flags, nowMs, saved, setEffects } = options;
  const isSame = (flags & (ReloadFlag.NOSAVE | ReloadFlag.NOFLUSH)) === 0;
  const pipeline = new Pipeline(sessions);
  try {
    const source = saved ?? writeToMemory(sessions, pipeline, nowMs);
    const databases = Number(parameterOf(pipeline, "databases"));
    if (isSame) setEffects(false);
    if ((flags & ReloadFlag.NOFLUSH) === 0) pipeline.one("FLUSHALL", "SYNC");
    const replace = (flags & ReloadFlag.MERGE) !== 0;
    loadRdb(source, sessions, { nowMs, databases, replace, asClient: !isSame });
  } finally {
    if (isSame) setEffects(true);
    pipeline.close();
  }
}

/** In the version that can hold everything, whatever is configured for others to read. */
function writeToMemory(sessions: Sessions, pipeline: Pipeline, nowMs: number): FileSource {
  const pieces: Uint8Array[] = [];
  const version = parameterOf(pipeline, "rdb-version");
  pipeline.one("CONFIG", "SET", "rdb-version", NEWEST_WRITTEN_VERSION);
  try {
    writeRdb(sessions, { nowMs, send: (bytes) => void pieces.push(bytes.slice()) });
  } finally {
    pipeline.one("CONFIG", "SET", "rdb-version", version);
  }
  return new MemorySource("the data set", pieces);
}

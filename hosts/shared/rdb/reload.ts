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
  const source = saved ?? writeToMemory(sessions, nowMs);
  const pipeline = new Pipeline(sessions);
  try {
    const databases = Number(parameterOf(pipeline, "databases"));
    if (isSame) setEffects(false);
    if ((flags & ReloadFlag.NOFLUSH) === 0) pipeline.one("FLUSHALL", "SYNC");
    loadRdb(source, sessions, { nowMs, databases, replace: (flags & ReloadFlag.MERGE) !== 0 });
  } finally {
    if (isSame) setEffects(true);
    pipeline.close();
  }
}

function writeToMemory(sessions: Sessions, nowMs: number): FileSource {
  const pieces: Uint8Array[] = [];
  writeRdb(sessions, { nowMs, send: (bytes) => void pieces.push(bytes.slice()) });
  return new MemorySource("the data set", pieces);
}

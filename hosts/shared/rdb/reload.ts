/**
 * DEBUG RELOAD: the data set goes out as RDB and comes in again, in one turn of the loop, so that
 * no client sees what is between.
 */
import { Exchange, ReloadFlag } from "../../../assembly/abi.js";
import type { Sessions } from "../sessions.js";
import { type FileSource, MemorySource } from "./cursor.js";
import { canRestore, typeName } from "./format.js";
import { loadRdb } from "./loader.js";
import { Pipeline, parameterOf } from "./pipeline.js";
import { quoteKey, RdbWalker } from "./walker.js";
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
    // What is wrong with the file is found before anything is lost.
    if (saved !== undefined) checkRdb(saved);
    const { engine } = sessions;
    const changes = engine.fact(Exchange.CHANGES_SINCE_SAVE);
    if (isSame) setEffects(false);
    if ((flags & ReloadFlag.NOFLUSH) === 0) pipeline.one("FLUSHALL", "SYNC");
    const replace = (flags & ReloadFlag.MERGE) !== 0;
    loadRdb(source, sessions, { nowMs, databases, replace, asClient: !isSame });
    if (isSame) engine.setFact(Exchange.CHANGES_SINCE_SAVE, changes);
  } finally {
    if (isSame) setEffects(true);
    pipeline.close();
  }
}

function checkRdb(source: FileSource): void {
  const walker = new RdbWalker(source);
  for (let key = walker.next(); key !== undefined; key = walker.next()) {
    if (canRestore(key.type)) continue;
    walker.file.fail(`key ${quoteKey(key.key)} has ${typeName(key.type)}`, key.start);
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

/** Writes the data set to an RDB file, atomically and durably. */
import { basename, dirname } from "node:path";
import { TEMPORARY } from "../shared/persistence/storage.js";
import { type RdbWritten, writeRdb } from "../shared/rdb/writer.js";
import type { Sessions } from "../shared/sessions.js";
import { reasonOf } from "./directives.js";
import { NodeStorage } from "./storage.js";

/** The file is the data set of one moment: nothing else runs while its bytes come about. */
export async function saveRdb(sessions: Sessions, path: string): Promise<RdbWritten> {
  const storage = new NodeStorage(dirname(path));
  const name = basename(path);
  const temporary = `${TEMPORARY}${name}`;
  try {
    const file = await storage.create(temporary);
    let written: RdbWritten;
    try {
      written = writeRdb(sessions, { nowMs: Date.now(), send: (bytes) => file.append(bytes) });
      await file.sync();
    } finally {
      await file.close();
    }
    await storage.rename(temporary, name);
    return written;
  } catch (cause) {
    await storage.remove(temporary).catch(() => {});
    if (sessions.engine.trap !== undefined) throw cause;
    throw new Error(`Can't write '${path}': ${reasonOf(cause)}`);
  }
}

/** Makes and opens the files of log segments. */
import { createSalt, renderHeader } from "./log-format.js";
import type { LogEnd } from "./log-reader.js";
import type { Segment } from "./log-writer.js";
import type { Storage } from "./storage.js";

/** A new segment with nothing but its header, durably. */
export async function createSegment(
  storage: Storage,
  name: string,
  history: string,
): Promise<Segment> {
  const salt = createSalt();
  const file = await storage.create(name);
  try {
    file.append(renderHeader(history, salt));
    await file.sync();
    return { file, salt };
  } catch (cause) {
    await file.close().catch(() => {});
    throw cause;
  }
}

/** Opens the segment that a log ends with; what is torn is cut off, the rest becomes durable. */
export async function reopenSegment(
  storage: Storage,
  last: NonNullable<LogEnd["last"]>,
): Promise<Segment> {
  if (last.isTorn) await storage.truncate(last.name, last.bytes);
  const file = await storage.openAppend(last.name);
  try {
    await file.sync();
    return { file, salt: last.salt };
  } catch (cause) {
    await file.close().catch(() => {});
    throw cause;
  }
}

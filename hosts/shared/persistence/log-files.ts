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

/** Removes all segments but these. */
export async function removeSegments(
  storage: Storage,
  kept: readonly (string | undefined)[],
): Promise<void> {
  for (const name of await storage.list()) {
    if (isSegment(name) && !kept.includes(name)) await storage.remove(name);
  }
}

function isSegment(name: string): boolean {
  return /^log-.*\.aof$/.test(name);
}

/** Without a manifest there is nothing that an image or a log could belong to. */
export async function refuseOrphans(storage: Storage): Promise<void> {
  const names = await storage.list();
  let found = names.find((name) => /^image-.*\.quire$/.test(name));
  for (const name of names.filter(isSegment)) {
    const file = await storage.openRead(name);
    // One that a start which did not get further has left holds only its header.
    if (file.bytes > 256) found ??= name;
    file.close();
  }
  if (found === undefined) return;
  throw new Error(
    `${storage.place} holds ${found}, but no quire.manifest: ` +
      "bring that back, or move these files away",
  );
}

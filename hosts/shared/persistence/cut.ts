/**
 * Leaves the torn end of a log behind. What is cut off may have been seen by somebody else (a
 * follower, a copy of the directory), so the positions behind the cut must not be used again: the
 * data set goes on in a new history, which no reader of those bytes can take for the one it knows.
 *
 * The manifest is replaced first: from then on the files of the history before count up to the cut,
 * whatever stands behind it. Until then they are as they were, so a crash at any moment leaves
 * either the torn log or the new history. The next image is of the new history, and with it the
 * files of the one before go.
 */
import { randomHex } from "./log-format.js";
import type { LogEnd } from "./log-reader.js";
import { type Manifest, type ManifestFile, writeManifest } from "./manifest.js";
import type { Storage } from "./storage.js";

/** Answers the manifest of the new history, which is durable; nothing is torn any more. */
export async function leaveTornEnd(
  storage: Storage,
  manifest: Manifest,
  end: LogEnd,
): Promise<Manifest> {
  const { last, position } = end;
  const isEmpty = ({ name }: ManifestFile) => last?.isNew === true && name === last.name;
  const segments = end.segments.filter((segment) => !isEmpty(segment));
  for (const { name } of segments) await makeDurable(storage, name);
  const next: Manifest = {
    ...manifest,
    history: randomHex(16),
    earlier: [...manifest.earlier, { history: manifest.history, end: position }],
    segments,
  };
  await writeManifest(storage, next);
  if (last?.isTorn && !last.isNew) await storage.truncate(last.name, last.bytes);
  return next;
}

/** What is torn, and where. */
export function tornText({ tornBytes, tornName, tornOffset, position }: LogEnd): string {
  const what = `The log ends in the middle of a write: ${tornBytes} bytes`;
  const from = `from offset ${tornOffset} of ${tornName} on`;
  return `${what} ${from}, behind position ${position} and the last sync`;
}

/** What a killed process has left may not be: the manifest is about to promise it. */
async function makeDurable(storage: Storage, name: string): Promise<void> {
  const file = await storage.openAppend(name);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

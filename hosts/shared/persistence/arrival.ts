/**
 * The place that a data set is to move to, before it is there and when it does not come.
 *
 * The place holds no other data set. While files arrive a mark stands beside them, so that what a
 * move that was cut off has left is known for what it is: as long as there is no manifest nothing
 * of it counts. Who moves back finds files that were left before, of the same history: they are
 * older and go, while the manifest that says so stays until the new one replaces it.
 */
import { historyOfMoved, MANIFEST_NAME } from "./manifest.js";
import { type Storage, TEMPORARY } from "./storage.js";

const ARRIVING_NAME = `${TEMPORARY}arriving`;

/** Whether a file is part of a data set, of this directory or of one that was moved away. */
function isDataFile(name: string): boolean {
  return name === MANIFEST_NAME || /^(image-.*\.quire|log-.*\.aof|engine-.*\.wasm)$/.test(name);
}

/** Makes a place ready for a data set of this history; refused when it holds another one. */
export async function prepareArrival(storage: Storage, history: string): Promise<void> {
  await removeUnfinished(storage);
  const manifest = await storage.readAll(MANIFEST_NAME);
  if (manifest === undefined || historyOfMoved(manifest) !== history) {
    const found = (await storage.list()).find(isDataFile);
    if (found !== undefined) throw new Error(`${storage.place} holds data already: ${found}`);
  }
  await storage.replace(ARRIVING_NAME, new Uint8Array(0));
  await removeFiles(storage);
}

/** The data set is there. */
export async function endArrival(storage: Storage): Promise<void> {
  await storage.remove(ARRIVING_NAME).catch(() => {});
}

/** The data set does not come: what is there of it goes. */
export async function dropArrival(storage: Storage): Promise<void> {
  const manifest = await storage.readAll(MANIFEST_NAME);
  const wasLeft = manifest !== undefined && historyOfMoved(manifest) !== undefined;
  if (manifest !== undefined && !wasLeft) await storage.remove(MANIFEST_NAME);
  await removeFiles(storage);
  await endArrival(storage);
}

/** Removes what a move that was cut off has left; the place is locked. */
export async function removeUnfinished(storage: Storage): Promise<void> {
  const names = await storage.list();
  if (!names.includes(ARRIVING_NAME)) return;
  if (!names.includes(MANIFEST_NAME)) await removeFiles(storage);
  await endArrival(storage);
}

async function removeFiles(storage: Storage): Promise<void> {
  for (const name of await storage.list()) {
    const isPart = isDataFile(name) && name !== MANIFEST_NAME;
    const isTemporary = name.startsWith(TEMPORARY) && name !== ARRIVING_NAME;
    if (isPart || isTemporary) await storage.remove(name);
  }
}

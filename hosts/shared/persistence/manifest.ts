/**
 * The manifest: which image and which log segments make up the data set of a directory. It is
 * replaced as a whole; what it does not name is no part of the data set.
 *
 *   quire manifest 1
 *   history 0123456789abcdef0123456789abcdef
 *   earlier fedcba9876543210fedcba9876543210 512   files of this history count up to the offset,
 *                                                  where the present one went on (see cut.ts)
 *   image image-0123…-512.quire 512            at most one line
 *   segment log-0123…-512.aof 512              in the order of their offsets
 *   crc64 0123456789abcdef                     of all bytes before this line
 *
 * A directory that the data set has left for another one says so in place of the files:
 *
 *   moved "/the/other/directory"               as JSON
 */

import { unusable } from "../reason.js";
import { crc64Hex } from "./crc64.js";
import type { Storage } from "./storage.js";

export const MANIFEST_NAME = "quire.manifest";

/** A file and the position in the history at which it was cut or begins. */
export interface ManifestFile {
  readonly name: string;
  readonly offset: number;
}

/** A history that went on under another id from an offset on. */
export interface EarlierHistory {
  readonly history: string;
  readonly end: number;
}

export interface Manifest {
  /** 32 hexadecimal digits. */
  readonly history: string;
  /** Whose files there still are, the oldest first. */
  readonly earlier: readonly EarlierHistory[];
  readonly image?: ManifestFile | undefined;
  readonly segments: readonly ManifestFile[];
}

/** Up to which offset files of a history belong to the data set; undefined: not at all. */
export function endOfHistory(manifest: Manifest, history: string): number | undefined {
  if (history === manifest.history) return Number.POSITIVE_INFINITY;
  return manifest.earlier.find((each) => each.history === history)?.end;
}

export function imageName(history: string, offset: number): string {
  return `image-${history}-${offset}.quire`;
}

export function segmentName(history: string, offset: number): string {
  return `log-${history}-${offset}.aof`;
}

/** The data set has left the place. */
class MovedError extends Error {}

/** The manifest of a directory; undefined when there is none. A damaged one throws. */
export async function readManifest(storage: Storage): Promise<Manifest | undefined> {
  try {
    const bytes = await storage.readAll(MANIFEST_NAME);
    return bytes && parseManifest(bytes);
  } catch (cause) {
    if (cause instanceof MovedError) {
      throw new Error(`${storage.place} holds no data any more: ${cause.message}`);
    }
    throw unusable(storage.place, MANIFEST_NAME, cause);
  }
}

/** The manifest of a place that the data set has left; no start takes it for an empty one. */
export function renderMoved({ history }: Manifest, place: string): Uint8Array {
  return signed(`quire manifest 1\nhistory ${history}\nmoved ${JSON.stringify(place)}\n`);
}

/** Replaces the manifest of a place that is left, durably. */
export async function writeMoved(old: Storage, manifest: Manifest, place: string): Promise<void> {
  await old.replace(MANIFEST_NAME, renderMoved(manifest, place));
}

/** Replaces the manifest, durably. */
export async function writeManifest(storage: Storage, manifest: Manifest): Promise<void> {
  await storage.replace(MANIFEST_NAME, renderManifest(manifest));
}

export function renderManifest({ history, earlier, image, segments }: Manifest): Uint8Array {
  const lines = ["quire manifest 1", `history ${history}`];
  for (const each of earlier) lines.push(`earlier ${each.history} ${each.end}`);
  if (image !== undefined) lines.push(`image ${image.name} ${image.offset}`);
  for (const { name, offset } of segments) lines.push(`segment ${name} ${offset}`);
  return signed(`${lines.join("\n")}\n`);
}

function signed(text: string): Uint8Array {
  const encoder = new TextEncoder();
  return encoder.encode(`${text}crc64 ${crc64Hex(encoder.encode(text))}\n`);
}

/** Reads a manifest's bytes; throws an Error that says what is wrong with them. */
export function parseManifest(bytes: Uint8Array): Manifest {
  return readLines(linesOf(bytes));
}

/** The history of the data set that has left this place; undefined when none has. */
export function historyOfMoved(bytes: Uint8Array): string | undefined {
  try {
    const [history = "", moved = ""] = linesOf(bytes);
    return moved.startsWith("moved ") ? history.slice("history ".length) : undefined;
  } catch {
    return undefined;
  }
}

/** The lines between the first and the last, which are what they must be. */
function linesOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.lastIndexOf("crc64 ");
  if (end <= 0 || text[end - 1] !== "\n")
    throw new Error("its last line, the checksum, is missing");
  if (text.slice(end) !== `crc64 ${crc64Hex(bytes, 0, end)}\n`) {
    throw new Error("its checksum does not fit: the file is damaged");
  }
  const [head, ...lines] = text.slice(0, end - 1).split("\n");
  if (head !== "quire manifest 1") throw new Error(`its first line is "${head}", not known here`);
  return lines;
}

function readLines(lines: readonly string[]): Manifest {
  let history = "";
  let image: ManifestFile | undefined;
  const earlier: EarlierHistory[] = [];
  const segments: ManifestFile[] = [];
  for (const line of lines) {
    const [word, name = "", number = ""] = line.split(" ");
    const offset = Number(number);
    const isFile = /^[\w.-]+$/.test(name) && /^\d+$/.test(number) && Number.isSafeInteger(offset);
    const isHistory = /^[0-9a-f]{32}$/.test(name);
    if (word === "moved") {
      const place = JSON.parse(line.slice("moved ".length));
      throw new MovedError(`the data set was moved to ${place}: start with --dir ${place}`);
    }
    if (word === "history" && isHistory) history = name;
    else if (word === "earlier" && isHistory && isFile)
      earlier.push({ history: name, end: offset });
    else if (word === "image" && isFile) image = { name, offset };
    else if (word === "segment" && isFile) segments.push({ name, offset });
    else throw new Error(`its line "${line}" is not known here`);
  }
  if (history === "") throw new Error("it names no history");
  return { history, earlier, image, segments };
}

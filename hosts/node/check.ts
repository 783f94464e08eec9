/**
 * `quiredb check FILE...`: what images, logs, manifests and files of Redis hold, and whether they
 * are whole. `--fix` cuts the torn end off a log.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ImageReader } from "../shared/persistence/image-reader.js";
import { parseHeader } from "../shared/persistence/log-format.js";
import { LogReader, SegmentReader } from "../shared/persistence/log-reader.js";
import { MANIFEST_NAME, type Manifest, parseManifest } from "../shared/persistence/manifest.js";
import { kindOf } from "../shared/rdb/import.js";
import { checkRedisFile } from "./check-redis.js";
import { inflate } from "./compression.js";
import { reasonOf } from "./directives.js";
import { PathSource } from "./files.js";
import { NodeStorage } from "./storage.js";

export const CHECK_USAGE = `Usage: quiredb check [--fix] FILE ...
  Tells what images, logs, manifests, RDB files and append-only files hold and whether they are
  whole; for a directory, its data set. The exit code is 0 when all are, else 1.
  --fix  cuts the torn end off a log; nothing may be using it
`;

const START_BYTES = 256;

/** What is found; damage is thrown as an Error. */
export interface Finding {
  text: string;
  /** A torn end that may be cut off: where it begins. */
  torn?: { path: string; at: number; bytes: number } | undefined;
}

/** Checks files; answers the exit code. */
export async function runCheck(
  args: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  const fix = args.includes("--fix");
  const files = args.filter((argument) => argument !== "--fix");
  const unknown = files.find((file) => file.startsWith("-"));
  if (unknown === "-h" || unknown === "--help") {
    print(CHECK_USAGE);
    return 0;
  }
  if (files.length === 0 || unknown !== undefined) {
    print(unknown === undefined ? CHECK_USAGE : `${unknown}: no such option\n${CHECK_USAGE}`);
    return 1;
  }
  let code = 0;
  for (const file of files) {
    if (!(await checkAndPrint(file, fix, print))) code = 1;
  }
  return code;
}

async function checkAndPrint(
  file: string,
  fix: boolean,
  print: (line: string) => void,
): Promise<boolean> {
  try {
    const { text, torn } = await checkFile(resolve(file));
    if (torn === undefined) {
      print(`${file}: ${text}: whole\n`);
      return true;
    }
    print(`${file}: ${text}\n`);
    const { path, at, bytes } = torn;
    const where = `${path}: torn at byte ${at}, ${bytes} bytes behind it`;
    if (!fix) {
      print(`${where}; --fix cuts them off\n`);
      return false;
    }
    await cut(path, at);
    print(`${where} are cut off\n`);
    return true;
  } catch (cause) {
    const message = cause instanceof Error ? reasonOf(cause) : String(cause);
    print(message.startsWith(file) ? `${message}\n` : `${file}: ${message}\n`);
    return false;
  }
}

/** Nobody else may write to the file meanwhile. */
async function cut(path: string, bytes: number): Promise<void> {
  const storage = new NodeStorage(dirname(path));
  const lock = await storage.lock("quiredb check --fix");
  try {
    await storage.truncate(basename(path), bytes);
  } finally {
    await lock.release();
  }
}

async function checkFile(path: string): Promise<Finding> {
  if (statSync(path).isDirectory()) return checkFile(join(path, MANIFEST_NAME));
  const source = new PathSource(path);
  const start = new Uint8Array(Math.min(START_BYTES, source.bytes));
  let text: string;
  try {
    source.read(0, start);
    text = new TextDecoder("latin1").decode(start);
    if (text.startsWith("quire manifest")) return await checkDataSet(path, source);
    if (text.startsWith("\0asm")) return checkEngine(path);
    const isLog = text.includes("ECHO\r\n") && text.includes("quire-log");
    if (!isLog && !text.startsWith("QUIREIMG")) {
      if (kindOf(source) === undefined) throw new Error("it is none of the files that are known");
      return checkRedisFile(path);
    }
  } finally {
    source.close();
  }
  return text.startsWith("QUIREIMG") ? checkImage(path) : checkSegment(path, start);
}

/** An engine that wrote images is kept under the hash of its bytes. */
function checkEngine(path: string): Finding {
  const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 32);
  const named = /^engine-([0-9a-f]{32})\.wasm$/.exec(basename(path))?.[1] ?? hash;
  if (named !== hash) throw new Error(`${path} is damaged: its hash is ${hash}`);
  return { text: `engine ${hash}` };
}

/** A memory of any size that keeps nothing. */
const NOWHERE = { length: Number.MAX_SAFE_INTEGER, set: () => {} } as unknown as Uint8Array;

async function checkImage(path: string, of?: Manifest): Promise<Finding> {
  const storage = new NodeStorage(dirname(path));
  const reader = await ImageReader.open(storage, basename(path), inflate);
  try {
    await reader.place(NOWHERE);
    const { history, offset, timeMs, pages, layoutVersion } = reader.header;
    if (of !== undefined && (of.history !== history || of.image?.offset !== offset)) {
      throw new Error(`${path} is not the image that the manifest means`);
    }
    const time = new Date(timeMs).toISOString();
    const layout = `layout ${layoutVersion}`;
    return { text: `image of ${time}, ${pages} pages, ${layout}, offset ${offset} of ${history}` };
  } finally {
    reader.close();
  }
}

async function checkSegment(path: string, start: Uint8Array): Promise<Finding> {
  const { history } = parseHeader(start);
  const file = await new NodeStorage(dirname(path)).openRead(basename(path));
  try {
    const reader = new SegmentReader(file, history);
    while (reader.next(-1) !== undefined);
    const { position, end, start: begin = 0 } = reader;
    const text = `log of history ${history}, offsets ${begin} to ${position}`;
    if (end === file.bytes) return { text };
    if (reader.claimBehind() > position) {
      throw new Error(`${path} is damaged at byte ${end}: what stands there was durable`);
    }
    return { text, torn: { path, at: end, bytes: file.bytes - end } };
  } finally {
    file.close();
  }
}

async function checkDataSet(path: string, source: PathSource): Promise<Finding> {
  const bytes = new Uint8Array(source.bytes);
  source.read(0, bytes);
  const manifest = parseManifest(bytes);
  const storage = new NodeStorage(dirname(path));
  const parts: string[] = [];
  if (manifest.image !== undefined) {
    parts.push((await checkImage(join(dirname(path), manifest.image.name), manifest)).text);
  }
  const reader = new LogReader(storage, manifest, manifest.image?.offset ?? 0);
  for await (const _ of reader.runs());
  const { last, position, tornBytes } = reader.end;
  if (last !== undefined) parts.push(`log to offset ${position}`);
  const text = `data set: ${parts.join("; ") || "empty"}`;
  if (last === undefined || tornBytes === 0) return { text };
  return {
    text,
    torn: { path: join(dirname(path), last.name), at: last.bytes, bytes: tornBytes },
  };
}

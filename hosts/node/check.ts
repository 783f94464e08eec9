/**
 * `quiredb check FILE...`: what images, logs, manifests and files of Redis hold, and whether they
 * are whole. `--fix` cuts the torn end off a log.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { leaveTornEnd } from "../shared/persistence/cut.js";
import { ImageReader } from "../shared/persistence/image-reader.js";
import { parseHeader } from "../shared/persistence/log-format.js";
import { type LogEnd, LogReader, SegmentReader } from "../shared/persistence/log-reader.js";
import {
  endOfHistory,
  MANIFEST_NAME,
  type Manifest,
  parseManifest,
  readManifest,
} from "../shared/persistence/manifest.js";
import { kindOf } from "../shared/rdb/import.js";
import { checkRedisFile } from "./check-redis.js";
import { inflate } from "./compression.js";
import { reasonOf } from "./directives.js";
import { PathSource } from "./files.js";
import { NodeStorage } from "./storage.js";

export const CHECK_USAGE = `Usage: quiredb check [--fix] FILE ...
  Tells what images, logs, manifests, RDB files and append-only files hold and whether they are
  whole; for a directory, its data set. The exit code is 0 when all are, else 1.
  --fix  cuts the torn end off a log; of a data set also what is damaged, and all that was
         written behind it; nothing may be using it
`;

const START_BYTES = 256;

/** What is found; damage is thrown as an Error. */
export interface Finding {
  text: string;
  torn?: Torn | undefined;
}

/** A torn end that may be cut off. */
interface Torn {
  path: string;
  at: number;
  bytes: number;
  /** Cuts it, where that is more than shortening the file; answers what else to say. */
  cut?: () => Promise<string>;
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
    const { text, torn } = await checkFile(resolve(file), fix);
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
    const remark = await (torn.cut?.() ?? cut(path, at));
    print(`${where} are cut off${remark}\n`);
    return true;
  } catch (cause) {
    const message = cause instanceof Error ? reasonOf(cause) : String(cause);
    print(message.startsWith(file) ? `${message}\n` : `${file}: ${message}\n`);
    return false;
  }
}

async function cut(path: string, bytes: number): Promise<string> {
  const storage = new NodeStorage(dirname(path));
  await locked(storage, () => storage.truncate(basename(path), bytes));
  return "";
}

/** The rest of the data set goes on in a new history, as after a start that cuts. */
async function cutDataSet(storage: NodeStorage, manifest: Manifest, end: LogEnd): Promise<string> {
  const { history } = await locked(storage, () => leaveTornEnd(storage, manifest, end));
  const lost = `, which had been durable up to position ${end.tornDurable}`;
  return `${end.tornDurable > 0 ? lost : ""}; a new history begins, ${history}`;
}

/** Nobody else may write to the files meanwhile. */
async function locked<Result>(storage: NodeStorage, run: () => Promise<Result>): Promise<Result> {
  const lock = await storage.lock("quiredb check --fix");
  try {
    return await run();
  } finally {
    await lock.release();
  }
}

async function checkFile(path: string, fix: boolean): Promise<Finding> {
  if (statSync(path).isDirectory()) return checkFile(join(path, MANIFEST_NAME), fix);
  const source = new PathSource(path);
  const start = new Uint8Array(Math.min(START_BYTES, source.bytes));
  let text: string;
  try {
    source.read(0, start);
    text = new TextDecoder("latin1").decode(start);
    if (text.startsWith("quire manifest")) return await checkDataSet(path, source, fix);
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
    if (of !== undefined && !isMeantBy(of, history, offset)) {
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
  const storage = new NodeStorage(dirname(path));
  const file = await storage.openRead(basename(path));
  try {
    const reader = new SegmentReader(file, () => Number.POSITIVE_INFINITY);
    while (reader.next(-1) !== undefined);
    const { position, end, start: begin = 0 } = reader;
    const text = `log of history ${history}, offsets ${begin} to ${position}`;
    if (end === file.bytes) return { text };
    const tail = reader.tail();
    if (tail.durable > position || reader.isWrong(tail)) {
      const which = tail.durable > position ? "was durable" : "is not torn but wrong";
      throw new Error(`${path} is damaged at byte ${end}: what stands there ${which}`);
    }
    const torn = { path, at: end, bytes: file.bytes - end };
    const manifest = await readManifest(storage).catch(() => undefined);
    if (manifest?.segments.every(({ name }) => name !== basename(path)) ?? true) {
      return { text, torn };
    }
    return {
      text: `${text}, part of the data set of ${MANIFEST_NAME}`,
      torn: { ...torn, cut: () => cutFrom(storage) },
    };
  } finally {
    file.close();
  }
}

/** Cuts the log of a whole directory where it is torn. */
async function cutFrom(storage: NodeStorage): Promise<string> {
  const manifest = await readManifest(storage);
  if (manifest === undefined) throw new Error(`${MANIFEST_NAME} is gone`);
  return cutDataSet(storage, manifest, await readEnd(storage, manifest, false));
}

/** Reads a whole log to find out where it ends. */
async function readEnd(storage: NodeStorage, manifest: Manifest, fix: boolean): Promise<LogEnd> {
  const reader = new LogReader(storage, manifest, manifest.image?.offset ?? 0, fix);
  for await (const _ of reader.runs());
  return reader.end;
}

async function checkDataSet(path: string, source: PathSource, fix: boolean): Promise<Finding> {
  const bytes = new Uint8Array(source.bytes);
  source.read(0, bytes);
  const manifest = parseManifest(bytes);
  const storage = new NodeStorage(dirname(path));
  const parts: string[] = [];
  if (manifest.image !== undefined) {
    parts.push((await checkImage(join(dirname(path), manifest.image.name), manifest)).text);
  }
  const end = await readEnd(storage, manifest, fix);
  const { last, position, tornBytes, tornName, tornOffset } = end;
  if (last !== undefined) parts.push(`log to offset ${position}`);
  const text = `data set: ${parts.join("; ") || "empty"}`;
  if (tornBytes === 0) return { text };
  const cut = () => cutDataSet(storage, manifest, end);
  return {
    text,
    torn: { path: join(dirname(path), tornName), at: tornOffset, bytes: tornBytes, cut },
  };
}

/** Whether an image of this history and offset is the one that a manifest names. */
function isMeantBy(manifest: Manifest, history: string, offset: number): boolean {
  return offset === manifest.image?.offset && offset <= (endOfHistory(manifest, history) ?? -1);
}

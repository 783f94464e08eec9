/**
 * Brings the data of Redis or Valkey into an engine that is empty: an RDB file, an append-only file
 * with or without RDB at its beginning, or the manifest of several such files.
 */
import type { Sessions } from "../sessions.js";
import { AofLoader } from "./aof-loader.js";
import { parseAofManifest } from "./aof-manifest.js";
import { FileError, type FileSource } from "./cursor.js";
import { RdbLoader } from "./loader.js";
import { Pipeline, parameterOf } from "./pipeline.js";
import type { RdbWalker } from "./walker.js";

const SLICE_MS = 10;
const PROGRESS_MS = 1000;
const LARGEST_MANIFEST_BYTES = 1024 * 1024;
const CHECKED_BYTES = 16;

export interface OpenFile extends FileSource {
  close(): void;
}

export interface ImportOptions {
  sessions: Sessions;
  /** Opens a file beside the one that is imported, or that one. */
  open: (name: string) => OpenFile;
  /** Keys and commands that cannot be stored are left out and counted. */
  skipUnknown: boolean;
  /** Milliseconds since 1970, and such as only move forward. */
  now: () => number;
  clock: () => number;
  /** Lets the loop do other things. */
  turn: () => Promise<void>;
  notice: (text: string) => void;
  warning: (text: string) => void;
  /** Bytes of a file that are read, of how many. */
  onProgress?: (bytes: number, total: number) => void;
}

/** What a step of loading is asked. */
interface Loader {
  readonly progress: number;
  step(goOn: () => boolean): boolean;
  close(): void;
}

export type FileKind = "rdb" | "aof" | "manifest";

/** What a file is by its beginning; undefined when it is none of Redis's files. */
export function kindOf(source: FileSource): FileKind | undefined {
  const start = new Uint8Array(Math.min(CHECKED_BYTES, source.bytes));
  source.read(0, start);
  const text = new TextDecoder("latin1").decode(start);
  if (/^(REDIS|VALKEY)/.test(text)) return "rdb";
  if (/^(\*\d|#)/.test(text)) return "aof";
  return /^file /.test(text) ? "manifest" : undefined;
}

export async function importFile(name: string, options: ImportOptions): Promise<void> {
  const startMs = options.clock();
  const run = new Import(options);
  await run.file(name);
  const seconds = ((options.clock() - startMs) / 1000).toFixed(3);
  options.notice(`${run.summary()}: ${seconds} seconds`);
}

class Import {
  readonly #options: ImportOptions;
  readonly #databases: number;
  #nextLineMs: number;
  #keys = 0;
  #expired = 0;
  #leftOut = 0;
  #commands = 0;

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#nextLineMs = options.clock() + PROGRESS_MS;
    const pipeline = new Pipeline(options.sessions);
    this.#databases = Number(parameterOf(pipeline, "databases"));
    pipeline.close();
  }

  summary(): string {
    const parts = [`${this.#keys} keys stored`];
    if (this.#expired > 0) parts.push(`${this.#expired} had expired`);
    if (this.#commands > 0) parts.push(`${this.#commands} commands run`);
    if (this.#leftOut > 0) parts.push(`${this.#leftOut} left out`);
    return `Imported: ${parts.join(", ")}`;
  }

  /** A file of any kind. */
  async file(name: string): Promise<void> {
    const source = this.#options.open(name);
    try {
      const kind = kindOf(source);
      if (kind === "manifest") return await this.#manifest(source);
      if (source.bytes === 0) throw new FileError(source.name, 0, "the file is empty");
      if (kind === undefined) {
        throw new FileError(source.name, 0, "this is no RDB file and no append-only file of Redis");
      }
      await this.#load(source, true);
    } finally {
      source.close();
    }
  }

  async #manifest(source: OpenFile): Promise<void> {
    if (source.bytes > LARGEST_MANIFEST_BYTES) {
      throw new FileError(source.name, 0, "it is too long for a manifest of append-only files");
    }
    const bytes = new Uint8Array(source.bytes);
    source.read(0, bytes);
    const { base, increments } = parseAofManifest(source.name, bytes);
    const names = base === undefined ? increments : [base, ...increments];
    for (const name of names) {
      const file = this.#options.open(name);
      try {
        if (file.bytes > 0) await this.#load(file, name === names.at(-1));
      } finally {
        file.close();
      }
    }
  }

  async #load(source: OpenFile, isLast: boolean): Promise<void> {
    const isRdb = kindOf(source) === "rdb";
    const offset = isRdb ? await this.#loadRdb(source) : 0;
    if (offset === source.bytes) return;
    const next = new Uint8Array(1);
    source.read(offset, next);
    if (isRdb && next[0] !== 42 && next[0] !== 35) {
      const { name, bytes } = source;
      this.#options.warning(`${name}: ${bytes - offset} bytes behind the end are left out`);
    } else {
      await this.#loadCommands(source, offset, isLast);
    }
  }

  /** Answers where the RDB part of the file ends. */
  async #loadRdb(source: OpenFile): Promise<number> {
    const { sessions, skipUnknown, now, notice } = this.#options;
    const databases = this.#databases;
    const loader = new RdbLoader(source, sessions, { nowMs: now(), databases, skipUnknown });
    const { walker } = loader;
    notice(`Loading ${source.name}, ${describe(walker)}`);
    await this.#run(loader, source);
    this.#keys += loader.stored;
    this.#expired += loader.expired;
    this.#leftOut += loader.leftOut;
    const lost: string[] = [];
    if (walker.functions > 0) lost.push(`${walker.functions} libraries of functions`);
    if (walker.moduleData > 0) lost.push(`data of modules (${walker.moduleData} times)`);
    if (loader.leftOut > 0) lost.push(`${loader.leftOut} keys of types that are not known here`);
    if (lost.length > 0) notice(`${source.name}: ${lost.join(" and ")} left out`);
    return walker.file.offset;
  }

  async #loadCommands(source: OpenFile, offset: number, isLast: boolean): Promise<void> {
    const { sessions, skipUnknown, notice, warning } = this.#options;
    const loader = new AofLoader(source, sessions, { skipUnknown, allowTorn: isLast, offset });
    notice(`Loading ${source.name}, commands from byte ${offset} on`);
    await this.#run(loader, source);
    this.#commands += loader.walker.commands;
    this.#leftOut += loader.leftOut;
    const { functions, leftOut, tornBytes, tornReason } = loader;
    if (functions > 0) notice(`${source.name}: ${functions} commands about functions left out`);
    if (leftOut > 0) notice(`${source.name}: ${leftOut} commands that are refused left out`);
    if (tornBytes === 0) return;
    const place = `${source.name}, byte ${loader.walker.wholeBytes}`;
    warning(`${place}: the last ${tornBytes} bytes are left out: ${tornReason}`);
  }

  /** Loads in slices; says each second how far it is. */
  async #run(loader: Loader, { name, bytes }: FileSource): Promise<void> {
    const { clock, turn, notice, onProgress } = this.#options;
    try {
      for (;;) {
        const end = clock() + SLICE_MS;
        if (loader.step(() => clock() < end)) return;
        onProgress?.(loader.progress * bytes, bytes);
        if (clock() >= this.#nextLineMs) {
          this.#nextLineMs = clock() + PROGRESS_MS;
          notice(`Loading ${name}: ${Math.floor(loader.progress * 100)} %`);
        }
        await turn();
      }
    } finally {
      loader.close();
    }
  }
}

function describe({ isValkey, version }: RdbWalker): string {
  return `RDB version ${version} of ${isValkey ? "Valkey" : "Redis"}`;
}

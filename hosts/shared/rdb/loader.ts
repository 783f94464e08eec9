/** Loads an RDB file into the engine, in steps between which the host may do other things. */
import { SessionFlag } from "../../../assembly/abi.js";
import type { Sessions } from "../sessions.js";
import type { FileSource } from "./cursor.js";
import { CommandFeed } from "./feed.js";
import { canRestore, typeName } from "./format.js";
import { payloadVersion, RestoreWriter } from "./restore-writer.js";
import { quoteKey, type RdbKey, RdbWalker } from "./walker.js";

/** Keys between two looks at the clock. */
const KEYS_PER_LOOK = 64;
const UNANSWERED_KEYS = 4096;

export interface LoadOptions {
  /** Milliseconds since 1970: what has expired by then is left out. */
  nowMs: number;
  databases: number;
  /** Keys of types that cannot be stored are left out and counted, instead of an error. */
  skipUnknown?: boolean;
  /** Keys that are there already are replaced. */
  replace?: boolean;
  /** Keys are written as by a client; else it is a replay: no effects, maxmemory does not hold. */
  asClient?: boolean;
}

export class RdbLoader {
  readonly walker: RdbWalker;
  /** Keys that were stored, had expired, or were left out. */
  stored = 0;
  expired = 0;
  leftOut = 0;
  readonly #source: FileSource;
  readonly #options: LoadOptions;
  readonly #feed: CommandFeed;
  readonly #writer: RestoreWriter;
  /** What was sent and has no reply yet; the first one is reply `#firstIndex`. */
  #sent: (RdbKey | undefined)[] = [];
  #firstIndex = 0;
  #database = 0;

  constructor(source: FileSource, sessions: Sessions, options: LoadOptions) {
    this.#source = source;
    this.#options = options;
    this.walker = new RdbWalker(source);
    const replay = options.asClient ? SessionFlag.NONE : SessionFlag.REPLAY;
    this.#feed = new CommandFeed(sessions, SessionFlag.INTERNAL | replay);
    this.#writer = new RestoreWriter({
      replace: options.replace ?? false,
      version: payloadVersion(this.walker.isValkey, this.walker.version),
      send: (bytes) => this.#feed.send(bytes),
    });
  }

  /** Part of the file that is read, from 0 to 1. */
  get progress(): number {
    return this.walker.file.offset / this.#source.bytes;
  }

  /** Loads on while `goOn` says so; true when the file is at its end. */
  step(goOn: () => boolean): boolean {
    do {
      for (let i = 0; i < KEYS_PER_LOOK; i++) {
        const key = this.walker.next();
        if (key === undefined) {
          this.#check();
          return true;
        }
        this.#take(key);
      }
      if (this.#sent.length > UNANSWERED_KEYS) this.#check();
    } while (goOn());
    this.#check();
    return false;
  }

  close(): void {
    this.#feed.close();
  }

  #take(key: RdbKey): void {
    if (!canRestore(key.type)) this.#refuse(key);
    else if (key.expiryMs !== undefined && key.expiryMs < this.#options.nowMs) this.expired++;
    else this.#store(key);
  }

  #refuse(key: RdbKey): void {
    if (this.#options.skipUnknown !== true) {
      const help = "--import-skip leaves such keys out";
      this.walker.file.fail(`${nameOf(key)} has ${typeName(key.type)}: ${help}`, key.start);
    }
    this.leftOut++;
  }

  #store(key: RdbKey): void {
    const { databases } = this.#options;
    if (key.database >= databases) {
      const help = `this server has ${databases} databases: raise \`databases\``;
      this.walker.file.fail(`${nameOf(key)}: ${help}`, key.start);
    }
    if (key.database !== this.#database) {
      this.#writer.select(key.database);
      this.#database = key.database;
      this.#sent.push(undefined);
    }
    this.#writer.restore(key, this.#source);
    this.#sent.push(key);
    this.stored++;
  }

  /** Sends what is gathered; a key that was refused is the end. */
  #check(): void {
    this.#writer.flush();
    const { error, answered } = this.#feed;
    if (error !== undefined) {
      const key = this.#sent[error.index - this.#firstIndex];
      const name = key === undefined ? "a database" : nameOf(key);
      this.walker.file.fail(`${name} cannot be stored: ${explain(error.text)}`, key?.start);
    }
    if (answered - this.#firstIndex !== this.#sent.length) {
      throw new Error("the engine did not answer all of an import");
    }
    this.#firstIndex = answered;
    this.#sent = [];
  }
}

function nameOf(key: RdbKey): string {
  return `key ${quoteKey(key.key)} of database ${key.database}`;
}

function explain(error: string): string {
  if (error.startsWith("BUSYKEY")) return "it is in the file twice";
  if (error.startsWith("OOM")) return "the memory is full (see engine-memory and maxmemory)";
  return error;
}

/** Loads a whole file at once. */
export function loadRdb(source: FileSource, sessions: Sessions, options: LoadOptions): RdbLoader {
  const loader = new RdbLoader(source, sessions, options);
  try {
    while (!loader.step(() => true));
  } finally {
    loader.close();
  }
  return loader;
}

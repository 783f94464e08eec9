/**
 * A store inside the program: the engine without sockets. Commands run on an internal session and
 * are answered in the same turn, so `commandSync` exists beside `command`; while one waits for a
 * key, the others go through another session. With a medium the data is kept there, as by a server:
 * what is answered is in the log, and a trap is recovered from.
 */
import { Exchange, SessionFlag } from "../../assembly/abi.js";
import { Engine, type EngineOptions, type Link } from "./engine.js";
import { type Run, runInternally } from "./internal.js";
import type { Medium } from "./persistence/kept-data.js";
import { Aggregate, type RawReply, ReplyError, Status, Verbatim } from "./protocol/resp.js";
import { Remembered } from "./remembered.js";
import { Sessions } from "./sessions.js";
import { KEPT_DEFAULTS, StoreData } from "./store-data.js";
import { type Sent, StoreLines } from "./store-lines.js";
import { Ticker } from "./ticker.js";
import type { EngineTrap } from "./trap.js";

export type Argument = string | number | Uint8Array;

/** A reply as JavaScript: bulk strings are text, maps are Map, sets are Set. */
export type Reply =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

export interface StoreOptions extends EngineOptions {
  module: WebAssembly.Module | Link;
  /** The second build, by which images are made; needed for a store that keeps its data. */
  guardedModule?: WebAssembly.Module | Link;
  /** Where the data is kept; it is gone with the store when left out. */
  medium?: Medium;
  /** Directives by name, as in a configuration file. */
  configuration?: Readonly<Record<string, string | number | readonly string[]>>;
  /** Milliseconds since 1970; Date.now when left out. Tests set it. */
  now?: () => number;
  /** Bulk strings are given as bytes, not as text. */
  bytes?: boolean;
  /** Gets log lines; the level is 0 debug, 1 verbose, 2 notice, 3 warning. */
  onLog?: (level: number, text: string) => void;
}

const NOTICE = 2;
const WARNING = 3;
/** After so many traps within the period the store stops. */
const MOST_TRAPS = 3;
const TRAP_PERIOD_MS = 60_000;

export class Store {
  readonly #options: StoreOptions;
  readonly #now: () => number;
  readonly #sessions: Sessions;
  readonly #lines: StoreLines;
  readonly #ticker: Ticker;
  readonly #data: StoreData | undefined;
  readonly #remembered = new Remembered();
  readonly #traps: number[] = [];
  /** The data is being loaded; commands wait for it. */
  #loading: Promise<void> | undefined;
  #failure: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const defer = options.medium?.defer ?? ((run: () => void) => void setTimeout(run, 0));
    this.#data = options.medium && this.#createData(options.medium);
    this.#sessions = new Sessions(this.#format(), {
      now: this.#now,
      defer,
      later: (run, delayMs) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      onTrap: (trap) => this.#trapped(trap),
      onSettingsChanged: () => this.#internally((run) => this.#remembered.take(run)),
      ...(this.#data && { gate: this.#data.kept.gate, onEffects: this.#data.kept.take }),
      onRequest: (request) => this.#data?.answer(request) ?? NOT_AVAILABLE,
      ...(options.onLog && { onLog: options.onLog }),
    });
    this.#prepare(this.engine);
    const flags = this.#data === undefined ? SessionFlag.NONE : SessionFlag.EMBEDDED;
    this.#lines = new StoreLines(this.#sessions, flags);
    this.#ticker = new Ticker(this.#sessions, {
      now: this.#now,
      clock: () => performance.now(),
      defer,
      every: (run, periodMs) => {
        const timer: unknown = setInterval(run, periodMs);
        (timer as { unref?: () => void }).unref?.();
        return () => clearInterval(timer as number);
      },
      onBeat: (nowMs) => {
        if (this.#loading === undefined) this.#data?.kept.beat(nowMs);
      },
    });
    this.#ticker.start();
  }

  /** The engine in use; after a trap a store that keeps its data goes on with another one. */
  get engine(): Engine {
    return this.#sessions.engine;
  }

  /** Loads what is kept; a store that keeps nothing is open already. */
  async open(): Promise<void> {
    if (this.#data === undefined) return;
    try {
      await this.#load(this.#data.open());
    } catch (cause) {
      await this.close().catch(() => {});
      throw cause;
    }
  }

  async #load(loaded: Promise<void>): Promise<void> {
    this.#loading = loaded;
    try {
      await loaded;
    } finally {
      this.#loading = undefined;
    }
  }

  #createData(medium: Medium): StoreData {
    const log = (level: number, text: string) => this.#options.onLog?.(level, text);
    return new StoreData(medium, {
      sessions: () => this.#sessions,
      engines: {
        useFresh: () => this.#use(this.#format()),
        link: () => this.#link(),
        usePlaced: (engine) => {
          engine.attach(this.#options);
          this.#use(engine);
        },
      },
      now: this.#now,
      notice: (text) => log(NOTICE, text),
      warning: (text) => log(WARNING, text),
      tellFailure: (reason) => {
        this.engine.setWord(Exchange.LOG_FAILED, reason === "" ? 0 : 1);
        this.#internally((run) => run(["QUIRE", "FACT", "log_failure", reason]));
      },
    });
  }

  #link(): Engine {
    const { module, guardedModule } = this.#options;
    const engine = Engine.link(module, this.#options);
    if (guardedModule !== undefined) engine.useGuarded(guardedModule);
    return engine;
  }

  #format(): Engine {
    const engine = this.#link();
    engine.format(this.#options);
    return engine;
  }

  #use(engine: Engine): void {
    this.#sessions.useEngine(engine);
    this.#prepare(engine);
    this.#internally((run) => this.#remembered.bringBack(run));
  }

  /** An engine that has just come into use learns its configuration. */
  #prepare(engine: Engine): void {
    engine.setFact(Exchange.START_TIME_MS, this.#now());
    const defaults = this.#data === undefined ? {} : KEPT_DEFAULTS;
    this.#internally((run) => configure({ ...defaults, ...this.#options.configuration }, run));
  }

  #internally<Result>(work: (run: Run) => Result): Result {
    return runInternally(this.#sessions, work);
  }

  /** Whoever waits for an answer gets the trap; then what is kept is loaded again. */
  #trapped(trap: EngineTrap): void {
    const nowMs = this.#now();
    this.#traps.push(nowMs);
    const recent = this.#traps.filter((timeMs) => nowMs - timeMs < TRAP_PERIOD_MS).length;
    const canRecover = this.#data?.kept.canRecover && this.#loading === undefined;
    this.#options.onLog?.(WARNING, `${trap.message} (the command was ${trap.command})`);
    if (!canRecover || recent >= MOST_TRAPS) {
      this.#failure = trap;
      this.#lines.closeAll(trap);
      return;
    }
    const position = this.engine.position();
    this.#load(this.#data.recover(position)).catch((cause: Error) => {
      this.#failure = cause;
    });
  }

  /** Runs a command; an error reply rejects. */
  async command(...args: Argument[]): Promise<Reply> {
    if (this.#loading !== undefined) await this.#loading.catch(() => {});
    return this.#settle(await new Promise<RawReply>((resolve) => this.#send([{ args, resolve }])));
  }

  /**
   * Runs a command that answers at once; an error reply throws. What it has written is handed to
   * the system before this returns. Not under `appendfsync always`, which waits for the disk.
   */
  commandSync(...args: Argument[]): Reply {
    if (this.#loading !== undefined) throw new Error("the data is being loaded: use command");
    if (this.#data?.kept.waitsForSyncs) {
      throw new Error("nothing is answered at once under appendfsync always: use command");
    }
    let answered: RawReply | undefined;
    this.#send([{ args, resolve: (reply) => (answered = reply) }]);
    if (answered === undefined) this.#data?.kept.flush();
    if (answered === undefined) {
      this.#lines.abandon();
      throw new Error(`${args[0]} does not answer at once: use command`);
    }
    return this.#settle(answered);
  }

  /** Runs several commands in one engine call; error replies are among the answers. */
  async pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    if (this.#loading !== undefined) await this.#loading.catch(() => {});
    const sent: Sent[] = [];
    const replies = commands.map(
      (args) => new Promise<RawReply>((resolve) => void sent.push({ args, resolve })),
    );
    this.#send(sent);
    return (await Promise.all(replies)).map((reply) => this.#convert(reply));
  }

  /** Ends the store; what it keeps is durable when this resolves. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#loading?.catch(() => {});
    await this.#data?.kept.settle();
    this.#ticker.stop();
    this.#lines.closeAll(new Error("the store is closed"));
    await this.#data?.close();
  }

  #send(commands: readonly Sent[]): void {
    const failure = this.#failure ?? this.engine.trap;
    if (this.#closing === undefined && failure === undefined) {
      this.#lines.send(commands);
      return;
    }
    const error = new ReplyError(`ERR ${failure?.message ?? "the store is closed"}`);
    for (const { resolve } of commands) resolve(error);
  }

  #settle(raw: RawReply): Reply {
    if (raw instanceof ReplyError) throw raw;
    return this.#convert(raw);
  }

  #convert(raw: RawReply): Reply {
    if (raw === null || typeof raw !== "object") return raw;
    if (raw instanceof Uint8Array) return this.#options.bytes ? raw : new TextDecoder().decode(raw);
    if (raw instanceof ReplyError) return raw;
    if (raw instanceof Status) return raw.text;
    if (raw instanceof Verbatim) return this.#convert(raw.bytes);
    if (Array.isArray(raw)) return raw.map((item) => this.#convert(item));
    if (raw instanceof Aggregate) return this.#convertAggregate(raw);
    return readDouble(raw.double);
  }

  #convertAggregate(raw: Aggregate): Reply {
    const items = raw.items.map((item) => this.#convert(item));
    if (raw.kind === "set") return new Set(items);
    if (raw.kind === "push") return items;
    const map = new Map<Reply, Reply>();
    for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
    return map;
  }
}

function readDouble(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  return text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

const NOT_AVAILABLE = { ok: false, text: "ERR not available here" };

/** Gives directives to the engine; throws what is wrong with one. */
function configure(directives: NonNullable<StoreOptions["configuration"]>, run: Run): void {
  for (const [name, value] of Object.entries(directives)) {
    const words = Array.isArray(value) ? value : [`${value}`];
    const reply = run(["QUIRE", "CONFIGURE", name, ...words]);
    if (!(reply instanceof ReplyError)) continue;
    throw new Error(`${name} ${words.join(" ")}: ${reply.message.replace(/^ERR /, "")}`);
  }
}

/** Opens a store inside this program. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = new Store(options);
  await store.open();
  return store;
}

/**
 * A store inside the program: the engine without sockets. Commands run on an internal session and
 * are answered in the same turn, so `commandSync` exists beside `command`; while one waits for a
 * key, the others go through another session.
 */
import { Exchange } from "../../assembly/abi.js";
import { Engine, type EngineOptions, type Link } from "./engine.js";
import { Aggregate, type RawReply, ReplyError, Status, Verbatim } from "./protocol/resp.js";
import { Sessions } from "./sessions.js";
import { type Sent, StoreLines } from "./store-lines.js";
import { Ticker } from "./ticker.js";

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
  /** Milliseconds since 1970; Date.now when left out. Tests set it. */
  now?: () => number;
  /** Bulk strings are given as bytes, not as text. */
  bytes?: boolean;
  onLog?: (level: number, text: string) => void;
}

export class Store {
  readonly engine: Engine;
  readonly #sessions: Sessions;
  readonly #lines: StoreLines;
  readonly #ticker: Ticker;
  readonly #bytes: boolean;
  #closed = false;

  constructor(options: StoreOptions) {
    const now = options.now ?? Date.now;
    this.#bytes = options.bytes ?? false;
    this.engine = Engine.create(options.module, options);
    this.engine.setFact(Exchange.START_TIME_MS, now());
    this.#sessions = new Sessions(this.engine, {
      now,
      defer: (run) => void setTimeout(run, 0),
      later: (run, delayMs) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      onTrap: (trap) => this.#lines.closeAll(trap),
      ...(options.onLog && { onLog: options.onLog }),
    });
    this.#lines = new StoreLines(this.#sessions);
    this.#ticker = new Ticker(this.#sessions, {
      now,
      clock: () => performance.now(),
      defer: (run) => void setTimeout(run, 0),
      every: (run, periodMs) => {
        const timer: unknown = setInterval(run, periodMs);
        (timer as { unref?: () => void }).unref?.();
        return () => clearInterval(timer as number);
      },
    });
    this.#ticker.start();
  }

  /** Runs a command; an error reply rejects. */
  async command(...args: Argument[]): Promise<Reply> {
    return this.#settle(await new Promise<RawReply>((resolve) => this.#send([{ args, resolve }])));
  }

  /** Runs a command that answers at once; an error reply throws. */
  commandSync(...args: Argument[]): Reply {
    let answered: RawReply | undefined;
    this.#send([{ args, resolve: (reply) => (answered = reply) }]);
    if (answered === undefined) {
      this.#lines.abandon();
      throw new Error(`${args[0]} does not answer at once: use command`);
    }
    return this.#settle(answered);
  }

  /** Runs several commands in one engine call; error replies are among the answers. */
  async pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    const sent: Sent[] = [];
    const replies = commands.map(
      (args) => new Promise<RawReply>((resolve) => void sent.push({ args, resolve })),
    );
    this.#send(sent);
    return (await Promise.all(replies)).map((reply) => this.#convert(reply));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticker.stop();
    this.#lines.closeAll(new Error("the store is closed"));
  }

  #send(commands: readonly Sent[]): void {
    const { trap } = this.engine;
    if (!this.#closed && trap === undefined) {
      this.#lines.send(commands);
      return;
    }
    const error = new ReplyError(`ERR ${trap?.message ?? "the store is closed"}`);
    for (const { resolve } of commands) resolve(error);
  }

  #settle(raw: RawReply): Reply {
    if (raw instanceof ReplyError) throw raw;
    return this.#convert(raw);
  }

  #convert(raw: RawReply): Reply {
    if (raw === null || typeof raw !== "object") return raw;
    if (raw instanceof Uint8Array) return this.#bytes ? raw : new TextDecoder().decode(raw);
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

/** Opens a store inside this program. */
export async function openStore(options: StoreOptions): Promise<Store> {
  return new Store(options);
}

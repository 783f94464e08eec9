/**
 * A store inside the program: the engine without sockets. One internal session; commands are
 * answered in the same turn, so `commandSync` exists beside `command`.
 */
import { Exchange, SessionFlag } from "../../assembly/abi.js";
import { Engine, type EngineOptions, type Link } from "./engine.js";
import { LocalTransport } from "./internal.js";
import { ReplyDecoder } from "./protocol/decoder.js";
import {
  Aggregate,
  encodeRequest,
  type RawReply,
  ReplyError,
  Status,
  Verbatim,
} from "./protocol/resp.js";
import type { Session } from "./session.js";
import { Sessions } from "./sessions.js";
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

interface Waiting {
  resolve: (reply: RawReply) => void;
}

export class Store {
  readonly engine: Engine;
  readonly #sessions: Sessions;
  readonly #session: Session;
  readonly #ticker: Ticker;
  readonly #waiting: Waiting[] = [];
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
      onTrap: (trap) => this.#rejectAll(new ReplyError(`ERR ${trap.message}`)),
      ...(options.onLog && { onLog: options.onLog }),
    });
    const decoder = new ReplyDecoder((reply) => this.#waiting.shift()?.resolve(reply));
    const transport = new LocalTransport(
      "local:0",
      (bytes) => decoder.push(bytes),
      () => this.#rejectAll(this.engine.trap ?? new ReplyError("ERR the store is closed")),
    );
    const session = this.#sessions.open(transport, SessionFlag.INTERNAL);
    if (session === undefined) throw new Error("the engine refuses a session");
    this.#session = session;
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
    return this.#settle(await this.#send(args));
  }

  /** Runs a command that answers at once; an error reply throws. */
  commandSync(...args: Argument[]): Reply {
    let answered: RawReply | undefined;
    this.#enqueue(args, (reply) => {
      answered = reply;
    });
    if (answered === undefined) throw new Error(`${args[0]} does not answer at once: use command`);
    return this.#settle(answered);
  }

  /** Runs several commands in one engine call; error replies are among the answers. */
  async pipeline(commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
    const replies = commands.map(
      () =>
        new Promise<RawReply>((resolve) => {
          this.#waiting.push({ resolve });
        }),
    );
    this.#receive(commands.map((args) => encodeRequest(args)));
    return (await Promise.all(replies)).map((reply) => this.#convert(reply));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ticker.stop();
    this.#sessions.close(this.#session);
  }

  #send(args: readonly Argument[]): Promise<RawReply> {
    return new Promise((resolve) => this.#enqueue(args, resolve));
  }

  #enqueue(args: readonly Argument[], resolve: (reply: RawReply) => void): void {
    this.#waiting.push({ resolve });
    this.#receive([encodeRequest(args)]);
  }

  #receive(requests: readonly Uint8Array[]): void {
    if (this.#closed || this.engine.trap !== undefined) {
      this.#rejectAll(this.engine.trap ?? new ReplyError("ERR the store is closed"));
      return;
    }
    this.#sessions.receive(this.#session, joinBytes(requests));
  }

  #rejectAll(reason: Error): void {
    const error = reason instanceof ReplyError ? reason : new ReplyError(`ERR ${reason.message}`);
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(error);
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

function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Opens a store inside this program. */
export async function openStore(options: StoreOptions): Promise<Store> {
  return new Store(options);
}

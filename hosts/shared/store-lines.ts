/**
 * The sessions of a store inside a program. Commands go to the one in service; while that one waits
 * for a key (BLPOP and the like) the next command gets another, with the same database and
 * protocol, so that the program can push what it waits for. The one that waited is closed after its
 * last reply.
 */
import { SessionFlag } from "../../assembly/abi.js";
import { LocalTransport } from "./internal.js";
import { ReplyDecoder } from "./protocol/decoder.js";
import { encodeRequest, type RawReply, ReplyError, Status } from "./protocol/resp.js";
import type { Session } from "./session.js";
import type { Sessions } from "./sessions.js";

type Resolve = (reply: RawReply) => void;

/** One command: what it is, and who gets its reply. */
export interface Sent {
  args: readonly (string | number | Uint8Array)[];
  resolve: Resolve;
}

interface Line {
  session: Session;
  sent: Sent[];
}

export class StoreLines {
  readonly #sessions: Sessions;
  readonly #flags: number;
  readonly #lines = new Set<Line>();
  #current: Line | undefined;
  #database: string | number = 0;
  #protocol: string | number = 2;

  /** `flags` of the sessions beside INTERNAL. */
  constructor(sessions: Sessions, flags: number) {
    this.#sessions = sessions;
    this.#flags = SessionFlag.INTERNAL | flags;
    this.#current = this.#open();
  }

  /** Sends commands in one piece. */
  send(commands: readonly Sent[]): void {
    const bytes = joinBytes(commands.map(({ args }) => encodeRequest(args)));
    const line = this.#lineInService();
    line.sent.push(...commands);
    this.#sessions.receive(line.session, bytes);
  }

  /** Gives up on commands that wait for a key. */
  abandon(): void {
    const line = this.#current;
    if (line === undefined || !this.#waits(line)) return;
    this.#current = undefined;
    line.sent.length = 0;
    this.#close(line);
  }

  closeAll(reason: Error): void {
    for (const line of [...this.#lines]) {
      this.#reject(line, reason);
      this.#close(line);
    }
  }

  #waits(line: Line): boolean {
    return line.session.waiting && !this.#sessions.frozen;
  }

  #lineInService(): Line {
    if (this.#current === undefined || this.#waits(this.#current)) {
      this.#current = this.#open();
      if (`${this.#protocol}` !== "2") this.#prepare(this.#current, ["HELLO", this.#protocol]);
      if (`${this.#database}` !== "0") this.#prepare(this.#current, ["SELECT", this.#database]);
    }
    return this.#current;
  }

  #prepare(line: Line, args: Sent["args"]): void {
    line.sent.push({ args, resolve: () => {} });
    this.#sessions.receive(line.session, encodeRequest(args));
  }

  #open(): Line {
    const decoder = new ReplyDecoder((reply) => this.#replied(line, reply));
    const transport = new LocalTransport(
      "local:0",
      (bytes) => decoder.push(bytes),
      () => this.#closed(line),
    );
    const session = this.#sessions.open(transport, this.#flags);
    if (session === undefined) throw new Error("the engine refuses a session");
    session.isGated = true;
    const line: Line = { session, sent: [] };
    this.#lines.add(line);
    return line;
  }

  #replied(line: Line, reply: RawReply): void {
    const sent = line.sent.shift();
    if (sent === undefined) return;
    this.#follow(sent.args, reply);
    sent.resolve(reply);
    if (line !== this.#current && line.sent.length === 0) queueMicrotask(() => this.#close(line));
  }

  /** Keeps in mind what a session in service after this one must know. */
  #follow(args: Sent["args"], reply: RawReply): void {
    if (reply instanceof ReplyError) return;
    const name = typeof args[0] === "string" ? args[0].toUpperCase() : "";
    const value = args[1] instanceof Uint8Array ? new TextDecoder().decode(args[1]) : args[1];
    if (name === "SELECT" && reply instanceof Status) this.#database = value ?? 0;
    if (name === "HELLO") this.#protocol = value ?? this.#protocol;
    if (name === "RESET") {
      this.#database = 0;
      this.#protocol = 2;
    }
  }

  #close(line: Line): void {
    this.#lines.delete(line);
    this.#sessions.close(line.session);
  }

  #closed(line: Line): void {
    const { trap } = this.#sessions.engine;
    this.#lines.delete(line);
    if (this.#current === line) this.#current = undefined;
    this.#reject(line, trap ?? new Error("the store is closed"));
  }

  #reject(line: Line, reason: Error): void {
    const error = new ReplyError(`ERR ${reason.message}`);
    for (const { resolve } of line.sent.splice(0)) resolve(error);
  }
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

/** Runs several commands at once on a session of the host's own, and answers all their replies. */
import { SessionFlag } from "../../../assembly/abi.js";
import { LocalTransport } from "../internal.js";
import { ReplyDecoder } from "../protocol/decoder.js";
import { encodeRequest, type RawReply } from "../protocol/resp.js";
import type { Session } from "../session.js";
import type { Sessions } from "../sessions.js";

export type Command = readonly (string | Uint8Array)[];

export class Pipeline {
  readonly #sessions: Sessions;
  readonly #session: Session;
  #replies: RawReply[] = [];

  /** Nothing expires or changes for being looked at, when `flags` say REPLAY. */
  constructor(sessions: Sessions, flags: number = SessionFlag.INTERNAL) {
    this.#sessions = sessions;
    const decoder = new ReplyDecoder((reply) => this.#replies.push(reply));
    const transport = new LocalTransport(
      "internal:0",
      (bytes) => decoder.push(bytes),
      () => {},
    );
    const session = sessions.open(transport, flags);
    if (session === undefined) throw new Error("the engine refuses its host's session");
    this.#session = session;
  }

  run(commands: readonly Command[]): RawReply[] {
    this.#replies = [];
    this.#sessions.receive(this.#session, joined(commands.map(encodeRequest)));
    const { trap } = this.#sessions.engine;
    if (trap !== undefined) throw trap;
    if (this.#replies.length !== commands.length)
      throw new Error("a command did not answer at once");
    return this.#replies;
  }

  one(...command: Command): RawReply {
    return this.run([command])[0] as RawReply;
  }

  close(): void {
    this.#sessions.close(this.#session);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The value of a parameter, by CONFIG GET; empty when there is none of that name. */
export function parameterOf(pipeline: Pipeline, name: string): string {
  const reply = pipeline.one("CONFIG", "GET", name);
  const value = Array.isArray(reply) ? reply[1] : undefined;
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
}

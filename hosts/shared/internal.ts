/** The host's own session: runs a command at once and reads its reply. */
import { SessionFlag } from "../../assembly/abi.js";
import { ReplyDecoder } from "./protocol/decoder.js";
import { encodeRequest, type RawReply } from "./protocol/resp.js";
import type { Session } from "./session.js";
import type { Sessions } from "./sessions.js";
import type { Transport } from "./transport.js";

/** A transport whose other side is in the same program. */
export class LocalTransport implements Transport {
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly unsentBytes = 0;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #onClose: () => void;

  constructor(name: string, onBytes: (bytes: Uint8Array) => void, onClose: () => void) {
    this.peerAddress = name;
    this.localAddress = name;
    this.#onBytes = onBytes;
    this.#onClose = onClose;
  }

  write(bytes: Uint8Array): boolean {
    this.#onBytes(bytes);
    return true;
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.#onClose();
  }

  destroy(): void {
    this.#onClose();
  }
}

/** Sends a command to the engine and answers its reply. */
export type Run = (parts: readonly (string | Uint8Array)[]) => RawReply;

/** Runs commands on a session of the host's own. */
export function runInternally<Result>(sessions: Sessions, work: (run: Run) => Result): Result {
  const internal = new InternalSession(sessions);
  try {
    return work((parts) => internal.run(parts));
  } finally {
    internal.close();
  }
}

export class InternalSession {
  readonly #sessions: Sessions;
  readonly #session: Session;
  readonly #replies: RawReply[] = [];

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
    const decoder = new ReplyDecoder((reply) => this.#replies.push(reply));
    const transport = new LocalTransport(
      "internal:0",
      (bytes) => decoder.push(bytes),
      () => {},
    );
    const session = sessions.open(transport, SessionFlag.INTERNAL);
    if (session === undefined) throw new Error("the engine refuses its host's session");
    this.#session = session;
  }

  /** Runs a command that answers at once. */
  run(parts: readonly (string | Uint8Array)[]): RawReply {
    this.#replies.length = 0;
    this.#sessions.receive(this.#session, encodeRequest(parts));
    const { trap } = this.#sessions.engine;
    if (trap !== undefined) throw trap;
    if (this.#replies.length !== 1) throw new Error(`${parts[0]} did not answer at once`);
    return this.#replies[0] as RawReply;
  }

  close(): void {
    this.#sessions.close(this.#session);
  }
}

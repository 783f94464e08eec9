/**
 * Sends commands of a file into the engine on a session of the host's own, many at a time, and
 * tells which of them was refused.
 */
import { LocalTransport } from "../internal.js";
import type { Session } from "../session.js";
import type { Sessions } from "../sessions.js";

const LINE_FEED = 10;
const MINUS = 45;

export class CommandFeed {
  /** Replies so far. */
  answered = 0;
  /** The first error: which reply it was (from 0), and its text. */
  error: { index: number; text: string } | undefined;
  readonly #sessions: Sessions;
  readonly #session: Session;
  #line = "";
  #atStart = true;
  #isError = false;

  constructor(sessions: Sessions, flags: number) {
    this.#sessions = sessions;
    const transport = new LocalTransport(
      "import:0",
      (bytes) => this.#read(bytes),
      () => {},
    );
    const session = sessions.open(transport, flags);
    if (session === undefined) throw new Error("the engine refuses its host's session");
    this.#session = session;
  }

  /** Runs the commands in these bytes; the last one may go on in the next bytes. */
  send(bytes: Uint8Array): void {
    this.#sessions.receive(this.#session, bytes);
    const { trap } = this.#sessions.engine;
    if (trap !== undefined) throw trap;
  }

  close(): void {
    this.#sessions.close(this.#session);
  }

  /** Counts replies of one line. */
  #read(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#atStart) {
        this.#isError = byte === MINUS && this.error === undefined;
        this.#atStart = false;
      } else if (byte === LINE_FEED) {
        if (this.#isError) this.error = { index: this.answered, text: this.#line.trimEnd() };
        this.answered++;
        this.#atStart = true;
      } else if (this.#isError) this.#line += String.fromCharCode(byte);
    }
  }
}

/**
 * Runs the commands of an append-only file of Redis as a replay, in which nothing expires.
 */
import { SessionFlag } from "../../../assembly/abi.js";
import { LocalTransport } from "../internal.js";
import { ReplyDecoder } from "../protocol/decoder.js";
import { type RawReply, ReplyError } from "../protocol/resp.js";
import type { Session } from "../session.js";
import type { Sessions } from "../sessions.js";
import { type AofCommand, AofWalker } from "./aof-walker.js";
import { FileError, type FileSource } from "./cursor.js";
import { quoteKey } from "./walker.js";

const COMMANDS_PER_LOOK = 64;
const PIECE_BYTES = 256 * 1024;

export interface AofOptions {
  /** Commands that are refused are left out and counted, instead of an error. */
  skipUnknown: boolean;
  /** A torn end is left out instead of an error: the file is the last one. */
  allowTorn: boolean;
  /** Where the commands begin: behind what the file begins with as RDB. */
  offset: number;
}

export class AofLoader {
  readonly walker: AofWalker;
  /** Commands left out: those of functions, and refused ones. */
  functions = 0;
  leftOut = 0;
  /** Bytes of a torn end, and what is wrong with it. */
  tornBytes = 0;
  tornReason = "";
  readonly #source: FileSource;
  readonly #sessions: Sessions;
  readonly #session: Session;
  readonly #options: AofOptions;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #reply: RawReply | undefined;

  constructor(source: FileSource, sessions: Sessions, options: AofOptions) {
    this.#source = source;
    this.#sessions = sessions;
    this.#options = options;
    this.walker = new AofWalker(source, options.offset);
    const decoder = new ReplyDecoder((reply) => {
      this.#reply = reply;
    });
    const transport = new LocalTransport(
      "import:0",
      (bytes) => decoder.push(bytes),
      () => {},
    );
    const session = sessions.open(transport, SessionFlag.INTERNAL | SessionFlag.REPLAY);
    if (session === undefined) throw new Error("the engine refuses its host's session");
    this.#session = session;
  }

  get progress(): number {
    return this.walker.file.offset / this.#source.bytes;
  }

  /** Runs on while `goOn` says so; true when the file is at its end. */
  step(goOn: () => boolean): boolean {
    do {
      for (let i = 0; i < COMMANDS_PER_LOOK; i++) {
        const command = this.#next();
        if (command === undefined) return true;
        this.#run(command);
      }
    } while (goOn());
    return false;
  }

  close(): void {
    this.#sessions.close(this.#session);
  }

  #next(): AofCommand | undefined {
    try {
      return this.walker.next();
    } catch (cause) {
      if (!(cause instanceof FileError) || !this.#isTorn(cause)) throw cause;
      this.tornBytes = this.#source.bytes - this.walker.wholeBytes;
      this.tornReason = cause.reason;
      return undefined;
    }
  }

  /** Only what the end of the file cuts off is torn; anything else is damage. */
  #isTorn({ reason }: FileError): boolean {
    return this.#options.allowTorn && reason.startsWith("the file ends");
  }

  #run(command: AofCommand): void {
    if (command.name === "function") {
      this.functions++;
      return;
    }
    this.#send(command);
    const { trap } = this.#sessions.engine;
    if (trap !== undefined) throw trap;
    const reply = this.#reply;
    this.#reply = undefined;
    if (reply instanceof ReplyError) this.#refused(command, reply.message);
    else if (reply === undefined) this.#refused(command, "it does not answer at once");
  }

  #refused({ name, key, start }: AofCommand, message: string): void {
    if (this.#options.skipUnknown && !message.startsWith("OOM")) {
      this.leftOut++;
      return;
    }
    const help = message.startsWith("OOM") ? "" : "; --import-skip leaves such commands out";
    const { file } = this.walker;
    file.fail(`${name.toUpperCase()} of key ${quoteKey(key)} is refused: ${message}${help}`, start);
  }

  #send({ start, end, bytes }: AofCommand): void {
    if (bytes !== undefined) {
      this.#sessions.receive(this.#session, bytes);
      return;
    }
    for (let at = start; at < end; ) {
      const wanted = this.#piece.subarray(0, Math.min(PIECE_BYTES, end - at));
      const read = this.#source.read(at, wanted);
      if (read <= 0) throw new Error(`${this.#source.name} became shorter while it was read`);
      this.#sessions.receive(this.#session, wanted.subarray(0, read));
      at += read;
    }
  }
}

/**
 * Replays runs of a log into an engine: bytes of the file go to a replaying session as they are.
 * It yields to the loop between slices, so that clients are answered meanwhile.
 */
import { SessionFlag } from "../../../assembly/abi.js";
import { ReplyDecoder } from "../protocol/decoder.js";
import { ReplyError } from "../protocol/resp.js";
import type { Sessions } from "../sessions.js";
import type { Transport } from "../transport.js";
import type { LogReader, Run } from "./log-reader.js";

const CHUNK_BYTES = 64 * 1024;
const SLICE_MS = 10;
const MINUS = 0x2d;

export interface ReplayOptions {
  sessions: Sessions;
  /** Milliseconds that only move forward. */
  clock: () => number;
  /** Runs a function in the next turn of the loop. */
  defer: (run: () => void) => void;
  onProgress: (bytes: number) => void;
}

/** Replays all that a log gives out; throws when the engine refuses a part of it. */
export async function replayLog(reader: LogReader, options: ReplayOptions): Promise<void> {
  const { sessions, clock, defer, onProgress } = options;
  const replies = new ReplayTransport();
  const session = sessions.open(replies, SessionFlag.REPLAY | SessionFlag.INTERNAL);
  if (session === undefined) throw new Error("the engine has no memory for a replay");
  const chunk = new Uint8Array(CHUNK_BYTES);
  let sliceEnd = clock() + SLICE_MS;
  for await (const run of reader.runs()) {
    for (let at = run.from; at < run.to; at += chunk.length) {
      const bytes = run.file.read(at, chunk.subarray(0, Math.min(chunk.length, run.to - at)));
      sessions.receive(session, chunk, bytes);
      if (replies.refusal !== undefined || session.closed)
        throw refused(run, at, sessions, replies);
      onProgress(bytes);
      if (clock() < sliceEnd) continue;
      await new Promise<void>((resolve) => defer(resolve));
      sliceEnd = clock() + SLICE_MS;
    }
  }
  sessions.close(session);
}

function refused(run: Run, at: number, sessions: Sessions, replies: ReplayTransport): Error {
  const { trap } = sessions.engine;
  const command = trap === undefined ? "" : ` (the command was ${trap.command})`;
  const reason = trap?.message ?? replies.refusal ?? "the engine ended the session";
  const where = `${run.file.name}, after offset ${at}`;
  return new Error(`The log cannot be replayed: ${where}: ${reason}${command}`, { cause: trap });
}

/** Takes the replies of a replay; an error among them is one that must stop it. */
class ReplayTransport implements Transport {
  readonly peerAddress = "replay:0";
  readonly localAddress = "replay:0";
  readonly unsentBytes = 0;
  refusal: string | undefined;

  write(bytes: Uint8Array): boolean {
    // A reply with a minus in it is rare: only then it is worth a closer look.
    if (bytes.indexOf(MINUS) >= 0) this.#look(bytes);
    return true;
  }

  #look(bytes: Uint8Array): void {
    const decoder = new ReplyDecoder((reply) => {
      if (reply instanceof ReplyError) this.refusal ??= reply.message;
    });
    decoder.push(bytes);
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
  destroy(): void {}
}

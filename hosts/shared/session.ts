/** One connection as the host sees it: a transport, kept input, output that waits. */
import { SessionFlag } from "../../assembly/abi.js";
import { OutputQueue } from "./gate.js";
import type { Transport } from "./transport.js";

/** Above this much unsent output a session is not read from; below the half it is again. */
export const UNSENT_HIGH_BYTES = 1024 * 1024;
/** Input that a waiting session may keep before its transport is paused. */
const KEPT_INPUT_BYTES = 1024 * 1024;

export class Session {
  readonly id: number;
  readonly transport: Transport;
  /** Its traffic is part of the statistics. */
  readonly counts: boolean;
  /** Its output waits for the log. */
  isGated: boolean;
  /** The engine waits for something; input is kept meanwhile. */
  waiting = false;
  /** Close once the output of the running call has been sent. */
  closing = false;
  closed = false;
  /** Its unsent output passed what the host holds: no more of it is taken. */
  givenUp = false;
  /** It listens to channels: other limits hold for its output. */
  isSubscriber = false;
  /** The transport was paused: too much kept input, or too much unsent output. */
  paused = false;
  /** When bytes last came in, or the last output left; for the idle timeout. */
  lastActiveMs: number;
  /** Since when more than the soft limit is unsent; 0 = it is not. */
  softSinceMs = 0;
  /** Unsent bytes that the engine was last told of. */
  toldUnsentBytes = 0;
  /** Output made outside the session's own calls, until the turn ends. */
  readonly gathered: Uint8Array[] = [];
  gatheredBytes = 0;
  /** Output that waits for the log. */
  readonly queue = new OutputQueue();
  #kept: Uint8Array[] = [];
  keptBytes = 0;

  constructor(id: number, transport: Transport, flags: number, nowMs: number) {
    this.id = id;
    this.transport = transport;
    this.counts = (flags & SessionFlag.INTERNAL) === 0;
    this.isGated = this.counts;
    this.lastActiveMs = nowMs;
  }

  /** Bytes of output that the host still holds. */
  get unsentBytes(): number {
    return this.transport.unsentBytes + this.queue.bytes + this.gatheredBytes;
  }

  /** Keeps a copy of input for later; `slice` of a Node Buffer would be a view of it. */
  keep(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#kept.push(new Uint8Array(chunk));
    this.keptBytes += chunk.length;
  }

  /** Takes the oldest kept chunk. */
  takeKept(): Uint8Array | undefined {
    const chunk = this.#kept.shift();
    if (chunk !== undefined) this.keptBytes -= chunk.length;
    return chunk;
  }

  /** Puts back the unread end of a chunk that `takeKept` gave. */
  putBack(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#kept.unshift(new Uint8Array(chunk));
    this.keptBytes += chunk.length;
  }

  /** Pauses or resumes reading by how much the session holds. */
  adjustFlow(): void {
    if (this.closed) return;
    const unsent = this.unsentBytes;
    const isFull = unsent > UNSENT_HIGH_BYTES || this.keptBytes > KEPT_INPUT_BYTES;
    if (isFull && !this.paused) {
      this.paused = true;
      this.transport.pause();
    } else if (this.paused && unsent <= UNSENT_HIGH_BYTES / 2 && this.keptBytes === 0) {
      this.paused = false;
      this.transport.resume();
    }
  }

  gather(bytes: Uint8Array): void {
    this.gathered.push(bytes);
    this.gatheredBytes += bytes.length;
  }

  /** Takes the gathered output. */
  takeParts(): Uint8Array[] {
    this.gatheredBytes = 0;
    return this.gathered.splice(0);
  }

  /** Takes the gathered output, joined. */
  takeGathered(): Uint8Array {
    const bytes = this.gatheredBytes;
    const parts = this.takeParts();
    if (parts.length === 1) return parts[0] as Uint8Array;
    const joined = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}

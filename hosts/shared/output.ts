/**
 * The buffer in which the output of the running call is gathered, so that it leaves in one write.
 *
 * When the transport has sent everything at once (the usual case) the same bytes are used again;
 * otherwise they are lent to the transport for good and the next output goes behind them, or into
 * a fresh buffer. So nothing is copied twice and nothing lent is ever overwritten. Output that has
 * to wait for the log is taken, and given back when it has left.
 */
import { copyBytes } from "./copy.js";
import type { Transport } from "./transport.js";

const SLAB_BYTES = 256 * 1024;
/** With less room than this behind lent bytes a fresh buffer starts. */
const SMALLEST_ROOM_BYTES = 16 * 1024;

export class OutputSlab {
  readonly #allocate: (bytes: number) => Uint8Array;
  #buffer: Uint8Array;
  #start = 0;
  #end = 0;
  /** Parts of the buffer that are to be given back. */
  #taken = 0;
  /** Whether a part of it was lent for good. */
  #isLent = false;

  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
    this.#buffer = allocate(SLAB_BYTES);
  }

  /** Adds bytes; whenever the buffer is full `onFull` takes what is in it. */
  append(source: Uint8Array, address: number, bytes: number, onFull: () => void): void {
    let at = address;
    let rest = bytes;
    while (rest > 0) {
      let room = this.#buffer.length - this.#end;
      if (room === 0) {
        onFull();
        room = this.#buffer.length - this.#end;
      }
      const part = Math.min(rest, room);
      copyBytes(source, at, this.#buffer, this.#end, part);
      this.#end += part;
      at += part;
      rest -= part;
    }
  }

  /** Sends what was gathered; answers how many bytes that was. */
  send(transport: Transport): number {
    const bytes = this.#end - this.#start;
    if (bytes === 0) return 0;
    if (transport.write(this.#buffer.subarray(this.#start, this.#end))) this.#end = this.#start;
    else this.#lend(true);
    return bytes;
  }

  /** Whether anything is gathered. */
  get isEmpty(): boolean {
    return this.#end === this.#start;
  }

  /** Lends what was gathered, to be sent later; `giveBack` ends that. */
  take(): Uint8Array {
    const taken = this.#buffer.subarray(this.#start, this.#end);
    this.#taken++;
    this.#lend(false);
    return taken;
  }

  /** Something that was taken has left; not `whole` when a transport still refers to it. */
  giveBack(taken: Uint8Array, whole: boolean): void {
    if (taken.buffer !== this.#buffer.buffer) return;
    this.#taken--;
    if (!whole) this.#isLent = true;
    if (this.#taken > 0 || this.#isLent || this.#end > this.#start) return;
    this.#start = 0;
    this.#end = 0;
  }

  /** What was gathered stays where it is: for good, or until it is given back. */
  #lend(forGood: boolean): void {
    if (forGood) this.#isLent = true;
    this.#start = this.#end;
    if (this.#buffer.length - this.#end >= SMALLEST_ROOM_BYTES) return;
    this.#buffer = this.#allocate(SLAB_BYTES);
    this.#start = 0;
    this.#end = 0;
    this.#taken = 0;
    this.#isLent = false;
  }

  /** Forgets what was gathered. */
  drop(): void {
    this.#end = this.#start;
  }
}

/**
 * The buffer in which the output of the running call is gathered, so that it leaves in one write.
 *
 * When the transport has sent everything at once (the usual case) the same bytes are used again;
 * otherwise they are lent to the transport for good and the next output goes behind them, or into
 * a fresh buffer. So nothing is copied twice and nothing lent is ever overwritten.
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

  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
    this.#buffer = allocate(SLAB_BYTES);
  }

  /** Adds bytes; whenever the buffer is full it is sent. */
  append(source: Uint8Array, address: number, bytes: number, transport: Transport): void {
    let at = address;
    let rest = bytes;
    while (rest > 0) {
      let room = this.#buffer.length - this.#end;
      if (room === 0) {
        this.send(transport);
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
    if (transport.write(this.#buffer.subarray(this.#start, this.#end))) {
      this.#end = this.#start;
    } else if (this.#buffer.length - this.#end < SMALLEST_ROOM_BYTES) {
      this.#buffer = this.#allocate(SLAB_BYTES);
      this.#start = 0;
      this.#end = 0;
    } else {
      this.#start = this.#end;
    }
    return bytes;
  }

  /** Forgets what was gathered. */
  drop(): void {
    this.#end = this.#start;
  }
}

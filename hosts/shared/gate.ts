/**
 * The gate of the replies: output made by a call carries the position that the call reached, and
 * leaves when the log has reached it. Without a log the gate is open and nothing is held.
 */
export interface Gate {
  /** True while every position may leave at once. */
  readonly open: boolean;
  /** Whether output that carries this position may leave. */
  passes(position: number): boolean;
}

export const OPEN_GATE: Gate = { open: true, passes: () => true };

interface HeldOutput {
  position: number;
  bytes: Uint8Array;
}

/** Output of one session that waits for its position, in order. */
export class OutputQueue {
  #held: HeldOutput[] = [];
  bytes = 0;

  hold(position: number, bytes: Uint8Array): void {
    this.#held.push({ position, bytes });
    this.bytes += bytes.length;
  }

  /** Hands over what may leave now, in order. */
  release(gate: Gate, send: (bytes: Uint8Array) => void): void {
    let count = 0;
    for (const { position } of this.#held) {
      if (!gate.passes(position)) break;
      count++;
    }
    if (count > 0) this.#handOver(this.#held.splice(0, count), send);
  }

  /** Forgets everything; `forget` learns of each part. */
  drop(forget: (bytes: Uint8Array) => void): void {
    this.#handOver(this.#held.splice(0), forget);
  }

  #handOver(leaving: readonly HeldOutput[], take: (bytes: Uint8Array) => void): void {
    for (const { bytes } of leaving) {
      this.bytes -= bytes.length;
      take(bytes);
    }
  }
}

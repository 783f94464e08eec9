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

/** Output of one session that waits, in order: positions[i] belongs to parts[i]. */
export class OutputQueue {
  readonly #positions: number[] = [];
  readonly #parts: Uint8Array[] = [];
  bytes = 0;

  hold(position: number, bytes: Uint8Array): void {
    this.#positions.push(position);
    this.#parts.push(bytes);
    this.bytes += bytes.length;
  }

  /** Hands over what may leave now, in order. */
  release(gate: Gate, send: (bytes: Uint8Array) => void): void {
    const positions = this.#positions;
    // Positions only grow: when the last one passes, which is nearly always, all do.
    let count = positions.length;
    while (count > 0 && !gate.passes(positions[count - 1] as number)) count--;
    if (count > 0) this.#handOver(count, send);
  }

  /** Forgets everything; `forget` learns of each part. */
  drop(forget: (bytes: Uint8Array) => void): void {
    if (this.#parts.length > 0) this.#handOver(this.#parts.length, forget);
  }

  #handOver(count: number, take: (bytes: Uint8Array) => void): void {
    if (count === 1 && this.#parts.length === 1) {
      const part = this.#parts.pop() as Uint8Array;
      this.#positions.pop();
      this.bytes = 0;
      take(part);
      return;
    }
    this.#positions.splice(0, count);
    for (const part of this.#parts.splice(0, count)) {
      this.bytes -= part.length;
      take(part);
    }
  }
}

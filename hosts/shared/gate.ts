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

  /** Takes what may leave now, joined; undefined when nothing may. */
  take(gate: Gate): Uint8Array | undefined {
    let count = 0;
    let bytes = 0;
    for (const held of this.#held) {
      if (!gate.passes(held.position)) break;
      bytes += held.bytes.length;
      count++;
    }
    if (count === 0) return undefined;
    const leaving = this.#held.splice(0, count);
    this.bytes -= bytes;
    const first = leaving[0] as HeldOutput;
    if (count === 1) return first.bytes;
    const joined = new Uint8Array(bytes);
    let at = 0;
    for (const held of leaving) {
      joined.set(held.bytes, at);
      at += held.bytes.length;
    }
    return joined;
  }
}

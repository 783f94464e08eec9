/** The gate of a server that keeps a log: output leaves when the log has reached its position. */
import type { Gate } from "../gate.js";

export class LogGate implements Gate {
  /** True while there is no log that output would have to wait for. */
  open = true;
  /** Output up to this position leaves. */
  reached = 0;

  passes(position: number): boolean {
    return this.open || position <= this.reached;
  }
}

// Where Redis 7.4, which holds, and redis-server 7.0.15, which is compared with, answer differently.
export interface Difference {
  /** The command line. */
  command: string;
  /** What 7.0.15 answers. */
  reply70: string;
  /** What 7.4 and Quire answer. */
  ours: string;
  /** Where the difference is documented. */
  source: string;
}

export const differences: Difference[] = [];

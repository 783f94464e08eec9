// Where Redis 7.4, which holds, and redis-server 7.0.15, which is compared with, answer
// differently.
export interface Difference {
  /** The command line, split at spaces. */
  command: string;
  /** Commands that run before it on a fresh data set. */
  before?: string[];
  /** Commands that run after it, where it would disturb others. */
  after?: string[];
  /** 3 when the replies are those of RESP3. */
  protocol?: 2 | 3;
  /** Raw reply of 7.0.15 without the last line end; "..." at its end stands for any rest. */
  reply70: string;
  /** Raw reply of 7.4 and Quire, written the same way. */
  ours: string;
  /** Where the difference is documented. */
  source: string;
}

export const differences: Difference[] = [
  {
    command: "scan -1",
    reply70: "*2\r\n$1\r\n0\r\n*0",
    ours: "-ERR invalid cursor",
    source: "7.4 reads cursors with string2ull (src/util.c), which refuses negative numbers",
  },
];

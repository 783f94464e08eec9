// One comparison script: commands that run one after another on a fresh data set, here and in
// redis-server.
export interface Script {
  name: string;
  /** A line is split at spaces; a list gives the arguments as they are (latin1). */
  commands: (string | string[])[];
  /** Array replies are compared as sets. */
  unordered?: boolean;
  /** Redis version that knows the commands; newer ones than the oracle are passed over. */
  from?: string;
}

// Server commands, compared with redis-server reply by reply. What the two do not share (memory,
// times, ids) is tested in test/commands/server*.test.ts; parameters that the host applies are only
// given values that are refused.
import type { Script } from "../../support/script";

const LONG = "x".repeat(300);

/** Values that some kind of parameter accepts, refuses or brings into another form. */
const VALUES = [
  ...["", "yes", "no", "YES", "abc", "local", "a b", LONG],
  ...["0", "1", "-1", "5", "100", "101", "70000", "5000000000", "01", "+1", "1.5", "1e3"],
  ...["1048575", "1048576", "2147483647", "2147483648", "4294967296"],
  ...["9223372036854775807", "9223372036854775808", "99999999999999999999"],
  ...["10mb", "1k", "1KB", "2g", "1GB", "10xb", "mb", "50%", "101%", "-1%", "0%"],
];

/** Sets a parameter to each value, looks at it each time, and puts its default back. */
function parameter(name: string, initial: string, values: string[] = VALUES): Script {
  return {
    name: `CONFIG SET ${name}`,
    commands: [
      ...values.flatMap((value) => [
        ["config", "set", name, value],
        ["config", "get", name],
      ]),
      ["config", "set", name, initial],
      ["config", "get", name],
    ],
  };
}

const flags = ["activerehashing", "latency-tracking", "lazyfree-lazy-user-del", "dynamic-hz"];
const numbers: [string, string][] = [
  ["hz", "10"],
  ["lfu-log-factor", "10"],
  ["maxmemory-samples", "5"],
  ["active-expire-effort", "1"],
  ["list-max-listpack-size", "-2"],
  ["slowlog-log-slower-than", "10000"],
  ["latency-monitor-threshold", "0"],
  ["hash-max-listpack-entries", "512"],
  ["repl-backlog-size", "1048576"],
  ["proto-max-bulk-len", "536870912"],
  ["client-query-buffer-limit", "1073741824"],
  ["hll-sparse-max-bytes", "3000"],
  ["active-defrag-ignore-bytes", "104857600"],
];

const LIMITS = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";

const special: Script[] = [
  parameter(
    "maxmemory",
    "0",
    VALUES.filter((value) => value !== "1"),
  ),
  parameter("maxmemory-policy", "noeviction", ["allkeys-lru", "ALLKEYS-LFU", "lru", ""]),
  parameter("appendfsync", "everysec", ["always", "NO", "sometimes"]),
  parameter("save", "", [
    ...["3600 1", "3600 1 300", "0 1", "1 0", "1 -1", "60 1000 60 1000", "x 1", "1 x"],
    ...[" 3600 1", "3600 1 ", "3600  1", ""],
  ]),
  parameter("notify-keyspace-events", "", [
    ...[
      "KEA",
      "Kg$lshzxetdmnE",
      "gxKE",
      "Q",
      "AKE",
      "An",
      "Am",
      "K",
      "E",
      "A",
      "gg",
      "n",
      "m",
      "Kx",
    ],
    ...["g$lshzxetd", "ng", ""],
  ]),
  parameter("latency-tracking-info-percentiles", "50 99 99.9", [
    ...["99", "99 98.5 100", "50 101", "50 x", "-1", "0 0 0", "", "1.50", "99.999", " 50"],
  ]),
  parameter("oom-score-adj-values", "0 200 800", [
    ...["100 200 300", "-2000 0 2000", "300 200 100", "-3000 0 0", "1 2", "1 2 3 4", "a b c"],
  ]),
  parameter("shutdown-on-sigint", "default", [
    ...["save", "nosave now", "save nosave", "now force nosave", "default", "foo", "SAVE"],
  ]),
  {
    name: "CONFIG SET values that the host is never asked about",
    commands: [
      ...["0", "5000000000", "abc", ""].map((value) => ["config", "set", "maxclients", value]),
      ...["-1", "70000", "abc"].map((value) => ["config", "set", "port", value]),
      ...["-1", "2147483648"].map((value) => ["config", "set", "timeout", value]),
      ["config", "set", "loglevel", "loud"],
      ["config", "set", "protected-mode", "maybe"],
      ...[
        "normal 1 2",
        "foo 1 2 3",
        "master 1 2 3",
        "normal -1 2 3",
        "normal 1 2 -3",
        "normal 1 2 x",
      ].map((value) => ["config", "set", "client-output-buffer-limit", value]),
      ["config", "set", "client-output-buffer-limit", `${LIMITS} `],
      "config get client-output-buffer-limit",
    ],
  },
  {
    name: "CONFIG SET is all or nothing",
    unordered: true,
    commands: [
      "config get",
      "config get nosuch",
      "config get hz HZ hz",
      "config get HZ",
      "config set",
      "config set hz",
      "config set hz 10 timeout",
      "config set nosuch 1",
      "config set NoSuch 1",
      "config set databases 5",
      "config set databases 5 nosuch 1",
      "config set nosuch 1 databases 5",
      "config set dir /tmp",
      "config set dbfilename x",
      "config set hz 11 hz 12",
      "config set hz 11 HZ 12",
      "config set hz 11 nosuch 1",
      "config set hz 11 lfu-log-factor abc",
      "config get hz lfu-log-factor",
      "config set lfu-log-factor abc hz 11",
      "config set hz 11 lfu-log-factor 7",
      "config get lfu-log-factor",
      "config get hz",
      "config set hz 10 lfu-log-factor 10",
      "config set hash-max-ziplist-entries 5 hash-max-listpack-entries 6",
      "config get hash-max-listpack-entries",
      "config get hash-max-ziplist-entries",
      "config set hash-max-listpack-entries 512",
      "config set unixsocket x",
      "config set slaveof x",
      "config foo",
      "config",
      "config resetstat",
      "config resetstat x",
      "config rewrite x",
      "config help x",
    ],
  },
  {
    name: "CONFIG GET of patterns",
    unordered: true,
    commands: ["config get hash-max-ziplist-*", "config get lfu-*", "config get zset*ziplist*"],
  },
];

export const scripts: Script[] = [
  ...flags.map((name) => parameter(name, name.startsWith("lazyfree") ? "no" : "yes")),
  ...numbers.map(([name, initial]) => parameter(name, initial)),
  ...special,
  {
    name: "INFO sections that are empty or constant",
    commands: [
      "info nosuch",
      "info modules",
      "info MODULE_LIST",
      "info cluster nosuch",
      "info keyspace",
    ],
  },
  {
    name: "MEMORY USAGE and what it refuses",
    commands: [
      "memory",
      "memory foo",
      "memory usage",
      "memory usage nokey",
      "memory usage nokey samples 0",
      "memory usage nokey samples -1",
      "memory usage nokey samples x",
      "memory usage nokey samples",
      "memory usage nokey foo 1",
      "memory usage nokey samples 1 samples 2",
      "memory purge",
      "memory purge x",
      "memory stats x",
      "memory doctor x",
      "memory malloc-stats x",
    ],
  },
  {
    name: "SHUTDOWN refuses",
    commands: [
      "shutdown foo",
      "shutdown save nosave",
      "shutdown nosave save now",
      "shutdown abort now",
      "shutdown abort abort",
      "shutdown abort",
      "shutdown ABORT",
    ],
  },
  {
    name: "DEBUG",
    commands: [
      "debug",
      "debug nosuch",
      ...["sleep", "object", "digest x", "populate", "populate 1 a 3 4", "protocol"].map(
        (words) => `debug ${words}`,
      ),
      ...["sleep abc", "sleep 0", "set-active-expire 1", "pause-cron 0"].map(
        (words) => `debug ${words}`,
      ),
      ...["object nokey", "htstats x", "htstats 99", "htstats-key nokey"].map(
        (words) => `debug ${words}`,
      ),
      ...["populate x", "populate -1", "populate 1 a x", "populate 1 a -5"].map(
        (words) => `debug ${words}`,
      ),
      ...["replybuffer peak-reset-time never", "replybuffer peak-reset-time x"].map(
        (words) => `debug ${words}`,
      ),
      ...["replybuffer resizing 1", "replybuffer foo 1"].map((words) => `debug ${words}`),
      ["debug", "error", "MINE of\r\ntwo lines"],
      ["debug", "error", "x"],
      "debug error",
      "debug log hello",
      "set s value",
      "debug htstats-key s",
    ],
  },
  {
    name: "DEBUG PROTOCOL",
    commands: [
      ...["string", "integer", "double", "bignum", "null", "array", "set", "map"],
      ...["attrib", "verbatim", "true", "false", "nosuch"],
    ].map((type) => `debug protocol ${type}`),
  },
  {
    name: "DEBUG DIGEST and DIGEST-VALUE",
    commands: [
      "debug digest",
      "set a 1",
      "set b two",
      ["set", "c", LONG],
      ["set", "d", "\0\r\n"],
      ["set", "", ""],
      "debug digest",
      "expire a 1000",
      "debug digest",
      "persist a",
      "debug digest",
      "select 3",
      "set a 1",
      "append b 12",
      "debug digest",
      "debug digest-value a b nokey",
      "select 0",
      "debug digest-value a b c d nokey",
      "del b",
      "debug digest",
      "debug populate 50",
      "debug populate 60 p 3",
      "debug populate 10 q 300",
      "debug populate 70",
      "dbsize",
      "get p:7",
      "get q:7",
      "debug digest",
    ],
  },
];

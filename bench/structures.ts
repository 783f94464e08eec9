// Server processor time per command on data structures, both servers pipelined at 16. Data are laid
// down once on each server; redis-benchmark draws the random parts.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fill, settledSeconds } from "./load.js";
import type { Server } from "./servers.js";
import { median, printTable } from "./table.js";

const run = promisify(execFile);
const PIPELINE = 16;

interface Case {
  name: string;
  words: string[];
  /** What the random part of the words is drawn from; default: as many as there are elements. */
  range?: number;
  requests: number;
  /** Most that Quire may take, as a share of what redis-server takes. */
  reach: number;
}

interface Group {
  /** Lays down what the cases work on. */
  prepare: (server: Server, size: number) => Promise<void>;
  /** Elements; a quick run takes a tenth. */
  size: number;
  cases: Case[];
}

const digits = (number: number) => String(number).padStart(12, "0");

const words = (text: string) => text.split(" ");
const RANDOM = "__rand_int__";

const GROUPS: Group[] = [
  {
    size: 1_000_000,
    prepare: (server, size) =>
      fill(server, size, (index) => [
        ...["ZADD", "board", String((index * 7919) % size), `player:${digits(index)}`],
      ]),
    cases: [
      {
        name: "ZADD",
        words: words(`ZADD board ${RANDOM} player:${RANDOM}`),
        requests: 400_000,
        reach: 0.8,
      },
      {
        name: "ZINCRBY",
        words: words(`ZINCRBY board 1 player:${RANDOM}`),
        requests: 400_000,
        reach: 0.8,
      },
      {
        name: "ZRANK",
        words: words(`ZRANK board player:${RANDOM}`),
        requests: 400_000,
        reach: 0.8,
      },
      { name: "ZRANGE 0 9", words: words("ZRANGE board 0 9"), requests: 400_000, reach: 0.8 },
      {
        name: "ZRANGEBYSCORE LIMIT 10",
        words: words(`ZRANGEBYSCORE board ${RANDOM} +inf LIMIT 0 10`),
        requests: 400_000,
        reach: 0.8,
      },
    ],
  },
  {
    size: 100_000,
    prepare: async (server, size) => {
      await fill(server, size, (index) => ["RPUSH", "list", `item:${digits(index)}`]);
      await fill(server, size, (index) => ["SADD", "set", `member:${digits(index)}`]);
      await fill(server, size, (index) => ["HSET", "hash", `field:${digits(index)}`, "value"]);
    },
    cases: [
      { name: "LPUSH", words: words(`LPUSH list item:${RANDOM}`), requests: 800_000, reach: 0.8 },
      { name: "RPOP", words: words("RPOP list"), requests: 800_000, reach: 0.8 },
      { name: "LRANGE 0 99", words: words("LRANGE list 0 99"), requests: 100_000, reach: 0.7 },
      { name: "SADD", words: words(`SADD set member:${RANDOM}`), requests: 800_000, reach: 0.8 },
      {
        name: "SISMEMBER",
        words: words(`SISMEMBER set member:${RANDOM}`),
        requests: 800_000,
        reach: 0.8,
      },
      {
        name: "HSET",
        words: words(`HSET hash field:${RANDOM} value`),
        requests: 800_000,
        reach: 0.8,
      },
      { name: "HGET", words: words(`HGET hash field:${RANDOM}`), requests: 800_000, reach: 0.8 },
    ],
  },
  {
    size: 50,
    prepare: (server, size) =>
      fill(server, size, (index) => ["HSET", "fields", `field:${index}`, `value:${index}`]),
    cases: [
      {
        name: "HGETALL of 50 fields",
        words: words("HGETALL fields"),
        requests: 100_000,
        reach: 0.7,
      },
    ],
  },
  {
    size: 100_000,
    prepare: async (server, size) => {
      await fill(server, size, (index) => ["SADD", "first", `member:${digits(index)}`]);
      await fill(server, size, (index) => ["SADD", "second", `member:${digits(index * 100)}`]);
    },
    cases: [
      { name: "SINTER of two sets", words: words("SINTER first second"), requests: 200, reach: 1 },
    ],
  },
  {
    size: 1 << 20,
    prepare: async (server, size) => {
      await server.ask("SETBIT", "bits", String(size * 8 - 1), "1");
      await fill(server, 10_000, (index) => [
        ...["SETBIT", "bits", String((index * 7_919_017) % (size * 8)), "1"],
      ]);
    },
    cases: [
      { name: "BITCOUNT of 1 MiB", words: words("BITCOUNT bits"), requests: 10_000, reach: 1 },
    ],
  },
  {
    size: 100_000,
    prepare: (server, size) =>
      fill(server, size, (index) => {
        const [x, y] = [(index * 7919) % 10_000, (index * 104_729) % 10_007];
        return ["GEOADD", "places", String(x / 1000), String(y / 1000), `place:${index}`];
      }),
    cases: [
      {
        name: "GEOSEARCH, 1,000 found",
        words: words("GEOSEARCH places FROMLONLAT 5 5 BYRADIUS 62 km"),
        requests: 1000,
        reach: 1,
      },
    ],
  },
];

/** Processor time of the server per command, microseconds. */
async function measure(server: Server, item: Case, range: number, scale: number): Promise<number> {
  const requests = Math.max(PIPELINE * 4, Math.floor(item.requests * scale));
  const before = await settledSeconds(server);
  await run("redis-benchmark", [
    ..."-h 127.0.0.1 -q -c 20".split(" "),
    ...["-p", String(server.port), "-P", String(PIPELINE)],
    ...["-n", String(requests), "-r", String(item.range ?? range), ...item.words],
  ]);
  return ((await settledSeconds(server)) - before) * (1e6 / requests);
}

async function knows(server: Server, item: Case): Promise<boolean> {
  const reply = await server.ask(item.words[0]!);
  return !reply.startsWith("-ERR unknown command");
}

export async function benchStructures(redis: Server, quire: Server, quick: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const group of GROUPS) {
    const first = group.cases[0]!;
    if (!(await knows(quire, first))) {
      rows.push([first.name, "", "", "not there yet", first.reach.toFixed(2)]);
      continue;
    }
    const size = quick && group.size >= 100_000 ? Math.floor(group.size / 10) : group.size;
    for (const server of [redis, quire]) await group.prepare(server, size);
    for (const item of group.cases) {
      if (!(await knows(quire, item))) continue;
      const times: [number[], number[]] = [[], []];
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        times[0].push(await measure(redis, item, size, quick ? 0.25 : 1));
        times[1].push(await measure(quire, item, size, quick ? 0.25 : 1));
      }
      const [theirs, ours] = [median(times[0]), median(times[1])];
      rows.push([
        ...[item.name, theirs.toFixed(2), ours.toFixed(2), (ours / theirs).toFixed(2)],
        ...[item.reach.toFixed(2), ours / theirs <= item.reach ? "yes" : "NO"],
      ]);
    }
    for (const server of [redis, quire]) await server.ask("FLUSHALL");
  }
  printTable(
    "Data structures over TCP, pipelined at 16 (server processor time, µs per command)",
    ["", "redis", "quire", "ratio", "at most", "reached"],
    rows,
  );
}

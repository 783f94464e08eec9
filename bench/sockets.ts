// Over TCP: redis-benchmark against both servers in turn. Throughput and latency depend on the load
// of the machine; processor time per command (user + system of the server process) much less.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { processorSeconds, type Server } from "./servers.js";
import { median, printTable } from "./table.js";

const run = promisify(execFile);

interface Case {
  test: string;
  pipeline: number;
  requests: number;
}

interface Result {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  processorUs: number;
}

const CASES: Case[] = [
  { test: "set", pipeline: 1, requests: 100_000 },
  { test: "get", pipeline: 1, requests: 100_000 },
  { test: "set", pipeline: 16, requests: 1_600_000 },
  { test: "get", pipeline: 16, requests: 1_600_000 },
  { test: "incr", pipeline: 16, requests: 1_600_000 },
  { test: "mset", pipeline: 16, requests: 300_000 },
  { test: "set", pipeline: 64, requests: 2_000_000 },
  { test: "get", pipeline: 64, requests: 2_000_000 },
];

async function measure(server: Server, item: Case, scale: number): Promise<Result> {
  const requests = Math.floor(item.requests * scale);
  const before = await processorSeconds(server);
  const { stdout } = await run("redis-benchmark", [
    ..."-h 127.0.0.1 --csv -r 100000 -d 11".split(" "),
    ...["-p", String(server.port), "-t", item.test],
    ...["-P", String(item.pipeline), "-n", String(requests)],
  ]);
  const used = (await processorSeconds(server)) - before;
  const fields = (stdout.trim().split("\n").at(-1) ?? "")
    .split(",")
    .map((f) => f.replace(/"/g, ""));
  return {
    requestsPerSecond: Number(fields[1]),
    p50Ms: Number(fields[4]),
    p99Ms: Number(fields[6]),
    processorUs: (used * 1e6) / requests,
  };
}

function middle(results: Result[]): Result {
  const of = (key: keyof Result) => median(results.map((result) => result[key]));
  return {
    requestsPerSecond: of("requestsPerSecond"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    processorUs: of("processorUs"),
  };
}

function row(item: Case, redis: Result, quire: Result): string[] {
  return [
    `${item.test.toUpperCase()} -P ${item.pipeline}`,
    redis.requestsPerSecond.toFixed(0),
    quire.requestsPerSecond.toFixed(0),
    (quire.requestsPerSecond / redis.requestsPerSecond).toFixed(2),
    `${redis.p50Ms.toFixed(2)}/${redis.p99Ms.toFixed(2)}`,
    `${quire.p50Ms.toFixed(2)}/${quire.p99Ms.toFixed(2)}`,
    redis.processorUs.toFixed(2),
    quire.processorUs.toFixed(2),
    (quire.processorUs / redis.processorUs).toFixed(2),
  ];
}

export async function benchSockets(redis: Server, quire: Server, quick: boolean): Promise<void> {
  const rounds = quick ? 1 : 5;
  const rows: string[][] = [];
  // What is measured is a server that has run for a while: caches filled, code compiled.
  for (const server of [redis, quire]) {
    for (const item of CASES.slice(0, 4)) await measure(server, item, 0.25);
  }
  for (const item of CASES) {
    const results: [Result[], Result[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      results[0].push(await measure(redis, item, quick ? 0.25 : 1));
      results[1].push(await measure(quire, item, quick ? 0.25 : 1));
    }
    rows.push(row(item, middle(results[0]), middle(results[1])));
  }
  printTable(
    `TCP, redis-benchmark, 50 connections (medians of ${rounds} alternating runs)`,
    [
      "",
      "redis/s",
      "quire/s",
      "ratio",
      "p50/p99 ms",
      "p50/p99 ms",
      "CPU us",
      "CPU us",
      "CPU ratio",
    ],
    rows,
  );
  console.log(
    "  to reach: -P 16 and above ratio >= 1.30, CPU ratio <= 0.80; -P 1 CPU ratio <= 1.30",
  );
}

// Both servers while they save the same keys, and how long each takes to come back with them.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyOf } from "./engine.js";
import { randomBatches } from "./persistence.js";
import { freePort, infoNumber, openServer, type Server } from "./servers.js";
import { printTable } from "./table.js";

const BATCH = 64;

interface Program {
  name: string;
  command: string;
  parameters: string[];
}

const PROGRAMS: Program[] = [
  { name: "redis-server", command: "redis-server", parameters: [] },
  {
    name: "quire",
    command: process.execPath,
    parameters: [join(process.cwd(), "dist", "quiredb.js")],
  },
];

async function start({ name, command, parameters }: Program, folder: string): Promise<Server> {
  const port = await freePort();
  const common = ["--port", `${port}`, "--save", "", "--appendonly", "no", "--dir", folder];
  const child = spawn(command, [...parameters, ...common], { stdio: "ignore" });
  return openServer(name, child, port, () => {});
}

async function fill(server: Server, keys: number): Promise<void> {
  const step = 4096;
  for (let first = 0; first < keys; first += step) {
    const count = Math.min(step, keys - first);
    let text = "";
    for (let i = first; i < first + count; i++) {
      text += `*3\r\n$3\r\nSET\r\n$16\r\n${keyOf(i)}\r\n$11\r\nabcdefghijk\r\n`;
    }
    await server.load(Buffer.from(text), count);
  }
}

/** Milliseconds of the answer to each batch while the server saves, and as many before. */
async function latencies(server: Server, batches: Buffer[], ms: number): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + ms;
  for (let at = 0; performance.now() < until; at++) {
    const batch = batches[at % batches.length] as Buffer;
    const started = performance.now();
    await server.load(batch, BATCH);
    times.push(performance.now() - started);
  }
  return times;
}

function percentile(times: number[], share: number): string {
  const sorted = [...times].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2);
}

/** Seconds until a server that was just started has its keys again. */
async function startSeconds(program: Program, folder: string, keys: number): Promise<number> {
  const started = performance.now();
  const server = await start(program, folder);
  while (!(await server.ask("DBSIZE")).startsWith(`:${keys}\r`)) {
    if (performance.now() - started > 120_000) throw new Error(`${program.name} has lost keys`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const seconds = (performance.now() - started) / 1000;
  server.stop();
  // The directory is free when the process is gone.
  await new Promise((resolve) => setTimeout(resolve, 500));
  return seconds;
}

async function measure(program: Program, keys: number, quick: boolean): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "quire-bench-"));
  try {
    const server = await start(program, folder);
    await fill(server, keys);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const batches = randomBatches(4000, keys);
    const quiet = await latencies(server, batches, 1000);
    await server.ask("BGSAVE");
    const saving: number[] = [];
    while ((await infoNumber(server, "persistence", "rdb_bgsave_in_progress")) === 1) {
      saving.push(...(await latencies(server, batches, 100)));
    }
    const forkUs = await infoNumber(server, "stats", "latest_fork_usec");
    await server.ask("SAVE");
    server.stop();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const seconds: number[] = [];
    for (let i = 0; i < (quick ? 1 : 3); i++) {
      seconds.push(await startSeconds(program, folder, keys));
    }
    const batchesASecond = (times: number[]) =>
      ((times.length * BATCH * 1e3) / times.reduce((sum, time) => sum + time, 0) / 1e6).toFixed(2);
    return [
      program.name,
      `${forkUs}`,
      percentile(quiet, 0.999),
      percentile(saving, 0.999),
      batchesASecond(quiet),
      batchesASecond(saving),
      Math.min(...seconds).toFixed(2),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchServersSaving(keys: number, quick: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const program of PROGRAMS) rows.push(await measure(program, keys, quick));
  const [redis, quire] = rows.map((row) => Number(row[6])) as [number, number];
  rows.push(["start: times faster", "", "", "", "", "", (redis / quire).toFixed(1)]);
  printTable(
    `Servers with ${keys / 1e6} M keys saving under random SETs, -P ${BATCH}; wanted: start >= 5`,
    ["", "fork us", "p99.9 ms before", "saving", "M SET/s before", "saving", "start s"],
    rows,
  );
}

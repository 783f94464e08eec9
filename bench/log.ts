// What the log costs: SETs a second by redis-benchmark, without a log, with one synced each second,
// with one synced before each reply; both servers.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, openServer, processorSeconds, type Server } from "./servers.js";
import { median, printTable } from "./table.js";

const run = promisify(execFile);

const SETTINGS = [
  { name: "no log", parameters: ["--appendonly", "no"] },
  { name: "everysec", parameters: ["--appendonly", "yes", "--appendfsync", "everysec"] },
  { name: "always", parameters: ["--appendonly", "yes", "--appendfsync", "always"] },
];

const PROGRAMS = [
  { name: "redis-server", command: "redis-server", first: [] as string[] },
  { name: "quire", command: process.execPath, first: [join("dist", "quiredb.js")] },
];

interface Result {
  perSecond: number;
  processorUs: number;
}

async function measure(server: Server, pipeline: number, requests: number): Promise<Result> {
  const before = await processorSeconds(server);
  const { stdout } = await run("redis-benchmark", [
    ..."-h 127.0.0.1 --csv -t set -c 50 -r 100000 -d 11".split(" "),
    ...["-p", `${server.port}`, "-P", `${pipeline}`, "-n", `${requests}`],
  ]);
  const used = (await processorSeconds(server)) - before;
  const perSecond = Number(stdout.trim().split("\n").at(-1)?.split(",")[1]?.replace(/"/g, ""));
  return { perSecond, processorUs: (used * 1e6) / requests };
}

async function round(
  program: (typeof PROGRAMS)[number],
  parameters: string[],
  quick: boolean,
): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), "quire-bench-"));
  const port = await freePort();
  const common = ["--port", `${port}`, "--save", "", "--dir", folder, ...parameters];
  const child = spawn(program.command, [...program.first, ...common], { stdio: "ignore" });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const server = await openServer(program.name, child, port, remove);
  // Who connects early is told that the data set is still being loaded.
  while (!(await server.ask("PING")).startsWith("+PONG"));
  const scale = quick ? 0.1 : 1;
  try {
    const one = await measure(server, 1, 100_000 * scale);
    return [one, await measure(server, 16, 1_600_000 * scale)];
  } finally {
    server.stop();
  }
}

export async function benchLog(quick: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const { name, parameters } of SETTINGS) {
    for (const program of PROGRAMS) {
      const results: Result[][] = [];
      for (let n = 0; n < (quick ? 1 : 5); n++) {
        results.push(await round(program, parameters, quick));
      }
      const middle = (which: number, of: (result: Result) => number) =>
        median(results.map((each) => of(each[which] as Result)));
      rows.push([
        name,
        program.name,
        middle(0, (result) => result.perSecond).toFixed(0),
        middle(0, (result) => result.processorUs).toFixed(2),
        middle(1, (result) => result.perSecond).toFixed(0),
        middle(1, (result) => result.processorUs).toFixed(2),
      ]);
    }
  }
  const heading = ["log", "server", "SET/s", "CPU µs", "SET/s -P 16", "CPU µs -P 16"];
  printTable("SET with a log, 50 clients", heading, rows);
}

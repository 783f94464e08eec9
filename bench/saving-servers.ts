// Both servers over TCP while they save the same keys, and how long each takes from its start to
// the first PONG with them: from an image here, from an RDB there.
//
// The load is like that of redis-benchmark: a few connections, each with 64 random SETs on the way.
// Starts take turns, so that both meet the same machine.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyOf } from "./engine.js";
import { randomBatches } from "./persistence.js";
import {
  commandsOver,
  connected,
  freePort,
  infoNumber,
  openServer,
  type Server,
} from "./servers.js";
import { median, printTable } from "./table.js";

const BATCH = 64;
const CONNECTIONS = 4;
const ROUNDS = 5;
const WINDOW_MS = 1000;
const RETRY_MS = 2;
const LONGEST_START_MS = 120_000;

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

function spawned({ command, parameters }: Program, folder: string, port: number): ChildProcess {
  const common = ["--port", `${port}`, "--save", "", "--appendonly", "no", "--dir", folder];
  return spawn(command, [...parameters, ...common], { stdio: "ignore" });
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

/** What the clients of a load saw. */
interface Load {
  /** Milliseconds of each batch of each connection. */
  ms: number[];
  setsASecond: number;
}

/** Several connections, each of which sends a batch when the one before is answered. */
class Clients {
  readonly #lanes: Pick<Server, "load">[];
  readonly #batches: Buffer[];
  #next = 0;

  private constructor(lanes: Pick<Server, "load">[], batches: Buffer[]) {
    this.#lanes = lanes;
    this.#batches = batches;
  }

  static async open(port: number, batches: Buffer[]): Promise<Clients> {
    const sockets = Array.from({ length: CONNECTIONS }, () => connected(port, Date.now() + 5000));
    return new Clients((await Promise.all(sockets)).map(commandsOver), batches);
  }

  /** Loads the server until `isOver`, and for a second at least. */
  async run(isOver: () => boolean): Promise<Load> {
    const ms: number[] = [];
    const begin = performance.now();
    const lane = async ({ load }: Pick<Server, "load">) => {
      while (!isOver() || performance.now() - begin < WINDOW_MS) {
        const batch = this.#batches[this.#next++ % this.#batches.length] as Buffer;
        const started = performance.now();
        await load(batch, BATCH);
        ms.push(performance.now() - started);
      }
    };
    await Promise.all(this.#lanes.map(lane));
    const seconds = (performance.now() - begin) / 1000;
    return { ms, setsASecond: (ms.length * BATCH) / seconds };
  }
}

function percentile(times: number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

interface Saving {
  forkUs: number;
  before: Load;
  during: Load;
}

/** One background save under load. */
async function saveUnderLoad(server: Server, clients: Clients): Promise<Saving> {
  const before = await clients.run(() => true);
  await server.ask("BGSAVE");
  let isSaving = true;
  const watching = (async () => {
    while ((await infoNumber(server, "persistence", "rdb_bgsave_in_progress")) === 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    isSaving = false;
  })();
  const during = await clients.run(() => !isSaving);
  await watching;
  const forkUs = await infoNumber(server, "stats", "latest_fork_usec");
  return { forkUs, before, during };
}

/** Fills a server, saves it several times under load, and leaves its keys in the folder. */
async function measureSaves(
  program: Program,
  folder: string,
  keys: number,
  rounds: number,
): Promise<string[]> {
  const port = await freePort();
  const child = spawned(program, folder, port);
  const server = await openServer(program.name, child, port, () => {});
  // Who takes connections need not be done with loading nothing.
  while (!(await server.ask("PING")).startsWith("+PONG"));
  await fill(server, keys);
  const size = await server.ask("DBSIZE");
  if (!size.startsWith(`:${keys}\r`)) throw new Error(`${program.name} has ${size} keys`);
  const clients = await Clients.open(port, randomBatches(4000, keys));
  const saves: Saving[] = [];
  for (let round = 0; round < rounds; round++) saves.push(await saveUnderLoad(server, clients));
  await server.ask("SAVE");
  await stopped(child, server);
  const middle = (of: (save: Saving) => number) => median(saves.map(of));
  return [
    program.name,
    middle(({ forkUs }) => forkUs).toFixed(0),
    middle(({ before }) => percentile(before.ms, 0.999)).toFixed(2),
    middle(({ during }) => percentile(during.ms, 0.999)).toFixed(2),
    middle(({ before }) => before.setsASecond / 1e6).toFixed(2),
    middle(({ during }) => during.setsASecond / 1e6).toFixed(2),
    middle(({ before, during }) => during.setsASecond / before.setsASecond).toFixed(2),
  ];
}

/** The folder is free, and nothing of the process is left. */
function stopped(child: ChildProcess, server: Pick<Server, "stop">): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  server.stop();
  return gone;
}

/** Milliseconds from the start of a process to its first PONG; its keys must be there. */
async function startMs(program: Program, folder: string, keys: number): Promise<number> {
  const port = await freePort();
  const started = performance.now();
  const deadlineMs = Date.now() + LONGEST_START_MS;
  const child = spawned(program, folder, port);
  for (;;) {
    const socket = await connected(port, deadlineMs, RETRY_MS);
    socket.setNoDelay();
    const { ask } = commandsOver(socket);
    // A connection that was made while keys were loaded may be closed when they are there.
    const closed = new Promise<string>((resolve) => socket.once("close", () => resolve("")));
    let answer = "";
    do {
      if (answer !== "") await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      if (Date.now() > deadlineMs) throw new Error(`${program.name} does not start`);
      answer = await Promise.race([ask("PING"), closed]);
    } while (answer.startsWith("-LOADING"));
    if (!answer.startsWith("+PONG")) continue;
    const ms = performance.now() - started;
    const size = await ask("DBSIZE");
    if (!size.startsWith(`:${keys}\r`)) throw new Error(`${program.name} has lost keys: ${size}`);
    await stopped(child, {
      stop: () => {
        socket.destroy();
        child.kill("SIGKILL");
      },
    });
    return ms;
  }
}

export async function benchServersSaving(keys: number, quick: boolean): Promise<void> {
  const folders = PROGRAMS.map(() => mkdtempSync(join(tmpdir(), "quire-bench-")));
  try {
    const rows: string[][] = [];
    for (const [index, program] of PROGRAMS.entries()) {
      rows.push(await measureSaves(program, folders[index] as string, keys, quick ? 1 : 3));
    }
    printTable(
      `Servers with ${keys / 1e6} M keys saving under random SETs over TCP, ` +
        `${CONNECTIONS} connections, -P ${BATCH}; fork wanted <= 500 us`,
      ["", "fork us", "p99.9 ms before", "saving", "M SET/s before", "saving", "share"],
      rows,
    );
    const times: number[][] = PROGRAMS.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [index, program] of PROGRAMS.entries()) {
        times[index]?.push(await startMs(program, folders[index] as string, keys));
      }
    }
    const [redis, quire] = times.map((each) => median(each)) as [number, number];
    printTable(
      `From the start of the process to the first PONG with ${keys / 1e6} M keys, ms, ` +
        `median of ${ROUNDS}`,
      ["", "measured", "wanted"],
      [
        ["redis-server, from its RDB", redis.toFixed(0), ""],
        ["quire, from its image", quire.toFixed(0), ""],
        ["times faster", (redis / quire).toFixed(1), ">= 5"],
      ],
    );
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

// Server processor time of what is more than a command: transactions, messages to many subscribers,
// writes at the memory limit.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { promisify } from "node:util";
import { fill, settledSeconds } from "./load.js";
import type { Server } from "./servers.js";
import { infoNumber } from "./servers.js";
import { median, printTable } from "./table.js";

const run = promisify(execFile);
const PIPELINE = 16;
/** As many as redis-benchmark opens for the other sections. */
const CLIENTS = 20;
const SUBSCRIBERS = 100;
const PUBLISHERS = 4;

interface Case {
  name: string;
  /** Most that Quire may take, as a share of what redis-server takes. */
  reach: number;
  /** Runs `count` operations. */
  work: (server: Server, count: number) => Promise<void>;
  prepare?: (server: Server) => Promise<void>;
  count: number;
}

async function open(server: Server): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

/** Resolves when `socket` has received so many more bytes. */
function receive(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = bytes;
    const take = (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      socket.off("data", take);
      resolve();
    };
    socket.on("data", take);
  });
}

/** Several clients, each with a pipeline of the same text that is answered with so many bytes. */
async function pipeline(
  server: Server,
  clients: number,
  rounds: number,
  sent: string,
  bytes: number,
): Promise<void> {
  const text = Buffer.from(sent.repeat(PIPELINE));
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const socket = await open(server);
      for (let round = 0; round < rounds; round++) {
        const answered = receive(socket, bytes * PIPELINE);
        socket.write(text);
        await answered;
      }
      socket.destroy();
    }),
  );
}

const request = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
const TRANSACTION = [["MULTI"], ["SET", "key", "value"], ["GET", "key"], ["EXEC"]]
  .map((words) => request(...words))
  .join("");
const TRANSACTION_REPLY = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$5\r\nvalue\r\n";
const MESSAGE = "*3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$16\r\n0123456789abcdef\r\n";

/** Publishes `count` messages that every subscriber receives. */
async function publish(server: Server, count: number): Promise<void> {
  const subscribers = await Promise.all(Array.from({ length: SUBSCRIBERS }, () => open(server)));
  for (const each of subscribers) {
    each.write("SUBSCRIBE room\r\n");
    await receive(each, "*3\r\n$9\r\nsubscribe\r\n$4\r\nroom\r\n:1\r\n".length);
  }
  const rounds = Math.ceil(count / PUBLISHERS / PIPELINE);
  const total = rounds * PUBLISHERS * PIPELINE;
  const heard = subscribers.map((each) => receive(each, MESSAGE.length * total));
  const publication = request("PUBLISH", "room", "0123456789abcdef");
  await pipeline(server, PUBLISHERS, rounds, publication, `:${SUBSCRIBERS}\r\n`.length);
  await Promise.all(heard);
  for (const each of subscribers) each.destroy();
}

const benchmark = (...words: string[]) =>
  async function work(server: Server, count: number): Promise<void> {
    const fixed = `-h 127.0.0.1 -q -c 20 -p ${server.port} -P ${PIPELINE} -n ${count}`;
    await run("redis-benchmark", [...fixed.split(" "), "-r", "1000000", ...words]);
  };

const CASES: Case[] = [
  {
    name: "MULTI SET GET EXEC",
    reach: 0.9,
    count: 100_000,
    work: (server, count) =>
      pipeline(
        server,
        CLIENTS,
        Math.ceil(count / CLIENTS / PIPELINE),
        TRANSACTION,
        TRANSACTION_REPLY.length,
      ),
  },
  { name: "PUBLISH to 100 subscribers", reach: 1.3, count: 20_000, work: publish },
  {
    name: "SET at maxmemory, allkeys-lru",
    reach: 1,
    count: 400_000,
    prepare: async (server) => {
      await fill(server, 200_000, (index) => ["SET", `key:${index}`, "0123456789abcdef"]);
      const used = await infoNumber(server, "memory", "used_memory");
      await server.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      await server.ask("CONFIG", "SET", "maxmemory", String(used));
    },
    work: benchmark("SET", "key:__rand_int__", "0123456789abcdef"),
  },
];

export async function benchSemantics(redis: Server, quire: Server, quick: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const item of CASES) {
    const times: [number[], number[]] = [[], []];
    for (const server of [redis, quire]) await item.prepare?.(server);
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const [index, server] of [redis, quire].entries()) {
        const count = quick ? Math.ceil(item.count / 4) : item.count;
        const before = await settledSeconds(server);
        await item.work(server, count);
        const seconds = (await settledSeconds(server)) - before;
        times[index]?.push((seconds * 1e6) / count);
      }
    }
    for (const server of [redis, quire]) {
      await server.ask("CONFIG", "SET", "maxmemory", "0");
      await server.ask("FLUSHALL");
    }
    const [theirs, ours] = [median(times[0]), median(times[1])];
    rows.push([
      ...[item.name, theirs.toFixed(2), ours.toFixed(2), (ours / theirs).toFixed(2)],
      ...[item.reach.toFixed(2), ours / theirs <= item.reach ? "yes" : "NO"],
    ]);
  }
  printTable(
    "Server semantics over TCP (server processor time, µs per operation)",
    ["", "redis", "quire", "ratio", "at most", "reached"],
    rows,
  );
}

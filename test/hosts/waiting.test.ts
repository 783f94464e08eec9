/** Commands that wait, over real sockets: bare connections, ioredis, node-redis. */
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type ServerProgram, startProgram, Wire } from "./support.js";

let server: ServerProgram;
/** Looks at the server and pushes. */
let control: Wire;

beforeAll(async () => {
  server = await startProgram("--port", "auto");
  control = await open();
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exit;
});
beforeEach(async () => {
  await control.ask("FLUSHALL");
});

async function open(): Promise<Wire> {
  return Wire.open({ port: server.port });
}

async function client(): Promise<Wire> {
  const wire = await open();
  onTestFinished(() => wire.close());
  return wire;
}

async function blockedClients(): Promise<number> {
  const header = await control.ask("INFO", "clients");
  const text = (await control.take(Number(header.slice(1)) + 2)).toString();
  return Number(/blocked_clients:(\d+)/.exec(text)?.[1]);
}

/** Resolves once so many clients wait. */
async function waiting(count: number): Promise<void> {
  while ((await blockedClients()) !== count);
}

async function lines(wire: Wire, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) taken.push(await wire.line());
  return taken;
}

describe("waiting over sockets", () => {
  it("serves who came first", async () => {
    const wires = [await client(), await client(), await client()];
    for (const [index, wire] of wires.entries()) {
      wire.send("BLPOP", "none", "k", 0);
      await waiting(index + 1);
    }
    expect(await control.ask("RPUSH", "k", "a", "b")).toBe(":2");
    expect(await lines(wires[0] as Wire, 5)).toEqual(["*2", "$1", "k", "$1", "a"]);
    expect(await lines(wires[1] as Wire, 5)).toEqual(["*2", "$1", "k", "$1", "b"]);
    await waiting(1);
    expect(await control.ask("LPUSH", "none", "c")).toBe(":1");
    expect(await lines(wires[2] as Wire, 5)).toEqual(["*2", "$4", "none", "$1", "c"]);
    await waiting(0);
  });

  it("runs what was sent behind a waiting command after it", async () => {
    const wire = await client();
    wire.send("BLPOP", "k", 0);
    wire.send("SET", "after", "1");
    wire.send("BRPOP", "k", 0);
    wire.send("PING");
    await waiting(1);
    expect(await control.ask("EXISTS", "after")).toBe(":0");
    await control.ask("RPUSH", "k", "a");
    expect(await lines(wire, 6)).toEqual(["*2", "$1", "k", "$1", "a", "+OK"]);
    await waiting(1);
    wire.send("ECHO", "late");
    await control.ask("RPUSH", "k", "b");
    const rest = ["*2", "$1", "k", "$1", "b", "+PONG", "$4", "late"];
    expect(await lines(wire, rest.length)).toEqual(rest);
  });

  it("ends on time, between the beats of the server", async () => {
    const wire = await client();
    await wire.ask("PING");
    for (const seconds of [0.015, 0.033, 0.052]) {
      const start = performance.now();
      expect(await wire.ask("BLPOP", "k", seconds)).toBe("*-1");
      const tookMs = performance.now() - start;
      expect(tookMs).toBeGreaterThan(seconds * 1000 - 1.5);
    }
    expect(await wire.ask("PING")).toBe("+PONG");
  });

  it("forgets a client that has gone", async () => {
    const gone = await open();
    gone.send("BLPOP", "k", 0);
    await waiting(1);
    gone.close();
    await waiting(0);
    expect(await control.ask("RPUSH", "k", "a")).toBe(":1");
    expect(await control.ask("LLEN", "k")).toBe(":1");
  });

  it("is ended by CLIENT UNBLOCK and CLIENT KILL", async () => {
    const wire = await client();
    const id = (await wire.ask("CLIENT", "ID")).slice(1);
    for (const [reason, reply] of [
      ["TIMEOUT", "*-1"],
      ["ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"],
    ] as const) {
      wire.send("BLMOVE", "k", "j", "LEFT", "LEFT", 0);
      await waiting(1);
      expect(await control.ask("CLIENT", "UNBLOCK", id, reason)).toBe(":1");
      expect(await wire.line()).toBe(reply);
    }
    wire.send("BLPOP", "k", 0);
    await waiting(1);
    expect(await control.ask("CLIENT", "KILL", "ID", id)).toBe(":1");
    await wire.closed;
    await waiting(0);
  });

  it("closes waiting clients on SHUTDOWN", async () => {
    const other = await startProgram("--port", "auto");
    const wire = await Wire.open({ port: other.port });
    const killer = await Wire.open({ port: other.port });
    wire.send("BLPOP", "k", 1000);
    await killer.ask("PING");
    killer.send("SHUTDOWN", "NOSAVE");
    expect(await other.exit).toBe(0);
    await wire.closed;
  });
});

describe("ioredis", () => {
  it("works on a queue of jobs", async () => {
    const worker = new Redis({ port: server.port });
    const producer = new Redis({ port: server.port });
    onTestFinished(() => {
      worker.disconnect();
      producer.disconnect();
    });
    const jobs = Array.from({ length: 50 }, (_, index) => `job:${index}`);
    const produced = (async () => {
      for (const job of jobs) await producer.lpush("jobs", job);
    })();
    const done: (string | null)[] = [];
    while (done.length < jobs.length) {
      const job = await worker.brpoplpush("jobs", "running", 0);
      done.push(job);
      await worker.lrem("running", 1, job as string);
    }
    await produced;
    expect(done).toEqual(jobs);
    expect(await producer.exists("jobs", "running")).toBe(0);
    expect(await worker.brpop("jobs", 0.01)).toBeNull();
    const [popped] = await Promise.all([
      worker.bzpopmin("scores", 0),
      producer.zadd("scores", 2, "b", 1, "a"),
    ]);
    expect(popped).toEqual(["scores", "a", "1"]);
  });
});

describe.each([2, 3] as const)("node-redis with RESP%i", (RESP) => {
  it("works on a queue of jobs", async () => {
    const clients = [1, 2].map(() => createClient({ socket: { port: server.port }, RESP }));
    for (const each of clients) {
      onTestFinished(() => each.destroy());
      each.on("error", () => {});
      await each.connect();
    }
    const [worker, producer] = clients as [(typeof clients)[0], (typeof clients)[0]];
    const taken = worker.blMove("jobs", "running", "RIGHT", "LEFT", 0);
    await producer.lPush("jobs", "first");
    expect(await taken).toBe("first");
    expect(await worker.brPopLPush("running", "done", 1)).toBe("first");
    const popped = worker.blPop(["jobs", "done"], 0);
    expect(await popped).toEqual({ key: "done", element: "first" });
    expect(await worker.blPop("jobs", 0.01)).toBeNull();
    const member = worker.bzPopMax("scores", 0);
    await producer.zAdd("scores", { score: 1.5, value: "m" });
    expect(await member).toEqual({ key: "scores", value: "m", score: 1.5 });
    const several = worker.blmPop(0, ["jobs"], "LEFT", { COUNT: 2 });
    await producer.rPush("jobs", ["a", "b", "c"]);
    expect(await several).toEqual(["jobs", ["a", "b"]]);
  });
});

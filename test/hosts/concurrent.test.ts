/**
 * Many real clients over everything at once: what must hold whatever the order, and the same end
 * state as in redis-server.
 */
import { Redis } from "ioredis";
import { BasicClientSideCache, createClient } from "redis";
import { afterEach, expect, it } from "vitest";
import { hasRedisServer, RedisServer } from "../support/redis-server.js";
import { startProgram, temporaryFolder } from "./support.js";

type Target = { port: number } | { path: string };

const COUNTERS = 6;
const INCREMENTS = 60;
const JOBS = 300;
const MESSAGES = 200;
const SHORT_LIVED = 100;
const PLAYERS = 10;
const LIMIT = 25;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function openIo(target: Target): Redis {
  const client = new Redis({ ...(target as { port: number }), maxRetriesPerRequest: null });
  closers.push(() => client.disconnect());
  return client;
}

async function openNode(target: Target, RESP: 2 | 3, clientSideCache?: BasicClientSideCache) {
  const cached = clientSideCache === undefined ? {} : { clientSideCache };
  const client = createClient({ socket: target as { port: number }, RESP, ...cached });
  client.on("error", () => {});
  closers.push(() => client.destroy());
  await client.connect();
  return client;
}

/** Adds one so often with WATCH, again where somebody was faster; how often that was. */
async function countWithIo(target: Target): Promise<number> {
  const client = openIo(target);
  let retries = 0;
  for (let done = 0; done < INCREMENTS; ) {
    await client.watch("counter");
    const value = Number(await client.get("counter"));
    const result = await client
      .multi()
      .set("counter", value + 1)
      .incr("executed")
      .exec();
    if (result === null) retries++;
    else done++;
  }
  return retries;
}

async function countWithNode(target: Target, RESP: 2 | 3): Promise<number> {
  const client = await openNode(target, RESP);
  let retries = 0;
  for (let done = 0; done < INCREMENTS; ) {
    await client.watch("counter");
    const value = Number(await client.get("counter"));
    try {
      await client
        .multi()
        .set("counter", `${value + 1}`)
        .incr("executed")
        .exec();
      done++;
    } catch (error) {
      expect(String(error)).toMatch(/watched keys/i);
      retries++;
    }
  }
  return retries;
}

async function countTogether(target: Target): Promise<void> {
  const counting = Array.from({ length: COUNTERS }, (_, number) => {
    if (number % 2 === 0) return countWithIo(target);
    return countWithNode(target, number % 4 === 1 ? 2 : 3);
  });
  await Promise.all(counting);
}

/** Takes jobs until it takes an end; each is noted as done. */
async function consume(target: Target, number: number): Promise<void> {
  const taking = number === 0 ? undefined : openIo(target);
  const node = taking === undefined ? await openNode(target, 3) : undefined;
  const noting = openIo(target);
  for (;;) {
    const job = taking
      ? ((await taking.blpop("jobs", "more jobs", 0)) ?? [])[1]
      : (await node?.blPop(["jobs", "more jobs"], 0))?.element;
    if (job === "end") return;
    await noting.multi().sadd("done", `${job}`).hincrby("served", "jobs", 1).exec();
  }
}

async function workOff(target: Target): Promise<void> {
  const consumers = [0, 1, 2].map((number) => consume(target, number));
  const producers = [openIo(target), openIo(target)];
  await Promise.all(
    Array.from({ length: JOBS }, (_, job) => {
      const list = job % 3 === 0 ? "more jobs" : "jobs";
      return producers[job % 2]?.rpush(list, `job ${job}`);
    }),
  );
  for (const _ of consumers) await producers[0]?.rpush("more jobs", "end");
  await Promise.all(consumers);
}

/** Three kinds of listeners hear every message, each in order. */
async function talk(target: Target): Promise<void> {
  const lists: string[][] = [[], [], []];
  const io = openIo(target);
  io.on("message", (_channel, text) => lists[0]?.push(text));
  await io.subscribe("talk");
  for (const RESP of [2, 3] as const) {
    const node = await openNode(target, RESP);
    await node.pSubscribe("t*k", (text) => void lists[RESP - 1]?.push(text));
  }
  const publisher = openIo(target);
  const texts = Array.from({ length: MESSAGES }, (_, number) => `message ${number}`);
  const heard = await Promise.all(texts.map((text) => publisher.publish("talk", text)));
  expect(new Set(heard)).toEqual(new Set([3]));
  await expect.poll(() => lists.map((list) => list.length)).toEqual([MESSAGES, MESSAGES, MESSAGES]);
  for (const list of lists) expect(list).toEqual(texts);
}

/** A reader with a cache of its own never sees a value go back, and has the last one in the end. */
async function cache(target: Target): Promise<void> {
  const reader = await openNode(target, 3, new BasicClientSideCache());
  const writer = openIo(target);
  let last = 0;
  const writing = (async () => {
    for (let value = 1; value <= 100; value++) await writer.mset("setting", value, "other", value);
  })();
  const look = async () => {
    const value = Number(await reader.get("setting"));
    expect(value).toBeGreaterThanOrEqual(last);
    last = value;
    return value;
  };
  for (let count = 0; count < 200; count++) await look();
  await writing;
  await expect.poll(look).toBe(100);
}

/** Each key that expires is told of once. */
async function expire(target: Target): Promise<void> {
  const listener = openIo(target);
  const expired: string[] = [];
  listener.on("pmessage", (_pattern, _channel, key) => expired.push(key));
  await listener.psubscribe("__keyevent@0__:expired");
  const client = openIo(target);
  const names = Array.from({ length: SHORT_LIVED }, (_, number) => `session:${number}`);
  await Promise.all(names.map((name, number) => client.set(name, "x", "PX", 1 + number * 3)));
  await expect.poll(() => client.exists(...names), { timeout: 10_000 }).toBe(0);
  await expect.poll(() => expired.length, { timeout: 10_000 }).toBe(SHORT_LIVED);
  expect(expired.sort()).toEqual(names.sort());
}

/** A window's first LIMIT requests pass, whoever makes them. */
async function limitRate(target: Target): Promise<void> {
  const clients = [openIo(target), openIo(target), openIo(target)];
  const passed = await Promise.all(
    clients.flatMap((client) =>
      Array.from({ length: 20 }, async () => {
        const results = await client.multi().incr("window").expire("window", 100, "NX").exec();
        return Number(results?.[0]?.[1]) <= LIMIT;
      }),
    ),
  );
  expect(passed.filter((isPassed) => isPassed).length).toBe(LIMIT);
  expect(await clients[0]?.persist("window")).toBe(1);
}

/** Points from several clients, and everyone's best round. */
async function score(target: Target): Promise<void> {
  const clients = [await openNode(target, 2), await openNode(target, 3)];
  await Promise.all(
    clients.flatMap((client) =>
      Array.from({ length: 200 }, async (_, round) => {
        const value = `player:${round % PLAYERS}`;
        await client.zIncrBy("points", round, value);
        await client.zAdd("best", { score: round, value }, { comparison: "GT" });
        const rank = await client.zRevRank("points", value);
        expect(rank).toBeLessThan(PLAYERS);
      }),
    ),
  );
}

/** Holds everybody up now and then while the others work. */
async function pause(target: Target): Promise<void> {
  const admin = openIo(target);
  for (let round = 0; round < 5; round++) {
    await admin.call("CLIENT", "PAUSE", "30", round % 2 === 0 ? "WRITE" : "ALL");
    await admin.ping();
    await admin.call("CLIENT", "UNPAUSE");
  }
}

/** Everything at once, watched by a monitor; the end state. */
async function runEverything(target: Target) {
  const admin = openIo(target);
  await admin.flushall();
  await admin.config("SET", "notify-keyspace-events", "Ex");
  const monitor = await openIo(target).monitor();
  closers.push(() => monitor.disconnect());
  const shown = new Map<string, number>();
  monitor.on("monitor", (_time: string, args: string[]) => {
    const name = `${args[0]}`.toLowerCase();
    shown.set(name, (shown.get(name) ?? 0) + 1);
  });
  const work = [countTogether, workOff, talk, cache, expire, limitRate, score, pause];
  await Promise.all(work.map((run) => run(target)));
  await admin.echo("the end");
  await expect.poll(() => shown.get("echo")).toBe(1);
  expect(await admin.info("clients")).toMatch(/\nblocked_clients:0\r/);
  const names = ["publish", "zincrby", "sadd", "expire", "mset", "rpush"];
  return {
    shown: Object.fromEntries(names.map((name) => [name, shown.get(name)])),
    kept: await keptIn(target),
  };
}

async function keptIn(target: Target) {
  const client = openIo(target);
  return {
    keys: (await client.keys("*")).sort(),
    counter: await client.get("counter"),
    executed: await client.get("executed"),
    done: (await client.smembers("done")).sort(),
    served: await client.hgetall("served"),
    setting: await client.mget("setting", "other"),
    window: await client.get("window"),
    points: await client.zrange("points", "0", "-1", "WITHSCORES"),
    best: await client.zrange("best", "0", "-1", "WITHSCORES"),
  };
}

async function start(...parameters: string[]) {
  const program = await startProgram("--port", "auto", ...parameters);
  const stop = async () => {
    program.child.kill("SIGKILL");
    await program.exit;
  };
  closers.push(stop);
  return { port: program.port, stop };
}

// Once more when it fails: real clients over real ports share the machine with other suites.
it("everything at once holds, ends as in redis-server, and is kept", {
  timeout: 90_000,
  retry: 1,
}, async () => {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  const parameters = ["--dir", folder.path, "--appendfsync", "always"];
  const first = await start(...parameters);
  const end = await runEverything(first);
  const { kept } = end;
  expect(kept.counter).toBe(`${COUNTERS * INCREMENTS}`);
  expect(kept.executed).toBe(kept.counter);
  expect(kept.done).toEqual(Array.from({ length: JOBS }, (_, job) => `job ${job}`).sort());
  expect(kept.served).toEqual({ jobs: `${JOBS}` });
  expect(kept.keys.join(" ")).toBe("best counter done executed other points served setting window");
  const shown = { publish: MESSAGES, zincrby: 400, sadd: JOBS, expire: 60, mset: 100 };
  expect(end.shown).toEqual({ ...shown, rpush: JOBS + 3 });
  await first.stop();
  expect(await keptIn(await start(...parameters))).toEqual(kept);
  if (!hasRedisServer()) return;
  const redis = await RedisServer.start();
  closers.push(() => redis.stop());
  expect(end).toEqual(await runEverything({ path: redis.path }));
});

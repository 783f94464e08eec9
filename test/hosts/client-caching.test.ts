/**
 * node-redis with its client-side cache, as it is: what it has read comes from its memory until the
 * server says that it is not valid any more.
 */
import { once } from "node:events";
import { BasicClientSideCache, createClient } from "redis";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type ServerProgram, startProgram } from "./support.js";

let server: ServerProgram;
beforeAll(async () => {
  server = await startProgram("--port", "auto", "--enable-debug-command", "yes");
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exit;
});

async function open(clientSideCache?: BasicClientSideCache) {
  const options = clientSideCache === undefined ? {} : { clientSideCache };
  const client = createClient({
    ...options,
    socket: { port: server.port, reconnectStrategy: 5 },
    RESP: 3,
  });
  client.on("error", () => {});
  onTestFinished(() => client.destroy());
  await client.connect();
  return client;
}

let cache: BasicClientSideCache;
let reader: Awaited<ReturnType<typeof open>>;
let writer: Awaited<ReturnType<typeof open>>;

beforeEach(async () => {
  cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0 });
  writer = await open();
  await writer.flushAll();
  reader = await open(cache);
  await writer.configResetStat();
});

/** How often the server was asked to run a command. */
async function calls(name: string): Promise<number> {
  const info = await writer.info("commandstats");
  return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0);
}

/** Reads until the key is in the cache, then changes it; resolves when the cache has lost it. */
async function losesKey(key: string, change: () => Promise<unknown>): Promise<void> {
  await reader.get(key);
  expect(cache.size()).toBeGreaterThan(0);
  const lost = once(cache, "invalidate");
  await change();
  await lost;
}

describe("a cache in node-redis", () => {
  it("answers what was read before", async () => {
    await writer.set("a", "1");
    for (let count = 0; count < 100; count++) expect(await reader.get("a")).toBe("1");
    await writer.hSet("h", { f: "v" });
    for (let count = 0; count < 10; count++) expect(await reader.hGet("h", "f")).toBe("v");
    expect(await reader.get("none")).toBeNull();
    expect(await reader.get("none")).toBeNull();
    expect(await calls("get")).toBe(2);
    expect(await calls("hget")).toBe(1);
    expect(cache.stats().hitCount).toBe(109);
    expect(cache.stats().missCount).toBe(3);
  });

  it.each([
    ["SET", () => writer.set("a", "2"), "2"],
    ["INCR", () => writer.incr("a"), "2"],
    ["DEL", () => writer.del("a"), null],
    ["EXPIRE", () => writer.expire("a", 100), "1"],
    [
      "RENAME of another over it",
      () => writer.set("b", "3").then(() => writer.rename("b", "a")),
      "3",
    ],
    ["RENAME of it", () => writer.rename("a", "z"), null],
    ["a transaction", () => writer.multi().set("b", "1").set("a", "4").exec(), "4"],
    ["its own SET", () => reader.set("a", "5"), "5"],
    ["FLUSHDB", () => writer.flushDb(), null],
    ["FLUSHALL", () => writer.flushAll(), null],
    ["its time", () => writer.pExpire("a", 1), null],
  ])("loses a key by %s", async (_name, change, then) => {
    await writer.set("a", "1");
    await losesKey("a", change);
    await expect.poll(() => reader.get("a")).toBe(then);
  });

  it("loses a key that expires while nobody looks", async () => {
    await writer.set("a", "1", { PX: 500 });
    await losesKey("a", () => Promise.resolve());
    expect(await reader.get("a")).toBeNull();
  });

  it("loses keys that are evicted", async () => {
    await writer.set("a", "v".repeat(10_000));
    await losesKey("a", async () => {
      const used = Number(/used_memory:(\d+)/.exec(await writer.info("memory"))?.[1]);
      await writer.configSet({ "maxmemory-policy": "allkeys-random", maxmemory: `${used >> 1}` });
      await writer.set("b", "1").catch(() => {});
      await writer.configSet({ "maxmemory-policy": "noeviction", maxmemory: "0" });
    });
    expect(await reader.get("a")).toBeNull();
  });

  it("loses what the server cannot remember", async () => {
    await writer.configSet("tracking-table-max-keys", "10");
    onTestFinished(async () => void (await writer.configSet("tracking-table-max-keys", "1000000")));
    let lost = 0;
    cache.on("invalidate", () => lost++);
    for (let key = 0; key < 50; key++) await reader.get(`key:${key}`);
    await expect.poll(() => lost).toBe(40);
    expect(cache.size()).toBe(10);
  });

  it("is empty after its connection was lost", async () => {
    await writer.set("a", "1");
    expect(await reader.get("a")).toBe("1");
    const ready = new Promise<void>((resolve) => reader.once("ready", resolve));
    await writer.clientKill({ filter: "ID", id: Number(await reader.clientId()) });
    await writer.set("a", "2");
    await ready;
    expect(await reader.get("a")).toBe("2");
    await losesKey("a", () => writer.set("a", "3"));
    expect(await reader.get("a")).toBe("3");
  });

  it("stays right while many clients write", async () => {
    const writers = await Promise.all(Array.from({ length: 4 }, () => open()));
    const keys = Array.from({ length: 20 }, (_, index) => `shared:${index}`);
    const work = writers.map(async (client, number) => {
      for (let round = 0; round < 200; round++) {
        await client.incr(keys[(round * 7 + number) % keys.length] as string);
      }
    });
    let isDone = false;
    const reading = (async () => {
      const seen = new Map<string, number>();
      while (!isDone) {
        for (const key of keys) {
          const value = Number(await reader.get(key));
          expect(value).toBeGreaterThanOrEqual(seen.get(key) ?? 0);
          seen.set(key, value);
        }
        await new Promise(setImmediate);
      }
    })();
    await Promise.all(work);
    isDone = true;
    await reading;
    const values = await writer.mGet(keys);
    await expect.poll(() => Promise.all(keys.map((key) => reader.get(key)))).toEqual(values);
    expect(values.reduce((sum, value) => sum + Number(value), 0)).toBe(800);
    expect(cache.stats().hitCount).toBeGreaterThan(0);
  });
});

// How well keys are chosen for eviction: hit rates of a cache on a zipf-like workload, beside those
// of redis-server, which sees the same requests at the same time.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode, TestEngine } from "../support/engine";
import { hasRedisServer, RedisServer } from "../support/redis-server";

const KEYS = 100_000;
/** Keys that fit. */
const ROOM = 12_000;
const REQUESTS = 240_000;
const BATCH = 1000;
const VALUE = "x".repeat(200);
const MISSING = "$-1\r\n";

/** Keys drawn with a chance that falls with their rank, from a fixed seed. */
function workload(): number[] {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= KEYS; rank++) {
    sum += 1 / rank ** 0.9;
    sums.push(sum);
  }
  return Array.from({ length: REQUESTS }, () => {
    const wanted = random() * sum;
    let low = 0;
    let high = KEYS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    // Ranks are scattered over the names.
    return (low * 7919) % KEYS;
  });
}

type Send = (commands: string[][]) => Promise<string[]>;

/** A cache in front of something slow: what is missing is asked for once and kept. */
class Cache {
  hits = 0;
  constructor(readonly send: Send) {}

  async use(batch: number[]): Promise<void> {
    const replies = await this.send(batch.map((key) => ["GET", `key:${key}`]));
    const missing = batch.filter((_, index) => replies[index] === MISSING);
    this.hits += batch.length - missing.length;
    await this.send(missing.map((key) => ["SET", `key:${key}`, VALUE]));
  }

  /** Fills it to its room and makes that the limit. */
  async fill(policy: string): Promise<void> {
    await this.send([["FLUSHALL"], ["CONFIG", "SET", "maxmemory", "0"]]);
    await this.send([["CONFIG", "SET", "maxmemory-policy", policy]]);
    const keys = Array.from({ length: ROOM }, (_, i) => ["SET", `key:${KEYS + i}`, VALUE]);
    await this.send(keys);
    const [info = ""] = await this.send([["INFO", "memory"]]);
    const used = /^used_memory:(\d+)/m.exec(info)?.[1] ?? "";
    expect(await this.send([["CONFIG", "SET", "maxmemory", used]])).toEqual(["+OK\r\n"]);
  }
}

describe.skipIf(!hasRedisServer())("eviction beside redis-server", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  it.each(["allkeys-lru", "allkeys-lfu"])(
    "hits as often with %s, to a percent",
    { timeout: 120_000 },
    async (policy) => {
      const client = await server.connect();
      const theirs = new Cache(async (commands) => {
        client.send(Buffer.concat(commands.map(encode)));
        return client.replies(commands.length);
      });
      const engine = new TestEngine();
      const session = engine.open();
      const ours = new Cache(async (commands) => {
        engine.now = Date.now();
        return commands.map((words) => session.raw(encode(words)));
      });
      await theirs.fill(policy);
      await ours.fill(policy);
      const requests = workload();
      for (let at = 0; at < REQUESTS; at += BATCH) {
        const batch = requests.slice(at, at + BATCH);
        await theirs.use(batch);
        await ours.use(batch);
        engine.exports.tick(engine.now, 256);
      }
      const theirKeys = Number((await theirs.send([["DBSIZE"]]))[0]?.slice(1));
      client.close();
      const difference = (ours.hits - theirs.hits) / REQUESTS;
      console.log(
        `${policy}: hits ${(ours.hits / REQUESTS).toFixed(4)}, redis-server ` +
          `${(theirs.hits / REQUESTS).toFixed(4)}; keys ${session.ask("DBSIZE")} and ${theirKeys}`,
      );
      expect(difference).toBeGreaterThan(-0.01);
      expect(engine.exports.validate()).toBe(0);
    },
  );
});

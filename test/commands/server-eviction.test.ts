// Eviction: `maxmemory` with every policy, the memory of clients, and how well keys are chosen.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  engine.failsReserves = false; // Without memory, keys are evicted.
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

function info(section: string, field: string): number {
  const text = String(session.ask(`INFO ${section}`));
  return Number(new RegExp(`^${field}:(.*)\r$`, "m").exec(text)?.[1]);
}

/** Sets a limit that leaves room for some bytes more. */
function limit(policy: string, roomBytes: number): number {
  const bytes = info("memory", "used_memory") + roomBytes;
  expect(session.call(`CONFIG SET maxmemory-policy ${policy}`)).toBe("+OK\r\n");
  expect(session.call(`CONFIG SET maxmemory ${bytes}`)).toBe("+OK\r\n");
  return bytes;
}

const value = "x".repeat(200);

function fill(count: number, name: string, ...options: string[]): string[] {
  return Array.from({ length: count }, (_, i) =>
    session.call("SET", `${name}:${i}`, value, ...options),
  );
}

function keys(pattern: string): number {
  return (session.ask(`KEYS ${pattern}`) as string[]).length;
}

describe("CONFIG SET maxmemory-policy", () => {
  it("refuses writes with noeviction", () => {
    limit("noeviction", 100_000);
    expect(fill(2000, "k").at(-1)).toBe(
      "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    );
    expect(info("stats", "evicted_keys")).toBe(0);
    expect(session.call("DEL k:0")).toBe(":1\r\n");
  });

  it.each(["allkeys-lru", "allkeys-lfu", "allkeys-random"])(
    "keeps to the limit with %s",
    (policy) => {
      const bytes = limit(policy, 300_000);
      for (const reply of fill(10_000, "k")) expect(reply).toBe("+OK\r\n");
      expect(info("memory", "used_memory")).toBeLessThan(bytes + 5000);
      expect(info("stats", "evicted_keys")).toBe(10_000 - keys("*"));
      expect(keys("*")).toBeGreaterThan(500);
    },
  );

  it.each(["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"])(
    "takes only keys that expire with %s",
    (policy) => {
      fill(200, "stays");
      limit(policy, 300_000);
      for (const reply of fill(5000, "k", "EX", "1000")) expect(reply).toBe("+OK\r\n");
      expect(keys("stays:*")).toBe(200);
      expect(keys("k:*")).toBeLessThan(4000);
      session.call("CONFIG SET maxmemory 1");
      expect(session.call("SET a 1")).toMatch(/^(-OOM|\+OK)/);
      for (let round = 0; round < 200; round++) session.call("SET a 1");
      engine.tick();
      expect(session.call("SET a 1")).toMatch(/^-OOM/);
      expect(keys("k:*")).toBe(0);
      expect(keys("stays:*")).toBe(200);
    },
  );

  it("takes the keys that would expire first with volatile-ttl", () => {
    for (let i = 0; i < 1000; i++) session.call("SET", `k:${i}`, value, "EX", String(1000 + i));
    const bytes = info("memory", "used_memory");
    session.call("CONFIG SET maxmemory-policy volatile-ttl");
    session.call("CONFIG SET maxmemory-samples 10");
    session.call(`CONFIG SET maxmemory ${bytes - 150_000}`);
    engine.tick();
    const left = (session.ask("KEYS *") as string[]).map((key) => Number(key.slice(2)));
    expect(left.length).toBeLessThan(600);
    const mean = left.reduce((sum, each) => sum + each, 0) / left.length;
    expect(mean).toBeGreaterThan(650);
  });

  it("takes keys of every database, and renders DEL", () => {
    const other = engine.open();
    other.call("SELECT 5");
    for (let i = 0; i < 500; i++) other.call("SET", `five:${i}`, value);
    fill(500, "zero");
    engine.exports.setEffects(1);
    session.call("CONFIG SET maxmemory-policy allkeys-random");
    session.call(`CONFIG SET maxmemory ${info("memory", "used_memory") - 100_000}`);
    engine.tick();
    const effects = engine.takeEffects();
    expect(effects).toContain("$3\r\nDEL\r\n$8\r\nfive:");
    expect(effects).toContain("$3\r\nDEL\r\n$8\r\nzero:");
    expect(effects.match(/DEL/g)?.length).toBe(info("stats", "evicted_keys"));
  });

  it("takes the keys that were not used for longest with allkeys-lru", () => {
    fill(500, "old");
    engine.now += 100_000;
    fill(500, "new");
    for (let i = 0; i < 100; i++) session.call(`GET old:${i}`);
    session.call("CONFIG SET maxmemory-policy allkeys-lru");
    session.call("CONFIG SET maxmemory-samples 10");
    session.call(`CONFIG SET maxmemory ${info("memory", "used_memory") - 60_000}`);
    engine.tick();
    const evicted = info("stats", "evicted_keys");
    expect(evicted).toBeGreaterThan(150);
    expect(1000 - keys("*")).toBe(evicted);
    expect(keys("new:*")).toBeGreaterThan(490);
    expect((session.ask("KEYS old:??") as string[]).length).toBeGreaterThan(80);
  });

  it("does not evict while effects are replayed", () => {
    limit("allkeys-lru", 50_000);
    const replay = engine.open(SessionFlag.REPLAY | SessionFlag.INTERNAL);
    for (let i = 0; i < 1000; i++) replay.call("SET", `r:${i}`, value);
    expect(replay.ask("DBSIZE")).toBe(1000);
    replay.close();
  });

  it("tells watches and trackers of evicted keys", () => {
    session.call("SET", "only", value);
    const watcher = engine.open();
    watcher.raw("HELLO 3\r\nCLIENT TRACKING ON\r\nGET only\r\nWATCH only\r\n");
    engine.takeReplies(watcher.id);
    session.call("CONFIG SET maxmemory-policy allkeys-random");
    session.call("CONFIG SET maxmemory 1");
    engine.tick();
    expect(engine.takeReplies(watcher.id).toString()).toContain("invalidate");
    session.call("CONFIG SET maxmemory 0");
    expect(watcher.raw("MULTI\r\nPING\r\nEXEC\r\n")).toBe("+OK\r\n+QUEUED\r\n_\r\n");
  });

  it("frees large values in slices and goes on", () => {
    for (let i = 0; i < 20; i++) {
      session.raw(`DEBUG POPULATE 1\r\n`);
      const members = Array.from({ length: 2000 }, (_, m) => `member:${m}`);
      session.call("SADD", `set:${i}`, ...members);
    }
    limit("allkeys-lru", -500_000);
    engine.tick();
    expect(session.call("SET a 1")).toBe("+OK\r\n");
    expect(info("stats", "evicted_keys")).toBeGreaterThan(2);
  });
});

describe("CONFIG SET maxmemory-clients", () => {
  it("is looked at after each call", () => {
    session.call("CONFIG SET maxmemory-clients 100000");
    const large = engine.open();
    large.raw("MULTI\r\n");
    large.raw(`*3\r\n$3\r\nSET\r\n$1\r\na\r\n$300000\r\n${"x".repeat(300_000)}\r\n`);
    expect(engine.closed).toEqual([large.id]);
    const slow = engine.open();
    engine.exports.setUnsent(slow.id, 200_000);
    expect(engine.closed).toEqual([large.id, slow.id]);
  });

  it("ends the clients that hold the most", () => {
    const large = engine.open();
    const small = engine.open();
    large.raw("MULTI\r\n");
    large.call("SET", "a", "x".repeat(300_000));
    const kept = engine.open();
    kept.raw("CLIENT NO-EVICT ON\r\nMULTI\r\n");
    kept.call("SET", "a", "x".repeat(300_000));
    engine.takeReplies(kept.id);
    session.call("CONFIG SET maxmemory-clients 100000");
    engine.tick();
    expect(engine.closed).toEqual([large.id]);
    expect(info("stats", "evicted_clients")).toBe(1);
    expect(small.call("PING")).toBe("+PONG\r\n");
  });

  it("may be a share of maxmemory", () => {
    const large = engine.open();
    large.raw("MULTI\r\n");
    large.call("SET", "a", "x".repeat(300_000));
    session.call("CONFIG SET maxmemory-clients 1%");
    engine.tick();
    expect(engine.closed).toEqual([]);
    session.call("CONFIG SET maxmemory 10000000");
    engine.tick();
    expect(engine.closed).toEqual([large.id]);
  });
});

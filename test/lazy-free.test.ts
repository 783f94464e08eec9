// Huge values leave in slices: no call frees more than a bounded number of blocks, whatever removes
// the value, and in the end every page is back.
import { describe, expect, it } from "vitest";
import { DATA_ROOT, EXCHANGE, Exchange } from "../assembly/abi";
import { encode, TestEngine, type TestSession } from "./support/engine";

const ELEMENTS = 20_000;
/** As memory/steps.ts counts: a table's last segment or a slice of freed blocks. */
const STEPS_MAXIMUM = 700;
const TICK_STEPS = 16;
/** The allocator keeps an empty slab of some sizes. */
const SLABS_KEPT = 60;

const several = <T>(make: (n: number) => T[]) => Array.from({ length: 1000 }, (_, n) => make(n));

type Maker = (key: string, from: number) => (string | number)[];
const makers: Record<string, Maker> = {
  list: (key, from) => ["RPUSH", key, ...several((n) => [`element:${from + n}`.repeat(20)]).flat()],
  set: (key, from) => ["SADD", key, ...several((n) => [`member:${from + n}`]).flat()],
  hash: (key, from) => ["HSET", key, ...several((n) => [`f:${from + n}`, `v:${n}`]).flat()],
  "sorted set": (key, from) => ["ZADD", key, ...several((n) => [n, `m:${from + n}`]).flat()],
};

function lay(session: TestSession, kind: string, key: string): void {
  for (let from = 0; from < ELEMENTS; from += 1000) session.raw(encode(makers[kind]!(key, from)));
}

/** Makes a hash whose fields expire, all of them. */
function layTimed(session: TestSession, key: string): void {
  lay(session, "hash", key);
  const fields = Array.from({ length: ELEMENTS }, (_, n) => `f:${n}`);
  session.raw(encode(["HEXPIRE", key, 1000, "FIELDS", ELEMENTS, ...fields]));
}

function info(session: TestSession, name: string): number {
  const text = String(session.ask("INFO"));
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1]);
}

/** Bytes of all blocks of DATA, and its pages: memory/page-table.ts. */
function used(engine: TestEngine): [bytes: number, pages: number] {
  const view = engine.view();
  return [view.getUint32(DATA_ROOT + 0xc0, true), view.getUint32(DATA_ROOT + 0xc4, true)];
}

/** Runs something and answers the most steps that one call of the engine took. */
function peakOf(engine: TestEngine, run: () => void): number {
  engine.view().setUint32(EXCHANGE + Exchange.STEPS_PEAK, 0, true);
  run();
  return engine.view().getUint32(EXCHANGE + Exchange.STEPS_PEAK, true);
}

/** Ticks until nothing is left to do; answers how many ticks that took. */
function settle(engine: TestEngine): number {
  for (let ticks = 1; ; ticks++) if (!engine.exports.tick(engine.now, TICK_STEPS)) return ticks;
}

const ways: Record<string, string[]> = {
  DEL: ["DEL huge"],
  UNLINK: ["UNLINK huge"],
  SET: ["SET huge x"],
  "SET GET of another key": ["MSET huge x other y"],
  RENAME: ["SET small x", "RENAME small huge"],
  "COPY REPLACE": ["SET small x", "COPY small huge REPLACE"],
  SINTERSTORE: ["SADD small a", "SINTERSTORE huge small"],
  "SINTERSTORE, empty": ["SINTERSTORE huge nothing"],
  ZUNIONSTORE: ["ZADD small 1 a", "ZUNIONSTORE huge 1 small"],
  BITOP: ["SET small x", "BITOP NOT huge small"],
  PEXPIREAT: ["PEXPIREAT huge 1"],
  FLUSHDB: ["FLUSHDB"],
  "FLUSHALL SYNC": ["FLUSHALL SYNC"],
  "FLUSHALL ASYNC": ["FLUSHALL ASYNC"],
};

describe.each([...Object.keys(makers), "timed hash"])("a huge %s is freed in slices by", (kind) => {
  const engine = new TestEngine();
  const session = engine.open();
  session.call("SET warm up");
  session.call("INFO");

  function check(run: () => void): void {
    session.call("FLUSHALL");
    settle(engine);
    const empty = used(engine);
    const before = info(session, "lazyfreed_objects");
    if (kind === "timed hash") layTimed(session, "huge");
    else lay(session, kind, "huge");
    const full = used(engine);
    expect(full[0]).toBeGreaterThan(empty[0] + 300_000);
    expect(peakOf(engine, run)).toBeLessThan(STEPS_MAXIMUM);
    expect(info(session, "lazyfree_pending_objects")).toBeGreaterThanOrEqual(1);
    expect(used(engine)[0]).toBeGreaterThan((empty[0] + full[0]) / 2);
    expect(engine.exports.validate()).toBe(0);
    let ticks = 0;
    const peak = peakOf(engine, () => {
      ticks = settle(engine);
    });
    expect(peak).toBeLessThan(STEPS_MAXIMUM);
    expect(ticks).toBeGreaterThan(kind === "list" ? 5 : 20);
    expect(info(session, "lazyfree_pending_objects")).toBe(0);
    expect(info(session, "lazyfreed_objects")).toBeGreaterThan(before);
    session.call("FLUSHALL");
    settle(engine);
    expect(used(engine)[0]).toBe(empty[0]);
    expect(used(engine)[1]).toBeLessThanOrEqual(empty[1] + SLABS_KEPT);
    expect(engine.exports.validate()).toBe(0);
  }

  it.each(Object.keys(ways))("%s", (way) => {
    check(() => {
      for (const line of ways[way]!) session.call(line);
    });
  });
  it("expiry on access", () => {
    check(() => {
      session.call("PEXPIRE huge 10");
      engine.now += 20;
      expect(session.ask("EXISTS huge")).toBe(0);
    });
  });
  it("active expiry", () => {
    check(() => {
      session.call("PEXPIRE huge 10");
      engine.now += 20;
      engine.exports.tick(engine.now, 1);
    });
  });
  it.each(["yes", "no"])("DEL, lazyfree-lazy-user-del %s", (value) => {
    session.call(`CONFIG SET lazyfree-lazy-user-del ${value}`);
    check(() => session.call("DEL huge"));
  });
});

describe("FLUSHALL", () => {
  it("frees keys, their values and the expiry index in slices", () => {
    const engine = new TestEngine();
    const session = engine.open();
    const empty = used(engine);
    for (let n = 0; n < 20_000; n++) session.raw(encode(["SET", `key:${n}`, "value", "EX", 100]));
    for (let n = 0; n < 20; n++) lay(session, "sorted set", `set:${n % 2}`);
    for (let n = 0; n < 500; n++) session.raw(encode(makers.set!(`small:${n}`, 0).slice(0, 62)));
    expect(peakOf(engine, () => session.call("FLUSHALL"))).toBeLessThan(STEPS_MAXIMUM);
    expect(info(session, "lazyfree_pending_objects")).toBeGreaterThan(20_000);
    expect(peakOf(engine, () => settle(engine))).toBeLessThan(STEPS_MAXIMUM);
    expect(info(session, "lazyfreed_objects")).toBe(20_502);
    expect(info(session, "lazyfree_pending_objects")).toBe(0);
    expect(used(engine)[0]).toBe(empty[0]);
    expect(used(engine)[1]).toBeLessThanOrEqual(empty[1] + SLABS_KEPT);
    expect(engine.exports.validate()).toBe(0);
  });
});

describe("a snapshot over", () => {
  it.each(["set", "hash", "sorted set"])("the table of a %s catches up on ticks", (kind) => {
    const marking = (engine: TestEngine, on: number) =>
      engine.view().setUint32(EXCHANGE + Exchange.MARKING, on, true);
    const bytesWith = (isSnapshot: boolean) => {
      const engine = new TestEngine();
      const session = engine.open();
      for (let n = 0; n < 500; n++) session.raw(encode(["SET", `key:${n}`, "value"]));
      marking(engine, Number(isSnapshot));
      lay(session, kind, "huge");
      const during = used(engine)[0];
      expect(engine.exports.tick(engine.now, 1000)).toBe(0);
      marking(engine, 0);
      if (isSnapshot) expect(used(engine)[0]).toBe(during);
      expect(peakOf(engine, () => settle(engine))).toBeLessThan(STEPS_MAXIMUM);
      expect(engine.exports.validate()).toBe(0);
      return [during, used(engine)[0]];
    };
    const [during, after] = bytesWith(true);
    const [, without] = bytesWith(false);
    expect(during).not.toBe(without);
    expect(after).toBe(without);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { arity } from "../support/replies";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  engine.exports.setEffects(1);
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const effect = (...words: string[]) => encode(words).toString("latin1");

/** Fills database 0 with `count` keys, a third of them with expiry. */
function fill(count: number): void {
  const lines: Buffer[] = [];
  for (let n = 0; n < count; n++) {
    lines.push(encode(n % 3 ? ["SET", `key:${n}`, n] : ["SET", `key:${n}`, n, "EX", 1000]));
  }
  session.raw(Buffer.concat(lines));
  engine.takeEffects();
}

describe("DBSIZE", () => {
  it("counts the keys of the selected database", () => {
    expect(session.call("DBSIZE")).toBe(":0\r\n");
    fill(10);
    expect(session.call("DBSIZE")).toBe(":10\r\n");
    session.call("SELECT 1");
    expect(session.call("DBSIZE")).toBe(":0\r\n");
    expect(session.call("DBSIZE x")).toBe(arity("dbsize"));
  });
});

describe("FLUSHDB", () => {
  it.each(["FLUSHDB", "FLUSHDB ASYNC", "flushdb sync"])("%s empties one database", (line) => {
    fill(3000);
    session.call("SELECT 1");
    session.call("SET stays 1");
    session.call("SELECT 0");
    engine.takeEffects();
    expect(session.call(line)).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe(effect("SELECT", "0") + effect(...line.split(" ")));
    expect(session.call("DBSIZE")).toBe(":0\r\n");
    expect(session.call("GET key:1")).toBe("$-1\r\n");
    expect(session.call("SET key:1 again")).toBe("+OK\r\n");
    expect(engine.exports.validate()).toBe(0);
    engine.tick();
    expect(session.ask("GET key:1")).toBe("again");
    session.call("SELECT 1");
    expect(session.call("DBSIZE")).toBe(":1\r\n");
  });

  it("of an empty database is an effect too", () => {
    expect(session.call("FLUSHDB")).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe(effect("SELECT", "0") + effect("FLUSHDB"));
  });

  it("refuses other words", () => {
    session.call("SET a 1");
    expect(session.call("FLUSHDB NOW")).toBe("-ERR syntax error\r\n");
    expect(session.call("FLUSHDB ASYNC SYNC")).toBe("-ERR syntax error\r\n");
    expect(session.call("DBSIZE")).toBe(":1\r\n");
  });
});

describe("FLUSHALL", () => {
  it.each(["FLUSHALL", "FLUSHALL ASYNC", "flushall sync"])("%s empties every database", (line) => {
    fill(2000);
    session.call("SELECT 5");
    session.call("SET a 1");
    engine.takeEffects();
    expect(session.call(line)).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe(effect(...line.split(" ")));
    expect(session.call("DBSIZE")).toBe(":0\r\n");
    session.call("SELECT 0");
    expect(session.call("DBSIZE")).toBe(":0\r\n");
    engine.tick();
  });

  it("refuses other words", () => {
    expect(session.call("FLUSHALL NOW")).toBe("-ERR syntax error\r\n");
    expect(session.call("FLUSHALL SYNC ASYNC")).toBe("-ERR syntax error\r\n");
  });

  it("gives all memory back in steps", () => {
    fill(5000);
    const pages = engine.exports.markPages();
    session.call("FLUSHALL");
    let ticks = 0;
    while (engine.exports.tick(engine.now, 100)) ticks += 1;
    expect(ticks).toBeGreaterThan(3);
    expect(engine.exports.validate()).toBe(0);
    // One empty slab of each size stays.
    expect(engine.exports.markPages()).toBeLessThan(pages / 2);
  });
});

describe("memory after a flush", () => {
  it("is there for the next write, ticks or not", () => {
    const small = new TestEngine({ heapMb: 8 });
    const user = small.open();
    const requests: Buffer[] = [];
    for (let n = 0; n < 80_000; n++) requests.push(encode(["SET", n, "x".repeat(100)]));
    for (const flush of ["FLUSHALL", "FLUSHDB ASYNC", "FLUSHALL SYNC"]) {
      // Where the heap is as large as the memory nothing is refused.
      if (process.env.QUIRE_TEST_HEAP !== "high") {
        expect(user.raw(Buffer.concat(requests)).includes("-OOM")).toBe(true);
      }
      expect(user.raw(encode(flush.split(" ")))).toBe("+OK\r\n");
      expect(user.raw(encode(["SET", "a", "1"]))).toBe("+OK\r\n");
      expect(user.raw(encode(["DBSIZE"]))).toBe(":1\r\n");
      expect(small.exports.validate()).toBe(0);
    }
  });
});

describe("SWAPDB", () => {
  it("exchanges contents, expiries included", () => {
    session.call("SET a zero PXAT 4102444800000");
    session.call("SELECT 1");
    session.call("SET a one");
    engine.takeEffects();
    expect(session.call("SWAPDB 0 1")).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe(effect("SWAPDB", "0", "1"));
    expect(session.ask("GET a")).toBe("zero");
    expect(session.ask("PEXPIRETIME a")).toBe(4102444800000);
    session.call("SELECT 0");
    expect(session.ask("GET a")).toBe("one");
    expect(session.call("SWAPDB 3 3")).toBe("+OK\r\n");
  });

  it("refuses what is no database", () => {
    expect(session.call("SWAPDB x 1")).toBe("-ERR invalid first DB index\r\n");
    expect(session.call("SWAPDB 1 x")).toBe("-ERR invalid second DB index\r\n");
    expect(session.call("SWAPDB 99999999999 1")).toBe("-ERR invalid first DB index\r\n");
    expect(session.call("SWAPDB 1 99999999999")).toBe("-ERR invalid second DB index\r\n");
    expect(session.call("SWAPDB 16 0")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("SWAPDB 0 -1")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("SWAPDB 0")).toBe(arity("swapdb"));
  });
});

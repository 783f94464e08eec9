// Commands that walk the key space: KEYS, SCAN, RANDOMKEY.
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

/** Runs one command per number of the range in one piece. */
function each(from: number, to: number, words: (n: number) => (string | number)[]): void {
  const requests: Buffer[] = [];
  for (let n = from; n < to; n++) requests.push(encode(words(n)));
  session.raw(Buffer.concat(requests));
  engine.takeEffects();
}

function add(from: number, to: number): void {
  each(from, to, (n) => ["SET", `key:${n}`, n]);
}

function remove(from: number, to: number): void {
  each(from, to, (n) => ["DEL", `key:${n}`]);
}

/** One SCAN step: the next cursor and the keys. */
function scan(cursor: string, ...options: (string | number)[]): [string, string[]] {
  return session.ask("SCAN", cursor, ...options) as [string, string[]];
}

/** All keys of a whole iteration, duplicates included; `between` runs after each step. */
function scanAll(options: (string | number)[], between?: (step: number) => void): string[] {
  const found: string[] = [];
  let cursor = "0";
  let step = 0;
  do {
    const [next, keys] = scan(cursor, ...options);
    found.push(...keys);
    cursor = next;
    between?.(step++);
    expect(step).toBeLessThan(100_000);
  } while (cursor !== "0");
  return found;
}

describe("KEYS", () => {
  it("lists what matches, as an array in both protocols", () => {
    for (const key of ["one", "two", "three", "h[llo", "hello", "hallo"])
      session.call("SET", key, 1);
    const keys = (pattern: string) => (session.ask("KEYS", pattern) as string[]).sort();
    expect(keys("*")).toEqual(["h[llo", "hallo", "hello", "one", "three", "two"]);
    expect(keys("t*")).toEqual(["three", "two"]);
    expect(keys("h[ae]llo")).toEqual(["hallo", "hello"]);
    expect(keys("h\\[llo")).toEqual(["h[llo"]);
    expect(keys("???")).toEqual(["one", "two"]);
    expect(keys("")).toEqual([]);
    session.call("HELLO 3");
    expect(session.call("KEYS on?")).toBe("*1\r\n$3\r\none\r\n");
    expect(session.call("KEYS x*")).toBe("*0\r\n");
    expect(session.call("KEYS")).toBe(arity("keys"));
  });

  it("passes expired keys over without removing them", () => {
    session.call("SET a 1 PX 5");
    session.call("SET b 1");
    engine.takeEffects();
    engine.now += 5;
    expect(session.ask("KEYS *")).toEqual(["b"]);
    expect(session.call("DBSIZE")).toBe(":2\r\n");
    expect(engine.takeEffects()).toBe("");
  });

  it("lists many keys", () => {
    add(0, 5000);
    const keys = session.ask("KEYS key:*") as string[];
    expect(new Set(keys).size).toBe(5000);
    expect((session.ask("KEYS key:12*") as string[]).length).toBe(111);
  });

  it("lists more keys than fit into the scratch window", () => {
    const count = 190_000;
    each(0, count, (n) => ["SET", n, n]);
    const reply = session.raw(encode(["KEYS", "*"]));
    expect(reply.startsWith(`*${count}\r\n`)).toBe(true);
    expect(reply.split("\r\n").length).toBe(2 * count + 2);
  });

  // A high heap is as large as the memory.
  it.skipIf(process.env.QUIRE_TEST_HEAP === "high")("says when there is no memory", () => {
    const small = new TestEngine({ heapMb: 10 });
    const user = small.open();
    const requests: Buffer[] = [];
    for (let n = 0; n < 400_000; n++) requests.push(encode(["SET", n, n]));
    const replies = user.raw(Buffer.concat(requests));
    expect(replies.includes("-OOM")).toBe(true);
    const before = small.exports.digest();
    const reply = user.raw(encode(["KEYS", "*"]));
    expect(reply).toBe("-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    expect(small.exports.digest()).toBe(before);
    expect(small.exports.validate()).toBe(0);
  });
});

describe("SCAN", () => {
  it("reaches every key in steps of about COUNT", () => {
    add(0, 1000);
    for (const count of [1, 10, 100, 5000]) {
      const found = scanAll(["COUNT", count]);
      expect(found.length).toBe(1000);
      expect(new Set(found).size).toBe(1000);
    }
    const [, keys] = scan("0");
    expect(keys.length).toBeGreaterThanOrEqual(10);
    expect(keys.length).toBeLessThan(60);
  });

  it("has nothing to say of an empty database", () => {
    expect(session.call("SCAN 0")).toBe("*2\r\n$1\r\n0\r\n*0\r\n");
    expect(session.call("SCAN 12345")).toBe("*2\r\n$1\r\n0\r\n*0\r\n");
  });

  it("takes MATCH, the last one holds", () => {
    add(0, 500);
    expect(scanAll(["MATCH", "key:1?"]).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => `key:${10 + n}`),
    );
    expect(scanAll(["MATCH", "nokey", "match", "key:7"])).toEqual(["key:7"]);
    expect(new Set(scanAll(["MATCH", "*"])).size).toBe(500);
  });

  it("takes TYPE in any case, and knows no key of an unknown type", () => {
    add(0, 50);
    expect(new Set(scanAll(["TYPE", "STRING"])).size).toBe(50);
    expect(scanAll(["TYPE", "list"])).toEqual([]);
    expect(scanAll(["TYPE", "nosuchtype"])).toEqual([]);
    expect(scanAll(["TYPE", "string", "MATCH", "*9", "COUNT", "1000"]).length).toBe(5);
  });

  it("validates cursor and options", () => {
    const invalid = "-ERR invalid cursor\r\n";
    for (const cursor of ["x", "1x", "-1", "", "1 ", "0x1", "18446744073709551616", "+", "1.0"]) {
      expect(session.call("SCAN", cursor)).toBe(invalid);
    }
    for (const cursor of ["0", "00", "+1", "18446744073709551615", "4294967296"]) {
      expect(session.call("SCAN", cursor)).toBe("*2\r\n$1\r\n0\r\n*0\r\n");
    }
    const integer = "-ERR value is not an integer or out of range\r\n";
    expect(session.call("SCAN 0 COUNT x")).toBe(integer);
    expect(session.call("SCAN 0 COUNT 9223372036854775808")).toBe(integer);
    for (const options of ["COUNT 0", "COUNT -1", "COUNT", "MATCH", "TYPE", "FOO 1", "1"]) {
      expect(session.call(`SCAN 0 ${options}`)).toBe("-ERR syntax error\r\n");
    }
    expect(session.call("SCAN x FOO")).toBe(invalid);
    expect(session.call("SCAN")).toBe(arity("scan"));
    add(0, 100);
    expect(scan("0", "COUNT", "9223372036854775807")[0]).toBe("0");
  });

  it("removes the expired keys that it meets", () => {
    session.call("SET a 1 PX 5");
    session.call("SET b 1 PX 5");
    engine.takeEffects();
    engine.now += 5;
    expect(scan("0", "MATCH", "a")).toEqual(["0", []]);
    expect(engine.takeEffects()).toBe(effect("DEL", "a"));
    expect(session.call("DBSIZE")).toBe(":1\r\n");
  });

  it("gives cursors as plain numbers that any later call may use", () => {
    add(0, 3000);
    const [cursor, first] = scan("0");
    expect(cursor).toMatch(/^[1-9]\d*$/);
    expect(scan("0")).toEqual([cursor, first]);
    expect(scan(cursor)).toEqual(scan(cursor));
  });

  const stays = Array.from({ length: 300 }, (_, n) => `key:${n}`);

  it("misses no key that stays while the table grows", () => {
    add(0, 300);
    const found = new Set(
      scanAll(["COUNT", 5], (step) => {
        if (step < 60) add(1000 + step * 300, 1300 + step * 300);
      }),
    );
    expect(stays.filter((key) => !found.has(key))).toEqual([]);
  });

  it("misses no key that stays while the table shrinks", () => {
    add(0, 20_000);
    const found = new Set(
      scanAll(["COUNT", 200], (step) => {
        const to = 20_000 - step * 600;
        if (to > 300) remove(Math.max(300, to - 600), to);
      }),
    );
    expect(stays.filter((key) => !found.has(key))).toEqual([]);
    expect(session.call("DBSIZE")).toBe(":300\r\n");
  });

  it("misses no key that stays while the table grows and shrinks", () => {
    add(0, 300);
    let top = 300;
    const found = new Set(
      scanAll(["COUNT", 3], (step) => {
        if (step % 40 < 20 && step < 400) {
          add(top, top + 250);
          top += 250;
        } else {
          remove(Math.max(300, top - 300), top);
          top = Math.max(300, top - 300);
        }
      }),
    );
    expect(stays.filter((key) => !found.has(key))).toEqual([]);
  });
});

describe("RANDOMKEY", () => {
  it("names a key, or none", () => {
    expect(session.call("RANDOMKEY")).toBe("$-1\r\n");
    session.call("SET a 1");
    expect(session.call("RANDOMKEY")).toBe("$1\r\na\r\n");
    session.call("HELLO 3");
    session.call("DEL a");
    expect(session.call("RANDOMKEY")).toBe("_\r\n");
    expect(session.call("RANDOMKEY x")).toBe(arity("randomkey"));
  });

  it("draws every key about as often", () => {
    const count = 50;
    const draws = 10_000;
    add(0, count);
    const seen = new Map<string, number>();
    for (let n = 0; n < draws; n++) {
      const key = session.raw(encode(["RANDOMKEY"]));
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    const wanted = draws / count;
    let chiSquare = 0;
    for (const times of seen.values()) chiSquare += (times - wanted) ** 2 / wanted;
    expect(seen.size).toBe(count);
    // 49 degrees of freedom: above 85.4 in one of a thousand; the seed is fixed.
    expect(chiSquare).toBeLessThan(85.4);
  });

  it("removes expired keys on its way", () => {
    each(0, 100, (n) => ["SET", `k${n}`, "v", "PX", 5]);
    session.call("SET lives 1");
    engine.takeEffects();
    engine.now += 5;
    expect(session.ask("RANDOMKEY")).toBe("lives");
    engine.takeEffects();
    session.call("DEL lives");
    expect(session.ask("RANDOMKEY")).toBe(null);
    expect(session.call("DBSIZE")).toBe(":0\r\n");
  });
});

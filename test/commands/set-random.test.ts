// Sets: draws and scans.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { arity, WRONG_TYPE } from "../support/replies";

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

const effect = (...words: (string | number)[]) => encode(words).toString("latin1");
const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => String(from + n));
const sorted = (reply: unknown) => [...(reply as string[])].sort();

const LIMITS = { intset: [512, 128], listpack: [0, 512], hashtable: [0, 0] };
const ENCODINGS = ["intset", "listpack", "hashtable"] as const;
type EncodingName = (typeof ENCODINGS)[number];

function fill(key: string, encoding: EncodingName, list: (string | number)[]): void {
  const [integers, packed] = LIMITS[encoding] as [number, number];
  session.raw(encode(["CONFIG", "SET", "set-max-intset-entries", integers]));
  session.raw(encode(["CONFIG", "SET", "set-max-listpack-entries", packed]));
  session.raw(encode(["DEL", key]));
  session.raw(encode(["SADD", key, ...list]));
  expect(session.ask("OBJECT", "ENCODING", key)).toBe(encoding);
  engine.takeEffects();
}

/** Sum of (seen - expected)^2 / expected; with k kinds about k - 1, and never far above. */
function chiSquare(seen: Map<string, number>, kinds: number, draws: number): number {
  const expected = draws / kinds;
  let sum = 0;
  for (let n = 0; n < kinds; n++) sum += ((seen.get(String(n)) ?? 0) - expected) ** 2 / expected;
  return sum;
}

function expectFair(seen: Map<string, number>, kinds: number, draws: number): void {
  expect([...seen.values()].reduce((a, b) => a + b, 0)).toBe(draws);
  const limit = kinds + 4.5 * Math.sqrt(2 * kinds);
  expect(chiSquare(seen, kinds, draws)).toBeLessThan(limit);
}

function count(seen: Map<string, number>, reply: unknown): void {
  for (const member of [reply].flat() as string[]) seen.set(member, (seen.get(member) ?? 0) + 1);
}

describe("SRANDMEMBER", () => {
  it("answers one member, null without a key", () => {
    session.call("SADD set x");
    expect(session.call("SRANDMEMBER set")).toBe("$1\r\nx\r\n");
    expect(session.call("SRANDMEMBER missing")).toBe("$-1\r\n");
    expect(session.call("SRANDMEMBER missing 3")).toBe("*0\r\n");
    expect(session.call("SRANDMEMBER missing -3")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("SRANDMEMBER missing")).toBe("_\r\n");
    expect(session.call("SRANDMEMBER set 1")).toBe("*1\r\n$1\r\nx\r\n");
    expect(engine.takeEffects()).not.toContain("SRANDMEMBER");
  });

  it("answers different members with a count, all of them at most", () => {
    for (const encoding of ENCODINGS) {
      fill("set", encoding, numbers(200));
      for (const wanted of [0, 1, 2, 20, 66, 67, 150, 199, 200, 201, 100000]) {
        const drawn = session.ask("SRANDMEMBER", "set", wanted) as string[];
        expect(drawn.length).toBe(Math.min(wanted, 200));
        expect(new Set(drawn).size).toBe(drawn.length);
        for (const member of drawn) expect(Number(member)).toBeLessThan(200);
      }
      expect(session.ask("SRANDMEMBER set 9223372036854775807")).toHaveLength(200);
    }
  });

  it("answers as many as asked for with a negative count", () => {
    for (const encoding of ENCODINGS) {
      fill("set", encoding, numbers(3));
      expect(session.ask("SRANDMEMBER set -50")).toHaveLength(50);
    }
  });

  it("is fair in each encoding and each form", () => {
    for (const encoding of ENCODINGS) {
      fill("set", encoding, numbers(60));
      for (const [form, each] of [
        ["", 1],
        ["7", 7],
        ["40", 40],
        ["-9", 9],
      ] as const) {
        const seen = new Map<string, number>();
        const words = form ? ["SRANDMEMBER", "set", form] : ["SRANDMEMBER", "set"];
        for (let n = 0; n < 1500; n++) count(seen, session.ask(...words));
        expectFair(seen, 60, 1500 * each);
      }
    }
  });

  it("refuses what is no count and other types", () => {
    session.call("SADD set 1");
    session.call("SET string 1");
    expect(session.call("SRANDMEMBER set x")).toBe(
      "-ERR value is not an integer or out of range\r\n",
    );
    expect(session.call("SRANDMEMBER set 1 2")).toBe("-ERR syntax error\r\n");
    expect(session.call("SRANDMEMBER set -9223372036854775808")).toBe(
      "-ERR value is out of range\r\n",
    );
    expect(session.call("SRANDMEMBER string")).toBe(WRONG_TYPE);
    expect(session.call("SRANDMEMBER string 1")).toBe(WRONG_TYPE);
    expect(session.call("SRANDMEMBER")).toBe(arity("srandmember"));
  });
});

describe("SPOP", () => {
  it("removes one member and says which in its effect", () => {
    session.call("SADD set x");
    engine.takeEffects();
    expect(session.call("SPOP set")).toBe("$1\r\nx\r\n");
    expect(engine.takeEffects()).toBe(effect("SREM", "set", "x"));
    expect(session.call("EXISTS set")).toBe(":0\r\n");
    expect(session.call("SPOP set")).toBe("$-1\r\n");
    expect(session.call("SPOP set 2")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("SPOP set")).toBe("_\r\n");
    expect(session.call("SPOP set 2")).toBe("~0\r\n");
  });

  it("removes several different members", () => {
    for (const encoding of ENCODINGS) {
      fill("set", encoding, numbers(300));
      const popped = session.ask("SPOP set 100") as string[];
      expect(engine.takeEffects()).toBe(effect("SREM", "set", ...popped));
      expect(session.call("SPOP set 0")).toBe("*0\r\n");
      expect(engine.takeEffects()).toBe("");
      const rest = session.ask("SMEMBERS set") as string[];
      expect(sorted([...popped, ...rest])).toEqual(sorted(numbers(300)));
      expect(sorted(session.ask("SPOP set 200"))).toEqual(sorted(rest));
      expect(engine.takeEffects()).toBe(effect("DEL", "set"));
    }
  });

  it("renders many members in several commands", () => {
    session.raw(encode(["SADD", "set", ...numbers(3000)]));
    engine.takeEffects();
    const popped = session.ask("SPOP set 2500") as string[];
    expect(engine.takeEffects()).toBe(
      effect("MULTI") +
        effect("SREM", "set", ...popped.slice(0, 1024)) +
        effect("SREM", "set", ...popped.slice(1024, 2048)) +
        effect("SREM", "set", ...popped.slice(2048)) +
        effect("EXEC"),
    );
    expect(session.call("SCARD set")).toBe(":500\r\n");
  });

  it("answers sets in RESP3", () => {
    session.call("SADD set x");
    session.call("HELLO 3");
    expect(session.call("SPOP set 5")).toBe("~1\r\n$1\r\nx\r\n");
  });

  it("is fair in each encoding and each form", () => {
    for (const encoding of ENCODINGS) {
      const all = numbers(50);
      fill("set", encoding, all);
      for (const [form, each] of [
        ["", 1],
        ["5", 5],
        ["45", 45],
      ] as const) {
        const seen = new Map<string, number>();
        const words = form ? ["SPOP", "set", form] : ["SPOP", "set"];
        for (let n = 0; n < 1000; n++) {
          count(seen, session.ask(...words));
          session.raw(encode(["SADD", "set", ...all]));
        }
        expectFair(seen, 50, 1000 * each);
      }
    }
  });

  it("refuses what is no count and other types", () => {
    session.call("SADD set 1");
    session.call("SET string 1");
    const positive = "-ERR value is out of range, must be positive\r\n";
    expect(session.call("SPOP set -1")).toBe(positive);
    expect(session.call("SPOP set x")).toBe(positive);
    expect(session.call("SPOP set 1 2")).toBe("-ERR syntax error\r\n");
    expect(session.call("SPOP string")).toBe(WRONG_TYPE);
    expect(session.call("SPOP string 1")).toBe(WRONG_TYPE);
    expect(session.call("SPOP")).toBe(arity("spop"));
  });
});

describe("SSCAN", () => {
  const step = (cursor: string, ...options: (string | number)[]) =>
    session.ask("SSCAN", "set", cursor, ...options) as [string, string[]];

  it("answers small sets whole", () => {
    for (const encoding of ["intset", "listpack"] as const) {
      fill("set", encoding, [1, 2, 12, 22]);
      expect(step("0", "COUNT", 1)[0]).toBe("0");
      expect(sorted(step("0", "COUNT", 1)[1])).toEqual(["1", "12", "2", "22"]);
      expect(sorted(step("0", "MATCH", "*2")[1])).toEqual(["12", "2", "22"]);
    }
  });

  it("goes through a table in steps while it grows and shrinks", () => {
    fill("set", "hashtable", numbers(3000));
    const found = new Set<string>();
    let cursor = "0";
    let steps = 0;
    do {
      const [next, members] = step(cursor, "COUNT", 20);
      for (const member of members) found.add(member);
      cursor = next;
      if (steps === 20) session.raw(encode(["SADD", "set", ...numbers(3000, 5000)]));
      if (steps === 40) session.raw(encode(["SREM", "set", ...numbers(4500, 3500)]));
      expect(++steps).toBeLessThan(1000);
    } while (cursor !== "0");
    expect(steps).toBeGreaterThan(40);
    for (const member of numbers(3000)) expect(found.has(member)).toBe(true);
    expect(sorted(step("0", "COUNT", 100000, "MATCH", "?")[1])).toEqual(numbers(10));
  });

  it("takes options in any case and refuses what is none", () => {
    session.call("SADD set 1");
    session.call("SET string 1");
    expect(session.call("SSCAN set 0 match 1 count 5")).toBe("*2\r\n$1\r\n0\r\n*1\r\n$1\r\n1\r\n");
    expect(session.call("SSCAN missing 0 nonsense")).toBe("*2\r\n$1\r\n0\r\n*0\r\n");
    expect(session.call("SSCAN missing x")).toBe("-ERR invalid cursor\r\n");
    expect(session.call("SSCAN set 0 COUNT 0")).toBe("-ERR syntax error\r\n");
    expect(session.call("SSCAN set 0 COUNT x")).toBe(
      "-ERR value is not an integer or out of range\r\n",
    );
    expect(session.call("SSCAN set 0 MATCH")).toBe("-ERR syntax error\r\n");
    expect(session.call("SSCAN set 0 TYPE set")).toBe("-ERR syntax error\r\n");
    expect(session.call("SSCAN set 0 NOVALUES")).toBe(
      "-ERR NOVALUES option can only be used in HSCAN\r\n",
    );
    expect(session.call("SSCAN string 0")).toBe(WRONG_TYPE);
    expect(session.call("SSCAN set")).toBe(arity("sscan"));
  });
});

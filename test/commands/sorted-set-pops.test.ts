import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { effectLines, NOT_INTEGER, SYNTAX, WRONG_TYPE } from "../support/replies";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  engine.exports.setEffects(1);
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const effects = () => effectLines(engine);

/** "a 1 b 2" ... of a whole sorted set. */
function contents(key = "key"): string {
  return (session.ask("ZRANGE", key, 0, -1, "WITHSCORES") as unknown[]).flat().join(" ");
}

/** Runs a test on a packed set and on one that is not. */
function inBoth(name: string, test: () => void): void {
  it(`${name}, listpack`, test);
  it(`${name}, skiplist`, () => {
    session.call("CONFIG SET zset-max-listpack-entries 0");
    test();
  });
}

function fill(): void {
  session.call("ZADD key -1.5 b 0 c 1 d 1 e 2 f");
  effects();
}

function refuses(line: string, missing: string): void {
  const [name = "", , ...rest] = line.split(" ");
  session.call("SET string text");
  expect(session.call([name, "none", ...rest].join(" "))).toBe(missing);
  expect(session.call([name, "string", ...rest].join(" "))).toBe(WRONG_TYPE);
  expect(session.call(name)).toBe(
    `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`,
  );
}

describe("ZPOPMIN", () => {
  inBoth("takes the lowest", () => {
    fill();
    expect(session.call("ZPOPMIN key")).toBe("*2\r\n$1\r\nb\r\n$4\r\n-1.5\r\n");
    expect(effects()).toEqual(["ZPOPMIN key"]);
    expect(session.ask("ZPOPMIN key 2")).toEqual(["c", "0", "d", "1"]);
    expect(session.call("ZPOPMIN key 0")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("ZPOPMIN key")).toBe("*2\r\n$1\r\ne\r\n,1\r\n");
    expect(session.call("ZPOPMIN key 7")).toBe("*1\r\n*2\r\n$1\r\nf\r\n,2\r\n");
    expect(session.call("EXISTS key")).toBe(":0\r\n");
  });

  it("refuses", () => {
    refuses("ZPOPMIN key", "*0\r\n");
    expect(session.call("ZPOPMIN key -1")).toBe("-ERR value is out of range, must be positive\r\n");
    expect(session.call("ZPOPMIN key 1 2")).toBe(SYNTAX);
  });
});

describe("ZPOPMAX", () => {
  inBoth("takes the highest", () => {
    fill();
    expect(session.ask("ZPOPMAX key")).toEqual(["f", "2"]);
    expect(session.ask("ZPOPMAX key 2")).toEqual(["e", "1", "d", "1"]);
    expect(effects()).toEqual(["ZPOPMAX key", "ZPOPMAX key 2"]);
    expect(contents()).toBe("b -1.5 c 0");
  });

  it("refuses", () => refuses("ZPOPMAX key 2", "*0\r\n"));
});

describe("ZMPOP", () => {
  inBoth("takes from the first key that exists", () => {
    fill();
    expect(session.ask("ZMPOP 2 none key MIN")).toEqual(["key", [["b", "-1.5"]]]);
    expect(session.ask("ZMPOP 1 key MAX COUNT 2")).toEqual([
      "key",
      [
        ["f", "2"],
        ["e", "1"],
      ],
    ]);
    expect(effects()).toEqual(["ZPOPMIN key 1", "ZPOPMAX key 2"]);
    session.call("HELLO 3");
    expect(session.call("ZMPOP 1 key MIN COUNT 9")).toBe(
      "*2\r\n$3\r\nkey\r\n*2\r\n*2\r\n$1\r\nc\r\n,0\r\n*2\r\n$1\r\nd\r\n,1\r\n",
    );
    expect(session.call("ZMPOP 1 key MIN")).toBe("_\r\n");
  });

  it("refuses", () => {
    fill();
    session.call("SET string text");
    expect(session.call("ZMPOP 2 none string MIN")).toBe(WRONG_TYPE);
    expect(session.call("ZMPOP 1 none MIN")).toBe("*-1\r\n");
    expect(session.call("ZMPOP 0 key MIN")).toBe("-ERR numkeys should be greater than 0\r\n");
    expect(session.call("ZMPOP 2 key MIN")).toBe(SYNTAX);
    expect(session.call("ZMPOP 1 key BOTH")).toBe(SYNTAX);
    expect(session.call("ZMPOP 1 key MIN COUNT 0")).toBe("-ERR count should be greater than 0\r\n");
  });
});

describe("ZRANGESTORE", () => {
  inBoth("stores ranges", () => {
    fill();
    expect(session.call("ZRANGESTORE to key 1 2")).toBe(":2\r\n");
    expect(contents("to")).toBe("c 0 d 1");
    expect(effects()).toEqual(["ZRANGESTORE to key 1 2"]);
    expect(session.call("ZRANGESTORE to key 1 inf BYSCORE LIMIT 1 5")).toBe(":2\r\n");
    expect(contents("to")).toBe("e 1 f 2");
    expect(session.call("ZRANGESTORE key key 0 0 REV")).toBe(":1\r\n");
    expect(contents()).toBe("f 2");
    expect(session.call("ZRANGESTORE to key 5 9")).toBe(":0\r\n");
    expect(session.call("EXISTS to")).toBe(":0\r\n");
  });

  it("replaces any key and its expiry", () => {
    fill();
    session.call("SET to text EX 100");
    expect(session.call("ZRANGESTORE to key 0 -1")).toBe(":5\r\n");
    expect(session.call("TTL to")).toBe(":-1\r\n");
    expect(session.ask("OBJECT ENCODING to")).toBe("listpack");
  });

  it("refuses", () => {
    session.call("SET string text");
    expect(session.call("ZRANGESTORE to string 0 1")).toBe(WRONG_TYPE);
    expect(session.call("ZRANGESTORE to none 0 1")).toBe(":0\r\n");
    expect(session.call("ZRANGESTORE to none x 1")).toBe(NOT_INTEGER);
    expect(session.call("ZRANGESTORE to none 0 1 WITHSCORES")).toBe(SYNTAX);
  });
});

describe("ZRANDMEMBER", () => {
  inBoth("draws", () => {
    fill();
    expect("bcdef").toContain(session.ask("ZRANDMEMBER key"));
    expect((session.ask("ZRANDMEMBER key 99") as string[]).sort()).toEqual([..."bcdef"]);
    expect(new Set(session.ask("ZRANDMEMBER key 3") as string[]).size).toBe(3);
    expect((session.ask("ZRANDMEMBER key -50") as string[]).length).toBe(50);
    expect((session.ask("ZRANDMEMBER key 2 WITHSCORES") as string[]).length).toBe(4);
    expect(session.ask("ZRANDMEMBER key 0")).toEqual([]);
    session.call("HELLO 3");
    expect((session.ask("ZRANDMEMBER key 2 WITHSCORES") as string[][])[1]?.length).toBe(2);
  });

  inBoth("draws few of many, all different", () => {
    for (let n = 0; n < 100; n++) session.call("ZADD", "key", n, n);
    for (const count of [1, 5, 20, 33]) {
      expect(new Set(session.ask("ZRANDMEMBER", "key", count) as string[]).size).toBe(count);
    }
    const seen = new Set(session.ask("ZRANDMEMBER key -2000") as string[]);
    expect(seen.size).toBe(100);
  });

  it("refuses", () => {
    refuses("ZRANDMEMBER key", "$-1\r\n");
    expect(session.call("ZRANDMEMBER none 3")).toBe("*0\r\n");
    expect(session.call("ZRANDMEMBER key x")).toBe(NOT_INTEGER);
    expect(session.call("ZRANDMEMBER key 1 x")).toBe(SYNTAX);
    expect(session.call("ZRANDMEMBER key -9223372036854775808")).toBe(
      "-ERR value is out of range, value must between -9223372036854775807 and " +
        "9223372036854775807\r\n",
    );
    expect(session.call("ZRANDMEMBER key 9223372036854775807 WITHSCORES")).toBe(
      "-ERR value is out of range\r\n",
    );
  });
});

describe("ZSCAN", () => {
  inBoth("finds every member", () => {
    session.call("ZADD key 0.1 a 2 b");
    const [cursor, found] = session.ask("ZSCAN key 0") as [string, string[]];
    expect(cursor).toBe("0");
    expect([...found].sort()).toEqual(["0.1", "2", "a", "b"]);
    expect(session.ask("ZSCAN key 0 MATCH a* COUNT 5")).toEqual(["0", ["a", "0.1"]]);
    const [, names] = session.ask("ZSCAN key 0 NOSCORES") as [string, string[]];
    expect([...names].sort()).toEqual(["a", "b"]);
    expect(session.ask("ZSCAN key 0 NOSCORES MATCH b")).toEqual(["0", ["b"]]);
  });

  it("goes on at cursors", () => {
    for (let n = 0; n < 500; n++) session.call("ZADD", "key", n, `member:${n}`);
    const seen = new Set<string>();
    let cursor = "0";
    let calls = 0;
    do {
      const [next, found] = session.ask("ZSCAN", "key", cursor, "COUNT", 20) as [string, string[]];
      for (let at = 0; at < found.length; at += 2) {
        expect(found[at]).toBe(`member:${found[at + 1]}`);
        seen.add(found[at] ?? "");
      }
      cursor = next;
      calls += 1;
    } while (cursor !== "0");
    expect(seen.size).toBe(500);
    expect(calls).toBeGreaterThan(10);
  });

  it("refuses", () => {
    refuses("ZSCAN key 0", "*2\r\n$1\r\n0\r\n*0\r\n");
    session.call("ZADD key 1 a");
    expect(session.call("ZSCAN key x")).toBe("-ERR invalid cursor\r\n");
    expect(session.call("ZSCAN key 0 NOVALUES")).toBe(
      "-ERR NOVALUES option can only be used in HSCAN\r\n",
    );
    session.call("HSET hash a 1");
    expect(session.call("HSCAN hash 0 NOSCORES")).toBe(
      "-ERR NOSCORES option can only be used in ZSCAN\r\n",
    );
    expect(session.call("ZSCAN key 0 COUNT 0")).toBe(SYNTAX);
    expect(session.call("ZSCAN key 0 COUNT x")).toBe(NOT_INTEGER);
    expect(session.call("ZSCAN key 0 MATCH")).toBe(SYNTAX);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { effectLines, SYNTAX, WRONG_TYPE } from "../support/replies";

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

beforeEach(() => {
  session.call("ZADD one 1 a 2 b 3 c");
  session.call("ZADD two 10 b 20 c 30 d");
  session.call("SADD plain c x");
  session.call("SET string text");
  effects();
});

const NO_KEYS = (name: string) => `-ERR at least 1 input key is needed for '${name}' command\r\n`;

function refuses(name: string): void {
  const to = name.endsWith("STORE") ? " to" : "";
  expect(session.call(`${name}${to} 0 one`)).toBe(NO_KEYS(name.toLowerCase()));
  expect(session.call(`${name}${to} 3 one two`)).toBe(SYNTAX);
  expect(session.call(`${name}${to} 2 one string`)).toBe(WRONG_TYPE);
  expect(session.call(`${name}${to} 1 one bogus`)).toBe(SYNTAX);
}

describe("ZUNION", () => {
  inBoth("answers members of any", () => {
    expect(session.ask("ZUNION 2 one two WITHSCORES")).toEqual("a 1 b 12 c 23 d 30".split(" "));
    expect(session.ask("ZUNION 3 one two plain WEIGHTS 1 0 5")).toEqual("d a b x c".split(" "));
    session.call("HELLO 3");
    expect(session.call("ZUNION 2 one none AGGREGATE MAX WITHSCORES")).toBe(
      "*3\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2\r\n*2\r\n$1\r\nc\r\n,3\r\n",
    );
  });

  it("refuses", () => refuses("ZUNION"));
});

describe("ZINTER", () => {
  inBoth("answers members of all", () => {
    expect(session.ask("ZINTER 2 one two AGGREGATE MIN WITHSCORES")).toEqual(["b", "2", "c", "3"]);
    expect(session.ask("ZINTER 3 one two plain WITHSCORES")).toEqual(["c", "24"]);
    expect(session.call("ZINTER 1 one WEIGHTS x")).toBe("-ERR weight value is not a float\r\n");
  });

  it("refuses", () => refuses("ZINTER"));
});

describe("ZDIFF", () => {
  inBoth("answers members of the first alone", () => {
    expect(session.ask("ZDIFF 2 one two WITHSCORES")).toEqual(["a", "1"]);
    expect(session.ask("ZDIFF 2 one plain")).toEqual(["a", "b"]);
  });

  it("refuses", () => refuses("ZDIFF"));
});

describe("ZUNIONSTORE", () => {
  inBoth("stores members of any", () => {
    expect(session.call("ZUNIONSTORE one 2 one two")).toBe(":4\r\n");
    expect(effects()).toEqual(["ZUNIONSTORE one 2 one two"]);
    expect(contents("one")).toBe("a 1 b 12 c 23 d 30");
  });

  it("packs small results", () => {
    session.call("ZUNIONSTORE to 2 one two");
    expect(session.ask("OBJECT ENCODING to")).toBe("listpack");
  });

  it("refuses", () => refuses("ZUNIONSTORE"));
});

describe("ZINTERSTORE", () => {
  inBoth("stores members of all", () => {
    expect(session.call("ZINTERSTORE to 2 one two WEIGHTS 2 1")).toBe(":2\r\n");
    expect(contents("to")).toBe("b 14 c 26");
    expect(session.call("ZINTERSTORE to 2 one none")).toBe(":0\r\n");
    expect(session.call("EXISTS to")).toBe(":0\r\n");
  });

  it("refuses", () => refuses("ZINTERSTORE"));
});

describe("ZDIFFSTORE", () => {
  inBoth("stores members of the first alone", () => {
    expect(session.call("ZDIFFSTORE to 2 two one")).toBe(":1\r\n");
    expect(contents("to")).toBe("d 30");
  });

  it("refuses", () => refuses("ZDIFFSTORE"));
});

describe("ZINTERCARD", () => {
  inBoth("counts members of all", () => {
    expect(session.call("ZINTERCARD 2 one two")).toBe(":2\r\n");
    expect(session.call("ZINTERCARD 2 one two LIMIT 1")).toBe(":1\r\n");
    expect(session.call("ZINTERCARD 2 one two LIMIT -1")).toBe("-ERR LIMIT can't be negative\r\n");
  });

  it("refuses", () => refuses("ZINTERCARD"));
});

describe("AGGREGATE COUNT", () => {
  it("adds up weights and leaves scores out", () => {
    session.call("ZADD a 5 one 6 two");
    session.call("ZADD b 7 two 8 three");
    session.call("SADD c two");
    const three = "3 a b c";
    expect(session.call(`ZUNIONSTORE key ${three} AGGREGATE COUNT`)).toBe(":3\r\n");
    expect(contents()).toBe("one 1 three 1 two 3");
    expect(session.call(`ZINTERSTORE key ${three} WEIGHTS 2 3 4 AGGREGATE count`)).toBe(":1\r\n");
    expect(contents()).toBe("two 9");
    expect(session.ask(`ZUNION ${three} WEIGHTS inf -inf 1 AGGREGATE COUNT WITHSCORES`)).toEqual([
      "three",
      "-inf",
      "two",
      "0",
      "one",
      "inf",
    ]);
    expect(session.ask(`ZINTER ${three} AGGREGATE COUNT WITHSCORES`)).toEqual(["two", "3"]);
    expect(session.call("ZDIFF 2 a b AGGREGATE COUNT")).toBe(SYNTAX);
    expect(session.call("ZUNION 2 a b AGGREGATE AVERAGE")).toBe(SYNTAX);
  });
});

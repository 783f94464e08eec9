import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi";
import { decode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let adder: TestSession;
let first: TestSession;
let second: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  adder = engine.open();
  first = engine.open();
  second = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** Begins to wait: nothing is answered yet. */
function wait(session: TestSession, command: string): void {
  expect(session.call(command)).toBe("");
  expect(session.status).toBe(Status.WAITING);
}

/** The reply that a session was given outside its own calls; undefined while it waits. */
function answer(session: TestSession): unknown {
  const text = engine.takeReplies(session.id).toString("latin1");
  if (text === "") return undefined;
  session.status = engine.exports.resume(session.id, engine.now);
  return decode(text);
}

const WRONG_TYPE = { message: expect.stringMatching(/^WRONGTYPE/) };

describe.each([
  ["BZPOPMIN", "ZPOPMIN", ["a", "1"], ["b", "2"], ["a", 1]],
  ["BZPOPMAX", "ZPOPMAX", ["c", "inf"], ["b", "2"], ["c", Infinity]],
])("%s", (name, twin, end, next, typed) => {
  it("takes at once from the first sorted set there is", () => {
    adder.ask("ZADD z 1 a 2 b inf c");
    expect(first.ask(`${name} x z 0`)).toEqual(["z", ...end]);
    expect(first.ask(`${name} z x 0`)).toEqual(["z", ...next]);
    expect(first.ask(`${name} z 0`)).toHaveLength(3);
    expect(adder.ask("EXISTS z")).toBe(0);
  });

  it("waits in order, one member each, in both protocols", () => {
    second.call("HELLO 3");
    wait(second, `${name} y z 0`);
    wait(first, `${name} z 0`);
    adder.ask("ZADD z 1 a 2 b inf c");
    expect(answer(second)).toEqual(["z", ...typed]);
    expect(answer(first)).toEqual(["z", ...next]);
    expect(adder.ask("ZCARD z")).toBe(1);
  });

  it("has the effect of its twin", () => {
    engine.exports.setEffects(1);
    wait(first, `${name} z 0`);
    adder.ask("ZADD z 1 a 2 b");
    expect(engine.takeEffects().replace(/[*$]\d+\r\n/g, "")).toBe(
      ["SELECT", "0", "ZADD", "z", "1", "a", "2", "b", twin, "z", ""].join("\r\n"),
    );
  });

  it("answers WRONGTYPE for another type, and does not wake for one", () => {
    adder.ask("SET s v");
    expect(first.ask(`${name} x s 0`)).toMatchObject(WRONG_TYPE);
    wait(first, `${name} k 0`);
    wait(second, "BLPOP k 0");
    adder.ask("RPUSH k x");
    expect(answer(first)).toBeUndefined();
    expect(answer(second)).toEqual(["k", "x"]);
    adder.ask("ZADD k 1 m");
    expect(answer(first)).toEqual(["k", "m", "1"]);
  });

  it("refuses timeouts, and answers null when its time is up", () => {
    expect(first.ask(`${name} z -1`)).toEqual(new Error("ERR timeout is negative"));
    expect(first.ask(`${name} z x`)).toEqual(
      new Error("ERR timeout is not a float or out of range"),
    );
    expect(first.ask(`${name} z 1e20`)).toEqual(new Error("ERR timeout is out of range"));
    wait(first, `${name} z 0.1`);
    engine.now += 100;
    engine.tick();
    expect(engine.takeReplies(first.id).toString()).toBe("*-1\r\n");
  });

  it("ends by whatever makes a sorted set", () => {
    const makers = ["ZUNIONSTORE k 1 z", "ZRANGESTORE k z 0 -1", "RENAME z k", "COPY z k"];
    makers.push("ZINTERSTORE k 1 z", "ZDIFFSTORE k 1 z");
    for (const maker of makers) {
      wait(first, `${name} k 0`);
      adder.ask("ZADD z 5 m");
      adder.ask(maker);
      expect(answer(first)).toEqual(["k", "m", "5"]);
      adder.ask("FLUSHALL");
    }
    wait(first, `${name} k 0`);
    adder.ask("GEOADD g 2 48 m");
    adder.ask("GEOSEARCHSTORE k g FROMMEMBER m BYRADIUS 1 km STOREDIST");
    expect(answer(first)).toEqual(["k", "m", "0"]);
    wait(first, `${name} k 0`);
    adder.ask("ZINCRBY k 5 m");
    expect(answer(first)).toEqual(["k", "m", "5"]);
  });
});

describe("BZMPOP", () => {
  it("takes from the first sorted set there is", () => {
    adder.ask("ZADD z 1 a 2 b 3 c 4 d");
    expect(first.ask("BZMPOP 0 2 x z MIN")).toEqual(["z", [["a", "1"]]]);
    expect(first.ask("BZMPOP 0 1 z max COUNT 2")).toEqual([
      "z",
      [
        ["d", "4"],
        ["c", "3"],
      ],
    ]);
  });

  it("waits, and takes as many as there are", () => {
    engine.exports.setEffects(1);
    wait(first, "BZMPOP 0 2 y z MAX COUNT 2");
    wait(second, "BZMPOP 0 1 z MIN COUNT 7");
    adder.ask("ZADD z 1 a 2 b 3 c");
    expect(answer(first)).toEqual([
      "z",
      [
        ["c", "3"],
        ["b", "2"],
      ],
    ]);
    expect(answer(second)).toEqual(["z", [["a", "1"]]]);
    expect(engine.takeEffects().replace(/[*$]\d+\r\n/g, "")).toContain(
      ["ZPOPMAX", "z", "2", "ZPOPMIN", "z", "1", ""].join("\r\n"),
    );
  });

  it("refuses as ZMPOP does, and timeouts last", () => {
    expect(first.ask("BZMPOP x 0 z MIN")).toEqual(
      new Error("ERR numkeys should be greater than 0"),
    );
    expect(first.ask("BZMPOP x 1 z UP")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BZMPOP x 3 z MIN")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BZMPOP x 1 z MIN COUNT 0")).toEqual(
      new Error("ERR count should be greater than 0"),
    );
    expect(first.ask("BZMPOP x 1 z MIN")).toEqual(
      new Error("ERR timeout is not a float or out of range"),
    );
    expect(first.ask("BZMPOP -1 1 z MIN")).toEqual(new Error("ERR timeout is negative"));
    adder.ask("SET s v");
    expect(first.ask("BZMPOP 0 1 s MIN")).toMatchObject(WRONG_TYPE);
  });

  it("answers null when its time is up", () => {
    wait(first, "BZMPOP 0.1 1 z MIN");
    engine.now += 100;
    engine.tick();
    expect(answer(first)).toBeNull();
  });
});

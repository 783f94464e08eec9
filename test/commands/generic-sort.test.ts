import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { arity, effectLines, integer, NOT_INTEGER, SYNTAX, WRONG_TYPE } from "../support/replies";

const NOT_NUMBER = "-ERR One or more scores can't be converted into double\r\n";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  session.call("SET text x");
  session.call("RPUSH list 3 1 2 10");
  session.call("SADD set pear apple fig");
  session.call("ZADD board 3 c 1 a 2 b");
  session.call("MSET w_1 4 w_2 3 w_3 2 w_10 1 n_1 one n_3 three");
  session.call("HSET h_1 weight 5 name uno");
  session.call("HSET h_2 weight 7");
  engine.exports.setEffects(1);
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const ask = (line: string) => session.ask(line);

const effects = () => effectLines(engine);

/** What both commands do. */
function expectSorted(name: string): void {
  expect(ask(`${name} list`)).toEqual(["1", "2", "3", "10"]);
  expect(ask(`${name} list DESC`)).toEqual(["10", "3", "2", "1"]);
  expect(ask(`${name} list ALPHA`)).toEqual(["1", "10", "2", "3"]);
  expect(ask(`${name} set ALPHA DESC`)).toEqual(["pear", "fig", "apple"]);
  expect(ask(`${name} board ALPHA`)).toEqual(["a", "b", "c"]);
  expect(ask(`${name} list LIMIT 1 2`)).toEqual(["2", "3"]);
  expect(ask(`${name} list LIMIT -5 1`)).toEqual(["1"]);
  expect(ask(`${name} list LIMIT 9 1`)).toEqual([]);
  expect(ask(`${name} missing`)).toEqual([]);
  expect(effects()).toEqual([]);
}

function expectByAndGet(name: string): void {
  expect(ask(`${name} list BY w_*`)).toEqual(["10", "3", "2", "1"]);
  expect(ask(`${name} list BY h_*->weight`)).toEqual(["10", "3", "1", "2"]);
  expect(ask(`${name} list BY nosort`)).toEqual(["3", "1", "2", "10"]);
  expect(ask(`${name} list BY nosort DESC LIMIT 1 2`)).toEqual(["2", "1"]);
  expect(ask(`${name} board BY nosort DESC LIMIT 0 2`)).toEqual(["c", "b"]);
  expect(ask(`${name} list GET # GET n_* GET h_*->name`)).toEqual(
    ["1", "one", "uno", "2", null, null, "3", "three", null].concat("10", null as never, null),
  );
  expect(ask(`${name} list BY n_* ALPHA LIMIT 2 2`)).toEqual(["1", "3"]);
  expect(ask(`${name} list LIMIT 0 1 GET constant`)).toEqual([null]);
  session.call("HELLO 3");
  expect(session.call(`${name} list LIMIT 1 1 GET n_*`)).toBe("*1\r\n_\r\n");
}

function expectRefused(name: string): void {
  expect(session.call(name)).toBe(arity(name.toLowerCase()));
  expect(session.call(`${name} text`)).toBe(WRONG_TYPE);
  expect(session.call(`${name} h_1`)).toBe(WRONG_TYPE);
  expect(session.call(`${name} text nonsense`)).toBe(SYNTAX);
  for (const option of ["LIMIT", "LIMIT 1", "BY", "GET"]) {
    expect(session.call(`${name} list ${option}`)).toBe(SYNTAX);
  }
  expect(session.call(`${name} list LIMIT x 1`)).toBe(NOT_INTEGER);
  expect(session.call(`${name} list LIMIT 1 x`)).toBe(NOT_INTEGER);
  expect(session.call(`${name} set`)).toBe(NOT_NUMBER);
  expect(session.call(`${name} list BY n_*`)).toBe(NOT_NUMBER);
}

describe("SORT", () => {
  it("sorts numbers and words", () => expectSorted("SORT"));
  it("sorts by and reads other keys", () => expectByAndGet("SORT"));
  it("refuses", () => {
    expectRefused("SORT");
    expect(session.call("SORT list STORE")).toBe(SYNTAX);
    expect(session.call("SORT set STORE list")).toBe(NOT_NUMBER);
    expect(ask("LLEN list")).toBe(4);
    expect(effects()).toEqual([]);
  });

  it("stores, and says so with DEL and RPUSH", () => {
    expect(session.call("SORT list STORE to")).toBe(integer(4));
    expect(session.call("SORT list DESC LIMIT 0 2 STORE list")).toBe(integer(2));
    expect(ask("LRANGE list 0 -1")).toEqual(["10", "3"]);
    expect(session.call("SORT set BY nosort STORE text")).toBe(integer(3));
    expect(ask("LRANGE text 0 -1")).toEqual(["apple", "fig", "pear"]);
    expect(effects()).toEqual([
      "RPUSH to 1 2 3 10",
      "MULTI",
      "DEL list",
      "RPUSH list 10 3",
      "EXEC",
      "MULTI",
      "DEL text",
      "RPUSH text apple fig pear",
      "EXEC",
    ]);
  });

  it("stores what is missing as empty, and nothing as no key", () => {
    expect(session.call("SORT list GET n_* STORE to")).toBe(integer(4));
    expect(ask("LRANGE to 0 -1")).toEqual(["one", "", "three", ""]);
    engine.takeEffects();
    expect(session.call("SORT missing STORE to")).toBe(integer(0));
    expect(effects()).toEqual(["DEL to"]);
    expect(session.call("SORT missing STORE to")).toBe(integer(0));
    expect(effects()).toEqual([]);
  });

  it("wakes who waits for the list that it stores", () => {
    const waiter = engine.open();
    expect(waiter.call("BLPOP to 0")).toBe("");
    expect(session.call("SORT list STORE to")).toBe(integer(4));
    expect(ask("LRANGE to 0 -1")).toEqual(["2", "3", "10"]);
  });

  it("sorts ten thousand of any length", () => {
    const texts = Array.from({ length: 10_000 }, (_, index) => {
      const number = (index * 7919) % 10_007;
      return index % 10 === 0 ? `${number}.${"0".repeat(40)}` : String(number);
    });
    session.call("RPUSH", "many", ...texts);
    const expected = [...texts].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
    expect(ask("SORT many")).toEqual(expected);
    expect(ask("SORT many DESC")).toEqual(expected.reverse());
    expect(ask("SORT many ALPHA")).toEqual([...texts].sort());
    engine.takeEffects();
    expect(session.call("SORT many STORE many")).toBe(integer(10_000));
    expect(effects()).toHaveLength(13);
  });
});

describe("SORT_RO", () => {
  it("sorts numbers and words", () => expectSorted("SORT_RO"));
  it("sorts by and reads other keys", () => expectByAndGet("SORT_RO"));
  it("refuses, also to store", () => {
    expectRefused("SORT_RO");
    expect(session.call("SORT_RO list STORE to")).toBe(SYNTAX);
  });
});

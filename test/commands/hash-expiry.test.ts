// Times of hash fields: replies in both protocols, errors, effects, expiry, encodings.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { decodeAll, encode, START_MS, TestEngine, type TestSession } from "../support/engine";

const WRONG_TYPE = new Error("WRONGTYPE Operation against a key holding the wrong kind of value");
const NOT_INTEGER = new Error("ERR value is not an integer or out of range");
const FIELDS_MISSING = new Error(
  "ERR Mandatory argument FIELDS is missing or not at the right position",
);
const COUNT_ZERO = new Error("ERR Parameter `numFields` should be greater than 0");
const COUNT_NOT_POSITIVE = new Error("ERR Number of fields must be a positive integer");
const COUNT_WRONG = new Error("ERR The `numfields` parameter must match the number of arguments");
const COUNT_INVALID = new Error("ERR invalid number of fields");
const NEGATIVE = new Error("ERR invalid expire time, must be >= 0");
/** Latest time of a field: 2^46 - 1. */
const LATEST = 70368744177663;

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  allowDebug(engine);
  session = engine.open();
  session.call("SET string 1");
});

function allowDebug(of: TestEngine): void {
  of.open(SessionFlag.INTERNAL).call("QUIRE CONFIGURE enable-debug-command yes");
}

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const ask = (...words: (string | number)[]) => session.ask(...words);

/** The replies of several commands, split at spaces. */
const all = (...lines: string[]) => lines.map((line) => session.ask(line));

/** Runs commands; returns their effects, words joined by blanks. */
function effectsOf(...lines: string[]): string[] {
  engine.exports.setEffects(1);
  engine.takeEffects();
  for (const line of lines) session.ask(line);
  return takeEffects();
}

function takeEffects(): string[] {
  const commands = decodeAll(engine.takeEffects()) as string[][];
  return commands.filter((words) => words[0] !== "SELECT").map((words) => words.join(" "));
}

/** Runs the test with a packed hash and with a table. */
function inBoth(name: string, test: (encoding: string) => void): void {
  it(`${name} (listpackex)`, () => test("listpackex"));
  it(`${name} (hashtable)`, () => {
    session.call("CONFIG SET hash-max-listpack-entries 0");
    test("hashtable");
  });
}

/** Lets the time move on, without anything that removes what is due. */
function wait(ms: number): void {
  engine.now += ms;
}

function info(section: string, name: string): string | undefined {
  const lines = String(ask("INFO", section)).split("\r\n");
  return lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1);
}

const arity = (command: string) =>
  new Error(`ERR wrong number of arguments for '${command}' command`);

interface Setter {
  name: string;
  unitMs: number;
  isAbsolute: boolean;
}

/** The tests of a command that sets times; `at` gives its argument for a time from the start. */
function describeSetter({ name, unitMs, isAbsolute }: Setter): void {
  const at = (ms: number) => ((isAbsolute ? START_MS : 0) + ms) / unitMs;
  const lower = name.toLowerCase();
  const refused = new Error(`ERR invalid expire time in '${lower}' command`);

  inBoth("sets times and answers a code a field", (encoding) => {
    session.call("HSET h a 1 b 2 c 3");
    expect(ask(`${name} h ${at(10_000)} FIELDS 3 a x c`)).toEqual([1, -2, 1]);
    expect(all("HPTTL h FIELDS 3 a b c", "OBJECT ENCODING h")).toEqual([
      [10_000, -1, 10_000],
      encoding,
    ]);
    expect(ask(`${name} h ${at(20_000)} fields 1 a`)).toEqual([1]);
    expect(ask("HPEXPIRETIME h FIELDS 2 a c")).toEqual([START_MS + 20_000, START_MS + 10_000]);
    wait(10_000);
    expect(all("HMGET h a b c", "HLEN h")).toEqual([["1", "2", null], 2]);
  });
  inBoth("NX, XX, GT and LT hold or not", () => {
    session.call("HSET h a 1 b 2");
    const set = (ms: number, condition: string) =>
      ask(`${name} h ${at(ms)} ${condition} FIELDS 2 a b`);
    expect(set(9000, "XX")).toEqual([0, 0]);
    expect(set(9000, "GT")).toEqual([0, 0]);
    expect(ask(`${name} h ${at(9000)} NX FIELDS 1 a`)).toEqual([1]);
    expect(set(8000, "nx")).toEqual([0, 1]);
    expect(set(9000, "GT")).toEqual([0, 1]);
    expect(set(9000, "lt")).toEqual([0, 0]);
    expect(set(7000, "LT")).toEqual([1, 1]);
    expect(set(6000, "XX")).toEqual([1, 1]);
    session.call("HPERSIST h FIELDS 1 a");
    expect(set(7000, "LT")).toEqual([1, 0]);
    expect(ask("HPTTL h FIELDS 2 a b")).toEqual([7000, 6000]);
  });
  inBoth("deletes the fields at once when the time has passed", () => {
    session.call("HSET h a 1 b 2 c 3");
    const over = isAbsolute ? at(0) : 0;
    session.call("HPEXPIRE h 5000 FIELDS 1 b");
    expect(effectsOf(`${name} h ${over} NX FIELDS 3 a b x`)).toEqual(["HDEL h a"]);
    expect(ask(`${name} h ${over} FIELDS 2 b b`)).toEqual([2, -2]);
    expect(ask("HKEYS h")).toEqual(["c"]);
    expect(effectsOf(`${name} h ${over} FIELDS 1 c`)).toEqual(["HDEL h c"]);
    expect(ask("EXISTS h")).toBe(0);
  });
  inBoth("says the absolute time of what changed as effect", () => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 5000 FIELDS 1 b");
    const line = `${name} h ${at(7000)} NX FIELDS 3 a b x`;
    expect(effectsOf(line)).toEqual([`HPEXPIREAT h ${START_MS + 7000} FIELDS 1 a`]);
    expect(effectsOf(line)).toEqual([]);
  });
  it("answers -2 for each field of a key that does not exist", () => {
    expect(ask(`${name} none ${at(1000)} FIELDS 2 a b`)).toEqual([-2, -2]);
  });
  it("refuses what is wrong, the type first", () => {
    session.call("HSET h a 1");
    const cases: [string, Error][] = [
      ["string x FIELDS 0 a", WRONG_TYPE],
      ["h x FIELDS 1 a", NOT_INTEGER],
      ["h 1.5 FIELDS 1 a", NOT_INTEGER],
      ["h -1 FIELDS 1 a", NEGATIVE],
      [`h ${Math.floor(LATEST / unitMs) + 1} FIELDS 1 a`, refused],
      ["h 9223372036854775807 FIELDS 1 a", refused],
      ["h 100 FOO FIELDS 1 a", FIELDS_MISSING],
      ["h 100 FOO 1 a", FIELDS_MISSING],
      ["h 100 NX XX FIELDS 1 a", FIELDS_MISSING],
      ["h 100 FIELDS 0 a", COUNT_ZERO],
      ["h 100 FIELDS -1 a", COUNT_ZERO],
      ["h 100 FIELDS x a", COUNT_ZERO],
      ["h 100 FIELDS 2 a", COUNT_WRONG],
      ["h 100 FIELDS 1 a b", COUNT_WRONG],
      ["h 100 NX FIELDS 1", COUNT_WRONG],
      ["none 100 FIELDS 2 a", COUNT_WRONG],
      ["h 100 FIELDS 1", arity(lower)],
    ];
    for (const [words, error] of cases) expect(ask(`${name} ${words}`)).toEqual(error);
    expect(all("HTTL h FIELDS 1 a", "OBJECT ENCODING h")).toEqual([[-1], "listpack"]);
  });
  it("takes the latest time of all", () => {
    session.call("HSET h a 1");
    const last = Math.floor((isAbsolute ? LATEST : LATEST - START_MS) / unitMs);
    expect(ask(`${name} h ${last} FIELDS 1 a`)).toEqual([1]);
    expect(ask(`${name} h ${last + 1} FIELDS 1 a`)).toEqual(refused);
  });
}

const setters: Setter[] = [
  { name: "HEXPIRE", unitMs: 1000, isAbsolute: false },
  { name: "HPEXPIRE", unitMs: 1, isAbsolute: false },
  { name: "HEXPIREAT", unitMs: 1000, isAbsolute: true },
  { name: "HPEXPIREAT", unitMs: 1, isAbsolute: true },
];
describe("HEXPIRE", () => describeSetter(setters[0] as Setter));
describe("HPEXPIRE", () => describeSetter(setters[1] as Setter));
describe("HEXPIREAT", () => describeSetter(setters[2] as Setter));
describe("HPEXPIREAT", () => {
  describeSetter(setters[3] as Setter);
  inBoth("keeps a time that has passed in a replay", () => {
    const replay = engine.open(SessionFlag.REPLAY);
    replay.call("HSET h a 1");
    expect(replay.ask("HPEXPIREAT h 5 FIELDS 1 a")).toEqual([1]);
    expect(replay.ask("HGET h a")).toBe("1");
    engine.exports.tick(engine.now, 100);
    expect(ask("EXISTS h")).toBe(0);
  });
});

/** The tests of a command that tells times. */
function describeReader(name: string, expected: (ms: number) => number): void {
  inBoth("answers a time a field, rounded up", () => {
    session.call("HSET h a 1 b 2 c 3");
    session.call("HPEXPIRE h 4400 FIELDS 1 a");
    session.call("HPEXPIRE h 5600 FIELDS 1 b");
    expect(ask(`${name} h FIELDS 5 a b c x a`)).toEqual([
      expected(4400),
      expected(5600),
      -1,
      -2,
      expected(4400),
    ]);
    wait(4400);
    expect(ask(`${name} h FIELDS 1 a`)).toEqual([-2]);
  });
  it("answers -2 for each field of a key that does not exist", () => {
    expect(ask(`${name} none FIELDS 2 a b`)).toEqual([-2, -2]);
  });
  describeErrors(name);
}

/** What all commands refuse that take a key and fields alone. */
function describeErrors(name: string): void {
  it("refuses what is wrong, the type first", () => {
    session.call("HSET h a 1");
    const cases: [string, Error][] = [
      ["string FOO 0 a", WRONG_TYPE],
      ["h FOO 1 a", FIELDS_MISSING],
      ["h FIELDS 0 a", COUNT_NOT_POSITIVE],
      ["h FIELDS -1 a", COUNT_NOT_POSITIVE],
      ["h FIELDS x a", COUNT_NOT_POSITIVE],
      ["h FIELDS 2 a", COUNT_WRONG],
      ["h FIELDS 1 a b", COUNT_WRONG],
      ["none FIELDS 2 a", COUNT_WRONG],
      ["h FIELDS 1", arity(name.toLowerCase())],
    ];
    for (const [words, error] of cases) expect(ask(`${name} ${words}`)).toEqual(error);
  });
}

describe("HTTL", () => describeReader("HTTL", (ms) => Math.ceil(ms / 1000)));
describe("HPTTL", () => describeReader("HPTTL", (ms) => ms));
describe("HEXPIRETIME", () =>
  describeReader("HEXPIRETIME", (ms) => Math.ceil((START_MS + ms) / 1000)));
describe("HPEXPIRETIME", () => describeReader("HPEXPIRETIME", (ms) => START_MS + ms));

describe("HPERSIST", () => {
  inBoth("takes times off", (encoding) => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    expect(ask("HPERSIST h FIELDS 4 a b x a")).toEqual([1, -1, -2, -1]);
    wait(5000);
    engine.tick();
    expect(all("HGET h a", "HTTL h FIELDS 1 a", "OBJECT ENCODING h")).toEqual([
      "1",
      [-1],
      encoding,
    ]);
  });
  it("says its own words as effect, nothing where nothing changed", () => {
    session.call("HSET h a 1");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    expect(effectsOf("HPERSIST h FIELDS 2 a x")).toEqual(["HPERSIST h FIELDS 2 a x"]);
    expect(effectsOf("HPERSIST h FIELDS 2 a x")).toEqual([]);
  });
  it("answers -2 for each field of a key that does not exist", () => {
    expect(ask("HPERSIST none FIELDS 2 a b")).toEqual([-2, -2]);
  });
  describeErrors("HPERSIST");
});

describe("HGETDEL", () => {
  inBoth("answers values and deletes the fields", () => {
    session.call("HSET h a 1 b text c 3");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    expect(ask("HGETDEL h FIELDS 4 a x b a")).toEqual(["1", null, "text", null]);
    expect(ask("HGETALL h")).toEqual(["c", "3"]);
    expect(ask("HGETDEL h FIELDS 1 c")).toEqual(["3"]);
    expect(ask("EXISTS h")).toBe(0);
  });
  it("answers nulls of the protocol", () => {
    expect(session.call("HGETDEL none FIELDS 2 a b")).toBe("*2\r\n$-1\r\n$-1\r\n");
    session.call("HELLO 3");
    expect(session.call("HGETDEL none FIELDS 2 a b")).toBe("*2\r\n_\r\n_\r\n");
  });
  it("says HDEL as effect", () => {
    session.call("HSET h a 1 b 2");
    expect(effectsOf("HGETDEL h FIELDS 2 a x", "HGETDEL h FIELDS 1 x")).toEqual(["HDEL h a x"]);
  });
  describeErrors("HGETDEL");
});

describe("HGETEX", () => {
  inBoth("reads alone", () => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    expect(effectsOf("HGETEX h FIELDS 2 a b")).toEqual([]);
    expect(all("HGETEX h FIELDS 3 a x b", "HPTTL h FIELDS 2 a b")).toEqual([
      ["1", null, "2"],
      [5000, -1],
    ]);
  });
  inBoth("sets times and takes them off", () => {
    session.call("HSET h a 1 b 2");
    const times: [string, number][] = [
      ["EX 7", 7000],
      ["px 800", 800],
      [`EXAT ${START_MS / 1000 + 9}`, 9000],
      [`PXAT ${START_MS + 950}`, 950],
    ];
    for (const [words, ms] of times) {
      const line = `HGETEX h ${words} FIELDS 2 a x`;
      expect(effectsOf(line)).toEqual([`HPEXPIREAT h ${START_MS + ms} FIELDS 2 a x`]);
      expect(ask(line)).toEqual(["1", null]);
      expect(ask("HPTTL h FIELDS 2 a b")).toEqual([ms, -1]);
    }
    const line = "HGETEX h PERSIST FIELDS 3 a b x";
    expect(effectsOf(line)).toEqual(["HPERSIST h FIELDS 3 a b x"]);
    expect(effectsOf(line)).toEqual([]);
    expect(all(line, "HPTTL h FIELDS 2 a b")).toEqual([
      ["1", "2", null],
      [-1, -1],
    ]);
  });
  inBoth("deletes the fields when the time has passed", () => {
    session.call("HSET h a 1 b 2");
    expect(effectsOf("HGETEX h EX 0 FIELDS 2 a x")).toEqual(["HDEL h a x"]);
    expect(ask("HGETEX h PXAT 1 FIELDS 2 b b")).toEqual(["2", null]);
    expect(ask("EXISTS h")).toBe(0);
  });
  it("answers nulls for a key that does not exist", () => {
    expect(ask("HGETEX none EX 5 FIELDS 2 a b")).toEqual([null, null]);
    expect(ask("EXISTS none")).toBe(0);
  });
  it("refuses what is wrong", () => {
    session.call("HSET h a 1");
    const oneTime = new Error(
      "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified",
    );
    const cases: [string, Error][] = [
      ["string FOO FIELDS 1 a", WRONG_TYPE],
      ["h FOO FIELDS 1 a", new Error("ERR unknown argument: FOO")],
      ["h KEEPTTL FIELDS 1 a", new Error("ERR unknown argument: KEEPTTL")],
      ["h EX 5 PERSIST FIELDS 1 a", oneTime],
      ["h PERSIST PERSIST FIELDS 1 a", oneTime],
      ["h EX x FIELDS 1 a", NOT_INTEGER],
      ["h EX -1 FIELDS 1 a", NEGATIVE],
      [`h PX ${LATEST} FIELDS 1 a`, new Error("ERR invalid expire time in 'hgetex' command")],
      ["h FIELDS 0 a", COUNT_INVALID],
      ["h FIELDS x a", COUNT_INVALID],
      ["h FIELDS 2 a", arity("hgetex")],
      ["h FIELDS 1 a b", arity("hgetex")],
      ["h EX 5 FIELDS 1", arity("hgetex")],
      ["h EX 5 FIELDS", arity("hgetex")],
      ["h FIELDS 1", arity("hgetex")],
    ];
    for (const [words, error] of cases) expect(ask(`HGETEX ${words}`)).toEqual(error);
  });
});

describe("HSETEX", () => {
  inBoth("sets fields and takes their times off", () => {
    expect(ask("HSETEX h FIELDS 2 a 1 b 2")).toBe(1);
    session.call("HPEXPIRE h 5000 FIELDS 2 a b");
    expect(ask("HSETEX h FIELDS 2 a 3 c 4")).toBe(1);
    expect(ask("HMGET h a b c")).toEqual(["3", "2", "4"]);
    expect(ask("HPTTL h FIELDS 3 a b c")).toEqual([-1, 5000, -1]);
    expect(effectsOf("HSETEX h FIELDS 1 a 5")).toEqual(["HSET h a 5"]);
  });
  inBoth("sets times", (encoding) => {
    const times: [string, number][] = [
      ["EX 7", 7000],
      ["px 800", 800],
      [`EXAT ${START_MS / 1000 + 9}`, 9000],
      [`PXAT ${START_MS + 950}`, 950],
    ];
    for (const [words, ms] of times) {
      const line = `HSETEX h ${words} FIELDS 2 a ${ms} b ${"y".repeat(ms % 60)}`;
      const [multi, set, time, exec] = effectsOf(line);
      expect([multi, exec]).toEqual(["MULTI", "EXEC"]);
      expect(set).toBe(`HSET h a ${ms} b ${"y".repeat(ms % 60)}`);
      expect(time).toBe(`HPEXPIREAT h ${START_MS + ms} FIELDS 2 a b`);
      expect(all("HPTTL h FIELDS 2 a b", "HGET h a")).toEqual([[ms, ms], String(ms)]);
    }
    expect(ask("OBJECT ENCODING h")).toBe(encoding);
  });
  inBoth("KEEPTTL keeps times", () => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    expect(effectsOf("HSETEX h KEEPTTL FIELDS 3 a 7 b 8 c 9")).toEqual([
      "MULTI",
      "HSET h a 7 b 8 c 9",
      `HPEXPIREAT h ${START_MS + 5000} FIELDS 1 a`,
      "EXEC",
    ]);
    expect(ask("HPTTL h FIELDS 3 a b c")).toEqual([5000, -1, -1]);
    expect(ask("HMGET h a b c")).toEqual(["7", "8", "9"]);
  });
  inBoth("FNX and FXX set all or none", () => {
    session.call("HSET h a 1");
    expect(all("HSETEX h FNX FIELDS 2 b 2 a 2", "HSETEX h FXX FIELDS 2 a 2 b 2")).toEqual([0, 0]);
    expect(ask("HGETALL h")).toEqual(["a", "1"]);
    expect(all("HSETEX h fnx EX 5 FIELDS 1 b 2", "HSETEX h EX 6 fxx FIELDS 1 a 2")).toEqual([1, 1]);
    expect(all("HTTL h FIELDS 2 a b", "HMGET h a b")).toEqual([
      [6, 5],
      ["2", "2"],
    ]);
    expect(all("HSETEX none FXX FIELDS 1 a 1", "EXISTS none")).toEqual([0, 0]);
    expect(all("HSETEX none FNX FIELDS 1 a 1", "EXISTS none")).toEqual([1, 1]);
    expect(effectsOf("HSETEX h FNX FIELDS 1 a 1")).toEqual([]);
    wait(5000);
    expect(ask("HSETEX h FXX FIELDS 1 b 1")).toBe(0);
  });
  inBoth("deletes the fields when the time has passed", () => {
    session.call("HSET h a 1 b 2");
    expect(effectsOf("HSETEX h PXAT 1 FIELDS 2 a 3 c 4")).toEqual(["HDEL h a c"]);
    expect(ask("HGETALL h")).toEqual(["b", "2"]);
    expect(all("HSETEX h EX 0 FIELDS 1 b 1", "EXISTS h")).toEqual([1, 0]);
    expect(all("HSETEX none EX 0 FIELDS 1 b 1", "EXISTS none")).toEqual([1, 0]);
  });
  it("becomes a table with a long value, times included", () => {
    const long = "x".repeat(65);
    expect(ask(`HSETEX h EX 5 FIELDS 2 a 1 b 2`)).toBe(1);
    expect(ask(`HSETEX h EX 9 FIELDS 1 c ${long}`)).toBe(1);
    expect(all("OBJECT ENCODING h", "HTTL h FIELDS 3 a b c")).toEqual(["hashtable", [5, 5, 9]]);
  });
  it("refuses what is wrong", () => {
    session.call("HSET h a 1");
    const oneTime = new Error(
      "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
    );
    const oneCondition = new Error("ERR Only one of FXX or FNX arguments can be specified");
    const cases: [string, Error][] = [
      ["string FOO FIELDS 1 a 1", WRONG_TYPE],
      ["h FOO FIELDS 1 a 1", new Error("ERR unknown argument: FOO")],
      ["h PERSIST FIELDS 1 a 1", new Error("ERR unknown argument: PERSIST")],
      ["h EX 5 KEEPTTL FIELDS 1 a 1", oneTime],
      ["h EX 5 EX 5 FIELDS 1 a 1", oneTime],
      ["h FNX FXX FIELDS 1 a 1", oneCondition],
      ["h FNX FNX FIELDS 1 a 1", oneCondition],
      ["h EX x FIELDS 1 a 1", NOT_INTEGER],
      ["h EX -1 FIELDS 1 a 1", NEGATIVE],
      ["none FXX EX -1 FIELDS 1 a 1", NEGATIVE],
      [`h PX ${LATEST} FIELDS 1 a 1`, new Error("ERR invalid expire time in 'hsetex' command")],
      ["h FIELDS 0 a 1", COUNT_INVALID],
      ["h FIELDS x a 1", COUNT_INVALID],
      ["h FIELDS 2 a 1", arity("hsetex")],
      ["h FIELDS 1 a 1 b", arity("hsetex")],
      ["h FIELDS 1 a 1 b 2", arity("hsetex")],
      ["h FNX EX 5 FIELDS", arity("hsetex")],
      ["h FNX FOO FOO EX", new Error("ERR unknown argument: FOO")],
      ["h FIELDS 1 a", arity("hsetex")],
    ];
    for (const [words, error] of cases) expect(ask(`HSETEX ${words}`)).toEqual(error);
    expect(ask("HGETALL h")).toEqual(["a", "1"]);
  });
});

describe("a field that is due", () => {
  beforeEach(() => {
    engine.exports.setEffects(1);
  });

  /** A hash of which `due` has just ended and `later` has not. */
  function makeDue(): void {
    session.call("HSET h due 1 later 2 stays 3");
    session.call("HPEXPIRE h 1000 FIELDS 1 due");
    session.call("HPEXPIRE h 9000 FIELDS 1 later");
    wait(1000);
    engine.takeEffects();
  }
  const looks: [string, unknown][] = [
    ["HGET h due", null],
    ["HMGET h due stays", [null, "3"]],
    ["HEXISTS h due", 0],
    ["HSTRLEN h due", 0],
    ["HLEN h", 2],
    ["HTTL h FIELDS 1 due", [-2]],
    ["HEXPIRE h 5 FIELDS 1 due", [-2]],
    ["HPERSIST h FIELDS 1 due", [-2]],
    ["HGETDEL h FIELDS 1 due", [null]],
    ["HGETEX h FIELDS 1 due", [null]],
    ["HSETEX h FXX FIELDS 1 due 1", 0],
    ["HDEL h due", 0],
    ["HRANDFIELD h 9", ["later", "stays"]],
    ["HKEYS h", ["later", "stays"]],
    ["HVALS h", ["2", "3"]],
    ["HSCAN h 0 NOVALUES", ["0", ["later", "stays"]]],
    ["TYPE h", "hash"],
  ];
  for (const [line, reply] of looks) {
    inBoth(`is not there for ${line}, and leaves as HDEL`, (encoding) => {
      makeDue();
      const answer = ask(line);
      if (encoding === "listpackex") expect(answer).toEqual(reply);
      else expect(JSON.stringify(answer).length).toBe(JSON.stringify(reply).length);
      expect(takeEffects()).toEqual(["HDEL h due"]);
      expect(ask("HPTTL h FIELDS 2 later stays")).toEqual([8000, -1]);
    });
  }
  inBoth("is new for HSET, HSETNX, HINCRBY and HINCRBYFLOAT", () => {
    for (const [line, reply] of [
      ["HSET h due 5", 1],
      ["HSETNX h due 5", 1],
      ["HINCRBY h due 5", 5],
      ["HINCRBYFLOAT h due 5", "5"],
    ]) {
      makeDue();
      // A command that fails for want of memory would have changed data: the field has gone.
      if (process.env.QUIRE_TEST_FAIL_RESERVE) session.call("HLEN h");
      expect(ask(String(line))).toEqual(reply);
      expect(takeEffects()[0]).toBe("HDEL h due");
      expect(all("HGET h due", "HTTL h FIELDS 1 due")).toEqual(["5", [-1]]);
      session.call("DEL h");
    }
  });
  inBoth("takes the key with it when it is the last", () => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 1000 FIELDS 2 a b");
    engine.takeEffects();
    wait(1000);
    expect(ask("EXISTS h")).toBe(0);
    expect(takeEffects().sort()).toEqual(["HDEL h a", "HDEL h b"]);
    expect(info("stats", "expired_subkeys")).toBe("2");
    expect(info("stats", "expired_keys")).toBe("0");
  });
  inBoth("goes in the tick, step by step", () => {
    for (let key = 0; key < 20; key++) {
      const fields = Array.from({ length: 50 }, (_, n) => `f${n}`);
      session.call("HSET", `h${key}`, ...fields.flatMap((field) => [field, 1]), "stays", 1);
      session.call("HPEXPIRE", `h${key}`, 1000 + key, "FIELDS", 50, ...fields);
    }
    expect(info("keyspace", "db0")).toBe("keys=21,expires=0,avg_ttl=0,subexpiry=20");
    wait(1009);
    expect(engine.exports.tick(engine.now, 100)).toBe(1);
    // Work on tables that was put off takes some of the steps.
    const expired = Number(info("stats", "expired_subkeys"));
    expect(expired).toBeGreaterThan(90);
    expect(expired).toBeLessThanOrEqual(100);
    engine.tick(100);
    expect(info("stats", "expired_subkeys")).toBe("500");
    expect(info("keyspace", "db0")).toBe("keys=21,expires=0,avg_ttl=0,subexpiry=10");
    wait(5000);
    engine.tick();
    expect(info("keyspace", "db0")).toBe("keys=21,expires=0,avg_ttl=0,subexpiry=0");
    for (let key = 0; key < 20; key++) expect(ask(`HKEYS h${key}`)).toEqual(["stays"]);
  });
  it("stays while active expiry is off", () => {
    makeDue();
    session.call("DEBUG SET-ACTIVE-EXPIRE 0");
    engine.tick();
    expect(info("stats", "expired_subkeys")).toBe("0");
    session.call("DEBUG SET-ACTIVE-EXPIRE 1");
    engine.tick();
    expect(info("stats", "expired_subkeys")).toBe("1");
  });
});

describe("times of fields and other commands", () => {
  inBoth("HSET and HMSET take a time off, HINCRBY and HINCRBYFLOAT keep it", () => {
    session.call("HSET h a 1 b 1 c 1 d 1");
    session.call("HPEXPIRE h 5000 FIELDS 4 a b c d");
    expect(effectsOf("HINCRBYFLOAT h d 0.5")).toEqual([
      "MULTI",
      "HSET h d 1.5",
      `HPEXPIREAT h ${START_MS + 5000} FIELDS 1 d`,
      "EXEC",
    ]);
    session.call("HSET h a 2");
    session.call("HMSET h b 2");
    session.call("HINCRBY h c 2");
    expect(ask("HSETNX h d 9")).toBe(0);
    expect(ask("HPTTL h FIELDS 4 a b c d")).toEqual([-1, -1, 5000, 5000]);
    expect(info("keyspace", "db0")).toContain("subexpiry=1");
    session.call("HDEL h c d");
    expect(info("keyspace", "db0")).toContain("subexpiry=0");
  });
  inBoth("COPY, RENAME and MOVE keep times", () => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    session.call("PEXPIRE h 8000");
    const digest = ask("DEBUG DIGEST-VALUE h");
    expect(all("COPY h copy", "RENAME h renamed", "MOVE renamed 3", "SELECT 3")).toEqual([
      1,
      "OK",
      1,
      "OK",
    ]);
    expect(ask("DEBUG DIGEST-VALUE renamed")).toEqual(digest);
    expect(ask("HPTTL renamed FIELDS 2 a b")).toEqual([5000, -1]);
    expect(all("SELECT 0", "HPTTL copy FIELDS 2 a b")).toEqual(["OK", [5000, -1]]);
    expect(all("PERSIST copy", "SWAPDB 0 3", "HPTTL renamed FIELDS 2 a b")).toEqual([
      1,
      "OK",
      [5000, -1],
    ]);
    wait(5000);
    engine.tick();
    expect(all("HKEYS renamed", "SELECT 3", "HKEYS copy")).toEqual([["b"], "OK", ["b"]]);
    expect(info("keyspace", "db3")).toContain("subexpiry=0");
  });
  inBoth("leave with the key", () => {
    for (const line of ["DEL h", "SET h 1", "RENAME string h", "FLUSHALL", "SUNIONSTORE h s"]) {
      session.call("SET string 1");
      session.call("SADD s 1");
      session.call("HSET h a 1 b 2");
      session.call("HPEXPIRE h 5000 FIELDS 1 a");
      session.call(line);
      expect(info("keyspace", "db0") ?? "subexpiry=0").toContain("subexpiry=0");
      expect(engine.exports.validate()).toBe(0);
      session.call("DEL h");
      engine.tick();
    }
  });
  it("count for DEBUG DIGEST-VALUE, whatever the time", () => {
    session.call("HSET h a 1");
    const without = ask("DEBUG DIGEST-VALUE h");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    const with5 = ask("DEBUG DIGEST-VALUE h");
    session.call("HPEXPIRE h 6000 FIELDS 1 a");
    expect(ask("DEBUG DIGEST-VALUE h")).toEqual(with5);
    expect(with5).not.toEqual(without);
  });
  it("survive the conversion to a table", () => {
    session.call("CONFIG SET hash-max-listpack-entries 4");
    session.call("HSET h a 1 b 2 c 3 d 4");
    session.call("HPEXPIRE h 5000 FIELDS 2 a c");
    expect(all("OBJECT ENCODING h", "HSET h e 5", "OBJECT ENCODING h")).toEqual([
      "listpackex",
      1,
      "hashtable",
    ]);
    expect(ask("HPTTL h FIELDS 5 a b c d e")).toEqual([5000, -1, 5000, -1, -1]);
    expect(Number(ask("MEMORY USAGE h SAMPLES 0"))).toBeGreaterThan(100);
  });
  it("are exported", () => {
    session.call("HSET h a 1 b 2");
    session.call("HPEXPIRE h 5000 FIELDS 1 a");
    session.call("HSET kept a 1");
    session.call("HPEXPIRE kept 5000 FIELDS 1 a");
    session.call("HPERSIST kept FIELDS 1 a");
    for (let cursor = 0, first = true; cursor || first; first = false) {
      cursor = engine.exports.exportCommands(cursor, 100);
    }
    const copy = new TestEngine();
    allowDebug(copy);
    const replay = copy.open(SessionFlag.REPLAY);
    const commands = decodeAll(Buffer.concat(engine.exported).toString("latin1")) as string[][];
    for (const words of commands) replay.raw(encode(words));
    const other = copy.open();
    expect(other.ask("HPTTL h FIELDS 2 a b")).toEqual([5000, -1]);
    expect(other.ask("OBJECT ENCODING kept")).toBe("listpackex");
    expect(other.ask("HTTL kept FIELDS 1 a")).toEqual([-1]);
    expect(other.ask("DEBUG DIGEST")).toEqual(ask("DEBUG DIGEST"));
    expect(copy.exports.validate()).toBe(0);
  });
});

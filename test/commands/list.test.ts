import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { arity, effectLines, MINIMUM, NOT_INTEGER, SYNTAX, WRONG_TYPE } from "../support/replies";

const NOT_POSITIVE = "-ERR value is out of range, must be positive\r\n";
const OUTSIDE =
  "-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n";
const NULL_ARRAY = "*-1\r\n";
const NULL = "$-1\r\n";

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

const all = (key = "list") => session.ask("LRANGE", key, 0, -1);
const encoding = (key = "list") => session.ask("OBJECT", "ENCODING", key);
const numbers = (count: number, first = 0) => Array.from({ length: count }, (_, n) => first + n);
const texts = (list: number[]) => list.map(String);
const chunk = (size: number | string) =>
  session.call("CONFIG", "SET", "list-max-listpack-size", size);

const effects = () => effectLines(engine);

/** The same test with a packed list, with chunks of two elements, and with small chunks. */
function eachEncoding(name: string, body: () => void): void {
  it.each(["-2", "1", "2", "-1"])(`${name} (chunks of %s)`, (size) => {
    chunk(size);
    session.call("SET", "text", "no list");
    body();
    expect(engine.exports.validate()).toBe(0);
  });
}

describe.each([
  ["LPUSH", true],
  ["RPUSH", false],
] as const)("%s", (name, atHead) => {
  eachEncoding("adds elements in order and answers their number", () => {
    expect(session.call(name, "list", "a")).toBe(":1\r\n");
    expect(session.call(name, "list", "b", "", "3")).toBe(":4\r\n");
    const expected = ["a", "b", "", "3"];
    expect(all()).toEqual(atHead ? expected.reverse() : expected);
    expect(effects().slice(1)).toEqual([`${name} list a`, `${name} list b  3`]);
  });

  eachEncoding("keeps any bytes", () => {
    const values = ["", "0", "-1", "007", "\r\n\0\xff", "9223372036854775808", "x".repeat(70_000)];
    for (const value of values) session.call(name, "list", value);
    expect(all()).toEqual(atHead ? values.reverse() : values);
  });

  it("refuses what is no list and too few arguments", () => {
    session.call("SET text a");
    expect(session.call(name, "text", "a")).toBe(WRONG_TYPE);
    expect(session.call(name, "text")).toBe(arity(name.toLowerCase()));
    expect(effects()).toEqual(["SET text a"]);
  });

  it("becomes a quicklist when the limit is passed", () => {
    chunk(3);
    session.call(name, "list", 1, 2, 3);
    expect(encoding()).toBe("listpack");
    session.call(name, "list", 4);
    expect(encoding()).toBe("quicklist");
    session.call(name, "several", 1, 2, 3, 4);
    expect(encoding("several")).toBe("quicklist");
    chunk(-1);
    session.call(name, "bytes", "x".repeat(2000), "y".repeat(2000));
    expect(encoding("bytes")).toBe("listpack");
    session.call(name, "bytes", "z".repeat(100));
    expect(encoding("bytes")).toBe("quicklist");
    session.call(name, "large", "x".repeat(5000));
    expect(encoding("large")).toBe("quicklist");
    chunk(0);
    session.call(name, "zero", "a");
    expect(encoding("zero")).toBe("listpack");
    session.call(name, "zero", "b");
    expect(encoding("zero")).toBe("quicklist");
  });

  it("takes thousands of elements of all sizes", () => {
    const values = numbers(3000).map((n) => (n % 7 ? String(n * 977) : "v".repeat(n)));
    for (const value of values) session.call(name, "list", value);
    expect(session.call("LLEN list")).toBe(":3000\r\n");
    expect(all()).toEqual(atHead ? values.reverse() : values);
  });

  it("begins anew with a key that has expired", () => {
    session.call(name, "list", "a");
    session.call("PEXPIRE list 10");
    engine.now += 11;
    expect(session.call(name, "list", "b")).toBe(":1\r\n");
    expect(session.call("PTTL list")).toBe(":-1\r\n");
  });
});

describe.each([
  ["LPUSHX", true],
  ["RPUSHX", false],
] as const)("%s", (name, atHead) => {
  eachEncoding("adds elements to a list that exists", () => {
    expect(session.call(name, "list", "a")).toBe(":0\r\n");
    expect(session.call("EXISTS list")).toBe(":0\r\n");
    session.call("RPUSH list 0");
    expect(session.call(name, "list", "a", "b")).toBe(":3\r\n");
    expect(all()).toEqual(atHead ? ["b", "a", "0"] : ["0", "a", "b"]);
    expect(effects().slice(1)).toEqual(["RPUSH list 0", `${name} list a b`]);
    expect(session.call(name, "text", "a")).toBe(WRONG_TYPE);
    expect(session.call(name, "text")).toBe(arity(name.toLowerCase()));
  });
});

describe.each([
  ["LPOP", false],
  ["RPOP", true],
] as const)("%s", (name, atTail) => {
  eachEncoding("takes one element, the last one with the key", () => {
    expect(session.call(name, "list")).toBe(NULL);
    session.call("RPUSH list a 2 c");
    effects();
    const order = atTail ? ["c", "2", "a"] : ["a", "2", "c"];
    for (const element of order) expect(session.ask(name, "list")).toBe(element);
    expect(session.call("EXISTS list")).toBe(":0\r\n");
    expect(effects()).toEqual([`${name} list`, `${name} list`, `${name} list`]);
    expect(session.call(name, "text")).toBe(WRONG_TYPE);
  });

  eachEncoding("takes several with a count", () => {
    expect(session.call(name, "list", 2)).toBe(NULL_ARRAY);
    session.call("RPUSH", "list", ...numbers(9), "x".repeat(9000));
    expect(session.call(name, "list", 0)).toBe("*0\r\n");
    effects();
    const taken = session.ask(name, "list", 4);
    expect(taken).toEqual(atTail ? ["x".repeat(9000), "8", "7", "6"] : texts(numbers(4)));
    expect(effects()).toEqual([`${name} list 4`]);
    expect(session.call("LLEN list")).toBe(":6\r\n");
    expect((session.ask(name, "list", 100) as string[]).length).toBe(6);
    expect(session.call("EXISTS list")).toBe(":0\r\n");
  });

  it("refuses wrong counts before it looks", () => {
    session.call("SET text a");
    expect(session.call(name, "text", -1)).toBe(NOT_POSITIVE);
    expect(session.call(name, "text", "x")).toBe(NOT_POSITIVE);
    expect(session.call(name, "text", 1, 1)).toBe(arity(name.toLowerCase()));
    expect(session.call(name, "text", 0)).toBe(WRONG_TYPE);
    expect(session.call(name)).toBe(arity(name.toLowerCase()));
  });

  it("answers RESP3 nulls", () => {
    session.call("HELLO 3");
    expect(session.call(name, "list")).toBe("_\r\n");
    expect(session.call(name, "list", 1)).toBe("_\r\n");
  });

  it("packs a list again at half of the limit", () => {
    chunk(4);
    session.call("RPUSH list 1 2 3 4 5 6");
    while (session.ask("LLEN list") !== 3) session.call(name, "list");
    expect(encoding()).toBe("quicklist");
    while (session.ask("LLEN list") !== 1) session.call(name, "list");
    expect(encoding()).toBe("listpack");
  });
});

describe("LLEN", () => {
  eachEncoding("counts elements", () => {
    expect(session.call("LLEN list")).toBe(":0\r\n");
    session.call("RPUSH", "list", ...numbers(5));
    expect(session.call("LLEN list")).toBe(":5\r\n");
    expect(session.call("LLEN text")).toBe(WRONG_TYPE);
    expect(session.call("LLEN")).toBe(arity("llen"));
  });
});

describe("LRANGE", () => {
  eachEncoding("reads any part", () => {
    const values = texts(numbers(12, 995));
    session.call("RPUSH", "list", ...values);
    for (const start of [0, 1, 5, 11, 12, 100, -1, -5, -12, -13, "-99999999999"]) {
      for (const stop of [0, 1, 6, 11, 12, 100, -1, -6, -12, -13, "99999999999"]) {
        const from = Number(start) < 0 ? Math.max(Number(start) + 12, 0) : Number(start);
        const to = Number(stop) < 0 ? Number(stop) + 12 : Number(stop);
        expect(session.ask("LRANGE", "list", start, stop)).toEqual(values.slice(from, to + 1));
      }
    }
  });

  it("refuses wrong indexes and what is no list", () => {
    session.call("SET text a");
    expect(session.call("LRANGE list x 0")).toBe(NOT_INTEGER);
    expect(session.call("LRANGE text 0 x")).toBe(NOT_INTEGER);
    expect(session.call("LRANGE text 0 0")).toBe(WRONG_TYPE);
    expect(session.call("LRANGE list 0 0")).toBe("*0\r\n");
    expect(session.call("LRANGE list 0")).toBe(arity("lrange"));
  });
});

describe("LTRIM", () => {
  eachEncoding("keeps a part", () => {
    for (const [start, stop] of [
      [0, -1],
      [1, -2],
      [3, 5],
      [-3, -1],
      [0, 0],
      [5, 100],
      [4, 3],
      [100, 200],
      [0, -100],
    ] as const) {
      session.call("DEL list");
      session.call("RPUSH", "list", ...numbers(10));
      expect(session.call("LTRIM", "list", start, stop)).toBe("+OK\r\n");
      const end = stop < 0 ? stop + 11 : stop + 1;
      expect(all()).toEqual(texts(numbers(10)).slice(start, Math.max(end, 0)));
    }
    expect(session.call("EXISTS list")).toBe(":0\r\n");
    expect(session.call("LTRIM list 0 0")).toBe("+OK\r\n");
    expect(session.call("LTRIM text 0 0")).toBe(WRONG_TYPE);
    expect(session.call("LTRIM text x 0")).toBe(NOT_INTEGER);
    expect(session.call("LTRIM text 0 x")).toBe(NOT_INTEGER);
    expect(session.call("LTRIM list 0")).toBe(arity("ltrim"));
  });

  it("leaves an effect only when something went", () => {
    session.call("RPUSH list 1 2 3");
    effects();
    session.call("LTRIM list 0 -1");
    expect(effects()).toEqual([]);
    session.call("LTRIM list 1 -1");
    expect(effects()).toEqual(["LTRIM list 1 -1"]);
  });

  it("packs a list that became small", () => {
    chunk(4);
    session.call("RPUSH list 1 2 3 4 5 6");
    session.call("LTRIM list 0 1");
    expect(encoding()).toBe("listpack");
  });
});

describe("LINDEX", () => {
  eachEncoding("reads single elements", () => {
    session.call("RPUSH", "list", ...numbers(20, 118), "y".repeat(300));
    for (let index = 0; index < 20; index++) {
      expect(session.ask("LINDEX", "list", index)).toBe(String(118 + index));
      expect(session.ask("LINDEX", "list", index - 21)).toBe(String(118 + index));
    }
    expect(session.ask("LINDEX", "list", -1)).toBe("y".repeat(300));
    for (const index of [21, -22, "9223372036854775807", MINIMUM]) {
      expect(session.call("LINDEX", "list", index)).toBe(NULL);
    }
  });

  it("refuses wrong indexes of a list that is there", () => {
    expect(session.call("LINDEX list x")).toBe(NULL);
    session.call("SET text a");
    expect(session.call("LINDEX text x")).toBe(WRONG_TYPE);
    session.call("RPUSH list a");
    expect(session.call("LINDEX list x")).toBe(NOT_INTEGER);
    expect(session.call("LINDEX list")).toBe(arity("lindex"));
    session.call("HELLO 3");
    expect(session.call("LINDEX list 1")).toBe("_\r\n");
  });
});

describe("LSET", () => {
  eachEncoding("replaces elements by shorter and longer ones", () => {
    const model = texts(numbers(12));
    session.call("RPUSH", "list", ...model);
    const values = ["", "a", "7", "-70000", "m".repeat(200), "l".repeat(9000), "n".repeat(20_000)];
    for (let step = 0; step < 60; step++) {
      const index = (step * 7) % 12;
      const value = values[step % values.length]!;
      const given = step % 2 ? index : index - 12;
      expect(session.call("LSET", "list", given, value)).toBe("+OK\r\n");
      model[index] = value;
      expect(all()).toEqual(model);
    }
  });

  it("refuses what is not there", () => {
    expect(session.call("LSET list x a")).toBe("-ERR no such key\r\n");
    session.call("RPUSH list a b");
    session.call("SET text a");
    effects();
    expect(session.call("LSET list x a")).toBe(NOT_INTEGER);
    expect(session.call("LSET list 2 a")).toBe("-ERR index out of range\r\n");
    expect(session.call("LSET list -3 a")).toBe("-ERR index out of range\r\n");
    expect(session.call("LSET text 0 a")).toBe(WRONG_TYPE);
    expect(session.call("LSET list 0")).toBe(arity("lset"));
    session.call("LSET list 0 c");
    expect(effects()).toEqual(["LSET list 0 c"]);
  });

  it("changes the encoding with the size", () => {
    session.call("RPUSH list a");
    session.call("LSET", "list", 0, "x".repeat(10_000));
    expect(encoding()).toBe("quicklist");
    session.call("LSET list 0 a");
    expect(encoding()).toBe("listpack");
  });
});

describe("LINSERT", () => {
  eachEncoding("adds elements before and after others", () => {
    const model = texts(numbers(6));
    session.call("RPUSH", "list", ...model);
    for (let step = 0; step < 60; step++) {
      const pivot = model[(step * 5) % model.length]!;
      const value = step % 9 ? `v${step}` : `${step}`.repeat(3000);
      const before = step % 2 === 0;
      const reply = session.call("LINSERT", "list", before ? "BEFORE" : "after", pivot, value);
      model.splice(model.indexOf(pivot) + (before ? 0 : 1), 0, value);
      expect(reply).toBe(`:${model.length}\r\n`);
      expect(all()).toEqual(model);
    }
  });

  it("answers -1 without the pivot and 0 without the list", () => {
    expect(session.call("LINSERT list BEFORE a b")).toBe(":0\r\n");
    session.call("RPUSH list 1");
    session.call("SET text a");
    effects();
    expect(session.call("LINSERT list BEFORE a b")).toBe(":-1\r\n");
    expect(session.call("LINSERT list BEFORE 1 0")).toBe(":2\r\n");
    expect(effects()).toEqual(["LINSERT list BEFORE 1 0"]);
    expect(session.call("LINSERT text ON 1 0")).toBe(SYNTAX);
    expect(session.call("LINSERT text AFTER 1 0")).toBe(WRONG_TYPE);
    expect(session.call("LINSERT text AFTER 1")).toBe(arity("linsert"));
  });

  it("passes the limit", () => {
    chunk(2);
    session.call("RPUSH list 1 2");
    session.call("LINSERT list AFTER 1 x");
    expect(encoding()).toBe("quicklist");
    expect(all()).toEqual(["1", "x", "2"]);
  });
});

describe("LREM", () => {
  eachEncoding("removes matches from either side", () => {
    const large = "z".repeat(9000);
    const values = ["a", "1", "b", "a", large, "a", "1", "c", "a", large];
    const expected = (count: number, value: string) => {
      const list = count < 0 ? [...values].reverse() : [...values];
      let left = Math.abs(count) || values.length;
      const kept = list.filter((item) => item !== value || left-- <= 0);
      return count < 0 ? kept.reverse() : kept;
    };
    for (const value of ["a", "1", "b", large, "none"]) {
      for (const count of [0, 1, 2, 100, -1, -2, -100]) {
        session.call("DEL list");
        session.call("RPUSH", "list", ...values);
        const kept = expected(count, value);
        const removed = values.length - kept.length;
        effects();
        expect(session.call("LREM", "list", count, value)).toBe(`:${removed}\r\n`);
        expect(effects().length).toBe(removed ? 1 : 0);
        expect(all()).toEqual(kept);
      }
    }
  });

  it("removes the key with the last element", () => {
    session.call("RPUSH list a a");
    expect(session.call("LREM list 0 a")).toBe(":2\r\n");
    expect(session.call("EXISTS list")).toBe(":0\r\n");
    expect(session.call("LREM list 0 a")).toBe(":0\r\n");
  });

  it("refuses wrong counts and what is no list", () => {
    session.call("SET text a");
    expect(session.call("LREM text x a")).toBe(NOT_INTEGER);
    expect(session.call("LREM", "text", MINIMUM, "a")).toBe(OUTSIDE);
    expect(session.call("LREM text 0 a")).toBe(WRONG_TYPE);
    expect(session.call("LREM text 0")).toBe(arity("lrem"));
  });

  it("packs a list that became small", () => {
    chunk(4);
    session.call("RPUSH list a a a a b");
    session.call("LREM list 0 a");
    expect(encoding()).toBe("listpack");
  });
});

describe("LPOS", () => {
  eachEncoding("finds indexes", () => {
    session.call("RPUSH", "list", ..."abc123cc".split(""), "x".repeat(9000));
    const cases: [string, string][] = [
      ["c", ":2\r\n"],
      ["3", ":5\r\n"],
      ["x", NULL],
      ["c RANK 2", ":6\r\n"],
      ["c RANK -1", ":7\r\n"],
      ["c RANK -2", ":6\r\n"],
      ["c RANK 4", NULL],
      ["c COUNT 2", "*2\r\n:2\r\n:6\r\n"],
      ["c COUNT 0", "*3\r\n:2\r\n:6\r\n:7\r\n"],
      ["c RANK 2 COUNT 0", "*2\r\n:6\r\n:7\r\n"],
      ["c RANK -1 COUNT 2", "*2\r\n:7\r\n:6\r\n"],
      ["c COUNT 0 MAXLEN 7", "*2\r\n:2\r\n:6\r\n"],
      ["c MAXLEN 2", NULL],
      ["c RANK -1 MAXLEN 2", ":7\r\n"],
      ["c rank -1 maxlen 1", NULL],
      ["x COUNT 0", "*0\r\n"],
      ["c RANK 1 RANK 2", ":6\r\n"],
    ];
    for (const [words, reply] of cases) {
      expect(session.call(...["LPOS", "list", ...words.split(" ")])).toBe(reply);
    }
    expect(session.call("LPOS", "list", "x".repeat(9000))).toBe(":8\r\n");
  });

  it("answers nothing for a key that is not there", () => {
    expect(session.call("LPOS list a")).toBe(NULL);
    expect(session.call("LPOS list a COUNT 0")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("LPOS list a")).toBe("_\r\n");
  });

  it("refuses wrong options", () => {
    session.call("SET text a");
    expect(session.call("LPOS text a")).toBe(WRONG_TYPE);
    const zero = "use 1 to start from the first match, 2 from the second ... or use negative";
    expect(session.call("LPOS text a RANK 0")).toBe(
      `-ERR RANK can't be zero: ${zero} to start from the end of the list\r\n`,
    );
    expect(session.call("LPOS text a RANK x")).toBe(NOT_INTEGER);
    expect(session.call("LPOS", "text", "a", "RANK", MINIMUM)).toBe(OUTSIDE);
    expect(session.call("LPOS text a COUNT -1")).toBe("-ERR COUNT can't be negative\r\n");
    expect(session.call("LPOS text a COUNT x")).toBe("-ERR COUNT can't be negative\r\n");
    expect(session.call("LPOS text a MAXLEN -1")).toBe("-ERR MAXLEN can't be negative\r\n");
    expect(session.call("LPOS text a MAXLEN")).toBe(SYNTAX);
    expect(session.call("LPOS text a BOGUS 1")).toBe(SYNTAX);
    expect(session.call("LPOS text")).toBe(arity("lpos"));
  });
});

/** One move, by a command. */
type Move = (source: string, target: string) => string;

function moves(move: Move, fromTail: boolean, toHead: boolean): void {
  session.call("RPUSH source 1 2 3");
  session.call("RPUSH target a b");
  const source = ["1", "2", "3"];
  const target = ["a", "b"];
  while (source.length) {
    const element = (fromTail ? source.pop() : source.shift())!;
    if (toHead) target.unshift(element);
    else target.push(element);
    expect(move("source", "target")).toBe(`$1\r\n${element}\r\n`);
    expect(all("source")).toEqual(source);
    expect(all("target")).toEqual(target);
  }
  expect(session.call("EXISTS source")).toBe(":0\r\n");
  expect(move("source", "target")).toBe(NULL);
  expect(move("target", "new")).toMatch(/^\$1/);
  expect(session.call("LLEN new")).toBe(":1\r\n");
  const large = "l".repeat(20_000);
  session.call("RPUSH", "large", large);
  expect(move("large", "target")).toBe(`$20000\r\n${large}\r\n`);
  expect(session.call("EXISTS large")).toBe(":0\r\n");
}

function rotates(move: Move, fromTail: boolean, toHead: boolean): void {
  const list = ["1", "two", "3".repeat(9000), "4", "5"];
  session.call("RPUSH", "ring", ...list);
  for (let step = 0; step < 12; step++) {
    const element = (fromTail ? list.pop() : list.shift())!;
    if (toHead) list.unshift(element);
    else list.push(element);
    expect(move("ring", "ring")).toBe(`$${element.length}\r\n${element}\r\n`);
    expect(all("ring")).toEqual(list);
  }
  session.call("DEL ring");
  session.call("RPUSH ring one");
  expect(move("ring", "ring")).toBe("$3\r\none\r\n");
  expect(all("ring")).toEqual(["one"]);
}

function refusesMoves(move: Move, name: string): void {
  session.call("SET text a");
  session.call("RPUSH list a");
  effects();
  expect(move("text", "list")).toBe(WRONG_TYPE);
  expect(move("list", "text")).toBe(WRONG_TYPE);
  expect(move("none", "text")).toBe(NULL);
  expect(session.call(name, "list")).toBe(arity(name.toLowerCase()));
  expect(effects()).toEqual([]);
}

describe("LMOVE", () => {
  for (const from of ["LEFT", "RIGHT"]) {
    for (const to of ["LEFT", "RIGHT"]) {
      const move: Move = (source, target) => session.call("LMOVE", source, target, from, to);
      const [fromTail, toHead] = [from === "RIGHT", to === "LEFT"];
      eachEncoding(`moves from ${from} to ${to}`, () => moves(move, fromTail, toHead));
      eachEncoding(`rotates from ${from} to ${to}`, () => rotates(move, fromTail, toHead));
    }
  }

  it("refuses what is no list, and other sides", () => {
    refusesMoves(
      (source, target) => session.call("LMOVE", source, target, "LEFT", "LEFT"),
      "LMOVE",
    );
    expect(session.call("LMOVE text list UP LEFT")).toBe(SYNTAX);
    expect(session.call("LMOVE text list LEFT UP")).toBe(SYNTAX);
    session.call("LMOVE list other left right");
    expect(effects()).toEqual(["LMOVE list other left right"]);
  });
});

describe("LMOVEM", () => {
  const model = (fromTail: boolean, toHead: boolean, count: number, bulk: boolean) => {
    const source = ["a", "b", "c", "d"];
    const taken = fromTail ? source.splice(-count).reverse() : source.splice(0, count);
    if (bulk ? fromTail : toHead) taken.reverse();
    return { source, taken };
  };

  for (const from of ["LEFT", "RIGHT"]) {
    for (const to of ["LEFT", "RIGHT"]) {
      for (const order of ["OBO", "BULK"]) {
        eachEncoding(`moves from ${from} to ${to} ${order}`, () => {
          for (const count of [1, 2, 3, 4]) {
            const { source, taken } = model(
              from === "RIGHT",
              to === "LEFT",
              count,
              order === "BULK",
            );
            for (const target of ["target", "source"]) {
              session.call("DEL source target");
              session.call("RPUSH source a b c d");
              session.call("RPUSH target x y");
              effects();
              const words = [from, to, "COUNT", count, order];
              expect(session.ask("LMOVEM", "source", target, ...words)).toEqual(taken);
              const rest = target === "source" ? source : ["x", "y"];
              const moved = to === "LEFT" ? [...taken, ...rest] : [...rest, ...taken];
              expect(all(target)).toEqual(moved);
              if (target === "target") expect(all("source")).toEqual(source);
              expect(session.call("EXISTS source")).toBe(
                `:${(all("source") as string[]).length ? 1 : 0}\r\n`,
              );
              const pushed = to === "LEFT" ? [...taken].reverse() : taken;
              expect(effects()).toEqual([
                "MULTI",
                `${from === "LEFT" ? "LPOP" : "RPOP"} source ${count}`,
                `${to === "LEFT" ? "LPUSH" : "RPUSH"} ${target} ${pushed.join(" ")}`,
                "EXEC",
              ]);
            }
          }
        });
      }
    }
  }

  eachEncoding("moves one element without options, and many", () => {
    const values = [...texts(numbers(300)), "x".repeat(20_000), "y".repeat(70_000)];
    session.call("RPUSH", "source", ...values);
    expect(session.ask("LMOVEM source target LEFT RIGHT")).toEqual(["0"]);
    expect(session.ask("LMOVEM source target left right count 1000 bulk")).toEqual(values.slice(1));
    expect(all("target")).toEqual(values);
    expect(session.call("EXISTS source")).toBe(":0\r\n");
  });

  it("moves nothing when there is too little", () => {
    session.call("SET text a");
    expect(session.call("LMOVEM source text LEFT LEFT")).toBe(NULL_ARRAY);
    expect(session.call("LMOVEM source text LEFT LEFT COUNT 1 OBO")).toBe(NULL_ARRAY);
    session.call("RPUSH source a b");
    effects();
    expect(session.call("LMOVEM source text LEFT LEFT EXACTLY 3 OBO")).toBe(NULL_ARRAY);
    expect(session.call("LMOVEM source text LEFT LEFT EXACTLY 2 OBO")).toBe(WRONG_TYPE);
    expect(session.call("LMOVEM text source LEFT LEFT")).toBe(WRONG_TYPE);
    expect(effects()).toEqual([]);
    expect(session.ask("LMOVEM source target LEFT LEFT EXACTLY 2 BULK")).toEqual(["a", "b"]);
    session.call("HELLO 3");
    expect(session.call("LMOVEM source target LEFT LEFT")).toBe("_\r\n");
  });

  it("refuses wrong arguments", () => {
    const count = "-ERR count should be greater than 0\r\n";
    for (const words of [
      "UP LEFT",
      "LEFT UP",
      "LEFT LEFT COUNT",
      "LEFT LEFT COUNT 1",
      "LEFT LEFT COUNT 1 BOGUS",
      "LEFT LEFT BOGUS 1 OBO",
      "LEFT LEFT COUNT 1 OBO BULK",
    ]) {
      expect(session.call(`LMOVEM source target ${words}`)).toBe(SYNTAX);
    }
    expect(session.call("LMOVEM source target LEFT LEFT COUNT 0 OBO")).toBe(count);
    expect(session.call("LMOVEM source target LEFT LEFT EXACTLY x BULK")).toBe(count);
    expect(session.call("LMOVEM source target LEFT")).toBe(arity("lmovem"));
  });
});

describe("RPOPLPUSH", () => {
  const move: Move = (source, target) => session.call("RPOPLPUSH", source, target);
  eachEncoding("moves the last element to another head", () => moves(move, true, true));
  eachEncoding("rotates", () => rotates(move, true, true));

  it("refuses what is no list", () => {
    refusesMoves(move, "RPOPLPUSH");
    session.call("RPOPLPUSH list other");
    expect(effects()).toEqual(["RPOPLPUSH list other"]);
  });
});

describe("LMPOP", () => {
  eachEncoding("takes from the first list that has elements", () => {
    expect(session.call("LMPOP 2 a b LEFT")).toBe(NULL_ARRAY);
    session.call("RPUSH b 1 2 3");
    session.call("RPUSH c 4 5 6");
    effects();
    expect(session.ask("LMPOP 3 a b c LEFT")).toEqual(["b", ["1"]]);
    expect(session.ask("LMPOP 3 a b c RIGHT COUNT 9")).toEqual(["b", ["3", "2"]]);
    expect(session.ask("LMPOP 3 a b c left count 2")).toEqual(["c", ["4", "5"]]);
    expect(session.call("LMPOP 2 a text LEFT")).toBe(WRONG_TYPE);
    expect(session.ask("LMPOP 2 c text LEFT")).toEqual(["c", ["6"]]);
    expect(effects()).toEqual(["LPOP b 1", "RPOP b 2", "LPOP c 2", "LPOP c 1"]);
    expect(session.ask("KEYS *")).toEqual(["text"]);
  });

  it("refuses wrong arguments", () => {
    const keys = "-ERR numkeys should be greater than 0\r\n";
    const count = "-ERR count should be greater than 0\r\n";
    session.call("RPUSH a 1 2");
    expect(session.call("LMPOP 0 a LEFT")).toBe(keys);
    expect(session.call("LMPOP 1 a LEFT COUNT 0 x")).toContain("count should be greater than 0");
    expect(session.call("LMPOP 1 a LEFT COUNT 1 x")).toBe("-ERR syntax error\r\n");
    expect(session.call("LMPOP x a LEFT")).toBe(keys);
    expect(session.call("LMPOP -1 a LEFT")).toBe(keys);
    expect(session.call("LMPOP 2 a LEFT")).toBe(SYNTAX);
    expect(session.call("LMPOP 9223372036854775807 a LEFT")).toBe(SYNTAX);
    expect(session.call("LMPOP 1 a UP")).toBe(SYNTAX);
    expect(session.call("LMPOP 1 a LEFT COUNT")).toBe(SYNTAX);
    expect(session.call("LMPOP 1 a LEFT BOGUS 1")).toBe(SYNTAX);
    expect(session.call("LMPOP 1 a LEFT COUNT 1 COUNT 1")).toBe(SYNTAX);
    expect(session.call("LMPOP 1 a LEFT COUNT 0")).toBe(count);
    expect(session.call("LMPOP 1 a LEFT COUNT x")).toBe(count);
    expect(session.call("LMPOP 1 a")).toBe(arity("lmpop"));
    session.call("HELLO 3");
    expect(session.call("LMPOP 1 none LEFT")).toBe("_\r\n");
  });
});

describe("a list as a key", () => {
  eachEncoding("is copied, renamed, measured and freed", () => {
    const values = [...texts(numbers(30)), "x".repeat(9000)];
    session.call("RPUSH", "list", ...values);
    session.call("COPY list copy");
    session.call("LPOP list 10");
    expect(all("copy")).toEqual(values);
    session.call("RENAME copy other");
    session.call("PEXPIREAT other 4102444800000");
    session.call("COPY other list DB 1");
    expect(all("other")).toEqual(values);
    expect(session.call("TYPE other")).toBe("+list\r\n");
    expect(session.ask("MEMORY USAGE other")).toBeGreaterThan(100);
    expect(session.ask("MEMORY USAGE other SAMPLES 0")).toBeGreaterThan(9000);
    session.call("SET other text");
    session.call("FLUSHALL");
    engine.tick();
    session.call("SET text a");
  });
});

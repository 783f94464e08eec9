// Hash commands: replies in both protocols, errors, effects, expiry, encodings.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";

const WRONG_TYPE = new Error("WRONGTYPE Operation against a key holding the wrong kind of value");
const NOT_INTEGER = new Error("ERR value is not an integer or out of range");
const NOT_FLOAT = new Error("ERR value is not a valid float");
const SYNTAX = new Error("ERR syntax error");
const LONG = "x".repeat(65);

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  session.call("SET string 1");
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const ask = (...words: (string | number)[]) => session.ask(...words);

/** The replies of several commands, split at spaces. */
const all = (...lines: string[]) => lines.map((line) => session.ask(line));

/** Turns effects on and forgets what was before. */
function watchEffects(): void {
  engine.exports.setEffects(1);
  engine.takeEffects();
}

const effect = (...words: string[]) =>
  encode(["SELECT", "0"]).toString("latin1") + encode(words).toString("latin1");

/** Runs the test with a packed hash and with a table. */
function inBoth(name: string, test: () => void): void {
  it(`${name} (listpack)`, test);
  it(`${name} (hashtable)`, () => {
    session.call("CONFIG SET hash-max-listpack-entries 0");
    test();
  });
}

function arity(command: string, ...lines: string[]): void {
  for (const line of lines) {
    expect(ask(line)).toEqual(new Error(`ERR wrong number of arguments for '${command}' command`));
  }
}

describe("HSET", () => {
  inBoth("answers how many fields are new", () => {
    expect(all("HSET h a 1", "HSET h a 2 b 3 c 4", "HSET h a 5", "HSET h d 1 d 2")).toEqual([
      1, 2, 0, 1,
    ]);
    expect(all("HGET h a", "HGET h d", "HLEN h")).toEqual(["5", "2", 4]);
  });
  inBoth("keeps any bytes", () => {
    for (const text of ["", "\r\n\0\xff", "0", "-0", "9223372036854775807", "z".repeat(70_000)]) {
      expect(ask("HSET", "h", text, `${text}!`)).toBe(1);
      expect(ask("HGET", "h", text)).toBe(`${text}!`);
      expect(ask("HSET", "h", text, text)).toBe(0);
      expect(ask("HGET", "h", text)).toBe(text);
    }
  });
  inBoth("keeps the expiry and its own words as effect", () => {
    session.call("HSET h a 1");
    session.call("PEXPIRE h 5000");
    watchEffects();
    session.call("HSET h a 2");
    expect(engine.takeEffects()).toBe(effect("HSET", "h", "a", "2"));
    expect(ask("PTTL h")).toBe(5000);
  });
  it("begins anew where the hash has expired", () => {
    session.call("HSET h a 1");
    session.call("PEXPIRE h 5000");
    engine.now += 5000;
    watchEffects();
    expect(all("HSET h b 2", "HGETALL h")).toEqual([1, ["b", "2"]]);
    expect(engine.takeEffects()).toBe(
      effect("DEL", "h") + encode(["HSET", "h", "b", "2"]).toString("latin1"),
    );
  });
  it("changes to a table by the length of a text", () => {
    session.call("HSET", "h", "a", "x".repeat(64));
    expect(ask("OBJECT ENCODING h")).toBe("listpack");
    session.call("HSET", "h", "a", LONG);
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
    session.call("HSET h a short");
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
    session.call("HSET", "i", LONG, "1");
    expect(ask("OBJECT ENCODING i")).toBe("hashtable");
  });
  it("changes to a table by the number of fields", () => {
    for (let n = 0; n < 512; n++) session.raw(encode(["HSET", "h", `f${n}`, n]));
    expect(ask("OBJECT ENCODING h")).toBe("listpack");
    session.call("HSET h more 1");
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
    for (let n = 0; n < 512; n++) expect(ask(`HGET h f${n}`)).toBe(`${n}`);
  });
  it("changes to a table by the number of pairs in one command", () => {
    const pairs = Array.from({ length: 513 }, () => ["same", "field"]).flat();
    expect(ask("HSET", "h", ...pairs)).toBe(1);
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
  });
  it("refuses", () => {
    expect(ask("HSET string a 1")).toEqual(WRONG_TYPE);
    arity("hset", "HSET h", "HSET h a", "HSET h a 1 b", "HSET string a 1 b");
  });
  it("refuses what does not fit, and changes nothing", () => {
    const small = new TestEngine({ heapMb: 4 });
    const other = small.open();
    let refused: unknown = 1;
    let fields = 0;
    for (; refused === 1; fields++)
      refused = other.ask("HSET", "h", `f${fields}`, "v".repeat(9999));
    expect(refused).toEqual(new Error("OOM command not allowed when used memory > 'maxmemory'."));
    expect(other.ask("HLEN h")).toBe(fields - 1);
    expect(other.ask("HDEL h f0")).toBe(1);
    expect(small.exports.validate()).toBe(0);
  });
});

describe("HMSET", () => {
  inBoth("answers OK", () => {
    expect(all("HMSET h a 1 b 2", "HMSET h a 3", "HMGET h a b")).toEqual(["OK", "OK", ["3", "2"]]);
  });
  it("leaves its own words as effect", () => {
    watchEffects();
    session.call("HMSET h a 1");
    expect(engine.takeEffects()).toBe(effect("HMSET", "h", "a", "1"));
  });
  it("refuses", () => {
    expect(ask("HMSET string a 1")).toEqual(WRONG_TYPE);
    arity("hmset", "HMSET h", "HMSET h a", "HMSET h a 1 b");
  });
});

describe("HSETNX", () => {
  inBoth("sets a field that is not there", () => {
    expect(all("HSETNX h a 1", "HSETNX h a 2", "HSETNX h b 3", "HGET h a")).toEqual([1, 0, 1, "1"]);
  });
  it("leaves an effect only when it set", () => {
    session.call("HSET h a 1");
    watchEffects();
    session.call("HSETNX", "h", "a", LONG);
    expect(engine.takeEffects()).toBe("");
    expect(ask("OBJECT ENCODING h")).toBe("listpack");
    session.call("HSETNX h b 2");
    expect(engine.takeEffects()).toBe(effect("HSETNX", "h", "b", "2"));
    session.call("HSETNX", "h", "c", LONG);
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
  });
  it("refuses", () => {
    expect(ask("HSETNX string a 1")).toEqual(WRONG_TYPE);
    arity("hsetnx", "HSETNX h a", "HSETNX h a 1 b");
  });
});

describe("HGET", () => {
  inBoth("answers a value or nothing", () => {
    session.call("HSET h a 1 b text");
    expect(all("HGET h a", "HGET h b", "HGET h c", "HGET x a")).toEqual(["1", "text", null, null]);
    session.call("HELLO 3");
    expect(session.call("HGET h c")).toBe("_\r\n");
    expect(session.call("HGET h b")).toBe("$4\r\ntext\r\n");
  });
  it("refuses", () => {
    expect(ask("HGET string a")).toEqual(WRONG_TYPE);
    arity("hget", "HGET h", "HGET h a b");
  });
});

describe("HMGET", () => {
  inBoth("answers a value for each field", () => {
    session.call("HSET h a 1 b text");
    expect(ask("HMGET h b x a b")).toEqual(["text", null, "1", "text"]);
    expect(ask("HMGET x a b")).toEqual([null, null]);
  });
  it("refuses", () => {
    expect(ask("HMGET string a")).toEqual(WRONG_TYPE);
    arity("hmget", "HMGET h");
  });
});

describe("HDEL", () => {
  inBoth("deletes fields and the emptied hash", () => {
    session.call("HSET h a 1 b 2 c 3");
    expect(all("HDEL h x", "HDEL h a a x", "HLEN h", "HDEL h b c d", "EXISTS h")).toEqual([
      0, 1, 2, 2, 0,
    ]);
    expect(ask("HDEL h a")).toBe(0);
  });
  inBoth("deletes a hash that expires", () => {
    session.call("HSET h a 1");
    session.call("EXPIRE h 100");
    expect(all("HDEL h a", "EXISTS h", "HSET h b 1", "TTL h")).toEqual([1, 0, 1, -1]);
  });
  it("leaves an effect only when it deleted", () => {
    session.call("HSET h a 1 b 2");
    watchEffects();
    session.call("HDEL h x");
    expect(engine.takeEffects()).toBe("");
    session.call("HDEL h a x");
    expect(engine.takeEffects()).toBe(effect("HDEL", "h", "a", "x"));
  });
  it("stays a table", () => {
    session.call("HSET", "h", "a", LONG, "b", "1");
    session.call("HDEL h a");
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
  });
  it("refuses", () => {
    expect(ask("HDEL string a")).toEqual(WRONG_TYPE);
    arity("hdel", "HDEL h");
  });
});

describe("HEXISTS", () => {
  inBoth("tells whether a field is there", () => {
    session.call("HSET h a 1");
    expect(all("HEXISTS h a", "HEXISTS h b", "HEXISTS x a")).toEqual([1, 0, 0]);
  });
  it("refuses", () => {
    expect(ask("HEXISTS string a")).toEqual(WRONG_TYPE);
    arity("hexists", "HEXISTS h", "HEXISTS h a b");
  });
});

describe("HSTRLEN", () => {
  inBoth("tells the length of a value", () => {
    session.call("HSET h a text b -12345 c 7");
    expect(all("HSTRLEN h a", "HSTRLEN h b", "HSTRLEN h c", "HSTRLEN h d", "HSTRLEN x a")).toEqual([
      4, 6, 1, 0, 0,
    ]);
  });
  it("refuses", () => {
    expect(ask("HSTRLEN string a")).toEqual(WRONG_TYPE);
    arity("hstrlen", "HSTRLEN h", "HSTRLEN h a b");
  });
});

describe("HLEN", () => {
  inBoth("counts fields", () => {
    session.call("HSET h a 1 b 2");
    expect(all("HLEN h", "HLEN x")).toEqual([2, 0]);
  });
  it("refuses", () => {
    expect(ask("HLEN string")).toEqual(WRONG_TYPE);
    arity("hlen", "HLEN", "HLEN h a");
  });
});

describe("HGETALL", () => {
  it("lists a packed hash in the order of its fields", () => {
    session.call("HSET h b 2 a one");
    expect(session.call("HGETALL h")).toBe("*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\na\r\n$3\r\none\r\n");
    expect(session.call("HGETALL x")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("HGETALL h")).toBe("%2\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\na\r\n$3\r\none\r\n");
    expect(session.call("HGETALL x")).toBe("%0\r\n");
  });
  it("lists a table", () => {
    const pairs = Array.from({ length: 2000 }, (_, n) => [`f${n}`, `v${n}`]);
    session.call("HSET", "h", ...pairs.flat());
    session.call("HELLO 3");
    const map = ask("HGETALL h") as Map<string, string>;
    expect(map.size).toBe(2000);
    for (const [field, value] of pairs) expect(map.get(field as string)).toBe(value);
  });
  it("refuses", () => {
    expect(ask("HGETALL string")).toEqual(WRONG_TYPE);
    arity("hgetall", "HGETALL", "HGETALL h a");
  });
});

describe("HKEYS", () => {
  inBoth("lists fields", () => {
    session.call("HSET h a 1 b 2");
    expect((ask("HKEYS h") as string[]).sort()).toEqual(["a", "b"]);
    expect(ask("HKEYS x")).toEqual([]);
    session.call("HELLO 3");
    expect(session.call("HKEYS x")).toBe("*0\r\n");
  });
  it("refuses", () => {
    expect(ask("HKEYS string")).toEqual(WRONG_TYPE);
    arity("hkeys", "HKEYS", "HKEYS h a");
  });
});

describe("HVALS", () => {
  inBoth("lists values", () => {
    session.call("HSET h a 1 b two");
    expect((ask("HVALS h") as string[]).sort()).toEqual(["1", "two"]);
    expect(ask("HVALS x")).toEqual([]);
  });
  it("refuses", () => {
    expect(ask("HVALS string")).toEqual(WRONG_TYPE);
    arity("hvals", "HVALS", "HVALS h a");
  });
});

describe("HINCRBY", () => {
  inBoth("adds", () => {
    expect(all("HINCRBY h a 5", "HINCRBY h a -7", "HGET h a")).toEqual([5, -2, "-2"]);
  });
  it("leaves its own words as effect", () => {
    watchEffects();
    session.call("HINCRBY h a 5");
    expect(engine.takeEffects()).toBe(effect("HINCRBY", "h", "a", "5"));
  });
  it("refuses", () => {
    session.call("HSET h max 9223372036854775807 text abc space");
    session.call("HSET", "h", "max", "9223372036854775807", "text", "abc", "space", " 1");
    const overflow = new Error("ERR increment or decrement would overflow");
    const notInteger = new Error("ERR hash value is not an integer");
    watchEffects();
    expect(all("HINCRBY h max 1", "HINCRBY h text 1", "HINCRBY h space 1")).toEqual([
      overflow,
      notInteger,
      notInteger,
    ]);
    expect(all("HINCRBY h a x", "HINCRBY string a x", "HINCRBY string a 1")).toEqual([
      NOT_INTEGER,
      NOT_INTEGER,
      WRONG_TYPE,
    ]);
    expect(engine.takeEffects()).toBe("");
    arity("hincrby", "HINCRBY h a", "HINCRBY h a 1 2");
  });
});

describe("HINCRBYFLOAT", () => {
  inBoth("adds with 64 bits of precision", () => {
    expect(all("HINCRBYFLOAT h a 0.1", "HINCRBYFLOAT h a 0.2", "HINCRBYFLOAT h a -1e0")).toEqual([
      "0.1",
      "0.3",
      "-0.7",
    ]);
    expect(ask("HGET h a")).toBe("-0.7");
  });
  it("leaves what it set as effect", () => {
    session.call("HSET h a 1.5");
    watchEffects();
    session.call("HINCRBYFLOAT h a 1");
    expect(engine.takeEffects()).toBe(effect("HSET", "h", "a", "2.5"));
  });
  it("makes a table of a long number", () => {
    expect((ask("HINCRBYFLOAT h a 1e400") as string).length).toBe(401);
    expect(ask("OBJECT ENCODING h")).toBe("hashtable");
  });
  it("refuses", () => {
    session.call("HSET h text abc inf inf");
    const notFinite = new Error("ERR value is NaN or Infinity");
    expect(all("HINCRBYFLOAT h a inf", "HINCRBYFLOAT h a nan", "HINCRBYFLOAT h a x")).toEqual([
      notFinite,
      NOT_FLOAT,
      NOT_FLOAT,
    ]);
    expect(all("HINCRBYFLOAT h text 1", "HINCRBYFLOAT h inf 1")).toEqual([
      new Error("ERR hash value is not a float"),
      new Error("ERR increment would produce NaN or Infinity"),
    ]);
    expect(all("HINCRBYFLOAT string a 1", "HINCRBYFLOAT string a x")).toEqual([
      WRONG_TYPE,
      NOT_FLOAT,
    ]);
    arity("hincrbyfloat", "HINCRBYFLOAT h a", "HINCRBYFLOAT h a 1 2");
  });
});

describe("HRANDFIELD", () => {
  inBoth("draws one field", () => {
    session.call("HSET h a 1 b 2");
    for (let n = 0; n < 20; n++) expect(["a", "b"]).toContain(ask("HRANDFIELD h"));
    expect(ask("HRANDFIELD x")).toBe(null);
  });
  inBoth("draws different fields", () => {
    for (let n = 0; n < 60; n++) session.call(`HSET h f${n} v${n}`);
    for (const count of [0, 1, 3, 19, 20, 21, 59, 60, 100]) {
      const fields = ask(`HRANDFIELD h ${count}`) as string[];
      expect(fields.length).toBe(Math.min(count, 60));
      expect(new Set(fields).size).toBe(fields.length);
      const pairs = ask(`HRANDFIELD h ${count} WITHVALUES`) as string[];
      expect(pairs.length).toBe(Math.min(count, 60) * 2);
      for (let at = 0; at < pairs.length; at += 2) {
        expect(pairs[at + 1]).toBe(pairs[at]?.replace("f", "v"));
      }
    }
  });
  inBoth("draws with repetition for a negative count", () => {
    session.call("HSET h a 1");
    expect(ask("HRANDFIELD h -3")).toEqual(["a", "a", "a"]);
    expect(session.call("HRANDFIELD h -2 withvalues")).toBe(
      "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n1\r\n",
    );
    session.call("HELLO 3");
    expect(session.call("HRANDFIELD h -2 withvalues")).toBe(
      "*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n",
    );
    expect(session.call("HRANDFIELD h 2 withvalues")).toBe("*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n");
    expect(session.call("HRANDFIELD h -2")).toBe("*2\r\n$1\r\na\r\n$1\r\na\r\n");
    expect(session.call("HRANDFIELD x -2 withvalues")).toBe("*0\r\n");
  });
  inBoth("is fair", () => {
    const fields = Array.from({ length: 30 }, (_, n) => `f${n}`);
    for (const field of fields) session.raw(encode(["HSET", "h", field, 1]));
    for (const [words, draws] of [
      [["HRANDFIELD", "h", "-3000"], 3000],
      [["HRANDFIELD", "h", "3"], 3000],
      [["HRANDFIELD", "h", "15"], 3000],
    ] as const) {
      const counts = new Map<string, number>();
      let total = 0;
      while (total < draws) {
        session.status = 0;
        for (const field of ask(...words) as string[]) {
          counts.set(field, (counts.get(field) ?? 0) + 1);
          total += 1;
        }
      }
      const mean = total / 30;
      let square = 0;
      for (const field of fields) square += ((counts.get(field) ?? 0) - mean) ** 2 / mean;
      // 29 degrees of freedom: beyond 65 once in ten thousand.
      expect(square).toBeLessThan(65);
    }
  });
  it("refuses", () => {
    session.call("HSET h a 1");
    expect(all("HRANDFIELD h x", "HRANDFIELD h x bogus", "HRANDFIELD h 1 bogus")).toEqual([
      NOT_INTEGER,
      NOT_INTEGER,
      SYNTAX,
    ]);
    expect(all("HRANDFIELD h 1 WITHVALUES x", "HRANDFIELD string", "HRANDFIELD string 1")).toEqual([
      SYNTAX,
      WRONG_TYPE,
      WRONG_TYPE,
    ]);
    expect(ask("HRANDFIELD h -9223372036854775808")).toEqual(
      new Error(
        "ERR value is out of range, value must between " +
          "-9223372036854775807 and 9223372036854775807",
      ),
    );
    const outOfRange = new Error("ERR value is out of range");
    expect(ask("HRANDFIELD h 9223372036854775807 WITHVALUES")).toEqual(outOfRange);
    expect(ask("HRANDFIELD h -4611686018427387904 WITHVALUES")).toEqual(outOfRange);
    expect(ask("HRANDFIELD h 9223372036854775807")).toEqual(["a"]);
    arity("hrandfield", "HRANDFIELD");
  });
});

describe("HSCAN", () => {
  /** Everything that a whole scan answers, and in how many calls. */
  function scanAll(...options: string[]): { texts: string[]; calls: number } {
    const texts: string[] = [];
    let cursor = "0";
    let calls = 0;
    do {
      const [next, found] = ask("HSCAN", "h", cursor, ...options) as [string, string[]];
      texts.push(...found);
      cursor = next;
      calls += 1;
    } while (cursor !== "0");
    return { texts, calls };
  }

  it("answers a packed hash at once", () => {
    session.call("HSET h a 1 b 2 ab 3");
    expect(ask("HSCAN h 0 COUNT 1")).toEqual(["0", ["a", "1", "b", "2", "ab", "3"]]);
    expect(ask("HSCAN h 7")).toEqual(["0", ["a", "1", "b", "2", "ab", "3"]]);
    expect(ask("HSCAN h 0 MATCH a*")).toEqual(["0", ["a", "1", "ab", "3"]]);
    expect(ask("HSCAN h 0 NOVALUES MATCH *b")).toEqual(["0", ["b", "ab"]]);
    session.call("HELLO 3");
    expect(session.call("HSCAN h 0 MATCH b")).toBe("*2\r\n$1\r\n0\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n");
  });
  it("goes through a table in steps", () => {
    const pairs = Array.from({ length: 1000 }, (_, n) => [`f${n}`, `v${n}`]);
    session.call("HSET", "h", ...pairs.flat());
    const { texts, calls } = scanAll("COUNT", "20");
    expect(calls).toBeGreaterThan(20);
    expect(texts.length).toBe(2000);
    const found = new Map<string, string>();
    for (let at = 0; at < texts.length; at += 2) found.set(texts[at]!, texts[at + 1]!);
    for (const [field, value] of pairs) expect(found.get(field as string)).toBe(value);
    expect(scanAll("NOVALUES", "COUNT", "1000").texts.length).toBe(1000);
    expect(scanAll("MATCH", "f99*", "NOVALUES").texts.sort()).toEqual(
      ["f99", ...Array.from({ length: 10 }, (_, n) => `f99${n}`)].sort(),
    );
  });
  it("answers a missing key whatever the options", () => {
    expect(all("HSCAN x 0", "HSCAN x 5 bogus")).toEqual([
      ["0", []],
      ["0", []],
    ]);
  });
  it("refuses", () => {
    session.call("HSET h a 1");
    const cursor = new Error("ERR invalid cursor");
    expect(all("HSCAN h x", "HSCAN string x", "HSCAN string 0 bogus")).toEqual([
      cursor,
      cursor,
      WRONG_TYPE,
    ]);
    expect(all("HSCAN h 0 COUNT 0", "HSCAN h 0 COUNT", "HSCAN h 0 MATCH")).toEqual([
      SYNTAX,
      SYNTAX,
      SYNTAX,
    ]);
    expect(all("HSCAN h 0 TYPE string", "HSCAN h 0 bogus", "HSCAN h 0 COUNT x")).toEqual([
      SYNTAX,
      SYNTAX,
      NOT_INTEGER,
    ]);
    arity("hscan", "HSCAN", "HSCAN h");
  });
});

describe("a hash as a key", () => {
  const fill = () => session.call("HSET h a 1 b two -5 007");

  inBoth("is renamed, moved, copied and deleted", () => {
    fill();
    expect(all("RENAME h i", "COPY i j", "HSET j a 9", "HGET i a", "MOVE i 3", "TYPE j")).toEqual([
      "OK",
      1,
      0,
      "1",
      1,
      "hash",
    ]);
    expect(all("SELECT 3", "HMGET i a b -5", "DEL i", "SELECT 0", "UNLINK j")).toEqual([
      "OK",
      ["1", "two", "007"],
      1,
      "OK",
      1,
    ]);
    fill();
    expect(all("SET h x", "GET h", "HSET k a 1", "SCAN 0 TYPE hash", "FLUSHALL")).toEqual([
      "OK",
      "x",
      1,
      ["0", ["k"]],
      "OK",
    ]);
    engine.tick();
  });
  inBoth("has a size in MEMORY USAGE", () => {
    fill();
    expect(ask("MEMORY USAGE h")).toBeGreaterThan(30);
    expect(ask("MEMORY USAGE h SAMPLES 0")).toBeGreaterThan(30);
  });
  inBoth("is exported with its encoding and expiry", () => {
    for (let n = 0; n < 100; n++) session.raw(encode(["HSET", "h", `f${n}`, `v${n}`]));
    session.call("PEXPIREAT h 4102444800000");
    session.call("HSET", "i", "a", "z".repeat(100_000), "b", "1");
    expect(engine.exports.exportCommands(0, 1_000_000)).toBe(0);
    const other = new TestEngine();
    const replay = other.open(SessionFlag.REPLAY);
    replay.raw(Buffer.concat(engine.exported));
    const reader = other.open();
    reader.call("CONFIG SET enable-debug-command yes");
    for (const line of ["OBJECT ENCODING h", "PEXPIRETIME h", "HLEN h", "HGET h f77"]) {
      expect(reader.ask(line)).toEqual(ask(line));
    }
    expect(reader.ask("HSTRLEN i a")).toBe(100_000);
    expect(other.exports.validate()).toBe(0);
  });
  it.each(["DEL h", "SET h x", "FLUSHALL", "HDEL"])("of many fields is freed later: %s", (line) => {
    const pairs = Array.from({ length: 70_000 }, (_, n) => [`f${n}`, `v${n}`]).flat();
    session.raw(encode(["HSET", "h", ...pairs]));
    const pending = () => /lazyfree_pending_objects:(\d+)/.exec(String(ask("INFO memory")))?.[1];
    if (line === "HDEL") {
      session.raw(encode(["HDEL", "h", ...pairs.filter((_, n) => n % 2 === 0)]));
    } else {
      session.raw(encode(line.split(" ")));
      expect(pending()).toBe("1");
      expect(engine.exports.validate()).toBe(0);
    }
    expect(ask("EXISTS h")).toBe(line === "SET h x" ? 1 : 0);
    engine.tick();
    expect(pending()).toBe("0");
    expect(session.ask("HSET h2 a 1")).toBe(1);
  });
});

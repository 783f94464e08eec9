// Key commands: existence, removal, types, renaming, moving, copying, OBJECT.
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
/** One command as it is, where a repetition would not start from the same state. */
const once = (...words: string[]) => session.raw(encode(words));
/** Runs commands that only prepare. */
function given(...lines: string[]): void {
  for (const line of lines) session.call(line);
  engine.takeEffects();
}

describe("DEL", () => {
  it("counts what it removed, each key once", () => {
    given("SET a 1", "SET b 2");
    expect(session.call("DEL a a b nokey")).toBe(":2\r\n");
    expect(engine.takeEffects()).toBe(effect("DEL", "a", "a", "b", "nokey"));
    expect(session.call("DEL a")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    expect(session.call("DEL")).toBe(arity("del"));
  });

  it("does not count a key whose time has come", () => {
    given("SET a 1 PX 5");
    engine.now += 5;
    expect(session.call("DEL a")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe(effect("DEL", "a"));
  });

  it("takes names of any bytes and any length", () => {
    const names = ["", "a\0b\r\nc", "x".repeat(127), "x".repeat(128), "y".repeat(70_000)];
    for (const name of names) once("SET", name, "1");
    expect(session.call("DBSIZE")).toBe(":5\r\n");
    for (const name of names) expect(once("DEL", name)).toBe(":1\r\n");
    expect(session.call("DBSIZE")).toBe(":0\r\n");
  });
});

describe("UNLINK", () => {
  it("does as DEL does", () => {
    given("SET a 1");
    once("SET", "large", "v".repeat(100_000));
    engine.takeEffects();
    expect(session.call("UNLINK a large large nokey")).toBe(":2\r\n");
    expect(engine.takeEffects()).toBe(effect("UNLINK", "a", "large", "large", "nokey"));
    expect(session.call("UNLINK")).toBe(arity("unlink"));
  });
});

describe("EXISTS", () => {
  it("counts a key as often as it is named", () => {
    given("SET a 1", "SET b 1 PX 10");
    expect(session.call("EXISTS a b a nokey")).toBe(":3\r\n");
    engine.now += 10;
    expect(session.call("EXISTS a b")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("DEL", "b"));
    expect(session.call("EXISTS")).toBe(arity("exists"));
  });

  it("leaves the access clock alone", () => {
    given("SET a 1");
    engine.now += 7000;
    session.call("EXISTS a");
    expect(session.call("OBJECT IDLETIME a")).toBe(":7\r\n");
  });
});

describe("TOUCH", () => {
  it("counts keys and moves their access clocks", () => {
    given("SET a 1");
    engine.now += 7000;
    expect(session.call("TOUCH a nokey a")).toBe(":2\r\n");
    expect(session.call("OBJECT IDLETIME a")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    expect(session.call("TOUCH")).toBe(arity("touch"));
  });
});

describe("TYPE", () => {
  it("answers a status", () => {
    given("SET a 1");
    expect(session.call("TYPE a")).toBe("+string\r\n");
    expect(session.call("TYPE nokey")).toBe("+none\r\n");
    expect(session.call("TYPE")).toBe(arity("type"));
    expect(session.call("TYPE a b")).toBe(arity("type"));
  });
});

describe("RENAME", () => {
  it("replaces the key that has the name", () => {
    given("SET a 1", "SET b 2 PXAT 4102444800000");
    expect(session.call("RENAME a b")).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe(effect("RENAME", "a", "b"));
    expect(session.ask("GET b")).toBe("1");
    expect(session.ask("TTL b")).toBe(-1);
    expect(session.ask("EXISTS a")).toBe(0);
  });

  it("keeps expiry and value, whatever the lengths of the names", () => {
    const long = "n".repeat(300);
    session.call("SET", "a", "v".repeat(3000), "PXAT", "4102444800000");
    session.call("RENAME", "a", long);
    session.call("RENAME", long, "c");
    expect(session.ask("GET c")).toBe("v".repeat(3000));
    expect(session.ask("PEXPIRETIME c")).toBe(4102444800000);
    expect(session.ask("DBSIZE")).toBe(1);
  });

  it("says when there is no such key", () => {
    given("SET b 1");
    expect(session.call("RENAME a b")).toBe("-ERR no such key\r\n");
    expect(session.call("RENAME a a")).toBe("-ERR no such key\r\n");
    expect(session.call("RENAME a")).toBe(arity("rename"));
    expect(session.ask("GET b")).toBe("1");
    expect(engine.takeEffects()).toBe("");
  });

  it("of a key to its own name changes nothing", () => {
    given("SET a 1");
    expect(session.call("RENAME a a")).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe("");
  });

  it("does not find an expired key, and passes an expired target", () => {
    given("SET a 1 PX 5", "SET b 2 PX 5", "SET c 3");
    engine.now += 5;
    expect(session.call("RENAME a z")).toBe("-ERR no such key\r\n");
    expect(engine.takeEffects()).toBe(effect("DEL", "a"));
    expect(session.call("RENAME c b")).toBe("+OK\r\n");
    expect(engine.takeEffects().endsWith(effect("RENAME", "c", "b"))).toBe(true);
    expect(session.ask("GET b")).toBe("3");
  });
});

describe("RENAMENX", () => {
  it("renames to a free name only", () => {
    given("SET a 1", "SET b 2");
    expect(session.call("RENAMENX a b")).toBe(":0\r\n");
    expect(session.call("RENAMENX a a")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    expect(session.call("RENAMENX a c")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("RENAMENX", "a", "c"));
    expect(session.ask("GET c")).toBe("1");
    expect(session.call("RENAMENX nokey d")).toBe("-ERR no such key\r\n");
    expect(session.call("RENAMENX a")).toBe(arity("renamenx"));
  });

  it("takes a name whose key has expired", () => {
    given("SET a 1", "SET b 2 PX 5");
    engine.now += 5;
    expect(once("RENAMENX", "a", "b")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("DEL", "b") + effect("RENAMENX", "a", "b"));
  });
});

describe("MOVE", () => {
  it("takes a key and its expiry to another database", () => {
    given("SET a 1 PXAT 4102444800000");
    expect(session.call("MOVE a 3")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("MOVE", "a", "3"));
    expect(session.call("EXISTS a")).toBe(":0\r\n");
    session.call("SELECT 3");
    expect(session.ask("GET a")).toBe("1");
    expect(session.ask("PEXPIRETIME a")).toBe(4102444800000);
  });

  it("leaves a key that is there already", () => {
    given("SET a old", "MOVE a 1", "SET a new");
    expect(session.call("MOVE a 1")).toBe(":0\r\n");
    expect(session.ask("GET a")).toBe("new");
    expect(session.call("MOVE nokey 1")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
  });

  it("checks the database first", () => {
    expect(session.call("MOVE a x")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(session.call("MOVE a 16")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("MOVE a -1")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("MOVE a 0")).toBe("-ERR source and destination objects are the same\r\n");
    expect(session.call("MOVE a 99999999999")).toBe(
      "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
    );
    expect(session.call("MOVE a")).toBe(arity("move"));
  });
});

describe("COPY", () => {
  it("duplicates value, encoding and expiry", () => {
    given("SET n 12", "SET s short PXAT 4102444800000");
    session.call("SET", "l", "v".repeat(5000));
    for (const key of ["n", "s", "l"]) {
      expect(session.call(`COPY ${key} ${key}2`)).toBe(":1\r\n");
      for (const ask of ["GET", "PEXPIRETIME", "OBJECT ENCODING"]) {
        expect(session.call(`${ask} ${key}2`)).toBe(session.call(`${ask} ${key}`));
      }
    }
    session.call("SET l other");
    expect(session.ask("GET l2")).toBe("v".repeat(5000));
  });

  it("replaces only with REPLACE", () => {
    given("SET a 1", "SET b 2 EX 100");
    expect(session.call("COPY a b")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    expect(session.call("COPY a b replace")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("COPY", "a", "b", "replace"));
    expect(session.ask("GET b")).toBe("1");
    expect(session.ask("TTL b")).toBe(-1);
    expect(session.call("COPY nokey b REPLACE")).toBe(":0\r\n");
    expect(session.ask("GET b")).toBe("1");
  });

  it("copies into another database", () => {
    given("SET a 1");
    expect(session.call("COPY a a DB 2")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("COPY", "a", "a", "DB", "2"));
    expect(session.call("COPY a a DB 2")).toBe(":0\r\n");
    expect(session.call("COPY a a REPLACE DB 2")).toBe(":1\r\n");
    session.call("SELECT 2");
    expect(session.ask("GET a")).toBe("1");
  });

  it("refuses what it does not understand", () => {
    given("SET a 1");
    const same = "-ERR source and destination objects are the same\r\n";
    expect(session.call("COPY a a")).toBe(same);
    expect(session.call("COPY nokey nokey")).toBe(same);
    expect(session.call("COPY a a DB 0")).toBe(same);
    expect(session.call("COPY a b DB")).toBe("-ERR syntax error\r\n");
    expect(session.call("COPY a b NX")).toBe("-ERR syntax error\r\n");
    expect(session.call("COPY a b DB 16")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("COPY a b DB -1")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("COPY a b DB x")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(session.call("COPY a")).toBe(arity("copy"));
    expect(session.call("EXISTS b")).toBe(":0\r\n");
  });
});

describe("OBJECT", () => {
  it("wants a subcommand that exists", () => {
    expect(session.call("OBJECT")).toBe(arity("object"));
    expect(session.call("OBJECT FOO a")).toBe(
      "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.\r\n",
    );
  });
});

describe("OBJECT ENCODING", () => {
  const limit = "9223372036854775807";
  const cases: [string, string][] = [
    ["0", "int"],
    ["-1", "int"],
    [limit, "int"],
    ["-9223372036854775808", "int"],
    ["9223372036854775808", "embstr"],
    ["01", "embstr"],
    ["+1", "embstr"],
    ["-0", "embstr"],
    ["1.0", "embstr"],
    ["", "embstr"],
    ["x".repeat(44), "embstr"],
    ["x".repeat(45), "raw"],
    ["x".repeat(255), "raw"],
    ["x".repeat(256), "raw"],
    ["x".repeat(100_000), "raw"],
  ];
  it.each(cases)("of %s is %s", (value, encoding) => {
    once("SET", "a", value);
    expect(session.call("OBJECT ENCODING a")).toBe(`$${encoding.length}\r\n${encoding}\r\n`);
  });

  it("is null for no key", () => {
    expect(session.call("OBJECT ENCODING nokey")).toBe("$-1\r\n");
    session.call("HELLO 3");
    expect(session.call("OBJECT ENCODING nokey")).toBe("_\r\n");
    expect(session.call("OBJECT ENCODING")).toBe(arity("object|encoding"));
    expect(session.call("OBJECT ENCODING a b")).toBe(arity("object|encoding"));
  });
});

describe("OBJECT REFCOUNT", () => {
  it("is one, or what Redis says of small integers", () => {
    given("SET a text", "SET b 9999", "SET c 10000", "SET d -1");
    expect(session.call("OBJECT REFCOUNT a")).toBe(":1\r\n");
    expect(session.call("OBJECT REFCOUNT b")).toBe(":2147483647\r\n");
    expect(session.call("OBJECT REFCOUNT c")).toBe(":1\r\n");
    expect(session.call("OBJECT REFCOUNT d")).toBe(":1\r\n");
    expect(session.call("OBJECT REFCOUNT nokey")).toBe("$-1\r\n");
    expect(session.call("OBJECT REFCOUNT")).toBe(arity("object|refcount"));
  });
});

describe("OBJECT IDLETIME", () => {
  it("counts seconds since the last use", () => {
    given("SET a 1");
    expect(session.call("OBJECT IDLETIME a")).toBe(":0\r\n");
    engine.now += 42_000;
    expect(session.call("OBJECT IDLETIME a")).toBe(":42\r\n");
    expect(session.call("OBJECT IDLETIME a")).toBe(":42\r\n");
    session.call("TTL a");
    expect(session.call("OBJECT IDLETIME a")).toBe(":42\r\n");
    session.call("GET a");
    expect(session.call("OBJECT IDLETIME a")).toBe(":0\r\n");
    expect(session.call("OBJECT IDLETIME nokey")).toBe("$-1\r\n");
    expect(session.call("OBJECT IDLETIME")).toBe(arity("object|idletime"));
  });

  it("is not known under an LFU policy", () => {
    given("SET a 1", "CONFIG SET maxmemory-policy allkeys-lfu");
    expect(session.call("OBJECT IDLETIME a")).toBe(
      "-ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when " +
        "switching between policies at runtime LRU and LFU data will take some time to adjust.\r\n",
    );
    expect(session.call("OBJECT IDLETIME nokey")).toBe("$-1\r\n");
  });
});

describe("OBJECT FREQ", () => {
  it("is known under an LFU policy only", () => {
    given("SET a 1");
    expect(session.call("OBJECT FREQ nokey")).toBe("$-1\r\n");
    expect(session.call("OBJECT FREQ a")).toBe(
      "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note " +
        "that when switching between policies at runtime LRU and LFU data will take some time to " +
        "adjust.\r\n",
    );
    expect(session.call("OBJECT FREQ")).toBe(arity("object|freq"));
  });

  it("starts at 5, rises with use and decays by the minute", () => {
    given("CONFIG SET maxmemory-policy allkeys-lfu", "SET a 1");
    expect(session.call("OBJECT FREQ a")).toBe(":5\r\n");
    for (let round = 0; round < 50; round++) session.call("GET a");
    const risen = session.ask("OBJECT FREQ a") as number;
    expect(risen).toBeGreaterThan(6);
    expect(risen).toBeLessThan(20);
    engine.now += 3 * 60_000;
    expect(session.ask("OBJECT FREQ a")).toBe(risen - 3);
    engine.now += 60 * 60_000;
    expect(session.ask("OBJECT FREQ a")).toBe(0);
  });
});

describe("OBJECT HELP", () => {
  it("answers lines", () => {
    expect(Array.isArray(session.ask("OBJECT HELP"))).toBe(true);
    expect(session.call("OBJECT HELP x")).toBe(arity("object|help"));
  });
});

// Strings as values: set, read, change parts, several at once.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode, START_MS, TestEngine, type TestSession } from "../support/engine";
import {
  arity,
  bulk,
  effectLines,
  integer,
  invalidExpire,
  MAXIMUM,
  MINIMUM,
  NOT_INTEGER,
  none,
  ok,
  SYNTAX,
  TOO_LONG,
  WRONG_TYPE,
} from "../support/replies";

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

/** A key of another type. */
function makeHash(key: string): void {
  session.call("HSET", key, "field", "value");
  effects();
}

function ttl(key: string): unknown {
  return session.ask("PTTL", key);
}

/** Answers in RESP3. */
function useResp3(): void {
  session.call("HELLO 3");
}

describe("GET", () => {
  it("answers any bytes as they were set", () => {
    for (const value of [
      "",
      "a",
      "\r\n\0\xff",
      "x".repeat(44),
      "x".repeat(300),
      "12",
      "-0",
      "007",
    ]) {
      session.call("SET", "key", Buffer.from(value, "latin1"));
      expect(session.call("GET key")).toBe(bulk(value));
    }
  });

  it("answers null for a missing key, in either protocol", () => {
    expect(session.call("GET key")).toBe(none);
    useResp3();
    expect(session.call("GET key")).toBe("_\r\n");
  });

  it("refuses another type and another number of arguments", () => {
    makeHash("list");
    expect(session.call("GET list")).toBe(WRONG_TYPE);
    expect(session.call("GET")).toBe(arity("get"));
    expect(session.call("GET a b")).toBe(arity("get"));
  });

  it("does not see what has expired", () => {
    session.call("SET key value PX 10");
    engine.now += 9;
    expect(session.call("GET key")).toBe(bulk("value"));
    effects();
    engine.now += 1;
    expect(session.call("GET key")).toBe(none);
    expect(effects()).toEqual(["DEL key"]);
  });
});

describe("SET", () => {
  it("chooses the encoding by the value", () => {
    const encodings: [string, string][] = [
      ["1", "int"],
      [MAXIMUM, "int"],
      [MINIMUM, "int"],
      ["9223372036854775808", "embstr"],
      ["01", "embstr"],
      ["-0", "embstr"],
      ["x".repeat(44), "embstr"],
      ["x".repeat(45), "raw"],
      ["x".repeat(5000), "raw"],
    ];
    for (const [value, encoding] of encodings) {
      session.call("SET", "key", value);
      expect(session.call("OBJECT ENCODING key")).toBe(bulk(encoding));
      expect(session.call("GET key")).toBe(bulk(value));
    }
  });

  it("replaces a value of any size and type by one of any size", () => {
    const sizes = [0, 1, 44, 200, 255, 256, 7000, 7200, 70000, 3];
    for (const from of sizes) {
      for (const to of sizes) {
        session.call("SET", "key", "a".repeat(from));
        session.call("SET", "key", "b".repeat(to));
        expect(session.call("GET key")).toBe(bulk("b".repeat(to)));
      }
    }
    makeHash("list");
    expect(session.call("SET list value")).toBe(ok);
    expect(session.call("TYPE list")).toBe("+string\r\n");
  });

  it("takes a value that fills a block of its own without a copy", () => {
    const value = "v".repeat(3_000_000);
    expect(session.call("SET", "key", value)).toBe(ok);
    expect(session.call("GET key")).toBe(bulk(value));
    expect(effects()).toEqual([`SET key ${value}`]);
    expect(session.call("SET", "key", value, "EX", "10", "GET")).toBe(bulk(value));
    expect(session.call("STRLEN key")).toBe(integer(3_000_000));
    expect(session.call("DEL key")).toBe(integer(1));
  });

  it("obeys NX and XX", () => {
    expect(session.call("SET key a XX")).toBe(none);
    expect(session.call("SET key a NX")).toBe(ok);
    expect(session.call("SET key b nx")).toBe(none);
    expect(session.call("SET key c xX")).toBe(ok);
    expect(session.call("GET key")).toBe(bulk("c"));
    expect(effects()).toEqual(["SET key a", "SET key c"]);
    useResp3();
    expect(session.call("SET key d NX")).toBe("_\r\n");
  });

  it("answers the old value with GET, whatever the condition says", () => {
    expect(session.call("SET key a GET")).toBe(none);
    expect(session.call("SET key b GET")).toBe(bulk("a"));
    expect(session.call("SET key c NX GET")).toBe(bulk("b"));
    expect(session.call("GET key")).toBe(bulk("b"));
    expect(session.call("SET key 7 XX GET")).toBe(bulk("b"));
    expect(session.call("SET key 8 GET")).toBe(bulk("7"));
    expect(session.call("SET other a NX GET")).toBe(none);
    expect(session.call("SET missing a XX GET")).toBe(none);
    expect(session.call("EXISTS missing")).toBe(integer(0));
    expect(effects()).toEqual(["SET key a", "SET key b", "SET key 7", "SET key 8", "SET other a"]);
    makeHash("list");
    expect(session.call("SET list a GET")).toBe(WRONG_TYPE);
    expect(session.call("SET list a NX")).toBe(none);
    expect(session.call("TYPE list")).toBe("+hash\r\n");
  });

  it("sets, keeps and takes off the expiry", () => {
    expect(session.call("SET key a EX 10")).toBe(ok);
    expect(ttl("key")).toBe(10_000);
    expect(session.call("SET key b PX 1500")).toBe(ok);
    expect(ttl("key")).toBe(1500);
    expect(session.call("SET key c KEEPTTL")).toBe(ok);
    expect(ttl("key")).toBe(1500);
    expect(session.call("SET", "key", "d", "EXAT", START_MS / 1000 + 5)).toBe(ok);
    expect(ttl("key")).toBe(5000);
    expect(session.call("SET", "key", "e", "PXAT", START_MS + 77)).toBe(ok);
    expect(ttl("key")).toBe(77);
    expect(session.call("SET key f")).toBe(ok);
    expect(ttl("key")).toBe(-1);
    expect(session.call("SET key g EX 5 EX 6")).toBe(ok);
    expect(ttl("key")).toBe(6000);
    expect(effects()).toEqual([
      `SET key a PXAT ${START_MS + 10_000}`,
      `SET key b PXAT ${START_MS + 1500}`,
      "SET key c KEEPTTL",
      `SET key d PXAT ${START_MS + 5000}`,
      `SET key e PXAT ${START_MS + 77}`,
      "SET key f",
      `SET key g PXAT ${START_MS + 6000}`,
    ]);
  });

  it("sets what has expired already, and it is gone at the next look", () => {
    expect(session.call("SET key a PXAT 1")).toBe(ok);
    expect(session.call("GET key")).toBe(none);
    expect(effects()).toEqual(["SET key a PXAT 1", "DEL key"]);
  });

  it("refuses wrong options and expiries, and changes nothing", () => {
    session.call("SET key old");
    effects();
    for (const options of [
      "NX XX",
      "XX NX",
      "EX",
      "EX 1 PX 1",
      "PX 1 EXAT 1",
      "KEEPTTL EX 1",
      "PXAT 1 KEEPTTL",
      "PERSIST",
      "FOO",
      "NX IFEQ a",
      "IFEQ a XX",
      "IFEQ a IFNE b",
      "IFDEQ 0123456789abcdef IFDNE 0123456789abcdef",
      "IFEQ",
    ]) {
      expect(session.call(`SET key new ${options}`)).toBe(SYNTAX);
    }
    for (const expiry of ["EX 0", "PX -1", "EXAT 0", "PXAT -1", `EX ${MAXIMUM}`, `PX ${MAXIMUM}`]) {
      expect(session.call(`SET key new ${expiry}`)).toBe(invalidExpire("set"));
    }
    expect(session.call("SET key new EX abc")).toBe(NOT_INTEGER);
    expect(session.call("SET key new EX 9223372036854775808")).toBe(NOT_INTEGER);
    expect(session.call("SET key")).toBe(arity("set"));
    expect(session.call("GET key")).toBe(bulk("old"));
    expect(effects()).toEqual([]);
  });

  it("compares with IFEQ and IFNE", () => {
    expect(session.call("SET key a IFEQ a")).toBe(none);
    expect(session.call("SET key a IFNE b")).toBe(ok);
    expect(session.call("SET key b IFEQ x")).toBe(none);
    expect(session.call("SET key b IFEQ a")).toBe(ok);
    expect(session.call("SET key c ifne b")).toBe(none);
    expect(session.call("SET key 12 IFNE a EX 10")).toBe(ok);
    expect(session.call("SET key 13 IFEQ 12 GET")).toBe(bulk("12"));
    expect(session.call("SET key 14 IFEQ 12 GET")).toBe(bulk("13"));
    expect(session.call("GET key")).toBe(bulk("13"));
    expect(ttl("key")).toBe(-1);
    expect(effects()).toEqual([
      "SET key a",
      "SET key b",
      `SET key 12 PXAT ${START_MS + 10_000}`,
      "SET key 13",
    ]);
    makeHash("list");
    expect(session.call("SET list a IFEQ a")).toBe(WRONG_TYPE);
    expect(session.call("SET list a IFNE a")).toBe(WRONG_TYPE);
  });

  it("compares digests with IFDEQ and IFDNE", () => {
    const digest = "b6acb9d84a38ff74";
    expect(session.call("SET", "key", "Hello world", "IFDEQ", digest)).toBe(none);
    expect(session.call("SET", "key", "Hello world", "IFDNE", digest)).toBe(ok);
    expect(session.call("SET", "key", "x", "IFDNE", digest)).toBe(none);
    expect(session.call("SET", "key", "x", "IFDEQ", "0000000000000000")).toBe(none);
    expect(session.call("SET", "key", "x", "IFDEQ", "abc")).toBe(
      "-ERR must be exactly 16 hexadecimal characters\r\n",
    );
    expect(session.call("SET", "key", "x", "IFDNE", "b6acb9d84a38ff7g")).toBe(
      "-ERR must be exactly 16 hexadecimal characters\r\n",
    );
    expect(session.call("SET", "key", "x", "IFDEQ", digest.toUpperCase())).toBe(ok);
    expect(session.call("GET key")).toBe(bulk("x"));
    makeHash("list");
    expect(session.call("SET", "list", "x", "IFDEQ", digest)).toBe(WRONG_TYPE);
  });

  it("takes keys of any length", () => {
    for (const bytes of [0, 127, 128, 5000, 100_000]) {
      const key = "k".repeat(bytes);
      expect(session.call("SET", key, "a", "EX", "10")).toBe(ok);
      expect(session.call("SET", key, "b".repeat(300))).toBe(ok);
      expect(session.call("GET", key)).toBe(bulk("b".repeat(300)));
      expect(session.call("SET", key, "1", "EX", "10")).toBe(ok);
      expect(session.call("INCR", key)).toBe(integer(2));
      expect(session.call("GETDEL", key)).toBe(bulk("2"));
    }
  });
});

describe("SETNX", () => {
  it("sets a missing key only", () => {
    expect(session.call("SETNX key a")).toBe(integer(1));
    expect(session.call("SETNX key b")).toBe(integer(0));
    expect(session.call("GET key")).toBe(bulk("a"));
    expect(effects()).toEqual(["SET key a"]);
    makeHash("list");
    expect(session.call("SETNX list a")).toBe(integer(0));
    expect(session.call("SETNX key")).toBe(arity("setnx"));
  });

  it("sets a key that has expired", () => {
    session.call("SET key a PX 5");
    engine.now += 5;
    effects();
    expect(session.call("SETNX key b")).toBe(integer(1));
    expect(ttl("key")).toBe(-1);
    expect(effects()).toEqual(["DEL key", "SET key b"]);
  });
});

describe("SETEX", () => {
  it("sets value and seconds", () => {
    expect(session.call("SETEX key 10 value")).toBe(ok);
    expect(ttl("key")).toBe(10_000);
    expect(effects()).toEqual([`SET key value PXAT ${START_MS + 10_000}`]);
    makeHash("list");
    expect(session.call("SETEX list 10 1")).toBe(ok);
    expect(session.call("GET list")).toBe(bulk("1"));
  });

  it("refuses what is no time", () => {
    for (const seconds of ["0", "-1", MAXIMUM, "9223372036854775"]) {
      expect(session.call(`SETEX key ${seconds} value`)).toBe(invalidExpire("setex"));
    }
    expect(session.call("SETEX key abc value")).toBe(NOT_INTEGER);
    expect(session.call("SETEX key 10")).toBe(arity("setex"));
    expect(session.call("EXISTS key")).toBe(integer(0));
  });
});

describe("PSETEX", () => {
  it("sets value and milliseconds", () => {
    expect(session.call("PSETEX key 1234 value")).toBe(ok);
    expect(ttl("key")).toBe(1234);
    expect(session.call("PSETEX key 99 other")).toBe(ok);
    expect(ttl("key")).toBe(99);
    expect(effects()).toEqual([
      `SET key value PXAT ${START_MS + 1234}`,
      `SET key other PXAT ${START_MS + 99}`,
    ]);
  });

  it("refuses what is no time", () => {
    for (const time of ["0", "-1", MAXIMUM]) {
      expect(session.call(`PSETEX key ${time} value`)).toBe(invalidExpire("psetex"));
    }
    expect(session.call("PSETEX key abc value")).toBe(NOT_INTEGER);
    expect(session.call("PSETEX key 10")).toBe(arity("psetex"));
  });
});

describe("GETSET", () => {
  it("answers the old value and takes the expiry off", () => {
    expect(session.call("GETSET key a")).toBe(none);
    session.call("PEXPIRE key 100");
    expect(session.call("GETSET key 12")).toBe(bulk("a"));
    expect(session.call("GETSET key c")).toBe(bulk("12"));
    expect(ttl("key")).toBe(-1);
    expect(effects().filter((line) => line.startsWith("SET"))).toEqual([
      "SET key a",
      "SET key 12",
      "SET key c",
    ]);
    makeHash("list");
    expect(session.call("GETSET list a")).toBe(WRONG_TYPE);
    expect(session.call("GETSET key")).toBe(arity("getset"));
  });
});

describe("GETDEL", () => {
  it("answers the value and removes the key", () => {
    session.call("SET key value");
    effects();
    expect(session.call("GETDEL key")).toBe(bulk("value"));
    expect(session.call("GETDEL key")).toBe(none);
    expect(effects()).toEqual(["DEL key"]);
    session.call("SET", "key", "v".repeat(100_000));
    expect(session.call("GETDEL key")).toBe(bulk("v".repeat(100_000)));
    makeHash("list");
    expect(session.call("GETDEL list")).toBe(WRONG_TYPE);
    expect(session.call("GETDEL")).toBe(arity("getdel"));
  });
});

describe("GETEX", () => {
  it("only reads without options", () => {
    session.call("SET key value EX 10");
    effects();
    expect(session.call("GETEX key")).toBe(bulk("value"));
    expect(ttl("key")).toBe(10_000);
    expect(session.call("GETEX missing")).toBe(none);
    expect(effects()).toEqual([]);
  });

  it("sets or takes off the expiry", () => {
    session.call("SET key value");
    effects();
    expect(session.call("GETEX key EX 10")).toBe(bulk("value"));
    expect(ttl("key")).toBe(10_000);
    session.call("GETEX key PX 5");
    expect(ttl("key")).toBe(5);
    session.call("GETEX", "key", "EXAT", START_MS / 1000 + 3);
    expect(ttl("key")).toBe(3000);
    session.call("GETEX", "key", "PXAT", START_MS + 9);
    expect(ttl("key")).toBe(9);
    session.call("GETEX key PERSIST");
    expect(ttl("key")).toBe(-1);
    session.call("GETEX key PERSIST");
    expect(effects()).toEqual([
      `PEXPIREAT key ${START_MS + 10_000}`,
      `PEXPIREAT key ${START_MS + 5}`,
      `PEXPIREAT key ${START_MS + 3000}`,
      `PEXPIREAT key ${START_MS + 9}`,
      "PERSIST key",
    ]);
  });

  it("removes the key when the time is past", () => {
    session.call("SET key value");
    effects();
    expect(session.call("GETEX key PXAT 5")).toBe(bulk("value"));
    expect(session.call("EXISTS key")).toBe(integer(0));
    expect(effects()).toEqual(["DEL key"]);
  });

  it("looks the key up before it looks at the time", () => {
    session.call("SET key value");
    expect(session.call("GETEX missing EX abc")).toBe(none);
    expect(session.call("GETEX key EX abc")).toBe(NOT_INTEGER);
    expect(session.call("GETEX key EX 0")).toBe(invalidExpire("getex"));
    expect(session.call("GETEX missing EX 1 PX 1")).toBe(SYNTAX);
    expect(session.call("GETEX key EX")).toBe(SYNTAX);
    expect(session.call("GETEX key KEEPTTL")).toBe(SYNTAX);
    expect(session.call("GETEX key NX")).toBe(SYNTAX);
    expect(session.call("GETEX key PERSIST EX 1")).toBe(SYNTAX);
    expect(session.call("GETEX")).toBe(arity("getex"));
    makeHash("list");
    expect(session.call("GETEX list EX abc")).toBe(WRONG_TYPE);
  });
});

describe("STRLEN", () => {
  it("tells the length in bytes", () => {
    expect(session.call("STRLEN key")).toBe(integer(0));
    session.call("SET key -123");
    expect(session.call("STRLEN key")).toBe(integer(4));
    session.call("SET", "key", "x".repeat(400));
    expect(session.call("STRLEN key")).toBe(integer(400));
    makeHash("list");
    expect(session.call("STRLEN list")).toBe(WRONG_TYPE);
    expect(session.call("STRLEN")).toBe(arity("strlen"));
  });
});

describe("APPEND", () => {
  it("makes a key as SET does", () => {
    expect(session.call("APPEND key 12")).toBe(integer(2));
    expect(session.call("OBJECT ENCODING key")).toBe(bulk("int"));
    expect(session.call("APPEND", "empty", "")).toBe(integer(0));
    expect(session.call("EXISTS empty")).toBe(integer(1));
    expect(effects()).toEqual(["APPEND key 12", "APPEND empty "]);
  });

  it("grows a value through every encoding", () => {
    session.call("SET key 12 EX 10");
    let text = "12";
    for (const bytes of [1, 0, 40, 1, 210, 1, 1, 1000, 7000, 1, 70_000, 2_000_000, 1]) {
      text += "y".repeat(bytes);
      expect(session.call("APPEND", "key", "y".repeat(bytes))).toBe(integer(text.length));
      expect(session.call("OBJECT ENCODING key")).toBe(bulk("raw"));
      expect(session.call("GET key")).toBe(bulk(text));
    }
    expect(ttl("key")).toBe(10_000);
  });

  it("refuses another type and too long a result", () => {
    makeHash("list");
    expect(session.call("APPEND list a")).toBe(WRONG_TYPE);
    expect(session.call("APPEND key")).toBe(arity("append"));
    session.call("CONFIG SET proto-max-bulk-len 1048576");
    session.call("SET", "key", "x".repeat(1_000_000));
    expect(session.call("APPEND", "key", "x".repeat(48_577))).toBe(TOO_LONG);
    expect(session.call("APPEND", "key", "x".repeat(48_576))).toBe(integer(1_048_576));
  });
});

describe("SETRANGE", () => {
  it("overwrites, extends and pads with zeros", () => {
    expect(session.call("SETRANGE key 3 abc")).toBe(integer(6));
    expect(session.call("GET key")).toBe(bulk("\0\0\0abc"));
    expect(session.call("SETRANGE key 0 xyz")).toBe(integer(6));
    expect(session.call("SETRANGE key 8 !")).toBe(integer(9));
    expect(session.call("GET key")).toBe(bulk("xyzabc\0\0!"));
    expect(session.call("SETRANGE key 300 end")).toBe(integer(303));
    expect(session.call("SETRANGE key 9000 end")).toBe(integer(9003));
    expect(session.call("GETRANGE key 8998 -1")).toBe(bulk("\0\0end"));
    expect(session.call("SETRANGE big 1000000 a")).toBe(integer(1_000_001));
    session.call("SET number 12345");
    expect(session.call("SETRANGE number 1 0")).toBe(integer(5));
    expect(session.call("GET number")).toBe(bulk("10345"));
    expect(session.call("OBJECT ENCODING number")).toBe(bulk("raw"));
  });

  it("changes nothing for an empty value", () => {
    session.call("SET key abc");
    effects();
    expect(session.call("SETRANGE", "key", "100", "")).toBe(integer(3));
    expect(session.call("SETRANGE", "missing", "100", "")).toBe(integer(0));
    expect(session.call("EXISTS missing")).toBe(integer(0));
    expect(effects()).toEqual([]);
  });

  it("refuses wrong offsets", () => {
    session.call("SET key abc");
    expect(session.call("SETRANGE key -1 a")).toBe("-ERR offset is out of range\r\n");
    expect(session.call("SETRANGE key x a")).toBe(NOT_INTEGER);
    expect(session.call(`SETRANGE key ${MAXIMUM} a`)).toBe(TOO_LONG);
    expect(session.call("SETRANGE missing 536870912 a")).toBe(TOO_LONG);
    expect(session.call("EXISTS missing")).toBe(integer(0));
    makeHash("list");
    expect(session.call(`SETRANGE list ${MAXIMUM} a`)).toBe(WRONG_TYPE);
    expect(session.call("SETRANGE list -1 a")).toBe("-ERR offset is out of range\r\n");
    expect(session.call("SETRANGE key 1")).toBe(arity("setrange"));
  });

  it("refuses what no address reaches", () => {
    session.call("SET key abc");
    session.call("CONFIG SET proto-max-bulk-len 100000000000");
    for (const offset of ["4294967293", "4294967294", "4294967295", "5000000000"]) {
      expect(session.call("SETRANGE", "key", offset, "ab")).toMatch(/^-OOM/);
      expect(session.call("SETRANGE", "new", offset, "ab")).toMatch(/^-OOM/);
    }
    expect(session.call("GET key")).toBe(bulk("abc"));
    expect(session.call("EXISTS new")).toBe(integer(0));
  });

  it("refuses what memory cannot hold", () => {
    if (process.env.QUIRE_TEST_HEAP === "high") return;
    session.call("SET key abc");
    expect(session.call("SETRANGE key 400000000 a")).toMatch(/^-OOM/);
    expect(session.call("SETRANGE missing 400000000 a")).toMatch(/^-OOM/);
    expect(session.call("GET key")).toBe(bulk("abc"));
    expect(session.call("EXISTS missing")).toBe(integer(0));
  });
});

describe("GETRANGE", () => {
  it("counts from either end", () => {
    session.call("SET key hello");
    const ranges: [string, string, string][] = [
      ["0", "-1", "hello"],
      ["1", "3", "ell"],
      ["-3", "-2", "ll"],
      ["3", "1", ""],
      ["-1", "-3", ""],
      ["0", "-100", "h"],
      ["0", "100", "hello"],
      ["5", "10", ""],
      [MINIMUM, MAXIMUM, "hello"],
      [MAXIMUM, MINIMUM, ""],
    ];
    for (const [start, end, text] of ranges) {
      expect(session.call("GETRANGE", "key", start, end)).toBe(bulk(text));
    }
    session.call("SET number -1234");
    expect(session.call("GETRANGE number 1 2")).toBe(bulk("12"));
    expect(session.call("GETRANGE missing 0 -1")).toBe(bulk(""));
    session.call("SET", "empty", "");
    expect(session.call("GETRANGE empty 0 -1")).toBe(bulk(""));
  });

  it("refuses what is no number, and another type", () => {
    expect(session.call("GETRANGE key a 1")).toBe(NOT_INTEGER);
    expect(session.call("GETRANGE key 1 a")).toBe(NOT_INTEGER);
    expect(session.call("GETRANGE key 1")).toBe(arity("getrange"));
    makeHash("list");
    expect(session.call("GETRANGE list 0 1")).toBe(WRONG_TYPE);
  });
});

describe("SUBSTR", () => {
  it("is GETRANGE by another name", () => {
    session.call("SET key hello");
    expect(session.call("SUBSTR key 1 -2")).toBe(bulk("ell"));
    expect(session.call("SUBSTR key 1")).toBe(arity("substr"));
  });
});

describe("MGET", () => {
  it("answers null for what is missing or no string", () => {
    session.call("SET a 1");
    session.call("SET", "b", "x".repeat(300));
    makeHash("list");
    expect(session.call("MGET a list b missing a")).toBe(
      `*5\r\n${bulk("1")}${none}${bulk("x".repeat(300))}${none}${bulk("1")}`,
    );
    useResp3();
    expect(session.call("MGET missing")).toBe("*1\r\n_\r\n");
    expect(session.call("MGET")).toBe(arity("mget"));
  });
});

describe("MSET", () => {
  it("sets every pair, the last of the same key", () => {
    session.call("SET b old EX 10");
    makeHash("list");
    expect(session.call("MSET a 1 b two list three a 4")).toBe(ok);
    expect(session.ask("MGET a b list")).toEqual(["4", "two", "three"]);
    expect(ttl("b")).toBe(-1);
    expect(effects()).toEqual(["MSET a 1 b two list three a 4"]);
  });

  it("refuses half a pair, and sets nothing then", () => {
    expect(session.call("MSET a 1 b")).toBe(arity("mset"));
    expect(session.call("MSET a")).toBe(arity("mset"));
    expect(session.call("EXISTS a")).toBe(integer(0));
  });

  it("takes large values, and the same key twice", () => {
    const first = "f".repeat(200_000);
    const second = "s".repeat(150_000);
    session.call("SET old value PX 1");
    engine.now += 1;
    effects();
    expect(session.call("MSET", "a", first, "a", second, "b", first, "old", "1")).toBe(ok);
    expect(session.call("GET a")).toBe(bulk(second));
    expect(session.call("GET b")).toBe(bulk(first));
    expect(effects()).toEqual(["DEL old", `MSET a ${first} a ${second} b ${first} old 1`]);
  });

  it("sets all or nothing when memory is short", () => {
    if (process.env.QUIRE_TEST_HEAP === "high") return;
    const value = "v".repeat(1_000_000);
    for (let index = 0; index < 40; index++) session.call("SET", `fill${index}`, value);
    const pairs = Array.from({ length: 60 }, (_, index) => [
      `key${index}`,
      value.slice(0, 500_000),
    ]);
    expect(session.raw(encode(["MSET", ...pairs.flat()]))).toMatch(/^-OOM/);
    expect(session.call("EXISTS key0")).toBe(integer(0));
  });
});

describe("MSETNX", () => {
  it("sets all pairs or none", () => {
    expect(session.call("MSETNX a 1 b 2")).toBe(integer(1));
    expect(session.call("MSETNX c 3 a 4")).toBe(integer(0));
    expect(session.ask("MGET a b c")).toEqual(["1", "2", null]);
    expect(session.call("MSETNX x 1 x 2")).toBe(integer(1));
    expect(session.call("GET x")).toBe(bulk("2"));
    expect(effects()).toEqual(["MSETNX a 1 b 2", "MSETNX x 1 x 2"]);
    expect(session.call("MSETNX a 1 b")).toBe(arity("msetnx"));
    expect(session.call("MSETNX a")).toBe(arity("msetnx"));
    makeHash("list");
    expect(session.call("MSETNX list 1")).toBe(integer(0));
  });
});

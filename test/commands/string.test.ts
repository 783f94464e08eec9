import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode, START_MS, TestEngine, type TestSession } from "../support/engine";

const WRONG_TYPE = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
const NOT_FLOAT = "-ERR value is not a valid float\r\n";
const SYNTAX = "-ERR syntax error\r\n";
const TOO_LONG = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n";
const MAXIMUM = "9223372036854775807";
const MINIMUM = "-9223372036854775808";

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

const ok = "+OK\r\n";
const none = "$-1\r\n";
const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
const integer = (value: number | string) => `:${value}\r\n`;
const arity = (name: string) => `-ERR wrong number of arguments for '${name}' command\r\n`;
const invalidExpire = (name: string) => `-ERR invalid expire time in '${name}' command\r\n`;

/** Effects since the last call as command lines, SELECT left out. */
function effects(): string[] {
  const text = engine.takeEffects();
  const lines: string[] = [];
  for (let at = 0; at < text.length; ) {
    const words: string[] = [];
    const header = text.indexOf("\r\n", at);
    let count = Number(text.slice(at + 1, header));
    for (at = header + 2; count > 0; count--) {
      const end = text.indexOf("\r\n", at);
      const bytes = Number(text.slice(at + 1, end));
      words.push(text.slice(end + 2, end + 2 + bytes));
      at = end + 4 + bytes;
    }
    if (words[0] !== "SELECT") lines.push(words.join(" "));
  }
  return lines;
}

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
  session.raw("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
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

describe("INCR", () => {
  it("counts from 0 and keeps the expiry", () => {
    expect(session.call("INCR key")).toBe(integer(1));
    session.call("PEXPIRE key 100");
    expect(session.call("INCR key")).toBe(integer(2));
    expect(ttl("key")).toBe(100);
    expect(session.call("OBJECT ENCODING key")).toBe(bulk("int"));
    expect(effects().filter((line) => line.startsWith("INCR"))).toEqual(["INCR key", "INCR key"]);
  });

  it("reads text that spells an integer", () => {
    session.call("SET key 1");
    session.call("APPEND key 7");
    expect(session.call("INCR key")).toBe(integer(18));
    expect(session.call("OBJECT ENCODING key")).toBe(bulk("int"));
  });

  it("refuses everything else", () => {
    for (const value of ["abc", "1.5", "", " 1", "1 ", "01", "9223372036854775808"]) {
      session.call("SET", "key", value);
      expect(session.call("INCR key")).toBe(NOT_INTEGER);
      expect(session.call("GET key")).toBe(bulk(value));
    }
    session.call(`SET key ${MAXIMUM}`);
    expect(session.call("INCR key")).toBe("-ERR increment or decrement would overflow\r\n");
    makeHash("list");
    expect(session.call("INCR list")).toBe(WRONG_TYPE);
    expect(session.call("INCR")).toBe(arity("incr"));
  });
});

describe("DECR", () => {
  it("counts down to the least integer", () => {
    expect(session.call("DECR key")).toBe(integer(-1));
    session.call(`SET key ${MINIMUM}`);
    expect(session.call("DECR key")).toBe("-ERR increment or decrement would overflow\r\n");
    makeHash("list");
    expect(session.call("DECR list")).toBe(WRONG_TYPE);
    expect(session.call("DECR")).toBe(arity("decr"));
  });
});

describe("INCRBY", () => {
  it("adds any integer that does not overflow", () => {
    expect(session.call("INCRBY key 5")).toBe(integer(5));
    expect(session.call("INCRBY key -8")).toBe(integer(-3));
    expect(session.call(`INCRBY key ${MAXIMUM}`)).toBe(integer("9223372036854775804"));
    expect(session.call("INCRBY key 4")).toBe("-ERR increment or decrement would overflow\r\n");
    expect(session.call("INCRBY key 3")).toBe(integer(MAXIMUM));
    expect(session.call(`INCRBY key ${MINIMUM}`)).toBe(integer(-1));
    expect(session.call(`INCRBY key ${MINIMUM}`)).toBe(
      "-ERR increment or decrement would overflow\r\n",
    );
    expect(session.call("INCRBY key abc")).toBe(NOT_INTEGER);
    expect(session.call("INCRBY key 1.5")).toBe(NOT_INTEGER);
    expect(session.call("INCRBY key")).toBe(arity("incrby"));
    makeHash("list");
    expect(session.call("INCRBY list 1")).toBe(WRONG_TYPE);
  });
});

describe("DECRBY", () => {
  it("takes away any integer that can be negated", () => {
    expect(session.call("DECRBY key 5")).toBe(integer(-5));
    expect(session.call("DECRBY key -8")).toBe(integer(3));
    expect(session.call(`DECRBY key ${MINIMUM}`)).toBe("-ERR decrement would overflow\r\n");
    expect(session.call(`DECRBY key ${MAXIMUM}`)).toBe(integer("-9223372036854775804"));
    expect(session.call("DECRBY key 5")).toBe("-ERR increment or decrement would overflow\r\n");
    expect(session.call("DECRBY key abc")).toBe(NOT_INTEGER);
    expect(session.call("DECRBY key")).toBe(arity("decrby"));
    makeHash("list");
    expect(session.call("DECRBY list 1")).toBe(WRONG_TYPE);
  });
});

describe("INCRBYFLOAT", () => {
  it("adds in long doubles and leaves the sum as its effect", () => {
    expect(session.call("INCRBYFLOAT key 0.1")).toBe(bulk("0.1"));
    expect(session.call("INCRBYFLOAT key 0.2")).toBe(bulk("0.3"));
    session.call("PEXPIRE key 100");
    expect(session.call("INCRBYFLOAT key 1e3")).toBe(bulk("1000.29999999999999999"));
    expect(ttl("key")).toBe(100);
    expect(effects().filter((line) => line.startsWith("SET"))).toEqual([
      "SET key 0.1 KEEPTTL",
      "SET key 0.3 KEEPTTL",
      "SET key 1000.29999999999999999 KEEPTTL",
    ]);
    session.call(`SET key ${MAXIMUM}`);
    expect(session.call("INCRBYFLOAT key 1")).toBe(bulk("9223372036854775808"));
    session.call("SET key 10");
    expect(session.call("INCRBYFLOAT key 5")).toBe(bulk("15"));
    expect(session.call("OBJECT ENCODING key")).toBe(bulk("embstr"));
    expect((session.ask("INCRBYFLOAT huge 1e4900") as string).length).toBe(4901);
    expect((session.ask("GET huge") as string).length).toBe(4901);
  });

  it("answers a bulk in RESP3 too", () => {
    useResp3();
    expect(session.call("INCRBYFLOAT key 1.5")).toBe(bulk("1.5"));
  });

  it("refuses what is no number, and infinity", () => {
    for (const value of ["abc", "", " 1", "1 ", "nan", "1e5000"]) {
      expect(session.call("INCRBYFLOAT", "key", value)).toBe(NOT_FLOAT);
    }
    session.call("SET key abc");
    expect(session.call("INCRBYFLOAT key 1")).toBe(NOT_FLOAT);
    session.call("SET key 1");
    for (const value of ["inf", "-inf"]) {
      expect(session.call("INCRBYFLOAT", "key", value)).toBe(
        "-ERR increment would produce NaN or Infinity\r\n",
      );
    }
    expect(session.call("INCRBYFLOAT key")).toBe(arity("incrbyfloat"));
    makeHash("list");
    expect(session.call("INCRBYFLOAT list 1")).toBe(WRONG_TYPE);
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

describe("MSETEX", () => {
  it("sets pairs with a common lifetime", () => {
    expect(session.call("MSETEX 2 a 1 b 2 EX 10")).toBe(integer(1));
    expect([ttl("a"), ttl("b")]).toEqual([10_000, 10_000]);
    expect(session.call("MSETEX 2 a 3 c 4 KEEPTTL")).toBe(integer(1));
    expect([ttl("a"), ttl("c")]).toEqual([10_000, -1]);
    expect(session.call("MSETEX", "1", "a", "5", "PXAT", START_MS + 7)).toBe(integer(1));
    expect(ttl("a")).toBe(7);
    expect(session.call("MSETEX 1 a 6")).toBe(integer(1));
    expect(ttl("a")).toBe(-1);
    expect(effects()).toEqual([
      `SET a 1 PXAT ${START_MS + 10_000}`,
      `SET b 2 PXAT ${START_MS + 10_000}`,
      "SET a 3 KEEPTTL",
      "SET c 4 KEEPTTL",
      `SET a 5 PXAT ${START_MS + 7}`,
      "SET a 6",
    ]);
  });

  it("obeys NX and XX for all keys together", () => {
    session.call("SET a 1");
    expect(session.call("MSETEX 2 a 2 b 2 NX EX 5")).toBe(integer(0));
    expect(session.call("MSETEX 2 a 2 b 2 XX PX 5")).toBe(integer(0));
    expect(session.ask("MGET a b")).toEqual(["1", null]);
    expect(session.call("MSETEX 2 b 2 c 2 NX")).toBe(integer(1));
    expect(session.call("MSETEX 2 b 3 c 3 xx")).toBe(integer(1));
    expect(session.ask("MGET a b c")).toEqual(["1", "3", "3"]);
  });

  it("refuses wrong counts and options", () => {
    for (const count of ["0", "-1", "abc", "9223372036854775807"]) {
      expect(session.call(`MSETEX ${count} a 1`)).toBe("-ERR invalid numkeys value\r\n");
    }
    expect(session.call("MSETEX 2 a 1 b")).toBe("-ERR wrong number of key-value pairs\r\n");
    expect(session.call("MSETEX 1 a 1 NX XX")).toBe(SYNTAX);
    expect(session.call("MSETEX 1 a 1 GET")).toBe(SYNTAX);
    expect(session.call("MSETEX 1 a 1 EX 1 KEEPTTL")).toBe(SYNTAX);
    expect(session.call("MSETEX 1 a 1 EX 0")).toBe(invalidExpire("msetex"));
    expect(session.call("MSETEX 1 a 1 EX x")).toBe(NOT_INTEGER);
    expect(session.call("MSETEX 1 a")).toBe(arity("msetex"));
    expect(session.call("EXISTS a")).toBe(integer(0));
  });
});

describe("LCS", () => {
  beforeEach(() => {
    session.call("MSET key1 ohmytext key2 mynewtext");
  });

  it("finds the text or its length", () => {
    expect(session.call("LCS key1 key2")).toBe(bulk("mytext"));
    expect(session.call("LCS key1 key2 LEN")).toBe(integer(6));
    expect(session.call("LCS key1 missing")).toBe(bulk(""));
    session.call("MSET n1 12345 n2 -2345");
    expect(session.call("LCS n1 n2")).toBe(bulk("2345"));
  });

  it("finds the matches", () => {
    expect(session.ask("LCS key1 key2 IDX")).toEqual([
      "matches",
      [
        [
          [4, 7],
          [5, 8],
        ],
        [
          [2, 3],
          [0, 1],
        ],
      ],
      "len",
      6,
    ]);
    expect(session.ask("LCS key1 key2 IDX MINMATCHLEN 4 WITHMATCHLEN")).toEqual([
      "matches",
      [[[4, 7], [5, 8], 4]],
      "len",
      6,
    ]);
    useResp3();
    expect(session.call("LCS missing key2 IDX")).toBe(
      "%2\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n",
    );
  });

  it("agrees with the plain table on random texts", () => {
    const seed = Number(process.env.QUIRE_SEED ?? 20_261_123);
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    const text = () => Array.from({ length: random(40) }, () => "abc"[random(3)]).join("");
    for (let round = 0; round < 100; round++) {
      const [a, b] = [text(), text()];
      session.call("MSET", "a", a, "b", b);
      expect(session.ask("LCS a b"), `seed ${seed}`).toBe(longestCommon(a, b));
    }
  });

  it("refuses wrong options and other types", () => {
    expect(session.call("LCS key1 key2 LEN IDX")).toBe(
      "-ERR If you want both the length and indexes, please just use IDX.\r\n",
    );
    expect(session.call("LCS key1 key2 FOO")).toBe(SYNTAX);
    expect(session.call("LCS key1 key2 MINMATCHLEN")).toBe(SYNTAX);
    expect(session.call("LCS key1 key2 MINMATCHLEN x")).toBe(NOT_INTEGER);
    expect(session.call("LCS key1")).toBe(arity("lcs"));
    makeHash("list");
    const refused = "-ERR The specified keys must contain string values\r\n";
    expect(session.call("LCS list key1")).toBe(refused);
    expect(session.call("LCS key1 list FOO")).toBe(refused);
  });

  it("has the limit that Redis's table has", () => {
    const long = "x".repeat(20_000);
    session.call("MSET", "a", long, "b", "x".repeat(6800));
    expect(session.call("LCS a b LEN")).toBe(
      "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n",
    );
    session.call("SETRANGE", "a", 2000, "y");
    session.call("SET", "c", "x".repeat(3000));
    expect(session.call("LCS a c LEN")).toBe(integer(3000));
    expect(session.call("LCS a c")).toBe(bulk("x".repeat(3000)));
  });
});

/** The textbook algorithm, with Redis's choice where both ways back are as long. */
function longestCommon(a: string, b: string): string {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const row = table[i] ?? [];
      row[j] = a[i - 1] === b[j - 1] ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
    }
  }
  let text = "";
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      text = a[i - 1] + text;
      i -= 1;
      j -= 1;
    } else if (at(i - 1, j) > at(i, j - 1)) i -= 1;
    else j -= 1;
  }
  return text;
}

describe("DIGEST", () => {
  it("is XXH3 in 16 hexadecimal digits", () => {
    session.call("SET", "key", "Hello world");
    expect(session.call("DIGEST key")).toBe(bulk("b6acb9d84a38ff74"));
    session.call("SET", "key", "");
    expect(session.call("DIGEST key")).toBe(bulk("2d06800538d394c2"));
    session.call("SET", "a", "x".repeat(40_000));
    session.call("SETRANGE", "b", 0, "x".repeat(40_000));
    expect(session.call("DIGEST a")).toBe(session.call("DIGEST b"));
    session.call("SET number 12345");
    session.call("APPEND text 1234");
    session.call("APPEND text 5");
    expect(session.call("DIGEST number")).toBe(session.call("DIGEST text"));
  });

  it("answers null for a missing key and refuses another type", () => {
    expect(session.call("DIGEST missing")).toBe(none);
    makeHash("list");
    expect(session.call("DIGEST list")).toBe(WRONG_TYPE);
    expect(session.call("DIGEST")).toBe(arity("digest"));
  });
});

describe("DELEX", () => {
  it("removes a key of any type without a condition", () => {
    makeHash("list");
    expect(session.call("DELEX list")).toBe(integer(1));
    expect(session.call("DELEX list")).toBe(integer(0));
    expect(effects()).toEqual(["DEL list"]);
  });

  it("compares value or digest", () => {
    session.call("MSET", "a", "Hello world", "b", "12", "c", "x", "d", "y");
    effects();
    expect(session.call("DELEX a IFEQ Hello")).toBe(integer(0));
    expect(session.call("DELEX", "a", "IFNE", "Hello world")).toBe(integer(0));
    expect(session.call("DELEX a IFDNE b6acb9d84a38ff74")).toBe(integer(0));
    expect(session.call("DELEX a IFDEQ B6ACB9D84A38FF74")).toBe(integer(1));
    expect(session.call("DELEX b ifeq 12")).toBe(integer(1));
    expect(session.call("DELEX c IFNE y")).toBe(integer(1));
    expect(session.call("DELEX d IFDNE 0000000000000000")).toBe(integer(1));
    expect(session.call("DELEX d IFEQ y")).toBe(integer(0));
    expect(effects()).toEqual(["DEL a", "DEL b", "DEL c", "DEL d"]);
  });

  it("refuses wrong arguments and other types", () => {
    session.call("SET key a");
    expect(session.call("DELEX key IFEQ")).toBe(arity("delex"));
    expect(session.call("DELEX key IFEQ a IFNE")).toBe(arity("delex"));
    expect(session.call("DELEX key FOO a")).toBe(SYNTAX);
    expect(session.call("DELEX key IFDEQ a")).toBe(
      "-ERR must be exactly 16 hexadecimal characters\r\n",
    );
    makeHash("list");
    expect(session.call("DELEX list IFEQ a")).toBe(
      "-ERR Key should be of string type if conditions are specified\r\n",
    );
  });
});

describe("DELIFEQ", () => {
  it("removes a key with this value", () => {
    session.call("SET key 12");
    effects();
    expect(session.call("DELIFEQ key 1")).toBe(integer(0));
    expect(session.call("DELIFEQ key 12")).toBe(integer(1));
    expect(session.call("DELIFEQ key 12")).toBe(integer(0));
    expect(effects()).toEqual(["DEL key"]);
    makeHash("list");
    expect(session.call("DELIFEQ list a")).toBe(WRONG_TYPE);
    expect(session.call("DELIFEQ key")).toBe(arity("delifeq"));
  });
});

describe("INCREX", () => {
  const pair = (value: number | string, applied: number | string) =>
    `*2\r\n${integer(value)}${integer(applied)}`;
  const texts = (value: string, applied: string) => `*2\r\n${bulk(value)}${bulk(applied)}`;

  it("adds one, or an integer, and keeps the expiry", () => {
    expect(session.call("INCREX key")).toBe(pair(1, 1));
    expect(session.call("INCREX key BYINT -5")).toBe(pair(-4, -5));
    session.call("PEXPIRE key 100");
    expect(session.call("INCREX key byint 0")).toBe(pair(-4, 0));
    expect(ttl("key")).toBe(100);
    expect(effects().filter((line) => line.startsWith("SET"))).toEqual([
      "SET key 1 KEEPTTL",
      "SET key -4 KEEPTTL",
      "SET key -4 KEEPTTL",
    ]);
  });

  it("leaves everything as it is outside the bounds, or takes the bound", () => {
    expect(session.call("INCREX key BYINT 15 UBOUND 10 EX 5")).toBe(pair(0, 0));
    expect(session.call("EXISTS key")).toBe(integer(0));
    session.call("SET key 7");
    effects();
    expect(session.call("INCREX key BYINT 4 UBOUND 10 EX 5")).toBe(pair(7, 0));
    expect(session.call("INCREX key BYINT -9 LBOUND 0")).toBe(pair(7, 0));
    expect(effects()).toEqual([]);
    expect(session.call("INCREX key BYINT 4 UBOUND 10 SATURATE EX 5")).toBe(pair(10, 3));
    expect(ttl("key")).toBe(5000);
    expect(session.call("INCREX key SATURATE LBOUND -3 BYINT -90")).toBe(pair(-3, -13));
    session.call("SET key 50");
    expect(session.call("INCREX key BYINT -5 UBOUND 30 SATURATE")).toBe(pair(30, -20));
    expect(session.call("INCREX new UBOUND 0 SATURATE")).toBe(pair(0, 0));
    expect(session.call("EXISTS new")).toBe(integer(1));
  });

  it("treats overflow as outside the bounds", () => {
    session.call(`SET key ${MAXIMUM}`);
    expect(session.call("INCREX key")).toBe(pair(MAXIMUM, 0));
    session.call("SET key 9223372036854775800");
    expect(session.call(`INCREX key BYINT ${MAXIMUM} SATURATE`)).toBe(pair(MAXIMUM, 7));
    session.call(`SET key ${MINIMUM}`);
    expect(session.call("INCREX key BYINT -1 SATURATE LBOUND 4")).toBe(
      "-ERR applied increment would overflow\r\n",
    );
    session.call("SET key -5");
    expect(session.call(`INCREX key BYINT ${MINIMUM} SATURATE`)).toBe(
      pair(MINIMUM, "-9223372036854775803"),
    );
  });

  it("sets the lifetime", () => {
    expect(session.call("INCREX key EX 10")).toBe(pair(1, 1));
    expect(ttl("key")).toBe(10_000);
    expect(session.call("INCREX key PX 77 ENX")).toBe(pair(2, 1));
    expect(ttl("key")).toBe(10_000);
    expect(session.call("INCREX key PERSIST")).toBe(pair(3, 1));
    expect(ttl("key")).toBe(-1);
    expect(session.call("INCREX", "key", "ENX", "PXAT", START_MS + 5)).toBe(pair(4, 1));
    expect(ttl("key")).toBe(5);
    expect(session.call("INCREX", "key", "EXAT", START_MS / 1000 + 5)).toBe(pair(5, 1));
    expect(effects()).toEqual([
      `SET key 1 PXAT ${START_MS + 10_000}`,
      "SET key 2 KEEPTTL",
      "SET key 3",
      `SET key 4 PXAT ${START_MS + 5}`,
      `SET key 5 PXAT ${START_MS + 5000}`,
    ]);
    expect(session.call("INCREX key EXAT 1 ENX")).toBe(pair(6, 1));
    expect(session.call("INCREX key EXAT 1")).toBe(pair(7, 1));
    expect(session.call("INCREX key EXAT 1")).toBe(pair(1, 1));
    expect(session.call("EXISTS key")).toBe(integer(0));
    expect(effects()).toEqual(["SET key 6 KEEPTTL", "DEL key"]);
  });

  it("counts in long doubles", () => {
    session.call("SET key 1.5");
    effects();
    expect(session.call("INCREX key BYFLOAT 0.25")).toBe(texts("1.75", "0.25"));
    expect(session.call("INCREX key BYFLOAT 5 UBOUND 3.5")).toBe(texts("1.75", "0"));
    expect(session.call("INCREX key BYFLOAT 5 UBOUND 3.5 SATURATE")).toBe(texts("3.5", "1.75"));
    expect(session.call("INCREX key BYFLOAT -5 LBOUND -0.5 SATURATE")).toBe(texts("-0.5", "-4"));
    expect(session.call("INCREX key BYFLOAT 2.5 LBOUND -inf UBOUND inf")).toBe(texts("2", "2.5"));
    expect(effects()).toEqual([
      "SET key 1.75 KEEPTTL",
      "SET key 3.5 KEEPTTL",
      "SET key -0.5 KEEPTTL",
      "SET key 2 KEEPTTL",
    ]);
    expect(session.call("INCREX missing BYFLOAT -1 LBOUND 5")).toBe(texts("0", "0"));
    useResp3();
    expect(session.call("INCREX key BYFLOAT 0.5 EX 7")).toBe("*2\r\n,2.5\r\n,0.5\r\n");
    expect(ttl("key")).toBe(7000);
  });

  it("refuses infinity", () => {
    expect(session.call("INCREX key BYFLOAT inf")).toBe(
      "-ERR BYFLOAT increment cannot be Infinity\r\n",
    );
    session.call("SET key -inf");
    expect(session.call("INCREX key BYFLOAT 1")).toBe("-ERR value cannot be Infinity\r\n");
    session.call("SET key 10");
    expect(session.call("INCREX key BYFLOAT 1 UBOUND -inf LBOUND -inf SATURATE")).toBe(
      "-ERR applied increment would be Infinity\r\n",
    );
    expect(session.call("INCREX key BYFLOAT 1 LBOUND inf")).toBe(
      "-ERR LBOUND can't be greater than UBOUND\r\n",
    );
    session.call("SET", "key", "1e4932");
    const largest = session.ask("INCREX key BYFLOAT 1e4932 SATURATE") as string[];
    expect(largest[0]?.slice(0, 8)).toBe("11897314");
    expect(largest[0]?.length).toBe(4933);
  });

  it("refuses wrong arguments", () => {
    session.call("SET key 5");
    for (const options of [
      "FOO",
      "BYINT",
      "LBOUND",
      "BYINT 1 BYFLOAT 1",
      "BYINT 1 BYINT 1",
      "LBOUND 1 LBOUND 1",
      "SATURATE SATURATE",
      "EX 1 EX 1",
      "EX 1 PX 1",
      "EX 1 PERSIST",
      "PERSIST PERSIST",
      "PERSIST ENX",
      "ENX PERSIST",
      "ENX ENX EX 1",
      "KEEPTTL",
      "NX",
    ]) {
      expect(session.call(`INCREX key ${options}`), options).toBe(SYNTAX);
    }
    expect(session.call("INCREX key ENX")).toBe("-ERR ENX flag requires an expiration\r\n");
    expect(session.call("INCREX key BYINT 1.5")).toBe(
      "-ERR Increment is not an integer or out of range\r\n",
    );
    expect(session.call("INCREX key LBOUND x")).toBe(
      "-ERR LBOUND is not an integer or out of range\r\n",
    );
    expect(session.call("INCREX key BYFLOAT 1 UBOUND x")).toBe(
      "-ERR UBOUND is not a valid float\r\n",
    );
    expect(session.call("INCREX key BYFLOAT x")).toBe("-ERR Increment is not a valid float\r\n");
    expect(session.call("INCREX key LBOUND 2 UBOUND 1")).toBe(
      "-ERR LBOUND can't be greater than UBOUND\r\n",
    );
    expect(session.call("INCREX key EX 0")).toBe(invalidExpire("increx"));
    expect(session.call("INCREX")).toBe(arity("increx"));
    session.call("SET text abc");
    expect(session.call("INCREX text")).toBe(NOT_INTEGER);
    expect(session.call("INCREX text BYFLOAT 1")).toBe(NOT_FLOAT);
    makeHash("list");
    expect(session.call("INCREX list")).toBe(WRONG_TYPE);
    expect(session.call("INCREX list BYFLOAT 1")).toBe(WRONG_TYPE);
    expect(session.call("GET key")).toBe(bulk("5"));
  });
});

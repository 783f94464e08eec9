import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { START_MS, TestEngine, type TestSession } from "../support/engine";
import { arity, effectLines, integer, NOT_INTEGER, SYNTAX, WRONG_TYPE } from "../support/replies";

const BIT_OFFSET = "-ERR bit offset is not an integer or out of range\r\n";
const OUT_OF_MEMORY = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

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

function set(key: string, ...bytes: number[]): void {
  session.call("SET", key, Buffer.from(bytes));
  effects();
}

function bytesOf(key: string): number[] {
  const reply = session.call("GET", key);
  if (reply === "$-1\r\n") return [];
  return [...Buffer.from(reply.slice(reply.indexOf("\r\n") + 2, -2), "latin1")];
}

/** A list, as far as there is one, to be refused. */
function makeOtherType(key: string): boolean {
  return session.call("RPUSH", key, "x") === ":1\r\n";
}

function expectWrongType(...words: string[]): void {
  if (!makeOtherType("other")) return;
  effects();
  expect(session.call(...words)).toBe(WRONG_TYPE);
  expect(effects()).toEqual([]);
}

describe("SETBIT", () => {
  it("answers the bit that was there and sets it", () => {
    expect(session.call("SETBIT key 7 1")).toBe(integer(0));
    expect(session.call("SETBIT key 7 1")).toBe(integer(1));
    expect(session.call("SETBIT key 7 0")).toBe(integer(1));
    expect(effects()).toEqual(["SETBIT key 7 1", "SETBIT key 7 0"]);
    expect(bytesOf("key")).toEqual([0]);
  });

  it("lets a value grow with zeros", () => {
    session.call("SETBIT key 5000 1");
    expect(session.call("STRLEN key")).toBe(integer(626));
    expect(session.call("BITCOUNT key")).toBe(integer(1));
    expect(session.call("SETBIT key 8000 0")).toBe(integer(0));
    expect(session.call("STRLEN key")).toBe(integer(1001));
    expect(effects()).toEqual(["SETBIT key 5000 1", "SETBIT key 8000 0"]);
  });

  it("changes an integer and an embedded string in place, and keeps the expiry", () => {
    session.call("SET number 12 PX 5000");
    expect(session.call("SETBIT number 7 0")).toBe(integer(1));
    expect(session.call("GET number")).toBe("$2\r\n02\r\n");
    expect(session.call("OBJECT ENCODING number")).toBe("$3\r\nraw\r\n");
    expect(session.call("PTTL number")).toBe(integer(5000));
    engine.now = START_MS + 6000;
    expect(session.call("SETBIT number 7 0")).toBe(integer(0));
    expect(session.call("TTL number")).toBe(integer(-1));
  });

  it("refuses what is no bit, no offset or beyond proto-max-bulk-len", () => {
    for (const offset of ["x", "-1", "#1", "4294967296", "9223372036854775807", "1.5"]) {
      expect(session.call("SETBIT", "key", offset, "1")).toBe(BIT_OFFSET);
    }
    for (const bit of ["2", "-1", "x", ""]) {
      const error = "-ERR bit is not an integer or out of range\r\n";
      expect(session.call("SETBIT", "key", "1", bit)).toBe(error);
    }
    expect(session.call("SETBIT key 1")).toBe(arity("setbit"));
    expectWrongType("SETBIT", "other", "1", "1");
    expect(session.call("EXISTS key")).toBe(integer(0));
  });

  const isHigh = process.env.QUIRE_TEST_HEAP === "high";
  it.skipIf(isHigh)("is refused and changes nothing when memory is short", () => {
    set("key", 1);
    expect(session.call("SETBIT key 4294967295 1")).toBe(OUT_OF_MEMORY);
    expect(bytesOf("key")).toEqual([1]);
    expect(effects()).toEqual([]);
  });
});

describe("GETBIT", () => {
  it("reads bits, and zeros behind the value", () => {
    set("key", 0x81, 0x01);
    const bits = Array.from({ length: 20 }, (_, at) => session.ask("GETBIT", "key", at));
    expect(bits.join("")).toBe("10000001000000010000");
    expect(session.call("GETBIT missing 3")).toBe(integer(0));
    session.call("SET number 12345");
    expect(session.call("GETBIT number 2")).toBe(integer(1));
  });

  it("refuses what is no offset", () => {
    for (const offset of ["x", "-1", "#1", "4294967296"]) {
      expect(session.call("GETBIT", "key", offset)).toBe(BIT_OFFSET);
    }
    expect(session.call("GETBIT key")).toBe(arity("getbit"));
    expectWrongType("GETBIT", "other", "1");
  });
});

describe("BITCOUNT", () => {
  it("counts a whole value of any length", () => {
    for (let bytes = 0; bytes < 300; bytes += 7) {
      const value = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 37) & 0xff));
      let expected = 0;
      for (const byte of value) expected += byte.toString(2).replaceAll("0", "").length;
      session.call("SET", "key", value);
      expect(session.call("BITCOUNT key")).toBe(integer(expected));
    }
    session.call("SET", "key", Buffer.alloc(1_000_003, 0xff));
    expect(session.call("BITCOUNT key")).toBe(integer(8_000_024));
    expect(session.call("BITCOUNT missing")).toBe(integer(0));
  });

  it("counts a range of bytes or bits", () => {
    session.call("SET key foobar");
    expect(session.call("BITCOUNT key 0 0")).toBe(integer(4));
    expect(session.call("BITCOUNT key 1 1 BYTE")).toBe(integer(6));
    expect(session.call("BITCOUNT key 5 30 bit")).toBe(integer(17));
    expect(session.call("BITCOUNT key -2 -1")).toBe(integer(7));
    expect(session.call("BITCOUNT key 4 -100")).toBe(integer(0));
    expect(session.call("BITCOUNT key -1 -2")).toBe(integer(0));
    expect(effects()).toEqual(["SET key foobar"]);
  });

  it("reads the range even when the key is missing", () => {
    expect(session.call("BITCOUNT missing 0")).toBe(SYNTAX);
    expect(session.call("BITCOUNT missing x 1")).toBe(NOT_INTEGER);
    expect(session.call("BITCOUNT missing 0 x")).toBe(NOT_INTEGER);
    expect(session.call("BITCOUNT missing 0 1 NIBBLE")).toBe(SYNTAX);
    expect(session.call("BITCOUNT missing 0 1 BIT x")).toBe(SYNTAX);
    expect(session.call("BITCOUNT")).toBe(arity("bitcount"));
    expectWrongType("BITCOUNT", "other");
  });
});

describe("BITPOS", () => {
  it("finds the first bit", () => {
    set("key", 0xff, 0xf0, 0x00);
    expect(session.call("BITPOS key 0")).toBe(integer(12));
    expect(session.call("BITPOS key 1 2")).toBe(integer(-1));
    expect(session.call("BITPOS key 1 7 15 BIT")).toBe(integer(7));
    expect(session.call("BITPOS key 0 2")).toBe(integer(16));
    expect(session.call("BITPOS missing 0")).toBe(integer(0));
    expect(session.call("BITPOS missing 1")).toBe(integer(-1));
  });

  it("takes a value as followed by zeros unless an end is given", () => {
    set("key", 0xff, 0xff);
    expect(session.call("BITPOS key 0")).toBe(integer(16));
    expect(session.call("BITPOS key 0 1")).toBe(integer(16));
    expect(session.call("BITPOS key 0 0 -1")).toBe(integer(-1));
    expect(session.call("BITPOS key 0 5")).toBe(integer(-1));
    expect(session.call("BITPOS key 0 3 9 BIT")).toBe(integer(-1));
  });

  it("finds a bit at any place of a long value", () => {
    for (const at of [0, 9, 127, 128, 1000, 4099, 9999]) {
      session.call("DEL key");
      session.call("SETBIT key 20000 0");
      session.call("SETBIT", "key", at, 1);
      expect(session.call("BITPOS key 1")).toBe(integer(at));
      expect(session.call("BITPOS", "key", "1", at, at, "BIT")).toBe(integer(at));
      expect(session.call("BITPOS", "key", "1", at + 1, -1, "BIT")).toBe(integer(-1));
    }
  });

  it("refuses other bits and words", () => {
    const error = "-ERR The bit argument must be 1 or 0.\r\n";
    expect(session.call("BITPOS key 2")).toBe(error);
    expect(session.call("BITPOS key x")).toBe(NOT_INTEGER);
    expect(session.call("BITPOS key 1 x")).toBe(NOT_INTEGER);
    expect(session.call("BITPOS key 1 0 x")).toBe(NOT_INTEGER);
    expect(session.call("BITPOS key 1 0 1 x")).toBe(SYNTAX);
    expect(session.call("BITPOS key 1 0 1 BIT x")).toBe(SYNTAX);
    expect(session.call("BITPOS key")).toBe(arity("bitpos"));
    expectWrongType("BITPOS", "other", "1");
  });
});

describe("BITOP", () => {
  beforeEach(() => {
    set("a", 0b1100, 0xff);
    set("b", 0b1010);
    set("c", 0b1001, 0x0f, 0x80);
  });

  const cases: [string, string[], number[]][] = [
    ["AND", ["a", "b"], [0b1000, 0]],
    ["AND", ["a", "missing"], [0, 0]],
    ["OR", ["a", "b", "c"], [0b1111, 0xff, 0x80]],
    ["XOR", ["a", "b", "c"], [0b1111, 0xf0, 0x80]],
    ["NOT", ["b"], [0xf5]],
    ["DIFF", ["a", "b", "c"], [0b0100, 0xf0, 0]],
    ["DIFF", ["missing", "b"], [0]],
    ["DIFF1", ["a", "b", "c"], [0b0011, 0, 0x80]],
    ["ANDOR", ["a", "b", "c"], [0b1000, 0x0f, 0]],
    ["ONE", ["a", "b", "c"], [0b0111, 0xf0, 0x80]],
    ["one", ["a", "a"], [0, 0]],
  ];
  it.each(cases)("%s of %j", (operation, sources, expected) => {
    expect(session.call("BITOP", operation, "result", ...sources)).toBe(integer(expected.length));
    expect(bytesOf("result")).toEqual(expected);
    expect(session.call("OBJECT ENCODING result")).toBe("$3\r\nraw\r\n");
  });

  it("agrees with a plain computation on long values", () => {
    const lengths = [20_000, 8192, 8191, 33];
    const values = lengths.map((length, n) =>
      Buffer.from(Array.from({ length }, (_, at) => (at * (n * 2 + 3) + (at >> 7)) & 0xff)),
    );
    for (const [n, value] of values.entries()) session.call("SET", `v${n}`, value);
    const plain: Record<string, (bits: number[]) => number> = {
      AND: (bits) => bits.reduce((x, y) => x & y),
      OR: (bits) => bits.reduce((x, y) => x | y),
      XOR: (bits) => bits.reduce((x, y) => x ^ y),
      DIFF: ([x = 0, ...rest]) => x & ~rest.reduce((p, q) => p | q),
      DIFF1: ([x = 0, ...rest]) => ~x & rest.reduce((p, q) => p | q),
      ANDOR: ([x = 0, ...rest]) => x & rest.reduce((p, q) => p | q),
      ONE: (bits) => {
        let one = 0;
        for (let bit = 1; bit < 256; bit <<= 1) {
          if (bits.filter((byte) => byte & bit).length === 1) one |= bit;
        }
        return one;
      },
    };
    for (const [operation, compute] of Object.entries(plain)) {
      for (const order of [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [1, 0],
      ]) {
        const sources = order.map((n) => `v${n}`);
        session.call("BITOP", operation, "result", ...sources);
        const expected = Array.from(
          { length: 20_000 },
          (_, at) => compute(order.map((n) => values[n]![at] ?? 0)) & 0xff,
        );
        expect(Buffer.from(bytesOf("result")).equals(Buffer.from(expected)), operation).toBe(true);
      }
    }
  });

  it("may write over a source, and over an expiry", () => {
    session.call("SET number 15 PX 9000");
    session.call("BITOP NOT number number");
    expect(bytesOf("number")).toEqual([0xce, 0xca]);
    expect(session.call("TTL number")).toBe(integer(-1));
  });

  it("removes the key when the result is empty", () => {
    expect(session.call("BITOP OR a missing")).toBe(integer(0));
    expect(session.call("EXISTS a")).toBe(integer(0));
    expect(effects()).toEqual(["DEL a"]);
    expect(session.call("BITOP OR a missing")).toBe(integer(0));
    expect(effects()).toEqual([]);
  });

  it("leaves effects that Redis 7.0 knows", () => {
    session.call("BITOP OR result b b");
    session.call("SET x A");
    session.call("SET y B");
    effects();
    session.call("BITOP OR result x y");
    session.call("BITOP DIFF1 result x y");
    expect(effects()).toEqual(["BITOP OR result x y", "DEL result", "SETRANGE result 0 \x02"]);
  });

  it("refuses other operations and too few or too many sources", () => {
    expect(session.call("BITOP NAND result a")).toBe(SYNTAX);
    const single = "-ERR BITOP NOT must be called with a single source key.\r\n";
    expect(session.call("BITOP NOT result a b")).toBe(single);
    for (const operation of ["DIFF", "DIFF1", "ANDOR"]) {
      expect(session.call("BITOP", operation.toLowerCase(), "result", "a")).toBe(
        `-ERR BITOP ${operation} must be called with at least two source keys.\r\n`,
      );
    }
    expect(session.call("BITOP OR result")).toBe(arity("bitop"));
    expectWrongType("BITOP", "OR", "result", "a", "other");
    expect(session.call("EXISTS result")).toBe(integer(0));
  });
});

describe("BITFIELD", () => {
  it("reads, sets and adds", () => {
    expect(session.ask("BITFIELD key SET u8 0 255 GET u4 0 GET i4 4 INCRBY u8 #1 7")).toEqual([
      0, 15, -1, 7,
    ]);
    expect(bytesOf("key")).toEqual([255, 7]);
    expect(effects()).toEqual(["BITFIELD key SET u8 0 255 GET u4 0 GET i4 4 INCRBY u8 #1 7"]);
    expect(session.ask("BITFIELD key")).toEqual([]);
    expect(session.ask("BITFIELD key GET u63 #0 GET i64 100")).toEqual([0x7f83800000000000n, 0]);
    expect(effects()).toEqual([]);
  });

  it("wraps, saturates or fails", () => {
    expect(session.ask("BITFIELD key SET u2 0 3 SET i8 8 127")).toEqual([0, 0]);
    expect(session.ask("BITFIELD key INCRBY u2 0 1 INCRBY i8 8 1")).toEqual([0, -128]);
    effects();
    const words = "BITFIELD key OVERFLOW SAT INCRBY u2 0 -1 INCRBY i8 8 -1 OVERFLOW FAIL";
    expect(session.ask(`${words} INCRBY u2 0 -1 SET i8 8 200`)).toEqual([0, -128, null, null]);
    expect(effects()).toEqual([]);
    const largest = "9223372036854775807";
    expect(session.call(`BITFIELD key SET i64 64 ${largest} OVERFLOW SAT INCRBY i64 64 1`)).toBe(
      `*2\r\n:0\r\n:${largest}\r\n`,
    );
    expect(session.call("BITFIELD key INCRBY i64 64 1")).toBe("*1\r\n:-9223372036854775808\r\n");
  });

  it("answers null by the protocol and grows even where all fails", () => {
    expect(session.call("BITFIELD key OVERFLOW FAIL INCRBY u1 9 2")).toBe("*1\r\n$-1\r\n");
    expect(bytesOf("key")).toEqual([0, 0]);
    expect(effects()).toEqual(["BITFIELD key OVERFLOW FAIL INCRBY u1 9 2"]);
    session.raw("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
    expect(session.call("BITFIELD key OVERFLOW FAIL INCRBY u1 9 2")).toBe("*1\r\n_\r\n");
  });

  it("refuses all when one word is wrong", () => {
    const type =
      "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but \
i64 is.\r\n";
    for (const name of ["u64", "i65", "u0", "x8", "u", "U8", "u-1"]) {
      expect(session.call("BITFIELD", "key", "SET", "u8", "0", "1", "GET", name, "0")).toBe(type);
    }
    expect(session.call("BITFIELD", "key", "GET", "", "0")).toBe(type);
    expect(session.call("BITFIELD key SET u8 0 1 GET u8 -1")).toBe(BIT_OFFSET);
    expect(session.call("BITFIELD key SET u8 0 1 GET u8 4294967296")).toBe(BIT_OFFSET);
    expect(session.call("BITFIELD key SET u8 0 1 SET u8 0 x")).toBe(NOT_INTEGER);
    expect(session.call("BITFIELD key SET u8 0 1 GET u8")).toBe(SYNTAX);
    expect(session.call("BITFIELD key SET u8 0 1 OVERFLOW")).toBe(SYNTAX);
    const overflow = "-ERR Invalid OVERFLOW type specified\r\n";
    expect(session.call("BITFIELD key SET u8 0 1 OVERFLOW x")).toBe(overflow);
    expect(session.call("BITFIELD")).toBe(arity("bitfield"));
    expectWrongType("BITFIELD", "other", "SET", "u8", "0", "1");
    expect(session.call("EXISTS key")).toBe(integer(0));
  });
});

describe("BITFIELD_RO", () => {
  it("reads", () => {
    session.call("SET key AB");
    expect(session.ask("BITFIELD_RO key GET u8 0 GET u8 #1 GET u8 #2")).toEqual([65, 66, 0]);
    expect(session.ask("BITFIELD_RO missing GET i5 3")).toEqual([0]);
    expect(session.ask("BITFIELD_RO key")).toEqual([]);
  });

  it("refuses to write", () => {
    const error = "-ERR BITFIELD_RO only supports the GET subcommand\r\n";
    expect(session.call("BITFIELD_RO key SET u8 0 1")).toBe(error);
    expect(session.call("BITFIELD_RO key GET u8 0 INCRBY u8 0 1")).toBe(error);
    expect(session.call("BITFIELD_RO key GET u8")).toBe(SYNTAX);
    expect(session.call("BITFIELD_RO")).toBe(arity("bitfield_ro"));
    expectWrongType("BITFIELD_RO", "other", "GET", "u8", "0");
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import { arity, effectLines, integer, WRONG_TYPE } from "../support/replies";

const NOT_ONE = "-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n";
const CORRUPT = "-INVALIDOBJ Corrupted HLL object detected\r\n";
const HEADER = "HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80";

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

function elements(from: number, count: number, prefix = "e"): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}:${from + n}`);
}

/** Adds many, as many a call as fit well. */
function add(key: string, from: number, to: number, prefix?: string): void {
  for (let at = from; at < to; at += 1000) {
    session.call("PFADD", key, ...elements(at, Math.min(1000, to - at), prefix));
  }
}

function bytesOf(key: string): Buffer {
  const reply = session.call("GET", key);
  return Buffer.from(reply.slice(reply.indexOf("\r\n") + 2, -2), "latin1");
}

/** Every command on a value that is none of these, or corrupt; the key stays as it is. */
function expectRefused(value: string, error: string): void {
  session.call("SET", "key", Buffer.from(value, "latin1"));
  effects();
  expect(session.call("PFCOUNT key")).toBe(error);
  expect(session.call("PFCOUNT missing key")).toBe(error);
  expect(session.call("PFMERGE result key")).toBe(error);
  expect(session.call("PFMERGE key missing")).toBe(error);
  expect(session.call("PFDEBUG TODENSE key")).toBe(error);
  expect(session.call("PFDEBUG GETREG key")).toBe(error);
  expect(effects()).toEqual([]);
  expect(session.call("EXISTS result")).toBe(integer(0));
  expect(bytesOf("key").toString("latin1")).toBe(value);
}

describe("PFADD", () => {
  it("tells whether the estimate may have changed", () => {
    expect(session.call("PFADD key")).toBe(integer(1));
    expect(session.call("PFADD key")).toBe(integer(0));
    expect(session.call("PFADD key a b c")).toBe(integer(1));
    expect(session.call("PFADD key c b a")).toBe(integer(0));
    expect(session.call("PFADD")).toBe(arity("pfadd"));
    expect(effects()).toEqual(["PFADD key", "PFADD key a b c"]);
    expect(session.call("OBJECT ENCODING key")).toBe("$3\r\nraw\r\n");
    expect(session.call("TYPE key")).toBe("+string\r\n");
  });

  it("writes Redis's bytes", () => {
    session.call("PFADD key");
    expect(bytesOf("key").toString("latin1")).toBe(`${HEADER}\x7f\xff`);
    session.call("PFADD", "key", "a", "b", "c");
    const hex = "48594c4c01000000000000000000008060f38050b1844bfb80425a";
    expect(bytesOf("key").toString("hex")).toBe(hex);
  });

  it("goes from sparse to dense at hll-sparse-max-bytes", () => {
    let before = 0;
    for (let count = 0; session.call("PFDEBUG ENCODING key") !== "+dense\r\n"; count++) {
      before = bytesOf("key").length;
      session.call("PFADD", "key", `e:${count}`);
      expect(count).toBeLessThan(5000);
    }
    expect(before).toBeGreaterThan(2900);
    expect(before).toBeLessThanOrEqual(3000);
    expect(bytesOf("key").length).toBe(12304);
    session.call("CONFIG SET hll-sparse-max-bytes 0");
    session.call("PFADD other a");
    expect(session.call("PFDEBUG ENCODING other")).toBe("+dense\r\n");
  });

  it("keeps the expiry", () => {
    session.call("PFADD key a");
    session.call("PEXPIRE key 5000");
    add("key", 0, 3000);
    expect(session.call("PTTL key")).toBe(integer(5000));
  });

  it("refuses other values and corrupt ones, and leaves them", () => {
    session.call("SET key text");
    expect(session.call("PFADD key a")).toBe(NOT_ONE);
    session.call("SET key 1234");
    expect(session.call("PFADD key a")).toBe(NOT_ONE);
    const short = `${HEADER}\x41\x00`;
    session.call("SET", "key", Buffer.from(short, "latin1"));
    effects();
    // The first of these finds its register, later ones do not.
    expect(session.call("PFADD", "key", ...elements(0, 500))).toBe(CORRUPT);
    expect(bytesOf("key").toString("latin1")).toBe(short);
    expect(effects()).toEqual([]);
    if (session.call("RPUSH list x") === ":1\r\n") {
      expect(session.call("PFADD list a")).toBe(WRONG_TYPE);
    }
  });
});

describe("PFCOUNT", () => {
  it("estimates within the standard error at many sizes", () => {
    let squares = 0;
    let samples = 0;
    for (const prefix of ["x", "y", "z", "u", "v", "w"]) {
      let size = 0;
      for (const next of [100, 300, 1000, 3000, 10_000, 20_000, 40_000, 70_000, 100_000]) {
        add(`key:${prefix}`, size, next, prefix);
        size = next;
        const error = Number(session.ask("PFCOUNT", `key:${prefix}`)) / size - 1;
        expect(Math.abs(error)).toBeLessThan(0.0081 * 4.5);
        squares += error * error;
        samples += 1;
      }
    }
    expect(Math.sqrt(squares / samples)).toBeLessThan(0.0081 * 1.3);
  });

  it("is exact to a few for small numbers", () => {
    for (let count = 1; count <= 200; count++) {
      session.call("PFADD", "key", `e:${count}`);
      expect(Math.abs(Number(session.ask("PFCOUNT key")) - count)).toBeLessThanOrEqual(2);
    }
  });

  it("keeps what it found in the value, which is an effect", () => {
    session.call("PFADD key a b c");
    expect(bytesOf("key")[15]).toBe(0x80);
    expect(session.call("PFCOUNT key")).toBe(integer(3));
    expect(session.call("PFCOUNT key")).toBe(integer(3));
    expect(effects()).toEqual(["PFADD key a b c", "PFCOUNT key"]);
    expect(bytesOf("key").readBigUInt64LE(8)).toBe(3n);
    session.call("PFADD key d");
    expect(bytesOf("key")[15]).toBe(0x80);
  });

  it("counts the union of several keys and changes none", () => {
    add("a", 0, 1000);
    add("b", 500, 1500);
    add("c", 0, 6000);
    effects();
    const union = Number(session.ask("PFCOUNT a b missing"));
    expect(Math.abs(union - 1500)).toBeLessThan(60);
    expect(Math.abs(Number(session.ask("PFCOUNT a b c")) - 6000)).toBeLessThan(240);
    expect(session.call("PFCOUNT missing")).toBe(integer(0));
    expect(session.call("PFCOUNT missing nothing")).toBe(integer(0));
    expect(session.call("PFCOUNT")).toBe(arity("pfcount"));
    expect(effects()).toEqual([]);
  });

  it("refuses other values", () => {
    expectRefused("", NOT_ONE);
    expectRefused("a text", NOT_ONE);
    expectRefused("12345", NOT_ONE);
    expectRefused(`hyll${HEADER.slice(4)}\x7f\xff`, NOT_ONE);
    expectRefused(`HYLL\x02${HEADER.slice(5)}\x7f\xff`, NOT_ONE);
    expectRefused(`HYLL\0${HEADER.slice(5)}\x7f\xff`, NOT_ONE);
  });

  it("refuses corrupt values", () => {
    for (const runs of ["", "\x7f\xfe", "\x7f\xff\0", "\x7f", "\x80", "\x7f\xff\x7f\xff"]) {
      expectRefused(HEADER + runs, CORRUPT);
    }
    session.call("PFADD key a b c");
    session.call("SETRANGE", "key", 17, Buffer.from([0x01]));
    expect(session.call("PFCOUNT key")).toBe(CORRUPT);
  });
});

describe("PFMERGE", () => {
  it("joins keys into one", () => {
    add("a", 0, 100);
    add("b", 50, 150);
    effects();
    expect(session.call("PFMERGE result a b missing")).toBe("+OK\r\n");
    expect(effects()).toEqual(["PFMERGE result a b missing"]);
    expect(Math.abs(Number(session.ask("PFCOUNT result")) - 150)).toBeLessThan(5);
    expect(session.call("PFDEBUG ENCODING result")).toBe("+sparse\r\n");
    expect(session.call("PFMERGE")).toBe(arity("pfmerge"));
  });

  it("takes what the destination holds, and its expiry stays", () => {
    add("a", 0, 100);
    add("result", 100, 200);
    session.call("PEXPIRE result 9000");
    session.call("PFMERGE result a");
    expect(Math.abs(Number(session.ask("PFCOUNT result")) - 200)).toBeLessThan(7);
    expect(session.call("PTTL result")).toBe(integer(9000));
  });

  it("makes a dense value when one of them is", () => {
    add("large", 0, 20_000);
    add("small", 20_000, 20_100);
    session.call("PFMERGE small large");
    expect(session.call("PFDEBUG ENCODING small")).toBe("+dense\r\n");
    expect(session.ask("PFCOUNT small")).toBe(session.ask("PFCOUNT small large"));
    session.call("PFMERGE empty");
    expect(session.call("PFCOUNT empty")).toBe(integer(0));
  });
});

describe("PFDEBUG", () => {
  beforeEach(() => {
    session.call("PFADD key a b c");
    effects();
  });

  it("shows runs, registers and the encoding", () => {
    const decoded = String(session.ask("PFDEBUG DECODE key"));
    expect(decoded).toMatch(/^(Z:\d+ v:\d+,1 ){3}Z:\d+$/);
    expect(session.call("PFDEBUG ENCODING key")).toBe("+sparse\r\n");
    expect(effects()).toEqual([]);
    const registers = session.ask("PFDEBUG GETREG key") as number[];
    expect(registers.length).toBe(16384);
    expect(registers.filter((rank) => rank > 0).length).toBe(3);
    expect(effects()).toEqual(["PFDEBUG GETREG key"]);
    expect(session.call("PFDEBUG ENCODING key")).toBe("+dense\r\n");
    expect(session.call("PFDEBUG DECODE key")).toBe("-ERR HLL encoding is not sparse\r\n");
    expect(session.call("PFCOUNT key")).toBe(integer(3));
  });

  it("makes a value dense", () => {
    expect(session.call("PFDEBUG TODENSE key")).toBe(integer(1));
    expect(session.call("PFDEBUG TODENSE key")).toBe(integer(0));
    expect(effects()).toEqual(["PFDEBUG TODENSE key"]);
    expect(session.call("STRLEN key")).toBe(integer(12304));
  });

  it("refuses what it does not know", () => {
    const unknown = "-ERR Unknown PFDEBUG subcommand 'bogus'\r\n";
    expect(session.call("PFDEBUG bogus key")).toBe(unknown);
    expect(session.call("PFDEBUG GETREG no")).toBe("-ERR The specified key does not exist\r\n");
    expect(session.call("PFDEBUG GETREG")).toBe(arity("pfdebug"));
  });
});

describe("PFDEBUG SIMD", () => {
  it("answers what was asked for", () => {
    expect(session.call("PFDEBUG SIMD on")).toBe("+enabled\r\n");
    expect(session.call("PFDEBUG SIMD OFF")).toBe("+disabled\r\n");
    expect(session.call("PFDEBUG SIMD x")).toBe("-ERR Argument must be ON or OFF\r\n");
  });
});

describe("PFSELFTEST", () => {
  it("passes and leaves no trace", () => {
    const before = engine.exports.digest();
    expect(session.call("PFSELFTEST")).toBe("+OK\r\n");
    expect(session.call("PFSELFTEST x")).toBe(arity("pfselftest"));
    expect(engine.exports.digest()).toBe(before);
    expect(effects()).toEqual([]);
  });
});

// Strings as numbers: INCR and its kin.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { START_MS, TestEngine, type TestSession } from "../support/engine";
import {
  arity,
  bulk,
  effectLines,
  integer,
  invalidExpire,
  MAXIMUM,
  MINIMUM,
  NOT_FLOAT,
  NOT_INTEGER,
  SYNTAX,
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

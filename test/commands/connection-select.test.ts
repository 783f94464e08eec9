import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

describe("SELECT", () => {
  it("keeps databases and sessions apart", () => {
    const other = engine.open();
    session.call("SET a 0");
    expect(session.call("SELECT 15")).toBe("+OK\r\n");
    expect(session.call("GET a")).toBe("$-1\r\n");
    session.call("SET a 15");
    expect(other.ask("GET a")).toBe("0");
    session.call("SELECT 0");
    expect(session.ask("GET a")).toBe("0");
  });

  it("refuses what is no database", () => {
    expect(session.call("SELECT 16")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("SELECT -1")).toBe("-ERR DB index is out of range\r\n");
    expect(session.call("SELECT x")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(session.call("SELECT 2147483648")).toBe(
      "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n",
    );
    expect(session.call("SELECT")).toBe("-ERR wrong number of arguments for 'select' command\r\n");
    expect(session.call("SELECT 0 1")).toBe(
      "-ERR wrong number of arguments for 'select' command\r\n",
    );
  });

  it("knows as many databases as the data set was made with", () => {
    const small = new TestEngine({ databases: 2 }).open();
    expect(small.call("SELECT 1")).toBe("+OK\r\n");
    expect(small.call("SELECT 2")).toBe("-ERR DB index is out of range\r\n");
  });

  it("is part of the effects when the database changes", () => {
    engine.exports.setEffects(1);
    for (const line of ["SET a 1", "SET b 1", "SELECT 1", "SET a 1", "SELECT 0", "SELECT 1"]) {
      session.call(line);
    }
    session.call("SET b 1");
    const selects = engine.takeEffects().match(/SELECT\r\n\$\d+\r\n\d+/g);
    expect(selects).toEqual(["SELECT\r\n$1\r\n0", "SELECT\r\n$1\r\n1"]);
  });

  it("is part of the effects again for a consumer that comes later", () => {
    session.call("SELECT 3");
    for (let consumer = 0; consumer < 2; consumer++) {
      engine.exports.setEffects(1);
      session.call("SET a 1");
      expect(engine.takeEffects()).toBe(
        encode(["SELECT", 3]).toString() + encode(["SET", "a", "1"]).toString(),
      );
      engine.exports.setEffects(0);
    }
  });
});

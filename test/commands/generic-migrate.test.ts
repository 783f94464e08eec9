import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, Request, Status } from "../../assembly/abi";
import { TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

describe("MIGRATE", () => {
  const NOT_INTEGER = "-ERR value is not an integer or out of range\r\n";
  const SYNTAX = "-ERR syntax error\r\n";

  it.each([
    ["MIGRATE h 1 k 0", "-ERR wrong number of arguments for 'migrate' command\r\n"],
    ["MIGRATE h 1 k x 10", NOT_INTEGER],
    ["MIGRATE h 1 k 0 x", NOT_INTEGER],
    ["MIGRATE h 1 k 0 10 FOO", SYNTAX],
    ["MIGRATE h 1 k 0 10 AUTH", SYNTAX],
    ["MIGRATE h 1 k 0 10 AUTH2 name", SYNTAX],
    [
      "MIGRATE h 1 k x x KEYS a",
      "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string\r\n",
    ],
    ["MIGRATE h 1 k 0 10", "+NOKEY\r\n"],
    ["MIGRATE h 1 k 0 10 COPY REPLACE AUTH x AUTH2 y z", "+NOKEY\r\n"],
    ["MIGRATE h 1  0 10 KEYS", "+NOKEY\r\n"],
    ["MIGRATE h 1  0 10 KEYS a b", "+NOKEY\r\n"],
  ])("%s", (command, reply) => {
    expect(session.call(command)).toBe(reply);
  });

  /** The words that the host finds. */
  function words(): string[] {
    const view = engine.view();
    const vector = view.getUint32(EXCHANGE + Exchange.REQUEST_ADDRESS, true);
    const count = view.getUint32(EXCHANGE + Exchange.REQUEST_BYTES, true) / 8;
    return Array.from({ length: count }, (_, index) => {
      const address = view.getUint32(vector + index * 8, true);
      const bytes = view.getUint32(vector + index * 8 + 4, true);
      return Buffer.from(engine.memory.buffer, address, bytes).toString("latin1");
    });
  }

  it("hands its words to the host, which answers", () => {
    session.call("SELECT 3");
    session.call("SET", "a\0\xff", "1");
    engine.exports.setEffects(1);
    const given = ["MIGRATE", "host", "1", "", "0", "10", "KEYS", "a\0\xff", "b"];
    expect(session.call(...given)).toBe("");
    expect(session.status).toBe(Status.WAITING);
    const { kind, id, number } = engine.request();
    expect([kind, number]).toEqual([Request.MIGRATE, 3]);
    expect(words()).toEqual(given);
    engine.complete(id);
    expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe("");
  });

  it("stops a transaction until the host has answered", () => {
    session.call("SET a 1");
    session.raw("MULTI\r\nMIGRATE host 1 a 0 10\r\nMIGRATE host 1 b 0 10\r\nGET a\r\n");
    expect(session.raw("EXEC\r\n")).toBe("*3\r\n");
    expect(session.status).toBe(Status.WAITING);
    expect(words()).toEqual(["MIGRATE", "host", "1", "a", "0", "10"]);
    engine.complete(engine.request().id);
    expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n+NOKEY\r\n$1\r\n1\r\n");
    expect(engine.exports.validate()).toBe(0);
  });

  it("gives up a transaction whose session leaves meanwhile", () => {
    session.call("SET a 1");
    session.raw("MULTI\r\nMIGRATE host 1 a 0 10\r\nSET b 1\r\n");
    session.raw("EXEC\r\n");
    engine.exports.closeSession(session.id);
    engine.complete(engine.request().id);
    expect(engine.exports.validate()).toBe(0);
    expect(engine.open().call("EXISTS b")).toBe(":0\r\n");
  });

  it("answers the error that the host names", () => {
    session.call("SET a 1");
    session.call("MIGRATE host 1 a 0 10");
    engine.complete(engine.request().id, false, "IOERR no route");
    expect(engine.takeReplies(session.id).toString()).toBe("-IOERR no route\r\n");
  });
});

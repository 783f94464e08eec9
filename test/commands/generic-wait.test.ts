import { beforeEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, Request, SessionFlag } from "../../assembly/abi";
import { TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

describe("WAIT", () => {
  it("answers no replicas at once", () => {
    expect(session.ask("WAIT 0 0")).toBe(0);
    expect(session.ask("WAIT 3 1000")).toBe(0);
    expect(session.ask("WAIT -1 0")).toBe(0);
  });

  it("refuses what is no number and no time", () => {
    const integer = "-ERR value is not an integer or out of range\r\n";
    const timeout = "-ERR timeout is not an integer or out of range\r\n";
    expect(session.call("WAIT a 0")).toBe(integer);
    expect(session.call("WAIT a a")).toBe(integer);
    expect(session.call("WAIT 0 a")).toBe(timeout);
    expect(session.call("WAIT 0 -1")).toBe("-ERR timeout is negative\r\n");
    expect(session.call("WAIT 0 9223372036854775807")).toBe("-ERR timeout is out of range\r\n");
    expect(session.call("WAIT 0")).toBe("-ERR wrong number of arguments for 'wait' command\r\n");
  });
});

describe("WAITAOF", () => {
  const LOG_DURABLE = EXCHANGE + Exchange.LOG_DURABLE;

  function startWithLog(): void {
    engine = new TestEngine();
    session = engine.open();
    const host = engine.open(SessionFlag.INTERNAL);
    expect(host.call("QUIRE CONFIGURE appendonly yes")).toBe("+OK\r\n");
    engine.exports.setEffects(1);
  }

  it("answers at once when all is durable", () => {
    startWithLog();
    session.call("SET a 1");
    engine.view().setFloat64(LOG_DURABLE, 1000, true);
    expect(session.call("WAITAOF 1 0 0")).toBe("*2\r\n:1\r\n:0\r\n");
  });

  it("asks the host when it is not, or when a replica is wanted", () => {
    startWithLog();
    session.call("SET a 1");
    expect(session.raw("WAITAOF 1 0 500\r\n")).toBe("");
    expect(engine.request()).toMatchObject({ kind: Request.WAIT_LOG, number: 500 });
    engine.complete(engine.request().id, true, "1");
    expect(engine.takeReplies(session.id).toString()).toBe("*2\r\n:1\r\n:0\r\n");
    expect(session.raw("WAITAOF 0 1 500\r\n")).toBe("");
    expect(engine.request()).toMatchObject({ kind: Request.WAIT_LOG, number: -501 });
    engine.complete(engine.request().id, true, "0");
    expect(engine.takeReplies(session.id).toString()).toBe("*2\r\n:0\r\n:0\r\n");
  });

  it("does not wait when nothing is asked for, or inside a transaction", () => {
    startWithLog();
    session.call("SET a 1");
    expect(session.call("WAITAOF 0 0 0")).toBe("*2\r\n:0\r\n:0\r\n");
    session.call("MULTI");
    session.call("WAITAOF 1 0 0");
    expect(session.call("EXEC")).toBe("*1\r\n*2\r\n:0\r\n:0\r\n");
  });

  it("refuses what it cannot do", () => {
    engine = new TestEngine();
    session = engine.open();
    for (const [words, error] of [
      ["2 0 0", "ERR value is out of range, value must between 0 and 1"],
      ["1 -1 0", "ERR value is out of range, must be positive"],
      ["1 0 -1", "ERR timeout is negative"],
      ["1 0 x", "ERR timeout is not an integer or out of range"],
      ["x 0 0", "ERR value is not an integer or out of range"],
      ["1 0 0", "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."],
    ]) {
      expect(session.call(`WAITAOF ${words}`)).toBe(`-${error}\r\n`);
    }
  });
});

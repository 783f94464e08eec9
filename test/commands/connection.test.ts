import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi";
import { decodeAll, encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** Replies of several commands sent in one piece. */
function pipeline(...lines: string[]): unknown[] {
  return decodeAll(session.raw(Buffer.concat(lines.map((line) => encode(line.split(" "))))));
}

describe("PING", () => {
  it("answers PONG or its argument", () => {
    expect(session.call("PING")).toBe("+PONG\r\n");
    expect(session.call("ping", "")).toBe("$0\r\n\r\n");
    expect(session.call("pInG hello")).toBe("$5\r\nhello\r\n");
  });

  it("takes at most one argument", () => {
    expect(session.call("PING a b")).toBe("-ERR wrong number of arguments for 'ping' command\r\n");
  });
});

describe("ECHO", () => {
  it("answers any bytes", () => {
    expect(session.call("ECHO", "a\r\n\0b")).toBe("$5\r\na\r\n\0b\r\n");
    expect(session.call("ECHO")).toBe("-ERR wrong number of arguments for 'echo' command\r\n");
  });
});

describe("QUIT", () => {
  it("answers OK and closes; nothing after it is executed", () => {
    expect(pipeline("SET a 1", "QUIT now", "SET a 2", "GET a")).toEqual(["OK", "OK"]);
    expect(session.status).toBe(Status.CLOSE);
    session = engine.open();
    expect(session.ask("GET a")).toBe("1");
  });

  it("closes in silence where replies are off", () => {
    expect(pipeline("CLIENT REPLY OFF", "QUIT")).toEqual([]);
    expect(session.status).toBe(Status.CLOSE);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";

let session: TestSession;

beforeEach(() => {
  session = new TestEngine().open();
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

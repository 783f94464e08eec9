import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange } from "../../assembly/abi";
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

describe("TIME", () => {
  it("answers the clock of the call", () => {
    engine.now = 1_234_567_890_123;
    expect(session.call("TIME")).toBe("*2\r\n$10\r\n1234567890\r\n$6\r\n123000\r\n");
    engine.now = 1_234_567_890_001;
    expect(session.ask("TIME")).toEqual(["1234567890", "1000"]);
  });
});

describe("LASTSAVE", () => {
  it("answers the time of the start", () => {
    engine.view().setFloat64(EXCHANGE + Exchange.START_TIME_MS, 1_600_000_000_999, true);
    expect(session.call("LASTSAVE")).toBe(":1600000000\r\n");
  });
});

describe("ROLE", () => {
  it("answers master, the position and no replicas", () => {
    expect(session.call("ROLE")).toBe("*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n");
    engine.exports.setEffects(1);
    session.call("SET a 1");
    const bytes = engine.takeEffects().length;
    expect(bytes).toBeGreaterThan(0);
    expect(session.ask("ROLE")).toEqual(["master", bytes, []]);
  });
});

describe("LOLWUT", () => {
  it("draws, and ends with the version", () => {
    expect(session.ask("LOLWUT")).toMatch(/\n\nRedis ver\. 7\.4\.0\n$/);
    expect(session.ask("LOLWUT VERSION 5 1 2 3")).toMatch(/\nRedis ver\. 7\.4\.0\n$/);
    expect(session.call("LOLWUT VERSION a")).toBe(
      "-ERR value is not an integer or out of range\r\n",
    );
    session.call("HELLO 3");
    expect(session.call("LOLWUT")).toMatch(/^=\d+\r\ntxt:/);
  });
});

describe("MODULE", () => {
  it("wants a subcommand that is there", () => {
    expect(session.call("MODULE LOAD /tmp/x.so")).toBe(
      "-ERR unknown subcommand 'LOAD'. Try MODULE HELP.\r\n",
    );
  });
});

describe("MODULE LIST", () => {
  it("is empty", () => {
    expect(session.call("MODULE LIST")).toBe("*0\r\n");
  });
});

describe("MODULE HELP", () => {
  it("names what is there", () => {
    expect(session.ask("MODULE HELP")).toContain("LIST");
  });
});

const replicaOf = (name: string) => () => {
  expect(session.call(`${name} NO ONE`)).toBe("+OK\r\n");
  expect(session.call(`${name} no one`)).toBe("+OK\r\n");
  expect(session.call(`${name} 127.0.0.1 6379`)).toMatch(/^-ERR Replication is not built yet/);
  expect(session.call(`${name} NO`)).toBe(
    `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`,
  );
};

describe("REPLICAOF", () => {
  it("accepts NO ONE only", replicaOf("REPLICAOF"));
});

describe("SLAVEOF", () => {
  it("accepts NO ONE only", replicaOf("SLAVEOF"));
});

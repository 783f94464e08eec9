// SLOWLOG: which calls are kept, and what of them.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, START_MS, TestEngine, type TestSession } from "../support/engine";

/** Entries are left out while memory is short. */
const failsReserves = process.env.QUIRE_TEST_FAIL_RESERVE === "1";

let engine: TestEngine;
let client: TestSession;
/** What each look at the clock adds, milliseconds. */
let stepMs = 0;

beforeEach(() => {
  let clockMs = 0;
  stepMs = 0;
  engine = new TestEngine({ clock: () => (clockMs += stepMs) });
  client = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const entries = (count = -1) => client.ask("SLOWLOG", "GET", count) as unknown[][];
const logged = () => entries().map((entry) => entry[3]);

describe("SLOWLOG GET", () => {
  test("answers id, time, duration, arguments, address and name", () => {
    client.call("CLIENT SETNAME me");
    stepMs = 20;
    client.call("KEYS *");
    stepMs = 0;
    expect(entries()).toEqual([
      [0, START_MS / 1000, 20000, ["KEYS", "*"], "127.0.0.1:50000", "me"],
    ]);
  });

  test.skipIf(failsReserves)("answers ten unless told otherwise, newest first", () => {
    client.call("CONFIG SET slowlog-log-slower-than 0");
    for (let index = 0; index < 12; index++) client.call(`ECHO ${index}`);
    client.call("CONFIG SET slowlog-log-slower-than -1");
    expect(client.ask("SLOWLOG GET")).toHaveLength(10);
    expect(entries(2).map((entry) => entry[3])).toEqual([
      ["ECHO", "11"],
      ["ECHO", "10"],
    ]);
    expect(entries(0)).toEqual([]);
    expect(entries(-1).length).toBeGreaterThan(11);
  });

  test("refuses other counts", () => {
    const error = "-ERR count should be greater than or equal to -1\r\n";
    expect(client.call("SLOWLOG GET -2")).toBe(error);
    expect(client.call("SLOWLOG GET x")).toBe(error);
    expect(client.call("SLOWLOG GET 1 2")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n",
    );
  });

  test("keeps 32 arguments of 128 bytes and counts the rest", () => {
    stepMs = 20;
    client.call(
      "DEL",
      "x".repeat(128),
      "y".repeat(130),
      ...Array.from({ length: 40 }, (_, index) => index),
    );
    stepMs = 0;
    const args = logged()[0] as string[];
    expect(args).toHaveLength(32);
    expect(args[1]).toBe("x".repeat(128));
    expect(args[2]).toBe(`${"y".repeat(128)}... (2 more bytes)`);
    expect(args[30]).toBe("27");
    expect(args[31]).toBe("... (12 more arguments)");
  });

  test.skipIf(failsReserves)("shows no secrets", () => {
    client.call("CONFIG SET slowlog-log-slower-than 0");
    client.call("AUTH user word");
    client.call("HELLO 2 AUTH default word SETNAME x");
    client.call("CONFIG SET maxmemory 0 masterauth word hz 10");
    client.call("MIGRATE h 1 k 0 1 AUTH2 user word KEYS");
    client.call("CONFIG SET slowlog-log-slower-than -1");
    const text = JSON.stringify(logged());
    expect(text).not.toContain("word");
    expect(text).toContain('["AUTH","(redacted)","(redacted)"]');
    expect(text).toContain('["HELLO","2","AUTH","(redacted)","(redacted)","SETNAME","x"]');
    expect(text).toContain('["CONFIG","SET","maxmemory","0","masterauth","(redacted)","hz","10"]');
  });

  test.skipIf(failsReserves)("has the queued commands of a transaction, not its EXEC", () => {
    client.call("CONFIG SET slowlog-log-slower-than 0");
    client.call("SLOWLOG RESET");
    client.call("MULTI");
    client.call("SET a 1");
    client.call("KEYS *");
    client.call("EXEC");
    expect(logged()).toEqual([["KEYS", "*"], ["SET", "a", "1"], ["MULTI"], ["SLOWLOG", "RESET"]]);
  });

  test("names a pipeline that was slow as a whole", () => {
    stepMs = 20;
    client.raw(Buffer.concat([encode(["PING"]), encode(["PING"]), encode(["PING"])]));
    stepMs = 0;
    expect(logged()).toEqual([["ping", "... (3 calls of a pipeline)"]]);
    stepMs = 20;
    client.raw(Buffer.concat([encode(["ECHO", "a"]), encode(["ECHO", "b"])]));
    stepMs = 0;
    expect(logged().slice(0, 2)).toEqual([
      ["ECHO", "b"],
      ["ECHO", "a"],
    ]);
  });

  test("knows the slow call of a pipeline that is not a fast one", () => {
    stepMs = 20;
    client.raw(Buffer.concat([encode(["KEYS", "x"]), encode(["PING"])]));
    stepMs = 0;
    expect(logged()).toContainEqual(["KEYS", "x"]);
  });

  test("a sleeping DEBUG counts its sleep", () => {
    const own = engine.open(SessionFlag.INTERNAL);
    own.call("QUIRE CONFIGURE enable-debug-command yes");
    client.call("DEBUG SLEEP 0.5");
    engine.complete(engine.request().id);
    engine.takeReplies(client.id);
    expect(entries()[0]?.slice(2, 4)).toEqual([500000, ["DEBUG", "SLEEP", "0.5"]]);
  });

  test("the host's own commands are not in it", () => {
    const own = engine.open(SessionFlag.INTERNAL);
    stepMs = 20;
    own.call("KEYS *");
    stepMs = 0;
    expect(logged()).toEqual([]);
  });

  test("slowlog-log-slower-than says from when on, negative is never", () => {
    stepMs = 5;
    client.call("KEYS a");
    client.call("CONFIG SET slowlog-log-slower-than 5000");
    client.call("KEYS b");
    client.call("CONFIG SET slowlog-log-slower-than -1");
    client.call("KEYS c");
    stepMs = 0;
    expect(logged()).toContainEqual(["KEYS", "b"]);
    expect(logged()).not.toContainEqual(["KEYS", "a"]);
    expect(logged()).not.toContainEqual(["KEYS", "c"]);
  });
});

describe("SLOWLOG LEN", () => {
  test("is bounded by slowlog-max-len", () => {
    expect(client.call("SLOWLOG LEN")).toBe(":0\r\n");
    client.call("CONFIG SET slowlog-max-len 3");
    stepMs = 20;
    for (let index = 0; index < 5; index++) client.call("KEYS *");
    stepMs = 0;
    expect(client.call("SLOWLOG LEN")).toBe(":3\r\n");
    expect(entries().map((entry) => entry[0])).toEqual([4, 3, 2]);
    expect(client.call("SLOWLOG LEN x")).toMatch(
      /^-ERR wrong number of arguments for 'slowlog\|len'/,
    );
  });
});

describe("SLOWLOG RESET", () => {
  test("forgets the entries; numbers go on", () => {
    stepMs = 20;
    client.call("KEYS *");
    stepMs = 0;
    expect(client.call("SLOWLOG RESET")).toBe("+OK\r\n");
    expect(logged()).toEqual([]);
    stepMs = 20;
    client.call("KEYS *");
    stepMs = 0;
    expect(entries()[0]?.[0]).toBe(1);
  });
});

describe("SLOWLOG", () => {
  test("knows its subcommands", () => {
    expect(client.call("SLOWLOG")).toBe("-ERR wrong number of arguments for 'slowlog' command\r\n");
    expect(client.call("SLOWLOG FOO")).toBe("-ERR unknown subcommand 'FOO'. Try SLOWLOG HELP.\r\n");
  });
});

describe("SLOWLOG HELP", () => {
  test("lists the subcommands", () => {
    const lines = client.ask("SLOWLOG HELP") as string[];
    expect(lines[0]).toContain("SLOWLOG <subcommand>");
    expect(lines).toContain("GET [<count>]");
  });
});

// LATENCY: events above latency-monitor-threshold, and histograms of commands.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { START_MS, TestEngine, type TestSession } from "../support/engine";

const START_SECONDS = START_MS / 1000;

/** Histograms are left out while memory is short. */
const failsReserves = process.env.QUIRE_TEST_FAIL_RESERVE === "1";

let engine: TestEngine;
let client: TestSession;
let stepMs = 0;

beforeEach(() => {
  let clockMs = 0;
  stepMs = 0;
  engine = new TestEngine({ clock: () => (clockMs += stepMs) });
  client = engine.open();
  client.call("CONFIG SET latency-monitor-threshold 10");
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** Runs a command that takes so long. */
function slow(words: string, milliseconds: number): void {
  stepMs = milliseconds;
  client.call(words);
  stepMs = 0;
}

describe("LATENCY LATEST", () => {
  test("has the newest sample and the longest time of each event", () => {
    expect(client.ask("LATENCY LATEST")).toEqual([]);
    slow("KEYS *", 30);
    engine.now += 1000;
    slow("KEYS *", 20);
    slow("PING", 15);
    slow("KEYS *", 9);
    const events = client.ask("LATENCY LATEST") as unknown[];
    expect(events).toHaveLength(2);
    expect(events).toContainEqual(["command", START_SECONDS + 1, 20, 30]);
    expect(events).toContainEqual(["fast-command", START_SECONDS + 1, 15, 15]);
  });

  test("has none while the threshold is 0", () => {
    client.call("CONFIG SET latency-monitor-threshold 0");
    slow("KEYS *", 30);
    expect(client.ask("LATENCY LATEST")).toEqual([]);
  });
});

describe("LATENCY HISTORY", () => {
  test("has one sample a second, the longest of it, and 160 at most", () => {
    slow("KEYS *", 30);
    slow("KEYS *", 40);
    slow("KEYS *", 20);
    expect(client.ask("LATENCY HISTORY command")).toEqual([[START_SECONDS, 40]]);
    for (let second = 1; second <= 200; second++) {
      engine.now += 1000;
      slow("KEYS *", 50);
    }
    const samples = client.ask("LATENCY HISTORY command") as unknown[];
    expect(samples).toHaveLength(160);
    expect(samples[0]).toEqual([START_SECONDS + 41, 50]);
    expect(samples[159]).toEqual([START_SECONDS + 200, 50]);
    expect(client.ask("LATENCY HISTORY none")).toEqual([]);
    expect(client.call("LATENCY HISTORY")).toMatch(/^-ERR wrong number of arguments/);
  });
});

describe("LATENCY RESET", () => {
  test("forgets events and counts them", () => {
    slow("KEYS *", 30);
    slow("PING", 30);
    expect(client.call("LATENCY RESET none command")).toBe(":1\r\n");
    expect(client.ask("LATENCY LATEST")).toHaveLength(1);
    expect(client.call("LATENCY RESET")).toBe(":1\r\n");
    expect(client.call("LATENCY RESET")).toBe(":0\r\n");
  });
});

describe("LATENCY HISTOGRAM", () => {
  test.skipIf(failsReserves)("counts calls by time, cumulated", () => {
    slow("KEYS *", 1);
    slow("KEYS *", 3);
    client.call("KEYS *");
    expect(client.ask("LATENCY HISTOGRAM keys none")).toEqual([
      "keys",
      ["calls", 3, "histogram_usec", [1, 1, 1056, 2, 4227, 3]],
    ]);
    client.call("HELLO 3");
    expect(client.call("LATENCY HISTOGRAM keys")).toMatch(/^%1\r\n\$4\r\nkeys\r\n%2\r\n/);
    const all = client.ask("LATENCY HISTOGRAM config") as Map<string, unknown>;
    expect([...all.keys()]).toEqual(["config|set"]);
  });
});

describe("LATENCY DOCTOR", () => {
  test("says what there is", () => {
    expect(client.ask("LATENCY DOCTOR")).toContain("No event");
    slow("KEYS *", 30);
    expect(client.ask("LATENCY DOCTOR")).toContain("command: 1 latency spikes (mean 30 ms");
    client.call("LATENCY RESET");
    client.call("CONFIG SET latency-monitor-threshold 0");
    expect(client.ask("LATENCY DOCTOR")).toContain("not monitored");
  });
});

describe("LATENCY GRAPH", () => {
  test("draws the samples", () => {
    slow("KEYS *", 10);
    engine.now += 1000;
    slow("KEYS *", 40);
    const lines = (client.ask("LATENCY GRAPH command") as string).split("\n");
    expect(lines[0]).toBe("command - high 40 ms, low 10 ms (all time high 40 ms)");
    expect(lines[1]).toBe("-".repeat(80));
    expect(lines.slice(2)).toEqual([" #", " |", " |", "_|", ""]);
    expect(client.call("LATENCY GRAPH none")).toBe(
      "-ERR No samples available for event 'none'\r\n",
    );
  });
});

describe("QUIRE LATENCY", () => {
  test("notes what took long in the host", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    const events = ["fork", "aof-write", "aof-write-alone", "aof-write-active-child"];
    for (const event of [...events, "aof-write-pending-fsync", "aof-fsync-always"]) {
      expect(host.call(`QUIRE LATENCY ${event} 25`)).toBe("+OK\r\n");
      if (failsReserves) continue;
      expect(client.ask(`LATENCY HISTORY ${event}`)).toEqual([[START_SECONDS, 25]]);
    }
    expect(host.call("QUIRE LATENCY fork 9")).toBe("+OK\r\n");
    if (!failsReserves) expect(client.ask("LATENCY LATEST")).toHaveLength(6);
  });

  test("refuses strangers, unknown events and what is no number", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    expect(client.call("QUIRE LATENCY fork 25")).toMatch(/^-ERR QUIRE LATENCY belongs to the host/);
    expect(host.call("QUIRE LATENCY spoon 25")).toBe("-ERR no such event\r\n");
    expect(host.call("QUIRE LATENCY fork x")).toMatch(/^-ERR value is not an integer/);
    expect(client.ask("LATENCY LATEST")).toEqual([]);
  });
});

describe("LATENCY HELP", () => {
  test("lists the subcommands", () => {
    expect(client.ask("LATENCY HELP")).toContain("GRAPH <event>");
  });
});

describe("LATENCY", () => {
  test("knows its subcommands", () => {
    expect(client.call("LATENCY")).toMatch(/^-ERR wrong number of arguments for 'latency'/);
    expect(client.call("LATENCY FOO")).toBe("-ERR unknown subcommand 'FOO'. Try LATENCY HELP.\r\n");
  });
});

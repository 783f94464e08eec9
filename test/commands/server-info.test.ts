// INFO: what the engine counts itself and redis-server cannot be asked for.
import { beforeEach, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;
let milliseconds: number;

beforeEach(() => {
  milliseconds = 0;
  engine = new TestEngine({ clock: () => milliseconds++ });
  session = engine.open();
});

function field(name: string): string {
  const info = session.raw(encode(["INFO", "everything"]));
  return new RegExp(`\\n${name}:(.*)\\r`).exec(info)?.[1] ?? "";
}

describe("INFO", () => {
  it("tells how long maxmemory has been passed", () => {
    session.raw(encode(["SET", "a", "v".repeat(100_000)]));
    engine.exports.tick(engine.now, 100);
    expect(field("current_eviction_exceeded_time")).toBe("0");
    session.raw(encode(["CONFIG", "SET", "maxmemory", "1000"]));
    engine.exports.tick(engine.now, 100);
    engine.now += 500;
    expect(field("current_eviction_exceeded_time")).toBe("500");
    expect(field("total_eviction_exceeded_time")).toBe("500");
    session.raw(encode(["CONFIG", "SET", "maxmemory", "0"]));
    engine.exports.tick(engine.now, 100);
    engine.now += 500;
    expect(field("current_eviction_exceeded_time")).toBe("0");
    expect(field("total_eviction_exceeded_time")).toBe("500");
    session.raw(encode(["CONFIG", "RESETSTAT"]));
    expect(field("total_eviction_exceeded_time")).toBe("0");
  });

  it("counts payloads that RESTORE has looked through, and the time of the expire cycle", () => {
    session.raw(encode(["RPUSH", "list", "a", "b"]));
    const payload = session.ask("DUMP", "list") as string;
    session.raw(encode(["RESTORE", "other", "0", Buffer.from(payload, "latin1")]));
    session.raw(encode(["RESTORE", "other", "0", Buffer.from(payload, "latin1")]));
    session.raw(encode(["RESTORE", "third", "0", "garbage"]));
    expect(field("dump_payload_sanitizations")).toBe("1");
    const before = Number(field("expire_cycle_cpu_milliseconds"));
    engine.exports.tick(engine.now, 100);
    engine.exports.tick(engine.now, 100);
    expect(Number(field("expire_cycle_cpu_milliseconds"))).toBe(before + 2);
  });

  it("does not count what the host runs for itself", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    host.raw(encode(["SET", "a", "1"]));
    host.raw(encode(["LATENCY", "HISTOGRAM"]));
    expect(field("cmdstat_set")).toBe("");
    expect(field("total_commands_processed")).toBe("1");
    session.raw(encode(["SET", "a", "1"]));
    host.raw(encode(["SET", "a", "1"]));
    expect(field("cmdstat_set")).toMatch(/^calls=1,/);
  });

  it("counts the keys of an image that was taken over", () => {
    for (const key of ["a", "b", "c"]) session.raw(encode(["SET", key, "1"]));
    session.raw(encode(["SELECT", "3"]));
    session.raw(encode(["SET", "d", "1"]));
    expect(field("rdb_last_load_keys_loaded")).toBe("0");
    const pages = engine.memory.buffer.byteLength / 4096;
    const other = new TestEngine({ memory: engine.memory });
    expect(other.exports.attach(pages, 1, 2)).toBe(0);
    session = other.open();
    expect(field("rdb_last_load_keys_loaded")).toBe("4");
  });

  it("tells the mean time to live that the expire cycle has seen", () => {
    for (let key = 0; key < 20; key++) {
      session.raw(encode(["SET", `key:${key}`, "1", "PX", key % 2 ? "100000" : "300000"]));
    }
    engine.exports.tick(engine.now, 1000);
    expect(field("db0")).toBe("keys=20,expires=20,avg_ttl=200000,subexpiry=0");
    for (let key = 0; key < 20; key++) session.raw(encode(["PERSIST", `key:${key}`]));
    expect(field("db0")).toBe("keys=20,expires=0,avg_ttl=0,subexpiry=0");
  });
});

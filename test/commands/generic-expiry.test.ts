// Expiry of keys: the EXPIRE and TTL families, PERSIST, and keys that end by themselves.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, START_MS, TestEngine, type TestSession } from "../support/engine";
import { arity } from "../support/replies";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  engine.exports.setEffects(1);
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const effect = (...words: (string | number)[]) => encode(words).toString("latin1");
const invalid = (name: string) => `-ERR invalid expire time in '${name}' command\r\n`;

/** What the four commands share; `unit` in milliseconds, `base` the time they count from. */
function behavesAsExpire(name: string, unit: number, base: number): void {
  const inSeconds = (seconds: number) => String((base + seconds * 1000) / unit);
  const lower = name.toLowerCase();

  it("sets the end of a key and says so as PEXPIREAT", () => {
    session.call("SET a 1");
    engine.takeEffects();
    expect(session.call(name, "a", inSeconds(100))).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("PEXPIREAT", "a", START_MS + 100_000));
    expect(session.ask("PTTL a")).toBe(100_000);
    expect(session.ask("GET a")).toBe("1");
    engine.now += 99_999;
    expect(session.ask("GET a")).toBe("1");
    engine.now += 1;
    expect(session.ask("GET a")).toBe(null);
    expect(engine.takeEffects()).toBe(effect("DEL", "a"));
  });

  it("removes the key when the time has passed", () => {
    for (const time of [inSeconds(0), inSeconds(-10), "-9000000000000"]) {
      session.call("SET a 1");
      engine.takeEffects();
      expect(session.call(name, "a", time)).toBe(":1\r\n");
      expect(engine.takeEffects()).toBe(effect("DEL", "a"));
      expect(session.call("EXISTS a")).toBe(":0\r\n");
    }
  });

  it("answers 0 without a key", () => {
    expect(session.call(name, "nokey", inSeconds(10))).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
  });

  it("NX only without an end, XX only with one", () => {
    session.call("SET a 1");
    expect(session.call(name, "a", inSeconds(100), "XX")).toBe(":0\r\n");
    expect(session.call(name, "a", inSeconds(100), "nx")).toBe(":1\r\n");
    expect(session.call(name, "a", inSeconds(200), "NX")).toBe(":0\r\n");
    expect(session.ask("TTL a")).toBe(100);
    expect(session.call(name, "a", inSeconds(200), "xx")).toBe(":1\r\n");
    expect(session.ask("TTL a")).toBe(200);
  });

  it("GT only for later, LT only for earlier ends", () => {
    session.call("SET a 1");
    engine.takeEffects();
    expect(session.call(name, "a", inSeconds(100), "GT")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    expect(session.call(name, "a", inSeconds(100), "LT")).toBe(":1\r\n");
    expect(session.call(name, "a", inSeconds(100), "LT")).toBe(":0\r\n");
    expect(session.call(name, "a", inSeconds(100), "GT")).toBe(":0\r\n");
    expect(session.call(name, "a", inSeconds(90), "GT")).toBe(":0\r\n");
    expect(session.call(name, "a", inSeconds(110), "GT", "XX")).toBe(":1\r\n");
    expect(session.call(name, "a", inSeconds(120), "LT")).toBe(":0\r\n");
    expect(session.call(name, "a", inSeconds(50), "lt", "xx")).toBe(":1\r\n");
    expect(session.ask("TTL a")).toBe(50);
    expect(session.call(name, "a", inSeconds(-1), "LT")).toBe(":1\r\n");
    expect(session.call("EXISTS a")).toBe(":0\r\n");
  });

  it("refuses options that contradict each other", () => {
    session.call("SET a 1");
    const nx = "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n";
    const gt = "-ERR GT and LT options at the same time are not compatible\r\n";
    for (const other of ["XX", "GT", "LT"]) {
      expect(session.call(name, "a", "9", "NX", other)).toBe(nx);
      expect(session.call(name, "a", "9", other, "NX")).toBe(nx);
    }
    expect(session.call(name, "a", "9", "GT", "LT")).toBe(gt);
    expect(session.call(name, "a", "9", "FOO")).toBe("-ERR Unsupported option FOO\r\n");
    expect(session.call(name, "a", "x", "FOO")).toBe("-ERR Unsupported option FOO\r\n");
    expect(session.ask("TTL a")).toBe(-1);
  });

  it("refuses what is no time", () => {
    session.call("SET a 1");
    for (const time of ["x", "1.5", "", " 1", "9223372036854775808"]) {
      expect(session.call(name, "a", time)).toBe(
        "-ERR value is not an integer or out of range\r\n",
      );
    }
    if (unit === 1000) {
      for (const time of ["9223372036854776", "-9223372036854776", "9223372036854775807"]) {
        expect(session.call(name, "a", time)).toBe(invalid(lower));
        expect(session.call(name, "nokey", time)).toBe(invalid(lower));
      }
    }
    const edge = unit === 1000 ? "9223372036854775" : "9223372036854775807";
    if (base) expect(session.call(name, "a", edge)).toBe(":1\r\n");
    else expect(session.call(name, "a", edge)).toBe(invalid(lower));
    expect(session.call("EXISTS a")).toBe(":1\r\n");
    expect(session.call(name, "a")).toBe(arity(lower));
  });
}

describe("EXPIRE", () => behavesAsExpire("EXPIRE", 1000, 0));
describe("PEXPIRE", () => behavesAsExpire("PEXPIRE", 1, 0));
describe("EXPIREAT", () => behavesAsExpire("EXPIREAT", 1000, START_MS));
describe("PEXPIREAT", () => behavesAsExpire("PEXPIREAT", 1, START_MS));

describe("PERSIST", () => {
  it("takes the end off", () => {
    session.call("SET a 1 EX 10");
    engine.takeEffects();
    expect(session.call("PERSIST a")).toBe(":1\r\n");
    expect(engine.takeEffects()).toBe(effect("PERSIST", "a"));
    expect(session.call("PERSIST a")).toBe(":0\r\n");
    expect(session.call("PERSIST nokey")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    engine.now += 20_000;
    expect(session.ask("GET a")).toBe("1");
    expect(session.call("PERSIST")).toBe(arity("persist"));
  });
});

describe("TTL", () => {
  it("rounds to the nearest second", () => {
    session.call("SET a 1");
    expect(session.call("TTL nokey")).toBe(":-2\r\n");
    expect(session.call("TTL a")).toBe(":-1\r\n");
    session.call("PEXPIRE a 1500");
    expect(session.call("TTL a")).toBe(":2\r\n");
    engine.now += 1;
    expect(session.call("TTL a")).toBe(":1\r\n");
    engine.now += 1000;
    expect(session.call("TTL a")).toBe(":0\r\n");
    engine.now += 500;
    expect(session.call("TTL a")).toBe(":-2\r\n");
    expect(session.call("TTL")).toBe(arity("ttl"));
  });
});

describe("PTTL", () => {
  it("tells milliseconds", () => {
    session.call("SET a 1 PX 1500");
    engine.now += 1;
    expect(session.call("PTTL a")).toBe(":1499\r\n");
    session.call("PERSIST a");
    expect(session.call("PTTL a")).toBe(":-1\r\n");
    expect(session.call("PTTL nokey")).toBe(":-2\r\n");
    expect(session.call("PTTL")).toBe(arity("pttl"));
  });
});

describe("EXPIRETIME", () => {
  it("rounds to the nearest second", () => {
    session.call("SET a 1");
    expect(session.call("EXPIRETIME a")).toBe(":-1\r\n");
    expect(session.call("EXPIRETIME nokey")).toBe(":-2\r\n");
    session.call("PEXPIREAT a 4102444800499");
    expect(session.call("EXPIRETIME a")).toBe(":4102444800\r\n");
    session.call("PEXPIREAT a 4102444800500");
    expect(session.call("EXPIRETIME a")).toBe(":4102444801\r\n");
    session.call("PEXPIREAT a 9223372036854775807");
    expect(session.call("EXPIRETIME a")).toBe(":9223372036854776\r\n");
    expect(session.call("EXPIRETIME")).toBe(arity("expiretime"));
  });
});

describe("PEXPIRETIME", () => {
  it("tells milliseconds", () => {
    session.call("SET a 1");
    expect(session.call("PEXPIRETIME a")).toBe(":-1\r\n");
    expect(session.call("PEXPIRETIME nokey")).toBe(":-2\r\n");
    session.call("PEXPIREAT a 9223372036854775807");
    expect(session.call("PEXPIRETIME a")).toBe(":9223372036854775807\r\n");
    expect(session.call("PEXPIRETIME")).toBe(arity("pexpiretime"));
  });
});

describe("expiry by itself", () => {
  it("removes keys on the ticks, in steps, with a DEL each", () => {
    for (let n = 0; n < 2000; n++) session.call("SET", `k${n}`, "v", "PX", 10 + (n % 2) * 1000);
    engine.takeEffects();
    engine.now += 10;
    let rounds = 0;
    while (engine.exports.tick(engine.now, 100)) rounds += 1;
    expect(rounds).toBeGreaterThan(5);
    for (let round = 0; round < 200; round++) engine.tick();
    expect(session.call("DBSIZE")).toBe(":1000\r\n");
    expect(engine.takeEffects().match(/DEL/g)?.length).toBe(1000);
    expect(engine.exports.validate()).toBe(0);
    engine.now += 1000;
    engine.tick();
    expect(session.call("DBSIZE")).toBe(":0\r\n");
  });

  it("does not happen in a replay, where only DEL removes", () => {
    const replay = engine.open(SessionFlag.REPLAY);
    replay.call("SET a 1 PXAT 1000");
    replay.call("SET b 1");
    expect(replay.call("PEXPIREAT b 1000")).toBe(":1\r\n");
    expect(replay.ask("GET a")).toBe("1");
    expect(replay.ask("EXISTS a b")).toBe(2);
    expect(engine.takeEffects()).toBe("");
    expect(session.ask("EXISTS a b")).toBe(0);
  });
});

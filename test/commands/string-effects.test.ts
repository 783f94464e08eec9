// The effects of string commands, replayed into an empty engine, make the same data set.
import { describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, TestEngine } from "../support/engine";

const KEYS = Array.from({ length: 12 }, (_, index) => `key${index}`);
const SCALE = Number(process.env.QUIRE_SCALE ?? 1);

/** Numbers from a seed (Lehmer). */
class Random {
  private state: number;
  constructor(seed: number) {
    this.state = (seed % 2147483646) + 1;
  }
  below(bound: number): number {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % bound;
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** A value that is often a number and sometimes long. */
function value(random: Random): string {
  const kind = random.below(10);
  if (kind < 4) return String(random.below(2000) - 1000);
  if (kind < 5) return `${random.below(100)}.${random.below(100)}`;
  if (kind < 9) return "v".repeat(random.below(60)) + random.below(10);
  return "w".repeat(random.below(90_000));
}

function lifetime(random: Random, now: number): string[] {
  return random.of([
    [],
    [],
    ["EX", String(1 + random.below(20))],
    ["PX", String(1 + random.below(5000))],
    ["PXAT", String(now + random.below(9000) - 1000)],
    ["KEEPTTL"],
  ]);
}

function command(random: Random, now: number): string[] {
  const key = random.of(KEYS);
  const other = random.of(KEYS);
  const text = value(random);
  const number = String(random.below(100) - 50);
  switch (random.below(24)) {
    case 0:
    case 1:
      return ["SET", key, text];
    case 2:
      return ["SET", key, text, ...lifetime(random, now)];
    case 3:
      return ["SET", key, text, random.of(["NX", "XX", "GET"]), ...lifetime(random, now)];
    case 4:
      return ["SET", key, text, random.of(["IFEQ", "IFNE"]), value(random)];
    case 5:
      return ["SETNX", key, text];
    case 6:
      return ["SETEX", key, String(1 + random.below(9)), text];
    case 7:
      return ["PSETEX", key, String(1 + random.below(9000)), text];
    case 8:
      return ["GETSET", key, text];
    case 9:
      return ["GETDEL", key];
    case 10:
      return ["GETEX", key, ...lifetime(random, now).filter((word) => word !== "KEEPTTL")];
    case 11:
      return ["GETEX", key, "PERSIST"];
    case 12:
      return ["APPEND", key, text];
    case 13:
      return ["SETRANGE", key, String(random.below(400)), text];
    case 14:
      return ["INCR", key];
    case 15:
      return ["DECRBY", key, number];
    case 16:
      return ["INCRBYFLOAT", key, `${number}.${random.below(1000)}`];
    case 17:
      return ["MSET", key, text, other, number];
    case 18:
      return ["MSETNX", key, text, other, number];
    case 19:
      return ["MSETEX", "2", key, text, other, number, ...lifetime(random, now)];
    case 20:
      return ["DELEX", key, random.of(["IFEQ", "IFNE"]), text];
    case 21:
      return ["INCREX", key, "BYINT", number, "UBOUND", "90", ...random.of([[], ["SATURATE"]])];
    case 22:
      return ["INCREX", key, "BYFLOAT", "0.5", ...random.of([["EX", "9", "ENX"], ["PERSIST"], []])];
    default:
      return ["MGET", key, other];
  }
}

/** What a client can see of the keys. */
function view(engine: TestEngine): unknown[] {
  const session = engine.open();
  const seen = KEYS.map((key) => [
    key,
    session.ask("PEXPIRETIME", key),
    session.ask("STRLEN", key),
    session.ask("DIGEST", key),
  ]);
  expect(engine.exports.validate()).toBe(0);
  return [session.ask("DBSIZE"), ...seen];
}

describe("effects of string commands", () => {
  it("replay to the same data", () => {
    const seed = Number(process.env.QUIRE_SEED ?? 20_261_123);
    const random = new Random(seed);
    const engine = new TestEngine();
    const replica = new TestEngine();
    const session = engine.open();
    const replay = replica.open(SessionFlag.REPLAY | SessionFlag.INTERNAL);
    engine.exports.setEffects(1);
    for (let round = 0; round < 20 * SCALE; round++) {
      for (let step = 0; step < 100; step++) {
        // Not `call`: a refused command may have removed what expired, and that is right.
        session.raw(encode(command(random, engine.now)));
        if (random.below(10) === 0) engine.now += random.below(3000);
        if (random.below(30) === 0) engine.tick(10);
      }
      const replies = replay.raw(Buffer.concat(engine.effects));
      engine.effects = [];
      expect(replies, `seed ${seed}, round ${round}`).not.toMatch(/^-/m);
      replica.now = engine.now;
      expect(view(replica), `seed ${seed}, round ${round}`).toEqual(view(engine));
      // What the look itself removed is in the effects of both by now.
      engine.effects = [];
    }
  });
});

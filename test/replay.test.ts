// Law 4: the stream of effects, replayed into an empty engine, makes the same data set; so does the
// export of the key space.
import { describe, expect, it } from "vitest";
import { SessionFlag } from "../assembly/abi";
import { decodeAll, encode, TestEngine, type TestSession } from "./support/engine";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const DATABASES = 4;

/** Numbers that depend on a seed alone (mulberry32). */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

type Words = (string | number)[];

class Workload {
  constructor(
    readonly random: Random,
    readonly engine: TestEngine,
  ) {}

  private key(): string {
    const n = this.random.below(145);
    if (n >= 120) return `set:${n}`;
    return n < 110 ? `key:${n}` : `${"long".repeat(40)}:${n}`;
  }

  private value(): string {
    const { random } = this;
    switch (random.below(6)) {
      case 0:
        return String(random.below(20_000));
      case 1:
        return `-${random.below(100)}.${random.below(100)}`;
      case 2:
        return "x".repeat(random.below(60));
      case 3:
        return "y\0\r\n".repeat(random.below(100));
      case 4:
        return "z".repeat(random.below(20) === 0 ? 40_000 : 250);
      default:
        return `value ${random.below(1000)}`;
    }
  }

  private expiry(): Words {
    const { random } = this;
    const ms = random.below(20_000) + 1;
    return random.of<Words>([
      [],
      [],
      ["KEEPTTL"],
      ["EX", Math.ceil(ms / 1000)],
      ["PX", ms],
      ["PXAT", this.engine.now + ms],
      ["EXAT", Math.ceil((this.engine.now + ms) / 1000)],
    ]);
  }

  private stringCommand(): Words {
    const { random } = this;
    const key = this.key();
    return random.of<() => Words>([
      () => ["SET", key, this.value(), ...this.expiry()],
      () => ["SET", key, this.value(), ...this.expiry()],
      () => ["SET", key, this.value(), random.of(["NX", "XX", "GET"])],
      () => ["SETEX", key, random.below(20) + 1, this.value()],
      () => ["PSETEX", key, random.below(9000) + 1, this.value()],
      () => ["SETNX", key, this.value()],
      () => ["GETSET", key, this.value()],
      () => ["APPEND", key, this.value()],
      () => ["SETRANGE", key, random.below(50), this.value()],
      () => ["INCR", key],
      () => ["DECRBY", key, random.below(1000)],
      () => ["INCRBYFLOAT", key, random.of(["0.5", "1", "-3.25"])],
      () => ["GETDEL", key],
      () => ["GETEX", key, random.of(["PERSIST", "EX"]), 5],
      () => ["GETEX", key, "PX", random.below(9000) + 1],
      () => ["MSET", key, this.value(), this.key(), this.value()],
      () => ["MSETNX", key, this.value(), this.key(), this.value()],
      () => ["GET", key],
    ])();
  }

  private setCommand(): Words {
    const { random } = this;
    const key = () => (random.below(10) ? `set:${120 + random.below(25)}` : this.key());
    const member = () => random.of([random.below(40), random.below(1e6), `m${random.below(40)}`]);
    const members = (count: number) => Array.from({ length: count }, member);
    return random.of<() => Words>([
      () => ["SADD", key(), ...members(random.below(10) + 1)],
      () => ["SADD", key(), ...members(random.below(200) + 1)],
      () => ["SREM", key(), ...members(random.below(40) + 1)],
      () => ["SMOVE", key(), key(), member()],
      () => ["SPOP", key()],
      () => ["SPOP", key(), random.below(100)],
      () => ["SINTERSTORE", key(), key(), key()],
      () => ["SUNIONSTORE", key(), key(), key()],
      () => ["SDIFFSTORE", key(), key(), key()],
      () => ["SRANDMEMBER", key(), random.below(10)],
    ])();
  }

  private listCommand(): Words {
    const { random } = this;
    const key = () => (random.below(10) ? `list:${random.below(12)}` : this.key());
    const element = () => (random.below(4) ? random.below(20) : this.value());
    const elements = () => Array.from({ length: random.below(30) + 1 }, element);
    const side = () => random.of(["LEFT", "RIGHT"]);
    const count = () => ["COUNT", random.below(9) + 1];
    return random.of<() => Words>([
      () => ["LPUSH", key(), ...elements()],
      () => ["RPUSH", key(), ...elements()],
      () => ["RPUSHX", key(), ...elements()],
      () => ["LPOP", key()],
      () => ["RPOP", key(), random.below(20)],
      () => ["LSET", key(), random.below(20), element()],
      () => ["LINSERT", key(), random.of(["BEFORE", "AFTER"]), element(), element()],
      () => ["LREM", key(), random.below(5) - 2, element()],
      () => ["LTRIM", key(), random.below(5), -random.below(5) - 1],
      () => ["LMOVE", key(), key(), side(), side()],
      () => ["LMOVEM", key(), key(), side(), side()],
      () => ["LMOVEM", key(), key(), side(), side(), ...count(), random.of(["OBO", "BULK"])],
      () => ["LMPOP", 2, key(), key(), side(), ...count()],
      () => ["COPY", key(), key(), "REPLACE"],
    ])();
  }

  private sortedSetCommand(): Words {
    const { random } = this;
    const key = () => (random.below(10) ? `scores:${random.below(12)}` : this.key());
    const member = () => random.of([`m${random.below(60)}`, random.below(100), this.value()]);
    const score = () => random.of([random.below(50), random.below(1e6) / 7, "-inf", -3.5]);
    const pairs = (count: number) => Array.from({ length: count }, () => [score(), member()]);
    const algebra = () => [key(), 2, key(), key()];
    return random.of<() => Words>([
      () => ["ZADD", key(), ...pairs(random.below(5) + 1).flat()],
      () => ["ZADD", key(), ...pairs(random.below(200) + 1).flat()],
      () => ["ZADD", key(), random.of(["NX", "XX", "GT", "LT"]), score(), member()],
      () => ["ZADD", key(), "INCR", score(), member()],
      () => ["ZINCRBY", key(), score(), member()],
      () => ["ZREM", key(), member(), member()],
      () => ["ZPOPMIN", key(), random.below(20)],
      () => ["ZPOPMAX", key()],
      () => ["ZMPOP", 2, key(), key(), "MIN", "COUNT", random.below(9) + 1],
      () => ["ZREMRANGEBYRANK", key(), random.below(5), random.below(30)],
      () => ["ZREMRANGEBYSCORE", key(), score(), score()],
      () => ["ZRANGESTORE", key(), key(), 0, random.below(150)],
      () => ["ZUNIONSTORE", ...algebra()],
      () => ["ZINTERSTORE", ...algebra()],
      () => ["ZDIFFSTORE", ...algebra()],
    ])();
  }

  private hashCommand(): Words {
    const { random } = this;
    const key = random.below(10) ? `hash:${random.below(20)}` : this.key();
    const field = () => random.of<string | number>([random.below(40), `f${random.below(400)}`]);
    const pairs = (count: number) =>
      Array.from({ length: count }, () => [field(), random.below(9) ? field() : this.value()]);
    return random.of<() => Words>([
      () => ["HSET", key, ...pairs(random.below(4) + 1).flat()],
      () => ["HSET", key, ...pairs(random.below(100) + 1).flat()],
      () => ["HMSET", key, field(), this.value()],
      () => ["HSETNX", key, field(), field()],
      () => ["HDEL", key, field(), field(), field()],
      () => ["HDEL", key, ...pairs(150).flat()],
      () => ["HINCRBY", key, field(), random.below(1000) - 500],
      () => ["HINCRBYFLOAT", key, field(), random.of(["0.5", "1", "-3.25"])],
      () => ["HGETALL", key],
      () => ["HRANDFIELD", key, random.below(10)],
      () => ["RENAME", key, `hash:${random.below(20)}`],
      () => ["COPY", key, `hash:${random.below(20)}`, "REPLACE"],
      () => ["PEXPIRE", key, random.below(20_000)],
      () => this.fieldTimeCommand(key, field),
      () => this.fieldTimeCommand(key, field),
      () => this.fieldTimeCommand(key, field),
    ])();
  }

  private fieldTimeCommand(key: string, field: () => string | number): Words {
    const { random } = this;
    const ms = random.below(9000);
    const condition = random.of<Words>([[], [], ["NX"], ["XX"], ["GT"], ["LT"]]);
    const names = Array.from({ length: random.below(60) + 1 }, field);
    const list = ["FIELDS", names.length, ...names];
    const pairs = ["FIELDS", names.length, ...names.flatMap((name) => [name, field()])];
    const time = random.of<Words>([[], ["PX", ms], ["EX", 2], ["PXAT", this.engine.now + ms - 50]]);
    return random.of<() => Words>([
      () => ["HPEXPIRE", key, ms, ...condition, ...list],
      () => ["HEXPIRE", key, Math.floor(ms / 1000), ...condition, ...list],
      () => ["HPEXPIREAT", key, this.engine.now + ms - 50, ...condition, ...list],
      () => ["HPERSIST", key, ...list],
      () => ["HGETEX", key, ...(time.length ? time : ["PERSIST"]), ...list],
      () => ["HGETDEL", key, "FIELDS", 1, field()],
      () => ["HSETEX", key, ...(time.length ? time : ["KEEPTTL"]), ...pairs],
      () => ["HSETEX", key, random.of(["FNX", "FXX"]), ...time, "FIELDS", 1, field(), field()],
      () => ["HLEN", key],
    ])();
  }

  private bitCommand(): Words {
    const { random } = this;
    const key = this.key();
    const count = () => (random.below(8) ? `count:${random.below(4)}` : key);
    const elements = Array.from({ length: random.below(60) }, () => random.below(30_000));
    const field = random.of(["u5", "i8", "u31", "i64"]);
    const overflow = random.of(["WRAP", "SAT", "FAIL"]);
    const combination = random.of(["AND", "OR", "XOR", "DIFF", "DIFF1", "ANDOR", "ONE"]);
    return random.of<() => Words>([
      () => ["SETBIT", key, random.below(4000), random.below(2)],
      () => ["BITOP", combination, key, this.key(), this.key()],
      () => ["BITOP", "NOT", key, this.key()],
      () => ["BITFIELD", key, "OVERFLOW", overflow, "INCRBY", field, random.below(900), 17],
      () => ["BITFIELD", key, "SET", field, random.below(900), 5, "GET", field, 0],
      () => ["PFADD", count(), ...elements],
      () => ["PFADD", count(), ...elements],
      () => ["PFCOUNT", count()],
      () => ["PFMERGE", count(), count(), count()],
      () => ["PFDEBUG", "TODENSE", count()],
    ])();
  }

  private keyCommand(): Words {
    const { random } = this;
    const key = this.key();
    const condition = random.of<Words>([[], [], ["NX"], ["XX"], ["GT"], ["LT"]]);
    const now = this.engine.now;
    return random.of<() => Words>([
      () => ["DEL", key, this.key(), this.key()],
      () => ["UNLINK", key, this.key()],
      () => ["EXPIRE", key, random.below(20) - 1, ...condition],
      () => ["PEXPIRE", key, random.below(20_000) - 100, ...condition],
      () => ["EXPIREAT", key, Math.floor(now / 1000) + random.below(20), ...condition],
      () => ["PEXPIREAT", key, now + random.below(20_000) - 100, ...condition],
      () => ["PERSIST", key],
      () => ["RENAME", key, this.key()],
      () => ["RENAMENX", key, this.key()],
      () => ["MOVE", key, random.below(DATABASES)],
      () => ["COPY", key, this.key()],
      () => ["COPY", key, this.key(), "REPLACE", "DB", random.below(DATABASES)],
      () => ["SCAN", 0, "COUNT", random.below(50) + 1],
      () => ["RANDOMKEY"],
      () => ["EXISTS", key, this.key()],
    ])();
  }

  next(): Words {
    const { random } = this;
    const kind = random.below(1000);
    if (kind < 2) return random.of<Words>([["FLUSHDB"], ["FLUSHALL"], ["FLUSHDB", "ASYNC"]]);
    if (kind < 5) return ["SWAPDB", random.below(DATABASES), random.below(DATABASES)];
    if (kind < 60) return ["SELECT", random.below(DATABASES)];
    if (kind < 200) return this.setCommand();
    if (kind < 340) return this.listCommand();
    if (kind < 480) return this.hashCommand();
    if (kind < 560) return this.bitCommand();
    if (kind < 680) return this.sortedSetCommand();
    return kind < 820 ? this.stringCommand() : this.keyCommand();
  }

  /** Runs `count` commands; time goes on between them, sometimes by seconds. */
  run(session: TestSession, count: number): void {
    for (let n = 0; n < count; n++) {
      session.raw(encode(this.next()));
      const step = this.random.below(200);
      if (step < 100) this.engine.now += this.random.below(50);
      if (step === 0) this.engine.now += 5000;
      if (step === 1) this.engine.tick();
    }
  }
}

/**
 * INCRBYFLOAT leaves an integer as `embstr`; its effect is a SET, which stores it as `int`. Redis
 * is no different after a restart.
 */
function settledEncoding(encoding: unknown, value: unknown): unknown {
  return encoding === "embstr" && /^-?\d{1,15}$/.test(String(value)) ? "int" : encoding;
}

/** Every key that is stored, expired or not: a replaying session sees them all. */
function dump(engine: TestEngine): Map<string, unknown[]> {
  const reader = engine.open(SessionFlag.REPLAY);
  const all = new Map<string, unknown[]>();
  for (let database = 0; database < DATABASES; database++) {
    reader.call("SELECT", database);
    for (const key of reader.ask("KEYS", "*") as string[]) {
      if (reader.ask("TYPE", key) === "hash") {
        const texts = reader.ask("HGETALL", key) as string[];
        const names = texts.filter((_, at) => at % 2 === 0);
        const times = reader.ask("HPEXPIRETIME", key, "FIELDS", names.length, ...names);
        const pairs = names.map((n, at) =>
          [n, texts[2 * at + 1], (times as number[])[at]].join("\0"),
        );
        const encoding = reader.ask("OBJECT", "ENCODING", key);
        all.set(`${database} ${key}`, [pairs.sort(), encoding, reader.ask("PEXPIRETIME", key)]);
        continue;
      }
      if (reader.ask("TYPE", key) === "set") {
        const members = (reader.ask("SMEMBERS", key) as string[]).sort();
        all.set(`${database} ${key}`, [members, reader.ask("PEXPIRETIME", key)]);
        continue;
      }
      if (reader.ask("TYPE", key) === "zset") {
        const encoding = reader.ask("OBJECT", "ENCODING", key);
        const pairs = reader.ask("ZRANGE", key, 0, -1, "WITHSCORES");
        all.set(`${database} ${key}`, [pairs, encoding, reader.ask("PEXPIRETIME", key)]);
        continue;
      }
      if (reader.ask("TYPE", key) === "list") {
        const elements = reader.ask("LRANGE", key, 0, -1);
        all.set(`${database} ${key}`, [elements, reader.ask("PEXPIRETIME", key)]);
        continue;
      }
      const value = reader.ask("GET", key);
      all.set(`${database} ${key}`, [
        settledEncoding(reader.ask("OBJECT", "ENCODING", key), value),
        reader.ask("PEXPIRETIME", key),
        value,
      ]);
    }
  }
  reader.close();
  return all;
}

/** An empty engine that has replayed these commands, at a time when everything has expired. */
function replayed(commands: Buffer): TestEngine {
  const engine = new TestEngine({ seed: [9, 8, 7, 6] });
  engine.now += 1e9;
  const session = engine.open(SessionFlag.REPLAY);
  const replies = session.raw(commands);
  expect(decodeAll(replies).filter((reply) => reply instanceof Error)).toEqual([]);
  session.close();
  return engine;
}

function expectSame(one: TestEngine, other: TestEngine): void {
  expect(dump(other)).toEqual(dump(one));
  expect(one.exports.validate()).toBe(0);
  expect(other.exports.validate()).toBe(0);
}

/** The whole key space in calls of `steps` steps. */
function exported(engine: TestEngine, steps: number): Buffer {
  engine.exported = [];
  let cursor = 0;
  let calls = 0;
  do {
    cursor = engine.exports.exportCommands(cursor, steps);
    expect(++calls).toBeLessThan(100_000);
  } while (cursor);
  return Buffer.concat(engine.exported);
}

const seeds = Array.from({ length: Math.max(1, 3 * SCALE) }, (_, n) => 1000 + n);

describe("effects", () => {
  it.each(seeds)("replay to the same data set (seed %i)", (seed) => {
    const engine = new TestEngine();
    engine.exports.setEffects(1);
    const workload = new Workload(new Random(seed), engine);
    const session = engine.open();
    let stream = Buffer.alloc(0);
    let mostKeys = 0;
    for (let part = 0; part < 3; part++) {
      workload.run(session, 1500);
      stream = Buffer.concat([stream, ...engine.effects]);
      engine.effects = [];
      expectSame(engine, replayed(stream));
      // A flush may come just before the end of a part: the fullest one counts.
      mostKeys = Math.max(mostKeys, dump(engine).size);
    }
    expect(mostKeys).toBeGreaterThan(50);
  });

  it("are one stream whatever session they come from", () => {
    const engine = new TestEngine();
    engine.exports.setEffects(1);
    const workload = new Workload(new Random(7), engine);
    const sessions = [engine.open(), engine.open(), engine.open()];
    for (let round = 0; round < 300; round++) {
      workload.run(sessions[round % 3] as TestSession, 5);
    }
    expectSame(engine, replayed(Buffer.concat(engine.effects)));
  });
});

describe("the export", () => {
  it.each(seeds)("replays to the same data set (seed %i)", (seed) => {
    const engine = new TestEngine();
    new Workload(new Random(seed), engine).run(engine.open(), 3000);
    for (const steps of [1, 7, 1_000_000]) expectSame(engine, replayed(exported(engine, steps)));
  });

  it("of an empty engine is empty", () => {
    const engine = new TestEngine();
    expect(engine.exports.exportCommands(0, 1)).toBeGreaterThan(0);
    expect(engine.exports.exportCommands(0, 1000)).toBe(0);
    expect(exported(engine, 3).length).toBe(0);
  });

  it("selects each database that has keys, once", () => {
    const engine = new TestEngine();
    const session = engine.open();
    for (let n = 0; n < 500; n++) session.raw(encode(["SET", `k${n}`, n]));
    session.call("SELECT 3");
    session.call("SET a b PXAT 4102444800000");
    const text = exported(engine, 2).toString("latin1");
    expect(text.match(/SELECT\r\n\$1\r\n\d/g)).toEqual(["SELECT\r\n$1\r\n0", "SELECT\r\n$1\r\n3"]);
    expect(text.endsWith(encode(["SET", "a", "b", "PXAT", "4102444800000"]).toString())).toBe(true);
  });

  it("keeps short strings raw that APPEND has left, with their expiry", () => {
    const engine = new TestEngine();
    const session = engine.open();
    for (const words of [
      ["SET", "a", "1"],
      ["APPEND", "a", "2"],
      ["PEXPIREAT", "a", 4102444800000],
    ]) {
      session.raw(encode(words));
    }
    expect(session.ask("OBJECT ENCODING a")).toBe("raw");
    expectSame(engine, replayed(exported(engine, 100)));
  });

  it("hands over effects that are still in the window first", () => {
    const engine = new TestEngine();
    engine.exports.setEffects(1);
    engine.open().raw(encode(["SET", "a", "1"]));
    exported(engine, 100);
    expect(engine.takeEffects()).toBe(
      encode(["SELECT", 0]).toString() + encode(["SET", "a", "1"]).toString(),
    );
  });

  it("goes on with values larger than the window", () => {
    const engine = new TestEngine();
    const session = engine.open();
    for (let n = 0; n < 20; n++) session.raw(encode(["SET", `k${n}`, `${n}`.repeat(20_000 + n)]));
    expectSame(engine, replayed(exported(engine, 1)));
  });
});

describe("a replaying session", () => {
  it("needs no password and is not held to maxmemory", () => {
    const engine = new TestEngine();
    const session = engine.open();
    session.call("CONFIG SET requirepass secret maxmemory 1000");
    expect(session.call("SET a 1")).toMatch(/^-OOM/);
    expect(engine.open().call("SET a 1")).toMatch(/^-NOAUTH/);
    const replay = engine.open(SessionFlag.REPLAY);
    expect(replay.call("SET a 1")).toBe("+OK\r\n");
    expect(session.call("SET a 1")).toMatch(/^-OOM/);
    expect(session.call("GET a")).toBe("$1\r\n1\r\n");
  });
});

// Random hash commands with times of fields against a plain model; the time moves on meanwhile.
import { describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";

const SEED = 20_261_126;
/** A command that fails has changed data when it met what is due, or moved an access clock. */
const FAIL_RESERVE = process.env.QUIRE_TEST_FAIL_RESERVE === "1";
const COMMANDS = FAIL_RESERVE ? 400 : 6000;
const MISSING = -2;

interface Field {
  value: string;
  /** When it ends, milliseconds since 1970; 0: never. */
  time: number;
}
type Hash = Map<string, Field>;
type Words = (string | number)[];

/** Numbers that depend on a seed alone (xorshift). */
class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

/** Hashes as plain maps; each method answers what the command of its name does. */
class Model {
  readonly keys = new Map<string, Hash>();
  constructor(readonly engine: TestEngine) {}

  /** Drops what is due, as a lookup does. */
  live(key: string): Hash {
    const hash = this.keys.get(key) ?? new Map();
    for (const [name, field] of hash) {
      if (field.time && field.time <= this.engine.now) hash.delete(name);
    }
    if (!hash.size) this.keys.delete(key);
    return hash;
  }

  /** Stores a hash that was changed. */
  keep(key: string, hash: Hash): void {
    if (hash.size) this.keys.set(key, hash);
    else this.keys.delete(key);
  }

  set(key: string, pairs: string[], time: number | "keep" = 0): number {
    const hash = this.live(key);
    let added = 0;
    for (let n = 0; n < pairs.length; n += 2) {
      const before = hash.get(pairs[n] as string);
      if (!before) added += 1;
      const kept = time === "keep" ? (before?.time ?? 0) : time;
      hash.set(pairs[n] as string, { value: pairs[n + 1] as string, time: kept });
      if (kept && kept <= this.engine.now) hash.delete(pairs[n] as string);
    }
    this.keep(key, hash);
    return added;
  }

  expire(key: string, time: number, condition: string, names: string[]): number[] {
    const hash = this.live(key);
    const codes = names.map((name) => {
      const field = hash.get(name);
      if (!field) return MISSING;
      const before = field.time || Number.POSITIVE_INFINITY;
      const holds = {
        "": true,
        NX: !field.time,
        XX: field.time > 0,
        GT: time > before,
        LT: time < before,
      }[condition];
      if (!holds) return 0;
      field.time = time;
      if (time > this.engine.now) return 1;
      hash.delete(name);
      return 2;
    });
    this.keep(key, hash);
    return codes;
  }

  persist(key: string, names: string[]): number[] {
    const hash = this.live(key);
    return names.map((name) => {
      const field = hash.get(name);
      if (!field?.time) return field ? -1 : MISSING;
      field.time = 0;
      return 1;
    });
  }

  remove(key: string, names: string[]): number {
    const hash = this.live(key);
    const removed = names.filter((name) => hash.delete(name)).length;
    this.keep(key, hash);
    return removed;
  }

  values(key: string, names: string[]): (string | null)[] {
    const hash = this.live(key);
    return names.map((name) => hash.get(name)?.value ?? null);
  }

  times(key: string, names: string[]): number[] {
    const hash = this.live(key);
    return names.map((name) => {
      const field = hash.get(name);
      return field ? field.time || -1 : MISSING;
    });
  }
}

class Runner {
  readonly random = new Random(SEED);
  readonly engine = new TestEngine();
  readonly session: TestSession = this.engine.open();
  readonly model = new Model(this.engine);

  private check(words: Words, expected: unknown): void {
    expect(this.session.ask(...words), words.join(" ")).toEqual(expected);
  }

  private names(): string[] {
    const count = this.random.below(4) ? this.random.below(4) + 1 : this.random.below(30) + 1;
    const all = Array.from({ length: count }, () => this.name());
    return [...new Set(all)];
  }

  private name(): string {
    return this.random.of([`f${this.random.below(40)}`, String(this.random.below(30))]);
  }

  private value(): string {
    return this.random.below(3)
      ? String(this.random.below(1e6))
      : "v".repeat(this.random.below(50));
  }

  private time(): number {
    return this.engine.now + this.random.below(3000) - 200;
  }

  step(): void {
    const { random, model } = this;
    if (FAIL_RESERVE) this.session.call("TOUCH h0 h1 h2 h3 h4");
    const key = `h${random.below(5)}`;
    const names = this.names();
    const list: Words = ["FIELDS", names.length, ...names];
    const pairs = names.flatMap((name) => [name, this.value()]);
    const time = this.time();
    random.of([
      () => this.check(["HSET", key, ...pairs], model.set(key, pairs)),
      () => this.check(["HSET", key, ...pairs], model.set(key, pairs)),
      () => this.setNew(key, names[0] as string),
      () => this.check(["HDEL", key, ...names], model.remove(key, names)),
      () => this.expire(key, list, names, time),
      () => this.expire(key, list, names, time),
      () => this.expire(key, list, names, time),
      () => this.check(["HPERSIST", key, ...list], model.persist(key, names)),
      () => this.check(["HMGET", key, ...names], model.values(key, names)),
      () => this.check(["HPEXPIRETIME", key, ...list], model.times(key, names)),
      () => this.check(["HLEN", key], model.live(key).size),
      () => this.check(["EXISTS", key], model.live(key).size ? 1 : 0),
      () => this.getDelete(key, list, names),
      () => this.getExpire(key, list, names, time),
      () => this.setExpire(key, pairs, names, time),
      () => this.transfer(key, `h${random.below(5)}`),
      () => this.readAll(key),
    ])();
    this.move();
  }

  private setNew(key: string, name: string): void {
    const isNew = !this.model.live(key).has(name);
    this.check(["HSETNX", key, name, "new"], isNew ? 1 : 0);
    if (isNew) this.model.set(key, [name, "new"]);
  }

  private expire(key: string, list: Words, names: string[], time: number): void {
    const condition = this.random.of(["", "", "NX", "XX", "GT", "LT"]);
    const options = condition ? [condition] : [];
    const expected = this.model.expire(key, time, condition, names);
    if (this.random.below(2) || time < this.engine.now) {
      this.check(["HPEXPIREAT", key, time, ...options, ...list], expected);
    } else {
      this.check(["HPEXPIRE", key, time - this.engine.now, ...options, ...list], expected);
    }
  }

  private getDelete(key: string, list: Words, names: string[]): void {
    this.check(["HGETDEL", key, ...list], this.model.values(key, names));
    this.model.remove(key, names);
  }

  private getExpire(key: string, list: Words, names: string[], time: number): void {
    const values = this.model.values(key, names);
    const option = this.random.of<Words>([[], ["PERSIST"], ["PXAT", time]]);
    this.check(["HGETEX", key, ...option, ...list], values);
    if (option.length === 1) this.model.persist(key, names);
    if (option.length === 2) this.model.expire(key, time, "", names);
  }

  private setExpire(key: string, pairs: string[], names: string[], time: number): void {
    const condition = this.random.of(["", "", "FNX", "FXX"]);
    const option = this.random.of<Words>([[], ["KEEPTTL"], ["PXAT", time], ["PXAT", time]]);
    const hash = this.model.live(key);
    const holds = !condition || names.every((name) => hash.has(name) === (condition === "FXX"));
    const words = condition ? [condition, ...option] : option;
    const list = ["FIELDS", names.length, ...pairs];
    this.check(["HSETEX", key, ...words, ...list], holds ? 1 : 0);
    if (holds) this.model.set(key, pairs, option.length > 1 ? time : option.length ? "keep" : 0);
  }

  private transfer(from: string, to: string): void {
    const source = this.model.live(from);
    if (!source.size || from === to) return;
    if (this.random.below(2)) {
      this.check(["RENAME", from, to], "OK");
      this.model.keys.set(to, source);
      this.model.keys.delete(from);
    } else {
      this.check(["COPY", from, to, "REPLACE"], 1);
      const copy = [...source].map(([name, field]) => [name, { ...field }] as const);
      this.model.keys.set(to, new Map(copy));
    }
  }

  private readAll(key: string): void {
    const texts = this.session.ask("HGETALL", key) as string[];
    const pairs = texts.flatMap((name, n) => (n % 2 ? [] : [`${name} ${texts[n + 1]}`]));
    const expected = [...this.model.live(key)].map(([name, field]) => `${name} ${field.value}`);
    expect(pairs.sort()).toEqual(expected.sort());
  }

  /** Lets the time go on, runs ticks now and then. */
  private move(): void {
    this.engine.now += this.random.below(3) ? 0 : this.random.below(60);
    if (!this.random.below(300)) this.engine.now += 3000;
    if (!this.random.below(30))
      this.engine.exports.tick(this.engine.now, this.random.below(20) + 1);
  }
}

describe("random commands with times of fields", () => {
  for (const entries of [512, 10, 0]) {
    it(`answer as a plain model, packed up to ${entries} fields (seed ${SEED})`, () => {
      const runner = new Runner();
      runner.session.call("CONFIG", "SET", "hash-max-listpack-entries", entries);
      for (let n = 0; n < COMMANDS; n++) {
        runner.step();
        if (n % 50 === 0) expect(runner.engine.exports.validate()).toBe(0);
      }
      for (const key of [...runner.model.keys.keys()]) runner.model.live(key);
      runner.engine.tick();
      const left = runner.session.ask("KEYS *") as string[];
      expect(left.sort()).toEqual([...runner.model.keys.keys()].sort());
      expect(runner.engine.exports.validate()).toBe(0);
    });
  }
});

// Sessions that wait, at random against a plain model; what ten thousand of them cost; and that the
// effects of woken commands replay to the same data.
import { afterEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, SessionFlag, Status } from "../assembly/abi";
import { decode, encode, TestEngine, type TestSession } from "./support/engine";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_261_123);
const STEPS = Math.round(3000 * SCALE);
const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";

let engine: TestEngine;
afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

function numberAt(offset: number): number {
  return engine.view().getFloat64(EXCHANGE + offset, true);
}

/** A command that waits, as the model knows it. */
interface Waiter {
  session: number;
  keys: string[];
  deadlineMs: number;
  /** Wakes also when a list that is there changes. */
  isWatchful: boolean;
  /** The reply, undefined = goes on waiting. */
  run: () => unknown;
}

/** Lists and strings, and who waits for lists. */
class Model {
  readonly data = new Map<string, string[] | string>();
  readonly waiters: Waiter[] = [];
  readonly answers = new Map<number, unknown>();
  #ready: string[] = [];

  list(key: string): string[] | undefined {
    const value = this.data.get(key);
    if (typeof value === "string") throw new Error(WRONG_TYPE);
    return value;
  }

  push(key: string, values: string[], atHead: boolean): number {
    let list = this.list(key);
    if (!list) {
      list = [];
      this.data.set(key, list);
      this.mark(key);
    }
    if (atHead) list.unshift(...[...values].reverse());
    else list.push(...values);
    this.touch(key);
    return list.length;
  }

  pop(key: string, fromHead: boolean, count: number): string[] {
    const list = this.list(key) as string[];
    const taken = fromHead ? list.splice(0, count) : list.splice(-count).reverse();
    if (list.length === 0) this.data.delete(key);
    return taken;
  }

  mark(key: string): void {
    const isWaitedFor = this.waiters.some(({ keys }) => keys.includes(key));
    if (isWaitedFor && !this.#ready.includes(key)) this.#ready.push(key);
  }

  touch(key: string): void {
    if (this.waiters.some(({ isWatchful }) => isWatchful)) this.mark(key);
  }

  wait(waiter: Waiter): void {
    this.waiters.push(waiter);
  }

  leave(session: number, reply?: unknown): void {
    const at = this.waiters.findIndex((waiter) => waiter.session === session);
    this.waiters.splice(at, 1);
    if (reply !== undefined) this.answers.set(session, reply);
  }

  /** The end of a command: who waits for what is ready is served. */
  serve(): void {
    for (let key = this.#ready.shift(); key !== undefined; key = this.#ready.shift()) {
      for (const waiter of this.waiters.filter(({ keys }) => keys.includes(key))) {
        if (!Array.isArray(this.data.get(key))) break;
        const reply = attempt(waiter.run);
        if (reply !== undefined) this.leave(waiter.session, reply);
      }
    }
  }

  expire(nowMs: number): void {
    for (const { session, deadlineMs } of [...this.waiters]) {
      if (deadlineMs > 0 && deadlineMs <= nowMs) this.leave(session, null);
    }
  }
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

/** The engine and the model side by side. */
class Play {
  readonly model = new Model();
  readonly pusher: TestSession;
  readonly sessions: TestSession[] = [];
  /** Replies given to sessions that waited. */
  answered = 0;
  #state = SEED;

  constructor() {
    engine = new TestEngine();
    this.pusher = engine.open();
    for (let number = 0; number < 12; number++) this.sessions.push(engine.open());
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  key(): string {
    return `k${this.below(5)}`;
  }

  values(): string[] {
    return Array.from({ length: 1 + this.below(3) }, () => `v${this.below(1000)}`);
  }

  step(): void {
    const session = this.below(this.sessions.length);
    const isFree = !this.model.waiters.some((waiter) => waiter.session === session);
    const choice = this.below(20);
    if (choice === 0) this.passTime();
    else if (choice === 1 && !isFree) this.#end(session);
    else if (choice < 10 && isFree) this.#begin(session);
    else this.#push();
    this.#compare();
  }

  passTime(): void {
    engine.now += this.below(40);
    engine.tick();
    this.model.expire(engine.now);
  }

  /** Another ends the wait of a session, or it goes away. */
  #end(session: number): void {
    const own = this.sessions[session] as TestSession;
    const way = this.below(4);
    if (way === 0) {
      own.close();
      this.sessions[session] = engine.open();
      this.model.leave(session);
    } else if (way === 1) {
      expect(this.pusher.raw(encode(["CLIENT", "KILL", "ID", own.id]))).toBe(":1\r\n");
      this.model.leave(session);
      own.close();
      this.sessions[session] = engine.open();
    } else {
      const reason = way === 2 ? "TIMEOUT" : "ERROR";
      expect(this.pusher.raw(encode(["CLIENT", "UNBLOCK", own.id, reason]))).toBe(":1\r\n");
      const error = new Error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
      this.model.leave(session, way === 2 ? null : error);
    }
  }

  #begin(session: number): void {
    const seconds = this.below(2) ? 0 : (1 + this.below(100)) / 1000;
    const { words, waiter } = this.#waitingCommand(session, seconds);
    if (seconds) waiter.deadlineMs = engine.now + Math.ceil(seconds * 1000);
    const expected = attempt(waiter.run);
    if (expected === undefined) this.model.wait(waiter);
    const own = this.sessions[session] as TestSession;
    const reply = own.raw(encode(words));
    expect(own.status).toBe(expected === undefined ? Status.WAITING : Status.CONTINUE);
    if (expected === undefined) expect(reply).toBe("");
    else expect(decode(reply), words.join(" ")).toEqual(expected);
    this.model.serve();
  }

  #waitingCommand(session: number, seconds: number): { words: string[]; waiter: Waiter } {
    const { model } = this;
    const keys = Array.from({ length: 1 + this.below(3) }, () => this.key());
    const first = keys[0] as string;
    const other = this.key();
    const fromHead = this.below(2) === 0;
    const toHead = this.below(2) === 0;
    const side = (isHead: boolean) => (isHead ? "LEFT" : "RIGHT");
    const count = 1 + this.below(3);
    const found = () => keys.find((key) => model.list(key) !== undefined);
    const waiter: Waiter = { session, keys, deadlineMs: 0, isWatchful: false, run: () => null };
    switch (this.below(4)) {
      case 0:
        waiter.run = () => {
          const key = found();
          return key === undefined ? undefined : [key, ...model.pop(key, fromHead, 1)];
        };
        return { words: [fromHead ? "BLPOP" : "BRPOP", ...keys, `${seconds}`], waiter };
      case 1: {
        const words = ["BLMPOP", `${seconds}`, `${keys.length}`, ...keys, side(fromHead)];
        waiter.run = () => {
          const key = found();
          return key === undefined ? undefined : [key, model.pop(key, fromHead, count)];
        };
        return { words: [...words, "COUNT", `${count}`], waiter };
      }
      case 2:
        waiter.keys = [first];
        waiter.run = () => this.#move(first, other, fromHead, toHead);
        return {
          words: ["BLMOVE", first, other, side(fromHead), side(toHead), `${seconds}`],
          waiter,
        };
      default: {
        const words = ["BLMOVEM", first, other, side(fromHead), side(toHead), `${seconds}`];
        waiter.keys = [first];
        waiter.isWatchful = count > 1;
        waiter.run = () => {
          if ((model.list(first)?.length ?? 0) < count) return undefined;
          model.list(other);
          const taken = model.pop(first, fromHead, count);
          const moved = fromHead ? taken : taken.reverse();
          this.#put(other, moved, toHead, first);
          return moved;
        };
        return { words: [...words, "EXACTLY", `${count}`, "BULK"], waiter };
      }
    }
  }

  /** LMOVE; undefined when there is nothing to take. */
  #move(source: string, target: string, fromHead: boolean, toHead: boolean): unknown {
    if (!this.model.list(source)) return undefined;
    this.model.list(target);
    const taken = this.model.pop(source, fromHead, 1);
    this.#put(target, taken, toHead, source);
    return taken[0];
  }

  /** Adds in one piece; a list that is only turned round never goes away in between. */
  #put(target: string, values: string[], toHead: boolean, source: string): void {
    const { model } = this;
    if (target === source && !model.data.has(target)) model.data.set(target, []);
    model.push(target, toHead ? [...values].reverse() : values, toHead);
    model.touch(source);
  }

  #push(): void {
    const [words, act] = this.#pushCommand();
    const expected = attempt(act);
    const reply = decode(this.pusher.raw(encode(words)));
    expect(reply, words.join(" ")).toEqual(expected);
    this.model.serve();
  }

  #pushCommand(): [string[], () => unknown] {
    const { model } = this;
    const key = this.key();
    const other = this.key();
    const atHead = this.below(2) === 0;
    const values = this.values();
    switch (this.below(12)) {
      case 0:
        return [
          ["SET", key, "v"],
          () => {
            model.data.set(key, "v");
            model.touch(key);
            return "OK";
          },
        ];
      case 1:
      case 2:
      case 3:
      case 4:
        return [
          ["DEL", key],
          () => {
            if (!model.data.delete(key)) return 0;
            model.touch(key);
            return 1;
          },
        ];
      case 5:
        return [
          ["LMOVE", key, other, "LEFT", "RIGHT"],
          () => {
            return this.#move(key, other, true, false) ?? null;
          },
        ];
      case 6:
        return [
          [atHead ? "LPOP" : "RPOP", key],
          () => {
            if (!model.list(key)) return null;
            const [taken] = model.pop(key, atHead, 1);
            model.touch(key);
            return taken;
          },
        ];
      default:
        return [
          [atHead ? "LPUSH" : "RPUSH", key, ...values],
          () => model.push(key, values, atHead),
        ];
    }
  }

  /** Everybody has what the model says, and nobody more. */
  #compare(): void {
    for (const [number, session] of this.sessions.entries()) {
      const text = engine.takeReplies(session.id).toString("latin1");
      const expected = this.model.answers.get(number);
      expect(text !== "").toBe(expected !== undefined);
      if (expected === undefined) continue;
      expect(decode(text)).toEqual(expected);
      this.answered += 1;
      session.status = engine.exports.resume(session.id, engine.now);
      expect(session.status).toBe(Status.CONTINUE);
    }
    this.model.answers.clear();
    const deadlines = this.model.waiters.map(({ deadlineMs }) => deadlineMs).filter(Boolean);
    expect(numberAt(Exchange.NEXT_DEADLINE_MS)).toBe(deadlines.length ? Math.min(...deadlines) : 0);
    expect(engine.exports.validate()).toBe(0);
  }
}

describe(`waiting at random, seed ${SEED}`, () => {
  it("is as in the model", () => {
    const play = new Play();
    for (let step = 0; step < STEPS; step++) play.step();
    for (const [key, value] of play.model.data) {
      const reply = typeof value === "string" ? ["GET", key] : ["LRANGE", key, "0", "-1"];
      expect(decode(play.pusher.raw(encode(reply)))).toEqual(value);
    }
    expect(play.answered).toBeGreaterThan(STEPS / 8);
    expect(decode(play.pusher.raw(encode(["DBSIZE"])))).toBe(play.model.data.size);
  });
});

describe("ten thousand sessions that wait", () => {
  const COUNT = 10_000;

  function waitAll(command: (number: number) => string[]): TestSession[] {
    return Array.from({ length: COUNT }, (_, number) => {
      const session = engine.open();
      session.raw(encode(command(number)));
      expect(session.status).toBe(Status.WAITING);
      return session;
    });
  }

  /** Most steps that one of these commands takes. */
  function steps(session: TestSession, ...commands: string[]): number {
    const view = engine.view();
    view.setUint32(EXCHANGE + Exchange.STEPS_PEAK, 0, true);
    for (const command of commands) session.raw(encode(command.split(" ")));
    return view.getUint32(EXCHANGE + Exchange.STEPS_PEAK, true);
  }

  const ELSEWHERE = ["PING", "SET s v", "RPUSH l x", "LPOP l", "ZADD z 1 m", "DEL z", "DEL s"];

  it("cost other commands nothing, each on a key of its own", () => {
    engine = new TestEngine();
    const pusher = engine.open();
    const before = steps(pusher, ...ELSEWHERE);
    const sessions = waitAll((number) => ["BLPOP", `key:${number}`, `other:${number}`, "1000"]);
    expect(steps(pusher, ...ELSEWHERE)).toBeLessThanOrEqual(before + 8);
    expect(steps(pusher, "RPUSH key:77 x")).toBeLessThan(10);
    expect(engine.woken).toEqual([(sessions[77] as TestSession).id]);
    for (const session of sessions) session.close();
    expect(numberAt(Exchange.NEXT_DEADLINE_MS)).toBe(0);
  });

  it("are woken one for each element, all on the same key", () => {
    engine = new TestEngine();
    const pusher = engine.open();
    const sessions = waitAll(() => ["BLPOP", "k", "0"]);
    expect(steps(pusher, ...ELSEWHERE)).toBeLessThan(10);
    expect(steps(pusher, "RPUSH k a b c")).toBeLessThan(10);
    expect(engine.woken).toEqual(sessions.slice(0, 3).map(({ id }) => id));
    expect(steps(pusher, "ZADD k 1 m")).toBeLessThan(10);
    (sessions[5000] as TestSession).close();
    pusher.raw(encode(["DEL", "k"]));
    pusher.raw(encode(["RPUSH", "k", ...Array.from({ length: COUNT }, (_, n) => `${n}`)]));
    expect(engine.woken).toHaveLength(COUNT - 1);
    expect(decode(pusher.raw(encode(["LLEN", "k"])))).toBe(4);
  });

  it("end in slices of the tick when their time is up", () => {
    engine = new TestEngine();
    waitAll((number) => ["BLPOP", "k", `${1 + (number % 10)}`]);
    engine.now += 5000;
    expect(engine.exports.tick(engine.now, 100)).toBe(1);
    expect(engine.woken).toHaveLength(100);
    engine.tick();
    expect(engine.woken).toHaveLength(COUNT / 2);
    expect(numberAt(Exchange.NEXT_DEADLINE_MS)).toBe(engine.now + 1000);
  });
});

describe("effects of woken commands", () => {
  it("replay to the same data", () => {
    engine = new TestEngine();
    engine.exports.setEffects(1);
    const pusher = engine.open();
    const sessions = [engine.open(), engine.open(), engine.open()];
    const waits = ["BLPOP a 0", "BRPOP a b 0", "BLMOVE a b LEFT RIGHT 0", "BRPOPLPUSH b c 0"];
    waits.push("BLMPOP 0 2 b c LEFT COUNT 2", "BLMOVEM a c LEFT LEFT 0 EXACTLY 2 BULK");
    waits.push("BZPOPMIN z 0", "BZPOPMAX z 0", "BZMPOP 0 1 z MIN COUNT 2");
    const pushes = ["RPUSH a 1 2 3 4 5", "LPUSH b 6 7 8", "ZADD z 1 a 2 b 3 c 4 d", "RPUSH c 9 10"];
    for (let round = 0; round < 60; round++) {
      for (const [index, session] of sessions.entries()) {
        if (session.status === Status.WAITING) continue;
        session.raw(encode((waits[(round * 5 + index * 7) % waits.length] as string).split(" ")));
      }
      pusher.raw(encode((pushes[(round * 3) % pushes.length] as string).split(" ")));
      for (const session of sessions) {
        if (engine.takeReplies(session.id).length > 0) session.status = Status.CONTINUE;
      }
    }
    const copy = new TestEngine();
    copy.open(SessionFlag.REPLAY).raw(engine.takeEffects());
    const read = ["LRANGE a 0 -1", "LRANGE b 0 -1", "LRANGE c 0 -1", "ZRANGE z 0 -1 WITHSCORES"];
    const other = copy.open();
    for (const command of [...read, "DBSIZE"]) {
      expect(other.call(command), command).toBe(pusher.call(command));
    }
    expect(copy.exports.validate()).toBe(0);
  });
});

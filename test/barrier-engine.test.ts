// Both builds of the engine: the same work gives the same memory, and a fork gives a true image.
import { describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, PAGE_BYTES, PAGE_MAP, PAGE_TABLE } from "../assembly/abi";
import { encode, TestEngine, type TestSession } from "./support/engine";
import { randomNumbers, randomWorkload } from "./support/workload";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const PAGE_MAP_BYTES = PAGE_TABLE - PAGE_MAP;

/** The guarded build over an engine's memory. */
function guardedOver(engine: TestEngine, savePage: (page: number) => void): TestEngine {
  const guarded = new TestEngine({
    memory: engine.memory,
    module: "engine.cow.wasm",
    savePage,
  });
  guarded.now = engine.now;
  return guarded;
}

/** Pipelines random commands in chunks, moving the clock and ticking between them. */
function work(session: TestSession, seed: number, commands: number): string[] {
  const { engine } = session;
  const random = randomNumbers(seed + 1);
  const next = randomWorkload(seed);
  const replies: string[] = [];
  while (commands > 0) {
    const chunk = Math.min(commands, 1 + random(20));
    const requests = Array.from({ length: chunk }, () => encode(next(engine.now)));
    replies.push(session.raw(Buffer.concat(requests)));
    commands -= chunk;
    engine.now += random(100);
    if (random(4) === 0) engine.exports.tick(engine.now, 1 + random(200));
  }
  return replies;
}

describe("engine.wasm and engine.cow.wasm", () => {
  it.each([11, 12, 13])("leave the same memory after the same commands, seed %i", (seed) => {
    const plain = new TestEngine({ heapMb: 128 });
    const base = new TestEngine({ heapMb: 128 });
    const saved: number[] = [];
    const guarded = guardedOver(base, (page) => saved.push(page));
    const plainReplies = work(plain.open(), seed, 3000 * SCALE);
    const guardedReplies = work(guarded.open(), seed, 3000 * SCALE);
    expect(guardedReplies).toEqual(plainReplies);
    expect(errorsIn(plainReplies)).toBeLessThan(0.2);
    expect(saved).toEqual([]);
    expect(guarded.exports.digest()).toBe(plain.exports.digest());
    const [one, other] = [Buffer.from(plain.memory.buffer), Buffer.from(base.memory.buffer)];
    expect(one.equals(other)).toBe(true);
    expect(guarded.exports.validate()).toBe(0);
  });

  it.each([21, 22, 23])("make an image of the fork under random writes, seed %i", (seed) => {
    const plain = new TestEngine({ heapMb: 128 });
    work(plain.open(), seed, 3000 * SCALE);
    const fork = new Fork(plain);
    const random = randomNumbers(seed);
    const session = fork.guarded.open();
    for (let round = 0; round < 60; round++) {
      work(session, seed * 1000 + round, 40);
      fork.sweep(1 + random(fork.expected.size / 40));
    }
    expect(fork.savedByBarrier).toBeGreaterThan(0);
    expect(fork.savedBySweep).toBeGreaterThan(0);
    fork.sweep(fork.expected.size);
    fork.end();
    fork.check();

    plain.now = fork.guarded.now;
    work(plain.open(), seed + 7, 500);
    expect(plain.exports.validate()).toBe(0);
  });

  it("save pages before the host receives a value into them", () => {
    const plain = new TestEngine({ heapMb: 64 });
    plain.open().call("SET", "key", "x".repeat(300_000));
    const fork = new Fork(plain);
    const session = fork.guarded.open();
    session.call("SET", "key", "short");
    const request = encode(["SET", "other", "y".repeat(300_000)]);
    session.raw(request.subarray(0, 200_000));
    session.raw(request.subarray(200_000));
    expect(session.ask("GET", "other")).toBe("y".repeat(300_000));
    fork.sweep(fork.expected.size);
    fork.end();
    fork.check();
  });

  it("make an image of a fork that every page of is overwritten or freed", () => {
    const plain = new TestEngine({ heapMb: 64 });
    const before = plain.open();
    for (let index = 0; index < 2000; index++) before.call("SET", `key:${index}`, "x".repeat(3000));
    const fork = new Fork(plain);
    const session = fork.guarded.open();
    for (let index = 0; index < 2000; index++)
      session.call("SET", `key:${index}`, "y".repeat(3000));
    session.call("FLUSHALL");
    fork.guarded.tick();
    expect(fork.savedByBarrier).toBeGreaterThan((2000 * 3000 * 0.9) / PAGE_BYTES);
    fork.sweep(fork.expected.size);
    fork.end();
    fork.check();
  });
});

function errorsIn(replies: string[]): number {
  const text = replies.join("");
  return (text.match(/^-/gm) ?? []).length / (text.match(/\r\n/g) ?? []).length;
}

/** Each key of both databases with its value and expiry, sorted. */
function contentOf(engine: TestEngine): string[] {
  const session = engine.open();
  const content = [0, 1].flatMap((database) => {
    session.call("SELECT", database);
    const keys = session.ask("KEYS", "*") as string[];
    return keys
      .sort()
      .map((key) => [database, key, session.call("GET", key), session.call("PTTL", key)].join(" "));
  });
  session.close();
  return content;
}

/**
 * A fork as a host makes it: marks, the guarded build, pages saved by it or by a sweep in order.
 */
class Fork {
  /** What memory held at the fork: each page that was marked. */
  readonly expected = new Map<number, Buffer>();
  readonly image = new Map<number, Buffer>();
  readonly guarded: TestEngine;
  savedByBarrier = 0;
  savedBySweep = 0;
  private readonly memory: Buffer;
  /** Keys, values and expiries at the fork, and its time. */
  private readonly content: string[];
  private readonly forkedAtMs: number;
  private readonly pages: number;
  private next = 0;

  constructor(readonly plain: TestEngine) {
    this.memory = Buffer.from(plain.memory.buffer);
    this.pages = this.memory.length / PAGE_BYTES;
    this.content = contentOf(plain);
    this.forkedAtMs = plain.now;
    const marked = plain.exports.markPages();
    for (const page of this.marks()) this.expected.set(page, this.copy(page));
    expect(this.expected.size).toBe(marked);
    this.setMarking(1);
    this.guarded = guardedOver(plain, (page) => {
      this.savedByBarrier++;
      this.save(page);
    });
  }

  /** Saves up to so many marked pages in order. */
  sweep(pages: number): void {
    for (let left = pages; left > 0 && this.next < this.pages; this.next++) {
      if (this.memory[PAGE_MAP + this.next] === 0) continue;
      this.savedBySweep++;
      this.save(this.next);
      left--;
    }
  }

  end(): void {
    this.setMarking(0);
    expect(this.marks()).toEqual([]);
  }

  /** The image holds each marked page as it was at the fork, and an engine can take it over. */
  check(): void {
    const pages = [...this.image.keys()].sort((one, other) => one - other);
    expect(this.content.length).toBeGreaterThan(0);
    expect(pages).toEqual([...this.expected.keys()]);
    const wrong = pages.filter((page) => !this.image.get(page)!.equals(this.expected.get(page)!));
    expect(wrong).toEqual([]);
    const loaded = new TestEngine({ heapMb: this.pages / 256 - 19 });
    const memory = Buffer.from(loaded.memory.buffer);
    for (const [page, content] of this.image) content.copy(memory, page * PAGE_BYTES);
    expect(loaded.exports.attach(this.pages, 1, 2)).toBe(0);
    expect(loaded.exports.validate()).toBe(0);
    loaded.now = this.forkedAtMs;
    expect(contentOf(loaded)).toEqual(this.content);
  }

  private save(page: number): void {
    expect(this.memory[PAGE_MAP + page]).toBe(1);
    expect(this.image.has(page)).toBe(false);
    this.image.set(page, this.copy(page));
    this.memory[PAGE_MAP + page] = 0;
  }

  private copy(page: number): Buffer {
    return Buffer.from(this.memory.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
  }

  private marks(): number[] {
    const map = this.memory.subarray(PAGE_MAP, PAGE_MAP + PAGE_MAP_BYTES);
    return [...map.entries()].flatMap(([page, mark]) => (mark === 0 ? [] : [page]));
  }

  private setMarking(on: number): void {
    this.memory.writeUInt32LE(on, EXCHANGE + Exchange.MARKING);
  }
}

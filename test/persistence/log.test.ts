/** The log by itself: what a writer has promised, a reader finds, however the files were hurt. */
import { describe, expect, it } from "vitest";
import { createSegment, reopenSegment } from "../../hosts/shared/persistence/log-files.js";
import { type LogEnd, LogReader, type Run } from "../../hosts/shared/persistence/log-reader.js";
import {
  LogWriter,
  type Segment,
  type SyncPolicy,
} from "../../hosts/shared/persistence/log-writer.js";
import { segmentName } from "../../hosts/shared/persistence/manifest.js";
import { encodeRequest } from "../../hosts/shared/protocol/resp.js";
import { MemoryStorage } from "../support/memory-storage.js";
import { Random } from "../support/random.js";

const HISTORY = "0123456789abcdef0123456789abcdef";

/** A log over a storage, fed with made-up effects by a test that plays the engine. */
class PlayedLog {
  readonly turns: (() => void)[] = [];
  readonly names: string[] = [];
  failures: Error[] = [];
  /** Everything that calls have rendered. */
  stream: Buffer = Buffer.alloc(0);
  /** Ends of calls in the stream. */
  readonly ends = new Set<number>([0]);
  nowMs = 0;
  writer!: LogWriter;
  onProgress: () => void = () => {};
  /** Whether syncs under *always* are left to the storage, as for one that is slow. */
  isSlow = false;

  constructor(readonly storage: MemoryStorage) {}

  async open(policy: SyncPolicy, segment?: Segment): Promise<this> {
    this.writer = new LogWriter({
      segment: segment ?? (await this.create()),
      isNew: segment === undefined,
      position: this.stream.length,
      policy,
      clock: () => this.nowMs,
      defer: (run) => this.turns.push(run),
      onProgress: () => this.onProgress(),
      onFailure: (cause) => this.failures.push(cause),
      ...(this.isSlow && { quickSyncMs: -1 }),
    });
    return this;
  }

  create(): Promise<Segment> {
    const name = segmentName(HISTORY, this.stream.length + this.names.length);
    this.names.push(name);
    return createSegment(this.storage, name, HISTORY);
  }

  /** A call of the engine that renders these pieces. */
  call(...pieces: Uint8Array[]): void {
    const settled = this.stream.length;
    for (const piece of pieces) this.writer.take(piece, 0, piece.length, settled);
    this.stream = Buffer.concat([this.stream, ...pieces]);
    this.ends.add(this.stream.length);
  }

  set(key: string, value: string | Uint8Array): void {
    this.call(encodeRequest(["SET", key, value]));
  }

  endTurn(): void {
    for (const turn of this.turns.splice(0)) turn();
  }
}

interface Read {
  bytes: Buffer;
  end: LogEnd;
}

/** All that the log gives out, without its marks, from a position on. */
async function read(storage: MemoryStorage, names: readonly string[], from = 0): Promise<Read> {
  const segments = names.map((name) => ({ name, offset: 0 }));
  const reader = new LogReader(storage, { history: HISTORY, earlier: [], segments }, from);
  const parts: Buffer[] = [];
  for await (const run of reader.runs()) parts.push(contentOf(run));
  return { bytes: withoutMarks(Buffer.concat(parts)), end: reader.end };
}

function contentOf({ file, from, to }: Run): Buffer {
  const bytes = Buffer.alloc(to - from);
  expect(file.read(from, bytes)).toBe(bytes.length);
  return bytes;
}

function withoutMarks(bytes: Buffer): Buffer {
  const mark = /\*2\r\n\$4\r\nECHO\r\n\$\d+\r\n\d+ [0-9a-f]{16} \d+\r\n/g;
  return Buffer.from(bytes.toString("latin1").replace(mark, ""), "latin1");
}

/** A run of turns over several segments; answers what was promised at each byte appended. */
async function record(log: PlayedLog, random: Random, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    for (let call = random.below(3); call >= 0; call--) {
      log.set(`key:${random.below(100)}`, "v".repeat(random.below(60)));
    }
    log.endTurn();
    if (random.below(3) === 0) log.writer.beat();
    if (random.below(3) === 0) await log.writer.settle();
    if (random.below(12) === 0) log.writer.switchTo(await log.create());
  }
}

/** The state that was found must be a prefix that ends with a call and holds what was promised. */
function expectPrefix(log: PlayedLog, found: Read, promised: number): void {
  const bytes = found.bytes.length;
  expect(found.end.position).toBe(bytes);
  expect(log.ends.has(bytes)).toBe(true);
  expect(found.bytes.equals(log.stream.subarray(0, bytes))).toBe(true);
  expect(bytes).toBeGreaterThanOrEqual(promised);
}

describe("a log", () => {
  it("gives back what was written, and goes on in the same file", async () => {
    const storage = new MemoryStorage();
    const log = await new PlayedLog(storage).open("everysec");
    log.set("a", "1");
    log.set("b", "2");
    log.endTurn();
    await log.writer.close();
    const first = await read(storage, log.names);
    expectPrefix(log, first, log.stream.length);
    expect(first.end).toMatchObject({ tornBytes: 0, last: { isNew: false, isTorn: false } });
    const segment = await reopenSegment(storage, first.end.last as never);
    await log.open("everysec", segment);
    log.set("c", "3");
    log.endTurn();
    expectPrefix(log, await read(storage, log.names), log.stream.length);
  });

  it("writes one batch a turn, in one append", async () => {
    const storage = new MemoryStorage();
    const log = await new PlayedLog(storage).open("no");
    const before = storage.calls.length;
    for (let n = 0; n < 50; n++) log.set(`k${n}`, "v");
    expect(storage.calls.length).toBe(before);
    expect(log.writer.accepted).toBe(0);
    log.endTurn();
    expect(storage.calls.slice(before)).toEqual(["append"]);
    expect(log.writer.accepted).toBe(log.stream.length);
  });

  it("hands on effects larger than its buffer, within one call and over several", async () => {
    const storage = new MemoryStorage();
    const log = await new PlayedLog(storage).open("always");
    log.set("before", "1");
    const large = Buffer.alloc(3_000_000, "*2\r\n$4\r\nECHO\r\n$36\r\n12 0123456789abcdef 0\r\n");
    log.call(Buffer.from("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n"), large, Buffer.from("\r\n"));
    for (let n = 0; n < 40; n++) log.set(`k${n}`, "x".repeat(50_000));
    log.endTurn();
    expect(log.writer.accepted).toBe(log.stream.length);
    const found = await read(storage, log.names);
    expect(found.end).toMatchObject({ position: log.stream.length, tornBytes: 0 });
  });

  it("is read from the position of an image on", async () => {
    const storage = new MemoryStorage();
    const log = await new PlayedLog(storage).open("no");
    await record(log, new Random(5), 20);
    const from = log.writer.accepted;
    await record(log, new Random(6), 20);
    const found = await read(storage, log.names, from);
    expect(found.bytes.equals(log.stream.subarray(from))).toBe(true);
    const all = log.stream.length;
    const past = await read(storage, log.names, all + 1000);
    expect(past.end).toMatchObject({ position: all + 1000, last: undefined, segments: [] });
    await expect(read(storage, log.names, from - 1)).rejects.toThrow(/no batch ends/);
  });

  it("refuses a segment of another history", async () => {
    const storage = new MemoryStorage();
    await createSegment(storage, "a", "f".repeat(32));
    await expect(read(storage, ["a"])).rejects.toThrow(/a in memory .*another history, f{32}/);
  });
});

describe("policies", () => {
  it("under always a quick storage is synced in place, once for all of a turn", async () => {
    const storage = new MemoryStorage();
    const log = await new PlayedLog(storage).open("always");
    const reached: number[] = [];
    log.onProgress = () => reached.push(log.writer.reached);
    const calls: string[] = [];
    storage.onCall = (call) => void calls.push(call);
    for (const key of ["a", "b", "c"]) log.set(key, "1");
    log.endTurn();
    expect(reached).toEqual([log.stream.length]);
    expect(calls).toEqual(["append", "syncNow"]);
    expect(log.writer).toMatchObject({ durable: log.stream.length, isSyncing: false });
  });

  it("under always a storage is synced in place again when it has become quick", async () => {
    const storage = new MemoryStorage();
    const log = await new PlayedLog(storage).open("always");
    let syncMs = 40;
    let calls: string[] = [];
    storage.onCall = (call) => {
      if (call === "syncNow" || call === "sync") log.nowMs += syncMs;
      calls.push(call);
    };
    const run = async (turns: number) => {
      calls = [];
      for (let turn = 0; turn < turns; turn++) {
        log.set("a", "1");
        log.endTurn();
        await log.writer.settle();
      }
      return calls.filter((call) => call !== "append");
    };
    expect(await run(3)).toEqual(["syncNow", "sync", "sync"]);
    syncMs = 0.1;
    expect(new Set(await run(30))).toEqual(new Set(["sync", "syncNow"]));
    expect(new Set(await run(3))).toEqual(new Set(["syncNow"]));
  });

  it("under always the sync comes first, and one covers all that came meanwhile", async () => {
    const storage = new MemoryStorage();
    const played = new PlayedLog(storage);
    played.isSlow = true;
    const log = await played.open("always");
    log.set("a", "1");
    log.endTurn();
    const one = log.stream.length;
    log.set("b", "2");
    log.endTurn();
    log.set("c", "3");
    log.endTurn();
    expect(log.writer).toMatchObject({ accepted: log.stream.length, durable: 0, reached: 0 });
    const reached: number[] = [];
    log.onProgress = () => reached.push(log.writer.reached);
    await log.writer.settle();
    expect(reached).toEqual([one, log.stream.length]);
  });

  it("under everysec the sync comes with the beat", async () => {
    const log = await new PlayedLog(new MemoryStorage()).open("everysec");
    log.set("a", "1");
    log.endTurn();
    expect(log.writer).toMatchObject({ reached: log.stream.length, isSyncing: false });
    log.writer.beat();
    expect(log.writer.isSyncing).toBe(true);
    await log.writer.settle();
    expect(log.writer.durable).toBe(log.stream.length);
  });

  it("under everysec writes wait for a sync that takes longer than two seconds", async () => {
    const log = await new PlayedLog(new MemoryStorage()).open("everysec");
    log.set("a", "1");
    log.endTurn();
    const before = log.stream.length;
    log.writer.beat();
    log.nowMs = 2500;
    log.set("b", "2");
    log.endTurn();
    expect(log.writer).toMatchObject({ accepted: before, delayedSyncs: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.writer.accepted).toBe(log.stream.length);
  });
});

describe("a failing storage", () => {
  it("stops the writer at an append or a sync, and nothing more is promised", async () => {
    for (const call of ["append", "sync", "syncNow"] as const) {
      const storage = new MemoryStorage();
      const played = new PlayedLog(storage);
      played.isSlow = call === "sync";
      const log = await played.open("always");
      log.set("a", "1");
      log.endTurn();
      await log.writer.settle();
      const promised = log.writer.reached;
      storage.onCall = (each) => {
        if (each === call) throw new Error("EIO");
      };
      log.set("b", "2");
      log.endTurn();
      await log.writer.settle();
      storage.onCall = () => {};
      log.set("c", "3");
      log.endTurn();
      await log.writer.settle();
      expect(log.failures.map(String)).toEqual(["Error: EIO"]);
      expect(log.writer.reached).toBe(promised);
      expectPrefix(log, await read(storage, log.names), promised);
    }
  });
});

describe("after a trap", () => {
  it("whole calls stay and the rest is gone", async () => {
    for (const bytes of [10, 400_000, 2_000_000]) {
      const storage = new MemoryStorage();
      const log = await new PlayedLog(storage).open("everysec");
      log.set("a", "1");
      log.endTurn();
      log.set("b", "2");
      const settled = log.stream.length;
      const half = new Uint8Array(bytes).fill(42);
      for (let n = 0; n < 3; n++) log.writer.take(half, 0, bytes, settled);
      await log.writer.endAt(settled);
      const found = await read(storage, log.names);
      expectPrefix(log, found, settled);
      expect(found.end.tornBytes > 0).toBe(bytes > 10);
    }
  });
});

describe("a killed process", () => {
  it("leaves a prefix with all that was promised, wherever the write was cut", async () => {
    const whole = await new PlayedLog(new MemoryStorage()).open("no");
    await record(whole, new Random(7), 22);
    let total = 0;
    for (const { content } of whole.storage.files.values()) total += content.length;
    expect(total).toBeLessThan(65536);
    for (let cut = 300; cut < total; cut++) {
      const storage = new MemoryStorage();
      const log = await new PlayedLog(storage).open("no");
      storage.cutAfter(cut);
      await record(log, new Random(7), 22).catch(() => {});
      const left = storage.afterKill();
      const names = log.names.filter((name) => (left.files.get(name)?.content.length ?? 0) > 120);
      expectPrefix(log, await read(left, names), log.writer.reached);
    }
  });
});

describe("a loss of power", () => {
  it("leaves a prefix with all that was durable", async () => {
    const seeds = Array.from({ length: 150 }, (_, n) => n + 1);
    for (const seed of seeds) {
      const random = new Random(seed);
      const storage = new MemoryStorage();
      const policy = (["always", "everysec", "no"] as const)[seed % 3] as SyncPolicy;
      const played = new PlayedLog(storage);
      played.isSlow = seed % 2 === 0;
      const log = await played.open(policy);
      await record(log, random, 1 + random.below(30));
      const promised = policy === "always" ? log.writer.reached : log.writer.durable;
      const left = storage.afterPowerLoss((below) => random.below(below));
      expectPrefix(log, await read(left, log.names), promised);
    }
  });
});

/** What is found when each byte in turn is another one. */
async function* hurtEachByte(
  log: PlayedLog,
  flips: (byte: number) => number[],
): AsyncGenerator<{ name: string; at: number; found: Read | Error }> {
  for (const name of log.names) {
    const { content } = log.storage.files.get(name) as { content: Uint8Array };
    for (let at = 0; at < content.length; at++) {
      for (const flip of flips(content[at] as number)) {
        const hurt = log.storage.afterKill();
        const bytes = content.slice();
        bytes[at] = (bytes[at] as number) ^ flip;
        hurt.put(name, bytes);
        yield { name, at, found: await read(hurt, log.names).catch((cause: Error) => cause) };
      }
    }
  }
}

describe("a flipped byte", () => {
  it("of an ended log is told with file and offset, and nothing is lost", async () => {
    const log = await new PlayedLog(new MemoryStorage()).open("always");
    await record(log, new Random(3), 12);
    await log.writer.close();
    for await (const { name, found } of hurtEachByte(log, () => [1, 0xa0])) {
      expect(found).toBeInstanceOf(Error);
      expect(String(found)).toContain(name);
      expect(String(found)).toMatch(/at offset \d+|cannot be used: /);
    }
  });

  it("of a killed log is told as well, synced or not", async () => {
    for (const policy of ["always", "everysec", "no"] as const) {
      const log = await new PlayedLog(new MemoryStorage()).open(policy);
      await record(log, new Random(4), 4);
      log.set("last", "1");
      log.endTurn();
      for await (const { name, found } of hurtEachByte(log, () => [0x81])) {
        expect(String(found)).toContain(name);
      }
    }
  });

  it("that became a zero loses at most what was not synced", async () => {
    const log = await new PlayedLog(new MemoryStorage()).open("everysec");
    await record(log, new Random(3), 12);
    const { durable } = log.writer;
    let told = 0;
    for await (const { found } of hurtEachByte(log, (byte) => [byte])) {
      if (found instanceof Error) told++;
      else expectPrefix(log, found, durable);
    }
    expect(told).toBeGreaterThan(1000);
  });
});

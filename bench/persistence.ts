// Snapshots under a random write load, writing and opening an image, beside redis-server on the
// same keys.
//
// In process, the same input five times and each call's fastest time: so what is seen is the work
// of a call and not the machine's other guests. Between calls the loop turns as under a server.
import { copyFileSync, fsyncSync, mkdtempSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SessionFlag } from "../assembly/abi.js";
import { NodeStorage } from "../hosts/node/storage.js";
import { Engine } from "../hosts/shared/engine.js";
import { ImageReader } from "../hosts/shared/persistence/image-reader.js";
import { type Image, Snapshot } from "../hosts/shared/persistence/snapshot.js";
import { Warmup } from "../hosts/shared/warm.js";
import { moduleOf } from "../test/support/engine.js";
import { keyOf } from "./engine.js";
import { benchServersSaving } from "./saving-servers.js";
import { median, printTable } from "./table.js";

const REPLAYS = 5;
const BATCH = 64;
/** Calls between two turns of the loop: a chunk of 64 KiB is run in pieces of 4 KiB. */
const CALLS_PER_TURN = 16;
const MEMORY_BYTES = 1 << 30;
const HASH = "0".repeat(32);
const NOW_MS = 1_700_000_000_000;

/** Requests that set `BATCH` random keys each. */
export function randomBatches(batches: number, keys: number, seed = 1): Buffer[] {
  let state = seed;
  return Array.from({ length: batches }, () => {
    let text = "";
    for (let i = 0; i < BATCH; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const key = keyOf(Math.floor((state / 4294967296) * keys));
      text += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$11\r\nlmnopqrstuv\r\n`;
    }
    return Buffer.from(text);
  });
}

/** An engine with both builds and a loop around it. */
class Rig {
  readonly engine: Engine;
  inputBytes = 0;
  heldBack = 0;
  readonly #session: number;

  constructor(engine: Engine) {
    this.engine = engine;
    engine.useGuarded(moduleOf("engine.cow.wasm"));
    this.#session = engine.openSession(SessionFlag.NONE, "", "");
  }

  static fresh(): Rig {
    return new Rig(Engine.create(moduleOf("engine.wasm"), { memoryBytes: MEMORY_BYTES }));
  }

  static async open(storage: NodeStorage, name: string): Promise<Rig> {
    const engine = Engine.link(moduleOf("engine.wasm"), { memoryBytes: MEMORY_BYTES });
    const reader = await ImageReader.open(storage, name);
    await reader.place(engine.bytes);
    reader.close();
    engine.attach({ memoryBytes: MEMORY_BYTES });
    return new Rig(engine);
  }

  run(chunk: Uint8Array): void {
    this.inputBytes += chunk.length;
    for (let offset = 0; offset < chunk.length; offset += this.engine.taken) {
      this.engine.receive(this.#session, chunk, offset, NOW_MS);
    }
  }

  fork(storage: NodeStorage): Snapshot {
    return new Snapshot({
      storage,
      engine: this.engine,
      engineHash: HASH,
      now: () => NOW_MS,
      clock: () => performance.now(),
      defer: setImmediate,
      inputBytes: () => this.inputBytes,
      hold: () => this.heldBack++,
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
    });
  }

  /** Runs batches until `isOver`; answers microseconds of each call and all seconds. */
  async load(batches: Buffer[], isOver: () => boolean): Promise<{ us: number[]; seconds: number }> {
    const us: number[] = [];
    const begin = performance.now();
    for (let call = 0; !isOver(); call++) {
      const started = performance.now();
      this.run(batches[call % batches.length] as Buffer);
      us.push((performance.now() - started) * 1000);
      if (call % CALLS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { us, seconds: (performance.now() - begin) / 1000 };
  }
}

interface Replay {
  forkMs: number;
  us: number[];
  share: number;
  image: Image;
  longestSliceMs: number;
  extraBytes: number;
}

/** One snapshot under load, and the throughput as a share of that before. */
async function replay(storage: NodeStorage, name: string, batches: Buffer[]): Promise<Replay> {
  const rig = await Rig.open(storage, name);
  const target = new NodeStorage(join(storage.place, "replay"));
  const warmup = new Warmup(moduleOf("engine.wasm"), moduleOf("engine.cow.wasm"));
  while (warmup.slice());
  const until = performance.now() + 1000;
  const before = await rig.load(batches, () => performance.now() >= until);
  const rss = process.memoryUsage.rss();
  let peak = rss;
  let ended = false;
  const forkedAt = performance.now();
  const snapshot = rig.fork(target);
  void snapshot.done.finally(() => {
    ended = true;
  });
  const during = await rig.load(batches, () => {
    if (rig.inputBytes % 16 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    return ended;
  });
  // A snapshot that took less than a second is judged by the second that it began.
  const rest = await rig.load(batches, () => performance.now() - forkedAt >= 1000);
  const calls = during.us.length + rest.us.length;
  const share = calls / (during.seconds + rest.seconds) / (before.us.length / before.seconds);
  return {
    forkMs: snapshot.forkMs,
    us: during.us,
    share,
    image: await snapshot.done,
    longestSliceMs: snapshot.longestSliceMs,
    extraBytes: peak - rss,
  };
}

function printSnapshots(replays: Replay[], keys: number): void {
  const calls = Math.min(...replays.map(({ us }) => us.length));
  const fastest = Array.from({ length: calls }, (_, call) =>
    Math.min(...replays.map(({ us }) => us[call] ?? Number.POSITIVE_INFINITY)),
  ).sort((a, b) => a - b);
  const at = (share: number) =>
    (fastest[Math.min(calls - 1, Math.floor(calls * share))] ?? 0) / 1e3;
  const [first] = replays as [Replay];
  const bytes = first.image.fileBytes;
  const extra = median(replays.map(({ extraBytes }) => extraBytes));
  const copied = median(replays.map(({ image }) => image.savedByBarrier)) * 4096;
  const seconds = median(replays.map(({ image }) => image.durationMs)) / 1000;
  printTable(
    `A snapshot of ${keys / 1e6} M keys (${(bytes / 2 ** 20).toFixed(0)} MiB) under random SETs, ` +
      `${BATCH} a call; ${calls} calls, fastest of ${replays.length}`,
    ["", "measured", "wanted"],
    [
      ["fork, ms", Math.min(...replays.map(({ forkMs }) => forkMs)).toFixed(3), "<= 0.5"],
      ["call p50, ms", at(0.5).toFixed(3), ""],
      ["call p99, ms", at(0.99).toFixed(3), ""],
      ["call p99.9, ms", at(0.999).toFixed(3), "<= 1"],
      ["call longest, ms", at(1).toFixed(3), ""],
      ["longest slice, ms", median(replays.map((r) => r.longestSliceMs)).toFixed(3), ""],
      ["throughput over at least 1 s", median(replays.map((r) => r.share)).toFixed(2), ">= 0.6"],
      ["whole snapshot, s", seconds.toFixed(2), ""],
      ["copied by the barrier, MiB", (copied / 2 ** 20).toFixed(0), ""],
      [
        "extra memory, MiB",
        (extra / 2 ** 20).toFixed(0),
        `<= ${(bytes / 10 / 2 ** 20).toFixed(0)}`,
      ],
    ],
  );
}

/** An idle server writes its image, against a copy of the same file; both synced. */
async function printDisk(rig: Rig, storage: NodeStorage): Promise<void> {
  const rates: { image: number; copy: number; open: number }[] = [];
  for (let round = 0; round < REPLAYS; round++) {
    const image = await rig.fork(storage).done;
    const source = join(storage.place, image.name);
    const target = join(storage.place, "copy");
    const megabytes = statSync(source).size / 2 ** 20;
    const started = performance.now();
    copyFileSync(source, target);
    fsyncSync(openSync(target, "r"));
    const copyMs = performance.now() - started;
    const opening = performance.now();
    await Rig.open(storage, image.name);
    const openMs = performance.now() - opening;
    rates.push({
      image: (megabytes / image.durationMs) * 1000,
      copy: (megabytes / copyMs) * 1000,
      open: (megabytes / openMs) * 1000,
    });
  }
  const best = (name: "image" | "copy" | "open") => median(rates.map((rate) => rate[name]));
  printTable(
    "Disk, MiB a second",
    ["", "measured", "wanted"],
    [
      ["image of an idle server", best("image").toFixed(0), `>= ${(best("copy") / 2).toFixed(0)}`],
      ["copy of the file", best("copy").toFixed(0), ""],
      ["image opened", best("open").toFixed(0), ""],
    ],
  );
}

export async function benchPersistence(quick: boolean, oracle: boolean): Promise<void> {
  const keys = quick ? 300_000 : 3_000_000;
  const folder = mkdtempSync(join(tmpdir(), "quire-bench-"));
  try {
    const storage = new NodeStorage(folder);
    const rig = Rig.fresh();
    for (let first = 0; first < keys; first += BATCH) {
      let text = "";
      for (let i = first; i < Math.min(keys, first + BATCH); i++) {
        text += `*3\r\n$3\r\nSET\r\n$16\r\n${keyOf(i)}\r\n$11\r\nabcdefghijk\r\n`;
      }
      rig.run(Buffer.from(text));
    }
    const image = await rig.fork(storage).done;
    const batches = randomBatches(quick ? 5_000 : 20_000, keys);
    const replays: Replay[] = [];
    for (let round = 0; round < REPLAYS; round++) {
      replays.push(await replay(storage, image.name, batches));
    }
    printSnapshots(replays, keys);
    await printDisk(rig, storage);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (oracle) await benchServersSaving(keys, quick);
}

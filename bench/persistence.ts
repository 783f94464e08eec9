// Snapshots under a random write load, writing and opening an image, beside redis-server on the
// same keys.
//
// In process, the same input five times and each call's fastest time: so what is seen is the work
// of a call and not the machine's other guests. Between calls the loop turns as under a server, and
// stops while the snapshot holds commands back. Throughput is counted twice: by the clock, and by
// the processor time of the loop's thread (with the time that it was held), which no guest takes.
import {
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
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
/** A snapshot that took less is judged by the second that it began. */
const WINDOW_MS = 1000;
/** Processor time of this thread, where the system says it. */
const THREAD_TIMES = `/proc/self/task/${process.pid}/schedstat`;

function threadMs(): number {
  if (!existsSync(THREAD_TIMES)) return performance.now();
  return Number(readFileSync(THREAD_TIMES, "latin1").split(" ")[0]) / 1e6;
}

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
  isHeld = false;
  heldMs = 0;
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
      hold: (held) => {
        this.isHeld = held;
      },
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
    });
  }

  /** Runs batches until `isOver`; answers microseconds of each call. */
  async load(batches: Buffer[], isOver: () => boolean): Promise<number[]> {
    const us: number[] = [];
    for (let call = 0; ; call++) {
      if (call % CALLS_PER_TURN === 0) {
        await this.#turn();
        if (isOver()) return us;
      }
      const started = performance.now();
      this.run(batches[call % batches.length] as Buffer);
      us.push((performance.now() - started) * 1000);
    }
  }

  async #turn(): Promise<void> {
    const turned = () => new Promise((resolve) => setImmediate(resolve));
    await turned();
    const started = performance.now();
    while (this.isHeld) await turned();
    this.heldMs += performance.now() - started;
  }
}

/** What a stretch of the load took: by the clock, and of the loop's thread with what was held. */
class Stretch {
  readonly #rig: Rig;
  readonly #wallMs = performance.now();
  readonly #threadMs = threadMs();
  readonly #heldMs: number;

  constructor(rig: Rig) {
    this.#rig = rig;
    this.#heldMs = rig.heldMs;
  }

  get wallMs(): number {
    return performance.now() - this.#wallMs;
  }

  get loopMs(): number {
    return threadMs() - this.#threadMs + this.#rig.heldMs - this.#heldMs;
  }

  /** Calls a millisecond. */
  rates(calls: number): { wall: number; loop: number } {
    return { wall: calls / this.wallMs, loop: calls / this.loopMs };
  }
}

interface Replay {
  snapshot: Snapshot;
  us: number[];
  /** While the snapshot runs and not a moment longer. */
  aloneShare: number;
  wallShare: number;
  loopShare: number;
  heldMs: number;
  mostPages: number;
  image: Image;
  extraBytes: number;
}

/** One snapshot under load, and the throughput as a share of that before. */
async function replay(storage: NodeStorage, name: string, batches: Buffer[]): Promise<Replay> {
  const rig = await Rig.open(storage, name);
  const target = new NodeStorage(join(storage.place, "replay"));
  const warmup = new Warmup(moduleOf("engine.wasm"), moduleOf("engine.cow.wasm"));
  while (warmup.slice());
  const quiet = new Stretch(rig);
  const quietCalls = await rig.load(batches, () => quiet.loopMs >= WINDOW_MS);
  const before = quiet.rates(quietCalls.length);
  const rss = process.memoryUsage.rss();
  let peak = rss;
  let ended = false;
  const saving = new Stretch(rig);
  const snapshot = rig.fork(target);
  void snapshot.done.finally(() => {
    ended = true;
  });
  let mostPages = 0;
  let saved = 0;
  const during = await rig.load(batches, () => {
    mostPages = Math.max(mostPages, snapshot.savedByBarrier - saved);
    saved = snapshot.savedByBarrier;
    peak = Math.max(peak, process.memoryUsage.rss());
    return ended;
  });
  const alone = saving.rates(during.length);
  const rest = await rig.load(batches, () => saving.loopMs >= WINDOW_MS);
  const rates = saving.rates(during.length + rest.length);
  return {
    snapshot,
    us: during,
    aloneShare: alone.loop / before.loop,
    wallShare: rates.wall / before.wall,
    loopShare: rates.loop / before.loop,
    heldMs: rig.heldMs,
    mostPages,
    image: await snapshot.done,
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
  const middle = (of: (replay: Replay) => number) => median(replays.map(of));
  const mebibytes = (of: (replay: Replay) => number) => (middle(of) / 2 ** 20).toFixed(0);
  const bytes = middle(({ image }) => image.fileBytes);
  const allowed = middle(({ snapshot }) => snapshot.peakDirtiedBytes) + bytes / 10;
  const forkMs = Math.min(...replays.map(({ snapshot }) => snapshot.forkMs));
  printTable(
    `A snapshot of ${keys / 1e6} M keys (${(bytes / 2 ** 20).toFixed(0)} MiB) under random SETs, ` +
      `${BATCH} a call; ${calls} calls, fastest of ${replays.length}`,
    ["", "measured", "wanted"],
    [
      ["fork, ms", forkMs.toFixed(3), "<= 0.5"],
      ["call p50, ms", at(0.5).toFixed(3), ""],
      ["call p99, ms", at(0.99).toFixed(3), ""],
      ["call p99.9, ms", at(0.999).toFixed(3), "<= 1"],
      ["call longest, ms", at(1).toFixed(3), ""],
      ["longest slice, ms", middle((r) => r.snapshot.longestSliceMs).toFixed(3), ""],
      ["pages copied for 16 calls, most", middle((r) => r.mostPages).toFixed(0), ""],
      ["throughput over at least 1 s", middle((r) => r.loopShare).toFixed(2), ">= 0.6"],
      ["  within the snapshot alone", middle((r) => r.aloneShare).toFixed(2), ""],
      ["  the same by the clock", middle((r) => r.wallShare).toFixed(2), ""],
      ["held back, ms", middle((r) => r.heldMs).toFixed(0), ""],
      ["whole snapshot, s", (middle((r) => r.image.durationMs) / 1000).toFixed(2), ""],
      ["copied by the barrier, MiB", mebibytes((r) => r.image.savedByBarrier * 4096), ""],
      ["  of these in flight, MiB", mebibytes((r) => r.snapshot.peakDirtiedBytes), ""],
      ["memory of blocks, MiB", mebibytes((r) => r.snapshot.peakBytes), ""],
      [
        "extra memory, MiB",
        mebibytes((r) => r.extraBytes),
        `<= ${(allowed / 2 ** 20).toFixed(0)}, a tenth and what is in flight`,
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
  const best = (name: "image" | "copy" | "open") => Math.max(...rates.map((rate) => rate[name]));
  printTable(
    `Disk, MiB a second, fastest of ${REPLAYS}`,
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

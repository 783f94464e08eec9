/** Images: what is written is memory at the fork; what is damaged is told; nothing good is lost. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Exchange, PAGE_BYTES } from "../../assembly/abi";
import { deflate, inflate } from "../../hosts/node/compression";
import { NodeStorage } from "../../hosts/node/storage";
import { Engine } from "../../hosts/shared/engine";
import {
  BLOCK_HEADER_BYTES,
  HEADER_BYTES,
  parseBlock,
  parseHeader,
  RECORD_BYTES,
  sealBlock,
} from "../../hosts/shared/persistence/image-format";
import { ImageReader, type Inflate } from "../../hosts/shared/persistence/image-reader";
import { engineFileName, ImageStore } from "../../hosts/shared/persistence/image-store";
import {
  MANIFEST_NAME,
  readManifest,
  writeManifest,
} from "../../hosts/shared/persistence/manifest";
import { type Image, SLICE_PAGES } from "../../hosts/shared/persistence/snapshot";
import type { Storage } from "../../hosts/shared/persistence/storage";
import { xxh32 } from "../../hosts/shared/persistence/xxh32";
import { encode, moduleOf } from "../support/engine";
import { ENGINE_HASH, ImageHost, MEMORY_BYTES } from "../support/image-host";
import { MemoryStorage } from "../support/memory-storage";
import { RandomCommands } from "../support/random-commands";
import { randomNumbers, randomWorkload } from "../support/workload";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);

/** Runs random commands, a few in each call. */
function work(host: ImageHost, seed: number, commands: number): void {
  const random = randomNumbers(seed + 1);
  const writes = randomWorkload(seed);
  const everything = new RandomCommands({ seed, nowMs: host.now });
  const next = (now: number) => (random(2) === 0 ? everything.next() : writes(now));
  for (let left = commands; left > 0; ) {
    const count = Math.min(left, 1 + random(20));
    host.run(Buffer.concat(Array.from({ length: count }, () => encode(next(host.now)))));
    left -= count;
    host.now += random(100);
    if (random(4) === 0) host.engine.tick(host.now, 1 + random(200));
  }
}

/** The marked pages as they are now. */
function markedPages(host: ImageHost): Map<number, Buffer> {
  const pages = new Map<number, Buffer>();
  const marks = host.engine.pageMap();
  for (let page = marks.indexOf(1); page >= 0; page = marks.indexOf(1, page + 1)) {
    const start = page * PAGE_BYTES;
    pages.set(page, Buffer.from(host.engine.bytes.slice(start, start + PAGE_BYTES)));
  }
  return pages;
}

/** A new engine over an image. */
async function open(
  storage: Storage,
  name: string,
  inflates: Inflate | null = inflate,
  memoryBytes = MEMORY_BYTES,
): Promise<Engine> {
  const engine = Engine.link(moduleOf("engine.wasm"), { memoryBytes, clock: () => 0 });
  const reader = await ImageReader.open(storage, name, inflates ?? undefined);
  try {
    await reader.place(engine.bytes);
  } finally {
    reader.close();
  }
  engine.attach({ memoryBytes, seed: [7, 7, 7, 7] });
  return engine;
}

/** Makes an image the data set's, as a server does. */
async function keep(host: ImageHost, storage: Storage, compresses = false): Promise<Image> {
  const engineFile = { hash: ENGINE_HASH, bytes: async () => new Uint8Array(100) };
  const store = new ImageStore({ ...host.options(), engineFile, deflate });
  store.compresses = compresses;
  const { snapshot, durable } = store.begin(storage, host.engine);
  const named = durable.then(async (image) => {
    const manifest = { history: image.history, earlier: [], image, segments: [] };
    await writeManifest(storage, manifest);
    await store.removeOthers(storage, manifest);
    return image;
  });
  named.catch(() => {});
  await host.finish(snapshot).catch(() => {});
  return named;
}

describe("an image", () => {
  it.each([31, 32, 33, 34])("is memory at the fork under random writes, seed %i", async (seed) => {
    const host = new ImageHost();
    work(host, seed, 3000 * SCALE);
    host.engine.setEffects(true);
    work(host, seed + 1, 100);
    const before = host.engine.digest();
    const snapshot = host.fork();
    const expected = markedPages(host);
    expect(expected.size).toBe(snapshot.pages);
    let ended = false;
    void snapshot.done.finally(() => {
      ended = true;
    });
    for (let round = 0; !ended; round++) {
      if (round < 200) work(host, seed * 1000 + round, 40);
      await host.turnOnce();
    }
    const image = await snapshot.done;
    expect(image.savedByBarrier).toBeGreaterThan(0);
    expect(image.savedByBarrier).toBeLessThan(image.pages);
    expect([...host.storage.files.keys()]).toEqual([image.name]);
    expect(host.engine.isForked).toBe(false);
    expect(host.engine.validate()).toBe(0);

    const engine = await open(host.storage, image.name);
    expect(engine.validate()).toBe(0);
    expect(engine.digest()).toBe(before);
    expect(engine.history()).toBe(image.history);
    expect(engine.position()).toBe(image.offset);
    const wrong = [...expected].filter(([page, content]) => {
      const placed = engine.bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
      return page !== 1 && page >= 0x1300 && !content.equals(Buffer.from(placed));
    });
    expect(wrong.map(([page]) => page)).toEqual([]);
  });
});

describe.each([
  ["memory", () => new MemoryStorage()],
  ["files", () => new NodeStorage(join(mkdtempSync(join(tmpdir(), "quire-images-")), "data"))],
])("images in %s", (_, create: () => Storage) => {
  it("are written, named by a manifest, opened, and replaced", async () => {
    const host = new ImageHost();
    const storage = create();
    work(host, 41, 500);
    for (const compresses of [false, true]) {
      work(host, 42, 50);
      const digest = host.engine.digest();
      const image = await keep(host, storage, compresses);
      const manifest = await readManifest(storage);
      expect(manifest?.image).toEqual({ name: image.name, offset: image.offset });
      const names = [MANIFEST_NAME, image.name, engineFileName(ENGINE_HASH)];
      expect((await storage.list()).sort()).toEqual(names.sort());
      const engine = await open(storage, image.name);
      expect(engine.digest()).toBe(digest);
      expect(engine.validate()).toBe(0);
      host.engine.setEffects(true);
    }
    if (storage instanceof NodeStorage) rmSync(join(storage.place, ".."), { recursive: true });
  });
});

describe("a compressed image", () => {
  it("is smaller, and told from damage", async () => {
    const host = new ImageHost();
    host.run(encode(["SET", "key", "x".repeat(50_000)]));
    const plain = await host.finish(host.fork());
    const packed = await host.finish(host.fork({ deflate }));
    expect(packed.fileBytes).toBeLessThan(plain.fileBytes / 5);
    const engine = await open(host.storage, packed.name);
    expect(engine.digest()).toBe(host.engine.digest());
    const failure = (inflates: Inflate | null) =>
      open(host.storage, packed.name, inflates).then(
        () => "none",
        (cause: Error) => cause.message,
      );
    expect(await failure(null)).toMatch(/compressed images/);
    const content = (await host.storage.readAll(packed.name))!;
    // A stored stream that ends too early, under a checksum that fits.
    const block = content.slice(HEADER_BYTES);
    const header = parseBlock(block);
    block.fill(0, 30, 40);
    sealBlock(block, header);
    content.set(block, HEADER_BYTES);
    host.storage.put(packed.name, content);
    expect(await failure(inflate)).toMatch(/compressed bytes are damaged/);
  });
});

describe("a damaged image", () => {
  /** An image of at most 32 KiB with values of several types. */
  async function small(): Promise<{ storage: MemoryStorage; name: string; content: Uint8Array }> {
    const host = new ImageHost();
    for (const command of ["SET a 1", "SET b text", "SADD s 1"]) {
      host.run(encode(command.split(" ")));
    }
    const image = await host.finish(host.fork());
    const content = (await host.storage.readAll(image.name))!;
    expect(content.length).toBe(image.fileBytes);
    expect(content.length).toBeLessThan(32 * 1024);
    return { storage: host.storage, name: image.name, content };
  }

  const room = new Uint8Array(MEMORY_BYTES);

  async function place(storage: MemoryStorage, name: string): Promise<void> {
    const reader = await ImageReader.open(storage, name);
    await reader.place(room);
  }

  /** What is said of these bytes; "" when nothing. */
  async function saidOf(storage: MemoryStorage, name: string, bytes: Uint8Array): Promise<string> {
    storage.put(name, bytes);
    return place(storage, name).then(
      () => "",
      (cause: Error) => cause.message,
    );
  }

  it("is refused with file and place, whichever byte is flipped", async () => {
    const { storage, name, content } = await small();
    await place(storage, name);
    for (let at = 0; at < content.length; at++) {
      content[at]! ^= 1 << (at & 7);
      const said = await saidOf(storage, name, content);
      content[at]! ^= 1 << (at & 7);
      if (!said.startsWith(`${name} in memory cannot be used, at byte`)) expect(said).toBe(at);
    }
  });

  it("is refused wherever it is cut, and with anything behind its end", async () => {
    const { storage, name, content } = await small();
    for (let bytes = 0; bytes < content.length; bytes++) {
      const said = await saidOf(storage, name, content.subarray(0, bytes));
      if (!/cut off|no image/.test(said)) expect(said).toBe(bytes);
    }
    storage.put(name, Buffer.concat([content, Buffer.alloc(1)]));
    await expect(place(storage, name)).rejects.toThrow(/bytes after its end/);
  });

  it("tells a newer format, a page that comes twice, and memory that is too small", async () => {
    const { storage, name, content } = await small();
    const header = parseHeader(content);
    const block = content.slice(HEADER_BYTES);
    const newer = content.slice();
    newer[8] = 9;
    new DataView(newer.buffer).setUint32(76, xxh32(newer, 0, 76), true);
    storage.put(name, newer);
    await expect(place(storage, name)).rejects.toThrow("format is version 9, this one reads 1");

    block.copyWithin(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + RECORD_BYTES, RECORD_BYTES * 2);
    sealBlock(block, parseBlock(content.slice(HEADER_BYTES)));
    const twice = content.slice();
    twice.set(block, HEADER_BYTES);
    storage.put(name, twice);
    await expect(place(storage, name)).rejects.toThrow(/page \d+ has no place/);

    storage.put(name, content);
    const reader = await ImageReader.open(storage, name);
    const tooSmall = new Uint8Array((header.endPage - 1) * PAGE_BYTES);
    await expect(reader.place(tooSmall)).rejects.toThrow(/needs \d+ MiB of memory/);
  });

  it("is refused when there is none", async () => {
    await expect(ImageReader.open(new MemoryStorage(), "image")).rejects.toThrow(/ENOENT/);
  });
});

describe("a failing storage", () => {
  it("never costs the image before, whichever call fails", async () => {
    for (let failing = 0; ; failing++) {
      const host = new ImageHost();
      work(host, 51, 100);
      const digests = [host.engine.digest()];
      await keep(host, host.storage);
      host.engine.setEffects(true);
      work(host, 52, 100);
      digests.push(host.engine.digest());
      host.storage.failCall(failing);
      const before = host.storage.calls.length;
      const failure = await keep(host, host.storage).then(
        () => undefined,
        (cause: Error) => cause,
      );
      host.storage.onCall = () => {};
      expect(host.engine.isForked).toBe(false);
      const { image } = (await readManifest(host.storage))!;
      const engine = await open(host.storage, image!.name);
      expect(digests).toContain(engine.digest());
      if (failure === undefined) expect(engine.digest()).toBe(digests[1]);
      work(host, 53, 100);
      expect(host.engine.validate()).toBe(0);
      await keep(host, host.storage);
      if (failure === undefined && host.storage.calls.length - before > failing) continue;
      if (failure === undefined) break;
      expect(failure.message).toMatch(/was made to fail/);
    }
  });

  it("holds commands back while 64 MiB wait for it", async () => {
    const host = new ImageHost(undefined, undefined, { memoryBytes: 256 * 1024 * 1024 });
    const fill = (letter: string) => {
      for (let from = 0; from < 20_000; from += 100) {
        const requests = Array.from({ length: 100 }, (_, i) =>
          encode(["SET", `key:${from + i}`, letter.repeat(4000)]),
        );
        host.run(Buffer.concat(requests));
      }
    };
    fill("a");
    const digest = host.engine.digest();
    let release = () => {};
    const stuck = new Promise<void>((resolve) => {
      release = resolve;
    });
    const storage = new MemoryStorage();
    const create = storage.create.bind(storage);
    storage.create = async (name) => {
      await stuck;
      return create(name);
    };
    const snapshot = host.fork({ storage });
    fill("b");
    expect(host.holds).toEqual([true]);
    for (let turn = 0; turn < 100; turn++) await host.turnOnce();
    expect(host.holds).toEqual([true]);
    release();
    const image = await host.finish(snapshot);
    expect(host.holds).toEqual([true, false]);
    const engine = await open(storage, image.name, inflate, 256 * 1024 * 1024);
    expect(engine.digest()).toBe(digest);
  });
});

describe("a snapshot", () => {
  it("that is given up leaves no mark and no file", async () => {
    const host = new ImageHost();
    work(host, 61, 500);
    for (const turns of [0, 1, 2, 5]) {
      const snapshot = host.fork();
      for (let turn = 0; turn < turns; turn++) await host.turnOnce();
      await snapshot.abort("not wanted");
      await expect(snapshot.done).rejects.toThrow("not wanted");
      expect(host.engine.isForked).toBe(false);
      expect(host.engine.pageMap().indexOf(1)).toBe(-1);
      expect(await host.storage.list()).toEqual([]);
      await host.turnOnce();
    }
    const image = await host.finish(host.fork());
    expect(image.savedByBarrier).toBe(0);
  });

  it("runs alone", () => {
    const host = new ImageHost();
    host.fork();
    expect(() => host.fork()).toThrow(/cannot fork now/);
  });

  it("may be finished after the engine has trapped", async () => {
    const host = new ImageHost();
    work(host, 62, 500);
    const digest = host.engine.digest();
    const snapshot = host.fork();
    work(host, 63, 50);
    host.run(encode(["QUIRE", "CONFIGURE", "enable-debug-command", "yes"]));
    expect(() => host.run(encode(["DEBUG", "PANIC"]))).toThrow(/unreachable/);
    const image = await host.finish(snapshot);
    expect((await open(host.storage, image.name)).digest()).toBe(digest);
  });

  it("is written in one go before a stop", async () => {
    const host = new ImageHost();
    work(host, 64, 500);
    const snapshot = host.fork();
    snapshot.saveRest();
    expect(host.engine.isForked).toBe(false);
    const image = await snapshot.done;
    expect((await open(host.storage, image.name)).digest()).toBe(host.engine.digest());
  });

  it("saves a bounded number of pages in a slice, whatever the clock says", async () => {
    const host = new ImageHost();
    for (let i = 0; i < 4000; i++) host.run(encode(["SET", `key:${i}`, "x".repeat(9000)]));
    const snapshot = host.fork({ clock: () => 0 });
    expect(snapshot.pages).toBeGreaterThan(6 * SLICE_PAGES);
    let ended = false;
    void snapshot.done.finally(() => {
      ended = true;
    });
    let mostPages = 0;
    for (let turn = 0; !ended; turn++) {
      expect(turn).toBeLessThan(1000);
      const before = snapshot.savedPages;
      await host.turnOnce();
      mostPages = Math.max(mostPages, snapshot.savedPages - before);
    }
    expect(mostPages).toBeLessThanOrEqual(SLICE_PAGES);
    expect(snapshot.peakBytes).toBeLessThan(8 * 1024 * 1024);
  });

  it("costs a call at most some pages for each key that it changes", async () => {
    const host = new ImageHost();
    const random = randomNumbers(65);
    const keys = 20_000;
    const set = () => encode(["SET", `key:${random(keys)}`, "x".repeat(200 + random(30))]);
    for (let i = 0; i < 2 * keys; i++) host.run(set());
    const snapshot = host.fork();
    let mostPages = 0;
    for (let call = 0; call < 100; call++) {
      const batch = Buffer.concat(Array.from({ length: 64 }, set));
      host.engine.setWord(Exchange.STEPS_PEAK, 0);
      const before = snapshot.savedByBarrier;
      host.run(batch);
      mostPages = Math.max(mostPages, snapshot.savedByBarrier - before);
      expect(host.engine.word(Exchange.STEPS_PEAK)).toBeLessThan(64 * 16);
    }
    // The old entry, the new one, the bucket, and the labels of their slabs.
    expect(mostPages).toBeGreaterThan(64);
    expect(mostPages).toBeLessThan(64 * 5);
    await snapshot.abort("enough seen");
  });

  it("saves in slices that end soon while commands come in", async () => {
    const host = new ImageHost();
    for (let i = 0; i < 300; i++) host.run(encode(["SET", `key:${i}`, "x".repeat(9000)]));
    const snapshot = host.fork();
    let last = snapshot.savedPages;
    let rest = 0;
    for (let turn = 0; turn < 50; turn++) {
      // The loop was busy for 4 ms: a fifth of all time is 1 ms, and no slice is longer.
      host.clock += 4;
      host.inputBytes++;
      await host.turnOnce();
      expect(snapshot.savedPages - last).toBeLessThanOrEqual(8);
      if (snapshot.savedPages === last) rest++;
      last = snapshot.savedPages;
    }
    expect(rest).toBeLessThan(50);
    await snapshot.abort("enough seen");
  });
});

describe("xxh32", () => {
  it("is the published one", () => {
    const sum = (text: string) => xxh32(new TextEncoder().encode(text), 0, text.length);
    expect(sum("")).toBe(0x02cc5d05);
    expect(sum("a")).toBe(0x550d7456);
    expect(sum("abc")).toBe(0x32d153ff);
    expect(sum("Nobody inspects the spammish repetition")).toBe(0xe2293b2f);
  });
});

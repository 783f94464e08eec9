/** Images: what is written is memory at the fork; what is damaged is told; nothing good is lost. */
import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../assembly/abi";
import { Engine } from "../../hosts/shared/engine";
import { ImageReader } from "../../hosts/shared/persistence/image-reader";
import { xxh32 } from "../../hosts/shared/persistence/xxh32";
import { encode, moduleOf } from "../support/engine";
import { ImageHost, MEMORY_BYTES } from "../support/image-host";
import type { MemoryStorage } from "../support/memory-storage";
import { randomNumbers, randomWorkload } from "../support/workload";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);

/** Runs random commands, a few in each call. */
function work(host: ImageHost, seed: number, commands: number): void {
  const random = randomNumbers(seed + 1);
  const next = randomWorkload(seed);
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
async function open(storage: MemoryStorage, name: string): Promise<Engine> {
  const engine = Engine.link(moduleOf("engine.wasm"), {
    memoryBytes: MEMORY_BYTES,
    clock: () => 0,
  });
  const reader = await ImageReader.open(storage, name);
  try {
    await reader.place(engine.bytes);
  } finally {
    reader.close();
  }
  engine.attach({ memoryBytes: MEMORY_BYTES, seed: [7, 7, 7, 7] });
  return engine;
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

describe("xxh32", () => {
  it("is the published one", () => {
    const sum = (text: string) => xxh32(new TextEncoder().encode(text), 0, text.length);
    expect(sum("")).toBe(0x02cc5d05);
    expect(sum("a")).toBe(0x550d7456);
    expect(sum("abc")).toBe(0x32d153ff);
    expect(sum("Nobody inspects the spammish repetition")).toBe(0xe2293b2f);
  });
});

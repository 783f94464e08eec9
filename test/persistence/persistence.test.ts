/** Start, images with the log behind them, the failure rule, traps: over a storage in memory. */
import { describe, expect, it } from "vitest";
import { MemoryStorage } from "../support/memory-storage.js";
import { PersistenceHost } from "../support/persistence-host.js";
import { Random } from "../support/random.js";

/** Writes one after another, each once the one before is answered. */
async function write(host: PersistenceHost, count: number, from = 0): Promise<void> {
  const client = host.client();
  for (let n = from; n < from + count; n++) {
    client.send("SET", `k${n}`, `${n}`);
    await host.turn();
    expect(client.take()).toBe("+OK\r\n");
  }
}

function expectKeys(host: PersistenceHost, count: number): void {
  for (let n = 0; n < count; n++) expect(host.get(`k${n}`)).toBe(`${n}`);
}

async function image(host: PersistenceHost): Promise<void> {
  const { durable } = host.persistence.beginImage();
  await host.turn();
  await durable;
  await host.turn();
}

describe("a start", () => {
  it("brings back what was answered before a kill", async () => {
    const storage = new MemoryStorage();
    await write(await new PersistenceHost(storage).start(), 5);
    const next = await new PersistenceHost(storage.afterKill()).start();
    expectKeys(next, 5);
    await write(next, 3, 5);
    expectKeys(await new PersistenceHost(next.storage.afterKill()).start(), 8);
  });

  it("loads an image and the log behind it, and the files before it are gone", async () => {
    const storage = new MemoryStorage();
    const host = await new PersistenceHost(storage).start();
    await write(host, 4);
    await image(host);
    await write(host, 4, 4);
    await image(host);
    await write(host, 2, 8);
    const names = [...storage.files.keys()].map((name) => name.replace(/-.*\./, "."));
    expect(names.sort()).toEqual([
      "engine.wasm",
      "image.quire",
      "log.aof",
      "log.aof",
      "quire.manifest",
    ]);
    const next = await new PersistenceHost(storage.afterKill()).start();
    expectKeys(next, 10);
    expect(next.sessions.engine.position()).toBe(host.sessions.engine.position());
    expect(next.sessions.engine.history()).toBe(host.sessions.engine.history());
  });

  it("refuses files that no manifest names", async () => {
    const storage = new MemoryStorage();
    await write(await new PersistenceHost(storage).start(), 9);
    const left = storage.afterKill();
    left.files.delete("quire.manifest");
    await expect(new PersistenceHost(left).start()).rejects.toThrow(/no quire.manifest/);
  });

  it("tells what it leaves out of a torn log, or stops", async () => {
    const storage = new MemoryStorage();
    await write(await new PersistenceHost(storage).start(), 3);
    const [name = ""] = [...storage.files.keys()].filter((each) => each.endsWith("-0.aof"));
    const torn = storage.afterKill();
    torn.put(name, (torn.files.get(name)?.content ?? new Uint8Array(0)).slice(0, -5));
    const again = torn.afterKill();
    const host = await new PersistenceHost(torn).start();
    expectKeys(host, 2);
    expect(host.lines.join("\n")).toMatch(/\d+ bytes at offset \d+ of log-.* left out/);
    const strict = new PersistenceHost(again, { cutsTornEnd: false });
    await expect(strict.start()).rejects.toThrow(/aof-load-truncated/);
  });

  it("stops at a damaged manifest", async () => {
    const storage = new MemoryStorage();
    await write(await new PersistenceHost(storage).start(), 3);
    const { content } = storage.files.get("quire.manifest") as { content: Uint8Array };
    for (let at = 0; at < content.length; at += 5) {
      const hurt = storage.afterKill();
      const bytes = content.slice();
      bytes[at] = (bytes[at] as number) ^ 1;
      hurt.put("quire.manifest", bytes);
      await expect(new PersistenceHost(hurt).start()).rejects.toThrow(/quire.manifest in memory/);
    }
  });
});

describe("replies", () => {
  it("leave once the log has what they tell; reads do not wait for others", async () => {
    const host = await new PersistenceHost(new MemoryStorage(), { policy: "always" }).start();
    const writer = host.client();
    const reader = host.client();
    reader.send("GET", "a");
    expect(reader.take()).toBe("$-1\r\n");
    writer.send("SET", "a", "1");
    reader.send("GET", "a");
    expect([writer.take(), reader.take()]).toEqual(["", ""]);
    await host.turn();
    expect([writer.take(), reader.take()]).toEqual(["+OK\r\n", "$1\r\n1\r\n"]);
  });
});

describe("turned on and off", () => {
  it("the log begins with an image, and ends without a loss", async () => {
    const storage = new MemoryStorage();
    const off = { appendonly: false };
    const host = await new PersistenceHost(storage, off).start();
    await write(host, 3);
    expect([...storage.files.keys()]).toEqual([]);
    const on = host.persistence.apply({ ...host.persistence.settings, appendonly: true });
    await host.turn();
    await on;
    await write(host, 3, 3);
    expectKeys(await new PersistenceHost(storage.afterKill()).start(), 6);
    await host.persistence.apply({ ...host.persistence.settings, appendonly: false });
    await write(host, 1, 6);
    const next = await new PersistenceHost(storage.afterKill(), off).start();
    expectKeys(next, 6);
    expect(next.get("k6")).toBeNull();
  });
});

describe("a storage that fails", () => {
  it("makes replies errors, refuses nothing to readers, and is tried again", async () => {
    for (const broken of ["append", "sync", "syncNow"] as const) {
      const storage = new MemoryStorage();
      const always = { policy: "always" } as const;
      const host = await new PersistenceHost(storage, always, broken === "sync").start();
      await write(host, 2);
      storage.onCall = (call) => {
        if (call === broken || call === "create") throw Object.assign(new Error(), { code: "EIO" });
      };
      const client = host.client();
      client.send("SET", "k2", "2");
      await host.turn();
      expect(client.take()).toBe("-MISCONF Errors writing to the AOF file: Input/output error\r\n");
      expect(client.isClosed).toBe(true);
      expect(host.failure).toBe("Input/output error");
      const reader = host.client();
      reader.send("GET", "k1");
      expect(reader.take()).toBe("$1\r\n1\r\n");
      await host.second();
      expect(host.failure).not.toBe("");
      storage.onCall = () => {};
      await host.second();
      await host.second();
      expect(host.failure).toBe("");
      await write(host, 2, 3);
      const next = await new PersistenceHost(storage.afterKill()).start();
      expect(["k0", "k1", "k3", "k4"].map((key) => next.get(key))).toEqual(["0", "1", "3", "4"]);
    }
  });

  it("once, at any call, loses nothing that was answered", async () => {
    for (let index = 0; ; index++) {
      const storage = new MemoryStorage();
      const before = storage.calls.length;
      const answered = await runWithFailure(storage, index);
      const next = await new PersistenceHost(storage.afterKill()).start();
      for (const key of answered) expect(next.get(key)).toBe("v");
      if (storage.calls.length - before <= index) break;
      expect(index).toBeLessThan(300);
    }
  });
});

/** Start, writes, images; one call of the storage fails. Answers the keys that were answered. */
async function runWithFailure(storage: MemoryStorage, index: number): Promise<string[]> {
  storage.failCall(index);
  const answered: string[] = [];
  let host: PersistenceHost;
  try {
    host = await new PersistenceHost(storage, { policy: "always" }, index % 2 === 0).start();
  } catch {
    return answered;
  }
  for (let n = 0; n < 6; n++) {
    const client = host.client();
    client.send("SET", `key${n}`, "v");
    await host.turn();
    if (client.received === "+OK\r\n") answered.push(`key${n}`);
    if (n % 2 === 1) {
      await host.second();
      try {
        host.persistence.beginImage().durable.catch(() => {});
      } catch {
        // the one before has not ended
      }
      await host.turn();
    }
  }
  expect(answered.length).toBeGreaterThan(0);
  return answered;
}

describe("a loss of power", () => {
  it("leaves everything that was answered under always, at any moment", async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = new Random(seed);
      const storage = new MemoryStorage();
      const isSlow = seed % 2 === 0;
      const host = await new PersistenceHost(storage, { policy: "always" }, isSlow).start();
      const answered: string[] = [];
      const client = host.client();
      for (let n = 0; n < 8; n++) {
        client.send("SET", `key${n}`, "v");
        if (random.below(4) === 0) {
          try {
            host.persistence.beginImage().durable.catch(() => {});
          } catch {
            // the one before has not ended
          }
        }
        for (let turn = random.below(8); turn > 0; turn--) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        const count = client.received.split("+OK\r\n").length - 1;
        while (answered.length < count) answered.push(`key${answered.length}`);
      }
      const left = storage.afterPowerLoss((below) => random.below(below));
      const next = await new PersistenceHost(left).start();
      for (const key of answered) expect(next.get(key)).toBe("v");
    }
  });
});

describe("a trap", () => {
  it("takes with it what was not answered, and nothing else", async () => {
    for (const during of ["nothing", "an image"]) {
      const storage = new MemoryStorage();
      const host = await new PersistenceHost(storage).start();
      await write(host, 3);
      await image(host);
      await write(host, 2, 3);
      if (during === "an image") host.persistence.beginImage().durable.catch(() => {});
      host.run("QUIRE", "CONFIGURE", "enable-debug-command", "yes");
      const late = host.client();
      late.send("SET", "late", "1");
      const client = host.client();
      client.send("DEBUG", "PANIC");
      expect(host.trap?.command).toContain("PANIC");
      expect([late.isClosed, late.received, client.received]).toEqual([true, "", ""]);
      await host.recover();
      expectKeys(host, 5);
      await write(host, 2, 5);
      await image(host);
      expectKeys(await new PersistenceHost(storage.afterKill()).start(), 7);
    }
  });
});

/** Start, images with the log behind them, the failure rule, traps: over a storage in memory. */
import { describe, expect, it } from "vitest";
import { Latency, TimedFile } from "../../hosts/shared/persistence/latency.js";
import { type Manifest, readManifest } from "../../hosts/shared/persistence/manifest.js";
import { START_MS } from "../support/engine.js";
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

  it("tells what it cuts off a torn log, or stops", async () => {
    const { torn, name } = await tornLog(3);
    const bytes = torn.files.get(name)?.content.length ?? 0;
    const again = torn.afterKill();
    const host = await new PersistenceHost(torn).start();
    expectKeys(host, 2);
    const found = /: (\d+) bytes from offset (\d+) of (\S+) on, behind position (\d+) and the last/;
    const [, count, offset, file, position] = found.exec(host.lines.join("\n")) ?? [];
    expect([file, Number(offset) + Number(count)]).toEqual([name, bytes]);
    expect(Number(position)).toBe(host.sessions.engine.position());
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

/** A killed log of so many writes, the last of which is torn. */
async function tornLog(count: number): Promise<{ torn: MemoryStorage; name: string }> {
  const storage = new MemoryStorage();
  await write(await new PersistenceHost(storage).start(), count);
  const torn = storage.afterKill();
  const name = tear(torn);
  return { torn, name };
}

/** Cuts the last bytes off the segment that was written last; answers its name. */
function tear(storage: MemoryStorage): string {
  const { files } = storage;
  const used = [...files.keys()].filter(
    (name) => /^log/.test(name) && bytesOf(storage, name) > 300,
  );
  const name = used.at(-1) ?? "";
  storage.put(name, files.get(name)?.content.slice(0, -5) ?? new Uint8Array(0));
  return name;
}

function bytesOf(storage: MemoryStorage, name: string): number {
  return storage.files.get(name)?.content.length ?? 0;
}

async function manifestOf(storage: MemoryStorage): Promise<Manifest> {
  const manifest = await readManifest(storage);
  if (manifest === undefined) throw new Error("there is no manifest");
  return manifest;
}

describe("a cut tail", () => {
  it("begins a new history, which lasts, until an image forgets the one before", async () => {
    const { torn } = await tornLog(3);
    const { history } = await manifestOf(torn);
    const host = await new PersistenceHost(torn).start();
    const next = host.sessions.engine.history();
    const end = host.sessions.engine.position();
    expect(next).not.toBe(history);
    expect(await manifestOf(torn)).toMatchObject({ history: next, earlier: [{ history, end }] });
    await write(host, 3, 2);
    const again = await new PersistenceHost(torn.afterKill()).start();
    expectKeys(again, 5);
    expect(again.sessions.engine.history()).toBe(next);
    expect(again.lines.join()).not.toContain("cut off");
    await image(again);
    expect(await manifestOf(again.storage)).toMatchObject({ history: next, earlier: [] });
    const names = [...again.storage.files.keys()].filter((name) => name.includes(history));
    expect(names).toEqual([]);
    expectKeys(await new PersistenceHost(again.storage.afterKill()).start(), 5);
  });

  it("may come twice, behind an image, and without a log", async () => {
    const storage = new MemoryStorage();
    const host = await new PersistenceHost(storage).start();
    await write(host, 2);
    await image(host);
    await write(host, 3, 2);
    let left = storage.afterKill();
    for (let keys = 4; keys < 7; keys++) {
      tear(left);
      const next = await new PersistenceHost(left).start();
      expectKeys(next, keys);
      await write(next, 2, keys);
      left = left.afterKill();
    }
    expect((await manifestOf(left)).earlier).toHaveLength(3);
    tear(left);
    const silent = await new PersistenceHost(left, { appendonly: false }).start();
    expectKeys(silent, 7);
    const last = await new PersistenceHost(left.afterKill()).start();
    expectKeys(last, 7);
    expect(last.sessions.engine.history()).toBe(silent.sessions.engine.history());
    await write(last, 1, 7);
    expectKeys(await new PersistenceHost(last.storage.afterKill()).start(), 8);
  });

  it("is left by a start that ends anywhere in a directory that opens", async () => {
    const { torn } = await tornLog(6);
    const { history } = await manifestOf(torn);
    const random = new Random(11);
    for (let index = 0; ; index++) {
      const storage = torn.afterKill();
      storage.failCall(index);
      const host = new PersistenceHost(storage);
      const ended = await host.start().catch((cause: Error) => cause);
      for (const left of [
        storage.afterKill(),
        storage.afterPowerLoss((below) => random.below(below)),
      ]) {
        const next = await new PersistenceHost(left).start();
        expectKeys(next, 5);
        expect(next.sessions.engine.history()).not.toBe(history);
        await write(next, 2, 5);
        expectKeys(await new PersistenceHost(left.afterKill()).start(), 7);
      }
      if (!(ended instanceof Error)) break;
      expect(index).toBeLessThan(100);
    }
  });

  it("makes what was before it durable: damage there stops the start", async () => {
    const { torn, name } = await tornLog(4);
    await new PersistenceHost(torn).start();
    const left = torn.afterKill();
    const content = left.files.get(name)?.content ?? new Uint8Array(0);
    for (let at = 0; at < content.length; at += 13) {
      const hurt = left.afterKill();
      const bytes = content.slice();
      bytes[at] = 0;
      hurt.put(name, bytes);
      await expect(new PersistenceHost(hurt).start()).rejects.toThrow(name);
      hurt.put(name, content.slice(0, at));
      await expect(new PersistenceHost(hurt).start()).rejects.toThrow(/memory/);
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

describe("images", () => {
  it("go on in a segment that the manifest names, whatever the log has been through", async () => {
    for (const trouble of ["off", "failure"]) {
      const storage = new MemoryStorage();
      const host = await new PersistenceHost(storage, { policy: "always" }).start();
      const apply = async (appendonly: boolean) => {
        const applied = host.persistence.apply({ ...host.persistence.settings, appendonly });
        await host.turn();
        await applied;
      };
      await write(host, 1);
      if (trouble === "off") {
        await apply(false);
        await image(host);
        await apply(true);
      } else {
        storage.failCall(0);
        host.client().send("SET", "refused", "1");
        await host.turn();
        expect(host.failure).not.toBe("");
        await host.second();
        expect(host.failure).toBe("");
      }
      await host.turn();
      await image(host);
      await write(host, 3, 1);
      expectKeys(await new PersistenceHost(storage.afterKill()).start(), 4);
    }
  });

  it("follow one another, also when the log begins anew meanwhile", async () => {
    for (const appendonly of [false, true]) {
      for (let turns = 0; turns < 30; turns += 2) {
        const storage = new MemoryStorage();
        const host = await new PersistenceHost(storage, { appendonly }).start();
        await write(host, 2);
        const begun: Promise<unknown>[] = [];
        const begin = () => {
          try {
            begun.push(host.persistence.beginImage().durable);
          } catch (cause) {
            expect(cause).toEqual(new Error("another image is being made"));
          }
        };
        if (appendonly) begin();
        else begun.push(host.persistence.apply({ ...host.persistence.settings, appendonly: true }));
        for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve));
        host.run("SET", "later", "1");
        begin();
        await host.turn();
        await Promise.all(begun);
        await write(host, 2, 2);
        const next = await new PersistenceHost(storage.afterKill()).start();
        expectKeys(next, 4);
        expect(next.get("later")).toBe("1");
      }
    }
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

describe("a trap that ends the host", () => {
  it("leaves nothing of its call in the log", async () => {
    const storage = new MemoryStorage();
    const host = await new PersistenceHost(storage).start();
    await write(host, 3);
    host.run("QUIRE", "CONFIGURE", "enable-debug-command", "yes");
    const client = host.client();
    client.sendAll(["SET", "late", "x".repeat(200_000)], ["DEBUG", "PANIC"]);
    expect(host.trap?.command).toContain("PANIC");
    await host.persistence.settle();
    await host.persistence.close();
    const next = await new PersistenceHost(storage.afterKill()).start();
    expectKeys(next, 3);
    expect(next.get("late")).toBeNull();
  });
});

describe("latency", () => {
  const seconds = START_MS / 1000;

  function events(host: PersistenceHost): string[] {
    const reply = host.run("LATENCY", "LATEST") as [Uint8Array, number, number, number][];
    return reply.map(([name, time, last, longest]) => {
      expect([time, last]).toEqual([seconds, longest]);
      return `${Buffer.from(name)} ${last}`;
    });
  }

  async function slowHost(threshold: string): Promise<PersistenceHost> {
    const storage = new MemoryStorage();
    const host = await new PersistenceHost(storage, { policy: "always" }).start();
    host.run("CONFIG", "SET", "latency-monitor-threshold", threshold);
    const slowMs: Record<string, number> = { append: 30, sync: 50, syncNow: 50 };
    storage.onCall = (call) => {
      host.clock += slowMs[call] ?? 0;
    };
    return host;
  }

  it("of appends and syncs comes in under a threshold, and that of the fork", async () => {
    const host = await slowHost("20");
    await write(host, 2);
    const expected = ["aof-fsync-always 50", "aof-write 30", "aof-write-alone 30"];
    expect(events(host).sort()).toEqual(expected);
    host.run("LATENCY", "RESET");
    const client = host.client();
    client.send("SET", "a", "1");
    await Promise.resolve();
    const begun = host.persistence.beginImage();
    client.send("SET", "b", "2");
    await host.turn();
    await begun.durable;
    await host.turn();
    expect(events(host)).toContain("aof-write-active-child 30");
    host.run("CONFIG", "SET", "latency-monitor-threshold", "1");
    await image(host);
    expect(events(host).join()).toMatch(/fork [1-9]/);
  });

  it("tells an append that met a sync from others", async () => {
    const host = await slowHost("20");
    const { sessions, storage } = host;
    const latency = new Latency({
      sessions,
      clock: () => host.clock,
      defer: (run) => void setImmediate(run),
      isAlways: () => false,
    });
    const file = new TimedFile(await storage.create("x"), latency);
    const synced = file.sync();
    file.append(new Uint8Array(1));
    await synced;
    await host.turn();
    expect(events(host).sort()).toEqual(["aof-write 30", "aof-write-pending-fsync 30"]);
  });

  it("is not looked at without a threshold, nor kept below it", async () => {
    for (const threshold of ["0", "51"]) {
      const host = await slowHost(threshold);
      await write(host, 2);
      expect(events(host)).toEqual([]);
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

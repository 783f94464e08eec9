/** The data set moves to another place while commands run: whatever fails, one place has it. */
import { describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { MANIFEST_NAME } from "../../hosts/shared/persistence/manifest";
import { HalfLoaded } from "../../hosts/shared/persistence/reload-log";
import { Pipeline } from "../../hosts/shared/rdb/pipeline";
import { MemoryStorage } from "../support/memory-storage";
import { PersistenceHost } from "../support/persistence-host";
import { Random } from "../support/random";

const TURN = () => new Promise((resolve) => setImmediate(resolve));

interface Run {
  host: PersistenceHost;
  answered: string[];
  error: Error | undefined;
}

/** Writes before, while and after the data set moves; answers whose writes were answered. */
async function move(
  from: MemoryStorage,
  to: MemoryStorage,
  appendonly = true,
  begun: (answered: string[]) => void = () => {},
  meanwhile?: (host: PersistenceHost) => void,
): Promise<Run> {
  const host = await new PersistenceHost(from, { policy: "always", appendonly }).start();
  const answered: string[] = [];
  let count = 0;
  const write = async () => {
    const client = host.client();
    const key = `key${count++}`;
    client.send("SET", key, "v");
    await TURN();
    await TURN();
    if (client.received === "+OK\r\n") answered.push(key);
  };
  for (let n = 0; n < 3; n++) await write();
  await host.turn();
  begun(answered);
  let error: Error | undefined;
  let isOver = false;
  const moved = host.persistence.moveTo(to).then(
    () => {
      isOver = true;
    },
    (cause: Error) => {
      isOver = true;
      error = cause;
    },
  );
  while (!isOver) {
    await write();
    meanwhile?.(host);
    host.now += 500;
    host.persistence.beat(host.now);
  }
  await moved;
  await write();
  await host.turn();
  return { host, answered, error };
}

async function expectKeys(storage: MemoryStorage, keys: readonly string[]): Promise<void> {
  const host = await new PersistenceHost(storage).start();
  for (const key of keys) expect(host.get(key), key).toBe("v");
  expect(host.sessions.engine.validate()).toBe(0);
}

function wasLeft(storage: MemoryStorage): boolean {
  const { content } = storage.files.get(MANIFEST_NAME) as { content: Uint8Array };
  return Buffer.from(content).includes("\nmoved ");
}

describe("a data set that moves", () => {
  it("is whole in the other place, and the old one says where it is", async () => {
    const [from, to] = [new MemoryStorage("old"), new MemoryStorage("/a new\nplace")];
    const { answered, error } = await move(from, to);
    expect(error).toBeUndefined();
    expect(answered.length).toBeGreaterThan(4);
    await expectKeys(to.afterKill(), answered);
    await expect(new PersistenceHost(from.afterKill()).start()).rejects.toThrow(
      "old holds no data any more: the data set was moved to /a new\nplace: start with --dir /a",
    );
  });

  it("without a log is what it was when it moved", async () => {
    const [from, to] = [new MemoryStorage(), new MemoryStorage()];
    const { answered, error } = await move(from, to, false);
    expect(error).toBeUndefined();
    expect([...to.files.keys()].some((name) => name.endsWith(".aof"))).toBe(false);
    await expectKeys(to.afterKill(), answered.slice(0, 3));
  });

  it("is whole in one place when process or machine end at any call", async () => {
    for (let index = 0; ; index++) {
      const [from, to] = [new MemoryStorage(), new MemoryStorage()];
      const random = new Random(index);
      let left = index;
      let found: { from: MemoryStorage; to: MemoryStorage }[] = [];
      let known = 0;
      const look = () => {
        if (left-- !== 0) return;
        const below = (limit: number) => random.below(limit);
        known = answered.length;
        found = [
          { from: from.afterKill(), to: to.afterKill() },
          { from: from.afterPowerLoss(below), to: to.afterPowerLoss(below) },
        ];
      };
      let answered: string[] = [];
      await move(from, to, true, (keys) => {
        answered = keys;
        from.onCall = look;
        to.onCall = look;
      });
      if (found.length === 0) {
        expect(index).toBeGreaterThan(20);
        break;
      }
      for (const places of found) {
        // Whichever place a start takes for that of the data set has all of it.
        const isThere = places.to.files.has(MANIFEST_NAME);
        const isLeft = wasLeft(places.from);
        expect(isThere || !isLeft).toBe(true);
        if (isThere) await expectKeys(places.to, answered.slice(0, known));
        if (!isLeft) await expectKeys(places.from, answered.slice(0, known));
      }
    }
  });

  it("stays where it is, or has moved, whatever call fails", async () => {
    for (const which of ["from", "to"] as const) {
      for (let index = 0; ; index++) {
        const [from, to] = [new MemoryStorage(), new MemoryStorage()];
        let isFailing = false;
        const run = await move(from, to, true, () => {
          const storage = which === "from" ? from : to;
          storage.failCall(index);
          const fail = storage.onCall;
          storage.onCall = (call, name) => {
            try {
              fail(call, name);
            } catch (cause) {
              isFailing = true;
              throw cause;
            }
          };
        });
        if (!isFailing) break;
        await run.host.second();
        await run.host.turn();
        const place = run.host.persistence.storage as MemoryStorage;
        await expectKeys(place.afterKill(), run.answered);
        if (run.error !== undefined) expect(place).toBe(from);
      }
    }
  });

  it("is whole when the engine stops in the middle", async () => {
    for (let index = 0; ; index++) {
      const [from, to] = [new MemoryStorage(), new MemoryStorage()];
      let left = index;
      let recovered: Promise<void> | undefined;
      const host = await new PersistenceHost(from, { policy: "always" }).start();
      const write = async (key: string) => {
        const client = host.client();
        client.send("SET", key, "v");
        await host.turn();
        expect(client.take()).toBe("+OK\r\n");
      };
      await write("before");
      const stop = () => {
        if (left-- !== 0) return;
        setImmediate(() => {
          host.client().send("DEBUG", "PANIC");
          recovered = host.recover();
        });
      };
      host.run("QUIRE", "CONFIGURE", "enable-debug-command", "yes");
      from.onCall = stop;
      to.onCall = stop;
      const moved = await host.persistence.moveTo(to).then(
        () => true,
        () => false,
      );
      await host.turn();
      await recovered;
      await host.turn();
      await write("after");
      const place = host.persistence.storage as MemoryStorage;
      expect(place).toBe(moved ? to : from);
      await expectKeys(place.afterKill(), ["before", "after"]);
      if (recovered === undefined) break;
      expect(index).toBeLessThan(200);
    }
  });

  it("stays while the log is turned off, which waits for the move", async () => {
    for (const appendonly of [true, false]) {
      const [from, to] = [new MemoryStorage(), new MemoryStorage()];
      let applied: Promise<void> | undefined;
      const toggle = (host: PersistenceHost) => {
        const { settings } = host.persistence;
        applied ??= host.persistence.apply({ ...settings, appendonly: !appendonly });
      };
      const { host, answered, error } = await move(from, to, appendonly, () => {}, toggle);
      await applied;
      expect(error).toBeUndefined();
      const client = host.client();
      client.send("SET", "last", "v");
      await host.turn();
      expect(client.take()).toBe("+OK\r\n");
      const kept = appendonly ? answered.slice(0, -1) : [...answered, "last"];
      await expectKeys(to.afterKill(), kept);
    }
  });

  it("is not aborted when it is all but done, and stays when it is", async () => {
    for (const turns of [0, 1, 3, 10, 30, 60]) {
      const [from, to] = [new MemoryStorage(), new MemoryStorage()];
      const host = await new PersistenceHost(from).start();
      host.client().send("SET", "key", "v");
      await host.turn();
      const moved = host.persistence.moveTo(to).then(
        () => to,
        () => from,
      );
      for (let n = 0; n < turns; n++) await TURN();
      await host.persistence.close();
      expect(host.persistence.storage).toBe(await moved);
      await expectKeys((await moved).afterKill(), ["key"]);
    }
  });

  it("leaves a place whose log has failed", async () => {
    const [from, to] = [new MemoryStorage(), new MemoryStorage()];
    const host = await new PersistenceHost(from, { policy: "always" }).start();
    host.client().send("SET", "key0", "v");
    await host.turn();
    from.onCall = () => {
      throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    host.client().send("SET", "key1", "v");
    await host.turn();
    expect(host.failure).toBe("No space left on device");
    await host.persistence.moveTo(to);
    await host.turn();
    expect(host.failure).toBe("");
    const client = host.client();
    client.send("SET", "key2", "v");
    await host.turn();
    expect(client.received).toBe("+OK\r\n");
    await expectKeys(to.afterKill(), ["key0", "key2"]);
  });
});

describe("a log that is loaded again", () => {
  it("gives the same data, and the sessions stay", async () => {
    const host = await new PersistenceHost(new MemoryStorage()).start();
    const client = host.client();
    client.send("SELECT", "3");
    client.send("RPUSH", "list", "a", "b");
    client.send("SET", "key", "v", "PX", "100000");
    await host.turn();
    const digest = host.run("DEBUG", "DIGEST");
    const unlogged = new Pipeline(host.sessions, SessionFlag.INTERNAL | SessionFlag.REPLAY);
    unlogged.run([
      ["SET", "unlogged", "v"],
      ["DEL", "list"],
    ]);
    unlogged.close();
    expect(host.run("DEBUG", "DIGEST")).not.toEqual(digest);
    client.take();
    await host.persistence.reload(16);
    expect(host.run("DEBUG", "DIGEST")).toEqual(digest);
    client.send("LLEN", "list");
    client.send("SET", "later", "v");
    await host.turn();
    expect(client.take()).toBe(":2\r\n+OK\r\n");
    const next = await new PersistenceHost(
      (host.persistence.storage as MemoryStorage).afterKill(),
    ).start();
    expect(next.run("DEBUG", "DIGEST")).toEqual(host.run("DEBUG", "DIGEST"));
  });

  it("changes nothing when the files are damaged or end too early", async () => {
    for (const cut of [false, true]) {
      const storage = new MemoryStorage();
      const host = await new PersistenceHost(storage, { policy: "always" }).start();
      for (const key of ["one", "two", "three"]) {
        host.client().send("SET", key, "v");
        await host.turn();
      }
      const [name = ""] = [...storage.files.keys()].filter((each) => each.endsWith("-0.aof"));
      const file = storage.files.get(name) as { content: Uint8Array };
      const whole = file.content.slice();
      if (cut) file.content = whole.slice(0, -10);
      else file.content[300] = (whole[300] as number) ^ 1;
      await expect(host.persistence.reload(16)).rejects.toThrow(cut ? "end at position" : name);
      file.content = whole;
      for (const key of ["one", "two", "three"]) expect(host.get(key)).toBe("v");
      await host.persistence.reload(16);
      expect(host.get("three")).toBe("v");
    }
  });

  it("says when the engine in use does not take all of it", async () => {
    const host = await new PersistenceHost(new MemoryStorage()).start();
    host.run("SET", "key", "v");
    const { receive } = host.sessions;
    const refused = new TextEncoder().encode("*1\r\n$4\r\nNONE\r\n");
    let replay: unknown;
    host.sessions.receive = (session, chunk, bytes) => {
      if (session === replay) return receive.call(host.sessions, session, refused);
      if (Buffer.from(chunk).includes("FLUSHALL")) replay = session;
      receive.call(host.sessions, session, chunk, bytes);
    };
    await expect(host.persistence.reload(16)).rejects.toThrow(HalfLoaded);
  });

  it("is refused where there is none", async () => {
    const host = await new PersistenceHost(new MemoryStorage(), { appendonly: false }).start();
    await expect(host.persistence.reload(16)).rejects.toThrow("there is no log");
  });
});

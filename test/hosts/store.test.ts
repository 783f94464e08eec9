/** The store inside a program. */
import { afterEach, describe, expect, it } from "vitest";
import { openStore, ReplyError, type Store } from "../../hosts/node/index.js";

const MEMORY_BYTES = 64 * 1024 * 1024;
let store: Store;
afterEach(() => store.close());

describe("openStore", () => {
  it("answers commands, at once or awaited", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    expect(await store.command("SET", "a", "1")).toBe("OK");
    expect(store.commandSync("INCRBY", "a", 4)).toBe(5);
    expect(await store.command("GET", "none")).toBeNull();
    expect(await store.command("MGET", "a", "none")).toEqual(["5", null]);
  });

  it("rejects with the error reply", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    await expect(store.command("NONSENSE")).rejects.toThrow(ReplyError);
    expect(() => store.commandSync("SET", "a")).toThrow(/wrong number of arguments/);
  });

  it("runs a pipeline in one call, errors among the answers", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    const replies = await store.pipeline([
      ["SET", "a", "x"],
      ["INCR", "a"],
      ["GET", "a"],
    ]);
    expect(replies[0]).toBe("OK");
    expect(replies[1]).toBeInstanceOf(ReplyError);
    expect(replies[2]).toBe("x");
  });

  it("keeps bytes as they are", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES, bytes: true });
    const bytes = new Uint8Array(100_000).map((_, i) => i % 251);
    await store.command("SET", bytes.subarray(0, 10), bytes);
    expect(await store.command("GET", bytes.subarray(0, 10))).toEqual(bytes);
  });

  it("has the clock it is given", async () => {
    let now = 1_700_000_000_000;
    store = await openStore({ memoryBytes: MEMORY_BYTES, now: () => now });
    await store.command("SET", "a", "1", "PX", 100);
    now += 99;
    expect(await store.command("GET", "a")).toBe("1");
    now += 1;
    expect(await store.command("GET", "a")).toBeNull();
  });

  it("gives maps as Map after HELLO 3", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    expect(await store.command("HELLO", 3)).toBeInstanceOf(Map);
    expect(await store.command("CONFIG", "GET", "timeout")).toEqual(new Map([["timeout", "0"]]));
  });

  it("waits for a key while the program goes on", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    await store.command("SELECT", 2);
    await store.command("HELLO", 3);
    const popped = store.command("BLPOP", "queue", 0);
    const scored = store.command("BZPOPMIN", "scores", 0);
    expect(await store.command("RPUSH", "queue", "a", "b")).toBe(2);
    expect(await popped).toEqual(["queue", "a"]);
    expect(store.commandSync("LPOP", "queue")).toBe("b");
    await store.command("ZADD", "scores", 1.5, "m");
    expect(await scored).toEqual(["scores", "m", 1.5]);
    expect(await store.command("BLPOP", "queue", 0.01)).toBeNull();
    expect(await store.command("DBSIZE")).toBe(0);
  });

  it("answers what follows a waiting command in a pipeline after it", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    const replies = store.pipeline([
      ["BLPOP", "queue", 0],
      ["SET", "after", "1"],
    ]);
    expect(await store.command("EXISTS", "after")).toBe(0);
    await store.command("RPUSH", "queue", "x");
    expect(await replies).toEqual([["queue", "x"], "OK"]);
  });

  it("gives up a wait that was to answer at once", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    expect(() => store.commandSync("BLPOP", "queue", 0)).toThrow(/does not answer at once/);
    expect(store.commandSync("RPUSH", "queue", "x")).toBe(1);
    expect(store.commandSync("LLEN", "queue")).toBe(1);
  });

  it("rejects waits when it is closed", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    const waits = [store.command("BLPOP", "a", 0), store.command("BLPOP", "b", 100)];
    await store.close();
    for (const wait of waits) await expect(wait).rejects.toThrow("the store is closed");
  });

  it("refuses commands after it is closed", async () => {
    store = await openStore({ memoryBytes: MEMORY_BYTES });
    await store.close();
    await expect(store.command("PING")).rejects.toThrow(/closed/);
  });
});

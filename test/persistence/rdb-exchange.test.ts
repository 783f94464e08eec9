// RDB files between redis-server and the engine, in both directions; the engine alone with itself.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReplyError, type Status } from "../../hosts/shared/protocol/resp";
import { FileError, MemorySource } from "../../hosts/shared/rdb/cursor";
import { loadRdb } from "../../hosts/shared/rdb/loader";
import { parameterOf } from "../../hosts/shared/rdb/pipeline";
import { reload } from "../../hosts/shared/rdb/reload";
import { RdbWalker } from "../../hosts/shared/rdb/walker";
import { writeRdb } from "../../hosts/shared/rdb/writer";
import { type HostEngine, hostEngine, NOW_MS } from "../support/host-engine";
import {
  eightBytes,
  fill,
  fillingCommands,
  type Parts,
  rdbFile,
  savedFile,
  THRESHOLDS,
} from "../support/rdb";
import { double, intset, listpack, text, ziplist, zipmap } from "../support/rdb-values";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";

const SEED = 4711;

function fillEngine({ pipeline }: HostEngine, commands: readonly string[][]): void {
  const latin1 = commands.map((words) => words.map((word) => Buffer.from(word, "latin1")));
  const replies = pipeline.run(latin1);
  expect(replies.filter((reply) => reply instanceof ReplyError)).toEqual([]);
}

function useThresholds({ pipeline }: HostEngine, index: number): void {
  for (const [name, value] of Object.entries(THRESHOLDS[index] ?? {})) {
    pipeline.one("CONFIG", "SET", name, value);
  }
}

function digest({ pipeline }: HostEngine): string {
  return (pipeline.one("DEBUG", "DIGEST") as Status).text;
}

function load({ sessions }: HostEngine, file: Uint8Array, replace = false) {
  return loadRdb(new MemorySource("x.rdb", [file]), sessions, {
    nowMs: NOW_MS,
    databases: 16,
    replace,
  });
}

function write({ sessions }: HostEngine): Buffer {
  const pieces: Buffer[] = [];
  const send = (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes));
  writeRdb(sessions, { nowMs: NOW_MS, send });
  return Buffer.concat(pieces);
}

describe("an RDB file of the engine", () => {
  it.each([0, 1, 2])("loaded again is the same data set (thresholds %i)", (index) => {
    const engine = hostEngine();
    useThresholds(engine, index);
    fillEngine(engine, fillingCommands(SEED + index, 300));
    const file = write(engine);
    const other = hostEngine();
    const loader = load(other, file);
    expect(digest(other)).toBe(digest(engine));
    expect(loader).toMatchObject({ stored: 300, expired: 0, leftOut: 0 });
    expect(loader.walker.isChecked).toBe(true);
    expect(other.engine.validate()).toBe(0);
    const written = (each: HostEngine) => each.pipeline.one("INFO", "keyspace")?.toString();
    expect(written(other)).toBe(written(engine));
  });

  it("leaves out what has expired, when it is loaded", () => {
    const engine = hostEngine();
    fillEngine(engine, [
      ["SET", "a", "1", "PXAT", `${NOW_MS + 5}`],
      ["SET", "b", "2"],
    ]);
    const file = write(engine);
    const other = hostEngine();
    const source = new MemorySource("x.rdb", [file]);
    const loader = loadRdb(source, other.sessions, { nowMs: NOW_MS + 6, databases: 16 });
    expect(loader).toMatchObject({ stored: 1, expired: 1 });
    expect(other.pipeline.one("DBSIZE")).toBe(1);
  });

  it("has the idle times or the frequencies that the policy needs", () => {
    const engine = hostEngine();
    fillEngine(engine, [
      ["SET", "a", "1"],
      ["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"],
    ]);
    const walker = new RdbWalker(new MemorySource("x.rdb", [write(engine)]));
    expect(walker.next()?.frequency).toBeTypeOf("number");
    fillEngine(engine, [["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]]);
    const second = new RdbWalker(new MemorySource("x.rdb", [write(engine)]));
    expect(second.next()?.idleSeconds).toBeTypeOf("number");
  });

  it("with a long value goes out and in", () => {
    const engine = hostEngine();
    const long = Buffer.alloc(3_000_000, "0123456789 long ");
    engine.pipeline.one("CONFIG", "SET", "rdbcompression", "no");
    engine.pipeline.one("SET", "long", long);
    engine.pipeline.one("RPUSH", "list", long, "short");
    const other = hostEngine();
    load(other, write(engine));
    expect(digest(other)).toBe(digest(engine));
  });
});

describe("a file put together by hand", () => {
  const FAR = 4_000_000_000_000;

  /** What the engine holds under "k" of a file that holds this value there. */
  function loaded(header: string, type: number, value: Parts): HostEngine {
    const engine = hostEngine();
    load(engine, rdbFile(header, [type, "k", value, 0, "after", "x"]));
    expect(engine.pipeline.one("DBSIZE")).toBe(2);
    expect(engine.engine.validate()).toBe(0);
    return engine;
  }

  function texts(engine: HostEngine, ...command: string[]): string[] {
    const reply = engine.pipeline.one(...command) as Uint8Array[];
    return reply.map((item) => Buffer.from(item).toString());
  }

  it.each(["REDIS0001", "REDIS0004", "REDIS0005", "REDIS0013", "REDIS0014", "VALKEY080"])(
    "with the header %s has its strings",
    (header) => {
      const engine = loaded(header, 0, [0xc2, 1, 2, 0, 0]);
      expect(engine.pipeline.one("INCR", "k")).toBe(514);
      const packed = loaded(header, 0, [0xc3, 5, 10, 0, 65, 0xe0, 0, 0]);
      expect(packed.pipeline.one("STRLEN", "k")).toBe(10);
    },
  );

  it.each([
    ["a list", 1, [2, "a", 0xc0, 5], ["LRANGE", "k", "0", "-1"], "a 5"],
    ["a ziplist", 10, [text(ziplist("a", 5))], ["LRANGE", "k", "0", "-1"], "a 5"],
    ["ziplists", 14, [2, text(ziplist("a")), text(ziplist(5))], ["LRANGE", "k", "0", "-1"], "a 5"],
    ["nodes", 18, [2, 2, text(listpack("a")), 1, "5"], ["LRANGE", "k", "0", "-1"], "a 5"],
    ["an intset", 11, [text(intset(2, 3, 300))], ["SMEMBERS", "k"], "3 300"],
    ["a set listpack", 20, [text(listpack("a"))], ["SMEMBERS", "k"], "a"],
    [
      "scores as text",
      3,
      [1, "m", 3, 50, 46, 53],
      ["ZRANGE", "k", "0", "-1", "WITHSCORES"],
      "m 2.5",
    ],
    ["scores", 5, [1, "m", double(2.5)], ["ZRANGE", "k", "0", "-1", "WITHSCORES"], "m 2.5"],
    ["a scored ziplist", 12, [text(ziplist("m", "2.5"))], ["ZSCORE", "k", "m"], undefined],
    ["a zipmap", 9, [text(zipmap(["f", "v"]))], ["HGETALL", "k"], "f v"],
    ["a hash ziplist", 13, [text(ziplist("f", "v"))], ["HGETALL", "k"], "f v"],
    ["a hash listpack", 16, [text(listpack("f", "v"))], ["HGETALL", "k"], "f v"],
    ["a hash with times", 24, [eightBytes(FAR), 1, 5, "f", "v"], ["HGETALL", "k"], "f v"],
  ] as [string, number, Parts, string[], string | undefined][])(
    "has %s",
    (_, type, value, command, expected) => {
      const engine = loaded("REDIS0012", type, value);
      if (expected !== undefined) expect(texts(engine, ...command).join(" ")).toBe(expected);
    },
  );

  it("has hashes of Valkey whose fields expire", () => {
    const fields = [2, "f", "v", eightBytes(FAR), "g", "w", eightBytes(-1)];
    const engine = loaded("VALKEY080", 22, fields);
    expect(engine.pipeline.one("HPEXPIRETIME", "k", "FIELDS", "2", "f", "g")).toEqual([FAR, -1]);
  });
});

describe("a file that cannot be loaded", () => {
  it("says which key is there twice", () => {
    const engine = hostEngine();
    fillEngine(engine, [["SET", "a", "1"]]);
    const file = write(engine);
    expect(() => load(engine, file)).toThrow(/key "a" of database 0.*it is in the file twice/);
    expect(() => load(engine, file, true)).not.toThrow();
  });

  it("says when a database is missing or the memory is full", () => {
    const engine = hostEngine();
    fillEngine(engine, [
      ["SELECT", "15"],
      ["SET", "a", "x".repeat(9_000_000)],
    ]);
    const source = new MemorySource("x.rdb", [write(engine)]);
    const { sessions } = hostEngine();
    expect(() => loadRdb(source, sessions, { nowMs: NOW_MS, databases: 4 })).toThrow(
      'key "a" of database 15: this server has 4 databases: raise `databases`',
    );
    const small = hostEngine(26 * 1024 * 1024);
    fillEngine(engine, [["CONFIG", "SET", "rdbcompression", "no"]]);
    expect(() => load(small, write(engine))).toThrow(/the memory is full/);
  });
});

describe("a damaged file", () => {
  /** The file, with a flipped bit in each byte in turn, or cut before it. */
  function* damaged(file: Uint8Array, hasSum: boolean): Generator<[string, Uint8Array]> {
    for (let at = 0; at < file.length; at++) {
      const flipped = Uint8Array.from(file);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      if (!hasSum) flipped.fill(0, file.length - 8);
      yield [`flipped byte ${at}`, flipped];
      if (hasSum) yield [`cut at ${at}`, file.subarray(0, at)];
    }
  }

  it.each([true, false])("is refused or harmless (with a checksum: %s)", (hasSum) => {
    const engine = hostEngine();
    fillEngine(
      engine,
      fillingCommands(SEED + 40, 40).filter((words) => words.join("").length < 300),
    );
    const file = write(engine);
    const before = digest(engine);
    const target = hostEngine();
    expect(file.length).toBeGreaterThan(1000);
    for (const [name, bytes] of damaged(file, hasSum)) {
      target.pipeline.one("FLUSHALL", "SYNC");
      let error: unknown;
      try {
        load(target, bytes);
      } catch (cause) {
        error = cause;
      }
      expect(target.engine.trap, name).toBeUndefined();
      if (error !== undefined) expect(error, name).toBeInstanceOf(FileError);
      else if (hasSum) expect(digest(target), name).toBe(before);
    }
    expect(target.engine.validate()).toBe(0);
  });
});

describe("maxmemory", () => {
  it("evicts and refuses nothing while a file is loaded", () => {
    const engine = hostEngine();
    fillEngine(engine, fillingCommands(SEED, 100));
    const file = write(engine);
    for (const policy of ["noeviction", "allkeys-lru"]) {
      const target = hostEngine();
      target.pipeline.one("CONFIG", "SET", "maxmemory-policy", policy);
      target.pipeline.one("CONFIG", "SET", "maxmemory", "1mb");
      load(target, file);
      expect(digest(target)).toBe(digest(engine));
    }
  });
});

describe("DEBUG RELOAD", () => {
  it("changes nothing and leaves no effects", () => {
    const engine = hostEngine();
    fillEngine(engine, fillingCommands(SEED, 100));
    fillEngine(engine, [["HSET", "times", "f", "v", "g", "w"]]);
    engine.pipeline.one("HPEXPIREAT", "times", "4000000000000", "FIELDS", "1", "f");
    engine.engine.setEffects(true);
    const before = digest(engine);
    const setEffects = (on: boolean) => engine.engine.setEffects(on);
    reload(engine.sessions, { flags: 0, nowMs: NOW_MS, saved: undefined, setEffects });
    expect(digest(engine)).toBe(before);
    expect(engine.effects()).toBe("");
    const times = engine.pipeline.one("HPEXPIRETIME", "times", "FIELDS", "2", "f", "g");
    expect(times).toEqual([4_000_000_000_000, -1]);
    expect(parameterOf(engine.pipeline, "rdb-version")).toBe("10");
    fillEngine(engine, [["SET", "after", "1"]]);
    expect(engine.effects()).toContain("after");
    expect(engine.engine.validate()).toBe(0);
  });
});

describe.skipIf(!hasRedisServer())("redis-server", () => {
  let server: RedisServer;
  let client: RedisClient;
  let folder: string;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = await server.connect();
    folder = mkdtempSync(join(tmpdir(), "quire-rdb-"));
  });

  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([0, 1, 2])("writes what the engine loads (thresholds %i)", async (index) => {
    await client.ask("FLUSHALL");
    for (const [name, value] of Object.entries(THRESHOLDS[index] ?? {})) {
      await client.ask("CONFIG", "SET", name, value);
    }
    await fill(client, fillingCommands(SEED + 10 + index, 300));
    const engine = hostEngine();
    load(engine, await savedFile(client));
    expect(`+${digest(engine)}\r\n`).toBe(await client.ask("DEBUG", "DIGEST"));
    expect(engine.engine.validate()).toBe(0);
  });

  it.each([0, 1, 2])("loads what the engine writes (thresholds %i)", async (index) => {
    const engine = hostEngine();
    useThresholds(engine, index);
    fillEngine(engine, fillingCommands(SEED + 20 + index, 300));
    writeFileSync(join(folder, "dump.rdb"), write(engine));
    const loading = await RedisServer.start(["--dir", folder]);
    try {
      const other = await loading.connect();
      while ((await other.ask("PING")) !== "+PONG\r\n");
      expect(await other.ask("DEBUG", "DIGEST")).toBe(`+${digest(engine)}\r\n`);
    } finally {
      await loading.stop();
    }
  });

  it("writes streams, which are left out and counted when that is asked for", async () => {
    await client.ask("FLUSHALL");
    await fill(client, [
      ["SET", "a", "1"],
      ["XADD", "stream", "1-1", "f", "v"],
      ["SET", "b", "2"],
    ]);
    const file = await savedFile(client);
    const source = new MemorySource("dump.rdb", [file]);
    const options = { nowMs: NOW_MS, databases: 16 };
    expect(() => loadRdb(source, hostEngine().sessions, options)).toThrow(
      /key "stream" of database 0 has type 19 \(stream\): --import-skip leaves such keys out/,
    );
    const engine = hostEngine();
    const loader = loadRdb(source, engine.sessions, { ...options, skipUnknown: true });
    expect(loader).toMatchObject({ stored: 2, leftOut: 1 });
  });
});

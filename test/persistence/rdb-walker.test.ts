// The walker over RDB files: files of redis-server, files put together by hand, damaged files.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileError, type FileSource, MemorySource } from "../../hosts/shared/rdb/cursor";
import { RestoreWriter } from "../../hosts/shared/rdb/restore-writer";
import { quoteKey, type RdbKey, RdbWalker } from "../../hosts/shared/rdb/walker";
import { eightBytes, fill, fillingCommands, rdbFile, savedFile, THRESHOLDS } from "../support/rdb";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";

function walk(file: FileSource | Uint8Array): RdbKey[] {
  const walker = new RdbWalker(
    file instanceof Uint8Array ? new MemorySource("x.rdb", [file]) : file,
  );
  const keys: RdbKey[] = [];
  for (let key = walker.next(); key !== undefined; key = walker.next()) keys.push(key);
  return keys;
}

/** "key type start-end" of each key. */
function outline(file: Uint8Array): string[] {
  return walk(file).map(({ key, type, start, end, database, expiryMs }) => {
    const rest = `${database === 0 ? "" : ` db${database}`}${expiryMs ? ` until ${expiryMs}` : ""}`;
    return `${quoteKey(key)} ${type} ${end - start}${rest}`;
  });
}

function failure(file: Uint8Array): string {
  try {
    walk(file);
  } catch (cause) {
    if (cause instanceof FileError) return cause.message;
    throw cause;
  }
  return "";
}

describe("an RDB file made by hand", () => {
  it("of version 1 has its keys, with expiries in seconds", () => {
    const body = [254, 0, 0, "a", "1", 253, 0, 0, 0, 127, 1, "list", 2, "x", 0xc0, 5, 254, 3, 0];
    expect(outline(rdbFile("REDIS0001", [...body, "b", 0xc1, 1, 2]))).toEqual([
      '"a" 0 2',
      '"list" 1 5 until 2130706432000',
      '"b" 0 3 db3',
    ]);
  });

  it.each([
    ["a string of 64 bits length", 0, [0x81, 0, 0, 0, 0, 0, 0, 0, 1, 65]],
    ["a compressed string", 0, [0xc3, 4, 10, 1, 65, 66, 0xe0]],
    ["a set", 2, [2, "a", "b"]],
    ["a sorted set with text", 3, [4, "a", 253, "b", 254, "c", 255, "d", 3, 49, 46, 53]],
    ["a hash", 4, [1, "f", "v"]],
    ["a sorted set", 5, [1, "m", eightBytes(7)]],
    ["a zipmap", 9, ["\x01\x01a\x01\0b\xff"]],
    ["a list of ziplists", 14, [2, "zip1", "zip2"]],
    ["a list of listpacks", 18, [2, 1, "plain", 2, "packed"]],
    ["a hash whose fields expire, early", 22, [2, 0, "f", "v", 0x80, 0, 1, 0, 0, "g", "w"]],
    ["a listpack hash whose fields expire, early", 23, ["listpack"]],
    ["a hash whose fields expire", 24, [eightBytes(1e12), 2, 0, "f", "v", 5, "g", "w"]],
    ["a listpack hash whose fields expire", 25, [eightBytes(1e12), "listpack"]],
    [
      "a module's value",
      7,
      [0x81, eightBytes(1), 2, 5, 1, 6, 3, 0, 0, 0, 0, 4, eightBytes(1), 5, "x", 0],
    ],
    [
      "a stream",
      15,
      [
        1,
        "id",
        "entries",
        1,
        2,
        3,
        1,
        "group",
        1,
        2,
        1,
        "0123456789abcdef".split("").map((c) => c.charCodeAt(0)),
        eightBytes(1),
        1,
        1,
        "consumer",
        eightBytes(1),
        1,
        "0123456789abcdef".split("").map((c) => c.charCodeAt(0)),
      ],
    ],
    ["a stream of version 2", 19, [0, 1, 2, 3, 1, 2, 3, 4, 5, 1, "group", 1, 2, 3, 0, 0]],
    [
      "a stream of version 3",
      21,
      [0, 1, 2, 3, 1, 2, 3, 4, 5, 1, "g", 1, 2, 3, 0, 1, "c", eightBytes(1), eightBytes(2), 0],
    ],
  ] as const)("ends %s where it ends", (_, type, value) => {
    const parts = value as unknown as Parameters<typeof rdbFile>[1];
    const bytes = rdbFile("REDIS0012", [parts]).length - 18;
    const file = rdbFile("REDIS0012", [type, "k", parts, 0, "next", "v"]);
    expect(outline(file)).toEqual([`"k" ${type} ${bytes}`, '"next" 0 2']);
  });
});

describe("an RDB file's opcodes", () => {
  it("are passed over", () => {
    const body = [
      [250, "redis-ver", "7.2.4", 250, "ctime", 0xc2, 1, 2, 3, 4],
      [247, 0x81, eightBytes(1), 2, 2, 5, "data", 0],
      [245, "#!lua name=x"],
      [254, 0, 251, 2, 1, 244, 1, 1, 0],
      [248, 0x41, 0, 0, "idle", "v"],
      [249, 7, 252, eightBytes(1234567890123n), 0, "often", "v"],
    ];
    const walker = new RdbWalker(new MemorySource("x", [rdbFile("REDIS0012", body)]));
    expect(walker.next()).toMatchObject({ idleSeconds: 256, frequency: undefined });
    expect(walker.next()).toMatchObject({ frequency: 7, expiryMs: 1234567890123n });
    expect(walker.next()).toBeUndefined();
    expect(walker.aux.get("redis-ver")).toBe("7.2.4");
    expect(walker.aux.get("ctime")).toBe("67305985");
    expect(walker).toMatchObject({ functions: 1, moduleData: 1, keys: 2, isChecked: true });
  });

  it("of Valkey are passed over, and its hashes with expiring fields end where they end", () => {
    const body = [243, "job", 1, 1, 2, 244, 1, 1, 0, 22, "h", 1, "f", "v", eightBytes(-1)];
    const file = rdbFile("VALKEY080", [...body, 0, "s", "v"]);
    expect(outline(file)).toEqual(['"h" 22 13', '"s" 0 2']);
  });

  it("of modules' metadata are passed over in Redis's files", () => {
    const body = [243, 1, 1, 2, 3, 4, 5, "data", 0, 0, "s", "v"];
    expect(outline(rdbFile("REDIS0013", body))).toEqual(['"s" 0 2']);
  });
});

describe("a file that cannot be used", () => {
  it.each([
    ["", "byte 0: the file is empty"],
    ["hello world", "byte 0: this is no RDB file: it does not begin with REDIS or VALKEY"],
    ["REDIS", "byte 5: the file ends here too early: 9 bytes should follow, 5 do"],
    ["REDISabcd", 'byte 5: "abcd" is no version of the format'],
    ["REDIS0000", 'byte 5: "0000" is no version of the format'],
    ["REDIS0011", "byte 9: the file ends here too early: 1 bytes should follow, 0 do"],
  ])("says so: %s", (text, message) => {
    expect(failure(Buffer.from(text))).toContain(message.replace("byte 5: the", "byte 0: the"));
  });

  it("names a key whose type is not known, and that the file is newer", () => {
    const file = rdbFile("REDIS0015", [0, "a", "b", 31, "thing", 1, 2, 3]);
    expect(failure(file)).toBe(
      'x.rdb, byte 14: key "thing" of database 0 has type 31, which is not known here' +
        " (the file has version 15 of the format, 13 is known here)",
    );
  });

  it("has a checksum that does not fit, unless it has none", () => {
    const file = rdbFile("REDIS0011", [0, "a", "b"]);
    file[13] = 99;
    expect(failure(file)).toBe("x.rdb, byte 15: the checksum does not fit: the file is damaged");
    expect(failure(rdbFile("REDIS0011", [0, "a", "c"], false))).toBe("");
  });

  it("with wrong lengths ends at once", () => {
    const huge = [0x81, 127, 255, 255, 255, 255, 255, 255, 255];
    for (const value of [
      [0, "k", huge],
      [1, "k", huge],
      [4, "k", huge],
      [21, "k", huge],
      [0, huge],
    ]) {
      expect(failure(rdbFile("REDIS0011", value))).toMatch(/too early|more than the rest/);
    }
    expect(failure(rdbFile("REDIS0011", [0, 0xc3, 4, huge, 1, 2, 3, 4]))).toContain("damaged");
  });
});

const SEED = 20261;

describe.skipIf(!hasRedisServer())("a file of redis-server", () => {
  let server: RedisServer;
  let other: RedisServer;
  let client: RedisClient;
  let target: RedisClient;

  beforeAll(async () => {
    [server, other] = await Promise.all([RedisServer.start(), RedisServer.start()]);
    [client, target] = await Promise.all([server.connect(), other.connect()]);
  });

  afterAll(async () => {
    await Promise.all([server?.stop(), other?.stop()]);
  });

  /** Feeds a file to the other server by RESTORE. */
  async function feed(file: Uint8Array): Promise<void> {
    const source = new MemorySource("dump.rdb", [file]);
    const walker = new RdbWalker(source);
    const send = (bytes: Uint8Array) => target.send(Uint8Array.from(bytes));
    const writer = new RestoreWriter({ replace: false, version: 10, send });
    let database = -1;
    let sent = 0;
    for (let key = walker.next(); key !== undefined; key = walker.next()) {
      if (key.database !== database) writer.select(key.database);
      sent += key.database !== database ? 2 : 1;
      database = key.database;
      writer.restore(key, source);
    }
    writer.flush();
    const replies = await target.replies(sent);
    expect(replies.filter((reply) => reply !== "+OK\r\n")).toEqual([]);
  }

  it.each([0, 1, 2])("is walked key by key, whatever the thresholds (%i)", async (index) => {
    await client.ask("FLUSHALL");
    await target.ask("FLUSHALL");
    for (const [name, value] of Object.entries(THRESHOLDS[index] ?? {})) {
      await client.ask("CONFIG", "SET", name, value);
    }
    await fill(client, fillingCommands(SEED + index));
    await feed(await savedFile(client));
    expect(await target.ask("DEBUG", "DIGEST")).toBe(await client.ask("DEBUG", "DIGEST"));
  });

  it("with long values is walked without holding them", async () => {
    await client.ask("FLUSHALL");
    await target.ask("FLUSHALL");
    await client.ask("CONFIG", "SET", "rdbcompression", "no");
    await fill(client, [
      ["SET", "long", "x".repeat(5_000_000)],
      ["RPUSH", "list", ..."abcdefgh".split("").map((letter) => letter.repeat(700_000))],
      ["XADD", "stream", "1-1", "field", "value"],
      ["XGROUP", "CREATE", "stream", "group", "0"],
      ["XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">"],
    ]);
    await feed(await savedFile(client));
    expect(await target.ask("DEBUG", "DIGEST")).toBe(await client.ask("DEBUG", "DIGEST"));
  });

  it("that is cut or has a flipped byte is refused, whatever the place", async () => {
    await client.ask("FLUSHALL");
    await fill(
      client,
      fillingCommands(SEED, 12).filter((words) => words.join("").length < 400),
    );
    const file = await savedFile(client);
    expect(file.length).toBeGreaterThan(500);
    for (let bytes = 0; bytes < file.length; bytes++) {
      expect(failure(file.subarray(0, bytes)), `cut at ${bytes}`).not.toBe("");
    }
    for (let at = 0; at < file.length; at++) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      expect(failure(damaged), `byte ${at}`).not.toBe("");
    }
  });
});

// Import of append-only files of redis-server: manifests, bases, increments, torn ends, damage.
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Log } from "../../hosts/node/log";
import { findRedisData, importPath } from "../../hosts/node/redis-data";
import type { Status } from "../../hosts/shared/protocol/resp";
import { parseAofManifest } from "../../hosts/shared/rdb/aof-manifest";
import { encode } from "../support/engine";
import { type HostEngine, hostEngine } from "../support/host-engine";
import { fill, fillingCommands, rdbFile } from "../support/rdb";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";

const SEED = 815;
let folder: string;
let engine: HostEngine;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quire-import-"));
  engine = hostEngine();
  lines = [];
});

afterEach(() => {
  expect(engine.engine.validate()).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

function load(name: string, skipUnknown = false): Promise<void> {
  const log = new Log((line) => void lines.push(line));
  log.release();
  return importPath(join(folder, name), { sessions: engine.sessions, skipUnknown, log });
}

function digest(): string {
  return `+${(engine.pipeline.one("DEBUG", "DIGEST") as Status).text}\r\n`;
}

function commands(...list: string[]): Buffer {
  return Buffer.concat(list.map((command) => encode(command.split(" "))));
}

function write(name: string, ...parts: (Uint8Array | string)[]): void {
  writeFileSync(join(folder, name), Buffer.concat(parts.map((part) => Buffer.from(part))));
}

function text(key: string): string | undefined {
  const value = engine.pipeline.one("GET", key);
  return value instanceof Uint8Array ? Buffer.from(value).toString() : undefined;
}

describe("an append-only file", () => {
  it("is run, with its annotations and blocks", async () => {
    write(
      "a.aof",
      "#TS:1700000000\r\n",
      commands("SELECT 0", "SET a 1", "MULTI", "SET b 2"),
      commands("INCR b", "EXEC", "LRANGE x 0 1"),
      "#TS:1700000001\r\n",
      commands("GET a"),
    );
    await load("a.aof");
    expect([text("a"), text("b")]).toEqual(["1", "3"]);
    expect(lines.join("")).toMatch(/Imported: 0 keys stored, 8 commands run/);
  });

  it("begins with RDB", async () => {
    write("a.aof", rdbFile("REDIS0010", [0, "a", "5", 0, "b", "6"]), commands("INCR a"));
    await load("a.aof");
    expect([text("a"), text("b")]).toEqual(["6", "6"]);
  });

  it("has a torn end, which is left out", async () => {
    const whole = commands("SET a 1");
    const block = commands("MULTI", "SET a 2", "SET b 3", "EXEC");
    for (let cut = 1; cut < block.length; cut++) {
      engine = hostEngine();
      lines = [];
      write("a.aof", whole, block.subarray(0, cut));
      await load("a.aof");
      expect([text("a"), text("b")]).toEqual(["1", undefined]);
      const place = `a.aof, byte ${whole.length}: the last ${cut} bytes are left out`;
      expect(lines.join("")).toContain(place);
    }
  });

  it("with other damage is refused, and the place is named", async () => {
    for (const damage of [
      "*x\r\n",
      "*2\r\n$3\r\nSETx\r\n",
      "*0\r\n",
      "SET a 1\r\n",
      "*1\r\n$99\r\n",
    ]) {
      write("a.aof", commands("SET a 1"), damage, commands("SET b 2"));
      await expect(load("a.aof")).rejects.toThrow(/a\.aof, byte \d+: /);
    }
  });

  it("with a command that is not known is refused, or that is left out and counted", async () => {
    write("a.aof", commands("SET a 1", "XADD s 1-1 f v", "FUNCTION LOAD x", "SET b 2"));
    await expect(load("a.aof")).rejects.toThrow(/XADD of key "s" is refused: .*--import-skip/);
    engine = hostEngine();
    await load("a.aof", true);
    expect([text("a"), text("b")]).toEqual(["1", "2"]);
    expect(lines.join("")).toContain("1 commands that are refused left out");
    expect(lines.join("")).toContain("1 commands about functions left out");
  });

  it("with a long command is run piece by piece", async () => {
    write("a.aof", encode(["SET", "a", Buffer.alloc(3_000_000, "x")]), commands("APPEND a y"));
    await load("a.aof");
    expect(engine.pipeline.one("STRLEN", "a")).toBe(3_000_001);
  });
});

describe("a manifest", () => {
  const parse = (text: string) => parseAofManifest("m", Buffer.from(text));

  it("names a base and increments", () => {
    const lines = ["file b seq 1 type b", "# comment", 'file "i\\x20 1" seq 1 type i', ""];
    const files = parse(
      [...lines, "file h seq 1 type h", "file i2 seq 2 type i startoffset 3"].join("\n"),
    );
    expect(files).toEqual({ base: "b", increments: ["i  1", "i2"] });
  });

  it.each([
    ["", "byte 0: it names no files"],
    ["file b seq 1 type b\nfile c seq 2 type b", "byte 20: this is a second base file"],
    ["file b seq 2 type i\nfile c seq 1 type i", "byte 20: this increment is not in order"],
    ["file ../b seq 1 type b", "byte 0: this line names no file"],
    ["file b seq 1 type x", 'byte 0: "x" is no type of a file'],
  ])("cannot be used: %s", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it("names a file that is missing", async () => {
    write("m", "file base.rdb seq 1 type b\n");
    await expect(load("m")).rejects.toThrow(/Can't read '.*base\.rdb': no such file or directory/);
  });

  it("names a file that is torn and not the last one", async () => {
    write("m", "file 1.aof seq 1 type i\nfile 2.aof seq 2 type i\n");
    write("1.aof", commands("SET a 1").subarray(0, 9));
    write("2.aof", commands("SET a 1"));
    await expect(load("m")).rejects.toThrow(/1\.aof, byte \d+: the file ends here too early/);
  });
});

describe("a file that is none of Redis's", () => {
  it.each(["hello", "<html>", "\0\0\0\0"])("is named: %j", async (content) => {
    write("x", content);
    await expect(load("x")).rejects.toThrow(/x, byte 0: this is no RDB file and no append-only/);
  });

  it("is a directory, or missing", async () => {
    await expect(load("")).rejects.toThrow(/Can't read '.*': it is no file/);
    await expect(load("nothing")).rejects.toThrow(/Can't read '.*nothing': no such file/);
  });
});

describe.skipIf(!hasRedisServer())("files of redis-server", () => {
  let server: RedisServer;
  let client: RedisClient;
  let place: string;

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), "quire-aof-"));
    server = await RedisServer.start(["--appendonly", "yes", "--dir", place]);
    client = await server.connect();
    await fill(client, fillingCommands(SEED, 80));
    await rewrite();
    await fill(client, [["MULTI"], ["SET", "a", "1"], ["LPUSH", "l", "1", "2"], ["EXEC"]]);
    await fill(client, [
      ["SPOP", "nothing"],
      ["INCRBYFLOAT", "f", "1.5"],
      ["EXPIRE", "f", "1000"],
    ]);
    const more = fillingCommands(SEED + 1, 50).map(([name = "", key = "", ...words]) =>
      name === "SELECT" ? [name, key] : [name, `more ${key}`, ...words],
    );
    await fill(client, more);
  });

  afterAll(async () => {
    await server?.stop();
    rmSync(place, { recursive: true, force: true });
  });

  async function rewrite(): Promise<void> {
    await client.ask("BGREWRITEAOF");
    while (/aof_rewrite_(in_progress|scheduled):1/.test(await client.ask("INFO", "persistence")));
  }

  const names = {
    dbfilename: "dump.rdb",
    appendfilename: "appendonly.aof",
    appenddirname: "appendonlydir",
    appendonly: true,
  };

  it("are found and give the same data set", async () => {
    const found = findRedisData(place, names);
    expect(found?.path).toBe(join(place, "appendonlydir", "appendonly.aof.manifest"));
    for (const name of readdirSync(join(place, "appendonlydir"))) {
      copyFileSync(join(place, "appendonlydir", name), join(folder, name));
    }
    await load("appendonly.aof.manifest");
    expect(digest()).toBe(await client.ask("DEBUG", "DIGEST"));
  });

  it("as older servers wrote them, in one, give the same data set", async () => {
    const parts = readdirSync(join(place, "appendonlydir"))
      .filter((name) => !name.endsWith("manifest"))
      .sort()
      .map((name) => readFileSync(join(place, "appendonlydir", name)));
    write("appendonly.aof", ...parts);
    expect(findRedisData(folder, names)?.path).toBe(join(folder, "appendonly.aof"));
    await load("appendonly.aof");
    expect(digest()).toBe(await client.ask("DEBUG", "DIGEST"));
  });
});

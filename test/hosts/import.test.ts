/** Files of Redis brought into a data directory and out of it, by the built program. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fill, fillingCommands, rdbFile, savedFile } from "../support/rdb";
import { hasRedisServer, RedisServer } from "../support/redis-server";
import { runProgram, type ServerProgram, startProgram, temporaryFolder, Wire } from "./support";

const MEMORY = ["--engine-memory", "128mb"];
const KEYS = [0, "a", "1", 0, "b", "2"];

let folder: ReturnType<typeof temporaryFolder>;
let servers: ServerProgram[] = [];

beforeEach(() => {
  folder = temporaryFolder();
});

afterEach(async () => {
  for (const server of servers) {
    server.child.kill("SIGTERM");
    await server.exit;
  }
  servers = [];
  folder.remove();
});

const at = (name: string) => join(folder.path, name);

function write(name: string, bytes: Uint8Array | string): string {
  writeFileSync(at(name), bytes);
  return at(name);
}

function transfer(...args: string[]) {
  return runProgram(["--dir", at("data"), ...MEMORY, ...args]);
}

async function serve(directory: string, ...args: string[]): Promise<[ServerProgram, Wire]> {
  const server = await startProgram("--port", "auto", "--dir", directory, ...MEMORY, ...args);
  servers.push(server);
  return [server, await Wire.open({ port: server.port })];
}

async function stop(server: ServerProgram): Promise<void> {
  server.child.kill("SIGTERM");
  await server.exit;
}

describe("--import", () => {
  it("fills a data directory, and replaces what is there only by force", async () => {
    const first = await transfer("--import", write("x.rdb", rdbFile("REDIS0003", KEYS)));
    expect(first).toMatchObject({ code: 0, errors: "" });
    expect(first.output).toMatch(/Imported: 2 keys stored/);
    const other = write("y.rdb", rdbFile("REDIS0011", [0, "c", "3"]));
    const second = await transfer("--import", other);
    expect(second.code).toBe(1);
    expect(second.errors).toBe(
      `${at("data")} holds data already; --force replaces it by ${other}\n`,
    );
    const [server, wire] = await serve(at("data"));
    expect(await wire.ask("DBSIZE")).toBe(":2");
    wire.close();
    await stop(server);
    expect((await transfer("--import", other, "--force")).code).toBe(0);
    const [, again] = await serve(at("data"));
    expect(await again.ask("EXISTS", "a")).toBe(":0");
    expect(await again.ask("EXISTS", "c")).toBe(":1");
    again.close();
  });

  it("leaves out keys of unknown types when that is asked for", async () => {
    const stream = [15, "s", 0, 0, 0, 0, 0];
    const file = write("x.rdb", rdbFile("REDIS0010", [...KEYS, ...stream]));
    const refused = await transfer("--import", file);
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/key "s" of database 0 has type 15 \(stream\): --import-skip/);
    const skipping = await transfer("--import", file, "--import-skip");
    expect(skipping.code).toBe(0);
    expect(skipping.output).toMatch(/Imported: 2 keys stored, 1 left out/);
  });

  it.each([
    ["missing", undefined, /^Can't read '.*x': no such file or directory\n$/],
    ["empty", "", /^.*x, byte 0: the file is empty\n$/],
    ["foreign", "\x89PNG\r\n", /^.*x, byte 0: this is no RDB file and no append-only file.*\n$/],
    ["cut", rdbFile("REDIS0010", KEYS).subarray(0, 15), /^.*x, byte \d+: the file ends here too/],
    ["of the future", rdbFile("REDIS0099", [77, "k", 1, 2]), /key "k".* type 77.* version 99/],
    ["without a version", "REDISabcd", /^.*x, byte 5: "abcd" is no version of the format\n$/],
  ])("refuses a file that is %s", async (_, content, message) => {
    if (content !== undefined) write("x", content);
    const { code, errors } = await transfer("--import", at("x"));
    expect(code).toBe(1);
    expect(errors).toMatch(message);
    expect(errors.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(at("data/quire.manifest"))).toBe(false);
  });

  it("says what is wrong with the command line or the directory", async () => {
    const file = write("x.rdb", rdbFile("REDIS0010", KEYS));
    expect((await transfer("--import")).errors).toBe("--import needs a file\n");
    expect((await transfer("--force")).errors).toBe("--force belongs to --import\n");
    const both = await transfer("--import", file, "--export", file);
    expect(both.errors).toBe("--import and --export are two steps: give one of them\n");
    const nowhere = await runProgram(["--dir", join(file, "data"), "--import", file]);
    expect(nowhere.code).toBe(1);
    expect(nowhere.errors).toMatch(/^Can't use the data directory '.*': not a directory; .*--dir/);
  });
});

describe("--export", () => {
  it("needs data", async () => {
    const { code, errors } = await transfer("--export", at("out.rdb"));
    expect(code).toBe(1);
    expect(errors).toBe(`${at("data")} holds no data that ${at("out.rdb")} could get\n`);
  });

  it("names a key that the version cannot hold", async () => {
    const [server, wire] = await serve(at("data"));
    await wire.ask("HSET", "h", "f", "v");
    wire.send("HEXPIRE", "h", "1000", "FIELDS", "1", "f");
    expect(await wire.line()).toBe("*1");
    wire.close();
    await stop(server);
    const refused = await transfer("--export", at("out.rdb"));
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/^Can't write '.*out\.rdb': key "h" of database 0: .*\n$/);
    expect(existsSync(at("out.rdb"))).toBe(false);
    expect((await transfer("--export", at("out.rdb"), "--rdb-version", "12")).code).toBe(0);
    expect(readFileSync(at("out.rdb")).subarray(0, 9).toString()).toBe("REDIS0012");
  });
});

describe.skipIf(!hasRedisServer())("a directory of redis-server", () => {
  const inData = (name: string) => join(at("data"), name);

  it("with a damaged file stops the start, and says what to do", async () => {
    await mkdir(at("data"));
    write("data/dump.rdb", rdbFile("REDIS0010", KEYS).subarray(0, 16));
    const { code, errors } = await runProgram(["--dir", at("data"), "--port", "0", ...MEMORY]);
    expect(code).toBe(1);
    expect(errors).toMatch(/^.*data\/dump\.rdb, byte 16: .*; to start without it, move it away\n$/);
  });

  it("is imported at the start, and stays as it is", async () => {
    const redis = await RedisServer.start();
    const client = await redis.connect();
    await fill(client, fillingCommands(31, 60));
    const file = await savedFile(client);
    const digest = (await client.ask("DEBUG", "DIGEST")).trim();
    await redis.stop();
    await mkdir(at("data"));
    write("data/dump.rdb", file);
    const [server, wire] = await serve(at("data"), "--enable-debug-command", "yes");
    await server.seen(/no data of Quire yet: .*data\/dump\.rdb is imported and stays/);
    expect(await wire.ask("DEBUG", "DIGEST")).toBe(digest);
    await wire.ask("SET", "new", "1");
    wire.close();
    await stop(server);
    expect(readFileSync(at("data/dump.rdb"))).toEqual(file);
    const check = await runProgram(["check", at("data"), ...readdirSync(at("data")).map(inData)]);
    expect(check.output).toMatch(/data set: image of/);
    expect(check).toMatchObject({ code: 0, errors: "" });
    const [again, second] = await serve(at("data"));
    expect(again.output).not.toContain("is imported");
    expect(await second.ask("EXISTS", "new")).toBe(":1");
    second.close();
  });

  it("is what an export and SAVE with rdb-on-save write", async () => {
    const options = ["--enable-debug-command", "yes", "--rdb-on-save", "yes"];
    const [server, wire] = await serve(at("data"), ...options);
    const commands = fillingCommands(32, 60);
    for (const words of commands) wire.send(...words.map((word) => Buffer.from(word, "latin1")));
    for (const _ of commands) await wire.line();
    const digest = await wire.ask("DEBUG", "DIGEST");
    expect(await wire.ask("SAVE")).toBe("+OK");
    expect(await wire.ask("DEBUG", "RELOAD", "NOSAVE")).toBe("+OK");
    expect(await wire.ask("DEBUG", "DIGEST")).toBe(digest);
    wire.close();
    await stop(server);
    expect((await transfer("--export", at("export/dump.rdb"))).code).toBe(0);
    for (const directory of [at("data"), at("export")]) {
      const redis = await RedisServer.start(["--dir", directory]);
      const client = await redis.connect();
      while ((await client.ask("PING")) !== "+PONG\r\n");
      expect(await client.ask("DEBUG", "DIGEST")).toBe(`${digest}\r\n`);
      await redis.stop();
    }
  });
});

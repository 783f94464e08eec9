/** MIGRATE and DEBUG RELOAD of the built server, with redis-server on the other side. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../hosts/node/server.js";
import { encodeRequest } from "../../hosts/shared/protocol/resp.js";
import { fillingCommands } from "../support/rdb";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";
import { startProgram, Wire } from "./support";

const folder = mkdtempSync(join(tmpdir(), "quire-migrate-"));
let quire: RunningServer;
let wire: Wire;

beforeAll(async () => {
  const configuration = { port: 0, unixsocket: join(folder, "quire"), dir: folder };
  quire = await startServer({
    configuration: { ...configuration, "enable-debug-command": "yes", appendonly: "no" },
    memoryBytes: 128 * 1024 * 1024,
  });
  wire = await Wire.open({ path: quire.unixSocket });
});

afterAll(async () => {
  wire.close();
  await quire.close();
  rmSync(folder, { recursive: true, force: true });
});

async function fill(): Promise<void> {
  const commands = fillingCommands(99, 40);
  for (const words of commands) {
    wire.socket.write(encodeRequest(words.map((word) => Buffer.from(word, "latin1"))));
  }
  for (const _ of commands) await wire.line();
}

/** Changes since the last image, as INFO shows them. */
async function changes(): Promise<string> {
  const bytes = Number((await wire.ask("INFO", "persistence")).slice(1));
  const text = (await wire.take(bytes + 2)).toString();
  return /rdb_changes_since_last_save:(\d+)/.exec(text)?.[1] ?? "";
}

describe("DEBUG RELOAD", () => {
  it("keeps the data and the connections", async () => {
    await fill();
    const before = await wire.ask("DEBUG", "DIGEST");
    expect(await wire.ask("DEBUG", "RELOAD")).toBe("+OK");
    expect(await wire.ask("DEBUG", "DIGEST")).toBe(before);
    expect(await wire.ask("DEBUG", "RELOAD", "MERGE", "NOFLUSH")).toBe("+OK");
    expect(await wire.ask("DEBUG", "DIGEST")).toBe(before);
  });

  it("runs inside a transaction", async () => {
    await fill();
    expect(await wire.ask("MULTI")).toBe("+OK");
    for (const words of [
      ["SET", "inside", "1"],
      ["DEBUG", "RELOAD"],
      ["GET", "inside"],
    ]) {
      expect(await wire.ask(...words)).toBe("+QUEUED");
    }
    expect(await wire.ask("EXEC")).toBe("*3");
    expect([await wire.line(), await wire.line(), await wire.line()]).toEqual(["+OK", "+OK", "$1"]);
    expect(await wire.line()).toBe("1");
  });

  it("loses nothing to a file that is damaged, and keeps the count of changes", async () => {
    await fill();
    await wire.ask("CONFIG", "SET", "rdb-on-save", "yes");
    expect(await wire.ask("SAVE")).toBe("+OK");
    await wire.ask("SET", "changed", "1");
    const before = await wire.ask("DEBUG", "DIGEST");
    expect(await wire.ask("DEBUG", "RELOAD")).toBe("+OK");
    expect(await changes()).toBe("1");
    const file = join(folder, "dump.rdb");
    const bytes = readFileSync(file);
    for (const damaged of [
      bytes.subarray(0, -40),
      Buffer.from(bytes).fill(255, bytes.length - 9),
    ]) {
      writeFileSync(file, damaged);
      expect(await wire.ask("DEBUG", "RELOAD", "NOSAVE")).toMatch(/^-ERR Error trying to load/);
      expect(await wire.ask("DEBUG", "DIGEST")).toBe(before);
    }
    writeFileSync(file, bytes);
    expect(await wire.ask("DEBUG", "RELOAD", "NOSAVE")).toBe("+OK");
    expect(await wire.ask("EXISTS", "changed")).toBe(":0");
    rmSync(file);
    await wire.ask("CONFIG", "SET", "rdb-on-save", "no");
  });

  it("answers an error when there is nothing to load", async () => {
    const error = "-ERR Error trying to load the RDB dump, check server logs.";
    expect(await wire.ask("DEBUG", "RELOAD", "NOSAVE")).toBe(error);
    expect(await wire.ask("DEBUG", "RELOAD", "NOFLUSH")).toBe(error);
    await wire.ask("FLUSHALL");
  });
});

describe("a server with a log that is killed after DEBUG RELOAD", () => {
  it("has its data again", async () => {
    const directory = join(folder, "data");
    const options = ["--dir", directory, "--engine-memory", "128mb"];
    const words = [...options, "--port", "auto", "--enable-debug-command", "yes"];
    const first = await startProgram(...words);
    const client = await Wire.open({ port: first.port });
    for (const each of fillingCommands(7, 30)) {
      client.send(...each.map((word) => Buffer.from(word, "latin1")));
      await client.line();
    }
    expect(await client.ask("DEBUG", "RELOAD")).toBe("+OK");
    expect(await client.ask("SET", "after", "1")).toBe("+OK");
    const digest = await client.ask("DEBUG", "DIGEST");
    first.child.kill("SIGKILL");
    await first.exit;
    const second = await startProgram(...words);
    const again = await Wire.open({ port: second.port });
    expect(await again.ask("DEBUG", "DIGEST")).toBe(digest);
    second.child.kill("SIGKILL");
    await second.exit;
  });
});

describe("MIGRATE", () => {
  it("says what is wrong with the other side", async () => {
    await wire.ask("SET", "a", "1");
    const line = (host: string, port: number | string) =>
      wire.ask("MIGRATE", host, port, "a", 0, 50);
    expect(await line("127.0.0.1", 1)).toBe("-IOERR error or timeout writing to target instance");
    expect(await line("127.0.0.1", 70000)).toBe("-IOERR error or timeout connecting to the client");
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const pending = line("127.0.0.1", port);
    const other = await Wire.open({ path: quire.unixSocket });
    const pong = other.ask("PING");
    expect(await pending).toBe("-IOERR error or timeout reading from target instance");
    expect(await pong).toBe("+PONG");
    other.close();
    silent.close();
    expect(await wire.ask("EXISTS", "a")).toBe(":1");
  });

  it("that fails lets go of what came before it, by itself and in a transaction", async () => {
    const program = await startProgram("--dir", join(folder, "held"), "--port", "auto");
    const client = await Wire.open({ port: program.port });
    const refused = "MIGRATE 127.0.0.1 1 a 0 50";
    const error = "-IOERR error or timeout writing to target instance";
    for (const [commands, replies] of [
      [
        ["SET a 1", refused],
        ["+OK", error],
      ],
      [
        ["SET a 1", "MULTI", refused, "EXEC"],
        ["+OK", "+OK", "+QUEUED", "*1", error],
      ],
    ] as const) {
      client.socket.write(Buffer.concat(commands.map((each) => encodeRequest(each.split(" ")))));
      for (const reply of replies) expect(await client.line()).toBe(reply);
      expect(await client.ask("SET", "b", "1")).toBe("+OK");
    }
    client.close();
    program.child.kill("SIGKILL");
    await program.exit;
  });

  describe.skipIf(!hasRedisServer())("to redis-server", () => {
    const port = 20000 + (process.pid % 10000);
    let server: RedisServer;
    let client: RedisClient;
    const move = (...words: (string | number)[]) =>
      wire.ask("MIGRATE", "127.0.0.1", port, ...words);

    beforeAll(async () => {
      server = await RedisServer.start(["--port", `${port}`]);
      client = await server.connect();
    });

    afterAll(() => server?.stop());

    it("moves a key with its expiry, or copies it", async () => {
      await wire.ask("SET", "a", "1", "PX", "100000");
      expect(await move("a", 2, 1000, "COPY")).toBe("+OK");
      expect(await wire.ask("EXISTS", "a")).toBe(":1");
      await client.ask("SELECT", "2");
      expect(await client.ask("GET", "a")).toBe("$1\r\n1\r\n");
      expect(await client.ask("PTTL", "a")).toMatch(/^:(99|100)\d{3}\r\n$/);
      const busy = "BUSYKEY Target key name already exists.";
      expect(await move("a", 2, 1000)).toBe(`-ERR Target instance replied with error: ${busy}`);
      expect(await move("a", 2, 1000, "REPLACE")).toBe("+OK");
      expect(await wire.ask("EXISTS", "a")).toBe(":0");
      expect(await move("a", 2, 1000)).toBe("+NOKEY");
    });

    it("moves a key inside a transaction", async () => {
      await wire.ask("SET", "a", "1");
      for (const words of [["MULTI"], ["INCR", "a"]]) await wire.ask(...words);
      expect(await move("a", 2, 1000, "REPLACE")).toBe("+QUEUED");
      expect(await wire.ask("EXISTS", "a")).toBe("+QUEUED");
      expect(await wire.ask("EXEC")).toBe("*3");
      expect([await wire.line(), await wire.line(), await wire.line()]).toEqual([
        ":2",
        "+OK",
        ":0",
      ]);
      await client.ask("SELECT", "2");
      expect(await client.ask("GET", "a")).toBe("$1\r\n2\r\n");
    });

    it("moves many keys of all types", async () => {
      await fill();
      const before = await wire.ask("DEBUG", "DIGEST");
      await client.ask("FLUSHALL");
      for (const database of [0, 2, 4]) {
        await wire.ask("SELECT", database);
        wire.send("KEYS", "*");
        const count = Number((await wire.line()).slice(1));
        const keys: Buffer[] = [];
        for (let i = 0; i < count; i++) {
          const bytes = Number((await wire.line()).slice(1));
          keys.push((await wire.take(bytes + 2)).subarray(0, bytes));
        }
        wire.send("MIGRATE", "127.0.0.1", port, "", database, 5000, "KEYS", "none", ...keys);
        expect(await wire.line()).toBe("+OK");
        expect(await wire.ask("DBSIZE")).toBe(":0");
      }
      await wire.ask("SELECT", 0);
      expect(await client.ask("DEBUG", "DIGEST")).toBe(`${before}\r\n`);
    });

    it("removes what has arrived even when another key is refused", async () => {
      await client.ask("SELECT", "0");
      await client.ask("SET", "b", "there");
      for (const key of ["a", "b", "c"]) await wire.ask("SET", key, "1");
      expect(await move("", 0, 1000, "KEYS", "a", "b", "c")).toMatch(/BUSYKEY/);
      expect(await wire.ask("EXISTS", "a", "c")).toBe(":0");
      expect(await wire.ask("EXISTS", "b")).toBe(":1");
    });

    it("leaves its trace in the log", async () => {
      const options = ["--dir", join(folder, "log"), "--engine-memory", "128mb"];
      const first = await startProgram(...options, "--port", "auto");
      const one = await Wire.open({ port: first.port });
      await one.ask("MSET", "moved", "1", "kept", "1");
      expect(await one.ask("MIGRATE", "127.0.0.1", port, "moved", 5, 1000)).toBe("+OK");
      first.child.kill("SIGKILL");
      await first.exit;
      const second = await startProgram(...options, "--port", "auto");
      const two = await Wire.open({ port: second.port });
      expect(await two.ask("EXISTS", "moved")).toBe(":0");
      expect(await two.ask("EXISTS", "kept")).toBe(":1");
      second.child.kill("SIGKILL");
      await second.exit;
    });

    it("names what the other side says to database and password", async () => {
      const said = "-ERR Target instance replied with error: ";
      expect(await move("b", 99, 1000)).toBe(`${said}ERR DB index is out of range`);
      expect(await move("b", 0, 1000, "AUTH", "x")).toContain(`${said}ERR AUTH <password> called`);
      await client.ask("CONFIG", "SET", "requirepass", "secret");
      expect(await move("b", 0, 1000, "REPLACE")).toContain(`${said}NOAUTH`);
      expect(await move("b", 0, 1000, "REPLACE", "AUTH2", "default", "secret")).toBe("+OK");
      await wire.ask("SET", "b", "2");
      expect(await move("b", 0, 1000, "AUTH", "secret", "REPLACE")).toBe("+OK");
    });
  });
});

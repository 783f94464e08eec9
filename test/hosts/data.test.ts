/** What a server keeps: its directory, restarts, traps, settings of the log at run time. */
import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { runProgram, type ServerProgram, startProgram, Wire } from "./support.js";

const folders: string[] = [];
const programs: ServerProgram[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "quire-data-"));
  folders.push(folder);
  return folder;
}

async function start(dir: string, ...args: string[]): Promise<ServerProgram> {
  const options = ["--port", "auto", "--engine-memory", "64mb", "--enable-debug-command", "yes"];
  const program = await startProgram("--dir", dir, ...options, ...args);
  programs.push(program);
  return program;
}

async function kill(program: ServerProgram, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  program.child.kill(signal);
  await program.exit;
}

const open = ({ port }: ServerProgram) => Wire.open({ port });

async function ask(program: ServerProgram, ...words: string[]): Promise<string> {
  const wire = await open(program);
  try {
    const first = await wire.ask(...words);
    return /^\$\d/.test(first) ? await wire.line() : first;
  } finally {
    wire.close();
  }
}

afterEach(async () => {
  for (const program of programs.splice(0)) await kill(program);
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe("a data directory", () => {
  it("brings the data back after a kill and after a stop, with the defaults", async () => {
    const dir = newFolder();
    let server = await start(dir);
    expect(await ask(server, "SET", "a", "1")).toBe("+OK");
    const [, first] = server.output.split("\n");
    expect(first).toContain(`The data directory is ${dir}`);
    await kill(server);
    server = await start(dir);
    expect(await ask(server, "GET", "a")).toBe("1");
    expect(await ask(server, "SET", "b", "2")).toBe("+OK");
    await kill(server, "SIGTERM");
    server = await start(dir);
    expect(await ask(server, "MGET", "a", "b")).toBe("*2");
    expect(await ask(server, "DBSIZE")).toBe(":2");
    const wire = await open(server);
    expect(await wire.parameter("appendonly")).toBe("yes");
    expect(await wire.parameter("appendfsync")).toBe("everysec");
    expect(await wire.parameter("save")).toBe("3600 1 300 100 60 10000");
    wire.close();
  });

  it("is not touched with --memory", async () => {
    const server = await start(newFolder(), "--memory");
    expect(await ask(server, "SET", "a", "1")).toBe("+OK");
    expect(await ask(server, "CONFIG", "SET", "appendonly", "yes")).toMatch(
      /^-ERR CONFIG SET fail/,
    );
    expect(readdirSync(folders[0] as string)).toEqual([]);
  });

  it("that cannot be one stops the start with a line that names it", async () => {
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    const result = await runProgram(["--port", "auto", "--dir", file]);
    expect(result.code).toBe(1);
    expect(result.errors).toContain(file);
  });

  it.skipIf(process.platform !== "linux")(
    "that nothing can be created in stops the start as well",
    async () => {
      const result = await runProgram(["--port", "auto", "--dir", "/proc/quire/data"]);
      expect(result.code).toBe(1);
      expect(result.errors).toContain("/proc/quire");
    },
  );

  it("with damage stops the start with file and offset", async () => {
    const dir = newFolder();
    const server = await start(dir);
    for (let n = 0; n < 5; n++) await ask(server, "SET", `k${n}`, "v".repeat(50));
    const wire = await open(server);
    wire.send("SHUTDOWN", "NOSAVE");
    await server.exit;
    const name = readdirSync(dir).find((each) => each.endsWith("-0.aof") && !/-\d-0/.test(each));
    const path = join(dir, name ?? "");
    const bytes = readFileSync(path);
    bytes[300] = (bytes[300] as number) ^ 1;
    writeFileSync(path, bytes);
    const result = await runProgram(["--port", "auto", "--dir", dir]);
    expect(result.code).toBe(1);
    expect(result.errors).toMatch(new RegExp(`${name} in .* is damaged at offset \\d+`));
  });
});

describe("a trap", () => {
  it("is recovered from without a new process, and nothing answered is lost", async () => {
    const server = await start(newFolder());
    for (const during of ["", "BGREWRITEAOF"]) {
      const writer = await open(server);
      let answered = 0;
      const load = (async () => {
        for (;;) {
          if ((await writer.ask("INCR", `n${during}`)) !== `:${answered + 1}`) return;
          answered++;
        }
      })().catch(() => {});
      while (answered < 50) await new Promise((resolve) => setTimeout(resolve, 5));
      const other = await open(server);
      if (during !== "") await other.ask(during);
      other.send("DEBUG", "PANIC");
      await other.closed;
      await load;
      let found = "-LOADING";
      while (!/^\d/.test(found)) found = await ask(server, "GET", `n${during}`).catch(() => "");
      expect(Number(found)).toBeGreaterThanOrEqual(answered);
      expect(Number(found)).toBeLessThanOrEqual(answered + 1);
      expect(await ask(server, "SET", "after", during)).toBe("+OK");
    }
    expect(server.child.exitCode).toBeNull();
    const last = await open(server);
    last.send("DEBUG", "PANIC");
    expect(await server.exit).toBe(70);
    expect(server.output).toMatch(/3 times in a minute/);
  });
});

/** Sends commands in one piece, and a trap once the last of them is answered. */
async function trapAfter(server: ServerProgram, lines: number, ...commands: string[]) {
  const wire = await open(server);
  for (const command of commands) wire.send(...command.split(" "));
  const answers: string[] = [];
  while (answers.length < lines) answers.push(await wire.line());
  expect(answers.filter((line) => line.startsWith("-"))).toEqual([]);
  wire.send("DEBUG", "PANIC");
  await wire.closed;
  let found = "";
  while (found !== "$-1") found = await ask(server, "GET", "none").catch(() => "");
}

describe("settings and users", () => {
  it("outlive a trap that comes right behind their answers", async () => {
    const server = await start(newFolder());
    await trapAfter(
      server,
      6,
      "ACL SETUSER bob on >secret ~own:* +get ( +set ~other:* )",
      "CONFIG SET timeout 77",
      "MULTI",
      "CONFIG SET maxclients 123 hz 50",
      "EXEC",
    );
    await trapAfter(server, 2, "CONFIG SET slowlog-max-len 7", "ACL SETUSER eve on nopass +ping");
    const wire = await open(server);
    const expected = { timeout: "77", maxclients: "123", hz: "50", "slowlog-max-len": "7" };
    for (const [name, value] of Object.entries(expected)) {
      expect(await wire.parameter(name)).toBe(value);
    }
    expect(await wire.ask("AUTH", "bob", "secret")).toBe("+OK");
    expect(await wire.ask("GET", "n")).toMatch(/^-NOPERM/);
    expect(await wire.ask("AUTH", "eve", "any")).toBe("+OK");
    expect(await wire.ask("PING")).toBe("+PONG");
    wire.close();
  });
});

describe("settings at run time", () => {
  it("turn the log off and on, and change its policy", async () => {
    const dir = newFolder();
    let server = await start(dir);
    const wire = await open(server);
    for (const pair of [
      ["appendfsync", "always"],
      ["appendonly", "no"],
      ["appendonly", "yes"],
      ["save", ""],
    ]) {
      expect(await wire.ask("SET", pair.join(), "1")).toBe("+OK");
      expect(await wire.ask("CONFIG", "SET", ...pair)).toBe("+OK");
      expect(await wire.ask("SET", `after ${pair.join()}`, "1")).toBe("+OK");
    }
    expect(await wire.ask("WAITAOF", "1", "0", "0")).toBe("*2");
    expect([await wire.line(), await wire.line()]).toEqual([":1", ":0"]);
    await kill(server);
    server = await start(dir);
    expect(await ask(server, "DBSIZE")).toBe(":8");
  });

  /** Writes one key after another until it is told to stop; answers how many were answered. */
  async function writeOn(program: ServerProgram, isOver: () => boolean): Promise<number> {
    const wire = await open(program);
    let answered = 0;
    while (!isOver()) {
      if ((await wire.ask("SET", `key:${answered}`, "v").catch(() => "")) !== "+OK") break;
      answered++;
    }
    wire.close();
    return answered;
  }

  it("of the log change while clients write, and nothing that was answered is lost", async () => {
    const dir = newFolder();
    let server = await start(dir);
    let isOver = false;
    const writing = writeOn(server, () => isOver);
    const wire = await open(server);
    for (const pair of [
      ["appendonly", "no"],
      ["appendonly", "yes"],
      ["appendfsync", "always"],
      ["appendfsync", "no"],
      ["appendonly", "no"],
      ["appendfsync", "everysec"],
      ["appendonly", "yes"],
    ]) {
      expect(await wire.ask("CONFIG", "SET", ...pair)).toBe("+OK");
      for (let n = 0; n < 20; n++) expect(await wire.ask("INCR", "counter")).toMatch(/^:/);
    }
    isOver = true;
    const answered = await writing;
    await kill(server);
    server = await start(dir);
    expect(answered).toBeGreaterThan(10);
    expect(await ask(server, "DBSIZE")).toBe(`:${answered + 1}`);
    expect(await ask(server, "GET", "counter")).toBe("140");
  });

  it("move the data to another directory while clients write", async () => {
    const [dir, other] = [newFolder(), newFolder()];
    const protectedToo = ["--enable-protected-configs", "yes"];
    let server = await start(dir, ...protectedToo);
    const wire = await open(server);
    const refusal = "-ERR CONFIG SET failed (possibly related to argument 'dir') - ";
    const move = (to: string) => wire.ask("CONFIG", "SET", "dir", to);
    expect(await move(join(dir, "missing"))).toBe(`${refusal}No such file or directory`);
    expect(await move("")).toBe(`${refusal}No such file or directory`);
    writeFileSync(join(dir, "file"), "");
    expect(await move(join(dir, "file"))).toBe(`${refusal}Not a directory`);
    const holder = await start(other);
    expect(await move(other)).toMatch(/^-ERR CONFIG SET failed .* is in use by Quire, process \d+/);
    await kill(holder);
    expect((await move(other)).startsWith(`${refusal}${other} holds data already: `)).toBe(true);
    const place = newFolder();
    let isOver = false;
    const writing = writeOn(server, () => isOver);
    for (let n = 0; n < 20; n++) await wire.ask("INCR", "counter");
    expect(await move(place)).toBe("+OK");
    for (let n = 0; n < 20; n++) await wire.ask("INCR", "counter");
    expect(await wire.ask("CONFIG", "GET", "dir")).toBe("*2");
    for (let n = 0; n < 4; n++) await wire.line();
    isOver = true;
    const answered = await writing;
    await kill(server);
    const refused = await runProgram(["--dir", dir, "--port", "auto"]);
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain(`was moved to ${place}: start with --dir ${place}`);
    server = await start(place);
    expect(await ask(server, "DBSIZE")).toBe(`:${answered + 1}`);
    expect(await ask(server, "GET", "counter")).toBe("40");
  });

  it("move the data back, by any name of a directory; with others or not at all", async () => {
    const [dir, other] = [newFolder(), newFolder()];
    const link = join(newFolder(), "link");
    symlinkSync(dir, link);
    let server = await start(dir, "--enable-protected-configs", "yes");
    const wire = await open(server);
    const set = (...words: string[]) => wire.ask("CONFIG", "SET", ...words);
    expect(await set("dir", link)).toBe("+OK");
    expect(readdirSync(dir).some((name) => name.startsWith("image"))).toBe(false);
    for (const place of [relative(process.cwd(), other), dir, other]) {
      expect(await wire.ask("INCR", "n")).toMatch(/^:/);
      expect(await set("dir", place)).toBe("+OK");
      expect(await wire.parameter("dir")).toBe(resolve(place));
    }
    expect(await set("appendfsync", "always", "dir", join(dir, "none"))).toMatch(
      /^-ERR CONFIG SET/,
    );
    expect(await wire.parameter("appendfsync")).toBe("everysec");
    for (const words of [["MULTI"], ["INCR", "n"], ["CONFIG", "SET", "dir", dir]]) {
      await wire.ask(...words);
    }
    expect(await wire.ask("EXEC")).toBe("*2");
    expect([await wire.line(), await wire.line()]).toEqual([
      ":4",
      "-ERR CONFIG SET failed (possibly related to argument 'dir') - a transaction is running",
    ]);
    expect(await set("appendfsync", "always", "dir", dir, "dbfilename", "other.rdb")).toBe("+OK");
    expect(await set("rdb-on-save", "yes")).toBe("+OK");
    expect(await wire.ask("SAVE")).toBe("+OK");
    expect(readdirSync(dir)).toContain("other.rdb");
    await kill(server);
    server = await start(dir);
    expect(await ask(server, "GET", "n")).toBe("4");
  });

  it("show the full path of the data directory, and CONFIG REWRITE writes it", async () => {
    const dir = newFolder();
    const file = join(newFolder(), "quire.conf");
    writeFileSync(file, "rdbcompression yes\n");
    const server = await startProgram(
      file,
      "--dir",
      relative(process.cwd(), dir),
      "--port",
      "auto",
    );
    programs.push(server);
    const wire = await open(server);
    expect(await wire.parameter("dir")).toBe(dir);
    expect(await wire.parameter("image-compression")).toBe("yes");
    expect(await wire.ask("CONFIG", "REWRITE")).toBe("+OK");
    const lines = readFileSync(file, "utf8").split("\n");
    expect(lines[0]).toBe("image-compression yes");
    expect(lines).toContain(`dir ${dir}`);
    expect(lines.filter((line) => line.includes("compression"))).toHaveLength(1);
  });

  it("that move the data do not keep the server from stopping", async () => {
    const [dir, other] = [newFolder(), newFolder()];
    const server = await start(dir, "--enable-protected-configs", "yes");
    const wire = await open(server);
    expect(await wire.ask("DEBUG", "POPULATE", "200000")).toBe("+OK");
    wire.send("CONFIG", "SET", "dir", other);
    wire.send("SHUTDOWN");
    const second = await open(server);
    second.send("SHUTDOWN");
    expect(await server.exit).toBe(0);
    const isThere = readdirSync(other).includes("quire.manifest");
    expect(await ask(await start(isThere ? other : dir), "DBSIZE")).toBe(":200000");
  });
});

describe("DEBUG LOADAOF", () => {
  it("loads image and log again, and keeps the connections", async () => {
    const server = await start(newFolder());
    const wire = await open(server);
    await wire.ask("SELECT", "2");
    for (let n = 0; n < 50; n++) await wire.ask("RPUSH", `list:${n % 7}`, `${n}`);
    expect(await wire.ask("SAVE")).toBe("+OK");
    await wire.ask("SET", "a", "1");
    const digest = await wire.ask("DEBUG", "DIGEST");
    expect(await wire.ask("DEBUG", "LOADAOF")).toBe("+OK");
    expect(await wire.ask("DEBUG", "DIGEST")).toBe(digest);
    expect(await wire.ask("DBSIZE")).toBe(":8");
    for (const words of [["MULTI"], ["DEBUG", "LOADAOF"]]) await wire.ask(...words);
    expect(await wire.ask("EXEC")).toBe("*1");
    expect(await wire.line()).toBe("-ERR Command not allowed inside a transaction");
    expect(await wire.ask("CONFIG", "SET", "appendonly", "no")).toBe("+OK");
    expect(await wire.ask("DEBUG", "LOADAOF")).toBe(
      "-ERR Error trying to load the AOF files, check server logs.",
    );
  });
});

describe("the log", () => {
  it.skipIf(!hasRedis())("replays into redis-server by redis-cli --pipe", async () => {
    const dir = newFolder();
    const server = await start(dir);
    const wire = await open(server);
    for (const line of [
      "SET a 1 EX 1000",
      "INCR a",
      "RPUSH l 1 2 3",
      "MULTI",
      "SADD s a b c",
      "SPOP s",
      "EXEC",
      "SELECT 3",
      "ZADD z 1 a 2 b",
      "HSET h f v",
      "GETDEL missing",
    ]) {
      await wire.ask(...line.split(" "));
    }
    await kill(server, "SIGTERM");
    const socket = join(dir, "redis.sock");
    const log = readdirSync(dir).filter((name) => name.endsWith(".aof"));
    const text = Buffer.concat(log.map((name) => readFileSync(join(dir, name))));
    const redis = join(newFolder(), "redis.sock");
    const script = `redis-server --port 0 --unixsocket ${redis} --save "" --daemonize yes >/dev/null
      until redis-cli -s ${redis} ping >/dev/null 2>&1; do :; done
      redis-cli -s ${redis} --pipe | tail -1
      redis-cli -s ${redis} debug digest; redis-cli -s ${redis} shutdown nosave`;
    const output = execFileSync("sh", ["-c", script], { input: text }).toString();
    expect(output).toMatch(/errors: 0/);
    expect(socket).toBeDefined();
  });
});

function hasRedis(): boolean {
  try {
    execFileSync("redis-server", ["--version"]);
    return true;
  } catch {
    return false;
  }
}

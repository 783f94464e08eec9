/** The server as a program: starting, refusing to start, stopping. */
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { type Program, runProgram, startProgram, temporaryFolder, Wire } from "./support.js";

const folder = temporaryFolder();
const programs: Program[] = [];
const DEBIAN_FILE = "/etc/redis/redis.conf";

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.child.kill("SIGKILL");
    await program.exit;
  }
});
afterAll(folder.remove);

async function start(...args: string[]) {
  const program = await startProgram(...args);
  programs.push(program);
  return program;
}

function write(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

/** Whether Debian's file can be read; under CI=true it must be. */
function requireDebianFile(): boolean {
  try {
    accessSync(DEBIAN_FILE, constants.R_OK);
    return true;
  } catch {
    const line = `needs ${DEBIAN_FILE}, readable: apt-get install redis-server, run as root`;
    if (process.env.CI === "true") throw new Error(line);
    process.stderr.write(`skipped: ${line}\n`);
    return false;
  }
}

describe("starting", () => {
  it("prints where it is ready as its first line, then logs as Redis does", async () => {
    const program = await start("--port", "auto");
    await program.seen(/ready to accept/);
    const lines = program.output.split("\n");
    expect(lines[0]).toBe(`Ready on 127.0.0.1:${program.port}`);
    expect(lines[1]).toMatch(/^\d+:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} \* /);
    const wire = await Wire.open({ port: program.port });
    expect(await wire.ask("PING")).toBe("+PONG");
    wire.close();
  });

  it("tells the engine the port it took", async () => {
    const program = await start("--port", "auto");
    const wire = await Wire.open({ port: program.port });
    expect(await wire.parameter("port")).toBe(`${program.port}`);
    wire.close();
  });

  it("names a port in use and proposes another, in one line", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const { port } = blocker.address() as { port: number };
    const { code, errors } = await runProgram(["--port", `${port}`]);
    blocker.close();
    expect(code).toBe(1);
    expect(errors).toMatch(new RegExp(`^[^\n]*:${port}[^\n]*--port auto[^\n]*\n$`));
  });

  it("answers -v and -h", async () => {
    expect(await runProgram(["-v"])).toMatchObject({ code: 0, output: /Quire v=\d/ });
    expect(await runProgram(["--help"])).toMatchObject({ code: 0, output: /Usage: quiredb/ });
  });
});

expect.addEqualityTesters([
  (left, right) => {
    if (typeof left === "string" && right instanceof RegExp) return right.test(left);
    return undefined;
  },
]);

describe("configuration", () => {
  it.each([
    ["no-such-directive 1", /at line 2\n>>> 'no-such-directive 1'\nBad directive or wrong number/],
    ["port abc", /at line 2\n>>> 'port abc'\n/],
    ["port 1 2", /at line 2\n>>> 'port 1 2'\nBad directive or wrong number of arguments/],
    ["maxmemory-policy nonsense", /argument\(s\) must be one of/],
    ["aclfile /no/such/file", /Error loading ACLs, opening file .*No such file/],
    ["user u on nonsense", /Error in user declaration 'nonsense': Syntax error/],
    ["rename-command nope x", /No such command in rename-command/],
  ])("stops at %s", async (line, expected) => {
    const { code, errors } = await runProgram([write("bad.conf", `# first\n${line}\n`)]);
    expect(errors).toMatch(/FATAL CONFIG FILE ERROR \(Quire \d/);
    expect(errors).toMatch(expected);
    expect(code).toBe(1);
  });

  it("stops at a wrong value of the command line and at a missing file", async () => {
    const wrong = await runProgram(["--timeout", "soon"]);
    expect(wrong).toMatchObject({ code: 1, errors: />>> 'timeout "soon"'/ });
    const missing = await runProgram([join(folder.path, "none.conf")]);
    expect(missing).toMatchObject({ code: 1, errors: /can't open config file/ });
  });

  it.each([
    [
      ["--port", "auto", "--bind", "192.0.2.77"],
      /^[^\n]*192\.0\.2\.77: the address does not exist/,
    ],
    [["--port", "auto", "--bind", "-192.0.2.77"], /^[^\n]*192\.0\.2\.77: none of these addresses/],
    [
      ["--port", "0", "--logfile", "/no/such/folder/log"],
      /open the log file '[^']*': no such file/,
    ],
    [["--engine-memory", "1kb"], /engine-memory must be at least/],
  ])("says in words why it cannot start with %j", async (args, expected) => {
    const { code, errors } = await runProgram(args);
    expect(errors).toMatch(expected);
    expect(errors).not.toMatch(/\n +at /);
    expect(code).toBe(1);
  });

  it("includes files from the command line", async () => {
    const path = write("included.conf", "timeout 7\n");
    const program = await start("--port", "auto", "--include", path);
    const wire = await Wire.open({ port: program.port });
    expect(await wire.parameter("timeout")).toBe("7");
    wire.close();
  });

  it("lets the command line win over the file, and the last line over those before", async () => {
    const path = write("win.conf", "port 1\ntimeout 7\ntimeout 8\nmaxclients 50\n");
    const program = await start(path, "--port", "auto", "--maxclients", "60");
    const wire = await Wire.open({ port: program.port });
    expect(await wire.parameter("timeout")).toBe("8");
    expect(await wire.parameter("maxclients")).toBe("60");
    wire.close();
  });

  it("reads standard input for a dash", async () => {
    const { code, errors } = await runProgram(["-"], { input: "port 0\nnonsense 1\n" });
    expect(code).toBe(1);
    expect(errors).toMatch(/standard input, at line 2/);
  });

  it("names directives without effect, once, in one line", async () => {
    const path = write("unused.conf", "daemonize yes\nio-threads 2\ndaemonize yes\nhz 20\n");
    const program = await start(path, "--port", "auto");
    const [line] = await program.seen(/.*without effect.*/);
    expect(line).toMatch(/without effect: daemonize, io-threads$/);
  });

  it("writes its log to a file", async () => {
    const logfile = join(folder.path, "quire.log");
    const program = await start("--port", "auto", "--logfile", logfile);
    program.child.kill("SIGTERM");
    expect(await program.exit).toBe(process.platform === "win32" ? null : 0);
    expect(program.output).toBe(`Ready on 127.0.0.1:${program.port}\n`);
    expect(readFileSync(logfile, "utf8")).toMatch(/ \* Quire .* ready to accept connections/);
  });

  it("rewrites its file", async () => {
    const path = write("rewrite.conf", "# keep me\nport auto\ntimeout 3\n");
    const program = await start(path);
    const wire = await Wire.open({ port: program.port });
    expect(await wire.ask("CONFIG", "SET", "timeout", "0", "maxclients", "77")).toBe("+OK");
    expect(await wire.ask("CONFIG", "REWRITE")).toBe("+OK");
    wire.close();
    const text = readFileSync(path, "utf8");
    expect(text).toContain("# keep me\n");
    expect(text).toContain("\ntimeout 0\n");
    expect(text).toContain("# Generated by CONFIG REWRITE\n");
    expect(text).toContain("\nmaxclients 77\n");
    expect(await runProgram([path, "--nonsense", "1"])).toMatchObject({ code: 1 });
  });

  it.skipIf(!requireDebianFile())(`takes Debian's ${DEBIAN_FILE} as it is`, async () => {
    const program = await start(DEBIAN_FILE, "--port", "auto", "--logfile", "");
    const [line] = await program.seen(/.*without effect.*/);
    expect(line).toContain("daemonize");
    const wire = await Wire.open({ port: program.port });
    expect(await wire.ask("SET", "a", "b")).toBe("+OK");
    wire.close();
  });
});

describe("stopping", () => {
  it.skipIf(process.platform === "win32").each(["SIGTERM", "SIGINT"] as const)(
    "ends cleanly on %s, with clients connected",
    async (signal) => {
      const program = await start("--port", "auto");
      const wires = await Promise.all(
        Array.from({ length: 20 }, () => Wire.open({ port: program.port })),
      );
      expect(await wires[0]?.ask("PING")).toBe("+PONG");
      program.child.kill(signal);
      expect(await program.exit).toBe(0);
      await Promise.all(wires.map((wire) => wire.closed));
      expect(program.output).toMatch(/bye bye/);
    },
  );

  it("ends on SHUTDOWN, without a reply", async () => {
    const program = await start("--port", "auto");
    const wire = await Wire.open({ port: program.port });
    wire.send("SHUTDOWN", "NOSAVE");
    await wire.closed;
    expect(wire.received.length).toBe(0);
    expect(await program.exit).toBe(0);
  });

  it("ends with 70 when the engine traps, and logs the command", async () => {
    const program = await start("--port", "auto", "--enable-debug-command", "yes");
    const other = await Wire.open({ port: program.port });
    const wire = await Wire.open({ port: program.port });
    wire.send("DEBUG", "PANIC");
    expect(await program.exit).toBe(70);
    await Promise.all([wire.closed, other.closed]);
    expect(program.output).toMatch(/# .*"DEBUG" "PANIC"/);
  });
});

describe.skipIf(process.platform === "win32")("Unix socket", () => {
  it("serves without TCP, with the permissions asked for", async () => {
    const path = join(folder.path, "quire.sock");
    const program = await start("--port", "0", "--unixsocket", path, "--unixsocketperm", "700");
    expect(program.output).toMatch(new RegExp(`^Ready on ${path}\n`));
    const wire = await Wire.open({ path });
    expect(await wire.ask("PING")).toBe("+PONG");
    wire.close();
    program.child.kill("SIGTERM");
    expect(await program.exit).toBe(0);
  });

  it("refuses a path that the system would cut off", async () => {
    const path = join(folder.path, "x".repeat(120));
    const { code, errors } = await runProgram(["--port", "0", "--unixsocket", path]);
    expect(errors).toMatch(/^Could not listen on [^\n]* longer than \d+ bytes\n$/);
    expect(code).toBe(1);
  });
});

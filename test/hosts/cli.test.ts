/** `quiredb cli`: against our own server, and beside redis-cli, whose output it copies. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCliArguments } from "../../hosts/node/cli.js";
import { CommandIndex, readCommandDocs } from "../../hosts/node/cli-hints.js";
import { Aggregate, type RawReply } from "../../hosts/shared/protocol/resp.js";
import { requireBinary } from "../support/needs.js";
import { PROGRAM, runProgram, type ServerProgram, startProgram, Wire } from "./support.js";

let server: ServerProgram;
beforeAll(async () => {
  server = await startProgram("--port", "auto");
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exit;
});

function cli(args: string[], input?: string) {
  return runProgram(["cli", "-p", `${server.port}`, ...args], { input: input ?? "" });
}

describe("arguments", () => {
  it("reads options, then the command", () => {
    const given = readCliArguments(["-h", "::1", "-p", "7000", "-n", "2", "-3", "get", "-n"], true);
    expect(given).toMatchObject({ host: "::1", port: 7000, database: 2, resp3: true, raw: false });
    expect(given.command).toEqual(["get", "-n"]);
    expect(readCliArguments(["-p", "x"], true).error).toBe("Invalid server port.");
    expect(readCliArguments(["--what"], true).error).toMatch(/Unrecognized option/);
    expect(readCliArguments([], false).raw).toBe(true);
  });
});

describe("one command", () => {
  it("prints the reply and answers 0", async () => {
    expect(await cli(["--no-raw", "SET", "a", "1"])).toEqual({
      code: 0,
      output: "OK\n",
      errors: "",
    });
    expect((await cli(["--no-raw", "GET", "a"])).output).toBe('"1"\n');
    expect((await cli(["--no-raw", "GET", "none"])).output).toBe("(nil)\n");
    expect((await cli(["--no-raw", "INCR", "a"])).output).toBe("(integer) 2\n");
    expect((await cli(["--no-raw", "MGET", "a", "none"])).output).toBe('1) "2"\n2) (nil)\n');
    expect((await cli(["MGET", "a", "none"])).output).toBe("2\n\n");
  });

  it("answers 1 to an error and without a server", async () => {
    const failed = await cli(["--no-raw", "nonsense"]);
    expect(failed.code).toBe(1);
    expect(failed.output).toMatch(/^\(error\) ERR unknown command 'nonsense'/);
    const alone = await runProgram(["cli", "-p", "1", "PING"]);
    expect(alone.code).toBe(1);
    expect(alone.errors).toBe("Could not connect to Quire at 127.0.0.1:1: Connection refused\n");
  });

  it("takes its last argument from standard input", async () => {
    expect((await cli(["-x", "SET", "x"], "from\nstdin")).output).toBe("OK\n");
    expect((await cli(["GET", "x"])).output).toBe("from\nstdin\n");
  });

  it("selects a database and speaks RESP3", async () => {
    expect((await cli(["-n", "3", "SET", "only", "here"])).output).toBe("OK\n");
    expect((await cli(["-n", "3", "GET", "only"])).output).toBe("here\n");
    expect((await cli(["GET", "only"])).output).toBe("\n");
    expect((await cli(["--no-raw", "-3", "CONFIG", "GET", "timeout"])).output).toBe(
      '1# "timeout" => "0"\n',
    );
  });

  it("signs in with -a and with REDISCLI_AUTH", async () => {
    const wire = await Wire.open({ port: server.port });
    await wire.ask("CONFIG", "SET", "requirepass", "secret");
    const port = `${server.port}`;
    const without = await runProgram(["cli", "-p", port, "PING"]);
    expect(without.output).toMatch(/^NOAUTH/);
    expect(await cli(["-a", "secret", "PING"])).toMatchObject({ output: "PONG\n" });
    const env = { REDISCLI_AUTH: "secret" };
    expect(await runProgram(["cli", "-p", port, "PING"], { env })).toMatchObject({
      output: "PONG\n",
    });
    expect((await cli(["-a", "wrong", "PING"])).errors).toMatch(/^AUTH failed: WRONGPASS/);
    await wire.ask("CONFIG", "SET", "requirepass", "");
    wire.close();
  });
});

describe("lines of standard input", () => {
  it("runs them one after another", async () => {
    const input = 'SET l "a b"\n\nGET l\n"open\nnonsense\n';
    const { code, output } = await cli([], input);
    expect(output).toMatch(/^OK\na b\nInvalid argument\(s\)\nERR unknown command 'nonsense'/);
    expect(code).toBe(1);
  });
});

describe.skipIf(!requireBinary("redis-cli", "apt-get install redis-tools"))("redis-cli", () => {
  const LINES = [
    String.raw`SET k "a \"b\"\n\x01\xff"`,
    "GET k",
    "GET none",
    "STRLEN k",
    "MGET k none k",
    "CONFIG GET *max*",
    "COMMAND INFO get nonsense",
    "NONSENSE x",
    "SET k",
    "LCS k k IDX",
  ];

  it.each([["--no-raw"], ["--raw"], ["-3", "--no-raw"], ["-3", "--raw"]])(
    "prints the same with %s %s",
    (...options) => {
      const args = ["-p", `${server.port}`, ...options];
      const run = (file: string, before: string[]) =>
        spawnSync(file, [...before, ...args], { input: `${LINES.join("\n")}\n` }).stdout.toString();
      const theirs = run("redis-cli", []);
      expect(run(process.execPath, [PROGRAM, "cli"])).toBe(theirs);
    },
  );
});

describe("hints", () => {
  const text = (value: string) => Buffer.from(value);
  const argument = (name: string, type: string, ...more: RawReply[]) => [
    text("name"),
    text(name),
    text("type"),
    text(type),
    ...more,
  ];
  const flags = (...names: string[]) => [text("flags"), new Aggregate("set", names.map(text))];
  const docs: RawReply = [
    text("set"),
    [
      text("summary"),
      text("Sets."),
      text("arguments"),
      [
        argument("key", "key"),
        argument("value", "string"),
        argument("condition", "oneof", ...flags("optional"), text("arguments"), [
          argument("nx", "pure-token", text("token"), text("NX")),
          argument("xx", "pure-token", text("token"), text("XX")),
        ]),
        argument("seconds", "integer", text("token"), text("EX"), ...flags("optional", "multiple")),
      ],
    ],
    text("config"),
    [text("subcommands"), [text("config|get"), [text("summary"), text("Reads.")]]],
  ];
  const index = new CommandIndex();
  index.add(readCommandDocs(docs));

  it("shows what may follow", () => {
    expect(index.hint("set")).toBe(" key value [NX|XX] [EX seconds [seconds ...]]");
    expect(index.hint("set a ")).toBe("value [NX|XX] [EX seconds [seconds ...]]");
    expect(index.hint("nonsense")).toBe("");
  });

  it("completes names in the case of the line", () => {
    expect(index.complete("S")).toEqual(["SET "]);
    expect(index.complete("conf")).toEqual(["config", "config get"]);
    expect(index.complete("")).toEqual([]);
  });

  it("explains a command", () => {
    expect(index.help(["config", "get"])).toMatch(/CONFIG GET.*\n {2}summary: Reads\./);
  });
});

/** The interactive client under a terminal that `script` makes. */
class Terminal {
  readonly home = mkdtempSync(join(tmpdir(), "quire-home-"));
  readonly child: ChildProcess;
  shown = "";
  #watch: () => void = () => {};

  constructor(port: number) {
    const command = `stty cols 100; "${process.execPath}" "${PROGRAM}" cli -p ${port}`;
    const env = { ...process.env, HOME: this.home, TERM: "xterm" };
    this.child = spawn("script", ["-qec", command, "/dev/null"], { env });
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.shown += chunk.toString();
      this.#watch();
    });
  }

  /** Types, then waits until all of this has been shown since. */
  async type(keys: string, expected: string): Promise<void> {
    this.shown = "";
    this.child.stdin?.write(keys);
    await this.seen(expected);
  }

  async seen(expected: string): Promise<void> {
    while (!this.shown.includes(expected)) {
      await new Promise<void>((resolve) => {
        this.#watch = resolve;
      });
    }
  }

  async end(): Promise<void> {
    const gone = new Promise((resolve) => this.child.on("close", resolve));
    this.child.stdin?.write("exit\r");
    await gone;
  }
}

const hasTerminal =
  process.platform === "linux" && requireBinary("script", "Debian: apt-get install bsdutils");

describe.skipIf(!hasTerminal)("interactive", () => {
  it("hints, completes and remembers", async () => {
    const terminal = new Terminal(server.port);
    const prompt = `127.0.0.1:${server.port}> `;
    await terminal.seen(prompt);
    await terminal.type("echo ", "\u001b[90mmessage");
    await terminal.type("hi\r", '"hi"');
    await terminal.type("config rew\t", "rite ");
    await terminal.type("\u0015\u001b[A", "echo hi");
    await terminal.type("\u0015select 2\r", `127.0.0.1:${server.port}[2]> `);
    await terminal.type("auth secret\r", "(error) ERR AUTH");
    await terminal.end();
    const history = readFileSync(join(terminal.home, ".quire_history"), "utf8");
    rmSync(terminal.home, { recursive: true });
    expect(history).toBe("echo hi\nselect 2\nexit\n");
  });
});

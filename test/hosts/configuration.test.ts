/** Configuration texts: quoting, includes, the command line, rewriting. No engine is needed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readArguments } from "../../hosts/node/arguments.js";
import { parseMemory, planConfiguration } from "../../hosts/node/configuration.js";
import { parseConfiguration } from "../../hosts/node/directives.js";
import { quoteArgument, splitArguments } from "../../hosts/node/quoting.js";
import { rewriteText } from "../../hosts/node/rewrite.js";
import { readPairs } from "../../hosts/node/settings.js";
import { temporaryFolder } from "./support.js";

const folder = temporaryFolder();
afterAll(folder.remove);

function write(name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
}

function parse(text: string) {
  return parseConfiguration(text, "test.conf", "0").map(({ name, values }) => [name, ...values]);
}

describe("quoting", () => {
  it.each([
    ["a b  c\t d", ["a", "b", "c", "d"]],
    [`save ""`, ["save", ""]],
    [String.raw`x "a\x41\n\"q\\"`, ["x", 'aA\n"q\\']],
    [String.raw`x 'it\'s \n'`, ["x", "it's \\n"]],
    [`a"b c"`, ["ab c"]],
    ["", []],
  ])("splits %s", (line, parts) => {
    expect(splitArguments(line)).toEqual(parts);
  });

  it.each([`"open`, `'open`, `"a"b`, `'a'b`])("refuses %s", (line) => {
    expect(splitArguments(line)).toBeUndefined();
  });

  it("reads back what it quotes", () => {
    const texts = ["", "plain", "two words", 'quote " and \\', "\n\r\t\b\x07\0\xff", "it's", "#x"];
    for (const text of texts) expect(splitArguments(quoteArgument(text))).toEqual([text]);
  });
});

describe("configuration file", () => {
  it("passes over comments and blank lines, lowers names", () => {
    expect(parse('# c\n\n  PORT 7000 \r\nsave ""\n')).toEqual([
      ["port", "7000"],
      ["save", ""],
    ]);
  });

  it("includes files at their place, wildcards in order", () => {
    write("b1.conf", "timeout 1");
    write("b2.conf", "timeout 2");
    const text = `port 1\ninclude ${join(folder.path, "b*.conf").replaceAll("\\", "/")}\nport 2`;
    expect(parse(text)).toEqual([
      ["port", "1"],
      ["timeout", "1"],
      ["timeout", "2"],
      ["port", "2"],
    ]);
  });

  it("names file and line of what is wrong", () => {
    const reason = (text: string) => {
      try {
        planConfiguration(parseConfiguration(text, "/etc/q.conf", "0"), "0");
        return "";
      } catch (cause) {
        return (cause as Error).message;
      }
    };
    expect(reason('\nport "1')).toMatch(/q\.conf, at line 2\n>>> 'port "1'\nUnbalanced quotes/);
    expect(reason("include /does/not/exist.conf")).toMatch(/Can't open config file/);
    const self = write("self.conf", `include ${join(folder.path, "self.conf")}`);
    expect(reason(`include ${self}`)).toMatch(/nested too deeply/);
  });

  it("finds what the host needs before the engine runs", () => {
    const plan = planConfiguration(
      parseConfiguration(
        "port auto\ndatabases 4\nengine-memory 2gb\nsave 1 2\nsave 3 4\n",
        "f",
        "0",
      ),
      "0",
    );
    expect(plan).toMatchObject({ databases: 4, memoryBytes: 2 * 1024 ** 3 });
    expect([...plan.automatic]).toEqual(["port"]);
    expect(plan.directives.map(({ name, values }) => [name, ...values])).toEqual([
      ["databases", "4"],
      ["save", "1", "2", "3", "4"],
    ]);
  });

  it("reads amounts of memory with Redis's units", () => {
    expect(["1", "1k", "1kb", "2MB", "1g", "1gb"].map(parseMemory)).toEqual([
      1,
      1000,
      1024,
      2 * 1024 ** 2,
      1000 ** 3,
      1024 ** 3,
    ]);
    expect(["", "x", "1tb", "-1"].map(parseMemory)).toEqual(Array(4).fill(undefined));
  });
});

describe("command line", () => {
  const read = (...args: string[]) => {
    const { directives, ...rest } = readArguments(args);
    return { ...rest, directives: directives.map(({ name, values }) => [name, ...values]) };
  };

  it("reads file, directives and standard input", () => {
    expect(read("/a.conf", "--port", "1", "--bind", "a", "b", "--save", "", "-")).toMatchObject({
      file: "/a.conf",
      stdin: true,
      error: undefined,
      directives: [
        ["port", "1"],
        ["bind", "a", "b"],
        ["save", ""],
      ],
    });
  });

  it("knows -v, -h and what it cannot read", () => {
    expect(read("-v").version).toBe(true);
    expect(read("--help").help).toBe(true);
    expect(read("-p", "1").error).toMatch(/-p/);
    expect(read("-").stdin).toBe(true);
  });
});

describe("rewriting", () => {
  const known: Record<string, string> = { port: "6379", timeout: "0", save: "", maxclients: "9" };
  const names = new Map([["slave-priority", "replica-priority"]]);
  const rewrite = (text: string, changed: [string, string][]) =>
    rewriteText(text, { changed, names }, (name) => known[name]);

  it("keeps comments, order and lines that are no parameters", () => {
    const text = "# mine\nport 1\n\ninclude x.conf\ntimeout 5\n";
    expect(rewrite(text, [["port", "2"]])).toBe("# mine\nport 2\n\ninclude x.conf\ntimeout 0\n");
  });

  it("adds new parameters at the end, under one heading", () => {
    const once = rewrite("port 1\n", [
      ["port", "1"],
      ["requirepass", "a b"],
    ]);
    expect(once).toBe('port 1\n# Generated by CONFIG REWRITE\nrequirepass "a b"\n');
    const twice = rewrite(once, [
      ["port", "1"],
      ["requirepass", "é"],
    ]);
    expect(twice).toBe('port 1\n# Generated by CONFIG REWRITE\nrequirepass "\\xc3\\xa9"\n');
  });

  it("writes groups on lines of their own and lets spare lines vanish", () => {
    const text = "save 1 1\nport 1\nsave 2 2\nsave 3 3\n";
    expect(rewrite(text, [["save", "9 9 8 8"]])).toBe("save 9 9\nport 6379\nsave 8 8\n");
    expect(rewrite(text, [])).toBe('save ""\nport 6379\n');
  });

  it("writes the present name in place of an older one", () => {
    const text = "port 1\nslave-priority 50\ntimeout 0\n";
    const expected = "port 6379\nreplica-priority 60\ntimeout 0\n";
    expect(rewrite(text, [["replica-priority", "60"]])).toBe(expected);
  });

  it("leaves lines alone that say the same already", () => {
    const text =
      'maxmemory 64mb\nappendfilename "a.aof"\nclient-output-buffer-limit replica 1kb 1 1\n';
    const pairs: [string, string][] = [
      ["maxmemory", `${64 * 1024 ** 2}`],
      ["appendfilename", "a.aof"],
      ["client-output-buffer-limit", "slave 1024 1 1"],
    ];
    expect(rewrite(text, pairs)).toBe(text);
  });

  it("reads pairs from the engine", () => {
    expect(readPairs("a\0b\0c\0\0")).toEqual([
      ["a", "b"],
      ["c", ""],
    ]);
  });
});

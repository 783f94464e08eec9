import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

function list(...args: string[]): string[] {
  return session.ask("COMMAND", "LIST", ...args) as string[];
}

const GET_SPEC_2 = [
  "flags",
  ["RO", "access"],
  "begin_search",
  ["type", "index", "spec", ["index", 1]],
  "find_keys",
  ["type", "range", "spec", ["lastkey", 0, "keystep", 1, "limit", 0]],
];

const GET_INFO = ["get", 2, ["readonly", "fast"], 1, 1, 1, ["@read", "@string", "@fast"], []];

describe("COMMAND", () => {
  it("answers every command once, subcommands inside their containers", () => {
    const rows = session.ask("COMMAND") as unknown[][];
    expect(rows.length).toBe(session.ask("COMMAND COUNT"));
    expect(rows.every((row) => row.length === 10)).toBe(true);
    const names = rows.map(([name]) => name as string);
    expect(names).toEqual(list().filter((name) => !name.includes("|")));
    const client = rows[names.indexOf("client")]?.[9] as unknown[][];
    expect(client.map(([name]) => name)).toContain("client|kill");
  });

  it("knows its subcommands", () => {
    expect(session.call("COMMAND nosuch")).toBe(
      "-ERR unknown subcommand 'nosuch'. Try COMMAND HELP.\r\n",
    );
  });
});

describe("COMMAND COUNT", () => {
  it("counts commands, not subcommands", () => {
    expect(session.ask("COMMAND COUNT")).toBe(list().filter((name) => !/\|/.test(name)).length);
  });
});

describe("COMMAND INFO", () => {
  it("answers ten elements, in RESP2", () => {
    expect(session.ask("COMMAND INFO get")).toEqual([[...GET_INFO, [GET_SPEC_2], []]]);
  });

  it("answers sets and maps in RESP3", () => {
    session.call("HELLO 3");
    const reply = session.call("COMMAND INFO get");
    expect(reply.startsWith("*1\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+readonly\r\n")).toBe(true);
    expect(reply).toContain("~1\r\n%3\r\n$5\r\nflags\r\n~2\r\n+RO\r\n+access\r\n");
    expect(reply).toContain("$4\r\nspec\r\n%1\r\n$5\r\nindex\r\n:1\r\n");
  });

  it("keeps the order asked for; unknown ones are null", () => {
    const reply = session.ask("COMMAND INFO nosuch SET client|ID client|nosuch nosuch|id get|a");
    expect((reply as unknown[][]).map((row) => row?.[0])).toEqual([
      undefined,
      "set",
      "client|id",
      undefined,
      undefined,
      undefined,
    ]);
    expect(session.call("COMMAND INFO nosuch")).toBe("*1\r\n$-1\r\n");
    session.call("HELLO 3");
    expect(session.call("COMMAND INFO nosuch")).toBe("*1\r\n_\r\n");
  });

  it("without names answers all", () => {
    expect(session.call("COMMAND INFO")).toBe(session.call("COMMAND"));
  });
});

describe("COMMAND DOCS", () => {
  type Docs = Map<string, Map<string, unknown>>;

  /** The arguments of one entry, or of one argument. */
  function argumentsOf(facts: Map<string, unknown> | undefined): Map<string, unknown>[] {
    return (facts?.get("arguments") ?? []) as Map<string, unknown>[];
  }

  it("answers maps by name", () => {
    session.call("HELLO 3");
    const docs = session.ask("COMMAND DOCS get NOSUCH client|setname") as Docs;
    expect([...docs.keys()]).toEqual(["get", "client|setname"]);
    expect(docs.get("get")?.get("since")).toBe("1.0.0");
    expect(docs.get("get")?.get("group")).toBe("string");
    const [key] = argumentsOf(docs.get("get"));
    expect([...(key ?? [])]).toEqual([
      ["name", "key"],
      ["type", "key"],
      ["display_text", "key"],
      ["key_spec_index", 0],
    ]);
  });

  it("answers flat pairs in RESP2", () => {
    const docs = session.ask("COMMAND DOCS echo") as unknown[];
    expect(docs[0]).toBe("echo");
    expect((docs[1] as unknown[]).filter((_, index) => index % 2 === 0)).toEqual([
      "summary",
      "since",
      "group",
      "complexity",
      "arguments",
    ]);
    expect(session.call("COMMAND DOCS nosuch")).toBe("*0\r\n");
  });

  it("tells what is deprecated, and nests subcommands", () => {
    session.call("HELLO 3");
    const docs = session.ask("COMMAND DOCS quit object") as Docs;
    expect(docs.get("quit")?.get("doc_flags")).toEqual(["deprecated"]);
    expect(docs.get("quit")?.get("deprecated_since")).toBe("7.2.0");
    const inner = docs.get("object")?.get("subcommands") as Docs;
    expect([...inner.keys()]).toContain("object|encoding");
  });

  it("without names answers all", () => {
    session.call("HELLO 3");
    const docs = session.ask("COMMAND DOCS") as Docs;
    expect(docs.size).toBe(session.ask("COMMAND COUNT"));
    for (const facts of docs.values()) {
      expect(facts.get("summary")).toMatch(/^[A-Z]/);
      expect(facts.get("since")).toMatch(/^\d+\.\d+\.\d+$/);
      expect(facts.get("complexity")).toBeTruthy();
    }
  });

  it("reads tokens and nested arguments", () => {
    session.call("HELLO 3");
    const docs = session.ask("COMMAND DOCS client|kill") as Docs;
    const [filter] = argumentsOf(docs.get("client|kill"));
    const [old, fresh] = argumentsOf(filter);
    expect(old?.get("display_text")).toBe("ip:port");
    expect(old?.get("deprecated_since")).toBe("2.8.12");
    expect(fresh?.get("flags")).toEqual(["multiple"]);
    const last = argumentsOf(fresh).at(-1);
    expect([...(last ?? [])]).toEqual([
      ["name", "maxage"],
      ["type", "integer"],
      ["display_text", "maxage"],
      ["token", "MAXAGE"],
      ["since", "7.4.0"],
      ["flags", ["optional"]],
    ]);
  });
});

describe("COMMAND LIST", () => {
  it("answers commands and subcommands", () => {
    expect(list()).toContain("get");
    expect(list()).toContain("client|kill");
  });

  it("filters", () => {
    expect(list("FILTERBY", "PATTERN", "CLIENT|NO-*")).toEqual([
      "client|no-evict",
      "client|no-touch",
    ]);
    expect(list("filterby", "aclcat", "CONNECTION")).toContain("ping");
    expect(list("FILTERBY", "ACLCAT", "dangerous")).toContain("client|kill");
    expect(list("FILTERBY", "ACLCAT", "fast")).not.toContain("client|kill");
    expect(list("FILTERBY", "ACLCAT", "nosuch")).toEqual([]);
    expect(list("FILTERBY", "MODULE", "any")).toEqual([]);
  });

  it("refuses other filters", () => {
    for (const line of ["nosuch", "FILTERBY", "FILTERBY nosuch a", "FILTERBY PATTERN a b"]) {
      expect(session.call(`COMMAND LIST ${line}`)).toBe("-ERR syntax error\r\n");
    }
  });
});

const INVALID_COMMAND = "-ERR Invalid command specified\r\n";
const NO_KEYS = "-ERR The command has no key arguments\r\n";
const COUNT = "-ERR Invalid number of arguments specified for command\r\n";

describe("COMMAND GETKEYS", () => {
  const keys = (line: string) => session.ask(`COMMAND GETKEYS ${line}`);

  it("finds keys by index and step", () => {
    expect(keys("GET a")).toEqual(["a"]);
    expect(keys("MGET a b a")).toEqual(["a", "b", "a"]);
    expect(keys("MSET a 1 b 2")).toEqual(["a", "b"]);
    expect(keys("RENAME a b")).toEqual(["a", "b"]);
    expect(keys("OBJECT ENCODING a")).toEqual(["a"]);
    expect(keys("LCS a b LEN")).toEqual(["a", "b"]);
  });

  it("finds as many as a number says", () => {
    expect(keys("MSETEX 2 a 1 b 2 EX 5")).toEqual(["a", "b"]);
    for (const number of ["0", "-1", "x", "99", "9223372036854775807"]) {
      expect(session.call(`COMMAND GETKEYS MSETEX ${number} a 1`)).toBe(
        "-ERR Invalid arguments specified for command\r\n",
      );
    }
  });

  it("finds ten thousand", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `key:${index}`);
    expect(session.ask("COMMAND", "GETKEYS", "DEL", ...names)).toEqual(names);
  });

  it("refuses what has none", () => {
    expect(session.call("COMMAND GETKEYS nosuch a")).toBe(INVALID_COMMAND);
    expect(session.call("COMMAND GETKEYS CLIENT nosuch")).toBe(INVALID_COMMAND);
    expect(session.call("COMMAND GETKEYS PING")).toBe(NO_KEYS);
    expect(session.call("COMMAND GETKEYS CLIENT LIST")).toBe(NO_KEYS);
    expect(session.call("COMMAND GETKEYS GET")).toBe(COUNT);
    expect(session.call("COMMAND GETKEYS GET a b")).toBe(COUNT);
    expect(session.call("COMMAND GETKEYS")).toBe(
      "-ERR wrong number of arguments for 'command|getkeys' command\r\n",
    );
  });
});

describe("COMMAND GETKEYSANDFLAGS", () => {
  const flags = (line: string) => session.ask(`COMMAND GETKEYSANDFLAGS ${line}`);

  it("tells how each key is used", () => {
    expect(flags("GET a")).toEqual([["a", ["RO", "access"]]]);
    expect(flags("COPY a b")).toEqual([
      ["a", ["RO", "access"]],
      ["b", ["OW", "update"]],
    ]);
    expect(flags("GETDEL a")).toEqual([["a", ["RW", "access", "delete"]]]);
    expect(flags("DEL a")).toEqual([["a", ["RM", "delete"]]]);
  });

  it("of SET by its options", () => {
    expect(flags("SET a b EX 1")).toEqual([["a", ["OW", "update"]]]);
    expect(flags("SET a b EX 1 get")).toEqual([["a", ["RW", "access", "update"]]]);
    expect(flags("SET a get")).toEqual([["a", ["OW", "update"]]]);
  });

  it("answers sets in RESP3", () => {
    session.call("HELLO 3");
    expect(session.call("COMMAND GETKEYSANDFLAGS GET a")).toBe(
      "*1\r\n*2\r\n$1\r\na\r\n~2\r\n+RO\r\n+access\r\n",
    );
  });

  it("refuses what has none", () => {
    expect(session.call("COMMAND GETKEYSANDFLAGS PING")).toBe(NO_KEYS);
    expect(session.call("COMMAND GETKEYSANDFLAGS nosuch")).toBe(INVALID_COMMAND);
  });
});

describe("COMMAND HELP", () => {
  it("names the subcommands, and what happens without one", () => {
    const lines = decode(session.call("COMMAND HELP")) as string[];
    expect(lines.slice(0, 2)).toEqual([
      "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "(no subcommand)",
    ]);
    expect(lines).toContain("INFO [<command-name> [<command-name> ...]]");
    expect(lines).toContain(
      "LIST [FILTERBY (MODULE <module-name>|ACLCAT <category>|PATTERN <pattern>)]",
    );
  });
});

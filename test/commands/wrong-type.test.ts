// What every command with keys makes of a key of another type, and of numbers that are none: its
// error, and the key as it was. The commands and their words come from the command table.
import { describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { commandRows } from "../support/command-rows";
import { encode, TestEngine, type TestSession } from "../support/engine";

/** The type that the commands of a group work on. */
const TYPES: Record<string, string> = {
  string: "string",
  bitmap: "string",
  hyperloglog: "string",
  list: "list",
  set: "set",
  "sorted-set": "sorted-set",
  geo: "sorted-set",
  hash: "hash",
};

/** How a key of each type is made. */
const MAKE: Record<string, string[]> = {
  string: ["SET", "key", "text"],
  list: ["RPUSH", "key", "a", "b"],
  set: ["SADD", "key", "a", "b"],
  "sorted-set": ["ZADD", "key", "1", "a", "2", "b"],
  hash: ["HSET", "key", "a", "1", "b", "2"],
};

/** Commands that take keys of any type: they replace them or answer as if they were missing. */
const ANY_TYPE = new Set([
  ...["set", "setex", "psetex", "setnx", "mset", "msetnx", "msetex", "mget"],
  "delex",
]);

/** Other types that commands take besides the one of their group. */
const MORE_TYPES: Record<string, string[]> = Object.fromEntries(
  ["zunion", "zinter", "zdiff", "zintercard", "zunionstore", "zinterstore", "zdiffstore"].map(
    (name) => [name, ["set"]],
  ),
);

/** Commands that have a word of their own for it. */
const OTHER_ERRORS: Record<string, RegExp> = {
  lcs: /^-ERR The specified keys must contain string/,
};

/** Commands whose words the notation does not give away. */
const WORDS: Record<string, string[]> = {
  zrange: ["ZRANGE", "key", "0", "1"],
  ...Object.fromEntries(
    ["zlexcount", "zremrangebylex", "zrangebylex"].map((name) => [name, [name, "key", "-", "+"]]),
  ),
  zrevrangebylex: ["ZREVRANGEBYLEX", "key", "+", "-"],
  bitop: ["BITOP", "AND", "to", "key", "key"],
  geosearchstore: [..."GEOSEARCHSTORE to key FROMMEMBER a BYRADIUS 1 m".split(" ")],
  zrangestore: ["ZRANGESTORE", "to", "key", "0", "1"],
  pfmerge: ["PFMERGE", "to", "key"],
  pfdebug: ["PFDEBUG", "ENCODING", "key"],
  pfcount: ["PFCOUNT", "key"],
  lcs: ["LCS", "key", "key"],
};

interface Argument {
  name: string;
  type: string;
  token: string;
  isOptional: boolean;
  children: Argument[];
}

/** Reads "name:type=TOKEN?*+@key^since!deprecated~display(children) ...". */
function readArguments(text: string): Argument[] {
  const list: Argument[] = [];
  let at = 0;
  while (at < text.length) {
    const head = /^([^\s()]+)/.exec(text.slice(at))?.[1] ?? "";
    at += head.length;
    let inner = "";
    if (text[at] === "(") {
      let depth = 0;
      const start = at + 1;
      do {
        if (text[at] === "(") depth += 1;
        if (text[at] === ")") depth -= 1;
        at += 1;
      } while (depth > 0);
      inner = text.slice(start, at - 1);
    }
    while (text[at] === " ") at += 1;
    const [, name = "", type = "", token = ""] =
      /^([^:]+):([a-z-]+)(?:=([^?*+@^!~]*))?/.exec(head) ?? [];
    const marks = head.slice(name.length + type.length + 1);
    list.push({
      ...{ name, type, token, isOptional: marks.includes("?") },
      children: readArguments(inner),
    });
  }
  return list;
}

/** The least words that an argument may be; `numbers` tells what its number is. */
function wordsOf(argument: Argument, numbers: (argument: Argument) => string): string[] {
  if (argument.isOptional) return [];
  const token = argument.token ? [argument.token] : [];
  switch (argument.type) {
    case "key":
      return [...token, "key"];
    case "integer":
    case "double":
    case "unix-time":
      return [...token, numbers(argument)];
    case "pure-token":
      return token;
    case "oneof":
      return [...token, ...wordsOf(argument.children[0]!, numbers)];
    case "block":
      return [...token, ...argument.children.flatMap((child) => wordsOf(child, numbers))];
    default:
      return [...token, argument.type === "string" ? "a" : argument.name];
  }
}

const rows = commandRows().filter(
  (row) => row.get("keys") !== "" && (row.get("group") ?? "") in TYPES,
);

/** A call of a command on the key "key", valid when its numbers are. */
function callOf(row: Map<string, string>, numbers = (_: Argument) => "1"): string[] {
  const name = row.get("name")!;
  const list = readArguments(row.get("args") ?? "");
  return WORDS[name] ?? [name, ...list.flatMap((argument) => wordsOf(argument, numbers))];
}

describe("wrong types and numbers", () => {
  let engine: TestEngine;
  let session: TestSession;

  /** The answer to a call on a key that is made anew, and whether it left the key alone. */
  function answer(type: string, words: string[]): { reply: string; isKept: boolean } {
    session.raw(encode(["FLUSHALL"]));
    session.raw(encode(MAKE[type]!));
    const before = session.call("DEBUG DIGEST-VALUE key");
    if (!before.startsWith("*1\r\n+")) throw new Error(before);
    const reply = session.raw(encode(words));
    // A command that waits has nothing to wait for.
    if (reply === "") throw new Error(`${words.join(" ")} waits`);
    return { reply, isKept: session.call("DEBUG DIGEST-VALUE key") === before };
  }

  function begin(): void {
    engine = new TestEngine();
    engine.open(SessionFlag.INTERNAL).call("QUIRE CONFIGURE enable-debug-command yes");
    session = engine.open();
  }

  it("knows the calls of all commands with keys", () => {
    expect(rows.length).toBeGreaterThan(150);
  });

  it.each(rows.map((row) => [row.get("name")!, row] as const))("%s", (name, row) => {
    begin();
    const words = callOf(row);
    const own = TYPES[row.get("group")!]!;
    for (const type of Object.keys(MAKE)) {
      if (type === own || MORE_TYPES[name]?.includes(type)) continue;
      const { reply, isKept } = answer(type, words);
      const line = `${words.join(" ")} on a ${type}`;
      if (ANY_TYPE.has(name)) continue;
      expect(reply, line).toMatch(OTHER_ERRORS[name] ?? /^-WRONGTYPE /);
      expect(isKept, line).toBe(true);
    }
    expect(engine.exports.validate()).toBe(0);
  });

  const withNumbers = rows.filter((row) => callOf(row, () => "x").join() !== callOf(row).join());

  it.each(withNumbers.map((row) => [row.get("name")!, row] as const))(
    "%s, numbers that are none",
    (_, row) => {
      begin();
      for (const number of ["x", "nan", "1 ", "0x"]) {
        const words = callOf(row, () => number);
        const { reply, isKept } = answer(TYPES[row.get("group")!]!, words);
        expect(reply, words.join(" ")).toMatch(/^-ERR /);
        expect(isKept, words.join(" ")).toBe(true);
      }
    },
  );

  const isCount = (argument: Argument) => /^num/.test(argument.name);
  const withCounts = rows.filter((row) => {
    const wrong = callOf(row, (argument) => (isCount(argument) ? "7" : "1"));
    return wrong.join() !== callOf(row).join();
  });

  it.each(withCounts.map((row) => [row.get("name")!, row] as const))(
    "%s, numkeys that lie",
    (_, row) => {
      begin();
      for (const count of ["0", "-1", "7", "2147483648", "9223372036854775807"]) {
        const words = callOf(row, (argument) => (isCount(argument) ? count : "1"));
        const { reply, isKept } = answer(TYPES[row.get("group")!]!, words);
        expect(reply, words.join(" ")).toMatch(/^-ERR /);
        expect(isKept, words.join(" ")).toBe(true);
      }
    },
  );
});

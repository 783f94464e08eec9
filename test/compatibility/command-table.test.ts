// What COMMAND INFO and COMMAND DOCS say of every command that both Quire and redis-server have.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, TestEngine, type TestSession } from "../support/engine";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";

/** Facts that changed after 7.0.15, or that are ours: "command field" and why. */
const justified: Record<string, string> = {
  "client|setname tips": "7.2 says how routers treat it",
  "randomkey tips": "7.2 says how routers treat it",
  "scan tips": "7.2 says how routers treat it",
  "command|getkeys arity": "7.2 takes a command of one word",
  "command|getkeysandflags arity": "7.2 takes a command of one word",
  "command|getkeys arguments": "7.2 names them",
  "command|getkeysandflags arguments": "7.2 names them",
  "hscan arguments": "7.4 adds NOVALUES",
  "zscan arguments": "a later server adds NOSCORES",
  "zunion arguments": "8.8 adds AGGREGATE COUNT",
  "zinter arguments": "8.8 adds AGGREGATE COUNT",
  "zunionstore arguments": "8.8 adds AGGREGATE COUNT",
  "zinterstore arguments": "8.8 adds AGGREGATE COUNT",
  "set arguments": "8.4 adds the comparisons",
  "bitop arguments": "7.2 names the operations, 8.2 adds four",
  "blpop flags": "7.2 lets scripts call it, where it does not wait",
  "brpop flags": "7.2 lets scripts call it, where it does not wait",
  "blmove flags": "7.2 lets scripts call it, where it does not wait",
  "brpoplpush flags": "7.2 lets scripts call it, where it does not wait",
  "bzpopmin flags": "7.2 lets scripts call it, where it does not wait",
  "bzpopmax flags": "7.2 lets scripts call it, where it does not wait",
  "pfcount flags": "7.2 shows that it may replicate",
  "publish flags": "7.2 shows that it may replicate",
  "spublish flags": "7.2 shows that it may replicate",
  "zrank arity": "7.2 adds WITHSCORE",
  "zrank arguments": "7.2 adds WITHSCORE",
  "zrevrank arity": "7.2 adds WITHSCORE",
  "zrevrank arguments": "7.2 adds WITHSCORE",
  "lcs arguments": "7.2 renamed one of two called len",
  "hello arguments": "7.2 renamed one",
  "quit deprecated": "7.2 deprecates it",
  "quit docFlags": "7.2 deprecates it",
  "client|reply arguments": "7.2 renamed one",
  "client|kill arguments": "7.2 renamed some, 7.4 adds MAXAGE",
  "client|list arguments": "7.2 renamed one and drops a block",
  "client|unblock arguments": "7.2 renamed one",
  "function|flush arguments": "7.2 renamed one",
  "script|flush arguments": "7.2 renamed one",
};

type Facts = Record<string, unknown>;

/** A reply of maps (as RESP3 gives them) as plain objects. */
function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

function sorted(value: unknown): unknown[] {
  return [...(value as unknown[])].sort();
}

/** The elements of COMMAND INFO by name; the order within sets and notes do not count. */
function infoFacts(element: unknown[]): Facts {
  const specs = (element[8] as Facts[]).map(({ notes, flags, ...rest }) => ({
    ...rest,
    flags: sorted(flags),
  }));
  return {
    arity: element[1],
    flags: sorted(element[2]),
    first: element[3],
    last: element[4],
    step: element[5],
    categories: sorted(element[6]),
    tips: sorted(element[7]),
    keys: specs,
  };
}

/** An argument without what only later versions tell. */
function argumentFacts(argument: Facts): Facts {
  const { display_text, arguments: children, ...rest } = argument;
  if (!children) return rest;
  return { ...rest, arguments: (children as Facts[]).map(argumentFacts) };
}

function docsFacts(docs: Facts): Facts {
  const list = (docs.arguments ?? []) as Facts[];
  return {
    group: docs.group,
    since: docs.since,
    deprecated: docs.deprecated_since,
    docFlags: docs.doc_flags,
    arguments: list.map(argumentFacts),
  };
}

function differences(name: string, redis: Facts, quire: Facts): string[] {
  return Object.keys(redis).flatMap((field) => {
    const [theirs, ours] = [redis[field], quire[field]].map((value) => JSON.stringify(value));
    if (theirs === ours || `${name} ${field}` in justified) return [];
    return [`${name} ${field}\n  redis-server: ${theirs}\n  Quire:        ${ours}`];
  });
}

describe.skipIf(!hasRedisServer())("the command table", () => {
  let server: RedisServer;
  let client: RedisClient;
  let session: TestSession;
  let names: string[];

  beforeAll(async () => {
    server = await RedisServer.start();
    client = await server.connect();
    await client.ask("HELLO", "3");
    session = new TestEngine().open();
    session.call("HELLO 3");
    const theirs = new Set(decode(await client.ask("COMMAND", "LIST")) as string[]);
    names = (session.ask("COMMAND LIST") as string[]).filter((name) => theirs.has(name));
  });
  afterAll(async () => {
    await server?.stop();
  });

  it("is as redis-server has it: COMMAND INFO", async () => {
    const redis = plain(decode(await client.ask("COMMAND", "INFO", ...names))) as unknown[][];
    const quire = plain(session.ask("COMMAND", "INFO", ...names)) as unknown[][];
    const found = names.flatMap((name, index) =>
      differences(name, infoFacts(redis[index]!), infoFacts(quire[index]!)),
    );
    expect(found.join("\n")).toBe("");
  });

  it("is as redis-server has it: COMMAND DOCS", async () => {
    const redis = plain(decode(await client.ask("COMMAND", "DOCS", ...names))) as Facts;
    const quire = plain(session.ask("COMMAND", "DOCS", ...names)) as Facts;
    const found = names.flatMap((name) =>
      differences(name, docsFacts(redis[name] as Facts), docsFacts(quire[name] as Facts)),
    );
    expect(found.join("\n")).toBe("");
  });
});

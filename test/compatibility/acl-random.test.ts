// Random lists of rules, given to redis-server and to Quire: the same ones are refused in the same
// words, users look the same, and may run the same commands. Redis 7.4 keeps the rules of commands
// as they were given, 7.0 makes up its own from what they came to; so what Quire shows is given to
// redis-server as the rules of another user, which must look there like the first.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decode, encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands } from "../support/random-commands";
import { RandomRules } from "../support/random-rules";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";
import { askBoth, isListed, show } from "./compare";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_250_119);
const LISTS = Math.round(150 * SCALE);
const QUESTIONS_EACH = 25;
const PATTERNS = ["key:*", "key:[1-3]", "key:1", "?ey:[4-9]", "a*", "binary*", "x", "d", ""];

describe.skipIf(!hasRedisServer())(`random rules, seed ${SEED}`, () => {
  let server: RedisServer;
  let client: RedisClient;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = await server.connect();
  });
  afterAll(async () => {
    await server?.stop();
  });

  it.each([SEED, SEED + 1, SEED + 2, SEED + 3])("mean the same, seed %i", async (seed) => {
    const rules = new RandomRules(seed, PATTERNS);
    const commands = new RandomCommands({ seed, nowMs: Date.now(), nonsense: 5, longest: 20 });
    const session = new TestEngine().open();
    await client.ask("ACL", "DELUSER", "alice", "bob");
    const given: string[] = [];
    for (let round = 0; round < LISTS; round++) {
      if (round % 5 === 0) given.splice(0, given.length, "reset");
      const list = round % 5 === 0 ? ["reset", ...rules.list()] : rules.list();
      given.push(list.join(" "));
      const reply = await same(session, client, ["ACL", "SETUSER", "alice", ...list], given);
      if (reply !== "+OK\r\n") continue;
      await compareUsers(session, client, given);
      for (let left = QUESTIONS_EACH; left > 0; left--) {
        await ask(session, client, question(rules, commands), given);
      }
    }
    expect(session.engine.exports.validate()).toBe(0);
  });
});

/** Commands of keys, and some of subcommands and channels. */
function question(rules: RandomRules, commands: RandomCommands): string[] {
  const key = () => commands.key();
  switch (rules.random(8)) {
    case 0:
      return rules.of([
        ["CONFIG", "GET", "x"],
        ["config", "set", "x", "y"],
        ["CLIENT", "ID"],
        ["CLIENT", "KILL", "x"],
        ["SELECT", "0"],
        ["SELECT", "1"],
        ["ACL", "WHOAMI"],
        ["OBJECT", "FREQ", key()],
        ["MEMORY", "USAGE", key()],
        ["AUTH", "x"],
        ["PING"],
      ]);
    case 1:
      return [
        rules.of(["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "PUBLISH", "SPUBLISH"]),
        rules.of(["c", "d*", "dd", "e", "key:*", "__keyspace@0__:a"]),
        rules.of(["c", "d*", "x"]),
      ];
    default:
      return commands.next();
  }
}

async function same(
  session: TestSession,
  client: RedisClient,
  words: string[],
  given: string[],
): Promise<string> {
  const { redis, quire } = await askBoth(session, client, encode(words));
  const isKnown = redis === quire || isListed(words.join(" "), redis, quire);
  if (!isKnown && !(await fitNoKeys(session, client, words, redis))) {
    throw new Error(report(words, given, redis, quire));
  }
  return quire;
}

/**
 * Words that fit no keys: both leave what cannot be told to the command, which refuses it. Quire
 * looks at the keys before the place where they stop to fit; redis-server reads "+1" as a number.
 */
async function fitNoKeys(
  session: TestSession,
  client: RedisClient,
  words: string[],
  redis: string,
): Promise<boolean> {
  if (words[1] !== "DRYRUN") return false;
  const asked = ["COMMAND", "GETKEYS", ...words.slice(3)];
  const keys = redis === "+OK\r\n" ? await client.ask(...asked) : session.raw(encode(asked));
  return keys.startsWith("-ERR Invalid arguments specified for command");
}

function report(words: string[], given: string[], redis: string, quire: string): string {
  return [
    "after the rules",
    ...given.map((line) => `    ${line}`),
    `  > ${show(words.join(" "))}`,
    `  redis-server: ${show(redis)}`,
    `  Quire:        ${show(quire)}`,
  ].join("\n");
}

/** ACL DRYRUN of a command. */
async function ask(
  session: TestSession,
  client: RedisClient,
  words: string[],
  given: string[],
): Promise<void> {
  // What 7.0 shows of a key ends at a NUL; it asks for the first STORE, and knows no WITHSCORE.
  if (words.some((word) => word.includes("\0"))) return;
  if (/^georadius/i.test(words[0] ?? "") || /^z(rev)?rank$/i.test(words[0] ?? "")) return;
  await same(session, client, ["ACL", "DRYRUN", "alice", ...words], given);
}

/** The line of a user in ACL LIST, without its name and what 7.0 leaves out. */
function lineOf(reply: string, name: string): string {
  const lines = decode(reply) as string[];
  const line = lines.find((each) => each.startsWith(`user ${name} `)) ?? "";
  return line.slice(`user ${name} `.length).replace(/(^| )sanitize-payload/, "$1");
}

async function compareUsers(
  session: TestSession,
  client: RedisClient,
  given: string[],
): Promise<void> {
  const shown = lineOf(session.raw(encode(["ACL", "LIST"])), "alice");
  const words = shown.split(" ").filter((word) => word !== "");
  const applied = await client.ask("ACL", "SETUSER", "bob", "reset", ...words);
  const list = await client.ask("ACL", "LIST");
  const [alice, bob] = [lineOf(list, "alice"), lineOf(list, "bob")];
  if (applied === "+OK\r\n" && alice === bob) return;
  throw new Error(report(["ACL", "LIST"], given, alice, `${shown}\n   which is there ${bob}`));
}

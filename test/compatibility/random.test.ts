// Random sequences of string and key commands, the same to redis-server and to Quire.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands, type Words } from "../support/random-commands";
import {
  hasRedisServer,
  type RedisClient,
  RedisServer,
  splitReplies,
} from "../support/redis-server";
import { isSame, show } from "./compare";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_250_101);
const SEQUENCES = 20;
const COMMANDS = Math.round((100_000 * SCALE) / SEQUENCES);
const BATCH = 100;
const CHUNKS = ["-2", "1", "3", "-1", "10"];
/** Of string and key commands those whose replies depend on hashing, time or other servers. */
const LEFT_OUT = new Set([
  ...["hgetall", "hkeys", "hrandfield", "hscan", "hvals"],
  ...["spop", "srandmember", "sscan"],
  ...["dump", "keys", "migrate", "randomkey", "restore", "scan", "wait"],
  // Seconds of arithmetic in either server; a script asks for its arity.
  "pfselftest",
  // What waits is compared in waiting.test.ts.
  "blmove",
  "blmpop",
  "blpop",
  "brpop",
  "brpoplpush",
]);
/** Commands that answer members in any order. */
const UNORDERED = new Set(["SMEMBERS", "SINTER", "SUNION", "SDIFF"]);

describe.skipIf(!hasRedisServer())(`random commands, seed ${SEED}`, () => {
  let server: RedisServer;
  let client: RedisClient;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = await server.connect();
  });
  afterAll(async () => {
    await server?.stop();
  });

  it("cover every string and key command that both have", async () => {
    const session = new TestEngine().open();
    const known = new Set(RandomCommands.names());
    const missing: string[] = [];
    for (const group of ["string", "generic", "bitmap", "hash", "list", "hyperloglog", "geo"]) {
      for (const name of await commandsOfGroup(client, group)) {
        if (known.has(name) || LEFT_OUT.has(name)) continue;
        if (!session.raw(encode([name])).startsWith("-ERR unknown command")) missing.push(name);
      }
    }
    expect(missing).toEqual([]);
  });

  it.each(Array.from({ length: SEQUENCES }, (_, index) => SEED + index))(
    "are answered alike, sequence %i",
    async (seed) => {
      await client.ask("FLUSHALL");
      await client.ask("SELECT", "0");
      const engine = new TestEngine();
      engine.open(SessionFlag.INTERNAL).call("QUIRE CONFIGURE enable-debug-command yes");
      const session = engine.open();
      // With a limit of 0 sets have the encodings of 7.0.
      session.raw(encode(["CONFIG", "SET", "set-max-listpack-entries", String(128 * (seed % 2))]));
      const protocol = String(2 + (seed % 2));
      await client.ask("HELLO", protocol);
      session.raw(encode(["HELLO", protocol]));
      // Small chunks on one side only: what is answered does not depend on how lists are kept.
      const chunk = CHUNKS[seed % CHUNKS.length]!;
      session.raw(encode(["CONFIG", "SET", "list-max-listpack-size", chunk]));
      const random = new RandomCommands({
        seed,
        nowMs: Date.now(),
        nonsense: seed % 3 === 0 ? 10 : 0,
      });
      const history: Words[] = [];
      for (let left = COMMANDS; left > 0; left -= BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, left) }, () => random.next());
        await compareBatch(session, client, batch, history);
      }
      for (const database of ["0", "1"]) {
        await compareBatch(session, client, await dumpCommands(client, database), history);
      }
      expect(engine.exports.validate()).toBe(0);
    },
  );
});

async function commandsOfGroup(client: RedisClient, group: string): Promise<string[]> {
  const names = splitReplies((await client.ask("COMMAND", "LIST")).replace(/^\*\d+\r\n/, ""));
  const wanted: string[] = [];
  for (const text of names) {
    const name = text.split("\r\n")[1] ?? "";
    const docs = await client.ask("COMMAND", "DOCS", name);
    if (docs.includes(`$5\r\ngroup\r\n$${group.length}\r\n${group}\r\n`)) wanted.push(name);
  }
  return wanted;
}

/** Reads everything that a database holds. */
async function dumpCommands(client: RedisClient, database: string): Promise<Words[]> {
  await client.ask("SELECT", database);
  const reply = await client.ask("KEYS", "*");
  const keys = splitReplies(reply.replace(/^\*\d+\r\n/, "")).map((text) =>
    text.slice(text.indexOf("\r\n") + 2, -2),
  );
  const reads = keys.flatMap((key) => [
    ["TYPE", key],
    ["GET", key],
    ["PTTL", key],
    ["PEXPIRETIME", key],
    ["OBJECT", "ENCODING", key],
    ["DEBUG", "DIGEST-VALUE", key],
  ]);
  return [["SELECT", database], ["DBSIZE"], ...reads];
}

/** Sends a batch as one pipeline to both and compares each reply. */
async function compareBatch(
  session: TestSession,
  client: RedisClient,
  batch: Words[],
  history: Words[],
): Promise<void> {
  const input = Buffer.concat(batch.map((words) => encode(words)));
  session.engine.now = Date.now();
  client.send(input);
  const quire = splitReplies(session.raw(input));
  const redis = await client.replies(batch.length);
  for (const [index, words] of batch.entries()) {
    history.push(words);
    const [theirs, ours] = [redis[index] ?? "(none)", quire[index] ?? "(none)"];
    if (isSmallSet(words, theirs, ours) || isRankWithMore(words, theirs, ours)) continue;
    if (isConverted(history, theirs, ours) || isRefusedForNothing(words, theirs)) continue;
    const isUnordered = UNORDERED.has(words[0]?.toUpperCase() ?? "");
    if (!isSame(words, theirs, ours, isUnordered)) throw new Error(report(history, theirs, ours));
  }
}

/** Small sets are a listpack since 7.2. */
function isSmallSet(words: Words, redis: string, quire: string): boolean {
  const isEncoding = /^object$/i.test(words[0] ?? "") && /^encoding$/i.test(words[1] ?? "");
  return isEncoding && redis.endsWith("\r\nhashtable\r\n") && quire.endsWith("\r\nlistpack\r\n");
}

/** SORT converts a sorted set there for good, and leaves it as it is here. */
function isConverted(history: Words[], redis: string, quire: string): boolean {
  if (redis !== "$8\r\nskiplist\r\n" || quire !== "$8\r\nlistpack\r\n") return false;
  const key = history.at(-1)?.[2] ?? "";
  return history.some((words) => /^sort(_ro)?$/i.test(words[0] ?? "") && words.includes(key));
}

/** SORT of 7.0 does not clear errno, so that the range error of another command makes it refuse. */
function isRefusedForNothing(words: Words, redis: string): boolean {
  const isSort = /^sort(_ro)?$/i.test(words[0] ?? "") && !words.includes("STORE");
  return isSort && redis === "-ERR One or more scores can't be converted into double\r\n";
}

/** ZRANK and ZREVRANK take a further word since 7.2. */
function isRankWithMore(words: Words, redis: string, quire: string): boolean {
  const isRank = /^z(rev)?rank$/i.test(words[0] ?? "") && words.length === 4;
  return isRank && redis.startsWith("-ERR wrong number") && quire === "-ERR syntax error\r\n";
}

/** The commands that led to a difference: those of the last few that share a word with it. */
function report(history: Words[], redis: string, quire: string): string {
  const last = history.at(-1)!;
  const related = history
    .slice(0, -1)
    .filter((words) => words[0] === "SELECT" || words.slice(1).some((word) => last.includes(word)))
    .slice(-8);
  return [
    `after ${history.length} commands, among them`,
    ...related.map((words) => `    ${show(words.join(" "), 200)}`),
    `  > ${show(last.join(" "))}`,
    `  redis-server: ${show(redis)}`,
    `  Quire:        ${show(quire)}`,
  ].join("\n");
}

// Values go from redis-server to Quire and back by DUMP and RESTORE, in every encoding.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { TestEngine, type TestSession } from "../support/engine";
import { RandomValues, type Words } from "../support/random-values";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_261_123);
const ROUNDS = Math.ceil(12 * SCALE);
const VALUES = 40;

describe.skipIf(!hasRedisServer())(`DUMP and RESTORE, seed ${SEED}`, () => {
  let server: RedisServer;
  let client: RedisClient;
  let engine: TestEngine;
  let session: TestSession;
  /** Sets what a client's session would need a host for. */
  let host: TestSession;

  beforeAll(async () => {
    server = await RedisServer.start();
    client = await server.connect();
  });
  afterAll(async () => {
    await server?.stop();
  });

  function open(): void {
    engine = new TestEngine();
    host = engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE CONFIGURE enable-debug-command yes");
    session = engine.open();
  }

  const body = (bulk: string) => bulk.slice(bulk.indexOf("\r\n") + 2, -2);
  const digestHere = (key: string) => session.call("DEBUG", "DIGEST-VALUE", key);

  async function both(words: Words): Promise<void> {
    const theirs = await client.ask(...words);
    expect(session.raw(encodeWords(words)), words.slice(0, 3).join(" ")).toBe(theirs);
  }

  const encodeWords = (words: Words) =>
    `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;

  /** From redis-server to Quire and back; both must hold the same. */
  async function goRound(key: string, what: string): Promise<void> {
    const digest = await client.ask("DEBUG", "DIGEST-VALUE", key);
    const payload = body(await client.ask("DUMP", key));
    expect(session.call("RESTORE", "here", "0", payload, "REPLACE"), what).toBe("+OK\r\n");
    expect(digestHere("here"), what).toBe(digest);
    const back = body(session.call("DUMP", "here"));
    expect(await client.ask("RESTORE", "back", "0", back, "REPLACE"), what).toBe("+OK\r\n");
    expect(await client.ask("DEBUG", "DIGEST-VALUE", "back"), what).toBe(digest);
  }

  it.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
    "keep random values, seed %i",
    async (seed) => {
      open();
      await client.ask("FLUSHALL");
      const values = new RandomValues(seed);
      for (let n = 0; n < VALUES; n++) {
        if (n % 5 === 0) for (const words of values.limits()) await client.ask(...words);
        if (n % 5 === 2) for (const words of values.limits()) host.call(...words);
        const words = values.command(`k${n}`);
        await client.ask(...words);
        await goRound(`k${n}`, `${words[0]} of ${words.length}, number ${n}`);
      }
      expect(engine.exports.validate()).toBe(0);
    },
  );

  it.each(Array.from({ length: ROUNDS }, (_, round) => SEED + 1000 + round))(
    "keep values that Quire made, seed %i",
    async (seed) => {
      open();
      await client.ask("FLUSHALL");
      const values = new RandomValues(seed);
      for (let n = 0; n < VALUES; n++) {
        if (n % 5 === 0) for (const words of values.limits()) host.call(...words);
        const words = values.command("here");
        const what = `${words[0]} of ${words.length}, number ${n}`;
        session.call("DEL here");
        session.call(...words);
        const payload = body(session.call("DUMP", "here"));
        expect(await client.ask("RESTORE", "there", "0", payload, "REPLACE"), what).toBe("+OK\r\n");
        expect(await client.ask("DEBUG", "DIGEST-VALUE", "there"), what).toBe(digestHere("here"));
      }
      expect(engine.exports.validate()).toBe(0);
    },
  );

  it("refuse alike", async () => {
    open();
    await both(["SET", "a", "text"]);
    const payload = body(await client.ask("DUMP", "a"));
    const wrong = `${payload.slice(0, -1)}x`;
    const cases = [
      ["RESTORE", "a", "x", payload],
      ["RESTORE", "b", "x", payload],
      ["RESTORE", "b", "-1", payload],
      ["RESTORE", "b", "0", wrong],
      ["RESTORE", "b", "0", ""],
      ["RESTORE", "b", "0", payload, "foo"],
      ["RESTORE", "b", "0", payload, "IDLETIME", "-1"],
      ["RESTORE", "b", "0", payload, "FREQ", "256"],
      ["RESTORE", "b", "0", payload, "FREQ", "1", "IDLETIME", "1"],
      ["RESTORE", "b", "0"],
      ["RESTORE", "b", "0", payload, "IDLETIME"],
      ["RESTORE", "b", "0", payload, "FREQ", "x"],
      ["RESTORE", "b", "0", wrong, "foo"],
      ["RESTORE", "a", "-1", wrong],
      ["RESTORE", "a", "1", payload, "REPLACE", "ABSTTL"],
      ["EXISTS", "a"],
      ["DUMP", "a"],
      ["RESTORE-ASKING", "c", "0", payload],
      ["GET", "c"],
    ];
    for (const words of cases) await both(words);
  });
});

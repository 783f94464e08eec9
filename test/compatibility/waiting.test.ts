// Commands that wait, with several connections: the same steps here and in redis-server, every
// reply and its receiver compared, by hand-written scripts and by random ones.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";
import {
  hasRedisServer,
  type RedisClient,
  RedisServer,
  splitReplies,
} from "../support/redis-server";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_261_123);
const STEPS = Math.round(400 * SCALE);
const REPLY_MS = 1000;

/** One connection, here and there. */
interface Pair {
  session: TestSession;
  client: RedisClient;
  id: string;
}

/** "1 BLPOP k 0": connection 1 sends the rest; "@2" stands for the number of connection 2. */
type Step = string;

const SCRIPTS: Record<string, Step[]> = {
  "first come, first served": [
    ...["1 BLPOP k 0", "2 BRPOP a k 0", "3 BLPOP k k 0", "0 RPUSH k a b", "0 LPUSH k c"],
    "0 EXISTS k a",
  ],
  "a chain of moves": [
    ...["1 BLMOVE a b LEFT RIGHT 0", "2 BLMOVE b c RIGHT LEFT 0", "3 BLPOP c 0", "0 RPUSH a x y"],
    ...["0 LRANGE a 0 -1", "0 EXISTS b c", "1 BRPOPLPUSH z a 0", "0 RPUSH z q", "0 LRANGE a 0 -1"],
  ],
  "other types do not wake": [
    ...["1 BLPOP k 0", "2 BZPOPMIN k 0", "0 SET k v", "0 DEL k", "0 SADD k m", "0 DEL k"],
    ...["0 ZADD k 3 c 1 a 2 b", "0 ZRANGE k 0 -1 WITHSCORES", "0 DEL k", "0 RPUSH k x", "0 TYPE k"],
  ],
  "wrong types": [
    ...["0 SET s v", "1 BLPOP s 0", "1 BLPOP none s 0", "1 BZPOPMAX s 0", "1 BLMPOP 0 1 s LEFT"],
    ...["0 RPUSH l x", "1 BLMOVE l s LEFT LEFT 0", "1 BRPOPLPUSH s l 0", "1 BZMPOP 0 1 l MIN"],
    ...["1 BLMOVE k s LEFT LEFT 0", "0 RPUSH k x", "0 LRANGE k 0 -1"],
  ],
  "what makes a key": [
    ...["1 BLPOP k 0", "0 RPUSH o x", "0 RENAME o k", "1 BLPOP k 0", "0 RPUSH o x", "0 COPY o k"],
    ...["1 BLPOP k 0", "0 RENAMENX o k", "1 BLPOP k 0", "0 RPUSH o 3 1 2", "0 LMOVE o k LEFT LEFT"],
    ...["1 BLPOP k 0", "0 SELECT 1", "0 RPUSH k m", "0 MOVE k 0", "1 BLPOP k 0", "0 RPUSH k w"],
    ...["0 SWAPDB 0 1", "0 SELECT 0", "0 DBSIZE", "1 BZPOPMIN z 0", "0 ZADD y 1 a"],
    ...["0 ZUNIONSTORE z 1 y", "1 BZPOPMIN z 0", "0 ZRANGESTORE z y 0 -1", "0 ZCARD z"],
  ],
  "several at once": [
    ...["1 BLMPOP 0 2 a b LEFT COUNT 2", "2 BLMPOP 0 1 b RIGHT COUNT 9", "0 RPUSH b 1 2 3 4"],
    ...["1 BZMPOP 0 2 y z MAX COUNT 2", "2 BZMPOP 0 1 z MIN", "0 ZADD z 1 a 2 b 3 c 4 d"],
    ...["0 ZRANGE z 0 -1", "0 EXISTS a b"],
  ],
  transactions: [
    ...["1 BLPOP a 0", "2 BRPOP b 0", "0 MULTI", "0 RPUSH a x", "0 DEL a", "0 EXEC"],
    ...["0 MULTI", "0 RPUSH a 1 2", "0 RPUSH b 3 4", "0 LPOP a", "0 LLEN b", "0 EXEC"],
    ...["0 EXISTS a", "0 LRANGE b 0 -1", "0 MULTI", "0 BLPOP none 0", "0 BLMOVE n m LEFT LEFT 0"],
    ...["0 BZPOPMAX n 0", "0 BLMPOP 0 1 n LEFT", "0 BZMPOP 0 1 n MIN", "0 BLPOP b 0", "0 EXEC"],
    ...["0 WATCH t", "0 MULTI", "0 PING", "1 BLMOVE a t LEFT LEFT 0", "2 RPUSH a x", "0 EXEC"],
  ],
  "SORT STORE": ["1 BLPOP k 0", "0 RPUSH o 3 1 2", "0 SORT o STORE k", "0 LRANGE k 0 -1"],
  "CLIENT UNBLOCK": [
    ...["1 BLPOP k 0", "0 CLIENT UNBLOCK @1", "1 BZPOPMIN k 0", "0 CLIENT UNBLOCK @1 ERROR"],
    ...["1 BLMOVE k j LEFT LEFT 0", "0 CLIENT UNBLOCK @1 TIMEOUT", "0 CLIENT UNBLOCK @1"],
    ...["0 CLIENT UNBLOCK @1 MAYBE", "0 CLIENT UNBLOCK x", "0 RPUSH k x", "0 LLEN k"],
  ],
  timeouts: [
    ...["1 BLPOP k -1", "1 BLPOP k x", "1 BLPOP k nan", "1 BLPOP k 0.001", "1 BRPOP k 0x1p-9"],
    ...["1 BLMOVE a b LEFT LEFT 0.001", "1 BRPOPLPUSH a b 0.001", "1 BLMPOP 0.001 1 k LEFT"],
    ...["1 BZPOPMIN z 0.001", "1 BZPOPMAX z 1e-3", "1 BZMPOP 0.001 1 z MIN", "1 BLPOP k -0.0"],
    "0 RPUSH k x",
  ],
};

describe.skipIf(!hasRedisServer())(`waiting as in redis-server, seed ${SEED}`, () => {
  let server: RedisServer;
  let engine: TestEngine;
  let pairs: Pair[] = [];
  let watcher: RedisClient;

  beforeAll(async () => {
    server = await RedisServer.start();
    watcher = await server.connect();
  });
  afterAll(async () => {
    await server?.stop();
  });
  afterEach(() => {
    for (const { client } of pairs) client.close();
    pairs = [];
    expect(engine.exports.validate()).toBe(0);
  });

  async function begin(protocol: 2 | 3): Promise<void> {
    await watcher.ask("FLUSHALL");
    engine = new TestEngine();
    engine.now = Date.now();
    for (let number = 0; number < 4; number++) {
      const client = await server.connect();
      const session = engine.open();
      const id = (await client.ask("CLIENT", "ID")).slice(1, -2);
      pairs.push({ session, client, id });
      if (protocol === 3) {
        await client.ask("HELLO", "3");
        session.raw(encode(["HELLO", "3"]));
      }
    }
  }

  const isWaiting = ({ session }: Pair) => session.status === Status.WAITING;

  /** What redis-server has for a connection, where so many replies are expected. */
  async function replies(pair: Pair, quire: string): Promise<string> {
    const expected = splitReplies(quire).length;
    const text = (await pair.client.replies(expected, REPLY_MS)).join("");
    return text + (await pair.client.take(0));
  }

  /** Until redis-server has the connection waiting, or answers it. */
  async function waits(pair: Pair): Promise<void> {
    for (;;) {
      const list = await watcher.ask("CLIENT", "LIST", "ID", pair.id);
      if (/ flags=\w*b/.test(list)) return;
      const text = await pair.client.take(0);
      if (text !== "") throw new Error(`redis-server answers at once: ${JSON.stringify(text)}`);
    }
  }

  async function run(step: Step): Promise<void> {
    const [number = "", ...rest] = step.split(" ");
    const pair = pairs[Number(number)] as Pair;
    const wordsFor = (own: (pair: Pair) => string) =>
      rest.map((word) => (word.startsWith("@") ? own(pairs[Number(word[1])] as Pair) : word));
    engine.now = Date.now();
    const quire = pair.session.raw(encode(wordsFor((other) => `${other.session.id}`)));
    pair.client.send(encode(wordsFor((other) => other.id)));
    if (isWaiting(pair) && rest.some((word) => /^(0\.001|1e-3|0x1p-9)$/.test(word))) {
      engine.now += 2;
      engine.tick();
    } else if (isWaiting(pair)) {
      await waits(pair);
    } else {
      expect(await replies(pair, quire), step).toBe(quire);
    }
    for (const id of engine.woken.splice(0)) {
      const woken = pairs.find(({ session }) => session.id === id) as Pair;
      const text = engine.takeReplies(id).toString("latin1");
      expect(await replies(woken, text), `${step}, reply of another`).toBe(text);
      woken.session.status = engine.exports.resume(id, engine.now);
    }
  }

  /** Nobody has got anything that was not looked at. */
  async function end(): Promise<void> {
    for (const { client, session } of pairs) {
      expect(await client.take(0)).toBe("");
      expect(engine.takeReplies(session.id).toString()).toBe("");
    }
  }

  for (const protocol of [2, 3] as const) {
    for (const [name, steps] of Object.entries(SCRIPTS)) {
      it(`${name}, RESP${protocol}`, async () => {
        await begin(protocol);
        for (const step of steps) await run(step);
        await end();
      });
    }

    it(`random steps, RESP${protocol}`, async () => {
      await begin(protocol);
      const random = randomSteps(SEED + protocol, (number) => isWaiting(pairs[number] as Pair));
      for (let count = 0; count < STEPS; count++) await run(random());
      await end();
      for (const key of KEYS) {
        await run(`0 TYPE ${key}`);
        await run(`0 LRANGE ${key} 0 -1`);
        await run(`0 ZRANGE ${key} 0 -1 WITHSCORES`);
      }
    });
  }
});

/** Keys that several commands wait for together, and keys that change their type. */
const SHARED = ["a", "b", "c"];
const TARGETS = ["d", "e"];
const CHANGING = ["x", "y"];
const KEYS = [...SHARED, ...TARGETS, ...CHANGING];

/**
 * A generator of steps. 7.0 serves the key that was pushed to, 7.4 runs the command again from its
 * first key: a command waits here for keys that only ever come one at a time and as lists.
 */
function randomSteps(seed: number, isWaiting: (number: number) => boolean): () => Step {
  let state = seed;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const one = <Item>(items: readonly Item[]) => items[below(items.length)] as Item;
  const side = () => one(["LEFT", "RIGHT"]);
  const waits = [
    () => `BLPOP ${one(SHARED)} ${one(SHARED)} ${one(SHARED)} 0`,
    () => `BRPOP ${one(SHARED)} ${one(SHARED)} 0`,
    () => `BLMPOP 0 2 ${one(SHARED)} ${one(SHARED)} ${side()} COUNT ${1 + below(3)}`,
    () => `BLMOVE ${one(SHARED)} ${one(TARGETS)} ${side()} ${side()} 0`,
    () => `BRPOPLPUSH ${one(TARGETS)} ${one(TARGETS)} 0`,
    () => `BLPOP ${one(TARGETS)} 0`,
    () => `BLPOP ${one(CHANGING)} 0`,
    () => `BZPOPMIN ${one(CHANGING)} 0`,
    () => `BZMPOP 0 1 ${one(CHANGING)} MAX COUNT ${1 + below(3)}`,
  ];
  const values = () => Array.from({ length: 1 + below(4) }, () => below(100)).join(" ");
  const pushes = [
    () => `RPUSH ${one([...SHARED, ...TARGETS])} ${values()}`,
    () => `LPUSH ${one(KEYS)} ${values()}`,
    () => `ZADD ${one(CHANGING)} ${below(9)} m${below(9)} ${below(9)} n${below(9)}`,
    () => `SET ${one(CHANGING)} v`,
    () => `DEL ${one(KEYS)}`,
    () => `RENAME ${one(SHARED)} ${one(SHARED)}`,
    () => `COPY ${one(TARGETS)} ${one(SHARED)} REPLACE`,
    () => `LMOVE ${one(SHARED)} ${one(TARGETS)} ${side()} ${side()}`,
    () => `LPOP ${one(SHARED)} 2`,
    () => `CLIENT UNBLOCK @${1 + below(3)} ${one(["TIMEOUT", "ERROR"])}`,
    () => `LLEN ${one(SHARED)}`,
  ];
  return () => {
    const number = below(4);
    if (number === 0 || isWaiting(number)) return `0 ${one(pushes)()}`;
    return `${number} ${one(waits)()}`;
  };
}

// CLIENT LIST, INFO and KILL: a client in every state, its line as redis-server prints it; which
// clients the filters choose.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LivePair, SIDES, type Side } from "../support/live-pair";
import { hasRedisServer } from "../support/redis-server";

/** Fields of 7.4 in their order (redis.io/commands/client-list); marked ones are not in 7.0. */
const FIELDS = [
  ..."id addr laddr fd name age idle flags db sub psub ssub multi".split(" "),
  "watch",
  ..."qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events".split(" "),
  ..."cmd user redir resp".split(" "),
  ...["lib-name", "lib-ver"],
];
const LATER = ["watch", "lib-name", "lib-ver"];
/** Fields that say the same of the same client. */
const SAME = "name flags db sub psub ssub multi events cmd user redir resp".split(" ");

/** Steps of clients 1, 2 and 3; client 0 is there to do something to them. */
const STATES: Record<string, string[]> = {
  "new, named, in another database": [
    "1 CLIENT SETNAME me; SELECT 5",
    "2 GET a; NONE",
    "3 HELLO 3",
  ],
  "a command that was refused": ["1 GET", "2 CONFIG NONE", "3 AUTH a b; CLIENT NONE"],
  "in a transaction": ["1 MULTI; SET a 1; SET b 2", "2 MULTI; NONE", "3 MULTI; EXEC"],
  watching: ["1 WATCH a b", "2 WATCH a; MULTI; GET a", "3 WATCH c; UNWATCH", "0 SET a 1"],
  "watching what has changed": ["1 WATCH a; MULTI", "0 SET a 1", "2 WATCH x; MULTI; DISCARD"],
  subscribed: [
    "1 SUBSCRIBE a b; PSUBSCRIBE c*",
    "2 SSUBSCRIBE s t u",
    "3 SUBSCRIBE a; UNSUBSCRIBE",
  ],
  "subscribed with RESP3": ["1 HELLO 3; SUBSCRIBE a; GET x", "2 HELLO 3; SSUBSCRIBE a; SET x 1"],
  tracking: [
    "1 CLIENT TRACKING ON",
    "2 CLIENT TRACKING ON REDIRECT @1",
    "3 CLIENT TRACKING ON BCAST",
  ],
  "no longer tracking": ["1 CLIENT TRACKING ON; CLIENT TRACKING OFF", "2 HELLO 3; RESET"],
  "tracking for one that is gone": [
    ...["2 HELLO 3; CLIENT TRACKING ON REDIRECT @1; GET a", "3 CLIENT TRACKING ON REDIRECT @1"],
    ...["3 GET a", "1 QUIT", "0 SET a 1"],
  ],
  blocked: ["1 BLPOP k 0", "2 BLMOVE a b LEFT LEFT 0", "3 MULTI; BLPOP k 0; EXEC"],
  "blocked and tracking": ["1 CLIENT TRACKING ON BCAST; BLPOP k 0", "2 WATCH k; BZPOPMIN k 0"],
  "no longer blocked": ["1 BLPOP k 0", "0 RPUSH k 1", "2 BLPOP k 0", "0 CLIENT UNBLOCK @2"],
  paused: ["0 CLIENT PAUSE 100000 WRITE", "1 SET a 1", "2 MULTI; SET a 1; EXEC", "3 GET a"],
  "a monitor": ["1 MONITOR", "2 MONITOR; RESET", "3 HELLO 3; MONITOR"],
  "kept and not touching": ["1 CLIENT NO-EVICT ON", "2 CLIENT NO-EVICT ON; CLIENT NO-EVICT OFF"],
  "without replies": ["1 CLIENT REPLY OFF; GET a", "2 CLIENT REPLY SKIP"],
  "everything at once": [
    ...["1 HELLO 3; SELECT 2; CLIENT SETNAME all; SUBSCRIBE a; CLIENT TRACKING ON BCAST PREFIX b"],
    ...["1 CLIENT NO-EVICT ON; WATCH w; MULTI; GET x", "0 SELECT 2; SET w 1"],
  ],
  // 7.2 ends NO-EVICT and NO-TOUCH too (clearClientConnectionState in src/networking.c).
  "reset after everything": [
    ...["1 HELLO 3; SELECT 2; CLIENT SETNAME all; SUBSCRIBE a; CLIENT TRACKING ON BCAST PREFIX b"],
    ...["1 WATCH w; MULTI; GET x; RESET"],
  ],
  "another user": [
    "0 ACL SETUSER joe on nopass +@all ~* &*",
    "1 AUTH joe x",
    "2 HELLO 3 AUTH joe x",
  ],
};

describe.skipIf(!hasRedisServer())("clients are listed as in redis-server", () => {
  let pair: LivePair;
  beforeAll(async () => {
    pair = await LivePair.start();
  });
  afterAll(async () => {
    await pair?.stop();
  });

  async function run(steps: string[]): Promise<void> {
    await pair.begin(4);
    for (const step of steps) {
      pair.send(step);
      await pair.settle();
    }
  }

  /** The lines of CLIENT LIST ID of client `number`; undefined when it is gone. */
  async function linesOf(number: number): Promise<Record<Side, Map<string, string> | undefined>> {
    const listed = (side: Side) =>
      pair.askOne(side, "CLIENT", "LIST", "ID", pair.idOf(number, side));
    return { redis: fieldsOf(await listed("redis")), quire: fieldsOf(await listed("quire")) };
  }

  it.each(Object.entries(STATES))("%s", async (_name, steps) => {
    await run(steps);
    for (const number of [1, 2, 3]) {
      const { redis, quire } = await linesOf(number);
      expect(quire === undefined, `client ${number}`).toBe(redis === undefined);
      if (redis === undefined || quire === undefined) continue;
      expect([...quire.keys()]).toEqual(FIELDS);
      expect([...redis.keys()]).toEqual(FIELDS.filter((name) => !LATER.includes(name)));
      expect(shown(quire, "quire"), `client ${number}`).toEqual(shown(redis, "redis"));
      for (const name of ["age", "idle"]) {
        expect(Math.abs(Number(quire.get(name)) - Number(redis.get(name)))).toBeLessThan(3);
      }
    }
  });

  /** What is to be the same, numbers of clients as those of the pair. */
  function shown(fields: Map<string, string>, side: Side): Record<string, string> {
    const named = (value: string) => {
      const found = [0, 1, 2, 3].find((number) => pair.idOf(number, side) === value);
      return found === undefined ? value : `@${found}`;
    };
    const entries = SAME.map((name) => [name, fields.get(name) ?? ""] as const);
    return Object.fromEntries(
      entries.map(([name, value]) => [name, name === "redir" ? named(value) : value]),
    );
  }

  it.each([
    ["nothing", ""],
    ["a command", "*1\r\n$4\r\nPING\r\n"],
    ["arguments and a part of one", "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$10\r\nabc"],
    ["a part of an inline command", "PING"],
    ["a part of a large argument", `*2\r\n$4\r\nECHO\r\n$100000\r\n${"x".repeat(50_000)}`],
  ])("%s that was sent", async (_name, text) => {
    await pair.begin(2);
    for (const side of SIDES) pair.members[1]?.[side].send(Buffer.from(text));
    await pair.settle();
    const { redis, quire } = await linesOf(1);
    const [received, here] = [redis, quire].map(
      (fields) => Number(fields?.get("qbuf")) + Number(fields?.get("argv-mem")),
    );
    expect(here).toBe(received);
  });

  it("CLIENT INFO is the own line", async () => {
    await run(["1 HELLO 3; CLIENT SETNAME me; SELECT 2; MULTI; CLIENT INFO; EXEC; CLIENT INFO"]);
    const frames = await pair.members[1]?.quire.replies(7);
    const theirs = await pair.members[1]?.redis.replies(7);
    for (const index of [5, 6]) {
      const [quire, redis] = [frames, theirs].map((list) => fieldsOf(list?.[index]));
      expect(shown(quire ?? new Map(), "quire")).toEqual(shown(redis ?? new Map(), "redis"));
    }
  });

  it.each([
    ...["CLIENT LIST TYPE normal", "CLIENT LIST TYPE PUBSUB", "CLIENT LIST TYPE master"],
    ...["CLIENT LIST TYPE replica", "CLIENT LIST TYPE slave", "CLIENT LIST ID @2 @0 @2 999999"],
    ...["CLIENT LIST ID 0", "CLIENT LIST TYPE none", "CLIENT LIST ID x", "CLIENT LIST ID"],
    ...[
      "CLIENT LIST TYPE",
      "CLIENT LIST TYPE normal ID @1",
      "CLIENT LIST NONE",
      "CLIENT LIST ID -1",
    ],
  ])("%s chooses the same", async (command) => {
    await run([
      "1 SUBSCRIBE a",
      "2 SSUBSCRIBE b",
      "3 HELLO 3; PSUBSCRIBE c",
      "1 UNSUBSCRIBE; GET a",
    ]);
    for (const member of pair.members) for (const side of SIDES) await member[side].take(0);
    pair.send(`0 ${command}`);
    const { redis, quire } = await pair.awaits(0, 1, (frame) => frame);
    expect(chosen(quire[0], "quire")).toEqual(chosen(redis[0], "redis"));
  });

  /** Numbers of the clients in a list, in its order; an error as it is. */
  function chosen(frame: string | undefined, side: Side): unknown {
    if (frame?.startsWith("-")) return frame;
    const ids = [...`${frame}`.matchAll(/(?:^|\n)id=(\d+) /g)].map(([, id]) => id);
    return ids.map(
      (id) => [0, 1, 2, 3].find((number) => pair.idOf(number, side) === id) ?? "other",
    );
  }

  it.each([
    ...[
      "CLIENT KILL ID @1",
      "CLIENT KILL ID @1 ID @2",
      "CLIENT KILL TYPE pubsub",
      "CLIENT KILL ID 0",
    ],
    ...["CLIENT KILL TYPE pubsub SKIPME no", "CLIENT KILL ID @0", "CLIENT KILL ID @0 SKIPME no"],
    ...[
      "CLIENT KILL USER joe",
      "CLIENT KILL USER none",
      "CLIENT KILL ADDR 1.2.3.4:5",
      "CLIENT KILL",
    ],
    ...[
      "CLIENT KILL USER default ID @1",
      "CLIENT KILL USER default ID @2",
      "CLIENT KILL 1.2.3.4:5",
    ],
    ...[
      "CLIENT KILL LADDR 1.2.3.4:5",
      "CLIENT KILL TYPE normal SKIPME yes USER joe",
      "CLIENT KILL ID",
    ],
    ...[
      "CLIENT KILL ID x",
      "CLIENT KILL ID 1 TYPE none",
      "CLIENT KILL SKIPME maybe",
      "CLIENT KILL ID -5",
    ],
    ...["CLIENT KILL TYPE master", "CLIENT KILL NONE x", "CLIENT KILL ID @3 TYPE normal"],
    ...["CLIENT KILL ID @3 TYPE pubsub USER default", "CLIENT KILL ID @1 ADDR x LADDR y"],
  ])("%s ends the same", async (command) => {
    await run([
      "0 ACL SETUSER joe on nopass +@all ~* &*",
      "1 SUBSCRIBE a",
      "2 AUTH joe x",
      "3 BLPOP k 0",
    ]);
    for (const member of pair.members) for (const side of SIDES) await member[side].take(0);
    pair.send(`0 ${command}`);
    const { redis, quire } = await pair.awaits(0, 1, (frame) => frame);
    expect(quire).toEqual(redis);
    await pair.settle();
    for (const number of [0, 1, 2, 3]) {
      const lines = await linesOf(number);
      expect(lines.quire === undefined, `client ${number}`).toBe(lines.redis === undefined);
    }
  });
});

/** The fields of the only line; undefined when there is none. */
function fieldsOf(text: unknown): Map<string, string> | undefined {
  const line = /id=.*/.exec(String(text))?.[0];
  if (line === undefined) return undefined;
  return new Map(
    line.split(" ").map((part) => {
      const at = part.indexOf("=");
      return [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

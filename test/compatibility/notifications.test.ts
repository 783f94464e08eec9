// Events of keys: every script and random commands, what a subscriber of all events is told after
// each command by redis-server and by Quire.
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { decodeAll, encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands } from "../support/random-commands";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";
import type { Script } from "../support/script";
import { askBoth, lineOf, wordsOf } from "./compare";
import { eventDifferences } from "./differences";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_250_606);
const SEQUENCES = 6;
const COMMANDS = Math.round((6000 * SCALE) / SEQUENCES);
/** Every class that redis-server 7.0 knows. */
const CLASSES = "KEAmn";
const ALL_EVENTS = "__key*__:*";
/** Scripts that are about other things than keys: settings, clients, messages of their own. */
const LEFT_OUT = new Set(["command", "connection", "migrate", "protocol", "pubsub", "server"]);
/** Commands whose result differs by chance or by time, or that cut the subscriber off. */
const PASSED_OVER = /^(spop|flushall|config|client|reset|debug|quit)\b|^pexpire \S+ 1\b/i;

const folder = new URL("./scripts/", import.meta.url);

async function scriptsOf(name: string): Promise<Script[]> {
  const module = (await import(new URL(name, folder).href)) as { scripts?: Script[] };
  return (module.scripts ?? []).filter(({ from }) => !from || from.startsWith("7.0"));
}

const files = await Promise.all(
  readdirSync(folder)
    .filter((name) => !LEFT_OUT.has(name.replace(/\.ts$/, "")))
    .map(async (name) => ({ name: name.replace(/\.ts$/, ""), scripts: await scriptsOf(name) })),
);

/** Quire and redis-server side by side, each with a client and a subscriber of all events. */
class Pair {
  readonly engine = new TestEngine();
  readonly session: TestSession;
  private readonly listener: TestSession;

  private constructor(
    readonly client: RedisClient,
    private readonly subscriber: RedisClient,
  ) {
    this.engine.now = Date.now();
    const host = this.engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE CONFIGURE enable-debug-command yes");
    host.close();
    this.session = this.engine.open();
    this.listener = this.engine.open();
    this.session.raw(encode(["CONFIG", "SET", "notify-keyspace-events", CLASSES]));
    this.listener.raw(encode(["PSUBSCRIBE", ALL_EVENTS]));
  }

  static async open(server: RedisServer): Promise<Pair> {
    const client = await server.connect();
    await client.ask("FLUSHALL");
    await client.ask("CONFIG", "SET", "notify-keyspace-events", CLASSES);
    const subscriber = await server.connect();
    await subscriber.ask("PSUBSCRIBE", ALL_EVENTS);
    return new Pair(client, subscriber);
  }

  /** What both tell of a command. */
  async tell(words: string[]): Promise<{ redis: string[]; quire: string[] }> {
    await askBoth(this.session, this.client, encode(words));
    // A message that comes after the command's reply comes before that of a later PING.
    this.subscriber.send(encode(["PING", "now"]));
    const redis: string[] = [];
    for (;;) {
      const reply = (await this.subscriber.replies(1))[0];
      if (reply === undefined || reply.includes("$4\r\npong\r\n")) break;
      redis.push(eventOf(reply));
    }
    const told = this.engine.takeReplies(this.listener.id).toString("latin1");
    return { redis, quire: decodeAll(told).map(eventLine) };
  }

  close(): void {
    this.client.close();
    this.subscriber.close();
    expect(this.engine.exports.validate()).toBe(0);
  }
}

function eventLine(message: unknown): string {
  const [, , channel, text] = message as string[];
  return `${channel} ${text}`;
}

function eventOf(message: string): string {
  return eventLine(decodeAll(message)[0]);
}

function isKnown(line: string, redis: string[], quire: string[]): boolean {
  return eventDifferences.some(
    (row) => row.command.test(line) && row.isSame(redis, quire) && row.source !== "",
  );
}

function compare(before: string[], line: string, told: { redis: string[]; quire: string[] }): void {
  if (told.redis.join("\n") === told.quire.join("\n")) return;
  if (isKnown(line, told.redis, told.quire)) return;
  const context = before.slice(-6).map((text) => `    ${text.slice(0, 200)}`);
  const shown = (lines: string[]) => lines.map((text) => `    ${text.slice(0, 200)}`).join("\n");
  throw new Error(
    `${context.join("\n")}\n  > ${line.slice(0, 300)}\n  redis-server:\n${shown(told.redis)}\n` +
      `  Quire:\n${shown(told.quire)}`,
  );
}

describe.skipIf(!hasRedisServer())(`Quire tells the events of keys, seed ${SEED}`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  for (const { name, scripts } of files) {
    describe.skipIf(scripts.length === 0)(name, () => {
      it.each(scripts)("$name", async (script) => {
        const pair = await Pair.open(server);
        const before: string[] = [];
        for (const command of script.commands) {
          const words = wordsOf(command);
          if (PASSED_OVER.test(words.join(" "))) continue;
          compare(before, lineOf(command), await pair.tell(words));
          before.push(lineOf(command));
        }
        pair.close();
      });
    });
  }

  it.each(Array.from({ length: SEQUENCES }, (_, index) => SEED + index))(
    "of random commands, sequence %i",
    async (seed) => {
      const pair = await Pair.open(server);
      const random = new RandomCommands({ seed, nowMs: Date.now(), nonsense: 0 });
      const before: string[] = [];
      for (let left = COMMANDS; left > 0; left--) {
        const words = random.next();
        if (PASSED_OVER.test(words.join(" "))) continue;
        compare(before, words.join(" "), await pair.tell(words));
        before.push(words.join(" "));
      }
      pair.close();
    },
  );
});

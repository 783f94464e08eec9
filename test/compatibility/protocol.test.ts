// The protocol itself: raw bytes in, the same bytes out as from redis-server, and closed alike.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi";
import { decode, encode, TestEngine } from "../support/engine";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";
import { isListed, show } from "./compare";
import { type RawScript, rawScripts } from "./scripts/protocol";

/** How long bytes that Quire did not send may still come from redis-server. */
const SURPLUS_MS = 10;
const PATIENCE_MS = 1000;
const END = encode(["ECHO", "end"]);

describe.skipIf(!hasRedisServer())("the protocol is that of redis-server", () => {
  let server: RedisServer;
  let locked: RedisServer;
  let engine: TestEngine;
  let lockedEngine: TestEngine;

  beforeAll(async () => {
    server = await RedisServer.start();
    locked = await RedisServer.start(["--requirepass", "secret"]);
    engine = new TestEngine();
    lockedEngine = new TestEngine();
    lockedEngine.open().raw(encode(["CONFIG", "SET", "requirepass", "secret"]));
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), locked?.stop()]);
  });

  it.each(rawScripts)("$name", async (script) => {
    const client = await (script.locked ? locked : server).connect();
    const mine = script.locked ? lockedEngine : engine;
    try {
      await runRaw(script, mine, client);
    } finally {
      client.close();
    }
    expect(mine.exports.validate()).toBe(0);
  });

  it("refuses the wrong number of arguments of every command", async () => {
    const client = await server.connect();
    const wrong: string[] = [];
    let compared = 0;
    for (const { words, arity } of await arities(client)) {
      const isCluster = words[0] === "cluster" && words.length > 1;
      if (isCluster || !isKnown(engine, words)) continue;
      const session = engine.open();
      for (const count of wrongCounts(words.length, arity)) {
        const all = [...words, ...Array<string>(count - words.length).fill("x")];
        const request = encode(all);
        client.send(request);
        const redis = (await client.replies(1, PATIENCE_MS)).join("");
        const quire = session.raw(request);
        compared += 1;
        if (redis === quire || isListed(all.join(" "), redis, quire)) continue;
        wrong.push(`${all.join(" ")}: ${redis} ${quire}`);
      }
      session.close();
    }
    client.close();
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    expect(compared).toBeGreaterThan(50);
  });
});

/** Sends a script's chunks to both and compares everything that comes back. */
async function runRaw(script: RawScript, engine: TestEngine, client: RedisClient): Promise<void> {
  const session = engine.open();
  const sent: string[] = [];
  if (script.protocol === 3) {
    session.raw(encode(["HELLO", "3"]));
    await client.ask("HELLO", "3");
  }
  for (const chunk of [...script.chunks, END.toString("latin1")]) {
    const bytes = Buffer.from(chunk, "latin1");
    engine.now = Date.now();
    const quire = session.raw(bytes);
    const isClosed = session.status === Status.CLOSE;
    client.send(bytes);
    let redis = await client.take(quire.length, PATIENCE_MS);
    if (isClosed) await client.waitClosed(PATIENCE_MS);
    redis += await client.take(1, SURPLUS_MS);
    sent.push(chunk);
    const mine = `${show(quire)}, ${isClosed ? "closed" : "open"}`;
    const theirs = `${show(redis)}, ${client.closed ? "closed" : "open"}`;
    if (quire !== redis || isClosed !== client.closed) {
      const context = sent.slice(-5).map((text) => `    ${show(text, 200)}`);
      const lines = ["after", ...context, `  redis-server: ${theirs}`, `  Quire:        ${mine}`];
      throw new Error(lines.join("\n"));
    }
    if (isClosed) break;
  }
  session.close();
}

/** Every command and subcommand of redis-server with its arity. */
async function arities(client: RedisClient): Promise<{ words: string[]; arity: number }[]> {
  type Info = [string, number, ...unknown[]];
  const all = decode(await client.ask("COMMAND")) as Info[];
  return all.flatMap((info) => {
    const children = (info[9] ?? []) as Info[];
    return [info, ...children].map(([name, arity]) => ({ words: name.split("|"), arity }));
  });
}

/** Whether Quire has this command or subcommand. */
function isKnown(engine: TestEngine, words: string[]): boolean {
  const session = engine.open();
  const reply = session.raw(encode(words));
  session.close();
  return !reply.startsWith("-ERR unknown");
}

/** Argument counts that the arity forbids. */
function wrongCounts(least: number, arity: number): number[] {
  const all = Array.from({ length: Math.abs(arity) - least }, (_, index) => least + index);
  return arity > 0 ? [...all, arity + 1, arity + 5] : all;
}

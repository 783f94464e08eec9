// Every script, answered by redis-server and by Quire, reply by reply. Redis 7.0.15 is the oracle.
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { TestEngine } from "../support/engine";
import { hasRedisServer, type RedisClient, RedisServer } from "../support/redis-server";
import type { Script } from "../support/script";
import { askRow, lineOf, matches, runScript, show } from "./compare";
import { differences } from "./differences";

const folder = new URL("./scripts/", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".ts"));

async function scriptsOf(name: string): Promise<Script[]> {
  const module = (await import(new URL(name, folder).href)) as { scripts?: Script[] };
  return module.scripts ?? [];
}

const all = await Promise.all(
  names.map(async (name) => ({ name: name.replace(/\.ts$/, ""), scripts: await scriptsOf(name) })),
);
// protocol.ts has scripts of bytes, for protocol.test.ts.
const files = all.filter(({ scripts }) => scripts.length > 0);

describe.skipIf(!hasRedisServer())("Quire answers as redis-server does", () => {
  let server: RedisServer;
  let client: RedisClient;
  let engine: TestEngine;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(async () => {
    await server?.stop();
  });

  /** A fresh data set on both sides. */
  async function begin(): Promise<void> {
    client = await server.connect();
    await client.ask("FLUSHALL");
    await client.ask("ACL", "DELUSER", "alice", "bob");
    await client.ask("ACL", "LOG", "RESET");
    engine = new TestEngine();
    engine.now = Date.now();
    const host = engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE CONFIGURE enable-debug-command yes");
    host.close();
  }

  for (const { name, scripts } of files) {
    describe(name, () => {
      const usable = scripts.filter((script) => !script.from || script.from.startsWith("7.0"));
      it.each(usable)("$name", async (script) => {
        for (const protocol of [2, 3] as const) {
          await begin();
          const found = await runScript(script, engine, client, protocol);
          client.close();
          if (found) throw new Error(report(script, protocol, found));
          expect(engine.exports.validate()).toBe(0);
        }
      });
    });
  }

  describe.skipIf(differences.length === 0)("known differences", () => {
    it.each(differences)("$command", async (row) => {
      await begin();
      const { redis, quire } = await askRow(row, engine, client);
      client.close();
      if (redis === quire) throw new Error(`no longer differs: both answer ${show(redis)}`);
      expect(matches(row.reply70, redis), `redis-server answers ${show(redis)}`).toBe(true);
      expect(matches(row.ours, quire), `Quire answers ${show(quire)}`).toBe(true);
      expect(row.source).not.toBe("");
    });
  });
});

function report(
  script: Script,
  protocol: number,
  found: { command: string; redis: string; quire: string },
): string {
  const at = script.commands.findIndex((command) => lineOf(command) === found.command);
  const context = script.commands.slice(Math.max(0, at - 5), Math.max(0, at));
  return [
    `RESP${protocol}, script "${script.name}":`,
    ...context.map((command) => `    ${lineOf(command).slice(0, 200)}`),
    `  > ${found.command.slice(0, 500)}`,
    `  redis-server: ${show(found.redis)}`,
    `  Quire:        ${show(found.quire)}`,
  ].join("\n");
}

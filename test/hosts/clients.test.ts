/**
 * Real clients, unmodified: ioredis and node-redis in both protocols, redis-cli, redis-benchmark.
 */
import { spawnSync } from "node:child_process";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { requireBinary } from "../support/needs.js";
import { type ServerProgram, startProgram } from "./support.js";

let server: ServerProgram;
beforeAll(async () => {
  server = await startProgram("--port", "auto");
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exit;
});

describe("ioredis", () => {
  it("reads and writes", async () => {
    const client = new Redis({ port: server.port, lazyConnect: true });
    await client.connect();
    expect(await client.set("ioredis", "value", "PX", 60_000)).toBe("OK");
    expect(await client.get("ioredis")).toBe("value");
    expect(await client.incrby("ioredis:n", 5)).toBe(5);
    expect(await client.mget("ioredis", "none")).toEqual(["value", null]);
    expect(await client.getBuffer("ioredis")).toEqual(Buffer.from("value"));
    const results = await client.pipeline().set("p", "1").incr("p").get("p").exec();
    expect(results).toEqual([
      [null, "OK"],
      [null, 2],
      [null, "2"],
    ]);
    await expect(client.incr("ioredis")).rejects.toThrow(/not an integer/);
    await client.quit();
  });

  it("finds its database and name again", async () => {
    const client = new Redis({ port: server.port, db: 2, connectionName: "tester" });
    expect(await client.set("k", "in 2")).toBe("OK");
    expect(await client.client("GETNAME")).toBe("tester");
    client.disconnect();
  });
});

describe.each([2, 3] as const)("node-redis with RESP%i", (RESP) => {
  it("reads and writes", async () => {
    const client = createClient({ socket: { port: server.port }, RESP });
    onTestFinished(() => client.destroy());
    client.on("error", () => {});
    await client.connect();
    expect(await client.set("node-redis", "value")).toBe("OK");
    expect(await client.get("node-redis")).toBe("value");
    expect(await client.get("none")).toBeNull();
    expect(await client.incrByFloat(`f${RESP}`, 1.5)).toBe("1.5");
    expect(await client.mGet(["node-redis", "none"])).toEqual(["value", null]);
    expect(await client.configGet("timeout")).toMatchObject({ timeout: "0" });
    const many = await Promise.all(Array.from({ length: 100 }, (_, i) => client.set(`m${i}`, i)));
    expect(new Set(many)).toEqual(new Set(["OK"]));
    await expect(client.incr("node-redis")).rejects.toThrow(/not an integer/);
  });
});

describe.skipIf(!requireBinary("redis-cli", "apt-get install redis-tools"))("redis-cli", () => {
  it("reads and writes", () => {
    const run = (...args: string[]) =>
      spawnSync("redis-cli", ["-p", `${server.port}`, ...args], { encoding: "utf8" }).stdout;
    expect(run("SET", "cli", "value")).toBe("OK\n");
    expect(run("GET", "cli")).toBe("value\n");
    expect(run("-3", "CONFIG", "GET", "timeout")).toBe("timeout 0\n");
  });
});

const HOW = "apt-get install redis-tools";
describe.skipIf(!requireBinary("redis-benchmark", HOW))("redis-benchmark", () => {
  it("runs ping, set, get, incr and mset", () => {
    const args = ["-p", `${server.port}`, "-t", "ping,set,get,incr,mset", "-n", "2000", "--csv"];
    const { stdout } = spawnSync("redis-benchmark", args, { encoding: "utf8" });
    for (const name of ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"]) {
      expect(stdout).toContain(`"${name}"`);
    }
  });
});

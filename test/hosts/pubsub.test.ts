/** Publish and subscribe with real clients, many subscribers, and one that does not read. */
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Program, type ServerProgram, startProgram, Wire } from "./support.js";

const SUBSCRIBERS = fileURLToPath(new URL("./many-subscribers.mjs", import.meta.url));

let server: ServerProgram;
beforeAll(async () => {
  server = await startProgram("--port", "auto", "--maxclients", "20000");
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exit;
});

it("ioredis listens to channels and patterns", async () => {
  const listener = new Redis({ port: server.port });
  const publisher = new Redis({ port: server.port });
  onTestFinished(() => {
    listener.disconnect();
    publisher.disconnect();
  });
  const heard: string[] = [];
  const done = new Promise<void>((resolve) => {
    const note = (text: string) => {
      heard.push(text);
      if (heard.length === 3) resolve();
    };
    listener.on("message", (channel, text) => note(`${channel}:${text}`));
    listener.on("pmessage", (pattern, channel, text) => note(`${pattern}:${channel}:${text}`));
  });
  expect(await listener.subscribe("news", "other")).toBe(2);
  expect(await listener.psubscribe("n*")).toBe(3);
  expect(await publisher.publish("news", "hello")).toBe(2);
  expect(await publisher.publish("other", "you")).toBe(1);
  await done;
  expect(heard.sort()).toEqual(["n*:news:hello", "news:hello", "other:you"]);
  expect(await listener.unsubscribe("news")).toBe(2);
});

it("ioredis subscribes again after the server was restarted", async () => {
  let first: ServerProgram | undefined = await startProgram("--port", "auto");
  const { port } = first;
  const listener = new Redis({ port, retryStrategy: () => 10 });
  const publisher = new Redis({ port, retryStrategy: () => 10 });
  listener.on("error", () => {});
  publisher.on("error", () => {});
  onTestFinished(async () => {
    listener.disconnect();
    publisher.disconnect();
    first?.child.kill("SIGKILL");
    await first?.exit;
  });
  const heard: string[] = [];
  const note =
    (kind: string) =>
    (...texts: unknown[]) =>
      heard.push([kind, ...texts].join(" "));
  for (const kind of ["message", "pmessage", "smessage"]) listener.on(kind, note(kind));
  await listener.subscribe("news");
  await listener.psubscribe("n?ws");
  await listener.ssubscribe("shard");

  const tell = async (text: string) => {
    expect(await publisher.publish("news", text)).toBe(2);
    expect(await publisher.spublish("shard", text)).toBe(1);
    await expect.poll(() => heard.length).toBe(3);
    expect(heard.splice(0).sort()).toEqual([
      `message news ${text}`,
      `pmessage n?ws news ${text}`,
      `smessage shard ${text}`,
    ]);
  };
  await tell("before");
  first.child.kill("SIGKILL");
  await first.exit;
  first = undefined;
  first = await startProgram("--port", `${port}`);
  const count = async () => [
    await publisher.pubsub("NUMSUB", "news"),
    await publisher.pubsub("NUMPAT"),
    await publisher.pubsub("SHARDNUMSUB", "shard"),
  ];
  await expect.poll(count, { timeout: 10_000 }).toEqual([["news", 1], 1, ["shard", 1]]);
  await tell("after");
});

describe.each([2, 3] as const)("node-redis with RESP%i", (RESP) => {
  it("listens and goes on with commands", async () => {
    const open = async () => {
      const client = createClient({ socket: { port: server.port }, RESP });
      onTestFinished(() => client.destroy());
      client.on("error", () => {});
      await client.connect();
      return client;
    };
    const listener = await open();
    const publisher = await open();
    const heard: string[] = [];
    let hear: () => void = () => {};
    const next = () =>
      new Promise<void>((resolve) => {
        hear = resolve;
      });
    const listen = (text: string) => {
      heard.push(text);
      hear();
    };
    const first = next();
    await listener.subscribe(`room${RESP}`, listen);
    await listener.sSubscribe(`shard${RESP}`, listen);
    expect(await publisher.publish(`room${RESP}`, "one")).toBe(1);
    await first;
    const second = next();
    expect(await publisher.sPublish(`shard${RESP}`, "two")).toBe(1);
    await second;
    expect(heard).toEqual(["one", "two"]);
    if (RESP === 3) expect(await listener.set("while", "listening")).toBe("OK");
    await listener.unsubscribe(`room${RESP}`);
    expect(await publisher.publish(`room${RESP}`, "three")).toBe(0);
  });
});

it("reaches ten thousand subscribers in a process of their own", { timeout: 120_000 }, async () => {
  const program = new Program([SUBSCRIBERS, `${server.port}`, "10000", "5"]);
  const code = await program.exit;
  expect(program.errors).toBe("");
  expect(program.output).toMatch(/^(\d+) subscribers heard 5 messages each\n$/);
  expect(code).toBe(0);
});

it("ends a subscriber that does not read, and serves the others meanwhile", async () => {
  const publisher = new Redis({ port: server.port });
  onTestFinished(() => publisher.disconnect());
  const limit = "pubsub 1mb 512kb 60";
  await publisher.config("SET", "client-output-buffer-limit", limit);
  const stalled = connect(server.port, "127.0.0.1");
  onTestFinished(() => void stalled.destroy());
  stalled.on("error", () => {});
  const ended = new Promise<void>((resolve) => stalled.once("close", () => resolve()));
  await new Promise<void>((resolve) => {
    stalled.once("data", () => {
      stalled.pause();
      resolve();
    });
    stalled.write("SUBSCRIBE flood\r\n");
  });
  const text = "x".repeat(100_000);
  let receivers = 1;
  for (let round = 0; round < 1000 && receivers > 0; round++) {
    receivers = await publisher.publish("flood", text);
  }
  expect(receivers).toBe(0);
  expect(await publisher.ping()).toBe("PONG");
  stalled.resume();
  await ended;
});

it("a client is told after its reply what its command has caused others to do", async () => {
  const [writer, waiting] = [await Wire.open(server), await Wire.open(server)];
  onTestFinished(() => {
    writer.close();
    waiting.close();
  });
  writer.send("HELLO", "3");
  await writer.until("modules\r\n*0\r\n");
  for (const words of [["TRACKING", "ON"], ["ID"]]) await writer.ask("CLIENT", ...words);
  expect(await writer.ask("EXISTS", "moved")).toBe(":0");
  waiting.send("BLMOVE", "from", "moved", "LEFT", "LEFT", "0");
  while ((await blocked(writer)) === 0);
  writer.send("RPUSH", "from", "x");
  expect(await writer.until("moved\r\n")).toBe(
    ":1\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$5\r\nmoved\r\n",
  );
});

it("a client hears of its own changes by broadcast after their replies", async () => {
  const client = await Wire.open(server);
  onTestFinished(() => client.close());
  client.send("HELLO", "3");
  await client.until("modules\r\n*0\r\n");
  expect(await client.ask("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "own")).toBe("+OK");
  client.send("SET", "own", "1");
  expect(await client.until("own\r\n")).toBe(
    "+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nown\r\n",
  );
});

/** How many clients wait for a key. */
async function blocked(wire: Wire): Promise<number> {
  wire.send("INFO", "clients");
  return Number(/blocked_clients:(\d+)/.exec(await wire.until("nokey:0\r\n\r\n"))?.[1]);
}

/** MONITOR through ioredis, and a pause with several clients at once. */
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { type ServerProgram, startProgram } from "./support.js";

let server: ServerProgram;
beforeAll(async () => {
  server = await startProgram("--port", "auto");
});
afterAll(async () => {
  server.child.kill("SIGKILL");
  await server.exit;
});

function open(): Redis {
  const client = new Redis({ port: server.port });
  onTestFinished(() => client.disconnect());
  return client;
}

it("a monitor is shown what other clients run", async () => {
  const client = open();
  await client.ping();
  const monitor = await open().monitor();
  onTestFinished(() => monitor.disconnect());
  const shown: string[] = [];
  const done = new Promise<void>((resolve) => {
    monitor.on("monitor", (_time: string, args: string[]) => {
      shown.push(args.join(" "));
      if (args[0] === "get") resolve();
    });
  });
  await client.multi().set("a", "1").exec();
  await client.get("a");
  await done;
  expect(shown.slice(-4)).toEqual(["multi", "set a 1", "exec", "get a"]);
});

it("writes of all clients wait for the end of a pause, then run in their order", async () => {
  const admin = open();
  const clients = [open(), open(), open()];
  await Promise.all(clients.map((client) => client.ping()));
  await admin.call("CLIENT", "PAUSE", "60000", "WRITE");
  const waiting = clients.flatMap((client, index) => [
    client.rpush(`list${index}`, "a"),
    client.rpush(`list${index}`, "b"),
  ]);
  expect(await admin.exists("list0", "list1", "list2")).toBe(0);
  await admin.call("CLIENT", "UNPAUSE");
  expect(await Promise.all(waiting)).toEqual([1, 2, 1, 2, 1, 2]);
});

it("a pause ends by itself", async () => {
  const admin = open();
  await admin.call("CLIENT", "PAUSE", "40");
  expect(await admin.ping()).toBe("PONG");
});

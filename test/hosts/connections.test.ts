/** Many clients, slow clients, refused clients - on the fast path and on the plain one. */
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { type RunningServer, startServer } from "../../hosts/node/server.js";
import { encodeRequest } from "../../hosts/shared/protocol/resp.js";
import { Wire } from "./support.js";

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Configuration = Record<string, string | number | string[]>;

async function start(configuration: Configuration, plainSockets = false) {
  server = await startServer({
    memory: true,
    configuration: { port: "auto", ...configuration },
    plainSockets,
  });
  return server;
}

describe.each([
  ["fast path", false],
  ["plain sockets", true],
])("%s", (_name, plain) => {
  it("delivers a stalled 64 MB reply whole, while others are served", async () => {
    const { port } = await start({}, plain);
    const value = Buffer.alloc(64 * 1024 * 1024);
    for (let i = 0; i < value.length; i += 4) value.writeUInt32LE((i * 2654435761) >>> 0, i);
    const slow = await Wire.open({ port });
    expect(await slow.ask("SET", "large", value)).toBe("+OK");
    slow.socket.pause();
    slow.send("GET", "large");
    slow.send("PING");

    const other = await Wire.open({ port });
    for (let i = 0; i < 500; i++) {
      const text = `value ${i} `.repeat(50);
      expect(await other.ask("SET", "large", text)).toBe("+OK");
      other.send("GET", "large");
      const reply = `$${text.length}\r\n${text}\r\n`;
      expect((await other.take(reply.length)).toString()).toBe(reply);
    }
    other.close();

    const parts: Buffer[] = [];
    slow.socket.removeAllListeners("data");
    slow.socket.resume();
    const expected = `$${value.length}\r\n`.length + value.length + 2 + "+PONG\r\n".length;
    let received = 0;
    await new Promise<void>((resolve) => {
      slow.socket.on("data", (chunk: Buffer) => {
        parts.push(chunk);
        received += chunk.length;
        if (received >= expected) resolve();
      });
    });
    const reply = Buffer.concat(parts);
    const head = `$${value.length}\r\n`.length;
    expect(reply.length).toBe(expected);
    expect(reply.subarray(head, head + value.length).equals(value)).toBe(true);
    expect(reply.subarray(head + value.length).toString()).toBe("\r\n+PONG\r\n");
    slow.close();
  });

  it("survives 1,000 connects and disconnects and stops cleanly", async () => {
    const running = await start({}, plain);
    for (let round = 0; round < 20; round++) {
      const wires = await Promise.all(
        Array.from({ length: 50 }, () => Wire.open({ port: running.port })),
      );
      wires.forEach((wire, i) => {
        if (i % 3 === 0) wire.send("PING");
        if (i % 3 === 1) wire.socket.write("*2\r\n$3\r\nGET");
        if (i % 2 === 0) wire.socket.resetAndDestroy();
        else wire.close();
      });
      await Promise.all(wires.map((wire) => wire.closed));
    }
    const wire = await Wire.open({ port: running.port });
    expect(await wire.ask("PING")).toBe("+PONG");
    await running.close();
    await wire.closed;
    await expect(Wire.open({ port: running.port })).rejects.toThrow();
  });

  it("answers a pipeline cut at any place", async () => {
    const { port } = await start({}, plain);
    const wire = await Wire.open({ port });
    wire.socket.setNoDelay(true);
    const request = Buffer.concat([
      encodeRequest(["SET", "k", "some value"]),
      encodeRequest(["GET", "k"]),
      Buffer.from("PING\r\n"),
    ]);
    const reply = "+OK\r\n$10\r\nsome value\r\n+PONG\r\n";
    for (let cut = 1; cut < request.length; cut++) {
      wire.socket.write(request.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      wire.socket.write(request.subarray(cut));
      expect((await wire.take(reply.length)).toString()).toBe(reply);
    }
    wire.close();
  });
});

/** An address of this machine that is not its loopback; empty where there is none. */
function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flat();
  const found = all.find((address) => address?.family === "IPv4" && !address.internal);
  if (found === undefined) process.stderr.write("skipped: needs a network interface with IPv4\n");
  return found?.address ?? "";
}

describe("limits", () => {
  it("refuses clients beyond maxclients with Redis's text", async () => {
    const { port } = await start({ maxclients: 2 });
    const first = await Wire.open({ port });
    const second = await Wire.open({ port });
    expect(await second.ask("PING")).toBe("+PONG");
    const third = await Wire.open({ port });
    expect(await third.line()).toBe("-ERR max number of clients reached");
    await third.closed;
    expect(await first.ask("CONFIG", "SET", "maxclients", "3")).toBe("+OK");
    const fourth = await Wire.open({ port });
    expect(await fourth.ask("PING")).toBe("+PONG");
    for (const wire of [first, second, fourth]) wire.close();
  });

  it("closes idle clients after `timeout`", async () => {
    const { port } = await start({ timeout: 1 });
    const wire = await Wire.open({ port });
    expect(await wire.ask("PING")).toBe("+PONG");
    await wire.closed;
  });

  it("ends a client that passes client-output-buffer-limit", async () => {
    const { port } = await start({ "client-output-buffer-limit": ["normal", "1mb", "0", "0"] });
    const wire = await Wire.open({ port });
    expect(await wire.ask("SET", "k", Buffer.alloc(200_000, 97))).toBe("+OK");
    wire.socket.pause();
    for (let i = 0; i < 200; i++) wire.send("GET", "k");
    const other = await Wire.open({ port });
    wire.socket.resume();
    await wire.closed;
    expect(await other.ask("PING")).toBe("+PONG");
    other.close();
  });

  const own = outerAddress();
  it.skipIf(own === "")("refuses other machines while there is no password", async () => {
    const { port } = await start({ bind: "0.0.0.0" });
    const outside = await Wire.open({ port, host: own });
    expect(await outside.line()).toMatch(/^-DENIED Redis is running in protected mode/);
    await outside.closed;
    const inside = await Wire.open({ port });
    expect(await inside.ask("CONFIG", "SET", "requirepass", "secret")).toBe("+OK");
    const allowed = await Wire.open({ port, host: own });
    expect(await allowed.ask("PING")).toBe("-NOAUTH Authentication required.");
    expect(await allowed.ask("AUTH", "secret")).toBe("+OK");
    allowed.close();
    inside.close();
  });
});

describe("parameters at run time", () => {
  it("moves to another port, and stays when that is taken", async () => {
    const running = await start({});
    const before = running.port;
    const wire = await Wire.open({ port: before });
    const taken = await startServer({ memory: true, configuration: { port: "auto" } });
    const failed = await wire.ask("CONFIG", "SET", "port", `${taken.port}`);
    expect(failed).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'port') - " +
        "Unable to listen on this port. Check server logs.",
    );
    const again = await Wire.open({ port: before });
    expect(await again.ask("PING")).toBe("+PONG");
    const free = taken.port;
    await taken.close();
    expect(await wire.ask("CONFIG", "SET", "port", `${free}`)).toBe("+OK");
    expect(running.port).toBe(free);
    const moved = await Wire.open({ port: free });
    expect(await moved.ask("PING")).toBe("+PONG");
    await expect(Wire.open({ port: before })).rejects.toThrow();
    for (const each of [wire, again, moved]) each.close();
  });

  it("keeps the rest of a pipeline while the host works", async () => {
    const { port } = await start({});
    const wire = await Wire.open({ port });
    wire.socket.write(
      Buffer.concat([
        encodeRequest(["CONFIG", "SET", "timeout", "100"]),
        encodeRequest(["PING"]),
        encodeRequest(["CONFIG", "SET", "timeout", "0"]),
        encodeRequest(["ECHO", "x"]),
      ]),
    );
    const reply = "+OK\r\n+PONG\r\n+OK\r\n$1\r\nx\r\n";
    expect((await wire.take(reply.length)).toString()).toBe(reply);
    wire.close();
  });
});

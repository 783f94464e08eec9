/** TLS: beside plain connections and alone, certificates of both sides, changes at run time. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type RunningServer, startServer } from "../../hosts/node/server.js";
import { type Certificates, hashOf, makeCertificates } from "../support/certificates.js";
import { requireBinary } from "../support/needs.js";
import { runProgram, startProgram, temporaryFolder, Wire } from "./support.js";

const NEEDS_OPENSSL = !requireBinary("openssl", "apt-get install openssl");

let folder: { path: string; remove: () => void };
let files: Certificates;
beforeAll(() => {
  folder = temporaryFolder();
  if (!NEEDS_OPENSSL) files = makeCertificates(folder.path);
});
afterAll(() => folder.remove());

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

type Configuration = Record<string, string | number | string[]>;

/** A server with a plain port and one for TLS that asks clients for nothing. */
async function start(configuration: Configuration = {}): Promise<RunningServer> {
  server = await startServer({
    memory: true,
    configuration: {
      port: "auto",
      "tls-port": "auto",
      "tls-cert-file": files.server.cert,
      "tls-key-file": files.server.key,
      "tls-ca-cert-file": files.authority,
      "tls-auth-clients": "no",
      ...configuration,
    },
  });
  return server;
}

/** A client's own certificate. */
function shown(pair: { cert: string; key: string }): ConnectionOptions {
  return { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
}

async function openTls(port: number, options: ConnectionOptions = {}): Promise<Wire> {
  const ca = readFileSync(files.authority);
  const socket: TLSSocket = connect({ host: "127.0.0.1", port, ca, ...options });
  const wire = Wire.over(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("secureConnect", resolve);
  });
  onTestFinished(() => wire.close());
  return wire;
}

/** What a client gets that is refused: no reply, whatever the moment. */
async function askOrFail(port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    return await (await openTls(port, options)).ask("PING");
  } catch {
    return "refused";
  }
}

/** The name in the certificate that the server shows. */
async function nameShown(port: number): Promise<string> {
  const wire = await openTls(port);
  const { subject } = (wire.socket as TLSSocket).getPeerCertificate();
  wire.close();
  return `${subject.CN}`;
}

describe.skipIf(NEEDS_OPENSSL)("connections", () => {
  it("serves plain and TLS clients side by side", async () => {
    const { port, tlsPort } = await start();
    const plain = await Wire.open({ port });
    const secure = await openTls(tlsPort);
    expect(await secure.ask("SET", "k", "value")).toBe("+OK");
    plain.send("GET", "k");
    expect(`${await plain.take(11)}`).toBe("$5\r\nvalue\r\n");
    plain.send("INFO", "server");
    const bytes = Number((await plain.line()).slice(1));
    const info = `${await plain.take(bytes)}`;
    expect(info).toContain(`tcp_port:${port}\r\n`);
    expect(info).toContain(`listener2:name=tls,bind=127.0.0.1,bind=-::1,port=${tlsPort}\r\n`);
    plain.close();
  });

  it("serves TLS alone", async () => {
    const { port, tlsPort, host } = await start({ port: 0 });
    expect(port).toBe(0);
    expect(host).toBe("127.0.0.1");
    const wire = await openTls(tlsPort);
    expect(await wire.ask("PING")).toBe("+PONG");
    wire.send("INFO", "server");
    const bytes = Number((await wire.line()).slice(1));
    expect(`${await wire.take(bytes)}`).toContain(`tcp_port:${tlsPort}\r\n`);
  });

  it("moves large values both ways, and answers thousands of pipelined commands", async () => {
    const { tlsPort } = await start();
    const wire = await openTls(tlsPort);
    const value = Buffer.alloc(2 * 1024 * 1024, "0123456789abcdef!");
    expect(await wire.ask("SET", "large", value)).toBe("+OK");
    for (let i = 0; i < 3; i++) wire.send("GET", "large");
    for (let i = 0; i < 3; i++) {
      expect(await wire.line()).toBe(`$${value.length}`);
      const received = await wire.take(value.length + 2);
      expect(received.subarray(0, -2).equals(value)).toBe(true);
    }
    for (let i = 0; i < 5000; i++) wire.send("INCR", "n");
    for (let i = 1; i <= 5000; i++) expect(await wire.line()).toBe(`:${i}`);
  });

  it("delivers a stalled reply whole, while others are served", async () => {
    const { tlsPort } = await start();
    const value = Buffer.alloc(3 * 1024 * 1024, "fedcba9876543210!");
    const slow = await openTls(tlsPort);
    expect(await slow.ask("SET", "large", value)).toBe("+OK");
    slow.socket.pause();
    slow.send("GET", "large");
    slow.send("PING");
    const other = await openTls(tlsPort);
    for (let i = 0; i < 200; i++) {
      other.send("SET", "large", `value ${i}`.repeat(20));
      expect(await other.line()).toBe("+OK");
    }
    slow.socket.resume();
    expect(await slow.line()).toBe(`$${value.length}`);
    const received = await slow.take(value.length + 2);
    expect(received.subarray(0, -2).equals(value)).toBe(true);
    expect(await slow.line()).toBe("+PONG");
  });

  it("survives clients that come and go at any moment, and stops cleanly", async () => {
    const { port, tlsPort } = await start();
    for (let round = 0; round < 5; round++) {
      const wires = await Promise.all(
        Array.from({ length: 20 }, () => Wire.open({ port: tlsPort })),
      );
      wires.forEach((wire, i) => {
        if (i % 3 === 0) wire.socket.write(Buffer.from("160301", "hex"));
        if (i % 3 === 1) wire.socket.write(Buffer.alloc(300, 22));
        if (i % 2 === 0) wire.socket.resetAndDestroy();
        else wire.close();
      });
      const secure = await Promise.all(Array.from({ length: 10 }, () => openTls(tlsPort)));
      for (const wire of secure) wire.send("PING");
      for (const wire of secure) wire.socket.destroy();
    }
    const plain = await Wire.open({ port });
    await untilAlone(plain);
    expect(await askOrFail(tlsPort)).toBe("+PONG");
    plain.close();
  });

  it("holds the limits of clients", async () => {
    const { port, tlsPort } = await start({
      maxclients: 2,
      "client-output-buffer-limit": ["normal", "4mb", "0", "0"],
    });
    const plain = await Wire.open({ port });
    expect(await plain.ask("SET", "large", Buffer.alloc(3 * 1024 * 1024))).toBe("+OK");
    const slow = await openTls(tlsPort);
    expect(await slow.ask("PING")).toBe("+PONG");
    expect(await askOrFail(tlsPort)).toBe("refused");
    slow.socket.pause();
    for (let i = 0; i < 20; i++) slow.send("GET", "large");
    slow.socket.on("close", () => {});
    await untilAlone(plain);
    plain.close();
  });

  it("closes idle clients, and clients that never finish the handshake", async () => {
    const { tlsPort } = await start({ timeout: 1 });
    const idle = await openTls(tlsPort);
    const silent = await Wire.open({ port: tlsPort });
    await idle.closed;
    await server?.close();
    await silent.closed;
  });

  it("refuses plain clients on the TLS port and goes on", async () => {
    const { tlsPort } = await start();
    const wire = await Wire.open({ port: tlsPort });
    wire.send("PING");
    await wire.closed;
    expect(`${wire.received}`).not.toContain("PONG");
    expect(await askOrFail(tlsPort)).toBe("+PONG");
  });
});

/** Waits until CLIENT LIST has one line. */
async function untilAlone(wire: Wire): Promise<void> {
  for (;;) {
    wire.send("CLIENT", "LIST");
    const bytes = Number((await wire.line()).slice(1));
    const lines = `${await wire.take(bytes + 2)}`.trim().split("\n");
    if (lines.length === 1) return;
  }
}

describe.skipIf(NEEDS_OPENSSL)("certificates of clients", () => {
  it("are required by default", async () => {
    const { tlsPort } = await start({ "tls-auth-clients": "yes" });
    expect(await askOrFail(tlsPort)).toBe("refused");
    expect(await askOrFail(tlsPort, shown(files.stranger))).toBe("refused");
    expect(await askOrFail(tlsPort, shown(files.client))).toBe("+PONG");
  });

  it("may be left out where they are optional, but not be wrong", async () => {
    const { tlsPort } = await start({ "tls-auth-clients": "optional" });
    expect(await askOrFail(tlsPort)).toBe("+PONG");
    expect(await askOrFail(tlsPort, shown(files.stranger))).toBe("refused");
    expect(await askOrFail(tlsPort, shown(files.client))).toBe("+PONG");
  });

  it("are checked against a folder", async () => {
    const path = join(folder.path, "authorities");
    mkdirSync(path);
    copyFileSync(files.authority, join(path, `${hashOf(files.authority)}.0`));
    const { tlsPort } = await start({
      "tls-auth-clients": "yes",
      "tls-ca-cert-file": "",
      "tls-ca-cert-dir": path,
    });
    expect(await askOrFail(tlsPort, shown(files.stranger))).toBe("refused");
    expect(await askOrFail(tlsPort, shown(files.client))).toBe("+PONG");
  });

  it("are checked again when a session goes on", async () => {
    const { tlsPort } = await start({ "tls-auth-clients": "yes", "tls-protocols": "TLSv1.2" });
    const first = await openTls(tlsPort, shown(files.client));
    const session = (first.socket as TLSSocket).getSession();
    expect(await askOrFail(tlsPort, { session })).toBe("+PONG");
    const wire = await openTls(tlsPort, shown(files.client));
    expect(await wire.ask("CONFIG", "SET", "tls-ca-cert-file", files.stranger.cert)).toBe("+OK");
    expect(await askOrFail(tlsPort, { session })).toBe("refused");
  });
});

describe.skipIf(NEEDS_OPENSSL)("protocols and ciphers", () => {
  it("are those that are configured", async () => {
    const { tlsPort } = await start({
      "tls-protocols": "TLSv1.2",
      "tls-ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384",
    });
    const wire = await openTls(tlsPort);
    const socket = wire.socket as TLSSocket;
    expect(socket.getProtocol()).toBe("TLSv1.2");
    expect(socket.getCipher().name).toBe("ECDHE-ECDSA-AES256-GCM-SHA384");
    expect(await askOrFail(tlsPort, { minVersion: "TLSv1.3" })).toBe("refused");
    const suite = "TLS_CHACHA20_POLY1305_SHA256";
    expect(await wire.ask("CONFIG", "SET", "tls-protocols", "", "tls-ciphersuites", suite)).toBe(
      "+OK",
    );
    const newer = (await openTls(tlsPort)).socket as TLSSocket;
    expect(newer.getProtocol()).toBe("TLSv1.3");
    expect(newer.getCipher().name).toBe(suite);
  });

  it("opens an encrypted key", async () => {
    const { tlsPort } = await start({
      "tls-key-file": files.encryptedKey,
      "tls-key-file-pass": "secret",
    });
    expect(await askOrFail(tlsPort)).toBe("+PONG");
  });
});

describe.skipIf(NEEDS_OPENSSL)("CONFIG SET", () => {
  const FAILED = (name: string) =>
    `-ERR CONFIG SET failed (possibly related to argument '${name}') - ` +
    "Unable to update TLS configuration. Check server logs.";

  it("changes the certificate for new connections", async () => {
    const { port, tlsPort } = await start();
    const plain = await Wire.open({ port });
    const before = await openTls(tlsPort);
    expect(await nameShown(tlsPort)).toBe("server");
    const { cert, key } = files.nextServer;
    expect(await plain.ask("CONFIG", "SET", "tls-cert-file", cert, "tls-key-file", key)).toBe(
      "+OK",
    );
    expect(await nameShown(tlsPort)).toBe("next");
    expect(await plain.parameter("tls-cert-file")).toBe(cert);
    expect(await before.ask("PING")).toBe("+PONG");
    plain.close();
  });

  it("refuses what cannot be, and leaves the old", async () => {
    const { port, tlsPort } = await start();
    const plain = await Wire.open({ port });
    const ask = (name: string, value: string) => plain.ask("CONFIG", "SET", name, value);
    expect(await ask("tls-cert-file", "/nowhere")).toBe(FAILED("tls-cert-file"));
    expect(await ask("tls-key-file", files.client.key)).toBe(FAILED("tls-key-file"));
    expect(await ask("tls-ca-cert-file", files.server.key)).toBe(FAILED("tls-ca-cert-file"));
    expect(await ask("tls-ciphers", "NONE-SUCH")).toBe(FAILED("tls-ciphers"));
    expect(await ask("tls-protocols", "SSLv3")).toBe(FAILED("tls-protocols"));
    expect(await ask("tls-port", `${port}`)).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'tls-port') - " +
        "Unable to listen on this port. Check server logs.",
    );
    expect(await plain.parameter("tls-cert-file")).toBe(files.server.cert);
    expect(await plain.parameter("tls-port")).toBe(`${tlsPort}`);
    expect(await nameShown(tlsPort)).toBe("server");
    plain.close();
  });

  it("switches TLS on and off", async () => {
    const { port } = await start({ "tls-port": 0, "tls-cert-file": "" });
    const plain = await Wire.open({ port });
    const free = await startServer({ memory: true, configuration: { port: "auto" } });
    const wanted = free.port;
    await free.close();
    expect(await plain.ask("CONFIG", "SET", "tls-port", wanted)).toBe(FAILED("tls-port"));
    expect(await plain.ask("CONFIG", "SET", "tls-cert-file", files.server.cert)).toBe("+OK");
    expect(await plain.ask("CONFIG", "SET", "tls-port", wanted)).toBe("+OK");
    const wire = await openTls(wanted);
    expect(await plain.ask("CONFIG", "SET", "tls-port", 0)).toBe("+OK");
    expect(await askOrFail(wanted)).toBe("refused");
    expect(await wire.ask("PING")).toBe("+PONG");
    plain.close();
  });
});

describe.skipIf(NEEDS_OPENSSL)("at the start", () => {
  it.each<[string, Record<string, () => string>, RegExp]>([
    ["without a certificate", {}, /^tls-cert-file: is needed for TLS and not set$/],
    [
      "with a file that is not there",
      { "tls-cert-file": () => "/nowhere/x.crt" },
      /^tls-cert-file \/nowhere\/x.crt: no such file or directory \(.*quire\.conf, line 3\)$/,
    ],
    [
      "with a key as a certificate",
      { "tls-cert-file": () => files.server.key },
      /^tls-cert-file .*server\.key: holds no certificate in PEM form/,
    ],
    [
      "with the key of another certificate",
      { "tls-cert-file": () => files.server.cert, "tls-key-file": () => files.client.key },
      /^tls-key-file .*client\.key: does not belong to the certificate .*server\.crt/,
    ],
    [
      "without the passphrase",
      { "tls-cert-file": () => files.server.cert, "tls-key-file": () => files.encryptedKey },
      /^tls-key-file .*: is encrypted and tls-key-file-pass is not set/,
    ],
    [
      "with a wrong passphrase",
      {
        "tls-cert-file": () => files.server.cert,
        "tls-key-file": () => files.encryptedKey,
        "tls-key-file-pass": () => "wrong",
      },
      /^tls-key-file .*: tls-key-file-pass does not open it/,
    ],
    [
      "without an authority",
      { "tls-cert-file": () => files.server.cert, "tls-key-file": () => files.server.key },
      /^tls-auth-clients yes: needs tls-ca-cert-file or tls-ca-cert-dir/,
    ],
  ])("stops %s", async (_name, values, reason) => {
    const path = join(folder.path, "quire.conf");
    const lines = Object.entries(values).map(([name, value]) => `${name} ${value()}`);
    writeFileSync(path, ["port 0", "tls-port 17000", ...lines, ""].join("\n"));
    const { code, output, errors } = await runProgram([path, "--memory"]);
    expect(code).toBe(1);
    expect(output).toBe("");
    expect(errors.trim().split("\n")).toHaveLength(1);
    expect(errors.trim()).toMatch(reason);
  });
});

const run = promisify(execFile);

describe.skipIf(NEEDS_OPENSSL)("clients", () => {
  const secure = () => ({ ca: readFileSync(files.authority), ...shown(files.client) });

  it("ioredis", async () => {
    const { tlsPort } = await start({ "tls-auth-clients": "yes" });
    const client = new Redis({ port: tlsPort, tls: secure(), lazyConnect: true });
    await client.connect();
    expect(await client.set("k", "v")).toBe("OK");
    expect(await client.get("k")).toBe("v");
    await client.quit();
  });

  it("node-redis", async () => {
    const { tlsPort } = await start({ "tls-auth-clients": "yes" });
    const socket = { port: tlsPort, host: "localhost", tls: true as const, ...secure() };
    const client = createClient({ socket: socket as { tls: true; port: number }, RESP: 3 });
    onTestFinished(() => client.destroy());
    client.on("error", () => {});
    await client.connect();
    expect(await client.set("k", "v")).toBe("OK");
    expect(await client.get("k")).toBe("v");
  });

  it("quiredb cli and redis-cli", async () => {
    const { tlsPort } = await start({ "tls-auth-clients": "yes" });
    const { cert, key } = files.client;
    const target = ["-p", `${tlsPort}`, "--tls"];
    const own = ["--cert", cert, "--key", key];
    const ours = async (...args: string[]) => (await runProgram(["cli", ...args])) as object;
    const trusted = [...target, "--cacert", files.authority, ...own, "--sni", "localhost"];
    expect(await ours(...trusted, "PING")).toMatchObject({ code: 0, output: "PONG\n" });
    expect(await ours(...target, "--insecure", ...own, "PING")).toMatchObject({ code: 0 });
    const untrusted = await runProgram(["cli", ...target, ...own, "PING"]);
    expect(untrusted.code).toBe(1);
    expect(untrusted.errors).toMatch(/Could not connect to Quire at .*certificate/);
    const missing = await runProgram(["cli", ...target, "--cacert", "/nowhere", "PING"]);
    expect(missing.errors).toBe("--cacert /nowhere: no such file or directory\n");
    if (!requireBinary("redis-cli", "apt-get install redis-tools")) return;
    const { stdout: help } = await run("redis-cli", ["--help"]).catch((cause) => cause);
    if (!`${help}`.includes("--tls")) return;
    const { stdout } = await run("redis-cli", [...trusted, "PING"]);
    expect(stdout).toBe("PONG\n");
  });

  it("the program tells where TLS alone is served", async () => {
    const { cert, key } = files.server;
    const pair = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-auth-clients", "no"];
    const args = ["--port", "0", "--tls-port", "auto", ...pair];
    const program = await startProgram(...args);
    onTestFinished(() => void program.child.kill("SIGKILL"));
    expect(program.output).toMatch(/^Ready on 127\.0\.0\.1:\d+ \(TLS\)\n/);
  });
});

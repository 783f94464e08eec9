// The two servers that are measured side by side, each in a process of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Server {
  name: string;
  port: number;
  /** One command; the raw text of its reply. */
  ask(...words: string[]): Promise<string>;
  /** Writes requests and waits for as many replies as there are lines ending a reply. */
  load(requests: Buffer, replies: number): Promise<void>;
  stop(): void;
}

/** Whether a program can be started. */
export function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = typeof address === "object" && address ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

export function connected(port: number, deadlineMs: number, retryMs = 50): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket));
    socket.once("error", () => {
      if (Date.now() > deadlineMs) reject(new Error(`nothing listens on port ${port}`));
      else setTimeout(() => connected(port, deadlineMs, retryMs).then(resolve, reject), retryMs);
    });
  });
}

/** Waits until a server that was just started takes a connection. */
export async function openServer(
  name: string,
  child: ChildProcess,
  port: number,
  cleanUp: () => void,
): Promise<Server> {
  const socket = await connected(port, Date.now() + 20_000);
  const stop = () => {
    socket.destroy();
    child.kill("SIGKILL");
    cleanUp();
  };
  return { name, port, stop, ...commandsOver(socket) };
}

/** Only replies of one line or one bulk are needed here. */
export function commandsOver(socket: Socket) {
  const ask = (...words: string[]) =>
    new Promise<string>((resolve) => {
      let text = "";
      const take = (chunk: Buffer) => {
        text += chunk.toString("latin1");
        const line = text.indexOf("\r\n");
        if (line < 0) return;
        const bytes = text[0] === "$" || text[0] === "=" ? Number(text.slice(1, line)) + 2 : 0;
        if (text.length < line + 2 + bytes) return;
        socket.off("data", take);
        resolve(text.slice(bytes ? line + 2 : 0));
      };
      socket.on("data", take);
      socket.write(`*${words.length}\r\n${words.map((w) => `$${w.length}\r\n${w}\r\n`).join("")}`);
    });
  const load = (requests: Buffer, replies: number) =>
    new Promise<void>((resolve) => {
      let seen = 0;
      const take = (chunk: Buffer) => {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) seen += 1;
        if (seen < replies) return;
        socket.off("data", take);
        resolve();
      };
      socket.on("data", take);
      socket.write(requests);
    });
  return { ask, load };
}

export async function startRedis(): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "quire-bench-"));
  const child = spawn(
    "redis-server",
    ["--port", String(port), "--save", "", "--appendonly", "no", "--dir", folder],
    { stdio: "ignore" },
  );
  return openServer("redis-server", child, port, () =>
    rmSync(folder, { recursive: true, force: true }),
  );
}

export async function startQuire(): Promise<Server> {
  const port = await freePort();
  const program = join(process.cwd(), "dist", "quiredb.js");
  const child = spawn(process.execPath, [program, "--port", String(port), "--memory"], {
    stdio: "ignore",
  });
  return openServer("quire", child, port, () => {});
}

/** One number of INFO. */
export async function infoNumber(server: Server, section: string, name: string): Promise<number> {
  const text = await server.ask("INFO", section);
  const match = new RegExp(`^${name}:([\\d.]+)`, "m").exec(text);
  if (!match) throw new Error(`${server.name}: INFO ${section} has no ${name}`);
  return Number(match[1]);
}

/** Processor seconds that the server has used so far. */
export async function processorSeconds(server: Server): Promise<number> {
  const user = await infoNumber(server, "cpu", "used_cpu_user");
  return user + (await infoNumber(server, "cpu", "used_cpu_sys"));
}

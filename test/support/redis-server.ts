// A redis-server of the test's own to compare with, and a client that speaks raw RESP bytes to it.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encode } from "./engine";
import { requireBinary } from "./needs";

/** How long a reply may take. The machine may be busy, so this only ends what would never end. */
const REPLY_TIMEOUT_MS = 10_000;

/** Whether redis-server is there; when not, says in one line how to get it. */
export function hasRedisServer(): boolean {
  return requireBinary("redis-server", "install Redis (Debian: apt-get install redis-server)");
}

/** Where the reply that starts at `start` ends; -1 when it is not complete yet. */
export function replyEnd(text: string, start: number): number {
  let pending = 1;
  let at = start;
  while (pending > 0) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return -1;
    const mark = text[at] ?? "";
    const number = Number(text.slice(at + 1, lineEnd));
    at = lineEnd + 2;
    pending -= 1;
    if ("$=!".includes(mark) && number >= 0) at += number + 2;
    else if ("*~>".includes(mark) && number > 0) pending += number;
    else if (mark === "%") pending += number * 2;
    else if (mark === "|") pending += number * 2 + 1;
    if (at > text.length) return -1;
  }
  return at;
}

/** Cuts a text of complete replies into them; what cannot be read as a reply is the last piece. */
export function splitReplies(text: string): string[] {
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length) {
    const end = replyEnd(text, at);
    pieces.push(text.slice(at, end < 0 ? undefined : end));
    if (end < 0) break;
    at = end;
  }
  return pieces;
}

export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly path: string,
  ) {}

  /** Starts a server on a Unix socket in a folder of its own. */
  static async start(parameters: string[] = []): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), "quire-redis-"));
    const path = join(folder, "socket");
    const fixed = ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder];
    const more = ["--enable-debug-command", "yes", "--daemonize", "no"];
    const child = spawn("redis-server", [...fixed, ...more, ...parameters], { stdio: "ignore" });
    const server = new RedisServer(child, folder, path);
    try {
      await server.waitUntilUp();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  private async waitUntilUp(): Promise<void> {
    const deadline = Date.now() + REPLY_TIMEOUT_MS;
    for (;;) {
      try {
        const client = await this.connect();
        await client.ask("PING");
        client.close();
        return;
      } catch (error) {
        if (Date.now() > deadline || this.child.exitCode !== null) throw error;
        await sleep(20);
      }
    }
  }

  async connect(): Promise<RedisClient> {
    const socket = connect(this.path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RedisClient(socket);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once("exit", resolve));
      this.child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class RedisClient {
  closed = false;
  private received = "";
  private wake: () => void = () => undefined;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
      this.wake();
    });
    const end = () => {
      this.closed = true;
      this.wake();
    };
    socket.on("error", end);
    socket.on("close", end);
  }

  send(bytes: Uint8Array): void {
    if (!this.closed) this.socket.write(bytes);
  }

  /** Sends one command and answers its raw reply. */
  async ask(...words: string[]): Promise<string> {
    this.send(encode(words));
    return (await this.replies(1))[0] ?? "";
  }

  /** The next `count` replies; fewer when the connection closes or the time is over. */
  async replies(count: number, timeoutMs = REPLY_TIMEOUT_MS): Promise<string[]> {
    const list: string[] = [];
    const deadline = Date.now() + timeoutMs;
    let at = 0;
    while (list.length < count) {
      const end = replyEnd(this.received, at);
      if (end >= 0) {
        list.push(this.received.slice(at, end));
        at = end;
      } else if (this.closed || !(await this.more(deadline))) break;
    }
    this.received = this.received.slice(at);
    return list;
  }

  /**
   * Everything received until `bytes` bytes are there, the connection closes or the time is over.
   */
  async take(bytes: number, timeoutMs = REPLY_TIMEOUT_MS): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    while (this.received.length < bytes && !this.closed) {
      if (!(await this.more(deadline))) break;
    }
    const text = this.received;
    this.received = "";
    return text;
  }

  /** Waits until the server closes the connection; false when it does not in time. */
  async waitClosed(timeoutMs = REPLY_TIMEOUT_MS): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!this.closed) if (!(await this.more(deadline))) break;
    return this.closed;
  }

  private more(deadline: number): Promise<boolean> {
    const left = deadline - Date.now();
    if (left <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), left);
      this.wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

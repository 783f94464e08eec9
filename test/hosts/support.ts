/** Servers as processes, and bare connections, for the tests of the hosts. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeRequest } from "../../hosts/shared/protocol/resp.js";

export const PROGRAM = fileURLToPath(new URL("../../dist/quiredb.js", import.meta.url));

/** A program that was started: what it printed, and how it ended. */
export class Program {
  readonly child: ChildProcess;
  output = "";
  errors = "";
  readonly exit: Promise<number | null>;
  #watchers: (() => void)[] = [];

  constructor(args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
    this.child = spawn(process.execPath, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    });
    this.child.stdin?.on("error", () => {});
    this.child.stdin?.end(options.input ?? "");
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.output += chunk.toString();
      this.#changed();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
      this.#changed();
    });
    this.exit = new Promise((resolve) => {
      this.child.on("close", (code) => {
        resolve(code);
        this.#changed();
      });
    });
  }

  /** Resolves when the output fits; rejects when the program ends before. */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`the program ended without ${pattern}:\n${this.output}\n${this.errors}`);
      }
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  #changed(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

export interface ServerProgram extends Program {
  port: number;
}

/** Starts the built server and waits until it is ready; without `--dir` it keeps nothing. */
export async function startProgram(...args: string[]): Promise<ServerProgram> {
  const keeping = args.includes("--dir") ? [] : ["--memory"];
  const program = new Program([PROGRAM, ...args, ...keeping]) as ServerProgram;
  const ready = await program.seen(/^Ready on (.*)\n/m);
  program.port = Number(/:(\d+)$/.exec(ready[1] ?? "")?.[1] ?? 0);
  return program;
}

/** Runs the built program to its end. */
export async function runProgram(
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ code: number | null; output: string; errors: string }> {
  const program = new Program([PROGRAM, ...args], options);
  const code = await program.exit;
  return { code, output: program.output, errors: program.errors };
}

/** A connection that sends and receives bytes as they are. */
export class Wire {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  readonly closed: Promise<void>;
  #isClosed = false;
  #watchers: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.#changed();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        this.#changed();
        resolve();
      });
    });
  }

  /** Over a socket that is being connected. */
  static over(socket: Socket): Wire {
    return new Wire(socket);
  }

  static open(target: { port: number; host?: string } | { path: string }): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect(target as { port: number });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Wire(socket));
      });
    });
  }

  send(...parts: (string | number | Uint8Array)[]): void {
    this.socket.write(encodeRequest(parts));
  }

  /** Takes exactly so many bytes. */
  async take(bytes: number): Promise<Buffer> {
    while (this.received.length < bytes) await this.#more();
    const taken = this.received.subarray(0, bytes);
    this.received = this.received.subarray(bytes);
    return taken;
  }

  /** Takes one line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf("\r\n");
      if (end >= 0) return (await this.take(end + 2)).subarray(0, -2).toString();
      await this.#more();
    }
  }

  /** Takes everything up to the first place where this text ends. */
  async until(end: string): Promise<string> {
    for (;;) {
      const at = this.received.indexOf(end);
      if (at >= 0) return (await this.take(at + end.length)).toString("latin1");
      await this.#more();
    }
  }

  /** Sends a command and takes the first line of its reply. */
  ask(...parts: (string | number | Uint8Array)[]): Promise<string> {
    this.send(...parts);
    return this.line();
  }

  /** The value of a parameter, by CONFIG GET. */
  async parameter(name: string): Promise<string> {
    this.send("CONFIG", "GET", name);
    for (let skipped = 0; skipped < 4; skipped++) await this.line();
    return this.line();
  }

  close(): void {
    this.socket.destroy();
  }

  async #more(): Promise<void> {
    if (this.#isClosed) throw new Error(`connection closed after ${this.received}`);
    await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #changed(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

/** A folder that the test removes. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "quire-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

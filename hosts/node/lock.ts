/**
 * The lock of a data directory: a listening Unix socket in it, on Windows a named pipe named after
 * it, that tells whoever connects who holds the directory. The operating system closes it when the
 * process ends in any way, so a socket that refuses is left over and may be taken away.
 *
 * Several starters may find the same stale socket: only who has created the guard file may take it
 * away, and asks once more before. A guard that is older than a few seconds was left over too.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, realpathSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join, relative } from "node:path";
import type { StorageLock } from "../shared/persistence/storage.js";

const SOCKET_NAME = "lock.sock";
/** What the address of a Unix socket has room for on every system. */
const LONGEST_ADDRESS = 103;
const ANSWER_TIMEOUT_MS = 1000;
const GUARD_NAME = "lock.guard";
const GUARD_LIFE_MS = 5000;
const ATTEMPTS = 300;
const PAUSE_MS = 20;

/** Takes the lock; refused with an Error that says who holds the directory. */
export async function lockDirectory(directory: string, holder: string): Promise<StorageLock> {
  const place = new SocketPlace(realpathSync(directory));
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const server = await listen(place.address(SOCKET_NAME), holder);
      if (server !== undefined) return { release: () => release(server, place) };
      const other = await ask(place.address(SOCKET_NAME));
      if (other !== undefined) throw heldBy(directory, other);
      await removeStale(place);
    }
    throw new Error(`the data directory ${directory} cannot be locked: others keep trying too`);
  } catch (cause) {
    place.close();
    throw cause;
  }
}

function heldBy(directory: string, holder: string): Error {
  return new Error(`the data directory ${directory} is in use by ${holder}`);
}

/** Finds an address for names in a directory, however long its path is. */
class SocketPlace {
  readonly directory: string;
  #descriptor: number | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  address(name: string): string {
    if (process.platform === "win32") return pipeName(this.directory);
    const path = join(this.directory, name);
    if (Buffer.byteLength(path) <= LONGEST_ADDRESS) return path;
    const near = relative(process.cwd(), path);
    if (Buffer.byteLength(near) <= LONGEST_ADDRESS) return near;
    if (process.platform !== "linux") {
      throw new Error(`the path of the data directory ${this.directory} is too long for a socket`);
    }
    this.#descriptor ??= openSync(this.directory, "r");
    return `/proc/self/fd/${this.#descriptor}/${name}`;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

function pipeName(directory: string): string {
  const hash = createHash("sha256").update(directory.toLowerCase()).digest("hex");
  return `\\\\.\\pipe\\quire-${hash.slice(0, 32)}`;
}

/** A server that tells everybody who holds the directory; undefined when the address is taken. */
function listen(address: string, holder: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(holder);
      socket.unref();
    });
    server.on("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "EADDRINUSE") resolve(undefined);
      else reject(cause);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Who answers at this address; undefined when nobody does. */
function ask(address: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(address);
    const timer = setTimeout(() => socket.destroy(), ANSWER_TIMEOUT_MS);
    let failure: NodeJS.ErrnoException | undefined;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      answer += text;
    });
    socket.on("error", (cause) => {
      failure = cause;
    });
    socket.on("close", () => {
      clearTimeout(timer);
      if (answer !== "") resolve(answer);
      else if (failure === undefined) resolve("a process that does not answer");
      else if (isNobody(failure)) resolve(undefined);
      else reject(failure);
    });
  });
}

function isNobody({ code }: NodeJS.ErrnoException): boolean {
  return code === "ECONNREFUSED" || code === "ENOENT" || code === "ENOTSOCK";
}

/** Takes a stale socket away, unless somebody else is about to; then there is a pause. */
async function removeStale(place: SocketPlace): Promise<void> {
  if (process.platform === "win32") return;
  const guard = join(place.directory, GUARD_NAME);
  if (!(await createGuard(guard))) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return;
  }
  try {
    const other = await ask(place.address(SOCKET_NAME));
    if (other === undefined) await takeAway(place, SOCKET_NAME);
  } finally {
    await rm(guard, { force: true });
  }
}

async function takeAway(place: SocketPlace, name: string): Promise<void> {
  const path = join(place.directory, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw new Error(`'${path}' is a directory: move it away`);
  await rm(path, { force: true });
}

async function createGuard(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    const found = await stat(path).catch(() => undefined);
    const isLeftOver = found !== undefined && Date.now() - found.mtimeMs > GUARD_LIFE_MS;
    if (isLeftOver) await rm(path, { force: true, recursive: found.isDirectory() });
    return false;
  }
}

function release(server: Server, place: SocketPlace): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      place.close();
      resolve();
    });
  });
}

/**
 * Storage as files of a directory.
 *
 * Durable means: the file is synced and so is the directory that names it. Windows has no sync of
 * a directory, and renames over a file only when both are closed. Small files are replaced through
 * a file whose name begins with TEMPORARY; what is left of such files belongs to nobody.
 */
import {
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type AppendFile,
  type ReadFile,
  type Storage,
  type StorageLock,
  TEMPORARY,
} from "../shared/persistence/storage.js";
import { lockDirectory } from "./lock.js";

const IS_WINDOWS = process.platform === "win32";

/** Asked for explicitly: the modes of text editors differ from those of "a" and "w". */
const CREATE = constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY;
const APPEND = constants.O_WRONLY | constants.O_APPEND;

export class NodeStorage implements Storage {
  readonly place: string;

  constructor(directory: string) {
    this.place = resolve(directory);
  }

  async list(): Promise<string[]> {
    try {
      const entries = await readdir(this.place, { withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    } catch (cause) {
      if (isMissing(cause)) return [];
      throw cause;
    }
  }

  async create(name: string): Promise<AppendFile> {
    await makeDirectory(this.place);
    const handle = await open(this.#path(name), CREATE, 0o644);
    return new NodeAppendFile(name, this.#path(name), handle, 0, this.place);
  }

  async openAppend(name: string): Promise<AppendFile> {
    const handle = await open(this.#path(name), APPEND);
    const { size } = await handle.stat();
    return new NodeAppendFile(name, this.#path(name), handle, size, undefined);
  }

  async openRead(name: string): Promise<ReadFile> {
    return new NodeReadFile(name, this.#path(name));
  }

  async readAll(name: string): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.#path(name));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw cause;
    }
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = `${TEMPORARY}${name}`;
    const file = await this.create(temporary);
    try {
      await file.appendLater(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.rename(temporary, name);
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#path(from), this.#path(to));
    await syncDirectory(this.place);
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name));
  }

  async truncate(name: string, bytes: number): Promise<void> {
    const handle = await open(this.#path(name), "r+");
    try {
      await handle.truncate(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async lock(holder: string): Promise<StorageLock> {
    await makeDirectory(this.place);
    return lockDirectory(this.place, holder);
  }

  #path(name: string): string {
    return join(this.place, name);
  }
}

class NodeAppendFile implements AppendFile {
  readonly name: string;
  bytes: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  /** Its directory while that does not surely name the file. */
  #unsyncedDirectory: string | undefined;

  constructor(
    name: string,
    path: string,
    handle: FileHandle,
    bytes: number,
    created: string | undefined,
  ) {
    this.name = name;
    this.#path = path;
    this.bytes = bytes;
    this.#handle = handle;
    this.#unsyncedDirectory = created;
  }

  append(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(this.#handle.fd, bytes, at, bytes.length - at, null);
        at += written;
        this.bytes += written;
      }
    } catch (cause) {
      throw naming(this.#path, cause);
    }
  }

  async appendLater(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, null);
        at += bytesWritten;
        this.bytes += bytesWritten;
      }
    } catch (cause) {
      throw naming(this.#path, cause);
    }
  }

  async appendAllLater(pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const { bytesWritten } = await this.#handle.writev(pieces).catch((cause: unknown) => {
      throw naming(this.#path, cause);
    });
    this.bytes += bytesWritten;
    if (bytesWritten === bytes) return;
    // A disk that is nearly full takes a part; the rest shows why.
    await this.appendLater(Buffer.concat(pieces).subarray(bytesWritten));
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
    if (this.#unsyncedDirectory === undefined) return;
    await syncDirectory(this.#unsyncedDirectory);
    this.#unsyncedDirectory = undefined;
  }

  syncNow(): void {
    fdatasyncSync(this.#handle.fd);
    if (this.#unsyncedDirectory === undefined) return;
    syncDirectoryNow(this.#unsyncedDirectory);
    this.#unsyncedDirectory = undefined;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

class NodeReadFile implements ReadFile {
  readonly name: string;
  readonly bytes: number;
  readonly #descriptor: number;

  constructor(name: string, path: string) {
    this.name = name;
    this.#descriptor = openSync(path, constants.O_RDONLY);
    this.bytes = fstatSync(this.#descriptor).size;
  }

  read(offset: number, into: Uint8Array): number {
    let at = 0;
    while (at < into.length) {
      const count = readSync(this.#descriptor, into, at, into.length - at, offset + at);
      if (count === 0) break;
      at += count;
    }
    return at;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** What the system says about a write does not say to which file. */
function naming(path: string, cause: unknown): unknown {
  if (cause instanceof Error && !cause.message.includes(path)) cause.message += ` '${path}'`;
  return cause;
}

/** With its parents; `mkdir` with `recursive` never ends where a file system takes no directory. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    const parent = dirname(path);
    if (code !== "ENOENT" || existsSync(parent)) throw cause;
    await makeDirectory(parent);
    await mkdir(path);
  }
}

async function syncDirectory(directory: string): Promise<void> {
  if (IS_WINDOWS) return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function syncDirectoryNow(directory: string): void {
  if (IS_WINDOWS) return;
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isMissing(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === "ENOENT";
}

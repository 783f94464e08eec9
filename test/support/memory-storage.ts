/**
 * Storage in memory that can fail: the n-th call, a disk that is full, a process that is killed
 * after so many bytes, a machine that loses power.
 *
 * Every write is kept in a journal until a sync covers it. `afterKill` is what another process
 * finds: all that was handed over. `afterPowerLoss` is what another machine finds: all that was
 * synced, and of the rest what chance left, whole writes or a part of one, in any order: a hole
 * that a lost write leaves is zeros. A file whose directory entry was not synced may be gone, and
 * an unsynced removal undone.
 */
import {
  type AppendFile,
  type ReadFile,
  type Storage,
  type StorageLock,
  TEMPORARY,
} from "../../hosts/shared/persistence/storage";

/** What a call of the Storage or of its files is. */
export type StorageCall =
  | "list"
  | "create"
  | "openAppend"
  | "openRead"
  | "readAll"
  | "replace"
  | "rename"
  | "remove"
  | "truncate"
  | "lock"
  | "append"
  | "appendLater"
  | "appendAllLater"
  | "sync"
  | "syncNow"
  | "read"
  | "close";

interface MemoryFile {
  /** What a reader sees. */
  content: Uint8Array;
  /** How much of it is durable. */
  syncedBytes: number;
  /** Ends of the writes since, in order. */
  writes: number[];
}

export class InjectedFailure extends Error {
  readonly code: string;
  constructor(message: string, code = "EIO") {
    super(message);
    this.code = code;
  }
}

export class MemoryStorage implements Storage {
  readonly place: string;
  /** Names as readers see them. */
  readonly files = new Map<string, MemoryFile>();
  /** Names as a machine that lost power finds them. */
  #durableNames = new Map<string, MemoryFile>();
  /** Every call so far, in order. */
  readonly calls: StorageCall[] = [];
  /** Called before each call; throws to make it fail. */
  onCall: (call: StorageCall, name: string) => void = () => {};
  /** Bytes that may still be written; the write that passes it takes what fits and fails. */
  roomBytes = Number.POSITIVE_INFINITY;
  /** After a cut every call fails: the process is gone. */
  #dead = false;
  #cutBytes = Number.POSITIVE_INFINITY;
  #holder: string | undefined;

  constructor(place = "memory") {
    this.place = place;
  }

  /** Makes the call with this number, counted from now on and beginning with 0, fail. */
  failCall(index: number, code = "EIO"): void {
    let left = index;
    this.onCall = (call, name) => {
      if (left-- === 0)
        throw new InjectedFailure(`${code}: ${call} of ${name} was made to fail`, code);
    };
  }

  /** Ends the process in the middle of a write, after so many bytes more. */
  cutAfter(bytes: number): void {
    this.#cutBytes = bytes;
  }

  /** What another process finds. */
  afterKill(): MemoryStorage {
    const next = new MemoryStorage(this.place);
    for (const [name, file] of this.files) next.#adopt(name, file.content.slice());
    return next;
  }

  /** What is found after a loss of power; `random(n)` answers an integer below n. */
  afterPowerLoss(random: (below: number) => number): MemoryStorage {
    const next = new MemoryStorage(this.place);
    const names = new Set([...this.#durableNames.keys(), ...this.files.keys()]);
    for (const name of names) {
      const durable = this.#durableNames.get(name);
      const seen = this.files.get(name);
      const file = durable === seen || random(2) === 0 ? durable : seen;
      if (file !== undefined) next.#adopt(name, survivorOf(file, random));
    }
    return next;
  }

  #adopt(name: string, content: Uint8Array): void {
    const file = { content, syncedBytes: content.length, writes: [] };
    this.files.set(name, file);
    this.#durableNames.set(name, file);
  }

  /** Puts a whole file there, durably (for tests that damage one). */
  put(name: string, content: Uint8Array): void {
    this.#adopt(name, content.slice());
  }

  async list(): Promise<string[]> {
    this.begin("list", "");
    return [...this.files.keys()];
  }

  async create(name: string): Promise<AppendFile> {
    this.begin("create", name);
    const file = { content: new Uint8Array(0), syncedBytes: 0, writes: [] };
    this.files.set(name, file);
    return new MemoryAppendFile(this, name, file, true);
  }

  async openAppend(name: string): Promise<AppendFile> {
    this.begin("openAppend", name);
    return new MemoryAppendFile(this, name, this.#find(name), false);
  }

  async openRead(name: string): Promise<ReadFile> {
    this.begin("openRead", name);
    return new MemoryReadFile(this, name, this.#find(name));
  }

  async readAll(name: string): Promise<Uint8Array | undefined> {
    this.begin("readAll", name);
    return this.files.get(name)?.content.slice();
  }

  async replace(name: string, bytes: Uint8Array): Promise<void> {
    this.begin("replace", name);
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
    this.begin("rename", from);
    const file = this.#find(from);
    this.files.delete(from);
    this.files.set(to, file);
    this.syncNames();
  }

  async remove(name: string): Promise<void> {
    this.begin("remove", name);
    this.#find(name);
    this.files.delete(name);
  }

  async truncate(name: string, bytes: number): Promise<void> {
    this.begin("truncate", name);
    this.put(name, this.#find(name).content.slice(0, bytes));
  }

  async lock(holder: string): Promise<StorageLock> {
    this.begin("lock", "");
    if (this.#holder !== undefined) {
      throw new Error(`the data directory ${this.place} is in use by ${this.#holder}`);
    }
    this.#holder = holder;
    return {
      release: async () => {
        this.#holder = undefined;
      },
    };
  }

  /** Counts a call; throws when it shall fail. */
  begin(call: StorageCall, name: string): void {
    if (this.#dead) throw new InjectedFailure("the process has ended");
    this.calls.push(call);
    this.onCall(call, name);
  }

  /** How many of so many bytes a write may take. */
  admit(bytes: number): number {
    const taken = Math.min(bytes, this.roomBytes, this.#cutBytes);
    this.roomBytes -= taken;
    this.#cutBytes -= taken;
    if (taken < bytes && this.#cutBytes === 0) this.#dead = true;
    return taken;
  }

  syncNames(): void {
    this.#durableNames = new Map(this.files);
  }

  #find(name: string): MemoryFile {
    const file = this.files.get(name);
    if (file === undefined) throw new InjectedFailure(`ENOENT: no file ${name}`, "ENOENT");
    return file;
  }
}

/** What a loss of power leaves of a file. */
function survivorOf(file: MemoryFile, random: (below: number) => number): Uint8Array {
  const survivor = new Uint8Array(file.content.length);
  survivor.set(file.content.subarray(0, file.syncedBytes));
  let start = file.syncedBytes;
  let bytes = start;
  for (const end of file.writes) {
    const fate = random(3);
    const kept = fate === 0 ? 0 : fate === 1 ? end - start : random(end - start + 1);
    survivor.set(file.content.subarray(start, start + kept), start);
    if (kept > 0) bytes = start + kept;
    start = end;
  }
  return survivor.slice(0, bytes);
}

class MemoryAppendFile implements AppendFile {
  readonly name: string;
  readonly #storage: MemoryStorage;
  readonly #file: MemoryFile;
  readonly #isNew: boolean;
  #room: Uint8Array;

  constructor(storage: MemoryStorage, name: string, file: MemoryFile, isNew: boolean) {
    this.#storage = storage;
    this.name = name;
    this.#file = file;
    this.#isNew = isNew;
    this.#room = file.content;
  }

  get bytes(): number {
    return this.#file.content.length;
  }

  append(bytes: Uint8Array): void {
    this.#storage.begin("append", this.name);
    this.#write(bytes);
  }

  async appendLater(bytes: Uint8Array): Promise<void> {
    this.#storage.begin("appendLater", this.name);
    // What is written is what the bytes are at the end: they must not change meanwhile.
    await Promise.resolve();
    this.#write(bytes);
  }

  async appendAllLater(pieces: readonly Uint8Array[]): Promise<void> {
    this.#storage.begin("appendAllLater", this.name);
    await Promise.resolve();
    for (const piece of pieces) this.#write(piece);
  }

  #write(bytes: Uint8Array): void {
    const start = this.#file.content.length;
    const taken = this.#storage.admit(bytes.length);
    if (start + taken > this.#room.length) {
      this.#room = new Uint8Array(2 * (start + taken));
      this.#room.set(this.#file.content);
    }
    this.#room.set(bytes.subarray(0, taken), start);
    this.#file.content = this.#room.subarray(0, start + taken);
    this.#file.writes.push(start + taken);
    if (taken < bytes.length) throw new InjectedFailure("ENOSPC: no room is left", "ENOSPC");
  }

  async sync(): Promise<void> {
    this.#storage.begin("sync", this.name);
    this.#settle();
  }

  syncNow(): void {
    this.#storage.begin("syncNow", this.name);
    this.#settle();
  }

  #settle(): void {
    this.#file.syncedBytes = this.#file.content.length;
    this.#file.writes.length = 0;
    if (this.#isNew) this.#storage.syncNames();
  }

  async close(): Promise<void> {
    this.#storage.begin("close", this.name);
  }
}

class MemoryReadFile implements ReadFile {
  readonly name: string;
  readonly bytes: number;
  readonly #storage: MemoryStorage;
  readonly #content: Uint8Array;

  constructor(storage: MemoryStorage, name: string, { content }: MemoryFile) {
    this.#storage = storage;
    this.name = name;
    this.bytes = content.length;
    this.#content = content;
  }

  read(offset: number, into: Uint8Array): number {
    this.#storage.begin("read", this.name);
    const part = this.#content.subarray(offset, offset + into.length);
    into.set(part);
    return part.length;
  }

  close(): void {}
}

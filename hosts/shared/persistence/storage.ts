/**
 * Where a data set is kept: a flat folder of named files. Everything that persists is written
 * against this interface once; a runtime supplies it (files of Node, memory in tests).
 *
 * A name has no path in it. Errors of the medium are thrown as they are: who calls decides what a
 * full or failing disk means. What "durable" means stands at each call.
 */

/** Names that begin so are of files being made; what is left of one after a crash is rubbish. */
export const TEMPORARY = "temp-";

/** A file that only grows. Nothing else writes to it meanwhile. */
export interface AppendFile {
  readonly name: string;
  /** Bytes that it has, those that were there when it was opened included. */
  readonly bytes: number;
  /** Hands bytes to the operating system before it returns: they survive the process. */
  append(bytes: Uint8Array): void;
  /** The same in the background; the bytes must not change before it resolves. One at a time. */
  appendLater(bytes: Uint8Array): Promise<void>;
  /** Several pieces, one behind the other, in one go. */
  appendAllLater(pieces: readonly Uint8Array[]): Promise<void>;
  /** Makes all that was appended before the call durable: it survives the machine. */
  sync(): Promise<void>;
  /** The same before it returns. */
  syncNow(): void;
  close(): Promise<void>;
}

/** A file that is read at any place. */
export interface ReadFile {
  readonly name: string;
  readonly bytes: number;
  /** Fills `into` from `offset` on; answers how many bytes there were. */
  read(offset: number, into: Uint8Array): number;
  close(): void;
}

/** Held while a data set is open; released when the process ends in any way. */
export interface StorageLock {
  release(): Promise<void>;
}

export interface Storage {
  /** What messages call this place, such as the absolute path of the folder. */
  readonly place: string;
  /** Names of all files, in no order; none when the place does not exist yet. */
  list(): Promise<string[]>;
  /** Creates the file empty, or empties it. */
  create(name: string): Promise<AppendFile>;
  /** Opens an existing file at its end. */
  openAppend(name: string): Promise<AppendFile>;
  openRead(name: string): Promise<ReadFile>;
  /** The whole of a small file; undefined when there is none. */
  readAll(name: string): Promise<Uint8Array | undefined>;
  /** A whole small file, durably: after a failure there is the old one or the new one. */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  /** Renames over whatever has the name, durably. The file is closed and synced already. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Cuts a file that is not open to its first `bytes`, durably. */
  truncate(name: string, bytes: number): Promise<void>;
  /** Refused with an Error that says who holds it. `holder` is what others are told. */
  lock(holder: string): Promise<StorageLock>;
}

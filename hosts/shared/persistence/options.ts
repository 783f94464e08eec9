/** What persistence is told, and what it needs of its host. */
import type { Engine } from "../engine.js";
import type { Sessions } from "../sessions.js";
import type { ImageStore } from "./image-store.js";
import type { LogGate } from "./log-gate.js";
import type { SyncPolicy } from "./log-writer.js";

export interface LogSettings {
  appendonly: boolean;
  policy: SyncPolicy;
  /** aof-load-truncated: a torn end is cut off, or else it stops the start. */
  cutsTornEnd: boolean;
}

/** How engines come about; the shared code knows no module. */
export interface Engines {
  /** A fresh, formatted engine in use, configured. */
  useFresh: () => void;
  /** Links an engine whose memory is still empty. */
  link: () => Engine;
  /** Takes over what was placed in the memory of a linked engine, uses and configures it. */
  usePlaced: (engine: Engine) => void;
}

/** Data in another form, which becomes a data set by its first image. */
export interface ForeignData {
  /** Brings it into the engine in use; false: there is none. */
  load: () => Promise<boolean>;
  /** What the place holds is replaced by it. */
  replaces: boolean;
}

export interface PersistenceOptions {
  sessions: Sessions;
  gate: LogGate;
  images: ImageStore;
  engines: Engines;
  inflate: (bytes: Uint8Array, capacityBytes: number) => Promise<Uint8Array>;
  now: () => number;
  clock: () => number;
  defer: (run: () => void) => void;
  notice: (text: string) => void;
  warning: (text: string) => void;
  /** The engine shows why writes are refused; empty: they are not. */
  tellFailure: (reason: string) => void;
  /** See LogWriterOptions. */
  quickSyncMs?: number;
  /** The position that is accepted or durable has moved. */
  onProgress?: () => void;
}

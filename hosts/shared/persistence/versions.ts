/**
 * Images of another memory layout. The directory keeps the engine that wrote an image; that engine
 * is run over its pages, and the commands it exports are given to the engine of today. So data
 * crosses layouts through its meaning, in both directions.
 *
 * What every engine ever built has in common is frozen: the exports `abiVersion`, `attach` and
 * `exportCommands`, the import `host.flush` with the stream EXPORT, one imported memory. Other
 * imports get functions that do nothing.
 */
import {
  LAYOUT_VERSION,
  MAXIMUM_WASM_PAGES,
  PAGE_BYTES,
  SessionFlag,
  Stream,
} from "../../../assembly/abi.js";
import { createMemory } from "../engine.js";
import { LocalTransport } from "../internal.js";
import { ReplyDecoder } from "../protocol/decoder.js";
import { ReplyError } from "../protocol/resp.js";
import type { Sessions } from "../sessions.js";
import type { ImageError, ImageReader } from "./image-reader.js";
import { engineFileName } from "./image-store.js";
import type { Storage } from "./storage.js";

/** What an engine needs beside its data, for tables of its own. */
const SPARE_BYTES = 32 * 1024 * 1024;
const STEPS = 64;

interface FrozenExports {
  attach(limitPages: number, seed0: number, seed1: number): number;
  exportCommands(cursor: number, steps: number): number;
}

export function isOfThisLayout(reader: ImageReader): boolean {
  return reader.header.layoutVersion === LAYOUT_VERSION;
}

/**
 * Replays an image of another layout into a fresh engine. The position and the history are the
 * caller's to set afterwards. `onPages` is told the pages placed so far, and may give the loop a
 * turn.
 */
export async function translateImage(
  reader: ImageReader,
  storage: Storage,
  sessions: Sessions,
  onPages: (pages: number) => Promise<void> | undefined = () => undefined,
): Promise<void> {
  const engine = new OtherEngine(reader, await readEngine(reader, storage));
  await engine.place(onPages);
  const replay = new Replay(sessions);
  try {
    for (let cursor = 0; ; ) {
      cursor = engine.export(cursor, (commands) => replay.feed(commands));
      if (replay.refusal !== undefined) {
        throw errorOf(reader, `a command that its engine made is refused: ${replay.refusal}`);
      }
      if (cursor === 0) break;
      await onPages(reader.pages);
    }
  } finally {
    replay.close();
  }
}

/** An error that names both layouts. */
function errorOf(reader: ImageReader, reason: string): ImageError {
  const { layoutVersion, engineHash } = reader.header;
  return reader.error(
    0,
    `it has memory layout ${layoutVersion}, written by engine ${engineHash}, and this Quire has ` +
      `layout ${LAYOUT_VERSION}; ${reason}`,
  );
}

async function readEngine(reader: ImageReader, storage: Storage): Promise<WebAssembly.Module> {
  const { engineHash } = reader.header;
  const name = engineFileName(engineHash);
  const bytes = await storage.readAll(name);
  if (bytes === undefined) throw errorOf(reader, `${name}, which could read it, is missing`);
  const digest = await crypto.subtle.digest("SHA-256", bytes.slice());
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
  if (hex.join("").slice(0, engineHash.length) !== engineHash) {
    throw errorOf(reader, `${name}, which could read it, is damaged`);
  }
  return WebAssembly.compile(bytes.slice());
}

/** The engine that wrote an image, over its pages. */
class OtherEngine {
  readonly #reader: ImageReader;
  readonly #memory: WebAssembly.Memory;
  readonly #exports: FrozenExports;
  readonly #limitPages: number;
  #exported: Uint8Array[] = [];

  constructor(reader: ImageReader, module: WebAssembly.Module) {
    this.#reader = reader;
    const needed = reader.header.endPage * PAGE_BYTES + SPARE_BYTES;
    this.#memory = createMemory(Math.min(needed, MAXIMUM_WASM_PAGES * 65536));
    this.#limitPages = Math.floor(this.#memory.buffer.byteLength / PAGE_BYTES);
    this.#exports = new WebAssembly.Instance(module, this.#imports(module))
      .exports as unknown as FrozenExports;
  }

  async place(onPages: (pages: number) => Promise<void> | undefined): Promise<void> {
    await this.#reader.place(new Uint8Array(this.#memory.buffer), onPages);
    const refusal = this.#exports.attach(this.#limitPages, 0, 0);
    if (refusal !== 0) throw errorOf(this.#reader, "its own engine does not take it");
  }

  /** Exports some more keys; answers the next cursor, 0 at the end. */
  export(cursor: number, take: (commands: Uint8Array) => void): number {
    const next = this.#exports.exportCommands(cursor, STEPS);
    for (const commands of this.#exported.splice(0)) take(commands);
    return next;
  }

  #imports(module: WebAssembly.Module): WebAssembly.Imports {
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      const group = imports[from] ?? {};
      imports[from] = group;
      group[name] = kind === "memory" ? this.#memory : () => 0;
    }
    if (imports.host !== undefined) imports.host.flush = this.#flush;
    return imports;
  }

  readonly #flush = (stream: number, _: number, address: number, bytes: number): void => {
    if (stream !== Stream.EXPORT) return;
    const view = new Uint8Array(this.#memory.buffer, address >>> 0, bytes >>> 0);
    this.#exported.push(view.slice());
  };
}

/** A session that replays commands and remembers the first error. */
export class Replay {
  refusal: string | undefined;
  readonly #sessions: Sessions;
  readonly #session: NonNullable<ReturnType<Sessions["open"]>>;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
    const decoder = new ReplyDecoder((reply) => {
      if (reply instanceof ReplyError) this.refusal ??= reply.message;
    });
    const transport = new LocalTransport(
      "replay:0",
      (bytes) => decoder.push(bytes),
      () => {},
    );
    const session = sessions.open(transport, SessionFlag.REPLAY | SessionFlag.INTERNAL);
    if (session === undefined) throw new Error("the engine refuses its host's session");
    this.#session = session;
  }

  feed(commands: Uint8Array): void {
    this.#sessions.receive(this.#session, commands);
    const { trap } = this.#sessions.engine;
    if (trap !== undefined) throw trap;
  }

  close(): void {
    this.#sessions.close(this.#session);
  }
}

/**
 * The engine module over its memory: the one place where views are made and exports are called.
 *
 * Every call goes through a guard: an exception out of the engine becomes an EngineTrap, and after
 * it the instance refuses further calls. Addresses arrive as i32 and are made unsigned here.
 */
import {
  ABI_VERSION,
  EXCHANGE,
  Exchange,
  HEAP_BASE,
  INPUT_WINDOW,
  INPUT_WINDOW_BYTES,
  MAXIMUM_WASM_PAGES,
  PAGE_BYTES,
  PAGE_MAP,
  PAGE_TABLE,
} from "../../assembly/abi.js";
import { copyBytes } from "./copy.js";
import { describeRunning, EngineTrap } from "./trap.js";

/** Less memory than this does not hold the engine and one client. */
export const SMALLEST_MEMORY_BYTES = HEAP_BASE + 5 * 1024 * 1024;

const WASM_PAGE_BYTES = 65536;
const FACT_WORDS = 64;
const PAGE_MAP_BYTES = PAGE_TABLE - PAGE_MAP;

/** The exports of the module; ARCHITECTURE.md says what each does. */
export interface EngineExports {
  abiVersion(): number;
  format(
    limitPages: number,
    databases: number,
    seed0: number,
    seed1: number,
    seed2: number,
    seed3: number,
  ): void;
  attach(limitPages: number, seed0: number, seed1: number): number;
  openSession(flags: number, addressBytes: number): number;
  closeSession(session: number): void;
  receiveAddress(session: number): number;
  execute(session: number, bytes: number, timeMs: number): number;
  resume(session: number, timeMs: number): number;
  complete(request: number, ok: number, textBytes: number, timeMs: number): number;
  tick(timeMs: number, steps: number): number;
  setEffects(on: number): void;
  takeEffects(): number;
  exportCommands(cursor: number, steps: number): number;
  setUnsent(session: number, bytes: number): void;
  markPages(): number;
  startHistory(word0: number, word1: number, word2: number, word3: number, offset: number): void;
  validate(): number;
  digest(): number;
  rowFacts(index: number): number;
}

/** Where `flush` hands bytes to; it never throws and never calls the engine. */
export type FlushSink = (stream: number, session: number, address: number, bytes: number) => void;

/** A request that a WAITING call left behind. */
export interface EngineRequest {
  readonly kind: number;
  readonly id: number;
  readonly text: string;
  readonly number: number;
}

export interface EngineOptions {
  /** Bytes of memory that the engine may use; all that the runtime gives when left out. */
  memoryBytes?: number | undefined;
  databases?: number | undefined;
  /** Four i32 words; random when left out. Tests fix them. */
  seed?: readonly [number, number, number, number] | undefined;
  /** Milliseconds for statistics only; performance.now when left out. */
  clock?: (() => number) | undefined;
}

/** Makes the exports from the imports: WebAssembly instantiation, or a stand-in in a test. */
export type Link = (imports: WebAssembly.Imports) => EngineExports;

export class Engine {
  readonly memory: WebAssembly.Memory;
  /** All of memory; replaced when the memory grows. */
  bytes: Uint8Array;
  /** The f64 words of the exchange record. */
  facts: Float64Array;
  /** The u32 words of the exchange record. */
  words: Uint32Array;
  /** Set once an engine call has thrown. */
  trap: EngineTrap | undefined;
  sink: FlushSink = () => {};
  /** Between `fork` and `join`: gets each page that is about to change, and must save it. */
  savePage: (page: number) => void = () => {};
  /** The exports in use: those of the plain build, while pages are marked of the second one. */
  #exports: EngineExports;
  readonly #plain: EngineExports;
  readonly #imports: WebAssembly.Imports;
  #guarded: EngineExports | undefined;
  readonly #encoder = new TextEncoder();

  constructor(memory: WebAssembly.Memory, link: Link, clock: () => number) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.facts = new Float64Array(memory.buffer, EXCHANGE, FACT_WORDS);
    this.words = new Uint32Array(memory.buffer, EXCHANGE, FACT_WORDS * 2);
    this.#imports = {
      env: { memory },
      host: {
        flush: (stream: number, session: number, address: number, bytes: number) =>
          this.sink(stream, session, address >>> 0, bytes >>> 0),
        clock,
        savePage: (page: number) => this.savePage(page),
      },
    };
    this.#plain = link(this.#imports);
    this.#exports = this.#plain;
    const version = this.#exports.abiVersion();
    if (version !== ABI_VERSION) {
      throw new Error(`the engine speaks ABI ${version}, this host ${ABI_VERSION}`);
    }
  }

  /** Links the module over a fresh memory, where a data set may be placed. */
  static link(module: WebAssembly.Module | Link, options: EngineOptions = {}): Engine {
    const memory = createMemory(options.memoryBytes);
    return new Engine(memory, linkOf(module), options.clock ?? (() => performance.now()));
  }

  /** Links the module over a fresh memory and formats it. */
  static create(module: WebAssembly.Module | Link, options: EngineOptions = {}): Engine {
    const engine = Engine.link(module, options);
    engine.format(options);
    return engine;
  }

  format(options: EngineOptions): void {
    const [seed0, seed1, seed2, seed3] = seedOf(options);
    const pages = this.#limitPages(options);
    const databases = options.databases ?? 16;
    this.#guard("format", () => this.#exports.format(pages, databases, seed0, seed1, seed2, seed3));
  }

  /** Takes over the data set that was placed in memory; throws when the engine cannot. */
  attach(options: EngineOptions): void {
    const [seed0, seed1] = seedOf(options);
    const pages = this.#limitPages(options);
    const refusal = this.#guard("attach", () => this.#exports.attach(pages, seed0, seed1));
    if (refusal === 1) throw new Error("the pages are no data set of this memory layout");
    if (refusal !== 0) throw new Error("the data set needs more memory than the engine was given");
  }

  #limitPages(options: EngineOptions): number {
    const limit = Math.min(options.memoryBytes ?? this.bytes.length, this.bytes.length);
    if (limit < SMALLEST_MEMORY_BYTES) {
      throw new RangeError(`the engine needs at least ${SMALLEST_MEMORY_BYTES} bytes of memory`);
    }
    return Math.floor(limit / PAGE_BYTES);
  }

  /** Links the second build over the same memory, so that `fork` can switch to it. */
  useGuarded(module: WebAssembly.Module | Link): void {
    this.#guarded ??= linkOf(module)(this.#imports);
  }

  get canFork(): boolean {
    return this.#guarded !== undefined;
  }

  /** True from `fork` to `join`. */
  get isForked(): boolean {
    return this.#exports !== this.#plain;
  }

  /** One byte a page: 1 while it is still to be saved. A view for those who save pages. */
  pageMap(): Uint8Array {
    return this.bytes.subarray(PAGE_MAP, PAGE_MAP + PAGE_MAP_BYTES);
  }

  /**
   * Marks all pages of the data set; until `join` each one passes `savePage` before it changes.
   * Answers how many there are. Only between calls, and only once at a time.
   */
  fork(savePage: (page: number) => void): number {
    const guarded = this.#guarded;
    if (guarded === undefined || this.isForked) throw new Error("the engine cannot fork now");
    const pages = this.#guard("markPages", () => this.#exports.markPages());
    this.savePage = savePage;
    this.words[Exchange.MARKING >> 2] = 1;
    this.#exports = guarded;
    return pages;
  }

  /** Ends what `fork` began; marks that are left are forgotten. */
  join(): void {
    if (!this.isForked) return;
    this.words[Exchange.MARKING >> 2] = 0;
    this.#exports = this.#plain;
    this.savePage = () => {};
    this.pageMap().fill(0);
  }

  /** The id of the history that the data set belongs to, 32 hexadecimal digits. */
  history(): string {
    let hex = "";
    for (let i = 0; i < 16; i++) {
      hex += (this.bytes[EXCHANGE + Exchange.HISTORY + i] as number).toString(16).padStart(2, "0");
    }
    return hex;
  }

  /** The data set belongs to another history from now on, a new one when none is named. */
  startHistory(history: string | undefined, offset: number): void {
    const id = new Uint8Array(16);
    if (history === undefined) crypto.getRandomValues(id);
    else for (let i = 0; i < 16; i++) id[i] = Number.parseInt(history.slice(2 * i, 2 * i + 2), 16);
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = new Int32Array(id.buffer);
    this.#guard("startHistory", () =>
      this.#exports.startHistory(word0, word1, word2, word3, offset),
    );
  }

  /** Opens a session for `peer` (its address and ours as text); 0 when the engine refuses it. */
  openSession(flags: number, peer: string, local: string): number {
    const bytes = this.#placeText(`${peer}\0${local}`);
    return this.#guard("openSession", () => this.#exports.openSession(flags, bytes));
  }

  closeSession(session: number): void {
    this.#guard("closeSession", () => this.#exports.closeSession(session));
  }

  /** Bytes of the chunk that the last `receive` took. */
  taken = 0;

  /** Hands over chunk[offset, end), as much as the session has room for, and runs it. */
  receive(
    session: number,
    chunk: Uint8Array,
    offset: number,
    timeMs: number,
    end = chunk.length,
  ): number {
    if (this.trap !== undefined) throw this.trap;
    try {
      const address = this.#exports.receiveAddress(session) >>> 0;
      const capacity = this.words[Exchange.RECEIVE_CAPACITY >> 2] as number;
      const bytes = Math.min(end - offset, capacity);
      if (bytes === 0) throw new Error("no room for received bytes");
      copyBytes(chunk, offset, this.bytes, address, bytes);
      this.taken = bytes;
      return this.#exports.execute(session, bytes, timeMs);
    } catch (cause) {
      throw this.#stop(describeRunning(this.bytes, chunk.subarray(offset, end)), cause);
    }
  }

  resume(session: number, timeMs: number): number {
    return this.#guard("resume", () => this.#exports.resume(session, timeMs));
  }

  complete(request: number, ok: boolean, text: string, timeMs: number): number {
    const bytes = this.#placeText(text);
    return this.#guard("complete", () =>
      this.#exports.complete(request, ok ? 1 : 0, bytes, timeMs),
    );
  }

  tick(timeMs: number, steps: number): boolean {
    return this.#guard("tick", () => this.#exports.tick(timeMs, steps)) !== 0;
  }

  setUnsent(session: number, bytes: number): void {
    this.#guard("setUnsent", () => this.#exports.setUnsent(session, Math.min(bytes, 0x7fffffff)));
  }

  setEffects(on: boolean): void {
    this.#guard("setEffects", () => this.#exports.setEffects(on ? 1 : 0));
  }

  /** Bytes of gathered effects, at the beginning of the effects window until the next call. */
  takeEffects(): number {
    return this.#guard("takeEffects", () => this.#exports.takeEffects());
  }

  exportCommands(cursor: number, steps: number): number {
    return this.#guard("exportCommands", () => this.#exports.exportCommands(cursor, steps));
  }

  validate(): number {
    return this.#guard("validate", () => this.#exports.validate());
  }

  digest(): number {
    return this.#guard("digest", () => this.#exports.digest());
  }

  /** The position in the stream of effects that the last call reached. */
  position(): number {
    return this.facts[Exchange.POSITION >> 3] as number;
  }

  /** Sets one f64 of the exchange record; `fact` is its byte offset. */
  setFact(fact: number, value: number): void {
    this.facts[fact >> 3] = value;
  }

  /** Sets one u32 of the exchange record; `word` is its byte offset. */
  setWord(word: number, value: number): void {
    this.words[word >> 2] = value;
  }

  word(word: number): number {
    return this.words[word >> 2] as number;
  }

  fact(fact: number): number {
    return this.facts[fact >> 3] as number;
  }

  /** Adds to one f64 of the exchange record; the engine may set it to zero in between. */
  addFact(fact: number, value: number): void {
    this.facts[fact >> 3] = (this.facts[fact >> 3] as number) + value;
  }

  /** Reads the request that a WAITING call left behind. */
  takeRequest(): EngineRequest {
    const address = this.words[Exchange.REQUEST_ADDRESS >> 2] as number;
    const bytes = this.words[Exchange.REQUEST_BYTES >> 2] as number;
    return {
      kind: this.words[Exchange.REQUEST_KIND >> 2] as number,
      id: this.words[Exchange.REQUEST_ID >> 2] as number,
      text: new TextDecoder().decode(this.bytes.slice(address, address + bytes)),
      number: this.facts[Exchange.REQUEST_NUMBER >> 3] as number,
    };
  }

  /** The words of the command that left a request whose text is an argument vector. */
  requestArguments(): Uint8Array[] {
    const vector = (this.words[Exchange.REQUEST_ADDRESS >> 2] as number) >>> 0;
    const bytes = this.words[Exchange.REQUEST_BYTES >> 2] as number;
    const view = new DataView(this.bytes.buffer, vector, bytes);
    const words: Uint8Array[] = [];
    for (let at = 0; at < bytes; at += 8) {
      const address = view.getUint32(at, true);
      words.push(this.bytes.slice(address, address + view.getUint32(at + 4, true)));
    }
    return words;
  }

  #placeText(text: string): number {
    const window = this.bytes.subarray(INPUT_WINDOW, INPUT_WINDOW + INPUT_WINDOW_BYTES);
    return this.#encoder.encodeInto(text, window).written;
  }

  #guard<Result>(name: string, run: () => Result): Result {
    if (this.trap !== undefined) throw this.trap;
    try {
      return run();
    } catch (cause) {
      throw this.#stop(name, cause);
    }
  }

  #stop(command: string, cause: unknown): EngineTrap {
    this.trap ??= new EngineTrap(command, cause);
    return this.trap;
  }
}

function seedOf({ seed }: EngineOptions): readonly [number, number, number, number] {
  if (seed !== undefined) return seed;
  const [seed0 = 0, seed1 = 0, seed2 = 0, seed3 = 0] = crypto.getRandomValues(new Int32Array(4));
  return [seed0, seed1, seed2, seed3];
}

function linkOf(module: WebAssembly.Module | Link): Link {
  return module instanceof WebAssembly.Module ? linkModule(module) : module;
}

function linkModule(module: WebAssembly.Module): Link {
  return (imports) => new WebAssembly.Instance(module, imports).exports as unknown as EngineExports;
}

/**
 * A memory of its final size; where the runtime refuses that, the largest power of two it gives.
 */
export function createMemory(memoryBytes?: number): WebAssembly.Memory {
  const smallest = SMALLEST_MEMORY_BYTES / WASM_PAGE_BYTES;
  const wanted = memoryBytes === undefined ? MAXIMUM_WASM_PAGES : memoryBytes / WASM_PAGE_BYTES;
  let pages = Math.min(Math.max(Math.ceil(wanted), smallest), MAXIMUM_WASM_PAGES);
  for (;;) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages });
    } catch (cause) {
      if (pages <= smallest) throw cause;
      pages = Math.max(pages >>> 1, smallest);
    }
  }
}

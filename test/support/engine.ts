// The engine alone, for command tests: bytes in, bytes out, a clock and a seed that the test sets.
//
// Two environment variables rerun every test that uses this file under other conditions:
//   QUIRE_TEST_FAIL_RESERVE=1  each command first runs with its 1st, 2nd, ... reserve failing; such
//                              a run must answer -OOM and leave DATA as it was, or succeed all
//                              the same
//   QUIRE_TEST_HEAP=high       the heap starts below 2 GiB and ends at the top of 65,535 wasm pages
import { readFileSync } from "node:fs";
import {
  DATA_ROOT,
  EXCHANGE,
  Exchange,
  INPUT_WINDOW,
  MAXIMUM_WASM_PAGES,
  SessionFlag,
  Status,
  Stream,
} from "../../assembly/abi";

const FAIL_RESERVE = process.env.QUIRE_TEST_FAIL_RESERVE === "1";
const HIGH_HEAP = process.env.QUIRE_TEST_HEAP === "high";
/** First record of the garbage: memory/root.ts, keyspace/garbage.ts. */
const GARBAGE_FIRST = DATA_ROOT + 0x400 + 48 + 16;
const ENDS_QUEUEING = new Set(["EXEC", "DISCARD", "RESET"]);
const HIGH_HEAP_START = 0x7ff00000;

/** Milliseconds since 1970 at which every test engine's clock starts. */
export const START_MS = 1_700_000_000_000;

const modules = new Map<string, WebAssembly.Module>();

/** The compiled module `dist/<name>`. */
export function moduleOf(name: string): WebAssembly.Module {
  let compiled = modules.get(name);
  if (!compiled) {
    const path = new URL(`../../dist/${name}`, import.meta.url);
    compiled = new WebAssembly.Module(readFileSync(path));
    modules.set(name, compiled);
  }
  return compiled;
}

export interface Exports {
  abiVersion(): number;
  format(pages: number, databases: number, a: number, b: number, c: number, d: number): void;
  attach(pages: number, seed0: number, seed1: number): number;
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
  startHistory(a: number, b: number, c: number, d: number, offset: number): void;
  validate(): number;
  digest(): number;
  rowFacts(index: number): number;
}

export interface EngineOptions {
  /** Module file in dist/. */
  module?: string;
  /** Heap in MiB; the memory is as large as that needs. */
  heapMb?: number;
  databases?: number;
  seed?: [number, number, number, number];
  memory?: WebAssembly.Memory;
  savePage?: (page: number) => void;
  /** Milliseconds that statistics see; always 0 when left out. */
  clock?: () => number;
}

/** RESP request bytes of one command. */
export function encode(args: (string | number | Uint8Array)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === "object" ? Buffer.from(arg) : Buffer.from(String(arg), "latin1");
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"));
  }
  return Buffer.concat(parts);
}

export class TestEngine {
  now = START_MS;
  readonly memory: WebAssembly.Memory;
  readonly exports: Exports;
  /** Effects rendered so far. */
  effects: Buffer[] = [];
  exported: Buffer[] = [];
  logs: string[] = [];
  /** Ids of sessions that the engine asked to close. */
  closed: number[] = [];
  /** Ids of sessions whose waiting for a key is over, in order. */
  woken: number[] = [];
  readonly replies = new Map<number, Buffer[]>();
  /** Off where a refusal has lasting effects on the connection or makes room, as it should. */
  failsReserves = FAIL_RESERVE;
  private bytes: Uint8Array;
  /** Who gets what is broadcast. */
  private audience: number[] = [];
  /** The message that the engine is handing out. */
  private message = Buffer.alloc(0);

  constructor(options: EngineOptions = {}) {
    const heapMb = options.heapMb ?? 64;
    const pages = HIGH_HEAP ? MAXIMUM_WASM_PAGES : 305 + heapMb * 16;
    this.memory = options.memory ?? new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.memory.buffer);
    const instance = new WebAssembly.Instance(moduleOf(options.module ?? "engine.wasm"), {
      env: { memory: this.memory },
      host: {
        flush: (stream: number, session: number, address: number, bytes: number) =>
          this.flush(stream, session, address >>> 0, bytes >>> 0),
        clock: options.clock ?? (() => 0),
        savePage: options.savePage ?? (() => undefined),
      },
    });
    this.exports = instance.exports as unknown as Exports;
    if (options.memory) return;
    if (HIGH_HEAP) this.view().setUint32(EXCHANGE + Exchange.HEAP_START, HIGH_HEAP_START, true);
    const seed = options.seed ?? [1, 2, 3, 4];
    this.exports.format(pages * 16, options.databases ?? 16, ...seed);
  }

  view(): DataView {
    return new DataView(this.memory.buffer);
  }

  private flush(stream: number, session: number, address: number, bytes: number): void {
    const copy = Buffer.from(this.bytes.slice(address, address + bytes));
    if (stream === Stream.MESSAGE && bytes) this.message = copy;
    if (stream === Stream.REPLY || stream === Stream.MESSAGE) {
      const list = this.replies.get(session) ?? [];
      list.push(stream === Stream.REPLY ? copy : this.message);
      this.replies.set(session, list);
    } else if (stream === Stream.AUDIENCE) {
      this.audience = [...new Uint32Array(copy.buffer, copy.byteOffset, bytes / 4)];
    } else if (stream === Stream.BROADCAST) {
      for (const each of this.audience)
        this.replies.set(each, [...(this.replies.get(each) ?? []), copy]);
    } else if (stream === Stream.EFFECTS) this.effects.push(copy);
    else if (stream === Stream.EXPORT) this.exported.push(copy);
    else if (stream === Stream.LOG) this.logs.push(copy.toString("latin1"));
    else if (stream === Stream.CLOSE) this.closed.push(session);
    else if (stream === Stream.RESUME) this.woken.push(session);
  }

  /** Opens a session; INTERNAL, REPLAY and the like by `flags`. */
  open(flags: number = SessionFlag.NONE, peer = "127.0.0.1:50000", local = "127.0.0.1:6379") {
    const text = Buffer.from(`${peer}\0${local}`, "latin1");
    this.bytes.set(text, INPUT_WINDOW);
    const id = this.exports.openSession(flags, text.length);
    if (!id) throw new Error("openSession refused");
    return new TestSession(this, id);
  }

  /** Feeds raw bytes in as many pieces as the engine wants; returns the last status. */
  feed(session: number, input: Uint8Array): number {
    let at = 0;
    let status: number = Status.CONTINUE;
    while (at < input.length && status === Status.CONTINUE) {
      const address = this.exports.receiveAddress(session) >>> 0;
      const capacity = this.view().getUint32(EXCHANGE + Exchange.RECEIVE_CAPACITY, true);
      const piece = input.subarray(at, at + capacity);
      this.bytes.set(piece, address);
      at += piece.length;
      status = this.exports.execute(session, piece.length, this.now);
    }
    return status;
  }

  takeReplies(session: number): Buffer {
    const list = this.replies.get(session) ?? [];
    this.replies.delete(session);
    return Buffer.concat(list);
  }

  /** Whether values that are gone still wait to be freed (keyspace/garbage.ts). */
  hasGarbage(): boolean {
    return this.view().getUint32(GARBAGE_FIRST, true) !== 0;
  }

  /** Runs ticks until there is nothing more to do. */
  tick(steps = 1000): void {
    let rounds = 0;
    while (this.exports.tick(this.now, steps)) if (++rounds > 100000) throw new Error("tick");
  }

  /** What a WAITING session asks of the host. */
  request(): { kind: number; id: number; text: string; number: number } {
    const view = this.view();
    const address = view.getUint32(EXCHANGE + Exchange.REQUEST_ADDRESS, true);
    const bytes = view.getUint32(EXCHANGE + Exchange.REQUEST_BYTES, true);
    return {
      kind: view.getUint32(EXCHANGE + Exchange.REQUEST_KIND, true),
      id: view.getUint32(EXCHANGE + Exchange.REQUEST_ID, true),
      text: Buffer.from(this.bytes.slice(address, address + bytes)).toString("latin1"),
      number: view.getFloat64(EXCHANGE + Exchange.REQUEST_NUMBER, true),
    };
  }

  /** Answers a request as a host does; the session's reply is among its replies. */
  complete(request: number, ok = true, text = ""): number {
    const bytes = Buffer.from(text, "latin1");
    this.bytes.set(bytes, INPUT_WINDOW);
    return this.exports.complete(request, ok ? 1 : 0, bytes.length, this.now);
  }

  /** Effects as text since the last call. */
  takeEffects(): string {
    const text = Buffer.concat(this.effects).toString("latin1");
    this.effects = [];
    return text;
  }
}

export class TestSession {
  status: number = Status.CONTINUE;
  private isQueueing = false;
  constructor(
    readonly engine: TestEngine,
    readonly id: number,
  ) {}

  /** Sends raw bytes, answers raw bytes as latin1. */
  raw(input: string | Uint8Array): string {
    const bytes = typeof input === "string" ? Buffer.from(input, "latin1") : input;
    this.status = this.engine.feed(this.id, bytes);
    return this.engine.takeReplies(this.id).toString("latin1");
  }

  /** Runs one command, answers its raw reply. "SET a b" is split at spaces; or give arguments. */
  call(...args: (string | number | Uint8Array)[]): string {
    const words = args.length === 1 && typeof args[0] === "string" ? args[0].split(" ") : args;
    const request = encode(words);
    const isFailing = this.engine.failsReserves && !this.isQueueing && !this.engine.hasGarbage();
    const reply = isFailing ? this.callFailing(request) : this.raw(request);
    const name = String(words[0]).toUpperCase();
    if (name === "MULTI") this.isQueueing = true;
    else if (ENDS_QUEUEING.has(name)) this.isQueueing = false;
    return reply;
  }

  /** Runs one command and decodes its reply; an error comes back as an Error. */
  ask(...args: (string | number | Uint8Array)[]): unknown {
    return decode(this.call(...args));
  }

  private callFailing(request: Buffer): string {
    const word = EXCHANGE + Exchange.FAIL_RESERVE;
    for (let n = 1; n < 64; n++) {
      const before = this.engine.exports.digest();
      this.engine.view().setUint32(word, n, true);
      const reply = this.raw(request);
      const left = this.engine.view().getUint32(word, true);
      this.engine.view().setUint32(word, 0, true);
      if (left > 0 || !reply.startsWith("-OOM")) return reply;
      if (this.engine.exports.digest() !== before) {
        throw new Error(`OOM at reserve ${n} changed data: ${request.toString("latin1")}`);
      }
    }
    throw new Error("a command reserved more than 64 times");
  }

  close(): void {
    this.engine.exports.closeSession(this.id);
  }
}

/** Decodes one RESP2 or RESP3 reply (or several: an array of them when `all`). */
export function decode(text: string): unknown {
  const state = { at: 0 };
  const value = decodeAt(text, state);
  if (state.at !== text.length) throw new Error(`more than one reply: ${JSON.stringify(text)}`);
  return value;
}

/** Decodes every reply in the text. */
export function decodeAll(text: string): unknown[] {
  const state = { at: 0 };
  const values: unknown[] = [];
  while (state.at < text.length) values.push(decodeAt(text, state));
  return values;
}

function decodeAt(text: string, state: { at: number }): unknown {
  const end = text.indexOf("\r\n", state.at);
  if (end < 0) throw new Error(`cut off reply: ${JSON.stringify(text.slice(state.at))}`);
  const mark = text[state.at];
  const line = text.slice(state.at + 1, end);
  state.at = end + 2;
  const items = (count: number) => Array.from({ length: count }, () => decodeAt(text, state));
  switch (mark) {
    case "+":
      return line;
    case "-":
      return new Error(line);
    case ":":
      return Number.isSafeInteger(Number(line)) ? Number(line) : BigInt(line);
    case ",":
      return Number(line.replace("inf", "Infinity"));
    case "(":
      return BigInt(line);
    case "#":
      return line === "t";
    case "_":
      return null;
    case "$":
    case "=": {
      if (line === "-1") return null;
      const body = text.slice(state.at, state.at + Number(line));
      state.at += Number(line) + 2;
      return mark === "=" ? body.slice(4) : body;
    }
    case "*":
    case "~":
    case ">":
      return line === "-1" ? null : items(Number(line));
    case "%": {
      const flat = items(Number(line) * 2);
      const map = new Map<unknown, unknown>();
      for (let i = 0; i < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
      return map;
    }
    default:
      throw new Error(`unknown reply: ${JSON.stringify(mark + line)}`);
  }
}

/**
 * The sessions of an engine: bytes in, an engine call for each chunk (of up to 4 KiB), replies out
 * in order.
 *
 * A session that WAITS keeps its further input (bounded: then its transport is paused) until its
 * request has been answered, or the engine has woken it. A client that does not read is not read
 * from either, so it costs bounded memory. An EngineTrap ends everything: nothing of that call
 * leaves.
 */
import { Exchange, Request, Status } from "../../assembly/abi.js";
import { Deadlines } from "./deadlines.js";
import type { Engine, EngineRequest } from "./engine.js";
import { type Gate, OPEN_GATE } from "./gate.js";
import { limitOf, type OutputLimits, passesSoftLimit } from "./limits.js";
import { Outlet } from "./outlet.js";
import { Session, UNSENT_HIGH_BYTES } from "./session.js";
import type { Transport } from "./transport.js";
import { EngineTrap } from "./trap.js";

/**
 * A chunk is run in pieces of this size, so that a short request for much output is noticed before
 * the next one runs; in small pieces while the client is behind with reading.
 */
const PIECE_BYTES = 4096;
const SLOW_PIECE_BYTES = 256;
/** Sessions answered at a time when their waiting is over. */
const EXPIRE_STEPS = 64;
/** A little that waits for the log is gone before anybody could ask for it. */
const HELD_UNTOLD_BYTES = 64 * 1024;

export interface Answer {
  ok: boolean;
  /** An error text when not ok, or what the request wants back. */
  text?: string;
}

export interface SessionsOptions {
  now: () => number;
  /** Runs a function at the end of the loop's turn. */
  defer: (run: () => void) => void;
  /** Runs a function after so many milliseconds; answers how to prevent it. */
  later: (run: () => void, delayMs: number) => () => void;
  /** The engine has stopped; all sessions are closed already. */
  onTrap: (trap: EngineTrap) => void;
  allocate?: (bytes: number) => Uint8Array;
  gate?: Gate;
  onRequest?: (request: EngineRequest) => Answer | Promise<Answer>;
  onLog?: (level: number, text: string) => void;
  /** Effects are source[address, address + bytes), valid during the call. */
  onEffects?: (source: Uint8Array, address: number, bytes: number) => void;
  onExport?: (bytes: Uint8Array) => void;
  /** A call has changed parameters or users; no other call of a client comes before. */
  onSettingsChanged?: () => void;
}

export class Sessions {
  engine: Engine;
  /** How many want that nothing runs, ticks included: DEBUG SLEEP, MIGRATE, a full storage. */
  #freezes = 0;
  inputBytes = 0;
  readonly #options: SessionsOptions;
  readonly #outlet: Outlet;
  readonly #open = new Map<number, Session>();
  /** Its transaction waits for an answer, and nothing else may run until then. */
  #alone: Session | undefined;
  readonly #deadlines: Deadlines;
  /** Sessions that wait no longer and are to be resumed. */
  readonly #woken: number[] = [];
  #resuming = false;
  /** The engine's counter of changes of its configuration, as it was last looked at. */
  #seenChanges = 0;
  #failed = false;

  constructor(engine: Engine, options: SessionsOptions) {
    this.engine = engine;
    this.#options = options;
    this.#outlet = new Outlet(engine, {
      gate: options.gate ?? OPEN_GATE,
      allocate: options.allocate ?? ((bytes) => new Uint8Array(bytes)),
      find: (id) => this.#open.get(id),
      scheduleTurn: () => options.defer(() => this.#protect(() => this.#outlet.endTurn())),
      sent: (session) => this.#afterOutput(session),
      woken: (id) => this.#woken.push(id),
      released: (session) => this.#goOn(session),
      onLog: options.onLog ?? (() => {}),
      onEffects: options.onEffects ?? (() => {}),
      onExport: options.onExport ?? (() => {}),
    });
    this.#deadlines = new Deadlines(engine, {
      now: options.now,
      later: options.later,
      expire: () => this.#expire(),
    });
  }

  /** How much output may wait for a client that does not read. */
  set limits(limits: OutputLimits) {
    this.#outlet.limits = limits;
  }

  /** Ends connections that have been above the soft limit for too long. */
  enforceSoftLimit(nowMs: number): void {
    for (const session of [...this.#open.values()]) {
      const limit = limitOf(this.#outlet.limits, session);
      if (passesSoftLimit(limit, session, nowMs)) session.transport.destroy();
    }
  }

  /** While true no command runs and no tick; input is kept. */
  get frozen(): boolean {
    return this.#freezes > 0;
  }

  /** Goes on with another engine; the sessions of the one before are closed. */
  useEngine(engine: Engine): void {
    if (this.engine.trap === undefined) this.closeAll();
    this.#deadlines.stop();
    this.#woken.length = 0;
    engine.setWord(Exchange.LOADING, this.engine.word(Exchange.LOADING));
    this.engine = engine;
    this.#outlet.useEngine(engine);
    this.#deadlines.useEngine(engine);
    this.#failed = false;
  }

  /** Stops everything, until as many calls of `unfreeze` and one of `thaw`. */
  freeze(): void {
    this.#freezes++;
  }

  unfreeze(): void {
    this.#freezes--;
  }

  /** For the host's own commands, which run all the same. */
  asUnfrozen(run: () => void): void {
    const freezes = this.#freezes;
    this.#freezes = 0;
    try {
      run();
    } finally {
      this.#freezes = freezes;
    }
  }

  /** Runs what was kept, unless somebody else still wants it frozen. */
  thaw(): void {
    if (!this.frozen) this.#runKept();
  }

  get count(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): IterableIterator<Session> {
    return this.#open.values();
  }

  /** Opens a session over a transport; undefined when the engine refuses it. */
  open(transport: Transport, flags: number): Session | undefined {
    return this.#protect(() => {
      const id = this.engine.openSession(flags, transport.peerAddress, transport.localAddress);
      if (id === 0) return undefined;
      const session = new Session(id, transport, flags, this.#options.now());
      this.#open.set(id, session);
      return session;
    });
  }

  /** Bytes have come in, the first ones of `chunk`; they are read before this returns. */
  receive(session: Session, chunk: Uint8Array, bytes = chunk.length): void {
    if (session.closed || session.closing || bytes === 0) return;
    const nowMs = this.#options.now();
    session.lastActiveMs = nowMs;
    this.inputBytes += bytes;
    if (session.counts) {
      this.engine.addFact(Exchange.INPUT_BYTES, bytes);
      this.engine.addFact(Exchange.READS, 1);
    }
    if (session.waiting || this.frozen || session.keptBytes > 0) {
      session.keep(chunk.subarray(0, bytes));
      session.adjustFlow();
      return;
    }
    try {
      this.#advance(session, this.#feed(session, chunk, bytes, nowMs));
      this.#afterCalls();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** The transport is gone. */
  transportClosed(session: Session): void {
    if (session === this.#alone) session.closing = true;
    else this.#protect(() => this.#forget(session));
  }

  /** Output has left: the engine learns it, and reading goes on. */
  drained(session: Session): void {
    if (session.closed) return;
    session.lastActiveMs = this.#options.now();
    this.#protect(() => this.#goOn(session));
  }

  #goOn(session: Session): void {
    this.#tellUnsent(session);
    if (session.closing) this.#close(session);
    else if (session.keptBytes > 0 && !session.waiting) this.#advance(session, Status.CONTINUE);
    else session.adjustFlow();
  }

  /** Closes a session after the output it has so far. */
  close(session: Session): void {
    this.#protect(() => this.#close(session));
  }

  closeAll(): void {
    for (const session of [...this.#open.values()]) this.close(session);
  }

  /** Runs a call of the engine that belongs to no session, such as a tick. */
  run<Result>(call: (engine: Engine) => Result): Result | undefined {
    return this.#protect(() => {
      const result = call(this.engine);
      this.#outlet.settle();
      return result;
    });
  }

  /** The log has advanced: output whose position it has reached leaves. */
  release(): void {
    this.#protect(() => {
      this.#outlet.release();
      this.#afterCalls();
    });
  }

  /** What waits for the log will never be in it: those clients get an error and are closed. */
  refuseHeld(error: string): void {
    const text = new TextEncoder().encode(`-${error}\r\n`);
    this.#protect(() => {
      for (const session of this.#outlet.dropHeld()) {
        session.transport.write(text);
        this.#close(session);
      }
    });
  }

  #feed(session: Session, chunk: Uint8Array, bytes: number, nowMs: number): number {
    this.#outlet.begin(session);
    let offset = 0;
    let status: number = Status.CONTINUE;
    while (offset < bytes && status === Status.CONTINUE && !session.closing && !this.frozen) {
      const unsent = session.unsentBytes;
      if (unsent > UNSENT_HIGH_BYTES) break;
      const isBehind = session.transport.unsentBytes > 0;
      const end = Math.min(bytes, offset + (isBehind ? SLOW_PIECE_BYTES : PIECE_BYTES));
      status = this.engine.receive(session.id, chunk, offset, nowMs, end);
      offset += this.engine.taken;
      if (this.#mustTellSettings(session)) break;
    }
    if (offset < bytes) session.putBack(chunk.subarray(offset, bytes));
    this.#endCall(session, status);
    return status;
  }

  #endCall(session: Session, status: number): void {
    this.#outlet.end(session);
    this.#tellUnsent(session);
    // A request lies in the exchange record until it is taken.
    if (status !== Status.WAITING) this.#tellSettings(session);
  }

  /** What the host's own sessions set it knows. */
  #mustTellSettings(session: Session): boolean {
    const changes = this.engine.word(Exchange.CONFIGURATION_CHANGES);
    return changes !== this.#seenChanges && session.isGated;
  }

  /** Within a transaction nothing else runs: what it sets is told after it. */
  #tellSettings(session: Session): void {
    if (!this.#mustTellSettings(session)) return;
    if (this.engine.word(Exchange.REQUEST_ALONE) !== 0) return;
    this.#seenChanges = this.engine.word(Exchange.CONFIGURATION_CHANGES);
    const before = this.#resuming;
    this.#resuming = true;
    this.asUnfrozen(() => this.#options.onSettingsChanged?.());
    this.#resuming = before;
  }

  /** Goes on after a call of the session: closes, asks the host, or feeds kept input. */
  #advance(session: Session, first: number): void {
    let status = first;
    while (!session.closed) {
      if (session.closing || status === Status.CLOSE) {
        this.#close(session);
        return;
      }
      session.waiting = status === Status.WAITING;
      const next = session.waiting ? this.#ask(session) : this.#feedKept(session);
      if (next === undefined) break;
      status = next;
    }
    session.adjustFlow();
  }

  #feedKept(session: Session): number | undefined {
    if (this.frozen || session.unsentBytes > UNSENT_HIGH_BYTES) return undefined;
    const chunk = session.takeKept();
    return chunk && this.#feed(session, chunk, chunk.length, this.#options.now());
  }

  /** Passes on the request of a waiting session; the status after it, when answered at once. */
  #ask(session: Session): number | undefined {
    const request = this.engine.takeRequest();
    if (request.kind === Request.NONE) {
      this.#tellSettings(session);
      return undefined;
    }
    if (request.kind === Request.SLEEP) {
      this.#tellSettings(session);
      this.freeze();
      this.#options.later(() => this.#wake(session, request), request.number);
      return undefined;
    }
    const answer = this.#options.onRequest?.(request) ?? {
      ok: false,
      text: "ERR not available here",
    };
    if (!(answer instanceof Promise)) return this.#complete(session, request, answer);
    this.#tellSettings(session);
    if (this.engine.words[Exchange.REQUEST_ALONE >> 2] !== 0) {
      this.#alone = session;
      this.freeze();
    }
    answer
      .catch((cause: unknown) => ({ ok: false, text: `ERR ${String(cause)}` }))
      .then((late) => this.#answerLate(session, request, late));
    return undefined;
  }

  #answerLate(session: Session, request: EngineRequest, answer: Answer): void {
    if (session.closed) return;
    const wasAlone = this.#alone !== undefined;
    if (wasAlone) this.unfreeze();
    this.#alone = undefined;
    this.#protect(() => this.#advance(session, this.#complete(session, request, answer)));
    if (!wasAlone) return;
    // What waited for the end of a transaction's block goes into the log at the end of this turn.
    this.#options.onEffects?.(this.engine.bytes, 0, 0);
    this.thaw();
  }

  #complete(session: Session, request: EngineRequest, answer: Answer): number {
    this.#outlet.begin(session);
    const nowMs = this.#options.now();
    let status = this.engine.complete(request.id, answer.ok, answer.text ?? "", nowMs);
    if (status === Status.CONTINUE && !session.closing) {
      session.waiting = false;
      status = this.engine.resume(session.id, nowMs);
    }
    this.#endCall(session, status);
    return status;
  }

  /** What the calls so far have left: sessions that were woken go on, the next deadline is set. */
  #afterCalls(): void {
    if (this.frozen || this.#resuming) return;
    this.#resuming = true;
    try {
      for (let id = this.#woken.shift(); id !== undefined; id = this.#woken.shift()) {
        const session = this.#open.get(id);
        if (session !== undefined) this.#advance(session, this.#resume(session));
        if (this.frozen) return;
      }
    } finally {
      this.#resuming = false;
    }
    this.#deadlines.follow();
  }

  #resume(session: Session): number {
    const nowMs = this.#options.now();
    session.waiting = false;
    session.lastActiveMs = nowMs;
    this.#outlet.begin(session);
    const status = this.engine.resume(session.id, nowMs);
    this.#endCall(session, status);
    return status;
  }

  /** The time of sessions that wait is up. */
  #expire(): void {
    if (this.frozen || this.#failed) return;
    this.run((engine) => engine.tick(this.#options.now(), EXPIRE_STEPS));
  }

  #wake(session: Session, request: EngineRequest): void {
    this.unfreeze();
    this.#answerLate(session, request, { ok: true });
    this.thaw();
  }

  #runKept(): void {
    for (const other of [...this.#open.values()]) {
      if (other.waiting || other.keptBytes === 0) continue;
      this.#protect(() => this.#advance(other, Status.CONTINUE));
    }
    this.#protect(() => this.#afterCalls());
  }

  #afterOutput(session: Session): void {
    if (session.closed) return;
    if (session.closing) {
      this.#close(session);
      return;
    }
    this.#tellUnsent(session);
    session.adjustFlow();
  }

  #tellUnsent(session: Session): void {
    const held = session.queue.bytes > HELD_UNTOLD_BYTES ? session.queue.bytes : 0;
    const unsent = session.transport.unsentBytes + session.gatheredBytes + held;
    if (unsent === session.toldUnsentBytes || session.closed) return;
    session.toldUnsentBytes = unsent;
    this.engine.setUnsent(session.id, unsent);
  }

  #close(session: Session): void {
    if (session.closed) return;
    this.#outlet.gatherAll(session);
    session.closing = true;
    if (session.queue.bytes > 0) return;
    this.#outlet.sendGathered(session);
    this.#forget(session);
    session.transport.close();
  }

  #forget(session: Session): void {
    if (session.closed) return;
    session.closed = true;
    this.#outlet.forget(session);
    this.#open.delete(session.id);
    this.engine.closeSession(session.id);
    this.#deadlines.follow();
  }

  #protect<Result>(run: () => Result): Result | undefined {
    try {
      const result = run();
      this.#afterCalls();
      return result;
    } catch (cause) {
      this.#fail(cause);
      return undefined;
    }
  }

  /** A trap: nothing of the call leaves, every connection is closed. Other errors are ours. */
  #fail(cause: unknown): void {
    if (!(cause instanceof EngineTrap)) throw cause;
    this.#outlet.drop();
    this.#deadlines.stop();
    const sessions = [...this.#open.values()];
    this.#open.clear();
    for (const session of sessions) {
      session.closed = true;
      session.transport.close();
    }
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onTrap(cause);
  }
}

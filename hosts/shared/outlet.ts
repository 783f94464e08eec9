/**
 * Where the engine's output goes: routes `flush` by stream, gathers replies and sends them.
 *
 * Replies of the session whose call runs are gathered in one buffer and written once per call.
 * Replies for other sessions are gathered per session and written once per turn of the loop. Output
 * whose position the gate does not let pass is held until the log has reached it.
 */
import { Exchange, Stream } from "../../assembly/abi.js";
import { Broadcast } from "./broadcast.js";
import type { Engine } from "./engine.js";
import type { Gate } from "./gate.js";
import { limitOf, NO_LIMITS, type OutputLimits, passesHardLimit } from "./limits.js";
import { OutputSlab } from "./output.js";
import type { Session } from "./session.js";
import type { Transport } from "./transport.js";

export interface OutletOptions {
  gate: Gate;
  allocate: (bytes: number) => Uint8Array;
  find: (session: number) => Session | undefined;
  /** Runs `endTurn` later, once, at the end of the loop's turn. */
  scheduleTurn: () => void;
  /** A session other than the calling one has had its output sent. */
  sent: (session: Session) => void;
  /** A session waits no longer; it may be resumed once the running call is over. */
  woken: (session: number) => void;
  /** Some or all of the output that a session had waiting for the log has been sent. */
  released: (session: Session) => void;
  onLog: (level: number, text: string) => void;
  /** Effects are source[address, address + bytes), valid during the call. */
  onEffects: (source: Uint8Array, address: number, bytes: number) => void;
  onExport: (bytes: Uint8Array) => void;
}

export class Outlet {
  limits: OutputLimits = NO_LIMITS;
  #engine: Engine;
  readonly #options: OutletOptions;
  readonly #slab: OutputSlab;
  readonly #touched = new Set<Session>();
  #heldSessions: Session[] = [];
  #current: Session | undefined;
  #turnScheduled = false;
  readonly #broadcast = new Broadcast((session, bytes) => this.#deliver(session, bytes));
  /** The message that the engine is handing to one session after another. */
  #message = new Uint8Array(0);

  constructor(engine: Engine, options: OutletOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#slab = new OutputSlab(options.allocate);
    this.useEngine(engine);
  }

  useEngine(engine: Engine): void {
    this.#engine.sink = () => {};
    this.#engine = engine;
    engine.sink = (stream, session, address, bytes) => this.#flush(stream, session, address, bytes);
  }

  /** A call of this session starts: what it has waiting goes first. */
  begin(session: Session): void {
    this.gatherAll(session);
    if (session.gatheredBytes > 0) this.sendGathered(session);
    this.#current = session;
  }

  /** The call is over: its output leaves, now or when the log has reached its position. */
  end(session: Session): void {
    this.#current = undefined;
    const position = this.#engine.position();
    if (!this.#mustWait(session, position)) {
      this.sendGathered(session);
      this.#sendSlab(session);
    } else {
      this.#hold(session, position);
      if (!this.#slab.isEmpty) this.#holdPart(session, position, this.#slab.take());
    }
    this.settle();
  }

  /** After a call: output for other sessions that has to wait gets the position it reached. */
  settle(): void {
    const position = this.#engine.position();
    if (!this.#options.gate.passes(position)) this.#broadcast.settle();
    if (this.#touched.size === 0) return;
    for (const session of this.#touched) {
      if (!this.#mustWait(session, position)) continue;
      this.#touched.delete(session);
      this.#hold(session, position);
      this.#options.sent(session);
    }
  }

  /** The log has advanced: sends what may leave now. */
  release(): void {
    if (this.#heldSessions.length === 0) return;
    const sessions = this.#heldSessions;
    this.#heldSessions = [];
    let transport: Transport;
    const send = (bytes: Uint8Array) => this.#slab.giveBack(bytes, transport.write(bytes));
    for (const session of sessions) {
      if (session.closed) continue;
      transport = session.transport;
      this.#countWrite(session);
      session.queue.release(this.#options.gate, send);
      if (session.queue.bytes > 0) this.#heldSessions.push(session);
      this.#options.released(session);
    }
  }

  /** Sessions with output that waits for the log; it is forgotten. */
  dropHeld(): Session[] {
    const sessions = this.#heldSessions.splice(0).filter((session) => !session.closed);
    for (const session of sessions) this.forget(session);
    return sessions;
  }

  /** The output that a session has waiting for the log is not sent any more. */
  forget(session: Session): void {
    session.queue.drop((bytes) => this.#slab.giveBack(bytes, true));
  }

  #mustWait(session: Session, position: number): boolean {
    if (!session.isGated) return false;
    return session.queue.bytes > 0 || !this.#options.gate.passes(position);
  }

  #hold(session: Session, position: number): void {
    if (session.gatheredBytes === 0) return;
    for (const part of session.takeParts()) this.#holdPart(session, position, part);
  }

  #holdPart(session: Session, position: number, part: Uint8Array): void {
    if (session.queue.bytes === 0) this.#heldSessions.push(session);
    session.queue.hold(position, part);
  }

  endTurn(): void {
    this.#broadcast.settle();
    this.#turnScheduled = false;
    for (const session of this.#takeTouched()) {
      if (session.closed) continue;
      this.sendGathered(session);
      this.#options.sent(session);
    }
  }

  /** All that the session was told is in its output. */
  gatherAll(session: Session): void {
    if (session.isSubscriber) this.#broadcast.settle();
  }

  sendGathered(session: Session): void {
    if (session.gatheredBytes === 0) return;
    this.#countWrite(session);
    session.transport.write(session.takeGathered());
  }

  #sendSlab(session: Session): void {
    if (this.#slab.send(session.transport) > 0) this.#countWrite(session);
  }

  #countWrite(session: Session): void {
    if (session.counts) this.#engine.addFact(Exchange.WRITES, 1);
  }

  /** Forgets all output of the running call. */
  drop(): void {
    this.#current = undefined;
    this.#slab.drop();
    this.#broadcast.drop();
    this.#touched.clear();
    this.dropHeld();
  }

  #takeTouched(): Session[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  #flush(stream: number, id: number, address: number, bytes: number): void {
    switch (stream) {
      case Stream.REPLY:
        this.#reply(id, address, bytes);
        break;
      case Stream.MESSAGE:
        if (bytes > 0) this.#message = this.#engine.bytes.slice(address, address + bytes);
        this.#tell(id);
        break;
      case Stream.AUDIENCE:
        this.#broadcast.address(this.#sessionsAt(address, bytes));
        break;
      case Stream.BROADCAST:
        this.#engine.addFact(Exchange.OUTPUT_BYTES, bytes * this.#broadcast.listeners);
        this.#broadcast.add(this.#engine.bytes, address, bytes);
        this.#planTurn();
        break;
      case Stream.SUBSCRIBER:
        this.#setSubscriber(id, address !== 0);
        break;
      case Stream.CLOSE:
        this.#requestClose(id);
        break;
      case Stream.RESUME:
        this.#options.woken(id);
        break;
      case Stream.LOG:
        this.#options.onLog(id, this.#text(address, bytes));
        break;
      case Stream.EFFECTS:
        this.#options.onEffects(this.#engine.bytes, address, bytes);
        break;
      case Stream.EXPORT:
        this.#options.onExport(this.#engine.bytes.subarray(address, address + bytes));
        break;
    }
  }

  #text(address: number, bytes: number): string {
    return new TextDecoder().decode(this.#engine.bytes.slice(address, address + bytes));
  }

  #reply(id: number, address: number, bytes: number): void {
    const current = this.#current;
    const isCurrent = current !== undefined && current.id === id;
    const session = isCurrent ? current : this.#options.find(id);
    if (session === undefined || session.givenUp) return;
    if (session.counts) this.#engine.addFact(Exchange.OUTPUT_BYTES, bytes);
    if (passesHardLimit(limitOf(this.limits, session), session.unsentBytes)) {
      this.#giveUp(session);
    } else if (isCurrent) {
      this.#slab.append(this.#engine.bytes, address, bytes, () => this.#spill(session));
    } else {
      this.gatherAll(session);
      session.gather(this.#engine.bytes.slice(address, address + bytes));
      this.#touch(session);
    }
  }

  /** The message for one session; many sessions share its bytes. */
  #tell(id: number): void {
    const session = this.#find(id);
    if (session === undefined) return;
    this.gatherAll(session);
    if (session.counts) this.#engine.addFact(Exchange.OUTPUT_BYTES, this.#message.length);
    this.#deliver(session, this.#message);
  }

  #sessionsAt(address: number, bytes: number): Session[] {
    const ids = new Uint32Array(this.#engine.bytes.buffer, address, bytes >> 2);
    const sessions: Session[] = [];
    for (const id of ids) {
      const session = this.#options.find(id);
      if (session !== undefined) sessions.push(session);
    }
    return sessions;
  }

  /**
   * A message; for the session whose call runs it is what a client woken in it, or the end of the
   * call, has caused, and follows the replies so far.
   */
  #deliver(session: Session, message: Uint8Array): void {
    if (session.givenUp) return;
    if (passesHardLimit(limitOf(this.limits, session), session.unsentBytes + message.length)) {
      this.#giveUp(session);
    } else if (session === this.#current) {
      this.#slab.append(message, 0, message.length, () => this.#spill(session));
    } else {
      session.gather(message);
      this.#touch(session);
    }
  }

  #setSubscriber(id: number, isSubscriber: boolean): void {
    const session = this.#find(id);
    if (session !== undefined) session.isSubscriber = isSubscriber;
  }

  #find(id: number): Session | undefined {
    return this.#current?.id === id ? this.#current : this.#options.find(id);
  }

  /** The buffer is full in the middle of a call; nobody knows yet which position that reaches. */
  #spill(session: Session): void {
    if (this.#options.gate.open || !session.isGated) this.#sendSlab(session);
    else session.gather(this.#slab.take());
  }

  #requestClose(id: number): void {
    const session = this.#find(id);
    if (session === undefined) return;
    this.gatherAll(session);
    session.closing = true;
    if (session !== this.#current) this.#touch(session);
  }

  /** More unsent output than the host is willing to hold: the connection ends. */
  #giveUp(session: Session): void {
    session.givenUp = true;
    session.closing = true;
    if (session === this.#current) this.#slab.drop();
    else this.#touch(session);
    session.transport.destroy();
  }

  #touch(session: Session): void {
    this.#touched.add(session);
    this.#planTurn();
  }

  #planTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.#options.scheduleTurn();
  }
}

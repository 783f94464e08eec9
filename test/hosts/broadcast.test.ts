/**
 * What many sessions are told at once, against a plain model: whoever subscribes, leaves, changes
 * the protocol, asks or is closed in between, each session gets the bytes that it would get if
 * messages were handed out one by one.
 */
import { describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi.js";
import { Engine } from "../../hosts/shared/engine.js";
import { LocalTransport } from "../../hosts/shared/internal.js";
import { LogGate } from "../../hosts/shared/persistence/log-gate.js";
import { encodeRequest } from "../../hosts/shared/protocol/resp.js";
import type { Session } from "../../hosts/shared/session.js";
import { Sessions } from "../../hosts/shared/sessions.js";
import { moduleOf } from "../support/engine.js";
import { Random } from "../support/random.js";

const CHANNELS = ["a", "b"];
const SCALE = Number(process.env.QUIRE_SCALE ?? 1);

function message(mark: string, channel: string, text: string): string {
  const parts = ["message", channel, text].map((part) => `$${part.length}\r\n${part}\r\n`);
  return `${mark}3\r\n${parts.join("")}`;
}

class Listener {
  received = "";
  expected = "";
  protocol = 3;
  isOpen = true;
  readonly channels = new Set<string>();
  readonly session: Session;

  constructor(readonly sessions: Sessions) {
    const transport = new LocalTransport(
      "client",
      (bytes) => {
        this.received += Buffer.from(bytes).toString("latin1");
      },
      () => {
        this.isOpen = false;
      },
    );
    const session = sessions.open(transport, SessionFlag.NONE);
    if (session === undefined) throw new Error("refused");
    this.session = session;
    this.send("HELLO", "3");
    this.received = "";
  }

  get mark(): string {
    return this.protocol === 3 ? ">" : "*";
  }

  send(...words: string[]): void {
    this.sessions.receive(this.session, encodeRequest(words));
  }

  hear(channel: string, text: string): void {
    if (!this.isOpen || !this.channels.has(channel)) return;
    this.expected += message(this.mark, channel, text);
  }
}

class Room {
  readonly turns: (() => void)[] = [];
  readonly gate = new LogGate();
  readonly sessions: Sessions;
  readonly engine: Engine;
  readonly listeners: Listener[] = [];

  constructor() {
    this.engine = Engine.create(moduleOf("engine.wasm"), {
      memoryBytes: 64 * 1024 * 1024,
      seed: [1, 2, 3, 4],
    });
    this.sessions = new Sessions(this.engine, {
      now: () => 1_700_000_000_000,
      defer: (run) => void this.turns.push(run),
      later: () => () => {},
      gate: this.gate,
      onTrap: (trap) => {
        throw trap;
      },
    });
  }

  endTurn(): void {
    while (this.turns.length > 0) for (const turn of this.turns.splice(0)) turn();
  }

  /** One random step of one listener, and what it should hear of it. */
  step(random: Random): void {
    const each = random.of(this.listeners);
    if (!each.isOpen) return;
    const channel = random.of(CHANNELS);
    switch (random.below(each.protocol === 3 ? 7 : 3)) {
      case 0: {
        each.send("SUBSCRIBE", channel);
        each.channels.add(channel);
        const count = each.channels.size;
        each.expected += `${each.mark}3\r\n$9\r\nsubscribe\r\n$1\r\n${channel}\r\n:${count}\r\n`;
        break;
      }
      case 1: {
        each.send("UNSUBSCRIBE", channel);
        each.channels.delete(channel);
        const count = each.channels.size;
        each.expected += `${each.mark}3\r\n$11\r\nunsubscribe\r\n$1\r\n${channel}\r\n:${count}\r\n`;
        break;
      }
      case 2:
        if (each.protocol === 2) {
          each.send("PING", "x");
          each.expected +=
            each.channels.size > 0 ? "*2\r\n$4\r\npong\r\n$1\r\nx\r\n" : "$1\r\nx\r\n";
        } else if (random.below(10) === 0) {
          each.send("HELLO", "2");
          this.endTurn();
          // Its reply tells the session's number and more: all before it was checked already.
          const begins = each.received.lastIndexOf("*14\r\n");
          expect(each.received.slice(0, begins)).toBe(each.expected);
          each.expected = each.received;
          each.protocol = 2;
        }
        break;
      case 3:
        each.send("ECHO", "text");
        each.expected += "$4\r\ntext\r\n";
        break;
      default: {
        const text = `m${random.below(1000)}`;
        const receivers = this.listeners.filter((one) => one.isOpen && one.channels.has(channel));
        each.send("PUBLISH", channel, text);
        each.expected += `:${receivers.length}\r\n`;
        for (const one of this.listeners) one.hear(channel, text);
      }
    }
  }
}

describe("messages for many", () => {
  it("reach each session in the order of everything else it gets", () => {
    for (let seed = 1; seed <= 40 * SCALE; seed++) {
      const random = new Random(seed);
      const room = new Room();
      for (let n = 0; n < 9; n++) room.listeners.push(new Listener(room.sessions));
      for (let step = 0; step < 300; step++) {
        room.step(random);
        if (random.below(12) === 0) room.endTurn();
        if (random.below(60) === 0) {
          const gone = random.of(room.listeners);
          gone.sessions.close(gone.session);
          expect(gone.received, `seed ${seed}`).toBe(gone.expected);
        }
      }
      room.endTurn();
      for (const each of room.listeners) expect(each.received, `seed ${seed}`).toBe(each.expected);
      expect(room.engine.validate()).toBe(0);
    }
  });

  function listening(count: number): Room {
    const room = new Room();
    for (let n = 0; n < count; n++) room.listeners.push(new Listener(room.sessions));
    for (const each of room.listeners) each.send("SUBSCRIBE", "a");
    room.endTurn();
    for (const each of room.listeners) each.received = "";
    return room;
  }

  it("wait for the log like everything else of the call that made them", () => {
    const room = listening(6);
    room.gate.open = false;
    room.gate.reached = room.engine.position();
    room.engine.setEffects(true);
    const writer = new Listener(room.sessions);
    writer.send("PUBLISH", "a", "before");
    room.endTurn();
    writer.sessions.receive(
      writer.session,
      Buffer.concat([encodeRequest(["SET", "k", "v"]), encodeRequest(["PUBLISH", "a", "after"])]),
    );
    room.endTurn();
    const first = message(">", "a", "before");
    for (const each of room.listeners) expect(each.received).toBe(first);
    writer.send("PUBLISH", "a", "later");
    room.endTurn();
    for (const each of room.listeners) expect(each.received).toBe(first);
    room.gate.reached = room.engine.position();
    room.sessions.release();
    for (const each of room.listeners) {
      expect(each.received).toBe(first + message(">", "a", "after") + message(">", "a", "later"));
    }
  });

  it("meet the output limit of those who do not read, and of nobody else", () => {
    const room = listening(6);
    const slow = room.listeners[0] as Listener;
    room.sessions.limits = {
      normal: { hardBytes: 0, softBytes: 0, softSeconds: 0 },
      pubsub: { hardBytes: 100_000, softBytes: 0, softSeconds: 0 },
    };
    Object.defineProperty(slow.session.transport, "unsentBytes", { value: 90_000 });
    const writer = new Listener(room.sessions);
    for (let n = 0; n < 40; n++) writer.send("PUBLISH", "a", "v".repeat(500));
    room.endTurn();
    writer.send("PUBLISH", "a", "w".repeat(70_000));
    room.endTurn();
    writer.send("PUBLISH", "a", "x");
    room.endTurn();
    expect(slow.session.givenUp).toBe(true);
    for (const each of room.listeners.slice(1)) {
      expect(each.session.givenUp).toBe(false);
      expect(each.received.length).toBeGreaterThan(90_000);
      expect(each.received.endsWith("$1\r\nx\r\n")).toBe(true);
    }
  });
});

/** Sessions over transports that the test plays: flow, gate, traps, waiting. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SessionFlag } from "../../assembly/abi.js";
import { Engine, type EngineExports, type Link } from "../../hosts/shared/engine.js";
import type { Gate } from "../../hosts/shared/gate.js";
import { InternalSession } from "../../hosts/shared/internal.js";
import { NO_LIMIT } from "../../hosts/shared/limits.js";
import { encodeRequest, Status } from "../../hosts/shared/protocol/resp.js";
import type { Session } from "../../hosts/shared/session.js";
import { type Answer, Sessions, type SessionsOptions } from "../../hosts/shared/sessions.js";
import type { Transport } from "../../hosts/shared/transport.js";
import type { EngineTrap } from "../../hosts/shared/trap.js";

const MEMORY_BYTES = 64 * 1024 * 1024;
const file = new URL("../../dist/engine.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(file));

/** The other side of a session, with as much unsent output as the test says. */
class PlayedTransport implements Transport {
  peerAddress = "1.2.3.4:5";
  localAddress = "1.2.3.4:6";
  unsentBytes = 0;
  written: string[] = [];
  events: string[] = [];
  /** Keeps what it is given, as a slow socket does. */
  slow = false;
  kept: Uint8Array[] = [];

  get text(): string {
    return this.written.join("");
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes).toString("latin1"));
    if (this.slow) {
      this.kept.push(bytes);
      this.unsentBytes += bytes.length;
    }
    return !this.slow;
  }

  pause(): void {
    this.events.push("pause");
  }

  resume(): void {
    this.events.push("resume");
  }

  close(): void {
    this.events.push("close");
  }

  destroy(): void {
    this.events.push("destroy");
  }
}

class Played {
  nowMs = 1_700_000_000_000;
  traps: EngineTrap[] = [];
  turn: (() => void)[] = [];
  delays: number[] = [];
  readonly sessions: Sessions;

  constructor(options: Partial<SessionsOptions> = {}, link?: Link) {
    const engine = Engine.create(link ?? module, { memoryBytes: MEMORY_BYTES, seed: [1, 2, 3, 4] });
    this.sessions = new Sessions(engine, {
      now: () => this.nowMs,
      defer: (run) => this.turn.push(run),
      later: (run, delayMs) => {
        this.turn.push(run);
        this.delays.push(delayMs);
        return () => {};
      },
      onTrap: (trap) => this.traps.push(trap),
      ...options,
    });
  }

  open(): { session: Session; transport: PlayedTransport } {
    const transport = new PlayedTransport();
    const session = this.sessions.open(transport, SessionFlag.NONE);
    if (session === undefined) throw new Error("refused");
    return { session, transport };
  }

  send(session: Session, ...commands: (string | Uint8Array)[][]): void {
    this.sessions.receive(session, Buffer.concat(commands.map(encodeRequest)));
  }
}

describe("output", () => {
  it("leaves in one write per chunk", () => {
    const played = new Played();
    const { session, transport } = played.open();
    played.send(session, ["SET", "a", "1"], ["GET", "a"], ["PING"]);
    expect(transport.written).toEqual(["+OK\r\n$1\r\n1\r\n+PONG\r\n"]);
  });

  it("never overwrites what a slow transport still holds", () => {
    const played = new Played();
    const { session, transport } = played.open();
    transport.slow = true;
    for (let i = 0; i < 5000; i++) played.send(session, ["ECHO", `${i} `.repeat(1 + (i % 100))]);
    const held = transport.kept.map((bytes) => Buffer.from(bytes).toString("latin1")).join("");
    expect(held).toBe(transport.text);
  });
});

describe("flow", () => {
  it("stops reading above 1 MiB unsent and goes on when it has left", () => {
    const played = new Played();
    const { session, transport } = played.open();
    transport.slow = true;
    played.send(session, ["SET", "a", Buffer.alloc(600_000)], ["GET", "a"]);
    expect(transport.events).toEqual([]);
    played.send(session, ["GET", "a"]);
    expect(transport.events).toEqual(["pause"]);
    transport.unsentBytes = 700_000;
    played.sessions.drained(session);
    expect(transport.events).toEqual(["pause"]);
    transport.unsentBytes = 0;
    played.sessions.drained(session);
    expect(transport.events).toEqual(["pause", "resume"]);
  });

  it("holds little for a client that asks for much at once, and loses nothing", () => {
    const played = new Played();
    const { session, transport } = played.open();
    transport.slow = true;
    const rounds = 3000;
    const many = Array.from({ length: rounds }, () => ["GET", "a"]);
    played.send(session, ["SET", "a", Buffer.alloc(100_000, 97)], ...many);
    let received = 0;
    let most = 0;
    while (transport.unsentBytes > 0) {
      received += transport.unsentBytes;
      most = Math.max(most, transport.unsentBytes);
      transport.unsentBytes = 0;
      transport.kept = [];
      transport.written = [];
      played.sessions.drained(session);
    }
    expect(received).toBe("+OK\r\n".length + rounds * (100_000 + "$100000\r\n\r\n".length));
    expect(most).toBeLessThan(30_000_000);
    expect(transport.events.at(-1)).toBe("resume");
  });

  it("ends a client above the hard limit, and one above the soft limit for too long", () => {
    const played = new Played();
    const normal = { hardBytes: 2_000_000, softBytes: 1_000_000, softSeconds: 10 };
    played.sessions.limits = { normal, pubsub: NO_LIMIT };
    const hard = played.open();
    hard.transport.slow = true;
    const many = Array.from({ length: 10 }, () => ["GET", "a"]);
    played.send(hard.session, ["SET", "a", Buffer.alloc(600_000)], ...many);
    expect(hard.transport.events).toContain("destroy");
    const soft = played.open();
    soft.transport.unsentBytes = 1_500_000;
    played.sessions.enforceSoftLimit(played.nowMs);
    played.sessions.enforceSoftLimit(played.nowMs + 10_000);
    expect(soft.transport.events).toEqual([]);
    played.sessions.enforceSoftLimit(played.nowMs + 10_001);
    expect(soft.transport.events).toEqual(["destroy"]);
  });
});

describe("gate", () => {
  it("holds output until the log has reached its position", () => {
    let reached = -1;
    const gate: Gate = { open: false, passes: (position) => position <= reached };
    const played = new Played({ gate });
    played.sessions.engine.setEffects(true);
    const { session, transport } = played.open();
    played.send(session, ["SET", "a", "1"]);
    const first = played.sessions.engine.position();
    played.send(session, ["SET", "a", "2"], ["GET", "a"]);
    const second = played.sessions.engine.position();
    expect(first).toBeGreaterThan(0);
    expect(second).toBeGreaterThan(first);
    expect(transport.text).toBe("");
    reached = first;
    played.sessions.release();
    expect(transport.text).toBe("+OK\r\n");
    reached = second;
    played.sessions.release();
    expect(transport.text).toBe("+OK\r\n+OK\r\n$1\r\n2\r\n");
  });

  it("holds the reply of a session that was woken, which goes on at once", () => {
    let reached = -1;
    const gate: Gate = { open: false, passes: (position) => position <= reached };
    const played = new Played({ gate });
    played.sessions.engine.setEffects(true);
    const waiting = played.open();
    const other = played.open();
    played.send(waiting.session, ["BLPOP", "k", "0"], ["SET", "after", "1"]);
    played.send(waiting.session, ["ECHO", "kept"]);
    played.send(other.session, ["RPUSH", "k", "x"]);
    played.send(other.session, ["GET", "after"]);
    expect(waiting.transport.text + other.transport.text).toBe("");
    reached = played.sessions.engine.position();
    played.sessions.release();
    expect(waiting.transport.text).toBe("*2\r\n$1\r\nk\r\n$1\r\nx\r\n+OK\r\n$4\r\nkept\r\n");
    expect(other.transport.text).toBe(":1\r\n$1\r\n1\r\n");
  });
});

describe("waiting", () => {
  it("keeps the input of a session until its request is answered", async () => {
    let answer: (value: Answer) => void = () => {};
    const asked: string[] = [];
    const played = new Played({
      onRequest: (request) => {
        asked.push(request.text);
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    const { session, transport } = played.open();
    const other = played.open();
    played.send(session, ["PING"], ["CONFIG", "SET", "timeout", "5"], ["ECHO", "kept"]);
    played.send(session, ["ECHO", "later"]);
    played.send(other.session, ["PING"]);
    expect(asked).toEqual(["timeout\x005\0"]);
    expect(transport.text).toBe("+PONG\r\n");
    expect(other.transport.text).toBe("+PONG\r\n");
    answer({ ok: true });
    await new Promise((resolve) => setImmediate(resolve));
    expect(transport.text).toBe("+PONG\r\n+OK\r\n$4\r\nkept\r\n$5\r\nlater\r\n");
    played.send(session, ["CONFIG", "SET", "timeout", "6"], ["PING"]);
    answer({ ok: false, text: "ERR no such thing" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(transport.text).toMatch(/\r\n-ERR no such thing\r\n\+PONG\r\n$/);
  });

  it("sets a timer for the first deadline, and goes on when a wait is over", () => {
    const played = new Played();
    const { session, transport } = played.open();
    const other = played.open();
    played.send(session, ["BLPOP", "k", "1.5"], ["PING"]);
    played.send(other.session, ["BLPOP", "k", "0.25"]);
    expect(played.delays).toEqual([1500, 250]);
    expect(session.waiting).toBe(true);
    played.nowMs += 250;
    played.turn.splice(0).pop()?.();
    expect(played.delays).toEqual([1500, 250, 1250]);
    for (const run of played.turn.splice(0)) run();
    expect(other.transport.text).toBe("*-1\r\n");
    played.send(other.session, ["RPUSH", "k", "x"]);
    expect(session.waiting).toBe(false);
    expect(session.lastActiveMs).toBe(played.nowMs);
    expect(transport.text).toBe("*2\r\n$1\r\nk\r\n$1\r\nx\r\n+PONG\r\n");
  });

  it("runs nothing during DEBUG SLEEP", () => {
    const played = new Played();
    const host = new InternalSession(played.sessions);
    expect(host.run(["QUIRE", "CONFIGURE", "enable-debug-command", "yes"])).toEqual(
      new Status("OK"),
    );
    host.close();
    const { session, transport } = played.open();
    const other = played.open();
    played.send(session, ["DEBUG", "SLEEP", "1.5"], ["ECHO", "awake"]);
    played.send(other.session, ["PING"], ["PING"]);
    expect(played.sessions.frozen).toBe(true);
    expect(transport.text + other.transport.text).toBe("");
    expect(played.delays).toEqual([1500]);
    for (const wake of played.turn.splice(0)) wake();
    expect(transport.text).toBe("+OK\r\n$5\r\nawake\r\n");
    expect(other.transport.text).toBe("+PONG\r\n+PONG\r\n");
    expect(played.sessions.frozen).toBe(false);
  });

  it("stops reading when too much is kept", () => {
    const played = new Played({ onRequest: () => new Promise(() => {}) });
    const { session, transport } = played.open();
    played.send(session, ["CONFIG", "SET", "timeout", "5"]);
    for (let i = 0; i < 20; i++) played.send(session, ["ECHO", Buffer.alloc(100_000)]);
    expect(transport.events).toEqual(["pause"]);
    played.sessions.transportClosed(session);
    expect(played.sessions.count).toBe(0);
  });
});

describe("trap", () => {
  it("drops the output of the call, closes everything, and is final", () => {
    let fail = false;
    const link: Link = (imports) => {
      const exports = new WebAssembly.Instance(module, imports).exports;
      const real = exports as unknown as EngineExports;
      return {
        ...real,
        execute: (session, bytes, timeMs) => {
          const status = real.execute(session, bytes, timeMs);
          if (fail) throw new WebAssembly.RuntimeError("unreachable");
          return status;
        },
      };
    };
    const played = new Played({}, link);
    const first = played.open();
    const second = played.open();
    played.send(second.session, ["PING"]);
    fail = true;
    played.send(first.session, ["PING"], ["SET", 'key "x"', "\r\n\0\xff"]);
    expect(first.transport.text).toBe("");
    expect(second.transport.text).toBe("+PONG\r\n");
    expect(first.transport.events).toEqual(["close"]);
    expect(second.transport.events).toEqual(["close"]);
    expect(played.traps.map((trap) => trap.command)).toEqual([
      String.raw`"SET" "key \"x\"" "\r\n\x00\xc3\xbf"`,
    ]);
    played.send(second.session, ["PING"]);
    expect(() => played.sessions.engine.tick(0, 1)).toThrow(/the engine stopped/);
    expect(played.traps.length).toBe(1);
  });
});

/** A host in memory that keeps its data: sessions, log, images, without sockets or timers. */
import { Exchange, SessionFlag } from "../../assembly/abi";
import { Engine } from "../../hosts/shared/engine";
import { InternalSession, LocalTransport } from "../../hosts/shared/internal";
import { ImageStore } from "../../hosts/shared/persistence/image-store";
import { LogGate } from "../../hosts/shared/persistence/log-gate";
import { type LogSettings, Persistence } from "../../hosts/shared/persistence/persistence";
import { encodeRequest, type RawReply } from "../../hosts/shared/protocol/resp";
import { Sessions } from "../../hosts/shared/sessions";
import type { EngineTrap } from "../../hosts/shared/trap";
import { moduleOf, START_MS } from "./engine";
import type { MemoryStorage } from "./memory-storage";

const MEMORY_BYTES = 40 * 1024 * 1024;
const SETTINGS: LogSettings = { appendonly: true, policy: "everysec", cutsTornEnd: true };

/** A client and what it has received. */
export class PlayedClient {
  received = "";
  isClosed = false;

  constructor(readonly sendAll: (...commands: string[][]) => void) {}

  send(...words: string[]): void {
    this.sendAll(words);
  }

  take(): string {
    const text = this.received;
    this.received = "";
    return text;
  }
}

export class PersistenceHost {
  now = START_MS;
  clock = 0;
  readonly lines: string[] = [];
  failure = "";
  trap: EngineTrap | undefined;
  readonly sessions: Sessions;
  readonly persistence: Persistence;

  constructor(
    readonly storage: MemoryStorage,
    settings: Partial<LogSettings> = {},
    /** Syncs under *always* take long enough to be made beside the loop. */
    isSlow = false,
  ) {
    const gate = new LogGate();
    const defer = (run: () => void) => void setImmediate(run);
    this.sessions = new Sessions(this.#format(), {
      now: () => this.now,
      defer,
      later: () => () => {},
      gate,
      onEffects: (source, address, bytes) => this.persistence.take(source, address, bytes),
      onTrap: (trap) => {
        this.trap = trap;
      },
    });
    const images = new ImageStore({
      engineFile: { hash: "0".repeat(32), bytes: async () => new Uint8Array(10) },
      now: () => this.now,
      clock: () => this.clock++,
      defer,
      inputBytes: () => 0,
      hold: () => {},
    });
    this.persistence = new Persistence(
      storage,
      { ...SETTINGS, ...settings },
      {
        sessions: this.sessions,
        gate,
        images,
        engines: {
          useFresh: () => this.sessions.useEngine(this.#format()),
          link: () => this.#link(),
          usePlaced: (engine) => {
            engine.attach({ memoryBytes: MEMORY_BYTES });
            this.sessions.useEngine(engine);
          },
        },
        inflate: async (bytes) => bytes,
        now: () => this.now,
        clock: () => this.clock,
        ...(isSlow && { quickSyncMs: -1 }),
        defer,
        notice: (text) => this.lines.push(text),
        warning: (text) => this.lines.push(text),
        tellFailure: (reason) => {
          this.failure = reason;
        },
      },
    );
  }

  #link(): Engine {
    const engine = Engine.link(moduleOf("engine.wasm"), { memoryBytes: MEMORY_BYTES });
    engine.useGuarded(moduleOf("engine.cow.wasm"));
    return engine;
  }

  #format(): Engine {
    const engine = this.#link();
    engine.format({ memoryBytes: MEMORY_BYTES });
    return engine;
  }

  async start(): Promise<this> {
    await this.persistence.start();
    return this;
  }

  /** What a server does after a trap. */
  async recover(): Promise<void> {
    this.trap = undefined;
    await this.persistence.closeAfterTrap(this.sessions.engine.position());
    this.sessions.engine.setWord(Exchange.LOADING, 1);
    this.sessions.useEngine(this.#format());
    await this.persistence.start();
  }

  /** Opens a client's session. */
  client(): PlayedClient {
    const transport = new LocalTransport(
      "1.2.3.4:5",
      (bytes) => {
        client.received += Buffer.from(bytes).toString("latin1");
      },
      () => {
        client.isClosed = true;
      },
    );
    const session = this.sessions.open(transport, SessionFlag.NONE);
    const client = new PlayedClient((...commands) => {
      const bytes = Buffer.concat(commands.map((words) => encodeRequest(words)));
      if (session !== undefined) this.sessions.receive(session, bytes);
    });
    return client;
  }

  /** Runs a command of the host's own. */
  run(...words: string[]): RawReply {
    const internal = new InternalSession(this.sessions);
    try {
      return internal.run(words);
    } finally {
      internal.close();
    }
  }

  /** What a key holds. */
  get(key: string): string | null {
    const reply = this.run("GET", key);
    return reply instanceof Uint8Array ? Buffer.from(reply).toString("latin1") : null;
  }

  /** Lets the loop turn until it has nothing to do at once. */
  async turn(): Promise<void> {
    for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** One second goes by. */
  async second(): Promise<void> {
    this.now += 1000;
    this.persistence.beat(this.now);
    await this.turn();
  }
}

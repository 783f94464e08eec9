/**
 * The server: an engine, its configuration, its listening sockets. `startServer` is what main.ts
 * and programs that embed a server call.
 */
import { setImmediate as defer } from "node:timers";
import { Exchange } from "../../assembly/abi.js";
import { Engine, type Link } from "../shared/engine.js";
import { InternalSession } from "../shared/internal.js";
import { Sessions } from "../shared/sessions.js";
import { Ticker } from "../shared/ticker.js";
import type { EngineTrap } from "../shared/trap.js";
import {
  applyConfiguration,
  type Plan,
  planConfiguration,
  readParameters,
} from "./configuration.js";
import { Connections } from "./connections.js";
import type { Directive } from "./directives.js";
import { refreshFacts } from "./facts.js";
import { Listener } from "./listener.js";
import { Log } from "./log.js";
import { loadModule, packageVersion } from "./module.js";
import { RequestHandler } from "./requests.js";
import { DEFAULT_SETTINGS, SETTING_NAMES, type Settings, withChanges } from "./settings.js";

export interface ServerOptions {
  /** Directives by name, as in a configuration file; "auto" as port takes a free one. */
  configuration?: Record<string, string | number | readonly string[]>;
  /** Directives with their places, from files and the command line. */
  directives?: readonly Directive[];
  /** The file that CONFIG REWRITE changes. */
  configurationFile?: string;
  /** Never use more memory than this. */
  memoryBytes?: number;
  module?: WebAssembly.Module | Link;
  /** Use plain socket events instead of the fast path. */
  plainSockets?: boolean;
  /** Gets complete log lines; they are dropped when left out. */
  print?: (line: string) => void;
}

export interface RunningServer {
  /** Where TCP connections are taken; 0 and "" without TCP. */
  readonly port: number;
  readonly host: string;
  readonly unixSocket: string;
  readonly log: Log;
  /** Resolves when the server has stopped: by close, SHUTDOWN, or a trap. */
  readonly stopped: Promise<EngineTrap | undefined>;
  close(): Promise<void>;
}

export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const server = new Server(options, await (options.module ?? loadModule()));
  await server.listen();
  return server;
}

class Server implements RunningServer {
  port = 0;
  host = "";
  unixSocket = "";
  readonly log: Log;
  readonly stopped: Promise<EngineTrap | undefined>;
  readonly #sessions: Sessions;
  readonly #ticker: Ticker;
  readonly #connections: Connections;
  readonly #requests: RequestHandler;
  #tcp: Listener | undefined;
  #unix: Listener | undefined;
  #settings: Settings = DEFAULT_SETTINGS;
  #resolveStopped: (trap: EngineTrap | undefined) => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions, module: WebAssembly.Module | Link) {
    const version = packageVersion();
    this.log = new Log(options.print ?? (() => {}));
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    const plan = planConfiguration(
      [...givenDirectives(options), ...(options.directives ?? [])],
      version,
    );
    const engine = Engine.create(module, {
      memoryBytes: plan.memoryBytes ?? options.memoryBytes,
      databases: plan.databases,
    });
    engine.setFact(Exchange.START_TIME_MS, Date.now());
    this.#requests = new RequestHandler({
      file: options.configurationFile,
      apply: (pairs) => this.#apply(pairs),
      isParameter: (name) => this.#isParameter(name),
      stop: () => void this.close(),
      log: this.log,
    });
    this.#sessions = new Sessions(engine, {
      now: Date.now,
      defer,
      later: (run, delayMs) => void setTimeout(run, delayMs),
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      onRequest: (request) => this.#requests.answer(request),
      onLog: (level, text) => this.log.write(level, text),
      onTrap: (trap) => void this.#trapped(trap),
    });
    this.#connections = new Connections(
      this.#sessions,
      DEFAULT_SETTINGS,
      options.plainSockets ?? false,
    );
    this.#ticker = new Ticker(this.#sessions, {
      now: Date.now,
      clock: () => performance.now(),
      defer,
      every: (run, periodMs) => {
        const timer = setInterval(run, periodMs);
        return () => clearInterval(timer);
      },
      refresh: refreshFacts,
      onBeat: (nowMs) => this.#connections.sweepIdle(nowMs),
    });
    refreshFacts(engine);
    this.#configure(plan, version);
  }

  async listen(): Promise<void> {
    try {
      const { bind, port, unixsocket } = this.#settings;
      if (port !== 0 || this.#requests.autoPort) await this.#listenTcp(bind, port);
      if (unixsocket !== "") {
        this.#unix = await Listener.unix(unixsocket, this.#settings.unixsocketperm, (socket) =>
          this.#connections.accept(socket, unixsocket),
        );
        this.unixSocket = unixsocket;
      }
    } catch (cause) {
      await this.close();
      throw cause;
    }
    this.#ticker.start();
    this.#requests.started = true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(undefined);
    return this.#closing;
  }

  async #close(trap: EngineTrap | undefined): Promise<void> {
    this.#ticker.stop();
    await this.#tcp?.close();
    await this.#unix?.close();
    await this.#connections.closeAll();
    this.#resolveStopped(trap);
  }

  #trapped(trap: EngineTrap): void {
    this.log.warning(`The engine has stopped: ${trap.message}`);
    this.log.warning(`The command was: ${trap.command}`);
    this.#closing ??= this.#close(trap);
  }

  #configure(plan: Plan, version: string): void {
    const internal = new InternalSession(this.#sessions);
    const unused = applyConfiguration(plan, (parts) => internal.run(parts), version);
    const given = readParameters(SETTING_NAMES, (parts) => internal.run(parts));
    internal.close();
    this.#settings = withChanges(DEFAULT_SETTINGS, given);
    this.#requests.autoPort = plan.autoPort;
    this.#connections.settings = this.#settings;
    this.log.useLevel(this.#settings.loglevel);
    if (this.#settings.logfile !== "") this.log.useFile(this.#settings.logfile);
    if (unused.length > 0) this.log.notice(`Accepted without effect: ${unused.join(", ")}`);
  }

  async #listenTcp(bind: readonly string[], port: number): Promise<void> {
    const old = this.#tcp;
    const next = await Listener.tcp(bind, port, this.#settings.tcpBacklog, (socket) =>
      this.#connections.accept(socket, undefined),
    );
    this.#tcp = next;
    this.port = next.addresses[0]?.port ?? 0;
    this.host = next.addresses[0]?.host ?? "";
    await old?.close();
  }

  /** Applies parameters at run time; throws with the reason when one cannot be. */
  async #apply(pairs: readonly [string, string][]): Promise<void> {
    const next = withChanges(this.#settings, pairs);
    const names = pairs.map(([name]) => name);
    if (names.includes("logfile")) this.log.useFile(next.logfile);
    if (names.includes("loglevel")) this.log.useLevel(next.loglevel);
    if (names.includes("port") || names.includes("bind")) await this.#moveTcp(next);
    this.#settings = next;
    this.#connections.settings = next;
  }

  /** Listens elsewhere. A changed `bind` on the same port needs the old sockets closed first. */
  async #moveTcp(next: Settings): Promise<void> {
    const before = { bind: this.#settings.bind, port: this.port };
    if (next.port === 0) {
      await this.#tcp?.close();
      this.#tcp = undefined;
      this.port = 0;
      return;
    }
    if (next.port !== before.port) return this.#listenTcp(next.bind, next.port);
    await this.#tcp?.close();
    try {
      await this.#listenTcp(next.bind, next.port);
    } catch (cause) {
      await this.#listenTcp(before.bind, before.port);
      throw cause;
    }
  }

  #isParameter(name: string): boolean {
    const internal = new InternalSession(this.#sessions);
    const found = readParameters([name], (parts) => internal.run(parts)).length > 0;
    internal.close();
    return found;
  }
}

function givenDirectives(options: ServerOptions): Directive[] {
  return Object.entries(options.configuration ?? {}).map(([name, value]) => {
    const values = Array.isArray(value) ? value.map(String) : [String(value)];
    const latin1 = values.map((text) => Buffer.from(text, "utf8").toString("latin1"));
    const origin = { file: undefined, line: 0, text: `${name} ${latin1.join(" ")}` };
    return { name: name.toLowerCase(), values: latin1, origin };
  });
}

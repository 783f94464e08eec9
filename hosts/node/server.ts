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
import { toLatin1 } from "./arguments.js";
import {
  applyConfiguration,
  type Plan,
  planConfiguration,
  type Run,
  readParameters,
} from "./configuration.js";
import { Connections } from "./connections.js";
import type { Directive } from "./directives.js";
import { Endpoints } from "./endpoints.js";
import { refreshFacts, tellFacts } from "./facts.js";
import { NodeImages } from "./images.js";
import { Log } from "./log.js";
import { type EngineModules, loadModules, packageVersion } from "./module.js";
import { answerRdbRequest } from "./rdb-requests.js";
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
  const modules = options.module === undefined ? await loadModules() : undefined;
  const server = new Server(options, modules);
  await server.listen();
  return server;
}

class Server implements RunningServer {
  readonly log: Log;
  readonly stopped: Promise<EngineTrap | undefined>;
  readonly #sessions: Sessions;
  readonly #ticker: Ticker;
  readonly #connections: Connections;
  readonly #endpoints: Endpoints;
  readonly #requests: RequestHandler;
  readonly #images: NodeImages;
  #autoPort = false;
  #settings: Settings = DEFAULT_SETTINGS;
  #resolveStopped: (trap: EngineTrap | undefined) => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions, modules: EngineModules | undefined) {
    const version = packageVersion();
    this.log = new Log(options.print ?? (() => {}));
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    const plan = planConfiguration(givenDirectives(options), version);
    const module = options.module ?? modules?.plain;
    if (module === undefined) throw new Error("no engine is given");
    const engine = Engine.create(module, {
      memoryBytes: plan.memoryBytes ?? options.memoryBytes,
      databases: plan.databases,
    });
    engine.setFact(Exchange.START_TIME_MS, Date.now());
    if (modules !== undefined) engine.useGuarded(modules.guarded);
    this.#images = new NodeImages(modules?.file, () => this.#sessions, this.log);
    this.#requests = new RequestHandler({
      file: options.configurationFile,
      apply: (pairs) => this.#apply(pairs),
      currentValue: (name) => this.#currentValue(name),
      saves: this.#images.saves,
      stop: () => void this.close(),
      further: (request) =>
        answerRdbRequest(request, this.#sessions, { log: this.log, setEffects: () => {} }),
      log: this.log,
    });
    this.#sessions = new Sessions(engine, {
      now: Date.now,
      defer,
      later: (run, delayMs) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      onRequest: (request) => this.#requests.answer(request),
      onLog: (level, text) => this.log.write(level, text),
      onTrap: (trap) => void this.#trapped(trap),
    });
    this.#connections = new Connections(this.#sessions, {
      settings: DEFAULT_SETTINGS,
      plain: options.plainSockets ?? false,
      hasPassword: () => this.#currentValue("requirepass") !== "",
    });
    this.#endpoints = new Endpoints((socket, path) => this.#connections.accept(socket, path));
    this.#ticker = new Ticker(this.#sessions, {
      now: Date.now,
      clock: () => performance.now(),
      defer,
      every: (run, periodMs) => {
        const timer = setInterval(run, periodMs);
        return () => clearInterval(timer);
      },
      refresh: refreshFacts,
      onBeat: (nowMs) => {
        this.#connections.sweepIdle(nowMs);
        this.#images.saves.beat(nowMs);
        this.#sessions.enforceSoftLimit(nowMs);
      },
    });
    refreshFacts(engine);
    this.#configure(plan, version);
    this.#internally((run) => tellFacts(run, options.configurationFile));
  }

  get port(): number {
    return this.#endpoints.port;
  }

  get host(): string {
    return this.#endpoints.host;
  }

  get unixSocket(): string {
    return this.#endpoints.unixSocket;
  }

  async listen(): Promise<void> {
    try {
      await this.#endpoints.open(this.#settings, this.#autoPort);
    } catch (cause) {
      await this.close();
      throw cause;
    }
    if (this.#autoPort) this.#tellPort();
    this.#ticker.start();
    this.#requests.started = true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(undefined);
    return this.#closing;
  }

  async #close(trap: EngineTrap | undefined): Promise<void> {
    this.#ticker.stop();
    await this.#endpoints.close();
    await this.#connections.closeAll();
    this.#resolveStopped(trap);
  }

  #trapped(trap: EngineTrap): void {
    this.log.warning(`The engine has stopped: ${trap.message}`);
    this.log.warning(`The command was: ${trap.command}`);
    this.#closing ??= this.#close(trap);
  }

  #configure(plan: Plan, version: string): void {
    const unused = this.#internally((run) => applyConfiguration(plan, run, version));
    const given = this.#internally((run) => readParameters(SETTING_NAMES, run));
    this.#use(withChanges(DEFAULT_SETTINGS, given));
    this.#autoPort = plan.autoPort;
    this.log.useLevel(this.#settings.loglevel);
    if (this.#settings.logfile !== "") this.log.useFile(this.#settings.logfile);
    if (unused.length > 0) this.log.notice(`Accepted without effect: ${unused.join(", ")}`);
  }

  /** Applies parameters at run time; throws with the reason when one cannot be. */
  async #apply(pairs: readonly [string, string][]): Promise<void> {
    const next = withChanges(this.#settings, pairs);
    const names = pairs.map(([name]) => name);
    if (names.includes("logfile")) this.log.useFile(next.logfile);
    if (names.includes("loglevel")) this.log.useLevel(next.loglevel);
    if (names.includes("port") || names.includes("bind")) {
      await this.#endpoints.move(this.#settings, next);
    }
    this.#use(next);
  }

  #use(settings: Settings): void {
    this.#settings = settings;
    this.#connections.settings = settings;
    this.#images.use(settings);
    this.#sessions.limits = settings.outputLimits;
  }

  /** The engine learns which port was free. */
  #tellPort(): void {
    this.#settings.port = this.port;
    this.#internally((run) => run(["QUIRE", "CONFIGURE", "port", `${this.port}`]));
  }

  #currentValue(name: string): string | undefined {
    return this.#internally((run) => readParameters([name], run)[0]?.[1]);
  }

  /** Runs commands on a session of the host's own. */
  #internally<Result>(work: (run: Run) => Result): Result {
    const internal = new InternalSession(this.#sessions);
    try {
      return work((parts) => internal.run(parts));
    } finally {
      internal.close();
    }
  }
}

/** Without a `bind` only this machine is served, as the packaged configurations of Redis say. */
const DEFAULT_BIND = ["127.0.0.1", "-::1"];

function givenDirectives(options: ServerOptions): Directive[] {
  const simple = Object.entries(options.configuration ?? {}).map(([name, value]) =>
    directiveOf(name, Array.isArray(value) ? value.map(String) : [String(value)]),
  );
  const given = [...simple, ...(options.directives ?? [])];
  const hasBind = given.some((directive) => directive.name === "bind");
  return hasBind ? given : [directiveOf("bind", DEFAULT_BIND), ...given];
}

function directiveOf(name: string, values: readonly string[]): Directive {
  const latin1 = values.map(toLatin1);
  const origin = { file: undefined, line: 0, text: toLatin1(`${name} ${values.join(" ")}`) };
  return { name: name.toLowerCase(), values: latin1, origin };
}

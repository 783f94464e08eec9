/**
 * The server: an engine, its configuration, its listening sockets. `startServer` is what main.ts
 * and programs that embed a server call.
 */
import { setImmediate as defer } from "node:timers";
import { Exchange } from "../../assembly/abi.js";
import { Engine, type EngineOptions, type EngineRequest, type Link } from "../shared/engine.js";
import { runInternally } from "../shared/internal.js";
import type { ForeignData } from "../shared/persistence/persistence.js";
import { HalfLoaded } from "../shared/persistence/reload-log.js";
import type { Storage } from "../shared/persistence/storage.js";
import { Remembered } from "../shared/remembered.js";
import { type Answer, Sessions } from "../shared/sessions.js";
import { Ticker } from "../shared/ticker.js";
import type { EngineTrap } from "../shared/trap.js";
import { Warmup } from "../shared/warm.js";
import { answerAclRequest } from "./acl-file.js";
import { toLatin1 } from "./arguments.js";
import {
  applyConfiguration,
  type Plan,
  placeOf,
  planConfiguration,
  type Run,
  readParameters,
} from "./configuration.js";
import { Connections } from "./connections.js";
import { findDirectory, NodeData } from "./data.js";
import type { Directive } from "./directives.js";
import { Endpoints, isPortName, type PortName } from "./endpoints.js";
import { refreshFacts, tellFacts } from "./facts.js";
import { exportTo, foreignData } from "./foreign-data.js";
import { Log, LogLevel } from "./log.js";
import { MetricsServer } from "./metrics-server.js";
import { type EngineModules, loadModules, packageVersion } from "./module.js";
import { saveRdb } from "./rdb-file.js";
import { answerRdbRequest, configuredRdb } from "./rdb-requests.js";
import { RequestHandler } from "./requests.js";
import { linesOfUsers } from "./rewrite.js";
import { DEFAULT_SETTINGS, SETTING_NAMES, type Settings, withChanges } from "./settings.js";
import { TlsError, tlsOptions } from "./tls-options.js";
import type { Transfer } from "./transfer.js";

export interface ServerOptions {
  /** Directives by name, as in a configuration file; "auto" as port takes a free one. */
  configuration?: Record<string, string | number | readonly string[]>;
  /** Directives with their places, from files and the command line. */
  directives?: readonly Directive[];
  /** The file that CONFIG REWRITE changes. */
  configurationFile?: string;
  /** Keep nothing on disk. */
  memory?: boolean;
  /** At an import, keys of unknown types are left out. */
  importSkip?: boolean;
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
  /** Where TLS connections are taken, and where metrics are asked for; 0 without. */
  readonly tlsPort: number;
  readonly metricsPort: number;
  readonly log: Log;
  /** Resolves when the server has stopped: by close, SHUTDOWN, or a trap. */
  readonly stopped: Promise<EngineTrap | undefined>;
  /** Saves as this parameter and the save points say, then stops; false when saving failed. */
  shutdown(parameter: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const modules = options.module === undefined ? await loadModules() : undefined;
  const server = new Server(options, modules);
  await server.listen();
  return server;
}

/** Imports into the data directory that is configured, or exports from it; throws the reason. */
export async function transferData(options: ServerOptions, transfer: Transfer): Promise<void> {
  await new Server(options, await loadModules()).transfer(transfer);
}

/** A loading that takes longer than this shows its progress, before the line that it is ready. */
const SHOW_LOADING_MS = 1000;

/** After so many traps within the period the server stops. */
const MOST_TRAPS = 3;
const TRAP_PERIOD_MS = 60_000;
/** Between two slices of compiling ahead. */
const WARM_PAUSE_MS = 20;

class Server implements RunningServer {
  readonly log: Log;
  readonly stopped: Promise<EngineTrap | undefined>;
  readonly #sessions: Sessions;
  readonly #ticker: Ticker;
  readonly #connections: Connections;
  readonly #endpoints: Endpoints;
  readonly #metrics: MetricsServer;
  readonly #requests: RequestHandler;
  readonly #data: NodeData;
  readonly #options: ServerOptions;
  readonly #plan: Plan;
  readonly #modules: EngineModules | undefined;
  readonly #traps: number[] = [];
  #isLoading = false;
  #automatic: ReadonlySet<PortName> = new Set();
  readonly #remembered = new Remembered();
  #unused: string[] = [];
  readonly #startMs = Date.now();
  #settings: Settings = DEFAULT_SETTINGS;
  #resolveStopped: (trap: EngineTrap | undefined) => void = () => {};
  #closing: Promise<void> | undefined;

  constructor(options: ServerOptions, modules: EngineModules | undefined) {
    const version = packageVersion();
    this.log = new Log(options.print ?? (() => {}));
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#options = options;
    this.#modules = modules;
    this.#plan = planConfiguration(givenDirectives(options), version);
    this.#data = new NodeData({
      engineFile: this.#plan.memoryOnly || options.memory ? undefined : modules?.file,
      sessions: () => this.#sessions,
      engines: {
        useFresh: () => this.#useEngine(this.#formatEngine()),
        link: () => this.#linkEngine(),
        usePlaced: (engine) => {
          engine.attach(this.#engineOptions());
          this.#useEngine(engine);
        },
      },
      log: this.log,
      tellFailure: (reason) => this.#tellFailure(reason),
    });
    this.#requests = new RequestHandler({
      file: options.configurationFile,
      apply: (pairs) => this.#apply(pairs),
      currentValue: (name) => this.#currentValue(name),
      users: () => this.#userLines(),
      data: this.#data,
      position: () => this.#sessions.engine.position(),
      saveRdb: () => saveRdb(this.#sessions, configuredRdb(this.#sessions)),
      stop: () => void this.close(),
      aclFile: (request) => this.#answerAclFile(request),
      further: (request) =>
        answerRdbRequest(request, this.#sessions, {
          log: this.log,
          setEffects: (on) => {
            if (this.#data.hasLog) this.#sessions.run((engine) => engine.setEffects(on));
          },
          loadLog: (databases) => this.#loadLog(databases),
        }),
      log: this.log,
    });
    const engine = this.#formatEngine();
    this.#sessions = new Sessions(engine, {
      now: Date.now,
      defer,
      later: (run, delayMs) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
      allocate: (bytes) => Buffer.allocUnsafeSlow(bytes),
      gate: this.#data.gate,
      onEffects: this.#data.take,
      onRequest: (request) => this.#requests.answer(request),
      onLog: (level, text) => this.log.write(level, text),
      onTrap: (trap) => void this.#trapped(trap),
      onSettingsChanged: () => this.#internally((run) => this.#remembered.take(run)),
    });
    this.#connections = this.#createConnections();
    this.#metrics = new MetricsServer({
      isLoading: () => this.#isLoading,
      run: (commands) => this.#internally((run) => commands.map((parts) => run(parts))),
    });
    this.#endpoints = this.#createEndpoints();
    this.#ticker = this.#createTicker();
    this.#prepareEngine(engine);
    this.#useGiven();
  }

  #createConnections(): Connections {
    return new Connections(this.#sessions, {
      settings: DEFAULT_SETTINGS,
      plain: this.#options.plainSockets ?? false,
      hasPassword: () => this.#sessions.engine.word(Exchange.NEEDS_PASSWORD) !== 0,
      onHandshakeFailure: (peer, reason) =>
        this.log.write(LogLevel.VERBOSE, `No TLS connection with ${peer}: ${reason}`),
    });
  }

  #createEndpoints(): Endpoints {
    return new Endpoints({
      accept: {
        port: (socket) => this.#connections.accept(socket, undefined),
        "tls-port": (socket) => this.#connections.acceptSecure(socket),
        "metrics-port": (socket) => this.#metrics.take(socket),
      },
      acceptUnix: (socket, path) => this.#connections.accept(socket, path),
    });
  }

  #createTicker(): Ticker {
    return new Ticker(this.#sessions, {
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
        if (!this.#isLoading) {
          this.#data.beat(nowMs);
        }
        this.#sessions.enforceSoftLimit(nowMs);
      },
    });
  }

  get port(): number {
    return this.#endpoints.port("port");
  }

  get host(): string {
    return this.#endpoints.host("port") || this.#endpoints.host("tls-port");
  }

  get tlsPort(): number {
    return this.#endpoints.port("tls-port");
  }

  get metricsPort(): number {
    return this.#endpoints.port("metrics-port");
  }

  get unixSocket(): string {
    return this.#endpoints.unixSocket;
  }

  async listen(): Promise<void> {
    try {
      if (this.#settings.tls.port !== 0 || this.#automatic.has("tls-port")) this.#useTls();
      this.#isLoading = true;
      if (this.#data.isKept) this.#sessions.engine.setWord(Exchange.LOADING, 1);
      await this.#endpoints.open(this.#settings, this.#automatic);
      this.#tellPorts();
      this.#ticker.start();
      const showing = setTimeout(() => this.log.release(), SHOW_LOADING_MS);
      try {
        await this.#data.openDirectory(this.#settings, (storage) =>
          this.#foreignData(storage, undefined),
        );
      } finally {
        clearTimeout(showing);
      }
      this.#isLoading = false;
    } catch (cause) {
      await this.close();
      throw cause;
    }
    this.#requests.started = true;
    if (this.#data.canRecover) this.#warmUp();
  }

  /** Has the second build compiled before the first image, a millisecond at a time. */
  #warmUp(): void {
    if (this.#modules === undefined) return;
    const warmup = new Warmup(this.#modules.plain, this.#modules.guarded);
    const run = () => {
      if (this.#closing === undefined && warmup.slice()) setTimeout(run, WARM_PAUSE_MS).unref();
    };
    setTimeout(run, WARM_PAUSE_MS).unref();
  }

  /** Imports or exports, and serves nobody. */
  async transfer(transfer: Transfer): Promise<void> {
    this.log.release();
    try {
      const foreign = (storage: Storage) => this.#foreignData(storage, transfer);
      await this.#data.openDirectory(this.#settings, foreign);
      if (transfer.exportTo !== undefined) await exportTo(transfer, this.#sessions, this.log);
    } finally {
      await this.close();
    }
  }

  #foreignData(storage: Storage, transfer: Transfer | undefined): Promise<ForeignData> {
    return foreignData(storage, transfer, {
      sessions: this.#sessions,
      skipUnknown: this.#options.importSkip ?? false,
      log: this.log,
      currentValue: (name) => this.#currentValue(name) ?? "",
    });
  }

  async shutdown(parameter: string): Promise<boolean> {
    const options = this.#currentValue(parameter)?.split(" ") ?? [];
    const refusal = await this.#data.beforeStop(options);
    if (refusal === undefined) await this.close();
    return refusal === undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(undefined);
    return this.#closing;
  }

  async #close(trap: EngineTrap | undefined): Promise<void> {
    this.#ticker.stop();
    await this.#endpoints.close();
    this.#metrics.close();
    await this.#data.settle();
    await this.#connections.closeAll();
    await this.#data.close();
    this.#resolveStopped(trap);
  }

  /** A trap: with a data directory the server goes on from what that holds. */
  #trapped(trap: EngineTrap): void {
    this.log.warning(`The engine has stopped: ${trap.message}`);
    this.log.warning(`The command was: ${trap.command}`);
    const nowMs = Date.now();
    this.#traps.push(nowMs);
    const recent = this.#traps.filter((timeMs) => nowMs - timeMs < TRAP_PERIOD_MS).length;
    if (this.#isLoading || recent >= MOST_TRAPS || !this.#data.canRecover) {
      if (recent >= MOST_TRAPS) this.log.warning(`${recent} times in a minute: this server stops`);
      this.#closing ??= this.#close(trap);
      return;
    }
    void this.#recover(trap);
  }

  async #recover(trap: EngineTrap | undefined): Promise<void> {
    this.#isLoading = true;
    try {
      await this.#data.recover(this.#sessions.engine.position());
      this.log.warning("The data has been loaded again; serving goes on");
      this.#isLoading = false;
    } catch (cause) {
      this.log.warning(`The data cannot be loaded again: ${(cause as Error).message}`);
      this.#closing ??= this.#close(trap);
    }
  }

  /** DEBUG LOADAOF; when that ends half-way the data is loaded as after a trap. */
  async #loadLog(databases: number): Promise<void> {
    try {
      await this.#data.reload(databases);
    } catch (cause) {
      if (cause instanceof HalfLoaded) await this.#recover(undefined);
      throw cause;
    }
  }

  #engineOptions(): EngineOptions {
    const { memoryBytes, databases } = this.#plan;
    return { memoryBytes: memoryBytes ?? this.#options.memoryBytes, databases };
  }

  #linkEngine(): Engine {
    const module = this.#options.module ?? this.#modules?.plain;
    if (module === undefined) throw new Error("no engine is given");
    const engine = Engine.link(module, this.#engineOptions());
    if (this.#modules !== undefined) engine.useGuarded(this.#modules.guarded);
    return engine;
  }

  #formatEngine(): Engine {
    const engine = this.#linkEngine();
    engine.format(this.#engineOptions());
    return engine;
  }

  #useEngine(engine: Engine): void {
    this.#sessions.useEngine(engine);
    this.#prepareEngine(engine);
    this.#tellPorts();
    this.#bringBackConfiguration();
  }

  /** An engine that has just come into use learns its configuration and the facts of INFO. */
  #prepareEngine(engine: Engine): void {
    const { configurationFile } = this.#options;
    const version = packageVersion();
    engine.setFact(Exchange.START_TIME_MS, this.#startMs);
    refreshFacts(engine);
    this.#unused = this.#internally((run) => applyConfiguration(this.#plan, run, version));
    this.#internally((run) => tellFacts(run, configurationFile));
  }

  /** An engine after a trap gets the configuration that the one before had. */
  #bringBackConfiguration(): void {
    const { started } = this.#requests;
    this.#requests.started = false;
    this.#internally((run) => this.#remembered.bringBack(run));
    this.#requests.started = started;
  }

  /** Takes over the settings that the engine has read. */
  #useGiven(): void {
    const given = this.#internally((run) => readParameters(SETTING_NAMES, run));
    this.#use(withChanges(DEFAULT_SETTINGS, given));
    this.#automatic = this.#plan.automatic;
    this.log.useLevel(this.#settings.loglevel);
    if (this.#settings.logfile !== "") this.log.useFile(this.#settings.logfile);
    if (this.#unused.length === 0) return;
    this.log.notice(`Accepted without effect: ${this.#unused.join(", ")}`);
  }

  #tellFailure(reason: string): void {
    this.#sessions.engine.setWord(Exchange.LOG_FAILED, reason === "" ? 0 : 1);
    this.#internally((run) => run(["QUIRE", "FACT", "log_failure", reason]));
  }

  /** Applies parameters at run time; throws with the reason when one cannot be. */
  async #apply(pairs: readonly [string, string][]): Promise<void> {
    const before = this.#settings;
    const next = withChanges(before, pairs);
    const names = pairs.map(([name]) => name);
    const isMove = names.includes("dir");
    if (isMove) await findDirectory(next.dir);
    if (names.includes("logfile")) this.log.useFile(next.logfile);
    if (names.includes("loglevel")) this.log.useLevel(next.loglevel);
    const isTls = names.some((name) => name.startsWith("tls-")) && next.tls.port !== 0;
    const tls = isTls ? tlsOptions(next.tls) : undefined;
    if (tls !== undefined && this.tlsPort === 0) this.#connections.useTls(tls);
    const isAddress = names.some((name) => name === "bind" || isPortName(name));
    if (isAddress) await this.#endpoints.move(before, next);
    if (tls !== undefined) this.#connections.useTls(tls);
    const isLog = names.some((name) => name.startsWith("append") || name.startsWith("aof-"));
    if (isLog) await this.#data.applySettings(next);
    if (isMove) {
      try {
        await this.#moveData(next.dir);
      } catch (cause) {
        if (isLog) await this.#data.applySettings(before);
        if (isAddress) await this.#endpoints.move(next, before);
        throw cause;
      }
    }
    // Others may have changed other parameters meanwhile.
    this.#use(withChanges(this.#settings, pairs));
  }

  /** The engine, which keeps the name as it was given, learns the full one. */
  async #moveData(directory: string): Promise<void> {
    const place = await this.#data.move(directory);
    this.#internally((run) => run(["QUIRE", "CONFIGURE", "dir", place]));
  }

  #use(settings: Settings): void {
    this.#settings = settings;
    this.#connections.settings = settings;
    this.#data.useSettings(settings);
    this.#sessions.limits = settings.outputLimits;
  }

  /** At the start: what is wrong is told with its place in the configuration. */
  #useTls(): void {
    try {
      this.#connections.useTls(tlsOptions(this.#settings.tls));
    } catch (cause) {
      if (!(cause instanceof TlsError)) throw cause;
      throw new Error(`${cause.message}${placeOf(cause.parameter, this.#plan.directives)}`);
    }
  }

  /** The engine learns which ports were free. */
  #tellPorts(): void {
    for (const name of this.#automatic) {
      const port = this.#endpoints.port(name);
      this.#settings = withChanges(this.#settings, [[name, `${port}`]]);
      this.#internally((run) => run(["QUIRE", "CONFIGURE", name, `${port}`]));
    }
  }

  #currentValue(name: string): string | undefined {
    return this.#internally((run) => readParameters([name], run)[0]?.[1]);
  }

  #answerAclFile(request: EngineRequest): Answer {
    const path = this.#currentValue("aclfile") ?? "";
    return this.#internally((run) => answerAclRequest(request, path, run, this.log));
  }

  #userLines(): string[] {
    const { configurationFile } = this.#options;
    const found = this.#internally((run) => linesOfUsers(this.#plan, configurationFile, run));
    for (const name of found.elsewhere) {
      this.log.warning(`CONFIG REWRITE: user ${name} is not declared in that file and left out`);
    }
    return found.lines;
  }

  /** Runs commands on a session of the host's own. */
  #internally<Result>(work: (run: Run) => Result): Result {
    return runInternally(this.#sessions, work);
  }
}

/** Without a `bind` only this machine is served, as the packaged configurations of Redis say. */
const DEFAULTS = { bind: ["127.0.0.1", "-::1"] };
/** What a server does that keeps its data. */
const KEPT_DEFAULTS = {
  appendonly: ["yes"],
  save: ["3600", "1", "300", "100", "60", "10000"],
};

function givenDirectives(options: ServerOptions): Directive[] {
  const simple = Object.entries(options.configuration ?? {}).map(([name, value]) =>
    directiveOf(name, Array.isArray(value) ? value.map(String) : [String(value)]),
  );
  const given = [...simple, ...(options.directives ?? [])];
  const isGiven = (name: string) => given.some((directive) => directive.name === name);
  const isKept = !options.memory && !isGiven("memory");
  const defaults = isKept ? { ...DEFAULTS, ...KEPT_DEFAULTS } : DEFAULTS;
  const missing = Object.entries(defaults).filter(([name]) => !isGiven(name));
  return [...missing.map(([name, values]) => directiveOf(name, values)), ...given];
}

function directiveOf(name: string, values: readonly string[]): Directive {
  const latin1 = values.map(toLatin1);
  const origin = { file: undefined, line: 0, text: toLatin1(`${name} ${values.join(" ")}`) };
  return { name: name.toLowerCase(), values: latin1, origin };
}

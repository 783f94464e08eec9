/** `quiredb`: reads the command line, serves until told to stop, and answers with an exit code. */
import { resolve } from "node:path";
import { explain as explainFile } from "../shared/reason.js";
import { type Arguments, HELP_TEXT, readArguments, readStandardInput } from "./arguments.js";
import { runCheck } from "./check.js";
import { runCli } from "./cli.js";
import { readConfigurationFile } from "./configuration.js";
import {
  ConfigurationError,
  type Directive,
  expandInclude,
  parseConfiguration,
  reasonOf,
} from "./directives.js";
import { ListenError } from "./listener.js";
import { packageVersion } from "./module.js";
import { type RunningServer, type ServerOptions, startServer, transferData } from "./server.js";
import { takeTransfer } from "./transfer.js";
import { formatHost } from "./transport.js";

const EXIT_OK = 0;
const EXIT_FAILURE = 1;
/** EX_SOFTWARE of sysexits: the engine has trapped. */
const EXIT_TRAP = 70;

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "cli") return runCli(args.slice(1));
  if (args[0] === "check") {
    return runCheck(args.slice(1), (line) => void process.stdout.write(line));
  }
  const version = packageVersion();
  const given = readArguments(args);
  if (given.help) process.stdout.write(HELP_TEXT);
  if (given.version) process.stdout.write(`Quire v=${version}\n`);
  if (given.help || given.version) return EXIT_OK;
  if (given.error !== undefined) return fail(given.error);
  try {
    const { transfer, skipUnknown } = takeTransfer(given);
    const options = { ...(await readOptions(given, version)), importSkip: skipUnknown };
    if (transfer === undefined) return await serve(await startServer(options));
    await transferData(options, transfer);
    return EXIT_OK;
  } catch (cause) {
    return fail(explain(cause));
  }
}

async function readOptions(given: Arguments, version: string): Promise<ServerOptions> {
  const directives: Directive[] = [];
  const file = given.file === undefined ? undefined : resolve(given.file);
  if (given.file !== undefined && file !== undefined) directives.push(...readFile(file, version));
  if (given.stdin) {
    const text = await readStandardInput();
    directives.push(...parseConfiguration(text, "from standard input", version));
  }
  directives.push(...given.directives.flatMap((each) => expandInclude(each, version)));
  const print = (line: string) => void process.stdout.write(line);
  return { directives, print, ...(file !== undefined && { configurationFile: file }) };
}

function readFile(path: string, version: string): Directive[] {
  try {
    return readConfigurationFile(path, version);
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    throw new Error(`Fatal error, can't open config file '${path}': ${reasonOf(cause)}`);
  }
}

async function serve(server: RunningServer): Promise<number> {
  let stopping = false;
  // As redis-server: the end of the terminal is not the end of the server.
  if (process.platform !== "win32") process.on("SIGHUP", () => {});
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(EXIT_FAILURE);
      stopping = true;
      server.log.warning(`Received ${signal}, shutting down...`);
      void server.shutdown(`shutdown-on-${signal.toLowerCase()}`).then((stops) => {
        stopping = stops;
      });
    });
  }
  process.stdout.write(`Ready on ${readyOn(server)}\n`);
  server.log.release();
  if (server.tlsPort !== 0) server.log.notice(`TLS connections on port ${server.tlsPort}`);
  if (server.metricsPort !== 0) server.log.notice(`Metrics on port ${server.metricsPort}`);
  server.log.notice(`Quire ${packageVersion()} is ready to accept connections`);
  const trap = await server.stopped;
  if (trap !== undefined) return EXIT_TRAP;
  server.log.warning("Quire is now ready to exit, bye bye...");
  return EXIT_OK;
}

function readyOn(server: RunningServer): string {
  const { port, tlsPort } = server;
  if (port !== 0) return `${formatHost(server.host)}:${port}`;
  if (tlsPort !== 0) return `${formatHost(server.host)}:${tlsPort} (TLS)`;
  return server.unixSocket === "" ? "no address (port 0, no unixsocket)" : server.unixSocket;
}

function explain(cause: unknown): string {
  if (cause instanceof ConfigurationError) return cause.message;
  if (cause instanceof ListenError && cause.code === "EADDRINUSE") {
    return `Could not listen on ${cause.message}; \`--port auto\` takes a free port`;
  }
  if (cause instanceof ListenError) return `Could not listen on ${cause.message}`;
  return explainFile(cause);
}

function fail(text: string): number {
  process.stderr.write(`${text}\n`);
  return EXIT_FAILURE;
}

// Nobody reads the output any more: no reason to stop serving.
process.stdout.on("error", () => {});
const code = await main(process.argv.slice(2));
// Whatever is still open (a client that takes no output) must not keep the process.
process.stdout.write("", () => process.exit(code));

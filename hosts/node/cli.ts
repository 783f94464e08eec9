/** `quiredb cli`: one command, commands from standard input, or a prompt. */
import { createInterface } from "node:readline";
import { readStandardInput, toLatin1 } from "./arguments.js";
import { CliClient, type ClientOptions } from "./cli-client.js";
import type { TlsTarget } from "./cli-connection.js";
import { runInteractive } from "./cli-interactive.js";
import { splitArguments } from "./quoting.js";

const USAGE = `Usage: quiredb cli [options] [command [argument ...]]
  -h <host>      server (127.0.0.1)
  -p <port>      port (6379)
  -s <path>      Unix socket, instead of host and port
  -a <password>  password; the variable REDISCLI_AUTH does the same unseen
  --user <name>  user that the password belongs to
  -n <number>    database
  -3             speak RESP3
  --tls          speak TLS; with these:
  --cacert <file>, --cert <file>, --key <file>
                 certificates to trust, the client's own certificate and its key
  --insecure     trust any certificate
  --sni <name>   the name to ask the server for
  -x             read the last argument from standard input
  --raw          print replies as they are (so when the output is no terminal)
  --no-raw       print replies for people
Without a command: a prompt, or the lines of standard input.
`;

interface CliArguments extends ClientOptions {
  help: boolean;
  secure: TlsArguments;
  lastFromStdin: boolean;
  command: string[];
  error: string | undefined;
}

/** The options of TLS, wherever they stand; they count with --tls. */
interface TlsArguments extends TlsTarget {
  on: boolean;
}

type Option = (result: CliArguments, value: string) => void;

const WITH_VALUE: Record<string, Option> = {
  "-h": (result, value) => {
    result.host = value;
  },
  "-p": (result, value) => {
    result.port = Number(value);
    if (!/^\d+$/.test(value) || result.port > 65535) result.error = "Invalid server port.";
  },
  "-s": (result, value) => {
    result.path = value;
  },
  "-a": (result, value) => {
    result.password = value;
  },
  "--pass": (result, value) => {
    result.password = value;
  },
  "--user": (result, value) => {
    result.user = value;
  },
  "-n": (result, value) => {
    result.database = Number(value);
    if (!/^\d+$/.test(value)) result.error = "Invalid database number.";
  },
  "--cacert": (result, value) => {
    result.secure.caFile = value;
  },
  "--cert": (result, value) => {
    result.secure.certFile = value;
  },
  "--key": (result, value) => {
    result.secure.keyFile = value;
  },
  "--sni": (result, value) => {
    result.secure.serverName = value;
  },
};

const WITHOUT_VALUE: Record<string, (result: CliArguments) => void> = {
  "-3": (result) => {
    result.resp3 = true;
  },
  "--tls": (result) => {
    result.secure.on = true;
  },
  "--insecure": (result) => {
    result.secure.insecure = true;
  },
  "-x": (result) => {
    result.lastFromStdin = true;
  },
  "--raw": (result) => {
    result.raw = true;
  },
  "--no-raw": (result) => {
    result.raw = false;
  },
  "--no-auth-warning": () => {},
  "--help": (result) => {
    result.help = true;
  },
};

export function readCliArguments(args: readonly string[], isTerminal: boolean): CliArguments {
  const result: CliArguments = {
    host: "127.0.0.1",
    port: 6379,
    path: undefined,
    user: undefined,
    password: process.env.REDISCLI_AUTH,
    database: 0,
    resp3: false,
    raw: !isTerminal,
    help: false,
    secure: {
      on: false,
      caFile: undefined,
      certFile: undefined,
      keyFile: undefined,
      insecure: false,
      serverName: undefined,
    },
    lastFromStdin: false,
    command: [],
    error: undefined,
  };
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] as string;
    const simple = WITHOUT_VALUE[argument];
    const valued = WITH_VALUE[argument];
    if (simple !== undefined) {
      simple(result);
    } else if (valued !== undefined && i + 1 < args.length) {
      valued(result, args[++i] as string);
    } else if (argument === "-h") {
      result.help = true;
    } else if (argument.startsWith("-")) {
      result.error ??= `Unrecognized option or bad number of args for: '${argument}'`;
    } else {
      result.command = args.slice(i).map(toLatin1);
      break;
    }
  }
  if (result.secure.on) result.tls = result.secure;
  return result;
}

export async function runCli(args: readonly string[]): Promise<number> {
  const given = readCliArguments(args, process.stdout.isTTY === true);
  if (given.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (given.error !== undefined) {
    process.stderr.write(`${given.error}\n`);
    return 1;
  }
  const client = new CliClient(given);
  try {
    if (given.command.length > 0) return await runOnce(client, given);
    return process.stdin.isTTY ? await runInteractive(client) : await runLines(client);
  } finally {
    client.close();
  }
}

async function runOnce(client: CliClient, given: CliArguments): Promise<number> {
  const words = [...given.command];
  if (given.lastFromStdin) words.push(await readStandardInput());
  return (await client.runAndPrint(words)) ? 0 : 1;
}

/** Runs the lines of standard input, one after another. */
async function runLines(client: CliClient): Promise<number> {
  let code = 0;
  for await (const line of createInterface({ input: process.stdin })) {
    const words = splitArguments(Buffer.from(line, "utf8").toString("latin1"));
    if (words === undefined) process.stdout.write("Invalid argument(s)\n");
    if (words === undefined || words.length === 0) continue;
    if (!(await client.runAndPrint(words))) code = 1;
  }
  return code;
}

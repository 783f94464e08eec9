/** The command line, in redis-server's grammar. */
import type { Directive } from "./directives.js";

export interface Arguments {
  help: boolean;
  version: boolean;
  /** The configuration file; undefined without one. */
  file: string | undefined;
  /** More configuration comes from standard input. */
  stdin: boolean;
  directives: Directive[];
  /** Why the line cannot be read. */
  error: string | undefined;
}

const HELP = ["-h", "--help"];
const VERSION = ["-v", "--version"];

/**
 * Reads `[/path/quire.conf] [--directive value ...] [-]`. A value may start with "--" only when it
 * is the first one of its directive and is not a directive's name; so `--save "" --port 1` works.
 */
export function readArguments(args: readonly string[]): Arguments {
  const result: Arguments = {
    help: args.length === 1 && HELP.includes(args[0] as string),
    version: args.length === 1 && VERSION.includes(args[0] as string),
    file: undefined,
    stdin: false,
    directives: [],
    error: undefined,
  };
  if (result.help || result.version) return result;
  let current: Directive | undefined;
  args.forEach((argument, index) => {
    if (index === 0 && !argument.startsWith("-")) {
      result.file = argument;
    } else if (argument === "-") {
      result.stdin = true;
    } else if (argument.startsWith("--") && argument.length > 2) {
      current = startDirective(argument.slice(2));
      result.directives.push(current);
    } else if (current === undefined) {
      result.error ??= `${argument}: a directive starts with "--"`;
    } else {
      current.values.push(toLatin1(argument));
      current.origin.text += ` "${toLatin1(argument)}"`;
    }
  });
  return result;
}

function startDirective(name: string): Directive {
  const origin = { file: undefined, line: 0, text: toLatin1(name) };
  return { name: name.toLowerCase(), values: [], origin };
}

export function toLatin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** All of standard input, in latin1. Not by file number: that fails where it does not block. */
export async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

export const HELP_TEXT = `Usage: quiredb [/path/to/quire.conf] [options] [-]
       quiredb - (read the configuration from standard input)
       quiredb cli [-h host] [-p port] [command ...]
       quiredb check [--fix] FILE ...
       quiredb -v or --version
       quiredb -h or --help

Options are directives of a configuration file, as redis-server takes them:
       quiredb                                  serve on port 6379 with the defaults
       quiredb --port 7000 --requirepass secret
       quiredb --port auto                      take a free port and print it
       quiredb --dir /srv/quire                 keep the data there, not in ./data
       quiredb --memory                         keep nothing
       quiredb --engine-memory 512mb            never use more memory than this
       quiredb --dir data --import dump.rdb     bring in a file of Redis, then exit;
                                                --force replaces data that is there,
                                                --import-skip leaves out unknown types
       quiredb --dir data --export dump.rdb     write the data as a file of Redis, then exit
       quiredb /etc/redis/redis.conf --loglevel verbose
`;

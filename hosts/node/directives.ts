/**
 * The text of a configuration: lines, quoting and `include`, as redis-server reads them.
 *
 * Texts are handled as latin1, one character per byte, so that any byte survives; file names are
 * turned back into UTF-8 where they are used.
 */
import { readFileSync } from "node:fs";
import { reasonOf } from "../shared/reason.js";
import { expandPattern } from "./patterns.js";
import { splitArguments } from "./quoting.js";

export { reasonOf };

export interface Directive {
  /** In lower case. */
  name: string;
  /** Each value in latin1. */
  values: string[];
  /** Where it stood: a file with a line, or the command line. */
  origin: Origin;
}

export interface Origin {
  file: string | undefined;
  line: number;
  text: string;
}

/** A configuration that cannot be used; the message is complete and has several lines. */
export class ConfigurationError extends Error {
  constructor(origin: Origin, reason: string, version: string) {
    const place =
      origin.file === undefined
        ? "Reading the command line"
        : `Reading the configuration file ${origin.file}, at line ${origin.line}`;
    super(
      `\n*** FATAL CONFIG FILE ERROR (Quire ${version}) ***\n${place}\n` +
        `>>> '${fromLatin1(origin.text)}'\n${reason}`,
    );
    this.name = "ConfigurationError";
  }
}

export function fromLatin1(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

/** Reads the lines of a text; `include` brings in files at its place. */
export function parseConfiguration(
  text: string,
  file: string,
  version: string,
  depth = 0,
): Directive[] {
  const directives: Directive[] = [];
  text.split("\n").forEach((raw, index) => {
    const line = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    if (line === "" || line.startsWith("#")) return;
    const origin = { file, line: index + 1, text: line };
    const parts = splitArguments(line);
    if (parts === undefined) {
      throw new ConfigurationError(origin, "Unbalanced quotes in configuration line", version);
    }
    const [name = "", ...values] = parts;
    const directive = { name: name.toLowerCase(), values, origin };
    directives.push(...expandInclude(directive, version, depth));
  });
  return directives;
}

/** The directive itself, or what an `include` brings in. */
export function expandInclude(directive: Directive, version: string, depth = 0): Directive[] {
  const { name, values, origin } = directive;
  if (name !== "include") return [directive];
  if (values.length !== 1) {
    throw new ConfigurationError(origin, "wrong number of arguments", version);
  }
  return include(fromLatin1(values[0] as string), origin, version, depth);
}

function include(pattern: string, origin: Origin, version: string, depth: number): Directive[] {
  if (depth >= 16) throw new ConfigurationError(origin, "include is nested too deeply", version);
  return expandPattern(pattern).flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, "latin1");
    } catch (cause) {
      const reason = `Can't open config file '${path}': ${reasonOf(cause)}`;
      throw new ConfigurationError(origin, reason, version);
    }
    return parseConfiguration(text, path, version, depth + 1);
  });
}

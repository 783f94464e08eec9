/**
 * The text of a configuration: lines, quoting and `include`, as redis-server reads them.
 *
 * Texts are handled as latin1, one character per byte, so that any byte survives; file names are
 * turned back into UTF-8 where they are used.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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

const ESCAPES: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
const BLANK = /[ \t\n\v\f\r]/;

/** Splits a line into arguments; undefined when its quotes do not balance. */
export function splitArguments(line: string): string[] | undefined {
  const parts: string[] = [];
  let at = 0;
  while (at < line.length) {
    if (BLANK.test(line[at] as string)) {
      at++;
      continue;
    }
    const part = readArgument(line, at);
    if (part === undefined) return undefined;
    parts.push(part.text);
    at = part.end;
  }
  return parts;
}

function readArgument(line: string, start: number): { text: string; end: number } | undefined {
  let text = "";
  let at = start;
  while (at < line.length) {
    const character = line[at] as string;
    if (BLANK.test(character) || character === "\0") break;
    if (character === '"' || character === "'") {
      const quoted = character === '"' ? readDouble(line, at + 1) : readSingle(line, at + 1);
      if (quoted === undefined) return undefined;
      if (quoted.end < line.length && !BLANK.test(line[quoted.end] as string)) return undefined;
      return { text: text + quoted.text, end: quoted.end };
    }
    text += character;
    at++;
  }
  return { text, end: at === start ? at + 1 : at };
}

function readDouble(line: string, start: number): { text: string; end: number } | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const character = line[at] as string;
    if (character === '"') return { text, end: at + 1 };
    if (character !== "\\" || at + 1 >= line.length) {
      text += character;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
    if (hex !== null) {
      text += String.fromCharCode(Number.parseInt(hex[1] as string, 16));
      at += 3;
    } else {
      const escaped = line[++at] as string;
      text += ESCAPES[escaped] ?? escaped;
    }
  }
  return undefined;
}

function readSingle(line: string, start: number): { text: string; end: number } | undefined {
  let text = "";
  for (let at = start; at < line.length; at++) {
    const character = line[at] as string;
    if (character === "'") return { text, end: at + 1 };
    if (character === "\\" && line[at + 1] === "'") at++;
    text += line[at];
  }
  return undefined;
}

/** Quotes an argument so that `splitArguments` gives it back. */
export function quoteArgument(text: string): string {
  if (text !== "" && /^[!#-&(-[\]-~]+$/.test(text)) return text;
  const escaped = text.replace(/[^ !#-[\]-~]/g, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    const name = Object.keys(ESCAPES).find((key) => ESCAPES[key] === character);
    if (name !== undefined) return `\\${name}`;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
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
    if (name.toLowerCase() !== "include") {
      directives.push({ name: name.toLowerCase(), values, origin });
    } else if (values.length !== 1) {
      throw new ConfigurationError(origin, "wrong number of arguments", version);
    } else {
      directives.push(...include(fromLatin1(values[0] as string), origin, version, depth));
    }
  });
  return directives;
}

function include(pattern: string, origin: Origin, version: string, depth: number): Directive[] {
  if (depth >= 16) throw new ConfigurationError(origin, "include is nested too deeply", version);
  return expandPattern(pattern).flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, "latin1");
    } catch (cause) {
      const reason = `Can't open config file '${path}': ${(cause as Error).message}`;
      throw new ConfigurationError(origin, reason, version);
    }
    return parseConfiguration(text, path, version, depth + 1);
  });
}

/** Files that a pattern names, in order; a pattern without wildcards is the file itself. */
function expandPattern(pattern: string): string[] {
  if (!/[*?[]/.test(pattern)) return [pattern];
  const absolute = /^([A-Za-z]:)?[\\/]/.exec(pattern)?.[0] ?? "";
  let found = [absolute];
  for (const part of pattern.slice(absolute.length).split(/[\\/]/)) {
    found = found.flatMap((base) => expandPart(base, part));
  }
  return found.sort();
}

function expandPart(base: string, part: string): string[] {
  if (!/[*?[]/.test(part)) return [base === "" ? part : join(base, part)];
  const matches = wildcard(part);
  try {
    return readdirSync(base === "" ? "." : base)
      .filter((name) => (part.startsWith(".") || !name.startsWith(".")) && matches.test(name))
      .map((name) => join(base, name));
  } catch {
    return [];
  }
}

function wildcard(part: string): RegExp {
  const source = part.replace(/\[!?[^\]]*\]|[.+^${}()|\\*?]/g, (piece) => {
    if (piece === "*") return ".*";
    if (piece === "?") return ".";
    if (piece.startsWith("[")) return piece.replace("[!", "[^");
    return `\\${piece}`;
  });
  return new RegExp(`^${source}$`);
}

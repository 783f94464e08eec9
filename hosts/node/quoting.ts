/**
 * Quoting as in configuration files and on the command line of a client: words, "..." with escapes,
 * '...'. Texts are latin1, one character per byte.
 */

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

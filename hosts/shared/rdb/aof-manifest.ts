/**
 * The manifest of Redis's append-only files: one line a file, of names and values.
 *
 *   file appendonly.aof.1.base.rdb seq 1 type b
 *   file appendonly.aof.1.incr.aof seq 1 type i
 *
 * Type b is the base, i an increment, h what is to be removed.
 */
import { FileError } from "./cursor.js";

export interface AofFiles {
  base: string | undefined;
  increments: string[];
}

/** Files in the order in which they are loaded; throws when that cannot be told. */
export function parseAofManifest(name: string, bytes: Uint8Array): AofFiles {
  const files: AofFiles = { base: undefined, increments: [] };
  let sequence = 0;
  let offset = 0;
  const fail = (reason: string): never => {
    throw new FileError(name, offset, reason);
  };
  for (const line of new TextDecoder().decode(bytes).split("\n")) {
    const words = splitWords(line);
    if (words.length > 0 && !line.startsWith("#")) {
      const fields = new Map<string, string>();
      for (let i = 0; i + 1 < words.length; i += 2) fields.set(words[i] ?? "", words[i + 1] ?? "");
      const file = fields.get("file") ?? "";
      if (!/^[^/\\]+$/.test(file)) fail("this line names no file");
      const type = fields.get("type");
      if (type === "b" && files.base !== undefined) fail("this is a second base file");
      if (type === "b") files.base = file;
      else if (type === "i") {
        const next = Number(fields.get("seq"));
        if (!(next > sequence)) fail("this increment is not in order");
        sequence = next;
        files.increments.push(file);
      } else if (type !== "h") fail(`"${type}" is no type of a file`);
    }
    offset += new TextEncoder().encode(line).length + 1;
  }
  offset = 0;
  if (files.base === undefined && files.increments.length === 0) fail("it names no files");
  return files;
}

/** Words, of which some are quoted. */
function splitWords(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
  return words.map((word) => {
    if (!word.startsWith('"')) return word;
    return word.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
      if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
      return { n: "\n", r: "\r", t: "\t" }[code] ?? code;
    });
  });
}

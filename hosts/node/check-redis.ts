/** What files of Redis hold: RDB files, append-only files, manifests of these. */
import { dirname, join } from "node:path";
import { parseAofManifest } from "../shared/rdb/aof-manifest.js";
import { AofWalker } from "../shared/rdb/aof-walker.js";
import { FileError, type FileSource } from "../shared/rdb/cursor.js";
import { canRestore, typeName } from "../shared/rdb/format.js";
import { kindOf } from "../shared/rdb/import.js";
import { RdbWalker } from "../shared/rdb/walker.js";
import type { Finding } from "./check.js";
import { PathSource } from "./files.js";

export function checkRedisFile(path: string): Finding {
  const source = new PathSource(path);
  try {
    const kind = kindOf(source);
    if (kind === "manifest") return checkManifest(path, source);
    if (kind === "aof") return checkCommands(path, source, 0, "append-only file");
    const { text, end } = checkRdb(source);
    if (end === source.bytes) return { text };
    const next = new Uint8Array(1);
    source.read(end, next);
    if (next[0] === 42 || next[0] === 35) return checkCommands(path, source, end, text);
    throw new FileError(source.name, end, `${source.bytes - end} bytes stand behind its end`);
  } finally {
    source.close();
  }
}

function checkRdb(source: FileSource): { text: string; end: number } {
  const walker = new RdbWalker(source);
  const databases = new Set<number>();
  const unknown = new Map<string, number>();
  let expiring = 0;
  for (let key = walker.next(); key !== undefined; key = walker.next()) {
    databases.add(key.database);
    if (key.expiryMs !== undefined) expiring++;
    if (!canRestore(key.type)) {
      unknown.set(typeName(key.type), (unknown.get(typeName(key.type)) ?? 0) + 1);
    }
  }
  const maker = walker.isValkey ? "Valkey" : "Redis";
  const release = walker.aux.get("valkey-ver") ?? walker.aux.get("redis-ver");
  const parts = [
    `RDB version ${walker.version} of ${maker}${release === undefined ? "" : ` ${release}`}`,
    `${walker.keys} keys in ${databases.size} databases, ${expiring} of them expire`,
  ];
  if (walker.functions > 0) parts.push(`${walker.functions} libraries of functions`);
  for (const [name, count] of unknown) parts.push(`${count} keys of ${name}, not known here`);
  parts.push(walker.isChecked ? "the checksum fits" : "no checksum");
  return { text: parts.join(", "), end: walker.file.offset };
}

function checkCommands(path: string, source: FileSource, offset: number, text: string): Finding {
  const walker = new AofWalker(source, offset);
  const found = () => `${text}, ${walker.commands} commands`;
  try {
    while (walker.next() !== undefined);
    return { text: found() };
  } catch (cause) {
    if (!(cause instanceof FileError) || !cause.reason.startsWith("the file ends")) throw cause;
    const at = walker.wholeBytes;
    return { text: found(), torn: { path, at, bytes: source.bytes - at } };
  }
}

function checkManifest(path: string, source: FileSource): Finding {
  const bytes = new Uint8Array(source.bytes);
  source.read(0, bytes);
  const { base, increments } = parseAofManifest(source.name, bytes);
  const names = base === undefined ? increments : [base, ...increments];
  const texts: string[] = [];
  for (const name of names) {
    const { text, torn } = checkRedisFile(join(dirname(path), name));
    texts.push(`${name}: ${text}`);
    if (torn === undefined) continue;
    if (name === names.at(-1)) return { text: texts.join("; "), torn };
    throw new FileError(torn.path, torn.at, `its last ${torn.bytes} bytes are torn`);
  }
  return { text: `manifest; ${texts.join("; ")}` };
}

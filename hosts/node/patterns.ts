/** Files named with wildcards, as `include` takes them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Files that a pattern names, in order; a pattern without wildcards is the file itself. */
export function expandPattern(pattern: string): string[] {
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

/** What a test needs and a machine may lack. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const named = new Set<string>();

/** The path of a program on the PATH, or undefined. */
export function findBinary(name: string): string | undefined {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ""] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (folder !== "" && isExecutable(path)) return path;
    }
  }
  return undefined;
}

/**
 * Whether a program is there. When it is not, says so in one line that tells how to get it; under
 * CI=true that is an error. Use: `describe.skipIf(!requireBinary("redis-cli", "..."))`.
 */
export function requireBinary(name: string, howToGetIt: string): boolean {
  if (findBinary(name)) return true;
  const line = `needs ${name}, which is not on the PATH: ${howToGetIt}`;
  if (process.env.CI === "true") throw new Error(line);
  if (!named.has(name)) process.stderr.write(`skipped: ${line}\n`);
  named.add(name);
  return false;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Lists files. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Absolute paths of all files below a folder, in order; none when it does not exist. */
export function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

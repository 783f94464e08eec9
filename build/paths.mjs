/** Where things are: absolute paths of the repository and of what the build writes. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const dist = join(root, "dist");
export const enginePath = join(dist, "engine.wasm");
export const cowEnginePath = join(dist, "engine.cow.wasm");

/** Absolute path of a file named relative to the repository. */
export function inRoot(...parts) {
  return join(root, ...parts);
}

/** Path of a package's file, for running its command line with this same Node. */
export function packageFile(...parts) {
  return join(root, "node_modules", ...parts);
}

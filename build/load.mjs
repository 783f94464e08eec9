/** Bundles a TypeScript file of the repository and imports it. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { inRoot, root } from "./paths.mjs";

/** Below the repository, so that bundles find the packages. */
const folder = inRoot(".tmp", `bundles-${process.pid}`);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/**
 * @param {string} path TypeScript file, relative to the repository or absolute
 * @param {string} name of the bundle
 */
export async function loadTypeScript(path, name) {
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${name}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [path],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  if (!existsSync(outfile)) throw new Error(`${path} was not bundled`);
  return import(pathToFileURL(outfile).href);
}

/**
 * `npm run build`: the engine's two modules, the bundles and their types, into dist/.
 *
 * `--force` compiles the engine even when nothing changed; `--quiet` prints errors only;
 * `--no-types` leaves the declarations out.
 */
import { mkdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { buildEngine } from "./compile.mjs";
import { bundleHosts, emitTypes } from "./package.mjs";
import { dist } from "./paths.mjs";

/**
 * @param {(line: string) => void} log
 * @param {{force?: boolean, types?: boolean}} options types: false leaves the declarations out
 */
export async function buildAll(log, { force = false, types = true } = {}) {
  mkdirSync(dist, { recursive: true });
  await buildEngine(log, { force });
  await bundleHosts(log);
  if (types) await emitTypes(log);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const parameters = process.argv.slice(2);
  const log = parameters.includes("--quiet") ? () => {} : console.log;
  try {
    const types = !parameters.includes("--no-types");
    await buildAll(log, { force: parameters.includes("--force"), types });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** Makes the JavaScript that is published: bundles of the hosts, and their type declarations. */
import { chmodSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { timed } from "./compile.mjs";
import { dist, inRoot, packageFile, root } from "./paths.mjs";
import { run } from "./run.mjs";

const BUNDLES = [
  { source: "hosts/node/index.ts", output: "index.js" },
  { source: "hosts/node/server.ts", output: "server.js" },
  { source: "hosts/node/main.ts", output: "quiredb.js", executable: true },
];

const INTERPRETER_LINE = "#!/usr/bin/env node";

/** Bundles what exists; a part without a source yet is skipped with a line. */
export async function bundleHosts(log) {
  for (const { source, output, executable = false } of BUNDLES) {
    if (!existsSync(inRoot(source))) {
      log(`${output}: skipped, ${source} does not exist yet`);
      continue;
    }
    await timed(log, output, () => bundle(source, join(dist, output), executable));
  }
}

async function bundle(source, outfile, executable) {
  await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    legalComments: "none",
    logLevel: "warning",
    banner: executable && !hasInterpreterLine(source) ? { js: INTERPRETER_LINE } : {},
  });
  if (executable) chmodSync(outfile, 0o755);
}

/** esbuild keeps the line where the source has one. */
function hasInterpreterLine(source) {
  return readFileSync(inRoot(source), "utf8").startsWith("#!");
}

/** Emits dist/types for the entries that the package exports. */
export async function emitTypes(log) {
  if (!existsSync(inRoot("hosts/node/index.ts"))) {
    log("types: skipped, hosts/node/index.ts does not exist yet");
    return;
  }
  rmSync(join(dist, "types"), { recursive: true, force: true });
  await timed(log, "types", async () => {
    const tsc = packageFile("typescript", "bin", "tsc");
    const { code, output } = await run(tsc, ["-p", inRoot("build", "tsconfig.types.json")]);
    if (code !== 0) throw new Error(`tsc: declarations failed\n${output}`);
  });
}

/**
 * Makes dist/engine.wasm and dist/engine.cow.wasm from assembly/, when anything they depend on has
 * changed since the last time.
 *
 * Steps: asc with the release target of asconfig.json; the static data must lie inside the module
 * region; the write-barrier pass; the scan of what it made; the comparison of the two builds.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { loadAbi } from "./abi.mjs";
import { filesUnder } from "./files.mjs";
import { cowEnginePath, dist, enginePath, inRoot, root } from "./paths.mjs";
import { staticData } from "./static-data.mjs";

const INPUTS_FILE = join(dist, "engine.inputs");

/** Files besides assembly/ on which the modules depend. */
const BUILD_FILES = [
  "asconfig.json",
  "build/barrier.mjs",
  "build/expressions.mjs",
  "build/scan.mjs",
  "build/sections.mjs",
  "build/static-data.mjs",
  "build/stretches.mjs",
  "build/wasm-reader.mjs",
  "node_modules/assemblyscript/package.json",
  "node_modules/binaryen/package.json",
];

/**
 * Brings both modules up to date.
 *
 * @param {(line: string) => void} log
 * @param {{force?: boolean}} options
 * @returns {Promise<"missing" | "unchanged" | "built">}
 */
export async function buildEngine(log, { force = false } = {}) {
  if (!existsSync(inRoot("assembly", "index.ts"))) {
    log("engine: skipped, assembly/index.ts does not exist yet");
    return "missing";
  }
  const inputs = hashOfInputs();
  if (!force && isUpToDate(inputs)) {
    log("engine: unchanged");
    return "unchanged";
  }
  mkdirSync(dist, { recursive: true });
  const abi = await loadAbi();
  await timed(log, "engine.wasm", () => compile(log));
  const engine = readFileSync(enginePath);
  const { start, end } = staticData(engine, abi);
  log(`  static data ${start.toString(16)}..${end.toString(16)}, ${engine.length} bytes`);
  await timed(log, "engine.cow.wasm", async () => {
    writeFileSync(cowEnginePath, await guarded(engine, abi));
  });
  log(`  ${readFileSync(cowEnginePath).length} bytes`);
  writeFileSync(INPUTS_FILE, inputs);
  return "built";
}

/** Runs asc; throws with its messages when it fails, and passes its warnings on. */
async function compile(log) {
  const { default: asc } = await import("assemblyscript/asc");
  const output = asc.createMemoryStream();
  const previous = process.cwd();
  process.chdir(root);
  try {
    const options = ["--target", "release"];
    const { error } = await asc.main(options, { stdout: output, stderr: output });
    if (error) throw new Error(`asc: ${error.message}\n${output.toString()}`);
    if (output.toString().includes("WARNING")) log(output.toString());
  } finally {
    process.chdir(previous);
  }
}

/** The second module, proved guarded. */
async function guarded(engine, abi) {
  const { addWriteBarrier } = await import("./barrier.mjs");
  const { compareBuilds, scanWrites } = await import("./scan.mjs");
  const cowEngine = addWriteBarrier(engine, abi);
  const { unguarded } = scanWrites(cowEngine, abi);
  const problems = [...unguarded, ...compareBuilds(engine, cowEngine)];
  if (problems.length > 0) throw new Error(`scan: ${problems.slice(0, 20).join("\nscan: ")}`);
  return cowEngine;
}

/** Does a step and says how long it took. */
export async function timed(log, name, step) {
  const start = performance.now();
  const result = await step();
  log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return result;
}

function isUpToDate(inputs) {
  const outputs = [INPUTS_FILE, enginePath, cowEnginePath];
  return outputs.every((path) => existsSync(path)) && readFileSync(INPUTS_FILE, "utf8") === inputs;
}

function hashOfInputs() {
  const hash = createHash("sha256");
  const assembly = filesUnder(inRoot("assembly")).filter((path) => path.endsWith(".ts"));
  const files = [...assembly, ...BUILD_FILES.map((name) => inRoot(name))];
  for (const path of files) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  }
  return hash.digest("hex");
}

/**
 * `npm run fuzz -- [--seconds S] [--seed N] [name ...]`: runs the fuzzers of test/fuzz, one after
 * another, each for S seconds (60). A fuzzer exports `async function fuzz({ seed, seconds, log })`
 * and throws when it finds something; the seed that is printed repeats the run.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { buildAll } from "./build.mjs";
import { filesUnder } from "./files.mjs";
import { inRoot, root } from "./paths.mjs";
import { close, runSuite, Summary } from "./summary.mjs";

/** Below the repository, so that bundles find the packages. */
const folder = inRoot(".tmp", `fuzz-${process.pid}`);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  console.error("fuzz: --seconds takes a positive number and --seed an integer");
  process.exit(1);
}

const summary = new Summary();
await buildAll(console.log, { types: false });
mkdirSync(folder, { recursive: true });
for (const path of fuzzers()) {
  const name = basename(path).replace(/\.fuzz\.(ts|mjs)$/, "");
  console.log(`fuzz ${name}: --seed ${seed} --seconds ${seconds}`);
  await runSuite(summary, name, async () => {
    const { fuzz } = await load(path, name);
    await fuzz({ seed, seconds, log: console.log });
    return { passed: 1 };
  });
}
rmSync(folder, { recursive: true, force: true });
close(summary);

function fuzzers() {
  const all = filesUnder(inRoot("test", "fuzz")).filter((path) => /\.fuzz\.(ts|mjs)$/.test(path));
  const chosen = all.filter(
    (path) => positionals.length === 0 || positionals.some((name) => basename(path).includes(name)),
  );
  if (chosen.length === 0) console.error("fuzz: no fuzzer of that name in test/fuzz");
  return chosen;
}

async function load(path, name) {
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
  if (!existsSync(outfile)) throw new Error(`fuzz: ${name} was not bundled`);
  return import(pathToFileURL(outfile).href);
}

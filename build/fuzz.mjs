/**
 * `npm run fuzz -- [--seconds S] [--seed N] [name ...]`: runs the fuzzers of test/fuzz, one after
 * another, each for S seconds (60). A fuzzer exports `async function fuzz({ seed, seconds, log })`
 * and throws when it finds something; the seed that is printed repeats the run.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { buildAll } from "./build.mjs";
import { filesUnder } from "./files.mjs";
import { loadTypeScript } from "./load.mjs";
import { inRoot } from "./paths.mjs";
import { close, runSuite, Summary } from "./summary.mjs";

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
for (const path of fuzzers()) {
  const name = basename(path).replace(/\.fuzz\.(ts|mjs)$/, "");
  console.log(`fuzz ${name}: --seed ${seed} --seconds ${seconds}`);
  await runSuite(summary, name, async () => {
    const { fuzz } = await loadTypeScript(path, name);
    await fuzz({ seed, seconds, log: console.log });
    return { passed: 1 };
  });
}
close(summary);

function fuzzers() {
  const all = filesUnder(inRoot("test", "fuzz")).filter((path) => /\.fuzz\.(ts|mjs)$/.test(path));
  const chosen = all.filter(
    (path) => positionals.length === 0 || positionals.some((name) => basename(path).includes(name)),
  );
  if (chosen.length === 0) console.error("fuzz: no fuzzer of that name in test/fuzz");
  return chosen;
}

/**
 * `npm run check`: type checks of both sides, lint and format, and the tidy test, which needs the
 * built engine. Each check counts as one; tidy counts its tests. Closes with the sums.
 */
import { buildEngine } from "./compile.mjs";
import { packageFile } from "./paths.mjs";
import { run } from "./run.mjs";
import { vitest } from "./suites.mjs";
import { close, runSuite, Summary } from "./summary.mjs";

const summary = new Summary();
await runSuite(summary, "engine (asc)", engine);
await runSuite(summary, "types (tsc)", () => tool(packageFile("typescript", "bin", "tsc"), []));
await runSuite(summary, "lint and format (biome)", () =>
  tool(packageFile("@biomejs", "biome", "bin", "biome"), ["check"]),
);
await runSuite(summary, "tidy", () => vitest(["test/tidy.test.ts"]));
close(summary);

/** A build is a type check too, and unchanged inputs were checked when they were built. */
async function engine() {
  const state = await buildEngine(console.log);
  if (state === "missing") return { skipped: 1 };
  return { passed: 1 };
}

async function tool(script, parameters) {
  const { code } = await run(script, parameters, { show: true });
  return code === 0 ? { passed: 1 } : { failed: 1 };
}

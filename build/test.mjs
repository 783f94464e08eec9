/** `npm test`: builds, runs every suite, and closes with the sums: `N passed, N failed`. */
import { buildAll } from "./build.mjs";
import { unitTests, vitest } from "./suites.mjs";
import { close, runSuite, Summary } from "./summary.mjs";

const summary = new Summary();
try {
  await buildAll(console.log);
  await runSuite(summary, "unit (as-pect)", unitTests);
  await runSuite(summary, "vitest", () => vitest());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  summary.add({ failed: 1 });
}
close(summary);

/** `npm test`: builds, runs every suite, and closes with the sums: `N passed, N failed`. */
import { buildAll } from "./build.mjs";
import { unitTests, vitest } from "./suites.mjs";
import { close, runSuite, Summary } from "./summary.mjs";

const summary = new Summary();
const isBuilt = await buildAll(console.log).then(
  () => true,
  (error) => {
    console.error(error instanceof Error ? error.message : error);
    summary.add({ failed: 1, failures: ["the build"] });
    return false;
  },
);
await runSuite(summary, "unit (as-pect)", unitTests);
if (isBuilt) await runSuite(summary, "vitest", () => vitest());
else summary.add({ failed: 1, failures: ["vitest: not run, because the build failed"] });
close(summary);

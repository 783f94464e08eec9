/**
 * `npm run bench -- [--quick] [section ...]`: builds, then measures Quire beside redis-server and
 * prints tables of ratios. bench/main.ts names the sections and says what is measured and how.
 */
import { parseArgs } from "node:util";
import { buildAll } from "./build.mjs";
import { loadTypeScript } from "./load.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false } },
});
await buildAll(console.log, { types: false });
const { bench } = await loadTypeScript("bench/main.ts", "bench");
await bench({ quick: values.quick, sections: positionals });
process.exit(0);

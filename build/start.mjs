/** `npm start -- --port 7000`: builds what is out of date, quietly, then serves. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { dist } from "./paths.mjs";

const server = join(dist, "quiredb.js");

await buildAll(() => {}, { types: false }).catch(stop);
if (!existsSync(server)) stop(new Error("start: dist/quiredb.js was not built"));
const child = spawn(process.execPath, [server, ...process.argv.slice(2)], { stdio: "inherit" });
child.on("error", stop);
child.on("exit", (code, signal) => process.exit(signal ? 1 : code));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));

function stop(error) {
  console.error(error.message);
  process.exit(1);
}

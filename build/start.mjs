/**
 * `npm start -- --port 7000`: builds what is out of date, quietly, then serves.
 *
 * The build has a process of its own, so that its memory is gone; the server runs in this one, so
 * that signals and the exit code are its own. npm passes signals to its shell only, and that does
 * not pass them on: when the shell is gone, the server stops.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { dist, inRoot } from "./paths.mjs";
import { run } from "./run.mjs";

const PARENT_CHECK_MS = 500;

const { code } = await run(inRoot("build", "build.mjs"), ["--quiet", "--no-types"], { show: true });
if (code !== 0) process.exit(code);

if (process.env.npm_lifecycle_event === "start") {
  const parent = process.ppid;
  const check = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(check);
    process.kill(process.pid, "SIGTERM");
  }, PARENT_CHECK_MS);
  check.unref();
}
const server = join(dist, "quiredb.js");
process.argv[1] = server;
await import(pathToFileURL(server).href);

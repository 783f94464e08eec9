/** Ten thousand idle clients beside two hundred active ones. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Program, startProgram } from "./support.js";

const CLIENTS = fileURLToPath(new URL("./many-clients.mjs", import.meta.url));
const WANTED_IDLE = 10_000;
const ACTIVE = 200;
/** File descriptors that a process needs for itself. */
const RESERVED = 100;

/** How many descriptors a process may have here. */
function descriptorLimit(): number {
  if (process.platform === "win32") return Number.POSITIVE_INFINITY;
  const { stdout } = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" });
  return stdout.trim() === "unlimited" ? Number.POSITIVE_INFINITY : Number(stdout);
}

it("serves active clients beside many idle ones", { timeout: 120_000 }, async () => {
  const room = descriptorLimit() - ACTIVE - RESERVED;
  const idle = Math.max(0, Math.min(WANTED_IDLE, room));
  if (idle < WANTED_IDLE) {
    process.stderr.write(`only ${idle} of ${WANTED_IDLE} idle clients: see ulimit -n\n`);
  }
  const server = await startProgram("--port", "auto", "--maxclients", "20000");
  const clients = new Program([CLIENTS, `${server.port}`, `${idle}`, `${ACTIVE}`, "50"]);
  const code = await clients.exit;
  expect(clients.errors).toBe("");
  expect(clients.output).toContain(`served ${idle} idle and ${ACTIVE} active`);
  expect(code).toBe(0);
  server.child.kill("SIGTERM");
  expect(await server.exit).toBe(process.platform === "win32" ? null : 0);
});

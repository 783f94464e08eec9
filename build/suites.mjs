/**
 * The test suites as functions that run one and return its counts.
 *
 * as-pect ends well when it found no spec file, so the files are counted here; vitest reports
 * through a file. `failures` names what failed.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { filesUnder } from "./files.mjs";
import { inRoot, packageFile, root } from "./paths.mjs";
import { run } from "./run.mjs";

/** Colours and other control sequences of a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they start with
const CONTROL_SEQUENCE = /\u001b\[[0-9;]*m/g;
const SPEC_LINE = /^\S+ (\S+\.spec\.ts) Pass: (\d+) \/ (\d+) Todo: (\d+)/gm;

/** Unit tests inside WebAssembly. A spec file that exists and was not run counts as a failure. */
export async function unitTests() {
  const specs = filesUnder(inRoot("test", "unit"))
    .filter((path) => path.endsWith(".spec.ts"))
    .map((path) => relative(root, path).replaceAll("\\", "/"));
  const asp = packageFile("@as-pect", "cli", "bin", "asp.js");
  const { code, output } = await run(asp, ["--summary"], { show: true });
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const missing = new Set(specs);
  for (const [, file, passed, total, todo] of output
    .replace(CONTROL_SEQUENCE, "")
    .matchAll(SPEC_LINE)) {
    missing.delete(file.replaceAll("\\", "/"));
    counts.passed += Number(passed);
    counts.failed += Number(total) - Number(passed);
    counts.skipped += Number(todo);
    if (passed !== total) counts.failures.push(`${file}: ${total - passed} of ${total}`);
  }
  for (const file of missing) counts.failures.push(`as-pect did not run ${file}`);
  if (specs.length === 0) counts.failures.push("as-pect: there is no spec file");
  counts.failed += missing.size + (specs.length === 0 ? 1 : 0);
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** Runs vitest over all test files, or over those named. */
export async function vitest(files = []) {
  const folder = mkdtempSync(join(tmpdir(), "quire-vitest-"));
  const report = join(folder, "counts.json");
  try {
    const { code } = await run(
      packageFile("vitest", "vitest.mjs"),
      [
        "run",
        ...files,
        "--reporter=default",
        `--reporter=${inRoot("build", "counts-reporter.mjs")}`,
      ],
      { show: true, env: { ...process.env, QUIRE_COUNTS_FILE: report } },
    );
    const counts = JSON.parse(readFileSync(report, "utf8"));
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// The command tests under other conditions: every reserve failing, the heap up to the top.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageFile, root } from "../build/paths.mjs";

const TIMEOUT_MS = 240_000;

/** See test/support/engine.ts for what they do. */
const CONDITIONS: { name: string; set: Record<string, string> }[] = [
  { name: "the n-th reserve failing, for every n", set: { QUIRE_TEST_FAIL_RESERVE: "1" } },
  { name: "the heap crossing 2 GiB and ending at the top", set: { QUIRE_TEST_HEAP: "high" } },
];

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

describe("the command tests pass with", () => {
  it.each(CONDITIONS)("$name", { timeout: TIMEOUT_MS }, async ({ name, set }) => {
    const start = performance.now();
    const report = await runCommandTests(set);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const counts = `${report.numPassedTests} passed, ${report.numFailedTests} failed`;
    process.stderr.write(`command tests with ${name}: ${counts} in ${seconds} s\n`);
    expect(failuresOf(report)).toEqual([]);
    expect(report.numPassedTests).toBeGreaterThan(100);
  });
});

async function runCommandTests(set: Record<string, string>): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "quire-rerun-"));
  const file = join(folder, "report.json");
  const parameters = [
    packageFile("vitest", "vitest.mjs"),
    ...["run", "test/commands/", "--reporter=json", `--outputFile=${file}`],
  ];
  try {
    const child = spawn(process.execPath, parameters, {
      cwd: root,
      env: { ...environment(), ...set },
      stdio: "ignore",
      timeout: TIMEOUT_MS - 10_000,
    });
    await new Promise((resolve, reject) => child.once("close", resolve).once("error", reject));
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** This process's environment without what vitest put into it. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
  return Object.fromEntries(own);
}

function failuresOf(report: Report): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((result) => result.status === "failed");
    if (status === "failed" && failed.length === 0) return [`${name}: ${message}`];
    return failed.map((result) => `${result.fullName}: ${result.failureMessages[0] ?? ""}`);
  });
}

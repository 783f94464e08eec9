/**
 * A vitest reporter that writes counts and the names of failures, as JSON, into the file that
 * QUIRE_COUNTS_FILE names. The printed summary is for people.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./paths.mjs";

export default class CountsReporter {
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
    for (const testModule of modules) {
      const file = relative(root, testModule.moduleId).replaceAll("\\", "/");
      count(counts, testModule, file);
    }
    for (const error of errors) fail(counts, `error outside the tests: ${error.message}`);
    writeFileSync(process.env.QUIRE_COUNTS_FILE, JSON.stringify(counts));
  }
}

/** A file that could not be loaded, or a hook that failed, counts as one failure. */
function count(counts, testModule, file) {
  for (const test of testModule.children.allTests()) {
    const { state } = test.result();
    if (state === "passed") counts.passed++;
    else if (state === "failed") fail(counts, `${file} > ${test.fullName}`);
    else counts.skipped++;
  }
  const suites = [testModule, ...testModule.children.allSuites()];
  for (const suite of suites) {
    for (const error of suite.errors()) fail(counts, `${file}: ${error.message}`);
  }
}

function fail(counts, name) {
  counts.failed++;
  counts.failures.push(name.split("\n")[0]);
}

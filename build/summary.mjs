/**
 * Counts of passed, failed and skipped tests, the names of what failed, and the closing line.
 * Failures are named at the end too, one "failed: name" a line, where they are seen.
 */

const NAMED_FAILURES = 30;

export class Summary {
  constructor() {
    this.passed = 0;
    this.failed = 0;
    this.skipped = 0;
    this.failures = [];
  }

  add({ passed = 0, failed = 0, skipped = 0, failures = [] }) {
    this.failures.push(...failures);
    this.passed += passed;
    this.failed += failed;
    this.skipped += skipped;
  }

  /** True when something ran and nothing failed. */
  get good() {
    return this.failed === 0 && this.passed > 0;
  }

  get line() {
    const skipped = this.skipped > 0 ? `, ${this.skipped} skipped` : "";
    return `${this.passed} passed, ${this.failed} failed${skipped}`;
  }
}

/** Runs a suite, says how long it took, adds its counts. One that throws is one failure. */
export async function runSuite(summary, name, suite) {
  const start = performance.now();
  let counts;
  try {
    counts = await suite();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    counts = { failed: 1 };
  }
  const own = new Summary();
  own.add(counts);
  if (own.failed > 0 && own.failures.length === 0) own.failures.push(`suite ${name}`);
  summary.add(own);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`\nsuite ${name}: ${own.line} in ${seconds} s`);
}

/** Prints the closing line and ends the process accordingly. */
export function close(summary) {
  process.exitCode = summary.good ? 0 : 1;
  const { failures } = summary;
  for (const name of failures.slice(0, NAMED_FAILURES)) console.log(`failed: ${name}`);
  const rest = failures.length - NAMED_FAILURES;
  if (rest > 0) console.log(`failed: ... and ${rest} more`);
  process.stdout.write(`${summary.line}\n`, () => process.exit());
}

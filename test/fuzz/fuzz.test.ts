// Each fuzzer for a moment, so that it keeps working; `npm run fuzz` runs them for longer.
import { describe, it } from "vitest";
import { fuzz as fuzzCommands } from "./commands.fuzz";
import { fuzz as fuzzParser } from "./parser.fuzz";
import { fuzz as fuzzRdb } from "./rdb.fuzz";
import { fuzz as fuzzRestore } from "./restore.fuzz";
import { fuzz as fuzzRights } from "./rights.fuzz";

const SECONDS = 1.5 * Number(process.env.QUIRE_SCALE ?? 1);
const SEED = Number(process.env.QUIRE_SEED ?? 20_261_123);
const TIMEOUT_MS = (SECONDS + 30) * 1000;

describe("fuzzers find nothing", () => {
  it.each([
    ["parser", fuzzParser],
    ["commands", fuzzCommands],
    ["restore", fuzzRestore],
    ["rdb", fuzzRdb],
    ["rights", fuzzRights],
  ] as const)("%s", { timeout: TIMEOUT_MS }, async (name, fuzz) => {
    const log = (line: string) => process.stderr.write(`${line}\n`);
    log(`fuzz ${name}: QUIRE_SEED=${SEED}`);
    await fuzz({ seed: SEED, seconds: SECONDS, log });
  });
});

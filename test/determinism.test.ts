// Law 2: the same commands with the same clock and seed leave the same memory, wherever they run.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inRoot, root } from "../build/paths.mjs";
import { type DeterminismResult, runDeterminism } from "./support/determinism-run";

const SEED = 20_250_101;
const COUNT = Math.round(20_000 * Number(process.env.QUIRE_SCALE ?? 1));
const require = createRequire(import.meta.url);

/** Two folders below the repository, so that the program finds dist/ where its source would. */
const folder = inRoot(".tmp", `determinism-${process.pid}`);
const program = join(folder, "run.mjs");

/** The binary that a development dependency ships; undefined, with a line, when it is not there. */
function packagedBinary(name: string, file: string): string | undefined {
  const path = join(require.resolve(`${name}/package.json`), "..", file);
  // What stands there before the install script ran is a small text.
  if (existsSync(path) && statSync(path).size > 1_000_000) return path;
  const line = `needs ${name}, whose install script did not run: npm rebuild ${name}`;
  if (process.env.CI === "true") throw new Error(line);
  process.stderr.write(`skipped: ${line}\n`);
  return undefined;
}

const ending = process.platform === "win32" ? ".exe" : "";
const runtimes = [
  { name: "Node", binary: process.execPath, flags: [] },
  { name: "Bun", binary: packagedBinary("bun", "bin/bun.exe"), flags: ["run"] },
  {
    name: "Deno",
    binary: packagedBinary("deno", `deno${ending}`),
    flags: ["run", "--no-config", "--no-lock", "--no-remote", "--no-npm", "-A"],
  },
];

describe(`${COUNT} random commands, seed ${SEED}`, () => {
  let expected: DeterminismResult;

  beforeAll(async () => {
    expected = runDeterminism(SEED, COUNT, "engine.wasm");
    mkdirSync(folder, { recursive: true });
    await build({
      absWorkingDir: root,
      stdin: {
        contents: `
          import { main } from "./test/support/determinism-run.ts";
          import process from "node:process";
          main(process.argv.slice(2));`,
        resolveDir: root,
        loader: "ts",
      },
      outfile: program,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      logLevel: "warning",
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("do something", () => {
    expect(new Set(expected.digests).size).toBeGreaterThan(5);
    expect(runDeterminism(SEED + 1, 2000, "engine.wasm").digests).not.toContain(
      expected.digests.at(-1),
    );
  });

  it("leave the same memory a second time", () => {
    expect(runDeterminism(SEED, COUNT, "engine.wasm")).toEqual(expected);
  });

  it("leave the same memory in the build with the write barrier", () => {
    expect(runDeterminism(SEED, COUNT, "engine.cow.wasm")).toEqual(expected);
  });

  for (const { name, binary, flags } of runtimes) {
    it.skipIf(!binary)(`leave the same memory in ${name}`, () => {
      const parameters = [...flags, program, String(SEED), String(COUNT), "engine.wasm"];
      const { stdout, stderr, status } = spawnSync(binary!, parameters, { encoding: "utf8" });
      expect(status, stderr).toBe(0);
      expect(JSON.parse(stdout)).toEqual(expected);
    });
  }
});

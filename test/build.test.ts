import { afterEach, describe, expect, it, vi } from "vitest";
import { staticData } from "../build/static-data.mjs";
import { runSuite, Summary } from "../build/summary.mjs";
import { readModule } from "../build/wasm-reader.mjs";
import { abi, assemble } from "./support/barrier";
import { findBinary, requireBinary } from "./support/needs";

describe("static data", () => {
  const at = (address: number, text: string) =>
    staticData(assemble(`(data (i32.const ${address}) "${text}")`), abi);

  it("may fill the module region", () => {
    expect(at(abi.MODULE_BASE, "abc")).toEqual({ start: 0x1200000, end: 0x1200003 });
    expect(at(abi.HEAP_BASE - 3, "abc").end).toBe(abi.HEAP_BASE);
  });

  it("may not leave it, on either side", () => {
    expect(() => at(abi.HEAP_BASE - 2, "abc")).toThrow(/static data .* leaves the module region/);
    expect(() => at(abi.MODULE_BASE - 1, "abc")).toThrow(/leaves the module region/);
    expect(() => at(-4, "abc")).toThrow(/leaves the module region/);
  });

  it("may be missing", () => {
    expect(staticData(assemble(""), abi)).toEqual({ start: 0x1200000, end: 0x1200000 });
  });
});

describe("the reader of binaries", () => {
  it("says what a module imports, exports and declares", () => {
    const module = readModule(
      assemble(`
        (global $changes (mut i64) (i64.const -5))
        (func (export "run") (param i32 f64) (result f64) (local i64 i64 i32)
          (global.set $changes (i64.const -9223372036854775808))
          (local.get 1))`),
    );
    expect(module.imports.map(({ module, name, kind }) => [module, name, kind])).toEqual([
      ["test", "seen", "function"],
      ["env", "memory", "memory"],
    ]);
    expect(module.imports[1]).toMatchObject({ limits: { minimum: 1, maximum: 65535 } });
    expect(module.globals).toEqual([{ type: 0x7e, mutable: true, value: ["i64.const -5"] }]);
    expect(module.exports).toEqual([{ name: "run", kind: "function", index: 1 }]);
    expect(module.functions.map((type) => module.types[type])).toEqual(["7f7c>7c"]);
    expect(module.code).toEqual([
      {
        locals: 3,
        instructions: ["i64.const -9223372036854775808", "global.set 0", "local.get 1", "end"],
      },
    ]);
  });

  it("refuses what is not a module or ends too early", () => {
    expect(() => readModule(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7))).toThrow("not a module");
    const whole = assemble('(func (export "run"))');
    expect(() => readModule(whole.subarray(0, whole.length - 1))).toThrow("unexpected end");
  });
});

describe("the closing line", () => {
  it("sums all suites; skipped ones are named when there are any", () => {
    const summary = new Summary();
    summary.add({ passed: 2 });
    expect(summary.line).toBe("2 passed, 0 failed");
    expect(summary.good).toBe(true);
    summary.add({ passed: 1, failed: 1, skipped: 3 });
    expect(summary.line).toBe("3 passed, 1 failed, 3 skipped");
    expect(summary.good).toBe(false);
  });

  it("is bad when nothing ran", () => {
    expect(new Summary().good).toBe(false);
  });

  it("counts a suite that throws as a failure", async () => {
    vi.spyOn(console, "log").mockReturnValue();
    vi.spyOn(console, "error").mockReturnValue();
    const summary = new Summary();
    await runSuite(summary, "broken on purpose", () => {
      throw new Error("as it should");
    });
    vi.restoreAllMocks();
    expect(summary.line).toBe("0 passed, 1 failed");
  });
});

describe("what a test needs", () => {
  const before = process.env.CI;
  afterEach(() => {
    if (before === undefined) delete process.env.CI;
    else process.env.CI = before;
  });

  it("is found on the PATH", () => {
    expect(findBinary(process.platform === "win32" ? "cmd" : "sh")).toBeDefined();
    expect(requireBinary(process.platform === "win32" ? "cmd" : "sh", "")).toBe(true);
  });

  it("is a reason to skip, and under CI an error that says how to get it", () => {
    delete process.env.CI;
    expect(requireBinary("no-such-program", "ask for it")).toBe(false);
    process.env.CI = "true";
    expect(() => requireBinary("no-such-program", "ask for it")).toThrow(
      "needs no-such-program, which is not on the PATH: ask for it",
    );
  });
});

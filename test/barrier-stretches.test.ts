/**
 * Stores that have no check of their own: several through one local in straight code, and those to
 * constant addresses that are never marked. What the pass leaves out the scan must prove by itself.
 */
import { describe, expect, it } from "vitest";
import { scanWrites } from "../build/scan.mjs";
import {
  abi,
  assemble,
  bytes,
  disassemble,
  guard,
  mark,
  type Runner,
  runGuarded,
  runPlain,
  unmark,
} from "./support/barrier";
import { randomNumbers } from "./support/workload";

const SCALE = Number(process.env.QUIRE_SCALE ?? 1);
const FIRST_PAGE = 0x1400;
const AREA_PAGES = 8;
const AREA = FIRST_PAGE * abi.PAGE_BYTES;
const AREA_END = AREA + AREA_PAGES * abi.PAGE_BYTES;
const AREA_MARKS = Array.from({ length: AREA_PAGES }, (_, index) => FIRST_PAGE + index);

const checksOf = (text: string) => scanWrites(guard(assemble(text)), abi);

describe("stores through one local", () => {
  const two = (between: string) => `
    (func $other (i32.store (i32.const ${AREA}) (i32.const 1)))
    (func (export "run") (param $p i32) (param $q i32)
      (i32.store offset=8 (local.get $p) (i32.const 1))
      ${between}
      (i32.store offset=16 (local.get $p) (i32.const 2)))`;
  const cases: [what: string, between: string, checks: number][] = [
    ["nothing", "", 1],
    ["a local that is set", "(local.set $q (i32.load (local.get $p)))", 1],
    ["a store through another", "(i64.store (local.get $q) (i64.const 3))", 2],
    ["the local itself set", "(local.set $p (local.get $q))", 2],
    [
      "the local set on the way",
      "(drop (i32.add (local.tee $p (local.get $q)) (local.get $p)))",
      2,
    ],
    ["a call", "(call $other)", 2],
    ["a branch", "(if (local.get $q) (then (nop)))", 2],
    ["a loop", "(loop (nop))", 2],
  ];

  it.each(cases)("with %s between", (_, between, checks) => {
    // The function beside it has one store and one check.
    expect(checksOf(two(between)).checks).toBe(checks + 1);
    expect(checksOf(two(between)).unguarded).toEqual([]);
  });

  it("share a check from the lowest to the highest byte, if that is a page at most", () => {
    const text = (low: number, high: number) => `
      (func (export "run") (param $p i32)
        (i32.store offset=100 (local.get $p) (i32.const 1))
        (i64.store offset=${high} (local.get $p) (i64.const 2))
        (i32.store8 offset=${low} (local.get $p) (i32.const 3)))`;
    expect(checksOf(text(0, 4088)).checks).toBe(1);
    expect(checksOf(text(0, 4089)).checks).toBe(2);
    expect(checksOf(text(90, 91)).checks).toBe(1);
    const runner = runGuarded(text(0, 4088));
    for (let pointer = AREA; pointer <= AREA + 4096; pointer += 64) {
      mark(runner, AREA_MARKS);
      runner.call("run", pointer);
      const written = [pointer + 100, pointer + 4088, pointer + 4095, pointer];
      const pages = [...new Set(written.map((address) => address >>> 12))].sort();
      expect(runner.saved.map(({ page }) => page)).toEqual(pages);
      expect(unmark(AREA_MARKS)).toEqual(AREA_MARKS.filter((page) => !pages.includes(page)));
    }
  });

  it("save a page before its first byte changes, also when it is the second store's", () => {
    const runner = runGuarded(`
      (func (export "run") (param $p i32)
        (i32.store (local.get $p) (i32.const -1))
        (i32.store offset=4000 (local.get $p) (i32.load (local.get $p))))`);
    bytes.fill(7, AREA, AREA_END);
    mark(runner, AREA_MARKS);
    runner.call("run", AREA + 200);
    expect(runner.saved.map(({ page }) => page)).toEqual([FIRST_PAGE, FIRST_PAGE + 1]);
    for (const { content } of runner.saved) expect(content.every((byte) => byte === 7)).toBe(true);
  });
});

describe("constant addresses", () => {
  const text = (address: number, offset = 0) => `
    (func (export "run") (i64.store offset=${offset} (i32.const ${address}) (i64.const 5)))`;

  it.each([
    ["the DATA root", abi.DATA_ROOT, 1],
    ["across its end", abi.SERVER_ROOT - 4, 1],
    ["the SERVER root", abi.SERVER_ROOT, 0],
    ["the exchange record", abi.EXCHANGE + 8, 0],
    ["the last bytes before the page map", abi.PAGE_MAP - 8, 0],
    ["across its begin", abi.PAGE_MAP - 7, 1],
    ["the page table", abi.PAGE_TABLE, 1],
    ["across the begin of the module region", abi.MODULE_BASE - 1, 1],
    ["the module region", abi.MODULE_BASE, 0],
    ["its last bytes", abi.HEAP_BASE - 8, 0],
    ["across its end", abi.HEAP_BASE - 7, 1],
    ["the heap", abi.HEAP_BASE, 1],
    ["the end of memory", -8, 1],
  ])("in %s", (_, address, checks) => {
    for (const offset of [0, 8]) {
      expect(checksOf(text(address - offset, offset))).toEqual({
        checks,
        stores: 1,
        ranges: 0,
        unguarded: [],
      });
    }
  });

  it("are refused by the scan where something may be marked", () => {
    const good = disassemble(guard(assemble(text(abi.SERVER_ROOT))));
    const scan = (address: number) =>
      scanWrites(
        assemble(
          good.replace(`i32.const ${abi.SERVER_ROOT}`, `i32.const ${address}`).slice(7, -2),
          "",
        ),
        abi,
      ).unguarded.length;
    expect(scan(abi.SERVER_ROOT + 8)).toBe(0);
    expect(scan(abi.SERVER_ROOT - 1)).toBe(1);
    expect(scan(abi.PAGE_TABLE)).toBe(1);
    expect(scan(abi.HEAP_BASE - 7)).toBe(1);
  });
});

describe("the scan of a shared check", () => {
  const text = `
    (func $other (param i32 i32))
    (func (export "run") (param $p i32) (param $q i32)
      (i32.store offset=8 (local.get $p) (local.get $q))
      (i32.store16 offset=16 (local.get $p) (local.get $q)))`;
  const good = disassemble(guard(assemble(text)));
  const second = "(i32.store16 offset=16";
  const scan = (changed: string) =>
    scanWrites(assemble(changed.replace(/^\(module|\)\s*$/g, ""), ""), abi);

  it("passes both stores", () => {
    expect(scan(good)).toEqual({ checks: 1, stores: 2, ranges: 0, unguarded: [] });
  });

  it.each([
    ["a call between", second, `(call $0 (i32.const 0) (i32.const 0)) ${second}`, 1],
    ["its local set between", second, `(local.set $0 (i32.const 0)) ${second}`, 1],
    ["its local set by tee between", second, `(drop (local.tee $0 (i32.const 0))) ${second}`, 1],
    ["a way around it", second, `(block (nop)) (if (local.get $1) (then)) ${second}`, 1],
    ["a place to jump to between", second, `(loop $l (br_if $l (local.get $1))) ${second}`, 1],
    ["a wider store behind it", second, "(i32.store offset=16", 1],
    ["a store above it", second, "(i32.store16 offset=17", 1],
    ["a store below it", "(i32.store offset=8", "(i32.store offset=7", 1],
    ["a shorter range", "(i32.const 10)", "(i32.const 9)", 1],
    ["a range of more than a page", "(i32.const 10)", "(i32.const 4097)", 2],
    ["a call of something else", "(call $2", "(call $0", 2],
  ])("finds %s", (_, from, to, found) => {
    const changed = good.replace(from, to);
    expect(changed).not.toBe(good);
    const { unguarded } = scan(changed);
    expect(unguarded.filter((line) => line.includes("store"))).toHaveLength(found);
  });
});

/** Text of a random function: stores through three locals, mixed with what ends a stretch. */
class RandomFunction {
  readonly #random: (below: number) => number;
  #label = 0;

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  get text(): string {
    return `
      (func $other (param $at i32) (result i32)
        (i32.store offset=12 (local.get $at) (i32.const 77)) (i32.load (local.get $at)))
      (func (export "run") (param $a i32) (param $b i32) (local $c i32) (local $n i32)
        (local.set $c (i32.add (local.get $a) (i32.const 4090)))
        ${this.#statements(12, 2)})`;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#random(items.length)] as Item;
  }

  #local(): string {
    return this.#pick(["$a", "$a", "$b", "$c"]);
  }

  #offset(): number {
    return this.#pick([0, 1, 4, 8, 8, 12, 24, 100, 4080, 4088, 4095, 4096, 4100]);
  }

  #statements(count: number, depth: number): string {
    return Array.from({ length: count }, () => this.#statement(depth)).join("\n");
  }

  #statement(depth: number): string {
    const kind = this.#random(depth > 0 ? 16 : 12);
    if (kind < 8) return this.#store();
    if (kind < 9) return `(local.set $n ${this.#value(2)})`;
    if (kind < 10) return `(local.set ${this.#local()} ${this.#address()})`;
    if (kind < 11) return `(drop (call $other (local.get ${this.#local()})))`;
    if (kind < 12) return `(i32.store ${this.#address()} ${this.#value(1)})`;
    if (kind < 14) {
      const [yes, no] = [this.#statements(3, depth - 1), this.#statements(2, depth - 1)];
      return `(if (i32.and ${this.#value(1)} (i32.const 1)) (then ${yes}) (else ${no}))`;
    }
    const label = `$l${this.#label++}`;
    const inner = this.#statements(2, depth - 1);
    const leave = `(br_if ${label} (i32.and ${this.#value(1)} (i32.const 1)))`;
    return `(block ${label} ${inner} ${leave} ${this.#statements(2, depth - 1)})`;
  }

  #store(): string {
    const name = this.#pick(["i32.store", "i32.store", "i32.store8", "i32.store16"]);
    const local = this.#local();
    const pointer = this.#pick([`(local.get ${local})`, `(local.tee ${local} ${this.#address()})`]);
    const place = this.#random(4) === 0 ? pointer : `(local.get ${local})`;
    return `(${name} offset=${this.#offset()} ${place} ${this.#value(2)})`;
  }

  /** Somewhere in the first half of the area, so that every offset stays in it. */
  #address(): string {
    const from = this.#pick(["(local.get $a)", "(local.get $b)", "(local.get $n)"]);
    const sum = `(i32.mul ${from} (i32.const ${1 + 2 * this.#random(9)}))`;
    return `(i32.add (i32.const ${AREA}) (i32.and ${sum} (i32.const 0x3fff)))`;
  }

  #value(depth: number): string {
    const kind = this.#random(depth > 0 ? 8 : 3);
    if (kind < 1) return `(i32.const ${this.#random(1000)})`;
    if (kind < 3) return `(local.get ${this.#pick(["$a", "$b", "$c", "$n"])})`;
    if (kind < 5) return `(i32.load offset=${this.#offset()} (local.get ${this.#local()}))`;
    if (kind < 6) return `(i32.add ${this.#value(depth - 1)} ${this.#value(depth - 1)})`;
    if (kind < 7) return `(local.tee ${this.#local()} ${this.#address()})`;
    const inner = this.#pick([this.#store(), `(drop (call $other (local.get $a)))`]);
    return `(block (result i32) ${inner} ${this.#value(depth - 1)})`;
  }
}

describe("random functions", () => {
  function runOn(runner: Runner, before: Uint8Array, a: number, b: number): Buffer {
    bytes.set(before, AREA);
    runner.call("run", a, b);
    return Buffer.from(bytes.slice(AREA, AREA_END));
  }

  it("write the same, and hand over every page as it was before its first change", () => {
    const random = randomNumbers(4711);
    const before = Uint8Array.from({ length: AREA_PAGES * 4096 }, () => random(256));
    let shared = 0;
    let changes = 0;
    for (let round = 0; round < 150 * SCALE; round++) {
      const { text } = new RandomFunction(random);
      const { checks, stores } = checksOf(text);
      if (checks < stores) shared++;
      const guarded = runGuarded(text);
      const plain = runPlain(text);
      for (let call = 0; call < 8; call++) {
        const edge = AREA + 4096 * (1 + random(3));
        const [a, b] = [edge - random(24), edge - 4096 + random(8192)];
        const expected = runOn(plain, before, a, b);
        const marked = AREA_MARKS.filter(() => random(4) > 0);
        mark(guarded, marked);
        expect(runOn(guarded, before, a, b).equals(expected)).toBe(true);
        for (const page of marked) {
          const at = (page - FIRST_PAGE) * 4096;
          const old = Buffer.from(before.subarray(at, at + 4096));
          const saved = guarded.saved.filter((each) => each.page === page);
          const isChanged = !old.equals(expected.subarray(at, at + 4096));
          if (isChanged) changes++;
          // Once at most, unless unchanged, and with the bytes of before.
          if (saved.length > 1 || (isChanged && saved.length === 0)) expect(text).toBe("");
          if (saved.some(({ content }) => !old.equals(Buffer.from(content)))) expect(text).toBe("");
        }
        const touched = guarded.saved.map(({ page }) => page);
        expect(unmark(marked)).toEqual(marked.filter((page) => !touched.includes(page)));
      }
    }
    expect(shared).toBeGreaterThan(100);
    expect(changes).toBeGreaterThan(1000);
  });
});

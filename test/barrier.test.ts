import { describe, expect, it } from "vitest";
import { compareBuilds, scanWrites } from "../build/scan.mjs";
import {
  abi,
  assemble,
  bytes,
  disassemble,
  guard,
  MEMORY_BYTES,
  mark,
  memory,
  PAGES,
  type Runner,
  runGuarded,
  runPlain,
  unmark,
} from "./support/barrier";

/** Each store: how many bytes it writes, and a value of its type made from the parameter $seed. */
const I64 = "(i64.mul (i64.extend_i32_u (local.get $seed)) (i64.const 0x9E3779B97F4A7C15))";
const STORES: [name: string, width: number, value: string][] = [
  ["i32.store", 4, "(local.get $seed)"],
  ["i32.store8", 1, "(local.get $seed)"],
  ["i32.store16", 2, "(local.get $seed)"],
  ["i64.store", 8, I64],
  ["i64.store8", 1, I64],
  ["i64.store16", 2, I64],
  ["i64.store32", 4, I64],
  ["f32.store", 4, "(f32.reinterpret_i32 (local.get $seed))"],
  ["f64.store", 8, `(f64.reinterpret_i64 ${I64})`],
  ["v128.store", 16, `(i64x2.splat ${I64})`],
];
const STATIC_OFFSETS = [0, 1, 7, 4095, 4096, 0x7ffffff0, 0x80000000, 0xfffdfff8];

/** Edges between two pages: low, on both sides of 2 GiB, and the last one of the memory. */
const EDGES = [0x1400000, 0x7ffff000, 0x80000000, MEMORY_BYTES - 4096];

function storeText(name: string, value: string): string {
  return STATIC_OFFSETS.map(
    (offset) => `
    (func (export "${offset}") (param $pointer i32) (param $seed i32)
      (${name} offset=${offset} (local.get $pointer) ${value}))`,
  ).join("");
}

describe.each(STORES)("%s", (name, width, value) => {
  const text = storeText(name, value);
  const guarded = runGuarded(text);
  const plain = runPlain(text);

  it.each(STATIC_OFFSETS)("with static offset %i asks for the pages of its bytes", (offset) => {
    let seed = 0x3fc00001;
    for (const edge of EDGES) {
      for (let address = edge - width - 1; address <= edge + 1; address++) {
        if (address < offset) continue;
        const below = edge / 4096 - 1;
        for (const marked of [[below, below + 1], [below], [below + 1], []]) {
          checkStore(guarded, plain, { offset, address, width, marked, seed: seed++ });
        }
      }
    }
  });

  it("writes the last bytes of the memory, and traps behind them", () => {
    const last = PAGES - 1;
    for (const offset of STATIC_OFFSETS) {
      const address = MEMORY_BYTES - width;
      checkStore(guarded, plain, { offset, address, width, marked: [last], seed: 1 });
      for (const beyond of [1, width, 0xffff - width]) {
        mark(guarded, []);
        const pointer = (address + beyond - offset) | 0;
        expect(() => guarded.call(`${offset}`, pointer, 1)).toThrow(WebAssembly.RuntimeError);
        expect(guarded.saved).toEqual([]);
      }
    }
  });

  it("traps where pointer plus offset passes 2^32", () => {
    const before = bytes.slice(0x1400000, 0x1400000 + 64);
    for (const offset of STATIC_OFFSETS.filter((offset) => offset > 0x1400000)) {
      const pointer = (2 ** 32 + 0x1400000 - offset) | 0;
      expect(() => guarded.call(`${offset}`, pointer, 1)).toThrow(WebAssembly.RuntimeError);
    }
    expect(bytes.slice(0x1400000, 0x1400000 + 64)).toEqual(before);
  });
});

interface StoreCase {
  offset: number;
  address: number;
  width: number;
  marked: number[];
  seed: number;
}

/** One store in both builds: the same bytes, and the marked pages it touches saved before. */
function checkStore(guarded: Runner, plain: Runner, test: StoreCase): void {
  const { offset, address, width, marked, seed } = test;
  const pointer = (address - offset) | 0;
  const around = () => bytes.slice(address - 2, address + width + 2);
  bytes.fill(0xa5, address - 2, address + width + 2);
  const before = around();
  plain.call(`${offset}`, pointer, seed);
  const expected = around();
  bytes.set(before, address - 2);

  mark(guarded, marked);
  guarded.call(`${offset}`, pointer, seed);
  const touched = pagesOf(address, width).filter((page) => marked.includes(page));
  expect(guarded.saved.map(({ page }) => page)).toEqual(touched);
  for (const { page, content } of guarded.saved) {
    const start = Math.max(address, page * 4096);
    const end = Math.min(address + width, (page + 1) * 4096);
    const old = content.subarray(start - page * 4096, end - page * 4096);
    expect(old.every((byte) => byte === 0xa5)).toBe(true);
  }
  expect(around()).toEqual(expected);
  expect(unmark(marked)).toEqual(marked.filter((page) => !touched.includes(page)));
}

function pagesOf(address: number, length: number): number[] {
  if (length === 0) return [];
  const first = Math.floor(address / 4096);
  const last = Math.floor((address + length - 1) / 4096);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe("memory.copy, memory.fill and memory.init", () => {
  const SEGMENT = Array.from({ length: 9000 }, (_, index) => index % 251);
  const escaped = SEGMENT.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const text = `
    (data $active (i32.const 4096) "spent")
    (data $passive "${escaped}")
    (func (export "copy") (param i32 i32 i32)
      (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "fill") (param i32 i32 i32)
      (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i32 i32 i32)
      (memory.init $passive (local.get 0) (local.get 1) (local.get 2)))
    (func (export "initActive") (param i32 i32 i32)
      (memory.init $active (local.get 0) (local.get 1) (local.get 2)))`;
  const guarded = runGuarded(text);
  const plain = runPlain(text);
  const SOURCE = 0x1500000;
  const lengths = [0, 1, 2, 4095, 4096, 4097, 8191, 8192, 8193];

  it.each(["copy", "fill", "init"])(
    "memory.%s saves each marked page of its range",
    (operation) => {
      bytes.set(SEGMENT, SOURCE);
      const second = { copy: SOURCE, fill: 0x77, init: 0 }[operation] ?? 0;
      for (const edge of [...EDGES.slice(0, 3), MEMORY_BYTES - 8192]) {
        for (const length of lengths) {
          for (const address of [edge - 1, edge, edge + 1]) {
            if (address + length > MEMORY_BYTES) continue;
            checkRange(operation, address, second, length);
          }
        }
      }
    },
  );

  function checkRange(operation: string, address: number, second: number, length: number): void {
    const base = Math.floor(address / 4096) - 1;
    const marked = [0, 1, 2, 3, 4, 5].map((index) => base + index).filter((page) => page < PAGES);
    const sourcePages = pagesOf(SOURCE, 9000);
    bytes.fill(0xa5, address - 1, address + length + 1);
    const before = bytes.slice(address - 1, address + length + 1);
    plain.call(operation, address | 0, second, length);
    const expected = bytes.slice(address - 1, address + length + 1);
    bytes.set(before, address - 1);

    mark(guarded, [...marked, ...sourcePages]);
    guarded.call(operation, address | 0, second, length);
    const touched = pagesOf(address, length);
    expect(guarded.saved.map(({ page }) => page)).toEqual(touched);
    for (const { page, content } of guarded.saved) {
      const start = Math.max(address, page * 4096) - page * 4096;
      const end = Math.min(address + length, (page + 1) * 4096) - page * 4096;
      expect(content.subarray(start, end).every((byte) => byte === 0xa5)).toBe(true);
    }
    expect(Buffer.compare(bytes.slice(address - 1, address + length + 1), expected)).toBe(0);
    const left = marked.filter((page) => !touched.includes(page));
    expect(unmark(marked)).toEqual(left);
    expect(unmark(sourcePages)).toEqual(sourcePages);
  }

  it("copies overlapping ranges as the plain build does", () => {
    for (const distance of [-5000, -1, 0, 1, 5000]) {
      const check = (runner: Runner): Uint8Array => {
        bytes.set(SEGMENT, SOURCE);
        mark(runner, []);
        runner.call("copy", SOURCE + distance, SOURCE, 9000);
        return bytes.slice(SOURCE - 5000, SOURCE + 14000);
      };
      expect(Buffer.compare(check(guarded), check(plain))).toBe(0);
    }
  });

  it("does nothing for zero bytes, even at the very end", () => {
    const last = PAGES - 1;
    mark(guarded, [last, 0x1400]);
    guarded.call("copy", MEMORY_BYTES | 0, SOURCE, 0);
    guarded.call("fill", MEMORY_BYTES | 0, 1, 0);
    guarded.call("init", MEMORY_BYTES | 0, 0, 0);
    guarded.call("fill", 0x1400000, 1, 0);
    expect(guarded.saved).toEqual([]);
    expect(unmark([last, 0x1400])).toEqual([last, 0x1400]);
  });

  it("traps where the range leaves the memory or passes 2^32, and never loops", () => {
    mark(guarded, []);
    const ranges: [number, number][] = [
      [MEMORY_BYTES - 10, 11],
      [MEMORY_BYTES - 10, 0xffffffff],
      [0x1400000, 0xffffffff],
      [MEMORY_BYTES | 0, 1],
      [0xffffffff | 0, 1],
      [0xffffffff | 0, 0xffffffff | 0],
    ];
    for (const [address, length] of ranges) {
      expect(() => guarded.call("fill", address | 0, 7, length | 0)).toThrow();
      expect(() => guarded.call("copy", address | 0, 0, length | 0)).toThrow();
    }
    expect(guarded.saved).toEqual([]);
  });

  it("keeps passive segments for memory.init and empties the others", () => {
    expect(() => guarded.call("initActive", SOURCE, 0, 1)).toThrow();
    guarded.call("initActive", SOURCE, 0, 0);
  });
});

describe("operands", () => {
  const seen = (value: number) => `(call $seen (i32.const ${value}))`;

  it("are evaluated once and in order", () => {
    const runner = runGuarded(`
      (data $passive "0123456789")
      (func (export "store") (i32.store offset=4 ${seen(0x1400000)} ${seen(5)}))
      (func (export "copy") (memory.copy ${seen(0x1400000)} ${seen(0x1500000)} ${seen(9)}))
      (func (export "fill") (memory.fill ${seen(0x1400000)} ${seen(7)} ${seen(9)}))
      (func (export "init") (memory.init $passive ${seen(0x1400000)} ${seen(1)} ${seen(2)}))`);
    const cases: [string, number[]][] = [
      ["store", [0x1400000, 5]],
      ["copy", [0x1400000, 0x1500000, 9]],
      ["fill", [0x1400000, 7, 9]],
      ["init", [0x1400000, 1, 2]],
    ];
    for (const [name, expected] of cases) {
      mark(runner, [0x1400]);
      runner.call(name);
      expect(runner.seen).toEqual(expected);
      expect(runner.saved.map(({ page }) => page)).toEqual([0x1400]);
    }
  });

  it("may hold further writes: a store inside the value or the address of a store", () => {
    const inner = (address: number, value: number) =>
      `(block (result i32)
        (i32.store (i32.const ${address}) (i32.const ${value})) (i32.const ${address + 4}))`;
    const text = `
      (func (export "value") (result i32)
        (i32.store (i32.const 0x1400000)
          (if (result i32) ${seen(1)}
            (then (i32.store (i32.const 0x1401000) ${inner(0x1402000, 3)}) (i32.const 4))
            (else (i32.const 5))))
        (i32.load (i32.const 0x1400000)))
      (func (export "address") (result i32)
        (i32.store offset=4
          ${inner(0x1403000, 0x1404000)}
          (i32.load ${inner(0x1405000, 6)}))
        (i32.load (i32.const 0x1403008)))`;
    const check = (runner: Runner) => {
      const pages = [0x1400, 0x1401, 0x1402, 0x1403, 0x1404, 0x1405];
      bytes.fill(0, 0x1400000, 0x1406000);
      mark(runner, pages);
      const results = [runner.call("value"), runner.call("address")];
      const left = unmark(pages);
      return { results, left, content: Buffer.from(bytes.subarray(0x1400000, 0x1406000)) };
    };
    const guarded = check(runGuarded(text));
    const plain = check(runPlain(text));
    expect(guarded.results).toEqual(plain.results);
    expect(guarded.content.equals(plain.content)).toBe(true);
    expect(guarded.left).toEqual([0x1404]);
  });

  it("may never return", () => {
    const runner = runGuarded(`
      (func (export "value") (i32.store ${seen(0x1400000)} (unreachable)))
      (func (export "address") (i32.store (unreachable) ${seen(1)}))
      (func (export "return") (result i32)
        (i32.store ${seen(0x1400000)} (return (i32.const 3))) (i32.const 4))`);
    mark(runner, [0x1400]);
    expect(() => runner.call("value")).toThrow(/unreachable/);
    expect(() => runner.call("address")).toThrow(/unreachable/);
    expect(runner.call("return")).toBe(3);
    expect(unmark([0x1400])).toEqual([0x1400]);
  });
});

describe("a page", () => {
  it("is saved once, before the first of many writes", () => {
    const runner = runGuarded(`
      (func (export "run") (local $at i32)
        (loop $again
          (i64.store (i32.add (i32.const 0x1400ff9) (local.get $at)) (i64.const -1))
          (br_if $again (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 100)))))`);
    bytes.fill(1, 0x1400000, 0x1402000);
    mark(runner, [0x1400, 0x1401, 0x1402]);
    runner.call("run");
    expect(runner.saved.map(({ page }) => page)).toEqual([0x1400, 0x1401]);
    for (const { content } of runner.saved) expect(content.every((byte) => byte === 1)).toBe(true);
    expect(unmark([0x1402])).toEqual([0x1402]);
  });
});

describe("the pass refuses", () => {
  const one = "(i32.const 16)";
  const refused: [name: string, instruction: string, message: RegExp][] = [
    ...[8, 16, 32, 64].map((width): [string, string, RegExp] => [
      `v128.store${width}_lane`,
      `(v128.store${width}_lane 0 ${one} (v128.const i64x2 0 0))`,
      new RegExp(`v128\\.store${width}_lane`),
    ]),
    ["atomic store", `(i32.atomic.store ${one} ${one})`, /i32\.atomic\.store/],
    ["atomic rmw", `(drop (i32.atomic.rmw.add ${one} ${one}))`, /i32\.atomic\.rmw\.add/],
    [
      "atomic cmpxchg",
      `(drop (i64.atomic.rmw.cmpxchg ${one} (i64.const 1) (i64.const 1)))`,
      /cmpxchg/,
    ],
    ["memory.grow", `(drop (memory.grow ${one}))`, /memory\.grow/],
    ["data.drop", "(data.drop $passive)", /data\.drop/],
    ["what it cannot look into", `(table.set ${one} (ref.null func))`, /cannot look into/],
  ];

  it.each(refused)("%s, by name", (_, instruction, message) => {
    const text = `(table 20 funcref) (data $passive "x") (func (export "run") ${instruction})`;
    expect(() => guard(assemble(text))).toThrow(message);
  });

  it("nothing that only reads", () => {
    const text = `(func (export "run") (result v128)
      (i8x16.add
        (v128.load8_lane 0 ${one} (v128.load ${one}))
        (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31
          (v128.load32_zero ${one}) (v128.load8_splat ${one}))))`;
    expect(scanWrites(guard(assemble(text)), abi).unguarded).toEqual([]);
  });
});

describe("the second build", () => {
  const text = `
    (type $handler (func (result i32)))
    (table 8 funcref)
    (elem (i32.const 1) $one $two $three $one)
    (data (i32.const 0x1400000) "set up")
    (func $one (result i32) (i32.store (i32.const 0x1401000) (i32.const 1)) (i32.const 1))
    (func $two (result i32) (memory.fill (i32.const 0x1401000) (i32.const 2) (i32.const 9))
      (i32.const 2))
    (func $three (result i32) (i32.const 3))
    (func $begin (i32.store8 (i32.const 0x1400010) (i32.const 9)))
    (func (export "call") (param i32) (result i32)
      (call_indirect (type $handler) (local.get 0)))
    (global (export "constant") i32 (i32.const 5))
    (start $begin)`;

  it("keeps function-table slots and exports, and sets nothing up", () => {
    const plainBinary = assemble(text);
    const guardedBinary = guard(plainBinary);
    expect(compareBuilds(plainBinary, guardedBinary)).toEqual([]);
    bytes.fill(0, 0x1400000, 0x1400020);
    const guarded = runGuarded(text);
    expect(bytes.subarray(0x1400000, 0x1400020).every((byte) => byte === 0)).toBe(true);
    const plain = runPlain(text);
    expect(Buffer.from(bytes.subarray(0x1400000, 0x1400006)).toString()).toBe("set up");
    expect(bytes[0x1400010]).toBe(9);
    for (const slot of [1, 2, 3, 4]) {
      expect(guarded.call("call", slot)).toBe(plain.call("call", slot));
    }
  });

  it("is found different when slots, exports or globals differ", () => {
    const plain = assemble(text);
    const compare = (from: string, to: string) =>
      compareBuilds(plain, guard(assemble(text.replace(from, to))));
    expect(compare("$one $two $three", "$two $one $three")).toEqual([
      "function-table slots differ",
    ]);
    expect(compare('"call"', '"other"')).toEqual(["exports differ"]);
    expect(compare("(i32.const 5)", "(i32.const 6)")).toEqual(["globals differ"]);
    expect(compareBuilds(plain, plain)).toEqual([
      "the second build has a start function",
      "the second build writes data segments",
    ]);
  });
});

describe("the scan", () => {
  const text = `
    (func (export "store") (param $pointer i32) (param $other i32)
      (i64.store offset=24 (local.get $pointer) (i64.const 1)))
    (func (export "copy") (param i32 i32 i32)
      (memory.copy (local.get 0) (local.get 1) (local.get 2)))`;
  const good = disassemble(guard(assemble(text)));
  const scan = (changed: string) =>
    scanWrites(assemble(changed.replace(/^\(module|\)\s*$/g, ""), ""), abi);

  it("passes what the pass made, and counts it", () => {
    expect(scan(good)).toEqual({ checks: 1, stores: 1, ranges: 1, unguarded: [] });
  });

  it("finds every write of a module that did not go through the pass", () => {
    const { unguarded } = scanWrites(assemble(text), abi);
    expect(unguarded).toEqual([
      "host.savePage is not imported",
      "function 0, instruction 2: i64.store offset=24",
      "function 1, instruction 3: memory.copy 0 0",
    ]);
  });

  const guardOf = (number: number) => new RegExp(`\\(i32\\.const ${number}\\)`);
  const changes: [what: string, from: RegExp | string, to: string, found: number][] = [
    ["checks another first page", guardOf(24), "(i32.const 16)", 1],
    ["asks by another page size", guardOf(12), "(i32.const 13)", 1],
    ["asks through another pointer", /\(local\.get \$0\)/, "(local.get $1)", 1],
    ["saves fewer bytes", guardOf(8), "(i32.const 7)", 1],
    ["stores elsewhere", "(i64.store offset=24", "(i64.store offset=25", 1],
    [
      "stores through another pointer",
      /\(i64\.store offset=24\s+\(local.get \$\d\)/,
      "(i64.store offset=24 (local.get $1)",
      1,
    ],
    ["reads another map", "i32.load16_u offset=1048576", "i32.load16_u offset=1048577", 1],
    ["ignores one of the pages", "i32.load16_u offset", "i32.load8_u offset", 1],
  ];

  it.each(changes)("finds a guard that %s", (_, from, to, found) => {
    const changed = good.replace(from, to);
    expect(changed).not.toBe(good);
    const { stores, unguarded } = scan(changed);
    expect({ stores, found: unguarded.length }).toEqual({ stores: 0, found });
  });

  it("finds a barrier that leaves a page out, and trusts nothing that calls it", () => {
    const changed = good.replace("(i32.le_u", "(i32.lt_u");
    expect(changed).not.toBe(good);
    const { stores, ranges, unguarded } = scan(changed);
    expect({ stores, ranges }).toEqual({ stores: 0, ranges: 0 });
    expect(unguarded).toHaveLength(3);
  });

  it("finds a range helper that checks another range", () => {
    const changed = good.replace(
      /\(call \$(\d+)\s+\(local\.get \$0\)\s+\(local\.get \$2\)\s+\)/,
      (_, barrier) => `(call $${barrier} (local.get $1) (local.get $2))`,
    );
    expect(changed).not.toBe(good);
    expect(scan(changed).unguarded).toHaveLength(1);
  });

  it("finds lane stores, atomics and growth wherever they stand", () => {
    const lane = "(v128.store8_lane 0 (i32.const 0) (v128.const i64x2 0 0))";
    const atomic = "(i32.atomic.store (i32.const 0) (i32.const 0))";
    const grow = "(drop (memory.grow (i32.const 1)))";
    const last = good.lastIndexOf(")");
    const changed = `${good.slice(0, last)} (func ${lane} ${atomic} ${grow}))`;
    expect(scan(changed).unguarded.map((line) => line.replace(/^.*: /, ""))).toEqual([
      "v128.store8_lane offset=0 0",
      "atomic:0x17 offset=0",
      "memory.grow 0",
    ]);
  });
});

it("the memory of these tests has its full size", () => {
  expect(memory.buffer.byteLength).toBe(MEMORY_BYTES);
});

/**
 * The scan of the finished copy-on-write module: finds every memory write that no guard precedes.
 *
 * It reads the binary with a reader of its own (wasm-reader.mjs) and knows only the shapes below;
 * names and the pass that made them count for nothing. A write is guarded when
 *
 * - it is a plain store through a local, and a check stands before it that covers its bytes from
 *   this local; between the two there is no call, no place to jump to, and nothing sets the local.
 *   A check asks for the marks of the page of its first byte and of the next page, and hands the
 *   barrier a range of a page at most: whatever lies in the range lies in these two;
 * - it is a plain store to a constant address in the windows, the SERVER root or the module region:
 *   `markPages` marks nothing there;
 * - it is memory.copy, memory.fill or memory.init, and its whole function is: call the barrier with
 *   parameters 0 and 2, then do the operation on the three parameters.
 *
 * The barrier is the one function that calls the import host.savePage, and its body is exactly the
 * loop over the pages of a range. Every other instruction that writes memory is unguarded.
 */
import { readModule } from "./wasm-reader.mjs";

/** Bytes that each store writes. */
const STORE_BYTES = {
  "i32.store": 4,
  "i64.store": 8,
  "f32.store": 4,
  "f64.store": 8,
  "i32.store8": 1,
  "i32.store16": 2,
  "i64.store8": 1,
  "i64.store16": 2,
  "i64.store32": 4,
  "v128.store": 16,
};

const OTHER_WRITES = /^(memory\.(copy|fill|init|grow)|v128\.store\d+_lane|atomic:|data\.drop)/;

/** Instructions that read, but that the pass has no business with: atomics are all refused. */
function writesMemory(instruction) {
  return instruction.split(" ")[0] in STORE_BYTES || OTHER_WRITES.test(instruction);
}

/**
 * Lists the unguarded writes of a module.
 *
 * @param {Uint8Array} binary
 * @param {object} abi constants of assembly/abi.ts
 * @returns {{checks: number, stores: number, ranges: number, unguarded: string[]}} how many checks
 *   there are, how many stores are proved and how many ranges go through helpers, and a line for
 *   each write that is not guarded
 */
export function scanWrites(binary, abi) {
  const module = readModule(binary);
  const shapes = shapesFor(module, abi);
  const report = { checks: 0, stores: 0, ranges: 0, unguarded: [...shapes.problems] };
  for (const [index, { instructions }] of module.code.entries()) {
    const isRangeHelper = shapes.isRangeHelper(index, instructions);
    const checked = new CheckedRanges();
    for (let at = 0; at < instructions.length; at++) {
      const check = shapes.checkAt(instructions, at);
      if (check !== undefined) {
        checked.add(check);
        report.checks++;
        at += check.length - 1;
        continue;
      }
      const instruction = instructions[at];
      if (!writesMemory(instruction)) checked.pass(instruction);
      else if (isProved(instructions, at, checked, abi)) report.stores++;
      else if (isRangeHelper && at === instructions.length - 2) report.ranges++;
      else report.unguarded.push(`function ${index}, instruction ${at}: ${instruction}`);
    }
  }
  return report;
}

/** What checks have covered so far on the only way to the place that is looked at. */
class CheckedRanges {
  /** By the text of the instruction that gets the local: ranges from it. */
  #ranges = new Map();

  add({ pointer, low, end }) {
    const ranges = this.#ranges.get(pointer) ?? [];
    this.#ranges.set(pointer, [...ranges, { low, end }]);
  }

  covers(pointer, low, end) {
    const ranges = this.#ranges.get(pointer) ?? [];
    return ranges.some((range) => range.low <= low && end <= range.end);
  }

  /** Goes past an instruction that is neither a check nor a write. */
  pass(instruction) {
    if (JOINS_OR_CALLS.test(instruction)) this.#ranges.clear();
    const set = SETS_LOCAL.exec(instruction);
    if (set) this.#ranges.delete(`local.get ${set[1]}`);
  }
}

/** Other ways may lead behind these, or other code runs. */
const JOINS_OR_CALLS = /^(end|else|loop |call|return_call)/;
const SETS_LOCAL = /^local\.(?:set|tee) (\d+)$/;
/** Instructions that push one operand and do nothing else (0xfd 12 is v128.const). */
const OPERAND = /^(local\.get \d+|[if](32|64)\.const( -?\d+)?|0xfd 12)$/;
const CONSTANT = /^i32\.const (-?\d+)$/;

/** Whether the write at this place is a store that a check or its address makes safe. */
function isProved(instructions, at, checked, abi) {
  const [name, argument] = instructions[at].split(" ");
  const width = STORE_BYTES[name];
  const pointer = instructions[at - 2] ?? "";
  if (!width || !OPERAND.test(instructions[at - 1] ?? "")) return false;
  const low = Number(argument.slice("offset=".length));
  const constant = CONSTANT.exec(pointer);
  if (!constant) return checked.covers(pointer, low, low + width);
  const first = (Number(constant[1]) >>> 0) + low;
  return (
    (first >= abi.SERVER_ROOT && first + width <= abi.PAGE_MAP) ||
    (first >= abi.MODULE_BASE && first + width <= abi.HEAP_BASE)
  );
}

/** The shapes to look for in this module, with its own function indices filled in. */
function shapesFor(module, { PAGE_MAP, PAGE_BITS }) {
  const imported = module.imports.filter(({ kind }) => kind === "function");
  const savePage = imported.findIndex(
    (entry) => entry.module === "host" && entry.name === "savePage",
  );
  const callSavePage = `call ${savePage}`;
  const saving = [...module.code.entries()].filter(([, body]) =>
    body.instructions.includes(callSavePage),
  );
  const problems = [];
  if (savePage < 0) problems.push("host.savePage is not imported");
  if (saving.length > 1) problems.push("more than one function calls host.savePage");
  if (module.exports.some(({ kind, index }) => kind === "function" && index === savePage)) {
    problems.push("host.savePage is exported");
  }
  const [barrierIndex, barrierBody] = saving[0] ?? [-1, { instructions: [] }];
  const isBarrier = same(barrierBody.instructions, barrierShape(callSavePage, PAGE_MAP, PAGE_BITS));
  if (savePage >= 0 && !isBarrier) problems.push("the barrier function has another shape");
  const callBarrier = isBarrier ? `call ${imported.length + barrierIndex}` : "no barrier";
  return {
    problems,
    checkAt(instructions, at) {
      return checkAt(instructions, at, callBarrier, PAGE_MAP, PAGE_BITS);
    },
    isRangeHelper(index, instructions) {
      const three = module.types[module.functions[index]] === "7f7f7f>";
      return three && same(instructions, rangeShape(instructions.at(-2), callBarrier));
    },
  };
}

/**
 * The check that begins at this place, or undefined when none does:
 *
 *   first byte; >>> page bits; load its mark and the next page's; if { first byte; bytes; barrier }
 *
 * @returns {{pointer: string, low: number, end: number, length: number} | undefined}
 */
function checkAt(instructions, at, callBarrier, pageMap, pageBits) {
  const pointer = instructions[at];
  if (!pointer.startsWith("local.get ")) return;
  const constant = CONSTANT.exec(instructions[at + 1]);
  const hasOffset = constant !== null && instructions[at + 2] === "i32.add";
  const first = hasOffset ? instructions.slice(at, at + 3) : [pointer];
  const bytes = Number(CONSTANT.exec(instructions[at + 2 * first.length + 4] ?? "")?.[1]);
  if (!(bytes >= 1 && bytes <= 1 << pageBits)) return;
  const load = bytes === 1 ? "i32.load8_u" : "i32.load16_u";
  const marks = [`i32.const ${pageBits}`, "i32.shr_u", `${load} offset=${pageMap}`];
  const save = ["if void", ...first, `i32.const ${bytes}`, callBarrier, "end"];
  const shape = [...first, ...marks, ...save];
  if (!same(instructions.slice(at, at + shape.length), shape)) return;
  const low = hasOffset ? Number(constant[1]) >>> 0 : 0;
  return { pointer, low, end: low + bytes, length: shape.length };
}

function rangeShape(operation = "", callBarrier = "") {
  const known = /^memory\.(copy 0 0|fill 0|init \d+ 0)$/.test(operation);
  if (!known) return [];
  const operands = ["local.get 0", "local.get 1", "local.get 2"];
  return ["local.get 0", "local.get 2", callBarrier, ...operands, operation, "end"];
}

/** barrier(address, bytes): for each page of the range, when marked, host.savePage(page). */
function barrierShape(callSavePage, pageMap, pageBits) {
  const toPage = [`i32.const ${pageBits}`, "i32.shr_u"];
  const nothing = ["local.get 1", "i32.eqz", "if void", "return", "end"];
  const first = ["local.get 0", ...toPage, "local.set 2"];
  const end = ["local.get 0", "local.get 1", "i32.add", "i32.const 1", "i32.sub"];
  const last = [...end, ...toPage, "local.set 3"];
  const isMarked = ["local.get 2", `i32.load8_u offset=${pageMap}`];
  const save = [...isMarked, "if void", "local.get 2", callSavePage, "end"];
  const next = ["local.get 2", "i32.const 1", "i32.add", "local.set 2"];
  const again = ["local.get 2", "local.get 3", "i32.le_u", "br_if 0"];
  return [...nothing, ...first, ...last, "loop void", ...save, ...next, ...again, "end", "end"];
}

function same(left, right) {
  return left.length === right.length && left.every((item, index) => item === right[index]);
}

/**
 * Differences between the two builds that would break a host that switches between them: exports,
 * function-table slots, function types, globals; imports may differ by host.savePage alone, and the
 * second build sets nothing up. One line for each; none when all is well.
 */
export function compareBuilds(plainBinary, guardedBinary) {
  const plain = readModule(plainBinary);
  const guarded = readModule(guardedBinary);
  const problems = [];
  const check = (what, pick) => {
    if (JSON.stringify(pick(plain)) !== JSON.stringify(pick(guarded))) problems.push(what);
  };
  check("exports differ", exportsOf);
  check("function-table slots differ", elementsOf);
  check("tables differ", ({ tables }) => tables);
  check("globals differ", ({ globals }) => globals);
  check("imports differ", ({ imports, types }) =>
    imports
      .filter(({ name }) => name !== "savePage")
      .map((entry) => ({ ...entry, type: entry.kind === "function" ? types[entry.type] : 0 })),
  );
  const typesOf = ({ functions, types }) =>
    functions.slice(0, plain.functions.length).map((type) => types[type]);
  check("function types differ", typesOf);
  if (guarded.start !== undefined) problems.push("the second build has a start function");
  if (guarded.data.some(({ mode, bytes }) => mode === "active" && bytes > 0)) {
    problems.push("the second build writes data segments");
  }
  return problems;
}

function importedFunctions({ imports }) {
  return imports.filter(({ kind }) => kind === "function").length;
}

/** Function indices counted from the first one that the module defines itself. */
function exportsOf(module) {
  const shift = importedFunctions(module);
  return module.exports.map((entry) =>
    entry.kind === "function" ? { ...entry, index: entry.index - shift } : entry,
  );
}

function elementsOf(module) {
  const shift = importedFunctions(module);
  return module.elements.map((segment) => ({
    ...segment,
    items: segment.items.map((item) =>
      typeof item === "number"
        ? item - shift
        : item.map((text) =>
            text.replace(/^ref\.func (\d+)$/, (_, at) => `ref.func ${at - shift}`),
          ),
    ),
  }));
}

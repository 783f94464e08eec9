/**
 * The write-barrier pass: makes engine.cow.wasm from engine.wasm.
 *
 * fork() copies on write with the help of an MMU. WebAssembly has none, so the second build of the
 * engine asks before each write whether the page is still to be saved: PAGE_MAP holds one byte for
 * each 4 KiB page, and a marked page is handed to the import `host.savePage(page)`, which copies it
 * and clears the mark. Both builds run over one memory; a host switches between them.
 *
 * What the pass does to each function:
 *
 *   store offset=k (P) (V)    ->  local.set $p (P)
 *                                 local.set $v (V)
 *                                 if (u16) PAGE_MAP[($p + k) >>> 12]
 *                                   call $barrier($p + k, width)
 *                                 store offset=k ($p) ($v)
 *   memory.copy/fill/init     ->  call of a helper that calls $barrier(destination, bytes) and then
 *                                 does the operation on its parameters: operands are evaluated once
 *   any other memory write    ->  the build fails with the instruction's name
 *
 * One load of two bytes sees the marks of the page of the first byte and of the next one: a store
 * reaches no further. When only the next one is marked and not reached, the barrier finds nothing
 * to do. Two kinds of stores have no check of their own:
 *
 *   - those to constant addresses in windows, the SERVER root or the module region, which are never
 *     marked (`memory/data-pages.ts` says what is);
 *   - those through a local that an earlier store in the same straight piece of code went through:
 *     the first one checks from the lowest to the highest of their bytes, at most a page in all
 *     (stretches.mjs finds them). Marks are set between calls alone, so a check holds until the
 *     piece ends.
 *
 * The check is inline because a call costs more than the check (V8 does not inline here). Measured
 * on Node 20 with no page marked, SETs of 64 a call take 1.07 times as long as in the plain build
 * while data is in cache and 1.05 with 3 million keys; with two loads and a check for each store it
 * was 1.18 and 1.14. The shape is fixed so that scan.mjs can prove each store guarded by looking at
 * the instructions before it.
 *
 * Addresses are u32 and additions wrap, which is harmless: memory never has more than 65,535 wasm
 * pages, so an access whose end passes 2^32 is out of bounds and traps. At worst a page was saved
 * before it had to be, and saving a page early is always right.
 *
 * Data segments and the start function are left out: the memory is already set up. A segment that
 * memory.init still needs stays as it was (passive); active ones are spent, and so are empty here.
 */
import binaryen from "binaryen";
import { childrenOf, kindName } from "./expressions.mjs";
import { dropSections, emptyActiveSegments } from "./sections.mjs";
import { COVERED, findStretches, setsLocal } from "./stretches.mjs";

/** Everything the engine may use, and what must be understood in order to be refused by name. */
const READ_FEATURES =
  binaryen.Features.MutableGlobals |
  binaryen.Features.NontrappingFPToInt |
  binaryen.Features.SIMD128 |
  binaryen.Features.BulkMemory |
  binaryen.Features.BulkMemoryOpt |
  binaryen.Features.SignExt |
  binaryen.Features.ReferenceTypes |
  binaryen.Features.Multivalue |
  binaryen.Features.ExtendedConst |
  binaryen.Features.Atomics |
  binaryen.Features.TailCall;

const BARRIER = "barrier";
const SAVE_PAGE = "barrier:savePage";
const SECTION_START = 8;
const SECTION_DATA = 11;
const SECTION_DATA_COUNT = 12;

/**
 * Turns a module into its copy-on-write twin.
 *
 * @param {Uint8Array} binary the module as compiled
 * @param {object} abi constants of assembly/abi.ts
 * @returns {Uint8Array} the guarded module
 */
export function addWriteBarrier(binary, abi) {
  keepInstructionsAsBuilt();
  const module = binaryen.readBinaryWithFeatures(binary, READ_FEATURES);
  try {
    const pass = new BarrierPass(module, abi);
    pass.run();
    if (!module.validate()) throw new Error("barrier: the guarded module is not valid");
    const guarded = dropSections(module.emitBinary(), [SECTION_START]);
    if (pass.usesSegments) return emptyActiveSegments(guarded);
    return dropSections(guarded, [SECTION_DATA, SECTION_DATA_COUNT]);
  } finally {
    module.dispose();
  }
}

/** The compiler shares these settings with us; any optimization would blur the guard's shape. */
function keepInstructionsAsBuilt() {
  binaryen.setOptimizeLevel(0);
  binaryen.setShrinkLevel(0);
  binaryen.setDebugInfo(false);
  binaryen.setGenerateStackIR(false);
  binaryen.setOptimizeStackIR(false);
}

class BarrierPass {
  constructor(module, abi) {
    this.module = module;
    this.pageMap = abi.PAGE_MAP;
    this.pageBits = abi.PAGE_BITS;
    /** Addresses that are never marked: first and end. */
    this.unmarked = [
      [abi.SERVER_ROOT, abi.PAGE_MAP],
      [abi.MODULE_BASE, abi.HEAP_BASE],
    ];
    /** Names of range helpers made so far. */
    this.rangeHelpers = new Set();
    this.usesSegments = false;
  }

  run() {
    const { module } = this;
    const functions = [];
    for (let index = 0; index < module.getNumFunctions(); index++) {
      const reference = module.getFunctionByIndex(index);
      if (binaryen.getFunctionInfo(reference).module === "") functions.push(reference);
    }
    module.addFunctionImport(SAVE_PAGE, "host", "savePage", binaryen.i32, binaryen.none);
    for (const reference of functions) this.guardFunction(reference);
    this.addBarrier();
  }

  guardFunction(reference) {
    const { name } = binaryen.getFunctionInfo(reference);
    const body = binaryen.Function.getBody(reference);
    /** Locals that this function's guards use: pointers by nesting, values by type. */
    const locals = { reference, pointers: [], values: new Map(), spans: new Map() };
    try {
      findStretches(body, 1 << this.pageBits, locals.spans);
      const { expression } = this.guard(body, locals);
      binaryen.Function.setBody(reference, expression);
    } catch (error) {
      throw new Error(`${error.message} (in function ${name})`, { cause: error });
    }
  }

  /**
   * Guards all writes in a tree. Returns what takes the tree's place and how deep guarded stores
   * nest in it: a store whose value contains another store needs a pointer local of its own.
   */
  guard(expression, locals) {
    let depth = 0;
    const depths = [];
    for (const child of childrenOf(expression)) {
      const guarded = this.guard(child.expression, locals);
      if (guarded.expression !== child.expression) child.replace(guarded.expression);
      depths.push(guarded.depth);
      depth = Math.max(depth, guarded.depth);
    }
    switch (binaryen.getExpressionId(expression)) {
      case binaryen.StoreId: {
        const level = depths[1];
        const guarded = this.guardStore(expression, locals, level);
        return { expression: guarded, depth: Math.max(depth, level + 1) };
      }
      case binaryen.MemoryCopyId:
        return { expression: this.guardRange("copy", expression), depth };
      case binaryen.MemoryFillId:
        return { expression: this.guardRange("fill", expression), depth };
      case binaryen.MemoryInitId:
        return { expression: this.guardRange("init", expression), depth };
      case binaryen.SIMDLoadStoreLaneId:
        if (binaryen.SIMDLoadStoreLane.isStore(expression)) refuse(expression);
        break;
      case binaryen.AtomicRMWId:
      case binaryen.AtomicCmpxchgId:
      case binaryen.MemoryGrowId:
      case binaryen.DataDropId:
        refuse(expression);
    }
    return { expression, depth };
  }

  guardStore(store, locals, level) {
    const { module } = this;
    const { Store } = binaryen;
    if (Store.isAtomic(store)) refuse(store);
    const pointer = Store.getPtr(store);
    const value = Store.getValue(store);
    if (binaryen.getExpressionType(store) === binaryen.unreachable) {
      return module.block(null, [
        dropped(module, pointer),
        dropped(module, value),
        module.unreachable(),
      ]);
    }
    const before = [];
    const address = this.pointerOf(store, locals, level, before);
    const type = binaryen.getExpressionType(value);
    if (!isOperand(value)) {
      const valueLocal = valueLocalOf(locals, type);
      before.push(module.local.set(valueLocal, value));
      Store.setValue(store, module.local.get(valueLocal, type));
    }
    const span = locals.spans.get(store) ?? ownSpan(store);
    if (address !== undefined && span !== COVERED) before.push(this.check(address, span));
    return module.block(null, [...before, store]);
  }

  /**
   * Sees to it that the store's pointer is a local, or a constant that is never marked (then it
   * answers undefined). What must run before the store is added to `before`.
   */
  pointerOf(store, locals, level, before) {
    const { module } = this;
    const { Store, LocalSet } = binaryen;
    const pointer = Store.getPtr(store);
    if (this.isUnmarked(store, pointer)) return undefined;
    const kept = keptLocal(pointer, Store.getValue(store));
    if (kept !== undefined) {
      if (binaryen.getExpressionId(pointer) === binaryen.LocalSetId) {
        before.push(module.local.set(kept, LocalSet.getValue(pointer)));
        Store.setPtr(store, module.local.get(kept, binaryen.i32));
      }
      return kept;
    }
    const local = pointerLocalAt(locals, level);
    before.push(module.local.set(local, pointer));
    Store.setPtr(store, module.local.get(local, binaryen.i32));
    return local;
  }

  /** Whether a store goes to a constant address that is never marked. */
  isUnmarked(store, pointer) {
    if (binaryen.getExpressionId(pointer) !== binaryen.ConstId) return false;
    const first = (binaryen.Const.getValueI32(pointer) >>> 0) + binaryen.Store.getOffset(store);
    const end = first + binaryen.Store.getBytes(store);
    return this.unmarked.some(([from, to]) => first >= from && end <= to);
  }

  /** if (marks of the first byte's page and, unless it is the only byte, of the next) barrier() */
  check(pointerLocal, { low, bytes }) {
    const { module } = this;
    const { i32 } = module;
    const first = () => {
      const pointer = module.local.get(pointerLocal, binaryen.i32);
      return low === 0 ? pointer : i32.add(pointer, i32.const(low | 0));
    };
    const page = i32.shr_u(first(), i32.const(this.pageBits));
    const marks = bytes === 1 ? this.markOfPage(page) : i32.load16_u(this.pageMap, 1, page);
    return module.if(marks, module.call(BARRIER, [first(), i32.const(bytes)], binaryen.none));
  }

  markOfPage(page) {
    return this.module.i32.load8_u(this.pageMap, 1, page);
  }

  guardRange(operation, expression) {
    const kinds = {
      copy: [binaryen.MemoryCopy, "Source"],
      fill: [binaryen.MemoryFill, "Value"],
      init: [binaryen.MemoryInit, "Offset"],
    };
    const [kind, second] = kinds[operation];
    const segment = operation === "init" ? kind.getSegment(expression) : "";
    const operands = [
      kind.getDest(expression),
      kind[`get${second}`](expression),
      kind.getSize(expression),
    ];
    const name = this.rangeHelper(operation, segment);
    return this.module.call(name, operands, binaryen.none);
  }

  /** Makes, once, `(destination, second, bytes) => { barrier(destination, bytes); operation }`. */
  rangeHelper(operation, segment) {
    const { module } = this;
    const name = `${BARRIER}:memory.${operation}${segment === "" ? "" : `:${segment}`}`;
    if (this.rangeHelpers.has(name)) return name;
    this.rangeHelpers.add(name);
    if (operation === "init") this.usesSegments = true;
    const parameter = (index) => module.local.get(index, binaryen.i32);
    const operands = [parameter(0), parameter(1), parameter(2)];
    const operations = {
      copy: () => module.memory.copy(...operands),
      fill: () => module.memory.fill(...operands),
      init: () => module.memory.init(segment, ...operands),
    };
    const body = module.block(null, [
      module.call(BARRIER, [parameter(0), parameter(2)], binaryen.none),
      operations[operation](),
    ]);
    const parameters = binaryen.createType([binaryen.i32, binaryen.i32, binaryen.i32]);
    module.addFunction(name, parameters, binaryen.none, [], body);
    return name;
  }

  /**
   * barrier(address, bytes): saves each marked page of the range. The second local is the page, the
   * last one the range's last page; both stay below 2^20, so counting up cannot wrap.
   */
  addBarrier() {
    const { module } = this;
    const { i32, local } = module;
    const [address, bytes, page, last] = [0, 1, 2, 3];
    const get = (index) => local.get(index, binaryen.i32);
    const bits = () => i32.const(this.pageBits);
    const end = i32.sub(i32.add(get(address), get(bytes)), i32.const(1));
    const body = module.block(null, [
      module.if(i32.eqz(get(bytes)), module.return()),
      local.set(page, i32.shr_u(get(address), bits())),
      local.set(last, i32.shr_u(end, bits())),
      module.loop(
        "pages",
        module.block(null, [
          module.if(this.markOfPage(get(page)), module.call(SAVE_PAGE, [get(page)], binaryen.none)),
          local.set(page, i32.add(get(page), i32.const(1))),
          module.br("pages", i32.le_u(get(page), get(last))),
        ]),
      ),
    ]);
    const parameters = binaryen.createType([binaryen.i32, binaryen.i32]);
    module.addFunction(BARRIER, parameters, binaryen.none, [binaryen.i32, binaryen.i32], body);
  }
}

/** An operand that can stand where it is, between its check and the store. */
function isOperand(expression) {
  const id = binaryen.getExpressionId(expression);
  return id === binaryen.LocalGetId || id === binaryen.ConstId;
}

/** The local that a pointer is, or is put into, unless evaluating the value changes it. */
function keptLocal(pointer, value) {
  const id = binaryen.getExpressionId(pointer);
  const kinds = { [binaryen.LocalGetId]: "LocalGet", [binaryen.LocalSetId]: "LocalSet" };
  const kind = kinds[id];
  if (kind === undefined) return undefined;
  const local = binaryen[kind].getIndex(pointer);
  return setsLocal(value, local) ? undefined : local;
}

/** The bytes of a store that stands alone, from its pointer. */
function ownSpan(store) {
  return { low: binaryen.Store.getOffset(store), bytes: binaryen.Store.getBytes(store) };
}

function pointerLocalAt(locals, level) {
  locals.pointers[level] ??= addLocal(locals.reference, binaryen.i32);
  return locals.pointers[level];
}

function valueLocalOf(locals, type) {
  if (!locals.values.has(type)) locals.values.set(type, addLocal(locals.reference, type));
  return locals.values.get(type);
}

/** The wrapper class has no method for this; the C API it wraps does. */
function addLocal(reference, type) {
  return binaryen._BinaryenFunctionAddVar(reference, type);
}

function dropped(module, expression) {
  const type = binaryen.getExpressionType(expression);
  return type === binaryen.unreachable ? expression : module.drop(expression);
}

function refuse(expression) {
  throw new Error(`barrier: ${kindName(expression)} writes memory in a way that has no guard`);
}

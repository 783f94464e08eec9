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
 *                                 if PAGE_MAP[($p + k) >>> 12] |
 *                                    PAGE_MAP[($p + k + width - 1) >>> 12]
 *                                   call $barrier($p + k, width)
 *                                 store offset=k ($p) ($v)
 *   memory.copy/fill/init     ->  call of a helper that calls $barrier(destination, bytes) and then
 *                                 does the operation on its parameters: operands are evaluated once
 *   any other memory write    ->  the build fails with the instruction's name
 *
 * The check is inline because a call costs more than the check: measured on Node 20 (V8 does not
 * inline here), a store takes 0.4 ns plain, 0.7 ns with the inline check, 2.1 ns through a helper;
 * over 128 MiB of random addresses 2.2, 5.2 and 11.6 ns. The shape is fixed so that scan.mjs can
 * prove each store guarded by looking at the instructions just before it.
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
 * @param {{PAGE_MAP: number, PAGE_BITS: number}} abi constants of assembly/abi.ts
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
  constructor(module, { PAGE_MAP, PAGE_BITS }) {
    this.module = module;
    this.pageMap = PAGE_MAP;
    this.pageBits = PAGE_BITS;
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
    /** Locals that this function's guards use: pointers by nesting, values by type. */
    const locals = { reference, pointers: [], values: new Map() };
    try {
      const { expression } = this.guard(binaryen.Function.getBody(reference), locals);
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
    const offset = Store.getOffset(store);
    const width = Store.getBytes(store);
    const type = binaryen.getExpressionType(value);
    const pointerLocal = pointerLocalAt(locals, level);
    const valueLocal = valueLocalOf(locals, type);
    Store.setPtr(store, module.local.get(pointerLocal, binaryen.i32));
    Store.setValue(store, module.local.get(valueLocal, type));
    return module.block(null, [
      module.local.set(pointerLocal, pointer),
      module.local.set(valueLocal, value),
      this.check(pointerLocal, offset, width),
      store,
    ]);
  }

  /** if (mark of the first byte's page | mark of the last byte's page) barrier(address, width) */
  check(pointerLocal, offset, width) {
    const { module } = this;
    const address = (delta) =>
      module.i32.add(
        module.local.get(pointerLocal, binaryen.i32),
        module.i32.const((offset + delta) | 0),
      );
    const first = this.markOf(address(0));
    const either = width === 1 ? first : module.i32.or(first, this.markOf(address(width - 1)));
    const save = module.call(BARRIER, [address(0), module.i32.const(width)], binaryen.none);
    return module.if(either, save);
  }

  markOf(address) {
    const { module } = this;
    return this.markOfPage(module.i32.shr_u(address, module.i32.const(this.pageBits)));
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

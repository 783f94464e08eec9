/** Where a module's active data segments lie, and whether that is inside the module region. */
import { readModule } from "./wasm-reader.mjs";

/**
 * The address range of all static data; throws when it leaves [MODULE_BASE, HEAP_BASE).
 *
 * @param {Uint8Array} binary
 * @param {{MODULE_BASE: number, HEAP_BASE: number}} abi constants of assembly/abi.ts
 */
export function staticData(binary, { MODULE_BASE, HEAP_BASE }) {
  let start = HEAP_BASE;
  let end = MODULE_BASE;
  for (const segment of readModule(binary).data) {
    if (segment.mode === "passive") continue;
    const offset = segment.offset.length === 1 && /^i32\.const (-?\d+)$/.exec(segment.offset[0]);
    if (!offset) throw new Error("engine.wasm: a data segment's address is not a constant");
    const address = Number(offset[1]) >>> 0;
    start = Math.min(start, address);
    end = Math.max(end, address + segment.bytes);
  }
  if (start < MODULE_BASE || end > HEAP_BASE) {
    const range = `0x${start.toString(16)}..0x${end.toString(16)}`;
    const region = `0x${MODULE_BASE.toString(16)}..0x${HEAP_BASE.toString(16)}`;
    throw new Error(`engine.wasm: static data ${range} leaves the module region ${region}`);
  }
  return { start: Math.min(start, end), end };
}

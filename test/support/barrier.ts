/**
 * Small modules in text form, through the write-barrier pass, over one memory of full size.
 *
 * The memory stands for an engine's: PAGE_MAP is where the engine has it. `savePage` does what a
 * host does (clear the mark) and keeps what it was asked for, with the page's bytes at that moment.
 */
import binaryen from "binaryen";
import * as abi from "../../assembly/abi";
import { addWriteBarrier } from "../../build/barrier.mjs";
import { scanWrites } from "../../build/scan.mjs";

export { abi };

export const MEMORY_BYTES = abi.MAXIMUM_WASM_PAGES * 0x10000;
export const PAGES = MEMORY_BYTES / abi.PAGE_BYTES;

/** One memory for all tests of a file: 4 GiB of addresses, hardly a page touched. */
export const memory = new WebAssembly.Memory({
  initial: abi.MAXIMUM_WASM_PAGES,
  maximum: abi.MAXIMUM_WASM_PAGES,
});
export const bytes = new Uint8Array(memory.buffer);

const HEAD = `
  (import "env" "memory" (memory 1 65535))
  (import "test" "seen" (func $seen (param i32) (result i32)))`;

export interface Saved {
  page: number;
  /** What the page held when it was handed over. */
  content: Uint8Array;
}

export interface Runner {
  call(name: string, ...parameters: number[]): number | undefined;
  /** Pages saved since the last `mark`. */
  saved: Saved[];
  /** What the import `test.seen` was given since the last `mark`. */
  seen: number[];
}

/** The binary of a module given as text, without the head that all of them share. */
export function assemble(text: string, head = HEAD): Uint8Array {
  const module = binaryen.parseText(`(module ${head} ${text})`);
  try {
    module.setFeatures(binaryen.Features.All);
    if (!module.validate()) throw new Error("the module is not valid");
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

/** A module in text form; shape tests change it and assemble it again. */
export function disassemble(binary: Uint8Array): string {
  const module = binaryen.readBinaryWithFeatures(binary, binaryen.Features.All);
  try {
    return module.emitText();
  } finally {
    module.dispose();
  }
}

export function guard(binary: Uint8Array): Uint8Array {
  return addWriteBarrier(binary, abi);
}

/** The guarded form of a module, scanned and instantiated. */
export function runGuarded(text: string): Runner {
  const binary = guard(assemble(text));
  const { unguarded } = scanWrites(binary, abi);
  if (unguarded.length > 0) throw new Error(unguarded.join("\n"));
  return instantiate(binary);
}

/** The module as it is. */
export function runPlain(text: string): Runner {
  return instantiate(assemble(text));
}

function instantiate(binary: Uint8Array): Runner {
  const runner: Runner = { call, saved: [], seen: [] };
  const imports = {
    env: { memory },
    test: { seen: (value: number) => see(runner, value) },
    host: { savePage: (page: number) => save(runner, page) },
  };
  const instance = new WebAssembly.Instance(
    new WebAssembly.Module(binary as Uint8Array<ArrayBuffer>),
    imports,
  );
  function call(name: string, ...parameters: number[]): number | undefined {
    return (instance.exports[name] as (...parameters: number[]) => number | undefined)(
      ...parameters,
    );
  }
  return runner;
}

function see(runner: Runner, value: number): number {
  runner.seen.push(value);
  return value;
}

function save(runner: Runner, page: number): void {
  const start = page * abi.PAGE_BYTES;
  runner.saved.push({ page, content: bytes.slice(start, start + abi.PAGE_BYTES) });
  bytes[abi.PAGE_MAP + page] = 0;
}

/** Marks these pages and forgets what was saved and seen before. */
export function mark(runner: Runner, pages: number[]): void {
  runner.saved = [];
  runner.seen = [];
  for (const page of pages) bytes[abi.PAGE_MAP + page] = 1;
}

/** Clears marks, and says which were still set. */
export function unmark(pages: number[]): number[] {
  const left = pages.filter((page) => bytes[abi.PAGE_MAP + page] !== 0);
  for (const page of pages) bytes[abi.PAGE_MAP + page] = 0;
  return left;
}

/** Finds and compiles the engine's two modules, and knows the version of the package. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { EngineFile } from "../shared/persistence/image-store.js";

const PACKAGE_PLACES = ["../package.json", "../../package.json"];

/** Both builds of the engine, and what identifies them. */
export interface EngineModules {
  readonly plain: WebAssembly.Module;
  /** The build with the write barrier. */
  readonly guarded: WebAssembly.Module;
  readonly file: EngineFile;
}

let loaded: Promise<EngineModules> | undefined;

/** The compiled engine beside this file (or in dist/ when run from the sources). */
export function loadModules(): Promise<EngineModules> {
  loaded ??= load();
  return loaded;
}

export async function loadModule(): Promise<WebAssembly.Module> {
  return (await loadModules()).plain;
}

async function load(): Promise<EngineModules> {
  const [plainBytes, guardedBytes] = await Promise.all([
    readModule("engine.wasm"),
    readModule("engine.cow.wasm"),
  ]);
  const [plain, guarded] = await Promise.all([
    WebAssembly.compile(plainBytes),
    WebAssembly.compile(guardedBytes),
  ]);
  const hash = createHash("sha256").update(plainBytes).digest("hex").slice(0, 32);
  return { plain, guarded, file: { hash, bytes: () => readModule("engine.wasm") } };
}

async function readModule(name: string): Promise<Buffer<ArrayBuffer>> {
  const place = findFile([`./${name}`, `../../dist/${name}`]);
  if (place === undefined) throw new Error(`${name} is missing: run \`npm run build\``);
  return readFile(place);
}

function findFile(places: readonly string[]): URL | undefined {
  return places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
}

export function packageVersion(): string {
  const place = findFile(PACKAGE_PLACES);
  if (place === undefined) return "0.0.0";
  return (JSON.parse(readFileSync(place, "utf8")) as { version: string }).version;
}

/** Finds and compiles the engine's module, and knows the version of the package. */
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";

const MODULE_PLACES = ["./engine.wasm", "../../dist/engine.wasm"];
const PACKAGE_PLACES = ["../package.json", "../../package.json"];

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled engine beside this file (or in dist/ when run from the sources). */
export function loadModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const place = findFile(MODULE_PLACES);
  if (place === undefined) throw new Error("engine.wasm is missing: run `npm run build`");
  return WebAssembly.compile(await readFile(place));
}

function findFile(places: readonly string[]): URL | undefined {
  return places.map((place) => new URL(place, import.meta.url)).find((url) => existsSync(url));
}

export function packageVersion(): string {
  const place = findFile(PACKAGE_PLACES);
  if (place === undefined) return "0.0.0";
  return (JSON.parse(readFileSync(place, "utf8")) as { version: string }).version;
}

/**
 * The constants of assembly/abi.ts for the build scripts, so that no number is written twice.
 *
 * The file is TypeScript with const enums; esbuild turns it into JavaScript in memory.
 */
import { build } from "esbuild";
import { root } from "./paths.mjs";

/** Loads assembly/abi.ts as a module namespace object. */
export async function loadAbi() {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ["assembly/abi.ts"],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  const source = Buffer.from(result.outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}

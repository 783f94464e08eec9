/** Runs a JavaScript command line in a process of its own, with this same Node. */
import { spawn } from "node:child_process";
import { root } from "./paths.mjs";

/**
 * @param {string} script path of the JavaScript file
 * @param {string[]} parameters
 * @param {{show?: boolean, env?: NodeJS.ProcessEnv}} options show passes the output on as it comes
 * @returns {Promise<{code: number, output: string}>} both output streams in one text
 */
export function run(script, parameters, { show = false, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...parameters], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks = [];
    const collect = (target) => (chunk) => {
      chunks.push(chunk);
      if (show) target.write(chunk);
    };
    child.stdout.on("data", collect(process.stdout));
    child.stderr.on("data", collect(process.stderr));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const output = Buffer.concat(chunks).toString();
      resolve({ code: code ?? 1, output: signal ? `${output}\nended by ${signal}\n` : output });
    });
  });
}

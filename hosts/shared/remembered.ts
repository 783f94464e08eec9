/**
 * What is set at run time, parameters and users, as the host knows it: a trap takes the engine's
 * memory of it, and the engine that is loaded then gets it from here. It is taken again right after
 * the call that changed something, before any other call: what a client was answered is not lost.
 */
import type { Run } from "./internal.js";

type Parameters = [name: Uint8Array, value: Uint8Array][];

export class Remembered {
  #taken: { parameters: Parameters; users: Uint8Array } | undefined;

  take(run: Run): void {
    this.#taken = { parameters: readParameters(run), users: readUsers(run) };
  }

  /** Tells an engine that has the configuration of the start what was set after it. */
  bringBack(run: Run): void {
    if (this.#taken === undefined) return;
    const present = readParameters(run);
    for (const [index, [name, value]] of this.#taken.parameters.entries()) {
      if (!isEqual(present[index]?.[1], value)) run(["CONFIG", "SET", name, value]);
    }
    run(["QUIRE", "USERS", "users", this.#taken.users]);
  }
}

/** All parameters, in the order of the engine's table. */
function readParameters(run: Run): Parameters {
  const words = bytesOf(run(["CONFIG", "GET", "*"]));
  const pairs: Parameters = [];
  for (let i = 0; i + 1 < words.length; i += 2) {
    pairs.push([words[i] as Uint8Array, words[i + 1] as Uint8Array]);
  }
  return pairs;
}

/** All users, as the lines of an aclfile. */
export function readUsers(run: Run): Uint8Array {
  const lines = bytesOf(run(["ACL", "LIST"]));
  const text = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0)).fill(10);
  let at = 0;
  for (const line of lines) {
    text.set(line, at);
    at += line.length + 1;
  }
  return text;
}

function bytesOf(reply: unknown): Uint8Array[] {
  return Array.isArray(reply) ? reply.filter((each) => each instanceof Uint8Array) : [];
}

function isEqual(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, index) => byte === other[index]);
}

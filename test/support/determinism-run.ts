// Runs the workload of test/determinism.test.ts in whichever runtime reads it and prints its hash.
import { encode, TestEngine } from "./engine";
import { RandomCommands } from "./random-commands";

export interface DeterminismResult {
  /** `digest` after every tenth of the commands. */
  digests: number[];
  /** A hash over all replies and effects. */
  output: number;
  usedAtEnd: string;
}

/** The same for the same seed, count and module, wherever it runs. */
export function runDeterminism(seed: number, count: number, module: string): DeterminismResult {
  const engine = engineOf(seed, module);
  engine.exports.setEffects(1);
  const session = engine.open();
  const nowMs = engine.now;
  const options = { seed, nowMs, near: true, newer: true, keys: 60, nonsense: 5 };
  const random = new RandomCommands(options);
  const digests: number[] = [];
  let output = 0;
  const note = (text: string) => {
    for (let i = 0; i < text.length; i++) output = (Math.imul(output, 31) + text.charCodeAt(i)) | 0;
  };
  for (let index = 0; index < count; index++) {
    note(session.raw(encode(random.next())));
    engine.now += random.random(20);
    if (index % 16 === 0) engine.exports.tick(engine.now, 100);
    if ((index + 1) % Math.ceil(count / 10) === 0 || index === count - 1) {
      note(engine.takeEffects());
      digests.push(engine.exports.digest());
    }
  }
  const usedAtEnd = session.raw(encode(["DBSIZE"]));
  if (engine.exports.validate() !== 0) throw new Error("validate");
  return { digests, output, usedAtEnd };
}

/** The build with the write barrier takes over a data set that the other one made. */
function engineOf(seed: number, module: string): TestEngine {
  const engine = new TestEngine({ heapMb: 96, seed: [seed, 7, 11, 13] });
  return module === "engine.wasm" ? engine : new TestEngine({ module, memory: engine.memory });
}

/** As a program: seed, count and module on the command line; the result as one line of JSON. */
export function main(parameters: string[]): void {
  const [seed = "1", count = "1000", module = "engine.wasm"] = parameters;
  console.log(JSON.stringify(runDeterminism(Number(seed), Number(count), module)));
}

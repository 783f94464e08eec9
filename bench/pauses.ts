// No command pauses for a table resize: the same input five times, each call's fastest time.
import { chunks, keyOf, Lane } from "./engine.js";
import { printTable } from "./table.js";

const REPLAYS = 5;

export function benchPauses(quick: boolean): void {
  const first = quick ? 250_000 : 1_000_000;
  const keys = first * 4;
  const start = chunks(first, (i) => ["SET", keyOf(i), "abcdefghijk"]);
  const growth = chunks(keys - first, (i) => ["SET", keyOf(first + i), "abcdefghijk"]);
  const fastestUs = new Float64Array(growth.length).fill(Number.POSITIVE_INFINITY);
  for (let replay = 0; replay < REPLAYS; replay++) {
    const lane = new Lane();
    for (const chunk of start) lane.run(chunk);
    for (const [index, chunk] of growth.entries()) {
      const started = process.hrtime.bigint();
      lane.run(chunk);
      const us = Number(process.hrtime.bigint() - started) / 1000;
      if (us < (fastestUs[index] ?? 0)) fastestUs[index] = us;
    }
  }
  fastestUs.sort();
  const at = (share: number) =>
    (fastestUs[Math.min(fastestUs.length - 1, Math.floor(fastestUs.length * share))] ?? 0).toFixed(
      1,
    );
  printTable(
    `Growing from ${first / 1e6} to ${keys / 1e6} M keys, microseconds per call of 16 SETs`,
    ["", "p50", "p99", "p99.9", "longest", "p99.9 below"],
    [["fastest of 5 replays", at(0.5), at(0.99), at(0.999), at(1), "200"]],
  );
}

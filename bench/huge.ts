// One command over a huge value must not copy it, nor free it, nor resize what it lies in: each
// call of the engine with one command, timed around it while the value has ten million elements.
import { encode } from "../test/support/engine.js";
import { Lane } from "./engine.js";
import { printTable } from "./table.js";

const P99_US = 50;
/** Elements that one command brings while the value is laid down. */
const BATCH = 500;
const DRAWS = 200_000;

interface Shape {
  name: string;
  /** Words that lay down element `index`, behind command and key. */
  element: (index: number) => string[];
  fill: string;
  /** The commands that are timed, `index` beyond what is there. */
  timed: ((index: number) => string[])[];
}

const digits = (number: number) => String(number).padStart(12, "0");

const SHAPES: Shape[] = [
  {
    name: "list",
    fill: "RPUSH",
    element: (index) => [`item:${digits(index)}`],
    timed: [() => ["LPOP", "key"], () => ["RPUSH", "key", "item"]],
  },
  {
    name: "sorted set",
    fill: "ZADD",
    element: (index) => [String((index * 7919) % 10_000_019), `player:${digits(index)}`],
    timed: [(index) => ["ZADD", "key", String((index * 7919) % 10_000_019), `player:${index}`]],
  },
  {
    name: "hash",
    fill: "HSET",
    element: (index) => [`field:${digits(index)}`, `value:${index}`],
    timed: [(index) => ["HSET", "key", `field:${digits(index)}`, "value"]],
  },
  {
    name: "set",
    fill: "SADD",
    element: (index) => [`member:${digits(index)}`],
    timed: [(index) => ["SADD", "key", `member:${digits(index)}`]],
  },
];

function timed(lane: Lane, requests: Uint8Array[]): Float64Array {
  const microseconds = new Float64Array(requests.length);
  for (const [index, request] of requests.entries()) {
    const started = process.hrtime.bigint();
    lane.run(request);
    microseconds[index] = Number(process.hrtime.bigint() - started) / 1000;
  }
  return microseconds.sort();
}

export function benchHuge(quick: boolean): void {
  const rows: string[][] = [];
  const elements = quick ? 1_000_000 : 10_000_000;
  for (const shape of SHAPES) {
    const lane = new Lane();
    for (let first = 0; first < elements; first += BATCH) {
      const words = [shape.fill, "key"];
      for (let index = first; index < first + BATCH; index++) words.push(...shape.element(index));
      lane.run(encode(words));
    }
    for (let n = 0; n < 1000; n++) lane.run(encode(["DEL", "nothing"]));
    for (const words of [...shape.timed, () => ["DEL", "key"]]) {
      const count = words(0)[0] === "DEL" ? 1 : DRAWS;
      const requests = Array.from({ length: count }, (_, index) => encode(words(elements + index)));
      const sorted = timed(lane, requests);
      const at = (share: number) =>
        sorted[Math.min(count - 1, Math.floor(count * share))]!.toFixed(1);
      rows.push([
        ...[`${words(0)[0]}, ${shape.name}`, at(0.5), at(0.99), at(0.999), at(1)],
        ...[String(P99_US), Number(at(0.99)) <= P99_US ? "yes" : "NO"],
      ]);
    }
  }
  printTable(
    `Calls with one command on ${elements / 1e6} M elements, microseconds`,
    ["", "p50", "p99", "p99.9", "longest", "p99 at most", "reached"],
    rows,
  );
}

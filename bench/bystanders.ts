// What clients pay for what others have switched on: SETs and GETs of a session that tracks nothing
// and listens to nothing, in process, in turns over engines that differ in one setting.
import { SessionFlag } from "../assembly/abi.js";
import { encodeRequest } from "../hosts/shared/protocol/resp.js";
import { chunks, keyOf, Lane } from "./engine.js";
import { printTable } from "./table.js";

const KEYS = 10_000;
const COMMANDS = 160_000;

/** Commands of another session before the measurement. */
const CASES: [name: string, commands: string[][]][] = [
  ["nothing", []],
  [
    "tracking of 1,000 other keys",
    [
      ["HELLO", "3"],
      ["CLIENT", "TRACKING", "ON"],
      ...Array.from({ length: 1000 }, (_, index) => ["GET", `other:${index}`]),
    ],
  ],
  [
    "broadcasting of another prefix",
    [
      ["HELLO", "3"],
      ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "other:"],
    ],
  ],
  ["notifications nobody hears", [["CONFIG", "SET", "notify-keyspace-events", "KEA"]]],
  [
    "another channel is heard",
    [
      ["CONFIG", "SET", "notify-keyspace-events", "KEA"],
      ["SUBSCRIBE", "__keyspace@1__:x"],
    ],
  ],
];

function laneWith(commands: string[][]): Lane {
  const lane = new Lane();
  const other = lane.engine.openSession(SessionFlag.NONE, "", "");
  for (const words of commands) {
    lane.engine.receive(other, encodeRequest(words), 0, 1_700_000_000_000);
  }
  return lane;
}

export function benchBystanders(quick: boolean): void {
  const value = "0123456789a";
  const lists = {
    SET: chunks(COMMANDS, (index) => ["SET", keyOf((index * 7919) % KEYS), value]),
    GET: chunks(COMMANDS, (index) => ["GET", keyOf((index * 7919) % KEYS)]),
  };
  const lanes = CASES.map(([, commands]) => laneWith(commands));
  const fastest = lanes.map(() => ({
    SET: Number.POSITIVE_INFINITY,
    GET: Number.POSITIVE_INFINITY,
  }));
  for (let round = 0; round < (quick ? 4 : 20); round++) {
    for (const [index, lane] of lanes.entries()) {
      const times = fastest[index];
      if (times === undefined) continue;
      for (const word of ["SET", "GET"] as const) {
        times[word] = Math.min(times[word], 1e9 / lane.measure(lists[word], COMMANDS));
      }
    }
  }
  const first = fastest[0];
  const rows = fastest.map((times, index) => [
    CASES[index]?.[0] ?? "",
    times.SET.toFixed(0),
    (times.SET / (first?.SET ?? 1)).toFixed(2),
    times.GET.toFixed(0),
    (times.GET / (first?.GET ?? 1)).toFixed(2),
  ]);
  printTable(
    "What others switch on (ns per command of a client that does not use it, fastest round)",
    ["", "SET", "ratio", "GET", "ratio"],
    rows,
  );
}

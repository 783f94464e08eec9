// The engine without a socket: chunks of 16 commands through the host ABI on one core.
import { SessionFlag } from "../assembly/abi.js";
import { Engine } from "../hosts/shared/engine.js";
import { moduleOf } from "../test/support/engine.js";
import { median, printTable } from "./table.js";

const CHUNK = 16;

/** Requests in chunks of 16; `words` gives the command for key number `index`. */
export function chunks(count: number, words: (index: number) => string[]): Buffer[] {
  const list: Buffer[] = [];
  for (let first = 0; first < count; first += CHUNK) {
    let text = "";
    for (let index = first; index < Math.min(first + CHUNK, count); index++) {
      const parts = words(index);
      text += `*${parts.length}\r\n${parts.map((p) => `$${p.length}\r\n${p}\r\n`).join("")}`;
    }
    list.push(Buffer.from(text));
  }
  return list;
}

/** A 16-byte key. */
export function keyOf(index: number): string {
  return `key:${String(index).padStart(12, "0")}`;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** An engine of its own with one session; replies are dropped, as a host that copies them would. */
export class Lane {
  readonly engine = Engine.create(moduleOf("engine.wasm"), {
    memoryBytes: 1 << 30,
    seed: [1, 2, 3, 4],
  });
  readonly #session = this.engine.openSession(SessionFlag.NONE, "", "");

  run(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.length; offset += this.engine.taken) {
      this.engine.receive(this.#session, chunk, offset, 1_700_000_000_000);
    }
  }

  /** Commands a second. */
  measure(list: Uint8Array[], commands: number): number {
    const started = process.hrtime.bigint();
    for (const chunk of list) this.run(chunk);
    return (commands / Number(process.hrtime.bigint() - started)) * 1e9;
  }
}

export function benchEngine(quick: boolean): void {
  const rows: string[][] = [];
  const draws = quick ? 200_000 : 1_000_000;
  for (const keys of [10_000, 1_000_000]) {
    const lane = new Lane();
    const next = random(7);
    const pick = () => keyOf(Math.floor(next() * keys));
    lane.measure(
      chunks(keys, (i) => ["SET", keyOf(i), "abcdefghijk"]),
      keys,
    );
    const sets = chunks(draws, () => ["SET", pick(), "abcdefghijk"]);
    const gets = chunks(draws, () => ["GET", pick()]);
    const speeds: [number[], number[]] = [[], []];
    for (let round = 0; round < 5; round++) {
      speeds[0].push(lane.measure(sets, draws));
      speeds[1].push(lane.measure(gets, draws));
    }
    const millions = (list: number[]) => (median(list) / 1e6).toFixed(2);
    rows.push([`${keys} keys`, millions(speeds[0]), millions(speeds[1]), keys > 1e5 ? "2" : "5"]);
  }
  printTable(
    "In process, chunks of 16, one core (million commands a second, median of 5)",
    ["", "SET", "GET", "to reach"],
    rows,
  );
}

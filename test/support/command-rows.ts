/** The command table, as the built engine tells it through its export `rowFacts`. */
import { EXCHANGE, Exchange } from "../../assembly/abi";
import { TestEngine } from "./engine";

/** Facts of one command or subcommand: those that row-facts.ts lists, by name. */
export type CommandRow = Map<string, string>;

/** All rows in order of registration. */
export function commandRows(): CommandRow[] {
  const engine = new TestEngine({ heapMb: 4 });
  const rows: CommandRow[] = [];
  while (engine.exports.rowFacts(rows.length) !== 0) {
    const address = engine.view().getUint32(EXCHANGE + Exchange.REQUEST_ADDRESS, true);
    const length = engine.view().getUint32(EXCHANGE + Exchange.REQUEST_BYTES, true);
    const text = Buffer.from(engine.memory.buffer, address, length).toString("latin1");
    rows.push(new Map(text.trimEnd().split("\n").map(splitLine)));
  }
  return rows;
}

function splitLine(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}

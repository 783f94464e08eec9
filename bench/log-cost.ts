// What the log costs in process: chunks of 16 SETs, a turn of the loop after each 20 of them, the
// fastest of many rounds. Without a socket, so that the share of the log shows.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NodeStorage } from "../hosts/node/storage.js";
import { Engine } from "../hosts/shared/engine.js";
import { LocalTransport } from "../hosts/shared/internal.js";
import { createSegment } from "../hosts/shared/persistence/log-files.js";
import { LogGate } from "../hosts/shared/persistence/log-gate.js";
import { LogWriter } from "../hosts/shared/persistence/log-writer.js";
import { Sessions } from "../hosts/shared/sessions.js";
import { moduleOf } from "../test/support/engine.js";
import { chunks, keyOf } from "./engine.js";
import { printTable } from "./table.js";

const COMMANDS = 16 * 20 * 250;

/** Nanoseconds a SET, the fastest round; with a log when a directory is given. */
export async function measureLog(rounds: number, directory?: string): Promise<number> {
  const engine = Engine.create(moduleOf("engine.wasm"), {
    memoryBytes: 1 << 28,
    seed: [1, 2, 3, 4],
  });
  const turns: (() => void)[] = [];
  const gate = new LogGate();
  let writer: LogWriter | undefined;
  const sessions = new Sessions(engine, {
    now: () => 1_700_000_000_000,
    defer: (run) => void turns.push(run),
    later: () => () => {},
    onTrap: (trap) => {
      throw trap;
    },
    gate,
    onEffects: (source, address, bytes) => writer?.take(source, address, bytes, engine.position()),
  });
  if (directory !== undefined) {
    const segment = await createSegment(new NodeStorage(directory), "log.aof", "0".repeat(32));
    gate.open = false;
    engine.setEffects(true);
    writer = new LogWriter({
      segment,
      engine,
      isNew: true,
      position: 0,
      policy: "no",
      clock: () => performance.now(),
      defer: (run) => void turns.push(run),
      onProgress: () => {
        gate.reached = writer?.reached ?? 0;
        sessions.release();
      },
      onFailure: (cause) => {
        throw cause;
      },
    });
  }
  const clients = Array.from({ length: 20 }, () =>
    sessions.open(
      new LocalTransport(
        "",
        () => {},
        () => {},
      ),
      0,
    ),
  );
  const list = chunks(COMMANDS, (index) => ["SET", keyOf((index * 7919) % 100_000), "0123456789a"]);
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    let client = 0;
    for (const chunk of list) {
      const session = clients[client++];
      if (session === undefined) throw new Error("refused");
      sessions.receive(session, chunk);
      if (client < clients.length) continue;
      client = 0;
      for (const turn of turns.splice(0)) turn();
    }
    fastest = Math.min(fastest, ((performance.now() - began) * 1e6) / COMMANDS);
  }
  await writer?.abandon();
  return fastest;
}

export async function benchLogCost(quick: boolean): Promise<void> {
  const rounds = quick ? 10 : 40;
  const directory = mkdtempSync(join(tmpdir(), "quire-bench-"));
  try {
    const without = await measureLog(rounds);
    const logged = await measureLog(rounds, directory);
    printTable(
      "What the log costs in process (ns per SET, 16 a chunk, fastest round)",
      ["", "ns"],
      [
        ["no log", without.toFixed(0)],
        ["log, no sync", logged.toFixed(0)],
        ["difference", (logged - without).toFixed(0)],
      ],
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What INFO shows of the process, written into the exchange record on every beat. */
import { arch, release, totalmem, type } from "node:os";
import { Exchange } from "../../assembly/abi.js";
import type { Engine } from "../shared/engine.js";
import type { Run } from "./configuration.js";

const totalSystemBytes = totalmem();

export function refreshFacts(engine: Engine): void {
  const cpu = process.cpuUsage();
  engine.setFact(Exchange.PROCESS_ID, process.pid);
  engine.setFact(Exchange.CPU_USER_SECONDS, cpu.user / 1e6);
  engine.setFact(Exchange.CPU_SYSTEM_SECONDS, cpu.system / 1e6);
  engine.setFact(Exchange.RESIDENT_BYTES, process.memoryUsage.rss());
  engine.setFact(Exchange.TOTAL_SYSTEM_BYTES, totalSystemBytes);
}

/** Tells the engine once what INFO says in words, and starts its counters at zero. */
export function tellFacts(run: Run, configurationFile: string | undefined): void {
  run(["QUIRE", "FACT", "os", `${type()} ${release()} ${arch()}`]);
  run(["QUIRE", "FACT", "executable", process.argv[1] ?? process.execPath]);
  run(["QUIRE", "FACT", "config_file", configurationFile ?? ""]);
  run(["QUIRE", "FACT", "runtime", `node ${process.versions.node}`]);
  run(["CONFIG", "RESETSTAT"]);
}

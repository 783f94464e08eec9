/** What INFO shows of the process, written into the exchange record on every beat. */
import { totalmem } from "node:os";
import { Exchange } from "../../assembly/abi.js";
import type { Engine } from "../shared/engine.js";

const totalSystemBytes = totalmem();

export function refreshFacts(engine: Engine): void {
  const cpu = process.cpuUsage();
  engine.setFact(Exchange.PROCESS_ID, process.pid);
  engine.setFact(Exchange.CPU_USER_SECONDS, cpu.user / 1e6);
  engine.setFact(Exchange.CPU_SYSTEM_SECONDS, cpu.system / 1e6);
  engine.setFact(Exchange.RESIDENT_BYTES, process.memoryUsage.rss());
  engine.setFact(Exchange.TOTAL_SYSTEM_BYTES, totalSystemBytes);
}

// `npm run bench`: what Quire costs beside redis-server, in one run on one machine.
//
//   sockets  redis-benchmark against both in turn: throughput, latency, processor time per command
//   commands commands on data structures: processor time per command
//   semantics transactions, messages, writes at the memory limit: processor time per operation
//   bystanders  what tracking and notifications cost clients that do not use them
//   engine   the engine in process, chunks of 16 commands
//   memory   bytes per key and per element of collections by used_memory
//   huge     one command over a value of ten million elements
//   pauses   the longest calls while a table grows
//   log-cost what the log costs a SET in process
//   log      what the log costs a SET, by policy
//   persistence  snapshots under load, images and starts
import { benchBystanders } from "./bystanders.js";
import { benchEngine } from "./engine.js";
import { benchHuge } from "./huge.js";
import { benchLog } from "./log.js";
import { benchLogCost } from "./log-cost.js";
import { benchCollections, benchMemory } from "./memory.js";
import { benchPauses } from "./pauses.js";
import { benchPersistence } from "./persistence.js";
import { benchSemantics } from "./semantics.js";
import { isInstalled, type Server, startQuire, startRedis } from "./servers.js";
import { benchSockets } from "./sockets.js";
import { benchStructures } from "./structures.js";

export interface BenchOptions {
  /** Fewer rounds and less data: a look, not a result. */
  quick: boolean;
  /** Names of the sections to run; none means all. */
  sections: string[];
}

async function withServers(run: (redis: Server, quire: Server) => Promise<void>): Promise<void> {
  const redis = await startRedis();
  const quire = await startQuire();
  try {
    await run(redis, quire);
  } finally {
    redis.stop();
    quire.stop();
  }
}

export async function bench({ quick, sections }: BenchOptions): Promise<void> {
  const wanted = (name: string) => sections.length === 0 || sections.includes(name);
  const oracle = isInstalled("redis-server") && isInstalled("redis-benchmark");
  if (!oracle) {
    console.log("redis-server and redis-benchmark are not installed: no comparison");
    console.log("  (Debian: apt-get install redis-server redis-tools)");
  }
  if (wanted("bystanders")) benchBystanders(quick);
  if (wanted("engine")) benchEngine(quick);
  if (wanted("pauses")) benchPauses(quick);
  if (wanted("sockets") && oracle) await withServers((r, q) => benchSockets(r, q, quick));
  if (wanted("commands") && oracle) await withServers((r, q) => benchStructures(r, q, quick));
  if (wanted("semantics") && oracle) await withServers((r, q) => benchSemantics(r, q, quick));
  if (wanted("huge")) benchHuge(quick);
  if (wanted("log-cost")) await benchLogCost(quick);
  if (wanted("log") && oracle) await benchLog(quick);
  if (wanted("persistence")) await benchPersistence(quick, oracle);
  if (wanted("memory") && oracle) {
    await withServers(async (r, q) => {
      await benchCollections(r, q, quick);
      await benchMemory(r, q, quick);
    });
  }
}

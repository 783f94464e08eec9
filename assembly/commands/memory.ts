/** MEMORY: what a key costs, where the memory goes, and advice about it. */

import { lookupQuiet } from "../keyspace/database";
import { Database, databaseAt, databaseCount } from "../keyspace/keyspace";
import {
  Arena, freeBytes, freeRunPages, limitBytes, pagesInUse, usedBytesOf,
} from "../memory/allocator";
import { scratchMark, scratchRelease } from "../memory/scratch";
import { SYNTAX } from "../protocol/errors";
import {
  replyBulkText, replyDouble, replyError, replyInteger, replyMap, replyNull, replyOk,
} from "../protocol/reply";
import { replySink, sinkBulk } from "../protocol/sink";
import { Call, integerOrReply } from "../server/call";
import {
  MemoryReport, expiryIndexBytes, mainTableBytes, takeMemoryReport,
} from "../server/memory-report";
import { command } from "../server/table";
import { TextBuilder, builderFree, builderInteger, builderText } from "../text/builder";
import { entryMemory } from "../values/size";
import { containerHelp } from "./help";
import { constantLines, decimalLine, integerLine } from "./info-text";
import { newText, replyText } from "./text-reply";

/** Elements of a large value that are measured when nothing else is said. */
const SAMPLES_DEFAULT: i64 = 5;

function container(call: Call): void {}

// ---- USAGE --------------------------------------------------------------------------------------

function usage(call: Call): void {
  let samples = SAMPLES_DEFAULT;
  for (let index = 3; index < call.argumentCount; index += 2) {
    if (!call.is(index, "samples") || index + 1 == call.argumentCount) return replyError(SYNTAX);
    if (!integerOrReply(call, index + 1)) return;
    if (call.integer < 0) return replyError(SYNTAX);
    samples = call.integer;
  }
  const entry = lookupQuiet(call.database, call.at(2), call.bytesOf(2));
  if (!entry) return replyNull();
  replyInteger(<i64>entryMemory(entry, samples));
}

// ---- STATS --------------------------------------------------------------------------------------

function numberPair(name: string, value: f64): void {
  replyBulkText(name);
  replyInteger(<i64>value);
}

function doublePair(name: string, value: f64): void {
  replyBulkText(name);
  replyDouble(value);
}

function ratioPairs(ratio: string, difference: string, above: f64, below: f64): void {
  doublePair(ratio, below > 0 ? above / below : 0);
  numberPair(difference, above - below);
}

/** Pairs of MEMORY STATS beside those of the databases. */
const PAIRS: u32 = 31;

function stats(call: Call): void {
  const report = takeMemoryReport();
  let databases: u32 = 0;
  for (let index: u32 = 0; index < databaseCount(); index++) {
    if (databaseAt(index).table.count) databases += 1;
  }
  replyMap(PAIRS + databases);
  numberPair("peak.allocated", report.peak);
  numberPair("total.allocated", report.total);
  numberPair("startup.allocated", report.startup);
  numberPair("replication.backlog", 0);
  numberPair("clients.slaves", 0);
  numberPair("clients.normal", report.clients);
  numberPair("cluster.links", 0);
  numberPair("aof.buffer", 0);
  numberPair("lua.caches", 0);
  numberPair("functions.caches", 0);
  for (let index: u32 = 0; index < databaseCount(); index++) {
    if (databaseAt(index).table.count) databasePair(databaseAt(index));
  }
  numberPair("overhead.db.hashtable.lut", report.tables);
  numberPair("overhead.db.hashtable.rehashing", 0);
  numberPair("db.dict.rehashing.count", 0);
  numberPair("overhead.total", report.overhead);
  numberPair("keys.count", report.keys);
  numberPair("keys.bytes-per-key", report.bytesPerKey);
  numberPair("dataset.bytes", report.dataset);
  doublePair("dataset.percentage", report.datasetPercent);
  doublePair("peak.percentage", report.peakPercent);
  allocatorPairs(report);
}

function databasePair(database: Database): void {
  const mark = scratchMark();
  const name = newText();
  builderText(name, "db.");
  builderInteger(name, database.number);
  sinkBulk(replySink(), name.address, name.bytes);
  builderFree(name);
  scratchRelease(mark);
  replyMap(2);
  numberPair("overhead.hashtable.main", mainTableBytes(database));
  numberPair("overhead.hashtable.expires", expiryIndexBytes(database));
}

function allocatorPairs(report: MemoryReport): void {
  numberPair("allocator.allocated", report.allocated);
  numberPair("allocator.active", report.active);
  numberPair("allocator.resident", report.resident);
  numberPair("allocator.muzzy", 0);
  ratioPairs("allocator-fragmentation.ratio", "allocator-fragmentation.bytes",
    report.active, report.allocated);
  ratioPairs("allocator-rss.ratio", "allocator-rss.bytes", report.resident, report.active);
  ratioPairs("rss-overhead.ratio", "rss-overhead.bytes", report.rss, report.resident);
  ratioPairs("fragmentation", "fragmentation.bytes", report.rss, report.total);
}

// ---- DOCTOR -------------------------------------------------------------------------------------

/** Below this much memory nothing can be said. */
const DOCTOR_BYTES_MINIMUM: f64 = 5242880;

function doctor(call: Call): void {
  const report = takeMemoryReport();
  const mark = scratchMark();
  const text = newText();
  if (report.total < DOCTOR_BYTES_MINIMUM) {
    builderText(text, "There is too little data here to say anything about the use of memory.\n");
  } else {
    advise(text, report);
    if (!text.bytes) builderText(text, "No problem with the use of memory was found.\n");
  }
  replyText(text);
  scratchRelease(mark);
}

function advise(text: TextBuilder, report: MemoryReport): void {
  if (report.peak > report.total * 1.5) {
    builderText(text, " * Peak: more than 150 % of the memory in use now was needed once. The \
engine keeps that memory for new data; it goes back to the system with a restart.\n");
  }
  if (report.active > report.allocated * 1.4) {
    builderText(text, " * Fragmentation: pages hold more than 140 % of the bytes in use. Keys of \
other sizes than the deleted ones leave such gaps, which keys of the old sizes fill again.\n");
  }
  if (report.rss > report.resident * 1.5) {
    builderText(text, " * Process: it takes more than 150 % of the memory of the engine. The rest \
belongs to the host program, to its connections and buffers.\n");
  }
  if (report.clients > report.total * 0.2) {
    builderText(text, " * Clients: their buffers take more than 20 % of the memory. A client that \
does not read its replies is the usual cause; CLIENT LIST names it.\n");
  }
}

// ---- PURGE, MALLOC-STATS ------------------------------------------------------------------------

/** Free pages are used again at once; there is nothing to give back. */
function purge(call: Call): void {
  replyOk();
}

function mallocStats(call: Call): void {
  const report = takeMemoryReport();
  const mark = scratchMark();
  const text = newText();
  constantLines(text, "___ Quire allocator ___\n");
  integerLine(text, "limit_bytes", <f64>limitBytes());
  integerLine(text, "free_bytes", freeBytes());
  integerLine(text, "free_run_pages", <f64>freeRunPages());
  integerLine(text, "data_bytes", usedBytesOf(Arena.DATA));
  integerLine(text, "data_pages", <f64>pagesInUse(Arena.DATA));
  integerLine(text, "server_bytes", usedBytesOf(Arena.SERVER));
  integerLine(text, "server_pages", <f64>pagesInUse(Arena.SERVER));
  decimalLine(text, "pages_per_use", report.active / report.allocated, 3);
  replyText(text);
  scratchRelease(mark);
}

function sub(
  handler: u32,
  name: string,
  arity: i32,
  flags: string,
  keys: string,
  args: string,
  tips: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "server", "4.0.0", arity, flags, "", keys, args, tips, complexity,
    summary);
}

export function registerMemory(): void {
  sub(container.index, "memory", -2, "", "", "", "", "Depends on subcommand.",
    "Shows the use of memory.");
  sub(doctor.index, "memory|doctor", 2, "", "", "",
    "nondeterministic_output request_policy:all_shards response_policy:special", "O(1)",
    "Looks for problems with the use of memory.");
  sub(containerHelp.index, "memory|help", 2, "loading stale", "", "", "", "O(1)",
    "Lists the subcommands.");
  sub(mallocStats.index, "memory|malloc-stats", 2, "", "", "",
    "nondeterministic_output request_policy:all_shards response_policy:special", "O(1)",
    "Shows the state of the allocator.");
  sub(purge.index, "memory|purge", 2, "", "", "",
    "request_policy:all_shards response_policy:all_succeeded", "O(1)",
    "Gives free memory back where that is possible.");
  sub(stats.index, "memory|stats", 2, "", "", "",
    "nondeterministic_output request_policy:all_shards response_policy:special", "O(1)",
    "Shows where the memory goes.");
  sub(usage.index, "memory|usage", -3, "readonly", "index 2 range 0 1 0 : ro",
    "key:key count:integer=SAMPLES?", "", "O(N) in the number of samples",
    "Answers the bytes that a key takes.");
}

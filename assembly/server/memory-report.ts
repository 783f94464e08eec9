/**
 * Where the memory goes, as INFO memory, MEMORY STATS and MEMORY DOCTOR report it: taken once into
 * a record, so that the sums of one answer fit together.
 *
 *   total     blocks in use plus the tables that describe them
 *   overhead  what an empty server takes, its clients, tables and expiry indexes
 *   dataset   the rest: keys and values
 */

import { Exchange, PAGE_BYTES, SERVER_ROOT, SessionFlag } from "../abi";
import { Database, databaseAt, databaseCount } from "../keyspace/keyspace";
import {
  Arena, overheadBytes, pagesInUse, peakBytes, usedBytes,
} from "../memory/allocator";
import { tableBytes } from "../structures/hash-table";
import { vectorBytes } from "../structures/reference-vector";
import { hostNumber, startupBytes, totalBytes } from "./facts";
import { firstSession, nextSession } from "./session";
import { sessionMemory } from "./session-text";

@unmanaged
export class MemoryReport {
  total: f64;
  peak: f64;
  startup: f64;
  clients: f64;
  tables: f64;
  overhead: f64;
  dataset: f64;
  keys: f64;
  /** Blocks in use; pages that hold them; what the operating system gives the process. */
  allocated: f64;
  active: f64;
  resident: f64;
  rss: f64;

  get datasetPercent(): f64 {
    const net = this.total - this.startup;
    return net > 0 ? min(100.0, this.dataset * 100 / net) : 0;
  }

  get peakPercent(): f64 {
    return this.peak > 0 ? this.total * 100 / this.peak : 0;
  }

  get bytesPerKey(): f64 {
    return this.keys > 0 ? Math.floor(max(0, this.total - this.startup) / this.keys) : 0;
  }
}

const REPORT: usize = SERVER_ROOT + 0x2700;

/** Bytes of the table and of the expiry index of a database. */
export function mainTableBytes(database: Database): f64 {
  return tableBytes(database.table);
}

export function expiryIndexBytes(database: Database): f64 {
  return vectorBytes(database.expiring);
}

function clientBytes(): f64 {
  let bytes: f64 = 0;
  let session = firstSession();
  while (session) {
    if (!session.has(SessionFlag.INTERNAL)) bytes += <f64>sessionMemory(session);
    session = nextSession(session);
  }
  return bytes;
}

/** The state of now; the record holds until the next report. */
export function takeMemoryReport(): MemoryReport {
  const report = changetype<MemoryReport>(REPORT);
  report.total = totalBytes();
  report.peak = max(peakBytes() + overheadBytes(), report.total);
  report.startup = startupBytes();
  report.clients = clientBytes();
  report.tables = 0;
  report.keys = 0;
  for (let index: u32 = 0; index < databaseCount(); index++) {
    const database = databaseAt(index);
    report.keys += <f64>database.table.count;
    report.tables += mainTableBytes(database) + expiryIndexBytes(database);
  }
  report.overhead = report.startup + report.clients + report.tables;
  report.dataset = max(0, report.total - report.overhead);
  report.allocated = usedBytes();
  report.active = <f64>(pagesInUse(Arena.DATA) + pagesInUse(Arena.SERVER)) * PAGE_BYTES;
  report.resident = report.active + overheadBytes();
  const rss = hostNumber(Exchange.RESIDENT_BYTES);
  report.rss = rss > 0 ? rss : report.resident;
  return report;
}

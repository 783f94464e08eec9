/**
 * The sections of INFO about the process, its clients, its memory and replication.
 *
 * Names and order are those of Redis 7.4. Lines of what is not built yet show the value that is
 * true of a server that never used it.
 */

import { Exchange, SessionFlag } from "../abi";
import { garbageCount } from "../keyspace/garbage";
import { position } from "../keyspace/keyspace";
import { statistics } from "../keyspace/statistics";
import { waitedKeys } from "../keyspace/waiting-keys";
import { nowMs } from "../memory/root";
import { parserHeldBytes } from "../protocol/parser";
import { appendValue, numberOf } from "../server/configuration";
import { parameterNamed } from "../server/parameter";
import {
  Fact, ID_BYTES, REPLICATION_ID, RUN_ID, appendFact, hostNumber, uptimeMs,
} from "../server/facts";
import { MemoryReport, takeMemoryReport } from "../server/memory-report";
import { subscriberCount } from "../server/pubsub";
import { clientCount, firstSession, nextSession } from "../server/session";
import { trackingClients } from "../server/tracking";
import { watchedKeyCount, watcherCount } from "../server/watches";
import { deadlineCount } from "../server/waiting";
import { QUIRE_VERSION, REDIS_VERSION } from "../server/version";
import {
  TextBuilder, builderByte, builderBytes, builderDouble, builderInteger, builderText,
} from "../text/builder";
import {
  constantLines, decimalLine, endLine, integerLine, sizeLine, startLine, textLine,
} from "./info-text";

function factLine(out: TextBuilder, name: string, fact: Fact): void {
  startLine(out, name);
  appendFact(fact, out);
  endLine(out);
}

function idLine(out: TextBuilder, name: string, address: usize): void {
  startLine(out, name);
  builderBytes(out, address, ID_BYTES);
  endLine(out);
}

/** The value of a parameter as CONFIG GET shows it. */
function parameterLine(out: TextBuilder, name: string, parameter: string): void {
  startLine(out, name);
  appendValue(parameterNamed(parameter), out);
  endLine(out);
}

// ---- Server -------------------------------------------------------------------------------------

export function addServer(out: TextBuilder): void {
  textLine(out, "redis_version", REDIS_VERSION);
  textLine(out, "quire_version", QUIRE_VERSION);
  constantLines(out, "redis_git_sha1:00000000\nredis_git_dirty:0\n\
redis_build_id:0000000000000000\nredis_mode:standalone\n");
  factLine(out, "os", Fact.OS);
  constantLines(out, "arch_bits:32\nmonotonic_clock:host\nmultiplexing_api:host\n");
  factLine(out, "quire_runtime", Fact.RUNTIME);
  integerLine(out, "process_id", hostNumber(Exchange.PROCESS_ID));
  textLine(out, "process_supervised", "no");
  idLine(out, "run_id", RUN_ID);
  parameterLine(out, "tcp_port", numberOf("port") > 0 ? "port" : "tls-port");
  integerLine(out, "server_time_usec", <f64>nowMs() * 1000);
  const seconds = Math.floor(uptimeMs() / 1000);
  integerLine(out, "uptime_in_seconds", seconds);
  integerLine(out, "uptime_in_days", Math.floor(seconds / 86400));
  parameterLine(out, "hz", "hz");
  parameterLine(out, "configured_hz", "hz");
  integerLine(out, "lru_clock", <f64>((nowMs() / 1000) & 0xffffff));
  factLine(out, "executable", Fact.EXECUTABLE);
  factLine(out, "config_file", Fact.CONFIG_FILE);
  constantLines(out, "io_threads_active:0\n");
  addListeners(out);
}

/** The numbers are those of the kinds: a kind that is not there leaves a gap. */
function addListeners(out: TextBuilder): void {
  addPort(out, "listener0:name=tcp", "port");
  const socket = parameterNamed("unixsocket");
  if (socket.textBytes) {
    builderText(out, "listener1:name=unix,bind=");
    builderBytes(out, socket.textAddress, socket.textBytes);
    endLine(out);
  }
  addPort(out, "listener2:name=tls", "tls-port");
}

function addPort(out: TextBuilder, start: string, port: string): void {
  if (numberOf(port) == 0) return;
  builderText(out, start);
  const bind = parameterNamed("bind");
  for (let at: u32 = 0; at < bind.textBytes; at++) {
    const byte: u32 = load<u8>(bind.textAddress + at);
    if (!at) builderText(out, ",bind=");
    if (byte == 0x20) builderText(out, ",bind=");
    else builderByte(out, byte);
  }
  builderText(out, ",port=");
  builderInteger(out, numberOf(port));
  endLine(out);
}

// ---- Clients ------------------------------------------------------------------------------------

export function addClients(out: TextBuilder): void {
  let input: u32 = 0;
  let output: u32 = 0;
  let waiting: u32 = 0;
  let session = firstSession();
  while (session) {
    if (!session.has(SessionFlag.INTERNAL)) {
      input = max(input, <u32>parserHeldBytes(session.parser));
      output = max(output, session.unsentBytes);
      if (session.request || session.waiter) waiting += 1;
    }
    session = nextSession(session);
  }
  integerLine(out, "connected_clients", <f64>clientCount());
  integerLine(out, "cluster_connections", 0);
  parameterLine(out, "maxclients", "maxclients");
  integerLine(out, "client_recent_max_input_buffer", <f64>input);
  integerLine(out, "client_recent_max_output_buffer", <f64>output);
  integerLine(out, "blocked_clients", <f64>waiting);
  integerLine(out, "tracking_clients", <f64>trackingClients());
  integerLine(out, "pubsub_clients", subscriberCount());
  integerLine(out, "watching_clients", <f64>watcherCount());
  integerLine(out, "clients_in_timeout_table", <f64>deadlineCount());
  integerLine(out, "total_watched_keys", <f64>watchedKeyCount());
  integerLine(out, "total_blocking_keys", <f64>waitedKeys());
  constantLines(out, "total_blocking_keys_on_nokey:0\n");
}

// ---- Memory -------------------------------------------------------------------------------------

/** "name" and "name_human". */
function doubleLine(out: TextBuilder, name: string, human: string, bytes: f64): void {
  integerLine(out, name, bytes);
  sizeLine(out, human, bytes);
}

function percentLine(out: TextBuilder, name: string, value: f64): void {
  startLine(out, name);
  builderDouble(out, value, 2);
  builderByte(out, 0x25);
  endLine(out);
}

/** "name_ratio" and "name_bytes" of a quantity over another. */
function ratioLines(
  out: TextBuilder,
  ratio: string,
  difference: string,
  above: f64,
  below: f64,
): void {
  decimalLine(out, ratio, below > 0 ? above / below : 0, 2);
  integerLine(out, difference, above - below);
}

export function addMemory(out: TextBuilder): void {
  const report = takeMemoryReport();
  doubleLine(out, "used_memory", "used_memory_human", report.total);
  doubleLine(out, "used_memory_rss", "used_memory_rss_human", report.rss);
  doubleLine(out, "used_memory_peak", "used_memory_peak_human", report.peak);
  percentLine(out, "used_memory_peak_perc", report.peakPercent);
  integerLine(out, "used_memory_overhead", report.overhead);
  integerLine(out, "used_memory_startup", report.startup);
  integerLine(out, "used_memory_dataset", report.dataset);
  percentLine(out, "used_memory_dataset_perc", report.datasetPercent);
  integerLine(out, "allocator_allocated", report.allocated);
  integerLine(out, "allocator_active", report.active);
  integerLine(out, "allocator_resident", report.resident);
  integerLine(out, "allocator_muzzy", 0);
  doubleLine(out, "total_system_memory", "total_system_memory_human",
    hostNumber(Exchange.TOTAL_SYSTEM_BYTES));
  constantLines(out, "used_memory_lua:0\nused_memory_vm_eval:0\nused_memory_lua_human:0B\n\
used_memory_scripts_eval:0\nnumber_of_cached_scripts:0\nnumber_of_functions:0\n\
number_of_libraries:0\nused_memory_vm_functions:0\nused_memory_vm_total:0\n\
used_memory_vm_total_human:0B\nused_memory_functions:0\nused_memory_scripts:0\n\
used_memory_scripts_human:0B\n");
  doubleLine(out, "maxmemory", "maxmemory_human", <f64>numberOf("maxmemory"));
  parameterLine(out, "maxmemory_policy", "maxmemory-policy");
  addAllocator(out, report);
}

function addAllocator(out: TextBuilder, report: MemoryReport): void {
  ratioLines(out, "allocator_frag_ratio", "allocator_frag_bytes",
    report.active, report.allocated);
  ratioLines(out, "allocator_rss_ratio", "allocator_rss_bytes", report.resident, report.active);
  ratioLines(out, "rss_overhead_ratio", "rss_overhead_bytes", report.rss, report.resident);
  ratioLines(out, "mem_fragmentation_ratio", "mem_fragmentation_bytes",
    report.rss, report.total);
  constantLines(out, "mem_not_counted_for_evict:0\nmem_replication_backlog:0\n\
mem_total_replication_buffers:0\nmem_clients_slaves:0\n");
  integerLine(out, "mem_clients_normal", report.clients);
  constantLines(out, "mem_cluster_links:0\n");
  integerLine(out, "mem_aof_buffer", hostNumber(Exchange.LOG_BUFFER_BYTES));
  builderText(out, "mem_allocator:quire-");
  builderText(out, QUIRE_VERSION);
  endLine(out);
  constantLines(out, "mem_overhead_db_hashtable_rehashing:0\nactive_defrag_running:0\n");
  integerLine(out, "lazyfree_pending_objects", <f64>garbageCount());
  integerLine(out, "lazyfreed_objects", statistics().lazyFreedObjects);
}

// ---- Replication, processor ---------------------------------------------------------------------

export function addReplication(out: TextBuilder): void {
  constantLines(out, "role:master\nconnected_slaves:0\nmaster_failover_state:no-failover\n");
  idLine(out, "master_replid", REPLICATION_ID);
  constantLines(out, "master_replid2:0000000000000000000000000000000000000000\n");
  integerLine(out, "master_repl_offset", position());
  constantLines(out, "second_repl_offset:-1\nrepl_backlog_active:0\n");
  parameterLine(out, "repl_backlog_size", "repl-backlog-size");
  constantLines(out, "repl_backlog_first_byte_offset:0\nrepl_backlog_histlen:0\n");
}

export function addProcessor(out: TextBuilder): void {
  const system = hostNumber(Exchange.CPU_SYSTEM_SECONDS);
  const user = hostNumber(Exchange.CPU_USER_SECONDS);
  decimalLine(out, "used_cpu_sys", system, 6);
  decimalLine(out, "used_cpu_user", user, 6);
  constantLines(out, "used_cpu_sys_children:0.000000\nused_cpu_user_children:0.000000\n");
  decimalLine(out, "used_cpu_sys_main_thread", system, 6);
  decimalLine(out, "used_cpu_user_main_thread", user, 6);
}

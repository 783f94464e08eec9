/** The sections of INFO that count: statistics, commands, errors, latencies, keys. */

import { Exchange, SERVER_ROOT } from "../abi";
import { databaseAt, databaseCount } from "../keyspace/keyspace";
import { statistics } from "../keyspace/statistics";
import { nowMs } from "../memory/root";
import { errorsTotal } from "../protocol/reply";
import { parameterNamed } from "../server/parameter";
import { errorCodeAt, errorCodeCount } from "../server/error-statistics";
import { hostNumber } from "../server/facts";
import { Listening, channelsOf } from "../server/pubsub";
import { Metric, rateOf } from "../server/sampling";
import { trackedItems, trackedKeys, trackingPrefixes } from "../server/tracking";
import { Row, firstRow, nextRow } from "../server/table";
import { percentileMicroseconds, recordedCalls } from "../server/timing";
import {
  TextBuilder, builderByte, builderBytes, builderDouble, builderInteger, builderText,
} from "../text/builder";
import { parseDouble } from "../text/doubles";
import { constantLines, decimalLine, endLine, integerLine } from "./info-text";

const PERCENTILE: usize = SERVER_ROOT + 0x2770;

export function addStatistics(out: TextBuilder): void {
  const counted = statistics();
  integerLine(out, "total_connections_received", hostNumber(Exchange.CONNECTIONS_RECEIVED));
  integerLine(out, "total_commands_processed", counted.commandsProcessed);
  integerLine(out, "instantaneous_ops_per_sec", rateOf(Metric.COMMANDS));
  integerLine(out, "total_net_input_bytes", hostNumber(Exchange.INPUT_BYTES));
  integerLine(out, "total_net_output_bytes", hostNumber(Exchange.OUTPUT_BYTES));
  constantLines(out, "total_net_repl_input_bytes:0\ntotal_net_repl_output_bytes:0\n");
  decimalLine(out, "instantaneous_input_kbps", rateOf(Metric.INPUT_BYTES) / 1024, 2);
  decimalLine(out, "instantaneous_output_kbps", rateOf(Metric.OUTPUT_BYTES) / 1024, 2);
  constantLines(out, "instantaneous_input_repl_kbps:0.00\n\
instantaneous_output_repl_kbps:0.00\n");
  integerLine(out, "rejected_connections", hostNumber(Exchange.CONNECTIONS_REJECTED));
  constantLines(out, "sync_full:0\nsync_partial_ok:0\nsync_partial_err:0\n");
  integerLine(out, "expired_subkeys", counted.expiredSubkeys);
  integerLine(out, "expired_keys", counted.expiredKeys);
  decimalLine(out, "expired_stale_perc", counted.expiredStalePerMille / 10, 2);
  integerLine(out, "expired_time_cap_reached_count", counted.expiredTimeCapReached);
  integerLine(out, "expire_cycle_cpu_milliseconds", counted.expireCycleMs);
  integerLine(out, "evicted_keys", counted.evictedKeys);
  integerLine(out, "evicted_clients", counted.evictedClients);
  constantLines(out, "evicted_scripts:0\n");
  addExceededTime(out);
  integerLine(out, "keyspace_hits", counted.keyspaceHits);
  integerLine(out, "keyspace_misses", counted.keyspaceMisses);
  addOthers(out);
  addReplies(out);
}

function addExceededTime(out: TextBuilder): void {
  const counted = statistics();
  const since = counted.memoryExceededSinceMs;
  const current = since > 0 ? max(0, <f64>nowMs() - since) : 0;
  integerLine(out, "total_eviction_exceeded_time", counted.memoryExceededMs + current);
  integerLine(out, "current_eviction_exceeded_time", current);
}

function addOthers(out: TextBuilder): void {
  integerLine(out, "pubsub_channels", channelsOf(Listening.CHANNEL).count);
  integerLine(out, "pubsub_patterns", channelsOf(Listening.PATTERN).count);
  integerLine(out, "pubsubshard_channels", channelsOf(Listening.SHARD_CHANNEL).count);
  integerLine(out, "latest_fork_usec", hostNumber(Exchange.FORK_MICROSECONDS));
  integerLine(out, "total_forks", hostNumber(Exchange.FORKS));
  constantLines(out, "migrate_cached_sockets:0\nslave_expires_tracked_keys:0\n\
active_defrag_hits:0\nactive_defrag_misses:0\nactive_defrag_key_hits:0\n\
active_defrag_key_misses:0\ntotal_active_defrag_time:0\ncurrent_active_defrag_time:0\n\
");
  integerLine(out, "tracking_total_keys", trackedKeys());
  integerLine(out, "tracking_total_items", trackedItems());
  integerLine(out, "tracking_total_prefixes", trackingPrefixes());
  constantLines(out, "unexpected_error_replies:0\n");
}

function addReplies(out: TextBuilder): void {
  const counted = statistics();
  integerLine(out, "total_error_replies", errorsTotal());
  integerLine(out, "dump_payload_sanitizations", counted.payloadChecks);
  integerLine(out, "total_reads_processed", hostNumber(Exchange.READS));
  integerLine(out, "total_writes_processed", hostNumber(Exchange.WRITES));
  constantLines(out, "io_threaded_reads_processed:0\nio_threaded_writes_processed:0\n");
  integerLine(out, "client_query_buffer_limit_disconnections",
    counted.clientQueryBufferLimitDisconnections);
  integerLine(out, "client_output_buffer_limit_disconnections",
    counted.clientOutputBufferLimitDisconnections);
  // Replies have no buffers of their own that could grow or shrink.
  constantLines(out, "reply_buffer_shrinks:0\nreply_buffer_expands:0\n");
  integerLine(out, "acl_access_denied_auth", counted.aclDeniedAuth);
  integerLine(out, "acl_access_denied_cmd", counted.aclDeniedCommand);
  integerLine(out, "acl_access_denied_key", counted.aclDeniedKey);
  integerLine(out, "acl_access_denied_channel", counted.aclDeniedChannel);
}

// ---- Commands, errors, latencies ----------------------------------------------------------------

/** "prefix" and the command's name, ended by a colon. */
function startRow(out: TextBuilder, prefix: string, row: Row): void {
  builderText(out, prefix);
  builderBytes(out, row.nameAddress, row.nameBytes);
  builderByte(out, 0x3a);
}

export function addCommands(out: TextBuilder): void {
  let row = firstRow();
  while (row) {
    if (row.calls > 0 || row.rejectedCalls > 0 || row.failedCalls > 0) addCommand(out, row);
    row = nextRow(row);
  }
}

function addCommand(out: TextBuilder, row: Row): void {
  startRow(out, "cmdstat_", row);
  builderText(out, "calls=");
  builderInteger(out, <i64>row.calls);
  builderText(out, ",usec=");
  builderInteger(out, <i64>row.microseconds);
  builderText(out, ",usec_per_call=");
  builderDouble(out, row.calls > 0 ? row.microseconds / row.calls : 0, 2);
  builderText(out, ",rejected_calls=");
  builderInteger(out, <i64>row.rejectedCalls);
  builderText(out, ",failed_calls=");
  builderInteger(out, <i64>row.failedCalls);
  endLine(out);
}

export function addErrors(out: TextBuilder): void {
  for (let index: u32 = 0; index < errorCodeCount(); index++) {
    const entry = errorCodeAt(index);
    builderText(out, "errorstat_");
    builderBytes(out, entry.codeAddress, entry.bytes);
    builderText(out, ":count=");
    builderInteger(out, <i64>entry.errors);
    endLine(out);
  }
}

export function addLatencies(out: TextBuilder): void {
  let row = firstRow();
  while (row) {
    const calls = recordedCalls(row);
    if (calls > 0) {
      startRow(out, "latency_percentiles_usec_", row);
      addPercentiles(out, row, calls);
      endLine(out);
    }
    row = nextRow(row);
  }
}

/** "p50=1.003,p99=2.015" for each number of latency-tracking-info-percentiles. */
function addPercentiles(out: TextBuilder, row: Row, calls: f64): void {
  const parameter = parameterNamed("latency-tracking-info-percentiles");
  let at: usize = parameter.textAddress;
  const end: usize = at + parameter.textBytes;
  while (at != end) {
    let stop = at;
    while (stop != end && load<u8>(stop) != 0x20) stop += 1;
    if (at != <usize>parameter.textAddress) builderByte(out, 0x2c);
    builderByte(out, 0x70);
    builderBytes(out, at, <i32>(stop - at));
    builderByte(out, 0x3d);
    if (parseDouble(at, <i32>(stop - at), PERCENTILE)) {
      builderDouble(out, percentileMicroseconds(row, load<f64>(PERCENTILE), calls), 3);
    }
    at = stop == end ? end : stop + 1;
  }
}

// ---- Keys ---------------------------------------------------------------------------------------

export function addKeyspace(out: TextBuilder): void {
  for (let index: u32 = 0; index < databaseCount(); index++) {
    const database = databaseAt(index);
    if (!database.table.count) continue;
    builderText(out, "db");
    builderInteger(out, index);
    builderText(out, ":keys=");
    builderInteger(out, database.table.count);
    builderText(out, ",expires=");
    builderInteger(out, database.expiring.count);
    builderText(out, ",avg_ttl=");
    builderInteger(out, database.expiring.count ? <i64>database.meanTtlMs : 0);
    builderText(out, ",subexpiry=");
    builderInteger(out, database.fieldsDue.count);
    endLine(out);
  }
}

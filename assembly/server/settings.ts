/**
 * The settings that the hot path reads, as plain words; server/configuration.ts writes them when a
 * parameter is set. One record in the SERVER root, so that a test that sets one needs no table.
 */

import { SERVER_ROOT } from "../abi";

@unmanaged
export class Settings {
  /** Bytes, 0 = no limit. */
  maxmemory: f64;
  /** proto-max-bulk-len. */
  bulkBytesMaximum: f64;
  /** client-query-buffer-limit. */
  queryBufferBytesMaximum: f64;
  /** active-expire-effort 1 to 10. */
  activeExpireEffort: u32;
  /** 0 by DEBUG SET-ACTIVE-EXPIRE 0. */
  activeExpire: u32;
  /** 1: DEBUG answers (enable-debug-command). 2: only from this machine. */
  debugCommands: u32;
  /** Most entries and longest text of a value in one packed list; larger ones change encoding. */
  hashPackedEntries: u32;
  hashPackedBytes: u32;
  setPackedEntries: u32;
  setPackedBytes: u32;
  sortedSetPackedEntries: u32;
  sortedSetPackedBytes: u32;
  /** set-max-intset-entries. */
  integerSetEntries: u32;
  /** list-max-listpack-size: entries of a chunk, or -1 to -5 for 4 to 64 KiB. */
  listChunk: i32;
  /** hll-sparse-max-bytes. */
  hyperLogLogSparseBytes: u32;
  /** 1 by DEBUG PAUSE-CRON: ticks do nothing. */
  tickPaused: u32;
  /** latency-tracking: histograms of command times. */
  latencyTracking: u32;
  /** tracking-table-max-keys, 0 = no limit. */
  trackingKeysMaximum: f64;
  /** maxmemory-clients: bytes, or minus percent of maxmemory; 0 = no limit. */
  clientsMemory: f64;
  /** rdb-version: what DUMP and exports write. */
  rdbVersion: u32;
  /** Whether they compress texts. */
  rdbCompression: u32;
  /** 1: no writes after an image has failed (stop-writes-on-bgsave-error and save points). */
  guardsSaves: u32;
}

// @ts-ignore: decorator
@inline
export function settings(): Settings {
  return changetype<Settings>(SERVER_ROOT + 0x2000);
}

/** Redis's defaults. */
export function initializeSettings(): void {
  const values = settings();
  values.maxmemory = 0;
  values.bulkBytesMaximum = 536870912;
  values.queryBufferBytesMaximum = 1073741824;
  values.activeExpireEffort = 1;
  values.activeExpire = 1;
  values.debugCommands = 0;
  values.hashPackedEntries = 512;
  values.hashPackedBytes = 64;
  values.setPackedEntries = 128;
  values.setPackedBytes = 64;
  values.sortedSetPackedEntries = 128;
  values.sortedSetPackedBytes = 64;
  values.integerSetEntries = 512;
  values.listChunk = -2;
  values.hyperLogLogSparseBytes = 3000;
  values.tickPaused = 0;
  values.latencyTracking = 1;
  values.trackingKeysMaximum = 1000000;
  values.clientsMemory = 0;
  values.rdbVersion = 10;
  values.rdbCompression = 1;
  values.guardsSaves = 0;
}

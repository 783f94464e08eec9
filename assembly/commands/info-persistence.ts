/** The section of INFO about images and the log; the host keeps the numbers up to date. */

import { EXCHANGE, Exchange } from "../abi";
import { nowMs } from "../memory/root";
import { numberOf } from "../server/configuration";
import { hostNumber, loadedKeys } from "../server/facts";
import { TextBuilder } from "../text/builder";
import { constantLines, decimalLine, integerLine, textLine } from "./info-text";
import { isSaving, lastSaveSeconds } from "./persistence";

function word(offset: usize): f64 {
  return <f64>load<u32>(<usize>EXCHANGE + offset);
}

/** Whole seconds of so many milliseconds, -1 for "none". */
function secondsOf(ms: f64): f64 {
  return ms < 0 ? -1 : Math.floor(ms / 1000);
}

export function addPersistence(out: TextBuilder): void {
  integerLine(out, "loading", word(Exchange.LOADING));
  constantLines(out, "async_loading:0\n");
  addImages(out);
  constantLines(out, "rdb_last_load_keys_expired:0\n");
  integerLine(out, "rdb_last_load_keys_loaded", loadedKeys());
  addLog(out);
  constantLines(out, "module_fork_in_progress:0\nmodule_fork_last_cow_size:0\n");
  if (numberOf("appendonly")) addLogSizes(out);
  if (word(Exchange.LOADING) > 0) addLoading(out);
}

function addLog(out: TextBuilder): void {
  const started = hostNumber(Exchange.REWRITE_STARTED_MS);
  const failures = hostNumber(Exchange.REWRITE_FAILURES);
  const hasRun = hostNumber(Exchange.REWRITES) + failures > 0;
  integerLine(out, "aof_enabled", <f64>numberOf("appendonly"));
  integerLine(out, "aof_rewrite_in_progress", word(Exchange.REWRITE_IN_PROGRESS));
  integerLine(out, "aof_rewrite_scheduled", word(Exchange.REWRITE_SCHEDULED));
  integerLine(out, "aof_last_rewrite_time_sec",
    secondsOf(hasRun ? hostNumber(Exchange.REWRITE_DURATION_MS) : -1));
  integerLine(out, "aof_current_rewrite_time_sec",
    secondsOf(started > 0 ? max(0, <f64>nowMs() - started) : -1));
  textLine(out, "aof_last_bgrewrite_status", failures > 0 ? "err" : "ok");
  integerLine(out, "aof_rewrites", hostNumber(Exchange.REWRITES));
  integerLine(out, "aof_rewrites_consecutive_failures", failures);
  textLine(out, "aof_last_write_status", word(Exchange.LOG_FAILED) ? "err" : "ok");
  constantLines(out, "aof_last_cow_size:0\n");
}

function addLogSizes(out: TextBuilder): void {
  integerLine(out, "aof_current_size", hostNumber(Exchange.LOG_BYTES));
  integerLine(out, "aof_base_size", hostNumber(Exchange.LOG_BASE_BYTES));
  integerLine(out, "aof_pending_rewrite", word(Exchange.REWRITE_SCHEDULED));
  integerLine(out, "aof_buffer_length", hostNumber(Exchange.LOG_BUFFER_BYTES));
  integerLine(out, "aof_pending_bio_fsync", hostNumber(Exchange.LOG_PENDING_SYNCS));
  integerLine(out, "aof_delayed_fsync", hostNumber(Exchange.LOG_DELAYED_SYNCS));
}

/** Bytes of the log, or pages of the image. */
function addLoading(out: TextBuilder): void {
  const total = hostNumber(Exchange.LOADING_TOTAL);
  const done = hostNumber(Exchange.LOADING_DONE);
  const started = hostNumber(Exchange.LOADING_START_MS);
  const seconds = max(0, <f64>nowMs() - started) / 1000;
  integerLine(out, "loading_start_time", Math.floor(started / 1000));
  integerLine(out, "loading_total_bytes", total);
  constantLines(out, "loading_rdb_used_mem:0\n");
  integerLine(out, "loading_loaded_bytes", done);
  decimalLine(out, "loading_loaded_perc", total > 0 ? (done * 100) / total : 0, 2);
  integerLine(out, "loading_eta_seconds",
    done > 0 ? Math.ceil((seconds * max(0, total - done)) / done) : 1);
}

/**
 * Bytes "copied on write" are those of pages that the write barrier handed over. An image consists
 * of pages, so there is no count of the keys in it.
 */
function addImages(out: TextBuilder): void {
  const copied = hostNumber(Exchange.COPIED_BYTES);
  const pages = hostNumber(Exchange.SAVE_PAGES);
  const saved = hostNumber(Exchange.SAVED_PAGES);
  const started = hostNumber(Exchange.SAVE_STARTED_MS);
  integerLine(out, "current_cow_peak", copied);
  integerLine(out, "current_cow_size", copied);
  constantLines(out, "current_cow_size_age:0\n");
  decimalLine(out, "current_fork_perc", pages > 0 ? (saved * 100) / pages : 0, 2);
  integerLine(out, "rdb_changes_since_last_save", hostNumber(Exchange.CHANGES_SINCE_SAVE));
  integerLine(out, "rdb_bgsave_in_progress", isSaving() ? 1 : 0);
  integerLine(out, "rdb_last_save_time", lastSaveSeconds());
  textLine(out, "rdb_last_bgsave_status", word(Exchange.SAVE_FAILED) ? "err" : "ok");
  const last = hostNumber(Exchange.FORKS) > 0 ? hostNumber(Exchange.SAVE_DURATION_MS) : -1;
  integerLine(out, "rdb_last_bgsave_time_sec", secondsOf(last));
  integerLine(out, "rdb_current_bgsave_time_sec",
    secondsOf(started > 0 ? max(0, <f64>nowMs() - started) : -1));
  integerLine(out, "rdb_saves", hostNumber(Exchange.SAVES));
  integerLine(out, "rdb_last_cow_size", hostNumber(Exchange.LAST_COPIED_BYTES));
}

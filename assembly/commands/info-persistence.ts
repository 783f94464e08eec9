/** The section of INFO about images and the log; the host keeps the numbers up to date. */

import { EXCHANGE, Exchange } from "../abi";
import { nowMs } from "../memory/root";
import { hostNumber } from "../server/facts";
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
  constantLines(out, "loading:0\nasync_loading:0\n");
  addImages(out);
  constantLines(out, "rdb_last_load_keys_expired:0\nrdb_last_load_keys_loaded:0\naof_enabled:0\n\
aof_rewrite_in_progress:0\naof_rewrite_scheduled:0\naof_last_rewrite_time_sec:-1\n\
aof_current_rewrite_time_sec:-1\naof_last_bgrewrite_status:ok\naof_rewrites:0\n\
aof_rewrites_consecutive_failures:0\naof_last_write_status:ok\naof_last_cow_size:0\n\
module_fork_in_progress:0\nmodule_fork_last_cow_size:0\n");
}

/** Bytes "copied on write" are those of pages that the write barrier handed over. */
function addImages(out: TextBuilder): void {
  const copied = hostNumber(Exchange.COPIED_BYTES);
  const pages = hostNumber(Exchange.SAVE_PAGES);
  const saved = hostNumber(Exchange.SAVED_PAGES);
  const started = hostNumber(Exchange.SAVE_STARTED_MS);
  integerLine(out, "current_cow_peak", copied);
  integerLine(out, "current_cow_size", copied);
  constantLines(out, "current_cow_size_age:0\n");
  decimalLine(out, "current_fork_perc", pages > 0 ? (saved * 100) / pages : 0, 2);
  constantLines(out, "current_save_keys_processed:0\ncurrent_save_keys_total:0\n");
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

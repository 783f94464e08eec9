/**
 * Where the time goes: calls and microseconds of each row, for INFO commandstats and latencystats.
 *
 * The clock is an import and costs as much as a short command, so it is not read around each one.
 * Calls are gathered in groups and a group is read off at its end: its time is shared equally.
 *
 *   run starts        clock
 *   GET SET GET       one group: rows that share (flagged fast, or O(1))
 *   KEYS KEYS         one group: other rows share only with themselves; the change reads the clock
 *   run ends          clock
 *
 * What a group's rows did is chained through the rows: counting a call is one addition. Parsing and
 * replying within a group are part of its time.
 *
 * Histograms (latency-tracking) have 32 steps per power of two, so a percentile is right to 3 %.
 *
 *   bucket 0-63: that many nanoseconds | 64 + 32 k + i: (32 + i) << (k + 1) and up to the next
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, reserve } from "../memory/allocator";
import { statistics } from "../keyspace/statistics";
import { errorsThisCall } from "../protocol/reply";
import { settings } from "./settings";
import { Row, RowFlag, firstRow, nextRow } from "./table";

@external("host", "clock")
declare function clock(): f64;

@unmanaged
class TimingRoot {
  /** Clock when the group began, milliseconds. */
  beganMs: f64;
  /** The only row of the group when it is one that does not share, else 0. */
  alone: u32;
  /** First row of the group's chain, 0 = nothing was called. */
  first: u32;
  /** 1: the group is not counted. */
  dropped: u32;
}

/** Buckets of a histogram: up to 2^30 ns, what is longer counts there. */
const BUCKETS: u32 = 64 + 25 * 32;
const LONGEST_NS: u64 = (1 << 30) - 1;

// @ts-ignore: decorator
@inline
function root(): TimingRoot {
  return changetype<TimingRoot>(SERVER_ROOT + 0x2400);
}

export function initializeTiming(): void {
  memory.fill(changetype<usize>(root()), 0, offsetof<TimingRoot>());
}

/** A run of commands begins. */
// @ts-ignore: decorator
@inline
export function startTiming(): void {
  root().beganMs = clock();
}

/** A command is about to run: ends the group when it does not belong into it. */
// @ts-ignore: decorator
@inline
export function beforeCall(row: Row): void {
  if (row.flags & RowFlag.SHARES_TIME) {
    if (root().alone) settleTiming();
  } else if (root().alone != <u32>changetype<usize>(row)) {
    settleTiming();
    root().alone = <u32>changetype<usize>(row);
  }
}

/** A command has run. */
// @ts-ignore: decorator
@inline
export function afterCall(row: Row): void {
  if (!row.groupCalls) joinGroup(row);
  row.groupCalls += 1;
}

/**
 * A row that succeeded gets its histogram here and not where times are recorded: a command that is
 * refused leaves no trace in memory.
 */
function joinGroup(row: Row): void {
  row.groupNext = root().first;
  root().first = <u32>changetype<usize>(row);
  if (row.histogram || errorsThisCall() || !settings().latencyTracking) return;
  if (!reserve(BUCKETS * 4)) return;
  row.histogram = <u32>allocate(Arena.SERVER, BUCKETS * 4);
  memory.fill(row.histogram, 0, BUCKETS * 4);
}

/** Ends the group: its rows get their calls and their share of its time. */
export function settleTiming(): void {
  root().alone = 0;
  const dropped = root().dropped;
  root().dropped = 0;
  let address = root().first;
  if (!address) return;
  root().first = 0;
  const now = clock();
  const microseconds = max(0, (now - root().beganMs) * 1000);
  root().beganMs = now;
  let calls: u32 = 0;
  for (let at = address; at; at = changetype<Row>(<usize>at).groupNext) {
    calls += changetype<Row>(<usize>at).groupCalls;
  }
  const share = microseconds / <f64>calls;
  while (address) {
    const row = changetype<Row>(<usize>address);
    address = row.groupNext;
    if (!dropped) count(row, share);
    row.groupCalls = 0;
  }
}

function count(row: Row, microseconds: f64): void {
  row.calls += <f64>row.groupCalls;
  row.microseconds += microseconds * <f64>row.groupCalls;
  statistics().commandsProcessed += <f64>row.groupCalls;
  if (row.histogram && settings().latencyTracking) record(row, microseconds, row.groupCalls);
}

/** The group in progress will not be counted: the host's own call of CONFIG RESETSTAT. */
export function dropGroup(): void {
  root().dropped = 1;
}

/** Forgets what was counted, the group in progress included (CONFIG RESETSTAT). */
export function resetTiming(): void {
  settleTiming();
  let row = firstRow();
  while (row) {
    row.calls = 0;
    row.microseconds = 0;
    row.rejectedCalls = 0;
    row.failedCalls = 0;
    if (row.histogram) memory.fill(row.histogram, 0, BUCKETS * 4);
    row = nextRow(row);
  }
}

// ---- Histograms ---------------------------------------------------------------------------------

function bucketOf(nanoseconds: u64): u32 {
  const value = min(nanoseconds, LONGEST_NS);
  if (value < 64) return <u32>value;
  const shift = 58 - <u32>clz(value);
  return 64 + (shift - 1) * 32 + <u32>(value >> shift) - 32;
}

/** The largest number of nanoseconds that bucket `index` counts. */
function bucketEnd(index: u32): u64 {
  if (index < 64) return index;
  const shift = ((index - 64) >> 5) + 1;
  return (<u64>(32 + ((index - 64) & 31) + 1) << shift) - 1;
}

function record(row: Row, microseconds: f64, calls: u32): void {
  const nanoseconds = <u64>min(microseconds * 1000, 1e12);
  const counter: usize = row.histogram + (bucketOf(nanoseconds) << 2);
  store<u32>(counter, load<u32>(counter) + calls);
}

/** Calls that the row's histogram holds. */
export function recordedCalls(row: Row): f64 {
  let sum: f64 = 0;
  if (!row.histogram) return 0;
  for (let index: u32 = 0; index < BUCKETS; index++) {
    sum += <f64>load<u32>(row.histogram + (index << 2));
  }
  return sum;
}

/** Microseconds that `percentile` (0 to 100) of `calls` recorded calls did not exceed. */
export function percentileMicroseconds(row: Row, percentile: f64, calls: f64): f64 {
  const wanted = max(1.0, Math.floor(percentile / 100 * calls + 0.5));
  let sum: f64 = 0;
  for (let index: u32 = 0; index < BUCKETS; index++) {
    sum += <f64>load<u32>(row.histogram + (index << 2));
    if (sum >= wanted) return <f64>bucketEnd(index) / 1000;
  }
  return 0;
}

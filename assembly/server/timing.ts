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
import { settings } from "./settings";
import { Row, RowFlag, firstRow, nextRow } from "./table";

@external("host", "clock")
declare function clock(): f64;

@unmanaged
class TimingRoot {
  /** Clock when the group began, milliseconds. */
  beganMs: f64;
  /** Row of the last call in the group; 0 = the group is empty. */
  last: u32;
  /** First row of the group's chain. */
  first: u32;
  /** Calls in the group. */
  calls: u32;
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
  const address = <u32>changetype<usize>(row);
  if (root().last != address) changeRow(row);
}

function changeRow(row: Row): void {
  const last = root().last;
  if (last) {
    const flags = row.flags & changetype<Row>(<usize>last).flags;
    if (!(flags & RowFlag.SHARES_TIME)) settleTiming();
  }
  root().last = <u32>changetype<usize>(row);
}

/** A command has run. */
// @ts-ignore: decorator
@inline
export function afterCall(row: Row): void {
  if (!row.groupCalls) {
    row.groupNext = root().first;
    root().first = <u32>changetype<usize>(row);
  }
  row.groupCalls += 1;
  root().calls += 1;
}

/** Ends the group: its rows get their calls and their share of its time. */
export function settleTiming(): void {
  const calls = root().calls;
  root().last = 0;
  if (!calls) return;
  const now = clock();
  const share = max(0, (now - root().beganMs) * 1000 / <f64>calls);
  root().beganMs = now;
  root().calls = 0;
  statistics().commandsProcessed += <f64>calls;
  let address = root().first;
  root().first = 0;
  while (address) {
    const row = changetype<Row>(<usize>address);
    address = row.groupNext;
    row.calls += <f64>row.groupCalls;
    row.microseconds += share * <f64>row.groupCalls;
    if (settings().latencyTracking) record(row, share, row.groupCalls);
    row.groupCalls = 0;
  }
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

/**
 * Gives a row its histogram. Called after a command has succeeded and not where times are recorded:
 * a command that is refused leaves no trace in memory.
 */
export function createHistogram(row: Row): void {
  if (!settings().latencyTracking || !reserve(BUCKETS * 4)) return;
  row.histogram = <u32>allocate(Arena.SERVER, BUCKETS * 4);
  memory.fill(row.histogram, 0, BUCKETS * 4);
}

function record(row: Row, microseconds: f64, calls: u32): void {
  if (!row.histogram) return;
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

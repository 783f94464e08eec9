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
 * A row that does not share and whose calls have taken long, or are not known yet, is TIMED_ALONE:
 * the clock is read after each of its calls. So is it after every call when the slow log or the
 * latency monitor want to know of times that are short (see `setObservation`), or for a while after
 * a group has been slow of which nobody can say which call it was.
 *
 * Slow log and latency monitor look at each group that ends. A group of one call that still has its
 * arguments is logged as it is; one of several calls as the row called last, with their number.
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
import { Call } from "./call";
import { showCall } from "./monitors";
import { settings } from "./settings";
import { noteSlow } from "./slow-log";
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
  isHost: u32;
  /** Observe: why each call is looked at. */
  observe: u32;
  /** Calls that are still to be timed one by one after a slow group. */
  closeLooks: u32;
  /** Microseconds that the last call takes besides, while its session waits. */
  addedMicroseconds: f64;
  /** Groups that took as many microseconds are looked at; negative: none. */
  slowMicroseconds: f64;
}

/** Reasons to look at each call that has run. */
export const enum Observe {
  NONE = 0,
  /** Times shorter than a group are asked for. */
  ALWAYS = 1,
  /** For a while after a slow group, or once. */
  CLOSELY = 2,
  /** Somebody watches with MONITOR. */
  MONITORS = 4,
}

/** Below this a row's calls are timed in groups. */
const SHORT_MICROSECONDS: f64 = 4;
/** Thresholds below this need each call timed. */
const FINE_MICROSECONDS: f64 = 1000;
/** Calls timed one by one after a slow group. */
const CLOSE_LOOKS: u32 = 1000;

/** Buckets of a histogram: up to 2^30 ns, what is longer counts there. */
const BUCKETS: u32 = 64 + 25 * 32;
const LONGEST_NS: u64 = (1 << 30) - 1;

// @ts-ignore: decorator
@inline
function root(): TimingRoot {
  return changetype<TimingRoot>(SERVER_ROOT + 0x4c80);
}

export function initializeTiming(): void {
  memory.fill(changetype<usize>(root()), 0, offsetof<TimingRoot>());
}

/** The clock for what the ticks do. */
export function tickClockMs(): f64 {
  return clock();
}

/** A run of commands begins; what the host runs for itself is not counted. */
// @ts-ignore: decorator
@inline
export function startTiming(isHost: bool): void {
  root().beganMs = clock();
  root().isHost = u32(isHost);
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
export function afterCall(call: Call, row: Row): void {
  if (!row.groupCalls) joinGroup(row);
  row.groupCalls += 1;
  if ((row.flags & RowFlag.TIMED_ALONE) | root().observe) observe(call, row);
}

function observe(call: Call, row: Row): void {
  const reasons = root().observe;
  if (reasons & Observe.MONITORS) showCall(call, row);
  const each: u32 = Observe.ALWAYS | Observe.CLOSELY;
  if (!(reasons & each) && !(row.flags & RowFlag.TIMED_ALONE)) return;
  if (reasons & Observe.CLOSELY) lookClosely();
  settleWith(call);
}

function lookClosely(): void {
  if (root().closeLooks > 0) root().closeLooks -= 1;
  if (!root().closeLooks) root().observe &= ~Observe.CLOSELY;
}

/** Sets or takes away a reason to look at each call. */
export function setObserve(reason: Observe, on: bool): void {
  if (on) root().observe |= reason;
  else root().observe &= ~reason;
}

/** Of all that wants to know of long calls, the shortest time in microseconds; negative: none. */
export function setSlowTime(microseconds: f64): void {
  root().slowMicroseconds = microseconds;
  setObserve(Observe.ALWAYS, microseconds >= 0 && microseconds < FINE_MICROSECONDS);
}

/** The call in progress takes that much longer: its session waits for the host. */
export function addTime(microseconds: f64): void {
  root().addedMicroseconds = microseconds;
  root().closeLooks += 1;
  setObserve(Observe.CLOSELY, true);
}

/**
 * A row that succeeded gets its histogram here and not where times are recorded: a command that is
 * refused leaves no trace in memory.
 */
function joinGroup(row: Row): void {
  row.groupNext = root().first;
  root().first = <u32>changetype<usize>(row);
  if (row.histogram || errorsThisCall() || !settings().latencyTracking || root().isHost) return;
  if (!reserve(BUCKETS * 4)) return;
  row.histogram = <u32>allocate(Arena.SERVER, BUCKETS * 4);
  memory.fill(row.histogram, 0, BUCKETS * 4);
}

/** Ends the group: its rows get their calls and their share of its time. */
export function settleTiming(): void {
  settleWith(null);
}

/** Ends the group; the arguments of the call that ran last are still there. */
export function settleWith(call: Call | null): void {
  const alone = root().alone;
  root().alone = 0;
  const isHost = root().isHost;
  let address = root().first;
  if (!address) return;
  root().first = 0;
  const now = clock();
  const microseconds = max(0, (now - root().beganMs) * 1000) + root().addedMicroseconds;
  root().beganMs = now;
  root().addedMicroseconds = 0;
  let calls: u32 = 0;
  for (let at = address; at; at = changetype<Row>(<usize>at).groupNext) {
    calls += changetype<Row>(<usize>at).groupCalls;
  }
  const share = microseconds / <f64>calls;
  if (alone) noteShare(changetype<Row>(<usize>alone), share);
  const slow = root().slowMicroseconds;
  if (slow >= 0 && microseconds >= slow && !isHost) noteGroup(call, address, microseconds, calls);
  while (address) {
    const row = changetype<Row>(<usize>address);
    address = row.groupNext;
    if (!isHost) count(row, share);
    row.groupCalls = 0;
  }
}

/** Calls that take long are timed one by one from now on, short ones in groups. */
function noteShare(row: Row, microseconds: f64): void {
  if (microseconds < SHORT_MICROSECONDS) row.flags &= ~RowFlag.TIMED_ALONE;
  else row.flags |= RowFlag.TIMED_ALONE;
}

/** The chain of the group's rows begins at `first`. */
function noteGroup(call: Call | null, first: u32, microseconds: f64, calls: u32): void {
  let row = changetype<Row>(<usize>first);
  if (calls > 1) {
    root().closeLooks = CLOSE_LOOKS;
    setObserve(Observe.CLOSELY, true);
    // EXEC itself says nothing.
    while (row.flags & RowFlag.SKIP_SLOWLOG && row.groupNext) {
      row = changetype<Row>(<usize>row.groupNext);
    }
  }
  const isKnown = call != null && calls == 1 && call.row == row;
  noteSlow(isKnown ? call : null, row, microseconds, calls);
}

function count(row: Row, microseconds: f64): void {
  row.calls += <f64>row.groupCalls;
  row.microseconds += microseconds * <f64>row.groupCalls;
  statistics().commandsProcessed += <f64>row.groupCalls;
  if (row.histogram && settings().latencyTracking) record(row, microseconds, row.groupCalls);
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

/** Recorded calls that took at most so long. */
export function callsWithin(row: Row, nanoseconds: u64): f64 {
  let sum: f64 = 0;
  for (let index: u32 = 0; index < BUCKETS && bucketEnd(index) <= nanoseconds; index++) {
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

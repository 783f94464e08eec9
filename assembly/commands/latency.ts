/** LATENCY: events that took long (server/latency.ts), and histograms of commands. */

import { SessionFlag } from "../abi";
import { scratchMark, scratchRelease } from "../memory/scratch";
import { replyErrorAround } from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkText, replyEmptyArray, replyError, replyInteger, replyMap,
  replyOk,
} from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import {
  LatencyEvent, SAMPLES, dropLatencyEvent, firstLatencyEvent, hostEvent, isLatencyMonitored,
  nextLatencyEvent, noteLatency,
} from "../server/latency";
import { Row, command, findFullName, firstRow, nextRow } from "../server/table";
import { callsWithin, recordedCalls, settleTiming } from "../server/timing";
import { TextBuilder, builderByte, builderInteger, builderText } from "../text/builder";
import { equalsLiteral } from "../text/case";
import { containerHelp } from "./help";
import { newText, replyText } from "./text-reply";

function container(call: Call): void {}

/** The event that argument `index` names, null when there is none. */
function eventAt(call: Call, index: i32): LatencyEvent | null {
  let event = firstLatencyEvent();
  while (event) {
    if (equalsLiteral(call.at(index), call.bytesOf(index), event.name)) return event;
    event = nextLatencyEvent(event);
  }
  return null;
}

function sampleCount(event: LatencyEvent): u32 {
  let count: u32 = 0;
  for (let index: u32 = 0; index < SAMPLES; index++) {
    if (load<u32>(event.sampleAt(index))) count += 1;
  }
  return count;
}

function history(call: Call): void {
  const event = eventAt(call, 2);
  if (!event) return replyEmptyArray();
  replyArray(sampleCount(event));
  for (let index: u32 = 0; index < SAMPLES; index++) {
    const sample = event.sampleAt(event.place + index);
    if (!load<u32>(sample)) continue;
    replyArray(2);
    replyInteger(load<u32>(sample));
    replyInteger(load<u32>(sample, 4));
  }
}

function latest(call: Call): void {
  let count = 0;
  for (let event = firstLatencyEvent(); event != null; count++) event = nextLatencyEvent(event!);
  replyArray(count);
  let event = firstLatencyEvent();
  while (event) {
    replyArray(4);
    replyBulkText(event.name);
    replyInteger(load<u32>(event.newest));
    replyInteger(load<u32>(event.newest, 4));
    replyInteger(event.longestMs);
    event = nextLatencyEvent(event);
  }
}

function reset(call: Call): void {
  let dropped = 0;
  if (call.argumentCount == 2) {
    for (let event = firstLatencyEvent(); event != null; event = firstLatencyEvent()) {
      dropLatencyEvent(event!);
      dropped += 1;
    }
  }
  for (let index = 2; index < call.argumentCount; index++) {
    const event = eventAt(call, index);
    if (!event) continue;
    dropLatencyEvent(event);
    dropped += 1;
  }
  replyInteger(dropped);
}

// ---- Reports ------------------------------------------------------------------------------------

function doctor(call: Call): void {
  const mark = scratchMark();
  const text = newText();
  let event = firstLatencyEvent();
  if (!isLatencyMonitored()) {
    builderText(text, "Latency is not monitored here. CONFIG SET latency-monitor-threshold \
<milliseconds> notes every event that takes as long or longer.");
  } else if (!event) {
    builderText(text, "No event has taken as long as latency-monitor-threshold so far.\n");
  }
  while (event) {
    describe(text, event);
    event = nextLatencyEvent(event);
  }
  replyText(text);
  scratchRelease(mark);
}

/** One line about an event, and what helps against it. */
function describe(text: TextBuilder, event: LatencyEvent): void {
  let sum: f64 = 0;
  for (let index: u32 = 0; index < SAMPLES; index++) {
    sum += <f64>load<u32>(event.sampleAt(index), 4);
  }
  const count = sampleCount(event);
  builderText(text, event.name);
  builderText(text, ": ");
  builderInteger(text, count);
  builderText(text, " latency spikes (mean ");
  builderInteger(text, <i64>(sum / <f64>max(count, 1)));
  builderText(text, " ms, longest ");
  builderInteger(text, event.longestMs);
  builderText(text, " ms). SLOWLOG GET names the calls, slowlog-log-slower-than says which.\n");
}

function graph(call: Call): void {
  const event = eventAt(call, 2);
  if (!event) {
    return replyErrorAround("ERR No samples available for event '", call.at(2), call.bytesOf(2),
      "'");
  }
  const mark = scratchMark();
  const text = newText();
  drawGraph(text, event);
  replyText(text);
  scratchRelease(mark);
}

const GRAPH_ROWS: u32 = 4;

/** Heading with highest and lowest, a rule, then a column for each sample, oldest first. */
function drawGraph(text: TextBuilder, event: LatencyEvent): void {
  let high: u32 = 0;
  let low: u32 = u32.MAX_VALUE;
  for (let index: u32 = 0; index < SAMPLES; index++) {
    const sample = event.sampleAt(index);
    if (!load<u32>(sample)) continue;
    high = max(high, load<u32>(sample, 4));
    low = min(low, load<u32>(sample, 4));
  }
  builderText(text, event.name);
  addNumber(text, " - high ", high);
  addNumber(text, " ms, low ", low);
  addNumber(text, " ms (all time high ", event.longestMs);
  builderText(text, " ms)\n");
  for (let column = 0; column < 80; column++) builderByte(text, 0x2d);
  builderByte(text, 0x0a);
  const range = max(high - low, 1);
  for (let row = <i32>GRAPH_ROWS - 1; row >= 0; row--) drawRow(text, event, row, low, range);
}

function drawRow(text: TextBuilder, event: LatencyEvent, row: u32, low: u32, range: u32): void {
  for (let index: u32 = 0; index < SAMPLES; index++) {
    const sample = event.sampleAt(event.place + index);
    if (!load<u32>(sample)) continue;
    const value = load<u32>(sample, 4) - low;
    const level = <u32>(<u64>value * (GRAPH_ROWS - 1) / range);
    builderByte(text, level == row ? (row ? 0x23 : 0x5f) : level > row ? 0x7c : 0x20);
  }
  builderByte(text, 0x0a);
}

function addNumber(text: TextBuilder, words: string, value: u32): void {
  builderText(text, words);
  builderInteger(text, value);
}

// ---- Histograms ---------------------------------------------------------------------------------

/** Whether an argument names the row or its container; without arguments every row is meant. */
function isMeant(call: Call, row: Row): bool {
  if (call.argumentCount == 2) return true;
  for (let index = 2; index < call.argumentCount; index++) {
    const found = findFullName(call.at(index), call.bytesOf(index));
    if (!found) continue;
    if (found == row || row.parent == <u32>changetype<usize>(found)) return true;
  }
  return false;
}

function histogram(call: Call): void {
  settleTiming();
  let count = 0;
  for (let row = firstRow(); row != null; row = nextRow(row!)) {
    if (isMeant(call, row!) && recordedCalls(row!) > 0) count += 1;
  }
  replyMap(count);
  for (let row = firstRow(); row != null; row = nextRow(row!)) {
    if (isMeant(call, row!) && recordedCalls(row!) > 0) replyHistogram(row!);
  }
}

/** The end of column `power` in nanoseconds, as Redis cuts them. */
function columnEnd(power: u32): u64 {
  return (<u64>1024 << power) + (<u64>8 << power) - 1;
}

const COLUMNS: u32 = 22;

function replyHistogram(row: Row): void {
  const calls = recordedCalls(row);
  replyBulk(row.nameAddress, row.nameBytes);
  replyMap(2);
  replyBulkText("calls");
  replyInteger(<i64>calls);
  replyBulkText("histogram_usec");
  let columns = 0;
  let before: f64 = 0;
  for (let power: u32 = 0; power < COLUMNS; power++) {
    const within = callsWithin(row, columnEnd(power));
    if (within > before) columns += 1;
    before = within;
  }
  replyMap(columns);
  before = 0;
  for (let power: u32 = 0; power < COLUMNS; power++) {
    const within = callsWithin(row, columnEnd(power));
    if (within > before) {
      replyInteger(<i64>(columnEnd(power) / 1000));
      replyInteger(<i64>within);
    }
    before = within;
  }
}

// ---- QUIRE LATENCY ------------------------------------------------------------------------------

/** QUIRE LATENCY event milliseconds: something that the host did took so long. */
function quireLatency(call: Call): void {
  if (!call.session.has(SessionFlag.INTERNAL)) {
    return replyError("ERR QUIRE LATENCY belongs to the host");
  }
  const event = hostEvent(call.at(2), call.bytesOf(2));
  if (event.length == 0) return replyError("ERR no such event");
  if (!integerOrReply(call, 3)) return;
  noteLatency(event, <f64>call.integer);
  replyOk();
}

// ---- Rows ---------------------------------------------------------------------------------------

function sub(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  flags: string,
  args: string,
  tips: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "server", since, arity, flags, "", "", args, tips, complexity, summary);
}

export function registerLatency(): void {
  const flags = "admin noscript loading stale";
  const tips = "nondeterministic_output request_policy:all_nodes response_policy:special";
  sub(container.index, "latency", "2.8.13", -2, "", "", "", "Depends on subcommand.",
    "Events that took long.");
  sub(doctor.index, "latency|doctor", "2.8.13", 2, flags, "", tips, "O(1)",
    "Tells in words what took long.");
  sub(graph.index, "latency|graph", "2.8.13", 3, flags, "event:string", tips, "O(1)",
    "Draws the samples of an event.");
  sub(containerHelp.index, "latency|help", "2.8.13", 2, "loading stale", "", "", "O(1)",
    "Lists the subcommands.");
  sub(histogram.index, "latency|histogram", "7.0.0", -2, flags, "command:string?*", tips,
    "O(N) in the number of commands", "Answers how long the calls of commands took.");
  sub(history.index, "latency|history", "2.8.13", 3, flags, "event:string", tips, "O(1)",
    "Answers the samples of an event.");
  sub(latest.index, "latency|latest", "2.8.13", 2, flags, "", tips, "O(1)",
    "Answers the newest sample of every event.");
  sub(reset.index, "latency|reset", "2.8.13", -2, flags, "event:string?*",
    "request_policy:all_nodes response_policy:all_succeeded", "O(1)", "Forgets events.");
  sub(quireLatency.index, "quire|latency", "0.1.0", 4, flags, "event:string milliseconds:integer",
    "", "O(1)", "Takes how long something in the host took.");
}

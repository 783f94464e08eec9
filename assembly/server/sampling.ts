/**
 * Rates for INFO: commands a second, kilobytes a second in and out.
 *
 * Each is the mean of the last 16 samples, one taken per tick but at most one per 100 ms.
 *
 *   metric (144 bytes):  f64 last value | f64 time of it | 16 x f64 samples
 */

import { EXCHANGE, Exchange, SERVER_ROOT } from "../abi";
import { statistics } from "../keyspace/statistics";
import { nowMs } from "../memory/root";

const SAMPLES: u32 = 16;
const PERIOD_MS: f64 = 100;
const METRIC_BYTES: usize = 144;
const NEXT_SAMPLE: usize = SERVER_ROOT + 0x2450;
const METRICS: usize = SERVER_ROOT + 0x2460;

export const enum Metric {
  COMMANDS = 0,
  INPUT_BYTES = 1,
  OUTPUT_BYTES = 2,
}

const METRIC_COUNT: usize = 3;

@unmanaged
class Samples {
  lastValue: f64;
  lastMs: f64;
}

function samplesOf(metric: Metric): Samples {
  return changetype<Samples>(METRICS + <usize>metric * METRIC_BYTES);
}

function sampleAddress(metric: Metric, index: u32): usize {
  return METRICS + <usize>metric * METRIC_BYTES + offsetof<Samples>() + (index << 3);
}

export function initializeSampling(): void {
  memory.fill(NEXT_SAMPLE, 0, METRICS - NEXT_SAMPLE + METRIC_COUNT * METRIC_BYTES);
}

/** On each tick. */
export function takeSamples(): void {
  const elapsed = <f64>nowMs() - samplesOf(Metric.COMMANDS).lastMs;
  if (elapsed >= 0 && elapsed < PERIOD_MS) return;
  const index = load<u32>(NEXT_SAMPLE);
  take(Metric.COMMANDS, index, statistics().commandsProcessed);
  take(Metric.INPUT_BYTES, index, load<f64>(EXCHANGE + Exchange.INPUT_BYTES));
  take(Metric.OUTPUT_BYTES, index, load<f64>(EXCHANGE + Exchange.OUTPUT_BYTES));
  store<u32>(NEXT_SAMPLE, (index + 1) % SAMPLES);
}

function take(metric: Metric, index: u32, value: f64): void {
  const samples = samplesOf(metric);
  const elapsed = <f64>nowMs() - samples.lastMs;
  const grown = value - samples.lastValue;
  const rate = samples.lastMs > 0 && elapsed > 0 && grown > 0 ? grown * 1000 / elapsed : 0;
  store<f64>(sampleAddress(metric, index), rate);
  samples.lastMs = <f64>nowMs();
  samples.lastValue = value;
}

/** Units a second. */
export function rateOf(metric: Metric): f64 {
  let sum: f64 = 0;
  for (let index: u32 = 0; index < SAMPLES; index++) {
    sum += load<f64>(sampleAddress(metric, index));
  }
  return sum / <f64>SAMPLES;
}

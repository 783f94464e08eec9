/**
 * Events that took at least `latency-monitor-threshold` milliseconds (LATENCY), by their kind:
 * "command" and "fast-command" from server/timing.ts, "expire-cycle" and "eviction-cycle" from the
 * ticks, and those that the host tells (QUIRE LATENCY). Kinds come into being with their first
 * event.
 *
 *   event (SERVER block): next | name | longest time | place of the next sample | ring of samples
 *   sample: u32 seconds since 1970, u32 milliseconds; one per second, the longest of it
 */

import { EXCHANGE, Exchange, SERVER_ROOT } from "../abi";
import { Arena, allocate, release, reserve } from "../memory/allocator";
import { nowMs } from "../memory/root";
import { equalsLiteral } from "../text/case";
import { Row, RowFlag } from "./table";

export const SAMPLES: u32 = 160;

@unmanaged
export class LatencyEvent {
  next: u32;
  place: u32;
  longestMs: u32;
  /** A literal. */
  name: string;

  /** Seconds and milliseconds of the sample at `index` of the ring. */
  // @ts-ignore: decorator
  @inline
  sampleAt(index: u32): usize {
    return changetype<usize>(this) + offsetof<LatencyEvent>() + ((index % SAMPLES) << 3);
  }

  /** The newest sample. */
  get newest(): usize {
    return this.sampleAt(this.place + SAMPLES - 1);
  }
}

@unmanaged
class LatencyRoot {
  thresholdMs: f64;
  first: u32;
}

const EVENT_BYTES: u32 = <u32>offsetof<LatencyEvent>() + SAMPLES * 8;

// @ts-ignore: decorator
@inline
function root(): LatencyRoot {
  return changetype<LatencyRoot>(SERVER_ROOT + 0x4d00);
}

export function initializeLatency(): void {
  root().first = 0;
}

export function setLatencyThreshold(thresholdMs: f64): void {
  root().thresholdMs = thresholdMs;
  const told = <u32>min(thresholdMs, <f64>u32.MAX_VALUE);
  store<u32>(EXCHANGE + Exchange.LATENCY_THRESHOLD_MS, told);
}

/** The literal of an event that a host tells, "" when there is none of that name. */
export function hostEvent(address: usize, bytes: u32): string {
  if (equalsLiteral(address, bytes, "fork")) return "fork";
  if (equalsLiteral(address, bytes, "aof-write")) return "aof-write";
  if (equalsLiteral(address, bytes, "aof-write-alone")) return "aof-write-alone";
  if (equalsLiteral(address, bytes, "aof-write-active-child")) return "aof-write-active-child";
  if (equalsLiteral(address, bytes, "aof-write-pending-fsync")) return "aof-write-pending-fsync";
  return equalsLiteral(address, bytes, "aof-fsync-always") ? "aof-fsync-always" : "";
}

export function isLatencyMonitored(): bool {
  return root().thresholdMs > 0;
}

export function firstLatencyEvent(): LatencyEvent | null {
  return changetype<LatencyEvent | null>(<usize>root().first);
}

export function nextLatencyEvent(event: LatencyEvent): LatencyEvent | null {
  return changetype<LatencyEvent | null>(<usize>event.next);
}

/** A call of this row took so long. */
export function noteLatencyOf(row: Row, microseconds: f64): void {
  noteLatency(row.flags & RowFlag.FAST ? "fast-command" : "command", microseconds / 1000);
}

/** Something took so long; left out when it is below the threshold or memory is short. */
export function noteLatency(name: string, milliseconds: f64): void {
  const threshold = root().thresholdMs;
  const whole = Math.floor(milliseconds);
  if (threshold <= 0 || whole < threshold) return;
  const event = eventNamed(name);
  if (event) addSample(event, <u32>min(whole, 4294967295.0));
}

function eventNamed(name: string): LatencyEvent | null {
  for (let at = <usize>root().first; at; at = changetype<LatencyEvent>(at).next) {
    if (changetype<LatencyEvent>(at).name == name) return changetype<LatencyEvent>(at);
  }
  if (!reserve(EVENT_BYTES)) return null;
  const address = allocate(Arena.SERVER, EVENT_BYTES);
  memory.fill(address, 0, EVENT_BYTES);
  const event = changetype<LatencyEvent>(address);
  event.name = name;
  event.next = root().first;
  root().first = <u32>address;
  return event;
}

function addSample(event: LatencyEvent, milliseconds: u32): void {
  const seconds = <u32>(nowMs() / 1000);
  event.longestMs = max(event.longestMs, milliseconds);
  if (load<u32>(event.newest) == seconds) {
    store<u32>(event.newest, max(load<u32>(event.newest, 4), milliseconds), 4);
    return;
  }
  store<u32>(event.sampleAt(event.place), seconds);
  store<u32>(event.sampleAt(event.place), milliseconds, 4);
  event.place = (event.place + 1) % SAMPLES;
}

/** Forgets an event. */
export function dropLatencyEvent(event: LatencyEvent): void {
  let link = changetype<usize>(root()) + offsetof<LatencyRoot>("first");
  while (load<u32>(link) != <u32>changetype<usize>(event)) {
    link = <usize>load<u32>(link) + offsetof<LatencyEvent>("next");
  }
  store<u32>(link, event.next);
  release(changetype<usize>(event));
}

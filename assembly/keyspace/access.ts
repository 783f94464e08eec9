/**
 * The access clock of a key: seconds for LRU, or minutes and a logarithmic counter for LFU, in the
 * 24 bits that an entry has for it. Which of the two the bits mean follows from `maxmemory-policy`.
 *
 *   LRU  bits 0-23  seconds since 1970 modulo 2^24
 *   LFU  bits 8-23  minutes modulo 2^16 of the last decrement, bits 0-7 counter
 *
 * While pages are marked for a snapshot nothing is written here, so that reads copy no page. LFU's
 * chance comes from the data set's own random state: it decides what is evicted, which is data.
 */

import { SERVER_ROOT } from "../abi";
import { isMarking, nextRandom, nowMs } from "../memory/root";
import { KeyEntry } from "../values/key-entry";

/** A new key's LFU counter: enough to live until it is used a second time. */
const LFU_INITIAL: u32 = 5;

@unmanaged
class AccessRules {
  /** 1: LFU, 0: LRU. */
  frequency: u32;
  logFactor: i32;
  decayMinutes: i32;
  /** 1: this session's commands leave the clock alone (CLIENT NO-TOUCH). */
  paused: u32;
}

// @ts-ignore: decorator
@inline
export function accessRules(): AccessRules {
  return changetype<AccessRules>(SERVER_ROOT + 0xd80);
}

/** Redis's defaults. */
export function initializeAccess(): void {
  accessRules().frequency = 0;
  accessRules().logFactor = 10;
  accessRules().decayMinutes = 1;
  accessRules().paused = 0;
}

// @ts-ignore: decorator
@inline
function seconds(): u32 {
  return <u32>(nowMs() / 1000) & 0xffffff;
}

// @ts-ignore: decorator
@inline
function minutes(): u32 {
  return <u32>(nowMs() / 60000) & 0xffff;
}

/** The access word of a key that is created now. */
// @ts-ignore: decorator
@inline
export function freshAccess(): u32 {
  return accessRules().frequency ? (minutes() << 8) | LFU_INITIAL : seconds();
}

/** Notes an access. */
// @ts-ignore: decorator
@inline
export function touchAccess(entry: KeyEntry): void {
  if (isMarking() || accessRules().paused) return;
  if (accessRules().frequency) countAccess(entry);
  else if (entry.access != seconds()) entry.access = seconds();
}

function countAccess(entry: KeyEntry): void {
  let counter = accessFrequency(entry);
  if (counter < 255) {
    const base = counter > LFU_INITIAL ? counter - LFU_INITIAL : 0;
    const chance: f64 = 1.0 / (<f64>base * <f64>accessRules().logFactor + 1.0);
    if (<f64>(nextRandom() >> 11) / 9007199254740992.0 < chance) counter += 1;
  }
  entry.access = (minutes() << 8) | counter;
}

/** LFU counter after the decay that is due. */
export function accessFrequency(entry: KeyEntry): u32 {
  const counter = entry.access & 0xff;
  const decay = accessRules().decayMinutes;
  if (decay <= 0) return counter;
  const elapsed = (minutes() - (entry.access >> 8)) & 0xffff;
  const periods = elapsed / <u32>decay;
  return periods > counter ? 0 : counter - periods;
}

/** Seconds since the last access under LRU. */
export function idleSeconds(entry: KeyEntry): u32 {
  return (seconds() - entry.access) & 0xffffff;
}

/** Gives an entry an LFU counter, as of now. */
export function setFrequency(entry: KeyEntry, frequency: u32): void {
  entry.access = (minutes() << 8) | frequency;
}

/** Makes an entry last used so many seconds ago, under LRU. */
export function setIdleSeconds(entry: KeyEntry, idle: u32): void {
  entry.access = (seconds() - idle) & 0xffffff;
}

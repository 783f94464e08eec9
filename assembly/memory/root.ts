/**
 * The few words that every floor reads: the time of the call, the hash seed, the deterministic
 * random state, and whether a snapshot is being taken.
 *
 *   DATA root + 0x400 (part of every image)         SERVER root + 0xC00 (starts afresh)
 *   +0   u32  magic "QUIR"                           +0   i64  time of the call, ms since 1970
 *   +4   u32  layout version                         +8   u64  random state of observations
 *   +8   u64 x 2  hash seed                          +16  u32  1: replaying effects
 *   +24  u64  random state of the data (SPOP, ...)   +20  u32  1: what is due stays (paused)
 *   +32  16 bytes  history id
 *   +48  ...  keyspace root, see keyspace/keyspace.ts
 */

import { DATA_ROOT, EXCHANGE, Exchange, LAYOUT_VERSION, SERVER_ROOT } from "../abi";
import { sipHash13 } from "./siphash";

const MAGIC: u32 = 0x52495551;
const DATA_WORDS: usize = DATA_ROOT + 0x400;
const SERVER_WORDS: usize = SERVER_ROOT + 0xc00;
const SEED: usize = DATA_WORDS + 8;
const RANDOM: usize = DATA_WORDS + 24;

/** Address of the keyspace's own words in the DATA root. */
// @ts-ignore: decorator
@inline
export const KEYSPACE_ROOT: usize = DATA_WORDS + 48;

const HISTORY: usize = DATA_WORDS + 32;

/** Stamps a fresh DATA root. */
export function initializeRoot(seed0: u64, seed1: u64): void {
  store<u32>(DATA_WORDS, MAGIC);
  store<u32>(DATA_WORDS + 4, LAYOUT_VERSION);
  store<u64>(SEED, seed0);
  store<u64>(SEED + 8, seed1);
  store<u64>(RANDOM, seed0 ^ (seed1 << 1) ^ 0x9e3779b97f4a7c15);
  setHistory(mix(seed0 + 0x9e3779b97f4a7c15), mix(seed1 + 0x3c6ef372fe94f82a));
}

/** The id of the history that the data set belongs to: new whenever another past begins. */
export function setHistory(low: u64, high: u64): void {
  store<u64>(HISTORY, low);
  store<u64>(HISTORY + 8, high);
}

/** Shows the host the history id. */
export function publishHistory(): void {
  store<u64>(EXCHANGE + Exchange.HISTORY, load<u64>(HISTORY));
  store<u64>(EXCHANGE + Exchange.HISTORY + 8, load<u64>(HISTORY + 8));
}

/** Whether memory holds a data set of this layout. */
export function isRootValid(): bool {
  return load<u32>(DATA_WORDS) == MAGIC && load<u32>(DATA_WORDS + 4) == LAYOUT_VERSION;
}

/** The keyed hash that all tables of the data set use. */
// @ts-ignore: decorator
@inline
export function hashBytes(address: usize, bytes: u32): u64 {
  return sipHash13(address, bytes, load<u64>(SEED), load<u64>(SEED + 8));
}

/** Next number of the data set's random sequence (xorshift64*, Vigna 2016). */
export function nextRandom(): u64 {
  let state = load<u64>(RANDOM);
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  store<u64>(RANDOM, state);
  return state * 0x2545f4914f6cdd1d;
}

/** Next number of a sequence that the data never sees (RANDOMKEY, ids of runs): SplitMix64. */
export function nextObservation(): u64 {
  const state = load<u64>(SERVER_WORDS + 8) + 0x9e3779b97f4a7c15;
  store<u64>(SERVER_WORDS + 8, state);
  return mix(state);
}

function mix(state: u64): u64 {
  let mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

/** Seeds the sequence of observations. */
export function seedObservations(seed: u64): void {
  store<u64>(SERVER_WORDS + 8, seed);
}

/** Time of the current call, milliseconds since 1970. */
// @ts-ignore: decorator
@inline
export function nowMs(): i64 {
  return load<i64>(SERVER_WORDS);
}

/** Sets the time of the call; it comes from the host. */
export function setNowMs(timeMs: i64): void {
  store<i64>(SERVER_WORDS, timeMs);
}

/** True while a session replays effects: nothing expires, is evicted or refused. */
// @ts-ignore: decorator
@inline
export function isReplaying(): bool {
  return load<u32>(SERVER_WORDS + 16) != 0;
}

export function setReplaying(on: bool): void {
  store<u32>(SERVER_WORDS + 16, u32(on));
}

/** True while clients are paused: what is due counts as gone, but stays where it is. */
// @ts-ignore: decorator
@inline
export function isExpiryHeld(): bool {
  return load<u32>(SERVER_WORDS + 20) != 0;
}

export function holdExpiry(on: bool): void {
  store<u32>(SERVER_WORDS + 20, u32(on));
}

/** True while pages are marked for a snapshot: no access clock is written, no table resized. */
// @ts-ignore: decorator
@inline
export function isMarking(): bool {
  return load<u32>(EXCHANGE + Exchange.MARKING) != 0;
}

/** The walk over tables that put a resize off; see keyspace/settle.ts. */
@unmanaged
export class TablesBehind {
  cursor: u64;
  database: u32;
  isBehind: u32;
}

// @ts-ignore: decorator
@inline
export function tablesBehind(): TablesBehind {
  return changetype<TablesBehind>(KEYSPACE_ROOT + 32);
}

/** A table puts a resize off because of a snapshot. */
export function noteTableBehind(): void {
  tablesBehind().cursor = 0;
  tablesBehind().database = 0;
  tablesBehind().isBehind = 1;
}

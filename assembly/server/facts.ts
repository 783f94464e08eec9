/**
 * What INFO says of the process and what does not change while it runs: texts that the host tells
 * by QUIRE FACT, the ids drawn at the start, the memory in use then.
 *
 *   SERVER root + 0x2660  u32 address, u32 bytes per fact
 *               + 0x2690  40 bytes run id    + 0x26C0  40 bytes replication id
 *               + 0x26F0  f64 bytes in use after the start
 *               + 0x26F8  f64 keys that were there then: those of the image
 */

import { EXCHANGE, Exchange, SERVER_ROOT } from "../abi";
import { databaseAt, databaseCount } from "../keyspace/keyspace";
import { overheadBytes, usedBytes } from "../memory/allocator";
import { replaceText } from "../memory/owned-text";
import { nextObservation, nowMs } from "../memory/root";
import { TextBuilder, builderBytes } from "../text/builder";
import { equalsIgnoreCase } from "../text/case";
import { writeHex } from "../text/integers";

export const enum Fact {
  UNKNOWN = -1,
  OS = 0,
  EXECUTABLE = 1,
  CONFIG_FILE = 2,
  RUNTIME = 3,
  /** Why the log cannot be written; empty: it can. */
  LOG_FAILURE = 4,
}

const FACT_COUNT: u32 = 5;
const FACTS: usize = SERVER_ROOT + 0x2660;
export const RUN_ID: usize = SERVER_ROOT + 0x2690;
export const REPLICATION_ID: usize = SERVER_ROOT + 0x26c0;
export const ID_BYTES: u32 = 40;
const STARTUP_BYTES: usize = SERVER_ROOT + 0x26f0;
const LOADED_KEYS: usize = SERVER_ROOT + 0x26f8;

/** Draws the ids; when everything else has started. */
export function initializeFacts(): void {
  memory.fill(FACTS, 0, FACT_COUNT * 8);
  drawId(RUN_ID);
  drawId(REPLICATION_ID);
  store<f64>(STARTUP_BYTES, totalBytes());
  let keys: f64 = 0;
  for (let index: u32 = 0; index < databaseCount(); index++) keys += databaseAt(index).table.count;
  store<f64>(LOADED_KEYS, keys);
}

function drawId(address: usize): void {
  writeHex(address, nextObservation(), 16);
  writeHex(address + 16, nextObservation(), 16);
  writeHex(address + 32, nextObservation(), 8);
}

/** The fact of this name. */
export function factNamed(name: usize, bytes: u32): Fact {
  if (equalsIgnoreCase(name, bytes, "os")) return Fact.OS;
  if (equalsIgnoreCase(name, bytes, "executable")) return Fact.EXECUTABLE;
  if (equalsIgnoreCase(name, bytes, "config_file")) return Fact.CONFIG_FILE;
  if (equalsIgnoreCase(name, bytes, "log_failure")) return Fact.LOG_FAILURE;
  return equalsIgnoreCase(name, bytes, "runtime") ? Fact.RUNTIME : Fact.UNKNOWN;
}

/** Keeps a copy of the text; its memory is reserved. */
export function setFact(fact: Fact, text: usize, bytes: u32): void {
  replaceText(FACTS + (<usize>fact << 3), text, bytes);
}

export function factAddress(fact: Fact): usize {
  return load<u32>(FACTS + (<usize>fact << 3));
}

export function factBytes(fact: Fact): u32 {
  return load<u32>(FACTS + (<usize>fact << 3), 4);
}

export function appendFact(fact: Fact, out: TextBuilder): void {
  const at = FACTS + (<usize>fact << 3);
  if (load<u32>(at)) builderBytes(out, load<u32>(at), load<u32>(at, 4));
}

/** Bytes that blocks and the tables about them take. */
export function totalBytes(): f64 {
  return usedBytes() + overheadBytes();
}

/** `totalBytes` when the engine had started and held nothing. */
export function startupBytes(): f64 {
  return load<f64>(STARTUP_BYTES);
}

/** Keys that the engine found when it started. */
export function loadedKeys(): f64 {
  return load<f64>(LOADED_KEYS);
}

/** Milliseconds since the host's start, 0 when it did not tell. */
export function uptimeMs(): f64 {
  const start = load<f64>(EXCHANGE + Exchange.START_TIME_MS);
  return start > 0 ? max(0, <f64>nowMs() - start) : 0;
}

/** A fact of the exchange record. */
export function hostNumber(offset: usize): f64 {
  return load<f64>(<usize>EXCHANGE + offset);
}

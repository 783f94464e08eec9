/**
 * The stream of effects (law 4): each executed write as a RESP command that replays to the same
 * data.
 *
 * It lies in the key space and not in the server because expiry belongs into it: a key whose time
 * has come leaves as DEL before the effect of the command that met it. Commands that replay to the
 * same result are rendered as they came; the others say what they did. SELECT precedes an effect in
 * another database than the one before. Nothing is rendered while no consumer is on.
 *
 * The position is the number of bytes of the stream; it lives in DATA, so an image knows its place.
 */

import { EXCHANGE, Exchange, INPUT_WINDOW, INPUT_WINDOW_BYTES, SERVER_ROOT } from "../abi";
import { isReplaying } from "../memory/root";
import {
  effectsSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkBytes, sinkRequestHeader,
} from "../protocol/sink";
import { effectsDatabase, forgetEffectsDatabase, setEffectsDatabase } from "./keyspace";

const EFFECTS_ON: usize = SERVER_ROOT + 0xc60;
/** Block: whether effects belong together now. */
const BLOCK: usize = SERVER_ROOT + 0xc64;

/** How many callers have begun the block: a command inside a transaction may begin one too. */
const BLOCK_DEPTH: usize = SERVER_ROOT + 0xc68;

const enum Block {
  NONE = 0,
  /** MULTI is rendered before the first effect. */
  BEGUN = 1,
  RENDERED = 2,
}

// @ts-ignore: decorator
@inline
export function effectsOn(): bool {
  return load<u32>(EFFECTS_ON) != 0;
}

/** A consumer comes, which has seen no SELECT, or goes. */
export function setEffectsOn(on: bool): void {
  if (on != effectsOn()) forgetEffectsDatabase();
  store<u32>(EFFECTS_ON, u32(on));
}

/**
 * Starts an effect of `count` arguments in database `number`; the caller adds exactly that many
 * with the functions below. Returns false, and nothing is to be added, when no consumer is on.
 */
export function effectStart(number: u32, count: i32): bool {
  if (!openEffect(number)) return false;
  sinkRequestHeader(effectsSink(), count);
  return true;
}

/** An effect in database `number` is about to be written; false when no consumer is on. */
function openEffect(number: u32): bool {
  const changes = <usize>EXCHANGE + Exchange.CHANGES_SINCE_SAVE;
  store<f64>(changes, load<f64>(changes) + 1);
  if (!effectsOn() || isReplaying()) return false;
  if (load<u32>(BLOCK) == Block.BEGUN) {
    store<u32>(BLOCK, Block.RENDERED);
    renderWord("MULTI");
  }
  if (effectsDatabase() != number) {
    sinkRequestHeader(effectsSink(), 2);
    sinkBulkLiteral(effectsSink(), "SELECT");
    sinkBulkInteger(effectsSink(), number);
    setEffectsDatabase(number);
  }
  return true;
}

/**
 * Renders the request with these arguments. Where it still lies in the input window in the very
 * bytes that it would be rendered in, which is nearly always, it is copied as a whole.
 */
export function effectRequest(number: u32, vector: usize, count: u32): void {
  if (!openEffect(number)) return;
  const sink = effectsSink();
  const end = canonicalEnd(vector, count);
  if (end) {
    const start = headerStart(load<u32>(vector), load<u32>(vector, 4)) - 4;
    sinkBytes(sink, start, end - start);
    return;
  }
  sinkRequestHeader(sink, count);
  for (let index: u32 = 0; index < count; index++) {
    const argument = vector + (<usize>index << 3);
    sinkBulk(sink, load<u32>(argument), load<u32>(argument, 4));
  }
}

/** Where "$bytes" of an argument would begin; for up to 99 bytes. */
// @ts-ignore: decorator
@inline
function headerStart(address: usize, bytes: u32): usize {
  return address - (bytes < 10 ? 4 : 5);
}

/** One past the request when all its bytes are the ones that rendering it would write, else 0. */
export function canonicalEnd(vector: usize, count: u32): usize {
  const first: usize = load<u32>(vector);
  // Before it are "*n", "$n" and their line ends, so nothing below is read outside the window.
  const inWindow = first - <usize>(INPUT_WINDOW + 8);
  if (inWindow >= <usize>(INPUT_WINDOW_BYTES - 8)) return 0;
  if (count > 9) return 0;
  let expected = headerStart(first, load<u32>(vector, 4));
  if (load<u32>(expected - 4) != (0x0a0d002a | ((count + 0x30) << 8))) return 0;
  const last = vector + (<usize>count << 3);
  for (; vector < last; vector += 8) {
    const address: usize = load<u32>(vector);
    const bytes = load<u32>(vector, 4);
    if (bytes > 99 || headerStart(address, bytes) != expected) return 0;
    if (bytes < 10) {
      if (load<u32>(address - 4) != (0x0a0d0024 | ((bytes + 0x30) << 8))) return 0;
    } else {
      const line = 0x0a0d3030 | (bytes / 10) | ((bytes % 10) << 8);
      if (load<u8>(address - 5) != 0x24 || load<u32>(address - 4) != line) return 0;
    }
    expected = address + bytes + 2;
    if (load<u16>(expected - 2) != 0x0a0d) return 0;
  }
  return expected;
}

/** What is rendered until `endEffectBlock` is one MULTI .. EXEC, unless it is nothing; may nest. */
export function beginEffectBlock(): void {
  const depth = load<u32>(BLOCK_DEPTH);
  if (!depth) store<u32>(BLOCK, Block.BEGUN);
  store<u32>(BLOCK_DEPTH, depth + 1);
}

export function endEffectBlock(): void {
  const depth = load<u32>(BLOCK_DEPTH) - 1;
  store<u32>(BLOCK_DEPTH, depth);
  if (depth) return;
  if (load<u32>(BLOCK) == Block.RENDERED && effectsOn()) renderWord("EXEC");
  store<u32>(BLOCK, Block.NONE);
}

function renderWord(word: string): void {
  sinkRequestHeader(effectsSink(), 1);
  sinkBulkLiteral(effectsSink(), word);
}

/** Adds an argument from memory. */
export function effectBytes(address: usize, bytes: u32): void {
  sinkBulk(effectsSink(), address, bytes);
}

/** Adds a constant argument. */
export function effectLiteral(text: string): void {
  sinkBulkLiteral(effectsSink(), text);
}

/** Adds an integer argument. */
export function effectInteger(value: i64): void {
  sinkBulkInteger(effectsSink(), value);
}

/** DEL of one key. */
export function effectDelete(number: u32, key: usize, bytes: u32): void {
  if (!effectStart(number, 2)) return;
  effectLiteral("DEL");
  effectBytes(key, bytes);
}

/** PEXPIREAT of one key. */
export function effectExpireAt(number: u32, key: usize, bytes: u32, whenMs: i64): void {
  if (!effectStart(number, 3)) return;
  effectLiteral("PEXPIREAT");
  effectBytes(key, bytes);
  effectInteger(whenMs);
}

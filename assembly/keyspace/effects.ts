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

import { ARGUMENTS_WINDOW, EXCHANGE, Exchange, SERVER_ROOT } from "../abi";
import { DEBUG } from "../memory/debug";
import { isReplaying } from "../memory/root";
import {
  effectsSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkBytes, sinkRequestHeader,
} from "../protocol/sink";
import { decimalDigits } from "../text/integers";
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
 * Renders a request as it came. One that was parsed where it lies, which is nearly each one, lies
 * there in the very bytes that it would be rendered in, and is copied as a whole.
 */
export function effectRequest(number: u32, vector: usize, count: u32): void {
  const end = vector == ARGUMENTS_WINDOW ? canonicalEnd(vector, count) : 0;
  if (!end) return effectArguments(number, vector, count);
  if (!openEffect(number)) return;
  const start = requestStart(vector, count);
  sinkBytes(effectsSink(), start, end - start);
}

/** Renders a request of these arguments. */
export function effectArguments(number: u32, vector: usize, count: u32): void {
  if (!effectStart(number, count)) return;
  for (let index: u32 = 0; index < count; index++) {
    const argument = vector + (<usize>index << 3);
    sinkBulk(effectsSink(), load<u32>(argument), load<u32>(argument, 4));
  }
}

/** Where "*count" and "$bytes" of a canonical request begin, whose first argument is a name. */
function requestStart(vector: usize, count: u32): usize {
  const bytes = load<u32>(vector, 4);
  if (DEBUG) assert(bytes < 100);
  const header = count < 10 ? 4 : 3 + decimalDigits(count);
  return <usize>load<u32>(vector) - (bytes < 10 ? 4 : 5) - header;
}

/**
 * One past a request parsed in place; 0 when other bytes stand where its arguments' line ends
 * should be, the only liberty that the parser allows there.
 */
function canonicalEnd(vector: usize, count: u32): usize {
  let end: usize = 0;
  const last = vector + (<usize>count << 3);
  for (; vector < last; vector += 8) {
    end = <usize>load<u32>(vector) + load<u32>(vector, 4);
    if (load<u16>(end) != 0x0a0d) return 0;
  }
  return end + 2;
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

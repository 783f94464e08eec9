/**
 * A Call is one execution of one command: session, row, arguments, database, and what the handler
 * says about it (what it changed, whether it rendered its own effect, how the session goes on).
 *
 * It is passed down, so that calls nest: a transaction or a script makes further calls inside one.
 * A handler reads: parse, refuse, look up, apply, reply, touch. `touchKey` is the one place that a
 * changed key passes through.
 *
 *   argument vector: argumentCount pairs of { u32 address, u32 bytes }, argument 0 the command's
 *   name
 */

import { EXCHANGE, Exchange, Request, Status } from "../abi";
import { reserve, reserveServing } from "../memory/allocator";
import { SERVER_ROOT } from "../abi";
import { hasWatchful, markKey } from "../keyspace/waiting-keys";
import { keyChanged } from "../keyspace/changes";
import { collectGarbage, hasGarbage } from "../keyspace/garbage";
import { Database } from "../keyspace/keyspace";
import {
  beginEffectBlock, effectArguments, effectRequest, effectStart, endEffectBlock,
} from "../keyspace/effects";
import { hashBytes } from "../memory/root";
import { NOT_INTEGER, OUT_OF_MEMORY } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { equalsIgnoreCase } from "../text/case";
import { parseInteger } from "../text/integers";
import { Type } from "../values/key-entry";
import { Session } from "./session";
import { Row, RowFlag } from "./table";

/** Buckets of flushed keys that are freed at a time when memory is short. */
const GARBAGE_STEPS: i32 = 256;

const enum Rendered {
  ITSELF = 1,
  AS_BLOCK = 2,
}

@unmanaged
export class Call {
  /** Room for a second result of a helper: an integer or a double. */
  integer: i64;
  double: f64;
  session: Session;
  row: Row;
  argumentCount: i32;
  arguments: u32;
  /** The database that the session had selected when the command began. */
  database: Database;
  /** Changes made; 0 = nothing to render. */
  dirty: u32;
  /** Rendered: whether the handler rendered its effect itself (or there is none). */
  rendered: u32;
  /** 1: the session may be made to wait; 0 inside a transaction or a script. */
  canWait: u32;
  /** Status. */
  status: i32;

  /** Address of argument `index`. */
  // @ts-ignore: decorator
  @inline
  at(index: i32): usize {
    return load<u32>(this.arguments + (index << 3));
  }

  /** Bytes of argument `index`. */
  // @ts-ignore: decorator
  @inline
  bytesOf(index: i32): u32 {
    return load<u32>(this.arguments + (index << 3), 4);
  }

  /** Whether argument `index` is this word in any case. */
  // @ts-ignore: decorator
  @inline
  is(index: i32, word: string): bool {
    return equalsIgnoreCase(this.at(index), this.bytesOf(index), word);
  }
}

/** The call of the top level. */
// @ts-ignore: decorator
@inline
export function topCall(): Call {
  return changetype<Call>(SERVER_ROOT + 0xe80);
}

/**
 * Notes that a key changed: its effect is due, and whoever is interested hears of it.
 */
// @ts-ignore: decorator
@inline
export function touchKey(call: Call, key: usize, bytes: u32): void {
  touchKeyIn(call, call.database.number, key, bytes);
}

/** As `touchKey`, for a key of database `number`. */
// @ts-ignore: decorator
@inline
export function touchKeyIn(call: Call, number: u32, key: usize, bytes: u32): void {
  call.dirty += 1;
  keyChanged(number, key, bytes);
  if (hasWatchful()) wakeWatchful(call, key, bytes);
}

/** Only lists have waiters that a change wakes, and the coming of a key wakes by itself. */
function wakeWatchful(call: Call, key: usize, bytes: u32): void {
  markKey(call.database.number, Type.LIST, key, bytes, hashBytes(key, bytes));
}

/** Argument `index` as an integer in `call.integer`; false: the error is answered. */
export function integerOrReply(call: Call, index: i32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (parseInteger(call.at(index), call.bytesOf(index), out)) return true;
  replyError(NOT_INTEGER);
  return false;
}

/**
 * Makes sure that `bytes` more fit before anything changes; false: the error is answered. What a
 * flush has left is freed first, as much of it as helps.
 */
export function reserveOrReply(bytes: f64): bool {
  if (bytes < 4294967295.0) {
    if (reserve(<u32>bytes)) return true;
    while (hasGarbage()) {
      collectGarbage(GARBAGE_STEPS);
      if (reserve(<u32>bytes)) return true;
    }
  }
  replyError(OUT_OF_MEMORY);
  return false;
}

/** As `reserveOrReply`, for what belongs to the connection (see `reserveServing`). */
export function reserveServingOrReply(bytes: u32): bool {
  return reserveServing(bytes) || reserveOrReply(bytes);
}

/** Renders the command's effect exactly as it came. */
export function renderVerbatim(call: Call): void {
  const row = call.row;
  const named = row.parent ? changetype<Row>(<usize>row.parent) : row;
  // What clients call a command does not outlive this configuration.
  if (named.flags & RowFlag.RENAMED) {
    store<u32>(call.arguments, named.nameAddress);
    store<u32>(call.arguments, named.nameBytes, 4);
    effectArguments(call.database.number, call.arguments, call.argumentCount);
  } else {
    effectRequest(call.database.number, call.arguments, call.argumentCount);
  }
}

/**
 * Starts the effect that stands for this command instead of its own words; the caller adds exactly
 * `count` arguments when it answers true.
 */
export function renderInstead(call: Call, count: i32): bool {
  call.rendered |= Rendered.ITSELF;
  return effectStart(call.database.number, count);
}

/** The command leaves no effect although it changed something. */
export function renderNothing(call: Call): void {
  call.rendered |= Rendered.ITSELF;
}

/** What the command renders is several effects that belong together: all of them or none. */
export function renderAsBlock(call: Call): void {
  if (call.rendered & Rendered.AS_BLOCK) return;
  call.rendered |= Rendered.AS_BLOCK;
  beginEffectBlock();
}

/** The handler is done: its own words are its effect unless it has rendered another. */
// @ts-ignore: decorator
@inline
export function settleEffectsOf(call: Call): void {
  if (call.dirty && !(call.rendered & Rendered.ITSELF)) renderVerbatim(call);
  if (call.rendered & Rendered.AS_BLOCK) endEffectBlock();
}

/**
 * Asks the host to do something: the session waits until `complete`. `text` must stay where it is
 * until the call returns to the host.
 */
export function requestHost(
  call: Call,
  kind: Request,
  number: f64,
  text: usize,
  bytes: u32,
): void {
  const id = load<u32>(EXCHANGE + Exchange.REQUEST_ID) + 1;
  store<u32>(EXCHANGE + Exchange.REQUEST_ID, id);
  store<u32>(EXCHANGE + Exchange.REQUEST_KIND, kind);
  store<u32>(EXCHANGE + Exchange.REQUEST_ADDRESS, <u32>text);
  store<u32>(EXCHANGE + Exchange.REQUEST_BYTES, bytes);
  store<f64>(EXCHANGE + Exchange.REQUEST_NUMBER, number);
  call.session.request = id;
  call.session.requestKind = kind;
  call.status = Status.WAITING;
}

/** String commands on several keys: MGET, MSET, MSETNX, MSETEX. */

import { lookupRead, lookupWrite, setExpiry } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { INVALID_KEY_COUNT, WRONG_PAIR_COUNT, replyWrongArity } from "../protocol/errors";
import {
  replyArray, replyError, replyInteger, replyNull, replyOk,
} from "../protocol/reply";
import {
  Call, renderAsBlock, renderInstead, renderNothing, renderVerbatim, reserveOrReply, touchKey,
} from "../server/call";
import { notifyArgument, notifyReplacing } from "../server/notifications";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { Type } from "../values/key-entry";
import {
  EXPIRIES, Option, StringOptions, expiryOrReply, optionsOrReply, stringOptions,
} from "./string-options";
import { hasLargeArguments, replyString, setFromArgument, valueBytesNeeded } from "./string-values";

/** Below this much nothing is reserved: it comes out of the memory that is always kept free. */
const SMALL_BYTES: f64 = 8192;

function mget(call: Call): void {
  replyArray(call.argumentCount - 1);
  for (let index = 1; index < call.argumentCount; index++) {
    const entry = lookupRead(call.database, call.at(index), call.bytesOf(index));
    if (!entry || entry.type != Type.STRING) {
      replyNull();
      continue;
    }
    replyString(entry);
  }
}

/** Memory for the pairs in arguments `first` to `end`; false: the error is answered. */
export function reservePairs(call: Call, first: i32, end: i32): bool {
  let needed: f64 = 0;
  for (let index = first; index < end; index += 2) {
    const bytes = call.bytesOf(index) + call.bytesOf(index + 1);
    needed += bytes <= 256 ? <f64>(bytes + 112) : valueBytesNeeded(call, index, index + 1);
  }
  return needed <= SMALL_BYTES || reserveOrReply(needed);
}

/** Whether one of the keys of the pairs exists (all of them when `wanted` is false: is missing). */
export function anyKey(call: Call, first: i32, end: i32, wanted: bool): bool {
  for (let index = first; index < end; index += 2) {
    const found = lookupWrite(call.database, call.at(index), call.bytesOf(index)) != null;
    if (found == wanted) return true;
  }
  return false;
}

/** Sets the pairs in arguments `first` to `end`. */
function setPairs(call: Call, first: i32, end: i32): void {
  for (let index = first; index < end; index += 2) {
    lookupWrite(call.database, call.at(index), call.bytesOf(index));
    notifyReplacing(call, Type.STRING, index);
    setFromArgument(call, index, index + 1, false);
    touchKey(call, call.at(index), call.bytesOf(index));
    notifyArgument(call, EventClass.STRING, "set", index);
  }
}

/**
 * Renders MSET before it is applied when it has values to adopt: if a key comes twice, its first
 * value is freed by then. What has expired leaves before, as everywhere.
 */
function renderFirst(call: Call): void {
  for (let index = 1; index < call.argumentCount; index += 2) {
    lookupWrite(call.database, call.at(index), call.bytesOf(index));
  }
  renderNothing(call);
  renderVerbatim(call);
}

function mset(call: Call): void {
  if (!(call.argumentCount & 1)) return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  if (!reservePairs(call, 1, call.argumentCount)) return;
  if (hasLargeArguments(call)) renderFirst(call);
  setPairs(call, 1, call.argumentCount);
  replyOk();
}

function msetnx(call: Call): void {
  if (!(call.argumentCount & 1)) return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  if (!reservePairs(call, 1, call.argumentCount)) return;
  if (anyKey(call, 1, call.argumentCount, true)) return replyInteger(0);
  if (hasLargeArguments(call)) renderFirst(call);
  setPairs(call, 1, call.argumentCount);
  replyInteger(1);
}

// @ts-ignore: decorator
@inline const MSETEX_OPTIONS: u32 = Option.NX | Option.XX | EXPIRIES | Option.KEEPTTL;

function msetex(call: Call): void {
  const counted = parseInteger(
    call.at(1), call.bytesOf(1), changetype<usize>(call) + offsetof<Call>("integer"),
  );
  if (!counted || call.integer <= 0 || call.integer > i32.MAX_VALUE) {
    return replyError(INVALID_KEY_COUNT);
  }
  if (call.integer > (call.argumentCount - 2) >> 1) return replyError(WRONG_PAIR_COUNT);
  const end = 2 + (<i32>call.integer << 1);
  if (!optionsOrReply(call, end, MSETEX_OPTIONS) || !expiryOrReply(call)) return;
  if (!reservePairs(call, 2, end)) return;
  const options = stringOptions();
  if (options.has(Option.NX) && anyKey(call, 2, end, true)) return replyInteger(0);
  if (options.has(Option.XX) && anyKey(call, 2, end, false)) return replyInteger(0);
  if (end > 4) renderAsBlock(call);
  for (let index = 2; index < end; index += 2) setWithLifetime(call, index, options);
  renderNothing(call);
  replyInteger(1);
}

/** Sets the pair at argument `index` as the options say; its effect is a SET of its own. */
function setWithLifetime(call: Call, index: i32, options: StringOptions): void {
  const expires = options.has(EXPIRIES);
  lookupWrite(call.database, call.at(index), call.bytesOf(index));
  notifyReplacing(call, Type.STRING, index);
  const entry = setFromArgument(call, index, index + 1, expires || options.has(Option.KEEPTTL));
  if (expires) setExpiry(call.database, entry, options.whenMs);
  touchKey(call, call.at(index), call.bytesOf(index));
  notifyArgument(call, EventClass.STRING, "set", index);
  if (expires) notifyArgument(call, EventClass.GENERIC, "expire", index);
  renderSet(call, index, index + 1, options);
}

/** SET of argument `key` to argument `value` with the lifetime of the options. */
export function renderSet(call: Call, key: i32, value: i32, options: StringOptions): void {
  const expires = options.has(EXPIRIES);
  if (!renderInstead(call, expires ? 5 : options.has(Option.KEEPTTL) ? 4 : 3)) return;
  effectLiteral("SET");
  effectBytes(call.at(key), call.bytesOf(key));
  effectBytes(call.at(value), call.bytesOf(value));
  if (expires) {
    effectLiteral("PXAT");
    effectInteger(options.whenMs);
  } else if (options.has(Option.KEEPTTL)) {
    effectLiteral("KEEPTTL");
  }
}

export function registerStringSeveral(): void {
  command(mget.index, "mget", "string", "1.0.0", -2,
    "readonly fast", "string", "index 1 range -1 1 0 : ro access", "key:key*",
    "request_policy:multi_shard", "O(N) in the number of keys",
    "Reads the strings of several keys.");
  command(mset.index, "mset", "string", "1.0.1", -3,
    "write denyoom", "string", "index 1 range -1 2 0 : ow update",
    "key_value:block*(key:key value:string)",
    "request_policy:multi_shard response_policy:all_succeeded", "O(N) in the number of keys",
    "Sets several keys to strings.");
  command(msetnx.index, "msetnx", "string", "1.0.1", -3,
    "write denyoom", "string", "index 1 range -1 2 0 : ow insert",
    "key_value:block*(key:key value:string)",
    "request_policy:multi_shard response_policy:agg_min", "O(N) in the number of keys",
    "Sets several keys to strings unless one of them exists.");
  command(msetex.index, "msetex", "string", "8.4.0", -4,
    "write denyoom movablekeys", "string", "index 1 keynum 0 1 2 : ow update",
    "numkeys:integer data:block*(key:key value:string) \
condition:oneof?(nx:pure-token=NX xx:pure-token=XX) \
expiration:oneof?(seconds:integer=EX milliseconds:integer=PX unix-time-seconds:unix-time=EXAT \
unix-time-milliseconds:unix-time=PXAT keepttl:pure-token=KEEPTTL)",
    "request_policy:multi_shard response_policy:all_succeeded", "O(N) in the number of keys",
    "Sets several keys to strings, on a condition and for a time if wanted.");
}

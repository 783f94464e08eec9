/** String commands on several keys: MGET, MSET, MSETNX. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { replyWrongArity } from "../protocol/errors";
import { replyArray, replyBulk, replyInteger, replyNull, replyOk } from "../protocol/reply";
import { Call, renderNothing, renderVerbatim, reserveOrReply, touchKey } from "../server/call";
import { command } from "../server/table";
import { Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { NUMBER } from "./string-compare";
import { hasLargeArguments, setFromArgument, valueBytesNeeded } from "./string-values";

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
    const bytes = stringBytes(entry, NUMBER);
    replyBulk(stringAddress(entry, NUMBER), bytes);
  }
}

/** Memory for the pairs in arguments `first` to `end`; false: the error is answered. */
export function reservePairs(call: Call, first: i32, end: i32): bool {
  let needed: f64 = 0;
  for (let index = first; index < end; index += 2) {
    const bytes = call.bytesOf(index) + call.bytesOf(index + 1);
    needed += bytes <= 256 ? <f64>(bytes + 80) : valueBytesNeeded(call, index, index + 1);
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
    setFromArgument(call, index, index + 1, false);
    touchKey(call, call.at(index), call.bytesOf(index));
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

export function registerStringSeveral(): void {
  command(mget.index, "mget", "string", "1.0.0", -2,
    "readonly fast", "string", "index 1 range -1 1 0 : ro access", "key:key*",
    "request_policy:multi_shard", "O(N) in the number of keys", "Reads the strings of several keys.");
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
}

/**
 * DEBUG LISTPACK, QUICKLIST and QUICKLIST-PACKED-THRESHOLD: as in Redis they answer that something
 * was printed. What is printed there shows the insides of redis-server; there is nothing like it
 * here, and a threshold of our own: large elements lie apart whatever is set.
 */

import { SERVER_ROOT } from "../abi";
import { lookupQuiet } from "../keyspace/database";
import { NO_SUCH_KEY } from "../protocol/errors";
import { replyError, replyOk, replyStatus } from "../protocol/reply";
import { Call } from "../server/call";
import { parseMemorySize } from "../text/integers";
import { Encoding } from "../values/key-entry";

const OUT: usize = SERVER_ROOT + 0x29f0;
/** 4 GiB less 1 MiB. */
const THRESHOLD_MAXIMUM: u64 = 0xfff00000;

/** DEBUG LISTPACK key */
export function debugListpack(call: Call): void {
  const entry = lookupQuiet(call.database, call.at(2), call.bytesOf(2));
  if (!entry) return replyError(NO_SUCH_KEY);
  if (entry.encoding != Encoding.LISTPACK) {
    return replyError("ERR Not a listpack encoded object.");
  }
  replyStatus("Listpack structure printed on stdout");
}

/** DEBUG QUICKLIST key [0|1] */
export function debugQuicklist(call: Call): void {
  const entry = lookupQuiet(call.database, call.at(2), call.bytesOf(2));
  if (!entry) return replyError(NO_SUCH_KEY);
  if (entry.encoding != Encoding.QUICKLIST) {
    return replyError("ERR Not a quicklist encoded object.");
  }
  replyStatus("Quicklist structure printed on stdout");
}

/** DEBUG QUICKLIST-PACKED-THRESHOLD size */
export function debugPackedThreshold(call: Call): void {
  const isSize = parseMemorySize(call.at(2), call.bytesOf(2), OUT);
  if (isSize && load<u64>(OUT) <= THRESHOLD_MAXIMUM) return replyOk();
  replyError("ERR argument must be a memory value bigger than 1 and smaller than 4gb");
}

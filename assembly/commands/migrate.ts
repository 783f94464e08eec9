/**
 * MIGRATE: the host talks to the other server, so the engine only checks the command, and leaves
 * its arguments where they lie for the host to copy (Request.MIGRATE). While the session waits
 * nothing else runs. The host takes what it sends by DUMP, and removes what has arrived by DEL.
 */

import { Alone, EXCHANGE, Exchange, Request } from "../abi";
import { lookupRead } from "../keyspace/database";
import { MIGRATE_KEY_NOT_EMPTY, SYNTAX } from "../protocol/errors";
import { replyError, replyStatus } from "../protocol/reply";
import { Call, integerOrReply, requestHost } from "../server/call";
import { command } from "../server/table";

const KEY = 3;
const DATABASE = 4;
const TIMEOUT = 5;
const FIRST_OPTION = 6;

/** Bytes of an argument in the vector: address and bytes. */
const ARGUMENT_BYTES = 8;

/** Index of the first of several keys; KEY: there is one; 0: an error is answered. */
function firstKeyOrReply(call: Call): i32 {
  const count = call.argumentCount;
  for (let index = FIRST_OPTION; index < count; index++) {
    const more = count - 1 - index;
    if (call.is(index, "copy") || call.is(index, "replace")) continue;
    if (call.is(index, "auth") && more >= 1) {
      index += 1;
    } else if (call.is(index, "auth2") && more >= 2) {
      index += 2;
    } else if (call.is(index, "keys")) {
      if (!call.bytesOf(KEY)) return index + 1;
      replyError(MIGRATE_KEY_NOT_EMPTY);
      return 0;
    } else {
      replyError(SYNTAX);
      return 0;
    }
  }
  return KEY;
}

function migrate(call: Call): void {
  const first = firstKeyOrReply(call);
  if (!first || !integerOrReply(call, TIMEOUT) || !integerOrReply(call, DATABASE)) return;
  const end = first == KEY ? KEY + 1 : call.argumentCount;
  let found = 0;
  for (let index = first; index < end; index++) {
    if (lookupRead(call.database, call.at(index), call.bytesOf(index))) found += 1;
  }
  if (!found) return replyStatus("NOKEY");
  const bytes = <u32>call.argumentCount * ARGUMENT_BYTES;
  requestHost(call, Request.MIGRATE, call.database.number, call.arguments, bytes);
  if (call.canWait) store<u32>(EXCHANGE + Exchange.REQUEST_ALONE, Alone.MIGRATE);
}

/** The host has answered: others may run again, unless a transaction goes on. */
export function completeMigrate(): void {
  const alone = <usize>EXCHANGE + Exchange.REQUEST_ALONE;
  if (load<u32>(alone) == Alone.MIGRATE) store<u32>(alone, Alone.NOBODY);
}

export function registerMigrate(): void {
  command(migrate.index, "migrate", "generic", "2.6.0", -6, "write movablekeys",
    "keyspace dangerous",
    "index 3 range 0 1 0 : rw access delete ; \
keyword KEYS -2 range -1 1 0 : rw access delete incomplete",
    "host:string port:integer key_or_empty_string:oneof(key:key empty_string:pure-token=\"\") \
destination-db:integer timeout:integer copy:pure-token=COPY?^3.0.0 \
replace:pure-token=REPLACE?^3.0.0 authentication:oneof?(password:string=AUTH?^4.0.7 \
username_password:block=AUTH2?^6.0.0(username:string password:string)) key:key=KEYS?*@1^3.0.6",
    "nondeterministic_output", "O(N) in the bytes of the values, which go over the network.",
    "Moves keys to another server.");
}

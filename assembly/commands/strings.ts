/** String commands. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { setString, stringBytesNeeded } from "../keyspace/strings";
import { WRONG_TYPE } from "../protocol/errors";
import { replyBulk, replyError, replyNull, replyOk } from "../protocol/reply";
import { Call, reserveOrReply, touchKey } from "../server/call";
import { command } from "../server/table";
import { Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";

/** Room for the text of an integer value. */
const NUMBER: usize = 0x5f00;

function get(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const bytes = stringBytes(entry, NUMBER);
  replyBulk(stringAddress(entry, NUMBER), bytes);
}

function set(call: Call): void {
  const bytes = call.bytesOf(2);
  if (bytes > 256 && !reserveOrReply(stringBytesNeeded(bytes))) return;
  lookupWrite(call.database, call.at(1), call.bytesOf(1));
  setString(call.database, call.at(1), call.bytesOf(1), call.at(2), bytes, false);
  touchKey(call, call.at(1), call.bytesOf(1));
  replyOk();
}

export function registerStrings(): void {
  command(get.index, "get", "string", "1.0.0", 2, "readonly fast", "string",
    "index 1 range 0 1 0 : ro access", "key:key", "", "O(1)", "Reads the string of a key.");
  command(set.index, "set", "string", "1.0.0", -3, "write denyoom", "string",
    "index 1 range 0 1 0 : rw access update variable_flags", "key:key value:string", "", "O(1)",
    "Sets a key to a string.");
}

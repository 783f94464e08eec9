/**
 * Key commands that need nothing but names: existence, removal, renaming, moving, copying.
 *
 * Expiry is in keys-expiry.ts, walking the key space in keys-scan.ts, OBJECT in keys-object.ts,
 * whole databases in keys-databases.ts.
 */

import { accessRules, touchAccess } from "../keyspace/access";
import { duplicateBytes, duplicateKey, transferBytes, transferKey } from "../keyspace/copy";
import {
  deleteKey, lookupQuiet, lookupRead, lookupUntouched, removeFound,
} from "../keyspace/database";
import { EventClass, eventClasses, notifyIn } from "../keyspace/events";
import { Database, databaseAt } from "../keyspace/keyspace";
import { equalBytes } from "../memory/bytes";
import { NO_SUCH_KEY, SAME_OBJECT, SYNTAX } from "../protocol/errors";
import { replyError, replyInteger, replyOk, replyStatus } from "../protocol/reply";
import { Call, reserveOrReply, touchKey, touchKeyIn } from "../server/call";
import { notifyArgument, notifyDeleted, notifyReplaced } from "../server/notifications";
import { command } from "../server/table";
import { typeName } from "../values/names";
import { databaseOrReply } from "./keys-databases";
import { registerKeyExpiry } from "./keys-expiry";
import { registerKeyObject } from "./keys-object";
import { registerKeyScan } from "./keys-scan";

/** DEL and UNLINK: freeing a string costs the same for any size, so both are one. */
function del(call: Call): void {
  let removed = 0;
  for (let index = 1; index < call.argumentCount; index++) {
    if (!deleteKey(call.database, call.at(index), call.bytesOf(index))) continue;
    touchKey(call, call.at(index), call.bytesOf(index));
    notifyDeleted(call, index);
    removed += 1;
  }
  replyInteger(removed);
}

function exists(call: Call): void {
  let found = 0;
  for (let index = 1; index < call.argumentCount; index++) {
    if (lookupUntouched(call.database, call.at(index), call.bytesOf(index))) found += 1;
  }
  replyInteger(found);
}

/** Touches even for a client that said CLIENT NO-TOUCH. */
function touch(call: Call): void {
  let found = 0;
  accessRules().paused = 0;
  for (let index = 1; index < call.argumentCount; index++) {
    if (lookupRead(call.database, call.at(index), call.bytesOf(index))) found += 1;
  }
  accessRules().paused = call.session.noTouch;
  replyInteger(found);
}

function type(call: Call): void {
  const entry = lookupUntouched(call.database, call.at(1), call.bytesOf(1));
  replyStatus(entry ? typeName(entry.type) : "none");
}

function isSameName(call: Call): bool {
  const bytes = call.bytesOf(1);
  return bytes == call.bytesOf(2) && equalBytes(call.at(1), call.at(2), bytes);
}

function rename(call: Call): void {
  if (renameKey(call, false)) replyOk();
}

function renameIfNew(call: Call): void {
  if (renameKey(call, true)) replyInteger(1);
}

/** The type of the key that RENAME replaces, where somebody asks; -1 = none. */
function typeToReplace(call: Call): i32 {
  if (!(eventClasses() & (EventClass.OVERWRITTEN | EventClass.TYPE_CHANGED))) return -1;
  const entry = lookupQuiet(call.database, call.at(2), call.bytesOf(2));
  return entry ? <i32>entry.type : -1;
}

/**
 * True when the key was renamed (or had the name already); false: something else was answered. As
 * everywhere, not even the access clock changes before the memory is there.
 */
function renameKey(call: Call, onlyNew: bool): bool {
  const database = call.database;
  const entry = lookupQuiet(database, call.at(1), call.bytesOf(1));
  if (!entry) {
    replyError(NO_SUCH_KEY);
    return false;
  }
  const isSame = isSameName(call);
  const refused = onlyNew && (isSame || lookupQuiet(database, call.at(2), call.bytesOf(2)) != null);
  const isDone = isSame || refused;
  if (!isDone && !reserveOrReply(transferBytes(entry, call.bytesOf(2)))) return false;
  touchAccess(entry);
  if (refused) replyInteger(0);
  if (isDone) return !refused;
  const type = entry.type;
  const replaced = typeToReplace(call);
  transferKey(
    database, call.at(1), call.bytesOf(1), database, call.at(2), call.bytesOf(2),
  );
  touchKey(call, call.at(1), call.bytesOf(1));
  touchKey(call, call.at(2), call.bytesOf(2));
  notifyArgument(call, EventClass.GENERIC, "rename_from", 1);
  notifyArgument(call, EventClass.GENERIC, "rename_to", 2);
  if (replaced >= 0) {
    notifyReplaced(database.number, replaced, type, call.at(2), call.bytesOf(2));
  }
  return true;
}

function move(call: Call): void {
  const number = databaseOrReply(call, 2);
  if (number < 0) return;
  const target = databaseAt(number);
  if (target == call.database) return replyError(SAME_OBJECT);
  const key = call.at(1);
  const keyBytes = call.bytesOf(1);
  const entry = lookupQuiet(call.database, key, keyBytes);
  if (!entry) return replyInteger(0);
  if (lookupQuiet(target, key, keyBytes)) return replyInteger(0);
  if (!reserveOrReply(transferBytes(entry, keyBytes))) return;
  touchAccess(entry);
  transferKey(call.database, key, keyBytes, target, key, keyBytes);
  touchKey(call, key, keyBytes);
  touchKeyIn(call, number, key, keyBytes);
  notifyArgument(call, EventClass.GENERIC, "move_from", 1);
  notifyIn(number, EventClass.GENERIC, "move_to", key, keyBytes);
  replyInteger(1);
}

function copy(call: Call): void {
  let number = <i32>call.database.number;
  let replaces = false;
  for (let index = 3; index < call.argumentCount; index++) {
    if (call.is(index, "replace")) {
      replaces = true;
    } else if (call.is(index, "db") && index + 1 < call.argumentCount) {
      index += 1;
      number = databaseOrReply(call, index);
      if (number < 0) return;
    } else {
      return replyError(SYNTAX);
    }
  }
  copyKey(call, databaseAt(number), replaces);
}

function copyKey(call: Call, target: Database, replaces: bool): void {
  if (target == call.database && isSameName(call)) return replyError(SAME_OBJECT);
  const entry = lookupUntouched(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  const replaced = lookupQuiet(target, call.at(2), call.bytesOf(2));
  const taken = replaced != null;
  if (taken && !replaces) return replyInteger(0);
  if (!reserveOrReply(duplicateBytes(entry, call.bytesOf(2)))) return;
  touchAccess(entry);
  const before = replaced ? replaced.type : entry.type;
  const key = call.at(2);
  const keyBytes = call.bytesOf(2);
  if (taken) removeFound(target);
  duplicateKey(entry, target, key, keyBytes);
  touchKeyIn(call, target.number, key, keyBytes);
  notifyIn(target.number, EventClass.GENERIC, "copy_to", key, keyBytes);
  if (taken) notifyReplaced(target.number, before, entry.type, key, keyBytes);
  replyInteger(1);
}

export function registerKeys(): void {
  command(copy.index, "copy", "generic", "6.2.0", -3, "write denyoom", "keyspace",
    "index 1 range 0 1 0 : ro access ; index 2 range 0 1 0 : ow update",
    "source:key destination:key@1 destination-db:integer=DB? replace:pure-token=REPLACE?",
    "", "O(N) in the size of the value",
    "Duplicates a key under another name or in another database.");
  command(del.index, "del", "generic", "1.0.0", -2, "write", "keyspace",
    "index 1 range -1 1 0 : rm delete", "key:key*",
    "request_policy:multi_shard response_policy:agg_sum", "O(N) in the number of keys",
    "Removes keys, whatever they hold.");
  command(exists.index, "exists", "generic", "1.0.0", -2, "readonly fast", "keyspace",
    "index 1 range -1 1 0 : ro", "key:key*",
    "request_policy:multi_shard response_policy:agg_sum", "O(N) in the number of keys",
    "Counts how many of the named keys exist.");
  command(move.index, "move", "generic", "1.0.0", 3, "write fast", "keyspace",
    "index 1 range 0 1 0 : rw access update", "key:key db:integer", "", "O(1)",
    "Takes a key over into another database.");
  command(rename.index, "rename", "generic", "1.0.0", 3, "write", "keyspace",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : ow update",
    "key:key newkey:key@1", "", "O(1)",
    "Gives a key another name, replacing the key that has it.");
  command(renameIfNew.index, "renamenx", "generic", "1.0.0", 3, "write fast", "keyspace",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : ow insert",
    "key:key newkey:key@1", "", "O(1)", "Gives a key another name that is still free.");
  command(touch.index, "touch", "generic", "3.2.1", -2, "readonly fast", "keyspace",
    "index 1 range -1 1 0 : ro", "key:key*",
    "request_policy:multi_shard response_policy:agg_sum", "O(N) in the number of keys",
    "Notes an access to keys and counts those that exist.");
  command(type.index, "type", "generic", "1.0.0", 2, "readonly fast", "keyspace",
    "index 1 range 0 1 0 : ro", "key:key", "", "O(1)", "Names the type of a key.");
  command(del.index, "unlink", "generic", "4.0.0", -2, "write fast", "keyspace",
    "index 1 range -1 1 0 : rm delete", "key:key*",
    "request_policy:multi_shard response_policy:agg_sum", "O(N) in the number of keys",
    "Removes keys and leaves the freeing of large values to the background.");
  registerKeyExpiry();
  registerKeyScan();
  registerKeyObject();
}

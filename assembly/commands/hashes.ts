/**
 * Hash commands that name their fields: HSET, HMSET, HSETNX, HGET, HMGET, HDEL, HEXISTS, HSTRLEN,
 * and HLEN; the whole hash: HGETALL, HKEYS, HVALS. Numbers, random fields and HSCAN have files of
 * their own.
 */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { settleFieldTimes } from "../keyspace/field-expiry";
import { scratchMark, scratchRelease } from "../memory/scratch";
import { WRONG_TYPE, replyWrongArity } from "../protocol/errors";
import {
  replyArray, replyBulk, replyEmptyArray, replyError, replyInteger, replyMap, replyNull, replyOk,
} from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { notifyArgument, notifyDeleted } from "../server/notifications";
import { command, deprecated } from "../server/table";
import { packedFirst, packedNext } from "../structures/packed-list";
import {
  convertToTable, fieldValueBytes, findField, hashBody, hashCount, isPackedHash, nextField,
  openWalk, removeField,
} from "../values/hash";
import { KeyEntry, Type } from "../values/key-entry";
import { registerHashExpiry } from "./hash-expiry";
import { registerHashGetSet } from "./hash-get-set";
import { registerHashNumbers } from "./hash-numbers";
import { registerHashRandom } from "./hash-random";
import { registerHashScan } from "./hash-scan";
import {
  addHash, clearTimes, needsTable, removeEmptyHash, replyPacked, replyValue, reserveFields,
  setField,
} from "./hash-values";

/** Sets the pairs from argument 2 on; answers how many are new, or OK. */
function setPairs(call: Call, answersOk: bool): void {
  const end = call.argumentCount;
  if (end & 1) return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  const found = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (found && found.type != Type.HASH) return replyError(WRONG_TYPE);
  const toTable = needsTable(call, found, 2, end);
  let textBytes: f64 = 0;
  for (let index = 2; index < end; index++) textBytes += call.bytesOf(index);
  if (!reserveFields(call, found, textBytes, <u32>(end - 2) >> 1, toTable)) return;
  const entry = found ? found : addHash(call);
  if (toTable && isPackedHash(entry)) convertToTable(entry);
  let added = 0;
  if (entry.hasFieldTimes) clearTimes(call, entry, 2, end);
  for (let index = 2; index < end; index += 2) {
    const value = index + 1;
    added += i32(setField(
      entry, call.at(index), call.bytesOf(index), call.at(value), call.bytesOf(value),
    ));
  }
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hset", 1);
  if (answersOk) replyOk();
  else replyInteger(added);
}

function hset(call: Call): void {
  setPairs(call, false);
}

function hmset(call: Call): void {
  setPairs(call, true);
}

function hsetnx(call: Call): void {
  const found = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (found) {
    if (found.type != Type.HASH) return replyError(WRONG_TYPE);
    if (findField(found, call.at(2), call.bytesOf(2))) return replyInteger(0);
  }
  const toTable = needsTable(call, found, 2, 4);
  const textBytes = <f64>call.bytesOf(2) + <f64>call.bytesOf(3);
  if (!reserveFields(call, found, textBytes, 1, toTable)) return;
  const entry = found ? found : addHash(call);
  if (toTable && isPackedHash(entry)) convertToTable(entry);
  setField(entry, call.at(2), call.bytesOf(2), call.at(3), call.bytesOf(3));
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.HASH, "hset", 1);
  replyInteger(1);
}

function hget(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const place = findField(entry, call.at(2), call.bytesOf(2));
  if (place) replyValue(entry, place);
  else replyNull();
}

function hmget(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.HASH) return replyError(WRONG_TYPE);
  replyArray(call.argumentCount - 2);
  for (let index = 2; index < call.argumentCount; index++) {
    const place = entry ? findField(entry, call.at(index), call.bytesOf(index)) : 0;
    if (place) replyValue(entry!, place);
    else replyNull();
  }
}

function hdel(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  let removed = 0;
  for (let index = 2; index < call.argumentCount && hashCount(entry); index++) {
    removed += i32(removeField(entry, call.at(index), call.bytesOf(index)));
  }
  if (removed) {
    touchKey(call, call.at(1), call.bytesOf(1));
    notifyArgument(call, EventClass.HASH, "hdel", 1);
    if (!hashCount(entry)) notifyDeleted(call, 1);
    settleFieldTimes(call.database, entry);
    removeEmptyHash(call, entry);
  }
  replyInteger(removed);
}

function hexists(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  replyInteger(findField(entry, call.at(2), call.bytesOf(2)) ? 1 : 0);
}

function hstrlen(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const place = findField(entry, call.at(2), call.bytesOf(2));
  replyInteger(place ? fieldValueBytes(entry, place) : 0);
}

function hlen(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  replyInteger(hashCount(entry));
}

// ---- The whole hash -----------------------------------------------------------------------------

function hgetall(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyMap(0);
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  replyMap(hashCount(entry));
  replyFields(entry, true, true);
}

function hkeys(call: Call): void {
  replyParts(call, true, false);
}

function hvals(call: Call): void {
  replyParts(call, false, true);
}

function replyParts(call: Call, fields: bool, values: bool): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmptyArray();
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  replyArray(hashCount(entry));
  replyFields(entry, fields, values);
}

/** Answers all fields, their values, or both by turns. */
function replyFields(entry: KeyEntry, fields: bool, values: bool): void {
  if (isPackedHash(entry)) return replyPackedFields(entry, fields, values);
  const mark = scratchMark();
  const walk = openWalk(entry);
  while (nextField(walk)) {
    if (fields) replyBulk(walk.field, walk.fieldBytes);
    if (values) replyBulk(walk.value, walk.valueBytes);
  }
  scratchRelease(mark);
}

function replyPackedFields(entry: KeyEntry, fields: bool, values: bool): void {
  const list = hashBody(entry);
  const hasTimes = entry.hasFieldTimes;
  for (let field = packedFirst(list); field;) {
    const value = packedNext(list, field);
    if (fields) replyPacked(field);
    if (values) replyPacked(value);
    field = packedNext(list, hasTimes ? packedNext(list, value) : value);
  }
}

// ---- Rows ---------------------------------------------------------------------------------------

function registerSetters(): void {
  const pairs = "key:key field_value:block*(field:string value:string)";
  command(hset.index, "hset", "hash", "2.0.0", -4, "write denyoom fast", "hash",
    "index 1 range 0 1 0 : rw update", pairs, "", "O(N) in the number of fields given",
    "Sets fields of a hash, which is created where it is missing.");
  command(hmset.index, "hmset", "hash", "2.0.0", -4, "write denyoom fast", "hash",
    "index 1 range 0 1 0 : rw update", pairs, "", "O(N) in the number of fields given",
    "Sets fields of a hash and answers OK.");
  deprecated("hmset", "4.0.0", "`HSET` with multiple field-value pairs");
  command(hsetnx.index, "hsetnx", "hash", "2.0.0", 4, "write denyoom fast", "hash",
    "index 1 range 0 1 0 : rw insert", "key:key field:string value:string", "", "O(1)",
    "Sets a field of a hash that is not there yet.");
  command(hdel.index, "hdel", "hash", "2.0.0", -3, "write fast", "hash",
    "index 1 range 0 1 0 : rw delete", "key:key field:string*", "",
    "O(N) in the number of fields given", "Deletes fields, and the hash with its last one.");
}

function registerGetters(): void {
  command(hget.index, "hget", "hash", "2.0.0", 3, "readonly fast", "hash",
    "index 1 range 0 1 0 : ro access", "key:key field:string", "", "O(1)",
    "Reads the value of a field.");
  command(hmget.index, "hmget", "hash", "2.0.0", -3, "readonly fast", "hash",
    "index 1 range 0 1 0 : ro access", "key:key field:string*", "",
    "O(N) in the number of fields given", "Reads the values of several fields.");
  command(hexists.index, "hexists", "hash", "2.0.0", 3, "readonly fast", "hash",
    "index 1 range 0 1 0 : ro", "key:key field:string", "", "O(1)",
    "Tells whether a hash has a field.");
  command(hstrlen.index, "hstrlen", "hash", "3.2.0", 3, "readonly fast", "hash",
    "index 1 range 0 1 0 : ro", "key:key field:string", "", "O(1)",
    "Tells the length of a field's value.");
  command(hlen.index, "hlen", "hash", "2.0.0", 2, "readonly fast", "hash",
    "index 1 range 0 1 0 : ro", "key:key", "", "O(1)", "Counts the fields of a hash.");
  const tip = "nondeterministic_output_order";
  command(hgetall.index, "hgetall", "hash", "2.0.0", 2, "readonly", "hash",
    "index 1 range 0 1 0 : ro access", "key:key", tip, "O(N) in the size of the hash",
    "Lists the fields of a hash with their values.");
  command(hkeys.index, "hkeys", "hash", "2.0.0", 2, "readonly", "hash",
    "index 1 range 0 1 0 : ro access", "key:key", tip, "O(N) in the size of the hash",
    "Lists the fields of a hash.");
  command(hvals.index, "hvals", "hash", "2.0.0", 2, "readonly", "hash",
    "index 1 range 0 1 0 : ro access", "key:key", tip, "O(N) in the size of the hash",
    "Lists the values of a hash.");
}

export function registerHashes(): void {
  registerSetters();
  registerGetters();
  registerHashNumbers();
  registerHashExpiry();
  registerHashGetSet();
  registerHashRandom();
  registerHashScan();
}

/**
 * What the hash commands share: finding a hash, storing a field within the limits of packed hashes,
 * the memory that takes, and answering a value.
 */

import { addKey, removeFound } from "../keyspace/database";
import { effectBytes, effectInteger, effectLiteral } from "../keyspace/effects";
import { settleFieldTimes } from "../keyspace/field-expiry";
import { SERVER_ROOT } from "../abi";
import { replyBulk, replyBulkInteger } from "../protocol/reply";
import { Call, renderInstead, reserveOrReply } from "../server/call";
import { settings } from "../server/settings";
import {
  packedBytes, packedInteger, packedIsInteger, packedText, packedTextBytes,
} from "../structures/packed-list";
import {
  convertBytes, convertToTable, createHash, findField, hashBody, hashCount, isPackedHash,
  setPackedField, setTableField,
} from "../values/hash";
import { HashField } from "../values/hash-field";
import { clearFieldExpiry, fieldExpiryMs } from "../values/hash-times";
import { Encoding, KeyEntry, Type } from "../values/key-entry";

/** Room for the text of an integer (24 bytes). */
// @ts-ignore: decorator
@inline
export const HASH_NUMBER: usize = SERVER_ROOT + 0x3fc0;
/** Below this much nothing is reserved: it comes out of the memory that is always kept free. */
const SMALL_BYTES: f64 = 1024;
/** What a pair takes besides its texts: lengths, a slot, a bucket of its own. */
const PAIR_BYTES: f64 = 96;
/** A packed hash becomes a table before it is larger, whatever the limits are. */
const PACKED_BYTES_MAXIMUM: f64 = 1073741824.0;

/** An empty hash for the key of the last lookup, which found nothing; a field follows. */
export function addHash(call: Call): KeyEntry {
  const entry = addKey(
    call.database, call.at(1), call.bytesOf(1), Type.HASH, Encoding.LISTPACK, 4,
  );
  entry.reference = createHash();
  return entry;
}

/** Removes the found key when its hash has no field left. */
export function removeEmptyHash(call: Call, entry: KeyEntry): void {
  if (!hashCount(entry)) removeFound(call.database);
}

/** Whether a packed hash may hold a text of this length. */
// @ts-ignore: decorator
@inline
function isShort(bytes: u32): bool {
  return bytes <= settings().hashPackedBytes;
}

/** Sets a field in the encoding it then has; true when it is new. An old one keeps its time. */
export function setField(
  entry: KeyEntry,
  field: usize,
  fieldBytes: u32,
  value: usize,
  valueBytes: u32,
): bool {
  if (isPackedHash(entry)) {
    if (isShort(fieldBytes) && isShort(valueBytes)) {
      const isNew = setPackedField(entry, field, fieldBytes, value, valueBytes);
      if (hashCount(entry) > settings().hashPackedEntries) convertToTable(entry);
      return isNew;
    }
    convertToTable(entry);
  }
  return setTableField(entry, field, fieldBytes, value, valueBytes);
}

/** Takes the times off the fields of the pairs in arguments `first` to `end`. */
export function clearTimes(call: Call, entry: KeyEntry, first: i32, end: i32): void {
  let cleared = 0;
  for (let index = first; index < end; index += 2) {
    cleared += i32(clearFieldExpiry(entry, call.at(index), call.bytesOf(index)));
  }
  if (cleared) settleFieldTimes(call.database, entry);
}

/** Whether the pairs in arguments `first` to `end` cannot stay in a packed hash. */
export function needsTable(call: Call, entry: KeyEntry | null, first: i32, end: i32): bool {
  if (<u32>(end - first) >> 1 > settings().hashPackedEntries) return true;
  let bytes: f64 = entry && isPackedHash(entry) ? packedBytes(hashBody(entry)) : 0;
  for (let index = first; index < end; index++) {
    if (!isShort(call.bytesOf(index))) return true;
    bytes += call.bytesOf(index) + 10;
  }
  return bytes > PACKED_BYTES_MAXIMUM;
}

/**
 * Memory for fields and values of `textBytes` in all, `pairs` of them, in the hash of the key in
 * argument 1 (null: a new one); false: the error is answered. A packed hash may be turned into a
 * table on the way, before the fields come (`toTable`) or after.
 */
export function reserveFields(
  call: Call,
  entry: KeyEntry | null,
  textBytes: f64,
  pairs: u32,
  toTable: bool,
): bool {
  const needed = fieldsNeed(call, entry, textBytes, pairs, toTable);
  return needed <= SMALL_BYTES || reserveOrReply(needed);
}

/** The memory that `reserveFields` reserves. */
export function fieldsNeed(
  call: Call,
  entry: KeyEntry | null,
  textBytes: f64,
  pairs: u32,
  toTable: bool,
): f64 {
  let needed = textBytes + PAIR_BYTES * <f64>pairs;
  if (!toTable && (!entry || isPackedHash(entry))) needed *= 3;
  return needed + (entry ? convertBytes(entry) : <f64>call.bytesOf(1));
}

/** Renders the time of the field in argument `index`, where it has one: for after an HSET. */
export function renderKeptTime(call: Call, entry: KeyEntry, index: i32): void {
  if (!entry.hasFieldTimes) return;
  const place = findField(entry, call.at(index), call.bytesOf(index));
  const whenMs = place ? fieldExpiryMs(entry, place) : 0;
  if (!whenMs || !renderInstead(call, 6)) return;
  renderTimeHead(call, whenMs, 1);
  effectBytes(call.at(index), call.bytesOf(index));
}

/** HPEXPIREAT up to the number of fields, in an effect of 5 arguments and the fields. */
export function renderTimeHead(call: Call, whenMs: i64, fields: i32): void {
  effectLiteral("HPEXPIREAT");
  effectBytes(call.at(1), call.bytesOf(1));
  effectInteger(whenMs);
  effectLiteral("FIELDS");
  effectInteger(fields);
}

/** Answers the value at a place. */
export function replyValue(entry: KeyEntry, place: usize): void {
  if (isPackedHash(entry)) return replyPacked(place);
  const field = changetype<HashField>(place);
  replyBulk(field.valueAddress, field.valueBytes);
}

/** Answers an entry of a packed list. */
// @ts-ignore: decorator
@inline
export function replyPacked(entry: usize): void {
  if (packedIsInteger(entry)) replyBulkInteger(packedInteger(entry));
  else replyBulk(packedText(entry, 0), packedTextBytes(entry));
}

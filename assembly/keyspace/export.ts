/**
 * The key space as commands: what `exportCommands` hands to the host.
 *
 * Replayed into an empty engine (or Redis 7.0) the commands make the same data set: values,
 * encodings, expiries. This is the form in which data leaves one layout for another, so it goes
 * through meaning, not through bytes of memory.
 *
 *   cursor = number of the database * 2^32 + table cursor, 0 at the start and at the end
 *
 * A database begins with SELECT when its table cursor is 0 and it has keys; a later call goes on in
 * the same stream and needs none. The table cursor is SCAN's, so keys that change between two calls
 * are seen at least once, and a key that is seen twice is set twice to what it then is.
 *
 *   string                              SET key value [PXAT ms]
 *   short string that is kept as `raw`  SETRANGE key 0 value, PEXPIREAT key ms
 *   list                                RPUSH key element ..., PEXPIREAT key ms
 *   set                                 SADD key member ..., PEXPIREAT key ms
 *   sorted set                          ZADD key score member ..., PEXPIREAT key ms
 *
 * The second form is for what APPEND and SETRANGE leave behind: SET would store it as `int` or
 * `embstr`. A key whose time has come is rendered like any other; a replay never expires.
 *
 * Cost: a step is one chain with its sibling, about 15 keys at most, or one empty database.
 */

import {
  Sink, exportSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkRequestHeader,
} from "../protocol/sink";
import {
  nextInChain, occupiedSlots, referenceAt, scanChain, scanNext, scanSibling,
} from "../structures/hash-table";
import { EMBSTR_BYTES_MAXIMUM, Encoding, KeyEntry, Type } from "../values/key-entry";
import { exportHash } from "./export-hash";
import { exportList } from "./export-list";
import { exportSet } from "./export-set";
import { exportSortedSet } from "./export-sorted-set";
import { databaseAt, databaseCount } from "./keyspace";

const DATABASE_FACTOR: f64 = 4294967296.0;

/** Renders up to `steps` steps from `cursor` on; returns the cursor to go on with, 0 at the end. */
export function exportFrom(cursor: f64, steps: i32): f64 {
  let number = <u32>(cursor / DATABASE_FACTOR);
  let at = <u64>(cursor - <f64>number * DATABASE_FACTOR);
  for (let left = steps; left > 0; left--) {
    if (number >= databaseCount()) return 0;
    const database = databaseAt(number);
    if (!at && database.table.count) exportSelect(number);
    exportChain(scanChain(database.table, at));
    exportChain(scanSibling(database.table, at));
    at = scanNext(database.table, at);
    if (!at) number += 1;
  }
  return number < databaseCount() ? <f64>number * DATABASE_FACTOR + <f64>at : 0;
}

function exportSelect(number: u32): void {
  const sink = exportSink();
  sinkRequestHeader(sink, 2);
  sinkBulkLiteral(sink, "SELECT");
  sinkBulkInteger(sink, number);
}

function exportChain(first: usize): void {
  for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    for (let slot = 0; slot < elements; slot++) {
      exportKey(changetype<KeyEntry>(referenceAt(bucket, slot)));
    }
  }
}

function exportKey(entry: KeyEntry): void {
  switch (entry.type) {
    case Type.STRING:
      return isRawByHistory(entry) ? exportRaw(entry) : exportString(entry);
    case Type.HASH:
      return exportHash(entry);
    case Type.SET:
      return exportSet(entry);
    case Type.LIST:
      return exportList(entry);
    case Type.SORTED_SET:
      return exportSortedSet(entry);
    default:
      unreachable();
  }
}

/** Whether SET would store this string in another encoding than it has. */
function isRawByHistory(entry: KeyEntry): bool {
  const bytes = entry.encoding == Encoding.RAW
    ? load<u32>(entry.value, 4)
    : entry.encoding == Encoding.EMBEDDED_RAW ? <u32>load<u8>(entry.value) : 0;
  return bytes - 1 < EMBSTR_BYTES_MAXIMUM;
}

function exportString(entry: KeyEntry): void {
  const sink = exportSink();
  sinkRequestHeader(sink, entry.expires ? 5 : 3);
  sinkBulkLiteral(sink, "SET");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  exportValue(sink, entry);
  if (!entry.expires) return;
  sinkBulkLiteral(sink, "PXAT");
  sinkBulkInteger(sink, entry.expiryMs);
}

function exportRaw(entry: KeyEntry): void {
  const sink = exportSink();
  sinkRequestHeader(sink, 4);
  sinkBulkLiteral(sink, "SETRANGE");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulkInteger(sink, 0);
  exportValue(sink, entry);
  if (!entry.expires) return;
  sinkRequestHeader(sink, 3);
  sinkBulkLiteral(sink, "PEXPIREAT");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulkInteger(sink, entry.expiryMs);
}

function exportValue(sink: Sink, entry: KeyEntry): void {
  const value = entry.value;
  switch (entry.encoding) {
    case Encoding.INTEGER:
      return sinkBulkInteger(sink, load<i64>(value));
    case Encoding.RAW:
      return sinkBulk(sink, load<u32>(value), load<u32>(value, 4));
    default:
      return sinkBulk(sink, value + 1, load<u8>(value));
  }
}

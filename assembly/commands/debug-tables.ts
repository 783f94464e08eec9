/** DEBUG HTSTATS: how full the hash table of a database is, in the shape that Redis prints. */

import { lookupQuiet } from "../keyspace/database";
import { databaseAt, databaseCount } from "../keyspace/keyspace";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { NO_SUCH_KEY } from "../protocol/errors";
import { replyError } from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import {
  HashTable, bucketAt, longestChain, nextInChain, occupiedSlots,
} from "../structures/hash-table";
import {
  TextBuilder, builderByte, builderDouble, builderInteger, builderText,
} from "../text/builder";
import { newText, replyText } from "./text-reply";

/** Chains of this many elements and more are counted together. */
const LENGTHS: u32 = 50;

function addCount(out: TextBuilder, label: string, value: i64): void {
  builderText(out, label);
  builderInteger(out, value);
  builderByte(out, 0x0a);
}

function elementsOf(table: HashTable, index: u32): u32 {
  let elements: u32 = 0;
  for (let bucket = bucketAt(table, index); bucket; bucket = nextInChain(bucket)) {
    elements += occupiedSlots(bucket);
  }
  return elements;
}

function addTable(out: TextBuilder, table: HashTable, full: bool): void {
  builderText(out, "Hash table 0 stats (main hash table):\n");
  if (!table.count) {
    builderText(out, "No stats available for empty dictionaries\n");
    return;
  }
  addCount(out, " table size: ", table.buckets);
  addCount(out, " number of elements: ", table.count);
  addCount(out, " overflow buckets: ", table.overflows);
  addCount(out, " max chain length in buckets: ", longestChain(table));
  builderText(out, " avg elements per chain: ");
  builderDouble(out, <f64>table.count / <f64>table.buckets, 2);
  builderByte(out, 0x0a);
  if (full) addDistribution(out, table);
}

function addDistribution(out: TextBuilder, table: HashTable): void {
  const mark = scratchMark();
  const counts = scratchTake(LENGTHS * 4);
  memory.fill(counts, 0, LENGTHS * 4);
  for (let index: u32 = 0; index < table.buckets; index++) {
    const counter = counts + (<usize>min(elementsOf(table, index), LENGTHS - 1) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  builderText(out, " Elements per chain:\n");
  for (let length: u32 = 0; length < LENGTHS; length++) {
    const chains = load<u32>(counts + (<usize>length << 2));
    if (!chains) continue;
    builderText(out, length == LENGTHS - 1 ? "   >= " : "   ");
    builderInteger(out, length);
    builderText(out, ": ");
    builderInteger(out, chains);
    builderText(out, " (");
    builderDouble(out, <f64>chains * 100 / <f64>table.buckets, 2);
    builderText(out, "%)\n");
  }
  scratchRelease(mark);
}

/** DEBUG HTSTATS database [FULL] */
export function debugTable(call: Call): void {
  if (!integerOrReply(call, 2)) return;
  if (call.integer < 0 || call.integer >= <i64>databaseCount()) {
    return replyError("ERR Out of range database");
  }
  const full = call.argumentCount > 3 && call.is(3, "full");
  const database = databaseAt(<u32>call.integer);
  const mark = scratchMark();
  const out = newText();
  builderText(out, "[Dictionary HT]\n");
  addTable(out, database.table, full);
  builderText(out, "[Expires HT]\n");
  addCount(out, " number of elements: ", database.expiring.count);
  replyText(out);
  scratchRelease(mark);
}

/** DEBUG HTSTATS-KEY key: no value is a hash table yet. */
export function debugTableOfKey(call: Call): void {
  const entry = lookupQuiet(call.database, call.at(2), call.bytesOf(2));
  if (!entry) return replyError(NO_SUCH_KEY);
  replyError("ERR The value stored at the specified key is not represented using an hash table");
}

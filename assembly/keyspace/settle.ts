/**
 * Tables of values that a snapshot kept from resizing catch up when it is over, on ticks, not only
 * when they are written to.
 *
 * A table that puts a resize off says so (`noteTableBehind`), but not which one it is: after a
 * snapshot the ticks walk over all keys once, in SCAN's order, which misses none while the tables
 * of keys grow and shrink. The place of the walk is in memory/root.ts; a new snapshot restarts it.
 */

import { isMarking, tablesBehind } from "../memory/root";
import {
  nextInChain, occupiedSlots, referenceAt, scanChain, scanNext, scanSibling, settleTable,
} from "../structures/hash-table";
import { ScoredElement } from "../structures/scored-element";
import { hashTableOf, isPackedHash } from "../values/hash";
import { HashField } from "../values/hash-field";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { setTable } from "../values/set";
import { SetMember } from "../values/set-member";
import { tableOf } from "../values/sorted-set";
import { databaseAt, databaseCount } from "./keyspace";

/** Goes on with the walk, a chain of keys or a bucket a step; returns the steps that are left. */
export function settleValueTables(steps: i32): i32 {
  const walk = tablesBehind();
  if (!walk.isBehind || isMarking()) return steps;
  let left = steps;
  while (left > 0 && walk.database < databaseCount()) {
    const table = databaseAt(walk.database).table;
    left = settleChain(scanChain(table, walk.cursor), left);
    left = settleChain(scanSibling(table, walk.cursor), left);
    // For want of steps this chain is looked at once more.
    if (left <= 0) return 0;
    left -= 1;
    walk.cursor = scanNext(table, walk.cursor);
    if (!walk.cursor) walk.database += 1;
  }
  if (walk.database == databaseCount()) walk.isBehind = 0;
  return left;
}

function settleChain(chain: usize, steps: i32): i32 {
  let left = steps;
  for (let bucket = chain; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    for (let slot = 0; slot < elements && left > 0; slot++) {
      left = settleValue(changetype<KeyEntry>(referenceAt(bucket, slot)), left);
    }
  }
  return left;
}

function settleValue(entry: KeyEntry, steps: i32): i32 {
  switch (entry.type) {
    case Type.HASH:
      return isPackedHash(entry) ? steps : settleTable<HashField>(hashTableOf(entry), steps);
    case Type.SET:
      if (entry.encoding != Encoding.HASHTABLE) return steps;
      return settleTable<SetMember>(setTable(entry), steps);
    case Type.SORTED_SET:
      if (entry.encoding != Encoding.SKIPLIST) return steps;
      return settleTable<ScoredElement>(tableOf(entry), steps);
    default:
      return steps;
  }
}

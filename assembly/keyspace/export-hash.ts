/**
 * A hash as commands: see export.ts.
 *
 *   HSET key field value ...            up to PAIRS pairs each
 *   HPEXPIREAT key ms FIELDS 1 field    for each field that expires
 *   PEXPIREAT key ms                    where the key expires
 *
 * A hash that would come out packed by the default limits, but is in a table (it was larger, or had
 * a long value, and never goes back), is first given a long value in one of its fields. A packed
 * hash that keeps times without having one is given one, which HPERSIST takes off.
 */

import {
  Sink, exportSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkRequestHeader,
} from "../protocol/sink";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { HashWalk, hashCount, isPackedHash, nextField, openWalk } from "../values/hash";
import { FIELD_TIME_MAXIMUM } from "../values/hash-times";
import { KeyEntry } from "../values/key-entry";

const PAIRS: u32 = 64;
/** Default limits of a packed hash. */
const PACKED_ENTRIES: u32 = 512;
const PACKED_BYTES: u32 = 64;

export function exportHash(entry: KeyEntry): void {
  const sink = exportSink();
  const mark = scratchMark();
  if (isTableByHistory(entry)) exportLongValue(sink, entry);
  const walk = openWalk(entry);
  let left = hashCount(entry);
  let inCommand: u32 = 0;
  while (nextField(walk)) {
    if (!inCommand) {
      inCommand = min(left, PAIRS);
      sinkRequestHeader(sink, 2 + (inCommand << 1));
      sinkBulkLiteral(sink, "HSET");
      sinkBulk(sink, entry.keyAddress, entry.keyBytes);
    }
    sinkBulk(sink, walk.field, walk.fieldBytes);
    sinkBulk(sink, walk.value, walk.valueBytes);
    inCommand -= 1;
    left -= 1;
  }
  if (entry.hasFieldTimes) exportTimes(sink, entry);
  scratchRelease(mark);
  if (entry.expires) exportExpiry(sink, entry);
}

function exportTimes(sink: Sink, entry: KeyEntry): void {
  let expiring = 0;
  const walk = openWalk(entry);
  while (nextField(walk)) {
    if (!walk.expiryMs) continue;
    exportTime(sink, entry, walk, walk.expiryMs);
    expiring += 1;
  }
  if (expiring || !isPackedHash(entry)) return;
  const first = openWalk(entry);
  nextField(first);
  exportTime(sink, entry, first, FIELD_TIME_MAXIMUM);
  sinkRequestHeader(sink, 5);
  sinkBulkLiteral(sink, "HPERSIST");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  exportField(sink, first);
}

function exportTime(sink: Sink, entry: KeyEntry, walk: HashWalk, whenMs: i64): void {
  sinkRequestHeader(sink, 6);
  sinkBulkLiteral(sink, "HPEXPIREAT");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulkInteger(sink, whenMs);
  exportField(sink, walk);
}

function exportField(sink: Sink, walk: HashWalk): void {
  sinkBulkLiteral(sink, "FIELDS");
  sinkBulkInteger(sink, 1);
  sinkBulk(sink, walk.field, walk.fieldBytes);
}

/** Whether HSET alone would make a packed hash of this table. */
function isTableByHistory(entry: KeyEntry): bool {
  if (isPackedHash(entry) || hashCount(entry) > PACKED_ENTRIES) return false;
  const walk = openWalk(entry);
  while (nextField(walk)) {
    if (max(walk.fieldBytes, walk.valueBytes) > PACKED_BYTES) return false;
  }
  return true;
}

/** Gives the first field a value too long for a packed hash; its own follows. */
function exportLongValue(sink: Sink, entry: KeyEntry): void {
  const walk = openWalk(entry);
  nextField(walk);
  const text = scratchTake(PACKED_BYTES + 1);
  memory.fill(text, 0x30, PACKED_BYTES + 1);
  sinkRequestHeader(sink, 4);
  sinkBulkLiteral(sink, "HSET");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulk(sink, walk.field, walk.fieldBytes);
  sinkBulk(sink, text, PACKED_BYTES + 1);
}

function exportExpiry(sink: Sink, entry: KeyEntry): void {
  sinkRequestHeader(sink, 3);
  sinkBulkLiteral(sink, "PEXPIREAT");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulkInteger(sink, entry.expiryMs);
}

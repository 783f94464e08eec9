/**
 * A sorted set as commands: see export.ts.
 *
 *   ZADD key score member ...   up to MEMBERS of them each, then PEXPIREAT key ms where it expires
 *
 * A set that would come out packed by the default limits, but is not (it was larger, or had a long
 * member, and never goes back), gets a long member first, which leaves by ZREM at the end.
 */

import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  Sink, exportSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkRequestHeader,
} from "../protocol/sink";
import { writeDouble } from "../text/doubles";
import { KeyEntry } from "../values/key-entry";
import {
  SetCursor, isPacked, memberAddress, memberBytes, memberScore, nextMember, seekMember,
  sortedSetCount,
} from "../values/sorted-set";

const MEMBERS: u32 = 64;
const DOUBLE_TEXT_BYTES: u32 = 48;
/** Default limits of a packed sorted set. */
const PACKED_ENTRIES: u32 = 128;
const PACKED_BYTES: u32 = 64;

export function exportSortedSet(entry: KeyEntry): void {
  const sink = exportSink();
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  const text = scratchTake(DOUBLE_TEXT_BYTES);
  const long = scratchTake(PACKED_BYTES + 1);
  const isLong = isIndexByHistory(entry, cursor);
  if (isLong) {
    memory.fill(long, 0x78, PACKED_BYTES + 1);
    commandStart(sink, entry, "ZADD", 4);
    sinkBulkInteger(sink, 0);
    sinkBulk(sink, long, PACKED_BYTES + 1);
  }
  let left = sortedSetCount(entry);
  seekMember(entry, 0, cursor);
  while (left) {
    const count = min(left, MEMBERS);
    commandStart(sink, entry, "ZADD", 2 + count * 2);
    for (let member: u32 = 0; member < count; member++) {
      sinkBulk(sink, text, writeDouble(text, memberScore(cursor)));
      sinkBulk(sink, memberAddress(cursor), memberBytes(cursor));
      nextMember(cursor);
    }
    left -= count;
  }
  if (isLong) {
    commandStart(sink, entry, "ZREM", 3);
    sinkBulk(sink, long, PACKED_BYTES + 1);
  }
  scratchRelease(mark);
  if (!entry.expires) return;
  commandStart(sink, entry, "PEXPIREAT", 3);
  sinkBulkInteger(sink, entry.expiryMs);
}

function commandStart(sink: Sink, entry: KeyEntry, name: string, count: u32): void {
  sinkRequestHeader(sink, count);
  sinkBulkLiteral(sink, name);
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
}

/** Whether ZADD alone would pack this set. */
function isIndexByHistory(entry: KeyEntry, cursor: SetCursor): bool {
  if (isPacked(entry) || sortedSetCount(entry) > PACKED_ENTRIES) return false;
  seekMember(entry, 0, cursor);
  do {
    if (memberBytes(cursor) > PACKED_BYTES) return false;
  } while (nextMember(cursor));
  return true;
}

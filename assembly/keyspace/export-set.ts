/** Sets as commands: SADD of some members at a time, then PEXPIREAT of a key that expires. */

import { scratchMark, scratchRelease } from "../memory/scratch";
import {
  exportSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkRequestHeader,
} from "../protocol/sink";
import { KeyEntry } from "../values/key-entry";
import { setCount } from "../values/set";
import { openSetCursor, setNext } from "../values/set-cursor";

/** Members that one command names. */
const MEMBERS: u32 = 512;

export function exportSet(entry: KeyEntry): void {
  const sink = exportSink();
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  let left = setCount(entry);
  while (left) {
    const batch = min(left, MEMBERS);
    sinkRequestHeader(sink, 2 + batch);
    sinkBulkLiteral(sink, "SADD");
    sinkBulk(sink, entry.keyAddress, entry.keyBytes);
    for (let index: u32 = 0; index < batch && setNext(cursor); index++) {
      sinkBulk(sink, cursor.text, cursor.bytes);
    }
    left -= batch;
  }
  scratchRelease(mark);
  if (!entry.expires) return;
  sinkRequestHeader(sink, 3);
  sinkBulkLiteral(sink, "PEXPIREAT");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulkInteger(sink, entry.expiryMs);
}

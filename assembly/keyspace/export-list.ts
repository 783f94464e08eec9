/** Lists as commands: RPUSH of some elements at a time, then the expiry. */

import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  exportSink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkRequestHeader,
} from "../protocol/sink";
import {
  LIST_CURSOR_BYTES, ListCursor, cursorBytes, cursorText,
} from "../structures/chunked-list";
import { KeyEntry } from "../values/key-entry";
import { enterList, listCount, moveCursor } from "../values/list";
import { INTEGER_TEXT_BYTES } from "../values/string";

/** Most elements of one RPUSH. */
const ELEMENTS: u32 = 64;

export function exportList(entry: KeyEntry): void {
  const sink = exportSink();
  const mark = scratchMark();
  const cursor = changetype<ListCursor>(scratchTake(LIST_CURSOR_BYTES));
  const buffer = scratchTake(INTEGER_TEXT_BYTES);
  enterList(entry, false, cursor);
  for (let left = listCount(entry); left;) {
    let count = min(left, ELEMENTS);
    left -= count;
    sinkRequestHeader(sink, count + 2);
    sinkBulkLiteral(sink, "RPUSH");
    sinkBulk(sink, entry.keyAddress, entry.keyBytes);
    for (; count; count--) {
      const text = cursorText(cursor, buffer);
      sinkBulk(sink, text, cursorBytes(cursor));
      moveCursor(cursor, false);
    }
  }
  scratchRelease(mark);
  if (!entry.expires) return;
  sinkRequestHeader(sink, 3);
  sinkBulkLiteral(sink, "PEXPIREAT");
  sinkBulk(sink, entry.keyAddress, entry.keyBytes);
  sinkBulkInteger(sink, entry.expiryMs);
}

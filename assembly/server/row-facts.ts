/**
 * A row as text for hosts and generators: "key=value" lines in the notation of table.ts, written
 * into the output window, which is empty between calls.
 *
 *   name= group= since= arity= flags= categories= keys= args= tips= complexity= summary=
 *   and, where they are not empty, deprecated= replaced=
 *
 * `categories` are all of them, those that follow from the flags too.
 */

import { EXCHANGE, Exchange, OUTPUT_WINDOW } from "../abi";
import { writeLiteral } from "../text/case";
import { writeInteger } from "../text/integers";
import { CATEGORY_COUNT, categoriesOf, categoryName } from "./categories";
import { Row, firstRow, nextRow } from "./table";

function addLine(cursor: usize, key: string, value: string): usize {
  let next = cursor + writeLiteral(cursor, key);
  next += writeLiteral(next, value);
  store<u8>(next, 0x0a);
  return next + 1;
}

function addCategories(cursor: usize, row: Row): usize {
  const bits = categoriesOf(row);
  let next = cursor + writeLiteral(cursor, "categories=");
  const start = next;
  for (let number = 0; number < CATEGORY_COUNT; number++) {
    if (!(bits & (1 << number))) continue;
    if (next != start) store<u8>(next++, 0x20);
    next += writeLiteral(next, categoryName(number));
  }
  store<u8>(next, 0x0a);
  return next + 1;
}

function writeFacts(row: Row): usize {
  let next: usize = OUTPUT_WINDOW;
  next += writeLiteral(next, "name=");
  memory.copy(next, row.nameAddress, row.nameBytes);
  next += row.nameBytes;
  store<u8>(next, 0x0a);
  next = addLine(next + 1, "group=", row.group);
  next = addLine(next, "since=", row.since);
  next += writeLiteral(next, "arity=");
  next += writeInteger(next, row.arity);
  store<u8>(next, 0x0a);
  next = addLine(next + 1, "flags=", row.flagWords);
  next = addCategories(next, row);
  next = addLine(next, "keys=", row.keys);
  next = addLine(next, "args=", row.args);
  next = addLine(next, "tips=", row.tips);
  next = addLine(next, "complexity=", row.complexity);
  next = addLine(next, "summary=", row.summary);
  if (row.deprecatedSince.length) next = addLine(next, "deprecated=", row.deprecatedSince);
  if (row.replacedBy.length) next = addLine(next, "replaced=", row.replacedBy);
  return next;
}

/** Renders row `index`; false when there is none. */
export function renderRow(index: u32): bool {
  let row = firstRow();
  while (row) {
    if (row.number == index) {
      const end = writeFacts(row);
      store<u32>(EXCHANGE + Exchange.REQUEST_ADDRESS, <u32>OUTPUT_WINDOW);
      store<u32>(EXCHANGE + Exchange.REQUEST_BYTES, <u32>(end - OUTPUT_WINDOW));
      return true;
    }
    row = nextRow(row);
  }
  return false;
}

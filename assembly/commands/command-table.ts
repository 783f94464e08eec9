/**
 * COMMAND: what the server knows of its commands, read from the rows of server/table.ts and from
 * nowhere else.
 */

import {
  INVALID_ARGUMENTS, INVALID_ARGUMENT_COUNT, INVALID_COMMAND, NO_SUCH_COMMAND_KEYS, SYNTAX,
} from "../protocol/errors";
import {
  replyArray, replyBulk, replyEmptyArray, replyError, replyInteger, replyMap,
  replyNull, replySet, replyStatus,
} from "../protocol/reply";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { Call } from "../server/call";
import { categoriesOf, findCategory } from "../server/categories";
import {
  KEY_CURSOR_BYTES, KeyCursor, KeyFlag, countKeys, hasKeys, nextKey, startKeys,
} from "../server/key-specs";
import {
  Row, RowFlag, command, findFullName, findSpoken, findSubcommand, firstRow, nextRow, topRowCount,
} from "../server/table";
import { matchGlob } from "../text/glob";
import { replyDocs } from "./command-table-docs";
import { replyInfo } from "./command-table-info";
import { containerHelp } from "./help";

/** COMMAND alone: all rows. */
function all(call: Call): void {
  replyArray(topRowCount());
  let row = firstRow();
  while (row) {
    if (!row.parent) replyInfo(row);
    row = nextRow(row);
  }
}

function info(call: Call): void {
  const count = call.argumentCount;
  if (count == 2) return all(call);
  replyArray(count - 2);
  for (let index = 2; index < count; index++) {
    const row = findFullName(call.at(index), call.bytesOf(index));
    if (row) replyInfo(row);
    else replyNull();
  }
}

function docs(call: Call): void {
  const count = call.argumentCount;
  if (count == 2) {
    replyMap(topRowCount());
    let row = firstRow();
    while (row) {
      if (!row.parent) replyDocs(row);
      row = nextRow(row);
    }
    return;
  }
  let found: u32 = 0;
  for (let index = 2; index < count; index++) {
    if (findFullName(call.at(index), call.bytesOf(index))) found += 1;
  }
  replyMap(found);
  for (let index = 2; index < count; index++) {
    const row = findFullName(call.at(index), call.bytesOf(index));
    if (row) replyDocs(row);
  }
}

function count(call: Call): void {
  replyInteger(topRowCount());
}

// ---- Names --------------------------------------------------------------------------------------

const enum Filter {
  NONE = 0,
  MODULE = 1,
  CATEGORY = 2,
  PATTERN = 3,
}

function list(call: Call): void {
  let filter = Filter.NONE;
  if (call.argumentCount == 5 && call.is(2, "filterby")) {
    if (call.is(3, "module")) filter = Filter.MODULE;
    else if (call.is(3, "aclcat")) filter = Filter.CATEGORY;
    else if (call.is(3, "pattern")) filter = Filter.PATTERN;
    else return replyError(SYNTAX);
  } else if (call.argumentCount != 2) {
    return replyError(SYNTAX);
  }
  let total: u32 = 0;
  let row = firstRow();
  while (row) {
    if (passes(call, row, filter)) total += 1;
    row = nextRow(row);
  }
  // The oracle answers an array here although it answers sets elsewhere.
  replyArray(total);
  row = firstRow();
  while (row) {
    if (passes(call, row, filter)) replyBulk(row.nameAddress, row.nameBytes);
    row = nextRow(row);
  }
}

function passes(call: Call, row: Row, filter: Filter): bool {
  if (filter == Filter.NONE) return true;
  if (filter == Filter.MODULE) return false;
  const text = call.at(4);
  const bytes = call.bytesOf(4);
  if (filter == Filter.PATTERN) {
    return matchGlob(text, bytes, row.nameAddress, row.nameBytes, true);
  }
  const category = findCategory(text, bytes);
  return category >= 0 && (categoriesOf(row) & (1 << category)) != 0;
}

// ---- Keys ---------------------------------------------------------------------------------------

/** The row of the command in the arguments from 2 on; null: the error is answered. */
function innerRow(call: Call): Row | null {
  let row = findSpoken(call.at(2), call.bytesOf(2));
  const inner = call.argumentCount - 2;
  if (row && row.firstChild && inner > 1) {
    row = findSubcommand(row, call.at(3), call.bytesOf(3));
  }
  if (!row) {
    replyError(INVALID_COMMAND);
    return null;
  }
  if (!hasKeys(row)) {
    replyError(NO_SUCH_COMMAND_KEYS);
    return null;
  }
  if (row.arity > 0 ? row.arity != inner : inner < -row.arity) {
    replyError(INVALID_ARGUMENT_COUNT);
    return null;
  }
  return row;
}

function keysWith(call: Call, withFlags: bool): void {
  const row = innerRow(call);
  if (!row) return;
  const mark = scratchMark();
  const cursor = changetype<KeyCursor>(scratchTake(KEY_CURSOR_BYTES));
  const vector = call.arguments + 16;
  const inner = call.argumentCount - 2;
  startKeys(cursor, row, vector, inner);
  const total = countKeys(cursor);
  if (total > 0) {
    replyArray(total);
    startKeys(cursor, row, vector, inner);
    while (nextKey(cursor)) replyKey(call, cursor, withFlags);
  } else if (row.flags & RowFlag.NO_MANDATORY_KEYS) {
    replyEmptyArray();
  } else {
    replyError(INVALID_ARGUMENTS);
  }
  scratchRelease(mark);
}

function replyKey(call: Call, cursor: KeyCursor, withFlags: bool): void {
  const index = cursor.index + 2;
  if (withFlags) replyArray(2);
  replyBulk(call.at(index), call.bytesOf(index));
  if (withFlags) replyFlags(cursor.flags);
}

function replyFlags(flags: u32): void {
  replySet(popcnt(flags));
  if (flags & KeyFlag.READ_ONLY) replyStatus("RO");
  if (flags & KeyFlag.READ_WRITE) replyStatus("RW");
  if (flags & KeyFlag.OVERWRITE) replyStatus("OW");
  if (flags & KeyFlag.REMOVE) replyStatus("RM");
  if (flags & KeyFlag.ACCESS) replyStatus("access");
  if (flags & KeyFlag.UPDATE) replyStatus("update");
  if (flags & KeyFlag.INSERT) replyStatus("insert");
  if (flags & KeyFlag.DELETE) replyStatus("delete");
  if (flags & KeyFlag.INCOMPLETE) replyStatus("incomplete");
  if (flags & KeyFlag.VARIABLE) replyStatus("variable_flags");
}

function getKeys(call: Call): void {
  keysWith(call, false);
}

function getKeysAndFlags(call: Call): void {
  keysWith(call, true);
}

// ---- Rows ---------------------------------------------------------------------------------------

function sub(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  args: string,
  tips: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "server", since, arity, "loading stale", "connection", "", args, tips,
    complexity, summary);
}

export function registerCommandTable(): void {
  const order = "nondeterministic_output_order";
  command(all.index, "command", "server", "2.8.13", -1, "loading stale", "connection", "", "",
    order, "O(N) in the number of commands", "Answers the facts of all commands.");
  sub(count.index, "command|count", "2.8.13", 2, "", "", "O(1)", "Counts the commands.");
  sub(docs.index, "command|docs", "7.0.0", -2, "command-name:string?*", order,
    "O(N) in the number of commands asked for", "Answers what commands do and take.");
  sub(getKeys.index, "command|getkeys", "2.8.13", -3, "command:string arg:string?*", "",
    "O(N) in the number of arguments", "Finds the keys in the words of a command.");
  sub(getKeysAndFlags.index, "command|getkeysandflags", "7.0.0", -3,
    "command:string arg:string?*", "", "O(N) in the number of arguments",
    "Finds the keys in the words of a command, and how they are used.");
  sub(containerHelp.index, "command|help", "5.0.0", 2, "", "", "O(1)", "Lists the subcommands.");
  sub(info.index, "command|info", "2.8.13", -2, "command-name:string?*", order,
    "O(N) in the number of commands asked for", "Answers the facts of commands.");
  sub(list.index, "command|list", "7.0.0", -2, "filterby:oneof=FILTERBY?\
(module-name:string=MODULE category:string=ACLCAT pattern:pattern=PATTERN)", order,
    "O(N) in the number of commands", "Answers the names of commands.");
}

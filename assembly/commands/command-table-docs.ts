/**
 * COMMAND DOCS: what a person or a client wants to know of a row, as maps in Redis's order.
 *
 * There is no `history`: the versions in which options came are with the options (`since`).
 */

import {
  replyArray, replyBulk, replyBulkText, replyInteger, replyMap, replySet, replyStatus,
} from "../protocol/reply";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  Argument, ArgumentFlag, argumentTotal, readArgument, replyBulkPart,
} from "../server/notation";
import { Row } from "../server/table";
import { childCount, replyStatusSet } from "./command-table-info";

/** One entry of the map that COMMAND DOCS answers: name and facts. */
export function replyDocs(row: Row): void {
  replyBulk(row.nameAddress, row.nameBytes);
  replyMap(docFields(row));
  replyField("summary", row.summary);
  replyField("since", row.since);
  replyField("group", row.group);
  replyField("complexity", row.complexity);
  if (row.docFlags.length) {
    replyBulkText("doc_flags");
    replyStatusSet(row.docFlags);
  }
  replyField("deprecated_since", row.deprecatedSince);
  replyField("replaced_by", row.replacedBy);
  if (row.args.length) {
    replyBulkText("arguments");
    replyArguments(row.args, 0, row.args.length);
  }
  if (!row.firstChild) return;
  replyBulkText("subcommands");
  replyMap(childCount(row));
  for (let at = <usize>row.firstChild; at; at = changetype<Row>(at).sibling) {
    replyDocs(changetype<Row>(at));
  }
}

function docFields(row: Row): u32 {
  let count: u32 = 0;
  if (row.summary.length) count += 1;
  if (row.since.length) count += 1;
  if (row.group.length) count += 1;
  if (row.complexity.length) count += 1;
  if (row.docFlags.length) count += 1;
  if (row.deprecatedSince.length) count += 1;
  if (row.replacedBy.length) count += 1;
  if (row.args.length) count += 1;
  if (row.firstChild) count += 1;
  return count;
}

function replyField(name: string, value: string): void {
  if (!value.length) return;
  replyBulkText(name);
  replyBulkText(value);
}

function replyArguments(text: string, start: i32, end: i32): void {
  replyArray(argumentTotal(text, start, end));
  const mark = scratchMark();
  const argument = changetype<Argument>(scratchTake(offsetof<Argument>()));
  for (let at = start; at < end; at = argument.next) {
    readArgument(text, at, end, argument);
    replyArgument(text, argument);
  }
  scratchRelease(mark);
}

/** Whether an argument has a text of its own to show: not what only holds others. */
function isShown(text: string, argument: Argument): bool {
  return !argument.isType(text, "oneof") && !argument.isType(text, "block");
}

/** Whether an argument names its key spec: a key does, and a pattern of keys. */
function namesKeySpec(text: string, argument: Argument): bool {
  if (argument.isType(text, "key")) return true;
  return argument.keySpec > 0 && argument.isType(text, "pattern");
}

function replyArgument(text: string, argument: Argument): void {
  replyMap(argumentFields(text, argument));
  replyPart("name", text, argument.nameStart, argument.nameEnd);
  replyPart("type", text, argument.typeStart, argument.typeEnd);
  if (isShown(text, argument)) {
    if (argument.displayStart < 0) {
      replyPart("display_text", text, argument.nameStart, argument.nameEnd);
    } else {
      replyPart("display_text", text, argument.displayStart, argument.displayEnd);
    }
  }
  if (namesKeySpec(text, argument)) {
    replyBulkText("key_spec_index");
    replyInteger(argument.keySpec);
  }
  replyPart("token", text, argument.tokenStart, argument.tokenEnd);
  replyPart("since", text, argument.sinceStart, argument.sinceEnd);
  replyPart("deprecated_since", text, argument.deprecatedStart, argument.deprecatedEnd);
  replyArgumentFlags(argument.flags);
  if (argument.childrenStart < 0) return;
  replyBulkText("arguments");
  replyArguments(text, argument.childrenStart, argument.childrenEnd);
}

function argumentFields(text: string, argument: Argument): u32 {
  return 2 + u32(isShown(text, argument)) + u32(namesKeySpec(text, argument))
    + u32(argument.tokenStart >= 0) + u32(argument.sinceStart >= 0)
    + u32(argument.deprecatedStart >= 0) + u32(argument.flags != 0)
    + u32(argument.childrenStart >= 0);
}

function replyPart(name: string, text: string, start: i32, end: i32): void {
  if (start < 0) return;
  replyBulkText(name);
  replyBulkPart(text, start, end);
}

function replyArgumentFlags(flags: u32): void {
  if (!flags) return;
  replyBulkText("flags");
  replySet(popcnt(flags));
  if (flags & ArgumentFlag.OPTIONAL) replyStatus("optional");
  if (flags & ArgumentFlag.MULTIPLE) replyStatus("multiple");
  if (flags & ArgumentFlag.MULTIPLE_TOKEN) replyStatus("multiple_token");
}

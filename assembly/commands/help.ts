/**
 * HELP of every container: rendered from its rows, so that it names exactly what is built.
 *
 *   CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
 *   KILL <filter>
 *       What it does.
 */

import { replyArray, replyStatus, replyStatusBytes } from "../protocol/reply";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { Call } from "../server/call";
import { writeSyntax } from "../server/syntax";
import { Row } from "../server/table";
import {
  TEXT_BUILDER_BYTES, TextBuilder, builderByte, builderFree, builderStart, builderText,
} from "../text/builder";
import { childCount } from "./command-table-info";

/** Handler of the row "container|help" of every container. */
export function containerHelp(call: Call): void {
  const container = changetype<Row>(<usize>call.row.parent);
  const mark = scratchMark();
  const builder = changetype<TextBuilder>(scratchTake(TEXT_BUILDER_BYTES));
  builderStart(builder);
  const runsAlone = container.arity == -1;
  replyArray(1 + (childCount(container) << 1) + (u32(runsAlone) << 1));
  addUpper(builder, container.nameAddress, container.nameBytes);
  builderText(builder, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  replyLine(builder);
  if (runsAlone) {
    replyStatus("(no subcommand)");
    replySummary(builder, container);
  }
  for (let at = <usize>container.firstChild; at; at = changetype<Row>(at).sibling) {
    replySubcommand(builder, changetype<Row>(at), container.nameBytes + 1);
  }
  builderFree(builder);
  scratchRelease(mark);
}

function replySubcommand(builder: TextBuilder, row: Row, skip: u32): void {
  addUpper(builder, row.nameAddress + skip, row.nameBytes - skip);
  if (row.args.length) {
    builderByte(builder, 0x20);
    writeSyntax(builder, row.args, 0, row.args.length, 0x20);
  }
  replyLine(builder);
  replySummary(builder, row);
}

function replySummary(builder: TextBuilder, row: Row): void {
  builderText(builder, "    ");
  builderText(builder, row.summary);
  replyLine(builder);
}

function addUpper(builder: TextBuilder, text: usize, bytes: u32): void {
  for (let index: u32 = 0; index < bytes; index++) {
    const byte = <u32>load<u8>(text + index);
    builderByte(builder, byte - 0x61 < 26 ? byte - 0x20 : byte);
  }
}

/** Answers the text as one status and empties it. */
function replyLine(builder: TextBuilder): void {
  replyStatusBytes(builder.address, builder.bytes);
  builder.bytes = 0;
}

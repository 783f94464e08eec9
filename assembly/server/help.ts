/**
 * HELP of a container command: one status line per line of a literal, framed as Redis frames it.
 */

import { replyArray } from "../protocol/reply";
import { replySink, sinkByte, sinkLiteral } from "../protocol/sink";
import { Call } from "./call";
import { Row } from "./table";

function countLines(lines: string): i32 {
  let count = 1;
  for (let i = 0; i < lines.length; i++) if (lines.charCodeAt(i) == 0x0a) count += 1;
  return count;
}

function endLine(): void {
  sinkByte(replySink(), 0x0d);
  sinkByte(replySink(), 0x0a);
}

/**
 * Answers `lines` (separated by a newline, a description indented by four spaces) for the
 * container.
 */
export function replyHelp(call: Call, lines: string): void {
  const sink = replySink();
  const parent: usize = call.row.parent;
  const container = parent ? changetype<Row>(parent) : call.row;
  replyArray(countLines(lines) + 3);
  sinkByte(sink, 0x2b);
  for (let i: u32 = 0; i < container.nameBytes; i++) {
    const byte: u32 = load<u8>(container.nameAddress + i);
    sinkByte(sink, byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte);
  }
  sinkLiteral(sink, " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  endLine();
  sinkByte(sink, 0x2b);
  for (let i = 0; i < lines.length; i++) {
    const byte = lines.charCodeAt(i);
    if (byte == 0x0a) {
      endLine();
      sinkByte(sink, 0x2b);
    } else {
      sinkByte(sink, byte);
    }
  }
  endLine();
  sinkLiteral(sink, "+HELP");
  endLine();
  sinkLiteral(sink, "+    Prints this help.");
  endLine();
}

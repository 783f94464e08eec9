/**
 * The arguments of a row as people write them: "<key> [NX|XX] [KEYS <key> [<key> ...]]".
 */

import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { TextBuilder, builderByte, builderRoom, builderText } from "../text/builder";
import { Argument, ArgumentFlag, readArgument, storePart } from "./notation";

function builderPart(builder: TextBuilder, text: string, start: i32, end: i32): void {
  const room = builderRoom(builder, end - start);
  if (!room) return;
  storePart(room, text, start, end);
  builder.bytes += end - start;
}

/** Writes the list [start, end) of arguments, one after another with `separator` between them. */
export function writeSyntax(
  builder: TextBuilder, text: string, start: i32, end: i32, separator: u32,
): void {
  const mark = scratchMark();
  const argument = changetype<Argument>(scratchTake(offsetof<Argument>()));
  for (let at = start; at < end; at = argument.next) {
    if (at > start) builderByte(builder, separator);
    readArgument(text, at, end, argument);
    writeArgument(builder, text, argument);
  }
  scratchRelease(mark);
}

function writeArgument(builder: TextBuilder, text: string, argument: Argument): void {
  const flags = argument.flags;
  if (flags & ArgumentFlag.OPTIONAL) builderByte(builder, 0x5b);
  writeOnce(builder, text, argument, true);
  if (flags & ArgumentFlag.MULTIPLE) {
    builderText(builder, " [");
    writeOnce(builder, text, argument, (flags & ArgumentFlag.MULTIPLE_TOKEN) != 0);
    builderText(builder, " ...]");
  }
  if (flags & ArgumentFlag.OPTIONAL) builderByte(builder, 0x5d);
}

function writeOnce(builder: TextBuilder, text: string, argument: Argument, token: bool): void {
  const hasToken = token && argument.tokenStart >= 0;
  if (hasToken && argument.tokenEnd > argument.tokenStart) {
    builderPart(builder, text, argument.tokenStart, argument.tokenEnd);
  } else if (hasToken) {
    builderText(builder, "\"\"");
  }
  if (argument.isType(text, "pure-token")) return;
  if (hasToken) builderByte(builder, 0x20);
  if (argument.childrenStart < 0) return writeValue(builder, text, argument);
  const isChoice = argument.isType(text, "oneof");
  const isOptional = (argument.flags & ArgumentFlag.OPTIONAL) != 0 && !hasToken;
  if (isChoice && !isOptional) builderByte(builder, 0x28);
  const separator = isChoice ? 0x7c : 0x20;
  writeSyntax(builder, text, argument.childrenStart, argument.childrenEnd, separator);
  if (isChoice && !isOptional) builderByte(builder, 0x29);
}

function writeValue(builder: TextBuilder, text: string, argument: Argument): void {
  builderByte(builder, 0x3c);
  if (argument.displayStart < 0) {
    builderPart(builder, text, argument.nameStart, argument.nameEnd);
  } else {
    builderPart(builder, text, argument.displayStart, argument.displayEnd);
  }
  builderByte(builder, 0x3e);
}

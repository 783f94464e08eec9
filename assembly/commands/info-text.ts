/** Lines of INFO: "name:value" with CR LF, appended to a text. */

import {
  TextBuilder, builderByte, builderDouble, builderInteger, builderText,
} from "../text/builder";
import { builderSize } from "../text/sizes";

export function endLine(out: TextBuilder): void {
  builderText(out, "\r\n");
}

/** Begins a line; the value and `endLine` follow. */
export function startLine(out: TextBuilder, name: string): void {
  builderText(out, name);
  builderByte(out, 0x3a);
}

export function integerLine(out: TextBuilder, name: string, value: f64): void {
  startLine(out, name);
  builderInteger(out, <i64>value);
  endLine(out);
}

export function textLine(out: TextBuilder, name: string, value: string): void {
  startLine(out, name);
  builderText(out, value);
  endLine(out);
}

export function decimalLine(out: TextBuilder, name: string, value: f64, decimals: i32): void {
  startLine(out, name);
  builderDouble(out, value, decimals);
  endLine(out);
}

export function sizeLine(out: TextBuilder, name: string, bytes: f64): void {
  startLine(out, name);
  builderSize(out, bytes);
  endLine(out);
}

/** Lines that are always the same, each ended by "\n". */
export function constantLines(out: TextBuilder, lines: string): void {
  for (let index = 0; index < lines.length; index++) {
    const unit = lines.charCodeAt(index);
    if (unit == 0x0a) endLine(out);
    else builderByte(out, unit);
  }
}

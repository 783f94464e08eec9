/** Sizes for people: "512B", "1.50K", "2.00G", as INFO prints them beside the exact number. */

import { TextBuilder, builderByte, builderDouble } from "./builder";

/** Appends a number of bytes in the largest unit that it reaches. */
export function builderSize(builder: TextBuilder, bytes: f64): void {
  if (bytes < 1024) {
    builderDouble(builder, bytes, 0);
    builderByte(builder, 0x42);
    return;
  }
  const units = "KMGTPE";
  let unit = 0;
  let value = bytes / 1024;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit += 1;
  }
  builderDouble(builder, value, 2);
  builderByte(builder, units.charCodeAt(unit));
}

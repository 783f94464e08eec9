/**
 * Reading a string value, whichever way it is stored. Integers are rendered into a buffer that the
 * caller names (INTEGER_TEXT_BYTES), everything else is read where it lies.
 */

import { writeInteger } from "../text/integers";
import { EMBSTR_BYTES_MAXIMUM, Encoding, KeyEntry } from "./key-entry";

/** Room that `stringAddress` may need for an integer. */
// @ts-ignore: decorator
@inline
export const INTEGER_TEXT_BYTES: u32 = 24;

/** Length of the value in bytes. An integer is rendered into `buffer` to find out. */
export function stringBytes(entry: KeyEntry, buffer: usize): u32 {
  const value = entry.value;
  switch (entry.encoding) {
    case Encoding.INTEGER:
      return writeInteger(buffer, load<i64>(value));
    case Encoding.RAW:
      return load<u32>(value, 4);
    default:
      return load<u8>(value);
  }
}

/** Address of the value's bytes: in the entry, in its block, or in `buffer` for an integer that
 * `stringBytes` has rendered there. */
export function stringAddress(entry: KeyEntry, buffer: usize): usize {
  const value = entry.value;
  switch (entry.encoding) {
    case Encoding.INTEGER:
      return buffer;
    case Encoding.RAW:
      return load<u32>(value);
    default:
      return value + 1;
  }
}

/** The encoding of a string of this length inside an entry when it is stored whole. */
export function embeddedEncoding(bytes: u32): Encoding {
  return bytes <= EMBSTR_BYTES_MAXIMUM ? Encoding.EMBEDDED : Encoding.EMBEDDED_RAW;
}

/** Whether OBJECT ENCODING calls it raw: it may be changed in place as it is. */
// @ts-ignore: decorator
@inline
export function isRaw(entry: KeyEntry): bool {
  return entry.encoding == Encoding.RAW || entry.encoding == Encoding.EMBEDDED_RAW;
}

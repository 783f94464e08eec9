/** Lengths and strings of the RDB format: integers as text, LZF compression. */
import type { FileCursor } from "./cursor.js";

const ENCODED_INT8 = -1;
const ENCODED_INT16 = -2;
const ENCODED_INT32 = -3;
const ENCODED_LZF = -4;

/** LZF makes at most this many bytes of one. */
const LZF_MOST_PER_BYTE = 264;

/** A length; below zero the string is encoded. Beyond 2^53 it is rounded. */
function readLengthOrEncoding(file: FileCursor): number {
  const offset = file.offset;
  const first = file.byte();
  switch (first >>> 6) {
    case 0:
      return first;
    case 1:
      return ((first & 63) << 8) | file.byte();
    case 2:
      if (first === 0x80) return file.uint32BigEndian();
      if (first === 0x81) return file.uint32BigEndian() * 2 ** 32 + file.uint32BigEndian();
      return file.fail(`no length begins with byte ${first}`, offset);
    default:
      if (first > 0xc3) file.fail(`no string begins with byte ${first}`, offset);
      return -1 - (first & 63);
  }
}

export function readLength(file: FileCursor): number {
  const offset = file.offset;
  const length = readLengthOrEncoding(file);
  return length >= 0 ? length : file.fail("a string stands where a number is expected", offset);
}

/** Passes several lengths. */
export function skipLengths(file: FileCursor, count: number): void {
  for (let i = 0; i < count; i++) readLength(file);
}

export function skipString(file: FileCursor): void {
  const length = readLengthOrEncoding(file);
  switch (length) {
    case ENCODED_INT8:
      file.skip(1);
      break;
    case ENCODED_INT16:
      file.skip(2);
      break;
    case ENCODED_INT32:
      file.skip(4);
      break;
    case ENCODED_LZF: {
      const packedBytes = readLength(file);
      readLength(file);
      file.skip(packedBytes);
      break;
    }
    default:
      file.skip(length);
      break;
  }
}

/** Passes so many strings. Each has at least one byte, so a wrong count ends with the file. */
export function skipStrings(file: FileCursor, count: number): void {
  if (count > file.left) tooMany(file, count);
  for (let i = 0; i < count; i++) skipString(file);
}

export function tooMany(file: FileCursor, count: number): never {
  return file.fail(`${count} elements should follow, more than the rest of the file can hold`);
}

export function readString(file: FileCursor): Uint8Array {
  const length = readLengthOrEncoding(file);
  switch (length) {
    case ENCODED_INT8:
      return decimal((file.byte() << 24) >> 24);
    case ENCODED_INT16:
      return decimal(file.int16());
    case ENCODED_INT32:
      return decimal(file.int32());
    case ENCODED_LZF:
      return readPacked(file);
    default:
      return file.take(length);
  }
}

function decimal(value: number): Uint8Array {
  return new TextEncoder().encode(`${value}`);
}

function readPacked(file: FileCursor): Uint8Array {
  const offset = file.offset;
  const packedBytes = readLength(file);
  const bytes = readLength(file);
  if (bytes > packedBytes * LZF_MOST_PER_BYTE) file.fail("a compressed string is damaged", offset);
  return (
    unpack(file.take(packedBytes), bytes) ?? file.fail("a compressed string is damaged", offset)
  );
}

/** Undoes LZF; undefined when that does not give exactly `bytes` bytes. */
export function unpack(packed: Uint8Array, bytes: number): Uint8Array | undefined {
  const result = new Uint8Array(bytes);
  let from = 0;
  let to = 0;
  while (from < packed.length) {
    const control = packed[from++] as number;
    if (control < 32) {
      const end = from + control + 1;
      if (end > packed.length || to + control + 1 > bytes) return undefined;
      result.set(packed.subarray(from, end), to);
      to += control + 1;
      from = end;
      continue;
    }
    let length = control >>> 5;
    if (length === 7) length += packed[from++] ?? 0;
    length += 2;
    const back = to - (((control & 31) << 8) | (packed[from++] ?? 0)) - 1;
    if (from > packed.length || back < 0 || to + length > bytes) return undefined;
    for (let i = 0; i < length; i++) result[to + i] = result[back + i] as number;
    to += length;
  }
  return to === bytes ? result : undefined;
}

// RDB values written by hand, in every encoding that Redis has had, and payloads around them.
import { Crc64 } from "../../hosts/shared/persistence/crc64";

export type Bytes = number[];

export const latin = (text: string): Bytes => [...Buffer.from(text, "latin1")];
const little = (value: number, bytes: number): Bytes =>
  Array.from({ length: bytes }, (_, n) => Math.floor(value / 2 ** (8 * n)) & 255);
export const little64 = (value: bigint): Bytes =>
  Array.from({ length: 8 }, (_, n) => Number((value >> BigInt(8 * n)) & 255n));
const big32 = (value: number): Bytes => little(value, 4).reverse();

export function length(value: number): Bytes {
  if (value < 64) return [value];
  return value < 16384 ? [0x40 | (value >> 8), value & 255] : [0x80, ...big32(value)];
}

export const text = (value: string | Bytes): Bytes => {
  const bytes = typeof value === "string" ? latin(value) : value;
  return [...length(bytes.length), ...bytes];
};

export const double = (value: number): Bytes => {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(value);
  return [...buffer];
};

/** A compressed text out of its LZF bytes and its length. */
export const lzf = (bytes: Bytes, plain: number): Bytes => [
  0xc3,
  ...length(bytes.length),
  ...length(plain),
  ...bytes,
];

const behind = (entry: Bytes): Bytes =>
  entry.length < 128 ? [entry.length] : [entry.length >> 7, 0x80 | (entry.length & 127)];

/** Entries of a listpack that are given as bytes, without the length behind each. */
export function listpackOf(entries: Bytes[], count = entries.length): Bytes {
  const body = entries.flatMap((entry) => [...entry, ...behind(entry)]);
  return [...little(body.length + 7, 4), ...little(count, 2), ...body, 255];
}

const listpackEntry = (value: string | number): Bytes => {
  if (typeof value === "number") return value < 128 ? [value] : [0xf3, ...little(value, 4)];
  const bytes = latin(value);
  if (bytes.length < 64) return [0x80 | bytes.length, ...bytes];
  return [0xe0 | (bytes.length >> 8), bytes.length & 255, ...bytes];
};

export const listpack = (...values: (string | number)[]): Bytes =>
  listpackOf(values.map(listpackEntry));

/** Entries of a ziplist that are given as bytes, without the length before each. */
export function ziplistOf(entries: Bytes[], count = entries.length): Bytes {
  const body: Bytes = [];
  let before = 0;
  let tail = 10;
  for (const entry of entries) {
    tail = 10 + body.length;
    const head = before < 254 ? [before] : [254, ...little(before, 4)];
    body.push(...head, ...entry);
    before = head.length + entry.length;
  }
  return [...little(body.length + 11, 4), ...little(tail, 4), ...little(count, 2), ...body, 255];
}

export const ziplistEntry = (value: string | number): Bytes => {
  if (typeof value === "number") return value < 13 ? [0xf1 + value] : [0xc0, ...little(value, 2)];
  const bytes = latin(value);
  if (bytes.length < 64) return [bytes.length, ...bytes];
  if (bytes.length < 16384) return [0x40 | (bytes.length >> 8), bytes.length & 255, ...bytes];
  return [0x80, ...big32(bytes.length), ...bytes];
};

export const ziplist = (...values: (string | number)[]): Bytes =>
  ziplistOf(values.map(ziplistEntry));

/** A zipmap of names and values; `unused` bytes stand behind each value. */
export function zipmap(values: string[], unused = 0, count = values.length / 2): Bytes {
  const size = (n: number) => (n < 254 ? [n] : [254, ...little(n, 4)]);
  const spare = unused ? Array<number>(unused).fill(0x2e) : [];
  const body = values.flatMap((value, index) =>
    index % 2
      ? [...size(value.length), unused, ...latin(value), ...spare]
      : [...size(value.length), ...latin(value)],
  );
  return [Math.min(count, 254), ...body, 255];
}

export const intset = (width: number, ...values: number[]): Bytes => [
  ...little(width, 4),
  ...little(values.length, 4),
  ...values.flatMap((value) => little64(BigInt(value)).slice(0, width)),
];

/** The payload of a value: its type, its bytes, the version and the checksum. */
export function payload(type: number, value: Bytes, version = 10): Buffer {
  const bytes = Uint8Array.from([type, ...value, ...little(version, 2)]);
  return Buffer.from([...bytes, ...new Crc64().update(bytes).bytes()]);
}

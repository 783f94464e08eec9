/**
 * CRC-64 with the polynomial of Jones, bits reflected, as Redis uses it: "123456789" gives
 * e9c6d914c4b8d9ca. Eight bytes a step through eight tables, each 64-bit number as two halves,
 * because a BigInt costs more than the whole step.
 */
const POLYNOMIAL_LOW = 0xac4bc9b5 | 0;
const POLYNOMIAL_HIGH = 0x95ac9329 | 0;
const TABLES = 8;

/** Entry `table * 256 + byte`: what a byte becomes that `table` more bytes follow. */
const LOW = new Int32Array(TABLES * 256);
const HIGH = new Int32Array(TABLES * 256);

function fillTables(): void {
  for (let byte = 0; byte < 256; byte++) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carry === 1) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    LOW[byte] = low;
    HIGH[byte] = high;
  }
  for (let at = 256; at < TABLES * 256; at++) {
    const low = LOW[at - 256] as number;
    const high = HIGH[at - 256] as number;
    LOW[at] = ((low >>> 8) | (high << 24)) ^ (LOW[low & 255] as number);
    HIGH[at] = (high >>> 8) ^ (HIGH[low & 255] as number);
  }
}

/** A checksum that bytes are added to. */
export class Crc64 {
  /** The two halves of the checksum so far, as i32. */
  low = 0;
  high = 0;

  /** Adds bytes[start, end). */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    if (LOW[1] === 0) fillTables();
    const whole = start + ((end - start) & ~7);
    this.#addEights(bytes, start, whole);
    for (let at = whole; at < end; at++) {
      const index = (this.low ^ (bytes[at] as number)) & 255;
      this.low = ((this.low >>> 8) | (this.high << 24)) ^ (LOW[index] as number);
      this.high = (this.high >>> 8) ^ (HIGH[index] as number);
    }
    return this;
  }

  #addEights(bytes: Uint8Array, start: number, end: number): void {
    let low = this.low;
    let high = this.high;
    for (let at = start; at < end; at += 8) {
      const i0 = 1792 + ((low & 255) ^ (bytes[at] as number));
      const i1 = 1536 + (((low >>> 8) & 255) ^ (bytes[at + 1] as number));
      const i2 = 1280 + (((low >>> 16) & 255) ^ (bytes[at + 2] as number));
      const i3 = 1024 + ((low >>> 24) ^ (bytes[at + 3] as number));
      const i4 = 768 + ((high & 255) ^ (bytes[at + 4] as number));
      const i5 = 512 + (((high >>> 8) & 255) ^ (bytes[at + 5] as number));
      const i6 = 256 + (((high >>> 16) & 255) ^ (bytes[at + 6] as number));
      const i7 = (high >>> 24) ^ (bytes[at + 7] as number);
      low = xor8(LOW, i0, i1, i2, i3, i4, i5, i6, i7);
      high = xor8(HIGH, i0, i1, i2, i3, i4, i5, i6, i7);
    }
    this.low = low;
    this.high = high;
  }

  /** The checksum as 16 hexadecimal digits. */
  hex(): string {
    return hexOf(this.high) + hexOf(this.low);
  }

  /** The checksum as eight bytes, the lowest first. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, this.low, true);
    view.setInt32(4, this.high, true);
    return bytes;
  }
}

function xor8(
  table: Int32Array,
  i0: number,
  i1: number,
  i2: number,
  i3: number,
  i4: number,
  i5: number,
  i6: number,
  i7: number,
): number {
  return (
    (table[i0] as number) ^
    (table[i1] as number) ^
    (table[i2] as number) ^
    (table[i3] as number) ^
    (table[i4] as number) ^
    (table[i5] as number) ^
    (table[i6] as number) ^
    (table[i7] as number)
  );
}

function hexOf(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}

/** The checksum of bytes[start, end) as 16 hexadecimal digits. */
export function crc64Hex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return new Crc64().update(bytes, start, end).hex();
}

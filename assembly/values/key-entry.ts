/**
 * A key of the key space: one allocation that holds its type, its clocks, its name and, where the
 * value is an integer or a short string, the value.
 *
 *   +0  u32   bits 0-2   type (Type)
 *             bit  3     the key expires
 *             bits 4-7   encoding (Encoding)
 *             bits 8-31  access: LRU clock in seconds, or LFU minutes (16 bits) and counter (8)
 *   +4        [ i64 expiry in ms since 1970 | u32 place in the expiry index ]   only with bit 3
 *   +k        key length: one byte below 128, else four bytes big-endian with the top bit set
 *             key bytes
 *   +v        value, by encoding:
 *               INTEGER                i64
 *               EMBEDDED, EMBEDDED_RAW u8 length, bytes
 *               RAW                    u32 address, u32 length of a block of its own
 *               everything else        u32 address of the structure
 *
 * Why so: a 16-byte key with an 11-byte value takes 33 bytes (class 36) plus 9 in the table, where
 * separate objects for entry, name and value take 104. The name comes before the value so that a
 * lookup compares at a known place. Nothing is aligned but the start: wasm loads need not be.
 *
 * A value that no longer fits gives the entry a new address; whoever owns references to entries
 * (hash table slot, expiry index) is updated by keyspace/database.ts alone.
 */

import { equalBytes } from "../memory/bytes";
import { copyBytes } from "../memory/copy";

export const enum Type {
  STRING = 0,
  LIST = 1,
  SET = 2,
  SORTED_SET = 3,
  HASH = 4,
  STREAM = 5,
}

export const enum Encoding {
  INTEGER = 0,
  /** Short string inside the entry, shown as `embstr`. */
  EMBEDDED = 1,
  /** String in a block of its own, shown as `raw`. */
  RAW = 2,
  /** Short string inside the entry that APPEND or SETRANGE made, or longer than 44: `raw`. */
  EMBEDDED_RAW = 3,
  LISTPACK = 4,
  QUICKLIST = 5,
  HASHTABLE = 6,
  INTSET = 7,
  SKIPLIST = 8,
  STREAM = 9,
  /** Hashes with times of their fields: 8 more than without. */
  LISTPACK_TIMES = 12,
  HASHTABLE_TIMES = 14,
}

const EXPIRES: u32 = 8;
/** The top bit of the encoding: with type HASH, one with times of its fields. */
const TIMES: u32 = 0x80;
const TYPE_MASK: u32 = 7;
const EXPIRY_BYTES: u32 = 12;
const META_BYTES: u32 = 4;
const SHORT_KEY: u32 = 128;
/** Longest string inside an entry: its length is one byte. */
// @ts-ignore: decorator
@inline
export const EMBEDDED_BYTES_MAXIMUM: u32 = 255;
/** Longest string that OBJECT ENCODING calls embstr. */
// @ts-ignore: decorator
@inline
export const EMBSTR_BYTES_MAXIMUM: u32 = 44;

@unmanaged
export class KeyEntry {
  meta: u32;

  // @ts-ignore: decorator
  @inline
  get type(): Type {
    return this.meta & 7;
  }

  // @ts-ignore: decorator
  @inline
  get encoding(): Encoding {
    return (this.meta >> 4) & 15;
  }

  /** Type and encoding change together; the access clock and the expiry bit stay. */
  // @ts-ignore: decorator
  @inline
  setKind(type: Type, encoding: Encoding): void {
    this.meta = (this.meta & ~0xf7) | type | (encoding << 4);
  }

  /** LRU or LFU word, 24 bits. */
  // @ts-ignore: decorator
  @inline
  get access(): u32 {
    return this.meta >> 8;
  }

  // @ts-ignore: decorator
  @inline
  set access(value: u32) {
    this.meta = (this.meta & 0xff) | (value << 8);
  }

  // @ts-ignore: decorator
  @inline
  get expires(): bool {
    return (this.meta & EXPIRES) != 0;
  }

  /** Whether this is a hash that keeps times of its fields. */
  // @ts-ignore: decorator
  @inline
  get hasFieldTimes(): bool {
    return (this.meta & (TIMES | TYPE_MASK)) == (TIMES | Type.HASH);
  }

  /** A first look: false for whatever surely has nothing that expires. */
  // @ts-ignore: decorator
  @inline
  get mayExpire(): bool {
    return (this.meta & (TIMES | EXPIRES)) != 0;
  }

  /** Milliseconds since 1970, -1 for a key without expiry. */
  // @ts-ignore: decorator
  @inline
  get expiryMs(): i64 {
    return this.expires ? load<i64>(changetype<usize>(this) + META_BYTES) : -1;
  }

  /** Only for a key that expires. */
  // @ts-ignore: decorator
  @inline
  set expiryMs(value: i64) {
    store<i64>(changetype<usize>(this) + META_BYTES, value);
  }

  /** Place in the expiry index; only for a key that expires. */
  // @ts-ignore: decorator
  @inline
  get expiryPlace(): u32 {
    return load<u32>(changetype<usize>(this) + META_BYTES + 8);
  }

  // @ts-ignore: decorator
  @inline
  set expiryPlace(place: u32) {
    store<u32>(changetype<usize>(this) + META_BYTES + 8, place);
  }

  // @ts-ignore: decorator
  @inline
  get lengthAddress(): usize {
    return changetype<usize>(this) + (this.expires ? META_BYTES + EXPIRY_BYTES : META_BYTES);
  }

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    const at = this.lengthAddress;
    return load<u8>(at) < SHORT_KEY ? at + 1 : at + 4;
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    const at = this.lengthAddress;
    const first: u32 = load<u8>(at);
    return first < SHORT_KEY ? first : bswap(load<u32>(at)) & 0x7fffffff;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    const at = this.lengthAddress;
    const first: u32 = load<u8>(at);
    if (first < SHORT_KEY) return first == bytes && equalBytes(at + 1, key, bytes);
    return (bswap(load<u32>(at)) & 0x7fffffff) == bytes && equalBytes(at + 4, key, bytes);
  }

  /** Address of the value field. */
  // @ts-ignore: decorator
  @inline
  get value(): usize {
    return this.keyAddress + this.keyBytes;
  }

  /** Address of the block or structure that the value field refers to. */
  // @ts-ignore: decorator
  @inline
  get reference(): usize {
    return load<u32>(this.value);
  }

  // @ts-ignore: decorator
  @inline
  set reference(address: usize) {
    store<u32>(this.value, <u32>address);
  }
}

/** Bytes of the length field of a key. */
// @ts-ignore: decorator
@inline
function lengthBytes(keyBytes: u32): u32 {
  return keyBytes < SHORT_KEY ? 1 : 4;
}

/** Bytes of an entry with a value field of `valueBytes`. */
// @ts-ignore: decorator
@inline
export function entryBytes(keyBytes: u32, expires: bool, valueBytes: u32): u32 {
  return META_BYTES + (expires ? EXPIRY_BYTES : 0) + lengthBytes(keyBytes) + keyBytes + valueBytes;
}

/** Writes the head of an entry: everything but expiry and value. */
export function writeEntryHead(
  entry: KeyEntry,
  key: usize,
  keyBytes: u32,
  access: u32,
  expires: bool,
): void {
  entry.meta = (access << 8) | (expires ? EXPIRES : 0);
  const at = entry.lengthAddress;
  if (keyBytes < SHORT_KEY) {
    store<u8>(at, <u8>keyBytes);
    copyBytes(at + 1, key, keyBytes);
  } else {
    store<u32>(at, bswap(keyBytes | 0x80000000));
    copyBytes(at + 4, key, keyBytes);
  }
}

/** Bytes of the value field that `entry` has now. */
export function valueFieldBytes(entry: KeyEntry): u32 {
  switch (entry.encoding) {
    case Encoding.INTEGER:
    case Encoding.RAW:
      return 8;
    case Encoding.EMBEDDED:
    case Encoding.EMBEDDED_RAW:
      return 1 + <u32>load<u8>(entry.value);
    default:
      return 4;
  }
}

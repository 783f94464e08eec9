/**
 * A value out of RDB: from a range of memory to a value that a key can take.
 *
 *   openReader     finds out what it is; false when it is nothing that Quire knows
 *   reader().compressedBlobBytes: so much memory must be there before `measureReader`
 *   measureReader  goes through everything once; returns the memory that the value takes, or -1
 *   buildReader    makes the value; false when it was wrong after all, and nothing is left of it
 *   attachValue    gives the value to a key
 *   closeReader    always, at the end
 *
 * What comes from outside is believed in nothing: a value is made element by element through the
 * functions that commands use, in the encoding that they would choose, whatever encoding it came
 * in. So members are found once only, scores are in order, lengths are right. The first pass makes
 * sure that the second does not run out of memory; whatever only the second sees (compressed texts
 * that do not decompress, repeated members) takes the unfinished value away again.
 *
 * The caller fills the limits of the encodings (Reader, `setLimits()`) before.
 *
 * Cost: linear in the length of the decompressed value, for sorted sets O(n log n).
 */

import { addKey } from "../keyspace/database";
import { settleFieldTimes } from "../keyspace/field-expiry";
import { Database } from "../keyspace/keyspace";
import { setBlock, setString, stringBytesNeeded } from "../keyspace/strings";
import { Arena, allocate } from "../memory/allocator";
import { chunkBytesMaximum, chunkCountMaximum } from "../structures/chunked-list";
import { releaseValue } from "../values/free";
import { EMBEDDED_BYTES_MAXIMUM, KeyEntry, Type } from "../values/key-entry";
import { creationBytes } from "../values/set";
import { buildList, buildSet, buildSortedSet } from "./build";
import { buildHash, hasEarliest, isTimed, readTime, takeTimeText, timesBytes } from "./build-hash";
import {
  closeInput, countText, failInput, input, openBlocks, openInput, readByte, readLength, readText,
  readWord, skipText, takeBytes,
} from "./input";
import { Packing, nextPacked, openPacked } from "./packed-input";
import { Shape, reader, valueEntry } from "./reader-state";
import { repeatsBytes } from "./repeats";
import { RdbType } from "./types";

/** Beside an element of a table: lengths, slots, buckets, nodes. */
const PAIR_BYTES: f64 = 96;
const MEMBER_BYTES: f64 = 128;
const CHUNK_BYTES: f64 = 64;
/** What blocks that grow may take in addition. */
const GROWTH_BYTES: f64 = 65536;
const REFUSED: f64 = -1;

/** Looks at a value, its type first, from a payload or file of this version. */
export function openReader(address: usize, bytes: u32, version: u32): bool {
  openInput(address, bytes);
  const value = reader();
  value.type = readByte();
  value.version = version;
  value.start = address + 1;
  value.compressedBlobBytes = 0;
  value.hasTimes = 0;
  if (input().failed || !findShape(value.type)) return false;
  if (value.shape != Shape.BLOB) return true;
  readEarliest();
  skipText();
  value.compressedBlobBytes = input().longestCompressed;
  return !input().failed;
}

export function closeReader(): void {
  closeInput();
}

/** The time that stands before some hashes. */
function readEarliest(): void {
  if (hasEarliest()) reader().earliestMs = <i64>readWord();
}

/** How a type is laid out; false for one that is not known. */
function findShape(type: RdbType): bool {
  switch (type) {
    case RdbType.STRING:
      reader().shape = Shape.STRING;
      return true;
    case RdbType.LIST:
    case RdbType.SET:
    case RdbType.SORTED_SET:
    case RdbType.SORTED_SET_2:
    case RdbType.HASH:
    case RdbType.HASH_TIMES_22:
    case RdbType.HASH_TIMES:
      reader().shape = Shape.TEXTS;
      return true;
    case RdbType.LIST_QUICKLIST:
    case RdbType.LIST_QUICKLIST_2:
      reader().shape = Shape.NODES;
      return true;
    default:
      reader().shape = Shape.BLOB;
      return findPacking(type);
  }
}

function findPacking(type: RdbType): bool {
  switch (type) {
    case RdbType.LIST_ZIPLIST:
    case RdbType.SORTED_SET_ZIPLIST:
    case RdbType.HASH_ZIPLIST:
      reader().packing = Packing.ZIPLIST;
      return true;
    case RdbType.HASH_LISTPACK:
    case RdbType.HASH_LISTPACK_TIMES_23:
    case RdbType.HASH_LISTPACK_TIMES:
    case RdbType.SORTED_SET_LISTPACK:
    case RdbType.SET_LISTPACK:
      reader().packing = Packing.LISTPACK;
      return true;
    case RdbType.HASH_ZIPMAP:
      reader().packing = Packing.ZIPMAP;
      return true;
    case RdbType.SET_INTSET:
      reader().packing = Packing.INTSET;
      return true;
    default:
      return false;
  }
}

/** The type of the key. */
function typeOfValue(): Type {
  switch (reader().type) {
    case RdbType.STRING:
      return Type.STRING;
    case RdbType.LIST:
    case RdbType.LIST_ZIPLIST:
    case RdbType.LIST_QUICKLIST:
    case RdbType.LIST_QUICKLIST_2:
      return Type.LIST;
    case RdbType.SET:
    case RdbType.SET_INTSET:
    case RdbType.SET_LISTPACK:
      return Type.SET;
    case RdbType.SORTED_SET:
    case RdbType.SORTED_SET_2:
    case RdbType.SORTED_SET_ZIPLIST:
    case RdbType.SORTED_SET_LISTPACK:
      return Type.SORTED_SET;
    default:
      return Type.HASH;
  }
}

// ---- First pass --------------------------------------------------------------------------------

/** The memory that `buildReader` may need, -1 when the value is already seen to be wrong. */
export function measureReader(): f64 {
  const start = reader().start;
  openInput(start, <u32>(input().end - start));
  switch (reader().shape) {
    case Shape.STRING:
      skipText();
      break;
    case Shape.TEXTS:
      measureTexts();
      break;
    case Shape.BLOB:
      measureBlob();
      break;
    default:
      measureNodes();
  }
  if (input().failed || input().cursor != input().end) return REFUSED;
  return bytesNeeded();
}

/** The count of what follows: some, and no more than there are bytes for. */
function readCount(): u32 {
  const count = readLength();
  if (!count || count > <u64>(input().end - input().cursor)) failInput();
  return input().failed ? 0 : <u32>count;
}

function measureTexts(): void {
  readEarliest();
  const count = readCount();
  const type = reader().type;
  const isHash = typeOfValue() == Type.HASH;
  reader().count = count;
  for (let left = count; left && !input().failed; left--) {
    readTime(true);
    skipText();
    if (isHash) {
      skipText();
      readTime(false);
    } else if (type == RdbType.SORTED_SET_2) {
      takeBytes(8);
    } else if (type == RdbType.SORTED_SET) {
      const bytes = readByte();
      if (bytes < 253) takeBytes(bytes);
    }
  }
}

/** Decompresses the packed value where that is needed, and walks it once. */
function measureBlob(): void {
  if (reader().compressedBlobBytes) openBlocks(reader().compressedBlobBytes, 0);
  readEarliest();
  readText();
  if (input().failed) return;
  reader().blob = input().address;
  reader().blobBytes = input().bytes;
  openPacked(reader().packing, input().address, input().bytes);
  const isPairs = typeOfValue() == Type.HASH || typeOfValue() == Type.SORTED_SET;
  const step: u32 = isTimed() ? 3 : isPairs ? 2 : 1;
  while (nextPacked()) {
    countText(input().bytes);
    if (isTimed() && input().texts % 3 == 0) takeTimeText();
  }
  const count = input().texts;
  if (!count || count % step) failInput();
  reader().count = count / step;
}

function measureNodes(): void {
  const count = readCount();
  reader().count = count;
  for (let left = count; left && !input().failed; left--) {
    if (reader().type == RdbType.LIST_QUICKLIST_2) readLength();
    skipText();
  }
}

function bytesNeeded(): f64 {
  const total = input().totalBytes;
  let needed = valueBytesNeeded();
  if (reader().shape == Shape.STRING) {
    if (total <= <f64>EMBEDDED_BYTES_MAXIMUM) needed += 2 * total;
  } else if (reader().shape != Shape.BLOB) {
    needed += 2 * <f64>input().longestCompressed;
  }
  return needed;
}

function valueBytesNeeded(): f64 {
  const total = input().totalBytes;
  const count = <f64>reader().count;
  switch (typeOfValue()) {
    case Type.STRING:
      return stringBytesNeeded(<u32>total);
    case Type.LIST:
      return listBytesNeeded();
    case Type.SET:
      return creationBytes(reader().count, total) + repeatsBytes(reader().count) + GROWTH_BYTES;
    case Type.SORTED_SET:
      return total * 3 + count * MEMBER_BYTES + repeatsBytes(reader().count) + GROWTH_BYTES;
    default:
      return total * 3 + count * PAIR_BYTES + repeatsBytes(reader().count) + GROWTH_BYTES
        + timesBytes(reader().count);
  }
}

/** Our packed form of what one of Redis's holds is at most half as long again. */
function listBytesNeeded(): f64 {
  const isNodes = reader().shape == Shape.NODES;
  const total = input().totalBytes;
  const packed = isNodes ? total * 1.5 : total * 1.125 + <f64>input().texts * 4;
  const fill = reader().listChunk;
  const most = chunkBytesMaximum(fill);
  const elements = isNodes ? total / 2 : <f64>input().texts;
  const chunks = fill < 0 ? 0 : elements / <f64>chunkCountMaximum(fill);
  return packed * 1.25 + (chunks + packed * 2 / <f64>most) * CHUNK_BYTES + 4 * <f64>most
    + GROWTH_BYTES;
}

// ---- Second pass -------------------------------------------------------------------------------

/** Makes the value; the memory is reserved. False: it was wrong, and there is none. */
export function buildReader(): bool {
  const isString = reader().shape == Shape.STRING;
  if (isString) {
    prepareString();
    readText();
    return !input().failed;
  }
  prepareElements();
  switch (typeOfValue()) {
    case Type.LIST:
      buildList();
      break;
    case Type.SET:
      buildSet();
      break;
    case Type.SORTED_SET:
      buildSortedSet();
      break;
    default:
      buildHash();
  }
  if (!input().failed) return true;
  if (valueEntry().reference) releaseValue(valueEntry());
  return false;
}

/** Begins the value again, with memory for its compressed texts. */
function prepareElements(): void {
  if (reader().shape == Shape.BLOB) return;
  if (input().longestCompressed) {
    openBlocks(input().longestCompressed, input().longestCompressed);
  }
  input().cursor = reader().start;
  readEarliest();
  readCount();
}

/** A long compressed string is decompressed into the block that will be the key's. */
function prepareString(): void {
  const bytes = input().longestCompressed;
  input().cursor = reader().start;
  if (!bytes) return;
  if (bytes > EMBEDDED_BYTES_MAXIMUM) {
    input().first = allocate(Arena.DATA, bytes);
    input().blockBytes = bytes;
  } else {
    openBlocks(bytes, 0);
  }
}

/** Gives the value to the key that the last lookup did not find. */
export function attachValue(database: Database, key: usize, keyBytes: u32): KeyEntry {
  if (reader().shape == Shape.STRING) return attachString(database, key, keyBytes);
  const value = valueEntry();
  const entry = addKey(database, key, keyBytes, value.type, value.encoding, 4);
  entry.reference = value.reference;
  settleFieldTimes(database, entry);
  return entry;
}

function attachString(database: Database, key: usize, keyBytes: u32): KeyEntry {
  const address = input().address;
  const bytes = input().bytes;
  if (address == input().first && bytes > EMBEDDED_BYTES_MAXIMUM) {
    input().first = 0;
    return setBlock(database, key, keyBytes, address, bytes, false);
  }
  return setString(database, key, keyBytes, address, bytes, false);
}

/** Takes a built value away that no key got. */
export function discardValue(): void {
  if (reader().shape != Shape.STRING) releaseValue(valueEntry());
}

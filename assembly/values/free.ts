/**
 * Freeing of values: the one place that knows, for each encoding, what a key owns besides its
 * entry; at once, or taken apart in bounded pieces.
 *
 * `releaseValue` frees everything. A value of many blocks is too much for one call: it is handed
 * over as a `Remains` and an address, and `freePiece` takes a chain of buckets, a chunk, a node or
 * a segment away until nothing is left.
 */

import { release } from "../memory/allocator";
import { countSteps } from "../memory/steps";
import { ChunkedList, dropFirstChunk } from "../structures/chunked-list";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, freeLastBucket, nextInChain, occupiedSlots, referenceAt,
} from "../structures/hash-table";
import { OrderedIndex, freeLastNode } from "../structures/ordered-index";
import { freeLastSegment } from "../structures/reference-vector";
import { freeHash, hashTableOf, isPackedHash } from "./hash";
import { FieldTimes, fieldTimes } from "./hash-times";
import { Encoding, KeyEntry, Type } from "./key-entry";
import { freeList } from "./list";
import { releaseSet } from "./set";
import { releaseSortedSet } from "./sorted-set";

/** What an address of a dismantled value refers to. */
export const enum Remains {
  /** One or few blocks: `releaseValue` is as good. */
  NONE = 0,
  /** A HashTable whose elements are one block each: a set, a hash. */
  TABLE = 1,
  /** The record of a hash whose fields expire. */
  TIMED_TABLE = 2,
  LIST = 3,
  SORTED_SET = 4,
}

/** Frees what the value field refers to; the entry itself stays. */
export function releaseValue(entry: KeyEntry): void {
  if (entry.type == Type.STRING) {
    if (entry.encoding == Encoding.RAW) release(entry.reference);
    return;
  }
  switch (entry.type) {
    case Type.HASH:
      return freeHash(entry);
    case Type.SET:
      return releaseSet(entry);
    case Type.LIST:
      return freeList(entry);
    case Type.SORTED_SET:
      return releaseSortedSet(entry);
    default:
      unreachable();
  }
}

/** What an entry refers to when that is more than `blocks` blocks, else NONE. */
export function remainsOf(entry: KeyEntry, blocks: u32): Remains {
  switch (entry.type) {
    case Type.HASH:
      if (isPackedHash(entry) || hashTableOf(entry).count <= blocks) return Remains.NONE;
      return entry.hasFieldTimes ? Remains.TIMED_TABLE : Remains.TABLE;
    case Type.SET:
      if (entry.encoding != Encoding.HASHTABLE) return Remains.NONE;
      return tableAt(entry.reference).count > blocks ? Remains.TABLE : Remains.NONE;
    case Type.LIST:
      if (entry.encoding != Encoding.QUICKLIST) return Remains.NONE;
      return listAt(entry.reference).chunks > blocks ? Remains.LIST : Remains.NONE;
    case Type.SORTED_SET:
      if (entry.encoding != Encoding.SKIPLIST) return Remains.NONE;
      return tableAt(entry.reference).count > blocks ? Remains.SORTED_SET : Remains.NONE;
    default:
      return Remains.NONE;
  }
}

// @ts-ignore: decorator
@inline
function tableAt(address: usize): HashTable {
  return changetype<HashTable>(address);
}

// @ts-ignore: decorator
@inline
function listAt(address: usize): ChunkedList {
  return changetype<ChunkedList>(address);
}

/** Frees a bounded piece; returns how many blocks that was, 0 when now nothing is left. */
export function freePiece(remains: Remains, address: usize): u32 {
  let blocks: u32 = 0;
  switch (remains) {
    case Remains.TABLE:
      blocks = freeElements(tableAt(address));
      break;
    case Remains.TIMED_TABLE:
      blocks = freeTimedPiece(changetype<FieldTimes>(address));
      break;
    case Remains.LIST:
      if (listAt(address).first) {
        dropFirstChunk(listAt(address));
        blocks = 2;
      }
      break;
    case Remains.SORTED_SET:
      blocks = freeElements(tableAt(address));
      if (!blocks) blocks = freeNode(changetype<OrderedIndex>(address + HASH_TABLE_BYTES));
      break;
    default:
      unreachable();
  }
  if (!blocks) release(address);
  countSteps(blocks);
  return blocks;
}

/** Frees the last chain of buckets with its elements; returns blocks, 0 for an empty table. */
function freeElements(table: HashTable): u32 {
  if (!table.buckets) return 0;
  let blocks: u32 = 1;
  for (let b = bucketAt(table, table.buckets - 1); b; b = nextInChain(b)) {
    const elements = occupiedSlots(b);
    for (let slot = 0; slot < elements; slot++) release(referenceAt(b, slot));
    table.count -= elements;
    blocks += elements;
  }
  freeLastBucket(table);
  return blocks;
}

function freeTimedPiece(times: FieldTimes): u32 {
  if (times.fields.capacity) {
    freeLastSegment(times.fields);
    return 1;
  }
  const table: usize = times.body;
  if (!table) return 0;
  const blocks = freeElements(tableAt(table));
  if (blocks) return blocks;
  release(table);
  times.body = 0;
  return 1;
}

function freeNode(index: OrderedIndex): u32 {
  if (!index.root) return 0;
  freeLastNode(index);
  return 1;
}

/** The address that `remainsOf` speaks of. */
export function remainsAddress(entry: KeyEntry): usize {
  return entry.hasFieldTimes ? changetype<usize>(fieldTimes(entry)) : entry.reference;
}

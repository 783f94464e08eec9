/**
 * Walking through a set and drawing from it, whatever its encoding.
 *
 * A cursor in scratch memory stands on a member and tells its text; an integer is rendered into the
 * cursor. It holds until the set changes.
 */

import { hashBytes } from "../memory/root";
import { scratchTake } from "../memory/scratch";
import {
  HashTable, bucketAt, find, nextInChain, occupiedSlots, randomReference, referenceAt,
} from "../structures/hash-table";
import { integerSetAt, integerSetCount } from "../structures/integer-set";
import {
  packedAt, packedCount, packedFirst, packedNext, packedText, packedTextBytes,
} from "../structures/packed-list";
import { writeInteger } from "../text/integers";
import { Encoding, KeyEntry } from "./key-entry";
import { SetMember } from "./set-member";
import { setHas, setTable } from "./set";

@unmanaged
export class SetCursor {
  /** Address and bytes of the member's text. */
  text: usize;
  bytes: u32;
  /** The member's block, 0 when the set is no hash table. */
  member: usize;
  entry: KeyEntry;
  /** Index of the next member of an integer set, or of the chain of a table. */
  index: u32;
  /** Packed entry, or bucket of the table. */
  place: usize;
  slot: i32;
  /** Room for a number. */
  digits: u64;
  digits1: u64;
  digits2: u64;
}

// @ts-ignore: decorator
@inline
function digitsOf(cursor: SetCursor): usize {
  return changetype<usize>(cursor) + offsetof<SetCursor>("digits");
}

/** A cursor before the first member; in scratch memory. */
export function openSetCursor(entry: KeyEntry): SetCursor {
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  restartSetCursor(cursor, entry);
  return cursor;
}

/** Puts a cursor before the first member of a set. */
export function restartSetCursor(cursor: SetCursor, entry: KeyEntry): void {
  cursor.entry = entry;
  cursor.index = 0;
  cursor.place = 0;
  cursor.slot = 0;
  cursor.member = 0;
}

/** Goes to the next member; false at the end. */
export function setNext(cursor: SetCursor): bool {
  switch (cursor.entry.encoding) {
    case Encoding.INTSET:
      if (cursor.index >= integerSetCount(cursor.entry.reference)) return false;
      standOnNumber(cursor, cursor.index);
      cursor.index += 1;
      return true;
    case Encoding.LISTPACK:
      return nextPacked(cursor);
    default:
      return nextInTable(cursor);
  }
}

function standOnNumber(cursor: SetCursor, index: u32): void {
  cursor.member = 0;
  cursor.text = digitsOf(cursor);
  cursor.bytes = writeInteger(cursor.text, integerSetAt(cursor.entry.reference, index));
}

function standOnPacked(cursor: SetCursor, place: usize): void {
  cursor.member = 0;
  cursor.bytes = packedTextBytes(place);
  cursor.text = packedText(place, digitsOf(cursor));
}

function standOnMember(cursor: SetCursor, block: usize): void {
  const member = changetype<SetMember>(block);
  cursor.member = block;
  cursor.text = member.keyAddress;
  cursor.bytes = member.keyBytes;
}

function nextPacked(cursor: SetCursor): bool {
  const list = cursor.entry.reference;
  const place = cursor.place ? packedNext(list, cursor.place) : packedFirst(list);
  if (!place) return false;
  cursor.place = place;
  standOnPacked(cursor, place);
  return true;
}

/** `place` is a bucket of chain `index - 1` with `slot` members behind the cursor. */
function nextInTable(cursor: SetCursor): bool {
  const table = setTable(cursor.entry);
  while (!cursor.place || cursor.slot == occupiedSlots(cursor.place)) {
    cursor.slot = 0;
    cursor.place = cursor.place ? nextInChain(cursor.place) : 0;
    if (cursor.place) continue;
    if (cursor.index >= table.buckets) return false;
    cursor.place = bucketAt(table, cursor.index);
    cursor.index += 1;
  }
  standOnMember(cursor, referenceAt(cursor.place, cursor.slot));
  cursor.slot += 1;
  return true;
}

/**
 * A hash of the member that finds it in `target`, another table: where the chain of the member
 * tells enough bits of the hash, it is put together from chain and fingerprint without reading the
 * text. Tables of about the same size are so joined chain by chain.
 */
export function hashFor(cursor: SetCursor, target: HashTable): u64 {
  const own = setTable(cursor.entry);
  const chain = cursor.index - 1;
  const isSplit = chain > own.mask || chain + own.mask + 1 < own.buckets;
  const known = isSplit ? (own.mask << 1) | 1 : own.mask;
  const sibling = (chain & target.mask) + target.mask + 1;
  const isEnough = known > target.mask || (known == target.mask && sibling >= target.buckets);
  if (!isEnough) return hashBytes(cursor.text, cursor.bytes);
  return (<u64>load<u8>(cursor.place + cursor.slot - 1) << 56) | <u64>chain;
}

/** Whether the member is in another set. */
export function isMemberOf(cursor: SetCursor, other: KeyEntry): bool {
  if (!cursor.member || other.encoding != Encoding.HASHTABLE) {
    return setHas(other, cursor.text, cursor.bytes);
  }
  const table = setTable(other);
  return find<SetMember>(table, cursor.text, cursor.bytes, hashFor(cursor, table)) != 0;
}

/** A number below `limit`, every one with the same chance, from a random number. */
// @ts-ignore: decorator
@inline
export function below(random: u64, limit: u32): u32 {
  return <u32>(((random >> 32) * <u64>limit) >> 32);
}

/**
 * Stands on a member drawn with the same chance for each; the set is not empty. Returns what tells
 * members apart: the block in a hash table, the index elsewhere.
 */
export function drawMember(cursor: SetCursor, random: u64): u32 {
  const entry = cursor.entry;
  if (entry.encoding == Encoding.HASHTABLE) {
    const block = randomReference(setTable(entry), random);
    standOnMember(cursor, block);
    return <u32>block;
  }
  if (entry.encoding == Encoding.INTSET) {
    const index = below(random, integerSetCount(entry.reference));
    standOnNumber(cursor, index);
    return index;
  }
  const index = below(random, packedCount(entry.reference));
  standOnPacked(cursor, packedAt(entry.reference, <i32>index));
  return index;
}

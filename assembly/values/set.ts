/**
 * Sets: what a key's reference means in each encoding, and the operations on members.
 *
 *   INTSET     structures/integer-set.ts: every member is a 64-bit integer
 *   LISTPACK   structures/packed-list.ts: a few short members, searched from the start
 *   HASHTABLE  a HashTable record; each member is a block of its own (values/set-member.ts)
 *
 * A set starts in the smallest encoding that its first member and the size that is announced allow,
 * and moves on when a member is added that does not fit the limits. It never moves back, so that a
 * set at a limit does not go to and fro.
 *
 * The operations take a KeyEntry whose value field is the reference. A set that belongs to no key
 * yet hangs on an entry without a name (`temporarySet`), so the same code builds results.
 *
 *   SERVER root + 0x3dc0:  i64 number just parsed | 24 bytes text | limits (3 u32)
 *
 * Memory: `additionBytes` says what to reserve before members are added; removal needs none.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, usableBytes } from "../memory/allocator";
import { hashBytes } from "../memory/root";
import { scratchTake } from "../memory/scratch";
import {
  HASH_TABLE_BYTES, HashTable, bucketAt, find, freeLastBucket, initializeTable, insert,
  nextInChain, occupiedSlots, referenceAt, remove, tableBytes, validateTable,
} from "../structures/hash-table";
import {
  createIntegerSet, grownIntegerSetBytes, integerSetAt, integerSetCount, integerSetFind,
  integerSetInsert, integerSetRemove, validateIntegerSet,
} from "../structures/integer-set";
import {
  copyPackedList, createPackedList, freePackedList, packedBytes, packedCount, packedFind,
  packedFirst, packedInsert, packedNext, packedRemove, packedText, packedTextBytes,
  validatePackedList,
} from "../structures/packed-list";
import { INTEGER_BYTES_MAX, integerBytes, parseInteger, writeInteger } from "../text/integers";
import { Encoding, KeyEntry, Type, entryBytes, writeEntryHead } from "./key-entry";
import { SetMember, memberBlockBytes, writeMember } from "./set-member";

const NUMBER: usize = SERVER_ROOT + 0x3dc0;
const TEXT: usize = SERVER_ROOT + 0x3dc8;
const LIMITS: usize = SERVER_ROOT + 0x3de0;

/** What a member takes in a hash table: its place, its length, the rounding of its block. */
const MEMBER_BYTES: f64 = 32;
/** A packed list begins with room for a few members. */
const PACKED_BYTES: u32 = 32;
/** And ends here, whatever the limits say. */
const PACKED_BYTES_MAXIMUM: u32 = 1 << 30;
const PACKED_NUMBERS_MAXIMUM: u32 = 1 << 24;

/** How large a set may be in the small encodings. */
@unmanaged
export class SetLimits {
  /** Members of an integer set. */
  integers: u32;
  /** Members of a packed list, and bytes of each. */
  packed: u32;
  packedBytes: u32;
}

// @ts-ignore: decorator
@inline
export function setLimits(): SetLimits {
  return changetype<SetLimits>(LIMITS);
}

/** A set without a key, empty and in scratch memory; the next additions choose its encoding. */
export function temporarySet(encoding: Encoding): KeyEntry {
  const entry = changetype<KeyEntry>(scratchTake(entryBytes(0, false, 4)));
  writeEntryHead(entry, 0, 0, 0, false);
  startSet(entry, encoding);
  return entry;
}

/** Makes the entry an empty set of this encoding. */
export function startSet(entry: KeyEntry, encoding: Encoding): void {
  entry.setKind(Type.SET, encoding);
  if (encoding == Encoding.INTSET) {
    entry.reference = createIntegerSet();
  } else if (encoding == Encoding.LISTPACK) {
    entry.reference = createPackedList(PACKED_BYTES);
  } else {
    const table = allocate(Arena.DATA, HASH_TABLE_BYTES);
    initializeTable(changetype<HashTable>(table));
    entry.reference = table;
  }
}

/** The encoding of a new set that begins with this member and is about to get `members`. */
export function encodingFor(address: usize, bytes: u32, members: u32): Encoding {
  if (members <= setLimits().integers && isInteger(address, bytes)) return Encoding.INTSET;
  return members <= setLimits().packed ? Encoding.LISTPACK : Encoding.HASHTABLE;
}

/** Moves a set on at once when so many members are about to be added that it would not fit. */
export function announceMembers(entry: KeyEntry, members: u32): void {
  const isOver = entry.encoding == Encoding.LISTPACK
    ? members > setLimits().packed
    : entry.encoding == Encoding.INTSET && members > setLimits().integers;
  if (isOver) toHashTable(entry);
}

/** Whether text is a 64-bit integer in canonical form; `NUMBER` holds it then. */
// @ts-ignore: decorator
@inline
export function isInteger(address: usize, bytes: u32): bool {
  return bytes - 1 < <u32>INTEGER_BYTES_MAX && load<u8>(address) <= 0x39
    && parseInteger(address, bytes, NUMBER);
}

// @ts-ignore: decorator
@inline
export function setTable(entry: KeyEntry): HashTable {
  return changetype<HashTable>(entry.reference);
}

/** Members. */
export function setCount(entry: KeyEntry): u32 {
  switch (entry.encoding) {
    case Encoding.INTSET:
      return integerSetCount(entry.reference);
    case Encoding.LISTPACK:
      return packedCount(entry.reference);
    default:
      return setTable(entry).count;
  }
}

/** Whether the text is a member. */
export function setHas(entry: KeyEntry, address: usize, bytes: u32): bool {
  switch (entry.encoding) {
    case Encoding.INTSET:
      return isInteger(address, bytes)
        && integerSetFind(entry.reference, load<i64>(NUMBER)) >= 0;
    case Encoding.LISTPACK:
      return findPacked(entry.reference, address, bytes) != 0;
    default:
      return find<SetMember>(setTable(entry), address, bytes, hashBytes(address, bytes)) != 0;
  }
}

// @ts-ignore: decorator
@inline
function findPacked(list: usize, address: usize, bytes: u32): usize {
  const first = packedFirst(list);
  return first ? packedFind(list, first, address, bytes, 0) : 0;
}

/** Adds a member; false when it is one already. The caller has reserved `additionBytes`. */
export function setAdd(entry: KeyEntry, address: usize, bytes: u32): bool {
  switch (entry.encoding) {
    case Encoding.INTSET:
      return isInteger(address, bytes)
        ? addInteger(entry, load<i64>(NUMBER))
        : addText(entry, address, bytes);
    case Encoding.LISTPACK:
      return addPacked(entry, address, bytes);
    default:
      return addToTable(setTable(entry), address, bytes);
  }
}

function addInteger(entry: KeyEntry, value: i64): bool {
  const place = integerSetFind(entry.reference, value);
  if (place >= 0) return false;
  const set = integerSetInsert(entry.reference, <u32>~place, value);
  entry.reference = set;
  if (integerSetCount(set) > setLimits().integers) toHashTable(entry);
  return true;
}

/** Adds the first member that is no integer to an integer set. */
function addText(entry: KeyEntry, address: usize, bytes: u32): bool {
  const limits = setLimits();
  const fits = integerSetCount(entry.reference) < min<u32>(limits.packed, PACKED_NUMBERS_MAXIMUM)
    && bytes <= limits.packedBytes
    && widestNumeral(entry.reference) <= limits.packedBytes;
  if (fits) toPackedList(entry);
  else toHashTable(entry);
  return setAdd(entry, address, bytes);
}

/** Bytes of the longest member of an integer set. */
function widestNumeral(set: usize): u32 {
  const count = integerSetCount(set);
  if (!count) return 0;
  const first = integerBytes(integerSetAt(set, 0));
  return max(first, integerBytes(integerSetAt(set, count - 1)));
}

function addPacked(entry: KeyEntry, address: usize, bytes: u32): bool {
  const list = entry.reference;
  if (findPacked(list, address, bytes)) return false;
  if (fitsPacked(list, bytes)) {
    entry.reference = packedInsert(list, 0, address, bytes);
    return true;
  }
  toHashTable(entry);
  return addToTable(setTable(entry), address, bytes);
}

/** Whether one more member may go into a packed list; none grows beyond what is sensible. */
function fitsPacked(list: usize, bytes: u32): bool {
  const limits = setLimits();
  return packedCount(list) < limits.packed && bytes <= limits.packedBytes
    && packedBytes(list) < PACKED_BYTES_MAXIMUM && bytes < PACKED_BYTES_MAXIMUM;
}

function addToTable(table: HashTable, address: usize, bytes: u32): bool {
  const hash = hashBytes(address, bytes);
  if (find<SetMember>(table, address, bytes, hash)) return false;
  const block = allocate(Arena.DATA, memberBlockBytes(bytes));
  writeMember(block, address, bytes);
  insert<SetMember>(table, block, hash);
  return true;
}

/** Removes a member; false when it is none. An emptied set stays, for its owner to remove. */
export function setRemove(entry: KeyEntry, address: usize, bytes: u32): bool {
  switch (entry.encoding) {
    case Encoding.INTSET: {
      if (!isInteger(address, bytes)) return false;
      const place = integerSetFind(entry.reference, load<i64>(NUMBER));
      if (place < 0) return false;
      entry.reference = integerSetRemove(entry.reference, place);
      return true;
    }
    case Encoding.LISTPACK: {
      const found = findPacked(entry.reference, address, bytes);
      if (!found) return false;
      entry.reference = packedRemove(entry.reference, found, 1);
      return true;
    }
    default:
      return removeFromTable(setTable(entry), address, bytes);
  }
}

function removeFromTable(table: HashTable, address: usize, bytes: u32): bool {
  const hash = hashBytes(address, bytes);
  const slot = find<SetMember>(table, address, bytes, hash);
  if (!slot) return false;
  const block = load<u32>(slot);
  remove(table, slot, hash);
  release(block);
  return true;
}

function toPackedList(entry: KeyEntry): void {
  const set = entry.reference;
  const count = integerSetCount(set);
  let list = createPackedList(count * 8 + PACKED_BYTES);
  for (let index: u32 = 0; index < count; index++) {
    list = packedInsert(list, 0, TEXT, writeInteger(TEXT, integerSetAt(set, index)));
  }
  release(set);
  entry.setKind(Type.SET, Encoding.LISTPACK);
  entry.reference = list;
}

function toHashTable(entry: KeyEntry): void {
  const old = entry.reference;
  const isIntegers = entry.encoding == Encoding.INTSET;
  startSet(entry, Encoding.HASHTABLE);
  const table = setTable(entry);
  if (isIntegers) {
    const count = integerSetCount(old);
    for (let index: u32 = 0; index < count; index++) {
      addToTable(table, TEXT, writeInteger(TEXT, integerSetAt(old, index)));
    }
    release(old);
    return;
  }
  for (let at = packedFirst(old); at; at = packedNext(old, at)) {
    const bytes = packedTextBytes(at);
    addToTable(table, packedText(at, TEXT), bytes);
  }
  freePackedList(old);
}

/** Bytes to reserve before a new set gets `members` members of `bytes` bytes in all. */
export function creationBytes(members: u32, bytes: f64): f64 {
  return bytes * 2.5 + <f64>members * (MEMBER_BYTES + 32);
}

/**
 * Bytes to reserve before `members` members of `bytes` bytes in all are added. An integer set stays
 * one when the members are integers (`numbers`) and fit; otherwise it may move on as a whole.
 */
export function additionBytes(
  entry: KeyEntry,
  members: u32,
  bytes: f64,
  numbers: bool,
): f64 {
  const added = creationBytes(members, bytes);
  if (entry.encoding == Encoding.HASHTABLE) return added;
  if (entry.encoding == Encoding.LISTPACK) {
    const list = entry.reference;
    return added + <f64>packedBytes(list) * 2.5 + <f64>packedCount(list) * MEMBER_BYTES;
  }
  const count = integerSetCount(entry.reference);
  const grown = added + grownIntegerSetBytes(entry.reference, members) * 1.125;
  const stays = numbers && <f64>count + <f64>members <= <f64>setLimits().integers;
  return stays ? grown : grown + <f64>count * (MEMBER_BYTES + 20);
}

/** Frees the members and what holds them. */
export function releaseSet(entry: KeyEntry): void {
  if (entry.encoding == Encoding.INTSET) return release(entry.reference);
  if (entry.encoding == Encoding.LISTPACK) return freePackedList(entry.reference);
  const table = setTable(entry);
  while (table.buckets) {
    for (let b = bucketAt(table, table.buckets - 1); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) release(referenceAt(b, slot));
    }
    freeLastBucket(table);
  }
  release(entry.reference);
}

/** Bytes of the blocks that a table refers to, of the first `samples` of them if not 0. */
function memberBytes(table: HashTable, samples: i64): f64 {
  let bytes: f64 = 0;
  let seen: i64 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) {
        if (samples && seen == samples) return bytes / <f64>seen * <f64>table.count;
        bytes += usableBytes(referenceAt(b, slot));
        seen += 1;
      }
    }
  }
  return bytes;
}

/** Memory of the set beside its entry; `samples` as MEMORY USAGE has it, 0 = every member. */
export function setMemory(entry: KeyEntry, samples: i64): f64 {
  const own: f64 = usableBytes(entry.reference);
  if (entry.encoding != Encoding.HASHTABLE) return own;
  const table = setTable(entry);
  return own + tableBytes(table) + memberBytes(table, samples);
}

/** Gives a copied entry a set of its own; the caller has reserved `setMemory`. */
export function duplicateSet(entry: KeyEntry): void {
  const from = entry.reference;
  if (entry.encoding == Encoding.INTSET) {
    const copy = allocate(Arena.DATA, usableBytes(from));
    memory.copy(copy, from, usableBytes(from));
    entry.reference = copy;
    return;
  }
  if (entry.encoding == Encoding.LISTPACK) {
    entry.reference = copyPackedList(from);
    return;
  }
  startSet(entry, Encoding.HASHTABLE);
  const table = changetype<HashTable>(from);
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let b = bucketAt(table, index); b; b = nextInChain(b)) {
      const elements = occupiedSlots(b);
      for (let slot = 0; slot < elements; slot++) {
        const member = changetype<SetMember>(referenceAt(b, slot));
        addToTable(setTable(entry), member.keyAddress, member.keyBytes);
      }
    }
  }
}

/** 0, or the number of the broken invariant of the structure. */
export function validateSet(entry: KeyEntry): i32 {
  switch (entry.encoding) {
    case Encoding.INTSET:
      return validateIntegerSet(entry.reference);
    case Encoding.LISTPACK:
      return validatePackedList(entry.reference);
    default:
      return validateTable<SetMember>(setTable(entry));
  }
}

/**
 * Moving and duplicating whole keys: RENAME, MOVE and COPY.
 *
 * A rename or a move makes a new entry (name and value share one allocation) and hands over what
 * the value field refers to; a copy duplicates that too. All three keep the expiry; only a copy
 * gets a fresh access clock.
 *
 * The functions work on the Lookup record of database.ts; each says which lookup came last.
 * The command has reserved `transferBytes` or `duplicateBytes` before.
 */

import { Arena, allocate } from "../memory/allocator";
import { copyBytes } from "../memory/copy";
import { PUSH_BYTES_MAXIMUM } from "../structures/reference-vector";
import { duplicateHash, duplicateHashBytes } from "../values/hash";
import { Encoding, KeyEntry, Type, entryBytes, valueFieldBytes } from "../values/key-entry";
import { duplicateList, listBytes } from "../values/list";
import { duplicateSet, setMemory } from "../values/set";
import { duplicateSortedSet, sortedSetCopyBytes } from "../values/sorted-set";
import { addKey, addRenamed, detachFound, lookupQuiet, removeFound, setExpiry } from "./database";
import { settleFieldTimes } from "./field-expiry";
import { Database } from "./keyspace";

/** Bytes to reserve before an entry gets another name or database. */
export function transferBytes(entry: KeyEntry, keyBytes: u32): f64 {
  const index: u32 = entry.hasFieldTimes ? PUSH_BYTES_MAXIMUM : 0;
  const bytes: f64 = entryBytes(keyBytes, entry.expires, valueFieldBytes(entry)) + index;
  return entry.expires ? bytes * 2 + PUSH_BYTES_MAXIMUM : bytes + 1024;
}

/** Bytes to reserve before a key is duplicated under a name of `keyBytes`. */
export function duplicateBytes(entry: KeyEntry, keyBytes: u32): f64 {
  return transferBytes(entry, keyBytes) + valueBytesNeeded(entry);
}

/** Bytes of what the value field of a copy will refer to. */
function valueBytesNeeded(entry: KeyEntry): f64 {
  switch (entry.type) {
    case Type.HASH:
      return duplicateHashBytes(entry);
    case Type.SET:
      return setMemory(entry, 0) + 4096;
    case Type.LIST:
      return listBytes(entry, 0) + 4096;
    case Type.SORTED_SET:
      return sortedSetCopyBytes(entry);
    default:
      return entry.encoding == Encoding.RAW ? load<u32>(entry.value, 4) : 0;
  }
}

/**
 * Gives the key `source` the name `target` in database `to`, replacing what is there. The source
 * exists and is not the target.
 */
export function transferKey(
  from: Database,
  source: usize,
  sourceBytes: u32,
  to: Database,
  target: usize,
  targetBytes: u32,
): void {
  if (lookupQuiet(to, target, targetBytes)) removeFound(to);
  if (!lookupQuiet(from, source, sourceBytes)) unreachable();
  const detached = detachFound(from);
  const expires = detached.expires;
  const expiryMs = detached.expiryMs;
  lookupQuiet(to, target, targetBytes);
  const entry = addRenamed(to, detached, target, targetBytes);
  if (expires) setExpiry(to, entry, expiryMs);
}

/** Duplicates the key `entry` as `target` in database `to`; the last lookup was for the target. */
export function duplicateKey(
  entry: KeyEntry,
  to: Database,
  target: usize,
  targetBytes: u32,
): void {
  const fieldBytes = valueFieldBytes(entry);
  const copy = addKey(to, target, targetBytes, entry.type, entry.encoding, fieldBytes);
  copyBytes(copy.value, entry.value, fieldBytes);
  duplicateValue(copy);
  settleFieldTimes(to, copy);
  if (entry.expires) setExpiry(to, copy, entry.expiryMs);
}

/** Gives a copied value field a value of its own where it refers to one. */
function duplicateValue(copy: KeyEntry): void {
  if (copy.type != Type.STRING) return duplicateStructure(copy);
  switch (copy.encoding) {
    case Encoding.INTEGER:
    case Encoding.EMBEDDED:
    case Encoding.EMBEDDED_RAW:
      return;
    case Encoding.RAW: {
      const bytes = load<u32>(copy.value, 4);
      const block = allocate(Arena.DATA, bytes);
      copyBytes(block, copy.reference, bytes);
      copy.reference = block;
      return;
    }
    default:
      unreachable();
  }
}

/** Gives a copied reference to a structure a structure of its own. */
function duplicateStructure(copy: KeyEntry): void {
  switch (copy.type) {
    case Type.HASH:
      copy.reference = duplicateHash(copy);
      return;
    case Type.SET:
      return duplicateSet(copy);
    case Type.LIST:
      return duplicateList(copy);
    case Type.SORTED_SET:
      return duplicateSortedSet(copy);
    default:
      unreachable();
  }
}

/**
 * Memory of a key with its value: the one place that knows, for each encoding, how to add it up.
 */

import { usableBytes } from "../memory/allocator";
import { hashMemory } from "./hash";
import { Encoding, KeyEntry, Type } from "./key-entry";
import { listBytes } from "./list";
import { setMemory } from "./set";
import { sortedSetMemory } from "./sorted-set";

/** A slot in the hash table with its fingerprint, buckets being five eighths full. */
const TABLE_BYTES: f64 = 9;
/** A place in the expiry index. */
const INDEX_BYTES: f64 = 4;

/** Bytes that a key takes; of large values `samples` elements are measured (0 = all of them). */
export function entryMemory(entry: KeyEntry, samples: i64): f64 {
  const own = <f64>usableBytes(changetype<usize>(entry)) + TABLE_BYTES;
  return own + (entry.expires ? INDEX_BYTES : 0) + valueMemory(entry, samples);
}

/** Bytes of what the value field refers to. */
function valueMemory(entry: KeyEntry, samples: i64): f64 {
  switch (entry.type) {
    case Type.HASH:
      return hashMemory(entry, samples);
    case Type.SET:
      return setMemory(entry, samples);
    case Type.LIST:
      return listBytes(entry, samples);
    case Type.SORTED_SET:
      return sortedSetMemory(entry, samples);
    default:
      return entry.encoding == Encoding.RAW ? <f64>usableBytes(entry.reference) : 0;
  }
}

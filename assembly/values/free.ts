/**
 * Freeing of values: the one place that knows, for each encoding, what a key owns besides its
 * entry.
 */

import { release } from "../memory/allocator";
import { freeHash } from "./hash";
import { Encoding, KeyEntry, Type } from "./key-entry";
import { freeList } from "./list";
import { releaseSet } from "./set";
import { releaseSortedSet } from "./sorted-set";

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

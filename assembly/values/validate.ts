/**
 * Checking of values: the one place that knows, for each type, which invariants hold.
 */

import { validateHash } from "./hash";
import { KeyEntry, Type } from "./key-entry";
import { validateList } from "./list";
import { validateSet } from "./set";
import { validateSortedSet } from "./sorted-set";

/** 0, or 1000 * type + the broken invariant of the value. */
export function validateValue(entry: KeyEntry): i32 {
  let broken: i32 = 0;
  if (entry.type == Type.HASH) broken = validateHash(entry);
  if (entry.type == Type.SET) broken = validateSet(entry);
  if (entry.type == Type.LIST) broken = validateList(entry);
  if (entry.type == Type.SORTED_SET) broken = validateSortedSet(entry);
  return broken ? 1000 * <i32>entry.type + broken : 0;
}

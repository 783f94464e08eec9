/**
 * ACL categories of a row: those it names, and those that follow from its flags.
 *
 * A category is a bit; their order is the order in which COMMAND INFO prints them.
 */

import { equalsIgnoreCase } from "../text/case";
import { Row, RowFlag, hasWord } from "./table";

export const CATEGORY_COUNT: i32 = 21;

const enum Category {
  KEYSPACE = 0,
  READ = 1,
  WRITE = 2,
  PUBSUB = 12,
  ADMIN = 13,
  FAST = 14,
  SLOW = 15,
  BLOCKING = 16,
  DANGEROUS = 17,
  SCRIPTING = 20,
}

/** Name of a category. */
export function categoryName(number: i32): string {
  switch (number) {
    case 0: return "keyspace";
    case 1: return "read";
    case 2: return "write";
    case 3: return "set";
    case 4: return "sortedset";
    case 5: return "list";
    case 6: return "hash";
    case 7: return "string";
    case 8: return "bitmap";
    case 9: return "hyperloglog";
    case 10: return "geo";
    case 11: return "stream";
    case 12: return "pubsub";
    case 13: return "admin";
    case 14: return "fast";
    case 15: return "slow";
    case 16: return "blocking";
    case 17: return "dangerous";
    case 18: return "connection";
    case 19: return "transaction";
  }
  return "scripting";
}

/** Number of the category with this name in any case; -1: there is none. */
export function findCategory(name: usize, bytes: u32): i32 {
  for (let number = 0; number < CATEGORY_COUNT; number++) {
    if (equalsIgnoreCase(name, bytes, categoryName(number))) return number;
  }
  return -1;
}

/** The categories of a row, one bit each. */
export function categoriesOf(row: Row): u32 {
  let bits: u32 = 0;
  for (let number = 0; number < CATEGORY_COUNT; number++) {
    if (hasWord(row.categories, categoryName(number))) bits |= 1 << number;
  }
  const flags = row.flags;
  const isScripting = (bits & (1 << Category.SCRIPTING)) != 0;
  if (flags & RowFlag.WRITE) bits |= 1 << Category.WRITE;
  if (flags & RowFlag.READONLY && !isScripting) bits |= 1 << Category.READ;
  if (flags & RowFlag.ADMIN) bits |= (1 << Category.ADMIN) | (1 << Category.DANGEROUS);
  if (flags & RowFlag.PUBSUB) bits |= 1 << Category.PUBSUB;
  if (flags & RowFlag.BLOCKING) bits |= 1 << Category.BLOCKING;
  bits |= flags & RowFlag.FAST ? 1 << Category.FAST : 1 << Category.SLOW;
  return bits;
}

/** The values that RDB knows, by the number that stands before each. */

export const enum RdbType {
  STRING = 0,
  LIST = 1,
  SET = 2,
  /** Scores as text. */
  SORTED_SET = 3,
  HASH = 4,
  /** Scores as eight bytes. */
  SORTED_SET_2 = 5,
  HASH_ZIPMAP = 9,
  LIST_ZIPLIST = 10,
  SET_INTSET = 11,
  SORTED_SET_ZIPLIST = 12,
  HASH_ZIPLIST = 13,
  LIST_QUICKLIST = 14,
  HASH_LISTPACK = 16,
  SORTED_SET_LISTPACK = 17,
  LIST_QUICKLIST_2 = 18,
  SET_LISTPACK = 20,
  /** Fields with their times: release candidates of Redis 7.4; from version 80 on Valkey's own. */
  HASH_TIMES_22 = 22,
  HASH_LISTPACK_TIMES_23 = 23,
  /** Redis 7.4: the earliest time goes before. */
  HASH_TIMES = 24,
  HASH_LISTPACK_TIMES = 25,
}

/** Versions of RDB from here on are Valkey's. */
// @ts-ignore: decorator
@inline
export const VALKEY_VERSION: u32 = 80;

/** The numbers of the RDB format: opcodes, value types, encodings of lengths. */

/** What stands where a key's type may stand. */
export const enum Opcode {
  /** Valkey: state of a slot import. Redis: metadata that modules keep with the next key. */
  SLOT_IMPORT_OR_KEY_METADATA = 243,
  SLOT_INFO = 244,
  FUNCTION = 245,
  /** Functions of the release candidates of Redis 7.0. */
  FUNCTION_EARLY = 246,
  MODULE_AUX = 247,
  IDLE = 248,
  FREQUENCY = 249,
  AUX = 250,
  RESIZE_DATABASE = 251,
  EXPIRY_MS = 252,
  EXPIRY_SECONDS = 253,
  SELECT_DATABASE = 254,
  END = 255,
}

export const enum ValueType {
  STRING = 0,
  LIST = 1,
  SET = 2,
  SORTED_SET_TEXT = 3,
  HASH = 4,
  SORTED_SET = 5,
  MODULE_EARLY = 6,
  MODULE = 7,
  HASH_ZIPMAP = 9,
  LIST_ZIPLIST = 10,
  SET_INTSET = 11,
  SORTED_SET_ZIPLIST = 12,
  HASH_ZIPLIST = 13,
  LIST_QUICKLIST = 14,
  STREAM = 15,
  HASH_LISTPACK = 16,
  SORTED_SET_LISTPACK = 17,
  LIST_QUICKLIST_2 = 18,
  STREAM_2 = 19,
  SET_LISTPACK = 20,
  STREAM_3 = 21,
  /** Redis 7.4 before its release; Valkey: a hash whose fields expire. */
  HASH_FIELDS_EARLY = 22,
  HASH_LISTPACK_FIELDS_EARLY = 23,
  HASH_FIELDS = 24,
  HASH_LISTPACK_FIELDS = 25,
}

/** The first type that no version known here has. */
export const UNKNOWN_TYPE = 26;

/** The newest version of Redis's format that is known here. */
export const NEWEST_VERSION = 13;

/** From this version on a file ends with a checksum. */
export const FIRST_VERSION_WITH_SUM = 5;

/** Names of types in messages. */
const TYPE_NAMES: Record<number, string> = {
  [ValueType.MODULE_EARLY]: "a module's type",
  [ValueType.MODULE]: "a module's type",
  [ValueType.STREAM]: "stream",
  [ValueType.STREAM_2]: "stream",
  [ValueType.STREAM_3]: "stream",
};

/** Whether RESTORE takes values of this type; the others can only be left out. */
export function canRestore(type: number): boolean {
  return type < UNKNOWN_TYPE && TYPE_NAMES[type] === undefined && type !== 8;
}

export function typeName(type: number): string {
  const name = TYPE_NAMES[type];
  return name === undefined ? `type ${type}` : `type ${type} (${name})`;
}

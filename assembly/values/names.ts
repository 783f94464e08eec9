/** Names of types and encodings as TYPE, OBJECT ENCODING and SCAN's TYPE option know them. */

import { equalsIgnoreCase } from "../text/case";
import { Encoding, Type } from "./key-entry";

/** A type as TYPE answers it. */
export function typeName(type: Type): string {
  switch (type) {
    case Type.STRING:
      return "string";
    case Type.LIST:
      return "list";
    case Type.SET:
      return "set";
    case Type.SORTED_SET:
      return "zset";
    case Type.HASH:
      return "hash";
    default:
      return "stream";
  }
}

/** The type with this name in any case, -1 when there is none. */
export function typeNamed(name: usize, bytes: u32): i32 {
  for (let type: i32 = Type.STRING; type <= Type.STREAM; type++) {
    if (equalsIgnoreCase(name, bytes, typeName(type))) return type;
  }
  return -1;
}

/** An encoding as OBJECT ENCODING answers it. */
export function encodingName(encoding: Encoding): string {
  switch (encoding) {
    case Encoding.INTEGER:
      return "int";
    case Encoding.EMBEDDED:
      return "embstr";
    case Encoding.RAW:
    case Encoding.EMBEDDED_RAW:
      return "raw";
    case Encoding.LISTPACK:
      return "listpack";
    case Encoding.QUICKLIST:
      return "quicklist";
    case Encoding.LISTPACK_TIMES:
      return "listpackex";
    case Encoding.HASHTABLE:
    case Encoding.HASHTABLE_TIMES:
      return "hashtable";
    case Encoding.INTSET:
      return "intset";
    case Encoding.SKIPLIST:
      return "skiplist";
    default:
      return "stream";
  }
}

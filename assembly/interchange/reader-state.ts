/**
 * What is known of the value that is being read, and its elements one after the other, from
 * wherever they come.
 *
 *   SERVER root + 0x4118  the record | +0x4178  the value, as an entry without a name
 */

import { SERVER_ROOT } from "../abi";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { input, readText } from "./input";
import { Packing, nextPacked, openPacked } from "./packed-input";
import { RdbType } from "./types";

export const enum Shape {
  /** One text: a string. */
  STRING = 0,
  /** A count, then texts. */
  TEXTS = 1,
  /** One text that is a packed value. */
  BLOB = 2,
  /** A count, then texts each of which is a part of a list. */
  NODES = 3,
}

@unmanaged
export class Reader {
  type: RdbType;
  /** Of the payload or file that the value comes from. */
  version: u32;
  shape: Shape;
  packing: Packing;
  /** Where the value begins, behind its type. */
  start: usize;
  /** The packed value; its bytes before decompression if that is needed, else 0. */
  blob: usize;
  blobBytes: u32;
  compressedBlobBytes: u32;
  /** Elements, counted from the first pass. */
  count: u32;
  /** TEXTS and NODES: how many are still to come. */
  left: u32;
  /** Limits of the encodings, from the configuration. */
  hashEntries: u32;
  hashBytes: u32;
  sortedSetEntries: u32;
  sortedSetBytes: u32;
  listChunk: i32;
  /** The field that `nextField` came to; its value is the text of the input. */
  field: usize;
  fieldBytes: u32;
  /** 1: some field of the hash has a time. */
  hasTimes: u32;
  /** When the field ends, 0 = never; and the time that others are told from. */
  timeMs: i64;
  earliestMs: i64;
}

const READER: usize = SERVER_ROOT + 0x4118;
const ENTRY: usize = SERVER_ROOT + 0x4178;

if (offsetof<Reader>() > 0x60) ERROR("Reader runs into its entry");

// @ts-ignore: decorator
@inline
export function reader(): Reader {
  return changetype<Reader>(READER);
}

/** The value that is being built: an entry without a name whose value field is a reference. */
// @ts-ignore: decorator
@inline
export function valueEntry(): KeyEntry {
  return changetype<KeyEntry>(ENTRY);
}

/** Begins a value that refers to a structure. */
export function startEntry(type: Type, encoding: Encoding, reference: usize): KeyEntry {
  store<u64>(ENTRY, 0);
  valueEntry().setKind(type, encoding);
  valueEntry().reference = reference;
  return valueEntry();
}

/** Begins to walk the elements. */
export function openElements(): void {
  reader().left = reader().count;
  if (reader().shape == Shape.BLOB) {
    openPacked(reader().packing, reader().blob, reader().blobBytes);
  }
}

/** Comes to the next element; false at the end, and when the input has failed. */
export function nextElement(): bool {
  if (reader().shape == Shape.BLOB) return nextPacked();
  if (!reader().left) return false;
  reader().left -= 1;
  readText();
  return !input().failed;
}

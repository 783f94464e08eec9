/**
 * Building lists, sets and sorted sets from their elements: the second pass of reader.ts. Hashes
 * are in build-hash.ts.
 *
 * Each function makes the value of `valueEntry()` in the encoding that commands would choose, and
 * stops when the input fails; the caller then frees what is there. The memory is reserved.
 */

import { SERVER_ROOT } from "../abi";
import { createPackedList, packedInsert, packedTrim } from "../structures/packed-list";
import { parseDouble } from "../text/doubles";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { growList, listCount, pushElement } from "../values/list";
import { encodingFor, setAdd, setLimits, startSet } from "../values/set";
import {
  addMember, appendMember, convertToPacked, convertToSkiplist, createSortedSet, findMember,
} from "../values/sorted-set";
import { failInput, input, readByte, readLength, readText, readWord, takeBytes } from "./input";
import { nextPacked, openPacked, Packing } from "./packed-input";
import { Shape, nextElement, openElements, reader, startEntry, valueEntry } from "./reader-state";
import { hasRepeats } from "./repeats";
import { RdbType } from "./types";

const NUMBER: usize = SERVER_ROOT + 0x41b0;

/** Packed lists larger than these are not made, whatever the limits say. */
const PACKED_BYTES_MAXIMUM: f64 = 536870912;
/** Most bytes of an entry of a packed list besides its text. */
const ENTRY_BYTES: f64 = 4;
/** A quicklist says of each node what it is. */
const NODE_PLAIN: u64 = 1;
const NODE_PACKED: u64 = 2;

/** Room for a packed list that takes all texts. */
export function packedCapacity(): u32 {
  const bytes = input().totalBytes + <f64>input().texts * ENTRY_BYTES + 16;
  return <u32>min<f64>(bytes, PACKED_BYTES_MAXIMUM * 2);
}

/** Whether texts of at most `longest` bytes may be packed together. */
export function mayPack(longest: u32): bool {
  return input().longest <= longest && input().totalBytes <= PACKED_BYTES_MAXIMUM;
}

// ---- Lists -------------------------------------------------------------------------------------

export function buildList(): void {
  const entry = startEntry(Type.LIST, Encoding.LISTPACK, createPackedList(64));
  openElements();
  if (reader().shape == Shape.NODES) buildNodes(entry);
  else while (nextElement()) push(entry);
  if (!listCount(entry)) failInput();
}

function push(entry: KeyEntry): void {
  growList(entry, input().bytes, 1, reader().listChunk);
  pushElement(entry, false, input().address, input().bytes);
}

function buildNodes(entry: KeyEntry): void {
  const isQuicklist2 = reader().type == RdbType.LIST_QUICKLIST_2;
  for (; reader().left && !input().failed; reader().left -= 1) {
    const container = isQuicklist2 ? readLength() : NODE_PACKED;
    readText();
    if (input().failed) return;
    if (container == NODE_PLAIN) {
      push(entry);
    } else if (container == NODE_PACKED) {
      openPacked(
        isQuicklist2 ? Packing.LISTPACK : Packing.ZIPLIST, input().address, input().bytes,
      );
      while (nextPacked()) push(entry);
    } else {
      failInput();
    }
  }
}

// ---- Sets --------------------------------------------------------------------------------------

export function buildSet(): void {
  openElements();
  const count = reader().count;
  startEntry(Type.SET, Encoding.LISTPACK, 0);
  if (!nextElement()) return failInput();
  let encoding = encodingFor(input().address, input().bytes, count);
  if (encoding == Encoding.LISTPACK && !mayPack(setLimits().packedBytes)) {
    encoding = Encoding.HASHTABLE;
  }
  if (encoding == Encoding.LISTPACK) return buildPackedSet();
  startSet(valueEntry(), encoding);
  do {
    if (!setAdd(valueEntry(), input().address, input().bytes)) failInput();
  } while (nextElement());
}

/** All members into one list, which is searched for repetitions only at the end. */
function buildPackedSet(): void {
  let list = createPackedList(packedCapacity());
  do {
    list = packedInsert(list, 0, input().address, input().bytes);
  } while (nextElement());
  if (!input().failed && hasRepeats(list, 1)) failInput();
  valueEntry().reference = packedTrim(list);
}

// ---- Sorted sets -------------------------------------------------------------------------------

export function buildSortedSet(): void {
  openElements();
  const isPacked = reader().count <= reader().sortedSetEntries && mayPack(reader().sortedSetBytes);
  const encoding = isPacked ? Encoding.LISTPACK : Encoding.SKIPLIST;
  const entry = startEntry(Type.SORTED_SET, encoding, createSortedSet(encoding));
  let lastScore: f64 = 0;
  while (nextElement()) {
    const member = input().address;
    const memberBytes = input().bytes;
    const score = nextScore();
    if (input().failed) return;
    if (entry.encoding == Encoding.LISTPACK) {
      if (appendMember(entry, score, member, memberBytes, lastScore)) {
        lastScore = score;
        continue;
      }
      // It came in another order: an index puts it right, and is packed at the end.
      if (hasRepeats(entry.reference, 2)) return failInput();
      convertToSkiplist(entry);
    }
    if (findMember(entry, member, memberBytes)) return failInput();
    addMember(entry, score, member, memberBytes, 0, 0);
  }
  if (input().failed || !isPacked) return;
  if (entry.encoding == Encoding.SKIPLIST) convertToPacked(entry);
  else if (hasRepeats(entry.reference, 2)) failInput();
}

/** The score behind a member. What is no number is none. */
function nextScore(): f64 {
  let score: f64;
  if (reader().shape == Shape.BLOB) {
    if (!nextElement()) return failedScore();
    score = parsedScore(input().address, input().bytes);
  } else if (reader().type == RdbType.SORTED_SET_2) {
    score = reinterpret<f64>(readWord());
  } else {
    score = textScore();
  }
  return isNaN(score) ? failedScore() : score;
}

function failedScore(): f64 {
  failInput();
  return 0;
}

function parsedScore(address: usize, bytes: u32): f64 {
  return parseDouble(address, bytes, NUMBER) ? load<f64>(NUMBER) : NaN;
}

/** One byte of length, or a byte for what no text stands for; then the text. */
function textScore(): f64 {
  const bytes = readByte();
  if (bytes == 255) return -Infinity;
  if (bytes == 254) return Infinity;
  if (bytes == 253) return NaN;
  const at = takeBytes(bytes);
  return at ? parsedScore(at, bytes) : NaN;
}

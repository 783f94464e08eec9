/**
 * The digest of DEBUG DIGEST: 20 bytes that are the same for equal data sets, whatever the order in
 * which keys were added and however values are stored, and that equal Redis's own.
 *
 *   key      mix(name), mix(type), mix(value ...), and xor of a mark when the key expires
 *   database mix(number), then xor over its keys
 *   mix(x)   digest = sha1(digest xor sha1(x))       xor(x)   digest ^= sha1(x)
 *
 * Elements of values without order are joined by xor, those of lists by mix.
 *
 *   SERVER root + 0x2960:  20 bytes hash | +32: 20 bytes digest of one key | +64: a number
 */

import { SERVER_ROOT } from "../abi";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { SHA1_BYTES, sha1 } from "../memory/sha1";
import {
  LIST_CURSOR_BYTES, ListCursor, cursorBytes, cursorText,
} from "../structures/chunked-list";
import { bucketAt, nextInChain, occupiedSlots, referenceAt } from "../structures/hash-table";
import { writeLiteral } from "../text/case";
import { nextField, openWalk } from "../values/hash";
import { writeDouble17 } from "../text/doubles";
import { KeyEntry, Type } from "../values/key-entry";
import { enterList, moveCursor } from "../values/list";
import { openSetCursor, setNext } from "../values/set-cursor";
import {
  SetCursor, memberAddress, memberBytes, memberScore, nextMember, seekMember,
} from "../values/sorted-set";
import { stringAddress, stringBytes } from "../values/string";
import { Database, databaseAt, databaseCount } from "./keyspace";

const HASH: usize = SERVER_ROOT + 0x2960;
const KEY_DIGEST: usize = SERVER_ROOT + 0x2980;
const NUMBER: usize = SERVER_ROOT + 0x29a0;
const DOUBLE_TEXT_BYTES: u32 = 48;

/** digest ^= sha1(bytes) */
export function xorDigest(digest: usize, address: usize, bytes: u32): void {
  sha1(HASH, address, bytes);
  for (let word: usize = 0; word < SHA1_BYTES; word += 4) {
    store<u32>(digest + word, load<u32>(digest + word) ^ load<u32>(HASH + word));
  }
}

/** digest = sha1(digest xor sha1(bytes)) */
export function mixDigest(digest: usize, address: usize, bytes: u32): void {
  xorDigest(digest, address, bytes);
  sha1(digest, digest, SHA1_BYTES);
}

function mixNumber(digest: usize, value: u32): void {
  store<u32>(NUMBER, bswap(value));
  mixDigest(digest, NUMBER, 4);
}

/** Each member with its score, joined by xor. */
function addSortedSet(digest: usize, entry: KeyEntry): void {
  const mark = scratchMark();
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  const own = scratchTake(SHA1_BYTES);
  const text = scratchTake(DOUBLE_TEXT_BYTES);
  seekMember(entry, 0, cursor);
  do {
    memory.fill(own, 0, SHA1_BYTES);
    mixDigest(own, memberAddress(cursor), memberBytes(cursor));
    mixDigest(own, text, writeDouble17(text, memberScore(cursor)));
    xorDigest(digest, own, SHA1_BYTES);
  } while (nextMember(cursor));
  scratchRelease(mark);
}

/** Adds type, value and expiry of an entry to a digest. */
export function addValueDigest(digest: usize, entry: KeyEntry): void {
  mixNumber(digest, entry.type);
  if (entry.type == Type.STRING) {
    const bytes = stringBytes(entry, NUMBER);
    mixDigest(digest, stringAddress(entry, NUMBER), bytes);
  }
  if (entry.type == Type.LIST) addListDigest(digest, entry);
  if (entry.type == Type.SET) addSetDigest(digest, entry);
  if (entry.type == Type.HASH) addHashDigest(digest, entry);
  if (entry.type == Type.SORTED_SET) addSortedSet(digest, entry);
  if (!entry.expires) return;
  const bytes = writeLiteral(NUMBER, "!!expire!!");
  xorDigest(digest, NUMBER, bytes);
}

/** xor of mix(field), mix(value) and a mark of those that expire, over the fields. */
function addHashDigest(digest: usize, entry: KeyEntry): void {
  const mark = scratchMark();
  const element = scratchTake(SHA1_BYTES);
  const walk = openWalk(entry);
  while (nextField(walk)) {
    memory.fill(element, 0, SHA1_BYTES);
    mixDigest(element, walk.field, walk.fieldBytes);
    mixDigest(element, walk.value, walk.valueBytes);
    if (walk.expiryMs) xorDigest(element, NUMBER, writeLiteral(NUMBER, "!!hexpire!!"));
    xorDigest(digest, element, SHA1_BYTES);
  }
  scratchRelease(mark);
}

/** xor of the members. */
function addSetDigest(digest: usize, entry: KeyEntry): void {
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  while (setNext(cursor)) xorDigest(digest, cursor.text, cursor.bytes);
  scratchRelease(mark);
}

/** mix of the elements in their order. */
function addListDigest(digest: usize, entry: KeyEntry): void {
  const mark = scratchMark();
  const cursor = changetype<ListCursor>(scratchTake(LIST_CURSOR_BYTES));
  enterList(entry, false, cursor);
  while (cursor.entry) {
    mixDigest(digest, cursorText(cursor, NUMBER), cursorBytes(cursor));
    moveCursor(cursor, false);
  }
  scratchRelease(mark);
}

function addDatabase(digest: usize, database: Database): void {
  const table = database.table;
  mixNumber(digest, database.number);
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let bucket = bucketAt(table, index); bucket; bucket = nextInChain(bucket)) {
      const elements = occupiedSlots(bucket);
      for (let slot = 0; slot < elements; slot++) {
        const entry = changetype<KeyEntry>(referenceAt(bucket, slot));
        memory.fill(KEY_DIGEST, 0, SHA1_BYTES);
        mixDigest(KEY_DIGEST, entry.keyAddress, entry.keyBytes);
        addValueDigest(KEY_DIGEST, entry);
        xorDigest(digest, KEY_DIGEST, SHA1_BYTES);
      }
    }
  }
}

/** Writes the digest of all databases at `out`: zeros when there is no key. */
export function writeDatasetDigest(out: usize): void {
  memory.fill(out, 0, SHA1_BYTES);
  for (let index: u32 = 0; index < databaseCount(); index++) {
    if (databaseAt(index).table.count) addDatabase(out, databaseAt(index));
  }
}

/**
 * SORT and SORT_RO: elements of a list, set or sorted set by themselves or by values of other keys.
 *
 * The elements become records in scratch memory, references to them are merge-sorted, and what is
 * asked for is read by the references. Elements equal in what is compared by numbers are in the
 * order of their bytes. ALPHA compares bytes, which is what redis-server does in the C locale; its
 * collation in other locales, and that it ends at a NUL, are not copied.
 *
 * STORE builds the list beside the keys, because elements may lie in what it replaces. Its effect
 * is DEL and RPUSH: what it stored, not how it came about.
 *
 *   item, 16 bytes:  f64 number, or u32 address and length of the text that is compared
 *                    u32 address and length of the element
 *
 *   SERVER root + 0x3d40  what `findValue` found: address, length | +0x10 text of an integer (32)
 */

import { SERVER_ROOT } from "../abi";
import {
  addKey, lookupQuiet, lookupRead, lookupWrite, putKey, removeFound,
} from "../keyspace/database";
import { effectBytes, effectDelete, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { compareBytes, findByte } from "../memory/bytes";
import { copyBytes } from "../memory/copy";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { SYNTAX, WRONG_TYPE } from "../protocol/errors";
import { SORT_BY_DENIED, SORT_GET_DENIED, SORT_NOT_NUMBER } from "../protocol/errors-geo";
import { replyArray, replyBulk, replyError, replyInteger, replyNull } from "../protocol/reply";
import {
  Call, integerOrReply, renderAsBlock, renderInstead, renderNothing, reserveOrReply, touchKey,
} from "../server/call";
import { notifyKey, notifyReplaced } from "../server/notifications";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { mayReadAllKeys } from "../server/users-check";
import { ListCursor, chunkedGrowthBytes, cursorBytes } from "../structures/chunked-list";
import { sortReferences } from "../structures/merge-sort";
import { createPackedList, packedText } from "../structures/packed-list";
import { parseDouble } from "../text/doubles";
import { fieldValueBytes, fieldValueText, findField } from "../values/hash";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import { freeList, listCount, moveCursor, seekList } from "../values/list";
import { setCount } from "../values/set";
import { openSetCursor, setNext } from "../values/set-cursor";
import {
  SetCursor, memberAddress, memberBytes, nextMember, previousMember, seekMember, sortedSetCount,
} from "../values/sorted-set";
import { stringAddress, stringBytes } from "../values/string";
import { CHUNK_ROOM_BYTES, ELEMENT_TEXT, listCursor, pushGrowing } from "./list-values";

@unmanaged
class Sort {
  offset: i64;
  limit: i64;
  entry: u32;
  /** Arguments: BY and STORE, 0 for none; a vector of those behind GET. */
  byAt: i32;
  storeAt: i32;
  gets: u32;
  getCount: u32;
  isReverse: u32;
  isText: u32;
  /** 1: the order is that of the value. */
  isNative: u32;
  /** Items in the vector, and which of them are answered. */
  count: u32;
  first: u32;
  wanted: u32;
  items: u32;
  references: u32;
  /** Room for names of keys. */
  name: u32;
  longest: u32;
  /** 1: what GET finds was looked up before and is counted already. */
  isCounted: u32;
}

@unmanaged
class Item {
  number: f64;
  address: u32;
  bytes: u32;

  /** The text that is compared overlays the number; address 0 = there is none. */
  // @ts-ignore: decorator
  @inline
  get text(): u32 {
    return load<u32>(changetype<usize>(this));
  }

  // @ts-ignore: decorator
  @inline
  get textBytes(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
}

const ITEM_BYTES: u32 = 16;
/** Elements and values so short are copied, because they may lie in a buffer. */
const COPIED_BYTES: u32 = 24;
/** Elements of one RPUSH in the effects. */
const EFFECT_ELEMENTS: u32 = 1024;

if (offsetof<Item>() != ITEM_BYTES) ERROR("an item takes 16 bytes");

@unmanaged
class Found {
  address: u32;
  bytes: u32;
}

const FOUND_TEXT: usize = SERVER_ROOT + 0x3d50;

// @ts-ignore: decorator
@inline
function found(): Found {
  return changetype<Found>(SERVER_ROOT + 0x3d40);
}

// ---- Order -------------------------------------------------------------------------------------

function compareNumbers(first: Item, second: Item): i32 {
  if (first.number != second.number) return first.number < second.number ? -1 : 1;
  return compareBytes(first.address, first.bytes, second.address, second.bytes);
}

function compareTexts(first: Item, second: Item): i32 {
  if (!first.text || !second.text) return i32(first.text != 0) - i32(second.text != 0);
  return compareBytes(first.text, first.textBytes, second.text, second.textBytes);
}

@unmanaged
class NumberUp extends Item {
  // @ts-ignore: decorator
  @inline
  isBehind(other: NumberUp): bool {
    return compareNumbers(this, other) > 0;
  }
}

@unmanaged
class NumberDown extends Item {
  // @ts-ignore: decorator
  @inline
  isBehind(other: NumberDown): bool {
    return compareNumbers(this, other) < 0;
  }
}

@unmanaged
class TextUp extends Item {
  // @ts-ignore: decorator
  @inline
  isBehind(other: TextUp): bool {
    return compareTexts(this, other) > 0;
  }
}

@unmanaged
class TextDown extends Item {
  // @ts-ignore: decorator
  @inline
  isBehind(other: TextDown): bool {
    return compareTexts(this, other) < 0;
  }
}

// @ts-ignore: decorator
@inline
function itemAt(sort: Sort, index: u32): Item {
  if (!sort.references) return changetype<Item>(<usize>sort.items + index * ITEM_BYTES);
  return changetype<Item>(<usize>load<u32>(<usize>sort.references + (index << 2)));
}

function order(sort: Sort): void {
  const count = sort.count;
  const references = scratchTake(count << 3);
  for (let index: u32 = 0; index < count; index++) {
    store<u32>(references + (index << 2), sort.items + index * ITEM_BYTES);
  }
  const spare = references + (count << 2);
  let sorted: usize;
  if (sort.isText) {
    sorted = sort.isReverse
      ? sortReferences<TextDown>(references, spare, count)
      : sortReferences<TextUp>(references, spare, count);
  } else {
    sorted = sort.isReverse
      ? sortReferences<NumberDown>(references, spare, count)
      : sortReferences<NumberUp>(references, spare, count);
  }
  sort.references = <u32>sorted;
}

/** How many bytes come before the first `byte`; all of them when there is none. */
function bytesBefore(address: usize, bytes: u32, byte: u8): u32 {
  const place = findByte(address, address + bytes, byte);
  return place ? <u32>(place - address) : bytes;
}

// ---- Parsing -----------------------------------------------------------------------------------

/** Reads the option at argument `index`; its last argument, 0: the error is answered. */
function optionOrReply(call: Call, sort: Sort, index: i32, mayStore: bool): i32 {
  const left = call.argumentCount - index - 1;
  if (call.is(index, "asc")) {
    sort.isReverse = 0;
  } else if (call.is(index, "desc")) {
    sort.isReverse = 1;
  } else if (call.is(index, "alpha")) {
    sort.isText = 1;
  } else if (left >= 2 && call.is(index, "limit")) {
    if (!integerOrReply(call, index + 1)) return 0;
    sort.offset = call.integer;
    if (!integerOrReply(call, index + 2)) return 0;
    sort.limit = call.integer;
    return index + 2;
  } else if (left && mayStore && call.is(index, "store")) {
    sort.storeAt = index + 1;
    return index + 1;
  } else if (left && call.is(index, "by")) {
    sort.byAt = index + 1;
    const bytes = call.bytesOf(index + 1);
    if (bytesBefore(call.at(index + 1), bytes, 0x2a) == bytes) sort.isNative = 1;
    else if (!mayReadAllKeys(call)) return refuseSort(SORT_BY_DENIED);
    return index + 1;
  } else if (left && call.is(index, "get")) {
    if (!mayReadAllKeys(call)) return refuseSort(SORT_GET_DENIED);
    store<i32>(<usize>sort.gets + (sort.getCount << 2), index + 1);
    sort.getCount += 1;
    return index + 1;
  } else {
    replyError(SYNTAX);
    return 0;
  }
  return index;
}

function refuseSort(reason: string): i32 {
  replyError(reason);
  return 0;
}

function run(call: Call, mayStore: bool): void {
  if (!reserveOrReply(<f64>call.argumentCount * 4 + 65536)) return;
  const mark = scratchMark();
  const sort = changetype<Sort>(scratchTake(offsetof<Sort>()));
  memory.fill(changetype<usize>(sort), 0, offsetof<Sort>());
  sort.limit = -1;
  sort.gets = <u32>scratchTake(<u32>call.argumentCount << 1);
  let index = 2;
  while (index && index < call.argumentCount) {
    index = optionOrReply(call, sort, index, mayStore);
    if (index) index += 1;
  }
  if (index && sourceOrReply(call, sort) && collectOrReply(call, sort)) {
    if (sort.storeAt) storeSorted(call, sort);
    else replySorted(call, sort);
  }
  scratchRelease(mark);
}

/** Looks up what is sorted; false: the error is answered. */
function sourceOrReply(call: Call, sort: Sort): bool {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return true;
  if (entry.type == Type.LIST) {
    sort.count = listCount(entry);
  } else if (entry.type == Type.SORTED_SET) {
    sort.count = sortedSetCount(entry);
  } else if (entry.type == Type.SET) {
    sort.count = setCount(entry);
    // What is stored must not depend on how a set is kept.
    if (sort.isNative && sort.storeAt) {
      sort.isNative = 0;
      sort.isText = 1;
      sort.byAt = 0;
    }
  } else {
    replyError(WRONG_TYPE);
    return false;
  }
  sort.entry = <u32>changetype<usize>(entry);
  return true;
}

/** Chooses which items are answered, and loads only those where their order is known. */
function chooseWindow(sort: Sort): void {
  const count = <i64>sort.count;
  const first = min<i64>(max<i64>(sort.offset, 0), count);
  const left = count - first;
  sort.first = <u32>first;
  sort.wanted = <u32>(sort.limit < 0 ? left : min<i64>(sort.limit, left));
}

// ---- Loading -----------------------------------------------------------------------------------

/** Memory for the items and everything that is looked up for them; false: error answered. */
function collectOrReply(call: Call, sort: Sort): bool {
  chooseWindow(sort);
  // What is not a number is refused even when nothing is answered.
  if (!sort.count || (sort.isNative && !sort.wanted)) return true;
  const entry = changetype<KeyEntry>(<usize>sort.entry);
  const isWindow = sort.isNative != 0 && entry.type != Type.SET;
  const items = isWindow ? sort.wanted : sort.count;
  const copies = sort.byAt && !sort.isNative ? 2 : 1;
  const each = ITEM_BYTES + 8 + COPIED_BYTES * copies;
  if (!reserveOrReply(<f64>items * each + 262144)) return false;
  sort.items = <u32>scratchTake(items * ITEM_BYTES);
  const start = isWindow ? sort.first : 0;
  sort.count = 0;
  if (entry.type == Type.LIST) loadList(sort, entry, start, items, isWindow);
  else if (entry.type == Type.SORTED_SET) loadSortedSet(sort, entry, start, items, isWindow);
  else loadSet(sort, entry);
  if (isWindow) sort.first = 0;
  if (!namesOrReply(call, sort)) return false;
  if (sort.isNative) return true;
  if (!compareByOrReply(call, sort)) return false;
  order(sort);
  return true;
}

/** Copies what is so short that it may lie in a buffer; else it stays where it is. */
function keep(address: usize, bytes: u32): u32 {
  if (bytes > COPIED_BYTES) return <u32>address;
  const copy = scratchTake(max<u32>(bytes, 1));
  copyBytes(copy, address, bytes);
  return <u32>copy;
}

function addItem(sort: Sort, address: usize, bytes: u32): void {
  const item = changetype<Item>(<usize>sort.items + sort.count * ITEM_BYTES);
  item.number = 0;
  item.address = keep(address, bytes);
  item.bytes = bytes;
  sort.count += 1;
  sort.longest = max(sort.longest, bytes);
}

function loadList(sort: Sort, entry: KeyEntry, start: u32, count: u32, isWindow: bool): void {
  const isBackward = isWindow && sort.isReverse != 0;
  const cursor = listCursor();
  seekList(entry, isBackward ? listCount(entry) - 1 - start : start, cursor);
  for (let left = count; left; left--) {
    const text = cursor.list ? packedText(cursor.entry, ELEMENT_TEXT) : cursor.entry;
    addItem(sort, text, cursorBytes(cursor));
    moveCursor(cursor, isBackward);
  }
}

function loadSortedSet(
  sort: Sort, entry: KeyEntry, start: u32, count: u32, isWindow: bool,
): void {
  const isBackward = isWindow && sort.isReverse != 0;
  const cursor = changetype<SetCursor>(scratchTake(offsetof<SetCursor>()));
  seekMember(entry, isBackward ? sortedSetCount(entry) - 1 - start : start, cursor);
  for (let left = count; left; left--) {
    addItem(sort, memberAddress(cursor), memberBytes(cursor));
    if (isBackward) previousMember(cursor);
    else nextMember(cursor);
  }
}

function loadSet(sort: Sort, entry: KeyEntry): void {
  const cursor = openSetCursor(entry);
  while (setNext(cursor)) addItem(sort, cursor.text, cursor.bytes);
}

/** Room for the name of any key that a pattern may lead to; false: the error is answered. */
function namesOrReply(call: Call, sort: Sort): bool {
  let bytes: u32 = sort.byAt ? call.bytesOf(sort.byAt) : 0;
  for (let index: u32 = 0; index < sort.getCount; index++) {
    bytes = max(bytes, call.bytesOf(getAt(sort, index)));
  }
  if (!bytes) return true;
  if (!reserveOrReply(<f64>bytes + <f64>sort.longest + 131072)) return false;
  sort.name = <u32>scratchTake(bytes + sort.longest);
  return true;
}

// @ts-ignore: decorator
@inline
function getAt(sort: Sort, index: u32): i32 {
  return load<i32>(<usize>sort.gets + (index << 2));
}

/** Gives each item what it is compared by; false: the error is answered. */
function compareByOrReply(call: Call, sort: Sort): bool {
  let isNumber = true;
  for (let index: u32 = 0; index < sort.count; index++) {
    const item = itemAt(sort, index);
    let address: usize = item.address;
    let bytes = item.bytes;
    if (sort.byAt) {
      if (!findValue(call, sort, sort.byAt, item)) continue;
      address = found().address;
      bytes = found().bytes;
    }
    if (!sort.isText) {
      if (!readNumber(address, bytes, item)) isNumber = false;
      continue;
    }
    store<u32>(changetype<usize>(item), sort.byAt ? keep(address, bytes) : <u32>address);
    store<u32>(changetype<usize>(item), bytes, 4);
  }
  if (!isNumber) replyError(SORT_NOT_NUMBER);
  return isNumber;
}

/** As C's strtod takes a text up to its first NUL: blanks may lead, nothing at all is 0. */
function readNumber(start: usize, length: u32, item: Item): bool {
  let address = start;
  let bytes = bytesBefore(start, length, 0);
  item.number = 0;
  if (!bytes) return true;
  while (bytes && (load<u8>(address) == 0x20 || <u32>load<u8>(address) - 9 < 5)) {
    address += 1;
    bytes -= 1;
  }
  return parseDouble(address, bytes, changetype<usize>(item));
}

// ---- Patterns ----------------------------------------------------------------------------------

/** Where "->" with a field behind it begins; `bytes` when there is none. */
function arrowIn(address: usize, bytes: u32, from: u32): u32 {
  for (let at = from; at + 2 < bytes; at++) {
    if (load<u16>(address + at) == 0x3e2d) return at;
  }
  return bytes;
}

/** What a pattern finds for an element, in `found()`; false when it finds nothing. */
function findValue(call: Call, sort: Sort, argument: i32, item: Item): bool {
  const pattern = call.at(argument);
  const bytes = call.bytesOf(argument);
  if (bytes == 1 && load<u8>(pattern) == 0x23) {
    found().address = item.address;
    found().bytes = item.bytes;
    return true;
  }
  const star = bytesBefore(pattern, bytes, 0x2a);
  if (star == bytes) return false;
  const arrow = arrowIn(pattern, bytes, star + 1);
  const name: usize = sort.name;
  const behind = arrow - star - 1;
  copyBytes(name, pattern, star);
  copyBytes(name + star, item.address, item.bytes);
  copyBytes(name + star + item.bytes, pattern + star + 1, behind);
  const nameBytes = star + item.bytes + behind;
  const entry = sort.isCounted
    ? lookupQuiet(call.database, name, nameBytes)
    : lookupRead(call.database, name, nameBytes);
  if (!entry) return false;
  if (arrow < bytes) return findInHash(entry, pattern + arrow + 2, bytes - arrow - 2);
  if (entry.type != Type.STRING) return false;
  found().bytes = stringBytes(entry, FOUND_TEXT);
  found().address = <u32>stringAddress(entry, FOUND_TEXT);
  return true;
}

function findInHash(entry: KeyEntry, field: usize, bytes: u32): bool {
  if (entry.type != Type.HASH) return false;
  const place = findField(entry, field, bytes);
  if (!place) return false;
  found().bytes = fieldValueBytes(entry, place);
  found().address = <u32>fieldValueText(entry, place, FOUND_TEXT);
  return true;
}

// ---- Answering and storing ---------------------------------------------------------------------

function replySorted(call: Call, sort: Sort): void {
  const gets = sort.getCount;
  replyArray(gets ? sort.wanted * gets : sort.wanted);
  for (let index: u32 = 0; index < sort.wanted; index++) {
    const item = itemAt(sort, sort.first + index);
    if (!gets) replyBulk(item.address, item.bytes);
    for (let get: u32 = 0; get < gets; get++) {
      if (findValue(call, sort, getAt(sort, get), item)) {
        replyBulk(found().address, found().bytes);
      } else {
        replyNull();
      }
    }
  }
}

/** Puts the text of element `index` of the result into `found()`; what is missing is empty. */
function resultAt(call: Call, sort: Sort, index: u32): void {
  const gets = sort.getCount;
  const item = itemAt(sort, sort.first + (gets ? index / gets : index));
  if (gets) {
    if (!findValue(call, sort, getAt(sort, index % gets), item)) found().bytes = 0;
  } else {
    found().address = item.address;
    found().bytes = item.bytes;
  }
}

function storeSorted(call: Call, sort: Sort): void {
  const key = call.at(sort.storeAt);
  const keyBytes = call.bytesOf(sort.storeAt);
  const gets = sort.getCount;
  const count = gets ? sort.wanted * gets : sort.wanted;
  let bytes: f64 = CHUNK_ROOM_BYTES + <f64>keyBytes * 2;
  for (let index: u32 = 0; index < count; index++) {
    resultAt(call, sort, index);
    bytes += chunkedGrowthBytes(settings().listChunk, found().bytes);
  }
  if (!reserveOrReply(bytes)) return;
  const list = temporaryList();
  sort.isCounted = 1;
  for (let index: u32 = 0; index < count; index++) {
    resultAt(call, sort, index);
    pushGrowing(list, false, found().address, found().bytes);
  }
  replaceKey(call, key, keyBytes, list, count);
  replyInteger(count);
}

/** An empty list without a name, to be handed to a key. */
function temporaryList(): KeyEntry {
  const address = scratchTake(16);
  memory.fill(address, 0, 16);
  const list = changetype<KeyEntry>(address);
  list.setKind(Type.LIST, Encoding.LISTPACK);
  list.reference = createPackedList(64);
  return list;
}

/** Puts a list of `count` elements in the place of a key, and renders that. */
function replaceKey(call: Call, key: usize, keyBytes: u32, list: KeyEntry, count: u32): void {
  const old = lookupWrite(call.database, key, keyBytes);
  const before: Type = old ? old.type : Type.LIST;
  if (old ? count : count > EFFECT_ELEMENTS) renderAsBlock(call);
  if (old) {
    removeFound(call.database);
    effectDelete(call.database.number, key, keyBytes);
  }
  renderNothing(call);
  if (old || count) touchKey(call, key, keyBytes);
  if (!count) {
    freeList(list);
    if (old) notifyKey(call, EventClass.GENERIC, "del", key, keyBytes);
    return;
  }
  const entry = old
    ? putKey(call.database, key, keyBytes, Type.LIST, list.encoding, 4)
    : addKey(call.database, key, keyBytes, Type.LIST, list.encoding, 4);
  entry.reference = list.reference;
  if (old) notifyReplaced(call.database.number, before, Type.LIST, key, keyBytes);
  notifyKey(call, EventClass.LIST, "sortstore", key, keyBytes);
  const cursor = listCursor();
  seekList(entry, 0, cursor);
  renderElements(call, key, keyBytes, cursor, count);
}

function renderElements(
  call: Call, key: usize, keyBytes: u32, cursor: ListCursor, count: u32,
): void {
  let left = count;
  while (left) {
    const batch = min(left, EFFECT_ELEMENTS);
    if (!renderInstead(call, batch + 2)) return;
    effectLiteral("RPUSH");
    effectBytes(key, keyBytes);
    for (let index: u32 = 0; index < batch; index++) {
      const text = cursor.list ? packedText(cursor.entry, ELEMENT_TEXT) : cursor.entry;
      effectBytes(text, cursorBytes(cursor));
      moveCursor(cursor, false);
    }
    left -= batch;
  }
}

// ---- Commands ----------------------------------------------------------------------------------

function sortAndStore(call: Call): void {
  run(call, true);
}

function sortRo(call: Call): void {
  run(call, false);
}

export function registerSort(): void {
  command(sortAndStore.index, "sort", "generic", "1.0.0", -2,
    "write denyoom movablekeys", "set sortedset list dangerous",
    "index 1 range 0 1 0 : ro access ; unknown unknown : ro access # For the optional BY/GET \
keyword. It is marked 'unknown' because the key names derive from the content of the key we sort ; \
unknown unknown : ow update # For the optional STORE keyword. It is marked 'unknown' because the \
keyword can appear anywhere in the argument array",
    "key:key pattern:pattern=BY?@1 offset_count:block=LIMIT?(offset:integer count:integer) \
pattern:pattern=GET?*+@1 order:oneof?(asc:pure-token=ASC desc:pure-token=DESC) \
sorting:pure-token=ALPHA? destination:key=STORE?@2",
    "", "O(N log N) for N elements, O(N) when they stay in their order",
    "Sorts elements by themselves or by other keys.");
  command(sortRo.index, "sort_ro", "generic", "7.0.0", -2,
    "readonly movablekeys", "set sortedset list dangerous",
    "index 1 range 0 1 0 : ro access ; unknown unknown : ro access # For the optional BY/GET \
keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
    "key:key pattern:pattern=BY?@1 offset_count:block=LIMIT?(offset:integer count:integer) \
pattern:pattern=GET?*+@1 order:oneof?(asc:pure-token=ASC desc:pure-token=DESC) \
sorting:pure-token=ALPHA?",
    "", "O(N log N) for N elements, O(N) when they stay in their order",
    "Sorts elements and stores nothing.");
}

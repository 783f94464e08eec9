/**
 * COMMAND INFO: a row as ten elements, in the order and the kinds of reply that Redis uses.
 *
 *   name, arity, flags, first key, last key, step, categories, tips, key specs, subcommands
 */

import {
  replyArray, replyBulk, replyBulkText, replyInteger, replyMap, replySet, replyStatus,
} from "../protocol/reply";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  Find, KeySpec, Search, keySpecCount, readKeySpec, replyBulkPart, replyStatusPart, wordCount,
  wordEnd,
} from "../server/notation";
import { CATEGORY_COUNT, categoriesOf, categoryName } from "../server/categories";
import { Row } from "../server/table";

/** Children of a container. */
export function childCount(row: Row): u32 {
  let count: u32 = 0;
  for (let at = <usize>row.firstChild; at; at = changetype<Row>(at).sibling) count += 1;
  return count;
}

export function replyInfo(row: Row): void {
  replyArray(10);
  replyBulk(row.nameAddress, row.nameBytes);
  replyInteger(row.arity);
  replyStatusSet(row.flagWords);
  replyInteger(row.firstKey);
  replyInteger(row.lastKey);
  replyInteger(row.keyStep);
  replyCategories(row);
  replyTips(row.tips);
  replyKeySpecs(row.keys);
  replySet(childCount(row));
  for (let at = <usize>row.firstChild; at; at = changetype<Row>(at).sibling) {
    replyInfo(changetype<Row>(at));
  }
}

/** Words as a set of statuses. */
export function replyStatusSet(words: string): void {
  const end = words.length;
  replySet(wordCount(words, 0, end));
  for (let at = 0; at < end;) {
    const stop = wordEnd(words, at, end);
    replyStatusPart(0, words, at, stop);
    at = stop + 1;
  }
}

function replyCategories(row: Row): void {
  const bits = categoriesOf(row);
  replySet(popcnt(bits));
  for (let number = 0; number < CATEGORY_COUNT; number++) {
    if (!(bits & (1 << number))) continue;
    const name = categoryName(number);
    replyStatusPart(0x40, name, 0, name.length);
  }
}

function replyTips(tips: string): void {
  const end = tips.length;
  replySet(wordCount(tips, 0, end));
  for (let at = 0; at < end;) {
    const stop = wordEnd(tips, at, end);
    replyBulkPart(tips, at, stop);
    at = stop + 1;
  }
}

function replyKeySpecs(keys: string): void {
  const count = keySpecCount(keys);
  replySet(count);
  if (!count) return;
  const mark = scratchMark();
  const spec = changetype<KeySpec>(scratchTake(offsetof<KeySpec>()));
  for (let at = 0; at >= 0; at = spec.next) {
    readKeySpec(keys, at, spec);
    replyKeySpec(keys, spec);
  }
  scratchRelease(mark);
}

function replyKeySpec(keys: string, spec: KeySpec): void {
  replyMap(spec.noteStart < 0 ? 3 : 4);
  if (spec.noteStart >= 0) {
    replyBulkText("notes");
    replyBulkPart(keys, spec.noteStart, spec.noteEnd);
  }
  replyBulkText("flags");
  replyKeyFlags(keys, spec.flagsStart, spec.flagsEnd);
  replyBulkText("begin_search");
  replyMap(2);
  replyBulkText("type");
  replySearch(keys, spec);
  replyBulkText("find_keys");
  replyMap(2);
  replyBulkText("type");
  replyFind(spec);
}

/** The words of the notation; the two letters that say how the key is used in upper case. */
function replyKeyFlags(keys: string, start: i32, end: i32): void {
  replySet(wordCount(keys, start, end));
  for (let at = start; at < end;) {
    const stop = wordEnd(keys, at, end);
    if (stop - at == 2) replyStatus(accessLetters(keys.charCodeAt(at), keys.charCodeAt(at + 1)));
    else replyStatusPart(0, keys, at, stop);
    at = stop + 1;
  }
}

function accessLetters(first: i32, second: i32): string {
  if (first == 0x6f) return "OW";
  if (second == 0x6d) return "RM";
  return second == 0x6f ? "RO" : "RW";
}

function replySearch(keys: string, spec: KeySpec): void {
  switch (spec.search) {
    case Search.INDEX: {
      replyBulkText("index");
      replyBulkText("spec");
      replyMap(1);
      return replyPair("index", spec.index);
    }
    case Search.KEYWORD: {
      replyBulkText("keyword");
      replyBulkText("spec");
      replyMap(2);
      replyBulkText("keyword");
      replyBulkPart(keys, spec.keywordStart, spec.keywordEnd);
      return replyPair("startfrom", spec.index);
    }
  }
  replyUnknown();
}

function replyFind(spec: KeySpec): void {
  if (spec.find == Find.UNKNOWN) return replyUnknown();
  const isRange = spec.find == Find.RANGE;
  replyBulkText(isRange ? "range" : "keynum");
  replyBulkText("spec");
  replyMap(3);
  if (isRange) {
    replyPair("lastkey", spec.first);
    replyPair("keystep", spec.second);
    replyPair("limit", spec.third);
  } else {
    replyPair("keynumidx", spec.first);
    replyPair("firstkey", spec.second);
    replyPair("keystep", spec.third);
  }
}

function replyUnknown(): void {
  replyBulkText("unknown");
  replyBulkText("spec");
  replyMap(0);
}

function replyPair(name: string, value: i32): void {
  replyBulkText(name);
  replyInteger(value);
}

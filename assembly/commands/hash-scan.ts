/**
 * HSCAN: a packed hash is answered at once, a table chain by chain as SCAN does.
 *
 * The reply begins with the number of matches, so the chains are gone through twice: first counted,
 * then answered. Nothing changes in between, and no memory is needed.
 */

import { lookupRead } from "../keyspace/database";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { WRONG_TYPE } from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkInteger, replyEmptyArray, replyError,
} from "../protocol/reply";
import { Call } from "../server/call";
import { command } from "../server/table";
import {
  HashTable, nextInChain, occupiedSlots, referenceAt, scanChain, scanNext, scanSibling,
} from "../structures/hash-table";
import { hashTableOf, isPackedHash, nextField, openWalk } from "../values/hash";
import { HashField } from "../values/hash-field";
import { KeyEntry, Type } from "../values/key-entry";
import { cursorOrReply } from "./keys-scan";
import { ScanOptions, scanOptionsOrReply } from "./scan-options";

/** What HSCAN was asked for and where it stands. */
@unmanaged
class Scan {
  cursor: u64;
  options: ScanOptions;
  /** 1: matches are answered, 0: only counted. */
  answers: u32;
  /** Fields that matched, and all that were seen. */
  matches: u32;
  seen: u32;
}

function hscan(call: Call): void {
  if (!cursorOrReply(call, 2)) return;
  const cursor = <u64>call.integer;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyEmpty();
  if (entry.type != Type.HASH) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  const scan = changetype<Scan>(scratchTake(offsetof<Scan>()));
  scan.cursor = cursor;
  scan.options = changetype<ScanOptions>(scratchTake(offsetof<ScanOptions>()));
  if (scanOptionsOrReply(call, scan.options, Type.HASH)) {
    if (isPackedHash(entry)) scanPacked(entry, scan);
    else scanTable(hashTableOf(entry), scan);
  }
  scratchRelease(mark);
}

function replyEmpty(): void {
  replyArray(2);
  replyBulkInteger(0);
  replyEmptyArray();
}

/** Counts a field, or answers it, if it matches. */
function visit(scan: Scan, field: usize, fieldBytes: u32, value: usize, valueBytes: u32): void {
  scan.seen += 1;
  if (!scan.options.matches(field, fieldBytes)) return;
  scan.matches += 1;
  if (!scan.answers) return;
  replyBulk(field, fieldBytes);
  if (!scan.options.namesOnly) replyBulk(value, valueBytes);
}

/** Begins a pass. */
function startPass(scan: Scan, answers: bool): void {
  scan.matches = 0;
  scan.seen = 0;
  scan.answers = u32(answers);
}

/** Between the passes: the cursor to go on with and the number of texts. */
function replyHead(scan: Scan, cursor: u64): void {
  replyArray(2);
  replyBulkInteger(<i64>cursor);
  replyArray(scan.options.namesOnly ? scan.matches : scan.matches << 1);
}

function scanPacked(entry: KeyEntry, scan: Scan): void {
  for (let pass = 0; pass < 2; pass++) {
    if (pass) replyHead(scan, 0);
    startPass(scan, pass != 0);
    const mark = scratchMark();
    const walk = openWalk(entry);
    while (nextField(walk)) {
      visit(scan, walk.field, walk.fieldBytes, walk.value, walk.valueBytes);
    }
    scratchRelease(mark);
  }
}

function scanTable(table: HashTable, scan: Scan): void {
  startPass(scan, false);
  const next = passFrom(table, scan);
  replyHead(scan, next);
  startPass(scan, true);
  passFrom(table, scan);
}

/** Visits chains until COUNT fields are seen or the table ends; returns the cursor after. */
function passFrom(table: HashTable, scan: Scan): u64 {
  let at = scan.cursor;
  const steps = scan.options.steps;
  for (let step: i64 = 0; step < steps; step++) {
    visitChain(scan, scanChain(table, at));
    visitChain(scan, scanSibling(table, at));
    at = scanNext(table, at);
    if (!at || <i64>scan.seen >= scan.options.count) break;
  }
  return at;
}

function visitChain(scan: Scan, first: usize): void {
  for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    for (let slot = 0; slot < elements; slot++) {
      const field = changetype<HashField>(referenceAt(bucket, slot));
      visit(scan, field.keyAddress, field.keyBytes, field.valueAddress, field.valueBytes);
    }
  }
}

export function registerHashScan(): void {
  command(hscan.index, "hscan", "hash", "2.8.0", -3, "readonly", "hash",
    "index 1 range 0 1 0 : ro access",
    "key:key cursor:integer pattern:pattern=MATCH? count:integer=COUNT? \
novalues:pure-token=NOVALUES?^7.4.0", "nondeterministic_output",
    "O(1) a call, O(N) for the whole hash",
    "Lists fields of a hash in steps, going on at a cursor.");
}

/** SSCAN: the members of a set in steps. */

import { lookupRead } from "../keyspace/database";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { OUT_OF_MEMORY, WRONG_TYPE } from "../protocol/errors";
import { replyArray, replyBulk, replyBulkInteger, replyError } from "../protocol/reply";
import { Call } from "../server/call";
import { command } from "../server/table";
import {
  nextInChain, occupiedSlots, referenceAt, scanChain, scanNext, scanSibling,
} from "../structures/hash-table";
import { Encoding, KeyEntry, Type } from "../values/key-entry";
import {
  MemberList, listMember, listNext, openListCursor, openMemberList,
} from "../values/member-list";
import { SetMember } from "../values/set-member";
import { setTable } from "../values/set";
import { openSetCursor, setNext } from "../values/set-cursor";
import { cursorOrReply } from "./keys-scan";
import { ScanOptions, scanOptionsOrReply } from "./scan-options";

/** What a scan asks for and has found, in scratch memory. */
@unmanaged
class MemberScan {
  list: MemberList;
  options: ScanOptions;
  /** The cursor to go on with. */
  cursor: u64;
}

function sscan(call: Call): void {
  if (!cursorOrReply(call, 2)) return;
  const cursor = <u64>call.integer;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) {
    replyArray(2);
    replyBulkInteger(0);
    return replyArray(0);
  }
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  const mark = scratchMark();
  const scan = changetype<MemberScan>(scratchTake(offsetof<MemberScan>()));
  scan.list = openMemberList();
  scan.cursor = cursor;
  scan.options = changetype<ScanOptions>(scratchTake(offsetof<ScanOptions>()));
  if (scanOptionsOrReply(call, scan.options, Type.SET)) {
    const isTable = entry.encoding == Encoding.HASHTABLE;
    if (isTable ? gatherSteps(scan, entry) : gatherWhole(scan, entry)) {
      replyScanned(scan);
    } else {
      replyError(OUT_OF_MEMORY);
    }
  }
  scratchRelease(mark);
}

/** Lists a member if the pattern wants it; false when memory is short. */
function gather(scan: MemberScan, block: usize, text: usize, bytes: u32): bool {
  return !scan.options.matches(text, bytes) || listMember(scan.list, block, text, bytes);
}

/** A small encoding is answered whole. */
function gatherWhole(scan: MemberScan, entry: KeyEntry): bool {
  const cursor = openSetCursor(entry);
  scan.cursor = 0;
  while (setNext(cursor)) {
    if (!gather(scan, 0, cursor.text, cursor.bytes)) return false;
  }
  return true;
}

function gatherChain(scan: MemberScan, first: usize): bool {
  for (let bucket = first; bucket; bucket = nextInChain(bucket)) {
    const elements = occupiedSlots(bucket);
    for (let slot = 0; slot < elements; slot++) {
      const block = referenceAt(bucket, slot);
      const member = changetype<SetMember>(block);
      if (!gather(scan, block, member.keyAddress, member.keyBytes)) return false;
    }
  }
  return true;
}

/** Chains of the table until there are enough members, or ten times as many steps are done. */
function gatherSteps(scan: MemberScan, entry: KeyEntry): bool {
  const table = setTable(entry);
  const steps = scan.options.steps;
  for (let step: i64 = 0; step < steps; step++) {
    if (!gatherChain(scan, scanChain(table, scan.cursor))) return false;
    if (!gatherChain(scan, scanSibling(table, scan.cursor))) return false;
    scan.cursor = scanNext(table, scan.cursor);
    if (!scan.cursor || <i64>scan.list.count >= scan.options.count) break;
  }
  return true;
}

function replyScanned(scan: MemberScan): void {
  replyArray(2);
  replyBulkInteger(scan.cursor);
  replyArray(scan.list.count);
  const cursor = openListCursor(scan.list);
  for (let member = listNext(cursor); member; member = listNext(cursor)) {
    replyBulk(member.keyAddress, member.keyBytes);
  }
}

export function registerSetScan(): void {
  command(sscan.index, "sscan", "set", "2.8.0", -3,
    "readonly", "set", "index 1 range 0 1 0 : ro access",
    "key:key cursor:integer pattern:pattern=MATCH? count:integer=COUNT?",
    "nondeterministic_output",
    "O(1) a call, O(N) for the whole set", "Lists members in steps, going on at a cursor.");
}

/** Set commands on members of one set, and SMOVE. The others are in set-*.ts. */

import { lookupRead, lookupWrite } from "../keyspace/database";
import { EventClass } from "../keyspace/events";
import { scratchMark, scratchRelease } from "../memory/scratch";
import { WRONG_TYPE } from "../protocol/errors";
import { replyArray, replyBulk, replyError, replyInteger, replySet } from "../protocol/reply";
import { Call, touchKey } from "../server/call";
import { notifyArgument } from "../server/notifications";
import { command } from "../server/table";
import { KeyEntry, Type } from "../values/key-entry";
import { announceMembers, setAdd, setCount, setHas, setRemove } from "../values/set";
import { openSetCursor, setNext } from "../values/set-cursor";
import { addSetKey, reserveMembers, settleRemoval, takeSetLimits } from "./set-access";
import { registerSetAlgebra } from "./set-algebra";
import { registerSetRandom } from "./set-random";
import { registerSetScan } from "./set-scan";

function sadd(call: Call): void {
  const end = call.argumentCount;
  let entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SET) return replyError(WRONG_TYPE);
  takeSetLimits();
  if (!reserveMembers(call, entry, 2, end)) return;
  if (entry) announceMembers(entry, end - 2);
  else entry = addSetKey(call, 1, 2, end - 2);
  let added = 0;
  for (let index = 2; index < end; index++) {
    added += i32(setAdd(entry, call.at(index), call.bytesOf(index)));
  }
  if (added) {
    touchKey(call, call.at(1), call.bytesOf(1));
    notifyArgument(call, EventClass.SET, "sadd", 1);
  }
  replyInteger(added);
}

function srem(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  let removed = 0;
  for (let index = 2; index < call.argumentCount && setCount(entry); index++) {
    removed += i32(setRemove(entry, call.at(index), call.bytesOf(index)));
  }
  if (removed) settleRemoval(call, 1, entry, "srem");
  replyInteger(removed);
}

function scard(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  replyInteger(setCount(entry));
}

function sismember(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  replyInteger(i64(setHas(entry, call.at(2), call.bytesOf(2))));
}

function smismember(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.SET) return replyError(WRONG_TYPE);
  replyArray(call.argumentCount - 2);
  for (let index = 2; index < call.argumentCount; index++) {
    replyInteger(i64(entry != null && setHas(entry, call.at(index), call.bytesOf(index))));
  }
}

function smembers(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replySet(0);
  if (entry.type != Type.SET) return replyError(WRONG_TYPE);
  replyMembers(entry);
}

/** Answers all members of a set. */
export function replyMembers(entry: KeyEntry): void {
  replySet(setCount(entry));
  const mark = scratchMark();
  const cursor = openSetCursor(entry);
  while (setNext(cursor)) replyBulk(cursor.text, cursor.bytes);
  scratchRelease(mark);
}

function smove(call: Call): void {
  const source = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!source) return replyInteger(0);
  const target = lookupWrite(call.database, call.at(2), call.bytesOf(2));
  if (source.type != Type.SET || (target && target.type != Type.SET)) {
    return replyError(WRONG_TYPE);
  }
  const isMember = setHas(source, call.at(3), call.bytesOf(3));
  if (!isMember || source == target) return replyInteger(i64(isMember));
  takeSetLimits();
  if (!reserveMembers(call, target, 3, 4)) return;
  setRemove(source, call.at(3), call.bytesOf(3));
  settleRemoval(call, 1, source, "srem");
  if (!target) lookupWrite(call.database, call.at(2), call.bytesOf(2));
  const entry = target ? target : addSetKey(call, 2, 3, 1);
  const added = setAdd(entry, call.at(3), call.bytesOf(3));
  touchKey(call, call.at(2), call.bytesOf(2));
  if (added) notifyArgument(call, EventClass.SET, "sadd", 2);
  replyInteger(1);
}

export function registerSets(): void {
  command(sadd.index, "sadd", "set", "1.0.0", -3,
    "write denyoom fast", "set", "index 1 range 0 1 0 : rw insert", "key:key member:string*",
    "", "O(1) for each member", "Adds members to a set, which is created if need be.");
  command(srem.index, "srem", "set", "1.0.0", -3,
    "write fast", "set", "index 1 range 0 1 0 : rw delete", "key:key member:string*",
    "", "O(1) for each member", "Removes members from a set, and the set when it is empty.");
  command(scard.index, "scard", "set", "1.0.0", 2,
    "readonly fast", "set", "index 1 range 0 1 0 : ro", "key:key",
    "", "O(1)", "Tells how many members a set has.");
  command(sismember.index, "sismember", "set", "1.0.0", 3,
    "readonly fast", "set", "index 1 range 0 1 0 : ro", "key:key member:string",
    "", "O(1)", "Tells whether a set has a member.");
  command(smismember.index, "smismember", "set", "6.2.0", -3,
    "readonly fast", "set", "index 1 range 0 1 0 : ro access", "key:key member:string*",
    "", "O(1) for each member", "Tells which of several members a set has.");
  command(smembers.index, "smembers", "set", "1.0.0", 2,
    "readonly", "set", "index 1 range 0 1 0 : ro access", "key:key",
    "nondeterministic_output_order", "O(N) in the number of members",
    "Lists the members of a set.");
  command(smove.index, "smove", "set", "1.0.0", 4,
    "write fast", "set",
    "index 1 range 0 1 0 : rw access delete ; index 2 range 0 1 0 : rw insert",
    "source:key destination:key@1 member:string",
    "", "O(1)", "Moves a member from one set to another.");
  registerSetAlgebra();
  registerSetRandom();
  registerSetScan();
}

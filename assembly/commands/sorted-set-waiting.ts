/**
 * Sorted set commands that wait: BZPOPMIN, BZPOPMAX, BZMPOP.
 *
 * Each does what its twin without waiting does, which is also its effect. When there is nothing to
 * take the session waits, and once a key is there the command runs again from its beginning.
 */

import { lookupWrite } from "../keyspace/database";
import { effectBytes, effectLiteral } from "../keyspace/effects";
import { WRONG_TYPE } from "../protocol/errors";
import { replyArray, replyBulk, replyError, replyNullArray } from "../protocol/reply";
import { Call, renderInstead } from "../server/call";
import { command } from "../server/table";
import { deadlineOrReply, mayWait, waitForKeys } from "../server/waiting";
import { KeyEntry, Type } from "../values/key-entry";
import { touchRemoved } from "./sorted-set-keys";
import { popMembers, popSome } from "./sorted-set-pops";

function popWaiting(call: Call, isMaximum: bool): void {
  const last = call.argumentCount - 1;
  if (!deadlineOrReply(call, last)) return;
  for (let index = 1; index < last; index++) {
    const entry = lookupWrite(call.database, call.at(index), call.bytesOf(index));
    if (!entry) continue;
    if (entry.type != Type.SORTED_SET) return replyError(WRONG_TYPE);
    return popOne(call, index, entry, isMaximum);
  }
  if (!mayWait(call)) return replyNullArray();
  waitForKeys(call, Type.SORTED_SET, 1, last - 1, call.integer, false);
}

/** Answers the key in argument `index` and a member of it with its score, which it takes. */
function popOne(call: Call, index: i32, entry: KeyEntry, isMaximum: bool): void {
  replyArray(3);
  replyBulk(call.at(index), call.bytesOf(index));
  popMembers(entry, 1, isMaximum, false);
  touchRemoved(call, index, entry, isMaximum ? "zpopmax" : "zpopmin");
  if (!renderInstead(call, 2)) return;
  effectLiteral(isMaximum ? "ZPOPMAX" : "ZPOPMIN");
  effectBytes(call.at(index), call.bytesOf(index));
}

function bzpopmin(call: Call): void {
  popWaiting(call, false);
}

function bzpopmax(call: Call): void {
  popWaiting(call, true);
}

function bzmpop(call: Call): void {
  const keys = popSome(call, 2);
  if (!keys) return;
  if (!mayWait(call)) return replyNullArray();
  waitForKeys(call, Type.SORTED_SET, 3, keys, call.integer, false);
}

export function registerSortedSetWaiting(): void {
  command(bzpopmin.index, "bzpopmin", "sorted-set", "5.0.0", -3,
    "write blocking fast", "sortedset", "index 1 range -2 1 0 : rw access delete",
    "key:key* timeout:double",
    "", "O(K + log N) for K keys",
    "Takes the member with the lowest score of the first sorted set there is, or waits for one.");
  command(bzpopmax.index, "bzpopmax", "sorted-set", "5.0.0", -3,
    "write blocking fast", "sortedset", "index 1 range -2 1 0 : rw access delete",
    "key:key* timeout:double",
    "", "O(K + log N) for K keys",
    "Takes the member with the highest score of the first sorted set there is, or waits for one.");
  command(bzmpop.index, "bzmpop", "sorted-set", "7.0.0", -5,
    "write blocking movablekeys", "sortedset", "index 2 keynum 0 1 1 : rw access delete",
    "timeout:double numkeys:integer key:key* where:oneof(min:pure-token=MIN max:pure-token=MAX) \
count:integer=COUNT?",
    "", "O(K + M log N) for K keys and M members",
    "ZMPOP that waits until one of the sorted sets is there.");
}

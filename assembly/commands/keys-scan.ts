/** Commands that walk the key space: KEYS, SCAN, RANDOMKEY. */

import { randomKey } from "../keyspace/database";
import {
  ANY_TYPE, Gathering, NO_TYPE, gatherAll, gatherFrom, gatherPattern, openGathering,
  replyGathered, strikeExpired,
} from "../keyspace/scan";
import { scratchMark, scratchRelease } from "../memory/scratch";
import { INVALID_CURSOR, NOVALUES_ONLY_HSCAN, OUT_OF_MEMORY, SYNTAX } from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkInteger, replyError, replyNull,
} from "../protocol/reply";
import { Call, integerOrReply } from "../server/call";
import { command } from "../server/table";
import { parseUnsigned } from "../text/integers";
import { typeNamed } from "../values/names";

const COUNT_DEFAULT: i64 = 10;

function keys(call: Call): void {
  const mark = scratchMark();
  const gathering = openGathering();
  gatherPattern(gathering, call.at(1), call.bytesOf(1));
  if (gatherAll(gathering, call.database.table)) {
    strikeExpired(gathering, call.database, false);
    replyGathered(gathering);
  } else {
    replyError(OUT_OF_MEMORY);
  }
  scratchRelease(mark);
}

function randomName(call: Call): void {
  const entry = randomKey(call.database);
  if (entry) replyBulk(entry.keyAddress, entry.keyBytes);
  else replyNull();
}

function scan(call: Call): void {
  if (!cursorOrReply(call, 1)) return;
  const cursor = <u64>call.integer;
  const mark = scratchMark();
  const gathering = openGathering();
  if (scanOptionsOrReply(call, gathering)) scanFrom(call, gathering, cursor, call.integer);
  scratchRelease(mark);
}

/** A cursor at argument `index` as u64 in `call.integer`; false: the error is answered. */
export function cursorOrReply(call: Call, index: i32): bool {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  let text = call.at(index);
  let bytes = call.bytesOf(index);
  if (parseUnsigned(text, bytes, out)) return true;
  // Redis reads what is no plain number as C does: blanks and a sign, then zeros, then the number.
  while (bytes && isBlank(load<u8>(text))) {
    text += 1;
    bytes -= 1;
  }
  if (bytes > 1 && load<u8>(text) == 0x2b) {
    text += 1;
    bytes -= 1;
  }
  while (bytes > 1 && load<u8>(text) == 0x30) {
    text += 1;
    bytes -= 1;
  }
  if (parseUnsigned(text, bytes, out)) return true;
  replyError(INVALID_CURSOR);
  return false;
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u32): bool {
  return byte == 0x20 || byte - 9 < 5;
}

/** Sets pattern and type, leaves COUNT in `call.integer`; false: the error is answered. */
function scanOptionsOrReply(call: Call, gathering: Gathering): bool {
  let count = COUNT_DEFAULT;
  for (let index = 2; index < call.argumentCount; index += 2) {
    const value = index + 1;
    const hasValue = value < call.argumentCount;
    if (hasValue && call.is(index, "count")) {
      if (!integerOrReply(call, value)) return false;
      count = call.integer;
      if (count < 1) {
        replyError(SYNTAX);
        return false;
      }
    } else if (hasValue && call.is(index, "match")) {
      gatherPattern(gathering, call.at(value), call.bytesOf(value));
    } else if (hasValue && call.is(index, "type")) {
      const type = typeNamed(call.at(value), call.bytesOf(value));
      gathering.type = type < 0 ? NO_TYPE : type;
    } else {
      replyError(call.is(index, "novalues") ? NOVALUES_ONLY_HSCAN : SYNTAX);
      return false;
    }
  }
  call.integer = count;
  return true;
}

function scanFrom(call: Call, gathering: Gathering, cursor: u64, count: i64): void {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (!gatherFrom(gathering, call.database.table, cursor, count, out)) {
    return replyError(OUT_OF_MEMORY);
  }
  strikeExpired(gathering, call.database, true);
  replyArray(2);
  replyBulkInteger(call.integer);
  replyGathered(gathering);
}

export function registerKeyScan(): void {
  command(keys.index, "keys", "generic", "1.0.0", 2, "readonly", "keyspace dangerous", "",
    "pattern:pattern", "request_policy:all_shards nondeterministic_output_order",
    "O(N) in the number of keys", "Lists the keys whose names match a pattern.");
  command(randomName.index, "randomkey", "generic", "1.0.0", 1, "readonly", "keyspace", "", "",
    "request_policy:all_shards response_policy:special nondeterministic_output", "O(1)",
    "Names a key drawn at random.");
  command(scan.index, "scan", "generic", "2.8.0", -2, "readonly", "keyspace", "",
    "cursor:integer pattern:pattern=MATCH? count:integer=COUNT? type:string=TYPE?^6.0.0",
    "nondeterministic_output request_policy:special response_policy:special",
    "O(1) a call, O(N) for the whole key space", "Lists keys in steps, going on at a cursor.");
}

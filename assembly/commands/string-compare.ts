/** String commands that compare a value with what the client expects: conditions, DELEX, DIGEST. */

import { SERVER_ROOT } from "../abi";
import { lookupRead, lookupWrite, removeFound } from "../keyspace/database";
import { effectDelete } from "../keyspace/effects";
import { equalBytes } from "../memory/bytes";
import { xxh3 } from "../memory/xxh3";
import {
  NOT_A_STRING_TO_COMPARE, SYNTAX, WRONG_DIGEST, WRONG_TYPE, replyWrongArity,
} from "../protocol/errors";
import { replyBulk, replyError, replyInteger, replyNull } from "../protocol/reply";
import { Call, renderNothing, touchKey } from "../server/call";
import { notifyDeleted } from "../server/notifications";
import { command } from "../server/table";
import { lowerByte } from "../text/case";
import { writeHex } from "../text/integers";
import { KeyEntry, Type } from "../values/key-entry";
import { stringAddress, stringBytes } from "../values/string";
import { COMPARISONS, Option, clearOptions, stringOptions, takeOption } from "./string-options";

/** Room for the text of an integer value, and for that of a second one. */
export const NUMBER: usize = SERVER_ROOT + 0x3f00;
export const SECOND_NUMBER: usize = SERVER_ROOT + 0x3f20;
/** Room for a digest in text. */
const DIGEST_TEXT: usize = SERVER_ROOT + 0x3f60;
const DIGEST_DIGITS: u32 = 16;

/**
 * Whether the conditions in `flags` let the key be replaced: 1 yes, 0 no, -1 the error is answered.
 * `match` is the argument to compare with; a key that is not there differs from everything.
 */
export function mayReplace(call: Call, entry: KeyEntry | null, flags: u32, match: i32): i32 {
  if (!(flags & (Option.NX | Option.XX | COMPARISONS))) return 1;
  if (!entry) return flags & (Option.XX | Option.IFEQ | Option.IFDEQ) ? 0 : 1;
  if (flags & Option.NX) return 0;
  if (flags & Option.XX) return 1;
  if (entry.type != Type.STRING) {
    replyError(WRONG_TYPE);
    return -1;
  }
  return compareOrReply(call, entry, flags, match);
}

/** Whether the comparison in `flags` holds for a string: 1, 0, or -1: the error is answered. */
function compareOrReply(call: Call, entry: KeyEntry, flags: u32, match: i32): i32 {
  const isDigest = (flags & (Option.IFDEQ | Option.IFDNE)) != 0;
  if (isDigest && !isHexDigest(call.at(match), call.bytesOf(match))) {
    replyError(WRONG_DIGEST);
    return -1;
  }
  const equal = isDigest ? hasDigest(entry, call.at(match)) : hasText(call, entry, match);
  return i32(equal == ((flags & (Option.IFEQ | Option.IFDEQ)) != 0));
}

function hasText(call: Call, entry: KeyEntry, match: i32): bool {
  const bytes = stringBytes(entry, NUMBER);
  return bytes == call.bytesOf(match)
    && equalBytes(stringAddress(entry, NUMBER), call.at(match), bytes);
}

function isHexDigest(address: usize, bytes: u32): bool {
  if (bytes != DIGEST_DIGITS) return false;
  for (let index: u32 = 0; index < DIGEST_DIGITS; index++) {
    const byte = lowerByte(load<u8>(address + index));
    if (byte - 0x30 > 9 && byte - 0x61 > 5) return false;
  }
  return true;
}

function hasDigest(entry: KeyEntry, text: usize): bool {
  writeDigest(entry);
  for (let index: u32 = 0; index < DIGEST_DIGITS; index++) {
    if (lowerByte(load<u8>(text + index)) != load<u8>(DIGEST_TEXT + index)) return false;
  }
  return true;
}

/** The digest of a string in DIGEST_TEXT. */
function writeDigest(entry: KeyEntry): void {
  const bytes = stringBytes(entry, NUMBER);
  writeHex(DIGEST_TEXT, xxh3(stringAddress(entry, NUMBER), bytes), DIGEST_DIGITS);
}

function digest(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  writeDigest(entry);
  replyBulk(DIGEST_TEXT, DIGEST_DIGITS);
}

function delex(call: Call): void {
  clearOptions();
  if (call.argumentCount != 2 && call.argumentCount != 4) {
    return replyWrongArity(call.row.nameAddress, call.row.nameBytes);
  }
  if (call.argumentCount == 4 && !takeOption(call, 2, COMPARISONS)) return replyError(SYNTAX);
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  const flags = stringOptions().flags;
  if (flags) {
    if (entry.type != Type.STRING) return replyError(NOT_A_STRING_TO_COMPARE);
    const verdict = compareOrReply(call, entry, flags, 3);
    if (verdict < 0) return;
    if (!verdict) return replyInteger(0);
  }
  replyInteger(1);
  removeRendered(call);
}

function delifeq(call: Call): void {
  const entry = lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  if (!hasText(call, entry, 2)) return replyInteger(0);
  replyInteger(1);
  removeRendered(call);
}

/** Removes the key of the last lookup, which is argument 1; its effect is DEL. */
export function removeRendered(call: Call): void {
  removeFound(call.database);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyDeleted(call, 1);
  renderNothing(call);
  effectDelete(call.database.number, call.at(1), call.bytesOf(1));
}

export function registerStringCompare(): void {
  command(digest.index, "digest", "string", "8.4.0", 2,
    "readonly fast", "string", "index 1 range 0 1 0 : ro access", "key:key",
    "", "O(N) in the length of the value", "Tells the XXH3 digest of a string in hexadecimal.");
  command(delex.index, "delex", "string", "8.4.0", -2,
    "write fast", "string", "index 1 range 0 1 0 : rm delete",
    "key:key condition:oneof?(ifeq-value:string=IFEQ ifne-value:string=IFNE \
ifdeq-digest:string=IFDEQ ifdne-digest:string=IFDNE)",
    "", "O(1), with a digest O(N) in the length of the value",
    "Removes a key, on a condition on its value if wanted.");
  command(delifeq.index, "delifeq", "string", "9.0.0", 3,
    "write", "string", "index 1 range 0 1 0 : rw access delete", "key:key value:string",
    "", "O(1)", "Removes a key if its value is the given one.");
}

/**
 * Whether a user may run a command on its keys and channels.
 *
 * A command runs when one selector allows all of it: the command (or its first argument), each key
 * for the access that the key specs name, each channel. Otherwise the refusal is that of the
 * selector that came furthest.
 *
 *   SERVER root + 0x4ac0  index of the argument that was refused | +0x20 cursor over keys
 *
 * Cost: nothing for sessions whose user may do everything; a bit for the command, a walk over keys
 * and patterns for the others.
 */

import { SERVER_ROOT } from "../abi";
import { equalBytes } from "../memory/bytes";
import {
  replyError, replyErrorBytes, replyErrorEnd, replyErrorStart, replyErrorText,
} from "../protocol/reply";
import { equalsBytesIgnoreCase } from "../text/case";
import { matchGlob } from "../text/glob";
import { Call } from "./call";
import { KEY_CURSOR_BYTES, KeyCursor, KeyFlag, hasKeys, nextKey, startKeys } from "./key-specs";
import { Denied, noteDenied } from "./users-log";
import { Row, RowFlag } from "./table";
import {
  KeyAccess, Pattern, Selector, SelectorFlag, User, commandBits, userOf,
} from "./users";

const REFUSED: usize = SERVER_ROOT + 0x4ac0;
const CURSOR: usize = SERVER_ROOT + 0x4b00;

if (KEY_CURSOR_BYTES > 0x100) ERROR("the cursor has 256 bytes");

/** Which argument the last refusal was about. */
export function refusedArgument(): i32 {
  return load<i32>(REFUSED);
}

/** The refusal of a command by the rules of a user; NOTHING: it may run. */
export function checkUser(user: User, row: Row, vector: usize, count: i32): Denied {
  let worst = Denied.NOTHING;
  let argument = 0;
  for (let at = <usize>user.selectors; at; at = changetype<Selector>(at).next) {
    const denied = checkSelector(changetype<Selector>(at), row, vector, count);
    if (denied == Denied.NOTHING) return denied;
    if (denied > worst || (denied == worst && refusedArgument() > argument)) {
      worst = denied;
      argument = refusedArgument();
    }
  }
  store<i32>(REFUSED, argument);
  return worst;
}

function checkSelector(selector: Selector, row: Row, vector: usize, count: i32): Denied {
  store<i32>(REFUSED, 0);
  if (!mayRunRow(selector, row, vector, count)) return Denied.COMMAND;
  if (!(selector.flags & SelectorFlag.ALL_KEYS) && hasKeys(row)) {
    if (!mayUseKeys(selector, row, vector, count)) return Denied.KEY;
  }
  if (!(selector.flags & SelectorFlag.ALL_CHANNELS) && row.flags & RowFlag.PUBSUB) {
    if (!mayUseChannels(selector, row, vector, count)) return Denied.CHANNEL;
  }
  return Denied.NOTHING;
}

function mayRunRow(selector: Selector, row: Row, vector: usize, count: i32): bool {
  if (selector.flags & SelectorFlag.ALL_COMMANDS || row.flags & RowFlag.NO_AUTH) return true;
  const byte: u32 = load<u8>(commandBits(selector) + (row.number >> 3));
  if ((byte >> (row.number & 7)) & 1) return true;
  if (count < 2) return false;
  const word = <usize>load<u32>(vector + 8);
  const bytes = load<u32>(vector + 12);
  for (let at = <usize>selector.firstArguments; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    if (pattern.flags != row.number || pattern.bytes != bytes) continue;
    if (equalsBytesIgnoreCase(pattern.text, word, bytes)) return true;
  }
  return false;
}

function mayUseKeys(selector: Selector, row: Row, vector: usize, count: i32): bool {
  const cursor = changetype<KeyCursor>(CURSOR);
  startKeys(cursor, row, vector, count);
  while (nextKey(cursor)) {
    const key = <usize>load<u32>(vector + (cursor.index << 3));
    const bytes = load<u32>(vector + (cursor.index << 3), 4);
    if (mayUseKey(selector, accessOf(cursor.flags), key, bytes)) continue;
    store<i32>(REFUSED, cursor.index);
    return false;
  }
  return true;
}

function accessOf(flags: u32): u32 {
  let access: u32 = 0;
  if (flags & KeyFlag.ACCESS) access |= KeyAccess.READ;
  if (flags & (KeyFlag.INSERT | KeyFlag.DELETE | KeyFlag.UPDATE)) access |= KeyAccess.WRITE;
  return access;
}

function mayUseKey(selector: Selector, access: u32, key: usize, bytes: u32): bool {
  for (let at = <usize>selector.keys; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    if ((pattern.flags & access) != access) continue;
    if (matchGlob(pattern.text, pattern.bytes, key, bytes, false)) return true;
  }
  return false;
}

/** PUBLISH names one channel, those that listen several; a pattern stands for itself. */
function mayUseChannels(selector: Selector, row: Row, vector: usize, count: i32): bool {
  const publishes = row.is("publish") || row.is("spublish");
  const listens = row.is("subscribe") || row.is("ssubscribe") || row.is("psubscribe");
  if (!publishes && !listens) return true;
  const end = publishes ? 2 : count;
  for (let index = 1; index < end; index++) {
    const name = <usize>load<u32>(vector + (index << 3));
    const bytes = load<u32>(vector + (index << 3), 4);
    if (mayUseChannel(selector, name, bytes, row.is("psubscribe"))) continue;
    store<i32>(REFUSED, index);
    return false;
  }
  return true;
}

/** Whether a selector allows a channel, or a pattern, which has to be one of its own literally. */
export function mayUseChannel(
  selector: Selector, name: usize, bytes: u32, isPattern: bool,
): bool {
  if (selector.flags & SelectorFlag.ALL_CHANNELS) return true;
  for (let at = <usize>selector.channels; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    if (isPattern) {
      if (pattern.bytes == bytes && equalBytes(pattern.text, name, bytes)) return true;
    } else if (matchGlob(pattern.text, pattern.bytes, name, bytes, false)) {
      return true;
    }
  }
  return false;
}

/** Whether the session may read any key there is while it runs this command (SORT BY and GET). */
export function mayReadAllKeys(call: Call): bool {
  if (!call.session.isLimited) return true;
  const user = userOf(call.session);
  for (let at = <usize>user.selectors; at; at = changetype<Selector>(at).next) {
    const selector = changetype<Selector>(at);
    if (!readsAllKeys(selector)) continue;
    if (checkSelector(selector, call.row, call.arguments, call.argumentCount) == Denied.NOTHING) {
      return true;
    }
  }
  return false;
}

function readsAllKeys(selector: Selector): bool {
  if (selector.flags & SelectorFlag.ALL_KEYS) return true;
  for (let at = <usize>selector.keys; at; at = changetype<Pattern>(at).next) {
    const pattern = changetype<Pattern>(at);
    const isAll = pattern.bytes == 1 && load<u8>(pattern.text) == 0x2a;
    if (isAll && pattern.flags & KeyAccess.READ) return true;
  }
  return false;
}

/** Of a limited session: true when the command may not run, which is answered and noted. */
export function isDenied(call: Call, row: Row): bool {
  const session = call.session;
  const denied = checkUser(userOf(session), row, call.arguments, call.argumentCount);
  if (denied == Denied.NOTHING) return false;
  row.rejectedCalls += 1;
  noteDenied(session, row, denied, call, refusedArgument(), session.transaction != 0);
  if (denied == Denied.KEY) {
    replyError("NOPERM No permissions to access a key");
  } else if (denied == Denied.CHANNEL) {
    replyError("NOPERM No permissions to access a channel");
  } else {
    replyErrorStart(row.is("exec")
      ? "EXECABORT Transaction discarded because of: NOPERM User " : "NOPERM User ");
    replyErrorBytes(userOf(session).name, userOf(session).nameBytes);
    replyErrorText(" has no permissions to run the '");
    replyErrorBytes(row.nameAddress, row.nameBytes);
    replyErrorText("' command");
    replyErrorEnd();
  }
  return true;
}

/** The same for a command of a transaction that EXEC runs. */
export function isDeniedInExec(call: Call, row: Row): bool {
  const session = call.session;
  const denied = checkUser(userOf(session), row, call.arguments, call.argumentCount);
  if (denied == Denied.NOTHING) return false;
  noteDenied(session, row, denied, call, refusedArgument(), true);
  replyErrorStart("NOPERM ACLs rules changed between the moment the transaction was accumulated \
and the EXEC call. This command is no longer allowed for the following reason: ");
  if (denied == Denied.KEY) {
    replyErrorText("no permission to touch the specified keys");
  } else if (denied == Denied.CHANNEL) {
    replyErrorText("no permission to access one of the channels used as arguments");
  } else {
    replyErrorText("no permission to execute the command or subcommand");
  }
  replyErrorEnd();
  return true;
}

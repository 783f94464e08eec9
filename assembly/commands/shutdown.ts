/**
 * SHUTDOWN: the host saves and stops; the session waits and its connection ends with the process. A
 * host that cannot stop refuses, and the client is told.
 */

import { Request, SERVER_ROOT } from "../abi";
import { NO_SHUTDOWN, SHUTDOWN_FAILED, SYNTAX } from "../protocol/errors";
import { replyError, replyErrorLine } from "../protocol/reply";
import { Call, requestHost } from "../server/call";
import { Session } from "../server/session";
import { command } from "../server/table";
import { writeLiteral } from "../text/case";

/** "nosave\0now\0force\0" at most. */
const TEXT: usize = SERVER_ROOT + 0x29c0;

const enum Option {
  NOSAVE = 1,
  SAVE = 2,
  NOW = 4,
  FORCE = 8,
  ABORT = 16,
}

function optionAt(call: Call, index: i32): u32 {
  if (call.is(index, "nosave")) return Option.NOSAVE;
  if (call.is(index, "save")) return Option.SAVE;
  if (call.is(index, "now")) return Option.NOW;
  if (call.is(index, "force")) return Option.FORCE;
  return call.is(index, "abort") ? Option.ABORT : 0;
}

function writeOption(at: usize, options: u32, option: Option, name: string): usize {
  if (!(options & option)) return at;
  const end = at + writeLiteral(at, name);
  store<u8>(end, 0);
  return end + 1;
}

function shutdown(call: Call): void {
  let options: u32 = 0;
  for (let index = 1; index < call.argumentCount; index++) {
    const option = optionAt(call, index);
    if (!option) return replyError(SYNTAX);
    options |= option;
  }
  const abort = (options & Option.ABORT) != 0;
  const both: u32 = Option.SAVE | Option.NOSAVE;
  if ((abort && options != Option.ABORT) || (options & both) == both) return replyError(SYNTAX);
  if (abort) return replyError(NO_SHUTDOWN);
  let end = writeOption(TEXT, options, Option.NOSAVE, "nosave");
  end = writeOption(end, options, Option.SAVE, "save");
  end = writeOption(end, options, Option.NOW, "now");
  end = writeOption(end, options, Option.FORCE, "force");
  requestHost(call, Request.SHUTDOWN, 0, TEXT, <u32>(end - TEXT));
}

/** The host's answer: it stops, or it cannot. */
export function completeShutdown(session: Session, ok: bool, text: usize, bytes: u32): void {
  if (ok) session.closing = 1;
  else if (bytes) replyErrorLine(text, bytes);
  else replyError(SHUTDOWN_FAILED);
}

export function registerShutdown(): void {
  command(shutdown.index, "shutdown", "server", "1.0.0", -1,
    "admin noscript loading stale no_multi allow_busy", "", "",
    "nosave_save:oneof?(nosave:pure-token=NOSAVE save:pure-token=SAVE) \
now:pure-token=NOW?^7.0.0 force:pure-token=FORCE?^7.0.0 abort:pure-token=ABORT?^7.0.0",
    "", "O(N) in the number of keys when they are saved, else O(1)",
    "Saves the data where that is configured and stops the server.");
}

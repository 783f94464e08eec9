/**
 * SAVE, BGSAVE, LASTSAVE: the engine asks the host, which cuts the image between two calls and
 * tells in the exchange record how that goes.
 *
 * SAVE waits until the image is durable; other clients are served meanwhile, and what they write is
 * not part of it. BGSAVE is answered as soon as its image is cut. While a rewrite of the log runs,
 * which is an image too, BGSAVE SCHEDULE leaves a note for the host; in a transaction BGSAVE does.
 */

import { EXCHANGE, Exchange, Request } from "../abi";
import { ANOTHER_CHILD, SAVE_IN_PROGRESS, SYNTAX } from "../protocol/errors";
import { replyError, replyInteger, replyStatus } from "../protocol/reply";
import { Call, requestHost } from "../server/call";
import { hostNumber } from "../server/facts";
import { command } from "../server/table";

/** Seconds since 1970 of the last image, or of the start while there is none. */
export function lastSaveSeconds(): f64 {
  const saved = hostNumber(Exchange.LAST_SAVE_MS);
  return Math.floor((saved > 0 ? saved : hostNumber(Exchange.START_TIME_MS)) / 1000);
}

export function isSaving(): bool {
  return load<u32>(EXCHANGE + Exchange.SAVE_IN_PROGRESS) != 0;
}

function save(call: Call): void {
  if (isSaving()) return replyError(SAVE_IN_PROGRESS);
  requestHost(call, Request.SAVE, 0, 0, 0);
}

function backgroundSave(call: Call): void {
  const scheduled = call.argumentCount == 2 && call.is(1, "schedule");
  if (call.argumentCount > 1 && !scheduled) return replyError(SYNTAX);
  if (isSaving()) return replyError(SAVE_IN_PROGRESS);
  // No image is cut inside of a transaction.
  const rewrites = load<u32>(EXCHANGE + Exchange.REWRITE_IN_PROGRESS) != 0;
  if (!rewrites && call.canWait) return requestHost(call, Request.BACKGROUND_SAVE, 0, 0, 0);
  if (rewrites && !scheduled) return replyError(ANOTHER_CHILD);
  store<u32>(EXCHANGE + Exchange.SAVE_SCHEDULED, 1);
  replyStatus("Background saving scheduled");
}

/** The host's answer to BGSAVE. */
export function completeBackgroundSave(): void {
  replyStatus("Background saving started");
}

function lastSave(call: Call): void {
  replyInteger(<i64>lastSaveSeconds());
}

export function registerPersistence(): void {
  command(save.index, "save", "server", "1.0.0", 1,
    "admin noscript no_async_loading no_multi", "", "", "", "",
    "O(N) in the bytes of the data set",
    "Writes an image of the data set and answers when it is durable.");
  command(backgroundSave.index, "bgsave", "server", "1.0.0", -1,
    "admin noscript no_async_loading", "", "", "schedule:pure-token=SCHEDULE?^3.2.2", "",
    "O(1)", "Starts to write an image of the data set in the background.");
  command(lastSave.index, "lastsave", "server", "1.0.0", 1,
    "loading stale fast", "admin dangerous", "", "", "nondeterministic_output",
    "O(1)", "Tells when the last image became durable, in seconds since 1970.");
}

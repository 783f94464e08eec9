/** OBJECT: how a key is stored and when it was used. */

import { accessFrequency, accessRules, idleSeconds } from "../keyspace/access";
import { lookupUnheard } from "../keyspace/database";
import { OBJECT_FREQUENCY_WITHOUT_LFU, OBJECT_IDLE_WITH_LFU } from "../protocol/errors";
import { replyBulkText, replyError, replyInteger, replyNull } from "../protocol/reply";
import { Call } from "../server/call";
import { settings } from "../server/settings";
import { command } from "../server/table";
import { Encoding, KeyEntry } from "../values/key-entry";
import { encodingName } from "../values/names";
import { containerHelp } from "./help";

/** Integers below are one shared object in Redis, which counts this many references to it. */
const SHARED_INTEGERS: u64 = 10000;
const SHARED_REFERENCES: i64 = 2147483647;

/** The key of argument 2; null: the null reply is given. */
function keyOrReply(call: Call): KeyEntry | null {
  const entry = lookupUnheard(call.database, call.at(2), call.bytesOf(2));
  if (!entry) replyNull();
  return entry;
}

function encoding(call: Call): void {
  const entry = keyOrReply(call);
  if (entry) replyBulkText(encodingName(entry.encoding));
}

function frequency(call: Call): void {
  const entry = keyOrReply(call);
  if (!entry) return;
  if (!accessRules().frequency) return replyError(OBJECT_FREQUENCY_WITHOUT_LFU);
  replyInteger(accessFrequency(entry));
}

function idleTime(call: Call): void {
  const entry = keyOrReply(call);
  if (!entry) return;
  if (accessRules().frequency) return replyError(OBJECT_IDLE_WITH_LFU);
  replyInteger(idleSeconds(entry));
}

function referenceCount(call: Call): void {
  const entry = keyOrReply(call);
  if (entry) replyInteger(isShared(entry) ? SHARED_REFERENCES : 1);
}

/** What Redis would share: not where each key needs an access clock of its own. */
function isShared(entry: KeyEntry): bool {
  if (entry.encoding != Encoding.INTEGER || load<u64>(entry.value) >= SHARED_INTEGERS) return false;
  return settings().maxmemory == 0 || !accessRules().frequency;
}

/** A container is called with a subcommand; without one its arity refuses. */
function object(call: Call): void {
  unreachable();
}

export function registerKeyObject(): void {
  command(object.index, "object", "generic", "2.2.3", -2, "", "", "", "", "", "by subcommand",
    "Groups the subcommands that look into how a key is stored.");
  command(encoding.index, "object|encoding", "generic", "2.2.3", 3, "readonly", "keyspace",
    "index 2 range 0 1 0 : ro", "key:key", "nondeterministic_output", "O(1)",
    "Names the encoding of a key's value.");
  command(frequency.index, "object|freq", "generic", "4.0.0", 3, "readonly", "keyspace",
    "index 2 range 0 1 0 : ro", "key:key", "nondeterministic_output", "O(1)",
    "Tells how often a key is used, on a logarithmic scale.");
  command(containerHelp.index, "object|help", "generic", "6.2.0", 2, "loading stale", "keyspace",
    "", "", "", "O(1)", "Describes the subcommands of OBJECT.");
  command(idleTime.index, "object|idletime", "generic", "2.2.3", 3, "readonly", "keyspace",
    "index 2 range 0 1 0 : ro", "key:key", "nondeterministic_output", "O(1)",
    "Tells the seconds since a key was last used.");
  command(referenceCount.index, "object|refcount", "generic", "2.2.3", 3, "readonly", "keyspace",
    "index 2 range 0 1 0 : ro", "key:key", "nondeterministic_output", "O(1)",
    "Counts the references to a key's value.");
}

/** SLOWLOG: the calls that took longest. What is kept of them is server/slow-log.ts's. */

import { SLOWLOG_COUNT, replySubcommandSyntax } from "../protocol/errors";
import { replyArray, replyBulk, replyError, replyInteger, replyOk } from "../protocol/reply";
import { Call } from "../server/call";
import {
  SlowEntry, newestSlowEntry, olderSlowEntry, resetSlowLog, slowEntryCount,
} from "../server/slow-log";
import { command } from "../server/table";
import { parseInteger } from "../text/integers";
import { containerHelp } from "./help";

const DEFAULT_COUNT: i64 = 10;

function container(call: Call): void {}

function get(call: Call): void {
  let wanted = DEFAULT_COUNT;
  if (call.argumentCount > 3) {
    return replySubcommandSyntax(call.at(1), call.bytesOf(1), "SLOWLOG");
  }
  if (call.argumentCount == 3) {
    const out = changetype<usize>(call) + offsetof<Call>("integer");
    if (!parseInteger(call.at(2), call.bytesOf(2), out) || call.integer < -1) {
      return replyError(SLOWLOG_COUNT);
    }
    wanted = call.integer;
  }
  const all = <i64>slowEntryCount();
  let left = wanted < 0 ? all : min(wanted, all);
  replyArray(<u32>left);
  let entry = newestSlowEntry();
  while (left-- > 0 && entry) {
    replyEntry(entry);
    entry = olderSlowEntry(entry);
  }
}

function replyEntry(entry: SlowEntry): void {
  replyArray(6);
  replyInteger(entry.id);
  replyInteger(entry.timeSeconds);
  replyInteger(entry.microseconds);
  replyArray(entry.argumentCount);
  let at = entry.peer + entry.peerBytes + entry.nameBytes;
  for (let index = 0; index < entry.argumentCount; index++) {
    const bytes = load<u32>(at);
    replyBulk(at + 4, bytes);
    at += 4 + bytes;
  }
  replyBulk(entry.peer, entry.peerBytes);
  replyBulk(entry.peer + entry.peerBytes, entry.nameBytes);
}

function len(call: Call): void {
  replyInteger(slowEntryCount());
}

function reset(call: Call): void {
  resetSlowLog();
  replyOk();
}

function sub(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  flags: string,
  args: string,
  tips: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "server", since, arity, flags, "", "", args, tips, complexity, summary);
}

export function registerSlowLog(): void {
  const flags = "admin loading stale";
  sub(container.index, "slowlog", "2.2.12", -2, "", "", "", "Depends on subcommand.",
    "The calls that took longest.");
  sub(get.index, "slowlog|get", "2.2.12", -2, flags, "count:integer?",
    "request_policy:all_nodes nondeterministic_output", "O(N) in the number of entries answered",
    "Answers the newest entries, 10 of them unless told otherwise; -1 means all.");
  sub(containerHelp.index, "slowlog|help", "6.2.0", 2, "loading stale", "", "", "O(1)",
    "Lists the subcommands.");
  sub(len.index, "slowlog|len", "2.2.12", 2, flags, "",
    "request_policy:all_nodes response_policy:agg_sum nondeterministic_output", "O(1)",
    "Counts the entries.");
  sub(reset.index, "slowlog|reset", "2.2.12", 2, flags, "",
    "request_policy:all_nodes response_policy:all_succeeded", "O(N) in the number of entries",
    "Forgets all entries.");
}

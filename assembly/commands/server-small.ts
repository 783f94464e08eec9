/** Small commands that tell something of the server: time, role, and LOLWUT. */

import { nowMs } from "../memory/root";
import { position } from "../keyspace/keyspace";
import {
  TIMEOUT_NEGATIVE, TIMEOUT_NOT_INTEGER, TIMEOUT_OUT_OF_RANGE,
} from "../protocol/errors";
import {
  replyArray, replyBulkInteger, replyBulkText, replyEmptyArray, replyError, replyInteger,
  replyVerbatim,
} from "../protocol/reply";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { Call, integerOrReply } from "../server/call";
import { command } from "../server/table";
import { writeLiteral } from "../text/case";
import { parseInteger } from "../text/integers";

function time(call: Call): void {
  replyArray(2);
  replyBulkInteger(nowMs() / 1000);
  replyBulkInteger((nowMs() % 1000) * 1000);
}

function role(call: Call): void {
  replyArray(3);
  replyBulkText("master");
  replyInteger(<i64>position());
  replyEmptyArray();
}

/** There is no replica to wait for. */
function wait(call: Call): void {
  if (!integerOrReply(call, 1)) return;
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (!parseInteger(call.at(2), call.bytesOf(2), out)) return replyError(TIMEOUT_NOT_INTEGER);
  if (call.integer < 0) return replyError(TIMEOUT_NEGATIVE);
  if (call.integer > i64.MAX_VALUE - nowMs()) return replyError(TIMEOUT_OUT_OF_RANGE);
  replyInteger(0);
}

/** A gathering of four folded sheets, which is what a quire is. */
function lolwut(call: Call): void {
  if (call.argumentCount > 2 && call.is(1, "version") && !integerOrReply(call, 2)) return;
  const art = "\
        ______________________\n\
       /_____________________/|\n\
      /_____________________/||\n\
     /_____________________/|||\n\
    /_____________________/||||\n\
    |    four sheets,     |||/\n\
    |  folded once: one   ||/\n\
    |       quire         |/\n\
    |_____________________/\n\n\
Redis ver. 7.4.0\n";
  const mark = scratchMark();
  const text = scratchTake(art.length);
  replyVerbatim("txt", text, writeLiteral(text, art));
  scratchRelease(mark);
}

export function registerServerSmall(): void {
  command(lolwut.index, "lolwut", "server", "5.0.0", -1, "readonly fast", "", "",
    "version:integer=VERSION?", "", "O(1)", "Draws something and names the version.");
  command(role.index, "role", "server", "2.8.12", 1, "noscript loading stale fast",
    "admin dangerous", "", "", "", "O(1)", "Answers the role in replication.");
  command(time.index, "time", "server", "2.6.0", 1, "loading stale fast", "", "", "",
    "nondeterministic_output", "O(1)", "Answers the time in seconds and microseconds.");
  command(wait.index, "wait", "generic", "3.0.0", 3, "noscript", "connection", "",
    "numreplicas:integer timeout:integer",
    "request_policy:all_shards response_policy:agg_min", "O(1)",
    "Answers how many replicas have the writes of this connection.");
}

/** DEBUG HELP. DEBUG has no rows for its subcommands, so this list stands beside debug.ts. */

import { Call } from "../server/call";
import { replyHelp } from "../server/help";

export function replyDebugHelp(call: Call): void {
  replyHelp(call, "DIGEST\n    Answers a hash over all keys and values.\n\
DIGEST-VALUE <key> [<key> ...]\n    Answers a hash of the value of each key.\n\
ERROR <text>\n    Answers <text> as an error.\n\
HTSTATS <database> [FULL]\n    Shows how full the hash table of a database is.\n\
HTSTATS-KEY <key> [FULL]\n    Shows how full the hash table of a value is.\n\
LOG <text>\n    Writes <text> to the log.\n\
OBJECT <key>\n    Shows how a value is stored.\n\
PANIC\n    Stops the engine as a fault in it would.\n\
PAUSE-CRON <0|1>\n    Pauses the work in the background.\n\
POPULATE <count> [<prefix>] [<size>]\n    Adds <count> keys named <prefix>:<number> (key:0 ...) \
that do not exist yet.\n\
PROTOCOL <type>\n    Answers an example of a type: string, integer, double, bignum, null, array, \
set,\n    map, attrib, push, verbatim, true, false.\n\
REPLYBUFFER PEAK-RESET-TIME|RESIZING <value>\n    Accepted without effect.\n\
SET-ACTIVE-EXPIRE <0|1>\n    Switches the removal of expired keys in the background.\n\
SLEEP <seconds>\n    Stops serving for a time.\n\
STRINGMATCH-LEN <pattern> <text>\n    Answers whether a pattern fits a text.\n\
STRINGMATCH-TEST\n    Matches many patterns.");
}

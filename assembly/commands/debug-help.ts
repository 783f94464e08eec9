/**
 * DEBUG HELP: one status line per line of a literal. DEBUG has no rows for its subcommands, from
 * which `containerHelp` would render it, so their list stands here.
 */

import { replyArray } from "../protocol/reply";
import { replySink, sinkByte, sinkLiteral } from "../protocol/sink";

function countLines(lines: string): i32 {
  let count = 1;
  for (let i = 0; i < lines.length; i++) if (lines.charCodeAt(i) == 0x0a) count += 1;
  return count;
}

function endLine(): void {
  sinkByte(replySink(), 0x0d);
  sinkByte(replySink(), 0x0a);
}

/** Answers `lines`, separated by a newline, framed as Redis frames them. */
function replyLines(lines: string): void {
  const sink = replySink();
  replyArray(countLines(lines) + 3);
  sinkLiteral(sink, "+DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  endLine();
  sinkByte(sink, 0x2b);
  for (let i = 0; i < lines.length; i++) {
    const byte = lines.charCodeAt(i);
    if (byte == 0x0a) {
      endLine();
      sinkByte(sink, 0x2b);
    } else {
      sinkByte(sink, byte);
    }
  }
  endLine();
  sinkLiteral(sink, "+HELP");
  endLine();
  sinkLiteral(sink, "+    Prints this help.");
  endLine();
}

export function replyDebugHelp(): void {
  replyLines("DIGEST\n    Answers a hash over all keys and values.\n\
DIGEST-VALUE <key> [<key> ...]\n    Answers a hash of the value of each key.\n\
ERROR <text>\n    Answers <text> as an error.\n\
HTSTATS <database> [FULL]\n    Shows how full the hash table of a database is.\n\
HTSTATS-KEY <key> [FULL]\n    Shows how full the hash table of a value is.\n\
LISTPACK <key>\n    Tells whether a value is one packed list.\n\
LOADAOF\n    Empties the data set and loads image and log again.\n\
LOG <text>\n    Writes <text> to the log.\n\
OBJECT <key>\n    Shows how a value is stored.\n\
PANIC\n    Stops the engine as a fault in it would.\n\
PAUSE-CRON <0|1>\n    Pauses the work in the background.\n\
POPULATE <count> [<prefix>] [<size>]\n    Adds <count> keys named <prefix>:<number> (key:0 ...) \
that do not exist yet.\n\
PROTOCOL <type>\n    Answers an example of a type: string, integer, double, bignum, null, array, \
set,\n    map, attrib, push, verbatim, true, false.\n\
QUICKLIST <key> [<0|1>]\n    Tells whether a value is a list of several packed lists.\n\
QUICKLIST-PACKED-THRESHOLD <size>\n    Accepted without effect.\n\
RELOAD [MERGE] [NOFLUSH] [NOSAVE]\n    Writes the data set as an RDB file and loads it again. With \
MERGE keys\n    that are there already are replaced, NOFLUSH leaves them there, NOSAVE loads\n    \
the file that was saved before.\n\
REPLYBUFFER PEAK-RESET-TIME|RESIZING <value>\n    Accepted without effect.\n\
SET-ACTIVE-EXPIRE <0|1>\n    Switches the removal of expired keys in the background.\n\
SLEEP <seconds>\n    Stops serving for a time.\n\
STRINGMATCH-LEN <pattern> <text>\n    Answers whether a pattern fits a text.\n\
STRINGMATCH-TEST\n    Matches many patterns.");
}

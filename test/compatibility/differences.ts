// Where Redis 7.4, which holds, and redis-server 7.0.15, which is compared with, answer
// differently.
import { isSameDryRun, isSameLog, isSameRefusal, isSameUser } from "./acl-replies";

export interface Difference {
  /** The command line, split at spaces. */
  command: string;
  /** Commands that run before it on a fresh data set. */
  before?: string[];
  /** Commands that run after it, where it would disturb others. */
  after?: string[];
  /** 3 when the replies are those of RESP3. */
  protocol?: 2 | 3;
  /** Raw reply of 7.0.15 without the last line end; "..." at its end stands for any rest. */
  reply70: string;
  /** Raw reply of 7.4 and Quire, written the same way. */
  ours: string;
  /** Where the difference is documented. */
  source: string;
}

/** What ACL GETUSER answers of a user that has these rules for commands and nothing else. */
function shownRules(commands: string): string {
  const flags = "*2\r\n$3\r\noff\r\n$16\r\nsanitize-payload";
  const start = `*12\r\n$5\r\nflags\r\n${flags}\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands`;
  return `${start}\r\n$${commands.length}\r\n${commands}\r\n...`;
}

export const differences: Difference[] = [
  {
    command: "scan -1",
    reply70: "*2\r\n$1\r\n0\r\n*0",
    ours: "-ERR invalid cursor",
    source: "7.4 reads cursors with string2ull (src/util.c), which refuses negative numbers",
  },
  {
    command: "command getkeys x",
    reply70: "-ERR wrong number of arguments for 'command|getkeys' command",
    ours: "-ERR Invalid command specified",
    source: "7.4 asks for three arguments instead of four (src/commands/command-getkeys.json)",
  },
  {
    command: "command getkeysandflags x",
    reply70: "-ERR wrong number of arguments for 'command|getkeysandflags' command",
    ours: "-ERR Invalid command specified",
    source:
      "7.4 asks for three arguments instead of four (src/commands/command-getkeysandflags.json)",
  },
  {
    command: "hello",
    before: ["config set requirepass secret", "reset"],
    after: ["auth secret", "config set requirepass "],
    reply70:
      "-NOAUTH HELLO must be called with the client already authenticated, otherwise the " +
      "HELLO AUTH <user> <pass> option...",
    ours:
      "-NOAUTH HELLO must be called with the client already authenticated, otherwise the " +
      "HELLO <proto> AUTH <user> <pass> option...",
    source: "7.2 completes the text (helloCommand in src/networking.c)",
  },
  {
    command: "CLIENT GETNAME",
    before: ["HELLO 2 SETNAME a nosuch"],
    reply70: "$1\r\na",
    ours: "$-1",
    source: "Redis 7.2: HELLO names the connection only when all of it is accepted",
  },
  {
    command: "COMMAND GETKEYS PING",
    reply70: "-ERR wrong number of arguments for 'command|getkeys' command",
    ours: "-ERR The command has no key arguments",
    source: "Redis 7.2: COMMAND GETKEYS has arity -3",
  },
  {
    command: "COMMAND GETKEYSANDFLAGS GET",
    reply70: "-ERR wrong number of arguments for 'command|getkeysandflags' command",
    ours: "-ERR Invalid number of arguments specified for command",
    source: "Redis 7.2: COMMAND GETKEYSANDFLAGS has arity -3",
  },
  {
    command: "WAIT 0 9223372036854775807",
    reply70: ":0",
    ours: "-ERR timeout is out of range",
    source: "Redis 7.2: a timeout in milliseconds is checked against the clock",
  },
  {
    command: "CLIENT NO-TOUCH ON",
    reply70: "-ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP.",
    ours: "+OK",
    source: "CLIENT NO-TOUCH is since 7.2.0",
  },
  {
    command: "CLIENT SETINFO LIB-NAME a",
    reply70: "-ERR unknown subcommand 'SETINFO'. Try CLIENT HELP.",
    ours: "+OK",
    source: "CLIENT SETINFO is since 7.2.0",
  },
  {
    command: "CLIENT KILL MAXAGE 100000",
    reply70: "-ERR syntax error",
    ours: ":0",
    source: "CLIENT KILL MAXAGE is since 7.4.0",
  },
  {
    command: "LOLWUT",
    reply70: "$18\r\nRedis ver. 7.0.15...",
    ours: "$295...",
    source: "Quire draws something of its own above the version",
  },
  {
    command: "SET key b IFEQ a",
    before: ["SET key a"],
    reply70: "-ERR syntax error",
    ours: "+OK",
    source: "Redis 8.4 adds IFEQ, IFNE, IFDEQ and IFDNE (redis.io/commands/set); 7.4 knows none",
  },
  {
    command: "info keyspace",
    before: ["set a 1"],
    reply70: "$44\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n...",
    ours: "$56\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n...",
    source: "7.4 counts keys with fields that expire (genRedisInfoString in src/server.c)",
  },
  {
    command: "config set activedefrag yes",
    after: ["config set activedefrag no"],
    reply70:
      "-ERR CONFIG SET failed (possibly related to argument 'activedefrag') - Active " +
      "defragmentation cannot be enabled...",
    ours: "+OK",
    source: "Debian's build has no allocator that can defragment; accepted without effect here",
  },
  {
    command: "config set cluster-announce-hostname a_b",
    after: ["config set cluster-announce-hostname "],
    reply70:
      "-ERR CONFIG SET failed (possibly related to argument 'cluster-announce-hostname') - " +
      "Hostnames may only contain alphanumeric characters, hyphens or dots",
    ours: "+OK",
    source: "values of parameters without effect are not checked beyond their kind",
  },
  {
    command: "config set maxmemory-clients 99999999999999999999",
    after: ["config set maxmemory-clients 0"],
    reply70: "+OK",
    ours:
      "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - argument " +
      "must be between 0 and 9223372036854775807 inclusive",
    source: "Redis stores the wrapped number, which then means a percentage (src/config.c)",
  },
  {
    command: "bitcount missing x y",
    reply70: ":0",
    ours: "-ERR value is not an integer or out of range",
    source: "7.4 reads the range of a missing key, too (src/bitops.c)",
  },
  {
    command: "bitcount missing 0",
    reply70: ":0",
    ours: "-ERR syntax error",
    source: "7.4 reads the range of a missing key, too (src/bitops.c)",
  },
  {
    command: "bitpos missing 1 0 1 x",
    reply70: ":-1",
    ours: "-ERR syntax error",
    source: "7.4 reads the range of a missing key, too (src/bitops.c)",
  },
  {
    command: "bitop diff result a b",
    reply70: "-ERR syntax error",
    ours: ":0",
    source: "8.2 adds DIFF, DIFF1, ANDOR and ONE (src/commands/bitop.json)",
  },
  {
    command: "object encoding set",
    before: ["sadd set a"],
    reply70: "$9\r\nhashtable",
    ours: "$8\r\nlistpack",
    source: "7.2 keeps small sets in a listpack (set-max-listpack-entries in redis.conf)",
  },
  {
    command: "scan 0 novalues",
    reply70: "-ERR syntax error",
    ours: "-ERR NOVALUES option can only be used in HSCAN",
    source: "7.4 has NOVALUES, for HSCAN alone (scanGenericCommand in src/db.c)",
  },
  {
    command: "sscan set 0 novalues",
    before: ["sadd set a"],
    reply70: "-ERR syntax error",
    ours: "-ERR NOVALUES option can only be used in HSCAN",
    source: "7.4 has NOVALUES, for HSCAN alone (scanGenericCommand in src/db.c)",
  },
  {
    command: "LREM list -9223372036854775808 a",
    before: ["RPUSH list a"],
    reply70: ":1",
    ours:
      "-ERR value is out of range, value must between -9223372036854775807 and " +
      "9223372036854775807",
    source: "7.4 refuses the number that has no opposite (lremCommand in src/t_list.c)",
  },
  {
    command: "LPOS list a RANK -9223372036854775808",
    before: ["RPUSH list a"],
    reply70: ":0",
    ours:
      "-ERR value is out of range, value must between -9223372036854775807 and " +
      "9223372036854775807",
    source: "7.4 refuses the number that has no opposite (lposCommand in src/t_list.c)",
  },
  {
    command: "zscore key a",
    before: ["zadd key 0.1 a"],
    reply70: "$19\r\n0.10000000000000001",
    ours: "$3\r\n0.1",
    source: "7.2 prints the shortest text that reads back (fpconv_dtoa in src/networking.c)",
  },
  {
    command: "zrank x x x",
    reply70: "-ERR wrong number of arguments for 'zrank' command",
    ours: "-ERR syntax error",
    source: "7.2 adds WITHSCORE (src/commands/zrank.json)",
  },
  {
    command: "zrevrank x x x",
    reply70: "-ERR wrong number of arguments for 'zrevrank' command",
    ours: "-ERR syntax error",
    source: "7.2 adds WITHSCORE (src/commands/zrevrank.json)",
  },
  {
    command: "zrank key a withscore",
    before: ["zadd key 2 a"],
    reply70: "-ERR wrong number of arguments for 'zrank' command",
    ours: "*2\r\n:0\r\n$1\r\n2",
    source: "7.2 adds WITHSCORE (src/commands/zrank.json)",
  },
  {
    command: "zrevrank key a withscore",
    before: ["zadd key 2 a"],
    reply70: "-ERR wrong number of arguments for 'zrevrank' command",
    ours: "*2\r\n:0\r\n$1\r\n2",
    source: "7.2 adds WITHSCORE (src/commands/zrevrank.json)",
  },
  {
    command: "blpop k 1e30",
    reply70: "-ERR timeout is negative",
    ours: "-ERR timeout is out of range",
    source: "7.2 checks before it converts (getTimeoutFromObjectOrReply in src/timeout.c)",
  },
  {
    command: "SET a b",
    before: ["ACL SETUSER alice on nopass +get", "AUTH alice any"],
    after: ["AUTH default any", "ACL DELUSER alice", "ACL LOG RESET"],
    reply70: "-NOPERM this user has no permissions to run the 'set' command",
    ours: "-NOPERM User alice has no permissions to run the 'set' command",
    source: "7.2 names the user (redis/redis#11160)",
  },
  {
    command: "CONFIG SET port 1",
    before: ["ACL SETUSER alice on nopass +get", "AUTH alice any"],
    after: ["AUTH default any", "ACL DELUSER alice", "ACL LOG RESET"],
    reply70: "-NOPERM this user has no permissions to run the 'config|set' command",
    ours: "-NOPERM User alice has no permissions to run the 'config|set' command",
    source: "7.2 names the user (redis/redis#11160)",
  },
  {
    command: "GET a",
    before: ["ACL SETUSER alice on nopass +get", "AUTH alice any"],
    after: ["AUTH default any", "ACL DELUSER alice", "ACL LOG RESET"],
    reply70: "-NOPERM this user has no permissions to access one of the keys used as arguments",
    ours: "-NOPERM No permissions to access a key",
    source: "7.2 has another text (redis/redis#11160)",
  },
  {
    command: "PUBLISH c x",
    before: ["ACL SETUSER alice on nopass +@all", "AUTH alice any"],
    after: ["AUTH default any", "ACL DELUSER alice", "ACL LOG RESET"],
    reply70: "-NOPERM this user has no permissions to access one of the channels used as arguments",
    ours: "-NOPERM No permissions to access a channel",
    source: "7.2 has another text (redis/redis#11160)",
  },
  {
    command: "ACL DRYRUN alice set k x",
    before: ["ACL SETUSER alice +get"],
    after: ["ACL DELUSER alice"],
    reply70: "$53\r\nThis user has no permissions to run the 'set' command",
    ours: "$54\r\nUser alice has no permissions to run the 'set' command",
    source: "7.2 names the user (redis/redis#11160)",
  },
  {
    command: "ACL DRYRUN alice get k",
    before: ["ACL SETUSER alice +get"],
    after: ["ACL DELUSER alice"],
    reply70: "$50\r\nThis user has no permissions to access the 'k' key",
    ours: "$51\r\nUser alice has no permissions to access the 'k' key",
    source: "7.2 names the user (redis/redis#11160)",
  },
  {
    command: "ACL DRYRUN alice publish c x",
    before: ["ACL SETUSER alice +@all"],
    after: ["ACL DELUSER alice"],
    reply70: "$54\r\nThis user has no permissions to access the 'c' channel",
    ours: "$55\r\nUser alice has no permissions to access the 'c' channel",
    source: "7.2 names the user (redis/redis#11160)",
  },
  {
    command: "ACL GETUSER alice",
    before: ["ACL SETUSER alice reset +@read +@write"],
    after: ["ACL DELUSER alice"],
    reply70: shownRules("-@all +@write +@read"),
    ours: shownRules("-@all +@read +@write"),
    source: "7.2 keeps the rules as they were given (redis/redis#11224)",
  },
  {
    command: "ACL GETUSER alice",
    before: ["ACL SETUSER alice reset +config|get -config"],
    after: ["ACL DELUSER alice"],
    reply70: shownRules("-@all"),
    ours: shownRules("-@all -config"),
    source: "7.2 keeps the rules as they were given (redis/redis#11224)",
  },
  {
    command: "ACL GETUSER alice",
    before: ["ACL SETUSER alice reset +@all +get"],
    after: ["ACL DELUSER alice"],
    reply70: shownRules("+@all"),
    ours: shownRules("+@all +get"),
    source: "7.2 keeps the rules as they were given (redis/redis#11224)",
  },
  {
    command: "ACL GETUSER alice",
    before: ["ACL SETUSER alice reset +get|x -@read"],
    after: ["ACL DELUSER alice"],
    reply70: shownRules("-@all"),
    ours: shownRules("-@all +get|x -@read"),
    source: "7.2 keeps the rules as they were given (redis/redis#11224)",
  },
  {
    command: "ACL GETUSER alice",
    before: ["ACL SETUSER alice reset +select|AbC"],
    after: ["ACL DELUSER alice"],
    reply70: shownRules("-@all +select|AbC"),
    ours: shownRules("-@all +select|abc"),
    source: "7.2 keeps the rules in lower case (redis/redis#11224)",
  },
  {
    command: "COMMAND GETKEYS GEORADIUS k 0 0 1 m STORE k STORE z",
    before: [],
    reply70: "*2\r\n$1\r\nk\r\n$1\r\nk",
    ours: "*2\r\n$1\r\nk\r\n$1\r\nz",
    source: "the last STORE counts, rights for the first do not suffice (redis/redis#15478)",
  },
  {
    command: "ACL DRYRUN alice georadius k 0 0 1 m store k store z",
    before: ["ACL SETUSER alice +@all ~k"],
    after: ["ACL DELUSER alice"],
    reply70: "+OK",
    ours: "$51\r\nUser alice has no permissions to access the 'z' key",
    source: "the last STORE counts, rights for the first do not suffice (redis/redis#15478)",
  },
  {
    command: "ACL DRYRUN alice zunionstore z 0 k",
    before: ["ACL SETUSER alice +@all ~k"],
    after: ["ACL DELUSER alice"],
    reply70: "+OK",
    ours: "$51\r\nUser alice has no permissions to access the 'z' key",
    source:
      "Redis lets pass what fits no keys, as the command refuses it; safer not to rely on that",
  },
];

/** Where replies differ whatever the words are. */
export interface ReplyDifference {
  /** The command line. */
  command: RegExp;
  /** Whether these two replies are this difference. */
  isSame: (redis: string, quire: string) => boolean;
  source: string;
}

export const replyDifferences: ReplyDifference[] = [
  { command: /^/, isSame: isSameRefusal, source: "7.2 has other texts (redis/redis#11160)" },
  {
    command: /^acl dryrun /i,
    isSame: isSameDryRun,
    source: "7.2 names the user (redis/redis#11160)",
  },
  {
    command: /^acl (list|getuser )/i,
    isSame: isSameUser,
    source: "7.2 gives the flag sanitize-payload to users from the start (redis/redis#11279)",
  },
  {
    command: /^acl log/i,
    isSame: isSameLog,
    source: "7.2 adds entry-id, timestamp-created and timestamp-last-updated (acl-log.json)",
  },
];

/** Where the events of a command differ. */
export interface EventDifference {
  /** The command line. */
  command: RegExp;
  /** Whether these two streams are this difference: lines of channel and text. */
  isSame: (redis: string[], quire: string[]) => boolean;
  source: string;
}

const sorted = (lines: string[]) => [...lines].sort().join("\n");

export const eventDifferences: EventDifference[] = [
  {
    command: /^sort(_ro)? /i,
    isSame: (redis, quire) => sorted(redis) === sorted(quire),
    source: "the order of the misses is that of the members of a set, which is none",
  },
];

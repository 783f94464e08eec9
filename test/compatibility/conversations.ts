// Steps of several connections, for order.test.ts.
//
// "1 GET a; GET b": connection 1 sends both in one piece. "!1 ...": sent, and not waited for.
// "1< 2": two frames come on connection 1. "@2": the number of connection 2.
export interface Conversation {
  steps: string[];
  /** Where it is about one of them. */
  protocols?: (2 | 3)[];
  /** Where pushes stand between replies differs; the source. */
  pushesLater?: string;
}

export const conversations: Record<string, Conversation> = {
  "replies off, skipped and on": {
    steps: [
      ...["0 SET a 1; CLIENT REPLY OFF; SET a 2; GET a; NONE", "0 GET a; INCR a x", "0 PING"],
      ...["0 CLIENT REPLY SKIP; GET a", "0 CLIENT REPLY ON", "0 GET a; CLIENT REPLY SKIP; GET a"],
      ...["0 GET a", "0 CLIENT REPLY SKIP", "0 SET a 3", "0 GET a", "0 CLIENT REPLY SKIP; NONE"],
      ...["0 CLIENT REPLY SKIP; CLIENT REPLY SKIP; GET a; GET a", "0 CLIENT REPLY MAYBE"],
      ...["0 CLIENT REPLY SKIP; CLIENT REPLY ON; GET a", "0 CLIENT REPLY SKIP; GET; GET a"],
      ...["0 CLIENT REPLY SKIP; CLIENT REPLY OFF; GET a", "0 CLIENT REPLY ON; GET a"],
    ],
  },
  "replies off in a transaction": {
    steps: [
      ...["0 MULTI; CLIENT REPLY OFF; SET a 1; EXEC; GET a", "0 GET a", "0 CLIENT REPLY ON; GET a"],
      ...["0 CLIENT REPLY OFF; MULTI; SET a 2; GET a; EXEC", "0 CLIENT REPLY ON; GET a"],
      ...["0 CLIENT REPLY SKIP; MULTI; SET a 3; EXEC", "0 MULTI; CLIENT REPLY SKIP; GET a; EXEC"],
      ...["0 GET a", "0 MULTI; GET a; CLIENT REPLY ON; GET a; EXEC", "0 GET a"],
      ...["0 MULTI; CLIENT REPLY OFF; CLIENT REPLY ON; GET a; EXEC; GET a"],
    ],
  },
  "messages to one that has replies off": {
    steps: [
      ...["1 SUBSCRIBE a; CLIENT REPLY OFF", "0 PUBLISH a 1", "1 PING", "1 CLIENT REPLY ON"],
      ...["0 PUBLISH a 2", "1 SUBSCRIBE b; UNSUBSCRIBE a; PING"],
    ],
    protocols: [3],
  },
  "a subscriber of RESP2 may not switch replies": {
    steps: ["1 SUBSCRIBE a; CLIENT REPLY OFF; PING; PING x", "0 PUBLISH a 1", "1 RESET; PING"],
  },
  "subscriptions with replies off or skipped": {
    steps: [
      ...["1 CLIENT REPLY OFF; SUBSCRIBE a; PSUBSCRIBE a*", "0 PUBLISH a 1", "1 UNSUBSCRIBE"],
      ...["0 PUBLISH a 2; PUBLISH ab 3", "1 PUNSUBSCRIBE; CLIENT REPLY ON; PING"],
      ...["1 CLIENT REPLY SKIP; SUBSCRIBE a", "0 PUBLISH a 4", "1 PING", "0 PUBLISH a 5"],
    ],
  },
  "RESET takes everything back": {
    steps: [
      ...["1 SUBSCRIBE a; PSUBSCRIBE b*; SSUBSCRIBE c", "1 RESET", "0 PUBLISH a 1; PUBLISH b 1"],
      ...["0 SPUBLISH c 1", "1 PING; GET a", "1 MULTI; SET a 1; RESET; EXEC; GET a"],
      ...["1 WATCH a", "0 SET a 5", "1 RESET; MULTI; GET a; EXEC", "1 SELECT 3; RESET; SET a 3"],
      ...["0 GET a", "1 CLIENT REPLY OFF; RESET; PING", "1 CLIENT REPLY SKIP; RESET; PING; PING"],
      ...["1 MONITOR", "0 GET x", "1 RESET", "0 GET y", "1 GET z"],
      ...["1 CLIENT SETNAME me; RESET; CLIENT GETNAME"],
      ...["2 CLIENT TRACKING ON REDIRECT @3; GET t; RESET; CLIENT TRACKINGINFO", "0 SET t 1"],
    ],
  },
  "messages between the replies of a pipeline": {
    steps: [
      ...["1 SUBSCRIBE a", "0 PUBLISH a 1; SET k 1; PUBLISH a 2; GET k", "1 PING x; PING y"],
      ...["0 MULTI; PUBLISH a 3; SET k 2; PUBLISH a 4; EXEC; PUBLISH a 5"],
      ...["1 UNSUBSCRIBE; PUBLISH a 6; SUBSCRIBE a b; UNSUBSCRIBE b; PING"],
    ],
  },
  "a client's own messages follow the reply": {
    steps: [
      ...["1 SUBSCRIBE a; PSUBSCRIBE *; PUBLISH a 1; PING", "1 PING"],
      ...["1 SSUBSCRIBE s; SPUBLISH s 3; PING", "1 PUBLISH a 4; UNSUBSCRIBE a; PUBLISH a 5"],
      ...["1 CLIENT REPLY SKIP; PUBLISH a 7; PING", "1 CLIENT REPLY OFF; PUBLISH ax 8; PING"],
      ...["1 CLIENT REPLY ON; PING"],
    ],
    protocols: [3],
    pushesLater: "7.2 sends a client's own messages after the reply of the command (release notes)",
  },
  "subscribing in a transaction": {
    steps: [
      ...["1 MULTI; SUBSCRIBE a b; PSUBSCRIBE c*; PING; EXEC", "0 PUBLISH a 1; PUBLISH cc 2"],
      ...["1 MULTI; EXEC", "1 UNSUBSCRIBE a b; PUNSUBSCRIBE; MULTI; UNSUBSCRIBE; EXEC; GET a"],
    ],
  },
  "own invalidations follow the reply": {
    steps: [
      ...["1 CLIENT TRACKING ON; GET a; SET a 1; GET a", "1 SET a 2; PING", "1 GET a; GET b"],
      ...["0 MSET a 3 b 3; PING", "1 MULTI; GET a; SET a 4; GET a; EXEC; PING", "0 SET a 5"],
      ...["1 GET a; CLIENT REPLY SKIP; SET a 6; PING", "1 GET a; CLIENT REPLY OFF; SET a 7"],
      ...["1 PING", "0 SET a 8", "1 CLIENT REPLY ON; GET a", "0 FLUSHALL; PING", "0 FLUSHDB"],
      ...["1 GET a", "0 MULTI; SET a 1; SET a 2; FLUSHALL; SET a 3; EXEC", "1 CLIENT TRACKING OFF"],
    ],
    protocols: [3],
  },
  "NOLOOP, OPTIN, OPTOUT": {
    steps: [
      ...["1 CLIENT TRACKING ON NOLOOP; GET a; SET a 1; GET a", "0 SET a 2; SET a 3"],
      ...["1 CLIENT TRACKING OFF; CLIENT TRACKING ON OPTIN; GET a; CLIENT CACHING YES; GET b"],
      ...["0 SET a 1; SET b 1", "1 CLIENT CACHING YES; MULTI; GET a; GET b; EXEC"],
      ...["0 SET a 2; SET b 2; PING", "1 MULTI; CLIENT CACHING YES; GET a; EXEC", "0 SET a 3"],
      ...["1 CLIENT TRACKING OFF; CLIENT TRACKING ON OPTOUT; GET a; CLIENT CACHING NO; GET b"],
      ...["0 SET a 1; SET b 1", "1 CLIENT CACHING NO; SET x 1; GET b", "0 SET b 2"],
    ],
    protocols: [3],
  },
  "invalidations by redirection": {
    steps: [
      ...["2 SUBSCRIBE __redis__:invalidate", "1 CLIENT TRACKING ON REDIRECT @2; GET a; GET b"],
      ...["0 SET a 1; SET b 1", "1 GET a; SET a 2; GET a", "0 MULTI; SET a 3; SET b 3; EXEC"],
      ...["1 GET a; GET b", "0 FLUSHALL", "1 CLIENT TRACKINGINFO", "2 RESET", "1 GET a"],
      ...["0 SET a 1", "2 SUBSCRIBE __redis__:invalidate", "1 GET a", "0 DEL a"],
    ],
    protocols: [2],
  },
  broadcasts: {
    steps: [
      ...["2 SUBSCRIBE __redis__:invalidate", "1 CLIENT TRACKING ON BCAST PREFIX a REDIRECT @2"],
      ...["0 SET a1 1; SET b 1", "0 DEL a1", "1 SET a2 2; PING", "0 FLUSHALL"],
    ],
    protocols: [2],
  },
  "broadcasts of RESP3": {
    steps: [
      ...["1 CLIENT TRACKING ON BCAST PREFIX a PREFIX b", "2 CLIENT TRACKING ON BCAST NOLOOP"],
      ...["0 SET a1 1", "0 SET c 1", "2 SET b1 1", "1 SET b2 2; PING", "0 DEL b1", "2 FLUSHALL"],
      ...["1 SUBSCRIBE x", "0 PUBLISH x 1; SET a 1; PUBLISH x 2"],
    ],
    protocols: [3],
  },
  "a monitor among others": {
    steps: [
      ...["3 MONITOR", "0 SET a 1; GET a; NONE; GET", "0 MULTI; SET a 2; GET a; EXEC"],
      ...["1 BLPOP l 0", "0 RPUSH l x", "1 SUBSCRIBE ch", "0 PUBLISH ch hi", "1 RESET"],
      ...["0 MULTI; NONE; EXEC; DISCARD", "0 WATCH a; UNWATCH; SELECT 2; GET a; SELECT 0"],
      ...["0 CLIENT REPLY SKIP; GET a; GET b", "0 CONFIG GET timeout; CLIENT GETNAME; PING"],
      ...["0 AUTH secret", '0 SET q ""', "3 PING", "3 MULTI; GET a; EXEC", "0 GET c", "3 RESET"],
      ...["0 GET d"],
    ],
  },
  "a monitor and its own commands": {
    steps: ["3 MONITOR; GET a", "0 GET b", "3 GET c; MONITOR", "0 GET d", "3 SUBSCRIBE x; GET e"],
  },
  "a pause of writes": {
    steps: [
      ...["3 MONITOR", "0 SET a 0; CLIENT PAUSE 100000 WRITE", "1 SET a 1; GET a", "2 GET a; PING"],
      ...["2 PUBLISH x y", "0 GET a", "3 PING", "0 CLIENT UNPAUSE", "0 GET a"],
    ],
  },
  "a pause, transactions and messages": {
    steps: [
      ...["3 SUBSCRIBE x", "0 CLIENT PAUSE 100000 WRITE; GET a", "1 MULTI; GET a; EXEC; GET b"],
      ...["1 MULTI; SET a 1; PUBLISH x 1; EXEC; PUBLISH x 2", "2 BLPOP l 0.001; GET c"],
      ...["!0 CLIENT UNPAUSE", "2< 2", "0 GET a", "0 CLIENT PAUSE 100000 WRITE", "1 WATCH a; PING"],
      ...["1 INCR a; INCR a", "2 RPUSH l 1; RPUSH l 2", "0 CLIENT UNPAUSE; CLIENT PAUSE 1 WRITE"],
    ],
  },
  "a pause of all": {
    steps: [
      ...["3 SUBSCRIBE x", "!0 CLIENT PAUSE 80 ALL", "!1 SET a 1; PUBLISH x 1; GET a", "0< 1"],
      ...["1< 3", "!0 GET a; PING", "0 GET a", "0 CLIENT UNPAUSE"],
    ],
  },
  "a pause and waiting clients": {
    steps: [
      ...["1 BLPOP a 0", "2 BLMOVE b c LEFT LEFT 0", "0 RPUSH c x; CLIENT PAUSE 100000 WRITE"],
      ...["3 RPUSH a 1; RPUSH b 2", "0 CLIENT UNPAUSE", "0 LRANGE c 0 -1; EXISTS a b"],
    ],
  },
  "tracking, messages and monitor on one connection": {
    steps: [
      ...["1 CLIENT TRACKING ON; SUBSCRIBE x; GET a", "2 MONITOR", "0 SET a 1; PUBLISH x 1"],
      ...["1 GET a; PUBLISH x 2; SET a 2; PING", "0 MULTI; SET a 3; PUBLISH x 3; EXEC"],
      ...["1 GET a; CLIENT REPLY OFF", "0 SET a 4; PUBLISH x 4", "1 CLIENT REPLY ON; RESET"],
      ...["0 SET a 5; PUBLISH x 5", "1 GET a"],
    ],
    protocols: [3],
    pushesLater: "as above",
  },
  "what a woken client changes is told after the reply": {
    steps: [
      ...[
        "1 CLIENT TRACKING ON; GET d; LRANGE l 0 -1",
        "2 BLMOVE l d LEFT LEFT 0",
        "1 RPUSH l x; PING",
      ],
      ...["1 LRANGE d 0 -1", "2 BLMOVE l d LEFT LEFT 0", "1 MULTI; RPUSH l y; PING; EXEC; GET a"],
    ],
    protocols: [3],
  },
  "woken by transactions": {
    steps: [
      ...["1 BLPOP a b 0", "2 BLPOP b 0", "0 MULTI; RPUSH a 1; RPUSH b 2; PING; EXEC; GET x"],
      ...["1 PING; GET x", "0 MULTI; RPUSH b 3 4; LPOP b; EXEC; EXISTS b", "2 PING"],
      ...["1 BLPOP a 0", "0 MULTI; RPUSH a 1; DEL a; EXEC", "0 MULTI; RPUSH a 1; RENAME a z; EXEC"],
      ...["0 MULTI; RENAME z a; EXEC; EXISTS a z", "1 BZPOPMIN z 0", "2 BZPOPMAX z 0"],
      ...["0 MULTI; ZADD z 1 a 2 b 3 c; ZREM z a; EXEC; ZRANGE z 0 -1", "3 CLIENT TRACKING OFF"],
    ],
  },
  "woken by RENAME, SWAPDB, COPY, MOVE and SORT": {
    steps: [
      ...["1 BLPOP a 0", "0 RPUSH b 1 2; RENAME b a; LRANGE a 0 -1; DEL a", "1 BLPOP a 0"],
      ...["0 SELECT 1; RPUSH a 1; SWAPDB 0 1; EXISTS a", "0 SELECT 0; EXISTS a", "1 BLPOP a 0"],
      ...["0 RPUSH o 2 1; COPY o a; DEL a o", "1 BLPOP a 0", "0 RPUSH o 2 1; SORT o STORE a"],
      ...["0 DEL a o; SELECT 1; RPUSH a m; MOVE a 0; SELECT 0", "1 PING", "1 BLPOP a 0"],
      ...["0 ZADD a 1 x; RENAME a c; RPUSH q 1; RENAMENX q a; EXISTS a c q"],
    ],
  },
  "woken by RESTORE": {
    steps: [
      ...["0 RPUSH a one two; COPY a keep", "0 DEL a", "1 BLPOP a 0", "0 RESTORE a 0 garbage"],
      ...["0 DEBUG RELOAD NOSAVE x", "0 RENAME keep a; EXISTS a"],
    ],
  },
  "expired keys do not wake": {
    steps: [
      ...["1 BLPOP a 0", "0 SET a 1 PX 1", "0 BLPOP none 0.02", "0< 1", "0 EXISTS a; RPUSH a x"],
      ...["1 BLMOVE s d LEFT LEFT 0", "0 RPUSH d y; PEXPIRE d 1; RPUSH s 1; BLPOP none 0.02"],
      ...["0< 1", "0 EXISTS s; TYPE d"],
    ],
  },
  "a watch, woken clients and keys that expire": {
    steps: [
      ...["0 SET a 1 PX 1; WATCH a; BLPOP none 0.02", "0< 1", "0 MULTI; PING; EXEC"],
      ...["0 SET a 1 PX 15; WATCH a; BLPOP none 0.05", "0< 1", "0 MULTI; PING; EXEC"],
      ...["0 RPUSH l x; WATCH l", "1 BLPOP l 0", "0 MULTI; PING; EXEC", "0 WATCH l; MULTI"],
      ...["1 BLPOP l 0", "2 RPUSH l x", "0 PING; EXEC"],
    ],
  },
  "CLIENT KILL and UNBLOCK of others": {
    steps: [
      ...["1 BLPOP a 0", "0 CLIENT UNBLOCK @1 ERROR", "1 PING; SUBSCRIBE x", "2 MULTI; SET a 1"],
      ...["0 CLIENT UNBLOCK @1", "0 CLIENT KILL ID @2", "0 GET a", "0 CLIENT KILL TYPE pubsub"],
      ...["0 PUBLISH x 1; CLIENT KILL ID 987654321; CLIENT KILL 1.2.3.4:5", "3 CLIENT KILL ID @3"],
      ...["3 CLIENT KILL ID @3 SKIPME no; PING", "0 PING"],
    ],
  },
  "QUIT and what follows it": {
    steps: [
      "1 SUBSCRIBE x",
      "2 SET a 1; QUIT; SET a 2",
      "0 GET a",
      "1 QUIT; PING",
      "0 PUBLISH x 1",
    ],
  },
  "HELLO in the middle": {
    steps: [
      ...["1 SUBSCRIBE x; HELLO 3; PING", "0 PUBLISH x 1", "2 HELLO 3; SUBSCRIBE x; GET a"],
      ...["0 PUBLISH x 2", "2 HELLO 2; GET a; PING", "0 PUBLISH x 3", "2 MULTI; HELLO 3; EXEC"],
    ],
  },
};

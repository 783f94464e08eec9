import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Request, SessionFlag, Status } from "../../assembly/abi";
import { TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;
let other: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  other = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const NULL = "*-1\r\n";

describe("MULTI", () => {
  it("queues what follows", () => {
    expect(session.call("MULTI")).toBe("+OK\r\n");
    expect(session.call("SET a 1")).toBe("+QUEUED\r\n");
    expect(session.call("INCR a")).toBe("+QUEUED\r\n");
    expect(other.call("GET a")).toBe("$-1\r\n");
    expect(session.call("EXEC")).toBe("*2\r\n+OK\r\n:2\r\n");
    expect(session.call("GET a")).toBe("$1\r\n2\r\n");
  });

  it("does not nest, and goes on after the attempt", () => {
    session.call("MULTI");
    expect(session.call("MULTI")).toBe("-ERR MULTI calls can not be nested\r\n");
    session.call("PING");
    expect(session.call("EXEC")).toBe("*1\r\n+PONG\r\n");
  });

  it("shows in CLIENT LIST", () => {
    session.call("MULTI");
    session.call("SET", "a", "x".repeat(1000));
    const line = String(other.ask("CLIENT LIST ID", String(session.id)) ?? "");
    const list = line.includes("multi=") ? line : String(other.ask("CLIENT LIST"));
    expect(list).toMatch(/flags=x .* multi=1 watch=0 .* multi-mem=1\d\d\d /);
  });

  it("keeps arguments of any bytes and length", () => {
    const value = "\0\r\n".repeat(50_000);
    session.call("MULTI");
    session.call("SET", "big", value);
    session.call("APPEND", "big", "!");
    expect(session.call("EXEC")).toBe("*2\r\n+OK\r\n:150001\r\n");
    expect(session.ask("GET big")).toBe(`${value}!`);
  });
});

describe("EXEC", () => {
  it("wants MULTI", () => {
    expect(session.call("EXEC")).toBe("-ERR EXEC without MULTI\r\n");
  });

  it("answers an empty array for an empty queue", () => {
    session.call("MULTI");
    expect(session.call("EXEC")).toBe("*0\r\n");
  });

  it("that is refused itself says EXECABORT", () => {
    session.call("SUBSCRIBE a");
    expect(session.call("EXEC")).toBe(
      "-EXECABORT Transaction discarded because of: Can't execute 'exec': only " +
        "(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n",
    );
    session.call("RESET");
    session.call("CONFIG SET requirepass secret");
    session.call("RESET");
    expect(session.call("EXEC")).toBe(
      "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n",
    );
  });

  it("switches replies off where CLIENT REPLY stands in it", () => {
    for (const line of ["MULTI", "SET a 1", "CLIENT REPLY OFF", "GET a"]) session.call(line);
    expect(session.call("EXEC")).toBe("*3\r\n+OK\r\n");
    expect(session.call("GET a")).toBe("");
    expect(session.call("CLIENT REPLY ON")).toBe("+OK\r\n");
  });

  it("refuses after a command that could not be queued", () => {
    for (const wrong of ["NONE", "GET", "CONFIG NONE", "SUBSCRIBE"]) {
      session.call("MULTI");
      session.call("SET a 1");
      expect(session.call(wrong)).toMatch(/^-ERR /);
      expect(session.call("SET b 1")).toBe("+QUEUED\r\n");
      expect(session.call("EXEC")).toBe(
        "-EXECABORT Transaction discarded because of previous errors.\r\n",
      );
    }
    expect(session.ask("EXISTS a b")).toBe(0);
  });

  it("goes on after a command that failed", () => {
    session.call("MULTI");
    session.call("SET a x");
    session.call("INCR a");
    session.call("SET b 1");
    expect(session.call("EXEC")).toBe(
      "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n+OK\r\n",
    );
    expect(session.ask("INFO errorstats")).toContain("errorstat_ERR:count=1");
    expect(session.ask("INFO commandstats")).toMatch(/cmdstat_incr:.*failed_calls=1/);
    expect(session.ask("INFO commandstats")).toMatch(/cmdstat_exec:.*failed_calls=0/);
  });

  it("changes database in the middle", () => {
    session.call("MULTI");
    session.call("SELECT 3");
    session.call("SET a 3");
    session.call("EXEC");
    expect(session.ask("GET a")).toBe("3");
    expect(other.ask("GET a")).toBeNull();
  });

  it("does not let commands wait", () => {
    session.call("MULTI");
    session.call("BLPOP l 0");
    session.call("BLMOVE l m LEFT RIGHT 0");
    session.call("BZPOPMIN z 0");
    expect(session.call("EXEC")).toBe(`*3\r\n${NULL}$-1\r\n${NULL}`);
    expect(session.status).toBe(Status.CONTINUE);
  });

  it("wakes those who wait when all of it is done", () => {
    other.call("BLPOP l 0");
    session.call("MULTI");
    session.call("RPUSH l a");
    session.call("LPUSH l b");
    session.call("LLEN l");
    expect(session.call("EXEC")).toBe("*3\r\n:1\r\n:2\r\n:2\r\n");
    expect(engine.takeReplies(other.id).toString()).toBe("*2\r\n$1\r\nl\r\n$1\r\nb\r\n");
    session.call("MULTI");
    session.call("RPUSH l2 a");
    session.call("DEL l2");
    other.call("BLPOP l2 0");
    session.call("EXEC");
    expect(engine.takeReplies(other.id).toString()).toBe("");
  });

  it("renders one block of effects, without reads and failures", () => {
    engine.exports.setEffects(1);
    session.call("MULTI");
    for (const each of ["GET a", "SET a 1", "INCR a", "LPUSH a x", "SET b 1 EX 10"])
      session.call(each);
    session.call("EXEC");
    expect(words(engine.takeEffects())).toEqual([
      "MULTI",
      "SELECT 0",
      "SET a 1",
      "INCR a",
      `SET b 1 PXAT ${engine.now + 10_000}`,
      "EXEC",
    ]);
    session.call("MULTI");
    session.call("GET a");
    session.call("EXEC");
    expect(engine.takeEffects()).toBe("");
    session.call("SET c 1");
    expect(words(engine.takeEffects())).toEqual(["SET c 1"]);
  });

  it("replays from its effects", () => {
    const replay = engine.open(SessionFlag.REPLAY | SessionFlag.INTERNAL);
    replay.call("MULTI");
    replay.call("SET r 1");
    replay.call("INCR r");
    expect(session.ask("GET r")).toBeNull();
    replay.call("EXEC");
    expect(session.ask("GET r")).toBe("2");
    replay.close();
  });

  it("is refused without memory when a queued command wants some", () => {
    session.call("MULTI");
    session.call("SET a 1");
    other.call("CONFIG SET maxmemory 1");
    expect(session.call("EXEC")).toBe(
      "-EXECABORT Transaction discarded because of: " +
        "OOM command not allowed when used memory > 'maxmemory'.\r\n",
    );
    session.call("MULTI");
    session.call("GET a");
    expect(session.call("EXEC")).toBe("*1\r\n$-1\r\n");
  });

  it("waits for the host in the middle and goes on", () => {
    session.call("MULTI");
    session.call("SET a 1");
    session.call("CONFIG SET timeout 7");
    session.call("GET a");
    const start = session.call("EXEC");
    expect(session.status).toBe(Status.WAITING);
    expect(start).toBe("*3\r\n+OK\r\n");
    const request = engine.request();
    expect(request.kind).toBe(Request.CONFIGURE);
    expect(engine.complete(request.id)).toBe(Status.CONTINUE);
    expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n$1\r\n1\r\n");
    expect(session.call("PING")).toBe("+PONG\r\n");
  });

  it("refuses what may not be in a transaction", () => {
    session.call("MULTI");
    expect(session.call("SHUTDOWN")).toBe("-ERR Command not allowed inside a transaction\r\n");
    expect(session.call("EXEC")).toMatch(/^-EXECABORT /);
  });
});

/** Effects as words, one command a line. */
function words(effects: string): string[] {
  const commands: string[] = [];
  let at = 0;
  while (at < effects.length) {
    let end = effects.indexOf("\r\n", at);
    const count = Number(effects.slice(at + 1, end));
    at = end + 2;
    const parts: string[] = [];
    for (let part = 0; part < count; part++) {
      end = effects.indexOf("\r\n", at);
      const bytes = Number(effects.slice(at + 1, end));
      parts.push(effects.slice(end + 2, end + 2 + bytes));
      at = end + 4 + bytes;
    }
    commands.push(parts.join(" "));
  }
  return commands;
}

describe("DISCARD", () => {
  it("forgets queue and watches", () => {
    expect(session.call("DISCARD")).toBe("-ERR DISCARD without MULTI\r\n");
    session.call("WATCH a");
    session.call("MULTI");
    session.call("SET a 1");
    expect(session.call("DISCARD")).toBe("+OK\r\n");
    expect(session.ask("GET a")).toBeNull();
    other.call("SET a 2");
    session.call("MULTI");
    expect(session.call("EXEC")).toBe("*0\r\n");
  });

  it("happens with RESET and when the client leaves", () => {
    session.call("WATCH a");
    session.call("MULTI");
    session.call("SET a 1");
    expect(session.call("RESET")).toBe("+RESET\r\n");
    expect(session.call("EXEC")).toBe("-ERR EXEC without MULTI\r\n");
    session.call("WATCH a b");
    session.call("MULTI");
    session.call("SET a 1");
    session.close();
    expect(other.ask("INFO clients")).toContain("watching_clients:0\r\n");
    expect(other.ask("INFO clients")).toContain("total_watched_keys:0\r\n");
  });
});

/** Watches a key, lets something happen, and tells whether EXEC ran. */
function runsAfter(happens: () => void, before: () => void = () => {}): boolean {
  other.call("SELECT 0");
  other.call("FLUSHALL");
  before();
  expect(session.call("WATCH k")).toBe("+OK\r\n");
  happens();
  session.call("MULTI");
  session.call("PING");
  const reply = session.call("EXEC");
  if (reply !== NULL) expect(reply).toBe("*1\r\n+PONG\r\n");
  return reply !== NULL;
}

describe("WATCH", () => {
  const set = () => void other.call("SET k v");

  it("stops EXEC when the key was changed, added or removed", () => {
    expect(runsAfter(() => {})).toBe(true);
    expect(runsAfter(set)).toBe(false);
    expect(runsAfter(() => void other.call("APPEND k x"), set)).toBe(false);
    expect(runsAfter(() => void other.call("DEL k"), set)).toBe(false);
    expect(runsAfter(() => void other.call("DEL k"))).toBe(true);
    expect(runsAfter(() => void other.call("GET k"), set)).toBe(true);
    expect(runsAfter(() => void session.call("SET k own"))).toBe(false);
    expect(runsAfter(() => void other.call("EXPIRE k 100"), set)).toBe(false);
    expect(runsAfter(() => void other.call("RENAME k l"), set)).toBe(false);
    expect(
      runsAfter(
        () => void other.call("RENAME l k"),
        () => void other.call("SET l 1"),
      ),
    ).toBe(false);
    expect(
      runsAfter(
        () => void other.call("COPY l k"),
        () => void other.call("SET l 1"),
      ),
    ).toBe(false);
    expect(runsAfter(() => void other.call("LPUSH k a"))).toBe(false);
    expect(runsAfter(() => void other.call("SET other v"))).toBe(true);
  });

  it("knows databases", () => {
    expect(runsAfter(() => void other.raw("SELECT 1\r\nSET k v\r\n"))).toBe(true);
    expect(runsAfter(() => void other.call("MOVE k 1"), set)).toBe(false);
    expect(runsAfter(() => void other.raw("SELECT 1\r\nSET k v\r\nMOVE k 0\r\n"))).toBe(false);
    expect(runsAfter(() => void other.raw("SELECT 1\r\nSET l v\r\nCOPY l k DB 0\r\n"))).toBe(false);
    expect(runsAfter(() => void other.call("COPY k k DB 1"), set)).toBe(true);
  });

  it("sees flushed and swapped databases", () => {
    expect(runsAfter(() => void other.call("FLUSHALL"), set)).toBe(false);
    expect(runsAfter(() => void other.call("FLUSHDB"), set)).toBe(false);
    expect(runsAfter(() => void other.call("FLUSHALL"))).toBe(true);
    expect(runsAfter(() => void other.raw("SELECT 1\r\nFLUSHDB\r\n"), set)).toBe(true);
    expect(runsAfter(() => void other.call("SWAPDB 0 1"), set)).toBe(false);
    expect(runsAfter(() => void other.call("SWAPDB 0 1"))).toBe(true);
    const inOne = () => void other.raw("SELECT 1\r\nSET k v\r\n");
    expect(runsAfter(() => void other.call("SWAPDB 0 1"), inOne)).toBe(false);
    expect(runsAfter(() => void other.call("SWAPDB 2 3"), set)).toBe(true);
  });

  it("takes an expired key for a missing one", () => {
    const expires = () => void other.call("SET k v PX 100");
    const late = () => {
      engine.now += 200;
    };
    expect(runsAfter(late, expires)).toBe(false);
    expect(
      runsAfter(() => {
        late();
        engine.tick();
      }, expires),
    ).toBe(false);
    const gone = () => {
      other.call("DEBUG SET-ACTIVE-EXPIRE 0");
      expires();
      late();
    };
    expect(runsAfter(() => {}, gone)).toBe(true);
    expect(runsAfter(() => void other.call("GET k"), gone)).toBe(true);
    expect(runsAfter(set, gone)).toBe(false);
  });

  it("is not allowed after MULTI, and goes on", () => {
    session.call("MULTI");
    expect(session.call("WATCH k")).toBe("-ERR WATCH inside MULTI is not allowed\r\n");
    expect(session.call("EXEC")).toBe("*0\r\n");
  });

  it("is over after EXEC and counts in INFO", () => {
    session.call("WATCH a b");
    session.call("WATCH a");
    const info = String(other.ask("INFO clients"));
    expect(info).toContain("watching_clients:1\r\n");
    expect(info).toContain("total_watched_keys:2\r\n");
    expect(String(other.ask("CLIENT LIST"))).toMatch(/ watch=2 /);
    other.call("SET a 1");
    expect(String(other.ask("CLIENT LIST"))).toMatch(/flags=d /);
    session.call("MULTI");
    expect(session.call("EXEC")).toBe(NULL);
    session.call("MULTI");
    expect(session.call("EXEC")).toBe("*0\r\n");
  });

  it("answers the null of RESP3", () => {
    session.call("HELLO 3");
    session.call("WATCH k");
    set();
    session.call("MULTI");
    expect(session.call("EXEC")).toBe("_\r\n");
  });
});

describe("UNWATCH", () => {
  it("watches nothing any more", () => {
    session.call("WATCH k");
    other.call("SET k 1");
    expect(session.call("UNWATCH")).toBe("+OK\r\n");
    session.call("MULTI");
    expect(session.call("EXEC")).toBe("*0\r\n");
    expect(session.call("UNWATCH")).toBe("+OK\r\n");
  });
});

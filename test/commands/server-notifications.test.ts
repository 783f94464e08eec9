import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeAll, encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;
let listener: TestSession;

/** A session whose reserves do not fail: an event for which there is no memory is lost. */
function open(): TestSession {
  const opened = engine.open();
  opened.call = (...args) =>
    opened.raw(
      encode(typeof args[0] === "string" && args.length === 1 ? args[0].split(" ") : args),
    );
  return opened;
}

beforeEach(() => {
  engine = new TestEngine();
  session = open();
  listener = open();
  listener.call("PSUBSCRIBE __key*__:*");
  session.call("CONFIG SET notify-keyspace-events KEAmnoc");
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** What was told since the last call: channel and text of each message. */
function messages(): string[] {
  const told = decodeAll(engine.takeReplies(listener.id).toString("latin1")) as string[][];
  return told.map(([, , channel, text]) => `${channel} ${text}`);
}

/** The events, after checking that each came as two messages, that of the key first. */
function events(): string[] {
  const told = messages();
  const list: string[] = [];
  for (let at = 0; at < told.length; at += 2) {
    const [, database, key, event] = /^__keyspace@(\d+)__:(.*) (\S+)$/s.exec(told[at]!)!;
    expect(told[at + 1]).toBe(`__keyevent@${database}__:${event} ${key}`);
    list.push(database === "0" ? `${event} ${key}` : `${event} ${key} in ${database}`);
  }
  return list;
}

/** Runs commands; the events of the last one. */
function eventsOf(...commands: string[]): string[] {
  for (const command of commands.slice(0, -1)) session.call(command);
  messages();
  session.call(commands.at(-1)!);
  return events();
}

/** As `eventsOf`, with nothing there before. */
function fresh(...commands: string[]): string[] {
  return eventsOf("FLUSHALL", ...commands);
}

describe("CONFIG SET", () => {
  it.each([
    ["", ""],
    ["KEA", "AKE"],
    ["g$lshzxetd", "A"],
    ["KEAmoc", "AKEmoc"],
    ["nm$E", "$nEm"],
    ["co", "oc"],
    ["KE", "KE"],
  ])("notify-keyspace-events %s is shown as %s", (given, shown) => {
    expect(session.call("CONFIG", "SET", "notify-keyspace-events", given)).toBe("+OK\r\n");
    expect(session.ask("CONFIG GET notify-keyspace-events")).toEqual([
      "notify-keyspace-events",
      shown,
    ]);
  });

  it("refuses an unknown class and keeps what was", () => {
    expect(session.call("CONFIG SET notify-keyspace-events KEQ")).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - " +
        "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.\r\n",
    );
    expect(eventsOf("SET k v")).toEqual(["new k", "set k"]);
  });

  it("tells nothing without K and E, and only what was asked for", () => {
    session.call("CONFIG SET notify-keyspace-events A");
    session.call("SET k v");
    expect(messages()).toEqual([]);
    session.call("CONFIG SET notify-keyspace-events K$");
    session.call("SET k w");
    session.call("DEL k");
    session.call("RPUSH l a");
    expect(messages()).toEqual(["__keyspace@0__:k set"]);
    session.call("CONFIG SET notify-keyspace-events Eg");
    session.call("DEL l");
    expect(messages()).toEqual(["__keyevent@0__:del l"]);
    session.call("CONFIG", "SET", "notify-keyspace-events", "");
    session.call("SET k v");
    expect(messages()).toEqual([]);
  });

  it.each([
    ["g", "RENAME k l"],
    ["$", "APPEND k v"],
    ["l", "RPUSH list a"],
    ["s", "SADD set a"],
    ["h", "HSET hash f v"],
    ["z", "ZADD zset 1 a"],
    ["m", "GET nothing"],
    ["n", "SET fresh v"],
    ["o", "SET k w"],
    ["c", "SUNIONSTORE k members"],
  ])("class %s is all that the event of %s takes", (name, command) => {
    session.call("SET k v");
    session.call("SADD members a b");
    session.call("CONFIG", "SET", "notify-keyspace-events", `E${name}`);
    messages();
    session.call(command);
    expect(messages().length).toBe(name === "g" ? 2 : 1);
  });
});

describe("events", () => {
  it("carry any bytes of a key, and its database", () => {
    session.call("SELECT 11");
    expect(eventsOf("SET k v")).toEqual(["new k in 11", "set k in 11"]);
    session.call("SET", "a b\r\n\x00", "v");
    expect(messages()).toContain("__keyspace@11__:a b\r\n\x00 set");
    expect(eventsOf("MOVE k 3")).toEqual(["new k in 3", "move_from k in 11", "move_to k in 3"]);
    expect(eventsOf("SET k v", "COPY k k DB 2")).toEqual(["new k in 2", "copy_to k in 2"]);
  });

  it("of long keys are whole", () => {
    const key = "k".repeat(1_000_000);
    session.call("SET", key, "v");
    const told = messages();
    expect(told[2] === `__keyspace@0__:${key} set`).toBe(true);
    expect(told[3] === `__keyevent@0__:set ${key}`).toBe(true);
  });

  it("come after the reply in the session that caused them", () => {
    session.call("HELLO 3");
    session.call("PSUBSCRIBE __keyevent*");
    expect(decodeAll(session.call("SET k v"))).toEqual([
      "OK",
      ["pmessage", "__keyevent*", "__keyevent@0__:new", "k"],
      ["pmessage", "__keyevent*", "__keyevent@0__:set", "k"],
    ]);
  });

  it("reach plain subscribers of one channel", () => {
    const one = open();
    one.call("SUBSCRIBE __keyevent@0__:del __keyspace@0__:k");
    session.call("MSET k v l v");
    session.call("DEL l k");
    expect(decodeAll(engine.takeReplies(one.id).toString())).toEqual([
      ["message", "__keyspace@0__:k", "new"],
      ["message", "__keyspace@0__:k", "set"],
      ["message", "__keyevent@0__:del", "l"],
      ["message", "__keyspace@0__:k", "del"],
      ["message", "__keyevent@0__:del", "k"],
    ]);
  });

  it("of keys that expire come when they are removed, by a look or by a tick", () => {
    session.call("SET a v PX 10");
    session.call("SET b v PX 10");
    session.call("SELECT 5");
    session.call("SET c v PX 10");
    messages();
    engine.now += 20;
    expect(eventsOf("SELECT 0")).toEqual([]);
    expect(eventsOf("GET a")).toEqual(["expired a", "keymiss a"]);
    engine.tick();
    expect(events()).toEqual(["expired b", "expired c in 5"]);
  });

  it("of keys that are evicted", () => {
    session.call("CONFIG SET maxmemory-policy allkeys-random");
    session.call("SET a v");
    session.call("CONFIG SET maxmemory 1");
    session.call("SET b v");
    expect(events()).toContain("evicted a");
  });

  it("of flushed keys there are none", () => {
    expect(eventsOf("SET a v", "FLUSHALL")).toEqual([]);
    expect(eventsOf("SET a v", "SWAPDB 0 1")).toEqual([]);
  });

  it("of a transaction come while it runs", () => {
    session.call("MULTI");
    session.call("SET a v");
    session.call("RPUSH l a");
    expect(messages()).toEqual([]);
    session.call("EXEC");
    expect(events()).toEqual(["new a", "set a", "new l", "rpush l"]);
  });

  it("of those who waited come after those of who woke them", () => {
    const waiter = open();
    waiter.call("BLPOP l 0");
    expect(eventsOf("RPUSH l a")).toEqual(["new l", "rpush l", "lpop l", "del l"]);
    waiter.call("BLMOVE l m LEFT RIGHT 0");
    const expected = ["new l", "lpush l", "new m", "rpush m", "lpop l", "del l"];
    expect(eventsOf("LPUSH l a")).toEqual(expected);
    waiter.call("BZPOPMAX z 0");
    expect(eventsOf("ZADD z 1 a")).toEqual(["new z", "zadd z", "zpopmax z", "del z"]);
  });

  it("to one who waited with RESP3 come after its reply", () => {
    const waiter = open();
    waiter.call("HELLO 3");
    waiter.call("SUBSCRIBE __keyevent@0__:lpop __keyevent@0__:rpush");
    waiter.call("BLPOP l 0");
    session.call("RPUSH l a");
    expect(decodeAll(engine.takeReplies(waiter.id).toString())).toEqual([
      ["message", "__keyevent@0__:rpush", "l"],
      ["l", "a"],
      ["message", "__keyevent@0__:lpop", "l"],
    ]);
  });
});

describe("overwritten and type_changed", () => {
  it("come before the event of what replaces the value", () => {
    expect(fresh("SET k v", "SET k w")).toEqual(["overwritten k", "set k"]);
    expect(fresh("SET k v", "SET k w EX 100")).toEqual(["overwritten k", "set k", "expire k"]);
    expect(fresh("RPUSH l a", "SET l w")).toEqual(["overwritten l", "type_changed l", "set l"]);
    expect(fresh("SET k v", "MSET k w j v")).toEqual([
      ...["overwritten k", "set k", "new j", "set j"],
    ]);
    expect(fresh("SET k v", "SADD s a", "SUNIONSTORE k s")).toEqual([
      ...["overwritten k", "type_changed k", "sunionstore k"],
    ]);
    expect(fresh("SET k v", "ZADD z 1 a", "ZUNIONSTORE k 1 z")).toEqual([
      ...["overwritten k", "type_changed k", "zunionstore k"],
    ]);
    expect(fresh("SET k v", "SADD s a", "SORT s STORE k ALPHA")).toEqual([
      ...["overwritten k", "type_changed k", "sortstore k"],
    ]);
  });

  it("come after those of RENAME, COPY and RESTORE", () => {
    expect(fresh("SET a v", "RPUSH b x", "RENAME a b")).toEqual([
      ...["new b", "rename_from a", "rename_to b", "overwritten b", "type_changed b"],
    ]);
    expect(fresh("SET a v", "SET b v", "COPY a b REPLACE")).toEqual([
      ...["new b", "copy_to b", "overwritten b"],
    ]);
    const reply = session.call("DUMP a");
    const payload = Buffer.from(reply.replace(/^\$\d+\r\n/, "").slice(0, -2), "latin1");
    session.call("SADD s x");
    messages();
    session.call("RESTORE", "s", "0", payload, "REPLACE");
    expect(events()).toEqual(["new s", "restore s", "overwritten s", "type_changed s"]);
  });

  it("are none of changes in place", () => {
    for (const command of ["APPEND k v", "SETRANGE k 1 v", "PERSIST k", "SETBIT k 1 0"]) {
      expect(fresh("SET k v", command).filter((event) => /^(over|type)/.test(event))).toEqual([]);
    }
    expect(fresh("SET n 1", "INCR n")).toEqual(["incrby n"]);
  });
});

describe("fields of hashes", () => {
  it("get, lose and pass their times", () => {
    session.call("HSET h a 1 b 2 c 3");
    expect(eventsOf("HEXPIRE h 100 FIELDS 1 a")).toEqual(["hexpire h"]);
    expect(eventsOf("HPERSIST h FIELDS 1 a")).toEqual(["hpersist h"]);
    expect(eventsOf("HPERSIST h FIELDS 1 a")).toEqual([]);
    expect(eventsOf("HPEXPIREAT h 1 FIELDS 1 a")).toEqual(["hdel h"]);
    session.call("HPEXPIRE h 10 FIELDS 1 b");
    messages();
    engine.now += 20;
    expect(eventsOf("HLEN h")).toEqual(["hexpired h"]);
    session.call("HPEXPIRE h 10 FIELDS 1 c");
    messages();
    engine.now += 20;
    engine.tick();
    expect(events()).toEqual(["hexpired h", "del h"]);
  });

  it("are told by a look at a hash of which nothing is left", () => {
    session.call("HSET h a 1");
    session.call("HPEXPIRE h 10 FIELDS 1 a");
    messages();
    engine.now += 20;
    expect(eventsOf("HGET h a")).toEqual(["hexpired h", "del h", "keymiss h"]);
  });

  it("are set and read with HSETEX, HGETEX and HGETDEL", () => {
    expect(eventsOf("HSETEX h EX 100 FIELDS 1 a 1")).toEqual(["new h", "hset h", "hexpire h"]);
    expect(eventsOf("HSETEX h FIELDS 1 b 1")).toEqual(["hset h"]);
    session.call("HPEXPIRE h 100000 FIELDS 1 a");
    messages();
    expect(eventsOf("HGETEX h PERSIST FIELDS 1 a")).toEqual(["hpersist h"]);
    expect(eventsOf("HGETEX h EX 10 FIELDS 1 a")).toEqual(["hexpire h"]);
    expect(eventsOf("HGETDEL h FIELDS 1 b")).toEqual(["hdel h"]);
    expect(eventsOf("HGETDEL h FIELDS 1 a")).toEqual(["hdel h", "del h"]);
  });
});

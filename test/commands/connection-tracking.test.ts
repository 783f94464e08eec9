import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeAll, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;
let other: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  engine.failsReserves = false; // A key that cannot be remembered is told invalid at once.
  session = engine.open();
  other = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** What a session was told since it was last asked, decoded. */
function told(listener: TestSession): unknown[] {
  return decodeAll(engine.takeReplies(listener.id).toString("latin1"));
}

function three(...options: string[]): void {
  session.call("HELLO 3");
  expect(session.call(`CLIENT TRACKING ON${options.map((each) => ` ${each}`).join("")}`)).toBe(
    "+OK\r\n",
  );
}

describe("CLIENT TRACKING", () => {
  it("tells once of each key that was read and changes", () => {
    three();
    session.call("MGET a b");
    session.call("SET c 1");
    other.call("SET a 1");
    other.call("SET a 2");
    other.call("SET c 2");
    expect(told(session)).toEqual([["invalidate", ["a"]]]);
    session.call("GET a");
    other.raw("SELECT 1\r\nSET a 1\r\nDEL b\r\nSET b 1\r\n");
    expect(told(session)).toEqual([
      ["invalidate", ["a"]],
      ["invalidate", ["b"]],
    ]);
  });

  it("uses pushes of RESP3 and nothing for RESP2 without a redirection", () => {
    three();
    session.call("GET a");
    other.call("SET a 1");
    expect(engine.takeReplies(session.id).toString()).toBe(
      ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n",
    );
    const two = engine.open();
    two.call("CLIENT TRACKING ON");
    two.call("GET a");
    other.call("SET a 1");
    expect(told(two)).toEqual([]);
  });

  it("tells of the session's own changes after the reply, unless NOLOOP", () => {
    three();
    session.call("GET a");
    expect(session.call("SET a 1")).toBe("+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n");
    session.call("CLIENT TRACKING OFF");
    three("NOLOOP");
    session.call("GET a");
    expect(session.call("SET a 1")).toBe("+OK\r\n");
    session.call("GET a");
    other.call("SET a 1");
    expect(told(session)).toEqual([["invalidate", ["a"]]]);
  });

  it("redirects to a session that listens, in RESP2 through a channel", () => {
    other.call("SUBSCRIBE __redis__:invalidate");
    expect(session.call(`CLIENT TRACKING ON REDIRECT ${other.id}`)).toBe("+OK\r\n");
    session.call("GET a");
    session.call("SET a 1");
    expect(told(other)).toEqual([["message", "__redis__:invalidate", ["a"]]]);
    session.call("FLUSHALL");
    expect(told(other)).toEqual([["message", "__redis__:invalidate", null]]);
    expect(session.ask("CLIENT GETREDIR")).toBe(other.id);
  });

  it("tells when the redirection is broken", () => {
    three(`REDIRECT ${other.id}`);
    session.call("GET a");
    other.close();
    const third = engine.open();
    third.call("SET a 1");
    expect(told(session)).toEqual([["tracking-redir-broken", other.id]]);
    expect(JSON.stringify(session.ask("CLIENT TRACKINGINFO") as object)).toBeDefined();
    expect(String(third.ask("CLIENT LIST"))).toMatch(/flags=tR /);
  });

  it("tells of expired keys and flushes", () => {
    three();
    other.call("SET a 1 PX 100");
    session.call("GET a");
    engine.now += 200;
    engine.tick();
    expect(told(session)).toEqual([["invalidate", ["a"]]]);
    other.call("FLUSHDB");
    expect(told(session)).toEqual([["invalidate", null]]);
    expect(String(other.ask("INFO stats"))).toContain("tracking_total_keys:0\r\n");
  });

  it("broadcasts every change, or those of prefixes, once for each call", () => {
    three("BCAST");
    other.raw("SET a 1\r\nSET b 1\r\nSET a 2\r\n");
    expect(told(session)).toEqual([["invalidate", ["a", "b"]]]);
    session.call("CLIENT TRACKING OFF");
    three("BCAST", "PREFIX x:", "PREFIX y:");
    other.raw("SET x:1 1\r\nSET z 1\r\nSET y:1 1\r\nSET y:2 1\r\n");
    const keys = told(session).map((each) => (each as [string, string[]])[1].join(" "));
    expect(keys.sort()).toEqual(["x:1", "y:1 y:2"]);
  });

  it("broadcasts to NOLOOP sessions what others changed", () => {
    three("BCAST", "NOLOOP");
    expect(session.call("SET a 1")).toBe("+OK\r\n");
    expect(told(session)).toEqual([]);
    other.call("SET b 1");
    expect(told(session)).toEqual([["invalidate", ["b"]]]);
  });

  it("broadcasts to many sessions of both protocols", () => {
    const listener = engine.open();
    listener.call("SUBSCRIBE __redis__:invalidate");
    const two = engine.open();
    two.call(`CLIENT TRACKING ON BCAST REDIRECT ${listener.id}`);
    three("BCAST");
    const four = engine.open();
    four.call("HELLO 3");
    four.call("CLIENT TRACKING ON BCAST");
    other.call("SET a 1");
    expect(told(session)).toEqual([["invalidate", ["a"]]]);
    expect(told(four)).toEqual([["invalidate", ["a"]]]);
    expect(told(listener)).toEqual([["message", "__redis__:invalidate", ["a"]]]);
  });

  it("keeps at most tracking-table-max-keys keys", () => {
    other.call("CONFIG SET tracking-table-max-keys 10");
    three();
    for (let i = 0; i < 25; i++) session.raw(`GET key:${i}\r\n`);
    const stats = String(other.ask("INFO stats"));
    expect(stats).toContain("tracking_total_keys:10\r\ntracking_total_items:10\r\n");
    expect(String(other.ask("INFO clients"))).toContain("tracking_clients:1\r\n");
  });

  it("forgets a session that leaves, and RESET switches it off", () => {
    three("BCAST", "PREFIX a");
    session.close();
    expect(String(other.ask("INFO stats"))).toContain("tracking_total_prefixes:0\r\n");
    other.call("CLIENT TRACKING ON");
    other.call("GET a");
    other.call("RESET");
    expect(String(other.ask("INFO clients"))).toContain("tracking_clients:0\r\n");
  });

  it("tracks what a transaction reads", () => {
    three();
    session.raw("MULTI\r\nGET a\r\nEXEC\r\n");
    other.call("SET a 1");
    expect(told(session)).toEqual([["invalidate", ["a"]]]);
  });

  it("keeps ids of many sessions for a key", () => {
    const many = Array.from({ length: 40 }, () => engine.open());
    for (const each of many.toReversed()) each.raw("HELLO 3\r\nCLIENT TRACKING ON\r\nGET a\r\n");
    for (const each of many) engine.takeReplies(each.id);
    (many[7] as TestSession).close();
    other.call("SET a 1");
    for (const [index, each] of many.entries()) {
      expect(told(each)).toEqual(index === 7 ? [] : [["invalidate", ["a"]]]);
    }
  });
});

describe("CLIENT CACHING", () => {
  it("chooses with OPTIN what is tracked", () => {
    three("OPTIN");
    session.call("GET a");
    session.call("CLIENT CACHING YES");
    session.call("GET b");
    session.call("GET c");
    other.raw("SET a 1\r\nSET b 1\r\nSET c 1\r\n");
    expect(told(session)).toEqual([["invalidate", ["b"]]]);
    session.raw("CLIENT CACHING YES\r\nMULTI\r\nGET a\r\nGET b\r\nEXEC\r\n");
    other.raw("SET a 1\r\nSET b 1\r\n");
    expect(told(session)).toEqual([
      ["invalidate", ["a"]],
      ["invalidate", ["b"]],
    ]);
  });

  it("leaves out with OPTOUT what is not", () => {
    three("OPTOUT");
    session.call("GET a");
    session.call("CLIENT CACHING NO");
    session.call("GET b");
    other.raw("SET a 1\r\nSET b 1\r\n");
    expect(told(session)).toEqual([["invalidate", ["a"]]]);
  });
});

describe("CLIENT GETREDIR", () => {
  it("answers -1 without tracking, 0 without redirection", () => {
    expect(session.ask("CLIENT GETREDIR")).toBe(-1);
    session.call("CLIENT TRACKING ON");
    expect(session.ask("CLIENT GETREDIR")).toBe(0);
  });
});

describe("CLIENT TRACKINGINFO", () => {
  it("tells flags, redirection and prefixes", () => {
    expect(session.ask("CLIENT TRACKINGINFO")).toEqual([
      "flags",
      ["off"],
      "redirect",
      -1,
      "prefixes",
      [],
    ]);
    session.call(`CLIENT TRACKING ON BCAST PREFIX a PREFIX b NOLOOP REDIRECT ${other.id}`);
    const [, flags, , redirect, , prefixes] = session.ask("CLIENT TRACKINGINFO") as unknown[];
    expect(flags).toEqual(["on", "bcast", "noloop"]);
    expect(redirect).toBe(other.id);
    expect((prefixes as string[]).sort()).toEqual(["a", "b"]);
    session.call("CLIENT TRACKING OFF");
    session.call("CLIENT TRACKING ON OPTIN");
    session.raw("CLIENT CACHING YES\r\n");
    expect((session.ask("CLIENT TRACKINGINFO") as unknown[])[1]).toEqual([
      "on",
      "optin",
      "caching-yes",
    ]);
  });
});

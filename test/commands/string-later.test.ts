// Commands on strings that came after Redis 7.2, and LCS.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { START_MS, TestEngine, type TestSession } from "../support/engine";
import {
  arity,
  bulk,
  effectLines,
  integer,
  invalidExpire,
  NOT_INTEGER,
  none,
  SYNTAX,
  WRONG_TYPE,
} from "../support/replies";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  engine.exports.setEffects(1);
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const effects = () => effectLines(engine);

/** A key of another type. */
function makeHash(key: string): void {
  session.call("HSET", key, "field", "value");
  effects();
}

function ttl(key: string): unknown {
  return session.ask("PTTL", key);
}

/** Answers in RESP3. */
function useResp3(): void {
  session.call("HELLO 3");
}

describe("MSETEX", () => {
  it("sets pairs with a common lifetime", () => {
    expect(session.call("MSETEX 2 a 1 b 2 EX 10")).toBe(integer(1));
    expect([ttl("a"), ttl("b")]).toEqual([10_000, 10_000]);
    expect(session.call("MSETEX 2 a 3 c 4 KEEPTTL")).toBe(integer(1));
    expect([ttl("a"), ttl("c")]).toEqual([10_000, -1]);
    expect(session.call("MSETEX", "1", "a", "5", "PXAT", START_MS + 7)).toBe(integer(1));
    expect(ttl("a")).toBe(7);
    expect(session.call("MSETEX 1 a 6")).toBe(integer(1));
    expect(ttl("a")).toBe(-1);
    expect(effects()).toEqual([
      "MULTI",
      `SET a 1 PXAT ${START_MS + 10_000}`,
      `SET b 2 PXAT ${START_MS + 10_000}`,
      "EXEC",
      "MULTI",
      "SET a 3 KEEPTTL",
      "SET c 4 KEEPTTL",
      "EXEC",
      `SET a 5 PXAT ${START_MS + 7}`,
      "SET a 6",
    ]);
  });

  it("obeys NX and XX for all keys together", () => {
    session.call("SET a 1");
    expect(session.call("MSETEX 2 a 2 b 2 NX EX 5")).toBe(integer(0));
    expect(session.call("MSETEX 2 a 2 b 2 XX PX 5")).toBe(integer(0));
    expect(session.ask("MGET a b")).toEqual(["1", null]);
    expect(session.call("MSETEX 2 b 2 c 2 NX")).toBe(integer(1));
    expect(session.call("MSETEX 2 b 3 c 3 xx")).toBe(integer(1));
    expect(session.ask("MGET a b c")).toEqual(["1", "3", "3"]);
  });

  it("refuses wrong counts and options", () => {
    for (const count of ["0", "-1", "abc", "9223372036854775807"]) {
      expect(session.call(`MSETEX ${count} a 1`)).toBe("-ERR invalid numkeys value\r\n");
    }
    expect(session.call("MSETEX 2 a 1 b")).toBe("-ERR wrong number of key-value pairs\r\n");
    expect(session.call("MSETEX 1 a 1 NX XX")).toBe(SYNTAX);
    expect(session.call("MSETEX 1 a 1 GET")).toBe(SYNTAX);
    expect(session.call("MSETEX 1 a 1 EX 1 KEEPTTL")).toBe(SYNTAX);
    expect(session.call("MSETEX 1 a 1 EX 0")).toBe(invalidExpire("msetex"));
    expect(session.call("MSETEX 1 a 1 EX x")).toBe(NOT_INTEGER);
    expect(session.call("MSETEX 1 a")).toBe(arity("msetex"));
    expect(session.call("EXISTS a")).toBe(integer(0));
  });
});

describe("LCS", () => {
  beforeEach(() => {
    session.call("MSET key1 ohmytext key2 mynewtext");
  });

  it("finds the text or its length", () => {
    expect(session.call("LCS key1 key2")).toBe(bulk("mytext"));
    expect(session.call("LCS key1 key2 LEN")).toBe(integer(6));
    expect(session.call("LCS key1 missing")).toBe(bulk(""));
    session.call("MSET n1 12345 n2 -2345");
    expect(session.call("LCS n1 n2")).toBe(bulk("2345"));
  });

  it("finds the matches", () => {
    expect(session.ask("LCS key1 key2 IDX")).toEqual([
      "matches",
      [
        [
          [4, 7],
          [5, 8],
        ],
        [
          [2, 3],
          [0, 1],
        ],
      ],
      "len",
      6,
    ]);
    expect(session.ask("LCS key1 key2 IDX MINMATCHLEN 4 WITHMATCHLEN")).toEqual([
      "matches",
      [[[4, 7], [5, 8], 4]],
      "len",
      6,
    ]);
    useResp3();
    expect(session.call("LCS missing key2 IDX")).toBe(
      "%2\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:0\r\n",
    );
  });

  it("agrees with the plain table on random texts", () => {
    const seed = Number(process.env.QUIRE_SEED ?? 20_261_123);
    let state = seed;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >> 8) % below;
    };
    const text = () => Array.from({ length: random(40) }, () => "abc"[random(3)]).join("");
    for (let round = 0; round < 100; round++) {
      const [a, b] = [text(), text()];
      session.call("MSET", "a", a, "b", b);
      expect(session.ask("LCS a b"), `seed ${seed}`).toBe(longestCommon(a, b));
    }
  });

  it("refuses wrong options and other types", () => {
    expect(session.call("LCS key1 key2 LEN IDX")).toBe(
      "-ERR If you want both the length and indexes, please just use IDX.\r\n",
    );
    expect(session.call("LCS key1 key2 FOO")).toBe(SYNTAX);
    expect(session.call("LCS key1 key2 MINMATCHLEN")).toBe(SYNTAX);
    expect(session.call("LCS key1 key2 MINMATCHLEN x")).toBe(NOT_INTEGER);
    expect(session.call("LCS key1")).toBe(arity("lcs"));
    makeHash("list");
    const refused = "-ERR The specified keys must contain string values\r\n";
    expect(session.call("LCS list key1")).toBe(refused);
    expect(session.call("LCS key1 list FOO")).toBe(refused);
  });

  it("has the limit that Redis's table has", () => {
    const long = "x".repeat(20_000);
    session.call("MSET", "a", long, "b", "x".repeat(6800));
    expect(session.call("LCS a b LEN")).toBe(
      "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len\r\n",
    );
    session.call("SETRANGE", "a", 2000, "y");
    session.call("SET", "c", "x".repeat(3000));
    expect(session.call("LCS a c LEN")).toBe(integer(3000));
    expect(session.call("LCS a c")).toBe(bulk("x".repeat(3000)));
  });
});

/** The textbook algorithm, with Redis's choice where both ways back are as long. */
function longestCommon(a: string, b: string): string {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number) => table[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const row = table[i] ?? [];
      row[j] = a[i - 1] === b[j - 1] ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
    }
  }
  let text = "";
  for (let i = a.length, j = b.length; i > 0 && j > 0; ) {
    if (a[i - 1] === b[j - 1]) {
      text = a[i - 1] + text;
      i -= 1;
      j -= 1;
    } else if (at(i - 1, j) > at(i, j - 1)) i -= 1;
    else j -= 1;
  }
  return text;
}

describe("DIGEST", () => {
  it("is XXH3 in 16 hexadecimal digits", () => {
    session.call("SET", "key", "Hello world");
    expect(session.call("DIGEST key")).toBe(bulk("b6acb9d84a38ff74"));
    session.call("SET", "key", "");
    expect(session.call("DIGEST key")).toBe(bulk("2d06800538d394c2"));
    session.call("SET", "a", "x".repeat(40_000));
    session.call("SETRANGE", "b", 0, "x".repeat(40_000));
    expect(session.call("DIGEST a")).toBe(session.call("DIGEST b"));
    session.call("SET number 12345");
    session.call("APPEND text 1234");
    session.call("APPEND text 5");
    expect(session.call("DIGEST number")).toBe(session.call("DIGEST text"));
  });

  it("answers null for a missing key and refuses another type", () => {
    expect(session.call("DIGEST missing")).toBe(none);
    makeHash("list");
    expect(session.call("DIGEST list")).toBe(WRONG_TYPE);
    expect(session.call("DIGEST")).toBe(arity("digest"));
  });
});

describe("DELEX", () => {
  it("removes a key of any type without a condition", () => {
    makeHash("list");
    expect(session.call("DELEX list")).toBe(integer(1));
    expect(session.call("DELEX list")).toBe(integer(0));
    expect(effects()).toEqual(["DEL list"]);
  });

  it("compares value or digest", () => {
    session.call("MSET", "a", "Hello world", "b", "12", "c", "x", "d", "y");
    effects();
    expect(session.call("DELEX a IFEQ Hello")).toBe(integer(0));
    expect(session.call("DELEX", "a", "IFNE", "Hello world")).toBe(integer(0));
    expect(session.call("DELEX a IFDNE b6acb9d84a38ff74")).toBe(integer(0));
    expect(session.call("DELEX a IFDEQ B6ACB9D84A38FF74")).toBe(integer(1));
    expect(session.call("DELEX b ifeq 12")).toBe(integer(1));
    expect(session.call("DELEX c IFNE y")).toBe(integer(1));
    expect(session.call("DELEX d IFDNE 0000000000000000")).toBe(integer(1));
    expect(session.call("DELEX d IFEQ y")).toBe(integer(0));
    expect(effects()).toEqual(["DEL a", "DEL b", "DEL c", "DEL d"]);
  });

  it("refuses wrong arguments and other types", () => {
    session.call("SET key a");
    expect(session.call("DELEX key IFEQ")).toBe(arity("delex"));
    expect(session.call("DELEX key IFEQ a IFNE")).toBe(arity("delex"));
    expect(session.call("DELEX key FOO a")).toBe(SYNTAX);
    expect(session.call("DELEX key IFDEQ a")).toBe(
      "-ERR must be exactly 16 hexadecimal characters\r\n",
    );
    makeHash("list");
    expect(session.call("DELEX list IFEQ a")).toBe(
      "-ERR Key should be of string type if conditions are specified\r\n",
    );
  });
});

describe("DELIFEQ", () => {
  it("removes a key with this value", () => {
    session.call("SET key 12");
    effects();
    expect(session.call("DELIFEQ key 1")).toBe(integer(0));
    expect(session.call("DELIFEQ key 12")).toBe(integer(1));
    expect(session.call("DELIFEQ key 12")).toBe(integer(0));
    expect(effects()).toEqual(["DEL key"]);
    makeHash("list");
    expect(session.call("DELIFEQ list a")).toBe(WRONG_TYPE);
    expect(session.call("DELIFEQ key")).toBe(arity("delifeq"));
  });
});

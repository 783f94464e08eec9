import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestEngine, type TestSession } from "../support/engine";
import {
  arity,
  bulk,
  effectLines,
  integer,
  NOT_FLOAT,
  NOT_INTEGER,
  none,
  SYNTAX,
  WRONG_TYPE,
} from "../support/replies";

const SCORE_RANGE = "-ERR min or max is not a float\r\n";
const BYTES_RANGE = "-ERR min or max not valid string range item\r\n";
const LONG = "l".repeat(65);

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

function useResp3(): void {
  session.call("HELLO 3");
}

/** "a 1 b 2" ... of a whole sorted set. */
function contents(key = "key"): string {
  const words = session.ask("ZRANGE", key, 0, -1, "WITHSCORES") as unknown[];
  return words.flat().join(" ");
}

/** Runs a test on a packed set and on one that is not. */
function inBoth(name: string, test: () => void): void {
  it(`${name}, listpack`, test);
  it(`${name}, skiplist`, () => {
    session.call("CONFIG SET zset-max-listpack-entries 0");
    test();
    if (session.ask("TYPE key") === "zset") {
      expect(session.ask("OBJECT ENCODING key")).toBe("skiplist");
    }
  });
}

/** -inf low, -1.5 b, 0 c, 1 d, 1 e, 2 f, inf top */
function fill(): void {
  session.call("ZADD key 1 e inf top -inf low 0 c 2 f -1.5 b 1 d");
  effects();
}

/** The replies of a command to a missing key, a string, and too few arguments. */
function refuses(line: string, missing: string): void {
  const [name = "", , ...rest] = line.split(" ");
  session.call("SET string text");
  expect(session.call([name, "none", ...rest].join(" "))).toBe(missing);
  expect(session.call([name, "string", ...rest].join(" "))).toBe(WRONG_TYPE);
  expect(session.call(name)).toBe(arity(name.toLowerCase()));
}

describe("ZADD", () => {
  inBoth("adds and updates", () => {
    expect(session.call("ZADD key 1 a 2 b")).toBe(integer(2));
    expect(effects()).toEqual(["ZADD key 1 a 2 b"]);
    expect(session.call("ZADD key 3 a 2 b 0.1 c")).toBe(integer(1));
    expect(contents()).toBe("c 0.1 b 2 a 3");
    expect(session.call("ZADD key CH 4 a 2 b 5 d")).toBe(integer(2));
    effects();
    expect(session.call("ZADD key 4 a")).toBe(integer(0));
    expect(effects()).toEqual([]);
  });

  inBoth("knows conditions", () => {
    fill();
    expect(session.call("ZADD key NX 9 b 9 new")).toBe(integer(1));
    expect(session.call("ZADD key XX CH 9 c 9 absent")).toBe(integer(1));
    expect(session.call("ZADD key GT CH 0 d 5 e 5 greater")).toBe(integer(2));
    expect(session.call("ZADD key LT CH 0 d 9 e 4 less")).toBe(integer(2));
    expect(contents()).toBe("low -inf b -1.5 d 0 f 2 less 4 e 5 greater 5 c 9 new 9 top inf");
    expect(session.call("ZADD none XX 1 a")).toBe(integer(0));
    expect(session.call("EXISTS none")).toBe(integer(0));
  });

  inBoth("increments", () => {
    fill();
    expect(session.call("ZADD key INCR 0.2 b")).toBe(bulk("-1.3"));
    expect(effects()).toEqual(["ZADD key INCR 0.2 b"]);
    expect(session.call("ZADD key INCR 3 new")).toBe(bulk("3"));
    expect(session.call("ZADD key NX INCR 3 new")).toBe(none);
    expect(session.call("ZADD key XX INCR 3 absent")).toBe(none);
    expect(session.call("ZADD none XX INCR 3 absent")).toBe(none);
    expect(session.call("ZADD key GT INCR -1 new")).toBe(none);
    expect(session.call("ZADD key INCR -inf top")).toBe(
      "-ERR resulting score is not a number (NaN)\r\n",
    );
    useResp3();
    expect(session.call("ZADD key INCR 0.5 new")).toBe(",3.5\r\n");
    expect(session.call("ZADD key NX INCR 3 new")).toBe("_\r\n");
  });

  it("refuses", () => {
    refuses("ZADD key 1 a", integer(1));
    expect(session.call("ZADD key 1 a 2")).toBe(SYNTAX);
    expect(session.call("ZADD key NX CH")).toBe(SYNTAX);
    expect(session.call("ZADD key nan a")).toBe(NOT_FLOAT);
    expect(session.call("ZADD key 1 a x b")).toBe(NOT_FLOAT);
    expect(session.call("ZADD key NX XX 1 a")).toBe(
      "-ERR XX and NX options at the same time are not compatible\r\n",
    );
    for (const flags of ["NX GT", "NX LT", "GT LT"]) {
      expect(session.call(`ZADD key ${flags} 1 a`)).toBe(
        "-ERR GT, LT, and/or NX options at the same time are not compatible\r\n",
      );
    }
    expect(session.call("ZADD key INCR 1 a 2 b")).toBe(
      "-ERR INCR option supports a single increment-element pair\r\n",
    );
    expect(session.call("EXISTS key")).toBe(integer(0));
  });

  it("changes encoding at the limits", () => {
    session.call("CONFIG SET zset-max-listpack-entries 3 zset-max-listpack-value 64");
    session.call("ZADD key 1 a 2 b 3 c");
    expect(session.ask("OBJECT ENCODING key")).toBe("listpack");
    session.call("ZADD key 4 d");
    expect(session.ask("OBJECT ENCODING key")).toBe("skiplist");
    session.call("ZREM key a b c");
    expect(session.ask("OBJECT ENCODING key")).toBe("skiplist");
    session.call("ZADD other 1 a");
    session.call("ZADD other 2 2");
    session.call("ZADD", "other", 1.25, LONG);
    expect(session.ask("OBJECT ENCODING other")).toBe("skiplist");
    expect(contents("other")).toBe(`a 1 ${LONG} 1.25 2 2`);
    session.call("ZADD four 1 a 2 b 3 c 4 d");
    expect(session.ask("OBJECT ENCODING four")).toBe("skiplist");
  });

  it("keeps the sign of zero in a skiplist alone", () => {
    session.call("ZADD key -0 a");
    expect(session.call("ZSCORE key a")).toBe(bulk("0"));
    session.call("ZADD", "key", "-0", LONG);
    expect(session.call("ZSCORE", "key", LONG)).toBe(bulk("-0"));
  });

  it("holds many thousand members, whatever their order", () => {
    const count = process.env.QUIRE_TEST_FAIL_RESERVE === "1" ? 2000 : 20_000;
    const words: (string | number)[] = ["ZADD", "key"];
    for (let n = 0; n < count; n++) words.push((n * 7919) % count, `member:${n}`);
    expect(session.call(...words)).toBe(integer(count));
    expect(engine.exports.validate()).toBe(0);
    expect(session.ask("ZRANGE key 77 77")).toEqual(session.ask("ZRANGEBYSCORE key 77 77"));
    expect(session.call(`ZREMRANGEBYRANK key 10 ${count - 11}`)).toBe(integer(count - 20));
    expect(session.call("ZCARD key")).toBe(integer(20));
  });
});

describe("ZINCRBY", () => {
  inBoth("adds to scores", () => {
    expect(session.call("ZINCRBY key 0.1 a")).toBe(bulk("0.1"));
    expect(session.call("ZINCRBY key 0.2 a")).toBe(bulk("0.30000000000000004"));
    expect(effects()).toEqual(["ZINCRBY key 0.1 a", "ZINCRBY key 0.2 a"]);
    expect(session.call("ZINCRBY key 0 a")).toBe(bulk("0.30000000000000004"));
    expect(effects()).toEqual([]);
    expect(session.call("ZINCRBY key inf a")).toBe(bulk("inf"));
    expect(session.call("ZINCRBY key -inf a")).toBe(
      "-ERR resulting score is not a number (NaN)\r\n",
    );
    useResp3();
    expect(session.call("ZINCRBY key 1e20 b")).toBe(",1e+20\r\n");
  });

  it("refuses", () => {
    refuses("ZINCRBY key 1 a", bulk("1"));
    expect(session.call("ZINCRBY key x a")).toBe(NOT_FLOAT);
    expect(session.call("ZINCRBY key NX a")).toBe(SYNTAX);
  });
});

describe("ZSCORE", () => {
  inBoth("answers scores", () => {
    session.call("ZADD key 0.1 a 3 b 1e300 c -inf 17");
    expect(session.call("ZSCORE key a")).toBe(bulk("0.1"));
    expect(session.call("ZSCORE key c")).toBe(bulk("1e+300"));
    expect(session.call("ZSCORE key 17")).toBe(bulk("-inf"));
    expect(session.call("ZSCORE key none")).toBe(none);
    useResp3();
    expect(session.call("ZSCORE key a")).toBe(",0.1\r\n");
    expect(session.call("ZSCORE key 17")).toBe(",-inf\r\n");
    expect(session.call("ZSCORE key none")).toBe("_\r\n");
  });

  it("refuses", () => refuses("ZSCORE key a", none));
});

describe("ZMSCORE", () => {
  inBoth("answers several scores", () => {
    fill();
    expect(session.call("ZMSCORE key b none f")).toBe(`*3\r\n${bulk("-1.5")}${none}${bulk("2")}`);
    useResp3();
    expect(session.call("ZMSCORE key b none")).toBe("*2\r\n,-1.5\r\n_\r\n");
  });

  it("refuses", () => refuses("ZMSCORE key a", `*1\r\n${none}`));
});

describe("ZCARD", () => {
  inBoth("counts", () => {
    fill();
    expect(session.call("ZCARD key")).toBe(integer(7));
  });

  it("refuses", () => refuses("ZCARD key", integer(0)));
});

describe("ZREM", () => {
  inBoth("removes members, and with the last one the key", () => {
    fill();
    expect(session.call("ZREM key c none e")).toBe(integer(2));
    expect(effects()).toEqual(["ZREM key c none e"]);
    expect(contents()).toBe("low -inf b -1.5 d 1 f 2 top inf");
    expect(session.call("ZREM key none")).toBe(integer(0));
    expect(effects()).toEqual([]);
    expect(session.call("ZREM key low b d f top top")).toBe(integer(5));
    expect(session.call("EXISTS key")).toBe(integer(0));
  });

  it("refuses", () => refuses("ZREM key a", integer(0)));
});

describe("ZRANK", () => {
  inBoth("answers ranks and scores", () => {
    fill();
    expect(session.call("ZRANK key low")).toBe(integer(0));
    expect(session.call("ZRANK key e")).toBe(integer(4));
    expect(session.call("ZRANK key e WITHSCORE")).toBe(`*2\r\n:4\r\n${bulk("1")}`);
    expect(session.call("ZRANK key none")).toBe(none);
    expect(session.call("ZRANK key none WITHSCORE")).toBe("*-1\r\n");
    useResp3();
    expect(session.call("ZRANK key e WITHSCORE")).toBe("*2\r\n:4\r\n,1\r\n");
    expect(session.call("ZRANK key none WITHSCORE")).toBe("_\r\n");
  });

  it("refuses", () => {
    refuses("ZRANK key a", none);
    expect(session.call("ZRANK key a bogus")).toBe(SYNTAX);
    expect(session.call("ZRANK key a WITHSCORE b")).toBe(arity("zrank"));
    expect(session.call("ZRANK none a WITHSCORE")).toBe("*-1\r\n");
  });
});

describe("ZREVRANK", () => {
  inBoth("answers ranks from the highest score", () => {
    fill();
    expect(session.call("ZREVRANK key low")).toBe(integer(6));
    expect(session.call("ZREVRANK key top WITHSCORE")).toBe(`*2\r\n:0\r\n${bulk("inf")}`);
    expect(session.call("ZREVRANK key none")).toBe(none);
  });

  it("refuses", () => {
    refuses("ZREVRANK key a", none);
    expect(session.call("ZREVRANK key a WITHSCORES")).toBe(SYNTAX);
  });
});

describe("ZCOUNT", () => {
  inBoth("counts scores in a range", () => {
    fill();
    expect(session.call("ZCOUNT key -inf +inf")).toBe(integer(7));
    expect(session.call("ZCOUNT key (-inf (inf")).toBe(integer(5));
    expect(session.call("ZCOUNT key 1 (2")).toBe(integer(2));
    expect(session.call("ZCOUNT key 2 1")).toBe(integer(0));
  });

  it("refuses", () => {
    refuses("ZCOUNT key 0 1", integer(0));
    expect(session.call("ZCOUNT key x 1")).toBe(SCORE_RANGE);
    expect(session.call("ZCOUNT key 1 nan")).toBe(SCORE_RANGE);
  });
});

/** 0 a, 0 aa, 0 b, 0 c, 0 cc */
function fillLetters(): void {
  session.call("ZADD key 0 cc 0 a 0 c 0 b 0 aa");
  effects();
}

describe("ZLEXCOUNT", () => {
  inBoth("counts members between texts", () => {
    fillLetters();
    expect(session.call("ZLEXCOUNT key - +")).toBe(integer(5));
    expect(session.call("ZLEXCOUNT key (a [c")).toBe(integer(3));
    expect(session.call("ZLEXCOUNT key [aa (aa")).toBe(integer(0));
    expect(session.call("ZLEXCOUNT key + -")).toBe(integer(0));
  });

  it("refuses", () => {
    refuses("ZLEXCOUNT key - +", integer(0));
    expect(session.call("ZLEXCOUNT key a [b")).toBe(BYTES_RANGE);
    expect(session.call("ZLEXCOUNT key - ++")).toBe(BYTES_RANGE);
  });
});

describe("ZRANGE", () => {
  inBoth("answers ranks", () => {
    fill();
    expect(session.ask("ZRANGE key 0 -1")).toEqual(["low", "b", "c", "d", "e", "f", "top"]);
    expect(session.ask("ZRANGE key -2 100")).toEqual(["f", "top"]);
    expect(session.ask("ZRANGE key 3 2")).toEqual([]);
    expect(session.ask("ZRANGE key 0 1 REV")).toEqual(["top", "f"]);
    expect(session.call("ZRANGE key 1 2 WITHSCORES")).toBe(
      `*4\r\n${bulk("b")}${bulk("-1.5")}${bulk("c")}${bulk("0")}`,
    );
    useResp3();
    expect(session.call("ZRANGE key 1 2 WITHSCORES")).toBe(
      `*2\r\n*2\r\n${bulk("b")},-1.5\r\n*2\r\n${bulk("c")},0\r\n`,
    );
  });

  inBoth("answers scores", () => {
    fill();
    expect(session.ask("ZRANGE key (0 2 BYSCORE")).toEqual(["d", "e", "f"]);
    expect(session.ask("ZRANGE key 2 (0 BYSCORE REV")).toEqual(["f", "e", "d"]);
    expect(session.ask("ZRANGE key -inf inf BYSCORE LIMIT 2 2")).toEqual(["c", "d"]);
    expect(session.ask("ZRANGE key inf -inf BYSCORE REV LIMIT 2 -1")).toEqual([
      "e",
      "d",
      "c",
      "b",
      "low",
    ]);
    expect(session.ask("ZRANGE key -inf inf BYSCORE LIMIT -1 2")).toEqual([]);
    expect(session.ask("ZRANGE key 0 0 BYSCORE WITHSCORES")).toEqual(["c", "0"]);
  });

  inBoth("answers texts", () => {
    fillLetters();
    expect(session.ask("ZRANGE key (a [c BYLEX")).toEqual(["aa", "b", "c"]);
    expect(session.ask("ZRANGE key + [b REV BYLEX LIMIT 1 5")).toEqual(["c", "b"]);
  });

  it("refuses", () => {
    refuses("ZRANGE key 0 1", "*0\r\n");
    fill();
    expect(session.call("ZRANGE key 0 x")).toBe(NOT_INTEGER);
    expect(session.call("ZRANGE key 0 1 bogus")).toBe(SYNTAX);
    expect(session.call("ZRANGE key 0 1 BYSCORE BYLEX")).toBe(SYNTAX);
    expect(session.call("ZRANGE key 0 1 BYSCORE LIMIT 1")).toBe(SYNTAX);
    expect(session.call("ZRANGE key 0 1 BYSCORE LIMIT 1 x")).toBe(NOT_INTEGER);
    expect(session.call("ZRANGE key x 1 BYSCORE")).toBe(SCORE_RANGE);
    expect(session.call("ZRANGE key x 1 BYLEX")).toBe(BYTES_RANGE);
    expect(session.call("ZRANGE key 0 1 LIMIT 0 1")).toBe(
      "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX\r\n",
    );
    expect(session.call("ZRANGE key - + BYLEX WITHSCORES")).toBe(
      "-ERR syntax error, WITHSCORES not supported in combination with BYLEX\r\n",
    );
  });
});

describe("ZREVRANGE", () => {
  inBoth("answers ranks from the highest score", () => {
    fill();
    expect(session.ask("ZREVRANGE key 1 2 WITHSCORES")).toEqual(["f", "2", "e", "1"]);
    expect(session.ask("ZREVRANGE key -1 -1")).toEqual(["low"]);
  });

  it("refuses", () => {
    refuses("ZREVRANGE key 0 1", "*0\r\n");
    expect(session.call("ZREVRANGE key 0 1 REV")).toBe(SYNTAX);
  });
});

describe("ZRANGEBYSCORE", () => {
  inBoth("answers scores", () => {
    fill();
    expect(session.ask("ZRANGEBYSCORE key 0 1")).toEqual(["c", "d", "e"]);
    expect(session.ask("ZRANGEBYSCORE key 0 inf WITHSCORES LIMIT 1 1")).toEqual(["d", "1"]);
    expect(session.ask("ZRANGEBYSCORE key -inf -1e400")).toEqual(["low"]);
  });

  it("refuses", () => {
    refuses("ZRANGEBYSCORE key 0 1", "*0\r\n");
    expect(session.call("ZRANGEBYSCORE key ( x")).toBe(SCORE_RANGE);
    expect(session.call("ZRANGEBYSCORE key 0 1 REV")).toBe(SYNTAX);
  });
});

describe("ZREVRANGEBYSCORE", () => {
  inBoth("answers scores, highest first", () => {
    fill();
    expect(session.ask("ZREVRANGEBYSCORE key 1 0")).toEqual(["e", "d", "c"]);
    expect(session.ask("ZREVRANGEBYSCORE key inf 0 LIMIT 1 2")).toEqual(["f", "e"]);
  });

  it("refuses", () => {
    refuses("ZREVRANGEBYSCORE key 1 0", "*0\r\n");
    expect(session.call("ZREVRANGEBYSCORE key x 0")).toBe(SCORE_RANGE);
  });
});

describe("ZRANGEBYLEX", () => {
  inBoth("answers texts", () => {
    fillLetters();
    expect(session.ask("ZRANGEBYLEX key [aa (cc LIMIT 1 9")).toEqual(["b", "c"]);
  });

  it("refuses", () => {
    refuses("ZRANGEBYLEX key - +", "*0\r\n");
    expect(session.call("ZRANGEBYLEX key a b")).toBe(BYTES_RANGE);
  });
});

describe("ZREVRANGEBYLEX", () => {
  inBoth("answers texts, last first", () => {
    fillLetters();
    expect(session.ask("ZREVRANGEBYLEX key (cc [aa")).toEqual(["c", "b", "aa"]);
  });

  it("refuses", () => {
    refuses("ZREVRANGEBYLEX key + -", "*0\r\n");
    expect(session.call("ZREVRANGEBYLEX key a b")).toBe(BYTES_RANGE);
  });
});

describe("ZREMRANGEBYRANK", () => {
  inBoth("removes ranks", () => {
    fill();
    expect(session.call("ZREMRANGEBYRANK key -2 -1")).toBe(integer(2));
    expect(effects()).toEqual(["ZREMRANGEBYRANK key -2 -1"]);
    expect(session.call("ZREMRANGEBYRANK key 9 10")).toBe(integer(0));
    expect(contents()).toBe("low -inf b -1.5 c 0 d 1 e 1");
    expect(session.call("ZREMRANGEBYRANK key 0 -1")).toBe(integer(5));
    expect(session.call("EXISTS key")).toBe(integer(0));
  });

  it("refuses", () => {
    refuses("ZREMRANGEBYRANK key 0 1", integer(0));
    expect(session.call("ZREMRANGEBYRANK key 0 x")).toBe(NOT_INTEGER);
  });
});

describe("ZREMRANGEBYSCORE", () => {
  inBoth("removes scores", () => {
    fill();
    expect(session.call("ZREMRANGEBYSCORE key (0 (inf")).toBe(integer(3));
    expect(contents()).toBe("low -inf b -1.5 c 0 top inf");
    expect(session.call("ZREMRANGEBYSCORE key -inf inf")).toBe(integer(4));
  });

  it("refuses", () => {
    refuses("ZREMRANGEBYSCORE key 0 1", integer(0));
    expect(session.call("ZREMRANGEBYSCORE key 0 x")).toBe(SCORE_RANGE);
  });
});

describe("ZREMRANGEBYLEX", () => {
  inBoth("removes texts", () => {
    fillLetters();
    expect(session.call("ZREMRANGEBYLEX key [aa [c")).toBe(integer(3));
    expect(session.ask("ZRANGE key 0 -1")).toEqual(["a", "cc"]);
  });

  it("refuses", () => {
    refuses("ZREMRANGEBYLEX key - +", integer(0));
    expect(session.call("ZREMRANGEBYLEX key a b")).toBe(BYTES_RANGE);
  });
});

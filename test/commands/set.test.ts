// Sets: members, combinations, draws and scans in each encoding.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { arity, WRONG_TYPE } from "../support/replies";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  engine.exports.setEffects(1);
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const effect = (...words: (string | number)[]) => encode(words).toString("latin1");
const encodingOf = (key: string) => session.ask("OBJECT", "ENCODING", key);
const names = (count: number, prefix = "m") =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);
const numbers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => String(from + n));
const sorted = (reply: unknown) => [...(reply as string[])].sort();
const members = (key: string) => sorted(session.ask("SMEMBERS", key));

/** A set of each encoding with about the same members: `n` numbers, and a word but in the first. */
const ENCODINGS = ["intset", "listpack", "hashtable"] as const;
type EncodingName = (typeof ENCODINGS)[number];

function fill(key: string, encoding: EncodingName, list: (string | number)[]): void {
  const limits = { intset: [512, 128], listpack: [0, 512], hashtable: [0, 0] }[encoding];
  session.call("CONFIG", "SET", "set-max-intset-entries", limits[0] as number);
  session.call("CONFIG", "SET", "set-max-listpack-entries", limits[1] as number);
  session.call("DEL", key);
  session.call("SADD", key, ...list);
  expect(encodingOf(key)).toBe(encoding);
  session.call("CONFIG", "SET", "set-max-intset-entries", 512);
  session.call("CONFIG", "SET", "set-max-listpack-entries", 128);
  engine.takeEffects();
}

/** Runs the body for each encoding. */
function eachEncoding(body: (encoding: EncodingName) => void): void {
  for (const encoding of ENCODINGS) body(encoding);
}

describe("SADD", () => {
  it("adds members and answers how many are new", () => {
    expect(session.call("SADD set a b a c")).toBe(":3\r\n");
    expect(session.call("SADD set c d")).toBe(":1\r\n");
    expect(session.call("SADD set a b")).toBe(":0\r\n");
    expect(members("set")).toEqual(["a", "b", "c", "d"]);
    expect(session.call("TYPE set")).toBe("+set\r\n");
  });

  it("renders what it was given, and nothing when nothing is new", () => {
    session.call("SADD set 1 2");
    expect(engine.takeEffects()).toBe(effect("SELECT", 0) + effect("SADD", "set", 1, 2));
    session.call("SADD set 1");
    expect(engine.takeEffects()).toBe("");
  });

  it("starts as intset with a number, as listpack with a word", () => {
    session.call("SADD numbers 1 2");
    session.call("SADD words x 1");
    expect(encodingOf("numbers")).toBe("intset");
    expect(encodingOf("words")).toBe("listpack");
    session.call("SADD", "word", "01");
    expect(encodingOf("word")).toBe("listpack");
  });

  it("leaves intset just above its limit", () => {
    session.call("SADD", "set", ...numbers(512));
    expect(encodingOf("set")).toBe("intset");
    session.call("SADD set 511");
    expect(encodingOf("set")).toBe("intset");
    session.call("SADD set 512");
    expect(encodingOf("set")).toBe("hashtable");
    expect(session.call("SCARD set")).toBe(":513\r\n");
    session.call("CONFIG SET set-max-intset-entries 2");
    session.call("SADD small 1 2");
    expect(encodingOf("small")).toBe("intset");
    session.call("SADD small 3");
    expect(encodingOf("small")).toBe("hashtable");
  });

  it("leaves listpack just above its limits", () => {
    session.call("SADD", "set", ...names(128));
    expect(encodingOf("set")).toBe("listpack");
    session.call("SADD set m5");
    expect(encodingOf("set")).toBe("listpack");
    session.call("SADD set one-more");
    expect(encodingOf("set")).toBe("hashtable");
    session.call("SADD", "wide", "x".repeat(64));
    expect(encodingOf("wide")).toBe("listpack");
    session.call("SADD", "wide", "x".repeat(65));
    expect(encodingOf("wide")).toBe("hashtable");
    expect(members("set")).toEqual(sorted([...names(128), "one-more"]));
  });

  it("goes from intset to listpack with a word, to hashtable where that is too small", () => {
    session.call("SADD", "set", ...numbers(127));
    session.call("SADD set x");
    expect(encodingOf("set")).toBe("listpack");
    expect(members("set")).toEqual(sorted([...numbers(127), "x"]));
    session.call("SADD", "large", ...numbers(128));
    session.call("SADD large x");
    expect(encodingOf("large")).toBe("hashtable");
    session.call("SADD", "wide", 1);
    session.call("SADD", "wide", "x".repeat(65));
    expect(encodingOf("wide")).toBe("hashtable");
  });

  it("does not wait for the limit when more members come at once", () => {
    session.call("SADD", "set", ...names(129));
    expect(encodingOf("set")).toBe("hashtable");
    session.call("SADD", "numbers", ...numbers(513));
    expect(encodingOf("numbers")).toBe("hashtable");
  });

  it("stores numbers of every width and keeps them in order", () => {
    const wide = [
      "0",
      "-1",
      "32767",
      "-32768",
      "32768",
      "-32769",
      "2147483647",
      "-2147483648",
      "2147483648",
      "-2147483649",
      "9223372036854775807",
      "-9223372036854775808",
    ];
    for (const number of wide) expect(session.call("SADD", "set", number)).toBe(":1\r\n");
    expect(encodingOf("set")).toBe("intset");
    const inOrder = [...wide].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    expect(session.ask("SMEMBERS set")).toEqual(inOrder);
    session.call("SADD", "set", "9223372036854775808");
    expect(encodingOf("set")).toBe("listpack");
    expect(members("set")).toEqual(sorted([...wide, "9223372036854775808"]));
  });

  it("takes any bytes and long members", () => {
    const long = "y".repeat(100_000);
    session.call("SADD", "set", "", "\r\n\0\xff", long, "z".repeat(127), "z".repeat(128));
    expect(session.ask("SMISMEMBER", "set", "", "\r\n\0\xff", long, "z")).toEqual([1, 1, 1, 0]);
    expect(session.call("SREM", "set", long)).toBe(":1\r\n");
  });

  it("refuses other types and too few words", () => {
    session.call("SET string 1");
    expect(session.call("SADD string 1")).toBe(WRONG_TYPE);
    expect(session.call("SADD set")).toBe(arity("sadd"));
  });
});

describe("SREM", () => {
  it("removes members in each encoding, and the key with the last one", () => {
    eachEncoding((encoding) => {
      fill("set", encoding, numbers(100));
      expect(session.call("SREM", "set", 5, 6, 5, 1000, "x")).toBe(":2\r\n");
      expect(engine.takeEffects()).toBe(effect("SREM", "set", 5, 6, 5, 1000, "x"));
      expect(session.call("SCARD set")).toBe(":98\r\n");
      expect(session.call("SREM set nothing")).toBe(":0\r\n");
      expect(engine.takeEffects()).toBe("");
      expect(session.call("SREM", "set", ...numbers(100), "x")).toBe(":98\r\n");
      expect(session.call("EXISTS set")).toBe(":0\r\n");
    });
  });

  it("answers 0 for no key and refuses other types", () => {
    expect(session.call("SREM missing a")).toBe(":0\r\n");
    session.call("SET string 1");
    expect(session.call("SREM string 1")).toBe(WRONG_TYPE);
    expect(session.call("SREM set")).toBe(arity("srem"));
  });
});

describe("SCARD", () => {
  it("counts members", () => {
    session.call("SADD set a b");
    expect(session.call("SCARD set")).toBe(":2\r\n");
    expect(session.call("SCARD missing")).toBe(":0\r\n");
    session.call("SET string 1");
    expect(session.call("SCARD string")).toBe(WRONG_TYPE);
    expect(session.call("SCARD")).toBe(arity("scard"));
  });
});

describe("SISMEMBER", () => {
  it("tells 1 or 0 in each encoding", () => {
    eachEncoding((encoding) => {
      fill("set", encoding, [1, -5, 70000]);
      expect(session.call("SISMEMBER set -5")).toBe(":1\r\n");
      expect(session.call("SISMEMBER set 2")).toBe(":0\r\n");
      expect(session.call("SISMEMBER set 01")).toBe(":0\r\n");
      expect(session.call("SISMEMBER set 99999999999")).toBe(":0\r\n");
      expect(session.call("SISMEMBER", "set", "")).toBe(":0\r\n");
    });
    expect(session.call("SISMEMBER missing a")).toBe(":0\r\n");
    session.call("SET string 1");
    expect(session.call("SISMEMBER string 1")).toBe(WRONG_TYPE);
    expect(session.call("SISMEMBER set")).toBe(arity("sismember"));
  });
});

describe("SMISMEMBER", () => {
  it("tells it for several members", () => {
    session.call("SADD set a b 3");
    expect(session.call("SMISMEMBER set a x 3")).toBe("*3\r\n:1\r\n:0\r\n:1\r\n");
    expect(session.call("SMISMEMBER missing a b")).toBe("*2\r\n:0\r\n:0\r\n");
    session.call("SET string 1");
    expect(session.call("SMISMEMBER string 1")).toBe(WRONG_TYPE);
    expect(session.call("SMISMEMBER set")).toBe(arity("smismember"));
  });
});

describe("SMEMBERS", () => {
  it("lists members in each encoding, as a set in RESP3", () => {
    eachEncoding((encoding) => {
      fill("set", encoding, numbers(300));
      expect(members("set")).toEqual(sorted(numbers(300)));
    });
    session.call("SADD one x");
    expect(session.call("SMEMBERS one")).toBe("*1\r\n$1\r\nx\r\n");
    expect(session.call("SMEMBERS missing")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("SMEMBERS one")).toBe("~1\r\n$1\r\nx\r\n");
    expect(session.call("SMEMBERS missing")).toBe("~0\r\n");
  });

  it("lists a large set", () => {
    const many = names(20_000, "member:");
    for (let at = 0; at < many.length; at += 1000)
      session.raw(encode(["SADD", "set", ...many.slice(at, at + 1000)]));
    expect(members("set")).toEqual(sorted(many));
    expect(session.call("DEL set")).toBe(":1\r\n");
  });

  it("refuses other types", () => {
    session.call("SET string 1");
    expect(session.call("SMEMBERS string")).toBe(WRONG_TYPE);
    expect(session.call("SMEMBERS")).toBe(arity("smembers"));
  });
});

describe("SMOVE", () => {
  it("moves a member between sets of any encoding", () => {
    eachEncoding((encoding) => {
      fill("from", encoding, [1, 2, 3]);
      session.call("DEL to");
      session.call("SADD to x");
      engine.takeEffects();
      expect(session.call("SMOVE from to 2")).toBe(":1\r\n");
      expect(engine.takeEffects()).toBe(effect("SMOVE", "from", "to", 2));
      expect(members("from")).toEqual(["1", "3"]);
      expect(members("to")).toEqual(["2", "x"]);
    });
  });

  it("makes the target, removes the emptied source", () => {
    session.call("SADD from 1");
    expect(session.call("SMOVE from to 1")).toBe(":1\r\n");
    expect(session.call("EXISTS from")).toBe(":0\r\n");
    expect(encodingOf("to")).toBe("intset");
  });

  it("answers 0 for what is not there and looks only where source and target are one", () => {
    session.call("SADD set 1");
    session.call("SET string 1");
    expect(session.call("SMOVE set to 2")).toBe(":0\r\n");
    expect(session.call("SMOVE missing string 2")).toBe(":0\r\n");
    engine.takeEffects();
    expect(session.call("SMOVE set set 1")).toBe(":1\r\n");
    expect(session.call("SMOVE set set 2")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
    expect(session.call("SMOVE set string 1")).toBe(WRONG_TYPE);
    expect(session.call("SMOVE string set 1")).toBe(WRONG_TYPE);
    expect(session.call("SMOVE set set")).toBe(arity("smove"));
  });
});

/** Two sets of every pair of encodings: multiples of 2 and of 3 below 300. */
function eachPair(body: () => void): void {
  eachEncoding((left) => {
    eachEncoding((right) => {
      fill(
        "twos",
        left,
        numbers(300).filter((n) => Number(n) % 2 === 0),
      );
      fill(
        "threes",
        right,
        numbers(300).filter((n) => Number(n) % 3 === 0),
      );
      body();
    });
  });
}

const where = (test: (n: number) => boolean) =>
  numbers(300)
    .filter((n) => test(Number(n)))
    .sort();
const sixes = where((n) => n % 6 === 0);
const either = where((n) => n % 2 === 0 || n % 3 === 0);
const onlyTwos = where((n) => n % 2 === 0 && n % 3 !== 0);

describe("SINTER", () => {
  it("intersects sets of any encodings", () => {
    eachPair(() => expect(sorted(session.ask("SINTER twos threes"))).toEqual(sixes));
    session.call("SADD few 6 12 13");
    expect(sorted(session.ask("SINTER twos threes few"))).toEqual(["12", "6"]);
    expect(sorted(session.ask("SINTER few"))).toEqual(["12", "13", "6"]);
    expect(sorted(session.ask("SINTER few few"))).toEqual(["12", "13", "6"]);
  });

  it("joins tables of any sizes", () => {
    const all = names(3000);
    const sizes = [200, 700, 1000, 1024, 1500, 2999];
    for (const size of sizes) session.raw(encode(["SADD", `s${size}`, ...all.slice(3000 - size)]));
    for (const size of [300, 1023, 1600]) {
      session.raw(encode(["SADD", `t${size}`, ...all.slice(0, size)]));
      for (const other of sizes) {
        const expected = all.slice(3000 - other, size).sort();
        expect(sorted(session.ask(`SINTER t${size} s${other}`))).toEqual(expected);
        expect(sorted(session.ask(`SINTER s${other} t${size}`))).toEqual(expected);
        const lost = all.slice(0, Math.min(size, 3000 - other)).sort();
        expect(sorted(session.ask(`SDIFF t${size} s${other}`))).toEqual(lost);
      }
    }
  });

  it("answers sets in RESP3, and an empty one when a key is missing", () => {
    session.call("SADD set 1");
    expect(session.call("SINTER set missing")).toBe("*0\r\n");
    session.call("HELLO 3");
    expect(session.call("SINTER set")).toBe("~1\r\n$1\r\n1\r\n");
    expect(session.call("SINTER set missing")).toBe("~0\r\n");
  });

  it("refuses other types wherever they are", () => {
    session.call("SET string 1");
    session.call("SADD set 1");
    expect(session.call("SINTER set string")).toBe(WRONG_TYPE);
    expect(session.call("SINTER missing string")).toBe(WRONG_TYPE);
    expect(session.call("SINTER")).toBe(arity("sinter"));
  });
});

describe("SUNION", () => {
  it("unites sets of any encodings", () => {
    eachPair(() => expect(sorted(session.ask("SUNION twos missing threes twos"))).toEqual(either));
    expect(session.call("SUNION missing")).toBe("*0\r\n");
  });

  it("unites many sets", () => {
    const keys = names(30, "set");
    for (const [n, key] of keys.entries()) session.call("SADD", key, n, n + 1, `w${n % 7}`);
    const expected = [...numbers(31), ...names(7, "w")].sort();
    expect(sorted(session.ask("SUNION", ...keys, "missing"))).toEqual(expected);
    expect(session.call("SUNIONSTORE", "to", ...keys)).toBe(":38\r\n");
    expect(members("to")).toEqual(expected);
  });

  it("refuses other types", () => {
    session.call("SET string 1");
    expect(session.call("SUNION missing string")).toBe(WRONG_TYPE);
    expect(session.call("SUNION")).toBe(arity("sunion"));
    session.call("HELLO 3");
    expect(session.call("SUNION missing")).toBe("~0\r\n");
  });
});

describe("SDIFF", () => {
  it("subtracts sets of any encodings", () => {
    eachPair(() => expect(sorted(session.ask("SDIFF twos missing threes"))).toEqual(onlyTwos));
    expect(session.call("SDIFF twos twos")).toBe("*0\r\n");
    expect(session.call("SDIFF missing twos")).toBe("*0\r\n");
  });

  it("refuses other types", () => {
    session.call("SET string 1");
    expect(session.call("SDIFF missing string")).toBe(WRONG_TYPE);
    expect(session.call("SDIFF")).toBe(arity("sdiff"));
    session.call("HELLO 3");
    expect(session.call("SDIFF missing")).toBe("~0\r\n");
  });
});

describe("SINTERSTORE", () => {
  it("stores the intersection, over what was there", () => {
    eachPair(() => {
      session.call("SET to string EX 100");
      engine.takeEffects();
      expect(session.call("SINTERSTORE to twos threes")).toBe(`:${sixes.length}\r\n`);
      expect(engine.takeEffects()).toBe(effect("SINTERSTORE", "to", "twos", "threes"));
      expect(members("to")).toEqual(sixes);
      expect(session.call("TTL to")).toBe(":-1\r\n");
      expect(encodingOf("to")).toBe("intset");
    });
  });

  it("may store into a source, and removes the target when nothing is left", () => {
    session.call("SADD a 1 2 3");
    session.call("SADD b 2 3 x");
    expect(session.call("SINTERSTORE a a b")).toBe(":2\r\n");
    expect(members("a")).toEqual(["2", "3"]);
    engine.takeEffects();
    expect(session.call("SINTERSTORE a a missing")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe(effect("SINTERSTORE", "a", "a", "missing"));
    expect(session.call("EXISTS a")).toBe(":0\r\n");
    expect(session.call("SINTERSTORE a a missing")).toBe(":0\r\n");
    expect(engine.takeEffects()).toBe("");
  });

  it("stores words as listpack, and as hashtable above its limits", () => {
    session.call("SADD", "a", ...names(200), "x".repeat(100));
    session.call("SADD", "b", ...names(100));
    session.call("SINTERSTORE to a b");
    expect(encodingOf("to")).toBe("listpack");
    session.call("SINTERSTORE to a a");
    expect(encodingOf("to")).toBe("hashtable");
  });

  it("refuses other types as sources", () => {
    session.call("SET string 1");
    expect(session.call("SINTERSTORE to string")).toBe(WRONG_TYPE);
    expect(session.call("SINTERSTORE to")).toBe(arity("sinterstore"));
  });
});

describe("SUNIONSTORE", () => {
  it("stores the union", () => {
    eachPair(() => {
      expect(session.call("SUNIONSTORE to twos threes")).toBe(`:${either.length}\r\n`);
      expect(members("to")).toEqual(either);
      expect(encodingOf("to")).toBe("intset");
    });
    expect(engine.takeEffects()).toContain(effect("SUNIONSTORE", "to", "twos", "threes"));
    session.call("SADD a 1 x");
    expect(session.call("SUNIONSTORE a a missing")).toBe(":2\r\n");
    expect(encodingOf("a")).toBe("listpack");
  });

  it("refuses other types as sources", () => {
    session.call("SET string 1");
    expect(session.call("SUNIONSTORE to string")).toBe(WRONG_TYPE);
    expect(session.call("SUNIONSTORE to")).toBe(arity("sunionstore"));
  });
});

describe("SDIFFSTORE", () => {
  it("stores the difference", () => {
    eachPair(() => {
      expect(session.call("SDIFFSTORE to twos threes")).toBe(`:${onlyTwos.length}\r\n`);
      expect(members("to")).toEqual(onlyTwos);
    });
    expect(session.call("SDIFFSTORE to to twos")).toBe(":0\r\n");
    expect(session.call("EXISTS to")).toBe(":0\r\n");
  });

  it("refuses other types as sources", () => {
    session.call("SET string 1");
    expect(session.call("SDIFFSTORE to string")).toBe(WRONG_TYPE);
    expect(session.call("SDIFFSTORE to")).toBe(arity("sdiffstore"));
  });
});

/** What the three counting commands share. */
function refusesAsCardinality(name: string): void {
  session.call("SADD set 1");
  session.call("SET string 1");
  const positive = "-ERR numkeys should be greater than 0\r\n";
  const negative = "-ERR LIMIT can't be negative\r\n";
  const syntax = "-ERR syntax error\r\n";
  expect(session.call(name, 0, "set")).toBe(positive);
  expect(session.call(name, -1, "set")).toBe(positive);
  expect(session.call(name, "x", "set")).toBe(positive);
  expect(session.call(name, 2, "set")).toBe(
    "-ERR Number of keys can't be greater than number of args\r\n",
  );
  expect(session.call(name, 1, "set", "set")).toBe(syntax);
  expect(session.call(name, 1, "set", "LIMIT")).toBe(syntax);
  expect(session.call(name, 1, "set", "LIMIT", "x")).toBe(negative);
  expect(session.call(name, 1, "set", "LIMIT", -1)).toBe(negative);
  expect(session.call(name, 1, "string")).toBe(WRONG_TYPE);
  expect(session.call(name, 2, "missing", "string")).toBe(WRONG_TYPE);
  expect(session.call(name, 1)).toBe(arity(name.toLowerCase()));
  expect(session.call(name, 1, "missing")).toBe(":0\r\n");
}

describe("SINTERCARD", () => {
  it("counts the intersection up to a limit", () => {
    eachPair(() => {
      expect(session.ask("SINTERCARD 2 twos threes")).toBe(sixes.length);
      expect(session.ask("SINTERCARD 2 twos threes LIMIT 0")).toBe(sixes.length);
      expect(session.ask("SINTERCARD 2 twos threes limit 7")).toBe(7);
      expect(session.ask("SINTERCARD 2 twos threes LIMIT 1000")).toBe(sixes.length);
    });
    const most = "9223372036854775807";
    expect(session.ask("SINTERCARD", 2, "twos", "threes", "LIMIT", most)).toBe(sixes.length);
  });

  it("refuses wrong numbers of keys and limits", () => refusesAsCardinality("SINTERCARD"));
});

describe("SUNIONCARD", () => {
  it("counts the union up to a limit", () => {
    eachPair(() => {
      expect(session.ask("SUNIONCARD 2 twos threes")).toBe(either.length);
      expect(session.ask("SUNIONCARD 2 twos threes LIMIT 7")).toBe(7);
      expect(session.ask("SUNIONCARD 2 twos threes APPROX")).toBe(either.length);
      expect(session.ask("SUNIONCARD 2 twos threes LIMIT 7 APPROX")).toBe(7);
    });
    const keys = names(20, "key");
    for (const [n, key] of keys.entries()) session.call("SADD", key, n, n + 1);
    expect(session.ask("SUNIONCARD", 20, ...keys)).toBe(21);
    expect(session.ask("SUNIONCARD", 20, ...keys, "LIMIT", 5)).toBe(5);
  });

  it("refuses wrong numbers of keys and limits", () => refusesAsCardinality("SUNIONCARD"));
});

describe("SDIFFCARD", () => {
  it("counts the difference up to a limit", () => {
    eachPair(() => {
      expect(session.ask("SDIFFCARD 2 twos threes")).toBe(onlyTwos.length);
      expect(session.ask("SDIFFCARD 2 twos threes LIMIT 7")).toBe(7);
    });
    expect(session.ask("SDIFFCARD 1 missing")).toBe(0);
    expect(session.call("SDIFFCARD 1 twos APPROX")).toBe("-ERR syntax error\r\n");
  });

  it("refuses wrong numbers of keys and limits", () => refusesAsCardinality("SDIFFCARD"));
});

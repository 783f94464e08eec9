// DUMP and RESTORE: every encoding that values have had in RDB, written by hand; what is refused;
// options, effects and expiry. What redis-server makes is in test/compatibility/dump.test.ts.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";
import {
  type Bytes,
  double,
  intset,
  latin,
  length,
  listpack,
  listpackOf,
  little64,
  lzf,
  payload,
  text,
  ziplist,
  ziplistEntry,
  ziplistOf,
  zipmap,
} from "../support/rdb-values";

const BAD_DATA = new Error("ERR Bad data format");
const WRONG_PAYLOAD = new Error("ERR DUMP payload version or checksum are wrong");
const NOT_INTEGER = new Error("ERR value is not an integer or out of range");
const SYNTAX = new Error("ERR syntax error");
const BUSY = new Error("BUSYKEY Target key name already exists.");

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const ask = (...words: (string | number | Uint8Array)[]) => session.ask(...words);
const all = (...lines: string[]) => lines.map((line) => session.ask(line));
const bytesOf = (reply: unknown) => Buffer.from(reply as string, "latin1");

/** Restores a value as `k`, in place of what is there. */
function restore(type: number, value: Bytes, version?: number): unknown {
  return ask("RESTORE", "k", 0, payload(type, value, version), "REPLACE");
}

function watchEffects(): void {
  engine.exports.setEffects(1);
  engine.takeEffects();
}

const effect = (...words: (string | number | Uint8Array)[]) =>
  encode(["SELECT", "0"]).toString("latin1") + encode(words).toString("latin1");

/** The members of a hash in any order, as pairs. */
function pairs(key: string): string[][] {
  const flat = ask("HGETALL", key) as string[];
  return flat
    .flatMap((field, index) => (index % 2 ? [] : [[field, flat[index + 1] as string]]))
    .sort();
}

describe("DUMP", () => {
  it("answers a value with version and checksum", () => {
    ask("SET", "s", "abc");
    expect(bytesOf(ask("DUMP s"))).toEqual(payload(0, text("abc")));
    expect(ask("DUMP none")).toBeNull();
    expect(ask("DUMP")).toEqual(new Error("ERR wrong number of arguments for 'dump' command"));
  });
  it("writes short integers as such", () => {
    for (const [value, bytes] of [
      ["5", [0xc0, 5]],
      ["-129", [0xc1, 0x7f, 0xff]],
      ["70000", [0xc2, 0x70, 0x11, 1, 0]],
      ["2147483648", text("2147483648")],
      ["007", text("007")],
    ] as [string, Bytes][]) {
      ask("SET", "s", value);
      expect(bytesOf(ask("DUMP s"))).toEqual(payload(0, bytes));
    }
  });
  it("compresses texts unless rdbcompression is off", () => {
    ask("SET", "s", "a".repeat(1000));
    expect(bytesOf(ask("DUMP s")).length).toBeLessThan(60);
    expect(ask("RESTORE", "t", 0, bytesOf(ask("DUMP s")))).toBe("OK");
    expect(ask("GET t")).toBe("a".repeat(1000));
    engine.open(SessionFlag.INTERNAL).call("CONFIG SET rdbcompression no");
    expect(bytesOf(ask("DUMP s"))).toEqual(payload(0, text("a".repeat(1000))));
  });
  it("writes packed values as listpacks and integer sets", () => {
    all("HSET h a 1 b xyz", "ZADD z 1 a 2.5 b", "SADD i 3 1 2", "RPUSH l a 1");
    expect(bytesOf(ask("DUMP h"))).toEqual(payload(16, text(listpack("a", 1, "b", "xyz"))));
    expect(bytesOf(ask("DUMP z"))).toEqual(payload(17, text(listpack("a", 1, "b", "2.5"))));
    expect(bytesOf(ask("DUMP i"))).toEqual(payload(11, text(intset(2, 1, 2, 3))));
    const list = [0x80, 0, 0, 0, 1, 2, ...text(listpack("a", 1))];
    expect(bytesOf(ask("DUMP l"))).toEqual(payload(18, list));
  });
  it("writes tables as texts", () => {
    all("CONFIG SET hash-max-listpack-entries 0", "CONFIG SET zset-max-listpack-entries 0");
    all("HSET h a 1", "ZADD z 1 a 2 b");
    expect(bytesOf(ask("DUMP h"))).toEqual(payload(4, [1, ...text("a"), 0xc0, 1]));
    const scored = [2, ...text("b"), ...double(2), ...text("a"), ...double(1)];
    expect(bytesOf(ask("DUMP z"))).toEqual(payload(5, scored));
  });
  it("writes small sets as listpacks from version 11 on", () => {
    all("SADD s a b");
    expect(bytesOf(ask("DUMP s"))).toEqual(payload(2, [2, ...text("a"), ...text("b")]));
    for (const version of [11, 12]) {
      ask("CONFIG", "SET", "rdb-version", version);
      expect(bytesOf(ask("DUMP s"))).toEqual(payload(20, text(listpack("a", "b")), version));
    }
    expect(ask("CONFIG SET rdb-version 9")).toBeInstanceOf(Error);
  });
  it("tells the times of fields from version 12 on, and refuses below", () => {
    all("HSET h a 1 b 2", `HPEXPIREAT h ${engine.now + 1000} FIELDS 1 a`);
    expect(ask("DUMP h")).toEqual(
      new Error("ERR fields of the hash 'h' expire, which RDB tells from rdb-version 12 on"),
    );
    ask("CONFIG SET rdb-version 12");
    const when = little64(BigInt(engine.now + 1000));
    const fields = [1, ...text("a"), 0xc0, 1, 0, ...text("b"), 0xc0, 2];
    expect(bytesOf(ask("DUMP h"))).toEqual(payload(24, [...when, 2, ...fields], 12));
    all("CONFIG SET rdb-version 10", "HPERSIST h FIELDS 1 a");
    const without = [2, ...text("a"), 0xc0, 1, ...text("b"), 0xc0, 2];
    expect(bytesOf(ask("DUMP h"))).toEqual(payload(4, without));
  });
  it("answers nothing of a key that has expired", () => {
    all("SET s 1 PX 10");
    engine.now += 10;
    expect(ask("DUMP s")).toBeNull();
  });
});

describe("RESTORE", () => {
  it("takes what DUMP gave, for every type and encoding", () => {
    const long = "x".repeat(300);
    all("SET s abc", "SET n 12345", "SADD i 1 2 3", "SADD s1 a b", "HSET h a 1", "ZADD z 1 a");
    ask("SET", "r", long);
    ask("RPUSH", "l", ...Array.from({ length: 3000 }, (_, n) => `element ${n}`));
    ask("SADD", "s2", ...Array.from({ length: 300 }, (_, n) => `m${n}`));
    ask("HSET", "h2", "a", long);
    ask("ZADD", "z2", "3", long, "inf", "b", "-inf", "c", "0.1", "d");
    for (const key of ["s", "n", "r", "i", "s1", "s2", "h", "h2", "z", "z2", "l"]) {
      const dumped = bytesOf(ask("DUMP", key));
      const encoding = ask("OBJECT", "ENCODING", key);
      expect(ask("RESTORE", "copy", 0, dumped, "REPLACE"), key).toBe("OK");
      engine.tick();
      expect(ask("OBJECT", "ENCODING", "copy"), key).toBe(encoding);
      expect(bytesOf(ask("DUMP", "copy")).length, key).toBe(dumped.length);
    }
    expect(ask("LRANGE l 0 -1")).toEqual(Array.from({ length: 3000 }, (_, n) => `element ${n}`));
    expect(ask("ZRANGE copy 0 -1")).toBeInstanceOf(Error);
  });

  it("reads texts in every form", () => {
    const forms: [Bytes, string][] = [
      [text(""), ""],
      [text("abc"), "abc"],
      [text("x".repeat(100)), "x".repeat(100)],
      [text("x".repeat(20_000)), "x".repeat(20_000)],
      [[0x80, 0, 0, 0, 1, 0x61], "a"],
      [[0x81, 0, 0, 0, 0, 0, 0, 0, 1, 0x61], "a"],
      [[0xc0, 0x80], "-128"],
      [[0xc1, 0x00, 0x80], "-32768"],
      [[0xc2, 0xff, 0xff, 0xff, 0x7f], "2147483647"],
      [lzf([1, 0x61, 0x62, 0xe0, 2, 1], 13), "ababababababa"],
      [lzf([0, 0x61, 0xe0, 255, 0, 0xe0, 255, 0], 529), "a".repeat(529)],
      [lzf([2, 0x61, 0x62, 0x63, 0x20, 2], 6), "abcabc"],
    ];
    for (const [form, value] of forms) {
      expect(restore(0, form), value.slice(0, 20)).toBe("OK");
      expect(ask("GET k")).toBe(value);
    }
    expect(all("SET k 5", "OBJECT ENCODING k")).toEqual(["OK", "int"]);
    expect(restore(0, text("5"))).toBe("OK");
    expect(ask("OBJECT ENCODING k")).toBe("int");
  });

  it("reads lists", () => {
    const elements = ["a", "5", "x".repeat(100), "-7"];
    const asTexts = [4, ...text("a"), 0xc0, 5, ...text("x".repeat(100)), 0xc0, 0xf9];
    const asZiplist = ziplist("a", 5, "x".repeat(100), "-7");
    const first = [2, ...text(listpack("a", 5))];
    const second = [1, ...text("x".repeat(100)), 2, ...text(listpack("-7"))];
    const older = [2, ...text(ziplist("a", 5)), ...text(ziplist("x".repeat(100), "-7"))];
    for (const [type, value] of [
      [1, asTexts],
      [10, text(asZiplist)],
      [14, older],
      [18, [3, ...first, ...second]],
    ] as [number, Bytes][]) {
      expect(restore(type, value), `type ${type}`).toBe("OK");
      expect(ask("LRANGE k 0 -1"), `type ${type}`).toEqual(elements);
      expect(ask("OBJECT ENCODING k")).toBe("listpack");
    }
    expect(restore(14, [2, ...text(ziplist()), ...text(ziplist("a"))])).toBe("OK");
    expect(ask("LRANGE k 0 -1")).toEqual(["a"]);
  });

  it("reads sets", () => {
    const members = ["-5", "1", "70000"];
    const texts = [3, 0xc0, 1, 0xc0, 0xfb, ...text("70000")];
    for (const [type, value] of [
      [2, texts],
      [11, text(intset(4, -5, 1, 70000))],
      [11, text(intset(8, -5, 1, 70000))],
      [20, text(listpack(1, "-5", 70000))],
    ] as [number, Bytes][]) {
      expect(restore(type, value), `type ${type}`).toBe("OK");
      expect((ask("SMEMBERS k") as string[]).sort(), `type ${type}`).toEqual(members);
      expect(ask("OBJECT ENCODING k")).toBe("intset");
    }
    expect(restore(20, text(listpack(1, "b", "a")))).toBe("OK");
    expect((ask("SMEMBERS k") as string[]).sort()).toEqual(["1", "a", "b"]);
    expect(ask("OBJECT ENCODING k")).toBe("listpack");
    ask("CONFIG SET set-max-intset-entries 2");
    ask("CONFIG SET set-max-listpack-entries 2");
    expect(restore(11, text(intset(2, 1, 2, 3)))).toBe("OK");
    expect(ask("OBJECT ENCODING k")).toBe("hashtable");
  });

  it("reads hashes", () => {
    const flat = ["a", "1", "long", "y".repeat(300), "n", "-5"];
    const expected = [flat.slice(0, 2), flat.slice(2, 4), flat.slice(4)];
    const texts = [3, ...flat.flatMap((word) => text(word))];
    for (const [type, value] of [
      [4, texts],
      [9, text(zipmap(flat))],
      [9, text(zipmap(flat, 3, 254))],
      [13, text(ziplist(...flat))],
      [16, text(listpack(...flat))],
    ] as [number, Bytes][]) {
      expect(restore(type, value), `type ${type}`).toBe("OK");
      expect(pairs("k"), `type ${type}`).toEqual(expected);
      expect(ask("OBJECT ENCODING k")).toBe("hashtable");
    }
    expect(restore(13, text(ziplist("a", 1)))).toBe("OK");
    expect(all("OBJECT ENCODING k", "HGETALL k")).toEqual(["listpack", ["a", "1"]]);
  });

  it("reads hashes whose fields expire, in every form", () => {
    const soon = engine.now + 1000;
    const later = engine.now + 2 ** 33;
    const [first, second] = [soon, later].map((time) => little64(BigInt(time))) as [Bytes, Bytes];
    const long = (value: number) => [0x81, ...little64(BigInt(value)).reverse()];
    const field = (name: string) => [...text(name), ...text(`${name}!`)];
    const packed = listpack("a", "a!", String(soon), "b", "b!", String(later), "c", "c!", 0);
    const relative = [1, ...field("a"), ...long(later - soon + 1), ...field("b"), 0, ...field("c")];
    const absolute = [...long(soon), ...field("a"), ...long(later), ...field("b"), 0];
    const none = little64(-1n);
    const valkey = [...field("a"), ...first, ...field("b"), ...second, ...field("c"), ...none];
    for (const [type, version, value] of [
      [22, 12, [3, ...absolute, ...field("c")]],
      [22, 80, [3, ...valkey]],
      [23, 12, text(packed)],
      [24, 12, [...first, 3, ...relative]],
      [25, 12, [...first, ...text(packed)]],
    ] as [number, number, Bytes][]) {
      for (const entries of [512, 0]) {
        const what = `type ${type}, version ${version}`;
        ask("CONFIG", "SET", "hash-max-listpack-entries", entries);
        expect(restore(type, value, version), what).toBe("OK");
        expect(ask("HPEXPIRETIME k FIELDS 3 a b c"), what).toEqual([soon, later, -1]);
        expect(pairs("k"), what).toEqual(["a", "b", "c"].map((name) => [name, `${name}!`]));
        expect(ask("OBJECT ENCODING k")).toBe(entries ? "listpackex" : "hashtable");
        ask("CONFIG SET rdb-version 12");
        expect(ask("RESTORE", "copy", 0, bytesOf(ask("DUMP k")), "REPLACE")).toBe("OK");
        expect(ask("HPEXPIRETIME copy FIELDS 3 a b c"), what).toEqual([soon, later, -1]);
      }
    }
    engine.now += 1000;
    expect(all("HLEN k", "HLEN copy", "HGET k a")).toEqual([2, 2, null]);
  });

  it("drops fields whose time has come, and refuses times that cannot be", () => {
    const packed = text(listpack("a", "1", "5", "b", "2", 0));
    expect(restore(25, [...little64(5n), ...packed], 12)).toBe("OK");
    expect(ask("HGETALL k")).toEqual(["b", "2"]);
    expect(restore(23, text(listpack("a", "1", "5")), 12)).toBe("OK");
    expect(all("EXISTS k", "DBSIZE")).toEqual([0, 0]);
    const one = [...text("a"), ...text("1")];
    for (const [type, version, value] of [
      [24, 12, [...little64(-5n), 1, 3, ...one]],
      [24, 12, [...little64(0n), 1, 1, ...one]],
      [24, 12, [...little64(1n << 47n), 1, 1, ...one]],
      [24, 12, [...little64(5n), 2, 1, ...one, 1, ...one]],
      [24, 12, [...little64(5n), 0]],
      [22, 12, [1, 0x81, ...little64(-1n), ...one]],
      [22, 80, [1, ...one, ...little64(-2n)]],
      [22, 80, [1, ...one, 0, 0]],
      [23, 12, text(listpack("a", "1"))],
      [23, 12, text(listpack("a", "1", "x"))],
      [23, 12, text(listpack("a", "1", "-5"))],
      [25, 12, [0, 0, 0]],
    ] as [number, number, Bytes][]) {
      expect(restore(type, value, version), `type ${type}: ${value.join(" ")}`).toEqual(BAD_DATA);
    }
  });

  it("reads sorted sets, in whatever order they come", () => {
    const sorted = ["c", "-inf", "a", "1", "b", "2.5", "d", "inf"];
    const scores = (score: string) => [score.length, ...latin(score)];
    const older = [4, ...text("a"), ...scores("1"), ...text("b"), ...scores("2.5")];
    older.push(...text("c"), 255, ...text("d"), 254);
    const newer = [4, ...text("d"), ...double(Infinity), ...text("b"), ...double(2.5)];
    newer.push(...text("a"), ...double(1), ...text("c"), ...double(-Infinity));
    for (const [type, value] of [
      [3, older],
      [5, newer],
      [12, text(ziplist(...sorted))],
      [12, text(ziplist("a", "1.0", "b", "2.5", "d", "inf", "c", "-inf"))],
      [17, text(listpack(...sorted))],
    ] as [number, Bytes][]) {
      for (const entries of [128, 0]) {
        ask("CONFIG", "SET", "zset-max-listpack-entries", entries);
        expect(restore(type, value), `type ${type}`).toBe("OK");
        expect(ask("ZRANGE k 0 -1 WITHSCORES"), `type ${type}`).toEqual(sorted);
        expect(ask("OBJECT ENCODING k")).toBe(entries ? "listpack" : "skiplist");
      }
    }
  });

  it("reads every number that packed values can hold", () => {
    const numbers: [Bytes, string][] = [
      [[0xf1, 0x00, 0x80], "-32768"],
      [[0xf2, 0x00, 0x00, 0x80], "-8388608"],
      [[0xf3, 0xff, 0xff, 0xff, 0x7f], "2147483647"],
      [[0xf4, ...little64(-(1n << 63n))], "-9223372036854775808"],
      [[0xdf, 0xff], "-1"],
      [[0xcf, 0xff], "4095"],
      [[0x7f], "127"],
    ];
    expect(restore(18, [1, 2, ...text(listpackOf(numbers.map(([bytes]) => bytes)))])).toBe("OK");
    expect(ask("LRANGE k 0 -1")).toEqual(numbers.map(([, value]) => value));
    const older: [Bytes, string][] = [
      [[0xc0, 0x00, 0x80], "-32768"],
      [[0xd0, 0xff, 0xff, 0xff, 0x7f], "2147483647"],
      [[0xe0, ...little64((1n << 63n) - 1n)], "9223372036854775807"],
      [[0xf0, 0x00, 0x00, 0x80], "-8388608"],
      [[0xfe, 0xff], "-1"],
      [[0xf1], "0"],
      [[0xfd], "12"],
    ];
    expect(restore(10, text(ziplistOf(older.map(([bytes]) => bytes))))).toBe("OK");
    expect(ask("LRANGE k 0 -1")).toEqual(older.map(([, value]) => value));
  });

  it("reads long packed values", () => {
    const words = ["a".repeat(252), "b".repeat(253), "c".repeat(5000), "d", "e".repeat(20_000)];
    const packed = ziplistOf(words.map(ziplistEntry), 0xffff);
    expect(restore(10, text(packed))).toBe("OK");
    expect(ask("LRANGE k 0 -1")).toEqual(words);
    const many = Array.from({ length: 70_000 }, (_, n) => n % 100);
    expect(
      restore(18, [
        1,
        2,
        ...text(
          listpackOf(
            many.map((n) => [n]),
            0xffff,
          ),
        ),
      ]),
    ).toBe("OK");
    expect(ask("LLEN k")).toBe(70_000);
  });

  it("refuses what holds nothing or something twice, and keeps the key", () => {
    ask("SET k before");
    const twice: [number, Bytes][] = [
      [2, [2, ...text("a"), ...text("a")]],
      [20, text(listpack("a", "b", "a"))],
      [20, text(listpack(...Array.from({ length: 40 }, (_, n) => `m${n % 39}`)))],
      [11, text(intset(2, 1, 1))],
      [11, text(intset(2, 2, 1))],
      [4, [2, ...text("a"), 0, ...text("a"), 0]],
      [16, text(listpack("a", 1, "a", 2))],
      [13, text(ziplist("a", 1, "a", 2))],
      [9, text(zipmap(["a", "1", "a", "2"]))],
      [5, [2, ...text("a"), ...double(1), ...text("a"), ...double(2)]],
      [5, [3, ...text("a"), ...double(1), ...text("a"), ...double(2), ...text("b"), ...double(0)]],
      [17, text(listpack("a", 1, "a", 2))],
    ];
    const empty: [number, Bytes][] = [
      ...[1, 2, 3, 4, 5, 14, 18].map((type): [number, Bytes] => [type, [0]]),
      ...[10, 12, 13].map((type): [number, Bytes] => [type, text(ziplist())]),
      ...[16, 17, 20].map((type): [number, Bytes] => [type, text(listpack())]),
      [9, text(zipmap([]))],
      [11, text(intset(2))],
      [14, [1, ...text(ziplist())]],
      [18, [1, 2, ...text(listpack())]],
    ];
    for (const [type, value] of [...twice, ...empty]) {
      for (const entries of [512, 0]) {
        ask("CONFIG", "SET", "hash-max-listpack-entries", entries);
        ask("CONFIG", "SET", "zset-max-listpack-entries", entries);
        ask("CONFIG", "SET", "set-max-listpack-entries", entries);
        expect(restore(type, value), `type ${type}: ${value.join(" ")}`).toEqual(BAD_DATA);
      }
    }
    expect(ask("GET k")).toBe("before");
  });

  it("refuses damaged values", () => {
    const score = (word: string) => [1, ...text("a"), word.length, ...latin(word)];
    const wrong: [number, Bytes][] = [
      [0, []],
      [0, [3, 0x61]],
      [0, [...text("abc"), 0]],
      [0, [0xc4]],
      [0, [0x82, 0]],
      [0, [0x81, 255, 255, 255, 255, 255, 255, 255, 255]],
      [0, lzf([0, 0x61], 2)],
      [0, lzf([5, 0x61], 1)],
      [0, lzf([0, 0x61, 0x20, 1], 4)],
      [0, lzf([0, 0x61, 0xe0], 20)],
      [0, lzf([0, 0x61, 0x20], 4)],
      [0, lzf([], 4)],
      [0, lzf([0, 0x61, 0xe0, 9, 0], 5_000_000)],
      [1, [5, ...text("a")]],
      [1, [0x81, 255, 255, 255, 255, 255, 255, 255, 255, ...text("a")]],
      [1, [1, ...lzf([0, 0x61], 3)]],
      [3, score("x")],
      [3, score("nan")],
      [3, [1, ...text("a"), 253]],
      [3, [1, ...text("a"), 9, 0x31]],
      [5, [1, ...text("a"), ...double(NaN)]],
      [5, [1, ...text("a"), 0, 0]],
      [17, text(listpack("a", "nan"))],
      [17, text(listpack("a"))],
      [16, text(listpack("a"))],
      [13, text(ziplist("a"))],
      [9, text([1, 1, 0x61, 255])],
      [9, text([1, 1, 0x61, 1, 9, 0x31, 255])],
      [9, text(zipmap(["a", "1"], 0, 2))],
      [10, text(ziplistOf([[0xff]]))],
      [10, text(ziplistOf([[0xc0, 1]]))],
      [10, text(ziplistOf([ziplistEntry("a")], 2))],
      [11, text([3, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3])],
      [11, text([2, 0, 0, 0, 2, 0, 0, 0, 1, 0])],
      [18, [1, 3, ...text(listpack("a"))]],
      [18, [1, 2, ...text(listpackOf([[0x81, 0x61]], 2))]],
      [18, [1, 2, ...text(listpackOf([[0x85, 0x61]]))]],
      [18, [1, 2, ...text(listpackOf([[0xf5]]))]],
      [18, [1, 2, ...text([...listpack("a").slice(0, -1), 0])]],
    ];
    for (const [type, value] of wrong) {
      expect(restore(type, value), `type ${type}: ${value.join(" ")}`).toEqual(BAD_DATA);
    }
    expect(ask("DBSIZE")).toBe(0);
  });

  it("refuses every packed value of which one byte changed its shape", () => {
    for (const [type, packed] of [
      [17, listpack("a", 1, "bcd", "2.5")],
      [12, ziplist("a", 1, "bcd", "2.5")],
      [9, zipmap(["a", "1", "bcd", "2"], 1)],
    ] as [number, Bytes][]) {
      for (let at = 0; at < packed.length; at++) {
        for (const change of [1, 0x80, 0xff]) {
          const changed = packed.map((byte, index) => (index === at ? byte ^ change : byte));
          restore(type, text(changed));
          expect(engine.exports.validate()).toBe(0);
        }
        restore(type, text(packed.slice(0, at)));
      }
    }
  });

  it("refuses types that it does not know", () => {
    for (const type of [6, 7, 8, 15, 19, 21, 26, 100, 255]) {
      expect(restore(type, text("abc")), `type ${type}`).toEqual(BAD_DATA);
    }
  });

  it("refuses payloads that are not whole", () => {
    const whole = payload(0, text("abc"));
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 0x10;
      expect(ask("RESTORE", "k", 0, changed)).toEqual(WRONG_PAYLOAD);
      expect(ask("RESTORE", "k", 0, whole.subarray(0, at))).toEqual(WRONG_PAYLOAD);
    }
    expect(ask("RESTORE k 0 abc")).toEqual(WRONG_PAYLOAD);
  });

  it("reads every version whose types it knows", () => {
    for (const version of [1, 6, 9, 11, 12, 13, 14, 80, 81]) {
      expect(restore(0, text("abc"), version)).toBe("OK");
    }
  });

  it("refuses a key that exists unless REPLACE is given", () => {
    all("SET k before PX 5000", "RPUSH l a");
    const value = payload(0, text("after"));
    expect(ask("RESTORE", "k", 0, value)).toEqual(BUSY);
    expect(ask("RESTORE", "k", 0, value, "replace")).toBe("OK");
    expect(all("GET k", "PTTL k")).toEqual(["after", -1]);
    expect(ask("RESTORE", "l", 0, value, "REPLACE")).toBe("OK");
    expect(ask("GET l")).toBe("after");
    all("SET k before PX 5000");
    engine.now += 5000;
    expect(session.raw(encode(["RESTORE", "k", 0, value]))).toBe("+OK\r\n");
  });

  it("sets the time to live", () => {
    const value = payload(0, text("abc"));
    expect(ask("RESTORE", "k", 5000, value)).toBe("OK");
    expect(ask("PTTL k")).toBe(5000);
    expect(ask("RESTORE", "k", engine.now + 700, value, "ABSTTL", "REPLACE")).toBe("OK");
    expect(ask("PTTL k")).toBe(700);
    expect(ask("RESTORE", "l", 5000, payload(1, [1, ...text("a")]))).toBe("OK");
    expect(all("PTTL l", "LRANGE l 0 -1")).toEqual([5000, ["a"]]);
  });

  it("makes no key whose time has come, and removes the one that was there", () => {
    const value = payload(2, [1, ...text("a")]);
    watchEffects();
    expect(ask("RESTORE", "k", engine.now, value, "ABSTTL")).toBe("OK");
    expect(all("EXISTS k")).toEqual([0]);
    expect(engine.takeEffects()).toBe("");
    all("SET k before");
    engine.takeEffects();
    expect(ask("RESTORE", "k", 1, value, "ABSTTL", "REPLACE")).toBe("OK");
    expect(ask("EXISTS k")).toBe(0);
    expect(engine.takeEffects()).toBe(encode(["DEL", "k"]).toString("latin1"));
  });

  it("keeps such a key in a replay", () => {
    const replay = engine.open(SessionFlag.REPLAY);
    replay.raw(encode(["RESTORE", "k", 1, payload(0, text("a")), "ABSTTL"]));
    expect(ask("DBSIZE")).toBe(1);
    expect(ask("GET k")).toBeNull();
  });

  it("takes over how long ago and how often a key was used", () => {
    const value = payload(0, text("abc"));
    expect(ask("RESTORE", "k", 0, value, "IDLETIME", 500)).toBe("OK");
    expect(ask("OBJECT IDLETIME k")).toBe(500);
    expect(ask("RESTORE", "k", 0, value, "FREQ", 9, "REPLACE")).toBe("OK");
    expect(ask("OBJECT IDLETIME k")).toBe(0);
    ask("CONFIG SET maxmemory-policy allkeys-lfu");
    expect(ask("RESTORE", "k", 0, value, "FREQ", 200, "REPLACE")).toBe("OK");
    expect(ask("OBJECT FREQ k")).toBe(200);
  });

  it("refuses wrong arguments, in Redis's order", () => {
    const value = payload(0, text("abc"));
    ask("SET k 1");
    expect(ask("RESTORE", "k", "x", "y", "FOO")).toEqual(SYNTAX);
    expect(ask("RESTORE", "k", "x", "y")).toEqual(BUSY);
    expect(ask("RESTORE", "n", "x", "y")).toEqual(NOT_INTEGER);
    const refuse = (...words: (string | number)[]) => ask("RESTORE", "n", 0, value, ...words);
    expect(ask("RESTORE", "n", -1, value)).toEqual(
      new Error("ERR Invalid TTL value, must be >= 0"),
    );
    const idle = new Error("ERR Invalid IDLETIME value, must be >= 0");
    const frequency = new Error("ERR Invalid FREQ value, must be >= 0 and <= 255");
    expect(refuse("IDLETIME", -1)).toEqual(idle);
    expect(refuse("IDLETIME", "x")).toEqual(NOT_INTEGER);
    expect(refuse("FREQ", -1)).toEqual(frequency);
    expect(refuse("FREQ", 256)).toEqual(frequency);
    for (const words of [["IDLETIME"], ["FREQ"], ["FREQ", 1, "IDLETIME", 1], ["KEEPTTL"]]) {
      expect(refuse(...words)).toEqual(SYNTAX);
    }
    expect(ask("RESTORE n 0")).toEqual(
      new Error("ERR wrong number of arguments for 'restore' command"),
    );
  });

  it("leaves itself as effect, its time made absolute", () => {
    const value = payload(0, text("abc"));
    watchEffects();
    ask("RESTORE", "k", 0, value, "IDLETIME", 3);
    expect(engine.takeEffects()).toBe(effect("RESTORE", "k", "0", value, "IDLETIME", "3"));
    ask("RESTORE", "k", 5000, value, "REPLACE");
    const when = String(engine.now + 5000);
    const absolute = encode(["RESTORE", "k", when, value, "REPLACE", "ABSTTL"]);
    expect(engine.takeEffects()).toBe(absolute.toString("latin1"));
    const given = encode(["RESTORE", "k", when, value, "ABSTTL", "REPLACE"]);
    session.call("RESTORE", "k", when, value, "ABSTTL", "REPLACE");
    expect(engine.takeEffects()).toBe(given.toString("latin1"));
    ask("RESTORE", "k", 0, payload(1, [0]), "REPLACE");
    expect(engine.takeEffects()).toBe("");
  });

  it("leaves an effect that Redis 7.0 takes, where there is one", () => {
    watchEffects();
    const run = (...words: (string | number | Uint8Array)[]) => session.raw(encode(words));
    run("RESTORE", "k", 0, payload(20, text(listpack("a", "b")), 11));
    const older = payload(2, [2, ...text("a"), ...text("b")]);
    expect(engine.takeEffects()).toBe(effect("RESTORE", "k", "0", older));
    run("RESTORE", "k", 9000, payload(0, text("abc"), 80), "REPLACE");
    expect(engine.takeEffects()).toBe(
      encode([
        ...["RESTORE", "k", String(engine.now + 9000)],
        ...[payload(0, text("abc")), "REPLACE", "ABSTTL"],
      ]).toString("latin1"),
    );
    const timed = payload(23, text(listpack("a", "1", String(engine.now + 9))), 12);
    run("RESTORE", "k", 0, timed, "REPLACE");
    const given = encode(["RESTORE", "k", "0", timed, "REPLACE"]);
    expect(engine.takeEffects()).toBe(given.toString("latin1"));
  });

  it("refuses what does not fit, and changes nothing", () => {
    const word = EXCHANGE + Exchange.FAIL_RESERVE;
    const many = Array.from({ length: 3000 }, (_, n) => text(`member ${n}`)).flat();
    const packed = lzf([0, 0x0d, 0x20, 0, ...Array<number>(5).fill(0)], 9);
    for (const [type, value, reserves] of [
      [0, text("x".repeat(5000)), 1],
      [2, [...length(3000), ...many], 1],
      [16, packed, 1],
    ] as [number, Bytes, number][]) {
      const request = encode(["RESTORE", "k", 0, payload(type, value), "REPLACE"]);
      all("DEL k", "SET k before");
      const before = engine.exports.digest();
      for (let n = 1; n <= reserves; n++) {
        // The first reserve is that of every command that may need memory.
        engine.view().setUint32(word, n + 1, true);
        expect(session.raw(request)).toMatch(/^-OOM /);
        expect(engine.exports.digest()).toBe(before);
      }
      engine.view().setUint32(word, 0, true);
      expect(ask("GET k")).toBe("before");
    }
  });
});

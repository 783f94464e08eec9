// Bitmap commands: each option and error that redis-server 7.0 knows.
import type { Script } from "../../support/script";

const LONG = "\x00\xff\x0f\xa5".repeat(300);
const POSITIONS = ["0", "1", "2", "7", "8", "9", "15", "16", "-1", "-2", "-9", "100", "-100"];

/** A command over a grid of starts, ends and units. */
function ranges(words: string[]): string[][] {
  return POSITIONS.flatMap((start) =>
    POSITIONS.flatMap((end) =>
      [[], ["BYTE"], ["bit"]].map((unit) => [...words, start, end, ...unit]),
    ),
  );
}

const VALUES: [string, string][] = [
  ["empty", ""],
  ["text", "foobar"],
  ["number", "12345"],
  ["ones", "\xff\xff\xff"],
  ["zeros", "\x00\x00\x00"],
  ["edge", "\x00\x00\x01\xff\xff\x80\x00"],
  ["embedded", "\xf0".repeat(100)],
  ["long", LONG],
];

const setAll = VALUES.map(([key, value]) => ["SET", key, value]);
const keys = [...VALUES.map(([key]) => key), "missing"];
const TYPES = ["u1", "i1", "u5", "i5", "u8", "i8", "u31", "i32", "u33", "u63", "i64"];
const OPERANDS = ["0", "1", "-1", "100", "-100", "9223372036854775807", "-9223372036854775808"];

export const scripts: Script[] = [
  {
    name: "bitmap: SETBIT and GETBIT",
    commands: [
      ...["0", "7", "8", "100", "3000", "3001"].flatMap((offset) => [
        ["SETBIT", "key", offset, "1"],
        ["GETBIT", "key", offset],
        ["OBJECT", "ENCODING", "key"],
        ["GET", "key"],
        ["SETBIT", "key", offset, "1"],
        ["SETBIT", "key", offset, "0"],
        ["STRLEN", "key"],
      ]),
      "SET number 12345",
      "GETBIT number 1",
      "GETBIT number 2",
      "GETBIT number 4000",
      "SETBIT number 5 0",
      "GET number",
      "OBJECT ENCODING number",
      "SET number 1",
      "SETBIT number 100 0",
      "GET number",
      "SETBIT new 0 0",
      "GET new",
      "GETBIT missing 9",
      "EXISTS missing",
      "SET lives x PX 100000000",
      "SETBIT lives 5000 1",
      "STRLEN lives",
      "PERSIST lives",
    ],
  },
  {
    name: "bitmap: SETBIT and GETBIT, errors",
    commands: [
      "SETBIT key",
      "SETBIT key 1",
      "SETBIT key 1 2",
      "SETBIT key 1 -1",
      "SETBIT key 1 x",
      "SETBIT key x 1",
      "SETBIT key -1 1",
      "SETBIT key #1 1",
      "SETBIT key 4294967296 1",
      "SETBIT key 4294967295 x",
      "SETBIT key 9223372036854775807 1",
      "SETBIT key 9223372036854775808 1",
      "GETBIT key",
      "GETBIT key x",
      "GETBIT key -1",
      "GETBIT key #1",
      "GETBIT key 4294967295",
      "GETBIT key 4294967296",
      "EXISTS key",
    ],
  },
  {
    name: "bitmap: BITCOUNT",
    commands: [
      ...setAll,
      ...keys.map((key) => ["BITCOUNT", key]),
      ...["text", "number", "edge", "long", "empty", "missing"].flatMap((key) =>
        ranges(["BITCOUNT", key]),
      ),
      "BITCOUNT text 0",
      "BITCOUNT text 0 1 x",
      "BITCOUNT text 0 1 BIT x",
      "BITCOUNT text x 1",
      "BITCOUNT text 0 x",
      "BITCOUNT",
    ],
  },
  {
    name: "bitmap: BITPOS",
    commands: [
      ...setAll,
      ...keys.flatMap((key) => [
        ...["0", "1"].flatMap((bit) => [
          ["BITPOS", key, bit],
          ...["0", "1", "2", "-1", "50", "5000", "-5000"].map((at) => ["BITPOS", key, bit, at]),
        ]),
      ]),
      ...["text", "ones", "zeros", "edge", "long", "empty"].flatMap((key) =>
        ["0", "1"].flatMap((bit) => ranges(["BITPOS", key, bit])),
      ),
      "BITPOS text 2",
      "BITPOS text -1",
      "BITPOS text x",
      "BITPOS text 1 x",
      "BITPOS text 1 0 x",
      "BITPOS text 1 0 1 x",
      "BITPOS text 1 0 1 BIT x",
      "BITPOS text",
    ],
  },
  {
    name: "bitmap: BITOP",
    commands: [
      ...setAll,
      ...["AND", "OR", "xor"].flatMap((operation) => [
        ...keys.flatMap((key) => [
          ["BITOP", operation, "result", key],
          ["GET", "result"],
          ["BITOP", operation, "result", key, "text", "edge"],
          ["GET", "result"],
          ["BITOP", operation, "result", "long", key, "ones", key],
          ["GET", "result"],
          ["OBJECT", "ENCODING", "result"],
        ]),
        ["BITOP", operation, "result", "missing", "nothing"],
        ["EXISTS", "result"],
      ]),
      ...keys.flatMap((key) => [
        ["BITOP", "NOT", "result", key],
        ["GET", "result"],
        ["OBJECT", "ENCODING", "result"],
      ]),
      "BITOP OR text text edge",
      "GET text",
      "BITOP NOT number number",
      "GET number",
      "SET lives x PX 10000000",
      "BITOP OR lives text",
      "TTL lives",
      "BITOP NOT result text edge",
      "BITOP NOT result",
      "BITOP NAND result text",
      "BITOP",
      "SET destination x",
      "BITOP AND destination missing",
      "EXISTS destination",
      "BITOP AND destination missing",
    ],
  },
  {
    name: "bitmap: BITFIELD, every width and overflow",
    commands: TYPES.flatMap((type) =>
      ["WRAP", "SAT", "FAIL"].flatMap((overflow) =>
        OPERANDS.flatMap((operand) => {
          const key = [type, overflow, operand].join(":");
          return [
            ["SET", key, "\x5a\xa5\xff\x00\x80\x7f\x01\xfe\x33\xcc"],
            [
              ...["BITFIELD", key, "OVERFLOW", overflow, "INCRBY", type, "3", operand],
              ...["GET", type, "3", "SET", type, "11", operand, "INCRBY", type, "#1", operand],
            ],
            ["GET", key],
          ];
        }),
      ),
    ),
  },
  {
    name: "bitmap: BITFIELD",
    commands: [
      "BITFIELD key",
      "BITFIELD key OVERFLOW SAT",
      "BITFIELD key GET u8 0 GET i64 100",
      "EXISTS key",
      "BITFIELD key SET u8 0 255 GET u4 0 GET i4 4 get u63 #0",
      "GET key",
      "OBJECT ENCODING key",
      "BITFIELD key INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 3 INCRBY u2 102 3",
      "BITFIELD key OVERFLOW FAIL INCRBY u2 102 3",
      "BITFIELD key overflow fail incrby u2 102 3 overflow wrap incrby u2 102 3",
      "GET key",
      "SET number 100",
      "BITFIELD number GET u8 0",
      "OBJECT ENCODING number",
      "BITFIELD number SET u8 #2 65",
      "GET number",
      "BITFIELD_RO number GET u8 0 GET u8 #1",
      "BITFIELD_RO missing GET u8 0",
      "BITFIELD_RO number",
      "BITFIELD_RO number SET u8 0 1",
      "BITFIELD_RO number INCRBY u8 0 1",
      "BITFIELD_RO number OVERFLOW SAT GET u8 0",
      "BITFIELD key SET u8 #4611686018427387904 1",
      "BITFIELD long SET i64 #100 -2 GET i64 #100 GET u63 6401",
    ],
  },
  {
    name: "bitmap: BITFIELD, errors",
    commands: [
      "BITFIELD key GET",
      "BITFIELD key GET u8",
      "BITFIELD key SET u8 0",
      "BITFIELD key INCRBY u8 0",
      "BITFIELD key OVERFLOW",
      "BITFIELD key OVERFLOW x",
      "BITFIELD key BOGUS u8 0",
      "BITFIELD key GET u64 0",
      "BITFIELD key GET u0 0",
      "BITFIELD key GET i65 0",
      "BITFIELD key GET x8 0",
      "BITFIELD key GET u 0",
      ["BITFIELD", "key", "GET", "", "0"],
      "BITFIELD key GET U8 0",
      "BITFIELD key GET u8 -1",
      "BITFIELD key GET u8 x",
      "BITFIELD key GET u8 #",
      "BITFIELD key GET u8 #-1",
      "BITFIELD key GET u8 4294967296",
      "BITFIELD key SET u8 0 x",
      "BITFIELD key SET u8 0 9223372036854775808",
      "BITFIELD key SET u8 0 1 GET u8",
      "EXISTS key",
      "BITFIELD_RO key SET u8 0 x",
      "BITFIELD",
    ],
  },
];

// HyperLogLog commands: the same bytes and the same estimates as redis-server's.
import type { Script } from "../../support/script";

/** PFADD of `count` elements, some at a time, with the bytes compared now and then. */
function additions(key: string, count: number, each: number, look: number): string[][] {
  const commands: string[][] = [];
  for (let from = 0; from < count; from += each) {
    const elements = Array.from({ length: each }, (_, n) => `element:${from + n}`);
    commands.push(["PFADD", key, ...elements]);
    if ((from / each) % look !== 0) continue;
    commands.push(["GET", key], ["PFCOUNT", key], ["GET", key], ["PFDEBUG", "ENCODING", key]);
  }
  commands.push(["GET", key], ["PFCOUNT", key], ["STRLEN", key]);
  return commands;
}

const header = "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80";
const corrupt = [
  header,
  `${header}\x7f\xfe`,
  `${header}\x7f\xff\x00`,
  `${header}\x7f`,
  `${header}\x80\x80`,
  `${header}\x7f\xff\x7f\xff`,
];
const foreign = [
  "",
  "12345",
  "HYLL",
  `hyll${header.slice(4)}\x7f\xff`,
  `HYLL\x02${header.slice(5)}\x7f\xff`,
  `HYLL\x00${header.slice(5)}\x7f\xff`,
  "x".repeat(12304),
];

export const scripts: Script[] = [
  { name: "hyperloglog: one element at a time", commands: additions("key", 400, 1, 3) },
  { name: "hyperloglog: from sparse to dense", commands: additions("key", 4000, 20, 7) },
  { name: "hyperloglog: many", commands: additions("key", 60_000, 1000, 9) },
  {
    name: "hyperloglog: thresholds",
    commands: ["0", "18", "40", "200", "16000"].flatMap((bytes) => [
      ["CONFIG", "SET", "hll-sparse-max-bytes", bytes],
      ["DEL", "key"],
      ...additions("key", 300, 5, 3),
      ...(bytes === "16000" ? additions("key", 12_000, 100, 11) : []),
      ["CONFIG", "SET", "hll-sparse-max-bytes", "3000"],
    ]),
  },
  {
    name: "hyperloglog: PFADD and PFCOUNT",
    commands: [
      "PFADD key",
      "GET key",
      "OBJECT ENCODING key",
      "PFADD key",
      "PFCOUNT key",
      "GET key",
      "PFADD key a b c",
      "PFADD key a b c",
      "PFCOUNT key",
      "PFCOUNT key",
      "GET key",
      "PFADD key d",
      "GET key",
      ["PFADD", "key", "", "\x00\xff\r\n", "x".repeat(1000)],
      "PFCOUNT key missing",
      "PFCOUNT missing",
      "PFCOUNT missing nothing",
      "PFADD other c d e f",
      "PFCOUNT key other",
      "PFCOUNT other key missing",
      "PFADD",
      "PFCOUNT",
      "SET lives x PX 100000000",
      "DEL lives",
      "PFADD lives x",
      "EXPIRE lives 10000",
      "PFADD lives y z",
      "PERSIST lives",
      ["SET", "embedded", `${header}\x7f\xff`],
      "OBJECT ENCODING embedded",
      "PFCOUNT embedded",
      "OBJECT ENCODING embedded",
      "GET embedded",
    ],
  },
  {
    name: "hyperloglog: PFMERGE",
    commands: [
      ...additions("small", 50, 10, 10),
      ...additions("large", 5000, 100, 100),
      "PFADD other o p q r s",
      "PFMERGE empty",
      "GET empty",
      "PFMERGE result small other",
      "GET result",
      "PFCOUNT result",
      "PFMERGE result small",
      "GET result",
      "PFMERGE result large",
      "GET result",
      "PFCOUNT result",
      "PFMERGE large small missing",
      "GET large",
      "PFMERGE small",
      "GET small",
      "PFMERGE other large",
      "GET other",
      "PFDEBUG ENCODING other",
      "PFCOUNT other large small",
      "PFMERGE",
    ],
  },
  {
    name: "hyperloglog: PFDEBUG",
    commands: [
      "PFADD key a b c",
      "PFDEBUG DECODE key",
      "PFDEBUG encoding key",
      "PFDEBUG GETREG key",
      "PFDEBUG ENCODING key",
      "PFDEBUG DECODE key",
      "PFDEBUG TODENSE key",
      "GET key",
      "PFADD sparse a b c d",
      "PFCOUNT sparse",
      "PFDEBUG TODENSE sparse",
      "GET sparse",
      "PFDEBUG GETREG sparse",
      "PFDEBUG GETREG missing",
      "PFDEBUG BOGUS missing",
      "PFDEBUG BOGUS key",
      "PFDEBUG GETREG",
      "PFDEBUG GETREG key x",
      "PFSELFTEST x",
    ],
  },
  {
    name: "hyperloglog: other values",
    commands: foreign.flatMap((value) => [
      ["SET", "key", value],
      ["PFADD", "key", "a"],
      ["PFADD", "key"],
      ["PFCOUNT", "key"],
      ["PFCOUNT", "missing", "key"],
      ["PFMERGE", "result", "key"],
      ["PFMERGE", "key", "missing"],
      ["PFDEBUG", "GETREG", "key"],
      ["PFDEBUG", "BOGUS", "key"],
      ["GET", "key"],
      ["EXISTS", "result"],
    ]),
  },
  {
    name: "hyperloglog: corrupt values",
    commands: [
      ...corrupt.flatMap((value) => [
        ["SET", "key", value],
        ["PFCOUNT", "key"],
        ["PFCOUNT", "missing", "key"],
        ["PFMERGE", "result", "key"],
        ["PFDEBUG", "GETREG", "key"],
        ["PFDEBUG", "TODENSE", "key"],
        ["PFADD", "key"],
        ["GET", "key"],
      ]),
      ["SET", "key", header],
      "PFADD key a",
      "GET key",
    ],
  },
];

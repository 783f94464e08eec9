// Bitmaps and HyperLogLogs for random commands.
import { ENDS, INTEGERS, type RandomCommands, type Words } from "../random-commands";

export function bitmapGrammar(r: RandomCommands): Record<string, () => Words> {
  // 7.0 looks at the range only when the key exists.
  const ends = r.options.newer ? ENDS : ENDS.filter((end) => end !== "x");
  const units = [[], ["BIT"], ["byte"], ...(r.options.newer ? [["x"]] : [])];
  const range = () => [r.of(ends), r.of(ends), ...r.of(units)];
  const bit = () => (r.chance(5) ? r.of(["2", "x", "-1"]) : r.of(["0", "1"]));
  const type = () =>
    r.chance(5) ? r.of(["u64", "i0", "x8"]) : `${r.of(["u", "i"])}${1 + r.random(63)}`;
  const offset = () => (r.chance(30) ? `#${r.random(20)}` : r.bitOffset());
  const operations = (...choices: (() => Words)[]) => {
    const words: Words = [];
    for (let n = r.random(4); n > 0; n--) words.push(...r.of(choices)());
    return words;
  };
  const read = () => ["GET", type(), offset()];
  const write = () => [r.of(["SET", "INCRBY"]), type(), offset(), r.of(INTEGERS)];
  const overflow = () => ["OVERFLOW", r.of(["WRAP", "SAT", "FAIL", "FAIL", "x"])];
  return {
    setbit: () => ["SETBIT", r.key(), r.bitOffset(), bit()],
    getbit: () => ["GETBIT", r.key(), r.bitOffset()],
    bitop: () => {
      const newer = r.options.newer ? ["DIFF", "DIFF1", "ANDOR", "ONE"] : [];
      const what = r.of(["AND", "OR", "XOR", "not", ...newer]);
      const single = what === "not" && r.chance(90);
      return ["BITOP", what, r.key(), ...(single ? [r.key()] : r.several())];
    },
    bitcount: () => ["BITCOUNT", r.key(), ...(r.chance(50) ? range() : [])],
    bitpos: () => {
      const more = r.of([[], [r.of(ends)], range()]);
      return ["BITPOS", r.key(), bit(), ...more];
    },
    bitfield: () => ["BITFIELD", r.key(), ...operations(read, write, write, overflow)],
    bitfield_ro: () => ["BITFIELD_RO", r.key(), ...operations(read, read, read, write)],
  };
}

export function countGrammar(r: RandomCommands): Record<string, () => Words> {
  const count = () => r.of([0, 1, 1, 2, 3, 50]);
  const elements = () => Array.from({ length: count() }, () => `e${r.random(20_000)}`);
  // Most go to few keys, so that one of them gets many elements.
  const key = () => (r.chance(60) ? `count:${r.random(3)}` : r.key());
  return {
    pfadd: () => ["PFADD", key(), ...elements()],
    pfcount: () => ["PFCOUNT", key(), ...(r.chance(30) ? [key(), key()] : [])],
    pfmerge: () => ["PFMERGE", key(), ...(r.chance(90) ? [key()] : [key(), key()])],
    pfdebug: () => ["PFDEBUG", r.of(["DECODE", "ENCODING", "x"]), key()],
  };
}

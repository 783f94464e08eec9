// Random commands over few keys from a seed: every option, right and wrong, of strings, hashes and
// keys.
//
// Replies depend on commands alone, not on how a server hashes or when it looks: no RANDOMKEY, no
// SCAN, and expiries far away. Fuzzers, which compare with nothing, ask for near ones and nonsense.

import { bitmapGrammar, countGrammar } from "./random/bitmaps";
import { hashGrammar, hashWalks } from "./random/hashes";
import { listGrammar } from "./random/lists";
import { geoGrammar, sortGrammar } from "./random/places";
import { setGrammar, setWalks, sortedSetGrammar } from "./random/sets";
import { fieldTimesGrammar } from "./random-field-times";
import { payloadGrammar } from "./random-payloads";
import { randomNumbers } from "./workload";

export type Words = string[];

export interface RandomOptions {
  seed: number;
  /** How many different keys. */
  keys?: number;
  /** Time from which absolute expiries count, milliseconds. */
  nowMs: number;
  /** Expiries within the next seconds. */
  near?: boolean;
  /** Commands and options that redis-server 7.0 has not, and those that walk or sample all keys. */
  newer?: boolean;
  /** Share of commands, in percent, with arguments replaced, added or missing. */
  nonsense?: number;
  /** Longest value. */
  longest?: number;
  /** Names of commands that may come; all when undefined. */
  only?: ReadonlySet<string>;
}

export const INTEGERS = [
  "0",
  "1",
  "-1",
  "7",
  "100",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "4294967296",
  "-2147483649",
  "+1",
  "01",
  " 1",
  "1.0",
  "abc",
  "",
];
/** Scores whose text is the same in the shortest form and with 17 digits. */
export const SCORES = [
  "0",
  "1",
  "-1",
  "2",
  "3",
  "0.5",
  "-2.5",
  "1e3",
  "inf",
  "-inf",
  "nan",
  "x",
  "",
];
export const FLOATS = [
  "0.1",
  "-2.5",
  "1e3",
  "3",
  "1e-4",
  "0x10",
  "nan",
  "inf",
  "-inf",
  "1e400",
  "x",
  "",
  " 1",
];
export const ENDS = ["0", "1", "3", "-1", "-3", "-100", "100", "10000", "2147483648", "x"];
const BYTES = ["\0", "\r\n", "\xff", "a", "key", '"', "*1\r\n", ""];

export class RandomCommands {
  readonly random: (limit: number) => number;
  readonly names: readonly string[];
  readonly makers: readonly (() => Words)[];

  constructor(readonly options: RandomOptions) {
    this.random = randomNumbers(options.seed);
    const all = Object.entries(this.grammar());
    const chosen = all.filter(([name]) => options.only?.has(name) ?? true);
    this.names = chosen.map(([name]) => name);
    this.makers = chosen.map(([, maker]) => maker);
  }

  /** Names of all commands that can come. */
  static names(): string[] {
    return [...new RandomCommands({ seed: 1, nowMs: 0 }).names];
  }

  next(): Words {
    const words = this.of(this.makers)();
    return this.random(100) < (this.options.nonsense ?? 0) ? this.spoil(words) : words;
  }

  of<T>(list: readonly T[]): T {
    return list[this.random(list.length)]!;
  }

  chance(percent: number): boolean {
    return this.random(100) < percent;
  }

  key(): string {
    const number = this.random(this.options.keys ?? 12);
    if (number === 3) return `a key of more than a few bytes, to lie apart ${"k".repeat(40)}`;
    return number === 4 ? "binary\0\r\n\xff" : `key:${number}`;
  }

  value(): string {
    const longest = this.options.longest ?? 5000;
    switch (this.random(9)) {
      case 0:
        return this.of(INTEGERS);
      case 1:
        return this.of(FLOATS);
      case 2:
        return String(this.random(20_000) - 10_000);
      case 3:
        return "y\0\r\n".repeat(this.random(30));
      case 4:
        return "z".repeat(this.random(longest));
      case 5:
        return "abcabcab".slice(0, this.random(9));
      default:
        return `value ${this.random(50)}`;
    }
  }

  /** An integer, now and then one that is refused. */
  integer(limit: number): string {
    return this.chance(6) ? this.of(INTEGERS) : String(this.random(limit));
  }

  ahead(): number {
    if (this.options.near) return this.random(5000);
    return 1_000_000_000 + this.random(1000) * 100_000_000;
  }

  seconds(): string {
    return this.chance(6) ? this.of(INTEGERS) : String(Math.ceil(this.ahead() / 1000));
  }

  milliseconds(): string {
    return this.chance(6) ? this.of(INTEGERS) : String(this.ahead());
  }

  secondsAt(): string {
    if (this.chance(6)) return this.of(INTEGERS);
    return String(Math.ceil((this.options.nowMs + this.ahead()) / 1000));
  }

  millisecondsAt(): string {
    return this.chance(6) ? this.of(INTEGERS) : String(this.options.nowMs + this.ahead());
  }

  /** Absolute ones only, unless near: relative ones differ by the time that passed in between. */
  expiry(): Words {
    const absolute = () =>
      this.chance(50) ? ["EXAT", this.secondsAt()] : ["PXAT", this.millisecondsAt()];
    if (!this.options.near && !this.chance(5)) return absolute();
    return this.of([
      () => ["EX", this.options.near ? this.seconds() : this.of(["0", "-1", "x"])],
      () => ["PX", this.options.near ? this.milliseconds() : this.of(["0", "-1", "x"])],
      () => ["EX"],
      absolute,
    ])();
  }

  /** Some of the options, seldom in a combination that is refused. */
  chosen(...choices: (() => Words)[]): Words {
    const words: Words = [];
    for (let n = this.of([0, 0, 1, 1, 1, 2, 3]); n > 0; n--) words.push(...this.of(choices)());
    if (this.chance(3)) words.push(this.of(["bogus", "", "NX XX", "EX", "get "]));
    return words.map((word) => (this.chance(10) ? word.toLowerCase() : word));
  }

  pairs(): Words {
    const words: Words = [];
    for (let n = 1 + this.random(4); n > 0; n--) words.push(this.key(), this.value());
    if (this.chance(4)) words.pop();
    return words;
  }

  several(): Words {
    return Array.from({ length: 1 + this.random(4) }, () => this.key());
  }

  grammar(): Record<string, () => Words> {
    const known = {
      ...this.stringGrammar(),
      ...this.rangeGrammar(),
      ...this.keyGrammar(),
      ...bitmapGrammar(this),
      ...countGrammar(this),
      ...hashGrammar(this),
      ...setGrammar(this),
      ...listGrammar(this),
      ...sortedSetGrammar(this),
      ...geoGrammar(this),
      ...sortGrammar(this),
      ...this.payloads(),
    };
    if (!this.options.newer) return known;
    return { ...known, ...this.newerGrammar(), ...this.fieldTimes(), ...this.walks() };
  }

  payloads(): Record<string, () => Words> {
    return payloadGrammar({
      chance: (percent) => this.chance(percent),
      of: (choices) => this.of(choices),
      random: (limit) => this.random(limit),
      key: () => this.key(),
      field: () => this.field(),
      value: () => this.value(),
      millisecondsAt: () => this.millisecondsAt(),
    });
  }

  fieldTimes(): Record<string, () => Words> {
    return fieldTimesGrammar({
      chance: (percent) => this.chance(percent),
      of: (choices) => this.of(choices),
      key: () => this.key(),
      field: () => this.field(),
      value: () => this.value(),
      seconds: () => this.seconds(),
      milliseconds: () => this.milliseconds(),
      secondsAt: () => this.secondsAt(),
      millisecondsAt: () => this.millisecondsAt(),
    });
  }

  newerGrammar(): Record<string, () => Words> {
    const word = (text: string) => () => [text];
    const condition = () => [this.of(["IFEQ", "IFNE", "IFDEQ", "IFDNE"]), this.value()];
    const expiry = () => this.expiry();
    const bound = () => [this.of(["LBOUND", "UBOUND"]), this.of([...INTEGERS, ...FLOATS])];
    const by = () =>
      this.chance(50) ? ["BYINT", this.integer(100)] : ["BYFLOAT", this.of(FLOATS)];
    return {
      "set if": () => ["SET", this.key(), this.value(), ...condition(), ...this.chosen(expiry)],
      delex: () => ["DELEX", this.key(), ...(this.chance(80) ? condition() : [])],
      delifeq: () => ["DELIFEQ", this.key(), this.value()],
      digest: () => ["DIGEST", this.key()],
      msetex: () => {
        const pairs = this.pairs();
        const count = this.chance(5) ? this.integer(9) : String(pairs.length >> 1);
        return [
          ...["MSETEX", count, ...pairs],
          ...this.chosen(word("NX"), word("XX"), word("KEEPTTL"), expiry),
        ];
      },
      increx: () => {
        const more = this.chosen(by, by, word("SATURATE"), bound, bound, expiry, word("ENX"));
        return ["INCREX", this.key(), ...more];
      },
    };
  }

  walks(): Record<string, () => Words> {
    const pattern = () => this.of(["*", "key:*", "key:[1-3]", "nothing", "\\", "[", "*1?"]);
    return {
      ...hashWalks(this),
      ...setWalks(this),
      keys: () => ["KEYS", pattern()],
      randomkey: () => ["RANDOMKEY"],
      scan: () => [
        ...["SCAN", this.integer(30)],
        ...this.chosen(
          () => ["COUNT", this.integer(30)],
          () => ["MATCH", pattern()],
          () => ["TYPE", this.of(["string", "list", "x"])],
        ),
      ],
    };
  }

  stringGrammar(): Record<string, () => Words> {
    const word = (text: string) => () => [text];
    const expiry = () => this.expiry();
    return {
      set: () => [
        "SET",
        this.key(),
        this.value(),
        ...this.chosen(word("NX"), word("XX"), word("GET"), word("KEEPTTL"), expiry, expiry),
      ],
      get: () => ["GET", this.key()],
      getset: () => ["GETSET", this.key(), this.value()],
      getdel: () => ["GETDEL", this.key()],
      getex: () => ["GETEX", this.key(), ...this.chosen(word("PERSIST"), expiry, expiry)],
      setnx: () => ["SETNX", this.key(), this.value()],
      setex: () => [
        "SETEX",
        this.key(),
        this.options.near ? this.seconds() : this.of(["0", "-5", "x"]),
        this.value(),
      ],
      psetex: () => [
        "PSETEX",
        this.key(),
        this.options.near ? this.milliseconds() : this.of(["0", "-5", "x"]),
        this.value(),
      ],
      mset: () => ["MSET", ...this.pairs()],
      msetnx: () => ["MSETNX", ...this.pairs()],
      mget: () => ["MGET", ...this.several()],
      append: () => ["APPEND", this.key(), this.value()],
      strlen: () => ["STRLEN", this.key()],
      incr: () => ["INCR", this.key()],
      decr: () => ["DECR", this.key()],
      incrby: () => ["INCRBY", this.key(), this.integer(1000)],
      decrby: () => ["DECRBY", this.key(), this.integer(1000)],
      incrbyfloat: () => ["INCRBYFLOAT", this.key(), this.of(FLOATS)],
    };
  }

  rangeGrammar(): Record<string, () => Words> {
    return {
      getrange: () => ["GETRANGE", this.key(), this.of(ENDS), this.of(ENDS)],
      substr: () => ["SUBSTR", this.key(), this.of(ENDS), this.of(ENDS)],
      setrange: () => [
        "SETRANGE",
        this.key(),
        this.chance(5) ? this.of(ENDS) : this.integer(200),
        this.value(),
      ],
      lcs: () => this.lcs(),
    };
  }

  bitOffset(): string {
    return this.chance(5) ? this.of(["-1", "x", "#1", "#x"]) : String(this.random(3000));
  }

  field(): string {
    return this.chance(10) ? this.value() : `field ${this.random(8)}`;
  }

  fields(): Words {
    return Array.from({ length: 1 + this.random(4) }, () => this.field());
  }

  fieldPairs(): Words {
    const words: Words = [];
    for (let n = 1 + this.random(4); n > 0; n--) words.push(this.field(), this.value());
    if (this.chance(4)) words.pop();
    return words;
  }

  member(): string {
    return this.chance(70) ? String(this.random(20)) : this.value();
  }

  members(): Words {
    return Array.from({ length: 1 + this.random(4) }, () => this.member());
  }

  /** numkeys key ... and options. */
  counted(name: string, ...options: (() => Words)[]): Words {
    const keys = this.several();
    const count = this.chance(5) ? this.of(INTEGERS) : String(keys.length);
    return [name, count, ...keys, ...this.chosen(...options)];
  }

  lcs(): Words {
    const two = this.chance(4) ? this.several() : [this.key(), this.key()];
    const word = (text: string) => () => [text];
    return [
      "LCS",
      ...two,
      ...this.chosen(word("LEN"), word("IDX"), word("WITHMATCHLEN"), () => [
        "MINMATCHLEN",
        this.integer(5),
      ]),
    ];
  }

  elements(): Words {
    const many = this.chance(10) ? this.random(200) : this.random(5);
    return Array.from({ length: 1 + many }, () => this.value());
  }

  keyGrammar(): Record<string, () => Words> {
    const word = (text: string) => () => [text];
    const conditions = () =>
      this.chance(50) ? [] : this.chosen(word("NX"), word("XX"), word("GT"), word("LT"));
    const database = () => (this.chance(5) ? this.of(INTEGERS) : String(this.random(2)));
    return {
      del: () => ["DEL", ...this.several()],
      unlink: () => ["UNLINK", ...this.several()],
      exists: () => ["EXISTS", ...this.several()],
      touch: () => ["TOUCH", ...this.several()],
      type: () => ["TYPE", this.key()],
      ttl: () => ["TTL", this.key()],
      pttl: () => ["PTTL", this.key()],
      expiretime: () => ["EXPIRETIME", this.key()],
      pexpiretime: () => ["PEXPIRETIME", this.key()],
      persist: () => ["PERSIST", this.key()],
      expire: () => [
        "EXPIRE",
        this.key(),
        this.options.near ? this.seconds() : this.of(["0", "-9", "x"]),
        ...conditions(),
      ],
      pexpire: () => [
        "PEXPIRE",
        this.key(),
        this.options.near ? this.milliseconds() : this.of(["0", "-9", "x"]),
        ...conditions(),
      ],
      expireat: () => ["EXPIREAT", this.key(), this.secondsAt(), ...conditions()],
      pexpireat: () => ["PEXPIREAT", this.key(), this.millisecondsAt(), ...conditions()],
      rename: () => ["RENAME", this.key(), this.key()],
      renamenx: () => ["RENAMENX", this.key(), this.key()],
      copy: () => [
        "COPY",
        this.key(),
        this.key(),
        ...this.chosen(word("REPLACE"), word("REPLACE"), () => ["DB", database()]),
      ],
      move: () => ["MOVE", this.key(), database()],
      object: () => ["OBJECT", this.of(["ENCODING", "ENCODING", "ENCODING", "BOGUS"]), this.key()],
      select: () => ["SELECT", database()],
      dbsize: () => ["DBSIZE"],
      swapdb: () => (this.chance(10) ? ["SWAPDB", database(), database()] : ["DBSIZE"]),
      flushdb: () =>
        this.chance(3) ? ["FLUSHDB", ...this.chosen(word("ASYNC"), word("SYNC"))] : ["DBSIZE"],
      flushall: () =>
        this.chance(1) ? ["FLUSHALL", ...this.chosen(word("ASYNC"), word("SYNC"))] : ["DBSIZE"],
    };
  }

  /** Replaces, adds or takes away arguments. */
  spoil(words: Words): Words {
    const spoilt = [...words];
    for (let n = 1 + this.random(3); n > 0; n--) {
      const at = this.random(spoilt.length);
      const odd = () =>
        this.of([
          () => this.of(INTEGERS),
          () => this.of(BYTES),
          () => this.value(),
          () => this.key(),
        ])();
      switch (this.random(4)) {
        case 0:
          spoilt[at] = odd();
          break;
        case 1:
          spoilt.splice(at, 0, odd());
          break;
        case 2:
          if (spoilt.length > 1) spoilt.splice(at, 1);
          break;
        default:
          spoilt.push(...this.of(this.makers)().slice(1));
      }
    }
    return spoilt;
  }
}

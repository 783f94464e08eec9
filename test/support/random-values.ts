// Commands that make random values of every type: texts and numbers of all lengths that the forms
// of Redis and of Quire tell apart.
import { randomNumbers } from "./workload";

export type Words = string[];

const LENGTHS = [0, 1, 2, 11, 12, 20, 21, 44, 45, 63, 64, 65, 127, 128, 200, 255, 256, 4095, 4096];
const LONG_LENGTHS = [9_000, 16_382, 16_383, 16_384, 70_000];
const BITS = [7, 8, 12, 13, 15, 16, 23, 24, 31, 32, 62, 63];
const SCORES = [
  "inf",
  "-inf",
  "0",
  "1e300",
  "-1.5e-300",
  "3.25",
  "0.1",
  "1e17",
  "9007199254740993",
];

export class RandomValues {
  private readonly random: (limit: number) => number;

  constructor(seed: number) {
    this.random = randomNumbers(seed);
  }

  private pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)] as T;
  }

  integer(): string {
    const edge = 1n << BigInt(this.pick(BITS));
    const near = edge + BigInt(this.random(3) - 1);
    const kept = near > 0x7fffffffffffffffn ? 0x7fffffffffffffffn : near;
    return String(this.random(2) ? kept : -kept);
  }

  text(): string {
    const kind = this.random(10);
    if (kind < 3) return this.integer();
    if (kind === 3) return this.pick(["", "007", "-0", "+1", "1.5", "9223372036854775808", " 1"]);
    const length = this.random(40) ? this.pick(LENGTHS) : this.pick(LONG_LENGTHS);
    if (kind < 7) return this.pick(["ab", "x", "0123456789"]).repeat(length).slice(0, length);
    return String.fromCharCode(...Array.from({ length }, () => this.random(256)));
  }

  private score(): string {
    if (this.random(4) === 0) return this.pick(SCORES);
    return this.random(2) ? this.integer() : String((this.random(2 ** 30) - 2 ** 29) / 1024);
  }

  private count(): number {
    return 1 + this.random(this.pick([1, 3, 20, 200, 700]));
  }

  private short(): string {
    const text = this.text();
    return text.length > 64 ? text.slice(0, 1 + this.random(40)) : text;
  }

  private texts(count: number): string[] {
    const make = this.pick([() => this.text(), () => this.integer(), () => this.short()]);
    return Array.from({ length: count }, make);
  }

  /** One command that makes a value at this key. */
  command(key: string): Words {
    const count = this.count();
    switch (this.random(6)) {
      case 0:
        return ["SET", key, this.text()];
      case 1:
        return ["RPUSH", key, ...this.texts(count)];
      case 2:
        return ["SADD", key, ...this.texts(count)];
      case 3:
        return ["SADD", key, ...Array.from({ length: count }, () => this.integer())];
      case 4:
        return ["HSET", key, ...this.texts(count).flatMap((text) => [text, this.short()])];
      default:
        return ["ZADD", key, ...this.texts(count).flatMap((text) => [this.score(), text])];
    }
  }

  /** Limits of encodings, small ones and large. */
  limits(): Words[] {
    const entries = () => this.pick(["0", "5", "128", "512", "100000"]);
    const bytes = () => this.pick(["0", "10", "64", "5000", "100000"]);
    return [
      ["CONFIG", "SET", "hash-max-listpack-entries", entries()],
      ["CONFIG", "SET", "hash-max-listpack-value", bytes()],
      ["CONFIG", "SET", "zset-max-listpack-entries", entries()],
      ["CONFIG", "SET", "zset-max-listpack-value", bytes()],
      ["CONFIG", "SET", "set-max-intset-entries", entries()],
      ["CONFIG", "SET", "list-max-listpack-size", this.pick(["-2", "1", "3", "-1", "-5", "100"])],
      ["CONFIG", "SET", "list-compress-depth", this.pick(["0", "1"])],
      ["CONFIG", "SET", "rdbcompression", this.pick(["yes", "no"])],
    ];
  }
}

// Data sets of every type and encoding, and RDB files that are put together by hand.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Crc64 } from "../../hosts/shared/persistence/crc64";
import { decode } from "./engine";
import type { RedisClient } from "./redis-server";
import { randomNumbers } from "./workload";

type Words = string[];

/** Thresholds that make redis-server use its compact encodings seldom or often. */
export const THRESHOLDS: Record<string, string>[] = [
  {},
  {
    "list-max-listpack-size": "3",
    "hash-max-listpack-entries": "4",
    "hash-max-listpack-value": "8",
    "set-max-intset-entries": "3",
    "zset-max-listpack-entries": "4",
    "zset-max-listpack-value": "8",
  },
  {
    "list-max-listpack-size": "-5",
    "hash-max-listpack-entries": "5000",
    "hash-max-listpack-value": "5000",
    "set-max-intset-entries": "5000",
    "zset-max-listpack-entries": "5000",
    "zset-max-listpack-value": "5000",
  },
];

/** Commands that fill three databases with strings, lists, sets, sorted sets and hashes. */
export function fillingCommands(seed: number, keys = 120): Words[] {
  const random = randomNumbers(seed);
  const values = new RandomValues(random);
  const commands: Words[] = [];
  let database = 0;
  for (let i = 0; i < keys; i++) {
    const next = Math.floor((i * 3) / keys);
    if (next !== database) {
      database = next;
      commands.push(["SELECT", `${database * 2}`]);
    }
    const key = random(9) === 0 ? `k${i}${values.text(80)}` : `k${i}`;
    const count = 1 + (random(4) === 0 ? random(300) : random(12));
    commands.push(...valueCommands(random(6), key, count, values, random));
    if (random(4) === 0) commands.push(["PEXPIREAT", key, `${4e12 + random(1e9)}`]);
  }
  commands.push(["SELECT", "0"]);
  return commands;
}

class RandomValues {
  constructor(private readonly random: (limit: number) => number) {}

  /** A text of up to `longest` bytes: random ones, or such that can be compressed. */
  text(longest: number): string {
    const { random } = this;
    const length = random(longest);
    if (random(2) === 0) return "abcabcab".repeat(longest).slice(0, length);
    return Array.from({ length }, () => String.fromCharCode(random(256))).join("");
  }

  integer(): string {
    const limits = [10, 200, 40000, 9000000, 3e9, 1e15];
    const value = this.random(limits[this.random(limits.length)] ?? 10);
    return `${this.random(2) === 0 ? -value : value}`;
  }

  any(): string {
    const kind = this.random(20);
    if (kind < 8) return this.integer();
    return this.text(kind < 17 ? 20 : kind < 19 ? 400 : 20000);
  }
}

function valueCommands(
  kind: number,
  key: string,
  count: number,
  values: RandomValues,
  random: (limit: number) => number,
): Words[] {
  const repeat = (make: () => string[]) => Array.from({ length: count }, make).flat();
  const score = () => ["inf", "-inf", values.integer(), `${random(1000) / 7}`][random(4)] ?? "0";
  switch (kind) {
    case 0:
      return [["SET", key, values.any()]];
    case 1:
      return [["RPUSH", key, ...repeat(() => [values.any()])]];
    case 2:
      return [["SADD", key, ...repeat(() => [values.integer()])]];
    case 3:
      return [["SADD", key, ...repeat(() => [values.any()])]];
    case 4:
      return [["ZADD", key, ...repeat(() => [score(), values.any()])]];
    default:
      return [["HSET", key, ...repeat(() => [values.any(), values.any()])]];
  }
}

/** Sends commands and expects that none is refused. */
export async function fill(client: RedisClient, commands: readonly Words[]): Promise<void> {
  for (const words of commands) {
    const reply = await client.ask(...words);
    if (reply.startsWith("-")) throw new Error(`${words.slice(0, 2)}: ${reply}`);
  }
}

/** Lets the server write its dump.rdb and answers it. */
export async function savedFile(client: RedisClient): Promise<Buffer> {
  const saved = await client.ask("SAVE");
  if (saved !== "+OK\r\n") throw new Error(saved);
  const [, folder] = decode(await client.ask("CONFIG", "GET", "dir")) as string[];
  return readFileSync(join(folder ?? "", "dump.rdb"));
}

/** An RDB file with these bytes between header and end, and its checksum (0 = none). */
export function rdbFile(header: string, body: Parts, sum = true): Uint8Array {
  const bytes = Buffer.concat([Buffer.from(header), bytesOf(body), Buffer.from([255])]);
  if (/^REDIS000[1-4]/.test(header)) return bytes;
  const end = sum ? new Crc64().update(bytes).bytes() : new Uint8Array(8);
  return Buffer.concat([bytes, end]);
}

/** Numbers are bytes, a text is a string with its length before it, an array its parts. */
export type Parts = (number | string | Uint8Array | Parts)[];

function bytesOf(parts: Parts): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "number") return Buffer.from([part]);
      if (typeof part !== "string") return Array.isArray(part) ? bytesOf(part) : part;
      const text = Buffer.from(part, "latin1");
      const length =
        text.length < 64 ? [text.length] : [64 | (text.length >> 8), text.length & 255];
      return Buffer.concat([Buffer.from(length), text]);
    }),
  );
}

/** A number of eight bytes, the lowest first. */
export function eightBytes(value: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

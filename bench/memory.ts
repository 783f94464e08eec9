// Bytes per key by used_memory, the same data in both servers, from an empty one.
import { chunks, keyOf } from "./engine.js";
import { infoNumber, type Server } from "./servers.js";
import { printTable } from "./table.js";

interface Shape {
  name: string;
  limit: number;
  words: (index: number) => string[];
}

interface Collection {
  name: string;
  most: number;
  elements: number;
  words: (index: number, size: number) => string[];
}

const SHAPES: Shape[] = [
  { name: "11-byte value", limit: 0.5, words: (i) => ["SET", keyOf(i), "abcdefghijk"] },
  {
    name: "with expiry",
    limit: 0.47,
    words: (i) => ["SET", keyOf(i), "abcdefghijk", "EX", String(100_000 + i)],
  },
  { name: "integer value", limit: 0.5, words: (i) => ["SET", keyOf(i), String(100_000 + i)] },
];

async function bytesPerKey(server: Server, shape: Shape, keys: number): Promise<number> {
  await server.ask("FLUSHALL", "SYNC");
  await settled(server);
  const before = await infoNumber(server, "memory", "used_memory");
  const batch = 16_000;
  for (let first = 0; first < keys; first += batch) {
    const count = Math.min(batch, keys - first);
    const requests = Buffer.concat(chunks(count, (i) => shape.words(first + i)));
    await server.load(requests, count);
  }
  await settled(server);
  return ((await infoNumber(server, "memory", "used_memory")) - before) / keys;
}

/** Waits until freeing and resizing in the background have come to rest. */
/** Collections, and the bytes that an element may take (a whole hash of five fields). */
const COLLECTIONS: Collection[] = [
  {
    name: "sorted set, 1 M player:%012d",
    most: 62,
    elements: 1_000_000,
    words: (i, size) => ["ZADD", "board", String((i * 7919) % size), `player:${digits(i)}`],
  },
  {
    name: "set, 1 M member:%012d",
    most: 40,
    elements: 1_000_000,
    words: (i) => ["SADD", "set", `member:${digits(i)}`],
  },
  {
    name: "hash, 1 M field:%012d value:N",
    most: 52,
    elements: 1_000_000,
    words: (i) => ["HSET", "hash", `field:${digits(i)}`, `value:${i}`],
  },
  {
    name: "0.2 M hashes of 5 small fields",
    most: 122,
    elements: 200_000,
    words: (i) => [
      ...["HSET", `user:${digits(i)}`, "name", `user${i}`, "age", String(i % 90)],
      ...["city", "Berlin", "score", String(i), "tag", "x"],
    ],
  },
  {
    name: "list, 1 M item:%012d",
    most: 20,
    elements: 1_000_000,
    words: (i) => ["RPUSH", "list", `item:${digits(i)}`],
  },
];

const digits = (number: number) => String(number).padStart(12, "0");

export async function benchCollections(redis: Server, quire: Server, quick: boolean) {
  const rows: string[][] = [];
  for (const shape of COLLECTIONS) {
    const elements = quick ? shape.elements / 10 : shape.elements;
    const words = (index: number) => shape.words(index, elements);
    const theirs = await bytesPerKey(redis, { name: shape.name, limit: 1, words }, elements);
    const ours = await bytesPerKey(quire, { name: shape.name, limit: 1, words }, elements);
    rows.push([
      ...[shape.name, theirs.toFixed(1), ours.toFixed(1), (ours / theirs).toFixed(2)],
      ...[String(shape.most), ours <= shape.most ? "yes" : "NO"],
    ]);
  }
  printTable(
    "Bytes per element of collections, by used_memory",
    ["", "redis", "quire", "ratio", "at most", "reached"],
    rows,
  );
}

async function settled(server: Server): Promise<void> {
  let last = -1;
  for (let same = 0; same < 3; ) {
    const used = await infoNumber(server, "memory", "used_memory");
    same = Math.abs(used - last) < 4096 ? same + 1 : 0;
    last = used;
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}

export async function benchMemory(redis: Server, quire: Server, quick: boolean): Promise<void> {
  const rows: string[][] = [];
  for (const shape of SHAPES) {
    for (const keys of quick ? [600_000] : [600_000, 1_000_000, 1_050_000, 1_500_000]) {
      const theirs = await bytesPerKey(redis, shape, keys);
      const ours = await bytesPerKey(quire, shape, keys);
      rows.push([
        `${shape.name}, ${(keys / 1e6).toFixed(2)} M keys`,
        theirs.toFixed(1),
        ours.toFixed(1),
        (ours / theirs).toFixed(3),
        shape.limit.toFixed(2),
      ]);
    }
  }
  printTable(
    "Bytes per key of 16 bytes, by used_memory",
    ["", "redis", "quire", "ratio", "at most"],
    rows,
  );
}

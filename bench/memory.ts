// Bytes per key by used_memory, the same data in both servers, from an empty one.
import { chunks, keyOf } from "./engine.js";
import { infoNumber, type Server } from "./servers.js";
import { printTable } from "./table.js";

interface Shape {
  name: string;
  limit: number;
  words: (index: number) => string[];
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

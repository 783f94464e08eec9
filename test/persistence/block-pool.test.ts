/** The memory of blocks: reused before it grows, and grown by slabs. */
import { expect, it } from "vitest";
import { BlockPool } from "../../hosts/shared/persistence/block-pool";
import { BLOCK_BYTES } from "../../hosts/shared/persistence/image-format";

it("hands a block that came back out first, and grows only when all are out", () => {
  const slabs: number[] = [];
  const pool = new BlockPool((bytes) => {
    slabs.push(bytes);
    return new Uint8Array(bytes);
  });
  expect(slabs).toEqual([]);
  const blocks = Array.from({ length: 16 }, () => pool.take());
  expect(slabs).toEqual([16 * BLOCK_BYTES]);
  const [first, second] = blocks as [Uint8Array, Uint8Array];
  expect(first.length).toBe(BLOCK_BYTES);
  for (const [index, block] of blocks.entries()) block.fill(index);
  expect(blocks.every((block, index) => block.every((byte) => byte === index))).toBe(true);
  pool.give(first);
  pool.give(second);
  expect(pool.take()).toBe(second);
  expect(pool.take()).toBe(first);
  expect(slabs).toHaveLength(1);
  expect([pool.used, pool.peak]).toEqual([16, 16]);
  pool.take();
  expect(slabs).toHaveLength(2);
  expect([pool.used, pool.peak]).toEqual([17, 17]);
  pool.give(first);
  expect([pool.used, pool.peak]).toEqual([16, 17]);
});

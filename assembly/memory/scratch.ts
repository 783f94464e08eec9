/**
 * Scratch memory: bytes for the length of a call, given back all at once by a mark.
 *
 *   SCRATCH                          cursor          SCRATCH_END
 *   [ taken | taken | taken ........ | free .................. ]
 *
 * What does not fit there any more goes into further chunks: SERVER blocks of CHUNK_BYTES or as
 * many as needed, each begun with the words that lead back:
 *
 *   chunk:  0  previous chunk's start   4  its end   8  its cursor   12  unused   16  bytes ...
 *
 * Why chunks and not one block per overflow: a mark stays one address, and many small takes after
 * an overflow cost no more than before.
 *
 *   SERVER root, scratch block 0x2800:  start, end, cursor of the current chunk (u32 each)
 *
 * Invariants:
 *   1. start <= cursor <= end, all multiples of 8.
 *   2. Marks are released in the reverse order of their making; a mark lies in exactly one chunk.
 *
 * Cost: a few instructions; a chunk costs a large block. Taking may trap when memory is out: ask
 * `reserve` first for what can be large.
 */

import { SCRATCH, SCRATCH_END, SERVER_ROOT } from "../abi";
import { Arena, allocate, release, usableBytes } from "./allocator";
import { DEBUG } from "./debug";

@unmanaged
class Chunk {
  start: usize;
  end: usize;
  cursor: usize;
  reserved: u32;
}

const CURRENT: usize = SERVER_ROOT + 0x800;
const CHUNK_HEADER_BYTES: u32 = 16;
const CHUNK_BYTES: u32 = 0x10000;

if (offsetof<Chunk>() != CHUNK_HEADER_BYTES) ERROR("a chunk begins with 16 bytes of words");

/** Everything free; for `format` and `attach`, after the allocator. */
export function initializeScratch(): void {
  const current = changetype<Chunk>(CURRENT);
  current.start = SCRATCH;
  current.end = SCRATCH_END;
  current.cursor = SCRATCH;
}

/** Where scratch memory stands; hand it to `scratchRelease`. */
// @ts-ignore: decorator
@inline
export function scratchMark(): usize {
  return changetype<Chunk>(CURRENT).cursor;
}

/** `bytes` bytes of garbage, aligned to 8, until an earlier mark is released. */
export function scratchTake(bytes: u32): usize {
  const current = changetype<Chunk>(CURRENT);
  const address = current.cursor;
  // The end is a multiple of 8, so what fits also fits rounded up.
  if (bytes > ((current.end - address) as u32)) return takeFromNewChunk(bytes);
  current.cursor = address + ((bytes + 7) & ~7);
  return address;
}

/** Gives back everything taken since `mark` was made. */
export function scratchRelease(mark: usize): void {
  const current = changetype<Chunk>(CURRENT);
  while (mark - current.start > current.end - current.start) dropChunk();
  if (DEBUG) assert(mark <= current.cursor, "scratch marks are released in reverse order");
  current.cursor = mark;
}

/** Bytes that may still be taken without a new chunk. */
export function scratchLeft(): u32 {
  return (changetype<Chunk>(CURRENT).end - changetype<Chunk>(CURRENT).cursor) as u32;
}

function takeFromNewChunk(bytes: u32): usize {
  const current = changetype<Chunk>(CURRENT);
  const block = allocate(Arena.SERVER, max(bytes, CHUNK_BYTES - CHUNK_HEADER_BYTES)
    + CHUNK_HEADER_BYTES);
  memory.copy(block, CURRENT, CHUNK_HEADER_BYTES);
  current.start = block + CHUNK_HEADER_BYTES;
  current.end = block + usableBytes(block);
  current.cursor = current.start + ((bytes + 7) & ~7);
  return current.start;
}

function dropChunk(): void {
  const current = changetype<Chunk>(CURRENT);
  const block = current.start - CHUNK_HEADER_BYTES;
  if (DEBUG) assert(current.start != SCRATCH, "a scratch mark that was never made");
  memory.copy(CURRENT, block, CHUNK_HEADER_BYTES);
  release(block);
}

/**
 * The memory of blocks that are being filled or wait for the storage.
 *
 * Memory costs most when it is first touched (measured: a page that is new to the process takes
 * 4 us, copying it 0.4), so a block that has left is the next one to be filled, and the pool grows
 * only when all of them wait. It grows by slabs: a few large pieces trouble the garbage collector
 * less than hundreds of small ones.
 */
import { BLOCK_BYTES } from "./image-format.js";

const SLAB_BLOCKS = 16;

export class BlockPool {
  /** Blocks that are out. */
  used = 0;
  /** The most that were out at once: so much memory the pool has touched. */
  peak = 0;
  readonly #allocate: (bytes: number) => Uint8Array;
  /** Blocks that were used before; the last one in is the first one out. */
  readonly #spare: Uint8Array[] = [];
  #slab: Uint8Array = new Uint8Array(0);
  #slabAt = 0;

  constructor(allocate: (bytes: number) => Uint8Array) {
    this.#allocate = allocate;
  }

  /** A block; what it holds does not matter. */
  take(): Uint8Array {
    this.used++;
    if (this.used > this.peak) this.peak = this.used;
    return this.#spare.pop() ?? this.#cut();
  }

  give(block: Uint8Array): void {
    this.used--;
    this.#spare.push(block);
  }

  #cut(): Uint8Array {
    if (this.#slabAt === this.#slab.length) {
      this.#slab = this.#allocate(SLAB_BLOCKS * BLOCK_BYTES);
      this.#slabAt = 0;
    }
    const start = this.#slabAt;
    this.#slabAt += BLOCK_BYTES;
    // A plain view, whatever the slab is: copying into views of one kind is faster.
    return new Uint8Array(this.#slab.buffer, this.#slab.byteOffset + start, BLOCK_BYTES);
  }
}

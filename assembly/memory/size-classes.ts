/**
 * The sizes of small blocks, and the pages of the slabs that hold them.
 *
 *   class    sizes                          step
 *   0-14     8 12 16 ... 64                 4 bytes
 *   15-22    72 80 ... 128                  8 bytes
 *   23-26    160 192 224 256                an eighth of the largest
 *   27-30    320 384 448 512                four to each doubling from here on
 *   31-34    640 768 896 1024
 *   35-38    1280 1536 1792 2048
 *   39-42    2560 3072 3584 4096
 *   43-46    5120 6144 7168 8192
 *   47       10240                          (above: whole pages)
 *
 * Why steps of 4: most blocks are keys with a short value, and the middle of one key's size to the
 * next class is lost for each of a million keys. Above 128 bytes a block loses at most a fifth.
 *
 * Why up to 10240: in whole pages a block of 8193 bytes would lose half of its size. So no block
 * loses more than a third, which is what `reserve` adds.
 *
 * A slab of the classes up to 512 bytes is one page. Above, its pages are the fewest of which at
 * most 2 % stay unused; at most 7. The tables are part of the DATA layout (LAYOUT_VERSION).
 */

export const CLASSES: u32 = 48;

/** A block of at least so many bytes has whole pages of its own. */
export const LARGE_BYTES: u32 = 10_241;

const SIZES: usize = memory.data<u16>([
  8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64,
  72, 80, 88, 96, 104, 112, 120, 128,
  160, 192, 224, 256, 320, 384, 448, 512,
  640, 768, 896, 1024, 1280, 1536, 1792, 2048,
  2560, 3072, 3584, 4096, 5120, 6144, 7168, 8192, 10240,
]);

const CAPACITIES: usize = memory.data<u16>([
  512, 341, 256, 204, 170, 146, 128, 113, 102, 93, 85, 78, 73, 68, 64,
  56, 51, 46, 42, 39, 36, 34, 32,
  25, 21, 18, 16, 12, 10, 9, 8,
  19, 16, 9, 8, 16, 8, 9, 8,
  8, 4, 8, 4, 4, 2, 4, 2, 2,
]);

const SLAB_PAGES: usize = memory.data<u8>([
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1,
  3, 3, 2, 2, 5, 3, 4, 4,
  5, 3, 7, 4, 5, 3, 7, 4, 5,
]);

/** The class of the smallest size that is at least `bytes`; `bytes` < LARGE_BYTES. */
// @ts-ignore: decorator
@inline
export function classOf(bytes: u32): u32 {
  if (bytes <= 64) return ((max<u32>(bytes, 8) + 3) >> 2) - 2;
  if (bytes <= 128) return ((bytes + 7) >> 3) + 6;
  const top = 31 - clz<u32>(bytes - 1);
  return (top << 2) + ((bytes - 1) >> (top - 2)) - 9;
}

// @ts-ignore: decorator
@inline
export function sizeOf(sizeClass: u32): u32 {
  return load<u16>(SIZES + (sizeClass << 1));
}

/** How many objects a slab holds. */
// @ts-ignore: decorator
@inline
export function capacityOf(sizeClass: u32): u32 {
  return load<u16>(CAPACITIES + (sizeClass << 1));
}

/** How many pages a slab has. */
// @ts-ignore: decorator
@inline
export function slabPagesOf(sizeClass: u32): u32 {
  return load<u8>(SLAB_PAGES + sizeClass);
}

/**
 * Copying of short ranges. `memory.copy` leaves the compiled code for the engine's memmove, which
 * costs more than the copy itself for the names and values that most commands carry; two wide loads
 * and stores that overlap in the middle do 16 to 64 bytes without a loop.
 *
 * The ranges must not overlap each other.
 */

/** Copies `bytes` bytes from `source` to `target`, two ranges that do not overlap. */
export function copyBytes(target: usize, source: usize, bytes: u32): void {
  if (bytes > 64) {
    memory.copy(target, source, bytes);
  } else if (bytes >= 16) {
    copyWide(target, source, bytes);
  } else if (bytes >= 8) {
    const last = bytes - 8;
    const tail = load<u64>(source + last);
    store<u64>(target, load<u64>(source));
    store<u64>(target + last, tail);
  } else if (bytes >= 4) {
    const last = bytes - 4;
    const tail = load<u32>(source + last);
    store<u32>(target, load<u32>(source));
    store<u32>(target + last, tail);
  } else {
    for (let index: u32 = 0; index < bytes; index++) {
      store<u8>(target + index, load<u8>(source + index));
    }
  }
}

function copyWide(target: usize, source: usize, bytes: u32): void {
  const last = bytes - 16;
  const tail = v128.load(source + last);
  for (let index: u32 = 0; index < last; index += 16) {
    v128.store(target + index, v128.load(source + index));
  }
  v128.store(target + last, tail);
}

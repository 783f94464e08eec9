import { compress, decompress, isPlausible } from "../../../assembly/interchange/lzf";
import { Random } from "../memory/heap-model";
import { startHeap } from "../structures/element";

const SEED: u32 = 20261123;
const BYTES: u32 = 40_000;

/** Fills memory with texts that compress well, badly or not at all. */
function fill(random: Random, at: usize, bytes: u32, kind: u32): void {
  const letters = kind == 0 ? 256 : kind == 1 ? 2 : kind == 2 ? 1 : 20;
  for (let index: u32 = 0; index < bytes; index++) {
    store<u8>(at + index, <u8>random.below(letters));
  }
  if (kind != 3) return;
  // Repetitions from near and far.
  for (let from: u32 = 0; from + 400 < bytes; from += random.below(500) + 1) {
    const run = random.below(390) + 1;
    const back = random.below(min<u32>(from + 1, 10_000));
    memory.copy(at + from, at + from - back, run);
  }
}

function roundTrip(random: Random, kind: u32, bytes: u32): void {
  const plain = changetype<usize>(new ArrayBuffer(bytes + 1));
  const packed = changetype<usize>(new ArrayBuffer(bytes + bytes / 16 + 64));
  const back = changetype<usize>(new ArrayBuffer(bytes + 1));
  fill(random, plain, bytes, kind);
  const most = bytes + bytes / 16 + 64;
  const size = compress(plain, bytes, packed, most);
  const what = "kind " + kind.toString() + ", bytes " + bytes.toString();
  assert(size > 0 && size <= most, "compressed: " + what);
  assert(isPlausible(size, bytes), "plausible: " + what);
  assert(decompress(packed, size, back, bytes), "decompressed: " + what);
  assert(memory.compare(plain, back, bytes) == 0, "same: " + what);
  assert(compress(plain, bytes, packed, size + 1) == size, "just enough: " + what);
  assert(compress(plain, bytes, packed, size - 1) == 0, "too little: " + what);
  assert(!decompress(packed, size - 1, back, bytes), "cut: " + what);
  assert(!decompress(packed, size, back, bytes - 1), "less: " + what);
  store<u8>(back + bytes, 7);
  assert(!decompress(packed, size, back, bytes + 1), "more: " + what);
}

describe("LZF", () => {
  it("gives back what was compressed, for every kind and length", () => {
    startHeap(SEED);
    const random = new Random(SEED);
    for (let kind: u32 = 0; kind < 4; kind++) {
      for (let bytes: u32 = 1; bytes < 80; bytes++) roundTrip(random, kind, bytes);
      for (let n = 0; n < 12; n++) roundTrip(random, kind, 80 + random.below(BYTES));
    }
  });
  it("makes texts that repeat short", () => {
    startHeap(SEED);
    const random = new Random(SEED);
    const plain = changetype<usize>(new ArrayBuffer(BYTES));
    const packed = changetype<usize>(new ArrayBuffer(BYTES));
    fill(random, plain, BYTES, 2);
    expect<bool>(compress(plain, BYTES, packed, BYTES) < BYTES / 80).toBe(true);
    fill(random, plain, BYTES, 0);
    expect<u32>(compress(plain, BYTES, packed, BYTES - 4)).toBe(0);
  });
  it("writes nowhere else, whatever it is given", () => {
    startHeap(SEED);
    const random = new Random(SEED);
    const packed = changetype<usize>(new ArrayBuffer(64));
    const target = changetype<usize>(new ArrayBuffer(600));
    for (let n = 0; n < 20_000; n++) {
      const bytes = random.below(64);
      for (let at: u32 = 0; at < bytes; at++) store<u8>(packed + at, <u8>random.next());
      const room = random.below(500);
      memory.fill(target, 0xaa, 600);
      decompress(packed, bytes, target + 50, room);
      for (let at: usize = 0; at < 50; at++) {
        assert(load<u8>(target + at) == 0xaa, "before");
        assert(load<u8>(target + 50 + room + at) == 0xaa, "behind");
      }
    }
  });
});

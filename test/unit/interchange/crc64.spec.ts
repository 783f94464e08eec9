import { crc64, initializeCrc64 } from "../../../assembly/interchange/crc64";
import { Random } from "../memory/heap-model";
import { startHeap } from "../structures/element";

const SEED: u32 = 20261123;
const BYTES: u32 = 300;

/** Bit by bit, as the definition has it. */
function plain(crc: u64, address: usize, bytes: u32): u64 {
  let sum = crc;
  for (let index: u32 = 0; index < bytes; index++) {
    sum ^= <u64>load<u8>(address + index);
    for (let bit = 0; bit < 8; bit++) {
      sum = sum & 1 ? (sum >> 1) ^ 0x95ac9329ac4bc9b5 : sum >> 1;
    }
  }
  return sum;
}

describe("CRC-64", () => {
  it("gives the known answer", () => {
    startHeap(SEED);
    initializeCrc64();
    const text = String.UTF8.encode("123456789");
    expect<u64>(crc64(0, changetype<usize>(text), 9)).toBe(0xe9c6d914c4b8d9ca);
    expect<u64>(crc64(0, changetype<usize>(text), 0)).toBe(0);
  });
  it("is the plain one for every length, start and split", () => {
    startHeap(SEED);
    initializeCrc64();
    const random = new Random(SEED);
    const buffer = changetype<usize>(new ArrayBuffer(BYTES + 8));
    for (let at: u32 = 0; at < BYTES + 8; at++) store<u8>(buffer + at, <u8>random.next());
    for (let bytes: u32 = 0; bytes < BYTES; bytes++) {
      const start = buffer + (bytes & 7);
      const whole = crc64(0, start, bytes);
      assert(whole == plain(0, start, bytes), "length " + bytes.toString());
      const cut = random.below(bytes + 1);
      const first = crc64(0, start, cut);
      assert(crc64(first, start + cut, bytes - cut) == whole, "split " + bytes.toString());
    }
  });
});

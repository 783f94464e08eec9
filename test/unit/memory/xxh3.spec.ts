import { SCRATCH } from "../../../assembly/abi";
import { xxh3 } from "../../../assembly/memory/xxh3";

/** Lengths, and what xxHash 0.8's own XXH3_64bits gives for so many bytes of the pattern below. */
const EXPECTED: u64[] = [
  0, 0x2d06800538d394c2, 1, 0x4c5cca45d0f4811f, 2, 0x29c60963cbfa4e6e, 3, 0x6e3e2670e61106ac,
  4, 0x5c4c63133443d03f, 5, 0x49f5eb3111280b63, 7, 0x46a5c724d51fe43f, 8, 0xf9fd4dd0b04d78f5,
  9, 0x7c20df9712c26edf, 12, 0x16d2dff54dc2ee45, 15, 0xb345a7b2698ba575, 16, 0x86abf6baccea0858,
  17, 0xb58bf5dc5022d071, 31, 0x48442fcd5518b086, 32, 0xe3712ed84c04a66e, 33, 0xa4dee99b093e1f73,
  48, 0xd8d1caaa06ae1e99, 64, 0x1291d2d4042330dd, 65, 0x97c6bf83217e5ec9, 95, 0x31bc916970f3868d,
  96, 0x81296929fc063365, 97, 0xf145a45b658ab9dd, 127, 0xed4cf62104020db5,
  128, 0x10d17f72c0ccba41, 129, 0x1648bdc3db49d1a2, 144, 0xb46dbfc6d9e31aba,
  160, 0x655c8dc33b4b4c4a, 175, 0xbf96af0d31655453, 239, 0xf0d154819adb16cd,
  240, 0xb6cfaf343fab81e6, 241, 0x956cae592c67279e, 255, 0x64a6073025eb7929,
  256, 0xb15e550733c5dfac, 257, 0xc6dea86d5afd33ae, 511, 0x1196c0e51d3ad3fa,
  512, 0x31cc4c8456761b50, 1023, 0xaa76836516a7ea30, 1024, 0xa1e16f2edf2cbed6,
  1025, 0x0a6d2c17259fe4bb, 1088, 0x0ef0c0dc0e8682f1, 1089, 0xe9459411d2759a81,
  2047, 0x9ec85163f94a6b6d, 2048, 0x1c81a12455515459, 2049, 0xe54b75096179fb9c,
  4096, 0x48aa0572119e973a, 5000, 0xaedbe953d207917d, 65536, 0x7402b5216cd59665,
  65537, 0x16210440cfed656e,
];

function fillPattern(address: usize, bytes: i32): void {
  for (let index = 0; index < bytes; index++) {
    store<u8>(address + index, index * 131 + (index >> 8) * 17 + 7);
  }
}

describe("xxh3", () => {
  it("gives the digests of the reference implementation", () => {
    fillPattern(SCRATCH, 70000);
    for (let index = 0; index < EXPECTED.length; index += 2) {
      const bytes = <u32>EXPECTED[index];
      expect(xxh3(SCRATCH, bytes)).toBe(EXPECTED[index + 1], `${bytes} bytes`);
    }
  });

  it("does not care where the bytes lie", () => {
    for (let offset = 1; offset < 16; offset++) {
      fillPattern(SCRATCH + offset, 5000);
      for (let index = 0; index < EXPECTED.length; index += 2) {
        const bytes = <u32>EXPECTED[index];
        if (bytes <= 5000) expect(xxh3(SCRATCH + offset, bytes)).toBe(EXPECTED[index + 1]);
      }
    }
  });
});

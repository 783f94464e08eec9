import { SCRATCH } from "../../../assembly/abi";
import {
  compareBytes, equalBytes, findByte, firstDifference,
} from "../../../assembly/memory/bytes";

const LEFT: usize = SCRATCH + 64;
const RIGHT: usize = SCRATCH + 1024 + 3;

function fillBoth(bytes: i32): void {
  memory.fill(SCRATCH, 0xee, 2048);
  for (let index = 0; index < bytes; index++) {
    store<u8>(LEFT + index, (index * 37 + 11) as u8);
    store<u8>(RIGHT + index, (index * 37 + 11) as u8);
  }
  // Neighbours differ, so a look outside the range would show.
  store<u8>(RIGHT - 1, 1);
  store<u8>(RIGHT + bytes, 1);
}

describe("bytes", () => {
  it("finds each single difference at each length", () => {
    for (let bytes = 0; bytes < 70; bytes++) {
      fillBoth(bytes);
      expect(equalBytes(LEFT, RIGHT, bytes)).toBe(true);
      expect(compareBytes(LEFT, bytes, RIGHT, bytes)).toBe(0);
      for (let place = 0; place < bytes; place++) {
        const kept = load<u8>(RIGHT + place);
        store<u8>(RIGHT + place, kept ^ 0x80);
        const order = load<u8>(LEFT + place) < load<u8>(RIGHT + place) ? -1 : 1;
        expect(equalBytes(LEFT, RIGHT, bytes)).toBe(false);
        expect(compareBytes(LEFT, bytes, RIGHT, bytes)).toBe(order);
        expect(compareBytes(RIGHT, bytes, LEFT, bytes)).toBe(-order);
        expect(firstDifference(LEFT, RIGHT, bytes)).toBe(place);
        store<u8>(RIGHT + place, kept);
      }
    }
  });

  it("orders a prefix before the longer string", () => {
    fillBoth(40);
    expect(compareBytes(LEFT, 20, RIGHT, 40)).toBe(-1);
    expect(compareBytes(LEFT, 40, RIGHT, 20)).toBe(1);
    expect(compareBytes(LEFT, 0, RIGHT, 1)).toBe(-1);
    expect(compareBytes(LEFT, 0, RIGHT, 0)).toBe(0);
  });

  it("finds the first of two bytes, and none outside the range", () => {
    for (let bytes = 0; bytes < 70; bytes++) {
      memory.fill(SCRATCH, 13, 2048);
      memory.fill(LEFT, 0, bytes);
      expect(findByte(LEFT, LEFT + bytes, 13)).toBe(0);
      for (let place = 0; place < bytes; place++) {
        store<u8>(LEFT + place, 13);
        store<u8>(LEFT + bytes - 1, 13);
        expect(findByte(LEFT, LEFT + bytes, 13)).toBe(LEFT + place);
        store<u8>(LEFT + place, 0);
        store<u8>(LEFT + bytes - 1, 0);
      }
    }
  });

  it("reads nothing past the end of memory", () => {
    const end: usize = ((memory.grow(1) as usize) + 1) << 16;
    for (let bytes = 0; bytes < 40; bytes++) {
      memory.fill(end - bytes, 5, bytes);
      expect(equalBytes(end - bytes, end - bytes, bytes)).toBe(true);
      expect(compareBytes(end - bytes, bytes, end - bytes, bytes)).toBe(0);
      expect(findByte(end - bytes, end, 6)).toBe(0);
    }
  });
});

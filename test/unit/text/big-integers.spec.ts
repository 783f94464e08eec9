import {
  BigInteger,
  bigIntegerBytes,
  bitLength,
  bitsBelow,
  compareBig,
  divideSmall,
  hasBitsBelow,
  multiplyAdd,
  multiplyPowerOfFive,
  setBigInteger,
  shiftLeft,
  subtractBig,
  validateBigInteger,
} from "../../../assembly/text/big-integers";

const ONE = changetype<BigInteger>(0x10000);
const TWO = changetype<BigInteger>(0x12000);
const STATE: usize = 0x20000;

function random(): u64 {
  let x = load<u64>(STATE);
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  store<u64>(STATE, x);
  return x;
}

/** The decimal digits; uses the number up. */
function text(big: BigInteger): string {
  let digits = "";
  while (big.count > 0) {
    digits = divideSmall(big, 10).toString() + digits;
    expect(validateBigInteger(big)).toBe(0);
  }
  return digits.length > 0 ? digits : "0";
}

function small(big: BigInteger): u64 {
  expect(validateBigInteger(big)).toBe(0);
  if (big.count == 0) return 0;
  return <u64>big.limb(0) | (big.count > 1 ? <u64>big.limb(1) << 32 : 0);
}

describe("BigInteger", () => {
  it("agrees with 64-bit arithmetic (random)", () => {
    store<u64>(STATE, 0xabcdef0123456789);
    for (let i = 0; i < 1000; i++) {
      const left = random() >> (random() & 63);
      const right = random() >> (random() & 63);
      setBigInteger(ONE, left);
      setBigInteger(TWO, right);
      expect(compareBig(ONE, TWO)).toBe(left < right ? -1 : i32(left > right));
      expect(bitLength(ONE)).toBe(64 - <i32>clz(left));
      if (left >= right) {
        subtractBig(ONE, TWO);
        expect(small(ONE)).toBe(left - right);
      }
      const divisor = <u32>random() | 1;
      expect(<u64>divideSmall(TWO, divisor)).toBe(right % divisor);
      expect(small(TWO)).toBe(right / divisor);
      multiplyAdd(TWO, divisor, <u32>(right % divisor));
      expect(small(TWO)).toBe(right);
    }
  });

  it("multiplies by powers of five and two", () => {
    setBigInteger(ONE, 1);
    multiplyPowerOfFive(ONE, 40);
    shiftLeft(ONE, 40);
    expect(bitLength(ONE)).toBe(133);
    expect(text(ONE)).toBe("1" + "0".repeat(40));
    setBigInteger(ONE, 3);
    multiplyPowerOfFive(ONE, 0);
    shiftLeft(ONE, 0);
    expect(text(ONE)).toBe("3");
    setBigInteger(ONE, 0);
    multiplyPowerOfFive(ONE, 30);
    shiftLeft(ONE, 100);
    expect(text(ONE)).toBe("0");
  });

  it("shifts by every distance", () => {
    for (let bits = 0; bits < 200; bits++) {
      setBigInteger(ONE, 0x8000000180000001);
      shiftLeft(ONE, bits);
      expect(bitLength(ONE)).toBe(64 + bits);
      expect(bitsBelow(ONE, 0)).toBe(0x8000000180000001);
      expect(bitsBelow(ONE, 32)).toBe(0x8000000100000000 & (0x80000001 << 32));
      expect(bitsBelow(ONE, 64)).toBe(0);
      expect(hasBitsBelow(ONE, 63)).toBe(true);
      expect(hasBitsBelow(ONE, 64)).toBe(false);
      multiplyAdd(ONE, 1, 1);
      expect(hasBitsBelow(ONE, 64)).toBe(bits > 0);
    }
  });

  it("borrows through many limbs", () => {
    setBigInteger(ONE, 1);
    shiftLeft(ONE, 320);
    setBigInteger(TWO, 1);
    subtractBig(ONE, TWO);
    expect(ONE.count).toBe(10);
    expect(bitLength(ONE)).toBe(320);
    expect(bitsBelow(ONE, 256)).toBe(u64.MAX_VALUE);
    subtractBig(ONE, ONE);
    expect(ONE.count).toBe(0);
    expect(bigIntegerBytes(320)).toBe(48);
  });
});

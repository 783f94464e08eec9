import { initializeScratch } from "../../../assembly/memory/scratch";
import {
  parseDouble,
  writeDouble,
  writeDouble17,
  writeFixed,
} from "../../../assembly/text/doubles";

const TEXT: usize = 0x10000;
const OUT: usize = 0x20000;
const STATE: usize = 0x20010;
const WRITTEN: usize = 0x30000;

function place(text: string): i32 {
  for (let i = 0; i < text.length; i++) store<u8>(TEXT + i, text.charCodeAt(i));
  store<u8>(TEXT + text.length, 0x39);
  return text.length;
}

/** The bits of the number that the text is, in hexadecimal, or "refused". */
function bitsOf(text: string): string {
  initializeScratch();
  if (!parseDouble(TEXT, place(text), OUT)) return "refused";
  return load<u64>(OUT).toString(16);
}

function shortest(value: f64): string {
  initializeScratch();
  return String.UTF8.decodeUnsafe(WRITTEN, writeDouble(WRITTEN, value));
}

function long(value: f64): string {
  initializeScratch();
  return String.UTF8.decodeUnsafe(WRITTEN, writeDouble17(WRITTEN, value));
}

function fixed(value: f64, decimals: i32): string {
  initializeScratch();
  return String.UTF8.decodeUnsafe(WRITTEN, writeFixed(WRITTEN, value, decimals));
}

function expectBits(text: string, value: f64): void {
  expect(bitsOf(text)).toBe(reinterpret<u64>(value).toString(16), text);
}

function random(): u64 {
  let x = load<u64>(STATE);
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  store<u64>(STATE, x);
  return x;
}

describe("parseDouble", () => {
  it("reads decimal numbers", () => {
    expectBits("0", 0.0);
    expectBits("-0", -0.0);
    expectBits("+1", 1.0);
    expectBits("1.", 1.0);
    expectBits(".5", 0.5);
    expectBits("-12.5e1", -125.0);
    expectBits("1E+2", 100.0);
    expectBits("007", 7.0);
    expectBits("0.1", 0.1);
    expectBits("0e99999999999999999999", 0.0);
    expectBits("3.141592653589793", 3.141592653589793);
    expectBits("1e23", 1e23);
    expectBits("123456789012345678901234567890", 123456789012345678901234567890.0);
    expectBits("inf", Infinity);
    expectBits("-Infinity", -Infinity);
    expectBits("+iNf", Infinity);
  });

  it("reads hexadecimal numbers", () => {
    expectBits("0x10", 16.0);
    expectBits("-0X1.8p1", -3.0);
    expectBits("0x.8", 0.5);
    expectBits("0x1.", 1.0);
    expectBits("0x1p-1074", 5e-324);
    expectBits("0x1.fffffffffffff7p0", 1.9999999999999998);
    expectBits("0x1.fffffffffffff8p0", 2.0);
    expectBits("0x1.00000000000008p0", 1.0);
    expectBits("0x1.000000000000080000000000001p0", 1.0000000000000002);
    expectBits("0x0p99999", 0.0);
  });

  it("refuses what is no number, or none of this format", () => {
    const refused: string[] = [
      "", "+", "-", ".", "e5", ".e5", "1e", "1e+", " 1", "1 ", "1x", "1.5.2", "--1", "0x", "0x.",
      "0xg", "0x1p", "0x1p+", "nan", "-nan", "nan(1)", "infinit", "infinityy", "in", "1e5.5", "1,5",
      "1e309", "-1e309", "1e-324", "-1e-400", "1e99999999999999999999", "1e-99999999999999999999",
      "0x1p1024", "0x1p-1075", "1_000", "1f",
    ];
    for (let i = 0; i < refused.length; i++) {
      expect(bitsOf(refused[i])).toBe("refused", refused[i]);
    }
  });

  it("rounds at the edges", () => {
    expectBits("1.7976931348623157e308", f64.MAX_VALUE);
    expectBits("1.797693134862315807e308", f64.MAX_VALUE);
    expect(bitsOf("1.797693134862315808e308")).toBe("refused");
    expectBits("4.9406564584124654e-324", 5e-324);
    expectBits("2.4703282292062327209e-324", 5e-324);
    expect(bitsOf("2.4703282292062327208e-324")).toBe("refused");
    expectBits("2.2250738585072011e-308", 2.2250738585072011e-308);
    expectBits("2.2250738585072014e-308", 2.2250738585072014e-308);
    // Half of the last bit, a little less and a little more, in more digits than a word holds.
    expectBits("9007199254740993", 9007199254740992.0);
    expectBits("9007199254740993.00000000000000000000000000000000001", 9007199254740994.0);
    expectBits("9007199254740992.99999999999999999999999999999999999", 9007199254740992.0);
    expectBits("9007199254740995", 9007199254740996.0);
  });

  it("finds a digit far behind the others", () => {
    const zeros = "0".repeat(2000);
    expectBits("9007199254740993." + zeros, 9007199254740992.0);
    expectBits("9007199254740993." + zeros + "1", 9007199254740994.0);
    expectBits("0." + zeros + "1e2001", 1.0);
    expectBits("1" + zeros + "e-2000", 1.0);
  });
});

describe("writeDouble", () => {
  it("prints whole numbers as integers", () => {
    expect(shortest(0)).toBe("0");
    expect(shortest(-0.0)).toBe("-0");
    expect(shortest(3)).toBe("3");
    expect(shortest(-1000000)).toBe("-1000000");
    expect(shortest(9007199254740993.0)).toBe("9007199254740992");
    expect(shortest(4611686018427387904.0)).toBe("4611686018427387904");
    expect(shortest(1e18)).toBe("1000000000000000000");
    expect(shortest(1e19)).toBe("1e+19");
    expect(shortest(-1e21)).toBe("-1e+21");
    expect(shortest(12345678901234567000.0)).toBe("12345678901234567000");
  });

  it("prints fractions plainly while they are short", () => {
    expect(shortest(0.1)).toBe("0.1");
    expect(shortest(-1.5)).toBe("-1.5");
    expect(shortest(0.0001)).toBe("0.0001");
    expect(shortest(0.000001)).toBe("0.000001");
    expect(shortest(0.0000001)).toBe("1e-7");
    expect(shortest(0.00000015)).toBe("1.5e-7");
    expect(shortest(3.141592653589793)).toBe("3.141592653589793");
    expect(shortest(1234.1234567)).toBe("1234.1234567");
    expect(shortest(12345.123456789)).toBe("1.2345123456789e+4");
    expect(shortest(123456.123456)).toBe("123456.123456");
    expect(shortest(0.00012345678)).toBe("1.2345678e-4");
  });

  it("prints the ends of the range", () => {
    expect(shortest(f64.MAX_VALUE)).toBe("1.7976931348623157e+308");
    expect(shortest(5e-324)).toBe("5e-324");
    expect(shortest(2.2250738585072014e-308)).toBe("2.2250738585072014e-308");
    expect(shortest(1.5e300)).toBe("1.5e+300");
    expect(shortest(9.5367431640625e-7)).toBe("9.5367431640625e-7");
    expect(shortest(Infinity)).toBe("inf");
    expect(shortest(-Infinity)).toBe("-inf");
    expect(shortest(NaN)).toBe("nan");
  });

  it("reads back as the same number, as does %.17g (random)", () => {
    const seed: u64 = 0x51eed51eed51eed5;
    store<u64>(STATE, seed);
    initializeScratch();
    for (let i = 0; i < 20000; i++) {
      const bits = i & 1 ? random() : reinterpret<u64>(<f64>(random() >> 40) / 1000);
      const value = reinterpret<f64>(bits);
      if (value - value != 0) continue;
      const bytes = writeDouble(WRITTEN, value);
      if (bytes > 25 || !parseDouble(WRITTEN, bytes, OUT) || load<u64>(OUT) != bits) {
        expect(shortest(value)).toBe(bits.toString(16), "seed " + seed.toString());
      }
      if (i % 16 != 0) continue;
      if (!parseDouble(WRITTEN, writeDouble17(WRITTEN, value), OUT) || load<u64>(OUT) != bits) {
        expect(long(value)).toBe(bits.toString(16), "seed " + seed.toString());
      }
    }
  });

  it("has the digits of the plain search for the fewest (random)", () => {
    store<u64>(STATE, 77);
    for (let i = 0; i < 2000; i++) {
      const value = reinterpret<f64>((random() & 0x3fffffffffffff) | 0x3fe0000000000000);
      if (value >= 1000 || value < 0.001) continue;
      // value.toString() is the standard library's own shortest form.
      const wanted = value.toString();
      if (shortest(value).length > wanted.length) expect(shortest(value)).toBe(wanted);
    }
  });
});

describe("writeDouble17", () => {
  it("prints as %.17g", () => {
    expect(long(0.1)).toBe("0.10000000000000001");
    expect(long(1)).toBe("1");
    expect(long(100)).toBe("100");
    expect(long(-0.0)).toBe("-0");
    expect(long(1e16)).toBe("10000000000000000");
    expect(long(1e17)).toBe("1e+17");
    expect(long(0.0001)).toBe("0.0001");
    expect(long(0.00001)).toBe("1.0000000000000001e-05");
    expect(long(123456.789)).toBe("123456.789");
    expect(long(3.3)).toBe("3.2999999999999998");
    expect(long(f64.MAX_VALUE)).toBe("1.7976931348623157e+308");
    expect(long(5e-324)).toBe("4.9406564584124654e-324");
    expect(long(-Infinity)).toBe("-inf");
  });
});

describe("writeFixed", () => {
  it("prints as %.Nf", () => {
    expect(fixed(1.005, 2)).toBe("1.00");
    expect(fixed(0.125, 2)).toBe("0.12");
    expect(fixed(0.375, 2)).toBe("0.38");
    expect(fixed(9.999, 2)).toBe("10.00");
    expect(fixed(0.5, 0)).toBe("0");
    expect(fixed(1.5, 0)).toBe("2");
    expect(fixed(2.5, 0)).toBe("2");
    expect(fixed(-0.001, 2)).toBe("-0.00");
    expect(fixed(1e-300, 17)).toBe("0.00000000000000000");
    expect(fixed(0.1, 17)).toBe("0.10000000000000001");
    expect(fixed(1e22, 1)).toBe("10000000000000000000000.0");
    expect(fixed(Infinity, 2)).toBe("inf");
  });
});

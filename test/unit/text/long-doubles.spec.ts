import { initializeScratch } from "../../../assembly/memory/scratch";
import { writeDigits } from "../../../assembly/text/integers";
import {
  LONG_DOUBLE_BYTES,
  LONG_DOUBLE_TEXT_BYTES_MAX,
  LongDouble,
  longDoubleAdd,
  longDoubleFromInteger,
  longDoubleIsFinite,
  longDoubleParse,
  longDoubleWrite,
  validateLongDouble,
} from "../../../assembly/text/long-doubles";

const TEXT: usize = 0x10000;
const STATE: usize = 0x20000;
const WRITTEN: usize = 0x30000;
const LEFT = changetype<LongDouble>(0x21000);
const RIGHT = changetype<LongDouble>(0x21000 + LONG_DOUBLE_BYTES);

function place(text: string): i32 {
  for (let i = 0; i < text.length; i++) store<u8>(TEXT + i, text.charCodeAt(i));
  store<u8>(TEXT + text.length, 0x39);
  return text.length;
}

function parse(text: string, out: LongDouble): bool {
  initializeScratch();
  return longDoubleParse(TEXT, place(text), out);
}

function written(number: LongDouble): string {
  const bytes = longDoubleWrite(WRITTEN, number);
  expect(bytes).toBeLessThanOrEqual(LONG_DOUBLE_TEXT_BYTES_MAX);
  return String.UTF8.decodeUnsafe(WRITTEN, bytes);
}

function shown(text: string): string {
  return parse(text, LEFT) ? written(LEFT) : "refused";
}

function sum(left: string, right: string): string {
  expect(parse(left, LEFT)).toBe(true, left);
  expect(parse(right, RIGHT)).toBe(true, right);
  longDoubleAdd(LEFT, RIGHT, LEFT);
  if (longDoubleIsFinite(LEFT)) expect(validateLongDouble(LEFT)).toBe(0);
  return written(LEFT);
}

function random(): u64 {
  let x = load<u64>(STATE);
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  store<u64>(STATE, x);
  return x;
}

/** "0.ddd" or "-0.ddd" of 15 decimals without the zeros behind them; the plain model's printer. */
function plain(value: i64): string {
  if (value == 0) return "0";
  const magnitude = <u64>abs(value);
  const whole = magnitude / 1000000000000000;
  writeDigits(WRITTEN, magnitude % 1000000000000000, 15);
  let text = String.UTF8.decodeUnsafe(WRITTEN, 15);
  while (text.endsWith("0")) text = text.slice(0, text.length - 1);
  const sign = value < 0 ? "-" : "";
  return sign + whole.toString() + (text.length > 0 ? "." + text : "");
}

describe("longDoubleParse and longDoubleWrite", () => {
  it("show what INCRBYFLOAT would", () => {
    expect(shown("0")).toBe("0");
    expect(shown("-0")).toBe("0");
    expect(shown("-0.000000000000000001")).toBe("0");
    expect(shown("3.0e3")).toBe("3000");
    expect(shown("0.1")).toBe("0.1");
    expect(shown("-10.50")).toBe("-10.5");
    expect(shown("100")).toBe("100");
    expect(shown("18446744073709551615")).toBe("18446744073709551615");
    expect(shown("36893488147419103233")).toBe("36893488147419103232");
    expect(shown("0x1p-17")).toBe("0.00000762939453125");
    expect(shown("0x1.8p1")).toBe("3");
    expect(shown("1e25")).toBe("10000000000000000000000000");
    expect(shown("123456789.123456789123456789")).toBe("123456789.12345678912242875");
    expect(shown("1e-4950")).toBe("0");
    expect(shown("inf")).toBe("inf");
    expect(shown("-Infinity")).toBe("-inf");
  });

  it("have room for the largest number", () => {
    expect(shown("1.18973149535723176502e4932").length).toBe(4933);
    expect(shown("-0x1.fffffffffffffffep16383").length).toBe(4934);
    expect(shown("0x1p70")).toBe("1180591620717411303424");
  });

  it("refuse the rest", () => {
    const refused: string[] = [
      "", " 1", "1 ", "abc", "nan", "1e", "--1", "0x", "1e4933", "1.18973149535723176509e4932",
      "0x1p16384", "1e-4951", "0x1p-16446", "1.8e-4951", "1e-99999999999", "-1e99999999999",
    ];
    for (let i = 0; i < refused.length; i++) {
      expect(shown(refused[i])).toBe("refused", refused[i]);
    }
    expect(shown("1.9e-4951")).toBe("0");
    expect(shown("0x1p-16445")).toBe("0");
    expect(shown("0" + "1".repeat(4900)).length).toBe(4900);
    expect(shown("0".repeat(5118) + "1")).toBe("1");
    expect(shown("0".repeat(5119) + "1")).toBe("refused");
  });
});

describe("longDoubleAdd", () => {
  it("adds with 64 bits", () => {
    expect(sum("0.1", "0.2")).toBe("0.3");
    expect(sum("10.5", "0.1")).toBe("10.6");
    expect(sum("5", "-5")).toBe("0");
    expect(sum("-0", "-0")).toBe("0");
    expect(sum("4611686018427387903", "1.5")).toBe("4611686018427387904.5");
    expect(sum("18446744073709551615", "1")).toBe("18446744073709551616");
    expect(sum("1", "1e-5000".slice(0, 6))).toBe("1");
    expect(sum("1e4000", "-1")).toBe(shown("1e4000"));
  });

  it("rounds half to even, and a little more than half up", () => {
    expect(sum("18446744073709551616", "1")).toBe("18446744073709551616");
    expect(sum("18446744073709551618", "1")).toBe("18446744073709551620");
    expect(sum("18446744073709551616", "1.0000000000000001")).toBe("18446744073709551618");
    expect(sum("18446744073709551616", "-0.5")).toBe("18446744073709551616");
    expect(sum("18446744073709551616", "-0.5000001")).toBe("18446744073709551615");
    expect(sum("0x1p64", "0x1.0000000000000002p0")).toBe("18446744073709551618");
    expect(sum("0x1p200", "-0x1p-300")).toBe(shown("0x1p200"));
  });

  it("keeps subnormal numbers exact", () => {
    expect(parse("0x1p-16445", LEFT)).toBe(true);
    expect(parse("-0x3p-16445", RIGHT)).toBe(true);
    longDoubleAdd(LEFT, RIGHT, LEFT);
    expect(LEFT.mantissa).toBe(2);
    expect(LEFT.exponent).toBe(-16445);
    expect(LEFT.isNegative).toBe(true);
    expect(validateLongDouble(LEFT)).toBe(0);
  });

  it("leaves the range at its end only", () => {
    const largest = "0x1.fffffffffffffffep16383";
    expect(sum(largest, largest)).toBe("inf");
    expect(sum("-" + largest, "-" + largest)).toBe("-inf");
    expect(sum(largest, "-" + largest)).toBe("0");
    expect(sum(largest, "1")).toBe(shown(largest));
    expect(sum("inf", "1")).toBe("inf");
    expect(parse("inf", LEFT)).toBe(true);
    expect(parse("-inf", RIGHT)).toBe(true);
    longDoubleAdd(LEFT, RIGHT, LEFT);
    expect(longDoubleIsFinite(LEFT)).toBe(false);
  });

  it("takes integers as they are", () => {
    longDoubleFromInteger(i64.MIN_VALUE, LEFT);
    longDoubleFromInteger(i64.MAX_VALUE, RIGHT);
    expect(written(LEFT)).toBe("-9223372036854775808");
    expect(written(RIGHT)).toBe("9223372036854775807");
    longDoubleAdd(LEFT, RIGHT, RIGHT);
    expect(written(RIGHT)).toBe("-1");
    longDoubleFromInteger(0, LEFT);
    expect(written(LEFT)).toBe("0");
  });

  it("agrees with sums of scaled integers (random)", () => {
    const seed: u64 = 0x1234567887654321;
    store<u64>(STATE, seed);
    for (let i = 0; i < 3000; i++) {
      const left = <i64>(random() % 2000000000000000) - 1000000000000000;
      const right = <i64>(random() % 2000000000000000) - 1000000000000000;
      const wanted = plain(left + right);
      const got = sum(plain(left), plain(right));
      if (got != wanted) expect(got).toBe(wanted, "seed " + seed.toString());
    }
  });
});

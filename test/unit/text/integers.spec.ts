import {
  decimalDigits,
  integerBytes,
  parseInteger,
  parseMemorySize,
  parseUnsigned,
  writeDigits,
  writeHex,
  writeInteger,
  writeUnsigned,
} from "../../../assembly/text/integers";

const TEXT: usize = 0x10000;
const OUT: usize = 0x20000;
const STATE: usize = 0x20010;

function place(text: string): i32 {
  for (let i = 0; i < text.length; i++) store<u8>(TEXT + i, text.charCodeAt(i));
  // What follows must not be read as part of the number.
  store<u8>(TEXT + text.length, 0x39);
  return text.length;
}

function textAt(address: usize, bytes: i32): string {
  return String.UTF8.decodeUnsafe(address, bytes);
}

function parsed(text: string): string {
  return parseInteger(TEXT, place(text), OUT) ? load<i64>(OUT).toString() : "refused";
}

function parsedUnsigned(text: string): string {
  return parseUnsigned(TEXT, place(text), OUT) ? load<u64>(OUT).toString() : "refused";
}

function size(text: string): string {
  return parseMemorySize(TEXT, place(text), OUT) ? load<i64>(OUT).toString() : "refused";
}

function random(): u64 {
  let x = load<u64>(STATE);
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  store<u64>(STATE, x);
  return x;
}

describe("parseInteger", () => {
  it("takes exactly what writeInteger prints", () => {
    expect(parsed("0")).toBe("0");
    expect(parsed("7")).toBe("7");
    expect(parsed("-7")).toBe("-7");
    expect(parsed("12345678")).toBe("12345678");
    expect(parsed("1234567890123456")).toBe("1234567890123456");
    expect(parsed("9223372036854775807")).toBe("9223372036854775807");
    expect(parsed("-9223372036854775808")).toBe("-9223372036854775808");
    expect(parsed("-9999999999999999")).toBe("-9999999999999999");
  });

  it("refuses every other spelling", () => {
    const refused: string[] = [
      "", "-", "+1", "-0", "00", "01", "-01", " 1", "1 ", "1.0", "1e3", "0x1", "--1", "a",
      "1234567a", "a2345678", "123456789a", "12345678901234567x", "9223372036854775808",
      "-9223372036854775809", "9999999999999999999", "10000000000000000000",
      "18446744073709551616", "-10000000000000000000", "123456789012345678901", "1/", "1:",
      "\u00b9\u00b2", "1234567/", "1234567:",
    ];
    for (let i = 0; i < refused.length; i++) {
      expect(parsed(refused[i])).toBe("refused", refused[i]);
    }
  });

  it("finds a byte that is no digit wherever it stands", () => {
    for (let length = 1; length <= 19; length++) {
      for (let at = 0; at < length; at++) {
        for (let byte: u32 = 0; byte < 256; byte++) {
          if (byte - 0x30 < 10 || (byte == 0x2d && at == 0)) continue;
          for (let i = 0; i < length; i++) store<u8>(TEXT + i, 0x31);
          store<u8>(TEXT + at, byte);
          if (parseInteger(TEXT, length, OUT)) expect(byte).toBe(0, "taken as a digit");
        }
      }
    }
  });
});

describe("parseUnsigned", () => {
  it("covers 64 bits", () => {
    expect(parsedUnsigned("0")).toBe("0");
    expect(parsedUnsigned("9999999999999999999")).toBe("9999999999999999999");
    expect(parsedUnsigned("18446744073709551615")).toBe("18446744073709551615");
    const refused: string[] = [
      "", "-1", "00", "18446744073709551616", "18446744073709551620", "19999999999999999999",
      "99999999999999999999", "1844674407370955161x", "1x446744073709551615",
      "184467440737095516150",
    ];
    for (let i = 0; i < refused.length; i++) {
      expect(parsedUnsigned(refused[i])).toBe("refused", refused[i]);
    }
  });
});

describe("writeInteger", () => {
  it("prints the edges", () => {
    const values: i64[] = [
      0, 1, -1, 9, 10, 99, 100, -100, 999, 1000, 4294967295, 4294967296, -4294967297,
      i64.MAX_VALUE, i64.MIN_VALUE, 9999999999999999, 10000000000000000,
    ];
    for (let i = 0; i < values.length; i++) {
      const bytes = writeInteger(TEXT, values[i]);
      expect(textAt(TEXT, bytes)).toBe(values[i].toString());
      expect(integerBytes(values[i])).toBe(bytes);
    }
    expect(textAt(TEXT, writeUnsigned(TEXT, u64.MAX_VALUE))).toBe("18446744073709551615");
  });

  it("comes back through parseInteger at every size (random)", () => {
    const seed: u64 = 0x9e3779b97f4a7c15;
    store<u64>(STATE, seed);
    for (let i = 0; i < 20000; i++) {
      const value = <i64>(random() >> (random() & 63)) * (random() & 1 ? 1 : -1);
      const bytes = writeInteger(TEXT, value);
      if (!parseInteger(TEXT, bytes, OUT) || load<i64>(OUT) != value) {
        expect(value.toString()).toBe(textAt(TEXT, bytes), "seed " + seed.toString());
      }
      if (i < 1000) expect(textAt(TEXT, bytes)).toBe(value.toString());
    }
  });

  it("counts digits around each power of ten", () => {
    let power: u64 = 1;
    for (let digits = 1; digits <= 19; digits++) {
      expect(decimalDigits(power)).toBe(digits);
      power *= 10;
      expect(decimalDigits(power - 1)).toBe(digits);
    }
    expect(decimalDigits(power)).toBe(20);
    expect(decimalDigits(0)).toBe(1);
    expect(decimalDigits(u64.MAX_VALUE)).toBe(20);
  });

  it("pads with zeros, and writes hexadecimal", () => {
    writeDigits(TEXT, 42, 5);
    expect(textAt(TEXT, 5)).toBe("00042");
    writeDigits(TEXT, 0, 2);
    expect(textAt(TEXT, 2)).toBe("00");
    writeDigits(TEXT, 12345678901234, 17);
    expect(textAt(TEXT, 17)).toBe("00012345678901234");
    writeHex(TEXT, 0xdeadbeef0123, 12);
    expect(textAt(TEXT, 12)).toBe("deadbeef0123");
    writeHex(TEXT, 10, 2);
    expect(textAt(TEXT, 2)).toBe("0a");
  });
});

describe("parseMemorySize", () => {
  it("knows the units", () => {
    expect(size("0")).toBe("0");
    expect(size("100")).toBe("100");
    expect(size("100B")).toBe("100");
    expect(size("1k")).toBe("1000");
    expect(size("1Kb")).toBe("1024");
    expect(size("2m")).toBe("2000000");
    expect(size("2MB")).toBe("2097152");
    expect(size("3g")).toBe("3000000000");
    expect(size("3gB")).toBe("3221225472");
    expect(size("007")).toBe("7");
  });

  it("answers the odd inputs as Redis does", () => {
    expect(size("")).toBe("0");
    expect(size("kb")).toBe("0");
    expect(size("-1")).toBe("refused");
    expect(size("1 mb")).toBe("refused");
    expect(size("1t")).toBe("refused");
    expect(size("1kbb")).toBe("refused");
    expect(size("1.5gb")).toBe("refused");
    expect(size("99999999999999999999")).toBe("-1");
  });
});

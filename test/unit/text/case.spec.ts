import {
  equalsBytesIgnoreCase,
  equalsIgnoreCase,
  equalsLiteral,
  literalBytes,
  lowerByte,
  lowerInto,
  startsWith,
  startsWithIgnoreCase,
  writeLiteral,
} from "../../../assembly/text/case";

const TEXT: usize = 0x10000;
const OTHER: usize = 0x20000;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";

function place(text: string): i32 {
  for (let i = 0; i < text.length; i++) store<u8>(TEXT + i, text.charCodeAt(i));
  store<u8>(TEXT + text.length, 0x21);
  return text.length;
}

function lower(byte: u32): u32 {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

describe("case", () => {
  it("folds A-Z and nothing else", () => {
    for (let byte: u32 = 0; byte < 256; byte++) {
      expect(lowerByte(byte)).toBe(lower(byte));
      for (let at = 0; at < 40; at++) store<u8>(TEXT + at, byte);
      lowerInto(OTHER, TEXT, 40);
      expect(<u32>load<u8>(OTHER)).toBe(lower(byte));
      expect(<u32>load<u8>(OTHER + 39)).toBe(lower(byte));
      expect(equalsBytesIgnoreCase(TEXT, OTHER, 40)).toBe(true);
    }
  });

  it("compares with literals of every length", () => {
    for (let length = 0; length <= ALPHABET.length; length++) {
      const literal = ALPHABET.slice(0, length);
      const bytes = place(literal.toUpperCase());
      expect(equalsIgnoreCase(TEXT, bytes, literal)).toBe(true, literal);
      expect(equalsIgnoreCase(TEXT, bytes, literal.toUpperCase())).toBe(true, literal);
      expect(equalsIgnoreCase(TEXT, bytes + 1, literal)).toBe(false, literal);
      expect(startsWithIgnoreCase(TEXT, bytes + 1, literal)).toBe(true, literal);
      if (length > 0) expect(equalsLiteral(TEXT, bytes, literal)).toBe(false, literal);
      place(literal);
      expect(equalsLiteral(TEXT, bytes, literal)).toBe(true, literal);
      expect(startsWith(TEXT, bytes + 1, literal)).toBe(true, literal);
      for (let at = 0; at < length; at++) {
        const kept = load<u8>(TEXT + at);
        for (let bit = 0; bit < 8; bit++) {
          const changed = <u8>(<u32>kept ^ ((<u32>1) << bit));
          store<u8>(TEXT + at, changed);
          const isSame = lower(changed) == lower(kept);
          if (equalsIgnoreCase(TEXT, bytes, literal) != isSame) expect(bit).toBe(-1, literal);
          if (equalsLiteral(TEXT, bytes, literal)) expect(bit).toBe(-1, literal);
        }
        store<u8>(TEXT + at, kept);
      }
    }
  });

  it("writes literals of every length and nothing beside them", () => {
    for (let length = 0; length <= ALPHABET.length; length++) {
      const literal = ALPHABET.slice(0, length);
      memory.fill(OTHER, 0xaa, 64);
      expect(writeLiteral(OTHER + 8, literal)).toBe(length);
      expect(literalBytes(literal)).toBe(length);
      expect(load<u8>(OTHER + 7)).toBe(0xaa);
      expect(load<u8>(OTHER + 8 + length)).toBe(0xaa);
      expect(equalsLiteral(OTHER + 8, length, literal)).toBe(true);
    }
  });

  it("finds a difference in the last byte of two ranges", () => {
    for (let bytes = 1; bytes < 40; bytes++) {
      memory.fill(TEXT, 0x41, bytes);
      memory.fill(OTHER, 0x61, bytes);
      expect(equalsBytesIgnoreCase(TEXT, OTHER, bytes)).toBe(true);
      store<u8>(TEXT + bytes - 1, 0x40);
      expect(equalsBytesIgnoreCase(TEXT, OTHER, bytes)).toBe(false);
    }
  });
});

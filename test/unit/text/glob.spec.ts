import { matchGlob } from "../../../assembly/text/glob";

const PATTERN: usize = 0x10000;
const TEXT: usize = 0x18000;
const STATE: usize = 0x20000;

function place(address: usize, text: string): i32 {
  for (let i = 0; i < text.length; i++) store<u8>(address + i, text.charCodeAt(i));
  return text.length;
}

function match(pattern: string, text: string, ignoreCase: bool = false): bool {
  const patternBytes = place(PATTERN, pattern);
  return matchGlob(PATTERN, patternBytes, TEXT, place(TEXT, text), ignoreCase);
}

/** What the pattern means, by trying every way; only literals, "?" and "*". */
function plainMatch(pattern: string, text: string): bool {
  if (pattern.length == 0) return text.length == 0;
  if (pattern.charAt(0) == "*") {
    if (plainMatch(pattern.slice(1), text)) return true;
    return text.length > 0 && plainMatch(pattern, text.slice(1));
  }
  if (text.length == 0) return false;
  if (pattern.charAt(0) != "?" && pattern.charAt(0) != text.charAt(0)) return false;
  return plainMatch(pattern.slice(1), text.slice(1));
}

function random(below: u32): u32 {
  let x = load<u32>(STATE);
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  store<u32>(STATE, x);
  return x % below;
}

function randomText(alphabet: string, length: u32): string {
  let text = "";
  for (let i: u32 = 0; i < length; i++) text += alphabet.charAt(random(alphabet.length));
  return text;
}

describe("matchGlob", () => {
  it("knows stars, question marks and literals", () => {
    expect(match("hello", "hello")).toBe(true);
    expect(match("hello", "hell")).toBe(false);
    expect(match("hell", "hello")).toBe(false);
    expect(match("*", "anything")).toBe(true);
    expect(match("h*o", "ho")).toBe(true);
    expect(match("h*l*o", "hello")).toBe(true);
    expect(match("h?llo", "hello")).toBe(true);
    expect(match("?", "")).toBe(false);
    expect(match("a*", "a")).toBe(true);
    expect(match("a**", "a")).toBe(true);
    expect(match("a*b", "a")).toBe(false);
    expect(match("", "")).toBe(true);
    expect(match("", "a")).toBe(false);
  });

  it("knows classes", () => {
    expect(match("h[ae]llo", "hallo")).toBe(true);
    expect(match("h[ae]llo", "hillo")).toBe(false);
    expect(match("h[^e]llo", "hallo")).toBe(true);
    expect(match("h[^e]llo", "hello")).toBe(false);
    expect(match("h[a-c]llo", "hbllo")).toBe(true);
    expect(match("h[c-a]llo", "hbllo")).toBe(true);
    expect(match("h[a-c]llo", "hdllo")).toBe(false);
    expect(match("[\\]]", "]")).toBe(true);
    expect(match("[\\-x]", "-")).toBe(true);
    expect(match("[]", "a")).toBe(false);
    expect(match("[^]", "a")).toBe(true);
  });

  it("lets the pattern's end close a class", () => {
    expect(match("[abc", "b")).toBe(true);
    expect(match("[", "[")).toBe(false);
    expect(match("[^", "x")).toBe(true);
    expect(match("[a-", "-")).toBe(true);
    expect(match("[a-]", "b")).toBe(false);
    expect(match("[a-]", "^")).toBe(true);
    expect(match("[\\", "\\")).toBe(true);
  });

  it("escapes", () => {
    expect(match("h\\*llo", "h*llo")).toBe(true);
    expect(match("h\\*llo", "hello")).toBe(false);
    expect(match("\\", "\\")).toBe(true);
    expect(match("a\\", "a\\")).toBe(true);
  });

  it("ignores case on demand, except of an escaped byte in a class", () => {
    expect(match("HeLLo*", "hello", true)).toBe(true);
    expect(match("HeLLo*", "hello")).toBe(false);
    expect(match("[A-C]", "b", true)).toBe(true);
    expect(match("[XYZ]", "y", true)).toBe(true);
    expect(match("[\\Y]", "y", true)).toBe(false);
    expect(match("\\Y", "y", true)).toBe(true);
  });

  it("does not blow up, and stops at 1,000 stars", () => {
    expect(match("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "a".repeat(2000))).toBe(false);
    expect(match("*a".repeat(1000), "a".repeat(2000))).toBe(true);
    expect(match("*a".repeat(1001), "a".repeat(2000))).toBe(false);
    expect(match("*a".repeat(1000) + "*", "a".repeat(2000))).toBe(true);
  });

  it("agrees with trying every way (random)", () => {
    const seed: u32 = 20260101;
    store<u32>(STATE, seed);
    for (let i = 0; i < 5000; i++) {
      const pattern = randomText("ab*?*", random(8));
      const text = randomText("ab", 1 + random(9));
      if (match(pattern, text) != plainMatch(pattern, text)) {
        expect(pattern).toBe(text, "seed " + seed.toString());
      }
    }
  });
});

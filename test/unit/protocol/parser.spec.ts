/**
 * The request parser against a plain model: the same bytes, cut in every way, give the same
 * requests, errors and rests; garbage never traps and never reaches outside.
 */
import { ARGUMENTS_WINDOW, INPUT_WINDOW } from "../../../assembly/abi";
import { release } from "../../../assembly/memory/allocator";
import {
  initializeParser, Parser, parserAdopt, parserFeed, ParserFlag, parserFree, parserNext,
  parserReceiveAddress, parserReceiveCapacity, parserRelease, ParseResult, parserSuspend,
  parserHasUnread, parserHeldBytes, setParserLimits, validateParser,
} from "../../../assembly/protocol/parser";
import { initializeReplies } from "../../../assembly/protocol/reply";
import { initializeSinks, replySink } from "../../../assembly/protocol/sink";
import { failIsPending, failReserve, heldBytes, prepareHeap, validateHeap } from "./heap";

const PARSER: usize = 0x60000;
const SEED: usize = 0x60100;

function random(below: u32): u32 {
  let x = load<u32>(SEED);
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  store<u32>(SEED, x);
  return x % below;
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = <u8>text.charCodeAt(index);
  return bytes;
}

/** One character per byte. */
function textAt(address: usize, bytes: usize): string {
  const codes = new Array<i32>(bytes as i32);
  for (let index: usize = 0; index < bytes; index++) {
    codes[index as i32] = load<u8>(address + index);
  }
  return String.fromCharCodes(codes);
}

function takeReply(): string {
  const sink = replySink();
  const text = textAt(sink.start, sink.cursor - sink.start);
  sink.cursor = sink.start;
  return text;
}

function begin(flags: u32): Parser {
  __collect();
  prepareHeap();
  initializeSinks();
  initializeReplies();
  setParserLimits(536870912, 1073741824);
  const parser = changetype<Parser>(PARSER);
  initializeParser(parser, flags);
  return parser;
}

// ---- The model ---------------------------------------------------------------------------------

/** What the parser says, as one text: requests as [a|b], errors as their reply, E for empty. */
class Events {
  text: string = "";
  isOver: bool = false;
  request(args: string[]): void {
    this.text += "[" + args.join("|") + "]";
  }
  fail(reply: string): void {
    this.text += reply;
    this.isOver = true;
  }
}

function strictNumber(text: string): i64 {
  if (text.length == 0 || text.length > 19) return i64.MIN_VALUE;
  if (text == "0") return 0;
  const negative = text.charAt(0) == "-";
  const start = negative ? 1 : 0;
  if (start == text.length) return i64.MIN_VALUE;
  let value: i64 = 0;
  for (let index = start; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9 || (index == start && digit == 0)) return i64.MIN_VALUE;
    value = value * 10 + digit;
  }
  return negative ? -value : value;
}

/** Position of `wanted` from `start`, -1 when a NUL or the end comes first. */
function find(text: string, start: i32, wanted: i32): i32 {
  for (let index = start; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit == wanted) return index;
    if (unit == 0) return -1;
  }
  return -1;
}

function modelParse(text: string, isAuthenticated: bool): string {
  const events = new Events();
  let position = 0;
  while (position < text.length && position >= 0 && !events.isOver) {
    position = text.charAt(position) == "*"
      ? modelArray(text, position, isAuthenticated, events)
      : modelInline(text, position, events);
  }
  return events.text;
}

function modelArray(text: string, start: i32, isAuthenticated: bool, events: Events): i32 {
  let lineEnd = find(text, start, 13);
  if (lineEnd < 0 ? text.length - start > 65536 : lineEnd - start > 65536) {
    events.fail("-ERR Protocol error: too big mbulk count string\r\n");
    return -1;
  }
  if (lineEnd < 0 || lineEnd + 1 >= text.length) return -1;
  const count = strictNumber(text.substring(start + 1, lineEnd));
  if (count == i64.MIN_VALUE || count > i32.MAX_VALUE) {
    events.fail("-ERR Protocol error: invalid multibulk length\r\n");
    return -1;
  }
  if (!isAuthenticated && count > 10) {
    events.fail("-ERR Protocol error: unauthenticated multibulk length\r\n");
    return -1;
  }
  let position = lineEnd + 2;
  if (count <= 0) {
    events.text += "E";
    return position;
  }
  const args: string[] = [];
  while (args.length < <i32>count) {
    lineEnd = find(text, position, 13);
    if (lineEnd < 0 ? text.length - position > 65536 : lineEnd - position > 65536) {
      events.fail("-ERR Protocol error: too big bulk count string\r\n");
      return -1;
    }
    if (lineEnd < 0 || lineEnd + 1 >= text.length) return -1;
    if (text.charAt(position) != "$") {
      const got = text.charAt(position) == "\r" || text.charAt(position) == "\n"
        ? " "
        : text.charAt(position);
      events.fail("-ERR Protocol error: expected '$', got '" + got + "'\r\n");
      return -1;
    }
    const bytes = strictNumber(text.substring(position + 1, lineEnd));
    if (bytes < 0 || bytes > 536870912) {
      events.fail("-ERR Protocol error: invalid bulk length\r\n");
      return -1;
    }
    if (!isAuthenticated && bytes > 16384) {
      events.fail("-ERR Protocol error: unauthenticated bulk length\r\n");
      return -1;
    }
    position = lineEnd + 2;
    if (text.length - position < <i32>bytes + 2) return -1;
    args.push(text.substring(position, position + <i32>bytes));
    position += <i32>bytes + 2;
  }
  events.request(args);
  return position;
}

function modelInline(text: string, start: i32, events: Events): i32 {
  const newline = find(text, start, 10);
  if (newline < 0 ? text.length - start > 65536 : newline - start > 65536) {
    events.fail("-ERR Protocol error: too big inline request\r\n");
    return -1;
  }
  if (newline < 0) return -1;
  const end = newline > start && text.charAt(newline - 1) == "\r" ? newline - 1 : newline;
  const args = splitWords(text.substring(start, end));
  if (args === null) {
    events.fail("-ERR Protocol error: unbalanced quotes in request\r\n");
    return -1;
  }
  if (args.length) events.request(args);
  else events.text += "E";
  return newline + 1;
}

function isSpace(text: string, index: i32): bool {
  const unit = text.charCodeAt(index);
  return unit == 32 || (unit >= 9 && unit <= 13);
}

function hexValue(text: string, index: i32): i32 {
  return index < text.length ? "0123456789abcdef".indexOf(text.charAt(index).toLowerCase()) : -1;
}

function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let index = 0;
  while (true) {
    while (index < line.length && isSpace(line, index)) index++;
    if (index >= line.length) return words;
    const word: i32[] = [];
    let quote = "";
    while (true) {
      if (index >= line.length) {
        if (quote != "") return null;
        break;
      }
      const letter = line.charAt(index);
      if (quote == "") {
        if (letter == " " || letter == "\n" || letter == "\r" || letter == "\t") break;
        if (letter == "\"" || letter == "'") quote = letter;
        else word.push(line.charCodeAt(index));
        index++;
        continue;
      }
      if (letter == quote) {
        index++;
        if (index < line.length && !isSpace(line, index)) return null;
        break;
      }
      if (letter == "\\" && quote == "'" && index + 1 < line.length
        && line.charAt(index + 1) == "'") {
        word.push(0x27);
        index += 2;
        continue;
      }
      if (letter == "\\" && quote == "\"" && index + 1 < line.length) {
        if (line.charAt(index + 1) == "x" && hexValue(line, index + 2) >= 0
          && hexValue(line, index + 3) >= 0) {
          word.push(hexValue(line, index + 2) * 16 + hexValue(line, index + 3));
          index += 4;
          continue;
        }
        const escaped = "nrtba".indexOf(line.charAt(index + 1));
        word.push(
          escaped >= 0 ? "\n\r\t\b\x07".charCodeAt(escaped) : line.charCodeAt(index + 1),
        );
        index += 2;
        continue;
      }
      word.push(line.charCodeAt(index));
      index++;
    }
    words.push(String.fromCharCodes(word));
  }
}

// ---- Driving the parser ------------------------------------------------------------------------

/** Runs what is fed until nothing is left, or stops early as a waiting session would. */
function run(parser: Parser, events: Events, stopIn: i32): void {
  while (!events.isOver) {
    if (stopIn == 0) return;
    stopIn--;
    const result = parserNext(parser);
    if (result == ParseResult.MORE) return;
    if (result == ParseResult.COMPLETE) {
      const args: string[] = [];
      for (let index: u32 = 0; index < parser.argumentCount; index++) {
        const entry = parser.arguments + (<usize>index << 3);
        args.push(textAt(load<u32>(entry), load<u32>(entry, 4)));
      }
      events.request(args);
      parserRelease(parser);
    } else if (result == ParseResult.EMPTY) {
      events.text += "E";
    } else if (result == ParseResult.CLOSE) {
      events.fail("CLOSE");
    } else if (result == ParseResult.REFUSED) {
      events.text += takeReply();
    } else {
      events.fail(takeReply());
    }
  }
}

/** One engine call: feed, run, suspend; afterwards other sessions use the windows. */
function feed(parser: Parser, bytes: Uint8Array, start: i32, end: i32, events: Events,
  stopIn: i32): void {
  while (start < end) {
    const part = min<i32>(end - start, <i32>min<u32>(parserReceiveCapacity(parser), 1 << 30));
    memory.copy(parserReceiveAddress(parser), bytes.dataStart + start, part);
    parserFeed(parser, part);
    run(parser, events, stopIn);
    call(parser, events);
    start += part;
  }
}

function call(parser: Parser, events: Events): void {
  if (!parserSuspend(parser)) events.fail("CLOSE");
  const broken = validateParser(parser);
  if (broken) events.fail("INVARIANT " + broken.toString());
  memory.fill(INPUT_WINDOW, 0xee, 2048);
  memory.fill(ARGUMENTS_WINDOW, 0xee, 2048);
}

function finish(parser: Parser, events: Events): string {
  while (parserHasUnread(parser) && !events.isOver) {
    run(parser, events, -1);
    call(parser, events);
  }
  parserFree(parser);
  if (heldBytes() != 0) events.text += " LEAK " + heldBytes().toString();
  return events.text;
}

function parseSplit(text: string, at: i32, flags: u32): string {
  const parser = begin(flags);
  const events = new Events();
  const bytes = bytesOf(text);
  feed(parser, bytes, 0, at, events, -1);
  feed(parser, bytes, at, bytes.length, events, -1);
  return finish(parser, events);
}

/** Pieces of random size; with `waits`, calls stop between requests at random. */
function parsePieces(text: string, most: u32, waits: bool, flags: u32): string {
  const parser = begin(flags);
  const events = new Events();
  const bytes = bytesOf(text);
  let start = 0;
  while (start < bytes.length) {
    const end = min<i32>(bytes.length, start + 1 + <i32>random(most));
    feed(parser, bytes, start, end, events, waits ? <i32>random(4) : -1);
    if (waits && random(3) == 0) {
      run(parser, events, <i32>random(3));
      call(parser, events);
    }
    start = end;
  }
  return finish(parser, events);
}

function checkEverySplit(text: string): void {
  const expected = modelParse(text, true);
  for (let at = 0; at <= text.length; at++) {
    const found = parseSplit(text, at, ParserFlag.AUTHENTICATED);
    if (found != expected) {
      expect("at " + at.toString() + ": " + found).toBe(expected);
      return;
    }
  }
  store<u32>(SEED, 4711);
  const apart = parsePieces(text, 1, false, ParserFlag.AUTHENTICATED);
  expect(apart).toBe(expected, "bytes apart: " + text);
  expect(parsePieces(text, 7, true, ParserFlag.AUTHENTICATED)).toBe(expected, text);
  expect(parsePieces(text, 20, true, ParserFlag.AUTHENTICATED)).toBe(expected, text);
  expect(parsePieces(text, 9, true, ParserFlag.NONE))
    .toBe(modelParse(text, false), "unauthenticated: " + text);
}

function request(args: string[]): string {
  let text = "*" + args.length.toString() + "\r\n";
  for (let index = 0; index < args.length; index++) {
    text += "$" + args[index].length.toString() + "\r\n" + args[index] + "\r\n";
  }
  return text;
}

describe("requests cut anywhere", () => {
  it("parses arrays of bulks", () => {
    checkEverySplit(request(["SET", "key", "value"]) + request(["GET", "k".repeat(16)]));
    checkEverySplit(request(["a", "", "\r\n$3\r\n", "x".repeat(9), "y".repeat(10)]));
    checkEverySplit(request(["p".repeat(99), "q".repeat(100), "r".repeat(101)]) + "PING\r\n");
    checkEverySplit(request(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]));
    checkEverySplit("*0\r\n*-1\r\n*1\r\n$4\r\nPING\r\n*-12345\r\n");
    checkEverySplit("*1\rx$4\rxPINGxx*2\r\r$1\r\ra\r\r$0\r\n\r\n");
  });

  it("parses inline requests", () => {
    checkEverySplit("PING\r\nSET a b\n\n  \r\n\r\n GET\t a \r\n*1\r\n$1\r\na\r\nx\n");
    checkEverySplit("a \"b c\" 'd e' \"\\x41\\n\\t\\q\\\"\" 'it\\'s' x\"y z\" \"\"\r\n''\n");
    checkEverySplit("\x0bping a\x0bb c\x0c\r\na\rb\r\r\n");
  });

  it("fails as Redis does", () => {
    checkEverySplit(request(["a"]) + "*a\r\n" + request(["b"]));
    checkEverySplit("*03\r\n");
    checkEverySplit("*\r\n");
    checkEverySplit("*+1\r\n");
    checkEverySplit("*2147483648\r\n");
    checkEverySplit("*99999999999999999999\r\n");
    checkEverySplit("*1" + "0".repeat(60) + "\r\n");
    checkEverySplit("*2\r\n$1\r\na\r\n+1\r\n");
    checkEverySplit("*1\r\n\r\n\r\n");
    checkEverySplit("*1\r\n\n\r\n\r\n");
    checkEverySplit("*1\r\n$-1\r\n");
    checkEverySplit("*1\r\n$01\r\na\r\n");
    checkEverySplit("*1\r\n$\r\na\r\n");
    checkEverySplit("*1\r\n$536870913\r\na\r\n");
    checkEverySplit("*11\r\n$16385\r\n");
    checkEverySplit("*1\r\n$16385\r\n");
    checkEverySplit("ping \"a\r\nping\r\n");
    checkEverySplit("ping 'a'b\r\n");
    checkEverySplit("ping 'a\\\r\n");
    checkEverySplit("ping \"\\\r\n");
  });

  it("never finds the end of a line that holds a NUL", () => {
    checkEverySplit("*1\x00\r\n$1\r\na\r\n");
    checkEverySplit("pi\x00ng\r\nping\r\n");
    checkEverySplit("*2\r\n$1\r\n\x00\r\n$\x001\r\na\r\n");
  });

  it("bounds every line", () => {
    store<u32>(SEED, 99);
    const long = "1".repeat(66000);
    expect(parsePieces("*" + long, 30000, false, 1)).toBe(modelParse("*" + long, true));
    expect(parsePieces("*1\r\n$" + long, 30000, false, 1))
      .toBe("-ERR Protocol error: too big bulk count string\r\n");
    expect(parsePieces(long + "\n", 30000, false, 1))
      .toBe("-ERR Protocol error: too big inline request\r\n");
    expect(parsePieces("a\x00" + long + "\n", 30000, false, 1))
      .toBe("-ERR Protocol error: too big inline request\r\n");
    const most = "1".repeat(65536) + "\n";
    expect(parsePieces(most, 30000, false, 1)).toBe(modelParse(most, true));
  });
});

describe("random traffic", () => {
  it("matches the model", () => {
    store<u32>(SEED, 20240611);
    for (let round = 0; round < 300; round++) {
      let text = "";
      const requests: u32 = 1 + random(6);
      for (let index: u32 = 0; index < requests; index++) text += randomRequest();
      const seed = load<u32>(SEED);
      const found = parsePieces(text, 1 + random(200), random(2) == 0, 1);
      const expected = modelParse(text, true);
      if (found != expected) {
        log("seed " + seed.toString() + " " + String.UTF8.byteLength(text).toString() + text);
        expect(found).toBe(expected);
        return;
      }
    }
    expect(heldBytes()).toBe(0);
    expect(validateHeap()).toBe(0);
  });

  it("survives garbage", () => {
    store<u32>(SEED, 77);
    const letters = "*$0123456789\r\n\r\n\r\n-+ \"'\\xa\x00";
    for (let round = 0; round < 6000; round++) {
      let text = random(2) ? "*" : "";
      const length: u32 = 1 + random(40);
      for (let index: u32 = 0; index < length; index++) {
        text += letters.charAt(random(letters.length));
      }
      const seed = load<u32>(SEED);
      const isAuthenticated = random(4) != 0;
      const found = parsePieces(text, 1 + random(12), random(2) == 0, u32(isAuthenticated));
      const expected = modelParse(text, isAuthenticated);
      if (found != expected) {
        log("seed " + seed.toString() + " " + String.UTF8.byteLength(text).toString() + text);
        expect(found).toBe(expected);
        return;
      }
    }
    expect(heldBytes()).toBe(0);
    expect(validateHeap()).toBe(0);
  });
});

function randomRequest(): string {
  if (random(8) == 0) return "ping \"x y\" z\r\n";
  const args: string[] = [];
  const count: u32 = 1 + random(random(6) ? 4 : 30);
  for (let index: u32 = 0; index < count; index++) {
    args.push(String.fromCharCode(97 + random(26)).repeat(random(random(5) ? 20 : 1500)));
  }
  return request(args);
}

describe("large requests", () => {
  it("grows the vector as arguments arrive", () => {
    store<u32>(SEED, 5);
    const parser = begin(ParserFlag.AUTHENTICATED);
    const events = new Events();
    feed(parser, bytesOf("*2147483647\r\n$1\r\na\r\n"), 0, 20, events, -1);
    expect(events.text).toBe("");
    expect(parserHeldBytes(parser) < 1000).toBe(true);
    parserFree(parser);
    const args: string[] = [];
    for (let index = 0; index < 9000; index++) args.push("");
    const text = request(args);
    expect(parsePieces(text, 60000, false, 1)).toBe(modelParse(text, true));
    expect(heldBytes()).toBe(0);
    expect(validateHeap()).toBe(0);
  });

  it("splits lines of many words", () => {
    store<u32>(SEED, 6);
    const text = "a ".repeat(32000) + "\n";
    expect(parsePieces(text, 70000, false, 1)).toBe(modelParse(text, true));
    const blank = " ".repeat(64000) + "\n" + "ping\n";
    expect(parsePieces(blank, 70000, false, 1)).toBe(modelParse(blank, true));
    expect(parsePieces(blank, 7000, true, 1)).toBe(modelParse(blank, true));
  });

  it("receives large bulks in blocks of their own", () => {
    const payload = "0123456789abcdef".repeat(5000);
    const text = request(["MSET", "a", payload, "b", "small", "c", payload]);
    const parser = begin(ParserFlag.AUTHENTICATED);
    const bytes = bytesOf(text);
    let start = 0;
    let direct = 0;
    while (start < bytes.length) {
      const part = min<i32>(50000, min<i32>(bytes.length - start, parserReceiveCapacity(parser)));
      if (parserReceiveAddress(parser) != INPUT_WINDOW) direct++;
      memory.copy(parserReceiveAddress(parser), bytes.dataStart + start, part);
      parserFeed(parser, part);
      start += part;
      const result = parserNext(parser);
      expect(result).toBe(start < bytes.length ? ParseResult.MORE : ParseResult.COMPLETE);
      if (start < bytes.length) expect(parserSuspend(parser)).toBe(true);
      expect(validateParser(parser)).toBe(0);
    }
    expect(direct > 1).toBe(true);
    expect(parser.argumentCount).toBe(7);
    const entry = parser.arguments + 16;
    expect(load<u32>(entry, 4)).toBe(80000);
    expect(textAt(load<u32>(entry), 80000) == payload).toBe(true);
    expect(textAt(load<u32>(entry + 32), 80000) == payload).toBe(true);
    expect(textAt(load<u32>(entry + 16), 5)).toBe("small");
    expect(parserAdopt(parser, 0)).toBe(0);
    expect(parserAdopt(parser, 4)).toBe(0);
    const block = parserAdopt(parser, 6);
    expect(block).toBe(load<u32>(entry + 32));
    expect(parserAdopt(parser, 6)).toBe(0);
    parserRelease(parser);
    expect(textAt(block, 80000) == payload).toBe(true);
    release(block);
    expect(heldBytes()).toBe(0);
    expect(validateHeap()).toBe(0);
  });

  it("closes beyond the query buffer limit", () => {
    const text = request(["SET", "a", "x".repeat(200000)]) + request(["PING"]);
    store<u32>(SEED, 3);
    const parser = begin(ParserFlag.AUTHENTICATED);
    setParserLimits(536870912, 100000);
    const events = new Events();
    const bytes = bytesOf(text);
    feed(parser, bytes, 0, 90000, events, -1);
    expect(events.text).toBe("");
    feed(parser, bytes, 90000, 170000, events, -1);
    expect(events.text).toBe("CLOSE");
    expect(finish(parser, events)).toBe("CLOSE");
  });

  it("refuses a request for which memory is short, and goes on", () => {
    const text = request(["SET", "a", "x".repeat(40000), "b".repeat(3000)]) + request(["PING"]);
    const whole = modelParse(text, true);
    const oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n[PING]";
    for (let failing = 1; failing < 40; failing++) {
      store<u32>(SEED, 9);
      const parser = begin(ParserFlag.AUTHENTICATED);
      const events = new Events();
      const bytes = bytesOf(text);
      failReserve(failing);
      feed(parser, bytes, 0, 10, events, -1);
      for (let start = 10; start < bytes.length; start += 1000) {
        feed(parser, bytes, start, min<i32>(bytes.length, start + 1000), events, -1);
      }
      const wasReached = !failIsPending();
      const found = finish(parser, events);
      expect(found == (wasReached ? oom : whole)).toBe(true);
      if (!wasReached) {
        expect(failing > 4).toBe(true);
        break;
      }
    }
  });

  it("refuses a line for which memory is short, and goes on", () => {
    const parser = begin(ParserFlag.AUTHENTICATED);
    const events = new Events();
    const bytes = bytesOf("ping " + "x".repeat(300) + "\r\nping\r\n");
    feed(parser, bytes, 0, 20, events, -1);
    failReserve(1);
    for (let start = 20; start < bytes.length; start += 100) {
      feed(parser, bytes, start, min<i32>(bytes.length, start + 100), events, -1);
    }
    expect(finish(parser, events))
      .toBe("-OOM command not allowed when used memory > 'maxmemory'.\r\n[ping]");
  });

  it("closes when what is unread cannot be kept", () => {
    const parser = begin(ParserFlag.AUTHENTICATED);
    const events = new Events();
    const bytes = bytesOf("ping\r\nping\r\n");
    failReserve(1);
    feed(parser, bytes, 0, bytes.length, events, 1);
    expect(finish(parser, events)).toBe("[ping]CLOSE");
    const limited = begin(ParserFlag.AUTHENTICATED);
    setParserLimits(536870912, 5);
    const others = new Events();
    feed(limited, bytes, 0, bytes.length, others, 1);
    expect(finish(limited, others)).toBe("[ping]CLOSE");
    expect(heldBytes()).toBe(0);
  });

  it("counts what the owner keeps queued", () => {
    const parser = begin(ParserFlag.AUTHENTICATED);
    setParserLimits(536870912, 1000);
    parser.queuedBytes = 1001;
    const events = new Events();
    const bytes = bytesOf("ping\r\n");
    feed(parser, bytes, 0, bytes.length, events, -1);
    expect(events.text).toBe("[ping]CLOSE");
    parserFree(parser);
  });
});

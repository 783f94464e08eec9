/** Keys found from key specs, and the notation of rows taken apart. */
import {
  KEY_CURSOR_BYTES, KeyCursor, countKeys, hasKeys, nextKey, startKeys,
} from "../../../assembly/server/key-specs";
import {
  Argument, KeySpec, argumentTotal, isPart, keySpecCount, readArgument, readKeySpec, wordCount,
} from "../../../assembly/server/notation";
import { Row, command, findFullName, initializeRows } from "../../../assembly/server/table";
import { initializeScratch, scratchTake } from "../../../assembly/memory/scratch";
import { prepareHeap } from "../protocol/heap";

const WORDS: usize = 0x10000;
const VECTOR: usize = 0x50000;

function register(name: string, keys: string): Row {
  command(1, name, "test", "1.0.0", -2, "write", "", keys, "", "", "O(1)", "A test.");
  String.UTF8.encodeUnsafe(changetype<usize>(name), name.length, WORDS);
  return findFullName(WORDS, name.length)!;
}

/** Puts the words of a line into an argument vector; returns how many. */
function split(line: string): i32 {
  const words = line.split(" ");
  let at = WORDS;
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    store<u32>(VECTOR + (index << 3), <u32>at);
    store<u32>(VECTOR + (index << 3), word.length, 4);
    String.UTF8.encodeUnsafe(changetype<usize>(word), word.length, at);
    at += word.length;
  }
  return words.length;
}

/** The keys of a line by the specs of a row; "!" when the words fit none. */
function keysOf(row: Row, line: string): string {
  const count = split(line);
  const cursor = changetype<KeyCursor>(scratchTake(KEY_CURSOR_BYTES));
  startKeys(cursor, row, VECTOR, count);
  const total = countKeys(cursor);
  if (total < 0) return "!";
  startKeys(cursor, row, VECTOR, count);
  let text = "";
  let found = 0;
  while (nextKey(cursor)) {
    const entry = VECTOR + (cursor.index << 3);
    if (found++) text += " ";
    text += String.UTF8.decodeUnsafe(load<u32>(entry), load<u32>(entry, 4));
  }
  expect(found).toBe(total);
  return text;
}

function begin(): void {
  prepareHeap();
  initializeScratch();
  initializeRows();
}

describe("keys of a command", () => {
  it("by index, range, step and limit", () => {
    begin();
    expect(keysOf(register("one", "index 1 range 0 1 0 : ro"), "one a b")).toBe("a");
    expect(keysOf(register("all", "index 1 range -1 1 0 : ro"), "all a b c")).toBe("a b c");
    expect(keysOf(register("pairs", "index 1 range -1 2 0 : ow"), "pairs a 1 b 2")).toBe("a b");
    const butLast = register("butlast", "index 1 range -2 1 0 : rw");
    expect(keysOf(butLast, "butlast a b 0")).toBe("a b");
    expect(keysOf(butLast, "butlast 0")).toBe("!");
    const two = register("two", "index 1 range 0 1 0 : rw ; index 3 range 0 1 0 : ow");
    expect(keysOf(two, "two a b c")).toBe("a c");
    expect(keysOf(two, "two a b")).toBe("!");
  });

  it("after a keyword, from the front and from the end", () => {
    begin();
    const row = register("read", "keyword STREAMS 1 range -1 1 2 : ro access");
    expect(keysOf(row, "read count 2 streams a b 0 0")).toBe("a b");
    expect(keysOf(row, "read streams a 0")).toBe("a");
    expect(keysOf(row, "read nothing here")).toBe("");
    expect(keysOf(row, "read streams")).toBe("!");
    const last = register("move", "index 1 range 0 1 0 : rw ; keyword KEYS -2 range -1 1 0 : rw");
    expect(keysOf(last, "move a to keys b c")).toBe("a b c");
    expect(keysOf(last, "move a to")).toBe("a");
  });

  it("as many as a number says", () => {
    begin();
    const row = register("union", "index 1 range 0 1 0 : ow ; index 2 keynum 0 1 1 : ro");
    expect(keysOf(row, "union d 2 a b weights")).toBe("d a b");
    expect(keysOf(row, "union d 2 a")).toBe("!");
    expect(keysOf(row, "union d 0 a")).toBe("!");
    expect(keysOf(row, "union d -1 a")).toBe("!");
    expect(keysOf(row, "union d x a")).toBe("!");
    expect(keysOf(row, "union d 4294967297 a")).toBe("!");
    expect(keysOf(row, "union d")).toBe("!");
    const pairs = register("setall", "index 1 keynum 0 1 2 : ow update");
    expect(keysOf(pairs, "setall 2 a 1 b 2 EX 9")).toBe("a b");
  });

  it("where the command alone knows: SORT's STORE", () => {
    begin();
    const row = register("sort",
      "index 1 range 0 1 0 : ro access ; unknown unknown : ro access # BY, GET ; \
unknown unknown : ow update # STORE");
    expect(keysOf(row, "sort a")).toBe("a");
    expect(keysOf(row, "sort a by store store b")).toBe("a b");
    expect(keysOf(row, "sort a limit 0 1 store b store c")).toBe("a c");
    expect(keysOf(row, "sort a store")).toBe("a");
  });

  it("passes over what is no key", () => {
    begin();
    const row = register("publish", "index 1 range 0 1 0 : not_key");
    expect(hasKeys(row)).toBe(false);
    expect(keysOf(row, "publish channel")).toBe("");
    expect(hasKeys(register("none", ""))).toBe(false);
    expect(hasKeys(register("mixed",
      "index 1 range 0 1 0 : not_key ; index 2 range 0 1 0 : ro"))).toBe(true);
  });
});

/** Name, type, token, marks and children of the first argument of a list. */
function shapeOf(text: string): string {
  const argument = changetype<Argument>(scratchTake(offsetof<Argument>()));
  readArgument(text, 0, text.length, argument);
  let shape = text.substring(argument.nameStart, argument.nameEnd)
    + "|" + text.substring(argument.typeStart, argument.typeEnd) + "|";
  if (argument.tokenStart >= 0) {
    shape += "<" + text.substring(argument.tokenStart, argument.tokenEnd) + ">";
  }
  shape += "|" + argument.flags.toString() + "|" + argument.keySpec.toString() + "|";
  if (argument.sinceStart >= 0) shape += text.substring(argument.sinceStart, argument.sinceEnd);
  shape += "|";
  if (argument.displayStart >= 0) {
    shape += text.substring(argument.displayStart, argument.displayEnd);
  }
  shape += "|";
  if (argument.childrenStart >= 0) {
    shape += text.substring(argument.childrenStart, argument.childrenEnd);
  }
  return shape;
}

describe("the notation of arguments", () => {
  it("reads every mark", () => {
    begin();
    expect(shapeOf("key:key")).toBe("key|key||0|0|||");
    expect(shapeOf("numkeys:integer other:key")).toBe("numkeys|integer||0|0|||");
    expect(shapeOf("ip:port:string=ADDR?")).toBe("ip:port|string|<ADDR>|1|0|||");
    expect(shapeOf("key:key@2^6.2.0~source")).toBe("key|key||0|2|6.2.0|source|");
    expect(shapeOf("prefix:string=PREFIX?*+")).toBe("prefix|string|<PREFIX>|7|0|||");
    expect(shapeOf("a:block?*(b:oneof(c:string d:string) e:key)"))
      .toBe("a|block||3|0|||b:oneof(c:string d:string) e:key");
  });

  it("reads tokens that look like marks", () => {
    begin();
    expect(shapeOf("equal:pure-token==")).toBe("equal|pure-token|<=>|0|0|||");
    expect(shapeOf("about:pure-token=~?")).toBe("about|pure-token|<~>|1|0|||");
    expect(shapeOf("id:pure-token=*")).toBe("id|pure-token|<*>|0|0|||");
    expect(shapeOf("empty:pure-token=\"\"?")).toBe("empty|pure-token|<>|1|0|||");
  });

  it("counts", () => {
    begin();
    const text = "a:block(b:key c:key) d:oneof?(e:string f:string) g:integer";
    expect(argumentTotal(text, 0, text.length)).toBe(3);
    expect(argumentTotal("", 0, 0)).toBe(0);
    expect(wordCount("one two three", 0, 13)).toBe(3);
    expect(wordCount("", 0, 0)).toBe(0);
  });
});

describe("the notation of key specs", () => {
  it("reads parts, flags and notes", () => {
    begin();
    const keys = "index 1 range 0 1 0 : rw access # a note: so ; keyword GET -3 keynum 0 1 2 : ro";
    expect(keySpecCount(keys)).toBe(2);
    const spec = changetype<KeySpec>(scratchTake(offsetof<KeySpec>()));
    readKeySpec(keys, 0, spec);
    expect(spec.has(keys, "access")).toBe(true);
    expect(spec.has(keys, "a")).toBe(false);
    expect(keys.substring(spec.noteStart, spec.noteEnd)).toBe("a note: so");
    readKeySpec(keys, spec.next, spec);
    expect(isPart(keys, spec.keywordStart, spec.keywordEnd, "GET")).toBe(true);
    expect(spec.index).toBe(-3);
    expect(spec.third).toBe(2);
    expect(spec.has(keys, "ro")).toBe(true);
    expect(spec.next).toBe(-1);
  });
});

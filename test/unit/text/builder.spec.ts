import { EXCHANGE, Exchange } from "../../../assembly/abi";
import {
  Arena,
  initializeAllocator,
  setHeapStart,
  usedBytesOf,
} from "../../../assembly/memory/allocator";
import { initializeScratch } from "../../../assembly/memory/scratch";
import {
  builderByte,
  builderBytes,
  builderDouble,
  builderFree,
  builderHex,
  builderInteger,
  builderQuoted,
  builderShortest,
  builderStart,
  builderText,
  builderUnsigned,
  TEXT_BUILDER_BYTES,
  TextBuilder,
  validateBuilder,
} from "../../../assembly/text/builder";

const HEAP_PAGES: i32 = 256;
const HEAP: usize = (memory.grow(HEAP_PAGES) as usize) << 16;
const HEAP_END: usize = HEAP + (HEAP_PAGES << 16);
const BUILDER = changetype<TextBuilder>(0x10000);
const TEXT: usize = 0x20000;

function start(): void {
  setHeapStart(HEAP);
  initializeAllocator(HEAP_END as u32);
  initializeScratch();
  store<u32>(EXCHANGE, 0, Exchange.FAIL_RESERVE);
  builderStart(BUILDER);
}

function built(): string {
  expect(validateBuilder(BUILDER)).toBe(0);
  const text = String.UTF8.decodeUnsafe(BUILDER.address, BUILDER.bytes);
  builderFree(BUILDER);
  expect(usedBytesOf(Arena.SERVER)).toBe(0);
  return text;
}

describe("TextBuilder", () => {
  it("fits its record", () => {
    expect(offsetof<TextBuilder>()).toBeLessThanOrEqual(TEXT_BUILDER_BYTES);
  });

  it("refuses a text of 2 GiB and more, whose length is negative as an i32", () => {
    start();
    builderText(BUILDER, "a");
    builderBytes(BUILDER, TEXT, 0x80000000 as i32);
    expect(BUILDER.isIncomplete).toBe(true);
    builderBytes(BUILDER, TEXT, -1);
    expect(built()).toBe("a");
  });

  it("puts pieces together", () => {
    start();
    builderText(BUILDER, "# Server\r\n");
    builderText(BUILDER, "uptime:");
    builderInteger(BUILDER, -42);
    builderByte(BUILDER, 0x2c);
    builderUnsigned(BUILDER, u64.MAX_VALUE);
    builderText(BUILDER, " ");
    builderDouble(BUILDER, 1.005, 2);
    builderText(BUILDER, " ");
    builderDouble(BUILDER, 99.996, 2);
    builderText(BUILDER, " ");
    builderShortest(BUILDER, 0.1);
    builderText(BUILDER, " ");
    builderHex(BUILDER, 0xbeef, 8);
    expect(built()).toBe("# Server\r\nuptime:-42,18446744073709551615 1.00 100.00 0.1 0000beef");
  });

  it("quotes", () => {
    start();
    const bytes: u8[] = [0x61, 0x20, 0x7e, 0x22, 0x5c, 10, 13, 9, 7, 8, 0, 0x1f, 0x7f, 0xff];
    for (let i = 0; i < bytes.length; i++) store<u8>(TEXT + i, bytes[i]);
    builderQuoted(BUILDER, TEXT, bytes.length);
    expect(built()).toBe("\"a ~\\\"\\\\\\n\\r\\t\\a\\b\\x00\\x1f\\x7f\\xff\"");
  });

  it("grows through every size", () => {
    start();
    for (let i = 0; i < 40000; i++) {
      builderInteger(BUILDER, i % 10);
      builderText(BUILDER, "abcdefghi");
    }
    expect(BUILDER.bytes).toBe(400000);
    for (let i = 0; i < 40000; i++) {
      if (load<u8>(BUILDER.address + i * 10) != 0x30 + <u8>(i % 10)) expect(i).toBe(-1);
      if (load<u8>(BUILDER.address + i * 10 + 9) != 0x69) expect(i).toBe(-1);
    }
    expect(BUILDER.isIncomplete).toBe(false);
    expect(built().length).toBe(400000);
  });

  it("stops, and says so, when memory is refused", () => {
    start();
    memory.fill(TEXT, 0x78, 0x10000);
    let added = 0;
    while (!BUILDER.isIncomplete && added < 1000) {
      builderBytes(BUILDER, TEXT, 0x10000);
      added += 1;
    }
    expect(added).toBeLessThan(HEAP_PAGES);
    expect(BUILDER.isIncomplete).toBe(true);
    expect(BUILDER.bytes).toBe((added - 1) << 16);
    const before = BUILDER.bytes;
    builderBytes(BUILDER, TEXT, 0x10000);
    expect(BUILDER.bytes).toBe(before);
    for (let i = 0; i < before; i++) {
      if (load<u8>(BUILDER.address + i) != 0x78) expect(i).toBe(-1);
    }
    expect(validateBuilder(BUILDER)).toBe(0);
    builderFree(BUILDER);
  });
});

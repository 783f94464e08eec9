/**
 * A reader of finished WebAssembly binaries, written from the specification.
 *
 * It shares no code with the compiler or with the write-barrier pass, so that what scan.mjs and the
 * tidy test say about a module does not rest on the tool that made it. Instructions come out as
 * short texts ("local.get 3", "i32.store offset=8"); those that nothing asks for by name come out
 * by number ("0x6a"). An instruction it does not know is an error, never skipped.
 */

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const EXTERNAL_KINDS = ["function", "table", "memory", "global", "tag"];

const PLAIN_NAMES = {
  0x05: "else",
  0x0b: "end",
  0x0f: "return",
  0x45: "i32.eqz",
  0x4d: "i32.le_u",
  0x6a: "i32.add",
  0x6b: "i32.sub",
  0x72: "i32.or",
  0x76: "i32.shr_u",
};

/** Loads and stores from 0x28 on, in order. */
const ACCESS_NAMES = (
  "i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u " +
  "i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u " +
  "i32.store i64.store f32.store f64.store i32.store8 i32.store16 " +
  "i64.store8 i64.store16 i64.store32"
).split(" ");

/** Opcodes with one index: name by opcode. */
const INDEXED_NAMES = {
  0x0c: "br",
  0x0d: "br_if",
  0x10: "call",
  0x12: "return_call",
  0x20: "local.get",
  0x21: "local.set",
  0x22: "local.tee",
  0x23: "global.get",
  0x24: "global.set",
  0x25: "table.get",
  0x26: "table.set",
  0x3f: "memory.size",
  0x40: "memory.grow",
  0xd2: "ref.func",
};

/** 0xFC instructions from 8 on: name and how many indices follow. */
const BULK_NAMES = [
  ["memory.init", 2],
  ["data.drop", 1],
  ["memory.copy", 2],
  ["memory.fill", 1],
  ["table.init", 2],
  ["elem.drop", 1],
  ["table.copy", 2],
  ["table.grow", 1],
  ["table.size", 1],
  ["table.fill", 1],
];

/** Where a reader stands in the bytes. */
class Cursor {
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte() {
    if (this.at >= this.end) throw new Error("wasm: unexpected end");
    return this.bytes[this.at++];
  }

  skip(bytes) {
    this.at += bytes;
    if (this.at > this.end) throw new Error("wasm: unexpected end");
  }

  unsigned() {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** A signed LEB128 of up to 64 bits, as BigInt. */
  signed() {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return byte & 0x40 ? value - (1n << shift) : value;
    }
  }

  text() {
    const bytes = this.unsigned();
    const start = this.at;
    this.skip(bytes);
    return new TextDecoder().decode(this.bytes.subarray(start, this.at));
  }

  list(read) {
    return Array.from({ length: this.unsigned() }, () => read());
  }
}

/** Reads a whole module; see the sections below for the shape of each part. */
export function readModule(binary) {
  if (MAGIC.some((byte, index) => binary[index] !== byte)) throw new Error("wasm: not a module");
  const module = {
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    start: undefined,
    elements: [],
    dataCount: undefined,
    code: [],
    data: [],
    sections: [],
  };
  const cursor = new Cursor(binary, MAGIC.length);
  while (cursor.at < cursor.end) {
    const id = cursor.byte();
    const bytes = cursor.unsigned();
    const section = new Cursor(binary, cursor.at, cursor.at + bytes);
    cursor.skip(bytes);
    module.sections.push(id);
    SECTION_READERS[id]?.(module, section);
    if (SECTION_READERS[id] && section.at !== section.end) {
      throw new Error(`wasm: section ${id} has bytes left over`);
    }
  }
  return module;
}

const SECTION_READERS = {
  1: (module, cursor) => {
    module.types = cursor.list(() => readType(cursor));
  },
  2: (module, cursor) => {
    module.imports = cursor.list(() => readImport(cursor));
  },
  3: (module, cursor) => {
    module.functions = cursor.list(() => cursor.unsigned());
  },
  4: (module, cursor) => {
    module.tables = cursor.list(() => readTableType(cursor));
  },
  5: (module, cursor) => {
    module.memories = cursor.list(() => readLimits(cursor));
  },
  6: (module, cursor) => {
    module.globals = cursor.list(() => ({
      type: cursor.byte(),
      mutable: cursor.byte() === 1,
      value: readExpression(cursor),
    }));
  },
  7: (module, cursor) => {
    module.exports = cursor.list(() => ({
      name: cursor.text(),
      kind: EXTERNAL_KINDS[cursor.byte()],
      index: cursor.unsigned(),
    }));
  },
  8: (module, cursor) => {
    module.start = cursor.unsigned();
  },
  9: (module, cursor) => {
    module.elements = cursor.list(() => readElements(cursor));
  },
  10: (module, cursor) => {
    module.code = cursor.list(() => readBody(cursor));
  },
  11: (module, cursor) => {
    module.data = cursor.list(() => readData(cursor));
  },
  12: (module, cursor) => {
    module.dataCount = cursor.unsigned();
  },
};

/** A function type as text: "7f7f>7f". */
function readType(cursor) {
  if (cursor.byte() !== 0x60) throw new Error("wasm: only function types are known");
  const side = () =>
    cursor
      .list(() => cursor.byte())
      .map((type) => type.toString(16))
      .join("");
  return `${side()}>${side()}`;
}

function readImport(cursor) {
  const entry = { module: cursor.text(), name: cursor.text(), kind: EXTERNAL_KINDS[cursor.byte()] };
  switch (entry.kind) {
    case "function":
      return { ...entry, type: cursor.unsigned() };
    case "table":
      return { ...entry, table: readTableType(cursor) };
    case "memory":
      return { ...entry, limits: readLimits(cursor) };
    case "global":
      return { ...entry, type: cursor.byte(), mutable: cursor.byte() === 1 };
    default:
      throw new Error(`wasm: import of kind ${entry.kind}`);
  }
}

function readTableType(cursor) {
  return { type: cursor.byte(), limits: readLimits(cursor) };
}

function readLimits(cursor) {
  const flags = cursor.byte();
  const minimum = cursor.unsigned();
  return { minimum, maximum: flags & 1 ? cursor.unsigned() : undefined, flags };
}

/** A constant expression as the list of its instructions, without the closing end. */
function readExpression(cursor) {
  const instructions = [];
  for (;;) {
    const instruction = readInstruction(cursor);
    if (instruction === "end") return instructions;
    instructions.push(instruction);
  }
}

/** {mode, table, offset, items}: items are function indices, or expressions. */
function readElements(cursor) {
  const flags = cursor.unsigned();
  const passive = (flags & 1) === 1;
  const indexed = !passive && (flags & 2) === 2;
  const table = indexed ? cursor.unsigned() : 0;
  const offset = passive ? undefined : readExpression(cursor);
  if (flags & 3) cursor.byte();
  const expressions = (flags & 4) === 4;
  const items = cursor.list(() => (expressions ? readExpression(cursor) : cursor.unsigned()));
  return { mode: passive ? "passive" : "active", table, offset, items };
}

/** {mode, offset, bytes}: how many bytes, not which. */
function readData(cursor) {
  const flags = cursor.unsigned();
  if (flags === 2) cursor.unsigned();
  const offset = flags === 1 ? undefined : readExpression(cursor);
  const bytes = cursor.unsigned();
  cursor.skip(bytes);
  return { mode: flags === 1 ? "passive" : "active", offset, bytes };
}

/** {locals: number of declared locals, instructions} */
function readBody(cursor) {
  const bytes = cursor.unsigned();
  const body = new Cursor(cursor.bytes, cursor.at, cursor.at + bytes);
  cursor.skip(bytes);
  let locals = 0;
  for (let groups = body.unsigned(); groups > 0; groups--) {
    locals += body.unsigned();
    body.byte();
  }
  const instructions = [];
  while (body.at < body.end) instructions.push(readInstruction(body));
  return { locals, instructions };
}

function readInstruction(cursor) {
  const code = cursor.byte();
  const name = PLAIN_NAMES[code];
  if (name) return name;
  if (code >= 0x28 && code <= 0x3e)
    return `${ACCESS_NAMES[code - 0x28]} ${readMemoryArgument(cursor)}`;
  if (INDEXED_NAMES[code]) return `${INDEXED_NAMES[code]} ${cursor.unsigned()}`;
  if (code <= 0x01 || code === 0x1a || code === 0x1b || code === 0xd1) return hex(code);
  if (code >= 0x45 && code <= 0xc4) return hex(code);
  switch (code) {
    case 0x02:
      return `block ${blockType(cursor)}`;
    case 0x03:
      return `loop ${blockType(cursor)}`;
    case 0x04:
      return `if ${blockType(cursor)}`;
    case 0x0e:
      return `br_table ${cursor.list(() => cursor.unsigned()).join(" ")} ${cursor.unsigned()}`;
    case 0x11:
      return `call_indirect ${cursor.unsigned()} ${cursor.unsigned()}`;
    case 0x13:
      return `return_call_indirect ${cursor.unsigned()} ${cursor.unsigned()}`;
    case 0x1c:
      return `select ${cursor.list(() => cursor.byte()).join(" ")}`;
    case 0x41:
      return `i32.const ${Number(cursor.signed())}`;
    case 0x42:
      return `i64.const ${cursor.signed()}`;
    case 0x43:
      cursor.skip(4);
      return "f32.const";
    case 0x44:
      cursor.skip(8);
      return "f64.const";
    case 0xd0:
      return `ref.null ${cursor.signed()}`;
    case 0xfc:
      return readBulk(cursor);
    case 0xfd:
      return readVector(cursor);
    case 0xfe:
      return readAtomic(cursor);
  }
  throw new Error(`wasm: unknown instruction ${hex(code)}`);
}

function readBulk(cursor) {
  const code = cursor.unsigned();
  if (code < 8) return `0xfc ${code}`;
  const entry = BULK_NAMES[code - 8];
  if (!entry) throw new Error(`wasm: unknown instruction 0xfc ${code}`);
  const indices = Array.from({ length: entry[1] }, () => cursor.unsigned());
  return `${entry[0]} ${indices.join(" ")}`;
}

function readVector(cursor) {
  const code = cursor.unsigned();
  if (code === 11) return `v128.store ${readMemoryArgument(cursor)}`;
  if (code < 11 || code === 92 || code === 93)
    return `v128.load:${code} ${readMemoryArgument(cursor)}`;
  if (code === 12 || code === 13) {
    cursor.skip(16);
    return `0xfd ${code}`;
  }
  if (code >= 21 && code <= 34) return `0xfd ${code} ${cursor.byte()}`;
  if (code >= 84 && code <= 91) {
    const kind = code < 88 ? "load" : "store";
    const width = 8 << ((code - 84) & 3);
    return `v128.${kind}${width}_lane ${readMemoryArgument(cursor)} ${cursor.byte()}`;
  }
  if (code > 0x113) throw new Error(`wasm: unknown instruction 0xfd ${code}`);
  return `0xfd ${code}`;
}

function readAtomic(cursor) {
  const code = cursor.unsigned();
  if (code === 3) {
    cursor.byte();
    return "atomic.fence";
  }
  return `atomic:${hex(code)} ${readMemoryArgument(cursor)}`;
}

/** "offset=N": the alignment is only a hint, and a second memory is refused. */
function readMemoryArgument(cursor) {
  const alignment = cursor.unsigned();
  if (alignment >= 0x40) throw new Error("wasm: more than one memory");
  return `offset=${cursor.unsigned()}`;
}

function blockType(cursor) {
  const type = cursor.signed();
  return type === -64n ? "void" : `${type}`;
}

function hex(code) {
  return `0x${code.toString(16)}`;
}

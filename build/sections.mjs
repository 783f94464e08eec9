/** Cuts sections out of a WebAssembly binary: what binaryen.js has no call for. */

const HEADER_BYTES = 8;
const SECTION_DATA = 11;
/** Flags of a data segment: 1 is passive, 2 is active with a memory index. */
const PASSIVE = 1;
const ACTIVE_WITH_INDEX = 2;
const I32_CONST = 0x41;
const GLOBAL_GET = 0x23;
const END = 0x0b;

/** The binary without the sections of these ids. */
export function dropSections(binary, ids) {
  return rewriteSections(binary, (id, body) => (ids.includes(id) ? undefined : body));
}

/** The binary with each active data segment replaced by an empty passive one. */
export function emptyActiveSegments(binary) {
  return rewriteSections(binary, (id, body) => (id === SECTION_DATA ? emptied(body) : body));
}

function rewriteSections(binary, rewrite) {
  const parts = [binary.subarray(0, HEADER_BYTES)];
  let at = HEADER_BYTES;
  while (at < binary.length) {
    const id = binary[at];
    const size = readUnsigned(binary, at + 1);
    const body = rewrite(id, binary.subarray(size.next, size.next + size.value));
    if (body) parts.push(Uint8Array.of(id), unsigned(body.length), body);
    at = size.next + size.value;
  }
  return new Uint8Array(Buffer.concat(parts));
}

function emptied(body) {
  const count = readUnsigned(body, 0);
  const parts = [unsigned(count.value)];
  let at = count.next;
  for (let index = 0; index < count.value; index++) {
    const start = at;
    const flags = readUnsigned(body, at);
    at = flags.next;
    if (flags.value === ACTIVE_WITH_INDEX) at = readUnsigned(body, at).next;
    if (flags.value !== PASSIVE) at = skipOffset(body, at);
    const size = readUnsigned(body, at);
    at = size.next + size.value;
    parts.push(flags.value === PASSIVE ? body.subarray(start, at) : Uint8Array.of(PASSIVE, 0));
  }
  return Buffer.concat(parts);
}

function skipOffset(body, at) {
  if (body[at] !== I32_CONST && body[at] !== GLOBAL_GET) {
    throw new Error("sections: a data segment's offset is neither a constant nor a global");
  }
  const end = readUnsigned(body, at + 1).next;
  if (body[end] !== END) throw new Error("sections: a data segment's offset is an expression");
  return end + 1;
}

function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at };
  }
}

function unsigned(value) {
  const bytes = [];
  do {
    bytes.push(value >= 0x80 ? (value & 0x7f) | 0x80 : value);
    value = Math.floor(value / 0x80);
  } while (value > 0);
  return Uint8Array.from(bytes);
}

/**
 * The bytes of an image: the pages of a data set, cut at one position of its history. Numbers are
 * little-endian.
 *
 *   header, 80 bytes                         block, 20 bytes and its records
 *   +0   "QUIREIMG"                          +0   u32  checksum of all that follows in the block
 *   +8   u32  format version                 +4   u32  "PAGE"
 *   +12  u32  layout version of the pages    +8   u32  number of the block, from 0
 *   +16  16 bytes  hash of the engine        +12  u32  records, at most 63
 *   +32  16 bytes  history id                +16  u32  stored bytes n
 *   +48  f64  offset in the history          +20  n bytes: records of 4 + 4096 bytes, as they are
 *   +56  f64  time of the fork, ms                when n is what they take, else deflated
 *   +64  u32  pages in all
 *   +68  u32  the first page above all       footer, 20 bytes: as a block, "DONE", the number of
 *   +72  u32  0                              blocks, the number of records in all, 0
 *   +76  u32  checksum of bytes 0 to 75
 *
 * A record is the number of a 4 KiB page (u32) and its bytes. Each page comes once, in any order:
 * a page that is about to change is saved out of turn. Free pages are left out. Checksums are
 * XXH32. The file ends with its footer: without it the image is not whole.
 */
import { PAGE_BYTES } from "../../../assembly/abi.js";
import { xxh32 } from "./xxh32.js";

export const IMAGE_FORMAT_VERSION = 1;
export const HEADER_BYTES = 80;
export const BLOCK_HEADER_BYTES = 20;
export const RECORD_BYTES = 4 + PAGE_BYTES;
/** As many as keep a block below 256 KiB: small steps of writing and of checking. */
export const BLOCK_RECORDS = 63;
export const BLOCK_BYTES = BLOCK_HEADER_BYTES + BLOCK_RECORDS * RECORD_BYTES;

const MAGIC = "QUIREIMG";
const KIND_PAGES = 0x45474150;
const KIND_FOOTER = 0x454e4f44;
const CHECKSUM_AT = HEADER_BYTES - 4;

export interface ImageHeader {
  readonly layoutVersion: number;
  /** 32 hexadecimal digits. */
  readonly engineHash: string;
  readonly history: string;
  readonly offset: number;
  readonly timeMs: number;
  readonly pages: number;
  readonly endPage: number;
}

export interface BlockHeader {
  readonly isFooter: boolean;
  /** Of the footer: how many blocks there are. */
  readonly index: number;
  readonly records: number;
  readonly storedBytes: number;
}

export function renderHeader(header: ImageHeader): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  new TextEncoder().encodeInto(MAGIC, bytes);
  view.setUint32(8, IMAGE_FORMAT_VERSION, true);
  view.setUint32(12, header.layoutVersion, true);
  writeHex(bytes, 16, header.engineHash);
  writeHex(bytes, 32, header.history);
  view.setFloat64(48, header.offset, true);
  view.setFloat64(56, header.timeMs, true);
  view.setUint32(64, header.pages, true);
  view.setUint32(68, header.endPage, true);
  view.setUint32(CHECKSUM_AT, xxh32(bytes, 0, CHECKSUM_AT), true);
  return bytes;
}

/** Reads a header; throws an Error that says what is wrong with it. */
export function parseHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = new TextDecoder("latin1").decode(bytes.subarray(0, MAGIC.length));
  if (bytes.length < HEADER_BYTES) throw new Error("it is cut off within its header");
  if (magic !== MAGIC) throw new Error("it is no image: its first bytes are not QUIREIMG");
  const version = view.getUint32(8, true);
  if (view.getUint32(CHECKSUM_AT, true) !== xxh32(bytes, 0, CHECKSUM_AT)) {
    const other = `, or of format ${version}, where this one reads ${IMAGE_FORMAT_VERSION}`;
    const or = version === IMAGE_FORMAT_VERSION ? "" : other;
    throw new Error(`its header is damaged${or}: the checksum does not fit`);
  }
  if (version !== IMAGE_FORMAT_VERSION) {
    throw new Error(`its format is version ${version}, this one reads ${IMAGE_FORMAT_VERSION}`);
  }
  return {
    layoutVersion: view.getUint32(12, true),
    engineHash: readHex(bytes, 16, 16),
    history: readHex(bytes, 32, 16),
    offset: view.getFloat64(48, true),
    timeMs: view.getFloat64(56, true),
    pages: view.getUint32(64, true),
    endPage: view.getUint32(68, true),
  };
}

/** Puts header and checksum before the `storedBytes` that stand in the block already. */
export function sealBlock(block: Uint8Array, header: BlockHeader): void {
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  view.setUint32(4, header.isFooter ? KIND_FOOTER : KIND_PAGES, true);
  view.setUint32(8, header.index, true);
  view.setUint32(12, header.records, true);
  view.setUint32(16, header.storedBytes, true);
  const end = BLOCK_HEADER_BYTES + header.storedBytes;
  view.setUint32(0, xxh32(block, 4, end), true);
}

/** Checks a block, of which `bytes` holds as much as there is; throws what is wrong with it. */
export function parseBlock(bytes: Uint8Array): BlockHeader {
  if (bytes.length < BLOCK_HEADER_BYTES) throw new Error("the file is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = view.getUint32(4, true);
  const records = view.getUint32(12, true);
  const storedBytes = view.getUint32(16, true);
  const isFooter = kind === KIND_FOOTER;
  const isBlock =
    kind === KIND_PAGES &&
    records > 0 &&
    records <= BLOCK_RECORDS &&
    storedBytes <= records * RECORD_BYTES;
  if (!isBlock && !(isFooter && storedBytes === 0)) throw new Error("the block is damaged");
  const end = BLOCK_HEADER_BYTES + storedBytes;
  if (end > bytes.length) throw new Error("the file is cut off");
  if (view.getUint32(0, true) !== xxh32(bytes, 4, end)) {
    throw new Error("the block is damaged: the checksum does not fit");
  }
  return { isFooter, index: view.getUint32(8, true), records, storedBytes };
}

function writeHex(bytes: Uint8Array, at: number, hex: string): void {
  for (let i = 0; i < hex.length; i += 2) {
    bytes[at + i / 2] = Number.parseInt(hex.slice(i, i + 2), 16);
  }
}

export function readHex(bytes: Uint8Array, at: number, count: number): string {
  let hex = "";
  for (let i = at; i < at + count; i++) hex += (bytes[i] as number).toString(16).padStart(2, "0");
  return hex;
}

/**
 * Walks over an RDB file of Redis or Valkey, key by key: what stands before the value is read, of
 * the value only where it ends. Whatever is wrong with the file is a FileError.
 */
import { FileCursor, type FileSource } from "./cursor.js";
import {
  FIRST_VERSION_WITH_SUM,
  NEWEST_VERSION,
  Opcode,
  typeName,
  UNKNOWN_TYPE,
  ValueType,
} from "./format.js";
import { readLength, readString, skipLengths, skipString, tooMany } from "./strings.js";
import { skipModuleParts, skipValue } from "./values.js";

const TEXT = new TextDecoder();

/** A key, with everything but its value's meaning. */
export interface RdbKey {
  readonly database: number;
  readonly key: Uint8Array;
  readonly type: number;
  /** Milliseconds since 1970; undefined = it does not expire. */
  readonly expiryMs: bigint | undefined;
  readonly idleSeconds: number | undefined;
  readonly frequency: number | undefined;
  /** Where its value begins and ends in the file. */
  readonly start: number;
  readonly end: number;
  /** The value as it stands in the file, until the next key is read; undefined when it is long. */
  readonly value: Uint8Array | undefined;
}

export class RdbWalker {
  readonly file: FileCursor;
  readonly isValkey: boolean;
  readonly version: number;
  /** The AUX fields met so far. */
  readonly aux = new Map<string, string>();
  /** What was passed over: libraries of functions, data of modules. */
  functions = 0;
  moduleData = 0;
  keys = 0;
  /** Set at the end: the file had a checksum, and it fits. */
  isChecked = false;
  #database = 0;
  #expiryMs: bigint | undefined;
  #idleSeconds: number | undefined;
  #frequency: number | undefined;
  #ended = false;

  constructor(source: FileSource) {
    this.file = new FileCursor(source);
    if (source.bytes === 0) this.file.fail("the file is empty");
    this.isValkey = this.file.startsWith("VALKEY");
    if (!this.isValkey && !this.file.startsWith("REDIS")) {
      this.file.fail("this is no RDB file: it does not begin with REDIS or VALKEY");
    }
    const digits = TEXT.decode(this.file.take(9)).slice(this.isValkey ? 6 : 5);
    this.version = Number(digits);
    if (!/^\d+$/.test(digits) || this.version === 0) {
      this.file.fail(`"${digits}" is no version of the format`, this.isValkey ? 6 : 5);
    }
  }

  static isRdb(start: Uint8Array): boolean {
    return /^(REDIS|VALKEY)/.test(TEXT.decode(start.subarray(0, 6)));
  }

  /** The next key; undefined at the end, whose checksum fits then. */
  next(): RdbKey | undefined {
    while (!this.#ended) {
      const offset = this.file.offset;
      const opcode = this.file.byte();
      if (opcode < Opcode.SLOT_IMPORT_OR_KEY_METADATA) return this.#readKey(opcode, offset);
      this.#readOpcode(opcode);
    }
    return undefined;
  }

  /** What a message says of a file that is newer than this program. */
  get newer(): string {
    if (this.isValkey || this.version <= NEWEST_VERSION) return "";
    return ` (the file has version ${this.version} of the format, ${NEWEST_VERSION} is known here)`;
  }

  #readKey(type: number, offset: number): RdbKey {
    const { file } = this;
    const key = readString(file);
    if (type >= UNKNOWN_TYPE || type === ValueType.MODULE_EARLY || type === 8) {
      const name = `key ${quoteKey(key)} of database ${this.#database}`;
      file.fail(`${name} has ${typeName(type)}, which is not known here${this.newer}`, offset);
    }
    const start = file.offset;
    file.mark();
    skipValue(file, type, this.isValkey);
    const read: RdbKey = {
      database: this.#database,
      key,
      type,
      expiryMs: this.#expiryMs,
      idleSeconds: this.#idleSeconds,
      frequency: this.#frequency,
      start,
      end: file.offset,
      value: file.marked(),
    };
    this.#expiryMs = undefined;
    this.#idleSeconds = undefined;
    this.#frequency = undefined;
    this.keys++;
    return read;
  }

  #readOpcode(opcode: number): void {
    const { file } = this;
    switch (opcode) {
      case Opcode.END:
        this.#readEnd();
        break;
      case Opcode.SELECT_DATABASE:
        this.#database = readLength(file);
        break;
      case Opcode.EXPIRY_SECONDS:
        this.#expiryMs = BigInt(file.int32()) * 1000n;
        break;
      case Opcode.EXPIRY_MS: {
        const expiryMs = file.int64();
        this.#expiryMs = expiryMs === -1n ? undefined : expiryMs;
        break;
      }
      case Opcode.RESIZE_DATABASE:
        skipLengths(file, 2);
        break;
      case Opcode.AUX: {
        const name = TEXT.decode(readString(file));
        this.aux.set(name, TEXT.decode(readString(file)));
        break;
      }
      case Opcode.FREQUENCY:
        this.#frequency = file.byte();
        break;
      case Opcode.IDLE:
        this.#idleSeconds = readLength(file);
        break;
      case Opcode.MODULE_AUX:
        skipLengths(file, 3);
        this.moduleData++;
        skipModuleParts(file);
        break;
      case Opcode.FUNCTION:
        this.functions++;
        skipString(file);
        break;
      case Opcode.FUNCTION_EARLY:
        file.fail("it holds functions as a release candidate of Redis 7.0 wrote them");
        break;
      case Opcode.SLOT_INFO:
        skipLengths(file, 3);
        break;
      default:
        if (this.isValkey) this.#skipSlotImport();
        else this.#skipKeyMetadata();
        break;
    }
  }

  /** A name and ranges of slots. */
  #skipSlotImport(): void {
    skipString(this.file);
    const ranges = readLength(this.file);
    if (ranges > this.file.left) tooMany(this.file, ranges);
    skipLengths(this.file, ranges * 2);
  }

  /** What modules keep beside the next key: for each of them its class and its data. */
  #skipKeyMetadata(): void {
    const classes = readLength(this.file);
    if (classes > this.file.left) tooMany(this.file, classes);
    for (let i = 0; i < classes; i++) {
      this.file.skip(4);
      skipModuleParts(this.file);
    }
    this.moduleData++;
  }

  #readEnd(): void {
    this.#ended = true;
    if (!this.isValkey && this.version < FIRST_VERSION_WITH_SUM) return;
    const sum = this.file.sum();
    const { low, high } = sum;
    const offset = this.file.offset;
    const writtenLow = this.file.int32();
    const writtenHigh = this.file.int32();
    if (writtenLow === 0 && writtenHigh === 0) return;
    if (writtenLow !== low || writtenHigh !== high) {
      this.file.fail("the checksum does not fit: the file is damaged", offset);
    }
    this.isChecked = true;
  }
}

/** A key in a message: as text where it is some, cut when it is long. */
export function quoteKey(key: Uint8Array): string {
  let text = "";
  for (const byte of key.subarray(0, 100)) {
    const isPlain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return key.length > 100 ? `"${text}..."` : `"${text}"`;
}

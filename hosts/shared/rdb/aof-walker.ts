/**
 * Walks over an append-only file of Redis, command by command: RESP arrays, lines of annotation and
 * blocks of MULTI..EXEC, whose commands count only when the block is complete.
 */
import { FileCursor, type FileSource } from "./cursor.js";

/** A word longer than this is no name of a command. */
const LONGEST_NAME = 64;
const LONGEST_LINE = 1024;
const LONGEST_NUMBER = 15;

/** A command of the file. */
export interface AofCommand {
  /** Its name in lower case. */
  readonly name: string;
  readonly words: number;
  /** The first argument's first bytes, for messages. */
  readonly key: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Its bytes, until the next command is read; undefined when they are many. */
  readonly bytes: Uint8Array | undefined;
}

export class AofWalker {
  readonly file: FileCursor;
  /** Commands met. */
  commands = 0;
  /** Where the file's last complete command, or block of commands, ends. */
  wholeBytes: number;
  /** Complete commands of a block that wait to be taken. */
  #block: AofCommand[] = [];

  constructor(source: FileSource, offset = 0) {
    this.file = new FileCursor(source, offset);
    this.wholeBytes = offset;
  }

  /** The next command; undefined at the end. A torn one, or a torn block, is a FileError. */
  next(): AofCommand | undefined {
    const waiting = this.#block.shift();
    if (waiting !== undefined) return waiting;
    for (;;) {
      const command = this.#read();
      if (command === undefined) return undefined;
      if (command.name === "multi") {
        this.#readBlock(command.start);
        this.wholeBytes = this.file.offset;
        const first = this.#block.shift();
        if (first !== undefined) return first;
        continue;
      }
      this.wholeBytes = command.end;
      return command;
    }
  }

  #readBlock(start: number): void {
    for (;;) {
      const command = this.#read();
      if (command === undefined) {
        this.#block = [];
        this.file.fail("the file ends inside MULTI..EXEC", start);
      }
      if (command.name === "exec") return;
      this.#block.push({ ...command, bytes: undefined });
    }
  }

  #read(): AofCommand | undefined {
    const { file } = this;
    while (file.left > 0 && file.startsWith("#")) this.#skipLine();
    if (file.left === 0) return undefined;
    const start = file.offset;
    file.mark();
    const words = this.#count("*");
    if (words === 0) file.fail("a command without a name", start);
    let name = "";
    let key: Uint8Array = new Uint8Array(0);
    for (let word = 0; word < words; word++) {
      const bytes = this.#count("$");
      if (word === 0 && bytes > LONGEST_NAME) file.fail("this is no name of a command");
      if (word < 2) key = file.take(Math.min(bytes, LONGEST_NAME * 2));
      file.skip(word < 2 ? bytes - key.length : bytes);
      if (word === 0) name = new TextDecoder("latin1").decode(key).toLowerCase();
      if (file.byte() !== 13 || file.byte() !== 10) {
        file.fail("the end of a line is missing", file.offset - 1);
      }
    }
    this.commands++;
    if (words === 1) key = new Uint8Array(0);
    return { name, words, key, start, end: file.offset, bytes: file.marked() };
  }

  /** The number behind a sign, on a line of its own. */
  #count(sign: "*" | "$"): number {
    const { file } = this;
    const offset = file.offset;
    let number = 0;
    let digits = 0;
    if (file.byte() === sign.charCodeAt(0)) {
      let byte = file.byte();
      for (; byte >= 48 && byte <= 57 && digits < LONGEST_NUMBER; digits++) {
        number = number * 10 + byte - 48;
        byte = file.byte();
      }
      if (digits > 0 && byte === 13 && file.byte() === 10) return number;
    }
    return file.fail(`"${sign}" and a number are expected`, offset);
  }

  #skipLine(): void {
    const { offset } = this.file;
    for (let bytes = 0; this.file.byte() !== 10; bytes++) {
      if (bytes > LONGEST_LINE) {
        this.file.fail("this is no line of an append-only file", offset);
      }
    }
  }
}

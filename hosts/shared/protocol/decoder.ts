/**
 * An incremental reader of replies. A reply that is not complete is kept and read again from its
 * start when more has come; a cut bulk string waits until all its bytes are there, so large replies
 * are not scanned over and over.
 */
import { Aggregate, type RawReply, ReplyError, Status, Verbatim } from "./resp.js";

const INCOMPLETE = Symbol("incomplete");
type Read = RawReply | typeof INCOMPLETE;

export class ReplyDecoder {
  readonly #onReply: (reply: RawReply) => void;
  readonly #text = new TextDecoder();
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  /** Nothing can be complete before this many bytes are there. */
  #neededBytes = 1;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(onReply: (reply: RawReply) => void) {
    this.#onReply = onReply;
  }

  /** Reads a chunk; it is copied where needed, so its memory may be reused. */
  push(chunk: Uint8Array): void {
    this.#parts.push(new Uint8Array(chunk));
    this.#partsBytes += chunk.length;
    if (this.#partsBytes < this.#neededBytes) return;
    this.#bytes = this.#join();
    this.#at = 0;
    let start = 0;
    while (start < this.#bytes.length) {
      this.#neededBytes = 0;
      const reply = this.#read();
      if (reply === INCOMPLETE) break;
      start = this.#at;
      this.#onReply(reply);
    }
    const rest = this.#bytes.subarray(start);
    this.#neededBytes = Math.max(this.#neededBytes - start, rest.length + 1);
    this.#parts = rest.length > 0 ? [rest] : [];
    this.#partsBytes = rest.length;
  }

  #join(): Uint8Array {
    if (this.#parts.length === 1) return this.#parts[0] as Uint8Array;
    const joined = new Uint8Array(this.#partsBytes);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  #line(): string | undefined {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) return undefined;
    const line = this.#text.decode(this.#bytes.subarray(this.#at, end - 1));
    this.#at = end + 1;
    return line;
  }

  #read(): Read {
    const kind = this.#bytes[this.#at++];
    const line = this.#line();
    if (kind === undefined || line === undefined) return INCOMPLETE;
    switch (String.fromCharCode(kind)) {
      case "+":
        return new Status(line);
      case "-":
        return new ReplyError(line);
      case ":":
        return readInteger(line);
      case "$":
        return this.#readBulk(Number(line));
      case "*":
        return this.#readItems(Number(line));
      case "%":
        return this.#readAggregate("map", Number(line) * 2);
      case "~":
        return this.#readAggregate("set", Number(line));
      case ">":
        return this.#readAggregate("push", Number(line));
      case "|":
        return this.#skipAttribute(Number(line) * 2);
      case "_":
        return null;
      case "#":
        return line === "t";
      case ",":
        return { double: line };
      case "(":
        return BigInt(line);
      case "=":
        return this.#readVerbatim(Number(line));
      case "!":
        return this.#readBulkError(Number(line));
      default:
        throw new Error(`not a reply: ${JSON.stringify(String.fromCharCode(kind) + line)}`);
    }
  }

  #readBulk(bytes: number): Uint8Array | null | typeof INCOMPLETE {
    if (bytes < 0) return null;
    const end = this.#at + bytes + 2;
    if (end > this.#bytes.length) {
      this.#neededBytes = end;
      return INCOMPLETE;
    }
    const bulk = this.#bytes.slice(this.#at, this.#at + bytes);
    this.#at = end;
    return bulk;
  }

  #readItems(count: number): RawReply[] | null | typeof INCOMPLETE {
    if (count < 0) return null;
    const items: RawReply[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.#read();
      if (item === INCOMPLETE) return INCOMPLETE;
      items.push(item);
    }
    return items;
  }

  #readAggregate(kind: "map" | "set" | "push", count: number): Read {
    const items = this.#readItems(count);
    return items === INCOMPLETE ? INCOMPLETE : new Aggregate(kind, items ?? []);
  }

  #skipAttribute(count: number): Read {
    const items = this.#readItems(count);
    return items === INCOMPLETE ? INCOMPLETE : this.#read();
  }

  #readVerbatim(bytes: number): Read {
    const bulk = this.#readBulk(bytes);
    if (bulk === INCOMPLETE || bulk === null) return bulk;
    return new Verbatim(this.#text.decode(bulk.subarray(0, 3)), bulk.slice(4));
  }

  #readBulkError(bytes: number): Read {
    const bulk = this.#readBulk(bytes);
    if (bulk === INCOMPLETE || bulk === null) return bulk;
    return new ReplyError(this.#text.decode(bulk));
  }
}

/** A number where it is exact, a bigint beyond 2^53. */
function readInteger(line: string): number | bigint {
  const value = Number(line);
  return Number.isSafeInteger(value) ? value : BigInt(line);
}

/** RESP as a client needs it: writes requests, reads replies of RESP2 and RESP3 from any chunks. */

/** An error reply. It is a value, not an exception, until somebody awaits it. */
export class ReplyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ReplyError";
  }
}

/** A status line such as OK, told apart from a bulk string. */
export class Status {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A text with its format (RESP3 "verbatim string"). */
export class Verbatim {
  readonly format: string;
  readonly bytes: Uint8Array;
  constructor(format: string, bytes: Uint8Array) {
    this.format = format;
    this.bytes = bytes;
  }
}

/** A map, set or push: pairs of a map are in `items` one after the other. */
export class Aggregate {
  readonly kind: "map" | "set" | "push";
  readonly items: RawReply[];
  constructor(kind: "map" | "set" | "push", items: RawReply[]) {
    this.kind = kind;
    this.items = items;
  }
}

/** A reply as it was on the wire; bulk strings are bytes. */
export type RawReply =
  | null
  | boolean
  | number
  | bigint
  | Uint8Array
  | Status
  | Verbatim
  | ReplyError
  | Aggregate
  | RawReply[]
  | { double: string };

/** Bytes of a request: an array of bulk strings. */
export function encodeRequest(parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const encoder = new TextEncoder();
  const bulks = parts.map((part) =>
    part instanceof Uint8Array ? part : encoder.encode(`${part}`),
  );
  const heads = bulks.map((bulk) => encoder.encode(`$${bulk.length}\r\n`));
  const start = encoder.encode(`*${bulks.length}\r\n`);
  let bytes = start.length;
  for (let i = 0; i < bulks.length; i++) {
    bytes += (heads[i] as Uint8Array).length + (bulks[i] as Uint8Array).length + 2;
  }
  const request = new Uint8Array(bytes);
  request.set(start);
  let at = start.length;
  for (let i = 0; i < bulks.length; i++) {
    request.set(heads[i] as Uint8Array, at);
    at += (heads[i] as Uint8Array).length;
    request.set(bulks[i] as Uint8Array, at);
    at += (bulks[i] as Uint8Array).length;
    request[at++] = 13;
    request[at++] = 10;
  }
  return request;
}

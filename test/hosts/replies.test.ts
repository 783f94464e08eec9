/** The reader of replies that the store and the client share. */
import { describe, expect, it } from "vitest";
import { ReplyDecoder } from "../../hosts/shared/protocol/decoder.js";
import {
  Aggregate,
  encodeRequest,
  type RawReply,
  ReplyError,
  Status,
  Verbatim,
} from "../../hosts/shared/protocol/resp.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

function decode(chunks: Uint8Array[]): RawReply[] {
  const replies: RawReply[] = [];
  const decoder = new ReplyDecoder((reply) => replies.push(reply));
  for (const chunk of chunks) {
    decoder.push(chunk);
    chunk.fill(0x78);
  }
  return replies;
}

const WIRE =
  "+OK\r\n-ERR no\r\n:-7\r\n:9223372036854775807\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n" +
  "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n%1\r\n+k\r\n_\r\n~2\r\n#t\r\n#f\r\n>1\r\n+p\r\n" +
  ",3.5\r\n(123456789012345678901\r\n=7\r\ntxt:abc\r\n!5\r\nERR y\r\n|1\r\n+a\r\n:1\r\n+after\r\n";

const REPLIES: RawReply[] = [
  new Status("OK"),
  new ReplyError("ERR no"),
  -7,
  9223372036854775807n,
  bytes("a\r\n"),
  bytes(""),
  null,
  null,
  [],
  [1, [bytes("x")]],
  new Aggregate("map", [new Status("k"), null]),
  new Aggregate("set", [true, false]),
  new Aggregate("push", [new Status("p")]),
  { double: "3.5" },
  123456789012345678901n,
  new Verbatim("txt", bytes("abc")),
  new ReplyError("ERR y"),
  new Status("after"),
];

describe("ReplyDecoder", () => {
  it("reads every type", () => {
    expect(decode([bytes(WIRE)])).toEqual(REPLIES);
  });

  it("reads the same from any two chunks and from single bytes", () => {
    for (let cut = 1; cut < WIRE.length; cut++) {
      expect(decode([bytes(WIRE.slice(0, cut)), bytes(WIRE.slice(cut))])).toEqual(REPLIES);
    }
    expect(decode([...WIRE].map(bytes))).toEqual(REPLIES);
  });

  it("refuses what is no reply", () => {
    expect(() => decode([bytes("?\r\n")])).toThrow(/not a reply/);
  });
});

describe("encodeRequest", () => {
  it("writes bulk strings of texts, numbers and bytes", () => {
    const request = encodeRequest(["SET", "é", 12, new Uint8Array([0, 13, 10])]);
    expect(Buffer.from(request).toString("latin1")).toBe(
      "*4\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$2\r\n12\r\n$3\r\n\0\r\n\r\n",
    );
  });
});

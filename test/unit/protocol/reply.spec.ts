/** Replies byte by byte, in both protocol versions, and what a full or muted window does. */
import { INPUT_WINDOW, OUTPUT_WINDOW } from "../../../assembly/abi";
import { initializeScratch } from "../../../assembly/memory/scratch";
import * as errors from "../../../assembly/protocol/errors";
import * as reply from "../../../assembly/protocol/reply";
import {
  effectsSink, initializeSinks, replySink, sinkBulk, sinkBulkInteger, sinkBulkLiteral, sinkByte,
  sinkBytes, sinkFlush, sinkLiteral, sinkMute, sinkPendingBytes, sinkPosition,
  sinkRequestHeader, sinkUnmute, validateSink,
} from "../../../assembly/protocol/sink";

const TEXT: usize = INPUT_WINDOW;

function begin(version: u32): void {
  initializeScratch();
  initializeSinks();
  reply.initializeReplies();
  reply.setProtocol(version);
}

function written(): string {
  const sink = replySink();
  expect(validateSink(sink)).toBe(0);
  const text = String.UTF8.decodeUnsafe(sink.start, sink.cursor - sink.start);
  sink.cursor = sink.start;
  return text;
}

function put(text: string): usize {
  return String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, TEXT);
}

/** The sum of the bytes at an address: enough to tell whether they arrived in order. */
function checksum(address: usize, bytes: usize): u32 {
  let sum: u32 = 1;
  for (let index: usize = 0; index < bytes; index++) sum = sum * 31 + load<u8>(address + index);
  return sum;
}

describe("replies of RESP2", () => {
  it("writes the simple kinds", () => {
    begin(2);
    reply.replyOk();
    expect(written()).toBe("+OK\r\n");
    reply.replyStatus("QUEUED");
    expect(written()).toBe("+QUEUED\r\n");
    reply.replyStatusBytes(TEXT, put("PONG"));
    expect(written()).toBe("+PONG\r\n");
    reply.replyNull();
    expect(written()).toBe("$-1\r\n");
    reply.replyNullArray();
    expect(written()).toBe("*-1\r\n");
    reply.replyEmptyArray();
    expect(written()).toBe("*0\r\n");
    reply.replyBoolean(true);
    reply.replyBoolean(false);
    expect(written()).toBe(":1\r\n:0\r\n");
  });

  it("writes integers", () => {
    begin(2);
    reply.replyInteger(0);
    reply.replyInteger(9);
    reply.replyInteger(10);
    reply.replyInteger(-1);
    expect(written()).toBe(":0\r\n:9\r\n:10\r\n:-1\r\n");
    reply.replyInteger(i64.MIN_VALUE);
    reply.replyInteger(i64.MAX_VALUE);
    expect(written()).toBe(":-9223372036854775808\r\n:9223372036854775807\r\n");
    reply.replyBulkInteger(0);
    reply.replyBulkInteger(9);
    reply.replyBulkInteger(-1);
    reply.replyBulkInteger(123456789);
    reply.replyBulkInteger(1234567890);
    reply.replyBulkInteger(i64.MIN_VALUE);
    expect(written()).toBe(
      "$1\r\n0\r\n$1\r\n9\r\n$2\r\n-1\r\n$9\r\n123456789\r\n$10\r\n1234567890\r\n"
        + "$20\r\n-9223372036854775808\r\n",
    );
  });

  it("writes bulks of every small length", () => {
    begin(2);
    let text = "";
    for (let length = 0; length < 1100; length++) {
      reply.replyBulk(TEXT, put(text));
      expect(written()).toBe("$" + length.toString() + "\r\n" + text + "\r\n");
      text += String.fromCharCode(97 + length % 26);
    }
    reply.replyBulkText("quicklist");
    reply.replyBulkText("");
    reply.replyEmptyBulk();
    expect(written()).toBe("$9\r\nquicklist\r\n$0\r\n\r\n$0\r\n\r\n");
  });

  it("writes aggregates", () => {
    begin(2);
    reply.replyArray(1);
    reply.replyArray(10);
    reply.replyArray(99);
    reply.replyArray(100);
    reply.replyArray(u32.MAX_VALUE);
    expect(written()).toBe("*1\r\n*10\r\n*99\r\n*100\r\n*4294967295\r\n");
    reply.replyMap(7);
    reply.replySet(2);
    reply.replyPush(3);
    expect(written()).toBe("*14\r\n*2\r\n*3\r\n");
  });

  it("degrades the kinds of RESP3", () => {
    begin(2);
    reply.replyDouble(Infinity);
    reply.replyDouble(-Infinity);
    reply.replyDouble(NaN);
    expect(written()).toBe("$3\r\ninf\r\n$4\r\n-inf\r\n$3\r\nnan\r\n");
    reply.replyVerbatim("txt", TEXT, put("hello"));
    reply.replyBigNumber(TEXT, put("123"));
    expect(written()).toBe("$5\r\nhello\r\n$3\r\n123\r\n");
  });
});

describe("replies of RESP3", () => {
  it("writes every kind", () => {
    begin(3);
    reply.replyNull();
    reply.replyNullArray();
    expect(written()).toBe("_\r\n_\r\n");
    reply.replyMap(7);
    reply.replySet(2);
    reply.replyPush(3);
    reply.replyArray(4);
    expect(written()).toBe("%7\r\n~2\r\n>3\r\n*4\r\n");
    reply.replyBoolean(true);
    reply.replyBoolean(false);
    expect(written()).toBe("#t\r\n#f\r\n");
    reply.replyDouble(Infinity);
    reply.replyDouble(1);
    reply.replyDouble(-0.1);
    reply.replyDouble(1e300);
    expect(written()).toBe(",inf\r\n,1\r\n,-0.1\r\n,1e+300\r\n");
    reply.replyVerbatim("txt", TEXT, put("hello"));
    reply.replyBigNumber(TEXT, put("-123"));
    expect(written()).toBe("=9\r\ntxt:hello\r\n(-123\r\n");
  });
});

function lastCode(): string {
  return String.UTF8.decodeUnsafe(reply.lastErrorCodeAddress(), reply.lastErrorCodeBytes());
}

function putVector(index: u32, text: string): void {
  const address: usize = TEXT + 1024 + index * 300;
  const bytes = String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address);
  store<u32>(TEXT + (<usize>index << 3), <u32>address);
  store<u32>(TEXT + (<usize>index << 3), <u32>bytes, 4);
}

describe("errors", () => {
  it("counts and remembers the code", () => {
    begin(2);
    reply.replyError(errors.WRONG_TYPE);
    expect(written()).toBe(
      "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    );
    expect(lastCode()).toBe("WRONGTYPE");
    reply.replyError(errors.SYNTAX);
    expect(written()).toBe("-ERR syntax error\r\n");
    expect(lastCode()).toBe("ERR");
    expect(reply.errorsThisCall()).toBe(2);
    reply.clearErrorsThisCall();
    expect(reply.errorsThisCall()).toBe(0);
    expect(reply.errorsTotal()).toBe(2);
  });

  it("composes texts", () => {
    begin(2);
    errors.replyWrongArity(TEXT, put("config|get"));
    expect(written()).toBe("-ERR wrong number of arguments for 'config|get' command\r\n");
    errors.replyInvalidExpire(TEXT, put("set"));
    expect(written()).toBe("-ERR invalid expire time in 'set' command\r\n");
    reply.replyErrorLine(TEXT, put("LIMIT a\r\nb"));
    expect(written()).toBe("-LIMIT a  b\r\n");
    expect(lastCode()).toBe("LIMIT");
    errors.replyOutsideRange(-1, 10);
    expect(written()).toBe("-ERR value is out of range, value must between -1 and 10\r\n");
    errors.replyExpectedDollar(0x2b);
    expect(written()).toBe("-ERR Protocol error: expected '$', got '+'\r\n");
    errors.replyUnknownSubcommand(TEXT, put("foo"), TEXT, 3);
    expect(written()).toBe("-ERR unknown subcommand 'foo'. Try FOO HELP.\r\n");
    errors.replyConfigurationFailed(TEXT, put("port"), "can't be");
    expect(written()).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'port') - can't be\r\n",
    );
    errors.replyWrongNumber("LBOUND", true);
    expect(written()).toBe("-ERR LBOUND is not an integer or out of range\r\n");
    errors.replyUnsupportedOption(TEXT, put("foo\0bar"));
    expect(written()).toBe("-ERR Unsupported option foo\r\n");
  });

  it("cuts the arguments of an unknown command", () => {
    begin(2);
    putVector(0, "foo\r\nbar");
    putVector(1, "a".repeat(100));
    putVector(2, "b".repeat(100));
    putVector(3, "c");
    errors.replyUnknownCommand(TEXT, 4);
    expect(written()).toBe(
      "-ERR unknown command 'foo  bar', with args beginning with: '" + "a".repeat(100) + "' '"
        + "b".repeat(25) + "' \r\n",
    );
    putVector(0, "f".repeat(200));
    errors.replyUnknownCommand(TEXT, 1);
    expect(written()).toBe(
      "-ERR unknown command '" + "f".repeat(128) + "', with args beginning with: \r\n",
    );
  });

  it("holds long texts in one line", () => {
    begin(2);
    reply.replyError(errors.PROTECTED_MODE);
    const text = written();
    expect(text.startsWith("-DENIED Redis is running in protected mode because ")).toBe(true);
    expect(text.endsWith("accepting connections from the outside.\r\n")).toBe(true);
    expect(text.indexOf("\n")).toBe(text.length - 1);
  });
});

describe("sinks", () => {
  it("render requests", () => {
    begin(2);
    const sink = replySink();
    sinkRequestHeader(sink, 3);
    sinkBulkLiteral(sink, "SET");
    sinkBulk(sink, TEXT, put("key"));
    sinkBulkInteger(sink, -17);
    expect(written()).toBe("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$3\r\n-17\r\n");
  });

  it("count bytes over flushes and drop muted ones", () => {
    begin(2);
    const sink = effectsSink();
    sinkLiteral(sink, "12345");
    expect(sinkPosition(sink)).toBe(5);
    sinkMute(sink);
    for (let index = 0; index < 100000; index++) sinkByte(sink, 0x61);
    expect(sinkPosition(sink)).toBe(5);
    expect(validateSink(sink)).toBe(0);
    sinkUnmute(sink);
    sinkLiteral(sink, "678");
    expect(sinkPosition(sink)).toBe(8);
    expect(sinkPendingBytes(sink)).toBe(3);
    sinkFlush(sink);
    expect(sinkPendingBytes(sink)).toBe(0);
    for (let index = 0; index < 100000; index++) sinkByte(sink, 0x61);
    expect(sinkPosition(sink)).toBe(100008);
  });

  it("hand large payloads over where they lie", () => {
    begin(2);
    const sink = replySink();
    sink.end = sink.start + 4096;
    sinkBytes(sink, TEXT, 20000);
    expect(sinkPosition(sink)).toBe(20000);
    expect(sinkPendingBytes(sink)).toBe(0);
    sinkBytes(sink, TEXT, 10000);
    expect(sinkPosition(sink)).toBe(30000);
    expect(sinkPendingBytes(sink)).toBe(10000 - 8192);
    expect(checksum(OUTPUT_WINDOW, 10000 - 8192)).toBe(checksum(TEXT + 8192, 10000 - 8192));
  });

  it("keep what was written before a mute when the window fills up", () => {
    begin(2);
    const sink = replySink();
    sink.end = sink.start + 4096;
    sinkLiteral(sink, "kept");
    sinkMute(sink);
    sinkBytes(sink, TEXT, 50000);
    sinkBytes(sink, TEXT, 5000);
    expect(sinkPosition(sink)).toBe(4);
    sinkUnmute(sink);
    expect(sinkPendingBytes(sink)).toBe(0);
    expect(validateSink(sink)).toBe(0);
  });
});

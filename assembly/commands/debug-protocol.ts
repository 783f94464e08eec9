/** DEBUG PROTOCOL: one reply of each kind, by which client libraries test their decoders. */

import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import {
  protocol, replyArray, replyBigNumber, replyBoolean, replyBulkText, replyDouble, replyError,
  replyInteger, replyMap, replyNull, replyPush, replySet, replyVerbatim,
} from "../protocol/reply";
import { replySink, sinkLiteral } from "../protocol/sink";
import { Call } from "../server/call";
import { writeLiteral } from "../text/case";

const TEXT_BYTES_MAXIMUM: u32 = 64;

function replyThree(): void {
  for (let number = 0; number < 3; number++) replyInteger(number);
}

function replyPairs(): void {
  replyMap(3);
  for (let number = 0; number < 3; number++) {
    replyInteger(number);
    replyBoolean(number == 1);
  }
}

function replyAttribute(): void {
  if (protocol() == 3) {
    sinkLiteral(replySink(), "|1\r\n");
    replyBulkText("key-popularity");
    replyArray(2);
    replyBulkText("key:123");
    replyInteger(90);
  }
  replyBulkText("Some real reply following the attribute");
}

function replyPushed(): void {
  if (protocol() != 3) return replyError("ERR RESP2 is not supported by this command");
  replyPush(2);
  replyBulkText("server-cpu-usage");
  replyInteger(42);
  replyBulkText("Some real reply following the push reply");
}

function replyText(isNumber: bool): void {
  const mark = scratchMark();
  const text = scratchTake(TEXT_BYTES_MAXIMUM);
  if (isNumber) {
    replyBigNumber(text, writeLiteral(text, "1234567999999999999999999999999999999"));
  } else {
    replyVerbatim("txt", text, writeLiteral(text, "This is a verbatim\nstring"));
  }
  scratchRelease(mark);
}

export function debugProtocol(call: Call): void {
  if (call.is(2, "string")) return replyBulkText("Hello World");
  if (call.is(2, "integer")) return replyInteger(12345);
  if (call.is(2, "double")) return replyDouble(3.141);
  if (call.is(2, "null")) return replyNull();
  if (call.is(2, "true")) return replyBoolean(true);
  if (call.is(2, "false")) return replyBoolean(false);
  if (call.is(2, "map")) return replyPairs();
  if (call.is(2, "attrib")) return replyAttribute();
  if (call.is(2, "push")) return replyPushed();
  if (call.is(2, "verbatim")) return replyText(false);
  if (call.is(2, "bignum")) return replyText(true);
  if (call.is(2, "array")) {
    replyArray(3);
    return replyThree();
  }
  if (call.is(2, "set")) {
    replySet(3);
    return replyThree();
  }
  replyError("ERR Wrong protocol type name. Please use one of the following: \
string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

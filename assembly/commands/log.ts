/**
 * BGREWRITEAOF and WAITAOF: the log is the host's, so both ask it. A rewrite is answered as soon as
 * it has begun; WAITAOF when everything so far is durable, or its time is up.
 */

import { EXCHANGE, Exchange, Request } from "../abi";
import { position } from "../keyspace/keyspace";
import { nowMs } from "../memory/root";
import {
  NOT_POSITIVE, TIMEOUT_NEGATIVE, TIMEOUT_NOT_INTEGER, TIMEOUT_OUT_OF_RANGE, WAITAOF_WITHOUT_LOG,
} from "../protocol/errors";
import { replyOutsideRange } from "../protocol/composed-errors";
import { replyArray, replyError, replyInteger } from "../protocol/reply";
import { effectsSink, sinkPosition } from "../protocol/sink";
import { Call, integerOrReply, requestHost } from "../server/call";
import { numberOf } from "../server/configuration";
import { hostNumber } from "../server/facts";
import { command } from "../server/table";
import { mayWait } from "../server/waiting";
import { parseInteger } from "../text/integers";

function rewriteLog(call: Call): void {
  requestHost(call, Request.REWRITE_LOG, 0, 0, 0);
}

/** Whether the log is durable up to here. */
function isDurable(): bool {
  if (!numberOf("appendonly")) return false;
  return position() + sinkPosition(effectsSink()) <= hostNumber(Exchange.LOG_DURABLE);
}

function waitLog(call: Call): void {
  const out = changetype<usize>(call) + offsetof<Call>("integer");
  if (!integerOrReply(call, 1)) return;
  const wantsLog = call.integer;
  if (wantsLog < 0 || wantsLog > 1) return replyOutsideRange(0, 1);
  if (!integerOrReply(call, 2)) return;
  const replicas = call.integer;
  if (replicas < 0) return replyError(NOT_POSITIVE);
  if (!parseInteger(call.at(3), call.bytesOf(3), out)) return replyError(TIMEOUT_NOT_INTEGER);
  const timeoutMs = call.integer;
  if (timeoutMs < 0) return replyError(TIMEOUT_NEGATIVE);
  if (timeoutMs > i64.MAX_VALUE - nowMs()) return replyError(TIMEOUT_OUT_OF_RANGE);
  if (wantsLog && !numberOf("appendonly")) return replyError(WAITAOF_WITHOUT_LOG);
  const reached = isDurable();
  if ((replicas || (wantsLog && !reached)) && mayWait(call)) {
    // There are no replicas: who asks for one waits until the time is up.
    const number = replicas ? -1 - <f64>timeoutMs : <f64>timeoutMs;
    return requestHost(call, Request.WAIT_LOG, number, 0, 0);
  }
  replyDurable(reached);
}

function replyDurable(reached: bool): void {
  replyArray(2);
  replyInteger(i64(reached));
  replyInteger(0);
}

/** The host's answer to WAITAOF. */
export function completeWaitLog(text: usize, bytes: u32): void {
  replyDurable(bytes == 1 && load<u8>(text) == 0x31);
}

export function registerLog(): void {
  command(rewriteLog.index, "bgrewriteaof", "server", "1.0.0", 1,
    "admin noscript no_async_loading", "", "", "", "", "O(1)",
    "Starts to rewrite the log in the background: an image, and a fresh segment behind it.");
  command(waitLog.index, "waitaof", "generic", "7.2.0", 4, "blocking", "connection", "",
    "numlocal:integer numreplicas:integer timeout:integer",
    "request_policy:all_shards response_policy:agg_min", "O(1)",
    "Waits until the writes of this connection are durable in the log.");
}

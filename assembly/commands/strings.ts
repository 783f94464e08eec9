/** String commands: a whole value of one key. The others are in string-*.ts. */

import { lookupRead, lookupWrite, removeExpiry, setExpiry } from "../keyspace/database";
import { effectBytes, effectExpireAt, effectLiteral } from "../keyspace/effects";
import { EventClass } from "../keyspace/events";
import { isReplaying, nowMs } from "../memory/root";
import { WRONG_TYPE } from "../protocol/errors";
import { replyError, replyInteger, replyNull, replyOk } from "../protocol/reply";
import { Call, renderInstead, renderNothing, touchKey } from "../server/call";
import { notifyArgument, notifyReplacing } from "../server/notifications";
import { command, deprecated } from "../server/table";
import { KeyEntry, Type } from "../values/key-entry";
import { stringBytes } from "../values/string";
import { reserveExpiry } from "./keys-expiry";
import {
  CONDITIONS, EXPIRIES, Option, clearOptions, expiryOrReply, optionsOrReply, stringOptions,
  whenOrReply,
} from "./string-options";
import { replyString, reserveValue, setFromArgument } from "./string-values";
import { NUMBER, mayReplace, registerStringCompare, removeRendered } from "./string-compare";
import { registerStringIncrex } from "./string-increx";
import { registerStringLcs } from "./string-lcs";
import { registerStringNumbers } from "./string-numbers";
import { registerStringRanges } from "./string-ranges";
import { registerStringSeveral, renderSet } from "./string-several";

function get(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  replyString(entry);
}

function set(call: Call): void {
  if (call.argumentCount != 3) return setWithOptions(call);
  if (!reserveValue(call, 1, 2)) return;
  lookupWrite(call.database, call.at(1), call.bytesOf(1));
  notifyReplacing(call, Type.STRING, 1);
  setFromArgument(call, 1, 2, false);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "set", 1);
  replyOk();
}

// @ts-ignore: decorator
@inline const SET_OPTIONS: u32 = CONDITIONS | EXPIRIES | Option.GET | Option.KEEPTTL;

function setWithOptions(call: Call): void {
  if (!optionsOrReply(call, 3, SET_OPTIONS) || !expiryOrReply(call)) return;
  if (!reserveValue(call, 1, 2)) return;
  const flags = stringOptions().flags;
  const answersOld = (flags & Option.GET) != 0;
  const entry = answersOld
    ? lookupRead(call.database, call.at(1), call.bytesOf(1))
    : lookupWrite(call.database, call.at(1), call.bytesOf(1));
  if (answersOld && entry && entry.type != Type.STRING) return replyError(WRONG_TYPE);
  const verdict = mayReplace(call, entry, flags, stringOptions().match);
  if (verdict < 0) return;
  if (answersOld) {
    if (entry) replyString(entry);
    else replyNull();
  } else if (verdict) {
    replyOk();
  } else {
    replyNull();
  }
  if (verdict) setRendered(call, 2, flags);
}

/** Sets argument 1 to argument `value` with the lifetime of the options, and renders that. */
function setRendered(call: Call, value: i32, flags: u32): void {
  const expires = (flags & EXPIRIES) != 0;
  notifyReplacing(call, Type.STRING, 1);
  const entry = setFromArgument(call, 1, value, expires || (flags & Option.KEEPTTL) != 0);
  if (expires) setExpiry(call.database, entry, stringOptions().whenMs);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.STRING, "set", 1);
  if (expires) notifyArgument(call, EventClass.GENERIC, "expire", 1);
  stringOptions().flags = flags;
  renderSet(call, 1, value, stringOptions());
}

function setnx(call: Call): void {
  if (!reserveValue(call, 1, 2)) return;
  if (lookupWrite(call.database, call.at(1), call.bytesOf(1))) return replyInteger(0);
  replyInteger(1);
  setRendered(call, 2, 0);
}

function setWithExpiry(call: Call, isSeconds: bool): void {
  clearOptions();
  if (!whenOrReply(call, 2, isSeconds, true)) return;
  if (!reserveValue(call, 1, 3)) return;
  lookupWrite(call.database, call.at(1), call.bytesOf(1));
  replyOk();
  setRendered(call, 3, Option.PX);
}

function setex(call: Call): void {
  setWithExpiry(call, true);
}

function psetex(call: Call): void {
  setWithExpiry(call, false);
}

function getset(call: Call): void {
  if (!reserveValue(call, 1, 2)) return;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (entry && entry.type != Type.STRING) return replyError(WRONG_TYPE);
  if (entry) replyString(entry);
  else replyNull();
  setRendered(call, 2, 0);
}

function getdel(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  replyString(entry);
  removeRendered(call);
}

function getex(call: Call): void {
  if (!optionsOrReply(call, 2, EXPIRIES | Option.PERSIST)) return;
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyNull();
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  if (!expiryOrReply(call)) return;
  const options = stringOptions();
  if (options.has(EXPIRIES)) return expireFound(call, entry, options.whenMs);
  if (options.has(Option.PERSIST) && entry.expires) return persistFound(call, entry);
  replyString(entry);
}

/** Answers the found key and gives it an expiry; one in the past removes it. */
function expireFound(call: Call, entry: KeyEntry, whenMs: i64): void {
  const isOver = whenMs <= nowMs() && !isReplaying();
  if (!isOver && !reserveExpiry(entry, true)) return;
  replyString(entry);
  if (isOver) return removeRendered(call);
  setExpiry(call.database, entry, whenMs);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.GENERIC, "expire", 1);
  renderNothing(call);
  effectExpireAt(call.database.number, call.at(1), call.bytesOf(1), whenMs);
}

/** Answers the found key and takes its expiry off. */
function persistFound(call: Call, entry: KeyEntry): void {
  if (!reserveExpiry(entry, false)) return;
  replyString(entry);
  removeExpiry(call.database, entry);
  touchKey(call, call.at(1), call.bytesOf(1));
  notifyArgument(call, EventClass.GENERIC, "persist", 1);
  if (!renderInstead(call, 2)) return;
  effectLiteral("PERSIST");
  effectBytes(call.at(1), call.bytesOf(1));
}

function strlen(call: Call): void {
  const entry = lookupRead(call.database, call.at(1), call.bytesOf(1));
  if (!entry) return replyInteger(0);
  if (entry.type != Type.STRING) return replyError(WRONG_TYPE);
  replyInteger(stringBytes(entry, NUMBER));
}

export function registerStrings(): void {
  command(get.index, "get", "string", "1.0.0", 2,
    "readonly fast", "string", "index 1 range 0 1 0 : ro access", "key:key",
    "", "O(1)", "Reads the string of a key.");
  command(set.index, "set", "string", "1.0.0", -3,
    "write denyoom", "string",
    "index 1 range 0 1 0 : rw access update variable_flags # RW and ACCESS due to the optional \
`GET` argument",
    "key:key value:string condition:oneof?^2.6.12(nx:pure-token=NX xx:pure-token=XX \
ifeq-value:string=IFEQ^8.4.0 ifne-value:string=IFNE^8.4.0 ifdeq-digest:string=IFDEQ^8.4.0 \
ifdne-digest:string=IFDNE^8.4.0) get:pure-token=GET?^6.2.0 \
expiration:oneof?(seconds:integer=EX^2.6.12 milliseconds:integer=PX^2.6.12 \
unix-time-seconds:unix-time=EXAT^6.2.0 unix-time-milliseconds:unix-time=PXAT^6.2.0 \
keepttl:pure-token=KEEPTTL^6.0.0)",
    "", "O(1)", "Sets a key to a string, on conditions and for a time if wanted.");
  command(setnx.index, "setnx", "string", "1.0.0", 3,
    "write denyoom fast", "string", "index 1 range 0 1 0 : ow insert", "key:key value:string",
    "", "O(1)", "Sets a key to a string unless it exists.");
  command(setex.index, "setex", "string", "2.0.0", 4,
    "write denyoom", "string", "index 1 range 0 1 0 : ow update",
    "key:key seconds:integer value:string",
    "", "O(1)", "Sets a key to a string that lives for some seconds.");
  command(psetex.index, "psetex", "string", "2.6.0", 4,
    "write denyoom", "string", "index 1 range 0 1 0 : ow update",
    "key:key milliseconds:integer value:string",
    "", "O(1)", "Sets a key to a string that lives for some milliseconds.");
  command(getset.index, "getset", "string", "1.0.0", 3,
    "write denyoom fast", "string", "index 1 range 0 1 0 : rw access update",
    "key:key value:string",
    "", "O(1)", "Sets a key to a string and answers the one before.");
  deprecated("getset", "6.2.0", "`SET` with the `!GET` argument");
  command(getdel.index, "getdel", "string", "6.2.0", 2,
    "write fast", "string", "index 1 range 0 1 0 : rw access delete", "key:key",
    "", "O(1)", "Reads the string of a key and removes the key.");
  command(getex.index, "getex", "string", "6.2.0", -2,
    "write fast", "string",
    "index 1 range 0 1 0 : rw access update # RW and UPDATE because it changes the TTL",
    "key:key expiration:oneof?(seconds:integer=EX milliseconds:integer=PX \
unix-time-seconds:unix-time=EXAT unix-time-milliseconds:unix-time=PXAT \
persist:pure-token=PERSIST)",
    "", "O(1)", "Reads the string of a key and changes how long it lives.");
  command(strlen.index, "strlen", "string", "2.2.0", 2,
    "readonly fast", "string", "index 1 range 0 1 0 : ro", "key:key",
    "", "O(1)", "Tells the length of the string of a key.");
  registerStringRanges();
  registerStringNumbers();
  registerStringIncrex();
  registerStringSeveral();
  registerStringLcs();
  registerStringCompare();
}

/**
 * CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO: caches of clients that the server keeps right.
 * How changes reach them is in server/tracking.ts.
 */

import {
  CACHING_NEEDS_OPT_IN, CACHING_NEEDS_OPT_OUT, CACHING_NOT_TRACKING, OPT_AND_BROADCAST,
  OPT_BOTH, PREFIX_NEEDS_BROADCAST, REDIRECT_MISSING, REDIRECT_TWICE, SWITCH_BROADCAST, SWITCH_OPT,
  SYNTAX, replyPrefixOverlap,
} from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkText, replyError, replyInteger, replyMap, replyOk, replySet,
} from "../protocol/reply";
import { Call, integerOrReply, reserveOrReply } from "../server/call";
import { Session, findSession } from "../server/session";
import {
  Member, Tracking, disableTracking, enableTracking, joinPrefix, prefixBytes,
} from "../server/tracking";
import { command } from "../server/table";

/** Whether one text begins with the other. */
function overlaps(one: usize, oneBytes: u32, two: usize, twoBytes: u32): bool {
  return memory.compare(one, two, min(oneBytes, twoBytes)) == 0;
}

function tracking(call: Call): void {
  const isOn = call.is(2, "on");
  let bits: u32 = 0;
  let redirect: u32 = 0;
  let prefixes = 0;
  for (let index = 3; index < call.argumentCount; index++) {
    const hasMore = index + 1 < call.argumentCount;
    if (call.is(index, "redirect") && hasMore) {
      index += 1;
      if (redirect) return replyError(REDIRECT_TWICE);
      redirect = redirectOrReply(call, index);
      if (!redirect) return;
    } else if (call.is(index, "bcast")) {
      bits |= Tracking.BROADCAST;
    } else if (call.is(index, "optin")) {
      bits |= Tracking.OPT_IN;
    } else if (call.is(index, "optout")) {
      bits |= Tracking.OPT_OUT;
    } else if (call.is(index, "noloop")) {
      bits |= Tracking.NO_LOOP;
    } else if (call.is(index, "prefix") && hasMore) {
      index += 1;
      prefixes += 1;
    } else {
      return replyError(SYNTAX);
    }
  }
  if (isOn) return switchOn(call, bits, redirect, prefixes);
  if (!call.is(2, "off")) return replyError(SYNTAX);
  disableTracking(call.session);
  replyOk();
}

/** The id of the session in argument `index`; 0: the error is answered. */
function redirectOrReply(call: Call, index: i32): u32 {
  if (!integerOrReply(call, index)) return 0;
  const id = call.integer;
  if (id > 0 && id <= <i64>u32.MAX_VALUE && findSession(<u32>id)) return <u32>id;
  replyError(REDIRECT_MISSING);
  return 0;
}

function switchOn(call: Call, bits: u32, redirect: u32, prefixes: i32): void {
  const session = call.session;
  const isBroadcast = (bits & Tracking.BROADCAST) != 0;
  const optBits = bits & (Tracking.OPT_IN | Tracking.OPT_OUT);
  if (prefixes && !isBroadcast) return replyError(PREFIX_NEEDS_BROADCAST);
  if (session.tracking) {
    const wasBroadcast = (session.tracking & Tracking.BROADCAST) != 0;
    if (wasBroadcast != isBroadcast) return replyError(SWITCH_BROADCAST);
  }
  if (isBroadcast && optBits) return replyError(OPT_AND_BROADCAST);
  if (optBits == (Tracking.OPT_IN | Tracking.OPT_OUT)) return replyError(OPT_BOTH);
  if ((bits & Tracking.OPT_IN && session.tracking & Tracking.OPT_OUT)
    || (bits & Tracking.OPT_OUT && session.tracking & Tracking.OPT_IN)) {
    return replyError(SWITCH_OPT);
  }
  if (isBroadcast && !arePrefixesFit(call, session)) return;
  if (!reservePrefixes(call)) return;
  enableTracking(session, bits, redirect);
  if (isBroadcast) joinPrefixes(call, session, prefixes);
  replyOk();
}

/** The argument of the next PREFIX at or behind `index`; 0: there is none. */
function nextPrefix(call: Call, index: i32): i32 {
  for (let at = index; at < call.argumentCount; at++) {
    if (call.is(at, "redirect")) at += 1;
    else if (call.is(at, "prefix")) return at + 1;
  }
  return 0;
}

/** No prefix may overlap another of the session; false: the error is answered. */
function arePrefixesFit(call: Call, session: Session): bool {
  for (let one = nextPrefix(call, 3); one; one = nextPrefix(call, one + 1)) {
    const text = call.at(one);
    const bytes = call.bytesOf(one);
    for (let at = <usize>session.prefixes; at; at = changetype<Member>(at).sessionNext) {
      const prefix = changetype<Member>(at).prefix;
      if (!overlaps(text, bytes, prefix.text, prefix.bytes)) continue;
      replyPrefixOverlap(text, bytes, " overlaps with an existing prefix '", prefix.text,
        prefix.bytes);
      return false;
    }
    for (let two = nextPrefix(call, one + 1); two; two = nextPrefix(call, two + 1)) {
      if (!overlaps(text, bytes, call.at(two), call.bytesOf(two))) continue;
      replyPrefixOverlap(text, bytes, " overlaps with another provided prefix '", call.at(two),
        call.bytesOf(two));
      return false;
    }
  }
  return true;
}

function reservePrefixes(call: Call): bool {
  let bytes = prefixBytes(0);
  for (let at = nextPrefix(call, 3); at; at = nextPrefix(call, at + 1)) {
    bytes += prefixBytes(call.bytesOf(at));
  }
  return reserveOrReply(bytes);
}

/** Without a prefix every key is meant. */
function joinPrefixes(call: Call, session: Session, prefixes: i32): void {
  if (!prefixes) return joinPrefix(session, 0, 0);
  for (let at = nextPrefix(call, 3); at; at = nextPrefix(call, at + 1)) {
    joinPrefix(session, call.at(at), call.bytesOf(at));
  }
}

function caching(call: Call): void {
  const session = call.session;
  if (!session.tracking) return replyError(CACHING_NOT_TRACKING);
  if (call.is(2, "yes")) {
    if (!(session.tracking & Tracking.OPT_IN)) return replyError(CACHING_NEEDS_OPT_IN);
  } else if (call.is(2, "no")) {
    if (!(session.tracking & Tracking.OPT_OUT)) return replyError(CACHING_NEEDS_OPT_OUT);
  } else {
    return replyError(SYNTAX);
  }
  session.tracking |= Tracking.CACHING;
  replyOk();
}

/** The session that invalidations go to, as CLIENT GETREDIR tells it. */
function redirection(session: Session): i64 {
  return session.tracking ? session.redirect : -1;
}

function redirect(call: Call): void {
  replyInteger(redirection(call.session));
}

function info(call: Call): void {
  const session = call.session;
  replyMap(3);
  replyBulkText("flags");
  replyFlags(session.tracking);
  replyBulkText("redirect");
  replyInteger(redirection(session));
  replyBulkText("prefixes");
  let count: u32 = 0;
  for (let at = <usize>session.prefixes; at; at = changetype<Member>(at).sessionNext) count += 1;
  replyArray(count);
  for (let at = <usize>session.prefixes; at; at = changetype<Member>(at).sessionNext) {
    const prefix = changetype<Member>(at).prefix;
    replyBulk(prefix.text, prefix.bytes);
  }
}

function replyFlags(bits: u32): void {
  replySet(1 + popcnt(bits & ~Tracking.ON));
  replyBulkText(bits ? "on" : "off");
  if (bits & Tracking.BROADCAST) replyBulkText("bcast");
  if (bits & Tracking.OPT_IN) replyBulkText("optin");
  if (bits & Tracking.OPT_OUT) replyBulkText("optout");
  if (bits & Tracking.CACHING) {
    replyBulkText(bits & Tracking.OPT_IN ? "caching-yes" : "caching-no");
  }
  if (bits & Tracking.NO_LOOP) replyBulkText("noloop");
  if (bits & Tracking.BROKEN_REDIRECT) replyBulkText("broken_redirect");
}

function row(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  args: string,
  summary: string,
): void {
  command(handler, name, "connection", since, arity, "noscript loading stale", "connection", "",
    args, "", "O(1)", summary);
}

export function registerClientTracking(): void {
  row(caching.index, "client|caching", "6.0.0", 3,
    "mode:oneof(yes:pure-token=YES no:pure-token=NO)",
    "Says whether the keys of the next command are tracked.");
  row(redirect.index, "client|getredir", "6.0.0", 2, "",
    "Answers the connection that invalidations go to.");
  row(tracking.index, "client|tracking", "6.0.0", -3,
    "status:oneof(on:pure-token=ON off:pure-token=OFF) client-id:integer=REDIRECT? \
prefix:string=PREFIX?*+ bcast:pure-token=BCAST? optin:pure-token=OPTIN? optout:pure-token=OPTOUT? \
noloop:pure-token=NOLOOP?",
    "Switches telling this connection of changed keys on or off.");
  row(info.index, "client|trackinginfo", "6.2.0", 2, "",
    "Answers how this connection is told of changed keys.");
}

/**
 * `maxmemory-clients`: ending the connections that hold the most memory while all clients together
 * hold more than the limit.
 *
 * Every call notes what its session holds now, as long as there is a limit; the sum of the notes
 * (SERVER root + 0x4720) is never too small, since one that is closed is not taken off. Where it
 * passes the limit, and on every tick, all are counted afresh.
 */

import { SERVER_ROOT, SessionFlag } from "../abi";
import { statistics } from "../keyspace/statistics";
import { Session, closeOther, firstSession, nextSession } from "./session";
import { sessionMemory } from "./session-text";
import { settings } from "./settings";

const NOTED: usize = SERVER_ROOT + 0x4720;

/** A call of this session is over, or the host has told what it still has to send to it. */
// @ts-ignore: decorator
@inline
export function noteClientMemory(session: Session): void {
  if (settings().clientsMemory) note(session);
}

function note(session: Session): void {
  const bytes = isCounted(session) ? <f64>sessionMemory(session) : 0;
  store<f64>(NOTED, load<f64>(NOTED) + bytes - session.notedBytes);
  session.notedBytes = bytes;
  const limit = clientLimitBytes();
  if (limit > 0 && load<f64>(NOTED) > limit) evictClients();
}

/** Ends connections until the rest is within the limit. CLIENT NO-EVICT protects one. */
export function evictClients(): void {
  const limit = clientLimitBytes();
  if (limit <= 0) return;
  let bytes: f64 = 0;
  let session = firstSession();
  while (session) {
    session.notedBytes = isCounted(session) ? <f64>sessionMemory(session) : 0;
    bytes += session.notedBytes;
    session = nextSession(session);
  }
  store<f64>(NOTED, bytes);
  while (bytes > limit) {
    const largest = largestSession();
    if (!largest) return;
    bytes -= <f64>sessionMemory(largest);
    statistics().evictedClients += 1;
    closeOther(largest);
  }
}

/** A share of `maxmemory` is no limit while there is no `maxmemory`. */
function clientLimitBytes(): f64 {
  const limit = settings().clientsMemory;
  return limit >= 0 ? limit : settings().maxmemory * -limit / 100;
}

function isCounted(session: Session): bool {
  return !session.has(SessionFlag.INTERNAL) && !session.closing && !session.noEvict;
}

function largestSession(): Session | null {
  let largest: Session | null = null;
  let most: i64 = 0;
  let session = firstSession();
  while (session) {
    if (isCounted(session) && sessionMemory(session) > most) {
      most = sessionMemory(session);
      largest = session;
    }
    session = nextSession(session);
  }
  return largest;
}

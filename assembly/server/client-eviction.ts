/**
 * `maxmemory-clients`: ending the connections that hold the most memory while all clients together
 * hold more than the limit. Looked at on every tick, as long as there is a limit.
 */

import { SessionFlag } from "../abi";
import { statistics } from "../keyspace/statistics";
import { Session, closeOther, firstSession, nextSession } from "./session";
import { sessionMemory } from "./session-text";
import { settings } from "./settings";

/** Ends connections until the rest is within the limit. CLIENT NO-EVICT protects one. */
export function evictClients(): void {
  const limit = clientLimitBytes();
  if (limit <= 0) return;
  let bytes: f64 = 0;
  let session = firstSession();
  while (session) {
    if (isCounted(session)) bytes += <f64>sessionMemory(session);
    session = nextSession(session);
  }
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

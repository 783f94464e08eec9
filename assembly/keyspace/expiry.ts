/**
 * Active expiry: removes keys whose time has come although nobody asks for them.
 *
 * As in Redis, keys that expire are sampled rather than sorted: each tick walks a part of every
 * database's expiry index, and goes on while more than a tenth of what it meets had expired. The
 * walk is a cursor, not a random draw: it meets every key in turn and leaves the random state
 * alone. All budgets are steps, one entry looked at is one step; the host repeats the tick while it
 * answers "more" and its own time lasts.
 */

import { isReplaying, nowMs } from "../memory/root";
import { vectorAt } from "../structures/reference-vector";
import { KeyEntry } from "../values/key-entry";
import { expireEntry } from "./database";
import { Database, databaseAt, databaseCount } from "./keyspace";
import { statistics } from "./statistics";

/** Keys looked at before deciding whether to go on in this database. */
const SAMPLE: i32 = 20;
/** Going on is worth it when at least 1 in 10 was expired. */
const WORTHWHILE: i32 = 10;

/** One round over all databases within `steps`; true when it ended for want of steps. */
export function expireCycle(steps: i32, effort: i32): bool {
  if (isReplaying()) return false;
  let left = steps;
  const sample = SAMPLE + (SAMPLE / 4) * (effort - 1);
  for (let index: u32 = 0; index < databaseCount(); index++) {
    const database = databaseAt(index);
    while (database.expiring.count) {
      if (left <= 0) {
        statistics().expiredTimeCapReached += 1;
        return true;
      }
      const tried = min(min(sample, left), database.expiring.count);
      left -= tried;
      if (expireSample(database, tried) * WORTHWHILE <= tried) break;
    }
  }
  return false;
}

/** Looks at the next `count` keys of the index; returns how many had expired. */
function expireSample(database: Database, count: i32): i32 {
  const now = nowMs();
  let expired = 0;
  let ttlSumMs: f64 = 0;
  for (let step = 0; step < count && database.expiring.count; step++) {
    let cursor = database.expiryCursor;
    if (cursor >= database.expiring.count) cursor = 0;
    const entry = changetype<KeyEntry>(vectorAt(database.expiring, cursor));
    const ttlMs = entry.expiryMs - now;
    if (ttlMs <= 0) {
      // The last one of the index moves to this place: look at the same place again.
      expireEntry(database, entry);
      expired += 1;
    } else {
      ttlSumMs += <f64>ttlMs;
      cursor += 1;
    }
    database.expiryCursor = cursor;
  }
  noteSample(database, count, expired, ttlSumMs);
  return expired;
}

/** Running means for INFO: time to live, and the share of keys that are dead but still stored. */
function noteSample(database: Database, count: i32, expired: i32, ttlSumMs: f64): void {
  if (count > expired) {
    const mean = ttlSumMs / <f64>(count - expired);
    const before = database.meanTtlMs;
    database.meanTtlMs = before == 0 ? mean : (before / 50) * 49 + mean / 50;
  }
  const stale = statistics().expiredStalePerMille;
  statistics().expiredStalePerMille = stale * 0.95 + (<f64>expired / <f64>count) * 1000 * 0.05;
}

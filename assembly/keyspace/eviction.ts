/**
 * Eviction: removing the keys that are needed least when memory is at its limit.
 *
 * As in Redis, the best of a few keys drawn at random go into a small pool that is kept from one
 * eviction to the next, so that a good candidate met once is not lost; the best of the pool goes.
 * Keys of a policy for all keys are drawn by chains of the table, two or three of one chain, which
 * costs fewer cache lines than drawing each; keys that expire are drawn from the expiry index.
 *
 *   pool, at most 16 candidates in ascending order of score (SERVER root + 0x5000), 24 bytes each
 *   +0   u64  hash of the key          +16  u32  address of its entry
 *   +8   f64  score: more = sooner     +20  u32  database
 *
 * A candidate may be gone when its turn comes, and its block may hold another key: the table is
 * asked whether the hash still leads to that entry. The draws come from the data set's own random
 * state. An evicted key leaves as DEL in the effects.
 */

import { SERVER_ROOT } from "../abi";
import { hashBytes, nextRandom } from "../memory/root";
import {
  HashTable, bucketAt, chainOf, nextInChain, occupiedSlots, randomReference, referenceAt,
} from "../structures/hash-table";
import { vectorAt } from "../structures/reference-vector";
import { KeyEntry } from "../values/key-entry";
import { accessFrequency, idleSeconds } from "./access";
import { keyChanged } from "./changes";
import { removeEntry } from "./database";
import { effectDelete } from "./effects";
import { EventClass, notifyIn } from "./events";
import { Database, databaseAt, databaseCount } from "./keyspace";
import { statistics } from "./statistics";

/** `maxmemory-policy`, in the order of its choices. */
export const enum EvictionPolicy {
  VOLATILE_LRU = 0,
  VOLATILE_LFU = 1,
  VOLATILE_RANDOM = 2,
  VOLATILE_TTL = 3,
  ALL_KEYS_LRU = 4,
  ALL_KEYS_LFU = 5,
  ALL_KEYS_RANDOM = 6,
  NO_EVICTION = 7,
}

@unmanaged
class EvictionRules {
  policy: EvictionPolicy;
  samples: i32;
  /** Candidates in the pool. */
  candidates: u32;
  /** Database that a random policy looks at next. */
  nextDatabase: u32;
}

@unmanaged
class Candidate {
  hash: u64;
  score: f64;
  entry: u32;
  database: u32;
}

const POOL: usize = SERVER_ROOT + 0x5000;
const CANDIDATE_BYTES: usize = 24;
const POOL_CANDIDATES: u32 = 16;
/** Chance of a key in a chain that was drawn, in 32. */
const CHANCE_OF_32: u64 = 12;
/** Rounds of drawing that may find only keys which are gone. */
const ROUNDS_MAXIMUM: i32 = 16;

// @ts-ignore: decorator
@inline
function rules(): EvictionRules {
  return changetype<EvictionRules>(SERVER_ROOT + 0x4700);
}

export function initializeEviction(): void {
  setEvictionRules(EvictionPolicy.NO_EVICTION, 5);
  rules().nextDatabase = 0;
}

/** Another policy makes the scores in the pool meaningless: it is emptied. */
export function setEvictionRules(policy: EvictionPolicy, samples: i32): void {
  rules().policy = policy;
  rules().samples = samples;
  rules().candidates = 0;
}

function isForAllKeys(): bool {
  return rules().policy >= EvictionPolicy.ALL_KEYS_LRU;
}

/** Keys of a database that the policy may evict. */
function eligible(database: Database): u32 {
  return isForAllKeys() ? database.table.count : database.expiring.count;
}

/** Removes one key as the policy says; false when there is none that it may remove. */
export function evictOne(): bool {
  const policy = rules().policy;
  if (policy == EvictionPolicy.NO_EVICTION) return false;
  if (policy == EvictionPolicy.VOLATILE_RANDOM || policy == EvictionPolicy.ALL_KEYS_RANDOM) {
    return evictRandom();
  }
  for (let round = 0; round < ROUNDS_MAXIMUM; round++) {
    if (!drawCandidates()) return false;
    if (evictBest()) return true;
  }
  return evictRandom();
}

function evict(database: Database, entry: KeyEntry): void {
  statistics().evictedKeys += 1;
  effectDelete(database.number, entry.keyAddress, entry.keyBytes);
  keyChanged(database.number, entry.keyAddress, entry.keyBytes);
  notifyIn(database.number, EventClass.EVICTED, "evicted", entry.keyAddress, entry.keyBytes);
  removeEntry(database, entry);
}

/** A key of the next database that has one. */
function evictRandom(): bool {
  const count = databaseCount();
  for (let step: u32 = 0; step < count; step++) {
    const database = databaseAt((rules().nextDatabase + step) % count);
    if (!eligible(database)) continue;
    rules().nextDatabase = (database.number + 1) % count;
    const address = isForAllKeys()
      ? randomReference(database.table, nextRandom())
      : vectorAt(database.expiring, randomBelow(database.expiring.count));
    evict(database, changetype<KeyEntry>(address));
    return true;
  }
  return false;
}

// @ts-ignore: decorator
@inline
function randomBelow(bound: u32): u32 {
  return <u32>(((nextRandom() >> 32) * <u64>bound) >> 32);
}

// ---- Pool ---------------------------------------------------------------------------------------

/** Draws from every database; false when none has a key that may go. */
function drawCandidates(): bool {
  let found = false;
  const count = databaseCount();
  for (let index: u32 = 0; index < count; index++) {
    const database = databaseAt(index);
    if (!eligible(database)) continue;
    found = true;
    if (isForAllKeys()) drawFromChains(database);
    else drawExpiring(database);
  }
  return found;
}

/**
 * Keys of chains drawn at random, each key with the same chance whatever the length of its chain
 * (half of the chains are twice as long as the others), until there are enough.
 */
function drawFromChains(database: Database): void {
  const table = database.table;
  let left = rules().samples;
  for (let chains = left << 3; left > 0 && chains > 0; chains--) {
    const index = randomBelow(table.buckets);
    let chances = nextRandom();
    for (let bucket = bucketAt(table, index); bucket; bucket = nextInChain(bucket)) {
      const slots = occupiedSlots(bucket);
      for (let slot = 0; slot < slots && left > 0; slot++) {
        chances = (chances >> 5) | (chances << 59);
        if ((chances & 31) >= CHANCE_OF_32) continue;
        consider(database, changetype<KeyEntry>(referenceAt(bucket, slot)));
        left -= 1;
      }
    }
  }
}

function drawExpiring(database: Database): void {
  const count = database.expiring.count;
  for (let left = rules().samples; left > 0; left--) {
    consider(database, changetype<KeyEntry>(vectorAt(database.expiring, randomBelow(count))));
  }
}

function scoreOf(entry: KeyEntry): f64 {
  switch (rules().policy) {
    case EvictionPolicy.VOLATILE_TTL:
      return -<f64>entry.expiryMs;
    case EvictionPolicy.VOLATILE_LFU:
    case EvictionPolicy.ALL_KEYS_LFU:
      return <f64>(255 - accessFrequency(entry));
    default:
      return <f64>idleSeconds(entry);
  }
}

// @ts-ignore: decorator
@inline
function candidateAt(place: u32): Candidate {
  return changetype<Candidate>(POOL + <usize>place * CANDIDATE_BYTES);
}

/** Puts a key into the pool when it is better than the worst there. */
function consider(database: Database, entry: KeyEntry): void {
  const score = scoreOf(entry);
  const count = rules().candidates;
  const isFull = count == POOL_CANDIDATES;
  if (isFull && score <= candidateAt(0).score) return;
  let place: u32 = 0;
  while (place < count && candidateAt(place).score < score) place += 1;
  const address = <u32>changetype<usize>(entry);
  for (let index: u32 = 0; index < count; index++) {
    const other = candidateAt(index);
    if (other.entry == address && other.database == database.number) return;
  }
  if (isFull) {
    place -= 1;
    moveCandidates(0, 1, place);
  } else {
    moveCandidates(place + 1, place, count - place);
    rules().candidates = count + 1;
  }
  const candidate = candidateAt(place);
  candidate.hash = hashBytes(entry.keyAddress, entry.keyBytes);
  candidate.score = score;
  candidate.entry = address;
  candidate.database = database.number;
}

function moveCandidates(to: u32, from: u32, count: u32): void {
  memory.copy(
    changetype<usize>(candidateAt(to)),
    changetype<usize>(candidateAt(from)),
    <usize>count * CANDIDATE_BYTES,
  );
}

/** Evicts the best candidate that is still there. */
function evictBest(): bool {
  while (rules().candidates) {
    rules().candidates -= 1;
    const candidate = candidateAt(rules().candidates);
    const database = databaseAt(candidate.database);
    if (!isThere(database.table, candidate)) continue;
    const entry = changetype<KeyEntry>(<usize>candidate.entry);
    if (!isForAllKeys() && !entry.expires) continue;
    evict(database, entry);
    return true;
  }
  return false;
}

/** Whether the candidate's hash still leads to its entry. */
function isThere(table: HashTable, candidate: Candidate): bool {
  if (!table.count) return false;
  for (let bucket = chainOf(table, candidate.hash); bucket; bucket = nextInChain(bucket)) {
    const slots = occupiedSlots(bucket);
    for (let slot = 0; slot < slots; slot++) {
      if (referenceAt(bucket, slot) != <usize>candidate.entry) continue;
      const entry = changetype<KeyEntry>(<usize>candidate.entry);
      return hashBytes(entry.keyAddress, entry.keyBytes) == candidate.hash;
    }
  }
  return false;
}

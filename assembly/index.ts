/**
 * The host ABI: the only exports of the module. ARCHITECTURE.md says what each one does; the
 * numbers are in abi.ts.
 */

import {
  ABI_VERSION, DATA_ROOT, EXCHANGE, Exchange, HEAP_BASE, INPUT_WINDOW, INPUT_WINDOW_BYTES,
  PAGE_BITS, PAGE_BYTES, Status,
} from "./abi";
import { registerCommands } from "./commands/index";
import { completeAbandoned, completeRequest } from "./commands/requests";
import { initializeEviction } from "./keyspace/eviction";
import { initializeChanges } from "./keyspace/changes";
import { initializeEvents } from "./keyspace/events";
import { initializeAccess } from "./keyspace/access";
import { setEffectsOn } from "./keyspace/effects";
import { exportFrom } from "./keyspace/export";
import { collectGarbage, hasGarbage } from "./keyspace/garbage";
import { settleValueTables } from "./keyspace/settle";
import {
  initializeKeyspace, position, setPosition, settleTables, validateKeyspace,
} from "./keyspace/keyspace";
import { expireCycle } from "./keyspace/expiry";
import { expireFieldsCycle } from "./keyspace/field-expiry";
import { initializeStatistics, statistics } from "./keyspace/statistics";
import {
  initializeAllocator, rebuildAfterAttach, setHeapStart,
} from "./memory/allocator";
import { markDataPages, nextDataPage } from "./memory/data-pages";
import { validateHeap } from "./memory/validate-heap";
import { announceHostWrite } from "./memory/host-writes";
import {
  KEYSPACE_ROOT, initializeRoot, isMarking, isRootValid, publishHistory, seedObservations,
  setHistory, setNowMs, setReplaying,
} from "./memory/root";
import { initializeScratch } from "./memory/scratch";
import { sipHash13 } from "./memory/siphash";
import { parserReceiveAddress, parserReceiveCapacity } from "./protocol/parser";
import { initializeReplies } from "./protocol/reply";
import { exportSink, initializeSinks, sinkFlush } from "./protocol/sink";
import { initializeConfiguration } from "./server/configuration";
import { initializeErrorStatistics } from "./server/error-statistics";
import { evictClients, noteClientMemory } from "./server/client-eviction";
import {
  enterAnswer, executeChunk, finish, flushEffects, noteMemoryLimit, relieveMemory, resumeSession,
  settleEffects, takeGatheredEffects,
} from "./server/execute";
import { initializeFacts } from "./server/facts";
import { initializeMessages } from "./server/messages";
import { initializeMonitors, leaveMonitors } from "./server/monitors";
import { initializePause, isPaused } from "./server/pause";
import { publishEvent } from "./server/notifications";
import { initializePubsub, unsubscribeAll, validatePubsub } from "./server/pubsub";
import { initializeLatency, noteLatency } from "./server/latency";
import { initializeSlowLog } from "./server/slow-log";
import { initializeSampling, takeSamples } from "./server/sampling";
import { renderRow } from "./server/row-facts";
import {
  Session, createSession, destroySession, findSession, findWaiting, firstSession,
  initializeSessions,
  setSessionText,
} from "./server/session";
import { initializeSettings, settings } from "./server/settings";
import { initializeRows } from "./server/table";
import { initializeTiming, tickClockMs } from "./server/timing";
import { hearChange } from "./server/changes";
import { disableTracking, initializeTracking } from "./server/tracking";
import { dropTransaction } from "./server/transaction";
import { forgetWatches, initializeWatches } from "./server/watches";
import { initializeUsers } from "./server/users";
import { initializeWaiting, stopWaiting, validateWaiting } from "./server/waiting";
import { expireWaiters } from "./server/wake";

/** Version of the host ABI. */
export function abiVersion(): i32 {
  return ABI_VERSION;
}

/** Makes a fresh data set. `limitPages` counts 4 KiB pages; the last one stays unused. */
export function format(
  limitPages: i32,
  databases: i32,
  seed0: i32,
  seed1: i32,
  seed2: i32,
  seed3: i32,
): void {
  const heapStart = <usize>load<u32>(EXCHANGE + Exchange.HEAP_START);
  setHeapStart(heapStart ? heapStart : HEAP_BASE);
  initializeAllocator(limitBytes(limitPages));
  const low = <u64>(<u32>seed0) | (<u64>(<u32>seed1) << 32);
  const high = <u64>(<u32>seed2) | (<u64>(<u32>seed3) << 32);
  initializeRoot(low, high);
  initializeKeyspace(databases);
  startServer(low ^ high);
}

/**
 * Takes over the data set that is in memory; SERVER starts afresh, and the seed is for what the
 * data never sees, such as run ids. 1: no data set of this layout, 2: it does not fit into the
 * limit.
 */
export function attach(limitPages: i32, seed0: i32, seed1: i32): i32 {
  if (!isRootValid()) return 1;
  if (!rebuildAfterAttach(limitBytes(limitPages))) return 2;
  startServer(<u64>(<u32>seed0) | (<u64>(<u32>seed1) << 32));
  return 0;
}

/**
 * The data set belongs to another history from now on, at this offset in it: after an import, a
 * change of layout, or when the end of the old one was cut off. The id is four words.
 */
export function startHistory(
  word0: i32,
  word1: i32,
  word2: i32,
  word3: i32,
  offset: f64,
): void {
  flushEffects();
  const low = <u64>(<u32>word0) | (<u64>(<u32>word1) << 32);
  const high = <u64>(<u32>word2) | (<u64>(<u32>word3) << 32);
  setHistory(low, high);
  publishHistory();
  setPosition(offset);
  store<f64>(EXCHANGE + Exchange.POSITION, offset);
}

/** Loads may read past the end of a block by less than a page: the last page stays unused. */
function limitBytes(limitPages: i32): u32 {
  return (<u32>limitPages - 1) << PAGE_BITS;
}

function startServer(observationSeed: u64): void {
  memory.fill(EXCHANGE, 0, PAGE_BYTES);
  seedObservations(observationSeed);
  setNowMs(0);
  setReplaying(false);
  setEffectsOn(false);
  initializeScratch();
  initializeSinks();
  initializeReplies();
  initializeStatistics();
  initializeAccess();
  initializeEviction();
  initializeSettings();
  initializeTiming();
  initializeConfiguration();
  initializeRows();
  registerCommands();
  initializeErrorStatistics();
  initializeSampling();
  initializeSessions();
  initializeUsers();
  initializeMessages();
  initializePubsub();
  initializeWatches();
  initializeTracking();
  initializeChanges(hearChange.index);
  initializeEvents(publishEvent.index);
  initializeWaiting();
  initializePause();
  initializeMonitors();
  initializeSlowLog();
  initializeLatency();
  initializeFacts();
  publishHistory();
  store<f64>(EXCHANGE + Exchange.POSITION, position());
}

/** Opens a session; "peer\0local" is in the input window. Its id, or 0 when memory is short. */
export function openSession(flags: i32, addressBytes: i32): i32 {
  const session = createSession(flags);
  if (!session) return 0;
  let split = 0;
  while (split < addressBytes && load<u8>(INPUT_WINDOW + split)) split += 1;
  setSessionText(session, offsetof<Session>("peer"), INPUT_WINDOW, split);
  if (split < addressBytes) {
    const local = INPUT_WINDOW + split + 1;
    setSessionText(session, offsetof<Session>("local"), local, addressBytes - split - 1);
  }
  return session.id;
}

/** The connection is gone. */
export function closeSession(id: i32): void {
  const session = findSession(id);
  if (!session) return;
  unsubscribeAll(session);
  stopWaiting(session);
  dropTransaction(session);
  forgetWatches(session);
  disableTracking(session);
  leaveMonitors(session);
  destroySession(session);
}

/** Where the next bytes of a session go; Exchange.RECEIVE_CAPACITY says how many. 0: no session. */
export function receiveAddress(id: i32): i32 {
  const session = findSession(id);
  if (!session) return 0;
  const address = parserReceiveAddress(session.parser);
  let capacity = parserReceiveCapacity(session.parser);
  if (isMarking()) {
    capacity = min(capacity, <u32>INPUT_WINDOW_BYTES);
    announceHostWrite(address, capacity);
  }
  store<u32>(EXCHANGE + Exchange.RECEIVE_CAPACITY, capacity);
  return <i32>address;
}

/** Runs the bytes just placed; returns a Status. */
export function execute(id: i32, bytes: i32, timeMs: f64): i32 {
  return executeChunk(id, bytes, timeMs);
}

/** Runs what a session that waited has left. */
export function resume(id: i32, timeMs: f64): i32 {
  return resumeSession(id, timeMs);
}

/**
 * The host has done what a session waits for, or not: then a text in the input window says why. The
 * reply is flushed; `resume` runs what the session has left.
 */
export function complete(request: i32, ok: i32, textBytes: i32, timeMs: f64): i32 {
  const session = findWaiting(request);
  if (!session) {
    completeAbandoned(request, ok != 0);
    return Status.CLOSE;
  }
  enterAnswer(session, timeMs);
  completeRequest(session, ok != 0, INPUT_WINDOW, textBytes);
  return finish(session);
}

/** Background work in at most `steps` steps; 1 when there is more to do. */
export function tick(timeMs: f64, steps: i32): i32 {
  setNowMs(<i64>timeMs);
  const isHeld = isPaused();
  const isBehind = expireWaiters(steps);
  if (settings().tickPaused) return i32(isBehind);
  takeSamples();
  const settled = settleValueTables(settleTables(collectGarbage(steps)));
  const beganMs = tickClockMs();
  const left = isHeld ? settled : relieveMemory(settled);
  noteMemoryLimit();
  const relievedMs = tickClockMs();
  noteLatency("eviction-cycle", relievedMs - beganMs);
  evictClients();
  let more = isBehind || hasGarbage() || left <= 0;
  if (settings().activeExpire && !isHeld) {
    if (expireCycle(left, settings().activeExpireEffort)) more = true;
    if (expireFieldsCycle(max(left, 1)) <= 0) more = true;
  }
  const expiredMs = tickClockMs() - relievedMs;
  statistics().expireCycleMs += expiredMs;
  noteLatency("expire-cycle", expiredMs);
  settleEffects();
  return i32(more);
}

/** Renders effects from now on, or no longer. */
export function setEffects(on: i32): void {
  flushEffects();
  setEffectsOn(on != 0);
}

/**
 * Bytes of gathered effects, which are at the beginning of the effects window and stay there until
 * the next call; EFFECTS_SUM has them.
 */
export function takeEffects(): i32 {
  return <i32>takeGatheredEffects();
}

/** Renders keys as commands into Stream.EXPORT; returns the next cursor, 0 at the end. */
export function exportCommands(cursor: f64, steps: i32): f64 {
  // Both sinks write into the effects window.
  flushEffects();
  const next = exportFrom(cursor, steps);
  sinkFlush(exportSink());
  return next;
}

/** Bytes of output that the host still holds for a session. */
export function setUnsent(id: i32, bytes: i32): void {
  const session = findSession(id);
  if (!session) return;
  session.unsentBytes = bytes;
  noteClientMemory(session);
}

/** Marks every DATA page in use for a snapshot; returns how many. */
export function markPages(): i32 {
  return markDataPages();
}

/**
 * 0, or the number of a broken invariant: heap 1-49, waiters 51-99, tables from 100 on, pub/sub
 * from 300 on.
 */
export function validate(): i32 {
  const heap = validateHeap();
  if (heap) return heap;
  const waiting = validateWaiting();
  if (waiting) return 50 + waiting;
  const keyspace = validateKeyspace();
  if (keyspace) return keyspace;
  const pubsub = validatePubsub(firstSession());
  return pubsub ? 300 + pubsub : 0;
}

/**
 * 48-bit hash over the data set: the key space's words and every DATA page of the heap. The words
 * of the allocator are left out, because they count SERVER blocks too.
 */
export function digest(): f64 {
  const words = <u32>(<usize>(DATA_ROOT + PAGE_BYTES) - KEYSPACE_ROOT);
  let hash = sipHash13(KEYSPACE_ROOT, words, 0, 0);
  const firstPage: u32 = HEAP_BASE >> PAGE_BITS;
  for (let page = nextDataPage(firstPage); page; page = nextDataPage(page + 1)) {
    hash = sipHash13(<usize>page << PAGE_BITS, PAGE_BYTES, hash, page);
  }
  return <f64>(hash >> 16);
}

/** Writes row `index` as text; 0 past the last one. */
export function rowFacts(index: i32): i32 {
  return i32(renderRow(index));
}

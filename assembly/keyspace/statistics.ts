/**
 * Counters that INFO shows, in the SERVER root: they start afresh with the process and are reset by
 * CONFIG RESETSTAT. One record, so that reset is one fill and every counter has one owner's line.
 */

import { SERVER_ROOT } from "../abi";

@unmanaged
export class Statistics {
  commandsProcessed: f64;
  keyspaceHits: f64;
  keyspaceMisses: f64;
  expiredKeys: f64;
  evictedKeys: f64;
  evictedClients: f64;
  errorReplies: f64;
  expiredTimeCapReached: f64;
  activeExpireRuns: f64;
  clientQueryBufferLimitDisconnections: f64;
  clientOutputBufferLimitDisconnections: f64;
  aclDeniedAuth: f64;
  aclDeniedCommand: f64;
  aclDeniedKey: f64;
  aclDeniedChannel: f64;
  /** Estimate of keys that are past their time but still stored, in thousandths. */
  expiredStalePerMille: f64;
  lazyFreedObjects: f64;
  /** Fields of hashes. */
  expiredSubkeys: f64;
  /** What the ticks have spent on looking for keys that are past their time. */
  expireCycleMs: f64;
  /** How long memory was above its limit in all, and since when it is now, 0 = it is not. */
  memoryExceededMs: f64;
  memoryExceededSinceMs: f64;
  /** Payloads of RESTORE that were looked through. */
  payloadChecks: f64;
}

const STATISTICS: usize = SERVER_ROOT + 0xc80;

// @ts-ignore: decorator
@inline
export function statistics(): Statistics {
  return changetype<Statistics>(STATISTICS);
}

/** CONFIG RESETSTAT. */
export function resetStatistics(): void {
  memory.fill(STATISTICS, 0, offsetof<Statistics>());
}

/** All zero, at start. */
export function initializeStatistics(): void {
  memory.fill(STATISTICS, 0, offsetof<Statistics>());
}

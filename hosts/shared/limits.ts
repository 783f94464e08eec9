/** How much output of a session may wait unsent: `client-output-buffer-limit normal, pubsub`. */
import type { Session } from "./session.js";

/** 0 means no limit. */
export interface OutputLimit {
  /** Above this the connection ends at once. */
  hardBytes: number;
  /** Above this for so many seconds the connection ends. */
  softBytes: number;
  softSeconds: number;
}

export const NO_LIMIT: OutputLimit = { hardBytes: 0, softBytes: 0, softSeconds: 0 };

/** The limits by what a session does: answer commands, or listen to channels. */
export interface OutputLimits {
  normal: OutputLimit;
  pubsub: OutputLimit;
}

export const NO_LIMITS: OutputLimits = { normal: NO_LIMIT, pubsub: NO_LIMIT };

export function limitOf(limits: OutputLimits, session: Session): OutputLimit {
  return session.isSubscriber ? limits.pubsub : limits.normal;
}

/** What the host is willing to hold in any case, so that its memory stays bounded. */
const HOST_LIMIT_BYTES = 1024 * 1024 * 1024;

export function passesHardLimit(limit: OutputLimit, unsentBytes: number): boolean {
  if (unsentBytes > HOST_LIMIT_BYTES) return true;
  return limit.hardBytes > 0 && unsentBytes > limit.hardBytes;
}

/** Called now and then; true when the session has been above the soft limit for too long. */
export function passesSoftLimit(limit: OutputLimit, session: Session, nowMs: number): boolean {
  if (limit.softBytes === 0 || session.unsentBytes <= limit.softBytes) {
    session.softSinceMs = 0;
    return false;
  }
  if (session.softSinceMs === 0) session.softSinceMs = nowMs;
  return nowMs - session.softSinceMs > limit.softSeconds * 1000;
}

/**
 * What changes of keys are told to: one function of the floor above, called while a key is being
 * changed, and only when somebody is interested.
 *
 * The key space changes keys by itself (expiry, eviction), commands change the others; both come
 * through here, so that watches, invalidations and events miss none. The function is a slot of the
 * function table, because imports point down.
 *
 *   SERVER root + 0x43c0:  u32 interests (bits)   u32 slot of the function
 */

import { SERVER_ROOT } from "../abi";

/** Who wants to hear of changes; a bit each. */
export const enum Interest {
  /** Sessions watch keys (WATCH). */
  WATCHES = 1,
  /** Clients have keys in caches of their own (CLIENT TRACKING). */
  TRACKING = 2,
}

const INTERESTS: usize = SERVER_ROOT + 0x43c0;
const LISTENER: usize = SERVER_ROOT + 0x43c4;

/** Nobody is interested; `listener` is called as (database, key, bytes). */
export function initializeChanges(listener: u32): void {
  store<u32>(INTERESTS, 0);
  store<u32>(LISTENER, listener);
}

export function setInterest(interest: Interest, isOn: bool): void {
  const others = load<u32>(INTERESTS) & ~interest;
  store<u32>(INTERESTS, isOn ? others | interest : others);
}

// @ts-ignore: decorator
@inline
export function interests(): u32 {
  return load<u32>(INTERESTS);
}

/** A key of database `number` has changed, was added or is gone. */
// @ts-ignore: decorator
@inline
export function keyChanged(number: u32, key: usize, bytes: u32): void {
  if (load<u32>(INTERESTS)) call_indirect<void>(load<u32>(LISTENER), number, key, bytes);
}

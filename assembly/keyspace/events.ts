/**
 * Events of keys: what happened to a key, told by name to the floor above.
 *
 * The key space has events of its own (expired, evicted, new, keymiss), commands have the others;
 * all come through `notifyIn`. The function that publishes them is a slot of the function table,
 * because imports point down. A class that nobody has asked for costs one load and one branch.
 *
 *   SERVER root + 0x4500:  u32 classes asked for (bits)   u32 slot of the function
 */

import { SERVER_ROOT } from "../abi";

/** In the order of the characters of notify-keyspace-events; a bit each. */
export const enum EventClass {
  KEYSPACE = 1,
  KEYEVENT = 2,
  GENERIC = 4,
  STRING = 8,
  LIST = 16,
  SET = 32,
  HASH = 64,
  SORTED_SET = 128,
  EXPIRED = 256,
  EVICTED = 512,
  STREAM = 1024,
  KEY_MISS = 2048,
  MODULE = 4096,
  NEW = 8192,
  OVERWRITTEN = 16384,
  TYPE_CHANGED = 32768,
}

const CLASSES: usize = SERVER_ROOT + 0x4500;
const LISTENER: usize = SERVER_ROOT + 0x4504;

/** Where events go: called as (database, event, key, bytes). No class is asked for. */
export function initializeEvents(listener: u32): void {
  store<u32>(CLASSES, 0);
  store<u32>(LISTENER, listener);
}

/** The classes asked for; without KEYSPACE and KEYEVENT nobody would hear of any. */
export function setEventClasses(classes: u32): void {
  store<u32>(CLASSES, classes & (EventClass.KEYSPACE | EventClass.KEYEVENT) ? classes : 0);
}

// @ts-ignore: decorator
@inline
export function eventClasses(): u32 {
  return load<u32>(CLASSES);
}

/** Something happened to a key of database `number`. */
// @ts-ignore: decorator
@inline
export function notifyIn(
  number: u32,
  kind: EventClass,
  event: string,
  key: usize,
  bytes: u32,
): void {
  if (load<u32>(CLASSES) & kind) tell(number, event, key, bytes);
}

function tell(number: u32, event: string, key: usize, bytes: u32): void {
  call_indirect<void>(load<u32>(LISTENER), number, event, key, bytes);
}

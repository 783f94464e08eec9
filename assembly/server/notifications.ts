/**
 * Keyspace notifications: events of keys as messages of two channels each.
 *
 *   __keyspace@<database>__:<key>     says the event     class K
 *   __keyevent@<database>__:<event>   says the key       class E
 *
 * Commands call `notifyArgument` or `notifyKey` where the change is complete, one call an event;
 * what the key space does by itself (expired, evicted, new, keymiss) calls keyspace/events.ts.
 * Nothing is put together while nobody has subscribed to anything. An event for which there is no
 * memory is lost, as one that nobody listens to.
 */

import { EventClass, eventClasses, notifyIn } from "../keyspace/events";
import { lookup } from "../keyspace/database";
import { reserve } from "../memory/allocator";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { INTEGER_BYTES_MAX, writeInteger } from "../text/integers";
import { storeLiteral } from "../protocol/sink";
import { KeyEntry, Type } from "../values/key-entry";
import { Call } from "./call";
import { Listening, hasSubscribers, publish } from "./pubsub";

/** Bytes of "__keyspace@" and of "__:". */
const PREFIX_BYTES: u32 = 11;
const MIDDLE_BYTES: u32 = 3;
/** `storeLiteral` writes eight bytes at a time. */
const SLACK_BYTES: u32 = 8;
/** What scratch memory takes for a chunk besides its bytes. */
const CHUNK_BYTES: f64 = 65536;

/** An event of a key of the call's database. */
// @ts-ignore: decorator
@inline
export function notifyKey(
  call: Call,
  kind: EventClass,
  event: string,
  key: usize,
  bytes: u32,
): void {
  notifyIn(call.database.number, kind, event, key, bytes);
}

/** An event of the key in argument `index`. */
// @ts-ignore: decorator
@inline
export function notifyArgument(call: Call, kind: EventClass, event: string, index: i32): void {
  if (eventClasses() & kind) {
    notifyIn(call.database.number, kind, event, call.at(index), call.bytesOf(index));
  }
}

/** The key in argument `index` is gone, its last element was taken: "del". */
// @ts-ignore: decorator
@inline
export function notifyDeleted(call: Call, index: i32): void {
  notifyArgument(call, EventClass.GENERIC, "del", index);
}

/**
 * The key in argument `index`, which the last lookup was for, is about to get a whole new value of
 * this type: an event if it exists, another one if its type changes.
 */
// @ts-ignore: decorator
@inline
export function notifyReplacing(call: Call, type: Type, index: i32): void {
  if (eventClasses() & (EventClass.OVERWRITTEN | EventClass.TYPE_CHANGED)) {
    replacing(call, type, index);
  }
}

function replacing(call: Call, type: Type, index: i32): void {
  const slot: usize = lookup().slot;
  if (!slot) return;
  const before = changetype<KeyEntry>(<usize>load<u32>(slot)).type;
  notifyReplaced(call.database.number, before, type, call.at(index), call.bytesOf(index));
}

/** A key of type `before` got a whole new value of type `type`. */
export function notifyReplaced(
  number: u32,
  before: Type,
  type: Type,
  key: usize,
  bytes: u32,
): void {
  notifyIn(number, EventClass.OVERWRITTEN, "overwritten", key, bytes);
  if (before != type) notifyIn(number, EventClass.TYPE_CHANGED, "type_changed", key, bytes);
}

/** Publishes an event; what keyspace/events.ts calls. */
export function publishEvent(number: u32, event: string, key: usize, bytes: u32): void {
  if (!hasSubscribers()) return;
  const eventBytes: u32 = event.length;
  const most = PREFIX_BYTES + INTEGER_BYTES_MAX + MIDDLE_BYTES + eventBytes;
  if (<f64>bytes + CHUNK_BYTES > 4294967295.0 || !reserve(bytes + <u32>CHUNK_BYTES)) return;
  const mark = scratchMark();
  const name = scratchTake(eventBytes + SLACK_BYTES);
  storeLiteral(name, event);
  const channel = scratchTake(most + bytes + SLACK_BYTES);
  const classes = eventClasses();
  if (classes & EventClass.KEYSPACE) {
    const at = writePrefix(channel, "__keyspace@", number);
    memory.copy(at, key, bytes);
    publish(Listening.CHANNEL, channel, <u32>(at - channel) + bytes, name, eventBytes);
  }
  if (classes & EventClass.KEYEVENT) {
    const at = writePrefix(channel, "__keyevent@", number);
    storeLiteral(at, event);
    publish(Listening.CHANNEL, channel, <u32>(at - channel) + eventBytes, key, bytes);
  }
  scratchRelease(mark);
}

/** Writes a channel's name up to its colon; returns where it goes on. */
function writePrefix(channel: usize, prefix: string, number: u32): usize {
  storeLiteral(channel, prefix);
  const at = channel + PREFIX_BYTES + writeInteger(channel + PREFIX_BYTES, number);
  storeLiteral(at, "__:");
  return at + MIDDLE_BYTES;
}

/**
 * Publish and subscribe: who listens to which channel, pattern or shard channel.
 *
 *   channel (SERVER block)              subscription (SERVER block)
 *   +0   u32  bytes of its name         +0   u32  session       the two are the key by which
 *   +4   u32  first subscription        +4   u32  channel       a subscription is found
 *   +8   u32  last subscription         +8   u32  previous, next of the channel
 *   +12  u32  subscriptions             +16  u32  previous, next of the session
 *   +16  u32  previous, next pattern
 *   +24  name
 *
 * A channel exists while it has a subscription. Patterns are channels in a table of their own, and
 * in a list that a publication walks. Subscribing, unsubscribing and a session's leaving touch
 * nothing but the subscriptions concerned, whatever the number of the others.
 *
 * The host is told once who listens to a channel and then only what they hear, so that a message
 * costs the same for ten thousand subscribers as for ten until their sockets are written.
 */

import { SERVER_ROOT } from "../abi";
import { Arena, allocate, release, reserve } from "../memory/allocator";
import { equalBytes } from "../memory/bytes";
import { hashBytes } from "../memory/root";
import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { nameAudience, tellSubscriber } from "../protocol/sink";
import {
  HASH_TABLE_BYTES, HashTable, find, initializeServerTable, insert, remove,
} from "../structures/hash-table";
import { matchGlob } from "../text/glob";
import {
  broadcastMessage, endMessage, executingSession, messageBytes, messageLiteral, sendMessage,
  startMessage,
} from "./messages";
import { Session } from "./session";

/** What a session subscribes to; the order is that of the words in Session. */
export const enum Listening {
  CHANNEL = 0,
  PATTERN = 1,
  SHARD_CHANNEL = 2,
}

@unmanaged
export class Channel {
  nameBytes: u32;
  first: u32;
  last: u32;
  count: u32;
  previous: u32;
  next: u32;

  // @ts-ignore: decorator
  @inline
  get name(): usize {
    return changetype<usize>(this) + offsetof<Channel>();
  }

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    return this.name;
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    return this.nameBytes;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    return this.nameBytes == bytes && equalBytes(this.name, key, bytes);
  }
}

@unmanaged
export class Subscription {
  session: u32;
  channelAddress: u32;
  previous: u32;
  next: u32;
  sessionPrevious: u32;
  sessionNext: u32;

  // @ts-ignore: decorator
  @inline
  get channel(): Channel {
    return changetype<Channel>(<usize>this.channelAddress);
  }

  // @ts-ignore: decorator
  @inline
  get keyAddress(): usize {
    return changetype<usize>(this);
  }

  // @ts-ignore: decorator
  @inline
  get keyBytes(): u32 {
    return KEY_BYTES;
  }

  // @ts-ignore: decorator
  @inline
  matches(key: usize, bytes: u32): bool {
    return load<u64>(changetype<usize>(this)) == load<u64>(key);
  }
}

@unmanaged
class PubsubRoot {
  /** Key of the subscription that is looked for. */
  key: u64;
  /** Sessions that have subscribed to something. */
  subscribers: u32;
  firstPattern: u32;
  lastPattern: u32;
  /** The channel whose subscribers the host was told, 0 = none, and their protocol. */
  audience: u32;
  /** 0: they do not speak the same one, and each is given the message by itself. */
  audienceProtocol: u32;
}

const ROOT: usize = SERVER_ROOT + 0x4420;
/** Tables of channels, patterns and shard channels, then of subscriptions. */
const TABLES: usize = ROOT + 32;
const KEY_BYTES: u32 = 8;
/** Memory that one subscription may take besides its name, its share of the tables included. */
export const SUBSCRIPTION_BYTES_MAXIMUM: u32 = 512;
/** What a message may take besides channel and text. */
const MESSAGE_BYTES_MAXIMUM: u32 = 1024;
/** With fewer subscribers than this naming them costs more than it spares. */
const SMALLEST_AUDIENCE: u32 = 4;
/** With more they are named one by one, message by message. */
const LARGEST_AUDIENCE: u32 = 1 << 16;

// @ts-ignore: decorator
@inline
function root(): PubsubRoot {
  return changetype<PubsubRoot>(ROOT);
}

/** The channels, patterns or shard channels that somebody has subscribed to. */
export function channelsOf(kind: Listening): HashTable {
  return changetype<HashTable>(TABLES + <usize>kind * HASH_TABLE_BYTES);
}

// @ts-ignore: decorator
@inline
function subscriptionTable(): HashTable {
  return changetype<HashTable>(TABLES + 3 * HASH_TABLE_BYTES);
}

export function initializePubsub(): void {
  memory.fill(ROOT, 0, offsetof<PubsubRoot>());
  for (let table: usize = 0; table < 4; table++) {
    initializeServerTable(changetype<HashTable>(TABLES + table * HASH_TABLE_BYTES));
  }
}

/** Sessions with at least one subscription. */
export function subscriberCount(): u32 {
  return root().subscribers;
}

// @ts-ignore: decorator
@inline
function wordsOf(session: Session, kind: Listening): usize {
  return changetype<usize>(session) + offsetof<Session>("channels") + (<usize>kind << 3);
}

/** The first subscription of a session of that kind, null when it has none. */
export function firstSubscription(session: Session, kind: Listening): Subscription | null {
  return changetype<Subscription | null>(<usize>load<u32>(wordsOf(session, kind)));
}

/** The channel of that name, null when nobody listens to it. */
/** The next subscription of the same session and kind. */
export function nextSubscription(subscription: Subscription): Subscription | null {
  return changetype<Subscription | null>(<usize>subscription.sessionNext);
}

export function findChannel(kind: Listening, name: usize, bytes: u32): Channel | null {
  const slot = find<Channel>(channelsOf(kind), name, bytes, hashBytes(name, bytes));
  return slot ? changetype<Channel>(<usize>load<u32>(slot)) : null;
}

function findSubscription(session: Session, channel: Channel): usize {
  const key = <u64>(<u32>changetype<usize>(session)) | (<u64>changetype<usize>(channel) << 32);
  root().key = key;
  return find<Subscription>(subscriptionTable(), ROOT, KEY_BYTES, hashBytes(ROOT, KEY_BYTES));
}

// ---- Subscribing --------------------------------------------------------------------------------

/** Subscribes a session; its memory is reserved. Nothing happens when it has subscribed already. */
export function subscribe(session: Session, kind: Listening, name: usize, bytes: u32): void {
  let channel = findChannel(kind, name, bytes);
  if (!channel) channel = createChannel(kind, name, bytes);
  else if (findSubscription(session, channel)) return;
  if (!session.subscriptions) becomeSubscriber(session, true);
  forgetAudience();
  const address = allocate(Arena.SERVER, offsetof<Subscription>());
  const subscription = changetype<Subscription>(address);
  subscription.session = <u32>changetype<usize>(session);
  subscription.channelAddress = <u32>changetype<usize>(channel);
  subscription.previous = channel.last;
  subscription.next = 0;
  if (channel.last) changetype<Subscription>(<usize>channel.last).next = <u32>address;
  else channel.first = <u32>address;
  channel.last = <u32>address;
  channel.count += 1;
  const words = wordsOf(session, kind);
  const first = load<u32>(words);
  subscription.sessionPrevious = 0;
  subscription.sessionNext = first;
  if (first) changetype<Subscription>(<usize>first).sessionPrevious = <u32>address;
  store<u32>(words, <u32>address);
  store<u32>(words, load<u32>(words, 4) + 1, 4);
  insert<Subscription>(subscriptionTable(), address, hashBytes(address, KEY_BYTES));
}

function becomeSubscriber(session: Session, isSubscriber: bool): void {
  root().subscribers += isSubscriber ? 1 : -1;
  tellSubscriber(session.id, isSubscriber);
}

function createChannel(kind: Listening, name: usize, bytes: u32): Channel {
  const address = allocate(Arena.SERVER, offsetof<Channel>() + bytes);
  memory.fill(address, 0, offsetof<Channel>());
  const channel = changetype<Channel>(address);
  channel.nameBytes = bytes;
  memory.copy(channel.name, name, bytes);
  insert<Channel>(channelsOf(kind), address, hashBytes(name, bytes));
  if (kind != Listening.PATTERN) return channel;
  channel.previous = root().lastPattern;
  if (root().lastPattern) changetype<Channel>(<usize>root().lastPattern).next = <u32>address;
  else root().firstPattern = <u32>address;
  root().lastPattern = <u32>address;
  return channel;
}

/** Ends a subscription, when there is one. */
export function unsubscribe(session: Session, kind: Listening, name: usize, bytes: u32): void {
  const channel = findChannel(kind, name, bytes);
  if (!channel) return;
  const slot = findSubscription(session, channel);
  if (slot) removeSubscription(session, kind, slot);
}

/** Ends all subscriptions of a session. */
export function unsubscribeAll(session: Session): void {
  for (let kind = 0; kind < 3; kind++) {
    let subscription = firstSubscription(session, kind);
    while (subscription) {
      removeSubscription(session, kind, findSubscription(session, subscription.channel));
      subscription = firstSubscription(session, kind);
    }
  }
}

function removeSubscription(session: Session, kind: Listening, slot: usize): void {
  const subscription = changetype<Subscription>(<usize>load<u32>(slot));
  const address = changetype<usize>(subscription);
  remove(subscriptionTable(), slot, hashBytes(address, KEY_BYTES));
  const words = wordsOf(session, kind);
  const before = <usize>subscription.sessionPrevious;
  const after = <usize>subscription.sessionNext;
  if (before) changetype<Subscription>(before).sessionNext = <u32>after;
  else store<u32>(words, <u32>after);
  if (after) changetype<Subscription>(after).sessionPrevious = <u32>before;
  store<u32>(words, load<u32>(words, 4) - 1, 4);
  leaveChannel(kind, subscription);
  release(address);
  if (!session.subscriptions) becomeSubscriber(session, false);
}

function leaveChannel(kind: Listening, subscription: Subscription): void {
  forgetAudience();
  const channel = subscription.channel;
  if (subscription.previous) {
    changetype<Subscription>(<usize>subscription.previous).next = subscription.next;
  } else {
    channel.first = subscription.next;
  }
  if (subscription.next) {
    changetype<Subscription>(<usize>subscription.next).previous = subscription.previous;
  } else {
    channel.last = subscription.previous;
  }
  channel.count -= 1;
  if (!channel.count) removeChannel(kind, channel);
}

function removeChannel(kind: Listening, channel: Channel): void {
  const hash = hashBytes(channel.name, channel.nameBytes);
  const table = channelsOf(kind);
  remove(table, find<Channel>(table, channel.name, channel.nameBytes, hash), hash);
  if (kind == Listening.PATTERN) {
    if (channel.previous) changetype<Channel>(<usize>channel.previous).next = channel.next;
    else root().firstPattern = channel.next;
    if (channel.next) changetype<Channel>(<usize>channel.next).previous = channel.previous;
    else root().lastPattern = channel.previous;
  }
  release(changetype<usize>(channel));
}

// ---- Publishing ---------------------------------------------------------------------------------

/** Whether anybody may get what is published. */
// @ts-ignore: decorator
@inline
export function hasSubscribers(): bool {
  return root().subscribers != 0;
}

/** Delivers to all subscribers of a channel; how many got it, -1 when memory is short. */
export function publish(
  kind: Listening,
  name: usize,
  nameBytes: u32,
  text: usize,
  textBytes: u32,
): i32 {
  if (!hasSubscribers()) return 0;
  if (!reserve((nameBytes + textBytes + MESSAGE_BYTES_MAXIMUM) << 1)) return -1;
  let receivers = 0;
  const channel = findChannel(kind, name, nameBytes);
  if (channel) {
    if (!startMessage(3, 3, nameBytes + textBytes + 16)) return -1;
    messageLiteral(kind == Listening.CHANNEL ? "message" : "smessage");
    messageBytes(name, nameBytes);
    messageBytes(text, textBytes);
    receivers = deliver(channel);
    endMessage();
  }
  if (kind == Listening.SHARD_CHANNEL) return receivers;
  for (let at = <usize>root().firstPattern; at; at = changetype<Channel>(at).next) {
    const pattern = changetype<Channel>(at);
    if (!matchGlob(pattern.name, pattern.nameBytes, name, nameBytes, false)) continue;
    if (!startMessage(4, 4, pattern.nameBytes + nameBytes + textBytes + 16)) return -1;
    messageLiteral("pmessage");
    messageBytes(pattern.name, pattern.nameBytes);
    messageBytes(name, nameBytes);
    messageBytes(text, textBytes);
    receivers += deliver(pattern);
    endMessage();
  }
  return receivers;
}

/** Subscribers have come, gone, or changed their protocol. */
export function forgetAudience(): void {
  root().audience = 0;
}

/** Tells the host who listens to a channel, unless it knows; 0 or the protocol of all of them. */
function audienceProtocol(channel: Channel): u32 {
  if (root().audience == <u32>changetype<usize>(channel)) return root().audienceProtocol;
  const protocol = changetype<Session>(firstListener(channel)).protocol;
  const mark = scratchMark();
  const sessions = scratchTake(channel.count << 2);
  let end = sessions;
  let isUniform = true;
  for (let at = <usize>channel.first; at; at = changetype<Subscription>(at).next) {
    const session = changetype<Session>(<usize>changetype<Subscription>(at).session);
    if (session.protocol != protocol) isUniform = false;
    if (session.closing) continue;
    store<u32>(end, session.id);
    end += 4;
  }
  root().audience = <u32>changetype<usize>(channel);
  root().audienceProtocol = isUniform ? protocol : 0;
  if (isUniform) nameAudience(sessions, <u32>(end - sessions) >>> 2);
  scratchRelease(mark);
  return root().audienceProtocol;
}

/** Gives the message to all subscribers at once; false: they have to be gone through. */
function broadcast(channel: Channel): bool {
  const count = channel.count;
  if (count < SMALLEST_AUDIENCE || count > LARGEST_AUDIENCE) return false;
  // One that publishes and listens gets the message after its reply.
  const executing = executingSession();
  if (executing && executing.subscriptions) return false;
  const protocol = audienceProtocol(channel);
  if (!protocol) return false;
  broadcastMessage(protocol);
  return true;
}

/**
 * Sends the message to every subscriber, those of one protocol first, so that each form is handed
 * over once.
 */
function deliver(channel: Channel): i32 {
  if (broadcast(channel)) return channel.count;
  let left: u32 = 0;
  for (let at = <usize>channel.first; at; at = changetype<Subscription>(at).next) {
    const session = changetype<Session>(<usize>changetype<Subscription>(at).session);
    if (session.protocol == changetype<Session>(firstListener(channel)).protocol) {
      sendMessage(session);
    } else {
      left += 1;
    }
  }
  if (left) deliverOtherForm(channel);
  return channel.count;
}

// @ts-ignore: decorator
@inline
function firstListener(channel: Channel): usize {
  return changetype<Subscription>(<usize>channel.first).session;
}

function deliverOtherForm(channel: Channel): void {
  const protocol = changetype<Session>(firstListener(channel)).protocol;
  for (let at = <usize>channel.first; at; at = changetype<Subscription>(at).next) {
    const session = changetype<Session>(<usize>changetype<Subscription>(at).session);
    if (session.protocol != protocol) sendMessage(session);
  }
}

// ---- Validation ---------------------------------------------------------------------------------

/** 0, or the number of a broken invariant: the counts of channels, sessions and tables agree. */
export function validatePubsub(first: Session | null): i32 {
  let subscriptions: u32 = 0;
  let subscribers: u32 = 0;
  let address = changetype<usize>(first);
  while (address) {
    const session = changetype<Session>(address);
    subscriptions += session.subscriptions;
    if (session.subscriptions) subscribers += 1;
    for (let kind = 0; kind < 3; kind++) {
      let count: u32 = 0;
      let subscription = firstSubscription(session, kind);
      while (subscription) {
        count += 1;
        if (subscription.session != <u32>address) return 1;
        subscription = changetype<Subscription | null>(<usize>subscription.sessionNext);
      }
      if (count != load<u32>(wordsOf(session, kind), 4)) return 2;
    }
    address = session.next;
  }
  if (subscriptions != subscriptionTable().count) return 3;
  return subscribers == root().subscribers ? 0 : 4;
}

/**
 * Publish and subscribe: commands that make a session listen, publish, and tell who listens.
 *
 * What a subscription is stands in server/pubsub.ts. The answers of subscribing are pushes, one for
 * each channel, and CLIENT REPLY does not silence them.
 */

import { scratchMark, scratchRelease, scratchTake } from "../memory/scratch";
import { OUT_OF_MEMORY, replySubcommandSyntax } from "../protocol/errors";
import {
  replyArray, replyBulk, replyBulkText, replyError, replyInteger, replyNull, replyPush,
} from "../protocol/reply";
import { replySink, sinkMute, sinkUnmute } from "../protocol/sink";
import { Call, reserveOrReply, reserveServingOrReply } from "../server/call";
import {
  Channel, Listening, SUBSCRIPTION_BYTES_MAXIMUM, channelsOf, findChannel, firstSubscription,
  publish, subscribe, unsubscribe,
} from "../server/pubsub";
import { ReplyMode, Session } from "../server/session";
import { command } from "../server/table";
import { bucketAt, nextInChain, occupiedSlots, referenceAt } from "../structures/hash-table";
import { matchGlob } from "../text/glob";
import { containerHelp } from "./help";

function container(call: Call): void {}

// ---- Listening ----------------------------------------------------------------------------------

/** How many subscriptions the answer counts: shard channels are counted apart. */
function countedFor(session: Session, kind: Listening): u32 {
  if (kind == Listening.SHARD_CHANNEL) return session.shardChannelCount;
  return session.channelCount + session.patternCount;
}

/** Answers begin: a silenced session hears of its subscriptions all the same. */
function beginPushes(session: Session): void {
  if (session.replyMode != ReplyMode.ON) sinkUnmute(replySink());
}

function endPushes(session: Session): void {
  if (session.replyMode != ReplyMode.ON) sinkMute(replySink());
}

function subscribeAll(call: Call, kind: Listening, word: string): void {
  const session = call.session;
  let bytes: u32 = 0;
  for (let index = 1; index < call.argumentCount; index++) bytes += call.bytesOf(index);
  if (!reserveServingOrReply(bytes + call.argumentCount * SUBSCRIPTION_BYTES_MAXIMUM)) return;
  beginPushes(session);
  for (let index = 1; index < call.argumentCount; index++) {
    subscribe(session, kind, call.at(index), call.bytesOf(index));
    replyPush(3);
    replyBulkText(word);
    replyBulk(call.at(index), call.bytesOf(index));
    replyInteger(countedFor(session, kind));
  }
  endPushes(session);
}

function unsubscribeThose(call: Call, kind: Listening, word: string): void {
  const session = call.session;
  beginPushes(session);
  if (call.argumentCount == 1) {
    unsubscribeKind(session, kind, word);
  } else {
    for (let index = 1; index < call.argumentCount; index++) {
      unsubscribe(session, kind, call.at(index), call.bytesOf(index));
      replyPush(3);
      replyBulkText(word);
      replyBulk(call.at(index), call.bytesOf(index));
      replyInteger(countedFor(session, kind));
    }
  }
  endPushes(session);
}

/** Ends all subscriptions of a kind; one answer without a channel when there was none. */
function unsubscribeKind(session: Session, kind: Listening, word: string): void {
  let subscription = firstSubscription(session, kind);
  if (!subscription) {
    replyPush(3);
    replyBulkText(word);
    replyNull();
    replyInteger(countedFor(session, kind));
    return;
  }
  while (subscription) {
    const channel = subscription.channel;
    replyPush(3);
    replyBulkText(word);
    replyBulk(channel.name, channel.nameBytes);
    unsubscribe(session, kind, channel.name, channel.nameBytes);
    replyInteger(countedFor(session, kind));
    subscription = firstSubscription(session, kind);
  }
}

function subscribeCommand(call: Call): void {
  subscribeAll(call, Listening.CHANNEL, "subscribe");
}

function patternSubscribe(call: Call): void {
  subscribeAll(call, Listening.PATTERN, "psubscribe");
}

function shardSubscribe(call: Call): void {
  subscribeAll(call, Listening.SHARD_CHANNEL, "ssubscribe");
}

function unsubscribeCommand(call: Call): void {
  unsubscribeThose(call, Listening.CHANNEL, "unsubscribe");
}

function patternUnsubscribe(call: Call): void {
  unsubscribeThose(call, Listening.PATTERN, "punsubscribe");
}

function shardUnsubscribe(call: Call): void {
  unsubscribeThose(call, Listening.SHARD_CHANNEL, "sunsubscribe");
}

// ---- Publishing ---------------------------------------------------------------------------------

function publishTo(call: Call, kind: Listening): void {
  const name = call.at(1);
  const receivers = publish(kind, name, call.bytesOf(1), call.at(2), call.bytesOf(2));
  if (receivers < 0) replyError(OUT_OF_MEMORY);
  else replyInteger(receivers);
}

function publishCommand(call: Call): void {
  publishTo(call, Listening.CHANNEL);
}

function shardPublish(call: Call): void {
  publishTo(call, Listening.SHARD_CHANNEL);
}

// ---- Who listens --------------------------------------------------------------------------------

/** The names that match argument 2 (all without it), noted in scratch memory first. */
function replyNames(call: Call, kind: Listening): void {
  if (call.argumentCount > 3) return replySubcommandSyntax(call.at(1), call.bytesOf(1), "PUBSUB");
  const table = channelsOf(kind);
  if (!reserveOrReply(<f64>table.count * 4)) return;
  const mark = scratchMark();
  const found = scratchTake(table.count * 4);
  let count: u32 = 0;
  for (let index: u32 = 0; index < table.buckets; index++) {
    for (let bucket = bucketAt(table, index); bucket; bucket = nextInChain(bucket)) {
      const slots = occupiedSlots(bucket);
      for (let slot = 0; slot < slots; slot++) {
        const channel = changetype<Channel>(referenceAt(bucket, slot));
        if (!isAskedFor(call, channel)) continue;
        store<u32>(found + (count << 2), <u32>changetype<usize>(channel));
        count += 1;
      }
    }
  }
  replyArray(count);
  for (let index: u32 = 0; index < count; index++) {
    const channel = changetype<Channel>(<usize>load<u32>(found + (index << 2)));
    replyBulk(channel.name, channel.nameBytes);
  }
  scratchRelease(mark);
}

function isAskedFor(call: Call, channel: Channel): bool {
  if (call.argumentCount < 3) return true;
  return matchGlob(call.at(2), call.bytesOf(2), channel.name, channel.nameBytes, false);
}

function replyCounts(call: Call, kind: Listening): void {
  replyArray((call.argumentCount - 2) << 1);
  for (let index = 2; index < call.argumentCount; index++) {
    const channel = findChannel(kind, call.at(index), call.bytesOf(index));
    replyBulk(call.at(index), call.bytesOf(index));
    replyInteger(channel ? channel.count : 0);
  }
}

function channels(call: Call): void {
  replyNames(call, Listening.CHANNEL);
}

function shardChannels(call: Call): void {
  replyNames(call, Listening.SHARD_CHANNEL);
}

function numberOfSubscribers(call: Call): void {
  replyCounts(call, Listening.CHANNEL);
}

function numberOfShardSubscribers(call: Call): void {
  replyCounts(call, Listening.SHARD_CHANNEL);
}

function numberOfPatterns(call: Call): void {
  replyInteger(channelsOf(Listening.PATTERN).count);
}

// ---- Rows ---------------------------------------------------------------------------------------

function row(
  handler: u32,
  name: string,
  since: string,
  arity: i32,
  flags: string,
  keys: string,
  args: string,
  complexity: string,
  summary: string,
): void {
  command(handler, name, "pubsub", since, arity, flags, "", keys, args, "", complexity, summary);
}

function registerWhoListens(): void {
  row(container.index, "pubsub", "2.8.0", -2, "", "", "", "Depends on subcommand.",
    "Tells who listens to what.");
  row(channels.index, "pubsub|channels", "2.8.0", -2, "pubsub loading stale", "",
    "pattern:pattern?", "O(N) in the number of channels", "Lists channels that have subscribers.");
  row(containerHelp.index, "pubsub|help", "6.2.0", 2, "loading stale", "", "", "O(1)",
    "Lists the subcommands.");
  row(numberOfPatterns.index, "pubsub|numpat", "2.8.0", 2, "pubsub loading stale", "", "", "O(1)",
    "Counts the patterns that have subscribers.");
  row(numberOfSubscribers.index, "pubsub|numsub", "2.8.0", -2, "pubsub loading stale", "",
    "channel:string?*", "O(N) in the number of channels named",
    "Counts the subscribers of channels.");
  row(shardChannels.index, "pubsub|shardchannels", "7.0.0", -2, "pubsub loading stale", "",
    "pattern:pattern?", "O(N) in the number of shard channels",
    "Lists shard channels that have subscribers.");
  row(numberOfShardSubscribers.index, "pubsub|shardnumsub", "7.0.0", -2, "pubsub loading stale",
    "", "shardchannel:string?*", "O(N) in the number of channels named",
    "Counts the subscribers of shard channels.");
}

export function registerPubsub(): void {
  const listens = "pubsub noscript loading stale";
  const some = "O(N) in the number of channels named";
  row(patternSubscribe.index, "psubscribe", "2.0.0", -2, listens, "",
    "pattern:block*(pattern:pattern)", "O(N) in the number of patterns named",
    "Listens to every channel whose name matches a pattern.");
  row(publishCommand.index, "publish", "2.0.0", 3, "pubsub loading stale fast may_replicate", "",
    "channel:string message:string",
    "O(N + M) in the subscribers of the channel and the patterns of all clients",
    "Sends a message to whoever listens to a channel.");
  registerWhoListens();
  row(patternUnsubscribe.index, "punsubscribe", "2.0.0", -1, listens, "", "pattern:pattern?*",
    "O(N) in the number of patterns left", "Listens to patterns no longer.");
  row(shardPublish.index, "spublish", "7.0.0", 3, "pubsub loading stale fast may_replicate",
    "index 1 range 0 1 0 : not_key", "shardchannel:string message:string",
    "O(N) in the subscribers of the channel",
    "Sends a message to whoever listens to a shard channel.");
  row(shardSubscribe.index, "ssubscribe", "7.0.0", -2, listens, "index 1 range -1 1 0 : not_key",
    "shardchannel:string*", some, "Listens to shard channels.");
  row(subscribeCommand.index, "subscribe", "2.0.0", -2, listens, "", "channel:string*", some,
    "Listens to channels.");
  row(shardUnsubscribe.index, "sunsubscribe", "7.0.0", -1, listens,
    "index 1 range -1 1 0 : not_key", "shardchannel:string?*", some,
    "Listens to shard channels no longer.");
  row(unsubscribeCommand.index, "unsubscribe", "2.0.0", -1, listens, "", "channel:string?*", some,
    "Listens to channels no longer.");
}

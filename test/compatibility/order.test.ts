// The order of output with several connections: replies switched off and skipped, transactions,
// messages, invalidations, monitors, pauses and waking, mixed, as redis-server sends it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LivePair } from "../support/live-pair";
import { hasRedisServer } from "../support/redis-server";
import { type Conversation, conversations } from "./conversations";

function show(frames: string[]): string {
  return frames.map((frame) => JSON.stringify(frame.trimEnd()).slice(1, -1)).join("  ");
}

/** Replies in their order, then what was pushed in its order. */
function pushesLast(frames: string[]): string[] {
  const isPush = (frame: string) =>
    frame.startsWith(">") && !/^>3\r\n\$\d+\r\n[ps]?subscribe/.test(frame);
  return [...frames.filter((frame) => !isPush(frame)), ...frames.filter(isPush)];
}

/** What differs by time, by connection and by version. */
function normalise(frame: string): string {
  const line = frame.replace(/^\+\d+\.\d{6} \[(\d+) [^\]]*\]/, "+TIME [$1 ADDRESS]");
  return line.replace(/(\$7\r\nversion\r\n)\$\d+\r\n\d[\d.]+/, "$1VERSION");
}

describe.skipIf(!hasRedisServer())("output comes in the order of redis-server", () => {
  let pair: LivePair;
  beforeAll(async () => {
    pair = await LivePair.start();
  });
  afterAll(async () => {
    await pair?.stop();
  });

  async function run(conversation: Conversation, protocol: 2 | 3): Promise<number> {
    const { steps, pushesLater } = conversation;
    await pair.begin(4, protocol);
    let frames = 0;
    const compare = (step: string, found: { redis: string[]; quire: string[] }[]) => {
      for (const [number, lists] of found.entries()) {
        const [redis, quire] = [lists.redis, lists.quire].map((list) =>
          pushesLater ? pushesLast(list) : list,
        ) as [string[], string[]];
        frames += redis.length;
        if (quire.join("") === redis.join("")) continue;
        const shown = [`redis-server: ${show(redis)}`, `Quire:        ${show(quire)}`];
        throw new Error([`after "${step}", connection ${number}`, ...shown].join("\n"));
      }
    };
    for (const step of steps) {
      const waited = /^(\d)< (\d+)$/.exec(step);
      if (waited) {
        compare(step, [await pair.awaits(Number(waited[1]), Number(waited[2]), normalise)]);
        continue;
      }
      pair.send(step.replace(/^!/, ""));
      if (step.startsWith("!")) continue;
      await pair.settle();
      compare(step, await pair.received(normalise));
    }
    return frames;
  }

  for (const protocol of [2, 3] as const) {
    describe(`RESP${protocol}`, () => {
      const usable = Object.entries(conversations).filter(
        ([, { protocols }]) => !protocols || protocols.includes(protocol),
      );
      it.each(usable)("%s", async (_name, conversation) => {
        expect(await run(conversation, protocol)).toBeGreaterThan(0);
      });
    });
  }
});

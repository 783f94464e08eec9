import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeAll, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;
let other: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  other = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** What a session was told since it was last asked. */
function told(listener: TestSession): string {
  return engine.takeReplies(listener.id).toString("latin1");
}

function message(...parts: string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join("")}`;
}

describe("SUBSCRIBE", () => {
  it("answers once for each channel and counts channels and patterns", () => {
    expect(decodeAll(session.call("SUBSCRIBE a b a"))).toEqual([
      ["subscribe", "a", 1],
      ["subscribe", "b", 2],
      ["subscribe", "a", 2],
    ]);
    expect(session.call("PSUBSCRIBE x*")).toBe("*3\r\n$10\r\npsubscribe\r\n$2\r\nx*\r\n:3\r\n");
  });

  it("answers pushes in RESP3, and anything may be run then", () => {
    session.call("HELLO 3");
    expect(session.call("SUBSCRIBE a")).toBe(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    expect(session.call("SET k v")).toBe("+OK\r\n");
    expect(session.call("PING")).toBe("+PONG\r\n");
  });

  it("lets a RESP2 session run nothing but what belongs to listening", () => {
    session.call("SUBSCRIBE a");
    const refusal = (name: string) =>
      `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / ` +
      "RESET are allowed in this context\r\n";
    expect(session.call("GET k")).toBe(refusal("get"));
    expect(session.call("CONFIG GET port")).toBe(refusal("config|get"));
    expect(session.call("PUBLISH a b")).toBe(refusal("publish"));
    expect(session.call("PING")).toBe("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    expect(session.call("PING hi")).toBe("*2\r\n$4\r\npong\r\n$2\r\nhi\r\n");
    expect(session.call("RESET")).toBe("+RESET\r\n");
    expect(session.call("GET k")).toBe("$-1\r\n");
    expect(other.ask("PUBSUB CHANNELS")).toEqual([]);
  });

  it("is heard by a session whose replies are off", () => {
    session.raw("CLIENT REPLY OFF\r\n");
    expect(session.raw("SUBSCRIBE a\r\n")).toBe(
      `${message("subscribe", "a").replace("*2", "*3")}:1\r\n`,
    );
    other.call("PUBLISH a 1");
    expect(told(session)).toBe(message("message", "a", "1"));
    expect(session.raw("PING\r\n")).toBe("");
  });

  it("wants a channel", () => {
    expect(session.call("SUBSCRIBE")).toBe(
      "-ERR wrong number of arguments for 'subscribe' command\r\n",
    );
  });

  it("shows in CLIENT LIST, CLIENT KILL and INFO", () => {
    session.call("SUBSCRIBE a b");
    session.call("PSUBSCRIBE c*");
    session.call("SSUBSCRIBE d");
    const list = String(other.ask("CLIENT LIST TYPE pubsub"));
    expect(list.split("\n")).toHaveLength(2);
    expect(list).toMatch(/ flags=P .* sub=2 psub=1 ssub=1 /);
    expect(String(other.ask("INFO clients"))).toContain("pubsub_clients:1\r\n");
    const stats = String(other.ask("INFO stats"));
    expect(stats).toContain("pubsub_channels:2\r\npubsub_patterns:1\r\npubsubshard_channels:1\r\n");
    expect(other.ask("CLIENT KILL TYPE pubsub")).toBe(1);
    expect(engine.closed).toEqual([session.id]);
  });
});

describe("UNSUBSCRIBE", () => {
  it("ends what is named and counts what is left", () => {
    session.call("SUBSCRIBE a b c");
    expect(decodeAll(session.call("UNSUBSCRIBE b z"))).toEqual([
      ["unsubscribe", "b", 2],
      ["unsubscribe", "z", 2],
    ]);
    other.call("PUBLISH b 1");
    expect(told(session)).toBe("");
  });

  it("ends everything without a name; a session without channels gets one answer", () => {
    session.call("SUBSCRIBE a b");
    session.call("PSUBSCRIBE p");
    const answers = decodeAll(session.call("UNSUBSCRIBE")) as unknown[][];
    expect(answers.map((each) => each[1]).sort()).toEqual(["a", "b"]);
    expect(answers.map((each) => each[2])).toEqual([2, 1]);
    expect(session.call("UNSUBSCRIBE")).toBe("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:1\r\n");
    session.call("PUNSUBSCRIBE");
    session.call("HELLO 3");
    expect(session.call("UNSUBSCRIBE")).toBe(">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n");
  });
});

describe("PSUBSCRIBE", () => {
  it("hears of every channel that matches, once for each pattern", () => {
    session.call("PSUBSCRIBE n?ws* *");
    session.call("SUBSCRIBE news");
    expect(other.raw("PUBLISH news hello\r\n")).toBe(":3\r\n");
    expect(told(session)).toBe(
      message("message", "news", "hello") +
        message("pmessage", "n?ws*", "news", "hello") +
        message("pmessage", "*", "news", "hello"),
    );
  });
});

describe("PUNSUBSCRIBE", () => {
  it("ends patterns", () => {
    session.call("PSUBSCRIBE a* b*");
    expect(session.ask("PUNSUBSCRIBE a*")).toEqual(["punsubscribe", "a*", 1]);
    expect(other.ask("PUBLISH abc 1")).toBe(0);
    expect(session.ask("PUNSUBSCRIBE")).toEqual(["punsubscribe", "b*", 0]);
    expect(session.ask("PUNSUBSCRIBE")).toEqual(["punsubscribe", null, 0]);
  });
});

describe("PUBLISH", () => {
  it("reaches every subscriber in the protocol it speaks", () => {
    const third = engine.open();
    third.call("HELLO 3");
    for (const listener of [session, third]) listener.call("SUBSCRIBE a");
    const fourth = engine.open();
    fourth.call("SUBSCRIBE a");
    expect(other.call("PUBLISH", "a", "x\r\ny")).toBe(":3\r\n");
    const text = message("message", "a", "x\r\ny");
    expect(told(session)).toBe(text);
    expect(told(third)).toBe(`>${text.slice(1)}`);
    expect(told(fourth)).toBe(text);
    expect(other.call("PUBLISH nobody 1")).toBe(":0\r\n");
  });

  it("tells the publisher itself after the reply", () => {
    session.call("HELLO 3");
    session.call("SUBSCRIBE a");
    const text = `>${message("message", "a", "1").slice(1)}`;
    expect(session.call("PUBLISH a 1")).toBe(`:1\r\n${text}`);
    expect(session.raw("PUBLISH a 1\r\nPING\r\n")).toBe(`:1\r\n${text}+PONG\r\n`);
  });

  it("carries any bytes and any length", () => {
    const text = "\0\r\n".repeat(100_000);
    session.call("SUBSCRIBE", "\0");
    expect(other.ask("PUBLISH", "\0", text)).toBe(1);
    expect(told(session)).toBe(message("message", "\0", text));
  });

  it("forgets sessions that are gone", () => {
    session.call("SUBSCRIBE a");
    session.call("PSUBSCRIBE *");
    session.close();
    expect(other.ask("PUBLISH a 1")).toBe(0);
    expect(other.ask("PUBSUB NUMPAT")).toBe(0);
  });

  it("leaves no effect", () => {
    engine.exports.setEffects(1);
    session.call("SUBSCRIBE a");
    other.call("PUBLISH a 1");
    expect(engine.takeEffects()).toBe("");
  });
});

describe("SSUBSCRIBE", () => {
  it("has channels of its own", () => {
    expect(session.ask("SSUBSCRIBE a")).toEqual(["ssubscribe", "a", 1]);
    session.call("SUBSCRIBE a");
    expect(session.ask("SSUBSCRIBE b")).toEqual(["ssubscribe", "b", 2]);
    expect(other.ask("SPUBLISH a 1")).toBe(1);
    expect(told(session)).toBe(message("smessage", "a", "1"));
    expect(other.ask("PUBLISH a 2")).toBe(1);
    expect(told(session)).toBe(message("message", "a", "2"));
  });
});

describe("SUNSUBSCRIBE", () => {
  it("ends shard channels only", () => {
    session.call("SUBSCRIBE a");
    session.call("SSUBSCRIBE a b");
    expect(session.ask("SUNSUBSCRIBE a")).toEqual(["sunsubscribe", "a", 1]);
    expect(session.ask("SUNSUBSCRIBE")).toEqual(["sunsubscribe", "b", 0]);
    expect(session.ask("SUNSUBSCRIBE")).toEqual(["sunsubscribe", null, 0]);
    expect(other.ask("PUBLISH a 1")).toBe(1);
  });
});

describe("SPUBLISH", () => {
  it("does not reach patterns", () => {
    session.call("PSUBSCRIBE *");
    expect(other.ask("SPUBLISH a 1")).toBe(0);
  });
});

describe("PUBSUB CHANNELS", () => {
  it("lists channels that somebody listens to", () => {
    session.call("SUBSCRIBE aa ab b");
    session.call("PSUBSCRIBE *");
    expect((other.ask("PUBSUB CHANNELS") as string[]).sort()).toEqual(["aa", "ab", "b"]);
    expect((other.ask("PUBSUB CHANNELS a?") as string[]).sort()).toEqual(["aa", "ab"]);
    expect(other.call("PUBSUB CHANNELS a b")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n",
    );
  });
});

describe("PUBSUB NUMSUB", () => {
  it("counts subscribers", () => {
    session.call("SUBSCRIBE a b");
    engine.open().call("SUBSCRIBE a");
    expect(other.ask("PUBSUB NUMSUB a b c")).toEqual(["a", 2, "b", 1, "c", 0]);
    expect(other.ask("PUBSUB NUMSUB")).toEqual([]);
  });
});

describe("PUBSUB NUMPAT", () => {
  it("counts patterns, not who listens", () => {
    session.call("PSUBSCRIBE a* b*");
    engine.open().call("PSUBSCRIBE a*");
    expect(other.ask("PUBSUB NUMPAT")).toBe(2);
  });
});

describe("PUBSUB SHARDCHANNELS", () => {
  it("lists shard channels", () => {
    session.call("SSUBSCRIBE s1 s2");
    session.call("SUBSCRIBE c");
    expect((other.ask("PUBSUB SHARDCHANNELS") as string[]).sort()).toEqual(["s1", "s2"]);
    expect(other.ask("PUBSUB SHARDCHANNELS *2")).toEqual(["s2"]);
  });
});

describe("PUBSUB SHARDNUMSUB", () => {
  it("counts subscribers of shard channels", () => {
    session.call("SSUBSCRIBE s");
    expect(other.ask("PUBSUB SHARDNUMSUB s t")).toEqual(["s", 1, "t", 0]);
  });
});

describe("PUBSUB HELP", () => {
  it("names the subcommands", () => {
    expect(JSON.stringify(other.ask("PUBSUB HELP"))).toMatch(/CHANNELS .*NUMPAT.*SHARDNUMSUB/);
  });
});

describe("PUBSUB", () => {
  it("wants a subcommand that exists", () => {
    expect(other.call("PUBSUB NONE")).toBe("-ERR unknown subcommand 'NONE'. Try PUBSUB HELP.\r\n");
  });

  it("keeps its books under random steps", () => {
    const listeners = Array.from({ length: 8 }, () => engine.open());
    const model = new Map<TestSession, Set<string>>(listeners.map((each) => [each, new Set()]));
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    for (let step = 0; step < 2000; step++) {
      const listener = listeners[random(8)] as TestSession;
      const name = `c${random(20)}`;
      const channels = model.get(listener) as Set<string>;
      if (random(3) > 0) {
        listener.call(`SUBSCRIBE ${name}`);
        channels.add(name);
      } else {
        listener.call(`UNSUBSCRIBE ${name}`);
        channels.delete(name);
      }
      if (step % 50 !== 0) continue;
      const wanted = [...model.values()].filter((each) => each.has(name)).length;
      expect(other.ask(`PUBLISH ${name} x`)).toBe(wanted);
      for (const each of listeners) {
        expect(told(each)).toBe(model.get(each)?.has(name) ? message("message", name, "x") : "");
      }
      expect(engine.exports.validate()).toBe(0);
    }
    for (const each of listeners) each.close();
    expect(other.ask("PUBSUB CHANNELS")).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Status } from "../../assembly/abi";
import { decode, decodeAll, encode, TestEngine, type TestSession } from "../support/engine";
import { effectLines } from "../support/replies";

let engine: TestEngine;
/** Whoever pushes, and two that wait. */
let pusher: TestSession;
let first: TestSession;
let second: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  pusher = engine.open();
  first = engine.open();
  second = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** Begins to wait: nothing is answered yet. */
function wait(session: TestSession, command: string | string[]): void {
  const words = typeof command === "string" ? [command] : command;
  expect(session.call(...words)).toBe("");
  expect(session.status).toBe(Status.WAITING);
}

/** The reply that a session was given outside its own calls; undefined while it waits. */
function answer(session: TestSession): unknown {
  const text = engine.takeReplies(session.id).toString("latin1");
  const at = engine.woken.indexOf(session.id);
  expect(at >= 0).toBe(text !== "");
  if (at < 0) return undefined;
  engine.woken.splice(at, 1);
  session.status = engine.exports.resume(session.id, engine.now);
  return decode(text);
}

const effects = () => effectLines(engine);

const TIMEOUT_ERRORS = [
  ["-1", "ERR timeout is negative"],
  ["-inf", "ERR timeout is negative"],
  ["soon", "ERR timeout is not a float or out of range"],
  ["", "ERR timeout is not a float or out of range"],
  [" 1", "ERR timeout is not a float or out of range"],
  ["nan", "ERR timeout is not a float or out of range"],
  ["1e30", "ERR timeout is out of range"],
  ["inf", "ERR timeout is out of range"],
  ["9223372036854775", "ERR timeout is out of range"],
] as const;

/** Every timeout that is refused, with the words of the command before and after it. */
function refusesTimeouts(before: string[], after: string[] = []): void {
  for (const [timeout, error] of TIMEOUT_ERRORS) {
    expect(pusher.ask(...before, timeout, ...after)).toEqual(new Error(error));
  }
}

describe.each([
  ["BLPOP", "LPOP", "x", "y"],
  ["BRPOP", "RPOP", "z", "y"],
])("%s", (name, twin, end, next) => {
  it("takes at once from the first list there is", () => {
    pusher.ask("RPUSH b x y z");
    expect(first.ask(`${name} a b 0`)).toEqual(["b", end]);
    expect(first.ask(`${name} b a 0`)).toEqual(["b", next]);
    expect(first.status).toBe(Status.CONTINUE);
    expect(pusher.ask("LLEN b")).toBe(1);
    expect(first.ask(`${name} b 0`)).toHaveLength(2);
    expect(pusher.ask("EXISTS b")).toBe(0);
  });

  it("waits for any of its keys and is answered by the command that makes one", () => {
    wait(first, `${name} a b c 0`);
    expect(pusher.ask("RPUSH b x y z")).toBe(3);
    expect(answer(first)).toEqual(["b", end]);
    expect(first.status).toBe(Status.CONTINUE);
    expect(pusher.ask("RPUSH a 1")).toBe(1);
    expect(answer(first)).toBeUndefined();
    expect(pusher.ask("LLEN b")).toBe(2);
  });

  it("serves who came first, one element each", () => {
    const third = engine.open();
    wait(first, `${name} k 0`);
    wait(second, `${name} k k 0`);
    wait(third, `${name} k 0`);
    expect(pusher.ask("RPUSH k one two")).toBe(2);
    const taken = [answer(first), answer(second)];
    expect(taken).toEqual(
      name === "BLPOP"
        ? [
            ["k", "one"],
            ["k", "two"],
          ]
        : [
            ["k", "two"],
            ["k", "one"],
          ],
    );
    expect(answer(third)).toBeUndefined();
    expect(pusher.ask("EXISTS k")).toBe(0);
  });

  it("answers WRONGTYPE for another type, before and while it waits", () => {
    pusher.ask("SET s v");
    expect(first.ask(`${name} s 0`)).toMatchObject({
      message: expect.stringMatching(/^WRONGTYPE/),
    });
    expect(first.ask(`${name} a s 0`)).toMatchObject({
      message: expect.stringMatching(/^WRONGTYPE/),
    });
    pusher.ask("RPUSH l x");
    expect(first.ask(`${name} l s 0`)).toEqual(["l", "x"]);
    wait(first, `${name} k l 0`);
    pusher.ask("SET k v");
    pusher.ask("ZADD l 1 m");
    expect(answer(first)).toBeUndefined();
    pusher.ask("DEL l");
    pusher.ask("RPUSH l x");
    expect(answer(first)).toMatchObject({ message: expect.stringMatching(/^WRONGTYPE/) });
    expect(pusher.ask("LLEN l")).toBe(1);
  });

  it("refuses timeouts and missing arguments", () => {
    refusesTimeouts([name, "k"]);
    expect(pusher.ask(`${name} k`)).toEqual(
      new Error(`ERR wrong number of arguments for '${name.toLowerCase()}' command`),
    );
  });

  it("answers null when its time is up, in both protocols", () => {
    second.call("HELLO 3");
    wait(first, `${name} k 0.5`);
    wait(second, `${name} k 0.2501`);
    engine.now += 250;
    engine.tick();
    expect(answer(second)).toBeUndefined();
    engine.now += 1;
    engine.exports.tick(engine.now, 1);
    expect(engine.takeReplies(second.id).toString()).toBe("_\r\n");
    engine.now += 248;
    engine.tick();
    expect(engine.takeReplies(first.id).toString()).toBe("");
    engine.now += 1;
    engine.tick();
    expect(engine.takeReplies(first.id).toString()).toBe("*-1\r\n");
    expect(engine.woken).toEqual([second.id, first.id]);
    expect(pusher.ask("RPUSH k x")).toBe(1);
    expect(pusher.ask("LLEN k")).toBe(1);
  });

  it("has the effect of its twin, after that of the command that woke it", () => {
    engine.exports.setEffects(1);
    pusher.ask("RPUSH k x");
    first.ask(`${name} k 0`);
    wait(first, `${name} k 1`);
    wait(second, `${name} j k 1`);
    expect(effects()).toEqual(["RPUSH k x", `${twin} k`]);
    pusher.ask("RPUSH k x y");
    expect(effects()).toEqual(["RPUSH k x y", `${twin} k`, `${twin} k`]);
  });
});

describe("BLMOVE", () => {
  it("is LMOVE when the list is there", () => {
    pusher.ask("RPUSH a 1 2 3");
    expect(first.ask("BLMOVE a b LEFT RIGHT 0")).toBe("1");
    expect(first.ask("BLMOVE a b RIGHT LEFT 0")).toBe("3");
    expect(first.ask("BLMOVE a a right left 0")).toBe("2");
    expect(pusher.ask("LRANGE b 0 -1")).toEqual(["3", "1"]);
  });

  it("waits, and its target may serve another in turn", () => {
    wait(first, "BLMOVE a b LEFT LEFT 0");
    wait(second, "BLPOP b 0");
    expect(pusher.ask("RPUSH a x")).toBe(1);
    expect(answer(first)).toBe("x");
    expect(answer(second)).toEqual(["b", "x"]);
    expect(pusher.ask("EXISTS a b")).toBe(0);
  });

  it("goes round in a circle of waiters and back to whoever waits last", () => {
    const third = engine.open();
    wait(first, "BLMOVE a b LEFT LEFT 0");
    wait(second, "BLMOVE b a LEFT LEFT 0");
    wait(third, "BLPOP a 0");
    pusher.ask("RPUSH a x");
    expect(answer(first)).toBe("x");
    expect(answer(second)).toBe("x");
    expect(answer(third)).toEqual(["a", "x"]);
  });

  it("rotates a list that comes", () => {
    wait(first, "BLMOVE a a LEFT RIGHT 0");
    pusher.ask("RPUSH a 1 2");
    expect(answer(first)).toBe("1");
    expect(pusher.ask("LRANGE a 0 -1")).toEqual(["2", "1"]);
  });

  it("answers WRONGTYPE when its target is something else by then", () => {
    wait(first, "BLMOVE a b LEFT LEFT 0");
    pusher.ask("SET b v");
    pusher.ask("RPUSH a x");
    expect(answer(first)).toMatchObject({ message: expect.stringMatching(/^WRONGTYPE/) });
    expect(pusher.ask("LRANGE a 0 -1")).toEqual(["x"]);
    pusher.ask("SET s v");
    expect(first.ask("BLMOVE s b LEFT LEFT 0")).toMatchObject({
      message: expect.stringMatching(/^WRONGTYPE/),
    });
  });

  it("refuses sides before timeouts", () => {
    expect(first.ask("BLMOVE a b UP LEFT soon")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BLMOVE a b LEFT DOWN 0")).toEqual(new Error("ERR syntax error"));
    refusesTimeouts(["BLMOVE", "a", "b", "LEFT", "RIGHT"]);
  });

  it("answers the null array when its time is up", () => {
    wait(first, "BLMOVE a b LEFT LEFT 0.001");
    engine.now += 1;
    engine.tick();
    expect(engine.takeReplies(first.id).toString()).toBe("*-1\r\n");
  });

  it("has the effect of LMOVE", () => {
    engine.exports.setEffects(1);
    pusher.ask("RPUSH a x");
    first.ask("BLMOVE a b LEFT RIGHT 0");
    wait(first, "BLMOVE a b RIGHT LEFT 0");
    effects();
    pusher.ask("RPUSH a y");
    expect(effects()).toEqual(["RPUSH a y", "LMOVE a b RIGHT LEFT"]);
  });
});

describe("BRPOPLPUSH", () => {
  it("is RPOPLPUSH, at once and later", () => {
    engine.exports.setEffects(1);
    pusher.ask("RPUSH a 1 2");
    expect(first.ask("BRPOPLPUSH a b 0")).toBe("2");
    expect(first.ask("BRPOPLPUSH a b 0")).toBe("1");
    wait(first, "BRPOPLPUSH a b 0");
    effects();
    pusher.ask("LPUSH a 3");
    expect(answer(first)).toBe("3");
    expect(effects()).toEqual(["LPUSH a 3", "RPOPLPUSH a b"]);
    expect(pusher.ask("LRANGE b 0 -1")).toEqual(["3", "1", "2"]);
  });

  it("refuses timeouts, and answers null when its time is up", () => {
    refusesTimeouts(["BRPOPLPUSH", "a", "b"]);
    wait(first, "BRPOPLPUSH a b 0.01");
    engine.now += 10;
    engine.tick();
    expect(answer(first)).toBeNull();
  });
});

describe("BLMPOP", () => {
  it("takes from the first list there is", () => {
    pusher.ask("RPUSH b 1 2 3 4");
    expect(first.ask("BLMPOP 0 2 a b LEFT")).toEqual(["b", ["1"]]);
    expect(first.ask("BLMPOP 0 2 b a RIGHT COUNT 2")).toEqual(["b", ["4", "3"]]);
    expect(first.ask("BLMPOP 0 1 b LEFT COUNT 10")).toEqual(["b", ["2"]]);
  });

  it("waits for any of its keys, and takes as many as there are", () => {
    engine.exports.setEffects(1);
    wait(first, "BLMPOP 0 3 a b b LEFT COUNT 3");
    wait(second, "BLMPOP 0 1 b RIGHT");
    pusher.ask("RPUSH b 1 2 3 4 5");
    expect(answer(first)).toEqual(["b", ["1", "2", "3"]]);
    expect(answer(second)).toEqual(["b", ["5"]]);
    expect(effects()).toEqual(["RPUSH b 1 2 3 4 5", "LPOP b 3", "RPOP b 1"]);
  });

  it("refuses as LMPOP does, and timeouts last", () => {
    expect(first.ask("BLMPOP soon 0 a LEFT")).toEqual(
      new Error("ERR numkeys should be greater than 0"),
    );
    expect(first.ask("BLMPOP 0 2 a LEFT")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BLMPOP 0 1 a UP")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BLMPOP 0 1 a LEFT COUNT 0")).toEqual(
      new Error("ERR count should be greater than 0"),
    );
    expect(first.ask("BLMPOP 0 1 a LEFT COUNT 1 COUNT 1")).toEqual(new Error("ERR syntax error"));
    refusesTimeouts(["BLMPOP"], ["1", "a", "LEFT"]);
    pusher.ask("SET s v");
    expect(first.ask("BLMPOP 0 2 a s LEFT")).toMatchObject({
      message: expect.stringMatching(/^WRONGTYPE/),
    });
  });

  it("answers null when its time is up", () => {
    wait(first, "BLMPOP 0.01 1 a LEFT");
    engine.now += 10;
    engine.tick();
    expect(answer(first)).toBeNull();
  });
});

describe("BLMOVEM", () => {
  it("is LMOVEM when there are enough elements", () => {
    pusher.ask("RPUSH a 1 2 3 4 5");
    expect(first.ask("BLMOVEM a b LEFT RIGHT 0")).toEqual(["1"]);
    expect(first.ask("BLMOVEM a b LEFT RIGHT 0 EXACTLY 2 BULK")).toEqual(["2", "3"]);
    expect(first.ask("BLMOVEM a b RIGHT LEFT 0 COUNT 9 OBO")).toEqual(["4", "5"]);
  });

  it("waits with COUNT for the list, with EXACTLY for as many elements", () => {
    engine.exports.setEffects(1);
    wait(first, "BLMOVEM a b LEFT RIGHT 0 EXACTLY 3 BULK");
    wait(second, "BLMOVEM a c LEFT RIGHT 0 COUNT 3 BULK");
    pusher.ask("RPUSH a 1 2");
    expect(answer(first)).toBeUndefined();
    expect(answer(second)).toEqual(["1", "2"]);
    pusher.ask("RPUSH a 3 4");
    expect(answer(first)).toBeUndefined();
    effects();
    pusher.ask("LPUSH a 5");
    expect(answer(first)).toEqual(["5", "3", "4"]);
    expect(effects()).toEqual(["LPUSH a 5", "MULTI", "LPOP a 3", "RPUSH b 5 3 4", "EXEC"]);
    expect(pusher.ask("EXISTS a")).toBe(0);
  });

  it("keeps its place in the queue while there are too few", () => {
    wait(first, "BLMOVEM a b LEFT RIGHT 0 EXACTLY 2 BULK");
    wait(second, "BLMOVEM a c LEFT RIGHT 0 EXACTLY 2 BULK");
    pusher.ask("RPUSH a 1");
    pusher.ask("RPUSH a 2");
    expect(answer(first)).toEqual(["1", "2"]);
    expect(answer(second)).toBeUndefined();
    pusher.ask("RPUSH a 3");
    pusher.ask("LINSERT a AFTER 3 4");
    expect(answer(second)).toEqual(["3", "4"]);
  });

  it("refuses as LMOVEM does", () => {
    expect(first.ask("BLMOVEM a b UP RIGHT 0")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BLMOVEM a b LEFT RIGHT 0 EXACTLY 2")).toEqual(new Error("ERR syntax error"));
    expect(first.ask("BLMOVEM a b LEFT RIGHT 0 COUNT 0 OBO")).toEqual(
      new Error("ERR count should be greater than 0"),
    );
    refusesTimeouts(["BLMOVEM", "a", "b", "LEFT", "RIGHT"]);
    pusher.ask("SET s v");
    expect(first.ask("BLMOVEM s b LEFT RIGHT 0")).toMatchObject({
      message: expect.stringMatching(/^WRONGTYPE/),
    });
  });

  it("answers null when its time is up", () => {
    pusher.ask("RPUSH a 1");
    wait(first, "BLMOVEM a b LEFT RIGHT 1.5 EXACTLY 2 OBO");
    engine.now += 1500;
    engine.tick();
    expect(answer(first)).toBeNull();
    expect(pusher.ask("LLEN a")).toBe(1);
  });
});

describe("waiting", () => {
  it("ends by whatever makes a key", () => {
    const makers: [string[], string][] = [
      [["RPUSH other x", "RENAME other k"], "x"],
      [["RPUSH other x", "RENAMENX other k"], "x"],
      [["RPUSH other x", "COPY other k"], "x"],
      [["RPUSH other x", "LMOVE other k LEFT LEFT"], "x"],
      [["RPUSH other x", "RPOPLPUSH other k"], "x"],
      [["SELECT 1", "RPUSH k x", "MOVE k 0"], "x"],
      [["SELECT 1", "RPUSH k x", "SWAPDB 0 1"], "x"],
      [["RPUSH other 2 1", "SORT other STORE k"], "1"],
      [["RPUSH other 2 1", "SET k v", "SORT other STORE k"], "1"],
      [["MULTI", "SET k v", "DEL k", "RPUSH k x y", "LPOP k", "EXEC"], "y"],
    ];
    for (const [commands, value] of makers) {
      wait(first, "BLPOP k 0");
      for (const command of commands) expect(pusher.raw(`${command}\r\n`)).not.toMatch(/^-/);
      expect(answer(first)).toEqual(["k", value]);
      pusher.ask("FLUSHALL");
      pusher.ask("SELECT 0");
    }
  });

  it("ends by RESTORE", () => {
    pusher.ask("RPUSH other x");
    const dumped = pusher.call("DUMP other").slice(0, -2);
    const bytes = Buffer.from(dumped.slice(dumped.indexOf("\n") + 1), "latin1");
    wait(first, "BLPOP k 0");
    expect(pusher.ask("RESTORE", "k", "0", bytes)).toBe("OK");
    expect(answer(first)).toEqual(["k", "x"]);
  });

  it("is not for a transaction, and goes on until one is over", () => {
    const lines = ["MULTI", "BLPOP k 0", "BRPOP k 0", "BLMPOP 0 1 k LEFT", "BZPOPMIN k 0"];
    lines.push("BLMOVE k j LEFT LEFT 0", "BRPOPLPUSH k j 0", "BLMOVEM k j LEFT LEFT 0", "EXEC");
    expect(decodeAll(pusher.raw(`${lines.join("\r\n")}\r\n`)).pop()).toEqual(
      new Array(7).fill(null),
    );
    wait(first, "BLPOP b a 0");
    wait(second, "BLPOP a b 0");
    engine.exports.setEffects(1);
    expect(pusher.raw("MULTI\r\nRPUSH a x\r\nRPUSH b y\r\nLLEN a\r\nEXEC\r\n")).toBe(
      "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n:1\r\n:1\r\n",
    );
    expect(answer(first)).toEqual(["b", "y"]);
    expect(answer(second)).toEqual(["a", "x"]);
    const order = ["MULTI", "RPUSH a x", "RPUSH b y", "EXEC", "LPOP b", "LPOP a"];
    expect(effects()).toEqual(order);
  });

  it("makes a watched key dirty when it ends", () => {
    pusher.ask("RPUSH other x");
    pusher.raw("WATCH target\r\nMULTI\r\nPING\r\n");
    wait(first, "BLMOVE k target LEFT LEFT 0");
    second.ask("RENAME other k");
    expect(answer(first)).toBe("x");
    expect(pusher.raw("EXEC\r\n")).toBe("*-1\r\n");
  });

  it("ends with OOM where the command would have been refused", () => {
    pusher.ask("RPUSH other x");
    wait(first, "BLMOVE k target LEFT LEFT 0");
    wait(second, "BLPOP k 0");
    pusher.ask("CONFIG SET maxmemory 1");
    expect(pusher.ask("RENAME other k")).toBe("OK");
    expect(answer(first)).toMatchObject({ message: expect.stringMatching(/^OOM /) });
    expect(answer(second)).toEqual(["k", "x"]);
  });

  it("is for keys of the database that was selected", () => {
    first.ask("SELECT 3");
    wait(first, "BLPOP k 0");
    wait(second, "BLPOP k 0");
    pusher.ask("SELECT 3");
    pusher.ask("RPUSH k x");
    expect(answer(first)).toEqual(["k", "x"]);
    expect(answer(second)).toBeUndefined();
    pusher.ask("RPUSH k y");
    pusher.ask("SWAPDB 5 3");
    expect(answer(second)).toBeUndefined();
    pusher.ask("SWAPDB 0 5");
    expect(answer(second)).toEqual(["k", "y"]);
  });

  it("goes on when the key is deleted in the same command line", () => {
    wait(first, "BLPOP k 0");
    expect(pusher.raw("SET k v\r\nDEL k\r\n")).toBe("+OK\r\n:1\r\n");
    expect(answer(first)).toBeUndefined();
  });

  it("keeps what the session has sent after its command", () => {
    wait(first, "BLPOP k 0");
    expect(second.raw(Buffer.concat([encode(["BLPOP", "k", "0"]), encode(["PING"])]))).toBe("");
    pusher.ask("RPUSH k x y");
    expect(answer(first)).toEqual(["k", "x"]);
    expect(engine.woken).toEqual([second.id]);
    expect(engine.exports.resume(second.id, engine.now)).toBe(Status.CONTINUE);
    expect(engine.takeReplies(second.id).toString()).toBe("*2\r\n$1\r\nk\r\n$1\r\ny\r\n+PONG\r\n");
  });

  it("serves after each command of a pipeline", () => {
    wait(first, "BLPOP k 0");
    const replies = pusher.raw("RPUSH k x\r\nLLEN k\r\nRPUSH k y\r\nLLEN k\r\n");
    expect(replies).toBe(":1\r\n:0\r\n:1\r\n:1\r\n");
    expect(answer(first)).toEqual(["k", "x"]);
  });

  it("is over for a session that has gone", () => {
    wait(first, "BLPOP k j 0");
    wait(second, "BLPOP k 10");
    first.close();
    pusher.ask("RPUSH k x");
    expect(answer(second)).toEqual(["k", "x"]);
    wait(second, "BLPOP k 10");
    const before = engine.view().getFloat64(0x8000 + 144, true);
    expect(before).toBe(engine.now + 10_000);
    second.close();
    expect(engine.view().getFloat64(0x8000 + 144, true)).toBe(0);
    expect(pusher.ask("RPUSH k x")).toBe(1);
    expect(pusher.ask("LLEN k")).toBe(1);
  });

  it("is over for a session that is killed", () => {
    wait(first, "BLPOP k 0");
    wait(second, "BLPOP k 0");
    expect(pusher.ask(`CLIENT KILL ID ${first.id}`)).toBe(1);
    pusher.ask("RPUSH k x");
    expect(engine.takeReplies(first.id).toString()).toBe("");
    expect(answer(second)).toEqual(["k", "x"]);
  });

  it("keeps to CLIENT REPLY", () => {
    first.raw(encode(["CLIENT", "REPLY", "OFF"]));
    first.raw(encode(["BLPOP", "k", "0"]));
    second.raw(encode(["CLIENT", "REPLY", "SKIP"]));
    second.raw(encode(["BLPOP", "k", "0"]));
    pusher.raw(encode(["CLIENT", "REPLY", "OFF"]));
    expect(pusher.raw(encode(["RPUSH", "k", "x", "y"]))).toBe("");
    expect(engine.woken).toEqual([first.id, second.id]);
    expect(engine.takeReplies(first.id).toString()).toBe("");
    expect(engine.takeReplies(second.id).toString()).toBe("");
    expect(second.raw(encode(["PING"]))).toBe("+PONG\r\n");
    expect(first.raw(encode(["CLIENT", "REPLY", "ON"]))).toBe("+OK\r\n");
  });

  it("keeps the reply of the waker before and after", () => {
    pusher.call("HELLO 3");
    wait(first, "BLMPOP 0 1 k LEFT");
    expect(pusher.raw("PING\r\nRPUSH k x\r\nGET none\r\n")).toBe("+PONG\r\n:1\r\n_\r\n");
    expect(answer(first)).toEqual(["k", ["x"]]);
  });

  it("shows in CLIENT LIST and INFO", () => {
    wait(first, "BLPOP k j 0");
    wait(second, "BLPOP k 10");
    expect(pusher.call("CLIENT LIST")).toContain(`id=${first.id} `);
    expect(pusher.call("CLIENT LIST").match(/flags=b/g)).toHaveLength(2);
    const info = pusher.call("INFO clients");
    expect(info).toContain("blocked_clients:2\r\n");
    expect(info).toContain("clients_in_timeout_table:1\r\n");
    expect(info).toContain("total_blocking_keys:2\r\n");
    pusher.ask("RPUSH k 1 2");
    expect(pusher.call("INFO clients")).toContain("blocked_clients:0\r\n");
    expect(pusher.call("INFO clients")).toContain("total_blocking_keys:0\r\n");
  });

  it("counts as one call, and a failure as one", () => {
    wait(first, "BLPOP k j 0");
    pusher.ask("RPUSH k x");
    answer(first);
    wait(first, "BLPOP s k 0");
    pusher.ask("SET s v");
    pusher.ask("RPUSH k x");
    answer(first);
    expect(pusher.call("INFO commandstats")).toMatch(
      /cmdstat_blpop:calls=2,.*rejected_calls=0,failed_calls=1\r\n/,
    );
  });

  it("frees all that it took", () => {
    const used = () => Number(/used_memory:(\d+)/.exec(pusher.call("INFO memory"))?.[1]);
    let before = 0;
    for (let round = 0; round < 100; round++) {
      wait(first, `BLPOP ${Array.from({ length: 40 }, (_, n) => `key:${round}:${n}`).join(" ")} 0`);
      wait(second, "BLPOP k 10");
      pusher.ask(`RPUSH key:${round}:7 x`);
      pusher.ask("RPUSH k x");
      answer(first);
      answer(second);
      if (round === 40) used();
      if (round === 50) before = used();
    }
    expect(used()).toBe(before);
  });
});

describe("CLIENT UNBLOCK", () => {
  it("ends a wait as if its time were up", () => {
    wait(first, "BLPOP k 0");
    expect(pusher.ask(`CLIENT UNBLOCK ${first.id}`)).toBe(1);
    expect(answer(first)).toBeNull();
    wait(first, "BLPOP k 10");
    expect(pusher.ask(`CLIENT UNBLOCK ${first.id} timeout`)).toBe(1);
    expect(answer(first)).toBeNull();
    expect(pusher.ask(`CLIENT UNBLOCK ${first.id}`)).toBe(0);
    pusher.ask("RPUSH k x");
    expect(pusher.ask("LLEN k")).toBe(1);
  });

  it("ends a wait with an error", () => {
    wait(first, "BLMOVE k j LEFT LEFT 10");
    expect(pusher.ask(`CLIENT UNBLOCK ${first.id} ERROR`)).toBe(1);
    expect(answer(first)).toEqual(new Error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
    expect(pusher.call("INFO errorstats")).toContain("errorstat_UNBLOCKED:count=1\r\n");
    expect(pusher.call("INFO commandstats")).toMatch(/cmdstat_blmove:.*failed_calls=1\r\n/);
    expect(pusher.call("INFO commandstats")).toMatch(/unblock:.*failed_calls=0\r\n/);
  });

  it("knows no client that does not wait", () => {
    expect(pusher.ask("CLIENT UNBLOCK 12345")).toBe(0);
    expect(pusher.ask("CLIENT UNBLOCK -1")).toBe(0);
    expect(pusher.ask(`CLIENT UNBLOCK ${pusher.id}`)).toBe(0);
  });

  it("answers its own session where its replies are off", () => {
    wait(first, "BLPOP k 0");
    pusher.raw(encode(["CLIENT", "REPLY", "OFF"]));
    expect(pusher.raw(encode(["CLIENT", "UNBLOCK", String(first.id)]))).toBe("");
    expect(answer(first)).toBeNull();
  });
});

// CLIENT PAUSE and UNPAUSE: what waits, what does not, and in which order it goes on.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXCHANGE, Exchange, SessionFlag, Status } from "../../assembly/abi";
import { encode, START_MS, TestEngine, type TestSession } from "../support/engine";

/** A command that is refused uses the SKIP up. */
const failsReserves = process.env.QUIRE_TEST_FAIL_RESERVE === "1";

let engine: TestEngine;
let admin: TestSession;
let client: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  admin = engine.open();
  client = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const deadline = () => engine.view().getFloat64(EXCHANGE + Exchange.NEXT_DEADLINE_MS, true);

/** As a host does: resumes whom the engine has woken, in order; what they were answered. */
function resumeWoken(): [number, string][] {
  const answers: [number, string][] = [];
  for (let id = engine.woken.shift(); id !== undefined; id = engine.woken.shift()) {
    engine.exports.resume(id, engine.now);
    answers.push([id, engine.takeReplies(id).toString("latin1")]);
  }
  return answers;
}

describe("CLIENT PAUSE", () => {
  test("refuses what it does not understand", () => {
    expect(client.call("CLIENT PAUSE")).toBe(
      "-ERR wrong number of arguments for 'client|pause' command\r\n",
    );
    expect(client.call("CLIENT PAUSE x")).toBe(
      "-ERR timeout is not an integer or out of range\r\n",
    );
    expect(client.call("CLIENT PAUSE -1")).toBe("-ERR timeout is negative\r\n");
    expect(client.call("CLIENT PAUSE 9223372036854775807")).toBe(
      "-ERR timeout is out of range\r\n",
    );
    expect(client.call("CLIENT PAUSE 10 foo")).toBe(
      "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n",
    );
    expect(client.call("CLIENT PAUSE 10 WRITE x")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.\r\n",
    );
    expect(deadline()).toBe(0);
  });

  test("WRITE lets reads through and holds writes until its time is up", () => {
    client.call("SET a 1");
    expect(admin.call("CLIENT PAUSE 100 WRITE")).toBe("+OK\r\n");
    expect(deadline()).toBe(START_MS + 100);
    expect(client.call("GET a")).toBe("$1\r\n1\r\n");
    expect(client.call("SET a 2")).toBe("");
    expect(client.status).toBe(Status.WAITING);
    expect(admin.call("GET a")).toBe("$1\r\n1\r\n");
    engine.now += 99;
    engine.tick();
    expect(engine.woken).toEqual([]);
    engine.now += 1;
    engine.tick();
    expect(deadline()).toBe(0);
    expect(resumeWoken()).toEqual([[client.id, "+OK\r\n"]]);
    expect(admin.call("GET a")).toBe("$1\r\n2\r\n");
    expect(client.call("GET a")).toBe("$1\r\n2\r\n");
  });

  test("ALL holds everything, its end included", () => {
    expect(admin.raw(Buffer.concat([encode(["CLIENT", "PAUSE", "50"]), encode(["PING"])]))).toBe(
      "+OK\r\n",
    );
    expect(admin.status).toBe(Status.WAITING);
    expect(client.call("CLIENT UNPAUSE")).toBe("");
    engine.now += 50;
    engine.tick();
    expect(resumeWoken()).toEqual([
      [admin.id, "+PONG\r\n"],
      [client.id, "+OK\r\n"],
    ]);
  });

  test.each(["PUBLISH a b", "SPUBLISH a b", "PFCOUNT a", "DEL a", "FLUSHALL"])(
    "WRITE holds %s",
    (words) => {
      admin.call("CLIENT PAUSE 100 WRITE");
      expect(client.call(words)).toBe("");
      expect(client.status).toBe(Status.WAITING);
      expect(admin.call("CLIENT UNPAUSE")).toBe("+OK\r\n");
      expect(resumeWoken()).toHaveLength(1);
    },
  );

  test("a refused command is refused at once", () => {
    admin.call("CLIENT PAUSE 100 WRITE");
    expect(client.call("SET a")).toMatch(/^-ERR wrong number/);
    expect(client.call("NOSUCH a")).toMatch(/^-ERR unknown command/);
  });

  test("those who wait go on in their order, each with all that it sent", () => {
    const third = engine.open();
    admin.call("CLIENT PAUSE 100 WRITE");
    const pipeline = ["SET a 1", "GET a", "APPEND a 2", "GET a"].map((line) =>
      encode(line.split(" ")),
    );
    expect(third.raw(Buffer.concat(pipeline))).toBe("");
    expect(client.call("APPEND a 9")).toBe("");
    expect(admin.call("INFO clients")).toContain("blocked_clients:2\r\n");
    expect(admin.call("CLIENT LIST")).toMatch(/flags=b .*\n.*flags=b /);
    admin.call("CLIENT UNPAUSE");
    expect(resumeWoken()).toEqual([
      [third.id, "+OK\r\n$1\r\n1\r\n:2\r\n$2\r\n12\r\n"],
      [client.id, ":3\r\n"],
    ]);
  });

  test("a second pause makes the first one longer and stricter only", () => {
    admin.call("CLIENT PAUSE 100 WRITE");
    admin.call("CLIENT PAUSE 10 WRITE");
    expect(deadline()).toBe(START_MS + 100);
    admin.call("CLIENT PAUSE 20 ALL");
    expect(deadline()).toBe(START_MS + 100);
    expect(client.call("PING")).toBe("");
    engine.now += 100;
    engine.tick();
    expect(resumeWoken()).toEqual([[client.id, "+PONG\r\n"]]);
  });

  test("a new pause holds those who are resumed again", () => {
    admin.call("CLIENT PAUSE 100 WRITE");
    client.call("SET a 1");
    admin.call("CLIENT UNPAUSE");
    admin.call("CLIENT PAUSE 100 WRITE");
    expect(resumeWoken()).toEqual([[client.id, ""]]);
    admin.call("CLIENT UNPAUSE");
    expect(resumeWoken()).toEqual([[client.id, "+OK\r\n"]]);
  });

  test("ends for a command that comes before the tick", () => {
    admin.call("CLIENT PAUSE 100 WRITE");
    client.call("SET a 1");
    engine.now += 100;
    expect(admin.call("SET b 1")).toBe("+OK\r\n");
    expect(resumeWoken()).toEqual([[client.id, "+OK\r\n"]]);
  });

  test("in transactions: writes wait to be queued, EXEC waits when it would write", () => {
    client.call("MULTI");
    client.call("SET a 1");
    const other = engine.open();
    other.call("MULTI");
    other.call("GET a");
    admin.call("CLIENT PAUSE 100 WRITE");
    expect(other.call("EXEC")).toBe("*1\r\n$-1\r\n");
    expect(client.call("EXEC")).toBe("");
    other.call("MULTI");
    expect(other.call("SET a 2")).toBe("");
    admin.call("CLIENT UNPAUSE");
    expect(resumeWoken()).toEqual([
      [client.id, "*1\r\n+OK\r\n"],
      [other.id, "+QUEUED\r\n"],
    ]);
    expect(other.call("EXEC")).toBe("*1\r\n+OK\r\n");
  });

  test("a transaction that pauses runs to its end", () => {
    client.call("SET old x PX 10");
    engine.now += 20;
    client.call("MULTI");
    client.call("CLIENT PAUSE 100 WRITE");
    client.call("SET old 2");
    client.call("GET old");
    expect(client.call("EXEC")).toBe("*3\r\n+OK\r\n+OK\r\n$1\r\n2\r\n");
    expect(client.call("SET b 1")).toBe("");
  });

  test("nothing expires meanwhile, though nobody sees it", () => {
    client.call("SET a 1 PX 10");
    client.call("SET b 1");
    engine.exports.setEffects(1);
    admin.call("CLIENT PAUSE 100 WRITE");
    engine.now += 20;
    engine.tick();
    expect(client.call("GET a")).toBe("$-1\r\n");
    expect(client.call("EXISTS a")).toBe(":0\r\n");
    expect(client.ask("SCAN 0")).toEqual(["0", ["b"]]);
    expect(client.ask("KEYS *")).toEqual(["b"]);
    expect(client.call("DBSIZE")).toBe(":2\r\n");
    expect(client.call("RANDOMKEY")).toMatch(/b/);
    expect(engine.takeEffects()).toBe("");
    admin.call("CLIENT UNPAUSE");
    engine.tick();
    expect(client.call("DBSIZE")).toBe(":1\r\n");
    expect(engine.takeEffects()).toContain("DEL");
  });

  test("RANDOMKEY answers although all keys are past their time", () => {
    client.call("SET a 1 PX 10");
    admin.call("CLIENT PAUSE 100 WRITE");
    engine.now += 20;
    expect(client.call("RANDOMKEY")).toBe("$1\r\na\r\n");
  });

  test("nothing is evicted meanwhile", () => {
    for (let index = 0; index < 200; index++) client.call(`SET key:${index} ${"x".repeat(500)}`);
    client.call("CONFIG SET maxmemory-policy allkeys-lru");
    admin.call("CLIENT PAUSE 100 WRITE");
    admin.call("CONFIG SET maxmemory 1000");
    engine.tick();
    expect(client.call("DBSIZE")).toBe(":200\r\n");
    admin.call("CLIENT UNPAUSE");
    engine.tick();
    expect(client.call("DBSIZE")).toBe(":0\r\n");
  });

  test.skipIf(failsReserves)("CLIENT REPLY SKIP skips the reply that comes late", () => {
    admin.call("CLIENT PAUSE 100 WRITE");
    client.call("CLIENT REPLY SKIP");
    expect(client.call("SET a 1")).toBe("");
    admin.call("CLIENT UNPAUSE");
    expect(resumeWoken()).toEqual([[client.id, ""]]);
    expect(client.call("GET a")).toBe("$1\r\n1\r\n");
  });

  test("a client that leaves or is killed waits no longer", () => {
    const other = engine.open();
    admin.call("CLIENT PAUSE 100 WRITE");
    client.call("SET a 1");
    other.call("SET a 2");
    client.close();
    expect(admin.call(`CLIENT KILL ID ${other.id}`)).toBe(":1\r\n");
    admin.call("CLIENT UNPAUSE");
    expect(engine.woken).toEqual([]);
    expect(admin.call("GET a")).toBe("$-1\r\n");
  });

  test("CLIENT UNBLOCK does not end it", () => {
    admin.call("CLIENT PAUSE 100 WRITE");
    client.call("SET a 1");
    expect(admin.call(`CLIENT UNBLOCK ${client.id}`)).toBe(":0\r\n");
    admin.call("CLIENT UNPAUSE");
    expect(resumeWoken()).toHaveLength(1);
  });

  test("the host's own sessions are never held", () => {
    const own = engine.open(SessionFlag.INTERNAL);
    own.call("SET old x PX 10");
    admin.call("CLIENT PAUSE 100");
    engine.now += 20;
    expect(own.call("SET old 2")).toBe("+OK\r\n");
    expect(own.call("GET old")).toBe("$1\r\n2\r\n");
  });

  test("waits for keys go on beside it", () => {
    client.call("BLPOP list 1");
    admin.call("CLIENT PAUSE 5000 WRITE");
    expect(deadline()).toBe(START_MS + 1000);
    engine.now += 1000;
    engine.tick();
    expect(resumeWoken()).toEqual([[client.id, "*-1\r\n"]]);
    expect(deadline()).toBe(START_MS + 5000);
  });
});

describe("CLIENT UNPAUSE", () => {
  test("ends nothing when there is no pause", () => {
    expect(client.call("CLIENT UNPAUSE")).toBe("+OK\r\n");
    expect(client.call("CLIENT UNPAUSE x")).toBe(
      "-ERR wrong number of arguments for 'client|unpause' command\r\n",
    );
  });
});

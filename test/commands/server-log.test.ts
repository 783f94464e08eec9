/** BGREWRITEAOF, INFO about the log, and what is refused while loading or after a failure. */
import { afterEach, describe, expect, it } from "vitest";
import {
  EFFECTS_WINDOW,
  EXCHANGE,
  Exchange,
  Request,
  SessionFlag,
  Status,
} from "../../assembly/abi";
import { crc64Hex } from "../../hosts/shared/persistence/crc64";
import { encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

function start(): void {
  engine = new TestEngine();
  session = engine.open();
}

function setWord(word: number, value: number): void {
  engine.view().setUint32(EXCHANGE + word, value, true);
}

function setFact(fact: number, value: number): void {
  engine.view().setFloat64(EXCHANGE + fact, value, true);
}

/** A line of INFO persistence. */
function field(name: string): string | undefined {
  const text = session.ask("INFO", "persistence") as string;
  return new RegExp(`^${name}:(.*)\r$`, "m").exec(text)?.[1];
}

afterEach(() => expect(engine.exports.validate()).toBe(0));

describe("BGREWRITEAOF", () => {
  it("answers what the host says", () => {
    start();
    expect(session.raw("BGREWRITEAOF\r\n")).toBe("");
    expect(session.status).toBe(Status.WAITING);
    expect(engine.request().kind).toBe(Request.REWRITE_LOG);
    engine.complete(engine.request().id, true, "Background append only file rewriting started");
    const started = "+Background append only file rewriting started\r\n";
    expect(engine.takeReplies(session.id).toString()).toBe(started);
    expect(session.raw("BGREWRITEAOF\r\n")).toBe("");
    engine.complete(engine.request().id, false, "ERR no");
    expect(engine.takeReplies(session.id).toString()).toBe("-ERR no\r\n");
  });

  it("is seen in INFO", () => {
    start();
    expect(field("aof_enabled")).toBe("0");
    expect(field("aof_current_size")).toBeUndefined();
    engine.open(SessionFlag.INTERNAL).call("QUIRE CONFIGURE appendonly yes");
    setFact(Exchange.LOG_BYTES, 123);
    setFact(Exchange.REWRITES, 2);
    setFact(Exchange.REWRITE_DURATION_MS, 3500);
    setWord(Exchange.REWRITE_IN_PROGRESS, 1);
    expect(field("aof_enabled")).toBe("1");
    expect(field("aof_current_size")).toBe("123");
    expect(field("aof_rewrites")).toBe("2");
    expect(field("aof_last_rewrite_time_sec")).toBe("3");
    expect(field("aof_rewrite_in_progress")).toBe("1");
    expect(field("aof_last_write_status")).toBe("ok");
  });
});

describe("while the data set is loaded", () => {
  it("only commands that need none are served", () => {
    start();
    setWord(Exchange.LOADING, 1);
    setFact(Exchange.LOADING_TOTAL, 200);
    setFact(Exchange.LOADING_DONE, 50);
    const loading = "-LOADING Redis is loading the dataset in memory\r\n";
    expect(session.call("GET a")).toBe(loading);
    expect(session.call("PING")).toBe(loading);
    expect(session.call("CLIENT SETNAME me")).toBe("+OK\r\n");
    expect(field("loading")).toBe("1");
    expect(field("loading_loaded_perc")).toBe("25.00");
    expect(engine.open(SessionFlag.REPLAY).call("SET a 1")).toBe("+OK\r\n");
    setWord(Exchange.LOADING, 0);
    expect(session.call("GET a")).toBe("$1\r\n1\r\n");
  });
});

describe("after the log has failed", () => {
  it("writes and PING are refused with the reason, reads are served", () => {
    start();
    session.call("SET a 1");
    setWord(Exchange.LOG_FAILED, 1);
    const host = engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE", "FACT", "log_failure", "No space left on device");
    const refused = "-MISCONF Errors writing to the AOF file: No space left on device\r\n";
    expect(session.call("SET a 2")).toBe(refused);
    expect(session.call("PING")).toBe(refused);
    expect(session.call("GET a")).toBe("$1\r\n1\r\n");
    expect(field("aof_last_write_status")).toBe("err");
    setWord(Exchange.LOG_FAILED, 0);
    expect(session.call("SET a 2")).toBe("+OK\r\n");
  });
});

describe("the effect of a request that is rendered as it came", () => {
  const set = "*3\r\n$3\r\nSET\r\n$10\r\nkkkkkkkkkk\r\n$1\r\nv\r\n";

  it.each([
    ["in the bytes of a client library", set],
    ["inline", "SET kkkkkkkkkk v\r\n"],
    ["with other bytes at the ends of arguments", set.replace("v\r\n", "vxy")],
  ])("is the same bytes when it came %s", (_, request) => {
    start();
    engine.exports.setEffects(1);
    session.raw("SELECT 0\r\nSET x 1\r\n");
    engine.takeEffects();
    expect(session.raw(request)).toBe("+OK\r\n");
    expect(engine.takeEffects()).toBe(set);
  });

  it("is the same bytes whatever the number and size of arguments", () => {
    start();
    engine.exports.setEffects(1);
    session.raw("SELECT 0\r\nSET x 1\r\n");
    for (const sizes of [
      [0],
      [9, 10],
      [99, 100],
      [5, 5, 5, 5, 5, 5],
      [1, 1, 1, 1, 1, 1, 1, 1, 1],
    ]) {
      const words = ["RPUSH", "list", ...sizes.map((size) => "e".repeat(size))];
      session.call("DEL list");
      engine.takeEffects();
      session.raw(encode(words));
      expect(engine.takeEffects()).toBe(encode(words).toString());
    }
  });
});

describe("the checksum of effects", () => {
  const sum = () =>
    engine
      .view()
      .getBigUint64(EXCHANGE + Exchange.EFFECTS_SUM, true)
      .toString(16)
      .padStart(16, "0");
  const position = () => engine.view().getFloat64(EXCHANGE + Exchange.POSITION, true);
  const taken = () => {
    const bytes = engine.exports.takeEffects();
    return Buffer.from(engine.memory.buffer.slice(EFFECTS_WINDOW, EFFECTS_WINDOW + bytes));
  };

  it("covers what several calls have left in the window", () => {
    start();
    engine.exports.setEffects(1);
    setWord(Exchange.EFFECTS_GATHERING, 1);
    const before = position();
    session.raw("SET a 1\r\nSET b 2\r\n");
    session.raw("DEL a\r\n");
    expect(engine.takeEffects()).toBe("");
    const first = taken();
    expect(first.toString()).toBe(
      [
        ["SELECT", "0"],
        ["SET", "a", "1"],
        ["SET", "b", "2"],
        ["DEL", "a"],
      ]
        .map(encode)
        .join(""),
    );
    expect(position() - before).toBe(first.length);
    expect(sum()).toBe(crc64Hex(first));
    expect(engine.exports.takeEffects()).toBe(0);
    session.raw("DEL b\r\n");
    const second = taken();
    expect(position() - before).toBe(first.length + second.length);
    expect(sum()).toBe(crc64Hex(Buffer.concat([first, second])));
  });

  it("covers a window that is half full and handed over at the end of a call", () => {
    start();
    engine.exports.setEffects(1);
    setWord(Exchange.EFFECTS_GATHERING, 1);
    const before = position();
    session.raw(encode(["SET", "k", "v".repeat(20_000)]));
    expect(engine.takeEffects()).toBe("");
    session.raw(encode(["SET", "k", "w".repeat(14_000)]));
    const text = Buffer.from(engine.takeEffects());
    expect(text.length).toBe(position() - before);
    expect(sum()).toBe(crc64Hex(text));
    expect(engine.exports.takeEffects()).toBe(0);
  });

  it("leaves out what a call flushes before its end; the position counts it", () => {
    start();
    engine.exports.setEffects(1);
    setWord(Exchange.EFFECTS_GATHERING, 1);
    const before = position();
    session.raw(encode(["SET", "k", "v".repeat(9_000)]));
    session.raw(encode(["SET", "k", "w".repeat(200_000)]));
    const flushed = Buffer.from(engine.takeEffects());
    const rest = taken();
    expect(flushed.length + rest.length).toBe(position() - before);
    expect(Buffer.concat([flushed, rest]).toString()).toContain(`${"w".repeat(200_000)}\r\n`);
  });
});

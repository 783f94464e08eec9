/** SAVE, BGSAVE, LASTSAVE, and writes after an image has failed. */
import { afterEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, Request, SessionFlag, Status } from "../../assembly/abi";
import { START_MS, TestEngine, type TestSession } from "../support/engine";

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

/** Answers what a waiting session asks for. */
function answer(kind: number, ok = true, text = ""): string {
  const request = engine.request();
  expect(session.status).toBe(Status.WAITING);
  expect(request.kind).toBe(kind);
  engine.complete(request.id, ok, text);
  return engine.takeReplies(session.id).toString("latin1");
}

afterEach(() => expect(engine.exports.validate()).toBe(0));

describe("SAVE", () => {
  it("waits for the host and answers OK or what went wrong", () => {
    start();
    expect(session.raw("SAVE\r\n")).toBe("");
    expect(answer(Request.SAVE)).toBe("+OK\r\n");
    expect(session.raw("SAVE\r\n")).toBe("");
    expect(answer(Request.SAVE, false, "ERR")).toBe("-ERR\r\n");
    expect(session.call("SAVE now")).toBe("-ERR wrong number of arguments for 'save' command\r\n");
  });

  it("is refused while an image is written", () => {
    start();
    setWord(Exchange.SAVE_IN_PROGRESS, 1);
    expect(session.call("SAVE")).toBe("-ERR Background save already in progress\r\n");
  });
});

describe("BGSAVE", () => {
  it("answers when the host has cut the image", () => {
    start();
    for (const command of ["BGSAVE\r\n", "BGSAVE SCHEDULE\r\n"]) {
      expect(session.raw(command)).toBe("");
      expect(answer(Request.BACKGROUND_SAVE)).toBe("+Background saving started\r\n");
    }
    expect(session.raw("BGSAVE\r\n")).toBe("");
    expect(answer(Request.BACKGROUND_SAVE, false, "ERR")).toBe("-ERR\r\n");
  });

  it("knows one option", () => {
    start();
    expect(session.call("BGSAVE now")).toBe("-ERR syntax error\r\n");
    expect(session.call("BGSAVE SCHEDULE now")).toBe("-ERR syntax error\r\n");
  });

  it("is refused while an image is written", () => {
    start();
    setWord(Exchange.SAVE_IN_PROGRESS, 1);
    const refusal = "-ERR Background save already in progress\r\n";
    expect(session.call("BGSAVE")).toBe(refusal);
    expect(session.call("BGSAVE SCHEDULE")).toBe(refusal);
  });

  it("is put off while the log is rewritten, if asked to", () => {
    start();
    setWord(Exchange.REWRITE_IN_PROGRESS, 1);
    expect(session.call("BGSAVE")).toBe(
      "-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE " +
        "in order to schedule a BGSAVE whenever possible.\r\n",
    );
    expect(session.call("BGSAVE SCHEDULE")).toBe("+Background saving scheduled\r\n");
    expect(engine.view().getUint32(EXCHANGE + Exchange.SAVE_SCHEDULED, true)).toBe(1);
  });
});

describe("BGSAVE in a transaction", () => {
  it("is put off until it is over", () => {
    start();
    session.raw("MULTI\r\nBGSAVE\r\n");
    expect(session.raw("EXEC\r\n")).toBe("*1\r\n+Background saving scheduled\r\n");
    expect(session.status).toBe(Status.CONTINUE);
    expect(engine.view().getUint32(EXCHANGE + Exchange.SAVE_SCHEDULED, true)).toBe(1);
  });
});

describe("LASTSAVE", () => {
  it("tells the start, then the last image", () => {
    start();
    setFact(Exchange.START_TIME_MS, START_MS + 999);
    expect(session.call("LASTSAVE")).toBe(":1700000000\r\n");
    setFact(Exchange.LAST_SAVE_MS, START_MS + 5000);
    expect(session.call("LASTSAVE")).toBe(":1700000005\r\n");
    expect(session.call("LASTSAVE x")).toMatch(/wrong number of arguments/);
  });
});

describe("INFO persistence", () => {
  it("counts changes and tells of the image that runs and of the last one", () => {
    start();
    session.call("MSET a 1 b 2");
    session.call("DEL", "a");
    session.call("DEL", "a");
    expect(field("rdb_changes_since_last_save")).toBe("2");
    expect(field("rdb_last_bgsave_time_sec")).toBe("-1");
    expect(field("rdb_current_bgsave_time_sec")).toBe("-1");
    expect(field("rdb_last_bgsave_status")).toBe("ok");
    setWord(Exchange.SAVE_IN_PROGRESS, 1);
    setFact(Exchange.SAVE_STARTED_MS, START_MS - 2500);
    setFact(Exchange.SAVE_PAGES, 400);
    setFact(Exchange.SAVED_PAGES, 100);
    setFact(Exchange.COPIED_BYTES, 8192);
    expect(field("rdb_bgsave_in_progress")).toBe("1");
    expect(field("rdb_current_bgsave_time_sec")).toBe("2");
    expect(field("current_fork_perc")).toBe("25.00");
    expect(field("current_cow_size")).toBe("8192");
    setWord(Exchange.SAVE_IN_PROGRESS, 0);
    setWord(Exchange.SAVE_FAILED, 1);
    setFact(Exchange.SAVE_STARTED_MS, 0);
    setFact(Exchange.FORKS, 1);
    setFact(Exchange.SAVE_DURATION_MS, 3100);
    setFact(Exchange.LAST_COPIED_BYTES, 12288);
    expect(field("rdb_last_bgsave_status")).toBe("err");
    expect(field("rdb_last_bgsave_time_sec")).toBe("3");
    expect(field("rdb_last_cow_size")).toBe("12288");
    setFact(Exchange.FORK_MICROSECONDS, 44);
    const statistics = session.ask("INFO", "stats") as string;
    expect(statistics).toContain("latest_fork_usec:44\r\ntotal_forks:1\r\n");
  });
});

describe("stop-writes-on-bgsave-error", () => {
  const MISCONF =
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to " +
    "disk. Commands that may modify the data set are disabled, because this instance is " +
    "configured to report errors during writes if RDB snapshotting fails " +
    "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB " +
    "error.\r\n";

  it("refuses writes and PING after a failure, when there are save points", () => {
    start();
    setWord(Exchange.SAVE_FAILED, 1);
    expect(session.call("SET a 1")).toBe("+OK\r\n");
    const host = engine.open(SessionFlag.INTERNAL);
    expect(host.call("QUIRE CONFIGURE save 60 1")).toBe("+OK\r\n");
    expect(session.call("SET a 2")).toBe(MISCONF);
    expect(session.call("DEL a")).toBe(MISCONF);
    expect(session.call("PING")).toBe(MISCONF);
    expect(session.call("GET a")).toBe("$1\r\n1\r\n");
    expect(engine.open(SessionFlag.REPLAY | SessionFlag.INTERNAL).call("SET a 3")).toBe("+OK\r\n");
    expect(session.call("CONFIG SET stop-writes-on-bgsave-error no")).toBe("+OK\r\n");
    expect(session.call("SET a 4")).toBe("+OK\r\n");
    expect(session.call("CONFIG SET stop-writes-on-bgsave-error yes")).toBe("+OK\r\n");
    setWord(Exchange.SAVE_FAILED, 0);
    expect(session.call("SET a 5")).toBe("+OK\r\n");
  });
});

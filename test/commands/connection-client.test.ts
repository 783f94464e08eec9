import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag, Status } from "../../assembly/abi";
import { decodeAll, encode, START_MS, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

function pipeline(...lines: string[]): unknown[] {
  return decodeAll(session.raw(Buffer.concat(lines.map((line) => encode(line.split(" "))))));
}

/** The fields of a line of CLIENT LIST. */
function fieldsOf(line: string): Map<string, string> {
  return new Map(
    line
      .trimEnd()
      .split(" ")
      .map((field) => {
        const at = field.indexOf("=");
        return [field.slice(0, at), field.slice(at + 1)];
      }),
  );
}

function info(): Map<string, string> {
  return fieldsOf(session.ask("CLIENT INFO") as string);
}

/** Ids that a list names. */
function listed(...args: string[]): number[] {
  const text = session.ask("CLIENT", "LIST", ...args) as string;
  return [...text.matchAll(/^id=(\d+)/gm)].map((match) => Number(match[1]));
}

const NAMES = "cannot contain spaces, newlines or special characters.\r\n";

describe("CLIENT", () => {
  it("wants a subcommand that it knows", () => {
    expect(session.call("CLIENT")).toBe("-ERR wrong number of arguments for 'client' command\r\n");
    expect(session.call("Client NoSuch")).toBe(
      "-ERR unknown subcommand 'NoSuch'. Try CLIENT HELP.\r\n",
    );
    expect(session.call("CLIENT GETNAME a")).toBe(
      "-ERR wrong number of arguments for 'client|getname' command\r\n",
    );
  });
});

describe("CLIENT GETNAME", () => {
  it("answers null without a name", () => {
    expect(session.call("CLIENT GETNAME")).toBe("$-1\r\n");
    session.call("HELLO 3");
    expect(session.call("CLIENT GETNAME")).toBe("_\r\n");
  });
});

describe("CLIENT SETNAME", () => {
  it("gives and takes a name", () => {
    expect(session.call("CLIENT SETNAME worker:1")).toBe("+OK\r\n");
    expect(session.call("CLIENT GETNAME")).toBe("$8\r\nworker:1\r\n");
    const long = "n".repeat(5000);
    expect(session.call("CLIENT", "SETNAME", long)).toBe("+OK\r\n");
    expect(session.ask("CLIENT GETNAME")).toBe(long);
    expect(session.call("CLIENT", "SETNAME", "")).toBe("+OK\r\n");
    expect(session.call("CLIENT GETNAME")).toBe("$-1\r\n");
  });

  it("wants printable text without blanks", () => {
    for (const name of ["a b", "a\n", "\t", "\x7f", "\xff", "\0"]) {
      expect(session.call("CLIENT", "SETNAME", name)).toBe(`-ERR Client names ${NAMES}`);
    }
    expect(session.call("CLIENT GETNAME")).toBe("$-1\r\n");
  });
});

describe("CLIENT SETINFO", () => {
  it("tells the library", () => {
    expect(session.call("CLIENT SETINFO lib-name mine")).toBe("+OK\r\n");
    expect(session.call("CLIENT SETINFO LIB-VER 1.2.3")).toBe("+OK\r\n");
    expect(info().get("lib-name")).toBe("mine");
    expect(info().get("lib-ver")).toBe("1.2.3");
    expect(session.call("CLIENT", "SETINFO", "LIB-NAME", "")).toBe("+OK\r\n");
    expect(info().get("lib-name")).toBe("");
  });

  it("wants printable text, and an attribute that it knows", () => {
    expect(session.call("CLIENT", "SETINFO", "lib-name", "a b")).toBe(`-ERR lib-name ${NAMES}`);
    expect(session.call("CLIENT", "SETINFO", "LIB-VER", "a\n")).toBe(`-ERR LIB-VER ${NAMES}`);
    expect(session.call("CLIENT SETINFO nosuch a")).toBe("-ERR Unrecognized option 'nosuch'\r\n");
    expect(session.call("CLIENT SETINFO lib-name")).toBe(
      "-ERR wrong number of arguments for 'client|setinfo' command\r\n",
    );
  });
});

describe("CLIENT ID", () => {
  it("counts up and is never used again", () => {
    const second = engine.open();
    expect(second.ask("CLIENT ID")).toBe(session.id + 1);
    second.close();
    expect(engine.open().ask("CLIENT ID")).toBe(session.id + 2);
  });
});

describe("CLIENT INFO", () => {
  it("has the fields of 7.4 in their order", () => {
    expect([...info().keys()].join(" ")).toBe(
      "id addr laddr fd name age idle flags db sub psub ssub multi watch qbuf qbuf-free argv-mem " +
        "multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver",
    );
  });

  it("tells of output that waits, and of a request that has come in part", () => {
    engine.exports.setUnsent(session.id, 5000);
    const waiting = info();
    expect(["events", "oll", "omem"].map((name) => waiting.get(name))).toEqual(["rw", "1", "5000"]);
    engine.exports.setUnsent(session.id, 0);
    expect(info().get("events")).toBe("r");
    const other = engine.open();
    other.raw("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$10\r\nabc");
    const line = session.ask("CLIENT", "LIST", "ID", String(other.id)) as string;
    const [, used, free] = /qbuf=(\d+) qbuf-free=(\d+)/.exec(line) ?? [];
    expect(used).toBe("7");
    expect(Number(free)).toBeGreaterThan(0);
  });

  it("tells the truth", () => {
    session = engine.open(SessionFlag.NONE, "10.0.0.1:1234", "10.0.0.2:6379");
    session.call("SELECT 3");
    session.call("CLIENT SETNAME me");
    engine.now += 12_345;
    const fields = info();
    expect(fields.get("id")).toBe(String(session.id));
    expect(fields.get("addr")).toBe("10.0.0.1:1234");
    expect(fields.get("laddr")).toBe("10.0.0.2:6379");
    expect(fields.get("name")).toBe("me");
    expect(fields.get("age")).toBe("12");
    expect(fields.get("idle")).toBe("0");
    expect(fields.get("db")).toBe("3");
    expect(fields.get("cmd")).toBe("client|info");
    expect(fields.get("user")).toBe("default");
    expect(fields.get("resp")).toBe("2");
    expect(Number(fields.get("tot-mem"))).toBeGreaterThan(100);
  });

  it("is text in RESP3", () => {
    session.call("HELLO 3");
    expect(session.call("CLIENT INFO")).toMatch(/^=\d+\r\ntxt:id=1 .* resp=3 .*\n\r\n$/);
  });

  it("shows flags", () => {
    expect(info().get("flags")).toBe("N");
    session = engine.open(SessionFlag.UNIX_SOCKET, "/tmp/socket:0", "/tmp/socket:0");
    session.call("CLIENT NO-EVICT ON");
    session.call("CLIENT NO-TOUCH ON");
    expect(info().get("flags")).toBe("UeT");
    expect(info().get("addr")).toBe("/tmp/socket:0");
  });
});

describe("CLIENT LIST", () => {
  it("names every client but the host's own session, in order of opening", () => {
    engine.open(SessionFlag.INTERNAL);
    const second = engine.open();
    expect(listed()).toEqual([session.id, second.id]);
    second.close();
    expect(listed()).toEqual([session.id]);
  });

  it("shows what others last did, and how long ago", () => {
    const second = engine.open();
    second.call("GET a");
    engine.now += 5000;
    const lines = (session.ask("CLIENT LIST") as string).trimEnd().split("\n");
    expect(fieldsOf(lines[1] ?? "").get("cmd")).toBe("get");
    expect(fieldsOf(lines[1] ?? "").get("idle")).toBe("5");
    second.call("nosuch");
    expect(session.ask("CLIENT LIST")).toContain(" cmd=NULL ");
    second.call("GET");
    expect(session.ask("CLIENT LIST")).toContain(" cmd=get ");
  });

  it("by id", () => {
    const second = engine.open();
    expect(listed("ID", String(second.id), "99", String(session.id))).toEqual([
      second.id,
      session.id,
    ]);
    expect(session.call("CLIENT LIST ID 99 -1 9999999999")).toBe("$0\r\n\r\n");
    expect(session.call("CLIENT LIST ID 1 a")).toBe("-ERR Invalid client ID\r\n");
    expect(session.call("CLIENT LIST ID")).toBe("-ERR syntax error\r\n");
  });

  it("by type", () => {
    expect(listed("TYPE", "normal")).toEqual([session.id]);
    for (const type of ["replica", "slave", "PUBSUB", "master"]) {
      expect(listed("type", type)).toEqual([]);
    }
    expect(session.call("CLIENT LIST TYPE nosuch")).toBe("-ERR Unknown client type 'nosuch'\r\n");
    expect(session.call("CLIENT LIST TYPE")).toBe("-ERR syntax error\r\n");
    expect(session.call("CLIENT LIST nosuch a")).toBe("-ERR syntax error\r\n");
  });

  it("of a thousand", () => {
    const opened = Array.from({ length: 999 }, () => engine.open());
    expect(listed().length).toBe(1000);
    for (const one of opened) one.close();
    expect(listed()).toEqual([session.id]);
  });
});

describe("CLIENT KILL", () => {
  it("by address, in the old form also oneself", () => {
    const second = engine.open(SessionFlag.NONE, "10.0.0.1:5");
    expect(session.call("CLIENT KILL 10.0.0.1:6")).toBe("-ERR No such client\r\n");
    expect(session.call("CLIENT KILL 10.0.0.1:5")).toBe("+OK\r\n");
    expect(engine.closed).toEqual([second.id]);
    expect(session.call("CLIENT KILL 10.0.0.1:5")).toBe("-ERR No such client\r\n");
    expect(session.call("CLIENT KILL 127.0.0.1:50000")).toBe("+OK\r\n");
    expect(session.status).toBe(Status.CLOSE);
    expect(engine.closed).toEqual([second.id]);
  });

  it("executes nothing more of one that it killed", () => {
    const second = engine.open();
    expect(session.ask("CLIENT", "KILL", "ID", second.id)).toBe(1);
    expect(second.call("SET a 1")).toBe("");
    expect(second.status).toBe(Status.CLOSE);
    expect(session.ask("GET a")).toBe(null);
    expect(listed()).toEqual([session.id]);
    expect(session.ask("CLIENT", "KILL", "ID", second.id)).toBe(0);
  });

  it("by filters that all must hold, sparing oneself unless told", () => {
    const second = engine.open(SessionFlag.NONE, "10.0.0.1:5", "10.0.0.9:6379");
    expect(session.ask("CLIENT KILL ADDR 10.0.0.1:5 LADDR 127.0.0.1:6379")).toBe(0);
    expect(session.ask(`CLIENT KILL ID ${session.id} USER default`)).toBe(0);
    expect(session.ask(`CLIENT KILL ID ${second.id} TYPE pubsub`)).toBe(0);
    expect(session.ask("CLIENT KILL LADDR 10.0.0.9:6379 TYPE normal SKIPME yes")).toBe(1);
    expect(session.status).toBe(Status.CONTINUE);
    expect(session.ask("client kill type normal skipme no")).toBe(1);
    expect(session.status).toBe(Status.CLOSE);
  });

  it("by age", () => {
    engine.now = START_MS + 10_000;
    session.call("PING");
    const second = engine.open();
    engine.now += 5000;
    expect(session.ask("CLIENT KILL MAXAGE 6")).toBe(0);
    expect(session.ask("CLIENT KILL MAXAGE 5")).toBe(1);
    expect(engine.closed).toEqual([second.id]);
    expect(session.call("CLIENT KILL MAXAGE 0")).toBe("-ERR maxage should be greater than 0\r\n");
    expect(session.call("CLIENT KILL MAXAGE a")).toBe(
      "-ERR maxage is not an integer or out of range\r\n",
    );
  });

  it("refuses what it does not understand", () => {
    for (const id of ["a", "0", "-1", "99999999999999999999"]) {
      expect(session.call("CLIENT", "KILL", "ID", id)).toBe(
        "-ERR client-id should be greater than 0\r\n",
      );
    }
    expect(session.call("CLIENT KILL USER nobody")).toBe("-ERR No such user 'nobody'\r\n");
    expect(session.call("CLIENT KILL TYPE nosuch")).toBe("-ERR Unknown client type 'nosuch'\r\n");
    expect(session.call("CLIENT KILL SKIPME maybe")).toBe("-ERR syntax error\r\n");
    expect(session.call("CLIENT KILL nosuch a")).toBe("-ERR syntax error\r\n");
    expect(session.call("CLIENT KILL ID 1 ADDR")).toBe("-ERR syntax error\r\n");
    expect(session.call("CLIENT KILL")).toBe(
      "-ERR wrong number of arguments for 'client|kill' command\r\n",
    );
  });

  it("in a pipeline ends one's own commands", () => {
    const line = `CLIENT KILL ID ${session.id} SKIPME no`;
    expect(pipeline("SET a 1", line, "SET a 2")).toEqual(["OK", 1]);
    expect(engine.open().ask("GET a")).toBe("1");
  });
});

describe("CLIENT NO-EVICT", () => {
  it("is on or off", () => {
    expect(session.call("CLIENT NO-EVICT on")).toBe("+OK\r\n");
    expect(info().get("flags")).toBe("e");
    expect(session.call("CLIENT NO-EVICT OFF")).toBe("+OK\r\n");
    expect(info().get("flags")).toBe("N");
    expect(session.call("CLIENT NO-EVICT maybe")).toBe("-ERR syntax error\r\n");
  });
});

describe("CLIENT NO-TOUCH", () => {
  it("leaves the idle time of keys", () => {
    session.call("SET a 1");
    expect(session.call("CLIENT NO-TOUCH on")).toBe("+OK\r\n");
    engine.now += 60_000;
    session.call("GET a");
    expect(session.ask("OBJECT IDLETIME a")).toBe(60);
    session.call("TOUCH a");
    expect(session.ask("OBJECT IDLETIME a")).toBe(0);
    engine.now += 60_000;
    expect(session.call("CLIENT NO-TOUCH off")).toBe("+OK\r\n");
    session.call("GET a");
    expect(session.ask("OBJECT IDLETIME a")).toBe(0);
    expect(session.call("CLIENT NO-TOUCH maybe")).toBe("-ERR syntax error\r\n");
  });
});

describe("CLIENT REPLY", () => {
  it("OFF silences everything, errors too, until ON", () => {
    expect(pipeline("CLIENT REPLY OFF", "PING", "nosuch", "GET", "CLIENT REPLY nosuch")).toEqual(
      [],
    );
    expect(pipeline("CLIENT REPLY SKIP", "PING")).toEqual([]);
    expect(pipeline("SET a 1", "CLIENT REPLY ON", "GET a")).toEqual(["OK", "1"]);
  });

  it("SKIP silences the next command", () => {
    expect(pipeline("CLIENT REPLY SKIP", "PING", "PING")).toEqual(["PONG"]);
    expect(pipeline("CLIENT REPLY SKIP", "nosuch", "PING")).toEqual(["PONG"]);
    expect(pipeline("CLIENT REPLY SKIP")).toEqual([]);
    expect(pipeline("CLIENT REPLY SKIP", "PING", "PING")).toEqual(["PONG"]);
    expect(pipeline("CLIENT REPLY SKIP", "CLIENT REPLY ON", "PING")).toEqual(["OK", "PONG"]);
  });

  it("silences only its own session", () => {
    session.call("CLIENT REPLY OFF");
    const second = engine.open();
    expect(second.call("PING")).toBe("+PONG\r\n");
    expect(session.call("PING")).toBe("");
  });

  it("silences replies larger than the window", () => {
    session.call("SET", "a", "x".repeat(300_000));
    expect(pipeline("CLIENT REPLY SKIP", "GET a", "PING")).toEqual(["PONG"]);
  });

  it("counts the errors that nobody sees", () => {
    const errors = () => /total_error_replies:(\d+)/.exec(session.ask("INFO stats") as string)?.[1];
    pipeline("CLIENT REPLY OFF", "nosuch", "GET", "CLIENT REPLY ON");
    expect(errors()).toBe("2");
  });

  it("silences a reply that comes from the host later", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE", "CONFIGURE", "enable-debug-command", "yes");
    expect(pipeline("CLIENT REPLY SKIP", "DEBUG SLEEP 0.1", "PING")).toEqual([]);
    expect(session.status).toBe(Status.WAITING);
    engine.complete(engine.request().id);
    engine.exports.resume(session.id, engine.now);
    expect(engine.takeReplies(session.id).toString()).toBe("+PONG\r\n");
    expect(pipeline("CLIENT REPLY OFF", "DEBUG SLEEP 0.1")).toEqual([]);
    engine.complete(engine.request().id);
    engine.exports.resume(session.id, engine.now);
    expect(engine.takeReplies(session.id).toString()).toBe("");
    expect(pipeline("CLIENT REPLY ON", "DEBUG SLEEP 0.1")).toEqual(["OK"]);
    engine.complete(engine.request().id);
    expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n");
  });

  it("knows three modes", () => {
    expect(session.call("CLIENT REPLY ON")).toBe("+OK\r\n");
    expect(session.call("CLIENT REPLY maybe")).toBe("-ERR syntax error\r\n");
  });
});

describe("CLIENT UNBLOCK", () => {
  it("finds nobody who waits", () => {
    expect(session.ask("CLIENT UNBLOCK 1")).toBe(0);
    expect(session.ask("CLIENT UNBLOCK 1 error")).toBe(0);
    expect(session.call("CLIENT UNBLOCK a")).toBe(
      "-ERR value is not an integer or out of range\r\n",
    );
    expect(session.call("CLIENT UNBLOCK 1 maybe")).toBe(
      "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n",
    );
    expect(session.call("CLIENT unblock 1 ERROR a")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'unblock'. Try CLIENT HELP.\r\n",
    );
  });
});

describe("CLIENT HELP", () => {
  it("names every subcommand with its arguments", () => {
    const lines = session.ask("CLIENT HELP") as string[];
    expect(lines[0]).toBe("CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    expect(lines).toContain("REPLY (ON|OFF|SKIP)");
    expect(lines).toContain("UNBLOCK <client-id> [TIMEOUT|ERROR]");
    expect(lines.length % 2).toBe(1);
    expect(session.call("CLIENT HELP")).toMatch(/^\*\d+\r\n\+CLIENT /);
  });
});

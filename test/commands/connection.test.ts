import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag, Status } from "../../assembly/abi";
import { decodeAll, encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** Replies of several commands sent in one piece. */
function pipeline(...lines: string[]): unknown[] {
  return decodeAll(session.raw(Buffer.concat(lines.map((line) => encode(line.split(" "))))));
}

/** Sets the password; sessions opened from now on have to show it. */
function setPassword(password: string): void {
  const host = engine.open(SessionFlag.INTERNAL);
  expect(host.call("CONFIG", "SET", "requirepass", password)).toBe("+OK\r\n");
  host.close();
}

const WRONG = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
const NOAUTH = "-NOAUTH Authentication required.\r\n";

describe("AUTH", () => {
  it("tells when there is no password to show", () => {
    expect(session.call("AUTH anything")).toBe(
      "-ERR AUTH <password> called without any password configured for the default user." +
        " Are you sure your configuration is correct?\r\n",
    );
    expect(session.call("AUTH default anything")).toBe("+OK\r\n");
    expect(session.call("AUTH nobody anything")).toBe(WRONG);
    expect(session.call("AUTH a b c")).toBe("-ERR syntax error\r\n");
  });

  it("opens the other commands", () => {
    setPassword("secret");
    session = engine.open();
    expect(session.call("GET a")).toBe(NOAUTH);
    for (const wrong of ["secre", "secrets", "Secret", "", "\0"]) {
      expect(session.call("AUTH", wrong)).toBe(WRONG);
      expect(session.call("AUTH", "default", wrong)).toBe(WRONG);
    }
    expect(session.call("AUTH Default secret")).toBe(WRONG);
    expect(session.call("GET a")).toBe(NOAUTH);
    expect(session.call("AUTH secret")).toBe("+OK\r\n");
    expect(session.call("GET a")).toBe("$-1\r\n");
    expect(session.call("AUTH wrong")).toBe(WRONG);
    expect(session.call("GET a")).toBe("$-1\r\n");
  });

  it("takes the name of the user, too", () => {
    setPassword("secret");
    session = engine.open();
    expect(session.call("AUTH default secret")).toBe("+OK\r\n");
    expect(session.call("PING")).toBe("+PONG\r\n");
  });

  it("is not asked of those who came before the password, nor of the host", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    setPassword("secret");
    expect(session.call("PING")).toBe("+PONG\r\n");
    expect(host.call("PING")).toBe("+PONG\r\n");
  });

  it("is asked again of a session that never showed one", () => {
    setPassword("secret");
    session = engine.open();
    setPassword("");
    expect(session.call("PING")).toBe("+PONG\r\n");
    setPassword("other");
    expect(session.call("PING")).toBe(NOAUTH);
  });

  it("comes after the refusals of what is unknown or misspelt", () => {
    setPassword("secret");
    session = engine.open();
    expect(session.call("nosuch")).toMatch(/^-ERR unknown command 'nosuch'/);
    expect(session.call("GET")).toBe("-ERR wrong number of arguments for 'get' command\r\n");
    expect(session.call("CLIENT nosuch")).toBe(
      "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n",
    );
    expect(session.call("CLIENT ID")).toBe(NOAUTH);
  });
});

describe("ECHO", () => {
  it("answers any bytes", () => {
    expect(session.call("ECHO", "a\r\n\0b")).toBe("$5\r\na\r\n\0b\r\n");
    expect(session.call("ECHO")).toBe("-ERR wrong number of arguments for 'echo' command\r\n");
  });
});

describe("HELLO", () => {
  const facts = (protocol: number) => [
    ...["server", "redis", "version", "7.4.0", "proto", protocol, "id", session.id],
    ...["mode", "standalone", "role", "master", "modules", []],
  ];

  it("tells of the connection in RESP2 as in RESP3", () => {
    expect(session.ask("HELLO")).toEqual(facts(2));
    expect(session.call("HELLO 3")).toMatch(/^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n/);
    const map = session.ask("HELLO") as Map<string, unknown>;
    expect([...map].flat()).toEqual(facts(3));
    expect(session.call("GET nothing")).toBe("_\r\n");
    expect(session.ask("hello 2")).toEqual(facts(2));
    expect(session.call("GET nothing")).toBe("$-1\r\n");
  });

  it("refuses other versions", () => {
    for (const version of ["1", "4", "-3", "0"]) {
      expect(session.call("HELLO", version)).toBe("-NOPROTO unsupported protocol version\r\n");
    }
    for (const version of ["a", "", "2.0", "02", "99999999999999999999"]) {
      expect(session.call("HELLO", version)).toBe(
        "-ERR Protocol version is not an integer or out of range\r\n",
      );
    }
  });

  it("refuses options that it does not know, and changes nothing then", () => {
    expect(session.call("HELLO 3 SETNAME me nosuch")).toBe(
      "-ERR Syntax error in HELLO option 'nosuch'\r\n",
    );
    expect(session.call("HELLO 3 SETNAME")).toBe("-ERR Syntax error in HELLO option 'SETNAME'\r\n");
    expect(session.call("HELLO 3 AUTH a")).toBe("-ERR Syntax error in HELLO option 'AUTH'\r\n");
    expect(session.call("HELLO", "3", "SETNAME", "a b")).toBe(
      "-ERR Client names cannot contain spaces, newlines or special characters.\r\n",
    );
    expect(session.call("HELLO 3 SETNAME me AUTH nobody x")).toBe(WRONG);
    expect(session.call("CLIENT GETNAME")).toBe("$-1\r\n");
  });

  it("names the connection and logs in", () => {
    setPassword("secret");
    session = engine.open();
    expect(session.call("HELLO 3")).toMatch(/^-NOAUTH HELLO must be called with the client/);
    expect(session.call("HELLO")).toMatch(/^-NOAUTH HELLO must be called with the client/);
    expect(session.call("HELLO 3 AUTH default wrong")).toBe(WRONG);
    expect(session.call("PING")).toBe(NOAUTH);
    const reply = session.call("HELLO 3 setname me auth default secret");
    expect(reply.startsWith("%7\r\n")).toBe(true);
    expect(session.call("CLIENT GETNAME")).toBe("$2\r\nme\r\n");
  });
});

describe("PING", () => {
  it("answers PONG or its argument", () => {
    expect(session.call("PING")).toBe("+PONG\r\n");
    expect(session.call("ping", "")).toBe("$0\r\n\r\n");
    expect(session.call("pInG hello")).toBe("$5\r\nhello\r\n");
  });

  it("takes at most one argument", () => {
    expect(session.call("PING a b")).toBe("-ERR wrong number of arguments for 'ping' command\r\n");
  });
});

describe("QUIT", () => {
  it("answers OK and closes; nothing after it is executed", () => {
    expect(pipeline("SET a 1", "QUIT now", "SET a 2", "GET a")).toEqual(["OK", "OK"]);
    expect(session.status).toBe(Status.CLOSE);
    expect(pipeline("SET a 3")).toEqual([]);
    expect(session.status).toBe(Status.CLOSE);
    session = engine.open();
    expect(session.ask("GET a")).toBe("1");
  });

  it("needs no password", () => {
    setPassword("secret");
    session = engine.open();
    expect(session.call("QUIT")).toBe("+OK\r\n");
    expect(session.status).toBe(Status.CLOSE);
  });

  it("closes in silence where replies are off", () => {
    expect(pipeline("CLIENT REPLY OFF", "QUIT")).toEqual([]);
    expect(session.status).toBe(Status.CLOSE);
  });
});

describe("RESET", () => {
  it("puts the connection back to its beginning", () => {
    session.call("HELLO 3 SETNAME me");
    session.call("SELECT 5");
    session.call("SET a in5");
    session.call("CLIENT NO-TOUCH ON");
    session.call("CLIENT NO-EVICT ON");
    session.call("CLIENT SETINFO LIB-NAME mine");
    expect(session.call("RESET")).toBe("+RESET\r\n");
    expect(session.call("CLIENT GETNAME")).toBe("$-1\r\n");
    expect(session.ask("CLIENT INFO")).toMatch(/ flags=N db=0 .* resp=2 lib-name=mine lib-ver=\n$/);
    expect(session.call("RESET now")).toBe(
      "-ERR wrong number of arguments for 'reset' command\r\n",
    );
  });

  it("takes the login back", () => {
    setPassword("secret");
    session = engine.open();
    expect(session.call("AUTH secret")).toBe("+OK\r\n");
    expect(session.call("RESET")).toBe("+RESET\r\n");
    expect(session.call("PING")).toBe(NOAUTH);
    expect(session.call("AUTH secret")).toBe("+OK\r\n");
  });

  it("switches replies on again", () => {
    expect(pipeline("CLIENT REPLY OFF", "PING", "RESET", "PING")).toEqual(["RESET", "PONG"]);
    expect(pipeline("CLIENT REPLY SKIP", "RESET", "PING")).toEqual(["PONG"]);
  });
});

// MONITOR: its lines, what is not shown, who gets them and when.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";

/** Lines are left out while memory is short. */
const failsReserves = process.env.QUIRE_TEST_FAIL_RESERVE === "1";

let engine: TestEngine;
let watcher: TestSession;
let client: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  engine.now += 45;
  watcher = engine.open(SessionFlag.NONE, "127.0.0.1:1");
  client = engine.open(SessionFlag.NONE, "127.0.0.1:2");
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const shownTo = (session: TestSession) => engine.takeReplies(session.id).toString("latin1");
const line = (args: string, from = "0 127.0.0.1:2") => `+1700000000.045000 [${from}] ${args}\r\n`;

/** What the watcher is shown of these commands. */
function shown(...commands: (string | string[])[]): string {
  watcher.call("MONITOR");
  shownTo(watcher);
  for (const words of commands) {
    if (typeof words === "string") client.call(words);
    else client.call(...words);
  }
  return shownTo(watcher);
}

describe("MONITOR", () => {
  test("answers OK once and then shows each command", () => {
    expect(watcher.call("MONITOR")).toBe("+OK\r\n");
    expect(watcher.call("MONITOR")).toBe("");
    client.call("SET key value");
    expect(shownTo(watcher)).toBe(line('"SET" "key" "value"'));
    expect(client.call("MONITOR x")).toMatch(/^-ERR wrong number of arguments for 'monitor'/);
  });

  test("quotes what is not printable", () => {
    expect(shown(["ECHO", 'a"b\\c\n\r\t\x07\b\x01\xff~ '])).toBe(
      line('"ECHO" "a\\"b\\\\c\\n\\r\\t\\a\\b\\x01\\xff~ "'),
    );
    expect(shown(["ECHO", ""])).toBe(line('"ECHO" ""'));
  });

  test("shows the database after the command, and a Unix socket's path", () => {
    expect(shown("SELECT 3", "PING")).toBe(
      line('"SELECT" "3"', "3 127.0.0.1:2") + line('"PING"', "3 127.0.0.1:2"),
    );
    const local = engine.open(SessionFlag.UNIX_SOCKET, "/run/q.sock:0", "/run/q.sock:0");
    local.call("PING");
    expect(shownTo(watcher)).toBe(line('"PING"', "0 unix:/run/q.sock"));
  });

  test("shows no administration, nothing refused and no commands of the host", () => {
    expect(shown("CONFIG GET port", "CLIENT LIST", "NOSUCH a", "GET", "SLOWLOG GET")).toBe("");
    engine.open(SessionFlag.INTERNAL).call("SET a 1");
    expect(shownTo(watcher)).toBe("");
    expect(shown("CLIENT ID", "GETDEL a")).toBe(line('"CLIENT" "ID"') + line('"GETDEL" "a"'));
  });

  test.skipIf(failsReserves)("redacts secrets", () => {
    expect(shown("AUTH user word", "HELLO 2 AUTH default word SETNAME x")).toBe(
      line('"AUTH" "(redacted)" "(redacted)"') +
        line('"HELLO" "2" "AUTH" "(redacted)" "(redacted)" "SETNAME" "x"'),
    );
  });

  test.skipIf(failsReserves)("shows the commands of a transaction when they run", () => {
    expect(shown("MULTI", "SET a 1")).toBe(line('"MULTI"'));
    client.call("GET a");
    client.call("EXEC");
    expect(shownTo(watcher)).toBe(line('"SET" "a" "1"') + line('"GET" "a"') + line('"EXEC"'));
  });

  test("formats a line once for all, in order of their coming", () => {
    const other = engine.open();
    other.call("HELLO 3");
    watcher.call("MONITOR");
    other.call("MONITOR");
    client.raw(Buffer.concat([encode(["PING"]), encode(["ECHO", "a"])]));
    expect(shownTo(watcher)).toBe(line('"PING"') + line('"ECHO" "a"'));
    expect(shownTo(other)).toBe(line('"PING"') + line('"ECHO" "a"'));
  });

  test("a monitor is shown its own commands after their replies", () => {
    watcher.call("MONITOR");
    const ping = encode(["PING"]);
    expect(watcher.raw(Buffer.concat([ping, ping]))).toBe(
      `+PONG\r\n${line('"PING"', "0 127.0.0.1:1")}`.repeat(2),
    );
  });

  test("a monitor does not touch keys", () => {
    watcher.call("MONITOR");
    const error = "-ERR Replica can't interact with the keyspace\r\n";
    expect(watcher.call("GET a")).toBe(error);
    expect(watcher.call("SET a 1")).toBe(error);
    watcher.call("MULTI");
    expect(watcher.call("GET a")).toBe(error);
    expect(watcher.call("EXEC")).toMatch(/^-EXECABORT/);
    expect(client.call("GET a")).toBe("$-1\r\n");
  });

  test("is refused inside a transaction", () => {
    client.call("MULTI");
    client.call("MONITOR");
    expect(client.call("EXEC")).toBe(
      "*1\r\n-ERR MONITOR isn't allowed for DENY BLOCKING client\r\n",
    );
    expect(watcher.call("PING")).toBe("+PONG\r\n");
    expect(shownTo(client)).toBe("");
  });

  test("CLIENT LIST shows it as O, of type normal", () => {
    watcher.call("MONITOR");
    expect(client.call("CLIENT LIST")).toMatch(/addr=127.0.0.1:1 .* flags=O /);
    expect(client.call("CLIENT LIST TYPE normal")).toContain("addr=127.0.0.1:1 ");
  });

  test("ends with RESET and with the connection", () => {
    watcher.call("MONITOR");
    expect(watcher.call("RESET")).toBe("+RESET\r\n");
    client.call("PING");
    expect(shownTo(watcher)).toBe("");
    expect(client.call("CLIENT LIST")).not.toContain("flags=O");
    watcher.call("MONITOR");
    const others = [engine.open(), engine.open()];
    for (const other of others) other.call("MONITOR");
    others[0]?.close();
    watcher.close();
    client.call("PING");
    expect(shownTo(others[1] as TestSession)).toContain('"PING"');
    others[1]?.close();
    expect(client.call("PING")).toBe("+PONG\r\n");
  });

  test("CLIENT REPLY OFF silences it", () => {
    watcher.call("MONITOR");
    watcher.call("CLIENT REPLY OFF");
    client.call("PING");
    expect(shownTo(watcher)).toBe("");
    expect(watcher.call("CLIENT REPLY ON")).toMatch(/^\+OK\r\n/);
    client.call("PING");
    expect(shownTo(watcher)).toContain('"PING"');
  });

  test("is not held by a pause; what is held is shown when it runs", () => {
    watcher.call("MONITOR");
    client.call("CLIENT PAUSE 100 ALL");
    client.call("SET a 1");
    expect(shownTo(watcher)).toBe("");
    expect(watcher.call("PING")).toContain("+PONG\r\n");
    engine.now += 100;
    engine.tick();
    engine.exports.resume(client.id, engine.now);
    expect(shownTo(watcher)).toContain('"SET" "a" "1"');
    expect(shownTo(client)).toBe("+OK\r\n");
  });

  test.skipIf(failsReserves)("stands in order among messages and replies", () => {
    watcher.call("MONITOR");
    watcher.call("SUBSCRIBE news");
    shownTo(watcher);
    client.call("PUBLISH news hello");
    expect(shownTo(watcher)).toBe(
      `*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n${line('"PUBLISH" "news" "hello"')}`,
    );
  });
});

// What an attacker may try: before the password, around the rights of a user, for secrets in logs.
//
// Redis and Quire are asked the same in test/compatibility (acl.ts, acl-clients.test.ts,
// acl-random.test.ts); test/fuzz/rights.fuzz.ts tries at random.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionFlag, Status } from "../../assembly/abi";
import { describeRunning } from "../../hosts/shared/trap";
import { commandRows } from "../support/command-rows";
import { encode, TestEngine, type TestSession } from "../support/engine";
import { RandomCommands } from "../support/random-commands";

const FAIL_RESERVE = process.env.QUIRE_TEST_FAIL_RESERVE === "1";
let engine: TestEngine;
let host: TestSession;
let session: TestSession;
const COMMAND = (name: string) =>
  `-NOPERM User u has no permissions to run the '${name}' command\r\n`;
const KEY = "-NOPERM No permissions to access a key\r\n";
const CHANNEL = "-NOPERM No permissions to access a channel\r\n";
const NOAUTH = "-NOAUTH Authentication required.\r\n";

beforeEach(() => {
  engine = new TestEngine({ heapMb: 8 });
  host = engine.open();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** A session logged in as user `u` with these rules. */
function become(...rules: string[]): TestSession {
  expect(host.call("ACL", "SETUSER", "u", "reset", "on", "nopass", ...rules)).toBe("+OK\r\n");
  expect(session.call("AUTH u any")).toBe("+OK\r\n");
  return session;
}

describe("attackers", () => {
  it("get nothing before they have logged in", () => {
    host.call("CONFIG SET requirepass secret");
    const stranger = engine.open();
    const lines = ["GET k", "MULTI", "SUBSCRIBE a", "COMMAND", "ACL WHOAMI", "QUIRE FACT os x"];
    for (const line of lines) {
      expect(stranger.call(line)).toBe("-NOAUTH Authentication required.\r\n");
    }
    expect(stranger.call("HELLO 3")).toMatch(/^-NOAUTH/);
    expect(stranger.call("HELLO 3 AUTH default wrong")).toMatch(/^-WRONGPASS/);
    expect(stranger.call("AUTH default secret")).toBe("+OK\r\n");
  });

  it("get nothing through MULTI, also when rules change before EXEC", () => {
    become("+@all", "-del", "~k");
    expect(session.call("MULTI")).toBe("+OK\r\n");
    expect(session.call("DEL k")).toBe(COMMAND("del"));
    expect(session.call("EXEC")).toMatch(/^-EXECABORT/);
    session.call("MULTI");
    expect(session.call("SET k 1")).toBe("+QUEUED\r\n");
    host.call("ACL SETUSER u resetkeys");
    expect(session.call("EXEC")).toMatch(/NOPERM ACLs rules changed.*no permission to touch the/);
    expect(host.call("EXISTS k")).toBe(":0\r\n");
  });

  it("get nothing through SORT, OBJECT, stores and several keys", () => {
    host.call("RPUSH list 1 2");
    become("+@all", "~list");
    expect(session.call("SORT list BY weight_*")).toMatch(/^-ERR BY option of SORT denied/);
    expect(session.call("SORT list GET secret_*")).toMatch(/^-ERR GET option of SORT denied/);
    expect(session.call("SORT list STORE other")).toBe(KEY);
    expect(session.call("OBJECT ENCODING other")).toBe(KEY);
    expect(session.call("MGET list other")).toBe(KEY);
    expect(session.call("COPY list other")).toBe(KEY);
    expect(session.call("SUNIONSTORE list other")).toBe(KEY);
    host.call("ACL SETUSER u %R~*");
    expect(session.call("SORT list BY weight_*")).toMatch(/^\*2/);
    expect(session.call("SORT list BY weight_* STORE other")).toBe(KEY);
  });

  it("read or write only what they may", () => {
    become("+@all", "%R~r*", "%W~w*");
    expect(session.call("GET r1")).toBe("$-1\r\n");
    expect(session.call("SET r1 x")).toBe(KEY);
    expect(session.call("SET w1 x")).toBe("+OK\r\n");
    expect(session.call("GET w1")).toBe(KEY);
    expect(session.call("SET w1 x GET")).toBe(KEY);
    expect(session.call("COPY r1 w2")).toBe(":0\r\n");
  });

  it("listen and publish only where they may", () => {
    become("+@all", "&a*");
    expect(session.call("PUBLISH b x")).toBe(CHANNEL);
    expect(session.call("PUBLISH ab x")).toBe(":0\r\n");
    expect(session.call("PSUBSCRIBE ab*")).toBe(CHANNEL);
    expect(session.call("SUBSCRIBE ab b")).toBe(CHANNEL);
    expect(session.call("PSUBSCRIBE a*")).toContain("psubscribe");
  });

  it("run only the subcommands and first arguments they may", () => {
    become("+config|get", "+select|0", "+client", "-client|kill");
    expect(session.call("CONFIG GET port")).toMatch(/^\*/);
    expect(session.call("CONFIG SET port 1")).toBe(COMMAND("config|set"));
    expect(session.call("SELECT 0")).toBe("+OK\r\n");
    expect(session.call("SELECT 1")).toBe(COMMAND("select"));
    expect(session.call("CLIENT KILL ID 1")).toBe(COMMAND("client|kill"));
  });

  it("get nothing from a wait that outlives their rights", () => {
    become("+@all", "~*");
    session.call("BLPOP q 0");
    host.call("ACL SETUSER u -blpop");
    host.call("RPUSH q a");
    expect(engine.takeReplies(session.id).toString()).toBe(COMMAND("blpop"));
    expect(host.call("LLEN q")).toBe(":1\r\n");
  });

  it("get nothing from any row of the table before they have logged in", () => {
    host.call("CONFIG SET requirepass secret");
    const answered: string[] = [];
    for (const row of commandRows()) {
      const name = row.get("name") ?? "";
      const words = name.split("|");
      const least = Math.abs(Number(row.get("arity")));
      while (words.length < least) words.push("x");
      const stranger = engine.open();
      const reply = stranger.raw(encode(words));
      const isRefused = /^-(EXECABORT .*: )?NOAUTH|^-ERR unknown subcommand/.test(reply);
      if (!isRefused) answered.push(name);
      stranger.close();
    }
    expect(answered.sort()).toEqual(["auth", "quit", "reset"]);
    // HELLO answers in its own words that a password is needed.
    expect(engine.open().call("HELLO 3")).toMatch(/^-NOAUTH HELLO must be called/);
    expect(host.call("DBSIZE")).toBe(":0\r\n");
  });

  it("cannot make the server keep much before they have logged in", () => {
    host.call("CONFIG SET requirepass secret");
    const many = engine.open();
    expect(many.raw("*11\r\n")).toBe("-ERR Protocol error: unauthenticated multibulk length\r\n");
    const long = engine.open();
    expect(long.raw("*2\r\n$4\r\nAUTH\r\n$16385\r\n")).toBe(
      "-ERR Protocol error: unauthenticated bulk length\r\n",
    );
  });

  it("find no way back in by RESET, QUIT, a wrong HELLO or a failed AUTH", () => {
    host.call("CONFIG SET requirepass secret");
    session.call("AUTH secret");
    expect(session.call("SET k 1")).toBe("+OK\r\n");
    expect(session.call("AUTH wrong")).toMatch(/^-WRONGPASS/);
    expect(session.call("GET k")).toBe("$1\r\n1\r\n");
    expect(session.call("RESET")).toBe("+RESET\r\n");
    expect(session.call("GET k")).toBe(NOAUTH);
    expect(session.call("HELLO 3 SETNAME me")).toMatch(/^-NOAUTH HELLO/);
    expect(session.call("HELLO 3 AUTH default wrong SETNAME me")).toMatch(/^-WRONGPASS/);
    expect(session.call("GET k")).toBe(NOAUTH);
  });

  it("get nothing from the commands of the host", () => {
    const names = commandRows().map((row) => row.get("name") ?? "");
    const own = names.filter((name) => name.startsWith("quire|"));
    expect(own.length).toBeGreaterThan(4);
    for (const name of own) {
      const reply = host.raw(encode([...name.split("|"), "x", "y"]));
      expect(reply, name).toMatch(/^-ERR (QUIRE \w+ belongs to the host|wrong number)/);
    }
    expect(host.call("QUIRE USER x on")).toMatch(/belongs to the host/);
    expect(host.call("QUIRE CONFIGURE requirepass x")).toMatch(/belongs to the host/);
  });

  it("get nothing from commands of keys without a key", () => {
    become("+@all");
    for (let number = 0; number < 12; number++) host.call(`SET key:${number} secret`);
    const free = new Set("keys scan randomkey select dbsize swapdb flushall flushdb".split(" "));
    const source = new RandomCommands({ seed: 7, nowMs: engine.now, newer: true, longest: 30 });
    for (let left = 4000; left > 0; left--) {
      const words = source.next();
      if (free.has(words[0]?.toLowerCase() ?? "")) continue;
      const reply = session.raw(encode(words));
      if (!reply.startsWith("-")) throw new Error(`${JSON.stringify(words)}: ${reply}`);
    }
    expect(host.call("DBSIZE")).toBe(":12\r\n");
  });

  it("cannot hide a key behind another one", () => {
    become("+@all", "~k", "~");
    host.call("GEOADD", "k", "13", "38", "m");
    const found = "+QUEUED\r\n";
    for (const more of ["STORE k STORE z", "STORE z STORE k STOREDIST z", "STORE STORE STORE z"]) {
      const words = `GEORADIUS k 13 38 1 km ${more}`;
      expect(session.call(words), words).toBe(KEY);
      expect(session.call(words.replace("RADIUS k 13 38", "RADIUSBYMEMBER k m")), words).toBe(KEY);
    }
    expect(session.call("GEORADIUS k 13 38 1 km STORE z STORE k")).toBe(":1\r\n");
    const migrate = ["MIGRATE", "h", "1", "", "0", "1"];
    expect(session.call(...migrate, "KEYS", "z", "KEYS", "k")).toBe(KEY);
    expect(session.call(...migrate, "AUTH", "KEYS", "KEYS", "k", "z")).toBe(KEY);
    expect(session.call(...migrate, "AUTH2", "KEYS", "KEYS", "KEYS", "z")).toBe(KEY);
    expect(session.call(...migrate, "KEYS", "none")).toBe(KEY);
    expect(session.call("SORT k STORE GET STORE z")).toBe(KEY);
    expect(session.call("SORT k STORE LIMIT STORE z")).toBe(KEY);
    expect(session.call("SORT k LIMIT 0 1 BY STORE STORE z")).toBe(KEY);
    expect(session.call("MULTI")).toBe("+OK\r\n");
    expect(session.call("GEORADIUS k 13 38 1 km STORE k")).toBe(found);
    expect(session.call("DISCARD")).toBe("+OK\r\n");
    expect(host.call("EXISTS z")).toBe(":0\r\n");
  });

  it("read no keys by SORT with the rights of two selectors", () => {
    host.call("RPUSH list 1 2");
    host.call("SET w_1 9");
    become("(+sort ~list)", "(+get %R~*)");
    expect(session.call("SORT list GET w_*")).toMatch(/^-ERR GET option of SORT denied/);
    expect(session.call("SORT list BY w_*")).toMatch(/^-ERR BY option of SORT denied/);
    host.call("ACL", "SETUSER", "u", "(+sort %R~*)");
    expect(session.call("SORT list GET w_*")).toBe("*2\r\n$1\r\n9\r\n$-1\r\n");
  });

  it("do not combine a command of one selector with a key of another", () => {
    become("(+get ~a)", "(+set ~b)", "(+publish &c)", "(+subscribe &d)");
    expect(session.call("GET b")).toBe(KEY);
    expect(session.call("SET a 1")).toBe(KEY);
    expect(session.call("PUBLISH d x")).toBe(CHANNEL);
    expect(session.call("SUBSCRIBE c")).toBe(CHANNEL);
  });

  it("cannot reach a command that was renamed away", () => {
    const inside = engine.open(SessionFlag.INTERNAL);
    inside.call("QUIRE", "RENAME", "config", "");
    inside.call("QUIRE RENAME flushall wipe");
    host.call("SET k 1");
    for (const line of ["CONFIG GET requirepass", "config get x", "ConFig SET a b", "FLUSHALL"]) {
      expect(host.call(line), line).toMatch(/^-ERR unknown command/);
      expect(host.raw(`${line}\r\n`), line).toMatch(/^-ERR unknown command/);
      host.call("MULTI");
      expect(host.call(line), line).toMatch(/^-ERR unknown command/);
      expect(host.call("EXEC")).toMatch(/^-EXECABORT/);
    }
    expect(host.call("DBSIZE")).toBe(":1\r\n");
    // Rights are about the command, whatever it is called.
    become("+@all", "-flushall");
    expect(session.call("WIPE")).toBe(COMMAND("flushall"));
    expect(host.call("WIPE")).toBe("+OK\r\n");
  });

  it("run nothing of an EXEC that they may not run any more", () => {
    become("+@all", "~k");
    session.call("MULTI");
    session.call("SET k 1");
    host.call("ACL SETUSER u -exec");
    expect(session.call("EXEC")).toBe(
      "-EXECABORT Transaction discarded because of: NOPERM User u has no permissions to run " +
        "the 'exec' command\r\n",
    );
    host.call("ACL SETUSER u +exec");
    expect(session.call("EXEC")).toBe("-ERR EXEC without MULTI\r\n");
    expect(host.call("EXISTS k")).toBe(":0\r\n");
  });

  it("are gone at once when their user is, with what they wait for and listen to", () => {
    become("+@all", "~*", "&*");
    const waiting = engine.open();
    waiting.call("AUTH u any");
    waiting.call("BLPOP q 0");
    const listening = engine.open();
    listening.call("AUTH u any");
    listening.call("SUBSCRIBE c");
    session.call("MULTI");
    session.call("SET k 1");
    host.raw(Buffer.concat(["ACL DELUSER u", "RPUSH q a", "PUBLISH c secret"].map(requestOf)));
    expect(engine.closed.sort()).toEqual([session.id, waiting.id, listening.id].sort());
    for (const { id } of [session, waiting, listening]) {
      expect(engine.takeReplies(id).toString()).toBe("");
    }
    expect(session.call("EXEC")).toBe("");
    expect(host.call("LLEN q")).toBe(":1\r\n");
    expect(host.call("EXISTS k")).toBe(":0\r\n");
  });

  const requestOf = (line: string) => encode(line.split(" "));

  it.skipIf(FAIL_RESERVE)("cannot fill the memory with refusals", () => {
    become("+auth");
    for (let number = 0; number < 300; number++) session.call(`GET${number}`, "k");
    const long = "x".repeat(200_000);
    for (let number = 0; number < 300; number++) session.call("AUTH", `${number}${long}`, "p");
    const entries = host.ask("ACL LOG 1000") as unknown[][];
    expect(entries.length).toBeGreaterThan(50);
    expect(entries.length).toBeLessThanOrEqual(128);
    for (const entry of entries) expect(String(entry[9]).length).toBeLessThanOrEqual(65536);
    host.call("CONFIG SET acllog-max-len 0");
    session.call("AUTH 0 p");
    expect(host.ask("ACL LOG 1000")).toEqual([]);
  });

  it.skipIf(FAIL_RESERVE)("see no secrets in MONITOR and SLOWLOG", () => {
    let milliseconds = 0;
    engine = new TestEngine({ heapMb: 8, clock: () => milliseconds++ });
    host = engine.open();
    host.call("CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 1000");
    const watcher = engine.open();
    watcher.call("MONITOR");
    const lines = [
      ...["AUTH SECRET", "AUTH x SECRET", "auth a b SECRET", "HELLO 2 AUTH x SECRET"],
      ...["HELLO 2 SETNAME n AUTH x SECRET", "ACL SETUSER x on >SECRET", "acl setuser x <SECRET"],
      ...["ACL SETUSER x >SECRET +nope", "CONFIG SET requirepass SECRET requirepass SECRET"],
      ...["CONFIG SET timeout 0 masterauth SECRET", "config set REQUIREPASS SECRET nosuch x"],
      ...["CONFIG SET tls-key-file-pass SECRET", "MIGRATE h 1 none 0 1 AUTH SECRET"],
      ...["MIGRATE h 1 none 0 1 COPY AUTH2 me SECRET", "ACL DRYRUN default AUTH SECRET"],
      ...[
        "COMMAND GETKEYS MIGRATE h 1 k 0 1 AUTH SECRET",
        "ACL DRYRUN default HELLO 3 AUTH x SECRET",
      ],
    ];
    const answer = (words: string[]) => {
      host.call(...words);
      while (host.status === Status.WAITING) host.status = engine.complete(engine.request().id);
    };
    for (const line of ["PING", ...lines, "MULTI", ...lines, "EXEC"]) answer(line.split(" "));
    answer(["CONFIG", "SET", "requirepass", ""]);
    engine.takeReplies(host.id);
    const shown = engine.takeReplies(watcher.id).toString();
    expect(shown).toContain("(redacted)");
    expect(shown).not.toContain("SECRET");
    const log = host.call("SLOWLOG GET -1");
    expect(log).toContain("(redacted)");
    expect(log).not.toContain("SECRET");
  });

  it("see the password nowhere but where CONFIG GET is theirs", () => {
    host.call("CONFIG SET requirepass S3CRET");
    host.call("ACL SETUSER u on nopass +@all -config");
    session.call("AUTH u any");
    expect(session.call("CONFIG GET requirepass")).toBe(COMMAND("config|get"));
    for (const line of ["ACL LIST", "ACL GETUSER default", "INFO", "CLIENT LIST", "ACL LOG"]) {
      expect(session.call(line), line).not.toContain("S3CRET");
    }
  });

  it("read no passwords in the line that tells of a trap", () => {
    const told = (...words: string[]) => {
      const request = encode(words);
      session.raw(request);
      return describeRunning(new Uint8Array(engine.memory.buffer), request);
    };
    expect(told("AUTH", "x", "SECRET")).toBe('"AUTH" "(redacted)" "(redacted)"');
    expect(told("hello", "2", "AUTH", "x", "SECRET")).not.toContain("SECRET");
    expect(told("ACL", "SETUSER", "x", ">SECRET")).not.toContain("SECRET");
    expect(told("CONFIG", "SET", "requirepass", "SECRET")).not.toContain("SECRET");
    expect(told("MIGRATE", "h", "1", "k", "0", "1", "AUTH", "SECRET")).not.toContain("SECRET");
    expect(told("SET", "k", "v")).toBe('"SET" "k" "v"');
  });
});

// CONFIG, and the host's side of it: QUIRE CONFIGURE, QUIRE FACT.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, Request, SessionFlag, Status } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;
let host: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
  host = engine.open(SessionFlag.INTERNAL);
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

/** The value that CONFIG GET shows. */
function shownValue(name: string): string | undefined {
  return (session.ask("CONFIG", "GET", name) as string[])[1];
}

function setError(name: string, reason: string): string {
  return `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}\r\n`;
}

/** Sends a command that makes the session wait, and the host's answer to it. */
function answered(words: string[], ok = true, text = ""): string {
  session.raw(encode(words));
  expect(session.status).toBe(Status.WAITING);
  engine.complete(engine.request().id, ok, text);
  const reply = engine.takeReplies(session.id).toString("latin1");
  engine.exports.resume(session.id, engine.now);
  return reply;
}

describe("CONFIG", () => {
  it("needs a subcommand", () => {
    expect(session.call("CONFIG")).toBe("-ERR wrong number of arguments for 'config' command\r\n");
    expect(session.call("CONFIG FOO")).toBe("-ERR unknown subcommand 'FOO'. Try CONFIG HELP.\r\n");
  });
});

describe("CONFIG GET", () => {
  it("answers by name, pattern and older name", () => {
    expect(session.call("CONFIG GET maxmemory")).toBe("*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
    expect(session.call("CONFIG GET MAXMEMORY")).toBe("*2\r\n$9\r\nMAXMEMORY\r\n$1\r\n0\r\n");
    expect(session.call("CONFIG GET nosuch")).toBe("*0\r\n");
    expect(session.ask("CONFIG GET slaveof replicaof")).toHaveLength(4);
    expect(session.ask("CONFIG GET hz HZ h?")).toEqual(["hz", "10"]);
    expect((session.ask("CONFIG GET *") as string[]).length).toBeGreaterThan(370);
    expect(session.call("CONFIG GET")).toContain("wrong number of arguments for 'config|get'");
  });

  it("is a map in RESP3", () => {
    session.call("HELLO 3");
    expect(session.call("CONFIG GET hz nosuch")).toBe("%1\r\n$2\r\nhz\r\n$2\r\n10\r\n");
    expect(session.call("CONFIG GET nosuch")).toBe("%0\r\n");
  });
});

describe("CONFIG SET", () => {
  it.each([
    ["lazyfree-lazy-expire", "YES", "yes"],
    ["maxmemory", "100mb", "104857600"],
    ["maxmemory", "1k", "1000"],
    ["maxmemory", "1GB", "1073741824"],
    ["maxmemory-clients", "5%", "5%"],
    ["maxmemory-clients", "1mb", "1048576"],
    ["maxmemory-policy", "ALLKEYS-LFU", "allkeys-lfu"],
    ["hz", "0", "1"],
    ["hz", "100000", "500"],
    ["notify-keyspace-events", "KEA", "AKE"],
    ["notify-keyspace-events", "gE$", "g$E"],
    ["requirepass", "secret", "secret"],
    ["oom-score-adj-values", "1 2 3", "1 2 3"],
    ["latency-tracking-info-percentiles", "50.0 99.9", "50 99.9"],
    ["shutdown-on-sigterm", "now nosave", "nosave now"],
    ["hash-max-ziplist-value", "99", "99"],
  ])("%s %s", (name, value, shown) => {
    expect(session.call("CONFIG", "SET", name, value)).toBe("+OK\r\n");
    expect(shownValue(name)).toBe(shown);
  });

  it("rdbcompression is image-compression by its older name", () => {
    for (const [name, value] of [
      ["rdbcompression", "yes"],
      ["image-compression", "no"],
    ] as const) {
      expect(answered(["CONFIG", "SET", name, value])).toBe("+OK\r\n");
      expect(shownValue("rdbcompression")).toBe(value);
      expect(shownValue("image-compression")).toBe(value);
    }
  });

  it("names of files have no path in them", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    const configure = (...words: string[]) => host.call("QUIRE", "CONFIGURE", ...words);
    expect(configure("enable-protected-configs", "yes")).toBe("+OK\r\n");
    const refusal =
      "-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - " +
      "dbfilename can't be a path, just a filename\r\n";
    for (const path of ["a/b", "a\\b", "/"]) {
      expect(session.call("CONFIG", "SET", "dbfilename", path)).toBe(refusal);
    }
    for (const name of ["x.rdb", ""]) {
      expect(session.call("CONFIG", "SET", "dbfilename", name)).toBe("+OK\r\n");
      expect(shownValue("dbfilename")).toBe(name);
    }
    for (const [name, value, reason] of [
      ["appendfilename", "a/b", "appendfilename can't be a path, just a filename"],
      ["appendfilename", "", "appendfilename can't be empty"],
      ["appenddirname", "a/b", "appenddirname can't be a path, just a dirname"],
      ["appenddirname", "", "appenddirname can't be empty"],
    ] as const) {
      expect(configure(name, value)).toBe(`-ERR ${reason}\r\n`);
    }
  });

  it.each([
    ["save", "60 1 30 2"],
    ["save", ""],
    ["image-compression", "yes"],
  ])("%s %s, which the host applies", (name, value) => {
    expect(answered(["CONFIG", "SET", name, value])).toBe("+OK\r\n");
    expect(shownValue(name)).toBe(value);
  });

  it.each([
    ["lazyfree-lazy-expire", "maybe", "argument must be 'yes' or 'no'"],
    ["hz", "abc", "argument couldn't be parsed into an integer"],
    ["lfu-log-factor", "-1", "argument must be between 0 and 2147483647 inclusive"],
    ["maxmemory", "10xb", "argument must be a memory value"],
    ["maxmemory-clients", "101%", "percentage argument must be less or equal to 100"],
    ["maxmemory-clients", "x%", "argument must be a memory or percent value"],
    ["appendfsync", "x", "argument(s) must be one of the following: everysec, always, no"],
    ["save", "60", "Invalid save parameters"],
    ["notify-keyspace-events", "Q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
    ["databases", "4", "can't set immutable config"],
    ["dir", "/tmp", "can't set protected config"],
    ["requirepass", "x".repeat(70000), "argument is too long"],
    ["rdbcompression", "maybe", "argument must be 'yes' or 'no'"],
    ["dbfilename", "dump.rdb", "can't set protected config"],
  ])("%s refuses a value", (name, value, reason) => {
    const before = shownValue(name);
    expect(session.call("CONFIG", "SET", name, value)).toBe(setError(name, reason));
    expect(shownValue(name)).toBe(before);
  });

  it("is all or nothing", () => {
    expect(session.call("CONFIG SET hz 20 lfu-log-factor x")).toContain("'lfu-log-factor'");
    expect(shownValue("hz")).toBe("10");
    expect(session.call("CONFIG SET hz 20 lfu-log-factor 5")).toBe("+OK\r\n");
    expect(session.ask("CONFIG GET hz")).toEqual(["hz", "20"]);
    expect(session.call("CONFIG SET hz 1 HZ 2")).toBe(setError("HZ", "duplicate parameter"));
    expect(session.call("CONFIG SET hz 1 nosuch 2")).toBe(
      "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n",
    );
    expect(session.call("CONFIG SET hz 1 timeout")).toBe("-ERR syntax error\r\n");
  });

  it("takes a text of many megabytes and refuses it", () => {
    const text = Buffer.alloc(8 << 20, 0x61);
    for (const name of [
      "requirepass",
      "save",
      "maxmemory",
      "appendfsync",
      "notify-keyspace-events",
    ]) {
      expect(session.call("CONFIG", "SET", name, text)).toContain("-ERR CONFIG SET failed");
    }
    expect(session.call("CONFIG", "SET", text, "1")).toContain("-ERR Unknown option");
  });

  it("takes effect at once", () => {
    session.call("CONFIG SET maxmemory 1");
    expect(session.call("SET", "a", "1")).toContain("-OOM");
    session.call("CONFIG SET maxmemory 0");
    expect(session.call("SET", "a", "1")).toBe("+OK\r\n");
    session.call("CONFIG SET requirepass pw");
    const other = engine.open();
    expect(other.call("GET a")).toContain("-NOAUTH");
    expect(other.call("AUTH pw")).toBe("+OK\r\n");
  });

  it("client-output-buffer-limit keeps the classes that are not named", () => {
    expect(answered(["CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 2 3"])).toBe(
      "+OK\r\n",
    );
    expect(shownValue("client-output-buffer-limit")).toBe(
      "normal 1048576 2 3 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    );
  });

  it("waits for the host where the host applies it", () => {
    session.raw(encode(["CONFIG", "SET", "timeout", "5", "hz", "20"]));
    expect(session.status).toBe(Status.WAITING);
    const request = engine.request();
    expect(request.kind).toBe(Request.CONFIGURE);
    expect(request.text).toBe("timeout\x005\0");
    expect(engine.open().ask("CONFIG GET timeout")).toEqual(["timeout", "0"]);
    const other = engine.open();
    expect(other.call("CONFIG SET timeout 9")).toBe(
      setError("timeout", "another client is changing it"),
    );
    expect(other.call("CONFIG SET lfu-decay-time 3")).toBe("+OK\r\n");
    expect(other.ask("CONFIG GET hz")).toEqual(["hz", "10"]);
    engine.complete(request.id);
    expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n");
    expect(other.ask("CONFIG GET hz")).toEqual(["hz", "20"]);
    expect(other.ask("CONFIG GET timeout")).toEqual(["timeout", "5"]);
  });

  it("changes nothing when the host refuses", () => {
    const reason = "ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen";
    expect(answered(["CONFIG", "SET", "port", "7000"], false, reason)).toBe(`-${reason}\r\n`);
    expect(shownValue("port")).toBe("6379");
    expect(answered(["CONFIG", "SET", "port", "7000"])).toBe("+OK\r\n");
    expect(shownValue("port")).toBe("7000");
  });

  it("holds what the host did for a client that has gone", () => {
    session.raw(encode(["CONFIG", "SET", "maxclients", "77"]));
    const { id } = engine.request();
    session.close();
    engine.complete(id);
    session = engine.open();
    expect(shownValue("maxclients")).toBe("77");
  });

  it("protected parameters need a permission from the file", () => {
    host.call("QUIRE CONFIGURE enable-protected-configs local");
    expect(session.call("CONFIG SET dbfilename x.rdb")).toBe("+OK\r\n");
    expect(engine.open(SessionFlag.REMOTE).call("CONFIG SET dbfilename y.rdb")).toBe(
      setError("dbfilename", "can't set protected config"),
    );
  });
});

describe("CONFIG RESETSTAT", () => {
  it("sets counters to zero", () => {
    const view = engine.view();
    view.setFloat64(EXCHANGE + Exchange.CONNECTIONS_RECEIVED, 7, true);
    view.setFloat64(EXCHANGE + Exchange.INPUT_BYTES, 100, true);
    session.call("GET a");
    session.call("NOSUCH");
    session.call("GET");
    expect(session.ask("INFO stats")).toContain("total_connections_received:7\r\n");
    expect(session.call("CONFIG RESETSTAT")).toBe("+OK\r\n");
    const stats = session.ask("INFO stats commandstats errorstats") as string;
    expect(stats).toContain("total_connections_received:0\r\n");
    expect(stats).toContain("total_net_input_bytes:0\r\n");
    expect(stats).toContain("total_commands_processed:1\r\n");
    expect(stats).toContain("total_error_replies:0\r\n");
    expect(stats).toContain("keyspace_misses:0\r\n");
    expect(stats).toContain("cmdstat_config|resetstat:calls=1,");
    expect(stats).not.toContain("cmdstat_get:");
    expect(stats).not.toContain("errorstat_");
    expect(view.getFloat64(EXCHANGE + Exchange.INPUT_BYTES, true)).toBe(0);
  });
});

describe("CONFIG REWRITE", () => {
  it("hands what differs from the defaults to the host", () => {
    session.call("CONFIG SET hz 20");
    answered(["CONFIG", "SET", "save", "900 1"]);
    session.raw(encode(["CONFIG", "REWRITE"]));
    const request = engine.request();
    expect(request.kind).toBe(Request.REWRITE_CONFIGURATION);
    const [values, names] = request.text.split("\0\0\0");
    expect(values).toBe("hz\x0020\0save\x00900 1");
    expect(names).toMatch(/(^|\0)rdbcompression\0image-compression\0/);
    expect(names).toMatch(/(^|\0)slave-priority\0replica-priority\0/);
    const text = "ERR The server is running without a config file";
    engine.complete(request.id, false, text);
    expect(engine.takeReplies(session.id).toString()).toBe(`-${text}\r\n`);
    engine.exports.resume(session.id, engine.now);
    expect(answered(["CONFIG", "REWRITE"])).toBe("+OK\r\n");
  });

  it("has failed when the host says so, and not the command after it", () => {
    answered(["CONFIG", "REWRITE"], false, "ERR no");
    engine.open().call("GET a");
    const stats = session.ask("INFO", "commandstats", "errorstats") as string;
    expect(stats).toMatch(/cmdstat_config\|rewrite:.*failed_calls=1\r/);
    expect(stats).toMatch(/cmdstat_get:.*failed_calls=0\r/);
    expect(stats).toContain("errorstat_ERR:count=1");
  });
});

describe("CONFIG HELP", () => {
  it("lists the subcommands", () => {
    const lines = session.ask("CONFIG HELP") as string[];
    expect(lines[0]).toBe("CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    expect(lines).toContain("REWRITE");
    expect(session.call("CONFIG HELP x")).toContain("wrong number of arguments");
  });
});

describe("QUIRE", () => {
  it("belongs to the host", () => {
    expect(session.call("QUIRE")).toContain("wrong number of arguments for 'quire' command");
    expect(session.call("QUIRE CONFIGURE hz 1")).toBe(
      "-ERR QUIRE CONFIGURE belongs to the host\r\n",
    );
    expect(session.call("QUIRE FACT os x")).toBe("-ERR QUIRE FACT belongs to the host\r\n");
  });
});

describe("QUIRE CONFIGURE", () => {
  it("takes lines of a configuration file", () => {
    expect(host.call("QUIRE CONFIGURE databases 4")).toBe("+OK\r\n");
    expect(host.call("QUIRE CONFIGURE bind 127.0.0.1 ::1")).toBe("+OK\r\n");
    expect(host.call("QUIRE CONFIGURE appendfsync always")).toBe("+OK\r\n");
    expect(host.call("QUIRE CONFIGURE save 60 1")).toBe("+OK\r\n");
    expect(host.call("QUIRE CONFIGURE save 30 2")).toBe("+OK\r\n");
    expect(shownValue("databases")).toBe("4");
    expect(shownValue("bind")).toBe("127.0.0.1 ::1");
    expect(shownValue("save")).toBe("60 1 30 2");
    expect(host.call("QUIRE", "CONFIGURE", "save", "")).toBe("+OK\r\n");
    expect(shownValue("save")).toBe("");
    expect(host.call("QUIRE CONFIGURE shutdown-on-sigterm nosave now")).toBe("+OK\r\n");
    expect(shownValue("shutdown-on-sigterm")).toBe("nosave now");
    expect(host.call("QUIRE CONFIGURE slaveof 10.0.0.1 6379")).toBe("+UNUSED\r\n");
    expect(host.call("QUIRE CONFIGURE client-output-buffer-limit replica 1 2 3")).toBe("+OK\r\n");
    expect(shownValue("client-output-buffer-limit")).toContain("slave 1 2 3 pubsub");
  });

  it("says what is wrong", () => {
    for (const line of ["nosuch 1", "hz 1 2", "replicaof x"]) {
      expect(host.call(`QUIRE CONFIGURE ${line}`)).toBe(
        "-ERR Bad directive or wrong number of arguments\r\n",
      );
    }
    expect(host.call("QUIRE CONFIGURE hz")).toBe(
      "-ERR Bad directive or wrong number of arguments\r\n",
    );
    expect(host.call("QUIRE CONFIGURE hz abc")).toBe(
      "-ERR argument couldn't be parsed into an integer\r\n",
    );
    expect(host.call("QUIRE", "CONFIGURE", "logfile", "x".repeat(200000))).toBe(
      "-ERR argument is too long\r\n",
    );
  });
});

describe("QUIRE FACT", () => {
  it("keeps texts for INFO", () => {
    expect(host.call("QUIRE", "FACT", "os", "Linux 6.1 x86_64")).toBe("+OK\r\n");
    expect(host.call("QUIRE", "FACT", "executable", "/usr/bin/quiredb")).toBe("+OK\r\n");
    expect(host.call("QUIRE", "FACT", "config_file", "/etc/quire.conf")).toBe("+OK\r\n");
    expect(host.call("QUIRE", "FACT", "config_file", "")).toBe("+OK\r\n");
    expect(host.call("QUIRE", "FACT", "runtime", "node 20.19.0")).toBe("+OK\r\n");
    const server = session.ask("INFO server") as string;
    expect(server).toContain("os:Linux 6.1 x86_64\r\n");
    expect(server).toContain("executable:/usr/bin/quiredb\r\n");
    expect(server).toContain("config_file:\r\n");
    expect(server).toContain("quire_runtime:node 20.19.0\r\n");
    expect(host.call("QUIRE FACT nosuch x")).toBe("-ERR no such fact\r\n");
    expect(host.call("QUIRE", "FACT", "os", "x".repeat(5000))).toBe(
      "-ERR the fact is too long\r\n",
    );
  });
});

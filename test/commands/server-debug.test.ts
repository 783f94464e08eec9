// DEBUG and SHUTDOWN: test hooks, digests, stopping.
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Request, SessionFlag, Status } from "../../assembly/abi";
import { TestEngine, type TestSession } from "../support/engine";

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  allowDebug("yes");
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

function allowDebug(value: string): void {
  const host = engine.open(SessionFlag.INTERNAL);
  expect(host.call("QUIRE", "CONFIGURE", "enable-debug-command", value)).toBe("+OK\r\n");
  host.close();
}

const sha1 = (bytes: Uint8Array | string) => createHash("sha1").update(bytes).digest();

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] as number)));
}

const mix = (digest: Buffer, bytes: Uint8Array | string) => sha1(xor(digest, sha1(bytes)));

/** The digest of string keys as the header of dataset-digest.ts defines it. */
function modelDigest(database: number, keys: Record<string, string>, expiring: string[] = []) {
  let all: Buffer = mix(Buffer.alloc(20), Buffer.from([0, 0, 0, database]));
  for (const [key, value] of Object.entries(keys)) {
    let one: Buffer = mix(Buffer.alloc(20), key);
    one = mix(one, Buffer.from([0, 0, 0, 0]));
    one = mix(one, value);
    if (expiring.includes(key)) one = xor(one, sha1("!!expire!!"));
    all = xor(all, sha1(one));
  }
  return all.toString("hex");
}

describe("DEBUG", () => {
  it("is off unless the configuration allows it", () => {
    const refusal =
      "-ERR DEBUG command not allowed. If the enable-debug-command option is set to " +
      '"local", you can run it from a local connection, otherwise you need to set this option ' +
      "in the configuration file, and then restart the server.\r\n";
    allowDebug("no");
    expect(session.call("DEBUG SLEEP 0")).toBe(refusal);
    expect(session.call("DEBUG HELP")).toBe(refusal);
    allowDebug("local");
    expect(session.call("DEBUG SLEEP 0")).toBe("+OK\r\n");
    expect(engine.open(SessionFlag.REMOTE).call("DEBUG SLEEP 0")).toBe(refusal);
    allowDebug("yes");
    expect(engine.open(SessionFlag.REMOTE).call("DEBUG SLEEP 0")).toBe("+OK\r\n");
  });

  it("answers unknown subcommands and wrong counts alike", () => {
    for (const words of ["jmap", "sleep", "object", "digest x", "populate", "populate 1 a 3 4"]) {
      const name = words.split(" ")[0];
      expect(session.call(`DEBUG ${words}`)).toBe(
        `-ERR unknown subcommand or wrong number of arguments for '${name}'. Try DEBUG HELP.\r\n`,
      );
    }
    expect(session.call("DEBUG")).toContain("wrong number of arguments for 'debug' command");
  });

  it("HELP lists the subcommands", () => {
    const lines = session.ask("DEBUG HELP") as string[];
    expect(lines[0]).toBe("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    expect(lines).toContain("DIGEST");
    expect(lines.at(-1)).toBe("    Prints this help.");
  });

  it("RELOAD waits for the host, which learns the options", () => {
    expect(session.call("DEBUG RELOAD NOSAVE FOO")).toBe(
      "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.\r\n",
    );
    for (const [options, flags] of Object.entries({ "": 0, " nosave": 1, " NOFLUSH MERGE": 6 })) {
      session.call(`DEBUG RELOAD${options}`);
      expect(engine.request()).toMatchObject({ kind: Request.RELOAD, number: flags });
      engine.complete(engine.request().id);
      expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n");
    }
  });

  it("SLEEP waits for the host", () => {
    session.raw("*3\r\n$5\r\nDEBUG\r\n$5\r\nSLEEP\r\n$3\r\n1.5\r\n");
    expect(session.status).toBe(Status.WAITING);
    const request = engine.request();
    expect(request.kind).toBe(Request.SLEEP);
    expect(request.number).toBe(1500);
    engine.complete(request.id);
    expect(engine.takeReplies(session.id).toString()).toBe("+OK\r\n");
    expect(session.call("DEBUG SLEEP abc")).toBe("+OK\r\n");
    expect(session.call("DEBUG SLEEP -1")).toBe("+OK\r\n");
  });

  it("SET-ACTIVE-EXPIRE and PAUSE-CRON stop the background", () => {
    expect(session.call("DEBUG SET-ACTIVE-EXPIRE 0")).toBe("+OK\r\n");
    session.call("SET a 1");
    session.call("PEXPIRE a 10");
    engine.now += 100;
    engine.tick();
    expect(session.call("DBSIZE")).toBe(":1\r\n");
    expect(session.call("DEBUG PAUSE-CRON 1")).toBe("+OK\r\n");
    expect(session.call("DEBUG SET-ACTIVE-EXPIRE 1")).toBe("+OK\r\n");
    engine.tick();
    expect(session.call("DBSIZE")).toBe(":1\r\n");
    expect(session.call("DEBUG PAUSE-CRON 0")).toBe("+OK\r\n");
    engine.tick();
    expect(session.call("DBSIZE")).toBe(":0\r\n");
  });

  it("OBJECT shows how a value is stored", () => {
    session.call("SET n 12345");
    session.call("SET t hello");
    session.call("SET", "r", "x".repeat(100));
    engine.now += 5000;
    const shape =
      /^\+Value at:0x[0-9a-f]{8} refcount:1 encoding:(\w+) \w+:(\d+) lru:\d+ \w+:5\r\n$/;
    expect(shape.exec(session.call("DEBUG OBJECT n"))?.slice(1)).toEqual(["int", "3"]);
    expect(shape.exec(session.call("DEBUG OBJECT t"))?.slice(1)).toEqual(["embstr", "6"]);
    expect(shape.exec(session.call("DEBUG OBJECT r"))?.slice(1)).toEqual(["raw", "102"]);
    expect(session.call("DEBUG OBJECT no")).toBe("-ERR no such key\r\n");
  });

  it("DIGEST depends on the data, not on its history", () => {
    expect(session.call("DEBUG DIGEST")).toBe(`+${"0".repeat(40)}\r\n`);
    session.call("SET a 1");
    session.call("SET", "b", "two");
    session.call("SET", "c", "y".repeat(300));
    const keys = { a: "1", b: "two", c: "y".repeat(300) };
    expect(session.call("DEBUG DIGEST")).toBe(`+${modelDigest(0, keys)}\r\n`);
    session.call("DEL a");
    session.call("SET a 2");
    session.call("SET a 1");
    expect(session.call("DEBUG DIGEST")).toBe(`+${modelDigest(0, keys)}\r\n`);
    session.call("EXPIRE b 100");
    expect(session.call("DEBUG DIGEST")).toBe(`+${modelDigest(0, keys, ["b"])}\r\n`);
    session.call("FLUSHALL");
    session.call("SELECT 3");
    session.call("SET a 1");
    expect(session.call("DEBUG DIGEST")).toBe(`+${modelDigest(3, { a: "1" })}\r\n`);
  });

  it("DIGEST-VALUE leaves the name out", () => {
    session.call("SET a 77");
    session.call("SET b 77");
    const [a, b, none] = session.ask("DEBUG DIGEST-VALUE a b c") as string[];
    const model = mix(mix(Buffer.alloc(20), Buffer.from([0, 0, 0, 0])), "77");
    expect(a).toBe(model.toString("hex"));
    expect(b).toBe(a);
    expect(none).toBe("0".repeat(40));
  });

  it("DIGEST-VALUE is right at every length around the blocks of SHA-1", () => {
    const type = mix(Buffer.alloc(20), Buffer.from([0, 0, 0, 0]));
    for (let bytes = 0; bytes < 140; bytes++) {
      const value = "x".repeat(bytes);
      session.call("SET", "a", value);
      expect(session.ask("DEBUG DIGEST-VALUE a")).toEqual([mix(type, value).toString("hex")]);
    }
  });

  it("PROTOCOL answers each type", () => {
    const two: Record<string, string> = {
      string: "$11\r\nHello World\r\n",
      integer: ":12345\r\n",
      double: "$5\r\n3.141\r\n",
      null: "$-1\r\n",
      array: "*3\r\n:0\r\n:1\r\n:2\r\n",
      set: "*3\r\n:0\r\n:1\r\n:2\r\n",
      map: "*6\r\n:0\r\n:0\r\n:1\r\n:1\r\n:2\r\n:0\r\n",
      attrib: "$39\r\nSome real reply following the attribute\r\n",
      push: "-ERR RESP2 is not supported by this command\r\n",
      verbatim: "$25\r\nThis is a verbatim\nstring\r\n",
      true: ":1\r\n",
      false: ":0\r\n",
      bignum: "$37\r\n1234567999999999999999999999999999999\r\n",
    };
    const three: Record<string, string> = {
      ...two,
      double: ",3.141\r\n",
      null: "_\r\n",
      set: "~3\r\n:0\r\n:1\r\n:2\r\n",
      map: "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n",
      attrib:
        "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n" +
        "$39\r\nSome real reply following the attribute\r\n",
      push: ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$41\r\nSome real reply following the push...",
      verbatim: "=29\r\ntxt:This is a verbatim\nstring\r\n",
      true: "#t\r\n",
      false: "#f\r\n",
      bignum: "(1234567999999999999999999999999999999\r\n",
    };
    for (const [type, reply] of Object.entries(two)) {
      expect(session.call(`DEBUG PROTOCOL ${type}`)).toBe(reply);
    }
    session.call("HELLO 3");
    for (const [type, reply] of Object.entries(three)) {
      if (type === "push") expect(session.raw("DEBUG PROTOCOL push\r\n")).toContain(">2\r\n");
      else expect(session.call(`DEBUG PROTOCOL ${type}`)).toBe(reply);
    }
    expect(session.call("DEBUG PROTOCOL foo")).toMatch(/^-ERR Wrong protocol type name\. Please/);
  });

  it("HTSTATS and HTSTATS-KEY", () => {
    expect(session.call("DEBUG HTSTATS 0")).toContain("No stats available for empty dictionaries");
    session.call("DEBUG POPULATE 100");
    expect(session.ask("DEBUG HTSTATS 0")).toContain(" number of elements: 100\n");
    expect(session.ask("DEBUG HTSTATS 0 FULL")).toContain("Elements per chain");
    expect(session.call("DEBUG HTSTATS 16")).toBe("-ERR Out of range database\r\n");
    expect(session.call("DEBUG HTSTATS -1")).toBe("-ERR Out of range database\r\n");
    expect(session.call("DEBUG HTSTATS x")).toContain("-ERR value is not an integer");
    expect(session.call("DEBUG HTSTATS-KEY no")).toBe("-ERR no such key\r\n");
    expect(session.call("DEBUG HTSTATS-KEY key:0")).toContain(
      "not represented using an hash table",
    );
  });

  it("POPULATE adds what does not exist", () => {
    engine.exports.setEffects(1);
    session.call("SET key:1 mine");
    engine.takeEffects();
    expect(session.call("DEBUG POPULATE 3")).toBe("+OK\r\n");
    expect(session.ask("MGET key:0 key:1 key:2")).toEqual(["value:0", "mine", "value:2"]);
    expect(engine.takeEffects().match(/SET/g)).toHaveLength(2);
    expect(session.call("DEBUG POPULATE 1 p 3")).toBe("+OK\r\n");
    expect(session.ask("GET p:0")).toBe("val");
    expect(session.call("DEBUG POPULATE 1 q 500")).toBe("+OK\r\n");
    expect(session.ask("GET q:0")).toBe(`value:0${"\0".repeat(493)}`);
    for (const wrong of ["x", "-1", "1 a x", "1 a -5", "1.5"]) {
      expect(session.call(`DEBUG POPULATE ${wrong}`)).toBe(
        "-ERR value is out of range, must be positive\r\n",
      );
    }
    expect(session.call("DEBUG POPULATE 100000000000")).toContain("-OOM");
    expect(session.call("DEBUG POPULATE 10000000 k 1000")).toContain("-OOM");
    expect(session.call("DBSIZE")).toBe(":5\r\n");
    expect(session.call("DEBUG POPULATE 0")).toBe("+OK\r\n");
  });

  it("LISTPACK, QUICKLIST and QUICKLIST-PACKED-THRESHOLD", () => {
    session.call("CONFIG SET list-max-listpack-size 2");
    session.call("RPUSH list a b c d");
    session.call("HSET hash a b");
    const missing = "-ERR no such key\r\n";
    const size = "-ERR argument must be a memory value bigger than 1 and smaller than 4gb\r\n";
    const list = "+Quicklist structure printed on stdout\r\n";
    expect(session.call("DEBUG LISTPACK hash")).toBe("+Listpack structure printed on stdout\r\n");
    expect(session.call("DEBUG LISTPACK list")).toBe("-ERR Not a listpack encoded object.\r\n");
    expect(session.call("DEBUG LISTPACK none")).toBe(missing);
    expect(session.call("DEBUG QUICKLIST list")).toBe(list);
    expect(session.call("DEBUG QUICKLIST list 1")).toBe(list);
    expect(session.call("DEBUG QUICKLIST hash")).toBe("-ERR Not a quicklist encoded object.\r\n");
    expect(session.call("DEBUG QUICKLIST none")).toBe(missing);
    for (const good of ["0", "1", "100kb", "4000mb"]) {
      expect(session.call(`DEBUG QUICKLIST-PACKED-THRESHOLD ${good}`)).toBe("+OK\r\n");
    }
    for (const bad of ["x", "5gb", "4gb", "-1"]) {
      expect(session.call(`DEBUG QUICKLIST-PACKED-THRESHOLD ${bad}`)).toBe(size);
    }
  });

  it("ERROR and LOG", () => {
    expect(session.call("DEBUG", "ERROR", "MINE of\r\ntwo lines")).toBe("-MINE of  two lines\r\n");
    expect(session.ask("INFO errorstats")).toContain("errorstat_MINE:count=1");
    expect(session.call("DEBUG", "LOG", "hello log")).toBe("+OK\r\n");
    expect(engine.logs).toEqual(["DEBUG LOG: hello log"]);
  });

  it("REPLYBUFFER and STRINGMATCH", () => {
    expect(session.call("DEBUG REPLYBUFFER PEAK-RESET-TIME never")).toBe("+OK\r\n");
    expect(session.call("DEBUG REPLYBUFFER PEAK-RESET-TIME 100")).toBe("+OK\r\n");
    expect(session.call("DEBUG REPLYBUFFER PEAK-RESET-TIME x")).toContain("-ERR value is not");
    expect(session.call("DEBUG REPLYBUFFER RESIZING 1")).toBe("+OK\r\n");
    expect(session.call("DEBUG REPLYBUFFER x 1")).toContain("-ERR unknown subcommand");
    expect(session.call("DEBUG STRINGMATCH-LEN a*c abbc")).toBe(":1\r\n");
    expect(session.call("DEBUG STRINGMATCH-LEN a*d abbc")).toBe(":0\r\n");
    expect(session.call("DEBUG STRINGMATCH-TEST")).toContain("test passed");
  });

  it("PANIC stops the engine", () => {
    const other = new TestEngine();
    other.open(SessionFlag.INTERNAL).call("QUIRE", "CONFIGURE", "enable-debug-command", "yes");
    expect(() => other.open().raw("DEBUG PANIC\r\n")).toThrow(WebAssembly.RuntimeError);
  });
});

describe("SHUTDOWN", () => {
  it("refuses options that do not fit", () => {
    for (const words of ["foo", "save nosave", "abort now", "abort nosave"]) {
      expect(session.call(`SHUTDOWN ${words}`)).toBe("-ERR syntax error\r\n");
    }
    expect(session.call("SHUTDOWN ABORT")).toBe("-ERR No shutdown in progress.\r\n");
  });

  it("asks the host and tells its refusal", () => {
    session.raw("SHUTDOWN nosave now FORCE\r\n");
    expect(session.status).toBe(Status.WAITING);
    const request = engine.request();
    expect(request.kind).toBe(Request.SHUTDOWN);
    expect(request.text).toBe("nosave\0now\0force\0");
    engine.complete(request.id, false, "ERR Errors trying to SHUTDOWN. Check logs.");
    expect(engine.takeReplies(session.id).toString()).toBe(
      "-ERR Errors trying to SHUTDOWN. Check logs.\r\n",
    );
    session.raw("SHUTDOWN\r\n");
    engine.complete(engine.request().id, false);
    expect(engine.takeReplies(session.id).toString()).toBe(
      "-ERR Errors trying to SHUTDOWN. Check logs.\r\n",
    );
    session.raw("SHUTDOWN SAVE\r\n");
    expect(engine.request().text).toBe("save\0");
    engine.complete(engine.request().id);
    expect(engine.exports.resume(session.id, engine.now)).toBe(Status.CLOSE);
  });
});

// INFO and MEMORY.
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXCHANGE, Exchange, SessionFlag } from "../../assembly/abi";
import { encode, TestEngine, type TestSession } from "../support/engine";

const packageFile = new URL("../../package.json", import.meta.url);
const packageVersion = JSON.parse(readFileSync(packageFile, "utf8")).version;

let engine: TestEngine;
let session: TestSession;

beforeEach(() => {
  engine = new TestEngine();
  session = engine.open();
});

afterEach(() => {
  expect(engine.exports.validate()).toBe(0);
});

const SECTIONS = [
  ...["Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "CPU", "Modules"],
  ...["Commandstats", "Errorstats", "Latencystats", "Cluster", "Keyspace"],
];
const COSTLY = ["Commandstats", "Latencystats"];
const DEFAULT = SECTIONS.filter((section) => !COSTLY.includes(section));

function info(words = ""): string {
  return session.ask(...["INFO", ...words.split(" ").filter((word) => word !== "")]) as string;
}

const headings = (text: string) => [...text.matchAll(/^# (\w+)\r$/gm)].map((match) => match[1]);

/** One field of INFO. */
function field(name: string): string | undefined {
  return new RegExp(`^${name.replace("|", "\\|")}:(.*)\r$`, "m").exec(info("everything"))?.[1];
}

const number = (name: string) => Number(field(name));

/** Runs an inline command exactly once, also where every reservation is made to fail in turn. */
const once = (line: string) => session.raw(`${line}\r\n`);

function setFact(offset: number, value: number): void {
  engine.view().setFloat64(EXCHANGE + offset, value, true);
}

describe("INFO", () => {
  it("chooses sections", () => {
    expect(headings(info())).toEqual(DEFAULT);
    expect(headings(info("default"))).toEqual(DEFAULT);
    expect(headings(info("all"))).toEqual(SECTIONS);
    expect(headings(info("EVERYTHING"))).toEqual(SECTIONS);
    expect(headings(info("default commandstats"))).toEqual(
      SECTIONS.filter((section) => section !== "Latencystats"),
    );
    expect(headings(info("keyspace SERVER keyspace nosuch"))).toEqual(["Server", "Keyspace"]);
    expect(headings(info("module_list"))).toEqual(["Modules"]);
    expect(session.call("INFO nosuch")).toBe("$0\r\n\r\n");
    for (const section of SECTIONS) expect(headings(info(section))).toEqual([section]);
  });

  it("separates sections by a blank line", () => {
    expect(session.call("INFO cluster modules keyspace")).toBe(
      "$57\r\n# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n\r\n",
    );
  });

  it("is verbatim text in RESP3", () => {
    session.call("HELLO 3");
    expect(session.call("INFO modules")).toBe("=15\r\ntxt:# Modules\r\n\r\n");
  });

  it("has lines of name:value only", () => {
    session.call("SET a 1");
    for (const line of info("everything").split("\r\n")) {
      expect(line).toMatch(/^(|# \w+|[\w|.-]+:.*)$/);
    }
  });

  it("tells the versions and the process", () => {
    setFact(Exchange.PROCESS_ID, 4711);
    setFact(Exchange.START_TIME_MS, engine.now - 90_061_500);
    expect(field("redis_version")).toBe("7.4.0");
    expect(field("quire_version")).toBe(packageVersion);
    expect(field("process_id")).toBe("4711");
    expect(field("uptime_in_seconds")).toBe("90061");
    expect(field("uptime_in_days")).toBe("1");
    expect(field("server_time_usec")).toBe(`${engine.now}000`);
    expect(field("lru_clock")).toBe(String(Math.floor(engine.now / 1000) & 0xffffff));
    expect(field("rdb_last_save_time")).toBe(String(Math.floor((engine.now - 90_061_500) / 1000)));
    expect(field("run_id")).toMatch(/^[0-9a-f]{40}$/);
    expect(field("run_id")).toBe(field("run_id"));
    expect(field("master_replid")).toMatch(/^[0-9a-f]{40}$/);
    expect(field("master_replid")).not.toBe(field("run_id"));
    expect(field("listener0")).toBe("name=tcp,bind=*,bind=-::*,port=6379");
    const host = engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE CONFIGURE port 0");
    host.call("QUIRE CONFIGURE unixsocket /tmp/quire.sock");
    expect(field("listener1")).toBe("name=unix,bind=/tmp/quire.sock");
    expect(field("tcp_port")).toBe("0");
    host.call("QUIRE CONFIGURE tls-port 6380");
    expect(field("tcp_port")).toBe("6380");
    expect(field("listener2")).toMatch(/^name=tls,.*,port=6380$/);
  });

  it("counts clients without the host's own sessions", () => {
    engine.open(SessionFlag.INTERNAL);
    const other = engine.open();
    expect(field("connected_clients")).toBe("2");
    other.close();
    expect(field("connected_clients")).toBe("1");
    session.raw(encode(["CONFIG", "REWRITE"]));
    session = engine.open();
    expect(field("blocked_clients")).toBe("1");
  });

  it("adds memory up", () => {
    const before = number("used_memory");
    session.call("SET", "big", "x".repeat(1 << 20));
    const after = number("used_memory");
    expect(after - before).toBeGreaterThanOrEqual(1 << 20);
    expect(after - before).toBeLessThan((1 << 20) + 65536);
    expect(number("used_memory_peak")).toBeGreaterThanOrEqual(after);
    expect(number("used_memory_overhead") + number("used_memory_dataset")).toBe(after);
    expect(number("used_memory_startup")).toBeLessThan(before);
    expect(field("used_memory_human")).toMatch(/^1\.\d\dM$/);
    expect(field("mem_allocator")).toMatch(/^quire-/);
    session.call("DEL big");
    expect(number("used_memory")).toBeLessThan(after - (1 << 20) + 65536);
    expect(number("used_memory_peak")).toBeGreaterThanOrEqual(after);
    setFact(Exchange.RESIDENT_BYTES, 50_000_000);
    expect(field("used_memory_rss")).toBe("50000000");
    expect(field("used_memory_rss_human")).toBe("47.68M");
    session.call("CONFIG SET maxmemory 100mb");
    expect(field("maxmemory_human")).toBe("100.00M");
    expect(field("maxmemory_policy")).toBe("noeviction");
  });

  it("shows flushed keys until they are freed", () => {
    for (let i = 0; i < 50; i++) session.call(`SET key:${i} 1`);
    session.call("FLUSHALL ASYNC");
    expect(number("lazyfree_pending_objects") + number("lazyfreed_objects")).toBe(50);
    engine.tick();
    expect(field("lazyfree_pending_objects")).toBe("0");
    expect(field("lazyfreed_objects")).toBe("50");
  });

  it("counts commands, hits, expiries and errors", () => {
    once("SET a 1");
    once("GET a");
    once("GET b");
    once("PEXPIRE a 10");
    engine.now += 20;
    once("GET a");
    expect(field("keyspace_hits")).toBe("1");
    expect(field("keyspace_misses")).toBe("2");
    expect(field("expired_keys")).toBe("1");
    const before = number("total_commands_processed");
    once("PING");
    expect(number("total_commands_processed")).toBe(before + 2);
    expect(field("rdb_changes_since_last_save")).toBe("3");
  });

  it("counts errors by code and stops at 128 codes", () => {
    once("NOSUCH");
    once("GET");
    once("CONFIG SET requirepass x");
    engine.open().raw("GET a\r\n");
    expect(field("errorstat_ERR")).toBe("count=2");
    expect(field("errorstat_NOAUTH")).toBe("count=1");
    expect(field("total_error_replies")).toBe("3");
    engine.open(SessionFlag.INTERNAL).call("QUIRE CONFIGURE enable-debug-command yes");
    for (let i = 2; i < 130; i++) once(`DEBUG ERROR CODE${i}`);
    expect(headings(info("errorstats"))).toEqual(["Errorstats"]);
    expect(info("errorstats")).toBe("# Errorstats\r\nerrorstat_ERRORSTATS_DISABLED:count=1\r\n");
    once("NOSUCH");
    expect(field("errorstat_ERR")).toBeUndefined();
    expect(engine.logs).toHaveLength(1);
    once("CONFIG RESETSTAT");
    once("NOSUCH");
    expect(field("errorstat_ERR")).toBe("count=1");
  });

  it("lists codes in their order", () => {
    engine.open(SessionFlag.INTERNAL).call("QUIRE CONFIGURE enable-debug-command yes");
    for (const code of ["B", "AB", "C", "A", "B"]) session.call(`DEBUG ERROR ${code}`);
    expect(info("errorstats").split("\r\n").slice(1, -1)).toEqual([
      "errorstat_A:count=1",
      "errorstat_AB:count=1",
      "errorstat_B:count=2",
      "errorstat_C:count=1",
    ]);
  });

  it("samples rates on the ticks", () => {
    expect(field("instantaneous_ops_per_sec")).toBe("0");
    engine.tick();
    for (let beat = 0; beat < 16; beat++) {
      for (let i = 0; i < 10; i++) session.call("PING");
      engine.now += 100;
      setFact(Exchange.INPUT_BYTES, (beat + 1) * 1024);
      engine.tick();
      engine.tick();
    }
    expect(field("instantaneous_ops_per_sec")).toBe("100");
    expect(field("instantaneous_input_kbps")).toBe("10.00");
    for (let beat = 0; beat < 17; beat++) {
      engine.now += 100;
      engine.tick();
    }
    expect(field("instantaneous_ops_per_sec")).toBe("0");
  });

  it("shares time among the short commands of a chunk and times the others apart", () => {
    let clock = 0;
    engine = new TestEngine({ clock: () => clock++ });
    session = engine.open();
    session.raw("SET a 1\r\nGET a\r\nGET a\r\nMGET a\r\nGET\r\n");
    // One reading when the chunk begins and one at the end of each group, a millisecond apart.
    session.raw("GET a\r\nKEYS *\r\nKEYS *\r\nGET a\r\n");
    const stat = (name: string) => field(`cmdstat_${name}`);
    expect(stat("set")).toMatch(
      /^calls=1,usec=\d+,usec_per_call=250\.00,rejected_calls=0,failed_calls=0$/,
    );
    expect(stat("get")).toBe(
      "calls=4,usec=2500,usec_per_call=625.00,rejected_calls=1,failed_calls=0",
    );
    expect(stat("keys")).toBe(
      "calls=2,usec=2000,usec_per_call=1000.00,rejected_calls=0,failed_calls=0",
    );
    const percentiles = field("latency_percentiles_usec_keys") ?? "";
    expect(percentiles).toMatch(/^p50=[\d.]+,p99=[\d.]+,p99\.9=[\d.]+$/);
    expect(Number(/p50=([\d.]+)/.exec(percentiles)?.[1])).toBeCloseTo(1000, -2);
    session.call("CONFIG SET latency-tracking-info-percentiles 100");
    expect(field("latency_percentiles_usec_keys")).toMatch(/^p100=[\d.]+$/);
  });

  it("leaves latencies out while latency-tracking is off", () => {
    once("CONFIG SET latency-tracking no");
    once("GET a");
    expect(field("latency_percentiles_usec_get")).toBeUndefined();
    once("CONFIG SET latency-tracking yes");
    once("GET a");
    expect(field("latency_percentiles_usec_get")).toBeDefined();
  });

  it("counts nothing after the host's CONFIG RESETSTAT", () => {
    const host = engine.open(SessionFlag.INTERNAL);
    host.call("QUIRE CONFIGURE hz 20");
    host.call("CONFIG RESETSTAT");
    expect(info("commandstats")).toBe("# Commandstats\r\n");
    expect(field("total_commands_processed")).toBe("1");
  });

  it("counts calls that failed", () => {
    once("SET a x");
    once("INCR a");
    expect(field("cmdstat_incr")).toMatch(/calls=1,.*rejected_calls=0,failed_calls=1$/);
  });

  it("lists databases that have keys", () => {
    session.call("SET a 1");
    session.call("SELECT 5");
    session.call("SET a 1");
    session.call("SET b 1");
    session.call("EXPIRE b 100");
    engine.tick();
    expect(field("db0")).toBe("keys=1,expires=0,avg_ttl=0,subexpiry=0");
    expect(field("db5")).toBe("keys=2,expires=1,avg_ttl=100000,subexpiry=0");
    expect(field("db1")).toBeUndefined();
  });
});

describe("MEMORY", () => {
  it("needs a subcommand", () => {
    expect(session.call("MEMORY")).toContain("wrong number of arguments for 'memory' command");
    expect(session.call("MEMORY FOO")).toBe("-ERR unknown subcommand 'FOO'. Try MEMORY HELP.\r\n");
  });
});

describe("MEMORY USAGE", () => {
  it("counts entry, value and table", () => {
    session.call("SET", "key:000000000001", "hello world");
    const small = session.ask("MEMORY USAGE key:000000000001") as number;
    expect(small).toBeGreaterThan(33);
    expect(small).toBeLessThan(60);
    session.call("SET", "big", "x".repeat(10000));
    expect(session.ask("MEMORY USAGE big")).toBeGreaterThan(10000);
    expect(session.ask("MEMORY USAGE big SAMPLES 0")).toBe(session.ask("MEMORY USAGE big"));
    session.call("EXPIRE key:000000000001 100");
    expect(session.ask("MEMORY USAGE key:000000000001")).toBeGreaterThan(small);
    expect(session.call("MEMORY USAGE no")).toBe("$-1\r\n");
  });

  it("refuses options that do not fit", () => {
    for (const words of ["a SAMPLES", "a SAMPLES -1", "a FOO 1"]) {
      expect(session.call(`MEMORY USAGE ${words}`)).toBe("-ERR syntax error\r\n");
    }
    expect(session.call("MEMORY USAGE a SAMPLES x")).toBe(
      "-ERR value is not an integer or out of range\r\n",
    );
    expect(session.call("MEMORY USAGE")).toContain("wrong number of arguments for 'memory|usage'");
  });

  it("leaves no trace", () => {
    session.call("SET a 1");
    engine.now += 5000;
    session.call("MEMORY USAGE a");
    expect(field("keyspace_hits")).toBe("0");
    expect(session.call("OBJECT IDLETIME a")).toBe(":5\r\n");
  });
});

describe("MEMORY STATS", () => {
  it("is a map with one part per database in use", () => {
    session.call("SET a 1");
    session.call("EXPIRE a 100");
    session.call("SELECT 2");
    session.call("SET a 1");
    session.call("HELLO 3");
    const stats = session.ask("MEMORY STATS") as Map<string, unknown>;
    expect(stats.get("keys.count")).toBe(2);
    expect(stats.get("total.allocated")).toBeGreaterThan(number("used_memory_startup"));
    expect(stats.get("total.allocated")).toBeLessThanOrEqual(number("used_memory"));
    const first = stats.get("db.0") as Map<string, number>;
    expect(first.get("overhead.hashtable.main")).toBe(64);
    expect(first.get("overhead.hashtable.expires")).toBe(16);
    expect((stats.get("db.2") as Map<string, number>).get("overhead.hashtable.expires")).toBe(0);
    expect(stats.has("db.1")).toBe(false);
    expect(stats.get("peak.percentage")).toBeGreaterThan(50);
  });

  it("answers a flat array in RESP2", () => {
    expect(session.ask("MEMORY STATS")).toContain("fragmentation.bytes");
  });
});

describe("MEMORY DOCTOR", () => {
  it("has nothing to say of little data", () => {
    expect(session.ask("MEMORY DOCTOR")).toContain("too little data");
  });

  it("finds a peak", () => {
    session.call("SET", "small", "x".repeat(6 << 20));
    expect(session.ask("MEMORY DOCTOR")).toContain("No problem");
    session.call("SET", "big", "x".repeat(16 << 20));
    session.call("DEL big");
    engine.tick();
    expect(session.ask("MEMORY DOCTOR")).toContain("Peak");
    setFact(Exchange.RESIDENT_BYTES, 1e9);
    expect(session.ask("MEMORY DOCTOR")).toContain("Process");
  });
});

describe("MEMORY PURGE", () => {
  it("answers OK", () => {
    expect(session.call("MEMORY PURGE")).toBe("+OK\r\n");
  });
});

describe("MEMORY MALLOC-STATS", () => {
  it("shows the allocator", () => {
    expect(session.ask("MEMORY MALLOC-STATS")).toContain("data_pages:");
  });
});

describe("MEMORY HELP", () => {
  it("lists the subcommands", () => {
    const lines = session.ask("MEMORY HELP") as string[];
    expect(lines[0]).toBe("MEMORY <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    expect(lines).toContain("USAGE <key> [SAMPLES <count>]");
  });
});

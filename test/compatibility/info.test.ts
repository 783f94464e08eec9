// INFO, field by field: redis-server has none that is not here, and what both count is the same
// after the same work.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LivePair } from "../support/live-pair";
import { hasRedisServer } from "../support/redis-server";

/** Fields of 7.0.15 that are not here, and why. */
const LEFT_OUT: Record<string, string> = {
  atomicvar_api: "nothing is shared between threads",
  gcc_version: "no C compiler was there",
  current_save_keys_processed: "an image consists of pages: see current_fork_perc",
  current_save_keys_total: "an image consists of pages: see current_fork_perc",
};

/**
 * Fields that are not in 7.0.15: since 7.2 or 7.4 (redis.io/commands/info), or Quire's own. Of
 * those of 7.4 the five about the event loop are missing: the loop is the host's.
 */
const LATER = new Set(
  `quire_version quire_runtime listener0 listener1 pubsub_clients watching_clients
  total_watched_keys total_blocking_keys total_blocking_keys_on_nokey allocator_muzzy
  mem_overhead_db_hashtable_rehashing expired_subkeys evicted_scripts
  client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections
  acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel
  `.match(/\S+/g),
);

const SECTIONS = [
  ...["", "default", "all", "everything", "server", "clients", "memory", "persistence", "stats"],
  ...["replication", "cpu", "modules", "commandstats", "errorstats", "latencystats", "cluster"],
  ...["keyspace", "sentinel", "none", "SERVER Keyspace", "stats stats cpu", "none clients"],
  ...["commandstats default", "keyspace server", "all none", "memory persistence replication"],
];

describe.skipIf(!hasRedisServer())("INFO is that of redis-server", () => {
  let pair: LivePair;
  beforeAll(async () => {
    pair = await LivePair.start("--latency-tracking", "yes");
    await pair.begin(1);
    await pair.ask("SET", "a", "1");
    await pair.ask("NONE");
  });
  afterAll(async () => {
    await pair?.stop();
  });

  it.each(SECTIONS)("with the fields of 'INFO %s'", async (sections) => {
    const words = sections === "" ? [] : sections.split(" ");
    const { redis, quire } = await pair.ask("INFO", ...words);
    const expected = shapeOf(redis).filter((name) => !(name in LEFT_OUT));
    expect(shapeOf(quire).filter((name) => !LATER.has(name))).toEqual(expected);
  });

  it("with appendonly", async () => {
    const keeping = await LivePair.startKeeping("--appendonly", "yes");
    try {
      await keeping.begin(0);
      const { redis, quire } = await keeping.ask("INFO", "persistence");
      expect(shapeOf(quire)).toEqual(shapeOf(redis).filter((name) => !(name in LEFT_OUT)));
    } finally {
      await keeping.stop();
    }
  });

  it("leaves out nothing without need", async () => {
    const { redis, quire } = await pair.ask("INFO", "everything");
    const names = { redis: shapeOf(redis), quire: shapeOf(quire) };
    for (const name of Object.keys(LEFT_OUT)) {
      expect(names.redis).toContain(name);
      expect(names.quire).not.toContain(name);
    }
    for (const name of LATER) expect(names.redis).not.toContain(name);
  });
});

/** Headings, names of fields and blank lines, in order; those of commands in that of names. */
function shapeOf(info: unknown): string[] {
  const names = String(info).replace(/^([^#:\r\n]+):.*$/gm, "$1");
  const sorted = names.replace(/(?:^(?:cmdstat|latency_percentiles_usec)_.*\r\n)+/gm, (lines) =>
    (lines.match(/.*\r\n/g) ?? []).sort().join(""),
  );
  return sorted.split("\r\n");
}

/** Steps, see LivePair.send. */
const WORK: Record<string, string[]> = {
  "hits and misses": [
    ...["0 SET a 1; GET a; GET b; EXISTS a b; MGET a b a; STRLEN b; TYPE a; TTL b; HLEN h"],
    ...["0 HGET h f; HSET h f v; HGET h f; HGET h g; HMGET h f g; HEXISTS h f; HSTRLEN h f"],
    ...["0 LPUSH l 1 2; LRANGE l 0 -1; LLEN none; LINDEX l 9; LPOP none; LPOP l; LPOS l 1"],
    ...["0 SADD s m; SISMEMBER s m; SISMEMBER none m; SMEMBERS s; SINTER s none; SUNIONSTORE d s"],
    ...["0 ZADD z 1 a; ZSCORE z a; ZSCORE z b; ZSCORE none b; ZRANGE z 0 -1; ZCARD none"],
    ...["0 SETNX a 1; APPEND a x; GETSET a 2; GETDEL a; INCR n; SETRANGE r 1 x; GETRANGE r 0 1"],
    ...["0 PFADD p 1; PFCOUNT p none; GETBIT a 1; SETBIT b 1 1; BITCOUNT b; SORT l; RANDOMKEY"],
    ...["0 COPY a b2; COPY n n2; RENAME n n3; TOUCH n3 none; DUMP n3; DUMP none; SCAN 0; KEYS *"],
    ...["0 GETEX n3; EXPIRE n3 100; PERSIST n3; EXPIRETIME n3; OBJECT ENCODING n3; DEL n3 none"],
    ...["0 MULTI; GET a; GET none; EXEC; WATCH w; UNWATCH; GEOADD g 1 1 m; GEODIST g m m"],
  ],
  errors: [
    ...["0 NONE; NONE x; GET; GET a b; SET a 1; LPUSH a 1; INCR a; LPOP a; HSET a f v"],
    ...["0 SET x y; INCR x; CONFIG NONE; CONFIG SET maxmemory x; EXEC; DISCARD; MULTI; MULTI"],
    ...["0 NONE; EXEC; WATCH; AUTH a b; SETEX a 0 x; CLIENT KILL x; EXPIRE a x; RESTORE a b"],
    ...["0 RESTORE q 0 garbage; OBJECT ENCODING; DEBUG NONE; MULTI; INCR x; LPOP x; EXEC"],
    ...["0 XNONE; xnone; CLIENT REPLY SKIP; LPOP x; PING; SUBSCRIBE q; MULTI; EXEC"],
  ],
  "expired keys": [
    ...["0 SET a 1 PX 1; SET b 1 PX 1; SET c 1 EX 1000; SET d 1 PXAT 1; SET e 1 EX 10"],
    ...["0 EXPIRE e -1", "0 BLPOP none 0.3", "0< 7", "0 GET a; GET b; DBSIZE; GETEX c PXAT 1"],
  ],
  changes: [
    ...[
      "0 SET a 1; SET a 1; DEL a none; DEL none; INCR n; APPEND n 1; SET b 1; GETDEL b; SETNX n 1",
    ],
    ...["0 LPUSH l 1; LPUSH l 2; LPOP l; LPOP none; LTRIM l 0 -1; SADD s a; SADD s a; SREM s a z"],
    ...["0 HSET h a 1; HDEL h z; HDEL h a; ZADD z 1 a; ZADD z 1 a; ZREM z q; GET b; INCR l"],
    ...["0 EXPIRE n 100; PERSIST n; PERSIST n; RENAME n n2; COPY n2 n3; SETNX n3 1; SELECT 1"],
    ...["0 SET x 1; SELECT 0; MULTI; SET q 1; DEL q; EXEC; SUNIONSTORE d none; SETRANGE v 0 x"],
    ...["0 SETBIT v 1 1; PFADD p; PFADD p; GEOADD g 1 1 m; MOVE q 3; GETEX g EX 1; PUBLISH a b"],
  ],
  "clients in all states": [
    ...["1 SUBSCRIBE a b; PSUBSCRIBE a*; SSUBSCRIBE c", "2 SUBSCRIBE a; PSUBSCRIBE a* b*"],
    ...["3 BLPOP k 0", "4 BLPOP k j 100", "5 CLIENT TRACKING ON REDIRECT @1; GET a; GET b"],
    ...["5 MGET a c", "6 WATCH a b; MULTI; SET x 1"],
    ...["7 CLIENT TRACKING ON BCAST PREFIX a PREFIX b REDIRECT @1", "8 MONITOR"],
    ...["0 SELECT 3; SET a 1; SET b 1 EX 100; SELECT 0; SET c 1; PUBLISH a x"],
  ],
  "clients that are gone": [
    ...["1 SUBSCRIBE a; UNSUBSCRIBE", "2 PSUBSCRIBE a; RESET", "3 BLPOP k 0", "0 RPUSH k 1"],
    ...["4 CLIENT TRACKING ON; CLIENT TRACKING OFF", "5 WATCH a; UNWATCH; BLPOP none 0.01"],
    ...["5< 3", "6 BLPOP k 0", "7 SUBSCRIBE a", "0 CLIENT KILL ID @6; CLIENT KILL ID @7"],
  ],
  "a paused client": [
    ...["1 GET a", "0 CLIENT PAUSE 100000 WRITE", "1 SET a 1", "2 MULTI; INCR a; EXEC"],
  ],
  limits: [
    ...["0 CONFIG SET maxmemory 100mb maxmemory-policy allkeys-lru maxclients 500 timeout 100"],
    ...["0 CONFIG SET maxmemory 0 maxmemory-policy noeviction maxmemory-clients 1gb hz 20"],
  ],
};

/** Fields that must be the same. */
const SAME = [
  ...["connected_clients", "maxclients", "blocked_clients", "tracking_clients"],
  ...["clients_in_timeout_table", "total_connections_received", "rejected_connections"],
  ...["total_commands_processed", "total_net_input_bytes", "expired_keys", "evicted_keys"],
  ...["total_reads_processed", "cluster_connections"],
  ...["evicted_clients", "keyspace_hits", "keyspace_misses", "pubsub_channels", "pubsub_patterns"],
  ...["pubsubshard_channels", "tracking_total_keys", "tracking_total_items"],
  ...["tracking_total_prefixes", "total_error_replies", "unexpected_error_replies"],
  ...["maxmemory", "maxmemory_human", "maxmemory_policy", "hz", "configured_hz"],
  ...["role", "connected_slaves", "cluster_enabled", "loading", "async_loading", "aof_enabled"],
  ...["rdb_bgsave_in_progress", "redis_mode", "tcp_port", "io_threads_active"],
  ...["process_supervised", "rdb_last_bgsave_status", "aof_last_write_status", "uptime_in_days"],
  ...["slave_expires_tracked_keys", "migrate_cached_sockets", "mem_not_counted_for_evict"],
  ...["repl_backlog_active", "second_repl_offset", "master_failover_state"],
];

describe.skipIf(!hasRedisServer())("INFO counts as redis-server does", () => {
  let pair: LivePair;
  beforeAll(async () => {
    pair = await LivePair.start("--latency-tracking", "yes");
  });
  afterAll(async () => {
    await pair?.stop();
  });

  it.each(Object.entries(WORK))("%s", async (name, steps) => {
    await pair.begin(9);
    const before = await changes();
    for (const step of steps) {
      const waited = /^(\d)< (\d+)$/.exec(step);
      if (waited) {
        await pair.awaits(Number(waited[1]), Number(waited[2]), (frame) => frame);
        continue;
      }
      pair.send(step);
      await pair.settle();
    }
    const { redis, quire } = await pair.ask("INFO", "everything");
    expect(countsOf(quire)).toEqual(countsOf(redis));
    // What is sent to others may leave in one write or in two.
    const [wrote = 0, wroteHere = NaN] = [redis, quire].map((text) =>
      numberOf(text, "total_writes_processed"),
    );
    expect(Math.abs(wroteHere - wrote)).toBeLessThan(4);
    if (name !== "changes") return;
    const after = await changes();
    expect(after.quire - before.quire).toBe(after.redis - before.redis);
  });

  /** Redis counts each element that a command adds, Quire commands that have changed something. */
  async function changes(): Promise<Record<"redis" | "quire", number>> {
    const { redis, quire } = await pair.ask("INFO", "persistence");
    const [ofRedis = NaN, ofQuire = NaN] = [redis, quire].map((text) =>
      numberOf(text, "rdb_changes_since_last_save"),
    );
    return { redis: ofRedis, quire: ofQuire };
  }
});

function numberOf(info: unknown, field: string): number {
  return Number(new RegExp(`\n${field}:(\\d+)`).exec(String(info))?.[1]);
}

/**
 * What is compared of the text. There are no percentiles of commands that have never succeeded, and
 * the first part of the time of those that wait is counted at once.
 */
function countsOf(info: unknown): Record<string, string> {
  const counts: Record<string, string> = {};
  for (const line of String(info).split("\r\n")) {
    const [, name = "", value = ""] = /^([^:#]+):(.*)$/.exec(line) ?? [];
    if (SAME.includes(name) || name.startsWith("errorstat_")) counts[name] = value;
    if (name.startsWith("cmdstat_")) counts[name] = value.replace(/usec=.*call=[\d.]+,/, "");
    if (/^db\d/.test(name)) counts[name] = value.replace(/,avg_ttl=.*/, "");
    if (name.startsWith("latency_percentiles_usec_")) counts[name] = value.replace(/=[\d.]+/g, "");
  }
  for (const [name, value] of Object.entries(counts)) {
    const [, calls, failed] = /^calls=(\d+),.*failed_calls=(\d+)/.exec(value) ?? [];
    if (calls === undefined || (calls !== failed && !name.includes("_bl"))) continue;
    delete counts[name.replace("cmdstat_", "latency_percentiles_usec_")];
  }
  return counts;
}

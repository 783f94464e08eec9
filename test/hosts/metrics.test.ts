/** The port for watchers: metrics for Prometheus, health, and what is refused there. */
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { METRIC_NAMES } from "../../hosts/node/metric-names.js";
import { metricsPage } from "../../hosts/node/metrics.js";
import { MetricsServer } from "../../hosts/node/metrics-server.js";
import { type RunningServer, startServer } from "../../hosts/node/server.js";
import { Wire } from "./support.js";

const NO_SLOW = { entries: 0, lastId: 0, lastMicroseconds: 0 };

let server: RunningServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(configuration: Record<string, string | number> = {}) {
  server = await startServer({
    memory: true,
    configuration: { port: "auto", "metrics-port": "auto", ...configuration },
  });
  const wire = await Wire.open({ port: server.port });
  onTestFinished(() => wire.close());
  return { wire, url: `http://127.0.0.1:${server.metricsPort}`, metricsPort: server.metricsPort };
}

/** The samples of a page: "name{labels}" to value. Fails where the page is not well-formed. */
async function samples(url: string): Promise<Map<string, number>> {
  const response = await fetch(`${url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const found = new Map<string, number>();
  const types = new Set<string>();
  for (const line of (await response.text()).trimEnd().split("\n")) {
    const type = /^# TYPE (redis_\w+) (gauge|counter|summary)$/.exec(line);
    if (type !== null) {
      expect(types).not.toContain(type[1]);
      types.add(`${type[1]}`);
      continue;
    }
    const sample = /^(redis_\w+)(\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? (-?[\d.e+-]+)$/.exec(line);
    if (sample === null) throw new Error(`no sample: ${line}`);
    expect(types).toContain(`${sample[1]}`.replace(/(percentiles_usec)_(sum|count)$/, "$1"));
    const name = `${sample[1]}${sample[2] ?? ""}`;
    expect(found.has(name)).toBe(false);
    found.set(name, Number(sample[3]));
  }
  return found;
}

describe("/metrics", () => {
  it("tells what INFO tells, under the names of redis_exporter", async () => {
    const { wire, url } = await start({ databases: 4, maxclients: 500, requirepass: "secret" });
    expect(await wire.ask("AUTH", "secret")).toBe("+OK");
    expect(await wire.ask("SET", "a", "1")).toBe("+OK");
    expect(await wire.ask("SET", "b", "1", "EX", "100")).toBe("+OK");
    expect(await wire.ask("GET", "none")).toBe("$-1");
    expect(await wire.ask("INCR", "a")).toBe(":2");
    expect(await wire.ask("LPUSH", "a", "1")).toMatch(/^-WRONGTYPE/);
    const page = await samples(url);
    expect(page.get("redis_up")).toBe(1);
    expect(page.get("redis_connected_clients")).toBe(1);
    expect(page.get("redis_memory_used_bytes")).toBeGreaterThan(1000);
    expect(page.get("redis_keyspace_misses_total")).toBe(1);
    expect(page.get("redis_rdb_last_bgsave_status")).toBe(1);
    expect(page.get("redis_config_maxclients")).toBe(500);
    expect(page.get('redis_db_keys{db="db0"}')).toBe(2);
    expect(page.get('redis_db_keys_expiring{db="db0"}')).toBe(1);
    expect(page.get('redis_db_keys{db="db3"}')).toBe(0);
    expect(page.has('redis_db_keys{db="db4"}')).toBe(false);
    expect(page.get('redis_commands_total{cmd="set"}')).toBe(2);
    expect(page.get('redis_commands_duration_seconds_total{cmd="set"}')).toBeGreaterThan(0);
    expect(page.get('redis_commands_failed_calls_total{cmd="lpush"}')).toBe(1);
    expect(page.get('redis_errors_total{err="WRONGTYPE"}')).toBe(1);
    expect(page.get('redis_latency_percentiles_usec_count{cmd="set"}')).toBe(2);
    const started = page.get("redis_start_time_seconds") ?? 0;
    expect(Math.abs(Date.now() / 1000 - started)).toBeLessThan(10);
    const instance = [...page.keys()].find((name) => name.startsWith("redis_instance_info{"));
    expect(instance).toContain('role="master"');
  });

  it("knows every field that it names", async () => {
    const { wire } = await start();
    wire.send("INFO", "everything");
    const info = `${await wire.take(Number((await wire.line()).slice(1)))}`;
    const isThere = (field: string) => info.includes(`\n${field}:`);
    const missing = [...METRIC_NAMES.keys()].filter((field) => !isThere(field));
    // Those of the log are there where there is a log.
    expect(missing.filter((field) => !field.startsWith("aof_"))).toEqual([]);
  });

  it("escapes labels and leaves out what is no number", () => {
    const info = 'os:a"b\\c\r\nused_memory:none\r\nerrorstat_X:count=?\r\nmaxmemory:5\r\n';
    const page = metricsPage({ info, parameters: new Map(), nowMs: 0, slow: NO_SLOW, spikes: [] });
    expect(page).toContain('os="a\\"b\\\\c"');
    expect(page).toContain("redis_memory_max_bytes 5\n");
    expect(page).not.toMatch(/memory_used|errors_total|NaN/);
  });

  it("tells of the slow log", () => {
    const slow = { entries: 3, lastId: 7, lastMicroseconds: 1500 };
    const page = metricsPage({ info: "", parameters: new Map(), nowMs: 0, slow, spikes: [] });
    expect(page).toContain("redis_slowlog_length 3\n");
    expect(page).toContain("redis_slowlog_last_id 7\n");
    expect(page).toContain("redis_last_slow_execution_duration_seconds 0.0015\n");
  });
});

/**
 * What the dashboards made for redis_exporter (763 and 11835 of grafana.com, the alerts of its
 * mixin) ask for: the metric with the labels they group by, and its kind.
 */
const ASKED = `
gauge up
gauge uptime_in_seconds
gauge start_time_seconds
gauge instance_info{role,redis_version,redis_mode,os,maxmemory_policy,tcp_port,run_id,process_id}
gauge connected_clients
gauge blocked_clients
gauge tracking_clients
gauge pubsub_channels
gauge pubsub_patterns
gauge memory_used_bytes
gauge memory_used_rss_bytes
gauge memory_used_peak_bytes
gauge memory_used_dataset_bytes
gauge memory_max_bytes
gauge mem_fragmentation_ratio
gauge total_system_memory_bytes
gauge config_maxmemory
gauge config_maxclients
gauge hz
counter commands_processed_total
counter commands_total{cmd}
counter commands_duration_seconds_total{cmd}
counter commands_rejected_calls_total{cmd}
counter commands_failed_calls_total{cmd}
counter errors_total{err}
summary latency_percentiles_usec{cmd,quantile}
counter keyspace_hits_total
counter keyspace_misses_total
counter expired_keys_total
counter evicted_keys_total
counter net_input_bytes_total
counter net_output_bytes_total
counter connections_received_total
counter rejected_connections_total
counter cpu_sys_seconds_total
counter cpu_user_seconds_total
gauge db_keys{db}
gauge db_keys_expiring{db}
gauge db_avg_ttl_seconds{db}
gauge db_keys_with_expiring_items{db}
gauge slowlog_length
gauge slowlog_last_id
gauge last_slow_execution_duration_seconds
gauge latency_spike_last{event_name}
gauge latency_spike_duration_seconds{event_name}
gauge connected_slaves
gauge master_repl_offset
gauge replication_backlog_bytes
gauge rdb_changes_since_last_save
gauge rdb_last_save_timestamp_seconds
gauge rdb_last_bgsave_status
gauge rdb_last_bgsave_duration_sec
gauge rdb_bgsave_in_progress
gauge aof_enabled
gauge aof_last_bgrewrite_status
gauge aof_last_write_status
gauge latest_fork_seconds
gauge loading_dump_file
`;

describe("a dashboard for redis_exporter", () => {
  it.each(ASKED.trim().split("\n"))("finds %s", async (line) => {
    const [, kind, name, labels = ""] = /^(\w+) (\w+)(?:\{(.*)\})?$/.exec(line) ?? [];
    const text = await dashboardPage();
    expect(text).toContain(`# TYPE redis_${name} ${kind}\n`);
    const sample = new RegExp(`^redis_${name}(?:\\{(.*)\\})? \\S+$`, "m").exec(text);
    const found = [...`${sample?.[1] ?? ""}`.matchAll(/(\w+)="/g)].map(([, label]) => label);
    for (const label of labels.split(",").filter((text) => text !== "")) {
      expect(found).toContain(label);
    }
    if (labels === "") expect(found).toEqual([]);
  });

  it("finds the percentiles under the names of INFO", async () => {
    const text = await dashboardPage();
    const quantiles = [...text.matchAll(/usec\{cmd="set",quantile="([^"]*)"\}/g)];
    expect(quantiles.map(([, quantile]) => quantile)).toEqual(["50", "99", "99.9"]);
  });

  let page: string | undefined;

  /** The page of a server that has done a little of everything. */
  async function dashboardPage(): Promise<string> {
    if (page !== undefined) return page;
    const { wire, url } = await start({
      ...{ "latency-monitor-threshold": 1, "slowlog-log-slower-than": 0 },
      ...{ "enable-debug-command": "yes" },
    });
    expect(await wire.ask("SET", "a", "1", "EX", "100")).toBe("+OK");
    expect(await wire.ask("INCR", "a", "x")).toMatch(/^-ERR/);
    expect(await wire.ask("DEBUG", "SLEEP", "0.01")).toBe("+OK");
    page = await (await fetch(`${url}/metrics`)).text();
    return page;
  }
});

describe("/healthz", () => {
  it("answers 200, and the rest of the port refuses what it does not know", async () => {
    const { url, metricsPort } = await start({ requirepass: "secret" });
    const healthy = await fetch(`${url}/healthz`);
    expect([healthy.status, await healthy.text()]).toEqual([200, "ok\n"]);
    const head = await fetch(`${url}/healthz?x=1`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await fetch(`${url}/healthz`, { method: "POST", body: "x" })).status).toBe(405);
    expect((await fetch(`${url}/else`)).status).toBe(404);
    const wire = await Wire.open({ port: metricsPort });
    wire.send("PING");
    expect(await wire.line()).toMatch(/^HTTP\/1\.1 400/);
    await wire.closed;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it.each([
    ["while loading", true, "loading\n"],
    ["after a trap", false, "down\n"],
  ])("answers 503 %s", async (_name, isLoading, text) => {
    const metrics = new MetricsServer({
      isLoading: () => isLoading,
      run: () => {
        throw new Error("trap");
      },
    });
    const listening: Server = createServer({ pauseOnConnect: true }, (socket: Socket) =>
      metrics.take(socket),
    );
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      metrics.close();
      listening.close();
    });
    const url = `http://127.0.0.1:${(listening.address() as { port: number }).port}`;
    const response = await fetch(`${url}/healthz`);
    expect([response.status, await response.text()]).toEqual([503, text]);
    expect([...(await samples(url))]).toEqual([
      ["redis_up", 0],
      ["redis_loading_dump_file", isLoading ? 1 : 0],
    ]);
  });
});

describe("a scrape", () => {
  it("is answered while clients are paused, and nobody sees it", async () => {
    const { url, wire } = await start({ "slowlog-log-slower-than": 0 });
    expect(await wire.ask("SET", "a", "1")).toBe("+OK");
    const watcher = await Wire.open({ port: server?.port ?? 0 });
    expect(await watcher.ask("MONITOR")).toBe("+OK");
    expect(await wire.ask("CLIENT", "PAUSE", "400", "ALL")).toBe("+OK");
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const page = await samples(url);
    expect(page.get("redis_up")).toBe(1);
    expect(page.get("redis_slowlog_length")).toBeGreaterThan(0);
    expect(page.get("redis_last_slow_execution_duration_seconds")).toBeGreaterThan(0);
    expect(await wire.ask("PING")).toBe("+PONG");
    expect(await watcher.line()).toMatch(/"PING"$/);
    watcher.close();
  });
});

describe("metrics-port", () => {
  it("is off by default, and can be moved", async () => {
    const { wire } = await start({ "metrics-port": 0 });
    expect(server?.metricsPort).toBe(0);
    expect(await wire.parameter("metrics-port")).toBe("0");
    const free = await startServer({ memory: true, configuration: { port: "auto" } });
    const { port } = free;
    expect(await wire.ask("CONFIG", "SET", "metrics-port", port)).toBe(
      "-ERR CONFIG SET failed (possibly related to argument 'metrics-port') - " +
        "Unable to listen on this port. Check server logs.",
    );
    expect(await wire.parameter("metrics-port")).toBe("0");
    await free.close();
    expect(await wire.ask("CONFIG", "SET", "metrics-port", port)).toBe("+OK");
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect(await wire.ask("CONFIG", "SET", "metrics-port", 0)).toBe("+OK");
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});

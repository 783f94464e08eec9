/** The page that Prometheus reads, made of the text of INFO. */
import { METRIC_NAMES } from "./metric-names.js";

type Labels = Record<string, string>;
type Kind = "gauge" | "counter" | "summary";

/** The samples of one metric stand together, under one line that says its kind. */
class Page {
  readonly #metrics = new Map<string, { kind: Kind; lines: string[] }>();

  add(name: string, value: number, labels: Labels = {}, kind: Kind = "gauge", ending = ""): void {
    if (!Number.isFinite(value)) return;
    const metric = this.#metrics.get(name) ?? { kind, lines: [] };
    this.#metrics.set(name, metric);
    metric.lines.push(`redis_${name}${ending}${labelText(labels)} ${value}\n`);
  }

  text(): string {
    let text = "";
    for (const [name, { kind, lines }] of this.#metrics) {
      text += `# TYPE redis_${name} ${kind}\n${lines.join("")}`;
    }
    return text;
  }
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** What the page is made of. */
export interface MetricSources {
  /** INFO everything. */
  info: string;
  /** Values of `maxmemory`, `maxclients` and `databases`. */
  parameters: ReadonlyMap<string, string>;
  nowMs: number;
  /** Entries in the slow log, the id of the latest and how long that took. */
  slow: { entries: number; lastId: number; lastMicroseconds: number };
  /** What LATENCY LATEST tells. */
  spikes: { event: string; seconds: number; milliseconds: number }[];
}

/** The page of a server that cannot be asked. */
export function pageWhileDown(isLoading: boolean): string {
  const page = new Page();
  page.add("up", 0);
  page.add("loading_dump_file", isLoading ? 1 : 0);
  return page.text();
}

export function metricsPage(sources: MetricSources): string {
  const page = new Page();
  const fields = readFields(sources.info);
  page.add("up", 1);
  addInstance(page, fields);
  const uptime = Number(fields.get("uptime_in_seconds"));
  page.add("start_time_seconds", Math.floor(sources.nowMs / 1000) - uptime);
  for (const [field, value] of fields) addField(page, field, value);
  for (const [field, value] of fields) addCommand(page, field, value);
  addLatencies(page, fields);
  addDatabases(page, fields, Number(sources.parameters.get("databases") ?? 0));
  for (const name of ["maxmemory", "maxclients"]) {
    page.add(`config_${name}`, Number(sources.parameters.get(name)));
  }
  addSlow(page, sources.slow);
  for (const { event, seconds, milliseconds } of sources.spikes) {
    page.add("latency_spike_last", seconds, { event_name: event });
    page.add("latency_spike_duration_seconds", milliseconds / 1000, { event_name: event });
  }
  return page.text();
}

function readFields(info: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of info.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Names of fields of INFO, all of them labels of one metric. */
const INSTANCE_LABELS = [
  "role",
  "redis_version",
  "redis_build_id",
  "redis_mode",
  "os",
  "maxmemory_policy",
  "tcp_port",
  "run_id",
  "process_id",
  "master_replid",
];

function addInstance(page: Page, fields: Map<string, string>): void {
  const labels = INSTANCE_LABELS.map((name) => [name, fields.get(name) ?? ""] as const);
  page.add("instance_info", 1, Object.fromEntries(labels));
}

function addField(page: Page, field: string, value: string): void {
  const name = METRIC_NAMES.get(field);
  if (name !== undefined) page.add(name.metric, numberIn(value) * name.scale, {}, name.kind);
  const error = /^errorstat_(.*)$/.exec(field);
  if (error === null) return;
  page.add("errors_total", partsOf(value)["count"] ?? NaN, { err: error[1] ?? "" }, "counter");
}

function numberIn(text: string): number {
  if (text === "ok") return 1;
  return text === "err" || text === "fail" ? 0 : Number.parseFloat(text);
}

/** "calls=1,usec=2": by name. */
function partsOf(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [name = "", value = ""] = part.split("=");
      return [name, value === "" ? NaN : Number(value)];
    }),
  );
}

function addCommand(page: Page, field: string, value: string): void {
  if (!field.startsWith("cmdstat_")) return;
  const labels = { cmd: field.slice("cmdstat_".length) };
  const { calls = NaN, usec = NaN, rejected_calls = NaN, failed_calls = NaN } = partsOf(value);
  page.add("commands_total", calls, labels, "counter");
  page.add("commands_duration_seconds_total", usec / 1e6, labels, "counter");
  page.add("commands_rejected_calls_total", rejected_calls, labels, "counter");
  page.add("commands_failed_calls_total", failed_calls, labels, "counter");
}

function addLatencies(page: Page, fields: Map<string, string>): void {
  const name = "latency_percentiles_usec";
  for (const [field, value] of fields) {
    if (!field.startsWith(`${name}_`)) continue;
    const cmd = field.slice(name.length + 1);
    for (const [percent, usec] of Object.entries(partsOf(value))) {
      page.add(name, usec, { cmd, quantile: percent.slice(1) }, "summary");
    }
    const { calls = NaN, usec = NaN } = partsOf(fields.get(`cmdstat_${cmd}`) ?? "");
    page.add(name, usec, { cmd }, "summary", "_sum");
    page.add(name, calls, { cmd }, "summary", "_count");
  }
}

function addDatabases(page: Page, fields: Map<string, string>, count: number): void {
  for (let index = 0; index < count; index++) {
    const db = `db${index}`;
    const { keys = 0, expires = 0, avg_ttl, subexpiry = 0 } = partsOf(fields.get(db) ?? "");
    page.add("db_keys", keys, { db });
    page.add("db_keys_expiring", expires, { db });
    page.add("db_keys_with_expiring_items", subexpiry, { db });
    if (avg_ttl !== undefined) page.add("db_avg_ttl_seconds", avg_ttl / 1000, { db });
  }
}

function addSlow(page: Page, slow: MetricSources["slow"]): void {
  page.add("slowlog_length", slow.entries);
  page.add("slowlog_last_id", slow.lastId);
  page.add("last_slow_execution_duration_seconds", slow.lastMicroseconds / 1e6);
}

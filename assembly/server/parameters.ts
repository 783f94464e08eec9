/**
 * Every configuration parameter: name, older name, default, bounds, and what may be done with it.
 * One row each, as server/configuration.ts registers them; the names, defaults, bounds and choices
 * are those that redis-server answers to CONFIG GET and CONFIG SET (7.0.15, and 7.4 where it added
 * some).
 *
 *   IMMUTABLE  only from file and command line      PROTECTED  only with enable-protected-configs
 *   HOST       the host applies it                  UNUSED     accepted and shown, without effect
 */

import {
  ParameterFlag, ParameterKind, choice, flag, integer, memoryOrPercent, memorySize, options,
  special, text,
} from "./parameter";

// @ts-ignore: decorator
@inline const IMMUTABLE = ParameterFlag.IMMUTABLE;
// @ts-ignore: decorator
@inline const PROTECTED = ParameterFlag.PROTECTED;
// @ts-ignore: decorator
@inline const HOST = ParameterFlag.HOST;
// @ts-ignore: decorator
@inline const UNUSED = ParameterFlag.UNUSED;
// @ts-ignore: decorator
@inline const UNSIGNED = ParameterFlag.UNSIGNED;

function registerFlags(): void {
  flag("activedefrag", "", "no", UNUSED);
  flag("activerehashing", "", "yes", UNUSED);
  flag("always-show-logo", "", "no", IMMUTABLE | UNUSED);
  flag("aof-disable-auto-gc", "", "no", UNUSED);
  flag("aof-load-truncated", "", "yes", HOST);
  flag("aof-rewrite-incremental-fsync", "", "yes", UNUSED);
  flag("aof-timestamp-enabled", "", "no", UNUSED);
  flag("aof-use-rdb-preamble", "", "yes", UNUSED);
  flag("appendonly", "", "no", HOST);
  flag("cluster-allow-pubsubshard-when-down", "", "yes", UNUSED);
  flag("cluster-allow-reads-when-down", "", "no", UNUSED);
  flag("cluster-allow-replica-migration", "", "yes", UNUSED);
  flag("cluster-enabled", "", "no", IMMUTABLE | UNUSED);
  flag("cluster-replica-no-failover", "cluster-slave-no-failover", "no", UNUSED);
  flag("cluster-require-full-coverage", "", "yes", UNUSED);
  flag("crash-log-enabled", "", "yes", UNUSED);
  flag("crash-memcheck-enabled", "", "yes", UNUSED);
  flag("daemonize", "", "no", IMMUTABLE | UNUSED);
  flag("disable-thp", "", "yes", IMMUTABLE | UNUSED);
  flag("dynamic-hz", "", "yes", UNUSED);
  flag("hide-user-data-from-log", "", "no", UNUSED);
  flag("image-compression", "rdbcompression", "no", HOST);
  flag("io-threads-do-reads", "", "no", IMMUTABLE | UNUSED);
  flag("jemalloc-bg-thread", "", "yes", UNUSED);
  flag("latency-tracking", "", "yes", 0);
  flag("lazyfree-lazy-eviction", "", "no", UNUSED);
  flag("lazyfree-lazy-expire", "", "no", UNUSED);
  flag("lazyfree-lazy-server-del", "", "no", UNUSED);
  flag("lazyfree-lazy-user-del", "", "no", UNUSED);
  flag("lazyfree-lazy-user-flush", "", "no", UNUSED);
  flag("no-appendfsync-on-rewrite", "", "no", UNUSED);
  flag("protected-mode", "", "yes", HOST);
  flag("rdb-del-sync-files", "", "no", UNUSED);
  flag("rdb-on-save", "", "no", 0);
  flag("rdb-save-incremental-fsync", "", "yes", UNUSED);
  flag("rdbchecksum", "", "yes", IMMUTABLE | UNUSED);
  flag("repl-disable-tcp-nodelay", "", "no", UNUSED);
  flag("repl-diskless-sync", "", "yes", UNUSED);
  flag("replica-announced", "", "yes", UNUSED);
  flag("replica-ignore-disk-write-errors", "", "no", UNUSED);
  flag("replica-ignore-maxmemory", "slave-ignore-maxmemory", "yes", UNUSED);
  flag("replica-lazy-flush", "slave-lazy-flush", "no", UNUSED);
  flag("replica-read-only", "slave-read-only", "yes", UNUSED);
  flag("replica-serve-stale-data", "slave-serve-stale-data", "yes", UNUSED);
  flag("set-proc-title", "", "yes", IMMUTABLE | UNUSED);
  flag("stop-writes-on-bgsave-error", "", "yes", 0);
  flag("syslog-enabled", "", "no", IMMUTABLE | UNUSED);
  flag("tls-cluster", "", "no", UNUSED);
  flag("tls-prefer-server-ciphers", "", "no", HOST);
  flag("tls-replication", "", "no", UNUSED);
  flag("tls-session-caching", "", "yes", HOST);
}

function registerIntegers(): void {
  integer("acllog-max-len", "", "128", 0, 9223372036854775807, 0);
  integer("active-defrag-cycle-max", "", "25", 1, 99, UNUSED);
  integer("active-defrag-cycle-min", "", "1", 1, 99, UNUSED);
  integer("active-defrag-max-scan-fields", "", "1000", 1, 9223372036854775807, UNUSED);
  integer("active-defrag-threshold-lower", "", "10", 0, 1000, UNUSED);
  integer("active-defrag-threshold-upper", "", "100", 0, 1000, UNUSED);
  integer("active-expire-effort", "", "1", 1, 10, 0);
  integer("auto-aof-rewrite-percentage", "", "100", 0, 2147483647, HOST);
  integer("busy-reply-threshold", "lua-time-limit", "5000", 0, 9223372036854775807, UNUSED);
  integer("cluster-announce-bus-port", "", "0", 0, 65535, UNUSED);
  integer("cluster-announce-port", "", "0", 0, 65535, UNUSED);
  integer("cluster-announce-tls-port", "", "0", 0, 65535, UNUSED);
  integer("cluster-migration-barrier", "", "1", 0, 2147483647, UNUSED);
  integer("cluster-node-timeout", "", "15000", 0, 9223372036854775807, UNUSED);
  integer("cluster-port", "", "0", 0, 65535, IMMUTABLE | UNUSED);
  integer("cluster-replica-validity-factor", "cluster-slave-validity-factor",
    "10", 0, 2147483647, UNUSED);
  integer("databases", "", "16", 1, 2147483647, IMMUTABLE);
  integer("hash-max-listpack-entries", "hash-max-ziplist-entries",
    "512", 0, 9223372036854775807, 0);
  integer("hz", "", "10", 0, 2147483647, 0);
  integer("io-threads", "", "1", 1, 128, IMMUTABLE | UNUSED);
  integer("latency-monitor-threshold", "", "0", 0, 9223372036854775807, 0);
  integer("lfu-decay-time", "", "1", 0, 2147483647, 0);
  integer("lfu-log-factor", "", "10", 0, 2147483647, 0);
  integer("list-compress-depth", "", "0", 0, 2147483647, UNUSED);
  integer("list-max-listpack-size", "list-max-ziplist-size", "-2", -2147483648, 2147483647, 0);
  integer("max-new-connections-per-cycle", "", "10", 1, 1000, UNUSED);
  integer("max-new-tls-connections-per-cycle", "", "1", 1, 1000, UNUSED);
  integer("maxclients", "", "10000", 1, 4294967295, HOST);
  integer("maxmemory-eviction-tenacity", "", "10", 0, 100, UNUSED);
  integer("maxmemory-samples", "", "5", 1, 2147483647, 0);
  integer("metrics-port", "", "0", 0, 65535, HOST);
  integer("min-replicas-max-lag", "min-slaves-max-lag", "10", 0, 2147483647, UNUSED);
  integer("min-replicas-to-write", "min-slaves-to-write", "0", 0, 2147483647, UNUSED);
  integer("port", "", "6379", 0, 65535, HOST);
  integer("repl-backlog-ttl", "", "3600", 0, 9223372036854775807, UNUSED);
  integer("repl-diskless-sync-delay", "", "5", 0, 2147483647, UNUSED);
  integer("repl-diskless-sync-max-replicas", "", "0", 0, 2147483647, UNUSED);
  integer("repl-ping-replica-period", "repl-ping-slave-period", "10", 1, 2147483647, UNUSED);
  integer("repl-timeout", "", "60", 1, 2147483647, UNUSED);
  integer("replica-announce-port", "slave-announce-port", "0", 0, 65535, UNUSED);
  integer("replica-priority", "slave-priority", "100", 0, 2147483647, UNUSED);
  integer("set-max-intset-entries", "", "512", 0, 9223372036854775807, 0);
  integer("set-max-listpack-entries", "", "128", 0, 9223372036854775807, 0);
  integer("shutdown-timeout", "", "10", 0, 2147483647, UNUSED);
  integer("slowlog-log-slower-than", "", "10000", -1, 9223372036854775807, 0);
  integer("slowlog-max-len", "", "128", 0, 9223372036854775807, 0);
  integer("socket-mark-id", "", "0", 0, 4294967295, IMMUTABLE | UNUSED);
  integer("stream-node-max-entries", "", "100", 0, 9223372036854775807, UNUSED);
  integer("tcp-backlog", "", "511", 0, 2147483647, IMMUTABLE);
  integer("tcp-keepalive", "", "300", 0, 2147483647, HOST);
  integer("timeout", "", "0", 0, 2147483647, HOST);
  integer("tls-port", "", "0", 0, 65535, HOST);
  integer("tls-session-cache-size", "", "20480", 0, 2147483647, UNUSED);
  integer("tls-session-cache-timeout", "", "300", 0, 2147483647, HOST);
  integer("tracking-table-max-keys", "", "1000000", 0, 9223372036854775807, 0);
  integer("zset-max-listpack-entries", "zset-max-ziplist-entries",
    "128", 0, 9223372036854775807, 0);
}

function registerSizes(): void {
  memorySize("active-defrag-ignore-bytes", "", "104857600", 1, UNUSED);
  memorySize("auto-aof-rewrite-min-size", "", "67108864", 0, HOST);
  memorySize("client-query-buffer-limit", "", "1073741824", 1048576, 0);
  memorySize("cluster-link-sendbuf-limit", "", "0", 0, UNUSED | UNSIGNED);
  memorySize("hash-max-listpack-value", "hash-max-ziplist-value", "64", 0, 0);
  memorySize("hll-sparse-max-bytes", "", "3000", 0, 0);
  memorySize("maxmemory", "", "0", 0, UNSIGNED);
  memoryOrPercent("maxmemory-clients", "", "0", 0);
  memorySize("proto-max-bulk-len", "", "536870912", 1048576, 0);
  memorySize("repl-backlog-size", "", "1048576", 1, UNUSED);
  memorySize("set-max-listpack-value", "", "64", 0, 0);
  memorySize("stream-node-max-bytes", "", "4096", 0, UNUSED);
  memorySize("zset-max-listpack-value", "zset-max-ziplist-value", "64", 0, 0);
}

function registerChoices(): void {
  choice("acl-pubsub-default", "", "resetchannels", "allchannels resetchannels", 0);
  choice("appendfsync", "", "everysec", "everysec always no", HOST);
  choice("cluster-preferred-endpoint-type", "", "ip", "ip hostname unknown-endpoint", UNUSED);
  choice("enable-debug-command", "", "no", "no yes local", IMMUTABLE);
  choice("enable-module-command", "", "no", "no yes local", IMMUTABLE | UNUSED);
  choice("enable-protected-configs", "", "no", "no yes local", IMMUTABLE);
  choice("loglevel", "", "notice", "debug verbose notice warning", HOST);
  choice("maxmemory-policy", "", "noeviction",
    "volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu \
allkeys-random noeviction", 0);
  choice("oom-score-adj", "", "no", "no yes relative absolute", UNUSED);
  choice("propagation-error-behavior", "", "ignore", "ignore panic panic-on-replicas", UNUSED);
  choice("rdb-version", "", "10", "10 11 12", 0);
  choice("repl-diskless-load", "", "disabled", "disabled on-empty-db swapdb", UNUSED);
  choice("sanitize-dump-payload", "", "no", "no yes clients", 0);
  options("shutdown-on-sigint", "default", "default save nosave now force", 0);
  options("shutdown-on-sigterm", "default", "default save nosave now force", 0);
  choice("supervised", "", "no", "no upstart systemd auto", IMMUTABLE | UNUSED);
  choice("syslog-facility", "", "local0",
    "user local0 local1 local2 local3 local4 local5 local6 local7", IMMUTABLE | UNUSED);
  choice("tls-auth-clients", "", "yes", "no yes optional", HOST);
}

function registerTexts(): void {
  text("aclfile", "", "", IMMUTABLE);
  text("aof_rewrite_cpulist", "", "", IMMUTABLE | UNUSED);
  text("bgsave_cpulist", "", "", IMMUTABLE | UNUSED);
  text("bind-source-addr", "", "", UNUSED);
  text("bio_cpulist", "", "", IMMUTABLE | UNUSED);
  text("cluster-announce-hostname", "", "", UNUSED);
  text("cluster-announce-human-nodename", "", "", UNUSED);
  text("cluster-announce-ip", "", "", UNUSED);
  text("cluster-config-file", "", "nodes.conf", IMMUTABLE | UNUSED);
  text("dir", "", "./data", PROTECTED | HOST);
  text("ignore-warnings", "", "", UNUSED);
  text("locale-collate", "", "", UNUSED);
  text("logfile", "", "", IMMUTABLE);
  text("masterauth", "", "", UNUSED);
  text("masteruser", "", "", UNUSED);
  text("pidfile", "", "", IMMUTABLE | UNUSED);
  text("proc-title-template", "", "{title} {listen-addr} {server-mode}", UNUSED);
  text("replica-announce-ip", "slave-announce-ip", "", UNUSED);
  text("replicaof", "slaveof", "", IMMUTABLE | UNUSED);
  text("requirepass", "", "", 0);
  text("server_cpulist", "", "", IMMUTABLE | UNUSED);
  text("syslog-ident", "", "redis", IMMUTABLE | UNUSED);
  text("tls-ca-cert-dir", "", "", HOST);
  text("tls-ca-cert-file", "", "", HOST);
  text("tls-cert-file", "", "", HOST);
  text("tls-ciphers", "", "", HOST);
  text("tls-ciphersuites", "", "", HOST);
  text("tls-client-cert-file", "", "", UNUSED);
  text("tls-client-key-file", "", "", UNUSED);
  text("tls-client-key-file-pass", "", "", UNUSED);
  text("tls-dh-params-file", "", "", HOST);
  text("tls-key-file", "", "", HOST);
  text("tls-key-file-pass", "", "", HOST);
  text("tls-protocols", "", "", HOST);
  text("unixsocket", "", "", IMMUTABLE);
}

function registerSpecials(): void {
  special("appenddirname", "", "appendonlydir", ParameterKind.FILE_NAME, IMMUTABLE);
  special("appendfilename", "", "appendonly.aof", ParameterKind.FILE_NAME, IMMUTABLE);
  special("bind", "", "* -::*", ParameterKind.WORDS, HOST);
  special("client-output-buffer-limit", "",
    "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    ParameterKind.BUFFER_LIMITS, HOST);
  special("dbfilename", "", "dump.rdb", ParameterKind.FILE_NAME, PROTECTED);
  special("latency-tracking-info-percentiles", "", "50 99 99.9", ParameterKind.PERCENTILES, UNUSED);
  special("notify-keyspace-events", "", "", ParameterKind.EVENT_CLASSES, UNUSED);
  special("oom-score-adj-values", "", "0 200 800", ParameterKind.OOM_SCORES, UNUSED);
  special("save", "", "", ParameterKind.SAVE_POINTS, HOST);
  special("unixsocketperm", "", "0", ParameterKind.OCTAL, IMMUTABLE);
}

/** Registers all of them. */
export function registerParameters(): void {
  registerFlags();
  registerIntegers();
  registerSizes();
  registerChoices();
  registerTexts();
  registerSpecials();
}

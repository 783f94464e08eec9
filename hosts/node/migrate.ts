/**
 * MIGRATE: sends keys to another server as RESTORE commands and removes those that it has taken.
 * Until that is done nothing else runs (the request is made ALONE), as on redis-server: so no key
 * changes in between.
 */
import { connect, type Socket } from "node:net";
import { SessionFlag } from "../../assembly/abi.js";
import { ReplyDecoder } from "../shared/protocol/decoder.js";
import { encodeRequest, type RawReply, ReplyError } from "../shared/protocol/resp.js";
import { Pipeline } from "../shared/rdb/pipeline.js";
import type { Answer, Sessions } from "../shared/sessions.js";

const DEFAULT_TIMEOUT_MS = 1000;
const LONGEST_TIMEOUT_MS = 0x7fffffff;
const KEYS_PER_DUMP = 64;

const CONNECTING = "IOERR error or timeout connecting to the client";
const WRITING = "IOERR error or timeout writing to target instance";
const READING = "IOERR error or timeout reading from target instance";

interface Migration {
  host: string;
  port: number;
  database: string;
  timeoutMs: number;
  copy: boolean;
  replace: boolean;
  /** Words behind AUTH; none without a password. */
  credentials: Uint8Array[];
  keys: Uint8Array[];
}

/** What is sent, and which keys it holds. */
interface Cargo {
  keys: Uint8Array[];
  requests: Uint8Array[];
}

/** What has come back before the connection ended or all was there. */
interface Outcome {
  replies: RawReply[];
  failure: string | undefined;
}

/** Answers a MIGRATE with these words, given in `database`. */
export async function migrate(
  sessions: Sessions,
  words: readonly Uint8Array[],
  database: number,
  nowMs: number,
): Promise<Answer> {
  const migration = readMigration(words);
  const cargo = takeCargo(sessions, migration, database, nowMs);
  if (cargo instanceof ReplyError) return { ok: false, text: cargo.message };
  const outcome = await exchange(migration, cargo);
  return settle(sessions, migration, cargo, outcome, database);
}

/** The engine has checked them already. */
function readMigration(words: readonly Uint8Array[]): Migration {
  const text = words.map((word) => Buffer.from(word).toString("latin1"));
  const timeoutMs = Number(text[5]);
  const migration: Migration = {
    host: text[1] ?? "",
    port: Number.parseInt(text[2] ?? "", 10) || 0,
    database: text[4] ?? "0",
    timeoutMs: timeoutMs > 0 ? Math.min(timeoutMs, LONGEST_TIMEOUT_MS) : DEFAULT_TIMEOUT_MS,
    copy: false,
    replace: false,
    credentials: [],
    keys: words.slice(3, 4),
  };
  for (let index = 6; index < words.length; index++) {
    const option = text[index]?.toLowerCase();
    if (option === "copy") migration.copy = true;
    else if (option === "replace") migration.replace = true;
    else if (option === "auth") migration.credentials = words.slice(index + 1, ++index + 1);
    else if (option === "auth2") {
      migration.credentials = words.slice(index + 1, index + 3);
      index += 2;
    } else if (option === "keys") {
      migration.keys = words.slice(index + 1);
      break;
    }
  }
  return migration;
}

/** The commands for the other server. */
function takeCargo(
  sessions: Sessions,
  migration: Migration,
  database: number,
  nowMs: number,
): Cargo | ReplyError {
  const cargo: Cargo = { keys: [], requests: [] };
  if (migration.credentials.length > 0) {
    cargo.requests.push(encodeRequest(["AUTH", ...migration.credentials]));
  }
  cargo.requests.push(encodeRequest(["SELECT", migration.database]));
  const pipeline = new Pipeline(sessions, SessionFlag.INTERNAL);
  try {
    pipeline.one("SELECT", `${database}`);
    for (let start = 0; start < migration.keys.length; start += KEYS_PER_DUMP) {
      const keys = migration.keys.slice(start, start + KEYS_PER_DUMP);
      const replies = pipeline.run(
        keys.flatMap((key) => [
          ["DUMP", key],
          ["PEXPIRETIME", key],
        ]),
      );
      const error = addKeys(cargo, keys, replies, migration.replace, nowMs);
      if (error !== undefined) return error;
    }
  } finally {
    pipeline.close();
  }
  return cargo;
}

function addKeys(
  cargo: Cargo,
  keys: readonly Uint8Array[],
  replies: readonly RawReply[],
  replace: boolean,
  nowMs: number,
): ReplyError | undefined {
  for (const [index, key] of keys.entries()) {
    const dump = replies[index * 2];
    const expiryMs = Number(replies[index * 2 + 1]);
    if (dump instanceof ReplyError) return dump;
    if (!(dump instanceof Uint8Array)) continue;
    const ttl = expiryMs >= 0 ? Math.max(1, expiryMs - nowMs) : 0;
    const options = replace ? ["REPLACE"] : [];
    cargo.requests.push(encodeRequest(["RESTORE", key, `${ttl}`, dump, ...options]));
    cargo.keys.push(key);
  }
  return undefined;
}

/** Sends all and gathers the replies; every wait ends after the command's timeout. */
function exchange(migration: Migration, cargo: Cargo): Promise<Outcome> {
  const { host, port, timeoutMs } = migration;
  return new Promise((resolve) => {
    const replies: RawReply[] = [];
    let socket: Socket | undefined;
    let phase = CONNECTING;
    const end = (failure: string | undefined) => {
      socket?.destroy();
      resolve({ replies, failure });
    };
    if (port > 65535) return end(CONNECTING);
    const decoder = new ReplyDecoder((reply) => {
      replies.push(reply);
      if (replies.length === cargo.requests.length) end(undefined);
    });
    socket = connect({ host, port, noDelay: true });
    socket.setTimeout(timeoutMs, () => end(phase));
    socket.on("connect", () => {
      phase = WRITING;
      for (const request of cargo.requests) socket?.write(request);
      socket?.write("", () => {
        phase = READING;
      });
    });
    socket.on("data", (bytes) => {
      try {
        decoder.push(bytes);
      } catch {
        end(READING);
      }
    });
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      end(phase === CONNECTING && isRefused(cause.code) ? WRITING : phase);
    });
    socket.on("close", () => end(phase));
  });
}

/** Redis sees a refused connection only when it writes. */
function isRefused(code: string | undefined): boolean {
  return code === "ECONNREFUSED" || code === "ECONNRESET" || code === "EHOSTUNREACH";
}

/** Removes the keys that have arrived; what went wrong with the others is the answer. */
function settle(
  sessions: Sessions,
  { copy, credentials }: Migration,
  { keys }: Cargo,
  { replies, failure }: Outcome,
  database: number,
): Answer {
  const preludeReplies = credentials.length > 0 ? 2 : 1;
  const prelude = replies.slice(0, preludeReplies);
  const results = replies.slice(preludeReplies);
  const refused = [...prelude, ...results].find((reply) => reply instanceof ReplyError);
  const isPreludeFine = !prelude.some((reply) => reply instanceof ReplyError);
  const moved = keys.filter((_, index) => {
    const result = results[index];
    return isPreludeFine && result !== undefined && !(result instanceof ReplyError);
  });
  if (!copy && moved.length > 0) remove(sessions, moved, database);
  if (refused !== undefined) {
    return { ok: false, text: `ERR Target instance replied with error: ${refused.message}` };
  }
  return failure === undefined ? { ok: true } : { ok: false, text: failure };
}

function remove(sessions: Sessions, keys: readonly Uint8Array[], database: number): void {
  sessions.asUnfrozen(() => {
    const pipeline = new Pipeline(sessions);
    try {
      pipeline.run([
        ["SELECT", `${database}`],
        ["DEL", ...keys],
      ]);
    } finally {
      pipeline.close();
    }
  });
}

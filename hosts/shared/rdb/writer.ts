/**
 * Writes the key space as an RDB file: SCAN, and DUMP for each key. Nothing else runs meanwhile, so
 * the file is the data set of one moment.
 */
import { SessionFlag } from "../../../assembly/abi.js";
import { Crc64 } from "../persistence/crc64.js";
import { type RawReply, ReplyError } from "../protocol/resp.js";
import type { Sessions } from "../sessions.js";
import { Opcode } from "./format.js";
import { type Command, Pipeline, parameterOf } from "./pipeline.js";
import { quoteKey } from "./walker.js";

const BATCH_BYTES = 256 * 1024;
const KEYS_PER_SCAN = "256";
const KEYS_PER_DUMP = 32;
/** Version and checksum behind a dumped value. */
const FOOTER_BYTES = 10;
const OLDEST_VERSION = 10;

export interface RdbWriteOptions {
  nowMs: number;
  /** Takes the bytes before it returns; they may be used again. */
  send: (bytes: Uint8Array) => void;
}

export interface RdbWritten {
  keys: number;
  bytes: number;
  version: number;
}

/** Numbers of keys of a database. */
interface DatabaseKeys {
  database: number;
  keys: number;
  expiring: number;
}

/** Writes all databases in the version that `rdb-version` says. */
export function writeRdb(sessions: Sessions, options: RdbWriteOptions): RdbWritten {
  const pipeline = new Pipeline(sessions, SessionFlag.INTERNAL | SessionFlag.REPLAY);
  try {
    return new RdbWriter(pipeline, options).write();
  } finally {
    pipeline.close();
  }
}

class RdbWriter {
  readonly #pipeline: Pipeline;
  readonly #options: RdbWriteOptions;
  readonly #batch = new Uint8Array(BATCH_BYTES);
  readonly #view = new DataView(this.#batch.buffer);
  readonly #sum = new Crc64();
  #used = 0;
  #sent = 0;
  #keys = 0;
  /** What is written of each key's access besides; undefined: nothing. */
  readonly #access: "IDLETIME" | "FREQ" | undefined;

  constructor(pipeline: Pipeline, options: RdbWriteOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
    const policy = parameterOf(pipeline, "maxmemory-policy");
    if (policy.endsWith("lfu")) this.#access = "FREQ";
    else if (policy.endsWith("lru")) this.#access = "IDLETIME";
  }

  write(): RdbWritten {
    const version = Number(parameterOf(this.#pipeline, "rdb-version")) || OLDEST_VERSION;
    this.#raw(new TextEncoder().encode(`REDIS${`${version}`.padStart(4, "0")}`));
    this.#writeAux();
    for (const counts of this.#databases()) this.#writeDatabase(counts);
    this.#byte(Opcode.END);
    this.#flush();
    this.#raw(this.#sum.bytes());
    this.#flush();
    return { keys: this.#keys, bytes: this.#sent, version };
  }

  #writeAux(): void {
    const server = this.#info("server");
    const memory = this.#info("memory");
    const fields = [
      ["redis-ver", field(server, "redis_version")],
      ["redis-bits", "64"],
      ["ctime", `${Math.floor(this.#options.nowMs / 1000)}`],
      ["used-mem", field(memory, "used_memory")],
      ["aof-base", "0"],
    ];
    for (const [name = "", value = ""] of fields) {
      this.#byte(Opcode.AUX);
      this.#string(name);
      this.#string(value);
    }
  }

  #databases(): DatabaseKeys[] {
    const lines = this.#info("keyspace").matchAll(/^db(\d+):keys=(\d+),expires=(\d+)/gm);
    return [...lines].map((line) => {
      const [database = 0, keys = 0, expiring = 0] = line.slice(1).map(Number);
      return { database, keys, expiring };
    });
  }

  #writeDatabase(counts: DatabaseKeys): void {
    const { database, keys, expiring } = counts;
    this.#byte(Opcode.SELECT_DATABASE);
    this.#length(database);
    this.#byte(Opcode.RESIZE_DATABASE);
    this.#length(keys);
    this.#length(expiring);
    this.#one("SELECT", `${database}`);
    let cursor = "0";
    do {
      const reply = this.#one("SCAN", cursor, "COUNT", KEYS_PER_SCAN) as [Uint8Array, Uint8Array[]];
      cursor = new TextDecoder().decode(reply[0]);
      for (let i = 0; i < reply[1].length; i += KEYS_PER_DUMP) {
        this.#writeKeys(reply[1].slice(i, i + KEYS_PER_DUMP), counts);
      }
    } while (cursor !== "0");
  }

  #writeKeys(keys: readonly Uint8Array[], { database, expiring }: DatabaseKeys): void {
    const access = this.#access;
    const commands: Command[] = [];
    for (const key of keys) {
      if (access !== undefined) commands.push(["OBJECT", access, key]);
      if (expiring > 0) commands.push(["PEXPIRETIME", key]);
      commands.push(["DUMP", key]);
    }
    const replies = this.#pipeline.run(commands);
    let at = 0;
    for (const key of keys) {
      const clock = access === undefined ? null : (replies[at++] as RawReply);
      const expiry = expiring > 0 ? (replies[at++] as RawReply) : null;
      const dump = replies[at++];
      if (dump instanceof ReplyError) {
        throw new Error(`key ${quoteKey(key)} of database ${database}: ${dump.message}`);
      }
      if (dump instanceof Uint8Array) this.#writeKey(key, clock, expiry, dump);
    }
  }

  #writeKey(key: Uint8Array, clock: RawReply, expiry: RawReply, dump: Uint8Array): void {
    if (typeof expiry === "bigint" || (typeof expiry === "number" && expiry >= 0)) {
      this.#byte(Opcode.EXPIRY_MS);
      this.#room(8);
      this.#view.setBigInt64(this.#used, BigInt(expiry), true);
      this.#used += 8;
    }
    if (this.#access === "IDLETIME" && typeof clock === "number") {
      this.#byte(Opcode.IDLE);
      this.#length(clock);
    } else if (this.#access === "FREQ" && typeof clock === "number") {
      this.#byte(Opcode.FREQUENCY);
      this.#byte(clock);
    }
    this.#byte(dump[0] as number);
    this.#length(key.length);
    this.#raw(key);
    this.#raw(dump.subarray(1, dump.length - FOOTER_BYTES));
    this.#keys++;
  }

  #info(section: string): string {
    return new TextDecoder().decode(this.#one("INFO", section) as Uint8Array);
  }

  #one(...command: Command): RawReply {
    const reply = this.#pipeline.one(...command);
    if (reply instanceof ReplyError) throw new Error(`${command[0]}: ${reply.message}`);
    return reply;
  }

  #byte(value: number): void {
    this.#room(1);
    this.#batch[this.#used++] = value;
  }

  #length(value: number): void {
    this.#room(9);
    if (value < 64) {
      this.#batch[this.#used++] = value;
    } else if (value < 16384) {
      this.#view.setUint16(this.#used, 0x4000 | value);
      this.#used += 2;
    } else {
      this.#batch[this.#used] = 0x80;
      this.#view.setUint32(this.#used + 1, value);
      this.#used += 5;
    }
  }

  #string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#length(bytes.length);
    this.#raw(bytes);
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.length > BATCH_BYTES) {
      this.#flush();
      this.#send(bytes);
      return;
    }
    this.#room(bytes.length);
    this.#batch.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#used + bytes > BATCH_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#used === 0) return;
    const bytes = this.#batch.subarray(0, this.#used);
    this.#used = 0;
    this.#send(bytes);
  }

  #send(bytes: Uint8Array): void {
    this.#sum.update(bytes);
    this.#sent += bytes.length;
    this.#options.send(bytes);
  }
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1] ?? "";
}

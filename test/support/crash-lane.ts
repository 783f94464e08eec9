/**
 * A server under random writes is killed at random moments and started again: what it finds is a
 * prefix of the history that holds everything it had answered.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReplyDecoder } from "../../hosts/shared/protocol/decoder.js";
import { encodeRequest, type RawReply, ReplyError } from "../../hosts/shared/protocol/resp.js";
import { startProgram } from "../hosts/support.js";
import { Random } from "./random.js";

const CLIENTS = 3;
const KEYS = 20;
const POLICIES = ["always", "everysec", "no"];

/** One block of a client, as one transaction: what it does depends on client and number alone. */
function blockOf(client: number, number: number): string[][] {
  const random = new Random(client * 1_000_003 + number);
  const key = `${client}:${random.below(KEYS)}`;
  const value = `v${number}`.repeat(1 + random.below(30));
  return [
    ["RPUSH", "history", `${client}:${number}`],
    random.of([
      ["SET", `string:${key}`, value],
      ["APPEND", `string:${key}`, `,${number}`],
      ["DEL", `string:${key}`],
      ["SET", `string:${key}`, value, "PX", "100000000"],
    ]),
    random.of([
      ["HSET", `hash:${key}`, `f${random.below(9)}`, value],
      ["ZADD", `scores:${key}`, `${number}`, `m${random.below(9)}`],
      ["SADD", `set:${key}`, `${number % 100}`],
      ["INCRBY", `count:${key}`, `${number}`],
    ]),
  ];
}

/** A connection that counts what was answered. */
class Client {
  answered = 0;
  sent = 0;
  readonly #socket: Socket;
  readonly #waiting: ((reply: RawReply) => void)[] = [];
  readonly closed: Promise<void>;

  constructor(path: string) {
    this.#socket = connect(path);
    const decoder = new ReplyDecoder((reply) => this.#waiting.shift()?.(reply));
    this.#socket.on("data", (bytes) => decoder.push(bytes));
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.#socket.on("close", () => resolve()));
  }

  ask(...words: string[]): Promise<RawReply> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(encodeRequest(words));
    });
  }

  /** Sends blocks of the history from `number` on, a few at a time, until the connection ends. */
  async run(client: number, number: number, random: Random): Promise<void> {
    this.answered = number;
    this.sent = number;
    let isOpen = true;
    void this.closed.then(() => {
      isOpen = false;
    });
    while (isOpen) {
      const few = 1 + random.below(5);
      const replies: Promise<void>[] = [];
      for (let n = 0; n < few; n++) replies.push(this.#sendBlock(client, this.sent++));
      await Promise.race([Promise.all(replies), this.closed]);
    }
  }

  async #sendBlock(client: number, number: number): Promise<void> {
    void this.ask("MULTI");
    for (const words of blockOf(client, number)) void this.ask(...words);
    const reply = await this.ask("EXEC");
    if (reply instanceof ReplyError) throw reply;
    this.answered = number + 1;
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** The whole data set as text, in an order of its own. */
async function dump(client: Client): Promise<string> {
  const keys = (await client.ask("KEYS", "*")) as Uint8Array[];
  const lines: string[] = [];
  for (const key of keys.map(textOf)) {
    if (key === "history") continue;
    const type = key.slice(0, key.indexOf(":"));
    const words = {
      hash: ["HGETALL", key],
      scores: ["ZRANGE", key, "0", "-1", "WITHSCORES"],
      set: ["SMEMBERS", key],
    }[type] ?? ["GET", key];
    const reply = await client.ask(...words);
    const items = Array.isArray(reply) ? reply.map(textOf) : [textOf(reply)];
    if (type === "set" || type === "hash") items.sort();
    const time = (await client.ask("PTTL", key)) as number;
    lines.push(`${key} ${items.join(" ")} ${time > 0 ? "expires" : ""}`);
  }
  return lines.sort().join("\n");
}

function textOf(reply: RawReply): string {
  return reply instanceof Uint8Array ? Buffer.from(reply).toString("latin1") : String(reply);
}

/** One server after another over the same directory. */
export class CrashLane {
  readonly #random: Random;
  readonly #folder = mkdtempSync(join(tmpdir(), "quire-crash-"));
  readonly #model: string;
  /** Blocks of each client that the data set holds. */
  #held = Array.from({ length: CLIENTS }, () => 0);

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#model = join(this.#folder, "model.sock");
  }

  /** Kills as often as `goesOn` says so, and checks after each. */
  async run(goesOn: () => boolean): Promise<void> {
    const options = ["--engine-memory", "64mb", "--save", "", "--port", "0"];
    const model = await startProgram("--memory", ...options, "--unixsocket", this.#model);
    const truth = new Client(this.#model);
    try {
      while (goesOn()) await this.#round(options, truth, true);
      await this.#round(options, truth, false);
    } finally {
      truth.end();
      model.child.kill("SIGKILL");
      await model.exit;
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  /** Starts on what the last round has left, checks it, and kills under load. */
  async #round(options: string[], truth: Client, kills: boolean): Promise<void> {
    const path = join(this.#folder, "server.sock");
    const policy = this.#random.of(POLICIES);
    const data = ["--dir", join(this.#folder, "data"), "--appendfsync", policy];
    const server = await startProgram(...options, ...data, "--unixsocket", path);
    const reader = new Client(path);
    const clients = this.#held.map(() => new Client(path));
    try {
      await this.#check(reader, truth);
      if (!kills) return;
      const load = clients.map((client, index) =>
        client.run(index, this.#held[index] as number, this.#random),
      );
      const choice = this.#random.below(4);
      if (choice === 0) void reader.ask("BGREWRITEAOF");
      if (choice === 1) void reader.ask("BGSAVE");
      await new Promise((resolve) => setTimeout(resolve, this.#random.below(60)));
      server.child.kill("SIGKILL");
      await Promise.all(load);
      this.#promised = clients.map(({ answered }) => answered);
      this.#sent = clients.map(({ sent }) => sent);
    } finally {
      server.child.kill("SIGKILL");
      await server.exit;
      for (const client of [reader, ...clients]) client.end();
    }
  }

  #promised = this.#held;
  #sent = this.#held;

  async #check(reader: Client, truth: Client): Promise<void> {
    const history = ((await reader.ask("LRANGE", "history", "0", "-1")) as RawReply[]).map(textOf);
    const found = this.#held.map(() => 0);
    for (const entry of history) {
      const [client = 0, number] = entry.split(":").map(Number);
      if (number !== found[client]) throw new Error(`block ${entry} comes after ${found[client]}`);
      found[client] = (found[client] as number) + 1;
    }
    for (const [client, blocks] of found.entries()) {
      const least = this.#promised[client] as number;
      const most = this.#sent[client] as number;
      if (blocks < least || blocks > most) {
        throw new Error(`client ${client}: ${blocks} blocks, ${least} answered, ${most} sent`);
      }
    }
    const before = this.#held.reduce((sum, blocks) => sum + blocks, 0);
    for (const entry of history.slice(before)) {
      const [client = 0, number = 0] = entry.split(":").map(Number);
      for (const words of blockOf(client, number)) void truth.ask(...words);
    }
    this.#held = found;
    const [present, wanted] = [await dump(reader), await dump(truth)];
    if (present !== wanted) throw new Error(`found:\n${present}\nwanted:\n${wanted}`);
  }
}

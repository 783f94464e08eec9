/** What `quiredb cli` does with a server: connect and sign in, run commands, print replies. */
import { type RawReply, ReplyError } from "../shared/protocol/resp.js";
import { CliConnection, ConnectionError, type Target } from "./cli-connection.js";
import { formatRaw, formatReply, isAlwaysRaw } from "./cli-format.js";

export interface ClientOptions extends Target {
  user: string | undefined;
  password: string | undefined;
  database: number;
  resp3: boolean;
  raw: boolean;
}

const STREAMING = ["subscribe", "psubscribe", "ssubscribe", "monitor"];

export class CliClient {
  readonly #options: ClientOptions;
  #connection: CliConnection | undefined;
  #database: number;
  #inTransaction = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#database = options.database;
  }

  get isConnected(): boolean {
    return this.#connection !== undefined && !this.#connection.closed;
  }

  /** "127.0.0.1:6379[2](TX)> " */
  prompt(): string {
    if (!this.isConnected) return "not connected> ";
    const { path, host, port } = this.#options;
    const database = this.#database === 0 ? "" : `[${this.#database}]`;
    return `${path ?? `${host}:${port}`}${database}${this.#inTransaction ? "(TX)" : ""}> `;
  }

  /** Runs a command; connects first where needed. Throws a ConnectionError. */
  async request(parts: readonly (string | Uint8Array)[]): Promise<RawReply> {
    return (await this.#connected()).send(parts);
  }

  /** Runs a command given in latin1 and prints its reply; false when that is an error. */
  async runAndPrint(words: readonly string[]): Promise<boolean> {
    try {
      const reply = await this.request(words.map((word) => Buffer.from(word, "latin1")));
      this.#note(words, reply);
      this.#print(reply, words);
      if (STREAMING.includes((words[0] ?? "").toLowerCase()) && !(reply instanceof ReplyError)) {
        await this.#stream();
      }
      return !(reply instanceof ReplyError);
    } catch (cause) {
      if (!(cause instanceof ConnectionError)) throw cause;
      process.stderr.write(`${cause.message}\n`);
      return false;
    }
  }

  close(): void {
    this.#connection?.close();
  }

  async #connected(): Promise<CliConnection> {
    if (this.#connection !== undefined && !this.#connection.closed) return this.#connection;
    const connection = await CliConnection.open(this.#options);
    connection.onPush = (reply) => this.#print(reply, []);
    this.#connection = connection;
    this.#inTransaction = false;
    await this.#signIn(connection);
    return connection;
  }

  async #signIn(connection: CliConnection): Promise<void> {
    const { user, password, resp3 } = this.#options;
    const credentials = user === undefined ? [password ?? ""] : [user, password ?? ""];
    if (password !== undefined) warn("AUTH", await connection.send(["AUTH", ...credentials]));
    if (resp3) warn("HELLO 3", await connection.send(["HELLO", "3"]));
    if (this.#database === 0) return;
    const reply = await connection.send(["SELECT", `${this.#database}`]);
    warn(`SELECT ${this.#database}`, reply);
  }

  /** Follows what a command changes about the connection. */
  #note(words: readonly string[], reply: RawReply): void {
    if (reply instanceof ReplyError) return;
    const name = (words[0] ?? "").toLowerCase();
    if (name === "select") this.#database = Number(words[1]);
    else if (name === "multi") this.#inTransaction = true;
    else if (name === "exec" || name === "discard") this.#inTransaction = false;
    else if (name === "reset") {
      this.#database = 0;
      this.#inTransaction = false;
    }
  }

  /** Prints what comes until the connection ends. */
  async #stream(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined || connection.closed) return;
    await new Promise<void>((resolve) => {
      connection.onClose = resolve;
    });
  }

  #print(reply: RawReply, words: readonly string[]): void {
    const raw = this.#options.raw || isAlwaysRaw(words);
    const text = raw ? Buffer.concat([formatRaw(reply), Buffer.from("\n")]) : formatReply(reply);
    process.stdout.write(text);
  }
}

function warn(what: string, reply: RawReply): void {
  if (reply instanceof ReplyError) process.stderr.write(`${what} failed: ${reply.message}\n`);
}
